//! When a source gives nearly all it has under other ids: what is known goes on under both, what is old is held back.

use std::sync::Arc;

use super::{
    article::context,
    ingest::{self, Step},
    offload::offload,
    rows::{Knowledge, Row},
    visit::Work,
};
use crate::{
    config::Config,
    dedup::{Familiar, Fate, Stranger, is_suspicious, reid},
    extract::RawEntry,
    model::{Entry, Timestamp},
    normalise::{Context, normalise},
    observe::{Fault, Reid},
    store::{Attached, PendingRow, PendingState, StoreError},
};

/// Rows kept aside among which rows are looked for, the latest.
const MAX_ASIDE: usize = 2_000;
/// How titles end that a list has cut short.
const CUT_ENDS: [&str; 2] = ["…", "..."];
/// Why a row is held back.
const HELD: &str = "its source changed all its ids, and it is no newer than what was known; `dibao fetch SOURCE --accept` publishes it";

/// What was given before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Before {
    Entry(i64),
    /// The number of a row kept aside.
    Aside(usize),
}

impl Work<'_> {
    /// The rows that are to be taken. Where the source changed all its ids, those that are known again or old are none
    /// of them: the former get their new ids, the latter wait for the operator.
    pub(super) async fn known_again(
        &mut self,
        rows: Vec<Row>,
        knowledge: &Knowledge,
    ) -> Result<Vec<Row>, StoreError> {
        let (mut to_take, strangers): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| knowledge.known.contains_key(&row.id));
        let n_known = knowledge.known.len() + knowledge.aside.len();
        if self.is_first || !is_suspicious(strangers.len(), n_known) {
            to_take.extend(strangers);
        } else {
            to_take.extend(Box::pin(self.strangers(strangers, n_known)).await?);
        }
        Ok(to_take)
    }

    /// Those of many unknown rows that are to be taken.
    async fn strangers(&mut self, rows: Vec<Row>, n_known: usize) -> Result<Vec<Row>, StoreError> {
        let mut aside = self.poller.store.aside(self.key(), MAX_ASIDE).await?;
        let Some((looks, familiar)) = self.compared(&rows, &aside).await? else { return Ok(rows) };
        let of_rows: Vec<Stranger> = looks.iter().map(|(look, _)| look.clone()).collect();
        let Some(fates) = reid(&of_rows, n_known, &familiar) else { return Ok(rows) };
        let mut to_take = Vec::new();
        let mut found = Reid { n_rows: rows.len() + n_known, ..Reid::default() };
        for ((row, (_, entry)), fate) in rows.into_iter().zip(looks).zip(fates) {
            let step = match (fate, entry) {
                (Fate::Known(Before::Entry(id)), Some(entry)) => Step::Attached(attached(id, row, entry)),
                (Fate::Known(Before::Aside(i)), _) => match aside.get_mut(i) {
                    Some(before) => Step::Aside(again(before, row)),
                    None => continue,
                },
                (Fate::Held, Some(_)) => {
                    found.n_held += 1;
                    let row = self.aside(row, PendingState::Held, HELD.to_owned());
                    self.push(Step::Aside(row)).await?;
                    continue;
                }
                (Fate::New, _) | (_, None) => {
                    found.n_new += 1;
                    to_take.push(row);
                    continue;
                }
            };
            found.n_known += 1;
            self.push(step).await?;
        }
        self.report.notes.push(Fault::of_reid(self.key(), found).sentence);
        self.report.reid = Some(found);
        Ok(to_take)
    }

    /// Unknown rows as they are compared, and what they are compared with: entries, and rows kept aside. `None` when
    /// they cannot be read.
    async fn compared(
        &self,
        rows: &[Row],
        aside: &[PendingRow],
    ) -> Result<Option<(Vec<Look>, Vec<Familiar<Before>>)>, StoreError> {
        let n_rows = rows.len();
        let raw: Vec<RawEntry> =
            rows.iter().map(|row| row.raw.clone()).chain(aside.iter().map(|row| row.row.clone())).collect();
        let (source, config, now) = (Arc::clone(self.source), Arc::clone(&self.poller.config), self.now);
        let making = offload(move || {
            let context = context(&source, &config, now);
            raw.into_iter().map(|raw| look(raw, &context, &config, now)).collect::<Vec<_>>()
        });
        let Ok(mut looks) = making.await else { return Ok(None) };
        let of_aside = looks.split_off(n_rows);
        let entries = self.poller.store.familiar(self.key()).await?;
        let entries = entries.into_iter().map(|item| Familiar {
            what: Before::Entry(item.what),
            title_key: item.title_key,
            canonical_url: item.canonical_url,
            body_hash: item.body_hash,
            published: item.published,
        });
        let aside = of_aside.into_iter().enumerate().map(|(number, (look, _))| Familiar {
            what: Before::Aside(number),
            title_key: look.title_key,
            canonical_url: look.canonical_url,
            body_hash: look.body_hash,
            published: look.published,
        });
        let familiar = entries.chain(aside).collect();
        Ok(Some((looks, familiar)))
    }
}

/// A row as it is compared, and the entry that it would be.
type Look = (Stranger, Option<Entry>);

fn look(raw: RawEntry, context: &Context<'_>, config: &Config, now: Timestamp) -> Look {
    let title = raw.title.trim();
    let is_cut = CUT_ENDS.iter().any(|end| title.ends_with(end));
    let Some(made) = normalise(raw, context) else { return (Stranger::default(), None) };
    let entry = made.entry;
    let published = entry.published.map(|claim| claim.at);
    let features = ingest::features(&entry, published.unwrap_or(now), config);
    let look = Stranger {
        title_key: features.title_key,
        is_cut,
        canonical_url: entry.canonical_url.clone(),
        body_hash: features.body_hash,
        published,
    };
    (look, Some(entry))
}

fn attached(entry_id: i64, row: Row, entry: Entry) -> Attached {
    Attached {
        entry_id,
        source_entry_id: row.id,
        url: entry.url,
        canonical_url: entry.canonical_url,
        row_hash: row.hash,
        row: serde_json::to_string(&row.raw).ok(),
    }
}

/// A row that was kept aside under another id stays so under this one.
fn again(before: &PendingRow, row: Row) -> PendingRow {
    PendingRow { source_entry_id: row.id, row: row.raw, ..before.clone() }
}
