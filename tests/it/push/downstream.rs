//! Programs that are killed at random, ours and the subscriber's, and what still arrives.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
    routing::get,
};
use dibao::{clock, store::Store};
use tokio::task::JoinHandle;

use super::{free_port, hub_settings, post};
use crate::support::{
    house::{all_stories, days_ago},
    upstream::{Answer, Upstream},
};

/// Changes that are published; more with `DIBAO_TEST_CHANGES`.
const CHANGES: usize = 300;
/// Changes between two polls of the source.
const STEP: usize = 5;
/// Items that the source shows.
const SHOWN: usize = 400;
/// Changes that may pass between two deliveries; a feed holds at most 2,000 stories.
const WINDOW: usize = 1_500;
/// Longest time for the last change to arrive.
const PATIENCE: Duration = Duration::from_mins(2);

/// The daemon as a program of its own; killed when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(folder: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dibao"));
    command.env_clear().current_dir(folder).args(["serve", "--config", "dibao.toml"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Program(command.spawn().unwrap())
}

/// What a subscriber has on its disk.
#[derive(Default)]
struct Disk {
    titles: BTreeSet<String>,
    /// The highest number of an item in them.
    newest: usize,
    n_deliveries: usize,
    n_lost_answers: usize,
}

/// The subscriber's program: it writes what it was sent, then says so, unless it dies in between.
async fn subscriber(address: SocketAddr, disk: Arc<Mutex<Disk>>) -> JoinHandle<()> {
    let listener = loop {
        match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let confirm = async |Query(query): Query<std::collections::BTreeMap<String, String>>| {
        query.get("hub.challenge").cloned().unwrap_or_default()
    };
    let take = async |State(disk): State<Arc<Mutex<Disk>>>, body: Bytes| {
        let mut disk = disk.lock().unwrap();
        disk.n_deliveries += 1;
        let titles = titles(&body);
        let newest = titles.iter().filter_map(|title| number(title)).max().unwrap_or(0);
        disk.newest = disk.newest.max(newest);
        disk.titles.extend(titles);
        if fastrand::u8(..4) == 0 {
            disk.n_lost_answers += 1;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        StatusCode::NO_CONTENT
    };
    let router = Router::new().route("/cb", get(confirm).post(take)).with_state(disk);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
}

/// The newest of `n` items; an item whose number ends in 7 is renamed once there are 20 more.
fn items(n: usize) -> Answer {
    let item = |i: usize| {
        format!(
            "<item><title>{}</title><link>https://a.example/{i}</link><guid isPermaLink=\"false\">{i}</guid>\
            <pubDate>{}</pubDate><description>第{i}号的内容。</description></item>",
            title(i, n),
            days_ago(1)
        )
    };
    let items: String = (n.saturating_sub(SHOWN) + 1..=n).rev().map(item).collect();
    Answer::page(
        "application/rss+xml",
        format!(
            "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link>{items}</channel></rss>"
        ),
    )
}

fn title(i: usize, n: usize) -> String {
    let renamed = if i % 10 == 7 && n >= i + 20 { "（更正）" } else { "" };
    format!("第{i}号动态{renamed}")
}

/// The titles in a document, found by their shape: parsing two thousand entries takes a program built for tests longer
/// than a delivery may.
fn titles(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let between = text.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next());
    between.filter(|title| title.starts_with('第')).map(str::to_owned).collect()
}

/// The number in an item's title.
fn number(title: &str) -> Option<usize> {
    title.strip_prefix('第')?.split('号').next()?.parse().ok()
}

/// Whether so many items are too many by now: what the source shows no longer can be read no longer, and what has left
/// the feed's window is not delivered any more.
async fn is_ahead(n: usize, store: &Store, disk: &Mutex<Disk>) -> bool {
    let n_read = usize::try_from(store.counts().await.unwrap().entries).unwrap();
    n_read + SHOWN / 2 < n || disk.lock().unwrap().newest + WINDOW < n
}

/// The titles that the store has.
async fn known(store: &Store) -> BTreeSet<String> {
    let stories = all_stories(store).await;
    stories.iter().flat_map(|story| &story.copies).map(|copy| copy.entry.title.clone()).collect()
}

/// Waits until all of `n` changes have arrived; says of those that do not whether they were read at all.
async fn all_delivered(n: usize, n_kills: usize, store: &Store, disk: &Mutex<Disk>) {
    let wanted: BTreeSet<String> = (1..=n).map(|i| title(i, n)).collect();
    let published = Instant::now();
    loop {
        let missing: Vec<String> = wanted.difference(&disk.lock().unwrap().titles).cloned().collect();
        if missing.is_empty() {
            return;
        }
        if published.elapsed() >= PATIENCE {
            let known = known(store).await;
            let unread: Vec<&String> = missing.iter().filter(|title| !known.contains(*title)).collect();
            panic!(
                "{n_kills} kills, {n} changes: not delivered: {missing:?}; of these never read: {unread:?}"
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_sees_each_change_though_both_programs_are_killed_at_random() {
    let n_changes = std::env::var("DIBAO_TEST_CHANGES").ok().and_then(|n| n.parse().ok()).unwrap_or(CHANGES);
    let upstream = Upstream::start().await;
    upstream.set("/rss", items(1));
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let text = hub_settings(&upstream, "").replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
    let text = format!("{text}[store]\nurl = \"sqlite:test.db\"\n");
    std::fs::write(folder.path().join("dibao.toml"), text).unwrap();
    let (address, disk) =
        (SocketAddr::from(([127, 0, 0, 1], free_port())), Arc::new(Mutex::new(Disk::default())));
    let mut reader = subscriber(address, Arc::clone(&disk)).await;
    let mut program = serve(folder.path());
    let base = format!("http://127.0.0.1:{port}/");
    let (topic, callback) = (format!("{base}feed.atom"), format!("http://{address}/cb"));
    let fields = [("hub.mode", "subscribe"), ("hub.topic", &topic), ("hub.callback", &callback)];
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(post(&format!("{base}hub"), &fields).await.0, 202);
    let store = Store::open(&folder.path().join("test.db"), clock::now()).await.unwrap();
    while store.last_success("a").await.unwrap().is_none() {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let (mut n, mut n_kills) = (1, 0);
    while n < n_changes {
        n = (n + STEP).min(n_changes);
        while is_ahead(n, &store, &disk).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        upstream.set("/rss", items(n));
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..400))).await;
        match fastrand::u8(..12) {
            0 => {
                drop(program);
                n_kills += 1;
                program = serve(folder.path());
            }
            1 => {
                reader.abort();
                n_kills += 1;
                tokio::time::sleep(Duration::from_millis(fastrand::u64(..500))).await;
                reader = subscriber(address, Arc::clone(&disk)).await;
            }
            _ => {}
        }
    }
    let published = Instant::now();
    all_delivered(n, n_kills, &store, &disk).await;
    let (n_deliveries, n_lost) = {
        let disk = disk.lock().unwrap();
        (disk.n_deliveries, disk.n_lost_answers)
    };
    let took = published.elapsed();
    println!(
        "{n} changes, {n_kills} kills, {n_deliveries} deliveries, {n_lost} answers lost, the last after {took:?}"
    );
    drop(program);
    reader.abort();
    store.close().await;
}
