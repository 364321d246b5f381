//! Names of documents, as they are kept under.

use jiff::civil::Date;

use crate::publish::{
    Format,
    daily::Edition,
    page::{Lang, STYLE_PATH},
    slice::{Facet, Slice},
};

use super::month::Month;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The page of the newest stories.
    Home,
    /// The style of all pages.
    Style,
    /// The list of our feeds.
    Opml,
    /// The feed of daily editions.
    DailyFeed,
    /// A day's edition as plain text.
    DailyText(Date),
    /// A page for people.
    Page {
        /// What it shows.
        leaf: Leaf,
        /// In which language.
        lang: Lang,
    },
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
            Self::Opml => "opml".into(),
            Self::DailyFeed => "daily.atom".into(),
            Self::DailyText(day) => Edition::text_path(*day),
            Self::Page { leaf, lang: Lang::Zh } => leaf.path(),
            Self::Page { leaf, lang: Lang::En } => {
                let path = leaf.path();
                let mark = if path.contains('?') { '&' } else { '?' };
                format!("{path}{mark}lang=en")
            }
            Self::Feed { slice, format } | Self::Delta { slice, format, .. } => slice.place().path(*format),
            Self::Archive { month, part, format } => month.place(*part).path(*format),
        }
    }
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// The newest stories.
    Front,
    /// The stories of a slice.
    Slice(Slice),
    /// All regions, topics or sources.
    Overview(Facet),
    /// The days that have an edition.
    Days,
    /// A day's edition.
    Day(Date),
    /// A story, by its short name.
    Story(String),
    /// What is searched for.
    Search {
        /// Words, regions and topics.
        slice: Slice,
        /// First day.
        since: Option<Date>,
        /// Last day.
        until: Option<Date>,
    },
}

impl Leaf {
    /// Path and query, without leading `/` and without the language.
    pub fn path(&self) -> String {
        match self {
            Self::Front => String::new(),
            Self::Slice(slice) => slice.page(),
            Self::Overview(facet) => facet.folder().to_owned(),
            Self::Days => "daily".into(),
            Self::Day(day) => Edition::path(*day),
            Self::Story(short) => format!("stories/{short}"),
            Self::Search { slice, since, until } => {
                let mut path = format!("search{}", slice.query());
                for (key, day) in [("since", since), ("until", until)] {
                    if let Some(day) = day {
                        let mark = if path.contains('?') { '&' } else { '?' };
                        path = format!("{path}{mark}{key}={day}");
                    }
                }
                path
            }
        }
    }
}
