//! The two daemons, driven in the same way.
use super::net::Net;
use super::{guide_files, output, succeed, wait_for};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Which program is under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Ours.
    Bantam,
    /// The installed one.
    Original,
}

/// A folder with a configuration, a log, fake tools put first in PATH, and perhaps a running daemon.
pub struct Lab {
    pub subject: Subject,
    pub net: Net,
    pub dir: tempfile::TempDir,
    daemon: Option<Child>,
}

/// The guide's only jail.
pub const JAIL: &str = "traefik-general-forceful-browsing";

impl Lab {
    /// The guide's set-up, its log's path changed.
    pub fn with_guide(subject: Subject) -> Self {
        let lab = Lab {
            subject,
            net: Net::new(),
            dir: tempfile::tempdir().expect("a folder"),
            daemon: None,
        };
        for kind in ["jail.d", "filter.d", "action.d"] {
            let to = lab.dir.path().join(kind);
            std::fs::create_dir(&to).expect("a folder");
            for file in std::fs::read_dir(guide_files().join(kind)).expect("the guide's files") {
                let file = file.expect("a file");
                std::fs::copy(file.path(), to.join(file.file_name())).expect("copy");
            }
        }
        lab.change(
            "jail.d/jail.local",
            "/var/log/traefik/traefik.log",
            &lab.log().to_string_lossy(),
        );
        lab.write("fail2ban.conf", &lab.server_options());
        // The original insists on a jail.conf; the guide's container has the stock one beneath. Ours needs none, but
        // both are given the same.
        lab.write("jail.conf", "[DEFAULT]\n");
        std::fs::write(lab.log(), "").expect("the log");
        lab.fake_curl();
        lab
    }

    fn server_options(&self) -> String {
        let at = |name: &str| self.dir.path().join(name).to_string_lossy().into_owned();
        format!(
            "[Definition]\nloglevel = INFO\nlogtarget = {}\nsyslogsocket = auto\nsocket = {}\npidfile = {}\ndbfile = {}\n\
             dbpurgeage = 1d\ndbmaxmatches = 10\nallowipv6 = auto\n",
            at("daemon.log"),
            at("f.sock"),
            at("f.pid"),
            at("f.sqlite3")
        )
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("access.log")
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).expect("write a file");
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.path().join(name)).unwrap_or_default()).into_owned()
    }

    /// Replaces a text in a file, which must be there.
    pub fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} holds no {from:?}");
        self.write(name, &text.replace(from, to));
    }

    /// A program put first in PATH.
    pub fn fake(&self, name: &str, script: &str) {
        let bin = self.dir.path().join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        let path = bin.join(name);
        std::fs::write(&path, script).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("make it run");
    }

    /// Writes down how it is called; answers look-ups as Cloudflare would, with one rule.
    fn fake_curl(&self) {
        let calls = self.dir.path().join("curl.calls");
        self.fake(
            "curl",
            &format!(
                "#!/bin/sh\n{{ for word in \"$@\"; do printf '%s\\n' \"$word\"; done; echo --; }} >> {}\n\
                 case \" $* \" in *' GET '*) echo '{{\"result\":[{{\"id\":\"rule-1\"}}],\"success\":true}}';; esac\n",
                calls.display()
            ),
        );
    }

    /// The calls of the fake curl, each a list of words.
    pub fn curl_calls(&self) -> Vec<Vec<String>> {
        self.read("curl.calls")
            .split("--\n")
            .map(|call| call.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|call| !call.is_empty())
            .collect()
    }

    fn path_variable(&self) -> String {
        format!(
            "{}:/usr/sbin:/usr/bin:/sbin:/bin",
            self.dir.path().join("bin").display()
        )
    }

    fn program(&self, kind: &str) -> Command {
        self.program_of(self.subject, kind)
    }

    /// The client or server of one of the two, on this configuration.
    pub fn program_of(&self, subject: Subject, kind: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.net.server]);
        match subject {
            Subject::Bantam => command.args([env!("CARGO_BIN_EXE_bantam"), kind]),
            Subject::Original => command.arg(format!("/usr/bin/fail2ban-{kind}")),
        };
        command
            .env("PATH", self.path_variable())
            .env("TZ", "Europe/Berlin")
            .arg("-c")
            .arg(self.dir.path());
        command
    }

    /// Starts the daemon in the foreground of its own process and waits until its jail is there.
    pub fn start(&mut self) {
        let mut command = self.program("server");
        command.args(["-xf", "start"]).stdout(Stdio::null());
        let errors = std::fs::File::create(self.dir.path().join("daemon.stderr")).expect("a file");
        self.daemon = Some(command.stderr(errors).spawn().expect("start the daemon"));
        let (jail, errors) = (JAIL, self.dir.path().join("daemon.stderr"));
        wait_for(
            &format!("the jail is up; see {}", errors.display()),
            Duration::from_secs(20),
            || String::from_utf8_lossy(&self.client(&["status", jail]).stdout).contains("Filter"),
        );
    }

    /// One command of the client.
    pub fn client(&self, words: &[&str]) -> Output {
        output(self.program("client").args(words))
    }

    /// One command of the client, which must succeed.
    pub fn ask(&self, words: &[&str]) -> String {
        succeed(self.program("client").args(words))
    }

    /// Asks the daemon to stop and waits for its end.
    pub fn stop(&mut self) {
        self.ask(&["stop"]);
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.wait();
        }
    }

    /// Ends the daemon at once, as a power cut would.
    pub fn kill(&mut self) {
        let pid = self.read("f.pid").trim().to_owned();
        if !pid.is_empty() {
            let _ = Command::new("kill").args(["-9", &pid]).output();
        }
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }

    /// The ids that stand banned.
    pub fn banned(&self) -> Vec<String> {
        let text = self.ask(&["get", JAIL, "banip"]);
        text.split_whitespace().map(str::to_owned).collect()
    }

    pub fn is_banned(&self, id: &str) -> bool {
        self.banned().iter().any(|known| known == id)
    }

    /// Seconds of a standing ban.
    pub fn bantime(&self, id: &str) -> i64 {
        let text = self.ask(&["get", JAIL, "banip", "--with-time"]);
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{id} ")))
            .unwrap_or_else(|| panic!("no {id} in {text}"));
        let seconds = line
            .split(" + ")
            .nth(1)
            .and_then(|rest| rest.split(" = ").next())
            .expect("seconds");
        seconds.trim().parse::<f64>().expect("a number") as i64
    }

    /// What the daemon has said.
    pub fn said(&self) -> String {
        self.read("daemon.log")
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "--- daemon's log\n{}\n--- daemon's stderr\n{}",
                self.said(),
                self.read("daemon.stderr")
            );
            eprintln!("--- rules\n{}", self.net.rules().join("\n"));
        }
        self.kill();
    }
}
