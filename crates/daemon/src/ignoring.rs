//! Whether somebody who failed is to be left alone: own addresses, `ignoreip`, `ignorecommand`, in the original's order.
use crate::judge::Judge;
use crate::live::{LiveJail, Work};
use crate::log::Module;
use crate::names::Names;
use crate::values::BanValues;
use bantam_detect::{Failure, Id, Resolver as _, Time};
use bantam_enforce::{run, substitute};
use bantam_jail::{IgnoreList, IgnoredBy, Lookups, Ticket};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A command that decides may take so long.
const COMMAND_TIME: Duration = Duration::from_secs(60);

/// Files that `ignoreip` names, read when they change.
#[derive(Debug, Default)]
pub struct IgnoreFiles {
    known: HashMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    looked: Instant,
    changed: Option<SystemTime>,
    list: Option<Arc<IgnoreList>>,
}

impl IgnoreFiles {
    fn list(&mut self, path: &str) -> Option<Arc<IgnoreList>> {
        if let Some(known) = self.known.get(path) {
            // A file that can't be read is tried again less often than one that may have changed.
            let again = Duration::from_secs(if known.list.is_some() { 1 } else { 60 });
            if known.looked.elapsed() < again {
                return known.list.clone();
            }
        }
        let changed = std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
        let list = match self.known.get(path) {
            Some(known) if known.list.is_some() && known.changed == changed => known.list.clone(),
            _ => std::fs::read_to_string(path)
                .ok()
                .map(|text| Arc::new(IgnoreList::from_file_text(&text))),
        };
        self.known.insert(
            path.to_owned(),
            Known {
                looked: Instant::now(),
                changed,
                list: list.clone(),
            },
        );
        list
    }
}

/// What is known at once of whether somebody is to be left alone.
pub(crate) enum Verdict {
    Ignored,
    Counts,
    /// `ignorecommand` is to be asked.
    Ask(Box<Question>),
}

/// What is to be asked, and what the answer is remembered by.
pub(crate) struct Question {
    command: String,
    ticket: Ticket,
    key: Option<String>,
}

/// A verdict after all has been asked.
pub(crate) enum Answered {
    Known(bool),
    /// Why the command says so, if it does; and what that is remembered by.
    By(Option<String>, Option<String>),
}

/// What `ignoreself` and `ignoreip` say of an id.
#[derive(Default)]
pub(crate) enum Rule {
    /// Not asked yet.
    #[default]
    Unasked,
    /// None covers it.
    None,
    /// Which one covers it.
    Covers(String),
}

impl Verdict {
    fn of(ignored: bool) -> Self {
        match ignored {
            true => Verdict::Ignored,
            false => Verdict::Counts,
        }
    }
}

struct World<'a> {
    names: &'a mut Names,
    files: &'a mut IgnoreFiles,
}

impl Lookups for World<'_> {
    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        self.names.addresses(name)
    }
    fn file(&mut self, path: &str) -> Option<Arc<IgnoreList>> {
        self.files.list(path)
    }
}

impl Judge {
    /// Whether to leave an id alone, as far as that is known at once; says so in the log. `ticket` is made only where
    /// there is an `ignorecommand` or `ignorecache` that asks for values: this is asked for every failure.
    pub(crate) fn verdict(
        &self,
        jail: &str,
        work: &mut Work,
        id: &Id,
        ticket: &dyn Fn() -> Ticket,
        now: Time,
    ) -> Verdict {
        self.verdict_by(jail, work, id, ticket, Rule::Unasked, now)
    }

    /// As [`Judge::verdict`], where the rules may have been asked before.
    pub(crate) fn verdict_by(
        &self,
        jail: &str,
        work: &mut Work,
        id: &Id,
        ticket: &dyn Fn() -> Ticket,
        rule: Rule,
        now: Time,
    ) -> Verdict {
        let key = work
            .ignore_cache
            .as_ref()
            .map(|cache| substitute_plainly(&cache.key, ticket(), self));
        if let (Some(cache), Some(key)) = (&work.ignore_cache, &key)
            && let Some(ignored) = cache.verdict(key, now)
        {
            return Verdict::of(ignored);
        }
        let reason = match rule {
            Rule::Unasked => self.rules_in(work, |ask| ask(id)),
            Rule::None => None,
            Rule::Covers(reason) => Some(reason),
        };
        let command = work.ignore_command.as_deref().filter(|command| !command.is_empty());
        match (&reason, command) {
            (None, Some(command)) => Verdict::Ask(Box::new(Question {
                command: command.to_owned(),
                ticket: ticket(),
                key,
            })),
            _ => Verdict::of(self.conclude(jail, work, (id, key), reason, now)),
        }
    }

    /// As [`Judge::verdict`], with the command's answer, which is waited for.
    pub(crate) fn is_ignored(
        &self,
        jail: &str,
        work: &mut Work,
        id: &Id,
        ticket: &dyn Fn() -> Ticket,
        now: Time,
    ) -> bool {
        match self.verdict(jail, work, id, ticket, now) {
            Verdict::Ignored => true,
            Verdict::Counts => false,
            Verdict::Ask(question) => {
                let values = BanValues::detached(question.ticket, jail, &self.records);
                let reason = self.command_says(jail, &question.command, &values);
                self.conclude(jail, work, (id, question.key), reason, now)
            }
        }
    }

    /// The same of a jail whose lock is free, and stays free while the command runs.
    pub(crate) fn is_left_alone(&self, jail: &Arc<LiveJail>, id: &Id, ticket: &dyn Fn() -> Ticket, now: Time) -> bool {
        let verdict = self.verdict(&jail.name, &mut jail.work.lock(), id, ticket, now);
        let answered = self.answer(jail, verdict);
        self.is_ignored_by(&jail.name, &mut jail.work.lock(), id, answered, now)
    }

    /// Asks what is to be asked. Not to be called under the jail's lock.
    pub(crate) fn answer(&self, jail: &Arc<LiveJail>, verdict: Verdict) -> Answered {
        match verdict {
            Verdict::Ignored => Answered::Known(true),
            Verdict::Counts => Answered::Known(false),
            Verdict::Ask(question) => {
                let values = BanValues::new(Arc::new(question.ticket), jail, &self.records);
                let reason = self.command_says(&jail.name, &question.command, &values);
                Answered::By(reason, question.key)
            }
        }
    }

    /// Whether the answer is to leave an id alone; says so, and remembers it.
    pub(crate) fn is_ignored_by(&self, jail: &str, work: &mut Work, id: &Id, answered: Answered, now: Time) -> bool {
        match answered {
            Answered::Known(ignored) => ignored,
            Answered::By(reason, key) => self.conclude(jail, work, (id, key), reason, now),
        }
    }

    /// Says why an id is left alone, and remembers whether it is.
    fn conclude(
        &self,
        jail: &str,
        work: &mut Work,
        (id, key): (&Id, Option<String>),
        reason: Option<String>,
        now: Time,
    ) -> bool {
        if let Some(reason) = &reason {
            self.say_ignored(jail, id, reason);
        }
        if let (Some(cache), Some(key)) = (&mut work.ignore_cache, key) {
            cache.remember(key, reason.is_some(), now);
        }
        reason.is_some()
    }

    pub(crate) fn say_ignored(&self, jail: &str, id: &Id, reason: &str) {
        self.log
            .info(Module::Filter, format!("[{jail}] Ignore {id} by {reason}"));
    }

    /// What the rules say of all who failed: asked together, as their names and files are behind locks.
    pub(crate) fn rules_for(&self, work: &Work, failures: &[Failure]) -> Vec<Rule> {
        // What the cache knows is not asked for.
        if work.ignore_cache.is_some() {
            return Vec::new();
        }
        self.rules_in(work, |ask| {
            failures
                .iter()
                .map(|failure| ask(&failure.id).map_or(Rule::None, Rule::Covers))
                .collect()
        })
    }

    /// Whether all these failures count, as no rule covers any of them and nothing else is to be asked.
    pub(crate) fn all_count(&self, work: &Work, failures: &[Failure], rules: &[Rule]) -> bool {
        let asks = work
            .ignore_command
            .as_deref()
            .is_some_and(|command| !command.is_empty());
        let covered = |rule: &Rule| !matches!(rule, Rule::None);
        work.ignore_cache.is_none() && !asks && rules.len() == failures.len() && !rules.iter().any(covered)
    }

    /// Lets the rules be asked for ids, at one moment: why is an id to be left alone?
    fn rules_in<T>(&self, work: &Work, asking: impl FnOnce(&mut dyn FnMut(&Id) -> Option<String>) -> T) -> T {
        let mut names = self.names.lock();
        let mut files = self.ignore_files.lock();
        if work.ignore_self {
            names.look_at_own();
        }
        asking(&mut |id| {
            if work.ignore_self && names.is_own(id) {
                return Some("ignoreself rule".to_owned());
            }
            let covered = work.ignore.covers(
                id,
                &mut World {
                    names: &mut names,
                    files: &mut files,
                },
            )?;
            Some(match covered {
                IgnoredBy::Ip => "ip".to_owned(),
                IgnoredBy::Dns => "dns".to_owned(),
                IgnoredBy::File(entry) => entry.to_string(),
            })
        })
    }

    fn command_says(&self, jail: &str, template: &str, values: &BanValues) -> Option<String> {
        let command = substitute(template, values);
        match run(&command, COMMAND_TIME) {
            Ok(done) if done.code == Some(0) => Some("command".to_owned()),
            Ok(done) if done.code == Some(1) => None,
            Ok(done) => {
                let why = done
                    .code
                    .map_or("was ended".to_owned(), |code| format!("returned {code}"));
                self.log.error(
                    Module::Filter,
                    format!("[{jail}] ignorecommand {why}: {}", done.stderr.trim_end()),
                );
                None
            }
            Err(error) => {
                self.log
                    .error(Module::Filter, format!("[{jail}] ignorecommand: {error}"));
                None
            }
        }
    }
}

/// A cache key is compared, never executed, so values go in as they are.
fn substitute_plainly(template: &str, ticket: Ticket, judge: &Judge) -> String {
    use bantam_enforce::TagSource as _;
    let values = BanValues::detached(ticket, "", &judge.records);
    let mut key = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>') else { break };
        key.push_str(&rest[..open]);
        let name = &rest[open + 1..open + close];
        match values.tag(name) {
            Some(value) => key.push_str(&value),
            None => key.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    key.push_str(rest);
    key
}
