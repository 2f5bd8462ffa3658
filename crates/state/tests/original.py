# Uses the database class of the installed original on a file: writes what is asked for, prints what it reads.
import json, sys
from fail2ban.server.database import Fail2BanDb
from fail2ban.server.mytime import MyTime
from fail2ban.server.ticket import FailTicket

class Jail:
    def __init__(self, name):
        self.name = name
        self.actions = self
    def getBanTime(self):
        return 600
    def getMaxBanTime(self):
        return -1

class Container:
    def __init__(self, path, md5, pos):
        self.path, self.md5, self.pos = path, md5, pos
    def getFileName(self): return self.path
    def getHash(self): return self.md5
    def getPos(self): return self.pos

def write(db, jail):
    db.addJail(jail)
    db.addLog(jail, Container('/var/log/a.log', 'd41d8cd98f00b204e9800998ecf8427e', 4711))
    for ip, bantime, count, data in (
        ('192.0.2.1', None, 1, {'matches': [('[', '12:00', '] a'), 'b \u20ac "quoted"\n'], 'failures': 7, 'user': 'x', 'users': {'y'}}),
        ('192.0.2.1', 1234.567, 3, {'matches': [['', '', 'c']], 'failures': 2, 'ip': None}),
        ('2001:db8::1', -1, 2, {}),
        ('raw id', 60, 1, {'matches': ['m%d' % i for i in range(30)]}),
    ):
        ticket = FailTicket(ip, 1700000000.6 + 10 * (count == 3), data=data)
        ticket.setBanTime(bantime)
        ticket.setBanCount(count)
        db.addBan(jail, ticket)

def show(ticket):
    data = dict(ticket.getData())
    matches = ticket.getMatches()
    data.pop('matches', None)
    return [str(ticket.getID()), ticket.getTime(), ticket.getBanTime(), ticket.getBanCount(), matches, data]

def read(db, jail):
    bans = [show(t) for t in db.getCurrentBans(jail=jail, fromtime=1700000030)]
    merged = db.getBansMerged(ip='192.0.2.1')
    print(json.dumps({
        'bans': bans,
        'merged': [merged.getAttempt(), merged.getMatches()] if merged else None,
        'history': [list(row) for row in db.getBan('192.0.2.1', jail)],
        'overall': [list(row) for row in db.getBan('192.0.2.1', overalljails=True)],
        'position': db.addLog(jail, Container('/var/log/a.log', 'd41d8cd98f00b204e9800998ecf8427e', 0)),
        'jails': sorted(db.getJailNames(enabled=True)),
    }))

def dump(db, jail):
    tables = {}
    for table in ('fail2banDb', 'jails', 'logs', 'bans', 'bips'):
        columns = [list(row)[1:] for row in db._db.execute('PRAGMA table_info(%s)' % table)]
        indexes = sorted([row[1], row[2]] for row in db._db.execute('PRAGMA index_list(%s)' % table))
        keys = [list(row)[2:] for row in db._db.execute('PRAGMA foreign_key_list(%s)' % table)]
        rows = [[v.decode() if isinstance(v, bytes) else v for v in row]
            for row in db._db.execute('SELECT %s FROM %s ORDER BY 1, 2' % (
                ','.join('CAST(%s AS TEXT)' % c[0] for c in columns), table)
                if len(columns) > 1 else 'SELECT * FROM %s' % table)]
        tables[table] = [columns, indexes, keys, rows]
    print(json.dumps(tables, sort_keys=True))

def purge(db, jail):
    db.purge()

what, file = sys.argv[1:3]
MyTime.setTime(1700000030)
db = Fail2BanDb(file)
{'write': write, 'read': read, 'dump': dump, 'purge': purge}[what](db, Jail('j'))
db.close()
