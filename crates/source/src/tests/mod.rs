//! What following means, shown on real files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod globs;
mod lines;
mod model;
mod names;
mod rotation;
mod storm;
mod waiting;

use crate::{Backend, Event, Position, Reader, Start};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A reader and all that it delivered.
struct Follower {
    reader: Reader,
    lines: Vec<(PathBuf, Vec<u8>)>,
    events: Vec<Event>,
    /// Blocks with generation, offset, length, position, `caught_up`.
    blocks: Vec<(u64, u64, usize, Position, bool)>,
    ends: HashMap<(PathBuf, u64), u64>,
}

impl Follower {
    fn new(backend: Backend) -> Self {
        let mut reader = Reader::new(backend).unwrap();
        reader.settings.polling = Duration::ZERO;
        Self {
            reader,
            lines: Vec::new(),
            events: Vec::new(),
            blocks: Vec::new(),
            ends: HashMap::new(),
        }
    }

    fn following(path: &Path, backend: Backend) -> Self {
        let mut follower = Self::new(backend);
        follower.reader.add(path, Start::Head(None));
        follower
    }

    /// Reads one turn; what every block must fulfil is checked here.
    fn turn(&mut self) -> bool {
        let Self {
            reader,
            lines,
            events,
            blocks,
            ends,
        } = self;
        reader.read(
            &mut |block| {
                assert_eq!(block.bytes.last(), Some(&b'\n'), "only whole lines");
                let end = ends.entry((block.path.to_path_buf(), block.generation)).or_default();
                assert!(block.offset >= *end, "no byte is delivered twice");
                *end = block.offset + block.bytes.len() as u64 - 1;
                blocks.push((
                    block.generation,
                    block.offset,
                    block.bytes.len(),
                    block.position.clone(),
                    block.caught_up,
                ));
                for line in block.bytes[..block.bytes.len() - 1].split(|&byte| byte == b'\n') {
                    lines.push((block.path.to_path_buf(), line.to_vec()));
                }
            },
            &mut |event| events.push(event),
        )
    }

    /// Reads until nothing more is there.
    fn pass(&mut self) {
        while self.turn() {}
    }

    fn until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        self.pass();
        while !done(self) {
            assert!(
                Instant::now() < end,
                "nothing came; lines {:?}, events {:?}",
                self.texts(),
                self.events
            );
            self.reader.wait(Duration::from_millis(20)).unwrap();
            self.pass();
        }
    }

    fn texts(&self) -> Vec<String> {
        self.lines
            .iter()
            .map(|(_, line)| String::from_utf8_lossy(line).into_owned())
            .collect()
    }

    fn rotations(&self) -> usize {
        self.events
            .iter()
            .filter(|event| matches!(event, Event::Rotated { .. }))
            .count()
    }

    fn failures(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Failed { error, .. } => Some(error.as_str()),
                _ => None,
            })
            .collect()
    }
}

fn append(path: &Path, bytes: impl AsRef<[u8]>) {
    appending(path).write_all(bytes.as_ref()).unwrap();
}

fn appending(path: &Path) -> File {
    File::options().append(true).create(true).open(path).unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);
const BOTH: [Backend; 2] = [Backend::Inotify, Backend::Polling];
