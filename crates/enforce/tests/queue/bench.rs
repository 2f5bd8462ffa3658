//! A jail in a folder: actions that write what they do into a log, and fail while a file of their name is there.
use bantam_detect::{Family, Id};
use bantam_enforce::{
    Backoff, Definition, Ledger, Message, Outcome, Queue, Report, SharedDefinition, Surroundings, TagSource, Target,
    Task,
};
use parking_lot::Mutex;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const LONG: Duration = Duration::from_secs(30);

pub struct Bench {
    pub dir: tempfile::TempDir,
    pub told: Arc<Told>,
    pub queue: Queue,
}

/// Everything that was reported.
#[derive(Default)]
pub struct Told {
    pub outcomes: Mutex<Vec<Outcome>>,
    pub messages: Mutex<Vec<Message>>,
}

impl Report for Told {
    fn message(&self, message: Message) {
        self.messages.lock().push(message);
    }
    fn outcome(&self, outcome: Outcome) {
        self.outcomes.lock().push(outcome);
    }
}

/// A file per effect that may stand.
struct Files(PathBuf);

impl Files {
    fn path(&self, action: &str, what: &str) -> PathBuf {
        self.0.join(format!("may-stand-{action}-{what}"))
    }
}

fn name(id: &Id) -> String {
    match id {
        Id::Ip(ip) => ip.to_string(),
        Id::Net(ip, length) => format!("{ip}-{length}"),
        Id::Raw(text) => text.clone(),
    }
}

impl Ledger for Files {
    fn effect_begins(&self, action: &str, id: &Id) {
        std::fs::write(self.path(action, &name(id)), "").unwrap();
    }
    fn effect_ended(&self, action: &str, id: &Id) {
        let _ = std::fs::remove_file(self.path(action, &name(id)));
    }
    fn effects_ended(&self, action: &str) {
        let prefix = format!("may-stand-{action}-");
        for entry in std::fs::read_dir(&self.0).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }
    fn start_begins(&self, action: &str, family: &str) {
        std::fs::write(self.path(action, &format!("start{family}")), "").unwrap();
    }
    fn start_ended(&self, action: &str, family: &str) {
        let _ = std::fs::remove_file(self.path(action, &format!("start{family}")));
    }
}

struct Values {
    ip: String,
    family: &'static str,
}

impl TagSource for Values {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "ip" => Some(Cow::Borrowed(&self.ip)),
            "family" => Some(Cow::Borrowed(self.family)),
            _ => None,
        }
    }
}

pub fn target(ip: &str) -> Target {
    let parsed: std::net::IpAddr = ip.parse().unwrap();
    let (family, word) = match parsed {
        std::net::IpAddr::V4(_) => (Family::Inet4, "inet4"),
        std::net::IpAddr::V6(_) => (Family::Inet6, "inet6"),
    };
    Target {
        id: Id::Ip(parsed),
        family: Some(family),
        values: Arc::new(Values {
            ip: ip.to_owned(),
            family: word,
        }),
    }
}

pub fn ban(ip: &str) -> Task {
    Task::Ban {
        target: target(ip),
        restored: false,
        only: None,
    }
}

pub fn unban(ip: &str) -> Task {
    Task::Unban { target: target(ip) }
}

pub fn backoff() -> Backoff {
    Backoff {
        first: Duration::from_millis(10),
        most: Duration::from_millis(80),
        unban_tries: 4,
        stop_grace: LONG,
    }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(backoff())
    }

    pub fn with(backoff: Backoff) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let told = Arc::new(Told::default());
        let surroundings = Surroundings {
            report: Arc::clone(&told) as Arc<dyn Report>,
            ledger: Arc::new(Files(dir.path().to_owned())),
            ..Surroundings::default()
        };
        let queue = Queue::new("jail", surroundings, backoff).unwrap();
        Self { dir, told, queue }
    }

    /// An action whose commands write `NAME COMMAND IP` and fail while `NAME-COMMAND-fails` or
    /// `NAME-COMMAND-IP-fails` is there; with more properties.
    pub fn add(&self, name: &str, more: &[(&str, &str)]) -> &Self {
        let dir = self.dir.path().display();
        let mut definition = Definition::default();
        for (command, ip) in [("start", ""), ("stop", ""), ("ban", "<ip>"), ("unban", "<ip>")] {
            let text = format!(
                "echo {name} {command} {ip} >> {dir}/log; cd {dir}; \
                 test ! -e {name}-{command}-fails && test ! -e {name}-{command}-{ip}-fails"
            );
            definition.set(format!("action{command}"), text).unwrap();
        }
        for (property, value) in more {
            let value = value.replace("DIR", &dir.to_string());
            definition.set(*property, value).unwrap();
        }
        self.push(Task::AddAction {
            name: name.into(),
            definition: SharedDefinition::new(definition),
        })
    }

    pub fn push(&self, task: Task) -> &Self {
        assert!(self.queue.push(task));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn make(&self, name: &str) -> &Self {
        std::fs::write(self.path(name), "").unwrap();
        self
    }

    pub fn remove(&self, name: &str) -> &Self {
        std::fs::remove_file(self.path(name)).unwrap();
        self
    }

    pub fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// What one action did, in order.
    pub fn log_of(&self, action: &str) -> Vec<String> {
        let mut log = self.log();
        log.retain(|line| line.split(' ').next() == Some(action));
        log
    }

    /// All lines are in the log, in this order, whatever stands between them.
    pub fn in_order(&self, lines: &[&str]) -> &Self {
        let log = self.log();
        let mut rest = log.iter();
        for line in lines {
            assert!(rest.any(|said| said == line), "{line:?} is not in its place: {log:?}");
        }
        self
    }

    pub fn until(&self, what: &str, mut reached: impl FnMut(&Self) -> bool) -> &Self {
        let deadline = Instant::now() + LONG;
        while !reached(self) {
            assert!(
                Instant::now() < deadline,
                "never: {what}; log {:?}; outcomes {:?}",
                self.log(),
                self.told.outcomes.lock()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        self
    }

    /// Waits until an outcome of this kind has been told.
    pub fn until_told(&self, what: &str, wanted: impl Fn(&Outcome) -> bool) -> &Self {
        self.until(what, |bench| bench.told.outcomes.lock().iter().any(&wanted))
    }

    /// Waits until nothing is queued or at work.
    pub fn until_idle(&self) -> &Self {
        self.until("idle", |bench| {
            let status = bench.queue.status();
            status.pending == 0 && status.busy_for.is_none()
        })
    }

    pub fn stop(&self) -> &Self {
        self.push(Task::Stop);
        assert!(self.queue.wait_stopped(LONG));
        self
    }
}
