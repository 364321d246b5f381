//! Runs a set through the rules and prints what came of it.

use std::collections::HashMap;

use dibao::dedup::{Rule, Settings, Tables, Verdict, VetoKind, compare};

use crate::{
    baselines,
    item::{DAY, Item},
    metrics::{self, Metrics},
    shelf::Shelf,
};

/// What came of a set.
pub struct Outcome {
    pub metrics: Metrics,
    pub shelf: Shelf,
    /// The entry that each joined, and why.
    pub joined_with: Vec<Option<(usize, String)>>,
    /// Why each that opened a story of its own did not join the first of its label.
    pub lost: Vec<Option<String>>,
}

/// Runs items in their order.
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
                let s = seen.map(|s| s.comparison.scores).unwrap_or_default();
                Some((
                    entry_id as usize,
                    format!("{} c={:.2} t={:.2}", rule.as_str(), s.containment, s.title),
                ))
            }
        };
        let first = *known.entry(item.label).or_insert(joined_with.len());
        let is_lost = first != joined_with.len() && joined.is_none();
        lost.push(is_lost.then(|| why(&shelf, first, settings)));
        joined_with.push(joined);
    }
    let labels: Vec<u32> = items.iter().map(|item| item.label).collect();
    Outcome { metrics: metrics::measure(&labels, &shelf.story_of), shelf, joined_with, lost }
}

fn why(shelf: &Shelf, first: usize, settings: &Settings) -> String {
    let Some(last) = shelf.entries.last() else { return String::new() };
    let c = compare(last, &shelf.entries[first], settings);
    let vetoes: Vec<String> = c.vetoes.iter().map(ToString::to_string).collect();
    let s = c.scores;
    format!(
        "c={:.2} j={:.2} t={:.2} d={:.1} f={}/{} {:?} {vetoes:?}",
        s.containment, s.jaccard, s.title, s.days, s.figures, s.figures_of, c.rule
    )
}

/// Prints the figures, recall by version, and up to `show` errors of each kind.
pub fn print(items: &[Item], outcome: &Outcome, show: usize) {
    println!("{} items; P | R | F1 | B³ P | R | F1 | mixed", items.len());
    println!("{}", outcome.metrics);
    recall_by_version(items, &outcome.shelf);
    let crossed: Vec<usize> = (0..items.len())
        .filter(|at| {
            outcome.joined_with[*at]
                .as_ref()
                .is_some_and(|(other, _)| items[*other].label != items[*at].label)
        })
        .collect();
    println!("{} joins across stories", crossed.len());
    for at in crossed.iter().take(show) {
        let Some((other, why)) = &outcome.joined_with[*at] else { continue };
        let (x, y) = (&items[*at], &items[*other]);
        println!("--- {why} d={}", (x.at_ms - y.at_ms) / DAY);
        for item in [x, y] {
            println!(
                "[{}] {} :: {}",
                item.version,
                item.text.title,
                item.text.body().replace('\n', "").chars().take(260).collect::<String>()
            );
        }
    }
    let lost: Vec<(usize, &String)> =
        outcome.lost.iter().enumerate().filter_map(|(at, l)| l.as_ref().map(|l| (at, l))).collect();
    println!("{} versions opened a story of their own", lost.len());
    for (at, why) in lost.iter().take(show) {
        println!("lost [{}] {} :: {why}", items[*at].version, items[*at].text.title);
    }
}

/// The share of each version that is in the story where most of its label is.
fn recall_by_version(items: &[Item], shelf: &Shelf) {
    let mut n_of: HashMap<(u32, i64), usize> = HashMap::new();
    let mut of_label: HashMap<u32, usize> = HashMap::new();
    for (item, story) in items.iter().zip(&shelf.story_of) {
        *n_of.entry((item.label, *story)).or_default() += 1;
        *of_label.entry(item.label).or_default() += 1;
    }
    let mut most: HashMap<u32, usize> = HashMap::new();
    for ((label, _), n) in &n_of {
        let best = most.entry(*label).or_default();
        *best = (*best).max(*n);
    }
    let mut by: HashMap<&str, (usize, usize)> = HashMap::new();
    for (item, story) in items.iter().zip(&shelf.story_of).filter(|(item, _)| of_label[&item.label] > 1) {
        let entry = by.entry(item.version).or_default();
        entry.1 += 1;
        entry.0 += usize::from(n_of[&(item.label, *story)] == most[&item.label]);
    }
    let mut rows: Vec<_> = by.into_iter().collect();
    rows.sort_unstable();
    for (version, (hit, of)) in rows {
        println!("  {version:12} {:.3} of {of}", hit as f64 / of as f64);
    }
}

/// The table of rules and vetoes left out one at a time, and of other methods.
pub fn tables(items: &[Item], tables: &Tables) {
    println!("\nleft out | P | R | F1 | B³ P | R | F1 | mixed");
    let row =
        |name: &str, settings: &Settings| println!("{name:22} | {}", run(items, tables, settings).metrics);
    row("nothing", &Settings::default());
    for rule in Rule::JOINING {
        row(
            &format!("rule {}", rule.as_str()),
            &Settings { without_rules: vec![rule], ..Settings::default() },
        );
    }
    for veto in VetoKind::ALL.into_iter().filter(|veto| *veto != VetoKind::Window) {
        row(
            &format!("veto {}", veto.as_str()),
            &Settings { without_vetoes: vec![veto], ..Settings::default() },
        );
    }
    row("all vetoes", &Settings { without_vetoes: VetoKind::ALL.to_vec(), ..Settings::default() });
    println!("\nother methods | P | R | F1 | B³ P | R | F1 | mixed");
    let entries: Vec<_> = items.iter().map(|item| item.features(tables)).collect();
    let labels: Vec<u32> = items.iter().map(|item| item.label).collect();
    let settings = Settings::default();
    let other =
        |name: &str, stories: Vec<usize>| println!("{name:22} | {}", metrics::measure(&labels, &stories));
    let hashes: Vec<u64> = entries.iter().map(baselines::simhash).collect();
    other(
        "SimHash ≤ 3",
        baselines::joined(&entries, &settings, |a, b| (hashes[a] ^ hashes[b]).count_ones() <= 3),
    );
    other(
        "SimHash ≤ 10",
        baselines::joined(&entries, &settings, |a, b| (hashes[a] ^ hashes[b]).count_ones() <= 10),
    );
    let overlap = |a: usize, b: usize| entries[a].shingles.overlap(&entries[b].shingles);
    other("exact Jaccard ≥ 0.5", baselines::joined(&entries, &settings, |a, b| overlap(a, b).jaccard >= 0.5));
    other("exact Jaccard ≥ 0.7", baselines::joined(&entries, &settings, |a, b| overlap(a, b).jaccard >= 0.7));
    other(
        "containment ≥ 0.8",
        baselines::joined(&entries, &settings, |a, b| overlap(a, b).containment >= 0.8),
    );
    other(
        "same title",
        baselines::joined(&entries, &settings, |a, b| entries[a].title_key == entries[b].title_key),
    );
}
