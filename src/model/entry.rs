//! An entry: one item as one source published it.

use jiff::Timestamp;

use super::{Bureau, CanonicalUrl, Region, Role, SourceKey};

/// How exactly a time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// Only the day.
    Day,
    /// Not given by the publisher: the time of first sight stands in.
    Seen,
}

impl Precision {
    /// The name used in JSON lines and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Seen => "seen",
        }
    }

    /// The precision of a stored name.
    pub fn from_name(name: &str) -> Self {
        match name {
            "second" => Self::Second,
            "minute" => Self::Minute,
            "day" => Self::Day,
            _ => Self::Seen,
        }
    }
}

/// When something was published, and how exactly that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The instant. For [`Precision::Day`] the start of the day in the source's zone.
    pub at: Timestamp,
    /// How exactly it is known.
    pub precision: Precision,
}

/// A linked file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Enclosure {
    /// Absolute address.
    pub url: String,
    /// Media type.
    #[serde(rename = "type", default = "unknown_type")]
    pub media_type: String,
    /// Size in bytes, where the source says it.
    #[serde(rename = "length")]
    pub length_bytes: Option<u64>,
}

/// The media type of a file of which nothing is known.
fn unknown_type() -> String {
    "application/octet-stream".into()
}

/// A digest of what readers see of an entry, with the version of the rules that made it.
///
/// Answers "has it changed?", never "is it the same story?".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub String);

/// One item of one source, normalised: times parsed, addresses absolute, markup clean, bureau resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which source published it.
    pub source: SourceKey,
    /// The source's own id, or its canonical address; with a title hash for a story of a digest.
    pub source_entry_id: String,
    /// Where people read it.
    pub url: String,
    /// For comparing; `None` for a digest's stories, which share their page's address.
    pub canonical_url: Option<CanonicalUrl>,
    /// One line, no markup.
    pub title: String,
    /// The publisher's claim; `None` when it makes none.
    pub published: Option<Published>,
    /// The publisher's own "last changed", when it gives one.
    pub updated_at: Option<Timestamp>,
    /// Who said it.
    pub bureau: Option<Bureau>,
    /// Its province.
    pub region: Option<Region>,
    /// How close the source stands to the bureau.
    pub role: Role,
    /// Keys of its subjects, sorted.
    pub topics: Vec<String>,
    /// Sanitised HTML with absolute addresses.
    pub content_html: String,
    /// The same as text, paragraphs separated by a blank line.
    pub content_text: String,
    /// The source's own summary, as text.
    pub summary: Option<String>,
    /// Linked files.
    pub enclosures: Vec<Enclosure>,
    /// BCP 47 language.
    pub language: String,
    /// An absolute IRI the upstream gave as its id, kept verbatim as the Atom id where possible.
    pub upstream_id: Option<String>,
}
