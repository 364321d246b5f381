//! Feeds as RSS 2.0, with the elements of Atom, Dublin Core and `content` that its readers know.
//!
//! An item says the same as the entry of [`super::atom`], and its `guid` is the entry's id.

use jiff::{fmt::rfc2822, tz::Offset};

use super::{
    Archive, Document, FeedMeta, Format,
    elements::Elements,
    escape::{self, href},
    item::Item,
};
use crate::model::Timestamp;

/// Media type of an RSS document: not registered, but what everybody uses.
pub const MEDIA_TYPE: &str = "application/rss+xml; charset=utf-8";
/// Minutes for which a reader may keep the document; RSS 2.0 `ttl`.
const TTL_MINUTES: &str = "5";
/// What RSS is, for those who find the document.
const DOCS: &str = "https://www.rssboard.org/rss-specification";
/// Bytes allowed for an item beside its texts and links.
const ITEM_FRAME_BYTES: usize = 3_000;
/// What an enclosure's `length` says when it is not known (RSS Advisory Board's profile).
const UNKNOWN_LENGTH: &str = "0";

/// Renders a feed.
pub fn feed(document: &Document) -> Vec<u8> {
    let meta = document.meta;
    let mut out = Elements::new();
    let mut attributes = vec![
        ("version", "2.0"),
        ("xmlns:atom", "http://www.w3.org/2005/Atom"),
        ("xmlns:content", "http://purl.org/rss/1.0/modules/content/"),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ];
    let is_archive = matches!(meta.archive, Archive::Month { .. });
    if is_archive {
        attributes.push(("xmlns:fh", "http://purl.org/syndication/history/1.0"));
    }
    out.open("rss", &attributes);
    out.open("channel", &[]);
    channel(&mut out, meta);
    if is_archive {
        out.empty("fh:archive", &[]);
    }
    for item in document.items(ITEM_FRAME_BYTES) {
        push(&mut out, meta, &item);
    }
    out.close("channel");
    out.close("rss");
    out.finish()
}

fn channel(out: &mut Elements, meta: &FeedMeta) {
    let description = if meta.subtitle.is_empty() { meta.title } else { meta.subtitle };
    out.text("title", &[], meta.title);
    out.text("link", &[], &href(&meta.page_address()));
    out.text("description", &[], description);
    out.text("language", &[], &meta.language.to_ascii_lowercase());
    out.text("lastBuildDate", &[], &rfc822(meta.updated_at, meta.zone));
    out.text("generator", &[], concat!("dibao ", env!("CARGO_PKG_VERSION")));
    out.text("docs", &[], DOCS);
    out.text("ttl", &[], TTL_MINUTES);
    let media_type = Format::Rss.link_type();
    atom_link(out, "self", &meta.self_address(Format::Rss), Some(media_type), None);
    for hub in meta.hubs {
        atom_link(out, "hub", hub, None, None);
    }
    for (rel, place) in meta.archive.links() {
        atom_link(out, rel, &meta.feed_address(place, Format::Rss), Some(media_type), None);
    }
}

fn push(out: &mut Elements, meta: &FeedMeta, item: &Item) {
    let own = item.entry;
    out.open("item", &[]);
    out.text("title", &[], &own.title);
    out.text("link", &[], &href(&own.url));
    out.text("guid", &[("isPermaLink", "false")], &item.story.atom_id.0);
    out.text("pubDate", &[], &rfc822(item.story.published.at, meta.zone));
    out.text("dc:creator", &[], item.author());
    for label in item.labels(meta) {
        out.text("category", &[("domain", &href(&label.scheme))], &label.term);
    }
    // Both are HTML; the text is escaped once for that, and once more for XML.
    if let Some(lead) = item.lead() {
        out.text("description", &[], &escape::html(&lead));
    }
    out.text("content:encoded", &[], item.content());
    out.text("source", &[("url", &href(&item.copy.source_url))], &item.copy.source_name);
    enclosures(out, item);
    for (relation, copy) in item.others() {
        atom_link(out, relation.as_str(), &copy.entry.url, Some("text/html"), Some(&copy.source_name));
    }
    out.close("item");
}

/// RSS knows one enclosure an item; the others are Atom's.
fn enclosures(out: &mut Elements, item: &Item) {
    let mut files = item.entry.enclosures.iter();
    if let Some(file) = files.next() {
        let length = file.length_bytes.map_or_else(|| UNKNOWN_LENGTH.to_owned(), |length| length.to_string());
        let attributes = [("url", href(&file.url)), ("length", length), ("type", file.media_type.clone())];
        out.empty("enclosure", &attributes.each_ref().map(|(name, value)| (*name, value.as_str())));
    }
    for file in files {
        atom_link(out, "enclosure", &file.url, Some(&file.media_type), None);
    }
}

fn atom_link(out: &mut Elements, rel: &str, address: &str, media_type: Option<&str>, title: Option<&str>) {
    let address = href(address);
    let mut attributes = vec![("rel", rel), ("href", address.as_str())];
    attributes.extend(media_type.map(|media_type| ("type", media_type)));
    attributes.extend(title.map(|title| ("title", title)));
    out.empty("atom:link", &attributes);
}

/// A time as RFC 822 writes it, with a four-digit year and a numeric zone: `Tue, 24 Nov 2026 10:00:00 +0800`.
pub(super) fn rfc822(at: Timestamp, zone: Offset) -> String {
    let zoned = at.to_zoned_datetime(jiff::tz::TimeZone::fixed(zone));
    // Years before 0 cannot be written so; none is ever published.
    rfc2822::to_string(&zoned).unwrap_or_default()
}
