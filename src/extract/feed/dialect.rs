//! The dialects of feeds, and how each is put into the words that feed-rs reads.
//!
//! feed-rs passes over elements of a namespace it does not know and refuses the whole feed for a `type` it does
//! not know. Here the old and misspelt namespaces get their present names, Atom 0.3 becomes Atom 1.0, and
//! `media:content` becomes an enclosure. Namespaces of which nothing is wanted are put out of its sight.

use std::borrow::Cow;

use url::Url;

use super::pieces::{Attribute, name_of};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const RSS: &str = "http://purl.org/rss/1.0/";
const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
/// A namespace that nothing reads. Podcast elements are bound to it: their durations can make feed-rs panic.
const UNREAD: &str = "urn:x-unread";

/// The longest address that others resolve against; it is copied for every element.
pub(super) const MAX_BASE_BYTES: usize = 2_048;

/// Namespaces without scheme, case and closing slash, and the ones that feed-rs knows.
const NAMESPACES: [(&str, &str); 17] = [
    ("www.w3.org/2005/atom", ATOM),
    ("purl.org/atom/ns", ATOM),
    ("purl.org/rss/1.0", RSS),
    ("my.netscape.com/rdf/simple/0.9", RSS),
    ("channel.netscape.com/rdf/simple/0.9", RSS),
    ("backend.userland.com/rss2", RSS),
    ("blogs.law.harvard.edu/tech/rss", RSS),
    ("purl.org/rss/1.0/modules/content", CONTENT),
    ("purl.org/dc/elements/1.1", DUBLIN_CORE),
    ("purl.org/dc/elements/1.0", DUBLIN_CORE),
    ("search.yahoo.com/mrss", UNREAD),
    ("search.yahoo.com/searchmonkey/media", UNREAD),
    ("www.itunes.com/dtds/podcast-1.0.dtd", UNREAD),
    ("podcastindex.org/namespace/1.0", UNREAD),
    ("wellformedweb.org/commentapi", UNREAD),
    // Binding these anew is an error that fails the document.
    ("www.w3.org/xml/1998/namespace", UNREAD),
    ("www.w3.org/2000/xmlns", UNREAD),
];

/// The family of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// RSS 0.91 to 2.0.
    Rss,
    /// RSS 0.90 and 1.0.
    Rdf,
    /// Atom 0.3 and 1.0.
    Atom,
}

/// What a feed's root element says about the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The family.
    pub family: Family,
    /// The name for people: `rss 2.0`.
    pub label: String,
    /// Whether `rss` states no version that feed-rs accepts.
    pub is_version_mended: bool,
    prefix: Option<String>,
    is_atom03: bool,
}

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Elements or text.
    Anything,
    /// Text which is markup; elements in it were meant as text.
    Markup,
    /// The name or address of a person.
    Person,
}

/// An element as it is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// Its name; `None` when only its children are handed on.
    pub name: Option<Cow<'a, str>>,
    /// Its attributes, values with their references.
    pub attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// What it holds.
    pub holds: Holds,
}

impl Dialect {
    /// The dialect of a root element; `None` when it is no feed's.
    pub(super) fn of_root(tag: &str, attributes: &[Attribute]) -> Option<Self> {
        let (prefix, local) = split(name_of(tag));
        let value = |name: &str| attributes.iter().find(|it| it.name == name).map(|it| it.value.trim());
        let namespace = match prefix {
            Some(prefix) => value(&format!("xmlns:{prefix}")),
            None => value("xmlns"),
        };
        let version = value("version").unwrap_or_default();
        let is_atom03 = version == "0.3" || namespace.is_some_and(|uri| uri.contains("purl.org/atom/ns"));
        let is_old_rdf = value("xmlns").is_some_and(|uri| uri.contains("netscape.com"));
        let (family, label) = match local.to_ascii_lowercase().as_str() {
            "rss" => (Family::Rss, format!("rss {}", if is_version(version) { version } else { "2.0" })),
            "rdf" => (Family::Rdf, if is_old_rdf { "rss 0.90" } else { "rss 1.0" }.to_owned()),
            "feed" => (Family::Atom, if is_atom03 { "atom 0.3" } else { "atom 1.0" }.to_owned()),
            _ => return None,
        };
        let is_version_mended = family == Family::Rss && !matches!(version, "2.0" | "0.91" | "0.92");
        let prefix = prefix.map(str::to_owned);
        Some(Self {
            family,
            label,
            is_version_mended,
            prefix,
            is_atom03: is_atom03 && family == Family::Atom,
        })
    }

    /// The root element as feed-rs takes it.
    pub(super) fn root<'a>(&self, attributes: &[Attribute<'a>]) -> Element<'a> {
        let mine = self.prefix.as_ref().map(|prefix| format!("xmlns:{prefix}"));
        // Without a default namespace, feed-rs supplies the one that belongs to the root.
        let kept = attributes.iter().filter(|it| it.name != "xmlns" && it.name != "version");
        let kept = kept.filter(|it| self.family != Family::Atom || Some(it.name) != mine.as_deref());
        let mut attributes: Vec<_> = kept.filter_map(attribute).collect();
        let name = match self.family {
            Family::Rss => {
                let version = if self.label.starts_with("rss 0.9") { "0.92" } else { "2.0" };
                attributes.push(("version".into(), version.into()));
                "rss"
            }
            Family::Rdf => "RDF",
            Family::Atom => "feed",
        };
        if let (Family::Atom, Some(mine)) = (self.family, mine) {
            attributes.push((mine.into(), ATOM.into()));
        }
        Element { name: Some(name.into()), attributes, holds: Holds::Anything }
    }

    /// The name without prefix, if it belongs to the feed's own vocabulary.
    pub(super) fn own<'a>(&self, name: &'a str) -> Option<&'a str> {
        match split(name) {
            (None, local) => Some(local),
            (prefix, local) if prefix == self.prefix.as_deref() => Some(local),
            _ => None,
        }
    }

    /// Whether an element of this name is an entry of the feed.
    pub(super) fn is_item(&self, name: &str) -> bool {
        self.own(name) == Some(if self.family == Family::Atom { "entry" } else { "item" })
    }

    /// Any element below the root as feed-rs takes it.
    pub(super) fn element<'a>(&self, name: &'a str, attributes: &[Attribute<'a>]) -> Element<'a> {
        if let Some(local) = name.strip_prefix("media:") {
            return self.media(local, name, attributes);
        }
        let mut element = Element {
            name: Some(name.into()),
            attributes: attributes.iter().filter_map(attribute).collect(),
            holds: Holds::Anything,
        };
        match (self.family, self.own(name)) {
            (Family::Atom, Some(local)) => self.atom(local, &mut element),
            (_, Some("title" | "description")) => element.holds = Holds::Markup,
            (_, Some("author" | "managingEditor" | "webMaster")) => element.holds = Holds::Person,
            (_, None) if name.ends_with(":encoded") => element.holds = Holds::Markup,
            (_, None) if name.ends_with(":creator") => element.holds = Holds::Person,
            _ => {}
        }
        element
    }

    fn atom(&self, local: &str, element: &mut Element) {
        match local {
            "title" | "subtitle" | "summary" | "rights" | "content" | "tagline" | "copyright" => {
                self.atom_text(local, element);
            }
            _ => {}
        }
        let renamed = match local {
            "issued" => "published",
            "modified" => "updated",
            "tagline" => "subtitle",
            "copyright" => "rights",
            _ => return,
        };
        if self.is_atom03 {
            element.name = Some(self.prefixed(renamed));
        }
    }

    /// Gives an Atom text construct (RFC 4287 §3.1, §4.1.3) one of the three types that feed-rs takes.
    fn atom_text(&self, local: &str, element: &mut Element) {
        let value =
            |name: &str| element.attributes.iter().find(|(it, _)| it == name).map(|(_, value)| &**value);
        let stated = value("type").unwrap_or_default().to_ascii_lowercase();
        let stated = stated.split(';').next().unwrap_or_default().trim().to_owned();
        let is_base64 = self.is_atom03 && value("mode") == Some("base64");
        let source = value("src").map(str::to_owned).filter(|_| local == "content");
        let kind = match stated.as_str() {
            "html" | "text/html" => "html",
            "xhtml" | "application/xhtml+xml" => "xhtml",
            _ if local != "content"
                || stated.is_empty()
                || stated == "text"
                || stated.starts_with("text/") =>
            {
                "text"
            }
            _ => "",
        };
        if let Some(source) = source {
            // An article elsewhere: a link by another name.
            element.name = Some(self.prefixed("link"));
            element.attributes = vec![("rel".into(), "content".into()), ("href".into(), source.into())];
        } else if kind.is_empty() || is_base64 || stated == "text/xml" {
            // A picture or a foreign document.
            element.name = Some("unread".into());
        } else {
            element.attributes.retain(|(name, _)| name != "type");
            element.attributes.push(("type".into(), kind.into()));
            element.holds = if kind == "xhtml" { Holds::Anything } else { Holds::Markup };
        }
    }

    /// An enclosure of `media:content` (Media RSS); its groups are opened and the rest of it left out.
    fn media<'a>(&self, local: &str, name: &'a str, attributes: &[Attribute<'a>]) -> Element<'a> {
        let is_atom = self.family == Family::Atom;
        let (name, attributes) = match local {
            "group" => (None, Vec::new()),
            "content" => {
                let mut kept: Vec<_> =
                    attributes.iter().filter_map(|it| enclosure_attribute(it, is_atom)).collect();
                if is_atom {
                    kept.push(("rel".into(), "enclosure".into()));
                }
                (Some(if is_atom { self.prefixed("link") } else { "enclosure".into() }), kept)
            }
            _ => (Some(name.into()), Vec::new()),
        };
        Element { name, attributes, holds: Holds::Anything }
    }

    fn prefixed<'a>(&self, local: &'static str) -> Cow<'a, str> {
        match &self.prefix {
            Some(prefix) => format!("{prefix}:{local}").into(),
            None => local.into(),
        }
    }
}

fn enclosure_attribute<'a>(it: &Attribute<'a>, is_atom: bool) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let name = match it.name {
        "url" if is_atom => "href",
        "url" => "url",
        "type" => "type",
        "fileSize" => "length",
        _ => return None,
    };
    Some((name.into(), it.value.into()))
}

/// An attribute as feed-rs takes it; `None` when it would make it fail.
fn attribute<'a>(it: &Attribute<'a>) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    let value = if it.name == "xmlns" || it.name.starts_with("xmlns:") {
        if matches!(it.name, "xmlns:xml" | "xmlns:xmlns") {
            return None;
        }
        namespace(it.value)
    } else if it.name == "xml:base" {
        let is_base = matches!(Url::parse(it.value), Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase));
        (is_base && it.value.len() <= MAX_BASE_BYTES).then_some(it.value)?
    } else if matches!(it.name, "href" | "url" | "src") && it.value.trim().is_empty() {
        // It would resolve to the feed's own address.
        return None;
    } else {
        it.value
    };
    Some((it.name.into(), value.into()))
}

/// The namespace that feed-rs knows for a URI.
fn namespace(uri: &str) -> &str {
    let plain = uri.trim().to_ascii_lowercase();
    let plain = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://")).unwrap_or(&plain);
    let plain = plain.trim_end_matches(['/', '#']);
    NAMESPACES.iter().find(|(known, _)| *known == plain).map_or(uri, |(_, name)| name)
}

/// The namespace of a prefix that the document uses without declaring it.
pub(super) fn undeclared(prefix: &str) -> &'static str {
    match prefix {
        "atom" => ATOM,
        "content" => CONTENT,
        "dc" => DUBLIN_CORE,
        _ => UNREAD,
    }
}

/// Prefix and local name.
fn split(name: &str) -> (Option<&str>, &str) {
    name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local))
}

fn is_version(version: &str) -> bool {
    let is_short = (1..=8).contains(&version.len());
    is_short && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
