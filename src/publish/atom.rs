//! The merged feed as Atom 1.0 (RFC 4287).

use std::collections::HashSet;

use atom_syndication::{
    Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Source, Text,
};
use chrono::{DateTime, FixedOffset};
use jiff::tz::Offset;

use super::{FeedMeta, MAX_FEED_BYTES};
use crate::{
    model::{Copy, Region, Story, Timestamp},
    normalise::html::xml_text,
};

/// Media type of an Atom document.
pub const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";
/// Scheme of the region category: ISO 3166-2 as a URN (RFC 5141).
pub const REGION_SCHEME: &str = "urn:iso:std:iso:3166:-2";
/// Bytes allowed for an entry beside its content.
const ENTRY_OVERHEAD_BYTES: usize = 1_500;

/// Renders stories, newest first as given; what would make the document too large is left out from the end.
pub fn feed(meta: &FeedMeta, stories: &[Story]) -> Vec<u8> {
    let mut room = MAX_FEED_BYTES;
    let fits = stories.iter().take_while(|story| {
        let size = story.canonical().map_or(0, |copy| escaped_bytes(&copy.entry.content_html));
        let cost = size + ENTRY_OVERHEAD_BYTES;
        let fits = room >= cost;
        room = room.saturating_sub(cost);
        fits
    });
    write(&Feed {
        title: text(meta.title),
        subtitle: (!meta.subtitle.is_empty()).then(|| text(meta.subtitle)),
        id: meta.atom_id.to_owned(),
        updated: time(meta.updated_at, meta.zone),
        lang: Some(meta.language.to_owned()),
        links: vec![
            link("self", &meta.address("feed.atom"), Some("application/atom+xml")),
            link("alternate", &meta.address(""), Some("text/html")),
        ],
        generator: Some(Generator {
            value: "dibao".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
            ..Generator::default()
        }),
        entries: fits.filter_map(|story| entry(meta, story)).collect(),
        ..Feed::default()
    })
}

/// Writes a document, with the declaration that says its encoding.
pub(super) fn write(document: &Feed) -> Vec<u8> {
    let start = br#"<?xml version="1.0" encoding="utf-8"?>"#.to_vec();
    let mut bytes = start;
    bytes.push(b'\n');
    let config = atom_syndication::WriteConfig { write_document_declaration: false, indent_size: None };
    // Writing into memory fails only when memory does.
    let written = document.write_with_config(&mut bytes, config).map(|_| ());
    debug_assert!(written.is_ok());
    bytes.push(b'\n');
    bytes
}

fn escaped_bytes(html: &str) -> usize {
    // `<` and `>` become four bytes each.
    html.len() + 3 * html.bytes().filter(|b| matches!(b, b'<' | b'>')).count()
}

fn entry(meta: &FeedMeta, story: &Story) -> Option<Entry> {
    let copy = story.canonical()?;
    let own = &copy.entry;
    Some(Entry {
        id: xml(&story.atom_id.0),
        title: Text { lang: other_language(meta, copy), ..text(&own.title) },
        updated: time(story.updated_at, meta.zone),
        published: Some(time(story.published.at, meta.zone)),
        authors: vec![person(own.bureau.as_ref().map_or(copy.source_name.as_str(), |bureau| &bureau.name))],
        categories: own.region.as_ref().map(|region| category(meta, region)).into_iter().collect(),
        links: links(story, copy),
        source: Some(source(meta, copy)),
        summary: summary(own.summary.as_deref(), &own.content_text),
        content: (!own.content_html.is_empty()).then(|| Content {
            content_type: Some("html".into()),
            value: Some(xml(&own.content_html)),
            lang: other_language(meta, copy),
            ..Content::default()
        }),
        ..Entry::default()
    })
}

/// `alternate` is the copy that readers get; of the others, `via` has the same text, `related` tells it otherwise.
fn links(story: &Story, canonical: &Copy) -> Vec<Link> {
    let alternate = canonical.entry.url.as_str();
    let mut links = vec![link("alternate", alternate, Some("text/html"))];
    let mut named = HashSet::from([alternate]);
    for copy in story.copies.iter().skip(1) {
        if !named.insert(copy.entry.url.as_str()) {
            continue;
        }
        let same_text = canonical.body_hash.is_some() && canonical.body_hash == copy.body_hash;
        let rel = if same_text { "via" } else { "related" };
        links.push(Link {
            title: Some(xml(&copy.source_name)),
            ..link(rel, &copy.entry.url, Some("text/html"))
        });
    }
    for file in &canonical.entry.enclosures {
        links.push(Link {
            length: file.length_bytes.map(|length| length.to_string()),
            ..link("enclosure", &file.url, Some(&file.media_type))
        });
    }
    links
}

fn source(meta: &FeedMeta, copy: &Copy) -> Source {
    Source {
        id: copy.source_atom_id.clone(),
        title: text(&copy.source_name),
        updated: time(copy.source_updated_at, meta.zone),
        links: vec![link("alternate", &copy.source_url, None)],
        ..Source::default()
    }
}

fn category(meta: &FeedMeta, region: &Region) -> Category {
    Category {
        term: region.as_str().to_owned(),
        scheme: Some(REGION_SCHEME.into()),
        label: meta.bureaus.row(region).map(|row| row.name.clone()),
    }
}

/// A summary only where it adds to the text.
fn summary(summary: Option<&str>, content_text: &str) -> Option<Text> {
    let summary = summary.filter(|summary| !summary.trim().is_empty())?;
    (!content_text.contains(summary)).then(|| text(summary))
}

fn other_language(meta: &FeedMeta, copy: &Copy) -> Option<String> {
    (copy.entry.language != meta.language).then(|| xml(&copy.entry.language))
}

fn person(name: &str) -> Person {
    Person { name: xml(name), ..Person::default() }
}

fn link(rel: &str, href: &str, media_type: Option<&str>) -> Link {
    Link { rel: rel.to_owned(), href: xml(href), mime_type: media_type.map(xml), ..Link::default() }
}

fn text(value: &str) -> Text {
    Text { value: xml(value), ..Text::default() }
}

/// Without characters that XML cannot carry; the writer would let them through.
pub(super) fn xml(value: &str) -> String {
    xml_text(value).into_owned()
}

/// A time as Atom wants it, in the zone of the feed, without fractions.
pub(super) fn time(at: Timestamp, zone: Offset) -> FixedDateTime {
    let utc = DateTime::from_timestamp(at.as_second(), 0).unwrap_or_default();
    match FixedOffset::east_opt(zone.seconds()) {
        Some(offset) => utc.with_timezone(&offset),
        None => utc.fixed_offset(),
    }
}
