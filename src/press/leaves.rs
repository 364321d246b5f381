//! What pages for people are made of, read from the store.

use std::time::Duration;

use jiff::civil::Date;

use super::{
    Leaf, MAX_SEARCH_PAGES, Order, PressError, SearchRequest,
    month::start_of,
    sheet::{Aside, Desk, Sheet},
};
use crate::{
    extract::digest::edition::MAX_EDITION_STORIES,
    model::{Timestamp, Tombstone},
    publish::{
        Archive,
        page::{Expired, MAX_STORIES, Venue},
        slice::{Facet, Slice},
    },
    store::{Change, Listed, Search, StoreError},
};

/// Days of the feed of editions.
const FEED_DAYS: usize = 10;
/// Days that are listed.
const MAX_DAYS: usize = 90;

impl Desk<'_> {
    /// The facts of a page.
    pub(super) async fn page(&self, leaf: &Leaf) -> Result<Sheet, PressError> {
        match leaf {
            Leaf::Front => self.feed(&Slice::default()).await,
            Leaf::Slice(slice) => self.feed(slice).await,
            Leaf::Overview(facet) => self.overview(*facet).await,
            Leaf::Days => self.days().await,
            Leaf::Day(day) => self.day(*day).await,
            Leaf::Story(short) => self.story(short).await,
            Leaf::Search(request) => self.search(request).await,
        }
    }

    /// The sources that readers can see anything of, and those that are polled: key and name.
    pub(super) async fn sources(&self) -> Result<Vec<(String, String)>, StoreError> {
        let known = self.store.stories_by_label(Facet::Source.key()).await?;
        let configured = self.config.sources.iter().map(|source| &source.source);
        let mut names: Vec<(String, String)> = configured
            .filter(|source| known.contains_key(source.key.as_str()))
            .map(|source| (source.key.to_string(), source.name.clone()))
            .collect();
        for key in known.keys() {
            if self.config.source(key).is_none()
                && let Some(name) = self.store.source_name(key).await?
            {
                names.push((key.clone(), name));
            }
        }
        names.sort();
        Ok(names)
    }

    pub(super) async fn opml(&self) -> Result<Sheet, PressError> {
        let sheet = self.list(Vec::new(), Vec::new(), Archive::None).await?;
        Ok(Sheet { aside: Aside::Sources(self.sources().await?), ..sheet })
    }

    async fn overview(&self, facet: Facet) -> Result<Sheet, PressError> {
        let counts = self.store.stories_by_label(facet.key()).await?;
        let names = if facet == Facet::Source { self.sources().await? } else { Vec::new() };
        let mut values: Vec<String> = match facet {
            Facet::Region => self.config.bureaus.rows().iter().map(|row| row.region.to_string()).collect(),
            Facet::Topic => self.config.topics.table().rows().iter().map(|topic| topic.key.clone()).collect(),
            Facet::Source => names.iter().map(|(key, _)| key.clone()).collect(),
        };
        if facet == Facet::Region {
            values.sort();
        }
        let mut rows = Vec::with_capacity(values.len());
        for value in values {
            let n_stories = counts.get(&value).and_then(|n| u64::try_from(*n).ok()).unwrap_or_default();
            let newest = match n_stories {
                0 => None,
                _ => self.store.newest_of_label(&format!("{}:{value}", facet.key())).await?,
            };
            rows.push((value, n_stories, newest));
        }
        let sheet = self.list(Vec::new(), Vec::new(), Archive::None).await?;
        let updated_at = self.state.changed_at;
        Ok(Sheet { aside: Aside::Counts(rows), names, updated_at, ..sheet })
    }

    /// The day of the last publication before a time.
    async fn day_before(&self, at: Timestamp) -> Result<Option<Date>, StoreError> {
        let zone = self.config.feed.zone;
        Ok(self.store.published_before(at).await?.map(|at| zone.to_datetime(at).date()))
    }

    async fn stories_of(&self, day: Date, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let (from, to) = self.bounds(day);
        self.store.published_between(from, to, limit).await
    }

    fn bounds(&self, day: Date) -> (Timestamp, Timestamp) {
        let zone = self.config.feed.zone;
        (start_of(day, zone), start_of(day.tomorrow().unwrap_or(Date::MAX), zone))
    }

    pub(super) async fn day(&self, day: Date) -> Result<Sheet, PressError> {
        let listed = self.stories_of(day, MAX_EDITION_STORIES).await?;
        let (from, to) = self.bounds(day);
        let previous = self.day_before(from).await?;
        let next = self.store.published_since(to).await?;
        let next = next.map(|at| self.config.feed.zone.to_datetime(at).date());
        if listed.is_empty() && (previous.is_none() || next.is_none()) {
            // Between two editions a day may be empty; before the first and after the last there is none.
            return Err(PressError::NoEdition);
        }
        let sheet = self.list(listed, Vec::new(), Archive::None).await?;
        Ok(Sheet { aside: Aside::Days(previous, next), ..sheet })
    }

    /// The days with stories, newest first; none later than a day after the feed's last change.
    async fn editions(&self, limit: usize) -> Result<Vec<(Date, Vec<Listed>)>, StoreError> {
        let mut before =
            self.state.changed_at.checked_add(Duration::from_hours(24)).unwrap_or(Timestamp::MAX);
        let mut days = Vec::new();
        while days.len() < limit {
            let Some(day) = self.day_before(before).await? else { break };
            days.push((day, self.stories_of(day, MAX_EDITION_STORIES).await?));
            before = self.bounds(day).0;
        }
        Ok(days)
    }

    /// Every day with stories, newest first.
    pub(super) async fn all_days(&self) -> Result<Vec<Date>, StoreError> {
        let mut days = Vec::new();
        let mut before = Timestamp::MAX;
        while let Some(day) = self.day_before(before).await? {
            days.push(day);
            before = self.bounds(day).0;
        }
        Ok(days)
    }

    pub(super) async fn daily_feed(&self) -> Result<Sheet, PressError> {
        let listed = self.editions(FEED_DAYS).await?.into_iter().flat_map(|(_, listed)| listed);
        Ok(self.list(listed.collect(), Vec::new(), Archive::None).await?)
    }

    async fn days(&self) -> Result<Sheet, PressError> {
        let days = self.editions(MAX_DAYS).await?;
        let seq = days.iter().flat_map(|(_, listed)| listed).max_by_key(|listed| listed.seq).copied();
        let rows = days
            .iter()
            .map(|(day, listed)| (day.to_string(), u64::try_from(listed.len()).unwrap_or_default(), None));
        let aside = Aside::Counts(rows.collect());
        let sheet = self.list(seq.into_iter().collect(), Vec::new(), Archive::None).await?;
        Ok(Sheet { aside, listed: Vec::new(), ..sheet })
    }

    async fn story(&self, short: &str) -> Result<Sheet, PressError> {
        let Some(listed) = self.store.story_row(short).await? else { return self.old_story(short).await };
        let Some(change) = self.store.story_named(short).await? else { return Err(PressError::NoStory) };
        let sheet = self.dated(vec![listed], Vec::new(), Archive::None).await?;
        match change {
            Change::Present(told) => Ok(Sheet { aside: Aside::Account(told.rules), ..sheet }),
            Change::Absent(absent) => {
                // A file cannot lead elsewhere; its page says where.
                if self.venue == Venue::Server
                    && let Some(survivor) = absent.merged_into
                {
                    return Err(PressError::Moved { to: format!("stories/{}", survivor.short()) });
                }
                let tombstone = Tombstone {
                    atom_id: absent.atom_id,
                    when: absent.at,
                    by: None,
                    comment: None,
                    merged_into: absent.merged_into,
                };
                Ok(Sheet { aside: Aside::Gone(tombstone), ..sheet })
            }
        }
    }

    /// The page of a story whose texts are no longer kept.
    async fn old_story(&self, short: &str) -> Result<Sheet, PressError> {
        let Some(old) = self.store.old_story(short).await? else { return Err(PressError::NoStory) };
        let expired = Expired { title: old.title, url: old.url, published_at: old.published_at };
        let sheet = self.dated(Vec::new(), Vec::new(), Archive::None).await?;
        Ok(Sheet { aside: Aside::Old(expired), ..sheet })
    }

    async fn search(&self, request: &SearchRequest) -> Result<Sheet, PressError> {
        let SearchRequest { slice, since, until, order, page } = request;
        let names = self.check(slice).await?;
        let search = Search {
            query: slice.search(),
            labels: slice.label_groups(),
            since: since.map(|day| self.bounds(day).0),
            until: until.map(|day| self.bounds(day).1),
        };
        let good_for = self.state.change_seq.min(self.store.index_state().await?.seq);
        let skipped =
            usize::try_from(page.saturating_sub(1)).unwrap_or(usize::MAX).saturating_mul(MAX_STORIES);
        let mut found = match order {
            Order::Best => self.store.search_best(&search).await?,
            // One more than is shown tells whether there are more.
            Order::Newest => {
                self.store.search(&search, None, skipped.saturating_add(MAX_STORIES + 1)).await?
            }
        };
        found.drain(..skipped.min(found.len()));
        let is_more = found.len() > MAX_STORIES && *page < MAX_SEARCH_PAGES;
        found.truncate(MAX_STORIES);
        let mut listed = Vec::with_capacity(found.len());
        let seqs = self.store.listed(&found.iter().map(|found| found.story_id).collect::<Vec<_>>()).await?;
        // In the order in which they were found.
        for found in found {
            listed.extend(seqs.iter().find(|listed| listed.id == found.story_id).copied());
        }
        let sheet = self.list(listed, Vec::new(), Archive::None).await?;
        Ok(Sheet { names, good_for, aside: Aside::Found { is_more }, ..sheet })
    }
}
