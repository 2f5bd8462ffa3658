//! What a command writes: the beginning kept, the rest taken and dropped, so that a command with much to say neither
//! fills the memory nor waits for a reader.
use std::io::{ErrorKind, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// So much of each stream is kept.
const KEPT: usize = 64 * 1024;

/// As much as a pipe holds: what was written before the end of a command is at most this.
const LEFT_IN_PIPE: usize = 64 * 1024;

/// The reading end of a stream.
pub(crate) struct Capture {
    pipe: Option<PipeReader>,
    kept: Vec<u8>,
}

/// What a read came to.
enum Took {
    Bytes(usize),
    NothingNow,
    End,
}

impl Capture {
    pub(crate) fn of(pipe: Option<impl Into<OwnedFd>>) -> std::io::Result<Self> {
        let pipe = pipe.map(|pipe| PipeReader::from(pipe.into()));
        if let Some(pipe) = &pipe {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        Ok(Self { pipe, kept: Vec::new() })
    }

    /// To be polled; none once all writers are gone.
    pub(crate) fn open(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// One read of what is there.
    pub(crate) fn take_some(&mut self) {
        self.take();
    }

    /// What is still in the pipe after the end of the command. Bounded: somebody in the background may go on writing.
    pub(crate) fn take_rest(&mut self) {
        let mut left = LEFT_IN_PIPE;
        while left > 0 {
            match self.take() {
                Took::Bytes(bytes) => left = left.saturating_sub(bytes),
                Took::NothingNow | Took::End => return,
            }
        }
    }

    pub(crate) fn into_text(self) -> String {
        String::from_utf8(self.kept).unwrap_or_else(|bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned())
    }

    fn take(&mut self) -> Took {
        let mut buffer = [0; 16 * 1024];
        let Some(pipe) = &mut self.pipe else {
            return Took::End;
        };
        match pipe.read(&mut buffer) {
            Ok(bytes @ 1..) => {
                let room = (KEPT - self.kept.len()).min(bytes);
                self.kept.extend_from_slice(&buffer[..room]);
                Took::Bytes(bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Took::NothingNow,
            Err(error) if error.kind() == ErrorKind::Interrupted => Took::Bytes(0),
            Ok(_) | Err(_) => {
                self.pipe = None;
                Took::End
            }
        }
    }
}
