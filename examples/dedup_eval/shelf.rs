//! A store in memory, as small as can be: what the daemon's store does with the verdicts.

use std::collections::HashMap;

use dibao::dedup::{
    Candidate, Features, Judgement, Rank, Rule, SAMPLED, Settings, Verdict, canonical, judge,
};

/// Shingles that more stories have than this propose no candidates.
const COMMON: usize = 40;
/// Candidates by shared shingles.
const MOST_ALIKE: usize = 24;
/// Candidates by shared figures and city.
const MOST_EVENTS: usize = 8;

/// Entries, their stories, and the index of candidates.
#[derive(Default)]
pub struct Shelf {
    pub entries: Vec<Features>,
    pub story_of: Vec<i64>,
    pub rule_of: Vec<Rule>,
    /// Stories: entries; the head first known.
    stories: HashMap<i64, Vec<usize>>,
    heads: HashMap<i64, usize>,
    by_shingle: HashMap<u32, Vec<usize>>,
    by_key: HashMap<Vec<u8>, Vec<usize>>,
    pub n_candidates: usize,
}

impl Shelf {
    /// The entries that may tell the same, with the heads of their stories.
    pub fn candidates(&self, entry: &Features, settings: &Settings) -> Vec<Candidate> {
        let mut found: Vec<usize> =
            keys(entry).iter().filter_map(|key| self.by_key.get(key)).flatten().copied().collect();
        let near = |id: usize| {
            let known = &self.entries[id];
            known.published_at.duration_since(entry.published_at).unsigned_abs() <= settings.window
        };
        let keys = entry.index_keys();
        for (is_shingle, most) in [(true, MOST_ALIKE), (false, MOST_EVENTS)] {
            let mut shared: HashMap<usize, usize> = HashMap::new();
            for key in keys.iter().filter(|key| (*key % SAMPLED == 0) == is_shingle) {
                let Some(known) = self.by_shingle.get(key).filter(|known| known.len() <= COMMON) else {
                    continue;
                };
                for id in known.iter().filter(|id| near(**id)) {
                    *shared.entry(*id).or_default() += 1;
                }
            }
            let mut ranked: Vec<(usize, usize)> = shared.into_iter().collect();
            ranked.sort_by_key(|(id, n)| (std::cmp::Reverse(*n), *id));
            found.extend(ranked.into_iter().take(most).map(|(id, _)| id));
        }
        let heads: Vec<usize> = found.iter().map(|id| self.heads[&self.story_of[*id]]).collect();
        found.extend(heads);
        found.sort_unstable();
        found.dedup();
        found.retain(|id| near(*id));
        found
            .into_iter()
            .map(|id| Candidate {
                entry_id: id as i64,
                story_id: self.story_of[id],
                is_head: self.heads[&self.story_of[id]] == id,
                features: self.entries[id].clone(),
            })
            .collect()
    }

    /// Judges an entry and keeps it.
    pub fn add(&mut self, entry: Features, settings: &Settings) -> Judgement {
        let candidates = self.candidates(&entry, settings);
        self.n_candidates += candidates.len();
        let judgement = judge(&entry, &candidates, settings);
        let id = self.entries.len();
        let (story, rule) = match judgement.verdict {
            Verdict::New => (id as i64, Rule::First),
            Verdict::Join { story_id, rule, .. } => (story_id, rule),
        };
        for key in keys(&entry) {
            self.by_key.entry(key).or_default().push(id);
        }
        for hash in entry.index_keys() {
            self.by_shingle.entry(hash).or_default().push(id);
        }
        self.entries.push(entry);
        self.story_of.push(story);
        self.rule_of.push(rule);
        self.stories.entry(story).or_default().push(id);
        for other in &judgement.merges {
            for id in self.stories.remove(other).unwrap_or_default() {
                self.story_of[id] = story;
                self.stories.entry(story).or_default().push(id);
            }
            self.heads.remove(other);
        }
        self.choose_head(story);
        judgement
    }

    fn choose_head(&mut self, story: i64) {
        let ranks: Vec<Rank> = self.stories[&story]
            .iter()
            .map(|id| {
                let entry = &self.entries[*id];
                Rank {
                    entry_id: *id as i64,
                    role: entry.role,
                    is_province: !entry.source_key.starts_with("city"),
                    is_correction: false,
                    n_chars: entry.n_letters as i64,
                    seen_at: entry.published_at,
                }
            })
            .collect();
        if let Some(best) = canonical(&ranks) {
            self.heads.insert(story, best.entry_id as usize);
        }
    }
}

fn keys(entry: &Features) -> Vec<Vec<u8>> {
    let url = entry.canonical_url.as_ref().map(|url| [b"u", url.as_str().as_bytes()].concat());
    let body = entry.body_hash.map(|hash| [b"b".as_slice(), &hash].concat());
    let title = Some([b"t", entry.title_key.as_bytes()].concat()).filter(|key| key.len() > 20);
    [url, body, title].into_iter().flatten().collect()
}
