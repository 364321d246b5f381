//! Who subscribes to our hub: requests that wait for their callback's word, subscriptions with what each took last, and
//! the other hubs that are told of changes.
//!
//! **Invariant:** what a subscriber has not acknowledged stays due, whatever happens to the process: a subscription
//! moves on only by a document that it took.

use std::time::Duration;

use sqlx::{Row, sqlite::SqliteRow};

use super::{Doing, Store, StoreError, from_ms, sql::statements};
use crate::model::Timestamp;

statements! {
    REQUEST_DROP = "DELETE FROM hub_request WHERE topic = $1 AND callback = $2";
    REQUEST_KEEP = "INSERT INTO hub_request (mode, topic, path, callback, host, lease_s, secret, known, n_tries, next_try_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)";
    REQUESTS_DUE = "SELECT id, mode, topic, path, callback, host, lease_s, secret, known, n_tries FROM hub_request \
        WHERE next_try_ms <= $1 ORDER BY next_try_ms LIMIT $2 + 0";
    REQUEST_AGAIN = "UPDATE hub_request SET n_tries = n_tries + 1, next_try_ms = $2 WHERE id = $1";
    REQUEST_END = "DELETE FROM hub_request WHERE id = $1";
    // A renewal leaves what was delivered as it is, and is a sign of life: what is owed is tried at once.
    SUBSCRIBE = "INSERT INTO hub_subscription \
        (topic, path, callback, host, secret, ends_ms, delivered, n_failures, next_try_ms, message) \
        SELECT topic, path, callback, host, secret, $2, known, 0, $3, '' FROM hub_request WHERE id = $1 \
        ON CONFLICT (topic, callback) DO UPDATE SET secret = excluded.secret, ends_ms = excluded.ends_ms, \
        next_try_ms = excluded.next_try_ms";
    UNSUBSCRIBE = "DELETE FROM hub_subscription WHERE (topic, callback) IN \
        (SELECT topic, callback FROM hub_request WHERE id = $1)";
    COUNTS = "SELECT count(*), coalesce(sum(path = $1), 0), coalesce(sum(host = $2), 0), count(DISTINCT path), \
        coalesce(sum(topic = $3 AND callback = $4), 0) FROM \
        (SELECT topic, path, callback, host FROM hub_subscription \
        UNION SELECT topic, path, callback, host FROM hub_request WHERE mode = 'subscribe')";
    PATHS = "SELECT DISTINCT path FROM hub_subscription WHERE ends_ms > $1";
    // Those that took well what they got last come first.
    DELIVERIES_DUE = "SELECT s.id, s.topic, s.path, s.callback, s.host, s.secret, s.n_failures, s.took_ms \
        FROM json_each($1) m JOIN hub_subscription s ON s.path = m.key \
        WHERE s.delivered <> m.value AND s.next_try_ms <= $2 AND s.ends_ms > $2 \
        ORDER BY s.n_failures > 0 OR s.took_ms IS NULL, s.next_try_ms, s.id LIMIT $3 + 0";
    DELIVERY_NEXT = "SELECT min(s.next_try_ms) FROM json_each($1) m JOIN hub_subscription s ON s.path = m.key \
        WHERE s.delivered <> m.value AND s.ends_ms > $2";
    DELIVERED = "UPDATE hub_subscription SET delivered = $2, delivered_ms = $3, took_ms = $4, n_failures = 0, \
        failing_ms = NULL, next_try_ms = $3, message = '' WHERE id = $1";
    DELIVERY_FAILED = "UPDATE hub_subscription SET n_failures = n_failures + 1, failing_ms = coalesce(failing_ms, $2), \
        next_try_ms = $3, message = $4, took_ms = $5 WHERE id = $1";
    SUBSCRIPTION_END = "DELETE FROM hub_subscription WHERE id = $1";
    EXPIRE = "DELETE FROM hub_subscription WHERE ends_ms <= $1 RETURNING n_failures";
    STATUS = "SELECT count(*), coalesce(sum(n_failures > 0), 0), max(delivered_ms), min(failing_ms), count(DISTINCT path), \
        (SELECT count(*) FROM hub_request) FROM hub_subscription";
    FAILING = "SELECT host, topic, n_failures, failing_ms, next_try_ms, message FROM hub_subscription \
        WHERE n_failures > 0 ORDER BY failing_ms LIMIT $1 + 0";
    PINGS = "SELECT hub, told, told_ms, n_failures, next_try_ms, message FROM hub_ping ORDER BY hub";
    PING_KEEP = "INSERT INTO hub_ping (hub, told, told_ms, n_failures, next_try_ms, message) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (hub) DO UPDATE SET told = excluded.told, told_ms = excluded.told_ms, \
        n_failures = excluded.n_failures, next_try_ms = excluded.next_try_ms, message = excluded.message";
}

/// A request to our hub that waits for its callback's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRequest {
    /// Its number; of no meaning in one that is to be kept.
    pub id: i64,
    /// `subscribe` or `unsubscribe`.
    pub mode: String,
    /// The feed's address, as the subscriber wrote it.
    pub topic: String,
    /// Path and query of the feed below the public address.
    pub path: String,
    /// Where it is to be delivered.
    pub callback: String,
    /// Whose callback it is.
    pub host: String,
    /// The lease that is granted.
    pub lease: Duration,
    /// What deliveries are signed with.
    pub secret: Option<String>,
    /// The feed's `ETag` at the request.
    pub known: String,
    /// How often the callback was asked.
    pub n_tries: i64,
}

/// What came of asking a callback whether it means its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It does: it is subscribed until then.
    Subscribed(Timestamp),
    /// It does: it is subscribed no longer.
    Unsubscribed,
    /// It does not.
    Denied,
    /// It could not be reached; it is asked again then.
    Again(Timestamp),
}

/// How many subscriptions there are, those that wait for their callback's word included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HubCounts {
    /// In all.
    pub all: usize,
    /// Of one feed.
    pub of_path: usize,
    /// Of one host's callbacks.
    pub of_host: usize,
    /// Feeds that somebody subscribes to.
    pub paths: usize,
    /// Of this feed and callback: 1 when it is known.
    pub same: usize,
}

/// A subscription to which something is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// The feed's address, as the subscriber wrote it.
    pub topic: String,
    /// Path and query of the feed below the public address.
    pub path: String,
    /// Where it is delivered.
    pub callback: String,
    /// Whose callback it is.
    pub host: String,
    /// What it is signed with.
    pub secret: Option<String>,
    /// Failures in a row.
    pub n_failures: i64,
    /// How long the last answer took; `None` before the first.
    pub took: Option<Duration>,
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// It was taken.
    Taken {
        /// The document's `ETag`.
        etag: String,
        /// When.
        at: Timestamp,
        /// How long that took.
        took: Duration,
    },
    /// It was not; it is tried again then.
    Failed {
        /// When it was tried.
        at: Timestamp,
        /// When it is tried again.
        next: Timestamp,
        /// How long the try took.
        took: Duration,
        /// Why, in plain words.
        message: String,
    },
    /// The subscriber wants no more (410).
    Gone,
}

/// The hub in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubStatus {
    /// Subscriptions.
    pub n_subscriptions: i64,
    /// Of them, those whose last delivery failed.
    pub n_failing: i64,
    /// The last delivery that was taken.
    pub delivered_at: Option<Timestamp>,
    /// Since when the longest of them fails.
    pub failing_since: Option<Timestamp>,
    /// Feeds that are subscribed to.
    pub n_topics: i64,
    /// Requests that wait for their callback's word.
    pub n_waiting: i64,
}

/// A subscription that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Whose callback it is; the callback itself is the subscriber's secret.
    pub host: String,
    /// The feed.
    pub topic: String,
    /// Failures in a row.
    pub n_failures: i64,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub next: Timestamp,
    /// Why, in plain words.
    pub message: String,
}

/// Another hub, and of what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Its address.
    pub hub: String,
    /// `ETag` of the feed of which it was told last.
    pub told: String,
    /// When that was.
    pub told_at: Option<Timestamp>,
    /// Failures in a row.
    pub n_failures: i64,
    /// When it is tried again.
    pub next_try_at: Timestamp,
    /// What the last failure was.
    pub message: String,
}

impl Store {
    /// Keeps a request in the place of an earlier one for the same feed and callback.
    pub async fn keep_hub_request(&self, request: &HubRequest, now: Timestamp) -> Result<(), StoreError> {
        let mut batch = self.begin().await?;
        let drop = sqlx::query(REQUEST_DROP).bind(&request.topic).bind(&request.callback);
        batch.run(drop, "replace a subscriber's request").await?;
        let keep = sqlx::query(REQUEST_KEEP)
            .bind(&request.mode)
            .bind(&request.topic)
            .bind(&request.path)
            .bind(&request.callback)
            .bind(&request.host)
            .bind(i64::try_from(request.lease.as_secs()).unwrap_or(i64::MAX))
            .bind(&request.secret)
            .bind(&request.known)
            .bind(now.as_millisecond());
        batch.run(keep, "keep a subscriber's request").await?;
        batch.commit().await
    }

    /// The requests whose callbacks are to be asked, at most `limit`.
    pub async fn due_hub_requests(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<HubRequest>, StoreError> {
        sqlx::query(REQUESTS_DUE)
            .bind(now.as_millisecond())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(|row| request(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read subscribers' requests")
    }

    /// Keeps what came of asking callbacks.
    pub async fn settle_hub_requests(
        &self,
        verdicts: &[(i64, Verdict)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut batch = self.begin().await?;
        for (id, verdict) in verdicts {
            match verdict {
                Verdict::Subscribed(ends_at) => {
                    let query = sqlx::query(SUBSCRIBE).bind(id);
                    let query = query.bind(ends_at.as_millisecond()).bind(now.as_millisecond());
                    batch.run(query, "keep a subscription").await?;
                }
                Verdict::Unsubscribed => {
                    batch.run(sqlx::query(UNSUBSCRIBE).bind(id), "end a subscription").await?;
                }
                Verdict::Denied => {}
                Verdict::Again(at) => {
                    let query = sqlx::query(REQUEST_AGAIN).bind(id).bind(at.as_millisecond());
                    batch.run(query, "put a request off").await?;
                    continue;
                }
            }
            batch.run(sqlx::query(REQUEST_END).bind(id), "end a subscriber's request").await?;
        }
        batch.commit().await
    }

    /// How many subscriptions there are, beside one for this feed and callback.
    pub async fn hub_counts(&self, request: &HubRequest) -> Result<HubCounts, StoreError> {
        let counts = |row: SqliteRow| {
            let count = |i: usize| -> Result<usize, sqlx::Error> {
                Ok(usize::try_from(row.try_get::<i64, _>(i)?).unwrap_or(0))
            };
            Ok(HubCounts {
                all: count(0)?,
                of_path: count(1)?,
                of_host: count(2)?,
                paths: count(3)?,
                same: count(4)?,
            })
        };
        sqlx::query(COUNTS)
            .bind(&request.path)
            .bind(&request.host)
            .bind(&request.topic)
            .bind(&request.callback)
            .try_map(counts)
            .fetch_one(&self.readers)
            .await
            .doing("count subscriptions")
    }

    /// The feeds that somebody subscribes to.
    pub async fn hub_paths(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(PATHS)
            .bind(now.as_millisecond())
            .fetch_all(&self.readers)
            .await
            .doing("read which feeds are subscribed to")
    }

    /// Subscriptions that have not taken the present document of their feed, at most `limit`. `etags`: path and `ETag`.
    pub async fn due_deliveries(
        &self,
        etags: &[(String, String)],
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        sqlx::query(DELIVERIES_DUE)
            .bind(json_object(etags))
            .bind(now.as_millisecond())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(|row| delivery(&row))
            .fetch_all(&self.readers)
            .await
            .doing("read what is to be delivered")
    }

    /// When the next of the subscriptions is due that have not taken the present document; `None` when all have.
    pub async fn next_delivery(
        &self,
        etags: &[(String, String)],
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar(DELIVERY_NEXT)
            .bind(json_object(etags))
            .bind(now.as_millisecond())
            .fetch_one(&self.readers)
            .await
            .doing("read when something is to be delivered")?;
        Ok(at.map(from_ms))
    }

    /// Keeps what came of deliveries.
    pub async fn settle_deliveries(&self, outcomes: &[(i64, Delivered)]) -> Result<(), StoreError> {
        let ms = |took: &Duration| i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        let mut batch = self.begin().await?;
        for (id, outcome) in outcomes {
            let query = match outcome {
                Delivered::Taken { etag, at, took } => {
                    sqlx::query(DELIVERED).bind(id).bind(etag).bind(at.as_millisecond()).bind(ms(took))
                }
                Delivered::Failed { at, next, took, message } => sqlx::query(DELIVERY_FAILED)
                    .bind(id)
                    .bind(at.as_millisecond())
                    .bind(next.as_millisecond())
                    .bind(message)
                    .bind(ms(took)),
                Delivered::Gone => sqlx::query(SUBSCRIPTION_END).bind(id),
            };
            batch.run(query, "keep what came of a delivery").await?;
        }
        batch.commit().await
    }

    /// Ends the subscriptions whose lease is over; how many there were, and how many of them failed at the end.
    pub async fn expire_subscriptions(&self, now: Timestamp) -> Result<(usize, usize), StoreError> {
        let failures: Vec<i64> = sqlx::query_scalar(EXPIRE)
            .bind(now.as_millisecond())
            .fetch_all(&self.writer)
            .await
            .doing("end subscriptions whose lease is over")?;
        Ok((failures.len(), failures.iter().filter(|n| **n > 0).count()))
    }

    /// The hub in numbers.
    pub async fn hub_status(&self) -> Result<HubStatus, StoreError> {
        let status = |row: SqliteRow| {
            Ok(HubStatus {
                n_subscriptions: row.try_get(0)?,
                n_failing: row.try_get(1)?,
                delivered_at: row.try_get::<Option<i64>, _>(2)?.map(from_ms),
                failing_since: row.try_get::<Option<i64>, _>(3)?.map(from_ms),
                n_topics: row.try_get(4)?,
                n_waiting: row.try_get(5)?,
            })
        };
        sqlx::query(STATUS).try_map(status).fetch_one(&self.readers).await.doing("count subscriptions")
    }

    /// The subscriptions that fail, the longest first, at most `limit`.
    pub async fn failing_subscriptions(&self, limit: usize) -> Result<Vec<Failing>, StoreError> {
        let failing = |row: SqliteRow| -> Result<Failing, sqlx::Error> {
            Ok(Failing {
                host: row.try_get(0)?,
                topic: row.try_get(1)?,
                n_failures: row.try_get(2)?,
                since: from_ms(row.try_get(3)?),
                next: from_ms(row.try_get(4)?),
                message: row.try_get(5)?,
            })
        };
        sqlx::query(FAILING)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(failing)
            .fetch_all(&self.readers)
            .await
            .doing("read failing subscriptions")
    }

    /// The other hubs, and of what each was told.
    pub async fn pings(&self) -> Result<Vec<Ping>, StoreError> {
        let ping = |row: SqliteRow| -> Result<Ping, sqlx::Error> {
            Ok(Ping {
                hub: row.try_get(0)?,
                told: row.try_get(1)?,
                told_at: row.try_get::<Option<i64>, _>(2)?.map(from_ms),
                n_failures: row.try_get(3)?,
                next_try_at: from_ms(row.try_get(4)?),
                message: row.try_get(5)?,
            })
        };
        sqlx::query(PINGS).try_map(ping).fetch_all(&self.readers).await.doing("read what hubs were told")
    }

    /// Keeps of what a hub was told.
    pub async fn keep_ping(&self, ping: &Ping) -> Result<(), StoreError> {
        sqlx::query(PING_KEEP)
            .bind(&ping.hub)
            .bind(&ping.told)
            .bind(ping.told_at.map(Timestamp::as_millisecond))
            .bind(ping.n_failures)
            .bind(ping.next_try_at.as_millisecond())
            .bind(&ping.message)
            .execute(&self.writer)
            .await
            .doing("keep what a hub was told")?;
        Ok(())
    }
}

/// Path and `ETag` of feeds as one JSON text.
fn json_object(pairs: &[(String, String)]) -> String {
    let map: serde_json::Map<String, serde_json::Value> =
        pairs.iter().map(|(path, etag)| (path.clone(), etag.clone().into())).collect();
    serde_json::Value::Object(map).to_string()
}

fn request(row: &SqliteRow) -> Result<HubRequest, sqlx::Error> {
    Ok(HubRequest {
        id: row.try_get("id")?,
        mode: row.try_get("mode")?,
        topic: row.try_get("topic")?,
        path: row.try_get("path")?,
        callback: row.try_get("callback")?,
        host: row.try_get("host")?,
        lease: Duration::from_secs(u64::try_from(row.try_get::<i64, _>("lease_s")?).unwrap_or(0)),
        secret: row.try_get("secret")?,
        known: row.try_get("known")?,
        n_tries: row.try_get("n_tries")?,
    })
}

fn delivery(row: &SqliteRow) -> Result<Delivery, sqlx::Error> {
    let took: Option<i64> = row.try_get("took_ms")?;
    Ok(Delivery {
        id: row.try_get("id")?,
        topic: row.try_get("topic")?,
        path: row.try_get("path")?,
        callback: row.try_get("callback")?,
        host: row.try_get("host")?,
        secret: row.try_get("secret")?,
        n_failures: row.try_get("n_failures")?,
        took: took.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
    })
}
