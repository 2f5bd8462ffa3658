//! What the demo shows as it happens, and what it has seen at its end.
use super::place::{self, Firewall, Place};
use parking_lot::Mutex;
use std::io::{IsTerminal, Write};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What has happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Failures that the daemon found.
    pub found: u32,
    /// It banned.
    pub banned: bool,
    /// A banned attacker got no answer.
    pub blocked: bool,
    /// The visitor got answers while the attacker was banned.
    pub visitor_served: bool,
    /// It lifted the ban.
    pub unbanned: bool,
    /// Blocking was for real.
    pub real: bool,
}

impl Seen {
    /// Whether all that should have happened did.
    pub fn verdict(self) -> ExitCode {
        let all = self.found > 0 && self.banned && self.unbanned && (self.blocked || !self.real);
        let word = |yes: bool| if yes { "yes" } else { "NO" };
        println!(
            "\nfound: {} failures · banned: {} · blocked: {} · visitor served meanwhile: {} · unbanned: {}",
            self.found,
            word(self.banned),
            if self.real { word(self.blocked) } else { "printed only" },
            word(self.visitor_served),
            word(self.unbanned),
        );
        if all {
            println!("Next: `bantam run DIR` on your own configuration; see README.md.");
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Writes the story, a line each.
pub struct Show {
    begun: Instant,
    colour: bool,
    state: Mutex<(Seen, bool)>,
}

impl Show {
    pub fn new() -> Self {
        Show {
            begun: Instant::now(),
            colour: std::io::stdout().is_terminal(),
            state: Mutex::default(),
        }
    }

    pub fn title(&self, place: &Place, dir: &Path) {
        let how = match place.firewall {
            Firewall::Iptables => "real iptables rules in a network namespace of its own".to_owned(),
            Firewall::Nftables => "a real nftables set in a network namespace of its own".to_owned(),
            Firewall::Printed => format!("firewall commands printed, not run ({})", place::why_printed()),
        };
        println!("Bantam's demo: {how}");
        println!(
            "  visitor {} · attacker {} · configuration and access log in {}\n  the jail: 8 failures within a minute, banned for 6 seconds\n",
            place.visitor,
            place.attacker,
            dir.display()
        );
    }

    /// One request and its answer.
    pub fn request(&self, who: &str, from: IpAddr, path: &str, status: Option<u16>) {
        {
            let seen = &mut self.state.lock().0;
            seen.blocked |= who == "attacker" && status.is_none() && seen.banned;
            seen.visitor_served |= who == "visitor" && status.is_some() && seen.banned && !seen.unbanned;
        }
        let (colour, answer) = match status {
            Some(status) if status < 400 => ("32", format!("{status}")),
            Some(status) => ("33", format!("{status}")),
            None => ("31", "blocked: no answer".to_owned()),
        };
        self.line(colour, who, &format!("{from} GET {path} → {answer}"));
    }

    /// A line of the daemon.
    pub fn daemon(&self, line: &str) {
        // A readable line begins with the time, which stands at the left already.
        let text = line.split_once(' ').map_or(line, |(_, rest)| rest);
        {
            let (seen, ready) = &mut *self.state.lock();
            *ready |= text.contains("Jail 'demo' started");
            seen.found += u32::from(text.contains("[demo] Found "));
            seen.banned |= text.contains("[demo] Ban ");
            seen.unbanned |= text.contains("[demo] Unban ");
        }
        if text.contains("[demo]") || text.starts_with("error") || text.starts_with("warning") {
            let colour = if text.contains("Ban ") || text.contains("Unban ") {
                "1;36"
            } else {
                "2"
            };
            self.line(colour, "bantam", text);
        }
    }

    pub fn daemon_is_ready(&self) -> bool {
        self.state.lock().1
    }

    pub fn seen(&self) -> Seen {
        self.state.lock().0
    }

    pub fn seen_in(&self, place: &Place) -> Seen {
        Seen {
            real: place.firewall != Firewall::Printed,
            ..self.seen()
        }
    }

    /// Waits until something holds, at most so long.
    pub fn until(&self, patience: Duration, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() && begun.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The commands that were only written down.
    pub fn firewall_commands(&self, dir: &Path) {
        if let Ok(commands) = std::fs::read_to_string(dir.join("commands")) {
            println!("\nThe firewall would have been told:");
            commands.lines().for_each(|line| println!("  {line}"));
        }
    }

    fn line(&self, colour: &str, who: &str, text: &str) {
        let (on, off) = if self.colour {
            (format!("\x1b[{colour}m"), "\x1b[0m")
        } else {
            (String::new(), "")
        };
        let mut out = std::io::stdout().lock();
        // A reader that went away ends the demo's output, not the demo.
        let _ = writeln!(
            out,
            "{:>5.1} s  {who:<8}  {on}{text}{off}",
            self.begun.elapsed().as_secs_f64()
        );
    }
}
