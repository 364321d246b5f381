//! Entries into the store: new story, revision, or another copy of a known story. Decisions are `dedup`'s.

use std::{collections::HashSet, time::Duration};

use jiff::SignedDuration;

use crate::{
    config::{Config, SourceConfig},
    dedup::{self, Features, Judgement, Parts, Rank, Rule, Settings, Tables, Verdict},
    extract::Document,
    model::{Bureau, Entry, Published, Timestamp},
    normalise::{fingerprint, minted_id, source_atom_id, time::shown_at},
    store::{Batch, KnownEntry, NewEntry, PendingRow, Shown, Store, StoreError, Telling, Validators},
};

/// Entries written in one transaction, at most.
pub const MAX_BATCH: usize = 20;

/// The least by which a story's `updated` moves: feeds print it to the second, and readers must see that it moved.
const UPDATED_STEP: Duration = Duration::from_secs(1);

/// One thing to write.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "at most some dozens at a time")]
pub enum Step {
    /// An entry, with what led to it.
    Entry(Box<Item>),
    /// A row kept aside.
    Aside(PendingRow),
    /// A page that was fetched, with its validators.
    Page(Document, Validators),
    /// A document for keeping.
    Document(Document),
    /// An entry of which the source says that it no longer exists.
    Gone(KnownEntry),
    /// An entry that exists again.
    Returned(KnownEntry),
}

/// An entry to write.
#[derive(Debug)]
pub struct Item {
    /// The entry.
    pub entry: Entry,
    /// Hash of the row that led to it.
    pub row_hash: Option<[u8; 32]>,
    /// That row as JSON, when its article is to be visited again.
    pub row: Option<String>,
    /// Whether it was there before we first came: it takes its place in the window by its time of publication.
    pub is_backlog: bool,
    /// Whether a row kept aside under the same id is done with.
    pub ends_pending: bool,
}

/// How many entries were new and changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// New.
    pub n_new: usize,
    /// Changed.
    pub n_updated: usize,
    /// Known and the same after all.
    pub n_unchanged: usize,
}

/// Writes steps in one transaction.
pub async fn write(
    store: &Store,
    config: &Config,
    source: &SourceConfig,
    steps: Vec<Step>,
    now: Timestamp,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    if steps.is_empty() {
        return Ok(tally);
    }
    let mut writer = Writer { batch: store.begin().await?, config, source, now };
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Entry(item) => Some(item.entry.source_entry_id.as_str()),
            _ => None,
        })
        .collect();
    let mut known = writer.batch.known(source.source.key.as_str(), &ids).await?;
    let mut written = HashSet::new();
    for step in &steps {
        let Step::Entry(item) = step else {
            writer.aside(step).await?;
            continue;
        };
        // An id twice in one batch is one entry; the first telling of it stands.
        if written.insert(item.entry.source_entry_id.as_str()) {
            writer.entry(item, known.remove(&item.entry.source_entry_id), &mut tally).await?;
        }
    }
    writer.batch.commit().await?;
    Ok(tally)
}

struct Writer<'a> {
    batch: Batch,
    config: &'a Config,
    source: &'a SourceConfig,
    now: Timestamp,
}

impl Writer<'_> {
    async fn aside(&mut self, step: &Step) -> Result<(), StoreError> {
        let key = self.source.source.key.as_str();
        match step {
            Step::Aside(row) => self.batch.keep_pending(key, row).await,
            Step::Page(document, validators) => {
                let url = document.url.as_str();
                self.batch.keep_validators(key, url, validators, false, self.now).await?;
                self.batch.keep_document(key, document, self.now).await
            }
            Step::Document(document) => self.batch.keep_document(key, document, self.now).await,
            Step::Gone(known) => self.gone(known).await,
            Step::Returned(known) => self.batch.keep_gone(known.id, None).await,
            Step::Entry(_) => Ok(()),
        }
    }

    /// Gone once is noted; gone again a day later counts: another copy takes its place, or the story is withdrawn.
    async fn gone(&mut self, known: &KnownEntry) -> Result<(), StoreError> {
        let Some(since) = known.gone_at else { return self.batch.keep_gone(known.id, Some(self.now)).await };
        if self.is_gone(Some(since)) && !self.batch.withdraw_if_gone(known.story_id, self.now).await? {
            self.settle(known.story_id, None).await?;
        }
        Ok(())
    }

    /// Whether a document has been gone for long enough to believe it.
    fn is_gone(&self, since: Option<Timestamp>) -> bool {
        let long_enough = SignedDuration::try_from(crate::schedule::GONE_FOR).unwrap_or_default();
        since.is_some_and(|since| self.now.duration_since(since) >= long_enough)
    }

    async fn entry(
        &mut self,
        item: &Item,
        known: Option<KnownEntry>,
        tally: &mut Tally,
    ) -> Result<(), StoreError> {
        let entry = &item.entry;
        let digest = fingerprint(entry);
        match known {
            Some(known) if known.fingerprint == digest.0 => {
                tally.n_unchanged += 1;
                self.same(item, &known).await?;
            }
            Some(known) => {
                tally.n_updated += 1;
                self.revise(item, &known, &digest.0).await?;
            }
            None => {
                tally.n_new += 1;
                self.add(item, &digest.0).await?;
            }
        }
        if item.ends_pending {
            self.batch.drop_pending(entry.source.as_str(), &entry.source_entry_id).await?;
        }
        Ok(())
    }

    async fn same(&mut self, item: &Item, known: &KnownEntry) -> Result<(), StoreError> {
        if let Some(hash) = item.row_hash.filter(|hash| known.row_hash.as_deref() != Some(hash.as_slice())) {
            self.batch.keep_row_hash(known.id, &hash).await?;
        }
        if known.gone_at.is_some() {
            self.batch.keep_gone(known.id, None).await?;
        }
        Ok(())
    }

    async fn revise(&mut self, item: &Item, known: &KnownEntry, digest: &str) -> Result<(), StoreError> {
        let shown = shown_at(item.entry.published, known.seen_at, self.source.zone);
        let features = features(&item.entry, shown.at);
        self.batch.revise_entry(known.id, &self.row(item, &features, digest, shown)).await?;
        self.touch_source();
        self.settle(known.story_id, Some(known.id)).await
    }

    async fn add(&mut self, item: &Item, digest: &str) -> Result<(), StoreError> {
        let entry = &item.entry;
        let shown = shown_at(entry.published, self.now, self.source.zone);
        let features = features(entry, shown.at);
        let row = self.row(item, &features, digest, shown);
        let window = self.config.dedup_window;
        let (from, to) = (before(shown.at, window), after(shown.at, window));
        let candidates = self.batch.candidates(&features, from, to).await?;
        self.touch_source();
        let settings = Settings { window, ..Settings::default() };
        let judgement = dedup::judge(&features, &candidates, &settings);
        let row = NewEntry { evidence: evidence(&judgement), ..row };
        match judgement.verdict {
            Verdict::Join { story_id, rule, .. } => {
                self.batch.insert_entry(&row, story_id, rule.as_str()).await?;
                self.batch.visible(story_id);
                let stories = judgement.merges.into_iter().chain([story_id]);
                let oldest = stories.clone().min().unwrap_or(story_id);
                for younger in stories.filter(|story| *story != oldest) {
                    self.batch.merge_story(younger, oldest, self.now).await?;
                }
                self.settle(oldest, None).await
            }
            Verdict::New => self.open_story(item, &row, shown).await,
        }
    }

    async fn open_story(
        &mut self,
        item: &Item,
        row: &NewEntry<'_>,
        shown: Published,
    ) -> Result<(), StoreError> {
        let atom_id = self.atom_id(&item.entry).await?;
        let updated_at = item.entry.updated_at.unwrap_or(shown.at).max(shown.at);
        let old = before(self.now, self.config.schedule.first_poll_age);
        let changed_at = if item.is_backlog || shown.at < old { shown.at.min(self.now) } else { self.now };
        let story_id = self.batch.insert_story(&atom_id, shown, updated_at, changed_at, self.now).await?;
        let entry_id = self.batch.insert_entry(row, story_id, Rule::First.as_str()).await?;
        self.batch.show(story_id, entry_id, shown).await?;
        self.batch.visible(story_id);
        Ok(())
    }

    /// The upstream's own id when it can be one and names no other story, else a minted one.
    async fn atom_id(&mut self, entry: &Entry) -> Result<String, StoreError> {
        if let Some(id) = &entry.upstream_id
            && !self.batch.atom_id_taken(id).await?
        {
            return Ok(id.clone());
        }
        let authority = self.config.feed.authority.as_deref();
        Ok(minted_id(&entry.source, &entry.source_entry_id, authority, self.now).0)
    }

    /// Chooses anew which entry of a story readers get, and tells them when what they see has changed: another
    /// entry, or the present one (`revised`) with a new text.
    async fn settle(&mut self, story_id: i64, revised: Option<i64>) -> Result<(), StoreError> {
        let mut tellings = self.batch.tellings(story_id).await?;
        if tellings.iter().any(|telling| !self.is_gone(telling.gone_at)) {
            tellings.retain(|telling| !self.is_gone(telling.gone_at));
        }
        let ranks: Vec<Rank> = tellings.iter().map(|telling| self.rank(telling)).collect();
        let Some(best) = dedup::canonical(&ranks).map(|rank| rank.entry_id) else { return Ok(()) };
        let now_shown = self.batch.shown(story_id).await?;
        if now_shown.canonical_id == best && revised != Some(best) && !now_shown.is_withdrawn {
            return Ok(());
        }
        let published = tellings
            .iter()
            .find(|telling| telling.entry_id == best)
            .map_or(now_shown.published, |telling| telling.published);
        let updated_at = self.now.max(after(now_shown.updated_at, UPDATED_STEP));
        self.batch
            .change_story(
                story_id,
                Shown { canonical_id: best, published, updated_at, is_withdrawn: false },
                self.now,
            )
            .await
    }

    fn rank(&self, telling: &Telling) -> Rank {
        let is_province = telling
            .bureau
            .as_deref()
            .is_none_or(|name| self.config.bureaus.rows().iter().any(|row| row.bureau == name));
        Rank {
            entry_id: telling.entry_id,
            role: telling.role,
            is_province,
            n_chars: telling.n_chars,
            seen_at: telling.seen_at,
        }
    }

    fn row<'b>(
        &self,
        item: &'b Item,
        features: &'b Features,
        digest: &'b str,
        shown: Published,
    ) -> NewEntry<'b> {
        NewEntry {
            entry: &item.entry,
            title_key: &features.title_key,
            body_hash: features.body_hash,
            features,
            evidence: None,
            fingerprint: digest,
            row_hash: item.row_hash,
            row: item.row.as_deref(),
            shown,
            at: self.now,
        }
    }

    fn touch_source(&mut self) {
        let source = &self.source.source;
        self.batch.touch_source(source, source_atom_id(&source.key), self.now);
    }
}

fn features(entry: &Entry, at: Timestamp) -> Features {
    let region = |bureau: &Bureau| bureau.region.clone();
    let region = entry.region.clone().or_else(|| entry.bureau.as_ref().and_then(region));
    let parts = Parts {
        source_key: entry.source.as_str(),
        source_entry_id: &entry.source_entry_id,
        role: entry.role,
        canonical_url: entry.canonical_url.as_ref(),
        title: &entry.title,
        text: &entry.content_text,
        region: region.as_ref(),
        published_at: at,
    };
    Features::of(&parts, Tables::shipped())
}

/// What was seen at an entry's arrival, for explaining: the comparisons that came near anything.
fn evidence(judgement: &Judgement) -> Option<String> {
    let seen = judgement.seen.iter().map(|seen| {
        let scores = &seen.comparison.scores;
        serde_json::json!({
            "with": seen.entry_id, "story": seen.story_id, "rule": seen.comparison.rule.map(Rule::as_str),
            "c": scores.containment, "j": scores.jaccard, "t": scores.title, "days": scores.days,
            "figures": scores.figures, "vetoes": seen.comparison.vetoes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let seen: Vec<serde_json::Value> = seen.collect();
    (!seen.is_empty()).then(|| serde_json::Value::Array(seen).to_string())
}

fn before(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
