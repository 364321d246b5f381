//! The operator's feed: what broke and what recovered, as Atom.

use atom_syndication::{Category, Entry, Feed, Generator, Link, Person, Text};

use super::{FeedMeta, atom, escape::xml};
use crate::model::Timestamp;

/// Something the operator was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEntry {
    /// Its number in the store.
    pub id: i64,
    /// Key of the source.
    pub source_key: String,
    /// Its name.
    pub source_name: String,
    /// Its address.
    pub source_url: String,
    /// When it was told.
    pub at: Timestamp,
    /// Whether the source recovered, rather than broke.
    pub recovered: bool,
    /// What was wrong.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// In plain words.
    pub message: String,
}

/// Renders alerts, newest first as given. `meta` tells the feed's own id, from which this one's is made.
pub fn feed(meta: &FeedMeta, alerts: &[AlertEntry]) -> Vec<u8> {
    let id = format!("{}#alerts", meta.atom_id);
    let newest = alerts.iter().map(|alert| alert.at).max();
    atom::write(&Feed {
        title: text(&format!("{}：来源告警", meta.title)),
        id: id.clone(),
        updated: atom::time(newest.unwrap_or(meta.updated_at), meta.zone),
        lang: Some(meta.language.to_owned()),
        authors: vec![Person { name: "dibao".into(), ..Person::default() }],
        links: vec![Link {
            rel: "self".into(),
            href: meta.address("alerts.atom"),
            mime_type: Some("application/atom+xml".into()),
            ..Link::default()
        }],
        generator: Some(Generator { value: "dibao".into(), ..Generator::default() }),
        entries: alerts.iter().map(|alert| entry(meta, &id, alert)).collect(),
        ..Feed::default()
    })
}

fn entry(meta: &FeedMeta, feed_id: &str, alert: &AlertEntry) -> Entry {
    let (kind, verb) = if alert.recovered { ("recovered", "恢复") } else { ("broke", "故障") };
    let since = crate::normalise::time::rfc3339(alert.since, meta.zone);
    Entry {
        id: format!("{feed_id}-{}", alert.id),
        title: text(&format!("{verb}：{}（{}）{}", alert.source_name, alert.source_key, alert.state)),
        updated: atom::time(alert.at, meta.zone),
        published: Some(atom::time(alert.at, meta.zone)),
        links: vec![Link { rel: "alternate".into(), href: xml(&alert.source_url), ..Link::default() }],
        categories: vec![Category { term: kind.into(), scheme: None, label: None }],
        summary: Some(text(&format!("{} (since {since})", alert.message))),
        ..Entry::default()
    }
}

fn text(value: &str) -> Text {
    Text { value: xml(value), ..Text::default() }
}
