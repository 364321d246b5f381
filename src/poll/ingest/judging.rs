//! What becomes of an entry that is not known yet: its features against those of stored entries. Pure.

use crate::{
    config::Config,
    dedup::{self, Candidate, Features, Former, Judgement, Parts, Rule, Settings},
    model::{Bureau, Entry, Timestamp},
    store::ReplayEntry,
};

/// What is compared of an entry that was published, or first seen, at a time.
pub(crate) fn features(entry: &Entry, at: Timestamp, config: &Config) -> Features {
    let region = |bureau: &Bureau| bureau.region.clone();
    let region = entry.region.clone().or_else(|| entry.bureau.as_ref().and_then(region));
    let parts = Parts {
        source_key: entry.source.as_str(),
        source_entry_id: &entry.source_entry_id,
        role: entry.role,
        canonical_url: entry.canonical_url.as_ref(),
        title: &entry.title,
        text: &entry.content_text,
        region: region.as_ref(),
        published_at: at,
    };
    Features::of(&parts, config.dedup.tables())
}

/// The same of an entry that is stored.
pub(crate) fn features_of_stored(entry: &ReplayEntry, config: &Config) -> Features {
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
    Features::of(&parts, config.dedup.tables())
}

/// The thresholds that a configuration asks for.
pub(crate) fn settings(config: &Config) -> &Settings {
    &config.dedup.settings
}

/// A new entry against the stored ones that may tell the same.
pub(super) fn judge(entry: &Features, candidates: &[Candidate], settings: &Settings) -> Judgement {
    dedup::judge(entry, candidates, settings)
}

/// Stories that an entry is near to and that stay others, each with its likeness.
pub(super) fn related(judgement: &Judgement) -> Vec<(i64, f64)> {
    let likeness = |story: i64| {
        let of_story = judgement.seen.iter().filter(|seen| seen.story_id == story);
        of_story.map(|seen| seen.comparison.scores.containment).reduce(f64::max)
    };
    judgement.related.iter().filter_map(|story| Some((*story, likeness(*story)?))).collect()
}

/// The rule that is kept of an entry that joins: where a publisher tells its own story again in a later text that is no
/// shorter, that corrects the one before.
pub(super) fn rule_of(
    entry: &Features,
    candidates: &[Candidate],
    judgement: &Judgement,
    (entry_id, rule): (i64, Rule),
    settings: &Settings,
) -> Rule {
    let matched = candidates.iter().find(|candidate| candidate.entry_id == entry_id);
    let scores =
        judgement.seen.iter().find(|seen| seen.entry_id == entry_id).map(|seen| &seen.comparison.scores);
    match (matched, scores) {
        (Some(matched), Some(scores))
            if !rule.is_exact() && dedup::corrects(entry, &matched.features, scores, settings) =>
        {
            Rule::Correction
        }
        _ => rule,
    }
}

/// What was seen of an old story that is told again, as JSON.
pub(super) fn evidence_again(former: &Former) -> String {
    let same = [("address", former.same_address), ("title", former.same_title), ("text", former.same_body)];
    let same: Vec<&str> = same.into_iter().filter_map(|(name, same)| same.then_some(name)).collect();
    let seen = serde_json::json!({
        "with": former.entry_id, "story": former.story_id, "rule": Rule::Again.as_str(), "same": same,
    });
    serde_json::Value::Array(vec![seen]).to_string()
}

/// What was seen at an entry's arrival, for explaining: the comparisons that came near anything, as JSON.
pub(crate) fn evidence(judgement: &Judgement) -> Option<String> {
    let seen = judgement.seen.iter().map(|seen| {
        let scores = &seen.comparison.scores;
        serde_json::json!({
            "with": seen.entry_id, "story": seen.story_id, "rule": seen.comparison.rule.map(Rule::as_str),
            "c": scores.containment, "j": scores.jaccard, "t": scores.title, "days": scores.days,
            "figures": scores.figures, "vetoes": seen.comparison.vetoes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let seen: Vec<serde_json::Value> = seen.collect();
    (!seen.is_empty()).then(|| serde_json::Value::Array(seen).to_string())
}
