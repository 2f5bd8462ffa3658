//! What is counted: whole processes, less what the same process takes for its start.
use crate::other_logs::{write_common, write_sshd};
use crate::traffic::{self, Traffic};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the guide's readers run.
const GUIDE: &str = "tests/data/guide";

/// A log and what looks for failures in it.
struct Case {
    name: &'static str,
    filter: String,
    log: PathBuf,
    lines: usize,
    /// More arguments of `regex`.
    words: &'static [&'static str],
}

/// Instructions of each start, and of each step for a thousand lines.
pub fn count_all() -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut counts = BTreeMap::new();
    counts.insert(
        "start: configuration of the guide tested".to_owned(),
        configuration(folder.path()),
    );
    let mut starts: BTreeMap<String, u64> = BTreeMap::new();
    for case in cases(folder.path()) {
        let start = *starts
            .entry(format!("{} {:?}", case.filter, case.words))
            .or_insert_with(|| {
                let count = regex(Path::new("no such line"), &case);
                if case.words.is_empty() {
                    counts.insert(format!("start: regex, {}", short(&case.filter)), count);
                }
                count
            });
        let whole = regex(&case.log, &case);
        let thousand = whole.saturating_sub(start) * 1000 / case.lines as u64;
        counts.insert(format!("1,000 lines: {}", case.name), thousand);
    }
    counts
}

fn short(filter: &str) -> &str {
    let name = filter.rsplit('/').next().unwrap_or(filter);
    name.strip_suffix(".conf").unwrap_or(name)
}

fn cases(folder: &Path) -> Vec<Case> {
    let at = |name: &str| folder.join(name);
    let begin = Timestamp::from_second(1_790_000_000).expect("a moment");
    let traffic = |lines, flood| Traffic {
        lines,
        failing: 60,
        flood,
        clients: None,
        begin,
        span: 60_000,
        seed: 1,
    };
    traffic::write(&at("normal"), &traffic(3_000, false)).expect("write the log");
    traffic::write(&at("flood"), &traffic(1_000, true)).expect("write the log");
    write_common(&at("common"), 3_000, begin).expect("write the log");
    write_sshd(&at("sshd"), 3_000, begin).expect("write the log");
    let guide = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(GUIDE)
        .join("filter.d/traefik-general-forceful-browsing.conf");
    let case = |name, filter: &str, log: &str, lines, words| Case {
        name,
        filter: filter.to_owned(),
        log: at(log),
        lines,
        words,
    };
    let guide = guide.to_string_lossy();
    vec![
        case("guide, normal traffic", &guide, "normal", 3_000, &[]),
        case("guide, normal traffic, -o row", &guide, "normal", 3_000, &["-o", "row"]),
        case("guide, every line matching", &guide, "flood", 1_000, &[]),
        case(
            "guide, every line matching, -o row",
            &guide,
            "flood",
            1_000,
            &["-o", "row"],
        ),
        case("traefik-auth, default dates", "traefik-auth", "common", 3_000, &[]),
        case(
            "sshd (aggressive), syslog dates",
            "sshd[mode=aggressive]",
            "sshd",
            3_000,
            &[],
        ),
    ]
}

fn regex(log: &Path, case: &Case) -> u64 {
    let mut words = vec![
        "regex".to_owned(),
        log.to_string_lossy().into_owned(),
        case.filter.clone(),
    ];
    words.extend(case.words.iter().map(|word| (*word).to_owned()));
    instructions(&words)
}

/// `-t` on the guide's files.
fn configuration(folder: &Path) -> u64 {
    let dir = folder.join("config");
    for kind in ["jail.d", "filter.d", "action.d"] {
        let (from, to) = (
            Path::new(env!("CARGO_MANIFEST_DIR")).join(GUIDE).join(kind),
            dir.join(kind),
        );
        std::fs::create_dir_all(&to).expect("a folder");
        for file in std::fs::read_dir(from).expect("the guide's files").flatten() {
            std::fs::copy(file.path(), to.join(file.file_name())).expect("copy");
        }
    }
    let log = dir.join("access.log");
    std::fs::write(&log, "").expect("the log");
    let jail = dir.join("jail.d/jail.local");
    let text = std::fs::read_to_string(&jail).expect("the guide's jail");
    let text = text.replace("/var/log/traefik/traefik.log", &log.to_string_lossy());
    std::fs::write(&jail, text).expect("the guide's jail");
    std::fs::write(dir.join("jail.conf"), "[DEFAULT]\n").expect("a file");
    std::fs::write(
        dir.join("fail2ban.conf"),
        format!(
            "[Definition]\nloglevel = INFO\nlogtarget = STDOUT\nsyslogsocket = auto\nsocket = {0}/s\npidfile = {0}/p\n\
             dbfile = None\ndbpurgeage = 1d\n",
            dir.display()
        ),
    )
    .expect("a file");
    let words = ["client", "-c", &dir.to_string_lossy(), "-t"].map(str::to_owned);
    instructions(&words)
}

/// The least of three runs: seeds of hash tables differ from run to run.
fn instructions(words: &[String]) -> u64 {
    (0..3).map(|_| run(words)).min().unwrap_or_default()
}

fn run(words: &[String]) -> u64 {
    let mut command = Command::new("/usr/bin/valgrind");
    command.args([
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
        "--smc-check=all-non-file",
    ]);
    command.arg(env!("CARGO_BIN_EXE_bantam")).args(words).env_clear();
    command
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("TZ", "Europe/Berlin");
    let done = command.output().expect("run valgrind");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} failed: {said}");
    said.lines()
        .find_map(|line| line.split_once("I   refs:").or_else(|| line.split_once("I refs:")))
        .and_then(|(_, count)| count.trim().replace(',', "").parse().ok())
        .unwrap_or_else(|| panic!("no count in what valgrind said: {said}"))
}
