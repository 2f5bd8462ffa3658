# Drives the classes of the installed original with events from standard input; one line of answers for each.
# The actions' and the observer's threads are replaced by calling what they would call, in their order.
import random, sys
from fail2ban.server.mytime import MyTime
from fail2ban.server.jail import Jail
from fail2ban.server.database import Fail2BanDb
from fail2ban.server.failmanager import FailManager, FailManagerEmpty
from fail2ban.server.banmanager import BanManager
from fail2ban.server.observer import ObserverThread
from fail2ban.server.ticket import FailTicket, BanTicket

random.random = lambda: 0.25

class Anything:
    def __init__(self, **fields):
        self.__dict__.update(fields)

class Driver:
    def __init__(self, words):
        maxretry, findtime, bantime, maxmatches = map(int, words[:4])
        self.db = Fail2BanDb(':memory:')
        self.fails, self.bans = FailManager(), BanManager()
        self.fails.setMaxRetry(maxretry)
        self.fails.setMaxTime(findtime)
        self.fails.maxMatches = maxmatches
        self.bans.setBanTime(bantime)
        self.queue = []
        jail = self.jail = Jail('t', None, self.db)
        jail._Jail__filter = Anything(failManager=self.fails, performBan=self.perform)
        jail._Jail__actions = Anything(getBanTime=self.bans.getBanTime, _prolongBan=lambda ticket: None)
        jail.isAlive = lambda: True
        self.db.addJail(jail)
        for option in words[4:]:
            name, value = option.split('=')
            jail.setBanTimeExtra(name, value.replace('_', ' '))
        self.observer = ObserverThread()
        self.observer.add_timer = lambda *args: None

    def perform(self, fid=None):
        try:
            self.queue.append(self.fails.toBan(fid))
        except FailManagerEmpty:
            pass

    def fail(self, ip, time, line):
        ticket = FailTicket(ip, time, data={'matches': [('', '', line)]})
        if self.fails.addFailure(ticket) >= self.fails.getMaxRetry():
            self.perform(ticket.getID())
        self.observer.failureFound(self.jail, ticket)
        if not self.queue:
            return 'counted %d' % self.fails._FailManager__failList[ticket.getID()].getRetry()
        return self.ban(self.queue.pop())

    def ban(self, ticket):
        ticket = BanTicket.wrap(ticket)
        base, reason = ticket.getBanTime(self.bans.getBanTime()), {}
        if not self.bans.addBanTicket(ticket, reason=reason):
            if 'expired' in reason:
                return 'expired'
            return 'already %.2f' % (ticket.getTime() - reason['ticket'].getTime())
        self.observer.banFound(ticket, self.jail, base)
        return 'ban %.2f %.2f %d %d %s' % (ticket.getTime(), ticket.getBanTime(base), ticket.getBanCount(),
            ticket.getAttempt(), ','.join(ticket.getMatches()))

    def answer(self, words):
        if words[0] == 'fail':
            return self.fail(words[1], float(words[2]), words[3])
        if words[0] == 'ban':
            return self.ban(BanTicket(words[1], MyTime.time()))
        if words[0] == 'unban':
            return 'unbanned %d' % (self.bans.getTicketByID(words[1]) is not None)
        ended = self.bans.unBanList(MyTime.time())
        self.fails.cleanup(MyTime.time())
        return 'ended ' + ','.join(sorted(str(ticket.getID()) for ticket in ended))

driver = None
for line in sys.stdin:
    words = line.split()
    if words[0] == 'new':
        driver = Driver(words[1:])
        print('new')
        continue
    MyTime.setTime(float(words[0]))
    answer = driver.answer(words[1:])
    print(answer, '|', driver.fails.size(), driver.fails.getFailTotal(), driver.bans.getBanTotal(),
        ','.join(map(str, driver.bans.getBanList())), ','.join(map(str, driver.bans.getBanList(True))))
