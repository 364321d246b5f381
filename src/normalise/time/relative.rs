//! Times told by their distance from now: `3分钟前`, `昨天 10:30`.

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

/// Finds a distance from now at the beginning of a text, or after its label.
pub(super) fn find(tokens: &[super::Token<'_>], context: Context) -> Found {
    let start = Cursor::new(tokens, 0).after_label();
    if JUST_NOW.iter().any(|word| start.phrase(word).is_some()) {
        return Some(ago(0, MINUTE, context));
    }
    distance(start).map(|(count, unit)| ago(count, unit, context)).or_else(|| named_day(start, context))
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
    let (days, after) = DAYS.iter().find_map(|(name, days)| Some((*days, start.phrase(name)?)))?;
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
