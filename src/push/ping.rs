//! Other hubs are told when the merged feed changed (WebSub §6): `hub.mode=publish` with its addresses.

use std::time::Duration;

use url::{Url, form_urlencoded};

use super::{Topics, timing};
use crate::{
    fetch::{Courier, Parcel},
    model::Timestamp,
    store::{Ping, Store, StoreError},
};

/// A hub is told at most so often; changes in between are told together.
const MIN_GAP: Duration = Duration::from_secs(10);
/// After so many failures in a row a hub is told of the next change only.
const MAX_TRIES: i64 = 8;
/// The merged feed in all its formats; the first says whether it changed.
const FEEDS: [&str; 3] = ["feed.atom", "feed.rss", "feed.json"];

/// Tells other hubs.
#[derive(Debug)]
pub struct Pinger {
    store: Store,
    courier: Courier,
    topics: Topics,
    base: Url,
}

impl Pinger {
    /// Tells of the feeds below `base`, which ends in `/`.
    pub fn new(store: Store, courier: Courier, topics: Topics, base: Url) -> Self {
        Self { store, courier, topics, base }
    }

    /// Tells a hub if the feed is not what it was told of last; says whether it was asked.
    pub async fn step(&self, hub: &Url, now: Timestamp) -> Result<bool, StoreError> {
        let Some(reading) = self.topics.read(FEEDS[0]).await else { return Ok(false) };
        let known = self.store.pings().await?.into_iter().find(|ping| ping.hub == hub.as_str());
        let ping = known.unwrap_or_else(|| Ping {
            hub: hub.to_string(),
            told: String::new(),
            told_at: None,
            n_failures: 0,
            next_try_at: now,
            message: String::new(),
        });
        if ping.told == reading.etag || ping.next_try_at > now {
            return Ok(false);
        }
        let ping = match self.tell(hub, now).await {
            Ok(()) => {
                tracing::info!(%hub, "told a hub that the feed changed");
                Ping {
                    told: reading.etag,
                    told_at: Some(now),
                    n_failures: 0,
                    next_try_at: timing::after(now, MIN_GAP),
                    message: String::new(),
                    ..ping
                }
            }
            Err(message) => failed(ping, reading.etag, message, now),
        };
        self.store.keep_ping(&ping).await?;
        Ok(true)
    }

    fn words(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("hub.mode", "publish");
        for feed in FEEDS {
            // The older name of the field is the one that hubs read; the newer is that of the other requests.
            let address = format!("{}{feed}", self.base);
            form.append_pair("hub.url", &address).append_pair("hub.topic", &address);
        }
        form.finish()
    }

    async fn tell(&self, hub: &Url, now: Timestamp) -> Result<(), String> {
        match self.courier.post(hub, Parcel::form(self.words()), now).await {
            Ok(sent) if sent.is_success() => Ok(()),
            Ok(sent) => Err(format!("`{hub}` answers with status {}", sent.status)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A hub that was not reached is told again later, until this change has been tried often enough.
fn failed(ping: Ping, etag: String, message: String, now: Timestamp) -> Ping {
    let n_failures = ping.n_failures + 1;
    let gives_up = n_failures >= MAX_TRIES;
    let next = if gives_up { "at the next change" } else { "soon" };
    tracing::warn!(
        hub = ping.hub,
        message,
        n_failures,
        next,
        "a hub could not be told that the feed changed"
    );
    Ping {
        told: if gives_up { etag } else { ping.told },
        n_failures: if gives_up { 0 } else { n_failures },
        next_try_at: timing::after(now, timing::retry_after(n_failures, None, fastrand::f64())),
        message,
        ..ping
    }
}
