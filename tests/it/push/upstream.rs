//! We as a subscriber at the hubs that sources offer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dibao::{
    clock,
    fetch::Courier,
    model::Timestamp,
    push::{Upstreams, hints::Hints, signature, upstream::Reply},
    store,
};
use tempfile::TempDir;
use url::form_urlencoded;

use super::{Running, client, free_port, hub_settings, rss};
use crate::support::{
    house::{House, after, config, days_ago, settings},
    subscriber::{Manner, Subscriber},
    upstream::{Answer, Upstream},
};

/// Whether polls rely on the hub of the feed.
async fn delivers(store: &store::Store, at: Timestamp) -> bool {
    store.after_visit("b", 0, at, at).await.unwrap().hub_delivers
}

/// Settings of a house that reads one feed, hourly, and has an address at which hubs find it.
fn reader_settings(feed: &str, port: u16) -> String {
    settings(&format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}/\"\n\
        [admin]\nlisten = \"127.0.0.1:0\"\n\
        [[source]]\nkey = \"b\"\nkind = \"feed\"\nurl = \"{feed}\"\ninterval = \"1h\"\n"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_offers_a_hub_is_read_seconds_after_it_publishes() {
    let upstream = Upstream::start().await;
    upstream.set("/rss", rss(1));
    let (folders, port) = ([tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()], free_port());
    let publisher = Running::start(config(&folders[0], &hub_settings(&upstream, ""))).await;
    publisher.published(1).await;
    let reader = Running::start(config(&folders[1], &reader_settings(&publisher.topic(), port))).await;
    reader.published(1).await;
    publisher.subscribed(1).await;
    let ours = reader.store.upstream("b").await.unwrap().unwrap();
    assert_eq!(ours.state, "active", "{ours:?}");
    assert_eq!(ours.hub, format!("{}hub", publisher.base));
    assert!(ours.secret.is_some() && ours.token.len() >= 32);
    for n in 2..4 {
        let changed_at = Instant::now();
        upstream.set("/rss", rss(n));
        reader.published(n).await;
        // A second each to poll, to render, to look and to deliver, and at the second time the pause between two polls.
        assert!(changed_at.elapsed() < Duration::from_secs(18), "{n}: {:?}", changed_at.elapsed());
    }
    assert!(delivers(&reader.store, clock::now()).await);
    let at = |path: &str| reader.base.join(path).unwrap();
    assert_eq!(client().get(at("push/0123")).send().await.unwrap().status().as_u16(), 404);
    assert_eq!(client().post(at("push/0123")).body("x").send().await.unwrap().status().as_u16(), 410);
    reader.end().await;
    publisher.end().await;
}

/// A house whose only source offers a hub, without a daemon around it, and our subscriptions.
async fn subscribing(folder: &TempDir, upstream: &Upstream, hub: &str, now: Timestamp) -> (House, Upstreams) {
    let feed = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><link rel=\"hub\" href=\"{hub}\"/>\
        <link rel=\"self\" href=\"https://a.example/topic?x=1\"/></feed>"
    );
    upstream.set("/feed", Answer::page("application/atom+xml", feed));
    let house = House::open(folder, &reader_settings(&upstream.url("/feed"), 1)).await;
    house.poll("b", now).await;
    let config = &house.poller.config;
    let timeout = config.push.timeout;
    let courier =
        Courier::new(&config.fetch, &config.fetch.allow_private, timeout, house.stop.clone()).unwrap();
    let base = config.server.public_url.clone().unwrap();
    let hints = Arc::new(Hints::default());
    let upstreams = Upstreams::new(Arc::clone(config), house.poller.store.clone(), courier, base, hints);
    (house, upstreams)
}

#[tokio::test]
async fn only_what_we_asked_for_is_confirmed_and_only_what_is_signed_counts() {
    let (upstream, hub) = (Upstream::start().await, Subscriber::start().await);
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let (house, upstreams) = subscribing(&folder, &upstream, &hub.callback("/hub"), now).await;
    let store = &house.poller.store;
    let topic = "hub.topic=https%3A%2F%2Fa.example%2Ftopic%3Fx%3D1";
    let confirm = async |token: &str, query: &str| upstreams.confirm(token, query, now).await.unwrap();
    let offered = store.upstream("b").await.unwrap().unwrap();
    let token = offered.token.clone();
    let question = format!("hub.mode=subscribe&{topic}&hub.challenge=abc&hub.lease_seconds=3600");
    assert_eq!(confirm(&token, &question).await.status, 404, "nothing was asked for yet");

    upstreams.step(now).await.unwrap();
    let asked = hub.contents("/hub").remove(0);
    let fields: std::collections::BTreeMap<String, String> =
        form_urlencoded::parse(&asked.body).into_owned().collect();
    assert_eq!(fields["hub.mode"], "subscribe");
    assert_eq!(fields["hub.topic"], "https://a.example/topic?x=1");
    assert_eq!(fields["hub.callback"], format!("http://127.0.0.1:1/push/{token}"));
    let secret = fields["hub.secret"].clone();
    for wrong in [
        question.replace("topic%3F", "other%3F"),
        question.replace("subscribe", "unsubscribe"),
        question.replace("hub.mode=subscribe&", ""),
        question.replace("hub.challenge=abc&", ""),
        question.replace("abc", &"a".repeat(5_000)),
    ] {
        assert_eq!(confirm(&token, &wrong).await.status, 404, "{wrong}");
    }
    assert_eq!(confirm("0123", &question).await.status, 404);
    assert_eq!(confirm(&token, &question).await, Reply { status: 200, body: "abc".into() });
    let active = store.upstream("b").await.unwrap().unwrap();
    assert_eq!((active.state.as_str(), active.ends_at), ("active", Some(after(now, 3_600))));
    assert_eq!(active.next_at, after(now, 3_240), "renewed before its end");
    assert_eq!(confirm(&token, &question).await.status, 404, "it was confirmed once");

    let take = async |token: &str, signature: Option<&str>| {
        upstreams.take(token, signature, b"<feed/>", now).await.unwrap().status
    };
    let good = signature::sign(secret.as_bytes(), b"<feed/>");
    let forged = signature::sign(b"guess", b"<feed/>");
    assert_eq!(take(&token, None).await, 202, "received, and no more is said");
    assert_eq!(take(&token, Some(&forged)).await, 202);
    assert!(store.hinted_sources().await.unwrap().is_empty(), "neither counts");
    assert_eq!(take("0123", Some(&good)).await, 410);
    assert_eq!(take(&token, Some(&good)).await, 202);
    assert!(store.hinted_sources().await.unwrap().contains("b"), "what was told outlives us");
    assert!(delivers(store, after(now, 60)).await);
    assert!(!delivers(store, after(now, 3_601)).await, "the lease is over");
    house.poll("b", after(now, 1)).await;
    assert!(store.hinted_sources().await.unwrap().is_empty(), "it was read");

    // A renewal goes on at the same callback; a hub that then denies us is left alone, and polling goes on as before.
    upstreams.step(after(now, 3_300)).await.unwrap();
    assert_eq!(hub.contents("/hub").len(), 2);
    assert!(delivers(store, after(now, 3_301)).await, "the lease still runs");
    let denied = format!("hub.mode=denied&{topic}&hub.reason=no%0Aroom");
    assert_eq!(confirm(&token, &denied).await.status, 200);
    let denied = store.upstream("b").await.unwrap().unwrap();
    assert_eq!(
        (denied.state.as_str(), denied.message.as_str()),
        ("denied", "the hub denies our subscription: noroom")
    );
    assert!(!delivers(store, after(now, 60)).await);
    house.close().await;
}

#[tokio::test]
async fn a_hub_that_does_not_take_us_is_asked_ever_more_rarely() {
    let (upstream, hub) = (Upstream::start().await, Subscriber::start().await);
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let (house, upstreams) = subscribing(&folder, &upstream, &hub.callback("/hub"), now).await;
    hub.set("/hub", Manner::Status(500));
    for minute in 0..(24 * 60) {
        upstreams.step(after(now, minute * 60)).await.unwrap();
    }
    let n = hub.contents("/hub").len();
    assert!((8..=11).contains(&n), "{n} requests in a day");
    let failing = house.poller.store.upstream("b").await.unwrap().unwrap();
    assert_eq!(failing.state, "failing");
    assert!(failing.message.contains("status 500"), "{failing:?}");
    // A feed that offers no hub any longer is not subscribed to any longer.
    let plain = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title></feed>";
    upstream.set("/feed", Answer::page("application/atom+xml", plain));
    house.poll("b", after(now, 86_400)).await;
    assert!(house.poller.store.upstream("b").await.unwrap().is_none());
    assert_eq!(upstreams.take(&failing.token, None, b"", now).await.unwrap().status, 410);
    house.close().await;
}

#[tokio::test]
async fn a_hub_that_misses_news_is_not_relied_on() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let folder = tempfile::tempdir().unwrap();
    let (house, upstreams) = subscribing(&folder, &upstream, "http://127.0.0.1:1/hub", now).await;
    let store = &house.poller.store;
    let offered = store.upstream("b").await.unwrap().unwrap();
    let active =
        store::Upstream { state: "active".into(), ends_at: Some(after(now, 9_999)), ..offered.clone() };
    store.keep_upstream(&active).await.unwrap();
    let signed = signature::sign(offered.secret.unwrap().as_bytes(), b"x");
    upstreams.take(&offered.token, Some(&signed), b"x", after(now, 5)).await.unwrap();
    house.poll("b", after(now, 6)).await;
    assert!(delivers(store, after(now, 7)).await);
    let feed = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><link rel=\"hub\" href=\"{}\"/>\
        <link rel=\"self\" href=\"{}\"/><entry><id>urn:x:1</id><title>第1号动态</title>\
        <updated>{}</updated></entry></feed>",
        offered.hub,
        offered.topic,
        days_ago(4)
    );
    upstream.set("/feed", Answer::page("application/atom+xml", feed));
    assert_eq!(house.poll("b", after(now, 60)).await.n_new, 1);
    assert!(!delivers(store, after(now, 61)).await, "a poll found what it had not told");
    upstreams.take(&offered.token, Some(&signed), b"x", after(now, 65)).await.unwrap();
    assert!(delivers(store, after(now, 66)).await, "it was merely late");
    house.close().await;
}
