//! Which stories entries stand in, and which entries these show: as far as it was asked, remembered between batches.
//!
//! **Invariant:** what is remembered is of the feed's present count of changes; of another it is forgotten. What changes
//! without being counted is told to [`Batch::forget_stories`], and to other processes by the count of revisions.

use std::collections::{HashMap, HashSet};

use sqlx::Row;

use super::{Batch, Doing, StoreError, json_list, sql::statements};

statements! {
    STORIES_OF = "SELECT e.id, e.story_id, s.canonical_id, 0, e.rule = 'again' FROM entry e JOIN story s ON s.id = e.story_id \
        WHERE e.id IN (SELECT value FROM json_each($1)) \
        UNION ALL SELECT e.id, e.story_id, s.canonical_id, 1, 0 FROM old_entry e JOIN old_story s ON s.id = e.story_id \
        WHERE e.id IN (SELECT value FROM json_each($1))";
}

/// Entries remembered between batches, at most: some 50 bytes each.
const MAX_ENTRIES: usize = 30_000;

/// Stories of entries, and heads of stories.
#[derive(Debug, Default)]
pub(super) struct Stories {
    /// The feed's count of changes that this is of; `None` before it is known.
    seq: Option<i64>,
    story_of: HashMap<i64, i64>,
    head_of: HashMap<i64, i64>,
    /// Stories of which the texts have left.
    old: HashSet<i64>,
    /// Entries that told an old story again.
    again: HashSet<i64>,
}

impl Stories {
    /// Forgets what is not of this count of changes.
    pub(super) fn be_at(&mut self, seq: i64) {
        if self.seq != Some(seq) {
            *self = Self { seq: Some(seq), ..Self::default() };
        }
    }

    /// This batch's own changes were counted.
    pub(super) fn count(&mut self, before: i64, n_changes: i64) {
        self.be_at(before);
        self.seq = Some(before + n_changes);
    }

    /// All but the count.
    pub(super) fn forget(&mut self) {
        *self = Self { seq: self.seq, ..Self::default() };
    }

    /// As much as is remembered until the next batch.
    pub(super) fn bounded(self) -> Self {
        if self.story_of.len() > MAX_ENTRIES { Self::default() } else { self }
    }

    pub(super) fn story_of(&self, entry_id: i64) -> Option<i64> {
        self.story_of.get(&entry_id).copied()
    }

    pub(super) fn head_of(&self, story_id: i64) -> Option<i64> {
        self.head_of.get(&story_id).copied()
    }

    /// The entry that the story of an entry shows.
    pub(super) fn head_beside(&self, entry_id: i64) -> Option<i64> {
        self.head_of(self.story_of(entry_id)?)
    }
}

impl Batch {
    /// Makes known the stories of entries and the heads of these.
    pub(super) async fn look_up_stories(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        let unknown: HashSet<i64> =
            ids.iter().copied().filter(|id| self.near.stories.story_of(*id).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(STORIES_OF).bind(json_list(unknown));
        let rows = query.fetch_all(&mut *self.tx).await.doing("look up stories")?;
        for row in &rows {
            let read = || -> Result<(i64, i64, i64, bool, bool), sqlx::Error> {
                Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?))
            };
            let (id, story_id, head, is_old, is_again) = read().doing("read a story's entry")?;
            let stories = &mut self.near.stories;
            if is_old {
                stories.old.insert(story_id);
            }
            if is_again {
                stories.again.insert(id);
            }
            stories.story_of.insert(id, story_id);
            stories.head_of.entry(story_id).or_insert(head);
            // A head stands in its story.
            stories.story_of.entry(head).or_insert(story_id);
        }
        Ok(())
    }

    /// Whether the texts have left of a candidate's story.
    pub fn is_old(&self, story_id: i64) -> bool {
        self.near.stories.old.contains(&story_id)
    }

    /// Whether a candidate told an old story again: so does who tells the same as it.
    pub fn is_again(&self, entry_id: i64) -> bool {
        self.near.stories.again.contains(&entry_id)
    }

    /// Notes that an entry of this batch told an old story again.
    pub fn told_again(&mut self, entry_id: i64) {
        self.near.stories.again.insert(entry_id);
    }

    /// Notes the story of a new entry.
    pub(super) fn stands_in(&mut self, entry_id: i64, story_id: i64) {
        self.near.stories.story_of.insert(entry_id, story_id);
    }

    /// Notes the entry that a story shows.
    pub(super) fn heads_with(&mut self, story_id: i64, entry_id: i64) {
        self.near.stories.head_of.insert(story_id, entry_id);
    }

    /// Entries were moved between stories, or left: all that is known of them is read again.
    pub(super) fn forget_stories(&mut self) {
        self.near.stories.forget();
    }
}
