//! Topics of stored entries under other rules: some at a time, the newest first, where the last run ended.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Doing, Store, StoreError, from_ms, json_list, sql::statements};
use crate::model::Timestamp;

statements! {
    TOPICS_BEGIN = "UPDATE feed SET topic_rules = $1, topic_below = (SELECT coalesce(max(id), 0) + 1 FROM entry) \
        WHERE id = 1 AND topic_rules <> $1";
    TOPICS_BELOW = "SELECT topic_below FROM feed WHERE id = 1 AND topic_rules = $1";
    TOPICS_NEXT = "SELECT e.id, e.story_id, e.title, e.content_text, e.topics, e.fingerprint, e.seen_ms, \
        s.canonical_id = e.id AND s.withdrawn_ms IS NULL AS is_shown \
        FROM entry e JOIN story s ON s.id = e.story_id WHERE e.id < $1 ORDER BY e.id DESC LIMIT $2 + 0";
    // The text may have changed since it was read.
    TOPICS_KEEP = "UPDATE entry SET topics = $2 WHERE id = $1 AND fingerprint = $3";
    TOPICS_DONE = "UPDATE feed SET topic_below = $2 WHERE id = 1 AND topic_rules = $1";
}

/// An entry whose topics are looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    id: i64,
    story_id: i64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub content_text: String,
    topics: String,
    fingerprint: String,
    seen_ms: i64,
    is_shown: bool,
}

impl Labelled {
    /// When it was first seen.
    pub fn seen_at(&self) -> Timestamp {
        from_ms(self.seen_ms)
    }
}

fn labelled(row: &SqliteRow) -> Result<Labelled, sqlx::Error> {
    Ok(Labelled {
        id: row.try_get("id")?,
        story_id: row.try_get("story_id")?,
        title: row.try_get("title")?,
        content_text: row.try_get("content_text")?,
        topics: row.try_get("topics")?,
        fingerprint: row.try_get("fingerprint")?,
        seen_ms: row.try_get("seen_ms")?,
        is_shown: row.try_get("is_shown")?,
    })
}

impl Store {
    /// Entries that are labelled by other rules than `rules`, the newest first; empty when none are left.
    pub async fn labelled_otherwise(&self, rules: &str, limit: usize) -> Result<Vec<Labelled>, StoreError> {
        let begin = sqlx::query(TOPICS_BEGIN).bind(rules).execute(&self.writer);
        begin.await.doing("begin to label by other rules")?;
        let below: Option<Option<i64>> = sqlx::query_scalar(TOPICS_BELOW)
            .bind(rules)
            .fetch_optional(&self.writer)
            .await
            .doing("read how far the rules of topics have come")?;
        let Some(Some(below)) = below else { return Ok(Vec::new()) };
        sqlx::query(TOPICS_NEXT)
            .bind(below)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(|row| labelled(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read entries for their topics")
    }

    /// Keeps the topics of entries in one transaction; what differs, readers see. Gives how many differ.
    pub async fn label(&self, rules: &str, told: &[(Labelled, Vec<String>)]) -> Result<usize, StoreError> {
        let mut batch = self.begin().await?;
        let mut n_changed = 0;
        for (entry, topics) in told {
            let topics = json_list(topics.iter().map(String::as_str));
            if topics == entry.topics {
                continue;
            }
            let keep = sqlx::query(TOPICS_KEEP).bind(entry.id).bind(topics).bind(&entry.fingerprint);
            batch.run(keep, "keep the topics of an entry").await?;
            if entry.is_shown {
                batch.visible(entry.story_id);
            }
            n_changed += 1;
        }
        let lowest = told.iter().map(|(entry, _)| entry.id).min();
        let done = sqlx::query(TOPICS_DONE).bind(rules).bind(lowest);
        batch.run(done, "keep how far the rules of topics have come").await?;
        batch.commit().await?;
        Ok(n_changed)
    }
}
