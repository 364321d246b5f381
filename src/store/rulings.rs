//! What the operator ruled about stories, and the moving of entries between them.
//!
//! A ruling stands in `ruling` with its reason for ever; what is in force stands entry by entry in `ruled`, so that it
//! holds whatever becomes of the stories.
//!
//! **Invariant:** a story's id is given once. One that ends by a merge stays as another name of the older; when the
//! entry that opened it is parted from the rest again, it gets that id back.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Batch, Doing, StoreError, from_ms, json_list, sql::statements};
use crate::model::Timestamp;

statements! {
    RULING_KEEP = "INSERT INTO ruling (kind, from_story, into_story, why, at_ms) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    RULED_KEEP = "INSERT INTO ruled (entry_a, entry_b, kind, ruling_id) \
        SELECT min(a.value, b.value), max(a.value, b.value), $3, $4 FROM json_each($1) a, json_each($2) b \
        WHERE a.value <> b.value \
        ON CONFLICT (entry_a, entry_b) DO UPDATE SET kind = excluded.kind, ruling_id = excluded.ruling_id";
    RULED_DROP = "DELETE FROM ruled WHERE kind = $3 AND EXISTS (SELECT 1 FROM json_each($1) a, json_each($2) b \
        WHERE entry_a = min(a.value, b.value) AND entry_b = max(a.value, b.value))";
    RULED_DROP_BY = "DELETE FROM ruled WHERE ruling_id = $1";
    // Nothing of them is in force any more.
    RULINGS_OVER = "UPDATE ruling SET undone_ms = $1 WHERE undone_ms IS NULL \
        AND NOT EXISTS (SELECT 1 FROM ruled WHERE ruling_id = ruling.id)";
    // Rulings in force between one list of entries and another.
    RULINGS_BETWEEN = "SELECT DISTINCT r.id, r.kind, r.from_story, r.into_story, r.why, r.at_ms, r.undone_ms \
        FROM json_each($1) a, json_each($2) b JOIN ruled p ON p.entry_a = min(a.value, b.value) \
        AND p.entry_b = max(a.value, b.value) JOIN ruling r ON r.id = p.ruling_id WHERE p.kind = $3 ORDER BY r.id DESC";
    // Rulings in force about any of these entries.
    RULINGS_ABOUT = "SELECT DISTINCT r.id, r.kind, r.from_story, r.into_story, r.why, r.at_ms, r.undone_ms \
        FROM json_each($1) a JOIN ruled p ON p.entry_a = a.value OR p.entry_b = a.value JOIN ruling r ON r.id = p.ruling_id \
        WHERE p.kind = $2 ORDER BY r.id DESC";
    RULED_BY = "SELECT entry_a FROM ruled WHERE ruling_id = $1 UNION SELECT entry_b FROM ruled WHERE ruling_id = $1";
    STORIES_APART = "SELECT EXISTS (SELECT 1 FROM entry a JOIN ruled p ON p.entry_a = a.id JOIN entry b ON b.id = p.entry_b \
        WHERE a.story_id = $1 AND b.story_id = $2 AND p.kind = 'split' UNION ALL \
        SELECT 1 FROM entry a JOIN ruled p ON p.entry_b = a.id JOIN entry b ON b.id = p.entry_a \
        WHERE a.story_id = $1 AND b.story_id = $2 AND p.kind = 'split')";
    STORY_ENTRIES = "SELECT id FROM entry WHERE story_id = $1 ORDER BY id";
    MOVED_KEEP = "INSERT INTO moved (entry_id, from_story, into_story, cause, by_entry, ruling_id, at_ms) \
        SELECT id, story_id, $2, $3, $4, $5, $6 FROM entry WHERE id IN (SELECT value FROM json_each($1)) AND story_id <> $2";
    ENTRIES_MOVE = "UPDATE entry SET story_id = $2 WHERE id IN (SELECT value FROM json_each($1))";
    // Entries that a ruling brought into a story and that still stand there.
    MOVED_BY = "SELECT m.entry_id FROM moved m JOIN entry e ON e.id = m.entry_id \
        WHERE m.ruling_id = $1 AND m.from_story = $2 AND e.story_id = $3";
    STORY_OF_OWN = "SELECT id FROM story WHERE merged_into IS NOT NULL AND opened_by IN (SELECT value FROM json_each($1)) \
        ORDER BY id LIMIT 1";
    STORY_OPENER = "SELECT opened_by FROM story WHERE id = $1";
    STORY_REVIVE = "UPDATE story SET withdrawn_ms = NULL, merged_into = NULL WHERE id = $1";
    STORY_OPENED_BY = "UPDATE story SET opened_by = $2 WHERE id = $1";
    ENTRY_ORIGIN = "SELECT story_id, source_key, source_entry_id, upstream_id FROM entry WHERE id = $1";
    RELATED_KEEP = "INSERT INTO related (story_id, other_id, likeness) SELECT $1, o.value ->> 0, o.value ->> 1 FROM json_each($2) o \
        WHERE o.value ->> 0 <> $1 \
        ON CONFLICT (story_id, other_id) DO UPDATE SET likeness = max(likeness, excluded.likeness)";
    RELATED_TRIM = "DELETE FROM related WHERE story_id = $1 AND other_id NOT IN \
        (SELECT other_id FROM related WHERE story_id = $1 ORDER BY likeness DESC, other_id LIMIT $2 + 0)";
    RELATED_MOVE = "UPDATE OR REPLACE related SET story_id = $2 WHERE story_id = $1";
    RELATED_MOVE_OTHER = "UPDATE OR REPLACE related SET other_id = $2 WHERE other_id = $1";
    RELATED_NOT_SELF = "DELETE FROM related WHERE story_id = $1 AND other_id = $1";
}

/// What the operator ruled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulingKind {
    /// These are never one story.
    Split,
    /// These are one story.
    Join,
}

impl RulingKind {
    /// The name that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Join => "join",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        if name == "join" { Self::Join } else { Self::Split }
    }
}

/// A ruling as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Its row.
    pub id: i64,
    /// What was ruled.
    pub kind: RulingKind,
    /// Of a split the story that the entries left, of a join the one that ended.
    pub from_story: i64,
    /// Of a split the story that the entries have now, of a join the one that goes on.
    pub into_story: i64,
    /// In the operator's words.
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
}

/// Why entries came into another story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An entry showed at its arrival that two stories are one.
    Arrival(i64),
    /// A ruling.
    Ruling(i64),
    /// Today's rules over all that is stored.
    Replay,
}

impl Cause {
    fn name(self) -> &'static str {
        match self {
            Self::Arrival(_) => "arrival",
            Self::Ruling(_) => "ruling",
            Self::Replay => "replay",
        }
    }

    fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Arrival(entry) => (Some(entry), None),
            Self::Ruling(ruling) => (None, Some(ruling)),
            Self::Replay => (None, None),
        }
    }
}

/// What a story's id is made of when an entry opens one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The story in which it stands now.
    pub story_id: i64,
    /// Key of its source.
    pub source_key: String,
    /// Its id there.
    pub source_entry_id: String,
    /// An absolute IRI that the source gave as its id.
    pub upstream_id: Option<String>,
}

impl Batch {
    /// The entries of a story, the oldest first.
    pub async fn entries_of(&mut self, story_id: i64) -> Result<Vec<i64>, StoreError> {
        let query = sqlx::query_scalar(STORY_ENTRIES).bind(story_id);
        query.fetch_all(self.seeing().await?).await.doing("read a story's entries")
    }

    /// Whether a ruling keeps two stories apart.
    pub async fn kept_apart(&mut self, story: i64, other: i64) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(STORIES_APART).bind(story).bind(other);
        query.fetch_one(self.seeing().await?).await.doing("look up rulings")
    }

    /// Keeps a ruling between two lists of entries; the opposite between them is over.
    pub async fn keep_ruling(
        &mut self,
        kind: RulingKind,
        entries: (&[i64], &[i64]),
        stories: (i64, i64),
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        let id: i64 = sqlx::query_scalar(RULING_KEEP)
            .bind(kind.as_str())
            .bind(stories.0)
            .bind(stories.1)
            .bind(why)
            .bind(at.as_millisecond())
            .fetch_one(&mut *self.tx)
            .await
            .doing("keep a ruling")?;
        let (ours, theirs) = (list(entries.0), list(entries.1));
        let query = sqlx::query(RULED_KEEP).bind(ours).bind(theirs).bind(kind.as_str()).bind(id);
        self.run(query, "keep a ruling").await?;
        self.end_rulings(at).await?;
        Ok(id)
    }

    /// Takes back what was ruled between two lists of entries.
    pub async fn drop_ruled(
        &mut self,
        kind: RulingKind,
        entries: (&[i64], &[i64]),
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(RULED_DROP).bind(list(entries.0)).bind(list(entries.1)).bind(kind.as_str());
        self.run(query, "take a ruling back").await?;
        self.end_rulings(at).await
    }

    /// Takes a ruling back as a whole.
    pub async fn drop_ruling(&mut self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        self.run(sqlx::query(RULED_DROP_BY).bind(id), "take a ruling back").await?;
        self.end_rulings(at).await
    }

    async fn end_rulings(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.run(sqlx::query(RULINGS_OVER).bind(at.as_millisecond()), "end rulings").await
    }

    /// The rulings in force between two lists of entries, the newest first.
    pub async fn rulings_between(
        &mut self,
        kind: RulingKind,
        entries: (&[i64], &[i64]),
    ) -> Result<Vec<Ruling>, StoreError> {
        let query =
            sqlx::query(RULINGS_BETWEEN).bind(list(entries.0)).bind(list(entries.1)).bind(kind.as_str());
        query.try_map(|row| ruling(&row)).fetch_all(&mut *self.tx).await.doing("read rulings")
    }

    /// The rulings in force about any of these entries, the newest first.
    pub async fn rulings_about(
        &mut self,
        kind: RulingKind,
        entries: &[i64],
    ) -> Result<Vec<Ruling>, StoreError> {
        let query = sqlx::query(RULINGS_ABOUT).bind(list(entries)).bind(kind.as_str());
        query.try_map(|row| ruling(&row)).fetch_all(&mut *self.tx).await.doing("read rulings")
    }

    /// The entries about which a ruling is in force.
    pub async fn ruled_by(&mut self, id: i64) -> Result<Vec<i64>, StoreError> {
        let query = sqlx::query_scalar(RULED_BY).bind(id);
        query.fetch_all(&mut *self.tx).await.doing("read a ruling")
    }

    /// Entries that a ruling brought out of one story into another and that still stand there.
    pub async fn moved_by(&mut self, ruling: &Ruling) -> Result<Vec<i64>, StoreError> {
        let query = sqlx::query_scalar(MOVED_BY).bind(ruling.id).bind(ruling.from_story);
        let moved = query.bind(ruling.into_story).fetch_all(&mut *self.tx).await;
        moved.doing("read where entries moved")
    }

    /// Puts entries into another story. The caller settles both.
    pub async fn move_entries(
        &mut self,
        entries: &[i64],
        into: i64,
        cause: Cause,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (by_entry, ruling) = cause.columns();
        let query = sqlx::query(MOVED_KEEP)
            .bind(list(entries))
            .bind(into)
            .bind(cause.name())
            .bind(by_entry)
            .bind(ruling)
            .bind(at.as_millisecond());
        self.forget_stories();
        self.run(query, "note where entries moved").await?;
        self.run(sqlx::query(ENTRIES_MOVE).bind(list(entries)).bind(into), "move entries").await
    }

    /// Makes two stories one: the younger ends and stays as another name of the older. The caller settles that.
    pub async fn unite(
        &mut self,
        younger: i64,
        older: i64,
        cause: Cause,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let entries = self.entries_of(younger).await?;
        self.move_entries(&entries, older, cause, at).await?;
        for statement in [RELATED_MOVE, RELATED_MOVE_OTHER] {
            self.run(sqlx::query(statement).bind(younger).bind(older), "move related stories").await?;
        }
        self.run(sqlx::query(RELATED_NOT_SELF).bind(older), "move related stories").await?;
        self.merge_story(younger, older, at).await
    }

    /// The oldest story that one of these entries opened and that was merged into another since.
    pub async fn own_story(&mut self, entries: &[i64]) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar(STORY_OF_OWN).bind(list(entries));
        query.fetch_optional(self.seeing().await?).await.doing("look up an entry's own story")
    }

    /// The entry with which a story began.
    pub async fn opener(&mut self, story_id: i64) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar(STORY_OPENER).bind(story_id);
        query.fetch_one(self.seeing().await?).await.doing("look up a story's first entry")
    }

    /// A story that had ended goes on. The caller moves its entries and settles it.
    pub async fn revive_story(&mut self, story_id: i64) -> Result<(), StoreError> {
        self.visible(story_id);
        self.forget_stories();
        self.run(sqlx::query(STORY_REVIVE).bind(story_id), "revive a story").await
    }

    /// Notes which entry a story began with.
    pub async fn opened_by(&mut self, story_id: i64, entry_id: i64) -> Result<(), StoreError> {
        let query = sqlx::query(STORY_OPENED_BY).bind(story_id).bind(entry_id);
        self.run(query, "note a story's first entry").await
    }

    /// What the id of a story is made of that an entry opens.
    pub async fn origin(&mut self, entry_id: i64) -> Result<Origin, StoreError> {
        let row = sqlx::query(ENTRY_ORIGIN).bind(entry_id).fetch_one(self.seeing().await?).await;
        let row = row.doing("read an entry's origin")?;
        let origin = || -> Result<Origin, sqlx::Error> {
            Ok(Origin {
                story_id: row.try_get(0)?,
                source_key: row.try_get(1)?,
                source_entry_id: row.try_get(2)?,
                upstream_id: row.try_get(3)?,
            })
        };
        origin().doing("read an entry's origin")
    }

    /// Notes which older stories a story is near to, each with its likeness; the most alike are kept.
    pub async fn keep_related(
        &mut self,
        story_id: i64,
        others: &[(i64, f64)],
        most: usize,
    ) -> Result<(), StoreError> {
        if others.is_empty() {
            return Ok(());
        }
        let others: Vec<serde_json::Value> =
            others.iter().map(|(id, likeness)| serde_json::json!([id, likeness])).collect();
        let query = sqlx::query(RELATED_KEEP).bind(story_id).bind(json_list(others));
        self.run(query, "keep related stories").await?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.run(sqlx::query(RELATED_TRIM).bind(story_id).bind(most), "keep related stories").await
    }
}

fn list(ids: &[i64]) -> String {
    json_list(ids.iter().copied())
}

pub(super) fn ruling(row: &SqliteRow) -> Result<Ruling, sqlx::Error> {
    Ok(Ruling {
        id: row.try_get(0)?,
        kind: RulingKind::from_name(row.try_get(1)?),
        from_story: row.try_get(2)?,
        into_story: row.try_get(3)?,
        why: row.try_get(4)?,
        at: from_ms(row.try_get(5)?),
        undone_at: row.try_get::<Option<i64>, _>(6)?.map(from_ms),
    })
}
