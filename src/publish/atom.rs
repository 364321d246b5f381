//! Feeds as Atom 1.0 (RFC 4287), with their history (RFC 5005) and what was withdrawn from them (RFC 6721).

use std::collections::BTreeMap;

use atom_syndication::{
    Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Source, Text,
    extension::{Extension, ExtensionMap},
};
use chrono::{DateTime, FixedOffset};
use jiff::tz::Offset;

pub use super::item::REGION_SCHEME;
use super::{
    Archive, Document, FeedMeta, Format,
    escape::{self, href, xml},
    item::{Item, Relation},
};
use crate::{
    model::{Copy, Timestamp, Tombstone},
    normalise::time::rfc3339,
};

/// Media type of an Atom document.
pub const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";
/// Namespace of feed history (RFC 5005 §2).
const HISTORY_NAMESPACE: &str = "http://purl.org/syndication/history/1.0";
/// Namespace of deleted entries (RFC 6721 §3).
const TOMBSTONE_NAMESPACE: &str = "http://purl.org/atompub/tombstones/1.0";
/// Bytes allowed for an entry beside its texts and links.
const ENTRY_FRAME_BYTES: usize = 1_500;

/// Renders a feed.
pub fn feed(document: &Document) -> Vec<u8> {
    let meta = document.meta;
    let items = document.items(ENTRY_FRAME_BYTES);
    let (namespaces, extensions) = extensions(document);
    write(&Feed {
        title: text(meta.title),
        subtitle: (!meta.subtitle.is_empty()).then(|| text(meta.subtitle)),
        id: xml(meta.atom_id),
        updated: time(meta.updated_at, meta.zone),
        lang: Some(meta.language.to_owned()),
        // Of each entry its bureau is the author; the feed's own is for a feed without entries.
        authors: vec![person(meta.title)],
        links: feed_links(meta),
        generator: Some(Generator {
            value: "dibao".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
            ..Generator::default()
        }),
        entries: items.iter().map(|item| entry(meta, item)).collect(),
        namespaces,
        extensions,
        ..Feed::default()
    })
}

fn feed_links(meta: &FeedMeta) -> Vec<Link> {
    let media_type = Some(Format::Atom.link_type());
    let mut links = vec![
        link("self", &meta.self_address(Format::Atom), media_type),
        link("alternate", &meta.page_address(), Some("text/html")),
    ];
    links.extend(meta.hubs.iter().map(|hub| link("hub", hub, None)));
    for (rel, place) in meta.archive.links() {
        links.push(link(rel, &meta.feed_address(place, Format::Atom), media_type));
    }
    links
}

/// The elements that are not Atom's own, and the namespaces of those that are used.
fn extensions(document: &Document) -> (BTreeMap<String, String>, ExtensionMap) {
    let mut namespaces = BTreeMap::new();
    let mut extensions = ExtensionMap::new();
    if matches!(document.meta.archive, Archive::Month { .. }) {
        namespaces.insert("fh".into(), HISTORY_NAMESPACE.into());
        let archive = Extension { name: "fh:archive".into(), ..Extension::default() };
        extensions.entry("fh".into()).or_default().insert("archive".into(), vec![archive]);
    }
    if !document.tombstones.is_empty() {
        namespaces.insert("at".into(), TOMBSTONE_NAMESPACE.into());
        let deleted = document.tombstones.iter().map(|tombstone| deleted_entry(document.meta, tombstone));
        extensions.entry("at".into()).or_default().insert("deleted-entry".into(), deleted.collect());
    }
    (namespaces, extensions)
}

/// `at:deleted-entry`; that of a story which joined another links to it.
fn deleted_entry(meta: &FeedMeta, tombstone: &Tombstone) -> Extension {
    let mut children = BTreeMap::new();
    if let Some(by) = &tombstone.by {
        let name = Extension { name: "name".into(), value: Some(xml(by)), ..Extension::default() };
        let children_of_by = BTreeMap::from([("name".into(), vec![name])]);
        let by = Extension { name: "at:by".into(), children: children_of_by, ..Extension::default() };
        children.insert("by".into(), vec![by]);
    }
    if let Some(comment) = &tombstone.comment {
        let comment =
            Extension { name: "at:comment".into(), value: Some(xml(comment)), ..Extension::default() };
        children.insert("comment".into(), vec![comment]);
    }
    if let Some(survivor) = &tombstone.merged_into {
        let attrs = BTreeMap::from([
            ("rel".into(), "related".into()),
            ("type".into(), "text/html".into()),
            ("href".into(), escape::html(&href(&meta.story_address(survivor)))),
        ]);
        let link = Extension { name: "link".into(), attrs, ..Extension::default() };
        children.insert("link".into(), vec![link]);
    }
    Extension {
        name: "at:deleted-entry".into(),
        attrs: BTreeMap::from([
            // The writer escapes attributes of its own elements only.
            ("ref".into(), escape::html(&tombstone.atom_id.0)),
            ("when".into(), rfc3339(tombstone.when, meta.zone)),
        ]),
        children,
        ..Extension::default()
    }
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

fn entry(meta: &FeedMeta, item: &Item) -> Entry {
    let (story, own) = (item.story, item.entry);
    Entry {
        id: xml(&story.atom_id.0),
        title: Text { lang: other_language(meta, item.copy), ..text(&own.title) },
        updated: time(story.updated_at, meta.zone),
        published: Some(time(story.published.at, meta.zone)),
        authors: vec![person(item.author())],
        categories: categories(meta, item),
        links: links(item),
        source: Some(source(meta, item.copy)),
        summary: item.summary().map(|summary| text(&summary)),
        content: (!item.content().is_empty()).then(|| Content {
            content_type: Some("html".into()),
            value: Some(xml(item.content())),
            lang: other_language(meta, item.copy),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

/// `alternate` is the copy that readers get; of the others, `via` has the same text, `related` tells it otherwise.
fn links(item: &Item) -> Vec<Link> {
    let mut links = vec![link("alternate", &item.entry.url, Some("text/html"))];
    for (relation, copy) in item.others() {
        links.push(Link {
            title: Some(xml(&copy.source_name)),
            ..link(relation.as_str(), &copy.entry.url, Some("text/html"))
        });
    }
    for story in item.near() {
        let related = link(Relation::Related.as_str(), &story.url, Some("text/html"));
        links.push(Link { title: Some(xml(&story.title)), ..related });
    }
    for file in &item.entry.enclosures {
        links.push(Link {
            length: file.length_bytes.map(|length| length.to_string()),
            ..link("enclosure", &file.url, Some(&file.media_type))
        });
    }
    links
}

fn source(meta: &FeedMeta, copy: &Copy) -> Source {
    Source {
        id: xml(&copy.source_atom_id),
        title: text(&copy.source_name),
        updated: time(copy.source_updated_at, meta.zone),
        links: vec![link("alternate", &copy.source_url, None)],
        ..Source::default()
    }
}

fn categories(meta: &FeedMeta, item: &Item) -> Vec<Category> {
    let category = |label: super::item::Label| Category {
        term: xml(&label.term),
        scheme: Some(href(&label.scheme)),
        label: label.name.map(|name| xml(&name)),
    };
    item.labels(meta).into_iter().map(category).collect()
}

fn other_language(meta: &FeedMeta, copy: &Copy) -> Option<String> {
    (copy.entry.language != meta.language).then(|| xml(&copy.entry.language))
}

fn person(name: &str) -> Person {
    Person { name: xml(name), ..Person::default() }
}

fn link(rel: &str, address: &str, media_type: Option<&str>) -> Link {
    Link { rel: rel.to_owned(), href: href(address), mime_type: media_type.map(xml), ..Link::default() }
}

fn text(value: &str) -> Text {
    Text { value: xml(value), ..Text::default() }
}

/// A time as Atom wants it, in the zone of the feed, without fractions.
pub(super) fn time(at: Timestamp, zone: Offset) -> FixedDateTime {
    let utc = DateTime::from_timestamp(at.as_second(), 0).unwrap_or_default();
    match FixedOffset::east_opt(zone.seconds()) {
        Some(offset) => utc.with_timezone(&offset),
        None => utc.fixed_offset(),
    }
}
