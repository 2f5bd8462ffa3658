//! Places that a client could make slow, and lines built to try it.
//!
//! That a place looks slow says little: how an expression is searched decides. So each comes with lines that give a
//! backtracking search the most to do, and whoever asks runs them.
use super::chars::Chars;
use super::host::is_anchored;
use super::sample::Sampler;
use super::shape::{chars, first, flatten, is_nullable, open_body, walk};
use crate::syntax::{Ast, Kind, Node, Span};

/// More places are not tried.
const MOST: usize = 12;

/// What makes a place look slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// A repetition in a repetition: `(a+)+`.
    Nested,
    /// Repeated alternatives that can begin alike: `(a|ab)*`.
    Alternatives,
    /// So many open gaps that can take one another's text: `.*a.*b.*`.
    Gaps(usize),
    /// `\1` to a text of any length.
    Backref,
    /// Not anchored: begins anew at each place of the line, each time with an open gap.
    Unanchored,
}

/// A place that looks slow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Why.
    pub looks: Looks,
    /// The place.
    pub span: Span,
    /// A text that leads there.
    before: String,
    /// What is written there again and again.
    units: Vec<String>,
    /// A text that would end the match.
    after: String,
    /// Texts that every match holds: a search that looks for them first has to find them.
    literals: String,
}

impl Suspect {
    /// Lines of about so many bytes that would take long.
    pub fn lines(&self, bytes: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for unit in self.units.iter().filter(|unit| !unit.is_empty()) {
            let fixed = self.before.len() + self.after.len() + self.literals.len();
            let pumped = unit.repeat(bytes.saturating_sub(fixed).div_ceil(unit.len()).max(1));
            let cut: String = self
                .after
                .chars()
                .take(self.after.chars().count().saturating_sub(1))
                .collect();
            lines.push(format!("{}{pumped}\x01", self.before));
            lines.push(format!("{}{pumped}{cut}\x01", self.before));
            lines.push(format!("{}{}{pumped}\x01", self.before, self.literals));
            lines.push(format!("{}\x01{}{pumped}\x01", self.literals, self.before));
        }
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

/// The places of an expression that look slow, the worst first. `literals` are those that every match contains.
pub fn suspects(ast: &Ast, literals: &[Vec<u8>]) -> Vec<Suspect> {
    let mut found = Vec::new();
    walk(&ast.root, &mut |node| {
        if let Some(body) = open_body(node) {
            repeated(node, body, &mut found);
        }
        if let Kind::Backref { group, .. } = node.kind
            && let Some(source) = captured(&ast.root, group)
            && let Some(c) = open_within(source)
        {
            found.push((Looks::Backref, source.span.clone(), vec![c]));
        }
    });
    sequences(&ast.root, &mut found);
    unanchored(ast, &mut found);
    found.sort_by_key(|(looks, span, _)| (rank(*looks), span.start));
    found.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
    found.truncate(MOST);
    let literals: Vec<_> = literals.iter().map(|text| String::from_utf8_lossy(text)).collect();
    let finish = |(looks, span, units): (Looks, Span, Vec<String>)| {
        let (mut before, mut after) = (String::new(), String::new());
        // A place of several nodes is entered at its first.
        let target = innermost_at(&ast.root, span.start);
        Sampler::default().around(&ast.root, &target, &mut before, &mut after);
        Suspect {
            looks,
            span,
            before,
            units,
            after,
            literals: literals.concat(),
        }
    };
    found.into_iter().map(finish).collect()
}

fn rank(looks: Looks) -> usize {
    match looks {
        Looks::Nested => 0,
        Looks::Alternatives => 1,
        Looks::Gaps(3..) => 2,
        Looks::Backref => 3,
        Looks::Gaps(_) => 4,
        Looks::Unanchored => 5,
    }
}

type Found = Vec<(Looks, Span, Vec<String>)>;

fn text(node: &Node) -> String {
    let mut out = String::new();
    Sampler::default().write(node, &mut out);
    out
}

fn letter(set: Chars) -> String {
    set.example().map(String::from).unwrap_or_default()
}

/// What an open repetition repeats.
fn repeated(node: &Node, body: &Node, found: &mut Found) {
    let mut items = Vec::new();
    flatten(body, &mut items);
    let mut inner = None;
    walk(body, &mut |child| {
        if inner.is_none() && open_body(child).is_some() {
            inner = Some(child);
        }
    });
    if let Some(inner) = inner {
        let own = chars(inner);
        let passes = items.iter().all(|item| {
            let holds = item.span.start <= inner.span.start && inner.span.end <= item.span.end;
            holds || is_nullable(item) || chars(item).meets(own)
        });
        if passes {
            found.push((Looks::Nested, node.span.clone(), vec![letter(own), text(body)]));
        }
    }
    let [item] = items.as_slice() else { return };
    if let Kind::Alternation(ways) = &item.kind {
        let overlaps =
            |index: usize, way: &Node| ways.iter().skip(index + 1).any(|other| first(way).meets(first(other)));
        if ways.iter().enumerate().any(|(index, way)| overlaps(index, way)) {
            let all = ways.iter().map(text).filter(|text| !text.is_empty());
            found.push((Looks::Alternatives, node.span.clone(), all.take(4).collect()));
        }
    }
}

/// Open gaps one after the other, where each can take what stands between.
fn sequences(node: &Node, found: &mut Found) {
    let mut items = Vec::new();
    flatten(node, &mut items);
    let mut run: Vec<usize> = Vec::new();
    let mut end = |run: &mut Vec<usize>, items: &[&Node]| {
        if let (Some(first), Some(last), 2..) = (run.first(), run.last(), run.len()) {
            let between = |from: usize, to: usize| -> String {
                let items = items.get(from + 1..to).unwrap_or_default();
                items.iter().map(|item| text(item)).collect()
            };
            let second = run.get(1).copied().unwrap_or(*last);
            let mut units = vec![between(*first, second), between(*first, *last)];
            if units.iter().all(String::is_empty) {
                units = vec![letter(chars(items[*first]).intersection(chars(items[second])))];
            }
            let span = items[*first].span.start..items[*last].span.end;
            found.push((Looks::Gaps(run.len()), span, units));
        }
        run.clear();
    };
    for (index, item) in items.iter().enumerate() {
        let taken = run.first().and_then(|first| items.get(*first)).map(|gap| chars(gap));
        if open_body(item).is_some() {
            if taken.is_some_and(|taken| !taken.meets(chars(item))) {
                end(&mut run, &items);
            }
            run.push(index);
        } else if taken.is_some_and(|taken| !is_nullable(item) && !chars(item).is_within(taken)) {
            end(&mut run, &items);
        }
    }
    end(&mut run, &items);
    for item in items {
        if matches!(
            item.kind,
            Kind::Alternation(_) | Kind::Repeat { .. } | Kind::Conditional { .. }
        ) {
            item.children().into_iter().for_each(|child| sequences(child, found));
        }
    }
}

fn unanchored(ast: &Ast, found: &mut Found) {
    if is_anchored(ast) {
        return;
    }
    let mut items = Vec::new();
    flatten(&ast.root, &mut items);
    let Some(at) = items.iter().position(|item| open_body(item).is_some()) else {
        return;
    };
    let Some(gap) = items.get(at) else { return };
    let lead: String = items.iter().take(at).map(|item| text(item)).collect();
    found.push((Looks::Unanchored, gap.span.clone(), vec![lead, letter(chars(gap))]));
}

fn captured(node: &Node, wanted: usize) -> Option<&Node> {
    match &node.kind {
        Kind::Capture { group, node } if *group == wanted => Some(node),
        _ => node.children().into_iter().find_map(|child| captured(child, wanted)),
    }
}

/// A character of an open repetition within.
fn open_within(node: &Node) -> Option<String> {
    let mut found = None;
    walk(node, &mut |child| {
        if found.is_none() && open_body(child).is_some() {
            found = Some(letter(chars(child)));
        }
    });
    found
}

/// The span of the innermost open repetition, or else node, that begins at this place.
fn innermost_at(root: &Node, start: usize) -> Span {
    let mut found = start..start;
    walk(root, &mut |node| {
        if node.span.start == start && (open_body(node).is_some() || found.is_empty()) {
            found = node.span.clone();
        }
    });
    found
}
