//! `/api`: the store for programs, as JSON.
//!
//! It reads the store, within limits: so many requests of one address, so many at once, each by an index and of a bounded
//! size; whoever comes on top is asked to come again. **Invariant:** every error is a problem (RFC 9457), every answer has an `ETag`, nothing is written.

mod answer;
mod cursor;
mod endpoints;
mod items;
mod openapi;
mod params;
mod problem;
mod read;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    middleware::{self, Next},
    routing::get,
};
use tokio::sync::{Mutex, Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use self::{
    answer::Said,
    endpoints::{Described, ENDPOINTS},
    params::{Asked, MAX_WAIT},
    problem::{Kind, Problem},
};
use super::limits::{Limits, Peer};
use crate::{config::Config, store::Store};

/// Requests that read the store at once; fewer than the store has readers, so that polling always finds one.
const READING_AT_ONCE: usize = 2;
/// Programs that may wait for a change at once.
const WAITING_AT_ONCE: usize = 200;
/// Requests that wait for their turn to read, at most: a change wakes all that wait for one.
const IN_QUEUE: usize = WAITING_AT_ONCE + 100;
/// Longest time until a request is being answered.
const TURN_WITHIN: Duration = Duration::from_secs(3);
/// Longest time that answering takes.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a browser may remember that reading is allowed (Fetch standard, CORS).
const PREFLIGHT_AGE_S: &str = "86400";
/// What is answered here.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// What answers need.
#[derive(Debug, Clone)]
pub struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    store: Store,
    base_url: Url,
    /// The count of changes, told when it moves.
    count: watch::Receiver<i64>,
    limits: Limits,
    reading: Semaphore,
    queue: Semaphore,
    waiting: Semaphore,
    tallies: Mutex<Option<read::Tallies>>,
    description: OnceLock<Vec<u8>>,
}

impl Api {
    /// Makes the API of a store. `count` tells of changes; without news from it nobody waits in vain for longer than asked.
    pub fn new(config: Arc<Config>, store: Store, base_url: Url, count: watch::Receiver<i64>) -> Self {
        let limits = Limits::of_work(config.server.renderings_per_minute);
        Self(Arc::new(Inner {
            limits,
            config,
            store,
            base_url,
            count,
            reading: Semaphore::new(READING_AT_ONCE),
            queue: Semaphore::new(IN_QUEUE),
            waiting: Semaphore::new(WAITING_AT_ONCE),
            tallies: Mutex::new(None),
            description: OnceLock::new(),
        }))
    }
}

/// The routes under `/api`, to be merged into those of the public listener.
pub fn routes(api: Api) -> Router {
    let mut router = Router::new();
    for described in &ENDPOINTS {
        let answer = move |State(api): State<Api>,
                           path: Result<RawPathParams, RawPathParamsRejection>,
                           request: Request| answer(api, described, path, request);
        router = router.route(described.path.trim_start_matches("/api"), get(answer));
    }
    let router = router
        .fallback(async |State(api): State<Api>| Problem::new(Kind::NoSuchAddress).answer(&api.0.base_url))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(api.clone(), around));
    Router::new().nest("/api", router).with_state(api)
}

/// What all answers have in common, whoever made them.
async fn around(State(api): State<Api>, request: Request, next: Next) -> Response<Body> {
    let mut response = match *request.method() {
        Method::OPTIONS => allowed(),
        _ => next.run(request).await,
    };
    let status = response.status();
    let is_problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == problem::MEDIA_TYPE);
    if (status.is_client_error() || status.is_server_error()) && !is_problem {
        response = Problem::new(Kind::of_status(status)).answer(&api.0.base_url);
    }
    let is_wrong_method = response.status() == StatusCode::METHOD_NOT_ALLOWED;
    let set = response.headers_mut();
    if is_wrong_method {
        set.insert(header::ALLOW, HeaderValue::from_static(METHODS));
    }
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    set.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag, Link, Retry-After"));
    let described = format!("<{}api/openapi.json>; rel=\"service-desc\"", api.0.base_url);
    if let Ok(link) = HeaderValue::from_str(&described) {
        set.append(header::LINK, link);
    }
    response
}

/// The answer to OPTIONS, whether a browser asks before it reads (CORS preflight) or somebody wants to know.
fn allowed() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let set = response.headers_mut();
    for (name, value) in [
        (header::ALLOW, METHODS),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match, Accept, Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE_S),
    ] {
        set.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn answer(
    api: Api,
    described: &'static Described,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    // Only what was percent-encoded wrongly cannot be read, and such a name is none.
    let path = path.map(|params| params.iter().next().map(|(_, value)| value.to_owned())).unwrap_or_default();
    let said = match Asked::parse(described.params, query, path, api.0.config.feed.zone) {
        Ok(asked) => {
            let peer = request.extensions().get::<Peer>().copied();
            api.said(described, &asked, query, peer).await
        }
        Err(problem) => Err(problem),
    };
    let headers: HeaderMap = request.headers().clone();
    let answered = match said {
        Ok(said) => said.answer(headers).await,
        Err(problem) => Err(problem),
    };
    answered.unwrap_or_else(|problem| problem.answer(&api.0.base_url))
}

impl Api {
    /// What an endpoint says, within the time that answering may take.
    async fn said(
        &self,
        described: &'static Described,
        asked: &Asked,
        query: &str,
        peer: Option<Peer>,
    ) -> Result<Said, Problem> {
        if described.endpoint.reads_the_store() {
            self.0.limits.pay(peer)?;
        }
        let said = tokio::time::timeout(ANSWER_WITHIN + MAX_WAIT, self.read(described.endpoint, asked)).await;
        let mut said = said.map_err(|_| Problem::new(Kind::Busy))??;
        said.next = said.next.map(|next| self.next_page(described, query, &next));
        Ok(said)
    }

    /// The address of the next page: the same with another `after`.
    fn next_page(&self, described: &Described, query: &str, next: &str) -> String {
        let others = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name != "after" && described.params.iter().any(|param| param.name == name));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("after", next)
            .finish();
        format!("{}{}?{query}", self.0.base_url, described.path.trim_start_matches('/'))
    }
}
