//! A look at a source that stores nothing: what would be extracted, and what is missing.

use std::{collections::HashMap, sync::Arc};

use super::{
    Poller,
    article::{Taken, Visit, context},
    listing::Listing,
    pages::{First, Lister, Opened},
};
use crate::{
    config::{Config, SourceConfig},
    extract::RawEntry,
    fetch::Client,
    model::{Entry, Kind, Published, Timestamp},
    normalise::{normalise, time},
    observe::{Before, EmptyList, Fault, Now, Numbers, concern, hidden},
    store::{PollRow, Store, StoreError},
};

/// What a source gives now.
#[derive(Debug)]
pub struct Look {
    /// Why it cannot be read.
    pub fault: Option<Fault>,
    /// What is worse than before where it can be read, the worst first.
    pub worse: Vec<Fault>,
    /// Which rule gave the rows.
    pub rule: String,
    /// Rows found.
    pub n_rows: usize,
    /// The most rows it gave lately, when it was polled before.
    pub rows_before: Option<i64>,
    /// What its latest entries had, when any are stored.
    pub before: Option<Before>,
    /// Rows held back since it changed its ids.
    pub n_held: usize,
    /// What it gives now, counted for comparing.
    pub now: Now,
    /// The newest time among the rows and samples.
    pub newest: Option<Published>,
    /// A few entries, as they would be stored.
    pub samples: Vec<Sample>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// One entry, as it would be stored.
#[derive(Debug)]
pub struct Sample {
    /// The entry, or why there is none.
    pub entry: Result<Entry, String>,
    /// The title of its row.
    pub row_title: String,
}

/// What looking needs; unlike a [`Poller`] it works without a store.
#[derive(Debug, Clone)]
pub struct Looker {
    /// The configuration.
    pub config: Arc<Config>,
    /// The HTTP client.
    pub client: Arc<Client>,
}

impl Sample {
    /// The fields that readers will miss.
    pub fn missing(&self) -> Vec<&'static str> {
        let Ok(entry) = &self.entry else { return Vec::new() };
        let fields = [
            ("time", entry.published.is_none()),
            ("bureau", entry.bureau.is_none()),
            ("text", entry.content_text.is_empty()),
        ];
        fields.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect()
    }
}

impl Look {
    /// Everything that is wrong with it, the worst first.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.fault.iter().chain(&self.worse)
    }

    /// Compares with what the source gave before: in its polls, and in the entries that are stored.
    fn compare(&mut self, polls: &[PollRow], kind: Kind) {
        let read: Vec<&Entry> = self.samples.iter().filter_map(|sample| sample.entry.as_ref().ok()).collect();
        let having = |has: fn(&Entry) -> bool| read.iter().filter(|entry| has(entry)).count();
        self.now = Now {
            n_rows: self.n_rows,
            n_samples: read.len(),
            n_timed: having(|entry| entry.published.is_some()),
            n_bureau: having(|entry| entry.bureau.is_some()),
            n_text: having(|entry| !entry.content_text.is_empty()),
            newest: self.newest.map(|newest| newest.at),
            ..self.now
        };
        let numbers = Numbers {
            n_rows: self.n_rows,
            n_dated: self.now.n_timed_rows,
            n_taken: self.now.n_samples,
            n_empty: self.now.n_samples - self.now.n_text,
        };
        let before: Vec<Numbers> = polls.iter().map(super::standing::numbers).collect();
        self.worse = concern(numbers, &before, &self.rule, kind == Kind::List).into_iter().collect();
        let rows_before = self.rows_before.and_then(|n| usize::try_from(n).ok());
        for fault in self.now.worse_than(rows_before, self.before.as_ref()) {
            if self.worse.iter().all(|known| known.name != fault.name) {
                self.worse.push(fault);
            }
        }
    }
}

impl Looker {
    /// Looks at a source, reading `n_samples` of its entries whole.
    pub async fn look(
        &self,
        store: Option<&Store>,
        source: &Arc<SourceConfig>,
        n_samples: usize,
        now: Timestamp,
    ) -> Result<Look, StoreError> {
        let key = source.source.key.as_str();
        let (rows_before, before, polls, n_held) = match store {
            Some(store) => {
                let polls = store.polls_that_read(key, super::HISTORY).await?;
                (store.rows_before(key).await?, store.usual(key).await?, polls, store.count_held(key).await?)
            }
            None => (None, None, Vec::new(), 0),
        };
        let mut look = Look {
            fault: None,
            worse: Vec::new(),
            rule: String::new(),
            n_rows: 0,
            rows_before,
            before,
            n_held,
            now: Now::default(),
            newest: None,
            samples: Vec::new(),
            notes: Vec::new(),
        };
        let lister = Lister { config: &self.config, client: &self.client, source, now };
        match lister.first(&HashMap::new()).await {
            Err(unread) => look.fault = Some(unread.fault),
            Ok(First { opened: None, .. }) => {}
            Ok(First { opened: Some(opened), mirrored, .. }) => {
                look.notes.extend(mirrored.map(|fault| fault.told()));
                self.read(source, opened, n_samples, now, &mut look).await;
            }
        }
        if look.fault.is_none() {
            look.compare(&polls, source.kind);
        }
        if n_held > 0 {
            look.worse.push(Fault::of_held(key, n_held));
        }
        Ok(look)
    }

    async fn read(
        &self,
        source: &Arc<SourceConfig>,
        opened: Opened,
        n_samples: usize,
        now: Timestamp,
        look: &mut Look,
    ) {
        let Opened { document, listing, .. } = opened;
        let asked = &source.source.url;
        if asked.path() != "/" && document.url.path() == "/" && document.url != *asked {
            look.fault = Some(Fault::of_home_redirect(asked.as_str(), document.url.as_str()));
            return;
        }
        let hidden = hidden(document.url.as_str(), &document.body);
        look.n_rows = listing.extracted.entries.len();
        look.rule.clone_from(&listing.extracted.rule);
        look.notes.extend(listing.extracted.notes.iter().cloned());
        if look.n_rows == 0 && source.kind != Kind::Feed {
            let list = EmptyList {
                url: document.url.as_str(),
                n_bytes: document.body.len(),
                rows_before: look.rows_before,
                notes: &listing.extracted.notes,
            };
            look.fault = Some(hidden.unwrap_or_else(|| Fault::of_empty_list(list)));
        }
        self.sample(source, listing, n_samples, now, look).await;
    }

    async fn sample(
        &self,
        source: &Arc<SourceConfig>,
        listing: Listing,
        n_samples: usize,
        now: Timestamp,
        look: &mut Look,
    ) {
        let newest = |times: &mut Option<Published>, found: Option<Published>| {
            if found.is_some_and(|found| times.is_none_or(|known| known.at < found.at)) {
                *times = found;
            }
        };
        for row in &listing.extracted.entries {
            let (claim, _) = time::choose(&row.published, source.zone, now);
            look.now.n_timed_rows += usize::from(claim.is_some());
            newest(&mut look.newest, claim.map(|(claim, _)| claim));
        }
        let complete = listing.is_complete;
        for row in listing.extracted.entries.into_iter().take(n_samples) {
            let row_title = row.title.trim().to_owned();
            let entry =
                if complete { self.whole(source, row, now) } else { self.visited(source, row, now).await };
            newest(&mut look.newest, entry.as_ref().ok().and_then(|entry| entry.published));
            look.samples.push(Sample { entry, row_title });
        }
    }

    fn whole(&self, source: &SourceConfig, row: RawEntry, now: Timestamp) -> Result<Entry, String> {
        let made = normalise(row, &context(source, &self.config, now));
        made.map(|made| made.entry).ok_or_else(|| "it has neither title nor text".into())
    }

    async fn visited(
        &self,
        source: &Arc<SourceConfig>,
        row: RawEntry,
        now: Timestamp,
    ) -> Result<Entry, String> {
        let Some(url) = row.url.clone() else { return self.whole(source, row, now) };
        let poller = super::article::Visitor { config: &self.config, client: &self.client };
        match poller.visit(source, &row, &url, HashMap::new(), now).await {
            Visit::Read(read) => match read.taken {
                Taken::Entry(made) => Ok(made.entry),
                Taken::Stories(stories) => {
                    let n_stories = stories.len();
                    let first = stories.into_iter().next().map(|made| made.entry);
                    first.ok_or_else(|| format!("a digest of {n_stories} stories"))
                }
                Taken::NoNews(reason) => Err(reason),
            },
            Visit::Gone(fault) | Visit::Failed(fault) => Err(fault.told()),
            Visit::Unchanged | Visit::Stopped => Err("it was not read to the end".into()),
        }
    }
}

impl From<&Poller> for Looker {
    fn from(poller: &Poller) -> Self {
        Self { config: Arc::clone(&poller.config), client: Arc::clone(&poller.client) }
    }
}
