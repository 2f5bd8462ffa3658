//! A literal of a chain, and characters of which only the kind is known right behind it: `"status":40[134]`.
use super::needle::Needle;
use super::part::Fit;
use super::plain_text;
use crate::print::ascii_members;
use crate::syntax::{Kind, Node};

/// More of one kind in a row are not taken apart.
const MOST_REPEATED: u32 = 8;

#[derive(Debug)]
pub(super) struct Literal {
    /// May be empty where the text begins.
    pub needle: Needle,
    /// How many bytes it takes, with what stands behind it.
    pub len: usize,
    more: Option<Box<More>>,
}

/// What stands behind a literal and always takes as many bytes.
#[derive(Debug, Default)]
pub(super) struct More {
    pieces: Vec<Fixed>,
    len: usize,
    /// Groups, and what of it they capture.
    groups: Vec<(usize, usize, usize)>,
}

#[derive(Debug)]
enum Fixed {
    /// One of these characters of ASCII, a bit for each, or perhaps one beyond.
    One(u128),
    /// One of these, all of one length.
    Words(Vec<Vec<u8>>),
}

impl Literal {
    pub fn new(text: Vec<u8>, more: More) -> Literal {
        Literal {
            len: text.len() + more.len,
            needle: Needle::new(text),
            more: (!more.pieces.is_empty()).then(|| Box::new(more)),
        }
    }

    /// Whether anything has to stand behind it.
    pub fn has_more(&self) -> bool {
        self.more.is_some()
    }

    /// Whether what stands behind it may be a newline.
    pub fn takes_newline(&self) -> bool {
        let pieces = self.more.iter().flat_map(|more| &more.pieces);
        pieces.into_iter().any(|piece| match piece {
            Fixed::One(members) => members >> b'\n' & 1 == 1,
            Fixed::Words(words) => words.iter().any(|word| word.contains(&b'\n')),
        })
    }

    /// Where its first byte first stands.
    pub fn next_begins(&self, room: &[u8]) -> Option<usize> {
        memchr::memchr(*self.needle.text.first()?, room)
    }

    /// Whether what has to stand behind the literal does, if that stands here.
    #[inline]
    pub fn more_stands(&self, text: &[u8], at: usize) -> Fit {
        match &self.more {
            Some(more) => more.stands(text, at + self.needle.text.len()),
            None => Fit::Yes,
        }
    }

    /// Tells the groups behind the literal, if that stands here.
    pub fn tell(&self, at: usize, set: &mut impl FnMut(Option<usize>, (usize, usize))) {
        let Some(more) = &self.more else {
            return;
        };
        let at = at + self.needle.text.len();
        for (group, from, to) in &more.groups {
            set(Some(*group), (at + from, at + to));
        }
    }
}

impl More {
    /// Of nodes that always take as many bytes, if these do.
    pub fn of(nodes: &[Node]) -> Option<More> {
        let mut more = More::default();
        nodes.iter().all(|node| more.add(node)).then_some(more)
    }

    fn add(&mut self, node: &Node) -> bool {
        match &node.kind {
            Kind::Class(class) => self.one(ascii_members(class)),
            Kind::Any { newline } => self.one(if *newline { u128::MAX } else { !(1 << b'\n') }),
            Kind::Capture { group, node } => {
                let from = self.len;
                let added = self.add(node);
                self.groups.push((*group, from, self.len));
                added
            }
            Kind::Concat(nodes) => nodes.iter().all(|node| self.add(node)),
            Kind::Alternation(ways) => {
                let Some(words) = ways.iter().map(plain_text).collect::<Option<Vec<_>>>() else {
                    return false;
                };
                let len = words.first().map_or(0, Vec::len);
                self.len += len;
                let are_alike = len > 0 && words.iter().all(|word| word.len() == len);
                self.pieces.push(Fixed::Words(words));
                are_alike
            }
            Kind::Repeat {
                min,
                max: Some(max),
                node,
                ..
            } if min == max && *min <= MOST_REPEATED && matches!(node.kind, Kind::Class(_)) => {
                (0..*min).all(|_| self.add(node))
            }
            Kind::Literal { .. } => match plain_text(node) {
                Some(text) => {
                    self.len += text.len();
                    self.pieces.push(Fixed::Words(vec![text]));
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    fn one(&mut self, members: u128) -> bool {
        self.len += 1;
        self.pieces.push(Fixed::One(members));
        true
    }

    fn stands(&self, text: &[u8], at: usize) -> Fit {
        let mut rest = text.get(at..).unwrap_or_default();
        for piece in &self.pieces {
            match piece {
                Fixed::One(members) => match rest.split_first() {
                    Some((byte @ 0..=127, after)) if members >> byte & 1 == 1 => rest = after,
                    // It may take more bytes than one.
                    Some((128.., _)) => return Fit::Unknown,
                    _ => return Fit::No,
                },
                Fixed::Words(words) => match words.iter().find_map(|word| rest.strip_prefix(word.as_slice())) {
                    Some(after) => rest = after,
                    None => return Fit::No,
                },
            }
        }
        Fit::Yes
    }
}
