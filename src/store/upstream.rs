//! Our own subscriptions at the hubs that sources offer: one row a source, from the offer to the end of the lease.

use std::collections::HashSet;

use sqlx::{Row, sqlite::SqliteRow};

use super::{Batch, Doing, Store, StoreError, from_ms, sql::statements};
use crate::model::Timestamp;

statements! {
    ALL_ROWS = "SELECT source_key, hub, topic, token, secret, state, message, asked_ms, next_ms, ends_ms, n_failures, \
        content_ms FROM hub_upstream ORDER BY source_key";
    OF_SOURCE = "SELECT source_key, hub, topic, token, secret, state, message, asked_ms, next_ms, ends_ms, n_failures, \
        content_ms FROM hub_upstream WHERE source_key = $1";
    OF_TOKEN = "SELECT source_key, hub, topic, token, secret, state, message, asked_ms, next_ms, ends_ms, n_failures, \
        content_ms FROM hub_upstream WHERE token = $1";
    DUE = "SELECT source_key, hub, topic, token, secret, state, message, asked_ms, next_ms, ends_ms, n_failures, \
        content_ms FROM hub_upstream WHERE next_ms <= $1 ORDER BY next_ms LIMIT $2 + 0";
    KEEP = "INSERT INTO hub_upstream (source_key, hub, topic, token, secret, state, message, asked_ms, next_ms, ends_ms, \
        n_failures, content_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (source_key) DO UPDATE SET hub = excluded.hub, topic = excluded.topic, token = excluded.token, \
        secret = excluded.secret, state = excluded.state, message = excluded.message, asked_ms = excluded.asked_ms, \
        next_ms = excluded.next_ms, ends_ms = excluded.ends_ms, n_failures = excluded.n_failures";
    DROP = "DELETE FROM hub_upstream WHERE source_key = $1";
    CONTENT = "UPDATE hub_upstream SET content_ms = $2, hinted_ms = $2 WHERE token = $1";
    HINTED = "SELECT source_key FROM hub_upstream WHERE hinted_ms IS NOT NULL";
    // A poll that brings news of which the hub did not tell says that it cannot be relied on.
    READ = "UPDATE hub_upstream SET \
        missed_ms = CASE WHEN $3 AND hinted_ms IS NULL AND state = 'active' THEN $2 ELSE missed_ms END, \
        hinted_ms = CASE WHEN hinted_ms <= $2 THEN NULL ELSE hinted_ms END \
        WHERE source_key = $1 AND ($3 OR hinted_ms IS NOT NULL)";
}

/// Our subscription to one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The source.
    pub source_key: String,
    /// The hub.
    pub hub: String,
    /// The feed's address, as the hub knows it.
    pub topic: String,
    /// Last part of our callback.
    pub token: String,
    /// What deliveries must be signed with; `None` where the hub cannot be told secretly.
    pub secret: Option<String>,
    /// `offered`, `asked`, `active`, `denied` or `failing`.
    pub state: String,
    /// The same in plain words.
    pub message: String,
    /// When the hub was asked, while it has not verified that.
    pub asked_at: Option<Timestamp>,
    /// When it is asked next.
    pub next_at: Timestamp,
    /// End of the lease.
    pub ends_at: Option<Timestamp>,
    /// Failures in a row.
    pub n_failures: i64,
    /// The last delivery.
    pub content_at: Option<Timestamp>,
}

impl Store {
    /// All of our subscriptions.
    pub async fn upstreams(&self) -> Result<Vec<Upstream>, StoreError> {
        sqlx::query(ALL_ROWS)
            .try_map(|row| upstream(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read our subscriptions")
    }

    /// Our subscription to a source.
    pub async fn upstream(&self, source_key: &str) -> Result<Option<Upstream>, StoreError> {
        let row = sqlx::query(OF_SOURCE).bind(source_key).fetch_optional(&self.readers).await;
        row.doing("read a subscription of ours")?
            .as_ref()
            .map(upstream)
            .transpose()
            .doing("read a subscription of ours")
    }

    /// Our subscription with a callback.
    pub async fn upstream_at(&self, token: &str) -> Result<Option<Upstream>, StoreError> {
        let row = sqlx::query(OF_TOKEN).bind(token).fetch_optional(&self.readers).await;
        row.doing("read a subscription of ours")?
            .as_ref()
            .map(upstream)
            .transpose()
            .doing("read a subscription of ours")
    }

    /// Those whose hub is to be asked, at most `limit`.
    pub async fn due_upstreams(&self, now: Timestamp, limit: usize) -> Result<Vec<Upstream>, StoreError> {
        sqlx::query(DUE)
            .bind(now.as_millisecond())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(|row| upstream(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read our subscriptions that are due")
    }

    /// Keeps a subscription of ours; when its last delivery came is kept by [`Store::keep_content`].
    pub async fn keep_upstream(&self, it: &Upstream) -> Result<(), StoreError> {
        let ms = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        sqlx::query(KEEP)
            .bind(&it.source_key)
            .bind(&it.hub)
            .bind(&it.topic)
            .bind(&it.token)
            .bind(&it.secret)
            .bind(&it.state)
            .bind(&it.message)
            .bind(ms(it.asked_at))
            .bind(it.next_at.as_millisecond())
            .bind(ms(it.ends_at))
            .bind(it.n_failures)
            .bind(ms(it.content_at))
            .execute(&self.writer)
            .await
            .doing("keep a subscription of ours")?;
        Ok(())
    }

    /// Forgets our subscription to a source.
    pub async fn drop_upstream(&self, source_key: &str) -> Result<(), StoreError> {
        let dropped = sqlx::query(DROP).bind(source_key).execute(&self.writer).await;
        dropped.doing("forget a subscription of ours").map(|_| ())
    }

    /// Notes a delivery, so that its source is read even if we stop before that.
    pub async fn keep_content(&self, token: &str, at: Timestamp) -> Result<(), StoreError> {
        let kept = sqlx::query(CONTENT).bind(token).bind(at.as_millisecond()).execute(&self.writer).await;
        kept.doing("note a delivery").map(|_| ())
    }

    /// The sources of which a hub told something that has not been read yet.
    pub async fn hinted_sources(&self) -> Result<HashSet<String>, StoreError> {
        let keys: Vec<String> =
            sqlx::query_scalar(HINTED).fetch_all(&self.readers).await.doing("read what hubs told")?;
        Ok(keys.into_iter().collect())
    }
}

impl Batch {
    /// Notes that a source was read at a time: what its hub had told until then is answered.
    pub async fn answer_hint(
        &mut self,
        source_key: &str,
        at: Timestamp,
        has_news: bool,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(READ).bind(source_key).bind(at.as_millisecond()).bind(has_news);
        self.run(query, "note that a hub's word was followed").await
    }
}

fn upstream(row: &SqliteRow) -> Result<Upstream, sqlx::Error> {
    let at = |name: &str| row.try_get::<Option<i64>, _>(name).map(|ms| ms.map(from_ms));
    Ok(Upstream {
        source_key: row.try_get("source_key")?,
        hub: row.try_get("hub")?,
        topic: row.try_get("topic")?,
        token: row.try_get("token")?,
        secret: row.try_get("secret")?,
        state: row.try_get("state")?,
        message: row.try_get("message")?,
        asked_at: at("asked_ms")?,
        next_at: from_ms(row.try_get("next_ms")?),
        ends_at: at("ends_ms")?,
        n_failures: row.try_get("n_failures")?,
        content_at: at("content_ms")?,
    })
}
