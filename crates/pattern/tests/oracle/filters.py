"""Tells what the original makes of each of its filters.

Writes a list of {"name", "lines", "multi", "expressions": [[written, shown | null, error | null]]}: the expressions of
one filter with one set of options, before and after the expansion of tags, and the lines of its sample log, once as
they are and once with the date cut out, all ending in a newline.
"""
import configparser
import json
import os
import sys

import newer
import fail2ban
from fail2ban.client.filterreader import FilterReader
from fail2ban.server.datedetector import DateDetector
from fail2ban.server.failregex import Regex
from fail2ban.server.filter import Filter

LOGS = os.path.join(os.path.dirname(fail2ban.__file__), "tests", "files", "logs")
CONFIG = os.path.join(newer.SOURCE, "config") if newer.SOURCE else "/etc/fail2ban"


def samples(name):
    """Sets of options that the sample log asks for, and its lines."""
    options, lines = [{}], []
    path = os.path.join(LOGS, name)
    if not os.path.exists(path):
        return options, lines
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            if line.startswith("# filterOptions:"):
                found = json.loads(line.split(":", 1)[1])
                for one in found if isinstance(found, list) else [found]:
                    options.append({k: v for k, v in one.items() if not k.startswith("test.")})
            elif not line.startswith("#"):
                lines.append(line.rstrip("\r\n") + "\n")
    return options, lines


def expressions(name, options):
    reader = FilterReader(name, "jail", options, basedir=CONFIG)
    if not reader.read():
        return
    reader.getOptions({})
    for command in reader.convert():
        values = command[3] if command[0] == "multi-set" else [command[3]]
        for value in values:
            yield command[2], value


def describe(name, options, lines):
    found, multi, pattern = [], False, None
    for option, value in expressions(name, options):
        if option in ("prefregex", "addfailregex", "addignoreregex"):
            found.append(value)
        elif option == "maxlines":
            multi = int(value) > 1
        elif option == "datepattern":
            pattern = value
    described = []
    for value in found:
        try:
            described.append([value, Regex(value, multiline=multi).getRegex(), None])
        except Exception as error:
            described.append([value, None, str(error)])
    return {"name": name, "multi": multi, "expressions": described, "lines": lines + without_dates(lines, pattern)}


def without_dates(lines, pattern):
    reader = Filter(None)
    if pattern:
        reader.setDatePattern(pattern)
    cut = []
    for line in lines:
        match, _ = reader.dateDetector.matchTime(line)
        if match:
            start, end = match.span(1)
            cut.append(line[:start] + line[end:])
    return cut


def main():
    described, seen = [], set()
    for file in sorted(os.listdir(os.path.join(CONFIG, "filter.d"))):
        name, extension = os.path.splitext(file)
        if extension != ".conf":
            continue
        options, lines = samples(name)
        options += [{"mode": mode} for mode in ("normal", "ddos", "extra", "aggressive")] + [{"logtype": "journal"}]
        for one in options:
            key = (name, json.dumps(one, sort_keys=True))
            if key in seen:
                continue
            seen.add(key)
            try:
                described.append(describe(name, one, lines))
            except configparser.InterpolationError:
                pass  # a fragment that other filters include
    detector = DateDetector()
    detector.addDefaultTemplate()
    dates = [[template.template.regex] * 2 + [None] for template in detector.templates if getattr(template.template, "regex", None)]
    described.append({"name": "dates", "multi": False, "expressions": dates, "lines": []})
    json.dump(described, sys.stdout)


main()
