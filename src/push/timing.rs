//! Leases, and when what failed is tried again. Pure: the present and chance are parameters.

use std::time::Duration;

use crate::model::Timestamp;

/// The shortest lease that is granted; each costs a verification and the subscriber a renewal.
pub const MIN_LEASE: Duration = Duration::from_mins(5);
/// Wait after the first failed delivery.
const FIRST_RETRY: Duration = Duration::from_secs(10);
/// Longest wait between two tries.
pub const MAX_RETRY: Duration = Duration::from_hours(1);
/// A wait varies by this share either way, so that subscribers that failed together do not return together.
const JITTER: f64 = 0.2;
/// A callback that could not be reached for a verification is asked again after this, and then no more.
const VERIFY_AGAIN: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];

/// The lease that is granted (WebSub §5.1.1): what is asked for within bounds, the usual one when nothing is; never
/// perpetual (§5.3), whatever is asked for.
pub fn lease(asked: Option<u64>, usual: Duration, longest: Duration) -> Duration {
    let asked = asked.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    asked.unwrap_or(usual).clamp(MIN_LEASE.min(longest), longest)
}

/// How long to wait after `n_failures` failed deliveries in a row: doubling from ten seconds to an hour. What the
/// subscriber asks for (`Retry-After`) counts up to that hour. `chance` is a number from 0 to 1.
pub fn retry_after(n_failures: i64, asked: Option<Duration>, chance: f64) -> Duration {
    let doublings = u32::try_from(n_failures.clamp(1, 16) - 1).unwrap_or(0);
    let wait = FIRST_RETRY.saturating_mul(1 << doublings).max(asked.unwrap_or_default()).min(MAX_RETRY);
    wait.mul_f64(1.0 + JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0))
}

/// How long to wait before a callback that could not be reached is asked again whether it means it; `None`: no more.
pub fn verify_again(n_tries: i64) -> Option<Duration> {
    VERIFY_AGAIN.get(usize::try_from(n_tries).ok()?.checked_sub(1)?).copied()
}

/// When our own subscription at a hub is to be renewed: when nine tenths of its lease are over, and at least a minute
/// before its end where the lease is that long.
pub fn renew_at(granted_at: Timestamp, lease: Duration) -> Timestamp {
    let spare = (lease / 10).max(Duration::from_mins(1)).min(lease / 2);
    granted_at.checked_add(lease.saturating_sub(spare)).unwrap_or(granted_at)
}

/// How long to wait before a hub that did not take our subscription is asked again: from five minutes to a day.
pub fn ask_again(n_failures: i64, chance: f64) -> Duration {
    const FIRST: Duration = Duration::from_mins(5);
    const LONGEST: Duration = Duration::from_hours(24);
    let doublings = u32::try_from(n_failures.clamp(1, 16) - 1).unwrap_or(0);
    let wait = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    wait.mul_f64(1.0 + JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0))
}

/// A time after another; the end of time where there is none.
pub(super) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_what_is_asked_for_within_bounds_and_never_perpetual() {
        let day = Duration::from_hours(24);
        let check = |asked: Option<u64>, expected: Duration| {
            assert_eq!(lease(asked, 10 * day, 30 * day), expected, "{asked:?}");
        };
        check(None, 10 * day);
        check(Some(0), 10 * day);
        check(Some(1), MIN_LEASE);
        check(Some(86_400), day);
        check(Some(864_000_000), 30 * day);
        check(Some(u64::MAX), 30 * day);
        assert_eq!(lease(None, day, Duration::from_mins(1)), Duration::from_mins(1));
    }

    #[test]
    fn a_subscriber_that_fails_for_a_day_is_tried_ever_more_rarely_but_every_hour() {
        let seconds = |n| retry_after(n, None, 0.5).as_secs();
        let first: Vec<u64> = (1..=11).map(seconds).collect();
        assert_eq!(first, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        assert_eq!(seconds(i64::MAX), 3_600);
        let mut tries = 0;
        let mut at = 0;
        while at < 24 * 3_600 {
            tries += 1;
            at += seconds(tries);
        }
        assert_eq!(tries, 32, "tries in a day");
    }

    #[test]
    fn what_a_subscriber_asks_for_counts_up_to_an_hour_and_chance_spreads() {
        let check = |asked: u64, chance: f64, expected: u64| {
            let wait = retry_after(1, Some(Duration::from_secs(asked)), chance);
            assert_eq!(wait.as_secs(), expected, "{asked} {chance}");
        };
        check(120, 0.5, 120);
        check(1, 0.5, 10);
        check(999_999, 0.5, 3_600);
        check(100, 0.0, 80);
        check(100, 1.0, 120);
        check(100, f64::MAX, 120);
    }

    #[test]
    fn a_callback_that_cannot_be_reached_is_asked_three_times() {
        assert_eq!(
            (1..=4).map(verify_again).collect::<Vec<_>>(),
            [Some(Duration::from_secs(5)), Some(Duration::from_secs(30)), None, None]
        );
        assert_eq!(verify_again(0), None);
    }

    #[test]
    fn our_own_subscription_is_renewed_in_time() {
        let check = |lease: u64, expected: i64| {
            let at = renew_at(Timestamp::UNIX_EPOCH, Duration::from_secs(lease));
            assert_eq!(at.as_second(), expected, "{lease}");
        };
        check(864_000, 777_600);
        check(600, 540);
        check(60, 30);
        check(0, 0);
    }
}
