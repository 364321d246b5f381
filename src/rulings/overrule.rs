//! Splitting and joining, and the taking back of either: each in one transaction.

use super::{Target, TargetError};
use crate::{
    config::Config,
    model::{SourceKey, Timestamp},
    normalise::minted_id,
    poll::ingest,
    store::{Batch, Cause, Ruling, RulingKind, Shown, Store, StoreError, Telling},
};

/// Ids tried for one entry before it is given up; more than two were never needed.
const MAX_IDS: usize = 1_000;

/// Carries out what the operator rules.
#[derive(Debug, Clone, Copy)]
pub struct Overruler<'a> {
    /// The store; another process may write to it too.
    pub store: &'a Store,
    /// The configuration: which copy readers get, and under which domain new ids are minted.
    pub config: &'a Config,
    /// The time of the ruling.
    pub now: Timestamp,
}

/// What came of a ruling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// The story that went on.
    pub kept: i64,
    /// The story that was opened, or that ended; `None` when both sides were one story already.
    pub other: Option<i64>,
    /// Entries that moved.
    pub n_moved: usize,
}

impl Overruler<'_> {
    /// Takes entries out of their story into one of their own, and remembers that they are another.
    pub async fn split(&self, names: &[String], why: Option<&str>) -> Result<Done, TargetError> {
        let (story, entries) = self.entries(names).await?;
        let mut batch = self.store.begin().await?;
        let all = batch.entries_of(story).await?;
        let rest: Vec<i64> = all.iter().copied().filter(|id| !entries.contains(id)).collect();
        if rest.is_empty() {
            return Err(TargetError::Unfit(
                "nothing of the story would be left: name those of its entries that are another story".into(),
            ));
        }
        batch.drop_ruled(RulingKind::Join, (&entries, &rest), self.now).await?;
        let (leave, own) = self.parting(&mut batch, story, entries.clone(), rest.clone()).await?;
        let ruled = (entries.as_slice(), rest.as_slice());
        let ruling = batch.keep_ruling(RulingKind::Split, ruled, (story, own), why, self.now).await?;
        batch.move_entries(&leave, own, Cause::Ruling(ruling), self.now).await?;
        self.part(batch, story, own).await?;
        Ok(Done { kept: story, other: Some(own), n_moved: leave.len() })
    }

    /// Makes two stories one, and remembers that they are.
    pub async fn join(&self, one: &str, other: &str, why: Option<&str>) -> Result<Done, TargetError> {
        let sides = (Target::find(self.store, one).await?, Target::find(self.store, other).await?);
        let stories = (sides.0.story(one)?, sides.1.story(other)?);
        let mut batch = self.store.begin().await?;
        let (older, younger) = (stories.0.min(stories.1), stories.0.max(stories.1));
        let named = (named(&mut batch, &sides.0).await?, named(&mut batch, &sides.1).await?);
        if older == younger {
            if named.0 == named.1 {
                return Err(TargetError::Unfit(format!("`{one}` and `{other}` are the same")));
            }
            batch.keep_ruling(RulingKind::Join, (&named.0, &named.1), (older, older), why, self.now).await?;
            batch.commit().await?;
            return Ok(Done { kept: older, other: None, n_moved: 0 });
        }
        let entries = (batch.entries_of(older).await?, batch.entries_of(younger).await?);
        batch.drop_ruled(RulingKind::Split, (&entries.0, &entries.1), self.now).await?;
        let ends = (younger, older);
        let ruling = batch.keep_ruling(RulingKind::Join, (&named.0, &named.1), ends, why, self.now).await?;
        self.unite(batch, younger, older, Cause::Ruling(ruling)).await?;
        Ok(Done { kept: older, other: Some(younger), n_moved: entries.1.len() })
    }

    /// Takes the latest split of these entries back: what left its story returns to it.
    pub async fn undo_split(&self, names: &[String]) -> Result<Done, TargetError> {
        let (story, entries) = self.entries(names).await?;
        let mut batch = self.store.begin().await?;
        let found = batch.rulings_about(RulingKind::Split, &entries).await?;
        let none = "no split of this is in force; `dibao explain` shows the rulings about it";
        let ruling = found.into_iter().next().ok_or_else(|| TargetError::Unfit(none.into()))?;
        batch.drop_ruling(ruling.id, self.now).await?;
        let (left, own) =
            (self.store.survivor(ruling.from_story).await?, self.store.survivor(ruling.into_story).await?);
        if left == own {
            batch.commit().await?;
            return Ok(Done { kept: story, other: None, n_moved: 0 });
        }
        if batch.kept_apart(left, own).await? {
            let words =
                "another ruling keeps the two apart; `dibao explain` shows it, `dibao join` overrules it";
            return Err(TargetError::Unfit(words.into()));
        }
        let (older, younger) = (left.min(own), left.max(own));
        let n_moved = batch.entries_of(younger).await?.len();
        self.unite(batch, younger, older, Cause::Ruling(ruling.id)).await?;
        Ok(Done { kept: older, other: Some(younger), n_moved })
    }

    /// Takes a join back: what came from the story that ended gets it back.
    pub async fn undo_join(&self, one: &str, other: &str) -> Result<Done, TargetError> {
        let sides = (Target::find(self.store, one).await?, Target::find(self.store, other).await?);
        let story = sides.0.story(one)?;
        if story != sides.1.story(other)? {
            return Err(TargetError::Unfit(format!(
                "`{one}` and `{other}` are two stories; there is nothing to undo"
            )));
        }
        let mut batch = self.store.begin().await?;
        let ruling = self.join_of(&mut batch, story, &sides).await?;
        let moved = batch.moved_by(&ruling).await?;
        batch.drop_ruling(ruling.id, self.now).await?;
        let stays = batch.entries_of(story).await?.len() > moved.len();
        if moved.is_empty() || !stays || ruling.into_story != story {
            batch.commit().await?;
            return Ok(Done { kept: story, other: None, n_moved: 0 });
        }
        batch.revive_story(ruling.from_story).await?;
        batch.move_entries(&moved, ruling.from_story, Cause::Ruling(ruling.id), self.now).await?;
        self.part(batch, story, ruling.from_story).await?;
        Ok(Done { kept: story, other: Some(ruling.from_story), n_moved: moved.len() })
    }

    /// The entries that are named, which must be of one story.
    async fn entries(&self, names: &[String]) -> Result<(i64, Vec<i64>), TargetError> {
        let mut entries = Vec::new();
        let mut stories = Vec::new();
        for name in names {
            let target = Target::find(self.store, name).await?;
            let Target::Entries(places) = &target else {
                let words = format!(
                    "`{name}` is a story; name the entries that are to leave it (`dibao explain {name}` shows them)"
                );
                return Err(TargetError::Unfit(words));
            };
            stories.push(target.story(name)?);
            entries.extend(places.iter().map(|place| place.entry_id));
        }
        entries.sort_unstable();
        entries.dedup();
        stories.dedup();
        match stories.as_slice() {
            [story] => Ok((*story, entries)),
            _ => Err(TargetError::Unfit("these entries stand in several stories; name those of one".into())),
        }
    }

    /// Which of two parts of a story leaves it, and for which story: those that were split off, to one that they had,
    /// else to a new one; but where the story began with them and the rest had one of its own, the rest returns there.
    async fn parting(
        &self,
        batch: &mut Batch,
        story: i64,
        split: Vec<i64>,
        rest: Vec<i64>,
    ) -> Result<(Vec<i64>, i64), StoreError> {
        let mut own = batch.own_story(&split).await?;
        let mut leave = split;
        if batch.opener(story).await?.is_some_and(|opener| leave.contains(&opener))
            && let Some(theirs) = batch.own_story(&rest).await?
        {
            (leave, own) = (rest, Some(theirs));
        }
        let own = if let Some(own) = own {
            batch.revive_story(own).await?;
            own
        } else {
            let first = leave.first().copied().unwrap_or_default();
            open_story(batch, self.config, first, self.now).await?
        };
        Ok((leave, own))
    }

    /// Settles two stories that were one; readers see both move.
    async fn part(&self, mut batch: Batch, kept: i64, own: i64) -> Result<(), StoreError> {
        let shown = batch.shown(kept).await?.canonical_id;
        ingest::settle(&mut batch, self.config, kept, Some(shown), self.now).await?;
        ingest::settle_parted(&mut batch, self.config, own, self.now).await?;
        batch.commit().await
    }

    async fn unite(
        &self,
        mut batch: Batch,
        younger: i64,
        older: i64,
        cause: Cause,
    ) -> Result<(), StoreError> {
        batch.unite(younger, older, cause, self.now).await?;
        let shown = batch.shown(older).await?.canonical_id;
        ingest::settle(&mut batch, self.config, older, Some(shown), self.now).await?;
        batch.commit().await
    }

    /// The latest join in force between two sides of one story.
    async fn join_of(
        &self,
        batch: &mut Batch,
        story: i64,
        sides: &(Target, Target),
    ) -> Result<Ruling, TargetError> {
        let all = batch.entries_of(story).await?;
        let found = batch.rulings_between(RulingKind::Join, (&all, &all)).await?;
        let mut fits = Vec::new();
        for ruling in found {
            let ruled = batch.ruled_by(ruling.id).await?;
            let touches = |target: &Target| match target {
                Target::Story { named_id, .. } => {
                    *named_id == story || *named_id == ruling.from_story || *named_id == ruling.into_story
                }
                Target::Entries(places) => places.iter().any(|place| ruled.contains(&place.entry_id)),
            };
            if touches(&sides.0) && touches(&sides.1) {
                fits.push(ruling);
            }
        }
        let none = "no join of these is in force; `dibao explain` shows the rulings about the story";
        fits.into_iter().next().ok_or_else(|| TargetError::Unfit(none.into()))
    }
}

/// The entries for which a ruling is kept: those named, or the one that readers get of a story.
async fn named(batch: &mut Batch, target: &Target) -> Result<Vec<i64>, StoreError> {
    match target {
        Target::Entries(places) => Ok(places.iter().map(|place| place.entry_id).collect()),
        Target::Story { story_id, .. } => Ok(vec![batch.shown(*story_id).await?.canonical_id]),
    }
}

/// Opens a story for an entry that stands in another: its id is the upstream's own, else minted as at first sight, and
/// if both are taken minted anew. The caller moves entries into it and settles it.
pub(crate) async fn open_story(
    batch: &mut Batch,
    config: &Config,
    entry_id: i64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let origin = batch.origin(entry_id).await?;
    let atom_id = free_id(batch, config, &origin, now).await?;
    let tellings = batch.tellings(origin.story_id).await?;
    let published = tellings
        .iter()
        .find(|telling| telling.entry_id == entry_id)
        .map(|telling: &Telling| telling.published);
    let shown: Shown = batch.shown(origin.story_id).await?;
    let published = published.unwrap_or(shown.published);
    let story = batch.insert_story(&atom_id, published, shown.updated_at.min(now), now, now).await?;
    batch.opened_by(story, entry_id).await?;
    Ok(story)
}

async fn free_id(
    batch: &mut Batch,
    config: &Config,
    origin: &crate::store::Origin,
    now: Timestamp,
) -> Result<String, StoreError> {
    if let Some(id) = &origin.upstream_id
        && !batch.atom_id_taken(id).await?
    {
        return Ok(id.clone());
    }
    let corrupt = || StoreError::Corrupt { what: "source", value: origin.source_key.clone() };
    let source = SourceKey::parse(&origin.source_key).map_err(|_| corrupt())?;
    let authority = config.feed.authority.as_deref();
    for n in 0..MAX_IDS {
        let name =
            if n == 0 { origin.source_entry_id.clone() } else { format!("{}\n{n}", origin.source_entry_id) };
        let id = minted_id(&source, &name, authority, now).0;
        if !batch.atom_id_taken(&id).await? {
            return Ok(id);
        }
    }
    Err(StoreError::Corrupt { what: "story id", value: origin.source_entry_id.clone() })
}
