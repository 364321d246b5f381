//! What it costs, entry by entry.

use std::{sync::Arc, time::Instant};

use dibao::dedup::{Candidate, Features, Settings, Tables, compare, judge};

use crate::{item::Item, shelf::Shelf};

/// Prints median and 99th percentile of each step, in microseconds, and the size of stored features.
pub fn run(items: &[Item], tables: &Tables) {
    let settings = Settings::default();
    let mut times: [Vec<f64>; 5] = Default::default();
    let (mut shelf, mut n_bytes, mut n_candidates) = (Shelf::default(), 0, 0);
    for item in items {
        let (made, features) = timed(|| item.features(tables));
        let (encoded, bytes) = timed(|| features.encode());
        n_bytes += bytes.len();
        let stored: Vec<(Candidate, Vec<u8>)> = shelf
            .candidates(&features, &settings)
            .into_iter()
            .map(|c| {
                let b = c.features.encode();
                (c, b)
            })
            .collect();
        n_candidates += stored.len();
        let (decoded, candidates) = timed(|| {
            let decode = |(c, bytes): &(Candidate, Vec<u8>)| Candidate {
                features: Features::decode(bytes).map_or_else(|_| Arc::clone(&c.features), Arc::new),
                ..*c
            };
            stored.iter().map(decode).collect::<Vec<_>>()
        });
        let (compared, _) = timed(|| {
            candidates.iter().map(|c| compare(&features, &c.features, &settings).scores.rank()).sum::<f64>()
        });
        let (judged, _) = timed(|| judge(&features, &candidates, &settings));
        times[0].push(made);
        times[1].push(encoded);
        times[2].push(decoded + judged);
        times[3].push(compared / candidates.len().max(1) as f64);
        times[4].push(made + encoded + decoded + judged);
        shelf.add(features, &settings);
    }
    println!(
        "{} entries, {:.1} candidates each, {} bytes stored each",
        items.len(),
        n_candidates as f64 / items.len() as f64,
        n_bytes / items.len()
    );
    let names = ["Features::of", "encode", "decode and judge", "one compare", "decision in all"];
    for (name, times) in names.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        println!("{name:18} median {:7.1} µs, p99 {:7.1} µs", at(0.5), at(0.99));
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed().as_secs_f64() * 1e6, done)
}
