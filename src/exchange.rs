//! An entry as a JSON line: what `preview` prints, and what programs exchange.

use std::collections::BTreeMap;

use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Enclosure, Entry},
    normalise::{Normalised, time::rfc3339},
};

/// One entry. On input unknown fields are ignored and missing ones are `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EntryLine {
    /// Key of its source.
    pub source: Option<String>,
    /// The source's own id.
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
    pub topics: Vec<String>,
    /// Summary as text.
    pub summary: Option<String>,
    /// Body as HTML.
    pub content_html: Option<String>,
    /// Body as text, paragraphs separated by a blank line.
    pub content_text: Option<String>,
    /// Attachments.
    pub enclosures: Vec<Enclosure>,
    /// Which rule gave each field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
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
            published: entry.published.map(|claim| rfc3339(claim.at, zone)),
            published_precision: entry.published.map(|claim| claim.precision.as_str().to_owned()),
            updated: entry.updated_at.map(|at| rfc3339(at, zone)),
            bureau: entry.bureau.as_ref().map(|bureau| bureau.name.clone()),
            region: entry.region.as_ref().map(|region| region.as_str().to_owned()),
            role: Some(entry.role.as_str().to_owned()),
            topics: Vec::new(),
            summary: entry.summary.clone(),
            content_html: text(&entry.content_html),
            content_text: text(&entry.content_text),
            enclosures: entry.enclosures.clone(),
            fields: BTreeMap::new(),
        }
    }
}
