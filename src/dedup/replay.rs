//! All entries once more in the order of their arrival, under today's rules: which of them are one story. Pure.
//!
//! Candidates come from the same index as at an arrival; what is compared stands on a [`Shelf`], so that memory holds
//! numbers only.
//!
//! **Invariant:** what the operator ruled holds here too.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{Candidate, Features, Index, Indexed, Judgement, Rank, Settings, Verdict, canonical, judge};
use crate::model::Timestamp;

/// Where a replay puts what is compared of its entries.
pub trait Shelf {
    /// Why it cannot be put there or found again.
    type Error;
    /// Keeps the features of the next entry.
    fn put(&mut self, features: &Arc<Features>) -> Result<(), Self::Error>;
    /// The features of an entry by its number, in the order in which they were put.
    fn find(&mut self, number: usize) -> Result<Arc<Features>, Self::Error>;
}

/// An entry to be placed.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// What is compared of it.
    pub features: Arc<Features>,
    /// What decides whether readers get it.
    pub rank: Rank,
    /// The story in which it must stay, whatever the rules say: another entry of it is no longer compared.
    pub fixed: Option<i64>,
}

/// What the operator ruled between two entries.
#[derive(Debug, Clone, Default)]
pub struct Ruled {
    /// Those that are never one story.
    pub apart: HashMap<i64, HashSet<i64>>,
    /// Those that are one.
    pub together: HashMap<i64, HashSet<i64>>,
}

/// Entries in their new stories.
#[derive(Debug)]
pub struct Replay<S> {
    settings: Settings,
    ruled: Ruled,
    shelf: S,
    index: Index,
    ranks: Vec<Rank>,
    group_of: Vec<usize>,
    members: Vec<Vec<usize>>,
    heads: Vec<usize>,
    /// An entry of each story in which entries must stay.
    by_fixed: HashMap<i64, usize>,
    /// Numbers of entries that rulings name.
    by_entry: HashMap<i64, usize>,
}

impl<S: Shelf> Replay<S> {
    /// Begins with no entry.
    pub fn new(settings: Settings, ruled: Ruled, shelf: S) -> Self {
        Self {
            index: Index::new(settings.window),
            settings,
            ruled,
            shelf,
            ranks: Vec::new(),
            group_of: Vec::new(),
            members: Vec::new(),
            heads: Vec::new(),
            by_fixed: HashMap::new(),
            by_entry: HashMap::new(),
        }
    }

    /// Places the next entry; what was seen, unless it had to stay where it is.
    ///
    /// # Errors
    /// When the shelf fails.
    pub fn add(&mut self, entry: Replayed) -> Result<Option<Judgement>, S::Error> {
        let Replayed { features, rank, fixed } = entry;
        let keys = features.index_keys();
        let judgement = match fixed {
            Some(_) => None,
            None => {
                Some(judge(&features, &self.candidates(&features, &keys, rank.entry_id)?, &self.settings))
            }
        };
        let joined = match (&judgement, fixed) {
            (_, Some(story)) => self.by_fixed.get(&story).and_then(|number| self.group(*number)),
            (Some(Judgement { verdict: Verdict::Join { story_id, .. }, .. }), _) => {
                usize::try_from(*story_id).ok()
            }
            _ => None,
        };
        let number = self.place(rank, joined);
        if let Some(story) = fixed {
            self.by_fixed.entry(story).or_insert(number);
        }
        self.shelf.put(&features)?;
        self.index(number, &features, keys);
        let merges = judgement.iter().flat_map(|judgement| &judgement.merges);
        let others: Vec<usize> = merges.filter_map(|other| usize::try_from(*other).ok()).collect();
        for other in others.into_iter().chain(self.ruled_together(number)) {
            self.unite(number, other);
        }
        Ok(judgement)
    }

    /// The entries of each story, the oldest first.
    pub fn groups(&self) -> Vec<Vec<i64>> {
        let ids = |members: &Vec<usize>| -> Vec<i64> { members.iter().filter_map(|n| self.id(*n)).collect() };
        self.members.iter().map(ids).filter(|members| !members.is_empty()).collect()
    }

    /// Puts an entry into a group, or into one of its own; its number.
    fn place(&mut self, rank: Rank, joined: Option<usize>) -> usize {
        let number = self.ranks.len();
        let group = joined.unwrap_or(self.members.len());
        if group == self.members.len() {
            self.members.push(Vec::new());
            self.heads.push(number);
        }
        if self.ruled.apart.contains_key(&rank.entry_id) || self.ruled.together.contains_key(&rank.entry_id) {
            self.by_entry.insert(rank.entry_id, number);
        }
        self.ranks.push(rank);
        self.group_of.push(group);
        if let Some(members) = self.members.get_mut(group) {
            members.push(number);
        }
        self.choose_head(group);
        number
    }

    fn id(&self, number: usize) -> Option<i64> {
        self.ranks.get(number).map(|rank| rank.entry_id)
    }

    fn group(&self, number: usize) -> Option<usize> {
        self.group_of.get(number).copied()
    }

    /// The times within the window of an entry, in milliseconds.
    fn times(&self, features: &Features) -> std::ops::RangeInclusive<i64> {
        let (at, window) = (features.published_at, self.settings.window);
        let from = at.checked_sub(window).unwrap_or(Timestamp::MIN).as_millisecond();
        from..=at.checked_add(window).unwrap_or(Timestamp::MAX).as_millisecond()
    }

    fn candidates(
        &mut self,
        features: &Features,
        keys: &[u32],
        entry_id: i64,
    ) -> Result<Vec<Candidate>, S::Error> {
        let at_ms = features.published_at.as_millisecond();
        let found = self.index.find_by(keys, at_ms, self.times(features));
        let mut found: BTreeSet<usize> =
            found.into_iter().filter_map(|id| usize::try_from(id).ok()).collect();
        let heads: Vec<usize> =
            found.iter().filter_map(|n| self.heads.get(self.group(*n)?)).copied().collect();
        found.extend(heads);
        let mut candidates = Vec::with_capacity(found.len());
        for number in found {
            let Some(group) = self.group(number).filter(|group| !self.is_apart(&[entry_id], *group)) else {
                continue;
            };
            let (Some(known), Ok(story_id)) = (self.id(number), i64::try_from(group)) else { continue };
            candidates.push(Candidate {
                entry_id: known,
                story_id,
                is_head: self.heads.get(group) == Some(&number),
                features: self.shelf.find(number)?,
            });
        }
        Ok(candidates)
    }

    /// Whether a ruling keeps one of these entries and one of a group apart.
    fn is_apart(&self, entries: &[i64], group: usize) -> bool {
        entries.iter().filter_map(|entry| self.ruled.apart.get(entry)).any(|apart| {
            self.members
                .get(group)
                .into_iter()
                .flatten()
                .filter_map(|n| self.id(*n))
                .any(|id| apart.contains(&id))
        })
    }

    /// The groups that the operator joined with an entry.
    fn ruled_together(&self, number: usize) -> Vec<usize> {
        let Some(id) = self.id(number) else { return Vec::new() };
        let others = self.ruled.together.get(&id).into_iter().flatten();
        others.filter_map(|other| self.group(*self.by_entry.get(other)?)).collect()
    }

    /// Makes an entry's group and another one, unless a ruling keeps them apart.
    fn unite(&mut self, number: usize, other: usize) {
        let Some(group) = self.group(number).filter(|group| *group != other) else { return };
        let ids: Vec<i64> =
            self.members.get(group).into_iter().flatten().filter_map(|n| self.id(*n)).collect();
        if self.is_apart(&ids, other) {
            return;
        }
        let (into, from) = (group.min(other), group.max(other));
        let moved = self.members.get_mut(from).map(std::mem::take).unwrap_or_default();
        for n in &moved {
            if let Some(group) = self.group_of.get_mut(*n) {
                *group = into;
            }
        }
        if let Some(members) = self.members.get_mut(into) {
            members.extend(moved);
            members.sort_unstable();
        }
        self.choose_head(into);
    }

    fn index(&mut self, number: usize, features: &Features, keys: Vec<u32>) {
        // What is not there yet comes later: a span begins with nothing.
        for span in self.index.missing(self.times(features)) {
            self.index.load(*span.start(), []);
        }
        let Ok(entry_id) = i64::try_from(number) else { return };
        self.index.add(&Indexed { entry_id, at_ms: features.published_at.as_millisecond(), keys });
    }

    fn choose_head(&mut self, group: usize) {
        let members = self.members.get(group).into_iter().flatten();
        let ranks: Vec<(usize, &Rank)> =
            members.filter_map(|n| self.ranks.get(*n).map(|rank| (*n, rank))).collect();
        let best = canonical(ranks.iter().map(|(_, rank)| *rank));
        let best = best.and_then(|best| ranks.iter().find(|(_, rank)| rank.entry_id == best.entry_id));
        if let (Some(head), Some((best, _))) = (self.heads.get_mut(group), best) {
            *head = *best;
        }
    }
}
