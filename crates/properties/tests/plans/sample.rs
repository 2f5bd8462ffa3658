//! Texts made from an expression itself, so that most of them match or nearly do.

use bantam_pattern::syntax::{Ast, Case, Class, ClassItem, Kind, Node, PerlClass};

/// Numbers that look random and are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What gaps are filled with and texts are spoilt with.
const PIECES: &[&str] = &[
    "",
    "a",
    "Z",
    "0",
    "7",
    " ",
    "  ",
    "\"",
    "\\\"",
    "\\",
    ",",
    ":",
    "/",
    ".",
    "-",
    "[",
    "]",
    "(",
    ")",
    "\n",
    "\r\n",
    "\t",
    "\u{1c}",
    "\u{0}",
    "é",
    "٣",
    "\u{a0}",
    "\u{1f600}",
    "ſ",
    "K",
    "192.0.2.7",
    "2001:db8::1",
    "::ffff:1.2.3.4",
    "root",
    "user",
    "from",
    "example.org",
    "port 22",
    "\"OriginStatus\":404,",
    "\\\"OriginStatus\\\":404",
    "\",\"",
    "ssh2",
    "_",
    "<HOST>",
    "%",
    "{",
    "}",
    "=",
    "'",
    ";",
    "failed",
    "401",
    "invalid",
];

/// Makes texts for one expression.
pub struct Sampler<'a> {
    ast: &'a Ast,
    /// What the expression asks for, where it does not stand.
    literals: Vec<String>,
    groups: Vec<String>,
}

impl<'a> Sampler<'a> {
    pub fn new(ast: &'a Ast, literals: &[Vec<u8>]) -> Self {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        Sampler {
            ast,
            literals: literals.iter().map(text).collect(),
            groups: vec![String::new(); ast.groups.len()],
        }
    }

    /// A text that the expression was made for, as it is or with something changed.
    pub fn text(&mut self, random: &mut Random) -> String {
        self.groups.iter_mut().for_each(String::clear);
        let mut out = String::new();
        if random.below(4) == 0 {
            out.push_str(random.of(PIECES));
        }
        self.node(&self.ast.root, random, &mut out);
        for _ in 0..[0, 0, 0, 1, 1, 2, 3, 5][random.below(8)] {
            out = self.spoilt(&out, random);
        }
        out.push_str(["", "\n", "\n", "\n\n", "x"][random.below(5)]);
        out
    }

    fn piece(&self, random: &mut Random) -> &str {
        match self.literals.as_slice() {
            literals @ [_, ..] if random.below(4) == 0 => &literals[random.below(literals.len())],
            _ => random.of(PIECES),
        }
    }

    fn node(&mut self, node: &Node, random: &mut Random, out: &mut String) {
        match &node.kind {
            Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => {}
            Kind::Literal { point, case } => push(out, *point, *case, random),
            Kind::Any { .. } => out.extend(self.piece(random).chars().next()),
            Kind::Class(class) => out.extend(member(class, random)),
            Kind::Concat(nodes) => nodes.iter().for_each(|node| self.node(node, random, out)),
            Kind::Alternation(nodes) => self.node(&nodes[random.below(nodes.len())], random, out),
            Kind::Repeat { min, max, node, .. } => {
                let more = [0, 0, 1, 1, 2, 3, 6][random.below(7)];
                let count = min.saturating_add(more).min(max.unwrap_or(u32::MAX)).min(40);
                if matches!(node.kind, Kind::Any { .. }) {
                    let pieces: String = (0..count).map(|_| self.piece(random)).collect();
                    return out.push_str(&pieces);
                }
                (0..count).for_each(|_| self.node(node, random, out));
            }
            Kind::Capture { group, node } => {
                let from = out.len();
                self.node(node, random, out);
                self.groups[*group] = out[from..].to_owned();
            }
            Kind::Atomic(node) => self.node(node, random, out),
            Kind::Backref { group, .. } => out.push_str(&self.groups[*group]),
            Kind::Conditional { group, yes, no } => {
                let taken = !self.groups[*group].is_empty();
                self.node(if taken { yes } else { no }, random, out);
            }
        }
    }

    /// The text with one thing changed.
    fn spoilt(&self, text: &str, random: &mut Random) -> String {
        let place = |random: &mut Random| {
            let at = random.below(text.len() + 1);
            (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
        };
        let (a, b) = (place(random), place(random));
        let (a, b) = (a.min(b), a.max(b));
        match random.below(6) {
            0 => format!("{}{}", &text[..a], &text[b..]),
            1 => format!("{}{}{}", &text[..b], &text[a..b], &text[b..]),
            2 => {
                let rest = text[a..].chars().skip(1).collect::<String>();
                format!("{}{}{rest}", &text[..a], self.piece(random))
            }
            _ => format!("{}{}{}", &text[..a], self.piece(random), &text[a..]),
        }
    }
}

fn push(out: &mut String, point: u32, case: Case, random: &mut Random) {
    let Some(c) = char::from_u32(point) else { return };
    match case != Case::Sensitive && random.below(3) == 0 {
        true if c.is_lowercase() => out.extend(c.to_uppercase()),
        true => out.extend(c.to_lowercase()),
        false => out.push(c),
    }
}

/// A character of the set; of a negated one, mostly.
fn member(class: &Class, random: &mut Random) -> Option<char> {
    if class.negated {
        return random.of(PIECES).chars().next().or(Some('q'));
    }
    match random.of(&class.items) {
        ClassItem::Range(first, last) => char::from_u32(first + random.below((last - first + 1) as usize) as u32),
        ClassItem::Perl { class, negated, .. } => match (class, negated) {
            (PerlClass::Digit, false) => Some(random.of(&['0', '1', '2', '9', '٣'])),
            (PerlClass::Space, false) => Some(random.of(&[' ', ' ', '\t', '\u{a0}'])),
            (PerlClass::Word, false) => Some(random.of(&['a', 'x', 'Q', '5', '_', 'é'])),
            (_, true) => Some(random.of(&['-', ':', 'z', '"', '/', 'é'])),
        },
    }
}
