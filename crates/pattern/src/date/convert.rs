//! From the texts of a date's fields to a moment.
//!
//! Logs leave things out: the year, the date, the zone. What is missing is completed from the present moment, so that
//! the result lies in the past where it can. Fractions of a second are dropped (but for `EPOCH`), as in the original,
//! so that counting gives the same results.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

use super::digits::{digit, number, short_number};
use super::zone;
use crate::Time;

/// What a group of a date's expression tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Year,
    ShortYear,
    Month,
    MonthName,
    MonthAbbreviation,
    Day,
    Hour,
    Hour12,
    AmPm,
    Minute,
    Second,
    WeekdayName,
    WeekdayAbbreviation,
    Weekday,
    YearDay,
    WeekFromSunday,
    WeekFromMonday,
    Zone,
    /// A whole number of its own kind: seconds since 1970, or TAI64N.
    Number,
}

/// How many different fields an expression can have.
pub(super) const MAX_FIELDS: usize = 20;

impl Field {
    /// The field that a group of this name tells; nothing for fractions and names without meaning.
    pub fn named(name: &str) -> Option<Field> {
        Some(match name {
            "Y" => Field::Year,
            "y" => Field::ShortYear,
            "m" => Field::Month,
            "B" => Field::MonthName,
            "b" => Field::MonthAbbreviation,
            "d" => Field::Day,
            "H" => Field::Hour,
            "I" => Field::Hour12,
            "p" => Field::AmPm,
            "M" => Field::Minute,
            "S" => Field::Second,
            "A" => Field::WeekdayName,
            "a" => Field::WeekdayAbbreviation,
            "w" => Field::Weekday,
            "j" => Field::YearDay,
            "U" => Field::WeekFromSunday,
            "W" => Field::WeekFromMonday,
            "z" | "Z" => Field::Zone,
            _ => return None,
        })
    }
}

/// What completes a date.
#[derive(Debug)]
pub(super) struct Context<'d> {
    /// The present second, since 1970 …
    pub second: i64,
    /// … and on the clock of the process's own zone.
    pub today: DateTime,
    /// Minutes east of UTC for dates that name no zone.
    pub default_offset: Option<i32>,
    /// The process's own zone, when there is no such default either.
    pub local: &'d TimeZone,
}

/// What the clock of a zone shows at a second since 1970.
pub(super) fn clock(second: i64, zone: &TimeZone) -> DateTime {
    zone.to_datetime(Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// A moment, and whether its zone was known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    pub time: Time,
    pub zoned: bool,
}

#[derive(Debug, Default)]
struct Told {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    hour: i64,
    /// The hour counts to twelve only.
    half_day: bool,
    afternoon: bool,
    morning_or_unsaid: bool,
    minute: i64,
    second: i64,
    /// Monday is 0.
    weekday: Option<i64>,
    year_day: Option<i64>,
    week: Option<Week>,
    offset: Option<i32>,
}

#[derive(Debug, Clone, Copy)]
struct Week {
    number: i64,
    from_monday: bool,
}

/// The last that can be told of.
const LAST_YEAR: i64 = 9999;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The moment that fields stand for, in the order of their expression (of two for the same thing the later counts).
/// Nothing if they are no possible date.
pub(super) fn from_fields<'l>(fields: impl Iterator<Item = (Field, &'l str)>, context: &Context<'_>) -> Option<Moment> {
    let mut told = Told {
        morning_or_unsaid: true,
        ..Told::default()
    };
    for (field, text) in fields {
        told.take(field, text)?;
    }
    told.moment(context)
}

/// Whether [`from_fields`] makes a moment of these for certain, fields being such as their tokens match them: an hour
/// that exists on a day that exists whatever the year, in a year that is neither the first nor the last.
pub(super) fn is_surely_possible<'l>(fields: impl Iterator<Item = (Field, &'l [u8])>) -> bool {
    let (mut month, mut day) = (None, None);
    for (field, text) in fields {
        let within = |from: i64, to: i64| short_number(text).is_some_and(|value| (from..=to).contains(&value));
        let is_sure = match field {
            Field::Year => within(1, LAST_YEAR - 1),
            Field::ShortYear => within(0, 99),
            Field::Month => {
                month = short_number(text);
                month.is_some()
            }
            // A character beyond ASCII may stand for a letter in an expression.
            Field::MonthAbbreviation => {
                month = index_of_short(text, &MONTHS).map(|index| index + 1);
                month.is_some()
            }
            Field::WeekdayAbbreviation => index_of_short(text, &DAYS).is_some(),
            Field::Day => {
                day = short_number(text);
                day.is_some()
            }
            Field::Hour => within(0, 23),
            Field::Minute | Field::Second => within(0, 59),
            Field::Zone => zone::is_shift(text),
            _ => false,
        };
        if !is_sure {
            return false;
        }
    }
    match (month, day) {
        (None, None) => true,
        (Some(1..=12), Some(1..=28)) => true,
        (Some(month @ 1..=12), Some(29 | 30)) => month != 2,
        (Some(1 | 3 | 5 | 7 | 8 | 10 | 12), Some(31)) => true,
        _ => false,
    }
}

impl Told {
    fn take(&mut self, field: Field, text: &str) -> Option<()> {
        match field {
            Field::Year => self.year = Some(number(text)?),
            Field::ShortYear => {
                let year = number(text)?;
                self.year = Some(if year <= 2000 { year + 2000 } else { year });
            }
            Field::Month => self.month = Some(number(text)?),
            Field::MonthName => self.month = Some(index_of(text, &MONTHS)? + 1),
            Field::MonthAbbreviation => self.month = Some(index_of_short(text.as_bytes(), &MONTHS)? + 1),
            Field::Day => self.day = Some(number(text)?),
            Field::Hour => (self.hour, self.half_day) = (number(text)?, false),
            Field::Hour12 => (self.hour, self.half_day) = (number(text)?, true),
            Field::AmPm => {
                self.afternoon = text.eq_ignore_ascii_case("pm");
                self.morning_or_unsaid = text.is_empty() || text.eq_ignore_ascii_case("am");
            }
            Field::Minute => self.minute = number(text)?,
            Field::Second => self.second = number(text)?,
            Field::WeekdayName => self.weekday = Some(index_of(text, &DAYS)?),
            Field::WeekdayAbbreviation => self.weekday = Some(index_of_short(text.as_bytes(), &DAYS)?),
            Field::Weekday => {
                let day = number(text)? - 1;
                self.weekday = Some(if day < 0 { 6 } else { day });
            }
            Field::YearDay => self.year_day = Some(number(text)?),
            Field::WeekFromSunday => {
                self.week = Some(Week {
                    number: number(text)?,
                    from_monday: false,
                })
            }
            Field::WeekFromMonday => {
                self.week = Some(Week {
                    number: number(text)?,
                    from_monday: true,
                })
            }
            Field::Zone => self.offset = Some(zone::offset(text)?),
            Field::Number => {}
        }
        Some(())
    }

    fn moment(mut self, context: &Context<'_>) -> Option<Moment> {
        let without_year = self.year.is_none();
        let mut year = match self.year {
            Some(year) => year,
            None => i64::from(context.today.year()),
        };
        if (self.month.is_none() || self.day.is_none())
            && let Some(day) = self.day_of_year(year)
        {
            let date = date_of(year, 1, 1)?
                .checked_add(Span::new().try_days(day - 1).ok()?)
                .ok()?;
            year = i64::from(date.year());
            (self.month, self.day) = (Some(i64::from(date.month())), Some(i64::from(date.day())));
        }
        let without_date = self.month.is_none() && self.day.is_none();
        if without_date {
            let today = context.today.date();
            (self.month, self.day) = (Some(i64::from(today.month())), Some(i64::from(today.day())));
        }
        let (month, day) = (self.month?, self.day?);
        let offset = self.offset.or(context.default_offset);
        let told = date_of(year, month, day)?.to_datetime(
            jiff::civil::Time::new(
                i8::try_from(self.hour_of_day()).ok()?,
                i8::try_from(self.minute).ok()?,
                i8::try_from(self.second).ok()?,
                0,
            )
            .ok()?,
        );
        // The quick way for what needs no completing; whether the last day that there is exists, the zone decides.
        if let Some(minutes) = offset
            && !without_date
            && !without_year
            && year < LAST_YEAR
        {
            let stamp = Offset::UTC.to_timestamp(told).ok()?;
            return Some(Moment {
                time: Time::from_secs(stamp.as_second() - i64::from(minutes) * 60),
                zoned: true,
            });
        }
        let mut result = match offset {
            None | Some(0) => told,
            Some(minutes) => told.checked_sub(Span::new().minutes(minutes)).ok()?,
        };
        // The original compares what may by now be UTC with the local clock; the day's tolerance covers it.
        if without_date && result > context.today {
            result = result.checked_sub(Span::new().days(1)).ok()?;
        }
        if without_year && is_after_tomorrow(result, context.today)? {
            result = date_of(year - 1, month, day)?.to_datetime(result.time());
        }
        let zone = if offset.is_some() {
            &TimeZone::UTC
        } else {
            context.local
        };
        let stamp = zone.to_ambiguous_timestamp(result).compatible().ok()?;
        Some(Moment {
            time: Time::from_secs(stamp.as_second()),
            zoned: offset.is_some(),
        })
    }

    fn hour_of_day(&self) -> i64 {
        match self.hour {
            12 if self.half_day && self.morning_or_unsaid => 0,
            hour if self.half_day && self.afternoon && hour != 12 => hour + 12,
            hour => hour,
        }
    }

    /// The day of the year, the first being 1; may lie outside of it.
    fn day_of_year(&self, year: i64) -> Option<i64> {
        self.year_day.or_else(|| {
            let (week, weekday) = (self.week?, self.weekday?);
            let shift = i64::from(!week.from_monday);
            let first = i64::from(date_of(year, 1, 1)?.weekday().to_monday_zero_offset());
            let (first, weekday) = ((first + shift) % 7, (weekday + shift) % 7);
            Some(match week.number {
                0 => 1 + weekday - first,
                number => 1 + (7 - first) % 7 + 7 * (number - 1) + weekday,
            })
        })
    }
}

/// Whether a moment is more than a day behind the present one; nothing if there is no such day.
fn is_after_tomorrow(moment: DateTime, today: DateTime) -> Option<bool> {
    // Most are of the past, which is told sooner than when tomorrow is.
    Some(moment > today && moment > today.checked_add(Span::new().days(1)).ok()?)
}

fn date_of(year: i64, month: i64, day: i64) -> Option<Date> {
    let year = i16::try_from(year).ok().filter(|&year| year > 0)?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The place of a name in the list, in any case.
fn index_of(text: &str, names: &[&str]) -> Option<i64> {
    let at = names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
    i64::try_from(at).ok()
}

/// The same for its first three letters.
fn index_of_short(text: &[u8], names: &[&str]) -> Option<i64> {
    let &[a, b, c] = text else {
        return None;
    };
    let text = [a.to_ascii_lowercase(), b.to_ascii_lowercase(), c.to_ascii_lowercase()];
    let at = names.iter().position(|name| name.as_bytes().starts_with(&text))?;
    i64::try_from(at).ok()
}

/// Seconds since 1970 with a fraction; `long` numbers of 13 digits and more are milliseconds, of 16 microseconds.
/// Beyond what [`Time`] holds it is clipped.
pub(super) fn epoch(text: &str, long: bool) -> Option<Time> {
    let mut value: i128 = 0;
    let mut length = 0_u32;
    let mut fraction: Option<u32> = None;
    for c in text.chars() {
        length += 1;
        match (c, fraction) {
            ('.', None) => fraction = Some(0),
            _ => {
                value = value.checked_mul(10)?.checked_add(i128::from(digit(c)?))?;
                fraction = fraction.map(|n| n + 1);
            }
        }
    }
    let unit = match length {
        0..=12 => 0,
        _ if !long => 0,
        16.. if fraction.is_none() => 6,
        _ => 3,
    };
    let places = fraction.unwrap_or(0) + unit;
    let nanos = match 9_u32.checked_sub(places) {
        Some(up) => value.checked_mul(10_i128.pow(up))?,
        None => value / 10_i128.checked_pow(places - 9)?,
    };
    let most = i128::from(i64::MAX);
    (length > 0).then(|| Time::from_nanos(i64::try_from(nanos.min(most)).unwrap_or(i64::MAX)))
}
