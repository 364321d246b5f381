//! Names of documents, as they are kept under.

use jiff::civil::Date;

use crate::publish::{
    Format,
    daily::Edition,
    page::{Lang, STYLE_PATH},
    slice::{Facet, Slice},
};

use super::month::Month;

/// Path of the feed of editions.
pub(super) const DAILY_FEED: &str = "daily.atom";

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
            Self::DailyFeed => DAILY_FEED.into(),
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
    Search(SearchRequest),
}

/// A search, as a person asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SearchRequest {
    /// Words, regions and topics.
    pub slice: Slice,
    /// First day.
    pub since: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
    /// What comes first.
    pub order: Order,
    /// Which page of what was found, from 1 on.
    pub page: u32,
}

/// Pages of one search: whoever looks for more asks more narrowly, or the API.
pub const MAX_SEARCH_PAGES: u32 = 40;

/// What a search shows first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// What fits best, of the newest; the order where words are searched for.
    Best,
    /// The newest.
    Newest,
}

impl Order {
    /// Its name in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Newest => "newest",
        }
    }
}

impl SearchRequest {
    /// Path and query, without leading `/`; what goes without saying is left out.
    pub fn path(&self) -> String {
        let mut path = format!("search{}", self.slice.query());
        let mut say = |key: &str, value: &dyn std::fmt::Display| {
            let mark = if path.contains('?') { '&' } else { '?' };
            path = format!("{path}{mark}{key}={value}");
        };
        for (key, day) in [("since", self.since), ("until", self.until)] {
            if let Some(day) = day {
                say(key, &day);
            }
        }
        if self.order != Self::usual(&self.slice) {
            say("order", &self.order.key());
        }
        if self.page > 1 {
            say("page", &self.page);
        }
        path
    }

    /// The order that nobody needs to ask for: without words there is nothing that fits better.
    pub fn usual(slice: &Slice) -> Order {
        if slice.words.is_empty() { Order::Newest } else { Order::Best }
    }
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
            Self::Search(request) => request.path(),
        }
    }
}
