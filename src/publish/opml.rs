//! Our feeds as OPML 2.0, to be imported into a reader at once.

use super::{FeedMeta, Format, Place, elements::Elements, escape::href, rss::rfc822};

/// Media type of an OPML document.
pub const MEDIA_TYPE: &str = "text/x-opml; charset=utf-8";

/// A feed of ours, as a reader subscribes to it: in Atom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpmlFeed {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// Path of its page for people, without leading `/`.
    pub page: String,
}

/// Feeds under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpmlGroup {
    /// The heading; `None` for feeds that stand at the top.
    pub title: Option<String>,
    /// Its feeds, in order.
    pub feeds: Vec<OpmlFeed>,
}

/// All feeds of ours: the merged one and the daily edition, then one for each region, topic and source.
pub fn groups(meta: &FeedMeta, sources: &[(String, String)]) -> Vec<OpmlGroup> {
    let feed = |title: &str, folder: &str, key: &str| OpmlFeed {
        title: title.to_owned(),
        place: Place::new(format!("{folder}/{key}/feed")),
        page: format!("{folder}/{key}"),
    };
    let top = vec![
        OpmlFeed { title: meta.title.to_owned(), place: Place::new("feed"), page: String::new() },
        OpmlFeed {
            title: format!("{} · 每日", meta.title),
            place: Place::new("daily"),
            page: "daily".to_owned(),
        },
    ];
    let mut regions: Vec<OpmlFeed> =
        meta.bureaus.rows().iter().map(|row| feed(&row.name, "regions", row.region.as_str())).collect();
    regions.sort_by(|a, b| a.page.cmp(&b.page));
    let topics = meta.topics.rows().iter().map(|topic| feed(&topic.zh, "topics", &topic.key));
    let sources = sources.iter().map(|(key, name)| feed(name, "sources", key));
    vec![
        OpmlGroup { title: None, feeds: top },
        OpmlGroup { title: Some("地区".into()), feeds: regions },
        OpmlGroup { title: Some("专题".into()), feeds: topics.collect() },
        OpmlGroup { title: Some("来源".into()), feeds: sources.collect() },
    ]
}

/// Renders groups of feeds; empty groups are left out.
pub fn feeds(meta: &FeedMeta, groups: &[OpmlGroup]) -> Vec<u8> {
    let mut out = Elements::new();
    out.open("opml", &[("version", "2.0")]);
    out.open("head", &[]);
    out.text("title", &[], meta.title);
    out.text("dateModified", &[], &rfc822(meta.updated_at, meta.zone));
    out.text("ownerName", &[], meta.title);
    out.close("head");
    out.open("body", &[]);
    for group in groups.iter().filter(|group| !group.feeds.is_empty()) {
        if let Some(title) = &group.title {
            out.open("outline", &[("text", title)]);
        }
        for feed in &group.feeds {
            push(&mut out, meta, feed);
        }
        if group.title.is_some() {
            out.close("outline");
        }
    }
    out.close("body");
    out.close("opml");
    out.finish()
}

fn push(out: &mut Elements, meta: &FeedMeta, feed: &OpmlFeed) {
    let attributes = [
        // Readers take `rss` for any kind of feed; the document itself says which it is.
        ("type", "rss"),
        ("text", &feed.title),
        ("title", &feed.title),
        ("xmlUrl", &href(&meta.feed_address(&feed.place, Format::Atom))),
        ("htmlUrl", &href(&meta.address(&feed.page))),
        ("language", &meta.language.to_ascii_lowercase()),
    ];
    out.empty("outline", &attributes);
}
