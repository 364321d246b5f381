//! Searching: texts as they are searched, what a person typed, and what is shown of what was found.
//!
//! Pure. Han text is indexed as overlapping pairs of characters, so that any part of it is found without a dictionary;
//! words and numbers are found whole. The index itself is the store's.

mod fold;
mod query;
mod rank;
mod snippet;

pub use fold::{Folded, terms};
pub use query::{MAX_QUERY_CHARS, Phrase, Query, Sought};
pub use rank::{Candidate, rank};
pub use snippet::{Piece, marked, snippet};

/// The version of the rules that make terms; another one has the index made anew.
pub const TERMS_VERSION: i64 = 1;
