//! What parts of the feed are rendered from: windows of slices, archives by month, days, single stories, and what was
//! withdrawn.
//!
//! All of it is found by index, and every list has a limit; what is not in the store any more is never invented.

use std::{collections::HashSet, time::Duration};

use sqlx::{Row, sqlite::SqliteRow};

use super::{Doing, Store, StoreError, WindowQuery, from_ms, json_list, sql, sql::statements};
use crate::model::{AtomId, Story, Timestamp, Tombstone};

/// Rows of one label that an intersection looks at, newest first: what is older is not found any more.
const MAX_SCANNED: i64 = 50_000;
/// Tombstones read at most.
const MAX_TOMBSTONES: i64 = 1_000;

statements! {
    LABEL_NEWEST = "SELECT l.story_id, s.seq, l.changed_ms FROM label l JOIN story s ON s.id = l.story_id \
        WHERE l.label = $1 AND l.changed_ms >= $2 AND s.withdrawn_ms IS NULL \
        ORDER BY l.changed_ms DESC, l.story_id DESC LIMIT $3 + 0";
    // Those that also stand under one of each of two further lists of labels.
    LABEL_MEETING = "SELECT l.story_id, s.seq, l.changed_ms FROM label l JOIN story s ON s.id = l.story_id \
        WHERE l.label = $1 AND l.changed_ms >= $2 AND s.withdrawn_ms IS NULL \
        AND EXISTS (SELECT 1 FROM json_each($4) k JOIN label b ON b.label = k.value \
            AND b.changed_ms = l.changed_ms AND b.story_id = l.story_id) \
        AND ($5 IS NULL OR EXISTS (SELECT 1 FROM json_each($5) k JOIN label b ON b.label = k.value \
            AND b.changed_ms = l.changed_ms AND b.story_id = l.story_id)) \
        ORDER BY l.changed_ms DESC, l.story_id DESC LIMIT $3 + 0";
    LABEL_FLOOR = "SELECT changed_ms FROM label WHERE label = $1 ORDER BY changed_ms DESC LIMIT 1 OFFSET $2 + 0";
    LABEL_SIZE = "SELECT count(*) FROM (SELECT 1 FROM json_each($1) k JOIN label l ON l.label = k.value LIMIT $2 + 0)";
    // Chosen by change, shown by publication: past the limit it is the longest unchanged that leave, not what came last.
    // Nothing of before the oldest of the newest is looked at: the condition of which story counts would have all read.
    WINDOW_LIST = "WITH newest AS MATERIALIZED (SELECT id, changed_ms FROM story WHERE withdrawn_ms IS NULL \
        ORDER BY changed_ms DESC, id DESC LIMIT $2 + 0) \
        SELECT id, seq FROM (SELECT id, seq, published_ms FROM story WHERE withdrawn_ms IS NULL \
        AND changed_ms >= min($1, coalesce((SELECT min(changed_ms) FROM newest), $1)) \
        AND (changed_ms >= $1 OR id IN (SELECT id FROM newest)) \
        ORDER BY changed_ms DESC, id DESC LIMIT $3 + 0) ORDER BY published_ms DESC, id";
    LIST_BY_ID = "SELECT id, seq FROM story WHERE id IN (SELECT value FROM json_each($1)) AND withdrawn_ms IS NULL \
        ORDER BY published_ms DESC, id";
    STORIES_BY_ID = "SELECT id, atom_id, canonical_id, published_ms, precision, updated_ms, first_ms, seq FROM story \
        WHERE id IN (SELECT value FROM json_each($1)) AND withdrawn_ms IS NULL ORDER BY published_ms DESC, id";
    TOMBSTONES = "SELECT s.atom_id, s.withdrawn_ms, s.seq, s.region, s.topics, m.atom_id AS survivor, \
        (SELECT json_group_array(DISTINCT e.source_key) FROM entry e WHERE e.story_id IN (s.id, s.merged_into)) AS sources \
        FROM story s LEFT JOIN story m ON m.id = s.merged_into \
        WHERE s.withdrawn_ms >= $1 ORDER BY s.withdrawn_ms DESC, s.id DESC LIMIT $2 + 0";
    MONTH_PART = "SELECT id, seq FROM story WHERE first_ms >= $1 AND first_ms < $2 ORDER BY first_ms, id LIMIT $3 + 0 OFFSET $4";
    MONTH_SIZE = "SELECT count(*) FROM story WHERE first_ms >= $1 AND first_ms < $2";
    FIRST_BEFORE = "SELECT max(first_ms) FROM story WHERE first_ms < $1";
    FIRST_SINCE = "SELECT min(first_ms) FROM story WHERE first_ms >= $1";
    DAY_STORIES = "SELECT id, seq FROM story WHERE published_ms >= $1 AND published_ms < $2 AND withdrawn_ms IS NULL \
        ORDER BY published_ms DESC, id LIMIT $3 + 0";
    PUBLISHED_BEFORE = "SELECT max(published_ms) FROM story WHERE published_ms < $1 AND withdrawn_ms IS NULL";
    PUBLISHED_SINCE = "SELECT min(published_ms) FROM story WHERE published_ms >= $1 AND withdrawn_ms IS NULL";
    LABEL_LAST = "SELECT max(changed_ms) FROM label WHERE label = $1";
    SHORT_ID = "SELECT id, seq FROM story WHERE short_id = $1 ORDER BY id LIMIT 1";
    SOURCE_NAME = "SELECT name FROM source WHERE key = $1";
    RENDERING_KEEP = "INSERT INTO rendering (seq, changed_ms) VALUES ($1, $2) ON CONFLICT (seq) DO NOTHING";
    RENDERING_AT = "SELECT changed_ms FROM rendering WHERE seq >= $1 ORDER BY seq LIMIT 1";
}

/// Which stories a slice holds: of each group of labels at least one. A label is `region:CN-JX`, `topic:safety` or
/// `source:jx`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceQuery {
    /// One to three groups, none of them empty.
    pub groups: Vec<Vec<String>>,
    /// The newest N.
    pub newest: usize,
    /// And all that changed within this time before the newest of them.
    pub window_age: Duration,
    /// But never more than this.
    pub limit: usize,
}

/// A story in a list: enough to see whether the list is as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Listed {
    /// The story.
    pub id: i64,
    /// The feed's count of changes when readers last saw it change.
    pub seq: i64,
}

/// A story that readers no longer get, and the slices it was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// What is said of it.
    pub tombstone: Tombstone,
    /// The feed's count of changes when it was withdrawn.
    pub seq: i64,
    /// Its labels.
    pub labels: Vec<String>,
}

impl Store {
    /// Notes the time that stands for all changes up to a count, and that it was published then.
    pub async fn keep_feed_changed(&self, seq: i64, at: Timestamp) -> Result<(), StoreError> {
        let mut batch = self.begin().await?;
        let at = at.as_millisecond();
        batch.run(sqlx::query(sql::FEED_RENDERED).bind(seq).bind(at), "keep the feed's time").await?;
        batch.run(sqlx::query(RENDERING_KEEP).bind(seq).bind(at), "keep a rendering").await?;
        batch.commit().await
    }

    /// When a change was published; `None` when it is not yet.
    pub async fn published_at(&self, seq: i64) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(RENDERING_AT)
            .bind(seq)
            .fetch_optional(&self.readers)
            .await
            .doing("read when a change was published")?;
        Ok(at.map(from_ms))
    }

    /// The stories of the merged feed's window.
    pub async fn window_list(&self, query: WindowQuery) -> Result<Vec<Listed>, StoreError> {
        sqlx::query(WINDOW_LIST)
            .bind(query.since.as_millisecond())
            .bind(count(query.newest))
            .bind(count(query.limit))
            .try_map(|row| listed(&row, "id"))
            .fetch_all(&self.readers)
            .await
            .doing("read the feed's stories")
    }

    /// The stories of some numbers that readers can see.
    pub async fn listed(&self, ids: &[i64]) -> Result<Vec<Listed>, StoreError> {
        sqlx::query(LIST_BY_ID)
            .bind(json_list(ids.iter().copied()))
            .try_map(|row| listed(&row, "id"))
            .fetch_all(&self.readers)
            .await
            .doing("look up stories")
    }

    /// The window of a slice, newest change first.
    pub async fn slice_window(&self, query: &SliceQuery) -> Result<Vec<Listed>, StoreError> {
        let (driving, others) = self.driving_group(query).await?;
        let mut floors = Vec::with_capacity(driving.len());
        let mut rows = Vec::new();
        for label in &driving {
            let floor = self.floor(label, &others).await?;
            rows.extend(self.under(label, &others, floor, query.newest).await?);
            floors.push((label, floor));
        }
        let since = since(&rows, query.window_age);
        if rows.len() >= query.newest {
            // A burst may hold more than the newest.
            for (label, floor) in floors {
                rows.extend(self.under(label, &others, floor.max(since), query.limit).await?);
            }
        }
        Ok(newest(rows, query, since))
    }

    /// The group with the fewest rows, and the others: the fewer rows are looked at, the better.
    async fn driving_group(&self, query: &SliceQuery) -> Result<(Vec<String>, Vec<Vec<String>>), StoreError> {
        let mut others = query.groups.clone();
        if others.len() < 2 {
            return Ok((others.pop().unwrap_or_default(), Vec::new()));
        }
        let mut fewest = (0, i64::MAX);
        for (i, group) in others.iter().enumerate() {
            let size: i64 = sqlx::query_scalar(LABEL_SIZE)
                .bind(json_list(group.iter().map(String::as_str)))
                .bind(MAX_SCANNED)
                .fetch_one(&self.readers)
                .await
                .doing("count a slice")?;
            if size < fewest.1 {
                fewest = (i, size);
            }
        }
        let driving = others.swap_remove(fewest.0);
        Ok((driving, others))
    }

    /// How far back an intersection looks.
    async fn floor(&self, label: &str, others: &[Vec<String>]) -> Result<i64, StoreError> {
        if others.is_empty() {
            return Ok(i64::MIN);
        }
        let floor: Option<i64> = sqlx::query_scalar(LABEL_FLOOR)
            .bind(label)
            .bind(MAX_SCANNED)
            .fetch_optional(&self.readers)
            .await
            .doing("look for the end of a slice")?;
        Ok(floor.unwrap_or(i64::MIN))
    }

    async fn under(
        &self,
        label: &str,
        others: &[Vec<String>],
        floor: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Listed)>, StoreError> {
        let list = |group: &Vec<String>| json_list(group.iter().map(String::as_str));
        let query = if others.is_empty() { LABEL_NEWEST } else { LABEL_MEETING };
        let mut query = sqlx::query(query).bind(label).bind(floor).bind(count(limit));
        if !others.is_empty() {
            query = query.bind(others.first().map(list)).bind(others.get(1).map(list));
        }
        let rows = query.fetch_all(&self.readers).await.doing("read a slice")?;
        let row = |row: &SqliteRow| Ok((row.try_get("changed_ms")?, listed(row, "story_id")?));
        rows.iter().map(row).collect::<Result<_, sqlx::Error>>().doing("read a slice")
    }

    /// Stories by their numbers, newest publication first, each with its copies; those withdrawn are left out.
    pub async fn stories(&self, ids: &[i64]) -> Result<Vec<Story>, StoreError> {
        let rows = sqlx::query(STORIES_BY_ID)
            .bind(json_list(ids.iter().copied()))
            .fetch_all(&self.readers)
            .await
            .doing("read stories")?;
        self.with_copies(&rows).await
    }

    /// What was withdrawn since a time, newest first.
    pub async fn tombstones(&self, since: Timestamp) -> Result<Vec<Withdrawn>, StoreError> {
        sqlx::query(TOMBSTONES)
            .bind(since.as_millisecond())
            .bind(MAX_TOMBSTONES)
            .try_map(|row| withdrawn(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read withdrawn stories")
    }

    /// A part of the stories first published here in `[from, to)`, in that order, withdrawn ones counted.
    pub async fn first_published(
        &self,
        from: Timestamp,
        to: Timestamp,
        part: usize,
        part_size: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        sqlx::query(MONTH_PART)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond())
            .bind(count(part_size))
            .bind(count(part.saturating_mul(part_size)))
            .try_map(|row| listed(&row, "id"))
            .fetch_all(&self.readers)
            .await
            .doing("read an archive")
    }

    /// How many stories were first published here in `[from, to)`.
    pub async fn count_first_published(&self, from: Timestamp, to: Timestamp) -> Result<usize, StoreError> {
        let n: i64 = sqlx::query_scalar(MONTH_SIZE)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond())
            .fetch_one(&self.readers)
            .await
            .doing("count an archive")?;
        Ok(usize::try_from(n).unwrap_or_default())
    }

    /// The last first publication before a time.
    pub async fn first_published_before(&self, at: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.one_time(FIRST_BEFORE, at).await
    }

    /// The earliest first publication since a time.
    pub async fn first_published_since(&self, at: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.one_time(FIRST_SINCE, at).await
    }

    async fn one_time(&self, query: &'static str, at: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(query)
            .bind(at.as_millisecond())
            .fetch_one(&self.readers)
            .await
            .doing("look for an archive")?;
        Ok(at.map(from_ms))
    }

    /// The last publication before a time.
    pub async fn published_before(&self, at: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.one_time(PUBLISHED_BEFORE, at).await
    }

    /// The earliest publication since a time.
    pub async fn published_since(&self, at: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.one_time(PUBLISHED_SINCE, at).await
    }

    /// When the newest story of a label changed.
    pub async fn newest_of_label(&self, label: &str) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(LABEL_LAST)
            .bind(label)
            .fetch_one(&self.readers)
            .await
            .doing("look for a slice's newest story")?;
        Ok(at.map(from_ms))
    }

    /// The row of a story by its short name.
    pub async fn story_row(&self, short: &str) -> Result<Option<Listed>, StoreError> {
        let row = sqlx::query(SHORT_ID).bind(short).fetch_optional(&self.readers).await;
        let row = row.doing("look up a story")?;
        row.map(|row| listed(&row, "id")).transpose().doing("look up a story")
    }

    /// The stories published in `[from, to)`, newest first.
    pub async fn published_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        sqlx::query(DAY_STORIES)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond())
            .bind(count(limit))
            .try_map(|row| listed(&row, "id"))
            .fetch_all(&self.readers)
            .await
            .doing("read a day's stories")
    }

    /// The name of a source that ever gave an entry.
    pub async fn source_name(&self, key: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(SOURCE_NAME)
            .bind(key)
            .fetch_optional(&self.readers)
            .await
            .doing("look up a source")
    }
}

/// The start of a slice's window, counted from its newest change, so that a slice without changes keeps its bytes.
fn since(rows: &[(i64, Listed)], window_age: Duration) -> i64 {
    let newest = rows.iter().map(|(changed_ms, _)| *changed_ms).max().unwrap_or(i64::MAX);
    newest.saturating_sub(i64::try_from(window_age.as_millis()).unwrap_or(i64::MAX))
}

/// Each story once; the newest of them, and those within the window's age.
fn newest(mut rows: Vec<(i64, Listed)>, query: &SliceQuery, since: i64) -> Vec<Listed> {
    let mut known = HashSet::new();
    rows.retain(|(_, listed)| known.insert(listed.id));
    rows.sort_by_key(|(changed_ms, listed)| std::cmp::Reverse((*changed_ms, listed.id)));
    let kept = rows.into_iter().take(query.limit).enumerate();
    kept.take_while(|(i, (changed_ms, _))| *i < query.newest || *changed_ms >= since)
        .map(|(_, (_, listed))| listed)
        .collect()
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn listed(row: &SqliteRow, id: &str) -> Result<Listed, sqlx::Error> {
    Ok(Listed { id: row.try_get(id)?, seq: row.try_get("seq")? })
}

fn withdrawn(row: &SqliteRow) -> Result<Withdrawn, sqlx::Error> {
    let list = |column: &str| -> Result<Vec<String>, sqlx::Error> {
        let text: String = row.try_get(column)?;
        serde_json::from_str(&text).map_err(|e| sqlx::Error::Decode(Box::new(e)))
    };
    let region: Option<String> = row.try_get("region")?;
    let mut labels: Vec<String> = region.map(|region| format!("region:{region}")).into_iter().collect();
    labels.extend(list("topics")?.iter().map(|topic| format!("topic:{topic}")));
    labels.extend(list("sources")?.iter().map(|source| format!("source:{source}")));
    let survivor: Option<String> = row.try_get("survivor")?;
    Ok(Withdrawn {
        tombstone: Tombstone {
            atom_id: AtomId(row.try_get("atom_id")?),
            when: from_ms(row.try_get("withdrawn_ms")?),
            by: None,
            comment: None,
            merged_into: survivor.map(AtomId),
        },
        seq: row.try_get("seq")?,
        labels,
    })
}

#[cfg(test)]
mod tests {
    use sqlx::{Executor, SqlSafeStr};

    use super::*;

    #[tokio::test]
    async fn the_database_accepts_every_statement_and_finds_everything_by_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db"), from_ms(1_000)).await.unwrap();
        let mut connection = store.readers.acquire().await.unwrap();
        for (name, statement) in ALL {
            let prepared = connection.prepare(statement.into_sql_str()).await;
            // What is written is prepared by the reader too.
            assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
            let plan = format!("EXPLAIN QUERY PLAN {statement}");
            let rows = sqlx::query(sqlx::AssertSqlSafe(plan)).fetch_all(&mut *connection).await.unwrap();
            let steps: Vec<String> = rows.iter().map(|row| row.get::<String, _>("detail")).collect();
            let scans = |step: &&String| {
                let of_a_table = ["story", "entry", "label", " l", " s", " e"];
                step.starts_with("SCAN") && of_a_table.iter().any(|table| step.ends_with(table))
            };
            assert_eq!(steps.iter().filter(scans).count(), 0, "{name}: {steps:?}");
            // Whatever the feed's window holds, nothing older is looked at.
            let is_bounded = steps.iter().any(|step| step.contains("story_changed (changed_ms>?)"));
            assert!(is_bounded || *name != "WINDOW_LIST", "{steps:?}");
            let sorts = |step: &&String| step.contains("TEMP B-TREE FOR ORDER BY");
            let is_walk = name.starts_with("LABEL_") || name.starts_with("MONTH_") || *name == "TOMBSTONES";
            assert!(!is_walk || steps.iter().filter(sorts).count() == 0, "{name}: {steps:?}");
        }
    }
}
