//! Stage 1: when a source is due.
//!
//! Pure: the present and chance are parameters.

use std::time::Duration;

use crate::{config::Schedule, model::Timestamp};

/// The interval varies by this share either way, so that sources polled together do not stay together.
const JITTER: f64 = 0.1;
/// After this many failures in a row the interval no longer doubles.
const MAX_DOUBLINGS: u32 = 6;

/// What bears on the time of the next visit.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The source's interval.
    pub interval: Duration,
    /// What the source asks for: `Retry-After`, or a feed's `ttl`.
    pub asked: Option<Duration>,
    /// Failures in a row.
    pub n_failures: u32,
}

/// Returns the earliest time at which a source may be polled again.
///
/// The interval, within the bounds of the schedule, doubles with each failure in a row up to `max_interval`, and never
/// stops: a source that comes back is found. What the source asks for is kept, but never past `max_interval`, so that a
/// wrong header cannot silence it. `chance` is a number from 0 to 1.
pub fn next_poll_at(now: Timestamp, timing: Timing, bounds: &Schedule, chance: f64) -> Timestamp {
    let interval = timing.interval.clamp(bounds.min_interval, bounds.max_interval);
    let doubled = interval.saturating_mul(1 << timing.n_failures.min(MAX_DOUBLINGS));
    let wait = doubled.max(timing.asked.unwrap_or_default()).min(bounds.max_interval.max(interval));
    let jittered = wait.mul_f64(1.0 + JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0));
    now.checked_add(jittered).unwrap_or(now)
}

/// News older than this many polls of the usual gap are met within an eighth of it.
const POLLS_PER_GAP: u32 = 8;
/// What a source published over less than this says nothing of its habits.
const MIN_SPAN: Duration = Duration::from_hours(48);

/// The interval of a source that published `n_new` entries over a span: an eighth of the usual gap between two, so that
/// news are seen soon, and at most a quarter of `max_interval`, so that a quiet source that speaks again is heard.
pub fn adaptive_interval(n_new: u32, over: Duration, bounds: &Schedule) -> Duration {
    if over < MIN_SPAN {
        return bounds.interval;
    }
    let gap = over / n_new.saturating_add(1);
    let longest = (bounds.max_interval / 4).max(bounds.interval);
    (gap / POLLS_PER_GAP).clamp(bounds.min_interval.min(longest), longest)
}

/// When an article is visited again after its first sight: changes and withdrawals show soon or never.
pub const REVISITS: [Duration; 5] = [
    Duration::from_hours(1),
    Duration::from_hours(6),
    Duration::from_hours(24),
    Duration::from_hours(72),
    Duration::from_hours(168),
];

/// A document that is gone twice, this far apart, is withdrawn.
pub const GONE_FOR: Duration = Duration::from_hours(24);

/// Whether an article is to be visited again: one of its times has come since the source's last visit.
///
/// Derived from times that are stored anyway, so that visiting an unchanged source writes nothing.
pub fn revisit_due(
    seen_at: Timestamp,
    gone_at: Option<Timestamp>,
    last_poll_at: Timestamp,
    now: Timestamp,
) -> bool {
    let falls = |start: Timestamp, after: Duration| {
        start.checked_add(after).is_ok_and(|at| at > last_poll_at && at <= now)
    };
    REVISITS.iter().any(|after| falls(seen_at, *after)) || gone_at.is_some_and(|at| falls(at, GONE_FOR))
}

/// How long to wait before an article that failed is tried again.
pub fn retry_after(n_failures: i64) -> Duration {
    const FIRST: Duration = Duration::from_mins(5);
    const LONGEST: Duration = Duration::from_hours(6);
    let doublings = u32::try_from(n_failures.clamp(1, 16) - 1).unwrap_or(0);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn bounds() -> Schedule {
        Schedule {
            interval: Duration::from_mins(20),
            min_interval: Duration::from_mins(5),
            max_interval: Duration::from_secs(24 * HOUR),
            first_poll_age: Duration::ZERO,
            max_articles: 1,
            adaptive: true,
        }
    }

    fn waits(interval: u64, asked: Option<u64>, n_failures: u32, chance: f64) -> u64 {
        let timing = Timing {
            interval: Duration::from_secs(interval),
            asked: asked.map(Duration::from_secs),
            n_failures,
        };
        let next = next_poll_at(Timestamp::UNIX_EPOCH, timing, &bounds(), chance);
        u64::try_from(next.as_second()).unwrap()
    }

    #[test]
    fn the_interval_holds_within_its_bounds_and_varies_by_chance() {
        assert_eq!(waits(HOUR, None, 0, 0.5), HOUR);
        assert_eq!(waits(HOUR, None, 0, 0.0), HOUR * 9 / 10);
        assert_eq!(waits(HOUR, None, 0, 1.0), HOUR * 11 / 10);
        assert_eq!(waits(1, None, 0, 0.5), 300);
        assert_eq!(waits(99 * HOUR, None, 0, 0.5), 24 * HOUR);
    }

    #[test]
    fn failures_double_it_and_never_end_it() {
        assert_eq!(waits(HOUR, None, 1, 0.5), 2 * HOUR);
        assert_eq!(waits(HOUR, None, 3, 0.5), 8 * HOUR);
        assert_eq!(waits(HOUR, None, 4_000_000, 0.5), 24 * HOUR);
    }

    #[test]
    fn what_the_source_asks_for_is_kept_but_never_past_the_longest_interval() {
        assert_eq!(waits(HOUR, Some(3 * HOUR), 0, 0.5), 3 * HOUR);
        assert_eq!(waits(HOUR, Some(60), 0, 0.5), HOUR);
        assert_eq!(waits(HOUR, Some(9_999 * HOUR), 0, 0.5), 24 * HOUR);
    }

    #[test]
    fn the_interval_follows_how_often_a_source_publishes() {
        let check = |n_new: u32, over_hours: u64, expected_minutes: u64| {
            let interval = adaptive_interval(n_new, Duration::from_secs(over_hours * HOUR), &bounds());
            assert_eq!(interval.as_secs() / 60, expected_minutes, "{n_new} in {over_hours} h");
        };
        check(5, 24, 20);
        check(13, 14 * 24, 180);
        check(41, 14 * 24, 60);
        check(2_000, 14 * 24, 5);
        check(0, 14 * 24, 360);
    }

    #[test]
    fn an_article_is_visited_again_once_per_time() {
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let check = |gone: Option<i64>, last: i64, now: i64, expected: bool| {
            assert_eq!(revisit_due(at(0), gone.map(at), at(last), at(now)), expected, "{last}..{now}");
        };
        check(None, 0, 3_599, false);
        check(None, 3_000, 3_600, true);
        check(None, 3_600, 4_200, false);
        check(None, 3_600, 999_999, true);
        check(None, 700_000, 900_000, false);
        check(Some(700_000), 786_000, 786_400, true);
    }

    #[test]
    fn an_article_that_fails_is_tried_ever_more_rarely() {
        let minutes: Vec<u64> = (1..=9).map(|n| retry_after(n).as_secs() / 60).collect();
        assert_eq!(minutes, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
    }
}
