//! What readers see of a store that has lived: long searches, full archives, what was withdrawn, what turned out to be one.

use std::{collections::HashSet, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use dibao::{
    daemon::Publisher,
    model::{Story, Timestamp},
    press::Press,
    rulings::{Overruler, Target},
    serve,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tower::ServiceExt;
use url::Url;

use crate::support::{
    client::BASE,
    house::after,
    stock::{Stock, Told, at, told},
};

const NOW: &str = "2026-11-24T02:00:00Z";

/// A store, what is published of it, and the public routes.
struct Counter {
    stock: Stock,
    publisher: Publisher,
    press: Arc<Press>,
    router: Router,
    now: Timestamp,
    _folder: TempDir,
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Counter {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stock = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
        let base = Url::parse(BASE).unwrap();
        let press = Arc::new(Press::new(Arc::clone(&stock.config), stock.store.clone(), base));
        let publisher = Publisher::new(Arc::clone(&press));
        let router = serve::public(Arc::clone(&press));
        Self { stock, publisher, press, router, now: at(NOW), _folder: folder }
    }

    async fn tell(&mut self, told: &[Told<'_>]) {
        self.stock.tell(told, self.now).await;
        self.publish().await;
    }

    /// What changed is published, some seconds later, and can be found.
    async fn publish(&mut self) {
        self.now = after(self.now, 10);
        self.publisher.render_if_changed(self.now).await.unwrap();
        self.stock.index().await;
    }

    async fn get(&self, path: &str) -> Answered {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Answered { status: head.status, headers: head.headers, text: String::from_utf8(body).unwrap() }
    }

    async fn page(&self, path: &str) -> String {
        let answered = self.get(path).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {}", answered.text);
        answered.text
    }

    /// The story that an entry tells.
    async fn story(&self, source: &str, id: &str) -> Story {
        let url = format!("https://{source}.example.cn/{id}");
        let row = Target::find(&self.stock.store, &url).await.unwrap().story(&url).unwrap();
        self.stock.store.stories_of(&[row]).await.unwrap().remove(0).story
    }
}

/// What stands between two texts, each time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

/// Stories of one source of which no two are near, by number; all of them in November.
fn many(numbers: std::ops::Range<usize>) -> Vec<(String, String, String, String)> {
    let one = |n: usize| {
        let word = blake3::hash(&n.to_le_bytes()).to_hex();
        let published = at("2026-11-01T00:00:00Z").checked_add(std::time::Duration::from_secs(60 * n as u64));
        (n.to_string(), format!("{} 快递", &word[..12]), word.repeat(2), published.unwrap().to_string())
    };
    numbers.map(one).collect()
}

async fn tell_many(counter: &mut Counter, numbers: std::ops::Range<usize>) {
    let many = many(numbers);
    let one = |(id, title, text, published): &'static (String, String, String, String)| Told {
        source: "jx",
        id,
        title,
        text,
        published: Some(published),
        ..Told::default()
    };
    let told: Vec<Told<'static>> = Vec::leak(many).iter().map(one).collect();
    counter.tell(&told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_read_to_its_end_in_pages_that_repeat_and_leave_out_nothing() {
    let mut counter = Counter::open().await;
    tell_many(&mut counter, 0..120).await;
    let titles = |page: &str| -> Vec<String> {
        let plain = page.replace("<mark>", "").replace("</mark>", "");
        between(&plain, "<h2><a href=", "</a>")
            .iter()
            .map(|text| text.split('>').nth(1).unwrap().into())
            .collect()
    };
    let check = async |first: &str, expected_pages: &[usize]| {
        let (mut seen, mut sizes, mut path) = (Vec::new(), Vec::new(), first.to_owned());
        loop {
            let page = counter.page(&path).await;
            sizes.push(titles(&page).len());
            seen.extend(titles(&page));
            let next = between(&page, "<a rel=\"next\" href=\"", "\"");
            let Some(next) = next.first() else { break };
            assert!(sizes.len() < 9, "there is no end of pages");
            path = next.replace("&amp;", "&").replace(BASE, "/");
        }
        assert_eq!(sizes, expected_pages, "{first}");
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "{first} shows one twice");
        seen
    };
    let newest = check("/search?q=%E5%BF%AB%E9%80%92&order=newest", &[50, 50, 20]).await;
    let told: Vec<String> = many(0..120).into_iter().rev().map(|(_, title, ..)| title).collect();
    assert_eq!(newest, told);
    assert_eq!(check("/search?until=2026-11-02", &[50, 50, 20]).await, told);
    // What fits best is looked for among the newest.
    check("/search?q=%E5%BF%AB%E9%80%92", &[50, 50]).await;
    assert_eq!(check("/search?q=%E5%BF%AB%E9%80%92&lang=en&page=2", &[50]).await.len(), 50);
    let past = counter.page("/search?q=%E5%BF%AB%E9%80%92&page=40").await;
    assert!(titles(&past).is_empty() && !past.contains("rel=\"next\""));
    let (best, page) = (counter.page("/search?q=%E5%BF%AB%E9%80%92").await, "order=newest\"");
    assert!(best.contains(page), "the other order is not offered");
    assert_eq!(counter.get("/search?q=a&order=worst").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_that_is_longer_than_its_page_goes_on_where_that_ends() {
    let mut counter = Counter::open().await;
    tell_many(&mut counter, 0..130).await;
    for (path, n_shown) in [("/", 50), ("/search", 50), ("/search?page=3", 30)] {
        let page = counter.page(path).await;
        assert_eq!(between(&page, "<h2>", "</h2>").len(), n_shown, "{path}");
        assert!(page.contains("?page=2\""), "{path} leads no further");
    }
    let page = counter.page("/sources/jx").await;
    let older = between(&page, "<a rel=\"next\" href=\"", "\"");
    let older = older.first().unwrap().replace("&amp;", "&").replace(BASE, "/");
    let shown: HashSet<&str> = between(&page, "/stories/", "\"").into_iter().collect();
    let next = counter.page(&older).await;
    let further: HashSet<&str> = between(&next, "/stories/", "\"").into_iter().collect();
    assert_eq!((shown.len(), further.len()), (50, 50), "{older}");
    assert!(shown.is_disjoint(&further));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_month_has_parts_that_lead_to_each_other_and_hold_every_story_once() {
    let mut counter = Counter::open().await;
    for n in 0..3 {
        tell_many(&mut counter, 100 * n..100 * (n + 1)).await;
    }
    let (mut ids, mut path, mut n_parts) = (Vec::new(), "/feed.atom".to_owned(), 0);
    loop {
        let feed = counter.page(&path).await;
        if path.starts_with("/archive/") {
            n_parts += 1;
            assert!(feed.contains("http://purl.org/syndication/history/1.0") && feed.contains("<fh:archive"));
            assert!(feed.contains(&format!("<link href=\"{BASE}feed.atom\" rel=\"current\"")), "{path}");
            let parsed = feed_rs::parser::parse(feed.as_bytes()).unwrap();
            ids.extend(parsed.entries.into_iter().map(|entry| entry.id));
        }
        let parsed = feed_rs::parser::parse(feed.as_bytes()).unwrap();
        let prev = parsed.links.iter().find(|link| link.rel.as_deref() == Some("prev-archive"));
        let Some(prev) = prev else { break };
        path = prev.href.replace(BASE, "/");
    }
    assert_eq!((n_parts, ids.len()), (2, 300));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 300);
    assert_eq!(counter.get("/archive/2026/11-3.atom").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_story_is_a_tombstone_in_feeds_and_gone_as_a_page() {
    let mut counter = Counter::open().await;
    counter.tell(&told()).await;
    let story = counter.story("jx", "1").await;
    let (id, page) = (story.atom_id.0.as_str(), format!("/stories/{}", story.atom_id.short()));
    let tombstone = format!("<at:deleted-entry ref=\"{id}\"");
    assert!(counter.page(&page).await.contains("江西快递进村"));
    counter.stock.withdraw("jx", &["1"], counter.now).await;
    counter.now = after(counter.now, 48 * 3600);
    counter.publish().await;
    for path in [
        "/feed.atom",
        "/regions/CN-JX/feed.atom",
        "/topics/rural-delivery/feed.atom",
        "/sources/jx/feed.atom",
    ] {
        let feed = counter.page(path).await;
        assert!(feed.contains(&tombstone), "{path} does not say that it was withdrawn");
        assert!(!feed.contains("江西快递进村"), "{path} still tells it");
    }
    for path in ["/regions/CN-SX/feed.atom", "/sources/sx/feed.atom", "/feed.rss", "/feed.json", "/"] {
        let text = counter.page(path).await;
        assert!(!text.contains(id) && !text.contains("江西快递进村"), "{path} names it");
    }
    for language in ["", "?lang=en"] {
        let gone = counter.get(&format!("{page}{language}")).await;
        assert_eq!(gone.status, StatusCode::GONE);
        assert!(gone.headers.contains_key("etag") && !gone.text.contains("江西快递进村"), "{}", gone.text);
    }
    let found = counter.page("/search?q=%E8%BF%9B%E6%9D%91").await;
    assert!(!found.contains(&page), "the search still finds it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_turned_out_to_be_another_leads_there() {
    let mut counter = Counter::open().await;
    counter.tell(&told()).await;
    let (one, other) = (counter.story("jx", "1").await, counter.story("sx", "1").await);
    let overruler =
        Overruler { store: &counter.stock.store, config: &counter.stock.config, now: counter.now };
    overruler.join(&one.atom_id.0, &other.atom_id.0, Some("the same")).await.unwrap();
    counter.publish().await;
    let feed = counter.page("/feed.atom").await;
    let survivor = counter.story("jx", "1").await.atom_id;
    let (kept, gone) = if survivor == one.atom_id { (&one, &other) } else { (&other, &one) };
    assert!(feed.contains(&format!("<id>{}</id>", kept.atom_id.0)));
    assert!(feed.contains(&format!("<at:deleted-entry ref=\"{}\"", gone.atom_id.0)));
    assert!(!feed.contains(&format!("<id>{}</id>", gone.atom_id.0)));
    let moved = counter.get(&format!("/stories/{}", gone.atom_id.short())).await;
    assert_eq!(moved.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(moved.headers["location"], format!("{BASE}stories/{}", kept.atom_id.short()));
    let page = counter.page(&format!("/stories/{}", kept.atom_id.short())).await;
    assert!(page.contains("jx.example.cn/1") && page.contains("sx.example.cn/1"), "a copy is not named");
}

#[tokio::test]
async fn a_crowd_is_asked_to_come_again_and_what_is_in_memory_is_served_all_the_same() {
    let mut counter = Counter::open().await;
    counter.tell(&told()).await;
    let mut asked = JoinSet::new();
    for n in 0..200 {
        let request = Request::get(format!("/feed.atom?q={n}")).body(Body::empty()).unwrap();
        asked.spawn(counter.router.clone().oneshot(request));
    }
    // There is one thread: nearly all ask before the first is answered.
    let answers: Vec<_> = asked.join_all().await.into_iter().map(Result::unwrap).collect();
    let (good, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status() == StatusCode::OK);
    assert!(good.len() >= 60 && busy.len() >= 100, "{} were answered", good.len());
    for answer in busy {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"));
    }
    assert_eq!(counter.get("/feed.atom").await.status, StatusCode::OK);
    // The crowd is gone.
    assert_eq!(counter.get("/feed.atom?q=1").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_gone_what_was_good_is_served() {
    let mut counter = Counter::open().await;
    counter.tell(&told()).await;
    let slice = counter.page("/regions/CN-JX/feed.atom").await;
    let feed = counter.page("/feed.atom").await;
    counter.stock.store.close().await;
    assert_eq!(counter.page("/feed.atom").await, feed);
    assert_eq!(counter.page("/regions/CN-JX/feed.atom").await, slice);
    let unseen = counter.get("/regions/CN-SX/feed.atom").await;
    assert_eq!(unseen.status, StatusCode::SERVICE_UNAVAILABLE, "{}", unseen.text);
    assert!(unseen.headers.contains_key("retry-after"));
    assert!(counter.press.state().is_some());
}
