//! Today's rules over stored documents: what they would change, and on demand the change itself.
//!
//! No network: what is not stored stays as it is. What is written goes the way of every entry, through `poll::ingest`,
//! so that ids stay and `updated` moves only where readers see a difference.
//!
//! **Invariant:** rules that have not changed show no difference.

mod again;
pub mod diff;
mod findings;
pub mod regroup;
mod spill;
#[cfg(test)]
mod tests;
mod versions;

pub use diff::{Counts, Difference, Values};
pub use findings::{Finding, ListPage, Outcome, Report, Unread};

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use self::{
    again::{Again, Kept, Made},
    findings::unread,
    versions::Versions,
};
use crate::{
    config::{Config, SourceConfig},
    extract::Document,
    model::{CanonicalUrl, Kind, Timestamp},
    normalise::fingerprint,
    observe::Fault,
    poll::{
        ingest::{self, Item, MAX_BATCH, Step},
        listing::{self, Listing, Part},
        offload::offload,
        rows::{Row, rows_of},
    },
    store::{Held, PendingRow, PendingState, Store, StoreError, StoredDocument},
};

/// Documents of one source that are looked at.
const MAX_DOCUMENTS: usize = 50_000;
/// Versions of its list that are read: older rows have left the list long ago.
const MAX_LIST_VERSIONS: usize = 60;
/// Rows kept aside that are known.
const MAX_ASIDE: usize = 50_000;

/// Whether differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are shown only.
    Show,
    /// They are written too; the caller holds the store's lease.
    Apply,
}

/// What reprocessing needs.
#[derive(Debug, Clone)]
pub struct Reprocessor {
    /// The configuration, with today's rules.
    pub config: Arc<Config>,
    /// The store.
    pub store: Store,
    /// Whether differences are written.
    pub mode: Mode,
}

impl Reprocessor {
    /// Runs today's rules over all documents of a source. Only the store itself can make this fail.
    pub async fn source(&self, source: &Arc<SourceConfig>, now: Timestamp) -> Result<Report, StoreError> {
        let mut work = Work::new(self, source, now).await?;
        let documents = self.store.documents_of(work.key(), MAX_DOCUMENTS).await?;
        let (lists, articles): (Vec<_>, Vec<_>) =
            documents.into_iter().partition(|document| work.is_list(&document.url));
        for (age, document) in lists.iter().take(MAX_LIST_VERSIONS).enumerate() {
            work.list(document, age == 0).await?;
        }
        let mut seen = HashSet::new();
        for document in articles.iter().filter(|document| seen.insert(CanonicalUrl::parse(&document.url))) {
            work.article(document).await?;
        }
        work.flush().await?;
        work.done().await
    }
}

/// Which part of a list a stored document is: of a page that is a shell, the JSON list read in its stead is kept.
fn part_of(source: &SourceConfig, document: &Document) -> Part {
    let start = document.body.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_instead = source.kind == Kind::List && matches!(start, Some(b'{' | b'['));
    Part { number: 1, first: document.url.clone(), is_instead }
}

/// A source under way.
struct Work<'a> {
    reprocessor: &'a Reprocessor,
    source: &'a Arc<SourceConfig>,
    now: Timestamp,
    /// Addresses of its list, for comparing.
    list_urls: HashSet<CanonicalUrl>,
    /// Rows kept aside, by id.
    aside: HashMap<String, PendingRow>,
    /// Their ids by address.
    aside_at: HashMap<CanonicalUrl, String>,
    /// Rows of its list by address.
    rows: HashMap<CanonicalUrl, Versions>,
    /// Ids that are done.
    done: HashSet<String>,
    steps: Vec<Step>,
    report: Report,
}

impl<'a> Work<'a> {
    async fn new(
        reprocessor: &'a Reprocessor,
        source: &'a Arc<SourceConfig>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let key = source.source.key.as_str();
        let validators = reprocessor.store.validators(key, None).await?;
        let polled = validators.keys().filter_map(|url| CanonicalUrl::parse(url));
        let list_urls = polled.chain([CanonicalUrl::of(&source.source.url)]).collect();
        let aside = reprocessor.store.aside(key, MAX_ASIDE).await?;
        let at =
            |row: &PendingRow| Some((CanonicalUrl::of(row.row.url.as_ref()?), row.source_entry_id.clone()));
        Ok(Self {
            reprocessor,
            source,
            now,
            list_urls,
            aside_at: aside.iter().filter_map(at).collect(),
            aside: aside.into_iter().map(|row| (row.source_entry_id.clone(), row)).collect(),
            rows: HashMap::new(),
            done: HashSet::new(),
            steps: Vec::new(),
            report: Report::new(source.source.key.clone()),
        })
    }

    fn key(&self) -> &'a str {
        self.source.source.key.as_str()
    }

    fn is_list(&self, url: &str) -> bool {
        CanonicalUrl::parse(url).is_some_and(|url| self.list_urls.contains(&url))
    }

    /// A version of the list: whole entries are compared, rows are kept for their articles.
    async fn list(&mut self, stored: &StoredDocument, is_newest: bool) -> Result<(), StoreError> {
        let Some(document) = self.document(stored).await? else { return Ok(()) };
        let (source, config) = (Arc::clone(self.source), Arc::clone(&self.reprocessor.config));
        let part = part_of(&source, &document);
        let reading = move || {
            listing::read_part(&source, &config, &document, &part).map_err(|error| Fault::of_extract(&error))
        };
        let listing = match offload(reading).await.flatten() {
            Ok(listing) => listing,
            Err(fault) => {
                self.report.unread.push(unread(stored, &fault));
                return Ok(());
            }
        };
        if is_newest {
            self.report.list = Some(ListPage::of(&listing, stored.fetched_at));
        }
        self.rows_of(listing, stored, is_newest).await
    }

    async fn rows_of(
        &mut self,
        mut listing: Listing,
        stored: &StoredDocument,
        is_newest: bool,
    ) -> Result<(), StoreError> {
        let is_complete = listing.is_complete;
        let rows = rows_of(&mut listing, self.source.kind);
        if is_complete && is_newest && self.source.kind == Kind::Digest {
            let found = rows.iter().map(|row| row.id.clone()).collect();
            self.lost_stories(&found, &stored.url).await?;
        }
        if is_complete {
            return self.whole(rows, stored).await;
        }
        if is_newest {
            self.unknown_rows(&rows).await?;
        }
        for row in rows {
            let Some(url) = row.raw.url.as_ref().map(CanonicalUrl::of) else { continue };
            self.rows.entry(url).or_default().add(row, stored.fetched_at);
        }
        Ok(())
    }

    /// Rows of the newest list that are neither held nor kept aside: today's rules find more than those before.
    async fn unknown_rows(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let (held, aside) = self.reprocessor.store.known_rows(self.key(), &ids).await?;
        let unknown = rows.iter().filter(|row| !held.contains_key(&row.id) && !aside.contains_key(&row.id));
        self.report.new_rows = unknown.map(|row| row.raw.title.trim().to_owned()).collect();
        Ok(())
    }

    /// Entries that need no article.
    async fn whole(&mut self, rows: Vec<Row>, stored: &StoredDocument) -> Result<(), StoreError> {
        let again = self.again(stored.fetched_at);
        let made = match offload(move || again.whole(rows)).await {
            Ok(made) => made,
            Err(fault) => {
                self.report.unread.push(unread(stored, &fault));
                return Ok(());
            }
        };
        let made: Vec<Made> =
            made.into_iter().filter(|made| self.done.insert(made.id().to_owned())).collect();
        self.compare(made).await
    }

    /// The page behind a row.
    async fn article(&mut self, stored: &StoredDocument) -> Result<(), StoreError> {
        let Some(url) = CanonicalUrl::parse(&stored.url) else { return Ok(()) };
        let held = self.reprocessor.store.held_at(self.key(), url.as_str()).await?.into_iter().next();
        let aside = self.aside_at.get(&url).and_then(|id| self.aside.get(id)).cloned();
        let row = self.rows.get(&url).and_then(|rows| rows.for_entry(held.as_ref())).cloned();
        if held.is_none() && aside.is_none() {
            // Nothing came of it before: a page that a redirect led to, or whose entry has been let go of.
            self.report.n_unused += 1;
            return Ok(());
        }
        let Some(document) = self.document(stored).await? else { return Ok(()) };
        let at = row.as_ref().map_or(stored.fetched_at, |(_, at)| *at);
        let kept = Kept { row: row.map(|(row, _)| row), held: held.clone(), aside: aside.clone() };
        let again = self.again(at);
        let taken = match offload(move || again.article(&document, kept)).await.flatten() {
            Ok(taken) => taken,
            Err(fault) => {
                self.report.unread.push(unread(stored, &fault));
                return Ok(());
            }
        };
        match taken {
            again::Taken::NoNews(reason) => {
                self.report.n_compared += usize::from(held.is_some());
                if let Some(held) = held {
                    self.withheld(&held, reason);
                }
                Ok(())
            }
            again::Taken::Entry(made) => self.compare(vec![*made]).await,
            again::Taken::Stories(stories) => self.digest(stories, &stored.url).await,
        }
    }

    async fn digest(&mut self, stories: Vec<Made>, url: &str) -> Result<(), StoreError> {
        let found = stories.iter().map(|made| made.id().to_owned()).collect();
        self.lost_stories(&found, url).await?;
        self.compare(stories).await
    }

    /// Stories of a digest's page that today's rules do not find there.
    async fn lost_stories(&mut self, found: &HashSet<String>, url: &str) -> Result<(), StoreError> {
        let Some(page) = CanonicalUrl::parse(url) else { return Ok(()) };
        for held in self.reprocessor.store.held_of_page(self.key(), page.as_str()).await? {
            if !found.contains(&held.known.source_entry_id) {
                self.report.n_compared += 1;
                self.withheld(&held, "today's rules do not find it on its page".into());
            }
        }
        Ok(())
    }

    /// Rows that the first visit left out because of their age stay out.
    fn is_too_old(&self, made: &Made) -> bool {
        let age = self.reprocessor.config.schedule.first_poll_age;
        let aside = self.aside.get(made.id()).filter(|row| row.state == PendingState::Withheld);
        let Some(row) = aside else { return false };
        let Ok(not_before) = row.seen_at.checked_sub(age) else { return false };
        made.entry.published.is_some_and(|claim| claim.at < not_before)
    }

    fn withheld(&mut self, held: &Held, reason: String) {
        self.report.findings.push(Finding {
            id: held.known.source_entry_id.clone(),
            title: held.entry.title.clone(),
            url: held.entry.url.clone(),
            outcome: Outcome::Withheld { reason },
        });
    }

    /// Compares entries with those held under their ids.
    async fn compare(&mut self, made: Vec<Made>) -> Result<(), StoreError> {
        let ids: Vec<&str> = made.iter().map(Made::id).collect();
        let held = self.reprocessor.store.held(self.key(), &ids).await?;
        let mut held: HashMap<String, Held> =
            held.into_iter().map(|held| (held.known.source_entry_id.clone(), held)).collect();
        // Of old stories only what they are known by is kept: nothing of them can be made again.
        let (known, _) = self.reprocessor.store.known_rows(self.key(), &ids).await?;
        let made: Vec<Made> =
            made.into_iter().filter(|made| known.get(made.id()).is_none_or(|known| !known.is_old)).collect();
        for made in made {
            let held = held.remove(made.id());
            self.report.n_compared += usize::from(held.is_some());
            self.one(made, held).await?;
        }
        Ok(())
    }

    async fn one(&mut self, made: Made, held: Option<Held>) -> Result<(), StoreError> {
        let outcome = match &held {
            None if self.is_too_old(&made) => return Ok(()),
            None => Outcome::New,
            Some(held) if fingerprint(&made.entry).0 == held.known.fingerprint => return Ok(()),
            Some(held) => {
                let differences = diff::between(&held.entry, &made.entry, self.reprocessor.config.feed.zone);
                // Another version of the fingerprint alone is nothing that readers see.
                if differences.is_empty() {
                    return Ok(());
                }
                Outcome::Changed { differences }
            }
        };
        self.report.findings.push(Finding {
            id: made.id().to_owned(),
            title: held.as_ref().map_or_else(|| made.entry.title.clone(), |held| held.entry.title.clone()),
            url: made.entry.url.clone(),
            outcome,
        });
        if self.reprocessor.mode == Mode::Apply {
            let item = Item {
                entry: made.entry,
                row_hash: made.row_hash,
                row: made.row,
                // What comes late takes its place by its time of publication, and is not announced as new.
                is_backlog: true,
                ends_pending: held.is_none(),
            };
            self.steps.push(Step::Entry(Box::new(item)));
            if self.steps.len() >= MAX_BATCH {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let steps = std::mem::take(&mut self.steps);
        let Reprocessor { store, config, .. } = self.reprocessor;
        let tally = ingest::write(store, config, self.source, steps, self.now).await?;
        self.report.n_written += tally.n_new + tally.n_updated;
        Ok(())
    }

    async fn done(mut self) -> Result<Report, StoreError> {
        let n_held = self.reprocessor.store.count_entries(self.key()).await?;
        let n_held = usize::try_from(n_held).unwrap_or(0);
        let n_new = self.report.count(|outcome| matches!(outcome, Outcome::New));
        let n_before =
            if self.reprocessor.mode == Mode::Apply { n_held.saturating_sub(n_new) } else { n_held };
        self.report.n_without_document = n_before.saturating_sub(self.report.n_compared);
        if self.reprocessor.mode == Mode::Apply && !self.report.new_rows.is_empty() {
            // The list has not changed, but more is found in it: the next poll must not be told "not modified".
            let mut batch = self.reprocessor.store.begin().await?;
            batch.forget_list(self.key()).await?;
            batch.commit().await?;
        }
        Ok(self.report)
    }

    /// A document's body; `None`, and a note of it, when it cannot be read.
    async fn document(&mut self, stored: &StoredDocument) -> Result<Option<Document>, StoreError> {
        match self.reprocessor.store.document(stored.id).await {
            Ok(document) => {
                self.report.n_documents += usize::from(document.is_some());
                Ok(document)
            }
            Err(StoreError::Corrupt { .. }) => {
                self.report.unread.push(Unread {
                    url: stored.url.clone(),
                    reason: "the stored document is damaged".into(),
                });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn again(&self, at: Timestamp) -> Again {
        Again { source: Arc::clone(self.source), config: Arc::clone(&self.reprocessor.config), at }
    }
}
