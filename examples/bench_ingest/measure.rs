//! Further entries one by one: what a decision costs, what an entry costs with its commit, and a bare row beside it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use dibao::{
    clock,
    config::Config,
    dedup::{self, Features, Parts},
    model::Timestamp,
    poll::ingest::{self, Item, Step},
    store::Store,
};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    Result, child,
    made::{Maker, Spread},
    store::{INDEX_STEP, calendar, config, item},
};

/// Entries that are timed; half of them for the decision alone.
pub const N_TIMED: u64 = 3_000;

#[derive(Default)]
struct Times {
    decision: Vec<Duration>,
    whole: Vec<Duration>,
    bare: Vec<Duration>,
    n_candidates: usize,
}

pub async fn run(folder: &Path, spread: Spread, of: u64) -> Result<()> {
    let maker = Maker::new(calendar(folder, spread, of)?);
    let config = config(folder, &maker)?;
    let bare = bare(folder).await?;
    let rss_before = child::memory("self", "VmRSS:")?;
    let began = Instant::now();
    let store = Store::open(&config.store_path, clock::now()).await?;
    let opened = began.elapsed();
    let held = u64::try_from(store.counts().await?.entries)?;
    // The first decision loads the index.
    let (first, _) = decide(&store, &config, &item(&maker, held)).await?;
    let mut times = Times::default();
    for number in held..held + N_TIMED {
        one(&store, &config, &bare, item(&maker, number), number, &mut times).await?;
    }
    while store.index_next(INDEX_STEP).await? > 0 {}
    let [decision, whole, bare] =
        [&mut times.decision, &mut times.whole, &mut times.bare].map(|them| percentiles(them));
    println!(
        "{}",
        serde_json::json!({
            "opened_ms": ms(opened), "first_ms": ms(first), "decision": decision, "whole": whole, "bare": bare,
            "n_candidates": times.n_candidates / times.decision.len().max(1),
            "rss_before_mib": rss_before, "rss_mib": child::memory("self", "VmRSS:")?, "peak_mib": child::memory("self", "VmHWM:")?,
        })
    );
    store.close().await;
    Ok(())
}

/// Decides of one, or writes it, in turns; then writes its bare row.
async fn one(
    store: &Store,
    config: &Config,
    bare: &SqlitePool,
    item: Item,
    number: u64,
    times: &mut Times,
) -> Result<()> {
    let source = config.source(item.entry.source.as_str()).ok_or("no source")?;
    let entry = item.entry.clone();
    if number.is_multiple_of(2) {
        let (took, n_candidates) = decide(store, config, &item).await?;
        times.decision.push(took);
        times.n_candidates += n_candidates;
    }
    let now = entry.published.map_or_else(clock::now, |it| it.at);
    let began = Instant::now();
    ingest::write(store, config, source, vec![Step::Entry(Box::new(item))], now).await?;
    if !number.is_multiple_of(2) {
        times.whole.push(began.elapsed());
    }
    let began = Instant::now();
    let mut tx = bare.begin_with("BEGIN IMMEDIATE").await?;
    let row = sqlx::query("INSERT INTO bare (url, title, html, text) VALUES ($1, $2, $3, $4)");
    let row = row.bind(entry.url).bind(entry.title).bind(entry.content_html).bind(entry.content_text);
    row.execute(&mut *tx).await?;
    tx.commit().await?;
    times.bare.push(began.elapsed());
    Ok(())
}

/// What is compared of an entry, what it may tell the same as, and whether it does; nothing is written.
async fn decide(store: &Store, config: &Config, item: &Item) -> Result<(Duration, usize)> {
    let entry = &item.entry;
    let began = Instant::now();
    let parts = Parts {
        source_key: entry.source.as_str(),
        source_entry_id: &entry.source_entry_id,
        role: entry.role,
        canonical_url: entry.canonical_url.as_ref(),
        title: &entry.title,
        text: &entry.content_text,
        region: entry.region.as_ref(),
        published_at: entry.published.map_or(Timestamp::UNIX_EPOCH, |it| it.at),
    };
    let features = Features::of(&parts, config.dedup.tables());
    let settings = &config.dedup.settings;
    let mut batch = store.begin().await?;
    let candidates = batch.candidates(&features, settings.window).await?;
    let _judgement = dedup::judge(&features, &candidates, settings);
    let took = began.elapsed();
    // As every batch does; what was looked up is remembered only then.
    batch.commit().await?;
    Ok((took, candidates.len()))
}

/// A table of bare rows with the settings of the store's connections.
async fn bare(folder: &Path) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let table = "CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, url TEXT, title TEXT, html TEXT, text TEXT)";
    sqlx::query(table).execute(&pool).await?;
    Ok(pool)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Median and 99th percentile, in milliseconds.
fn percentiles(times: &mut [Duration]) -> [f64; 2] {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    [ms(at(50)), ms(at(99))]
}
