//! What is remembered of candidates follows what is stored, whoever writes and whatever fails.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use super::*;
use crate::{
    dedup::{Candidate, Features, Parts, Tables},
    model::{Entry, Role, SourceKey},
};

const WINDOW: Duration = Duration::from_hours(45 * 24);
const DAY_MS: i64 = 86_400_000;
/// Sentences of which texts are made, each by its own words.
const SENTENCES: [&str; 6] = [
    "省邮政管理局派出三个督导组赴赣州上饶抚州等地的乡镇开展农村寄递物流专项督导",
    "督导组随机走访村级寄递物流综合服务站现场查看快件到站时间取件登记和收费公示情况",
    "约谈会通报了十月份联合检查发现的火灾隐患其中电气线路敷设不规范安全出口堵塞占一半",
    "全省邮政行业业务收入同比增长百分之八快递业务量完成二十三亿件包裹业务明显回升",
    "快递员之家揭牌启用为户外工作者提供饮水休息充电法律咨询等十二项免费服务",
    "局党组书记主持理论学习中心组集体学习研讨交流并就下一步工作提出五点具体要求",
];

/// A text of an event: copies of one have both sentences in common, of the next one.
fn text(event: usize, n: usize) -> String {
    let [a, b] = [event, event + 1].map(|i| SENTENCES[i % SENTENCES.len()]);
    format!("{a}，第{event}号。{b}，第{event}号。{n}次印发。")
}

/// What an entry tells: of which event, on which day, how often told before.
#[derive(Debug, Clone, Copy)]
struct Told {
    event: usize,
    day: i64,
    n: usize,
}

impl Told {
    fn entry(self, source: &str, id: &str) -> Entry {
        let text = text(self.event, self.n);
        Entry {
            source: SourceKey::parse(source).unwrap(),
            source_entry_id: id.to_owned(),
            url: format!("https://{source}.example.cn/{id}"),
            canonical_url: None,
            title: format!("第{}号消息", self.event),
            published: Some(self.published()),
            updated_at: None,
            bureau: None,
            region: None,
            role: Role::Primary,
            topics: Vec::new(),
            content_html: format!("<p>{text}</p>"),
            content_text: text,
            summary: None,
            enclosures: Vec::new(),
            language: "zh-CN".into(),
            upstream_id: None,
        }
    }

    fn published(self) -> Published {
        Published { at: at(self.day * DAY_MS), precision: Precision::Second }
    }
}

fn features(entry: &Entry) -> Features {
    let parts = Parts {
        source_key: entry.source.as_str(),
        source_entry_id: &entry.source_entry_id,
        role: entry.role,
        canonical_url: None,
        title: &entry.title,
        text: &entry.content_text,
        region: None,
        published_at: entry.published.unwrap().at,
    };
    Features::of(&parts, Tables::shipped())
}

fn row<'a>(entry: &'a Entry, features: &'a Arc<Features>) -> NewEntry<'a> {
    NewEntry {
        entry,
        title_key: &features.title_key,
        body_hash: features.body_hash,
        features: Some(Arc::clone(features)),
        evidence: None,
        fingerprint: "1",
        row_hash: None,
        row: None,
        shown: entry.published.unwrap(),
        at: features.published_at,
        written_at: features.published_at,
    }
}

/// Adds an entry in a story of its own.
async fn add(batch: &mut Batch, told: Told, source: &str, id: &str) -> Result<i64, StoreError> {
    let entry = told.entry(source, id);
    let features = Arc::new(features(&entry));
    batch.candidates(&features, WINDOW).await?;
    let (shown, at) = (told.published(), features.published_at);
    let story = batch.insert_story(&format!("urn:x-test:{source}:{id}"), shown, at, at, at).await?;
    let entry_id = batch.insert_entry(&row(&entry, &features), story, "first").await?;
    batch.show(story, entry_id, shown).await?;
    batch.visible(story);
    Ok(entry_id)
}

async fn put(store: &Store, told: Told, source: &str, id: &str) -> i64 {
    let mut batch = store.begin().await.unwrap();
    let entry_id = add(&mut batch, told, source, id).await.unwrap();
    batch.commit().await.unwrap();
    entry_id
}

/// The candidates for an entry, each with its event, its story, and whether it heads that: what they say must be what is
/// stored.
async fn found(store: &Store, told: Told) -> Vec<(i64, String, i64, bool)> {
    let mut batch = store.begin().await.unwrap();
    let candidates = batch.candidates(&features(&told.entry("asked", "1")), WINDOW).await.unwrap();
    let said = |it: &Candidate| (it.entry_id, it.features.title_key.clone(), it.story_id, it.is_head);
    candidates.iter().map(said).collect()
}

async fn ids(store: &Store, told: Told) -> Vec<i64> {
    found(store, told).await.into_iter().map(|(id, ..)| id).collect()
}

/// Of each candidate for an entry its story.
async fn stories(store: &Store, told: Told) -> Vec<i64> {
    found(store, told).await.into_iter().map(|(_, _, story_id, _)| story_id).collect()
}

const ONE: Told = Told { event: 1, day: 20_000, n: 1 };
const AGAIN: Told = Told { n: 2, ..ONE };
const OTHER: Told = Told { event: 9, day: 20_000, n: 1 };

/// Makes one of the stories of two entries.
async fn put_together(batch: &mut Batch, from: i64, into: i64) {
    let mut stories = Vec::new();
    for entry in [from, into] {
        let query = sqlx::query_scalar("SELECT story_id FROM entry WHERE id = $1").bind(entry);
        stories.push(query.fetch_one(&mut *batch.tx).await.unwrap());
    }
    batch.merge_story(stories[0], stories[1], at(1)).await.unwrap();
}

/// Runs something until it has been woken so often, then gives it up.
async fn given_up_after<T>(n_wakes: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = n_wakes;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test]
async fn what_another_process_writes_is_found_from_the_next_batch_on() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(&folder).await, open(&folder).await);
    assert_eq!(ids(&ours, ONE).await, [0; 0], "the index is loaded, and empty");
    let first = put(&theirs, ONE, "jx", "1").await;
    assert_eq!(ids(&ours, AGAIN).await, [first]);
    let second = put(&ours, AGAIN, "sx", "1").await;
    assert_eq!(second, first + 1, "numbers are given once");
    assert_eq!(ids(&theirs, AGAIN).await, [first, second]);
}

#[tokio::test]
async fn what_another_process_changes_is_no_longer_found_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(&folder).await, open(&folder).await);
    let id = put(&ours, ONE, "jx", "1").await;
    assert_eq!(ids(&ours, AGAIN).await, [id]);
    let entry = OTHER.entry("jx", "1");
    let other = Arc::new(features(&entry));
    let mut batch = theirs.begin().await.unwrap();
    batch.revise_entry(id, &row(&entry, &other)).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(ids(&ours, AGAIN).await, [0; 0]);
    assert_eq!(found(&ours, OTHER).await, [(id, other.title_key.clone(), 1, true)]);
}

#[tokio::test]
async fn what_another_process_puts_together_is_one_story_from_the_next_batch_on() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(&folder).await, open(&folder).await);
    put(&ours, ONE, "jx", "1").await;
    put(&ours, AGAIN, "sx", "1").await;
    assert_eq!(stories(&ours, AGAIN).await, [1, 2]);
    let mut batch = theirs.begin().await.unwrap();
    batch.merge_story(2, 1, at(1)).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(stories(&ours, AGAIN).await, [1, 1]);
}

#[tokio::test]
async fn a_story_whose_texts_left_is_old_for_every_process() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(&folder).await, open(&folder).await);
    put(&ours, ONE, "jx", "1").await;
    for store in [&ours, &theirs] {
        assert_eq!(stories(store, AGAIN).await, [1]);
        // What a batch has looked up is remembered by its commit.
        put(store, OTHER, "nx", &format!("{:?}", std::ptr::from_ref(store))).await;
    }
    let limits = Limits { features: at(0), ..Limits::all(at(i64::from(u32::MAX) * 1_000)) };
    assert_eq!(ours.purge(&limits, &mut Progress::default(), at(1)).await.unwrap(), 3);
    for store in [&ours, &theirs] {
        let mut batch = store.begin().await.unwrap();
        let candidates = batch.candidates(&features(&AGAIN.entry("sx", "1")), WINDOW).await.unwrap();
        assert!(!candidates.is_empty() && candidates.iter().all(|it| batch.is_old(it.story_id)));
    }
}

#[tokio::test]
async fn catching_up_that_is_given_up_anywhere_is_done_by_the_next_batch() {
    for n_wakes in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (open(&folder).await, open(&folder).await);
        put(&ours, OTHER, "jx", "0").await;
        assert_eq!(ids(&ours, ONE).await, [0; 0]);
        let id = put(&theirs, ONE, "jx", "1").await;
        let given_up = given_up_after(n_wakes, ids(&ours, AGAIN)).await;
        assert_eq!(ids(&ours, AGAIN).await, [id], "given up after {n_wakes} wakes");
        if given_up.is_some() {
            return;
        }
    }
    panic!("it did not end");
}

#[tokio::test]
async fn catching_up_that_failed_is_done_by_the_next_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (open(&folder).await, open(&folder).await);
    assert_eq!(ids(&ours, ONE).await, [0; 0]);
    let id = put(&theirs, ONE, "jx", "1").await;
    sqlx::query("ALTER TABLE feature RENAME TO hidden").execute(&theirs.writer).await.unwrap();
    let mut batch = ours.begin().await.unwrap();
    assert!(batch.candidates(&features(&AGAIN.entry("sx", "1")), WINDOW).await.is_err());
    drop(batch);
    sqlx::query("ALTER TABLE hidden RENAME TO feature").execute(&theirs.writer).await.unwrap();
    assert_eq!(ids(&ours, AGAIN).await, [id]);
}

#[tokio::test]
async fn a_batch_that_is_not_committed_leaves_nothing_to_be_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = put(&store, OTHER, "jx", "0").await;
    let mut batch = store.begin().await.unwrap();
    let ghost = add(&mut batch, ONE, "jx", "1").await.unwrap();
    let known = batch.candidates(&features(&AGAIN.entry("sx", "1")), WINDOW).await.unwrap();
    assert_eq!(known.iter().map(|it| it.entry_id).collect::<Vec<_>>(), [ghost], "in the batch it is found");
    drop(batch);
    assert_eq!(ids(&store, AGAIN).await, [0; 0]);
    // Its number is given to another entry, which is not found by the ghost's text.
    let other = put(&store, Told { event: 4, ..ONE }, "jx", "2").await;
    assert_eq!(other, ghost);
    assert_eq!(ids(&store, AGAIN).await, [0; 0]);
    assert_eq!(ids(&store, OTHER).await, [first, other]);
}

#[tokio::test]
async fn an_error_within_a_batch_leaves_nothing_to_be_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = put(&store, OTHER, "jx", "0").await;
    let mut batch = store.begin().await.unwrap();
    add(&mut batch, ONE, "jx", "1").await.unwrap();
    // One id twice: what was kept back cannot be written.
    add(&mut batch, OTHER, "jx", "0").await.unwrap();
    assert!(batch.commit().await.is_err());
    assert_eq!(ids(&store, AGAIN).await, [0; 0]);
    assert_eq!(ids(&store, OTHER).await, [first]);
}

#[tokio::test]
async fn a_change_that_is_not_committed_leaves_an_entry_found_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let id = put(&store, ONE, "jx", "1").await;
    let entry = OTHER.entry("jx", "1");
    let other = Arc::new(features(&entry));
    let mut batch = store.begin().await.unwrap();
    batch.revise_entry(id, &row(&entry, &other)).await.unwrap();
    let known = batch.candidates(&features(&OTHER.entry("sx", "1")), WINDOW).await.unwrap();
    assert_eq!(known.len(), 1);
    drop(batch);
    assert_eq!(ids(&store, OTHER).await, [0; 0]);
    assert_eq!(ids(&store, AGAIN).await, [id]);
}

/// Two processes write, change, fail and give up in turn; each finds what one finds that has just begun.
#[tokio::test]
async fn whatever_happened_what_is_remembered_is_what_is_stored() {
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        let stores = [open(&folder).await, open(&folder).await];
        let told = |random: &mut fastrand::Rng| Told {
            event: random.usize(0..12),
            day: 20_000 + random.i64(0..120),
            n: random.usize(0..5),
        };
        let mut kept = Vec::new();
        for step in 0..50 {
            let store = &stores[random.usize(0..2)];
            let mut batch = store.begin().await.unwrap();
            let mut added = Vec::new();
            if let [into, .., from] = kept[..]
                && random.usize(0..8) == 0
            {
                put_together(&mut batch, from, into).await;
            }
            for n in 0..random.usize(1..4) {
                if let Some(id) = kept.get(random.usize(0..=kept.len())).copied()
                    && random.bool()
                {
                    let entry = told(&mut random).entry("jx", "revised");
                    let features = Arc::new(features(&entry));
                    batch.revise_entry(id, &row(&entry, &features)).await.unwrap();
                    continue;
                }
                let id = format!("{step}-{n}");
                added.push(add(&mut batch, told(&mut random), "jx", &id).await.unwrap());
            }
            match random.usize(0..4) {
                0 => drop(batch),
                1 => {
                    // Given up before the commit begins, while it is under way, or after it.
                    given_up_after(random.usize(0..12), batch.commit()).await;
                    kept = sqlx::query_scalar("SELECT id FROM entry").fetch_all(&store.writer).await.unwrap();
                }
                _ => {
                    batch.commit().await.unwrap();
                    kept.extend(added);
                }
            }
            if random.usize(0..10) == 0 {
                store.rest();
            }
            let fresh = open(&folder).await;
            for store in &stores {
                let asked = told(&mut random);
                assert_eq!(
                    found(store, asked).await,
                    found(&fresh, asked).await,
                    "seed {seed}, step {step}: {asked:?}"
                );
            }
            fresh.close().await;
        }
    }
}
