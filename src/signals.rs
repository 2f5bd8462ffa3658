//! Signals: end, roll the log over, read the configuration anew.
use bantam_daemon::Server;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::sync::Arc;

/// Reads the configuration anew and puts it in force.
pub type Reread = Arc<dyn Fn(&Server) + Send + Sync>;

/// Obeys signals on a thread of their own, for as long as the process lives.
pub fn listen(server: Arc<Server>, reread: Reread) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGUSR1, SIGHUP])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGUSR1 => server.flush_log(),
                SIGHUP => reread_aside(&server, &reread),
                _ => server.ask_stop(),
            }
        }
    })?;
    Ok(())
}

/// On a thread of its own: it may wait for slow commands of a jail that goes, and the other signals are not to wait.
fn reread_aside(server: &Arc<Server>, reread: &Reread) {
    let (server, reread) = (Arc::clone(server), Arc::clone(reread));
    // Without a thread to be had there is nothing better to do than to go on as before.
    let _ = std::thread::Builder::new()
        .name("reload".to_owned())
        .spawn(move || reread(&server));
}
