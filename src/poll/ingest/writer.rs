//! The writing of one transaction: what was decided becomes rows, in the order in which it came.

use super::{
    Item, Step, Tally,
    judging::{self, evidence},
    settling::{self, after, before, first_times, is_gone},
};
use crate::{
    config::{Config, SourceConfig},
    dedup::{Features, Rule, Verdict},
    model::{Entry, Published, Timestamp},
    normalise::{fingerprint, minted_id, source_atom_id, time::shown_at},
    store::{Batch, Cause, KnownEntry, NewEntry, StoreError},
};

/// Writes the steps of one source in one transaction.
pub(super) struct Writer<'a> {
    pub(super) batch: Batch,
    pub(super) config: &'a Config,
    pub(super) source: &'a SourceConfig,
    pub(super) now: Timestamp,
}

impl Writer<'_> {
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
        let features = judging::features(&item.entry, shown.at);
        self.batch.revise_entry(known.id, &self.row(item, &features, digest, shown)).await?;
        self.touch_source();
        self.settle(known.story_id, Some(known.id)).await
    }

    async fn add(&mut self, item: &Item, digest: &str) -> Result<(), StoreError> {
        let entry = &item.entry;
        let shown = shown_at(entry.published, self.now, self.source.zone);
        let features = judging::features(entry, shown.at);
        let row = self.row(item, &features, digest, shown);
        let settings = judging::settings(self.config);
        let (from, to) = (before(shown.at, settings.window), after(shown.at, settings.window));
        let candidates = self.batch.candidates(&features, from, to).await?;
        self.touch_source();
        let judgement = judging::judge(&features, &candidates, &settings);
        let row = NewEntry { evidence: evidence(&judgement), ..row };
        match judgement.verdict {
            Verdict::Join { story_id, rule, .. } => self.join(&row, story_id, rule, judgement.merges).await,
            Verdict::New => self.open_story(item, &row, shown).await,
        }
    }

    /// Adds another copy to a story; stories that it shows to be the same become the oldest of them.
    async fn join(
        &mut self,
        row: &NewEntry<'_>,
        story_id: i64,
        rule: Rule,
        merges: Vec<i64>,
    ) -> Result<(), StoreError> {
        let entry_id = self.batch.insert_entry(row, story_id, rule.as_str()).await?;
        self.batch.visible(story_id);
        let mut goes_on = story_id;
        for other in merges {
            // What the operator parted stays apart, whatever arrives.
            if self.batch.kept_apart(goes_on, other).await? {
                continue;
            }
            let (older, younger) = (goes_on.min(other), goes_on.max(other));
            self.batch.unite(younger, older, Cause::Arrival(entry_id), self.now).await?;
            goes_on = older;
        }
        self.settle(goes_on, None).await
    }

    async fn open_story(
        &mut self,
        item: &Item,
        row: &NewEntry<'_>,
        shown: Published,
    ) -> Result<(), StoreError> {
        let atom_id = self.atom_id(&item.entry).await?;
        let (updated_at, changed_at) = first_times(item, shown, self.config, self.now);
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

    async fn settle(&mut self, story_id: i64, revised: Option<i64>) -> Result<(), StoreError> {
        settle(&mut self.batch, self.config, story_id, revised, self.now).await
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

/// Chooses anew which entry of a story readers get, and tells them when what they see has changed.
pub(crate) async fn settle(
    batch: &mut Batch,
    config: &Config,
    story_id: i64,
    revised: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tellings = batch.tellings(story_id).await?;
    let shown = batch.shown(story_id).await?;
    match settling::settled(&tellings, shown, revised, config, now) {
        Some(shown) => batch.change_story(story_id, shown, now).await,
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
    match settling::settled(&tellings, shown, Some(shown.canonical_id), config, now) {
        Some(shown) => {
            let changed_at = settling::place(false, shown.published, config, now);
            batch.change_story(story_id, shown, changed_at).await
        }
        None => Ok(()),
    }
}
