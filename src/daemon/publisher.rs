//! Renders the feed when the store says that readers would see a difference: at most once a second.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock,
    config::Config,
    model::{Story, Timestamp},
    publish::{
        self, Archive, Document, FeedMeta, MAX_FEED_STORIES, Place, atom, body::Body, next_change_time, page,
        window_since,
    },
    serve::{Published, Shelf},
    store::{FeedState, Store, StoreError, WindowQuery},
};

/// How often the store is asked; changes by other processes are seen too.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Keeps the shelf filled.
#[derive(Debug)]
pub struct Publisher {
    config: Arc<Config>,
    store: Store,
    base_url: Url,
    shelf: Shelf,
}

impl Publisher {
    /// Makes a publisher; nothing is rendered yet.
    pub fn new(config: Arc<Config>, store: Store, base_url: Url, shelf: Shelf) -> Self {
        Self { config, store, base_url, shelf }
    }

    /// Looks and renders until the stop. An error leaves the last good feed on the shelf.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if let Err(error) = self.render_if_changed(clock::now()).await {
                tracing::error!(%error, "could not render the feed; the last one is still served");
            }
        }
    }

    /// Renders when something changed, or nothing has been rendered in this process; says whether it did.
    pub async fn render_if_changed(&self, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.store.feed_state().await?;
        let changed = state.change_seq != state.rendered_seq;
        if !changed && self.shelf.load().is_some() {
            return Ok(false);
        }
        if changed {
            state.changed_at = next_change_time(state.changed_at, now);
        }
        let stories = self.stories(&state).await?;
        let published = self.render(&state, stories).await;
        // The time is kept before it is shown, so that a restart shows the same.
        if changed {
            self.store.keep_feed_changed(state.change_seq, state.changed_at).await?;
        }
        if let Some(published) = published {
            self.shelf.store(Some(Arc::new(published)));
        }
        Ok(true)
    }

    async fn stories(&self, state: &FeedState) -> Result<Vec<Story>, StoreError> {
        let feed = &self.config.feed;
        let since = window_since(state.changed_at, feed.window_age);
        let limit = MAX_FEED_STORIES.max(feed.window);
        self.store.window(WindowQuery { newest: feed.window, since, limit }).await
    }

    /// Renders off the asynchronous threads; compressing takes longer than anything else here.
    async fn render(&self, state: &FeedState, stories: Vec<Story>) -> Option<Published> {
        let (config, base_url, state) = (Arc::clone(&self.config), self.base_url.clone(), state.clone());
        let rendering = tokio::task::spawn_blocking(move || {
            let place = Place::new("feed");
            let meta = FeedMeta {
                atom_id: &state.atom_id,
                title: &config.feed.title,
                subtitle: &config.feed.subtitle,
                updated_at: state.changed_at,
                zone: config.feed.zone,
                language: &config.feed.language,
                base_url: &base_url,
                place: &place,
                page: "",
                hub: None,
                archive: Archive::None,
                bureaus: &config.bureaus,
                topics: config.topics.table(),
            };
            let document = atom::feed(&Document { meta: &meta, stories: &stories, tombstones: &[] });
            if let Err(reason) = publish::check_xml(&document) {
                tracing::error!(reason, "the feed would not be well-formed; the last one is still served");
                return None;
            }
            let view = page::View { meta: &meta, site: meta.title, lang: page::Lang::Zh, path: "" };
            let home = page::home(&view, &stories);
            Some(Published {
                atom: Body::new(atom::MEDIA_TYPE, document, state.changed_at),
                home: Body::new(page::MEDIA_TYPE, home, state.changed_at),
            })
        });
        rendering.await.ok().flatten()
    }
}
