//! The documents that make up a source's list: the one at its address, what is read in its stead, and the pages
//! after it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::SemaphorePermit;
use url::Url;

use super::{
    listing::{self, Listing, Part},
    offload::{offload, place},
};
use crate::{
    config::{Config, SourceConfig},
    extract::{Document, ExtractError, feed::offer},
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
    /// Held until its entries are written.
    pub place: Option<SemaphorePermit<'static>>,
}

/// The beginning of a list.
#[derive(Debug)]
pub(super) struct First {
    /// What it is; `None` when it has not changed.
    pub opened: Option<Opened>,
    /// How long the site says that it stays so.
    pub fresh_for: Option<Duration>,
    /// Why it was read from a mirror, if it was.
    pub mirrored: Option<Fault>,
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
    /// Reads the list's beginning, and where it cannot be had that of a mirror, in turn. What the source's own address
    /// answered stands when no mirror has it.
    pub(super) async fn first(&self, validators: &HashMap<String, Validators>) -> Result<First, Unread> {
        let own = match self.beginning(&self.source.source.url, validators).await {
            Err(unread) if unread.fault.name != "stopped" => unread,
            read => return read,
        };
        for mirror in &self.source.mirrors {
            if let Ok(read) = self.beginning(mirror, validators).await {
                let mirrored = Fault {
                    name: "mirrored",
                    sentence: format!("it is read from the mirror `{mirror}`, since {}", own.fault.sentence),
                    next_step: "look at the source's own address in a browser",
                };
                return Ok(First { mirrored: Some(mirrored), ..read });
            }
        }
        Err(own)
    }

    /// Reads what stands at an address, or what is to be read in its stead.
    async fn beginning(&self, url: &Url, validators: &HashMap<String, Validators>) -> Result<First, Unread> {
        let (opened, fresh_for) = self.open(url, validators, Part::first(self.source)).await?;
        let first = |opened| First { opened, fresh_for, mirrored: None };
        let Some(opened) = opened else { return Ok(first(None)) };
        let Some(url) = opened.listing.instead.clone() else { return Ok(first(Some(opened))) };
        drop(opened.place);
        let part = Part { number: 1, first: url.clone(), is_instead: true };
        let Some(mut instead) = self.open(&url, validators, part).await?.0 else { return Ok(first(None)) };
        let note = format!("the list page is a shell without rows; they were read from `{url}`");
        instead.listing.extracted.notes.insert(0, note);
        instead.listing.extracted.rule = format!("{}, in the page's stead", instead.listing.extracted.rule);
        Ok(first(Some(instead)))
    }

    /// Reads the page after one; `None` when there is none.
    pub(super) async fn after(&self, document: Document, part: Part) -> Result<Option<Opened>, Unread> {
        let (source, this) = (Arc::clone(self.source), part.clone());
        let next = offload(move || listing::next(&source, &document, &this)).await?;
        let Some(url) = next else { return Ok(None) };
        let part = Part { number: part.number + 1, ..part };
        self.open(&url, &HashMap::new(), part).await.map(|(opened, _)| opened)
    }

    async fn open(
        &self,
        url: &Url,
        validators: &HashMap<String, Validators>,
        part: Part,
    ) -> Result<(Option<Opened>, Option<Duration>), Unread> {
        let ask = &self.source.ask;
        let post = ask.post.as_ref().filter(|_| !part.is_instead);
        let body = post.map(|post| post.body_of(part.number));
        let post =
            post.zip(body.as_deref()).map(|(post, body)| Post { body, content_type: &post.content_type });
        let extras = Extras { headers: self.source.headers_for(url), post };
        let (robots, route) = (self.source.robots, &self.source.route);
        let request = Request { url, validators, robots, route, now: self.now };
        let (document, validators, said) = match self.client.ask(request, extras).await? {
            Fetched::NotModified(fresh_for) => return Ok((None, fresh_for)),
            Fetched::Document(document, validators, said) => (document, validators, said),
        };
        let fresh_for = said.fresh_for;
        let (source, config) = (Arc::clone(self.source), Arc::clone(self.config));
        let place = place().await;
        let read = offload(move || {
            let mut listing = listing::read_part(&source, &config, &document, &part)?;
            // Headers count before what the document says (WebSub §4).
            let links = said.links.iter().map(String::as_str);
            listing.extracted.offer = offer::of_headers(links, &document.url).or(listing.extracted.offer);
            Ok(Opened { document, listing, validators, part, place })
        });
        let read: Result<Opened, ExtractError> = read.await?;
        Ok((Some(read.map_err(|error| Fault::of_extract(&error))?), fresh_for))
    }
}
