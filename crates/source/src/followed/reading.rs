//! Turns of reading through the files of one name, and what becomes of those that are cut, quiet or gone.

use super::{Followed, Last, note};
use crate::settings::{Around, Hands, Settings};
use crate::siblings::{self, Search};
use crate::stream::{BUFFER, Outcome, Stream};
use crate::watch::Mark;
use crate::{Block, Event};
use rustix::fd::OwnedFd;
use rustix::fs::Stat;
use rustix::io::Errno;
use std::path::Path;

/// How a turn on one file ended.
enum Pumped {
    /// It was read to its end.
    End,
    /// There is more, but it is another's turn.
    More,
    /// It was cut.
    Cut,
    Failed(Errno),
}

impl Followed {
    /// Reads in turn what there is in the files of this name. Returns whether more is waiting.
    pub(crate) fn read(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) -> bool {
        self.dirty = false;
        let mut at = 0;
        while at < self.old.len() {
            if !self.read_old(at, hands, around) {
                self.dirty = true;
                return true;
            }
            at += 1;
        }
        self.let_go(hands, around);
        let more = self.read_current(hands, around);
        self.dirty |= more;
        more || self.dirty
    }

    /// A turn on a replaced file; whether its successor may begin.
    fn read_old(&mut self, at: usize, hands: &mut Hands<'_>, around: &mut Around<'_>) -> bool {
        let stream = &mut self.old[at];
        match pump(stream, &self.path, &mut self.last, false, hands, around) {
            Pumped::End | Pumped::Failed(_) => {
                stream.drained = true;
                stream.finished = true;
            }
            Pumped::More => {
                stream.finished = false;
                self.dirty = true;
            }
            // Nobody goes on writing there; likely another copy was put over it.
            Pumped::Cut => {
                stream.drained = true;
                stream.spent = true;
            }
        }
        stream.drained
    }

    fn read_current(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) -> bool {
        let Some(stream) = &mut self.current else {
            return false;
        };
        match pump(stream, &self.path, &mut self.last, true, hands, around) {
            Pumped::End => {
                if !self.in_operation {
                    self.in_operation = true;
                    self.say(
                        Event::InOperation {
                            path: self.path.clone(),
                        },
                        around,
                    );
                }
                self.let_go_deleted(hands, around);
                false
            }
            Pumped::More => true,
            Pumped::Cut => self.cut(around),
            Pumped::Failed(error) => {
                self.fail(error.to_string(), around.events);
                false
            }
        }
    }

    /// The current file was cut, or written anew. A copy made before that may hold lines that were not read yet.
    pub(super) fn cut(&mut self, around: &mut Around<'_>) -> bool {
        let path = self.real_path();
        let Some(current) = &self.current else {
            return false;
        };
        let id = current.id;
        let mut wanted = |file: &OwnedFd, stat: &Stat| current.goes_on_in(file, stat);
        let found = match siblings::any(&path, &mut wanted, around.taken) {
            Search::Found(found) => (!found.taken).then_some(found),
            Search::Nothing => None,
            Search::Moving => {
                if self.patient() {
                    // The cut will be seen again.
                    return true;
                }
                None
            }
        };
        self.tries = 0;
        if let (Some(found), Some(current)) = (found, &self.current) {
            let rest = current.continued_in(found.file, &found.stat);
            self.push_old(rest, around);
            if let Err(error) = self.push_missed(found.newer, id, around) {
                self.fail(error.to_string(), around.events);
            }
        }
        let generation = self.generations;
        self.generations += 1;
        if let Some(current) = &mut self.current {
            let reason = format!("it was cut or written anew after {} bytes", current.offset);
            self.head_before = current.head().to_vec();
            current.restart(generation);
            self.say(
                Event::Rotated {
                    path: self.path.clone(),
                    reason,
                },
                around,
            );
        }
        true
    }

    /// Replaced files that are quiet long enough, or too many.
    fn let_go(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) {
        let mut at = 0;
        while at < self.old.len() {
            let old = &self.old[at];
            let quiet = old.idle_since.elapsed() >= around.settings.linger;
            let crowded = self.old.len() > around.settings.lingering;
            if old.spent || old.finished && (quiet || crowded) {
                let stream = self.old.remove(at);
                self.abandon(stream, hands, around);
            } else {
                at += 1;
            }
        }
    }

    /// A file without a name (or, for a pattern, without a matching one) that nobody writes any more.
    fn let_go_deleted(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) {
        if self.is_over(around.settings)
            && let Some(stream) = self.current.take()
        {
            self.abandon(stream, hands, around);
        }
    }

    pub(super) fn is_over(&self, settings: &Settings) -> bool {
        let Some(current) = &self.current else {
            return false;
        };
        self.missing_since.is_some()
            && current.idle_since.elapsed() >= settings.gone
            && (!self.explicit || current.stat().is_ok_and(|stat| stat.st_nlink == 0))
    }

    /// Hands over what is left, an unfinished line too, and closes.
    fn abandon(&mut self, mut stream: Stream, hands: &mut Hands<'_>, around: &mut Around<'_>) {
        if let (Some(wd), Some(watches)) = (stream.watch.take(), around.watches.as_deref_mut()) {
            watches.release(wd, Mark::Data(self.id));
        }
        if stream.spent {
            return;
        }
        let offset = stream.offset;
        let rest = stream.rest(hands.buffer, around.settings.line).unwrap_or(0);
        if rest > 0 {
            let _ = stream.advance(&hands.buffer[..rest]);
            hands.buffer.truncate(rest);
            if hands.buffer.last() != Some(&b'\n') {
                hands.buffer.push(b'\n');
            }
            (hands.lines)(Block {
                path: &self.path,
                bytes: hands.buffer,
                generation: stream.generation,
                offset,
                position: note(&mut self.last, &stream),
                caught_up: false,
            });
        } else if stream.has_rest() {
            let path = self.path.clone();
            self.say(Event::TooLong { path, offset }, around);
        }
        restore(hands.buffer);
    }
}

/// Reads one file for a turn.
fn pump(
    stream: &mut Stream,
    path: &Path,
    last: &mut Option<Last>,
    newest: bool,
    hands: &mut Hands<'_>,
    around: &mut Around<'_>,
) -> Pumped {
    let mut left = around.settings.turn;
    loop {
        let step = match stream.step(hands.buffer, around.settings.line) {
            Ok(step) => step,
            Err(error) => return Pumped::Failed(error),
        };
        if step.outcome == Outcome::End {
            stream.end_history();
        }
        if step.deliver > 0 {
            let offset = stream.offset;
            let bytes = &hands.buffer[..step.deliver];
            if let Err(error) = stream.advance(bytes) {
                return Pumped::Failed(error);
            }
            (hands.lines)(Block {
                path,
                bytes,
                generation: stream.generation,
                offset,
                position: note(last, stream),
                caught_up: newest && stream.caught_up(),
            });
        }
        restore(hands.buffer);
        stream.drained |= !newest && stream.reached_end();
        match step.outcome {
            Outcome::End => return Pumped::End,
            Outcome::Cut => return Pumped::Cut,
            Outcome::More => {}
            Outcome::TooLong => (around.events)(Event::TooLong {
                path: path.to_path_buf(),
                offset: stream.offset,
            }),
        }
        // A step costs something even where it reads nothing.
        left = left.saturating_sub((step.read as u64).max(4096));
        if left == 0 {
            return Pumped::More;
        }
    }
}

/// Gives back what a long line took.
fn restore(buffer: &mut Vec<u8>) {
    if buffer.len() != BUFFER {
        buffer.resize(BUFFER, 0);
        buffer.shrink_to_fit();
    }
}
