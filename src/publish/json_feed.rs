//! Feeds as JSON Feed 1.1.
//!
//! An item says the same as the entry of [`super::atom`], under the same id; what JSON Feed has no word for stands in
//! `_dibao`.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Document, FeedMeta, Format,
    escape::{href, xml},
    item::{Item, Relation},
};
use crate::normalise::time::rfc3339;

/// Media type of a JSON Feed.
pub const MEDIA_TYPE: &str = "application/feed+json";
/// The version that we write.
const VERSION: &str = "https://jsonfeed.org/version/1.1";
/// What `_dibao` means, for those who find it.
const ABOUT: &str = "source, region, topics and other copies of a story (`via`: the same text, `related`: another telling); `near`: other stories";
/// Bytes allowed for an item beside its texts and links.
const ITEM_FRAME_BYTES: usize = 1_500;

#[derive(Serialize)]
struct Top {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// The archive before; a reader that follows it comes to the end (JSON Feed 1.1 `next_url`).
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    language: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Value>,
    _dibao: Value,
    items: Vec<FeedItem>,
}

#[derive(Serialize)]
struct FeedItem {
    id: String,
    url: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    date_published: String,
    date_modified: String,
    authors: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    language: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Value>,
    _dibao: Value,
}

/// Renders a feed.
pub fn feed(document: &Document) -> Vec<u8> {
    let meta = document.meta;
    let top = Top {
        version: VERSION,
        title: xml(meta.title),
        home_page_url: href(&meta.page_address()),
        feed_url: href(&meta.self_address(Format::Json)),
        description: xml(meta.subtitle),
        next_url: meta.archive.prev().map(|place| href(&meta.feed_address(place, Format::Json))),
        language: xml(meta.language),
        hubs: meta.hubs.iter().map(|hub| json!({ "type": "WebSub", "url": href(hub) })).collect(),
        _dibao: json!({
            "about": ABOUT,
            "id": xml(meta.atom_id),
            "updated": rfc3339(meta.updated_at, meta.zone),
        }),
        items: document.items(ITEM_FRAME_BYTES).iter().map(|item| feed_item(meta, item)).collect(),
    };
    // Texts and numbers alone cannot fail to be written.
    let mut bytes = serde_json::to_vec(&top).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn feed_item(meta: &FeedMeta, item: &Item) -> FeedItem {
    let own = item.entry;
    let summary = item.summary().map(|summary| xml(&summary));
    let html = (!item.content().is_empty()).then(|| xml(item.content()));
    // One of both is required; where there is no text, the title is all there is to say.
    let text = html.is_none().then(|| match item.text() {
        "" => summary.clone().unwrap_or_else(|| xml(&own.title)),
        text => xml(text),
    });
    FeedItem {
        id: xml(&item.story.atom_id.0),
        url: href(&own.url),
        title: xml(&own.title),
        content_html: html,
        content_text: text,
        summary,
        date_published: rfc3339(item.story.published.at, meta.zone),
        date_modified: rfc3339(item.story.updated_at, meta.zone),
        authors: vec![json!({ "name": xml(item.author()) })],
        tags: item
            .labels(meta)
            .into_iter()
            .map(|label| xml(label.name.as_ref().unwrap_or(&label.term)))
            .collect(),
        language: xml(&own.language),
        attachments: own.enclosures.iter().map(attachment).collect(),
        _dibao: extension(meta, item),
    }
}

fn attachment(file: &crate::model::Enclosure) -> Value {
    let mut attachment = Map::new();
    attachment.insert("url".into(), href(&file.url).into());
    attachment.insert("mime_type".into(), xml(&file.media_type).into());
    if let Some(length) = file.length_bytes {
        attachment.insert("size_in_bytes".into(), length.into());
    }
    attachment.into()
}

fn extension(meta: &FeedMeta, item: &Item) -> Value {
    let own = item.entry;
    let region = own.region.as_ref().map(|region| {
        json!({ "code": region.as_str(), "name": meta.bureaus.row(region).map(|row| row.name.as_str()) })
    });
    let topics = own.topics.iter().map(|key| {
        let topic = meta.topics.row(key);
        json!({ "key": key, "zh": topic.map(|topic| &topic.zh), "en": topic.map(|topic| &topic.en) })
    });
    json!({
        "source": {
            "key": own.source.as_str(),
            "id": xml(&item.copy.source_atom_id),
            "title": xml(&item.copy.source_name),
            "url": href(&item.copy.source_url),
        },
        "page": href(&meta.story_address(&item.story.atom_id)),
        "precision": item.story.published.precision.as_str(),
        "region": region,
        "topics": topics.collect::<Vec<_>>(),
        "via": copies(item, Relation::Via),
        "related": copies(item, Relation::Related),
        "near": item.story.related.iter().map(|story| json!({
            "id": xml(&story.atom_id.0),
            "title": xml(&story.title),
            "url": href(&story.url),
        })).collect::<Vec<_>>(),
    })
}

fn copies(item: &Item, wanted: Relation) -> Vec<Value> {
    let others = item.others().into_iter().filter(|(relation, _)| *relation == wanted);
    let copy = |(_, copy): (Relation, &crate::model::Copy)| {
        json!({
            "url": href(&copy.entry.url),
            "source": copy.entry.source.as_str(),
            "title": xml(&copy.source_name),
        })
    };
    others.map(copy).collect()
}
