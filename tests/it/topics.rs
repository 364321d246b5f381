//! Topics of what is stored follow their rules, and nothing else moves.

use dibao::{
    daemon::relabel,
    model::{Story, Timestamp},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    house::all_stories,
    stock::{Stock, Told},
};

const NOW: &str = "2026-11-24T02:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn topics(story: &Story) -> Vec<&str> {
    story.copies[0].entry.topics.iter().map(String::as_str).collect()
}

async fn again(stock: &Stock) -> (usize, usize) {
    relabel(&stock.config, &stock.store, now(), &CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn stored_entries_get_the_topics_of_new_rules_and_nothing_else_moves() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx"], now()).await;
    let ids: Vec<String> = (0..250).map(|id| id.to_string()).collect();
    let titles: Vec<String> = ids
        .iter()
        .map(|id| {
            if id.ends_with('7') {
                format!("第{id}号寄递安全检查")
            } else {
                format!("第{id}号通知")
            }
        })
        .collect();
    let told: Vec<Told> = ids
        .iter()
        .zip(&titles)
        .map(|(id, title)| Told { source: "jx", id, title, text: title, topics: &["old"], ..Told::default() })
        .collect();
    stock.tell(&told, now()).await;
    let before = all_stories(&stock.store).await;
    assert_eq!(before.len(), 250);
    let seq = stock.store.feed_state().await.unwrap().change_seq;

    assert_eq!(again(&stock).await, (250, 250), "all had a topic that no rule knows");
    let after = all_stories(&stock.store).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(
            (&before.atom_id, before.updated_at, before.first_at),
            (&after.atom_id, after.updated_at, after.first_at)
        );
        let is_safety = after.copies[0].entry.title.contains("安全");
        assert_eq!(topics(after), if is_safety { vec!["safety"] } else { vec![] }, "{after:?}");
        assert!(after.seq > seq, "programs are told");
    }
    assert_eq!(again(&stock).await, (0, 0), "the same rules find nothing to do");

    let new = Told { id: "new", topics: &["old"], ..told[0].clone() };
    stock.tell(&[new], now()).await;
    assert_eq!(again(&stock).await, (0, 0), "what comes in is told by today's rules already");
}

#[tokio::test]
async fn labelling_that_was_cut_off_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx"], now()).await;
    let ids: Vec<String> = (0..30).map(|id| id.to_string()).collect();
    let told: Vec<Told> = ids
        .iter()
        .map(|id| Told { source: "jx", id, title: id, text: id, topics: &["old"], ..Told::default() })
        .collect();
    stock.tell(&told, now()).await;
    let rules = stock.config.topics.revision();
    let first = stock.store.labelled_otherwise(rules, 20).await.unwrap();
    let first: Vec<_> = first.into_iter().map(|entry| (entry, Vec::new())).collect();
    assert_eq!(stock.store.label(rules, &first).await.unwrap(), 20);
    assert_eq!(again(&stock).await, (10, 10));
    let stories = all_stories(&stock.store).await;
    assert!(stories.iter().all(|story| topics(story).is_empty()), "{stories:?}");
}

#[tokio::test]
async fn what_was_seen_long_ago_keeps_the_topics_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let long_ago: Timestamp = "2024-11-24T02:00:00Z".parse().unwrap();
    let stock = Stock::open(&folder, &["jx"], long_ago).await;
    stock
        .tell(
            &[Told {
                source: "jx",
                id: "1",
                title: "旧闻",
                text: "旧闻",
                topics: &["old"],
                ..Told::default()
            }],
            long_ago,
        )
        .await;
    assert_eq!(again(&stock).await, (0, 0));
    assert_eq!(topics(&all_stories(&stock.store).await[0]), ["old"]);
    assert!(stock.store.labelled_otherwise(stock.config.topics.revision(), 9).await.unwrap().is_empty());
}
