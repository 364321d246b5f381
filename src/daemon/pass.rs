//! One pass over sources, for `dibao fetch`.

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    clock,
    config::SourceConfig,
    poll::{PollReport, Poller},
    store::StoreError,
};

/// Polls each source once, at the same time as far as the client allows, and tells of each as it ends.
pub async fn pass(
    poller: &Poller,
    sources: Vec<Arc<SourceConfig>>,
    mut ended: impl FnMut(&PollReport),
) -> Result<Vec<PollReport>, StoreError> {
    let mut polls = JoinSet::new();
    // More polls than requests, since some wait for their host; but not all at once, since each holds a document.
    let places = Arc::new(Semaphore::new(poller.config.fetch.concurrency.saturating_mul(2)));
    for source in sources {
        let (poller, places) = (poller.clone(), Arc::clone(&places));
        polls.spawn(async move {
            let _place = places.acquire().await;
            poller.once(&source, clock::now()).await
        });
    }
    let mut reports = Vec::new();
    while let Some(poll) = polls.join_next().await {
        match poll {
            Ok(report) => {
                let report = report?;
                ended(&report);
                reports.push(report);
            }
            Err(error) => tracing::error!(%error, "a poll ended by a defect"),
        }
    }
    Ok(reports)
}
