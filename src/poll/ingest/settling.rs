//! What a story shows: which of its entries, with which times. Pure.

use std::time::Duration;

use jiff::SignedDuration;

use super::Item;
use crate::{
    config::Config,
    dedup::{self, Rank, Reason},
    model::{Published, Timestamp},
    store::{Shown, Telling},
};

/// The least by which a story's `updated` moves: feeds print it to the second, and readers must see that it moved.
const UPDATED_STEP: Duration = Duration::from_secs(1);

/// When a story is settled; one time, but for arrivals from files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// The time in which entries are seen.
    pub(super) now: Timestamp,
    /// The present.
    pub(super) today: Timestamp,
    /// The story's place in the window, behind which it does not fall.
    pub(super) place: Timestamp,
}

impl From<Timestamp> for Times {
    fn from(now: Timestamp) -> Self {
        Self { now, today: now, place: Timestamp::MIN }
    }
}

/// What a story is to show instead of what it shows, and `None` when that stays: another entry, or the present one
/// (`revised`) with a new text.
pub(super) fn settled(
    tellings: &[Telling],
    shown: Shown,
    revised: Option<i64>,
    config: &Config,
    times: Times,
) -> Option<Shown> {
    let eligible = eligible(tellings, times.today);
    let ranks: Vec<Rank> = eligible.iter().map(|telling| rank(telling, config)).collect();
    let best = dedup::canonical(&ranks)?.entry_id;
    if shown.canonical_id == best && revised != Some(best) && !shown.is_withdrawn {
        return None;
    }
    let telling = eligible.iter().find(|telling| telling.entry_id == best);
    let published = telling.map_or(shown.published, |telling| telling.published);
    let updated_at = times.now.max(after(shown.updated_at, UPDATED_STEP));
    Some(Shown { canonical_id: best, published, updated_at, is_withdrawn: false })
}

/// The entry of a story that readers are to get.
pub(crate) fn best(tellings: &[Telling], config: &Config, now: Timestamp) -> Option<i64> {
    let ranks: Vec<Rank> = eligible(tellings, now).into_iter().map(|telling| rank(telling, config)).collect();
    dedup::canonical(&ranks).map(|best| best.entry_id)
}

/// Why readers get an entry of a story.
pub(crate) fn reason(tellings: &[Telling], entry_id: i64, config: &Config, now: Timestamp) -> Reason {
    let ranks: Vec<Rank> = eligible(tellings, now).into_iter().map(|telling| rank(telling, config)).collect();
    dedup::reason(&ranks, entry_id)
}

/// The entries that are there; all when none is. Those that told an old story again count only when there are no others.
fn eligible(tellings: &[Telling], now: Timestamp) -> Vec<&Telling> {
    let there = |telling: &&Telling| !is_gone(telling.gone_at, now);
    let any_there = tellings.iter().any(|telling| there(&telling));
    let mut found: Vec<&Telling> = tellings.iter().filter(|telling| !any_there || there(telling)).collect();
    if found.iter().any(|telling| !telling.is_again) {
        found.retain(|telling| !telling.is_again);
    }
    found
}

/// When a new story's content last changed, and its place in the feed's window: backlog counts by its time of
/// publication.
pub(super) fn first_times(
    item: &Item,
    shown: Published,
    config: &Config,
    now: Timestamp,
) -> (Timestamp, Timestamp) {
    let updated_at = item.entry.updated_at.unwrap_or(shown.at).max(shown.at);
    (updated_at, place(item.is_backlog, shown, config, now))
}

/// The place in the feed's window of a story that readers are to see for the first time.
pub(super) fn place(is_backlog: bool, shown: Published, config: &Config, now: Timestamp) -> Timestamp {
    let old = before(now, config.schedule.first_poll_age);
    if is_backlog || shown.at < old { shown.at.min(now) } else { now }
}

/// Whether a document has been gone for long enough to believe it.
pub(super) fn is_gone(since: Option<Timestamp>, now: Timestamp) -> bool {
    let long_enough = SignedDuration::try_from(crate::schedule::GONE_FOR).unwrap_or_default();
    since.is_some_and(|since| now.duration_since(since) >= long_enough)
}

/// What decides whether readers get an entry.
pub(crate) fn rank(telling: &Telling, config: &Config) -> Rank {
    let is_province = telling
        .bureau
        .as_deref()
        .is_none_or(|name| config.bureaus.rows().iter().any(|row| row.bureau == name));
    Rank {
        entry_id: telling.entry_id,
        standing: config.dedup.settings.roles.standing(telling.role),
        is_province,
        is_correction: telling.is_correction,
        n_chars: telling.n_chars,
        seen_at: telling.seen_at,
    }
}

/// A time so long before another.
pub(super) fn before(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
