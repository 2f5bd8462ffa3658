//! `bantam demo`: the main job, shown on a machine that has no Traefik. A small web server writes a live access log
//! as Traefik would, a visitor and an attacker call on it, and the real daemon watches.

mod place;
mod set_up;
mod show;
mod web;

use place::Place;
use show::{Seen, Show};
use std::io::{self, BufRead, BufReader};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Everything is over by then, whatever happens.
const LONGEST: Duration = Duration::from_secs(25);
/// What an attacker asks for.
const PROBES: [&str; 12] = [
    "/wp-login.php",
    "/.env",
    "/phpmyadmin/index.php",
    "/.git/config",
    "/backup.sql",
    "/admin/",
    "/config.json.bak",
    "/cgi-bin/luci",
    "/server-status",
    "/old/index.php",
    "/vendor/phpunit/eval-stdin.php",
    "/actuator/env",
];

/// Ends by itself in less than 30 seconds.
pub fn main() -> ExitCode {
    match place::enter() {
        place::Entered::Here(place) => match demonstrate(&place) {
            Ok(seen) => seen.verdict(),
            Err(error) => {
                eprintln!("error: the demo could not run: {error}");
                ExitCode::FAILURE
            }
        },
        place::Entered::There(exit) => exit,
    }
}

fn demonstrate(place: &Place) -> io::Result<Seen> {
    let dir = tempfile::Builder::new().prefix("bantam-demo-").tempdir()?;
    let show = Arc::new(Show::new());
    show.title(place, dir.path());
    set_up::write(dir.path(), place)?;
    let web = web::start(place.server, dir.path().join("access.log"))?;
    let mut daemon = Daemon::start(dir.path(), &show)?;
    let seen = act(place, web, &show, &mut daemon);
    daemon.stop();
    show.firewall_commands(dir.path());
    Ok(seen)
}

/// A visitor comes and goes all the time; the attacker probes until it gets no answer, waits, and comes again.
fn act(place: &Place, port: u16, show: &Arc<Show>, daemon: &mut Daemon) -> Seen {
    let begun = Instant::now();
    show.until(Duration::from_secs(5), || show.daemon_is_ready());
    let over = Arc::new(AtomicBool::new(false));
    let visitor = {
        let (over, show, from, to) = (Arc::clone(&over), Arc::clone(show), place.visitor, place.server);
        thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                visit("visitor", from, to, port, "/", &show);
                thread::sleep(Duration::from_millis(1500));
            }
        })
    };
    thread::sleep(Duration::from_millis(500));
    let mut probes = PROBES.iter().cycle();
    while begun.elapsed() < LONGEST && !show.seen().unbanned && daemon.is_up() {
        let Some(path) = probes.next() else { break };
        let answered = visit("attacker", place.attacker, place.server, port, path, show);
        let pause = if answered && !show.seen().banned { 150 } else { 1000 };
        thread::sleep(Duration::from_millis(pause));
    }
    if show.seen().unbanned {
        visit("attacker", place.attacker, place.server, port, "/", show);
    }
    over.store(true, Ordering::SeqCst);
    let _ = visitor.join();
    show.seen_in(place)
}

/// One request; whether it was answered.
fn visit(who: &str, from: IpAddr, to: IpAddr, port: u16, path: &str, show: &Show) -> bool {
    match web::request(from, to, port, path) {
        Ok(status) => {
            show.request(who, from, path, Some(status));
            true
        }
        Err(_) => {
            show.request(who, from, path, None);
            false
        }
    }
}

/// The real daemon, in a process of its own; what it says is shown.
struct Daemon {
    child: Child,
}

impl Daemon {
    fn start(dir: &Path, show: &Arc<Show>) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("run")
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(stderr) = child.stderr.take() {
            let show = Arc::clone(show);
            thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    show.daemon(&line);
                }
            });
        }
        Ok(Daemon { child })
    }

    fn is_up(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end, and ends it if it does not.
    fn stop(&mut self) {
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(3) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
