//! Entries put into a store as a poll would put them, without a network.

use std::{sync::Arc, time::Duration};

use dibao::{
    config::Config,
    model::{Bureau, CanonicalUrl, Entry, Precision, Published, Story, Timestamp},
    poll::ingest::{self, Item, Step, Tally},
    store::Store,
};
use tempfile::TempDir;

use super::house::{all_stories, config, settings};

pub(crate) struct Desk {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Store,
}

/// A telling of something by a source.
#[derive(Debug, Clone)]
pub(crate) struct Telling {
    pub(crate) source: &'static str,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) published: Timestamp,
}

impl Telling {
    pub(crate) fn new(source: &'static str, id: &str, title: &str, text: &str, published: Timestamp) -> Self {
        Self { source, id: id.into(), title: title.into(), text: text.into(), published }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}.example.cn/{}", self.source, self.id)
    }
}

/// Key, bureau and role of each source at the desk.
pub(crate) const SOURCES: [(&str, &str, &str); 6] = [
    ("jx", "CN-JX", "primary"),
    ("jx-city", "CN-JX", "primary"),
    ("hb", "CN-HB", "primary"),
    ("spb", "", "national"),
    ("paper", "", "paper"),
    ("portal", "", "platform"),
];

impl Desk {
    pub(crate) async fn open(folder: &TempDir, more: &str) -> Self {
        let source = |(key, bureau, role): &(&str, &str, &str)| {
            let bureau = if bureau.is_empty() { String::new() } else { format!("bureau = \"{bureau}\"\n") };
            format!(
                "[[source]]\nkey = \"{key}\"\nkind = \"feed\"\nurl = \"https://{key}.example.cn/feed\"\nrole = \"{role}\"\n{bureau}"
            )
        };
        let sources: String = SOURCES.iter().map(source).collect();
        let config = config(folder, &settings(&format!("{more}{sources}")));
        let store = Store::open(&config.store_path, dibao::clock::now()).await.unwrap();
        Self { config, store }
    }

    fn entry(&self, telling: &Telling) -> Entry {
        let source = &self.config.source(telling.source).unwrap().source;
        let bureau: Option<Bureau> = source.bureau.clone();
        Entry {
            source: source.key.clone(),
            source_entry_id: telling.id.clone(),
            url: telling.url(),
            canonical_url: CanonicalUrl::parse(&telling.url()),
            title: telling.title.clone(),
            published: Some(Published { at: telling.published, precision: Precision::Second }),
            updated_at: None,
            region: source.region.clone(),
            bureau,
            role: source.role,
            topics: Vec::new(),
            content_html: format!("<p>{}</p>", telling.text),
            content_text: telling.text.clone(),
            summary: None,
            enclosures: Vec::new(),
            language: "zh-CN".into(),
            upstream_id: None,
        }
    }

    /// Puts tellings into the store, each in a transaction of its own.
    pub(crate) async fn put(&self, telling: &Telling, now: Timestamp) -> Tally {
        self.take(telling, false, now).await
    }

    /// The same, perhaps as what was there before we first came or was held back.
    pub(crate) async fn take(&self, telling: &Telling, is_backlog: bool, now: Timestamp) -> Tally {
        let source = Arc::clone(self.config.source(telling.source).unwrap());
        let item =
            Item { entry: self.entry(telling), row_hash: None, row: None, is_backlog, ends_pending: false };
        ingest::write(&self.store, &self.config, &source, vec![Step::Entry(Box::new(item))], now)
            .await
            .unwrap()
    }

    /// The source says that a telling no longer exists.
    pub(crate) async fn gone(&self, telling: &Telling, now: Timestamp) {
        let source = Arc::clone(self.config.source(telling.source).unwrap());
        let (known, _) = self.store.known_rows(telling.source, &[&telling.id]).await.unwrap();
        let steps = known.into_values().map(Step::Gone).collect();
        ingest::write(&self.store, &self.config, &source, steps, now).await.unwrap();
    }

    /// The stories that readers can see, in the order of their ids.
    pub(crate) async fn stories(&self) -> Vec<Story> {
        let mut stories = all_stories(&self.store).await;
        stories.sort_by(|a, b| a.atom_id.cmp(&b.atom_id));
        stories
    }

    /// The story with a telling.
    pub(crate) async fn story_with(&self, telling: &Telling) -> Story {
        let is_here = |story: &Story| {
            let is = |copy: &dibao::model::Copy| {
                copy.entry.source.as_str() == telling.source && copy.entry.source_entry_id == telling.id
            };
            story.copies.iter().any(is)
        };
        self.stories().await.into_iter().find(is_here).unwrap_or_else(|| panic!("{telling:?} is in no story"))
    }
}

/// A time some hours before another.
pub(crate) fn hours_before(at: Timestamp, hours: u64) -> Timestamp {
    at.checked_sub(Duration::from_secs(hours * 3_600)).unwrap()
}
