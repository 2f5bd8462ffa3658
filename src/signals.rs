//! Signals: end, roll the log over, read the configuration anew.
use bantam_daemon::Server;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::sync::Arc;

/// Reads the configuration anew and puts it in force.
pub type Reread = Box<dyn Fn(&Server) + Send>;

/// Obeys signals on a thread of their own, for as long as the process lives.
pub fn listen(server: Arc<Server>, reread: Reread) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGUSR1, SIGHUP])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGUSR1 => server.flush_log(),
                SIGHUP => reread(&server),
                _ => server.ask_stop(),
            }
        }
    })?;
    Ok(())
}
