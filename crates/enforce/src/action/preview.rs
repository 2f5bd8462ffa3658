//! What a command comes to, without running it.
use super::{Action, Command, Family, PropertyError, Slot, TagSource};

impl Action {
    /// The command that one of the options comes to now (`actionstart`, `actionban` …), for a family and the values of a
    /// ban; empty where there is none. Runs nothing.
    ///
    /// # Errors
    /// When the properties lead back to themselves.
    pub fn command(
        &mut self,
        option: &str,
        family: Option<Family>,
        values: &dyn TagSource,
    ) -> Result<Command, PropertyError> {
        self.refresh();
        let slot = Slot::of(family);
        if self.definition.command(option).is_empty() {
            return Ok(Command::plain(""));
        }
        let tag = format!("<{option}>");
        Ok(match option {
            "actionstart" | "actionstop" | "actionflush" | "actionreload" => {
                let text = self.operation_text(&tag, &slot)?;
                // Without a family, an operation is for an action that knows of none.
                self.with_values(&text, &Slot::named(slot.family()))
            }
            "actioncheck" | "actionrepair" => Command::plain(self.operation_text(&tag, &slot)?),
            _ => self.ban_command(&tag, &slot, values)?,
        })
    }
}
