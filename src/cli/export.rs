//! `dibao export`.

use std::io::{BufWriter, ErrorKind, Write};

use clap::ValueEnum;

use super::{CANNOT_RUN, Failure, Start, USAGE, runtime, warn_of_settings};
use crate::{
    clock,
    config::Config,
    exchange::EntryLine,
    model::{SourceKey, Timestamp},
    normalise::time,
    store::{ExportQuery, Store},
};

/// Flags of `export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is written
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    format: Format,
    /// jsonl: only entries that came or changed here since this time (`2026-11-24`, `2026-11-24T10:00:00+08:00`)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// jsonl: only entries of this source
    #[arg(long, value_name = "KEY")]
    source: Option<String>,
    /// Accepted for symmetry: the output is JSON lines always
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Every entry with its story as a JSON line on stdout, in the order of first sight; `import` takes them in again
    Jsonl,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("error");
    let config = start.config(Vec::new())?;
    warn_of_settings(&config);
    match args.format {
        Format::Jsonl => jsonl(&config, args),
    }
}

fn jsonl(config: &Config, args: &Args) -> Result<u8, Failure> {
    let query = query(config, args)?;
    runtime()?.block_on(async {
        let store = stored(config).await?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut export = store.export(query).await?;
        loop {
            let entries = export.next().await?;
            if entries.is_empty() {
                break;
            }
            for (entry, provenance) in &entries {
                let line = EntryLine::stored(entry, provenance, config.feed.zone, &config.feed.language);
                let written = serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from);
                if !wanted(written.and_then(|()| out.write_all(b"\n")))? {
                    return Ok(0);
                }
            }
        }
        wanted(out.flush())?;
        drop(export);
        store.close().await;
        Ok(0)
    })
}

/// The store that is exported; exporting makes none.
async fn stored(config: &Config) -> Result<Store, Failure> {
    if !config.store_path.exists() {
        let path = config.store_path.display();
        let error = anyhow::anyhow!("store `{path}` does not exist; there is nothing to export yet");
        return Err(Failure::new(CANNOT_RUN, error));
    }
    Ok(Store::open(&config.store_path, clock::now()).await?)
}

fn query(config: &Config, args: &Args) -> Result<ExportQuery, Failure> {
    let key = args.source.as_deref().map(SourceKey::parse).transpose();
    let key = key.map_err(|error| Failure::new(USAGE, error))?;
    let since = args.since.as_deref().map(|text| moment(config, "--since", text)).transpose()?;
    Ok(ExportQuery { source_key: key.map(|key| key.as_str().to_owned()), since })
}

/// A time that a flag names.
pub(super) fn moment(config: &Config, flag: &str, text: &str) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    time::parse(text, config.feed.zone, clock::now()).map(|found| found.at).map_err(|error| {
        let expected = "expected a time such as 2026-11-24 or 2026-11-24T10:00:00+08:00";
        Failure::new(USAGE, anyhow::anyhow!("`{flag} {text}`: {error}; {expected}"))
    })
}

/// Whether the reader of stdout is still there; one who left has enough.
fn wanted(written: std::io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(CANNOT_RUN, anyhow::anyhow!("the export cannot be written: {error}"))),
    }
}
