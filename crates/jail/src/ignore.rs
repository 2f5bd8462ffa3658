//! Who is never banned (`ignoreip`).
use crate::Id;
use std::net::IpAddr;

/// Which kind of entry covered an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoredBy {
    /// An address or network.
    Ip,
    /// A name that resolves to it.
    Dns,
    /// An entry of a file.
    File(String),
}

/// What an ignore list must ask of the world; the answers are cached by whoever gives them.
pub trait Lookups {
    /// Addresses of a host name.
    fn addresses(&mut self, name: &str) -> Vec<IpAddr>;
    /// Text of a file that an entry `file:PATH` names; none when it cannot be read.
    fn file(&mut self, path: &str) -> Option<std::sync::Arc<IgnoreList>>;
}

/// The entries of `ignoreip`.
#[derive(Debug, Clone, Default)]
pub struct IgnoreList {}

impl IgnoreList {
    /// An empty list.
    pub fn new() -> Self {
        todo!()
    }
    /// The entries of a file: one or more a line, `#` and `;` begin comments.
    pub fn from_file_text(_text: &str) -> Self {
        todo!()
    }
    /// Adds an entry: address, network (`/24`, `/255.255.255.0`), name, raw id or `file:PATH`. False when it was there.
    pub fn add(&mut self, _entry: &str) -> bool {
        todo!()
    }
    /// Removes an entry; false when it was not there.
    pub fn remove(&mut self, _entry: &str) -> bool {
        todo!()
    }
    /// Removes all.
    pub fn clear(&mut self) {
        todo!()
    }
    /// The entries as the original lists them (networks, names and files first, then single addresses).
    pub fn entries(&self) -> Vec<String> {
        todo!()
    }
    /// What covers the id, if anything does.
    pub fn covers(&self, _id: &Id, _lookups: &mut dyn Lookups) -> Option<IgnoredBy> {
        todo!()
    }
}
