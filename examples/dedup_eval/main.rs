//! Measures same-story recognition: `cargo run --release --example dedup_eval -- --seed 1`.

mod metrics;
mod prose;
mod shelf;
mod versions;

use std::collections::HashMap;

use dibao::dedup::{Settings, Tables, Verdict};
use metrics::Metrics;
use prose::Item;
use shelf::Shelf;

pub struct Outcome {
    pub metrics: Metrics,
    pub shelf: Shelf,
    pub joined_with: Vec<Option<(usize, &'static str, f64, f64)>>,
    pub lost: Vec<Option<String>>,
}

pub fn run(items: &[Item], tables: &Tables, settings: &Settings) -> Outcome {
    let mut shelf = Shelf::default();
    let (mut joined_with, mut lost) = (Vec::new(), Vec::new());
    let mut known: HashMap<u32, usize> = HashMap::new();
    for item in items {
        let judgement = shelf.add(item.features(tables), settings);
        let joined = match judgement.verdict {
            Verdict::New => None,
            Verdict::Join { entry_id, rule, .. } => {
                let seen = judgement.seen.iter().find(|s| s.entry_id == entry_id);
                let scores = seen.map(|s| s.comparison.scores).unwrap_or_default();
                Some((entry_id as usize, rule.as_str(), scores.containment, scores.title))
            }
        };
        let first = *known.entry(item.label).or_insert(joined_with.len());
        let is_lost = first != joined_with.len() && joined.is_none();
        lost.push(is_lost.then(|| {
            let c = dibao::dedup::compare(shelf.entries.last().unwrap(), &shelf.entries[first], settings);
            let v: Vec<String> = c.vetoes.iter().map(ToString::to_string).collect();
            format!("c={:.2} j={:.2} t={:.2} d={:.1} {:?} {v:?}", c.scores.containment, c.scores.jaccard, c.scores.title, c.scores.days, c.rule)
        }));
        joined_with.push(joined);
    }
    let labels: Vec<u32> = items.iter().map(|item| item.label).collect();
    Outcome { metrics: metrics::measure(&labels, &shelf.story_of), shelf, joined_with, lost }
}

/// The share of each version that shares a story with another telling of its own.
pub fn recall_by_version(items: &[Item], shelf: &Shelf) {
    let mut n_of: HashMap<(u32, i64), usize> = HashMap::new();
    let mut of_label: HashMap<u32, usize> = HashMap::new();
    for (item, story) in items.iter().zip(&shelf.story_of) {
        *n_of.entry((item.label, *story)).or_default() += 1;
        *of_label.entry(item.label).or_default() += 1;
    }
    let mut by: HashMap<&str, (usize, usize)> = HashMap::new();
    for (item, story) in items.iter().zip(&shelf.story_of) {
        if of_label[&item.label] < 2 {
            continue;
        }
        let entry = by.entry(item.version).or_default();
        entry.1 += 1;
        entry.0 += usize::from(2 * n_of[&(item.label, *story)] > of_label[&item.label]);
    }
    let mut rows: Vec<_> = by.into_iter().collect();
    rows.sort_unstable();
    for (version, (hit, of)) in rows {
        println!("{version:12} {:.3} of {of}", hit as f64 / of as f64);
    }
}

fn main() {
    if let Err(e) = Tables::parse(&dibao::dedup::SHIPPED) { println!("{e} {:?}", std::error::Error::source(&e).map(ToString::to_string)); }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1)).cloned();
    let number = |name: &str, default: usize| value(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let seed = number("--seed", 1) as u64;
    if let Some(path) = value("--prose") {
        prose::run(&path, seed, number("--skip", 0), number("--take", 3000), number("--hosts", 8) as u32, number("--show", 0));
    }
}
