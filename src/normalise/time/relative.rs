//! Times told by their distance from now: `3分钟前`, `昨天 10:30`, `3 hours ago`, `yesterday at 10:30`.

use jiff::SignedDuration;

use super::lex::Cursor;
use super::shapes::{Sighting, clock_and_end};
use super::{Context, Found, Precision, Published, TimeError};

/// Words for now.
const JUST_NOW: &[&str] = &["刚刚", "刚才"];
/// Units, the longer names first, with their length in seconds.
const UNITS: &[(&str, u64)] = &[
    ("秒钟", 1),
    ("秒", 1),
    ("分钟", MINUTE),
    ("分", MINUTE),
    ("个小时", 60 * MINUTE),
    ("小时", 60 * MINUTE),
    ("天", DAY),
    ("日", DAY),
    ("周", 7 * DAY),
    ("个星期", 7 * DAY),
];
const MINUTE: u64 = 60;
const DAY: u64 = 86_400;
/// Days, by how many days ago they are.
const DAYS: &[(&str, u64)] = &[("今天", 0), ("今日", 0), ("昨天", 1), ("昨日", 1), ("前天", 2), ("前日", 2)];

/// Units in English, without their plural.
const ENGLISH_UNITS: &[(&str, u64)] = &[
    ("second", 1),
    ("sec", 1),
    ("minute", MINUTE),
    ("min", MINUTE),
    ("hour", 60 * MINUTE),
    ("hr", 60 * MINUTE),
    ("day", DAY),
    ("week", 7 * DAY),
];
/// Days in English, by how many days ago they are.
const ENGLISH_DAYS: &[(&str, u64)] = &[("today", 0), ("yesterday", 1)];

/// Finds a distance from now at the beginning of a text, or after its label.
pub(super) fn find(tokens: &[super::Token<'_>], context: Context) -> Found {
    let start = Cursor::new(tokens, 0).after_label();
    if JUST_NOW.iter().any(|word| start.phrase(word).is_some()) {
        return Some(ago(0, MINUTE, context));
    }
    distance(start)
        .or_else(|| english_distance(start))
        .map(|(count, unit)| ago(count, unit, context))
        .or_else(|| named_day(start, context))
}

/// `3 hours ago`, `an hour ago`, `just now`.
fn english_distance(start: Cursor<'_>) -> Option<(u64, u64)> {
    if after_word(start, &["just"]).and_then(|next| after_word(next, &["now"])).is_some() {
        return Some((0, MINUTE));
    }
    let (count, cursor) =
        start.number(1, 6).or_else(|| Some((1, after_word(start, &["a", "an", "one"])?)))?;
    let (unit, cursor) = cursor.space().word()?;
    let unit = unit.strip_suffix(['s', 'S']).unwrap_or(unit);
    let (_, unit) = ENGLISH_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    after_word(cursor.space(), &["ago"])?;
    Some((count, *unit))
}

/// The place after one of some words, and after the space that follows.
fn after_word<'t>(cursor: Cursor<'t>, known: &[&str]) -> Option<Cursor<'t>> {
    let (word, next) = cursor.word()?;
    known.iter().any(|known| known.eq_ignore_ascii_case(word)).then_some(next.space())
}

fn english_day(start: Cursor<'_>) -> Option<(u64, Cursor<'_>)> {
    let (word, after) = start.word()?;
    let (_, days) = ENGLISH_DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?;
    let after = after.skip(",").space();
    // `yesterday at 10:30`
    let at = after.word().filter(|(word, _)| word.eq_ignore_ascii_case("at"));
    Some((*days, at.map_or(after, |(_, next)| next)))
}

/// A count of units before now.
fn distance(start: Cursor<'_>) -> Option<(u64, u64)> {
    let (count, cursor) = start.number(1, 6)?;
    let (unit, after) = UNITS.iter().find_map(|(name, unit)| Some((*unit, cursor.space().phrase(name)?)))?;
    let _ = after.space().mark("前")?;
    Some((count, unit))
}

/// Goes back by a count of units. Of days only the day is known; else the minute, since pages are rounded so.
fn ago(count: u64, unit: u64, context: Context) -> Result<Published, TimeError> {
    let seconds = i64::try_from(count.saturating_mul(unit)).map_err(|_| TimeError::Impossible)?;
    let then =
        context.now.checked_sub(SignedDuration::from_secs(seconds)).map_err(|_| TimeError::Impossible)?;
    let local = context.zone.to_datetime(then);
    if unit >= DAY {
        return Sighting::of_day(local.date()).published(context.zone);
    }
    let of_minute = i64::from(local.second()) * 1_000 + i64::from(local.millisecond());
    let at = then.checked_sub(SignedDuration::from_millis(of_minute)).map_err(|_| TimeError::Impossible)?;
    Ok(Published { at, precision: Precision::Minute })
}

/// `昨天`, perhaps with a time of day, but not as part of a name such as `今日快递`.
fn named_day(start: Cursor<'_>, context: Context) -> Found {
    let chinese = || DAYS.iter().find_map(|(name, days)| Some((*days, start.phrase(name)?)));
    let (days, after) = chinese().or_else(|| english_day(start))?;
    let clock = clock_and_end(after.space().skip(",").space());
    if clock.is_none() && !after.is_end() {
        return None;
    }
    let day = match ago(days, DAY, context) {
        Ok(day) => context.zone.to_datetime(day.at).date(),
        Err(error) => return Some(Err(error)),
    };
    Some(Sighting::of_day(day).at(clock.map(|(clock, _)| clock)).published(context.zone))
}
