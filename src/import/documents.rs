//! Saved pages, feeds and digests into the store: read by the rules of their source, as a poll would read them.

use std::sync::Arc;

use url::Url;

use super::{
    Counts, Importer,
    sources::{Told, site},
};
use crate::{
    config::SourceConfig,
    exchange::Arrival,
    extract::Document,
    model::{CanonicalUrl, Kind, SourceKey, Timestamp},
    poll::{
        ingest::{Arriving, MAX_BATCH},
        offload::offload,
    },
    preview::{Hints, Preview, PreviewError, Shape, no_address, preview_of},
    store::StoreError,
};

/// How a document was saved.
#[derive(Debug, Clone)]
pub struct SavedAs {
    /// The source that it is of.
    pub source: SourceKey,
    /// Where it came from; a page may say so itself.
    pub url: Option<Url>,
    /// When it was first seen.
    pub seen_at: Timestamp,
    /// What it is; found out when not given.
    pub kind: Option<Kind>,
    /// The profile to read it by, instead of its source's rules.
    pub profile: Option<String>,
}

/// Why a saved document is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Nobody knows where it came from.
    #[error("it does not say where it came from; pass its address with `--url`")]
    NoAddress,
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] PreviewError),
    /// Reading it failed in a way that is our fault.
    #[error("it cannot be read: {0}")]
    Defect(String),
    /// It leads to articles, and none is fetched here.
    #[error(
        "it is a list of {n_rows} articles and holds none of them; save and import the articles, or name its kind with `--kind list` to take the titles alone"
    )]
    OnlyRows {
        /// Articles that it leads to.
        n_rows: usize,
    },
    /// It is no news.
    #[error("it is withheld: {0}")]
    NoNews(String),
    /// It holds nothing.
    #[error("nothing is found in it{}", .0.as_ref().map(|note| format!(": {note}")).unwrap_or_default())]
    Nothing(Option<String>),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Importer {
    /// Takes in what a saved document holds; returns what it was read as.
    pub async fn document(
        &mut self,
        body: Vec<u8>,
        saved: &SavedAs,
    ) -> Result<(Counts, String), DocumentError> {
        let told = Told { site: saved.url.as_ref().and_then(|url| site(url.as_str())), ..Told::default() };
        let source = self.sources.find(&saved.source, told).await?;
        let document =
            Document { url: no_address().ok_or(DocumentError::NoAddress)?, content_type: None, body };
        let kind = saved.kind.or_else(|| own_page(&source, saved.url.as_ref()));
        let hints = Hints { url: saved.url.clone(), profile: saved.profile.clone(), kind };
        let (config, reading, seen_at) = (Arc::clone(&self.config), Arc::clone(&source), saved.seen_at);
        let read = offload(move || preview_of(&config, &reading, document, &hints, seen_at)).await;
        let preview = read.map_err(|fault| DocumentError::Defect(fault.told()))??;
        let preview = whole(preview, saved, source.fetch_articles)?;
        let mut counts = Counts { n_lines: preview.entries.len(), ..Counts::default() };
        let mut entries = preview.entries.into_iter().peekable();
        while entries.peek().is_some() {
            let batch = entries.by_ref().take(MAX_BATCH).map(|made| Arriving {
                source: Arc::clone(&source),
                arrival: Arrival::seen(made.entry, seen_at),
            });
            counts.take(self.write(batch.collect()).await?);
        }
        Ok((counts, preview.rule))
    }
}

/// What a source's own address gives, when the document is from there.
fn own_page(source: &SourceConfig, url: Option<&Url>) -> Option<Kind> {
    let is_own = CanonicalUrl::of(url?) == CanonicalUrl::of(&source.source.url);
    (is_own && !matches!(source.kind, Kind::Digest | Kind::Feed)).then_some(source.kind)
}

/// Only what is whole, is news and has an address is taken in.
fn whole(preview: Preview, saved: &SavedAs, fetch_articles: bool) -> Result<Preview, DocumentError> {
    let no_address = no_address();
    let nowhere = |url: &str| no_address.as_ref().is_some_and(|none| url.starts_with(none.as_str()));
    let note = || preview.notes.first().cloned();
    match preview.shape {
        Shape::NoNews => Err(DocumentError::NoNews(note().unwrap_or_default())),
        Shape::Rows if saved.kind.is_none() && fetch_articles => {
            Err(DocumentError::OnlyRows { n_rows: preview.entries.len() })
        }
        _ if preview.entries.is_empty() => Err(DocumentError::Nothing(note())),
        _ if preview.entries.iter().any(|made| nowhere(&made.entry.url)) => Err(DocumentError::NoAddress),
        _ => Ok(preview),
    }
}
