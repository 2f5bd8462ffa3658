//! Where the literals of a match stand.
use super::literal::Literal;
use super::part::Fit;
use super::{Begin, Between, Chain, End, Ending, Link, Places, Verdict};
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// At so many places it is tried whether what has to follow a literal does.
const MOST_TRIES: usize = 4;

impl Chain {
    /// Finds where each literal stands: the first one where it first does, the others at the latest. Otherwise what the
    /// verdict is.
    pub(super) fn place(&self, body: &[u8], places: &mut Places) -> Result<(), Verdict> {
        places.first = self.place_first(body, 0)?;
        let start = places.first + self.first.len;
        if self.is_plain {
            return self.place_plainly(body, start, places).ok_or(Verdict::NoMatch);
        }
        let mut end = body.len();
        let mut count = self.links.len();
        while let Some(last) = count.checked_sub(1) {
            // Near ones follow from the one before them.
            let near = self
                .links
                .iter()
                .take(count)
                .rev()
                .take_while(|link| link.is_near)
                .count();
            let Some(head) = last.checked_sub(near) else {
                break;
            };
            self.place_segment(body, (start, &mut end), head..count, places)?;
            count = head;
        }
        self.place_beginning(body, end, count, places)
    }

    /// Finds where the literals of all links stand at the latest, of which none is near or has something behind it.
    fn place_plainly(&self, body: &[u8], start: usize, places: &mut Places) -> Option<()> {
        let mut end = body.len();
        let mut is_last = self.end == End::Text;
        for (link, place) in self.links.iter().zip(places.links.get_mut(..self.links.len())?).rev() {
            let at = match is_last {
                true => link.place_last(body, start)?,
                false => link.place(body, start, end)?,
            };
            *place = at;
            end = at;
            if let Between::Ending(ending) = &link.between {
                (*place, end) = place_ending(ending, &link.literal, body, (start, at), is_last)?;
            }
            is_last = false;
        }
        Some(())
    }

    /// Where the first literal first stands, from a place on.
    fn place_first(&self, body: &[u8], from: usize) -> Result<usize, Verdict> {
        let mut from = from;
        for _ in 0..MOST_TRIES {
            let at = match &self.begin {
                Begin::Text if from == 0 && self.first.needle.stands_at(body, 0) => 0,
                Begin::Text => return Err(Verdict::NoMatch),
                Begin::Anywhere(finder) => {
                    let room = body.get(from..).unwrap_or_default();
                    from + finder.find(room).ok_or(Verdict::NoMatch)?
                }
            };
            match self.first.more_stands(body, at) {
                Fit::Yes => return Ok(at),
                Fit::No => from = at + 1,
                Fit::Unknown => return Err(Verdict::Unknown),
            }
        }
        Err(Verdict::Unknown)
    }

    /// Places the first of these links at the latest so that the others, near ones, follow; all between the two borders,
    /// of which the latter moves there.
    fn place_segment(
        &self,
        body: &[u8],
        (start, end): (usize, &mut usize),
        segment: Range<usize>,
        places: &mut Places,
    ) -> Result<(), Verdict> {
        let must_end_text = self.end == End::Text && segment.end == self.links.len();
        let Some((link, near)) = self.links.get(segment.clone()).and_then(<[Link]>::split_first) else {
            return Err(Verdict::Unknown);
        };
        let is_last = must_end_text && near.is_empty();
        let mut room = *end;
        for _ in 0..MOST_TRIES {
            let at = match is_last {
                true if room == *end => link.place_last(body, start),
                true => None,
                // Where what stands behind it must have room.
                false => room
                    .checked_sub(link.literal.len - link.literal.needle.text.len())
                    .and_then(|end| link.place(body, start, end)),
            };
            let mut at = match at {
                Some(at) => at,
                // What stands behind it may take more bytes than one.
                None if is_last && link.literal.has_more() && !body.is_ascii() => return Err(Verdict::Unknown),
                None => return Err(Verdict::NoMatch),
            };
            let mut before = at;
            if let Between::Ending(ending) = &link.between {
                (at, before) =
                    place_ending(ending, &link.literal, body, (start, at), is_last).ok_or(Verdict::NoMatch)?;
            }
            let fit = match link.literal.more_stands(body, at) {
                Fit::Yes if near.is_empty() => Fit::Yes,
                Fit::Yes => {
                    let after = at + link.literal.len;
                    self.place_near(
                        body,
                        (after, *end),
                        must_end_text,
                        segment.start + 1..segment.end,
                        places,
                    )
                }
                other => other,
            };
            match fit {
                Fit::Yes => {
                    if let Some(place) = places.links.get_mut(segment.start) {
                        *place = at;
                    }
                    *end = before;
                    return Ok(());
                }
                // An earlier one may overlap this one.
                Fit::No => room = (at + link.literal.len).saturating_sub(1),
                Fit::Unknown => return Err(Verdict::Unknown),
            }
        }
        Err(Verdict::Unknown)
    }

    /// Places near links, which follow each other, between the two borders.
    fn place_near(
        &self,
        body: &[u8],
        (from, end): (usize, usize),
        must_end_text: bool,
        links: Range<usize>,
        places: &mut Places,
    ) -> Fit {
        let mut from = from;
        let these = self.links.get(links.clone()).unwrap_or_default();
        let places = places.links.get_mut(links).unwrap_or_default();
        for (link, place) in these.iter().zip(places) {
            let Some(at) = body.get(from..end).and_then(|room| link.literal.next_begins(room)) else {
                return Fit::No;
            };
            let at = from + at;
            if !link.literal.needle.stands_at(body, at) {
                return Fit::No;
            }
            match link.literal.more_stands(body, at) {
                Fit::Yes => {}
                other => return other,
            }
            if let Between::Part(part) = &link.between
                && part.fits_quickly(body.get(from..at).unwrap_or_default()) == Fit::No
            {
                return Fit::No;
            }
            *place = at;
            from = at + link.literal.len;
        }
        match from == end || (from < end && !must_end_text) {
            true => Fit::Yes,
            false => Fit::No,
        }
    }

    /// Places as many near links behind the first literal, all before this border; that literal later, if they cannot
    /// stand behind it.
    fn place_beginning(&self, body: &[u8], end: usize, near: usize, places: &mut Places) -> Result<(), Verdict> {
        let must_end_text = self.end == End::Text && near == self.links.len();
        for _ in 0..MOST_TRIES {
            let from = places.first + self.first.len;
            if from > end {
                return Err(Verdict::NoMatch);
            }
            match self.place_near(body, (from, end), must_end_text, 0..near, places) {
                Fit::Yes => return Ok(()),
                Fit::No => places.first = self.place_first(body, places.first + 1)?,
                Fit::Unknown => return Err(Verdict::Unknown),
            }
        }
        Err(Verdict::Unknown)
    }
}

impl Link {
    /// Where its literal stands at the latest.
    #[inline(always)]
    fn place(&self, body: &[u8], start: usize, end: usize) -> Option<usize> {
        let needle = &self.literal.needle;
        // Relaxed, because whatever is read here is only a guess.
        if let Some(at) = needle.stands_before(body, start, end, self.usual.load(Relaxed)) {
            return Some(at);
        }
        let at = needle.rfind(body, start, end)?;
        let between = end - at - needle.text.len();
        self.usual.store(u8::try_from(between).unwrap_or(u8::MAX), Relaxed);
        Some(at)
    }

    /// Where its literal stands at the text's end.
    fn place_last(&self, body: &[u8], start: usize) -> Option<usize> {
        let at = body.len().checked_sub(self.literal.len).filter(|&at| at >= start)?;
        self.literal.needle.stands_at(body, at).then_some(at)
    }
}

/// Where the literal behind words stands at the latest, which without them is at `at`, and where the word does.
fn place_ending(
    ending: &Ending,
    literal: &Literal,
    body: &[u8],
    (start, at): (usize, usize),
    is_last: bool,
) -> Option<(usize, usize)> {
    let mut at = at;
    loop {
        if let Some((word, _)) = ending.find(body.get(start..at)?) {
            return Some((at, start + word));
        }
        if is_last {
            return None;
        }
        // An earlier one may overlap this one.
        at = literal.needle.rfind(body, start, at + literal.needle.text.len() - 1)?;
    }
}
