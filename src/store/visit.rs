//! What a visit to a source begins and ends with: one statement each, since what costs is the way to the database.

use std::collections::HashMap;

use sqlx::{Row, sqlite::SqliteRow};

use super::{
    AlertRow, Doing, PollRow, Store, StoreError, Validators, from_ms,
    read::{poll, validators},
    sql::statements,
};
use crate::model::Timestamp;

statements! {
    // A row for each address of which validators are kept, or one without.
    VISIT_BEGINS = "SELECT p.*, v.url, v.etag, v.last_modified, v.body_hash, \
        (SELECT max(started_ms) FROM poll WHERE source_key = $1 AND outcome IN ('ok', 'unchanged')) AS success_ms, \
        EXISTS (SELECT 1 FROM pending WHERE source_key = $1 AND state IN ('retry', 'filling', 'accepted') \
        AND next_try_ms <= $2) AS has_due \
        FROM (SELECT 1) LEFT JOIN (SELECT * FROM poll WHERE source_key = $1 ORDER BY id DESC LIMIT 1) p ON true \
        LEFT JOIN validator v ON v.source_key = $1 AND v.is_list = 1";
    // A row for each of the latest polls that read the source, newest first, or one without.
    VISIT_ENDS = "SELECT p.*, a.kind AS alert_kind, a.state AS alert_state, a.since_ms AS alert_ms, \
        (SELECT count(*) FROM pending WHERE source_key = $1 AND state IN ('retry', 'filling', 'accepted')) AS n_waiting, \
        (SELECT count(*) FROM pending WHERE source_key = $1 AND state = 'held') AS n_held, \
        n.n_news, n.news_ms, h.source_key IS NOT NULL AS has_hub, \
        coalesce(h.state = 'active' AND h.ends_ms > $4 AND h.content_ms > coalesce(h.missed_ms, 0), 0) AS hub_delivers \
        FROM (SELECT coalesce(sum(n_new), 0) AS n_news, min(started_ms) AS news_ms FROM poll WHERE source_key = $1 \
        AND started_ms >= $3 AND id > (SELECT min(id) FROM poll WHERE source_key = $1 AND outcome = 'ok')) n \
        LEFT JOIN (SELECT * FROM alert WHERE source_key = $1 ORDER BY id DESC LIMIT 1) a ON true \
        LEFT JOIN hub_upstream h ON h.source_key = $1 \
        LEFT JOIN (SELECT * FROM poll WHERE source_key = $1 AND outcome = 'ok' ORDER BY id DESC LIMIT $2 + 0) p ON true \
        ORDER BY p.id DESC";
}

/// What is known of a source when it is visited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BeforeVisit {
    /// The visit before.
    pub previous: Option<PollRow>,
    /// Whether it was ever read.
    pub was_read: bool,
    /// Validators of its polled address, and of where that leads.
    pub validators: HashMap<String, Validators>,
    /// Whether rows kept aside are due.
    pub has_due: bool,
}

/// What a visit is judged by when it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AfterVisit {
    /// Rows that wait for their article.
    pub n_waiting: i64,
    /// Rows held back since the source changed its ids.
    pub n_held: usize,
    /// How many entries the source brought lately, its first reading left out, and when the first of the polls counted
    /// was; `None` before it was read twice.
    pub news: Option<(i64, Timestamp)>,
    /// The latest visits that read it, newest first.
    pub read: Vec<PollRow>,
    /// What the operator was last told of it, without the words.
    pub last_alert: Option<AlertRow>,
    /// Whether there is a subscription of ours at a hub.
    pub has_hub: bool,
    /// Whether a hub reliably tells what it publishes: our subscription runs, it has delivered, and no poll since then
    /// brought what it had not told.
    pub hub_delivers: bool,
}

impl Store {
    /// What is known of a source when it is visited.
    pub async fn before_visit(&self, source_key: &str, now: Timestamp) -> Result<BeforeVisit, StoreError> {
        let query = sqlx::query(VISIT_BEGINS).bind(source_key).bind(now.as_millisecond());
        let rows = query.fetch_all(&self.readers).await.doing("read what is known of a source")?;
        before(&rows).doing("read what is known of a source")
    }

    /// What a visit is judged by when it ends: with so many of the visits that read the source, and its news since a time.
    pub async fn after_visit(
        &self,
        source_key: &str,
        n_read: usize,
        news_since: Timestamp,
        now: Timestamp,
    ) -> Result<AfterVisit, StoreError> {
        let query = sqlx::query(VISIT_ENDS)
            .bind(source_key)
            .bind(i64::try_from(n_read).unwrap_or(i64::MAX))
            .bind(news_since.as_millisecond())
            .bind(now.as_millisecond());
        let rows = query.fetch_all(&self.readers).await.doing("read what a source gave before")?;
        after(source_key, &rows).doing("read what a source gave before")
    }
}

fn before(rows: &[SqliteRow]) -> Result<BeforeVisit, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(BeforeVisit::default()) };
    let with_validators = rows.iter().filter(|row| is_there(row, "url"));
    Ok(BeforeVisit {
        previous: if is_there(first, "id") { Some(poll(first)?) } else { None },
        was_read: is_there(first, "success_ms"),
        validators: with_validators.map(validators).collect::<Result<_, _>>()?,
        has_due: first.try_get("has_due")?,
    })
}

fn after(source_key: &str, rows: &[SqliteRow]) -> Result<AfterVisit, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(AfterVisit::default()) };
    let n_news: i64 = first.try_get("n_news")?;
    let n_held: i64 = first.try_get("n_held")?;
    Ok(AfterVisit {
        n_waiting: first.try_get("n_waiting")?,
        n_held: usize::try_from(n_held).unwrap_or(0),
        news: first.try_get::<Option<i64>, _>("news_ms")?.map(|ms| (n_news, from_ms(ms))),
        read: rows.iter().filter(|row| is_there(row, "id")).map(poll).collect::<Result<_, _>>()?,
        last_alert: if is_there(first, "alert_ms") { Some(last_alert(source_key, first)?) } else { None },
        has_hub: first.try_get("has_hub")?,
        hub_delivers: first.try_get("hub_delivers")?,
    })
}

fn last_alert(source_key: &str, row: &SqliteRow) -> Result<AlertRow, sqlx::Error> {
    Ok(AlertRow {
        id: 0,
        source_key: source_key.to_owned(),
        at: from_ms(row.try_get("alert_ms")?),
        kind: row.try_get("alert_kind")?,
        state: row.try_get("alert_state")?,
        since: from_ms(row.try_get("alert_ms")?),
        message: String::new(),
    })
}

/// Whether a column of a row that may be missing has a value.
fn is_there(row: &SqliteRow, column: &str) -> bool {
    use sqlx::ValueRef;
    row.try_get_raw(column).is_ok_and(|value| !value.is_null())
}
