"""Runs the original's date detection, for comparison.

`original.py ask LEVEL` reads a JSON array of sessions from standard input and writes one of answers. LEVEL says what
the original is taught of what no version of it does: `plain` nothing, `wide` fractions of up to nine digits, `masked`
also not to look at what clients wrote into an access log.
`original.py recorded` runs its own tests of dates and writes down which sessions they held.
"""
import io
import json
import logging
import os
import re
import sys
import time
import types
import unittest

import newer  # noqa: F401
from fail2ban.server import datedetector, strptime, utils
from fail2ban.server.mytime import MyTime

KEPT = []
ACCESS = re.compile(
    r"^(?:\S+ )?(?:\d+\.\d+\.\d+\.\d+|[0-9a-f:]*:[0-9a-f:]*) - "
    r"(.*?) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [-+]\d{4})\] \"(?=\S)(.*)",
    re.S,
)


def begin(session, level):
    """A detector that remembers nothing of earlier sessions."""
    os.environ["TZ"] = session["zone"]
    time.tzset()
    MyTime.setTime(float(session["lines"][0][0]))
    defaults_only = session["datepattern"] in ("", "{DEFAULT}")
    if defaults_only and KEPT:
        # Building them takes long, and all that they remember is how often they were found.
        datedetector.DateDetector._defCache, datedetector.DD_patternCache = KEPT
        for template in KEPT[0].templates:
            template.hits = 0
    else:
        strptime.timeRE["f"] = "(?P<f>[0-9]{1,%d})" % (6 if level == "plain" else 9)
        datedetector.DateDetector._defCache = datedetector.DateDetectorCache()
        datedetector.DD_patternCache = utils.Utils.Cache(maxCount=1000, maxTime=3600)
        if defaults_only:
            KEPT.extend([datedetector.DateDetector._defCache, datedetector.DD_patternCache])
    datedetector.time = types.SimpleNamespace(time=MyTime.time)
    detector = datedetector.DateDetector()
    if session["logtimezone"] is not None:
        detector.default_tz = session["logtimezone"]
    for line in session["datepattern"].split("\n"):
        if line.strip():
            detector.appendTemplate(line.strip())
    return detector


def masked(line):
    """The line without what its client wrote."""
    access = ACCESS.match(line)
    if not access:
        return line
    hide = lambda text: re.sub(r"[^ ]", "x", text)
    (u0, u1), (r0, r1) = access.span(1), access.span(3)
    return line[:u0] + hide(line[u0:u1]) + line[u1:r0] + "x" + hide(line[r0 + 1 : r1]) + line[r1:]


def ask(detector, line):
    """First and last byte of what is cut out, seconds or why there are none, and the template."""
    found, template = detector.matchTime(line)
    if not found:
        return "undated"
    start, end = max(found.start(1), 0), max(found.end(1), 0)
    text = line[start:end]
    moment = "empty"
    if text:
        try:
            moment = shown(detector.getTime(text, (found, template)))
        except Exception:
            moment = "raises"
    start, end = (len(line[:n].encode("utf-8", "surrogateescape")) for n in (start, end))
    return "%d-%d %s %s" % (start, end, moment, named(template))


def shown(when):
    if when is None:
        return "impossible"
    when = when[0]
    if when * 10**9 >= 2**63:
        return "clipped"
    return "int %d" % when if isinstance(when, int) else "float %.6f" % when


def named(template):
    """The name; for two tokens it depends on the order of a Python set, and so on chance."""
    return template.name.replace("Ex%", "%Ex")


def answer(session, level):
    try:
        detector = begin(session, level)
    except Exception as error:
        return {"refused": "%s: %s" % (type(error).__name__, error), "lines": [], "order": []}
    lines = []
    for now, line in session["lines"]:
        MyTime.setTime(float(now))
        try:
            lines.append(ask(detector, masked(line) if level == "masked" else line))
        except Exception:
            lines.append("raises")
    order = ["%d %s" % (t.hits, named(t)) for t in detector.templates]
    return {"refused": None, "lines": lines, "order": order}


def recorded():
    """The sessions of the package's own test of dates, in the order in which it asked."""
    sessions, seen = [], {}
    cls = datedetector.DateDetector
    add, match, get = cls.appendTemplate, cls.matchTime, cls.getTime
    give_zone = cls.default_tz.fset

    def log(detector):
        if id(detector) not in seen:
            zone = os.environ.get("TZ", "UTC")
            session = {"zone": zone, "logtimezone": None, "patterns": [], "lines": [], "known": True}
            # The detector is kept, so that no other gets its number.
            seen[id(detector)] = (detector, session)
            sessions.append(session)
        return seen[id(detector)][1]

    def append(detector, template):
        session = log(detector)
        add(detector, template)
        if session["lines"]:
            session["known"] = False
        if isinstance(template, str):
            session["patterns"].append(template)
        else:
            session["known"] = False

    def match_time(detector, line):
        log(detector)["lines"].append([int(MyTime.time()), line])
        return match(detector, line)

    def set_zone(detector, value):
        session = log(detector)
        if session["lines"]:
            session = dict(session, lines=[])
            sessions.append(session)
            seen[id(detector)] = (detector, session)
        session["logtimezone"] = value
        give_zone(detector, value)

    cls.appendTemplate, cls.matchTime = append, match_time
    cls.default_tz = property(cls.default_tz.fget, set_zone)
    from fail2ban.tests import utils as test_utils
    from fail2ban.tests import datedetectortestcase
    test_utils.initTests(test_utils.initProcess(options()))
    suite = unittest.defaultTestLoader.loadTestsFromModule(datedetectortestcase)
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)
    if result.testsRun < 10:
        raise SystemExit("the original's tests of dates did not run")
    known = [s for s in sessions if s["known"] and s["lines"]]
    return [{"zone": s["zone"], "logtimezone": s["logtimezone"], "lines": s["lines"],
             "datepattern": "\n".join(s["patterns"])} for s in known]


def options():
    return types.SimpleNamespace(
        log_level=None, log_lazy=True, log_traceback=None, full_traceback=None, verbosity=0, fast=False, no_gamin=True,
        memory_db=True, no_network=True, negate_re=False, ignore_time=None)


def main():
    logging.disable(logging.CRITICAL)
    if sys.argv[1] == "recorded":
        out = recorded()
    else:
        out = [answer(session, sys.argv[2]) for session in json.load(sys.stdin)]
    json.dump(out, sys.stdout)


main()
