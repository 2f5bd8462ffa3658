//! Putting a configuration in force: at the start, and anew while everything runs.
//!
//! A jail's part of it is obeyed whole or not at all: what would be refused is found before anything is touched, and
//! its jail goes on as it was. Reading waits meanwhile, so that no line is judged by half a jail.
use crate::commands;
use crate::live::LiveJail;
use crate::log::Module;
use crate::reading;
use crate::rehearsal::{self, Objection, finding, jail_of, left_out};
use crate::server::{LogGlob, Server};
use bantam_conf::{Command, Diagnostic};
use bantam_enforce::{Definition, SharedDefinition, Task};
use bantam_wire::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Properties that say nothing of what a standing ban looks like from outside.
const HARMLESS: [&str; 9] = [
    "timeout",
    "actioncheck",
    "actionrepair",
    "actionrepair_on_unban",
    "actionreload",
    "actionprolong",
    "actionreban",
    "actionstart_on_demand",
    "norestored",
];

/// What a reload is about.
struct Wanted<'a> {
    /// A jail, or all.
    name: Option<&'a str>,
    unban: bool,
    restart: bool,
}

impl Server {
    /// Obeys a command stream. What is refused is logged with the place it came from, and returned; a jail of which
    /// anything is refused is left out, the others run.
    pub fn execute(&self, stream: &[Command]) -> Vec<Diagnostic> {
        let _one = self.change.lock();
        let refused = self.put_in_force(stream);
        self.set_configured();
        refused
    }

    /// The same; the caller serialises.
    pub(crate) fn put_in_force(&self, stream: &[Command]) -> Vec<Diagnostic> {
        // What concerns the server itself comes first: it says where the log is.
        let jails_begin = stream
            .iter()
            .position(|command| jail_of(command).is_some())
            .unwrap_or(stream.len());
        let (server, jails) = stream.split_at(jails_begin);
        let mut failed = self.obey(server, &BTreeSet::new());
        failed.extend(self.refused(jails));
        let broken = jails_of(&failed);
        let globs = self.globs_now();
        let hold = self.hold_reading();
        failed.extend(self.obey(jails, &broken));
        drop(hold);
        self.apply_globs(&globs, &started(jails, &broken));
        failed
    }

    /// Puts a configuration read anew in force, as the command `reload --all` does. Returns as [`Server::execute`].
    pub fn reload(&self, stream: &[Command]) -> Vec<Diagnostic> {
        let _one = self.change.lock();
        self.reload_by("--all", &[], stream)
    }

    /// Says in the log what is wrong with a configuration that cannot be put in force at all.
    pub fn refuse_reload(&self, diagnostics: &[Diagnostic]) {
        self.log.error(
            Module::Server,
            "Reload refused, everything goes on as it was; the configuration is wrong:",
        );
        self.log_findings(diagnostics);
    }

    /// The caller serialises.
    pub(crate) fn reload_by(&self, name: &str, options: &[String], stream: &[Command]) -> Vec<Diagnostic> {
        let has = |option: &str| options.iter().any(|o| o == option);
        let name = Some(name).filter(|name| *name != "--all");
        let wanted = Wanted {
            name,
            unban: has("--unban"),
            restart: has("--restart"),
        };
        let what = name.map_or("all jails".to_owned(), |name| format!("jail {name}"));
        self.log.info(Module::Server, format!("Reload {what}"));
        let refused = self.refused(stream);
        let mut broken = jails_of(&refused);
        broken.extend(stream.iter().filter_map(left_out).map(str::to_owned));
        for jail in broken.iter().filter(|jail| self.jails.find(jail).is_some()) {
            self.log.warning(
                Module::Server,
                format!("Jail '{jail}' goes on as it was, because of the error in it"),
            );
        }
        if wanted.name.is_none() {
            self.judge.names.lock().clear();
        }
        self.clear_the_way(&wanted, stream, &broken);

        let globs = self.globs_now();
        let hold = self.hold_reading();
        let kept = self.affected(&wanted, &broken);
        for jail in &kept {
            let actions = jail.queue.actions().iter().map(|name| name.to_string()).collect();
            jail.work.lock().begin_reload(actions);
        }
        let failed = self.obey(stream, &broken);
        let named: BTreeSet<&str> = stream.iter().filter(|c| is_add(c)).filter_map(jail_of).collect();
        let (stay, gone): (Vec<_>, Vec<_>) = kept.into_iter().partition(|jail| named.contains(jail.name.as_str()));
        for jail in &stay {
            self.end_reload_of(jail, &globs);
        }
        let gone: Vec<_> = gone.iter().filter_map(|jail| self.detach(&jail.name)).collect();
        // Whatever their actions take their time for, the others read on.
        drop(hold);
        self.end_jails(&gone);
        self.apply_globs(&globs, &started(stream, &broken));
        self.log.info(Module::Server, "Reload finished.");
        [refused, failed].concat()
    }

    /// What would be refused, said in the log.
    fn refused(&self, stream: &[Command]) -> Vec<Diagnostic> {
        let refused = rehearsal::rehearse(stream);
        self.log_findings(&refused);
        refused
    }

    fn log_findings(&self, findings: &[Diagnostic]) {
        for finding in findings {
            let place = finding
                .place
                .as_ref()
                .map(|place| format!("{place}: "))
                .unwrap_or_default();
            let jail = finding
                .jail
                .as_ref()
                .map(|jail| format!("[{jail}] "))
                .unwrap_or_default();
            let hint = finding
                .hint
                .as_ref()
                .map(|hint| format!("; {hint}"))
                .unwrap_or_default();
            self.log
                .error(Module::Transmitter, format!("{jail}{place}{}{hint}", finding.message));
        }
    }

    /// Jails that run and that the reload is about.
    fn affected(&self, wanted: &Wanted<'_>, broken: &BTreeSet<String>) -> Vec<Arc<LiveJail>> {
        let about =
            |jail: &Arc<LiveJail>| wanted.name.is_none_or(|name| name == jail.name) && !broken.contains(&jail.name);
        self.jails.all().into_iter().filter(about).collect()
    }

    /// What must have ended before its successor begins; reading of the other jails goes on.
    fn clear_the_way(&self, wanted: &Wanted<'_>, stream: &[Command], broken: &BTreeSet<String>) {
        for jail in self.affected(wanted, broken) {
            if wanted.unban {
                self.unban_all_of(&jail);
            }
            let added = stream.iter().find(|c| is_add(c) && jail_of(c) == Some(&jail.name));
            let backend = added.and_then(|add| add.words.get(2)).and_then(Value::as_str);
            let other = backend.filter(|backend| *backend != jail.backend);
            if let Some(backend) = other {
                self.log.info(
                    Module::Server,
                    format!("Restart jail '{}' (reason: backend is {backend:?} now)", jail.name),
                );
            }
            if wanted.restart || other.is_some() {
                self.remove_jail(&jail.name);
            }
        }
    }

    fn obey(&self, stream: &[Command], broken: &BTreeSet<String>) -> Vec<Diagnostic> {
        let (mut broken, mut failed) = (broken.clone(), Vec::new());
        for command in stream {
            let jail = jail_of(command).unwrap_or_default();
            if broken.contains(jail) || self.is_stopping() {
                continue;
            }
            let Err(failure) = commands::execute_quietly(self, &command.words) else {
                continue;
            };
            let finding = finding(command, jail, Objection::Command(failure));
            self.log_findings(std::slice::from_ref(&finding));
            failed.push(finding);
            if self.jails.find(jail).is_some_and(|jail| !jail.work.lock().started) {
                broken.insert(jail.to_owned());
                self.log.error(
                    Module::Server,
                    format!("Jail '{jail}' skipped, because of the error before"),
                );
                self.remove_jail(jail);
            }
        }
        failed
    }

    /// Drops what the configuration does not name any more, and lets changed actions take effect.
    fn end_reload_of(&self, jail: &Arc<LiveJail>, globs: &[LogGlob]) {
        let Some(reload) = jail.work.lock().reload.take() else {
            return;
        };
        for path in reload.logs {
            // A file that is not there just now but that a pattern still names is waited for.
            let named = |glob: &LogGlob| glob.jail == jail.name && reading::matches(&glob.pattern, Path::new(&path));
            if !globs.iter().any(named) {
                self.remove_log(jail, &path);
            }
        }
        for action in reload.actions {
            jail.queue.push(Task::RemoveAction { name: action.into() });
        }
        for (name, definition) in reload.staged {
            self.take_over(jail, &name, definition);
        }
    }

    /// Bans that stand were set by the old definition and are lifted by it; then they are set by the new one.
    fn take_over(&self, jail: &Arc<LiveJail>, name: &str, definition: SharedDefinition) {
        let action: Arc<str> = Arc::from(name);
        let new = definition.snapshot();
        let old = jail.queue.definition(name).map(|known| known.snapshot());
        if old.is_some_and(|old| alike(&old, &new)) {
            // Of a known name: replaced at once.
            jail.queue.push(Task::AddAction {
                name: Arc::clone(&action),
                definition,
            });
            if new.get("actionreload").is_some_and(|command| !command.is_empty()) {
                jail.queue.push(Task::Reload { name: action });
            }
            return;
        }
        // One that is known keeps its place, since those after it wait for it.
        jail.queue.push(Task::ReplaceAction {
            name: Arc::clone(&action),
            definition,
        });
        let standing: Vec<_> = jail.work.lock().jail.bans().into_iter().cloned().collect();
        for mut ticket in standing {
            // Not a new ban: an action that only tells people of bans is not to tell of it again.
            Arc::make_mut(&mut ticket).restored = true;
            let target = self.judge.target(jail, ticket);
            jail.queue.push(Task::Ban {
                target,
                restored: true,
                only: Some(Arc::clone(&action)),
            });
        }
    }
}

fn alike(old: &Definition, new: &Definition) -> bool {
    let telling = |definition: &Definition| -> Vec<(String, String)> {
        let all = definition
            .properties
            .iter()
            .filter(|(name, _)| !HARMLESS.contains(&name.as_str()));
        all.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    old.kind == new.kind && telling(old) == telling(new)
}

fn is_add(command: &Command) -> bool {
    command.words.first().and_then(Value::as_str) == Some("add")
}

fn jails_of(findings: &[Diagnostic]) -> BTreeSet<String> {
    findings.iter().filter_map(|finding| finding.jail.clone()).collect()
}

/// The jails that a stream starts.
fn started(stream: &[Command], broken: &BTreeSet<String>) -> Vec<String> {
    let starts = stream
        .iter()
        .filter(|command| command.words.first().and_then(Value::as_str) == Some("start"));
    starts
        .filter_map(jail_of)
        .filter(|jail| !broken.contains(*jail))
        .map(str::to_owned)
        .collect()
}
