"""Tells what the original finds in sample lines, with all that is captured.

Reads {"now", "now_text", "subjects": [{"name", "base", "all", "sets": [options], "trials": [[set, text, journal]]}]} as
JSON from standard input and writes for each trial its matches: [expression, id or null, time or null, {name: value}].
Run in the zone of the suite.
"""
import json
import logging
import sys

import newer  # noqa: F401
from fail2ban.client.filterreader import FilterReader
from fail2ban.server.filter import Filter
from fail2ban.server.mytime import MyTime

logging.disable(logging.CRITICAL)


def built(name, base, every, options):
    work = Filter(None)
    work.returnRawHost = work.active = True
    work.checkAllRegex = every
    work.checkFindTime = False
    reader = FilterReader(name, "jail", dict(options), basedir=base)
    reader.read()
    reader.getOptions({})
    for command in reader.convert():
        for value in command[3] if command[0] == "multi-set" else [command[3]]:
            if command[2] == "prefregex":
                work.prefRegex = value
            elif command[2] == "addfailregex":
                work.addFailRegex(value)
            elif command[2] == "addignoreregex":
                work.addIgnoreRegex(value)
            elif command[2] == "maxlines":
                work.setMaxLines(value)
            elif command[2] == "datepattern":
                work.setDatePattern(value)
    return work


def plain(value):
    if isinstance(value, (set, frozenset)):
        return sorted(map(plain, value))
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return None if value is None else str(value)


def match(found):
    index, who, when, fail = found
    known = {name: plain(value) for name, value in fail.items() if value is not None}
    return [index, plain(who), when, known]


def trial(work, text, journal, now, now_text):
    # A journal's date is followed by a blank.
    try:
        found = work.processLine(("", now_text + " ", text), now) if journal else work.processLine(text)
    except Exception as error:
        # A jail says so in its log and goes on with the next line.
        return {"Err": "%s: %s" % (type(error).__name__, error)}
    return {"Ok": [match(one) for one in found]}


def main():
    request = json.load(sys.stdin)
    MyTime.setTime(request["now"])
    answers = []
    for subject in request["subjects"]:
        sets = [built(subject["name"], subject["base"], subject["all"], options) for options in subject["sets"]]
        now = request["now"], request["now_text"]
        answers.append([trial(sets[number], text, journal, *now) for number, text, journal in subject["trials"]])
    json.dump(answers, sys.stdout)


main()
