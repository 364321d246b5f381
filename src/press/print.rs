//! A document as clients get it: bytes, validators, and the headers that say how to keep it.

use std::{ops::Deref, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::tz::Offset;

use crate::{
    model::Timestamp,
    publish::{
        body::{Body, Coding},
        page,
    },
};

/// Caches may serve a document this long when we do not answer (RFC 5861 §4).
const STALE_IF_ERROR: Duration = Duration::from_hours(24);
/// How long caches may serve an archive without asking.
const ARCHIVE_LIFETIME: Duration = Duration::from_hours(1);
/// What programs in browsers may read of an answer.
const EXPOSED: &str = "ETag, Last-Modified, Link, IM";

/// What a document is for: which headers it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A feed, for programs of any origin.
    Feed,
    /// A month of the feed.
    Archive,
    /// A page for people.
    Page,
    /// What repeats articles: search engines shall send people to the articles.
    Copy,
    /// The page of a story that was withdrawn.
    Gone,
}

/// A document, ready to be served.
#[derive(Debug, Clone)]
pub struct Print {
    body: Body,
    purpose: Purpose,
    /// Of 200 and 304 alike, but for the `ETag`.
    common: HeaderMap,
    etags: [HeaderValue; 4],
}

impl Deref for Print {
    type Target = Body;

    fn deref(&self) -> &Body {
        &self.body
    }
}

impl Print {
    /// Puts headers to a body. `lifetime` is how long caches may serve it without asking, `links` the values of `Link`.
    pub fn new(body: Body, purpose: Purpose, lifetime: Duration, links: &[String]) -> Self {
        let etags = Coding::ALL.map(|coding| value(&format!("\"{}{}\"", body.etag, coding.suffix())));
        let mut common = HeaderMap::with_capacity(16);
        common.insert(header::LAST_MODIFIED, value(&http_date(body.last_modified)));
        common.insert(header::CACHE_CONTROL, value(&cache_control(purpose, lifetime)));
        common.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        common.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if !links.is_empty() {
            common.insert(header::LINK, value(&links.join(", ")));
        }
        for (name, text) in special(purpose) {
            common.insert(name, HeaderValue::from_static(text));
        }
        Self { body, purpose, common, etags }
    }

    /// The document.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Its `ETag` in a coding, with its quotes.
    pub fn entity_tag(&self, coding: Coding) -> HeaderValue {
        self.etags.get(coding.index()).cloned().unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// The headers that 200 and 304 share (RFC 9110 §15.4.5).
    pub fn common_headers(&self, coding: Coding) -> HeaderMap {
        let mut headers = self.common.clone();
        headers.insert(header::ETAG, self.entity_tag(coding));
        headers
    }

    /// What it holds in memory, in bytes.
    pub fn weight(&self) -> u64 {
        const HEADERS_BYTES: usize = 2_000;
        u64::try_from(self.body.n_bytes() + HEADERS_BYTES).unwrap_or(u64::MAX)
    }
}

fn cache_control(purpose: Purpose, lifetime: Duration) -> String {
    let lifetime = if purpose == Purpose::Archive { ARCHIVE_LIFETIME } else { lifetime };
    format!("public, max-age={}, stale-if-error={}", lifetime.as_secs(), STALE_IF_ERROR.as_secs())
}

fn special(purpose: Purpose) -> Vec<(HeaderName, &'static str)> {
    const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
    let page = [(header::CONTENT_SECURITY_POLICY, page::POLICY), (header::REFERRER_POLICY, "no-referrer")];
    match purpose {
        Purpose::Feed | Purpose::Archive => {
            vec![(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED)]
        }
        Purpose::Page => page.to_vec(),
        Purpose::Copy | Purpose::Gone => page.into_iter().chain([(ROBOTS, "noindex")]).collect(),
    }
}

/// A header's value; what no header can carry is left out, as our own texts never hold it.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// An instant as IMF-fixdate (RFC 9110 §5.6.7).
pub fn http_date(at: Timestamp) -> String {
    let utc = Offset::UTC.to_datetime(at);
    jiff::fmt::strtime::format("%a, %d %b %Y %H:%M:%S GMT", utc).unwrap_or_default()
}
