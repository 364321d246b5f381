//! Entries that arrive from outside: of many sources, each in its own time, in the order in which they stand.
//!
//! **Invariant:** what one file tells apart stays apart while it is taken in, and what it says is one story becomes one.

use std::sync::Arc;

use super::{Item, Tally, writer::Writer};
use crate::{
    config::{Config, SourceConfig},
    exchange::Arrival,
    model::Timestamp,
    store::{KnownEntry, Store, StoreError},
};

/// An arrival with its source.
#[derive(Debug)]
pub struct Arriving {
    /// The source.
    pub source: Arc<SourceConfig>,
    /// The entry and its clock.
    pub arrival: Arrival,
}

/// Writes arrivals in one transaction, in their order. `began_at` names the import that they belong to.
pub async fn take_in(
    store: &Store,
    config: &Config,
    arriving: Vec<Arriving>,
    began_at: Timestamp,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let Some(first) = arriving.first().map(|it| Arc::clone(&it.source)) else { return Ok(tally) };
    let mut writer = Writer::new(store.begin().await?, config, &first, began_at);
    for it in &arriving {
        let Arrival { entry, seen_at, given, gone_at, withdrawn_at, .. } = &it.arrival;
        let (key, id) = (entry.source.as_str(), entry.source_entry_id.as_str());
        // Looked up one by one: an id that stands twice in a file is known the second time.
        let known = writer.batch.known(key, &[id]).await?.remove(id);
        writer.source = &it.source;
        writer.now = clock(*seen_at, known.as_ref());
        writer.given = given.as_ref();
        let item = Item {
            entry: entry.clone(),
            row_hash: None,
            row: None,
            is_backlog: true,
            ends_pending: known.is_none(),
        };
        writer.entry(&item, known, &mut tally).await?;
        if let Some(since) = gone_at {
            writer.arrived_gone(key, id, *since, *withdrawn_at).await?;
        }
    }
    writer.batch.commit().await?;
    Ok(tally)
}

/// What an entry becomes is not older than the entry.
fn clock(seen_at: Timestamp, known: Option<&KnownEntry>) -> Timestamp {
    known.map_or(seen_at, |known| known.seen_at.max(seen_at))
}
