//! `status`, of the server and of a jail.
use super::words::Words;
use super::{Answer, Failure, jail};
use crate::cymru::Origins;
use crate::live::LiveJail;
use crate::log::Module;
use crate::server::Server;
use bantam_detect::Id;
use bantam_wire::Value;
use bantam_wire::repr::repr;
use std::sync::Arc;

/// What of a jail is told, and how.
const FLAVORS: [&str; 4] = ["short", "basic", "stats", "cymru"];
/// Our own: as `basic`, and how far reading is behind.
const LAG: &str = "lag";

pub(super) fn status(server: &Server, words: Words<'_>) -> Answer {
    match words.len() {
        1 => Ok(overview(server)),
        2 | 3 => {
            let name = words.text(1)?;
            let flavor = if words.len() > 2 {
                words.text(2)?
            } else {
                "basic".to_owned()
            };
            if name == "--all" && flavor == "stats" {
                return Ok(statistics(server));
            }
            if name == "--all" {
                let mut rows = rows_of(overview(server));
                rows.push(each(server, &flavor));
                return Ok(Value::List(rows));
            }
            Ok(of_jail(server, &*jail(server, &name)?, &flavor))
        }
        _ => Err(Failure::invalid("Invalid command (no status)")),
    }
}

/// `stats`: the figures of all jails.
pub(super) fn statistics(server: &Server) -> Value {
    each(server, "stats")
}

/// Every jail's status by its name, in the order of names.
fn each(server: &Server, flavor: &str) -> Value {
    let mut jails = server.jails.all();
    jails.sort_by(|a, b| a.name.cmp(&b.name));
    let entry = |jail: &Arc<LiveJail>| (Value::from(jail.name.as_str()), of_jail(server, jail, flavor));
    Value::Dict(jails.iter().map(entry).collect())
}

fn rows_of(value: Value) -> Vec<Value> {
    match value {
        Value::List(rows) => rows,
        other => vec![other],
    }
}

fn overview(server: &Server) -> Value {
    let mut names: Vec<String> = server.jails.all().iter().map(|jail| jail.name.clone()).collect();
    names.sort();
    Value::List(vec![
        pair("Number of jail", Value::Int(count(names.len()))),
        pair("Jail list", Value::Str(names.join(", "))),
    ])
}

fn of_jail(server: &Server, jail: &LiveJail, flavor: &str) -> Value {
    if flavor != LAG && !FLAVORS.contains(&flavor) {
        let text = format!(
            "Unsupported extended jail status flavor {}. Supported: {}",
            repr(&Value::from(flavor)),
            repr(&Value::from(FLAVORS.to_vec()))
        );
        server.log.warning(Module::Actions, text);
    }
    let mut work = jail.work.lock();
    let (failed, failed_total) = (count(work.jail.currently_failed()), total(work.jail.total_failed()));
    let (banned, banned_total) = (count(work.jail.currently_banned()), total(work.jail.total_banned()));
    if flavor == "stats" {
        let figures = |now, all| Value::Tuple(vec![Value::Int(now), Value::Int(all)]);
        return Value::List(vec![
            Value::from(jail.backend_name()),
            figures(failed, failed_total),
            figures(banned, banned_total),
        ]);
    }
    let source = match &work.journal_match {
        Some(all) => {
            let texts: Vec<String> = all.alternatives.iter().map(|words| words.join(" ")).collect();
            pair("Journal matches", Value::List(vec![Value::Str(texts.join(" + "))]))
        }
        None => {
            let files = work.logs.iter().map(|log| Value::from(log.path.as_str())).collect();
            pair("File list", Value::List(files))
        }
    };
    let mut filter = vec![
        pair("Currently failed", Value::Int(failed)),
        pair("Total failed", Value::Int(failed_total)),
        source,
    ];
    if flavor == LAG {
        let seconds = jail.behind.time().as_secs();
        filter.push(pair("Bytes behind", Value::Int(total(jail.behind.bytes()))));
        filter.push(pair("Seconds behind", Value::Int(total(seconds))));
        filter.push(pair("Failures waiting", Value::Int(count(jail.aside.failures()))));
    }
    let mut actions = vec![
        pair("Currently banned", Value::Int(banned)),
        pair("Total banned", Value::Int(banned_total)),
    ];
    if flavor != "short" {
        let ids = work
            .jail
            .bans()
            .iter()
            .map(|ticket| Value::Str(ticket.id.to_string()))
            .collect();
        actions.push(pair("Banned IP list", Value::List(ids)));
    }
    // Name servers are asked without the jail's lock.
    let bans: Vec<Id> = match flavor {
        "cymru" => work
            .jail
            .bans()
            .iter()
            .map(|ban| ban.ip.as_ref().unwrap_or(&ban.id).clone())
            .collect(),
        _ => Vec::new(),
    };
    drop(work);
    if flavor == "cymru" {
        let origins = Origins::of(&bans, &server.log);
        actions.extend([
            pair("Banned ASN list", origins.asn.into()),
            pair("Banned Country list", origins.country.into()),
            pair("Banned RIR list", origins.rir.into()),
        ]);
    }
    Value::List(vec![
        pair("Filter", Value::List(filter)),
        pair("Actions", Value::List(actions)),
    ])
}

fn pair(name: &str, value: Value) -> Value {
    Value::Tuple(vec![Value::from(name), value])
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn total(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
