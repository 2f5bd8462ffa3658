"""Tells what the original makes of stock configuration: jails, actions, filters.

Usage: stock.py jails|actions|filters < REQUEST > ANSWER, both JSON (see the modules that ask). One process answers all
of an area, since starting Python takes longer than answering.
"""
import io
import json
import logging
import os
import sys
from contextlib import redirect_stdout

import newer  # noqa: F401
from fail2ban.client.fail2banclient import Fail2banClient
from fail2ban.client.filterreader import FilterReader
from fail2ban.server import action as actions_module
from fail2ban.server.action import ADD_REPL_TAGS, CallingMap, CommandAction
from fail2ban.server.actions import Actions
from fail2ban.server.failregex import FailRegex, Regex, RegexException
from fail2ban.server.filter import Filter
from fail2ban.server.ipdns import DNSUtils
from fail2ban.server.jail import Jail
from fail2ban.server.ticket import BanTicket

logging.disable(logging.CRITICAL)
OPTIONS = ["action" + what for what in "start stop check repair flush reload ban unban reban prolong".split()]


def jails(request):
    """For each text of jail.local the lines that `fail2ban-client -d` prints."""
    return {name: dumped(request["dir"], text) for name, text in request["locals"].items()}


def dumped(directory, local):
    with open(os.path.join(directory, "jail.local"), "w") as file:
        file.write(local)
    printed = io.StringIO()
    with redirect_stdout(printed):
        Fail2banClient().start(["fail2ban-client", "-c", directory, "-d"])
    return printed.getvalue().splitlines()


def streamed_actions(directory):
    """Properties of each action of each jail, by the original's own reading of the directory."""
    client = Fail2banClient()
    with redirect_stdout(io.StringIO()):
        client.initCmdLine(["fail2ban-client", "-c", directory, "ping"])
    _, stream = client.readConfig()
    found = {}
    for command in stream:
        if command[0] == "multi-set" and command[2] == "action":
            found[command[1] + " " + command[3]] = command[4]
        elif command[0] == "set" and command[2] == "action":
            found[command[1] + " " + command[3]] = [command[4:]]
    return found


def ticket(ip, request):
    one = BanTicket(ip, request["time"], matches=request["matches"])
    one.setBanTime(request["bantime"])
    one.setBanCount(request["bancount"])
    one.setAttempt(request["failures"])
    one.setData(**dict(request["captures"]))
    return one


def values(info):
    """All that a ban's tags stand for, but the captured groups."""
    own = CallingMap(ADD_REPL_TAGS)
    known = {name: str(info[name]) for name in info.data if name not in ("F-*", "raw-ticket")}
    return dict({name: own[name] for name in ADD_REPL_TAGS}, **known)


def as_text(command):
    """A command with its values apart, as they are handed to the shell."""
    return command if isinstance(command, list) else [command]


def actions(request):
    """Commands of each action per family, after substitution; and the values that were substituted."""
    DNSUtils.ipToName = staticmethod(lambda ip: None)
    actions_module.allowed_ipv6 = lambda: True
    ran = []
    CommandAction.executeCmd = staticmethod(lambda command, timeout=60, **_: ran.append(as_text(command)) or True)
    jail = Jail("conformance", "polling")
    infos = {family: Actions.ActionInfo(ticket(ip, request), jail) for family, ip in request["ips"].items()}
    answer = {"commands": {}, "properties": {}}
    answer["values"] = {family: values(info) for family, info in infos.items()}
    answer["values"][""] = values(jail.actions._getActionInfo(None))
    for name, properties in streamed_actions(request["dir"]).items():
        answer["properties"][name] = sorted(key for key, _ in properties)
        for family in infos:
            answer["commands"]["%s %s" % (name, family)] = commands(jail, name, properties, family, infos[family], ran)
    return answer


def commands(jail, name, properties, family, info, ran):
    action = CommandAction(jail, name)
    for key, value in properties:
        setattr(action, key, value)
    conditional = "" if family == "raw" else family
    found = {}
    for option in OPTIONS:
        del ran[:]
        if not getattr(action, option, None):
            # A file that only others include has no commands; its tags are left as they stand.
            ran.append([""])
        elif option in ("actionstart", "actionstop", "actionflush", "actionreload"):
            action._executeOperation("<%s>" % option, option, family=[conditional])
        elif option in ("actioncheck", "actionrepair"):
            ran.append([action._getOperation("<%s>" % option, conditional)])
        else:
            action._processCmd("<%s>" % option, info)
        found[option] = list(ran[0])
    return found


def filters(request):
    """The stream of each filter with each set of options, and its expressions with their tags expanded."""
    return [described(request["dir"], name, options) for name, options in request["filters"]]


def described(directory, name, options):
    reader = FilterReader(name, "fail2ban-regex-jail", dict(options), basedir=directory)
    try:
        reader.read()
        reader.applyAutoOptions("auto")
        reader.getOptions({})
        stream = reader.convert()
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}
    found = {"stream": [repr(command) for command in stream], "expanded": [], "templates": None}
    work, prefix = Filter(None), None
    for command in stream:
        option, given = command[2], command[3] if command[0] == "multi-set" else [command[3]]
        for value in given:
            if option == "maxlines":
                work.setMaxLines(value)
            elif option == "datepattern":
                work.setDatePattern(value)
                found["templates"] = [shown(template) for template in work.dateDetector.templates]
            elif option in ("prefregex", "addfailregex", "addignoreregex"):
                try:
                    if option == "addfailregex":
                        one = FailRegex(value, prefRegex=prefix, multiline=work.getMaxLines() > 1)
                    else:
                        one = Regex(value)
                except RegexException as error:
                    found["expanded"].append(["refused " + option, str(error)])
                    continue
                if option == "prefregex":
                    prefix = one
                found["expanded"].append([option, one.getRegex()])
    return found


def shown(template):
    return template.name.replace("Ex%", "%Ex")


json.dump(globals()[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
