//! What is read outside a transaction: by the publisher, the scheduler and the commands.

use std::collections::HashMap;

use sqlx::{Row, sqlite::SqliteRow};

use super::{
    AlertRow, Doing, KnownEntry, PendingRow, PendingState, PollRow, Store, StoreError, Validators,
    batch::known_entry, from_ms, json_list, sql,
};
use crate::{
    extract::RawEntry,
    model::{AtomId, Bureau, Copy, Entry, Precision, Published, Region, Role, SourceKey, Story, Timestamp},
};

/// The state of the published feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedState {
    /// Atom id of the feed.
    pub atom_id: String,
    /// Committed changes that readers can see.
    pub change_seq: i64,
    /// How many of them `changed_at` stands for.
    pub rendered_seq: i64,
    /// The feed's `updated`.
    pub changed_at: Timestamp,
    /// Names this sequence of changes.
    pub epoch: String,
}

/// Which stories the feed holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowQuery {
    /// The newest N.
    pub newest: usize,
    /// And all that changed since.
    pub since: Timestamp,
    /// But never more than this.
    pub limit: usize,
}

/// How much the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Stories that readers can see.
    pub stories: i64,
    /// Entries.
    pub entries: i64,
    /// Earlier contents of changed entries.
    pub revisions: i64,
}

impl Store {
    /// The state of the feed.
    pub async fn feed_state(&self) -> Result<FeedState, StoreError> {
        let state = |row: SqliteRow| {
            Ok(FeedState {
                atom_id: row.try_get(0)?,
                change_seq: row.try_get(1)?,
                rendered_seq: row.try_get(2)?,
                changed_at: from_ms(row.try_get(3)?),
                epoch: row.try_get(4)?,
            })
        };
        sqlx::query(sql::FEED_STATE)
            .try_map(state)
            .fetch_one(&self.readers)
            .await
            .doing("read the feed's state")
    }

    /// Stories with their copies; those that have none are left out.
    pub(super) async fn with_copies(&self, rows: &[SqliteRow]) -> Result<Vec<Story>, StoreError> {
        let ids: Vec<i64> =
            rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>().doing("read a story")?;
        let mut copies = self.copies(&ids).await?;
        let mut related = self.related(&ids).await?;
        let story = |row: &SqliteRow| -> Result<Story, sqlx::Error> {
            let related = related.remove(&row.try_get("id")?).unwrap_or_default();
            Ok(Story { related, ..story(row, &mut copies)? })
        };
        let stories: Vec<Story> = rows.iter().map(story).collect::<Result<_, _>>().doing("read a story")?;
        Ok(stories.into_iter().filter(|story| !story.copies.is_empty()).collect())
    }

    async fn copies(&self, story_ids: &[i64]) -> Result<HashMap<i64, Vec<(i64, Copy)>>, StoreError> {
        let rows = sqlx::query(sql::WINDOW_COPIES)
            .bind(json_list(story_ids.iter().copied()))
            .fetch_all(&self.readers)
            .await
            .doing("read the feed's entries")?;
        copies_of(&rows)
    }

    /// When the oldest of the newest N stories changed; `None` without stories.
    pub async fn oldest_in_window(&self, newest: usize) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(sql::WINDOW_OLDEST)
            .bind(i64::try_from(newest).unwrap_or(i64::MAX))
            .fetch_one(&self.readers)
            .await
            .doing("read the oldest story of the window")?;
        Ok(at.map(from_ms))
    }

    /// How much the store holds.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let counts = |row: SqliteRow| {
            Ok(Counts { stories: row.try_get(0)?, entries: row.try_get(1)?, revisions: row.try_get(2)? })
        };
        sqlx::query(sql::COUNTS).try_map(counts).fetch_one(&self.readers).await.doing("count")
    }

    /// The latest visit to each source.
    pub async fn latest_polls(&self) -> Result<HashMap<String, PollRow>, StoreError> {
        let rows = sqlx::query(sql::POLLS_LATEST).fetch_all(&self.readers).await.doing("read polls")?;
        let polls = rows.iter().map(|row| poll(row).map(|poll| (poll.source_key.clone(), poll)));
        polls.collect::<Result<_, _>>().doing("read a poll")
    }

    /// The latest visits to a source, newest first.
    pub async fn polls_of(&self, source_key: &str, limit: usize) -> Result<Vec<PollRow>, StoreError> {
        sqlx::query(sql::POLLS_OF)
            .bind(source_key)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(|row| poll(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read a source's polls")
    }

    /// The latest visits that read a source, newest first.
    pub async fn polls_that_read(&self, source_key: &str, limit: usize) -> Result<Vec<PollRow>, StoreError> {
        sqlx::query(sql::POLLS_READ)
            .bind(source_key)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(|row| poll(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read a source's polls")
    }

    /// What the operator was told lately, newest first.
    pub async fn alerts(&self, limit: usize) -> Result<Vec<AlertRow>, StoreError> {
        let alert = |row: SqliteRow| -> Result<AlertRow, sqlx::Error> {
            Ok(AlertRow {
                id: row.try_get("id")?,
                source_key: row.try_get("source_key")?,
                at: from_ms(row.try_get("at_ms")?),
                kind: row.try_get("kind")?,
                state: row.try_get("state")?,
                since: from_ms(row.try_get("since_ms")?),
                message: row.try_get("message")?,
            })
        };
        sqlx::query(sql::ALERTS_RECENT)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(alert)
            .fetch_all(&self.readers)
            .await
            .doing("read alerts")
    }

    /// The robots.txt of all sites: origin, body, time of fetching.
    pub async fn robots(&self) -> Result<Vec<(String, Vec<u8>, Timestamp)>, StoreError> {
        let site = |row: SqliteRow| -> Result<_, sqlx::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, from_ms(row.try_get(2)?)))
        };
        sqlx::query(sql::ROBOTS_ALL).try_map(site).fetch_all(&self.readers).await.doing("read robots.txt")
    }

    /// When a source was last visited with success.
    pub async fn last_success(&self, source_key: &str) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(sql::POLL_SUCCEEDED)
            .bind(source_key)
            .fetch_one(&self.readers)
            .await
            .doing("read a source's last success")?;
        Ok(at.map(from_ms))
    }

    /// The most rows that a source gave lately; `None` when it never gave any.
    pub async fn rows_before(&self, source_key: &str) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar(sql::POLL_ROWS_BEFORE)
            .bind(source_key)
            .fetch_one(&self.readers)
            .await
            .doing("read a source's earlier rows")
    }

    /// The validators of an article of a source, or with `None` those of its polled address and where that leads.
    pub async fn validators(
        &self,
        source_key: &str,
        article: Option<&str>,
    ) -> Result<HashMap<String, Validators>, StoreError> {
        let found = sqlx::query(sql::VALIDATOR_FIND)
            .bind(source_key)
            .bind(article)
            .try_map(|row| validators(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read validators")?;
        Ok(found.into_iter().collect())
    }

    /// What is known of rows by their ids: entries held, and rows kept aside.
    pub async fn known_rows(
        &self,
        source_key: &str,
        ids: &[&str],
    ) -> Result<(HashMap<String, KnownEntry>, HashMap<String, PendingState>), StoreError> {
        if ids.is_empty() {
            return Ok(Default::default());
        }
        let list = json_list(ids.iter().copied());
        let entries = sqlx::query(sql::ENTRIES_KNOWN)
            .bind(source_key)
            .bind(&list)
            .fetch_all(&self.readers)
            .await
            .doing("look up known entries")?;
        let known = entries.iter().map(known_entry).collect::<Result<Vec<_>, _>>()?;
        let mut known: HashMap<_, _> = known.into_iter().map(|it| (it.source_entry_id.clone(), it)).collect();
        self.add_old(source_key, ids, &mut known).await?;
        let aside = sqlx::query(sql::PENDING_KNOWN)
            .bind(source_key)
            .bind(&list)
            .fetch_all(&self.readers)
            .await
            .doing("look up pending rows")?;
        let state = |row: &SqliteRow| -> Result<(String, PendingState), sqlx::Error> {
            Ok((row.try_get(0)?, PendingState::from_name(row.try_get(1)?)))
        };
        let aside = aside.iter().map(state).collect::<Result<_, _>>().doing("read a pending row")?;
        Ok((known, aside))
    }

    /// Entries of a source first seen since a time whose articles are visited again, newest first.
    pub async fn recent_entries(
        &self,
        source_key: &str,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<KnownEntry>, StoreError> {
        let rows = sqlx::query(sql::ENTRIES_RECENT)
            .bind(source_key)
            .bind(since.as_millisecond())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .doing("read recent entries")?;
        rows.iter().map(known_entry).collect()
    }

    /// Rows kept aside whose next try is due.
    pub async fn due_pending(
        &self,
        source_key: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<PendingRow>, StoreError> {
        let rows = sqlx::query(sql::PENDING_DUE)
            .bind(source_key)
            .bind(now.as_millisecond())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .doing("read pending rows")?;
        rows.iter().map(pending).collect()
    }

    /// Rows of a source that were withheld, newest first, each with the reason.
    pub async fn withheld(
        &self,
        source_key: &str,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query_as(sql::PENDING_WITHHELD)
            .bind(source_key)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .doing("read withheld rows")
    }
}

/// The entries of stories, by story.
pub(super) fn copies_of(rows: &[SqliteRow]) -> Result<HashMap<i64, Vec<(i64, Copy)>>, StoreError> {
    let mut copies: HashMap<i64, Vec<(i64, Copy)>> = HashMap::new();
    for row in rows {
        let story_id = row.try_get("story_id").doing("read an entry")?;
        let id = row.try_get("id").doing("read an entry")?;
        copies.entry(story_id).or_default().push((id, copy(row)?));
    }
    Ok(copies)
}

pub(super) fn story(
    row: &SqliteRow,
    copies: &mut HashMap<i64, Vec<(i64, Copy)>>,
) -> Result<Story, sqlx::Error> {
    let id: i64 = row.try_get("id")?;
    let canonical_id: i64 = row.try_get("canonical_id")?;
    let mut own = copies.remove(&id).unwrap_or_default();
    own.sort_by_key(|(entry_id, _)| (*entry_id != canonical_id, *entry_id));
    Ok(Story {
        atom_id: AtomId(row.try_get("atom_id")?),
        copies: own.into_iter().map(|(_, copy)| copy).collect(),
        published: Published {
            at: from_ms(row.try_get("published_ms")?),
            precision: Precision::from_name(row.try_get("precision")?),
        },
        updated_at: from_ms(row.try_get("updated_ms")?),
        first_at: from_ms(row.try_get("first_ms")?),
        seq: row.try_get("seq")?,
        related: Vec::new(),
    })
}

fn copy(row: &SqliteRow) -> Result<Copy, StoreError> {
    let read = || -> Result<Copy, sqlx::Error> {
        Ok(Copy {
            entry: entry(row)?,
            body_hash: row.try_get("body_hash")?,
            source_name: row.try_get("source_name")?,
            source_url: row.try_get("source_url")?,
            source_atom_id: row.try_get("source_atom_id")?,
            source_updated_at: from_ms(row.try_get("source_updated_ms")?),
            seen_at: from_ms(row.try_get("seen_ms")?),
        })
    };
    read().doing("read an entry")
}

pub(super) fn entry(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    let key: String = row.try_get("source_key")?;
    let source = SourceKey::parse(&key).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
    let region = row.try_get::<Option<String>, _>("region")?.as_deref().and_then(Region::parse);
    let bureau = row.try_get::<Option<String>, _>("bureau")?;
    let claimed: Option<i64> = row.try_get("claimed_ms")?;
    let precision: Option<String> = row.try_get("claimed_precision")?;
    let enclosures: String = row.try_get("enclosures")?;
    let topics: String = row.try_get("topics")?;
    Ok(Entry {
        source,
        source_entry_id: row.try_get("source_entry_id")?,
        url: row.try_get("url")?,
        canonical_url: None,
        title: row.try_get("title")?,
        published: claimed.map(|ms| Published {
            at: from_ms(ms),
            precision: Precision::from_name(precision.as_deref().unwrap_or_default()),
        }),
        updated_at: row.try_get::<Option<i64>, _>("publisher_updated_ms")?.map(from_ms),
        bureau: bureau.map(|name| Bureau { name, region: region.clone() }),
        region,
        role: Role::from_name(row.try_get("role")?),
        topics: serde_json::from_str(&topics).unwrap_or_default(),
        content_html: row.try_get("content_html")?,
        content_text: row.try_get("content_text")?,
        summary: row.try_get("summary")?,
        enclosures: serde_json::from_str(&enclosures).unwrap_or_default(),
        language: row.try_get("language")?,
        upstream_id: None,
    })
}

/// Validators with their address.
pub(super) fn validators(row: &SqliteRow) -> Result<(String, Validators), sqlx::Error> {
    let hash: Vec<u8> = row.try_get("body_hash")?;
    let validators = Validators {
        etag: row.try_get("etag")?,
        last_modified: row.try_get("last_modified")?,
        body_hash: hash.try_into().unwrap_or_default(),
    };
    Ok((row.try_get("url")?, validators))
}

pub(super) fn poll(row: &SqliteRow) -> Result<PollRow, sqlx::Error> {
    Ok(PollRow {
        source_key: row.try_get("source_key")?,
        started_at: from_ms(row.try_get("started_ms")?),
        duration_ms: row.try_get("duration_ms")?,
        outcome: row.try_get("outcome")?,
        state: row.try_get("state")?,
        since: from_ms(row.try_get("since_ms")?),
        message: row.try_get("message")?,
        rule: row.try_get("rule")?,
        n_rows: row.try_get("n_rows")?,
        n_new: row.try_get("n_new")?,
        n_updated: row.try_get("n_updated")?,
        n_unchanged: row.try_get("n_unchanged")?,
        n_pending: row.try_get("n_pending")?,
        n_dated: row.try_get("n_dated")?,
        n_empty: row.try_get("n_empty")?,
        n_bad: row.try_get("n_bad")?,
        n_failures: row.try_get("n_failures")?,
        next_poll_at: from_ms(row.try_get("next_poll_ms")?),
    })
}

pub(super) fn pending(row: &SqliteRow) -> Result<PendingRow, StoreError> {
    let text: String = row.try_get("row").doing("read a pending row")?;
    let found: RawEntry =
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt { what: "pending row", value: text })?;
    let read = || -> Result<PendingRow, sqlx::Error> {
        Ok(PendingRow {
            source_entry_id: row.try_get("source_entry_id")?,
            row: found,
            state: PendingState::from_name(row.try_get("state")?),
            reason: row.try_get("reason")?,
            n_failures: row.try_get("n_failures")?,
            next_try_at: from_ms(row.try_get("next_try_ms")?),
            seen_at: from_ms(row.try_get("seen_ms")?),
        })
    };
    read().doing("read a pending row")
}
