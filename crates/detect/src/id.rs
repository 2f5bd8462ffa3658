//! What is banned: an address, a network, or any text a filter names.
use std::fmt;
use std::net::IpAddr;

/// Address family, as actions choose by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// `inet4`
    Inet4,
    /// `inet6`
    Inet6,
}

/// The identity that failures are counted for and bans are set on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// A single address; IPv4-mapped IPv6 is folded to IPv4.
    Ip(IpAddr),
    /// A network, host bits masked off.
    Net(IpAddr, u8),
    /// Anything else, as it stands.
    Raw(String),
}

impl Id {
    /// Reads an id as the original reads it: address, `address/prefix`, `address/mask`, else raw text.
    pub fn parse(_text: &str) -> Id {
        todo!()
    }

    /// Family of an address or network; none for raw text.
    pub fn family(&self) -> Option<Family> {
        todo!()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
