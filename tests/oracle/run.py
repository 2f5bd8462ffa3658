"""Runs the original's programs many times in one process, as if it were the version that Bantam follows.

Reads a JSON list of [program, arguments] from stdin, writes a JSON list of [output, exit code]. With arguments of its
own it is one program of the original's and stays it: `run.py server -xf start`. Where 1.1 changed how a
line or a date is read, the installed 1.0.2 is brought up to it while its modules are loaded. With BANTAM_ORIGINAL=DIR
another version's source tree stands in, which needs none of that.
"""
import builtins, importlib.abc, importlib.util, importlib.machinery, io, json, logging, os, sys, traceback

SOURCE = os.environ.get('BANTAM_ORIGINAL')


class Ordered(dict):
    """A set that is printed in the order of insertion, which Python's own leaves to chance."""
    def add(self, value): self[value] = 1
    def __repr__(self): return '{%s}' % ', '.join(map(repr, self))


builtins.Ordered = Ordered
ORDER = [('users = set()', 'users = Ordered()')]
NEWER = {
    'fail2ban.server.filter': [
        # Groups that took no part no longer overwrite what prefregex found.
        ('fail.update(currFail)', 'fail.update((k, v) for k, v in currFail.items() if v is not None)'),
        # A failure with an id of its own and a connection's is no longer pending.
        ('# if mlfid case (not failure):\n\t\t\t\tif ip is None:',
         '# if mlfid case (not failure):\n\t\t\t\tif fid is None and ip is None:'),
    ],
    'fail2ban.server.datetemplate': [
        # Of a pattern around EPOCH only the part in parentheses is cut out.
        ('regex = "(" + RE_EPOCH_PATTERN.sub(lambda v: "(%s)" % epochRE, pattern) + ")"',
         'regex = RE_EPOCH_PATTERN.sub(lambda v: "(%s)" % epochRE, pattern)\n'
         '\t\t\tif not RE_GROUPED.search(pattern): regex = "(" + regex + ")"'),
        # Flags amid a pattern move to its front, as was meant.
        (r"'((?:^|(?!<\\))\(", r"'((?:^|(?<!\\))\("),
    ],
    'fail2ban.server.datedetector': [
        # The dense date may have a dash before and colons within its time.
        ('%ExY%Exm%Exd(?:T|  ?)%ExH%ExM%ExS', '%ExY%Exm%Exd(?:-|T|  ?)%ExH:?%ExM:?%ExS'),
    ],
    # Addresses of IPv6 may begin with a colon pair that stands alone.
    'fail2ban.server.ipdns': [('::?|::){1,7}', '::?|:){1,7}')],
    'fail2ban.client.configreader': [
        # An argument also replaces the option's forms for one address family.
        ('if opt not in self._initOpts:\n',
         'if opt not in self._initOpts:\n'
         '\t\t\t\t\tfamily = SafeConfigParserWithIncludes.CONDITIONAL_RE.match(opt)\n'
         '\t\t\t\t\tif family: v = pOpts.get(family.group(1), v)\n'),
    ],
    'fail2ban.helpers': [
        # Any white space separates words, and an argument may be meant for one address family.
        ("re.split('[ ,\\n]+', s)", r"re.split(r'[\s,]+', s)"),
        (r"r'\s*([\w\-_\.]+)=", r"r'\s*([\w\-_\.]+(?:\?[\w\-_\.]+=[\w\-_\.]+)?)="),
        (r"(?:[\w\-_\.]+=(?:", r"(?:[\w\-_\.]+(?:\?[\w\-_\.]+=[\w\-_\.]+)?=(?:"),
    ],
    'fail2ban.client.filterreader': [("opt in ('datepattern')", "opt == 'datepattern'")],
}


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        text = self.get_data(self.path).decode()
        for old, new in [] if SOURCE else NEWER[name]:
            if old not in text:
                raise SystemExit('%s is not that of version 1.0.2: %r is missing' % (self.path, old))
            text = text.replace(old, new)
        if name == 'fail2ban.server.filter':
            for old, new in ORDER:
                text = text.replace(old, new)
        return compile(text, self.path, 'exec')


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in NEWER:
            file = '%s/%s.py' % (path[0], name.rpartition('.')[2])
            return importlib.util.spec_from_file_location(name, file, loader=Loader(name, file))


if SOURCE:
    sys.path.insert(0, SOURCE)
sys.meta_path.insert(0, Finder())
from fail2ban.client import fail2banclient, fail2banregex, fail2banserver

PROGRAMS = {
    'regex': lambda args: fail2banregex.exec_command_line(),
    'client': lambda args: fail2banclient.exec_command_line(['fail2ban-client'] + args),
    'server': lambda args: fail2banserver.exec_command_line(['fail2ban-server'] + args),
}


def run(program, args):
    out = io.StringIO()
    sys.stdout, sys.stderr, sys.argv, code = out, io.StringIO(), ['fail2ban-' + program] + args, 0
    # Closed by the client as it ends.
    out.close = sys.stderr.close = lambda: None
    if program == 'regex':
        sys.stderr = out
    try:
        PROGRAMS[program](args)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        # As the interpreter ends on what nobody caught.
        traceback.print_exc()
        code = 1
    logging.getLogger('fail2ban').handlers.clear()
    return [out.getvalue(), code]


if sys.argv[1:]:
    PROGRAMS[sys.argv[1]](sys.argv[2:])
    sys.exit()
stdout = sys.stdout
results = [run(program, args) for program, args in json.load(sys.stdin)]
sys.stdout = stdout
json.dump(results, sys.stdout)
