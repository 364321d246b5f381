//! The documents of a whole site, for whoever wants all of them as files.
//!
//! **Invariant:** what links is named before what it links to, so that a story which arrives meanwhile is still found.

use std::sync::Arc;

use url::Url;

use super::{
    Key, Leaf, Press, PressError, Print, Purpose,
    month::{Month, n_parts},
};
use crate::{
    config::Config,
    model::Timestamp,
    publish::{
        Format, MAX_FEED_STORIES,
        body::Body,
        next_change_time,
        page::{self, Lang, Venue, View},
        slice::{Facet, Slice},
    },
    store::{FeedState, Store, StoreError},
};

/// Layout of what is rendered for files; a new number has everything rendered again.
const EDITION: u32 = 2;
/// Both languages of a page.
const LANGS: [Lang; 2] = [Lang::Zh, Lang::En];

/// A document that was rendered, and what tells whether it would be the same another time.
#[derive(Debug)]
pub struct Fresh {
    /// Equal stamps under equal [`Press::imprint_stamp`]s give equal bytes.
    pub stamp: String,
    /// The document.
    pub print: Arc<Print>,
}

impl Press {
    /// Makes a press for files: its pages do not search and ask nothing, and no hub of our own stands behind its feeds.
    pub fn for_files(config: Arc<Config>, store: Store, base_url: Url) -> Self {
        Self::of(config, store, base_url, None, Venue::Files)
    }

    /// The state of the feed, after what changed got its time: the same that a daemon would give it or has given it.
    pub async fn settled(&self, now: Timestamp) -> Result<FeedState, StoreError> {
        let state = self.store.feed_state().await?;
        if state.change_seq == state.rendered_seq {
            return Ok(state);
        }
        let at = next_change_time(state.changed_at, now);
        self.store.keep_feed_changed(state.change_seq, at).await?;
        self.store.feed_state().await
    }

    /// What every document is rendered with, in short.
    pub fn imprint_stamp(&self, state: &FeedState) -> String {
        let config = self.config();
        let sources: Vec<_> = config.sources.iter().map(|it| (&it.source.key, &it.source.name)).collect();
        let all = format!(
            "{EDITION} {} {} {} {} {:?} {:?} {MAX_FEED_STORIES} {:?} {:?} {sources:?}",
            env!("CARGO_PKG_VERSION"),
            self.base_url(),
            state.atom_id,
            state.epoch,
            self.imprint.hubs,
            config.feed,
            config.bureaus.rows(),
            config.topics.table().rows(),
        );
        short(&blake3::hash(all.as_bytes()))
    }

    /// Renders a document, unless its facts are those that a stamp stands for; then there is none.
    pub async fn fresh(
        &self,
        key: &Key,
        state: &FeedState,
        known: Option<&str>,
    ) -> Result<Option<Fresh>, PressError> {
        let sheet = self.desk(state).sheet(key).await?;
        let stamp = short(&sheet.digest());
        if known == Some(&stamp) {
            return Ok(None);
        }
        let print = Arc::new(self.rendered(key, state, sheet).await?);
        Ok(Some(Fresh { stamp, print }))
    }

    /// The page of addresses where nothing is.
    pub fn nothing_here(&self, state: &FeedState) -> Print {
        let config = self.config();
        let place = Slice::default().place();
        let meta = crate::publish::FeedMeta {
            atom_id: &state.atom_id,
            title: &config.feed.title,
            subtitle: &config.feed.subtitle,
            updated_at: state.changed_at,
            zone: config.feed.zone,
            language: &config.feed.language,
            base_url: self.base_url(),
            place: &place,
            page: "",
            hubs: &[],
            archive: crate::publish::Archive::None,
            bureaus: &config.bureaus,
            topics: config.topics.table(),
        };
        let view = View { meta: &meta, site: meta.title, lang: Lang::Zh, path: "", venue: Venue::Files };
        let page =
            page::problem(&view, "这里没有内容", "这个网址下没有内容；There is nothing at this address.");
        let body = Body::new(page::MEDIA_TYPE, page, state.changed_at);
        Print::new(body, Purpose::Copy, self.imprint.lifetime, &[])
    }

    /// The documents that there are whatever the sources: the merged feed, pages, slices by region and topic, days,
    /// months.
    pub async fn standing_keys(&self, state: &FeedState) -> Result<Vec<Key>, StoreError> {
        let mut keys = vec![Key::Home, page_in(Leaf::Front, Lang::En), Key::Style, Key::Opml, Key::DailyFeed];
        keys.extend(Format::ALL.map(|format| Key::feed(Slice::default(), format)));
        for leaf in Facet::ALL.map(Leaf::Overview).into_iter().chain([Leaf::Days]) {
            keys.extend(pages(&leaf));
        }
        let config = self.config();
        for row in config.bureaus.rows() {
            keys.extend(slice(Facet::Region, row.region.as_str()));
        }
        for topic in config.topics.table().rows() {
            keys.extend(slice(Facet::Topic, &topic.key));
        }
        for day in self.desk(state).all_days().await? {
            keys.extend(pages(&Leaf::Day(day)));
            keys.push(Key::DailyText(day));
        }
        keys.extend(self.archive_keys().await?);
        Ok(keys)
    }

    /// The documents of the sources that readers can see anything of: key of the source and its documents.
    pub async fn source_keys(&self, state: &FeedState) -> Result<Vec<(String, Vec<Key>)>, StoreError> {
        let sources = self.desk(state).sources().await?;
        Ok(sources.into_iter().map(|(key, _)| (key.clone(), slice(Facet::Source, &key))).collect())
    }

    /// The pages of a story.
    pub fn story_keys(short: &str) -> Vec<Key> {
        pages(&Leaf::Story(short.to_owned()))
    }

    async fn archive_keys(&self) -> Result<Vec<Key>, StoreError> {
        let zone = self.config().feed.zone;
        let mut keys = Vec::new();
        let mut before = Timestamp::MAX;
        while let Some(last) = self.store.first_published_before(before).await? {
            let month = Month::of(last, zone);
            let (from, to) = month.bounds(zone);
            let n_stories = self.store.count_first_published(from, to).await?;
            for part in 0..n_parts(n_stories) {
                keys.extend(Format::ALL.map(|format| Key::Archive { month, part, format }));
            }
            before = from;
        }
        Ok(keys)
    }
}

fn page_in(leaf: Leaf, lang: Lang) -> Key {
    Key::Page { leaf, lang }
}

fn pages(leaf: &Leaf) -> Vec<Key> {
    LANGS.into_iter().map(|lang| page_in(leaf.clone(), lang)).collect()
}

/// The feeds and pages of one value.
fn slice(facet: Facet, value: &str) -> Vec<Key> {
    // What is configured or stored can always be written.
    let Ok(slice) = Slice::of(facet, value) else { return Vec::new() };
    let feeds = Format::ALL.map(|format| Key::feed(slice.clone(), format));
    feeds.into_iter().chain(pages(&Leaf::Slice(slice.clone()))).collect()
}

fn short(digest: &blake3::Hash) -> String {
    const CHARS: usize = 32;
    digest.to_hex().get(..CHARS).unwrap_or_default().to_owned()
}
