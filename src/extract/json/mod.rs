//! Lists that are JSON, or JSON in a call of a function (JSONP), read by `JSONPath` (RFC 9535): items with their
//! fields, or HTML in which the rows stand.
//!
//! **Invariant:** a text that says nothing (empty, or the word `null`) is as good as absent.

mod address;
mod envelope;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use scraper::Html;
use serde_json::Value;
use serde_json_path::JsonPath;
use url::Url;

use super::article::media_type;
use super::list::{self, MAX_ROWS};
use super::rules::{JsonRules, Rules};
use super::{ExtractError, Extracted, FoundTime, RawEnclosure, RawEntry, RawTime, html};

pub use address::{endpoint, page_address};
pub(super) use envelope::longest_html;

/// Most attachments of one item.
const MAX_ENCLOSURES: usize = 200;
/// Most keys named when the items are not where they should be.
const MAX_KEYS: usize = 20;
/// The longest name of a JSONP function that is recognised, in bytes.
const MAX_CALLBACK_BYTES: usize = 200;
/// Epoch times from here on are milliseconds, those before it seconds.
const MIN_EPOCH_MS: i64 = 100_000_000_000;
/// Epoch times, in seconds, before this (1973) are numbers like `20251208` and no epoch.
const MIN_EPOCH_S: i64 = 100_000_000;
/// Epoch times from here on, in milliseconds (2286), are numbers like `20251208153000`.
const END_EPOCH_MS: i64 = 10_000_000_000_000;

/// Reads a JSON list by its items, or by the HTML in it.
///
/// # Errors
/// As [`list()`] and [`list::from_text`].
pub fn read(text: &str, url: &Url, rules: &Rules) -> Result<Extracted, ExtractError> {
    let Some(path) = &rules.json.html else { return list(text, url, &rules.json) };
    let document = document(text, url)?;
    let texts = path.query(&document).all().into_iter().filter_map(Value::as_str);
    let markup: String = texts.collect();
    if markup.is_empty() {
        let notes = vec![format!("`{path}` gave no text; {}", described(&document))];
        return Ok(Extracted { rule: format!("HTML in JSON \"{path}\""), notes, ..Extracted::default() });
    }
    let mut found = list::from_text(&markup, url, &rules.list)?;
    found.rule = format!("{} in JSON \"{path}\"", found.rule);
    Ok(found)
}

/// Parses JSON, or JSON in a call of a function (JSONP).
fn document(text: &str, url: &Url) -> Result<Value, ExtractError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    serde_json::from_str(text)
        .or_else(|error| argument(text).map_or(Err(error), serde_json::from_str))
        .map_err(|source| ExtractError::NotJson { url: url.clone(), source })
}

/// Reads the items of a JSON list.
///
/// # Errors
/// [`ExtractError::NotJson`] for what is no JSON, or nests deeper than `serde_json` reads.
pub fn list(text: &str, url: &Url, rules: &JsonRules) -> Result<Extracted, ExtractError> {
    let document = document(text, url)?;
    let mut found = Extracted { rule: rule(rules), ..Extracted::default() };
    let items = match items(&document, rules) {
        Ok(items) => items,
        Err(note) => {
            found.notes.push(note);
            return Ok(found);
        }
    };
    if items.is_empty() {
        found.notes.push(format!("{} is empty", found.rule));
    }
    if items.len() > MAX_ROWS {
        found.notes.push(format!("the list has {} items; those after {MAX_ROWS} were left out", items.len()));
    }
    let n_read = items.len().min(MAX_ROWS);
    found.entries = items.into_iter().take(MAX_ROWS).filter_map(|item| entry(item, url, rules)).collect();
    let n_left_out = n_read - found.entries.len();
    if n_left_out > 0 {
        found.notes.push(format!("{n_left_out} of {n_read} items left out: neither title nor address"));
    }
    Ok(found)
}

/// The argument of a JSONP call: what stands between the first and the last parenthesis.
fn argument(text: &str) -> Option<&str> {
    let open = text.find('(')?;
    let is_name =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '/' | '*' | ' ' | '[' | ']' | '"');
    if open > MAX_CALLBACK_BYTES || !text[..open].chars().all(is_name) {
        return None;
    }
    let close = text.rfind(')').filter(|close| *close > open)?;
    Some(text[open + 1..close].trim())
}

fn rule(rules: &JsonRules) -> String {
    rules.items.as_ref().map_or_else(|| "JSON items".to_owned(), |path| format!("JSON items \"{path}\""))
}

/// The items, or a note that says why there are none.
fn items<'v>(document: &'v Value, rules: &JsonRules) -> Result<Vec<&'v Value>, String> {
    let Some(path) = &rules.items else {
        let items = document.as_array().map(|items| items.iter().collect());
        return items.ok_or_else(|| format!("no path of the items is set, and {}", described(document)));
    };
    let nodes = path.query(document).all();
    if nodes.is_empty() {
        return Err(format!("`{path}` matched nothing; {}", described(document)));
    }
    let mut items = Vec::new();
    for node in nodes {
        match node {
            Value::Array(inner) => items.extend(inner),
            Value::Null => {}
            item => items.push(item),
        }
    }
    Ok(items)
}

fn described(document: &Value) -> String {
    match document {
        Value::Object(object) => {
            let keys: Vec<String> = object.keys().take(MAX_KEYS).map(|key| format!("`{key}`")).collect();
            format!("the document has the keys {}", keys.join(", "))
        }
        Value::Array(items) => format!("the document is an array of {}", items.len()),
        _ => "the document is a single value".to_owned(),
    }
}

/// Reads one item; `None` when it has neither title nor address.
fn entry(item: &Value, url: &Url, rules: &JsonRules) -> Option<RawEntry> {
    let mut fields = BTreeMap::new();
    let mut take = |name: &'static str, found: Option<(String, &JsonPath)>| {
        found.map(|(text, path)| {
            fields.insert(name, path.to_string());
            text
        })
    };
    let title = take("title", first(item, &rules.title, line)).unwrap_or_default();
    let address =
        first(item, &rules.url, |value| html::resolve(url, text(value)?.as_str()).map(String::from));
    let address = take("url", address).and_then(|address| Url::parse(&address).ok());
    if title.is_empty() && address.is_none() {
        return None;
    }
    let id = take("id", first(item, &rules.id, text));
    let origin = take("origin", first(item, &rules.origin, line));
    let summary = take("summary", first(item, &rules.summary, line));
    let content = first(item, &rules.content_html, markup)
        .or_else(|| first(item, &rules.content_text, |value| Some(html::paragraphs(&lines(value)?))));
    let content_html = take("content_html", content);
    let published = published(item, rules);
    fields.extend(published.first().map(|found| ("published", found.rule.clone())));
    let enclosures = enclosures(item, url, rules);
    let from = rules.enclosures.first().filter(|_| !enclosures.is_empty());
    fields.extend(from.map(|path| ("enclosures", path.to_string())));
    Some(RawEntry {
        id,
        url: address,
        title,
        published,
        origin,
        summary,
        content_html,
        enclosures,
        fields,
        ..RawEntry::default()
    })
}

/// What the first path gives of which `read` can make something, and that path.
fn first<'p>(
    item: &Value,
    paths: &'p [JsonPath],
    read: impl Fn(&Value) -> Option<String>,
) -> Option<(String, &'p JsonPath)> {
    paths.iter().find_map(|path| Some((path.query(item).iter().find_map(|value| read(value))?, path)))
}

/// A value as text, as it stands; `None` when it says nothing.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && !text.eq_ignore_ascii_case("null")).then_some(text)
}

/// A value as one line of text: entities decoded, white space collapsed.
fn line(value: &Value) -> Option<String> {
    let line = html::collapse(&decoded(&text(value)?));
    (!line.is_empty()).then_some(line)
}

/// A value as lines of text, entities decoded.
fn lines(value: &Value) -> Option<String> {
    text(value).map(|text| decoded(&text)).filter(|text| !text.trim().is_empty())
}

/// A value as HTML, unless it is one that is not parsed.
fn markup(value: &Value) -> Option<String> {
    text(value).filter(|text| html::is_parsed(text))
}

/// Decodes the entities in a text. Tags stay as they are: this is text that holds entities, not HTML.
fn decoded(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let escaped = text.replace('<', "&lt;");
    Html::parse_fragment(&escaped).root_element().text().collect()
}

/// The times of publication in the order of their paths.
fn published(item: &Value, rules: &JsonRules) -> Vec<FoundTime> {
    let times = rules.date.iter().filter_map(|path| {
        let time = path.query(item).iter().find_map(|value| time(value, rules.epoch_offset_ms))?;
        Some(FoundTime { time, rule: path.to_string() })
    });
    times.collect()
}

fn time(value: &Value, offset_ms: i64) -> Option<RawTime> {
    let text = text(value)?;
    let is_integer = text.bytes().all(|b| b.is_ascii_digit());
    let number = match value {
        // What is no whole number is no time.
        Value::Number(number) => Some(number.as_i64()?),
        _ if is_integer => text.parse().ok(),
        _ => None,
    };
    let epoch_ms = match number {
        Some(..=0) => return None,
        Some(seconds @ MIN_EPOCH_S..MIN_EPOCH_MS) => seconds * 1000,
        Some(epoch_ms @ MIN_EPOCH_MS..END_EPOCH_MS) => epoch_ms,
        _ => return Some(RawTime::Text(text)),
    };
    Some(RawTime::EpochMs(epoch_ms.saturating_add(offset_ms)))
}

fn enclosures(item: &Value, url: &Url, rules: &JsonRules) -> Vec<RawEnclosure> {
    let mut enclosures: Vec<RawEnclosure> = Vec::new();
    let paths = rules.enclosures.iter();
    let values = paths.flat_map(|path| path.query(item).all()).take(MAX_ENCLOSURES).filter_map(text);
    for address in values.filter_map(|text| html::resolve(url, &text)) {
        if enclosures.iter().all(|known| known.url != address) {
            let media_type = media_type(&address).map(str::to_owned);
            enclosures.push(RawEnclosure { url: address, media_type, length_bytes: None });
        }
    }
    enclosures
}
