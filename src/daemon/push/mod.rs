//! WebSub at work: the hub's post, pings to other hubs, and our own subscriptions, each in a task of its own.

mod post;

use std::{sync::Arc, time::Duration};

use axum::Router;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock,
    config::Config,
    fetch::{Courier, FetchError},
    push::{Hub, Pinger, Topics, Upstreams, hints::Hints, upstream},
    serve::{self, PushRoutes},
    store::Store,
};

/// How often it is looked whether another hub is to be told of a change.
const PING_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether a hub is to be asked for a subscription.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// The parts of WebSub that are switched on.
#[derive(Debug)]
pub(super) struct Push {
    hub: Option<Arc<Hub>>,
    pinger: Option<Arc<Pinger>>,
    upstreams: Option<Arc<Upstreams>>,
    hubs: Vec<Url>,
    /// What hubs told of our sources.
    pub(super) hints: Arc<Hints>,
}

impl Push {
    /// Makes what the configuration asks for; `base_url` is the public address.
    pub(super) fn new(
        config: &Arc<Config>,
        store: &Store,
        topics: &Topics,
        base_url: &Url,
        stop: &CancellationToken,
    ) -> Result<Self, FetchError> {
        let (push, hints) = (&config.push, Arc::new(Hints::default()));
        // Callbacks are strangers' words; hubs are named by the operator and by sources, and go where those may.
        let courier = |allowed| Courier::new(&config.fetch, allowed, push.timeout, stop.clone());
        let ours = || courier(&config.fetch.allow_private);
        let hub = |courier| Hub::new(store.clone(), courier, topics.clone(), base_url.clone(), push.clone());
        let pinger = |courier| Pinger::new(store.clone(), courier, topics.clone(), base_url.clone());
        let upstreams = |courier| {
            let (config, hints) = (Arc::clone(config), Arc::clone(&hints));
            Upstreams::new(config, store.clone(), courier, base_url.clone(), hints)
        };
        Ok(Self {
            hub: push.hub.then(|| courier(&push.allow_private)).transpose()?.map(hub).map(Arc::new),
            pinger: (!push.hubs.is_empty()).then(ours).transpose()?.map(pinger).map(Arc::new),
            upstreams: upstream::is_wanted(config).then(ours).transpose()?.map(upstreams).map(Arc::new),
            hubs: push.hubs.clone(),
            hints,
        })
    }

    /// The public routes: requests of subscribers, and what hubs send us.
    pub(super) fn routes(&self) -> Router {
        serve::push(PushRoutes {
            hub: self.hub.clone(),
            upstreams: self.upstreams.clone(),
            clock: clock::now,
        })
    }

    /// Starts the tasks.
    pub(super) fn spawn(self, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
        if let Some(hub) = self.hub {
            tasks.spawn(post::run(hub, stop.clone()));
        }
        // A task for each, so that a slow hub keeps none of the others waiting.
        for (hub, pinger) in self.hubs.into_iter().zip(std::iter::repeat(self.pinger).flatten()) {
            tasks.spawn(ping(pinger, hub, stop.clone()));
        }
        if let Some(upstreams) = self.upstreams {
            tasks.spawn(subscribe(upstreams, stop.clone()));
        }
    }
}

/// Tells a hub of changes until the stop.
async fn ping(pinger: Arc<Pinger>, hub: Url, stop: CancellationToken) {
    while wait(PING_EVERY, &stop).await {
        if let Err(error) = pinger.step(&hub, clock::now()).await {
            tracing::error!(%error, "what a hub was told could not be kept");
        }
    }
}

/// Keeps our own subscriptions until the stop.
async fn subscribe(upstreams: Arc<Upstreams>, stop: CancellationToken) {
    while wait(ASK_EVERY, &stop).await {
        if let Err(error) = upstreams.step(clock::now()).await {
            tracing::error!(%error, "our subscriptions could not be kept");
        }
    }
}

/// Waits; whether work goes on after that.
async fn wait(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}
