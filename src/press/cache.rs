//! Documents that were asked for: kept while there is room, each rendered by one at a time.
//!
//! Bounded in bytes and in number, whoever chooses the keys.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync};
use tokio::time::Instant;

use super::{Key, Print};

/// Bytes that the kept documents may take together.
const MAX_BYTES: u64 = 48 << 20;
/// Documents kept at most.
const MAX_DOCUMENTS: u64 = 1_024;
/// What a document counts at least, so that small ones are bounded in number.
const LEAST_BYTES: u64 = MAX_BYTES / MAX_DOCUMENTS;
/// After a failure the last good document is served this long before the store is asked again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What is known of one document.
#[derive(Debug, Default)]
pub(super) struct Slot {
    kept: Mutex<Option<Kept>>,
    /// Held by the one who renders; the others wait and take what came of it.
    pub(super) turn: tokio::sync::Mutex<()>,
}

/// A rendered document, and up to which state of the feed it is known to be right.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) print: Arc<Print>,
    /// Of what it was rendered from; equal facts give equal bytes.
    pub(super) digest: blake3::Hash,
    /// The feed's count of changes when that was last looked at.
    pub(super) checked_seq: i64,
    failed_at: Option<Instant>,
}

impl Kept {
    pub(super) fn new(print: Arc<Print>, digest: blake3::Hash, checked_seq: i64) -> Self {
        Self { print, digest, checked_seq, failed_at: None }
    }

    /// Whether it may be served as it is.
    fn is_good(&self, seq: i64) -> bool {
        self.checked_seq == seq || self.failed_at.is_some_and(|at| at.elapsed() < PAUSE_AFTER_FAILURE)
    }
}

impl Slot {
    /// What was last rendered, good or not.
    pub(super) fn last(&self) -> Option<Kept> {
        self.lock().clone()
    }

    /// The document, when it is known to show the state of the feed.
    pub(super) fn good(&self, seq: i64) -> Option<Arc<Print>> {
        self.lock().as_ref().filter(|kept| kept.is_good(seq)).map(|kept| Arc::clone(&kept.print))
    }

    /// Puts a pause before the store is asked again.
    pub(super) fn note_failure(&self) {
        if let Some(kept) = self.lock().as_mut() {
            kept.failed_at = Some(Instant::now());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        // A panic between two assignments leaves either the old or the new value.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the cache. What it counts never changes while it is there: a document that is rendered anew takes a new
/// place.
#[derive(Debug, Clone)]
struct Held {
    slot: Arc<Slot>,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Held> for Bytes {
    fn weight(&self, _: &Key, held: &Held) -> u64 {
        held.bytes.max(LEAST_BYTES)
    }
}

/// The kept documents.
#[derive(Debug)]
pub(super) struct Cache(sync::Cache<Key, Held, Bytes>);

impl Cache {
    pub(super) fn new() -> Self {
        let items = usize::try_from(MAX_DOCUMENTS).unwrap_or(usize::MAX);
        // One shard, so that a large document has the whole room.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(items)
            .weight_capacity(MAX_BYTES)
            .build();
        let options = options.unwrap_or_else(|_| unreachable!("all that is required is set"));
        let lifecycle = sync::DefaultLifecycle::default();
        Self(sync::Cache::with_options(options, Bytes, DefaultHashBuilder::default(), lifecycle))
    }

    /// The document, when it is kept and known to show the state of the feed.
    pub(super) fn good(&self, key: &Key, seq: i64) -> Option<Arc<Print>> {
        self.0.get(key)?.slot.good(seq)
    }

    /// The place of a document, made if there is none.
    pub(super) fn slot(&self, key: &Key) -> Arc<Slot> {
        let empty = || Ok::<_, std::convert::Infallible>(Held { slot: Arc::default(), bytes: 0 });
        match self.0.get_or_insert_with(key, empty) {
            Ok(held) => held.slot,
            Err(never) => match never {},
        }
    }

    /// Keeps a document in its place, and counts its bytes.
    pub(super) fn keep(&self, key: &Key, slot: &Arc<Slot>, kept: Kept) {
        // In all codings, once they were asked for.
        let bytes = kept.print.weight().saturating_mul(2);
        *slot.lock() = Some(kept);
        self.0.insert(key.clone(), Held { slot: Arc::clone(slot), bytes });
    }

    /// How many documents are kept, and their bytes as counted.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, u64) {
        (self.0.len(), self.0.weight())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Timestamp,
        press::Purpose,
        publish::{Format, body::Body},
    };

    fn key(i: i64) -> Key {
        Key::Delta { slice: crate::publish::slice::Slice::default(), format: Format::Atom, since: i }
    }

    fn kept(n_bytes: usize) -> Kept {
        let body = Body::new("text/plain", vec![b'x'; n_bytes], Timestamp::UNIX_EPOCH);
        let print = Arc::new(Print::new(body, Purpose::Feed, Duration::ZERO, &[]));
        Kept::new(print, blake3::hash(b"x"), 1)
    }

    #[test]
    fn documents_are_bounded_in_number_and_in_bytes() {
        let check = |n_documents: i64, n_bytes: usize| {
            let cache = Cache::new();
            for i in 0..n_documents {
                let slot = cache.slot(&key(i));
                cache.keep(&key(i), &slot, kept(n_bytes));
            }
            let (n_held, bytes_held) = cache.held();
            assert!(bytes_held <= MAX_BYTES, "{bytes_held} bytes");
            assert!(n_held > 1 && n_held as u64 <= MAX_DOCUMENTS, "{n_held} documents");
        };
        check(5_000, 10);
        check(200, 2 << 20);
    }

    #[test]
    fn a_document_is_good_while_nothing_changed_and_for_a_while_after_a_failure() {
        let cache = Cache::new();
        let slot = cache.slot(&key(1));
        assert!(slot.good(1).is_none());
        cache.keep(&key(1), &slot, kept(10));
        assert!(cache.slot(&key(1)).good(1).is_some());
        assert!(slot.good(2).is_none());
        slot.note_failure();
        assert!(slot.good(2).is_some());
    }
}
