//! What one step of a poll reads and writes, in one transaction.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
};

use sqlx::{Row, Sqlite, SqliteConnection, Transaction, sqlite::SqliteRow};

use super::{
    AlertRow, Doing, PendingRow, PollRow, StoreError, Validators, from_ms, json_list,
    rows::Unwritten,
    similar::{Near, Remembered},
    sql,
};
use crate::{
    dedup::Features,
    extract::Document,
    model::{Entry, Precision, Published, Role, Source, Timestamp},
};

/// Level of zstd for documents: fast, and HTML shrinks to a fifth.
const DOCUMENT_LEVEL: i32 = 3;

/// A transaction. Dropped without [`Batch::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Batch {
    pub(super) tx: Transaction<'static, Sqlite>,
    /// New stories and entries that are written together.
    pub(super) unwritten: Unwritten,
    /// Stories of the entries that were looked at, and the memory that must follow what is committed.
    pub(super) near: Near,
    /// Atom ids that are known to name no story.
    pub(super) free_ids: HashSet<String>,
    /// Stories of which readers will see a difference, in the order of their last change.
    changed: Vec<i64>,
    /// Sources written to, with the time of their newest change.
    sources: BTreeMap<String, (String, String, String, Timestamp)>,
}

/// What the store knows of an entry that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEntry {
    /// Its row.
    pub id: i64,
    /// Its id at the source.
    pub source_entry_id: String,
    /// Its story.
    pub story_id: i64,
    /// Where people read it.
    pub url: String,
    /// Digest of what readers see.
    pub fingerprint: String,
    /// Hash of the row that led to it.
    pub row_hash: Option<Vec<u8>>,
    /// That row as JSON, while its article is visited again.
    pub row: Option<String>,
    /// First sight.
    pub seen_at: Timestamp,
    /// Since when the source says that it no longer exists.
    pub gone_at: Option<Timestamp>,
    /// Where people read it before its source changed all ids, if it did.
    pub former_url: Option<String>,
    /// Whether only what it is known by is left of it: nothing that it says matters any more.
    pub is_old: bool,
}

/// An entry with what was derived from it for keeping.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Its title for comparing.
    pub title_key: &'a str,
    /// Hash of its body.
    pub body_hash: Option<[u8; 32]>,
    /// What is compared of it; `None` when nothing is to be compared with it.
    pub features: Option<Arc<Features>>,
    /// Why it stands in its story, as JSON.
    pub evidence: Option<String>,
    /// Digest of what readers see.
    pub fingerprint: &'a str,
    /// Hash of the row that led to it.
    pub row_hash: Option<[u8; 32]>,
    /// That row as JSON, when its article is to be visited again.
    pub row: Option<&'a str>,
    /// Its time as shown.
    pub shown: Published,
    /// First sight, or the time of the change.
    pub at: Timestamp,
    /// The present, by which purging goes; another time than `at` for what is imported.
    pub written_at: Timestamp,
}

/// One entry of a story, with what decides whether readers get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The entry.
    pub entry_id: i64,
    /// How close its source stands to the bureau.
    pub role: Role,
    /// Whose it is.
    pub bureau: Option<String>,
    /// Length of its text in characters.
    pub n_chars: i64,
    /// Whether it corrects what its publisher said before.
    pub is_correction: bool,
    /// First sight.
    pub seen_at: Timestamp,
    /// Its time as shown.
    pub published: Published,
    /// Since when the source says that it no longer exists.
    pub gone_at: Option<Timestamp>,
    /// Whether it told an old story again: readers get it only when there is no other.
    pub is_again: bool,
}

/// What a story shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The entry that readers get.
    pub canonical_id: i64,
    /// Its time.
    pub published: Published,
    /// When what readers see last changed.
    pub updated_at: Timestamp,
    /// Whether it was withdrawn; showing it again takes that back.
    pub is_withdrawn: bool,
}

impl Batch {
    pub(super) fn new(tx: Transaction<'static, Sqlite>, remembered: Arc<Mutex<Remembered>>) -> Self {
        let near = Near::new(remembered);
        Self {
            tx,
            unwritten: Unwritten::default(),
            near,
            free_ids: HashSet::new(),
            changed: Vec::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Writes everything, or nothing.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        for (key, (atom_id, name, url, at)) in std::mem::take(&mut self.sources) {
            sqlx::query(sql::SOURCE_UPSERT)
                .bind(key)
                .bind(atom_id)
                .bind(name)
                .bind(url)
                .bind(at.as_millisecond())
                .execute(&mut *self.tx)
                .await
                .doing("keep a source")?;
        }
        self.write_out().await?;
        self.count_changes().await?;
        self.near.committing();
        self.tx.commit().await.doing("commit")?;
        self.near.committed();
        Ok(())
    }

    /// Gives each changed story its place in the order of changes, and files it under its slices.
    async fn count_changes(&mut self) -> Result<(), StoreError> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let n_changed = i64::try_from(self.changed.len()).unwrap_or(i64::MAX);
        let before: i64 = sqlx::query_scalar(sql::FEED_COUNT)
            .bind(n_changed)
            .fetch_one(&mut *self.tx)
            .await
            .doing("count the feed's changes")?;
        self.near.stories.count(before, n_changed);
        let ids = json_list(std::mem::take(&mut self.changed));
        self.run(sqlx::query(sql::STORY_COUNT).bind(&ids).bind(before), "count a story's change").await?;
        self.run(sqlx::query(sql::LABELS_DROP).bind(&ids), "take stories out of their slices").await?;
        self.run(sqlx::query(sql::LABELS_KEEP).bind(&ids), "file stories under their slices").await
    }

    /// Notes that readers will see a difference in a story.
    pub fn visible(&mut self, story_id: i64) {
        self.changed.retain(|changed| *changed != story_id);
        self.changed.push(story_id);
    }

    /// Notes that entries of a source came or changed at a time.
    pub fn touch_source(&mut self, source: &Source, atom_id: String, at: Timestamp) {
        let row = (atom_id, source.name.clone(), source.url.to_string(), at);
        self.sources.insert(source.key.as_str().to_owned(), row);
    }

    /// What is known of entries of a source, by their ids there.
    pub async fn known(
        &mut self,
        source_key: &str,
        ids: &[&str],
    ) -> Result<HashMap<String, KnownEntry>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        if self.keeps_back(source_key, ids) {
            self.write_out().await?;
        }
        let rows = sqlx::query(sql::ENTRIES_KNOWN)
            .bind(source_key)
            .bind(json_list(ids.iter().copied()))
            .fetch_all(&mut *self.tx)
            .await
            .doing("look up known entries")?;
        let known = rows.iter().map(known_entry).collect::<Result<Vec<_>, _>>()?;
        let mut known: HashMap<_, _> = known.into_iter().map(|it| (it.source_entry_id.clone(), it)).collect();
        self.add_old(source_key, ids, &mut known).await?;
        Ok(known)
    }

    /// Notes the hash of the row that leads to an entry.
    pub async fn keep_row_hash(&mut self, id: i64, row_hash: &[u8; 32]) -> Result<(), StoreError> {
        self.run(sqlx::query(sql::ENTRY_ROW_HASH).bind(id).bind(row_hash.as_slice()), "keep a row's hash")
            .await
    }

    /// Notes since when a source says that an entry no longer exists; `None`: it is there again.
    pub async fn keep_gone(&mut self, id: i64, since: Option<Timestamp>) -> Result<(), StoreError> {
        let query = match since {
            Some(at) => sqlx::query(sql::ENTRY_GONE).bind(id).bind(at.as_millisecond()),
            None => sqlx::query(sql::ENTRY_RETURNED).bind(id),
        };
        self.run(query, "note that an entry is gone").await
    }

    /// The entries of a story with what decides between them.
    pub async fn tellings(&mut self, story_id: i64) -> Result<Vec<Telling>, StoreError> {
        let rows = sqlx::query(sql::ENTRY_TELLINGS)
            .bind(story_id)
            .fetch_all(self.seeing().await?)
            .await
            .doing("read a story's entries")?;
        rows.iter().map(telling).collect::<Result<_, _>>().doing("read a story's entry")
    }

    /// Whether an Atom id names a story already.
    pub async fn atom_id_taken(&mut self, atom_id: &str) -> Result<bool, StoreError> {
        if self.free_ids.contains(atom_id) {
            return Ok(false);
        }
        let query = sqlx::query(sql::STORIES_NAMED).bind(json_list([atom_id]));
        let taken = query.fetch_optional(self.seeing().await?).await.doing("look up an Atom id")?;
        Ok(taken.is_some() || !self.old_under(&[atom_id.to_owned()]).await?.is_empty())
    }

    /// Looks up at once ids that [`Batch::atom_id_taken`] will be asked for.
    pub async fn foresee_ids(&mut self, atom_ids: &[String]) -> Result<(), StoreError> {
        let query = sqlx::query_scalar(sql::STORIES_NAMED).bind(json_list(atom_ids.iter().cloned()));
        let mut taken: Vec<String> = query.fetch_all(self.seeing().await?).await.doing("look up Atom ids")?;
        taken.extend(self.old_under(atom_ids).await?.into_iter().map(|(_, atom_id)| atom_id));
        self.free_ids.extend(atom_ids.iter().filter(|id| !taken.contains(id)).cloned());
        Ok(())
    }

    /// What a story shows now.
    pub async fn shown(&mut self, story_id: i64) -> Result<Shown, StoreError> {
        let row = sqlx::query(sql::STORY_CANONICAL)
            .bind(story_id)
            .fetch_one(self.seeing().await?)
            .await
            .doing("read a story")?;
        let shown = || -> Result<Shown, sqlx::Error> {
            Ok(Shown {
                canonical_id: row.try_get(0)?,
                published: Published {
                    at: from_ms(row.try_get(1)?),
                    precision: Precision::from_name(row.try_get(2)?),
                },
                updated_at: from_ms(row.try_get(3)?),
                is_withdrawn: row.try_get::<Option<i64>, _>(4)?.is_some(),
            })
        };
        shown().doing("read a story")
    }

    /// Sets what a story shows and tells readers that it changed at a time.
    pub async fn change_story(
        &mut self,
        story_id: i64,
        shown: Shown,
        changed_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.visible(story_id);
        self.heads_with(story_id, shown.canonical_id);
        let query = sqlx::query(sql::STORY_CHANGE)
            .bind(story_id)
            .bind(shown.canonical_id)
            .bind(shown.published.at.as_millisecond())
            .bind(shown.published.precision.as_str())
            .bind(shown.updated_at.as_millisecond())
            .bind(changed_at.as_millisecond());
        self.run(query, "change a story").await
    }

    /// Moves the entries of a story into an older one that it turned out to be; the younger leaves the feed.
    pub async fn merge_story(&mut self, from: i64, into: i64, at: Timestamp) -> Result<(), StoreError> {
        self.visible(from);
        self.visible(into);
        self.forget_stories();
        let entries = sqlx::query(sql::STORY_TAKE_ENTRIES).bind(from).bind(into);
        self.run(entries, "move a story's entries").await?;
        let story = sqlx::query(sql::STORY_MERGE).bind(from).bind(at.as_millisecond()).bind(into);
        self.run(story, "merge a story").await
    }

    /// Withdraws a story when all its entries are gone; says whether it did.
    pub async fn withdraw_if_gone(&mut self, story_id: i64, at: Timestamp) -> Result<bool, StoreError> {
        let left: i64 = sqlx::query_scalar(sql::STORY_ALL_GONE)
            .bind(story_id)
            .fetch_one(self.seeing().await?)
            .await
            .doing("count a story's entries")?;
        if left > 0 {
            return Ok(false);
        }
        self.visible(story_id);
        let query = sqlx::query(sql::STORY_WITHDRAW).bind(story_id).bind(at.as_millisecond());
        self.run(query, "withdraw a story").await?;
        Ok(true)
    }

    /// Keeps a row aside, or what changed about it.
    pub async fn keep_pending(&mut self, source_key: &str, pending: &PendingRow) -> Result<(), StoreError> {
        let row = serde_json::to_string(&pending.row).unwrap_or_default();
        let query = sqlx::query(sql::PENDING_UPSERT)
            .bind(source_key)
            .bind(&pending.source_entry_id)
            .bind(row)
            .bind(pending.state.as_str())
            .bind(&pending.reason)
            .bind(pending.n_failures)
            .bind(pending.next_try_at.as_millisecond())
            .bind(pending.seen_at.as_millisecond());
        self.run_beside(query, "keep a pending row").await
    }

    /// A row is pending no longer.
    pub async fn drop_pending(&mut self, source_key: &str, id: &str) -> Result<(), StoreError> {
        self.run_beside(sqlx::query(sql::PENDING_DELETE).bind(source_key).bind(id), "drop a pending row")
            .await
    }

    /// Keeps the validators of an address: of the polled one, or of an article.
    pub async fn keep_validators(
        &mut self,
        source_key: &str,
        url: &str,
        validators: &Validators,
        is_list: bool,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(sql::VALIDATOR_KEEP)
            .bind(source_key)
            .bind(url)
            .bind(&validators.etag)
            .bind(&validators.last_modified)
            .bind(validators.body_hash.as_slice())
            .bind(at.as_millisecond())
            .bind(i64::from(is_list));
        self.run_beside(query, "keep validators").await
    }

    /// Forgets the validators of a source's polled address, so that it is read again though it has not changed.
    pub async fn forget_list(&mut self, source_key: &str) -> Result<(), StoreError> {
        self.run_beside(sqlx::query(sql::VALIDATORS_FORGET).bind(source_key), "forget validators").await
    }

    /// Keeps a fetched document for a while.
    pub async fn keep_document(
        &mut self,
        source_key: &str,
        document: &Document,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let body = zstd::bulk::compress(&document.body, DOCUMENT_LEVEL).unwrap_or_default();
        let query = sqlx::query(sql::DOCUMENT_KEEP)
            .bind(source_key)
            .bind(document.url.as_str())
            .bind(&document.content_type)
            .bind(body)
            .bind(at.as_millisecond());
        self.run_beside(query, "keep a document").await
    }

    /// Keeps what a visit came to.
    pub async fn keep_poll(&mut self, poll: &PollRow) -> Result<(), StoreError> {
        let query = sqlx::query(sql::POLL_KEEP)
            .bind(&poll.source_key)
            .bind(poll.started_at.as_millisecond())
            .bind(poll.duration_ms)
            .bind(&poll.outcome)
            .bind(&poll.state)
            .bind(poll.since.as_millisecond())
            .bind(&poll.message)
            .bind(&poll.rule)
            .bind(poll.n_rows)
            .bind(poll.n_new)
            .bind(poll.n_updated)
            .bind(poll.n_unchanged)
            .bind(poll.n_pending)
            .bind(poll.n_dated)
            .bind(poll.n_empty)
            .bind(poll.n_bad)
            .bind(poll.n_failures)
            .bind(poll.next_poll_at.as_millisecond());
        self.run_beside(query, "keep a poll").await
    }

    /// Keeps what the operator is told.
    pub async fn keep_alert(&mut self, alert: &AlertRow) -> Result<(), StoreError> {
        let query = sqlx::query(sql::ALERT_KEEP)
            .bind(&alert.source_key)
            .bind(alert.at.as_millisecond())
            .bind(&alert.kind)
            .bind(&alert.state)
            .bind(alert.since.as_millisecond())
            .bind(&alert.message);
        self.run_beside(query, "keep an alert").await
    }

    /// Keeps the robots.txt of a site.
    pub async fn keep_robots(&mut self, origin: &str, body: &[u8], at: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query(sql::ROBOTS_KEEP).bind(origin).bind(body).bind(at.as_millisecond());
        self.run_beside(query, "keep a robots.txt").await
    }

    /// The connection, with all that was kept back written.
    pub(super) async fn seeing(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.write_out().await?;
        Ok(&mut self.tx)
    }

    /// Runs a statement that sees all that the batch has done.
    pub(super) async fn run(
        &mut self,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
        what: &'static str,
    ) -> Result<(), StoreError> {
        query.execute(self.seeing().await?).await.doing(what).map(|_| ())
    }

    /// Runs a statement that has nothing to do with new stories and entries.
    async fn run_beside(
        &mut self,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
        what: &'static str,
    ) -> Result<(), StoreError> {
        query.execute(&mut *self.tx).await.doing(what).map(|_| ())
    }
}

pub(super) fn known_entry(row: &SqliteRow) -> Result<KnownEntry, StoreError> {
    let read = || -> Result<KnownEntry, sqlx::Error> {
        Ok(KnownEntry {
            id: row.try_get("id")?,
            source_entry_id: row.try_get("source_entry_id")?,
            story_id: row.try_get("story_id")?,
            url: row.try_get("url")?,
            fingerprint: row.try_get("fingerprint")?,
            row_hash: row.try_get("row_hash")?,
            row: row.try_get("row")?,
            seen_at: from_ms(row.try_get("seen_ms")?),
            gone_at: row.try_get::<Option<i64>, _>("gone_ms")?.map(from_ms),
            // Only where it was asked for.
            former_url: row.try_get("former_url").unwrap_or_default(),
            is_old: false,
        })
    };
    read().doing("read a known entry")
}

pub(super) fn telling(row: &SqliteRow) -> Result<Telling, sqlx::Error> {
    let precision: Option<String> = row.try_get("claimed_precision")?;
    Ok(Telling {
        entry_id: row.try_get("id")?,
        role: Role::from_name(row.try_get("role")?),
        bureau: row.try_get("bureau")?,
        n_chars: row.try_get("n_chars")?,
        is_correction: row.try_get("is_correction")?,
        seen_at: from_ms(row.try_get("seen_ms")?),
        published: Published {
            at: from_ms(row.try_get("published_ms")?),
            precision: precision.map_or(Precision::Seen, |name| Precision::from_name(&name)),
        },
        gone_at: row.try_get::<Option<i64>, _>("gone_ms")?.map(from_ms),
        is_again: row.try_get("is_again")?,
    })
}
