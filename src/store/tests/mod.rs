//! What the store does with what it is told, and what it leaves behind when that fails.

mod remembered;

use sqlx::{Executor, SqlSafeStr};

use super::*;
use crate::model::{Precision, Published};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

async fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("test.db"), at(1_000)).await.unwrap()
}

/// Every statement with its name, but for those that are put together.
fn statements() -> Vec<(&'static str, &'static str)> {
    [
        sql::ALL,
        account::ALL,
        catalogue::ALL,
        changes::ALL,
        export::ALL,
        hub::ALL,
        import::ALL,
        old::ALL,
        reid::ALL,
        remake::ALL,
        replay::ALL,
        retention::ALL,
        rulings::ALL,
        search::ALL,
        similar::ALL,
        stories::ALL,
        topics::ALL,
        upstream::ALL,
        visit::ALL,
    ]
    .concat()
}

#[tokio::test]
async fn the_database_accepts_every_statement() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let mut connection = store.writer.acquire().await.unwrap();
    for (name, statement) in statements() {
        let prepared = connection.prepare(statement.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
    for (name, statement) in rows::all() {
        let prepared = connection.prepare(sqlx::AssertSqlSafe(statement).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[test]
fn no_statement_is_prepared_anew_for_its_limit() {
    for (name, statement) in statements() {
        let mut limits = statement.split("LIMIT ").skip(1);
        assert!(limits.all(|after| !after.starts_with('$') || after[2..].starts_with(" + 0")), "{name}");
    }
}

#[test]
fn a_row_of_the_search_holds_time_and_story() {
    let number = search::number(1_795_000_000, 77);
    assert!(search::NEWEST.contains(&format!("& {} ", search::ID_MASK)));
    assert_eq!((number & search::ID_MASK, number >> 30), (77, 1_795_000_000));
    assert!(search::number(-5, 1) < search::number(1, 0) && search::number(i64::MAX, 9) > 0);
}

#[tokio::test]
async fn the_feed_keeps_its_id_when_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = store.feed_state().await.unwrap();
    store.close().await;
    let again = open(&folder).await.feed_state().await.unwrap();
    assert_eq!(first, again);
    assert!(first.atom_id.starts_with("urn:uuid:"));
}

/// The stories in order of change.
async fn in_order(store: &Store) -> Vec<(i64, i64)> {
    let query = "SELECT id, seq FROM story ORDER BY seq";
    sqlx::query_as(query).fetch_all(&store.readers).await.unwrap()
}

#[tokio::test]
async fn changes_are_numbered_in_their_order_across_batches() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let published = Published { at: at(5), precision: Precision::Second };
    let mut batch = store.begin().await.unwrap();
    let mut ids = Vec::new();
    for name in ["urn:uuid:1", "urn:uuid:2", "urn:uuid:3"] {
        let id = batch.insert_story(name, published, at(5), at(5), at(5)).await.unwrap();
        batch.visible(id);
        ids.push(id);
    }
    batch.visible(ids[0]);
    batch.commit().await.unwrap();
    assert_eq!(in_order(&store).await, [(ids[1], 1), (ids[2], 2), (ids[0], 3)]);
    let mut batch = store.begin().await.unwrap();
    batch.visible(ids[2]);
    batch.commit().await.unwrap();
    assert_eq!(in_order(&store).await, [(ids[1], 1), (ids[0], 3), (ids[2], 4)]);
    assert_eq!(store.feed_state().await.unwrap().change_seq, 4);
}

#[tokio::test]
async fn a_batch_that_is_not_committed_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let published = Published { at: at(5), precision: Precision::Second };
    let mut batch = store.begin().await.unwrap();
    let id = batch.insert_story("urn:uuid:1", published, at(5), at(5), at(5)).await.unwrap();
    batch.visible(id);
    drop(batch);
    let mut batch = store.begin().await.unwrap();
    assert!(!batch.atom_id_taken("urn:uuid:1").await.unwrap());
    drop(batch);
    assert_eq!(store.feed_state().await.unwrap().change_seq, 0);
}

#[tokio::test]
async fn one_process_at_a_time_may_poll() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let lease = store.lease().unwrap();
    assert!(matches!(store.lease(), Err(StoreError::Leased { .. })));
    drop(lease);
    assert!(store.lease().is_ok());
}

#[tokio::test]
async fn purging_keeps_the_last_poll_and_the_last_success_of_each_source() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let poll = |started: i64, outcome: &str| PollRow {
        source_key: "jx".into(),
        started_at: at(started),
        duration_ms: 1,
        outcome: outcome.into(),
        state: outcome.into(),
        since: at(started),
        message: String::new(),
        rule: String::new(),
        n_rows: 3,
        n_new: 0,
        n_updated: 0,
        n_unchanged: 3,
        n_pending: 0,
        n_dated: 3,
        n_empty: 0,
        n_bad: 0,
        n_failures: 0,
        next_poll_at: at(started + 1),
    };
    let mut batch = store.begin().await.unwrap();
    for row in [poll(1, "ok"), poll(2, "ok"), poll(3, "timeout"), poll(4, "timeout")] {
        batch.keep_poll(&row).await.unwrap();
    }
    batch.commit().await.unwrap();
    let limits = Limits { documents: at(100), ..Limits::all(at(0)) };
    store.purge(&limits, &mut Progress::default(), at(0)).await.unwrap();
    let left: Vec<i64> =
        store.polls_of("jx", 9).await.unwrap().iter().map(|row| row.started_at.as_millisecond()).collect();
    assert_eq!(left, [4, 2]);
    assert_eq!(store.last_success("jx").await.unwrap(), Some(at(2)));
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let error = Store::open(std::path::Path::new("no/such/folder/x.db"), at(0)).await.unwrap_err();
    assert!(error.to_string().contains("no/such/folder/x.db"), "{error}");
}

#[tokio::test]
async fn documents_come_back_whole_newest_first_and_damaged_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let document = |body: &str| crate::extract::Document {
        url: url::Url::parse("https://a.example.cn/list").unwrap(),
        content_type: Some("text/html".into()),
        body: body.as_bytes().to_vec(),
    };
    let mut batch = store.begin().await.unwrap();
    batch.keep_document("jx", &document("一"), at(1)).await.unwrap();
    batch.keep_document("jx", &document("二"), at(2)).await.unwrap();
    batch.keep_document("nx", &document("三"), at(3)).await.unwrap();
    batch.commit().await.unwrap();
    let listed = store.documents_of("jx", 9).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.fetched_at).collect::<Vec<_>>(), [at(2), at(1)]);
    let read = store.document(listed[0].id).await.unwrap().unwrap();
    assert_eq!((read.body.as_slice(), read.content_type.as_deref()), ("二".as_bytes(), Some("text/html")));
    assert!(store.document(99).await.unwrap().is_none());
    sqlx::query("UPDATE document SET body = x'00ff'").execute(&store.writer).await.unwrap();
    let error = store.document(listed[0].id).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn entries_are_exported_by_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let (_, statement) = export::ALL[0];
    let plan = format!("EXPLAIN QUERY PLAN {statement}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(plan)).fetch_all(&store.readers).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| sqlx::Row::get::<String, _>(row, "detail")).collect();
    assert!(steps.iter().any(|step| step.contains("entry_first")), "{steps:?}");
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
}
