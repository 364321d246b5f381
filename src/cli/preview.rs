//! `dibao preview`.

use std::{
    collections::HashMap,
    io::{Read, Write},
};

use clap::ValueEnum;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Failure, SOME_FAILED, Start, USAGE, runtime};
use crate::{
    clock,
    config::{Config, Route},
    exchange::EntryLine,
    extract::Document,
    fetch::{Client, Fetched, Request},
    model::Kind,
    preview::{Hints, no_address, preview},
};

/// Flags of `preview`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file, an address, or `-` for standard input
    #[arg(value_name = "FILE|URL|-")]
    document: String,
    /// The document's address, against which its links resolve
    #[arg(long)]
    url: Option<Url>,
    /// The profile to read it by (kaipuyun, trs, hanweb, netease, …)
    #[arg(long)]
    profile: Option<String>,
    /// What it is; found out when not given
    #[arg(long)]
    kind: Option<KindArg>,
    /// Accepted for symmetry: the output is JSON lines always
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    Site,
    List,
    Json,
    Feed,
    Digest,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Site => Self::Site,
            KindArg::List => Self::List,
            KindArg::Json => Self::Json,
            KindArg::Feed => Self::Feed,
            KindArg::Digest => Self::Digest,
        }
    }
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("warn");
    let config = start.config(Vec::new())?;
    let document = document(&config, &args.document)?;
    let hints =
        Hints { url: args.url.clone(), profile: args.profile.clone(), kind: args.kind.map(Kind::from) };
    let code = |error: &crate::preview::PreviewError| match error {
        crate::preview::PreviewError::Extract(_) => SOME_FAILED,
        _ => USAGE,
    };
    let preview = preview(&config, document, &hints, clock::now())
        .map_err(|error| Failure::new(code(&error), error))?;
    let mut out = std::io::stdout().lock();
    for made in &preview.entries {
        let line = serde_json::to_string(&EntryLine::of(made, config.feed.zone)).unwrap_or_default();
        if writeln!(out, "{line}").is_err() {
            // The reader has enough.
            return Ok(0);
        }
    }
    eprintln!("read as {}: {} entries", preview.rule, preview.entries.len());
    let notes = preview.entries.iter().flat_map(|made| &made.notes).chain(&preview.notes);
    for note in notes {
        eprintln!("note: {note}");
    }
    Ok(0)
}

fn document(config: &Config, name: &str) -> Result<Document, Failure> {
    if let Ok(url) = Url::parse(name)
        && matches!(url.scheme(), "http" | "https")
    {
        return fetched(config, &url);
    }
    let read = |error: std::io::Error| {
        Failure::new(SOME_FAILED, anyhow::anyhow!("`{name}` cannot be read: {error}"))
    };
    let limit = config.fetch.max_body_bytes;
    let mut body = Vec::new();
    if name == "-" {
        std::io::stdin().lock().take(limit + 1).read_to_end(&mut body).map_err(read)?;
    } else {
        std::fs::File::open(name).map_err(read)?.take(limit + 1).read_to_end(&mut body).map_err(read)?;
    }
    if body.len() as u64 > limit {
        let error = anyhow::anyhow!("`{name}` is larger than {limit} bytes; raise `fetch.max_body`");
        return Err(Failure::new(SOME_FAILED, error));
    }
    let url = no_address().ok_or_else(|| Failure::new(USAGE, anyhow::anyhow!("no address for `{name}`")))?;
    Ok(Document { url, content_type: None, body })
}

fn fetched(config: &Config, url: &Url) -> Result<Document, Failure> {
    runtime()?.block_on(async {
        let client = Client::new(&config.fetch, CancellationToken::new())
            .map_err(|error| Failure::new(USAGE, error))?;
        let validators = HashMap::new();
        let request = Request {
            url,
            validators: &validators,
            robots: true,
            route: &Route::default(),
            now: clock::now(),
        };
        match client.get(request).await {
            Ok(Fetched::Document(document, ..)) => Ok(document),
            Ok(Fetched::NotModified(_)) => {
                Err(Failure::new(SOME_FAILED, anyhow::anyhow!("`{url}` sent nothing")))
            }
            Err(error) => Err(Failure::new(SOME_FAILED, error)),
        }
    })
}
