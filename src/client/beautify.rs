//! Replies in words, exactly as the original's client prints them: scripts read them.
use super::table;
use bantam_wire::Value;
use bantam_wire::repr::{display, repr};

/// The text for a reply to a command; `None` when the reply is not what the command answers with.
pub(super) fn beautify(command: &[Value], reply: &Value) -> Option<String> {
    let word = |index: usize| command.get(index).and_then(Value::as_str).unwrap_or("");
    match word(0) {
        "ping" => return Some(format!("Server replied: {}", reply.as_str()?)),
        "version" => return Some(display(reply)),
        "start" => return Some("Jail started".to_owned()),
        "stop" if *reply != Value::None => return Some(display(reply)),
        "stop" if command.len() == 1 => return Some("Shutdown successful".to_owned()),
        "stop" => return Some("Jail stopped".to_owned()),
        "add" => return Some(format!("Added jail {}", reply.as_str()?)),
        "flushlogs" => return Some(format!("logs: {}", reply.as_str()?)),
        "echo" => return join(" ", reply),
        "stats" | "statistic" | "statistics" => return table::statistics(reply, is_utf8()),
        "status" if word(1) == "--all" && word(2) == "stats" => return table::statistics(reply, is_utf8()),
        "status" if word(1) == "--all" => return full_status(reply),
        "status" if word(2) == "stats" => return table::of_one(&display(command.get(1)?), reply, is_utf8()),
        "status" if command.len() > 1 => return jail_status(&display(command.get(1)?), reply),
        "status" => return status(reply),
        _ => {}
    }
    if command.len() < 2 {
        return Some(display(reply));
    }
    if let Some(text) = server_option(word(1), reply) {
        return text;
    }
    if command.len() < 3 {
        return Some(display(reply));
    }
    jail_option(command, word(1), word(2), reply)
}

/// The text for an exception.
pub(super) fn error(class: &str, message: &str, args: &[Value]) -> String {
    let jail = args.first().and_then(Value::as_str).unwrap_or_default();
    match class {
        "UnknownJailException" => format!("Sorry but the jail '{jail}' does not exist"),
        "DuplicateJailException" => format!("The jail '{jail}' already exists"),
        "IndexError" => "Sorry but the command is invalid".to_owned(),
        "SyntaxError" => syntax_error(args).unwrap_or_else(|| message.to_owned()),
        "JSONDecodeError" => json_error(args).unwrap_or_else(|| message.to_owned()),
        _ => message.to_owned(),
    }
}

/// As Python writes one: `invalid syntax (FILE, line N)`.
fn syntax_error(args: &[Value]) -> Option<String> {
    let [message, place] = args else { return None };
    let [file, line, ..] = items(place)? else { return None };
    Some(format!(
        "{} ({}, line {})",
        display(message),
        display(file),
        display(line)
    ))
}

/// As Python writes one: `Expecting value: line 1 column 1 (char 0)`.
fn json_error(args: &[Value]) -> Option<String> {
    let [message, Value::Str(text), Value::Int(at)] = args else {
        return None;
    };
    let before: String = text.chars().take(usize::try_from(*at).ok()?).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Some(format!("{}: line {line} column {column} (char {at})", display(message)))
}

fn items(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    items(value)?.iter().map(Value::as_str).collect()
}

fn join(separator: &str, value: &Value) -> Option<String> {
    Some(texts(value)?.join(separator))
}

/// The branch of a tree that leads to item `index` of `count`.
fn branch(index: usize, count: usize) -> &'static str {
    if index + 1 == count { "`-" } else { "|-" }
}

/// `name:<TAB>value` with the items of a list side by side.
fn entry(prefix: &str, pair: &Value) -> Option<String> {
    let [name, value, ..] = items(pair)? else {
        return None;
    };
    let value = match value {
        Value::List(items) => items.iter().map(display).collect::<Vec<_>>().join(" "),
        other => display(other),
    };
    Some(format!("{prefix} {}:\t{value}", display(name)))
}

fn is_utf8() -> bool {
    table::output_is_utf8(|name| std::env::var(name).ok())
}

fn status(reply: &Value) -> Option<String> {
    let entries = items(reply)?;
    let mut lines = vec!["Status".to_owned()];
    for (index, pair) in entries.iter().enumerate() {
        lines.push(entry(branch(index, entries.len()), pair)?);
    }
    Some(lines.join("\n"))
}

/// `status --all`: the overview, and every jail's status below it.
fn full_status(reply: &Value) -> Option<String> {
    let (Value::Dict(jails), entries) = items(reply)?.split_last()? else {
        return None;
    };
    if jails.is_empty() {
        return status(&Value::List(entries.to_vec()));
    }
    let mut lines = vec!["Status".to_owned()];
    for pair in entries {
        lines.push(entry("|-", pair)?);
    }
    lines.push("`- Status for the jails:".to_owned());
    for (index, (name, groups)) in jails.iter().enumerate() {
        lines.push(format!("   {} Jail: {}", branch(index, jails.len()), display(name)));
        let trunk = if index + 1 == jails.len() { "      " } else { "   |  " };
        lines.extend(jail_groups(trunk, groups)?);
    }
    Some(lines.join("\n"))
}

fn jail_status(jail: &str, reply: &Value) -> Option<String> {
    let mut lines = vec![format!("Status for the jail: {jail}")];
    lines.extend(jail_groups("", reply)?);
    Some(lines.join("\n"))
}

/// The lines of a jail's status behind `stem`.
fn jail_groups(stem: &str, reply: &Value) -> Option<Vec<String>> {
    let groups = items(reply)?;
    let mut lines = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let [name, entries, ..] = items(group)? else {
            return None;
        };
        lines.push(format!("{stem}{} {}", branch(index, groups.len()), display(name)));
        let trunk = format!("{stem}{}", if index + 1 == groups.len() { "   " } else { "|  " });
        let entries = items(entries)?;
        for (place, pair) in entries.iter().enumerate() {
            lines.push(entry(&format!("{trunk}{}", branch(place, entries.len())), pair)?);
        }
    }
    Some(lines)
}

/// Options of the server itself. The outer `None`: it is none of them.
fn server_option(name: &str, reply: &Value) -> Option<Option<String>> {
    let titled = |title: &str| reply.as_str().map(|text| format!("{title}\n`- {text}"));
    Some(match name {
        "syslogsocket" => titled("Current syslog socket is:"),
        "logtarget" => titled("Current logging target is:"),
        "loglevel" => {
            let level = match reply {
                Value::Int(number) => Value::Str(level_name(*number)),
                other => other.clone(),
            };
            Some(format!("Current logging level is {}", repr(&level)))
        }
        "dbfile" | "dbpurgeage" if *reply == Value::None => Some("Database currently disabled".to_owned()),
        "dbfile" => titled("Current database file is:"),
        "dbpurgeage" => {
            let seconds = match reply {
                Value::Int(seconds) => *seconds,
                Value::Float(seconds) => *seconds as i64,
                _ => return Some(None),
            };
            Some(format!("Current database purge age is:\n`- {seconds}seconds"))
        }
        _ => return None,
    })
}

fn level_name(level: i64) -> String {
    let name = match level {
        50 => "CRITICAL",
        40 => "ERROR",
        30 => "WARNING",
        25 => "NOTICE",
        20 => "INFO",
        10 => "DEBUG",
        18 => "MSG",
        7 => "TRACE",
        5 => "HEAVY",
        0 => "NOTSET",
        between @ 1..50 => return format!("#{between:02}-Lev."),
        other => return format!("Level {other}"),
    };
    name.to_owned()
}

/// Options of a jail.
fn jail_option(command: &[Value], jail: &str, option: &str, reply: &Value) -> Option<String> {
    let action = || command.get(3).map(display);
    match option {
        "logpath" | "addlogpath" | "dellogpath" => tree(
            reply,
            "No file is currently monitored",
            "Current monitored log file(s):",
        ),
        "logencoding" => Some(format!("Current log encoding is set to:\n{}", reply.as_str()?)),
        "journalmatch" | "addjournalmatch" | "deljournalmatch" => journal_match(reply),
        "datepattern" => date_pattern(reply),
        "ignoreip" | "addignoreip" | "delignoreip" => tree(
            reply,
            "No IP address/network is ignored",
            "These IP addresses/networks are ignored:",
        ),
        "failregex" | "addfailregex" | "delfailregex" | "ignoreregex" | "addignoreregex" | "delignoreregex" => {
            expressions(reply)
        }
        "actions" => listed(
            reply,
            || Some(format!("No actions for jail {jail}")),
            || Some(format!("The jail {jail} has the following actions:")),
        ),
        "actionproperties" => listed(
            reply,
            || Some(format!("No properties for jail {jail} action {}", action()?)),
            || {
                Some(format!(
                    "The jail {jail} action {} has the following properties:",
                    action()?
                ))
            },
        ),
        "actionmethods" => listed(
            reply,
            || Some(format!("No methods for jail {jail} action {}", action()?)),
            || {
                Some(format!(
                    "The jail {jail} action {} has the following methods:",
                    action()?
                ))
            },
        ),
        "banip" if command.first().and_then(Value::as_str) == Some("get") && matches!(reply, Value::List(_)) => {
            match command.get(3).map(Value::as_str) {
                None => join(" ", reply),
                Some(Some("--with-time")) => join("\n", reply),
                Some(separator) => join(separator?, reply),
            }
        }
        _ => Some(display(reply)),
    }
}

/// A title and one item to a line.
fn tree(reply: &Value, none: &str, title: &str) -> Option<String> {
    let items = items(reply)?;
    if items.is_empty() {
        return Some(none.to_owned());
    }
    let mut text = title.to_owned();
    for (index, item) in texts(reply)?.into_iter().enumerate() {
        text.push_str(&format!("\n{} {item}", branch(index, items.len())));
    }
    Some(text)
}

fn expressions(reply: &Value) -> Option<String> {
    let items = items(reply)?;
    if items.is_empty() {
        return Some("No regular expression is defined".to_owned());
    }
    let mut text = "The following regular expression are defined:".to_owned();
    for (index, item) in texts(reply)?.into_iter().enumerate() {
        text.push_str(&format!("\n{} [{index}]: {item}", branch(index, items.len())));
    }
    Some(text)
}

fn journal_match(reply: &Value) -> Option<String> {
    let groups = items(reply)?;
    if groups.is_empty() {
        return Some("No journal match filter set".to_owned());
    }
    let groups: Option<Vec<String>> = groups.iter().map(|group| join(" ", group)).collect();
    Some(format!("Current match filter:\n{}", groups?.join(" + ")))
}

fn date_pattern(reply: &Value) -> Option<String> {
    let text = match reply {
        Value::None => "Not set/required".to_owned(),
        pair => match items(pair)? {
            [Value::None, name, ..] => display(name),
            [pattern, name] => format!("{} ({})", display(pattern), display(name)),
            _ => return None,
        },
    };
    Some(format!("Current date pattern set to: {text}"))
}

/// A title and all items on one line.
fn listed(
    reply: &Value,
    none: impl FnOnce() -> Option<String>,
    title: impl FnOnce() -> Option<String>,
) -> Option<String> {
    if items(reply)?.is_empty() {
        return none();
    }
    Some(format!("{}\n{}", title()?, join(", ", reply)?))
}
