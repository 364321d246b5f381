//! The operator's view: is it ready, and how is each source.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::Admin;
use crate::{
    normalise::time::rfc3339,
    store::{Counts, PollRow},
};

/// The whole state, for programs.
#[derive(Debug, Serialize)]
struct Status {
    stories: i64,
    entries: i64,
    revisions: i64,
    sources: Vec<SourceStatus>,
}

/// One source's state.
#[derive(Debug, Serialize)]
struct SourceStatus {
    key: String,
    name: String,
    url: String,
    kind: &'static str,
    verified: bool,
    enabled: bool,
    /// `ok`, `unchanged`, the name of a fault, or `never polled`.
    state: String,
    message: String,
    rule: String,
    last_poll: Option<String>,
    next_poll: Option<String>,
    failures_in_a_row: i64,
    rows: i64,
    pending: i64,
}

/// Whether the store answers and a feed is on the shelf.
pub(super) async fn ready(State(admin): State<Admin>) -> Response {
    let rendered = admin.shelf.load().is_some();
    match admin.store.feed_state().await {
        Ok(_) if rendered => "ready\n".into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "the feed is not rendered yet\n").into_response(),
        Err(error) => unavailable(&error),
    }
}

/// All sources with their last poll.
pub(super) async fn status(State(admin): State<Admin>) -> Response {
    let counts = admin.store.counts().await;
    let polls = admin.store.latest_polls().await;
    let (counts, polls) = match (counts, polls) {
        (Ok(counts), Ok(polls)) => (counts, polls),
        (Err(error), _) | (_, Err(error)) => return unavailable(&error),
    };
    let Counts { stories, entries, revisions } = counts;
    let sources = admin.config.sources.iter().map(|source| {
        let poll = polls.get(source.source.key.as_str());
        let time = |at| rfc3339(at, admin.config.feed.zone);
        let text = |field: fn(&PollRow) -> &String| poll.map(field).cloned().unwrap_or_default();
        SourceStatus {
            key: source.source.key.to_string(),
            name: source.source.name.clone(),
            url: source.source.url.to_string(),
            kind: source.kind.as_str(),
            verified: source.verified,
            enabled: source.enabled,
            state: poll.map_or_else(|| "never polled".into(), |poll| poll.outcome.clone()),
            message: text(|poll| &poll.message),
            rule: text(|poll| &poll.rule),
            last_poll: poll.map(|poll| time(poll.started_at)),
            next_poll: poll.map(|poll| time(poll.next_poll_at)),
            failures_in_a_row: poll.map_or(0, |poll| poll.n_failures),
            rows: poll.map_or(0, |poll| poll.n_rows),
            pending: poll.map_or(0, |poll| poll.n_pending),
        }
    });
    Json(Status { stories, entries, revisions, sources: sources.collect() }).into_response()
}

fn unavailable(error: &crate::store::StoreError) -> Response {
    tracing::error!(%error, cause = std::error::Error::source(error), "the store does not answer");
    (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer; the log says why\n").into_response()
}
