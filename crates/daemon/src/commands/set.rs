//! `set`: options of jails (those of the server are in `set_server`).
use super::set_server::set_server;
use super::words::Words;
use super::{Answer, Failure, action, bans, get, increment, jail, logs};
use crate::live::{IgnoreCache, LiveJail, Work};
use crate::log::{Log, Module};
use crate::rehearsal::Objection;
use crate::server::Server;
use bantam_pattern::tags::UseDns;
use bantam_source::journal::Match;
use bantam_wire::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// `multiple`: a list in place of one value (`multi-set`). `quiet`: nobody reads the answer.
pub(super) fn set(server: &Server, words: Words<'_>, multiple: bool, quiet: bool) -> Answer {
    let target = words.text(1)?;
    if let Some(done) = set_server(server, &target, words) {
        return done;
    }
    let option = words.text(2)?;
    check(&option, words)?;
    let jail = jail(server, &target)?;
    let answer = set_jail(server, &jail, &option, words, (multiple, quiet))?;
    match answer {
        Some(value) => Ok(value),
        None if multiple && matches!(option.as_str(), "addfailregex" | "addignoreregex") => Ok(Value::Bool(true)),
        None if quiet => Ok(Value::None),
        None => get::option(&jail, shown_by(&option), Words(&[])),
    }
}

/// What is wrong with the words is said before what is wrong with the jail.
fn check(option: &str, words: Words<'_>) -> Result<(), Failure> {
    match option {
        "addignoreip" | "addjournalmatch" | "attempt" | "banip" | "deljournalmatch" => Ok(()),
        "delfailregex" | "delignoreregex" | "maxlines" | "maxmatches" | "maxretry" => words.integer(3).map(|_| ()),
        "idle" => idle(&words.text(3)?).map(|_| ()),
        "ignorecache" => bantam_conf::options(&words.text(3)?)
            .map(|_| ())
            .map_err(Failure::value),
        "addlogpath" => {
            words.needs(3)?;
            logs::tail(words).map(|_| ())
        }
        _ if OPTIONS.contains(&option) || option.starts_with("bantime.") => words.needs(3),
        other => Err(unknown_option(other)),
    }
}

/// What can be set of a jail, besides what [`check`] names.
const OPTIONS: [&str; 19] = [
    "action",
    "addaction",
    "addfailregex",
    "addignoreregex",
    "bantime",
    "datepattern",
    "delaction",
    "delignoreip",
    "dellogpath",
    "findtime",
    "ignorecommand",
    "ignoreself",
    "logencoding",
    "logtimezone",
    "prefregex",
    "unbanip",
    "usedns",
    "journalflags",
    "journalmatch",
];

fn unknown_option(name: &str) -> Failure {
    let shown = bantam_wire::repr::repr(&Value::from(name));
    Failure::invalid(format!(
        "Invalid command {shown} (no set action or not yet implemented)"
    ))
}

/// The option whose value answers a change.
fn shown_by(option: &str) -> &str {
    match option {
        "addignoreip" | "delignoreip" => "ignoreip",
        "addlogpath" | "dellogpath" => "logpath",
        "addfailregex" | "delfailregex" => "failregex",
        "addignoreregex" | "delignoreregex" => "ignoreregex",
        "addjournalmatch" | "deljournalmatch" => "journalmatch",
        other => other,
    }
}

/// Some value when the command has an answer of its own.
fn set_jail(
    server: &Server,
    jail: &Arc<LiveJail>,
    option: &str,
    words: Words<'_>,
    (multiple, quiet): (bool, bool),
) -> Result<Option<Value>, Failure> {
    match option {
        "banip" => return bans::ban(server, jail, &words.texts(3)?).map(Some),
        "unbanip" => return bans::unban_in(server, jail, &words.texts(3)?).map(Some),
        "attempt" => return bans::attempt(server, jail, &words.texts(3)?).map(Some),
        "addaction" | "delaction" | "action" => return action::set(jail, option, words, multiple).map(Some),
        "addlogpath" => logs::add_log(server, jail, words, !quiet)?,
        "dellogpath" => server.remove_log(jail, &words.text(3)?),
        "addjournalmatch" | "deljournalmatch" => {
            journal_match(&server.log, &mut jail.work.lock(), option, &words.texts(3)?)?;
            server.apply_matches(jail);
        }
        "idle" => set_idle(server, jail, &words.text(3)?)?,
        _ if option.starts_with("bantime.") => {
            let option = &option["bantime.".len()..];
            let mut work = jail.work.lock();
            increment::set(&server.log, &mut work, option, &words.text(3)?)?;
            if option == "increment" && work.jail.options().increment.enabled && server.records.file().is_none() {
                server.log.warning(
                    Module::Jail,
                    "ban time increment is not available as long jail database is not set",
                );
            }
        }
        _ => set_work(&server.log, &mut jail.work.lock(), option, words, multiple)?,
    }
    Ok(None)
}

/// Options that change nothing but the jail's own filter and memory.
pub(super) fn set_work(
    log: &Log,
    work: &mut Work,
    option: &str,
    words: Words<'_>,
    multiple: bool,
) -> Result<(), Failure> {
    match option {
        "findtime" => {
            work.findtime = words.seconds(3)?;
            work.jail.options_mut().findtime = work.findtime.as_f64();
            log.info(Module::Filter, format!("  findtime: {}", work.findtime));
        }
        "bantime" => {
            let bantime = words.seconds(3)?.as_f64().trunc();
            work.jail.options_mut().bantime = bantime;
            log.info(Module::Actions, format!("  banTime: {}", crate::text::number(bantime)));
        }
        "maxretry" => {
            work.jail.options_mut().maxretry = positive(words.integer(3)?);
            log.info(Module::Filter, format!("  maxRetry: {}", words.integer(3)?));
        }
        "maxmatches" => work.jail.options_mut().maxmatches = positive(words.integer(3)?) as usize,
        "maxlines" => {
            let lines = usize::try_from(words.integer(3)?).unwrap_or(0);
            work.filter.set_max_lines(lines).map_err(Failure::value)?;
            log.info(Module::Filter, format!("  maxLines: {lines}"));
        }
        "usedns" => match words.rest(3) {
            [Value::Bool(truth), ..] => set_use_dns(log, work, if *truth { "yes" } else { "no" }),
            _ => set_use_dns(log, work, &words.text(3)?),
        },
        "ignoreself" => work.ignore_self = words.truth(3)?,
        "addignoreip" => {
            for entry in words.texts(3)?.iter().filter(|entry| !entry.is_empty()) {
                work.ignore.add(entry);
            }
        }
        "delignoreip" => {
            if !work.ignore.remove(&words.text(3)?) {
                return Err(Failure::value("list.remove(x): x not in list"));
            }
        }
        "ignorecommand" => work.ignore_command = Some(words.text(3)?),
        "ignorecache" => work.ignore_cache = parse_cache(&words.text(3)?)?,
        "logencoding" => set_encoding(log, work, &words.text(3)?)?,
        "logtimezone" => {
            let zone = words.text(3)?;
            let given = Some(zone.as_str()).filter(|zone| !zone.is_empty());
            work.filter.set_log_timezone(given).map_err(Failure::value)?;
            work.log_timezone = Some(zone);
        }
        "datepattern" => work.filter.set_datepattern(&words.text(3)?).map_err(Failure::value)?,
        "prefregex" => work.filter.set_prefregex(&words.text(3)?).map_err(regex_failure)?,
        "addfailregex" | "addignoreregex" => {
            let expressions = if multiple {
                Words(words.list(3)?).texts(0)?
            } else {
                vec![words.text(3)?]
            };
            for expression in expressions {
                let added = match option {
                    "addfailregex" => work.filter.add_failregex(&expression),
                    _ => work.filter.add_ignoreregex(&expression),
                };
                added.map_err(regex_failure)?;
            }
        }
        "delfailregex" => {
            if let Some(index) = index(words.integer(3)?, work.filter.failregexes().len()) {
                work.filter.remove_failregex(index);
            }
        }
        "delignoreregex" => {
            if let Some(index) = index(words.integer(3)?, work.filter.ignoreregexes().len()) {
                work.filter.remove_ignoreregex(index);
            }
        }
        "addjournalmatch" | "deljournalmatch" => journal_match(log, work, option, &words.texts(3)?)?,
        other => return Err(unknown_option(other)),
    }
    Ok(())
}

/// A jail that reads files has no use for them, and says nothing.
fn journal_match(log: &Log, work: &mut Work, option: &str, words: &[String]) -> Result<(), Failure> {
    let Some(known) = &mut work.journal_match else {
        return Ok(());
    };
    let what = if option == "addjournalmatch" {
        let new = Match::parse(words).map_err(Failure::value)?;
        known.alternatives.extend(new.alternatives);
        "Added"
    } else {
        let Some(at) = known.alternatives.iter().position(|one| one == words) else {
            let words = Value::List(words.iter().map(|word| Value::from(word.as_str())).collect());
            return Err(Failure::value(format!(
                "Match {} not found",
                bantam_wire::repr::repr(&words)
            )));
        };
        known.alternatives.remove(at);
        "Removed"
    };
    log.info(
        Module::Filter,
        format!("{what} journal match for: '{}'", words.join(" ")),
    );
    Ok(())
}

/// Compiles the expressions of a command for a configuration that is tried first.
pub(super) fn rehearse_expressions(
    work: &mut Work,
    option: &str,
    words: Words<'_>,
    multiple: bool,
) -> Result<(), Objection> {
    let texts = if multiple {
        Words(words.list(3)?).texts(0)?
    } else {
        vec![words.text(3)?]
    };
    for (index, text) in texts.into_iter().enumerate() {
        let tried = match option {
            "addfailregex" => work.filter.add_failregex(&text),
            "addignoreregex" => work.filter.add_ignoreregex(&text),
            "prefregex" => work.filter.set_prefregex(&text),
            _ => work.filter.set_datepattern(&text),
        };
        tried.map_err(|error| Objection::Expression(index, text, error))?;
    }
    Ok(())
}

fn regex_failure(error: bantam_pattern::PatternError) -> Failure {
    Failure {
        module: "fail2ban.server.failregex",
        class: "RegexException",
        args: vec![Value::Str(error.message)],
    }
}

fn positive(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// The place that an index means, counted from the end when it is below 0.
fn index(number: i64, count: usize) -> Option<usize> {
    let count = i64::try_from(count).ok()?;
    let index = if number < 0 { number.checked_add(count)? } else { number };
    usize::try_from(index).ok().filter(|_| index < count)
}

fn set_use_dns(log: &Log, work: &mut Work, text: &str) {
    let value = match text.to_lowercase().as_str() {
        "yes" => UseDns::Yes,
        "warn" => UseDns::Warn,
        "no" => UseDns::No,
        "raw" => UseDns::Raw,
        other => {
            log.error(
                Module::Filter,
                format!("Incorrect value '{other}' specified for usedns. Using safe 'no'"),
            );
            UseDns::No
        }
    };
    work.filter.set_use_dns(value);
}

fn set_encoding(log: &Log, work: &mut Work, text: &str) -> Result<(), Failure> {
    let name = if text.eq_ignore_ascii_case("auto") {
        "UTF-8"
    } else {
        text
    };
    work.filter.set_encoding(name).map_err(|_| Failure {
        module: "builtins",
        class: "LookupError",
        args: vec![Value::Str(format!("unknown encoding: {name}"))],
    })?;
    work.encoding = name.to_owned();
    log.info(Module::Filter, format!("  encoding: {name}"));
    Ok(())
}

fn set_idle(server: &Server, jail: &Arc<LiveJail>, value: &str) -> Result<(), Failure> {
    server.set_idle(jail, idle(value)?);
    Ok(())
}

fn idle(value: &str) -> Result<bool, Failure> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Failure::invalid("Invalid idle option, must be 'on' or 'off'")),
    }
}

/// `key="<ip>", max-count=100, max-time=5m`
fn parse_cache(text: &str) -> Result<Option<IgnoreCache>, Failure> {
    let options: HashMap<String, String> = bantam_conf::options(text)
        .map_err(Failure::value)?
        .into_iter()
        .collect();
    if options.is_empty() {
        return Ok(None);
    }
    let Some(key) = options.get("key") else {
        return Err(Failure::plain("KeyError", "key"));
    };
    let max_count = match options.get("max-count") {
        Some(count) => Words(&[Value::from(count.as_str())]).integer(0)?,
        None => 100,
    };
    let max_time = match options.get("max-time") {
        Some(time) => bantam_conf::seconds(time).map_err(Failure::value)?,
        None => 300.0,
    };
    Ok(Some(IgnoreCache {
        key: key.clone(),
        max_count: usize::try_from(max_count).unwrap_or(0),
        max_time,
        verdicts: HashMap::new(),
    }))
}
