//! How the properties read their input: as text in parts, which a person can write and read, or as choices.

/// What parts of an input are set apart by, on a line of its own.
const BORDER: &str = "\n---\n";

/// Splits an input into its flags and parts. The first byte gives the flags if it is a digit from 0 to 7.
pub(crate) fn flags_and_parts(data: &[u8]) -> (Flags, String) {
    match data {
        [digit @ b'0'..=b'7', rest @ ..] => (
            Flags::from_digit(Some(digit)),
            String::from_utf8_lossy(rest).into_owned(),
        ),
        _ => (Flags(0), String::from_utf8_lossy(data).into_owned()),
    }
}

/// The part before the first border and what is behind it.
pub(crate) fn part(text: &str) -> (&str, &str) {
    text.split_once(BORDER).unwrap_or((text, ""))
}

/// Three switches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) fn from_digit(digit: Option<&u8>) -> Self {
        match digit {
            Some(digit @ b'0'..=b'7') => Flags(digit - b'0'),
            _ => Flags(0),
        }
    }

    pub(crate) fn has(self, number: u8) -> bool {
        self.0 >> number & 1 == 1
    }
}

/// Takes choices from bytes, all of them the first when the bytes are used up.
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Choices(data)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        let index = self.below(list.len());
        list.get(index).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
