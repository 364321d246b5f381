//! One labelled entry.

use dibao::{
    dedup::{Features, Parts, Tables},
    model::{CanonicalUrl, Region, Role, Timestamp},
};

use crate::versions::Text;

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// An entry and the story that it tells.
pub struct Item {
    pub label: u32,
    pub version: &'static str,
    pub source: String,
    pub role: Role,
    pub url: String,
    pub text: Text,
    pub region: Option<Region>,
    pub at_ms: i64,
}

impl Item {
    /// Its features.
    pub fn features(&self, tables: &Tables) -> Features {
        let url = CanonicalUrl::parse(&self.url);
        let text = self.text.body();
        let parts = Parts {
            source_key: &self.source,
            source_entry_id: &self.url,
            role: self.role,
            canonical_url: url.as_ref(),
            title: &self.text.title,
            text: &text,
            region: self.region.as_ref(),
            published_at: Timestamp::from_millisecond(self.at_ms).unwrap(),
        };
        Features::of(&parts, tables)
    }
}
