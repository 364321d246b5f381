//! How well stories were told apart and together.

use std::collections::HashMap;
use std::hash::Hash;

/// Pairwise and B³ figures, and items that share a story with another's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Metrics {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub b3_precision: f64,
    pub b3_recall: f64,
    pub b3_f1: f64,
    pub n_mixed: usize,
}

/// Measures found stories against labels.
pub fn measure<T: Hash + Eq + Copy>(labels: &[u32], found: &[T]) -> Metrics {
    let mut both: HashMap<(u32, T), f64> = HashMap::new();
    let (mut by_label, mut by_found): (HashMap<u32, f64>, HashMap<T, f64>) = (HashMap::new(), HashMap::new());
    for (label, story) in labels.iter().zip(found) {
        *both.entry((*label, *story)).or_default() += 1.0;
        *by_label.entry(*label).or_default() += 1.0;
        *by_found.entry(*story).or_default() += 1.0;
    }
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let hits: f64 = both.values().copied().map(pairs).sum();
    let claimed: f64 = by_found.values().copied().map(pairs).sum();
    let real: f64 = by_label.values().copied().map(pairs).sum();
    let n = labels.len() as f64;
    let (mut bp, mut br) = (0.0, 0.0);
    let mut n_mixed = 0;
    for (label, story) in labels.iter().zip(found) {
        let shared = both[&(*label, *story)];
        bp += shared / by_found[story];
        br += shared / by_label[label];
        n_mixed += usize::from(shared < by_found[story]);
    }
    let share = |x: f64, of: f64| if of == 0.0 { 1.0 } else { x / of };
    let f = |p: f64, r: f64| if p + r == 0.0 { 0.0 } else { 2.0 * p * r / (p + r) };
    let (precision, recall, b3_precision, b3_recall) =
        (share(hits, claimed), share(hits, real), bp / n, br / n);
    Metrics {
        precision,
        recall,
        f1: f(precision, recall),
        b3_precision,
        b3_recall,
        b3_f1: f(b3_precision, b3_recall),
        n_mixed,
    }
}

impl std::fmt::Display for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.4} | {:.4} | {:.4} | {:.4} | {:.4} | {:.4} | {}",
            self.precision, self.recall, self.f1, self.b3_precision, self.b3_recall, self.b3_f1, self.n_mixed
        )
    }
}
