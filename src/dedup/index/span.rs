//! The entries of one span of time and their postings: the newest in a table of chains, the others packed.

use std::{collections::HashMap, ops::RangeInclusive};

use super::{
    Indexed, MAX_SHARERS,
    hits::{Hits, Sampled, is_kept},
};

/// So many postings in the open table are packed, at least.
const SEAL_AT: usize = 1 << 15;
/// And at least one for so many in the part that they are packed with, so that packing costs little an entry.
const SEAL_SHARE: usize = 8;
/// Entries of one packed part: their numbers are 16 bits.
const SLOTS_OF_PART: usize = 1 << 16;
/// The number of an entry that was taken out.
const GONE: i64 = i64::MIN;
/// No earlier posting.
const NONE: u32 = u32::MAX;

/// An entry's row and time, and how many sampled shingles it stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) entry_id: i64,
    pub(super) at_ms: i64,
    pub(super) n_shingles: Sampled,
}

/// The entries of a span.
#[derive(Debug, Default)]
pub(super) struct Span {
    /// When it was last asked, by the index's count.
    pub(super) used_at: u64,
    /// The shingles that are kept: a place in the index's rates.
    rate: usize,
    slots: Vec<Slot>,
    n_gone: usize,
    packed: Vec<Part>,
    open: Open,
    /// Postings (key, slot) of entries that are poured in, in no order.
    poured: Vec<(u32, u32)>,
}

/// The last posting under a key, and how many there are.
#[derive(Debug, Clone, Copy)]
struct Chain {
    last: u32,
    length: u32,
}

/// Postings as they come: under each key the last of a chain.
#[derive(Debug, Default)]
struct Open {
    heads: HashMap<u32, Chain>,
    /// (slot, key, the posting before under the same key).
    postings: Vec<(u32, u32, u32)>,
}

/// Postings of up to 65,536 entries, four bytes each: the lower half of the key, and the entry's number in this part.
#[derive(Debug, Default)]
struct Part {
    first_slot: usize,
    n_slots: usize,
    /// Where the postings of each upper half of a key begin.
    starts: Vec<u32>,
    postings: Vec<u32>,
}

impl Span {
    pub(super) fn new(used_at: u64, rate: usize) -> Self {
        Self { used_at, rate, ..Self::default() }
    }

    pub(super) fn rate(&self) -> usize {
        self.rate
    }

    pub(super) fn n_postings(&self) -> usize {
        self.open.postings.len()
            + self.poured.len()
            + self.packed.iter().map(|part| part.postings.len()).sum::<usize>()
    }

    pub(super) fn add(&mut self, entry: &Indexed) {
        let Some(slot) = self.place(entry) else { return };
        for key in entry.keys.iter().filter(|key| is_kept(**key, self.rate)) {
            self.open.add(*key, slot);
        }
        let n_packed_with = self.packed.last().map_or(0, |part| part.postings.len());
        let is_full = self.open.postings.len() >= SEAL_AT.max(n_packed_with / SEAL_SHARE);
        if is_full || self.slots.len() - self.first_open() >= SLOTS_OF_PART / 2 {
            self.seal();
        }
    }

    /// Adds one of many entries; none of them is found before the span is settled.
    pub(super) fn pour(&mut self, entry: &Indexed) {
        let Some(slot) = self.place(entry) else { return };
        let kept = entry.keys.iter().filter(|key| is_kept(**key, self.rate));
        self.poured.extend(kept.map(|key| (*key, slot)));
        if self.slots.len() - self.first_open() >= SLOTS_OF_PART {
            self.pack_poured();
        }
    }

    fn place(&mut self, entry: &Indexed) -> Option<u32> {
        let slot = u32::try_from(self.slots.len()).ok()?;
        let n_shingles = Sampled::of(entry.keys.iter().copied());
        self.slots.push(Slot { entry_id: entry.entry_id, at_ms: entry.at_ms, n_shingles });
        Some(slot)
    }

    /// The first slot that stands in no part.
    fn first_open(&self) -> usize {
        self.packed.last().map_or(0, |part| part.first_slot + part.n_slots)
    }

    fn pack_poured(&mut self) {
        let mut postings = std::mem::take(&mut self.poured);
        postings.sort_unstable();
        let first = self.first_open();
        self.packed.push(Part::of(&postings, first, self.slots.len() - first));
    }

    pub(super) fn remove(&mut self, entry_id: i64) {
        if let Some(slot) = self.slots.iter_mut().rev().find(|slot| slot.entry_id == entry_id) {
            slot.entry_id = GONE;
            self.n_gone += 1;
        }
    }

    /// How many entries stand under a key at least, without looking at them.
    pub(super) fn count(&self, key: u32) -> usize {
        let packed = self.packed.iter().map(|part| part.range(key).len()).sum::<usize>();
        (packed + self.open.count(key)).saturating_sub(self.n_gone)
    }

    /// Notes the entries of some times under keys, which are sorted.
    pub(super) fn gather(&self, keys: &[u32], times_ms: &RangeInclusive<i64>, hits: &mut Hits) {
        let keys = || keys.iter().copied().enumerate().filter(|(_, key)| is_kept(*key, self.rate));
        let slot = |slot: usize| {
            let slot = self.slots.get(slot).filter(|slot| slot.entry_id != GONE);
            slot.filter(|slot| times_ms.contains(&slot.at_ms)).copied()
        };
        // Part by part, so that one goes through memory in one direction.
        for part in &self.packed {
            for (place, key) in keys() {
                hits.add(place, key, part.under(key).filter_map(slot));
            }
        }
        for (place, key) in keys() {
            hits.add(place, key, self.open.under(key).filter_map(slot));
        }
    }

    /// Keeps only the shingles of a rate, if more are kept now.
    pub(super) fn thin(&mut self, rate: usize) {
        if rate <= self.rate {
            return;
        }
        self.rate = rate;
        self.seal();
        self.poured.retain(|(key, _)| is_kept(*key, rate));
        for part in &mut self.packed {
            let mut postings = part.unpacked();
            postings.retain(|(key, _)| is_kept(*key, rate));
            *part = Part::of(&postings, part.first_slot, part.n_slots);
        }
    }

    /// Makes what was poured in findable, packed when that saves room.
    pub(super) fn settle(&mut self) {
        self.slots.shrink_to_fit();
        if self.poured.len() >= SEAL_AT / 2 {
            return self.pack_poured();
        }
        for (key, slot) in std::mem::take(&mut self.poured) {
            self.open.add(key, slot);
        }
    }

    #[expect(
        clippy::stable_sort_primitive,
        reason = "two sorted runs: it merges them, where the other sorts anew"
    )]
    fn seal(&mut self) {
        if self.open.postings.is_empty() {
            return;
        }
        let opened = std::mem::take(&mut self.open).postings;
        let mut opened: Vec<(u32, u32)> = opened.into_iter().map(|(slot, key, _)| (key, slot)).collect();
        opened.sort_unstable();
        let mut first = self.first_open();
        let mut postings: Vec<(u32, u32)> = Vec::new();
        // One part is quicker to look into than two.
        if let Some(part) = self.packed.pop_if(|part| self.slots.len() - part.first_slot <= SLOTS_OF_PART) {
            first = part.first_slot;
            postings = part.unpacked();
        }
        postings.extend(opened);
        postings.retain(|(_, slot)| self.slots.get(*slot as usize).is_some_and(|slot| slot.entry_id != GONE));
        postings.sort();
        self.packed.push(Part::of(&postings, first, self.slots.len() - first));
    }
}

impl Open {
    fn add(&mut self, key: u32, slot: u32) {
        let Ok(at) = u32::try_from(self.postings.len()) else { return };
        let chain = self.heads.entry(key).or_insert(Chain { last: NONE, length: 0 });
        self.postings.push((slot, key, chain.last));
        *chain = Chain { last: at, length: chain.length + 1 };
    }

    fn count(&self, key: u32) -> usize {
        self.heads.get(&key).map_or(0, |chain| chain.length as usize)
    }

    fn under(&self, key: u32) -> impl Iterator<Item = usize> + '_ {
        let mut at = self.heads.get(&key).map_or(NONE, |chain| chain.last);
        std::iter::from_fn(move || {
            let (slot, _, before) = self.postings.get(at as usize)?;
            at = *before;
            Some(*slot as usize)
        })
    }
}

impl Part {
    /// Packs sorted postings (key, slot); of a key that too many have only as many as tell that.
    fn of(sorted: &[(u32, u32)], first_slot: usize, n_slots: usize) -> Self {
        let mut starts = Vec::with_capacity((1 << 16) + 1);
        let mut postings = Vec::with_capacity(sorted.len());
        let n_packed = |postings: &Vec<u32>| u32::try_from(postings.len()).unwrap_or(u32::MAX);
        for run in sorted.chunk_by(|a, b| a.0 == b.0) {
            let key = run[0].0;
            while starts.len() <= (key >> 16) as usize {
                starts.push(n_packed(&postings));
            }
            let newest = &run[run.len().saturating_sub(MAX_SHARERS + 1)..];
            postings.extend(newest.iter().filter_map(|(_, slot)| {
                let own = u16::try_from((*slot as usize).checked_sub(first_slot)?).ok()?;
                Some(key << 16 | u32::from(own))
            }));
        }
        starts.resize((1 << 16) + 1, n_packed(&postings));
        postings.shrink_to_fit();
        Self { first_slot, n_slots, starts, postings }
    }

    fn unpacked(&self) -> Vec<(u32, u32)> {
        let first = u32::try_from(self.first_slot).unwrap_or(u32::MAX);
        let of = |upper: usize| {
            let upper_half = u32::try_from(upper).unwrap_or(0) << 16;
            self.with_upper_half(upper)
                .iter()
                .map(move |posting| (upper_half | posting >> 16, first.saturating_add(posting & 0xffff)))
        };
        (0..1 << 16).flat_map(of).collect()
    }

    fn with_upper_half(&self, upper: usize) -> &[u32] {
        let start = self.starts.get(upper).copied().unwrap_or(0) as usize;
        let end = self.starts.get(upper + 1).copied().unwrap_or(0) as usize;
        self.postings.get(start..end).unwrap_or_default()
    }

    fn under(&self, key: u32) -> impl Iterator<Item = usize> + '_ {
        self.range(key).iter().map(|posting| self.first_slot + (posting & 0xffff) as usize)
    }

    /// The postings of a key.
    fn range(&self, key: u32) -> &[u32] {
        let lower = key & 0xffff;
        let of_half = self.with_upper_half((key >> 16) as usize);
        let from =
            of_half.get(of_half.partition_point(|posting| posting >> 16 < lower)..).unwrap_or_default();
        from.get(..from.partition_point(|posting| posting >> 16 == lower)).unwrap_or_default()
    }
}
