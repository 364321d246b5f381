//! Conditional requests (RFC 9110 §13) and content codings (§12.5.3) over rendered bytes.

use axum::{
    body::{Body as HttpBody, Bytes},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use jiff::tz::Offset;

use crate::{model::Timestamp, publish::body::Body};

/// How long caches may serve a document without asking (RFC 9111 §5.2.2; RFC 5861).
const CACHE_CONTROL: &str = "public, max-age=300, stale-if-error=86400";

/// A content coding that we have ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// The suffix of its `ETags`: a strong `ETag` names bytes, so each coding has its own (§8.8.3.3).
    fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
        }
    }

    fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}

/// Answers a GET or HEAD for a document.
pub(super) fn answer(body: &Body, request: &HeaderMap) -> Response<HttpBody> {
    let (coding, bytes) = choose(body, request);
    let unchanged = is_unchanged(body, request);
    let mut response = if unchanged {
        // Without a body there is no length to state.
        Response::new(HttpBody::empty())
    } else {
        Response::new(HttpBody::from(bytes))
    };
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let set = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}{}\"", body.etag, coding.suffix())) {
        set.insert(header::ETAG, etag);
    }
    if let Ok(date) = HeaderValue::from_str(&http_date(body.last_modified)) {
        set.insert(header::LAST_MODIFIED, date);
    }
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE_CONTROL));
    set.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !unchanged {
        set.insert(header::CONTENT_TYPE, HeaderValue::from_static(body.media_type));
        if let Some(token) = coding.token() {
            set.insert(header::CONTENT_ENCODING, HeaderValue::from_static(token));
        }
    }
    response
}

/// The best coding that the client takes: brotli before gzip before none, where it prefers none of them.
fn choose(body: &Body, request: &HeaderMap) -> (Coding, Bytes) {
    let weights = Weights::of(request);
    let ready = [
        (Coding::Brotli, &body.brotli, weights.of_coding("br")),
        (Coding::Gzip, &body.gzip, weights.of_coding("gzip").or(weights.of_coding("x-gzip"))),
    ];
    let identity = weights.of_coding("identity").unwrap_or(1);
    let mut best = (Coding::Identity, &body.identity, 0);
    for (coding, bytes, weight) in ready {
        let weight = weight.unwrap_or(0);
        if weight > best.2 && !bytes.is_empty() {
            best = (coding, bytes, weight);
        }
    }
    // An identity that is named and preferred wins; unnamed, it is the fallback.
    if weights.names_identity() && identity > best.2 {
        best = (Coding::Identity, &body.identity, identity);
    }
    (best.0, best.1.clone())
}

/// The weights of `Accept-Encoding`, in thousandths.
struct Weights(Vec<(String, u16)>);

impl Weights {
    fn of(request: &HeaderMap) -> Self {
        let fields = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let items = fields.flat_map(|value| value.split(',')).filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            Some((name, weight.map_or(1_000, thousandths)))
        });
        Self(items.collect())
    }

    fn of_coding(&self, name: &str) -> Option<u16> {
        let find = |name: &str| self.0.iter().find(|(known, _)| known == name).map(|(_, weight)| *weight);
        find(name).or_else(|| (name != "identity").then(|| find("*")).flatten())
    }

    fn names_identity(&self) -> bool {
        self.0.iter().any(|(name, _)| name == "identity")
    }
}

fn thousandths(text: &str) -> u16 {
    let weight: f32 = text.trim().parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000 before")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1_000.0) as u16;
    thousandths
}

/// Whether the client has what we would send. `If-None-Match` counts alone when it is there (§13.1.3).
fn is_unchanged(body: &Body, request: &HeaderMap) -> bool {
    let mut tags = request.get_all(header::IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags.filter_map(|value| value.to_str().ok()).any(|value| names(value, &body.etag));
    }
    let since = request.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    since.and_then(parse_http_date).is_some_and(|since| body.last_modified.as_second() <= since.as_second())
}

/// Whether a list of entity tags holds ours, compared weakly (§13.1.2). The suffix of a coding, ours or one that a
/// proxy added, does not count: all codings of one revision say the same.
fn names(value: &str, etag: &str) -> bool {
    if value.trim() == "*" {
        return true;
    }
    let mut rest = value;
    while let Some(start) = rest.find('"') {
        let after = rest.get(start + 1..).unwrap_or_default();
        let Some(end) = after.find('"') else { return false };
        let opaque = after.get(..end).unwrap_or_default();
        if opaque.strip_prefix(etag).is_some_and(is_coding_suffix) {
            return true;
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    false
}

fn is_coding_suffix(suffix: &str) -> bool {
    matches!(suffix, "" | "-gz" | "-br" | "-gzip" | "--gzip" | ";gzip" | ";br" | "-zstd")
}

/// An instant as IMF-fixdate (§5.6.7).
pub(super) fn http_date(at: Timestamp) -> String {
    let utc = Offset::UTC.to_datetime(at);
    jiff::fmt::strtime::format("%a, %d %b %Y %H:%M:%S GMT", utc).unwrap_or_default()
}

/// Reads the three forms of an HTTP date (§5.6.7).
fn parse_http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let rest = text.split_once(',').map_or(text, |(_, rest)| rest.trim());
    let forms = ["%d %b %Y %H:%M:%S GMT", "%d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let parse = |form: &&str| jiff::civil::DateTime::strptime(form, rest).ok();
    forms.iter().find_map(parse).and_then(|at| Offset::UTC.to_timestamp(at).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_one_form_and_read_in_three() {
        let at: Timestamp = "2026-11-24T02:00:09Z".parse().unwrap();
        assert_eq!(http_date(at), "Tue, 24 Nov 2026 02:00:09 GMT");
        for text in
            ["Tue, 24 Nov 2026 02:00:09 GMT", "Tuesday, 24-Nov-26 02:00:09 GMT", "Tue Nov 24 02:00:09 2026"]
        {
            assert_eq!(parse_http_date(text), Some(at), "{text}");
        }
        assert_eq!(parse_http_date("yesterday"), None);
    }

    #[test]
    fn entity_tags_are_compared_weakly_and_across_codings() {
        let check = |value: &str, expected: bool| assert_eq!(names(value, "abc"), expected, "{value}");
        for same in [
            "\"abc\"",
            "W/\"abc\"",
            "\"abc-gz\"",
            "W/\"abc-br\"",
            "\"x\", \"abc\"",
            "*",
            " * ",
            "\"a,b\",\"abc--gzip\"",
        ] {
            check(same, true);
        }
        for other in ["", "abc", "\"abcd\"", "\"ab\"", "\"abc", "\"abc-gz-gz\""] {
            check(other, false);
        }
    }
}
