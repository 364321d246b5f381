//! A source that changes all its ids announces nothing old as new, and nothing new is lost.

use std::time::Duration;

use dibao::{clock, model::Timestamp, poll::PollReport};

use crate::support::{
    house::{House, after, settings},
    upstream::{Answer, Upstream},
};

/// An item: its number names it and gives it its words; the smaller, the older.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) days_ago: u64,
}

const WHERE: [&str; 6] = ["赣州", "上饶", "抚州", "九江", "宜春", "吉安"];
const WHAT: [&str; 7] =
    ["农村寄递物流", "快递包装治理", "末端投递服务", "从业人员权益", "数据安全", "消防安全", "过度包装"];

fn words(number: u64) -> (&'static str, &'static str) {
    let n = usize::try_from(number).unwrap();
    (WHERE[n % WHERE.len()], WHAT[n % WHAT.len()])
}

pub(crate) fn title(number: u64) -> String {
    let (place, what) = words(number);
    format!("{place}市局部署第{number}轮{what}专项工作")
}

pub(crate) fn text(number: u64) -> String {
    let (place, what) = words(number);
    format!(
        "{place}市邮政管理局召开会议，部署第{number}轮{what}专项工作。会议听取了{number}家企业的汇报，要求在{}个工作日内完成自查，\
        由{}名检查人员分{}组逐一复核，并将结果记入第{number}号台账，对不合格的场所责令整改。",
        number + 3,
        number * 2 + 1,
        number + 2
    )
}

/// Items of the last days, the newest first.
pub(crate) fn items(
    numbers: impl Iterator<Item = u64>,
    newest: u64,
    name: impl Fn(u64) -> (String, String),
) -> Vec<Told> {
    let item = |number: u64| {
        let (id, url) = name(number);
        Told { number, id, url, title: title(number), days_ago: newest - number + 1 }
    };
    let mut items: Vec<Told> = numbers.map(item).collect();
    items.reverse();
    items
}

pub(crate) fn at(now: Timestamp, days_ago: u64) -> String {
    let at = now.checked_sub(Duration::from_secs(days_ago * 86_400)).unwrap();
    dibao::normalise::time::rfc3339(at, jiff::tz::Offset::from_hours(8).unwrap())
}

pub(crate) fn rss(items: &[Told], now: Timestamp) -> Answer {
    let item = |item: &Told| {
        format!(
            "<item><title>{}</title><link>{}</link><guid isPermaLink=\"false\">{}</guid><pubDate>{}</pubDate>\
            <description>{}</description></item>",
            item.title,
            item.url,
            item.id,
            at(now, item.days_ago),
            text(item.number)
        )
    };
    let items: String = items.iter().map(item).collect();
    Answer::page(
        "application/rss+xml",
        format!(
            "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link>{items}</channel></rss>"
        ),
    )
}

fn list(items: &[Told], now: Timestamp) -> Answer {
    let row = |item: &Told| {
        let day = at(now, item.days_ago)[..10].to_owned();
        format!("<li><a href=\"{}\"><img/><p>{}</p><span>{day}</span></a></li>", item.url, item.title)
    };
    let rows: String = items.iter().map(row).collect();
    Answer::html(format!("<html><body><ul class=\"list\">{rows}</ul></body></html>"))
}

fn article(item: &Told, now: Timestamp) -> Answer {
    let (title, day) = (&item.title, at(now, item.days_ago)[..10].to_owned());
    Answer::html(format!(
        "<html><head><meta name=\"ArticleTitle\" content=\"{title}\"></head><body><div class=\"content\"><h2>{title}</h2>\
        <div class=\"info\"><p class=\"fl\">日期：{day} 10:00     来源：江西省邮政管理局</p></div>\
        <div class=\"detail-news\"><p>{}</p></div></div></body></html>",
        text(item.number)
    ))
}

fn feed_source(upstream: &Upstream) -> String {
    settings(&format!(
        "[[source]]\nkey = \"jx\"\nkind = \"feed\"\nurl = \"{}\"\nbureau = \"CN-JX\"\nrole = \"primary\"\n",
        upstream.url("/rss")
    ))
}

fn list_source(upstream: &Upstream) -> String {
    settings(&format!(
        "[[source]]\nkey = \"jx\"\nkind = \"list\"\nurl = \"{}\"\nprofile = \"kaipuyun\"\nbureau = \"CN-JX\"\nrole = \"primary\"\n",
        upstream.url("/list.shtml")
    ))
}

pub(crate) fn guid(scheme: &str) -> impl Fn(u64) -> (String, String) {
    move |n| (format!("{scheme}://a.example/news/{n}.html"), format!("{scheme}://a.example/news/{n}.html"))
}

fn path(folder: &str) -> impl Fn(u64) -> (String, String) {
    move |n| (String::new(), format!("/jxsyzglj/{folder}/202611/{:032x}.shtml", n + 1))
}

/// Ids with the times of their last changes, in order.
async fn stories(house: &House, at: Timestamp) -> Vec<(String, Timestamp)> {
    let (feed, _) = house.feed(at).await;
    let updated = |at: Option<_>| {
        let text = at.map(|at: chrono::DateTime<chrono::Utc>| at.to_rfc3339()).unwrap();
        text.parse().unwrap()
    };
    let mut stories: Vec<(String, Timestamp)> =
        feed.entries.iter().map(|entry| (entry.id.clone(), updated(entry.updated))).collect();
    stories.sort();
    stories
}

async fn links(house: &House, at: Timestamp) -> Vec<String> {
    let (feed, _) = house.feed(at).await;
    feed.entries.iter().map(|entry| entry.links[0].href.clone()).collect()
}

/// State, and kinds of alerts, the oldest first.
async fn told(house: &House) -> (String, Vec<String>) {
    let poll = house.poller.store.polls_of("jx", 1).await.unwrap().remove(0);
    let alerts = house.poller.store.alerts(20).await.unwrap();
    (poll.state, alerts.into_iter().rev().map(|alert| format!("{} {}", alert.kind, alert.state)).collect())
}

fn counts(report: &PollReport) -> Option<(usize, usize, usize)> {
    report.reid.map(|found| (found.n_known, found.n_new, found.n_held))
}

#[tokio::test]
async fn a_feed_that_changes_from_http_to_https_announces_nothing_again() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &feed_source(&upstream)).await;
    upstream.set("/rss", rss(&items(1..21, 20, guid("http")), now));
    assert_eq!(house.poll("jx", now).await.n_new, 20);
    let before = stories(&house, now).await;

    upstream.set("/rss", rss(&items(1..21, 20, guid("https")), now));
    let report = house.poll("jx", after(now, 600)).await;
    assert_eq!((counts(&report), report.n_new, report.n_updated), (Some((20, 0, 0)), 0, 0), "{report:?}");
    assert_eq!(stories(&house, after(now, 600)).await, before, "no id and no time has changed");
    let links = links(&house, after(now, 600)).await;
    assert!(links.iter().all(|link| link.starts_with("https://")), "readers are led to the new addresses");
    assert_eq!(told(&house).await, ("ids-changed".into(), vec!["broke ids-changed".into()]));

    // Again with one more, then the old ids once more: both are known.
    upstream.set("/rss", rss(&items(1..22, 21, guid("https")), now));
    let report = house.poll("jx", after(now, 1_200)).await;
    assert_eq!((counts(&report), report.n_new), (None, 1), "{report:?}");
    assert_eq!(told(&house).await.0, "ok");
    upstream.set("/rss", rss(&items(1..22, 21, guid("http")), now));
    let report = house.poll("jx", after(now, 1_800)).await;
    assert_eq!((counts(&report), report.n_new), (None, 1), "the one is a copy of itself: {report:?}");
    assert_eq!(house.poller.store.counts().await.unwrap().stories, 21);
}

#[tokio::test]
async fn of_all_guids_changed_the_known_stay_the_newer_are_told_and_the_rest_waits() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &feed_source(&upstream)).await;
    upstream.set("/rss", rss(&items(1..21, 20, guid("http")), now));
    house.poll("jx", now).await;
    let before = stories(&house, now).await;

    // Known ones under other ids and addresses, two newer ones, and three old ones that were never there.
    let other = |n: u64| (format!("id-{n}"), format!("https://b.example/{n}"));
    let mut all = items(4..23, 22, other);
    for (i, item) in all.iter_mut().enumerate().skip(16) {
        item.title = format!("从未见过的旧闻之{i}");
        item.number += 100;
    }
    for item in &mut all[2..] {
        item.days_ago -= 2;
    }
    all[0].days_ago = 0;
    all[1].days_ago = 0;
    upstream.set("/rss", rss(&all, now));
    let report = house.poll("jx", after(now, 600)).await;
    assert_eq!((counts(&report), report.n_new), (Some((14, 2, 3)), 2), "{report:?}");
    let (state, alerts) = told(&house).await;
    assert_eq!((state.as_str(), alerts), ("ids-changed", vec!["broke ids-changed".to_owned()]));
    let seen = stories(&house, after(now, 600)).await;
    assert_eq!(seen.len(), 22);
    assert!(before.iter().all(|story| seen.contains(story)), "what was known has not moved");

    // Quiet afterwards, and still said, until the operator lets the rest in: once.
    upstream.set("/rss", rss(&all[..18], now));
    let report = house.poll("jx", after(now, 1_200)).await;
    assert_eq!((counts(&report), report.n_new), (None, 0));
    let message = house.poller.store.polls_of("jx", 1).await.unwrap().remove(0).message;
    assert!(message.contains("3 rows") && message.contains("--accept"), "{message}");
    assert_eq!(house.poller.store.accept_held("jx", after(now, 1_800)).await.unwrap(), 3);
    let report = house.poll("jx", after(now, 1_800)).await;
    assert_eq!(report.n_new, 3, "{report:?}");
    assert_eq!(house.poller.store.accept_held("jx", after(now, 2_400)).await.unwrap(), 0);
    assert_eq!(house.poll("jx", after(now, 2_400)).await.n_new, 0);
    assert_eq!(house.poller.store.counts().await.unwrap().stories, 25);
    assert_eq!(
        told(&house).await,
        ("ok".into(), vec!["broke ids-changed".into(), "recovered ids-changed".into()])
    );
}

#[tokio::test]
async fn a_list_under_new_paths_is_recognised_without_asking_for_its_articles() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &list_source(&upstream)).await;
    let set = |items: &[Told]| {
        upstream.set("/list.shtml", list(items, now));
        for item in items {
            upstream.set(&item.url, article(item, now));
        }
    };
    set(&items(1..16, 15, path("c100057/c100058")));
    assert_eq!(house.poll("jx", now).await.n_new, 15);
    let before = stories(&house, now).await;
    let n_asked = upstream.asked().len();

    let mut moved = items(1..17, 16, path("c200001/c200002"));
    for item in &mut moved[1..] {
        item.days_ago -= 1;
    }
    moved[0].days_ago = 0;
    set(&moved);
    // A list may cut its titles short.
    moved[4].title = format!("{}…", moved[4].title.chars().take(12).collect::<String>());
    // One that was not there before, as old as the rest.
    moved[9].title = "很久以前的一则旧通知公告".into();
    upstream.set("/list.shtml", list(&moved, now));
    upstream.set(&moved[9].url, article(&moved[9], now));
    let report = house.poll("jx", after(now, 600)).await;
    assert_eq!((counts(&report), report.n_new), (Some((14, 1, 1)), 1), "{report:?}");
    let asked: Vec<String> = upstream.asked().split_off(n_asked);
    assert_eq!(
        asked.iter().filter(|path| path.contains("c200001")).count(),
        1,
        "only the new one: {asked:?}"
    );
    let seen = stories(&house, after(now, 600)).await;
    assert!(before.iter().all(|story| seen.contains(story)));
    assert_eq!(seen.len(), 16);
    let links = links(&house, after(now, 600)).await;
    assert_eq!(links.iter().filter(|link| link.contains("c200001")).count(), 15, "{links:?}");

    // Visited again at their times, at the new addresses, they are the same: nothing is told.
    let later = after(now, 3_700);
    let report = house.poll("jx", later).await;
    assert!(report.is_ok() && report.n_new == 0, "{report:?}");
    assert!(upstream.asked().iter().filter(|path| path.contains("c200001")).count() > 10);
    let seen_later = stories(&house, later).await;
    assert!(before.iter().all(|story| seen_later.contains(story)), "a new address alone is no news");
    assert_eq!(house.poller.store.accept_held("jx", later).await.unwrap(), 1);
    let report = house.poll("jx", after(now, 4_000)).await;
    assert_eq!(report.n_new, 1, "{report:?}");
}

#[tokio::test]
async fn a_burst_of_news_is_no_change_of_ids() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &feed_source(&upstream)).await;
    let old = |mut items: Vec<Told>| {
        for item in &mut items {
            item.days_ago += 1;
        }
        items
    };
    upstream.set("/rss", rss(&old(items(1..21, 20, guid("http"))), now));
    house.poll("jx", now).await;
    let mut burst = items(21..41, 40, guid("http"));
    for item in &mut burst {
        item.days_ago = 0;
    }
    upstream.set("/rss", rss(&burst, now));
    let report = house.poll("jx", after(now, 600)).await;
    assert_eq!((counts(&report), report.n_new), (None, 20), "{report:?}");
    assert_eq!(told(&house).await, ("ok".into(), vec![]));
}
