//! `dibao split` and `dibao join`.

use super::{CANNOT_RUN, Failure, SOME_FAILED, Start, runtime};
use crate::{
    clock,
    config::Config,
    rulings::{Done, Overruler, TargetError},
    store::{Store, StoreError},
};

/// Flags of `split`.
#[derive(Debug, clap::Args)]
pub(super) struct SplitArgs {
    /// Entries that are another story than the rest: numbers (`#12`, as `explain` shows them) or addresses
    #[arg(value_name = "ENTRY|URL", required = true)]
    entries: Vec<String>,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Take the latest split of these entries back
    #[arg(long, conflicts_with = "why")]
    undo: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `join`.
#[derive(Debug, clap::Args)]
pub(super) struct JoinArgs {
    /// A story's id, an entry's number or the address of any copy
    #[arg(value_name = "STORY|URL")]
    one: String,
    /// The same of the other
    #[arg(value_name = "OTHER")]
    other: String,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Take the latest join of these back
    #[arg(long, conflicts_with = "why")]
    undo: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn split(start: &Start, args: &SplitArgs) -> Result<u8, Failure> {
    ruled(start, args.json, async |overruler| {
        if args.undo {
            overruler.undo_split(&args.entries).await
        } else {
            overruler.split(&args.entries, args.why.as_deref()).await
        }
    })
}

pub(super) fn join(start: &Start, args: &JoinArgs) -> Result<u8, Failure> {
    ruled(start, args.json, async |overruler| {
        if args.undo {
            overruler.undo_join(&args.one, &args.other).await
        } else {
            overruler.join(&args.one, &args.other, args.why.as_deref()).await
        }
    })
}

fn ruled(
    start: &Start,
    json: bool,
    rule: impl AsyncFnOnce(Overruler<'_>) -> Result<Done, TargetError>,
) -> Result<u8, Failure> {
    start.logs("error");
    let config = start.config(Vec::new())?;
    runtime()?.block_on(async {
        let store = open(&config).await?;
        let overruler = Overruler { store: &store, config: &config, now: clock::now() };
        let done = match rule(overruler).await {
            Ok(done) => done,
            Err(TargetError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::new(SOME_FAILED, error)),
        };
        print(&store, done, json).await?;
        store.close().await;
        Ok(0)
    })
}

/// Opens a store that exists: these commands have nothing to do in an empty one.
pub(super) async fn open(config: &Config) -> Result<Store, Failure> {
    if !config.store_path.exists() {
        let path = config.store_path.display();
        let error = anyhow::anyhow!("store `{path}` does not exist; nothing was read into it yet");
        return Err(Failure::new(CANNOT_RUN, error));
    }
    Ok(Store::open(&config.store_path, clock::now()).await?)
}

async fn print(store: &Store, done: Done, json: bool) -> Result<(), StoreError> {
    let (kept, other) = (line(store, done.kept).await?, done.other);
    let other = match other {
        None => None,
        Some(other) => Some((line(store, store.survivor(other).await?).await?, store.survivor(other).await?)),
    };
    if json {
        let ended = other.as_ref().is_some_and(|(_, lives_as)| *lives_as == done.kept);
        let value = serde_json::json!({
            "story": kept.0, "other": other.as_ref().map(|(line, _)| &line.0), "moved": done.n_moved, "one": ended || other.is_none(),
        });
        say!("{value}");
        return Ok(());
    }
    match other {
        None => say!("one story already; that is remembered: 「{}」 {}", kept.1, kept.0),
        Some((_, lives_as)) if lives_as == done.kept => {
            say!("one story now: 「{}」 {}; {} entries joined it", kept.1, kept.0, done.n_moved);
        }
        Some((line, _)) => {
            say!("two stories now:");
            say!("  「{}」 {}", kept.1, kept.0);
            say!("  「{}」 {}", line.1, line.0);
        }
    }
    Ok(())
}

/// A story's id and title.
async fn line(store: &Store, id: i64) -> Result<(String, String), StoreError> {
    let Some(account) = store.account(id).await? else { return Ok(Default::default()) };
    let title = account.entries.iter().find(|entry| entry.id == account.canonical_id);
    Ok((account.atom_id.0, title.map(|entry| entry.title.clone()).unwrap_or_default()))
}
