//! The demo's replica sites through the ordinary pipeline: all that they say, once, and nothing else.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use dibao::{
    clock,
    config::{Config, Origins},
    demo::{
        settings,
        world::{Expected, World},
    },
    fetch::Client,
    model::Timestamp,
    normalise::time::rfc3339,
    poll::Poller,
    store::Store,
};
use feed_rs::model::Entry;
use jiff::tz::Offset;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::house::House;

async fn house(world: &World, folder: &TempDir) -> House {
    let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let text = settings::config_toml(world, listen, folder.path());
    let env = vec![("DIBAO_FETCH_PER_HOST_INTERVAL".to_owned(), "0s".to_owned())];
    let config =
        Arc::new(Config::load(&Origins { file: None, text: Some(("demo".into(), text)), env }).unwrap());
    let store = Store::open(&config.store_path, clock::now()).await.unwrap();
    let stop = CancellationToken::new();
    let client = Arc::new(Client::new(&config.fetch, stop.clone()).unwrap());
    let base = Url::parse("https://feeds.example/").unwrap();
    let press = Arc::new(dibao::press::Press::new(Arc::clone(&config), store.clone(), base));
    let (publisher, shelf) = (dibao::daemon::Publisher::new(Arc::clone(&press)), Arc::clone(press.shelf()));
    House { poller: Poller { config, client, store }, publisher, press, shelf, stop }
}

async fn poll_all(house: &House) {
    let sources = house.poller.config.sources.clone();
    let reports = dibao::daemon::pass(&house.poller, sources, |_| {}).await.unwrap();
    for report in reports {
        assert!(report.is_ok(), "{report:?}");
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn text_of(entry: &Entry) -> String {
    let html = entry.content.as_ref().and_then(|content| content.body.clone()).unwrap_or_default();
    squeezed(&dibao::normalise::html::strip_tags(&html))
}

/// Title and province name a story of the world; a title repeated by one bureau is told apart by its time.
fn name(title: &str, region: &str, published: &str) -> String {
    format!("{region} {title} {published}")
}

fn check(entries: &[Entry], expected: &[Expected]) {
    let zone = Offset::from_hours(8).unwrap();
    let found: HashMap<String, &Entry> = entries
        .iter()
        .map(|entry| {
            let region = entry.categories.first().map(|category| category.term.clone()).unwrap_or_default();
            let time = entry.published.unwrap().timestamp_millis();
            let published = rfc3339(Timestamp::from_millisecond(time).unwrap(), zone);
            (name(&entry.title.as_ref().unwrap().content, &region, &published), entry)
        })
        .collect();
    let wanted: Vec<String> =
        expected.iter().map(|story| name(&story.title, &story.region, &story.published)).collect();
    let mut missing: Vec<&String> = wanted.iter().filter(|name| !found.contains_key(*name)).collect();
    let mut invented: Vec<&String> = found.keys().filter(|name| !wanted.contains(name)).collect();
    missing.sort();
    invented.sort();
    assert!(missing.is_empty() && invented.is_empty(), "missing: {missing:#?}\ninvented: {invented:#?}");
    assert_eq!(entries.len(), expected.len(), "each story once");
    for story in expected {
        let entry = found[&name(&story.title, &story.region, &story.published)];
        check_story(entry, story);
    }
}

fn check_story(entry: &Entry, story: &Expected) {
    assert_eq!(entry.authors[0].name.as_deref(), Some(story.bureau.as_str()), "{}", story.title);
    let text = text_of(entry);
    let mut from = 0;
    for paragraph in &story.paragraphs {
        let at = text[from..].find(&squeezed(paragraph));
        assert!(at.is_some(), "`{}` lacks `{paragraph}` in {text}", story.title);
        from += at.unwrap();
    }
    let long: usize = story.paragraphs.iter().map(|paragraph| squeezed(paragraph).chars().count()).sum();
    assert!(text.chars().count() < long * 2 + 60, "`{}` holds more than its text: {text}", story.title);
    for absent in ["打印本页", "字号", "特别声明", "分享到", "扫一扫"] {
        assert!(!text.contains(absent), "`{}` holds `{absent}`: {text}", story.title);
    }
    let alternate = entry.links.iter().find(|link| link.rel.as_deref() == Some("alternate")).unwrap();
    assert!(alternate.href.starts_with(story.url.as_str()), "{} {}", alternate.href, story.url);
    let enclosures: Vec<&str> = entry
        .links
        .iter()
        .filter(|link| link.rel.as_deref() == Some("enclosure"))
        .map(|link| link.href.as_str())
        .collect();
    for file in &story.attachments {
        assert!(enclosures.contains(&file.as_str()), "`{}` lacks {file}: {enclosures:?}", story.title);
    }
    let others =
        entry.links.iter().filter(|link| matches!(link.rel.as_deref(), Some("via" | "related"))).count();
    assert_eq!(others + 1, story.sources.len(), "copies of `{}`: {:?}", story.title, entry.links);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_story_of_the_world_comes_out_once_and_right_and_new_ones_follow() {
    let started = clock::now();
    let world = World::start(started).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let house = house(&world, &folder).await;
    poll_all(&house).await;
    let (feed, etag) = house.feed(clock::now()).await;
    let expected = world.expected(clock::now());
    check(&feed.entries, &expected);

    // Nothing new: nothing but poll rows is written, and the feed keeps its bytes.
    let before = house.poller.store.counts().await.unwrap();
    if world.expected(clock::now()).len() == expected.len() {
        poll_all(&house).await;
        if world.expected(clock::now()).len() == expected.len() {
            assert_eq!(house.poller.store.counts().await.unwrap(), before);
            assert_eq!(house.feed(clock::now()).await.1, etag);
        }
    }
    house.close().await;
    world.stop().await;
}
