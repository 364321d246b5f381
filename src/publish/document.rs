//! What is rendered: a feed's own facts, its stories and what was withdrawn from it.

use jiff::tz::Offset;
use url::Url;

use super::{
    fit::{self, MAX_FEED_BYTES},
    item::Item,
};
use crate::model::{Bureaus, Story, Timestamp, Tombstone, Topics};

/// The formats of a feed, in the order in which they are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Atom 1.0 (RFC 4287).
    Atom,
    /// RSS 2.0.
    Rss,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// All of them; some readers take only the first.
    pub const ALL: [Self; 3] = [Self::Atom, Self::Rss, Self::Json];

    /// The end of an address, without its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Atom => "atom",
            Self::Rss => "rss",
            Self::Json => "json",
        }
    }

    /// The format that an extension names.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Atom => "Atom",
            Self::Rss => "RSS",
            Self::Json => "JSON Feed",
        }
    }

    /// The media type in links, without parameters.
    pub fn link_type(self) -> &'static str {
        match self {
            Self::Atom => "application/atom+xml",
            Self::Rss => "application/rss+xml",
            Self::Json => "application/feed+json",
        }
    }

    /// The media type of the answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Atom => super::atom::MEDIA_TYPE,
            Self::Rss => super::rss::MEDIA_TYPE,
            Self::Json => super::json_feed::MEDIA_TYPE,
        }
    }

    /// Renders a document in this format.
    pub fn render(self, document: &Document) -> Vec<u8> {
        match self {
            Self::Atom => super::atom::feed(document),
            Self::Rss => super::rss::feed(document),
            Self::Json => super::json_feed::feed(document),
        }
    }
}

/// Where a feed stands below the base address, in any format: `{stem}.{extension}{query}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Path without leading `/` and without extension: `feed`, `regions/CN-JX/feed`, `archive/2026/11`.
    pub stem: String,
    /// Empty, or the query with its `?`, percent-encoded.
    pub query: String,
}

impl Place {
    /// A place without a query.
    pub fn new(stem: impl Into<String>) -> Self {
        Self { stem: stem.into(), query: String::new() }
    }

    /// The path in a format, without leading `/`.
    pub fn path(&self, format: Format) -> String {
        format!("{}.{}{}", self.stem, format.extension(), self.query)
    }
}

/// A document's part in the history of its feed (RFC 5005 §4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Archive {
    /// It has no archives.
    #[default]
    None,
    /// It changes, and what left it stands in archives.
    Subscription {
        /// The newest archive, once there is one.
        prev: Option<Place>,
    },
    /// It holds the stories of one month.
    Month {
        /// The month before; `None` for the oldest.
        prev: Option<Place>,
        /// The month after; `None` for the newest.
        next: Option<Place>,
        /// The subscription document.
        current: Place,
    },
}

impl Archive {
    /// The document with what came before.
    pub fn prev(&self) -> Option<&Place> {
        match self {
            Self::None => None,
            Self::Subscription { prev } | Self::Month { prev, .. } => prev.as_ref(),
        }
    }

    /// The feed-history links of a document: relation and place.
    pub(super) fn links(&self) -> Vec<(&'static str, &Place)> {
        let mut links = Vec::new();
        links.extend(self.prev().map(|place| ("prev-archive", place)));
        if let Self::Month { next, current, .. } = self {
            links.extend(next.as_ref().map(|place| ("next-archive", place)));
            links.push(("current", current));
        }
        links
    }
}

/// What is said of the feed itself.
#[derive(Debug, Clone)]
pub struct FeedMeta<'a> {
    /// Its Atom id; a slice has its own, an archive that of the feed whose history it is.
    pub atom_id: &'a str,
    /// Its title, the slice's included.
    pub title: &'a str,
    /// Its subtitle.
    pub subtitle: &'a str,
    /// When what readers see last changed.
    pub updated_at: Timestamp,
    /// Zone of the times we write.
    pub zone: Offset,
    /// Its language.
    pub language: &'a str,
    /// The address under which everything is served, ending in `/`.
    pub base_url: &'a Url,
    /// Where it stands, in any format.
    pub place: &'a Place,
    /// Path and query of its page for people, without leading `/`; empty for the home page.
    pub page: &'a str,
    /// Absolute addresses of the WebSub hubs where it can be subscribed to.
    pub hubs: &'a [String],
    /// Its part in the history of its feed.
    pub archive: Archive,
    /// The regions and their names.
    pub bureaus: &'a Bureaus,
    /// The topics and their names.
    pub topics: &'a Topics,
}

impl FeedMeta<'_> {
    /// The absolute address of a path and query.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The absolute address of a place in a format.
    pub fn feed_address(&self, place: &Place, format: Format) -> String {
        self.address(&place.path(format))
    }

    /// The document's own absolute address in a format: `rel=self`, and the WebSub topic.
    pub fn self_address(&self, format: Format) -> String {
        self.feed_address(self.place, format)
    }

    /// The absolute address of its page for people.
    pub fn page_address(&self) -> String {
        self.address(self.page)
    }

    /// The absolute address of a story's page here.
    pub fn story_address(&self, atom_id: &crate::model::AtomId) -> String {
        self.address(&format!("stories/{}", atom_id.short()))
    }

    /// What the keys of topics belong to: the address under which each has its page.
    pub fn topic_scheme(&self) -> String {
        self.address("topics/")
    }
}

/// Everything that a feed document says.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Of the feed.
    pub meta: &'a FeedMeta<'a>,
    /// Its stories, in the order in which they are written.
    pub stories: &'a [Story],
    /// What was withdrawn from it (RFC 6721), newest first.
    pub tombstones: &'a [Tombstone],
}

impl<'a> Document<'a> {
    /// What is written of its stories, within [`MAX_FEED_BYTES`]. An archive is the one place where its stories are found
    /// for ever, and leaves out none; what leaves a subscription document stands in an archive. `frame_bytes` is what the
    /// format writes around each.
    pub(super) fn items(&self, frame_bytes: usize) -> Vec<Item<'a>> {
        match self.meta.archive {
            Archive::Month { .. } => fit::all(self.stories, frame_bytes, MAX_FEED_BYTES),
            Archive::None | Archive::Subscription { .. } => fit::latest(self.stories, frame_bytes),
        }
    }
}
