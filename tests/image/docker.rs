//! A Docker of the test's own: engine, images and containers apart from the machine's, gone with the value.
use crate::lab::{output, succeed, wait_for};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Debian's client: another one in PATH may be of another version, or lack what building needs.
const CLIENT: &str = "/usr/bin/docker";

/// A running engine. Its mounts are in a mount namespace of its own, and it dies with the test's thread, so that
/// nothing of it can be left on the machine.
pub struct Engine {
    child: Child,
    /// Sockets, pid file and log: a short path, as sockets need it.
    run: tempfile::TempDir,
}

impl Engine {
    /// Starts an engine on stored images. With a network namespace it does there what Docker does to a host: bridge,
    /// NAT, DOCKER-USER. Without one it stays out of the machine's network altogether, and can only build.
    pub fn start(data: &Path, netns: Option<&str>) -> Self {
        let run = tempfile::tempdir().expect("a folder");
        let log = File::create(run.path().join("log")).expect("a log");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "unshare", "--mount"]);
        match netns {
            Some(name) => command
                .arg("nsenter")
                .arg(format!("--net=/run/netns/{name}"))
                .arg("dockerd"),
            None => command.args([
                "dockerd",
                "--bridge=none",
                "--iptables=false",
                "--ip-forward=false",
                "--ip-masq=false",
            ]),
        };
        command
            .arg("--data-root")
            .arg(data)
            .arg("--exec-root")
            .arg(run.path().join("exec"));
        command
            .arg("--pidfile")
            .arg(run.path().join("pid"))
            .arg("--host")
            .arg(host(run.path()));
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log);
        let engine = Engine {
            child: command.spawn().expect("start dockerd"),
            run,
        };
        wait_for("dockerd answers", Duration::from_secs(40), || {
            engine.try_docker(&["version"]).status.success()
        });
        engine
    }

    /// Debian's `docker` on this engine.
    pub fn command(&self) -> Command {
        let mut command = Command::new(CLIENT);
        self.on(&mut command);
        command
    }

    /// `docker-compose` on this engine.
    pub fn compose(&self) -> Command {
        let mut command = Command::new("docker-compose");
        self.on(&mut command);
        command
    }

    fn on(&self, command: &mut Command) {
        command
            .env("DOCKER_HOST", host(self.run.path()))
            .env("DOCKER_CONFIG", self.run.path().join("config"));
        command.env_remove("DOCKER_CONTEXT");
    }

    /// One command of `docker`, which must succeed.
    pub fn docker(&self, words: &[&str]) -> String {
        succeed(self.command().args(words)).trim_end().to_owned()
    }

    /// One command of `docker`.
    pub fn try_docker(&self, words: &[&str]) -> Output {
        output(self.command().args(words))
    }

    /// All that a container has said.
    pub fn logs(&self, container: &str) -> String {
        let done = self.try_docker(&["logs", container]);
        String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
    }

    /// A field of a container, as a Go template names it.
    pub fn inspect(&self, container: &str, field: &str) -> String {
        self.docker(&["inspect", "--format", field, container])
    }

    /// Ends the engine, containers first.
    pub fn stop(self) {
        drop(self);
    }
}

fn host(run: &Path) -> String {
    format!("unix://{}", run.join("docker.sock").display())
}

impl Drop for Engine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.run.path().join("log")).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(15).collect();
            eprintln!("--- the end of dockerd's log, last line first\n{}", end.join("\n"));
        }
        let all = String::from_utf8_lossy(&self.try_docker(&["ps", "-aq"]).stdout).into_owned();
        if !all.trim().is_empty() {
            let _ = self.command().args(["rm", "-fv"]).args(all.split_whitespace()).output();
        }
        let _ = Command::new("kill").arg(self.child.id().to_string()).output();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Debian of the release that the image is made from, as a tarball: made once, then kept in `store`.
pub fn base_tarball(store: &Path) -> PathBuf {
    let tarball = store.join("bookworm.tar");
    if !tarball.exists() {
        println!("debootstrap makes the base image; it is kept in {}", tarball.display());
        // In memory, where dpkg's syncing costs nothing; the mount is gone with the shell.
        let script = "set -e\n\
            mount -t tmpfs tmpfs \"$1\"\n\
            debootstrap --variant=minbase bookworm \"$1/root\" >\"$2.log\"\n\
            echo force-unsafe-io >\"$1/root/etc/dpkg/dpkg.cfg.d/docker-apt-speedup\"\n\
            rm -rf \"$1\"/root/var/cache/apt/archives/*.deb\n\
            tar -C \"$1/root\" -cf \"$2.part\" .\n\
            mv \"$2.part\" \"$2\"";
        let scratch = tempfile::tempdir().expect("a folder");
        succeed(
            Command::new("unshare")
                .args(["--mount", "sh", "-c", script, "sh"])
                .arg(scratch.path())
                .arg(&tarball),
        );
    }
    tarball
}
