//! `dibao check` beside what a source gave before.

use std::{collections::HashSet, sync::Arc};

use dibao::{
    clock,
    poll::{Look, Looker},
};

use crate::support::{
    house::{House, settings},
    upstream::{Answer, Upstream},
};

/// A list of `n` items, dated or not.
fn list(n: usize, is_dated: bool) -> Answer {
    let row = |i: usize| {
        let date = if is_dated { format!("<span>{}</span>", day()) } else { "<span>新</span>".to_owned() };
        format!("<li><a href=\"{}\">江西局召开第{i}次会议</a>{date}</li>", path(i))
    };
    Answer::html(format!("<html><body><ul>{}</ul></body></html>", (0..n).map(row).collect::<String>()))
}

fn path(i: usize) -> String {
    format!("/jx/202611/{i:032x}.shtml")
}

fn day() -> String {
    let zone = jiff::tz::Offset::from_hours(8).unwrap();
    dibao::normalise::time::rfc3339(clock::now(), zone)[..10].to_owned()
}

fn article(date: &str, body: &str) -> Answer {
    Answer::html(format!(
        "<html><body><div class=\"content\"><h2>会议</h2><div class=\"info\"><p class=\"fl\">{date}</p></div>{body}</div></body></html>"
    ))
}

async fn look(house: &House) -> Look {
    let source = Arc::clone(house.poller.config.source("jx").unwrap());
    Looker::from(&house.poller).look(Some(&house.poller.store), &source, 2, clock::now()).await.unwrap()
}

fn names(look: &Look) -> HashSet<&'static str> {
    look.faults().map(|fault| fault.name).collect()
}

#[tokio::test]
async fn what_became_worse_is_told_with_what_was_there_before() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(
        &folder,
        &settings(&format!(
            "[[source]]\nkey = \"jx\"\nkind = \"list\"\nurl = \"{}\"\nprofile = \"kaipuyun\"\nbureau = \"CN-JX\"\nrole = \"primary\"\n",
            upstream.url("/list.shtml")
        )),
    )
    .await;
    upstream.set("/list.shtml", list(8, true));
    let body = "<div class=\"detail-news\"><p>会议通报了检查情况，部署了下一步工作。</p></div>";
    for i in 0..8 {
        upstream.set(&path(i), article(&format!("日期：{}", day()), body));
    }
    let first = look(&house).await;
    assert_eq!(
        (names(&first).len(), first.before, first.rows_before),
        (0, None, None),
        "nothing to compare with"
    );
    house.poll("jx", clock::now()).await;
    let same = look(&house).await;
    assert!(names(&same).is_empty(), "{same:?}");
    let before = same.before.unwrap();
    assert_eq!((before.n_entries, before.n_timed, before.n_bureau, before.n_text), (8, 8, 8, 8));
    assert_eq!((same.rows_before, same.now.n_timed_rows), (Some(8), 8));

    upstream.set("/list.shtml", list(3, true));
    assert_eq!(names(&look(&house).await), HashSet::from(["rows-lost"]));
    upstream.set("/list.shtml", list(8, false));
    for i in 0..8 {
        upstream.set(&path(i), article("", ""));
    }
    let worse = look(&house).await;
    assert_eq!(names(&worse), HashSet::from(["dates-lost", "texts-empty"]), "{worse:?}");
    let told: Vec<String> = worse.faults().map(dibao::observe::Fault::told).collect();
    let dates = told.iter().find(|told| told.contains("has a time")).unwrap();
    assert!(dates.contains("8 of the last 8 entries") && dates.contains("list.date"), "{told:?}");
    house.close().await;
}
