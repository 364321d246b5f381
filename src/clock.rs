//! The one place that reads the clock. Everything else is handed `now`.

use jiff::Timestamp;

/// Returns the present instant, cut to milliseconds: the precision of the store.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
