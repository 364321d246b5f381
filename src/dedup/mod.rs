//! Stage 5: is this entry new, a revision of a known one, or another telling of a known story?
//!
//! Pure. An entry's [`Features`] are made once and kept as bytes; candidates come from the store, [`judge`] compares
//! and gives its reasons, the verdict goes back. A rule joins; a veto forbids, whatever the rule.
//!
//! **Invariant:** two entries that name different provinces are never one story. Entries are compared word for word
//! with the head of a story only, never with another copy, so nothing bridges two stories.

mod additions;
mod again;
mod canonical;
mod codec;
mod compare;
mod diff;
mod features;
mod figures;
mod frame;
mod hanzi;
mod index;
mod judge;
mod names;
mod normalise;
mod periods;
mod places;
mod reid;
mod replay;
mod rule;
mod settings;
mod shingles;
mod tables;
#[cfg(test)]
mod tests;
mod vetoes;

pub use additions::Additions;
pub use again::{Former, KnownBy, address_of, again, name_of, story_of, title_key_of};
pub use canonical::{Rank, Reason, canonical, reason};
pub use codec::DecodeError;
pub use compare::{Comparison, Scores, compare, corrects};
pub use features::{Features, MIN_BODY_LETTERS, Parts};
pub use index::{Filling, Index, Indexed, MAX_SHARERS};
pub use judge::{Candidate, Judgement, Seen, Verdict, judge};
pub use normalise::{Cleaned, clean};
pub use reid::{Familiar, Fate, Stranger, is_suspicious, reid};
pub use replay::{Replay, Replayed, Ruled, Shelf};
pub use rule::Rule;
pub use settings::{RoleOrder, RuleLimits, Settings, VetoLimits, WINDOW};
pub use shingles::{Overlap, SAMPLED, SHINGLE_CHARS, Shingles};
pub use tables::{SHIPPED, TableTexts, Tables, TablesError};
pub use vetoes::{Veto, VetoKind};
