//! The text of `--help`.

/// The line that shows how the program is called.
pub fn line(program: &str) -> String {
    format!("Usage: {program} [OPTIONS] <LOG> <REGEX> [IGNOREREGEX]")
}

/// All of it.
pub fn help(program: &str) -> String {
    format!("{}\n{}", line(program), TEXT.replace("{program}", program))
}

const TEXT: &str = "
Tries expressions, or the filter of a jail, on log lines and shows what they match.

LOG:
  text                  a log line, or several
  file                  path of a log file
  systemd-journal       the systemd journal, optionally with what a backend's options are (systemd-journal[journalflags=1])

REGEX:
  text                  a failregex
  jail                  name of a jail, enabled or not, optionally with arguments for its filter (sshd[mode=ddos])
  filter                name of a filter, if no jail is called so (sshd.conf is always the filter), likewise
  file                  path of a filter file (filter.d/sshd.conf, ./my-filter.conf)

IGNOREREGEX:
  text                  an ignoreregex, instead of those of the filter

Options:
  --version             show the version and end
  -h, --help            show this text and end
  -c DIR, --config=DIR  configuration directory (default: /etc/fail2ban)
  -d PATTERN, --datepattern=PATTERN
                        how dates are written, instead of the filter's datepattern ('{NONE}': without dates)
  --timezone=ZONE, --TZ=ZONE
                        zone of dates that name none: UTC, UTC+0200, CET (default: the system's)
  -e NAME, --encoding=NAME
                        encoding of the file: utf-8 (default), ascii, latin-1, cp1252, koi8-r, …
  -r, --raw             take hosts as they stand, resolve no names
  --usedns=MODE         what <HOST> matches: yes, warn, raw: addresses and names; no: addresses only
  -L N, --maxlines=N    lines that an expression may reach over
  -m MATCH, --journalmatch=MATCH
                        which entries of the journal to read, instead of the filter's journalmatch
  -l LEVEL, --log-level=LEVEL
                        which messages of the filter are shown as well: critical (default), error, warning, notice,
                        info, debug, or a number
  -V                    show the version only and end
  -v, --verbose         show also what did not match, and whom each expression named; -vv: the filter's options
  --verbosity=N         tell so much (0 to 4)
  --verbose-date, --VD  show the date templates with their expressions
  -D, --debuggex        show each line as a link to debuggex.com that tries the expression on it
  --no-check-all        end with the first expression that matches a line, as the daemon does
  -o WHAT, --out=WHAT   print only this for each failure: id, ip, msg, row, host, ip4, ip6, dns, user, … or a text
                        with tags such as '<ip> <F-USER>'
  -i, --invert          with -o: print it for the lines that are no failure
  --print-no-missed     print no lines that were missed
  --print-no-ignored    print no lines that were ignored
  --print-all-matched   print all lines that matched
  --print-all-missed    print all lines that were missed, however many
  --print-all-ignored   print all lines that were ignored, however many
  -t, --log-traceback   accepted, without effect
  --full-traceback      accepted, without effect
  --json                print the result as one JSON document; with -o, one for each line (see docs/json.md)
  --explain             explain instead of trying: how each expression is searched, what it costs on this log, what
                        would make it cheaper, whether clients can make it slow or name a victim, why it matches
                        nothing; LOG may be left out (see docs/explain.md)
  --strict              with --explain: exit code 1 if there are warnings

Exit codes: 0 done, whether anything matched or not; 1 warnings (--strict); 2 no such option; 255 (or 1) it could not
be tried.

Examples:
  {program} /var/log/auth.log sshd
  {program} -v /var/log/auth.log 'sshd[mode=aggressive]'
  {program} -o '<ip> <F-USER>' /var/log/auth.log sshd
  {program} --explain /var/log/auth.log sshd
  {program} '2026-01-08 14:19:15 login failed from 192.0.2.7' 'login failed from <HOST>$'
";
