//! What clients are answered: documents of the press, and the operator's probes.
//!
//! **Invariant:** nothing here renders. The merged feed and the home page wait for nothing; a slice that has to be
//! rendered waits for the press, within its limits.

mod accept;
mod answer;
pub mod api;
mod conditional;
mod documents;
mod error;
mod front;
mod hub;
mod limits;
mod sending;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{Router, routing::get};

pub use accept::{Bounds, serve};
pub use front::Front;
pub use hub::{PushRoutes, push};
pub use limits::Peer;

use self::limits::Limits;
use crate::{
    config::Config,
    press::{Press, Shelf},
    store::Store,
};

/// What the public routes need.
#[derive(Debug)]
struct Site {
    press: Arc<Press>,
    limits: Limits,
}

/// The operator's page may be shown only with its own style, load nothing and run nothing.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The public routes.
pub fn public(press: Arc<Press>) -> Router {
    let server = &press.config().server;
    let limits = Limits::of_work(server.renderings_per_minute);
    Router::new().fallback(documents::answer).with_state(Arc::new(Site { press, limits }))
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
        .fallback(|| async { error::nothing_here() })
        .with_state(admin)
}
