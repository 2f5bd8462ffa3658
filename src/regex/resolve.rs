//! Names to addresses, by the system's resolver.
use bantam_detect::Resolver;
use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

/// Longer than this, and a name has no address.
const PATIENCE: Duration = Duration::from_secs(10);
/// Names remembered; logs can be full of invented ones.
const KEPT: usize = 1000;

/// Asks the system once for each name.
#[derive(Debug, Default)]
pub struct System {
    known: HashMap<String, Vec<IpAddr>>,
}

impl Resolver for System {
    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let addresses = ask(name.to_owned());
        self.known.insert(name.to_owned(), addresses.clone());
        addresses
    }
}

fn ask(name: String) -> Vec<IpAddr> {
    let (sender, receiver) = mpsc::channel();
    // The system's resolver cannot be interrupted, so it is left behind when it takes too long.
    std::thread::spawn(move || {
        let found = (name.as_str(), 0)
            .to_socket_addrs()
            .map(|all| all.map(|address| address.ip()).collect::<Vec<_>>());
        let _ = sender.send(found.unwrap_or_default());
    });
    receiver.recv_timeout(PATIENCE).unwrap_or_default()
}
