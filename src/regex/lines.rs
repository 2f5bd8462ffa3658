//! The lines to try: of a file, read in large blocks, or given on the command line.
use bantam_detect::trim_line_end;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::ops::Range;
use std::path::Path;

/// Bytes read at once.
const BLOCK: usize = 256 << 10;
/// What is read comes to stand at a multiple of this, to which the system copies it quicker.
const PAGE: usize = 4 << 10;
/// Files from this size on show how far reading got.
const LARGE: u64 = 64 << 20;

/// A source of blocks of whole lines.
pub enum Lines {
    File(LogFile),
    Given(Option<Vec<u8>>),
}

/// A file under way.
pub struct LogFile {
    file: File,
    /// Room for what was left of a block, and for the next one. It grows with a line that is longer.
    buffer: Vec<u8>,
    /// Where in the buffer each block is read to: what was left comes to stand before it.
    origin: usize,
    /// What was left of the last one, no more than was read at once.
    rest: Range<usize>,
    progress: Option<Progress>,
}

struct Progress {
    size: u64,
    read: u64,
    shown: u64,
}

impl Lines {
    /// Opens a file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let progress = (size >= LARGE && io::stderr().is_terminal()).then_some(Progress {
            size,
            read: 0,
            shown: 0,
        });
        let buffer = vec![0; BLOCK + PAGE + BLOCK];
        let origin = BLOCK + buffer[BLOCK..].as_ptr().align_offset(PAGE).min(PAGE);
        Ok(Lines::File(LogFile {
            file,
            buffer,
            origin,
            rest: 0..0,
            progress,
        }))
    }

    /// Lines that are at hand.
    pub fn given(lines: &[&str]) -> Self {
        let mut text = lines.join("\n").into_bytes();
        text.push(b'\n');
        Lines::Given(Some(text))
    }

    /// The next block, whole lines with their newlines; none at the end. A last line without newline is left out, as
    /// one that is still being written.
    pub fn next_block(&mut self) -> io::Result<Option<std::borrow::Cow<'_, [u8]>>> {
        match self {
            Lines::Given(text) => Ok(text.take().map(Into::into)),
            Lines::File(file) => Ok(file.next_block()?.map(Into::into)),
        }
    }
}

impl LogFile {
    fn next_block(&mut self) -> io::Result<Option<&[u8]>> {
        let rest = std::mem::take(&mut self.rest);
        let begin = self.origin - rest.len();
        self.buffer.copy_within(rest, begin);
        let mut filled = self.origin;
        loop {
            if self.buffer.len() < filled + BLOCK {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            let read = match self.file.read(&mut self.buffer[filled..filled + BLOCK]) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read == 0 {
                self.finish_progress();
                return Ok(None);
            }
            self.show_progress(read);
            let end = filled + read;
            if let Some(at) = memchr::memrchr(b'\n', &self.buffer[filled..end]) {
                self.rest = filled + at + 1..end;
                return Ok(Some(&self.buffer[begin..filled + at + 1]));
            }
            filled = end;
        }
    }

    fn show_progress(&mut self, read: usize) {
        if let Some(progress) = &mut self.progress {
            progress.read += read as u64;
            let percent = (progress.read * 100 / progress.size.max(1)).min(100);
            if percent > progress.shown {
                progress.shown = percent;
                eprint!("\r{percent:3} %");
            }
        }
    }

    fn finish_progress(&mut self) {
        if self.progress.take().is_some() {
            eprint!("\r     \r");
        }
    }
}

/// Calls `each` with every line of a block, without newlines and carriage returns at its end, and with them; blank
/// lines and comments are passed over.
pub fn for_each_line(block: &[u8], mut each: impl FnMut(&[u8], &[u8])) {
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', block) {
        let whole = &block[from..=end];
        let line = trim_line_end(whole);
        from = end + 1;
        if !matches!(line.first(), None | Some(b'#')) {
            each(line, whole);
        }
    }
}

/// Calls `each` with the parts of a block that hold no comments. Blank lines stay in.
pub fn for_each_part_without_comments(block: &[u8], mut each: impl FnMut(&[u8])) {
    let mut from = 0;
    while from < block.len() {
        let comment = if block[from] == b'#' {
            from
        } else {
            memchr::memmem::find(&block[from..], b"\n#").map_or(block.len(), |at| from + at + 1)
        };
        if comment > from {
            each(&block[from..comment]);
        }
        from = memchr::memchr(b'\n', &block[comment.min(block.len())..]).map_or(block.len(), |at| comment + at + 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_longer_than_a_block_are_whole_and_an_unfinished_last_line_is_left_out() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let long = "x".repeat(3 * BLOCK);
        write!(file, "a\n{long}\nb\r\n\n# no\nc\nrest").unwrap();
        let mut lines = Lines::open(file.path()).unwrap();
        let mut seen = Vec::new();
        while let Some(block) = lines.next_block().unwrap() {
            for_each_line(&block, |line, _| seen.push(line.to_vec()));
        }
        let expected: [&[u8]; 4] = [b"a", long.as_bytes(), b"b", b"c"];
        assert_eq!(seen, expected);
    }

    #[test]
    fn blocks_one_behind_the_other_are_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let lengths = (0..400).map(|number| number * 7919 % BLOCK);
        let text: String = lengths.map(|length| "y".repeat(length) + "\n").collect();
        file.write_all(text.as_bytes()).unwrap();
        let mut lines = Lines::open(file.path()).unwrap();
        let mut seen = Vec::new();
        while let Some(block) = lines.next_block().unwrap() {
            assert!(block.ends_with(b"\n"));
            seen.extend_from_slice(&block);
        }
        assert!(seen == text.as_bytes(), "{} bytes of {}", seen.len(), text.len());
    }

    #[test]
    fn comments_are_cut_out_of_blocks() {
        let parts = |block: &str| {
            let mut parts = Vec::new();
            for_each_part_without_comments(block.as_bytes(), |part| {
                parts.push(String::from_utf8_lossy(part).into_owned());
            });
            parts
        };
        assert_eq!(parts("a\n#b\n#c\nd #\ne\n"), ["a\n", "d #\ne\n"]);
        assert_eq!(parts("#a\n\nb\n#c\n"), ["\nb\n"]);
        assert_eq!(parts("#a\n"), [""; 0]);
        assert_eq!(parts("a\n"), ["a\n"]);
    }
}
