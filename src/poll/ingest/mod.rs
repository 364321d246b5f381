//! Entries into the store: new story, revision, or another copy of a known story.
//!
//! `judging` says which of these an entry is, `settling` what its story then shows: both pure. `writer` alone writes;
//! `arrivals` are entries that come from files, in their own time; `renewing` is for what other rules have left.

mod arrivals;
mod judging;
mod renewing;
mod settling;
mod writer;

use std::collections::HashSet;

pub use arrivals::{Arriving, take_in};
pub(crate) use judging::{evidence, features, features_of_stored, settings};
pub use renewing::{Renewed, renew};
pub(crate) use settling::{best, rank, reason};
pub(crate) use writer::{settle, settle_parted};

use crate::{
    config::{Config, SourceConfig},
    extract::Document,
    model::{Entry, Timestamp},
    store::{Attached, KnownEntry, PendingRow, Store, StoreError, Validators},
};

use writer::Writer;

/// Entries written in one transaction, at most.
pub const MAX_BATCH: usize = 20;

/// One thing to write.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "at most some dozens at a time")]
pub enum Step {
    /// An entry, with what led to it.
    Entry(Box<Item>),
    /// A row kept aside.
    Aside(PendingRow),
    /// A page that was fetched, with its validators.
    Page(Document, Validators),
    /// A document for keeping.
    Document(Document),
    /// An entry of which the source says that it no longer exists.
    Gone(KnownEntry),
    /// An entry that exists again.
    Returned(KnownEntry),
    /// An entry that its source gives under another id now.
    Attached(Attached),
}

/// An entry to write.
#[derive(Debug)]
pub struct Item {
    /// The entry.
    pub entry: Entry,
    /// Hash of the row that led to it.
    pub row_hash: Option<[u8; 32]>,
    /// That row as JSON, when its article is to be visited again.
    pub row: Option<String>,
    /// Whether it was there before we first came: it takes its place in the window by its time of publication.
    pub is_backlog: bool,
    /// Whether a row kept aside under the same id is done with.
    pub ends_pending: bool,
}

/// How many entries were new and changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// New.
    pub n_new: usize,
    /// Changed.
    pub n_updated: usize,
    /// Known and the same after all.
    pub n_unchanged: usize,
}

/// Writes steps in one transaction.
pub async fn write(
    store: &Store,
    config: &Config,
    source: &SourceConfig,
    steps: Vec<Step>,
    now: Timestamp,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    if steps.is_empty() {
        return Ok(tally);
    }
    let mut writer = Writer::new(store.begin().await?, config, source, now);
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Entry(item) => Some(item.entry.source_entry_id.as_str()),
            _ => None,
        })
        .collect();
    let mut known = writer.batch.known(source.source.key.as_str(), &ids).await?;
    writer.foresee(&steps, &known).await?;
    let mut written = HashSet::new();
    for step in &steps {
        let Step::Entry(item) = step else {
            writer.aside(step).await?;
            continue;
        };
        // An id twice in one batch is one entry; the first telling of it stands.
        if written.insert(item.entry.source_entry_id.as_str()) {
            writer.entry(item, known.remove(&item.entry.source_entry_id), &mut tally).await?;
        }
    }
    writer.batch.commit().await?;
    Ok(tally)
}
