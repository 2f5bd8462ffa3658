//! A server in a folder of its own, with the same configuration whoever serves.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whose programs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Ours,
    Theirs,
}

/// Another version of the original than the installed one: the folder of its sources, in this variable.
pub fn other_original() -> Option<PathBuf> {
    std::env::var_os("FAIL2BAN_SOURCE").map(PathBuf::from)
}

/// Python that finds the original's modules.
pub fn python() -> Command {
    let mut command = Command::new("/usr/bin/python3");
    if let Some(sources) = other_original() {
        command.env("PYTHONPATH", sources);
    }
    command
}

/// One of the programs `client` and `server`.
pub fn program(whose: Whose, kind: &str) -> Command {
    let mut command = match (whose, other_original()) {
        (Whose::Ours, _) => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
            command.arg(kind);
            command
        }
        (Whose::Theirs, None) => {
            let mut command = python();
            command.arg(format!("/usr/bin/fail2ban-{kind}"));
            command
        }
        (Whose::Theirs, Some(sources)) => {
            let mut command = python();
            command.arg(sources.join(format!("bin/fail2ban-{kind}")));
            command
        }
    };
    // Tables have lines of their own on UTF-8.
    command
        .env("PYTHONIOENCODING", "utf-8")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC");
    command
}

/// A folder with a configuration, and the server on it.
pub struct Place {
    dir: tempfile::TempDir,
    server: Option<Child>,
}

impl Place {
    /// Only the folder.
    pub fn new() -> Self {
        assert!(
            Path::new("/usr/bin/fail2ban-server").exists(),
            "the original is not installed: apt-get install -y fail2ban"
        );
        let dir = tempfile::tempdir().unwrap();
        write_configuration(dir.path());
        Place { dir, server: None }
    }

    /// A folder and a server that has read it.
    pub fn served_by(whose: Whose) -> Self {
        Self::with_server(program(whose, "server"))
    }

    /// The same where a name server answers that knows where networks come from. Needs root.
    pub fn served_with_names_by(whose: Whose) -> Self {
        let script = "ip link set lo up && echo 'nameserver 127.0.0.1' > \"$0\" \
                      && mount --bind \"$0\" /etc/resolv.conf \
                      && { python3 -c \"$1\" & } && shift && exec \"$@\"";
        let server = program(whose, "server");
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--net",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                script,
                "resolv.conf",
            ])
            .arg(include_str!("names.py"))
            .arg(server.get_program())
            .args(server.get_args());
        for (name, value) in server.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        Self::with_server(command)
    }

    fn with_server(mut server: Command) -> Self {
        let mut place = Self::new();
        let errors = std::fs::File::create(place.folder().join("stderr")).unwrap();
        let server = server
            .args([
                "-c".as_ref(),
                place.folder().as_os_str(),
                "-f".as_ref(),
                "start".as_ref(),
            ])
            .current_dir(place.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap();
        place.server = Some(server);
        place
    }

    /// Waits until the jails are there.
    pub fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let done = program(Whose::Ours, "client")
                .args([
                    "-c".as_ref(),
                    self.folder().as_os_str(),
                    "status".as_ref(),
                    "grown".as_ref(),
                ])
                .output()
                .unwrap();
            if String::from_utf8_lossy(&done.stdout).lines().count() > 5 {
                return;
            }
            let said = std::fs::read_to_string(self.folder().join("stderr")).unwrap_or_default();
            assert!(Instant::now() < deadline, "no server within a minute: {said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }
}

/// Ends its server, also one that a client started.
impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
        let pid = std::fs::read_to_string(self.folder().join("pid")).unwrap_or_default();
        let line = std::fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&*self.folder().to_string_lossy()) {
            let _ = Command::new("kill").args(["-9", pid.trim()]).output();
        }
    }
}

fn write_configuration(dir: &Path) {
    let shown = dir.display();
    for sub in ["filter.d", "action.d"] {
        std::fs::create_dir(dir.join(sub)).unwrap();
    }
    let write = |name: &str, text: String| std::fs::write(dir.join(name), text).unwrap();
    write("log", String::new());
    write("other-log", String::new());
    write(
        "fail2ban.conf",
        format!(
            "[Definition]\nloglevel = INFO\nlogtarget = {shown}/f2b.log\nsocket = {shown}/sock\n\
             pidfile = {shown}/pid\ndbfile = {shown}/db\ndbpurgeage = 1d\n"
        ),
    );
    write(
        "jail.conf",
        format!(
            "[DEFAULT]\nbackend = polling\nenabled = true\nignoreself = false\nusedns = no\nbantime = 600\n\
             [one]\nfilter = lines\nlogpath = {shown}/log\naction = nothing[name=a]\n  nothing[actname=second]\n\
             ignoreip = 192.0.2.1 2001:db8:ffff::/48\n[two]\nfilter = lines\nlogpath = {shown}/log\n\
             [grown]\nfilter = lines\nlogpath = {shown}/log\n  {shown}/other-log\nbantime.increment = true\n\
             bantime.maxtime = 1w\nmaxretry = 2\nfindtime = 1h\n"
        ),
    );
    write(
        "filter.d/lines.conf",
        "[Definition]\nfailregex = ^bad <HOST> \"it's\"$\n  ^worse \\S+ from <ADDR>$\nignoreregex = ^never\n"
            .to_owned(),
    );
    write(
        "action.d/nothing.conf",
        "[Definition]\nactionban = true <ip>\nactionunban = true\n".to_owned(),
    );
}
