//! `fail2ban.conf`: the options of the server itself.

use crate::definition::not_a_number;
use crate::findings::{Findings, Problem};
use crate::interpolate::{self, Missing, Vars};
use crate::layers::Config;
use crate::python;
use crate::text::Text;
use crate::{Command, LoadOptions, ServerOptions, duration};
use bantam_wire::Value;

const DEFINITION: &str = "Definition";

/// The values of the original where no file sets a key.
fn fallback(key: &str) -> Option<&'static str> {
    Some(match key {
        "socket" => "/var/run/fail2ban/fail2ban.sock",
        "pidfile" => "/var/run/fail2ban/fail2ban.pid",
        "loglevel" => "INFO",
        "logtarget" => "/var/log/fail2ban.log",
        "syslogsocket" | "allowipv6" => "auto",
        "dbfile" => "/var/lib/fail2ban/fail2ban.sqlite3",
        "dbpurgeage" => "1d",
        _ => return None,
    })
}

/// Names of log levels, in falling severity; numbers are levels too.
pub const LOG_LEVELS: &[&str] = &[
    "CRITICAL",
    "FATAL",
    "ERROR",
    "WARNING",
    "WARN",
    "NOTICE",
    "INFO",
    "MSG",
    "DEBUG",
    "TRACEDEBUG",
    "HEAVYDEBUG",
    "NOTSET",
];

/// Reads the options and the commands that set them.
pub(crate) fn read(config: &Config, options: &LoadOptions, findings: &mut Findings) -> (ServerOptions, Vec<Command>) {
    let mut get = |key: &str| value(config, options, key, findings);
    let [
        socket,
        pidfile,
        syslogsocket,
        loglevel,
        logtarget,
        allowipv6,
        dbfile,
        dbmaxmatches,
        dbpurgeage,
    ] = [
        "socket",
        "pidfile",
        "syslogsocket",
        "loglevel",
        "logtarget",
        "allowipv6",
        "dbfile",
        "dbmaxmatches",
        "dbpurgeage",
    ]
    .map(&mut get);
    check_level(&loglevel, findings);
    check_age(&dbpurgeage, findings);
    let mut stream: Vec<Command> = thread(config, findings).into_iter().collect();
    let texts = [
        ("syslogsocket", &syslogsocket),
        ("loglevel", &loglevel),
        ("logtarget", &logtarget),
        ("allowipv6", &allowipv6),
        ("dbfile", &dbfile),
    ];
    let set = |key: &str, value: Value, text: &Text| {
        Command::new(vec![Value::from("set"), Value::from(key), value], text.home())
    };
    for (key, text) in texts {
        stream.extend(text.as_ref().map(|text| set(key, Value::from(text.as_str()), text)));
    }
    if let Some(text) = &dbmaxmatches {
        match python::as_int(text.as_str()) {
            Some(number) => stream.push(set("dbmaxmatches", Value::Int(number), text)),
            None => findings.error(None, not_a_number("dbmaxmatches", text)),
        }
    }
    stream.extend(
        dbpurgeage
            .as_ref()
            .map(|text| set("dbpurgeage", Value::from(text.as_str()), text)),
    );
    let text = |value: Option<Text>| value.map(Text::into_string).unwrap_or_default();
    let server = ServerOptions {
        socket: text(socket),
        pidfile: text(pidfile),
        loglevel: text(loglevel),
        logtarget: text(logtarget),
        syslogsocket: text(syslogsocket),
        dbfile: text(dbfile),
        dbpurgeage: text(dbpurgeage),
    };
    (server, stream)
}

/// Whether stock configuration beneath says it.
fn is_below(text: &Text, options: &LoadOptions) -> bool {
    let below = options.underlay.as_ref();
    below.is_some_and(|below| text.home().is_some_and(|place| place.file.starts_with(below)))
}

/// What was asked for on the command line, else what the files say, else what the caller supposes, else what stock
/// files beneath say, else the original's value.
fn value(config: &Config, options: &LoadOptions, key: &str, findings: &mut Findings) -> Option<Text> {
    let given = |list: &[(String, String)]| {
        list.iter()
            .rev()
            .find(|(own, _)| own == key)
            .map(|(_, value)| value.clone())
    };
    if let Some(value) = given(&options.overrides) {
        return Some(Text::plain(value));
    }
    // The keys also count when only [DEFAULT] is there.
    let found = interpolate::get(config, DEFINITION, key, &Vars::default());
    match found {
        Ok(text) if !(is_below(&text, options) && given(&options.defaults).is_some()) => return Some(text),
        Ok(_) => {}
        Err(Missing::Broken(problem)) => findings.error(None, *problem),
        Err(Missing::NoSection | Missing::NoOption) => {}
    }
    given(&options.defaults)
        .or_else(|| fallback(key).map(str::to_owned))
        .map(Text::plain)
}

fn check_level(level: &Option<Text>, findings: &mut Findings) {
    let Some(text) = level else { return };
    let level = text.as_str();
    let number = !level.is_empty() && level.chars().all(|c| c.is_ascii_digit());
    if !number && !LOG_LEVELS.contains(&level.to_uppercase().as_str()) {
        let near = crate::typo::nearest(&level.to_uppercase(), LOG_LEVELS.iter().copied());
        let problem = Problem::new(
            text.home(),
            level.chars().count(),
            format!("there is no log level `{level}`"),
        )
        .hint("use one of CRITICAL, ERROR, WARNING, NOTICE, INFO, DEBUG")
        .hint_if(near.map(|near| format!("did you mean `{near}`?")));
        findings.error(None, problem);
    }
}

fn check_age(age: &Option<Text>, findings: &mut Findings) {
    let Some(text) = age else { return };
    if let Err(why) = duration::parse(text.as_str()) {
        let length = text.as_str().chars().count();
        findings.error(
            None,
            Problem::new(text.home(), length, format!("`dbpurgeage` is not a duration: {why}")),
        );
    }
}

/// `[Thread] stacksize`, when it is set.
fn thread(config: &Config, findings: &mut Findings) -> Option<Command> {
    let text = match interpolate::get(config, "Thread", "stacksize", &Vars::default()) {
        Ok(text) => text,
        Err(Missing::Broken(problem)) => {
            findings.error(None, *problem);
            return None;
        }
        Err(Missing::NoSection | Missing::NoOption) => return None,
    };
    let Some(size) = python::as_int(text.as_str()) else {
        findings.error(None, not_a_number("stacksize", &text));
        return None;
    };
    let options = Value::Dict(vec![(Value::from("stacksize"), Value::Int(size))]);
    Some(Command::new(
        vec![Value::from("set"), Value::from("thread"), options],
        text.home(),
    ))
}
