//! What a replay of all entries under today's rules reads, and the rule that it finds for an entry.

use std::collections::HashMap;

use sqlx::{Row, sqlite::SqliteRow};

use super::{Batch, Doing, Store, StoreError, Telling, batch::telling, from_ms, json_list, sql::statements};
use crate::{
    dedup::Ruled,
    model::{AtomId, CanonicalUrl, Region, Timestamp},
};

statements! {
    // Stories of which all entries are compared can be put together anew; the others keep what they have.
    REPLAY_IDS = "SELECT e.id, e.story_id, s.withdrawn_ms IS NOT NULL OR EXISTS (SELECT 1 FROM entry o \
        WHERE o.story_id = e.story_id AND o.seen_ms < $1) AS is_fixed, coalesce(s.opened_by = e.id, 0) AS is_opener, \
        s.canonical_id = e.id AS is_shown \
        FROM entry e JOIN story s ON s.id = e.story_id WHERE e.seen_ms >= $1 ORDER BY e.seen_ms, e.id";
    REPLAY_ENTRIES = "SELECT id, source_key, source_entry_id, canonical_url, title, content_text, region, role, bureau, \
        length(content_text) AS n_chars, seen_ms, published_ms, claimed_precision, gone_ms, rule = 'correction' AS is_correction, rule = 'again' AS is_again, rule \
        FROM entry WHERE id IN (SELECT value FROM json_each($1))";
    REPLAY_STORIES = "SELECT id, atom_id FROM story WHERE id IN (SELECT value FROM json_each($1))";
    REPLAY_RULED = "SELECT entry_a, entry_b, kind FROM ruled";
    ENTRY_RULE = "UPDATE entry SET rule = $2, evidence = $3 WHERE id = $1";
}

/// An entry's place before a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayPlace {
    /// The entry.
    pub entry_id: i64,
    /// Its story.
    pub story_id: i64,
    /// Whether it keeps its story whatever the rules say.
    pub is_fixed: bool,
    /// Whether it opened its story.
    pub is_opener: bool,
    /// Whether it is the one that readers get.
    pub is_shown: bool,
}

/// What is compared of a stored entry.
#[derive(Debug, Clone)]
pub struct ReplayEntry {
    /// What decides whether readers get it.
    pub telling: Telling,
    /// Key of its source.
    pub source_key: String,
    /// Its id there.
    pub source_entry_id: String,
    /// Its address for comparing.
    pub canonical_url: Option<CanonicalUrl>,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its province.
    pub region: Option<Region>,
    /// What joined it to its story.
    pub rule: String,
    /// Its time as shown.
    pub published_at: Timestamp,
}

impl Store {
    /// The entries first seen since a time, in the order of their arrival.
    pub async fn replay_places(&self, since: Timestamp) -> Result<Vec<ReplayPlace>, StoreError> {
        let rows = sqlx::query(REPLAY_IDS).bind(since.as_millisecond()).fetch_all(&self.readers).await;
        let place = |row: &SqliteRow| -> Result<ReplayPlace, sqlx::Error> {
            Ok(ReplayPlace {
                entry_id: row.try_get(0)?,
                story_id: row.try_get(1)?,
                is_fixed: row.try_get(2)?,
                is_opener: row.try_get(3)?,
                is_shown: row.try_get(4)?,
            })
        };
        let rows = rows.doing("list entries")?;
        rows.iter().map(place).collect::<Result<_, _>>().doing("read an entry's place")
    }

    /// Entries by their rows.
    pub async fn replay_entries(&self, ids: &[i64]) -> Result<HashMap<i64, ReplayEntry>, StoreError> {
        let query = sqlx::query(REPLAY_ENTRIES).bind(json_list(ids.iter().copied()));
        let rows = query.fetch_all(&self.readers).await.doing("read entries")?;
        let entry = |row: &SqliteRow| Ok((row.try_get("id")?, replay_entry(row)?));
        rows.iter().map(entry).collect::<Result<_, sqlx::Error>>().doing("read an entry")
    }

    /// The ids of stories by their rows.
    pub async fn atom_ids(&self, stories: &[i64]) -> Result<HashMap<i64, AtomId>, StoreError> {
        let query =
            sqlx::query_as::<_, (i64, String)>(REPLAY_STORIES).bind(json_list(stories.iter().copied()));
        let rows = query.fetch_all(&self.readers).await.doing("read ids of stories")?;
        Ok(rows.into_iter().map(|(id, atom_id)| (id, AtomId(atom_id))).collect())
    }

    /// The rulings in force.
    pub async fn ruled(&self) -> Result<Ruled, StoreError> {
        let rows = sqlx::query_as::<_, (i64, i64, String)>(REPLAY_RULED).fetch_all(&self.readers).await;
        let mut ruled = Ruled::default();
        for (a, b, kind) in rows.doing("read rulings")? {
            let pairs = if kind == "join" { &mut ruled.together } else { &mut ruled.apart };
            pairs.entry(a).or_default().insert(b);
            pairs.entry(b).or_default().insert(a);
        }
        Ok(ruled)
    }
}

pub(super) fn replay_entry(row: &SqliteRow) -> Result<ReplayEntry, sqlx::Error> {
    Ok(ReplayEntry {
        telling: telling(row)?,
        source_key: row.try_get("source_key")?,
        source_entry_id: row.try_get("source_entry_id")?,
        canonical_url: row.try_get::<Option<String>, _>("canonical_url")?.map(CanonicalUrl::from_stored),
        title: row.try_get("title")?,
        text: row.try_get("content_text")?,
        region: row.try_get::<Option<&str>, _>("region")?.and_then(Region::parse),
        rule: row.try_get("rule")?,
        published_at: from_ms(row.try_get("published_ms")?),
    })
}

impl Batch {
    /// Keeps what joins an entry to its story, and what was seen.
    pub async fn keep_rule(
        &mut self,
        entry_id: i64,
        rule: &str,
        evidence: Option<&str>,
    ) -> Result<(), StoreError> {
        self.forget_stories();
        self.count_revision().await?;
        let query = sqlx::query(ENTRY_RULE).bind(entry_id).bind(rule).bind(evidence);
        self.run(query, "keep an entry's rule").await
    }
}
