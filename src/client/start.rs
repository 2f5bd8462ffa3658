//! Brings a server up in the background, and down.
use super::ask::{self, Show};
use super::values;
use crate::cmdline::{self, CommandLine, Console};
use crate::server;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The server's first answer may take this long when all is well: it is asked again with more patience.
const FIRST_WAIT: Duration = Duration::from_millis(12);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Starts the server unless one runs, and waits until it answers. In the foreground it returns when the server ends.
pub(super) fn start(command_line: &CommandLine, console: &mut Console) -> bool {
    if ask::is_alive(command_line, Duration::from_millis(100), console) {
        console.error("Server already running");
        return false;
    }
    let Some(loaded) = cmdline::load(command_line, &command_line.load_options(), console) else {
        return false;
    };
    if !command_line.force && command_line.socket_path().exists() {
        console.error("Fail2ban seems to be in unexpected state (not running but the socket exists)");
        return false;
    }
    if !command_line.background {
        return server::serve(command_line) == ExitCode::SUCCESS;
    }
    let mut started = match Started::spawn(command_line, &loaded.server.logtarget) {
        Ok(started) => started,
        Err(cause) => {
            console.error(&format!("Exception while starting server background: {cause}"));
            return false;
        }
    };
    if !started.wait(command_line, console) {
        return false;
    }
    ask::ask(command_line, &values(&["server-status"]), Show::Reply, None, console)
}

/// Stops the server, waits until it is gone, and starts it.
pub(super) fn restart(command_line: &CommandLine, console: &mut Console) -> bool {
    announce(command_line, "stop", console);
    let show = if command_line.json { Show::Nothing } else { Show::Reply };
    ask::ask(command_line, &values(&["stop"]), show, None, console);
    let deadline = Instant::now() + command_line.timeout;
    let mut pause = FIRST_WAIT;
    while command_line.socket_path().exists() && ask::is_alive(command_line, pause, console) {
        if Instant::now() >= deadline {
            console.error("Could not stop server");
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_WAIT);
    }
    // It no longer answers; its socket goes last.
    let gone = Instant::now() + Duration::from_secs(2);
    while command_line.socket_path().exists() && Instant::now() < gone {
        thread::sleep(FIRST_WAIT);
    }
    announce(command_line, "load configuration", console);
    announce(command_line, "start", console);
    start(command_line, console)
}

/// To those who type, says what takes its time.
pub(super) fn announce(command_line: &CommandLine, what: &str, console: &mut Console) {
    if command_line.interactive && !command_line.json {
        console.print(&format!("  ## {what} ... "));
    }
}

/// A server process that does not answer yet.
struct Started {
    child: Child,
    /// What it says before it has a log.
    said: Option<File>,
}

impl Started {
    fn spawn(command_line: &CommandLine, logtarget: &str) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        // By its name it knows what it is, whatever the file is called.
        command
            .arg0("fail2ban-server")
            .args(arguments(command_line))
            .stdin(Stdio::null());
        let target = command_line
            .logtarget
            .as_deref()
            .unwrap_or(logtarget)
            .to_ascii_uppercase();
        let to_terminal = matches!(target.as_str(), "STDOUT" | "STDERR" | "SYSOUT");
        let said = if to_terminal {
            None
        } else {
            let said = tempfile::tempfile()?;
            command.stdout(Stdio::null()).stderr(said.try_clone()?);
            Some(said)
        };
        Ok(Started {
            child: command.spawn()?,
            said,
        })
    }

    /// Whether the server came to answer. Says why not.
    fn wait(&mut self, command_line: &CommandLine, console: &mut Console) -> bool {
        let deadline = Instant::now().checked_add(command_line.timeout);
        let mut pause = FIRST_WAIT;
        loop {
            if command_line.socket_path().exists() && ask::is_alive(command_line, pause.max(FIRST_WAIT * 8), console) {
                return true;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                self.tell(console);
                console.error(&format!("Could not start server: it ended with {status}"));
                return false;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.tell(console);
                console.error(&format!(
                    "Could not start server: no answer at {} within {:?}",
                    command_line.socket_path().display(),
                    command_line.timeout
                ));
                return false;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_WAIT);
        }
    }

    fn tell(&mut self, console: &mut Console) {
        let mut text = Vec::new();
        if let Some(said) = &mut self.said
            && said.rewind().is_ok()
            && said.take(64 << 10).read_to_end(&mut text).is_ok()
            && !text.is_empty()
        {
            console.show(&cmdline::visible(&String::from_utf8_lossy(&text)));
        }
    }
}

/// The options under which the server reads the same configuration and meets its client at the same socket.
fn arguments(command_line: &CommandLine) -> Vec<String> {
    let mut args = vec!["--async".to_owned(), "-f".to_owned()];
    let mut option = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            args.extend([name.to_owned(), value.to_owned()]);
        }
    };
    option("-c", Some(&command_line.conf.to_string_lossy()));
    option("-s", Some(&command_line.socket_path().to_string_lossy()));
    option("-p", command_line.pidfile.as_deref());
    option("--pname", command_line.pname.as_deref());
    option("--loglevel", command_line.loglevel.as_deref());
    option("--logtarget", command_line.logtarget.as_deref());
    option("--syslogsocket", command_line.syslogsocket.as_deref());
    if command_line.force {
        args.push("-x".to_owned());
    }
    if let Ok(more @ 1..) = usize::try_from(command_line.verbosity - 1) {
        args.push(format!("-{}", "v".repeat(more)));
    }
    args
}
