//! A sheet and its stories become a document: the one place where settings, stories and formats meet.

use std::{sync::Arc, time::Duration};

use url::Url;

use super::{Key, PressError, Print, Purpose, sheet::Sheet};
use crate::{
    config::Config,
    model::{Story, Tombstone},
    publish::{
        self, Archive, Document, FeedMeta, Format, Place,
        body::{Body, Revision},
        page,
        slice::{Names, Slice},
    },
    store::FeedState,
};

/// What all documents say of their publisher.
#[derive(Debug, Clone)]
pub(super) struct Imprint {
    pub(super) config: Arc<Config>,
    /// The address under which everything is served, ending in `/`.
    pub(super) base_url: Url,
    /// Absolute address of our own hub, which takes subscriptions to whatever changes.
    pub(super) own_hub: Option<String>,
    /// Of all hubs, ours first; the others are told of the merged feed only.
    pub(super) hubs: Vec<String>,
    /// How long caches may serve a feed without asking.
    pub(super) lifetime: Duration,
    /// What answers when a link is followed.
    pub(super) venue: page::Venue,
}

/// Everything that one rendering needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rendering<'a> {
    pub(super) imprint: &'a Imprint,
    pub(super) state: &'a FeedState,
    pub(super) sheet: &'a Sheet,
    pub(super) stories: &'a [Story],
}

impl Rendering<'_> {
    /// Renders a document.
    pub(super) fn print(&self, key: &Key) -> Result<Print, PressError> {
        match key {
            Key::Home => Ok(self.home()),
            Key::Style => {
                let body = Body::new(page::STYLE_TYPE, page::STYLE.into(), self.sheet.modified_at);
                Ok(Print::new(body, Purpose::Page, self.imprint.lifetime, &[]))
            }
            Key::Feed { slice, format } | Key::Delta { slice, format, .. } => {
                let feed = &self.imprint.config.feed;
                let names = self.names(page::Lang::Zh);
                let title = slice.title(&feed.title, &names);
                let (atom_id, place, page) =
                    (slice.atom_id(&self.state.atom_id), slice.place(), slice.page());
                let meta = self.meta(&atom_id, &title, &place, &page);
                self.feed(&meta, *format, Purpose::Feed)
            }
            Key::Opml | Key::DailyFeed => {
                let place = Slice::default().place();
                let meta = self.meta(&self.state.atom_id, &self.imprint.config.feed.title, &place, "");
                Ok(if *key == Key::Opml { self.opml(&meta) } else { self.daily_feed(&meta) })
            }
            Key::DailyText(day) => Ok(self.daily_text(*day)),
            Key::Page { leaf, lang } => self.page(key, leaf, *lang),
            Key::Archive { month, part, format } => {
                let title = format!("{} · {}", self.imprint.config.feed.title, month.name());
                let place = month.place(*part);
                let meta = self.meta(&self.state.atom_id, &title, &place, "");
                self.feed(&meta, *format, Purpose::Archive)
            }
        }
    }

    fn feed(&self, meta: &FeedMeta, format: Format, purpose: Purpose) -> Result<Print, PressError> {
        let tombstones: Vec<Tombstone> =
            self.sheet.tombstones.iter().map(|withdrawn| withdrawn.tombstone.clone()).collect();
        let bytes = format.render(&Document { meta, stories: self.stories, tombstones: &tombstones });
        if format != Format::Json {
            publish::check_xml(&bytes).map_err(|reason| PressError::Malformed { reason })?;
        }
        let body = Body::new(format.media_type(), bytes, self.sheet.modified_at)
            .at_revision(Revision { seq: self.sheet.seq, epoch: &self.state.epoch });
        let links = links(&meta.self_address(format), format, meta.hubs);
        Ok(Print::new(body, purpose, self.imprint.lifetime, &links))
    }

    fn home(&self) -> Print {
        let place = Slice::default().place();
        let meta = self.meta(&self.state.atom_id, &self.imprint.config.feed.title, &place, "");
        let view = page::View {
            meta: &meta,
            site: meta.title,
            lang: page::Lang::Zh,
            path: "",
            venue: self.imprint.venue,
        };
        let page = page::home(&view, self.stories, self.older(&Slice::default()).as_deref());
        let body = Body::new(page::MEDIA_TYPE, page, self.sheet.modified_at);
        Print::new(body, Purpose::Page, self.imprint.lifetime, &[])
    }

    pub(super) fn meta<'a>(
        &'a self,
        atom_id: &'a str,
        title: &'a str,
        place: &'a Place,
        page: &'a str,
    ) -> FeedMeta<'a> {
        let config = &self.imprint.config;
        FeedMeta {
            atom_id,
            title,
            subtitle: &config.feed.subtitle,
            updated_at: self.sheet.updated_at,
            zone: config.feed.zone,
            language: &config.feed.language,
            base_url: &self.imprint.base_url,
            place,
            page,
            hubs: self.hubs(),
            archive: self.sheet.archive.clone(),
            bureaus: &config.bureaus,
            topics: config.topics.table(),
        }
    }

    /// The hubs that a document names: only what changes is worth a subscription.
    fn hubs(&self) -> &[String] {
        match self.sheet.archive {
            Archive::Month { .. } => &[],
            Archive::Subscription { .. } => &self.imprint.hubs,
            Archive::None => self.imprint.own_hub.as_slice(),
        }
    }

    pub(super) fn names(&self, lang: page::Lang) -> Names<'_> {
        let config = &self.imprint.config;
        Names { bureaus: &config.bureaus, topics: config.topics.table(), sources: &self.sheet.names, lang }
    }
}

/// What a feed says of itself in its head (RFC 8288, WebSub §4).
pub(super) fn links(address: &str, format: Format, hubs: &[String]) -> Vec<String> {
    let own = format!("<{address}>; rel=\"self\"; type=\"{}\"", format.link_type());
    let hubs = hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\""));
    std::iter::once(own).chain(hubs).collect()
}
