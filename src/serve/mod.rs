//! What clients are answered: rendered bytes from memory, and the operator's probes.
//!
//! **Invariant:** nothing here renders, and nothing waits for a source or the store, but for `/status`.

mod accept;
pub mod api;
mod conditional;
mod hub;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

pub use accept::serve;
pub use hub::{HubRoutes, hub};

use crate::{
    config::Config,
    publish::{body::Body, page},
    store::Store,
};

/// What is served, swapped as a whole when it changes.
#[derive(Debug)]
pub struct Published {
    /// `/feed.atom`.
    pub atom: Body,
    /// `/`.
    pub home: Body,
}

/// The published documents; empty until the first rendering.
pub type Shelf = Arc<ArcSwapOption<Published>>;

/// The operator's page may be shown only with its own style, load nothing and run nothing.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The address that a request came from: that of the client, or of a proxy in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub std::net::IpAddr);

/// The public routes.
pub fn public(shelf: Shelf) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/feed.atom", get(atom))
        .route("/style.css", get(style))
        .fallback(not_found)
        .with_state(shelf)
}

/// What the operator's routes need.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Store,
    /// The published documents.
    pub shelf: Shelf,
    /// The operator's own address, ending in `/`.
    pub base_url: url::Url,
}

/// The operator's routes.
pub fn admin(admin: Admin) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(status::ready))
        .route("/status", get(status::html))
        .route("/status.json", get(status::json))
        .route("/alerts.atom", get(status::alerts))
        .fallback(not_found)
        .with_state(admin)
}

async fn atom(State(shelf): State<Shelf>, headers: HeaderMap) -> Response {
    let Some(published) = shelf.load_full() else { return not_yet() };
    let mut response = conditional::answer(&published.atom, &headers);
    let set = response.headers_mut();
    set.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    set.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag, Last-Modified, Link"));
    response
}

async fn home(State(shelf): State<Shelf>, headers: HeaderMap) -> Response {
    let Some(published) = shelf.load_full() else { return not_yet() };
    let mut response = conditional::answer(&published.home, &headers);
    let set = response.headers_mut();
    set.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
    set.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, page::STYLE_TYPE), (header::CACHE_CONTROL, "max-age=3600")], page::STYLE)
        .into_response()
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing at this address; the feed is at /feed.atom\n").into_response()
}

fn not_yet() -> Response {
    let mut response =
        (StatusCode::SERVICE_UNAVAILABLE, "the feed is being prepared; ask again in a moment\n")
            .into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
