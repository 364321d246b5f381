//! All entries once more in the order of their arrival, under today's rules: which of them are one story. Pure.
//!
//! **Invariant:** what the operator ruled holds here too.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{Candidate, Features, Judgement, Rank, SAMPLED, Settings, Verdict, canonical, judge};

/// Keys that more entries have than this propose none.
const MAX_SHARERS: usize = 40;
/// Entries that share most sampled shingles, and most figures of a city.
const MOST_ALIKE: [usize; 2] = [24, 8];

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
#[derive(Debug, Default)]
pub struct Replay {
    settings: Settings,
    ruled: Ruled,
    entries: Vec<Replayed>,
    group_of: Vec<usize>,
    members: Vec<Vec<usize>>,
    heads: Vec<usize>,
    by_fixed: HashMap<i64, usize>,
    by_entry: HashMap<i64, usize>,
    by_key: HashMap<u32, Vec<usize>>,
    by_name: HashMap<Vec<u8>, Vec<usize>>,
}

impl Replay {
    /// Begins with no entry.
    pub fn new(settings: Settings, ruled: Ruled) -> Self {
        Self { settings, ruled, ..Self::default() }
    }

    /// Places the next entry; what was seen, unless it had to stay where it is.
    pub fn add(&mut self, entry: Replayed) -> Option<Judgement> {
        let judgement = match entry.fixed {
            Some(_) => None,
            None => Some(judge(&entry.features, &self.candidates(&entry), &self.settings)),
        };
        let number = self.entries.len();
        let group = match (&judgement, entry.fixed) {
            (_, Some(story)) => self.by_fixed.get(&story).copied(),
            (Some(Judgement { verdict: Verdict::Join { story_id, .. }, .. }), _) => {
                usize::try_from(*story_id).ok()
            }
            _ => None,
        };
        let group = group.unwrap_or(self.members.len());
        if group == self.members.len() {
            self.members.push(Vec::new());
            self.heads.push(number);
        }
        if let Some(story) = entry.fixed {
            self.by_fixed.insert(story, group);
        }
        self.index(number, &entry);
        self.entries.push(entry);
        self.group_of.push(group);
        if let Some(members) = self.members.get_mut(group) {
            members.push(number);
        }
        self.choose_head(group);
        let merges = judgement.iter().flat_map(|judgement| &judgement.merges);
        let others: Vec<usize> = merges.filter_map(|other| usize::try_from(*other).ok()).collect();
        for other in others.into_iter().chain(self.ruled_together(number)) {
            self.unite(number, other);
        }
        judgement
    }

    /// The entries of each story, the oldest first.
    pub fn groups(&self) -> Vec<Vec<i64>> {
        let ids = |members: &Vec<usize>| -> Vec<i64> { members.iter().filter_map(|n| self.id(*n)).collect() };
        self.members.iter().map(ids).filter(|members| !members.is_empty()).collect()
    }

    fn id(&self, number: usize) -> Option<i64> {
        self.entries.get(number).map(|entry| entry.rank.entry_id)
    }

    fn group(&self, number: usize) -> Option<usize> {
        self.group_of.get(number).copied()
    }

    fn candidates(&self, entry: &Replayed) -> Vec<Candidate> {
        let mut found: BTreeSet<usize> = names(&entry.features)
            .iter()
            .filter_map(|name| self.by_name.get(name))
            .flatten()
            .copied()
            .collect();
        let keys = entry.features.index_keys();
        for (is_shingle, most) in [(true, MOST_ALIKE[0]), (false, MOST_ALIKE[1])] {
            let mut shared: HashMap<usize, usize> = HashMap::new();
            for key in keys.iter().filter(|key| (*key % SAMPLED == 0) == is_shingle) {
                let sharers = self.by_key.get(key).filter(|sharers| sharers.len() <= MAX_SHARERS);
                for number in sharers.into_iter().flatten() {
                    *shared.entry(*number).or_default() += 1;
                }
            }
            let mut ranked: Vec<(usize, usize)> = shared.into_iter().collect();
            ranked.sort_by_key(|(number, n)| (std::cmp::Reverse(*n), *number));
            found.extend(ranked.into_iter().take(most).map(|(number, _)| number));
        }
        let heads: Vec<usize> =
            found.iter().filter_map(|n| self.heads.get(self.group(*n)?)).copied().collect();
        found.extend(heads);
        found.into_iter().filter_map(|number| self.candidate(entry, number)).collect()
    }

    fn candidate(&self, entry: &Replayed, number: usize) -> Option<Candidate> {
        let known = self.entries.get(number)?;
        let group = self.group(number)?;
        let days = known.features.published_at.duration_since(entry.features.published_at).unsigned_abs();
        if days > self.settings.window || self.is_apart(&[entry.rank.entry_id], group) {
            return None;
        }
        Some(Candidate {
            entry_id: known.rank.entry_id,
            story_id: i64::try_from(group).ok()?,
            is_head: self.heads.get(group) == Some(&number),
            features: Arc::clone(&known.features),
        })
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
        self.by_fixed.values_mut().filter(|group| **group == from).for_each(|group| *group = into);
        self.choose_head(into);
    }

    fn index(&mut self, number: usize, entry: &Replayed) {
        self.by_entry.insert(entry.rank.entry_id, number);
        for name in names(&entry.features) {
            self.by_name.entry(name).or_default().push(number);
        }
        for key in entry.features.index_keys() {
            self.by_key.entry(key).or_default().push(number);
        }
    }

    fn choose_head(&mut self, group: usize) {
        let members = self.members.get(group).into_iter().flatten();
        let ranks: Vec<Rank> =
            members.filter_map(|n| self.entries.get(*n)).map(|it| it.rank.clone()).collect();
        let best = canonical(&ranks).and_then(|best| self.by_entry.get(&best.entry_id)).copied();
        if let (Some(head), Some(best)) = (self.heads.get_mut(group), best) {
            *head = best;
        }
    }
}

/// Address, body and title, by which exact copies are found.
fn names(entry: &Features) -> Vec<Vec<u8>> {
    let url = entry.canonical_url.as_ref().map(|url| [b"u", url.as_str().as_bytes()].concat());
    let body = entry.body_hash.map(|hash| [b"b".as_slice(), &hash].concat());
    let title = Some([b"t", entry.title_key.as_bytes()].concat());
    [url, body, title].into_iter().flatten().collect()
}
