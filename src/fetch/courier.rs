//! Requests to addresses that strangers named: callbacks of subscribers, and hubs.
//!
//! Through a guard of its own, since who may be polled is the operator's word and who may be called back is not; with
//! neither redirects nor robots.txt nor a pace, and with a time limit that covers all of an exchange. Of an answer no
//! more is read than was asked for.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use reqwest::header;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{FetchError, guard::Guard, http_client, proxy, retry_after};
use crate::{
    config::{self, Network},
    model::Timestamp,
};

/// Sends requests to callbacks and hubs.
#[derive(Debug)]
pub struct Courier {
    http: reqwest::Client,
    guard: Arc<Guard>,
    timeout: Duration,
    stop: CancellationToken,
}

/// What is posted.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Its media type.
    pub content_type: String,
    /// Further headers; what a header cannot carry is left out.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes.
    pub body: Bytes,
}

impl Parcel {
    /// A form, its fields encoded.
    pub fn form(fields: String) -> Self {
        let content_type = "application/x-www-form-urlencoded".to_owned();
        Self { content_type, headers: Vec::new(), body: fields.into() }
    }
}

/// What was answered.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// The status.
    pub status: u16,
    /// Where a redirect leads; it was not followed.
    pub location: Option<Url>,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The beginning of the answer, as far as it was wanted.
    pub body: Vec<u8>,
}

impl Sent {
    /// Whether the status says that it was taken.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Courier {
    /// Makes a courier that goes to public addresses and to the private ones allowed.
    pub fn new(
        settings: &config::Fetch,
        allow_private: &[Network],
        timeout: Duration,
        stop: CancellationToken,
    ) -> Result<Self, FetchError> {
        let guard = Arc::new(Guard::new(allow_private.to_vec(), proxy::hosts(&settings.proxy)));
        let settings = config::Fetch {
            timeout,
            connect_timeout: settings.connect_timeout.min(timeout),
            read_timeout: timeout,
            ..settings.clone()
        };
        Ok(Self { http: http_client(&settings, &guard, false)?, guard, timeout, stop })
    }

    /// Checks scheme and literal address; names are checked when they are resolved for a connection.
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        self.guard.check(url)
    }

    /// Asks an address; at most `max_bytes` of the answer are read.
    pub async fn get(&self, url: &Url, max_bytes: usize, now: Timestamp) -> Result<Sent, FetchError> {
        self.send(url, self.http.get(url.clone()), max_bytes, now).await
    }

    /// Posts to an address; the answer's body is not read.
    pub async fn post(&self, url: &Url, parcel: Parcel, now: Timestamp) -> Result<Sent, FetchError> {
        let builder = self.http.post(url.clone()).header(header::CONTENT_TYPE, parcel.content_type);
        let headers = parcel.headers.into_iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name, header::HeaderValue::from_str(&value).ok()?)));
        let builder = headers.fold(builder, |builder, (name, value)| builder.header(name, value));
        self.send(url, builder.body(parcel.body), 0, now).await
    }

    async fn send(
        &self,
        url: &Url,
        builder: reqwest::RequestBuilder,
        max_bytes: usize,
        now: Timestamp,
    ) -> Result<Sent, FetchError> {
        self.guard.check(url)?;
        let exchange = async {
            let response = builder.send().await.map_err(|error| FetchError::of(error, url))?;
            answer(url, response, max_bytes, now).await
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(FetchError::Stopped { url: url.clone() }),
            sent = tokio::time::timeout(self.timeout, exchange) => {
                sent.unwrap_or_else(|_| Err(FetchError::Timeout { url: url.clone(), stage: "to answer" }))
            }
        }
    }
}

async fn answer(
    url: &Url,
    mut response: reqwest::Response,
    max_bytes: usize,
    now: Timestamp,
) -> Result<Sent, FetchError> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let mut sent = Sent {
        status: response.status().as_u16(),
        location: text(header::LOCATION).and_then(|to| url.join(to).ok()),
        retry_after: text(header::RETRY_AFTER).and_then(|text| retry_after(text, now)),
        body: Vec::new(),
    };
    while sent.body.len() < max_bytes {
        let Some(piece) = response.chunk().await.map_err(|error| FetchError::of(error, url))? else { break };
        let wanted = piece.len().min(max_bytes - sent.body.len());
        sent.body.extend_from_slice(piece.get(..wanted).unwrap_or_default());
    }
    Ok(sent)
}
