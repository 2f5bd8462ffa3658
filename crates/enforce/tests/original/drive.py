"""Drives the installed Fail2ban's CommandAction, so that the tests can compare with it.

Usage: drive.py static|dynamic < CASES   or   drive.py cycle FILE
Fields are separated by tabs; in the first two modes each is in hex.
"""
import logging
import os
import sys

sys.path.insert(0, "/usr/lib/python3/dist-packages")
from fail2ban.server import action as original  # noqa: E402
from fail2ban.server.action import CommandAction  # noqa: E402

logging.disable(logging.CRITICAL)
original.allowed_ipv6 = lambda: True


def unhex(text):
    return bytes.fromhex(text).decode()


def tohex(text):
    return text.encode().hex()


def pairs(fields):
    return dict(zip(map(unhex, fields[::2]), map(unhex, fields[1::2])))


def static(line):
    family, query, *rest = line.split("\t")
    condition = "family=" + unhex(family) if family else ""
    try:
        return tohex(CommandAction.replaceTag(unhex(query), pairs(rest), conditional=condition))
    except ValueError:
        return "error"


def dynamic(line):
    query, *rest = line.split("\t")
    values = pairs(rest)
    groups = {name[4:]: values.pop(name) for name in list(values) if name.startswith("(F)-")}
    result = CommandAction.replaceDynamicTags(unhex(query), dict(values, **{"F-*": groups}))
    parts = result if isinstance(result, list) else [result]
    return "\t".join(map(tohex, parts))


class Cycle:
    def __init__(self):
        self.action = CommandAction(None, "x")

    def prop(self, name, value):
        if name in ("actionstart_on_demand", "actionrepair_on_unban"):
            value = value == "true"
        setattr(self.action, name, value)

    def flag(self, path, on):
        if on == "on":
            open(path, "w").close()
        elif os.path.exists(path):
            os.unlink(path)

    def call(self, method, family="", ip=""):
        # Once executed, the original never runs a flush or reload again that both families share. That is not
        # compared: its memory of them is cleared.
        for tag in ("<actionflush>", "<actionreload>"):
            self.action._substCache.pop(("__eOpCmd", tag), None)
        call = getattr(self.action, {"check": "consistencyCheck"}.get(method, method))
        info = {"ip": ip, "family": None if family == "None" else family, "F-*": {}}
        try:
            if method == "prolong" and not self.action._prolongable:
                return "ok"
            result = call(info) if family else call()
            return "ok" if result in (None, True, 1) else "not well"
        except RuntimeError as error:
            return str(error) if family and "start" not in str(error) else "error"
        except ValueError:
            return "error"


def cycle(path):
    state = log = None
    for line in open(path).read().splitlines():
        verb, *fields = line.split("\t")
        if verb == "case":
            state, log = Cycle(), fields[0]
        elif verb == "prop":
            state.prop(*fields)
        elif verb == "flag":
            state.flag(*fields)
        else:
            with open(log, "a") as out:
                out.write("== %s\n" % " ".join([verb] + fields))
            result = state.call(verb, *fields)
            with open(log, "a") as out:
                out.write("-> %s\n" % result)


if sys.argv[1] == "cycle":
    cycle(sys.argv[2])
else:
    for case in sys.stdin.read().splitlines():
        print(globals()[sys.argv[1]](case))
