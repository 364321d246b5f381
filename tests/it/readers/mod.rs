//! Readers that follow the merged feed for three days: feed-rs, and where they are installed newsboat and feedparser.
//!
//! In CI all three must be there (Debian's `newsboat` and `python3-feedparser`).

mod news;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dibao::{clock, model::Timestamp, serve};
use sqlx::sqlite::SqlitePool;

use crate::support::{
    house::{House, after, settings},
    upstream::Upstream,
};
use news::{Event, HOURS};

/// Hours between two visits of newsboat, which is a program started anew each time.
const NEWSBOAT_EVERY: u64 = 3;
/// Prints what feedparser reads in each of the files: id, title, and times in seconds.
const FEEDPARSER: &str = "\
import calendar, json, sys, feedparser
at = lambda t: t and calendar.timegm(t)
for name in sys.argv[1:]:
    d = feedparser.parse(open(name, 'rb').read())
    rows = [[e.id, e.title, at(e.published_parsed), at(e.updated_parsed), len(e.content[0].value)] for e in d.entries]
    print(json.dumps([bool(d.bozo), rows]))
";

/// What a reader keeps of an entry.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    title: String,
    published: Timestamp,
    updated: Timestamp,
}

/// A reader: entries by their id.
#[derive(Default)]
struct Reader {
    entries: BTreeMap<String, Kept>,
    /// The time that an entry had when it was new: newsboat never takes another.
    first_published: BTreeMap<String, Timestamp>,
}

impl Reader {
    /// Takes a document; an entry may change only if its `updated` tells so.
    fn take(&mut self, entries: impl Iterator<Item = (String, Kept)>) {
        for (id, kept) in entries {
            self.first_published.entry(id.clone()).or_insert(kept.published);
            if let Some(before) = self.entries.insert(id, kept.clone()) {
                assert!(before.updated <= kept.updated, "{before:?} {kept:?}");
                assert!(before == kept || before.updated < kept.updated, "{before:?} {kept:?}");
            }
        }
    }

    /// Every event that is due is there once, with its title and time; nothing else is.
    fn check(&self, events: &[Event], start: Timestamp, hour: u64) {
        let titles: Vec<&str> = self.entries.values().map(|kept| kept.title.as_str()).collect();
        let mut n_seen = 0;
        for event in events.iter().filter(|event| event.out <= hour) {
            let times = [event.published(start), event.copied(start)];
            let of_event: Vec<&Kept> =
                self.entries.values().filter(|kept| times.contains(&kept.published)).collect();
            assert!(of_event.len() <= 1, "hour {hour}: {of_event:?}");
            assert!(
                of_event.len() == 1 || event.is_due() > hour,
                "hour {hour}: {} in {titles:#?}",
                event.title(hour)
            );
            n_seen += of_event.len();
        }
        assert_eq!(self.entries.len(), n_seen, "hour {hour}: {titles:#?}");
    }

    /// In the end each has the title that its bureau gave it last, and its bureau's time.
    fn check_end(&self, events: &[Event], start: Timestamp) {
        let mut wanted: Vec<(String, Timestamp)> =
            events.iter().map(|event| (event.title(HOURS), event.published(start))).collect();
        let mut found: Vec<(String, Timestamp)> =
            self.entries.values().map(|kept| (kept.title.clone(), kept.published)).collect();
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted);
    }
}

/// A program that CI must have; `None` where it is not installed.
fn output(command: &mut Command, package: &str) -> Option<Output> {
    let output = command.output().ok().filter(|output| output.status.success() || !is_absent(output));
    if output.is_none() {
        assert!(std::env::var_os("CI").is_none(), "missing: apt-get install {package}");
        println!("not read by {package}: it is not installed");
    }
    output
}

/// Whether Python lacks the module.
fn is_absent(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError")
}

/// newsboat with a cache of its own.
struct Newsboat {
    folder: PathBuf,
}

impl Newsboat {
    fn new(folder: &Path, feed: &str) -> Self {
        std::fs::write(folder.join("urls"), format!("{feed}\n")).unwrap();
        std::fs::write(folder.join("config"), "ignore-mode \"display\"\n").unwrap();
        Self { folder: folder.to_owned() }
    }

    /// Reads the feed; `false` when there is no newsboat.
    async fn reload(&self) -> bool {
        let mut command = Command::new("newsboat");
        command.env("HOME", &self.folder).env("TERM", "dumb").env("LC_ALL", "C.UTF-8");
        for (flag, file) in [("-u", "urls"), ("-c", "cache.db"), ("-C", "config")] {
            command.arg(flag).arg(self.folder.join(file));
        }
        command.args(["-x", "reload"]);
        let output = tokio::task::spawn_blocking(move || output(&mut command, "newsboat")).await.unwrap();
        output.is_some_and(|output| {
            assert!(output.status.success(), "{output:?}");
            true
        })
    }

    /// What its cache holds: id, title, time in seconds.
    async fn items(&self) -> Vec<(String, String, i64)> {
        let pool =
            SqlitePool::connect(&format!("sqlite:{}", self.folder.join("cache.db").display())).await.unwrap();
        let rows =
            sqlx::query_as("SELECT guid, title, pubDate FROM rss_item").fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows
    }
}

/// Id, title, published and updated in seconds, bytes of content.
type Read = (String, String, i64, i64, usize);

/// What feedparser reads in the documents, one after the other.
fn feedparser(folder: &Path, n_documents: u64) -> Option<Vec<Vec<(String, Kept)>>> {
    let files = (1..=n_documents).map(|hour| folder.join(format!("{hour}.atom")));
    // Debian's own Python, which has Debian's packages.
    let mut command = Command::new("/usr/bin/python3");
    let output = output(command.args(["-c", FEEDPARSER]).args(files), "python3-feedparser")?;
    assert!(output.status.success(), "{output:?}");
    let read = |line: &str| {
        let (is_bozo, rows): (bool, Vec<Read>) = serde_json::from_str(line).unwrap();
        assert!(!is_bozo, "feedparser finds fault with a document");
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let kept = |(id, title, published, updated, n_bytes): Read| {
            assert!(n_bytes > 0, "{title} has no content");
            (id, Kept { title, published: at(published), updated: at(updated) })
        };
        rows.into_iter().map(kept).collect()
    };
    Some(String::from_utf8(output.stdout).unwrap().lines().map(read).collect())
}

fn entries(document: &[u8]) -> Vec<(String, Kept)> {
    let feed = feed_rs::parser::parse(document).unwrap();
    let at = |time: Option<chrono::DateTime<chrono::Utc>>| {
        Timestamp::from_second(time.unwrap().timestamp()).unwrap()
    };
    let kept = |entry: feed_rs::model::Entry| {
        assert!(entry.content.is_some_and(|content| content.body.is_some_and(|body| !body.is_empty())));
        let title = entry.title.unwrap().content;
        (entry.id, Kept { title, published: at(entry.published), updated: at(entry.updated) })
    };
    feed.entries.into_iter().map(kept).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_every_story_of_three_days_once_with_its_time() {
    let (upstream, events) = (Upstream::start().await, news::events());
    let folder = tempfile::tempdir().unwrap();
    // Whole seconds, as feeds tell them.
    let start = Timestamp::from_second(clock::now().as_second()).unwrap();
    let start = start.checked_sub(news::length()).unwrap();
    let house = House::open(&folder, &settings(&news::sources(&upstream))).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/feed.atom", listener.local_addr().unwrap());
    let router = serve::public(house.press.clone());
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let (mut reader, newsboat) = (Reader::default(), Newsboat::new(folder.path(), &address));
    let mut has_newsboat = true;
    for hour in 1..=HOURS {
        let now = after(start, hour * 3_600);
        news::show(&upstream, &events, start, hour);
        for key in news::KEYS {
            house.poll(key, now).await;
        }
        house.publisher.render_if_changed(now).await.unwrap();
        let document = house.shelf.load_full().unwrap().atom.identity.clone();
        std::fs::write(folder.path().join(format!("{hour}.atom")), &document).unwrap();
        reader.take(entries(&document).into_iter());
        reader.check(&events, start, hour);
        if has_newsboat && (hour % NEWSBOAT_EVERY == 0 || hour == 1) {
            has_newsboat = newsboat.reload().await;
        }
    }
    reader.check_end(&events, start);
    server.abort();

    if has_newsboat {
        let mut found = newsboat.items().await;
        let published = |id: &str| reader.first_published[id].as_second();
        let mut wanted: Vec<(String, String, i64)> =
            reader.entries.iter().map(|(id, kept)| (id.clone(), kept.title.clone(), published(id))).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
    }
    let mut second = Reader::default();
    for (hour, entries) in (1..).zip(feedparser(folder.path(), HOURS).unwrap_or_default()) {
        second.take(entries.into_iter());
        second.check(&events, start, hour);
        if hour == HOURS {
            assert_eq!(second.entries, reader.entries);
        }
    }
    house.close().await;
}
