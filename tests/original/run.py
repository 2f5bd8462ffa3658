"""Runs the original's programs many times in one process, as if it were the version that Bantam follows.

Reads a JSON list of [program, arguments] from stdin, writes a JSON list of [stdout, stderr, exit code]. With arguments
of its own it is one program of the original's and stays it: `run.py server -xf start`.
"""
import io
import json
import logging
import sys
import traceback

import newer  # noqa: F401
from fail2ban.client import fail2banclient, fail2banregex, fail2banserver
from fail2ban.server import filter, ipdns

PROGRAMS = {
    "regex": lambda args: fail2banregex.exec_command_line(),
    "client": lambda args: fail2banclient.exec_command_line(["fail2ban-client"] + args),
    "server": lambda args: fail2banserver.exec_command_line(["fail2ban-server"] + args),
}


def run(program, args):
    out, errors = sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    sys.argv = ["fail2ban-" + program] + args
    # Closed by the client as it ends.
    out.close = errors.close = lambda: None
    # Told once in a process: lines that are no text, names without address.
    filter._decode_line_warn.clear()
    ipdns.DNSUtils.CACHE_nameToIp.clear()
    code = 0
    try:
        PROGRAMS[program](args)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        # As the interpreter ends on what nobody caught.
        traceback.print_exc()
        code = 1
    logging.getLogger("fail2ban").handlers.clear()
    return [out.getvalue(), errors.getvalue(), code]


if sys.argv[1:]:
    PROGRAMS[sys.argv[1]](sys.argv[2:])
    sys.exit()
stdout = sys.stdout
results = [run(program, args) for program, args in json.load(sys.stdin)]
sys.stdout = stdout
json.dump(results, sys.stdout)
