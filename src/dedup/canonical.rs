//! Which entry of a story readers get.

use crate::model::{Role, Timestamp};

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
