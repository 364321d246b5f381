//! The page behind a row: fetched, read, and made into entries.

use std::{collections::HashMap, sync::Arc};

use url::Url;

use super::{
    listing::{Page, read_article},
    offload::offload,
};
use crate::{
    config::{Config, SourceConfig},
    extract::{Document, RawEntry},
    fetch::{Client, Extras, FetchError, Fetched, Request},
    model::{Kind, Timestamp},
    normalise::{Context, Normalised, normalise},
    observe::Fault,
    store::Validators,
};

/// What came of visiting the page behind a row.
#[derive(Debug)]
pub(super) enum Visit {
    /// It has not changed since its validators were sent.
    Unchanged,
    /// It was read.
    Read(Box<Read>),
    /// The site says that it no longer exists.
    Gone(Fault),
    /// It could not be had or read.
    Failed(Fault),
    /// We are shutting down.
    Stopped,
}

/// A page that was read.
#[derive(Debug)]
pub(super) struct Read {
    /// What it gave.
    pub taken: Taken,
    /// The page itself, for keeping.
    pub document: Document,
    /// With what to ask for it the next time.
    pub validators: Validators,
}

/// What a page gave.
#[derive(Debug)]
pub(crate) enum Taken {
    /// One entry.
    Entry(Box<Normalised>),
    /// A digest's stories.
    Stories(Vec<Normalised>),
    /// No news, and why.
    NoNews(String),
}

/// What visiting needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor<'a> {
    pub config: &'a Arc<Config>,
    pub client: &'a Client,
}

impl Visitor<'_> {
    /// Visits the page behind a row.
    pub(super) async fn visit(
        &self,
        source: &Arc<SourceConfig>,
        row: &RawEntry,
        url: &Url,
        validators: HashMap<String, Validators>,
        now: Timestamp,
    ) -> Visit {
        let request =
            Request { url, validators: &validators, robots: source.robots, route: &source.route, now };
        let extras = Extras { headers: source.headers_for(url), post: None };
        let (document, validators) = match self.client.ask(request, extras).await {
            Ok(Fetched::NotModified(_)) => return Visit::Unchanged,
            Ok(Fetched::Document(document, validators, _)) => (document, validators),
            Err(FetchError::Stopped { .. }) => return Visit::Stopped,
            Err(error) if error.is_gone() => return Visit::Gone(Fault::of_fetch(&error)),
            Err(error) => return Visit::Failed(Fault::of_fetch(&error)),
        };
        let (source, config, row) = (Arc::clone(source), Arc::clone(self.config), row.clone());
        let reading = offload(move || {
            let taken = take(&source, &config, &document, row, now);
            taken.map(|taken| Read { taken, document, validators })
        });
        match reading.await.flatten() {
            Ok(read) => Visit::Read(Box::new(read)),
            Err(fault) => Visit::Failed(fault),
        }
    }
}

/// Makes entries of a row and the page behind it.
pub(crate) fn take(
    source: &SourceConfig,
    config: &Config,
    document: &Document,
    row: RawEntry,
    now: Timestamp,
) -> Result<Taken, Fault> {
    let page = read_article(source, config, document).map_err(|error| Fault::of_extract(&error))?;
    let context = context(source, config, now);
    let article = match page {
        Page::Digest(entries) => {
            let stories = entries.into_iter().filter_map(|raw| normalise(raw, &context)).collect();
            return Ok(Taken::Stories(stories));
        }
        Page::Article(article) => article,
    };
    if let Some(reason) = article.not_news {
        return Ok(Taken::NoNews(reason));
    }
    let Some(mut made) = normalise(row.completed_by(article.entry), &context) else {
        return Ok(Taken::NoNews("the page has neither title nor text".into()));
    };
    if source.kind == Kind::Site && made.entry.published.is_none() {
        return Ok(Taken::NoNews("the page does not say when it was published, so it may be no news".into()));
    }
    made.notes.extend(article.notes);
    Ok(Taken::Entry(Box::new(made)))
}

/// What normalising needs to know of a source.
pub(crate) fn context<'a>(source: &'a SourceConfig, config: &'a Config, now: Timestamp) -> Context<'a> {
    Context {
        source: &source.source,
        bureaus: &config.bureaus,
        topics: &config.topics,
        zone: source.zone,
        now,
        keeps_ids: source.kind == Kind::Feed,
    }
}
