//! The installed original's `fail2ban-regex` beside `bantam regex`: many runs in one Python process, since its start
//! takes longer than the rest, and one form for what two runs never have in common (times, process ids).
//!
//! Needs the Debian package `fail2ban` (1.0.2). With `FAIL2BAN_SOURCE=DIR`, a source tree of another version stands in.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The zone of all runs.
pub const ZONE: &str = "Europe/Zurich";

/// Runs the original's command with what version 1.1 changed in the pipeline: groups without part no longer
/// overwrite, an IGNOREREGEX stands in for those of the filter, a pattern in a message is not quoted, addresses of IPv6
/// have another expression, a moment in the journal is the same in summer and winter. Sets are printed in the order of
/// insertion, which Python's own leave to chance.
const ORIGINAL: &str = r#"
import builtins, importlib.abc, importlib.machinery, importlib.util, os, sys
source = os.environ.get('FAIL2BAN_SOURCE')
if source: sys.path.insert(0, source)
class Ordered(dict):
    def add(self, value): self[value] = 1
    def __repr__(self): return '{%s}' % ', '.join(map(repr, self))
builtins.Ordered = Ordered
class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        old = self.get_data(self.path).decode()
        new = old.replace('fail.update(currFail)', 'fail.update((k, v) for k, v in currFail.items() if v is not None)')
        new = new.replace('users = set()', 'users = Ordered()')
        new = new.replace('date pattern `%r`: `%s`', 'date pattern `%s`: `%s`')
        new = new.replace('::?|::){1,7}', '::?|:){1,7}')
        new = new.replace("len(args) == 3 and not self.readRegex(args[2], 'ignore')",
            "len(args) == 3 and (self._filter.delIgnoreRegex() or not self.readRegex(args[2], 'ignore'))")
        new = new.replace('time.mktime(date.timetuple()) + date.microsecond/1.0E6', 'date.timestamp()')
        return compile(new, self.path, 'exec')
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        module = name.split('.')[-1]
        if module in ('filter', 'filtersystemd', 'datedetector', 'ipdns', 'fail2banregex') and name.startswith('fail2ban.'):
            file = path[0] + '/' + module + '.py'
            return importlib.util.spec_from_file_location(name, file, loader=Loader(name, file))
sys.meta_path.insert(0, Finder())
from fail2ban.client.fail2banregex import exec_command_line
from fail2ban.server import filter, ipdns
import io, json, logging, traceback
def run(args):
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    sys.argv = ['fail2ban-regex'] + args
    # Told once in a process: lines that are no text, names without address.
    filter._decode_line_warn.clear()
    ipdns.DNSUtils.CACHE_nameToIp.clear()
    code = 0
    try:
        exec_command_line()
    except SystemExit as end:
        code = end.code
    except BaseException:
        # As the interpreter ends on what nobody caught.
        traceback.print_exc()
        code = 1
    logging.getLogger('fail2ban').handlers.clear()
    return [sys.stdout.getvalue(), sys.stderr.getvalue(), code or 0]
stdout = sys.stdout
results = [run(args) for args in json.load(sys.stdin)]
sys.stdout = stdout
json.dump(results, sys.stdout)
"#;

/// What came of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// The sample logs of the original's own tests.
pub fn sample_logs() -> PathBuf {
    let listed = Command::new("dpkg").args(["-L", "fail2ban"]).output();
    let listed = listed.expect("needs a Debian system with the original: apt-get install fail2ban");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let dir = text.lines().find(|line| line.ends_with("/tests/files/logs"));
    PathBuf::from(dir.expect("needs the original: apt-get install fail2ban"))
}

/// Runs all of them in one process.
pub fn original(runs: &[Vec<String>]) -> Vec<Ran> {
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", ORIGINAL])
        .env("TZ", ZONE)
        .env("LC_ALL", "C.UTF-8")
        // Helps are folded at the width of the terminal.
        .env("COLUMNS", "80")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs Python 3: apt-get install fail2ban");
    let input = serde_json::to_vec(runs).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "needs the original: apt-get install fail2ban");
    let results: Vec<(String, String, i32)> = serde_json::from_slice(&output.stdout).unwrap();
    let ran = |(stdout, stderr, code)| Ran { stdout, stderr, code };
    results.into_iter().map(ran).collect()
}

/// Runs ours, under the original's name.
pub fn ours<A: AsRef<std::ffi::OsStr>>(args: &[A]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
    command.arg0("fail2ban-regex");
    let output = command.args(args).env("TZ", ZONE).output().unwrap();
    Ran {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// One form for what is known to differ.
pub fn normal(text: &str) -> String {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(ZONE).unwrap());
    let today = now.strftime("  %a %b %d ").to_string();
    let mut normal = String::new();
    let mut newer = false;
    for line in text.lines() {
        newer = line.contains("ExYearExMonthExDay") || (newer && line.starts_with("|      # "));
        if newer {
            // This template accepts more since 1.1; unused templates are shown with -v only.
            normal += "|  [?] %ExY%Exm%Exd…";
        } else if line.contains("  date pattern regex for") || line.ends_with(" template(s)") {
            // Told of default templates since 1.1 only.
            continue;
        } else if line.starts_with("[processed in ") {
            normal += "[processed]";
        } else if let Some(rest) = line
            .strip_prefix("Use   failregex filter file :")
            .or_else(|| line.strip_prefix("Use   failregex file :"))
        {
            // Worded differently since 1.1.
            normal += "Use      filter file :";
            normal += rest;
        } else if let Some((before, _)) = line.split_once(&today) {
            // Without any date the present is shown, which goes on between two runs.
            normal += before;
            normal += "  now";
        } else {
            normal += &without_now(&without_origin(line), now.timestamp().as_second() as f64);
        }
        normal.push('\n');
    }
    normal
}

/// Without how the filter was come by: the name of a jail means the jail since 1.1, and the filter before.
pub fn without_source(text: &str) -> String {
    let of_source =
        |line: &&str| line.starts_with("Use") && (line.contains("      jail : ") || line.contains("filter file : "));
    let shown = text.lines().filter(|line| !of_source(line)).map(|line| {
        // The backend is an argument of a jail's filter.
        line.replace("Use jail/flt options", "Use   filter options")
            .replace(", 'backend': 'auto'}", "}")
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn without_now(line: &str, now: f64) -> String {
    let is_now = |word: &&str| (word.parse::<f64>().unwrap_or_default() - now).abs() < 600.0;
    match line
        .split([' ', '\t'])
        .map(|word| word.trim_end_matches(','))
        .find(is_now)
    {
        Some(word) => line.replace(word, "now"),
        None => line.to_owned(),
    }
}

/// A line without what no two runs of Python's logging have in common: time, process, thread.
fn without_origin(line: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let dated = |text: &str| text.starts_with("20") && text.get(10..11) == Some(" ") && text.get(19..20) == Some(",");
    if dated(line)
        && let Some((head, rest)) = line.get(24..).and_then(|line| line.split_once(']'))
        && let Some((name, process)) = head.split_once('[')
        && is_number(process)
    {
        return format!("now {name}[process]{rest}");
    }
    if let Some(inner) = line.strip_prefix(' ')
        && dated(inner)
        && let Some((thread, rest)) = inner.get(24..).and_then(|line| line.split_once(' '))
        && is_number(thread)
    {
        return format!(" now thread {rest}");
    }
    let mut words = line.trim_start().splitn(2, [' ']);
    if line.starts_with(" +")
        && let (Some(_), Some(rest)) = (words.next(), words.next())
        && let Some((thread, rest)) = rest
            .trim_start()
            .split_once(' ')
            .map(|(first, rest)| match is_number(first) {
                true if first.len() <= 8 && rest.split(' ').next().is_some_and(is_number) => {
                    rest.split_once(' ').unwrap_or((first, rest))
                }
                _ => (first, rest),
            })
        && is_number(thread)
    {
        return format!(" +now thread {rest}");
    }
    line.to_owned()
}

/// A file of the repository's own test data.
#[allow(dead_code, reason = "not every test that includes this module has files of its own")]
pub fn data(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path);
    path.to_str().unwrap().to_owned()
}
