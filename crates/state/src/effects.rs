//! Effects that may stand in the world: written before an action is told, so that after an unclean end it is known
//! what must be lifted first.
use crate::bans::text;
use crate::{Doing, StateError, Store};

impl Store {
    /// An action is about to be told of a ban: from now on its effect may stand.
    pub fn effect_begins(&mut self, jail: &str, action: &str, id: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO bantam_effects(jail, action, id) VALUES(?1, ?2, ?3)")
            .and_then(|mut statement| statement.execute([jail, action, id]))
            .doing("writing an effect")?;
        Ok(())
    }

    /// The effect is lifted for certain.
    pub fn effect_ended(&mut self, jail: &str, action: &str, id: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM bantam_effects WHERE jail = ?1 AND action = ?2 AND id = ?3")
            .and_then(|mut statement| statement.execute([jail, action, id]))
            .doing("removing an effect")?;
        Ok(())
    }

    /// All effects of an action (or of all actions of a jail) are lifted for certain.
    pub fn effects_ended(&mut self, jail: &str, action: Option<&str>) -> Result<(), StateError> {
        self.connection
            .execute(
                "DELETE FROM bantam_effects WHERE jail = ?1 AND (?2 IS NULL OR action = ?2)",
                rusqlite::params![jail, action],
            )
            .doing("removing effects")?;
        Ok(())
    }

    /// Effects that may stand: action, id. Empty after a clean end.
    pub fn standing_effects(&mut self, jail: &str) -> Result<Vec<(String, String)>, StateError> {
        self.connection
            .prepare_cached("SELECT action, id FROM bantam_effects WHERE jail = ?1")
            .and_then(|mut statement| {
                statement
                    .query_map([jail], |row| Ok((text(row, 0)?, text(row, 1)?)))?
                    .collect()
            })
            .doing("reading effects")
    }
}
