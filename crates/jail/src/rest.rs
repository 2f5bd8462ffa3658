//! What a counter's first failure told besides its lines: users, captured groups, an address. Groups mostly lie in the
//! line that was kept just before: then it is written where, and not what.
use crate::keep::{Blocks, Place, piece};
use crate::numbers::write_number;
use crate::packed::{Reader, kept, write_text};
use crate::{Id, MatchedLine};
use bantam_detect::{Evidence, GroupsInLine, Mark};
use std::collections::BTreeMap;

/// What a counter remembers, opened.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Unpacked {
    pub address: Option<Id>,
    pub captures: BTreeMap<String, String>,
    pub users: Vec<String>,
    pub matches: Vec<MatchedLine>,
}

/// Keeps for one more what a failure told besides its lines. These are to be kept first.
pub(crate) fn keep_rest(blocks: &mut Blocks, evidence: &Evidence) -> Option<Place> {
    kept(blocks, evidence, Mark::Rest, |blocks| {
        let line = Place::from_number(evidence.mark(Mark::Lines)).filter(|line| blocks.is_open(*line));
        match (line, evidence.groups_in_line()) {
            (Some(line), Some(groups)) if groups.names().iter().len() > 0 => put_places(blocks, evidence, line, groups),
            _ => blocks.put(|bytes| write_rest(bytes, evidence)),
        }
    })
}

/// What a first failure told besides its lines.
pub(crate) fn open_rest(rest: Option<Place>, blocks: &Blocks) -> Unpacked {
    let mut unpacked = Unpacked::default();
    // Written here alone, so a part that does not read is simply not there.
    blocks.read_in_block(rest.into_iter(), |block, rest| {
        read_rest(block, rest, &mut unpacked);
    });
    unpacked
}

const NO_ADDRESS: u8 = 0;
const RAW: u8 = 1;
const PARSED: u8 = 2;
/// Besides one of these: groups are told as places in a line of the same block, which lasts as long as this does.
const PLACES: u8 = 4;

/// The address, then users, then captured groups; nothing where there is none of them.
fn write_rest(bytes: &mut Vec<u8>, evidence: &Evidence) {
    let begin = bytes.len();
    write_address(bytes, evidence, 0);
    let users = evidence.users();
    write_number(bytes, users.len());
    users.iter().for_each(|user| write_text(bytes, user));
    evidence.each_capture(&mut |name, text| {
        write_text(bytes, name);
        write_text(bytes, text);
    });
    if bytes.get(begin..) == Some(&[NO_ADDRESS, 0]) {
        bytes.truncate(begin);
    }
}

/// The address, where the line is in the block, where the names are, then each group's place. The names are written
/// once in a block, behind the first piece that needs them.
fn put_places(blocks: &mut Blocks, evidence: &Evidence, line: Place, groups: GroupsInLine<'_>) -> Option<Place> {
    let written = blocks.names(groups.names());
    let mut names_at = 0;
    let place = blocks.put(|bytes| {
        write_address(bytes, evidence, PLACES);
        write_number(bytes, line.at());
        write_number(bytes, written.map_or(0, |at| at + 1));
        if written.is_none() {
            names_at = bytes.len();
            let names = groups.names().iter();
            write_number(bytes, names.len());
            names.for_each(|name| write_text(bytes, name));
        }
        let mut last_end = 0;
        for group in groups.places() {
            match group {
                None => write_number(bytes, 0),
                Some(group) => {
                    write_number(bytes, folded(group.start, last_end) + 1);
                    write_number(bytes, group.len());
                    last_end = group.end;
                }
            }
        }
    })?;
    if written.is_none() {
        blocks.set_names(place, groups.names(), names_at);
    }
    Some(place)
}

fn write_address(bytes: &mut Vec<u8>, evidence: &Evidence, kind: u8) {
    match evidence.address() {
        None => bytes.push(kind | NO_ADDRESS),
        Some(Id::Raw(text)) => {
            bytes.push(kind | RAW);
            write_text(bytes, text);
        }
        Some(address) => {
            bytes.push(kind | PARSED);
            write_text(bytes, &address.to_string());
        }
    }
}

fn read_rest(block: &[u8], rest: &[u8], into: &mut Unpacked) -> Option<()> {
    let (kind, rest) = rest.split_first()?;
    let mut reader = Reader(rest);
    into.address = match kind & !PLACES {
        NO_ADDRESS => None,
        RAW => Some(Id::Raw(reader.text()?)),
        _ => Some(Id::parse(&reader.text()?)),
    };
    if kind & PLACES != 0 {
        return read_places(block, reader, into);
    }
    for _ in 0..reader.number()? {
        into.users.push(reader.text()?);
    }
    while !reader.0.is_empty() {
        let name = reader.text()?;
        into.captures.insert(name, reader.text()?);
    }
    Some(())
}

fn read_places(block: &[u8], mut reader: Reader<'_>, into: &mut Unpacked) -> Option<()> {
    let line = Reader(piece(block, reader.number()?)?).line()?;
    // As the groups were found in it.
    let text = line.before + &line.after + "\n";
    let names = match reader.number()?.checked_sub(1) {
        Some(at) => read_names(&mut Reader(block.get(at..)?))?,
        None => read_names(&mut reader)?,
    };
    let mut last_end = 0;
    for name in names {
        let Some(folded) = reader.number()?.checked_sub(1) else {
            continue;
        };
        let start = unfolded(folded, last_end);
        last_end = start.checked_add(reader.number()?)?;
        into.captures.insert(name, text.get(start..last_end)?.to_owned());
    }
    Some(())
}

fn read_names(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    (0..reader.number()?).map(|_| reader.text()).collect()
}

/// Numbers that are near each other become small ones.
fn folded(number: usize, from: usize) -> usize {
    match number.checked_sub(from) {
        Some(more) => more << 1,
        None => (from - number) << 1 | 1,
    }
}

fn unfolded(folded: usize, from: usize) -> usize {
    match folded & 1 {
        0 => from.wrapping_add(folded >> 1),
        _ => from.wrapping_sub(folded >> 1),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Keep;
    use crate::keep::tests::shelving;
    use crate::packed::{Lines, keep_lines};
    use bantam_detect::{Failure, Filter, LineContext, Resolver, Time};
    use proptest::prelude::*;
    use std::net::IpAddr;

    struct NoNames;

    impl Resolver for NoNames {
        fn addresses(&mut self, _name: &str) -> Vec<IpAddr> {
            Vec::new()
        }
    }

    /// What two expressions find in these lines, by turns or as they match.
    fn found(lines: &[String]) -> Vec<Failure> {
        let mut filter = Filter::new();
        for failregex in [
            r"^\s*(?P<first>\S*) from <HOST> (?P<rest>.*\n?)",
            r"^\s*(?P<fid>\S+) is <HOST>(?: (?P<user>\w+))?, (?P<late>(?P<inner>.).*)?$",
        ] {
            filter.add_failregex(failregex).unwrap();
        }
        let mut failures = Vec::new();
        for line in lines {
            let mut resolver = NoNames;
            let mut context = LineContext {
                now: Time::from_secs(1_795_342_800),
                in_operation: false,
                findtime: None,
                resolver: &mut resolver,
            };
            filter.process(line.as_bytes(), &mut context, &mut failures, &mut Vec::new());
        }
        failures
    }

    fn line() -> impl Strategy<Value = String> {
        let words = prop_oneof!["\\PC{0,40}", "[a-z ]{0,2000}"];
        let date = prop::option::of(Just("2026-11-22 10:19:00 "));
        (date, "[a-zé]{1,5}", 0u8..4, 0u8..255, words).prop_map(|(date, word, kind, host, words)| {
            let (date, user) = (date.unwrap_or_default(), if kind == 2 { " anna" } else { "" });
            match kind {
                0 => format!("{date}{word} from 192.0.2.{host} {words}\n"),
                1 => format!("{word} from 192.0.2.{host} {date}{words}\n"),
                _ => format!("{date}{word} is 192.0.2.{host}{user}, {words}\n"),
            }
        })
    }

    proptest! {
        #[test]
        fn groups_of_a_line_come_out_as_they_were_found_whatever_else_is_kept_and_let_go(
            lines in prop::collection::vec(line(), 1..40),
            kept in prop::collection::vec(any::<bool>(), 40),
            shelved in any::<bool>(),
        ) {
            let keep = if shelved { shelving() } else { Keep::default() };
            let failures = found(&lines);
            prop_assert_eq!(failures.len(), lines.len());
            let mut there = Vec::new();
            for (failure, stays) in failures.iter().zip(kept.iter().cycle()) {
                keep.with(|blocks| {
                    let mut lines = Lines::of(keep_lines(blocks, &failure.evidence));
                    let rest = keep_rest(blocks, &failure.evidence);
                    // Of many failures only the newest lines stay.
                    lines.end(blocks);
                    match stays {
                        true => there.push((failure, rest)),
                        false => rest.into_iter().for_each(|rest| blocks.release(rest)),
                    }
                });
            }
            for (failure, rest) in there {
                let told = keep.with(|blocks| open_rest(rest, blocks));
                let expected = Unpacked {
                    address: failure.evidence.address().cloned(),
                    captures: failure.evidence.captures(),
                    ..Unpacked::default()
                };
                prop_assert_eq!(told, expected);
                keep.with(|blocks| rest.into_iter().for_each(|rest| blocks.release(rest)));
            }
            prop_assert!(keep.with(|blocks| blocks.is_empty()));
        }
    }

    #[test]
    fn groups_that_lie_in_a_line_take_few_bytes() {
        let lines: Vec<String> = (0..3)
            .map(|host| format!("somebody from 192.0.2.{host} with a long text behind the address\n"))
            .collect();
        let keep = Keep::default();
        let lengths: Vec<usize> = found(&lines)
            .iter()
            .map(|failure| {
                keep.with(|blocks| {
                    keep_lines(blocks, &failure.evidence);
                    let rest = keep_rest(blocks, &failure.evidence);
                    let mut length = 0;
                    blocks.read(rest.into_iter(), |rest| length = rest.len());
                    length
                })
            })
            .collect();
        assert_eq!(lengths.len(), 3);
        assert!(lengths[0] > lengths[1] && lengths[1] < 12, "{lengths:?}");
    }
}
