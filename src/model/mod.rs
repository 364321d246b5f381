//! The nouns of the house. No I/O, no SQL, no serialisation of wire formats.

mod bureau;
mod entry;
mod source;
mod story;
mod topic;
mod url;

pub use bureau::{Bureau, Bureaus, Region, RegionRow};
pub use entry::{Enclosure, Entry, Fingerprint, Precision, Published};
pub use source::{Kind, Role, Source, SourceKey, SourceKeyError};
pub use story::{AtomId, Copy, RelatedStory, Story, Tombstone};
pub use topic::{Topic, Topics};
pub use url::CanonicalUrl;

/// An instant of time, in UTC, to the millisecond.
pub use jiff::Timestamp;
