//! Names of documents, as they are kept under.

use super::month::Month;
use crate::publish::{Format, page::STYLE_PATH, slice::Slice};

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The page of the newest stories.
    Home,
    /// The style of all pages.
    Style,
    /// A feed; without anything set in its slice, the merged one.
    Feed {
        /// Which stories.
        slice: Slice,
        /// In which format.
        format: Format,
    },
    /// The part of a feed that changed after a count of changes (RFC 3229).
    Delta {
        /// Which stories.
        slice: Slice,
        /// In which format.
        format: Format,
        /// The count.
        since: i64,
    },
    /// A month of the merged feed, or a part of a full one.
    Archive {
        /// The month.
        month: Month,
        /// From 0.
        part: usize,
        /// In which format.
        format: Format,
    },
}

impl Key {
    /// A feed.
    pub fn feed(slice: Slice, format: Format) -> Self {
        Self::Feed { slice, format }
    }

    /// Its path and query, without leading `/`.
    pub fn path(&self) -> String {
        match self {
            Self::Home => String::new(),
            Self::Style => STYLE_PATH.into(),
            Self::Feed { slice, format } | Self::Delta { slice, format, .. } => slice.place().path(*format),
            Self::Archive { month, part, format } => month.place(*part).path(*format),
        }
    }
}
