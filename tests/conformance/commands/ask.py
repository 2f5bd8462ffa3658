"""The original's client, all commands in one process: its start-up takes longer than most commands.

Reads the socket's folder and the commands, writes what each printed and whether it went well, all as JSON.
"""
import io, json, os, signal, sys
signal.alarm(300)  # a server of the original's can lock itself up
from fail2ban.client import fail2banclient
from fail2ban.client.fail2bancmdline import logSys


class Utf8(io.StringIO):
    encoding = "utf-8"


folder, commands = json.load(sys.stdin)
os.chdir(folder)
outcomes, real = [], (sys.stdout, sys.stderr)
for command in commands:
    sys.stdout, sys.stderr = out, err = Utf8(), Utf8()
    program = ["fail2ban-client", "-c", folder, "-s", folder + "/sock", "-p", folder + "/pid"]
    try:
        success = bool(fail2banclient.Fail2banClient().start(program + command))
    except SystemExit as end:
        success = end.code in (None, 0)
    for handler in list(logSys.handlers):
        logSys.removeHandler(handler)
    sys.stdout, sys.stderr = real
    outcomes.append([out.getvalue(), err.getvalue(), success])
json.dump(outcomes, sys.stdout)
