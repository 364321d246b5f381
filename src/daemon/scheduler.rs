//! Which source is polled when.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    config::SourceConfig,
    model::Timestamp,
    poll::{PollReport, Poller},
    store::StoreError,
};

/// The clock is looked at this often at least, in case it jumps.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// A poll that the store or a defect ended is tried again after this.
const AFTER_DEFECT: Duration = Duration::from_mins(1);

/// Polls due sources until the stop; then waits for the polls under way, which end early by themselves.
pub(super) async fn run(poller: Poller, stop: CancellationToken) {
    let mut scheduler = Scheduler::new(poller).await;
    while !stop.is_cancelled() {
        scheduler.start_due();
        let wait = scheduler.wait();
        tokio::select! {
            () = stop.cancelled() => {}
            ended = scheduler.polls.join_next_with_id(), if !scheduler.polls.is_empty() => {
                scheduler.ended(ended);
            }
            () = tokio::time::sleep(wait) => {}
        }
    }
    while scheduler.polls.join_next().await.is_some() {}
}

/// How the task of a poll ended.
type Ended = Result<(Id, Result<PollReport, StoreError>), JoinError>;

struct Scheduler {
    poller: Poller,
    sources: Vec<Arc<SourceConfig>>,
    due: BTreeSet<(Timestamp, usize)>,
    polls: JoinSet<Result<PollReport, StoreError>>,
    running: HashMap<Id, usize>,
}

impl Scheduler {
    /// Never-polled sources are due at once, the others when their last poll said.
    async fn new(poller: Poller) -> Self {
        let sources: Vec<_> = poller.config.sources.iter().filter(|source| source.enabled).cloned().collect();
        let polls = poller.store.latest_polls().await.unwrap_or_else(|error| {
            tracing::error!(%error, "earlier polls cannot be read; all sources are polled now");
            HashMap::new()
        });
        let now = clock::now();
        let bounds = poller.config.schedule;
        let latest = now.checked_add(bounds.max_interval + bounds.max_interval / 4).unwrap_or(now);
        let due = sources.iter().enumerate().map(|(i, source)| {
            let next = polls.get(source.source.key.as_str()).map_or(now, |poll| poll.next_poll_at);
            // After the clock was set back, a stored time may lie far ahead.
            (next.min(latest), i)
        });
        Self { due: due.collect(), sources, poller, polls: JoinSet::new(), running: HashMap::new() }
    }

    fn start_due(&mut self) {
        let now = clock::now();
        while let Some(&(at, i)) = self.due.first() {
            if at > now {
                break;
            }
            self.due.pop_first();
            let Some(source) = self.sources.get(i).cloned() else { continue };
            let poller = self.poller.clone();
            let task = self.polls.spawn(async move { poller.once(&source, clock::now()).await });
            self.running.insert(task.id(), i);
        }
    }

    fn wait(&self) -> Duration {
        let next = self.due.first().map(|(at, _)| at.duration_since(clock::now()));
        let until = next.map_or(LOOK_EVERY, |until| Duration::try_from(until).unwrap_or_default());
        until.min(LOOK_EVERY)
    }

    fn ended(&mut self, ended: Option<Ended>) {
        let (id, next) = match ended {
            None => return,
            Some(Ok((id, Ok(report)))) => (id, Some(report.next_poll_at)),
            Some(Ok((id, Err(error)))) => {
                tracing::error!(error = %error, cause = std::error::Error::source(&error), "a poll could not be stored");
                (id, None)
            }
            Some(Err(error)) => {
                tracing::error!(%error, "a poll ended by a defect");
                (error.id(), None)
            }
        };
        let Some(i) = self.running.remove(&id) else { return };
        let now = clock::now();
        let next = next.unwrap_or_else(|| now.checked_add(AFTER_DEFECT).unwrap_or(now));
        self.due.insert((next, i));
    }
}
