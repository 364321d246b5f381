//! What happens to an entry over time: unchanged, changed, failing, gone, told again.

use std::collections::HashMap;

use dibao::{clock, model::Timestamp, poll::Outcome};

use crate::support::{
    house::{House, after, settings},
    upstream::{Answer, Upstream},
};

const DAY: u64 = 86_400;

/// A list page of the bureaus' CMS.
fn list(rows: &[(&str, &str, &str)]) -> Answer {
    let row = |(path, title, day): &(&str, &str, &str)| {
        format!("<li><a href=\"{path}\"><img/><p>{title}</p><span>{day}</span></a></li>")
    };
    let rows: String = rows.iter().map(row).collect();
    Answer::html(format!("<html><body><ul class=\"list\">{rows}</ul></body></html>"))
}

fn article(title: &str, time: &str, body: &str) -> Answer {
    Answer::html(format!(
        "<html><head><meta name=\"ArticleTitle\" content=\"{title}\"></head><body><div class=\"content\"><h2>{title}</h2>\
        <div class=\"info\"><p class=\"fl\">日期：{time}     来源：江西省邮政管理局</p></div>\
        <div class=\"detail-news\"><p>{body}</p></div></div></body></html>"
    ))
}

const A: &str = "/jxsyzglj/c100057/c100058/202611/0123456789abcdef0123456789abcdef.shtml";
const B: &str = "/jxsyzglj/c100057/c100058/202611/fedcba9876543210fedcba9876543210.shtml";
const BODY: &str =
    "省邮政管理局召开全省寄递安全工作会议，通报上半年检查情况，部署下一步重点工作，要求落实三项制度。";

fn jx(upstream: &Upstream) -> String {
    settings(&format!(
        "[[source]]\nkey = \"jx\"\nname = \"江西局\"\nkind = \"list\"\nurl = \"{}\"\nprofile = \"kaipuyun\"\n\
        bureau = \"CN-JX\"\nrole = \"primary\"\n",
        upstream.url("/list.shtml")
    ))
}

/// Today's date in the pages' zone, so that what they say is never in the future nor too old.
fn day(now: Timestamp, ago: u64) -> String {
    let at = now.checked_sub(std::time::Duration::from_secs(ago * DAY)).unwrap();
    dibao::normalise::time::rfc3339(at, jiff::tz::Offset::from_hours(8).unwrap())[..10].to_owned()
}

fn one_story(upstream: &Upstream, now: Timestamp) {
    let day = day(now, 1);
    upstream.set("/list.shtml", list(&[(A, "江西局召开寄递安全会议", &day)]));
    upstream.set(A, article("江西局召开寄递安全会议", &format!("{day} 10:30"), BODY));
}

#[tokio::test]
async fn polling_what_has_not_changed_writes_only_its_poll_row() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    one_story(&upstream, now);
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &jx(&upstream)).await;
    let first = house.poll("jx", now).await;
    assert_eq!((first.n_new, &first.outcome), (1, &Outcome::Ok), "{first:?}");
    let (feed, etag) = house.feed(now).await;
    assert_eq!(feed.entries.len(), 1);
    let tables = || tables(&house);
    let before = tables().await;

    let second = house.poll("jx", after(now, 60)).await;
    assert_eq!(second.outcome, Outcome::Unchanged, "{second:?}");
    assert!(upstream.last_headers("/list.shtml").unwrap().contains_key("if-none-match"));
    // The same rows in other bytes: the list is read, and nothing else.
    upstream.set(
        "/list.shtml",
        match list(&[(A, "江西局召开寄递安全会议", &day(now, 1))]) {
            Answer::Page { body, .. } => {
                Answer::html(format!("{}<!-- 2 -->", String::from_utf8_lossy(&body)))
            }
            other => other,
        },
    );
    let third = house.poll("jx", after(now, 120)).await;
    assert_eq!((&third.outcome, third.n_new, third.n_unchanged), (&Outcome::Ok, 0, 1), "{third:?}");
    let changed: Vec<String> = tables().await.into_iter().filter(|row| !before.contains(row)).collect();
    assert!(changed.iter().all(|row| row.starts_with("poll ")), "{changed:?}");
    assert_eq!(house.feed(after(now, 200)).await.1, etag);
    assert_eq!(upstream.asked().iter().filter(|path| *path == A).count(), 1, "the article was fetched once");
}

/// The number of rows of each table, and the state of the feed. Validators of the list are not content.
async fn tables(house: &House) -> Vec<String> {
    let counts = house.poller.store.counts().await.unwrap();
    let polls = house.poller.store.polls_of("jx", 100).await.unwrap().len();
    let state = house.poller.store.feed_state().await.unwrap();
    vec![format!("content {counts:?}"), format!("feed {state:?}"), format!("poll {polls}")]
}

#[tokio::test]
async fn a_changed_article_becomes_a_revision_with_updated_moved_and_the_same_id() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    one_story(&upstream, now);
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &jx(&upstream)).await;
    house.poll("jx", now).await;
    let (before, etag) = house.feed(now).await;

    let day = day(now, 1);
    upstream.set(
        A,
        article("江西局召开寄递安全会议", &format!("{day} 10:30"), &format!("{BODY}更正：会议于昨日召开。")),
    );
    house.poll("jx", after(now, 600)).await;
    assert_eq!(house.feed(after(now, 600)).await.1, etag, "an article is visited again only at its times");
    let later = after(now, 3_700);
    let report = house.poll("jx", later).await;
    assert_eq!(report.n_updated, 1, "{report:?}");
    let (feed, new_etag) = house.feed(later).await;
    assert_ne!(new_etag, etag);
    let (old, new) = (&before.entries[0], &feed.entries[0]);
    assert_eq!((old.id.as_str(), feed.entries.len()), (new.id.as_str(), 1));
    assert_eq!(old.published, new.published);
    assert_eq!(new.updated.unwrap().timestamp(), later.as_second());
    assert!(new.content.as_ref().unwrap().body.as_ref().unwrap().contains("更正"));
    assert_eq!(house.poller.store.counts().await.unwrap().revisions, 1);
}

#[tokio::test]
async fn an_article_that_fails_is_tried_again_then_published_with_its_title_and_filled_in_later() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    one_story(&upstream, now);
    upstream.set(A, Answer::Status(503, vec![]));
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &jx(&upstream)).await;
    let first = house.poll("jx", now).await;
    assert_eq!((first.n_new, first.n_pending), (0, 1), "{first:?}");
    let mut at = now;
    for _ in 0..2 {
        at = after(at, 3_600);
        house.poll("jx", at).await;
    }
    let (feed, _) = house.feed(at).await;
    assert_eq!(feed.entries.len(), 1, "after three failures it is published");
    let entry = feed.entries[0].clone();
    assert!(entry.content.is_none());
    assert_eq!(entry.title.unwrap().content, "江西局召开寄递安全会议");

    let day = day(now, 1);
    upstream.set(A, article("江西局召开寄递安全会议", &format!("{day} 10:30"), BODY));
    let later = after(at, 8 * 3_600);
    house.poll("jx", later).await;
    let (feed, _) = house.feed(later).await;
    assert_eq!((feed.entries.len(), feed.entries[0].id.as_str()), (1, entry.id.as_str()));
    assert!(feed.entries[0].content.as_ref().unwrap().body.as_ref().unwrap().contains("三项制度"));
    assert_eq!(house.poller.store.after_visit("jx", 0, later, later).await.unwrap().n_waiting, 0);
}

#[tokio::test]
async fn a_story_that_is_gone_twice_a_day_apart_is_withdrawn() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    one_story(&upstream, now);
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &jx(&upstream)).await;
    house.poll("jx", now).await;
    upstream.set(A, Answer::Status(410, vec![]));
    house.poll("jx", after(now, 3_700)).await;
    assert_eq!(house.feed(after(now, 3_700)).await.0.entries.len(), 1, "once is not enough");
    house.poll("jx", after(now, 3_700 + DAY + 60)).await;
    assert_eq!(house.feed(after(now, 2 * DAY)).await.0.entries.len(), 0);
}

#[tokio::test]
async fn a_restart_keeps_ids_and_bytes_and_says_nothing_twice() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    one_story(&upstream, now);
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &jx(&upstream)).await;
    house.poll("jx", now).await;
    let (before, etag) = house.feed(now).await;
    house.close().await;
    let house = House::open(&folder, &jx(&upstream)).await;
    let (after_restart, same_etag) = house.feed(after(now, 50)).await;
    assert_eq!((before.entries[0].id.as_str(), etag), (after_restart.entries[0].id.as_str(), same_etag));
    let report = house.poll("jx", after(now, 60)).await;
    assert_eq!(report.n_new, 0);
}

#[tokio::test]
async fn pages_that_are_no_news_are_withheld_and_not_visited_again() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let day = day(now, 1);
    let home = format!(
        "<html><body><a href=\"{A}\">江西局召开寄递安全会议</a><a href=\"{B}\">备案怎么办</a></body></html>"
    );
    upstream.set("/", Answer::html(home));
    upstream.set(A, article("江西局召开寄递安全会议", &format!("{day} 10:30"), BODY));
    let guide = "<html><head><meta name=\"ColumnName\" content=\"办事指南\"></head><body><div class=\"content\"><h2>备案怎么办</h2>\
        <div class=\"info\"><p class=\"fl\">日期：2026-01-01</p></div><div class=\"detail-news\"><p>提交材料，窗口受理，十日办结。</p></div></div></body></html>";
    upstream.set(B, Answer::html(guide));
    let text = jx(&upstream).replace("\"list\"", "\"site\"").replace("/list.shtml", "/");
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &text).await;
    let report = house.poll("jx", now).await;
    assert_eq!((report.n_new, report.n_rows), (1, 2), "{report:?}");
    let withheld = house.poller.store.withheld("jx", 9).await.unwrap();
    assert!(withheld.len() == 1 && withheld[0].1.contains("办事指南"), "{withheld:?}");
    upstream.set(
        "/",
        Answer::html(format!(
            "<html><a href=\"{A}\">江西局召开寄递安全会议</a><a href=\"{B}\">备案怎么办</a>!</html>"
        )),
    );
    house.poll("jx", after(now, 60)).await;
    assert_eq!(upstream.asked().iter().filter(|path| *path == B).count(), 1);
}

#[tokio::test]
async fn a_better_copy_takes_the_storys_place_once_and_the_id_stays() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    one_story(&upstream, now);
    let retold = A.replace("jxsyzglj", "gjyzj");
    upstream.set("/national.shtml", list(&[(&retold, "江西局召开寄递安全会议", &day(now, 1))]));
    upstream.set(&retold, article("江西局召开寄递安全会议", &format!("{} 16:00", day(now, 1)), BODY));
    let text = format!(
        "{}[[source]]\nkey = \"spb\"\nname = \"国家邮政局\"\nkind = \"list\"\nurl = \"{}\"\nprofile = \"kaipuyun\"\n\
        bureau = \"CN\"\nrole = \"national\"\n",
        jx(&upstream),
        upstream.url("/national.shtml")
    );
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &text).await;
    house.poll("spb", now).await;
    let (before, _) = house.feed(now).await;
    let later = after(now, 60);
    house.poll("jx", later).await;
    let (feed, _) = house.feed(later).await;
    assert_eq!(feed.entries.len(), 1);
    let entry = &feed.entries[0];
    assert_eq!(entry.id, before.entries[0].id);
    assert_eq!(entry.updated.unwrap().timestamp(), later.as_second());
    let links: HashMap<&str, &str> =
        entry.links.iter().map(|link| (link.rel.as_deref().unwrap(), link.href.as_str())).collect();
    assert!(links["alternate"].contains("jxsyzglj") && links["via"].contains("gjyzj"), "{links:?}");
    assert_eq!(entry.published.unwrap().to_rfc3339(), format!("{}T02:30:00+00:00", day(now, 1)));
}

#[tokio::test]
async fn when_a_copy_is_gone_another_takes_its_place_and_a_withdrawn_story_can_return() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    one_story(&upstream, now);
    let retold = A.replace("jxsyzglj", "gjyzj");
    upstream.set("/national.shtml", list(&[(B, "国家邮政局召开其他会议", &day(now, 1))]));
    upstream
        .set(B, article("国家邮政局召开其他会议", &format!("{} 09:00", day(now, 1)), "会议研究了另一件事。"));
    let text = format!(
        "{}[[source]]\nkey = \"spb\"\nname = \"国家邮政局\"\nkind = \"list\"\nurl = \"{}\"\nprofile = \"kaipuyun\"\n\
        bureau = \"CN\"\nrole = \"national\"\n",
        jx(&upstream),
        upstream.url("/national.shtml")
    );
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &text).await;
    house.poll("jx", now).await;
    house.poll("spb", now).await;
    let (first, _) = house.feed(now).await;
    let id = |feed: &feed_rs::model::Feed| {
        let told =
            feed.entries.iter().find(|entry| entry.title.as_ref().unwrap().content.starts_with("江西局"));
        told.map(|entry| (entry.id.clone(), entry.links[0].href.clone()))
    };
    let (story, _) = id(&first).unwrap();
    upstream.set(A, Answer::Status(404, vec![]));
    house.poll("jx", after(now, 3_700)).await;
    let later = after(now, 3_700 + DAY + 60);
    house.poll("jx", later).await;
    assert_eq!(id(&house.feed(later).await.0), None, "withdrawn");
    // The national column retells it after all.
    upstream.set("/national.shtml", list(&[(&retold, "江西局召开寄递安全会议", &day(now, 1))]));
    upstream.set(&retold, article("江西局召开寄递安全会议", &format!("{} 16:00", day(now, 1)), BODY));
    let again = after(later, 60);
    house.poll("spb", again).await;
    let (same, link) = id(&house.feed(again).await.0).unwrap();
    assert!(same == story && link.contains("gjyzj"), "{link}");
}
