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
    poll::{PollReport, Poller, ingest},
    push::hints::Hints,
    store::StoreError,
};

/// The clock is looked at this often at least, in case it jumps.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// However often a hub tells of a source, it is polled no more often than this.
const HINT_PAUSE: Duration = Duration::from_secs(10);
/// A poll that did not find what a hub had told of is repeated after this.
const HINT_AGAIN: Duration = Duration::from_mins(1);
/// So often.
const POLLS_A_HINT: u8 = 2;
/// A poll that the store or a defect ended is tried again after this.
const AFTER_DEFECT: Duration = Duration::from_mins(1);

/// Polls due sources until the stop; then waits for the polls under way, which end early by themselves.
pub(super) async fn run(poller: Poller, hints: Arc<Hints>, stop: CancellationToken) {
    tokio::select! {
        () = renew(&poller) => {}
        () = stop.cancelled() => return,
    }
    let mut scheduler = Scheduler::new(poller).await;
    while !stop.is_cancelled() {
        scheduler.hinted(&hints.take());
        scheduler.start_due();
        let wait = scheduler.wait();
        tokio::select! {
            () = stop.cancelled() => {}
            ended = scheduler.polls.join_next_with_id(), if !scheduler.polls.is_empty() => {
                scheduler.ended(ended);
            }
            () = hints.woken() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    while scheduler.polls.join_next().await.is_some() {}
}

/// What is stored under other rules is brought up to date before anything is compared with it.
async fn renew(poller: &Poller) {
    match ingest::renew(&poller.store, &poller.config).await.map(ingest::Renewed::told) {
        Ok(None) => {}
        Ok(Some(told)) => tracing::warn!("{told}"),
        Err(error) => tracing::error!(
            %error,
            cause = std::error::Error::source(&error),
            "what is compared of stored entries could not be made anew; the next start goes on with it"
        ),
    }
}

/// How the task of a poll ended.
type Ended = Result<(Id, Result<PollReport, StoreError>), JoinError>;

struct Scheduler {
    poller: Poller,
    sources: Vec<Arc<SourceConfig>>,
    due: BTreeSet<(Timestamp, usize)>,
    polls: JoinSet<Result<PollReport, StoreError>>,
    running: HashMap<Id, usize>,
    /// When each was last begun.
    begun: HashMap<usize, Timestamp>,
    /// Those of which a hub told something that no poll has found yet.
    hinted: HashMap<usize, Hint>,
}

/// That a hub told of something.
#[derive(Clone, Copy)]
struct Hint {
    told_at: Timestamp,
    /// Polls left for it.
    n_left: u8,
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
        let told = poller.store.hinted_sources().await.unwrap_or_default();
        let bounds = poller.config.schedule;
        let latest = now.checked_add(bounds.max_interval + bounds.max_interval / 4).unwrap_or(now);
        let due = sources.iter().enumerate().map(|(i, source)| {
            let next = polls.get(source.source.key.as_str()).map_or(now, |poll| poll.next_poll_at);
            // A hub told of something when we stopped; after the clock was set back, a stored time may lie far ahead.
            let is_told = told.contains(source.source.key.as_str());
            (if is_told { now } else { next.min(latest) }, i)
        });
        Self {
            due: due.collect(),
            sources,
            poller,
            polls: JoinSet::new(),
            running: HashMap::new(),
            begun: HashMap::new(),
            hinted: HashMap::new(),
        }
    }

    /// Sources of which a hub told something are due at once, but for a pause since they were last begun.
    fn hinted(&mut self, keys: &BTreeSet<String>) {
        for (i, source) in
            self.sources.iter().enumerate().filter(|(_, it)| keys.contains(it.source.key.as_str()))
        {
            tracing::debug!(source.key = %source.source.key, "a hub told of something new");
            self.hinted.insert(i, Hint { told_at: clock::now(), n_left: POLLS_A_HINT });
            let earliest =
                self.begun.get(&i).and_then(|at| at.checked_add(HINT_PAUSE).ok()).unwrap_or(Timestamp::MIN);
            let at = clock::now().max(earliest);
            // One that is being polled is looked at again when that has ended.
            let waiting = self.due.iter().find(|(_, known)| *known == i).copied();
            if let Some((next, _)) = waiting.filter(|(next, _)| *next > at) {
                self.due.remove(&(next, i));
                self.due.insert((at, i));
            }
        }
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
            self.begun.insert(i, now);
        }
    }

    fn wait(&self) -> Duration {
        let next = self.due.first().map(|(at, _)| at.duration_since(clock::now()));
        let until = next.map_or(LOOK_EVERY, |until| Duration::try_from(until).unwrap_or_default());
        until.min(LOOK_EVERY)
    }

    /// When a source is polled next: as its poll said, or soon when that did not find what a hub had told of, since a
    /// site may show for a while what it showed before, or could not, since the hub told of it in the meantime.
    fn after(&mut self, id: Id, report: &PollReport) -> Timestamp {
        let hint = self.running.get(&id).and_then(|i| Some((*i, self.hinted.remove(i)?)));
        let Some((i, hint)) = hint else { return report.next_poll_at };
        let begun = self.begun.get(&i).copied().unwrap_or(Timestamp::MIN);
        let (wait, hint) = if hint.told_at > begun {
            (HINT_PAUSE, hint)
        } else if hint.n_left > 1 && report.is_ok() && report.n_new + report.n_updated == 0 {
            (HINT_AGAIN, Hint { n_left: hint.n_left - 1, ..hint })
        } else {
            return report.next_poll_at;
        };
        self.hinted.insert(i, hint);
        let soon = clock::now().checked_add(wait).unwrap_or(report.next_poll_at);
        report.next_poll_at.min(soon)
    }

    fn ended(&mut self, ended: Option<Ended>) {
        let (id, next) = match ended {
            None => return,
            Some(Ok((id, Ok(report)))) => (id, Some(self.after(id, &report))),
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
