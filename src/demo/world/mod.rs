//! A small invented world of official sites, each on an own loopback port, and what a reader must make of it.
//!
//! The stories are data (`stories/*.toml`); the pages that the sites serve and the list of what is expected
//! are both made from them, so the two cannot disagree. The shapes are those of the real sites: the CMSs of
//! the bureaus, a feed, and a newspaper's digest, each with the traps the real ones hold.
//!
//! **Invariant:** every time in a page follows from the world's start and the data, never from the moment of
//! the request; only which stories are already out does.

mod expected;
mod render;
mod serve;
mod spec;
mod story;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

pub use expected::Expected;

use render::Replica;
use spec::{SPECS, Spec};
use story::Article;

/// How long [`World::stop`] waits for answers under way before it cuts them off.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// The running replica sites. Dropping it stops them too, without waiting.
#[derive(Debug)]
pub struct World {
    started_at: Timestamp,
    articles: Arc<Vec<Article>>,
    sites: Vec<Site>,
    tasks: JoinSet<io::Result<()>>,
    running: CancellationToken,
    _stops_when_dropped: DropGuard,
}

/// One replica site.
#[derive(Debug, Clone)]
pub struct Site {
    /// The key of the source that reads it.
    pub key: &'static str,
    /// Its root, `http://127.0.0.1:PORT/`.
    pub base: Url,
    /// The address that the source polls.
    pub source_url: Url,
}

impl World {
    /// Binds every site to a free port of 127.0.0.1 and serves it.
    ///
    /// `started_at` is the story clock: most stories lie on the days before it, a few come out seconds after
    /// it. The sites tell by their own clock which are out.
    ///
    /// # Errors
    ///
    /// When a port cannot be bound.
    pub async fn start(started_at: Timestamp) -> io::Result<Self> {
        let articles = Arc::new(story::articles(started_at).map_err(io::Error::other)?);
        let running = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut sites = Vec::with_capacity(SPECS.len());
        for spec in &SPECS {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let site = Site::new(spec, listener.local_addr()?.port()).map_err(io::Error::other)?;
            let replica =
                Replica { spec, base: site.base.clone(), articles: Arc::clone(&articles), started_at };
            tasks.spawn(serve::serve(listener, replica, running.clone()));
            sites.push(site);
        }
        let stops_when_dropped = running.clone().drop_guard();
        Ok(Self { started_at, articles, sites, tasks, running, _stops_when_dropped: stops_when_dropped })
    }

    /// The story clock's zero.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// All sites, in the order of the configuration.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The site of a source key.
    pub fn site(&self, key: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.key == key)
    }

    /// The configuration that reads this world: TOML with one `[[source]]` per site.
    pub fn config_toml(&self) -> String {
        let mut toml = String::new();
        for (spec, site) in SPECS.iter().zip(&self.sites) {
            write_source(&mut toml, spec, site);
        }
        toml
    }

    /// Every story that is out at `now`, with what a reader must get; the newest first.
    pub fn expected(&self, now: Timestamp) -> Vec<Expected> {
        expected::expected(&self.articles, &self.sites, now)
    }

    /// Stops all sites, and returns when their ports are free.
    pub async fn stop(mut self) {
        self.running.cancel();
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_GRACE, all_ended).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

impl Site {
    fn new(spec: &Spec, port: u16) -> Result<Self, url::ParseError> {
        let base = Url::parse(&format!("http://127.0.0.1:{port}/"))?;
        let source_url = base.join(spec.list)?;
        Ok(Self { key: spec.key, base, source_url })
    }
}

fn write_source(toml: &mut String, spec: &Spec, site: &Site) {
    toml.push_str("[[source]]\n");
    let strings = [
        ("key", Some(spec.key)),
        ("name", Some(spec.name)),
        ("kind", Some(spec.kind.as_str())),
        ("url", Some(site.source_url.as_str())),
        ("profile", spec.profile),
        ("bureau", spec.bureau),
        ("region", spec.region),
        ("role", Some(spec.role.as_str())),
        ("interval", Some("10s")),
    ];
    for (key, value) in strings {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = writeln!(toml, "{key} = \"{value}\"");
        }
    }
    toml.push_str("verified = true\n");
    toml.push_str(spec.overrides);
    toml.push('\n');
}
