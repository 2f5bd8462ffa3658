//! The reading thread: follows all files of all jails, and the journal, hands their lines to the judge, ends bans in
//! time, and keeps positions and counters in the database. Nothing slow is waited for here.

mod catch_up;
mod delivery;
mod following;
mod journals;
mod lag;
mod progress;
mod worker;

use crate::clock;
use crate::jails::Jails;
use crate::judge::Judge;
use crate::live::{LiveJail, LogPath};
use bantam_source::{Backend, Reader, Waker};
use delivery::Families;
use journals::Feeds;
use lag::Lags;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use worker::Worker;

pub(crate) use following::matches;
pub use lag::Behind;
pub use progress::save_progress;

/// How long the thread sleeps when nothing happens.
const IDLE: Duration = Duration::from_secs(1);

/// How long an order is waited for; between two orders the thread reads one turn.
const OBEDIENCE: Duration = Duration::from_secs(5);

/// What the reading thread is told.
enum Order {
    Follow {
        jail: Arc<LiveJail>,
        path: LogPath,
    },
    FollowGlobs {
        jail: Arc<LiveJail>,
        patterns: Vec<(String, bool)>,
    },
    FollowJournal {
        jail: Arc<LiveJail>,
    },
    Idle {
        jail: Arc<LiveJail>,
        idle: bool,
        done: Sender<()>,
    },
    Nothing {
        done: Sender<()>,
    },
    Leave {
        jail: String,
        path: Option<String>,
        done: Sender<()>,
    },
}

/// The hand that the rest of the program has on the reading thread.
#[derive(Debug)]
pub struct Reading {
    orders: Sender<Order>,
    waker: Waker,
    stop: Arc<AtomicBool>,
    /// Held by the thread while it reads, and exclusively by whoever rebuilds jails.
    gate: Arc<RwLock<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    /// Starts the thread.
    pub fn start(judge: Arc<Judge>, jails: Jails) -> std::io::Result<Self> {
        let reader = Reader::new(Backend::Auto)?;
        let (waker, stop) = (reader.waker(), Arc::new(AtomicBool::new(false)));
        let gate = Arc::clone(&judge.gate);
        let (orders, inbox) = channel();
        let mut worker = Worker {
            reader,
            inbox,
            judge,
            jails,
            families: Families::default(),
            feeds: Feeds::default(),
            lags: Lags::new(),
            last_save: clock::now(),
            last_tended: clock::now(),
            was_busy: false,
        };
        let (stopped, reads) = (Arc::clone(&stop), Arc::clone(&gate));
        let thread = std::thread::Builder::new()
            .name("reading".to_owned())
            .spawn(move || worker.run(&stopped, &reads))?;
        Ok(Reading {
            orders,
            waker,
            stop,
            gate,
            thread: Some(thread),
        })
    }

    /// Lets a jail read a file, from where it last stood.
    pub fn follow(&self, jail: &Arc<LiveJail>, path: LogPath) {
        self.order(Order::Follow {
            jail: Arc::clone(jail),
            path,
        });
    }

    /// Lets a jail read the files of these globs (with whether they are read from their end) that appear from now on,
    /// and of no other globs.
    pub fn follow_globs(&self, jail: &Arc<LiveJail>, patterns: Vec<(String, bool)>) {
        self.order(Order::FollowGlobs {
            jail: Arc::clone(jail),
            patterns,
        });
    }

    /// Lets a jail read the journal from where it last stood, or go on there with the matches that it has now.
    pub fn follow_journal(&self, jail: &Arc<LiveJail>) {
        self.order(Order::FollowJournal { jail: Arc::clone(jail) });
    }

    /// Lets a jail's lines wait from here on, or takes them up again from where it left off.
    pub fn set_idle(&self, jail: &Arc<LiveJail>, idle: bool) {
        let (done, wait) = channel();
        self.order(Order::Idle {
            jail: Arc::clone(jail),
            idle,
            done,
        });
        self.await_obedience(&wait);
    }

    /// Waits until all orders so far are obeyed: what was to be followed is.
    pub fn settle(&self) {
        let (done, wait) = channel();
        self.order(Order::Nothing { done });
        self.await_obedience(&wait);
    }

    /// A jail reads a file (or, without a path, anything) no more; its lines so far are judged when this returns.
    pub fn leave(&self, jail: &str, path: Option<&str>) {
        let (done, wait) = channel();
        self.order(Order::Leave {
            jail: jail.to_owned(),
            path: path.map(str::to_owned),
            done,
        });
        self.await_obedience(&wait);
    }

    /// The thread may be held at the gate by this very caller; it obeys before it reads on.
    fn await_obedience(&self, wait: &Receiver<()>) {
        let _ = wait.recv_timeout(if self.gate.is_locked_exclusive() {
            Duration::ZERO
        } else {
            OBEDIENCE
        });
    }

    /// Taken exclusively, it holds reading up: while jails are rebuilt no line is judged by half a jail.
    pub fn gate(&self) -> Arc<RwLock<()>> {
        self.waker.wake();
        Arc::clone(&self.gate)
    }

    /// Wakes the thread: a ban's end may have come nearer.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// Ends the thread; positions and counters are written.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn order(&self, order: Order) {
        // The receiver lives as long as the thread; after its end there is nobody to be told.
        let _ = self.orders.send(order);
        self.waker.wake();
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop();
    }
}
