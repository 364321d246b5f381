//! The parts of the daemon around a store in a folder of its own.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use dibao::{
    clock,
    config::{Config, Origins},
    daemon::Publisher,
    fetch::Client,
    model::{Story, Timestamp},
    poll::{PollReport, Poller},
    press::{Press, Shelf},
    store::{Store, WindowQuery},
};
use feed_rs::model::Feed;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) struct House {
    pub(crate) poller: Poller,
    pub(crate) publisher: Publisher,
    pub(crate) press: Arc<Press>,
    pub(crate) shelf: Shelf,
    pub(crate) stop: CancellationToken,
}

/// Settings under which tests run: no sources but their own, loopback allowed, no pauses.
pub(crate) fn settings(sources: &str) -> String {
    format!(
        "defaults = false\n[fetch]\nper_host_interval = \"0s\"\nproxy = \"none\"\nallow_private = [\"127.0.0.1\"]\n\
        timeout = \"20s\"\n{sources}"
    )
}

pub(crate) fn config(folder: &TempDir, text: &str) -> Arc<Config> {
    let store = folder.path().join("test.db").display().to_string();
    let env = vec![("DIBAO_STORE_URL".to_owned(), format!("sqlite:{store}"))];
    let origins = Origins { file: None, text: Some(("test".into(), text.into())), env };
    Arc::new(
        Config::load(&origins)
            .unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error))),
    )
}

impl House {
    pub(crate) async fn open(folder: &TempDir, text: &str) -> Self {
        let config = config(folder, text);
        let store = Store::open(&config.store_path, clock::now()).await.unwrap();
        let stop = CancellationToken::new();
        let client = Arc::new(Client::new(&config.fetch, stop.clone()).unwrap());
        let base = Url::parse("https://feeds.example/").unwrap();
        let press = Arc::new(Press::new(Arc::clone(&config), store.clone(), base));
        let shelf = Arc::clone(press.shelf());
        let publisher = Publisher::new(Arc::clone(&press));
        Self { poller: Poller { config, client, store }, publisher, press, shelf, stop }
    }

    /// Polls one source.
    pub(crate) async fn poll(&self, key: &str, now: Timestamp) -> PollReport {
        let source = Arc::clone(self.poller.config.source(key).unwrap());
        self.poller.once(&source, now).await.unwrap()
    }

    /// Renders if something changed; the feed and its `ETag`.
    pub(crate) async fn feed(&self, now: Timestamp) -> (Feed, String) {
        self.publisher.render_if_changed(now).await.unwrap();
        let published = self.shelf.load_full().unwrap();
        let feed = feed_rs::parser::parse(&*published.atom.identity).unwrap();
        (feed, published.atom.etag.clone())
    }

    pub(crate) async fn close(self) {
        self.poller.store.close().await;
    }
}

/// All stories that readers can see, newest first.
pub(crate) async fn all_stories(store: &Store) -> Vec<Story> {
    let all = WindowQuery { newest: 10_000, since: Timestamp::MIN, limit: 10_000 };
    let ids: Vec<i64> = store.window_list(all).await.unwrap().iter().map(|listed| listed.id).collect();
    store.stories(&ids).await.unwrap()
}

pub(crate) fn after(at: Timestamp, seconds: u64) -> Timestamp {
    at.checked_add(Duration::from_secs(seconds)).unwrap()
}

/// When these tests began.
static BEGAN: LazyLock<Timestamp> = LazyLock::new(clock::now);

/// A morning so many days ago, the same whenever it is asked for, as feeds write it (RFC 3339): a first poll takes only
/// what is recent.
pub(crate) fn days_ago(n: u64) -> String {
    let at = BEGAN.checked_sub(Duration::from_hours(24 * n)).unwrap();
    format!("{}T00:00:00Z", jiff::tz::Offset::UTC.to_datetime(at).date())
}
