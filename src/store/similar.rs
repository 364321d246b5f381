//! Stored entries that may tell the same as a new one: found in an index in memory, read for the best only.
//!
//! The index and the features last looked at are remembered between batches by the process that writes. A batch
//! brings them up to date first, with what another process wrote; a batch that is not committed leaves nothing in them.
//!
//! **Invariant:** what it costs to find candidates does not grow with what is outside the window.

use std::{
    collections::{HashMap, HashSet},
    future::poll_fn,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{Row, sqlite::SqliteRow};

use super::{Batch, Doing, Store, StoreError, json_list, sql::statements, stories::Stories};
use crate::{
    dedup::{Candidate, Features, Filling, Index, Indexed},
    model::Timestamp,
};

statements! {
    // How far the store is: its highest entry and story, those of which the texts have left included, and how often what
    // is remembered of them has changed; what there is of former times; and how often readers have seen a difference.
    STAND = "SELECT max((SELECT coalesce(max(id), 0) FROM entry), (SELECT coalesce(max(id), 0) FROM old_entry)), \
        max((SELECT coalesce(max(id), 0) FROM story), (SELECT coalesce(max(id), 0) FROM old_story)), revised_seq, \
        (SELECT min(published_ms) FROM feature), (SELECT min(seen_ms) FROM entry), EXISTS (SELECT 1 FROM old_story), change_seq \
        FROM feed WHERE id = 1";
    REVISIONS_COUNT = "UPDATE feed SET revised_seq = revised_seq + 1 WHERE id = 1";
    KEYS_OF_TIME = "SELECT entry_id, published_ms, keys FROM feature WHERE published_ms BETWEEN $1 AND $2";
    KEYS_AFTER = "SELECT entry_id, published_ms, keys FROM feature WHERE entry_id > $1";
    FEATURES_OF = "SELECT entry_id, bytes FROM feature WHERE entry_id IN (SELECT value FROM json_each($1))";
}

/// Entries whose features are remembered, twice so many at most, about 5 KB each.
const MAX_RECENT: usize = 1_000;

/// What the writing process remembers of the entries that may be told again.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    index: Option<(Duration, Index)>,
    recent: Recent,
    /// Taken by each batch and given back by its commit.
    stories: Stories,
    stand: Option<Stand>,
}

/// How far the store was after what is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stand {
    entry_id: i64,
    story_id: i64,
    n_revised: i64,
}

/// What a store holds of former times.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    /// The earliest time of an entry, by publication or first sight.
    oldest_ms: Option<i64>,
    /// Whether there are stories of which the texts have left.
    has_old: bool,
}

/// Features that were looked at lately, in two halves: when the newer is full, the older leaves.
#[derive(Debug, Default)]
struct Recent {
    newer: HashMap<i64, Arc<Features>>,
    older: HashMap<i64, Arc<Features>>,
}

impl Recent {
    fn find(&mut self, id: i64) -> Option<Arc<Features>> {
        if let Some(features) = self.newer.get(&id) {
            return Some(Arc::clone(features));
        }
        let features = self.older.remove(&id)?;
        self.keep(id, Arc::clone(&features));
        Some(features)
    }

    fn keep(&mut self, id: i64, features: Arc<Features>) {
        if self.newer.len() >= MAX_RECENT {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(id, features);
    }

    fn forget(&mut self, id: i64) {
        self.newer.remove(&id);
        self.older.remove(&id);
    }
}

/// The part of a batch that knows which stories entries stand in, and what must be undone without a commit.
#[derive(Debug)]
pub(super) struct Near {
    remembered: Arc<Mutex<Remembered>>,
    /// How far the store is with what this batch has done; `None` before it is asked.
    stand: Option<Stand>,
    past: Past,
    pub(super) stories: Stories,
    features: HashMap<i64, Arc<Features>>,
    /// Entries that this batch put into the index.
    added: Vec<i64>,
    state: State,
}

/// What becomes of the memory when a batch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The batch only added: what it added is taken out again.
    Added,
    /// The batch took something out, or it is not known whether it was written: everything is forgotten.
    Uncertain,
    /// It was written.
    Written,
}

impl Near {
    pub(super) fn new(remembered: Arc<Mutex<Remembered>>) -> Self {
        let stories = std::mem::take(&mut remembered.lock().unwrap_or_else(PoisonError::into_inner).stories);
        Self {
            remembered,
            stand: None,
            past: Past::default(),
            stories,
            features: HashMap::new(),
            added: Vec::new(),
            state: State::Added,
        }
    }

    /// Notes that there are old stories.
    pub(super) fn notes_old(&mut self) {
        self.past.has_old = true;
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        // What a panic left half done is forgotten by the batch that it ended.
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the features of an entry out of the memory; says whether they were in it.
    fn recall(&mut self, id: i64) -> bool {
        let found = self.remembered().recent.find(id);
        found.is_some_and(|features| self.features.insert(id, features).is_none())
    }

    /// The commit begins: until it has ended nobody knows whether the batch was written.
    pub(super) fn committing(&mut self) {
        self.state = State::Uncertain;
    }

    pub(super) fn committed(&mut self) {
        self.state = State::Written;
        let stories = std::mem::take(&mut self.stories).bounded();
        self.remembered().stories = stories;
        let Some(stand) = self.stand else { return };
        let mut remembered = self.remembered();
        remembered.stand = Some(stand);
        for (id, features) in &self.features {
            remembered.recent.keep(*id, Arc::clone(features));
        }
    }
}

impl Drop for Near {
    fn drop(&mut self) {
        let added = std::mem::take(&mut self.added);
        let mut remembered = self.remembered();
        match self.state {
            State::Written => {}
            State::Uncertain => *remembered = Remembered::default(),
            State::Added => {
                if let Some((_, index)) = &mut remembered.index {
                    for id in added {
                        index.remove(id);
                    }
                }
            }
        }
    }
}

impl Batch {
    /// Stored entries that may tell the same as an entry, published within a window before or after it, with the heads
    /// of their stories.
    pub async fn candidates(
        &mut self,
        entry: &Features,
        window: Duration,
    ) -> Result<Vec<Candidate>, StoreError> {
        let hits = self.hits(entry, window).await?;
        self.look_up(&hits).await?;
        let heads = hits.iter().filter_map(|id| self.near.stories.head_beside(*id));
        let ids: HashSet<i64> = heads.chain(hits.iter().copied()).collect();
        let mut found: Vec<Candidate> = ids.into_iter().filter_map(|id| self.candidate(id)).collect();
        found.sort_by_key(|candidate| candidate.entry_id);
        Ok(found)
    }

    /// Reads at once what [`Batch::candidates`] of these entries will ask for.
    pub async fn foresee(&mut self, entries: &[&Features], window: Duration) -> Result<(), StoreError> {
        let mut hits = Vec::new();
        for entry in entries {
            hits.extend(self.hits(entry, window).await?);
        }
        self.look_up(&hits).await
    }

    /// `None` for features that have left, or of another version of the rules.
    fn candidate(&self, entry_id: i64) -> Option<Candidate> {
        let story_id = self.near.stories.story_of(entry_id)?;
        let features = Arc::clone(self.near.features.get(&entry_id)?);
        let is_head = self.near.stories.head_of(story_id) == Some(entry_id);
        Some(Candidate { entry_id, story_id, is_head, features })
    }

    /// Entries that the index has for another; spans of time that it lacks are read first.
    async fn hits(&mut self, entry: &Features, window: Duration) -> Result<Vec<i64>, StoreError> {
        self.stand().await?;
        let at = entry.published_at;
        let from = at.checked_sub(window).unwrap_or(Timestamp::MIN).as_millisecond();
        let to = at.checked_add(window).unwrap_or(Timestamp::MAX).as_millisecond();
        let missing = self.near.remembered().index(window).missing(from..=to);
        for span in missing {
            let filling = self.near.remembered().index(window).filling(*span.start());
            let filling = self.read_span(filling, span).await?;
            self.near.remembered().index(window).fill(filling);
        }
        Ok(self.near.remembered().index(window).find(entry, from..=to))
    }

    /// Reads the keys of a span, row by row: all at once they would take more room than the index.
    async fn read_span(
        &mut self,
        mut filling: Filling,
        times_ms: RangeInclusive<i64>,
    ) -> Result<Filling, StoreError> {
        let query = sqlx::query(KEYS_OF_TIME).bind(*times_ms.start()).bind(*times_ms.end());
        let mut rows = query.fetch(self.seeing().await?);
        while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
            let row = row.doing("read the index of candidates")?;
            filling.add(&indexed(&row).doing("read keys of an entry")?);
        }
        drop(rows);
        Ok(filling)
    }

    /// Makes known the stories of entries, the heads of these, and the features of both.
    async fn look_up(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        self.look_up_stories(ids).await?;
        let heads: Vec<i64> = ids.iter().filter_map(|id| self.near.stories.head_beside(*id)).collect();
        self.look_up_stories(&heads).await?;
        self.look_up_features(&[ids, &heads].concat()).await
    }

    async fn look_up_features(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        let mut unknown: HashSet<i64> =
            ids.iter().copied().filter(|id| !self.near.features.contains_key(id)).collect();
        unknown.retain(|id| !self.near.recall(*id));
        if unknown.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(FEATURES_OF).bind(json_list(unknown));
        let rows = query.fetch_all(&mut *self.tx).await.doing("look up features")?;
        for row in &rows {
            let (id, bytes) = bytes_of(row).doing("read features")?;
            if let Ok(features) = Features::decode(bytes) {
                self.near.features.insert(id, Arc::new(features));
            }
        }
        Ok(())
    }

    /// Whether there are stories of which the texts have left.
    pub(super) async fn has_old(&mut self) -> Result<bool, StoreError> {
        self.stand().await?;
        Ok(self.near.past.has_old)
    }

    /// Whether the store holds anything of before a time: without, no old story can be told again.
    pub async fn has_past(&mut self, before: Timestamp) -> Result<bool, StoreError> {
        self.stand().await?;
        let Past { oldest_ms, has_old } = self.near.past;
        Ok(has_old || oldest_ms.is_some_and(|oldest| oldest < before.as_millisecond()))
    }

    /// Puts an entry into the index.
    pub(super) fn find_by(&mut self, entry_id: i64, features: &Arc<Features>, keys: Vec<u32>) {
        self.near.features.insert(entry_id, Arc::clone(features));
        self.near.added.push(entry_id);
        let at_ms = features.published_at.as_millisecond();
        self.near.past.oldest_ms = Some(self.near.past.oldest_ms.unwrap_or(at_ms).min(at_ms));
        if let Some((_, index)) = &mut self.near.remembered().index {
            index.add(&Indexed { entry_id, at_ms, keys });
        }
    }

    /// Takes an entry out of the index, before its features change.
    pub(super) async fn forget_features(&mut self, entry_id: i64) -> Result<(), StoreError> {
        self.count_revision().await?;
        self.near.state = State::Uncertain;
        self.near.features.remove(&entry_id);
        self.near.remembered().forget(entry_id);
        Ok(())
    }

    /// Tells other processes that what they remember is no longer what is stored.
    pub(super) async fn count_revision(&mut self) -> Result<(), StoreError> {
        let mut stand = self.stand().await?;
        stand.n_revised += 1;
        self.near.stand = Some(stand);
        self.run(sqlx::query(REVISIONS_COUNT), "count revisions").await
    }

    /// The number of a new entry.
    pub(super) async fn next_entry(&mut self) -> Result<i64, StoreError> {
        let mut stand = self.stand().await?;
        stand.entry_id += 1;
        self.near.stand = Some(stand);
        Ok(stand.entry_id)
    }

    /// The number of a new story.
    pub(super) async fn next_story(&mut self) -> Result<i64, StoreError> {
        let mut stand = self.stand().await?;
        stand.story_id += 1;
        self.near.stand = Some(stand);
        Ok(stand.story_id)
    }

    /// How far the store is. Asked for the first time in a batch, it brings the memory up to date with other processes.
    async fn stand(&mut self) -> Result<Stand, StoreError> {
        if let Some(stand) = self.near.stand {
            return Ok(stand);
        }
        let row = sqlx::query(STAND).fetch_one(&mut *self.tx).await.doing("read the store's stand")?;
        let read = || -> Result<Stand, sqlx::Error> {
            Ok(Stand { entry_id: row.try_get(0)?, story_id: row.try_get(1)?, n_revised: row.try_get(2)? })
        };
        let stand = read().doing("read the store's stand")?;
        let past = || -> Result<Past, sqlx::Error> {
            let oldest = [row.try_get::<Option<i64>, _>(3)?, row.try_get(4)?];
            Ok(Past { oldest_ms: oldest.into_iter().flatten().min(), has_old: row.try_get(5)? })
        };
        self.near.past = past().doing("read the store's stand")?;
        self.near.stories.be_at(row.try_get(6).doing("read the store's stand")?);
        self.catch_up(stand).await?;
        self.near.stand = Some(stand);
        Ok(stand)
    }

    async fn catch_up(&mut self, stand: Stand) -> Result<(), StoreError> {
        let known = self.near.remembered().stand;
        let Some(known) = known else {
            // What is remembered without a stand is of no known past.
            *self.near.remembered() = Remembered { stand: Some(stand), ..Remembered::default() };
            return Ok(());
        };
        if known.n_revised != stand.n_revised || known.entry_id > stand.entry_id {
            self.near.stories.forget();
            *self.near.remembered() = Remembered { stand: Some(stand), ..Remembered::default() };
            return Ok(());
        }
        let has_index = self.near.remembered().index.is_some();
        if known.entry_id == stand.entry_id || !has_index {
            self.near.remembered().stand = Some(stand);
            return Ok(());
        }
        let rows = sqlx::query(KEYS_AFTER).bind(known.entry_id).fetch_all(&mut *self.tx).await;
        let rows = rows.doing("read what another process wrote")?;
        let entries: Vec<Indexed> =
            rows.iter().map(indexed).collect::<Result<_, _>>().doing("read keys of an entry")?;
        let mut remembered = self.near.remembered();
        if let Some((_, index)) = &mut remembered.index {
            for entry in &entries {
                index.add(entry);
            }
        }
        // Only now: a reading that failed, or was given up, is done again by the next batch.
        remembered.stand = Some(stand);
        Ok(())
    }
}

impl Remembered {
    /// Lets go of what was not asked for since the last time.
    pub(super) fn rest(&mut self) {
        self.recent = Recent::default();
        self.stories = Stories::default();
        if let Some((_, index)) = &mut self.index {
            index.rest();
        }
    }

    fn forget(&mut self, entry_id: i64) {
        self.recent.forget(entry_id);
        if let Some((_, index)) = &mut self.index {
            index.remove(entry_id);
        }
    }

    fn index(&mut self, window: Duration) -> &mut Index {
        if self.index.as_ref().is_some_and(|(of, _)| *of != window) {
            self.index = None;
        }
        &mut self.index.get_or_insert_with(|| (window, Index::new(window))).1
    }
}

impl Store {
    /// Lets go of what is remembered and was not asked for since the last time.
    pub(super) fn rest(&self) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).rest();
    }
}

/// Keys as they are stored.
pub(super) fn packed(keys: &[u32]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.to_le_bytes()).collect()
}

fn indexed(row: &SqliteRow) -> Result<Indexed, sqlx::Error> {
    let keys: &[u8] = row.try_get::<Option<&[u8]>, _>(2)?.unwrap_or_default();
    let keys = keys.chunks_exact(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap_or_default()));
    Ok(Indexed { entry_id: row.try_get(0)?, at_ms: row.try_get(1)?, keys: keys.collect() })
}

fn bytes_of(row: &SqliteRow) -> Result<(i64, &[u8]), sqlx::Error> {
    Ok((row.try_get(0)?, row.try_get(1)?))
}
