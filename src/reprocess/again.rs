//! Making entries again of what is stored, as a poll made them. Pure.

use std::sync::Arc;

use crate::{
    config::{Config, SourceConfig},
    extract::{Document, RawEntry},
    model::{Entry, Timestamp},
    normalise::{Normalised, normalise},
    observe::Fault,
    poll::{
        article::{self, context},
        rows::{Row, article_row_hash},
    },
    store::{Held, PendingRow},
};

/// What making needs.
pub(super) struct Again {
    pub source: Arc<SourceConfig>,
    pub config: Arc<Config>,
    /// When the documents were fetched: relative dates count from it.
    pub at: Timestamp,
}

/// What is kept of a row beside its article.
pub(super) struct Kept {
    /// The row as today's rules read it from the list.
    pub row: Option<Row>,
    pub held: Option<Held>,
    pub aside: Option<PendingRow>,
}

/// An entry by today's rules, with what is kept beside it.
#[derive(Debug)]
pub(super) struct Made {
    pub entry: Entry,
    pub row_hash: Option<[u8; 32]>,
    pub row: Option<String>,
}

/// What an article gives by today's rules.
pub(super) enum Taken {
    Entry(Box<Made>),
    Stories(Vec<Made>),
    NoNews(String),
}

impl Made {
    /// Its id at the source.
    pub(super) fn id(&self) -> &str {
        &self.entry.source_entry_id
    }
}

impl Again {
    /// Entries of rows that are whole.
    pub(super) fn whole(&self, rows: Vec<Row>) -> Vec<Made> {
        let context = context(&self.source, &self.config, self.at);
        let made = rows.into_iter().filter_map(|row| {
            let Normalised { entry, .. } = normalise(row.raw, &context)?;
            Some(Made { entry: Entry { source_entry_id: row.id, ..entry }, row_hash: row.hash, row: None })
        });
        made.collect()
    }

    /// What the page behind a row gives.
    pub(super) fn article(&self, document: &Document, kept: Kept) -> Result<Taken, Fault> {
        let Kept { row, held, aside } = kept;
        let row_hash = row.as_ref().and_then(|row| row.hash);
        let stored = held.as_ref().and_then(|held| held.known.row.as_deref());
        let is_visited = stored.is_some() || held.is_none();
        let own_id = row.as_ref().map(|row| row.id.clone());
        let aside_id = aside.as_ref().map(|row| row.source_entry_id.clone());
        let id = held.as_ref().map(|held| held.known.source_entry_id.clone()).or(aside_id).or(own_id);
        let raw = row.map(|row| row.raw).or_else(|| stored.and_then(|text| serde_json::from_str(text).ok()));
        let alone = raw.is_none() && aside.is_none();
        let raw = raw.or_else(|| aside.map(|row| row.row)).unwrap_or_else(|| bare(document, held.as_ref()));
        let row_text = serde_json::to_string(&raw).ok().filter(|_| is_visited);
        let row_hash = row_hash.or_else(|| match &held {
            Some(held) => held.known.row_hash.clone().and_then(|hash| hash.try_into().ok()),
            None => article_row_hash(&raw, self.source.kind),
        });
        let made = match article::take(&self.source, &self.config, document, raw, self.at)? {
            article::Taken::NoNews(reason) => return Ok(Taken::NoNews(reason)),
            article::Taken::Stories(stories) => {
                let story = |made: Normalised| Made { entry: made.entry, row_hash: None, row: None };
                return Ok(Taken::Stories(stories.into_iter().map(story).collect()));
            }
            article::Taken::Entry(made) => made.entry,
        };
        let entry = match held.filter(|_| alone) {
            Some(held) => completed(made, held.entry),
            None => made,
        };
        let source_entry_id = id.unwrap_or_else(|| entry.source_entry_id.clone());
        Ok(Taken::Entry(Box::new(Made {
            entry: Entry { source_entry_id, ..entry },
            row_hash,
            row: row_text,
        })))
    }
}

/// A row for an entry whose own is no longer kept: its title and address as stored.
fn bare(document: &Document, held: Option<&Held>) -> RawEntry {
    let stored = held.and_then(|held| url::Url::parse(&held.entry.url).ok());
    RawEntry {
        url: Some(stored.unwrap_or_else(|| document.url.clone())),
        title: held.map(|held| held.entry.title.clone()).unwrap_or_default(),
        ..RawEntry::default()
    }
}

/// What only its row told of an entry stays when the row is no longer kept.
fn completed(made: Entry, stored: Entry) -> Entry {
    Entry {
        published: made.published.or(stored.published),
        updated_at: made.updated_at.or(stored.updated_at),
        summary: made.summary.or(stored.summary),
        enclosures: if made.enclosures.is_empty() { stored.enclosures } else { made.enclosures },
        ..made
    }
}
