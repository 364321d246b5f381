//! The entries of one span of time and their postings: the newest in a table of chains, the others packed.

use std::collections::HashMap;

use super::{Indexed, MAX_SHARERS, Sampled};

/// So many postings in the open table are packed.
const SEAL_AT: usize = 1 << 15;
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
    slots: Vec<Slot>,
    n_gone: usize,
    packed: Vec<Part>,
    open: Open,
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
    pub(super) fn new(used_at: u64) -> Self {
        Self { used_at, ..Self::default() }
    }

    pub(super) fn n_postings(&self) -> usize {
        self.open.postings.len() + self.packed.iter().map(|part| part.postings.len()).sum::<usize>()
    }

    pub(super) fn add(&mut self, entry: &Indexed) {
        let Ok(slot) = u32::try_from(self.slots.len()) else { return };
        let n_shingles = Sampled::of(&entry.keys);
        self.slots.push(Slot { entry_id: entry.entry_id, at_ms: entry.at_ms, n_shingles });
        for key in &entry.keys {
            self.open.add(*key, slot);
        }
        let first_open = self.packed.last().map_or(0, |part| part.first_slot + part.n_slots);
        if self.open.postings.len() >= SEAL_AT || self.slots.len() - first_open >= SLOTS_OF_PART / 2 {
            self.seal();
        }
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

    /// The entries under a key.
    pub(super) fn under(&self, key: u32) -> impl Iterator<Item = Slot> + '_ {
        let packed = self.packed.iter().flat_map(move |part| part.under(key));
        let slots = packed.chain(self.open.under(key)).filter_map(|slot| self.slots.get(slot));
        slots.filter(|slot| slot.entry_id != GONE).copied()
    }

    /// Packs what came since the last time, when that saves room.
    pub(super) fn settle(&mut self) {
        if self.open.postings.len() >= SEAL_AT / 2 {
            self.seal();
        }
    }

    fn seal(&mut self) {
        let first_open = self.packed.last().map_or(0, |part| part.first_slot + part.n_slots);
        let mut first = first_open;
        let mut postings: Vec<(u32, u32)> = Vec::new();
        // One part is quicker to look into than two.
        if let Some(part) = self.packed.pop_if(|part| self.slots.len() - part.first_slot <= SLOTS_OF_PART) {
            first = part.first_slot;
            postings = part.unpacked();
        }
        postings.extend(std::mem::take(&mut self.open).postings.iter().map(|(slot, key, _)| (*key, *slot)));
        postings.retain(|(_, slot)| self.slots.get(*slot as usize).is_some_and(|slot| slot.entry_id != GONE));
        postings.sort_unstable();
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
