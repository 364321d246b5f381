//! Feeds, archives and pages: the address is read, the document fetched from the press, and the answer chosen.

use std::sync::Arc;

use axum::{
    body::Body as HttpBody,
    extract::{Request, State},
    http::{self, HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};

use super::{
    Site,
    answer::{changes, respond},
    conditional::{A_IM, Decision, decide, delta_since},
    error::{bad_query, no_document, nothing_here, plain},
    limits::Peer,
};
use crate::{
    press::{
        Key, Press, PressError, Print,
        address::{self, Address},
    },
    publish::{body::Revision, slice::SliceError},
};

/// What may be done with a document.
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
/// Headers that a program in a browser may send.
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("A-IM, Accept, If-None-Match, If-Modified-Since, Cache-Control");
/// How long a browser may remember that it may ask, in seconds.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("86400");
/// How long caches may remember a move.
const MOVED_LIFETIME: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Answers a request for a document that is in memory as it will be sent. `None` for every other request, which is then
/// routed: no route stands where a document does, so that both ways give the same answer.
pub(super) fn at_once<B>(press: &Press, request: &http::Request<B>) -> Option<Response> {
    if *request.method() != Method::GET || request.headers().contains_key(A_IM) {
        return None;
    }
    let Ok(Address::Is(key)) = address_of(request.uri()) else { return None };
    let print = press.ready(&key)?;
    let decision = decide(print.body(), request.headers());
    let is_ready = if let Decision::Send(coding) = decision { print.is_ready(coding) } else { true };
    is_ready.then(|| respond(&print, decision))
}

/// Answers what no other route took.
pub(super) async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let found = match address_of(&parts.uri) {
        Ok(found) => found,
        Err(error) => return bad_query(&error),
    };
    if found == Address::Nothing {
        return nothing_here();
    }
    if let Some(refusal) = refuse(&parts.method) {
        return refusal;
    }
    let answer = match found {
        Address::Is(key) => {
            let peer = parts.extensions.get::<Peer>().copied();
            match document(&site, &key, &parts.headers, peer).await {
                Ok(answer) => answer,
                Err(PressError::Moved { to }) => moved(&site, &to),
                Err(error) => no_document(&error),
            }
        }
        Address::Moved(there) => moved(&site, &there),
        Address::Nothing => nothing_here(),
    };
    if parts.method == Method::HEAD { without_body(answer) } else { answer }
}

fn address_of(uri: &Uri) -> Result<Address, SliceError> {
    let path = uri.path().trim_start_matches('/');
    let path = if uri.path().starts_with("//") { "//" } else { path };
    address::read(path, uri.query().unwrap_or_default())
}

/// The answer to methods other than GET and HEAD (RFC 9110 §15.5.6, §15.6.2).
fn refuse(method: &Method) -> Option<Response> {
    let mut response = match *method {
        Method::GET | Method::HEAD => return None,
        Method::OPTIONS => plain(StatusCode::NO_CONTENT, ""),
        Method::POST | Method::PUT | Method::DELETE | Method::PATCH | Method::TRACE | Method::CONNECT => {
            plain(StatusCode::METHOD_NOT_ALLOWED, "this can be read only: GET or HEAD")
        }
        _ => plain(StatusCode::NOT_IMPLEMENTED, "this method is not known here"),
    };
    if response.status() == StatusCode::NO_CONTENT {
        *response.body_mut() = HttpBody::empty();
        let set = response.headers_mut();
        set.remove(header::CONTENT_TYPE);
        set.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED);
        set.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        set.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    }
    response.headers_mut().insert(header::ALLOW, ALLOWED);
    Some(response)
}

async fn document(
    site: &Site,
    key: &Key,
    request: &HeaderMap,
    peer: Option<Peer>,
) -> Result<Response, PressError> {
    let pay = || site.limits.pay(peer).map_err(PressError::from);
    let print = site.press.print(key, pay).await?;
    let decision = decide(print.body(), request);
    if let (Decision::Send(coding), Key::Feed { slice, format }) = (decision, key) {
        let state = site.press.state().ok_or(PressError::NotYet)?;
        let newest = Revision::seq_in(&print.etag, &state.epoch).unwrap_or_default();
        if let Some(since) = delta_since(request, &state.epoch, newest) {
            let key = Key::Delta { slice: slice.clone(), format: *format, since };
            let delta = site.press.print(&key, pay).await?;
            // A delta that is no smaller is none.
            if delta.identity.len() < print.identity.len() {
                ready(&delta, decision).await;
                return Ok(changes(&print, &delta, coding));
            }
        }
    }
    ready(&print, decision).await;
    Ok(respond(&print, decision))
}

/// Compresses a document off the asynchronous threads, where that was not done yet.
async fn ready(print: &Arc<Print>, decision: Decision) {
    let Decision::Send(coding) = decision else { return };
    if !print.is_ready(coding) {
        let print = Arc::clone(print);
        let _ = tokio::task::spawn_blocking(move || print.coded(coding).len()).await;
    }
}

fn moved(site: &Site, there: &str) -> Response {
    let mut response = plain(StatusCode::MOVED_PERMANENTLY, "this is elsewhere");
    let set = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&format!("{}{there}", site.press.base_url())) {
        set.insert(header::LOCATION, location);
    }
    set.insert(header::CACHE_CONTROL, MOVED_LIFETIME);
    response
}

/// HEAD is GET without its body, with the same headers (RFC 9110 §9.3.2).
fn without_body(response: Response) -> Response {
    use axum::body::HttpBody as _;
    let length = response.body().size_hint().exact();
    let (mut parts, _) = response.into_parts();
    if let Some(length) = length.filter(|_| parts.status != StatusCode::NOT_MODIFIED) {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, HttpBody::empty())
}
