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

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Stories of which no two tell the same.
pub(crate) fn told() -> [Told<'static>; 4] {
    let jx = Told {
        source: "jx",
        id: "1",
        title: "江西快递进村覆盖率达到九成",
        text: "全省建制村快递服务覆盖率达到九成，EMS 与 5G 网络同步延伸。办公会议部署旺季安全。",
        region: Some("CN-JX"),
        topics: &["rural-delivery"],
        published: Some("2026-11-20T01:00:00Z"),
    };
    let sx = Told {
        source: "sx",
        id: "1",
        title: "山西召开安全生产视频会议",
        text: "会议通报十起寄递安全事故，要求企业落实主体责任，三十日内完成整改。",
        region: Some("CN-SX"),
        topics: &["safety"],
        published: Some("2026-11-21T01:00:00Z"),
    };
    let old = Told {
        id: "2",
        title: "机关党支部学习贯彻全会精神",
        text: "党支部书记领学，党员代表作交流发言，并就快递行业党建提出意见。",
        topics: &["party-building"],
        published: Some("2026-09-01T01:00:00Z"),
        ..jx.clone()
    };
    let new = Told {
        id: "2",
        title: "綠色包裝標準發布",
        text: "新標準對快遞包裝的重金屬含量作出限制，二〇二七年一月起施行。",
        topics: &["green", "safety"],
        published: Some("2026-11-23T01:00:00Z"),
        ..sx.clone()
    };
    [jx, sx, old, new]
}
