//! We as a subscriber: a feed that offers a hub is subscribed to, and what the hub sends makes it due at once.
//!
//! What is delivered is a hint, not a document: the source is read from its own address by the ordinary poll. That keeps
//! one truth (its validators, its history, the pace of its host), holds also for hubs that send a part or whose word
//! cannot be proven, and costs one conditional request. Polling goes on besides, more rarely while the hub delivers.

use std::{sync::Arc, time::Duration};

use url::{Host, Url, form_urlencoded};

use super::{hints::Hints, signature, timing, unguessable};
use crate::{
    config::{Config, SourceConfig},
    extract::feed::offer::Offer,
    fetch::{Courier, Parcel},
    model::{Kind, Timestamp},
    store::{Store, StoreError, Upstream},
};

/// Where hubs send what we subscribed to, below the public address.
pub const CALLBACK_PATH: &str = "push";
/// The lease that we ask for.
const LEASE: Duration = Duration::from_hours(10 * 24);
/// The lease that counts where a hub does not say.
const UNSAID_LEASE: Duration = Duration::from_hours(24);
/// Longest lease that is believed.
const MAX_LEASE: Duration = Duration::from_hours(365 * 24);
/// A hub must verify within this time, else it is asked again.
const VERIFY_WITHIN: Duration = Duration::from_mins(10);
/// How long a hub is left alone that said no.
const DENIED_FOR: Duration = Duration::from_hours(24);
/// Redirects followed when a hub is asked (§5.1: 307 and 308).
const MAX_REDIRECTS: usize = 3;
/// Longest challenge that is sent back, in bytes.
const MAX_CHALLENGE_BYTES: usize = 2_000;
/// Longest reason that is kept, in characters.
const MAX_REASON_CHARS: usize = 200;
/// Hubs asked in one step.
const MAX_ASKED: usize = 4;

/// Our subscriptions.
#[derive(Debug)]
pub struct Upstreams {
    config: Arc<Config>,
    store: Store,
    courier: Courier,
    base: Url,
    hints: Arc<Hints>,
}

/// What is answered to a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body, plain text.
    pub body: String,
}

impl Reply {
    fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into() }
    }
}

/// Whether sources that offer a hub are subscribed to: only with an address at which hubs find us.
pub fn is_wanted(config: &Config) -> bool {
    config.push.subscribe && config.server.public_url.is_some()
}

/// Keeps what a source's document says of a hub; writes only when that changed.
pub async fn note_offer(
    config: &Config,
    store: &Store,
    source: &SourceConfig,
    offer: Option<&Offer>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if source.kind != Kind::Feed || !is_wanted(config) {
        return Ok(());
    }
    let key = source.source.key.as_str();
    let known = store.upstream(key).await?;
    let Some(offer) = offer else {
        if known.is_some() {
            tracing::info!(source.key = key, "the source offers no hub any longer");
            store.drop_upstream(key).await?;
        }
        return Ok(());
    };
    let is_same = |it: &Upstream| it.hub == offer.hub.as_str() && it.topic == offer.topic.as_str();
    if known.as_ref().is_some_and(is_same) {
        return Ok(());
    }
    let (Some(token), secret) = (unguessable(), unguessable().filter(|_| keeps_secrets(&offer.hub))) else {
        return Ok(());
    };
    tracing::info!(source.key = key, hub = %offer.hub, "the source offers a hub");
    let offered = Upstream {
        source_key: key.to_owned(),
        hub: offer.hub.to_string(),
        topic: offer.topic.to_string(),
        token,
        secret,
        state: "offered".into(),
        message: "the source offers a hub".into(),
        asked_at: None,
        next_at: now,
        ends_at: None,
        n_failures: 0,
        content_at: None,
    };
    store.keep_upstream(&offered).await
}

/// Whether a secret can be told to a hub (§5.1: only over HTTPS); on this machine nobody listens.
fn keeps_secrets(hub: &Url) -> bool {
    let is_loopback = match hub.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    hub.scheme() == "https" || is_loopback
}

impl Upstreams {
    /// Our subscriptions, with callbacks below `base`, which ends in `/`.
    pub fn new(config: Arc<Config>, store: Store, courier: Courier, base: Url, hints: Arc<Hints>) -> Self {
        Self { config, store, courier, base, hints }
    }

    /// Asks the hubs that are due.
    pub async fn step(&self, now: Timestamp) -> Result<(), StoreError> {
        for due in self.store.due_upstreams(now, MAX_ASKED).await? {
            let is_polled = self.config.source(&due.source_key).is_some_and(|source| source.enabled);
            if is_polled {
                self.ask(due, now).await?;
            } else {
                self.store.drop_upstream(&due.source_key).await?;
            }
        }
        Ok(())
    }

    /// Asks a hub for a subscription, or for a longer one.
    async fn ask(&self, due: Upstream, now: Timestamp) -> Result<(), StoreError> {
        let has_lease = due.ends_at.is_some_and(|ends_at| ends_at > now);
        let unanswered = due.asked_at.is_some();
        let n_failures = due.n_failures + i64::from(unanswered);
        let wait = VERIFY_WITHIN.max(timing::ask_again(n_failures.max(1), fastrand::f64()));
        let asked = Upstream {
            state: if has_lease { "active" } else { "asked" }.into(),
            message: if unanswered {
                "the hub was asked again, since it did not verify"
            } else {
                "the hub was asked"
            }
            .into(),
            asked_at: Some(now),
            next_at: timing::after(now, wait),
            n_failures,
            ..due
        };
        // Kept before it is sent: the hub may verify before it answers.
        self.store.keep_upstream(&asked).await?;
        let Err(message) = self.send(&asked, now).await else { return Ok(()) };
        let n_failures = n_failures + 1;
        tracing::warn!(
            source.key = asked.source_key,
            hub = asked.hub,
            message,
            n_failures,
            "a hub did not take our subscription"
        );
        let failed = Upstream {
            state: if has_lease { "active" } else { "failing" }.into(),
            message,
            asked_at: None,
            next_at: timing::after(now, timing::ask_again(n_failures, fastrand::f64())),
            n_failures,
            ..asked
        };
        self.store.keep_upstream(&failed).await
    }

    fn words(&self, it: &Upstream) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("hub.mode", "subscribe")
            .append_pair("hub.topic", &it.topic)
            .append_pair("hub.callback", &format!("{}{CALLBACK_PATH}/{}", self.base, it.token))
            .append_pair("hub.lease_seconds", &LEASE.as_secs().to_string());
        if let Some(secret) = &it.secret {
            form.append_pair("hub.secret", secret);
        }
        form.finish()
    }

    /// Sends a request (§5.1), following the redirects that keep it one.
    async fn send(&self, it: &Upstream, now: Timestamp) -> Result<(), String> {
        let parcel = Parcel::form(self.words(it));
        let mut hub = Url::parse(&it.hub).map_err(|error| error.to_string())?;
        for _ in 0..=MAX_REDIRECTS {
            let sent =
                self.courier.post(&hub, parcel.clone(), now).await.map_err(|error| error.to_string())?;
            match (sent.status, sent.location) {
                (200..300, _) => return Ok(()),
                // What may be told to one host only over HTTPS is not told to the next without it.
                (307 | 308, Some(next)) if it.secret.is_none() || keeps_secrets(&next) => hub = next,
                (status, _) => return Err(format!("the hub `{hub}` answers with status {status}")),
            }
        }
        Err(format!("the hub `{}` redirects more than {MAX_REDIRECTS} times", it.hub))
    }

    /// Answers a hub that asks whether we mean it, or says that it denies us (§5.2, §5.3).
    pub async fn confirm(&self, token: &str, query: &str, now: Timestamp) -> Result<Reply, StoreError> {
        let Some(it) = self.store.upstream_at(token).await? else { return Ok(Self::unknown()) };
        let value = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
        };
        if value("hub.topic").as_deref() != Some(it.topic.as_str()) {
            return Ok(Self::unknown());
        }
        match value("hub.mode").as_deref() {
            Some("subscribe") if it.asked_at.is_some() => {
                let Some(challenge) = value("hub.challenge").filter(|it| it.len() <= MAX_CHALLENGE_BYTES)
                else {
                    return Ok(Self::unknown());
                };
                let lease = value("hub.lease_seconds").and_then(|text| text.trim().parse().ok());
                let lease = lease.map_or(UNSAID_LEASE, Duration::from_secs).min(MAX_LEASE);
                self.granted(it, lease, now).await?;
                Ok(Reply::new(200, challenge))
            }
            Some("denied") => {
                self.denied(it, &value("hub.reason").unwrap_or_default(), now).await?;
                Ok(Reply::new(200, ""))
            }
            _ => Ok(Self::unknown()),
        }
    }

    async fn granted(&self, it: Upstream, lease: Duration, now: Timestamp) -> Result<(), StoreError> {
        tracing::info!(
            source.key = it.source_key,
            hub = it.hub,
            lease_s = lease.as_secs(),
            "subscribed at a hub"
        );
        let granted = Upstream {
            state: "active".into(),
            message: "the hub tells of changes".into(),
            asked_at: None,
            next_at: timing::renew_at(now, lease).max(timing::after(now, Duration::from_mins(1))),
            ends_at: Some(timing::after(now, lease)),
            n_failures: 0,
            ..it
        };
        self.store.keep_upstream(&granted).await
    }

    async fn denied(&self, it: Upstream, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        let reason: String = reason.chars().filter(|it| !it.is_control()).take(MAX_REASON_CHARS).collect();
        tracing::warn!(
            source.key = it.source_key,
            hub = it.hub,
            reason,
            "a hub denies our subscription; polling goes on"
        );
        let denied = Upstream {
            state: "denied".into(),
            message: format!("the hub denies our subscription: {reason}").trim_end_matches(": ").to_owned(),
            asked_at: None,
            next_at: timing::after(now, DENIED_FOR),
            ends_at: None,
            ..it
        };
        self.store.keep_upstream(&denied).await
    }

    /// Whether a callback is one of ours; read before anything of a delivery is.
    pub async fn is_known(&self, token: &str) -> Result<bool, StoreError> {
        Ok(self.store.upstream_at(token).await?.is_some())
    }

    /// Takes a delivery: its source is read soon. One whose signature is wrong is taken and forgotten (§7.1.2).
    pub async fn take(
        &self,
        token: &str,
        signature: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Reply, StoreError> {
        let Some(it) = self.store.upstream_at(token).await? else { return Ok(Self::gone()) };
        let is_good = it.secret.as_ref().is_none_or(|secret| {
            signature.is_some_and(|signature| signature::is_valid(signature, secret.as_bytes(), body))
        });
        if is_good {
            self.store.keep_content(token, now).await?;
            self.hints.add(&it.source_key);
            tracing::info!(source.key = it.source_key, hub = it.hub, "a hub told of a change");
        } else {
            tracing::warn!(
                source.key = it.source_key,
                hub = it.hub,
                "a delivery without the right signature was ignored"
            );
        }
        Ok(Reply::new(202, ""))
    }

    /// What is answered to a question that nobody here raised (§5.3).
    pub fn unknown() -> Reply {
        Reply::new(404, "nothing was asked for with this address\n")
    }

    /// What a hub is answered that sends what we do not want: it is to end that (§7).
    pub fn gone() -> Reply {
        Reply::new(410, "nothing is subscribed to with this address\n")
    }

    /// Longest delivery that is read, in bytes.
    pub fn max_body_bytes(&self) -> usize {
        usize::try_from(self.config.fetch.max_body_bytes).unwrap_or(usize::MAX)
    }
}
