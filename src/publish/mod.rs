//! Stage 7: stories become bytes.
//!
//! Pure: the same stories and settings give the same bytes, so that a restart keeps the `ETag`; the feed's own time is
//! when what readers see last changed, never when it was rendered.

pub mod alerts;
pub mod atom;
pub mod body;
pub mod daily;
mod document;
mod elements;
mod escape;
mod fit;
mod item;
pub mod json_feed;
pub mod opml;
pub mod page;
pub mod rss;
pub mod slice;
pub mod status;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use document::{Archive, Document, FeedMeta, Format, Place};
pub use fit::MAX_FEED_BYTES;

use crate::model::Timestamp;

/// Stories of a feed at most, whatever its window says.
pub const MAX_FEED_STORIES: usize = 2_000;

/// The start of the window: what changed since then is in the feed, however much it is.
///
/// Counted from the feed's own time instead of the clock, so that a feed without changes keeps its bytes.
pub fn window_since(changed_at: Timestamp, window_age: Duration) -> Timestamp {
    changed_at.checked_sub(window_age).unwrap_or(Timestamp::MIN)
}

/// The feed's new time after a change: the present, and at least a second after the one before, since
/// `Last-Modified` knows no fractions (RFC 9110 §8.8.2).
pub fn next_change_time(before: Timestamp, now: Timestamp) -> Timestamp {
    let second = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap_or(at);
    let least = second(before).checked_add(Duration::from_secs(1)).unwrap_or(before);
    second(now).max(least)
}

/// Whether a document is well-formed XML: one broken character would take the whole feed from its readers.
pub fn check_xml(document: &[u8]) -> Result<(), String> {
    let mut reader = quick_xml::Reader::from_reader(document);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(format!("{error} at byte {}", reader.error_position())),
        }
    }
}
