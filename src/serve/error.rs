//! What clients are told when there is no document: a status, a plain sentence, and when to come again.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::limits::retry_after;
use crate::{
    press::{COME_AGAIN, PressError},
    publish::slice::SliceError,
};

/// After a failure of the store.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long caches may remember that something is not there.
const REMEMBER_NOTHING: &str = "public, max-age=60";

/// An answer in plain words.
pub(super) fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = (status, format!("{text}\n")).into_response();
    let set = response.headers_mut();
    let keep = status == StatusCode::NOT_FOUND || status == StatusCode::BAD_REQUEST;
    set.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if keep { REMEMBER_NOTHING } else { "no-store" }),
    );
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// An answer that names the time after which to come again (RFC 9110 §10.2.3).
pub(super) fn later(status: StatusCode, text: &str, after: Duration) -> Response {
    let mut response = plain(status, text);
    response.headers_mut().insert(header::RETRY_AFTER, retry_after(after));
    response
}

pub(super) fn nothing_here() -> Response {
    plain(StatusCode::NOT_FOUND, "there is nothing at this address; the feed is at /feed.atom")
}

pub(super) fn bad_query(error: &SliceError) -> Response {
    plain(StatusCode::BAD_REQUEST, &error.to_string())
}

pub(super) fn no_document(error: &PressError) -> Response {
    let text = error.to_string();
    match error {
        PressError::NotYet => later(StatusCode::SERVICE_UNAVAILABLE, &text, Duration::from_secs(1)),
        PressError::Unknown { .. }
        | PressError::NoArchive
        | PressError::NoEdition
        | PressError::NoStory
        | PressError::Moved { .. } => plain(StatusCode::NOT_FOUND, &text),
        PressError::Busy => later(StatusCode::SERVICE_UNAVAILABLE, &text, COME_AGAIN),
        PressError::TooMany { after } => later(StatusCode::TOO_MANY_REQUESTS, &text, *after),
        PressError::Store(source) => {
            tracing::error!(error = %source, cause = std::error::Error::source(source), "the store does not answer");
            later(StatusCode::SERVICE_UNAVAILABLE, &text, AFTER_FAILURE)
        }
        PressError::Slow => later(StatusCode::SERVICE_UNAVAILABLE, &text, AFTER_FAILURE),
        PressError::Malformed { reason } => {
            tracing::error!(reason, "a document would not be well-formed");
            plain(StatusCode::INTERNAL_SERVER_ERROR, &text)
        }
    }
}
