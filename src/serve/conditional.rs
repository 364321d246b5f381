//! Conditional requests (RFC 9110 §13) and content codings (§12.5.3): which answer a request gets for a document.
//!
//! Pure: headers in, decision out.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::tz::Offset;

use crate::{
    model::Timestamp,
    publish::body::{Body, Coding, Revision},
};

/// Codings in the order in which they are preferred where the client does not care: the smallest first.
const PREFERRED: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];

/// How a client asks for a delta (RFC 3229 §10.5.3).
pub(super) const A_IM: HeaderName = HeaderName::from_static("a-im");

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// 200 in a coding.
    Send(Coding),
    /// 304, with the `ETag` of a coding.
    Unchanged(Coding),
    /// 412: it wants another state of the document.
    Failed,
    /// 406: it takes none of our codings, and not none either.
    NotAcceptable,
}

/// Decides what a GET or HEAD for a document gets, in the order of §13.2.2.
pub(super) fn decide(body: &Body, request: &HeaderMap) -> Decision {
    if is_failed(body, request) {
        return Decision::Failed;
    }
    let coding = choose(request);
    match unchanged(body, request) {
        Some(Has::Coding(named)) => return Decision::Unchanged(named),
        Some(Has::Document) => return Decision::Unchanged(coding.unwrap_or(Coding::Identity)),
        None => {}
    }
    coding.map_or(Decision::NotAcceptable, Decision::Send)
}

/// The count of changes that a client who wants a delta already has.
pub(super) fn delta_since(request: &HeaderMap, epoch: &str, newest: i64) -> Option<i64> {
    let manipulations = request.get_all(A_IM).iter().filter_map(|value| value.to_str().ok());
    let mut wanted = manipulations.flat_map(|value| value.split(','));
    if !wanted.any(is_feed_manipulation) {
        return None;
    }
    let tags =
        fields(request, header::IF_NONE_MATCH).flat_map(|value| entity_tags(value).collect::<Vec<_>>());
    let known = tags.filter_map(|tag| Revision::seq_in(tag.opaque, epoch)).filter(|seq| *seq < newest);
    known.max()
}

/// `feed`, unless with a weight of 0.
fn is_feed_manipulation(wanted: &str) -> bool {
    let mut parts = wanted.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("feed"));
    named && parts.filter_map(weight).all(|weight| weight > 0)
}

/// The best coding that the client takes; `None` when it takes none.
fn choose(request: &HeaderMap) -> Option<Coding> {
    let weights = Weights::of(request);
    let (mut best, mut best_weight) = (None, 0);
    for coding in PREFERRED {
        let weight = coding.token().and_then(|token| weights.of_coding(token)).unwrap_or(0);
        if weight > best_weight {
            (best, best_weight) = (Some(coding), weight);
        }
    }
    // An identity that is named and preferred wins; unnamed, it is the fallback unless it is refused.
    match weights.of_coding("identity") {
        Some(weight) if weight > best_weight && weights.names("identity") => Some(Coding::Identity),
        Some(0) => best,
        _ => best.or(Some(Coding::Identity)),
    }
}

/// The weights of `Accept-Encoding`, in thousandths.
struct Weights<'a>(Vec<(&'a str, u16)>);

impl<'a> Weights<'a> {
    fn of(request: &'a HeaderMap) -> Self {
        let items =
            fields(request, header::ACCEPT_ENCODING).flat_map(|value| value.split(',')).filter_map(|item| {
                let mut parts = item.split(';').map(str::trim);
                let name = parts.next().filter(|name| !name.is_empty())?;
                Some((name, parts.find_map(weight).unwrap_or(1_000)))
            });
        Self(items.collect())
    }

    fn of_coding(&self, name: &str) -> Option<u16> {
        let alias = if name == "gzip" { "x-gzip" } else { name };
        self.find(name).or_else(|| self.find(alias)).or_else(|| self.find("*"))
    }

    fn find(&self, name: &str) -> Option<u16> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, weight)| *weight)
    }

    fn names(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}

/// The weight of a parameter `q=0.5`, in thousandths (§12.4.2); nonsense counts as 0.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim_end().eq_ignore_ascii_case("q") {
        return None;
    }
    let weight: f32 = value.trim().parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000 before")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1_000.0) as u16;
    Some(thousandths)
}

/// Whether `If-Match` (§13.1.1) or, without it, `If-Unmodified-Since` (§13.1.4) fails.
fn is_failed(body: &Body, request: &HeaderMap) -> bool {
    if request.contains_key(header::IF_MATCH) {
        let is_ours = |tag: EntityTag| !tag.is_weak && own_coding(tag.opaque, &body.etag).is_some();
        return !fields(request, header::IF_MATCH)
            .any(|value| is_any(value) || entity_tags(value).any(is_ours));
    }
    let date = request
        .get(header::IF_UNMODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(parse_http_date);
    date.is_some_and(|date| body.last_modified.as_second() > date.as_second())
}

/// What a client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    /// The document, in one of our codings.
    Coding(Coding),
    /// The document, in a coding that it does not name.
    Document,
}

/// Whether the client has what we would send, and in which of our codings it says so.
/// `If-None-Match` counts alone when it is there (§13.1.3).
fn unchanged(body: &Body, request: &HeaderMap) -> Option<Has> {
    if request.contains_key(header::IF_NONE_MATCH) {
        return fields(request, header::IF_NONE_MATCH).find_map(|value| named(value, &body.etag));
    }
    let since = request.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok())?;
    let since = parse_http_date(since)?;
    (body.last_modified.as_second() <= since.as_second()).then_some(Has::Document)
}

/// Whether a list of entity tags holds ours, compared weakly (§13.1.2), and with which coding. All codings of one
/// revision say the same, and so does a suffix that a proxy added.
fn named(value: &str, etag: &str) -> Option<Has> {
    if is_any(value) {
        return Some(Has::Document);
    }
    entity_tags(value).find_map(|tag| {
        let own = own_coding(tag.opaque, etag);
        let suffix = tag.opaque.strip_prefix(etag)?;
        own.map(Has::Coding).or_else(|| is_proxy_suffix(suffix).then_some(Has::Document))
    })
}

fn is_any(value: &str) -> bool {
    value.trim() == "*"
}

fn own_coding(opaque: &str, etag: &str) -> Option<Coding> {
    let suffix = opaque.strip_prefix(etag)?;
    Coding::ALL.into_iter().find(|coding| coding.suffix() == suffix)
}

/// Suffixes that proxies put to the tag of what they compress.
fn is_proxy_suffix(suffix: &str) -> bool {
    const PROXIES: [&str; 6] = ["-gzip", "--gzip", ";gzip", ";br", "-deflate", ";zstd"];
    let own = Coding::ALL
        .into_iter()
        .find_map(|coding| suffix.strip_prefix(coding.suffix()).filter(|_| coding != Coding::Identity));
    PROXIES.contains(&suffix) || own.is_some_and(|rest| PROXIES.contains(&rest))
}

/// An entity tag (§8.8.3).
struct EntityTag<'a> {
    is_weak: bool,
    opaque: &'a str,
}

/// The entity tags of a list; commas within quotes belong to the tag.
fn entity_tags(value: &str) -> impl Iterator<Item = EntityTag<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once('"')?;
        let (opaque, left) = after.split_once('"')?;
        rest = left;
        Some(EntityTag { is_weak: before.trim_end().ends_with("W/"), opaque })
    })
}

/// The values of a header that are text.
fn fields(request: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    request.get_all(name).into_iter().filter_map(|value: &HeaderValue| value.to_str().ok())
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
    use crate::press::http_date;

    fn body() -> Body {
        Body::new("text/plain", b"abc".to_vec(), "2026-11-24T02:00:09Z".parse().unwrap())
            .at_revision(Revision { seq: 7, epoch: "abcd" })
    }

    fn decision(headers: &[(&'static str, &str)]) -> Decision {
        let mut request = HeaderMap::new();
        for (name, value) in headers {
            request.append(*name, value.parse().unwrap());
        }
        decide(&body(), &request)
    }

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
    fn each_client_gets_the_coding_that_it_takes() {
        let check = |accepts: &str, expected: Decision| {
            assert_eq!(decision(&[("accept-encoding", accepts)]), expected, "{accepts}");
        };
        let send = Decision::Send;
        assert_eq!(decision(&[]), send(Coding::Identity));
        check("", send(Coding::Identity));
        check("gzip", send(Coding::Gzip));
        check("x-gzip", send(Coding::Gzip));
        check("GZIP;Q=1", send(Coding::Gzip));
        check("zstd", send(Coding::Zstd));
        check("gzip, deflate, br", send(Coding::Brotli));
        check("gzip, deflate, br, zstd", send(Coding::Brotli));
        check("gzip, zstd", send(Coding::Zstd));
        check("br;q=0.5, gzip;q=0.8", send(Coding::Gzip));
        check("br ; q=0.001", send(Coding::Brotli));
        check("gzip;q=0, br;q=0", send(Coding::Identity));
        check("gzip;q=0, *", send(Coding::Brotli));
        check("deflate", send(Coding::Identity));
        check("*", send(Coding::Brotli));
        check("identity;q=0, gzip", send(Coding::Gzip));
        check("identity, gzip;q=0.5", send(Coding::Identity));
        check("identity;q=0.5, gzip;q=0.5", send(Coding::Gzip));
        check("gzip;q=nan", send(Coding::Identity));
        check("gzip;q=-1", send(Coding::Identity));
        check("*;q=0, gzip", send(Coding::Gzip));
        check("*;q=0, identity;q=0.1", send(Coding::Identity));
        check("identity;q=0", Decision::NotAcceptable);
        check("*;q=0", Decision::NotAcceptable);
        check("identity;q=0, deflate", Decision::NotAcceptable);
    }

    #[test]
    fn entity_tags_are_compared_weakly_and_across_codings() {
        let etag = body().etag;
        let check = |value: &str, expected: Option<Coding>| {
            let value = value.replace("ABC", &etag);
            let expected = expected.map_or(Decision::Send(Coding::Gzip), Decision::Unchanged);
            assert_eq!(
                decision(&[("if-none-match", &value), ("accept-encoding", "gzip")]),
                expected,
                "{value}"
            );
        };
        check("\"ABC\"", Some(Coding::Identity));
        check("W/\"ABC\"", Some(Coding::Identity));
        check("\"ABC-gz\"", Some(Coding::Gzip));
        check("W/\"ABC-br\"", Some(Coding::Brotli));
        check("\"ABC-zstd\"", Some(Coding::Zstd));
        check("\"x\", \"ABC\"", Some(Coding::Identity));
        check("*", Some(Coding::Gzip));
        check(" * ", Some(Coding::Gzip));
        check("\"a,b\",\"ABC--gzip\"", Some(Coding::Gzip));
        check("W/\"ABC-br-gzip\"", Some(Coding::Gzip));
        for other in ["", "ABC", "\"ABCd\"", "\"AB\"", "\"ABC", "\"ABC-gz-gz\"", "\"r7\"", "\"x*\""] {
            check(other, None);
        }
    }

    #[test]
    fn preconditions_are_looked_at_in_their_order() {
        let strong = format!("\"{}-gz\"", body().etag);
        let weak = format!("W/{strong}");
        let check = |headers: &[(&'static str, &str)], expected: Decision| {
            assert_eq!(decision(headers), expected, "{headers:?}");
        };
        let (sent, unchanged) = (Decision::Send(Coding::Identity), Decision::Unchanged(Coding::Identity));
        check(&[("if-match", &strong)], sent);
        check(&[("if-match", "*")], sent);
        check(&[("if-match", &weak)], Decision::Failed);
        check(&[("if-match", "\"other\"")], Decision::Failed);
        check(&[("if-match", &strong), ("if-unmodified-since", "Tue, 24 Nov 2026 02:00:08 GMT")], sent);
        check(&[("if-unmodified-since", "Tue, 24 Nov 2026 02:00:08 GMT")], Decision::Failed);
        check(&[("if-unmodified-since", "Tue, 24 Nov 2026 02:00:09 GMT")], sent);
        check(&[("if-unmodified-since", "never")], sent);
        check(&[("if-match", "\"other\""), ("if-none-match", &strong)], Decision::Failed);
        check(
            &[("if-none-match", "\"other\""), ("if-modified-since", "Tue, 24 Nov 2026 02:00:09 GMT")],
            sent,
        );
        check(&[("if-modified-since", "Tue, 24 Nov 2026 02:00:09 GMT")], unchanged);
        check(&[("if-modified-since", "Tue, 24 Nov 2026 02:00:08 GMT")], sent);
        check(
            &[("if-none-match", &strong), ("accept-encoding", "identity;q=0")],
            Decision::Unchanged(Coding::Gzip),
        );
    }

    #[test]
    fn a_delta_is_counted_from_the_newest_state_that_the_client_has() {
        let check = |headers: &[(&'static str, &str)], expected: Option<i64>| {
            let mut request = HeaderMap::new();
            for (name, value) in headers {
                request.append(*name, value.parse().unwrap());
            }
            assert_eq!(delta_since(&request, "abcd0000", 9), expected, "{headers:?}");
        };
        let old = "\"r3-abcd12\", W/\"r5-abcd34-gz\"";
        check(&[("a-im", "feed"), ("if-none-match", old)], Some(5));
        check(&[("a-im", "vcdiff, Feed;q=0.5"), ("if-none-match", old)], Some(5));
        check(&[("a-im", "feed;q=0"), ("if-none-match", old)], None);
        check(&[("a-im", "gzip"), ("if-none-match", old)], None);
        check(&[("if-none-match", old)], None);
        check(&[("a-im", "feed")], None);
        check(&[("a-im", "feed"), ("if-none-match", "\"r5-ffff34\"")], None);
        check(&[("a-im", "feed"), ("if-none-match", "\"r10-abcd34\"")], None);
        check(&[("a-im", "feed"), ("if-none-match", "*")], None);
    }
}
