//! Pages for people: HTML without scripts, in Chinese or English, light or dark, for any width.
//!
//! **Invariant:** what a source said is escaped, or is content that `normalise` cleaned; a page loads nothing but its
//! style and the pictures of that content, which [`POLICY`] tells the browser.

mod edition;
mod lists;
mod overview;
mod search;
mod shell;
mod story;

pub use lists::{MAX_STORIES, SlicePage, home, slice};
pub use overview::{OverviewRow, overview};
pub use search::{Hit, SearchPage, search};
pub use shell::problem;

pub(super) use edition::{copied, edition_time, edition_ways};
pub use story::{Expired, StoryPage, expired, gone, story};

use jiff::tz::Offset;

use super::{FeedMeta, escape::html};
use crate::{
    model::{Precision, Published, Region, Timestamp},
    normalise::time::rfc3339,
};

/// Media type of a page.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";
/// Path of the style, without leading `/`.
pub const STYLE_PATH: &str = "style.css";
/// Media type of the style.
pub const STYLE_TYPE: &str = "text/css; charset=utf-8";
/// The style of every page.
pub const STYLE: &str = include_str!("style.css");
/// What a browser may do on a page (`Content-Security-Policy`).
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src https: http: data:; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// The language in which a page speaks; stories keep their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The language that `?lang=` names; Chinese unless it is `en`.
    pub fn from_query(value: &str) -> Self {
        if value.eq_ignore_ascii_case("en") { Self::En } else { Self::Zh }
    }

    /// BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// One of two texts.
    fn say<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }
}

/// What answers when a link of a page is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Venue {
    /// This program: it reads queries, searches, and speaks the language that is asked for.
    #[default]
    Server,
    /// Files, which know no query: no search, and English pages stand in [`ENGLISH_FOLDER`].
    Files,
}

/// Where the English pages stand among files.
pub const ENGLISH_FOLDER: &str = "en";

/// What every page needs to know.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The feed that belongs to the page, which readers find by it.
    pub meta: &'a FeedMeta<'a>,
    /// Name of the whole.
    pub site: &'a str,
    /// The language.
    pub lang: Lang,
    /// The page's own path and query, without leading `/` and without `lang`.
    pub path: &'a str,
    /// What the page is for.
    pub venue: Venue,
}

impl View<'_> {
    /// One of two texts of our own, which need no escaping.
    fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.say(zh, en)
    }

    /// An address of ours in the language of the page, escaped.
    fn link(&self, path: &str) -> String {
        self.link_in(path, self.lang)
    }

    fn link_in(&self, path: &str, lang: Lang) -> String {
        let address = self.meta.address(path);
        html(&match lang {
            Lang::Zh => address,
            Lang::En if self.venue == Venue::Files => self.meta.address(&format!("{ENGLISH_FOLDER}/{path}")),
            Lang::En if path.contains('?') => format!("{address}&lang=en"),
            Lang::En => format!("{address}?lang=en"),
        })
    }

    fn region_name(&self, region: &Region) -> String {
        match self.meta.bureaus.row(region) {
            Some(row) if self.lang == Lang::En && !row.en.is_empty() => html(&row.en),
            Some(row) => html(&row.name),
            None => html(region.as_str()),
        }
    }

    fn topic_name(&self, key: &str) -> String {
        match self.meta.topics.row(key) {
            Some(topic) => html(self.lang.say(&topic.zh, &topic.en)),
            None => html(key),
        }
    }
}

/// A time for people and for programs; of a day alone only the day is shown.
fn time_element(published: Published, zone: Offset) -> String {
    let full = rfc3339(published.at, zone);
    let n_chars = if published.precision == Precision::Day { 10 } else { 16 };
    let shown = full.get(..n_chars).unwrap_or(&full);
    let machine = if published.precision == Precision::Day { shown } else { &full };
    format!("<time datetime=\"{machine}\">{}</time>", shown.replace('T', " "))
}

/// An exact time.
fn exact(at: Timestamp, zone: Offset) -> String {
    time_element(Published { at, precision: Precision::Second }, zone)
}
