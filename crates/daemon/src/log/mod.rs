//! The daemon's log in the original's wording and layout: people's tools and the recidive jail read it.
//!
//! Stands beside the journey; every step of it speaks here through a [`Log`] that is passed in.

mod layout;
mod level;
mod target;

pub use level::Level;
pub use target::TargetError;

use crate::clock;
use parking_lot::Mutex;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use target::Target;

/// The modules of the original that a line is attributed to; part of the layout that tools parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// `fail2ban.server`
    Server,
    /// `fail2ban.jail`
    Jail,
    /// `fail2ban.filter`
    Filter,
    /// `fail2ban.actions`
    Actions,
    /// `fail2ban.CommandAction`
    Action,
    /// `fail2ban.observer`
    Observer,
    /// `fail2ban.database`
    Database,
    /// `fail2ban.transmitter`
    Transmitter,
    /// `fail2ban.utils`, where command lines and their output are told
    Utils,
}

impl Module {
    fn name(self) -> &'static str {
        match self {
            Module::Server => "fail2ban.server",
            Module::Jail => "fail2ban.jail",
            Module::Filter => "fail2ban.filter",
            Module::Actions => "fail2ban.actions",
            Module::Action => "fail2ban.CommandAction",
            Module::Observer => "fail2ban.observer",
            Module::Database => "fail2ban.database",
            Module::Transmitter => "fail2ban.transmitter",
            Module::Utils => "fail2ban.utils",
        }
    }
}

/// A handle on the log; cheap to clone, shared by all threads.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    level: AtomicI32,
    sink: Mutex<Sink>,
}

#[derive(Debug)]
struct Sink {
    level_name: String,
    syslog_socket: String,
    /// As it was asked for, options included.
    wanted: String,
    /// Without options, as `get logtarget` shows it.
    name: String,
    target: Target,
}

/// How lines end that begin alike. Made once where many say the same with another beginning.
#[derive(Debug, Default)]
pub struct Ends {
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Ends {
    /// One for each of these, as `write` writes it.
    pub fn of<T>(many: &[T], write: impl Fn(&T, &mut String)) -> Self {
        let mut all = Ends::default();
        for one in many {
            let at = all.text.len();
            write(one, &mut all.text);
            layout::show(&mut all.text, at);
            all.ends.push(all.text.len());
        }
        all
    }

    fn of_these(&self, which: Range<usize>) -> impl Iterator<Item = &str> {
        let mut from = match which.start {
            0 => 0,
            start => self.ends.get(start - 1).copied().unwrap_or(self.text.len()),
        };
        let ends = self.ends.get(which).unwrap_or_default();
        ends.iter().map(move |&end| {
            let text = self.text.get(from..end).unwrap_or_default();
            from = end;
            text
        })
    }
}

impl Log {
    /// Readable lines on stderr, coloured when it is a terminal: for `bantam run`.
    pub fn for_people() -> Self {
        Self::with_target("STDERR", Target::people())
    }

    /// Lines in the original's layout on stderr until [`Log::set_target`] says otherwise.
    pub fn stderr() -> Self {
        Self::with_target("STDERR", Target::stderr())
    }

    /// Says nothing.
    pub fn silent() -> Self {
        let log = Self::with_target("STDERR", Target::stderr());
        log.shared.level.store(i32::MAX, Ordering::Relaxed);
        log
    }

    fn with_target(name: &str, target: Target) -> Self {
        Log {
            shared: Arc::new(Shared {
                level: AtomicI32::new(Level::INFO.0),
                sink: Mutex::new(Sink {
                    level_name: "INFO".to_owned(),
                    syslog_socket: "auto".to_owned(),
                    wanted: name.to_owned(),
                    name: name.to_owned(),
                    target,
                }),
            }),
        }
    }

    /// Whether a line of this level would be written; ask before composing costly text.
    pub fn wants(&self, level: Level) -> bool {
        level.0 >= self.shared.level.load(Ordering::Relaxed)
    }

    /// Writes one line. Control characters in it are escaped: text from logs and clients ends up here.
    pub fn say(&self, level: Level, module: Module, message: &str) {
        if !self.wants(level) {
            return;
        }
        let line = layout::Line {
            time: clock::now(),
            level,
            module: module.name(),
            message,
        };
        self.shared.sink.lock().target.write(&line);
    }

    /// Writes one line with the next one that is said, or at the next [`Log::write_out`].
    pub fn say_soon(&self, level: Level, module: Module, message: &str) {
        self.say_many_soon(level, module, message, &mut std::iter::once(""));
    }

    /// Says something of many, as information: lines that begin alike, and end as these of the ends say. They are written
    /// with the next line that is said, or at the next [`Log::write_out`].
    pub fn info_soon(&self, module: Module, begin: &str, ends: &Ends, which: Range<usize>) {
        self.say_many_soon(Level::INFO, module, begin, &mut ends.of_these(which));
    }

    fn say_many_soon(&self, level: Level, module: Module, begin: &str, ends: &mut dyn Iterator<Item = &str>) {
        if !self.wants(level) {
            return;
        }
        let line = layout::Line {
            time: clock::now(),
            level,
            module: module.name(),
            message: begin,
        };
        self.shared.sink.lock().target.write_soon(&line, ends);
    }

    /// Writes what was said by [`Log::info_soon`] and [`Log::say_soon`].
    pub fn write_out(&self) {
        self.shared.sink.lock().target.flush();
    }

    /// Sets the level from its name (`INFO`, any case) or number.
    pub fn set_level(&self, name: &str) -> Result<(), String> {
        let level = Level::parse(name).ok_or_else(|| {
            let shown = bantam_wire::repr::repr(&name.to_uppercase().into());
            format!("Invalid log level {shown}")
        })?;
        self.shared.level.store(level.0, Ordering::Relaxed);
        self.shared.sink.lock().level_name = name.to_uppercase();
        Ok(())
    }

    /// The level as it was set.
    pub fn level(&self) -> String {
        self.shared.sink.lock().level_name.clone()
    }

    /// Where lines go: a path, `STDOUT`, `STDERR`, `SYSOUT`, `SYSLOG`, `SYSTEMD-JOURNAL`, with options in brackets.
    pub fn set_target(&self, wanted: &str) -> Result<(), TargetError> {
        let mut sink = self.shared.sink.lock();
        if sink.wanted == wanted {
            return Ok(());
        }
        let (name, target) = Target::open(wanted, &sink.syslog_socket)?;
        sink.target = target;
        sink.wanted = wanted.to_owned();
        sink.name = name;
        Ok(())
    }

    /// The target as `get logtarget` shows it.
    pub fn target(&self) -> String {
        self.shared.sink.lock().name.clone()
    }

    /// Sets the socket of the target `SYSLOG`: a path, or `auto`.
    pub fn set_syslog_socket(&self, path: &str) {
        self.shared.sink.lock().syslog_socket = path.to_owned();
    }

    /// The socket of the target `SYSLOG`.
    pub fn syslog_socket(&self) -> String {
        self.shared.sink.lock().syslog_socket.clone()
    }

    /// Opens a log file anew (after it was rotated); says what was done as the original does.
    pub fn flush(&self) -> &'static str {
        let mut sink = self.shared.sink.lock();
        // By the name as it was written, as in the original.
        if matches!(sink.name.as_str(), "STDOUT" | "STDERR" | "SYSLOG" | "SYSTEMD-JOURNAL") {
            return "flushed";
        }
        if sink.target.is_file() {
            let wanted = sink.wanted.clone();
            if let Ok((_, target)) = Target::open(&wanted, &sink.syslog_socket) {
                sink.target = target;
            }
        }
        "rolled over"
    }
}

macro_rules! speak {
    ($($name:ident $level:ident $doc:literal),* $(,)?) => {
        impl Log {
            $(
                #[doc = $doc]
                pub fn $name(&self, module: Module, message: impl AsRef<str>) {
                    self.say(Level::$level, module, message.as_ref());
                }
            )*
        }
    };
}

speak! {
    error ERROR "Something did not work that should have.",
    warning WARNING "Something looks wrong.",
    notice NOTICE "A ban or its end.",
    info INFO "The ordinary course of things.",
    debug DEBUG "Details for somebody who looks for a fault.",
}
