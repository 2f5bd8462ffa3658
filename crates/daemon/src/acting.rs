//! What a jail's actions tell: lines for the log, and which of their effects may stand, for the database.
use crate::log::{Level, Log, Module};
use crate::records::Records;
use bantam_detect::Id;
use bantam_enforce::{self as enforce, Ledger, Logger, Message, Outcome, Report};
use std::sync::Arc;

/// Marks a start among the effects of an action; no id begins so.
const START: &str = "start of family ";

/// Writes down which effects may stand.
#[derive(Debug)]
pub struct Effects {
    jail: String,
    records: Arc<Records>,
}

impl Effects {
    /// For one jail.
    pub fn new(jail: &str, records: &Arc<Records>) -> Self {
        Effects {
            jail: jail.to_owned(),
            records: Arc::clone(records),
        }
    }
}

/// Something that may stand after an unclean end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leftover {
    /// A ban that an action was told of.
    Ban(Id),
    /// An action that was started for a family.
    Start(String),
}

/// Reads what [`Effects`] wrote down.
pub fn leftovers(records: &Records, jail: &str) -> Vec<(String, Leftover)> {
    let read = |(action, text): (String, String)| match text.strip_prefix(START) {
        Some(family) => (action, Leftover::Start(family.to_owned())),
        None => (action, Leftover::Ban(Id::parse(&text))),
    };
    records.standing_effects(jail).into_iter().map(read).collect()
}

impl Ledger for Effects {
    fn effect_begins(&self, action: &str, id: &Id) {
        self.records.effect_begins(&self.jail, action, &id.to_string());
    }
    fn effect_ended(&self, action: &str, id: &Id) {
        self.records.effect_ended(&self.jail, action, &id.to_string());
    }
    fn effects_ended(&self, action: &str) {
        self.records.bans_ended(&self.jail, action, START);
    }
    fn start_begins(&self, action: &str, family: &str) {
        self.records
            .effect_begins(&self.jail, action, &format!("{START}{family}"));
    }
    fn start_ended(&self, action: &str, family: &str) {
        self.records
            .effect_ended(&self.jail, action, &format!("{START}{family}"));
    }
}

/// Says in the log what actions do.
#[derive(Debug)]
pub struct ActionLog {
    jail: String,
    log: Log,
}

impl ActionLog {
    /// For one jail.
    pub fn new(jail: &str, log: Log) -> Self {
        ActionLog {
            jail: jail.to_owned(),
            log,
        }
    }
}

impl Report for ActionLog {
    fn wants(&self, level: enforce::Level) -> bool {
        self.log.wants(level_of(level))
    }

    fn message(&self, message: Message) {
        let module = match message.logger {
            Logger::Actions => Module::Actions,
            Logger::Action | Logger::CommandAction => Module::Action,
            Logger::Utils => Module::Utils,
        };
        // A command may span lines, and so may what it printed: each is a line of the log.
        for line in message.text.lines() {
            self.log.say(level_of(message.level), module, line);
        }
    }

    /// The queue tells successes and failures itself; what is added is when the next try comes.
    fn outcome(&self, outcome: Outcome) {
        if let Outcome::BanFailed {
            id,
            action,
            tries,
            retry_in,
            ..
        } = outcome
        {
            // A ban that never works is tried for as long as it lasts, and must not fill the log.
            let level = if tries <= 6 { Level::WARNING } else { Level::DEBUG };
            let (jail, wait) = (&self.jail, retry_in.as_secs_f64());
            let text = format!("[{jail}] {id} is NOT yet banned by {action} (try {tries}); next try in {wait:.0} s");
            self.log.say(level, Module::Actions, &text);
        }
    }
}

fn level_of(level: enforce::Level) -> Level {
    match level {
        enforce::Level::Trace => Level(9),
        enforce::Level::Debug => Level::DEBUG,
        enforce::Level::Info => Level::INFO,
        enforce::Level::Notice => Level::NOTICE,
        enforce::Level::Warning => Level::WARNING,
        enforce::Level::Error => Level::ERROR,
        enforce::Level::Critical => Level(50),
    }
}
