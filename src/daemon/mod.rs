//! The daemon: due sources are polled, changes are rendered, what is rendered is served, until the stop.

mod indexer;
mod pass;
mod publisher;
mod push;
mod relabel;
mod scheduler;
mod tidy;

pub use relabel::relabel;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use pass::pass;
pub use publisher::Publisher;
pub use tidy::tidy;

use crate::{
    clock,
    config::Config,
    fetch::{Client, FetchError},
    poll::Poller,
    press::Press,
    push::Topics,
    serve::{self, Admin, Bounds, Front},
    store::{Store, StoreError},
};

/// How long tasks may take to end after the stop.
const GRACE: Duration = Duration::from_secs(8);

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] FetchError),
    /// A port.
    #[error("cannot listen on `{address}` ({key}); another program may be using it")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The key that sets it.
        key: &'static str,
        /// The system's complaint.
        source: std::io::Error,
    },
}

/// A daemon that is ready to run: store open, ports bound, last feed rendered.
#[derive(Debug)]
pub struct Daemon {
    poller: Poller,
    publisher: Publisher,
    press: Arc<Press>,
    push: push::Push,
    public: TcpListener,
    admin: TcpListener,
    base_url: Url,
    stop: CancellationToken,
    _lease: crate::store::Lease,
}

impl Daemon {
    /// Opens the store, takes the right to poll, binds both ports and renders the feed that the store holds.
    pub async fn start(config: Arc<Config>, stop: CancellationToken) -> Result<Self, DaemonError> {
        let store = Store::open(&config.store_path, clock::now()).await?;
        let lease = store.lease()?;
        let client = Arc::new(Client::new(&config.fetch, stop.clone())?);
        let public = bind(config.server.listen, "server.listen").await?;
        let admin = bind(config.admin_listen, "admin.listen").await?;
        let base_url = base_url(&config, &public);
        let press = Arc::new(Press::new(Arc::clone(&config), store.clone(), base_url.clone()));
        let publisher = Publisher::new(Arc::clone(&press));
        publisher.render_if_changed(clock::now()).await?;
        let topics = Topics::new(serve::public(Arc::clone(&press)));
        let push = push::Push::new(&config, &store, &topics, &base_url, &stop)?;
        let poller = Poller::new(config, client, store, clock::now()).await?;
        Ok(Self { poller, publisher, press, push, public, admin, base_url, stop, _lease: lease })
    }

    /// The address under which everything is served, ending in `/`.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The operator's address.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.local_addr().ok()
    }

    /// Runs until the stop; then ends what is under way and closes the store.
    pub async fn run(self) {
        let Self { poller, publisher, press, push, public, admin, base_url, stop, .. } = self;
        let config = Arc::clone(&poller.config);
        let store = poller.store.clone();
        let mut tasks = JoinSet::new();
        let bounds = Bounds::new(&config.server);
        let published = Arc::clone(press.shelf());
        let (count, counted) = tokio::sync::watch::channel(0);
        let api = serve::api::Api::new(Arc::clone(&config), store.clone(), base_url, counted);
        let hints = Arc::clone(&push.hints);
        let routes = serve::public(Arc::clone(&press)).merge(serve::api::routes(api)).merge(push.routes());
        push.spawn(&mut tasks, &stop);
        let front = Front::with_documents(routes, press);
        tasks.spawn(serve::serve(public, front, bounds.clone(), stop.clone()));
        let base_url = listener_url(&admin, config.admin_listen);
        let routes = serve::admin(Admin {
            config: Arc::clone(&config),
            store: store.clone(),
            shelf: published,
            base_url,
        });
        tasks.spawn(serve::serve(admin, Front::new(routes), bounds, stop.clone()));
        tasks.spawn(publisher.run(stop.clone()));
        tasks.spawn(indexer::run(store.clone(), count, stop.clone()));
        tasks.spawn(relabel::run(Arc::clone(&config), store.clone(), stop.clone()));
        tasks.spawn(scheduler::run(poller, hints, stop.clone()));
        tasks.spawn(tidy::run(Arc::clone(&config), store.clone(), stop.clone()));
        stop.cancelled().await;
        let ended = tokio::time::timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("some work did not end in time and was cut off; what was stored is whole");
        }
        tasks.shutdown().await;
        store.close().await;
    }
}

async fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, DaemonError> {
    TcpListener::bind(address).await.map_err(|source| DaemonError::Listen { address, key, source })
}

/// The public address: as configured, else that of the listener (RFC 3986), never what a client says.
fn base_url(config: &Config, listener: &TcpListener) -> Url {
    if let Some(url) = &config.server.public_url {
        return url.clone();
    }
    listener_url(listener, config.server.listen)
}

/// The address of a listener; `configured` stands in where the system does not tell.
fn listener_url(listener: &TcpListener, configured: SocketAddr) -> Url {
    let mut at = listener.local_addr().unwrap_or(configured);
    if at.ip().is_unspecified() {
        let loopback: std::net::IpAddr = if at.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        at.set_ip(loopback);
    }
    let parsed = Url::parse(&format!("http://{at}/"));
    // A socket address always makes a valid URL.
    parsed.unwrap_or_else(|_| unreachable!("{at} is a host and a port"))
}
