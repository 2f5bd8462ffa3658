//! Jails that count together rule as each would alone, whatever else befalls them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use bantam_jail::{Count, Evidence, Failure, Id, Increment, Jail, Known, MatchedLine, Options, Ruling, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What befalls the jails, one after the other.
#[derive(Debug, Clone)]
enum Step {
    /// A block of failures: client, seconds that pass before, how many lines it has.
    Failures(Vec<(u8, u16, usize)>),
    /// Counters are forgotten.
    Forget,
    /// What changed in a jail is written down; all of it, or what is new.
    Write(usize, bool),
    /// Somebody is reported to one jail by hand.
    Attempt(usize, u8),
    /// A ban is lifted in one jail.
    Unban(usize, u8),
    /// One jail keeps another number of lines.
    Keep(usize, usize),
    /// One jail forgets after another time.
    Findtime(usize, u16),
    /// A counter is told as before a restart.
    Restore(usize, u8, Option<u32>),
    /// One jail ends and begins anew.
    Begin(usize),
    /// Those who can count together from now on.
    Unite,
}

fn step() -> impl Strategy<Value = Step> {
    let failure = (0u8..6, prop_oneof![6 => 0u16..4, 1 => 0u16..120], 0usize..3);
    let jail = 0usize..4;
    prop_oneof![
        12 => prop::collection::vec(failure, 1..12).prop_map(Step::Failures),
        3 => Just(Step::Forget),
        4 => (jail.clone(), any::<bool>()).prop_map(|(jail, all)| Step::Write(jail, all)),
        1 => (jail.clone(), 0u8..6).prop_map(|(jail, client)| Step::Attempt(jail, client)),
        1 => (jail.clone(), 0u8..6).prop_map(|(jail, client)| Step::Unban(jail, client)),
        1 => (jail.clone(), 0usize..4).prop_map(|(jail, most)| Step::Keep(jail, most)),
        1 => (jail.clone(), 20u16..90).prop_map(|(jail, findtime)| Step::Findtime(jail, findtime)),
        1 => (jail.clone(), 0u8..6, prop::option::of(1u32..4))
            .prop_map(|(jail, client, count)| Step::Restore(jail, client, count)),
        1 => jail.prop_map(Step::Begin),
        3 => Just(Step::Unite),
    ]
}

fn id(client: u8) -> Id {
    Id::parse(&format!("192.0.2.{client}"))
}

fn options(maxretry: u32, maxmatches: usize) -> Options {
    Options {
        maxretry,
        findtime: 60.0,
        bantime: 40.0,
        maxmatches,
        increment: Increment::default(),
    }
}

/// The jails, what the database would hold of each, and the clock.
struct World {
    jails: Vec<Jail>,
    limits: Vec<(u32, usize)>,
    written: Vec<BTreeMap<Id, Count>>,
    now: f64,
    lines: u32,
    /// They may count together.
    together: bool,
    united: usize,
}

impl World {
    fn new(limits: &[(u32, usize)], together: bool) -> Self {
        World {
            jails: limits
                .iter()
                .map(|&(retry, most)| Jail::new(options(retry, most)))
                .collect(),
            limits: limits.to_vec(),
            written: vec![BTreeMap::new(); limits.len()],
            now: 1_000.0,
            lines: 0,
            together,
            united: 0,
        }
    }

    fn time(&self) -> Time {
        Time::from_secs_f64(self.now)
    }

    fn failure(&mut self, client: u8, lines: usize) -> Failure {
        let line = |_| {
            self.lines += 1;
            MatchedLine {
                after: format!("line {} of {client}", self.lines),
                ..MatchedLine::default()
            }
        };
        let lines: Vec<MatchedLine> = (0..lines).map(line).collect();
        let captures = BTreeMap::from([("user".to_owned(), format!("u{}", self.lines))]);
        Failure {
            id: id(client),
            time: self.time(),
            zoned: self.lines.is_multiple_of(2),
            attempts: 1 + u32::from(self.lines % 7 == 6),
            evidence: Evidence::new(lines, captures, Vec::new(), None),
        }
    }

    /// What came of it, jail by jail.
    fn take(&mut self, step: &Step) -> Vec<Vec<Ruling>> {
        let count = self.jails.len();
        let mut rulings = vec![Vec::new(); count];
        match step {
            Step::Failures(failures) => {
                let failures: Vec<Failure> = failures
                    .iter()
                    .map(|(client, passed, lines)| {
                        self.now += f64::from(*passed);
                        self.failure(*client, *lines)
                    })
                    .collect();
                self.count(&failures, &mut rulings);
            }
            Step::Forget => {
                let now = self.time();
                self.jails.iter_mut().for_each(|jail| {
                    jail.forget_old(now);
                    jail.expire(now);
                });
            }
            Step::Write(jail, all) => self.write(jail % count, *all),
            Step::Attempt(jail, client) => {
                let (jail, now) = (jail % count, self.time());
                let ruling = self.jails[jail].attempted(
                    id(*client),
                    vec!["by hand".to_owned()],
                    Known::default(),
                    now,
                    &mut || 0.5,
                );
                rulings[jail].push(ruling);
            }
            Step::Unban(jail, client) => drop(self.jails[jail % count].unban(&id(*client))),
            Step::Keep(jail, most) => self.jails[jail % count].options_mut().maxmatches = *most,
            Step::Findtime(jail, findtime) => {
                self.jails[jail % count].options_mut().findtime = f64::from(*findtime);
            }
            Step::Restore(jail, client, attempts) => {
                let now = self.time();
                let restored = attempts.map(|attempts| Count {
                    attempts,
                    first: now,
                    last: now,
                });
                let (jail, id) = (jail % count, id(*client));
                // It is what the database holds.
                match restored {
                    Some(count) => _ = self.written[jail].insert(id.clone(), count),
                    None => _ = self.written[jail].remove(&id),
                }
                self.jails[jail].restore_counter(id, restored);
            }
            Step::Begin(jail) => {
                let jail = jail % count;
                let (retry, most) = self.limits[jail];
                self.jails[jail] = Jail::new(options(retry, most));
                self.written[jail].clear();
            }
            Step::Unite => {
                if self.together {
                    let mut jails: Vec<&mut Jail> = self.jails.iter_mut().collect();
                    self.united += usize::from(Jail::unite(&mut jails));
                }
            }
        }
        rulings
    }

    fn count(&mut self, failures: &[Failure], rulings: &mut [Vec<Ruling>]) {
        let now = self.time();
        let mut jails: Vec<&mut Jail> = self.jails.iter_mut().collect();
        for company in Jail::companies(&mut jails) {
            let mut together: Vec<&mut Jail> = Vec::new();
            for (index, jail) in jails.iter_mut().enumerate() {
                if company.contains(&index) {
                    together.push(jail);
                }
            }
            if company.len() > 1 {
                let mut tell = |jail: usize, _: &Id, ruling: Ruling| rulings[company[jail]].push(ruling);
                Jail::count_together(&mut together, failures.iter(), now, &mut || 0.5, &mut tell);
                continue;
            }
            for failure in failures {
                let ruling = together[0].failed(failure.clone(), None, now, &mut || 0.5);
                if !matches!(ruling, Ruling::Counted { .. }) {
                    rulings[company[0]].push(ruling);
                }
            }
        }
    }

    fn write(&mut self, jail: usize, all: bool) {
        let written = &mut self.written[jail];
        if all {
            written.clear();
        }
        let mut tell = |id: &Id, count: Option<Count>| match count {
            Some(count) => _ = written.insert(id.clone(), count),
            None => _ = written.remove(id),
        };
        match all {
            true => self.jails[jail].all_counters(&mut tell),
            false => self.jails[jail].changed_counters(&mut tell),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn jails_that_count_together_rule_as_each_would_alone(
        limits in prop::collection::vec((1u32..7, 0usize..4), 2..5),
        first in prop::bool::weighted(0.8),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let (mut together, mut alone) = (World::new(&limits, true), World::new(&limits, false));
        let steps = first.then_some(Step::Unite).into_iter().chain(steps);
        for step in steps {
            prop_assert_eq!(together.take(&step), alone.take(&step), "{:?}", step);
            for (jail, other) in together.jails.iter_mut().zip(&mut alone.jails) {
                prop_assert_eq!(jail.currently_failed(), other.currently_failed());
                prop_assert_eq!(jail.total_failed(), other.total_failed());
                prop_assert_eq!(jail.total_banned(), other.total_banned());
                prop_assert_eq!(jail.bans(), other.bans());
            }
        }
        for jail in 0..limits.len() {
            together.write(jail, false);
            alone.write(jail, false);
            let written = together.written[jail].clone();
            prop_assert_eq!(&written, &alone.written[jail], "what was written of jail {}", jail);
            together.write(jail, true);
            prop_assert_eq!(&together.written[jail], &written, "all of jail {}", jail);
        }
    }
}

#[test]
fn who_is_banned_by_one_jail_is_counted_on_by_the_others_with_all_lines() {
    let mut world = World::new(&[(2, 5), (4, 5)], true);
    world.take(&Step::Unite);
    assert_eq!(world.united, 1);
    let rulings = world.take(&Step::Failures(vec![(1, 1, 1); 3]));
    let ban = |rulings: &[Ruling]| match rulings {
        [Ruling::Ban(ticket)] => ticket.matches.len(),
        _ => 0,
    };
    assert_eq!((ban(&rulings[0]), rulings[1].len()), (2, 0));
    let rulings = world.take(&Step::Failures(vec![(1, 1, 1); 1]));
    assert_eq!(ban(&rulings[1]), 4);
}

#[test]
fn jails_with_lines_do_not_join_and_one_that_counts_by_itself_goes() {
    let mut world = World::new(&[(5, 5), (5, 5)], true);
    world.take(&Step::Failures(vec![(1, 1, 1)]));
    world.take(&Step::Unite);
    assert_eq!(world.united, 0);
    for jail in [0, 1] {
        world.take(&Step::Begin(jail));
    }
    world.take(&Step::Unite);
    assert_eq!(world.united, 1);
    let companies = |world: &mut World| Jail::companies(&mut world.jails.iter_mut().collect::<Vec<_>>()).len();
    assert_eq!(companies(&mut world), 1);
    world.take(&Step::Attempt(0, 1));
    assert_eq!(companies(&mut world), 2);
}

#[test]
fn a_jail_whose_companions_are_gone_has_no_lines_but_its_own() {
    let limits = [(2, 0), (2, 1)];
    let (mut together, mut alone) = (World::new(&limits, true), World::new(&limits, false));
    let steps = [
        Step::Unite,
        Step::Failures(vec![(1, 0, 0), (1, 1, 1)]),
        Step::Failures(vec![(2, 0, 1)]),
        Step::Keep(0, 1),
        Step::Begin(1),
        Step::Failures(vec![(2, 1, 0)]),
    ];
    for step in steps {
        assert_eq!(together.take(&step), alone.take(&step), "{step:?}");
    }
    // And one that goes while the others stay.
    for keep in [0, 2] {
        let limits = [(3, keep), (3, 3)];
        let (mut together, mut alone) = (World::new(&limits, true), World::new(&limits, false));
        let steps = [
            Step::Unite,
            Step::Failures(vec![(1, 0, 1), (1, 1, 2)]),
            Step::Keep(0, 3),
            Step::Failures(vec![(1, 1, 1)]),
        ];
        for step in steps {
            assert_eq!(together.take(&step), alone.take(&step), "{step:?}");
        }
    }
}
