//! Stories become documents that are kept: the one place where the store and the formats meet for readers.
//!
//! The merged feed and the home page are rendered when something changed and lie on the shelf; slices and archives are
//! rendered when asked for, off the asynchronous threads, each by one at a time, and kept while there is room.
//!
//! **Invariant:** what was once rendered is served until something better is whole, whatever the store does. The same
//! stories give the same bytes and the same `ETag`, in this process or another.

pub mod address;
mod cache;
mod catalogue;
mod key;
mod leaves;
mod month;
mod pages;
mod print;
mod render;
mod sheet;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use tokio::sync::Semaphore;
use url::Url;

pub use catalogue::Fresh;
pub use key::{Key, Leaf, MAX_SEARCH_PAGES, Order, SearchRequest};
pub use month::Month;
pub use print::{Print, Purpose, http_date};

use self::{
    cache::{Cache, Kept, Slot},
    render::{Imprint, Rendering},
    sheet::{Desk, Sheet},
};
use crate::{
    config::Config,
    publish::{Format, page::Venue},
    push::HUB_PATH,
    store::{FeedState, Store, StoreError},
};

/// Documents rendered at once.
const MAX_RENDERINGS: usize = 2;
/// Requests that wait for their turn to render, at most.
const MAX_WAITING: usize = 64;
/// How long a request waits for its turn.
const TURN_PATIENCE: Duration = Duration::from_secs(4);
/// How long the store may take before the last good document is served instead.
const STORE_PATIENCE: Duration = Duration::from_secs(3);
/// After which time a client that was turned away may come again.
pub const COME_AGAIN: Duration = Duration::from_secs(2);
/// Caches serve a feed at least this long without asking.
const LEAST_LIFETIME: Duration = Duration::from_mins(5);

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    /// Nothing was rendered yet.
    #[error("the feed is being prepared; ask again in a moment")]
    NotYet,
    /// A region, topic or source that we do not have.
    #[error("there is no {what} `{value}` here; {see} lists what there is")]
    Unknown {
        /// What it would be.
        what: &'static str,
        /// What was asked for.
        value: String,
        /// Where to look.
        see: &'static str,
    },
    /// A month without stories.
    #[error("nothing was published here in that month; the feed links to its newest archive")]
    NoArchive,
    /// A day without stories.
    #[error("there is no edition of that day; /daily lists those there are")]
    NoEdition,
    /// A story that was never here.
    #[error("there is no story of that name here")]
    NoStory,
    /// It stands elsewhere.
    #[error("this is elsewhere now")]
    Moved {
        /// Its path, without leading `/`.
        to: String,
    },
    /// Too many are rendering.
    #[error("too much is asked for at once; come again in a moment")]
    Busy,
    /// The client asked for too much.
    #[error("you ask for more than is rendered for one address; slow down")]
    TooMany {
        /// When it may come again.
        after: Duration,
    },
    /// The store does not answer, and nothing was rendered before.
    #[error("the store does not answer; the log says why")]
    Store(#[from] StoreError),
    /// The store takes too long, and nothing was rendered before.
    #[error("the store takes too long; come again in a moment")]
    Slow,
    /// The document is not well-formed.
    #[error("the document would not be well-formed")]
    Malformed {
        /// Where.
        reason: String,
    },
}

impl PressError {
    /// Whether it is our fault, so that an earlier document serves better than this.
    fn is_ours(&self) -> bool {
        matches!(self, Self::Busy | Self::Store(_) | Self::Slow | Self::Malformed { .. })
    }
}

/// What is served from memory, swapped as a whole when it changes.
#[derive(Debug)]
pub struct Published {
    /// The state of the feed that it shows.
    pub state: FeedState,
    /// `/feed.atom`.
    pub atom: Arc<Print>,
    /// `/feed.rss`.
    pub rss: Arc<Print>,
    /// `/feed.json`.
    pub json: Arc<Print>,
    /// `/`.
    pub home: Arc<Print>,
    /// `/style.css`.
    pub style: Arc<Print>,
}

impl Published {
    /// The merged feed in a format.
    pub fn feed(&self, format: Format) -> &Arc<Print> {
        match format {
            Format::Atom => &self.atom,
            Format::Rss => &self.rss,
            Format::Json => &self.json,
        }
    }

    fn document(&self, key: &Key) -> Option<&Arc<Print>> {
        match key {
            Key::Home => Some(&self.home),
            Key::Style => Some(&self.style),
            Key::Feed { slice, format } if slice.is_all() => Some(self.feed(*format)),
            _ => None,
        }
    }
}

/// The published documents; empty until the first rendering.
pub type Shelf = Arc<ArcSwapOption<Published>>;

/// Renders documents and keeps them.
#[derive(Debug)]
pub struct Press {
    store: Store,
    imprint: Arc<Imprint>,
    shelf: Shelf,
    cache: Cache,
    turns: Semaphore,
    waiting: Semaphore,
}

impl Press {
    /// Makes a press; nothing is rendered yet. `base_url` is the address under which everything is served, ending in `/`.
    pub fn new(config: Arc<Config>, store: Store, base_url: Url) -> Self {
        let own_hub = config.push.hub.then(|| format!("{base_url}{HUB_PATH}"));
        Self::of(config, store, base_url, own_hub, Venue::Server)
    }

    fn of(config: Arc<Config>, store: Store, base_url: Url, own_hub: Option<String>, venue: Venue) -> Self {
        let lifetime = lifetime(&config);
        let hubs = own_hub.iter().cloned().chain(config.push.hubs.iter().map(Url::to_string)).collect();
        Self {
            store,
            imprint: Arc::new(Imprint { config, base_url, own_hub, hubs, lifetime, venue }),
            shelf: Shelf::default(),
            cache: Cache::new(),
            turns: Semaphore::new(MAX_RENDERINGS),
            waiting: Semaphore::new(MAX_RENDERINGS + MAX_WAITING),
        }
    }

    /// What is served from memory.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The state of the feed that is served; `None` before the first rendering.
    pub fn state(&self) -> Option<FeedState> {
        self.shelf.load().as_ref().map(|published| published.state.clone())
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<Config> {
        &self.imprint.config
    }

    /// The address under which everything is served, ending in `/`.
    pub fn base_url(&self) -> &Url {
        &self.imprint.base_url
    }

    fn desk<'a>(&'a self, state: &'a FeedState) -> Desk<'a> {
        Desk { store: &self.store, config: self.config(), state, venue: self.imprint.venue }
    }

    /// Renders what lies on the shelf, as of a state of the feed, and compresses it. `None` when a document would not be
    /// well-formed; that is logged.
    pub async fn shelf_at(&self, state: FeedState) -> Result<Option<Published>, StoreError> {
        let desk = self.desk(&state);
        let sheet = match desk.sheet(&Key::Home).await {
            Ok(sheet) => sheet,
            Err(PressError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the feed cannot be rendered; the last one is still served");
                return Ok(None);
            }
        };
        let stories = self.store.stories(&ids(&sheet)).await?;
        let imprint = Arc::clone(&self.imprint);
        // Of a process's first documents each is compressed when it is asked for: the start waits for nothing.
        let is_first = self.shelf.load().is_none();
        let rendering = tokio::task::spawn_blocking(move || {
            let rendering = Rendering { imprint: &imprint, state: &state, sheet: &sheet, stories: &stories };
            let compress = |print: &Print| {
                if !is_first {
                    print.compress();
                }
            };
            let print = |key: &Key| rendering.print(key).inspect(compress).map(Arc::new);
            let feed = |format| print(&Key::feed(crate::publish::slice::Slice::default(), format));
            let (atom, rss, json) = (feed(Format::Atom)?, feed(Format::Rss)?, feed(Format::Json)?);
            let (home, style) = (print(&Key::Home)?, print(&Key::Style)?);
            Ok(Published { state, atom, rss, json, home, style })
        });
        Ok(match rendering.await {
            Ok(Ok(published)) => Some(published),
            Ok(Err(error)) => {
                let error: PressError = error;
                tracing::error!(%error, ?error, "the feed cannot be rendered; the last one is still served");
                None
            }
            Err(error) => {
                tracing::error!(%error, "rendering the feed ended by a defect; the last one is still served");
                None
            }
        })
    }

    /// A document from the shelf or from what is kept, when it is known to show the state of the feed; renders nothing.
    pub fn ready(&self, key: &Key) -> Option<Arc<Print>> {
        let held = self.shelf.load();
        let published = held.as_ref()?;
        let lying = published.document(key).cloned();
        lying.or_else(|| self.cache.good(key, published.state.change_seq))
    }

    /// A document: from the shelf, from what is kept, or rendered now. `pay` is asked before something is rendered.
    pub async fn print(
        &self,
        key: &Key,
        pay: impl FnOnce() -> Result<(), PressError>,
    ) -> Result<Arc<Print>, PressError> {
        if let Some(print) = self.ready(key) {
            return Ok(print);
        }
        let published = self.shelf.load_full().ok_or(PressError::NotYet)?;
        pay()?;
        let slot = self.cache.slot(key);
        match self.renewed(key, &slot, &published.state).await {
            Err(error) if error.is_ours() => {
                let last = slot.last();
                slot.note_failure();
                if last.is_some() {
                    tracing::warn!(%error, ?error, path = key.path(), "an earlier document is served");
                }
                last.map(|kept| kept.print).ok_or(error)
            }
            result => result,
        }
    }

    /// Looks whether a document is still right, and renders it if it is not.
    async fn renewed(
        &self,
        key: &Key,
        slot: &Arc<Slot>,
        state: &FeedState,
    ) -> Result<Arc<Print>, PressError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| PressError::Busy)?;
        let turns = async {
            let own = slot.turn.lock().await;
            let one = self.turns.acquire().await;
            (own, one)
        };
        let _turns = tokio::time::timeout(TURN_PATIENCE, turns).await.map_err(|_| PressError::Busy)?;
        if let Some(print) = slot.good(state.change_seq) {
            return Ok(print);
        }
        let desk = self.desk(state);
        let sheet = in_time(desk.sheet(key)).await?;
        let (digest, good_for) = (sheet.digest(), sheet.good_for);
        let print = match slot.last().filter(|kept| kept.digest == digest) {
            Some(kept) => kept.print,
            None => Arc::new(self.rendered(key, state, sheet).await?),
        };
        self.cache.keep(key, slot, Kept::new(Arc::clone(&print), digest, good_for));
        Ok(print)
    }

    async fn rendered(&self, key: &Key, state: &FeedState, sheet: Sheet) -> Result<Print, PressError> {
        let reading = async {
            let ids = ids(&sheet);
            // What was found has its own order.
            let keeps_order = matches!(key, Key::Page { leaf: Leaf::Search(_), .. });
            Ok(if keeps_order {
                self.store.stories_of(&ids).await?.into_iter().map(|told| told.story).collect()
            } else {
                self.store.stories(&ids).await?
            })
        };
        let stories = in_time(reading).await?;
        let (imprint, key, state) = (Arc::clone(&self.imprint), key.clone(), state.clone());
        let rendering = tokio::task::spawn_blocking(move || {
            Rendering { imprint: &imprint, state: &state, sheet: &sheet, stories: &stories }.print(&key)
        });
        rendering.await.unwrap_or_else(|error| Err(PressError::Malformed { reason: error.to_string() }))
    }
}

fn ids(sheet: &Sheet) -> Vec<i64> {
    sheet.listed.iter().map(|listed| listed.id).collect()
}

async fn in_time<T>(reading: impl Future<Output = Result<T, PressError>>) -> Result<T, PressError> {
    tokio::time::timeout(STORE_PATIENCE, reading).await.unwrap_or(Err(PressError::Slow))
}

/// How long caches may serve a feed without asking: half of the shortest time in which something new can come, and never
/// longer than a source may wait for its next poll.
fn lifetime(config: &Config) -> Duration {
    let schedule = &config.schedule;
    let sources = config.sources.iter().filter(|source| source.enabled);
    let shortest = sources.map(|source| source.interval.unwrap_or(schedule.interval)).min();
    let shortest = shortest.unwrap_or(schedule.interval).max(schedule.min_interval);
    (shortest / 2).max(LEAST_LIFETIME).min(schedule.max_interval)
}
