"""The original, as the version that Bantam follows has it. To be imported before anything else of it.

Debian ships 1.0.2. What later versions changed in how configuration, lines and dates are read is put into its modules
while they are loaded; each change stands in `NEWER` with what it does. With FAIL2BAN_SOURCE=DIR another version's
source tree stands in, which needs none of that.
"""
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

SOURCE = os.environ.get("FAIL2BAN_SOURCE")
# What Bantam says that it speaks, in place of the version's own number.
FOLLOWED = "1.1.1"

NEWER = {
    "fail2ban.server.filter": [
        # Groups that took no part no longer overwrite what prefregex found.
        ("fail.update(currFail)", "fail.update((k, v) for k, v in currFail.items() if v is not None)"),
        # A failure with an id of its own and a connection's is no longer pending.
        ("# if mlfid case (not failure):\n\t\t\t\tif ip is None:",
         "# if mlfid case (not failure):\n\t\t\t\tif fid is None and ip is None:"),
    ],
    "fail2ban.server.filtersystemd": [
        # A moment in the journal is the same in summer and winter.
        ("time.mktime(date.timetuple()) + date.microsecond/1.0E6", "date.timestamp()"),
    ],
    "fail2ban.server.datetemplate": [
        # Of a pattern around EPOCH only the part in parentheses is cut out.
        ('regex = "(" + RE_EPOCH_PATTERN.sub(lambda v: "(%s)" % epochRE, pattern) + ")"',
         'regex = RE_EPOCH_PATTERN.sub(lambda v: "(%s)" % epochRE, pattern)\n'
         '\t\t\tif not RE_GROUPED.search(pattern): regex = "(" + regex + ")"'),
        # Flags amid a pattern move to its front, as was meant; in escaped parentheses they are text.
        (r"'((?:^|(?!<\\))\(", r"'((?:^|(?<!\\))\("),
    ],
    "fail2ban.server.datedetector": [
        # The dense date may have a dash before and colons within its time.
        ("%ExY%Exm%Exd(?:T|  ?)%ExH%ExM%ExS", "%ExY%Exm%Exd(?:-|T|  ?)%ExH:?%ExM:?%ExS"),
        # Each template's expression is told, after its pattern's name, and how many stand for a word in braces.
        ("self.__templates.append(DateDetectorTemplate(template))\n",
         "self.__templates.append(DateDetectorTemplate(template))\n"
         "\t\tlogSys.debug('  date pattern regex for `%s`: `%s`', getattr(template, 'pattern', ''), template.regex)\n"),
        ('self._appendTemplate(template)\n\t\tlogSys.info("  date pattern `%r`: `%s`"',
         'logSys.info("  date pattern `%s`: `%s`"'),
        ('logSys.debug("  date pattern regex for %r: %s",\n\t\t\tgetattr(template, \'pattern\', \'\'), template.regex)',
         'self._appendTemplate(template)'),
        ("ignoreDup = len(self.__templates) > 0\n", "ignoreDup, added = len(self.__templates) > 0, 0\n"),
        ("self._appendTemplate(template, ignoreDup=ignoreDup)\n",
         "self._appendTemplate(template, ignoreDup=ignoreDup)\n\t\t\tadded += 1\n"
         "\t\tkind = ' date pattern for `%r`' % preMatch if preMatch else (filterTemplate and ' filtered' or '') + ' date pattern'\n"
         "\t\tlogSys.info('  default%s: %d template(s)', kind, added)\n"),
    ],
    # Addresses of IPv6 may begin with a single colon, and `::` is one.
    "fail2ban.server.ipdns": [("::?|::){1,7}", "::?|:){1,7}")],
    "fail2ban.client.configreader": [
        # An argument also replaces the option's forms for one address family.
        ("if opt not in self._initOpts:\n",
         "if opt not in self._initOpts:\n"
         "\t\t\t\t\tfamily = SafeConfigParserWithIncludes.CONDITIONAL_RE.match(opt)\n"
         "\t\t\t\t\tif family: v = pOpts.get(family.group(1), v)\n"),
    ],
    "fail2ban.helpers": [
        # Any white space separates words, and an argument may be meant for one address family.
        ("re.split('[ ,\\n]+', s)", r"re.split(r'[\s,]+', s)"),
        (r"r'\s*([\w\-_\.]+)=", r"r'\s*([\w\-_\.]+(?:\?[\w\-_\.]+=[\w\-_\.]+)?)="),
        (r"(?:[\w\-_\.]+=(?:", r"(?:[\w\-_\.]+(?:\?[\w\-_\.]+=[\w\-_\.]+)?=(?:"),
    ],
    # An option is compared with a name, and not looked for within one.
    "fail2ban.client.filterreader": [("opt in ('datepattern')", "opt == 'datepattern'")],
    "fail2ban.client.fail2banregex": [
        # An IGNOREREGEX stands in for those of the filter.
        ("len(args) == 3 and not self.readRegex(args[2], 'ignore')",
         "len(args) == 3 and (self._filter.delIgnoreRegex() or not self.readRegex(args[2], 'ignore'))"),
        # A filter's file is worded otherwise.
        ('filter file : %s, basedir: %s" % (regex,', 'file : %s, basedir: %s" % (\'filter\','),
        ('"Use %11s file : %s" % (regex,', '"Use %11s file : %s" % (\'filter\','),
        # A filter that sets nothing is taken for an expression.
        ('\t\telse:\n\t\t\tself.output( "Use %11s line',
         '\t\tif fltFile is None or not readercommands:\n\t\t\tself.output( "Use %11s line'),
    ],
}


class Ordered(set):
    """A set that is told in the order of insertion, which Python's own leaves to chance."""
    def __init__(self, values=()):
        self.order = []
        for value in values:
            self.add(value)

    def add(self, value):
        if value not in self:
            self.order.append(value)
        super().add(value)

    def __iter__(self): return iter(self.order)
    def __repr__(self): return "{%s}" % ", ".join(map(repr, self.order))


builtins.Ordered = Ordered
# No matter of versions: what makes runs of any version comparable.
ANY = {"fail2ban.server.filter": [("users = set()", "users = Ordered()")]}


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        text = self.get_data(self.path).decode()
        for old, new in ANY.get(name, []) + ([] if SOURCE else NEWER[name]):
            if text.count(old) != 1:
                raise SystemExit("%s: %r stands there %d times and not once; is it version %s?"
                                 % (self.path, old, text.count(old), "of FAIL2BAN_SOURCE" if SOURCE else "1.0.2"))
            text = text.replace(old, new)
        return compile(text, self.path, "exec")


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in NEWER:
            file = "%s/%s.py" % (path[0], name.rpartition(".")[2])
            return importlib.util.spec_from_file_location(name, file, loader=Loader(name, file))


sys.path.insert(0, SOURCE or "/usr/lib/python3/dist-packages")
sys.meta_path.insert(0, Finder())
from fail2ban import version  # noqa: E402

version.version = FOLLOWED
