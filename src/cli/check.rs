//! `dibao check`.

use std::sync::Arc;

use super::{Failure, SOME_FAILED, Start, USAGE, chosen, runtime, stop_on_signal, warn};
use crate::{
    clock,
    config::{Config, SourceConfig},
    exchange::EntryLine,
    fetch::Client,
    model::Entry,
    normalise::time::rfc3339,
    observe::Before,
    poll::{Look, Looker},
    store::{Store, StoreError},
};

/// Flags of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keys of the sources to look at; all without one
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Entries read whole as a sample
    #[arg(long, default_value_t = 2, value_name = "N")]
    samples: usize,
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
        // Looking must not create a store; without one there is nothing to compare with.
        let store = if config.store_path.exists() {
            Some(Store::open(&config.store_path, clock::now()).await?)
        } else {
            None
        };
        let client =
            Client::new(&config.fetch, stop_on_signal()).map_err(|error| Failure::new(USAGE, error))?;
        let looker = Looker { config: Arc::clone(&config), client: Arc::new(client) };
        let looks: Vec<_> = sources
            .into_iter()
            .map(|source| (Arc::clone(&source), spawned(looker.clone(), store.clone(), source, args.samples)))
            .collect();
        let mut n_failed = 0;
        let n_sources = looks.len();
        // In the order of the configuration, whichever answers first: two outputs can be laid side by side.
        for (source, look) in looks {
            let Ok(look) = look.await else { continue };
            let look = look?;
            let counts = source.verified || look.rows_before.is_some();
            n_failed += usize::from(look.faults().next().is_some() && counts);
            if args.json {
                print_json(&config, &source, &look);
            } else {
                print(&config, &source, &look);
            }
        }
        if !args.json && n_sources > 1 {
            say!("{n_sources} sources, {n_failed} with faults");
        }
        Ok(if n_failed > 0 { SOME_FAILED } else { 0 })
    })
}

type Looking = tokio::task::JoinHandle<Result<Look, StoreError>>;

fn spawned(looker: Looker, store: Option<Store>, source: Arc<SourceConfig>, n_samples: usize) -> Looking {
    tokio::spawn(async move { looker.look(store.as_ref(), &source, n_samples, clock::now()).await })
}

fn print(config: &Config, source: &SourceConfig, look: &Look) {
    let verified = if source.verified { "" } else { " (address not verified)" };
    say!("{} {}{verified}", source.source.key, source.source.name);
    say!("  address  {}", source.source.url);
    for fault in look.faults() {
        say!("  fault    {}: {}", fault.name, fault.sentence);
        if !fault.next_step.is_empty() {
            say!("  next     {}", fault.next_step);
        }
    }
    if look.n_rows > 0 {
        let before = look.rows_before.map(|n| format!(", up to {n} before")).unwrap_or_default();
        say!("  rows     {}{before}, {} with a time, by {}", look.n_rows, look.now.n_timed_rows, look.rule);
    }
    let at = |at| rfc3339(at, config.feed.zone);
    let newest_before = look.before.and_then(|before| before.newest);
    let stored = newest_before.map(|newest| format!(", stored up to {}", at(newest))).unwrap_or_default();
    if look.newest.is_some() || newest_before.is_some() {
        let newest = look.newest.map_or_else(|| "no time".to_owned(), |newest| at(newest.at));
        say!("  newest   {newest}{stored}");
    }
    if let Some(before) = &look.before {
        say!("  before   {}", usual(before));
    }
    for sample in &look.samples {
        match &sample.entry {
            Err(reason) => say!("  sample   {}: {reason}", sample.row_title),
            Ok(entry) => print_sample(config, entry, &sample.missing()),
        }
    }
    for note in &look.notes {
        say!("  note     {note}");
    }
}

fn print_sample(config: &Config, entry: &Entry, missing: &[&str]) {
    let time = entry.published.map_or_else(|| "no time".into(), |at| rfc3339(at.at, config.feed.zone));
    let bureau = entry.bureau.as_ref().map_or("no bureau", |bureau| &bureau.name);
    let n_chars = entry.content_text.chars().count();
    say!("  sample   {} | {time} | {bureau} | {n_chars} characters", entry.title);
    if !missing.is_empty() {
        say!("           missing: {}", missing.join(", "));
    }
}

/// What the latest entries had, as shares.
fn usual(before: &Before) -> String {
    let Before { n_entries, n_timed, n_bureau, n_text, .. } = before;
    format!("of the last {n_entries} entries {n_timed} have a time, {n_bureau} a bureau, {n_text} a text")
}

fn print_json(config: &Config, source: &SourceConfig, look: &Look) {
    let samples: Vec<serde_json::Value> = look
        .samples
        .iter()
        .map(|sample| match &sample.entry {
            Ok(entry) => serde_json::json!({
                "entry": EntryLine::of_entry(entry, config.feed.zone), "missing": sample.missing(),
            }),
            Err(reason) => serde_json::json!({ "title": sample.row_title, "reason": reason }),
        })
        .collect();
    let faults: Vec<serde_json::Value> = look
        .faults()
        .map(|fault| {
            serde_json::json!({
                "name": fault.name, "sentence": fault.sentence, "next_step": fault.next_step,
            })
        })
        .collect();
    let at = |at| rfc3339(at, config.feed.zone);
    let before = look.before.map(|before| {
        serde_json::json!({
            "entries": before.n_entries, "with_time": before.n_timed, "with_bureau": before.n_bureau,
            "with_text": before.n_text, "newest": before.newest.map(at),
        })
    });
    let value = serde_json::json!({
        "source": source.source.key.as_str(), "url": source.source.url.as_str(), "verified": source.verified,
        "fault": faults.first(), "faults": faults, "rule": look.rule, "rows": look.n_rows,
        "rows_with_time": look.now.n_timed_rows, "rows_before": look.rows_before, "before": before,
        "held": look.n_held, "newest": look.newest.map(|newest| at(newest.at)), "samples": samples, "notes": look.notes,
    });
    say!("{value}");
}
