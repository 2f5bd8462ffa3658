"""Runs the original's date detection over sessions of lines, for comparison.

Reads tab-separated, escaped records from standard input:
  S zone now logtimezone|- wide|- datepattern    begins a session
  L now line                                     a line of it
  E                                              ends it
Answers each L with `start end time kind name` (bytes; `-` where there is none), and each E with the templates'
`hits name`, in their order, closed by a line with a single dot.
"""
import os
import sys
import time
import types

import newer  # noqa: F401
from fail2ban.server import datedetector, strptime, utils
from fail2ban.server.mytime import MyTime

NARROW, WIDE = strptime.timeRE["f"], "(?P<f>[0-9]{1,9})"
ESCAPES = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t", "0": ""}


def plain(text):
    out, chars = [], iter(text)
    for c in chars:
        out.append(ESCAPES[next(chars)] if c == "\\" else c)
    return "".join(out)


def begin(zone, now, logtimezone, wide, pattern):
    """A detector that remembers nothing of earlier sessions."""
    os.environ["TZ"] = zone
    time.tzset()
    MyTime.setTime(float(now))
    strptime.timeRE["f"] = WIDE if wide == "wide" else NARROW
    datedetector.DateDetector._defCache = datedetector.DateDetectorCache()
    datedetector.DD_patternCache = utils.Utils.Cache(maxCount=1000, maxTime=3600)
    datedetector.time = types.SimpleNamespace(time=MyTime.time)
    detector = datedetector.DateDetector()
    if logtimezone != "-":
        detector.default_tz = plain(logtimezone)
    for line in plain(pattern).split("\n"):
        if line.strip():
            detector.appendTemplate(line.strip())
    return detector


def ask(detector, line):
    found, template = detector.matchTime(line)
    if not found:
        return "- - - - -"
    start, end = max(found.start(1), 0), max(found.end(1), 0)
    text = line[start:end]
    when = None
    if text:
        try:
            when = detector.getTime(text, (found, template))
        except Exception:
            pass
    start, end = (len(line[:n].encode()) for n in (start, end))
    moment, kind = "-", "-"
    if when is not None:
        # Ours are clipped to 64 bits of nanoseconds.
        moment = repr(when[0]) if isinstance(when[0], int) else "%.6f" % when[0]
        if when[0] * 10**9 >= 2**63:
            moment = "clipped"
        kind = "int" if isinstance(when[0], int) else "float"
    return "%d %d %s %s %s" % (start, end, moment, kind, shown(template))


def shown(template):
    """The name; for two tokens it depends on the order of a Python set, and so on chance."""
    return template.name.replace("Ex%", "%Ex")


def main():
    detector, broken = None, None
    for record in sys.stdin:
        kind, *rest = record.rstrip("\n").split("\t")
        if kind == "S":
            try:
                detector, broken = begin(*rest), None
            except Exception as error:
                broken = "! %s" % type(error).__name__
        elif kind == "L":
            MyTime.setTime(float(rest[0]))
            try:
                print(broken or ask(detector, plain(rest[1])))
            except Exception as error:
                print("! %s" % type(error).__name__)
        else:
            if not broken:
                for template in detector.templates:
                    print(template.hits, shown(template))
            print(".")
        sys.stdout.flush()


main()
