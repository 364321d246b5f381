//! `/hub`: what subscribers ask of our WebSub hub. `/push/…`: what hubs send us, whom we asked for it.
//!
//! **Invariant:** a request is counted, or its address known to be one of ours, before anything is read of its body, and
//! that is bounded in size and time.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use super::limits::{Limits, Peer, TooSoon, retry_after};
use crate::{
    model::Timestamp,
    push::{
        HUB_PATH, Hub, Refused, Upstreams,
        request::MAX_REQUEST_BYTES,
        signature,
        upstream::{CALLBACK_PATH, Reply},
    },
};

/// A subscriber's request must arrive within this time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// A hub's delivery must arrive within this time.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// The media type of a request (WebSub §5.1).
const FORM: &str = "application/x-www-form-urlencoded";
/// What is told to people who look.
const ABOUT: &str = "This is a WebSub hub (https://www.w3.org/TR/websub/). Post hub.mode=subscribe, hub.topic with the address \
    of one of the feeds here, and hub.callback; the feed is then sent there whenever it changes.\n";

/// What the routes need.
#[derive(Debug, Clone)]
pub struct PushRoutes {
    /// Our hub, unless it is switched off.
    pub hub: Option<Arc<Hub>>,
    /// Our own subscriptions, unless they are switched off.
    pub upstreams: Option<Arc<Upstreams>>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

/// The routes of WebSub.
pub fn push(parts: PushRoutes) -> Router {
    let callback = get(confirm).post(take);
    let callback = Router::new().route(&format!("/{CALLBACK_PATH}/{{token}}"), callback);
    let callback = callback.with_state((parts.upstreams, parts.clock));
    let Some(hub) = parts.hub else { return callback };
    let about = get(|| async { ABOUT }).post(ask);
    // Who subscribes to many feeds may do so at once.
    let limits = Limits::new(hub.requests_per_minute(), hub.requests_per_minute());
    let asked = Arc::new(Asked { hub, limits, clock: parts.clock });
    let hub = Router::new().route(&format!("/{HUB_PATH}"), about).with_state(asked);
    callback.merge(hub)
}

/// Tells the time.
type Clock = fn() -> Timestamp;

/// What subscribers ask.
#[derive(Debug)]
struct Asked {
    hub: Arc<Hub>,
    limits: Limits,
    clock: Clock,
}

async fn ask(State(asked): State<Arc<Asked>>, request: Request<Body>) -> Response<Body> {
    match accepted(&asked, request).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(refused) => refusal(&refused),
    }
}

async fn accepted(Asked { hub, limits, clock }: &Asked, request: Request<Body>) -> Result<(), Refused> {
    let peer = request.extensions().get::<Peer>().copied();
    limits.pay(peer).map_err(|too_soon| too_many(hub.requests_per_minute(), too_soon))?;
    if !is_form(request.headers()) {
        return Err(Refused::new(415, format!("expected a form ({FORM})")));
    }
    let form = body(request.into_body(), MAX_REQUEST_BYTES, REQUEST_TIMEOUT).await?;
    hub.accept(&form, clock()).await
}

fn too_many(per_minute: u32, TooSoon { after }: TooSoon) -> Refused {
    let reason = format!("this address sends more than {per_minute} requests in a minute");
    Refused { status: 429, reason, retry_after: Some(after) }
}

/// Our subscriptions, and the clock.
type Ours = (Option<Arc<Upstreams>>, Clock);

async fn confirm(
    State((upstreams, clock)): State<Ours>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let Some(upstreams) = upstreams else { return replied(Upstreams::unknown()) };
    match upstreams.confirm(&token, &query.unwrap_or_default(), clock()).await {
        Ok(reply) => replied(reply),
        Err(error) => refusal(&error.into()),
    }
}

async fn take(
    State((upstreams, clock)): State<Ours>,
    Path(token): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let Some(upstreams) = upstreams else { return replied(Upstreams::gone()) };
    match taken(&upstreams, &token, request, clock()).await {
        Ok(reply) => replied(reply),
        Err(refused) => refusal(&refused),
    }
}

async fn taken(
    upstreams: &Upstreams,
    token: &str,
    request: Request<Body>,
    now: Timestamp,
) -> Result<Reply, Refused> {
    if !upstreams.is_known(token).await? {
        return Ok(Upstreams::gone());
    }
    let (head, content) = request.into_parts();
    let content = body(content, upstreams.max_body_bytes(), DELIVERY_TIMEOUT).await?;
    let signature = head.headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
    Ok(upstreams.take(token, signature, &content, now).await?)
}

fn is_form(headers: &HeaderMap) -> bool {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stated.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
}

/// Reads a body of at most so many bytes that comes within a time.
async fn body(body: Body, max_bytes: usize, within: Duration) -> Result<Bytes, Refused> {
    match tokio::time::timeout(within, to_bytes(body, max_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            Err(Refused::new(413, format!("the body is larger than {max_bytes} bytes, or broke off")))
        }
        Err(_) => Err(Refused::new(408, "the body took too long to come")),
    }
}

/// A refusal with its reason (WebSub §5.1.2).
fn refusal(refused: &Refused) -> Response<Body> {
    let mut response = plain(refused.status, format!("{}\n", refused.reason));
    if let Some(wait) = refused.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after(wait));
    }
    response
}

fn replied(reply: Reply) -> Response<Body> {
    plain(reply.status, reply.body)
}

/// Plain text that no browser takes for anything else: a challenge is sent back as it came.
fn plain(status: u16, text: String) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, text).into_response();
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
