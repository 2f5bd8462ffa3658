//! Whom a match names: the choice between address, name and id.
use crate::Id;
use crate::cut::note;
use crate::filter::{Note, Resolver};
use crate::name::Key;
use crate::record::{Record, Value};
use crate::rules::Rules;
use bantam_pattern::ipv4;
use bantam_pattern::tags::UseDns;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

/// The texts of the identifying groups.
pub(crate) struct Who<'t> {
    pub(crate) fid: Option<Cow<'t, str>>,
    pub(crate) composite: bool,
    pub(crate) ip4: Option<Cow<'t, str>>,
    pub(crate) ip6: Option<Cow<'t, str>>,
    pub(crate) dns: Option<Cow<'t, str>>,
    pub(crate) cidr: Option<Cow<'t, str>>,
}

impl<'t> Who<'t> {
    pub(crate) fn from_record(record: &'t Record) -> Self {
        let text = |key| record.get(key).map(Value::text);
        Who {
            fid: text(Key::Fid),
            composite: matches!(record.get(Key::Fid), Some(Value::Tuple(_))),
            ip4: text(Key::Ip4),
            ip6: text(Key::Ip6),
            dns: text(Key::Dns),
            cidr: text(Key::Cidr),
        }
    }
}

pub(crate) enum Identity {
    /// No identifying group took part: the expression matched without meaning.
    Nobody,
    /// The connection is known, but not yet whose it is.
    Pending,
    Known {
        /// None when a name does not resolve.
        ids: Ids,
        /// The address, where the id is something else.
        address: Option<Id>,
    },
}

/// Nearly always one, for which nothing is allocated.
pub(crate) struct Ids {
    first: Option<Id>,
    others: Vec<Id>,
}

impl Ids {
    fn one(id: Id) -> Self {
        Ids {
            first: Some(id),
            others: Vec::new(),
        }
    }
}

impl From<Vec<Id>> for Ids {
    fn from(others: Vec<Id>) -> Self {
        Ids { first: None, others }
    }
}

impl IntoIterator for Ids {
    type Item = Id;
    type IntoIter = std::iter::Chain<std::option::IntoIter<Id>, std::vec::IntoIter<Id>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.others)
    }
}

impl Identity {
    fn one(id: Id) -> Self {
        Identity::Known {
            ids: Ids::one(id),
            address: None,
        }
    }
}

/// An address of known family; what is none stays as it stands.
fn address_id(text: &str, parsed: Option<IpAddr>, cidr: Option<&str>) -> Id {
    match (parsed, cidr.filter(|cidr| !cidr.is_empty())) {
        (None, _) => Id::Raw(text.to_owned()),
        (Some(address), None) => Id::single(address),
        // Digits beyond any prefix length leave the address whole.
        (Some(address), Some(cidr)) => Id::network(address, cidr.parse().unwrap_or(u8::MAX)),
    }
}

/// Whom the groups name.
pub(crate) fn identify(
    who: &Who<'_>,
    tracked: bool,
    rules: &Rules,
    resolver: &mut dyn Resolver,
    notes: &mut Vec<Note>,
) -> Identity {
    let raw = rules.raw();
    let plain_id = |text: &str| match raw {
        true => Id::Raw(text.to_owned()),
        false => Id::parse(text),
    };
    let (text, address) = if let Some(ip) = &who.ip4 {
        let parsed = ipv4(ip).map(IpAddr::V4);
        (ip, address_id(ip, parsed, who.cidr.as_deref()))
    } else if let Some(ip) = &who.ip6 {
        let parsed = ip.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
        (ip, address_id(ip, parsed, who.cidr.as_deref()))
    } else if let Some(name) = &who.dns {
        if !raw {
            return Identity::Known {
                ids: resolve(name, rules.use_dns, resolver, notes).into(),
                address: None,
            };
        }
        (name, Id::Raw(name.clone().into_owned()))
    } else {
        return match &who.fid {
            Some(id) if who.composite => Identity::one(Id::Raw(id.clone().into_owned())),
            Some(id) => Identity::one(plain_id(id)),
            None if tracked => Identity::Pending,
            None => Identity::Nobody,
        };
    };
    match &who.fid {
        Some(id) if who.composite => Identity::Known {
            ids: Ids::one(Id::Raw(id.clone().into_owned())),
            address: Some(address),
        },
        Some(id) if id != text => Identity::Known {
            ids: Ids::one(plain_id(id)),
            address: Some(address),
        },
        _ => Identity::one(address),
    }
}

/// Addresses of a name, by the rules of `usedns`.
fn resolve(name: &str, use_dns: UseDns, resolver: &mut dyn Resolver, notes: &mut Vec<Note>) -> Vec<Id> {
    let bare = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return vec![Id::single(address)];
    }
    if matches!(use_dns, UseDns::No | UseDns::Raw) {
        return Vec::new();
    }
    let mut ids: Vec<Id> = Vec::new();
    for address in resolver.addresses(name) {
        let id = Id::single(address);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if !ids.is_empty() && use_dns == UseDns::Warn {
        let resolved = Note::Resolved {
            name: name.to_owned(),
            ids: ids.clone(),
        };
        note(notes, resolved);
    }
    ids
}
