//! One poll of one source: the single place where fetching, extracting, normalising, deduplicating and storing meet.
//!
//! **Invariants:** a source's failure is a value, never an error of the whole; an item that a list shows is stored,
//! kept pending or withheld with a reason, never dropped; the list's validators are stored last, so that a list
//! whose items were not all taken is read again; a poll that finds nothing new writes only its poll row.

mod article;
pub mod ingest;
pub mod listing;
mod look;
mod offload;
mod pages;
mod rows;
mod visit;

use std::{sync::Arc, time::Duration};

use jiff::Unit;

pub use look::{Look, Looker, Sample};

use crate::{
    config::{Config, SourceConfig},
    fetch::Client,
    model::{SourceKey, Timestamp},
    observe::Fault,
    schedule::{Timing, next_poll_at},
    store::{PollRow, Store, StoreError},
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

    fn row(&self, started_at: Timestamp, n_failures: i64) -> PollRow {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (outcome, message) = match &self.outcome {
            Outcome::Ok => ("ok", String::new()),
            Outcome::Unchanged => ("unchanged", String::new()),
            Outcome::Fault(fault) => (fault.name, fault.told()),
        };
        PollRow {
            source_key: self.source.as_str().to_owned(),
            started_at,
            duration_ms: i64::try_from(self.took.as_millis()).unwrap_or(i64::MAX),
            outcome: outcome.to_owned(),
            message,
            rule: self.rule.clone(),
            n_rows: count(self.n_rows),
            n_new: count(self.n_new),
            n_updated: count(self.n_updated),
            n_unchanged: count(self.n_unchanged),
            n_pending: count(self.n_pending),
            n_failures,
            next_poll_at: self.next_poll_at,
        }
    }
}

impl Poller {
    /// Polls a source once and keeps what came of it. Only the store itself can make this fail.
    pub async fn once(&self, source: &Arc<SourceConfig>, now: Timestamp) -> Result<PollReport, StoreError> {
        let started = tokio::time::Instant::now();
        let previous = self.store.polls_of(source.source.key.as_str(), 1).await?.into_iter().next();
        let visited = visit::visit(self, source, previous.as_ref().map(|poll| poll.started_at), now).await?;
        let mut report = visited.report;
        report.took = started.elapsed();
        let n_failures = match &report.outcome {
            Outcome::Fault(_) => previous.map_or(0, |poll| poll.n_failures) + 1,
            _ => 0,
        };
        let timing = Timing {
            interval: source.interval.unwrap_or(self.config.schedule.interval),
            asked: visited.asked,
            n_failures: u32::try_from(n_failures).unwrap_or(u32::MAX),
        };
        let ended_at = now.checked_add(report.took).unwrap_or(now).round(Unit::Millisecond).unwrap_or(now);
        report.next_poll_at = self.next(ended_at, timing, &report);
        report.n_pending =
            usize::try_from(self.store.count_pending(source.source.key.as_str()).await?).unwrap_or(0);
        let stopped = matches!(&report.outcome, Outcome::Fault(fault) if fault.name == "stopped");
        if !stopped {
            let mut batch = self.store.begin().await?;
            if let Some((url, validators)) = &visited.list_validators {
                batch.keep_validators(source.source.key.as_str(), url, validators, true, now).await?;
            }
            batch.keep_poll(&report.row(now, n_failures)).await?;
            batch.commit().await?;
        }
        log(&report);
        Ok(report)
    }

    /// Items left over for the next poll are taken soon.
    fn next(&self, now: Timestamp, timing: Timing, report: &PollReport) -> Timestamp {
        let left_over = report.is_ok() && report.notes.iter().any(|note| note.starts_with(rows::LEFT_OVER));
        let timing = if left_over { Timing { interval: Duration::ZERO, ..timing } } else { timing };
        next_poll_at(now, timing, &self.config.schedule, fastrand::f64())
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
