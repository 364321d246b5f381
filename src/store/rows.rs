//! New stories and entries on their way into the store: kept back within a batch and written many in one statement.

use std::collections::HashSet;

use sqlx::{Arguments, AssertSqlSafe, sqlite::SqliteArguments};

use super::{Batch, Doing, NewEntry, StoreError, json_list};
use crate::{
    dedup::Features,
    model::{AtomId, CanonicalUrl, Published, Region, Timestamp},
};

/// Values that are kept back, at most: SQLite takes 32,766 in one statement.
const MAX_VALUES: usize = 3_000;

/// A statement that writes rows, without their values.
struct Insert {
    what: &'static str,
    into: &'static str,
    n_columns: usize,
    then: &'static str,
}

const STORIES: Insert = Insert {
    what: "insert stories",
    into: "INSERT INTO story (id, atom_id, canonical_id, opened_by, published_ms, precision, updated_ms, changed_ms, \
        first_ms, short_id)",
    n_columns: 10,
    then: "",
};
const ENTRIES: Insert = Insert {
    what: "insert entries",
    into: "INSERT INTO entry (id, source_key, source_entry_id, story_id, rule, upstream_id, evidence, seen_ms, \
        role, url, canonical_url, title, title_key, bureau, region, claimed_ms, claimed_precision, published_ms, \
        publisher_updated_ms, language, summary, content_html, content_text, enclosures, body_hash, fingerprint, \
        row_hash, row, topics, changed_ms)",
    n_columns: 30,
    then: "",
};
const FEATURES: Insert = Insert {
    what: "keep features",
    into: "INSERT INTO feature (entry_id, published_ms, keys, bytes)",
    n_columns: 4,
    then: " ON CONFLICT (entry_id) DO UPDATE SET published_ms = excluded.published_ms, keys = excluded.keys, \
        bytes = excluded.bytes",
};
/// The columns that a new text changes, in the order of [`Values::telling`]; `$1` is the entry.
const ENTRY_REVISE: &str = "UPDATE entry SET (role, url, canonical_url, title, title_key, bureau, region, claimed_ms, \
    claimed_precision, published_ms, publisher_updated_ms, language, summary, content_html, content_text, enclosures, \
    body_hash, fingerprint, row_hash, row, topics, changed_ms, gone_ms) = \
    ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, NULL) \
    WHERE id = $1";

/// For the test that has the database check each.
#[cfg(test)]
pub(super) fn all() -> Vec<(&'static str, String)> {
    let insert = |insert: &Insert| (insert.what, insert.of(2));
    vec![insert(&STORIES), insert(&ENTRIES), insert(&FEATURES), ("ENTRY_REVISE", ENTRY_REVISE.to_owned())]
}

impl Insert {
    fn of(&self, n_rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.n_columns].join(","));
        format!("{} VALUES {}{}", self.into, vec![row; n_rows].join(","), self.then)
    }
}

/// Values for the placeholders of a statement.
#[derive(Debug, Default)]
struct Values {
    args: SqliteArguments,
    error: Option<sqlx::Error>,
}

impl Values {
    fn add<'v>(&mut self, value: impl sqlx::Encode<'v, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>) {
        if let Err(error) = self.args.add(value) {
            self.error.get_or_insert(sqlx::Error::Encode(error));
        }
    }

    /// What an entry says, as a new text changes it.
    fn telling(&mut self, new: &NewEntry<'_>) {
        let entry = new.entry;
        self.add(entry.role.as_str());
        self.add(entry.url.as_str());
        self.add(entry.canonical_url.as_ref().map(CanonicalUrl::as_str));
        self.add(entry.title.as_str());
        self.add(new.title_key);
        self.add(entry.bureau.as_ref().map(|bureau| bureau.name.as_str()));
        self.add(entry.region.as_ref().map(Region::as_str));
        self.add(entry.published.map(|claim| claim.at.as_millisecond()));
        self.add(entry.published.map(|claim| claim.precision.as_str()));
        self.add(new.shown.at.as_millisecond());
        self.add(entry.updated_at.map(Timestamp::as_millisecond));
        self.add(entry.language.as_str());
        self.add(entry.summary.as_deref());
        self.add(entry.content_html.as_str());
        self.add(entry.content_text.as_str());
        self.add(serde_json::to_string(&entry.enclosures).unwrap_or_else(|_| "[]".into()));
        self.add(new.body_hash.as_ref().map(<[u8; 32]>::as_slice));
        self.add(new.fingerprint);
        self.add(new.row_hash.as_ref().map(<[u8; 32]>::as_slice));
        self.add(new.row);
        self.add(json_list(entry.topics.clone()));
        self.add(new.written_at.as_millisecond());
    }
}

/// A story that is not written yet.
#[derive(Debug)]
struct NewStory {
    id: i64,
    atom_id: String,
    canonical_id: i64,
    published: Published,
    updated_at: Timestamp,
    changed_at: Timestamp,
    first_at: Timestamp,
}

/// What a batch has not written yet.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    stories: Vec<NewStory>,
    entries: Values,
    features: Values,
    /// The entries, by source and id there.
    ids: HashSet<(String, String)>,
}

impl Unwritten {
    fn is_empty(&self) -> bool {
        self.stories.is_empty() && self.entries.args.len() == 0 && self.features.args.len() == 0
    }
}

impl Batch {
    /// Adds an entry to a story.
    pub async fn insert_entry(
        &mut self,
        new: &NewEntry<'_>,
        story_id: i64,
        rule: &str,
    ) -> Result<i64, StoreError> {
        if self.unwritten.entries.args.len() >= MAX_VALUES {
            self.write_out().await?;
        }
        let id = self.next_entry().await?;
        let entry = new.entry;
        self.unwritten.ids.insert((entry.source.as_str().to_owned(), entry.source_entry_id.clone()));
        let values = &mut self.unwritten.entries;
        values.add(id);
        values.add(entry.source.as_str());
        values.add(entry.source_entry_id.as_str());
        values.add(story_id);
        values.add(rule);
        values.add(entry.upstream_id.as_deref());
        values.add(new.evidence.as_deref());
        values.add(new.at.as_millisecond());
        values.telling(new);
        if let Some(features) = &new.features {
            self.keep_features(id, features);
            self.stands_in(id, story_id);
        }
        Ok(id)
    }

    /// Keeps an entry's present content as a revision and puts the new one in its place.
    pub async fn revise_entry(&mut self, id: i64, new: &NewEntry<'_>) -> Result<(), StoreError> {
        let keep = sqlx::query(super::sql::REVISION_KEEP).bind(id).bind(new.at.as_millisecond());
        self.run(keep, "keep a revision").await?;
        let mut values = Values::default();
        values.add(id);
        values.telling(new);
        self.write(AssertSqlSafe(ENTRY_REVISE.to_owned()), values, "change an entry").await?;
        match &new.features {
            Some(features) => self.change_features(id, features).await,
            None => Ok(()),
        }
    }

    /// Puts what is compared of an entry in the place of what was.
    pub(super) async fn change_features(
        &mut self,
        id: i64,
        features: &std::sync::Arc<Features>,
    ) -> Result<(), StoreError> {
        self.forget_features(id).await?;
        self.keep_features(id, features);
        Ok(())
    }

    /// Opens a story; its canonical entry follows by [`Batch::show`].
    pub async fn insert_story(
        &mut self,
        atom_id: &str,
        published: Published,
        updated_at: Timestamp,
        changed_at: Timestamp,
        first_at: Timestamp,
    ) -> Result<i64, StoreError> {
        let id = self.next_story().await?;
        self.free_ids.remove(atom_id);
        let atom_id = atom_id.to_owned();
        let story = NewStory { id, atom_id, canonical_id: 0, published, updated_at, changed_at, first_at };
        self.unwritten.stories.push(story);
        Ok(id)
    }

    /// Sets which entry a story shows, without a change that readers need to be told of.
    pub async fn show(
        &mut self,
        story_id: i64,
        entry_id: i64,
        published: Published,
    ) -> Result<(), StoreError> {
        self.heads_with(story_id, entry_id);
        let unwritten = self.unwritten.stories.iter_mut().find(|story| story.id == story_id);
        if let Some(story) = unwritten {
            (story.canonical_id, story.published) = (entry_id, published);
            return Ok(());
        }
        let query = sqlx::query(super::sql::STORY_SHOW)
            .bind(story_id)
            .bind(entry_id)
            .bind(published.at.as_millisecond())
            .bind(published.precision.as_str());
        self.run(query, "set a story's entry").await
    }

    /// Whether one of these entries of a source was kept back.
    pub(super) fn keeps_back(&self, source_key: &str, ids: &[&str]) -> bool {
        !self.unwritten.ids.is_empty()
            && ids.iter().any(|id| self.unwritten.ids.contains(&(source_key.to_owned(), (*id).to_owned())))
    }

    /// Writes what was kept back; every statement that could miss it calls this first.
    pub(super) async fn write_out(&mut self) -> Result<(), StoreError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let Unwritten { stories, entries, features, .. } = std::mem::take(&mut self.unwritten);
        let mut values = Values::default();
        for story in stories {
            values.add(story.id);
            values.add(story.atom_id.as_str());
            values.add(story.canonical_id);
            values.add(Some(story.canonical_id).filter(|entry_id| *entry_id != 0));
            values.add(story.published.at.as_millisecond());
            values.add(story.published.precision.as_str());
            values.add(story.updated_at.as_millisecond());
            values.add(story.changed_at.as_millisecond());
            values.add(story.first_at.as_millisecond());
            values.add(AtomId(story.atom_id).short());
        }
        self.insert(&STORIES, values).await?;
        self.insert(&ENTRIES, entries).await?;
        self.insert(&FEATURES, features).await
    }

    fn keep_features(&mut self, id: i64, features: &std::sync::Arc<Features>) {
        let keys = features.index_keys();
        let values = &mut self.unwritten.features;
        values.add(id);
        values.add(features.published_at.as_millisecond());
        values.add(super::similar::packed(&keys));
        values.add(features.encode());
        self.find_by(id, features, keys);
    }

    async fn insert(&mut self, insert: &Insert, values: Values) -> Result<(), StoreError> {
        let n_rows = values.args.len() / insert.n_columns;
        if n_rows == 0 {
            return Ok(());
        }
        self.write(AssertSqlSafe(insert.of(n_rows)), values, insert.what).await
    }

    async fn write(
        &mut self,
        statement: AssertSqlSafe<String>,
        values: Values,
        what: &'static str,
    ) -> Result<(), StoreError> {
        if let Some(error) = values.error {
            return Err(error).doing(what);
        }
        sqlx::query_with(statement, values.args).execute(&mut *self.tx).await.doing(what).map(|_| ())
    }
}
