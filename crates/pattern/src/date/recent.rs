//! The last moment that was made of a date: in a busy log many lines carry the same.

use super::Match;
use super::convert::{Context, Moment};
use super::template::Template;

/// The fields of a date and the moment that they stood for.
#[derive(Debug, Default)]
pub(super) struct Recent {
    template: usize,
    /// The second in which it was asked; a date without year or day is completed from it.
    asked: Option<i64>,
    /// The fields' texts, one behind the other …
    texts: Vec<u8>,
    /// … and their lengths.
    lengths: Vec<u32>,
    moment: Option<Moment>,
}

impl Recent {
    /// What [`Template::moment`] tells, which depends on nothing but the template, the fields' texts, the second and
    /// the zones. The zones must not change in the life of this.
    pub fn moment(
        &mut self,
        id: usize,
        template: &Template,
        line: &str,
        found: &Match,
        context: &Context<'_>,
    ) -> Option<Moment> {
        let second = context.now.secs();
        if self.asked == Some(second) && self.template == id && self.has(line, found) {
            return self.moment;
        }
        let moment = template.moment(line, found, context);
        (self.template, self.asked, self.moment) = (id, Some(second), moment);
        self.keep(line, found);
        moment
    }

    fn has(&self, line: &str, found: &Match) -> bool {
        let mut rest = self.texts.as_slice();
        let lengths = self.lengths.iter().map(|&length| length as usize);
        let fields = found.fields.iter().take(self.lengths.len());
        fields.zip(lengths).all(|(field, length)| {
            let Some((text, behind)) = rest.split_at_checked(length) else {
                return false;
            };
            rest = behind;
            field.length() == length && line.as_bytes().get(field.all()) == Some(text)
        }) && found
            .fields
            .iter()
            .skip(self.lengths.len())
            .all(|field| field.length() == 0)
    }

    fn keep(&mut self, line: &str, found: &Match) {
        self.texts.clear();
        self.lengths.clear();
        let last = found.fields.iter().rposition(|field| field.length() > 0);
        for field in found.fields.iter().take(last.map_or(0, |last| last + 1)) {
            let text = line.as_bytes().get(field.all()).unwrap_or_default();
            self.texts.extend_from_slice(text);
            self.lengths.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
    }
}
