//! Names of what is known about a failure. Those that the pipeline itself asks for are numbered, so that they are told
//! apart without a look at their text.
use smol_str::SmolStr;
use std::ops::Deref;

/// A name that the pipeline knows the meaning of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Key {
    Cidr,
    Content,
    Dns,
    Fid,
    Ip,
    Ip4,
    Ip6,
    Matches,
    MlfForget,
    MlfGained,
    MlfId,
    MlfPending,
    NoFail,
    NoFailMatches,
    User,
    Users,
}

impl Key {
    const ALL: [Key; 16] = [
        Key::Cidr,
        Key::Content,
        Key::Dns,
        Key::Fid,
        Key::Ip,
        Key::Ip4,
        Key::Ip6,
        Key::Matches,
        Key::MlfForget,
        Key::MlfGained,
        Key::MlfId,
        Key::MlfPending,
        Key::NoFail,
        Key::NoFailMatches,
        Key::User,
        Key::Users,
    ];

    fn text(self) -> &'static str {
        match self {
            Key::Cidr => "cidr",
            Key::Content => "content",
            Key::Dns => "dns",
            Key::Fid => "fid",
            Key::Ip => "ip",
            Key::Ip4 => "ip4",
            Key::Ip6 => "ip6",
            Key::Matches => "matches",
            Key::MlfForget => "mlfforget",
            Key::MlfGained => "mlfgained",
            Key::MlfId => "mlfid",
            Key::MlfPending => "mlfpending",
            Key::NoFail => "nofail",
            Key::NoFailMatches => "nofail-matches",
            Key::User => "user",
            Key::Users => "users",
        }
    }

    /// Its own bit, for sets of keys.
    pub(crate) fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// Any name: that of a group, or one that the pipeline gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Key(Key),
    /// None of the keys' texts.
    Other(SmolStr),
}

impl Name {
    /// The key that it is.
    pub(crate) fn key(&self) -> Option<Key> {
        match self {
            Name::Key(key) => Some(*key),
            Name::Other(_) => None,
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        let key = Key::ALL.into_iter().find(|key| key.text() == text);
        key.map_or_else(|| Name::Other(text.into()), Name::Key)
    }
}

impl From<Key> for Name {
    fn from(key: Key) -> Self {
        Name::Key(key)
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Name::Key(key) => key.text(),
            Name::Other(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Name};

    #[test]
    fn the_text_of_each_key_names_that_key_and_its_bit_is_its_own() {
        let mut bits = 0;
        for key in Key::ALL {
            assert_eq!(Name::from(key.text()), Name::Key(key));
            assert_eq!(bits & key.bit(), 0, "{key:?}");
            bits |= key.bit();
        }
        assert_eq!(&*Name::from("port"), "port");
        assert_eq!(Name::from("port").key(), None);
    }
}
