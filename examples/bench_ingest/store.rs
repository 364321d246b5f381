//! A store of many entries, made by the way that every entry goes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use dibao::{
    clock,
    config::{Config, Origins},
    daemon::tidy,
    model::{Role, Timestamp},
    poll::ingest::{self, Item, Step},
    store::{Progress, Store},
};

use crate::{
    Result,
    made::{Calendar, Maker, Spread},
    measure::N_TIMED,
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

/// Fills a store up to so many entries, tidies it as the daemon does, and takes all into the search.
pub async fn make(folder: &Path, spread: Spread, of: u64) -> Result<()> {
    let maker = Maker::new(calendar(folder, spread, of)?);
    let config = config(folder, &maker)?;
    let store = Store::open(&config.store_path, clock::now()).await?;
    let held = u64::try_from(store.counts().await?.entries)?;
    let (started, mut progress) = (Instant::now(), Progress::default());
    let mut slowest_tidy = Duration::ZERO;
    for first in (held..of).step_by(usize::try_from(BATCH)?) {
        let numbers = first..(first + BATCH).min(of);
        write(&store, &config, &maker, numbers).await?;
        if first / TIDY_EVERY != (first + BATCH) / TIDY_EVERY {
            let began = Instant::now();
            tidy(
                &config,
                &store,
                &mut progress,
                maker.entry(first).published.map_or_else(clock::now, |it| it.at),
            )
            .await?;
            slowest_tidy = slowest_tidy.max(began.elapsed());
        }
    }
    let made_s = started.elapsed().as_secs_f64();
    let started = Instant::now();
    while store.index_next(INDEX_STEP).await? > 0 {}
    let indexed_s = started.elapsed().as_secs_f64();
    store.close().await;
    println!(
        "{}",
        serde_json::json!({
            "n_made": of.saturating_sub(held), "made_s": made_s, "slowest_tidy_ms": slowest_tidy.as_secs_f64() * 1e3,
            "indexed_s": indexed_s, "disk_mib": disk_mib(folder)?,
        })
    );
    Ok(())
}

async fn write(store: &Store, config: &Config, maker: &Maker, numbers: std::ops::Range<u64>) -> Result<()> {
    let source = config.source("spb").ok_or("no source")?;
    let items: Vec<Item> = numbers.map(|number| item(maker, number)).collect();
    let now = items.last().and_then(|item| item.entry.published).map_or_else(clock::now, |it| it.at);
    let steps = items.into_iter().map(|item| Step::Entry(Box::new(item))).collect();
    ingest::write(store, config, source, steps, now).await?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn disk_mib(folder: &Path) -> Result<f64> {
    Ok(std::fs::metadata(path(folder))?.len() as f64 / f64::from(1 << 20))
}
