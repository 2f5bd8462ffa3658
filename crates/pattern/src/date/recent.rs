//! The last moment that was made of a date: in a busy log many lines carry the same.

use super::convert::{Context, Moment};
use super::template::Template;
use super::{FieldSpan, Match, Spans};
use crate::Time;

/// Longer dates are not kept.
const LONGEST: usize = 256;
/// So many bytes between fields are compared with them.
const CLOSE: u32 = 1;

/// The fields of a date and the moment that they stood for.
#[derive(Debug, Default)]
pub(super) struct Recent {
    template: usize,
    /// The second in which it was asked; a date without year or day is completed from it.
    asked: Option<i64>,
    /// The text from the first field to the last …
    text: Vec<u8>,
    /// … which parts of it count, since a fraction between fields tells nothing, once that was asked …
    parts: Option<Vec<(u32, u32)>>,
    /// … and where the fields lie in the line that it is from.
    fields: Spans,
    /// Where the first of them begins.
    begin: u32,
    moment: Option<Moment>,
}

impl Recent {
    /// The moment of the last date, for one that has the same fields.
    pub fn again(&self, id: usize, now: Time) -> Option<Option<Moment>> {
        (self.asked == Some(now.secs()) && self.template == id).then_some(self.moment)
    }

    /// What [`Template::moment`] tells, which depends on nothing but the template, the fields' texts, the second and
    /// the zones. The zones must not change in the life of this. `template`: its id, and itself; `keep`: the next date
    /// may well be the same.
    pub fn moment(
        &mut self,
        (id, template): (usize, &Template),
        line: &str,
        found: &Match,
        context: &Context<'_>,
        keep: bool,
    ) -> Option<Moment> {
        let second = context.second;
        if self.asked == Some(second) && self.template == id && self.has(line, found, template.field_count()) {
            return self.moment;
        }
        let moment = template.moment(line, found, context);
        (self.template, self.asked, self.moment) = (id, keep.then_some(second), moment);
        if keep {
            self.keep(line, found, template.field_count());
        }
        moment
    }

    fn has(&mut self, line: &str, found: &Match, count: usize) -> bool {
        let Some((begin, end)) = extent(&found.fields, count) else {
            return false;
        };
        let same_place = |(one, other): (&FieldSpan, &FieldSpan)| match (one.is_empty(), other.is_empty()) {
            (false, false) => {
                one.start - begin == other.start - self.begin && one.end - begin == other.end - self.begin
            }
            (one, other) => one == other,
        };
        let Some(text) = line.as_bytes().get(begin as usize..end as usize) else {
            return false;
        };
        if text.len() != self.text.len() || !found.fields.iter().zip(&self.fields).take(count).all(same_place) {
            return false;
        }
        let same_text = |&(from, to): &(u32, u32)| {
            let part = from as usize..to as usize;
            text.get(part.clone()) == self.text.get(part)
        };
        let parts = self.parts.get_or_insert_with(|| parts(&self.fields, self.begin, count));
        parts.iter().all(same_text)
    }

    fn keep(&mut self, line: &str, found: &Match, count: usize) {
        let extent = extent(&found.fields, count);
        let text = extent.and_then(|(begin, end)| line.as_bytes().get(begin as usize..end as usize));
        match (extent, text) {
            (Some((begin, _)), Some(text)) if text.len() <= LONGEST => {
                self.text.clear();
                self.text.extend_from_slice(text);
                (self.begin, self.fields) = (begin, found.fields);
                self.parts = None;
            }
            _ => self.asked = None,
        }
    }
}

/// Where fields lie that begin there. Those that stand close to each other are compared together, with what is between
/// them.
fn parts(fields: &Spans, begin: u32, count: usize) -> Vec<(u32, u32)> {
    let fields = fields.iter().take(count).filter(|field| !field.is_empty());
    let mut fields: Vec<(u32, u32)> = fields.map(|field| (field.start - begin, field.end - begin)).collect();
    fields.sort_unstable();
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for (from, to) in fields {
        match parts.last_mut() {
            Some(last) if from <= last.1 + CLOSE => last.1 = last.1.max(to),
            _ => parts.push((from, to)),
        }
    }
    parts
}

/// From where to where the first so many fields reach; nothing if none took part.
fn extent(fields: &Spans, count: usize) -> Option<(u32, u32)> {
    let whole = fields.iter().take(count).filter(|field| !field.is_empty());
    whole.fold(None, |extent, field| {
        let (begin, end) = extent.unwrap_or((field.start, field.end));
        Some((begin.min(field.start), end.max(field.end)))
    })
}
