//! The text of `--help`.

/// The line that shows how the program is called.
pub fn line(program: &str) -> String {
    format!("Usage: {program} [OPTIONS] <LOG> <REGEX> [IGNOREREGEX]")
}

/// All of it.
pub fn help(program: &str) -> String {
    format!("{}\n{TEXT}", line(program))
}

const TEXT: &str = "
Tries expressions, or the filter of a jail, on log lines and shows what they match.

LOG:
  text                  a log line, or several
  file                  path of a log file
  systemd-journal       the journal (not in this version)

REGEX:
  text                  a failregex
  filter                name of a filter, optionally with arguments (sshd[mode=aggressive])
  file                  path of a filter file (filter.d/sshd.conf)

IGNOREREGEX:
  text                  an ignoreregex, instead of those of the filter

Options:
  --version             show the version and end
  -h, --help            show this text and end
  -c DIR, --config=DIR  configuration directory (default: /etc/fail2ban)
  -d PATTERN, --datepattern=PATTERN
                        how dates are written, instead of the filter's datepattern
  --timezone=ZONE, --TZ=ZONE
                        zone of dates that name none
  -e NAME, --encoding=NAME
                        encoding of the file: utf-8 (default), ascii, latin-1
  -r, --raw             take hosts as they stand, resolve no names
  --usedns=MODE         what <HOST> matches: yes, warn, raw: addresses and names; no: addresses only
  -L N, --maxlines=N    lines that an expression may reach over
  -m MATCH, --journalmatch=MATCH
                        match of the journal (not in this version)
  -l LEVEL, --log-level=LEVEL
                        which messages of the filter are shown (default: critical)
  -V                    show the version only and end
  -v, --verbose         tell more; may be repeated
  --verbosity=N         tell so much (0 to 4)
  --verbose-date, --VD  show the date templates with their expressions
  -D, --debuggex        ignored: the site it made links for is gone
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
  --json                print the result as JSON
";
