//! Stage 4: strings as found become an entry: address, title, time, text, bureau.
//!
//! Pure: the time of first sight and the source's zone are parameters.
//!
//! **Invariant:** the same strings give the same entry, on any host and in any zone.

mod bureau;
mod fingerprint;
pub mod html;
mod identity;
#[cfg(test)]
mod tests;
pub mod time;
pub mod topics;

use std::collections::BTreeMap;

use jiff::{SignedDuration, tz::Offset};
use unicode_normalization::UnicodeNormalization;
use url::Url;

pub use fingerprint::fingerprint;
pub use identity::{entry_id, is_absolute_iri, minted_id, source_atom_id};

use self::{
    html::{clean, collapse, xml_text},
    topics::TopicRules,
};
use crate::{
    extract::{RawEnclosure, RawEntry},
    model::{Bureaus, CanonicalUrl, Enclosure, Entry, Source, Timestamp},
};

/// Longest title kept, in characters.
const MAX_TITLE_CHARS: usize = 300;
/// Longest summary kept, in characters.
const MAX_SUMMARY_CHARS: usize = 1_000;
/// Characters of the text that stand in for a missing title.
const TITLE_FROM_TEXT_CHARS: usize = 40;
/// A page that says it changed this shortly before it was fetched says when it was generated.
const GENERATED_WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// Attachments kept of one entry.
const MAX_ENCLOSURES: usize = 50;

/// What normalising needs to know beside the strings.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The source.
    pub source: &'a Source,
    /// The bureaus and their names.
    pub bureaus: &'a Bureaus,
    /// The topics, and the words by which they are found.
    pub topics: &'a TopicRules,
    /// Zone of times without one.
    pub zone: Offset,
    /// The present: relative dates count from it, later dates are refused.
    pub now: Timestamp,
    /// Whether ids are the upstream's own Atom or RSS ids, which are kept where possible.
    pub keeps_ids: bool,
}

/// An entry, and what a person should know of how it came about.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// The entry.
    pub entry: Entry,
    /// Which rule gave each field.
    pub fields: BTreeMap<&'static str, String>,
    /// Refused dates and the like.
    pub notes: Vec<String>,
}

/// Makes an entry; `None` when there is neither title nor text.
pub fn normalise(raw: RawEntry, context: &Context) -> Option<Normalised> {
    let mut fields = fields(&raw);
    let url = raw.url.clone().unwrap_or_else(|| context.source.url.clone());
    let base = raw.base.as_ref().unwrap_or(&url);
    let body = raw.content_html.as_deref().map(|html| clean(html, base)).unwrap_or_default();
    let title = title(&raw.title, &body.text)?;
    let (published, mut notes) = time::choose(&raw.published, context.zone, context.now);
    // Last of all: an address may keep the day on which a page was first saved.
    let by_address = || {
        let day = time::from_url(raw.url.as_ref()?.path(), context.zone, context.now)?;
        Some((day, "day in the address".to_owned()))
    };
    let published = published.or_else(by_address);
    if let Some((_, rule)) = &published {
        fields.insert("published", rule.clone());
    }
    let updated_at = raw.updated.as_ref().and_then(|found| {
        let (chosen, refused) = time::choose(std::slice::from_ref(found), context.zone, context.now);
        notes.extend(refused);
        chosen
            .map(|(published, _)| published.at)
            .filter(|at| context.keeps_ids || !is_generated(*at, context.now))
    });
    let bureau = bureau::bureau_of(&raw, &title, context);
    if let Some((_, rule)) = &bureau {
        fields.insert("bureau", (*rule).to_owned());
    }
    let bureau = bureau.map(|(bureau, _)| bureau);
    if bureau.as_ref().is_some_and(|bureau| bureau.region.is_some()) {
        fields.insert("region", "bureau's region".into());
    } else if context.source.region.is_some() {
        fields.insert("region", "source's region".into());
    }
    let topics = context.topics.of(&title, &body.text);
    if !topics.is_empty() {
        fields.insert("topics", "words".into());
    }
    let entry = Entry {
        source: context.source.key.clone(),
        source_entry_id: entry_id(&raw, &title),
        canonical_url: is_own_address(&url).then(|| CanonicalUrl::of(&url)),
        url: url.to_string(),
        published: published.map(|(published, _)| published),
        updated_at,
        region: bureau.as_ref().and_then(|b| b.region.clone()).or_else(|| context.source.region.clone()),
        bureau,
        role: context.source.role,
        topics,
        summary: raw
            .summary
            .as_deref()
            .map(|text| short(text, MAX_SUMMARY_CHARS))
            .filter(|text| !text.is_empty()),
        enclosures: enclosures(&raw.enclosures),
        language: raw.language.clone().unwrap_or_else(|| context.source.language.clone()),
        upstream_id: raw.id.filter(|id| context.keeps_ids && is_absolute_iri(id)),
        title,
        content_html: body.html,
        content_text: body.text,
    };
    drop_empty(&mut fields, &entry);
    Some(Normalised { entry, fields, notes })
}

/// Whether a page's "last changed" is when the page was made for us: it would change with each visit.
fn is_generated(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < GENERATED_WITHIN
}

/// A rule whose finding was refused, or came to nothing, gave nothing.
fn drop_empty(fields: &mut BTreeMap<&'static str, String>, entry: &Entry) {
    let empty = [
        ("published", entry.published.is_none()),
        ("updated", entry.updated_at.is_none()),
        ("bureau", entry.bureau.is_none()),
        ("region", entry.region.is_none()),
        ("summary", entry.summary.is_none()),
        ("content_html", entry.content_html.is_empty()),
        ("enclosures", entry.enclosures.is_empty()),
    ];
    for (name, is_empty) in empty {
        if is_empty {
            fields.remove(name);
        }
    }
}

/// Which rule gave each field, with those that follow from others.
fn fields(raw: &RawEntry) -> BTreeMap<&'static str, String> {
    let mut fields = raw.fields.clone();
    let derived = [
        ("id", if raw.url.is_some() { "address" } else { "title" }),
        ("url", if raw.url.is_some() { "document's address" } else { "source's address" }),
    ];
    for (name, rule) in derived {
        fields.entry(name).or_insert_with(|| rule.to_owned());
    }
    if collapse(&xml_text(&raw.title)).is_empty() {
        fields.insert("title", "beginning of the text".into());
    }
    if let Some(updated) = &raw.updated {
        fields.insert("updated", updated.rule.clone());
    }
    fields
}

/// The title on one line, or the beginning of the text where there is none.
fn title(raw: &str, text: &str) -> Option<String> {
    let title = short(raw, MAX_TITLE_CHARS);
    if !title.is_empty() {
        return Some(title);
    }
    let start = short(text, TITLE_FROM_TEXT_CHARS);
    (!start.is_empty()).then_some(start)
}

fn short(text: &str, max_chars: usize) -> String {
    let text = collapse(&xml_text(text));
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text,
    }
}

/// Whether an address is of one entry alone: a digest's stories share their page's, told apart by a text fragment.
fn is_own_address(url: &Url) -> bool {
    !url.fragment().is_some_and(|fragment| fragment.starts_with(":~:text="))
}

fn enclosures(raw: &[RawEnclosure]) -> Vec<Enclosure> {
    let made = raw.iter().take(MAX_ENCLOSURES).map(|file| Enclosure {
        url: file.url.to_string(),
        media_type: file.media_type.clone().unwrap_or_else(|| "application/octet-stream".into()),
        length_bytes: file.length_bytes,
    });
    made.collect()
}

/// A title for comparing: width and case folded, letters and digits only.
pub fn title_key(title: &str) -> String {
    title.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}
