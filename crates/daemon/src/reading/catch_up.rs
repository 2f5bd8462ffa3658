//! Reading a stretch of a file for one jail alone: when it joins a file that others read already, or was idle.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Read at once.
const CHUNK: usize = 256 * 1024;

/// Hands over the whole lines between two offsets; both are line borders.
pub(super) fn lines(path: &Path, from: u64, to: u64, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut rest = file.take(to.saturating_sub(from));
    let mut buffer: Vec<u8> = Vec::with_capacity(CHUNK);
    loop {
        let before = buffer.len();
        rest.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
        let ended = buffer.len() == before;
        let whole = if ended {
            buffer.len()
        } else {
            memchr::memrchr(b'\n', &buffer).map_or(0, |at| at + 1)
        };
        if whole > 0 {
            take(&buffer[..whole]);
            buffer.drain(..whole);
        }
        if ended {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::io::Write as _;

    #[test]
    fn every_line_between_two_offsets_is_handed_over_once() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let text: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
        file.write_all(text.as_bytes()).unwrap();
        let mut seen = Vec::new();
        let to = text.len() as u64;
        super::lines(file.path(), 7, to, &mut |lines| {
            assert_eq!(lines.last(), Some(&b'\n'));
            seen.extend_from_slice(lines);
        })
        .unwrap();
        assert_eq!(seen, &text.as_bytes()[7..]);
    }
}
