//! The same tags and the same life cycle through the installed original and through ours.
//!
//! Needs the Debian package `fail2ban`: `apt-get install fail2ban`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_detect::Family;
use bantam_enforce::{Action, Definition, Resolved, TagSource, substitute};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }
}

fn driver(mode: &str) -> Command {
    assert!(
        Path::new("/usr/lib/python3/dist-packages/fail2ban").exists(),
        "this test compares with the original: apt-get install fail2ban"
    );
    let mut command = Command::new("/usr/bin/python3");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/original/drive.py");
    command.args(["-B", script, mode]);
    command
}

/// Feeds cases to the original, one per line, and gives its answers.
fn ask(mode: &str, cases: &[Vec<&str>]) -> Vec<String> {
    let hex = |field: &&str| -> String {
        field.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    };
    let mut input = tempfile::tempfile().unwrap();
    for case in cases {
        let fields: Vec<String> = case.iter().map(hex).collect();
        writeln!(input, "{}", fields.join("\t")).unwrap();
    }
    std::io::Seek::rewind(&mut input).unwrap();
    let output = driver(mode).stdin(Stdio::from(input)).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let answers: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(answers.len(), cases.len(), "{stderr}");
    answers
}

fn unhex(hex: &str) -> String {
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    String::from_utf8(bytes).unwrap()
}

struct Values(BTreeMap<String, String>);

impl TagSource for Values {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        let key = match name.strip_prefix("F-") {
            Some("ID") => "(F)-fid".to_owned(),
            Some("PORT") => "(F)-fport".to_owned(),
            Some(group) => format!("(F)-{}", group.to_lowercase()),
            None => name.to_owned(),
        };
        self.0.get(&key).map(|value| Cow::Borrowed(value.as_str()))
    }
}

const VALUES: [&str; 22] = [
    "192.0.2.1",
    "2001:db8::1",
    "",
    "plain words here",
    "it's",
    "\"quoted\"",
    "a;b",
    "$(x)",
    "`x`",
    "<ip>",
    "<F-USER>",
    "<br>",
    "line\nline",
    "cr\rcr",
    "tab\there",
    "ümläut",
    "!bang %percent ,comma",
    "a=b:c@d/e+f-g_h.i",
    "back\\slash",
    "{a}[b](c)^d~e*f?g|h&i#j",
    "\u{202e}bidi\u{1}\u{7f}",
    "inet4",
];

#[test]
fn dynamic_tags_come_out_as_in_the_original() {
    const NAMES: [&str; 10] = [
        "ip",
        "ip-host",
        "jail.name",
        "matches",
        "family",
        "(F)-user",
        "(F)-fid",
        "(F)-fport",
        "(F)-alt_user",
        "(F)-a-b",
    ];
    const PIECES: [&str; 30] = [
        "<ip>",
        "<ip-host>",
        "<jail.name>",
        "<matches>",
        "<family>",
        "<F-USER>",
        "<F-ID>",
        "<F-PORT>",
        "<F-ALT_USER>",
        "<F-A-B>",
        "<F-NONE>",
        "<F-user>",
        "<F->",
        "<unknown>",
        "<br>",
        "<sp>",
        "<",
        ">",
        "<>",
        "< ip>",
        "<ip",
        "<<ip>>",
        "<F-<family>>",
        " ",
        "'<ip>'",
        "\"<matches>\"",
        "\n",
        "ü",
        "$x",
        "<ip>?<ip>",
    ];
    let mut dice = Dice(1);
    let mut cases = Vec::new();
    for _ in 0..4000 {
        let text: String = (0..1 + dice.below(8)).map(|_| *dice.one(&PIECES)).collect();
        let mut values = BTreeMap::new();
        for name in NAMES {
            if dice.below(4) > 0 {
                values.insert(name.to_owned(), (*dice.one(&VALUES)).to_owned());
            }
        }
        cases.push((text, values));
    }
    let fields: Vec<Vec<&str>> = cases
        .iter()
        .map(|(text, values)| {
            let pairs = values.iter().flat_map(|(name, value)| [name.as_str(), value]);
            std::iter::once(text.as_str()).chain(pairs).collect()
        })
        .collect();
    let mut with_arguments = 0;
    for (answer, (text, values)) in ask("dynamic", &fields).iter().zip(&cases) {
        let mut expected: Vec<String> = answer.split('\t').map(unhex).collect();
        let arguments = expected.split_off(1);
        let command = substitute(text, &Values(values.clone()));
        assert_eq!(command.text, expected[0], "of {text:?} with {values:?}");
        assert_eq!(command.arguments, arguments, "of {text:?} with {values:?}");
        with_arguments += usize::from(!arguments.is_empty());
    }
    assert!(with_arguments > 1000, "only {with_arguments} cases had values to quote");
}

/// Properties named by single letters. `forward`: a value refers to later letters only, so that all of them resolve.
fn properties(dice: &mut Dice, forward: bool) -> BTreeMap<String, String> {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "matches"];
    let mut properties = BTreeMap::new();
    for (place, name) in NAMES.iter().enumerate() {
        for name in [(*name).to_owned(), format!("{name}?family=inet6")] {
            // The original doubles a family's property that comes to itself until the memory is full.
            let chance = match name.contains('?') {
                true if forward => 3,
                true => 0,
                false => 8,
            };
            if dice.below(10) >= chance {
                continue;
            }
            let tags = match forward {
                true => dice.below(4),
                false => dice.below(2),
            };
            let mut value = (*dice.one(&["", "x", "-j <", "y>", ";", "'q' "])).to_owned();
            for _ in 0..tags {
                let later = &NAMES[if forward { place + 1 } else { 0 }..];
                let tag = match dice.below(6) {
                    0 => "<ip>".to_owned(),
                    1 => "<br>".to_owned(),
                    2 => "<n<h>>".to_owned(),
                    _ if later.is_empty() => "<unknown>".to_owned(),
                    _ => format!("<{}>", dice.one(later)),
                };
                value.push_str(&tag);
                value.push_str(dice.one::<&str>(&["", " ", "/", "ü"]));
            }
            properties.insert(name, value);
        }
    }
    properties.insert("h".to_owned(), "x".to_owned());
    properties.insert("nx".to_owned(), "composed".to_owned());
    properties
}

#[test]
fn properties_resolve_as_in_the_original() {
    let mut dice = Dice(2);
    let mut cases = Vec::new();
    for number in 0..4000 {
        let family = *dice.one(&["", "inet4", "inet6"]);
        let query = *dice.one(&["<a>", "<b> <c>", "x<d><unknown> <br>", "<n<h>>", "<matches>", "no"]);
        cases.push((family, query, properties(&mut dice, number % 4 > 0)));
    }
    let fields: Vec<Vec<&str>> = cases
        .iter()
        .map(|(family, query, properties)| {
            let pairs = properties.iter().flat_map(|(name, value)| [name.as_str(), value]);
            [*family, *query].into_iter().chain(pairs).collect()
        })
        .collect();
    let mut errors = 0;
    for (answer, (family, query, properties)) in ask("static", &fields).iter().zip(&cases) {
        let ours = if query.contains('<') {
            Resolved::new(properties, family).and_then(|resolved| resolved.expand(query))
        } else {
            Ok((*query).to_owned())
        };
        let expected = (answer != "error").then(|| unhex(answer));
        assert_eq!(ours.ok(), expected, "of {query:?} for {family:?} with {properties:?}");
        errors += usize::from(answer == "error");
    }
    assert!(errors > 100, "only {errors} cases led to themselves");
    assert!(errors < 1500, "{errors} cases led to themselves");
}

/// A script of one action's life: properties, then what is asked of it.
fn life(dice: &mut Dice, dir: &Path) -> Vec<String> {
    let log = dir.join("log").display().to_string();
    let dir = dir.display();
    let mut lines = vec![format!("case\t{log}")];
    let mut property = |name: &str, value: &str| lines.push(format!("prop\t{name}\t{value}"));
    let run = |name: &str| format!("echo \"{name} <which> <family> <ip>\" >> {log}; test ! -e {dir}/{name}-fails");
    let by_family = dice.yes();
    property("which", "four");
    if by_family {
        property(dice.one::<&str>(&["which?family=inet6", "other?family=inet6"]), "six");
    }
    let start = format!("echo \"start <which>\" >> {log}; test ! -e {dir}/start-fails && rm -f {dir}/broken");
    property("actionstart", &start);
    property(
        "actionstop",
        &format!("echo \"stop <which>\" >> {log}; test ! -e {dir}/stop-fails"),
    );
    property("actionban", &format!("{} && test ! -e {dir}/broken", run("ban")));
    property("actionunban", &run("unban"));
    if dice.yes() {
        property("actionreban", &run("reban"));
    }
    if dice.yes() {
        property("actionprolong", &run("prolong"));
    }
    if dice.yes() {
        property(
            "actionflush",
            &format!("echo \"flush <which>\" >> {log}; test ! -e {dir}/flush-fails"),
        );
    }
    if dice.yes() {
        property("actionreload", &format!("echo \"reload <which> <family>\" >> {log}"));
    }
    if dice.below(4) > 0 {
        property(
            "actioncheck",
            &format!("echo \"check <which>\" >> {log}; test ! -e {dir}/broken"),
        );
    }
    if dice.yes() {
        let repair = format!("echo \"repair <which>\" >> {log}; test ! -e {dir}/repair-fails && rm -f {dir}/broken");
        property("actionrepair", &repair);
    }
    for flag in ["actionstart_on_demand", "actionrepair_on_unban"] {
        if dice.below(3) == 0 {
            property(flag, dice.one::<&str>(&["true", "false"]));
        }
    }
    lines.push("start".to_owned());
    for _ in 0..12 {
        lines.push(step(dice, &dir.to_string()));
    }
    lines.push("stop".to_owned());
    lines
}

fn step(dice: &mut Dice, dir: &str) -> String {
    const FAILING: [&str; 8] = [
        "broken",
        "broken",
        "ban-fails",
        "unban-fails",
        "start-fails",
        "stop-fails",
        "flush-fails",
        "repair-fails",
    ];
    let family = *dice.one(&[
        "inet4\t192.0.2.1",
        "inet6\t2001:db8::1",
        "inet4\t192.0.2.2",
        "None\traw",
    ]);
    match dice.below(16) {
        0..=4 => format!("ban\t{family}"),
        5..=6 => format!("unban\t{family}"),
        7 => format!("reban\t{family}"),
        8 => format!("prolong\t{family}"),
        9 => "flush".to_owned(),
        10 => "check".to_owned(),
        11 => "reload".to_owned(),
        12 if dice.below(3) == 0 => "stop".to_owned(),
        12 => format!("prop\tfree\t{}", dice.below(100)),
        13 => format!("flag\t{dir}/{}\toff", dice.one(&FAILING)),
        _ => format!("flag\t{dir}/{}\ton", dice.one(&FAILING)),
    }
}

/// Our action driven by the same script as the original's.
fn drive_ours(script: &[String]) {
    let properties: Vec<Vec<&str>> = script
        .iter()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .take_while(|fields| fields[0] != "start")
        .filter(|fields| fields[0] == "prop")
        .collect();
    let definition = Definition::new(properties.iter().map(|fields| (fields[1], fields[2])));
    let shared = bantam_enforce::SharedDefinition::new(definition.unwrap());
    let mut action = Action::shared("j", "x".into(), shared.clone(), Default::default());
    let log = script[0].split('\t').nth(1).unwrap();
    for line in &script[1 + properties.len()..] {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[0] {
            "prop" => shared.set(fields[1], fields[2]).unwrap(),
            "flag" if fields[2] == "on" => std::fs::write(fields[1], "").unwrap(),
            "flag" => drop(std::fs::remove_file(fields[1])),
            _ => {
                note(log, &format!("== {}", fields.join(" ")));
                note(log, &format!("-> {}", call(&mut action, &fields)));
            }
        }
    }
}

fn call(action: &mut Action, fields: &[&str]) -> String {
    let family = match fields.get(1) {
        Some(&"inet4") => Some(Family::Inet4),
        Some(&"inet6") => Some(Family::Inet6),
        _ => None,
    };
    let mut values = BTreeMap::new();
    if let [_, family, ip] = fields {
        values.insert("family".to_owned(), (*family).to_owned());
        values.insert("ip".to_owned(), (*ip).to_owned());
    }
    let values = Values(values);
    let result = match fields[0] {
        "start" => action.start(),
        "stop" => action.stop(),
        "flush" => action.flush(),
        "reload" => action.reload(),
        "ban" => action.ban(family, &values),
        "reban" => action.reban(family, &values),
        "unban" => action.unban(family, &values),
        "prolong" => action.prolong(family, &values),
        "check" => match action.check(true) {
            Ok(true) => Ok(()),
            Ok(false) => return "not well".to_owned(),
            Err(error) => Err(error),
        },
        other => panic!("no such step: {other}"),
    };
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) if fields.len() > 1 && !error.message.contains("start") => error.message,
        Err(_) => "error".to_owned(),
    }
}

fn note(log: &str, line: &str) {
    let mut file = std::fs::File::options().create(true).append(true).open(log).unwrap();
    writeln!(file, "{line}").unwrap();
}

#[test]
fn an_action_runs_the_same_commands_as_the_originals_all_its_life() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = String::new();
    let mut ours = Vec::new();
    for number in 0..60 {
        let [theirs, own] = ["theirs", "ours"].map(|side| {
            let dir = dir.path().join(format!("{side}-{number}"));
            std::fs::create_dir(&dir).unwrap();
            dir
        });
        let script = life(&mut Dice(100 + number), &theirs);
        all.push_str(&script.join("\n"));
        all.push('\n');
        drive_ours(&life(&mut Dice(100 + number), &own));
        ours.push((theirs, own, script));
    }
    let file = dir.path().join("scripts");
    std::fs::write(&file, all).unwrap();
    let output = driver("cycle").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut commands = 0;
    for (theirs, own, script) in ours {
        let [theirs, own] = [theirs, own].map(|dir| std::fs::read_to_string(dir.join("log")).unwrap());
        assert_eq!(own, theirs, "ours left, theirs right, by:\n{}", script.join("\n"));
        commands += own.lines().filter(|line| !line.starts_with(['=', '-'])).count();
    }
    assert!(commands > 500, "only {commands} commands ran");
}
