//! What readers are told of what is no longer in a list, and where they can subscribe to what is to come.

use std::sync::Arc;

use axum::http::Method;
use dibao::{
    daemon::Publisher,
    press::Press,
    store::{Limits, Progress},
};

use crate::{
    serving::{Stand, Ways},
    support::{house::after, upstream::Answer},
};

const BASE: &str = "https://feeds.example/";

/// A text of so many characters that has nothing in common with that of another seed.
fn text(seed: &str, n_chars: usize) -> String {
    let mut bytes = vec![0; 2 * n_chars];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
    let letter =
        |pair: &[u8]| char::from_u32(0x4e00 + u32::from(u16::from_le_bytes([pair[0], pair[1]])) % 5_000);
    bytes.chunks(2).filter_map(letter).collect()
}

/// A feed of items: id, title and text.
fn rss(items: &[(String, String, String)]) -> Answer {
    let item = |(id, title, text): &(String, String, String)| {
        format!(
            "<item><title>{title}</title><link>https://a.example/{id}</link><guid isPermaLink=\"false\">{id}</guid>\
            <pubDate>Tue, 24 Nov 2026 08:00:00 +0800</pubDate><description>{text}</description></item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    let head = "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link>";
    Answer::page("application/rss+xml", format!("{head}{items}</channel></rss>"))
}

fn item(id: &str, title: &str) -> (String, String, String) {
    (id.to_owned(), title.to_owned(), format!("{title}。{}", text(id, 80)))
}

impl Stand {
    /// The same store, served by another process.
    async fn restart(&mut self) {
        let (config, store) = (Arc::clone(self.house.press.config()), self.house.press.store().clone());
        let press = Arc::new(Press::new(config, store, BASE.parse().unwrap()));
        Publisher::new(Arc::clone(&press)).render_if_changed(self.now).await.unwrap();
        self.ways = Ways::of(press);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_by_time_alone_learns_that_a_story_left_a_list() {
    const LISTS: [&str; 5] = [
        "/topics/safety/feed.atom",
        "/topics/safety/feed.json",
        "/topics/safety",
        "/feed.rss?region=CN-JX&topic=safety",
        "/feed.atom?q=%E5%AE%89%E5%85%A8%E6%A3%80%E6%9F%A5",
    ];
    let mut stand = Stand::open("").await;
    let stays = item("1", "全市寄递安全检查工作会议召开");
    stand.show("jx", rss(&[stays.clone(), item("2", "寄递网点消防安全检查启动")])).await;
    let mut known = Vec::new();
    for path in LISTS {
        let answered = stand.get(path).await;
        assert!(answered.text().contains("消防"), "{path}");
        known.push((path, answered.header("last-modified").to_owned(), answered.header("etag").to_owned()));
    }
    stand.show("jx", rss(&[stays, item("2", "村级服务站点覆盖率提升")])).await;
    // Kept, and rendered anew by another process.
    for _ in 0..2 {
        for (path, at, etag) in &known {
            let since = [("if-modified-since", at.as_str())];
            let answered = stand.ask(Method::GET, path, &since).await;
            assert_eq!(answered.status.as_u16(), 200, "{path} since {at}");
            assert!(!answered.text().contains("消防") && answered.text().contains("工作会议"), "{path}");
            assert_ne!(answered.header("etag"), etag, "{path}");
            let since = [("if-modified-since", answered.header("last-modified"))];
            assert_eq!(stand.ask(Method::GET, path, &since).await.status.as_u16(), 304, "{path}");
        }
        stand.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_by_time_alone_learns_that_a_story_left_for_its_age() {
    let mut stand = Stand::open("[feed]\nwindow = 1\nwindow_age = \"1s\"\n").await;
    stand.show("jx", rss(&[item("1", "全市寄递安全检查工作会议召开")])).await;
    let old = stand.now;
    stand.show("gd", rss(&[item("2", "村级服务站点覆盖率提升")])).await;
    let page = stand.get("/sources/jx").await.text();
    let story =
        page.split(BASE).find_map(|link| link.split('"').next().filter(|it| it.starts_with("stories/")));
    let story = format!("/{}", story.unwrap());
    let lists = [
        "/sources/jx/feed.atom",
        "/regions/CN-JX/feed.rss",
        "/sources/jx",
        "/regions",
        "/archive/2026/11.json",
    ];
    let mut known = Vec::new();
    for path in lists.into_iter().chain([story.as_str()]) {
        known.push((path, stand.get(path).await.header("last-modified").to_owned()));
    }
    let limits = Limits::all(after(old, 3));
    let left = stand.house.press.store().purge(&limits, &mut Progress::default(), stand.now).await;
    assert_eq!(left.unwrap(), 1);
    stand.restart().await;
    for (path, at) in &known {
        let answered = stand.ask(Method::GET, path, &[("if-modified-since", at)]).await;
        let expected = if *path == story { 410 } else { 200 };
        assert_eq!(answered.status.as_u16(), expected, "{path} since {at}");
        let is_told = answered.text().contains("工作会议");
        assert_eq!(is_told, *path == story, "{path} is what it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_nothing_touched_keeps_its_time() {
    let mut stand = Stand::open("").await;
    stand.show("jx", rss(&[item("1", "全市寄递安全检查工作会议召开")])).await;
    let path = "/topics/safety/feed.atom";
    let before = stand.get(path).await;
    stand.show("gd", rss(&[item("2", "村级服务站点覆盖率提升")])).await;
    let after = stand.get(path).await;
    for name in ["last-modified", "etag"] {
        assert_eq!(after.header(name), before.header(name), "{name}");
    }
}

/// The hubs that a document names, in it and in its head.
async fn hubs(stand: &Stand, path: &str) -> Vec<String> {
    let answered = stand.get(path).await;
    let links = answered.header("link").split(", ").filter_map(|link| link.strip_suffix("; rel=\"hub\""));
    let head: Vec<&str> = links.map(|hub| hub.trim_matches(['<', '>'])).collect();
    let inside = hubs_inside(&answered.text());
    assert_eq!(inside, head, "{path}");
    inside
}

fn hubs_inside(text: &str) -> Vec<String> {
    if let Ok(feed) = serde_json::from_str::<serde_json::Value>(text) {
        let hubs = feed["hubs"].as_array().into_iter().flatten();
        return hubs.map(|hub| hub["url"].as_str().unwrap().to_owned()).collect();
    }
    let links = text.split('<').filter(|element| element.contains("rel=\"hub\""));
    let href = |link: &str| link.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    links.map(href).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hub_is_named_by_what_can_be_subscribed_to_there() {
    const OURS: &str = "https://feeds.example/hub";
    const OTHER: &str = "https://hub.example.net/";
    let check = async |settings: &str, merged: &[&str], slices: &[&str]| {
        let settings = format!("[server]\npublic_url = \"{BASE}\"\n[push]\n{settings}hubs = [\"{OTHER}\"]\n");
        let mut stand = Stand::open(&settings).await;
        stand.show("jx", rss(&[item("1", "全市寄递安全检查工作会议召开")])).await;
        for format in ["atom", "rss", "json"] {
            assert_eq!(hubs(&stand, &format!("/feed.{format}")).await, merged, "{format}");
            assert_eq!(hubs(&stand, &format!("/regions/CN-JX/feed.{format}")).await, slices, "{format}");
            assert_eq!(hubs(&stand, &format!("/archive/2026/11.{format}")).await, [""; 0], "{format}");
        }
        assert_eq!(hubs(&stand, "/daily.atom").await, slices);
    };
    check("", &[OURS, OTHER], &[OURS]).await;
    check("hub = false\n", &[OTHER], &[]).await;
}
