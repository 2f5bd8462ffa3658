//! The counting rule and the life of a ban, by hand-made vectors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use bantam_jail::{
    Count, Evidence, Failure, Id, Increment, Jail, MatchedLine, Options, PastBans, Ruling, Ticket, Time,
};
use std::collections::BTreeMap;
use std::sync::Arc;

fn options() -> Options {
    Options {
        maxretry: 5,
        findtime: 600.0,
        bantime: 600.0,
        maxmatches: 5,
        increment: Increment::default(),
    }
}

fn failure(id: &str, time: f64) -> Failure {
    Failure {
        id: Id::parse(id),
        time: Time::from_secs_f64(time),
        zoned: false,
        attempts: 1,
        evidence: Evidence::of_lines(vec![MatchedLine {
            before: String::new(),
            date: String::new(),
            after: format!("line at {time}"),
        }]),
    }
}

fn fail(jail: &mut Jail, id: &str, time: f64) -> Ruling {
    jail.failed(failure(id, time), None, Time::from_secs_f64(time), &mut || 0.5)
}

fn attempts(rulings: impl IntoIterator<Item = Ruling>) -> Vec<u32> {
    rulings
        .into_iter()
        .map(|ruling| match ruling {
            Ruling::Counted { attempts, .. } => attempts,
            Ruling::Ban(ticket) => 100 + ticket.attempts,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn ban(ruling: Ruling) -> Arc<Ticket> {
    match ruling {
        Ruling::Ban(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn counts(times: &[f64]) -> Vec<u32> {
    let mut jail = Jail::new(options());
    attempts(times.iter().map(|time| fail(&mut jail, "192.0.2.1", *time)))
}

#[test]
fn failures_spread_over_more_than_findtime_still_reach_the_limit_by_their_rate() {
    assert_eq!(counts(&[0.0, 1.0, 2.0, 300.0, 610.0]), [1, 2, 3, 4, 105]);
}

#[test]
fn a_rate_below_the_limit_never_bans() {
    assert_eq!(counts(&[0.0, 1.0, 2.0, 590.0, 1180.0]), [1, 2, 3, 4, 3]);
    let every_200_s: Vec<f64> = (0..50).map(|step| f64::from(step) * 200.0).collect();
    assert!(counts(&every_200_s)[4..].iter().all(|count| *count == 4));
}

#[test]
fn a_line_older_than_the_last_counts_without_moving_the_window() {
    assert_eq!(counts(&[1000.0, 1.0, 999.0, 1000.0]), [1, 2, 3, 4]);
}

#[test]
fn a_counter_is_forgotten_when_its_last_failure_leaves_the_window() {
    let mut jail = Jail::new(options());
    fail(&mut jail, "192.0.2.1", 0.0);
    fail(&mut jail, "192.0.2.2", 10.0);
    jail.forget_old(Time::from_secs(599));
    assert_eq!(jail.currently_failed(), 2);
    jail.forget_old(Time::from_secs(600));
    assert_eq!(jail.currently_failed(), 1);
    jail.forget_old(Time::from_secs(610));
    assert_eq!(jail.currently_failed(), 0);
    assert_eq!(jail.total_failed(), 2);
}

#[test]
fn a_ban_begins_at_its_last_failure_and_holds_the_newest_lines() {
    let mut jail = Jail::new(Options {
        maxmatches: 2,
        maxretry: 3,
        ..options()
    });
    for time in [10.0, 20.0] {
        fail(&mut jail, "192.0.2.1", time);
    }
    let ticket = ban(jail.failed(failure("192.0.2.1", 30.0), None, Time::from_secs(100), &mut || 0.5));
    assert_eq!(ticket.time, Time::from_secs(30));
    assert_eq!(ticket.ends(), Some(Time::from_secs(630)));
    assert_eq!((ticket.attempts, ticket.bancount), (3, 1));
    let lines: Vec<String> = ticket.matches.iter().map(MatchedLine::text).collect();
    assert_eq!(lines, ["line at 20", "line at 30"]);
    assert_eq!(jail.next_end(), Some(Time::from_secs(630)));
    assert!(jail.expire(Time::from_secs(630)).is_empty());
    assert_eq!(jail.expire(Time::from_nanos(630_000_000_001)), [ticket]);
}

#[test]
fn a_ban_that_would_be_over_is_dropped() {
    let mut jail = Jail::new(Options {
        maxretry: 1,
        ..options()
    });
    let ruling = jail.failed(failure("192.0.2.1", 0.0), None, Time::from_secs(601), &mut || 0.5);
    assert_eq!(ruling, Ruling::Expired);
    assert_eq!(jail.currently_banned(), 0);
    assert_eq!(jail.currently_failed(), 0);
}

#[test]
fn who_fails_on_while_banned_stays_banned_longer() {
    let mut jail = Jail::new(Options {
        maxretry: 1,
        ..options()
    });
    fail(&mut jail, "192.0.2.1", 0.0);
    assert_eq!(
        fail(&mut jail, "192.0.2.1", 50.0),
        Ruling::AlreadyBanned { after: 50.0 }
    );
    assert!(jail.next_end() <= Some(Time::from_secs(650)));
    assert!(jail.expire(Time::from_secs(650)).is_empty());
    assert_eq!(jail.next_end(), Some(Time::from_secs(650)));
    let end = jail.banned(&Id::parse("192.0.2.1")).and_then(Ticket::ends);
    assert_eq!(end, Some(Time::from_secs(650)));
    assert_eq!(jail.total_banned(), 1);
    assert_eq!(
        jail.ban(Id::parse("192.0.2.1"), None, Time::from_secs(60), &mut || 0.5),
        None
    );
    assert!(jail.expire(Time::from_secs(660)).is_empty());
    assert_eq!(jail.next_end(), Some(Time::from_secs(660)));
    let ends: Vec<_> = jail.bans_by_end().iter().map(|ticket| ticket.ends()).collect();
    assert_eq!(ends, [Some(Time::from_secs(660))]);
    let lifted = jail.expire(Time::from_nanos(660_000_000_001));
    assert_eq!(
        lifted.first().and_then(|ticket| ticket.ends()),
        Some(Time::from_secs(660))
    );
    assert_eq!((lifted.len(), jail.next_end()), (1, None));
}

#[test]
fn known_offenders_reach_the_limit_with_fewer_failures() {
    let past = |count| {
        Some(PastBans {
            count,
            last: Time::from_secs(0),
            last_bantime: 600.0,
        })
    };
    let series = |count| {
        let mut jail = Jail::new(Options {
            maxretry: 6,
            increment: Increment {
                enabled: true,
                ..Increment::default()
            },
            ..options()
        });
        let mut failures = 0;
        loop {
            failures += 1;
            let at = Time::from_secs(1000);
            match jail.failed(failure("192.0.2.1", 1000.0), past(count), at, &mut || 0.5) {
                Ruling::Counted { .. } => {}
                Ruling::Ban(ticket) => return (failures, ticket.bancount, ticket.bantime),
                other => panic!("{other:?}"),
            }
        }
    };
    assert_eq!(series(0), (6, 1, 600.0));
    assert_eq!(series(1), (3, 2, 1200.0));
    assert_eq!(series(2), (2, 3, 2400.0));
    assert_eq!(series(3), (2, 4, 4800.0));
    assert_eq!(series(4), (1, 5, 9600.0));
}

#[test]
fn lists_keep_the_order_of_banning_and_the_order_of_ending() {
    let mut jail = Jail::new(Options {
        maxretry: 1,
        ..options()
    });
    let now = Time::from_secs(100);
    for (id, time) in [("192.0.2.3", 50.0), ("192.0.2.1", 70.0), ("192.0.2.2", 60.0)] {
        jail.failed(failure(id, time), None, now, &mut || 0.5);
    }
    let ids =
        |tickets: Vec<&Arc<Ticket>>| -> Vec<String> { tickets.iter().map(|ticket| ticket.id.to_string()).collect() };
    assert_eq!(ids(jail.bans()), ["192.0.2.3", "192.0.2.1", "192.0.2.2"]);
    assert_eq!(ids(jail.bans_by_end()), ["192.0.2.3", "192.0.2.2", "192.0.2.1"]);
    jail.unban(&Id::parse("192.0.2.3"));
    jail.failed(failure("192.0.2.3", 80.0), None, now, &mut || 0.5);
    assert_eq!(ids(jail.bans()), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
}

#[test]
fn unbanning_a_network_lifts_what_lies_in_it() {
    let mut jail = Jail::new(options());
    let now = Time::from_secs(0);
    for id in ["10.0.0.1", "10.0.1.1", "10.0.0.0/30", "bob"] {
        assert!(jail.ban(Id::parse(id), None, now, &mut || 0.5).is_some());
    }
    let lifted = jail.unban(&Id::parse("10.0.0.0/24"));
    let lifted: Vec<String> = lifted.iter().map(|ticket| ticket.id.to_string()).collect();
    assert_eq!(lifted, ["10.0.0.1", "10.0.0.0/30"]);
    assert!(jail.unban(&Id::parse("10.0.0.1")).is_empty());
    assert_eq!(jail.unban(&Id::parse("bob")).len(), 1);
    assert_eq!(jail.unban_all().len(), 1);
    assert_eq!(jail.next_end(), None);
}

#[test]
fn bans_without_a_time_of_their_own_follow_a_changed_bantime() {
    let mut jail = Jail::new(options());
    let now = Time::from_secs(0);
    jail.ban(Id::parse("10.0.0.1"), None, now, &mut || 0.5);
    jail.options_mut().bantime = 60.0;
    let lifted = jail.expire(Time::from_secs(61));
    assert_eq!(lifted.len(), 1);
}

fn old_ban(bantime: f64) -> Ticket {
    let mut jail = Jail::new(options());
    let now = Time::from_secs(0);
    let ticket = jail.ban(Id::parse("10.0.0.1"), None, now, &mut || 0.5).unwrap();
    Ticket {
        bantime,
        ..Ticket::clone(&ticket)
    }
}

fn restored(options: Options, bantime: f64, now: i64) -> Option<f64> {
    let ticket = Jail::new(options).restore(old_ban(bantime), Time::from_secs(now))?;
    assert!(ticket.restored);
    Some(ticket.bantime)
}

#[test]
fn restored_bans_are_cut_to_what_the_jail_allows_now() {
    assert_eq!(restored(options(), 300.0, 100), Some(300.0));
    assert_eq!(restored(options(), 300.0, 300), None);
    assert_eq!(restored(options(), 9000.0, 100), Some(600.0));
    assert_eq!(restored(options(), -1.0, 100), Some(600.0));
    assert_eq!(restored(options(), 9000.0, 600), None);
    assert_eq!(restored(options(), -2.0, 100), Some(600.0));
    let permanent = Options {
        bantime: -1.0,
        ..options()
    };
    assert_eq!(restored(permanent.clone(), 9000.0, 100), Some(9000.0));
    assert_eq!(restored(permanent, -1.0, 100), Some(-1.0));
    let growing = |maxtime| Options {
        increment: Increment {
            enabled: true,
            maxtime,
            ..Increment::default()
        },
        ..options()
    };
    assert_eq!(restored(growing(None), 9000.0, 700), Some(9000.0));
    assert_eq!(restored(growing(None), -1.0, 700), Some(-1.0));
    assert_eq!(restored(growing(Some(1000.0)), 9000.0, 700), Some(1000.0));
    assert_eq!(restored(growing(Some(1000.0)), -1.0, 700), Some(1000.0));
    assert_eq!(restored(growing(Some(1000.0)), 9000.0, 1000), None);
}

#[test]
fn only_changed_counters_are_told_and_a_counter_goes_on_after_a_restart() {
    let mut jail = Jail::new(options());
    fail(&mut jail, "192.0.2.1", 0.0);
    fail(&mut jail, "192.0.2.1", 1.0);
    fail(&mut jail, "192.0.2.2", 2.0);
    let first = Count {
        attempts: 2,
        first: Time::from_secs(0),
        last: Time::from_secs(1),
    };
    let second = Count {
        attempts: 1,
        first: Time::from_secs(2),
        last: Time::from_secs(2),
    };
    let (one, two) = (Id::parse("192.0.2.1"), Id::parse("192.0.2.2"));
    assert_eq!(
        changes(&mut jail),
        [(one.clone(), Some(first)), (two.clone(), Some(second))]
    );
    assert_eq!(changes(&mut jail), []);
    jail.forget_old(Time::from_secs(601));
    assert_eq!(changes(&mut jail), [(one.clone(), None)]);
    let mut all = Vec::new();
    jail.all_counters(&mut |id, count| all.push((id.clone(), count)));
    assert_eq!(all, [(two, Some(second))]);

    let mut jail = Jail::new(options());
    jail.restore_counter(one.clone(), Some(first));
    assert_eq!(changes(&mut jail), []);
    for time in [2.0, 3.0] {
        fail(&mut jail, "192.0.2.1", time);
    }
    assert_eq!(ban(fail(&mut jail, "192.0.2.1", 4.0)).attempts, 5);
    assert_eq!(changes(&mut jail), [(one.clone(), None)]);
    jail.restore_counter(one.clone(), Some(first));
    jail.restore_counter(one.clone(), None);
    assert_eq!(jail.currently_failed(), 0);
}

fn changes(jail: &mut Jail) -> Vec<(Id, Option<Count>)> {
    let mut changes = Vec::new();
    jail.changed_counters(&mut |id, count| changes.push((id.clone(), count)));
    changes
}

#[test]
fn what_changed_is_told_whatever_is_forgotten_and_begun_meanwhile() {
    let mut jail = Jail::new(options());
    let mut told = BTreeMap::new();
    let client = |number: u32| Id::single(std::net::Ipv4Addr::from_bits(number).into());
    for step in 0..20_000u32 {
        // Few at first and at the end, and many in between, so that room is made and given back.
        let clients = if (5_000..10_000).contains(&step) { 4_000 } else { 30 };
        let mut failure = failure("192.0.2.1", f64::from(step) / 10.0);
        failure.id = client(step.wrapping_mul(0x9e37_79b9) >> 7 & 0xffff & (clients - 1) | (step % 7) << 16);
        let now = failure.time;
        jail.failed(failure, None, now, &mut || 0.5);
        jail.forget_old(now);
        if step % 13 == 0 {
            jail.changed_counters(&mut |id, count| match count {
                Some(count) => _ = told.insert(id.clone(), count),
                None => assert!(told.remove(id).is_some(), "{id} was never told"),
            });
            assert_eq!(told.len(), jail.currently_failed());
        }
    }
    jail.changed_counters(&mut |id, count| match count {
        Some(count) => _ = told.insert(id.clone(), count),
        None => _ = told.remove(id),
    });
    let mut all = BTreeMap::new();
    jail.all_counters(&mut |id, count| {
        all.insert(id.clone(), count.expect("it stands"));
    });
    assert_eq!(all, told);
    assert!(all.len() > 20);
}

#[test]
fn hundreds_of_thousands_of_clients_fit_and_forgetting_none_costs_nothing() {
    let mut jail = Jail::new(options());
    let now = Time::from_secs(1000);
    for client in 0..200_000u32 {
        let mut failure = failure("192.0.2.1", 1000.0);
        failure.id = Id::single(std::net::Ipv4Addr::from_bits(client).into());
        jail.failed(failure, None, now, &mut || 0.5);
    }
    assert_eq!(jail.currently_failed(), 200_000);
    let start = std::time::Instant::now();
    for _ in 0..100_000 {
        jail.forget_old(now);
    }
    // A scan of all clients takes longer than this by itself, a hundred thousand times.
    assert!(start.elapsed().as_secs() < 5);
    jail.forget_old(Time::from_secs(1600));
    assert_eq!(jail.currently_failed(), 0);
}
