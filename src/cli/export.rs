//! `dibao export`.

use std::{
    io::{BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::ValueEnum;

use super::{CANNOT_RUN, Failure, Start, USAGE, runtime, warn_of_settings};
use crate::{
    clock,
    config::Config,
    exchange::EntryLine,
    model::{SourceKey, Timestamp},
    normalise::time,
    press::Press,
    site::{self, Report, SiteError},
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
    /// site: the address under which DIR will be served (`server.public_url`)
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// site: print what came of it as JSON; jsonl is JSON lines always
    #[arg(long)]
    json: bool,
    /// site: the folder, made if there is none; only a folder that an export wrote is replaced
    #[arg(value_name = "DIR", required_if_eq("format", "site"))]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Every entry with its story as a JSON line on stdout, in the order of first sight; `import` takes them in again
    Jsonl,
    /// Feeds and pages as files for any web server or CDN, in DIR
    Site,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("error");
    let flags = args.base_url.iter().map(|url| ("DIBAO_SERVER_PUBLIC_URL", url.clone()));
    let config = start.config(flags.collect())?;
    warn_of_settings(&config);
    match (args.format, &args.dir) {
        (Format::Site, Some(dir)) => site(&config, dir, args.json),
        (Format::Jsonl, Some(dir)) => {
            let dir = dir.display();
            let error = anyhow::anyhow!("`{dir}`: JSON lines go to stdout; a folder needs `--format site`");
            Err(Failure::new(USAGE, error))
        }
        (_, None) => jsonl(&config, args),
    }
}

fn site(config: &Arc<Config>, dir: &Path, as_json: bool) -> Result<u8, Failure> {
    let Some(base_url) = config.server.public_url.clone() else {
        let advice = "files do not know under which address they will be served: set `server.public_url`, or give \
            `--base-url https://…`";
        return Err(Failure::new(USAGE, anyhow::anyhow!(advice)));
    };
    let report = runtime()?.block_on(async {
        let store = stored(config).await?;
        let press = Press::for_files(Arc::clone(config), store.clone(), base_url);
        let report = site::export(&press, dir, clock::now()).await;
        store.close().await;
        report.map_err(failure)
    })?;
    tell(dir, &report, as_json);
    Ok(0)
}

fn failure(error: SiteError) -> Failure {
    let is_usage =
        matches!(error, SiteError::NotOurs { .. } | SiteError::NotAFolder { .. } | SiteError::NoName { .. });
    Failure::new(if is_usage { USAGE } else { CANNOT_RUN }, error)
}

fn tell(dir: &Path, report: &Report, as_json: bool) {
    let Report { n_documents, n_changed, n_removed, n_foreign } = report;
    if as_json {
        let told = serde_json::json!({
            "documents": n_documents, "changed": n_changed, "removed": n_removed, "foreign": n_foreign,
        });
        say!("{told}");
        return;
    }
    let foreign = match n_foreign {
        0 => String::new(),
        n => format!(", {n} files of others left in place"),
    };
    let dir = dir.display();
    say!("{dir}: {n_documents} documents, {n_changed} new or changed, {n_removed} removed{foreign}");
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
