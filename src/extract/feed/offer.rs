//! What a feed says of the hub that tells of its changes (WebSub §4): `rel=hub` and `rel=self` in `Link` headers
//! (RFC 8288 §3), in the feed's own links, or in the `hubs` of a JSON Feed.

use url::Url;

use super::web_address;

/// Links read of one header or feed; no real one has as many.
const MAX_LINKS: usize = 64;
/// Longest address that is taken for a hub or a topic, in bytes.
const MAX_URL_BYTES: usize = 2_000;

/// A hub, and the address under which it knows the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The hub.
    pub hub: Url,
    /// The feed's own address, the topic.
    pub topic: Url,
}

/// Collects links until both are known; the first of each counts.
#[derive(Debug, Default)]
struct Found {
    hub: Option<Url>,
    topic: Option<Url>,
}

impl Found {
    fn add(&mut self, rel: &str, href: &str, base: &Url) {
        let place = match rel {
            _ if rel.eq_ignore_ascii_case("hub") => &mut self.hub,
            _ if rel.eq_ignore_ascii_case("self") => &mut self.topic,
            _ => return,
        };
        if place.is_none() {
            *place = web_address(href, base).filter(|url| url.as_str().len() <= MAX_URL_BYTES);
        }
    }

    fn offer(self) -> Option<Box<Offer>> {
        Some(Box::new(Offer { hub: self.hub?, topic: self.topic? }))
    }
}

/// What `Link` headers offer; addresses resolve against that of the document.
pub fn of_headers<'a>(values: impl IntoIterator<Item = &'a str>, base: &Url) -> Option<Box<Offer>> {
    let mut found = Found::default();
    for link in values.into_iter().flat_map(links).take(MAX_LINKS) {
        for rel in link.rels.split_ascii_whitespace() {
            found.add(rel, link.target, base);
        }
    }
    found.offer()
}

/// What relations and addresses of a document offer.
pub(super) fn of_links<'a>(
    links: impl IntoIterator<Item = (&'a str, &'a str)>,
    base: &Url,
) -> Option<Box<Offer>> {
    let mut found = Found::default();
    for (rel, href) in links.into_iter().take(MAX_LINKS) {
        found.add(rel, href, base);
    }
    found.offer()
}

/// One link of a header.
struct Link<'a> {
    target: &'a str,
    /// Its relations, parted by spaces.
    rels: &'a str,
}

/// The links of one header's value, one after the other; what is not well-formed ends it.
fn links(value: &str) -> impl Iterator<Item = Link<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (rels, after) = parameters(after);
        rest = after;
        Some(Link { target, rels })
    })
}

/// Reads the parameters of a link: its relations, and what stands after its comma.
fn parameters(text: &str) -> (&str, &str) {
    let (mut rest, mut rels) = (text, None);
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        let (value, tail) = match tail.strip_prefix('=') {
            Some(tail) => parameter_value(tail),
            None => ("", tail),
        };
        if name.trim().eq_ignore_ascii_case("rel") {
            // Only the first counts (RFC 8288 §3.3).
            rels = rels.or(Some(value));
        }
        rest = tail;
    }
    let after = rest.trim_start();
    (rels.unwrap_or_default(), after.strip_prefix(',').unwrap_or(after))
}

/// A quoted or plain value, and what stands after it.
fn parameter_value(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (value, tail) = text.split_at(end);
        return (value.trim(), tail);
    };
    let mut escaped = false;
    let end = quoted.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    match end {
        Some(end) => (&quoted[..end], &quoted[end + 1..]),
        None => (quoted, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{Document, feed::feed};

    #[test]
    fn headers_offer_a_hub_only_with_the_feeds_own_address() {
        let base = Url::parse("https://a.example/x/feed.atom").unwrap();
        let check = |values: &[&str], expected: Option<(&str, &str)>| {
            let found = of_headers(values.iter().copied(), &base);
            let found = found.as_ref().map(|offer| (offer.hub.as_str(), offer.topic.as_str()));
            assert_eq!(found, expected, "{values:?}");
        };
        let both = Some(("https://hub.example/", "https://a.example/feed"));
        check(&["<https://hub.example/>; rel=\"hub\", <https://a.example/feed>; rel=\"self\""], both);
        check(&["<https://a.example/feed>;rel=self", "<https://hub.example/>;rel=hub"], both);
        check(
            &[
                "<https://hub.example/> ; title=\"a, <b>; rel=self\" ; REL=Hub , </feed>; rel=\"alternate self\"",
            ],
            both,
        );
        check(&["<https://hub.example/>; rel=hub; rel=self, </feed>; x; rel=self"], both);
        check(&["<https://hub.example/>; rel=hub, <https://b.example/>; rel=hub, </feed>; rel=self"], both);
        check(
            &["</hub>; rel=hub, <>; rel=self, <feed.atom>; rel=self"],
            Some(("https://a.example/hub", "https://a.example/x/feed.atom")),
        );
        for none in [
            "",
            "<https://hub.example/>; rel=hub",
            "<https://a.example/feed>; rel=self",
            "<ftp://hub.example/>; rel=hub, </feed>; rel=self",
            "https://hub.example/; rel=hub, /feed; rel=self",
            "<https://hub.example/; rel=hub",
            "<https://hub.example/>; rel=\"hub, </feed>; rel=self",
            "<https://hub.example/>; rel=hubs, </feed>; rel=selfish",
        ] {
            check(&[none], None);
        }
    }

    #[test]
    fn each_format_names_its_hub_in_its_own_way() {
        let check = |body: &str, expected: Option<(&str, &str)>| {
            let url = Url::parse("https://a.example/feed").unwrap();
            let found = feed(&Document { url, content_type: None, body: body.as_bytes().to_vec() }).unwrap();
            let found = found.offer.as_ref().map(|offer| (offer.hub.as_str(), offer.topic.as_str()));
            assert_eq!(found, expected, "{body}");
        };
        let both = Some(("https://hub.example/", "https://a.example/topic"));
        let links =
            "<{a}link rel=\"hub\" href=\"https://hub.example/\"/><{a}link rel=\"self\" href=\"/topic\"/>";
        let own = links.replace("{a}", "");
        let foreign = links.replace("{a}", "atom:").replace("/topic", "https://a.example/topic");
        let atom = "xmlns=\"http://www.w3.org/2005/Atom\"";
        check(&format!("<feed {atom}><title>t</title>{own}<entry><id>urn:x:1</id></entry></feed>"), both);
        check(&format!("<feed {atom}><title>t</title><entry><id>urn:x:1</id>{own}</entry></feed>"), None);
        let prefixed = "xmlns:atom=\"http://www.w3.org/2005/Atom\"";
        let rss = |channel: &str| {
            format!("<rss version=\"2.0\" {prefixed}><channel><title>t</title>{channel}</channel></rss>")
        };
        check(&rss(&format!("<link>https://other.example/</link>{foreign}")), both);
        check(&rss("<link>https://other.example/</link>"), None);
        let json = |hubs: &str| {
            format!(
                "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",\"items\":[],\
                \"feed_url\":\"https://a.example/topic\",\"hubs\":{hubs}}}"
            )
        };
        check(
            &json(
                "[{\"type\":\"rssCloud\",\"url\":\"https://b.example/\"},{\"type\":\"WebSub\",\"url\":\"https://hub.example/\"}]",
            ),
            both,
        );
        for none in ["[]", "null", "[3]", "{\"type\":\"WebSub\"}", "[{\"type\":\"WebSub\",\"url\":7}]"] {
            check(&json(none), None);
        }
    }

    #[test]
    fn a_header_of_a_million_links_costs_no_more_than_a_few() {
        let many = "<a>; rel=x, ".repeat(100_000) + "</hub>; rel=hub, </self>; rel=self";
        assert_eq!(of_headers([many.as_str()], &Url::parse("https://a.example/").unwrap()), None);
    }
}
