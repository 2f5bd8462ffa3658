//! Reading pieces of files at given places, without a thought of who reads them.

use rustix::fd::OwnedFd;
use rustix::fs::Stat;
use rustix::io::Errno;
use sha1::{Digest, Sha1};

/// Bytes from the beginning of a file by which it is recognised.
pub(crate) const HEAD: usize = 1024;

/// No first line longer than this is hashed.
const HASHED: u64 = 64 << 20;

/// The size of a file in bytes.
pub(crate) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// The SHA-1 of a file's first line, its newline included, in hexadecimal; nothing where no line is complete, and
/// empty where the line is beyond all measure.
pub(crate) fn first_line_hash(file: &OwnedFd) -> Result<Option<String>, Errno> {
    let mut hash = Sha1::new();
    let mut piece = [0; 8192];
    let mut at = 0;
    loop {
        let read = pread(file, &mut piece, at)?;
        if read == 0 {
            return Ok(None);
        }
        let data = &piece[..read];
        if let Some(end) = memchr::memchr(b'\n', data) {
            hash.update(&data[..=end]);
            return Ok(Some(hexadecimal(&hash.finalize())));
        }
        hash.update(data);
        at += read as u64;
        if at > HASHED {
            return Ok(Some(String::new()));
        }
    }
}

/// Where the last line that is not complete begins in a file of `size` bytes.
pub(crate) fn last_line_start(file: &OwnedFd, size: u64) -> Result<u64, Errno> {
    let mut piece = [0; 8192];
    let mut end = size;
    while end > 0 {
        let from = end.saturating_sub(piece.len() as u64);
        let length = usize::try_from(end - from).unwrap_or(piece.len());
        let read = read_fully(file, &mut piece[..length], from)?;
        if let Some(last) = memchr::memrchr(b'\n', &piece[..read]) {
            return Ok(from + last as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

/// Whether a file begins with `head`, which is no longer than [`HEAD`].
pub(crate) fn begins_with(file: &OwnedFd, head: &[u8]) -> Result<bool, Errno> {
    if head.is_empty() {
        return Ok(true);
    }
    let mut now = [0; HEAD];
    let read = read_fully(file, &mut now[..head.len()], 0)?;
    Ok(&now[..read] == head)
}

/// One read at a place.
pub(crate) fn pread(file: &OwnedFd, buffer: &mut [u8], at: u64) -> Result<usize, Errno> {
    rustix::io::retry_on_intr(|| rustix::io::pread(file, &mut *buffer, at))
}

/// Reads at a place until the buffer is full or the file ends.
pub(crate) fn read_fully(file: &OwnedFd, buffer: &mut [u8], at: u64) -> Result<usize, Errno> {
    let mut done = 0;
    while done < buffer.len() {
        match pread(file, &mut buffer[done..], at + done as u64)? {
            0 => break,
            read => done += read,
        }
    }
    Ok(done)
}

/// Two lower-case digits for each byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string can not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
