//! One poll of one source: the single place where fetching, extracting, normalising, deduplicating and storing meet.
//!
//! **Invariants:** a source's failure is a value, never an error of the whole; an item that a list shows is stored,
//! kept pending or withheld with a reason, never dropped; the list's validators are stored last, so that a list
//! whose items were not all taken is read again; a poll that finds nothing new writes only its poll row.

pub(crate) mod article;
pub mod ingest;
pub mod listing;
mod look;
pub(crate) mod offload;
mod pages;
mod reid;
pub(crate) mod rows;
mod standing;
mod visit;

use std::{sync::Arc, time::Duration};

use jiff::Unit;

pub use look::{Look, Looker, Sample};
use standing::{Past, Stands, stands};
use visit::Visited;

use crate::{
    config::{Config, SourceConfig},
    fetch::Client,
    model::{Kind, SourceKey, Timestamp},
    observe::{Alert, Fault, Numbers, Reid},
    push,
    schedule::{Timing, adaptive_interval, next_poll_at},
    store::{AfterVisit, AlertRow, BeforeVisit, PollRow, Store, StoreError},
};

/// What polls need, shared by all of them.
#[derive(Debug, Clone)]
pub struct Poller {
    /// The configuration.
    pub config: Arc<Config>,
    /// The HTTP client.
    pub client: Arc<Client>,
    /// The store.
    pub store: Store,
}

/// How a poll ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    Ok,
    /// It has not changed since the last time.
    Unchanged,
    /// It could not be read.
    Fault(Fault),
}

/// What a poll came to.
#[derive(Debug, Clone)]
pub struct PollReport {
    /// The source.
    pub source: SourceKey,
    /// How it ended.
    pub outcome: Outcome,
    /// Which rule gave the rows.
    pub rule: String,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Rows found.
    pub n_rows: usize,
    /// New entries.
    pub n_new: usize,
    /// Changed entries.
    pub n_updated: usize,
    /// Known, unchanged entries.
    pub n_unchanged: usize,
    /// Rows still waiting for their article.
    pub n_pending: usize,
    /// What it is judged by, beside its own history.
    pub numbers: Numbers,
    /// Why it was read from a mirror, if it was.
    pub mirrored: Option<Fault>,
    /// What became of its items when it changed its ids.
    pub reid: Option<Reid>,
    /// How long it took.
    pub took: Duration,
    /// Earliest time of the next poll.
    pub next_poll_at: Timestamp,
}

impl PollReport {
    /// Whether the source could be read.
    pub fn is_ok(&self) -> bool {
        !matches!(self.outcome, Outcome::Fault(_))
    }

    fn row(&self, started_at: Timestamp, n_failures: i64, stands: &Stands) -> PollRow {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let outcome = match &self.outcome {
            Outcome::Ok => "ok",
            Outcome::Unchanged => "unchanged",
            Outcome::Fault(fault) => fault.name,
        };
        PollRow {
            source_key: self.source.as_str().to_owned(),
            started_at,
            duration_ms: i64::try_from(self.took.as_millis()).unwrap_or(i64::MAX),
            outcome: outcome.to_owned(),
            state: stands.state.clone(),
            since: stands.since,
            message: stands.message.clone(),
            rule: self.rule.clone(),
            n_rows: count(self.n_rows),
            n_new: count(self.n_new),
            n_updated: count(self.n_updated),
            n_unchanged: count(self.n_unchanged),
            n_pending: count(self.n_pending),
            n_dated: count(self.numbers.n_dated),
            n_empty: count(self.numbers.n_empty),
            n_bad: stands.n_bad,
            n_failures,
            next_poll_at: self.next_poll_at,
        }
    }
}

/// Earlier polls by which a poll is judged.
const HISTORY: usize = 10;
/// News of this long ago still count for how often a source publishes.
const NEWS_AGE: Duration = Duration::from_hours(14 * 24);

/// A source whose hub delivers is polled this much more rarely.
const TOLD_SHARE: u32 = 6;

impl Poller {
    /// Makes a poller that remembers what an earlier process learned of the sites: their robots.txt, and when they were
    /// last visited.
    pub async fn new(
        config: Arc<Config>,
        client: Arc<Client>,
        store: Store,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        client.recall_robots(store.robots().await?);
        for poll in store.latest_polls().await?.values() {
            let took = Duration::from_millis(u64::try_from(poll.duration_ms).unwrap_or(0));
            let ended_at = poll.started_at.checked_add(took).unwrap_or(now);
            if let Some(source) = config.source(&poll.source_key) {
                client.recall_visit(&source.source.url, ended_at, now);
            }
        }
        Ok(Self { config, client, store })
    }

    /// Polls a source once and keeps what came of it. Only the store itself can make this fail.
    pub async fn once(&self, source: &Arc<SourceConfig>, now: Timestamp) -> Result<PollReport, StoreError> {
        let started = tokio::time::Instant::now();
        let key = source.source.key.as_str();
        let before = self.store.before_visit(key, now).await?;
        let mut visited = Box::pin(visit::visit(self, source, &before, now)).await?;
        let since = now.checked_sub(NEWS_AGE).unwrap_or(now);
        let after = self.store.after_visit(key, HISTORY, since, now).await?;
        let report = &mut visited.report;
        report.took = started.elapsed();
        let n_failures = match &report.outcome {
            Outcome::Fault(_) => before.previous.as_ref().map_or(0, |poll| poll.n_failures) + 1,
            _ => 0,
        };
        let timing = Timing {
            interval: self.interval(source, &after, now),
            asked: visited.asked,
            n_failures: u32::try_from(n_failures).unwrap_or(u32::MAX),
        };
        let ended_at = now.checked_add(report.took).unwrap_or(now).round(Unit::Millisecond).unwrap_or(now);
        report.next_poll_at = self.next(ended_at, timing, report);
        report.n_pending = usize::try_from(after.n_waiting).unwrap_or(0);
        let stopped = matches!(&report.outcome, Outcome::Fault(fault) if fault.name == "stopped");
        if !stopped {
            if let Some(said) = &visited.said {
                let offer = said.offer.as_deref();
                push::upstream::note_offer(&self.config, &self.store, source, offer, now).await?;
            }
            self.keep(source, &visited, &before, &after, n_failures, now).await?;
        }
        log(&visited.report);
        Ok(visited.report)
    }

    /// Keeps a poll, last of all that it brought, with what follows from it for how the source stands.
    async fn keep(
        &self,
        source: &SourceConfig,
        visited: &Visited,
        before: &BeforeVisit,
        after: &AfterVisit,
        n_failures: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (key, report) = (source.source.key.as_str(), &visited.report);
        let last_alert = after.last_alert.as_ref();
        let past = Past {
            previous: before.previous.as_ref(),
            read: &after.read,
            expects_rows_by_rule: source.kind == Kind::List,
            told_broken: last_alert.is_some_and(|alert| alert.kind == Alert::Broke.as_str()),
            is_known: source.verified || before.was_read || report.is_ok(),
            n_held: after.n_held,
        };
        let stands = stands(report, now, past);
        let mut batch = self.store.begin().await?;
        if let Some(document) = &visited.document {
            batch.keep_document(key, document, now).await?;
        }
        if let Some((url, validators)) = &visited.list_validators {
            batch.keep_validators(key, url, validators, true, now).await?;
        }
        if let Some(alert) = stands.alert {
            batch.keep_alert(&alert_row(key, alert, &stands, last_alert, now)).await?;
        }
        for (origin, body, at) in self.client.fresh_robots() {
            batch.keep_robots(&origin, &body, at).await?;
        }
        if report.is_ok() && after.has_hub {
            batch.answer_hint(key, now, report.n_new > 0).await?;
        }
        batch.keep_poll(&report.row(now, n_failures, &stands)).await?;
        batch.commit().await
    }

    /// The source's own interval, else one that follows how often it publishes.
    fn interval(&self, source: &SourceConfig, after: &AfterVisit, now: Timestamp) -> Duration {
        let schedule = &self.config.schedule;
        if let Some(own) = source.interval {
            return own;
        }
        if !schedule.adaptive {
            return schedule.interval;
        }
        let interval = after.news.map_or(schedule.interval, |(n_new, first)| {
            let over = Duration::try_from(now.duration_since(first)).unwrap_or_default();
            adaptive_interval(u32::try_from(n_new).unwrap_or(u32::MAX), over, schedule)
        });
        // Where a hub reliably tells what is new, polling is for the day on which it does not.
        if after.hub_delivers { (interval * TOLD_SHARE).min(schedule.max_interval) } else { interval }
    }

    /// Items left over for the next poll are taken soon.
    fn next(&self, now: Timestamp, timing: Timing, report: &PollReport) -> Timestamp {
        let left_over = report.is_ok() && report.notes.iter().any(|note| note.starts_with(rows::LEFT_OVER));
        let timing = if left_over { Timing { interval: Duration::ZERO, ..timing } } else { timing };
        next_poll_at(now, timing, &self.config.schedule, fastrand::f64())
    }
}

/// What the operator is told: of a recovery, what had been wrong and since when.
fn alert_row(key: &str, alert: Alert, stands: &Stands, last: Option<&AlertRow>, now: Timestamp) -> AlertRow {
    let (state, since, message) = match (alert, last) {
        (Alert::Recovered, Some(broke)) => {
            (broke.state.clone(), broke.since, "it gives what it should again".to_owned())
        }
        _ => (stands.state.clone(), stands.since, stands.message.clone()),
    };
    AlertRow {
        id: 0,
        source_key: key.to_owned(),
        at: now,
        kind: alert.as_str().to_owned(),
        state,
        since,
        message,
    }
}

fn log(report: &PollReport) {
    let source = report.source.as_str();
    let duration_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
    let (status, fault) = match &report.outcome {
        Outcome::Ok => ("ok", None),
        Outcome::Unchanged => ("unchanged", None),
        Outcome::Fault(fault) => (fault.name, Some(fault.told())),
    };
    let (new, updated, unchanged) = (report.n_new, report.n_updated, report.n_unchanged);
    match fault {
        None => tracing::info!(source.key = source, status, new, updated, unchanged, duration_ms, "polled"),
        Some(fault) => {
            tracing::warn!(
                source.key = source,
                status,
                new,
                updated,
                unchanged,
                duration_ms,
                fault,
                "polled"
            );
        }
    }
    for note in &report.notes {
        tracing::debug!(source.key = source, note, "noted");
    }
}
