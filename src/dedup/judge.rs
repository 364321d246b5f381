//! A new entry against the stories that it may tell.

use std::{collections::HashSet, sync::Arc};

use super::{Comparison, Features, Rule, Settings, compare, compare::vetoes_between};

/// A stored entry that may tell the same.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its row.
    pub entry_id: i64,
    /// Its story.
    pub story_id: i64,
    /// Whether readers get this one of its story. Only such a head is compared word for word, so that a clipped copy
    /// or a round-up never bridges two stories; other copies count by address and by equal body.
    pub is_head: bool,
    /// What is compared.
    pub features: Arc<Features>,
}

/// What becomes of an entry that is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It opens a story.
    New,
    /// It is another telling of this story.
    Join {
        /// The story.
        story_id: i64,
        /// The entry that it matched.
        entry_id: i64,
        /// Why.
        rule: Rule,
    },
}

/// A candidate and what comparing with it gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The candidate's row.
    pub entry_id: i64,
    /// Its story.
    pub story_id: i64,
    /// What was seen.
    pub comparison: Comparison,
}

/// The verdict and what led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What becomes of the entry.
    pub verdict: Verdict,
    /// Stories that turn out to be the joined one too.
    pub merges: Vec<i64>,
    /// Stories that are near and yet others: round-ups, near misses. Best first.
    pub related: Vec<i64>,
    /// Every comparison that came near anything, best first.
    pub seen: Vec<Seen>,
}

/// Comparisons that are kept to explain a verdict.
const MAX_SEEN: usize = 8;

/// Decides about an entry that is not known yet.
///
/// Exact rules come before the others, then what is most alike, then the older entry.
pub fn judge(entry: &Features, candidates: &[Candidate], settings: &Settings) -> Judgement {
    let mut seen: Vec<Seen> = candidates
        .iter()
        .map(|candidate| Seen {
            entry_id: candidate.entry_id,
            story_id: candidate.story_id,
            comparison: against(entry, candidate, settings),
        })
        .collect();
    seen.sort_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal));
    let hit = seen.iter().find_map(|s| s.comparison.joined().map(|rule| (s.clone(), rule)));
    let (verdict, merges) = match &hit {
        None => (Verdict::New, Vec::new()),
        Some((hit, rule)) => {
            let (story_id, entry_id) = (hit.story_id, hit.entry_id);
            (Verdict::Join { story_id, entry_id, rule: *rule }, merges(hit, &seen, candidates, settings))
        }
    };
    let joined: HashSet<i64> =
        hit.iter().map(|(hit, _)| hit.story_id).chain(merges.iter().copied()).collect();
    let mut known = joined;
    let near = |s: &&Seen| s.comparison.is_related(settings) || s.comparison.joined().is_some();
    let related = seen.iter().filter(near).map(|s| s.story_id).filter(|story| known.insert(*story)).collect();
    seen.retain(|s| s.comparison.rule.is_some() || s.comparison.is_related(settings));
    seen.truncate(MAX_SEEN);
    Judgement { verdict, merges, related, seen }
}

fn against(entry: &Features, candidate: &Candidate, settings: &Settings) -> Comparison {
    let mut comparison = compare(entry, &candidate.features, settings);
    if !candidate.is_head {
        comparison.rule = comparison.rule.filter(|rule| rule.is_exact());
    }
    comparison
}

/// Joined before not joined, exact before alike, more before less alike, older before younger.
fn order(seen: &Seen) -> (bool, u8, f64, i64) {
    let rule = seen.comparison.joined();
    let exact = rule.filter(|rule| rule.is_exact()).map_or(u8::MAX, |rule| rule as u8);
    (rule.is_none(), exact, -seen.comparison.scores.rank(), seen.entry_id)
}

/// Other stories that are hit as well, whose heads nothing tells from the first's.
fn merges(hit: &Seen, seen: &[Seen], candidates: &[Candidate], settings: &Settings) -> Vec<i64> {
    let head = |story: i64| candidates.iter().find(|c| c.story_id == story && c.is_head);
    let Some(first) = head(hit.story_id) else { return Vec::new() };
    let mut merged = Vec::new();
    for other in seen {
        let strong = other.comparison.scores.containment >= settings.rules.merge
            || other.comparison.joined().is_some_and(Rule::is_exact);
        let fresh = other.story_id != hit.story_id && !merged.contains(&other.story_id);
        if !fresh || !strong || other.comparison.joined().is_none() {
            continue;
        }
        let Some(second) = head(other.story_id) else { continue };
        if vetoes_between(&first.features, &second.features, settings).is_empty() {
            merged.push(other.story_id);
        }
    }
    merged
}
