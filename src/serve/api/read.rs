//! What each endpoint says, read from the store.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tokio::sync::SemaphorePermit;

use super::{
    Api, TURN_WITHIN,
    answer::Said,
    cursor::{self, PagePlace},
    endpoints::Endpoint,
    items::{Change, Page, RegionItem, SourceItem, Style, TopicItem},
    openapi,
    params::{AFTER, Asked, LIMIT, ORDER, PAGE, PROBLEM, SINCE, STORY, UNTIL, WAIT},
    problem::{Kind, Problem},
};
use crate::{
    config::SourceConfig,
    model::{AtomId, Timestamp, Topic},
    search::Query,
    store::{self, ChangesQuery, Lost, NewestQuery, PollRow, Search, StoreError, Told},
};

/// Bytes of text after which a page ends.
const MAX_PAGE_BYTES: usize = 3_000_000;
/// Stories read at once.
const STEP: usize = 10;
/// How old counts and states may be.
const TALLIES_AGE: Duration = Duration::from_secs(10);

/// Lists that follow every change: caches may hold them for moments only.
const CHANGING: &str = "public, max-age=5, stale-if-error=86400";
/// An answer that was waited for is no other reader's.
const WAITED_FOR: &str = "no-cache";
/// Counts and states.
const COUNTED: &str = "public, max-age=30, stale-if-error=86400";
/// What only another version of the program changes.
const FIXED: &str = "public, max-age=3600, stale-if-error=86400";

/// Counts and states that take a walk over an index, kept for some seconds.
#[derive(Debug, Clone)]
pub(super) struct Tallies {
    made: Instant,
    entries: HashMap<String, (i64, Timestamp)>,
    labels: HashMap<&'static str, HashMap<String, i64>>,
    polls: HashMap<String, PollRow>,
    successes: HashMap<String, Timestamp>,
}

impl Api {
    /// What is answered to a request.
    pub(super) async fn read(&self, endpoint: Endpoint, asked: &Asked) -> Result<Said, Problem> {
        match endpoint {
            Endpoint::Entries => self.entries(asked).await,
            Endpoint::Stories => self.stories(asked).await,
            Endpoint::Story => self.story(asked).await,
            Endpoint::Sources => self.sources().await,
            Endpoint::Regions => self.regions().await,
            Endpoint::Topics => self.topics().await,
            Endpoint::Problems => Said::json(whole(Kind::ALL.map(Kind::item).into()), FIXED).await,
            Endpoint::Problem => {
                let name = asked.text(&PROBLEM).unwrap_or_default();
                let item = Kind::ALL.into_iter().map(Kind::item).find(|item| item.name == name);
                Said::json(item.ok_or_else(|| Problem::new(Kind::NoSuchProblem))?, FIXED).await
            }
            Endpoint::Description => Ok(self.description()),
        }
    }

    fn style(&self) -> Style<'_> {
        Style { zone: self.0.config.feed.zone, base_url: &self.0.base_url }
    }

    /// A turn at reading the store.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let busy = || Problem::new(Kind::Busy);
        let _place = self.0.queue.try_acquire().map_err(|_| busy())?;
        let turn = tokio::time::timeout(TURN_WITHIN, self.0.reading.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(busy)
    }

    fn description(&self) -> Said {
        let config = &self.0.config;
        let describe = || {
            let document = openapi::document(&config.feed.title, self.0.base_url.as_str());
            serde_json::to_vec(&document).unwrap_or_default()
        };
        let bytes = self.0.description.get_or_init(describe).clone();
        Said { bytes, cache: FIXED, next: None, moved_to: None }
    }

    async fn entries(&self, asked: &Asked) -> Result<Said, Problem> {
        let not_a_cursor =
            || AFTER.problem("is no cursor; take `next` of an earlier answer as it is, or leave it out");
        let from = cursor::read(asked.text(&AFTER)).ok_or_else(not_a_cursor)?;
        let query = ChangesQuery {
            labels: asked.labels(),
            query: asked.words().unwrap_or_default(),
            since: asked.time(&SINCE),
            until: asked.time(&UNTIL),
            limit: asked.number(&LIMIT),
            max_bytes: MAX_PAGE_BYTES,
        };
        let wait = Duration::from_secs(asked.number(&WAIT).try_into().unwrap_or_default());
        let changes = self.changes(from, &query, wait).await?;
        let style = self.style();
        let item = |change: store::Change| match change {
            store::Change::Present(story) => {
                style.story(&story, None).map(|story| Change::Story(Box::new(story)))
            }
            store::Change::Absent(absent) => Some(Change::Deleted(style.deleted(&absent))),
        };
        let next = cursor::written(&changes.next);
        let page = Page {
            items: changes.items.into_iter().filter_map(item).collect(),
            next: Some(next.clone()),
            more: changes.more,
        };
        let cache = if wait.is_zero() { CHANGING } else { WAITED_FOR };
        Ok(Said { next: Some(next), ..Said::json(page, cache).await? })
    }

    /// Changes; when there are none, those that come within the time that is waited.
    async fn changes(
        &self,
        from: store::ReadFrom,
        query: &ChangesQuery,
        wait: Duration,
    ) -> Result<store::Changes, Problem> {
        let deadline = tokio::time::Instant::now() + wait;
        let mut count = self.0.count.clone();
        let mut from = from;
        loop {
            count.mark_unchanged();
            let turn = self.turn().await?;
            let changes = match self.0.store.changes(&from, query).await.map_err(|error| failed(&error))? {
                Ok(changes) => changes,
                Err(Lost::Unknown) => return Err(Problem::new(Kind::CursorUnknown)),
                Err(Lost::Expired) => return Err(Problem::new(Kind::CursorExpired)),
            };
            drop(turn);
            if !changes.items.is_empty() || changes.more || wait.is_zero() {
                return Ok(changes);
            }
            let Ok(_place) = self.0.waiting.try_acquire() else { return Ok(changes) };
            if !matches!(tokio::time::timeout_at(deadline, count.changed()).await, Ok(Ok(()))) {
                return Ok(changes);
            }
            from = store::ReadFrom::After(changes.next);
        }
    }

    async fn stories(&self, asked: &Asked) -> Result<Said, Problem> {
        // What holds no word is as if it were not there.
        let words = asked.words().filter(|words| !words.is_empty());
        let search = Search {
            query: words.clone().unwrap_or_default(),
            labels: asked.labels(),
            since: asked.time(&SINCE),
            until: asked.time(&UNTIL),
        };
        let after = asked.text(&PAGE);
        let after = after.map(|text| PagePlace::read(text).ok_or_else(not_a_page)).transpose()?;
        let limit = asked.number(&LIMIT);
        let _turn = self.turn().await?;
        let is_plain = words.is_none() && search.labels.is_empty();
        let is_best = words.is_some() && asked.choice(&ORDER) == "best";
        // One more than is shown tells whether there are more.
        let places = if is_best {
            self.best(&search, after, limit + 1).await?
        } else if is_plain {
            self.newest(&search, after, limit + 1).await?
        } else {
            self.found(&search, after, limit + 1).await?
        }
        .map_err(|error| failed(&error))?;
        let page = self.page(&places, limit, words.as_ref()).await?;
        let next = page.next.clone().filter(|_| page.more);
        Ok(Said { next, ..Said::json(page, CHANGING).await? })
    }

    async fn best(&self, search: &Search, after: Option<PagePlace>, limit: usize) -> Result<Places, Problem> {
        let skipped = match after {
            None => 0,
            Some(PagePlace::Best(n)) => n,
            Some(_) => return Err(not_a_page()),
        };
        let found = self.0.store.search_best(search).await;
        Ok(found.map(|found| {
            let places = found.iter().enumerate().map(|(n, found)| (found.story_id, PagePlace::Best(n + 1)));
            places.skip(skipped).take(limit).collect()
        }))
    }

    async fn newest(
        &self,
        search: &Search,
        after: Option<PagePlace>,
        limit: usize,
    ) -> Result<Places, Problem> {
        let below = match after {
            None => None,
            Some(PagePlace::Time(at, id)) => Some((at, id)),
            Some(_) => return Err(not_a_page()),
        };
        let query = NewestQuery { below, since: search.since, until: search.until, limit };
        let found = self.0.store.newest_stories(&query).await;
        Ok(found.map(|rows| rows.into_iter().map(|(id, at)| (id, PagePlace::Time(at, id))).collect()))
    }

    async fn found(
        &self,
        search: &Search,
        after: Option<PagePlace>,
        limit: usize,
    ) -> Result<Places, Problem> {
        let below = match after {
            None => None,
            Some(PagePlace::Found(number)) => Some(number),
            Some(_) => return Err(not_a_page()),
        };
        let found = self.0.store.search(search, below, limit).await;
        Ok(found.map(|found| {
            found.iter().map(|found| (found.story_id, PagePlace::Found(found.number))).collect()
        }))
    }

    /// The stories at places, as far as a page reaches.
    async fn page(
        &self,
        places: &[(i64, PagePlace)],
        limit: usize,
        words: Option<&Query>,
    ) -> Result<Page<super::items::StoryItem>, Problem> {
        let style = self.style();
        let mut page = Page { items: Vec::new(), next: None, more: places.len() > limit };
        let shown = places.get(..limit.min(places.len())).unwrap_or_default();
        let mut n_bytes = 0;
        for step in shown.chunks(STEP) {
            if n_bytes >= MAX_PAGE_BYTES {
                page.more = true;
                break;
            }
            let ids: Vec<i64> = step.iter().map(|(id, _)| *id).collect();
            let stories = self.0.store.stories_of(&ids).await.map_err(|error| failed(&error))?;
            n_bytes += stories.iter().map(n_bytes_of).sum::<usize>();
            page.items.extend(stories.iter().filter_map(|story| style.story(story, words)));
            page.next = step.last().map(|(_, place)| place.written());
        }
        if !page.more {
            page.next = None;
        }
        Ok(page)
    }

    async fn story(&self, asked: &Asked) -> Result<Said, Problem> {
        let name = asked.text(&STORY).unwrap_or_default();
        let turn = self.turn().await?;
        let found = self.0.store.story_named(name).await.map_err(|error| failed(&error))?;
        drop(turn);
        let style = self.style();
        match found {
            None => Err(self.no_story(name).await?),
            Some(store::Change::Present(story)) => {
                let item = style.story(&story, None).ok_or_else(|| Problem::new(Kind::NoSuchStory))?;
                Said::json(item, CHANGING).await
            }
            Some(store::Change::Absent(absent)) => {
                let Some(AtomId(into)) = &absent.merged_into else {
                    return Err(Problem::withdrawn(style.deleted(&absent)));
                };
                let to = style.address(&format!("api/v1/stories/{}", AtomId(into.clone()).short()));
                Ok(Said { moved_to: Some(to), ..Said::json(style.deleted(&absent), CHANGING).await? })
            }
        }
    }

    /// That there is no such story, or no longer.
    async fn no_story(&self, name: &str) -> Result<Problem, Problem> {
        let old = self.0.store.old_story(name).await.map_err(|error| failed(&error))?;
        Ok(old.map_or_else(
            || Problem::new(Kind::NoSuchStory),
            |old| Problem::expired(self.style().deleted(&old.into())),
        ))
    }

    async fn sources(&self) -> Result<Said, Problem> {
        let tallies = self.tallies().await?;
        let items = self.0.config.sources.iter().map(|source| self.source(source, &tallies));
        Said::json(whole(items.collect()), COUNTED).await
    }

    fn source(&self, source: &SourceConfig, tallies: &Tallies) -> SourceItem {
        let style = self.style();
        let key = source.source.key.as_str();
        let poll = tallies.polls.get(key);
        let entries = tallies.entries.get(key);
        SourceItem {
            key: key.to_owned(),
            name: source.source.name.clone(),
            url: source.source.url.to_string(),
            kind: source.kind.as_str(),
            bureau: source.source.bureau.as_ref().map(|bureau| bureau.name.clone()),
            region: source.source.region.as_ref().map(|region| region.as_str().to_owned()),
            role: source.source.role.as_str(),
            enabled: source.enabled,
            verified: source.verified,
            entries: entries.map_or(0, |(n, _)| *n),
            stories: tallies.stories("source", key),
            newest: entries.map(|(_, at)| style.time(*at)),
            state: poll.map_or_else(|| "never polled".to_owned(), |poll| poll.state.clone()),
            since: poll.map(|poll| style.time(poll.since)),
            last_poll: poll.map(|poll| style.time(poll.started_at)),
            last_success: tallies.successes.get(key).map(|at| style.time(*at)),
            feed: style.address(&format!("sources/{key}/feed.atom")),
        }
    }

    async fn regions(&self) -> Result<Said, Problem> {
        let tallies = self.tallies().await?;
        let mut rows: Vec<_> = self.0.config.bureaus.rows().iter().collect();
        rows.sort_by_key(|row| row.region.as_str());
        let item = |row: &crate::model::RegionRow| RegionItem {
            key: row.region.to_string(),
            name: row.name.clone(),
            short: row.short.clone(),
            bureau: row.bureau.clone(),
            stories: tallies.stories("region", row.region.as_str()),
            feed: self.style().address(&format!("regions/{}/feed.atom", row.region)),
        };
        Said::json(whole(rows.into_iter().map(item).collect()), COUNTED).await
    }

    async fn topics(&self) -> Result<Said, Problem> {
        let tallies = self.tallies().await?;
        let table = self.0.config.topics.table();
        let known = table.rows().iter().map(|topic| topic.key.as_str());
        let of_stories = tallies.labels.get("topic").into_iter().flat_map(HashMap::keys).map(String::as_str);
        let mut unknown: Vec<&str> = of_stories.filter(|key| table.row(key).is_none()).collect();
        unknown.sort_unstable();
        let item = |key: &str| {
            let topic: Option<&Topic> = table.row(key);
            TopicItem {
                key: key.to_owned(),
                label_zh: topic.map(|topic| topic.zh.clone()),
                label_en: topic.map(|topic| topic.en.clone()),
                stories: tallies.stories("topic", key),
                feed: self.style().address(&format!("topics/{key}/feed.atom")),
            }
        };
        Said::json(whole(known.chain(unknown).map(item).collect()), COUNTED).await
    }

    /// Counts and states, made anew when they are too old; by one request for all that ask meanwhile.
    async fn tallies(&self) -> Result<Tallies, Problem> {
        let mut kept = self.0.tallies.lock().await;
        if let Some(tallies) = kept.as_ref().filter(|tallies| tallies.made.elapsed() < TALLIES_AGE) {
            return Ok(tallies.clone());
        }
        let _turn = self.turn().await?;
        let tallies = self.count().await.map_err(|error| failed(&error))?;
        *kept = Some(tallies.clone());
        Ok(tallies)
    }

    async fn count(&self) -> Result<Tallies, StoreError> {
        let store = &self.0.store;
        let mut labels = HashMap::new();
        for kind in ["region", "topic", "source"] {
            labels.insert(kind, store.stories_by_label(kind).await?);
        }
        Ok(Tallies {
            made: Instant::now(),
            entries: store.entries_by_source().await?,
            labels,
            polls: store.latest_polls().await?,
            successes: store.last_successes().await?,
        })
    }
}

/// Stories and where each stands in its list.
type Places = Result<Vec<(i64, PagePlace)>, StoreError>;

impl Tallies {
    fn stories(&self, kind: &str, key: &str) -> i64 {
        self.labels.get(kind).and_then(|labels| labels.get(key)).copied().unwrap_or(0)
    }
}

fn not_a_page() -> Problem {
    PAGE.problem("is no place in this list; take `next` of the page before as it is, or leave it out")
}

fn n_bytes_of(told: &Told) -> usize {
    told.story.canonical().map_or(0, |copy| copy.entry.content_html.len() + copy.entry.content_text.len())
}

/// A list of which all is shown.
fn whole<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None, more: false }
}

fn failed(error: &StoreError) -> Problem {
    tracing::error!(%error, cause = std::error::Error::source(error), "the store does not answer the API");
    Problem::new(Kind::Busy)
}
