//! `dibao import`.

use std::{
    fs::File,
    io::{BufRead, BufReader, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use super::{
    CANNOT_RUN, Failure, SOME_FAILED, Start, USAGE, export::moment, renew, runtime, warn_of_settings,
};
use crate::{
    clock,
    config::Config,
    exchange::{FileKind, file_kind, opml},
    import::{Counts, DocumentError, Importer, SavedAs, Told},
    model::{Kind, SourceKey},
    store::Store,
};

/// Bytes of a file by which its kind is told.
const HEAD_BYTES: usize = 64 << 10;

/// Flags of `import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files: entries as JSON lines, lists of feeds (OPML), saved pages, feeds and digests; `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What they are; found out by their content when not given
    #[arg(long)]
    kind: Option<KindArg>,
    /// Saved pages: key of the source that they are of; its rules read them
    #[arg(long, value_name = "KEY")]
    source: Option<String>,
    /// Saved pages: the address that it was saved from
    #[arg(long)]
    url: Option<Url>,
    /// Saved pages: when it was first seen; now when not given
    #[arg(long, value_name = "TIME")]
    seen: Option<String>,
    /// Saved pages: the profile to read them by, instead of their source's (kaipuyun, trs, hanweb, netease, …)
    #[arg(long)]
    profile: Option<String>,
    /// OPML: where the sources are written, a new file; stdout when not given
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the summary as JSON, one object a file
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindArg {
    /// Entries as JSON lines
    Jsonl,
    /// A list of feeds
    Opml,
    /// A saved page or text: an article or a digest
    Page,
    /// A saved digest
    Digest,
    /// A saved feed
    Feed,
    /// A saved JSON list
    Json,
    /// A saved list page, of which the titles alone are taken
    List,
}

impl KindArg {
    fn of_document(self) -> Option<Kind> {
        match self {
            Self::Digest => Some(Kind::Digest),
            Self::Feed => Some(Kind::Feed),
            Self::Json => Some(Kind::Json),
            Self::List => Some(Kind::List),
            Self::Jsonl | Self::Opml | Self::Page => None,
        }
    }
}

/// A file of which it is known what it is.
struct Input {
    name: String,
    kind: FileKind,
    n_bytes: Option<u64>,
    /// What can be read once only, with its beginning looked at.
    pipe: Option<Box<dyn BufRead>>,
}

impl Input {
    /// Looks at the beginning of a file; all are looked at before anything is stored.
    fn of(path: &Path, args: &Args) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let unreadable = |error: std::io::Error| {
            Failure::new(USAGE, anyhow::anyhow!("`{name}` cannot be read: {error}; expected a file, or `-`"))
        };
        let (n_bytes, mut reader) = open(&name).map_err(unreadable)?;
        let head = reader.fill_buf().map_err(unreadable)?;
        let kind = match args.kind {
            None => file_kind(head, &name),
            Some(KindArg::Jsonl) => FileKind::Lines,
            Some(KindArg::Opml) => FileKind::Opml,
            Some(_) => FileKind::Document,
        };
        let pipe = n_bytes.is_none().then_some(reader);
        Ok(Self { name, kind, n_bytes, pipe })
    }

    fn reader(&mut self) -> std::io::Result<Box<dyn BufRead>> {
        self.pipe.take().map_or_else(|| open(&self.name).map(|(_, reader)| reader), Ok)
    }
}

/// Opens a file; its size is known unless it is a pipe.
fn open(name: &str) -> std::io::Result<(Option<u64>, Box<dyn BufRead>)> {
    if name == "-" {
        return Ok((None, Box::new(BufReader::with_capacity(HEAD_BYTES, std::io::stdin()))));
    }
    let file = File::open(name)?;
    let about = file.metadata()?;
    let n_bytes = about.is_file().then_some(about.len());
    Ok((n_bytes, Box::new(BufReader::with_capacity(HEAD_BYTES, file))))
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("error");
    let config = start.config(Vec::new())?;
    warn_of_settings(&config);
    let inputs: Vec<Input> = args.files.iter().map(|path| Input::of(path, args)).collect::<Result<_, _>>()?;
    let saved = match inputs.iter().find(|input| input.kind == FileKind::Document) {
        Some(document) => Some(saved_as(&config, args, &document.name)?),
        None => None,
    };
    let (lists, entries): (Vec<Input>, Vec<Input>) =
        inputs.into_iter().partition(|input| input.kind == FileKind::Opml);
    for list in lists {
        subscriptions(&config, args, list)?;
    }
    if entries.is_empty() { Ok(0) } else { runtime()?.block_on(take_in(config, args, entries, saved)) }
}

fn saved_as(config: &Config, args: &Args, name: &str) -> Result<SavedAs, Failure> {
    let Some(source) = &args.source else {
        let error = anyhow::anyhow!(
            "`{name}` is neither JSON lines nor OPML; a saved page needs `--source KEY` and `--url ADDRESS`"
        );
        return Err(Failure::new(USAGE, error));
    };
    let seen_at = match &args.seen {
        Some(text) => moment(config, "--seen", text)?,
        None => clock::now(),
    };
    Ok(SavedAs {
        source: SourceKey::parse(source).map_err(|error| Failure::new(USAGE, error))?,
        url: args.url.clone(),
        seen_at,
        kind: args.kind.and_then(KindArg::of_document),
        profile: args.profile.clone(),
    })
}

/// Prints a list of feeds as sources.
fn subscriptions(config: &Config, args: &Args, mut list: Input) -> Result<(), Failure> {
    let name = list.name.clone();
    let unusable = |error: anyhow::Error| Failure::new(USAGE, error.context(format!("`{name}`")));
    let body = whole(config, &mut list).map_err(unusable)?;
    let read = opml::opml(&body).map_err(|error| unusable(error.into()))?;
    for note in &read.notes {
        eprintln!("{name}: note: {note}");
    }
    let known: Vec<(&str, &Url)> =
        config.sources.iter().map(|source| (source.source.key.as_str(), &source.source.url)).collect();
    let text = opml::sources(&read.outlines, &known);
    let n_feeds = read.outlines.len();
    match &args.output {
        None => say!("{}", text.trim_end()),
        Some(path) => {
            let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| {
                unusable(anyhow::anyhow!("`{}` cannot be written: {error}", path.display()))
            })?;
        }
    }
    eprintln!(
        "{name}: {n_feeds} feeds; put these tables into your configuration, or name their file in `sources`"
    );
    Ok(())
}

/// A document as a whole, within the limit for what is fetched.
fn whole(config: &Config, input: &mut Input) -> Result<Vec<u8>, anyhow::Error> {
    let limit = config.fetch.max_body_bytes;
    let mut body = Vec::new();
    input.reader()?.take(limit + 1).read_to_end(&mut body)?;
    if body.len() as u64 > limit {
        anyhow::bail!("it is larger than {limit} bytes; raise `fetch.max_body`");
    }
    Ok(body)
}

async fn take_in(
    config: Arc<Config>,
    args: &Args,
    inputs: Vec<Input>,
    saved: Option<SavedAs>,
) -> Result<u8, Failure> {
    let store = Store::open(&config.store_path, clock::now()).await?;
    renew(&store, &config).await?;
    let mut importer = Importer::new(Arc::clone(&config), store.clone(), clock::now());
    let (mut all, mut failed, n_files) = (Counts::default(), false, inputs.len());
    for input in inputs {
        let name = input.name.clone();
        let counts = match (&saved, input.kind) {
            (Some(saved), FileKind::Document) => document(&config, &mut importer, input, saved).await?,
            _ => lines(&mut importer, input).await?,
        };
        let Some(counts) = counts else {
            failed = true;
            continue;
        };
        failed |= counts.n_bad > 0;
        print(&name, &counts, args.json);
        all.add(&counts);
    }
    if n_files > 1 && !args.json {
        print("all", &all, false);
    }
    store.close().await;
    Ok(if failed { SOME_FAILED } else { 0 })
}

/// Takes in one file of lines; `None` when it could not be read to its end.
async fn lines(importer: &mut Importer, mut input: Input) -> Result<Option<Counts>, Failure> {
    let reader = match input.reader() {
        Ok(reader) => reader,
        Err(error) => {
            eprintln!("{}: {error}", input.name);
            return Ok(None);
        }
    };
    let (name, bar) = (input.name, bar(input.n_bytes));
    let told = |told: Told<'_>| match told {
        Told::Bad { line, error } => bar.suspend(|| eprintln!("{name}:{line}: {error}")),
        Told::Stored { n_bytes, n_lines } => {
            bar.set_position(n_bytes);
            bar.set_message(format!("{n_lines} lines"));
        }
    };
    let counts = importer.lines(reader, told).await;
    bar.finish_and_clear();
    let counts = match counts {
        Ok(counts) => counts,
        Err(crate::import::ImportError::Store(error)) => return Err(Failure::new(CANNOT_RUN, error)),
        Err(error) => {
            eprintln!("{name}: {:#}", anyhow::Error::from(error));
            return Ok(None);
        }
    };
    for (note, (n_lines, first)) in &counts.notes {
        eprintln!("{name}:{first}: note: {} ({n_lines} such lines)", note.as_str());
    }
    Ok(Some(counts))
}

/// Takes in one saved document; `None` when it was not taken.
async fn document(
    config: &Config,
    importer: &mut Importer,
    mut input: Input,
    saved: &SavedAs,
) -> Result<Option<Counts>, Failure> {
    let taken = match whole(config, &mut input) {
        Ok(body) => importer.document(body, saved).await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let name = input.name;
    match taken {
        Ok((counts, rule)) => {
            eprintln!("{name}: read as {rule}");
            Ok(Some(counts))
        }
        Err(error) => match error.downcast::<DocumentError>() {
            Ok(DocumentError::Store(error)) => Err(Failure::new(CANNOT_RUN, error)),
            Ok(error @ (DocumentError::NoAddress | DocumentError::OnlyRows { .. })) => {
                Err(Failure::new(USAGE, anyhow::anyhow!("`{name}`: {error}")))
            }
            Ok(error) => {
                eprintln!("{name}: {:#}", anyhow::Error::from(error));
                Ok(None)
            }
            Err(error) => {
                eprintln!("{name}: {error:#}");
                Ok(None)
            }
        },
    }
}

fn bar(n_bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = n_bytes.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = match n_bytes {
        Some(_) => "{bar:30} {bytes}/{total_bytes}, {msg}, {elapsed}, {eta} left",
        None => "{spinner} {bytes}, {msg}, {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn print(name: &str, counts: &Counts, json: bool) {
    let Counts { n_lines, n_new, n_revised, n_unchanged, n_bad, .. } = counts;
    if json {
        let value = serde_json::json!({
            "file": name, "lines": n_lines, "new": n_new, "revised": n_revised, "unchanged": n_unchanged, "bad": n_bad,
        });
        say!("{value}");
    } else {
        say!(
            "{name}: {n_lines} lines: {n_new} new, {n_revised} revised, {n_unchanged} unchanged, {n_bad} bad"
        );
    }
}
