//! `get`: options of the server and of jails.
use super::words::Words;
use super::{Answer, Failure, action, bans, jail};
use crate::live::LiveJail;
use crate::server::Server;
use bantam_conf::Seconds;
use bantam_pattern::tags::UseDns;
use bantam_wire::Value;

pub(super) fn get(server: &Server, words: Words<'_>) -> Answer {
    let target = words.text(1)?;
    if let Some(value) = server_option(server, &target) {
        return Ok(value);
    }
    let name = words.text(2)?;
    // What is wrong with the words is said before what is wrong with the jail.
    match name.as_str() {
        "action" => words.needs(4)?,
        "actionproperties" | "actionmethods" => words.needs(3)?,
        _ if OPTIONS.contains(&name.as_str()) || name.starts_with("bantime.") => {}
        _ => return Err(unknown_option()),
    }
    option(&*jail(server, &target)?, &name, Words(words.rest(3)))
}

/// What can be asked of a jail, besides `action…` and `bantime.…`.
const OPTIONS: [&str; 21] = [
    "actions",
    "banip",
    "banned",
    "bantime",
    "datepattern",
    "failregex",
    "findtime",
    "ignorecache",
    "ignorecommand",
    "ignoreip",
    "ignoreregex",
    "ignoreself",
    "journalmatch",
    "logencoding",
    "logpath",
    "logtimezone",
    "maxlines",
    "maxmatches",
    "maxretry",
    "prefregex",
    "usedns",
];

fn unknown_option() -> Failure {
    Failure::invalid("Invalid command (no get action or not yet implemented)")
}

/// An option of the server itself; none when it is no such option.
pub(super) fn server_option(server: &Server, option: &str) -> Option<Value> {
    let stored = |value: Value| server.records.file().map_or(Value::None, |_| value);
    Some(match option {
        "loglevel" => Value::Str(server.log.level()),
        "logtarget" => Value::Str(server.log.target()),
        "syslogsocket" => Value::Str(server.log.syslog_socket()),
        "thread" => Value::Dict(vec![(Value::from("stacksize"), Value::Int(0))]),
        "dbfile" => server.records.file().map_or(Value::None, Value::Str),
        "dbmaxmatches" => stored(Value::Int(server.records.max_matches())),
        "dbpurgeage" => stored(seconds(server.records.purge_age())),
        _ => return None,
    })
}

/// An option of a jail. `rest`: the words after its name.
pub(super) fn option(jail: &LiveJail, option: &str, rest: Words<'_>) -> Answer {
    match option {
        "banned" => return Ok(bans::banned_in(jail, &rest.texts(0)?)),
        "banip" => {
            return Ok(bans::by_end(
                jail,
                rest.texts(0)?.iter().any(|word| word == "--with-time"),
            ));
        }
        "actions" | "action" | "actionproperties" | "actionmethods" => return action::get(jail, option, rest),
        _ => {}
    }
    let work = jail.work.lock();
    let options = work.jail.options();
    let list = |items: Vec<&str>| Value::List(items.into_iter().map(Value::from).collect());
    Ok(match option {
        "idle" => Value::Bool(work.idle),
        "logpath" => Value::List(work.logs.iter().map(|log| Value::from(log.path.as_str())).collect()),
        "logencoding" => Value::from(work.encoding.as_str()),
        "journalmatch" => {
            let alternatives = work.journal_match.iter().flat_map(|all| &all.alternatives);
            let lists = alternatives.map(|one| list(one.iter().map(String::as_str).collect()));
            Value::List(lists.collect())
        }
        "ignoreself" => Value::Bool(work.ignore_self),
        "ignoreip" => Value::List(work.ignore.entries().into_iter().map(Value::Str).collect()),
        "ignorecommand" => work.ignore_command.clone().map_or(Value::Bool(false), Value::Str),
        "ignorecache" => work.ignore_cache.as_ref().map_or(Value::None, |cache| {
            Value::List(vec![
                Value::from(cache.key.as_str()),
                Value::Int(i64::try_from(cache.max_count).unwrap_or(i64::MAX)),
                number(cache.max_time),
            ])
        }),
        "prefregex" => Value::from(work.filter.prefregex()),
        "failregex" => list(work.filter.failregexes()),
        "ignoreregex" => list(work.filter.ignoreregexes()),
        "usedns" => Value::from(match work.filter.use_dns() {
            UseDns::Yes => "yes",
            UseDns::Warn => "warn",
            UseDns::No => "no",
            UseDns::Raw => "raw",
        }),
        "findtime" => seconds(work.findtime),
        "bantime" => number(options.bantime),
        "maxretry" => Value::Int(i64::from(options.maxretry)),
        "maxmatches" => Value::Int(i64::try_from(options.maxmatches).unwrap_or(i64::MAX)),
        "maxlines" => Value::Int(i64::try_from(work.filter.max_lines()).unwrap_or(i64::MAX)),
        "datepattern" => {
            let (pattern, name) = work
                .filter
                .datepattern()
                .unwrap_or((None, "Default Detectors".to_owned()));
            Value::Tuple(vec![pattern.map_or(Value::None, Value::Str), Value::Str(name)])
        }
        "logtimezone" => work.log_timezone.clone().map_or(Value::None, Value::Str),
        _ => match option.strip_prefix("bantime.") {
            Some(extra) => increment_option(&work.bantime_extra, extra),
            None => return Err(unknown_option()),
        },
    })
}

fn increment_option(extra: &std::collections::BTreeMap<String, String>, option: &str) -> Value {
    let Some(text) = extra.get(option) else {
        return Value::None;
    };
    match option {
        "increment" => Value::Bool(crate::text::is_true(text)),
        "maxtime" | "rndtime" => bantam_conf::seconds_exact(text).map_or(Value::None, seconds),
        _ => Value::from(text.as_str()),
    }
}

/// As Python shows it.
fn seconds(value: Seconds) -> Value {
    match value {
        Seconds::Whole(seconds) => Value::Int(seconds),
        Seconds::Fraction(seconds) => Value::Float(seconds),
    }
}

/// Whole numbers as `int`, others as `float`.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::Int(value as i64)
    } else {
        Value::Float(value)
    }
}
