//! The index of what is searched: it follows the count of changes, some stories at a time, and is asked for the newest.
//!
//! **Invariant:** what people type reaches the database as quoted terms of letters and digits, never as syntax.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Doing, Store, StoreError, from_ms, json_list, sql::statements};
use crate::{
    model::Timestamp,
    search::{Candidate, Folded, Phrase, Query, TERMS_VERSION, rank, terms},
};

/// Bits of a row's number that hold the story's id.
const ID_BITS: u32 = 30;
/// The ids that fit.
pub(super) const ID_MASK: i64 = (1 << ID_BITS) - 1;
/// Times that fit, in seconds: until the year 2242.
const MAX_SECONDS: i64 = (1 << 33) - 1;
/// Characters of a text that are indexed.
const MAX_TEXT_CHARS: i64 = 30_000;
/// Characters of a text by which what was found is ranked.
const RANKED_CHARS: i64 = 1_000;
/// Newest stories found, and newest of those found by their title, that are ranked.
const MAX_RANKED: i64 = 100;
/// The term that all stories have.
const EVERY: &str = "every";

statements! {
    STATE = "SELECT s.version, s.seq, f.change_seq FROM search s, feed f";
    VERSION = "SELECT version FROM search";
    RESTART = "UPDATE search SET version = $1, seq = 0";
    EMPTY_TEXT = "INSERT INTO story_text (story_text) VALUES ('delete-all')";
    EMPTY_ROWS = "DELETE FROM search_row";
    CHANGED = "SELECT s.id, s.seq, s.published_ms, s.withdrawn_ms, e.title, e.bureau, substr(e.content_text, 1, $3) AS text, \
        (SELECT group_concat(label, char(10)) FROM label WHERE story_id = s.id) AS labels, \
        (SELECT group_concat(c.title, char(10)) FROM entry c WHERE c.story_id = s.id AND c.id <> s.canonical_id \
            AND c.rule <> 'again') AS copies \
        FROM story s LEFT JOIN entry e ON e.id = s.canonical_id WHERE s.seq > $1 ORDER BY s.seq LIMIT $2 + 0";
    DROP_TEXT = "DELETE FROM story_text WHERE rowid = (SELECT number FROM search_row WHERE story_id = $1)";
    DROP_ROW = "DELETE FROM search_row WHERE story_id = $1";
    ADD_TEXT = "INSERT INTO story_text (rowid, title, body, labels) SELECT $1, $2, $3, $4 \
        WHERE EXISTS (SELECT 1 FROM story WHERE id = $5)";
    ADD_ROW = "INSERT INTO search_row (story_id, number) SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM story WHERE id = $1)";
    FOLLOW = "UPDATE search SET seq = max(seq, $1) WHERE version = $2";
    NEWEST = "SELECT t.rowid AS number, s.id FROM story_text t JOIN story s ON s.id = t.rowid & 1073741823 \
        WHERE story_text MATCH $1 AND t.rowid >= $2 AND t.rowid < $3 AND s.withdrawn_ms IS NULL \
        ORDER BY t.rowid DESC LIMIT $4 + 0";
    RANKED = "SELECT s.id, s.published_ms, e.title, substr(e.content_text, 1, $2) AS text \
        FROM story s JOIN entry e ON e.id = s.canonical_id WHERE s.id IN (SELECT value FROM json_each($1)) ORDER BY s.id";
}

/// What is searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Words.
    pub query: Query,
    /// Labels (`region:CN-JX`, `topic:safety`, `source:jx`): one of each group.
    pub labels: Vec<Vec<String>>,
    /// Published at this time or later.
    pub since: Option<Timestamp>,
    /// Published before this time.
    pub until: Option<Timestamp>,
}

/// A story found, with its place among all by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its row.
    pub story_id: i64,
    /// Its place: the newest have the highest.
    pub number: i64,
}

/// How far the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexState {
    /// Changes up to this count are in it.
    pub seq: i64,
    /// The feed's count of changes.
    pub change_seq: i64,
}

impl IndexState {
    /// Whether all that readers can see is in it.
    pub fn is_whole(self) -> bool {
        self.seq >= self.change_seq
    }
}

/// A story as it is put into the index.
struct Indexed {
    story_id: i64,
    /// None of a story that readers no longer see.
    text: Option<(i64, Text)>,
}

struct Text {
    title: String,
    body: String,
    labels: String,
}

/// Stories as they are read for the index.
struct Changed {
    story_id: i64,
    seq: i64,
    published_ms: i64,
    is_withdrawn: bool,
    title: Option<String>,
    text: Option<String>,
    bureau: Option<String>,
    labels: Option<String>,
    copies: Option<String>,
}

impl Store {
    /// How far the index is. That of another version of the rules holds nothing.
    pub async fn index_state(&self) -> Result<IndexState, StoreError> {
        let row = sqlx::query(STATE).fetch_one(&self.readers).await.doing("read the state of the search")?;
        let state = || -> Result<IndexState, sqlx::Error> {
            let is_ours = row.try_get::<i64, _>(0)? == TERMS_VERSION;
            Ok(IndexState { seq: if is_ours { row.try_get(1)? } else { 0 }, change_seq: row.try_get(2)? })
        };
        state().doing("read the state of the search")
    }

    /// Takes the next changes into the index, `n_stories` at most; says how many there were.
    pub async fn index_next(&self, n_stories: usize) -> Result<usize, StoreError> {
        let version: i64 =
            sqlx::query_scalar(VERSION).fetch_one(&self.readers).await.doing("read the search's version")?;
        if version != TERMS_VERSION {
            self.empty_index().await?;
        }
        let state = self.index_state().await?;
        if state.is_whole() {
            return Ok(0);
        }
        let rows = sqlx::query(CHANGED)
            .bind(state.seq)
            .bind(i64::try_from(n_stories).unwrap_or(i64::MAX))
            .bind(MAX_TEXT_CHARS)
            .fetch_all(&self.readers)
            .await
            .doing("read stories for the search")?;
        let changed: Vec<Changed> =
            rows.iter().map(changed).collect::<Result<_, _>>().doing("read a story for the search")?;
        let n_changed = changed.len();
        // Changes without a story are of those that were let go of: nothing is left to be done for them.
        let until = changed.last().map_or(state.change_seq, |last| last.seq);
        let made =
            tokio::task::spawn_blocking(move || changed.into_iter().map(indexed).collect::<Vec<_>>()).await;
        let Ok(indexed) = made else {
            return Err(StoreError::Corrupt {
                what: "story that cannot be indexed",
                value: until.to_string(),
            });
        };
        self.keep_indexed(indexed, until).await?;
        Ok(n_changed)
    }

    async fn empty_index(&self) -> Result<(), StoreError> {
        let mut batch = self.begin().await?;
        batch.run(sqlx::query(EMPTY_TEXT), "empty the search").await?;
        batch.run(sqlx::query(EMPTY_ROWS), "empty the search").await?;
        batch.run(sqlx::query(RESTART).bind(TERMS_VERSION), "begin the search anew").await?;
        batch.commit().await
    }

    async fn keep_indexed(&self, stories: Vec<Indexed>, until: i64) -> Result<(), StoreError> {
        let mut batch = self.begin().await?;
        for story in stories {
            let id = story.story_id;
            batch.run(sqlx::query(DROP_TEXT).bind(id), "take a story out of the search").await?;
            batch.run(sqlx::query(DROP_ROW).bind(id), "take a story out of the search").await?;
            let Some((number, text)) = story.text else { continue };
            let add = sqlx::query(ADD_TEXT)
                .bind(number)
                .bind(text.title)
                .bind(text.body)
                .bind(text.labels)
                .bind(id);
            batch.run(add, "put a story into the search").await?;
            batch.run(sqlx::query(ADD_ROW).bind(id).bind(number), "put a story into the search").await?;
        }
        batch.run(sqlx::query(FOLLOW).bind(until).bind(TERMS_VERSION), "note how far the search is").await?;
        batch.commit().await
    }

    /// The stories found, newest first, from below a place on.
    pub async fn search(
        &self,
        search: &Search,
        below: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.newest(&expression(search, Columns::All), search, below, limit).await
    }

    /// The stories found, the best first: from the newest ones, and the newest ones that say it in their title.
    pub async fn search_best(&self, search: &Search) -> Result<Vec<Found>, StoreError> {
        let mut found = self.newest(&expression(search, Columns::Title), search, None, MAX_RANKED).await?;
        found.extend(self.newest(&expression(search, Columns::All), search, None, MAX_RANKED).await?);
        found.sort_unstable_by_key(|found| found.story_id);
        found.dedup_by_key(|found| found.story_id);
        let rows = sqlx::query(RANKED)
            .bind(json_list(found.iter().map(|found| found.story_id)))
            .bind(RANKED_CHARS)
            .fetch_all(&self.readers)
            .await
            .doing("read what was found")?;
        let texts = rows.iter().map(|row| -> Result<_, sqlx::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
        });
        let texts: Vec<(i64, i64, String, String)> =
            texts.collect::<Result<_, _>>().doing("read what was found")?;
        let query = search.query.clone();
        let ranked = tokio::task::spawn_blocking(move || {
            let candidates: Vec<Candidate> = texts
                .iter()
                .map(|(_, ms, title, text)| Candidate { title, text, published_s: from_ms(*ms).as_second() })
                .collect();
            let order = rank(&candidates, &query);
            order.into_iter().filter_map(|n| texts.get(n).map(|text| text.0)).collect::<Vec<i64>>()
        });
        let ranked = ranked.await.unwrap_or_default();
        let place = |story_id: i64| {
            let at = found.binary_search_by_key(&story_id, |found| found.story_id).ok()?;
            found.get(at).copied()
        };
        Ok(ranked.into_iter().filter_map(place).collect())
    }

    async fn newest(
        &self,
        expression: &str,
        search: &Search,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Found>, StoreError> {
        if expression.is_empty() {
            return Ok(Vec::new());
        }
        let from = search.since.map_or(i64::MIN, |at| number(rounded_up(at), 0));
        let until =
            search.until.map_or(i64::MAX, |at| number(rounded_up(at), 0)).min(below.unwrap_or(i64::MAX));
        let found = |row: SqliteRow| -> Result<Found, sqlx::Error> {
            Ok(Found { number: row.try_get(0)?, story_id: row.try_get(1)? })
        };
        sqlx::query(NEWEST)
            .bind(expression)
            .bind(from)
            .bind(until)
            .bind(limit)
            .try_map(found)
            .fetch_all(&self.readers)
            .await
            .doing("search")
    }
}

fn changed(row: &SqliteRow) -> Result<Changed, sqlx::Error> {
    Ok(Changed {
        story_id: row.try_get("id")?,
        seq: row.try_get("seq")?,
        published_ms: row.try_get("published_ms")?,
        is_withdrawn: row.try_get::<Option<i64>, _>("withdrawn_ms")?.is_some(),
        title: row.try_get("title")?,
        text: row.try_get("text")?,
        bureau: row.try_get("bureau")?,
        labels: row.try_get("labels")?,
        copies: row.try_get("copies")?,
    })
}

fn indexed(story: Changed) -> Indexed {
    let number = number(from_ms(story.published_ms).as_second(), story.story_id);
    let text = story.title.filter(|_| !story.is_withdrawn).map(|title| {
        // Lines end runs, so that no phrase reaches from one part into the next.
        let body = [story.text, story.bureau, story.copies].map(Option::unwrap_or_default).join("\n");
        let labels = story.labels.unwrap_or_default();
        let labels: Vec<String> = labels.lines().map(label_term).chain([EVERY.to_owned()]).collect();
        let terms = |text: &str| terms(Folded::of(text).as_str());
        (number, Text { title: terms(&title), body: terms(&body), labels: labels.join(" ") })
    });
    Indexed { story_id: story.story_id, text }
}

/// The number under which a story stands in the index.
pub(super) fn number(published_s: i64, story_id: i64) -> i64 {
    (published_s.clamp(0, MAX_SECONDS) << ID_BITS) | (story_id & ID_MASK)
}

/// The second at which a time has come.
fn rounded_up(at: Timestamp) -> i64 {
    let second = at.as_second();
    if at.subsec_nanosecond() > 0 { second.saturating_add(1) } else { second }
}

/// A label as one term: its bytes in hexadecimal.
fn label_term(label: &str) -> String {
    use std::fmt::Write;
    label.bytes().fold(String::from("l"), |mut term, byte| {
        // Writing into a string does not fail.
        let _ = write!(term, "{byte:02x}");
        term
    })
}

/// Where words are looked for.
#[derive(Debug, Clone, Copy)]
enum Columns {
    All,
    Title,
}

/// A search in the words of FTS5; empty when it can find nothing.
fn expression(search: &Search, columns: Columns) -> String {
    let within = match columns {
        Columns::All => "{title body}",
        Columns::Title => "title",
    };
    let mut all: Vec<String> = search.query.wanted().iter().map(|phrase| quoted(phrase, within)).collect();
    for group in &search.labels {
        let labels: Vec<String> =
            group.iter().map(|label| format!("labels : \"{}\"", label_term(label))).collect();
        if labels.is_empty() {
            return String::new();
        }
        all.push(format!("({})", labels.join(" OR ")));
    }
    if all.is_empty() {
        all.push(format!("labels : \"{EVERY}\""));
    }
    let all = all.join(" AND ");
    let none: Vec<String> =
        search.query.unwanted().iter().map(|phrase| quoted(phrase, "{title body}")).collect();
    if none.is_empty() { all } else { format!("({all}) NOT ({})", none.join(" OR ")) }
}

fn quoted(phrase: &Phrase, columns: &str) -> String {
    let sought = phrase.sought();
    // Terms hold letters and digits only; a quotation mark among them would be doubled all the same.
    let terms = sought.terms.join(" ").replace('"', "\"\"");
    let open = if sought.is_open { " *" } else { "" };
    format!("{columns} : \"{terms}\"{open}")
}
