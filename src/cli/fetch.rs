//! `dibao fetch`.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::{CANNOT_RUN, Failure, SOME_FAILED, Start, USAGE, chosen, renew, runtime, stop_on_signal, warn};
use crate::{
    clock,
    config::{Config, SourceConfig},
    daemon::{pass, tidy},
    fetch::Client,
    poll::{Outcome, PollReport, Poller},
    store::{Progress, Store, StoreError},
};

/// Flags of `fetch`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keys of the sources to poll; all without one
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Let in what was held back since these sources changed their ids
    #[arg(long, requires = "sources")]
    accept: bool,
    /// Print one JSON object a source
    #[arg(long)]
    json: bool,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("error");
    let config = start.config(Vec::new())?;
    warn(&config);
    let sources = chosen(&config, &args.sources)?;
    runtime()?.block_on(async {
        let store = Store::open(&config.store_path, clock::now()).await?;
        let n_accepted = if args.accept { accept(&store, &sources).await? } else { 0 };
        let _lease = match store.lease() {
            Ok(lease) => lease,
            Err(StoreError::Leased { .. }) if args.accept => {
                say!("{n_accepted} rows are let in; the running daemon takes them at its next visit");
                return Ok(0);
            }
            Err(error @ StoreError::Leased { .. }) => return Err(Failure::new(USAGE, error)),
            Err(error) => return Err(Failure::new(CANNOT_RUN, error)),
        };
        renew(&store, &config).await?;
        let stop = stop_on_signal();
        let client = Client::new(&config.fetch, stop).map_err(|error| Failure::new(USAGE, error))?;
        let poller = Poller::new(Arc::clone(&config), Arc::new(client), store.clone(), clock::now()).await?;
        let bar = bar(sources.len(), args.json);
        let reports = pass(&poller, sources, |report| {
            bar.suspend(|| print(report, args.json));
            bar.inc(1);
        })
        .await?;
        bar.finish_and_clear();
        // Who polls by cron has no daemon that tidies.
        tidy(&config, &store, &mut Progress::default(), clock::now()).await?;
        let failed = any_that_counts(&config, &store, &reports).await?;
        store.close().await;
        Ok(if failed { SOME_FAILED } else { 0 })
    })
}

/// Lets in what is held back of sources; says how many rows.
async fn accept(store: &Store, sources: &[Arc<SourceConfig>]) -> Result<u64, StoreError> {
    let mut n_accepted = 0;
    for source in sources {
        n_accepted += store.accept_held(source.source.key.as_str(), clock::now()).await?;
    }
    Ok(n_accepted)
}

/// Whether a source failed that is known to exist: verified, or once read with success.
async fn any_that_counts(config: &Config, store: &Store, reports: &[PollReport]) -> Result<bool, StoreError> {
    for report in reports.iter().filter(|report| !report.is_ok()) {
        let key = report.source.as_str();
        let verified = config.source(key).is_none_or(|source| source.verified);
        if verified || store.last_success(key).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn bar(n_sources: usize, json: bool) -> ProgressBar {
    if json || n_sources < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(n_sources).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} sources, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn print(report: &PollReport, json: bool) {
    if json {
        let (state, message) = match &report.outcome {
            Outcome::Ok => ("ok", None),
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Fault(fault) => (fault.name, Some(fault.told())),
        };
        let value = serde_json::json!({
            "source": report.source.as_str(), "state": state, "message": message, "rule": report.rule,
            "rows": report.n_rows, "new": report.n_new, "updated": report.n_updated,
            "unchanged": report.n_unchanged, "pending": report.n_pending, "notes": report.notes,
            "duration_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        });
        say!("{value}");
        return;
    }
    let key = report.source.as_str();
    match &report.outcome {
        Outcome::Fault(fault) => say!("{key:<14} {}: {}", fault.name, fault.told()),
        outcome => {
            let state = if *outcome == Outcome::Ok { "ok" } else { "unchanged" };
            let pending = match report.n_pending {
                0 => String::new(),
                n => format!(", {n} pending"),
            };
            say!(
                "{key:<14} {state}: {} rows, {} new, {} updated{pending} ({:.1} s)",
                report.n_rows,
                report.n_new,
                report.n_updated,
                report.took.as_secs_f64()
            );
        }
    }
}
