//! What the tags of an action's command stand for, for one ban.
use crate::live::LiveJail;
use crate::names;
use crate::records::Records;
use bantam_detect::{Family, Id};
use bantam_enforce::TagSource;
use bantam_jail::Ticket;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

/// The values of one ban.
#[derive(Debug)]
pub struct BanValues {
    /// Shared with the jail's list of bans.
    ticket: Arc<Ticket>,
    name: String,
    /// Asked for its counts; nobody's when the jail's lock may be held while a tag is read.
    jail: Weak<LiveJail>,
    records: Arc<Records>,
}

impl BanValues {
    /// For a ticket of a jail.
    pub fn new(ticket: Arc<Ticket>, jail: &Arc<LiveJail>, records: &Arc<Records>) -> Arc<Self> {
        let name = jail.name.clone();
        Arc::new(BanValues {
            ticket,
            name,
            jail: Arc::downgrade(jail),
            records: Arc::clone(records),
        })
    }

    /// For somebody who failed, while the jail's lock is held: its counts read as 0.
    pub fn detached(ticket: Ticket, jail: &str, records: &Arc<Records>) -> Self {
        BanValues {
            ticket: Arc::new(ticket),
            name: jail.to_owned(),
            jail: Weak::new(),
            records: Arc::clone(records),
        }
    }

    /// The address proper, which may differ from the id.
    fn ip(&self) -> &Id {
        self.ticket.ip.as_ref().unwrap_or(&self.ticket.id)
    }

    fn merged(&self, all_jails: bool) -> (u32, Vec<String>) {
        let wanted = if all_jails { None } else { Some(self.name.as_str()) };
        self.records
            .merged(self.ip(), wanted)
            .unwrap_or_else(|| (self.ticket.attempts, self.lines()))
    }

    fn lines(&self) -> Vec<String> {
        self.ticket.matches.iter().map(|line| line.text()).collect()
    }

    fn counts(&self) -> Counts {
        self.jail.upgrade().map_or_else(Counts::default, |jail| {
            let work = jail.work.lock();
            Counts {
                banned: work.jail.currently_banned() as u64,
                banned_total: work.jail.total_banned(),
                found: work.jail.currently_failed() as u64,
                found_total: work.jail.total_failed(),
            }
        })
    }

    fn time(&self) -> String {
        let time = self.ticket.time;
        if self.ticket.zoned {
            time.secs().to_string()
        } else {
            python_float(time.secs_f64())
        }
    }
}

#[derive(Default)]
struct Counts {
    banned: u64,
    banned_total: u64,
    found: u64,
    found_total: u64,
}

impl TagSource for BanValues {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(captured) = name.strip_prefix("F-") {
            // The two groups whose names are not those of their tags.
            let key = match captured {
                "ID" => "fid".to_owned(),
                "PORT" => "fport".to_owned(),
                other => other.to_lowercase(),
            };
            return Some(
                self.ticket
                    .captures
                    .get(&key)
                    .map_or(Cow::Borrowed(""), |text| Cow::Borrowed(text)),
            );
        }
        let text = match name {
            "ip" => self.ip().to_string(),
            "fid" => self.ticket.id.to_string(),
            "family" => family_name(self.ip().family()).to_owned(),
            "ip-rev" => reversed(self.ip()),
            "ip-host" => match self.ip() {
                Id::Ip(address) => names::reverse(*address).unwrap_or_else(|| address.to_string()),
                other => other.to_string(),
            },
            "failures" => self.ticket.attempts.to_string(),
            "time" => self.time(),
            "bantime" => (self.ticket.bantime as i64).max(-1).to_string(),
            "bancount" => self.ticket.bancount.to_string(),
            "restored" => u8::from(self.ticket.restored).to_string(),
            "matches" => self.lines().join("\n"),
            "ipmatches" => self.merged(true).1.join("\n"),
            "ipjailmatches" => self.merged(false).1.join("\n"),
            "ipfailures" => self.merged(true).0.to_string(),
            "ipjailfailures" => self.merged(false).0.to_string(),
            "raw-ticket" => format!(
                "BanTicket: ip={} time={} bantime={} bancount={} #attempts={} matches={:?}",
                self.ticket.id,
                self.time(),
                self.ticket.bantime as i64,
                self.ticket.bancount,
                self.ticket.attempts,
                self.lines()
            ),
            "jail.name" => self.name.clone(),
            "jail.banned" => self.counts().banned.to_string(),
            "jail.banned_total" => self.counts().banned_total.to_string(),
            "jail.found" => self.counts().found.to_string(),
            "jail.found_total" => self.counts().found_total.to_string(),
            "fq-hostname" | "sh-hostname" => {
                let host = names::host_name().unwrap_or_default();
                let short = host.split('.').next().unwrap_or_default();
                if name == "sh-hostname" { short.to_owned() } else { host }
            }
            "br" => "\n".to_owned(),
            "sp" => " ".to_owned(),
            _ => return None,
        };
        Some(Cow::Owned(text))
    }
}

fn family_name(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::Inet4) => "inet4",
        Some(Family::Inet6) => "inet6",
        None => "None",
    }
}

/// A float as Python writes it: `1700000000.0`.
fn python_float(number: f64) -> String {
    if number.fract() == 0.0 {
        format!("{number:.1}")
    } else {
        format!("{number}")
    }
}

/// Octets or nibbles in reverse order, each followed by a dot, as DNS blocklists want them.
fn reversed(id: &Id) -> String {
    let nibbles = |octets: [u8; 16]| {
        octets
            .iter()
            .rev()
            .map(|o| format!("{:x}.{:x}.", o & 15, o >> 4))
            .collect()
    };
    match id {
        Id::Ip(IpAddr::V4(address)) => address.octets().iter().rev().map(|o| format!("{o}.")).collect(),
        Id::Ip(IpAddr::V6(address)) => nibbles(address.octets()),
        other => other.to_string(),
    }
}
