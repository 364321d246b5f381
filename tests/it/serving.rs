//! What readers are answered: slices, archives, codings, conditions, deltas and limits, over the real pipeline.

use std::{io::Read, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
    response::Response,
};
use dibao::{
    model::Timestamp,
    press::Press,
    publish::body::Coding,
    serve::{self, Front},
};
use feed_rs::model::Feed;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::support::{
    house::{House, after, settings},
    upstream::{Answer, Upstream},
};

/// When a source is first polled.
const NOW: &str = "2026-11-24T04:00:00Z";
/// Codings by which the table of answers is read, and the suffix of the `ETag` of each.
const CODINGS: [(&str, &str); 4] = [("identity", ""), ("gzip", "-gz"), ("br", "-br"), ("zstd", "-zstd")];

/// The house with two sources, and what it serves.
pub(crate) struct Stand {
    pub(crate) house: House,
    pub(crate) ways: Ways,
    pub(crate) upstream: Upstream,
    pub(crate) now: Timestamp,
    _folder: TempDir,
}

/// Both ways to an answer: by routing alone, and with the front before it.
pub(crate) struct Ways {
    router: Router,
    front: Front,
}

impl Ways {
    pub(crate) fn of(press: Arc<Press>) -> Self {
        let router = serve::public(Arc::clone(&press));
        Self { front: Front::with_documents(router.clone(), press), router }
    }
}

pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answered {
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// Whether another answer says the same on the wire, where each has its length, unless it is a 304 (RFC 9110 §8.6).
    fn is_same(&self, other: &Self) -> bool {
        let sent = |answer: &Self| {
            let mut headers = answer.headers.clone();
            // Time may pass between two questions.
            headers.remove("retry-after");
            if answer.status == StatusCode::NOT_MODIFIED {
                headers.remove("content-length");
            } else {
                headers.entry("content-length").or_insert(answer.body.len().into());
            }
            headers
        };
        (self.status, sent(self), &self.body) == (other.status, sent(other), &other.body)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(unpacked(self.header("content-encoding"), &self.body)).unwrap()
    }

    pub(crate) fn feed(&self) -> Feed {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        feed_rs::parser::parse(self.text().as_bytes()).unwrap()
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        let mut titles: Vec<String> =
            self.feed().entries.iter().map(|entry| entry.title.clone().unwrap().content).collect();
        titles.sort();
        titles
    }
}

fn unpacked(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "" => plain.extend_from_slice(body),
        "gzip" => {
            flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap();
        }
        "br" => {
            brotli::Decompressor::new(body, 4096).read_to_end(&mut plain).unwrap();
        }
        "zstd" => plain = zstd::decode_all(body).unwrap(),
        other => panic!("unknown coding {other}"),
    }
    plain
}

/// A feed of items by their titles.
fn rss(titles: &[&str]) -> Answer {
    let item = |title: &&str| {
        let id = blake3::hash(title.as_bytes()).to_hex();
        format!(
            "<item><title>{title}</title><link>https://a.example/{id}</link><guid isPermaLink=\"false\">{id}</guid>\
            <pubDate>Tue, 24 Nov 2026 08:00:00 +0800</pubDate><description>{title}：{}</description></item>",
            "内容很长。".repeat(20)
        )
    };
    let items: String = titles.iter().map(item).collect();
    let head = "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link>";
    Answer::page("application/rss+xml", format!("{head}{items}</channel></rss>"))
}

impl Stand {
    pub(crate) async fn open(settings_more: &str) -> Self {
        let upstream = Upstream::start().await;
        let folder = tempfile::tempdir().unwrap();
        let source = |key: &str, region: &str| {
            format!(
                "[[source]]\nkey = \"{key}\"\nname = \"来源{key}\"\nkind = \"feed\"\nregion = \"{region}\"\nurl = \"{}\"\n",
                upstream.url(&format!("/{key}"))
            )
        };
        let sources = format!("{settings_more}\n{}{}", source("jx", "CN-JX"), source("gd", "CN-GD"));
        let house = House::open(&folder, &settings(&sources)).await;
        let ways = Ways::of(Arc::clone(&house.press));
        let stand = Self { house, ways, upstream, now: NOW.parse().unwrap(), _folder: folder };
        stand.house.publisher.render_if_changed(stand.now).await.unwrap();
        stand
    }

    /// Both sources with some items.
    pub(crate) async fn filled() -> Self {
        let mut stand = Self::open("").await;
        stand.bring("jx", &["江西一件事情说明", "江西另外一件工作"]).await;
        stand.bring("gd", &["广东快递进村工程推进"]).await;
        stand
    }

    /// A source shows these items at its next poll, some seconds later.
    async fn bring(&mut self, key: &str, titles: &[&str]) {
        self.show(key, rss(titles)).await;
    }

    /// A source shows this at its next poll, some seconds later.
    pub(crate) async fn show(&mut self, key: &str, document: Answer) {
        self.upstream.set(&format!("/{key}"), document);
        self.now = after(self.now, 7);
        self.house.poll(key, self.now).await;
        self.house.publisher.render_if_changed(self.now).await.unwrap();
        while self.house.press.store().index_next(100).await.unwrap() > 0 {}
    }

    /// Asks on both ways, which must lead to one answer.
    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answered {
        let request = || {
            let builder = Request::builder().method(method.clone()).uri(path);
            let builder =
                headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
            builder.body(Body::empty()).unwrap()
        };
        let peer = "192.0.2.1".parse().unwrap();
        let mut asked = request();
        asked.extensions_mut().insert(serve::Peer(peer));
        let routed = Answered::read(self.ways.router.clone().oneshot(asked).await.unwrap()).await;
        let Ok(response) = self.ways.front.answer(request(), peer, &[]).await;
        let answered = Answered::read(response).await;
        assert!(answered.is_same(&routed), "{method} {path} {headers:?}: {:?}", answered.headers);
        answered
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.ask(Method::GET, path, &[]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_holds_its_stories_and_no_others() {
    let stand = Stand::filled().await;
    let (jx, gd) = (["江西一件事情说明", "江西另外一件工作"], ["广东快递进村工程推进"]);
    let all = [gd.as_slice(), &jx].concat();
    let check = async |path: &str, expected: &[&str]| {
        assert_eq!(stand.get(path).await.titles(), expected, "{path}");
    };
    check("/feed.atom", &all).await;
    check("/feed.rss", &all).await;
    check("/feed.json", &all).await;
    check("/regions/CN-JX/feed.atom", &jx).await;
    check("/regions/CN-JX/feed.json", &jx).await;
    check("/sources/gd/feed.rss", &gd).await;
    check("/feed.atom?region=CN-JX,CN-GD", &all).await;
    check("/feed.atom?region=CN-JX&source=gd", &[]).await;
    check("/feed.atom?region=CN-JX&source=gd,jx", &jx).await;
    check("/feed.atom?q=%E5%BF%AB%E9%80%92%E8%BF%9B%E6%9D%91", &gd).await;
    check("/feed.atom?q=%E5%BF%AB%E9%80%92&region=CN-JX", &[]).await;
    check("/feed.atom?utm_source=x", &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_says_what_it_is_under_one_address() {
    let stand = Stand::filled().await;
    let answered = stand.get("/feed.atom?x=1&region=cn-jx").await;
    let feed = answered.feed();
    assert!(feed.title.as_ref().unwrap().content.ends_with(" · 江西省"), "{:?}", feed.title);
    let own = feed.links.iter().find(|link| link.rel.as_deref() == Some("self")).unwrap();
    assert_eq!(own.href, "https://feeds.example/regions/CN-JX/feed.atom");
    assert!(
        answered.header("link").contains("<https://feeds.example/regions/CN-JX/feed.atom>; rel=\"self\"")
    );
    let other = stand.get("/regions/CN-JX/feed.atom").await;
    assert_eq!(other.header("etag"), answered.header("etag"));
    assert_ne!(feed.id, stand.get("/feed.atom").await.feed().id);
    let source = stand.get("/sources/jx/feed.atom").await.feed();
    assert!(source.title.unwrap().content.ends_with(" · 来源jx"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_cannot_be_meant_are_told_apart() {
    let stand = Stand::filled().await;
    let check = async |path: &str, status: u16, says: &str| {
        let answered = stand.get(path).await;
        assert_eq!(answered.status.as_u16(), status, "{path}");
        assert!(answered.text().contains(says), "{path}: {}", answered.text());
        assert_eq!(answered.header("x-content-type-options"), "nosniff", "{path}");
    };
    check("/nothing", 404, "/feed.atom").await;
    check("/regions/CN-QQ/feed.atom", 404, "no region `CN-QQ`").await;
    check("/topics/none/feed.atom", 404, "no topic `none`").await;
    check("/sources/none/feed.atom", 404, "no source `none`").await;
    check("/feed.atom?region=CN-QQ", 404, "no region").await;
    check("/feed.atom?region=x", 400, "`region` does not take `x`").await;
    check("/feed.atom?q=%ff", 400, "UTF-8").await;
    check(&format!("/feed.atom?x={}", "y".repeat(3_000)), 400, "at most 2000").await;
    check("/archive/2001/01.atom", 404, "nothing was published").await;
    check("/archive/2001/13.atom", 404, "nothing at this address").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn near_misses_are_led_to_the_address() {
    let stand = Stand::filled().await;
    let check = async |path: &str, there: &str| {
        let answered = stand.get(path).await;
        assert_eq!((answered.status.as_u16(), answered.header("location")), (301, there), "{path}");
    };
    check("/feed", "https://feeds.example/feed.atom").await;
    check("/feed.atom/?region=CN-JX", "https://feeds.example/feed.atom?region=CN-JX").await;
    check("/regions/cn-jx/feed.rss", "https://feeds.example/regions/CN-JX/feed.rss").await;
}

/// Method × coding × validators for every kind of document (RFC 9110 §8, §12, §13, §15).
#[tokio::test(flavor = "multi_thread")]
async fn every_combination_of_method_coding_and_validators_has_its_answer() {
    let stand = Stand::filled().await;
    for path in [
        "/",
        "/style.css",
        "/feed.atom",
        "/feed.rss",
        "/feed.json",
        "/regions/CN-JX/feed.atom",
        "/archive/2026/11.atom",
    ] {
        let plain = stand.get(path).await;
        assert_eq!(plain.status, StatusCode::OK, "{path}");
        for (coding, suffix) in CODINGS {
            check_validators(&stand, path, &plain, coding, suffix).await;
        }
    }
}

async fn check_validators(stand: &Stand, path: &str, plain: &Answered, coding: &str, suffix: &str) {
    let accept = ("accept-encoding", coding);
    let get = stand.ask(Method::GET, path, &[accept]).await;
    let etag = get.header("etag").to_owned();
    assert_eq!(get.header("content-encoding"), if coding == "identity" { "" } else { coding }, "{path}");
    assert_eq!(unpacked(get.header("content-encoding"), &get.body), plain.body, "{path} {coding}");
    assert_eq!(etag, format!("{}{suffix}\"", plain.header("etag").trim_end_matches('"')), "{path} {coding}");
    assert!(!get.header("content-type").contains(coding), "{path}");
    let (at, before) = (get.header("last-modified").to_owned(), "Tue, 24 Nov 2020 02:00:00 GMT");
    let weak = format!("W/{etag}");
    let listed = format!("\"a,b\", {etag}");
    let gzip = format!("{}-gz\"", plain.header("etag").trim_end_matches('"'));
    let later = "Tue, 24 Nov 2099 02:00:00 GMT";
    let table: [(&[(&str, &str)], u16); 13] = [
        (&[], 200),
        (&[("if-none-match", &etag)], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", &listed)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", &gzip)], 304),
        (&[("if-none-match", "\"stale\"")], 200),
        (&[("if-modified-since", &at)], 304),
        (&[("if-modified-since", later)], 304),
        (&[("if-modified-since", before)], 200),
        (&[("if-none-match", "\"stale\""), ("if-modified-since", &at)], 200),
        (&[("if-none-match", &etag), ("if-modified-since", before)], 304),
        (&[("range", "bytes=0-9")], 200),
    ];
    for (validators, expected) in table {
        let headers = [validators, &[accept]].concat();
        for method in [Method::GET, Method::HEAD] {
            let answered = stand.ask(method.clone(), path, &headers).await;
            let what = format!("{method} {path} {headers:?}");
            assert_eq!(answered.status.as_u16(), expected, "{what}");
            for name in ["etag", "vary", "cache-control", "last-modified", "x-content-type-options", "link"] {
                let same = expected == 304 && name == "etag" || answered.header(name) == get.header(name);
                assert!(same, "{name} of {what}: {:?} is not {:?}", answered.header(name), get.header(name));
            }
            assert_eq!(answered.header("vary"), "Accept-Encoding", "{what}");
            assert!(answered.header("cache-control").contains("max-age="), "{what}");
            assert!(answered.headers.get("accept-ranges").is_none(), "{what}");
            if expected == 304 || method == Method::HEAD {
                assert!(answered.body.is_empty(), "{what}");
            }
            if expected == 304 {
                assert!(answered.headers.get("content-encoding").is_none(), "{what}");
                assert!(answered.headers.get("content-length").is_none(), "{what}");
                assert!(
                    answered.header("etag").starts_with(plain.header("etag").trim_end_matches('"')),
                    "{what}"
                );
            } else if method == Method::HEAD {
                assert_eq!(answered.header("content-length"), get.body.len().to_string(), "{what}");
                assert_eq!(answered.header("content-type"), get.header("content-type"), "{what}");
            }
        }
    }
}

/// What the front answers itself, and what it leaves to the router, which here knows nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_memory_is_answered_without_routing() {
    let stand = Stand::filled().await;
    stand.ask(Method::GET, "/regions/CN-JX/feed.atom", &[("accept-encoding", "gzip")]).await;
    let front = Front::with_documents(Router::new(), Arc::clone(&stand.house.press));
    let check = async |method: Method, path: &str, headers: &[(&str, &str)], expected: u16| {
        let builder = Request::builder().method(&method).uri(path);
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
        let request = builder.body(Body::empty()).unwrap();
        let Ok(response) = front.answer(request, "192.0.2.1".parse().unwrap(), &[]).await;
        assert_eq!(response.status().as_u16(), expected, "{method} {path} {headers:?}");
    };
    for path in ["/", "/style.css", "/feed.atom", "/feed.rss?x=1", "/feed.json", "/regions/CN-JX/feed.atom"] {
        check(Method::GET, path, &[], 200).await;
        check(Method::GET, path, &[("accept-encoding", "gzip")], 200).await;
        check(Method::GET, path, &[("if-none-match", "*")], 304).await;
        check(Method::GET, path, &[("if-match", "\"x\"")], 412).await;
        check(Method::GET, path, &[("accept-encoding", "*;q=0")], 406).await;
        check(Method::GET, path, &[("a-im", "feed")], 404).await;
        check(Method::HEAD, path, &[], 404).await;
        check(Method::POST, path, &[], 404).await;
    }
    // Not compressed so yet, or not rendered yet, or an error.
    check(Method::GET, "/regions/CN-JX/feed.atom", &[("accept-encoding", "br")], 404).await;
    for path in ["/regions/CN-GD/feed.atom", "/feed", "/feed.atom?region=x", "//feed.atom", "/nothing"] {
        check(Method::GET, path, &[], 404).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused_by_its_name() {
    let stand = Stand::filled().await;
    let check = async |method: &str, path: &str, expected: u16| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answered = stand.ask(method.clone(), path, &[]).await;
        assert_eq!(answered.status.as_u16(), expected, "{method} {path}");
        if expected != 404 {
            assert_eq!(answered.header("allow"), "GET, HEAD, OPTIONS", "{method} {path}");
        }
        answered
    };
    for path in ["/", "/feed.atom", "/regions/CN-JX/feed.atom"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            check(method, path, 405).await;
        }
        check("BREW", path, 501).await;
        let preflight = check("OPTIONS", path, 204).await;
        assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
        assert!(preflight.header("access-control-allow-headers").contains("If-None-Match"));
    }
    check("POST", "/nothing", 404).await;
    let answered = stand.ask(Method::GET, "/feed.atom", &[("accept-encoding", "*;q=0")]).await;
    assert_eq!(answered.status.as_u16(), 406);
    let answered = stand.ask(Method::GET, "/feed.atom", &[("if-match", "\"x\"")]).await;
    assert_eq!(answered.status.as_u16(), 412);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_compresses_nothing_and_a_change_everything() {
    let mut stand = Stand::open("").await;
    let n_ready = |stand: &Stand| {
        let published = stand.house.shelf.load_full().unwrap();
        Coding::ALL.iter().filter(|coding| published.atom.is_ready(**coding)).count()
    };
    assert_eq!(n_ready(&stand), 1);
    stand.bring("jx", &["江西一件事情说明"]).await;
    assert_eq!(n_ready(&stand), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_keeps_its_bytes_while_others_change_and_after_a_restart() {
    let mut stand = Stand::filled().await;
    let paths =
        ["/regions/CN-JX/feed.atom", "/sources/jx/feed.json", "/feed.atom?q=%E6%B1%9F%E8%A5%BF&region=CN-JX"];
    let mut before = Vec::new();
    for path in paths {
        before.push(stand.get(path).await);
    }
    stand.bring("gd", &["广东快递进村工程推进", "广东又来一条别的消息"]).await;
    // Nothing that this process remembers: the same documents from the store alone.
    let fresh = Press::new(
        Arc::clone(stand.house.press.config()),
        stand.house.press.store().clone(),
        stand.house.press.base_url().clone(),
    );
    let fresh = Arc::new(fresh);
    dibao::daemon::Publisher::new(Arc::clone(&fresh)).render_if_changed(after(stand.now, 99)).await.unwrap();
    let kept = std::mem::replace(&mut stand.ways, Ways::of(fresh));
    for (path, before) in paths.iter().zip(&before) {
        let restarted = stand.get(path).await;
        assert_eq!(restarted.header("etag"), before.header("etag"), "{path} after a restart");
        assert_eq!(restarted.body, before.body, "{path} after a restart");
    }
    assert_eq!(stand.get("/feed.atom").await.titles().len(), 4);
    stand.ways = kept;
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(stand.get(path).await.header("etag"), before.header("etag"), "{path}");
    }
    stand.bring("jx", &["江西一件事情说明", "江西另外一件工作", "江西第三件刚刚发生"]).await;
    for (path, before) in paths.iter().zip(&before) {
        let changed = stand.get(path).await;
        assert_ne!(changed.header("etag"), before.header("etag"), "{path}");
        assert_eq!(changed.titles().len(), 3, "{path}");
        assert!(changed.header("last-modified") > before.header("last-modified"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_brings_what_changed_since_and_no_more() {
    let mut stand = Stand::filled().await;
    for path in ["/feed.atom", "/feed.rss", "/feed.json", "/regions/CN-JX/feed.atom"] {
        let before = stand.get(path).await;
        let etag = before.header("etag").to_owned();
        let wants = [("a-im", "feed"), ("if-none-match", etag.as_str()), ("accept-encoding", "gzip")];
        let same = stand.ask(Method::GET, path, &wants).await;
        assert_eq!(same.status.as_u16(), 304, "{path}");
        let title = format!("江西为{path}而来的新消息");
        let mut titles: Vec<String> = stand.get("/sources/jx/feed.atom").await.titles();
        titles.push(title.clone());
        stand.bring("jx", &titles.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let whole = stand.ask(Method::GET, path, &[("accept-encoding", "gzip")]).await;
        let delta = stand.ask(Method::GET, path, &wants).await;
        assert_eq!(delta.status.as_u16(), 226, "{path}");
        assert_eq!(delta.titles(), [title], "{path}");
        assert_eq!((delta.header("im"), delta.header("cache-control")), ("feed", "no-store, im"));
        assert_eq!(delta.header("etag"), whole.header("etag"), "the tag is that of the whole");
        assert_eq!(delta.header("vary"), "Accept-Encoding, A-IM, If-None-Match");
        assert_eq!(delta.feed().id, whole.feed().id);
        // Others are not touched by it, and what is not known is answered in full.
        for headers in [
            vec![("if-none-match", etag.as_str())],
            vec![("a-im", "feed")],
            vec![("a-im", "feed"), ("if-none-match", "\"r1-0000abc\"")],
        ] {
            let plain = stand.ask(Method::GET, path, &headers).await;
            assert_eq!(
                (plain.status.as_u16(), plain.header("vary")),
                (200, "Accept-Encoding"),
                "{path} {headers:?}"
            );
            assert_eq!(plain.titles(), whole.titles());
        }
        let head = stand.ask(Method::HEAD, path, &wants).await;
        assert_eq!(head.status.as_u16(), 226, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_much_rendered_is_asked_to_come_later_and_what_is_in_memory_stays_free() {
    let mut stand = Stand::open("[server]\nrenderings_per_minute = 6\n").await;
    stand.bring("jx", &["江西一件事情说明"]).await;
    for (path, expected) in
        [("/regions/CN-JX/feed.atom", 200), ("/regions/CN-GD/feed.atom", 200), ("/sources/jx/feed.atom", 429)]
    {
        let answered = stand.get(path).await;
        assert_eq!(answered.status.as_u16(), expected, "{path}");
        assert_eq!(
            answered.header("retry-after").parse::<u64>().is_ok_and(|n| (1..=10).contains(&n)),
            expected == 429
        );
    }
    assert_eq!(stand.get("/feed.atom").await.status, StatusCode::OK);
    assert_eq!(stand.get("/regions/CN-JX/feed.atom").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_rendering_clients_are_asked_to_come_back() {
    let stand = Stand::open("").await;
    let press = Press::new(
        Arc::clone(stand.house.press.config()),
        stand.house.press.store().clone(),
        stand.house.press.base_url().clone(),
    );
    let router = serve::public(Arc::new(press));
    let request = Request::get("/feed.atom").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
}

/// The addresses of ours that a document names.
fn links(text: &str) -> Vec<String> {
    let base = "https://feeds.example/";
    let named = text.split(base).skip(1).map(|rest| {
        let end = rest.find(['"', '<', '\'', ' ', '>']).unwrap_or(rest.len());
        format!("/{}", rest[..end].replace("&amp;", "&"))
    });
    named.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_that_our_documents_name_leads_somewhere() {
    // More addresses than one reader asks for at once.
    let mut stand = Stand::open("[server]\nrenderings_per_minute = 0\n").await;
    stand.bring("jx", &["江西一件事情说明"]).await;
    stand.bring("gd", &["广东快递进村工程推进"]).await;
    let mut left =
        vec!["/".to_owned(), "/feed.atom".to_owned(), "/opml".to_owned(), "/daily.atom".to_owned()];
    let mut known = std::collections::BTreeSet::new();
    while let Some(path) = left.pop() {
        if path.starts_with("/hub") || !known.insert(path.clone()) {
            continue;
        }
        let answered = stand.get(&path).await;
        if answered.status.as_u16() == 301 {
            left.extend(links(answered.header("location")));
            continue;
        }
        assert_eq!(answered.status.as_u16(), 200, "{path}: {}", answered.text());
        left.extend(links(&answered.text()).into_iter().filter(|link| !known.contains(link)));
        assert!(known.len() < 2_000, "there is no end of addresses: {left:?}");
    }
    for kind in ["/stories/", "/regions/CN-JX", "/sources/gd", "/daily/2", "/archive/", "/search", "/topics"]
    {
        assert!(known.iter().any(|path| path.starts_with(kind)), "{kind} is named nowhere: {known:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_say_what_they_show_in_both_languages() {
    let stand = Stand::filled().await;
    let day = jiff::tz::Offset::constant(8).to_datetime("2026-11-24T00:00:00Z".parse().unwrap()).date();
    let check = async |path: &str, says: &[&str]| {
        let answered = stand.get(path).await;
        assert_eq!(answered.status.as_u16(), 200, "{path}");
        assert!(
            answered.header("content-security-policy").contains("default-src 'none'")
                || path.contains(".txt")
        );
        for words in says {
            assert!(answered.text().contains(words), "{path} does not say {words}: {}", answered.text());
        }
    };
    check("/", &["江西一件事情说明", "广东快递进村工程推进", "application/atom+xml"]).await;
    check("/?lang=en", &["lang=\"en\"", "江西一件事情说明"]).await;
    check("/regions/CN-JX", &["江西省", "江西一件事情说明", "/regions/CN-JX/feed.atom"]).await;
    check("/regions/CN-JX?lang=en", &["Jiangxi"]).await;
    check("/sources", &["来源jx", "来源gd"]).await;
    check("/topics", &["专题"]).await;
    check("/search?q=%E8%BF%9B%E6%9D%91", &["进村", "<mark>"]).await;
    check("/search?region=CN-JX", &["江西另外一件工作"]).await;
    check(&format!("/daily/{day}"), &["江西一件事情说明", "广东快递进村工程推进"]).await;
    check(&format!("/daily/{day}.txt"), &["江西一件事情说明"]).await;
    let nothing = stand.get("/regions/CN-GD").await.text();
    assert!(!nothing.contains("江西一件事情说明"));
    assert_eq!(stand.get("/daily/2001-01-01").await.status.as_u16(), 404);
    assert_eq!(stand.get("/stories/0123456789abcdef").await.status.as_u16(), 404);
}
