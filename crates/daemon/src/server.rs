//! The server: jails come and go, the control socket is answered, everything ends in order.

use crate::acting::{self, ActionLog, Effects, Leftover};
use crate::clock;
use crate::control::{ControlError, Socket};
use crate::jails::Jails;
use crate::judge::Judge;
use crate::live::{LiveJail, LogPath, Work};
use crate::log::{Log, Module};
use crate::reading::{self, Reading};
use crate::records::Records;
use bantam_enforce::{Backoff, OrphanGuard, Orphans, Queue, Surroundings, Task};
use bantam_source::journal::{self, JournalError, Match, Selection};
use parking_lot::{Condvar, Mutex};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use bantam_wire::FAIL2BAN_VERSION;

/// How long a jail's last commands are waited for: each has its own time limit, and there may be many.
const STOP_PATIENCE: Duration = Duration::from_secs(600);
/// How long a client that asks whether the server is ready waits for that.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long a reload under way is waited for when all is to end.
const CHANGE_PATIENCE: Duration = Duration::from_secs(10);
/// How long whoever asked for the end may take to hear of it.
const FAREWELL_PATIENCE: Duration = Duration::from_secs(2);
/// How long commands of a killed predecessor are waited for.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(15);

/// A glob of a jail's `logpath`: files that match it later are read too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGlob {
    /// The jail.
    pub jail: String,
    /// The pattern.
    pub pattern: String,
    /// Only what is written from then on counts.
    pub tail: bool,
}

/// Gives the globs of the configuration as it stands now; asked at the start and after each reload.
pub type LogGlobs = Box<dyn Fn() -> Vec<LogGlob> + Send + Sync>;

/// How a server is set up.
pub struct Setup {
    /// Path of the control socket.
    pub socket: PathBuf,
    /// Path of the pid file.
    pub pidfile: PathBuf,
    /// Remove a socket that is already there, whoever it belongs to (`-x`).
    pub force: bool,
    /// Where it speaks.
    pub log: Log,
    /// See [`LogGlobs`].
    pub globs: LogGlobs,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The control socket.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A thread or a kernel resource.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
}

/// A running server. All methods may be called from any thread.
pub struct Server {
    pub(crate) log: Log,
    pub(crate) jails: Jails,
    pub(crate) judge: Arc<Judge>,
    pub(crate) records: Arc<Records>,
    pub(crate) reading: Mutex<Option<Reading>>,
    /// One command that changes jails at a time.
    pub(crate) change: Mutex<()>,
    globs: LogGlobs,
    stopping: AtomicBool,
    stop: (Mutex<bool>, Condvar),
    /// The configuration has been put in force for the first time.
    configured: (Mutex<bool>, Condvar),
    end: (Mutex<End>, Condvar),
    /// Held by this process and by every command that it runs.
    orphans: Option<Arc<OrphanGuard>>,
    socket: PathBuf,
    inherited_socket: bool,
    pidfile: PathBuf,
}

/// The end, and who is to be told of it.
#[derive(Debug, Default)]
struct End {
    reached: bool,
    farewells: usize,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the control socket and begins to answer; no jail yet.
    pub fn start(setup: Setup) -> Result<Arc<Server>, ServerError> {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        let log = setup.log;
        log.info(Module::Server, "-".repeat(50));
        log.info(
            Module::Server,
            format!(
                "Starting Fail2ban v{FAIL2BAN_VERSION} (Bantam {})",
                env!("CARGO_PKG_VERSION")
            ),
        );
        let records = Arc::new(Records::new(log.clone()));
        let control = Socket::open(&setup.socket, setup.force)?;
        if control.inherited {
            let path = setup.socket.display();
            log.info(
                Module::Server,
                format!("Using socket activation, inherited socket {path}"),
            );
        }
        let orphans = wait_for_orphans(&setup.socket, &log);
        let judge = Arc::new(Judge::new(log.clone(), Arc::clone(&records)));
        let jails = Jails::default();
        let server = Arc::new(Server {
            reading: Mutex::new(Some(Reading::start(Arc::clone(&judge), jails.clone())?)),
            jails,
            judge,
            records,
            change: Mutex::new(()),
            globs: setup.globs,
            stopping: AtomicBool::new(false),
            stop: (Mutex::new(false), Condvar::new()),
            configured: (Mutex::new(false), Condvar::new()),
            end: (Mutex::new(End::default()), Condvar::new()),
            orphans,
            socket: setup.socket.clone(),
            inherited_socket: control.inherited,
            pidfile: setup.pidfile,
            log,
        });
        control.answer(Arc::clone(&server))?;
        server.write_pidfile();
        Ok(server)
    }

    /// Blocks until somebody asks for the end (command `stop`, or [`Server::ask_stop`]), then ends everything in order.
    pub fn run_to_end(&self) {
        {
            let (asked, bell) = &self.stop;
            let mut asked = asked.lock();
            while !*asked {
                bell.wait(&mut asked);
            }
        }
        self.shut_down();
        let (end, bell) = &self.end;
        let mut end = end.lock();
        end.reached = true;
        bell.notify_all();
        // Whoever asked for the end is told of it before the process is gone.
        bell.wait_while_for(&mut end, |end| end.farewells > 0, FAREWELL_PATIENCE);
    }

    /// Waits until everything has ended.
    pub(crate) fn await_end(&self) {
        let (end, bell) = &self.end;
        bell.wait_while(&mut end.lock(), |end| !end.reached);
    }

    /// Somebody will wait to be told of the end.
    pub(crate) fn expect_farewell(&self) {
        self.end.0.lock().farewells += 1;
    }

    /// Somebody was told of it, or went away.
    pub(crate) fn said_farewell(&self) {
        let (end, bell) = &self.end;
        end.lock().farewells -= 1;
        bell.notify_all();
    }

    /// Asks for the end; returns at once.
    pub fn ask_stop(&self) {
        let (asked, bell) = &self.stop;
        *asked.lock() = true;
        bell.notify_all();
    }

    pub(crate) fn set_configured(&self) {
        let (done, bell) = &self.configured;
        *done.lock() = true;
        bell.notify_all();
    }

    /// Waits until the configuration is in force, so that whoever started the server finds its jails; in bounds.
    pub(crate) fn await_configured(&self) {
        let (done, bell) = &self.configured;
        let mut done = done.lock();
        if !*done {
            bell.wait_while_for(&mut done, |done| !*done, START_PATIENCE);
        }
    }

    /// The end has begun: no command is obeyed any more.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn shut_down(&self) {
        if self.stopping.swap(true, Ordering::SeqCst) {
            return;
        }
        self.log.info(Module::Server, "Shutdown in progress...");
        let reading = self.reading.lock().take();
        if let Some(mut reading) = reading {
            reading.stop();
        }
        // A reload under way comes to its end first, unless it waits for slow commands and will not add jails any more.
        let _one = self.change.try_lock_for(CHANGE_PATIENCE);
        self.stop_jails();
        self.records.close();
        if !self.inherited_socket {
            let _ = std::fs::remove_file(&self.socket);
        }
        let _ = std::fs::remove_file(&self.pidfile);
        self.log.info(Module::Server, "Exiting Fail2ban");
    }

    /// Adds a jail, or, while a reload is under way, goes on with the one of that name.
    pub(crate) fn add_jail(&self, name: &str, backend: &str) -> Result<(), String> {
        if self.jails.find(name).is_some() {
            self.log.info(Module::Server, format!("Reload jail '{name}'"));
            self.records.enable_jail(name);
            return Ok(());
        }
        let journal = journal_of(backend)?;
        if name.chars().count() >= 26 {
            self.log.warning(
                Module::Jail,
                format!("Jail name '{name}' might be too long and some commands might not function correctly. Please shorten"),
            );
        }
        self.log.info(Module::Jail, format!("Creating new jail '{name}'"));
        let surroundings = Surroundings {
            report: Arc::new(ActionLog::new(name, self.log.clone())),
            ledger: Arc::new(Effects::new(name, &self.records)),
            orphans: self.orphans.clone(),
            values: None,
            ipv6: ipv6_allowed(),
        };
        let queue = Queue::new(name, surroundings, Backoff::default()).map_err(|error| error.to_string())?;
        let mut work = Work::new();
        work.journal_match = journal.as_ref().map(|_| Match::default());
        let jail = LiveJail {
            name: name.to_owned(),
            backend: backend.to_owned(),
            journal,
            work: Mutex::new(work),
            queue,
        };
        self.log
            .info(Module::Jail, format!("Initiated '{}' backend", jail.backend_name()));
        self.jails.add(Arc::new(jail));
        self.records.enable_jail(name);
        Ok(())
    }

    /// Starts a jail: actions, what was in force before, reading. Goes on with it after a reload.
    pub(crate) fn start_jail(&self, jail: &Arc<LiveJail>) {
        let first = {
            let mut work = jail.work.lock();
            !std::mem::replace(&mut work.started, true)
        };
        self.set_idle(jail, false);
        if first {
            self.lift_leftovers(jail);
            jail.queue.push(Task::Start);
            self.restore(jail);
        } else {
            self.log.info(Module::Server, format!("Jail '{}' reloaded", jail.name));
        }
        let logs = jail.work.lock().logs.clone();
        if let Some(reading) = &*self.reading.lock() {
            for log in logs {
                reading.follow(jail, log);
            }
            if jail.journal.is_some() {
                reading.follow_journal(jail);
            }
        }
        if first {
            self.log.info(Module::Jail, format!("Jail '{}' started", jail.name));
        }
    }

    /// After an unclean end: whatever an action may have left standing is lifted before it is set again.
    fn lift_leftovers(&self, jail: &Arc<LiveJail>) {
        let known = self.records.bans_in_force(&jail.name, clock::now());
        let (mut lifts, mut halts) = (Vec::new(), Vec::new());
        for (action, leftover) in acting::leftovers(&self.records, &jail.name) {
            match leftover {
                Leftover::Ban(id) => {
                    let ticket = known
                        .iter()
                        .find(|t| t.id == id)
                        .cloned()
                        .unwrap_or_else(|| bare_ticket(id));
                    lifts.push(Task::Lift {
                        action: action.into(),
                        target: self.judge.target(jail, ticket),
                    });
                }
                Leftover::Start(family) => halts.push(Task::Halt {
                    action: action.into(),
                    family,
                }),
            }
        }
        if !lifts.is_empty() {
            self.log.info(
                Module::Actions,
                format!(
                    "[{}] After an unclean end, {} effects are lifted first",
                    jail.name,
                    lifts.len()
                ),
            );
        }
        for task in lifts.into_iter().chain(halts) {
            jail.queue.push(task);
        }
    }

    fn restore(&self, jail: &Arc<LiveJail>) {
        let now = clock::now();
        let (counters, totals) = self.records.load_progress(&jail.name);
        let mut work = jail.work.lock();
        work.jail.set_totals(totals.failed, totals.banned);
        for counter in counters {
            work.jail.restore_counter(counter);
        }
        for ticket in self.records.bans_in_force(&jail.name, now) {
            if self
                .judge
                .is_ignored(&jail.name, &mut work, &ticket.id, &|| ticket.clone(), now)
            {
                continue;
            }
            let base = work.jail.options().bantime;
            if let Some(ticket) = work.jail.restore(ticket, now) {
                self.judge.ban(jail, ticket, None, base);
            }
        }
    }

    /// Opens the log file anew.
    pub fn flush_log(&self) {
        self.log.flush();
    }

    /// Ends a jail: its bans are lifted (the database keeps them), its actions stopped. Waits for that.
    pub(crate) fn remove_jail(&self, name: &str) {
        let gone = self.detach(name);
        self.end_jails(gone.as_slice());
    }

    /// Takes a jail out: it reads no more and is not found any more.
    pub(crate) fn detach(&self, name: &str) -> Option<Arc<LiveJail>> {
        let jail = self.jails.remove(name)?;
        if let Some(reading) = &*self.reading.lock() {
            reading.leave(name, None);
        }
        Some(jail)
    }

    /// Lifts the bans of jails and stops their actions, of all at the same time; waits for the end of that.
    pub(crate) fn end_jails(&self, jails: &[Arc<LiveJail>]) {
        for jail in jails {
            self.wind_up(jail);
        }
        for jail in jails {
            jail.queue.wait_stopped(STOP_PATIENCE);
            self.wound_up(jail);
        }
    }

    /// Stops every jail.
    pub(crate) fn stop_jails(&self) {
        self.log.info(Module::Server, "Stopping all jails");
        let jails = self.jails.all();
        for jail in &jails {
            if let Some(reading) = &*self.reading.lock() {
                reading.leave(&jail.name, None);
            }
        }
        // Until they have ended they are found, so that nobody sees a server that never had them.
        self.end_jails(&jails);
        for jail in &jails {
            self.jails.remove(&jail.name);
        }
    }

    fn wind_up(&self, jail: &Arc<LiveJail>) {
        reading::save_progress(&self.judge, jail);
        let lifted = {
            let mut work = jail.work.lock();
            work.started = false;
            work.jail.unban_all()
        };
        for ticket in lifted {
            self.log
                .notice(Module::Actions, format!("[{}] Repeal Ban {}", jail.name, ticket.id));
        }
        jail.queue.push(Task::Stop);
    }

    fn wound_up(&self, jail: &LiveJail) {
        self.records.disable_jail(&jail.name);
        self.log.info(Module::Jail, format!("Jail '{}' stopped", jail.name));
    }

    /// Reading waits while the guard lives.
    pub(crate) fn hold_reading(&self) -> Held {
        let gate = self.reading.lock().as_ref().map(Reading::gate);
        Held {
            _guard: gate.map(|gate| gate.write_arc()),
        }
    }

    /// The patterns of the configuration as it stands now.
    pub(crate) fn globs_now(&self) -> Vec<LogGlob> {
        (self.globs)()
    }

    /// Lets jails read the files that the patterns of their configuration will match, and no others.
    /// When this returns, everything there is to read is being followed.
    pub(crate) fn apply_globs(&self, globs: &[LogGlob], jails: &[String]) {
        let reading = self.reading.lock();
        let Some(reading) = &*reading else { return };
        for jail in jails.iter().filter_map(|name| self.jails.find(name)) {
            let own = globs.iter().filter(|glob| glob.jail == jail.name);
            let patterns = own.map(|glob| (glob.pattern.clone(), glob.tail)).collect();
            reading.follow_globs(&jail, patterns);
        }
        reading.settle();
    }

    /// Lets the lines of a jail wait, or takes them up again where it left off.
    pub(crate) fn set_idle(&self, jail: &Arc<LiveJail>, idle: bool) {
        if jail.work.lock().idle != idle
            && let Some(reading) = &*self.reading.lock()
        {
            reading.set_idle(jail, idle);
        }
    }

    /// Lets a jail that reads the journal go on with the matches that it has now.
    pub(crate) fn apply_matches(&self, jail: &Arc<LiveJail>) {
        let at_work = {
            let work = jail.work.lock();
            work.started && work.reload.is_none()
        };
        if at_work
            && jail.journal.is_some()
            && let Some(reading) = &*self.reading.lock()
        {
            reading.follow_journal(jail);
        }
    }

    /// Adds a log file to a jail; reading begins when the jail does.
    pub(crate) fn add_log(&self, jail: &Arc<LiveJail>, path: &str, tail: bool) {
        let started = {
            let mut work = jail.work.lock();
            if let Some(reload) = &mut work.reload {
                reload.logs.remove(path);
            }
            if work.logs.iter().any(|log| log.path == path) {
                return;
            }
            work.logs.push(LogPath {
                path: path.to_owned(),
                tail,
            });
            work.started
        };
        if started && let Some(reading) = &*self.reading.lock() {
            reading.follow(
                jail,
                LogPath {
                    path: path.to_owned(),
                    tail,
                },
            );
        }
    }

    /// Takes a log file from a jail.
    pub(crate) fn remove_log(&self, jail: &Arc<LiveJail>, path: &str) {
        jail.work.lock().logs.retain(|log| log.path != path);
        if let Some(reading) = &*self.reading.lock() {
            reading.leave(&jail.name, Some(path));
        }
        self.log
            .info(Module::Filter, format!("[{}] Removed logfile: '{path}'", jail.name));
    }

    /// Lifts all bans of a jail and forgets them; how many there were.
    pub(crate) fn unban_all_of(&self, jail: &Arc<LiveJail>) -> usize {
        let lifted = jail.work.lock().jail.unban_all();
        let count = lifted.len();
        self.records.remove_bans(Some(&jail.name), None);
        for ticket in lifted {
            self.log
                .notice(Module::Actions, format!("[{}] Unban {}", jail.name, ticket.id));
        }
        jail.queue.push(Task::Flush);
        count
    }

    fn write_pidfile(&self) {
        let written = make_parent(&self.pidfile)
            .and_then(|()| std::fs::write(&self.pidfile, format!("{}\n", std::process::id())));
        if let Err(error) = written {
            self.log
                .error(Module::Server, format!("Unable to create PID file: {error}"));
        }
    }
}

/// Keeps reading up while it lives.
pub(crate) struct Held {
    _guard: Option<parking_lot::ArcRwLockWriteGuard<parking_lot::RawRwLock, ()>>,
}

/// Commands that a killed predecessor left running would undo what this one does: they are waited for.
fn wait_for_orphans(socket: &Path, log: &Log) -> Option<Arc<OrphanGuard>> {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    match OrphanGuard::acquire(Path::new(&path), ORPHAN_PATIENCE) {
        Ok((guard, found)) => {
            match found {
                Orphans::None => {}
                Orphans::Ended(after) => log.info(
                    Module::Server,
                    format!(
                        "Waited {:.1} s for commands that an unclean end left running",
                        after.as_secs_f64()
                    ),
                ),
                Orphans::Running => log.warning(
                    Module::Server,
                    "Commands that an unclean end left running are still at work; what they do may have to be undone",
                ),
            }
            Some(Arc::new(guard))
        }
        Err(error) => {
            log.warning(
                Module::Server,
                format!("Cannot lock {}: {error}", Path::new(&path).display()),
            );
            None
        }
    }
}

/// As `allowipv6 = auto`: whether the kernel has IPv6 switched on.
fn ipv6_allowed() -> bool {
    std::fs::read_to_string("/proc/sys/net/ipv6/conf/all/disable_ipv6").is_ok_and(|text| text.trim() == "0")
}

/// Creates the last folder of a path, as the original does for its socket, pid file and database.
pub(crate) fn make_parent(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|parent| path.is_absolute() && !parent.exists()) {
        Some(parent) => std::fs::create_dir(parent),
        None => Ok(()),
    }
}

fn bare_ticket(id: bantam_detect::Id) -> bantam_jail::Ticket {
    bantam_jail::Ticket {
        id,
        ip: None,
        time: clock::now(),
        zoned: true,
        bantime: 0.0,
        bancount: 0,
        attempts: 0,
        matches: Vec::new(),
        captures: std::collections::BTreeMap::new(),
        users: Vec::new(),
        restored: true,
    }
}

/// The journal that a backend reads; none when it reads files.
pub(crate) fn journal_of(backend: &str) -> Result<Option<Selection>, String> {
    let (name, options) =
        bantam_conf::split_arguments(backend).map_err(|error| format!("backend '{backend}': {error}"))?;
    match name.to_lowercase().as_str() {
        "auto" | "polling" | "pyinotify" | "gamin" => Ok(None),
        "systemd" => {
            let default_flags = std::env::var(journal::DEFAULT_FLAGS).ok();
            let selection =
                Selection::new(&options, default_flags.as_deref()).map_err(|error| format!("backend: {error}"))?;
            match journal::program() {
                Some(_) => Ok(Some(selection)),
                None => Err(format!(
                    "backend 'systemd': {}; let the service log to a file and use backend = auto",
                    JournalError::NoProgram
                )),
            }
        }
        _ => Err(format!(
            "Unknown backend {name}. Must be among ['pyinotify', 'polling', 'systemd'] or 'auto'"
        )),
    }
}
