//! Ids: of an entry at its source, and of stories in the feed.

use jiff::tz::Offset;
use url::Url;
use uuid::Uuid;

use crate::{
    extract::RawEntry,
    model::{AtomId, CanonicalUrl, SourceKey, Timestamp},
};

/// Longest id of a source's own that is used as it is, in bytes.
const MAX_ID_BYTES: usize = 500;
/// Characters of a hash that stands for a key in a tag URI.
const TAG_HASH_CHARS: usize = 32;

/// The id of an item at its source: its own, else its canonical address, else a hash of its title.
pub fn entry_id(raw: &RawEntry, title: &str) -> String {
    if let Some(id) = raw.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        return if id.len() <= MAX_ID_BYTES { id.to_owned() } else { hashed("id", id) };
    }
    match &raw.url {
        Some(url) => CanonicalUrl::of(url).as_str().to_owned(),
        None => hashed("title", &super::title_key(title)),
    }
}

fn hashed(kind: &str, text: &str) -> String {
    format!("{kind}:{}", blake3::hash(text.as_bytes()).to_hex())
}

/// Whether an upstream id can be an Atom id as it stands: an absolute IRI (RFC 4287 §4.2.6) without characters that
/// no IRI has; tag URIs must be whole (RFC 4151 §2.1).
pub fn is_absolute_iri(id: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c);
    if id.len() > MAX_ID_BYTES || id.contains(bad) {
        return false;
    }
    let Some((scheme, rest)) = id.split_once(':') else { return false };
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    named
        && match scheme.to_ascii_lowercase().as_str() {
            "tag" => is_tag(rest),
            "urn" => rest.split_once(':').is_some_and(|(nid, nss)| nid.len() >= 2 && !nss.is_empty()),
            "http" | "https" => Url::parse(id).is_ok_and(|url| url.has_host()),
            // A scheme with a dot is a host with a port (`example.org:80/x`).
            other => !other.contains('.') && rest.starts_with("//") && Url::parse(id).is_ok(),
        }
}

fn is_tag(rest: &str) -> bool {
    let Some((entity, specific)) = rest.split_once(':') else { return false };
    let Some((authority, date)) = entity.split_once(',') else { return false };
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |part: &&str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let dated = match parts.as_slice() {
        [year] => digits(year, 4),
        [year, month] => digits(year, 4) && digits(month, 2),
        [year, month, day] => digits(year, 4) && digits(month, 2) && digits(day, 2),
        _ => false,
    };
    dated && authority.contains('.') && !specific.is_empty() && rest.is_ascii()
}

/// Mints the Atom id of a story from its first entry: a tag URI under the authority (RFC 4151), dated by the day of
/// first sight, or without one a `urn:uuid` (version 5) of source key and source id.
pub fn minted_id(
    source: &SourceKey,
    source_entry_id: &str,
    authority: Option<&str>,
    seen_at: Timestamp,
) -> AtomId {
    let name = format!("{}\n{source_entry_id}", source.as_str());
    match authority {
        None => AtomId(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).urn().to_string()),
        Some(authority) => {
            let hash = blake3::hash(name.as_bytes()).to_hex();
            let short = hash.get(..TAG_HASH_CHARS).unwrap_or_default();
            let day = Offset::UTC.to_datetime(seen_at).date();
            AtomId(format!("tag:{authority},{day}:{source}/{short}"))
        }
    }
}

/// The id of a source in `atom:source`.
pub fn source_atom_id(source: &SourceKey) -> String {
    let name = format!("source\n{}", source.as_str());
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).urn().to_string()
}
