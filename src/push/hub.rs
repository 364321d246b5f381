//! Our hub: takes requests, asks callbacks whether they mean them, delivers.
//!
//! Each function is one step that its caller waits for; which step is due when is `daemon`'s business.

use std::time::Duration;

use tokio::{sync::Notify, time::Instant};
use url::Url;

use super::{
    HUB_PATH, Reading, Topics,
    request::{self, Mode, Terms, host_of},
    signature, timing, unguessable,
};
use crate::{
    config,
    fetch::{Courier, FetchError, Parcel, Sent},
    model::Timestamp,
    store::{Delivered, Delivery, HubRequest, Store, StoreError, Verdict},
};

/// Different feeds that can be subscribed to at once: each is rendered anew at each change.
const MAX_TOPICS: usize = 200;
/// How long a feed that cannot be read just now is waited for.
const UNREADABLE_FOR: Duration = Duration::from_mins(1);
/// When those are asked to come back who found no room.
const FULL_FOR: Duration = Duration::from_hours(1);

/// Our hub.
#[derive(Debug)]
pub struct Hub {
    store: Store,
    courier: Courier,
    topics: Topics,
    base: Url,
    settings: config::Push,
    woken: Notify,
}

/// Why a request is not followed.
#[derive(Debug)]
pub struct Refused {
    /// The status to answer with.
    pub status: u16,
    /// The reason, in words for the subscriber.
    pub reason: String,
    /// When it may ask again.
    pub retry_after: Option<Duration>,
}

impl Refused {
    /// A refusal with its status and reason.
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), retry_after: None }
    }

    fn full(reason: &str) -> Self {
        Self { status: 503, reason: reason.to_owned(), retry_after: Some(FULL_FOR) }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, cause = std::error::Error::source(&error), "a subscriber's request could not be kept");
        let retry_after = Some(UNREADABLE_FOR);
        Self {
            status: 503,
            reason: "the request cannot be kept just now; ask again in a minute".into(),
            retry_after,
        }
    }
}

impl Hub {
    /// A hub for the feeds below `base`, which ends in `/`.
    pub fn new(store: Store, courier: Courier, topics: Topics, base: Url, settings: config::Push) -> Self {
        Self { store, courier, topics, base, settings, woken: Notify::new() }
    }

    /// How many requests an address may send in a minute.
    pub fn requests_per_minute(&self) -> u32 {
        u32::try_from(self.settings.requests_per_minute).unwrap_or(u32::MAX)
    }

    /// Takes a request (§5.1): it is kept, and its callback is asked later. Whether it will say yes bears on nothing here.
    pub async fn accept(&self, form: &[u8], now: Timestamp) -> Result<(), Refused> {
        let terms = Terms { lease: self.settings.lease, max_lease: self.settings.max_lease };
        let asked =
            request::parse(form, &self.base, &terms).map_err(|refusal| Refused::new(400, refusal.0))?;
        self.courier.check(&asked.callback).map_err(|error| Refused::new(400, of_callback(&error)))?;
        let request = HubRequest {
            id: 0,
            mode: asked.mode.as_str().to_owned(),
            host: host_of(&asked.callback),
            topic: asked.topic,
            path: asked.path,
            callback: asked.callback.into(),
            lease: asked.lease,
            secret: asked.secret,
            known: String::new(),
            n_tries: 0,
        };
        let request = self.admitted(request, asked.mode).await?;
        self.store.keep_hub_request(&request, now).await?;
        self.woken.notify_one();
        Ok(())
    }

    /// Checks that there is such a feed and room for its subscriber; notes the feed as it is now.
    async fn admitted(&self, request: HubRequest, mode: Mode) -> Result<HubRequest, Refused> {
        let counts = self.store.hub_counts(&request).await?;
        let is_known = counts.same > 0;
        if mode == Mode::Unsubscribe {
            let unknown = || Refused::new(404, "there is no such subscription");
            return is_known.then_some(request).ok_or_else(unknown);
        }
        let no_feed = || {
            Refused::new(
                404,
                format!("`hub.topic` is none of the feeds here, such as {}feed.atom", self.base),
            )
        };
        let known = self.topics.read(&request.path).await.ok_or_else(no_feed)?.etag;
        if !is_known {
            let of_host = counts.of_host >= self.settings.max_per_host;
            if counts.all >= self.settings.max_subscriptions || counts.of_path >= self.settings.max_per_topic
            {
                return Err(Refused::full("this hub has no room for another subscription"));
            } else if of_host {
                return Err(Refused::full("this host has as many subscriptions as it can have"));
            } else if counts.of_path == 0 && counts.paths >= MAX_TOPICS {
                return Err(Refused::full(
                    "this hub has no room for subscriptions to another feed; the merged feed may do",
                ));
            }
        }
        Ok(HubRequest { known, ..request })
    }

    /// Waits until a request has come in.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Asks a callback whether it means its request (§5.3): it does if it answers with the challenge and nothing else.
    pub async fn verify(&self, request: &HubRequest, now: Timestamp) -> Verdict {
        let (Ok(callback), Some(challenge)) = (Url::parse(&request.callback), unguessable()) else {
            return Verdict::Denied;
        };
        let url = question(callback, request, &challenge);
        match self.courier.get(&url, challenge.len() + 1, now).await {
            Ok(sent) if sent.is_success() && sent.body == challenge.as_bytes() => {
                match Mode::from_name(&request.mode) {
                    Mode::Subscribe => Verdict::Subscribed(timing::after(now, request.lease)),
                    Mode::Unsubscribe => Verdict::Unsubscribed,
                }
            }
            Ok(_) => Verdict::Denied,
            Err(FetchError::Stopped { .. }) => Verdict::Again(now),
            Err(error) => match timing::verify_again(request.n_tries + 1) {
                Some(wait) if error.is_transient() => Verdict::Again(timing::after(now, wait)),
                _ => Verdict::Denied,
            },
        }
    }

    /// Delivers a feed as it stands now (§7); `None` when we are stopping before that came to an end.
    pub async fn deliver(&self, delivery: &Delivery, now: Timestamp) -> Option<Delivered> {
        let started = Instant::now();
        let failed = |took: Duration, wait: Duration, message: String| Delivered::Failed {
            at: now,
            next: timing::after(now, took + wait),
            took,
            message,
        };
        let (Ok(callback), Some(reading)) =
            (Url::parse(&delivery.callback), self.topics.read(&delivery.path).await)
        else {
            return Some(failed(Duration::ZERO, UNREADABLE_FOR, "the feed cannot be read".into()));
        };
        let etag = reading.etag.clone();
        let sent = self.courier.post(&callback, self.parcel(delivery, reading), now).await;
        let took = started.elapsed();
        let wait = |asked| timing::retry_after(delivery.n_failures + 1, asked, fastrand::f64());
        Some(match sent {
            Ok(sent) if sent.is_success() => Delivered::Taken { etag, at: now, took },
            Ok(sent) if sent.status == 410 => Delivered::Gone,
            Ok(sent) => failed(took, wait(sent.retry_after), status(&sent)),
            Err(FetchError::Stopped { .. }) => return None,
            Err(error) => failed(took, wait(None), of_callback(&error)),
        })
    }

    fn parcel(&self, delivery: &Delivery, reading: Reading) -> Parcel {
        let link = format!("<{}>; rel=\"self\", <{}{HUB_PATH}>; rel=\"hub\"", delivery.topic, self.base);
        let mut headers = vec![("link", link)];
        if let Some(secret) = &delivery.secret {
            headers.push((signature::HEADER, signature::sign(secret.as_bytes(), &reading.body)));
        }
        Parcel { content_type: reading.content_type, headers, body: reading.body }
    }

    /// The `ETag` of a feed as it stands now.
    pub async fn etag(&self, path: &str) -> Option<String> {
        self.topics.read(path).await.map(|reading| reading.etag)
    }

    /// The store in which subscriptions are kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Deliveries at once.
    pub fn concurrency(&self) -> usize {
        self.settings.concurrency
    }
}

/// The callback with the question behind what it has (§5.3).
fn question(mut callback: Url, request: &HubRequest, challenge: &str) -> Url {
    {
        let mut query = callback.query_pairs_mut();
        query.append_pair("hub.mode", &request.mode);
        query.append_pair("hub.topic", &request.topic);
        query.append_pair("hub.challenge", challenge);
        if request.mode == Mode::Subscribe.as_str() {
            query.append_pair("hub.lease_seconds", &request.lease.as_secs().to_string());
        }
    }
    callback
}

/// What a subscriber answered, in plain words.
fn status(sent: &Sent) -> String {
    match sent.location {
        Some(_) => format!("answers with status {}, a redirect; none is followed", sent.status),
        None => format!("answers with status {}", sent.status),
    }
}

/// Why a callback could not be reached, in plain words. Of a private network it is told only that it is one.
fn of_callback(error: &FetchError) -> String {
    match error {
        FetchError::Private { .. } => {
            "the callback leads into a private network, which `push.allow_private` does not name".to_owned()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_stands_behind_what_the_callback_has() {
        let request = HubRequest {
            id: 1,
            mode: "subscribe".into(),
            topic: "https://a.example/feed.atom?q=快递".into(),
            path: String::new(),
            callback: String::new(),
            host: String::new(),
            lease: Duration::from_mins(1),
            secret: None,
            known: String::new(),
            n_tries: 0,
        };
        let check = |callback: &str, mode: &str, expected: &str| {
            let request = HubRequest { mode: mode.into(), ..request.clone() };
            let asked = question(Url::parse(callback).unwrap(), &request, "abc");
            assert_eq!(asked.as_str(), expected);
        };
        let topic =
            "hub.topic=https%3A%2F%2Fa.example%2Ffeed.atom%3Fq%3D%E5%BF%AB%E9%80%92&hub.challenge=abc";
        check(
            "https://b.example/cb",
            "subscribe",
            &format!("https://b.example/cb?hub.mode=subscribe&{topic}&hub.lease_seconds=60"),
        );
        check(
            "https://b.example/cb?key=a%2Fb",
            "unsubscribe",
            &format!("https://b.example/cb?key=a%2Fb&hub.mode=unsubscribe&{topic}"),
        );
    }
}
