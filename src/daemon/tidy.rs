//! What is too old leaves the store: once an hour while the daemon runs, and after each pass of `dibao fetch`.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    config::Config,
    model::Timestamp,
    schedule::REVISITS,
    store::{Limits, Progress, Store, StoreError},
};

/// How often the store is tidied.
const EVERY: Duration = Duration::from_hours(1);
/// When it is first: a daemon that is started anew every day tidies too, and not while it starts.
const FIRST: Duration = Duration::from_mins(1);

/// Tidies until the stop.
pub(super) async fn run(config: Arc<Config>, store: Store, stop: CancellationToken) {
    let mut progress = Progress::default();
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = EVERY;
        tokio::select! {
            () = stop.cancelled() => return,
            tidied = tidy(&config, &store, &mut progress, clock::now()) => {
                if let Err(error) = tidied {
                    tracing::error!(%error, "could not tidy the store");
                }
            }
        }
    }
}

/// Lets go of what is too old.
pub async fn tidy(
    config: &Config,
    store: &Store,
    progress: &mut Progress,
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = |age: Duration| now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let oldest_in_feed = store.oldest_in_window(config.feed.window).await?;
    let limits = Limits {
        documents: before(config.retention.documents),
        entries: before(config.retention.entries),
        shown: oldest_in_feed.unwrap_or(Timestamp::MAX),
        rows: before(REVISITS.last().copied().unwrap_or_default() + 2 * config.schedule.max_interval),
        // Twice the window: an entry may be published long before it is seen.
        features: before(config.dedup.settings.window * 2),
    };
    let n_emptied = store.purge(&limits, progress, now).await?;
    if n_emptied > 0 {
        tracing::info!(stories = n_emptied, "let go of the texts of what is older than `retention.entries`");
    }
    Ok(())
}
