//! WebSub at work: callbacks are asked, what changed is delivered, what came of it is kept, until the stop.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    model::Timestamp,
    push::{Hub, lanes::Lanes},
    store::{Delivered, StoreError, Verdict},
};

/// How often the published feed is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often subscriptions whose lease is over are let go.
const EXPIRE_EVERY: Duration = Duration::from_mins(1);
/// What ended is written together after this time, or so many of them.
const SETTLE_AFTER: Duration = Duration::from_millis(100);
const SETTLE_AT: usize = 64;
/// Callbacks asked at once whether they mean their request.
const MAX_VERIFYING: usize = 8;
/// The feed whose change says that something changed: its `ETag` moves with each visible change.
const MERGED: &str = "feed.atom";

/// Serves the hub's subscribers until the stop; what is under way then is due again after a start.
pub(super) async fn run(hub: Arc<Hub>, stop: CancellationToken) {
    let mut post = Post::new(hub);
    let mut look_at = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = post.work.join_next() => post.ended(ended),
            () = post.hub.woken() => look_at = Instant::now(),
            () = sleep_until(post.settle_at.unwrap_or(look_at).min(look_at)) => {}
        }
        if let Err(error) = post.step(&mut look_at).await {
            tracing::error!(%error, cause = std::error::Error::source(&error), "the hub's store does not answer");
            look_at = Instant::now() + LOOK_EVERY;
        }
    }
    while let Some(ended) = post.work.join_next().await {
        post.ended(ended);
    }
    if let Err(error) = post.settle().await {
        tracing::error!(%error, "what was delivered could not be kept; it is delivered again");
    }
}

/// What one piece of work came to.
enum Ended {
    Asked(i64, Verdict),
    Delivered(i64, Option<Delivered>),
}

struct Post {
    hub: Arc<Hub>,
    lanes: Lanes,
    work: JoinSet<Ended>,
    /// Requests whose callbacks are being asked.
    asking: Vec<i64>,
    /// `ETag`s of the feeds that are subscribed to.
    etags: HashMap<String, String>,
    /// That of the merged feed when they were read.
    seen: Option<String>,
    verdicts: Vec<(i64, Verdict)>,
    outcomes: Vec<(i64, Delivered)>,
    settle_at: Option<Instant>,
    expire_at: Instant,
    /// Whether the store may hold more that is due than waits here.
    is_behind: bool,
    /// When the next delivery is due that is not due now.
    next_at: Option<Timestamp>,
}

impl Post {
    fn new(hub: Arc<Hub>) -> Self {
        Self {
            lanes: Lanes::new(hub.concurrency()),
            hub,
            work: JoinSet::new(),
            asking: Vec::new(),
            etags: HashMap::new(),
            seen: None,
            verdicts: Vec::new(),
            outcomes: Vec::new(),
            settle_at: None,
            expire_at: Instant::now(),
            is_behind: true,
            next_at: None,
        }
    }

    /// Keeps what ended, looks for what is due, and begins as much of it as there are places.
    async fn step(&mut self, look_at: &mut Instant) -> Result<(), StoreError> {
        let now = Instant::now();
        let is_much = self.outcomes.len() + self.verdicts.len() >= SETTLE_AT;
        if is_much || self.settle_at.is_some_and(|at| at <= now) {
            self.settle().await?;
        }
        if *look_at <= now {
            *look_at = now + LOOK_EVERY;
            self.expire(now).await?;
            self.look().await?;
            self.ask().await?;
            self.is_behind |= self.next_at.is_some_and(|at| at <= clock::now());
        }
        self.deliver().await
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Asked(id, verdict)) => {
                self.asking.retain(|asked| *asked != id);
                self.verdicts.push((id, verdict));
            }
            Ok(Ended::Delivered(id, outcome)) => {
                self.lanes.ended(id);
                self.outcomes.extend(outcome.map(|outcome| (id, outcome)));
            }
            Err(error) => tracing::error!(%error, "a delivery ended by a defect"),
        }
        self.settle_at = self.settle_at.or(Some(Instant::now() + SETTLE_AFTER));
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        self.settle_at = None;
        let now = clock::now();
        if !self.verdicts.is_empty() {
            self.hub.store().settle_hub_requests(&self.verdicts, now).await?;
            for (_, verdict) in self.verdicts.drain(..) {
                tracing::info!(?verdict, "a callback was asked whether it means its request");
            }
            self.read_etags().await?;
        }
        if !self.outcomes.is_empty() {
            self.hub.store().settle_deliveries(&self.outcomes).await?;
            let n_taken =
                self.outcomes.iter().filter(|(_, it)| matches!(it, Delivered::Taken { .. })).count();
            let n_failed = self.outcomes.len() - n_taken;
            tracing::info!(taken = n_taken, failed = n_failed, "delivered to subscribers");
            self.outcomes.clear();
        }
        self.is_behind = true;
        Ok(())
    }

    async fn expire(&mut self, now: Instant) -> Result<(), StoreError> {
        if self.expire_at > now {
            return Ok(());
        }
        self.expire_at = now + EXPIRE_EVERY;
        let (n, n_failing) = self.hub.store().expire_subscriptions(clock::now()).await?;
        if n > 0 {
            tracing::info!(ended = n, failing = n_failing, "subscriptions ended with their lease");
        }
        Ok(())
    }

    /// Reads the feeds anew when something changed.
    async fn look(&mut self) -> Result<(), StoreError> {
        let merged = self.hub.etag(MERGED).await;
        if merged.is_some() && merged != self.seen {
            self.read_etags().await?;
            self.seen = merged;
        }
        Ok(())
    }

    async fn read_etags(&mut self) -> Result<(), StoreError> {
        let mut etags = HashMap::new();
        for path in self.hub.store().hub_paths(clock::now()).await? {
            // A feed that cannot be read just now has no news.
            if let Some(etag) = self.hub.etag(&path).await {
                etags.insert(path, etag);
            }
        }
        self.etags = etags;
        self.is_behind = true;
        Ok(())
    }

    /// Begins to ask the callbacks of requests that are due.
    async fn ask(&mut self) -> Result<(), StoreError> {
        let room = MAX_VERIFYING.saturating_sub(self.asking.len());
        if room == 0 {
            return Ok(());
        }
        let now = clock::now();
        let due = self.hub.store().due_hub_requests(now, MAX_VERIFYING).await?;
        // What came of a request may not be kept yet.
        let known = |id: i64| self.asking.contains(&id) || self.verdicts.iter().any(|(kept, _)| *kept == id);
        let fresh: Vec<_> = due.into_iter().filter(|request| !known(request.id)).take(room).collect();
        for request in fresh {
            self.asking.push(request.id);
            let hub = Arc::clone(&self.hub);
            self.work.spawn(async move { Ended::Asked(request.id, hub.verify(&request, now).await) });
        }
        Ok(())
    }

    /// Begins deliveries as long as there are places.
    async fn deliver(&mut self) -> Result<(), StoreError> {
        let wanted = self.lanes.wanted();
        if self.is_behind && wanted > 0 && !self.etags.is_empty() {
            let etags: Vec<_> = self.etags.iter().map(|(path, etag)| (path.clone(), etag.clone())).collect();
            let now = clock::now();
            let mut due = self.hub.store().due_deliveries(&etags, now, wanted).await?;
            self.is_behind = due.len() >= wanted;
            self.next_at = self.hub.store().next_delivery(&etags, now).await?;
            // What came of a delivery may not be kept yet.
            due.retain(|delivery| !self.outcomes.iter().any(|(id, _)| *id == delivery.id));
            self.lanes.refill(due);
        }
        while let Some(delivery) = self.lanes.begin() {
            let hub = Arc::clone(&self.hub);
            self.work.spawn(async move {
                let outcome = hub.deliver(&delivery, clock::now()).await;
                Ended::Delivered(delivery.id, outcome)
            });
        }
        Ok(())
    }
}
