//! Failure counters as they are written: the changes of many clients packed one behind the other, so that a flood of
//! clients costs some bytes for each and not a row. A jail's batches, read in order, tell what it counts; the daemon
//! writes all anew when far more is told than still counts.
use crate::{CounterRow, Kept, Who};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A part that has grown to so many bytes takes no more: a row that fits the memory it is read and written with.
const PART: usize = 60 << 10;

/// The first byte of every part.
const FORMAT: u8 = 1;

/// Counters to be written.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    parts: Vec<Part>,
}

/// What stands in one row.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub bytes: Vec<u8>,
    pub records: u32,
    /// The newest moment in it.
    pub newest: i64,
    /// The moment that the others are told from.
    base: i64,
}

impl Batch {
    /// Whether there is nothing to be written.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// A counter as it is now.
    pub fn counts(&mut self, row: &CounterRow<'_>) {
        let part = self.part(row.last);
        write_who(&mut part.bytes, row.who);
        write_number(&mut part.bytes, u64::from(row.attempts) + 1);
        write_number(&mut part.bytes, folded(row.last.wrapping_sub(part.base)));
        write_number(&mut part.bytes, folded(row.last.wrapping_sub(row.first)));
        part.newest = part.newest.max(row.last);
    }

    /// A counter that is no more.
    pub fn is_gone(&mut self, who: Who<'_>) {
        let part = self.part(0);
        write_who(&mut part.bytes, who);
        write_number(&mut part.bytes, 0);
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The part that takes the next record, which is of about this time.
    fn part(&mut self, base: i64) -> &mut Part {
        if self.parts.last().is_none_or(|part| part.bytes.len() >= PART) {
            let mut bytes = Vec::with_capacity(if self.parts.is_empty() { 256 } else { PART + 256 });
            bytes.push(FORMAT);
            bytes.extend_from_slice(&base.to_le_bytes());
            self.parts.push(Part {
                bytes,
                records: 0,
                newest: i64::MIN,
                base,
            });
        }
        let last = self.parts.len() - 1;
        let part = &mut self.parts[last];
        part.records += 1;
        part
    }
}

/// Tells what stands in a part, up to where it does not read any more.
pub(crate) fn read(part: &[u8], tell: &mut dyn FnMut(Kept<'_>)) {
    let Some((base, rest)) = part
        .strip_prefix(&[FORMAT])
        .and_then(|rest| rest.split_first_chunk::<8>())
    else {
        return;
    };
    let base = i64::from_le_bytes(*base);
    let mut reader = Reader(rest);
    while let Some(kept) = reader.kept(base) {
        tell(kept);
    }
}

const V4: u64 = 0;
const V6: u64 = 1;
/// And the length of the text.
const TEXT: u64 = 2;

fn write_who(bytes: &mut Vec<u8>, who: Who<'_>) {
    match who {
        Who::V4(address) => {
            write_number(bytes, V4);
            bytes.extend_from_slice(&address.octets());
        }
        Who::V6(address) => {
            write_number(bytes, V6);
            bytes.extend_from_slice(&address.octets());
        }
        Who::Text(text) => {
            write_number(bytes, TEXT + text.len() as u64);
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Numbers near 0 of either sign become small ones.
fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0u64, 0u32);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn who(&mut self) -> Option<Who<'a>> {
        Some(match self.number()? {
            V4 => Who::V4(Ipv4Addr::from(<[u8; 4]>::try_from(self.bytes(4)?).ok()?)),
            V6 => Who::V6(Ipv6Addr::from(<[u8; 16]>::try_from(self.bytes(16)?).ok()?)),
            text => {
                let length = usize::try_from(text - TEXT).ok()?;
                Who::Text(std::str::from_utf8(self.bytes(length)?).ok()?)
            }
        })
    }

    fn kept(&mut self, base: i64) -> Option<Kept<'a>> {
        let who = self.who()?;
        let Some(attempts) = self.number()?.checked_sub(1) else {
            return Some(Kept::Gone(who));
        };
        let last = base.wrapping_add(unfolded(self.number()?));
        let first = last.wrapping_sub(unfolded(self.number()?));
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        Some(Kept::Counts(CounterRow {
            who,
            attempts,
            first,
            last,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_whatever_the_numbers_are() {
        let text = "ü".repeat(70_000);
        let whos = [
            Who::V4(Ipv4Addr::new(192, 0, 2, 1)),
            Who::V6(Ipv6Addr::LOCALHOST),
            Who::Text(""),
            Who::Text("10.0.0.0/8"),
            Who::Text(&text),
        ];
        let times = [0, 1, -1, i64::MIN, i64::MAX, 1_790_000_000_000_000_000];
        let mut batch = Batch::default();
        let mut expected = Vec::new();
        for who in whos {
            for (first, last) in times.iter().flat_map(|first| times.map(|last| (*first, last))) {
                for attempts in [0, 1, 127, u32::MAX] {
                    let row = CounterRow {
                        who,
                        attempts,
                        first,
                        last,
                    };
                    batch.counts(&row);
                    expected.push(Kept::Counts(row));
                }
            }
            batch.is_gone(who);
            expected.push(Kept::Gone(who));
        }
        let mut at = 0;
        for part in batch.parts() {
            let before = at;
            read(&part.bytes, &mut |kept| {
                assert_eq!(kept, expected[at]);
                at += 1;
            });
            assert_eq!(at - before, part.records as usize);
        }
        assert_eq!(at, expected.len());
        assert!(batch.parts().len() > 1);
    }

    #[test]
    fn a_damaged_part_is_read_without_harm() {
        let mut batch = Batch::default();
        for attempts in 0..20 {
            batch.counts(&CounterRow {
                who: Who::Text("somebody"),
                attempts,
                first: 1,
                last: 2,
            });
        }
        let whole = &batch.parts()[0].bytes;
        for end in 0..whole.len() {
            read(&whole[..end], &mut |_| {});
            let mut other = whole.clone();
            other[end] ^= 0xff;
            read(&other, &mut |_| {});
        }
    }

    #[test]
    fn an_address_that_failed_once_takes_few_bytes() {
        let mut batch = Batch::default();
        let begin = 1_790_000_000_000_000_000;
        for number in 0..1000 {
            let time = begin + i64::from(number) * 1_000_000;
            batch.counts(&CounterRow {
                who: Who::V4(Ipv4Addr::from_bits(number)),
                attempts: 1,
                first: time,
                last: time,
            });
        }
        assert!(batch.parts()[0].bytes.len() < 13_000);
    }
}
