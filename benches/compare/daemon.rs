//! A daemon without actions, on a folder of its own and one core: nothing of the machine but this folder is touched.
use crate::lab::subject::Subject;
use crate::lab::{output, wait_for};
use crate::looking_back::guide_filter;
use crate::process::{cpu_of, have_memory, spawn_pinned, status_of};
use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

/// One jail: its name, its filter's text, how often somebody may fail.
pub struct Jail {
    pub name: String,
    pub filter: String,
    pub maxretry: usize,
}

impl Jail {
    /// The guide's filter under a name of its own.
    pub fn of_guide(number: usize) -> Self {
        Jail {
            name: format!("jail{number}"),
            filter: std::fs::read_to_string(guide_filter()).expect("the guide's filter"),
            maxretry: 15 + number,
        }
    }
}

/// A running daemon.
pub struct Daemon {
    subject: Subject,
    dir: tempfile::TempDir,
    child: Child,
}

impl Daemon {
    /// Starts one whose jails all follow the same empty log, and waits until they are there.
    pub fn start(subject: Subject, jails: &[Jail]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("write a file");
        for kind in ["filter.d", "action.d", "jail.d"] {
            std::fs::create_dir(dir.path().join(kind)).expect("a folder");
        }
        write(
            "fail2ban.conf",
            &format!(
                "[Definition]\nloglevel = INFO\nlogtarget = {}\nsyslogsocket = auto\nsocket = {}\npidfile = {}\n\
                 dbfile = {}\ndbpurgeage = 1d\ndbmaxmatches = 10\nallowipv6 = auto\n",
                at("daemon.log"),
                at("f.sock"),
                at("f.pid"),
                at("f.sqlite3")
            ),
        );
        let mut text = "[DEFAULT]\nbackend = auto\nfindtime = 1h\nbantime = 1h\naction =\n".to_owned();
        for jail in jails {
            let Jail {
                name, filter, maxretry, ..
            } = jail;
            write(&format!("filter.d/{name}.conf"), filter);
            let log = at("access.log");
            let _ = write!(
                text,
                "[{name}]\nenabled = true\nfilter = {name}\nlogpath = {log}\nmaxretry = {maxretry}\n"
            );
        }
        write("jail.conf", &text);
        write("access.log", "");
        let mut command = Self::program(subject, "server");
        command.arg("-c").arg(dir.path()).args(["-xf", "start"]);
        let errors = std::fs::File::create(dir.path().join("daemon.stderr")).expect("a file");
        let child = spawn_pinned(command.stdout(Stdio::null()).stderr(errors));
        let daemon = Daemon { subject, dir, child };
        let last = jails.last().map_or("", |jail| &jail.name);
        wait_for("all jails are up", PATIENCE, || {
            let mut client = Self::program(subject, "client");
            let status = output(client.arg("-c").arg(daemon.dir.path()).args(["status", last]));
            String::from_utf8_lossy(&status.stdout).contains("access.log")
        });
        daemon
    }

    fn program(subject: Subject, kind: &str) -> Command {
        let mut command = match subject {
            Subject::Bantam => {
                let mut bantam = Command::new(env!("CARGO_BIN_EXE_bantam"));
                bantam.arg(kind);
                bantam
            }
            Subject::Original => Command::new(format!("/usr/bin/fail2ban-{kind}")),
        };
        command.env("TZ", "Europe/Berlin");
        command
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("access.log")
    }

    /// CPU time so far.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.child.id())
    }

    /// Peak memory in megabytes.
    pub fn peak(&self) -> f64 {
        status_of(self.child.id(), "VmHWM") as f64 / 1024.0
    }

    /// Does something to the log and waits until all these have been found: the CPU time that it took, or none if
    /// the daemon did not get there in time.
    pub fn work(&self, found: &[String], patience: Duration, change: impl FnOnce(&PathBuf)) -> Option<Duration> {
        have_memory();
        let (before, begun) = (self.cpu(), Instant::now());
        let mut said = self.said();
        said.seek(SeekFrom::End(0)).expect("the end of the daemon's log");
        let mut missing: Vec<&String> = found.iter().collect();
        let mut text = Vec::new();
        change(&self.log());
        while begun.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(20));
            said.read_to_end(&mut text).expect("read the daemon's log");
            missing.retain(|wanted| memchr::memmem::find(&text, wanted.as_bytes()).is_none());
            if missing.is_empty() {
                return Some(self.cpu() - before);
            }
            // What was looked through is not looked through again, but for a line that was not yet whole.
            let whole = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
            text.drain(..whole);
        }
        None
    }

    fn said(&self) -> std::fs::File {
        std::fs::File::open(self.dir.path().join("daemon.log")).expect("the daemon's log")
    }

    /// How many failures it has found.
    pub fn found(&self) -> usize {
        let said = std::fs::read(self.dir.path().join("daemon.log")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        said.lines()
            .filter(|line| line.contains("] Found ") && !line.contains(", bad - "))
            .count()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let mut client = Self::program(self.subject, "client");
        let _ = client.arg("-c").arg(self.dir.path()).arg("stop").output();
        std::thread::sleep(Duration::from_millis(100));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
