//! A source that changed all its ids, as the operator meets it: what `fetch`, `check` and the alerts tell, and how what is
//! held back is let in.

use std::collections::BTreeSet;

use dibao::{clock, model::Timestamp, store::Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    exchange::body,
    reid::{Told, at, guid, items, rss},
    retold::digest_page,
    support::{
        house::settings,
        upstream::{Answer, Upstream},
    },
};

/// A folder with a configuration and a store, and the commands that are run there.
struct Post {
    folder: TempDir,
}

impl Post {
    fn new(sources: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("dibao.toml"), settings(sources)).unwrap();
        Self { folder }
    }

    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_dibao"));
        command.args(arguments).args(["--config", "dibao.toml"]).current_dir(self.folder.path()).env_clear();
        let done = command.output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap(), text(done.stdout) + &text(done.stderr))
    }

    async fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let (code, text) = self.run(&[arguments, &["--json"]].concat()).await;
        (code, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{arguments:?}: {text}")))
    }

    /// The ids of all entries with their stories.
    async fn entries(&self) -> BTreeSet<(String, String)> {
        let (code, text) = self.run(&["export"]).await;
        assert_eq!(code, 0, "{text}");
        let entry = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            (line["id"].as_str().unwrap().to_owned(), line["story"].as_str().unwrap().to_owned())
        };
        text.lines().map(entry).collect()
    }

    async fn stories(&self) -> BTreeSet<String> {
        self.entries().await.into_iter().map(|(_, story)| story).collect()
    }

    /// Kinds and states of what the operator was told, the oldest first.
    async fn alerts(&self) -> Vec<String> {
        let store = Store::open(&self.folder.path().join("dibao.db"), clock::now()).await.unwrap();
        let alerts = store.alerts(20).await.unwrap();
        store.close().await;
        alerts.into_iter().rev().map(|alert| format!("{} {}", alert.kind, alert.state)).collect()
    }
}

fn note(report: &Value) -> String {
    report["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

/// Items 4 to 22 of a source that gave 1 to 20 under other ids: two are newer than all, three were never there and are
/// old, the rest is known.
fn under_other_ids(name: impl Fn(u64) -> (String, String)) -> Vec<Told> {
    let mut all = items(4..23, 22, name);
    for (i, item) in all.iter_mut().enumerate() {
        item.days_ago = if i < 2 { 0 } else { item.days_ago - 2 };
        if i >= 16 {
            item.title = format!("从未见过的旧闻之{i}");
            item.number += 100;
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_told_what_is_held_and_lets_it_in() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let post = Post::new(&format!(
        "[[source]]\nkey = \"jx\"\nkind = \"feed\"\nurl = \"{}\"\nbureau = \"CN-JX\"\nrole = \"primary\"\n",
        upstream.url("/rss")
    ));
    upstream.set("/rss", rss(&items(1..21, 20, guid("http")), now));
    let (code, first) = post.json(&["fetch"]).await;
    assert_eq!((code, &first["new"]), (0, &20.into()), "{first}");
    let before = post.entries().await;

    upstream
        .set("/rss", rss(&under_other_ids(|n| (format!("id-{n}"), format!("https://b.example/{n}"))), now));
    let (code, moved) = post.json(&["fetch", "jx"]).await;
    assert_eq!((code, &moved["new"]), (0, &2.into()), "{moved}");
    let told = note(&moved);
    assert!(told.contains("14 were recognised") && told.contains("3 are held back"), "{told}");
    let after = post.entries().await;
    assert!(before.is_subset(&after), "what was known keeps id and story");
    assert_eq!(after.len(), 22);
    assert_eq!(post.alerts().await, ["broke ids-changed"]);

    // It is said wherever the operator looks, with what to do.
    let (_, text) = post.run(&["check", "jx"]).await;
    assert!(
        text.contains("3 rows of `jx` are held back") && text.contains("fetch SOURCE --accept"),
        "{text}"
    );
    let (_, look) = post.json(&["check", "jx"]).await;
    assert_eq!(look["held"], 3, "{look}");
    assert!(look["faults"].as_array().unwrap().iter().any(|fault| fault["name"] == "ids-changed"), "{look}");
    let (code, quiet) = post.json(&["fetch"]).await;
    assert_eq!((code, &quiet["new"]), (0, &0.into()), "polling lets nothing in: {quiet}");

    let (code, text) = post.run(&["fetch", "--accept"]).await;
    assert!(code == 2 && text.contains("SOURCE"), "which source must be said: {text}");
    let (code, accepted) = post.json(&["fetch", "jx", "--accept"]).await;
    assert_eq!((code, &accepted["new"]), (0, &3.into()), "{accepted}");
    assert!(after.is_subset(&post.entries().await));
    assert_eq!(post.stories().await.len(), 25);
    assert_eq!(post.alerts().await, ["broke ids-changed", "recovered ids-changed"]);
    let (_, text) = post.run(&["check", "jx"]).await;
    assert!(!text.contains("held back"), "{text}");
    let (_, again) = post.json(&["fetch", "jx", "--accept"]).await;
    assert_eq!(again["new"], 0, "{again}");
}

/// The page of a digest of one day: three stories of its own.
fn page(day: u64, now: Timestamp) -> Answer {
    let bureaus = ["江西省邮政管理局", "湖北省邮政管理局", "广东省邮政管理局"];
    let story = |(n, bureau): (usize, &&str)| {
        let number = usize::try_from(day).unwrap() * 10 + n;
        let text = body(number).replace("\n\n", "");
        let title = format!("{}局第{number}次部署年度重点工作", bureau.chars().take(2).collect::<String>());
        let paragraphs =
            vec![format!("近日,{bureau}召开第{number}次专题会议。{text}"), "会议要求压实责任。".into()];
        (title, paragraphs, (*bureau).to_owned())
    };
    let stories: Vec<_> = bureaus.iter().enumerate().map(story).collect();
    digest_page(&stories, &at(now, day))
}

/// A list of a digest's pages of days, the newest first.
fn pages(upstream: &Upstream, days: std::ops::RangeInclusive<u64>, folder: &str, now: Timestamp) {
    let told = |day: u64| Told {
        number: day,
        id: String::new(),
        url: format!("/{folder}/dy/article/{day:016}.html"),
        title: format!("各地邮政管理局动态第{}期", 500 - day),
        days_ago: day,
    };
    let days: Vec<Told> = days.map(told).collect();
    for told in &days {
        upstream.set(&told.url, page(told.number, now));
    }
    let row = |told: &Told| {
        let (url, title, day) = (&told.url, &told.title, at(now, told.days_ago)[..10].to_owned());
        format!("<li><h4><a href=\"{url}\">{title}</a></h4><span class=\"time\">{day}</span></li>")
    };
    let rows: String = days.iter().map(row).collect();
    upstream.set("/digests", Answer::html(format!("<div class=\"tab_content\"><ul>{rows}</ul></div>")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_whose_pages_all_move_announces_none_of_their_stories_again() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let post = Post::new(&format!(
        "[[source]]\nkey = \"paper\"\nkind = \"digest\"\nurl = \"{}\"\nprofile = \"netease\"\nrole = \"paper\"\n",
        upstream.url("/digests")
    ));
    pages(&upstream, 2..=9, "old", now);
    let (code, first) = post.json(&["fetch"]).await;
    assert_eq!((code, &first["rows"], &first["new"]), (0, &8.into(), &24.into()), "{first}");
    let before = post.entries().await;
    assert_eq!(post.stories().await.len(), 24);
    let n_asked = upstream.asked().len();

    // All pages under other addresses, and one that is new.
    pages(&upstream, 0..=9, "new", now);
    let (code, moved) = post.json(&["fetch"]).await;
    assert_eq!(code, 0, "{moved}");
    let told = note(&moved);
    assert!(told.contains("8 were recognised"), "{told}");
    let after = post.entries().await;
    assert!(before.is_subset(&after), "no story has moved");
    assert_eq!((after.len(), post.stories().await.len()), (30, 30), "two new pages of three stories: {told}");
    assert_eq!(post.alerts().await, ["broke ids-changed"]);
    let asked: Vec<String> = upstream.asked().split_off(n_asked);
    assert_eq!(asked.iter().filter(|path| path.contains("/new/")).count(), 2, "{asked:?}");
    let (_, quiet) = post.json(&["fetch"]).await;
    assert_eq!(quiet["new"], 0, "{quiet}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_one_page_that_moves_keeps_its_stories_and_tells_the_new_ones() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    let post = Post::new(&format!(
        "[[source]]\nkey = \"paper\"\nkind = \"digest\"\nurl = \"{}\"\nprofile = \"netease\"\nrole = \"paper\"\n",
        upstream.url("/digest")
    ));
    let stories = |from: usize| -> Vec<(String, Vec<String>, String)> {
        let story = |n: usize| {
            let text = body(n).replace("\n\n", "");
            let paragraphs =
                vec![format!("近日,江西省邮政管理局召开第{n}次会议。{text}"), "会议要求压实责任。".into()];
            (format!("江西局第{n}次部署年度重点工作"), paragraphs, "江西省邮政管理局".to_owned())
        };
        (from..from + 8).map(story).collect()
    };
    upstream.set("/digest", Answer::Redirect("/2026/a.html".into()));
    upstream.set("/2026/a.html", digest_page(&stories(1), &at(now, 1)));
    let (code, first) = post.json(&["fetch"]).await;
    assert_eq!((code, &first["new"]), (0, &8.into()), "{first}");
    let before = post.stories().await;
    // The same page under another address, one story left out and one put in.
    upstream.set("/digest", Answer::Redirect("/other/b.html".into()));
    upstream.set("/other/b.html", digest_page(&stories(2), &at(now, 0)));
    let (code, moved) = post.json(&["fetch"]).await;
    assert_eq!(code, 0, "{moved}");
    let after = post.stories().await;
    assert!(before.is_subset(&after), "no story has moved");
    assert_eq!((after.len(), &moved["new"]), (9, &1.into()), "{moved}");
}
