use super::{span::Slot, *};

const DAY: i64 = 86_400_000;
const WINDOW: Duration = Duration::from_hours(45 * 24);

fn indexed(entry_id: i64, day: i64, keys: &[u32]) -> Indexed {
    Indexed { entry_id, at_ms: day * DAY, keys: keys.to_vec() }
}

/// An index that has loaded the spans around a day, with entries.
fn around(day: i64, entries: &[Indexed]) -> Index {
    let mut index = Index::new(WINDOW);
    load(&mut index, day);
    for entry in entries {
        index.add(entry);
    }
    index
}

fn load(index: &mut Index, day: i64) {
    load_of(index, day, &[]);
}

/// Loads the spans around a day with those of some entries that lie in them.
fn load_of(index: &mut Index, day: i64, entries: &[Indexed]) {
    for span in index.missing(window(day)) {
        index.load(*span.start(), entries.iter().filter(|entry| span.contains(&entry.at_ms)).cloned());
    }
}

fn window(day: i64) -> RangeInclusive<i64> {
    (day - 45) * DAY..=(day + 45) * DAY
}

fn found(index: &mut Index, day: i64, keys: &[u32]) -> Vec<i64> {
    index.find_by(keys, day * DAY, window(day))
}

/// What the index should find, by looking at every entry.
fn by_looking(entries: &[Indexed], day: i64, keys: &[u32]) -> Vec<i64> {
    let near: Vec<&Indexed> = entries.iter().filter(|entry| window(day).contains(&entry.at_ms)).collect();
    let mut hits = Hits::new(keys.len());
    for (place, key) in keys.iter().enumerate() {
        let with = near.iter().filter(|entry| entry.keys.contains(key));
        let slot = |entry: &&Indexed| Slot {
            entry_id: entry.entry_id,
            at_ms: entry.at_ms,
            n_shingles: hits::Sampled::of(entry.keys.iter().copied()),
        };
        hits.add(place, *key, with.map(slot));
    }
    hits.candidates(keys, day * DAY, 0)
}

#[test]
fn the_index_finds_what_looking_at_every_entry_finds() {
    let mut random = fastrand::Rng::with_seed(7);
    // Enough that parts are packed and packed again.
    let entries: Vec<Indexed> = (1..=4_000)
        .map(|id| {
            let mut keys: Vec<u32> =
                (0..40).map(|_| random.u32(0..60_000).wrapping_mul(0x9e37_79b1)).collect();
            keys.extend([random.u32(0..40) * 4, random.u32(0..2_000) * 4 + 2, id]);
            keys.sort_unstable();
            keys.dedup();
            indexed(i64::from(id), random.i64(0..200), &keys)
        })
        .collect();
    let mut index = Index::new(WINDOW);
    for day in [20, 100, 180] {
        load(&mut index, day);
    }
    for entry in &entries {
        index.add(entry);
    }
    assert!(index.n_postings() > 100_000);
    let mut n_found = 0;
    for entry in entries.iter().step_by(37) {
        let day = entry.at_ms / DAY;
        let expected = by_looking(&entries, day, &entry.keys);
        assert_eq!(found(&mut index, day, &entry.keys), expected, "entry {}", entry.entry_id);
        n_found += expected.len();
    }
    assert!(n_found > 1_000, "{n_found}");
}

#[test]
fn a_loaded_span_finds_what_an_index_finds_that_was_kept_in_step() {
    let mut random = fastrand::Rng::with_seed(11);
    let entries: Vec<Indexed> = (1..=3_000)
        .map(|id| {
            let keys: Vec<u32> = (0..40).map(|_| random.u32(0..20_000).wrapping_mul(0x9e37_79b1)).collect();
            indexed(id, 100 + random.i64(0..14), &keys)
        })
        .collect();
    let mut kept = around(100, &entries);
    let mut loaded = Index::new(WINDOW);
    load_of(&mut loaded, 100, &entries);
    for entry in entries.iter().step_by(41) {
        assert_eq!(found(&mut kept, 100, &entry.keys), found(&mut loaded, 100, &entry.keys));
    }
}

#[test]
fn entries_outside_the_window_are_not_found() {
    let mut index = around(100, &[indexed(1, 54, &[8]), indexed(2, 55, &[8]), indexed(3, 145, &[8])]);
    assert_eq!(found(&mut index, 100, &[8]), [2, 3]);
}

#[test]
fn a_span_that_was_not_loaded_is_missing_and_takes_nothing() {
    let mut index = Index::new(WINDOW);
    assert_eq!(index.missing(window(100)).len(), 7);
    index.add(&indexed(1, 100, &[8]));
    load(&mut index, 100);
    assert!(found(&mut index, 100, &[8]).is_empty());
    assert!(index.missing(window(100)).is_empty());
}

#[test]
fn what_was_taken_out_is_found_no_more() {
    let mut index = around(100, &[indexed(1, 100, &[8]), indexed(2, 100, &[8, 2])]);
    index.remove(1);
    assert_eq!(found(&mut index, 100, &[8]), [2]);
    index.add(&indexed(1, 101, &[12]));
    assert_eq!(found(&mut index, 100, &[12, 2]), [1, 2]);
}

#[test]
fn keys_that_too_many_have_propose_nothing_but_whole_texts_the_nearest() {
    let many: Vec<Indexed> = (0..60).map(|id| indexed(id, 60 + id, &[8, 9, 10])).collect();
    let mut index = around(100, &many);
    assert!(found(&mut index, 100, &[8]).is_empty());
    assert!(found(&mut index, 100, &[9]).is_empty());
    let nearest = found(&mut index, 100, &[10]);
    assert_eq!(nearest.len(), MOST_EXACT);
    assert!(nearest.contains(&40) && !nearest.contains(&0), "{nearest:?}");
}

#[test]
fn a_rest_drops_what_nothing_asked_for_since_the_last() {
    let mut index = around(100, &[indexed(1, 100, &[8])]);
    assert_eq!(found(&mut index, 100, &[8]), [1]);
    index.rest();
    assert_eq!(found(&mut index, 100, &[8]), [1]);
    index.rest();
    assert!(index.missing(window(100)).is_empty());
    index.rest();
    assert_eq!(index.missing(window(100)).len(), 7);
}

/// Entries of texts of 64 sampled shingles, each told twice.
fn copies(n_texts: i64) -> Vec<Indexed> {
    let mut random = fastrand::Rng::with_seed(23);
    let mut entries = Vec::new();
    for text in 0..n_texts {
        let mut keys: Vec<u32> = (0..64).map(|_| random.u32(..) & !3).collect();
        keys.sort_unstable();
        entries.extend([0, 1].map(|n| indexed(2 * text + n, 60 + text % 80, &keys)));
    }
    entries
}

#[test]
fn a_crowded_index_keeps_fewer_shingles_and_still_finds_copies() {
    let entries = copies(1_000);
    let mut index = Index { max_postings: 40_000, ..Index::new(WINDOW) };
    load_of(&mut index, 100, &entries);
    assert!((1..=40_000).contains(&index.n_postings()), "{}", index.n_postings());
    for entry in entries.iter().step_by(7) {
        let copy = entry.entry_id ^ 1;
        let found = found(&mut index, 100, &entry.keys);
        assert!(found.contains(&copy), "entry {}: {found:?}", entry.entry_id);
    }
    assert!(index.missing(window(100)).is_empty(), "what the window needs has left");
}

#[test]
fn a_crowded_index_drops_what_is_outside_the_window_first() {
    let early = copies(400);
    let late: Vec<Indexed> =
        early.iter().map(|entry| Indexed { at_ms: entry.at_ms + 200 * DAY, ..entry.clone() }).collect();
    let mut index = Index { max_postings: 60_000, ..Index::new(WINDOW) };
    load_of(&mut index, 100, &early);
    load_of(&mut index, 300, &late);
    assert_eq!(index.rate, 0);
    assert!(index.missing(window(300)).is_empty());
    assert!(!index.missing(window(100)).is_empty());
}

#[test]
fn a_crowded_index_is_loaded_whole_again_when_there_is_room() {
    let entries = copies(1_000);
    let mut index = Index { max_postings: 40_000, ..Index::new(WINDOW) };
    load_of(&mut index, 100, &entries);
    index.max_postings = 1_000_000;
    found(&mut index, 100, &[8]);
    index.rest();
    load_of(&mut index, 100, &entries);
    assert_eq!(index.n_postings(), entries.iter().map(|entry| entry.keys.len()).sum::<usize>());
}

#[test]
fn a_span_of_more_entries_than_a_part_can_number_finds_each() {
    let with_key = |id: u32| indexed(i64::from(id), 100, &[id * 8]);
    let mut index = Index::new(WINDOW);
    load_of(&mut index, 100, &(0..140_000).map(with_key).collect::<Vec<_>>());
    (140_000..210_000).for_each(|id| index.add(&with_key(id)));
    for id in [0, 65_535, 65_536, 131_071, 131_072, 139_999, 140_000, 205_535, 209_999] {
        assert_eq!(found(&mut index, 100, &[id * 8]), [i64::from(id)]);
    }
}
