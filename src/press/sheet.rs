//! What a document is made of, read from the store: a short list that tells whether anything changed.

use jiff::civil::Date;

use super::{
    Key, PressError,
    month::{Month, PART_SIZE, n_parts},
};
use crate::{
    config::Config,
    model::{Timestamp, Tombstone},
    publish::{
        Archive, MAX_FEED_STORIES, Place,
        page::{Expired, Venue},
        slice::Slice,
        window_since,
    },
    store::{FeedState, Listed, Search, SliceQuery, Store, StoreError, WindowQuery, Withdrawn},
};

/// How long a tombstone stands in feeds.
const TOMBSTONE_AGE: std::time::Duration = std::time::Duration::from_hours(24 * 30);
/// Tombstones of one feed at most.
const MAX_TOMBSTONES: usize = 500;

/// The facts of one document.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Its stories.
    pub(super) listed: Vec<Listed>,
    /// What was withdrawn from it, newest first.
    pub(super) tombstones: Vec<Withdrawn>,
    /// The count of the newest change in it.
    pub(super) seq: i64,
    /// When that was published.
    pub(super) updated_at: Timestamp,
    /// The time by which readers ask whether they have it (`Last-Modified`): never before the last change of its bytes.
    pub(super) modified_at: Timestamp,
    /// Its part in the history of the feed.
    pub(super) archive: Archive,
    /// Names of sources in its title.
    pub(super) names: Vec<(String, String)>,
    /// Up to which count of changes this is known to be right: less than all while the search follows.
    pub(super) good_for: i64,
    /// What a page shows beside its stories.
    pub(super) aside: Aside,
}

/// What a page shows beside its stories.
#[derive(Debug, Default)]
pub(super) enum Aside {
    /// Nothing.
    #[default]
    Nothing,
    /// The names of all sources.
    Sources(Vec<(String, String)>),
    /// Regions, topics, sources or days: name, how many stories, the newest.
    Counts(Vec<(String, u64, Option<Timestamp>)>),
    /// The days before and after.
    Days(Option<Date>, Option<Date>),
    /// What joined each copy.
    Account(Vec<String>),
    /// What was found, and whether there is more than is shown.
    Found {
        /// There is a next page.
        is_more: bool,
    },
    /// That a story was withdrawn.
    Gone(Tombstone),
    /// That a story's texts are no longer kept.
    Old(Expired),
}

impl Sheet {
    /// Equal sheets give equal bytes.
    pub(super) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let mut number = |n: i64| {
            hasher.update(&n.to_le_bytes());
        };
        for listed in &self.listed {
            number(listed.id);
            number(listed.seq);
        }
        number(-1);
        self.tombstones.iter().for_each(|withdrawn| number(withdrawn.seq));
        number(self.seq);
        number(self.updated_at.as_millisecond());
        hasher.update(format!("{:?}{:?}{:?}", self.archive, self.names, self.aside).as_bytes());
        hasher.finalize()
    }
}

/// Where sheets are read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) store: &'a Store,
    pub(super) config: &'a Config,
    /// The state of the feed that is served.
    pub(super) state: &'a FeedState,
    /// What answers when a link is followed.
    pub(super) venue: Venue,
}

impl Desk<'_> {
    /// The facts of a document.
    pub(super) async fn sheet(&self, key: &Key) -> Result<Sheet, PressError> {
        match key {
            Key::Home | Key::Style => self.feed(&Slice::default()).await,
            Key::Feed { slice, .. } => self.feed(slice).await,
            Key::Delta { slice, since, .. } => Ok(since_then(self.feed(slice).await?, *since)),
            Key::Archive { month, part, .. } => self.archive(*month, *part).await,
            Key::Opml => self.opml().await,
            Key::DailyFeed => self.daily_feed().await,
            Key::DailyText(day) => self.day(*day).await,
            Key::Page { leaf, .. } => self.page(leaf).await,
        }
    }

    pub(super) async fn feed(&self, slice: &Slice) -> Result<Sheet, PressError> {
        let names = self.check(slice).await?;
        let mut good_for = self.state.change_seq;
        let listed = if slice.is_all() {
            self.store.window_list(self.window()).await?
        } else if slice.words.is_empty() {
            self.store.slice_window(&self.slice_query(slice)).await?
        } else {
            good_for = good_for.min(self.store.index_state().await?.seq);
            self.found(slice).await?
        };
        let since = window_since(self.state.changed_at, TOMBSTONE_AGE);
        let mut tombstones = self.store.tombstones(since).await?;
        tombstones.retain(|withdrawn| slice.words.is_empty() && slice.holds(&withdrawn.labels));
        tombstones.truncate(MAX_TOMBSTONES);
        let archive = if slice.is_all() {
            Archive::Subscription { prev: self.newest_archive().await? }
        } else {
            Archive::None
        };
        let mut sheet = self.list(listed, tombstones, archive).await?;
        if slice.is_all() {
            sheet.seq = self.state.change_seq;
            sheet.updated_at = self.state.changed_at;
            sheet.modified_at = self.state.changed_at;
        }
        Ok(Sheet { names, good_for, ..sheet })
    }

    /// The newest stories that hold the words of a slice.
    async fn found(&self, slice: &Slice) -> Result<Vec<Listed>, StoreError> {
        let search = Search { query: slice.search(), labels: slice.label_groups(), since: None, until: None };
        let found = self.store.search(&search, None, self.config.feed.window).await?;
        let ids: Vec<i64> = found.iter().map(|found| found.story_id).collect();
        self.store.listed(&ids).await
    }

    /// Which stories the merged feed holds.
    pub(super) fn window(&self) -> WindowQuery {
        let feed = &self.config.feed;
        let since = window_since(self.state.changed_at, feed.window_age);
        WindowQuery { newest: feed.window, since, limit: MAX_FEED_STORIES.max(feed.window) }
    }

    fn slice_query(&self, slice: &Slice) -> SliceQuery {
        let feed = &self.config.feed;
        SliceQuery {
            groups: slice.label_groups(),
            newest: feed.window,
            window_age: feed.window_age,
            limit: MAX_FEED_STORIES.max(feed.window),
        }
    }

    /// Whether a slice is one of ours; the names of its sources.
    pub(super) async fn check(&self, slice: &Slice) -> Result<Vec<(String, String)>, PressError> {
        if let Some(region) = slice.regions.iter().find(|region| self.config.bureaus.row(region).is_none()) {
            return Err(PressError::Unknown { what: "region", value: region.to_string(), see: "/regions" });
        }
        let topics = self.config.topics.table();
        if let Some(topic) = slice.topics.iter().find(|topic| topics.row(topic).is_none()) {
            return Err(PressError::Unknown { what: "topic", value: topic.clone(), see: "/topics" });
        }
        let mut names = Vec::new();
        for source in &slice.sources {
            let key = source.as_str();
            let configured = self.config.source(key).map(|source| source.source.name.clone());
            let name = match configured {
                Some(name) => Some(name),
                // One of an import, or one that is no longer configured.
                None => self.store.source_name(key).await?,
            };
            let Some(name) = name else {
                return Err(PressError::Unknown {
                    what: "source",
                    value: key.to_owned(),
                    see: "/api/v1/sources",
                });
            };
            names.push((key.to_owned(), name));
        }
        Ok(names)
    }

    /// The sheet of a list that stories come into and leave.
    ///
    /// What leaves it, by another topic or another text, is not seen in what is left; so any change may be the one that
    /// touched it. What was rendered before keeps its time as long as its sheet is the same.
    pub(super) async fn list(
        &self,
        listed: Vec<Listed>,
        tombstones: Vec<Withdrawn>,
        archive: Archive,
    ) -> Result<Sheet, StoreError> {
        let sheet = self.dated(listed, tombstones, archive).await?;
        Ok(Sheet { modified_at: sheet.modified_at.max(self.state.changed_at), ..sheet })
    }

    /// A sheet whose time is that of the newest change in it.
    pub(super) async fn dated(
        &self,
        listed: Vec<Listed>,
        tombstones: Vec<Withdrawn>,
        archive: Archive,
    ) -> Result<Sheet, StoreError> {
        let seqs = listed.iter().map(|listed| listed.seq).chain(tombstones.iter().map(|it| it.seq));
        let seq = seqs.max().unwrap_or_default();
        // What is not published yet will be with the next rendering; then it gets its own time.
        let updated_at = self.store.published_at(seq).await?.unwrap_or(self.state.changed_at);
        // Who leaves for age changes nothing else.
        let modified_at = updated_at.max(self.store.emptied_at().await?);
        let good_for = self.state.change_seq;
        Ok(Sheet {
            listed,
            tombstones,
            seq,
            updated_at,
            modified_at,
            archive,
            names: Vec::new(),
            good_for,
            aside: Aside::Nothing,
        })
    }

    /// The archive that comes before the subscription document.
    ///
    /// A month that still grows is named with the day up to which it is asked for: a program that takes archives for
    /// stable (RFC 5005 §4.1) then sees a new address each day, and reads again what grew meanwhile.
    pub(super) async fn newest_archive(&self) -> Result<Option<Place>, StoreError> {
        let Some(last) = self.store.first_published_before(Timestamp::MAX).await? else { return Ok(None) };
        let zone = self.config.feed.zone;
        let month = Month::of(last, zone);
        let mut place = self.last_part(month).await?;
        if month >= Month::of(self.state.changed_at, zone) {
            place.query = format!("?until={}", zone.to_datetime(last).date());
        }
        Ok(Some(place))
    }

    async fn last_part(&self, month: Month) -> Result<Place, StoreError> {
        let (from, to) = month.bounds(self.config.feed.zone);
        let n_stories = self.store.count_first_published(from, to).await?;
        Ok(month.place(n_parts(n_stories) - 1))
    }

    async fn archive(&self, month: Month, part: usize) -> Result<Sheet, PressError> {
        let zone = self.config.feed.zone;
        let (from, to) = month.bounds(zone);
        let n_stories = self.store.count_first_published(from, to).await?;
        if n_stories == 0 || part >= n_parts(n_stories) {
            return Err(PressError::NoArchive);
        }
        let listed = self.store.first_published(from, to, part, PART_SIZE).await?;
        let prev = if part > 0 {
            Some(month.place(part - 1))
        } else {
            match self.store.first_published_before(from).await? {
                Some(before) => Some(self.last_part(Month::of(before, zone)).await?),
                None => None,
            }
        };
        let next = if part + 1 < n_parts(n_stories) {
            Some(month.place(part + 1))
        } else {
            self.store.first_published_since(to).await?.map(|after| Month::of(after, zone).place(0))
        };
        let archive = Archive::Month { prev, next, current: Place::new("feed") };
        Ok(self.dated(listed, Vec::new(), archive).await?)
    }
}

/// What of a feed changed after a count of changes.
fn since_then(mut sheet: Sheet, since: i64) -> Sheet {
    sheet.listed.retain(|listed| listed.seq > since);
    sheet.tombstones.retain(|withdrawn| withdrawn.seq > since);
    sheet
}
