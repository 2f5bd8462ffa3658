//! Where the demo takes place: in a network namespace of its own when that can be had, else on loopback with the
//! firewall's commands only printed.
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Tells the program started inside the namespace where it is.
const INSIDE: &str = "BANTAM_DEMO_NAMESPACE";

/// Which firewall the bans are set with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firewall {
    /// Rules of iptables, for real.
    Iptables,
    /// Rules of nftables, for real.
    Nftables,
    /// Commands are printed and not run.
    Printed,
}

/// Who is who.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// How bans are set.
    pub firewall: Firewall,
    /// The web server's address.
    pub server: IpAddr,
    /// Somebody who means well.
    pub visitor: IpAddr,
    /// Somebody who does not.
    pub attacker: IpAddr,
}

/// Where we are now.
pub enum Entered {
    /// In the place itself.
    Here(Place),
    /// A process in a namespace has done it all, and this is how it ended.
    There(ExitCode),
}

/// Goes into a namespace of its own if this is root's process and the tools are there.
pub fn enter() -> Entered {
    if std::env::var_os(INSIDE).is_some() {
        return Entered::Here(inside());
    }
    match (is_root(), firewall()) {
        (true, Some(_)) => again_in_a_namespace().map_or_else(|| Entered::Here(outside()), Entered::There),
        _ => Entered::Here(outside()),
    }
}

/// Why the firewall is only printed.
pub fn why_printed() -> &'static str {
    if !is_root() {
        "this is not root's process"
    } else if firewall().is_none() {
        "neither iptables nor nft is installed"
    } else {
        "no network namespace can be made here"
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn firewall() -> Option<Firewall> {
    let there = |program: &str| {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
            .iter()
            .any(|dir| Path::new(dir).join(program).exists())
    };
    if !there("ip") || !there("unshare") {
        None
    } else if there("iptables") {
        Some(Firewall::Iptables)
    } else if there("nft") {
        Some(Firewall::Nftables)
    } else {
        None
    }
}

fn again_in_a_namespace() -> Option<ExitCode> {
    if !quietly("unshare", &["--net", "true"]) {
        return None;
    }
    let own = std::env::current_exe().ok()?;
    let status = Command::new("unshare")
        .arg("--net")
        .arg(own)
        .arg("demo")
        .env(INSIDE, "1")
        .status()
        .ok()?;
    Some(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
    )
}

/// The namespace is empty: its loopback gets an address for each who takes part (RFC 5737: for documentation).
fn inside() -> Place {
    let address = |last| IpAddr::V4(Ipv4Addr::new(198, 51, 100, last));
    let mut ready = quietly("ip", &["link", "set", "lo", "up"]);
    for last in [1, 20, 66] {
        ready &= quietly("ip", &["addr", "add", &format!("198.51.100.{last}/32"), "dev", "lo"]);
    }
    match firewall() {
        Some(firewall) if ready => Place {
            firewall,
            server: address(1),
            visitor: address(20),
            attacker: address(66),
        },
        _ => outside(),
    }
}

fn outside() -> Place {
    let address = |last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    Place {
        firewall: Firewall::Printed,
        server: address(1),
        visitor: address(20),
        attacker: address(66),
    }
}

fn quietly(program: &str, words: &[&str]) -> bool {
    let run = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}
