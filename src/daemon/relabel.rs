//! Tells the topics of stored entries again when the rules changed: in the background, some at a time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    config::Config,
    model::Timestamp,
    store::{Store, StoreError},
};

/// Entries of one transaction: it holds the writer for some hundredths of a second.
const STEP: usize = 100;
/// Entries first seen earlier than this keep the topics they have.
const AGE: Duration = Duration::from_hours(400 * 24);

/// Goes through what is labelled by other rules, and ends.
pub(super) async fn run(config: Arc<Config>, store: Store, stop: CancellationToken) {
    match relabel(&config, &store, clock::now(), &stop).await {
        Ok((0, _)) => {}
        Ok((n_entries, n_changed)) => {
            tracing::info!(
                n_entries,
                n_changed,
                "told the topics of stored entries again, since their rules changed"
            );
        }
        Err(error) => tracing::error!(
            %error,
            cause = std::error::Error::source(&error),
            "could not tell the topics of stored entries again; the next start goes on with it"
        ),
    }
}

/// Tells the topics of entries that other rules labelled, the newest first. Gives how many were looked at, and how many
/// have other topics now.
///
/// # Errors
/// When the store fails; the next call goes on where this one ended.
pub async fn relabel(
    config: &Config,
    store: &Store,
    now: Timestamp,
    stop: &CancellationToken,
) -> Result<(usize, usize), StoreError> {
    let rules = config.topics.revision();
    let oldest = now.checked_sub(AGE).unwrap_or(Timestamp::MIN);
    let (mut n_entries, mut n_changed) = (0, 0);
    loop {
        let started = Instant::now();
        let entries = store.labelled_otherwise(rules, STEP).await?;
        let is_last = entries.is_empty() || entries.iter().all(|entry| entry.seen_at() < oldest);
        if is_last || stop.is_cancelled() {
            if !entries.is_empty() && !stop.is_cancelled() {
                // What is older is left as it is: nothing is left to be done.
                store.label(rules, &[]).await?;
            }
            return Ok((n_entries, n_changed));
        }
        let told = entries.into_iter().map(|entry| {
            let topics = config.topics.of(&entry.title, &entry.content_text);
            (entry, topics)
        });
        let told: Vec<_> = told.collect();
        n_entries += told.len();
        n_changed += store.label(rules, &told).await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(started.elapsed()) => {}
        }
    }
}
