//! What programs exchange: entries as JSON lines, lists of feeds as OPML.
//!
//! Pure: text in, values out. `cli` reads and prints, [`crate::import`] takes lines into the store.

mod arrival;
mod error;
mod kind;
mod lenient;
mod lines;
pub mod opml;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

pub use self::{
    arrival::{Arrival, Given, Note, arrival},
    error::LineError,
    kind::{FileKind, file_kind},
    lines::{Line, Lines, MAX_LINE_BYTES},
    parse::{parse, source_key},
};

use self::lenient::{nullable, text_or_number};
use crate::{
    model::{AtomId, Enclosure, Entry, Precision, Timestamp},
    normalise::{Normalised, time::rfc3339},
};

/// One entry. On input unknown fields are ignored and missing ones are `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EntryLine {
    /// Key of its source.
    pub source: Option<String>,
    /// The source's own id.
    #[serde(deserialize_with = "text_or_number")]
    pub id: Option<String>,
    /// Where people read it.
    pub url: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Time of publication, RFC 3339 with offset.
    pub published: Option<String>,
    /// `second`, `minute`, `day` or `seen`.
    pub published_precision: Option<String>,
    /// The publisher's own last change.
    pub updated: Option<String>,
    /// Official name of the bureau.
    pub bureau: Option<String>,
    /// ISO 3166-2 code.
    pub region: Option<String>,
    /// `primary`, `national`, `paper` or `platform`.
    pub role: Option<String>,
    /// Subjects.
    #[serde(deserialize_with = "nullable")]
    pub topics: Vec<String>,
    /// Summary as text.
    pub summary: Option<String>,
    /// Body as HTML.
    pub content_html: Option<String>,
    /// Body as text, paragraphs separated by a blank line.
    pub content_text: Option<String>,
    /// Attachments.
    #[serde(deserialize_with = "nullable")]
    pub enclosures: Vec<Enclosure>,
    /// Language (BCP 47), where it is not the feed's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Time of first sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// Atom id of its story.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// What joined it to its story.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Name of its source for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// Address of its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// Since when its source says that it no longer exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
    /// When its story was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
    /// Which rule gave each field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "nullable")]
    pub fields: BTreeMap<String, String>,
}

/// Where a stored entry stands and comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Its story.
    pub story: AtomId,
    /// What joined it to its story.
    pub rule: String,
    /// First sight.
    pub seen_at: Timestamp,
    /// Its time as shown, which stands in where the publisher claims none.
    pub shown_at: Timestamp,
    /// Since when its source says that it no longer exists.
    pub gone_at: Option<Timestamp>,
    /// When its story was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// Name of its source for people.
    pub source_name: Option<String>,
    /// Address of its source.
    pub source_url: Option<String>,
}

impl EntryLine {
    /// The line of an entry as it would be stored, with times in a zone.
    pub fn of(made: &Normalised, zone: Offset) -> Self {
        let fields = made.fields.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect();
        Self { fields, ..Self::of_entry(&made.entry, zone) }
    }

    /// The line of an entry, with times in a zone.
    pub fn of_entry(entry: &Entry, zone: Offset) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            source: Some(entry.source.to_string()),
            id: Some(entry.source_entry_id.clone()),
            url: Some(entry.url.clone()),
            title: Some(entry.title.clone()),
            published: entry.published.map(|claim| exact(claim.at, zone)),
            published_precision: entry.published.map(|claim| claim.precision.as_str().to_owned()),
            updated: entry.updated_at.map(|at| exact(at, zone)),
            bureau: entry.bureau.as_ref().map(|bureau| bureau.name.clone()),
            region: entry.region.as_ref().map(|region| region.as_str().to_owned()),
            role: Some(entry.role.as_str().to_owned()),
            topics: entry.topics.clone(),
            summary: entry.summary.clone(),
            content_html: text(&entry.content_html),
            content_text: text(&entry.content_text),
            enclosures: entry.enclosures.clone(),
            ..Self::default()
        }
    }

    /// The line of a stored entry, whole enough to be taken into another store: with its story and what stands beside
    /// it. A missing claim of publication shows as the time shown, of the precision `seen`.
    pub fn stored(entry: &Entry, provenance: &Provenance, zone: Offset, language: &str) -> Self {
        let line = Self::of_entry(entry, zone);
        let time = |at: Option<Timestamp>| at.map(|at| exact(at, zone));
        Self {
            published: line.published.or_else(|| time(Some(provenance.shown_at))),
            published_precision: line
                .published_precision
                .or_else(|| Some(Precision::Seen.as_str().to_owned())),
            language: (entry.language != language).then(|| entry.language.clone()),
            seen: time(Some(provenance.seen_at)),
            story: Some(provenance.story.0.clone()),
            rule: Some(provenance.rule.clone()),
            source_name: provenance.source_name.clone(),
            source_url: provenance.source_url.clone(),
            gone: time(provenance.gone_at),
            withdrawn: time(provenance.withdrawn_at),
            ..line
        }
    }
}

/// RFC 3339 with as many digits of the second as the time has, so that it comes back as it was.
fn exact(at: Timestamp, zone: Offset) -> String {
    let text = rfc3339(at, zone);
    let ms = at.as_millisecond().rem_euclid(1_000);
    match (ms, text.split_at_checked(SECONDS_END)) {
        (1.., Some((seconds, offset))) => format!("{seconds}.{ms:03}{offset}"),
        _ => text,
    }
}

/// Where the offset begins in `2026-11-24T10:00:00+08:00`.
const SECONDS_END: usize = 19;
