//! Lines made to trouble a filter: a beginning, something repeated until the line is long enough, and an end.
//!
//! They come from the filter's expressions (a text that nearly matches, with one open repetition drawn out) and from
//! its sample log (a line with something repeated put in between). Ends are spoilt, so that a search has to go through
//! all ways; some get a character beyond ASCII.
use crate::stock::Subject;
use bantam_pattern::Time;
use bantam_pattern::date::Detector;
use bantam_pattern::syntax::{Ast, Class, ClassItem, Kind, Node, PerlClass};
use std::collections::HashSet;

/// Lines are taken from so many samples, at so many places.
const SAMPLES: usize = 8;
const PLACES: usize = 10;
/// What is repeated in a sample.
const UNITS: &[&str] = &[
    "a",
    " ",
    "1",
    "1.1.1.1 ",
    "\"",
    "\\\"",
    ", ",
    ": ",
    "from ",
    "/",
    "[1]: ",
    "<a>",
    "=",
    "(",
    ".",
    "-",
    "a b ",
    "\t",
    "é",
    "٣",
    "a: ",
    "1:1:1 ",
    "11111111 ",
    "::",
    "f:",
    "Nov 22 10:00:00 ",
    "22/Nov/2026:10:00:00 +0000",
    "] \"",
    "2026-11-22T10:00:00 ",
    "12:00:00",
    "20261122",
    "audit(",
    "@4000000",
    " - ",
    "for a from 1.1.1.1 port 1 ",
];
/// What a character set is asked for.
const CHARACTERS: &[char] = &[
    'a', '1', ' ', '.', '-', ':', '/', '"', '\'', 'Z', '_', ',', '=', ';', '(', ')', '[', ']', '<', '>', '@', '%', '+',
    '*', '|', '{', '}', 'x', '0', 'e', 'é', '\t',
];

/// How a line is made.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub how: String,
    head: Vec<u8>,
    unit: Vec<u8>,
    tail: Vec<u8>,
}

impl Recipe {
    fn new(how: &str, head: &[u8], unit: &[u8], tail: &[u8]) -> Recipe {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let count = text.chars().count();
            match count {
                0..=60 => text,
                _ => format!("…{}", text.chars().skip(count - 60).collect::<String>()),
            }
        };
        Recipe {
            how: format!("{how}: {:?} {:?}… {:?}", text(head), text(unit), text(tail)),
            head: head.to_vec(),
            unit: unit.to_vec(),
            tail: tail.to_vec(),
        }
    }

    /// The line in about this length.
    pub fn line(&self, length: usize) -> Vec<u8> {
        let room = length.saturating_sub(self.head.len() + self.tail.len());
        let mut line = self.head.clone();
        line.extend(self.unit.repeat(room / self.unit.len().max(1)));
        line.extend(&self.tail);
        line.retain(|byte| *byte != b'\n');
        line
    }

    fn key(&self) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        (self.head.clone(), self.unit.clone(), self.tail.clone())
    }
}

/// All recipes for a filter.
pub fn recipes(subject: &Subject) -> Vec<Recipe> {
    let mut all = Vec::new();
    let date = date_of(subject);
    for ast in &subject.expressions {
        from_expression(subject.prefix.as_ref(), ast, &date, &mut all);
    }
    let spread = subject.samples.len().div_ceil(SAMPLES).max(1);
    for sample in subject.samples.iter().step_by(spread) {
        from_sample(sample, &mut all);
    }
    let mut known = HashSet::new();
    all.retain(|recipe| !recipe.unit.is_empty() && known.insert(recipe.key()));
    let beyond_ascii: Vec<Recipe> = all
        .iter()
        .step_by(3)
        .enumerate()
        .map(|(n, recipe)| {
            let (head, tail) = (&recipe.head, &recipe.tail);
            match n % 4 {
                0 => Recipe::new("é", head, &recipe.unit, &[tail, "é".as_bytes()].concat()),
                1 => Recipe::new("digit", head, &recipe.unit, &[tail, "٣".as_bytes()].concat()),
                2 => Recipe::new("no UTF-8", head, &recipe.unit, &[tail, &b"\xff"[..]].concat()),
                _ => Recipe::new("é each", head, &[&recipe.unit, "é".as_bytes()].concat(), tail),
            }
        })
        .collect();
    all.extend(beyond_ascii);
    all
}

/// A date as the filter's log has it.
fn date_of(subject: &Subject) -> String {
    let now = Time::from_secs_f64(1_795_000_000.0);
    let Ok(mut detector) = Detector::from_pattern(&subject.datepattern) else {
        return String::new();
    };
    let date = subject.samples.iter().find_map(|sample| {
        let text = std::str::from_utf8(sample).ok()?;
        let found = detector.find(text, now)?;
        text.get(..found.span.end)
            .filter(|date| !date.is_empty() && date.len() < 60)
            .map(str::to_owned)
    });
    date.unwrap_or_default()
}

fn from_sample(sample: &[u8], all: &mut Vec<Recipe>) {
    let borders: Vec<usize> = (1..sample.len())
        .filter(|&at| sample[at - 1].is_ascii_alphanumeric() != sample[at].is_ascii_alphanumeric())
        .collect();
    let spread = borders.len().div_ceil(PLACES).max(1);
    for (n, at) in borders
        .iter()
        .copied()
        .step_by(spread)
        .chain([0, sample.len()])
        .enumerate()
    {
        let (head, tail) = sample.split_at(at);
        for (m, unit) in UNITS.iter().enumerate() {
            let tail = if (n + m) % 2 == 0 { tail.to_vec() } else { spoilt(tail) };
            all.push(Recipe::new("sample", head, unit.as_bytes(), &tail));
        }
        let rest = &tail[..tail.len().min(40)];
        all.push(Recipe::new("rest", head, rest, &spoilt(tail)));
        all.push(Recipe::new("line", head, sample, tail));
        all.push(Recipe::new("line", head, sample, b"!"));
    }
}

fn spoilt(tail: &[u8]) -> Vec<u8> {
    tail[..tail.len().saturating_sub(2)].to_vec()
}

fn from_expression(prefix: Option<&Ast>, ast: &Ast, date: &str, all: &mut Vec<Recipe>) {
    let repeats = prefix.map_or(0, |prefix| count(&prefix.root)) + count(&ast.root);
    for pumped in 0..repeats {
        for seed in 0..3 {
            let mut writer = Writer {
                pumped: Some(pumped),
                seed,
                ..Writer::default()
            };
            writer.out.push_str(date);
            writer.whole(prefix, ast);
            let Some(unit) = writer.unit.clone() else { continue };
            let (head, unit, tail) = (
                &writer.out[..unit.0],
                &writer.out[unit.0..unit.1],
                &writer.out[unit.1..],
            );
            let tail = tail.as_bytes();
            all.push(Recipe::new("pumped", head.as_bytes(), unit.as_bytes(), tail));
            all.push(Recipe::new(
                "pumped",
                head.as_bytes(),
                unit.as_bytes(),
                &[tail, b"\x02!"].concat(),
            ));
            all.push(Recipe::new("pumped", head.as_bytes(), unit.as_bytes(), &spoilt(tail)));
            // What follows the repetition, again and again: many places at which it could end.
            let again = [unit.as_bytes(), tail].concat();
            all.push(Recipe::new("again", head.as_bytes(), &again, b""));
            all.push(Recipe::new(
                "again",
                head.as_bytes(),
                &again[..again.len().min(12)],
                &spoilt(tail),
            ));
        }
    }
    let mut writer = Writer::default();
    writer.whole(prefix, ast);
    let text = writer.out.as_bytes();
    all.push(Recipe::new("whole", date.as_bytes(), text, b"!"));
    for literal in literals(ast) {
        all.push(Recipe::new(
            "literal",
            &[date.as_bytes(), text].concat(),
            &literal,
            b"!",
        ));
        all.push(Recipe::new("literal", date.as_bytes(), &literal, &spoilt(text)));
    }
}

fn literals(ast: &Ast) -> Vec<Vec<u8>> {
    let mut all = vec![String::new()];
    walk_literals(&ast.root, &mut all);
    all.retain(|literal| literal.trim().len() > 1);
    all.into_iter().map(String::into_bytes).collect()
}

fn walk_literals(node: &Node, all: &mut Vec<String>) {
    match &node.kind {
        Kind::Literal { point, .. } => {
            if let (Some(last), Some(c)) = (all.last_mut(), char::from_u32(*point)) {
                last.push(c);
            }
        }
        Kind::Concat(nodes) => nodes.iter().for_each(|node| walk_literals(node, all)),
        _ => {
            for child in node.children() {
                all.push(String::new());
                walk_literals(child, all);
            }
            all.push(String::new());
        }
    }
}

/// Open repetitions.
fn count(node: &Node) -> usize {
    let own = matches!(node.kind, Kind::Repeat { max, .. } if is_open(max));
    usize::from(own) + node.children().into_iter().map(count).sum::<usize>()
}

fn is_open(max: Option<u32>) -> bool {
    max.is_none_or(|max| max > 64)
}

/// Writes a text that an expression matches, more or less.
#[derive(Default)]
struct Writer<'a> {
    out: String,
    /// Number of the repetition that is drawn out, and where one round of it stands.
    pumped: Option<usize>,
    unit: Option<(usize, usize)>,
    met: usize,
    seed: usize,
    /// What stands for the group `content`.
    content: Option<(&'a Ast, usize)>,
}

impl<'a> Writer<'a> {
    fn whole(&mut self, prefix: Option<&'a Ast>, ast: &'a Ast) {
        match prefix {
            Some(prefix) => {
                let content = prefix.groups.iter().position(|name| name.as_deref() == Some("content"));
                self.content = content.map(|group| (ast, group));
                self.node(&prefix.root);
                if content.is_none() {
                    self.node(&ast.root);
                }
            }
            None => self.node(&ast.root),
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Literal { point, .. } => self.out.extend(char::from_u32(*point)),
            Kind::Any { .. } => self.out.push(['a', ' ', '1'][self.seed % 3]),
            Kind::Class(class) => self.out.extend(member(class, self.seed)),
            Kind::Concat(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Kind::Alternation(nodes) => {
                let chosen = self.choose(nodes);
                for (index, node) in nodes.iter().enumerate() {
                    match index == chosen {
                        true => self.node(node),
                        false => self.met += count(node),
                    }
                }
            }
            Kind::Capture { group, node } => match self.content {
                Some((ast, content)) if content == *group => {
                    self.content = None;
                    self.met += count(node);
                    self.node(&ast.root);
                }
                _ => self.node(node),
            },
            Kind::Atomic(node) => self.node(node),
            Kind::Repeat { min, max, node, .. } => self.repeat(*min, *max, node),
            Kind::Look { node, .. } => self.met += count(node),
            Kind::Conditional { yes, no, .. } => {
                self.node(yes);
                self.met += count(no);
            }
            Kind::Empty | Kind::Assertion(_) | Kind::Backref { .. } => {}
        }
    }

    /// The branch in which the repetition to be drawn out is, or some.
    fn choose(&self, nodes: &[Node]) -> usize {
        let mut met = self.met;
        for (index, node) in nodes.iter().enumerate() {
            met += count(node);
            if self.pumped.is_some_and(|pumped| self.met <= pumped && pumped < met) {
                return index;
            }
        }
        self.seed % nodes.len()
    }

    fn repeat(&mut self, min: u32, max: Option<u32>, node: &Node) {
        let own = is_open(max).then_some(self.met);
        self.met += usize::from(own.is_some());
        let inside = self
            .pumped
            .is_some_and(|pumped| self.met <= pumped && pumped < self.met + count(node));
        let drawn_out = own.is_some() && own == self.pumped;
        let rounds = if drawn_out || inside {
            min.max(1)
        } else {
            min.max(u32::from(own.is_some() || self.seed == 1))
        };
        let met = self.met;
        let mut begin = self.out.len();
        for _ in 0..rounds.min(40) {
            begin = self.out.len();
            self.met = met;
            self.node(node);
        }
        self.met = met + count(node);
        if drawn_out {
            self.unit = Some((begin, self.out.len()));
        }
    }
}

/// A character of a set.
fn member(class: &Class, seed: usize) -> Option<char> {
    let fitting: Vec<char> = CHARACTERS.iter().copied().filter(|&c| has(class, c)).collect();
    let first = class.items.iter().find_map(|item| match item {
        ClassItem::Range(from, _) if !class.negated => char::from_u32(*from),
        _ => None,
    });
    fitting.get(seed % fitting.len().max(1)).copied().or(first)
}

fn has(class: &Class, c: char) -> bool {
    let has = class.items.iter().any(|item| match *item {
        ClassItem::Range(from, to) => (from..=to).contains(&u32::from(c)),
        ClassItem::Perl { class, negated, .. } => {
            let is = match class {
                PerlClass::Digit => c.is_ascii_digit(),
                PerlClass::Space => c.is_whitespace(),
                PerlClass::Word => c.is_alphanumeric() || c == '_',
            };
            is != negated
        }
    });
    has != class.negated
}
