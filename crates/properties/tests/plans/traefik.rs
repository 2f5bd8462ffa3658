//! Lines of Traefik's access log, of visitors who write what they like where they can.

use crate::sample::Random;

/// What clients put into paths, names and agents.
const HOSTILE: &[&str] = &[
    "Mozilla/5.0",
    "curl/8.1",
    "",
    r#"\"OriginStatus\":404,\"#,
    r#"","OriginStatus":404,"Overhead":1,"#,
    r#""OriginStatus":404"#,
    r#"\",\"ClientHost\":\"198.51.100.9\","#,
    r#"","ClientHost":"198.51.100.9","ClientPort":""#,
    r#"x","time":"2026-11-22T10:00:00Z"}"#,
    r#"","request_User-Agent":"a","time":""#,
    r#"\"}"#,
    "é ü ß",
    "\u{1f600}\u{202e}",
    "\\u0022",
    "\\n",
    "\n",
    "\r",
    "\u{0}",
    "\u{1c}",
    "a.png",
    "/x.js/",
    "/favicon.ico//",
    "\" 401 0 \"-\" \"-\"",
    "\" 200 12 \"http://x\" \"y",
    "[22/Nov/2026:10:00:00 +0000]",
    "%2e%2e/",
    "StartLocal\":\"2026-11-22T10:00:00.1Z\",",
    "\u{a0}",
    "'",
    "- root [",
];

const HOSTS: &[&str] = &[
    "192.0.2.7",
    "2001:db8::7",
    "::1",
    "::ffff:192.0.2.1",
    "example.org",
    "a b",
    "",
    "[2001:db8::1]",
    "300.1.1.1",
    "a_b-c",
    "1.2.3.4\",\"x\":\"",
];

/// The keys of a line of JSON and how their values are made.
const KEYS: &[(&str, Value)] = &[
    ("ClientAddr", Value::Text),
    ("ClientHost", Value::Host),
    ("ClientPort", Value::Text),
    ("ClientUsername", Value::Text),
    ("DownstreamContentSize", Value::Number),
    ("DownstreamStatus", Value::Status),
    ("Duration", Value::Number),
    ("OriginContentSize", Value::Number),
    ("OriginDuration", Value::Number),
    ("OriginStatus", Value::Status),
    ("Overhead", Value::Number),
    ("RequestAddr", Value::Text),
    ("RequestContentSize", Value::Number),
    ("RequestCount", Value::Number),
    ("RequestHost", Value::Text),
    ("RequestMethod", Value::Text),
    ("RequestPath", Value::Text),
    ("RequestPort", Value::Text),
    ("RequestProtocol", Value::Text),
    ("RequestScheme", Value::Text),
    ("RetryAttempts", Value::Number),
    ("RouterName", Value::Text),
    ("ServiceURL", Value::Text),
    ("StartLocal", Value::Text),
    ("StartUTC", Value::Text),
    ("TLSCipher", Value::Text),
    ("TLSVersion", Value::Text),
    ("entryPointName", Value::Text),
    ("level", Value::Text),
    ("msg", Value::Text),
    ("request_User-Agent", Value::Text),
    ("time", Value::Text),
];

#[derive(Clone, Copy)]
enum Value {
    Text,
    Host,
    Number,
    Status,
}

/// A line of JSON. Now and then a key is missing, stands twice or at another place.
pub fn json(random: &mut Random) -> String {
    let mut fields: Vec<String> = Vec::with_capacity(KEYS.len() + 2);
    for &(key, value) in KEYS {
        let value = match value {
            Value::Text => format!("\"{}\"", hostile(random)),
            Value::Host => format!("\"{}\"", random.of(HOSTS)),
            Value::Number => random.below(100_000).to_string(),
            Value::Status => status(random).to_owned(),
        };
        match random.below(200) {
            0 => continue,
            1 => fields.push(format!("\"{key}\":{value}")),
            2 => fields.push("\"OriginStatus\":404".to_owned()),
            _ => {}
        }
        if key != "request_User-Agent" || random.below(2) == 0 {
            fields.push(format!("\"{key}\":{value}"));
        }
    }
    if random.below(20) == 0 {
        let (a, b) = (random.below(fields.len()), random.below(fields.len()));
        fields.swap(a, b);
    }
    format!("{{{}}}{}", fields.join(","), end(random))
}

/// A line in the common log format, with what Traefik puts behind it.
pub fn clf(random: &mut Random) -> String {
    let user = ["-", "root", "a b", "é", hostile(random)][random.below(5)];
    let (path, from, agent) = (hostile(random), hostile(random), hostile(random));
    let tail = format!(
        "{} \"r@docker\" \"http://172.18.0.3:80\" {}ms",
        random.below(999),
        random.below(99)
    );
    format!(
        "{} - {user} [22/Nov/2026:10:00:00 +0000] \"GET /{path} HTTP/2.0\" {} {} \"{from}\" \"{agent}\" {tail}{}",
        random.of(HOSTS),
        status(random),
        random.below(9999),
        end(random)
    )
}

/// Mostly harmless; more of it, and no line would be the log's own.
fn hostile(random: &mut Random) -> &'static str {
    match random.below(12) {
        0 => random.of(HOSTILE),
        _ => random.of(&["GET", "/index.html", "a-b.example.org", "-", "/s/x.png", "https"]),
    }
}

fn status(random: &mut Random) -> &'static str {
    random.of(&["404", "401", "405", "200", "301", "40", "4040", "\"404\""])
}

fn end(random: &mut Random) -> &'static str {
    random.of(&["\n", "\n", "\n", "", "\n\n", " \n"])
}
