//! One row as the stored versions of its list show it.

use crate::{model::Timestamp, poll::rows::Row, store::Held};

/// A row as versions of the list show it, the newest first, each with the time of its oldest version: that is the one
/// from which a poll took it.
#[derive(Debug, Default)]
pub(super) struct Versions(Vec<(Row, Timestamp)>);

impl Versions {
    /// Adds the row of an older version.
    pub(super) fn add(&mut self, row: Row, at: Timestamp) {
        match self.0.iter_mut().find(|(known, _)| known.hash == row.hash) {
            Some(known) => *known = (row, at),
            None => self.0.push((row, at)),
        }
    }

    /// The row that led to an entry, else the newest.
    pub(super) fn for_entry(&self, held: Option<&Held>) -> Option<&(Row, Timestamp)> {
        let hash = held.and_then(|held| held.known.row_hash.as_deref());
        let same = self.0.iter().find(|(row, _)| row.hash.as_ref().map(<[u8; 32]>::as_slice) == hash);
        same.or_else(|| self.0.first())
    }
}
