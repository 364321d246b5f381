//! Which stored entries are one story under today's rules: the difference to what they are, and its writing.
//!
//! **Invariant:** ids stay. Of stories that become one the oldest goes on; what leaves a story gets the id back that it
//! once had, or a new one. Entries that are no longer compared keep their story.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    config::Config,
    dedup::{Features, Judgement, Parts, Replay, Replayed, Rule, Tables, Verdict},
    model::Timestamp,
    poll::ingest,
    rulings::open_story,
    store::{Cause, ReplayEntry, ReplayPlace, Store, StoreError},
};

/// Entries read at once.
const STEP: usize = 200;

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

/// What a replay came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Regrouping {
    /// Entries that were compared.
    pub n_entries: usize,
    /// Stories before, and under today's rules.
    pub n_stories: (usize, usize),
    /// What is otherwise.
    pub changes: Vec<Regrouped>,
    /// Rules and evidence of today, of entries whose story changes.
    rules: HashMap<i64, (Rule, Option<String>)>,
}

/// Replays all entries that are still compared; nothing is written.
pub async fn regroup(store: &Store, config: &Config, now: Timestamp) -> Result<Regrouping, StoreError> {
    let since = now.checked_sub(config.dedup_window * 2).unwrap_or(Timestamp::MIN);
    let places = store.replay_places(since).await?;
    let mut replay = Replay::new(ingest::settings(config), store.ruled().await?);
    let mut titles = HashMap::new();
    let mut rules = HashMap::new();
    for step in places.chunks(STEP) {
        let ids: Vec<i64> = step.iter().map(|place| place.entry_id).collect();
        let mut entries = store.replay_entries(&ids).await?;
        for place in step {
            let Some(entry) = entries.remove(&place.entry_id) else { continue };
            let judgement = replay.add(replayed(&entry, *place, config));
            rules.insert(place.entry_id, rule(judgement.as_ref(), &entry));
            titles.insert(place.entry_id, entry.title);
        }
    }
    Ok(difference(&places, &replay.groups(), &titles, rules))
}

fn replayed(entry: &ReplayEntry, place: ReplayPlace, config: &Config) -> Replayed {
    let parts = Parts {
        source_key: &entry.source_key,
        source_entry_id: &entry.source_entry_id,
        role: entry.telling.role,
        canonical_url: entry.canonical_url.as_ref(),
        title: &entry.title,
        text: &entry.text,
        region: entry.region.as_ref(),
        published_at: entry.published_at,
    };
    Replayed {
        features: Arc::new(Features::of(&parts, Tables::shipped())),
        rank: ingest::rank(&entry.telling, config),
        fixed: place.is_fixed.then_some(place.story_id),
    }
}

fn rule(judgement: Option<&Judgement>, entry: &ReplayEntry) -> (Rule, Option<String>) {
    match judgement {
        Some(judgement) => {
            let rule = match judgement.verdict {
                Verdict::Join { .. } if entry.telling.is_correction => Rule::Correction,
                Verdict::Join { rule, .. } => rule,
                Verdict::New => Rule::First,
            };
            (rule, ingest::evidence(judgement))
        }
        None => (Rule::from_name(&entry.rule).unwrap_or(Rule::First), None),
    }
}

/// What differs. A story's id belongs to the entries among which the one is that opened it.
fn difference(
    places: &[ReplayPlace],
    groups: &[Vec<i64>],
    titles: &HashMap<i64, String>,
    rules: HashMap<i64, (Rule, Option<String>)>,
) -> Regrouping {
    let story_of: HashMap<i64, i64> = places.iter().map(|place| (place.entry_id, place.story_id)).collect();
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
        let stories: BTreeSet<i64> = group.iter().filter_map(|entry| story_of.get(entry)).copied().collect();
        let is_owned = |story: &i64| owner.get(story).is_some_and(|entry| group.contains(entry));
        let goes_on: Vec<i64> = stories.iter().copied().filter(is_owned).collect();
        let comes = |entry: &i64| story_of.get(entry).is_some_and(|story| !goes_on.contains(story));
        let comes: Vec<i64> = group.iter().copied().filter(comes).collect();
        if goes_on.len() < 2 && comes.is_empty() {
            continue;
        }
        let told = |entry: &i64| {
            let rule = rules.get(entry).map_or("", |(rule, _)| rule.as_str());
            (*entry, rule.to_owned(), titles.get(entry).cloned().unwrap_or_default())
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
    found.rules = rules.into_iter().filter(|(entry, _)| changed.contains(entry)).collect();
    found
}

/// Writes what differs: first what leaves a story, then what becomes one; each story in a transaction of its own.
pub async fn apply(
    store: &Store,
    config: &Config,
    regrouping: &Regrouping,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut stories = Vec::new();
    for change in &regrouping.changes {
        stories.push(take_in(store, config, regrouping, change, now).await?);
    }
    for (change, story) in regrouping.changes.iter().zip(stories) {
        if change.ends.is_empty() {
            continue;
        }
        let mut batch = store.begin().await?;
        for younger in &change.ends {
            batch.unite(*younger, story, Cause::Replay, now).await?;
        }
        let shown = batch.shown(story).await?.canonical_id;
        ingest::settle(&mut batch, config, story, Some(shown), now).await?;
        batch.commit().await?;
    }
    Ok(())
}

/// Brings entries out of other stories into this one; says which it is.
async fn take_in(
    store: &Store,
    config: &Config,
    regrouping: &Regrouping,
    change: &Regrouped,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let mut batch = store.begin().await?;
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
            None => open_story(&mut batch, config, *first, now).await?,
        },
        (None, None) => return Ok(0),
    };
    if !change.comes.is_empty() {
        batch.move_entries(&change.comes, target, Cause::Replay, now).await?;
        for left in left {
            let shown = batch.shown(left).await?.canonical_id;
            ingest::settle(&mut batch, config, left, Some(shown), now).await?;
        }
        ingest::settle_parted(&mut batch, config, target, now).await?;
    }
    batch.commit().await?;
    Ok(target)
}
