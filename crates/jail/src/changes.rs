//! Which counters changed and which ended since each jail was last asked, without a list for each: what changed stands
//! in one list, and each jail remembers how far it has been told.
use crate::Id;

/// How far a jail has been told: the numbers of the first change and of the first end that it was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    changed: u32,
    gone: u64,
}

/// What is known of the counter at a place: the number of its last change in the list (0: none), and whether it was told.
#[derive(Debug, Clone, Copy, Default)]
struct Mark(u32);

const WAS_TOLD: u32 = 1 << 31;

/// The lists. What everybody has been told is listed no longer.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The number of the first change that is still listed; there is no 0.
    first: u32,
    /// Places of counters that changed. Where one stands here again later, or another has taken its place, this is not
    /// the number that is marked there.
    changed: Vec<u32>,
    /// Changes from this number on were told to nobody.
    fresh: u32,
    first_gone: u64,
    /// Ids whose counters ended after they were told, in one jail (its seat) or in all.
    gone: Vec<(Option<usize>, Id)>,
    /// By place.
    marks: Vec<Mark>,
}

impl Told {
    /// What both were told.
    pub(crate) fn least(self, other: Told) -> Told {
        Told {
            changed: self.changed.min(other.changed),
            gone: self.gone.min(other.gone),
        }
    }

    /// The changes are numbered anew, and somebody has been told none of them.
    pub(crate) fn of_no_change(self, changes: &Changes) -> Told {
        Told {
            changed: changes.first,
            ..self
        }
    }
}

impl Mark {
    fn number(self) -> u32 {
        self.0 & !WAS_TOLD
    }

    fn was_told(self) -> bool {
        self.0 & WAS_TOLD != 0
    }

    fn set_number(&mut self, number: u32) {
        self.0 = self.0 & WAS_TOLD | number;
    }
}

impl Default for Changes {
    fn default() -> Self {
        Changes {
            first: 1,
            changed: Vec::new(),
            fresh: 1,
            first_gone: 0,
            gone: Vec::new(),
            marks: Vec::new(),
        }
    }
}

impl Changes {
    /// The counter there changed.
    pub(crate) fn touch(&mut self, place: u32) {
        let (fresh, end) = (self.fresh, self.end());
        let mark = self.mark(place);
        if mark.number() < fresh {
            mark.set_number(end);
            self.changed.push(place);
        }
    }

    /// The counter there was told, so its end must be told.
    pub(crate) fn set_told(&mut self, place: u32) {
        self.mark(place).0 |= WAS_TOLD;
    }

    /// Whether the counter there was told.
    pub(crate) fn was_counter_told(&self, place: u32) -> bool {
        self.at(place).was_told()
    }

    /// The counter there ended, in the jail of a seat or in all.
    pub(crate) fn ended(&mut self, place: u32, seat: Option<usize>, id: &Id) {
        if self.was_counter_told(place) {
            self.gone.push((seat, id.clone()));
        }
    }

    /// A counter ended in the jail of a seat that was told of it.
    pub(crate) fn has_ended(&mut self, seat: usize, id: Id) {
        self.gone.push((Some(seat), id));
    }

    /// There is no counter there any more.
    pub(crate) fn leave(&mut self, place: u32) {
        *self.mark(place) = Mark::default();
    }

    fn at(&self, place: u32) -> Mark {
        self.marks.get(place as usize).copied().unwrap_or_default()
    }

    fn mark(&mut self, place: u32) -> &mut Mark {
        let place = place as usize;
        if place >= self.marks.len() {
            self.marks.resize(place + 1, Mark::default());
        }
        &mut self.marks[place]
    }

    /// The number that the next change will have.
    fn end(&self) -> u32 {
        self.first.saturating_add(self.changed.len() as u32)
    }

    /// How far somebody is told who has been told everything.
    pub(crate) fn everything(&self) -> Told {
        Told {
            changed: self.end(),
            gone: self.first_gone + self.gone.len() as u64,
        }
    }

    /// How far somebody is told who has been told nothing that is listed.
    pub(crate) fn nothing(&self) -> Told {
        Told {
            changed: self.first,
            gone: self.first_gone,
        }
    }

    /// The places of counters of whose last change somebody was not told.
    pub(crate) fn changed_since(&self, told: Told) -> impl Iterator<Item = u32> {
        let skip = told.changed.saturating_sub(self.first);
        let places = self.changed.iter().skip(skip as usize).copied();
        let numbered = (self.first.saturating_add(skip)..).zip(places);
        numbered.filter_map(|(number, place)| (self.at(place).number() == number).then_some(place))
    }

    /// Ids of counters of which a jail was not told that they ended.
    pub(crate) fn gone_since(&self, told: Told, seat: usize) -> impl Iterator<Item = &Id> {
        let skip = usize::try_from(told.gone.saturating_sub(self.first_gone)).unwrap_or(usize::MAX);
        let gone = self.gone.get(skip..).unwrap_or_default().iter();
        gone.filter(move |(whose, _)| whose.is_none_or(|whose| whose == seat))
            .map(|(_, id)| id)
    }

    /// Whether somebody was not told of the last change of the counter there.
    pub(crate) fn is_untold(&self, place: u32, told: Told) -> bool {
        let number = self.at(place).number();
        number > 0 && number >= told.changed
    }

    /// Somebody has been told so much, and everybody at least `least`, which is listed no longer.
    pub(crate) fn were_told(&mut self, told: Told, least: Told) {
        self.fresh = self.fresh.max(told.changed);
        let known = (least.changed.saturating_sub(self.first) as usize).min(self.changed.len());
        self.changed.drain(..known);
        self.first += known as u32;
        let known = usize::try_from(least.gone.saturating_sub(self.first_gone)).unwrap_or(usize::MAX);
        let known = known.min(self.gone.len());
        self.gone.drain(..known);
        self.first_gone += known as u64;
        if self.changed.is_empty() {
            self.changed = Vec::new();
        }
    }

    /// Nobody may be asking (a replay): what ended or changed again meanwhile must not pile up. Nor may the numbers end.
    pub(crate) fn is_to_be_renewed(&self, counters: usize) -> bool {
        self.changed.len() > 2 * counters + 1024 || self.end() > WAS_TOLD / 2
    }

    /// Begins the list of changes anew: all that somebody was not told of changes now. Who was told of some of them will
    /// be told again.
    pub(crate) fn renew(&mut self, least: Told) {
        let places = 0..u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
        let untold: Vec<u32> = places.filter(|place| self.is_untold(*place, least)).collect();
        self.changed = Vec::new();
        (self.first, self.fresh) = (1, 1);
        self.marks.iter_mut().for_each(|mark| mark.set_number(0));
        untold.into_iter().for_each(|place| self.touch(place));
    }

    /// Counters have new places, told as (from, to).
    pub(crate) fn moved(&mut self, moves: &[(u32, u32)]) {
        let before = std::mem::take(&mut self.marks);
        for (from, to) in moves {
            *self.mark(*to) = before.get(*from as usize).copied().unwrap_or_default();
        }
    }

    /// How many changes and ends are listed.
    #[cfg(test)]
    pub(crate) fn listed(&self) -> usize {
        self.changed.len() + self.gone.len()
    }
}
