//! The shapes in which dates, times of day and zones are written.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::lex::Cursor;
use super::{Precision, Published, TimeError};

/// The shapes of a date with its year, tried at each token.
pub(super) const SHAPES: &[fn(Cursor<'_>) -> Option<Sighting>] =
    &[year_first, day_month_year, month_day_year];

const MONTHS: &[&str] = &[
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
const WEEKDAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Names of universal time. All other names are read in the source's zone: `CST` is China's to most, and the
/// middle of America's to most parsers.
const UNIVERSAL: &[&str] = &["z", "utc", "gmt", "ut"];
/// Parts of the day that come before a time of day.
const PARTS_OF_DAY: &[(&str, Half)] = &[
    ("上午", Half::Morning),
    ("凌晨", Half::Morning),
    ("清晨", Half::Morning),
    ("早上", Half::Morning),
    ("早晨", Half::Morning),
    ("中午", Half::Noon),
    ("下午", Half::Afternoon),
    ("傍晚", Half::Afternoon),
    ("晚上", Half::Afternoon),
];
const NOON: u64 = 12;
/// The first hour that is called noon; the ones before it on a clock of twelve hours are after it.
const FIRST_HOUR_OF_NOON: u64 = 10;
/// Largest offset of any zone, in hours.
const MAX_OFFSET_HOURS: u64 = 14;

/// The half of the day that an hour on a clock of twelve is meant in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Noon,
    Afternoon,
}

/// A date as found, perhaps with a time of day; not yet known to exist.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting {
    year: u64,
    month: u64,
    day: u64,
    clock: Option<Clock>,
}

/// A time of day as found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    hour: u64,
    minute: u64,
    second: Option<u64>,
    ms: u64,
    /// Offset from UTC in seconds, when the text states one.
    offset_s: Option<i32>,
}

impl Sighting {
    pub(super) fn of_day(day: Date) -> Self {
        let part = |value: i8| u64::try_from(value).unwrap_or_default();
        let sighting = Self { year: 0, month: part(day.month()), day: part(day.day()), clock: None };
        sighting.in_year(day.year())
    }

    /// The same day at a time of day.
    pub(super) fn at(self, clock: Option<Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same day of another year.
    pub(super) fn in_year(self, year: i16) -> Self {
        Self { year: u64::try_from(year).unwrap_or_default(), ..self }
    }

    /// The instant, read in `zone` unless the text states another.
    pub(super) fn published(self, zone: Offset) -> Result<Published, TimeError> {
        let year = i16::try_from(self.year).map_err(|_| TimeError::Impossible)?;
        let date =
            Date::new(year, small(self.month)?, small(self.day)?).map_err(|_| TimeError::Impossible)?;
        let clock = self.clock.unwrap_or_default();
        let offset = match clock.offset_s {
            Some(seconds) => Offset::from_seconds(seconds).map_err(|_| TimeError::Impossible)?,
            None => zone,
        };
        let at = offset.to_timestamp(date.to_datetime(clock.time()?)).map_err(|_| TimeError::Impossible)?;
        Ok(Published { at, precision: self.clock.map_or(Precision::Day, Clock::precision) })
    }
}

impl Clock {
    /// A leap second counts as the one before it.
    fn time(self) -> Result<Time, TimeError> {
        let second = self.second.map_or(0, |second| if second == 60 { 59 } else { second });
        let nanosecond = i32::try_from(self.ms * 1_000_000).map_err(|_| TimeError::Impossible)?;
        Time::new(small(self.hour)?, small(self.minute)?, small(second)?, nanosecond)
            .map_err(|_| TimeError::Impossible)
    }

    fn precision(self) -> Precision {
        match self.second {
            None => Precision::Minute,
            Some(0) if self.hour == 0 && self.minute == 0 && self.ms == 0 && self.offset_s.is_none() => {
                Precision::Day
            }
            Some(_) => Precision::Second,
        }
    }
}

fn small(value: u64) -> Result<i8, TimeError> {
    i8::try_from(value).map_err(|_| TimeError::Impossible)
}

/// A date of 8 digits, with a time of day of 4 or 6 more.
pub(super) fn of_digits(value: u64, digits: usize) -> Option<Sighting> {
    let pair = |below: u32| value / 100_u64.pow(below) % 100;
    let n_clock = u32::try_from(digits.checked_sub(8)? / 2).ok()?;
    let clock = (n_clock > 0).then(|| Clock {
        hour: pair(n_clock - 1),
        minute: pair(n_clock.saturating_sub(2)),
        second: (n_clock == 3).then(|| pair(0)),
        ..Clock::default()
    });
    Some(Sighting {
        year: value / 100_u64.pow(n_clock + 2),
        month: pair(n_clock + 1),
        day: pair(n_clock),
        clock,
    })
}

/// `2026-11-24`, `2026/11/24`, `2026.11.24`, `2026年11月24日`.
fn year_first(start: Cursor<'_>) -> Option<Sighting> {
    let (year, cursor) = start.number(4, 4)?;
    if start.continues_a_number() {
        return None;
    }
    let (month, day, end) = if let Some((_, cursor)) = cursor.space().mark("年") {
        month_and_day_named(cursor.space())?
    } else {
        let (separator, cursor) = cursor.mark("-/.")?;
        month_and_day(cursor, separator)?
    };
    Some(Sighting { year, month, day, clock: clock_after(end) })
}

/// `12月8日`.
pub(super) fn month_day_named(start: Cursor<'_>) -> Option<Sighting> {
    let (month, day, end) = month_and_day_named(start)?;
    // `13年12月8日` has a year, though one that is not understood.
    (end.follows("日号") && !start.follows("年")).then_some(Sighting {
        year: 0,
        month,
        day,
        clock: clock_after(end),
    })
}

/// `12-08`, `12/08 15:30`, with nothing after it.
pub(super) fn month_day_alone(start: Cursor<'_>) -> Option<Sighting> {
    let (_, cursor) = start.number(1, 2)?;
    let (separator, _) = cursor.mark("-/")?;
    let (month, day, end) = month_and_day(start, separator)?;
    let clock = clock_and_end(end.space());
    let end = clock.map_or(end, |(_, end)| end);
    end.is_end().then_some(Sighting { year: 0, month, day, clock: clock.map(|(clock, _)| clock) })
}

fn month_and_day(start: Cursor<'_>, separator: char) -> Option<(u64, u64, Cursor<'_>)> {
    let separator = separator.to_string();
    let (month, cursor) = start.number(1, 2)?;
    let (day, end) = cursor.mark(&separator)?.1.number(1, 2)?;
    // `2026-11-24-1` is the number of something, `2026-11-24-18:10:07` a time.
    let is_number = |after: Cursor<'_>| after.any_number().is_some() && clock_and_end(after).is_none();
    let goes_on = end.mark(&separator).is_some_and(|(_, after)| is_number(after));
    (!goes_on).then_some((month, day, end))
}

fn month_and_day_named(start: Cursor<'_>) -> Option<(u64, u64, Cursor<'_>)> {
    let (month, cursor) = start.number(1, 2)?;
    let (_, cursor) = cursor.space().mark("月")?;
    let (day, cursor) = cursor.space().number(1, 2)?;
    Some((month, day, cursor.space().mark("日号").map_or(cursor, |(_, next)| next)))
}

/// `24 Nov 2026`, `Tue, 24-Nov-26 10:00:00 GMT`; the weekday is not looked at, since it is often wrong.
fn day_month_year(start: Cursor<'_>) -> Option<Sighting> {
    let (day, cursor) = start.number(1, 2)?;
    if start.continues_a_number() {
        return None;
    }
    let (month, cursor) = month_name(skip_ordinal(cursor).space().skip("-").space())?;
    let cursor = cursor.skip(".,").space().skip("-");
    if let Some((year, end)) = cursor.number(4, 4) {
        return Some(Sighting { year, month, day, clock: clock_after(end) });
    }
    // Years of two digits only where a time of day shows that it is a date (RFC 5322 §4.3).
    let (year, end) = cursor.number(2, 2)?;
    let year = if year < 50 { 2000 + year } else { 1900 + year };
    Some(Sighting { year, month, day, clock: Some(clock_after(end)?) })
}

/// `Nov 24, 2026 10:00 AM`, `Tue Nov 24 10:00:00 CST 2026`.
fn month_day_year(start: Cursor<'_>) -> Option<Sighting> {
    let (month, cursor) = month_name(start)?;
    let (day, cursor) = cursor.skip(".").space().number(1, 2)?;
    let cursor = skip_ordinal(cursor).skip(",").space();
    if let Some((year, end)) = cursor.number(4, 4) {
        return Some(Sighting { year, month, day, clock: clock_after(end) });
    }
    let (clock, end) = clock_and_end(cursor)?;
    let end = end.space().word().map_or(end, |(_, next)| next);
    let (year, _) = end.space().number(4, 4)?;
    Some(Sighting { year, month, day, clock: Some(clock) })
}

fn month_name(cursor: Cursor<'_>) -> Option<(u64, Cursor<'_>)> {
    let (word, next) = cursor.word()?;
    let month = MONTHS.iter().position(|month| abbreviates(word, month))?;
    Some((u64::try_from(month + 1).ok()?, next))
}

/// Whether a word is a name or its beginning, of at least three letters.
fn abbreviates(word: &str, name: &str) -> bool {
    word.len() >= 3 && name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn skip_ordinal(cursor: Cursor<'_>) -> Cursor<'_> {
    match cursor.word() {
        Some((word, next)) if ["st", "nd", "rd", "th"].iter().any(|end| end.eq_ignore_ascii_case(word)) => {
            next
        }
        _ => cursor,
    }
}

/// The time of day after a date, a weekday between them left out.
fn clock_after(date: Cursor<'_>) -> Option<Clock> {
    if let Some((clock, _)) = date.mark("-").and_then(|(_, after)| clock_and_end(after)) {
        return Some(clock);
    }
    let cursor = skip_weekday(date.space().skip(",").space().skip("(")).skip(")").skip(",").space();
    let joined =
        cursor.word().filter(|(word, _)| ["t", "at"].iter().any(|join| join.eq_ignore_ascii_case(word)));
    let is_iso = joined.is_some_and(|(word, _)| word.len() == 1);
    let cursor = joined.map_or(cursor, |(_, next)| next).space();
    let (clock, _) = clock_of(cursor, is_iso)?;
    Some(clock)
}

fn skip_weekday(cursor: Cursor<'_>) -> Cursor<'_> {
    if let Some((_, next)) =
        cursor.word().filter(|(word, _)| WEEKDAYS.iter().any(|day| abbreviates(word, day)))
    {
        return next;
    }
    let sign = ["星期", "礼拜", "周"].iter().find_map(|sign| cursor.phrase(sign));
    sign.and_then(|after| after.mark("一二三四五六日天")).map_or(cursor, |(_, next)| next)
}

/// A time of day with its zone, and the place after them.
pub(super) fn clock_and_end(start: Cursor<'_>) -> Option<(Clock, Cursor<'_>)> {
    clock_of(start, false)
}

/// `10:05`, `10:05:30.5 +0800`, `10时05分`, `下午3:05`, `3:05 PM`. After a `T` (`is_iso`) a dash begins an offset.
fn clock_of(start: Cursor<'_>, is_iso: bool) -> Option<(Clock, Cursor<'_>)> {
    let part = PARTS_OF_DAY.iter().find_map(|(name, half)| Some((*half, start.phrase(name)?)));
    let (mut half, start) = part.map_or((None, start), |(half, after)| (Some(half), after.space()));
    let (hour, cursor) = start.number(1, 2)?;
    let (mut clock, mut end) = match cursor.mark(":时点") {
        Some((':', cursor)) => digital(hour, cursor)?,
        // `15点击` counts visits.
        Some((_, after)) if after.mark("击").is_none() => spoken(hour, after),
        _ => return None,
    };
    if let Some((stated, after)) = half_after(end) {
        (half, end) = (Some(stated), after);
    }
    clock.hour = in_half(clock.hour, half);
    let is_range = !is_iso && clock.second.is_none();
    match offset(end, is_range) {
        Some((seconds, end)) => Some((Clock { offset_s: Some(seconds), ..clock }, end)),
        None => Some((clock, end)),
    }
}

/// What follows the hour in `10:05:30.5`.
fn digital(hour: u64, cursor: Cursor<'_>) -> Option<(Clock, Cursor<'_>)> {
    let (minute, cursor) = cursor.number(1, 2)?;
    let clock = Clock { hour, minute, ..Clock::default() };
    let Some((second, cursor)) = cursor.mark(":").and_then(|(_, cursor)| cursor.number(1, 2)) else {
        return Some((clock, cursor));
    };
    let clock = Clock { second: Some(second), ..clock };
    match cursor.mark(".,").and_then(|(_, cursor)| cursor.any_number()) {
        Some((value, digits, end)) => Some((Clock { ms: thousandths(value, digits), ..clock }, end)),
        None => Some((clock, cursor)),
    }
}

/// What follows the hour in `10时05分30秒`.
fn spoken(hour: u64, cursor: Cursor<'_>) -> (Clock, Cursor<'_>) {
    let mut clock = Clock { hour, ..Clock::default() };
    let Some((minute, mut end)) = counted(cursor, "分") else { return (clock, cursor) };
    clock.minute = minute;
    if let Some((second, after)) = counted(end, "秒") {
        (clock.second, end) = (Some(second), after);
    }
    (clock, end)
}

fn counted<'t>(cursor: Cursor<'t>, sign: &str) -> Option<(u64, Cursor<'t>)> {
    let (value, after) = cursor.space().number(1, 2)?;
    after.space().mark(sign).map(|(_, end)| (value, end))
}

fn thousandths(value: u64, digits: usize) -> u64 {
    match u32::try_from(digits) {
        Ok(digits @ 1..=3) => value * 10_u64.pow(3 - digits),
        Ok(digits @ 4..=18) => value / 10_u64.pow(digits - 3),
        _ => 0,
    }
}

/// `AM` or `PM` after the time.
fn half_after(cursor: Cursor<'_>) -> Option<(Half, Cursor<'_>)> {
    let (word, end) = cursor.space().word()?;
    match word.to_ascii_lowercase().as_str() {
        "am" => Some((Half::Morning, end)),
        "pm" => Some((Half::Afternoon, end)),
        _ => None,
    }
}

/// The hour of the day, from one on a clock of twelve hours; hours that need no half stay.
fn in_half(hour: u64, half: Option<Half>) -> u64 {
    match half {
        Some(Half::Morning) if hour == NOON => 0,
        Some(Half::Afternoon) if hour < NOON => hour + NOON,
        Some(Half::Noon) if hour < FIRST_HOUR_OF_NOON => hour + NOON,
        _ => hour,
    }
}

/// The offset from UTC that follows, in seconds. Where the text may name a span of time (`10:00-11:30`), a dash
/// begins no offset.
fn offset(cursor: Cursor<'_>, is_range: bool) -> Option<(i32, Cursor<'_>)> {
    let cursor = cursor.space();
    if let Some((word, after)) = cursor.word() {
        let is_universal = UNIVERSAL.iter().any(|name| name.eq_ignore_ascii_case(word));
        return is_universal.then(|| numeric_offset(after.space()).unwrap_or((0, after)));
    }
    let is_dash = cursor.mark("-").is_some();
    if is_range && is_dash && cursor.mark("-").is_some_and(|(_, after)| after.number(4, 4).is_none()) {
        return None;
    }
    numeric_offset(cursor)
}

fn numeric_offset(cursor: Cursor<'_>) -> Option<(i32, Cursor<'_>)> {
    let (sign, cursor) = cursor.mark("+-")?;
    let (hours, minutes, end) = match cursor.any_number()? {
        (value, 4, end) => (value / 100, value % 100, end),
        (hours, 1 | 2, end) => match end.mark(":").and_then(|(_, cursor)| cursor.number(2, 2)) {
            Some((minutes, end)) => (hours, minutes, end),
            None => (hours, 0, end),
        },
        _ => return None,
    };
    if hours > MAX_OFFSET_HOURS || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
    Some((if sign == '-' { -seconds } else { seconds }, end))
}
