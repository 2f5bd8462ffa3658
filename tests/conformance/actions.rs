//! Each command of each stock action after substitution, for both families and for an id that has none.

use crate::ledger::Ledger;
use crate::stock::{Stock, ask};
use bantam_conf::LoadOptions;
use bantam_detect::Family;
use bantam_enforce::{Action, Definition, SharedDefinition, Surroundings, TagSource};
use bantam_wire::Value;
use bantam_wire::repr::repr;
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

const OPTIONS: [&str; 10] = [
    "actionstart",
    "actionstop",
    "actioncheck",
    "actionban",
    "actionunban",
    "actionflush",
    "actionreban",
    "actionprolong",
    "actionrepair",
    "actionreload",
];

const FAMILIES: [(&str, Option<Family>, &str); 3] = [
    ("inet4", Some(Family::Inet4), "192.0.2.1"),
    ("inet6", Some(Family::Inet6), "2001:db8::1"),
    ("raw", None, "user;name"),
];

/// Captured groups of the ban, some of which a shell must not see.
const CAPTURES: [(&str, &str); 2] = [("user", "o'brien; reboot"), ("fport", "22")];

#[derive(serde::Deserialize)]
struct Answer {
    /// By jail, action and family: options with their command, its values apart.
    commands: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// By jail and action: names of the properties.
    properties: BTreeMap<String, Vec<String>>,
    /// By family: what tags stand for.
    values: BTreeMap<String, BTreeMap<String, String>>,
}

pub fn compare(ledger: &mut Ledger) {
    let stock = Stock::new();
    let names = stock.names("action.d");
    write_jails(&stock, &names);
    let ips: BTreeMap<_, _> = FAMILIES.iter().map(|(name, _, ip)| (*name, *ip)).collect();
    let request = json!({
        "dir": stock.path(), "ips": ips, "time": 1_700_000_000, "bantime": 600, "bancount": 2, "failures": 5,
        "captures": CAPTURES, "matches": ["line 'one' $(reboot)", "line two; `id`"],
    });
    let theirs: Answer = ask("stock.py", &["actions"], &request);
    let ours = definitions(&stock);
    let commands = theirs.commands.values().flat_map(BTreeMap::values);
    let commands = commands.filter(|command| !command[0].is_empty()).count();
    for name in theirs.properties.keys().filter(|name| !ours.contains_key(*name)) {
        ledger.differ(format!("{name}: we have no such action"));
    }
    for (name, definition) in &ours {
        let properties: Vec<String> = definition.properties.keys().cloned().collect();
        // Setting it does nothing on either side, so we do not keep it.
        let wanted = theirs.properties.get(name).cloned().unwrap_or_default();
        let wanted: Vec<String> = wanted.into_iter().filter(|name| name != "bantime").collect();
        ledger.compare(format!("{name}: properties"), &properties, &wanted);
        for (family, of, _) in FAMILIES {
            let Some(wanted) = theirs.commands.get(&format!("{name} {family}")) else {
                ledger.differ(format!("{name}: the original has no such action"));
                continue;
            };
            compare_commands(ledger, &format!("{name} {family}"), definition, of, &theirs, wanted);
        }
    }
    ledger.note(format!("{} actions, {commands} commands", names.len()));
}

/// A jail for each action as it is and with arguments, and for each of the ready-made combinations of `jail.conf`.
fn write_jails(stock: &Stock, names: &[String]) {
    let log = stock.log();
    let mut local = format!(
        "[DEFAULT]\nfilter = sshd\nenabled = true\nlogpath = {}\n",
        log.display()
    );
    for name in names {
        let arguments = "name=two, port=\"1,2\", protocol=udp, x='a b'";
        local.push_str(&format!("[a-{name}]\naction = {name}\n  {name}[{arguments}]\n"));
    }
    for ready in ["", "mw", "mwl", "xarf", "cf_mwl", "blocklist_de", "abuseipdb"] {
        let settings = "blocklist_de_apikey = k\ncfemail = m@example.org\ncfapikey = k\nabuseipdb_apikey = k";
        local.push_str(&format!("[v-{ready}]\naction = %(action_{ready})s\n{settings}\n"));
    }
    // Stock jails stay off, so that the file above alone says what is compared.
    let path = stock.path().join("jail.conf");
    let conf = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, conf.split("\n[sshd]").next().unwrap()).unwrap();
    std::fs::write(stock.path().join("jail.local"), local).unwrap();
}

/// Our actions by jail and name, as the daemon makes them of the stream.
fn definitions(stock: &Stock) -> BTreeMap<String, Definition> {
    let loaded = bantam_conf::load(stock.path(), &LoadOptions::default()).unwrap();
    let mut found: BTreeMap<String, Definition> = BTreeMap::new();
    for command in &loaded.stream {
        let word = |index: usize| command.words.get(index).and_then(Value::as_str).unwrap_or_default();
        let pairs = match (word(0), word(2), command.words.get(4)) {
            ("multi-set", "action", Some(Value::List(pairs))) => pairs.clone(),
            ("set", "action", Some(_)) => vec![Value::List(command.words[4..].to_vec())],
            _ => continue,
        };
        let definition = found.entry(format!("{} {}", word(1), word(3))).or_default();
        for pair in pairs {
            let Value::List(pair) = pair else { panic!("{pair:?}") };
            definition.set(text(&pair[0]), text(&pair[1])).unwrap();
        }
    }
    found
}

/// A word as the daemon takes it.
fn text(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Str(text) => text.clone(),
        other => repr(other),
    }
}

fn compare_commands(
    ledger: &mut Ledger,
    name: &str,
    definition: &Definition,
    family: Option<Family>,
    theirs: &Answer,
    wanted: &BTreeMap<String, Vec<String>>,
) {
    let (_, family_name) = name.rsplit_once(' ').unwrap();
    let empty = Values(theirs.values[""].clone());
    let surroundings = Surroundings {
        values: Some(Arc::new(empty)),
        ..Surroundings::default()
    };
    let shared = SharedDefinition::new(definition.clone());
    let mut action = Action::shared("conformance", "x".into(), shared, surroundings);
    let values = Values(theirs.values[family_name].clone());
    for option in OPTIONS {
        let ours = match action.command(option, family, &values) {
            Ok(command) => std::iter::once(command.text).chain(command.arguments).collect(),
            Err(error) => vec![error.to_string()],
        };
        ledger.compare(format!("{name}: {option}"), &ours, &wanted[option]);
    }
}

struct Values(BTreeMap<String, String>);

impl TagSource for Values {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        let captured = |group: &str| CAPTURES.iter().find(|(known, _)| *known == group);
        match name.strip_prefix("F-") {
            // An operation's ban is an empty one.
            Some(_) if self.0["ip"].is_empty() => None,
            Some("PORT") => captured("fport").map(|(_, value)| Cow::Borrowed(*value)),
            Some(group) => captured(&group.to_lowercase()).map(|(_, value)| Cow::Borrowed(*value)),
            None => self.0.get(name).map(|value| Cow::Borrowed(value.as_str())),
        }
    }
}
