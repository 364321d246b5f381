//! The cursor: whoever goes on from it gets every later change once, whatever happens in between; and it never lies.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    time::Duration,
};

use axum::http::StatusCode;
use dibao::{
    model::Timestamp,
    store::{Limits, Progress, Store},
};
use serde_json::Value;

use crate::support::{
    client::Client,
    house::after,
    stock::{Stock, Told, at, told},
};

const NOW: &str = "2026-11-24T02:00:00Z";

/// What a program keeps of the stream: items and cursor, written together or not at all.
#[derive(Default, Clone)]
struct Copy {
    stories: BTreeMap<String, Value>,
    deleted: BTreeMap<String, Value>,
    cursor: Option<String>,
    /// Each state of a story that was applied.
    applied: Vec<(String, String)>,
}

impl Copy {
    fn apply(&mut self, page: &Value) {
        for item in page["items"].as_array().unwrap() {
            let id = item["story"].as_str().unwrap().to_owned();
            if item["deleted"] == true {
                self.stories.remove(&id);
                self.applied.push((id.clone(), format!("deleted {}", item["reason"])));
                self.deleted.insert(id, item.clone());
            } else {
                self.applied.push((id.clone(), item["title"].as_str().unwrap().to_owned()));
                self.deleted.remove(&id);
                self.stories.insert(id, item.clone());
            }
        }
        self.cursor = Some(page["next"].as_str().unwrap().to_owned());
    }

    /// Reads all that there is.
    async fn read(&mut self, client: &Client) {
        loop {
            let page = client.json(&self.path(7)).await;
            self.apply(&page);
            if page["more"] == false {
                return;
            }
        }
    }

    fn path(&self, limit: usize) -> String {
        let after = self.cursor.as_ref().map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        format!("/api/v1/entries?limit={limit}{after}")
    }
}

fn titled(id: usize, title: &str) -> Told<'_> {
    Told {
        source: "jx",
        id: Box::leak(id.to_string().into_boxed_str()),
        title,
        text: title,
        ..Told::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_at_random_sees_each_change_once() {
    const N_CHANGES: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx"], at(NOW)).await;
    let client = Client::of(&stock);
    let titles: Vec<String> =
        (0..N_CHANGES).map(|n| format!("{}号公告", blake3::hash(&n.to_le_bytes()).to_hex())).collect();
    let written = async {
        for (n, chunk) in titles.chunks(5).enumerate() {
            let entries: Vec<Told> =
                chunk.iter().enumerate().map(|(i, title)| titled(n * 5 + i, title)).collect();
            stock.tell(&entries, after(at(NOW), u64::try_from(n).unwrap())).await;
        }
    };
    let read = async {
        let mut kept = Copy::default();
        let mut n_killed = 0;
        while kept.applied.len() < N_CHANGES {
            // What is not kept when the program is killed is as if it had not been read.
            let mut running = kept.clone();
            let lifetime = Duration::from_micros(fastrand::u64(..20_000));
            let life = async {
                loop {
                    let page = client.json(&running.path(fastrand::usize(1..40))).await;
                    tokio::task::yield_now().await;
                    running.apply(&page);
                    if fastrand::bool() {
                        kept = running.clone();
                    }
                    if page["more"] == false {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            };
            n_killed += usize::from(tokio::time::timeout(lifetime, life).await.is_err());
        }
        (kept, n_killed)
    };
    let ((), (kept, n_killed)) = tokio::join!(written, read);
    assert!(n_killed > 5, "{n_killed}");
    let distinct: HashSet<&(String, String)> = kept.applied.iter().collect();
    assert_eq!((kept.applied.len(), distinct.len()), (N_CHANGES, N_CHANGES));
    let seen: HashSet<&str> = kept.applied.iter().map(|(_, title)| title.as_str()).collect();
    assert!(titles.iter().all(|title| seen.contains(title.as_str())));
}

#[tokio::test]
async fn restarts_and_tellings_again_repeat_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
    stock.tell(&told(), at(NOW)).await;
    let mut copy = Copy::default();
    copy.read(&Client::of(&stock)).await;
    assert_eq!(copy.applied.len(), 4);
    for hour in 1..4 {
        stock.store.close().await;
        let again = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
        again.tell(&told(), after(at(NOW), hour * 3_600)).await;
        copy.read(&Client::of(&again)).await;
        assert_eq!(copy.applied.len(), 4, "the same again is no change");
        again.store.close().await;
    }
    let last = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
    last.tell(&[Told { title: "更正", ..told()[0].clone() }], after(at(NOW), 20_000)).await;
    copy.read(&Client::of(&last)).await;
    assert_eq!(copy.applied.len(), 5);
}

#[tokio::test]
async fn stories_withdrawn_and_merged_come_as_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
    stock.tell(&told(), at(NOW)).await;
    let client = Client::of(&stock);
    let mut copy = Copy::default();
    copy.read(&client).await;
    stock.withdraw("sx", &["1"], at("2026-11-24T03:00:00Z")).await;
    copy.read(&client).await;
    assert_eq!(copy.stories.len(), 3);
    assert_eq!(copy.deleted.values().next().unwrap()["reason"], "withdrawn");

    let named = |copy: &Copy, start: &str| {
        let found = copy.stories.values().find(|story| story["title"].as_str().unwrap().starts_with(start));
        found.unwrap()["story"].as_str().unwrap().to_owned()
    };
    let (older, younger) = (named(&copy, "江西"), named(&copy, "机关"));
    merge(&stock.store, &younger, &older).await;
    copy.read(&client).await;
    let gone = &copy.deleted[&younger];
    assert_eq!(
        (gone["reason"].as_str(), gone["merged_into"].as_str()),
        (Some("merged"), Some(older.as_str()))
    );
    assert_eq!(copy.stories[&older]["copies"].as_array().unwrap().len(), 1);
    let moved = client.get(&format!("/api/v1/stories/{}", gone["short_id"].as_str().unwrap())).await;
    assert_eq!(moved.status, StatusCode::PERMANENT_REDIRECT);
    let to = moved.header("location").strip_prefix("https://feeds.example").unwrap().to_owned();
    assert_eq!(client.json(&to).await["story"], older.as_str());
    // From the beginning, the tombstones come too.
    let mut fresh = Copy::default();
    fresh.read(&client).await;
    assert_eq!((fresh.stories.len(), fresh.deleted.len()), (2, 2));
    assert_eq!(fresh.stories, copy.stories);
}

async fn merge(store: &Store, younger: &str, older: &str) {
    let row = async |atom_id: &str| {
        let found = store.search(&dibao::store::Search::default(), None, 99).await.unwrap();
        for found in found {
            let told = store.stories_of(&[found.story_id]).await.unwrap().remove(0);
            if told.story.atom_id.0 == atom_id {
                return found.story_id;
            }
        }
        panic!("{atom_id} is not indexed")
    };
    while store.index_next(50).await.unwrap() > 0 {}
    let (from, into) = (row(younger).await, row(older).await);
    let mut batch = store.begin().await.unwrap();
    batch.merge_story(from, into, at("2026-11-24T06:00:00Z")).await.unwrap();
    batch.commit().await.unwrap();
}

/// Puts a copy of a closed store aside, or back.
fn copy_store(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let (from, to) = (format!("{}{suffix}", from.display()), format!("{}{suffix}", to.display()));
        let _ = std::fs::remove_file(&to);
        if Path::new(&from).exists() {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}

#[tokio::test]
async fn after_a_restore_a_cursor_is_refused_unless_it_is_older_than_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let aside = folder.path().join("aside.db");
    let open = async || Stock::open(&folder, &["jx"], at(NOW)).await;
    let tell = async |stock: &Stock, ids: std::ops::Range<usize>| {
        for id in ids {
            let title = blake3::hash(&id.to_le_bytes()).to_hex().to_string();
            stock.tell(&[titled(id, &title)], at(NOW)).await;
        }
    };
    let cursor = async |stock: &Stock| Client::of(stock).changes("", None).await.1;

    let stock = open().await;
    tell(&stock, 0..3).await;
    let before = cursor(&stock).await;
    tell(&stock, 3..5).await;
    let at_copy = cursor(&stock).await;
    stock.store.close().await;
    copy_store(&path, &aside);

    // The same run goes on, once without and once with a restart; both are lost.
    let stock = open().await;
    tell(&stock, 5..8).await;
    let lost = cursor(&stock).await;
    stock.store.close().await;
    let stock = open().await;
    tell(&stock, 8..10).await;
    let lost_later = cursor(&stock).await;
    stock.store.close().await;
    copy_store(&aside, &path);

    let stock = open().await;
    let client = Client::of(&stock);
    let refused = async |cursor: &str| client.get(&format!("/api/v1/entries?after={cursor}")).await;
    let check = async |n_new: usize| {
        for cursor in [&lost, &lost_later] {
            let answer = refused(cursor).await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem().as_str()),
                (410, "cursor-unknown"),
                "{cursor}"
            );
        }
        assert_eq!(client.changes("", Some(&before)).await.0.len(), 2 + n_new);
        assert_eq!(client.changes("", Some(&at_copy)).await.0.len(), n_new);
    };
    check(0).await;
    // Other changes take the places of those that were lost.
    tell(&stock, 20..30).await;
    check(10).await;
}

#[tokio::test]
async fn a_copy_of_a_store_that_ran_on_is_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let aside = folder.path().join("aside.db");
    let stock = Stock::open(&folder, &["jx"], at(NOW)).await;
    stock.tell(&[titled(1, "甲")], at(NOW)).await;
    copy_store(&path, &aside);
    stock.tell(&[titled(2, "乙乙乙")], at(NOW)).await;
    let (_, lost) = Client::of(&stock).changes("", None).await;
    stock.store.close().await;
    copy_store(&aside, &path);
    let stock = Stock::open(&folder, &["jx"], at(NOW)).await;
    stock.tell(&[titled(3, "丙丙丙"), titled(4, "丁丁丁")], at(NOW)).await;
    let answer = Client::of(&stock).get(&format!("/api/v1/entries?after={lost}")).await;
    assert_eq!(answer.problem(), "cursor-unknown");
}

#[tokio::test]
async fn a_cursor_before_what_was_let_go_of_is_refused_and_later_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
    let client = Client::of(&stock);
    let (_, start) = client.changes("", None).await;
    stock.tell(&told()[..1], at("2024-01-01T00:00:00Z")).await;
    stock.tell(&told()[1..2], at(NOW)).await;
    let (_, end) = client.changes("", None).await;
    let limit = at("2025-01-01T00:00:00Z");
    stock.store.purge(&Limits::all(limit), &mut Progress::default(), limit).await.unwrap();
    let expired = client.get(&format!("/api/v1/entries?after={start}")).await;
    assert_eq!((expired.status.as_u16(), expired.problem().as_str()), (410, "cursor-expired"));
    assert_eq!(client.changes("", Some(&end)).await.0, [Value::Null; 0]);
    assert_eq!(client.changes("", None).await.0.len(), 1);
}

#[tokio::test]
async fn with_filters_what_matches_no_longer_is_deleted_and_the_cursor_moves_on() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
    stock.tell(&told(), at(NOW)).await;
    let client = Client::of(&stock);
    let titles = |items: &[Value]| -> Vec<String> {
        let title = |item: &Value| match item["reason"].as_str() {
            Some(reason) => reason.to_owned(),
            None => item["title"].as_str().unwrap().chars().take(2).collect(),
        };
        items.iter().map(title).collect()
    };
    for (filter, before, later) in [
        ("topic=safety", vec!["山西", "綠色"], vec!["unmatched"]),
        ("region=CN-SX", vec!["山西", "綠色"], vec!["山西"]),
        ("region=CN-JX", vec!["江西", "机关"], vec![]),
        ("q=安全生产", vec!["山西"], vec!["unmatched"]),
        ("q=会议", vec!["江西", "山西"], vec!["山西"]),
        ("q=快递", vec!["江西", "机关", "綠色"], vec!["unmatched"]),
        ("until=2026-11-23", vec!["江西", "山西", "机关"], vec!["unmatched"]),
        ("source=jx", vec!["江西", "机关"], vec![]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let stock = Stock::open(&folder, &["jx", "sx"], at(NOW)).await;
        stock.tell(&told(), at(NOW)).await;
        let client = Client::of(&stock);
        let (items, cursor) = client.changes(filter, None).await;
        assert_eq!(titles(&items), before, "{filter}");
        let (none, same) = client.changes(filter, Some(&cursor)).await;
        assert_eq!((none.len(), &same), (0, &cursor));
        let corrected = Told {
            title: "山西召开视频会议",
            text: "会议内容有更正，十起事故改为八起，其余不变，特此说明。",
            topics: &[],
            published: Some("2026-11-24T01:00:00Z"),
            ..told()[1].clone()
        };
        stock.tell(&[corrected], at("2026-11-24T03:00:00Z")).await;
        let (items, next) = client.changes(filter, Some(&cursor)).await;
        assert_eq!(titles(&items), later, "{filter}");
        assert_ne!(next, cursor, "{filter}");
    }
    // A new story that does not match is not news of a deletion.
    let (_, cursor) = client.changes("topic=safety", None).await;
    let other =
        Told { source: "jx", id: "9", title: "其他事项的通知", text: "其他", ..Told::default() };
    stock.tell(&[other], at(NOW)).await;
    let (items, next) = client.changes("topic=safety", Some(&cursor)).await;
    assert_eq!((items.len(), next == cursor), (0, false));
}

#[tokio::test]
async fn now_skips_what_is_there_and_a_wait_ends_with_the_next_change() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx"], at(NOW)).await;
    stock.tell(&[titled(1, "甲甲甲")], at(NOW)).await;
    let client = Client::of(&stock);
    let page = client.json("/api/v1/entries?after=now").await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["more"]), (0, &Value::Bool(false)));
    let path = format!("/api/v1/entries?wait=20&after={}", page["next"].as_str().unwrap());
    let change = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stock.tell(&[titled(2, "乙乙乙")], at(NOW)).await;
        client.count.send_replace(2);
    };
    let started = std::time::Instant::now();
    let (answer, ()) = tokio::join!(client.get(&path), change);
    assert_eq!(answer.json()["items"][0]["title"], "乙乙乙");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(answer.header("cache-control"), "no-cache");
    let next = answer.json()["next"].as_str().unwrap().to_owned();
    let waited = client.json(&format!("/api/v1/entries?wait=1&after={next}")).await;
    assert_eq!(
        (waited["items"].as_array().unwrap().len(), waited["next"].as_str()),
        (0, Some(next.as_str()))
    );
}

#[tokio::test]
async fn pages_end_before_they_grow_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx"], at(NOW)).await;
    let texts: Vec<String> =
        (0..12_u32).map(|n| blake3::hash(&n.to_le_bytes()).to_hex().repeat(5_000)).collect();
    for (n, text) in texts.iter().enumerate() {
        let told = Told { text, ..titled(n, text.get(..20).unwrap()) };
        stock.tell(&[told], at(NOW)).await;
    }
    let client = Client::of(&stock);
    for path in ["/api/v1/entries", "/api/v1/stories"] {
        let page = client.json(path).await;
        let n_items = page["items"].as_array().unwrap().len();
        assert!(n_items < 12, "{path} {n_items}");
        assert_eq!(page["more"], true);
    }
    let (items, _) = client.changes("", None).await;
    assert_eq!(items.len(), 12);
    let _: Timestamp = items[0]["changed"].as_str().unwrap().parse().unwrap();
}
