//! Stage 3: a fetched document becomes the entries it holds, as strings, exactly as found.
//!
//! Everything here is synchronous and reads only the bytes it is handed: no network, no clock, no store.
//! Callers run it off the asynchronous threads, since hostile pages may take long.
//!
//! **Invariant:** nothing is invented. A field that the document does not hold stays empty, and every field
//! that is filled says which rule gave it.

pub mod article;
pub mod charset;
pub mod digest;
pub mod feed;
pub mod html;
pub mod json;
pub mod list;
pub mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

/// A document as it came from the network or a file, body decompressed but not decoded.
#[derive(Debug, Clone)]
pub struct Document {
    /// The effective address: the one after redirects, against which links resolve.
    pub url: Url,
    /// The `Content-Type` header, if one came.
    pub content_type: Option<String>,
    /// The bytes.
    pub body: Vec<u8>,
}

/// A time as found: not yet parsed, since only the source's settings know its zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RawTime {
    /// Text such as `日期：2026-02-03` or `Tue, 24 Nov 2026 10:00:00 +0800`.
    Text(String),
    /// Milliseconds of the Unix epoch.
    EpochMs(i64),
}

/// A time with the rule that found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundTime {
    /// The time as found.
    pub time: RawTime,
    /// The rule that found it, for people.
    pub rule: String,
}

/// A file or picture that an entry links to, as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawEnclosure {
    /// Absolute address.
    pub url: Url,
    /// Media type, when the document states one.
    pub media_type: Option<String>,
    /// Size in bytes, when the document states one.
    pub length_bytes: Option<u64>,
}

/// One item as found: strings, nothing cleaned, nothing parsed.
///
/// A row of a list is a `RawEntry` with few fields; [`RawEntry::completed_by`] adds those of its article.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawEntry {
    /// The source's own id (`guid`, `manuscriptId`); `None` when it gives none.
    pub id: Option<String>,
    /// Where people read it, absolute.
    pub url: Option<Url>,
    /// The title as text; white space not yet collapsed.
    pub title: String,
    /// Times of publication, the most trusted first.
    pub published: Vec<FoundTime>,
    /// The source's own "last changed", when it differs from publication.
    pub updated: Option<FoundTime>,
    /// The text of 来源 or the author's name.
    pub origin: Option<String>,
    /// The bureau that the text itself names as its author, as written (`江西省邮政管理局`).
    pub attribution: Option<String>,
    /// The source's own summary, as text.
    pub summary: Option<String>,
    /// The body as HTML, not sanitised; relative addresses resolve against [`RawEntry::base`].
    pub content_html: Option<String>,
    /// The address against which the body's links resolve, when it is not `url`.
    pub base: Option<Url>,
    /// Attachments.
    pub enclosures: Vec<RawEnclosure>,
    /// BCP 47 language, when the document states one.
    pub language: Option<String>,
    /// Which rule gave each field, by the field's name.
    #[serde(skip)]
    pub fields: BTreeMap<&'static str, String>,
}

/// What one document gave.
#[derive(Debug, Clone, Default)]
pub struct Extracted {
    /// The items, in document order.
    pub entries: Vec<RawEntry>,
    /// Which rule gave the items, for people (`profile rows "ul.news > li"`).
    pub rule: String,
    /// What a person should know: a repair that was needed, rows that were left out and why.
    pub notes: Vec<String>,
    /// The feed's own title, when the document is a feed.
    pub feed_title: Option<String>,
    /// The shortest time between polls that a feed asks for, in minutes (RSS 2.0 `ttl`).
    pub ttl_minutes: Option<u32>,
    /// The hub that tells of its changes, when a feed names one.
    pub offer: Option<Box<feed::offer::Offer>>,
}

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// Elements are nested deeper than any real page.
    #[error(
        "`{url}` nests elements deeper than {limit}; it is not read, since parsing it would take minutes"
    )]
    TooDeep {
        /// The document.
        url: Url,
        /// The limit in force.
        limit: usize,
    },
    /// It has more elements than any real page.
    #[error(
        "`{url}` holds more than {limit} elements and texts; it is not read, since it would fill the memory"
    )]
    TooLarge {
        /// The document.
        url: Url,
        /// The limit in force.
        limit: usize,
    },
    /// It makes the parser work far more than its length tells.
    #[error("`{url}` is written so that parsing it would take minutes; it is not read")]
    TooComplex {
        /// The document.
        url: Url,
    },
    /// No feed could be made of it, even after repair.
    #[error("`{url}` is no feed that can be read: {reason}")]
    NotAFeed {
        /// The document.
        url: Url,
        /// What is wrong with it.
        reason: String,
    },
    /// It is not JSON.
    #[error("`{url}` is no JSON that can be read")]
    NotJson {
        /// The document.
        url: Url,
        /// The parser's complaint.
        source: serde_json::Error,
    },
    /// The page answers, but what it says is that there is no such article.
    #[error("`{url}` answers with a page that says the article does not exist")]
    Missing {
        /// The document.
        url: Url,
    },
}

impl RawEntry {
    /// Adds what the article behind this row says: its body, origin and attachments, its title where the
    /// row's is cut or empty, and its times after the row's own, which are more to be trusted.
    #[must_use]
    pub fn completed_by(mut self, article: RawEntry) -> Self {
        if is_cut(&self.title) && !article.title.trim().is_empty() {
            self.title = article.title;
            take_rule(&mut self.fields, &article.fields, "title");
        }
        self.published.extend(article.published);
        for (mine, theirs, name) in [
            (&mut self.origin, article.origin, "origin"),
            (&mut self.attribution, article.attribution, "attribution"),
            (&mut self.content_html, article.content_html, "content_html"),
            (&mut self.language, article.language, "language"),
        ] {
            if theirs.is_some() {
                *mine = theirs;
                take_rule(&mut self.fields, &article.fields, name);
            }
        }
        if self.summary.is_none() && article.summary.is_some() {
            self.summary = article.summary;
            take_rule(&mut self.fields, &article.fields, "summary");
        }
        if !article.enclosures.is_empty() {
            self.enclosures = article.enclosures;
            take_rule(&mut self.fields, &article.fields, "enclosures");
        }
        self.updated = self.updated.or(article.updated);
        self.base = article.base.or(self.base);
        self.url = self.url.or(article.url);
        self
    }
}

/// Whether a list shows only the beginning of a title.
fn is_cut(title: &str) -> bool {
    let title = title.trim();
    title.is_empty() || title.ends_with('…') || title.ends_with("...") || title.ends_with("..")
}

fn take_rule(
    mine: &mut BTreeMap<&'static str, String>,
    theirs: &BTreeMap<&'static str, String>,
    name: &'static str,
) {
    if let Some(rule) = theirs.get(name) {
        mine.insert(name, rule.clone());
    }
}
