//! A story: what readers get.

use jiff::Timestamp;

use super::{Entry, Published};

/// Length of a story's short name, in hexadecimal digits.
const SHORT_CHARS: usize = 16;

/// The Atom id of a story: given at first sight, never changed (RFC 4287 §4.2.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AtomId(pub String);

impl AtomId {
    /// A short name for addresses: the first 64 bits of the id's BLAKE3 hash, in hexadecimal.
    pub fn short(&self) -> String {
        let hash = blake3::hash(self.0.as_bytes()).to_hex();
        hash.get(..SHORT_CHARS).unwrap_or_default().to_owned()
    }
}

/// An entry of a story with the name and address of its source, as publishing needs it.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The entry; of copies other than the canonical one, without content.
    pub entry: Entry,
    /// Hash of its body, which tells a repost from another telling.
    pub body_hash: Option<Vec<u8>>,
    /// Name of its source for people.
    pub source_name: String,
    /// Address of its source.
    pub source_url: String,
    /// Atom id of its source.
    pub source_atom_id: String,
    /// When any entry of its source last changed.
    pub source_updated_at: Timestamp,
    /// When we first saw it.
    pub seen_at: Timestamp,
}

/// One or more entries that tell the same thing.
#[derive(Debug, Clone)]
pub struct Story {
    /// The id readers know it by.
    pub atom_id: AtomId,
    /// The canonical entry first, then the other copies.
    pub copies: Vec<Copy>,
    /// The publisher's time, or the time of first sight.
    pub published: Published,
    /// When what readers see of it last changed.
    pub updated_at: Timestamp,
    /// When it was first published here.
    pub first_at: Timestamp,
    /// The feed's count of changes when readers last saw it change.
    pub seq: i64,
    /// Older stories that are near to it and yet others: round-ups, near misses. The nearest first.
    pub related: Vec<RelatedStory>,
}

/// Another story that is near to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedStory {
    /// Its id.
    pub atom_id: AtomId,
    /// The title of the entry that readers get.
    pub title: String,
    /// Where people read that.
    pub url: String,
}

impl Story {
    /// The copy readers get.
    pub fn canonical(&self) -> Option<&Copy> {
        self.copies.first()
    }
}

/// What is left of a story that readers no longer get (RFC 6721).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The id readers knew it by.
    pub atom_id: AtomId,
    /// When it was withdrawn, or joined another story.
    pub when: Timestamp,
    /// Who withdrew it, for people.
    pub by: Option<String>,
    /// Why, for people.
    pub comment: Option<String>,
    /// The story that now tells it.
    pub merged_into: Option<AtomId>,
}
