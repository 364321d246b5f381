//! Times as sites write them become instants with the precision that they really have.
//!
//! **Invariant:** the host's zone and clock are never asked; the source's zone and `now` are parameters. A date
//! that cannot be, or cannot be meant, is refused with a reason rather than guessed.

mod lex;
mod relative;
mod shapes;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use unicode_normalization::UnicodeNormalization;

use crate::extract::{FoundTime, RawTime};
use crate::model::{Precision, Published};

use lex::{Cursor, Token, tokens};

/// How far after `now` a time may be: other people's clocks, and zones that were meant differently.
pub const MAX_AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// 1990-01-01 00:00 UTC: nothing was published on the Web before.
pub const EARLIEST: Timestamp = Timestamp::constant(631_152_000, 0);
/// Characters of a text in which a time is looked for.
const MAX_TEXT_CHARS: usize = 200;
/// Characters of an address in which a day is looked for.
const MAX_PATH_CHARS: usize = 300;
/// Characters of a refused time that are shown.
const MAX_NOTE_CHARS: usize = 60;
/// How many years back a day without a year may lie: 29 February comes back within eight.
const MAX_YEARS_BACK: i16 = 8;

/// Why a text gives no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// There is no date in it.
    #[error("there is no date in it")]
    NotADate,
    /// There is one, but no calendar or clock has it.
    #[error("there is no such day or time of day")]
    Impossible,
    /// It lies more than [`MAX_AHEAD`] after now.
    #[error("it is more than 24 h ahead")]
    TooFarAhead,
    /// It lies before [`EARLIEST`].
    #[error("it is before 1990")]
    TooOld,
}

/// Finds the time of publication in a text such as `日期：2026-02-03     来源：某局`.
///
/// Without a zone of its own, or with one of an ambiguous name (`CST`), the time is read in `zone`. A midnight
/// to the second without a zone is how systems write a day, and is taken as one. Days without a year are the
/// latest ones not more than [`MAX_AHEAD`] after `now`.
pub fn parse(text: &str, zone: Offset, now: Timestamp) -> Result<Published, TimeError> {
    let text = plain(text);
    let tokens = tokens(&text);
    let context = Context { zone, now };
    let published = absolute(&tokens, context)
        .or_else(|| digits(&tokens, context))
        .or_else(|| relative::find(&tokens, context))
        .or_else(|| without_year(&tokens, context));
    within(published.unwrap_or(Err(TimeError::NotADate))?, now)
}

/// Reads milliseconds of the Unix epoch.
pub fn from_epoch_ms(ms: i64, now: Timestamp) -> Result<Published, TimeError> {
    let at = Timestamp::from_millisecond(ms).map_err(|_| TimeError::Impossible)?;
    within(Published { at, precision: Precision::Second }, now)
}

/// The time to show for a story: of a day that is the day of first sight, the time of first sight; of another
/// day, its beginning; without a claim, the time of first sight.
pub fn shown_at(claim: Option<Published>, seen_at: Timestamp, zone: Offset) -> Published {
    let Some(claim) = claim else { return Published { at: seen_at, precision: Precision::Seen } };
    if claim.precision != Precision::Day {
        return claim;
    }
    let day = zone.to_datetime(claim.at).date();
    let at = if day == zone.to_datetime(seen_at).date() { Some(seen_at) } else { start_of(day, zone) };
    Published { at: at.unwrap_or(claim.at), ..claim }
}

/// Finds the day in the path of an article's address: `/2026/9/10/art_1.html`, `/202512/t20251208_1.html`.
///
/// A path that names only the month gives none.
pub fn from_url(url_path: &str, zone: Offset, now: Timestamp) -> Option<Published> {
    let path = url_path.split(['?', '#']).next()?;
    let end = path.char_indices().nth(MAX_PATH_CHARS).map_or(path.len(), |(at, _)| at);
    let segments: Vec<&str> = path[..end].split('/').collect();
    let day = (0..segments.len()).find_map(|at| day_of_segments(&segments[at..]))?;
    within(Published { at: start_of(day, zone)?, precision: Precision::Day }, now).ok()
}

/// Chooses among the times found for one entry, the most trusted first: the first that can be read, made more
/// precise by later ones that agree with it.
///
/// Returns the time with the rules that gave it, and a note for people on each one refused.
pub fn choose(
    times: &[FoundTime],
    zone: Offset,
    now: Timestamp,
) -> (Option<(Published, String)>, Vec<String>) {
    let mut chosen: Option<(Published, String)> = None;
    let mut notes = Vec::new();
    for found in times {
        match (read(&found.time, zone, now), &mut chosen) {
            (Ok(published), None) => chosen = Some((published, found.rule.clone())),
            (Ok(finer), Some((published, rule))) if refines(finer, *published, zone) => {
                *published = finer;
                *rule = format!("{rule}, refined by {}", found.rule);
            }
            (Ok(_), Some(_)) => {}
            (Err(error), _) => notes.push(refusal(found, error)),
        }
    }
    (chosen, notes)
}

/// Writes an instant as RFC 3339 does, to the second, with an offset: `2026-11-24T10:00:00+08:00`.
pub fn rfc3339(at: Timestamp, zone: Offset) -> String {
    let local = zone.to_datetime(at);
    let minutes = zone.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    let (year, month, day) = (local.year(), local.month(), local.day());
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}")
}

/// What a text is read in.
#[derive(Debug, Clone, Copy)]
struct Context {
    zone: Offset,
    now: Timestamp,
}

/// What a shape gives: nothing where it does not fit, an error where it fits and cannot be.
type Found = Option<Result<Published, TimeError>>;

/// The beginning of a text in compatibility form, so that full-width digits and signs are ordinary ones.
fn plain(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).nfkc().collect()
}

/// A date with its year, anywhere in the text.
fn absolute(tokens: &[Token<'_>], context: Context) -> Found {
    (0..tokens.len()).find_map(|at| {
        let cursor = Cursor::new(tokens, at);
        let sighting = shapes::SHAPES.iter().find_map(|shape| shape(cursor))?;
        Some(sighting.published(context.zone))
    })
}

/// A text that is nothing but digits: a day (`20261124`), with a time of day, or an epoch time.
fn digits(tokens: &[Token<'_>], context: Context) -> Found {
    let (value, digits, end) = Cursor::new(tokens, 0).after_label().any_number()?;
    if !end.is_end() {
        return None;
    }
    let ms = i64::try_from(value).ok()?;
    match digits {
        8 | 12 | 14 => Some(shapes::of_digits(value, digits)?.published(context.zone)),
        10 => Some(from_epoch_ms(ms.saturating_mul(1_000), context.now)),
        13 => Some(from_epoch_ms(ms, context.now)),
        _ => None,
    }
}

/// A date without a year: `12月8日` anywhere, `12-08` and `12/08` only when there is nothing else.
fn without_year(tokens: &[Token<'_>], context: Context) -> Found {
    let named = || (0..tokens.len()).find_map(|at| shapes::month_day_named(Cursor::new(tokens, at)));
    let sighting = shapes::month_day_alone(Cursor::new(tokens, 0).after_label()).or_else(named)?;
    let limit = context.now.saturating_add(MAX_AHEAD).unwrap_or(context.now);
    let latest = context.zone.to_datetime(limit).year();
    let published = (0..=MAX_YEARS_BACK)
        .filter_map(|back| sighting.in_year(latest - back).published(context.zone).ok())
        .find(|published| published.at <= limit);
    Some(published.ok_or(TimeError::Impossible))
}

fn within(published: Published, now: Timestamp) -> Result<Published, TimeError> {
    if published.at < EARLIEST {
        return Err(TimeError::TooOld);
    }
    if published.at.duration_since(now) > MAX_AHEAD {
        return Err(TimeError::TooFarAhead);
    }
    Ok(published)
}

fn start_of(day: Date, zone: Offset) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

/// The day that the segments of a path begin with.
fn day_of_segments(segments: &[&str]) -> Option<Date> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let date = |year: u64, month: u64, day: u64| {
        let year = i16::try_from(year).ok().filter(|year| (1990..2100).contains(year))?;
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    let first = *segments.first()?;
    // `t20251208_1.html`, `20251208`
    let stamp = first.strip_prefix('t').unwrap_or(first);
    let stamp = stamp.split(['_', '.', '-']).next().filter(|stamp| stamp.len() == 8);
    if let Some(stamp) = stamp.and_then(number) {
        return date(stamp / 10_000, stamp / 100 % 100, stamp % 100);
    }
    let parts: Vec<&str> = first.split('-').chain(segments[1..].iter().take(2).copied()).collect();
    let day_length = |text: &str| (1..=2).contains(&text.len());
    match parts.as_slice() {
        // `2026/9/10`, `2026-11/24`, `2026-11-24`
        [year, month, day, ..] if year.len() == 4 && day_length(month) && day_length(day) => {
            date(number(year)?, number(month)?, number(day)?)
        }
        // `202611/24`
        [month, day, ..] if month.len() == 6 && day.len() == 2 => {
            let month = number(month)?;
            date(month / 100, month % 100, number(day)?)
        }
        _ => None,
    }
}

fn read(time: &RawTime, zone: Offset, now: Timestamp) -> Result<Published, TimeError> {
    match time {
        RawTime::Text(text) => parse(text, zone, now),
        RawTime::EpochMs(ms) => from_epoch_ms(*ms, now),
    }
}

/// Whether a time says more exactly what another one says: the same day, and the same minute where that is known.
fn refines(finer: Published, known: Published, zone: Offset) -> bool {
    let (a, b) = (zone.to_datetime(finer.at), zone.to_datetime(known.at));
    let is_same_minute = a.hour() == b.hour() && a.minute() == b.minute();
    // The midnight of a day that is known is how systems write that they know no more.
    let is_day_again = known.precision == Precision::Day && finer.at == known.at;
    finer.precision < known.precision
        && a.date() == b.date()
        && !is_day_again
        && (known.precision != Precision::Minute || is_same_minute)
}

fn refusal(found: &FoundTime, error: TimeError) -> String {
    let text = match &found.time {
        RawTime::Text(text) => super::html::collapse(&text.chars().take(MAX_NOTE_CHARS).collect::<String>()),
        RawTime::EpochMs(ms) => format!("{ms} ms"),
    };
    format!("time `{text}` of rule `{}` is refused: {error}", found.rule)
}

#[cfg(test)]
mod tests;
