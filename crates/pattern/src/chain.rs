//! The quick plan for expressions such as `^a:.*, b:(x|y), c:.*$`: literals in a chain, with greedy gaps between.
//!
//! A backtracking search gives each gap as much as it can, from the left. With literals between the gaps that is the
//! placing in which each literal stands as late as it can, and this is found from the right, one backwards search for
//! each. Between two literals may also stand a *part*, something of limited form such as `<HOST>`; it is tried where
//! its two literals came to stand. If it fits there, this is the match, because no other placing has a gap longer:
//! the late placing without regard to parts is an upper bound for all. If it does not fit, the expression itself is
//! asked. A literal that cannot be placed is a certain "no".
//!
//! A short literal behind a part (`"<HOST>".*`) would mostly be placed where it belongs to something else. It is *near*:
//! told from the left, since the part ends where its first byte next stands, and what stands before the part is placed
//! where it can be followed so.
//!
//! An expression that is not tied to the beginning matches at the first place where its first literal stands, or, if
//! the rest does not fit behind that, nowhere.
//!
//! What has to hold for this, and is checked when the chain is made:
//! - gaps take anything but a newline, of which the text has none inside;
//! - a part cannot contain what the literal after it begins with, so it has one possible end;
//! - the same holds for words at a gap's end (`.*(\.js|\.png)(/)*?` before a literal): the literal is placed at the
//!   latest where one of them stands before it;
//! - a part does not look at what stands after it.
mod beside;
mod build;
mod elements;
mod ending;
mod literal;
mod needle;
mod part;
mod place;

use crate::literal::of_character;
use crate::syntax::{Kind, Node};
use elements::is_gap;
use ending::Ending;
use literal::Literal;
use memchr::memmem::Finder;
use part::{Fit, Part};
use std::sync::atomic::AtomicU8;

/// Where the groups of a match lie.
type Spans = Vec<Option<(usize, usize)>>;

/// The quick plan of an expression.
#[derive(Debug)]
pub(crate) struct Chain {
    begin: Begin,
    first: Literal,
    links: Vec<Link>,
    end: End,
    /// Whether none of its literals is near and none has something behind it.
    is_plain: bool,
    /// Whether it may end with the text's newline.
    ends_with_newline: bool,
    /// Which links have parts before them.
    parts: Vec<usize>,
    groups: usize,
    /// What is told of each link, where that is all there is to tell.
    told: Option<Vec<Told>>,
    /// The first gap that ends with words, by its link, and what finds the literal behind it.
    ending: Option<(usize, Box<Finder<'static>>)>,
}

/// Where a match can begin.
#[derive(Debug)]
enum Begin {
    /// Where the text does.
    Text,
    /// Where the first literal stands.
    Anywhere(Box<Finder<'static>>),
}

/// Where a match ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Where the text does, at its last literal's end.
    Text,
    /// At its last literal's end.
    Literal,
    /// Where the text does: a gap, perhaps captured, stands behind the last literal.
    Gap(Option<usize>),
}

/// What stands between two literals, and the literal that ends it.
#[derive(Debug)]
struct Link {
    between: Between,
    literal: Literal,
    /// Whether its place is told by that of the literal before it.
    is_near: bool,
    /// How long what stands between was in the last text: in the next one it mostly is as long.
    usual: AtomicU8,
}

#[derive(Debug)]
enum Between {
    /// `.*`, perhaps captured.
    Gap(Option<usize>),
    /// `.*` that ends with certain words.
    Ending(Ending),
    Part(Part),
}

/// With more, the places would not be kept on the stack.
const MOST_LINKS: usize = 64;

/// What is told of a link that is one group.
#[derive(Debug)]
struct Told {
    /// The group; beyond all groups if it is none.
    group: usize,
    /// How long the link's literal is.
    literal: usize,
}

/// Where the literals of a match stand.
struct Places {
    /// The first one.
    first: usize,
    /// Those of the links.
    links: [usize; MOST_LINKS],
}

/// Parts that the engine was asked about.
#[derive(Debug, Default)]
struct Asked {
    /// By their links, a bit for each.
    links: u64,
    /// Where their groups lie.
    groups: Vec<Spans>,
}

/// What the quick plan says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Match,
    NoMatch,
    /// The expression itself has to be asked.
    Unknown,
}

impl Chain {
    /// Whether there is anything between its literals but gaps, which may leave the expression itself to be asked.
    pub fn may_ask(&self) -> bool {
        let literals = self.links.iter().map(|link| &link.literal);
        !self.parts.is_empty() || std::iter::once(&self.first).chain(literals).any(Literal::has_more)
    }

    /// Whether its two ends stand where the text's do: most texts are dismissed by these.
    pub fn is_tied(&self) -> bool {
        let ends_apart = self.links.last().is_none_or(|link| !link.is_near);
        matches!(self.begin, Begin::Text) && self.end == End::Text && ends_apart && !self.first.needle.text.is_empty()
    }

    /// Looks for the match from the text's beginning.
    pub fn find(&self, text: &str, spans: Option<&mut Spans>) -> Verdict {
        let bytes = text.as_bytes();
        if self.lacks_ending(bytes) {
            return Verdict::NoMatch;
        }
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if memchr::memchr(b'\n', body).is_some() || (self.ends_with_newline && body.len() < bytes.len()) {
            return Verdict::Unknown;
        }
        let mut places = Places {
            first: 0,
            links: [0; MOST_LINKS],
        };
        if let Err(verdict) = self.place(body, &mut places) {
            return verdict;
        }
        let Some(asked) = self.try_parts(text, &places) else {
            return Verdict::Unknown;
        };
        if let Some(spans) = spans {
            self.tell(body, &places, &asked, spans);
        }
        Verdict::Match
    }

    /// Whether nowhere in the text one of the words stands where a gap has to end with one: a quick "no" for an
    /// ignoreregex that is a failregex but for such an ending.
    fn lacks_ending(&self, text: &[u8]) -> bool {
        let Some((index, literal)) = &self.ending else {
            return false;
        };
        let Some(Between::Ending(ending)) = self.links.get(*index).map(|link| &link.between) else {
            return false;
        };
        let mut from = 0;
        // One may overlap the next.
        while let Some(at) = text.get(from..).and_then(|rest| literal.find(rest)) {
            let before = text.get(..from + at).unwrap_or_default();
            if ending.find(before).is_some() {
                return false;
            }
            from += at + 1;
        }
        true
    }

    /// Whether all parts fit where their literals stand.
    fn try_parts(&self, text: &str, places: &Places) -> Option<Asked> {
        let mut asked = Asked::default();
        for &index in &self.parts {
            let (link, to) = (self.links.get(index)?, *places.links.get(index)?);
            let from = match index.checked_sub(1) {
                Some(before) => places.links.get(before)? + self.links.get(before)?.literal.len,
                None => places.first + self.first.len,
            };
            if let Between::Part(part) = &link.between
                && part.fits_quickly(text.as_bytes().get(from..to)?) != Fit::Yes
            {
                asked.links |= 1 << index;
                asked.groups.push(part.fit(text, from, to)?);
            }
        }
        Some(asked)
    }

    /// Tells where the groups are; of nothing but gaps and parts that are one group each, without looking at each kind.
    fn tell(&self, body: &[u8], places: &Places, asked: &Asked, spans: &mut Spans) {
        spans.clear();
        spans.resize(self.groups, None);
        match &self.told {
            Some(told) if asked.links == 0 => self.tell_told(told, places, spans),
            _ => self.tell_each(body, places, asked, spans),
        }
    }

    fn tell_told(&self, told: &[Told], places: &Places, spans: &mut Spans) {
        let mut from = places.first + self.first.len;
        for (told, &to) in told.iter().zip(&places.links) {
            if let Some(span) = spans.get_mut(told.group) {
                *span = Some((from, to));
            }
            from = to + told.literal;
        }
        if let Some(span) = spans.first_mut() {
            *span = Some((places.first, from));
        }
    }

    fn tell_each(&self, body: &[u8], places: &Places, asked: &Asked, spans: &mut Spans) {
        let mut set = |group: Option<usize>, span: (usize, usize)| {
            if let Some(span_of_group) = group.and_then(|group| spans.get_mut(group)) {
                *span_of_group = Some(span);
            }
        };
        let start = places.first + self.first.len;
        let mut from = start;
        let mut groups = asked.groups.iter();
        for (index, (link, &to)) in self.links.iter().zip(&places.links).enumerate() {
            match &link.between {
                Between::Gap(group) => set(*group, (from, to)),
                Between::Ending(ending) => {
                    let found = body.get(start..to).and_then(|room| ending.find(room));
                    let (word, run) = found.map_or((to, to), |(word, run)| (start + word, start + run));
                    set(ending.group, (from, to));
                    set(ending.gap_group, (from, word));
                    set(ending.word_group, (word, run));
                    if run < to {
                        set(ending.run_group, (to - 1, to));
                    }
                }
                Between::Part(part) if asked.links >> index & 1 == 0 => set(part.quick_group(), (from, to)),
                Between::Part(part) => {
                    for (group, span) in part.groups.iter().zip(groups.next().into_iter().flatten().skip(1)) {
                        if let Some(span) = span {
                            set(Some(*group), *span);
                        }
                    }
                }
            }
            from = to + link.literal.len;
        }
        if !self.is_plain {
            self.first.tell(places.first, &mut set);
            for (link, &at) in self.links.iter().zip(&places.links) {
                link.literal.tell(at, &mut set);
            }
        }
        let end = match self.end {
            End::Text | End::Literal => from,
            End::Gap(group) => {
                set(group, (from, body.len()));
                body.len()
            }
        };
        set(Some(0), (places.first, end));
    }
}

/// The one text that a node matches.
fn plain_text(node: &Node) -> Option<Vec<u8>> {
    match &node.kind {
        Kind::Literal { point, case } => of_character(*point, *case),
        Kind::Concat(nodes) => nodes
            .iter()
            .map(plain_text)
            .collect::<Option<Vec<_>>>()
            .map(|parts| parts.concat()),
        _ => None,
    }
}

/// The texts of which a node matches one.
fn plain_texts(node: &Node) -> Option<Vec<Vec<u8>>> {
    match &node.kind {
        Kind::Alternation(ways) => ways.iter().map(plain_text).collect(),
        _ => Some(vec![plain_text(node)?]),
    }
}

#[cfg(test)]
mod tests;
