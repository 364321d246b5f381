//! The operator's view: is it ready, how is each source, and what was told.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{Admin, PAGE_POLICY};
use crate::{
    normalise::time::rfc3339,
    publish::{
        Archive, FeedMeta, Place,
        alerts::{self, AlertEntry},
        atom, page,
        status::{self, Health, PushHealth, PushLine, SourceHealth},
    },
    store::{Store, StoreError},
};

/// Failing subscribers shown.
const MAX_FAILING: usize = 50;
/// Alerts shown.
const MAX_ALERTS: usize = 200;

/// Whether the store answers and a feed is on the shelf.
pub(super) async fn ready(State(admin): State<Admin>) -> Response {
    let rendered = admin.shelf.load().is_some();
    match admin.store.feed_state().await {
        Ok(_) if rendered => "ready\n".into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "the feed is not rendered yet\n").into_response(),
        Err(error) => unavailable(&error),
    }
}

/// All sources, as a page.
pub(super) async fn html(State(admin): State<Admin>) -> Response {
    match health(&admin).await {
        Ok(health) => {
            let mut response = status::page(&health, admin.config.feed.zone).into_response();
            let set = response.headers_mut();
            set.insert(header::CONTENT_TYPE, HeaderValue::from_static(page::MEDIA_TYPE));
            set.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
            response
        }
        Err(error) => unavailable(&error),
    }
}

/// All sources, for programs.
pub(super) async fn json(State(admin): State<Admin>) -> Response {
    let health = match health(&admin).await {
        Ok(health) => health,
        Err(error) => return unavailable(&error),
    };
    let time = |at| rfc3339(at, admin.config.feed.zone);
    let source = |source: SourceHealth| {
        serde_json::json!({
            "key": source.key, "name": source.name, "url": source.url, "kind": source.kind,
            "verified": source.verified, "enabled": source.enabled, "state": source.state,
            "since": source.since.map(time), "message": source.message, "rule": source.rule,
            "last_poll": source.last_poll.map(time), "next_poll": source.next_poll.map(time),
            "failures_in_a_row": source.n_failures, "rows": source.n_rows, "pending": source.n_pending,
        })
    };
    let sources: Vec<serde_json::Value> = health.sources.into_iter().map(source).collect();
    let line = |line: PushLine| {
        serde_json::json!({
            "what": line.what, "name": line.name, "about": line.about, "state": line.state, "message": line.message,
            "failures_in_a_row": line.n_failures, "last": line.last.map(time), "next": line.next.map(time),
        })
    };
    let push = health.push;
    let push = serde_json::json!({
        "subscriptions": push.n_subscriptions, "topics": push.n_topics, "failing": push.n_failing,
        "waiting": push.n_waiting, "last_delivery": push.delivered_at.map(time),
        "lines": push.lines.into_iter().map(line).collect::<Vec<_>>(),
    });
    Json(serde_json::json!({
        "stories": health.stories, "entries": health.entries, "revisions": health.revisions, "sources": sources,
        "push": push,
    }))
    .into_response()
}

async fn health(admin: &Admin) -> Result<Health, StoreError> {
    let counts = admin.store.counts().await?;
    let polls = admin.store.latest_polls().await?;
    let sources = admin.config.sources.iter().map(|source| {
        let known = SourceHealth {
            key: source.source.key.to_string(),
            name: source.source.name.clone(),
            url: source.source.url.to_string(),
            kind: source.kind.as_str().to_owned(),
            verified: source.verified,
            enabled: source.enabled,
            ..SourceHealth::default()
        };
        let Some(poll) = polls.get(source.source.key.as_str()) else {
            return SourceHealth { state: "never polled".into(), ..known };
        };
        SourceHealth {
            state: poll.state.clone(),
            since: Some(poll.since),
            message: poll.message.clone(),
            rule: poll.rule.clone(),
            last_poll: Some(poll.started_at),
            next_poll: Some(poll.next_poll_at),
            n_failures: poll.n_failures,
            n_rows: poll.n_rows,
            n_pending: poll.n_pending,
            ..known
        }
    });
    Ok(Health {
        stories: counts.stories,
        entries: counts.entries,
        revisions: counts.revisions,
        sources: sources.collect(),
        push: push(&admin.store).await?,
    })
}

/// WebSub: failing subscribers, other hubs, our own subscriptions.
async fn push(store: &Store) -> Result<PushHealth, StoreError> {
    let status = store.hub_status().await?;
    let subscribers = store.failing_subscriptions(MAX_FAILING).await?.into_iter().map(|it| PushLine {
        what: "subscriber",
        name: it.host,
        about: it.topic,
        state: "failing".into(),
        message: it.message,
        n_failures: it.n_failures,
        last: Some(it.since),
        next: Some(it.next),
    });
    let hubs = store.pings().await?.into_iter().map(|it| PushLine {
        what: "hub",
        name: it.hub,
        about: "told of our changes".into(),
        state: if it.message.is_empty() { "ok" } else { "failing" }.into(),
        message: it.message,
        n_failures: it.n_failures,
        last: it.told_at,
        next: (it.n_failures > 0).then_some(it.next_try_at),
    });
    let upstreams = store.upstreams().await?.into_iter().map(|it| PushLine {
        what: "source",
        name: it.source_key,
        about: it.hub,
        state: it.state,
        message: it.message,
        n_failures: it.n_failures,
        last: it.content_at,
        next: Some(it.next_at),
    });
    Ok(PushHealth {
        n_subscriptions: status.n_subscriptions,
        n_topics: status.n_topics,
        n_failing: status.n_failing,
        n_waiting: status.n_waiting,
        delivered_at: status.delivered_at,
        lines: subscribers.chain(hubs).chain(upstreams).collect(),
    })
}

/// Breaks and recoveries, as a feed.
pub(super) async fn alerts(State(admin): State<Admin>) -> Response {
    let (rows, state) = match (admin.store.alerts(MAX_ALERTS).await, admin.store.feed_state().await) {
        (Ok(rows), Ok(state)) => (rows, state),
        (Err(error), _) | (_, Err(error)) => return unavailable(&error),
    };
    let entry = |row: crate::store::AlertRow| {
        let source = admin.config.source(&row.source_key);
        AlertEntry {
            id: row.id,
            source_name: source.map_or_else(|| row.source_key.clone(), |source| source.source.name.clone()),
            source_url: source.map(|source| source.source.url.to_string()).unwrap_or_default(),
            source_key: row.source_key,
            at: row.at,
            recovered: row.kind == "recovered",
            state: row.state,
            since: row.since,
            message: row.message,
        }
    };
    let entries: Vec<AlertEntry> = rows.into_iter().map(entry).collect();
    let config = &admin.config;
    let place = Place::new("alerts");
    let meta = FeedMeta {
        atom_id: &state.atom_id,
        title: &config.feed.title,
        subtitle: "",
        updated_at: state.changed_at,
        zone: config.feed.zone,
        language: &config.feed.language,
        base_url: &admin.base_url,
        place: &place,
        page: "status",
        hubs: &[],
        archive: Archive::None,
        bureaus: &config.bureaus,
        topics: config.topics.table(),
    };
    let document = alerts::feed(&meta, &entries);
    ([(header::CONTENT_TYPE, atom::MEDIA_TYPE)], document).into_response()
}

fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, cause = std::error::Error::source(error), "the store does not answer");
    (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer; the log says why\n").into_response()
}
