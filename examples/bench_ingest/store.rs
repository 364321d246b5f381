//! A store of many entries, made by the way that every entry goes.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use dibao::{
    clock,
    config::{Config, Origins},
    daemon::{relabel, tidy},
    model::{Role, Timestamp},
    poll::ingest::{self, Item, Step},
    store::{Progress, Store},
};

use tokio_util::sync::CancellationToken;

use crate::{
    Result,
    made::{Calendar, Maker, Spread},
    measure::N_TIMED,
    past::{self, BLOCK},
};

/// Entries of one transaction. They are of one source: what a batch is told of sources does not matter here.
const BATCH: u64 = 200;
/// Entries between two tidyings: with so many a day as when daily, one in three weeks.
const TIDY_EVERY: u64 = 10_000;
/// Stories taken into the search at once.
pub const INDEX_STEP: usize = 200;

/// Where a store is.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("bench.db")
}

/// The days of a store: the last of the entries that are timed is of the time at which it was begun.
pub fn calendar(folder: &Path, spread: Spread, of: u64) -> Result<Calendar> {
    let file = folder.join("last");
    if !file.exists() {
        std::fs::write(&file, clock::now().as_millisecond().to_string())?;
    }
    let last = Timestamp::from_millisecond(std::fs::read_to_string(file)?.trim().parse()?)?;
    Ok(Calendar { spread, of: of + N_TIMED, last })
}

/// The sources that tell, below an address.
pub fn sources(maker: &Maker, base: &str) -> String {
    let role = |role: Role| role.as_str();
    let source = |(key, of): (String, Role)| {
        format!(
            "[[source]]\nkey = \"{key}\"\nkind = \"feed\"\nurl = \"{base}/{key}\"\nrole = \"{}\"\n",
            role(of)
        )
    };
    maker.sources().into_iter().map(source).collect()
}

pub fn config(folder: &Path, maker: &Maker) -> Result<Arc<Config>> {
    let text = format!("defaults = false\n{}", sources(maker, "https://feeds.example.cn"));
    let env = vec![("DIBAO_STORE_URL".to_owned(), format!("sqlite:{}", path(folder).display()))];
    Ok(Arc::new(Config::load(&Origins { file: None, text: Some(("bench".into(), text)), env })?))
}

pub fn item(maker: &Maker, number: u64) -> Item {
    Item { entry: maker.entry(number), row_hash: None, row: None, is_backlog: true, ends_pending: false }
}

/// Makes a store of so many entries, unless it is there; prints what that came to.
pub async fn make(folder: &Path, spread: Spread, of: u64) -> Result<()> {
    let maker = Maker::new(calendar(folder, spread, of)?);
    let config = config(folder, &maker)?;
    // Of the daily ones three windows are made, and one long before, which stands for all that is outside.
    let n_past = if spread == Spread::Daily { of.saturating_sub(3 * BLOCK) / BLOCK * BLOCK } else { 0 };
    let began = Instant::now();
    let mut slowest_tidy = Duration::ZERO;
    if n_past > BLOCK && !path(folder).exists() {
        slowest_tidy = fill(&config, &maker, BLOCK).await?;
        past::repeat(folder, n_past).await?;
    }
    slowest_tidy = slowest_tidy.max(fill(&config, &maker, of).await?);
    let made = serde_json::json!({
        "made_s": began.elapsed().as_secs_f64(), "slowest_tidy_ms": slowest_tidy.as_secs_f64() * 1e3,
        "disk_mib": disk_mib(folder)?,
    });
    println!("{made}");
    Ok(())
}

/// Fills a store up to so many entries, tidies it as the daemon does, and takes all into the search; gives how long the
/// slowest tidying took.
async fn fill(config: &Config, maker: &Maker, of: u64) -> Result<Duration> {
    let store = Store::open(&config.store_path, clock::now()).await?;
    let held = u64::try_from(store.counts().await?.entries)?;
    // What is written is of today's tables and rules: the daemon has nothing to make anew.
    ingest::renew(&store, config).await?;
    relabel(config, &store, clock::now(), &CancellationToken::new()).await?;
    let (mut progress, mut slowest_tidy) = (Progress::default(), Duration::ZERO);
    for first in (held..of).step_by(usize::try_from(BATCH)?) {
        let now = write(&store, config, maker, first..(first + BATCH).min(of)).await?;
        if first / TIDY_EVERY != (first + BATCH) / TIDY_EVERY {
            let began = Instant::now();
            tidy(config, &store, &mut progress, now).await?;
            slowest_tidy = slowest_tidy.max(began.elapsed());
        }
    }
    while store.index_next(INDEX_STEP).await? > 0 {}
    store.close().await;
    Ok(slowest_tidy)
}

/// Writes entries in one transaction, in their own time.
async fn write(store: &Store, config: &Config, maker: &Maker, numbers: Range<u64>) -> Result<Timestamp> {
    let source = config.source("spb").ok_or("no source")?;
    let items: Vec<Item> = numbers.map(|number| item(maker, number)).collect();
    let now = items.last().and_then(|item| item.entry.published).map_or_else(clock::now, |it| it.at);
    let steps = items.into_iter().map(|item| Step::Entry(Box::new(item))).collect();
    ingest::write(store, config, source, steps, now).await?;
    Ok(now)
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn disk_mib(folder: &Path) -> Result<f64> {
    Ok(std::fs::metadata(path(folder))?.len() as f64 / f64::from(1 << 20))
}
