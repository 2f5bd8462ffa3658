//! LOG is the systemd journal: its entries as it stands, as lines.
use super::run::{Outcome, Trial, error};
use bantam_detect::{Encoding, EntryFields, EntryLine};
use bantam_source::journal::{DEFAULT_FLAGS, Match, Selection, Snapshot};
use jiff::Timestamp;

/// How LOG begins when it is the journal.
pub const NAME: &str = "systemd-journal";

/// Entries on their way.
pub struct Entries {
    snapshot: Snapshot,
    encoding: Encoding,
    /// Seconds of local time east of Greenwich: moments are written in the zone of now, as the original does it.
    offset: i32,
}

impl Entries {
    /// Opens what LOG names, with the match of the options or else of the filter.
    pub fn open(trial: &mut Trial<'_>) -> Outcome<Self> {
        trial.say("Use         systemd journal");
        let encoding = trial.set_encoding()?;
        trial.say(&format!("Use         encoding : {encoding}"));
        let (_, options) = bantam_conf::split_arguments(&trial.options.log).map_err(error)?;
        let default_flags = std::env::var(DEFAULT_FLAGS).ok();
        let selection = Selection::new(&options, default_flags.as_deref()).map_err(error)?;
        let matches = Match::parse(&trial.journalmatch).map_err(error)?;
        if !trial.journalmatch.is_empty() {
            trial.say(&format!("Use    journal match : {}", trial.journalmatch.join(" ")));
        }
        Ok(Entries {
            snapshot: Snapshot::open(&selection, &matches).map_err(error)?,
            encoding: trial.filter.encoding(),
            offset: bantam_pattern::local_zone().to_offset(Timestamp::now()).seconds(),
        })
    }

    /// The next one as a line.
    pub fn next(&mut self) -> Outcome<Option<EntryLine>> {
        let Some(entry) = self.snapshot.next() else {
            return Ok(None);
        };
        let entry = entry.map_err(error)?;
        let fields = EntryFields {
            realtime: entry.realtime,
            monotonic: entry.monotonic,
            fields: &entry.fields,
        };
        Ok(Some(EntryLine::new(fields, self.encoding, self.offset)))
    }
}
