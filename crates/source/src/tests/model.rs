//! Random actions of writer, rotator and reader against a model that knows only which bytes went into which file.

use super::rotation::{copytruncate, shift};
use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Action {
    /// Whole lines, or what completes a begun one.
    Write(u8),
    /// The beginning of a line.
    WritePart,
    /// Rename as logrotate does; with a new file right away, or later.
    Rename {
        create: bool,
    },
    /// The writer goes to the file that bears the name (and makes it).
    Reopen,
    CopyTruncate,
    Truncate,
    Delete,
    Create,
    Read,
    Turn,
    /// The reader ends; another goes on at its position.
    Restart,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        6 => (1..60u8).prop_map(Action::Write),
        3 => Just(Action::WritePart),
        3 => any::<bool>().prop_map(|create| Action::Rename { create }),
        3 => Just(Action::Reopen),
        2 => Just(Action::CopyTruncate),
        1 => Just(Action::Truncate),
        1 => Just(Action::Delete),
        1 => Just(Action::Create),
        6 => Just(Action::Read),
        2 => Just(Action::Turn),
        1 => Just(Action::Restart),
    ];
    prop::collection::vec(action, 1..40)
}

/// A file as the model sees it.
#[derive(Debug, Default)]
struct Inode {
    /// The line that is not complete.
    part: Vec<u8>,
    /// Complete lines written since the reader last caught up, by their place in `expected`.
    unread: Vec<usize>,
    lines: usize,
    /// The reader has read some line of what stands in it now.
    begun: bool,
    /// The reader had no chance to find it, or lost it by a restart.
    lossy: bool,
}

struct World {
    _folder: tempfile::TempDir,
    path: PathBuf,
    backend: Backend,
    follower: Follower,
    delivered: Vec<Vec<u8>>,
    /// Each line with whether it must come; none may come twice.
    expected: Vec<(Vec<u8>, bool)>,
    inodes: Vec<Inode>,
    writer: (File, usize),
    /// The inode that bears the name.
    named: Option<usize>,
    counter: usize,
    /// The file that the reader knows was deleted: what came and went since then can't be found.
    chain_broken: bool,
    /// A restart now would lose what the reader alone knows.
    risky: bool,
}

impl World {
    fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let file = appending(&path);
        let mut world = Self {
            _folder: folder,
            follower: Self::follower(&path, backend, None),
            path,
            backend,
            delivered: Vec::new(),
            expected: Vec::new(),
            inodes: vec![Inode::default()],
            writer: (file, 0),
            named: Some(0),
            counter: 0,
            chain_broken: false,
            risky: false,
        };
        world.read();
        world
    }

    fn follower(path: &Path, backend: Backend, position: Option<Position>) -> Follower {
        let mut follower = Follower::new(backend);
        // inotify alone must be enough; nothing is let go before the end.
        follower.reader.settings.safety = HOUR;
        follower.reader.settings.linger = HOUR;
        follower.reader.settings.lingering = 100;
        follower.reader.add(path, Start::Head(position));
        follower
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Write(count) => self.write(count),
            Action::WritePart => self.write_part(),
            Action::Rename { create } => self.rename(create),
            Action::Reopen => self.reopen(),
            Action::CopyTruncate => self.copytruncate(),
            Action::Truncate => self.truncate(),
            Action::Delete => self.delete(),
            Action::Create => self.create(),
            Action::Read => self.read(),
            Action::Turn => {
                self.follower.turn();
            }
            Action::Restart => self.restart(),
        }
    }

    fn write(&mut self, count: u8) {
        for _ in 0..count {
            self.counter += 1;
            let text = format!("tail {} {}\n", self.counter, "z".repeat(self.counter * 7 % 300));
            self.put(text.as_bytes());
        }
    }

    fn write_part(&mut self) {
        self.counter += 1;
        self.put(format!("head {} ", self.counter).as_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.writer.0.write_all(bytes).unwrap();
        let inode = &mut self.inodes[self.writer.1];
        inode.part.extend_from_slice(bytes);
        if inode.part.ends_with(b"\n") {
            inode.part.pop();
            inode.unread.push(self.expected.len());
            inode.lines += 1;
            self.expected.push((std::mem::take(&mut inode.part), !inode.lossy));
        }
        self.risky |= Some(self.writer.1) != self.named;
    }

    /// An inode loses its name.
    fn unname(&mut self) {
        let Some(named) = self.named.take() else {
            return;
        };
        self.risky |= !self.inodes[named].begun;
        if self.chain_broken {
            self.lose(named);
        }
    }

    /// What the reader has not read of an inode may never come.
    fn lose(&mut self, inode: usize) {
        for &line in &self.inodes[inode].unread {
            self.expected[line].1 = false;
        }
        self.inodes[inode].lossy = true;
    }

    fn rename(&mut self, create: bool) {
        if self.named.is_none() {
            return;
        }
        shift(&self.path);
        self.unname();
        if create {
            self.create();
        }
    }

    fn create(&mut self) {
        if self.named.is_none() {
            appending(&self.path);
            self.named = Some(self.inodes.len());
            self.inodes.push(Inode::default());
        }
    }

    fn reopen(&mut self) {
        self.create();
        self.writer = (appending(&self.path), self.named.unwrap());
    }

    fn copytruncate(&mut self) {
        let Some(named) = self.named else { return };
        copytruncate(&self.path);
        let inode = &mut self.inodes[named];
        let saved = inode.begun && !inode.lossy;
        if !saved {
            for &line in &inode.unread {
                self.expected[line].1 = false;
            }
        }
        // The copy ends within a line.
        let part = std::mem::take(&mut inode.part);
        if !part.is_empty() {
            self.expected.push((part, saved));
        }
        inode.unread.clear();
        inode.begun = false;
        inode.lines = 0;
        self.risky = true;
    }

    fn truncate(&mut self) {
        let Some(named) = self.named else { return };
        File::options()
            .write(true)
            .open(&self.path)
            .unwrap()
            .set_len(0)
            .unwrap();
        let inode = &mut self.inodes[named];
        for line in inode.unread.drain(..) {
            self.expected[line].1 = false;
        }
        inode.part.clear();
        inode.begun = false;
        inode.lines = 0;
        self.risky = true;
    }

    fn delete(&mut self) {
        if self.named.is_none() {
            return;
        }
        // A file that was never opened can't be read after it is gone.
        self.read();
        std::fs::remove_file(&self.path).unwrap();
        self.unname();
        self.chain_broken = true;
        self.risky = true;
    }

    fn read(&mut self) {
        self.follower.reader.wait(Duration::ZERO).unwrap();
        self.follower.pass();
        self.delivered
            .extend(self.follower.lines.drain(..).map(|(_, line)| line));
        for inode in &mut self.inodes {
            inode.unread.clear();
            inode.begun = inode.lines > 0;
        }
        if self.named.is_some() {
            self.chain_broken = false;
            self.risky = false;
        }
    }

    fn restart(&mut self) {
        self.reopen();
        if self.risky || self.chain_broken {
            self.read();
        }
        let position = self.follower.reader.position(&self.path);
        self.delivered
            .extend(self.follower.lines.drain(..).map(|(_, line)| line));
        for inode in 0..self.inodes.len() {
            if Some(inode) != self.named {
                self.inodes[inode].lossy = true;
            }
        }
        // The parts of lines that only the old reader knew of.
        for (line, must) in &mut self.expected {
            *must &= !line.starts_with(b"head") || line.windows(4).any(|piece| piece == b"tail");
        }
        self.follower = Self::follower(&self.path, self.backend, position);
        if self.inodes.iter().all(|inode| inode.unread.is_empty()) && self.named.is_some() {
            self.read();
        }
    }

    fn finish(mut self) -> Result<(), TestCaseError> {
        self.reopen();
        self.read();
        self.follower.reader.settings.linger = Duration::ZERO;
        self.follower.reader.settings.safety = Duration::ZERO;
        std::thread::sleep(Duration::from_millis(1));
        self.follower.reader.next_look_now();
        self.read();
        for (number, inode) in self.inodes.iter_mut().enumerate() {
            if Some(number) != self.named && !inode.part.is_empty() {
                self.expected.push((std::mem::take(&mut inode.part), !inode.lossy));
            }
        }
        let mut count: HashMap<&[u8], usize> = HashMap::new();
        for line in &self.delivered {
            *count.entry(line).or_default() += 1;
        }
        for (line, must) in &self.expected {
            let times = count.remove(line.as_slice()).unwrap_or(0);
            let text = String::from_utf8_lossy(line);
            prop_assert!(times <= 1, "{text:?} came {times} times");
            prop_assert!(times == 1 || !must, "{text:?} did not come");
        }
        let strange: Vec<_> = count.keys().map(|line| String::from_utf8_lossy(line)).collect();
        prop_assert!(strange.is_empty(), "nobody wrote {strange:?}");
        Ok(())
    }
}

fn run(backend: Backend, actions: &[Action]) -> Result<(), TestCaseError> {
    let mut world = World::new(backend);
    for action in actions {
        world.act(action);
    }
    world.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_writer_and_rotator_do_each_line_comes_once_with_inotify(actions in actions()) {
        run(Backend::Inotify, &actions)?;
    }

    #[test]
    fn whatever_writer_and_rotator_do_each_line_comes_once_with_polling(actions in actions()) {
        run(Backend::Polling, &actions)?;
    }
}
