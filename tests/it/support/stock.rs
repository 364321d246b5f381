//! Entries straight into a store, by the way that every entry goes.

use std::sync::Arc;

use dibao::{
    config::Config,
    model::{Bureau, Entry, Precision, Published, Region, Role, Timestamp},
    poll::ingest::{self, Item, Step},
    store::Store,
};
use tempfile::TempDir;

use super::house::{config, settings};

/// A store with sources of their own, into which entries are written.
pub(crate) struct Stock {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Store,
}

/// An entry with what tests care for.
#[derive(Clone, Default)]
pub(crate) struct Told<'a> {
    pub(crate) source: &'a str,
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) topics: &'a [&'a str],
    /// RFC 3339.
    pub(crate) published: Option<&'a str>,
}

impl Stock {
    pub(crate) async fn open(folder: &TempDir, keys: &[&str], now: Timestamp) -> Self {
        let sources: String = keys
            .iter()
            .map(|key| {
                format!("[[source]]\nkey = \"{key}\"\nkind = \"feed\"\nurl = \"https://{key}.example.cn/feed\"\nrole = \"primary\"\n")
            })
            .collect();
        let config = config(folder, &settings(&sources));
        let store = Store::open(&config.store_path, now).await.unwrap();
        Self { config, store }
    }

    /// Writes entries, one transaction for those of one source that stand together.
    pub(crate) async fn tell(&self, entries: &[Told<'_>], now: Timestamp) {
        for group in entries.chunk_by(|a, b| a.source == b.source) {
            let source = self.config.source(group[0].source).unwrap();
            let steps = group
                .iter()
                .map(|told| Step::Entry(Box::new(item(told, source.source.key.clone()))))
                .collect();
            ingest::write(&self.store, &self.config, source, steps, now).await.unwrap();
        }
    }

    /// Has a source say that entries no longer exist, and again two days later.
    pub(crate) async fn withdraw(&self, source: &str, ids: &[&str], now: Timestamp) {
        let source = self.config.source(source).unwrap();
        for at in [now, now.checked_add(std::time::Duration::from_hours(48)).unwrap()] {
            let (known, _) = self.store.known_rows(source.source.key.as_str(), ids).await.unwrap();
            let steps = known.into_values().map(Step::Gone).collect();
            ingest::write(&self.store, &self.config, source, steps, at).await.unwrap();
        }
    }

    /// Has the search follow all changes.
    pub(crate) async fn index(&self) {
        while self.store.index_next(50).await.unwrap() > 0 {}
    }
}

fn item(told: &Told<'_>, source: dibao::model::SourceKey) -> Item {
    let region = told.region.and_then(Region::parse);
    let url = format!("https://{source}.example.cn/{}", told.id);
    let entry = Entry {
        source,
        source_entry_id: told.id.into(),
        canonical_url: dibao::model::CanonicalUrl::parse(&url),
        url,
        title: told.title.into(),
        published: told
            .published
            .map(|at| Published { at: at.parse().unwrap(), precision: Precision::Second }),
        updated_at: None,
        bureau: region
            .clone()
            .map(|region| Bureau { name: format!("{region}邮政管理局"), region: Some(region) }),
        region,
        role: Role::Primary,
        topics: told.topics.iter().map(|&topic| topic.into()).collect(),
        content_html: format!("<p>{}</p>", told.text),
        content_text: told.text.into(),
        summary: None,
        enclosures: Vec::new(),
        language: "zh-CN".into(),
        upstream_id: None,
    };
    Item { entry, row_hash: None, row: None, is_backlog: false, ends_pending: false }
}
