//! The writing of one transaction: what was decided becomes rows, in the order in which it came.

use std::{collections::HashMap, sync::Arc};

use super::{
    Item, Step, Tally,
    judging::{self, evidence},
    settling::{self, Times, first_times, is_gone},
};
use crate::{
    config::{Config, SourceConfig},
    dedup::{self, Candidate, Features, Former, Rule, Verdict},
    exchange::Given,
    model::{Entry, Published, Timestamp},
    normalise::{fingerprint, minted_id, source_atom_id, time::shown_at},
    store::{Batch, Cause, KnownEntry, NewEntry, StoreError},
};

/// What joins an entry to the story that it stood in elsewhere, when its line does not tell.
const GIVEN: &str = "given";

/// Other stories that one names, at most.
const MAX_RELATED: usize = 8;

/// Writes steps in one transaction.
pub(super) struct Writer<'a> {
    pub(super) batch: Batch,
    pub(super) config: &'a Config,
    pub(super) source: &'a SourceConfig,
    /// The time in which entries are seen and compared: the present, but for arrivals from files.
    pub(super) now: Timestamp,
    /// The present: purging goes by it, and so does whether a document has been gone for long.
    pub(super) today: Timestamp,
    /// Where the entry at hand stood in another store.
    pub(super) given: Option<&'a Given>,
    /// What is compared of entries that are not known yet, by their ids, when it was made ahead.
    pub(super) made: HashMap<String, Arc<Features>>,
    /// Stored tellings of former times that have address or text of these entries, by the same.
    formers: HashMap<String, Vec<Former>>,
}

impl<'a> Writer<'a> {
    /// Begins with the present as the time of all.
    pub(super) fn new(batch: Batch, config: &'a Config, source: &'a SourceConfig, now: Timestamp) -> Self {
        Self {
            batch,
            config,
            source,
            now,
            today: now,
            given: None,
            made: HashMap::new(),
            formers: HashMap::new(),
        }
    }

    /// Reads at once what the entries among steps will be compared with that are not known yet.
    pub(super) async fn foresee(
        &mut self,
        steps: &[Step],
        known: &HashMap<String, KnownEntry>,
    ) -> Result<(), StoreError> {
        let entries = steps.iter().filter_map(|step| match step {
            Step::Entry(item) => Some(&item.entry),
            _ => None,
        });
        let new: Vec<&Entry> = entries.filter(|entry| !known.contains_key(&entry.source_entry_id)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let features = |entry: &&Entry| {
            let shown = shown_at(entry.published, self.now, self.source.zone);
            (entry.source_entry_id.clone(), Arc::new(judging::features(entry, shown.at, self.config)))
        };
        self.made = new.iter().map(features).collect();
        let made: Vec<&Features> = self.made.values().map(AsRef::as_ref).collect();
        self.batch.foresee(&made, judging::settings(self.config).window).await?;
        if self.batch.has_past(self.window_start()).await? {
            let formers = self.batch.formers(&made, self.now).await?;
            let id = |features: &&Features| features.source_entry_id.clone();
            self.formers = made.iter().map(id).zip(formers).collect();
        }
        let ids: Vec<String> = new
            .iter()
            .map(|entry| {
                entry.upstream_id.clone().unwrap_or_else(|| self.minted(entry, &entry.source_entry_id))
            })
            .collect();
        self.batch.foresee_ids(&ids).await
    }

    /// Writes what is no entry.
    pub(super) async fn aside(&mut self, step: &Step) -> Result<(), StoreError> {
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
            Step::Attached(attached) => self.batch.attach(attached, self.now).await,
            Step::Entry(_) => Ok(()),
        }
    }

    /// Gone once is noted; gone again a day later counts: another copy takes its place, or the story is withdrawn.
    async fn gone(&mut self, known: &KnownEntry) -> Result<(), StoreError> {
        let Some(since) = known.gone_at else { return self.batch.keep_gone(known.id, Some(self.now)).await };
        let is_gone = is_gone(Some(since), self.now);
        if is_gone && !self.batch.withdraw_if_gone(known.story_id, self.now).await? {
            self.settle(known.story_id, None).await?;
        }
        Ok(())
    }

    /// Writes an entry, known or not.
    pub(super) async fn entry(
        &mut self,
        item: &Item,
        known: Option<KnownEntry>,
        tally: &mut Tally,
    ) -> Result<(), StoreError> {
        let entry = &item.entry;
        let digest = fingerprint(entry);
        match known {
            // Readers no longer see it, whatever it says now.
            Some(known) if known.is_old => tally.n_unchanged += 1,
            Some(known) if known.fingerprint == digest.0 => {
                tally.n_unchanged += 1;
                self.same(item, &known).await?;
            }
            Some(known) => {
                tally.n_updated += 1;
                self.revise(item, &known, &digest.0).await?;
            }
            None if self.add(item, &digest.0).await? => tally.n_new += 1,
            None => tally.n_unchanged += 1,
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
        if known.gone_at.is_some_and(|since| self.now > since) {
            self.batch.keep_gone(known.id, None).await?;
        }
        Ok(())
    }

    /// An entry that arrived from a file which says that it is gone, and its story perhaps withdrawn.
    pub(super) async fn arrived_gone(
        &mut self,
        source_key: &str,
        source_entry_id: &str,
        since: Timestamp,
        withdrawn_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let Some(known) = self.batch.known(source_key, &[source_entry_id]).await?.remove(source_entry_id)
        else {
            return Ok(());
        };
        self.batch.keep_gone(known.id, Some(since)).await?;
        let withdrawn = match withdrawn_at {
            Some(at) => self.batch.withdraw_if_gone(known.story_id, at).await?,
            None => false,
        };
        if withdrawn { Ok(()) } else { self.settle(known.story_id, None).await }
    }

    async fn revise(&mut self, item: &Item, known: &KnownEntry, digest: &str) -> Result<(), StoreError> {
        let shown = shown_at(item.entry.published, known.seen_at, self.source.zone);
        let features = Arc::new(judging::features(&item.entry, shown.at, self.config));
        self.batch.revise_entry(known.id, &self.row(item, &features, digest, shown)).await?;
        self.touch_source();
        // Where only the address is another, since the source changed all of them, readers have seen that already.
        let has_moved = known.former_url.as_ref().is_some_and(|url| {
            fingerprint(&Entry { url: url.clone(), ..item.entry.clone() }).0 == known.fingerprint
        });
        self.settle(known.story_id, Some(known.id).filter(|_| !has_moved)).await
    }

    /// Writes an entry that is not known; says whether it was kept as one, and not only for being known again.
    async fn add(&mut self, item: &Item, digest: &str) -> Result<bool, StoreError> {
        let entry = &item.entry;
        let shown = shown_at(entry.published, self.now, self.source.zone);
        let made = self.made.remove(&entry.source_entry_id);
        let features = made.unwrap_or_else(|| Arc::new(judging::features(entry, shown.at, self.config)));
        let row = self.row(item, &features, digest, shown);
        if let Some(given) = self.given {
            if let Some(story_id) = self.batch.story_under(&given.story).await? {
                return self.join_given(&row, story_id, given).await.map(|()| true);
            }
            if let Some(story_id) = self.batch.old_story_under(&given.story).await? {
                return self.keep_old(item, &features, story_id).await;
            }
        }
        let settings = judging::settings(self.config);
        let candidates = self.batch.candidates(&features, settings.window).await?;
        let judgement = judging::judge(&features, &candidates, settings);
        let row = NewEntry { evidence: evidence(&judgement), ..row };
        let story_id = match judgement.verdict {
            Verdict::Join { story_id, .. } if self.batch.is_old(story_id) => {
                return self.keep_old(item, &features, story_id).await;
            }
            Verdict::Join { story_id, entry_id, .. } if self.batch.is_again(entry_id) => {
                return self.tell_again(&row, story_id).await;
            }
            Verdict::Join { story_id, entry_id, rule } if !self.is_told_apart(story_id).await? => {
                let rule = judging::rule_of(&features, &candidates, &judgement, (entry_id, rule), settings);
                self.join(&row, story_id, rule, &judgement.merges).await?
            }
            Verdict::Join { .. } | Verdict::New => match self.former(&features, &candidates).await? {
                Some(former) if former.is_old => {
                    return self.keep_old(item, &features, former.story_id).await;
                }
                Some(former) => {
                    let row = NewEntry { evidence: Some(judging::evidence_again(&former)), ..row };
                    return self.tell_again(&row, former.story_id).await;
                }
                None => self.open_story(item, &row, shown).await?,
            },
        };
        self.touch_source();
        self.relate(story_id, &judging::related(&judgement)).await?;
        Ok(true)
    }

    /// The telling whose story an entry tells again that is outside the window.
    async fn former(
        &mut self,
        features: &Features,
        candidates: &[Candidate],
    ) -> Result<Option<Former>, StoreError> {
        if !self.batch.has_past(self.window_start()).await? {
            return Ok(None);
        }
        let found = match self.formers.remove(&features.source_entry_id) {
            Some(found) => found,
            None => self.batch.formers(&[features], self.now).await?.pop().unwrap_or_default(),
        };
        // Of what is within the window was judged already.
        let is_judged = |it: &Former| candidates.iter().any(|candidate| candidate.entry_id == it.entry_id);
        let found: Vec<Former> = found.into_iter().filter(|it| !is_judged(it)).collect();
        let former = dedup::again(&found, features.region.as_ref()).cloned();
        match former {
            Some(former) if self.is_told_apart(former.story_id).await? => Ok(None),
            former => Ok(former),
        }
    }

    /// What is older than this may have left the index of candidates.
    fn window_start(&self) -> Timestamp {
        settling::before(self.now, self.config.dedup.settings.window)
    }

    /// Adds an entry to an old story that is still whole. Readers see nothing of it while there is another.
    async fn tell_again(&mut self, row: &NewEntry<'_>, story_id: i64) -> Result<bool, StoreError> {
        self.touch_source();
        let entry_id = self.batch.insert_entry(row, story_id, Rule::Again.as_str()).await?;
        self.batch.told_again(entry_id);
        Ok(true)
    }

    /// Keeps what an entry is known by that tells a story of which nothing else is left.
    async fn keep_old(
        &mut self,
        item: &Item,
        features: &Features,
        story_id: i64,
    ) -> Result<bool, StoreError> {
        self.batch.keep_old(&item.entry, features, story_id, self.now).await?;
        Ok(false)
    }

    /// Keeps which stories are near to one. The younger names the older, so that no story changes by what comes later.
    async fn relate(&mut self, story_id: i64, related: &[(i64, f64)]) -> Result<(), StoreError> {
        let related: Vec<(i64, f64)> =
            related.iter().copied().filter(|(other, _)| !self.batch.is_old(*other)).collect();
        let older: Vec<(i64, f64)> = related.iter().copied().filter(|(other, _)| *other < story_id).collect();
        self.batch.keep_related(story_id, &older, MAX_RELATED).await?;
        for (younger, likeness) in related.iter().filter(|(other, _)| *other > story_id) {
            self.batch.keep_related(*younger, &[(story_id, *likeness)], MAX_RELATED).await?;
            self.batch.visible(*younger);
        }
        Ok(())
    }

    /// Adds another copy to the story that it stood in where it comes from.
    async fn join_given(
        &mut self,
        row: &NewEntry<'_>,
        story_id: i64,
        given: &Given,
    ) -> Result<(), StoreError> {
        self.touch_source();
        self.batch.insert_entry(row, story_id, given.rule.as_deref().unwrap_or(GIVEN)).await?;
        self.batch.visible(story_id);
        self.settle(story_id, None).await
    }

    /// Whether the file that the entry at hand comes from knows the entry's story and this one, and tells them apart.
    async fn is_told_apart(&mut self, story_id: i64) -> Result<bool, StoreError> {
        if self.given.is_none() {
            return Ok(false);
        }
        Ok(self.batch.import_of(story_id).await? == Some(self.today))
    }

    /// Adds another copy to a story; stories that it shows to be the same become the oldest of them.
    async fn join(
        &mut self,
        row: &NewEntry<'_>,
        story_id: i64,
        rule: Rule,
        merges: &[i64],
    ) -> Result<i64, StoreError> {
        let entry_id = self.batch.insert_entry(row, story_id, rule.as_str()).await?;
        self.batch.visible(story_id);
        let mut goes_on = story_id;
        for other in merges.iter().copied() {
            // What the operator parted stays apart, whatever arrives; of an old story nothing is left that could move.
            if self.batch.is_old(other) || self.batch.kept_apart(goes_on, other).await? {
                continue;
            }
            let (older, younger) = (goes_on.min(other), goes_on.max(other));
            self.batch.unite(younger, older, Cause::Arrival(entry_id), self.now).await?;
            goes_on = older;
        }
        self.settle(goes_on, None).await?;
        Ok(goes_on)
    }

    async fn open_story(
        &mut self,
        item: &Item,
        row: &NewEntry<'_>,
        shown: Published,
    ) -> Result<i64, StoreError> {
        let atom_id = match self.given {
            Some(given) => given.story.0.clone(),
            None => self.atom_id(&item.entry).await?,
        };
        let (updated_at, changed_at) = first_times(item, shown, self.config, self.now);
        let story_id = self.batch.insert_story(&atom_id, shown, updated_at, changed_at, self.now).await?;
        let rule = self.given.and_then(|given| given.rule.as_deref()).unwrap_or(Rule::First.as_str());
        let entry_id = self.batch.insert_entry(row, story_id, rule).await?;
        self.batch.show(story_id, entry_id, shown).await?;
        if self.given.is_some() {
            self.batch.keep_import(story_id, self.today).await?;
        }
        self.batch.visible(story_id);
        Ok(story_id)
    }

    /// The upstream's own id when it can be one and names no other story, else a minted one, which a file may have
    /// given to another story already.
    async fn atom_id(&mut self, entry: &Entry) -> Result<String, StoreError> {
        if let Some(id) = &entry.upstream_id
            && !self.batch.atom_id_taken(id).await?
        {
            return Ok(id.clone());
        }
        let mut name = entry.source_entry_id.clone();
        loop {
            let id = self.minted(entry, &name);
            if !self.batch.atom_id_taken(&id).await? {
                return Ok(id);
            }
            name.push('\n');
        }
    }

    fn minted(&self, entry: &Entry, name: &str) -> String {
        minted_id(&entry.source, name, self.config.feed.authority.as_deref(), self.now).0
    }

    async fn settle(&mut self, story_id: i64, revised: Option<i64>) -> Result<(), StoreError> {
        let mut times = Times { now: self.now, today: self.today, place: Timestamp::MIN };
        if self.now < self.today {
            times.place = self.batch.place_of(story_id).await?;
        }
        settle(&mut self.batch, self.config, story_id, revised, times).await
    }

    fn row<'b>(
        &self,
        item: &'b Item,
        features: &'b Arc<Features>,
        digest: &'b str,
        shown: Published,
    ) -> NewEntry<'b> {
        NewEntry {
            entry: &item.entry,
            title_key: &features.title_key,
            body_hash: features.body_hash,
            features: Some(Arc::clone(features)),
            evidence: None,
            fingerprint: digest,
            row_hash: item.row_hash,
            row: item.row.as_deref(),
            shown,
            at: self.now,
            written_at: self.today,
        }
    }

    fn touch_source(&mut self) {
        let source = &self.source.source;
        self.batch.touch_source(source, source_atom_id(&source.key), self.now);
    }
}

/// Chooses anew which entry of a story readers get, and tells them when what they see has changed.
pub(crate) async fn settle(
    batch: &mut Batch,
    config: &Config,
    story_id: i64,
    revised: Option<i64>,
    times: impl Into<Times>,
) -> Result<(), StoreError> {
    let times = times.into();
    let tellings = batch.tellings(story_id).await?;
    let shown = batch.shown(story_id).await?;
    match settling::settled(&tellings, shown, revised, config, times) {
        Some(shown) => batch.change_story(story_id, shown, times.now.max(times.place)).await,
        None => Ok(()),
    }
}

/// The same for a story that was parted from another: what is old takes its place by its time of publication.
pub(crate) async fn settle_parted(
    batch: &mut Batch,
    config: &Config,
    story_id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tellings = batch.tellings(story_id).await?;
    let shown = batch.shown(story_id).await?;
    match settling::settled(&tellings, shown, Some(shown.canonical_id), config, now.into()) {
        Some(shown) => {
            let changed_at = settling::place(false, shown.published, config, now);
            batch.change_story(story_id, shown, changed_at).await
        }
        None => Ok(()),
    }
}
