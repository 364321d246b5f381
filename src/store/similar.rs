//! The index of entries that may tell the same, and its upkeep.
//!
//! **Invariant:** what it costs to find candidates does not grow with what is outside the window.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Batch, Doing, StoreError, json_list, sql};
use crate::{
    dedup::{Candidate, Features, SAMPLED},
    model::{CanonicalUrl, Timestamp},
};

/// Entries with the same address, body or title, or most keys in common, read for one entry at most.
const MAX_CANDIDATES: i64 = 80;
/// Entries that share most sampled shingles.
const MOST_ALIKE: i64 = 24;
/// Entries that share most figures of a city.
const MOST_EVENTS: i64 = 8;
/// Keys that more entries have than this propose none.
const MAX_SHARERS: i64 = 40;
impl Batch {
    /// Stored entries that may tell the same as an entry, published between two times, with the heads of their stories.
    pub async fn candidates(
        &mut self,
        entry: &Features,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candidate>, StoreError> {
        let (shingles, events): (Vec<u32>, Vec<u32>) =
            entry.index_keys().into_iter().partition(|key| key % SAMPLED == 0);
        let mut alike = self.sharers(&shingles, MOST_ALIKE).await?;
        alike.extend(self.sharers(&events, MOST_EVENTS).await?);
        let rows = sqlx::query(sql::ENTRY_CANDIDATES)
            .bind(entry.canonical_url.as_ref().map(CanonicalUrl::as_str))
            .bind(entry.body_hash.as_ref().map(<[u8; 32]>::as_slice))
            .bind(&entry.title_key)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond())
            .bind(json_list(alike))
            .bind(MAX_CANDIDATES)
            .fetch_all(&mut *self.tx)
            .await
            .doing("look up similar entries")?;
        let found: Vec<Option<Candidate>> =
            rows.iter().map(candidate).collect::<Result<_, _>>().doing("read a similar entry")?;
        let mut found: Vec<Candidate> = found.into_iter().flatten().collect();
        found.sort_by_key(|candidate| candidate.entry_id);
        Ok(found)
    }

    /// The entries that share most of these keys.
    async fn sharers(&mut self, keys: &[u32], most: i64) -> Result<Vec<i64>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(sql::SHINGLE_SHARERS)
            .bind(json_list(keys.iter().copied()))
            .bind(most)
            .bind(MAX_SHARERS)
            .fetch_all(&mut *self.tx)
            .await
            .doing("look up alike entries")?;
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().doing("read an alike entry")
    }

    /// Puts an entry under the keys by which others find it.
    pub(super) async fn index(&mut self, id: i64, features: &Features) -> Result<(), StoreError> {
        let query = sqlx::query(sql::SHINGLE_KEEP).bind(json_list(features.index_keys())).bind(id);
        self.run(query, "index an entry").await
    }

    /// Takes an entry out from under its keys, before they change.
    pub(super) async fn unindex(&mut self, id: i64) -> Result<(), StoreError> {
        let old: Option<Vec<u8>> = sqlx::query_scalar(sql::FEATURES_OF)
            .bind(id)
            .fetch_one(&mut *self.tx)
            .await
            .doing("read an entry's features")?;
        if let Some(old) = old.and_then(|bytes| Features::decode(&bytes).ok()) {
            let query = sqlx::query(sql::SHINGLE_DROP).bind(json_list(old.index_keys())).bind(id);
            self.run(query, "take an entry out of the index").await?;
        }
        Ok(())
    }

    /// Entries first seen before a time that are still in the index.
    pub(super) async fn old_features(
        &mut self,
        before: Timestamp,
        limit: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows = sqlx::query(sql::FEATURES_OLD)
            .bind(before.as_millisecond())
            .bind(limit)
            .fetch_all(&mut *self.tx)
            .await
            .doing("read old features")?;
        let read = |row: &SqliteRow| -> Result<_, sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        rows.iter().map(read).collect::<Result<_, _>>().doing("read old features")
    }

    /// Takes an entry out of the index; its hashes of address, title and body stay with it.
    pub(super) async fn drop_features(&mut self, id: i64, bytes: &[u8]) -> Result<(), StoreError> {
        if let Ok(features) = Features::decode(bytes) {
            let keys = sqlx::query(sql::SHINGLE_DROP).bind(json_list(features.index_keys())).bind(id);
            self.run(keys, "take an entry out of the index").await?;
        }
        self.run(sqlx::query(sql::FEATURES_DROP).bind(id), "drop an entry's features").await
    }
}

/// `None` for features of another version of the rules, which are made anew when the entry changes.
fn candidate(row: &SqliteRow) -> Result<Option<Candidate>, sqlx::Error> {
    let features: Vec<u8> = row.try_get("features")?;
    let Ok(features) = Features::decode(&features) else { return Ok(None) };
    Ok(Some(Candidate {
        entry_id: row.try_get("id")?,
        story_id: row.try_get("story_id")?,
        is_head: row.try_get("is_head")?,
        features,
    }))
}
