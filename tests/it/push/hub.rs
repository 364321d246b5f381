//! Our hub: what it takes, what it delivers, and what no subscriber can make it do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dibao::{
    clock,
    config::Config,
    fetch::{Courier, FetchError},
    model::Timestamp,
    push::{Hub, Topics, signature},
    serve,
    store::{Delivered, Store, Verdict},
};
use tempfile::TempDir;
use url::form_urlencoded;

use super::{Running, client, hub_settings, rss, titles};
use crate::support::{
    house::{House, after, config, days_ago},
    subscriber::{Manner, Subscriber},
    upstream::{Answer, Upstream},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_gets_each_change_signed_and_as_it_is_served() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(2));
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(config(&folder, &hub_settings(&upstream, ""))).await;
    running.published(2).await;
    let callback = subscriber.callback("/cb?key=a%2Fb");
    let more = [("hub.secret", "s3cret"), ("hub.lease_seconds", "3600")];
    assert_eq!(running.subscribe(&callback, &more).await.0, 202);
    running.subscribed(1).await;
    let question = subscriber.questions("/cb").remove(0);
    let asked = |name: &str| question.get(name).map(String::as_str);
    assert_eq!(asked("hub.mode"), Some("subscribe"));
    assert_eq!(asked("hub.topic"), Some(running.topic().as_str()));
    assert_eq!(asked("hub.lease_seconds"), Some("3600"));
    assert_eq!(asked("key"), Some("a/b"), "what the callback had stays");
    assert!(asked("hub.challenge").unwrap().len() >= 32);

    assert_eq!(subscriber.contents("/cb").len(), 0, "what was there before is read from the feed");
    upstream.set("/rss", rss(3));
    let published = Instant::now();
    let content = subscriber.delivered("/cb", 1).await.pop().unwrap();
    assert!(published.elapsed() < Duration::from_secs(10), "{:?}", published.elapsed());
    assert!(titles(&content.body).contains(&"第3号动态".to_owned()));
    let header = |name: &str| content.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/atom+xml; charset=utf-8");
    let link = format!("<{}>; rel=\"self\", <{}hub>; rel=\"hub\"", running.topic(), running.base);
    assert_eq!(header("link"), link);
    assert!(signature::is_valid(&header("x-hub-signature"), b"s3cret", &content.body));
    assert!(header("x-hub-signature").starts_with("sha256="));
    assert_eq!(running.feed().await, content.body, "what is delivered is what is served");

    // Without a change nothing is sent; a renewal sends nothing either and leaves the place as it is.
    assert_eq!(running.subscribe(&callback, &more).await.0, 202);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(subscriber.questions("/cb").len(), 2);
    assert_eq!(subscriber.contents("/cb").len(), 1);

    let topic = running.topic();
    let leave = [("hub.mode", "unsubscribe"), ("hub.topic", topic.as_str()), ("hub.callback", &callback)];
    assert_eq!(running.ask(&leave).await.0, 202);
    running.subscribed(0).await;
    assert_eq!(running.ask(&leave).await, (404, "there is no such subscription\n".into()));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_mean_it_is_not_subscribed() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(config(&folder, &hub_settings(&upstream, ""))).await;
    subscriber.set("/denies", Manner::Denies);
    subscriber.set("/mistaken", Manner::Mistaken);
    subscriber.set("/talkative", Manner::Talkative);
    subscriber.set("/evasive", Manner::Evasive(subscriber.callback("/good")));
    for path in ["/denies", "/mistaken", "/talkative", "/evasive", "/means-it"] {
        assert_eq!(running.subscribe(&subscriber.callback(path), &[]).await.0, 202, "{path}");
    }
    running.subscribed(1).await;
    let started = Instant::now();
    while running.store.hub_status().await.unwrap().n_waiting > 0 {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(running.store.hub_status().await.unwrap().n_subscriptions, 1);
    for path in ["/denies", "/mistaken", "/talkative", "/evasive"] {
        assert_eq!(subscriber.questions(path).len(), 1, "{path} was asked once");
    }
    assert!(subscriber.questions("/good").is_empty(), "no redirect is followed");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_is_refused_in_words() {
    let upstream = Upstream::start().await;
    upstream.set("/rss", rss(1));
    let folder = tempfile::tempdir().unwrap();
    let more = "max_per_host = 2\nrequests_per_minute = 100";
    let text = hub_settings(&upstream, more)
        .replace("127.0.0.1/32\"]\ntimeout", "127.0.0.1/32:7\", \"127.0.0.1/32:8007\"]\ntimeout");
    let running = Running::start(config(&folder, &text)).await;
    let topic = running.topic();
    let check = async |topic: &str, callback: &str, status: u16, words: &str| {
        let fields = [("hub.mode", "subscribe"), ("hub.topic", topic), ("hub.callback", callback)];
        let (found, reason) = running.ask(&fields).await;
        assert_eq!(found, status, "{topic} {callback}: {reason}");
        assert!(reason.contains(words), "{topic} {callback}: {reason}");
    };
    let ours = |path: &str| running.base.join(path).unwrap().to_string();
    let good = "http://127.0.0.1:8007/a";
    check("https://elsewhere.example/feed.atom", good, 400, "none of the feeds").await;
    check(&ours("no-such-feed.atom"), good, 404, "none of the feeds").await;
    check(&ours("hub"), good, 404, "none of the feeds").await;
    check(&ours(""), good, 404, "none of the feeds").await;
    check(&topic, "http://127.0.0.1:9999/a", 400, "private network").await;
    check(&topic, "http://[::1]:8007/a", 400, "private network").await;
    check(&topic, "http://2130706433:9999/a", 400, "private network").await;
    check(&topic, "http://169.254.169.254/latest/meta-data", 400, "private network").await;
    check(&topic, "http://127.0.0.1:7/a", 400, "port").await;
    check(&topic, &ours("push/x"), 400, "this hub itself").await;
    check(&topic, good, 202, "").await;
    check(&topic, "http://127.0.0.1:8007/b", 202, "").await;
    check(&topic, "http://127.0.0.1:8007/c", 503, "this host").await;
    let publish = [("hub.mode", "publish"), ("hub.url", topic.as_str())];
    assert_eq!(running.ask(&publish).await.0, 400);

    let raw = async |kind: &str, body: Vec<u8>| {
        let request = client().post(ours("hub")).header("content-type", kind).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(raw("application/json", b"{}".to_vec()).await, 415);
    assert_eq!(raw("application/x-www-form-urlencoded", vec![b'a'; 20_000]).await, 413);
    assert_eq!(raw("application/x-www-form-urlencoded; charset=utf-8", b"\xff\x00&&=".to_vec()).await, 400);
    assert_eq!(client().put(ours("hub")).send().await.unwrap().status().as_u16(), 405);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_requests_from_one_address_are_not_read() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(config(&folder, &hub_settings(&upstream, "requests_per_minute = 20"))).await;
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for i in 0..2_000 {
        let (status, _) = running.subscribe(&subscriber.callback(&format!("/{i}")), &[]).await;
        *statuses.entry(status).or_default() += 1;
    }
    let taken = statuses[&202];
    assert!((20..60).contains(&taken), "{statuses:?}");
    assert_eq!(taken + statuses[&429], 2_000, "{statuses:?}");
    running.subscribed(i64::try_from(taken).unwrap()).await;
    running.end().await;
}

/// A hub without a daemon around it, so that the present is the test's to say.
struct Bench {
    house: House,
    hub: Hub,
}

impl Bench {
    async fn open(folder: &TempDir, upstream: &Upstream, now: Timestamp) -> Self {
        let house = House::open(folder, &hub_settings(upstream, "")).await;
        house.poll("a", now).await;
        house.publisher.render_if_changed(now).await.unwrap();
        let config = &house.poller.config;
        let allowed = &config.push.allow_private;
        let courier = Courier::new(&config.fetch, allowed, config.push.timeout, house.stop.clone()).unwrap();
        let topics = Topics::new(serve::public(Arc::clone(&house.press)));
        let base = url::Url::parse("https://feeds.example/").unwrap();
        let hub = Hub::new(house.poller.store.clone(), courier, topics, base, config.push.clone());
        Self { house, hub }
    }

    fn store(&self) -> &Store {
        &self.house.poller.store
    }

    async fn subscribe(&self, callback: &str, lease: u64, now: Timestamp) {
        let lease = lease.to_string();
        let fields = [
            ("hub.mode", "subscribe"),
            ("hub.topic", "https://feeds.example/feed.atom"),
            ("hub.callback", callback),
            ("hub.lease_seconds", &lease),
        ];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.hub.accept(form.as_bytes(), now).await.unwrap();
        let request = self.store().due_hub_requests(now, 9).await.unwrap().remove(0);
        let verdict = self.hub.verify(&request, now).await;
        assert!(matches!(verdict, Verdict::Subscribed(_)), "{verdict:?}");
        self.store().settle_hub_requests(&[(request.id, verdict)], now).await.unwrap();
    }

    /// What the operator sees.
    async fn status(&self) -> serde_json::Value {
        let admin = serve::admin(serve::Admin {
            config: Arc::clone(&self.house.poller.config),
            store: self.store().clone(),
            shelf: Arc::clone(&self.house.shelf),
            base_url: url::Url::parse("http://127.0.0.1:8751/").unwrap(),
        });
        let get = async |path: &str| {
            let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            let response = tower::ServiceExt::oneshot(admin.clone(), request).await.unwrap();
            axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap()
        };
        let page = String::from_utf8(get("/status").await.to_vec()).unwrap();
        assert!(page.contains("1 subscriptions to 1 feeds, 1 of them failing"), "{page}");
        assert!(!page.contains("/cb"), "the callback is the subscriber's secret");
        serde_json::from_slice(&get("/status.json").await).unwrap()
    }

    /// Something new is published.
    async fn change(&self, upstream: &Upstream, n: usize, now: Timestamp) {
        upstream.set("/rss", rss(n));
        self.house.poll("a", now).await;
        assert!(self.house.publisher.render_if_changed(now).await.unwrap());
    }

    /// Delivers what is due and keeps what came of it.
    async fn deliver(&self, now: Timestamp) -> Vec<Delivered> {
        let etag = self.hub.etag("feed.atom").await.unwrap();
        let due = self.store().due_deliveries(&[("feed.atom".into(), etag)], now, 9).await.unwrap();
        let mut outcomes = Vec::new();
        for delivery in due {
            outcomes.push((delivery.id, self.hub.deliver(&delivery, now).await.unwrap()));
        }
        self.store().settle_deliveries(&outcomes).await.unwrap();
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

#[tokio::test]
async fn a_subscription_ends_with_its_lease_unless_it_is_renewed() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let bench = Bench::open(&folder, &upstream, now).await;
    bench.subscribe(&subscriber.callback("/short"), 600, now).await;
    bench.subscribe(&subscriber.callback("/long"), 600, now).await;
    bench.subscribe(&subscriber.callback("/long"), 3_600, after(now, 500)).await;
    assert_eq!(bench.store().expire_subscriptions(after(now, 599)).await.unwrap(), (0, 0));
    bench.change(&upstream, 2, after(now, 610)).await;
    assert_eq!(bench.deliver(after(now, 611)).await.len(), 1, "a lease that is over gets nothing");
    assert_eq!(subscriber.contents("/short").len(), 0);
    assert_eq!(bench.store().expire_subscriptions(after(now, 611)).await.unwrap(), (1, 0));
    assert_eq!(bench.store().expire_subscriptions(after(now, 4_101)).await.unwrap(), (1, 0));
    bench.house.close().await;
}

#[tokio::test]
async fn a_subscriber_that_fails_for_a_day_is_tried_ever_more_rarely_and_gets_the_newest_in_the_end() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let bench = Bench::open(&folder, &upstream, now).await;
    bench.subscribe(&subscriber.callback("/cb"), 10 * 86_400, now).await;
    subscriber.set("/cb", Manner::Status(500));
    bench.change(&upstream, 2, after(now, 1)).await;
    let mut tries = Vec::new();
    for second in (2..86_400).step_by(5) {
        // Half a day later there is more to tell; it takes the place of what was owed.
        if second == 43_202 {
            bench.change(&upstream, 3, after(now, second)).await;
        }
        if !bench.deliver(after(now, second)).await.is_empty() {
            tries.push(second);
        }
    }
    assert!((26..=42).contains(&tries.len()), "{} tries: {tries:?}", tries.len());
    let gaps: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] <= 20 && gaps[3] >= 60, "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= 4_400), "never more than an hour and its chance: {gaps:?}");
    let failing = bench.store().failing_subscriptions(9).await.unwrap();
    assert_eq!(failing[0].message, "answers with status 500");
    assert_eq!(failing[0].host, "127.0.0.1");

    let status = bench.status().await;
    assert_eq!((&status["push"]["subscriptions"], &status["push"]["failing"]), (&1.into(), &1.into()));
    let line = &status["push"]["lines"][0];
    assert_eq!((&line["what"], &line["message"]), (&"subscriber".into(), &"answers with status 500".into()));

    subscriber.set("/cb", Manner::Good);
    let outcomes = bench.deliver(after(now, 2 * 86_400)).await;
    assert!(matches!(outcomes[..], [Delivered::Taken { .. }]), "{outcomes:?}");
    let last = subscriber.contents("/cb").pop().unwrap();
    assert!(titles(&last.body).contains(&"第3号动态".to_owned()));
    assert_eq!(bench.store().hub_status().await.unwrap().n_failing, 0);
    assert!(bench.deliver(after(now, 3 * 86_400)).await.is_empty(), "nothing is owed");
    bench.house.close().await;
}

#[tokio::test]
async fn a_hostile_subscriber_costs_a_bounded_try_and_reaches_nothing() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let bench = Bench::open(&folder, &upstream, now).await;
    let inner = upstream.url("/inner");
    let port = subscriber.address.port();
    let hostile = [
        ("/silent", Manner::Silent, "took too long"),
        ("/endless", Manner::Endless, "answers with status 500"),
        ("/redirect", Manner::Redirect(inner), "a redirect; none is followed"),
        ("/metadata", Manner::Redirect("http://169.254.169.254/".into()), "a redirect; none is followed"),
    ];
    for (path, manner, _) in &hostile {
        bench.subscribe(&subscriber.callback(path), 600, now).await;
        subscriber.set(path, manner.clone());
    }
    bench.change(&upstream, 2, after(now, 1)).await;
    let started = Instant::now();
    assert_eq!(bench.deliver(after(now, 2)).await.len(), hostile.len());
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    let failing = bench.store().failing_subscriptions(9).await.unwrap();
    for (path, _, words) in &hostile {
        assert!(failing.iter().any(|it| it.message.contains(words)), "{path}: {failing:?}");
        assert_eq!(subscriber.contents(path).len(), 1, "{path}");
    }
    assert!(!upstream.asked().iter().any(|path| path.contains("inner")), "{:?}", upstream.asked());

    // One that says that it is gone is let go at once.
    subscriber.set("/endless", Manner::Status(410));
    let outcomes = bench.deliver(after(now, 599)).await;
    assert!(outcomes.contains(&Delivered::Gone), "{outcomes:?}");
    assert_eq!(bench.store().hub_status().await.unwrap().n_subscriptions, 3);

    // A name that leads into a private network is refused when it is resolved: at the question, and at each delivery.
    let text = hub_settings(&upstream, "")
        .replace("127.0.0.1/32\"]\ntimeout", &format!("127.0.0.1/32:{port}\"]\ntimeout"));
    let strict = config(&tempfile::tempdir().unwrap(), &text);
    let courier = Courier::new(
        &strict.fetch,
        &strict.push.allow_private,
        strict.push.timeout,
        bench.house.stop.clone(),
    );
    let courier = courier.unwrap();
    let by_address = url::Url::parse(&subscriber.callback("/dns")).unwrap();
    assert!(courier.get(&by_address, 9, now).await.is_ok());
    let by_name = url::Url::parse(&format!("http://localhost:{port}/dns")).unwrap();
    let refused = courier.get(&by_name, 9, now).await.unwrap_err();
    assert!(matches!(refused, FetchError::Private { .. }), "{refused}");
    assert_eq!(subscriber.questions("/dns").len(), 1);
    bench.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_subscriber_delays_nobody() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    let folder = tempfile::tempdir().unwrap();
    let text = hub_settings(&upstream, "concurrency = 4").replace("timeout = \"2s\"", "timeout = \"8s\"");
    let running = Running::start(config(&folder, &text)).await;
    for path in ["/slow1", "/slow2", "/good"] {
        assert_eq!(running.subscribe(&subscriber.callback(path), &[]).await.0, 202);
    }
    running.subscribed(3).await;
    upstream.set("/rss", rss(2));
    subscriber.delivered("/good", 1).await;
    for path in ["/slow1", "/slow2"] {
        subscriber.delivered(path, 1).await;
        subscriber.set(path, Manner::Silent);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 3..6 {
        let published = Instant::now();
        let n_before = subscriber.contents("/good").len();
        upstream.set("/rss", rss(n));
        subscriber.delivered("/good", n_before + 1).await;
        assert!(published.elapsed() < Duration::from_secs(6), "{:?}", published.elapsed());
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hubs_are_told_of_changes_until_they_have_heard() {
    let (upstream, hub) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    hub.set("/deaf", Manner::Status(500));
    let folder = tempfile::tempdir().unwrap();
    let (good, deaf) = (hub.callback("/good"), hub.callback("/deaf"));
    let text = hub_settings(&upstream, &format!("hubs = [\"{good}\", \"{deaf}\"]"));
    let text = text.replace("[server]\n", "[server]\npublic_url = \"https://feeds.example/post\"\n");
    let running = Running::start(config(&folder, &text)).await;
    let told = hub.delivered("/good", 1).await.remove(0);
    assert_eq!(told.headers["content-type"], "application/x-www-form-urlencoded");
    let fields: Vec<(String, String)> = form_urlencoded::parse(&told.body).into_owned().collect();
    let has = |name: &str, value: &str| fields.iter().any(|(known, it)| known == name && it == value);
    assert!(
        has("hub.mode", "publish") && has("hub.url", "https://feeds.example/post/feed.atom"),
        "{fields:?}"
    );
    assert!(has("hub.topic", "https://feeds.example/post/feed.atom"), "{fields:?}");
    // The first telling may have been of the feed before its first item; what follows is told once more at most.
    hub.delivered("/deaf", 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let pings = running.store.pings().await.unwrap();
    let of = |url: &str| pings.iter().find(|ping| ping.hub == url).unwrap();
    assert!(of(&deaf).n_failures >= 1 && of(&deaf).message.contains("status 500"), "{pings:?}");
    assert!(of(&deaf).told.is_empty());
    assert_eq!((of(&good).n_failures, of(&good).told.is_empty()), (0, false));
    hub.set("/deaf", Manner::Good);
    let started = Instant::now();
    while running.store.pings().await.unwrap().iter().any(|ping| ping.n_failures > 0) {
        assert!(started.elapsed() < Duration::from_mins(1));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.end().await;
}

#[test]
fn other_hubs_need_an_address_from_which_they_fetch() {
    let origins = dibao::config::Origins {
        file: None,
        text: Some(("test".into(), "[push]\nhubs = [\"https://hub.example/\"]\n".into())),
        env: Vec::new(),
    };
    let error = Config::load(&origins).unwrap_err().to_string();
    assert!(error.contains("push.hubs") && error.contains("server.public_url"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_subscribes_to_a_slice_gets_what_changes_in_it_and_nothing_else() {
    let (upstream, subscriber) = (Upstream::start().await, Subscriber::start().await);
    upstream.set("/rss", rss(1));
    let folder = tempfile::tempdir().unwrap();
    let other = upstream.url("/other");
    let second = format!("[[source]]\nkey = \"b\"\nkind = \"feed\"\nurl = \"{other}\"\ninterval = \"1s\"\n");
    let text = format!("{}region = \"CN-JX\"\n{second}region = \"CN-GD\"\n", hub_settings(&upstream, ""));
    let running = Running::start(config(&folder, &text)).await;
    running.published(1).await;
    let topic = running.base.join("regions/CN-JX/feed.json").unwrap().to_string();
    let callback = subscriber.callback("/jx");
    let fields = [("hub.mode", "subscribe"), ("hub.topic", topic.as_str()), ("hub.callback", &callback)];
    assert_eq!(running.ask(&fields).await.0, 202);
    assert_eq!(running.subscribe(&subscriber.callback("/all"), &[]).await.0, 202);
    running.subscribed(2).await;
    let item = format!(
        "<item><title>另一省的动态</title><link>https://b.example/1</link><guid>https://b.example/1</guid>\
        <pubDate>{}</pubDate><description>另一省的内容。</description></item>",
        days_ago(4)
    );
    let document = format!("<rss version=\"2.0\"><channel><title>t</title>{item}</channel></rss>");
    upstream.set("/other", Answer::page("application/rss+xml", document));
    subscriber.delivered("/all", 1).await;
    upstream.set("/rss", rss(2));
    let contents = subscriber.delivered("/jx", 1).await;
    assert_eq!(contents.len(), 1, "the other province's story is none of it");
    assert_eq!(contents[0].headers["content-type"], "application/feed+json");
    let feed: serde_json::Value = serde_json::from_slice(&contents[0].body).unwrap();
    let titles: Vec<&str> =
        feed["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    assert!(titles.contains(&"第2号动态") && !titles.contains(&"另一省的动态"), "{titles:?}");
    running.end().await;
}
