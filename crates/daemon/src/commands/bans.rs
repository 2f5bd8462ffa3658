//! Banning and unbanning by hand, and asking who is banned.
use super::words::Words;
use super::{Answer, Failure};
use crate::clock;
use crate::live::LiveJail;
use crate::log::{Level, Module};
use crate::server::Server;
use crate::text;
use bantam_detect::{Id, Time};
use bantam_jail::Ticket;
use bantam_wire::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `banned [IP …]`: who is banned where.
pub(super) fn banned(server: &Server, words: Words<'_>) -> Answer {
    let ids = words.texts(1)?;
    let jails = server.jails.all();
    if ids.is_empty() {
        let lists = jails
            .iter()
            .map(|jail| Value::Dict(vec![(Value::from(jail.name.as_str()), banned_ids(jail))]));
        return Ok(Value::List(lists.collect()));
    }
    let of_id = |text: &String| {
        let id = Id::parse(text);
        let names = jails.iter().filter(|jail| jail.work.lock().jail.banned(&id).is_some());
        Value::List(names.map(|jail| Value::from(jail.name.as_str())).collect())
    };
    Ok(Value::List(ids.iter().map(of_id).collect()))
}

/// `get JAIL banned [IP …]`: the list, or for each id whether it is banned.
pub(super) fn banned_in(jail: &LiveJail, ids: &[String]) -> Value {
    let truth = |text: &String| Value::Int(i64::from(jail.work.lock().jail.banned(&Id::parse(text)).is_some()));
    match ids {
        [] => banned_ids(jail),
        [one] => truth(one),
        many => Value::List(many.iter().map(truth).collect()),
    }
}

/// `get JAIL banip [--with-time]`: by the end of the ban.
pub(super) fn by_end(jail: &LiveJail, with_time: bool) -> Value {
    let mut work = jail.work.lock();
    let mut bans = work.jail.bans();
    bans.sort_by_key(|ticket| ticket.ends().map_or(i64::MAX, |end| end.nanos()));
    let line = |ticket: &&Arc<Ticket>| {
        if !with_time {
            return Value::Str(ticket.id.to_string());
        }
        let (start, seconds) = (text::local(ticket.time), ticket.bantime as i64);
        let end = ticket
            .ends()
            .map_or_else(|| "9999-12-31 23:59:59".to_owned(), text::local);
        let seconds = seconds.max(-1);
        Value::Str(format!("{} \t{start} + {seconds} = {end}", ticket.id))
    };
    Value::List(bans.iter().map(line).collect())
}

fn banned_ids(jail: &LiveJail) -> Value {
    let mut work = jail.work.lock();
    Value::List(
        work.jail
            .bans()
            .iter()
            .map(|ticket| Value::Str(ticket.id.to_string()))
            .collect(),
    )
}

/// `set JAIL banip IP …`: how many are newly banned.
pub(super) fn ban(server: &Server, jail: &Arc<LiveJail>, ids: &[String]) -> Answer {
    let mut count = 0;
    for text in ids {
        let id = Id::parse(text);
        let now = clock::now();
        let mut work = jail.work.lock();
        let past = server.judge.known(jail, &work, &id).growing;
        let base = work.jail.options().bantime;
        if let Some(ticket) = work.jail.ban(id.clone(), past, now, &mut clock::luck) {
            server.judge.ban(jail, ticket, past, base);
            count += 1;
        } else {
            server.log.say(
                Level::NOTICE,
                Module::Actions,
                &format!("[{}] {id} already banned", jail.name),
            );
        }
    }
    wake(server);
    Ok(Value::Int(count))
}

/// `set JAIL unbanip [--report-absent] IP …`
pub(super) fn unban_in(server: &Server, jail: &Arc<LiveJail>, words: &[String]) -> Answer {
    let (report, ids) = match words {
        [first, rest @ ..] if first == "--report-absent" => (true, rest),
        all => (false, all),
    };
    let (mut count, mut absent) = (0, Vec::new());
    for text in ids {
        match lift(server, jail, text) {
            0 => absent.push(text.clone()),
            lifted => count += lifted,
        }
    }
    if report && !absent.is_empty() {
        let list: Vec<Value> = absent.into_iter().map(Value::Str).collect();
        return Err(Failure::value(format!(
            "not banned: {}",
            bantam_wire::repr::repr(&Value::List(list))
        )));
    }
    Ok(Value::Int(count))
}

/// `unban --all`, `unban IP …`: in every jail.
pub(super) fn unban(server: &Server, words: Words<'_>) -> Answer {
    let ids = words.texts(1)?;
    if ids.is_empty() {
        return Err(Failure::invalid("Invalid command"));
    }
    let mut count: i64 = 0;
    for jail in server.jails.all() {
        if ids == ["--all"] {
            count += i64::try_from(server.unban_all_of(&jail)).unwrap_or(i64::MAX);
        } else {
            count += ids.iter().map(|text| lift(server, &jail, text)).sum::<i64>();
        }
    }
    Ok(Value::Int(count))
}

/// Lifts what an id, a network or a name covers, and forgets it; how many bans there were.
fn lift(server: &Server, jail: &Arc<LiveJail>, text: &str) -> i64 {
    let id = Id::parse(text);
    let mut lifted = jail.work.lock().jail.unban(&id);
    if let (true, Id::Raw(name)) = (lifted.is_empty(), &id) {
        let addresses = bantam_detect::Resolver::addresses(&mut *server.judge.names.lock(), name);
        let mut work = jail.work.lock();
        lifted = addresses
            .into_iter()
            .flat_map(|address| work.jail.unban(&Id::Ip(address)))
            .collect();
    }
    if !lifted.is_empty() {
        // Lines that led to the ban must not lead to it again should this process end now.
        crate::reading::save_progress(&server.judge, std::slice::from_ref(jail));
    }
    // What the database remembers goes even when nothing stands: an unban by hand is a clean slate.
    let mut forget: Vec<Id> = lifted.iter().map(|ticket| ticket.id.clone()).collect();
    forget.push(id.clone());
    server.records.remove_bans(Some(&jail.name), Some(&forget));
    if lifted.is_empty() {
        server
            .log
            .say(Level::MSG, Module::Actions, &format!("{id} is not banned"));
    }
    let count = i64::try_from(lifted.len()).unwrap_or(i64::MAX);
    for ticket in lifted {
        server.judge.lift(jail, ticket, "Unban");
    }
    count
}

/// `set JAIL attempt IP [LINE …]`: counts as failures by hand.
pub(super) fn attempt(server: &Server, jail: &Arc<LiveJail>, words: &[String]) -> Answer {
    let [address, lines @ ..] = words else {
        return Err(Failure::plain("IndexError", "list index out of range"));
    };
    let (id, now) = (Id::parse(address), clock::now());
    let ticket = || ticket_of(&id, lines.len(), now);
    if server.judge.is_left_alone(jail, &id, &ticket, now) {
        return Ok(Value::Int(0));
    }
    let mut work = jail.work.lock();
    server.log.info(
        Module::Filter,
        format!("[{}] Attempt {id} - {}", jail.name, text::local(now)),
    );
    server.judge.attempt(jail, &mut work, id, lines.to_vec(), now);
    drop(work);
    wake(server);
    Ok(Value::Int(1))
}

/// What the ignore checks may ask of an attempt.
fn ticket_of(id: &Id, attempts: usize, now: Time) -> Ticket {
    Ticket {
        id: id.clone(),
        ip: None,
        time: now,
        zoned: false,
        bantime: 0.0,
        bancount: 0,
        attempts: u32::try_from(attempts.max(1)).unwrap_or(u32::MAX),
        matches: Vec::new(),
        captures: BTreeMap::new(),
        users: Vec::new(),
        restored: false,
    }
}

/// A new ban may end before the reading thread meant to wake.
fn wake(server: &Server) {
    if let Some(reading) = &*server.reading.lock() {
        reading.wake();
    }
}
