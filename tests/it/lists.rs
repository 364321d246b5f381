//! Lists that are more than one page at one address: shells, pages, posted questions.

use dibao::poll::{Looker, Outcome};
use tempfile::TempDir;

use crate::support::{
    house::{House, after, settings},
    stock::at,
    upstream::{Answer, Upstream},
};

/// When the lists are read; their stories are of the days before.
const NOW: &str = "2026-11-24T04:00:00Z";
const CHANNEL: &str = "0123456789abcdef0123456789abcdef";

/// A source whose rows are taken as they are, but for what `more` says.
fn source(kind: &str, url: &str, more: &str) -> String {
    settings(&format!(
        "[[source]]\nkey = \"a\"\nkind = \"{kind}\"\nurl = \"{url}\"\nprofile = \"kaipuyun\"\n{more}\n"
    ))
}

/// The address of a story's article.
fn path(n: usize) -> String {
    format!("/xw/c1/202611/{n:032x}.shtml")
}

/// A list page with some stories, newest first, and a link to the next page.
fn list(stories: impl DoubleEndedIterator<Item = usize>, next: Option<&str>) -> Answer {
    let row =
        |n| format!("<li><a href=\"{}\"><p>全省快递第{n}次会议</p><span>2026-11-20</span></a></li>", path(n));
    let rows: String = stories.rev().map(row).collect();
    let next = next.map(|href| format!("<a href=\"{href}\">下一页 &gt;</a>")).unwrap_or_default();
    Answer::html(format!("<ul>{rows}</ul><div>{next}</div>"))
}

fn json(stories: impl DoubleEndedIterator<Item = usize>) -> Answer {
    let item = |n| {
        serde_json::json!({
            "manuscriptId": format!("m{n}"), "title": format!("全省快递第{n}次会议"), "url": path(n),
            "publishedTimeStr": "2026-11-20 10:00:00",
        })
    };
    let items: Vec<serde_json::Value> = stories.rev().map(item).collect();
    Answer::page("application/json", serde_json::json!({ "data": { "results": items } }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_is_read_from_the_json_list_of_its_channel() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    let endpoint = format!("/common/search/{CHANNEL}?_isJson=true&_pageSize=20&page=1");
    let shell =
        format!("<meta name=channelid content={CHANNEL}><ul id=list></ul><script src=list.js></script>");
    upstream.set("/xw/c1/common_list.shtml", Answer::html(shell));
    upstream.set(&endpoint, json(1..3));
    let url = upstream.url("/xw/c1/common_list.shtml");
    let house = House::open(&folder, &source("list", &url, "article.fetch = false")).await;
    let now = at(NOW);
    let source = std::sync::Arc::clone(house.poller.config.source("a").unwrap());
    let look = Looker::from(&house.poller).look(None, &source, 1, now).await.unwrap();
    assert_eq!((look.fault, look.n_rows), (None, 2));
    assert!(look.notes[0].contains("a shell without rows; they were read from"), "{:?}", look.notes);

    let first = house.poll("a", now).await;
    assert_eq!((first.n_new, &first.outcome), (2, &Outcome::Ok), "{first:?}");
    assert!(first.rule.contains("$.data.results[*]") && first.rule.contains("stead"), "{}", first.rule);
    let second = house.poll("a", after(now, 600)).await;
    assert_eq!(second.outcome, Outcome::Unchanged, "{second:?}");
    upstream.set(&endpoint, json(1..4));
    assert_eq!(house.poll("a", after(now, 1200)).await.n_new, 1);
    upstream.set(&endpoint, json(1..1));
    let empty = house.poll("a", after(now, 1800)).await;
    let Outcome::Fault(fault) = empty.outcome else { panic!("{empty:?}") };
    assert_eq!(fault.name, "no-rows", "{fault:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_visit_reads_as_many_pages_as_the_source_asks_for() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    upstream.set("/xw/common_list.shtml", list(6..9, Some("common_list_2.shtml")));
    // The second page has no link to the third; its address follows the profile's pattern.
    upstream.set("/xw/common_list_2.shtml", list(3..7, None));
    upstream.set("/xw/common_list_3.shtml", list(0..3, Some("common_list_4.shtml")));
    upstream.set("/xw/common_list_4.shtml", list(20..22, None));
    let url = upstream.url("/xw/common_list.shtml");
    let house = House::open(&folder, &source("list", &url, "pages = 3\narticle.fetch = false")).await;
    let now = at(NOW);
    let first = house.poll("a", now).await;
    assert_eq!((first.n_rows, first.n_new), (9, 9), "{first:?}");
    assert_eq!(first.notes, ["3 pages of the list were read"]);
    let second = house.poll("a", after(now, 600)).await;
    assert_eq!(second.outcome, Outcome::Unchanged);
    let asked = upstream.asked();
    assert_eq!(asked.iter().filter(|path| path.contains("common_list")).count(), 4, "{asked:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_pages_are_read_until_a_known_row_appears() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    let first = |stories| upstream.set("/xw/common_list.shtml", list(stories, Some("/xw/p2.shtml")));
    for n in 0..40 {
        let body = format!(
            "<div class=content><h2>全省快递第{n}次会议</h2><div class=detail-news><p>会议要求落实责任{n}。</p></div></div>"
        );
        upstream.set(&path(n), Answer::html(body));
    }
    first(0..3);
    let url = upstream.url("/xw/common_list.shtml");
    let text = format!("{}\n[schedule]\nmax_articles = 4\n", source("list", &url, ""));
    let house = House::open(&folder, &text).await;
    let now = at(NOW);
    assert_eq!(house.poll("a", now).await.n_new, 3);
    // One row of the first page is known: there is no gap.
    first(2..5);
    assert_eq!(house.poll("a", after(now, 600)).await.n_new, 2);
    assert!(!upstream.asked().iter().any(|path| path.contains("/p2")));

    first(11..14);
    upstream.set("/xw/p2.shtml", list(8..11, Some("/xw/p3.shtml")));
    upstream.set("/xw/p3.shtml", list(4..8, Some("/xw/p4.shtml")));
    upstream.set("/xw/p4.shtml", list(0..4, None));
    let back = house.poll("a", after(now, 1200)).await;
    assert_eq!((back.n_rows, back.n_new, back.n_pending), (10, 4, 5), "{back:?}");
    assert!(!upstream.asked().iter().any(|path| path.contains("/p4")));
    // What one visit does not fetch is kept for the next, which reads the first page only.
    assert_eq!(house.poll("a", after(now, 1800)).await.n_new, 4);
    let last = house.poll("a", after(now, 2400)).await;
    assert_eq!((last.n_new, last.n_pending), (1, 0), "{last:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_knows_no_pages_is_not_asked_for_more() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    for n in 1..=7 {
        upstream.set(&format!("/list?id=9&page={n}"), json(0..3));
    }
    let house = House::open(
        &folder,
        &source("json", &upstream.url("/list?id=9&page=1"), "pages = 7\narticle.fetch = false"),
    )
    .await;
    let report = house.poll("a", at(NOW)).await;
    assert_eq!((report.n_rows, report.n_new), (3, 3));
    assert_eq!(upstream.asked(), ["/list?id=9&page=1", "/list?id=9&page=2"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_source_posts_and_the_headers_it_sets_are_sent() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    let elsewhere = Upstream::start().await;
    upstream.set("POST /list pageNum=1&size=3", json(3..6));
    upstream.set("POST /list pageNum=2&size=3", json(0..3));
    upstream.set(&path(5), Answer::html("<div class=detail-news><p>会议要求落实责任。</p></div>"));
    elsewhere.set("/moved", Answer::html("<div class=detail-news><p>会议要求抓好旺季。</p></div>"));
    upstream.set(&path(4), Answer::Redirect(elsewhere.url("/moved")));
    let more = "method = \"POST\"\nbody = \"pageNum={page}&size=3\"\npages = 2\nheaders = { Cookie = \"k=1\", X-Asks = \"rows\" }";
    let house = House::open(&folder, &source("json", &upstream.url("/list"), more)).await;
    let now = at(NOW);
    let first = house.poll("a", now).await;
    assert_eq!((first.n_rows, first.n_new), (6, 2), "{first:?}");
    let sent = upstream.last_headers("POST /list pageNum=2&size=3").unwrap();
    assert_eq!(sent["content-type"], "application/x-www-form-urlencoded");
    assert!(sent["cookie"] == "k=1" && sent["x-asks"] == "rows", "{sent:?}");
    assert_eq!(upstream.last_headers(&path(5)).unwrap()["cookie"], "k=1");
    assert!(!elsewhere.last_headers("/moved").unwrap().contains_key("cookie"));
    // What is posted is never asked conditionally.
    let second = house.poll("a", after(now, 600)).await;
    assert_eq!((&second.outcome, second.n_rows), (&Outcome::Ok, 3), "{second:?}");
    assert!(!upstream.last_headers("POST /list pageNum=1&size=3").unwrap().contains_key("if-none-match"));
    house.close().await;
}
