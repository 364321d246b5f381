//! The rows of a listing, and what is to be done with each. Pure.

use std::collections::{HashMap, HashSet};

use super::listing::Listing;
use crate::{
    config::SourceConfig,
    extract::RawEntry,
    model::{Kind, Timestamp},
    normalise::{entry_id, time},
    store::{KnownEntry, PendingState},
};

/// How the note begins that says that items were left for the next poll.
pub(super) const LEFT_OVER: &str = "left for the next poll: ";

/// A row with its id.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The id that its entry has or would have.
    pub id: String,
    /// The row as found.
    pub raw: RawEntry,
    /// What changes when the row does; `None` where that tells nothing.
    pub hash: Option<[u8; 32]>,
}

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// It is known and has not changed.
    Unchanged,
    /// It is kept aside already.
    Aside,
    /// It is older than what a first poll takes.
    TooOld,
    /// Its entry is to be made.
    Take,
}

/// What planning needs to know beside the rows.
#[derive(Debug)]
pub(super) struct Knowledge {
    /// Entries held, by id.
    pub known: HashMap<String, KnownEntry>,
    /// Rows kept aside, by id.
    pub aside: HashMap<String, PendingState>,
    /// At a first poll, the time before which items are not taken.
    pub not_before: Option<Timestamp>,
}

/// The rows of a listing, each id once.
pub(crate) fn rows_of(listing: &mut Listing, kind: Kind) -> Vec<Row> {
    let complete = listing.is_complete;
    let mut seen = HashSet::new();
    let entries = std::mem::take(&mut listing.extracted.entries).into_iter();
    let rows =
        entries.map(|raw| Row { id: entry_id(&raw, &raw.title), hash: row_hash(&raw, kind, complete), raw });
    rows.filter(|row| seen.insert(row.id.clone())).collect()
}

/// A whole entry is digested as it stands. Of a row that leads to an article only title and address count: its date
/// may be written as `3小时前`. Links on a home page differ from block to block and count not at all.
pub(super) fn row_hash(raw: &RawEntry, kind: Kind, complete: bool) -> Option<[u8; 32]> {
    if complete {
        return serde_json::to_vec(raw).ok().map(|bytes| *blake3::hash(&bytes).as_bytes());
    }
    article_row_hash(raw, kind)
}

/// The hash of a row that leads to an article.
pub(crate) fn article_row_hash(raw: &RawEntry, kind: Kind) -> Option<[u8; 32]> {
    let url = raw.url.as_ref().map_or("", |url| url.as_str());
    (kind != Kind::Site).then(|| *blake3::hash(format!("{}\n{url}", raw.title.trim()).as_bytes()).as_bytes())
}

/// Decides about a row.
pub(super) fn plan(row: &Row, knowledge: &Knowledge, source: &SourceConfig, now: Timestamp) -> Plan {
    if let Some(known) = knowledge.known.get(&row.id) {
        let same = row.hash.is_none_or(|hash| known.row_hash.as_deref() == Some(hash.as_slice()));
        return if same || known.is_old { Plan::Unchanged } else { Plan::Take };
    }
    if knowledge.aside.contains_key(&row.id) {
        return Plan::Aside;
    }
    let is_old = |not_before: Timestamp| {
        let (claim, _) = time::choose(&row.raw.published, source.zone, now);
        claim.is_some_and(|(claim, _)| claim.at < not_before)
    };
    if knowledge.not_before.is_some_and(is_old) { Plan::TooOld } else { Plan::Take }
}
