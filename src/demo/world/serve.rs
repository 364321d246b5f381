//! One site on its port: which page an address means, validators, and answers to conditional requests.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::render::{self, Page, Replica, View};

/// Serves a site until `running` is cancelled.
pub(super) async fn serve(
    listener: TcpListener,
    replica: Replica,
    running: CancellationToken,
) -> io::Result<()> {
    axum::serve(listener, router(replica)).with_graceful_shutdown(running.cancelled_owned()).await
}

fn router(replica: Replica) -> Router {
    Router::new().route("/", get(answer)).route("/{*path}", get(answer)).with_state(Arc::new(replica))
}

async fn answer(State(replica): State<Arc<Replica>>, uri: Uri, request: HeaderMap) -> Response {
    let view = View::new(&replica, crate::clock::now());
    match render::page(&view, uri.path().trim_start_matches('/'), uri.query().unwrap_or_default()) {
        Some(page) => respond(page, replica.spec.validators, &request),
        None => (StatusCode::NOT_FOUND, "您访问的页面不存在\n").into_response(),
    }
}

fn respond(page: Page, validators: bool, request: &HeaderMap) -> Response {
    let content_type = [(CONTENT_TYPE, page.content_type)];
    if !validators {
        return (content_type, page.body).into_response();
    }
    let etag = format!("\"{}\"", blake3::hash(&page.body).to_hex());
    let changed_s = page.changed_at.as_second();
    let mut headers = vec![(ETAG, etag.clone())];
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&page.changed_at) {
        headers.push((LAST_MODIFIED, date));
    }
    let headers = axum::response::AppendHeaders(headers);
    if is_known(request, &etag, changed_s) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (content_type, headers, page.body).into_response()
}

/// Whether the asker has these bytes already. `If-None-Match` makes `If-Modified-Since` void
/// (RFC 9110 §13.2.2).
fn is_known(request: &HeaderMap, etag: &str, changed_s: i64) -> bool {
    let text = |name| request.get(name).and_then(|value| value.to_str().ok());
    if let Some(tags) = text(IF_NONE_MATCH) {
        return tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag);
    }
    let since = text(IF_MODIFIED_SINCE).and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    since.is_some_and(|since| changed_s <= since.as_second())
}
