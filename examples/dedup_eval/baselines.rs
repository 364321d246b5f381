//! What others use, on the same set: any pair within the window that is alike enough joins.

use dibao::dedup::{Features, Settings};

/// Stories by a relation of pairs, transitively.
pub fn joined(entries: &[Features], settings: &Settings, alike: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..entries.len()).collect();
    for at in 0..entries.len() {
        for other in 0..at {
            let days = entries[at].published_at.duration_since(entries[other].published_at).unsigned_abs();
            if days <= settings.window && alike(at, other) {
                let (a, b) = (root(&mut parent, at), root(&mut parent, other));
                parent[a] = b;
            }
        }
    }
    (0..entries.len()).map(|at| root(&mut parent, at)).collect()
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// `SimHash` over the shingles, 64 bits (Charikar 2002).
pub fn simhash(entry: &Features) -> u64 {
    let mut sums = [0i32; 64];
    for hash in entry.shingles.hashes() {
        let wide = u64::from(*hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let wide = (wide ^ wide >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        for (bit, sum) in sums.iter_mut().enumerate() {
            *sum += if wide >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    sums.iter().enumerate().fold(0, |hash, (bit, sum)| hash | u64::from(*sum > 0) << bit)
}
