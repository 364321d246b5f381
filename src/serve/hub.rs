//! `POST /hub`: what subscribers ask of our WebSub hub, bounded before anything is read of it.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use super::Peer;
use crate::{
    model::Timestamp,
    push::{HUB_PATH, Hub, Refused, request::MAX_REQUEST_BYTES},
};

/// A request's body must arrive within this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// The media type of a request (WebSub §5.1).
const FORM: &str = "application/x-www-form-urlencoded";
/// What is told to people who look.
const ABOUT: &str = "This is a WebSub hub (https://www.w3.org/TR/websub/). Post hub.mode=subscribe, hub.topic with the address of one of \
    the feeds here, and hub.callback; the feed is then sent there whenever it changes.\n";

/// What the hub's route needs.
#[derive(Debug, Clone)]
pub struct HubRoutes {
    /// The hub.
    pub hub: Arc<Hub>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

/// The hub's route.
pub fn hub(routes: HubRoutes) -> Router {
    Router::new().route(&format!("/{HUB_PATH}"), get(|| async { ABOUT }).post(ask)).with_state(routes)
}

async fn ask(State(routes): State<HubRoutes>, request: Request<Body>) -> Response<Body> {
    match take(&routes, request).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(refused) => refusal(&refused),
    }
}

async fn take(routes: &HubRoutes, request: Request<Body>) -> Result<(), Refused> {
    let now = (routes.clock)();
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    routes.hub.permit(peer, now)?;
    if !is_form(request.headers()) {
        return Err(Refused::new(415, format!("expected a form ({FORM})")));
    }
    let form = body(request.into_body(), MAX_REQUEST_BYTES, BODY_TIMEOUT).await?;
    routes.hub.accept(&form, now).await
}

fn is_form(headers: &HeaderMap) -> bool {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stated.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
}

/// Reads a body of at most so many bytes that comes within a time.
pub(super) async fn body(
    body: Body,
    max_bytes: usize,
    within: Duration,
) -> Result<axum::body::Bytes, Refused> {
    match tokio::time::timeout(within, to_bytes(body, max_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            Err(Refused::new(413, format!("the body is larger than {max_bytes} bytes, or broke off")))
        }
        Err(_) => Err(Refused::new(408, "the body took too long to come")),
    }
}

/// A refusal with its reason as plain text (WebSub §5.1.2).
pub(super) fn refusal(refused: &Refused) -> Response<Body> {
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, format!("{}\n", refused.reason)).into_response();
    let set = response.headers_mut();
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(wait) = refused.retry_after {
        set.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    response
}
