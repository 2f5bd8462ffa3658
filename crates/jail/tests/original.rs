//! Decisions and formulas compared with the installed original, which is run for it. Needs the Debian package:
//! `apt-get install fail2ban`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use bantam_jail::{
    Evidence, Failure, Formula, Id, Increment, Jail, MatchedLine, Options, PastBans, Ruling, Ticket, Time,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Runs a script of the original's Python with these lines; gives the lines that it prints.
fn python(script: &str, input: String) -> Vec<String> {
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("needs Python 3 and the original: apt-get install fail2ban");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().ok();
    assert!(
        output.status.success(),
        "needs the original: apt-get install fail2ban\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[derive(Debug, Clone)]
struct Setting {
    maxretry: u32,
    findtime: u32,
    bantime: i32,
    maxmatches: usize,
    increment: bool,
    maxtime: Option<u32>,
    rndtime: Option<u32>,
    factor: Option<u32>,
    multipliers: Vec<u32>,
    formula: Option<&'static str>,
}

const FORMULAS: [&str; 3] = [
    "ban.Time*math.exp(float(ban.Count+1)*banFactor)/math.exp(1*banFactor)",
    "ban.Time*(1<<(ban.Count_if_ban.Count<2_else_2))*banFactor+7//2",
    "ban.Time/(ban.Count-2)",
];

impl Setting {
    fn strategy() -> impl Strategy<Value = Setting> {
        let growth = (
            any::<bool>(),
            prop::option::of(700u32..4000),
            prop::option::of(1u32..100),
            prop::option::of(1u32..4),
            prop::collection::vec(1u32..9, 0..4),
            prop::option::of(prop::sample::select(&FORMULAS[..])),
        );
        let basic = (
            1u32..7,
            5u32..600,
            prop_oneof![4 => 5i32..600, 1 => Just(-1)],
            0usize..5,
        );
        (basic, growth).prop_map(|((maxretry, findtime, bantime, maxmatches), growth)| Setting {
            maxretry,
            findtime,
            bantime,
            maxmatches,
            // Of permanent bans the original counts a known offender's up or not by which failure came first.
            increment: growth.0 && bantime > 0,
            maxtime: growth.1,
            rndtime: growth.2,
            factor: growth.3,
            multipliers: growth.4,
            formula: growth.5,
        })
    }

    fn line(&self) -> String {
        let mut line = format!(
            "new {} {} {} {} increment={}",
            self.maxretry, self.findtime, self.bantime, self.maxmatches, self.increment
        );
        for (name, value) in [
            ("maxtime", self.maxtime),
            ("rndtime", self.rndtime),
            ("factor", self.factor),
        ] {
            if let Some(value) = value {
                line += &format!(" {name}={value}");
            }
        }
        if !self.multipliers.is_empty() {
            let all: Vec<String> = self.multipliers.iter().map(u32::to_string).collect();
            line += &format!(" multipliers={}", all.join("_"));
        }
        if let Some(formula) = self.formula {
            line += &format!(" formula={formula}");
        }
        line
    }

    fn jail(&self) -> Jail {
        Jail::new(Options {
            maxretry: self.maxretry,
            findtime: self.findtime.into(),
            bantime: self.bantime.into(),
            maxmatches: self.maxmatches,
            increment: Increment {
                enabled: self.increment,
                rndtime: self.rndtime.map(f64::from),
                maxtime: self.maxtime.map(f64::from),
                factor: self.factor.map(f64::from),
                formula: self
                    .formula
                    .map(|text| Formula::parse(&text.replace('_', " ")).unwrap()),
                multipliers: self.multipliers.iter().map(|m| f64::from(*m)).collect(),
                overall_jails: false,
            },
        })
    }
}

#[derive(Debug, Clone)]
enum Event {
    Fail { client: u8, age: u32 },
    Ban(u8),
    Unban(u8),
    Tick,
}

/// What happens, and how many quarters of a second after the event before. Quarters are exact in floating point, so
/// that both sides see the very same times.
fn events() -> impl Strategy<Value = Vec<(u32, Event)>> {
    let event = prop_oneof![
        20 => (0u8..3, prop_oneof![3 => Just(0u32), 1 => 0u32..3000])
            .prop_map(|(client, age)| Event::Fail { client, age }),
        1 => (0u8..3).prop_map(Event::Ban),
        1 => (0u8..3).prop_map(Event::Unban),
        4 => Just(Event::Tick),
    ];
    let pause = prop_oneof![4 => 0u32..40, 3 => 0u32..2000, 1 => 0u32..20000];
    prop::collection::vec((pause, event), 1..60)
}

const START: f64 = 1_700_000_000.0;

fn name(client: u8) -> String {
    format!("192.0.2.{client}")
}

/// The same events for the original, one line each.
fn script_of(setting: &Setting, events: &[(u32, Event)]) -> Vec<String> {
    let mut lines = vec![setting.line()];
    let mut now = START;
    for (number, (pause, event)) in events.iter().enumerate() {
        now += f64::from(*pause) / 4.0;
        lines.push(match event {
            Event::Fail { client, age } => {
                let time = now - f64::from(*age) / 4.0;
                format!("{now} fail {} {time} line{number}", name(*client))
            }
            Event::Ban(client) => format!("{now} ban {}", name(*client)),
            Event::Unban(client) => format!("{now} unban {}", name(*client)),
            Event::Tick => format!("{now} tick"),
        });
    }
    lines
}

struct Ours {
    jail: Jail,
    /// What a database would remember.
    memory: HashMap<Id, PastBans>,
    now: f64,
}

impl Ours {
    fn remember(&mut self, ticket: &Ticket) -> String {
        if !ticket.restored {
            let past = PastBans {
                count: ticket.bancount,
                last: Time::from_secs(ticket.time.secs_f64().round_ties_even() as i64),
                last_bantime: ticket.bantime,
            };
            self.memory.insert(ticket.id.clone(), past);
        }
        let matches: Vec<String> = ticket.matches.iter().map(MatchedLine::text).collect();
        format!(
            "ban {:.2} {:.2} {} {} {}",
            ticket.time.secs_f64(),
            ticket.bantime,
            ticket.bancount,
            ticket.attempts,
            matches.join(",")
        )
    }

    fn answer(&mut self, number: usize, event: &Event) -> String {
        let now = Time::from_secs_f64(self.now);
        match event {
            Event::Fail { client, age } => {
                let id = Id::parse(&name(*client));
                let past = self.memory.get(&id).copied();
                let failure = Failure {
                    id,
                    time: Time::from_secs_f64(self.now - f64::from(*age) / 4.0),
                    zoned: false,
                    attempts: 1,
                    evidence: Evidence::of_lines(vec![MatchedLine {
                        after: format!("line{number}"),
                        ..MatchedLine::default()
                    }]),
                };
                match self.jail.failed(failure, past, now, &mut || 0.25) {
                    Ruling::Counted { attempts, .. } => format!("counted {attempts}"),
                    Ruling::Ban(ticket) => self.remember(&ticket),
                    Ruling::AlreadyBanned { after } => format!("already {after:.2}"),
                    Ruling::Expired => "expired".to_owned(),
                }
            }
            Event::Ban(client) => {
                let id = Id::parse(&name(*client));
                let past = self.memory.get(&id).copied();
                let began = self.jail.banned(&id).map(|ticket| ticket.time);
                match self.jail.ban(id, past, now, &mut || 0.25) {
                    Some(ticket) => self.remember(&ticket),
                    None => format!("already {:.2}", self.now - began.unwrap().secs_f64()),
                }
            }
            Event::Unban(client) => {
                format!("unbanned {}", self.jail.unban(&Id::parse(&name(*client))).len())
            }
            Event::Tick => {
                let mut ended: Vec<String> = self
                    .jail
                    .expire(now)
                    .iter()
                    .map(|ticket| ticket.id.to_string())
                    .collect();
                ended.sort();
                self.jail.forget_old(now);
                format!("ended {}", ended.join(","))
            }
        }
    }

    fn state(&mut self) -> String {
        let list = |tickets: Vec<&Arc<Ticket>>| {
            let ids: Vec<String> = tickets.iter().map(|ticket| ticket.id.to_string()).collect();
            ids.join(",")
        };
        let (set, ending) = (list(self.jail.bans()), list(self.jail.bans_by_end()));
        format!(
            "{} {} {} {set} {ending}",
            self.jail.currently_failed(),
            self.jail.total_failed(),
            self.jail.total_banned(),
        )
    }
}

#[test]
fn every_decision_and_ban_time_is_the_originals() {
    const SEQUENCES: usize = 400;
    let mut runner = TestRunner::deterministic();
    let strategy = (Setting::strategy(), events());
    let cases: Vec<(Setting, Vec<(u32, Event)>)> = (0..SEQUENCES)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    let script: Vec<String> = cases
        .iter()
        .flat_map(|(setting, events)| script_of(setting, events))
        .collect();
    let answers = python(include_str!("original.py"), script.join("\n") + "\n");
    assert_eq!(answers.len(), script.len());
    let (mut bans, mut grown, mut line) = (0, 0, 0);
    for (setting, events) in &cases {
        line += 1;
        let mut ours = Ours {
            jail: setting.jail(),
            memory: HashMap::new(),
            now: START,
        };
        for (number, (pause, event)) in events.iter().enumerate() {
            ours.now += f64::from(*pause) / 4.0;
            let answer = ours.answer(number, event);
            let answer = format!("{answer} | {}", ours.state());
            assert_eq!(
                answer,
                answers[line],
                "event {number} `{}` of\n{}",
                script[line],
                script_of(setting, events).join("\n")
            );
            bans += usize::from(answer.starts_with("ban"));
            grown += usize::from(answer.starts_with("ban") && ours.memory.values().any(|p| p.count > 1));
            line += 1;
        }
    }
    // The generated sequences must reach what they are made for.
    assert!(bans > 500 && grown > 100, "{bans} bans, {grown} of them after others");
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("ban.Time".to_owned()),
        Just("ban.Count".to_owned()),
        Just("banFactor".to_owned()),
        Just("math.pi".to_owned()),
        Just("random.random()".to_owned()),
        (0u32..70).prop_map(|n| n.to_string()),
        (0u32..70).prop_map(|n| format!("{n}.5")),
        Just("1e3".to_owned()),
    ];
    leaf.prop_recursive(5, 30, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "<", "<=", ">", ">=", "==", "!=", " and ",
            " or ",
        ]);
        let function = prop::sample::select(vec![
            "float",
            "int",
            "abs",
            "round",
            "math.exp",
            "math.log",
            "math.sqrt",
            "math.floor",
            "math.ceil",
            "math.log10",
            "math.atan",
            "-",
            "+",
            "not ",
            "(",
        ]);
        let function2 = prop::sample::select(vec![
            "min",
            "max",
            "pow",
            "math.pow",
            "math.log",
            "random.uniform",
            "math.fmod",
        ]);
        prop_oneof![
            6 => (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a}{o}{b}")),
            2 => (function, inner.clone()).prop_map(|(f, a)| match f {
                "-" | "+" | "not " => format!("({f}{a})"),
                "(" => format!("({a})"),
                _ => format!("{f}({a})"),
            }),
            2 => (function2, inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} if {b} else {c})")),
        ]
    })
}

/// Evaluates under a limit, as Python would compute whole numbers of any size.
const EVALUATE: &str = "
import math, random, signal, sys
random.random = lambda: 0.25
random.uniform = lambda a, b: a + (b - a) * 0.25
class ban: Time = 600; Count = 3
banFactor = 1.5
def late(*_): raise OverflowError
signal.signal(signal.SIGALRM, late)
for line in sys.stdin:
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        value = eval(line)
        print('complex' if isinstance(value, complex) else repr(float(value)))
    except (ArithmeticError, ValueError, TypeError, MemoryError):
        print('refused')
    signal.setitimer(signal.ITIMER_REAL, 0)
";

#[test]
fn formulas_have_the_values_that_python_gives_them() {
    let mut runner = TestRunner::deterministic();
    let strategy = expression();
    let sources: Vec<String> = (0..3000)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        // Powers of powers are where Python computes numbers of millions of digits.
        .filter(|source| source.matches("**").count() + source.matches("pow").count() < 2)
        .collect();
    let answers = python(EVALUATE, sources.join("\n") + "\n");
    assert_eq!(answers.len(), sources.len());
    let (mut valued, mut refused) = (0, 0);
    for (source, answer) in sources.iter().zip(&answers) {
        let ours = Formula::parse(source)
            .unwrap_or_else(|error| panic!("{source}: {error}"))
            .value(600.0, 3, 1.5, &mut || 0.25);
        match (answer.parse::<f64>(), ours) {
            (Err(_), Err(_)) => {}
            (Ok(theirs), Ok(ours)) => {
                valued += 1;
                let close = (theirs - ours).abs() <= theirs.abs() * 1e-9
                    || theirs == ours
                    || (theirs.is_nan() && ours.is_nan());
                assert!(close, "{source}: {theirs} there, {ours} here");
            }
            // Python's whole numbers have no end; ours are refused or lose their wholeness beyond 127 bits.
            (Ok(_), Err(_)) if ["<<", "**", "pow"].iter().any(|word| source.contains(word)) => {
                refused += 1;
            }
            (theirs, ours) => panic!("{source}: {theirs:?} there, {ours:?} here"),
        }
    }
    assert!(
        valued > 1000 && refused < 100,
        "{valued} expressions had a value, {refused} only in Python"
    );
}
