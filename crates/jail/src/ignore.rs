//! Who is never banned (`ignoreip`). Asked for each failure before the jail counts it.
use crate::Id;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

/// Which kind of entry covered an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoredBy {
    /// An address or network.
    Ip,
    /// A name that resolves to it.
    Dns,
    /// An entry of a file, named as in [`IgnoreList::entries`].
    File(String),
}

/// What an ignore list must ask of the world; the answers are cached by whoever gives them.
pub trait Lookups {
    /// Addresses of a host name.
    fn addresses(&mut self, name: &str) -> Vec<IpAddr>;
    /// Text of a file that an entry `file:PATH` names; none when it cannot be read.
    fn file(&mut self, path: &str) -> Option<std::sync::Arc<IgnoreList>>;
}

/// The entries of `ignoreip`: single addresses are looked up first, then networks, names and files in the order in
/// which they were added. Addresses and networks cost the same however many there are.
#[derive(Debug, Clone, Default)]
pub struct IgnoreList {
    singles: HashMap<IpAddr, u64, RandomState>,
    nets: HashMap<(IpAddr, u8), u64, RandomState>,
    /// How many networks there are of each prefix length, so that only lengths in use are tried.
    lengths4: BTreeMap<u8, usize>,
    lengths6: BTreeMap<u8, usize>,
    asked: BTreeMap<u64, Asked>,
    next: u64,
    key: u128,
}

/// An entry whose meaning is found out when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Name(String),
    /// A path.
    File(String),
}

#[derive(Hash)]
enum Entry {
    Id(Id),
    File(String),
}

impl Entry {
    /// What it adds to the key of a list; of what is asked for one after the other, the turn counts too.
    fn key(&self, number: u64) -> u128 {
        let turn = match self {
            Entry::Id(Id::Ip(_) | Id::Net(..)) => 0,
            Entry::Id(Id::Raw(_)) | Entry::File(_) => number,
        };
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, turn, self).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        half(0) << 64 | half(1)
    }
}

impl IgnoreList {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries of a file: one or more a line, `#` and `;` begin comments. Files named in files are left out.
    pub fn from_file_text(text: &str) -> Self {
        let mut list = Self::new();
        for line in text.lines() {
            let words = without_comment(line)
                .split(|c: char| c.is_whitespace() || c == ',')
                .filter(|word| !word.is_empty() && !word.starts_with("file:"));
            for word in words {
                list.add(word);
            }
        }
        list
    }

    /// Adds an entry: address, network (`/24`, `/255.255.255.0`), name, raw id or `file:PATH`. False when it was there.
    pub fn add(&mut self, entry: &str) -> bool {
        if entry.is_empty() {
            return false;
        }
        let entry = read(entry);
        if self.find(&entry).is_some() {
            return false;
        }
        let number = self.next;
        self.next += 1;
        self.key = self.key.wrapping_add(entry.key(number));
        match entry {
            Entry::Id(Id::Ip(address)) => {
                self.singles.insert(address, number);
            }
            Entry::Id(Id::Net(address, prefix)) => {
                self.nets.insert((address, prefix), number);
                *self.lengths(address).entry(prefix).or_default() += 1;
            }
            Entry::Id(Id::Raw(name)) => {
                self.asked.insert(number, Asked::Name(name));
            }
            Entry::File(path) => {
                self.asked.insert(number, Asked::File(path));
            }
        }
        true
    }

    /// Removes an entry; false when it was not there.
    pub fn remove(&mut self, entry: &str) -> bool {
        let entry = read(entry);
        let Some(number) = self.find(&entry) else {
            return false;
        };
        self.key = self.key.wrapping_sub(entry.key(number));
        match entry {
            Entry::Id(Id::Ip(address)) => {
                self.singles.remove(&address);
            }
            Entry::Id(Id::Net(address, prefix)) => {
                self.nets.remove(&(address, prefix));
                let lengths = self.lengths(address);
                match lengths.get_mut(&prefix) {
                    Some(left) if *left > 1 => *left -= 1,
                    _ => {
                        lengths.remove(&prefix);
                    }
                }
            }
            Entry::Id(Id::Raw(_)) | Entry::File(_) => {
                self.asked.remove(&number);
            }
        }
        true
    }

    /// Removes all.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Its entries in one number: lists of the same number cover the same ids.
    pub fn key(&self) -> u128 {
        self.key
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.singles.len() + self.nets.len() + self.asked.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries as the original lists them (networks, names and files first, then single addresses).
    pub fn entries(&self) -> Vec<String> {
        let mut listed: Vec<(u64, String)> = self
            .nets
            .iter()
            .map(|((address, prefix), number)| (*number, Id::Net(*address, *prefix).to_string()))
            .chain(self.asked.iter().map(|(number, asked)| {
                let text = match asked {
                    Asked::Name(name) => name.clone(),
                    Asked::File(path) => file_name(path),
                };
                (*number, text)
            }))
            .collect();
        listed.sort_unstable();
        let mut singles: Vec<(u64, String)> = self
            .singles
            .iter()
            .map(|(address, number)| (*number, Id::Ip(*address).to_string()))
            .collect();
        singles.sort_unstable();
        listed.append(&mut singles);
        listed.into_iter().map(|(_, text)| text).collect()
    }

    /// What covers the id, if anything does.
    pub fn covers(&self, id: &Id, lookups: &mut dyn Lookups) -> Option<IgnoredBy> {
        if let Id::Ip(address) = id
            && self.singles.contains_key(address)
        {
            return Some(IgnoredBy::Ip);
        }
        let net = self.first_net(id);
        for (number, asked) in &self.asked {
            if net.is_some_and(|net| net < *number) {
                break;
            }
            match asked {
                Asked::Name(name) if name_covers(name, id, lookups) => return Some(IgnoredBy::Dns),
                Asked::Name(_) => {}
                Asked::File(path) => {
                    let covered = lookups
                        .file(path)
                        .is_some_and(|list| list.covers(id, lookups).is_some());
                    if covered {
                        return Some(IgnoredBy::File(file_name(path)));
                    }
                }
            }
        }
        net.map(|_| IgnoredBy::Ip)
    }

    /// Number of the first network that the id lies in.
    fn first_net(&self, id: &Id) -> Option<u64> {
        let (address, longest) = match id {
            Id::Ip(address) => (*address, u8::MAX),
            Id::Net(address, prefix) => (*address, *prefix),
            Id::Raw(_) => return None,
        };
        let lengths = match address {
            IpAddr::V4(_) => &self.lengths4,
            IpAddr::V6(_) => &self.lengths6,
        };
        lengths
            .range(..=longest)
            .filter_map(|(prefix, _)| match Id::network(address, *prefix) {
                Id::Net(net, prefix) => self.nets.get(&(net, prefix)).copied(),
                Id::Ip(_) | Id::Raw(_) => None,
            })
            .min()
    }

    fn lengths(&mut self, address: IpAddr) -> &mut BTreeMap<u8, usize> {
        match address {
            IpAddr::V4(_) => &mut self.lengths4,
            IpAddr::V6(_) => &mut self.lengths6,
        }
    }

    fn find(&self, entry: &Entry) -> Option<u64> {
        let wanted = match entry {
            Entry::Id(Id::Ip(address)) => return self.singles.get(address).copied(),
            Entry::Id(Id::Net(address, prefix)) => {
                return self.nets.get(&(*address, *prefix)).copied();
            }
            Entry::Id(Id::Raw(name)) => Asked::Name(name.clone()),
            Entry::File(path) => Asked::File(path.clone()),
        };
        self.asked
            .iter()
            .find(|(_, asked)| **asked == wanted)
            .map(|(number, _)| *number)
    }
}

/// A name covers what it resolves to; as a raw id it covers the id that is spelt so.
fn name_covers(name: &str, id: &Id, lookups: &mut dyn Lookups) -> bool {
    match id {
        Id::Raw(text) => text == name,
        Id::Ip(address) => lookups
            .addresses(name)
            .iter()
            .any(|found| found.to_canonical() == *address),
        Id::Net(..) => false,
    }
}

fn read(entry: &str) -> Entry {
    match entry.strip_prefix("file:") {
        Some(path) => Entry::File(path_of(path).to_owned()),
        None => Entry::Id(Id::parse(entry)),
    }
}

/// `file:/x`, `file://x` and `file:///x` all name `/x`; `file:x` and `file:/./x` are relative.
fn path_of(text: &str) -> &str {
    let path = text.trim_start_matches('/');
    let slashes = text.len() - path.len();
    if slashes == 0 || path.starts_with("./") || path.starts_with("../") {
        path
    } else {
        &text[slashes - 1..]
    }
}

/// As the original names a file in its log and lists: with one slash more before an absolute path.
fn file_name(path: &str) -> String {
    let slash = if path.starts_with('/') { "/" } else { "" };
    format!("file:{slash}{path}")
}

/// A comment begins the line or follows white space.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if matches!(c, '#' | ';') && before.is_whitespace() {
            return &line[..at];
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// `example.org` is 192.0.2.9, `/etc/list` holds two entries; all questions are written down.
    #[derive(Default)]
    struct World(Vec<String>);

    impl Lookups for World {
        fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
            self.0.push(name.to_owned());
            match name {
                "example.org" => vec!["::ffff:192.0.2.9".parse().unwrap()],
                _ => Vec::new(),
            }
        }
        fn file(&mut self, path: &str) -> Option<Arc<IgnoreList>> {
            self.0.push(path.to_owned());
            let text = "198.51.100.7, 10.9.0.0/16 # office\n; nothing\nfile:/etc/list\n";
            (path == "/etc/list").then(|| Arc::new(IgnoreList::from_file_text(text)))
        }
    }

    fn list(entries: &[&str]) -> IgnoreList {
        let mut list = IgnoreList::new();
        for entry in entries {
            assert!(list.add(entry), "{entry}");
        }
        list
    }

    fn covers(list: &IgnoreList, id: &str) -> Option<IgnoredBy> {
        list.covers(&Id::parse(id), &mut World::default())
    }

    #[test]
    fn addresses_networks_names_raw_ids_and_files_cover() {
        let list = list(&[
            "127.0.0.1/8",
            "::1",
            "10.0.0.0/255.255.255.0",
            "example.org",
            "user7",
            "file:///etc/list",
        ]);
        assert_eq!(covers(&list, "127.9.9.9"), Some(IgnoredBy::Ip));
        assert_eq!(covers(&list, "::1"), Some(IgnoredBy::Ip));
        assert_eq!(covers(&list, "10.0.0.77"), Some(IgnoredBy::Ip));
        assert_eq!(covers(&list, "10.0.1.77"), None);
        assert_eq!(covers(&list, "192.0.2.9"), Some(IgnoredBy::Dns));
        assert_eq!(covers(&list, "user7"), Some(IgnoredBy::Dns));
        let file = Some(IgnoredBy::File("file://etc/list".into()));
        assert_eq!(covers(&list, "198.51.100.7"), file);
        assert_eq!(covers(&list, "10.9.200.1"), file);
        assert_eq!(covers(&list, "198.51.100.8"), None);
        assert_eq!(covers(&list, "127.0.0.0/16"), Some(IgnoredBy::Ip));
        assert_eq!(covers(&list, "126.0.0.0/7"), None);
    }

    #[test]
    fn entries_are_asked_in_order_and_only_until_one_covers() {
        let list = list(&["example.org", "192.0.2.0/24", "other.example", "203.0.113.1"]);
        let mut world = World::default();
        assert_eq!(list.covers(&Id::parse("192.0.2.9"), &mut world), Some(IgnoredBy::Dns));
        assert_eq!(list.covers(&Id::parse("192.0.2.10"), &mut world), Some(IgnoredBy::Ip));
        assert_eq!(list.covers(&Id::parse("203.0.113.1"), &mut world), Some(IgnoredBy::Ip));
        assert_eq!(world.0, ["example.org", "example.org"]);
    }

    #[test]
    fn entries_are_listed_networks_names_and_files_first_and_removed_by_any_spelling() {
        let mut list = list(&["::1", "10.0.0.0/8", "example.org", "file:/etc/list", "10.0.0.1"]);
        assert!(!list.add("0:0::1"));
        assert!(!list.add("10.3.0.0/8"));
        assert_eq!(
            list.entries(),
            ["10.0.0.0/8", "example.org", "file://etc/list", "::1", "10.0.0.1"]
        );
        assert!(list.remove("10.0.0.0/255.0.0.0"));
        assert!(list.remove("file:///etc/list"));
        assert!(!list.remove("10.0.0.0/8"));
        assert_eq!(list.entries(), ["example.org", "::1", "10.0.0.1"]);
        assert_eq!(covers(&list, "10.0.0.2"), None);
        list.clear();
        assert!(list.is_empty());
    }

    #[test]
    fn a_path_is_absolute_unless_it_has_no_slash_or_begins_with_a_dot() {
        for (entry, path) in [
            ("/etc/x", "/etc/x"),
            ("//etc/x", "/etc/x"),
            ("///etc/x", "/etc/x"),
            ("x/y", "x/y"),
            ("/./x", "./x"),
            ("/../x", "../x"),
        ] {
            assert_eq!(path_of(entry), path);
        }
    }

    proptest! {
        #[test]
        fn thousands_of_networks_cover_what_each_alone_covers(
            nets in prop::collection::vec((any::<u32>(), 4u8..30), 0..40),
            probes in prop::collection::vec(any::<u32>(), 20),
        ) {
            let ids: Vec<Id> = nets
                .iter()
                .map(|(bits, prefix)| Id::network(std::net::Ipv4Addr::from_bits(*bits).into(), *prefix))
                .collect();
            let mut list = IgnoreList::new();
            for id in &ids {
                list.add(&id.to_string());
            }
            let near = nets.iter().map(|(bits, _)| bits ^ 0xff);
            for bits in probes.into_iter().chain(near) {
                let probe = Id::single(std::net::Ipv4Addr::from_bits(bits).into());
                let expected = ids.iter().any(|id| id.contains(&probe));
                prop_assert_eq!(list.covers(&probe, &mut World::default()).is_some(), expected);
            }
        }
    }
}
