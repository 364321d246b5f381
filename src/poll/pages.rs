//! The documents that make up a source's list: the one at its address, what is read in its stead, and the pages
//! after it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use url::Url;

use super::{
    listing::{self, Listing, Part},
    offload::offload,
};
use crate::{
    config::{Config, SourceConfig},
    extract::Document,
    fetch::{Client, Extras, FetchError, Fetched, Post, Request},
    model::Timestamp,
    observe::Fault,
    store::Validators,
};

/// Reads the list of one source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lister<'a> {
    pub config: &'a Arc<Config>,
    pub client: &'a Client,
    pub source: &'a Arc<SourceConfig>,
    pub now: Timestamp,
}

/// A document of a list, fetched and read.
#[derive(Debug)]
pub(super) struct Opened {
    pub document: Document,
    pub listing: Listing,
    pub validators: Validators,
    pub part: Part,
}

/// Why a list could not be read, and how long the site asks to be left alone.
#[derive(Debug)]
pub(super) struct Unread {
    pub fault: Fault,
    pub asked: Option<Duration>,
}

impl From<FetchError> for Unread {
    fn from(error: FetchError) -> Self {
        Self { fault: Fault::of_fetch(&error), asked: error.retry_after() }
    }
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self { fault, asked: None }
    }
}

impl Lister<'_> {
    /// Reads the list's beginning; `None` when it has not changed.
    pub(super) async fn first(
        &self,
        validators: &HashMap<String, Validators>,
    ) -> Result<Option<Opened>, Unread> {
        let part = Part::first(self.source);
        let Some(opened) = self.open(&self.source.source.url, validators, part).await? else {
            return Ok(None);
        };
        let Some(url) = opened.listing.instead.clone() else { return Ok(Some(opened)) };
        let part = Part { number: 1, first: url.clone(), is_instead: true };
        let Some(mut instead) = self.open(&url, validators, part).await? else { return Ok(None) };
        let note = format!("the list page is a shell without rows; they were read from `{url}`");
        instead.listing.extracted.notes.insert(0, note);
        instead.listing.extracted.rule = format!("{}, in the page's stead", instead.listing.extracted.rule);
        Ok(Some(instead))
    }

    /// Reads the page after one; `None` when there is none.
    pub(super) async fn after(&self, document: Document, part: Part) -> Result<Option<Opened>, Unread> {
        let (source, this) = (Arc::clone(self.source), part.clone());
        let next = offload(move || listing::next(&source, &document, &this)).await?;
        let Some(url) = next else { return Ok(None) };
        self.open(&url, &HashMap::new(), Part { number: part.number + 1, ..part }).await
    }

    async fn open(
        &self,
        url: &Url,
        validators: &HashMap<String, Validators>,
        part: Part,
    ) -> Result<Option<Opened>, Unread> {
        let ask = &self.source.ask;
        let post = ask.post.as_ref().filter(|_| !part.is_instead);
        let body = post.map(|post| post.body_of(part.number));
        let post =
            post.zip(body.as_deref()).map(|(post, body)| Post { body, content_type: &post.content_type });
        let extras = Extras { headers: self.source.headers_for(url), post };
        let request = Request { url, validators, robots: self.source.robots, now: self.now };
        let Fetched::Document(document, validators) = self.client.ask(request, extras).await? else {
            return Ok(None);
        };
        let (source, config) = (Arc::clone(self.source), Arc::clone(self.config));
        let read = offload(move || {
            let listing = listing::read_part(&source, &config, &document, &part);
            listing.map(|listing| Opened { document, listing, validators, part })
        });
        Ok(Some(read.await?.map_err(|error| Fault::of_extract(&error))?))
    }
}
