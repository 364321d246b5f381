//! The digest by which a change is seen.

use crate::model::{Entry, Fingerprint};

/// Version of what is digested; a change of it changes every fingerprint.
const VERSION: &str = "1";

/// Digests what readers see of an entry. First sight and what follows from it do not count.
pub fn fingerprint(entry: &Entry) -> Fingerprint {
    let mut hasher = blake3::Hasher::new();
    let mut field = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    field(&entry.url);
    field(&entry.title);
    field(&entry.content_html);
    field(entry.summary.as_deref().unwrap_or_default());
    field(entry.bureau.as_ref().map_or("", |bureau| &bureau.name));
    field(entry.region.as_ref().map_or("", |region| region.as_str()));
    if let Some(published) = entry.published {
        field(&published.at.as_millisecond().to_string());
        field(published.precision.as_str());
    }
    field(&entry.updated_at.map(|at| at.as_millisecond().to_string()).unwrap_or_default());
    for file in &entry.enclosures {
        field(&file.url);
        field(&file.media_type);
    }
    Fingerprint(format!("{VERSION}:{}", hasher.finalize().to_hex()))
}
