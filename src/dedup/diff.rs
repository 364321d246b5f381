//! What differs between two texts that share most of their words: where one says this and the other that.
//!
//! No alignment in order: sentences may have moved. A stretch of letters that no shared shingle covers is one text's
//! own; it stands for the other's own stretch between the same neighbours.

use std::collections::HashMap;

use super::shingles::{SHINGLE_CHARS, hashes};

/// Longest stretch that can stand for another, in letters; longer ones are other sentences.
const MAX_STRETCH: usize = 24;
/// Replacements that are looked at.
const MAX_REPLACED: usize = 64;

/// One text's words in the place of the other's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replaced {
    pub(super) a: String,
    pub(super) b: String,
    /// The letters that both have before it.
    pub(super) before: String,
    /// The letters that both have after it.
    pub(super) after: String,
}

/// The replacements between two texts, in the order of the first.
pub(super) fn replaced(a: &str, b: &str) -> Vec<Replaced> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (of_a, of_b): (Vec<u32>, Vec<u32>) = (hashes(&a).collect(), hashes(&b).collect());
    let mut in_b = HashMap::with_capacity(of_b.len());
    for (at, hash) in of_b.iter().enumerate() {
        in_b.entry(*hash).or_insert(at);
    }
    let in_a: HashMap<u32, usize> = of_a.iter().enumerate().map(|(at, hash)| (*hash, at)).collect();
    let (own_a, own_b) = (
        uncovered(a.len(), &of_a, |h| in_b.contains_key(h)),
        uncovered(b.len(), &of_b, |h| in_a.contains_key(h)),
    );
    let mut found = Vec::new();
    let mut at = 0;
    while at < a.len() && found.len() < MAX_REPLACED {
        if !own_a.get(at).copied().unwrap_or(false) {
            at += 1;
            continue;
        }
        let end = stretch_end(&own_a, at);
        if let Some(start_b) = counterpart(&of_a, at, end, &in_b, &own_b) {
            let end_b = stretch_end(&own_b, start_b);
            if end - at <= MAX_STRETCH && end_b - start_b <= MAX_STRETCH && end_b > start_b {
                found.push(Replaced {
                    a: text(&a, at, end),
                    b: text(&b, start_b, end_b),
                    before: text(&a, at.saturating_sub(3), at),
                    after: text(&a, end, (end + 3).min(a.len())),
                });
            }
        }
        at = end;
    }
    found
}

fn text(letters: &[char], from: usize, to: usize) -> String {
    letters.get(from..to).unwrap_or_default().iter().collect()
}

/// Which letters no shared shingle covers.
fn uncovered(n_letters: usize, hashes: &[u32], shared: impl Fn(&u32) -> bool) -> Vec<bool> {
    let mut own = vec![true; n_letters];
    for (at, hash) in hashes.iter().enumerate() {
        if shared(hash) {
            for letter in own.iter_mut().skip(at).take(SHINGLE_CHARS) {
                *letter = false;
            }
        }
    }
    own
}

fn stretch_end(own: &[bool], from: usize) -> usize {
    from + own.get(from..).unwrap_or_default().iter().take_while(|own| **own).count()
}

/// Where in B the stretch begins that stands for A's `start..end`: behind the same letters, or before the same.
fn counterpart(
    of_a: &[u32],
    start: usize,
    end: usize,
    in_b: &HashMap<u32, usize>,
    own_b: &[bool],
) -> Option<usize> {
    let is_own = |at: usize| own_b.get(at).copied().unwrap_or(false);
    let behind = start
        .checked_sub(SHINGLE_CHARS)
        .and_then(|at| of_a.get(at))
        .and_then(|hash| in_b.get(hash))
        .map(|at| at + SHINGLE_CHARS);
    let ahead = of_a.get(end).and_then(|hash| in_b.get(hash)).copied();
    match (behind, ahead) {
        (Some(from), Some(to)) if is_own(from) && stretch_end(own_b, from) == to => Some(from),
        // At the very beginning or end only one side can agree.
        (None, Some(to)) if start == 0 && to > 0 && is_own(to - 1) => {
            let length = own_b.get(..to).unwrap_or_default().iter().rev().take_while(|own| **own).count();
            (length == to).then_some(0)
        }
        (Some(from), None)
            if end >= of_a.len() && is_own(from) && stretch_end(own_b, from) == own_b.len() =>
        {
            Some(from)
        }
        _ => None,
    }
}
