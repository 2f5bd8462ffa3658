//! The server: it starts, answers the control socket, and ends in order. `life` has its jails' beginning and end, `logs`
//! what they read.

mod life;
mod logs;

use crate::control::{ControlError, Socket};
use crate::jails::Jails;
use crate::judge::Judge;
use crate::log::{Log, Module};
use crate::reading::Reading;
use crate::records::Records;
use bantam_enforce::{OrphanGuard, Orphans};
use bantam_jail::Keep;
use parking_lot::{Condvar, Mutex};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub(crate) use life::journal_of;

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
    /// Where the lines of failures are kept that have not led to a ban.
    pub(crate) keep: OnceLock<Keep>,
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
            keep: OnceLock::new(),
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

    /// Opens the log file anew.
    pub fn flush_log(&self) {
        self.log.flush();
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

/// Creates the last folder of a path, as the original does for its socket, pid file and database.
pub(crate) fn make_parent(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|parent| path.is_absolute() && !parent.exists()) {
        Some(parent) => std::fs::create_dir(parent),
        None => Ok(()),
    }
}
