//! A store in memory, as small as can be: what the daemon's store does with the verdicts.

use std::{collections::HashMap, sync::Arc};

use dibao::dedup::{
    Candidate, Features, Index, Indexed, Judgement, Rank, RoleOrder, Rule, Settings, Verdict, canonical,
    judge,
};

/// Entries, their stories, and the index of candidates.
#[derive(Default)]
pub struct Shelf {
    pub entries: Vec<Arc<Features>>,
    pub story_of: Vec<i64>,
    pub rule_of: Vec<Rule>,
    /// Stories: entries; the head first known.
    stories: HashMap<i64, Vec<usize>>,
    heads: HashMap<i64, usize>,
    index: Option<Index>,
    pub n_candidates: usize,
}

impl Shelf {
    /// The entries that may tell the same, with the heads of their stories.
    pub fn candidates(&mut self, entry: &Features, settings: &Settings) -> Vec<Candidate> {
        let index = self.index.get_or_insert_with(|| Index::new(settings.window));
        let (at, window) = (entry.published_at.as_millisecond(), settings.window.as_millis() as i64);
        for span in index.missing(at - window..=at + window) {
            index.load(*span.start(), []);
        }
        let mut found: Vec<usize> =
            index.find(entry, at - window..=at + window).into_iter().map(|id| id as usize).collect();
        let heads: Vec<usize> = found.iter().map(|id| self.heads[&self.story_of[*id]]).collect();
        found.extend(heads);
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .map(|id| Candidate {
                entry_id: id as i64,
                story_id: self.story_of[id],
                is_head: self.heads[&self.story_of[id]] == id,
                features: Arc::clone(&self.entries[id]),
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
        let at_ms = entry.published_at.as_millisecond();
        if let Some(index) = &mut self.index {
            index.add(&Indexed { entry_id: id as i64, at_ms, keys: entry.index_keys() });
        }
        self.entries.push(Arc::new(entry));
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
                    standing: RoleOrder::default().standing(entry.role),
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
