//! Values as answers: JSON with validators, compressed where that is wanted; off the asynchronous threads.

use std::time::Duration;

use axum::{
    body::Body as HttpBody,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use serde::Serialize;

use super::problem::{Kind, Problem};
use crate::{
    model::Timestamp,
    press::{Print, Purpose},
    publish::body::Body,
    serve::answer::answer,
};

/// The media type of answers.
const MEDIA_TYPE: &str = "application/json";

/// What an endpoint says.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) bytes: Vec<u8>,
    /// `Cache-Control`.
    pub(super) cache: &'static str,
    /// The address of the next page.
    pub(super) next: Option<String>,
    /// Where what was asked for is now.
    pub(super) moved_to: Option<String>,
}

impl Said {
    /// A value, written off the asynchronous threads.
    pub(super) async fn json<T: Serialize + Send + 'static>(
        value: T,
        cache: &'static str,
    ) -> Result<Self, Problem> {
        let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&value)).await;
        let bytes = written.ok().and_then(Result::ok).ok_or_else(|| Problem::new(Kind::Internal))?;
        Ok(Self { bytes, cache, next: None, moved_to: None })
    }

    /// The answer to a GET or HEAD (RFC 9110 §13).
    pub(super) async fn answer(self, request: HeaderMap) -> Result<Response<HttpBody>, Problem> {
        let Self { bytes, cache, next, moved_to } = self;
        let made = tokio::task::spawn_blocking(move || answer(&print(bytes), &request)).await;
        let mut response = made.map_err(|_| Problem::new(Kind::Internal))?;
        let set = response.headers_mut();
        set.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        // The `ETag` says it all; a time to the second would not tell two changes within one apart.
        set.remove(header::LAST_MODIFIED);
        if let Some(next) = next.and_then(|url| HeaderValue::from_str(&format!("<{url}>; rel=\"next\"")).ok())
        {
            set.append(header::LINK, next);
        }
        if let Some(to) = moved_to.and_then(|url| HeaderValue::from_str(&url).ok()) {
            set.insert(header::LOCATION, to);
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        }
        Ok(response)
    }
}

fn print(bytes: Vec<u8>) -> Print {
    Print::new(Body::new(MEDIA_TYPE, bytes, Timestamp::MAX), Purpose::Feed, Duration::ZERO, &[])
}
