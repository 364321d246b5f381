//! Configuration: TOML and environment become checked values: addresses parsed, selectors compiled, durations
//! typed, bureaus resolved.
//!
//! **Invariant:** a [`Config`] that exists is whole and valid; nothing after this module checks it again.

mod ask;
mod build;
mod dedup;
mod layer;
mod load;
#[cfg(test)]
mod tests;
mod value;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use jiff::tz::Offset;
use url::Url;

pub use ask::{Ask, Post};
pub use dedup::Dedup;
pub use layer::{FileLayer, Tls};
pub use load::{DEFAULTS, Origins, Place};
pub use value::{Network, Period, ProxyChoice};

use crate::{
    extract::rules::{HostRules, Rules},
    model::{Bureaus, Kind, Source},
    normalise::topics::TopicRules,
};

/// Why a configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("configuration file `{file}` cannot be read")]
    Read {
        /// The file.
        file: String,
        /// The system's complaint.
        source: std::io::Error,
    },
    /// A file is not valid; the cause names line, column, key and what was expected.
    #[error("`{file}` is not valid configuration")]
    Toml {
        /// The file.
        file: String,
        /// The parser's complaint, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A source is not complete or contradicts itself.
    #[error("`{file}`, line {line}: source `{key}` {problem}")]
    Source {
        /// The file.
        file: String,
        /// The line of its key.
        line: usize,
        /// Its key.
        key: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// An environment variable has a wrong value.
    #[error("environment variable `{name}`: {problem}")]
    Env {
        /// The variable.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A key has a value that cannot be used.
    #[error("`{key}`{}: {problem}", .file.as_ref().map(|file| format!(" in `{file}`")).unwrap_or_default())]
    Setting {
        /// The key, with its section.
        key: String,
        /// The file, where known.
        file: Option<String>,
        /// What is wrong, and what was expected.
        problem: String,
    },
}

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public listener.
    pub server: Server,
    /// The operator's listener.
    pub admin_listen: SocketAddr,
    /// Path of the SQLite file.
    pub store_path: PathBuf,
    /// The merged feed.
    pub feed: Feed,
    /// The HTTP client.
    pub fetch: Fetch,
    /// When sources are polled.
    pub schedule: Schedule,
    /// Same-story detection.
    pub dedup: Dedup,
    /// How long things are kept.
    pub retention: Retention,
    /// WebSub.
    pub push: Push,
    /// The bureaus and their names.
    pub bureaus: Arc<Bureaus>,
    /// The topics, and the words by which they are found.
    pub topics: Arc<TopicRules>,
    /// Article rules chosen by the article's host.
    pub host_rules: Arc<Vec<HostRules>>,
    /// Sources, disabled ones included.
    pub sources: Vec<Arc<SourceConfig>>,
    /// Things that are not wrong but not right either.
    pub warnings: Vec<String>,
    /// The merged layers, for `config show`.
    pub merged: FileLayer,
}

/// The public listener.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// The address that readers see.
    pub public_url: Option<Url>,
    /// Connections served at once.
    pub max_connections: usize,
    /// Connections of one address at once; trusted proxies may have all.
    pub max_connections_per_address: usize,
    /// Time within which headers must arrive.
    pub header_timeout: Duration,
    /// Time within which a client must take something of an answer.
    pub send_timeout: Duration,
    /// Documents rendered for one address in a minute; 0 sets no limit.
    pub renderings_per_minute: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
}

/// The merged feed.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Title.
    pub title: String,
    /// Subtitle.
    pub subtitle: String,
    /// Newest N stories.
    pub window: usize,
    /// And all changed within this time.
    pub window_age: Duration,
    /// Domain for tag URIs.
    pub authority: Option<String>,
    /// Zone of published times.
    pub zone: Offset,
    /// Language.
    pub language: String,
}

/// The HTTP client.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// User-Agent, complete.
    pub user_agent: String,
    /// Requests at once.
    pub concurrency: usize,
    /// Pause per host and port.
    pub per_host_interval: Duration,
    /// Longest time to connect.
    pub connect_timeout: Duration,
    /// Longest silence within a body.
    pub read_timeout: Duration,
    /// Longest time in all.
    pub timeout: Duration,
    /// Largest body in bytes.
    pub max_body_bytes: u64,
    /// Private networks that may be visited.
    pub allow_private: Vec<Network>,
    /// Proxy.
    pub proxy: ProxyChoice,
    /// File with further certificate authorities.
    pub extra_ca: Option<PathBuf>,
    /// Whether robots.txt is followed.
    pub robots: bool,
}

/// How a site is reached, where that differs from `[fetch]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Route {
    /// Its proxy.
    pub proxy: Option<ProxyChoice>,
    /// File with further certificate authorities.
    pub extra_ca: Option<PathBuf>,
    /// Whether outdated encryption is accepted.
    pub legacy_tls: bool,
}

/// When sources are polled.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Default interval.
    pub interval: Duration,
    /// Whether it follows how often a source publishes.
    pub adaptive: bool,
    /// Shortest.
    pub min_interval: Duration,
    /// Longest.
    pub max_interval: Duration,
    /// Age of the oldest items taken at the first visit.
    pub first_poll_age: Duration,
    /// Articles fetched in one visit.
    pub max_articles: usize,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Entries.
    pub entries: Duration,
    /// Documents and poll history.
    pub documents: Duration,
}

/// WebSub: our hub, other hubs, and hubs that sources offer.
#[derive(Debug, Clone)]
pub struct Push {
    /// Whether there is a hub of our own.
    pub hub: bool,
    /// Other hubs that are told of changes.
    pub hubs: Vec<Url>,
    /// Whether sources that offer a hub are subscribed to.
    pub subscribe: bool,
    /// Lease of a subscription that asks for none.
    pub lease: Duration,
    /// Longest lease.
    pub max_lease: Duration,
    /// Subscriptions in all.
    pub max_subscriptions: usize,
    /// Subscriptions to one feed.
    pub max_per_topic: usize,
    /// Subscriptions of one host's callbacks.
    pub max_per_host: usize,
    /// Requests from one address in a minute.
    pub requests_per_minute: usize,
    /// Longest time of a delivery.
    pub timeout: Duration,
    /// Deliveries at once.
    pub concurrency: usize,
    /// Private networks in which callbacks may be.
    pub allow_private: Vec<Network>,
}

/// One source with everything needed to poll it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent switch of the configuration")]
pub struct SourceConfig {
    /// What the pure stages need to know.
    pub source: Source,
    /// What its address gives.
    pub kind: Kind,
    /// How it is read.
    pub rules: Arc<Rules>,
    /// Name of its profile.
    pub profile: Option<String>,
    /// Own interval.
    pub interval: Option<Duration>,
    /// Whether it is polled.
    pub enabled: bool,
    /// Whether it is known to exist.
    pub verified: bool,
    /// Whether the page behind each row is fetched.
    pub fetch_articles: bool,
    /// Zone of times without one.
    pub zone: Offset,
    /// Whether robots.txt is followed.
    pub robots: bool,
    /// Other addresses of the same page.
    pub mirrors: Vec<Url>,
    /// How its site is reached, where that differs from the others.
    pub route: Route,
    /// How its address is asked.
    pub ask: Ask,
    /// How many pages of its list the first visit reads.
    pub pages: usize,
    /// Where it is described.
    pub place: Place,
}

impl SourceConfig {
    /// A source that is known by name only: its entries come from files, and it is never polled.
    pub fn unpolled(source: Source, zone: Offset) -> Self {
        Self {
            source,
            kind: Kind::Feed,
            rules: Arc::default(),
            profile: None,
            interval: None,
            enabled: false,
            verified: false,
            fetch_articles: true,
            zone,
            robots: true,
            mirrors: Vec::new(),
            route: Route::default(),
            ask: Ask::default(),
            pages: 1,
            place: Place { file: "import".into(), line: 0 },
        }
    }

    /// The headers to send with a request: the source's own, if it is its host that is asked.
    pub fn headers_for(&self, url: &Url) -> Option<&std::collections::BTreeMap<String, String>> {
        (url.origin() == self.source.url.origin()).then_some(&self.ask.headers)
    }
}

impl Config {
    /// Reads, merges and checks all layers.
    pub fn load(origins: &Origins) -> Result<Self, ConfigError> {
        let merged = load::read(origins)?;
        let texts = merged.texts.clone();
        build::config(merged).map_err(|error| load::placed(error, &origins.env, &texts))
    }

    /// The same configuration with the sources of a text instead of its own; profiles of the text are laid over.
    pub fn with_sources(&self, name: &str, text: &str) -> Result<Self, ConfigError> {
        build::config(load::with_sources(&self.merged, name, text)?)
    }

    /// The merged configuration as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.merged).unwrap_or_else(|e| format!("# cannot be shown: {e}\n"))
    }

    /// The JSON Schema (2020-12) of a configuration file.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(FileLayer).into()
    }

    /// What is worth a warning to whoever wants sources to be polled.
    pub fn polling_warning(&self) -> Option<&'static str> {
        let none = self.sources.iter().all(|source| !source.enabled);
        none.then_some("no source is enabled: nothing will be polled")
    }

    /// The source with a key.
    pub fn source(&self, key: &str) -> Option<&Arc<SourceConfig>> {
        self.sources.iter().find(|source| source.source.key.as_str() == key)
    }

    /// The rules of a profile, without any source's overrides.
    pub fn profile_rules(&self, name: &str) -> Option<Rules> {
        self.merged.profile.get(name).map(build::rules_of)
    }
}
