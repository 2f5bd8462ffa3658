//! One look at a block for all filters that read it: which of its lines can matter to which filter.
//!
//! Every filter names literals without which a line means nothing to it ([`Needs`]). A screen looks for those of all
//! filters at once ([`crate::search`]), and cuts lines only around what it finds.
use crate::common::{Common, Required};
use crate::expression::Expression;
use crate::further::Further;
use crate::literals::{Pairs, least};
use crate::search::Search;
use std::ops::Range;
use std::sync::Arc;

/// Shorter literals stand in most lines.
const SHORTEST: usize = 3;
/// A filter with more of them is not screened for.
const MOST: usize = 64;
/// A line with more finds than this is one that somebody made; it may matter to all.
const MOST_FINDS: usize = 256;

/// What a line must have to mean something to a filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// One of these; none where any line may matter.
    literals: Option<Vec<Vec<u8>>>,
    /// For each of the expressions that they are of all that it requires.
    required: Vec<Required>,
    /// What may join to one of them.
    pairs: Pairs,
}

impl Needs {
    /// What a filter's lines must have. `prefix_counts`: it is told of whether prefregex matched, even where no
    /// failregex did and the lines do not tell by themselves.
    pub(crate) fn of(prefregex: Option<&Expression>, fail: &[Expression], prefix_counts: bool) -> Self {
        let each = |expressions: &[Expression]| -> Option<Needs> {
            let literals: Vec<Vec<Vec<u8>>> = expressions.iter().map(literals).collect::<Option<_>>()?;
            let least = least(literals.concat());
            (!least.is_empty() && least.len() <= MOST).then(|| Needs {
                pairs: Pairs::of(least.iter().map(Vec::as_slice)),
                literals: Some(least),
                required: expressions.iter().map(required).collect(),
            })
        };
        let of_prefix = || each(std::slice::from_ref(prefregex?));
        let needs = match prefregex {
            Some(prefix) if prefix_counts && !prefix.matches_any_line() => of_prefix(),
            // What a failregex needs is rarer than what all of the program's lines begin with.
            Some(_) => each(fail).or_else(of_prefix),
            None => each(fail),
        };
        needs.unwrap_or_default()
    }

    /// Whether lines can be told apart by it.
    pub fn tells(&self) -> bool {
        self.literals.is_some()
    }

    /// The literals, of which one has to be in the line; none where any line may matter.
    pub fn literals(&self) -> Option<&[Vec<u8>]> {
        self.literals.as_deref()
    }

    /// Whether cutting something out between the bytes `before` and `after` can bring one of them about.
    pub(crate) fn may_join(&self, before: u8, after: u8) -> bool {
        self.pairs.may_join(before, after)
    }
}

/// Those of which a match of the expression has one.
fn literals(expression: &Expression) -> Option<Vec<Vec<u8>>> {
    let usable = |literal: &[u8]| literal.len() >= SHORTEST && may_stand_in_lines(literal);
    if let Some(literal) = expression.required_literal().filter(|literal| usable(literal)) {
        return Some(vec![literal.to_vec()]);
    }
    let literals = expression.one_of_literals();
    (!literals.is_empty() && literals.iter().all(|literal| usable(literal))).then_some(literals)
}

/// Whether a line has it if its text has it: it is the same in all encodings, and without the line's end.
fn may_stand_in_lines(literal: &[u8]) -> bool {
    literal.is_ascii() && !literal.contains(&b'\n')
}

fn required(expression: &Expression) -> Required {
    let all = expression.required_literals().iter();
    all.filter(|literal| may_stand_in_lines(literal)).cloned().collect()
}

/// What to look for in a block, for several filters, its members.
#[derive(Debug, Default)]
pub struct Screen {
    members: Vec<Arc<Needs>>,
    /// For each member the first one of the same needs, which is looked for in the name of all of them.
    heads: Vec<usize>,
    literals: Vec<Literal>,
    search: Search,
    /// What stands in all lines that matter to those that are looked for; known once there was something to learn from.
    common: Option<Common>,
    /// For each member what its lines must have besides; known then, too.
    further: Vec<Option<Further>>,
    /// What may join to a literal, and to something else that lines must have.
    pairs: Pairs,
    other_pairs: Pairs,
    /// Members that are looked for: heads.
    sought: Vec<usize>,
    longest: usize,
    /// So many bytes of the log told which parts of the literals are rare in it.
    learned_from: usize,
}

/// So much of it is looked at for what is rare.
const SAMPLE: usize = 32 << 10;
/// So many bytes of a log are enough to learn from.
const ENOUGH: usize = 16 << 10;

/// What a look has told so far.
struct Told {
    /// For each head the lines that can matter to it.
    lines: Vec<Vec<Range<usize>>>,
    /// For each head the end of the last line of which that is settled.
    settled: Vec<usize>,
}

#[derive(Debug)]
struct Literal {
    text: Vec<u8>,
    /// The members to which a line with it matters: heads.
    members: Vec<usize>,
}

impl Screen {
    /// A screen for filters with these needs.
    pub fn new(members: Vec<Arc<Needs>>) -> Self {
        let mut literals: Vec<Literal> = Vec::new();
        let same = |needs: &Arc<Needs>| members.iter().position(|other| other == needs);
        let heads: Vec<usize> = (0..)
            .zip(&members)
            .map(|(member, needs)| same(needs).unwrap_or(member))
            .collect();
        let is_head = |member: usize| heads.get(member) == Some(&member);
        for (member, needs) in members.iter().enumerate().filter(|(member, _)| is_head(*member)) {
            for text in needs.literals.iter().flatten() {
                match literals.iter_mut().find(|literal| literal.text == *text) {
                    Some(literal) => literal.members.push(member),
                    None => literals.push(Literal {
                        text: text.clone(),
                        members: vec![member],
                    }),
                }
            }
        }
        let mut screen = Screen {
            longest: literals.iter().map(|literal| literal.text.len()).max().unwrap_or(0),
            sought: (0..members.len())
                .filter(|&member| is_head(member) && members[member].tells())
                .collect(),
            pairs: Pairs::of(literals.iter().map(|literal| literal.text.as_slice())),
            literals,
            heads,
            members,
            ..Screen::default()
        };
        let Some(search) = Search::new(screen.texts(), &[]) else {
            // For nobody, so that each filter looks for itself.
            return Screen::default();
        };
        screen.search = search;
        screen
    }

    /// Whether one of the filters that it was made for has just these needs.
    pub fn is_for(&self, member: usize, needs: &Arc<Needs>) -> bool {
        self.members.get(member).is_some_and(|own| Arc::ptr_eq(own, needs))
    }

    /// Learns from a block that it is going to look at what is rare in this log, until it has seen enough.
    pub fn learn(&mut self, block: &[u8]) {
        if self.literals.len() > 1 && self.learned_from < ENOUGH && block.len() / 4 > self.learned_from {
            self.learned_from = block.len();
            let sample = &block[..block.len().min(SAMPLE)];
            if let Some(search) = Search::new(self.texts(), sample) {
                self.search = search;
            }
            // One filter alone knows best what is rare in what it needs.
            if self.members.len() > 1 {
                let required = self.sought.iter().flat_map(|&member| &self.members[member].required);
                self.common = Common::of(required, sample);
                let common = self.common.as_ref().map(Common::text);
                let further = |needs: &Arc<Needs>| {
                    let sought = needs.literals.as_deref()?;
                    Further::of(&needs.required, sought, common, sample)
                };
                self.further = self.members.iter().map(further).collect();
                let further = self.further.iter().flatten().flat_map(Further::texts);
                self.other_pairs = Pairs::of(common.into_iter().chain(further));
            }
        }
    }

    fn texts(&self) -> Vec<Vec<u8>> {
        self.literals.iter().map(|literal| literal.text.clone()).collect()
    }

    /// How many filters it was made for.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The member under which [`Screen::look`] and [`Screen::look_at_cut`] tell what they tell of this one.
    pub(crate) fn head(&self, member: usize) -> usize {
        self.heads.get(member).copied().unwrap_or(member)
    }

    /// Whether what is told under a head is of several members.
    pub(crate) fn is_shared(&self, head: usize) -> bool {
        self.heads.iter().filter(|&&other| other == head).nth(1).is_some()
    }

    /// Tells for each head the lines of the block that can matter to it, in order, without their newlines.
    pub(crate) fn look(&self, block: &[u8]) -> Vec<Vec<Range<usize>>> {
        let mut told = Told {
            lines: vec![Vec::new(); self.members.len()],
            settled: vec![0; self.members.len()],
        };
        let Some(common) = &self.common else {
            self.look_in(block, 0..block.len(), &mut told);
            return told.lines;
        };
        let mut from = 0;
        while let Some(at) = common.find(&block[from..]).map(|at| from + at) {
            let start = memchr::memrchr(b'\n', &block[from..at]).map_or(from, |n| from + n + 1);
            let end = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |n| at + n);
            self.look_in(block, start..end, &mut told);
            from = end;
        }
        told.lines
    }

    /// The same for a part of the block that begins and ends with whole lines.
    fn look_in(&self, block: &[u8], part: Range<usize>, told: &mut Told) {
        let block = &block[..part.end];
        let mut from = part.start;
        // The line of the last find, of how many members it is settled whether it matters to them, and how many finds
        // it had.
        let (mut line, mut settled, mut finds) = (from..from, 0, 0);
        while let Some(probe) = self.search.next(block, from) {
            let at = probe.at;
            if at >= line.end {
                let start = memchr::memrchr(b'\n', &block[line.end..at]).map_or(line.end, |n| line.end + n + 1);
                line = start..memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |n| at + n);
                (settled, finds) = (0, 0);
            }
            finds += 1;
            let mut tell = |members: &[usize]| {
                for &member in members {
                    if told.settled[member] == line.end {
                        continue;
                    }
                    told.settled[member] = line.end;
                    settled += 1;
                    let further = self.further.get(member).and_then(Option::as_ref);
                    if further.is_none_or(|further| further.stands_in(&block[line.clone()])) {
                        told.lines[member].push(line.clone());
                    }
                }
            };
            match finds {
                MOST_FINDS => tell(&self.sought),
                _ => self
                    .search
                    .each_at(block, probe, &mut |literal| tell(&self.literals[literal].members)),
            }
            from = if settled == self.sought.len() { line.end } else { at + 1 };
        }
    }

    /// Whether cutting something out between these bytes can bring about what all lines that matter have, or what the
    /// lines of a member must have besides what they are found by.
    pub(crate) fn may_join(&self, before: u8, after: u8) -> bool {
        self.other_pairs.may_join(before, after)
    }

    /// The heads to which a line may matter because something was cut out of it and its two parts now touch.
    pub(crate) fn look_at_cut(&self, before: &[u8], after: &[u8], tell: &mut dyn FnMut(usize)) {
        let (Some(&last), Some(&first)) = (before.last(), after.first()) else {
            return;
        };
        if self.may_join(last, first) {
            // A line that was passed over, and whose parts may have what they need by themselves.
            self.sought.iter().for_each(|&member| tell(member));
            return;
        }
        if !self.pairs.may_join(last, first) {
            return;
        }
        let most = self.longest.saturating_sub(1);
        let before = &before[before.len().saturating_sub(most)..];
        let after = &after[..after.len().min(most)];
        let joined = [before, after].concat();
        let mut from = 0;
        while let Some(probe) = self.search.next(&joined, from) {
            let mut all = |literal: usize| self.literals[literal].members.iter().for_each(|&member| tell(member));
            self.search.each_at(&joined, probe, &mut all);
            from = probe.at + 1;
        }
    }
}
