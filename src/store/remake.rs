//! What is compared of entries, made anew where other tables made it: some at a time, the newest first.
//!
//! **Invariant:** the name of the tables is kept before anything is made by them, so that a run that was cut off goes on.

use std::sync::Arc;

use sqlx::Row;

use super::{Batch, Doing, ReplayEntry, Store, StoreError, replay::replay_entry, sql::statements};
use crate::dedup::Features;

statements! {
    COMPARED_BY = "SELECT feature_tables, feature_below, dedup_rules FROM feed WHERE id = 1";
    RULES_KEEP = "UPDATE feed SET dedup_rules = $1 WHERE id = 1";
    REMAKE_BEGIN = "UPDATE feed SET feature_tables = $1, \
        feature_below = (SELECT max(entry_id) + 1 FROM feature) WHERE id = 1";
    REMAKE_BELOW = "UPDATE feed SET feature_below = $2 WHERE id = 1 AND feature_tables = $1";
    // Of what was let go of the text is gone: what is compared of it stays as it is.
    REMAKE_NEXT = "SELECT id, source_key, source_entry_id, canonical_url, title, content_text, region, role, bureau, \
        length(content_text) AS n_chars, seen_ms, published_ms, claimed_precision, gone_ms, rule = 'correction' AS is_correction, rule = 'again' AS is_again, \
        rule FROM entry WHERE id IN (SELECT f.entry_id FROM feature f JOIN entry e ON e.id = f.entry_id \
        WHERE f.entry_id < $1 ORDER BY f.entry_id DESC LIMIT $2 + 0) \
        ORDER BY id DESC";
    ENTRY_NAMES_KEEP = "UPDATE entry SET title_key = $2, body_hash = $3 WHERE id = $1";
}

/// By what the entries of a store are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedBy {
    /// The name of the tables; empty before any entry was compared.
    pub tables: String,
    /// What is compared of entries below this number was made by other tables; `None` when nothing is left to be done.
    pub below: Option<i64>,
    /// The name of the thresholds; empty before any were in force.
    pub rules: String,
}

impl Store {
    /// By what its entries are compared.
    pub async fn compared_by(&self) -> Result<ComparedBy, StoreError> {
        let row = sqlx::query(COMPARED_BY).fetch_one(&self.readers).await;
        let row = row.doing("read by what entries are compared")?;
        let read = || -> Result<ComparedBy, sqlx::Error> {
            Ok(ComparedBy { tables: row.try_get(0)?, below: row.try_get(1)?, rules: row.try_get(2)? })
        };
        read().doing("read by what entries are compared")
    }
}

impl Batch {
    /// Keeps the name of the thresholds that are in force.
    pub async fn keep_dedup_rules(&mut self, rules: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(RULES_KEEP).bind(rules), "keep the name of the rules").await
    }

    /// From now on these tables are in force; all that is compared of entries is to be made anew by them.
    pub async fn begin_remaking(&mut self, tables: &str) -> Result<(), StoreError> {
        self.run(sqlx::query(REMAKE_BEGIN).bind(tables), "keep the name of the tables").await
    }

    /// The next entries below a number of which what is compared is to be made anew, the newest first.
    pub async fn next_to_remake(
        &mut self,
        below: i64,
        limit: usize,
    ) -> Result<Vec<(i64, ReplayEntry)>, StoreError> {
        let query = sqlx::query(REMAKE_NEXT).bind(below).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.fetch_all(self.seeing().await?).await.doing("read entries")?;
        let entry = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get("id")?, replay_entry(row)?));
        rows.iter().map(entry).collect::<Result<_, sqlx::Error>>().doing("read an entry")
    }

    /// Keeps what is compared of an entry that was there before.
    pub async fn remake(&mut self, entry_id: i64, features: &Arc<Features>) -> Result<(), StoreError> {
        let query = sqlx::query(ENTRY_NAMES_KEEP)
            .bind(entry_id)
            .bind(&features.title_key)
            .bind(features.body_hash.as_ref().map(<[u8; 32]>::as_slice));
        self.run(query, "keep an entry's names").await?;
        self.change_features(entry_id, features).await
    }

    /// Keeps how far the tables have come: down to a number, or to the end.
    pub async fn remade_down_to(&mut self, tables: &str, below: Option<i64>) -> Result<(), StoreError> {
        self.run(sqlx::query(REMAKE_BELOW).bind(tables).bind(below), "keep how far the tables have come")
            .await
    }
}
