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
    /// Names just found to have no address, and why.
    pub failed: Vec<(String, String)>,
}

impl Resolver for System {
    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let addresses = ask(name.to_owned()).unwrap_or_else(|why| {
            if self.failed.len() < KEPT {
                self.failed.push((name.to_owned(), why));
            }
            Vec::new()
        });
        self.known.insert(name.to_owned(), addresses.clone());
        addresses
    }
}

fn ask(name: String) -> Result<Vec<IpAddr>, String> {
    let (sender, receiver) = mpsc::channel();
    // The system's resolver cannot be interrupted, so it is left behind when it takes too long.
    std::thread::spawn(move || {
        let found = (name.as_str(), 0)
            .to_socket_addrs()
            .map(|all| all.map(|address| address.ip()).collect::<Vec<_>>())
            .map_err(|error| python_error(&error.to_string()));
        let _ = sender.send(found);
    });
    let answer = receiver.recv_timeout(PATIENCE);
    answer.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

/// The name that an address resolves back to, in time.
pub fn reverse(address: IpAddr) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(dns_lookup::lookup_addr(&address).ok());
    });
    let name = receiver.recv_timeout(PATIENCE).ok()??;
    // Without a name the system's resolver gives the address back as text.
    name.parse::<IpAddr>().is_err().then_some(name)
}

/// The system's words, with the numbers that Python puts before them.
fn python_error(text: &str) -> String {
    let words = text
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(text);
    let number = match words {
        "Name or service not known" => -2,
        "Temporary failure in name resolution" => -3,
        "Non-recoverable failure in name resolution" => -4,
        "No address associated with hostname" => -5,
        _ => return words.to_owned(),
    };
    format!("[Errno {number}] {words}")
}
