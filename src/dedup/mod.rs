//! Stage 5: is this entry new, a revision of a known one, or another telling of a known story?
//!
//! Pure: candidates come from the store, the verdict goes back to it. For now four rules: the same id at the
//! source, the same address, the same body, the same title with a body that does not contradict. `compare` is the
//! room for finer rules; it already returns its evidence.
//!
//! **Invariant:** two entries that name different provinces are never one story.

mod shingles;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use shingles::Shingles;

use crate::model::{CanonicalUrl, Region, Role, Timestamp};

/// Bodies shorter than this, in letters and digits, tell nothing by being equal.
pub const MIN_BODY_LETTERS: usize = 40;

/// Two tellings under the same title are at most this far apart: weekly meetings repeat their titles.
pub const SAME_TITLE_WINDOW: Duration = Duration::from_hours(72);

/// Titles shorter than this, in letters and digits, are too common to join anything.
const MIN_TITLE_LETTERS: usize = 6;

/// Bodies under one title contradict each other below this containment of shingles.
const MIN_TITLE_CONTAINMENT: f64 = 0.3;

/// Under one address, a body below this containment says that the page was reused.
const MIN_ADDRESS_CONTAINMENT: f64 = 0.3;

/// What is compared of an entry.
#[derive(Debug, Clone)]
pub struct Features {
    /// Which source, since a title joins no two entries of one source.
    pub source_key: String,
    /// Its id there.
    pub source_entry_id: String,
    /// The comparing form of its address; `None` for a digest's stories.
    pub canonical_url: Option<CanonicalUrl>,
    /// Its title, normalised.
    pub title_key: String,
    /// Hash of its body's letters; `None` when it is too short.
    pub body_hash: Option<[u8; 32]>,
    /// Whose province it is about.
    pub region: Option<Region>,
    /// When it was published, or first seen.
    pub published_at: Timestamp,
    /// Its body, for the shingles.
    pub content_text: String,
}

/// A stored entry that may tell the same.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its row.
    pub entry_id: i64,
    /// Its story.
    pub story_id: i64,
    /// What is compared.
    pub features: Features,
}

/// Why two entries are one story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The first of its story.
    First,
    /// One address under several ids or schemes.
    SameAddress,
    /// One text.
    SameBody,
    /// One title, close in time, bodies that do not contradict.
    SameTitle,
}

impl Rule {
    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::SameAddress => "same-address",
            Self::SameBody => "same-body",
            Self::SameTitle => "same-title",
        }
    }
}

/// What becomes of an entry that is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It opens a story.
    New,
    /// It is another telling of this story.
    Join {
        /// The story.
        story_id: i64,
        /// The entry that it matched.
        entry_id: i64,
        /// Why.
        rule: Rule,
    },
}

/// Decides about an entry that is not known yet; of several matches the strongest rule, then the oldest entry wins.
pub fn judge(entry: &Features, candidates: &[Candidate], window: Duration) -> Verdict {
    let matches = candidates
        .iter()
        .filter_map(|candidate| compare(entry, &candidate.features, window).map(|rule| (rule, candidate)));
    matches.min_by_key(|(rule, candidate)| (*rule as u8, candidate.entry_id)).map_or(
        Verdict::New,
        |(rule, candidate)| Verdict::Join {
            story_id: candidate.story_id,
            entry_id: candidate.entry_id,
            rule,
        },
    )
}

/// Says why two entries tell the same, or `None`.
pub fn compare(a: &Features, b: &Features, window: Duration) -> Option<Rule> {
    let apart = a.published_at.duration_since(b.published_at).unsigned_abs();
    if apart > window || provinces_differ(a, b) {
        return None;
    }
    let same_title = a.title_key == b.title_key && a.title_key.chars().count() >= MIN_TITLE_LETTERS;
    if a.canonical_url.is_some() && a.canonical_url == b.canonical_url {
        return (same_title || agree(a, b, MIN_ADDRESS_CONTAINMENT)).then_some(Rule::SameAddress);
    }
    if a.body_hash.is_some() && a.body_hash == b.body_hash {
        return Some(Rule::SameBody);
    }
    let close = same_title && a.source_key != b.source_key && apart <= SAME_TITLE_WINDOW;
    (close && agree(a, b, MIN_TITLE_CONTAINMENT)).then_some(Rule::SameTitle)
}

fn provinces_differ(a: &Features, b: &Features) -> bool {
    let province = |features: &Features| features.region.clone().filter(|region| !region.is_national());
    matches!((province(a), province(b)), (Some(a), Some(b)) if a != b)
}

/// Whether the shorter body is largely contained in the longer; a body too short to tell contradicts nothing.
fn agree(a: &Features, b: &Features, at_least: f64) -> bool {
    let (a, b) = (Shingles::of(&a.content_text), Shingles::of(&b.content_text));
    a.n_letters() < MIN_BODY_LETTERS || b.n_letters() < MIN_BODY_LETTERS || a.containment(&b) >= at_least
}

/// What decides which entry of a story readers get.
#[derive(Debug, Clone)]
pub struct Rank {
    /// The entry.
    pub entry_id: i64,
    /// How close its source stands to the bureau.
    pub role: Role,
    /// Whether its bureau is the province's own, rather than a city's.
    pub is_province: bool,
    /// Length of its text in characters.
    pub n_chars: i64,
    /// First sight.
    pub seen_at: Timestamp,
}

/// The entry that readers get: best role, province before city, longest, earliest seen.
pub fn canonical(ranks: &[Rank]) -> Option<&Rank> {
    ranks.iter().min_by_key(|rank| {
        (rank.role, !rank.is_province, std::cmp::Reverse(rank.n_chars), rank.seen_at, rank.entry_id)
    })
}

/// Hash of a body's letters and digits; `None` when there are too few to tell anything.
pub fn body_hash(text: &str) -> Option<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    let mut n_letters = 0;
    let mut buffer = [0; 4];
    for c in shingles::letters(text) {
        hasher.update(c.encode_utf8(&mut buffer).as_bytes());
        n_letters += 1;
    }
    (n_letters >= MIN_BODY_LETTERS).then(|| *hasher.finalize().as_bytes())
}
