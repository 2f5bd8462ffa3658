"""Answers with Python's own `re` what each expression finds in each text.

Reads one JSON list of {"p": expression, "m": multi-line, "i": ignore case, "t": [texts]} from standard input and writes
a list of {"error": message} or {"names": [...], "found": [null | [[start, end] | null, ...]]}, offsets in bytes; "slow"
stands for what takes seconds.
"""
import json
import re
import signal
import sys
import warnings

warnings.simplefilter("ignore")


def give_up(*_):
    raise TimeoutError


signal.signal(signal.SIGALRM, give_up)


def search(expression, text):
    signal.alarm(2)
    try:
        return byte_spans(text, expression.search(text))
    except TimeoutError:
        return "slow"
    finally:
        signal.alarm(0)


def byte_spans(text, match):
    if match is None:
        return None
    offset = lambda at: len(text[:at].encode())
    spans = [match.span(group) for group in range(match.re.groups + 1)]
    return [None if start < 0 else [offset(start), offset(end)] for start, end in spans]


def answer(case):
    flags = (re.MULTILINE if case["m"] else 0) | (re.IGNORECASE if case["i"] else 0)
    try:
        expression = re.compile(case["p"], flags)
    except (re.error, OverflowError, RecursionError) as error:
        return {"error": str(error)}
    names = [None] * (expression.groups + 1)
    for name, index in expression.groupindex.items():
        names[index] = name
    return {"names": names, "found": [search(expression, text) for text in case["t"]]}


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
