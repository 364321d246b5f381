//! Takes changes into the search, some at a time, and lets what is polled go first.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError};

/// How often the store is asked; changes by other processes are seen too.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Stories taken in by one transaction: it holds the writer for some hundredths of a second.
const STEP: usize = 50;

/// Follows the count of changes until the stop, and tells it to whoever waits for a change.
pub(super) async fn run(store: Store, count: watch::Sender<i64>, stop: CancellationToken) {
    loop {
        if let Err(error) = follow(&store, &count, &stop).await {
            tracing::error!(%error, cause = std::error::Error::source(&error), "the search could not follow the changes");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn follow(
    store: &Store,
    count: &watch::Sender<i64>,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    loop {
        let seq = store.index_state().await?.change_seq;
        // Someone put an older copy in the place of the store: what is counted from now on is not what was.
        if seq < *count.borrow() {
            store.begin_stretch().await?;
        }
        count.send_if_modified(|known| std::mem::replace(known, seq) != seq);
        let started = Instant::now();
        if store.index_next(STEP).await? == 0 || stop.is_cancelled() {
            return Ok(());
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(started.elapsed()) => {}
        }
    }
}
