//! `dibao migrate`.

use super::{Failure, Start, runtime};
use crate::{clock, store::Store};

/// Flags of `migrate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("warn");
    let config = start.config(Vec::new())?;
    runtime()?.block_on(async {
        let store = Store::open(&config.store_path, clock::now()).await?;
        let counts = store.counts().await?;
        let path = store.path().display().to_string();
        store.close().await;
        if args.json {
            say!(
                "{}",
                serde_json::json!({ "store": path, "stories": counts.stories, "entries": counts.entries })
            );
        } else {
            say!("{path}: up to date, {} stories of {} entries", counts.stories, counts.entries);
        }
        Ok(0)
    })
}
