//! WebSub: the hub with real subscribers, good and hostile, and this program as a subscriber itself.

mod downstream;
mod hub;
mod upstream;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dibao::{clock, config::Config, daemon::Daemon, store::Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use crate::support::{
    house::{days_ago, settings},
    upstream::{Answer, Upstream},
};

/// Settings of a house with a hub: loopback callbacks allowed, a source that is polled every second.
fn hub_settings(upstream: &Upstream, more: &str) -> String {
    settings(&format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[schedule]\nmin_interval = \"1s\"\n\
        [push]\nallow_private = [\"127.0.0.1/32\"]\ntimeout = \"2s\"\n{more}\n\
        [[source]]\nkey = \"a\"\nkind = \"feed\"\nurl = \"{}\"\ninterval = \"1s\"\n",
        upstream.url("/rss")
    ))
}

/// A feed of `n` items with the newest first.
fn rss(n: usize) -> Answer {
    let item = |i: usize| {
        format!(
            "<item><title>第{i}号动态</title><link>https://a.example/{i}</link><guid isPermaLink=\"false\">{i}</guid>\
            <pubDate>{}</pubDate><description>第{i}号的内容。</description></item>",
            days_ago(i as u64 % 20 + 1)
        )
    };
    let items: String = (1..=n).rev().map(item).collect();
    Answer::page(
        "application/rss+xml",
        format!(
            "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link>{items}</channel></rss>"
        ),
    )
}

/// A daemon in this process.
struct Running {
    base: url::Url,
    stop: CancellationToken,
    task: JoinHandle<()>,
    store: Store,
}

impl Running {
    async fn start(config: Arc<Config>) -> Self {
        let stop = CancellationToken::new();
        let daemon = Daemon::start(Arc::clone(&config), stop.clone()).await.unwrap();
        let base = daemon.base_url().clone();
        let task = tokio::spawn(daemon.run());
        let store = Store::open(&config.store_path, clock::now()).await.unwrap();
        Self { base, stop, task, store }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
        self.store.close().await;
    }

    fn topic(&self) -> String {
        self.base.join("feed.atom").unwrap().to_string()
    }

    /// Sends a request to the hub; status and reason.
    async fn ask(&self, fields: &[(&str, &str)]) -> (u16, String) {
        post(self.base.join("hub").unwrap().as_str(), fields).await
    }

    async fn subscribe(&self, callback: &str, more: &[(&str, &str)]) -> (u16, String) {
        let topic = self.topic();
        let mut fields = vec![("hub.mode", "subscribe"), ("hub.topic", &topic), ("hub.callback", callback)];
        fields.extend(more);
        self.ask(&fields).await
    }

    async fn feed(&self) -> axum::body::Bytes {
        client().get(self.topic()).send().await.unwrap().bytes().await.unwrap()
    }

    /// Waits until the feed holds so many stories.
    async fn published(&self, n: usize) {
        let started = Instant::now();
        while titles(&self.feed().await).len() != n {
            assert!(started.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the hub has so many subscriptions.
    async fn subscribed(&self, n: i64) {
        let started = Instant::now();
        while self.store.hub_status().await.unwrap().n_subscriptions != n {
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", self.store.hub_status().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// One client for all requests of a test; making one takes longer than many requests.
fn client() -> &'static reqwest::Client {
    static CLIENT: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
    CLIENT.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Each test has a runtime of its own, which connections that are kept would outlive.
        reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
    })
}

async fn post(url: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client().post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn titles(body: &[u8]) -> Vec<String> {
    let feed = feed_rs::parser::parse(body).unwrap();
    feed.entries.into_iter().map(|entry| entry.title.unwrap().content).collect()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
