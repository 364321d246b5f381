//! A visit: the source's document, then the rows that are due, in small transactions.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::SemaphorePermit, time::Instant};

use super::{
    Outcome, PollReport, Poller,
    article::{Taken, Visit, Visitor, context},
    ingest::{self, Item, MAX_BATCH, Step, Tally},
    listing::{Listing, Part},
    offload::offload,
    pages::Lister,
    rows::{self, Knowledge, Plan, Row, plan, rows_of},
};
use crate::{
    config::SourceConfig,
    extract::{Document, RawEntry, feed::offer::Offer},
    fetch::FetchError,
    model::{Kind, Timestamp},
    normalise::{Normalised, entry_id, normalise, time},
    observe::{EmptyList, Fault, Numbers, hidden},
    schedule::{REVISITS, retry_after, revisit_due},
    store::{BeforeVisit, KnownEntry, PendingRow, PendingState, StoreError, Validators},
};

/// What is done is written at least this often while articles are fetched.
const FLUSH_AFTER: Duration = Duration::from_secs(15);
/// After this many failures an item is published with what its row gives.
const MAX_FAILURES: i64 = 3;
/// After this many more, its article is given up.
const GIVE_UP_AFTER: i64 = 12;
/// Articles visited again in one poll, at most.
const MAX_REVISITS: usize = 30;
/// Rows that were held back and are whole, taken in one visit.
const MAX_ACCEPTED: usize = 5_000;
/// Why a row is withheld at the first visit.
const TOO_OLD: &str = "older than what the first visit takes (`schedule.first_poll_age`)";
/// Why a row is withheld that gives readers nothing.
const NOTHING_TO_SHOW: &str = "it has neither title nor text";
/// Further pages of a list read at once after an outage, at most.
const MAX_CATCH_UP_PAGES: usize = 5;
/// Long enough that a row kept aside now is not taken up in the same visit.
const AFTER_THIS_VISIT: Duration = Duration::from_secs(1);
/// Far enough: a row kept aside for good.
const NEVER: Timestamp = Timestamp::MAX;

/// What a visit came to.
pub(super) struct Visited {
    pub report: PollReport,
    /// The source's document, for keeping.
    pub document: Option<Document>,
    /// How long the source asks to be left alone.
    pub asked: Option<Duration>,
    /// Validators of the list, when all it holds was taken.
    pub list_validators: Option<(String, Validators)>,
    /// What the document says of its source, when one was read.
    pub said: Option<Said>,
}

/// What a document says of its source.
pub(super) struct Said {
    /// The hub that it offers.
    pub offer: Option<Box<Offer>>,
}

pub(super) async fn visit(
    poller: &Poller,
    source: &Arc<SourceConfig>,
    before: &BeforeVisit,
    now: Timestamp,
) -> Result<Visited, StoreError> {
    let mut work = Work::new(poller, source, !before.was_read, now);
    let lister = Lister { config: &poller.config, client: &poller.client, source, now };
    let (mut list_validators, mut said, mut document) = (None, None, None);
    let first = match lister.first(&before.validators).await {
        Err(unread) => return Ok(work.ended(unread.fault, unread.asked)),
        Ok(first) => first,
    };
    let mut asked = first.fresh_for;
    work.report.mirrored = first.mirrored;
    match first.opened {
        None => work.report.outcome = Outcome::Unchanged,
        Some(mut opened) => {
            said = Some(Said { offer: opened.listing.extracted.offer.take() });
            if let Some(fault) = work.judge_listing(&opened.document, &opened.listing).await? {
                return Ok(Visited { document: Some(opened.document), ..work.ended(fault, None) });
            }
            let ttl = opened.listing.extracted.ttl_minutes;
            asked = asked.max(ttl.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)));
            let url = opened.document.url.to_string();
            work.place = opened.place.take();
            let listing = work.read_on(&lister, &opened.document, opened.part, opened.listing).await?;
            let taken_whole = work.take_listing(listing).await?;
            work.flush().await?;
            work.place = None;
            document = Some(opened.document).filter(|_| work.tally.n_new + work.tally.n_updated > 0);
            let is_conditional = source.ask.post.is_none();
            list_validators = (taken_whole && is_conditional).then_some((url, opened.validators));
        }
    }
    if before.has_due {
        work.take_pending().await?;
    }
    if let Some(last) = &before.previous {
        work.revisit(last.started_at).await?;
    }
    work.flush().await?;
    Ok(Visited { document, said, ..work.done(asked, list_validators) })
}

/// A visit under way.
pub(super) struct Work<'a> {
    pub(super) poller: &'a Poller,
    pub(super) source: &'a Arc<SourceConfig>,
    pub(super) now: Timestamp,
    pub(super) is_first: bool,
    /// Whether what is taken was held back before: it takes its place by its time, as at a first visit.
    is_accepted: bool,
    pub(super) report: PollReport,
    tally: Tally,
    steps: Vec<Step>,
    n_entries: usize,
    n_fetched: usize,
    /// Pages of the list that were read.
    n_pages: usize,
    /// Ids of the rows whose article was visited.
    visited: HashSet<String>,
    flushed: Instant,
    stopped: bool,
    /// Held while the entries of a list wait for the store.
    place: Option<SemaphorePermit<'static>>,
}

impl<'a> Work<'a> {
    fn new(poller: &'a Poller, source: &'a Arc<SourceConfig>, is_first: bool, now: Timestamp) -> Self {
        let report = PollReport {
            source: source.source.key.clone(),
            outcome: Outcome::Ok,
            rule: String::new(),
            notes: Vec::new(),
            n_rows: 0,
            n_new: 0,
            n_updated: 0,
            n_unchanged: 0,
            n_pending: 0,
            numbers: Numbers::default(),
            mirrored: None,
            reid: None,
            took: Duration::ZERO,
            next_poll_at: now,
        };
        Self {
            poller,
            source,
            now,
            is_first,
            is_accepted: false,
            report,
            tally: Tally::default(),
            steps: Vec::new(),
            n_entries: 0,
            n_fetched: 0,
            n_pages: 1,
            visited: HashSet::new(),
            flushed: Instant::now(),
            stopped: false,
            place: None,
        }
    }

    fn ended(mut self, fault: Fault, asked: Option<Duration>) -> Visited {
        self.report.outcome = Outcome::Fault(fault);
        self.done(asked, None)
    }

    fn done(mut self, asked: Option<Duration>, list_validators: Option<(String, Validators)>) -> Visited {
        self.report.n_new = self.tally.n_new;
        self.report.n_updated = self.tally.n_updated;
        self.report.n_unchanged += self.tally.n_unchanged;
        if self.stopped {
            let url = self.source.source.url.clone();
            self.report.outcome = Outcome::Fault(Fault::of_fetch(&FetchError::Stopped { url }));
        }
        // What was not taken whole is asked for again.
        let list_validators = list_validators.filter(|_| self.report.is_ok());
        Visited { report: self.report, document: None, asked, list_validators, said: None }
    }

    pub(super) fn key(&self) -> &str {
        self.source.source.key.as_str()
    }

    /// Whether a listing is what the source should give.
    async fn judge_listing(
        &self,
        document: &Document,
        listing: &Listing,
    ) -> Result<Option<Fault>, StoreError> {
        let asked = &self.source.source.url;
        if asked.path() != "/" && document.url.path() == "/" && document.url != *asked {
            return Ok(Some(Fault::of_home_redirect(asked.as_str(), document.url.as_str())));
        }
        if !listing.extracted.entries.is_empty() || self.source.kind == Kind::Feed {
            return Ok(None);
        }
        if let Some(fault) = hidden(document.url.as_str(), &document.body) {
            return Ok(Some(fault));
        }
        let rows_before = self.poller.store.rows_before(self.key()).await?;
        Ok(Some(Fault::of_empty_list(EmptyList {
            url: document.url.as_str(),
            n_bytes: document.body.len(),
            rows_before,
            notes: &listing.extracted.notes,
        })))
    }

    /// Adds the rows of the pages after the first: at a first visit of as many as the source asks for, later only
    /// while none of the rows is known, as after an outage.
    async fn read_on(
        &mut self,
        lister: &Lister<'_>,
        document: &Document,
        part: Part,
        mut listing: Listing,
    ) -> Result<Listing, StoreError> {
        let limit = if self.is_first { self.source.pages } else { 1 + MAX_CATCH_UP_PAGES };
        let id = |row: &RawEntry| entry_id(row, &row.title);
        let mut newest: Vec<String> = listing.extracted.entries.iter().map(id).collect();
        let mut seen: HashSet<String> = newest.iter().cloned().collect();
        let mut last: Option<(Document, Part)> = None;
        while self.n_pages < limit && (self.is_first || !self.knows_any(&newest).await?) {
            self.place = None;
            let (document, part) = last.unwrap_or_else(|| (document.clone(), part.clone()));
            let opened = match lister.after(document, part).await {
                Ok(Some(opened)) => opened,
                Ok(None) => break,
                Err(unread) => {
                    let note = format!("page {} was not read: {}", self.n_pages + 1, unread.fault.sentence);
                    listing.extracted.notes.push(note);
                    break;
                }
            };
            let found = opened.listing.extracted.entries.into_iter();
            let found: Vec<RawEntry> = found.filter(|row| seen.insert(id(row))).collect();
            // A site that knows no pages gives the first again.
            if found.is_empty() {
                break;
            }
            self.n_pages += 1;
            newest = found.iter().map(id).collect();
            listing.extracted.entries.extend(found);
            last = Some((opened.document, opened.part));
        }
        if self.n_pages > 1 {
            listing.extracted.notes.push(format!("{} pages of the list were read", self.n_pages));
        }
        Ok(listing)
    }

    async fn knows_any(&self, ids: &[String]) -> Result<bool, StoreError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (known, aside) = self.poller.store.known_rows(self.key(), &ids).await?;
        Ok(ids.is_empty() || !known.is_empty() || !aside.is_empty())
    }

    /// Takes the rows of a listing; says whether none was left for the next poll.
    async fn take_listing(&mut self, mut listing: Listing) -> Result<bool, StoreError> {
        let rows = rows_of(&mut listing, self.source.kind);
        self.report.rule = std::mem::take(&mut listing.extracted.rule);
        self.report.notes.append(&mut listing.extracted.notes);
        self.report.n_rows = rows.len();
        self.report.numbers.n_rows = rows.len();
        let is_dated = |row: &&Row| time::choose(&row.raw.published, self.source.zone, self.now).0.is_some();
        self.report.numbers.n_dated = rows.iter().filter(is_dated).count();
        let knowledge = self.knowledge(&rows).await?;
        let (source, now) = (self.source, self.now);
        let mut to_take = Vec::new();
        for row in rows {
            match plan(&row, &knowledge, source, now) {
                Plan::Unchanged => self.report.n_unchanged += 1,
                Plan::Aside => {}
                Plan::TooOld => self.withhold(row, TOO_OLD).await?,
                Plan::Take => to_take.push(row),
            }
        }
        let to_take = self.known_again(to_take, &knowledge).await?;
        if listing.is_complete {
            self.take_whole(to_take).await?;
            return Ok(true);
        }
        self.place = None;
        self.take_articles(to_take, &knowledge.known).await
    }

    async fn knowledge(&self, rows: &[Row]) -> Result<Knowledge, StoreError> {
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let age = self.poller.config.schedule.first_poll_age;
        let not_before = self.now.checked_sub(age).ok().filter(|_| self.is_first);
        let (known, aside) = self.poller.store.known_rows(self.key(), &ids).await?;
        Ok(Knowledge { known, aside, not_before })
    }

    /// Takes entries that need no article.
    async fn take_whole(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        let (source, config, now) = (Arc::clone(self.source), Arc::clone(&self.poller.config), self.now);
        let normalising = offload(move || {
            let context = context(&source, &config, now);
            rows.into_iter().map(|row| (normalise(row.raw, &context), row.id, row.hash)).collect::<Vec<_>>()
        });
        let made = match normalising.await {
            Ok(made) => made,
            Err(fault) => {
                self.report.outcome = Outcome::Fault(fault);
                return Ok(());
            }
        };
        for (made, id, hash) in made {
            let Some(mut made) = made else {
                self.withhold(Row { id, hash, raw: RawEntry::default() }, NOTHING_TO_SHOW).await?;
                continue;
            };
            made.entry.source_entry_id = id;
            self.report.notes.append(&mut made.notes);
            let item = Item {
                entry: made.entry,
                row_hash: hash,
                row: None,
                is_backlog: self.is_first || self.is_accepted,
                ends_pending: false,
            };
            self.push(Step::Entry(Box::new(item))).await?;
        }
        Ok(())
    }

    async fn take_articles(
        &mut self,
        rows: Vec<Row>,
        known: &HashMap<String, KnownEntry>,
    ) -> Result<bool, StoreError> {
        let mut rows = rows.into_iter();
        while self.n_fetched < self.poller.config.schedule.max_articles && !self.stopped {
            let Some(row) = rows.next() else { return Ok(!self.stopped) };
            let known = known.get(&row.id).cloned();
            self.take_article(row, known, None).await?;
        }
        let n_left = rows.len();
        if n_left == 0 {
            return Ok(!self.stopped);
        }
        let note = format!("{}{n_left} rows whose articles were not fetched yet", rows::LEFT_OVER);
        self.report.notes.push(note);
        // The next visit reads the first page only; what stands on the others must be kept.
        for row in rows.filter(|_| self.n_pages > 1).collect::<Vec<_>>() {
            let mut row =
                self.aside(row, PendingState::Retry, "its article is fetched at a next visit".into());
            row.next_try_at = self.now.checked_add(AFTER_THIS_VISIT).unwrap_or(NEVER);
            self.push(Step::Aside(row)).await?;
        }
        Ok(false)
    }

    /// Visits the article behind a row and takes what it gives.
    async fn take_article(
        &mut self,
        row: Row,
        known: Option<KnownEntry>,
        pending: Option<PendingRow>,
    ) -> Result<(), StoreError> {
        let Some(url) = row.raw.url.clone() else { return self.take_row_alone(row, false).await };
        let validators = match known {
            Some(_) => self.poller.store.validators(self.key(), Some(url.as_str())).await?,
            None => HashMap::new(),
        };
        if !self.visited.insert(row.id.clone()) {
            // Listed, pending and due for another visit at once: one visit is enough.
            return Ok(());
        }
        self.n_fetched += 1;
        let visitor = Visitor { config: &self.poller.config, client: &self.poller.client };
        let visit = visitor.visit(self.source, &row.raw, &url, validators, self.now).await;
        match (visit, known) {
            (Visit::Stopped, _) => self.stopped = true,
            (Visit::Unchanged, known) => {
                self.report.n_unchanged += 1;
                if let Some(known) = known.filter(|known| known.gone_at.is_some()) {
                    self.push(Step::Returned(known)).await?;
                }
            }
            (Visit::Gone(_), Some(known)) => self.push(Step::Gone(known)).await?,
            // What is known stays as it is; the next of its times tries again.
            (Visit::Failed(_), Some(_)) if pending.is_none() => {}
            (Visit::Gone(fault) | Visit::Failed(fault), _) => self.failed(row, pending, &fault).await?,
            (Visit::Read(read), _) => {
                self.taken(row, read.taken).await?;
                self.push(Step::Page(read.document, read.validators)).await?;
            }
        }
        Ok(())
    }

    async fn taken(&mut self, row: Row, taken: Taken) -> Result<(), StoreError> {
        match taken {
            Taken::NoNews(reason) => {
                self.report.notes.push(format!("withheld `{}`: {reason}", row.raw.title.trim()));
                let row = self.aside(row, PendingState::Withheld, reason);
                self.push(Step::Aside(row)).await
            }
            Taken::Entry(made) => self.take_made(row, *made).await,
            Taken::Stories(stories) => {
                for made in stories {
                    self.report.notes.extend(made.notes);
                    let item = Item {
                        entry: made.entry,
                        row_hash: None,
                        row: None,
                        is_backlog: self.is_first || self.is_accepted,
                        ends_pending: false,
                    };
                    self.push(Step::Entry(Box::new(item))).await?;
                }
                let row = self.aside(row, PendingState::Split, "a digest, split into its stories".into());
                self.push(Step::Aside(row)).await
            }
        }
    }

    async fn take_made(&mut self, row: Row, made: Normalised) -> Result<(), StoreError> {
        let age = self.poller.config.schedule.first_poll_age;
        let not_before = self.now.checked_sub(age).unwrap_or(Timestamp::MIN);
        let is_old = made.entry.published.is_some_and(|claim| claim.at < not_before);
        if self.is_first && is_old {
            return self.withhold(row, TOO_OLD).await;
        }
        self.report.notes.extend(made.notes);
        let item = Item {
            entry: crate::model::Entry { source_entry_id: row.id, ..made.entry },
            row_hash: row.hash,
            row: serde_json::to_string(&row.raw).ok(),
            is_backlog: self.is_first || self.is_accepted,
            ends_pending: true,
        };
        self.push(Step::Entry(Box::new(item))).await
    }

    /// An article that failed is tried again; after a few times the item is published with what its row gives.
    async fn failed(
        &mut self,
        row: Row,
        pending: Option<PendingRow>,
        fault: &Fault,
    ) -> Result<(), StoreError> {
        let n_failures = pending.as_ref().map_or(0, |pending| pending.n_failures) + 1;
        let was_filling = pending.as_ref().is_some_and(|pending| pending.state == PendingState::Filling);
        let gives_up = n_failures >= MAX_FAILURES + GIVE_UP_AFTER;
        // A home page's link is known to be news only by its article.
        let publishes = n_failures >= MAX_FAILURES && self.source.kind != Kind::Site;
        let state = match (gives_up, publishes) {
            (true, _) => PendingState::Withheld,
            (false, true) => PendingState::Filling,
            (false, false) => PendingState::Retry,
        };
        self.report.notes.push(format!("article of `{}` failed: {}", row.raw.title.trim(), fault.sentence));
        let mut aside = self.aside(row.clone(), state, fault.told());
        aside.n_failures = n_failures;
        aside.seen_at = pending.map_or(self.now, |pending| pending.seen_at);
        if state != PendingState::Withheld {
            aside.next_try_at = self.now.checked_add(retry_after(n_failures)).unwrap_or(NEVER);
        }
        self.push(Step::Aside(aside)).await?;
        if publishes && !was_filling && !gives_up { self.take_row_alone(row, true).await } else { Ok(()) }
    }

    /// Publishes an item with what its row gives; `is_filling` keeps its article wanted.
    async fn take_row_alone(&mut self, row: Row, is_filling: bool) -> Result<(), StoreError> {
        let context = context(self.source, &self.poller.config, self.now);
        let Some(made) = normalise(row.raw.clone(), &context) else {
            return self.withhold(row, NOTHING_TO_SHOW).await;
        };
        let item = Item {
            entry: crate::model::Entry { source_entry_id: row.id, ..made.entry },
            row_hash: row.hash,
            row: serde_json::to_string(&row.raw).ok(),
            is_backlog: self.is_first || self.is_accepted,
            ends_pending: !is_filling,
        };
        self.push(Step::Entry(Box::new(item))).await
    }

    /// Tries again the articles that failed before and are due.
    async fn take_pending(&mut self) -> Result<(), StoreError> {
        // Entries that are whole need no article, so that all can be taken at once.
        let is_whole = !self.source.fetch_articles;
        let limit = if is_whole { MAX_ACCEPTED } else { self.poller.config.schedule.max_articles };
        let due = self.poller.store.due_pending(self.key(), self.now, limit).await?;
        for pending in due {
            if self.stopped {
                break;
            }
            let row = Row { id: pending.source_entry_id.clone(), raw: pending.row.clone(), hash: None };
            let is_story = self.source.kind == Kind::Digest && row.raw.content_html.is_some();
            let hash = rows::row_hash(&row.raw, self.source.kind, is_whole || is_story);
            let row = Row { hash, ..row };
            self.is_accepted = pending.state == PendingState::Accepted;
            if is_whole || is_story {
                self.take_row_alone(row, false).await?;
            } else {
                self.take_article(row, None, Some(pending)).await?;
            }
            self.is_accepted = false;
        }
        Ok(())
    }

    /// Visits recent articles again whose time has come: that is how changes and withdrawals are seen.
    async fn revisit(&mut self, last_poll_at: Timestamp) -> Result<(), StoreError> {
        let longest = REVISITS.last().copied().unwrap_or_default() + self.poller.config.schedule.max_interval;
        let since = self.now.checked_sub(longest).unwrap_or(Timestamp::MIN);
        let recent = self.poller.store.recent_entries(self.key(), since, 500).await?;
        let due = recent.into_iter().filter(|known| {
            known.row.is_some() && revisit_due(known.seen_at, known.gone_at, last_poll_at, self.now)
        });
        for known in due.take(MAX_REVISITS).collect::<Vec<_>>() {
            if self.stopped {
                break;
            }
            let raw: Option<RawEntry> = known.row.as_deref().and_then(|row| serde_json::from_str(row).ok());
            let Some(raw) = raw else { continue };
            let hash = rows::article_row_hash(&raw, self.source.kind);
            let row = Row { id: known.source_entry_id.clone(), raw, hash };
            self.take_article(row, Some(known), None).await?;
        }
        Ok(())
    }

    /// Keeps a row aside for good, with the reason.
    async fn withhold(&mut self, row: Row, reason: &str) -> Result<(), StoreError> {
        let row = self.aside(row, PendingState::Withheld, reason.to_owned());
        self.push(Step::Aside(row)).await
    }

    pub(super) fn aside(&self, row: Row, state: PendingState, reason: String) -> PendingRow {
        PendingRow {
            source_entry_id: row.id,
            row: row.raw,
            state,
            reason,
            n_failures: 0,
            next_try_at: NEVER,
            seen_at: self.now,
        }
    }

    pub(super) async fn push(&mut self, step: Step) -> Result<(), StoreError> {
        if let Step::Entry(item) = &step {
            self.n_entries += 1;
            self.report.numbers.n_taken += 1;
            self.report.numbers.n_empty += usize::from(item.entry.content_text.is_empty());
        }
        self.steps.push(step);
        if self.n_entries >= MAX_BATCH || self.flushed.elapsed() >= FLUSH_AFTER {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let steps = std::mem::take(&mut self.steps);
        self.n_entries = 0;
        self.flushed = Instant::now();
        // In a box: it would make the future of every poll larger.
        let writing = ingest::write(&self.poller.store, &self.poller.config, self.source, steps, self.now);
        let tally = Box::pin(writing).await?;
        self.tally.n_new += tally.n_new;
        self.tally.n_updated += tally.n_updated;
        self.tally.n_unchanged += tally.n_unchanged;
        Ok(())
    }
}
