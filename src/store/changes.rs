//! What programs read: stories in the order of their change, each at its latest, those that readers no longer see
//! included; and single stories by their names.
//!
//! **Invariant:** who goes on from the place that an answer named gets every later change, once; a place that is not of
//! this store's past, or before something that was let go of, is refused and never guessed at.

use std::collections::HashMap;

use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::{Doing, Store, StoreError, from_ms, json_list, read, sql::statements};
use crate::{
    model::{AtomId, Copy, Story, Timestamp},
    search::{Folded, Query},
};

/// Stories read at once.
const STEP: usize = 20;
/// Changes looked at for one answer, when most of them are none that is asked for.
const MAX_LOOKED_AT: usize = 2_000;
/// Stories that one may have been merged into, one after another.
const MAX_MERGES: i64 = 16;

statements! {
    STRETCH_BEGIN = "INSERT INTO stretch (after_seq, name) SELECT change_seq, $1 FROM feed WHERE true \
        ON CONFLICT (after_seq) DO UPDATE SET name = excluded.name";
    STRETCHES_FORGET = "DELETE FROM stretch WHERE after_seq < (SELECT max(after_seq) FROM stretch \
        WHERE after_seq < (SELECT purged_seq FROM feed))";
    // The stretch in which a change was made, and the last count of it.
    STRETCH_OF = "SELECT name, coalesce((SELECT min(after_seq) FROM stretch n WHERE n.after_seq > s.after_seq), \
        (SELECT change_seq FROM feed)) FROM stretch s WHERE after_seq < $1 ORDER BY after_seq DESC LIMIT 1";
    COUNTS = "SELECT change_seq, purged_seq FROM feed";
    // $3: groups of labels, one of each group must be the story's.
    CHANGES = "SELECT s.id, s.atom_id, s.canonical_id, s.published_ms, s.precision, s.updated_ms, s.first_ms, s.seq, \
        s.withdrawn_ms, s.merged_into, \
        EXISTS (SELECT 1 FROM label_before b WHERE b.story_id = s.id) AS is_changed, \
        NOT EXISTS (SELECT 1 FROM json_each($3) g WHERE NOT EXISTS (SELECT 1 FROM json_each(g.value) k \
            JOIN label l ON l.story_id = s.id AND l.label = k.value)) AS is_in, \
        NOT EXISTS (SELECT 1 FROM json_each($3) g WHERE NOT EXISTS (SELECT 1 FROM json_each(g.value) k \
            LEFT JOIN label l ON l.story_id = s.id AND l.label = k.value \
            LEFT JOIN label_before b ON b.story_id = s.id AND b.label = k.value \
            WHERE l.label IS NOT NULL OR b.label IS NOT NULL)) AS was_in \
        FROM story s WHERE s.seq > $1 ORDER BY s.seq LIMIT $2 + 0";
    CHANGES_LEFT = "SELECT EXISTS (SELECT 1 FROM story WHERE seq > $1)";
    MERGED_INTO = "WITH RECURSIVE way (id, n) AS (SELECT $1, 0 UNION ALL SELECT s.merged_into, n + 1 FROM way \
        JOIN story s ON s.id = way.id WHERE s.merged_into IS NOT NULL AND n < $2) \
        SELECT s.atom_id FROM way JOIN story s ON s.id = way.id ORDER BY n DESC LIMIT 1";
    STORY_NAMED = "SELECT id, atom_id, canonical_id, published_ms, precision, updated_ms, first_ms, seq, withdrawn_ms, \
        merged_into FROM story WHERE short_id = $1 OR atom_id = $1 LIMIT 1";
    STORIES_OF = "SELECT id, atom_id, canonical_id, published_ms, precision, updated_ms, first_ms, seq, withdrawn_ms, \
        merged_into FROM story WHERE withdrawn_ms IS NULL AND id IN (SELECT value FROM json_each($1))";
    // What joined each entry of some stories, in the order of their copies.
    RULES_OF = "SELECT e.story_id, e.rule FROM entry e JOIN story s ON s.id = e.story_id \
        WHERE e.story_id IN (SELECT value FROM json_each($1)) AND (e.rule <> 'again' OR e.id = s.canonical_id) \
        ORDER BY e.story_id, e.id <> s.canonical_id, e.id";
    RELATED_OF = "SELECT r.story_id, s.atom_id FROM related r JOIN story s ON s.id = r.other_id \
        WHERE r.story_id IN (SELECT value FROM json_each($1)) AND s.withdrawn_ms IS NULL ORDER BY r.likeness DESC, s.id";
    STORIES_NEWEST = "SELECT id, published_ms FROM story WHERE withdrawn_ms IS NULL AND (published_ms, id) < ($1, $2) \
        AND published_ms >= $3 ORDER BY published_ms DESC, id DESC LIMIT $4 + 0";
    ENTRIES_COUNT = "SELECT source_key, count(*), max(seen_ms) FROM entry GROUP BY source_key";
    SUCCESSES = "SELECT source_key, max(started_ms) FROM poll WHERE outcome IN ('ok', 'unchanged') GROUP BY source_key";
    LABELS_COUNT = "SELECT label, count(*) FROM label WHERE label >= $1 AND label < $2 GROUP BY label";
}

/// A place in the order of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The stretch of changes that it is in.
    pub stretch: String,
    /// The last count that was read.
    pub seq: i64,
}

/// From where changes are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFrom {
    /// From the first.
    Beginning,
    /// Those yet to come.
    Now,
    /// Those after a place.
    After(Place),
}

/// Which changes are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangesQuery {
    /// Of stories with a label of each group.
    pub labels: Vec<Vec<String>>,
    /// Of stories that hold words.
    pub query: Query,
    /// Of stories published at this time or later.
    pub since: Option<Timestamp>,
    /// Of stories published before this time.
    pub until: Option<Timestamp>,
    /// So many at most.
    pub limit: usize,
    /// No further one when so many bytes of text were read.
    pub max_bytes: usize,
}

/// Why a story is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// All its sources took it back.
    Withdrawn,
    /// It turned out to be another one.
    Merged,
    /// It is none of those asked for, or no longer.
    Unmatched,
    /// Its texts were let go of for their age.
    Expired,
}

/// A story that readers no longer see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// The id readers knew it by.
    pub atom_id: AtomId,
    /// Why.
    pub why: Absence,
    /// Since when.
    pub at: Timestamp,
    /// The story that it turned out to be.
    pub merged_into: Option<AtomId>,
}

/// A story with what programs are told of it beside.
#[derive(Debug, Clone)]
pub struct Told {
    /// The story.
    pub story: Story,
    /// What joined each of its copies, in their order; `first` for the one that it began with.
    pub rules: Vec<String>,
    /// Older stories that are near to it and yet not the same, the nearest first.
    pub related: Vec<AtomId>,
}

/// A story as readers see it, or that they no longer do.
#[derive(Debug, Clone)]
pub enum Change {
    /// It is there.
    Present(Box<Told>),
    /// It is not.
    Absent(Absent),
}

/// Changes in their order.
#[derive(Debug)]
pub struct Changes {
    /// Each story once.
    pub items: Vec<Change>,
    /// Where the next ones begin.
    pub next: Place,
    /// Whether there are some.
    pub more: bool,
}

/// Why a place cannot be gone on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It is not of this store's past: that was restored from a copy, or is another one.
    Unknown,
    /// Stories that changed since were let go of for their age.
    Expired,
}

/// Stories of a place by time of publication, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestQuery {
    /// Only those after this place: time in milliseconds, and row.
    pub below: Option<(i64, i64)>,
    /// Published at this time or later.
    pub since: Option<Timestamp>,
    /// Published before this time.
    pub until: Option<Timestamp>,
    /// So many at most.
    pub limit: usize,
}

/// Rows as they are read, before their entries.
struct Head {
    story_id: i64,
    seq: i64,
    is_changed: bool,
    is_in: bool,
    was_in: bool,
    withdrawn: Option<(Timestamp, Option<i64>)>,
}

impl Store {
    /// Begins a stretch of changes, as each opening of the store does: what follows is of no other past.
    pub async fn begin_stretch(&self) -> Result<(), StoreError> {
        let name = format!("{:016x}", fastrand::u64(..));
        let begin = sqlx::query(STRETCH_BEGIN).bind(name).execute(&self.writer).await;
        begin.doing("begin a stretch of changes")?;
        sqlx::query(STRETCHES_FORGET).execute(&self.writer).await.doing("forget old stretches of changes")?;
        Ok(())
    }

    /// Changes in their order, as they stand at one moment.
    pub async fn changes(
        &self,
        from: &ReadFrom,
        query: &ChangesQuery,
    ) -> Result<Result<Changes, Lost>, StoreError> {
        let tx = self.readers.begin().await.doing("begin to read changes")?;
        let mut reading = Reading { tx, query, items: Vec::new(), n_bytes: 0 };
        let (change_seq, purged_seq) = reading.counts().await?;
        let after = match from {
            ReadFrom::Beginning => 0,
            ReadFrom::Now => change_seq,
            ReadFrom::After(place) => {
                let (name, last) = reading.stretch(place.seq).await?;
                if name != place.stretch || place.seq > last || place.seq < 0 {
                    return Ok(Err(Lost::Unknown));
                }
                if place.seq < purged_seq {
                    return Ok(Err(Lost::Expired));
                }
                place.seq
            }
        };
        let until = reading.read(after, change_seq).await?;
        let more = reading.is_left(until).await?;
        let (stretch, _) = reading.stretch(until).await?;
        Ok(Ok(Changes { items: reading.items, next: Place { stretch, seq: until }, more }))
    }

    /// A story by its short name or its Atom id.
    pub async fn story_named(&self, name: &str) -> Result<Option<Change>, StoreError> {
        let tx = self.readers.begin().await.doing("begin to read a story")?;
        let mut reading = Reading { tx, query: &ChangesQuery::default(), items: Vec::new(), n_bytes: 0 };
        let row = sqlx::query(STORY_NAMED).bind(name).fetch_optional(&mut *reading.tx).await;
        let Some(row) = row.doing("look up a story")? else { return Ok(None) };
        if let Some(withdrawn) = withdrawn(&row).doing("read a story")? {
            let atom_id = AtomId(row.try_get("atom_id").doing("read a story")?);
            return Ok(Some(Change::Absent(reading.absent(atom_id, withdrawn).await?)));
        }
        let id = row.try_get("id").doing("read a story")?;
        let mut parts = reading.parts(&[id]).await?;
        let told = parts.told(&row)?;
        Ok((!told.story.copies.is_empty()).then(|| Change::Present(Box::new(told))))
    }

    /// Stories by their rows, in the same order; those that readers no longer see are left out.
    pub async fn stories_of(&self, ids: &[i64]) -> Result<Vec<Told>, StoreError> {
        let tx = self.readers.begin().await.doing("begin to read stories")?;
        let mut reading = Reading { tx, query: &ChangesQuery::default(), items: Vec::new(), n_bytes: 0 };
        let rows =
            sqlx::query(STORIES_OF).bind(json_list(ids.iter().copied())).fetch_all(&mut *reading.tx).await;
        let rows = rows.doing("read stories")?;
        let mut parts = reading.parts(ids).await?;
        let mut stories = HashMap::new();
        for row in &rows {
            let id: i64 = row.try_get("id").doing("read a story")?;
            stories.insert(id, parts.told(row)?);
        }
        let stories = ids.iter().filter_map(|id| stories.remove(id));
        Ok(stories.filter(|told| !told.story.copies.is_empty()).collect())
    }

    /// Rows of stories by time of publication, newest first, each with that time in milliseconds.
    pub async fn newest_stories(&self, query: &NewestQuery) -> Result<Vec<(i64, i64)>, StoreError> {
        let until = query.until.map_or(i64::MAX, Timestamp::as_millisecond);
        let (at, id) = query.below.map_or((until, i64::MIN), |below| below.min((until, i64::MIN)));
        let rows = sqlx::query_as(STORIES_NEWEST)
            .bind(at)
            .bind(id)
            .bind(query.since.map_or(i64::MIN, Timestamp::as_millisecond))
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await;
        rows.doing("read the newest stories")
    }

    /// How many entries each source has, and when its newest was first seen.
    pub async fn entries_by_source(&self) -> Result<HashMap<String, (i64, Timestamp)>, StoreError> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as(ENTRIES_COUNT).fetch_all(&self.readers).await.doing("count entries")?;
        Ok(rows.into_iter().map(|(key, n, at)| (key, (n, from_ms(at)))).collect())
    }

    /// When each source was last polled with success.
    pub async fn last_successes(&self) -> Result<HashMap<String, Timestamp>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(SUCCESSES)
            .fetch_all(&self.readers)
            .await
            .doing("read the sources' last successes")?;
        Ok(rows.into_iter().map(|(key, at)| (key, from_ms(at))).collect())
    }

    /// How many stories each label of a kind (`region`, `topic`, `source`) has.
    pub async fn stories_by_label(&self, kind: &str) -> Result<HashMap<String, i64>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(LABELS_COUNT)
            // The character after the colon ends the range.
            .bind(format!("{kind}:"))
            .bind(format!("{kind};"))
            .fetch_all(&self.readers)
            .await
            .doing("count stories")?;
        let of_kind = |(label, n): (String, i64)| Some((label.split_once(':')?.1.to_owned(), n));
        Ok(rows.into_iter().filter_map(of_kind).collect())
    }
}

/// One moment of the store, being read.
struct Reading<'a> {
    tx: Transaction<'static, Sqlite>,
    query: &'a ChangesQuery,
    items: Vec<Change>,
    n_bytes: usize,
}

impl Reading<'_> {
    async fn counts(&mut self) -> Result<(i64, i64), StoreError> {
        sqlx::query_as(COUNTS).fetch_one(&mut *self.tx).await.doing("read the feed's counts")
    }

    /// The stretch that a count is in, and the last count of it.
    async fn stretch(&mut self, seq: i64) -> Result<(String, i64), StoreError> {
        let found = sqlx::query_as(STRETCH_OF).bind(seq).fetch_optional(&mut *self.tx).await;
        Ok(found.doing("look up a stretch of changes")?.unwrap_or_default())
    }

    async fn is_left(&mut self, after: i64) -> Result<bool, StoreError> {
        let left = sqlx::query_scalar(CHANGES_LEFT).bind(after).fetch_one(&mut *self.tx).await;
        left.doing("look for further changes")
    }

    /// Reads until there is enough; says up to which count.
    async fn read(&mut self, after: i64, change_seq: i64) -> Result<i64, StoreError> {
        let mut until = after;
        let mut n_looked_at = 0;
        while n_looked_at < MAX_LOOKED_AT {
            let step = STEP.min(self.query.limit.saturating_sub(self.items.len()));
            if step == 0 || self.n_bytes >= self.query.max_bytes {
                return Ok(until);
            }
            let n_rows = self.step(&mut until, step).await?;
            n_looked_at += n_rows;
            if n_rows < step && self.n_bytes < self.query.max_bytes {
                // Nothing is left below the count of this moment.
                return Ok(until.max(change_seq));
            }
        }
        Ok(until)
    }

    /// Reads some changes after a count and moves it on; says how many there were.
    async fn step(&mut self, until: &mut i64, n_stories: usize) -> Result<usize, StoreError> {
        let groups = self.query.labels.iter().map(|group| serde_json::Value::from(group.clone()));
        let rows = sqlx::query(CHANGES)
            .bind(*until)
            .bind(i64::try_from(n_stories).unwrap_or(i64::MAX))
            .bind(json_list(groups))
            .fetch_all(&mut *self.tx)
            .await
            .doing("read changes")?;
        let heads: Vec<Head> = rows.iter().map(head).collect::<Result<_, _>>().doing("read a change")?;
        let present: Vec<i64> = heads
            .iter()
            .filter(|head| head.withdrawn.is_none() && head.is_in)
            .map(|head| head.story_id)
            .collect();
        let mut parts = self.parts(&present).await?;
        for (row, head) in rows.iter().zip(&heads) {
            self.take(row, head, &mut parts).await?;
            *until = head.seq;
            if self.n_bytes >= self.query.max_bytes {
                break;
            }
        }
        Ok(rows.len())
    }

    async fn take(&mut self, row: &SqliteRow, head: &Head, parts: &mut Parts) -> Result<(), StoreError> {
        let told = parts.told(row)?;
        if let Some(withdrawn) = head.withdrawn {
            if head.was_in {
                let absent = self.absent(told.story.atom_id, withdrawn).await?;
                self.items.push(Change::Absent(absent));
            }
            return Ok(());
        }
        if head.is_in && self.is_asked_for(&told.story) {
            self.n_bytes += n_bytes(&told.story);
            self.items.push(Change::Present(Box::new(told)));
        } else if head.was_in && head.is_changed {
            let Story { atom_id, updated_at, .. } = told.story;
            let absent = Absent { atom_id, why: Absence::Unmatched, at: updated_at, merged_into: None };
            self.items.push(Change::Absent(absent));
        }
        Ok(())
    }

    fn is_asked_for(&self, story: &Story) -> bool {
        let at = story.published.at;
        let in_time = self.query.since.is_none_or(|since| at >= since)
            && self.query.until.is_none_or(|until| at < until);
        let Some(canonical) = story.canonical().filter(|_| in_time) else { return false };
        if self.query.query.is_empty() {
            return true;
        }
        // The same parts as the index has.
        let mut body = canonical.entry.content_text.clone();
        let bureau = canonical.entry.bureau.iter().map(|bureau| bureau.name.as_str());
        let others = story.copies.iter().skip(1).map(|copy| copy.entry.title.as_str());
        for part in bureau.chain(others) {
            body.push('\n');
            body.push_str(part);
        }
        self.query.query.matches(&[Folded::of(&canonical.entry.title), Folded::of(&body)])
    }

    async fn absent(
        &mut self,
        atom_id: AtomId,
        (at, merged_into): (Timestamp, Option<i64>),
    ) -> Result<Absent, StoreError> {
        let Some(into) = merged_into else {
            return Ok(Absent { atom_id, why: Absence::Withdrawn, at, merged_into: None });
        };
        let into: Option<String> = sqlx::query_scalar(MERGED_INTO)
            .bind(into)
            .bind(MAX_MERGES)
            .fetch_optional(&mut *self.tx)
            .await
            .doing("look up what a story was merged into")?;
        Ok(Absent { atom_id, why: Absence::Merged, at, merged_into: into.map(AtomId) })
    }

    /// What belongs to stories, by story.
    async fn parts(&mut self, ids: &[i64]) -> Result<Parts, StoreError> {
        let mut parts = Parts::default();
        if ids.is_empty() {
            return Ok(parts);
        }
        let ids = json_list(ids.iter().copied());
        let rows = sqlx::query(super::sql::WINDOW_COPIES).bind(&ids).fetch_all(&mut *self.tx).await;
        parts.copies = read::copies_of(&rows.doing("read entries")?)?;
        let rules: Vec<(i64, String)> = sqlx::query_as(RULES_OF)
            .bind(&ids)
            .fetch_all(&mut *self.tx)
            .await
            .doing("read what joined entries")?;
        for (id, rule) in rules {
            parts.rules.entry(id).or_default().push(rule);
        }
        let related: Vec<(i64, String)> = sqlx::query_as(RELATED_OF)
            .bind(&ids)
            .fetch_all(&mut *self.tx)
            .await
            .doing("read related stories")?;
        for (id, atom_id) in related {
            parts.related.entry(id).or_default().push(AtomId(atom_id));
        }
        Ok(parts)
    }
}

/// What belongs to stories, by story, until it is taken.
#[derive(Default)]
struct Parts {
    copies: HashMap<i64, Vec<(i64, Copy)>>,
    rules: HashMap<i64, Vec<String>>,
    related: HashMap<i64, Vec<AtomId>>,
}

impl Parts {
    fn told(&mut self, row: &SqliteRow) -> Result<Told, StoreError> {
        let id: i64 = row.try_get("id").doing("read a story")?;
        Ok(Told {
            story: read::story(row, &mut self.copies).doing("read a story")?,
            rules: self.rules.remove(&id).unwrap_or_default(),
            related: self.related.remove(&id).unwrap_or_default(),
        })
    }
}

fn head(row: &SqliteRow) -> Result<Head, sqlx::Error> {
    Ok(Head {
        story_id: row.try_get("id")?,
        seq: row.try_get("seq")?,
        is_changed: row.try_get("is_changed")?,
        is_in: row.try_get("is_in")?,
        was_in: row.try_get("was_in")?,
        withdrawn: withdrawn(row)?,
    })
}

fn withdrawn(row: &SqliteRow) -> Result<Option<(Timestamp, Option<i64>)>, sqlx::Error> {
    let at: Option<i64> = row.try_get("withdrawn_ms")?;
    let into: Option<i64> = row.try_get("merged_into")?;
    Ok(at.map(|at| (from_ms(at), into)))
}

/// About as many bytes as a story's texts take.
fn n_bytes(story: &Story) -> usize {
    let entry = |copy: &Copy| {
        let entry = &copy.entry;
        entry.content_html.len() + entry.content_text.len() + entry.title.len() + entry.url.len()
    };
    story.copies.iter().map(entry).sum()
}
