//! What the same-story decision and what follows from it cost, by how many entries a store holds: a decision, an entry
//! written, disk, memory, the index of candidates, and the start of `dibao serve`. Beside it, in the same run, rows of the
//! same size written to a bare SQLite table with the same settings, one a transaction.
//!
//! `cargo build --release && cargo run --release --example bench_ingest -- [--sizes 10000,100000] [--spreads daily,window]
//! [--folder DIR]`; stores in DIR are made once and used again. Linux only: it reads /proc.
#![expect(
    unreachable_pub,
    clippy::print_stdout,
    reason = "an example prints, and its parts are seen by it alone"
)]

mod child;
mod made;
mod measure;
mod past;
#[path = "../dedup_eval/setting.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "what is wrong with its own data should stop it")]
mod setting;
mod site;
mod store;
mod table;
#[path = "../dedup_eval/versions.rs"]
#[expect(dead_code, reason = "only some of the versions are copies here")]
mod versions;

use std::path::{Path, PathBuf};

use made::{Maker, Spread};
use site::Site;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What a child process is asked to do, as first argument.
const MAKE: &str = "make";
const INGEST: &str = "ingest";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [MAKE, folder, spread, n] => {
            let spread = Spread::from_name(spread).ok_or("no such spread")?;
            runtime()?.block_on(store::make(Path::new(folder), spread, n.parse()?))
        }
        [INGEST, folder, spread, n] => {
            let spread = Spread::from_name(spread).ok_or("no such spread")?;
            runtime()?.block_on(measure::run(Path::new(folder), spread, n.parse()?))
        }
        words => compare(words),
    }
}

/// One runtime thread, as little as the program needs.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

fn compare(words: &[&str]) -> Result<()> {
    let value = |name| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied();
    let temporary = tempfile::tempdir()?;
    let folder = value("--folder").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let dibao = child::program()?;
    let runtime = runtime()?;
    table::head();
    for spread in value("--spreads").unwrap_or("daily,window").split(',') {
        for n in value("--sizes").unwrap_or("10000,100000").split(',') {
            let folder = folder.join(format!("{spread}-{n}"));
            std::fs::create_dir_all(&folder)?;
            let made = child::own(&[MAKE.as_ref(), folder.as_os_str(), spread.as_ref(), n.as_ref()])?;
            let ingested = child::own(&[INGEST.as_ref(), folder.as_os_str(), spread.as_ref(), n.as_ref()])?;
            let maker = Maker::new(store::calendar(
                &folder,
                Spread::from_name(spread).ok_or("no such spread")?,
                n.parse()?,
            )?);
            let served = runtime
                .block_on(async { child::serve(&dibao, &folder, &Site::serve(&maker).await?).await })?;
            table::row(&format!("{n} {spread}"), &made, &ingested, &served);
        }
    }
    Ok(())
}
