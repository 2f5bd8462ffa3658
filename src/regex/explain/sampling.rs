//! The lines that are measured: the whole log, or pieces of a long one.
use crate::regex::input::Log;
use crate::regex::journal;
use crate::regex::lines;
use crate::regex::run::{Outcome, Trial, error};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Of longer files so much is read, in pieces from the beginning to the end.
const MOST_BYTES: u64 = 16 << 20;
const PIECES: u64 = 16;
/// Of the journal so many entries.
const MOST_ENTRIES: usize = 20_000;

/// Lines of a log.
pub struct Sample {
    /// As text, without newlines. Blank lines and comments are left out, as they are when a filter is tried.
    pub lines: Vec<String>,
    /// They are entries of the journal, which tell their moment.
    pub is_journal: bool,
    /// LOG is no file but the lines themselves.
    pub is_given: bool,
    /// Bytes of the file, if it is longer than what was read.
    pub of_bytes: Option<u64>,
    /// Bytes that were read.
    pub bytes: u64,
    /// The journal goes on.
    pub has_more: bool,
}

/// Reads LOG; none if there is none.
pub fn read(trial: &mut Trial<'_>) -> Outcome<Option<Sample>> {
    let log = &trial.options.log;
    if log.is_empty() {
        return Ok(None);
    }
    if Path::new(log).is_file() {
        trial.set_encoding()?;
        let size = std::fs::metadata(log).map_err(error)?.len();
        if size > MOST_BYTES {
            return pieces(trial, size).map(Some);
        }
    }
    let is_journal = log.starts_with(journal::NAME) && !Path::new(log).is_file();
    let mut source = trial.open_log()?;
    let mut sample = Sample {
        lines: Vec::new(),
        is_journal,
        is_given: !is_journal && !Path::new(log).is_file(),
        of_bytes: None,
        bytes: 0,
        has_more: false,
    };
    while let Some(block) = source.next_block()? {
        sample.add(&block, trial);
    }
    take_entries(&mut source, &mut sample)?;
    Ok(Some(sample))
}

fn take_entries(source: &mut Log, sample: &mut Sample) -> Outcome<()> {
    while let Some(entry) = source.next_entry()? {
        if sample.lines.len() == MOST_ENTRIES {
            sample.has_more = true;
            break;
        }
        sample.bytes += entry.text.len() as u64;
        sample.lines.push(entry.text);
    }
    Ok(())
}

/// Whole lines of pieces that lie equally far from one another.
fn pieces(trial: &Trial<'_>, size: u64) -> Outcome<Sample> {
    let mut sample = Sample {
        lines: Vec::new(),
        is_journal: false,
        is_given: false,
        of_bytes: Some(size),
        bytes: 0,
        has_more: false,
    };
    let piece = MOST_BYTES / PIECES;
    let mut file = File::open(&trial.options.log).map_err(error)?;
    for index in 0..PIECES {
        let start = (size - piece) / (PIECES - 1) * index;
        file.seek(SeekFrom::Start(start)).map_err(error)?;
        let mut block = Vec::new();
        file.by_ref().take(piece).read_to_end(&mut block).map_err(error)?;
        // The first line of a piece is half a line, but for that of the file.
        let from = match start {
            0 => 0,
            _ => memchr::memchr(b'\n', &block).map_or(block.len(), |at| at + 1),
        };
        let to = memchr::memrchr(b'\n', &block).map_or(from, |at| at + 1).max(from);
        sample.add(block.get(from..to).unwrap_or_default(), trial);
    }
    Ok(sample)
}

impl Sample {
    fn add(&mut self, block: &[u8], trial: &Trial<'_>) {
        let encoding = trial.filter.encoding();
        self.bytes += block.len() as u64;
        lines::for_each_line(block, |line, _| self.lines.push(encoding.decode(line).into_owned()));
    }
}
