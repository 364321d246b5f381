//! Feeds: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1.
//!
//! XML goes through four steps: [`charset::decode`] makes text of it, `repair` makes it well-formed and puts
//! it into the words that feed-rs reads, feed-rs parses it, `xml` takes what it found. JSON Feed is read directly.
//! What was mended stands in [`Extracted::rule`] and in a note.
//!
//! **Invariant:** times stay text as published, addresses are absolute http(s), and an id is given only if the
//! feed gives it and no other entry has it.

mod dialect;
mod json;
pub mod offer;
mod pieces;
mod repair;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod trap_tests;
mod xml;

use std::collections::HashSet;

use url::Url;

use self::pieces::{Piece, name_of, pieces};
use super::{Document, ExtractError, Extracted, RawEntry, charset};

/// Entries taken of one feed; those after them are left out with a note.
pub const MAX_ENTRIES: usize = 2_000;

/// Attachments taken of one entry.
const MAX_ENCLOSURES: usize = 50;

/// The longest time that is kept, in bytes.
const MAX_TIME_BYTES: usize = 100;

/// The longest name of an author, in bytes; a feed's author is repeated for each of its entries.
const MAX_NAME_BYTES: usize = 400;

/// Bytes looked at to recognise a feed.
const SNIFF_BYTES: usize = 1_024;

/// What the `version` of every JSON Feed contains.
const JSON_FEED_VERSION: &str = "jsonfeed.org/version/";

/// Reads a feed of any format.
///
/// # Errors
///
/// [`ExtractError::NotAFeed`] with what it is instead, [`ExtractError::TooDeep`] for hostile nesting.
pub fn feed(document: &Document) -> Result<Extracted, ExtractError> {
    let decoded = charset::decode(&document.body, document.content_type.as_deref());
    let text = decoded.text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
    let mut extracted = if text.is_empty() {
        return Err(not_a_feed(document, "it is empty"));
    } else if text.starts_with(['{', '[']) {
        json::read(document, text)?
    } else {
        xml::read(document, text)?
    };
    extracted.notes.splice(0..0, decoded.note);
    drop_repeated_ids(&mut extracted);
    Ok(extracted)
}

/// Whether the beginning of a document is that of a feed.
pub fn looks_like_feed(text: &str) -> bool {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    let head = &text[..text.floor_char_boundary(SNIFF_BYTES)];
    if head.starts_with('{') {
        return head.replace("\\/", "/").contains(JSON_FEED_VERSION);
    }
    let mut tags = pieces(head).filter_map(|piece| match piece {
        Piece::Start(tag) | Piece::Cut(tag) => Some(name_of(tag)),
        _ => None,
    });
    let root = tags.next().unwrap_or_default();
    let local = root.rsplit(':').next().unwrap_or_default();
    ["rss", "feed", "rdf"].iter().any(|name| local.eq_ignore_ascii_case(name))
}

fn not_a_feed(document: &Document, reason: impl Into<String>) -> ExtractError {
    ExtractError::NotAFeed { url: document.url.clone(), reason: reason.into() }
}

/// The note on a feed of more than [`MAX_ENTRIES`].
fn too_many_entries() -> String {
    format!("holds more than {MAX_ENTRIES} entries; only the first are read")
}

/// An id that several entries share identifies none but the first; the others go by their addresses.
fn drop_repeated_ids(extracted: &mut Extracted) {
    let mut seen = HashSet::new();
    let mut n_repeated = 0;
    for entry in &mut extracted.entries {
        let is_new = entry.id.as_ref().is_none_or(|id| seen.insert(id.clone()));
        if !is_new {
            entry.id = None;
            entry.fields.remove("id");
            n_repeated += 1;
        }
    }
    if n_repeated > 0 {
        extracted
            .notes
            .push(format!("{n_repeated} entries repeat the id of another; they go by their addresses"));
    }
}

/// An absolute http(s) address, resolved against `base`.
fn web_address(text: &str, base: &Url) -> Option<Url> {
    let text = text.trim();
    let url = base.join(text).ok().filter(|_| !text.is_empty())?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// A text that is something when trimmed.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// The name of an author; what is longer is none.
fn short_name(text: &str) -> Option<String> {
    filled(Some(text.trim().to_owned())).filter(|name| name.len() <= MAX_NAME_BYTES)
}

/// A BCP 47 language, as far as its letters show.
fn language(text: Option<String>) -> Option<String> {
    let text = text?.trim().replace('_', "-");
    let is_tag = (2..=35).contains(&text.len());
    (is_tag && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).then_some(text)
}

/// Notes which rule gave a field, if something did.
trait Ruled {
    fn ruled(&mut self, field: &'static str, is_filled: bool, rule: &str);
}

impl Ruled for RawEntry {
    fn ruled(&mut self, field: &'static str, is_filled: bool, rule: &str) {
        if is_filled {
            self.fields.insert(field, rule.to_owned());
        }
    }
}
