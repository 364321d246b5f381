//! A document and a decision become an answer.

use axum::{
    body::{Body as HttpBody, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{
    conditional::{Decision, decide},
    error::plain,
};
use crate::{
    press::{Print, Purpose},
    publish::body::{Body, Coding},
};

/// The answer to a GET or HEAD for a document. It compresses where that was not done yet, which takes its time.
pub(super) fn answer(print: &Print, request: &HeaderMap) -> Response {
    respond(print, decide(print.body(), request))
}

/// The answer to a decision.
pub(super) fn respond(print: &Print, decision: Decision) -> Response {
    if print.purpose() == Purpose::Gone {
        // Conditions are about what would be sent with a 200 (RFC 9110 §13.2.1).
        let coding = if let Decision::Send(coding) = decision { coding } else { Coding::Identity };
        let mut response = full(print, coding);
        *response.status_mut() = StatusCode::GONE;
        return response;
    }
    match decision {
        Decision::Send(coding) => full(print, coding),
        Decision::Unchanged(coding) => {
            let mut response = Response::new(HttpBody::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = print.common_headers(coding);
            response
        }
        Decision::Failed => {
            plain(StatusCode::PRECONDITION_FAILED, "the document is not, or no longer, what you name")
        }
        Decision::NotAcceptable => {
            let text = "no coding is left that you take; there are br, zstd, gzip and identity";
            let mut response = plain(StatusCode::NOT_ACCEPTABLE, text);
            response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
            response
        }
    }
}

fn full(print: &Print, coding: Coding) -> Response {
    let (bytes, coding) = coded(print, coding);
    let mut response = Response::new(HttpBody::from(bytes));
    *response.headers_mut() = print.common_headers(coding);
    describe(response.headers_mut(), print.body(), coding);
    response
}

/// The part of a document that changed, under the `ETag` of the whole (RFC 3229 §10.4.1); no cache may keep it.
pub(super) fn changes(print: &Print, delta: &Print, coding: Coding) -> Response {
    let (bytes, coding) = coded(delta, coding);
    let mut response = Response::new(HttpBody::from(bytes));
    *response.status_mut() = StatusCode::IM_USED;
    let mut headers = print.common_headers(coding);
    headers.insert("im", HeaderValue::from_static("feed"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, im"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, A-IM, If-None-Match"));
    describe(&mut headers, delta.body(), coding);
    *response.headers_mut() = headers;
    response
}

fn coded(print: &Print, coding: Coding) -> (Bytes, Coding) {
    let bytes = print.coded(coding);
    // Nothing compressed is something that could not be compressed.
    if bytes.is_empty() { (print.identity.clone(), Coding::Identity) } else { (bytes.clone(), coding) }
}

fn describe(headers: &mut HeaderMap, body: &Body, coding: Coding) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(body.media_type));
    if let Some(token) = coding.token() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(token));
    }
}
