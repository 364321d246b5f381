//! The sources that lines name: those of the configuration, and others that are known by name only.

use std::{collections::HashMap, sync::Arc};

use url::Url;

use super::Named;
use crate::{
    config::{Config, SourceConfig},
    model::{Role, Source, SourceKey},
    normalise::html::{collapse, xml_text},
    store::{Store, StoreError},
};

/// Sources remembered; a file that names more has them looked up again.
const MAX_REMEMBERED: usize = 1_000;
/// Longest name of a source, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Stands for the address of a source of which none is known; such entries are not taken.
const NO_ADDRESS: &str = "https://source.invalid/";

/// Finds sources.
#[derive(Debug)]
pub(super) struct Sources {
    config: Arc<Config>,
    store: Store,
    remembered: HashMap<SourceKey, Arc<SourceConfig>>,
}

impl Sources {
    pub(super) fn new(config: Arc<Config>, store: Store) -> Self {
        Self { config, store, remembered: HashMap::new() }
    }

    /// The source that a line names.
    pub(super) async fn of(&mut self, named: &Named) -> Result<Arc<SourceConfig>, StoreError> {
        let told = Told {
            name: named.line.source_name.as_deref().or(named.name.as_deref()),
            url: named.line.source_url.as_deref().and_then(|url| Url::parse(url).ok()),
            site: named.line.url.as_deref().or(named.line.id.as_deref()).and_then(site),
        };
        self.find(&named.key, told).await
    }

    /// The source with a key.
    pub(super) async fn find(
        &mut self,
        key: &SourceKey,
        told: Told<'_>,
    ) -> Result<Arc<SourceConfig>, StoreError> {
        if let Some(source) = self.config.source(key.as_str()).or_else(|| self.remembered.get(key)) {
            return Ok(Arc::clone(source));
        }
        let (known_name, known_url) = self.store.source_known(key.as_str()).await?.unzip();
        let known_url = known_url.and_then(|url| Url::parse(&url).ok());
        let name = told.name.map(name).filter(|name| !name.is_empty()).or(known_name);
        let url = told.url.or(known_url).or(told.site);
        let is_known = url.is_some();
        let Some(url) = url.or_else(|| Url::parse(NO_ADDRESS).ok()) else {
            unreachable!("`{NO_ADDRESS}` is an address")
        };
        let source = Source {
            key: key.clone(),
            name: name.unwrap_or_else(|| key.to_string()),
            role: Role::default(),
            bureau: None,
            region: None,
            url,
            language: self.config.feed.language.clone(),
        };
        let source = Arc::new(SourceConfig::unpolled(source, self.config.feed.zone));
        if is_known {
            if self.remembered.len() >= MAX_REMEMBERED {
                self.remembered.clear();
            }
            self.remembered.insert(key.clone(), Arc::clone(&source));
        }
        Ok(source)
    }
}

/// What is told of a source beside its key.
#[derive(Debug, Default)]
pub(super) struct Told<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) url: Option<Url>,
    /// The site of one of its entries.
    pub(super) site: Option<Url>,
}

/// The home page of the site behind an address.
pub(super) fn site(address: &str) -> Option<Url> {
    let url = Url::parse(address.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.join("/").ok())?
}

fn name(text: &str) -> String {
    collapse(&xml_text(text)).chars().take(MAX_NAME_CHARS).collect()
}
