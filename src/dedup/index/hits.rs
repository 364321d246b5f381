//! What stands under the keys of an entry, and which of that is worth a comparison: counted, not looked up one by one.

use std::cmp::Reverse;

use super::{MAX_SHARERS, MOST_ALIKE, MOST_EVENTS, MOST_EXACT, span::Slot};
use crate::dedup::SAMPLED;

/// Of the shingles of the shorter of two texts, the longer has more than this share, or they are not compared: all rules
/// ask for three times as much, so that a small sample seldom errs.
const LEAST_SHARE: f32 = 0.05;
/// One shingle in so many is sampled of short, middling and long texts; and, last, in a crowded index.
pub(super) const RATES: [u32; 4] = [4, 8, 16, 32];
/// Those of them by which texts are sampled.
const RATES_OF_TEXTS: usize = 3;

/// How many sampled shingles a text stands under: all, and those that a longer text would keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sampled([u16; RATES.len()]);

impl Sampled {
    pub(super) fn of(keys: impl Iterator<Item = u32>) -> Self {
        let mut counts = [0_u16; RATES.len()];
        for key in keys.filter(|key| is_shingle(*key)) {
            for (count, rate) in counts.iter_mut().zip(RATES) {
                *count = count.saturating_add(u16::from(key.is_multiple_of(rate)));
            }
        }
        Self(counts)
    }

    /// The rate at which the text was sampled, as a place in [`RATES`].
    fn rate(self) -> usize {
        let Self(counts) = self;
        counts.iter().take(RATES_OF_TEXTS).rposition(|n| *n == counts[0]).unwrap_or(0)
    }
}

pub(super) fn is_shingle(key: u32) -> bool {
    key.is_multiple_of(SAMPLED)
}

/// Whether a key is of an address, a body or a title as a whole.
pub(super) fn is_exact(key: u32) -> bool {
    key % SAMPLED == 2
}

/// Whether a key stands in an index that keeps shingles at a rate, a place in [`RATES`]; all other keys do.
pub(super) fn is_kept(key: u32, rate: usize) -> bool {
    !is_shingle(key) || RATES.get(rate).is_none_or(|every| key.is_multiple_of(*every))
}

/// The entries that stand under the keys of one.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// Each with the place of the key.
    found: Vec<(u32, Slot)>,
    /// How many stand under each key.
    n_under: Vec<usize>,
}

impl Hits {
    pub(super) fn new(n_keys: usize) -> Self {
        Self { found: Vec::new(), n_under: vec![0; n_keys] }
    }

    /// Notes entries under the key of a place; of more than tell anything none is looked at.
    pub(super) fn add(&mut self, place: usize, key: u32, slots: impl Iterator<Item = Slot>) {
        let (Some(n), Ok(place)) = (self.n_under.get_mut(place), u32::try_from(place)) else { return };
        let room = if is_exact(key) { usize::MAX } else { (MAX_SHARERS + 1).saturating_sub(*n) };
        let before = self.found.len();
        self.found.extend(slots.take(room).map(|slot| (place, slot)));
        *n += self.found.len() - before;
    }

    /// Notes that more entries stand under the key of a place than tell anything.
    pub(super) fn are_many(&mut self, place: usize) {
        if let Some(n) = self.n_under.get_mut(place) {
            *n = MAX_SHARERS + 1;
        }
    }

    /// The entries that may tell the same as one with these keys and this time, found at a rate.
    pub(super) fn candidates(&self, keys: &[u32], at_ms: i64, rate: usize) -> Vec<i64> {
        let mut found = self.alike(keys, rate);
        found.extend(self.events(keys));
        found.extend(self.exact(keys, at_ms));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What stands under keys that not too many share.
    fn telling(&self, keys: &[u32], counts: impl Fn(u32) -> bool) -> Vec<Slot> {
        let is_told = |place: usize| {
            keys.get(place).is_some_and(|key| counts(*key))
                && self.n_under.get(place).is_some_and(|n| *n <= MAX_SHARERS)
        };
        let found = self.found.iter().filter(|(place, _)| is_told(*place as usize));
        found.map(|(_, slot)| *slot).collect()
    }

    /// The entries that share most sampled shingles, and enough of them that one text may hold a part of the other.
    fn alike(&self, keys: &[u32], rate: usize) -> Vec<i64> {
        let own = Sampled::of(keys.iter().copied());
        let not_too_many = keys.iter().zip(&self.n_under).filter(|(_, n)| **n <= MAX_SHARERS);
        let telling = Sampled::of(not_too_many.map(|(key, _)| *key));
        let counts = |slot: &Slot, n_shared| n_shared >= least_shared(own, telling, slot.n_shingles, rate);
        most_shared(self.telling(keys, is_shingle), MOST_ALIKE, counts)
    }

    /// The entries that share most figures of a city.
    fn events(&self, keys: &[u32]) -> Vec<i64> {
        most_shared(self.telling(keys, |key| key % 2 == 1), MOST_EVENTS, |_, _| true)
    }

    /// The entries with the same address, body or title that are closest in time.
    fn exact(&self, keys: &[u32], at_ms: i64) -> Vec<i64> {
        let found = self
            .found
            .iter()
            .filter(|(place, _)| keys.get(*place as usize).is_some_and(|key| is_exact(*key)));
        let mut found: Vec<(u64, i64)> =
            found.map(|(_, slot)| (slot.at_ms.abs_diff(at_ms), slot.entry_id)).collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().take(MOST_EXACT).map(|(_, entry_id)| entry_id).collect()
    }
}

/// The fewest shared shingles at which a part of the shorter text that counts can stand in the longer one.
fn least_shared(own: Sampled, telling: Sampled, other: Sampled, rate: usize) -> usize {
    let rate = own.rate().max(other.rate()).max(rate);
    let [own, telling, other] = [own, telling, other].map(|n| f32::from(n.0[rate]));
    // Of the other's shingles as many tell something as of its own.
    let shorter = telling.min(other * telling / own.max(1.0));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small share of a small count"
    )]
    let least = (shorter * LEAST_SHARE) as usize;
    least + 1
}

/// Those that stand most often in a list, the oldest first among equals.
fn most_shared(mut shared: Vec<Slot>, most: usize, counts: impl Fn(&Slot, usize) -> bool) -> Vec<i64> {
    shared.sort_unstable_by_key(|slot| slot.entry_id);
    let runs = shared.chunk_by(|a, b| a.entry_id == b.entry_id);
    let mut counted: Vec<(Reverse<usize>, i64)> = runs
        .filter(|run| counts(&run[0], run.len()))
        .map(|run| (Reverse(run.len()), run[0].entry_id))
        .collect();
    counted.sort_unstable();
    counted.into_iter().take(most).map(|(_, entry_id)| entry_id).collect()
}
