//! Which entry of a story readers get.

use crate::model::Timestamp;

/// What decides which entry of a story readers get.
#[derive(Debug, Clone)]
pub struct Rank {
    /// The entry.
    pub entry_id: i64,
    /// The place of its source's role among all, from 0 for the best ([`super::RoleOrder::standing`]).
    pub standing: u8,
    /// Whether its bureau is the province's own, rather than a city's.
    pub is_province: bool,
    /// Whether it corrects what its publisher said before.
    pub is_correction: bool,
    /// Length of its text in characters.
    pub n_chars: i64,
    /// First sight.
    pub seen_at: Timestamp,
}

/// The entry that readers get: best role, province before city, the latest correction, longest, earliest seen.
pub fn canonical<'a>(ranks: impl IntoIterator<Item = &'a Rank>) -> Option<&'a Rank> {
    ranks.into_iter().min_by_key(|rank| {
        let corrected_at = rank.is_correction.then_some(rank.seen_at);
        (
            rank.standing,
            !rank.is_province,
            std::cmp::Reverse(corrected_at),
            std::cmp::Reverse(rank.n_chars),
            rank.seen_at,
            rank.entry_id,
        )
    })
}

/// Why readers get one entry of a story and not another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no other.
    Only,
    /// The role of its source comes first ([`super::RoleOrder`]).
    Role,
    /// It is the province's own, the others are cities'.
    Province,
    /// It corrects what was said before.
    Correction,
    /// It is the longest.
    Longest,
    /// It was there first.
    Earliest,
    /// It was chosen under other settings; today another would be.
    Earlier,
}

impl Reason {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Only => "there is no other",
            Self::Role => "the role of its source comes before the others'",
            Self::Province => "it is the province's own, the others are cities'",
            Self::Correction => "it corrects what its publisher said before",
            Self::Longest => "of the copies that stand as close to the bureau it is the longest",
            Self::Earliest => "of the copies that are as good it was seen first",
            Self::Earlier => "it was chosen under other settings; today another would be",
        }
    }
}

/// Why an entry is the one that readers get.
pub fn reason(ranks: &[Rank], entry_id: i64) -> Reason {
    let Some(own) = ranks.iter().find(|rank| rank.entry_id == entry_id) else { return Reason::Earlier };
    if canonical(ranks).is_none_or(|best| best.entry_id != entry_id) {
        return Reason::Earlier;
    }
    let others: Vec<Rank> = ranks.iter().filter(|rank| rank.entry_id != entry_id).cloned().collect();
    let Some(second) = canonical(&others) else { return Reason::Only };
    if own.standing != second.standing {
        Reason::Role
    } else if own.is_province != second.is_province {
        Reason::Province
    } else if own.is_correction {
        Reason::Correction
    } else if own.n_chars != second.n_chars {
        Reason::Longest
    } else {
        Reason::Earliest
    }
}
