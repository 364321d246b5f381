//! `dibao check`.

use std::sync::Arc;

use super::{Failure, SOME_FAILED, Start, USAGE, chosen, runtime, stop_on_signal, warn};
use crate::{
    clock,
    config::{Config, SourceConfig},
    exchange::EntryLine,
    fetch::Client,
    normalise::time::rfc3339,
    poll::{Look, Looker},
    store::Store,
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
        let mut failed = false;
        let mut looks = tokio::task::JoinSet::new();
        for source in sources {
            let (looker, store, n) = (looker.clone(), store.clone(), args.samples);
            looks.spawn(async move {
                let look = looker.look(store.as_ref(), &source, n, clock::now()).await;
                (source, look)
            });
        }
        while let Some(done) = looks.join_next().await {
            let Ok((source, look)) = done else { continue };
            let look = look?;
            failed |= look.fault.is_some() && (source.verified || look.rows_before.is_some());
            if args.json { print_json(&config, &source, &look) } else { print(&config, &source, &look) }
        }
        Ok(if failed { SOME_FAILED } else { 0 })
    })
}

fn print(config: &Config, source: &SourceConfig, look: &Look) {
    let verified = if source.verified { "" } else { " (address not verified)" };
    say!("{} {}{verified}", source.source.key, source.source.name);
    say!("  address  {}", source.source.url);
    if let Some(fault) = &look.fault {
        say!("  {}  {}", fault.name, fault.sentence);
        if !fault.next_step.is_empty() {
            say!("  next     {}", fault.next_step);
        }
    }
    if look.n_rows > 0 {
        let before = look.rows_before.map(|n| format!(", up to {n} before")).unwrap_or_default();
        say!("  rows     {}{before}, by {}", look.n_rows, look.rule);
    }
    if let Some(newest) = look.newest {
        say!("  newest   {}", rfc3339(newest.at, config.feed.zone));
    }
    for sample in &look.samples {
        match &sample.entry {
            Err(reason) => say!("  sample   {}: {reason}", sample.row_title),
            Ok(entry) => {
                let time =
                    entry.published.map_or_else(|| "no time".into(), |at| rfc3339(at.at, config.feed.zone));
                let bureau = entry.bureau.as_ref().map_or("no bureau", |bureau| &bureau.name);
                say!(
                    "  sample   {} | {time} | {bureau} | {} characters",
                    entry.title,
                    entry.content_text.chars().count()
                );
                let missing = sample.missing();
                if !missing.is_empty() {
                    say!("           missing: {}", missing.join(", "));
                }
            }
        }
    }
    for note in &look.notes {
        say!("  note     {note}");
    }
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
    let fault = look.fault.as_ref().map(|fault| {
        serde_json::json!({ "name": fault.name, "sentence": fault.sentence, "next_step": fault.next_step })
    });
    let value = serde_json::json!({
        "source": source.source.key.as_str(), "url": source.source.url.as_str(), "verified": source.verified,
        "fault": fault, "rule": look.rule, "rows": look.n_rows, "rows_before": look.rows_before,
        "newest": look.newest.map(|newest| rfc3339(newest.at, config.feed.zone)),
        "samples": samples, "notes": look.notes,
    });
    say!("{value}");
}
