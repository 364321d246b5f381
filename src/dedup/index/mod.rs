//! The index of candidates: which entries of a time stand under the keys of another. In memory, a few bytes a key.
//!
//! It is filled span by span from what is stored and kept in step with it by its owner. Pure. When a window holds more
//! than there is room for, fewer of each text's shingles are kept, those that a longer text would keep too.
//!
//! **Invariant:** what finding costs depends on the entries within the window, never on those outside it; a span that
//! was not loaded holds nothing; what the window at hand needs is never dropped.

mod hits;
mod span;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use self::{
    hits::{Hits, RATES, is_exact},
    span::Span,
};
use super::Features;

/// Keys that more entries of the window have than this propose none.
pub const MAX_SHARERS: usize = 40;
/// Entries that share most sampled shingles.
const MOST_ALIKE: usize = 24;
/// Entries that share most figures of a city.
const MOST_EVENTS: usize = 8;
/// Entries that share address, body or title, those closest in time.
const MOST_EXACT: usize = 48;
/// A window reaches over so many spans to either side.
const SPANS_OF_WINDOW: u32 = 3;
/// Postings held, about 4 bytes each: with more, spans outside the window at hand leave, those that were not looked at for
/// longest first; then fewer shingles are kept. A window of a million entries has so many at the last of [`RATES`].
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
    /// The spans last asked for.
    wanted: RangeInclusive<i64>,
    /// The shingles that are kept: a place in [`RATES`].
    rate: usize,
    max_postings: usize,
    /// Counts what is asked, so that the longest unused span is known.
    n_asked: u64,
    /// The count at the last rest.
    rested_at: u64,
}

/// A span that is being loaded, outside the index.
#[derive(Debug)]
pub struct Filling {
    number: i64,
    span: Span,
    /// More than this in one span leave no room for the others of the window.
    max_postings: usize,
}

impl Filling {
    /// Takes an entry of the span.
    pub fn add(&mut self, entry: &Indexed) {
        self.span.pour(entry);
        while self.span.n_postings() > self.max_postings && self.span.rate() + 1 < RATES.len() {
            self.span.thin(self.span.rate() + 1);
        }
    }
}

impl Index {
    /// An empty index for a window, so long before and after an entry.
    pub fn new(window: Duration) -> Self {
        let width_ms = i64::try_from((window / SPANS_OF_WINDOW).as_millis()).unwrap_or(i64::MAX);
        Self {
            width_ms: width_ms.max(1),
            spans: BTreeMap::new(),
            wanted: 0..=0,
            rate: 0,
            max_postings: MAX_POSTINGS,
            n_asked: 0,
            rested_at: 0,
        }
    }

    /// The first millisecond and the last of each span that must be loaded before entries of these times are found.
    pub fn missing(&mut self, times_ms: RangeInclusive<i64>) -> Vec<RangeInclusive<i64>> {
        let width = self.width_ms;
        self.wanted = self.numbers(&times_ms);
        self.numbers(&times_ms)
            .filter(|number| !self.spans.contains_key(number))
            .map(|number| {
                number.saturating_mul(width)..=number.saturating_mul(width).saturating_add(width - 1)
            })
            .collect()
    }

    /// Takes the entries of a span, given with any time in it.
    pub fn load(&mut self, at_ms: i64, entries: impl IntoIterator<Item = Indexed>) {
        let mut filling = self.filling(at_ms);
        entries.into_iter().for_each(|entry| filling.add(&entry));
        self.fill(filling);
    }

    /// Begins to load a span outside the index, given with any time in it.
    pub fn filling(&self, at_ms: i64) -> Filling {
        let span = Span::new(self.n_asked, self.rate);
        let max_postings = self.max_postings / SPANS_OF_WINDOW as usize;
        Filling { number: self.number(at_ms), span, max_postings }
    }

    /// Takes a span with all its entries.
    pub fn fill(&mut self, filling: Filling) {
        let Filling { number, mut span, .. } = filling;
        span.settle();
        self.thin(span.rate());
        span.thin(self.rate);
        self.spans.insert(number, span);
        self.bound();
    }

    /// Adds an entry; its span, when not loaded yet, is to bring it later.
    pub fn add(&mut self, entry: &Indexed) {
        let number = self.number(entry.at_ms);
        if let Some(span) = self.spans.get_mut(&number) {
            span.add(entry);
            self.bound();
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

    /// [`Index::find`] by keys, sorted.
    pub fn find_by(&mut self, keys: &[u32], at_ms: i64, times_ms: RangeInclusive<i64>) -> Vec<i64> {
        self.n_asked += 1;
        let mut hits = Hits::new(keys.len());
        let common = keys.iter().enumerate().filter(|(_, key)| self.is_common(**key, &times_ms));
        common.for_each(|(place, _)| hits.are_many(place));
        for (_, span) in self.spans.range_mut(self.numbers(&times_ms)) {
            span.used_at = self.n_asked;
            span.gather(keys, &times_ms, &mut hits);
        }
        hits.candidates(keys, at_ms, self.rate)
    }

    /// Drops the spans that nothing asked for since the last rest. When there is room again, all are dropped, to be loaded
    /// with all that they hold.
    pub fn rest(&mut self) {
        let rested_at = self.rested_at;
        self.spans.retain(|_, span| span.used_at > rested_at);
        self.rested_at = self.n_asked;
        if self.rate > 0 && self.n_postings() << self.rate <= self.max_postings {
            self.spans.clear();
            self.rate = 0;
        }
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

    /// Whether too many entries stand under a key to tell anything. Of spans within the times it is enough to count.
    fn is_common(&self, key: u32, times_ms: &RangeInclusive<i64>) -> bool {
        let whole = self.spans.iter().filter(|(number, _)| self.lies_in(**number, times_ms));
        let mut n = 0;
        !is_exact(key)
            && whole.map(|(_, span)| span.count(key)).any(|more| {
                n += more;
                n > MAX_SHARERS
            })
    }

    /// Whether all times of a span are among these.
    fn lies_in(&self, number: i64, times_ms: &RangeInclusive<i64>) -> bool {
        let first = number.saturating_mul(self.width_ms);
        times_ms.contains(&first) && times_ms.contains(&first.saturating_add(self.width_ms - 1))
    }

    /// Makes room.
    fn bound(&mut self) {
        while self.n_postings() > self.max_postings {
            let beside = self.spans.iter().filter(|(number, _)| !self.wanted.contains(number));
            let longest_unused = beside.min_by_key(|(_, span)| span.used_at).map(|(number, _)| *number);
            if let Some(number) = longest_unused {
                self.spans.remove(&number);
            } else if self.rate + 1 < RATES.len() {
                self.thin(self.rate + 1);
            } else {
                return;
            }
        }
    }

    /// Keeps only the shingles of a rate, if more are kept now.
    fn thin(&mut self, rate: usize) {
        self.rate = self.rate.max(rate);
        for span in self.spans.values_mut() {
            span.thin(self.rate);
        }
    }
}
