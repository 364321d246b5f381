//! JSON Feed 1.0 and 1.1, read as leniently as it is written.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::offer;
use super::text::paragraphs;
use super::{
    JSON_FEED_VERSION, MAX_ENCLOSURES, MAX_ENTRIES, MAX_TIME_BYTES, Ruled, filled, language, not_a_feed,
    short_name, too_many_entries, web_address,
};
use crate::extract::{Document, ExtractError, Extracted, FoundTime, RawEnclosure, RawEntry, RawTime};

/// From this number on a time counts milliseconds, below it seconds: in seconds it would be the year 5138.
const FIRST_MS: i64 = 100_000_000_000;

/// A string, or what some publishers write where one belongs.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct Feed {
    version: Option<Scalar>,
    title: Option<Scalar>,
    home_page_url: Option<Scalar>,
    language: Option<Scalar>,
    #[serde(rename = "feed_url")]
    own_url: Option<Scalar>,
    #[serde(default)]
    hubs: Value,
    #[serde(default)]
    author: Value,
    #[serde(default)]
    authors: Value,
    items: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: Option<Scalar>,
    url: Option<Scalar>,
    external_url: Option<Scalar>,
    title: Option<Scalar>,
    content_html: Option<Scalar>,
    content_text: Option<Scalar>,
    summary: Option<Scalar>,
    date_published: Option<Scalar>,
    date_modified: Option<Scalar>,
    language: Option<Scalar>,
    #[serde(default)]
    author: Value,
    #[serde(default)]
    authors: Value,
    #[serde(default)]
    attachments: Value,
}

/// Reads a JSON Feed document.
pub(super) fn read(document: &Document, text: &str) -> Result<Extracted, ExtractError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| not_a_feed(document, format!("it begins like JSON, but: {error}")))?;
    let no_feed = || not_a_feed(document, "it is JSON, but no JSON Feed");
    let feed: Feed = Feed::deserialize(value).map_err(|_| no_feed())?;
    let version = string(feed.version).ok_or_else(no_feed)?;
    let (_, version) = version.split_once(JSON_FEED_VERSION).ok_or_else(no_feed)?;
    let items = feed.items.ok_or_else(no_feed)?;

    let home = string(feed.home_page_url).and_then(|home| web_address(&home, &document.url));
    let base = home.unwrap_or_else(|| document.url.clone());
    let language = language(string(feed.language));
    let author = author(&feed.authors, &feed.author);
    let n_items = items.len().min(MAX_ENTRIES);
    let mut notes: Vec<_> = (items.len() > MAX_ENTRIES).then(too_many_entries).into_iter().collect();
    let items = items.into_iter().take(n_items).filter_map(|item| Item::deserialize(item).ok());
    let entries: Vec<RawEntry> =
        items.map(|item| entry(item, &base, language.as_ref(), author.as_ref())).collect();
    if entries.len() < n_items {
        notes.push(format!("{} items are no objects; they are left out", n_items - entries.len()));
    }
    let rule = format!("feed json {}", version.trim().chars().take(8).collect::<String>());
    let own = string(feed.own_url);
    let hub = hub(&feed.hubs).map(|hub| ("hub", hub));
    let offer =
        offer::of_links(hub.into_iter().chain(own.as_deref().map(|own| ("self", own))), &document.url);
    let feed_title = filled(string(feed.title));
    Ok(Extracted { entries, rule, notes, feed_title, ttl_minutes: None, offer })
}

/// The first of the `hubs` that is for `WebSub`; other protocols are not spoken here.
fn hub(hubs: &Value) -> Option<&str> {
    let mut all = hubs.as_array()?.iter();
    let hub = all.find(|hub| {
        hub.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("websub"))
    })?;
    hub.get("url")?.as_str()
}

fn entry(
    item: Item,
    base: &Url,
    language_of_feed: Option<&String>,
    author_of_feed: Option<&String>,
) -> RawEntry {
    let address = |text| string(text).and_then(|text| web_address(&text, base));
    let mut raw = RawEntry {
        id: string(item.id),
        title: string(item.title).unwrap_or_default(),
        ..RawEntry::default()
    };
    raw.ruled("id", raw.id.is_some(), "json id");
    raw.ruled("title", !raw.title.is_empty(), "json title");
    let own = address(item.url);
    // `external_url` is the page an entry is about, which is read only if it has none of its own.
    let rule = if own.is_some() { "json url" } else { "json external_url" };
    raw.url = own.or_else(|| address(item.external_url));
    raw.ruled("url", raw.url.is_some(), rule);
    let published = time(item.date_published, "json date_published");
    raw.updated = time(item.date_modified, "json date_modified")
        .filter(|updated| published.as_ref().is_none_or(|published| published.time != updated.time));
    raw.published = published.or_else(|| raw.updated.clone()).into_iter().collect();
    raw.ruled("updated", raw.updated.is_some(), "json date_modified");
    if let Some(rule) = raw.published.first().map(|time| time.rule.clone()) {
        raw.ruled("published", true, &rule);
    }
    raw.origin = author(&item.authors, &item.author).or_else(|| author_of_feed.cloned());
    raw.ruled("origin", raw.origin.is_some(), "json authors");
    raw.language = language(string(item.language)).or_else(|| language_of_feed.cloned());
    raw.ruled("language", raw.language.is_some(), "json language");
    body(&mut raw, item.content_html, item.content_text, item.summary);
    raw.enclosures = enclosures(&item.attachments, base);
    raw.ruled("enclosures", !raw.enclosures.is_empty(), "json attachments");
    raw
}

fn body(raw: &mut RawEntry, html: Option<Scalar>, text: Option<Scalar>, summary: Option<Scalar>) {
    let html = string(html).map(|html| (html, "json content_html"));
    let content = html.or_else(|| Some((paragraphs(&string(text)?), "json content_text")));
    let summary = string(summary);
    if let Some((content, rule)) = content {
        raw.content_html = Some(content);
        raw.ruled("content_html", true, rule);
        raw.summary = summary;
        raw.ruled("summary", raw.summary.is_some(), "json summary");
    } else if let Some(summary) = summary {
        raw.content_html = Some(paragraphs(&summary));
        raw.ruled("content_html", true, "json summary");
    }
}

fn enclosures(attachments: &Value, base: &Url) -> Vec<RawEnclosure> {
    let all = attachments.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = all.iter().filter_map(|it| {
        let url = web_address(it.get("url")?.as_str()?, base)?;
        let media_type = it.get("mime_type").and_then(Value::as_str).map(str::to_owned);
        Some(RawEnclosure {
            url,
            media_type: filled(media_type),
            length_bytes: size(it.get("size_in_bytes")),
        })
    });
    found.take(MAX_ENCLOSURES).collect()
}

fn size(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).filter(|size| *size > 0)
}

/// The first author's name: 1.1 has `authors`, 1.0 `author`, and some write a plain string.
fn author(authors: &Value, author: &Value) -> Option<String> {
    let all = authors.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().chain([author, authors]).find_map(|it| {
        let name = it.as_str().or_else(|| it.get("name")?.as_str())?;
        short_name(name)
    })
}

fn time(value: Option<Scalar>, rule: &str) -> Option<FoundTime> {
    let time = match value? {
        Scalar::Number(number) => {
            let number = number.as_i64()?;
            RawTime::EpochMs(if number < FIRST_MS { number.checked_mul(1_000)? } else { number })
        }
        Scalar::Text(text) if text.len() <= MAX_TIME_BYTES => {
            RawTime::Text(filled(Some(text.trim().to_owned()))?)
        }
        _ => return None,
    };
    Some(FoundTime { time, rule: rule.to_owned() })
}

fn string(value: Option<Scalar>) -> Option<String> {
    filled(match value? {
        Scalar::Text(text) => Some(text.trim().to_owned()),
        Scalar::Number(number) => {
            let mut text = String::new();
            write!(text, "{number}").ok().map(|()| text)
        }
        Scalar::Other(_) => None,
    })
}
