//! The index of candidates: which entries of a time stand under the keys of another. In memory, a few bytes a key.
//!
//! It is filled span by span from what is stored and kept in step with it by its owner. Pure.
//!
//! **Invariant:** what finding costs depends on the entries within the window, never on those outside it; a span that
//! was not loaded holds nothing.

mod span;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    ops::RangeInclusive,
    time::Duration,
};

use self::span::{Slot, Span};
use super::{Features, SAMPLED};

/// Keys that more entries of the window have than this propose none.
pub const MAX_SHARERS: usize = 40;
/// Entries that share most sampled shingles.
const MOST_ALIKE: usize = 24;
/// Entries that share most figures of a city.
const MOST_EVENTS: usize = 8;
/// Entries that share address, body or title, those closest in time.
const MOST_EXACT: usize = 48;
/// Of the shingles of the shorter of two texts, the longer has more than this share, or they are not compared: all rules
/// ask for three times as much, so that a small sample seldom errs.
const LEAST_SHARE: f32 = 0.05;
/// One shingle in so many is sampled of short, middling and long texts.
const RATES: [u32; 3] = [4, 8, 16];
/// A window reaches over so many spans to either side.
const SPANS_OF_WINDOW: u32 = 3;
/// Postings held at most, about 4 bytes each; the spans that were not looked at for longest leave first.
const MAX_POSTINGS: usize = 12_000_000;

/// What an entry is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// The entry's row.
    pub entry_id: i64,
    /// When it was published, or first seen, in milliseconds of the Unix epoch.
    pub at_ms: i64,
    /// [`Features::index_keys`].
    pub keys: Vec<u32>,
}

/// The index.
#[derive(Debug)]
pub struct Index {
    /// Length of a span, in milliseconds.
    width_ms: i64,
    /// Spans by their number.
    spans: BTreeMap<i64, Span>,
    /// Counts what is asked, so that the longest unused span is known.
    n_asked: u64,
    /// The count at the last rest.
    rested_at: u64,
}

impl Index {
    /// An empty index for a window, so long before and after an entry.
    pub fn new(window: Duration) -> Self {
        let width_ms = i64::try_from((window / SPANS_OF_WINDOW).as_millis()).unwrap_or(i64::MAX);
        Self { width_ms: width_ms.max(1), spans: BTreeMap::new(), n_asked: 0, rested_at: 0 }
    }

    /// The first millisecond and the last of each span that must be loaded before entries of these times are found.
    pub fn missing(&self, times_ms: RangeInclusive<i64>) -> Vec<RangeInclusive<i64>> {
        let width = self.width_ms;
        self.numbers(&times_ms)
            .filter(|number| !self.spans.contains_key(number))
            .map(|number| {
                number.saturating_mul(width)..=number.saturating_mul(width).saturating_add(width - 1)
            })
            .collect()
    }

    /// Takes the entries of a span, given with any time in it.
    pub fn load(&mut self, at_ms: i64, entries: impl IntoIterator<Item = Indexed>) {
        let mut span = Span::new(self.n_asked);
        for entry in entries {
            span.add(&entry);
        }
        span.settle();
        self.spans.insert(self.number(at_ms), span);
        self.bound();
    }

    /// Adds an entry; its span, when not loaded yet, is to bring it later.
    pub fn add(&mut self, entry: &Indexed) {
        let number = self.number(entry.at_ms);
        if let Some(span) = self.spans.get_mut(&number) {
            span.add(entry);
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, entry_id: i64) {
        for span in self.spans.values_mut() {
            span.remove(entry_id);
        }
    }

    /// Entries of these times that may tell the same as one with these features and this time.
    pub fn find(&mut self, features: &Features, times_ms: RangeInclusive<i64>) -> Vec<i64> {
        let keys = features.index_keys();
        self.find_by(&keys, features.published_at.as_millisecond(), times_ms)
    }

    /// [`Index::find`] by keys.
    pub fn find_by(&mut self, keys: &[u32], at_ms: i64, times_ms: RangeInclusive<i64>) -> Vec<i64> {
        self.n_asked += 1;
        let numbers: Vec<i64> = self.numbers(&times_ms).collect();
        for number in &numbers {
            if let Some(span) = self.spans.get_mut(number) {
                span.used_at = self.n_asked;
            }
        }
        let spans: Vec<&Span> = numbers.iter().filter_map(|number| self.spans.get(number)).collect();
        let under = |key: u32| {
            let found = spans.iter().flat_map(move |span| span.under(key));
            found.filter(|slot| times_ms.contains(&slot.at_ms))
        };
        // Of most keys it is enough to count.
        let whole = self.spans.iter().filter(|(number, _)| self.lies_in(**number, &times_ms));
        let whole: Vec<&Span> = whole.map(|(_, span)| span).collect();
        let are_many = |key: u32| {
            let mut n = 0;
            whole.iter().any(|span| {
                n += span.count(key);
                n > MAX_SHARERS
            })
        };
        let few = |key: u32, into: &mut Vec<Slot>| !are_many(key) && add_few(into, under(key));
        let mut found = HashSet::new();
        found.extend(alike(keys, &few));
        found.extend(events(keys, &few));
        found.extend(exact(keys, &under, at_ms));
        let mut found: Vec<i64> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    /// Drops the spans that nothing asked for since the last rest.
    pub fn rest(&mut self) {
        let rested_at = self.rested_at;
        self.spans.retain(|_, span| span.used_at > rested_at);
        self.rested_at = self.n_asked;
    }

    /// Postings held.
    pub fn n_postings(&self) -> usize {
        self.spans.values().map(Span::n_postings).sum()
    }

    fn number(&self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.width_ms)
    }

    fn numbers(&self, times_ms: &RangeInclusive<i64>) -> RangeInclusive<i64> {
        self.number(*times_ms.start())..=self.number(*times_ms.end())
    }

    /// Whether all times of a span are among these.
    fn lies_in(&self, number: i64, times_ms: &RangeInclusive<i64>) -> bool {
        let first = number.saturating_mul(self.width_ms);
        times_ms.contains(&first) && times_ms.contains(&first.saturating_add(self.width_ms - 1))
    }

    /// Keeps within [`MAX_POSTINGS`], but for the span that was loaded last.
    fn bound(&mut self) {
        while self.spans.len() > 1 && self.n_postings() > MAX_POSTINGS {
            let longest_unused = self.spans.iter().min_by_key(|(_, span)| span.used_at);
            let Some(number) = longest_unused.map(|(number, _)| *number) else { return };
            self.spans.remove(&number);
        }
    }
}

/// How many sampled shingles a text stands under: all, and those that a longer text would keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sampled([u16; RATES.len()]);

impl Sampled {
    fn of(keys: &[u32]) -> Self {
        let n = |rate: u32| keys.iter().filter(|key| is_shingle(**key) && *key % rate == 0).count();
        Self(RATES.map(|rate| u16::try_from(n(rate)).unwrap_or(u16::MAX)))
    }

    /// The rate at which the text was sampled, as a place in [`RATES`].
    fn rate(self) -> usize {
        let Self(counts) = self;
        counts.iter().rposition(|n| *n == counts[0]).unwrap_or(0)
    }
}

fn is_shingle(key: u32) -> bool {
    key.is_multiple_of(SAMPLED)
}

/// The entries that share most sampled shingles, and enough of them that one text may hold a part of the other.
fn alike(keys: &[u32], few: &impl Fn(u32, &mut Vec<Slot>) -> bool) -> Vec<i64> {
    let shingles: Vec<u32> = keys.iter().copied().filter(|key| is_shingle(*key)).collect();
    let own = Sampled::of(&shingles);
    let mut telling = Vec::new();
    let mut shared: Vec<Slot> = Vec::new();
    for key in shingles {
        if few(key, &mut shared) {
            telling.push(key);
        }
    }
    let telling = Sampled::of(&telling);
    most_shared(shared, MOST_ALIKE, |slot, n_shared| n_shared >= least_shared(own, telling, slot.n_shingles))
}

/// The fewest shared shingles at which a part of the shorter text that counts can stand in the longer one.
fn least_shared(own: Sampled, telling: Sampled, other: Sampled) -> usize {
    let rate = own.rate().max(other.rate());
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

/// The entries that share most figures of a city.
fn events(keys: &[u32], few: &impl Fn(u32, &mut Vec<Slot>) -> bool) -> Vec<i64> {
    let mut shared = Vec::new();
    for key in keys.iter().filter(|key| *key % 2 == 1) {
        few(*key, &mut shared);
    }
    most_shared(shared, MOST_EVENTS, |_, _| true)
}

/// Adds the entries under a key to a list, unless there are more than [`MAX_SHARERS`]; says whether it did. Of a key that
/// many have, no more are looked at than tell that.
fn add_few(shared: &mut Vec<Slot>, under: impl Iterator<Item = Slot>) -> bool {
    let n_before = shared.len();
    shared.extend(under.take(MAX_SHARERS + 1));
    let are_few = shared.len() - n_before <= MAX_SHARERS;
    if !are_few {
        shared.truncate(n_before);
    }
    are_few
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

/// The entries with the same address, body or title that are closest in time.
fn exact<I: Iterator<Item = Slot>>(keys: &[u32], under: &impl Fn(u32) -> I, at_ms: i64) -> Vec<i64> {
    let found = keys.iter().filter(|key| *key % SAMPLED == 2).flat_map(|key| under(*key));
    let mut found: Vec<(u64, i64)> = found.map(|slot| (slot.at_ms.abs_diff(at_ms), slot.entry_id)).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(MOST_EXACT).map(|(_, entry_id)| entry_id).collect()
}
