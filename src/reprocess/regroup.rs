//! Which stored entries are one story under today's rules, and which of them readers get: the difference to what is, and
//! its writing.
//!
//! **Invariant:** ids stay. Of stories that become one the oldest goes on; what leaves a story gets the id back that it
//! once had, or a new one. Entries that are no longer compared keep their story.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io,
    sync::Arc,
};

use super::spill::Spill;
use crate::{
    config::Config,
    dedup::{Judgement, Replay, Replayed, Rule, Verdict},
    model::Timestamp,
    poll::ingest,
    rulings::open_story,
    store::{Batch, Cause, ReplayEntry, ReplayPlace, Store, StoreError, Telling},
};

/// Entries read at once.
const STEP: usize = 200;
/// Stories written in one transaction.
const STORIES: usize = 50;

/// Why a replay cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum RegroupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is compared cannot be kept while it runs.
    #[error("what is compared cannot be kept in a file beside the store; check that there is room")]
    Spill(#[from] io::Error),
}

/// A story that is put together otherwise today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regrouped {
    /// The story that goes on; `None` where the entries get one of their own.
    pub story: Option<i64>,
    /// Stories that end in it.
    pub ends: Vec<i64>,
    /// Entries that come from stories which go on without them.
    pub comes: Vec<i64>,
    /// All its entries with the rule that joins each today, and their titles.
    pub entries: Vec<(i64, String, String)>,
}

/// A story of the same entries, of which readers get another today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reshown {
    /// The story.
    pub story: i64,
    /// The entry that they get, and its title.
    pub before: (i64, String),
    /// The entry that they would get, and its title.
    pub after: (i64, String),
}

/// What a replay came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regrouping {
    /// Entries that were compared.
    pub n_entries: usize,
    /// Stories before, and under today's rules.
    pub n_stories: (usize, usize),
    /// What is put together otherwise.
    pub changes: Vec<Regrouped>,
    /// What is shown otherwise.
    pub reshown: Vec<Reshown>,
    /// Rules and evidence of today, of entries that are placed otherwise.
    rules: HashMap<i64, (Rule, Option<String>)>,
}

/// What was seen of entries while they were replayed.
#[derive(Debug, Default)]
struct Seen {
    rules: HashMap<i64, Rule>,
    /// What was seen, of entries that are placed otherwise.
    replaced: HashMap<i64, Option<String>>,
    /// Only of entries that have others beside them.
    tellings: HashMap<i64, Telling>,
}

/// Replays all entries that are still compared; nothing is written.
pub async fn regroup(store: &Store, config: &Config, now: Timestamp) -> Result<Regrouping, RegroupError> {
    let since = now.checked_sub(config.dedup.settings.window * 2).unwrap_or(Timestamp::MIN);
    let places = store.replay_places(since).await?;
    let story_of: HashMap<i64, i64> = places.iter().map(|place| (place.entry_id, place.story_id)).collect();
    let mut n_of: HashMap<i64, usize> = HashMap::new();
    for place in &places {
        *n_of.entry(place.story_id).or_default() += 1;
    }
    let shelf = Spill::beside(store.path())?;
    let mut replay = Replay::new(ingest::settings(config).clone(), store.ruled().await?, shelf);
    let mut seen = Seen::default();
    for step in places.chunks(STEP) {
        let ids: Vec<i64> = step.iter().map(|place| place.entry_id).collect();
        let mut entries = store.replay_entries(&ids).await?;
        for place in step {
            let Some(entry) = entries.remove(&place.entry_id) else { continue };
            let judgement = replay.add(replayed(&entry, *place, config))?;
            seen.rules.insert(place.entry_id, rule(judgement.as_ref(), &entry));
            if let Some(judgement) = judgement.filter(|it| !stays(it, *place, &story_of)) {
                seen.replaced.insert(place.entry_id, ingest::evidence(&judgement));
            }
            if n_of.get(&place.story_id).is_some_and(|n| *n > 1) {
                seen.tellings.insert(place.entry_id, entry.telling);
            }
        }
    }
    let groups = replay.groups();
    drop(replay);
    let mut found = difference(&places, &story_of, &groups, seen.rules, seen.replaced);
    found.reshown = reshown(&places, &found, &seen.tellings, config, now);
    name(store, &mut found).await?;
    Ok(found)
}

fn replayed(entry: &ReplayEntry, place: ReplayPlace, config: &Config) -> Replayed {
    Replayed {
        features: Arc::new(ingest::features_of_stored(entry, config)),
        rank: ingest::rank(&entry.telling, config),
        fixed: place.is_fixed.then_some(place.story_id),
    }
}

fn rule(judgement: Option<&Judgement>, entry: &ReplayEntry) -> Rule {
    match judgement.map(|judgement| &judgement.verdict) {
        Some(Verdict::Join { .. }) if entry.telling.is_correction => Rule::Correction,
        Some(Verdict::Join { rule, .. }) => *rule,
        Some(Verdict::New) => Rule::First,
        None => Rule::from_name(&entry.rule).unwrap_or(Rule::First),
    }
}

/// Whether an entry only stays with one of its own story: then what is kept of it says that already.
fn stays(judgement: &Judgement, place: ReplayPlace, story_of: &HashMap<i64, i64>) -> bool {
    let where_it_was = match judgement.verdict {
        Verdict::New => place.is_opener,
        Verdict::Join { entry_id, .. } => {
            !place.is_opener && story_of.get(&entry_id) == Some(&place.story_id)
        }
    };
    where_it_was && judgement.merges.is_empty()
}

/// What differs. A story's id belongs to the entries among which the one is that opened it.
fn difference(
    places: &[ReplayPlace],
    story_of: &HashMap<i64, i64>,
    groups: &[Vec<i64>],
    rules: HashMap<i64, Rule>,
    mut replaced: HashMap<i64, Option<String>>,
) -> Regrouping {
    let mut owner: BTreeMap<i64, i64> = BTreeMap::new();
    for place in places {
        let known = owner.entry(place.story_id).or_insert(place.entry_id);
        if place.is_opener {
            *known = place.entry_id;
        }
    }
    let mut found = Regrouping {
        n_entries: places.len(),
        n_stories: (owner.len(), groups.len()),
        ..Regrouping::default()
    };
    for group in groups {
        let members: HashSet<i64> = group.iter().copied().collect();
        let stories: BTreeSet<i64> = group.iter().filter_map(|entry| story_of.get(entry)).copied().collect();
        let is_owned = |story: &i64| owner.get(story).is_some_and(|entry| members.contains(entry));
        let goes_on: BTreeSet<i64> = stories.into_iter().filter(is_owned).collect();
        let comes = |entry: &i64| story_of.get(entry).is_some_and(|story| !goes_on.contains(story));
        let comes: Vec<i64> = group.iter().copied().filter(comes).collect();
        if goes_on.len() < 2 && comes.is_empty() {
            continue;
        }
        let told = |entry: &i64| {
            let rule = rules.get(entry).map_or("", |rule| rule.as_str());
            (*entry, rule.to_owned(), String::new())
        };
        found.changes.push(Regrouped {
            story: goes_on.first().copied(),
            ends: goes_on.iter().skip(1).copied().collect(),
            comes,
            entries: group.iter().map(told).collect(),
        });
    }
    let changed: BTreeSet<i64> =
        found.changes.iter().flat_map(|change| change.entries.iter().map(|entry| entry.0)).collect();
    let changed_rules = rules.into_iter().filter(|(entry, _)| changed.contains(entry));
    found.rules =
        changed_rules.filter_map(|(entry, rule)| Some((entry, (rule, replaced.remove(&entry)?)))).collect();
    found
}

/// Stories of the same entries of which readers would get another: roles may have another order.
fn reshown(
    places: &[ReplayPlace],
    found: &Regrouping,
    tellings: &HashMap<i64, Telling>,
    config: &Config,
    now: Timestamp,
) -> Vec<Reshown> {
    let mut of_story: BTreeMap<i64, (Option<i64>, Vec<Telling>)> = BTreeMap::new();
    let of_changes = found.changes.iter().flat_map(|change| &change.entries);
    let changed: HashSet<i64> = of_changes.map(|(entry, ..)| *entry).collect();
    for place in places.iter().filter(|place| !place.is_fixed && !changed.contains(&place.entry_id)) {
        let Some(telling) = tellings.get(&place.entry_id) else { continue };
        let (shown, tellings) = of_story.entry(place.story_id).or_default();
        tellings.push(telling.clone());
        if place.is_shown {
            *shown = Some(place.entry_id);
        }
    }
    let otherwise = |(story, (shown, tellings)): (i64, (Option<i64>, Vec<Telling>))| {
        let (before, after) = (shown?, ingest::best(&tellings, config, now)?);
        let unnamed = |entry| (entry, String::new());
        (before != after).then(|| Reshown { story, before: unnamed(before), after: unnamed(after) })
    };
    of_story.into_iter().filter_map(otherwise).collect()
}

/// Reads the titles of what differs.
async fn name(store: &Store, found: &mut Regrouping) -> Result<(), StoreError> {
    let of_changes = found.changes.iter_mut().flat_map(|change| &mut change.entries);
    let mut unnamed: Vec<(i64, &mut String)> = of_changes.map(|(id, _, title)| (*id, title)).collect();
    for story in &mut found.reshown {
        unnamed.extend([&mut story.before, &mut story.after].map(|(id, title)| (*id, title)));
    }
    for step in unnamed.chunks_mut(STEP) {
        let ids: Vec<i64> = step.iter().map(|(id, _)| *id).collect();
        let names = store.entry_names(&ids).await?;
        let names: HashMap<i64, String> = names.into_iter().map(|name| (name.id, name.title)).collect();
        for (id, title) in step {
            **title = names.get(id).cloned().unwrap_or_default();
        }
    }
    Ok(())
}

/// Writes what differs: first what leaves a story, then what becomes one, last what is shown otherwise; each story in one
/// transaction.
pub async fn apply(
    store: &Store,
    config: &Config,
    regrouping: &Regrouping,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut stories = Vec::new();
    for changes in regrouping.changes.chunks(STORIES) {
        let mut batch = store.begin().await?;
        for change in changes {
            stories.push(take_in(&mut batch, config, regrouping, change, now).await?);
        }
        batch.commit().await?;
    }
    let changes = regrouping.changes.iter().zip(stories);
    let ending: Vec<_> = changes.filter(|(change, _)| !change.ends.is_empty()).collect();
    for ending in ending.chunks(STORIES) {
        let mut batch = store.begin().await?;
        for (change, story) in ending {
            for younger in &change.ends {
                batch.unite(*younger, *story, Cause::Replay, now).await?;
            }
            let shown = batch.shown(*story).await?.canonical_id;
            ingest::settle(&mut batch, config, *story, Some(shown), now).await?;
        }
        batch.commit().await?;
    }
    for reshown in regrouping.reshown.chunks(STORIES) {
        let mut batch = store.begin().await?;
        for reshown in reshown {
            ingest::settle(&mut batch, config, reshown.story, None, now).await?;
        }
        batch.commit().await?;
    }
    Ok(())
}

/// Brings entries out of other stories into this one; says which it is.
async fn take_in(
    batch: &mut Batch,
    config: &Config,
    regrouping: &Regrouping,
    change: &Regrouped,
    now: Timestamp,
) -> Result<i64, StoreError> {
    for (entry, ..) in &change.entries {
        if let Some((rule, evidence)) = regrouping.rules.get(entry) {
            batch.keep_rule(*entry, rule.as_str(), evidence.as_deref()).await?;
        }
    }
    let mut left = BTreeSet::new();
    for entry in &change.comes {
        left.insert(batch.origin(*entry).await?.story_id);
    }
    let target = match (change.story, change.comes.first()) {
        (Some(known), _) => known,
        (None, Some(first)) => match batch.own_story(&change.comes).await? {
            Some(own) => {
                batch.revive_story(own).await?;
                own
            }
            None => open_story(batch, config, *first, now).await?,
        },
        (None, None) => return Ok(0),
    };
    if !change.comes.is_empty() {
        batch.move_entries(&change.comes, target, Cause::Replay, now).await?;
        for left in left {
            let shown = batch.shown(left).await?.canonical_id;
            ingest::settle(batch, config, left, Some(shown), now).await?;
        }
        ingest::settle_parted(batch, config, target, now).await?;
    }
    Ok(target)
}
