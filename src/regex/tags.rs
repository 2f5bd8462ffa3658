//! `-o` with tags: the text is filled in as an action's command would be, but with nothing quoted for a shell.
use super::out::{id_text, time_literal};
use bantam_detect::{Family, Hit, Id, Value};
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Stands for the message while lines are put together; NUL bytes of values are written out so that none can pose
/// as it.
const MESSAGE: &str = "\0msg\0";

/// The filled-in text for each failure of a line; several for one whose `<msg>` has several lines.
pub fn fill(template: &str, hits: &[Hit]) -> Vec<String> {
    let mut wrapping = false;
    let mut single = Vec::new();
    let mut several = Vec::new();
    for hit in hits {
        let text = fill_one(template, hit, &mut wrapping);
        if wrapping {
            several.push((hit, text));
        } else {
            single.push(text);
        }
    }
    for (hit, text) in several {
        for line in hit.record.matches() {
            single.push(text.replace(MESSAGE, &line.text()));
        }
    }
    single
}

fn fill_one(template: &str, hit: &Hit, wrapping: &mut bool) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest[1..].find([' ', '<', '>']).map_or(rest.len(), |n| n + 1);
        let name = &rest[1..end];
        if name.is_empty() || !rest[end..].starts_with('>') {
            out.push('<');
            rest = &rest[1..];
            continue;
        }
        if name == "msg" {
            if *wrapping || hit.record.matches().len() > 1 {
                *wrapping = true;
                out.push_str(MESSAGE);
            } else {
                out.push_str(&matches(hit));
            }
        } else {
            match value(name, hit) {
                Some(value) => out.push_str(&value.replace('\0', "\\x00")),
                None => out.push_str(&rest[..=end]),
            }
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

fn value<'h>(name: &str, hit: &'h Hit) -> Option<Cow<'h, str>> {
    let ip = || match hit.record.known("ip") {
        Some(Value::Address(id)) => Some(id.clone()),
        _ => hit.id.clone(),
    };
    let text = match name {
        "ip" => ip().map_or("None".to_owned(), |id| id.to_string()),
        "fid" => id_text(hit),
        "family" => match ip().and_then(|id| id.family()) {
            Some(Family::Inet4) => "inet4".to_owned(),
            Some(Family::Inet6) => "inet6".to_owned(),
            None => "None".to_owned(),
        },
        "ip-host" => match ip() {
            Some(Id::Ip(address)) => super::resolve::reverse(address).unwrap_or_else(|| "None".to_owned()),
            _ => "None".to_owned(),
        },
        "ip-rev" => ip().map(|id| reversed(&id)).unwrap_or_default(),
        "time" if hit.time.is_none() => format!("{:?}", since_epoch()),
        "time" => time_literal(hit),
        "failures" | "bancount" | "restored" => "0".to_owned(),
        "matches" => matches(hit),
        "br" => "\n".to_owned(),
        "sp" => " ".to_owned(),
        "sh-hostname" | "fq-hostname" => {
            let system = rustix::system::uname();
            system.nodename().to_string_lossy().into_owned()
        }
        _ => {
            let group = name.strip_prefix("F-")?;
            let is_tag = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_-".contains(c);
            if group.is_empty() || !group.chars().all(is_tag) {
                return None;
            }
            let group = match group {
                "ID" => "fid".to_owned(),
                "PORT" => "fport".to_owned(),
                other => other.to_lowercase(),
            };
            return Some(hit.record.known(&group).map(Value::text).unwrap_or_default());
        }
    };
    Some(Cow::Owned(text))
}

/// A failure without any date is one of now.
fn since_epoch() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |time| time.as_secs_f64())
}

fn matches(hit: &Hit) -> String {
    let lines: Vec<String> = hit.record.matches().iter().map(|line| line.text()).collect();
    lines.join("\n")
}

/// The address as reverse look-ups name it, with a dot at the end.
fn reversed(id: &Id) -> String {
    match id {
        Id::Ip(IpAddr::V4(address)) | Id::Net(IpAddr::V4(address), _) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.")
        }
        Id::Ip(IpAddr::V6(address)) | Id::Net(IpAddr::V6(address), _) => {
            let digits = format!("{:032x}", address.to_bits());
            digits.chars().rev().flat_map(|digit| [digit, '.']).collect()
        }
        Id::Raw(_) => String::new(),
    }
}
