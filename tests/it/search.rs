//! Searching what the store holds: words, phrases, exclusions, slices, times, and that the index follows every change.

use dibao::{
    search::Query,
    store::{Limits, Progress, Search},
};

use crate::support::stock::{Stock, Told, at, told};

const NOW: &str = "2026-11-24T02:00:00Z";

async fn stock(folder: &tempfile::TempDir) -> Stock {
    let stock = Stock::open(folder, &["jx", "sx"], at(NOW)).await;
    stock.tell(&told(), at(NOW)).await;
    stock.index().await;
    stock
}

/// First characters of the titles found, newest first.
async fn found(stock: &Stock, search: &Search) -> Vec<String> {
    let found = stock.store.search(search, None, 99).await.unwrap();
    let ids: Vec<i64> = found.iter().map(|found| found.story_id).collect();
    let stories = stock.store.stories_of(&ids).await.unwrap();
    stories.iter().map(|told| told.story.copies[0].entry.title.chars().take(2).collect()).collect()
}

fn words(text: &str) -> Search {
    Search { query: Query::parse(text), ..Search::default() }
}

#[tokio::test]
async fn words_phrases_and_exclusions_find_stories() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let all = ["綠色", "山西", "江西", "机关"];
    for (text, expected) in [
        ("快递", &["綠色", "江西", "机关"][..]),
        ("快遞進村", &["江西"]),
        ("办公", &["江西"]),
        ("村", &["江西"]),
        ("包", &["綠色"]),
        ("快递 安全", &["江西"]),
        ("安全 -快递", &["山西"]),
        ("-快递", &["山西"]),
        ("\"安全 生产\"", &[]),
        ("“安全生产”", &["山西"]),
        ("ems", &["江西"]),
        ("5g", &["江西"]),
        ("EM", &[]),
        ("CN JX", &["江西", "机关"]),
        ("", &all),
        ("!?", &all),
        ("every", &[]),
        ("\" OR labels : \"6c", &[]),
        ("title : 快递 NEAR(", &[]),
    ] {
        assert_eq!(found(&stock, &words(text)).await, expected, "{text}");
    }
}

#[tokio::test]
async fn any_text_is_a_search() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let marks = [
        "\"", "'", "*", "^", "(", ")", ":", "-", "+", "{", "}", ",", "\0", "\\", "AND", "OR", "NOT", "快",
        "”", "1",
    ];
    for a in marks {
        for b in marks {
            for c in ["", "a", "\"", "-"] {
                found(&stock, &words(&format!("{a}{b}{c}"))).await;
                found(&stock, &words(&format!("{a} {b} {c}"))).await;
            }
        }
    }
}

#[tokio::test]
async fn slices_and_times_narrow_a_search() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let label = |label: &str| vec![label.to_owned()];
    let narrowed = |labels: Vec<Vec<String>>| Search { labels, ..words("快递") };
    assert_eq!(found(&stock, &narrowed(vec![label("region:CN-JX")])).await, ["江西", "机关"]);
    assert_eq!(found(&stock, &narrowed(vec![label("region:CN-JX"), label("topic:safety")])).await, [""; 0]);
    let either = vec!["topic:green".to_owned(), "topic:party-building".to_owned()];
    assert_eq!(found(&stock, &narrowed(vec![either])).await, ["綠色", "机关"]);
    assert_eq!(found(&stock, &narrowed(vec![label("source:sx")])).await, ["綠色"]);
    assert_eq!(found(&stock, &narrowed(vec![vec![]])).await, [""; 0]);
    let times = |since: Option<&str>, until: Option<&str>| Search {
        since: since.map(at),
        until: until.map(at),
        ..words("")
    };
    assert_eq!(found(&stock, &times(Some("2026-11-21T01:00:00Z"), None)).await, ["綠色", "山西"]);
    assert_eq!(found(&stock, &times(None, Some("2026-11-21T01:00:00Z"))).await, ["江西", "机关"]);
    assert_eq!(
        found(&stock, &times(Some("2026-10-01T00:00:00Z"), Some("2026-11-21T00:00:00Z"))).await,
        ["江西"]
    );
}

#[tokio::test]
async fn pages_of_a_search_follow_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let mut below = None;
    let mut numbers = Vec::new();
    while let [one] = stock.store.search(&words(""), below, 1).await.unwrap()[..] {
        below = Some(one.number);
        numbers.push(one.story_id);
    }
    assert_eq!(numbers.len(), 4);
}

#[tokio::test]
async fn the_best_are_those_that_say_it_in_their_title() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let best = stock.store.search_best(&words("快递")).await.unwrap();
    let ids: Vec<i64> = best.iter().map(|found| found.story_id).collect();
    let stories = stock.store.stories_of(&ids).await.unwrap();
    assert_eq!(stories.len(), 3);
    assert!(stories[0].story.copies[0].entry.title.starts_with("江西快递"));
}

#[tokio::test]
async fn the_index_follows_what_changes_and_what_is_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let corrected =
        Told {
            title: "江西快递进村覆盖率更正", text: "更正：覆盖率为八成五。", ..told()[0].clone()
        };
    stock.tell(&[corrected], at("2026-11-24T03:00:00Z")).await;
    assert!(!stock.store.index_state().await.unwrap().is_whole());
    stock.index().await;
    assert!(stock.store.index_state().await.unwrap().is_whole());
    assert_eq!(found(&stock, &words("八成五")).await, ["江西"]);
    assert_eq!(found(&stock, &words("九成")).await, [""; 0]);
    stock.withdraw("sx", &["1"], at("2026-11-24T04:00:00Z")).await;
    assert_eq!(found(&stock, &words("安全生产")).await, [""; 0], "at once, whatever the index says");
    stock.index().await;
    assert_eq!(found(&stock, &words("")).await, ["綠色", "江西", "机关"]);
}

#[tokio::test]
async fn what_is_let_go_of_leaves_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let future = at("2027-11-24T02:00:00Z");
    stock.store.purge(&Limits::all(future), &mut Progress::default(), future).await.unwrap();
    assert_eq!(found(&stock, &words("")).await, [""; 0]);
    let new = Told {
        id: "9",
        title: "江苏冷链快递提速",
        text: "冷链快递车辆两千台，生鲜当日送达。",
        ..told()[0].clone()
    };
    stock.tell(&[told()[0].clone(), new], future).await;
    stock.index().await;
    assert_eq!(found(&stock, &words("快递")).await, ["江苏"], "what is old does not come back");
}
