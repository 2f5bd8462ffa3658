//! Replies as JSON (`--json`), for scripts: one document on one line for each command, in the shapes of docs/json.md.
//!
//! The shapes are made here and not by the server, so that the original's server gives the same ones.
use crate::cmdline::json_error;
use bantam_wire::Value;
use bantam_wire::repr::display;
use serde_json::{Map, Value as Json, json};

/// The reply to a command. One of another shape than the command's own is shown as it is.
pub(super) fn reply(command: &[Value], reply: &Value) -> Json {
    shaped(command, reply).unwrap_or_else(|| value(reply))
}

/// That something was done which has no result.
pub(super) fn done() -> Json {
    json!({ "ok": true })
}

fn shaped(command: &[Value], reply: &Value) -> Option<Json> {
    let word = |index: usize| command.get(index).and_then(Value::as_str).unwrap_or("");
    match word(0) {
        "ping" | "version" | "echo" | "flushlogs" => None,
        "add" | "config-error" | "reload" | "server-status" | "server-stream" | "sleep" | "start" | "stop" => {
            Some(done())
        }
        "stats" | "statistic" | "statistics" => statistics(reply),
        "status" if command.len() == 1 => overview(items(reply)?),
        "status" if word(1) == "--all" && word(2) == "stats" => statistics(reply),
        "status" if word(1) == "--all" => overview_of_all(items(reply)?),
        "status" => {
            let mut status = match word(2) {
                "stats" => figures(reply)?,
                _ => named(items(reply)?)?,
            };
            status.insert("jail".to_owned(), json!(word(1)));
            Some(Json::Object(status))
        }
        "banned" if command.len() == 1 => merged(items(reply)?),
        "banned" => by_word(command.get(1..)?, items(reply)?, value),
        "get" | "set" => option(command, word(2), reply),
        _ => None,
    }
}

fn option(command: &[Value], option: &str, reply: &Value) -> Option<Json> {
    let is_get = command.first().and_then(Value::as_str) == Some("get");
    match option {
        "banned" if command.len() > 3 => {
            let asked = command.get(3..)?;
            let truth = |value: &Value| json!(*value == Value::Int(1));
            match reply {
                Value::Int(_) => by_word(asked, std::slice::from_ref(reply), truth),
                several => by_word(asked, items(several)?, truth),
            }
        }
        "banip" if is_get && command.get(3).and_then(Value::as_str) == Some("--with-time") => {
            items(reply)?.iter().map(|line| ban(line.as_str()?)).collect()
        }
        "datepattern" => match items(reply)? {
            [pattern, name] => Some(json!({ "pattern": value(pattern), "name": value(name) })),
            _ => None,
        },
        "ignorecache" => match items(reply)? {
            [key, count, time] => {
                Some(json!({ "key": value(key), "max_count": value(count), "max_time": value(time) }))
            }
            _ => None,
        },
        "ignorecommand" if *reply == Value::Bool(false) => Some(Json::Null),
        "delaction" => Some(done()),
        _ => None,
    }
}

/// `Number of jail` and `Jail list`, the list as one.
fn overview(entries: &[Value]) -> Option<Json> {
    let mut overview = named(entries)?;
    let list = overview.get_mut("jail_list")?;
    let names: Vec<String> = match list.as_str()? {
        "" => Vec::new(),
        names => names.split(", ").map(str::to_owned).collect(),
    };
    *list = json!(names);
    Some(Json::Object(overview))
}

fn overview_of_all(reply: &[Value]) -> Option<Json> {
    let (Value::Dict(jails), entries) = reply.split_last()? else {
        return None;
    };
    let Json::Object(mut overview) = overview(entries)? else {
        return None;
    };
    let jails: Option<Map<String, Json>> = jails
        .iter()
        .map(|(name, groups)| Some((display(name), Json::Object(named(items(groups)?)?))))
        .collect();
    overview.insert("jails".to_owned(), Json::Object(jails?));
    Some(Json::Object(overview))
}

fn statistics(reply: &Value) -> Option<Json> {
    let Value::Dict(jails) = reply else { return None };
    let jails: Option<Map<String, Json>> = jails
        .iter()
        .map(|(name, jail)| Some((display(name), Json::Object(figures(jail)?))))
        .collect();
    jails.map(Json::Object)
}

/// `[backend, (failed, failed in all), (banned, banned in all)]`
fn figures(jail: &Value) -> Option<Map<String, Json>> {
    let [backend, filter, actions] = items(jail)? else {
        return None;
    };
    let ([failed, all_failed], [banned, all_banned]) = (items(filter)?, items(actions)?) else {
        return None;
    };
    let figures = json!({
        "backend": value(backend),
        "filter": { "currently_failed": value(failed), "total_failed": value(all_failed) },
        "actions": { "currently_banned": value(banned), "total_banned": value(all_banned) },
    });
    match figures {
        Json::Object(figures) => Some(figures),
        _ => None,
    }
}

/// `IP <TAB>START + SECONDS = END`
fn ban(line: &str) -> Option<Json> {
    let (ip, rest) = line.split_once(" \t")?;
    let (start, rest) = rest.split_once(" + ")?;
    let (seconds, end) = rest.split_once(" = ")?;
    let seconds: i64 = seconds.parse().ok()?;
    Some(json!({ "ip": ip, "start": start, "seconds": seconds, "end": end }))
}

/// Answers side by side with what was asked, under its words.
fn by_word(asked: &[Value], answers: &[Value], show: impl Fn(&Value) -> Json) -> Option<Json> {
    let pairs = asked
        .iter()
        .zip(answers)
        .map(|(word, answer)| (display(word), show(answer)));
    (asked.len() == answers.len()).then(|| Json::Object(pairs.collect()))
}

/// Dictionaries as one.
fn merged(parts: &[Value]) -> Option<Json> {
    let mut all = Map::new();
    for part in parts {
        let Value::Dict(pairs) = part else { return None };
        all.extend(pairs.iter().map(|(key, inner)| (display(key), value(inner))));
    }
    Some(Json::Object(all))
}

/// Pairs of a name and a value as an object: `Currently failed` becomes `currently_failed`.
fn named(entries: &[Value]) -> Option<Map<String, Json>> {
    let entry = |entry: &Value| match items(entry)? {
        [Value::Str(name), inner] => {
            let inner = match inner {
                Value::List(items) => named(items).map_or_else(|| value(inner), Json::Object),
                other => value(other),
            };
            Some((name.to_lowercase().replace(' ', "_"), inner))
        }
        _ => None,
    };
    let entries: Option<Map<String, Json>> = entries.iter().map(entry).collect();
    entries.filter(|entries| !entries.is_empty())
}

fn items(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

/// A value as it is.
pub(super) fn value(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Str(text) => json!(text),
        Value::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::List(items) | Value::Tuple(items) => Json::Array(items.iter().map(self::value).collect()),
        Value::Dict(pairs) => Json::Object(
            pairs
                .iter()
                .map(|(key, inner)| (display(key), self::value(inner)))
                .collect(),
        ),
        Value::Exception { class, .. } => json_error(class, &display(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Value> {
        line.split(' ').map(Value::from).collect()
    }

    fn pair(name: &str, value: Value) -> Value {
        Value::Tuple(vec![name.into(), value])
    }

    #[test]
    fn a_status_becomes_an_object() {
        let inner = Value::List(vec![
            pair("Currently failed", 2.into()),
            pair("File list", vec!["/a"].into()),
        ]);
        let status = Value::List(vec![pair("Filter", inner)]);
        let expected = json!({ "jail": "j", "filter": { "currently_failed": 2, "file_list": ["/a"] } });
        assert_eq!(reply(&words("status j"), &status), expected);
        let overview = Value::List(vec![pair("Number of jail", 2.into()), pair("Jail list", "a, b".into())]);
        let expected = json!({ "number_of_jail": 2, "jail_list": ["a", "b"] });
        assert_eq!(reply(&words("status"), &overview), expected);
    }

    #[test]
    fn bans_have_their_times_apart() {
        let lines = vec!["2001:db8::1 \t2026-01-02 03:04:05 + 600 = 2026-01-02 03:14:05"].into();
        let expected = json!([{
            "ip": "2001:db8::1", "start": "2026-01-02 03:04:05", "seconds": 600, "end": "2026-01-02 03:14:05"
        }]);
        assert_eq!(reply(&words("get j banip --with-time"), &lines), expected);
        assert_eq!(reply(&words("get j banned a"), &1.into()), json!({ "a": true }));
        let several = Value::List(vec![0.into(), 1.into()]);
        assert_eq!(
            reply(&words("get j banned a b"), &several),
            json!({ "a": false, "b": true })
        );
    }

    #[test]
    fn what_has_another_shape_is_shown_as_it_is() {
        for line in [
            "status",
            "status --all",
            "stats",
            "status j",
            "banned",
            "get j banip --with-time",
        ] {
            assert_eq!(
                reply(&words(line), &Value::List(vec!["x".into(), Value::None])),
                json!(["x", null]),
                "{line}"
            );
            assert_eq!(reply(&words(line), &Value::Int(3)), json!(3), "{line}");
        }
    }
}
