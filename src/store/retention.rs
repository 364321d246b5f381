//! What is too old leaves: documents and polls whole, of stories and entries the texts, what is compared with its window.
//!
//! **Invariants:** no transaction holds more than some hundred rows, so that a poll never waits for long. A story leaves as a
//! whole, and what it is known by is kept in the same transaction. Leaving is no change that readers are told of.
//!
//! What leaves makes room that later rows fill; the file does not shrink by itself.

use std::collections::HashMap;

use sqlx::{Row, sqlite::SqliteRow};

use super::{Batch, Doing, Store, StoreError, from_ms, json_list, old::OldEntry, sql::statements};
use crate::{
    dedup::{KnownBy, story_of},
    model::{AtomId, CanonicalUrl, Timestamp},
};

/// Rows deleted in one transaction.
const STEP: i64 = 500;
/// Stories emptied in one transaction: their texts are some megabytes.
const STORIES_STEP: i64 = 100;
/// Stories or features looked at in one run that may not leave yet; the next run goes on behind them.
const MAX_STAYING: usize = 20_000;

statements! {
    PURGE_DOCUMENTS = "DELETE FROM document WHERE id IN (SELECT id FROM document WHERE fetched_ms < $1 LIMIT $2 + 0)";
    PURGE_POLLS = "DELETE FROM poll WHERE id IN (SELECT id FROM poll WHERE started_ms < $1 \
        AND id NOT IN (SELECT max(id) FROM poll GROUP BY source_key) \
        AND id NOT IN (SELECT max(id) FROM poll WHERE outcome IN ('ok', 'unchanged') GROUP BY source_key) ORDER BY id LIMIT $2 + 0)";
    PURGE_ALERTS = "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE at_ms < $1 \
        AND id NOT IN (SELECT max(id) FROM alert GROUP BY source_key) LIMIT $2 + 0)";
    PURGE_VALIDATORS = "DELETE FROM validator WHERE (source_key, url) IN (SELECT source_key, url FROM validator \
        WHERE at_ms < $1 AND is_list = 0 LIMIT $2 + 0)";
    PURGE_ROWS = "UPDATE entry SET row = NULL WHERE id IN (SELECT id FROM entry WHERE row IS NOT NULL AND seen_ms < $1 LIMIT $2 + 0)";

    // What was imported lately stays, however old it is: purging goes by the time of writing.
    FEATURES_OLD = "SELECT f.entry_id, f.published_ms, NOT EXISTS (SELECT 1 FROM entry e WHERE e.id = f.entry_id AND e.changed_ms >= $5) \
        FROM feature f WHERE f.published_ms < $1 AND (f.published_ms, f.entry_id) > ($2, $3) \
        ORDER BY f.published_ms, f.entry_id LIMIT $4 + 0";
    FEATURES_DROP = "DELETE FROM feature WHERE entry_id IN (SELECT value FROM json_each($1))";
    // A story that turned out to be an older one leaves with that. Being told again keeps no story.
    STORIES_OLD = "SELECT s.id, s.changed_ms, NOT EXISTS (SELECT 1 FROM entry e WHERE e.story_id = s.id AND e.changed_ms >= $5 \
        AND e.rule <> 'again') \
        AND NOT EXISTS (SELECT 1 FROM story m WHERE m.merged_into = s.id AND m.changed_ms >= $1) \
        AND NOT EXISTS (SELECT 1 FROM story m WHERE m.id = s.merged_into) \
        FROM story s WHERE s.changed_ms < $1 AND (s.changed_ms, s.id) > ($2, $3) ORDER BY s.changed_ms, s.id LIMIT $4 + 0";
    // As they are now, with those that ended in them: since they were listed some may have changed.
    STORIES_LEAVING = "WITH RECURSIVE leaving (id) AS (SELECT s.id FROM json_each($2) k JOIN story s ON s.id = k.value \
        WHERE s.changed_ms < $1 AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.story_id = s.id AND e.changed_ms >= $3 \
        AND e.rule <> 'again') \
        AND NOT EXISTS (SELECT 1 FROM story m WHERE m.merged_into = s.id AND m.changed_ms >= $1) \
        UNION SELECT m.id FROM leaving l JOIN story m ON m.merged_into = l.id) \
        SELECT s.id, s.atom_id, s.canonical_id, s.published_ms, s.first_ms, s.merged_into FROM leaving l JOIN story s ON s.id = l.id";
    ENTRIES_LEAVING = "SELECT id, story_id, source_key, source_entry_id, url, canonical_url, title, title_key, body_hash, region, \
        claimed_ms, seen_ms FROM entry WHERE story_id IN (SELECT value FROM json_each($1)) ORDER BY id";
    ALIASES_LEAVING = "SELECT a.entry_id, a.source_entry_id FROM alias a JOIN entry e ON e.id = a.entry_id \
        WHERE e.story_id IN (SELECT value FROM json_each($1)) ORDER BY a.entry_id, a.source_entry_id";
    OLD_STORY_KEEP = "INSERT INTO old_story (id, atom_id, short, canonical_id, published_ms, first_ms, emptied_ms, merged_into) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, $2, value ->> 6 FROM json_each($1)";
    ENTRIES_LEAVE = "DELETE FROM entry WHERE story_id IN (SELECT value FROM json_each($1))";
    // Later than the feed's own time by as much as `Last-Modified` can tell.
    FEED_EMPTIED = "UPDATE feed SET emptied_ms = max(emptied_ms, changed_ms + 1000, $1) WHERE id = 1";
    EMPTIED_AT = "SELECT emptied_ms FROM feed WHERE id = 1";
    STORIES_LEAVE = "DELETE FROM story WHERE id IN (SELECT value FROM json_each($1))";
}

/// Before which times what leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Documents, polls, alerts and validators of before.
    pub documents: Timestamp,
    /// Texts of stories that have not changed since, in readers' eyes or by what was written of them.
    pub entries: Timestamp,
    /// Stories that changed since stay, however old they are: the feed holds them.
    pub shown: Timestamp,
    /// Rows of articles first seen before, which are no longer visited again.
    pub rows: Timestamp,
    /// What is compared of entries published and written before.
    pub features: Timestamp,
}

impl Limits {
    /// Everything of before one time.
    pub fn all(before: Timestamp) -> Self {
        Self { documents: before, entries: before, shown: before, rows: before, features: before }
    }
}

/// How far the last run came, so that what may not leave yet is not looked at again and again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    features: Place,
    stories: Place,
}

/// A place in an order by time: milliseconds, and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place(i64, i64);

impl Default for Place {
    fn default() -> Self {
        Self(i64::MIN, i64::MIN)
    }
}

/// Rows of a step: which may leave, and how many may not.
struct Step {
    leaving: Vec<i64>,
    n_staying: usize,
    is_last: bool,
}

impl Store {
    /// Lets go of what is too old, in small steps; gives how many stories were emptied.
    pub async fn purge(
        &self,
        limits: &Limits,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let whole = [
            (PURGE_DOCUMENTS, limits.documents, "purge documents"),
            (PURGE_POLLS, limits.documents, "purge polls"),
            (PURGE_VALIDATORS, limits.documents, "purge validators"),
            (PURGE_ALERTS, limits.documents, "purge alerts"),
            (PURGE_ROWS, limits.rows, "purge rows"),
        ];
        for (statement, before, what) in whole {
            self.delete(statement, before, what).await?;
        }
        self.rest();
        self.purge_features(limits.features, progress).await?;
        self.empty_stories(limits, progress, now).await
    }

    /// When stories last left for their age.
    pub async fn emptied_at(&self) -> Result<Timestamp, StoreError> {
        let query = sqlx::query_scalar(EMPTIED_AT);
        let at: i64 = query.fetch_one(&self.readers).await.doing("read when stories last left")?;
        Ok(from_ms(at))
    }

    async fn delete(
        &self,
        statement: &'static str,
        before: Timestamp,
        what: &'static str,
    ) -> Result<(), StoreError> {
        loop {
            let query = sqlx::query(statement).bind(before.as_millisecond()).bind(STEP);
            let n_gone = query.execute(&self.writer).await.doing(what)?.rows_affected();
            if n_gone < STEP.unsigned_abs() {
                return Ok(());
            }
            // Who waits for the writer comes first.
            tokio::task::yield_now().await;
        }
    }

    /// Lets go of what no entry is compared with any more.
    async fn purge_features(&self, before: Timestamp, progress: &mut Progress) -> Result<(), StoreError> {
        let mut n_staying = 0;
        while n_staying < MAX_STAYING {
            let step = self.step(FEATURES_OLD, (before, before), &mut progress.features, STEP).await?;
            if !step.leaving.is_empty() {
                let query = sqlx::query(FEATURES_DROP).bind(json_list(step.leaving));
                query.execute(&self.writer).await.doing("drop old features")?;
            }
            n_staying += step.n_staying;
            if step.is_last {
                break;
            }
        }
        Ok(())
    }

    async fn empty_stories(
        &self,
        limits: &Limits,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let before = (limits.entries.min(limits.shown), limits.entries);
        let (mut n_emptied, mut n_staying) = (0, 0);
        while n_staying < MAX_STAYING {
            let step = self.step(STORIES_OLD, before, &mut progress.stories, STORIES_STEP).await?;
            if !step.leaving.is_empty() {
                let mut batch = self.begin().await?;
                n_emptied += batch.empty_stories(&step.leaving, before, now).await?;
                batch.commit().await?;
            }
            n_staying += step.n_staying;
            if step.is_last {
                break;
            }
        }
        Ok(n_emptied)
    }

    /// The next rows in an order by time, of before a time and not written since another, looked at by a reader.
    async fn step(
        &self,
        statement: &'static str,
        (before, unwritten_since): (Timestamp, Timestamp),
        place: &mut Place,
        n_rows: i64,
    ) -> Result<Step, StoreError> {
        let query = sqlx::query_as(statement).bind(before.as_millisecond()).bind(place.0).bind(place.1);
        let rows: Vec<(i64, i64, bool)> = query
            .bind(n_rows)
            .bind(unwritten_since.as_millisecond())
            .fetch_all(&self.readers)
            .await
            .doing("look for what is too old")?;
        let is_last = rows.len() < usize::try_from(n_rows).unwrap_or_default();
        *place = match rows.last() {
            Some((id, at, _)) if !is_last => Place(*at, *id),
            _ => Place::default(),
        };
        let n_staying = rows.iter().filter(|(.., leaves)| !leaves).count();
        let leaving = rows.into_iter().filter(|(.., leaves)| *leaves).map(|(id, ..)| id).collect();
        Ok(Step { leaving, n_staying, is_last })
    }
}

impl Batch {
    /// Empties stories, and those that had ended in them: what they are known by goes where nobody reads it.
    async fn empty_stories(
        &mut self,
        ids: &[i64],
        (before, unwritten_since): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let query = sqlx::query(STORIES_LEAVING).bind(before.as_millisecond());
        let query = query.bind(json_list(ids.iter().copied())).bind(unwritten_since.as_millisecond());
        let rows = query.fetch_all(&mut *self.tx).await.doing("read old stories")?;
        let stories: Vec<(i64, serde_json::Value)> =
            rows.iter().map(old_story).collect::<Result<_, _>>().doing("read an old story")?;
        let ids = json_list(stories.iter().map(|(id, _)| *id));
        self.keep_leaving(&ids).await?;
        // Nobody is told of this by the feed's count of changes.
        self.forget_stories();
        self.count_revision().await?;
        let n_stories = stories.len();
        let keep = sqlx::query(OLD_STORY_KEEP).bind(json_list(stories.into_iter().map(|(_, row)| row)));
        self.run(keep.bind(now.as_millisecond()), "keep old stories").await?;
        self.run(sqlx::query(ENTRIES_LEAVE).bind(&ids), "let go of old entries").await?;
        self.run(sqlx::query(STORIES_LEAVE).bind(&ids), "let go of old stories").await?;
        if n_stories > 0 {
            let at = sqlx::query(FEED_EMPTIED).bind(now.as_millisecond());
            self.run(at, "note when old stories left").await?;
        }
        Ok(u64::try_from(n_stories).unwrap_or_default())
    }

    /// Keeps what the entries of stories are known by, under each of their ids.
    async fn keep_leaving(&mut self, story_ids: &str) -> Result<(), StoreError> {
        let query = sqlx::query_as(ALIASES_LEAVING).bind(story_ids);
        let further: Vec<(i64, String)> =
            query.fetch_all(&mut *self.tx).await.doing("read further ids of old entries")?;
        let query = sqlx::query(ENTRIES_LEAVING).bind(story_ids);
        let rows = query.fetch_all(&mut *self.tx).await.doing("read old entries")?;
        let entries: Vec<OldEntry> = rows
            .iter()
            .map(|row| old_entry(row, None))
            .collect::<Result<_, _>>()
            .doing("read an old entry")?;
        self.keep_old_entries(&entries).await?;
        let by_id: HashMap<i64, &SqliteRow> = entries.iter().map(|entry| entry.id).zip(&rows).collect();
        for (entry_id, source_entry_id) in &further {
            let Some(row) = by_id.get(entry_id) else { continue };
            let id = self.next_entry().await?;
            let alias = old_entry(row, Some(source_entry_id)).doing("read an old entry")?;
            self.keep_old_entries(&[OldEntry { id, ..alias }]).await?;
        }
        Ok(())
    }
}

fn old_story(row: &SqliteRow) -> Result<(i64, serde_json::Value), sqlx::Error> {
    let id: i64 = row.try_get(0)?;
    let atom_id: String = row.try_get(1)?;
    let short = story_of(&AtomId(atom_id.clone()));
    let (canonical, published): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
    let (first, merged_into): (i64, Option<i64>) = (row.try_get(4)?, row.try_get(5)?);
    Ok((id, serde_json::json!([id, atom_id, short, canonical, published, first, merged_into])))
}

/// What is kept of a row, under its own id or a further one.
fn old_entry<'a>(row: &'a SqliteRow, further_id: Option<&'a str>) -> Result<OldEntry<'a>, sqlx::Error> {
    let source_key: &str = row.try_get("source_key")?;
    let id: &str = row.try_get("source_entry_id")?;
    let canonical: Option<String> = row.try_get("canonical_url")?;
    let body_hash: Option<&[u8]> = row.try_get("body_hash")?;
    let known_by = KnownBy::of_parts(
        (source_key, further_id.unwrap_or(id)),
        canonical.map(CanonicalUrl::from_stored).as_ref(),
        row.try_get("title_key")?,
        body_hash.and_then(|hash| hash.try_into().ok()),
    );
    Ok(OldEntry {
        id: row.try_get("id")?,
        story_id: row.try_get("story_id")?,
        source_key,
        known_by,
        url: row.try_get("url")?,
        title: row.try_get("title")?,
        region: row.try_get("region")?,
        claimed_ms: row.try_get("claimed_ms")?,
        seen_ms: row.try_get("seen_ms")?,
    })
}
