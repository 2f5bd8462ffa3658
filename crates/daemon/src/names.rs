//! Names and addresses: what resolving gives, cached and bounded in time, and which addresses are our own.
use bantam_detect::{Id, Resolver};
use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::{Duration, Instant};

/// How long an answer (also "no such name") is believed.
const BELIEVED: Duration = Duration::from_secs(5 * 60);
/// How long a look-up may keep a line waiting.
const PATIENCE: Duration = Duration::from_secs(3);
/// Of each minute, look-ups may keep lines waiting for so long in all: names in a log are chosen by strangers, and a
/// flood of names that nobody answers for must not stop the reading.
const PATIENCE_A_MINUTE: Duration = Duration::from_secs(6);
/// Answers kept; with more, the oldest go.
const KEPT: usize = 1000;

/// Looks names up and remembers the answers.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<String, (Instant, Vec<IpAddr>)>,
    own: Option<(Instant, Vec<IpAddr>)>,
    /// Own addresses that are being looked up.
    coming: Option<Receiver<Vec<IpAddr>>>,
    spent: Spent,
}

/// Time that look-ups have taken in the present minute.
#[derive(Debug, Default)]
struct Spent {
    since: Option<Instant>,
    time: Duration,
}

impl Spent {
    fn is_too_much(&mut self) -> bool {
        if self.since.is_none_or(|since| since.elapsed() > Duration::from_secs(60)) {
            *self = Spent {
                since: Some(Instant::now()),
                time: Duration::ZERO,
            };
        }
        self.time > PATIENCE_A_MINUTE
    }
}

impl Resolver for Names {
    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        if let Some((at, addresses)) = self.known.get(name)
            && at.elapsed() < BELIEVED
        {
            return addresses.clone();
        }
        if self.spent.is_too_much() {
            return Vec::new();
        }
        let begun = Instant::now();
        let addresses = lookup(name.to_owned());
        self.spent.time += begun.elapsed();
        if self.known.len() >= KEPT {
            self.known.retain(|_, (at, _)| at.elapsed() < BELIEVED);
        }
        if self.known.len() < KEPT {
            self.known.insert(name.to_owned(), (Instant::now(), addresses.clone()));
        }
        addresses
    }
}

impl Names {
    /// Begins to look up the own addresses, so that the first who fails need not wait for them.
    pub fn prepared() -> Self {
        let mut names = Names::default();
        names.look_up_own();
        names
    }

    /// Whether an id is one of this host's own addresses (`ignoreself`). Only the first answer is waited for: later
    /// the old one holds until the new one is there.
    pub fn is_own(&self, id: &Id) -> bool {
        let Id::Ip(address) = id else { return false };
        self.own.as_ref().is_some_and(|(_, own)| own.contains(address))
    }

    /// Learns the own addresses, or what they have become.
    pub fn look_at_own(&mut self) {
        if self.own.as_ref().is_none_or(|(at, _)| at.elapsed() >= BELIEVED) {
            self.look_up_own();
        }
        if let Some(coming) = &self.coming {
            let found = match self.own {
                None => Some(coming.recv().unwrap_or_else(|_| own_addresses())),
                Some(_) => match coming.try_recv() {
                    Err(TryRecvError::Disconnected) => Some(own_addresses()),
                    other => other.ok(),
                },
            };
            if let Some(found) = found {
                self.own = Some((Instant::now(), found));
                self.coming = None;
            }
        }
    }

    fn look_up_own(&mut self) {
        if self.coming.is_some() {
            return;
        }
        let (answer, coming) = mpsc::channel();
        // Without a thread the channel is closed, and whoever asks first looks it up himself.
        let _ = std::thread::Builder::new().name("names".to_owned()).spawn(move || {
            let _ = answer.send(own_addresses());
        });
        self.coming = Some(coming);
    }

    /// Forgets everything (a reload of all jails).
    pub fn clear(&mut self) {
        *self = Names::prepared();
    }
}

/// The look-up itself runs on a thread of its own: the system's resolver knows no time limit.
fn lookup(name: String) -> Vec<IpAddr> {
    let (answer, wait) = mpsc::channel();
    let asked = std::thread::Builder::new().name("names".to_owned()).spawn(move || {
        let mut found: Vec<IpAddr> = (name.as_str(), 0u16)
            .to_socket_addrs()
            .map(|addresses| addresses.map(|a| a.ip().to_canonical()).collect())
            .unwrap_or_default();
        found.dedup();
        let _ = answer.send(found);
    });
    match asked {
        Ok(_) => wait.recv_timeout(PATIENCE).unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

fn own_addresses() -> Vec<IpAddr> {
    let mut own: Vec<IpAddr> = if_addrs::get_if_addrs()
        .map(|all| all.iter().map(|one| one.ip()).collect())
        .unwrap_or_default();
    own.extend(
        ["127.0.0.1", "::1"]
            .iter()
            .filter_map(|text| text.parse::<IpAddr>().ok()),
    );
    if let Some(host) = host_name() {
        own.extend(lookup(host));
    }
    own.sort();
    own.dedup();
    own
}

/// This host's name.
pub fn host_name() -> Option<String> {
    Some(rustix::system::uname().nodename().to_str().ok()?.to_owned())
}

/// The name that an address resolves back to (`<ip-host>`), within a bound of time.
pub fn reverse(address: IpAddr) -> Option<String> {
    let (answer, wait) = mpsc::channel();
    std::thread::Builder::new()
        .name("names".to_owned())
        .spawn(move || {
            let _ = answer.send(dns_lookup::lookup_addr(&address).ok());
        })
        .ok()?;
    let name = wait.recv_timeout(PATIENCE).ok()??;
    // The system's resolver gives the address back as text when it has no name.
    name.parse::<IpAddr>().is_err().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_ups_that_took_too_long_in_a_minute_are_left_out() {
        let mut names = Names::default();
        assert!(!names.spent.is_too_much());
        names.spent.time = PATIENCE_A_MINUTE + Duration::from_millis(1);
        assert!(names.addresses("localhost").is_empty());
        names.spent.since = Instant::now().checked_sub(Duration::from_secs(61));
        assert!(!names.addresses("localhost").is_empty(), "a new minute has begun");
    }
}
