//! A daemon on a small configuration of its own: a door that is knocked at, and an action that writes down what it is
//! asked to do. No firewall, so no namespaces.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Which program is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Ours.
    Bantam,
    /// The installed one.
    Original,
}
use Subject::{Bantam, Original};

/// The house.
pub struct House {
    /// Whose daemon guards it.
    pub subject: Subject,
    dir: tempfile::TempDir,
    daemon: Option<Child>,
}

impl House {
    /// A configuration with the filter `door`, the action `note`, and no jail yet.
    pub fn new(subject: Subject) -> Self {
        assert!(
            Path::new("/usr/bin/fail2ban-server").exists(),
            "the original is not installed: apt-get install -y fail2ban"
        );
        let house = House {
            subject,
            dir: tempfile::tempdir().unwrap(),
            daemon: None,
        };
        for folder in ["jail.d", "filter.d", "action.d", "bin"] {
            std::fs::create_dir(house.at(folder)).unwrap();
        }
        house.write("fail2ban.conf", &house.server_options());
        house.write(
            "jail.conf",
            "[DEFAULT]\nbackend = auto\nmaxretry = 3\nfindtime = 600\nbantime = 600\nusedns = warn\nmaxmatches = 5\n\
             ignoreself = false\nfilter = %(__name__)s\n",
        );
        house.write(
            "filter.d/door.conf",
            "[Definition]\nfailregex = ^\\s*<HOST> knocks\ndatepattern = ^EPOCH\n",
        );
        house.write("action.d/note.conf", &note(""));
        house.write("door.log", "");
        house
    }

    /// With the jail `door` on `door.log`, noting what is done.
    pub fn with_door(subject: Subject) -> Self {
        let house = Self::new(subject);
        house.jail("door", "");
        house
    }

    /// `fail2ban.conf`: everything within the folder.
    pub fn server_options(&self) -> String {
        let at = |name: &str| self.at(name).display().to_string();
        format!(
            "[Definition]\nloglevel = INFO\nlogtarget = {}\nsyslogsocket = auto\nsocket = {}\npidfile = {}\ndbfile = {}\n\
             dbpurgeage = 1d\ndbmaxmatches = 10\nallowipv6 = auto\n",
            at("daemon.log"),
            at("f.sock"),
            at("f.pid"),
            at("f.sqlite3")
        )
    }

    /// Writes a jail with the filter `door` on `door.log` and the action `note`; `more` has further options.
    pub fn jail(&self, name: &str, more: &str) {
        let given = |key: &str| more.lines().any(|line| line.starts_with(&format!("{key} =")));
        let mut text = format!("[{name}]\nenabled = true\n");
        if !given("filter") {
            text += "filter = door\n";
        }
        if !given("logpath") {
            text += &format!("logpath = {}\n", self.at("door.log").display());
        }
        if !given("action") {
            text += &format!("action = note[calls={}]\n", self.at("calls").display());
        }
        self.write(&format!("jail.d/{name}.conf"), &format!("{text}{more}\n"));
    }

    /// A path in the house's folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.at(name)).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.at(name)).unwrap_or_default()).into_owned()
    }

    /// A program put first in PATH.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.at("bin").join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Appends knocks of now.
    pub fn knock(&self, file: &str, who: &str, times: usize) {
        self.knock_at(file, who, times, now());
    }

    /// Appends knocks of some time.
    pub fn knock_at(&self, file: &str, who: &str, times: usize, at: u64) {
        let text = format!("{at} {who} knocks\n").repeat(times);
        self.append(file, text.as_bytes());
    }

    pub fn append(&self, file: &str, bytes: &[u8]) {
        let mut out = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.at(file))
            .unwrap();
        out.write_all(bytes).unwrap();
    }

    /// A program of a subject on this configuration.
    pub fn command(&self, subject: Subject, kind: &str) -> Command {
        let mut command = match subject {
            Bantam => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
                command.arg(kind);
                command
            }
            Original => Command::new(format!("/usr/bin/fail2ban-{kind}")),
        };
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.at("bin").display());
        command
            .env("PATH", path)
            .env("TZ", "UTC")
            .arg("-c")
            .arg(self.dir.path());
        command
    }

    /// Starts the daemon in the foreground of a process of its own and waits until it has obeyed its configuration.
    pub fn start(&mut self) {
        let mut command = self.command(self.subject, "server");
        command.args(["-xf", "start"]);
        self.start_by(command);
    }

    /// Starts a daemon by a command and waits until it has obeyed its configuration.
    pub fn start_by(&mut self, mut command: Command) {
        let out = std::fs::File::create(self.at("daemon.stdout")).unwrap();
        let errors = std::fs::File::create(self.at("daemon.stderr")).unwrap();
        self.daemon = Some(command.stdout(out).stderr(errors).spawn().unwrap());
        self.wait_for("the server answers", || self.client(&["ping"]).status.success());
        // Ours answers this when all files are followed.
        self.ask(&["server-status"]);
        let jails = std::fs::read_dir(self.at("jail.d")).unwrap().count();
        let started = |house: &House| house.list("jails").len();
        // A jail that cannot start is not waited for longer than it takes to see that.
        let deadline = Instant::now() + Duration::from_secs(4);
        while started(self) < jails && Instant::now() < deadline {
            pause();
        }
    }

    /// Jails, or what is banned in one.
    pub fn list(&self, what: &str) -> Vec<String> {
        let (words, mark): (Vec<&str>, _) = match what {
            "jails" => (vec!["status"], "Jail list:"),
            jail => (vec!["status", jail], "Banned IP list:"),
        };
        let text = self.ask(&words);
        let list = text
            .lines()
            .find_map(|line| line.split_once(mark))
            .map_or("", |(_, list)| list);
        list.split([',', ' ', '\t'])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    pub fn is_banned(&self, jail: &str, who: &str) -> bool {
        self.list(jail).iter().any(|banned| banned == who)
    }

    /// A number in `status JAIL`.
    pub fn figure(&self, jail: &str, name: &str) -> u64 {
        let text = self.ask(&["status", jail]);
        let line = text
            .lines()
            .find_map(|line| line.split_once(&format!("{name}:")))
            .unwrap_or_else(|| panic!("no {name} in {text}"));
        line.1.trim().parse().unwrap()
    }

    /// One command of the subject's own client.
    pub fn client(&self, words: &[&str]) -> Output {
        self.command(self.subject, "client").args(words).output().unwrap()
    }

    /// One command, which must succeed.
    pub fn ask(&self, words: &[&str]) -> String {
        self.ask_by(self.subject, words)
    }

    /// One command of either client, which must succeed.
    pub fn ask_by(&self, client: Subject, words: &[&str]) -> String {
        let done = self.command(client, "client").args(words).output().unwrap();
        let text = text_of(&done);
        assert!(done.status.success(), "{words:?}: {text}\n{}", self.story());
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Takes a process into its care: it ends with the house.
    pub fn keep(&mut self, process: Child) {
        self.daemon = Some(process);
    }

    pub fn pid(&self) -> String {
        self.read("f.pid").trim().to_owned()
    }

    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.pid()]).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// Waits for the end of the daemon; whether it ended well.
    pub fn ended(&mut self) -> bool {
        self.daemon
            .take()
            .is_some_and(|mut daemon| daemon.wait().unwrap().success())
    }

    pub fn stop(&mut self) {
        self.ask(&["stop"]);
        self.ended();
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }

    /// What the actions were asked to do, in order.
    pub fn calls(&self) -> Vec<String> {
        self.read("calls").lines().map(str::to_owned).collect()
    }

    pub fn said(&self) -> String {
        self.read("daemon.log")
    }

    /// How often the log says something.
    pub fn says(&self, text: &str) -> usize {
        self.said().matches(text).count()
    }

    pub fn wait_for(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(
                begun.elapsed() < PATIENCE,
                "not within {PATIENCE:?}: {what}\n{}",
                self.story()
            );
            pause();
        }
    }

    /// Waits until the log says something so often.
    pub fn hear(&self, text: &str, times: usize) {
        self.wait_for(&format!("the log says {text:?} {times} times"), || {
            self.says(text) >= times
        });
    }

    /// Waits until an action was called so.
    pub fn called(&self, call: &str) {
        self.wait_for(&format!("a call {call:?}"), || {
            self.calls().iter().any(|known| known == call)
        });
    }

    /// All there is to know when something fails.
    pub fn story(&self) -> String {
        format!(
            "--- log\n{}\n--- stderr\n{}\n--- calls\n{}",
            self.said(),
            self.read("daemon.stderr"),
            self.read("calls")
        )
    }
}

/// Also one that a client started in the background.
impl Drop for House {
    fn drop(&mut self) {
        self.kill();
        let pid = self.pid();
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if !pid.is_empty() && String::from_utf8_lossy(&line).contains(&*self.folder().to_string_lossy()) {
            let _ = Command::new("kill").args(["-9", &pid]).output();
        }
    }
}

/// An action that writes down its calls, each with a mark; `calls` is the file.
pub fn note(mark: &str) -> String {
    let line = |word: &str| format!("echo '{mark}{word}' >> <calls>");
    format!(
        "[Definition]\nactionstart = {}\nactionstop = {}\nactionban = {}\nactionunban = {}\n",
        line("start <name>"),
        line("stop <name>"),
        line("ban <ip>"),
        line("unban <ip>")
    )
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn pause() {
    std::thread::sleep(Duration::from_millis(40));
}

/// All that was printed.
pub fn text_of(done: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    )
}

/// Nothing is read from it, nothing goes to the terminal.
pub fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
