//! What must stand before the hour of a date, byte for byte: by it most templates are told from each other without
//! being tried.

use super::parts::{Node, Set};
use super::units::Unit;

/// The last bytes of what stands before the hour, the nearest first. Only what every match has is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tail {
    sets: [Set; Tail::LONGEST],
    length: usize,
}

impl Tail {
    pub const LONGEST: usize = 8;

    /// The tail of what these nodes match.
    pub fn of(nodes: &[Node]) -> Tail {
        let mut separators = Set::default();
        collect_separators(nodes, &mut separators);
        Tail::default().and_nodes(nodes, separators)
    }

    /// What may stand there, as far as something must.
    pub fn sets(&self) -> &[Set] {
        self.sets.get(..self.length).unwrap_or_default()
    }

    /// Whether the text up to the first colon of a time may end so, the hour of one or two digits left out.
    pub fn fits(&self, text: &[u8], colon: usize) -> bool {
        hour_begins(text, colon).any(|begin| {
            let before = text.get(..begin).unwrap_or_default();
            before.len() >= self.length && self.sets().iter().zip(before.iter().rev()).all(|(set, &b)| set.has(b))
        })
    }

    fn and_nodes(self, nodes: &[Node], separators: Set) -> Tail {
        nodes.iter().fold(self, |tail, node| tail.and(node, separators))
    }

    fn and(self, node: &Node, separators: Set) -> Tail {
        match node {
            Node::Byte(byte) => self.and_byte(Set::default().with(*byte)),
            Node::OneOf(set) | Node::Separator(set) => self.and_byte(*set),
            Node::SameSeparator => self.and_byte(separators),
            Node::Unit(unit, _) => self.and_unit(*unit),
            Node::Until(_) => Tail::default(),
            Node::Run(run) => self.either(Tail::default().and_byte(run.set)),
            Node::Cut(inner) => self.and_nodes(inner, separators),
            Node::Optional(inner) => self.either(self.and_nodes(inner, separators)),
            Node::Choice(choices) => choices
                .iter()
                .map(|choice| self.and_nodes(choice, separators))
                .reduce(Tail::either)
                .unwrap_or_default(),
        }
    }

    fn and_unit(self, unit: Unit) -> Tail {
        let (digit, letter) = (Set::DIGITS, Set::LETTERS);
        let repeated = |set, count: usize| (0..count).fold(self, |tail, _| tail.and_byte(set));
        match unit {
            Unit::YearExact { .. } | Unit::Year4 => repeated(digit, 4),
            Unit::Year2 | Unit::Month2 | Unit::Day2 | Unit::Hour2 | Unit::Minute2 | Unit::Second2 => repeated(digit, 2),
            Unit::MonthName | Unit::Weekday => repeated(letter, 3),
            Unit::AmPm => repeated(letter, 2),
            Unit::Month | Unit::Hour | Unit::HourLoose | Unit::Hour12 | Unit::Minute | Unit::Second => {
                repeated(digit, 1).either(repeated(digit, 2))
            }
            Unit::Day => repeated(digit, 1).either(self.and_byte(digit.with(b' ')).and_byte(digit)),
            Unit::Fraction { .. } => Tail::default().and_byte(digit),
            Unit::Offset { .. } | Unit::ZoneName { .. } => Tail::default().and_byte(digit.or(letter)),
        }
    }

    fn and_byte(mut self, set: Set) -> Tail {
        self.sets.rotate_right(1);
        self.sets[0] = set;
        self.length = (self.length + 1).min(Self::LONGEST);
        self
    }

    /// What is true of both.
    fn either(self, other: Tail) -> Tail {
        let mut both = Tail {
            length: self.length.min(other.length),
            ..Tail::default()
        };
        for (set, (one, two)) in both.sets.iter_mut().zip(self.sets().iter().zip(other.sets())) {
            *set = one.or(*two);
        }
        both
    }
}

/// Where the hour before a colon, of one digit or two, may begin.
pub(super) fn hour_begins(text: &[u8], colon: usize) -> impl Iterator<Item = usize> {
    let two = colon.checked_sub(2);
    let two = two.filter(|&begin| text.get(begin).is_some_and(u8::is_ascii_digit));
    colon.checked_sub(1).into_iter().chain(two)
}

fn collect_separators(nodes: &[Node], set: &mut Set) {
    for node in nodes {
        match node {
            Node::Separator(one) => *set = set.or(*one),
            Node::Optional(inner) | Node::Cut(inner) => collect_separators(inner, set),
            Node::Choice(choices) => choices.iter().for_each(|choice| collect_separators(choice, set)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::date::tokens::Years;
    use crate::date::{defaults, plan::Need};

    #[test]
    fn the_hour_of_an_access_log_is_told_from_those_of_other_defaults() {
        let line = b"192.0.2.1 - - [22/Nov/2026:10:00:00 +0000]";
        let all = defaults::shared(&Years::today()).all().unwrap_or_default();
        let plain = all.into_iter().filter(|(_, weight)| *weight == 1.0);
        let fitting: Vec<String> = (plain.map(|(template, _)| template))
            .filter(|template| {
                let need = template.plan.as_ref().map(|plan| &plan.need);
                matches!(need, Some(Need::Time { before, .. }) if before.fits(line, 29))
            })
            .filter_map(|template| template.pattern.clone())
            .collect();
        assert_eq!(fitting, [defaults::ACCESS_LOG, "{^LN-BEG}%H:%M:%S"]);
    }
}
