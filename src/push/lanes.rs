//! Which delivery goes next: a subscriber that answers well never waits for one that does not. Pure.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use crate::store::Delivery;

/// Deliveries waiting in memory, at most; the store holds the rest.
const MAX_WAITING: usize = 512;
/// Below this many, more are read.
const FEW_WAITING: usize = 64;
/// Deliveries to one host's callbacks at once.
const MAX_PER_HOST: usize = 4;
/// A subscriber that took longer than this is slow.
pub const SLOW: Duration = Duration::from_secs(2);

/// The places and who waits for one.
#[derive(Debug)]
pub struct Lanes {
    places: usize,
    waiting: VecDeque<Delivery>,
    under_way: HashMap<i64, UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    host: String,
    is_proven: bool,
}

impl Lanes {
    /// So many deliveries are under way at once, at most half of them (but one at least) to subscribers that failed,
    /// were slow, or have taken nothing yet.
    pub fn new(places: usize) -> Self {
        Self { places: places.max(2), waiting: VecDeque::new(), under_way: HashMap::new() }
    }

    /// How many are to be read from the store: 0 while enough wait. Those under way are read again with them.
    pub fn wanted(&self) -> usize {
        if self.waiting.len() < FEW_WAITING { MAX_WAITING + self.under_way.len() } else { 0 }
    }

    /// Takes those that are due, in their order, in the place of those that waited.
    pub fn refill(&mut self, due: Vec<Delivery>) {
        let fresh = due.into_iter().filter(|delivery| !self.under_way.contains_key(&delivery.id));
        self.waiting = fresh.take(MAX_WAITING).collect();
    }

    /// The next delivery that has a place, which it takes.
    pub fn begin(&mut self) -> Option<Delivery> {
        if self.under_way.len() >= self.places {
            return None;
        }
        let i = self.waiting.iter().position(|delivery| self.has_place(delivery))?;
        let delivery = self.waiting.remove(i)?;
        let (host, is_proven) = (delivery.host.clone(), is_proven(&delivery));
        self.under_way.insert(delivery.id, UnderWay { host, is_proven });
        Some(delivery)
    }

    fn has_place(&self, delivery: &Delivery) -> bool {
        let of_host = self.under_way.values().filter(|it| it.host == delivery.host).count();
        let unproven = self.under_way.values().filter(|it| !it.is_proven).count();
        of_host < MAX_PER_HOST && (is_proven(delivery) || unproven < self.places / 2)
    }

    /// A delivery has ended.
    pub fn ended(&mut self, id: i64) {
        self.under_way.remove(&id);
    }

    /// Whether nothing waits or is under way.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }
}

/// Whether a subscriber took its last delivery, and soon.
fn is_proven(delivery: &Delivery) -> bool {
    delivery.n_failures == 0 && delivery.took.is_some_and(|took| took <= SLOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: i64, host: &str, n_failures: i64, took_ms: Option<u64>) -> Delivery {
        Delivery {
            id,
            topic: "t".into(),
            path: "feed.atom".into(),
            callback: "c".into(),
            host: host.into(),
            secret: None,
            n_failures,
            took: took_ms.map(Duration::from_millis),
        }
    }

    fn started(lanes: &mut Lanes) -> Vec<i64> {
        std::iter::from_fn(|| lanes.begin()).map(|delivery| delivery.id).collect()
    }

    #[test]
    fn the_slow_the_failing_and_the_new_leave_half_of_the_places_to_the_proven() {
        let mut lanes = Lanes::new(8);
        let bad = (0..20).map(|i| match i % 3 {
            0 => delivery(i, &format!("h{i}"), 1, Some(5)),
            1 => delivery(i, &format!("h{i}"), 0, Some(9_000)),
            _ => delivery(i, &format!("h{i}"), 0, None),
        });
        lanes.refill(bad.collect());
        assert_eq!(started(&mut lanes), [0, 1, 2, 3]);
        let good = (20..30).map(|i| delivery(i, &format!("h{i}"), 0, Some(5)));
        lanes.refill((4..20).map(|i| delivery(i, "x", 1, None)).chain(good).collect());
        assert_eq!(started(&mut lanes), [20, 21, 22, 23], "the bad before them have no place");
        lanes.ended(0);
        assert_eq!(started(&mut lanes), [4]);
        lanes.ended(20);
        assert_eq!(started(&mut lanes), [24]);
        assert!(!lanes.is_idle());
    }

    #[test]
    fn one_host_takes_four_places_at_most() {
        let mut lanes = Lanes::new(20);
        let same = (0..9).map(|i| delivery(i, "same", 0, Some(5)));
        lanes.refill(same.chain([delivery(9, "other", 0, Some(5))]).collect());
        assert_eq!(started(&mut lanes), [0, 1, 2, 3, 9]);
        lanes.ended(2);
        assert_eq!(started(&mut lanes), [4]);
    }

    #[test]
    fn what_is_under_way_is_not_begun_twice() {
        let mut lanes = Lanes::new(4);
        lanes.refill(vec![delivery(1, "a", 0, Some(5))]);
        assert_eq!(started(&mut lanes), [1]);
        assert!(lanes.wanted() > MAX_WAITING);
        lanes.refill(vec![delivery(1, "a", 0, Some(5)), delivery(2, "b", 0, Some(5))]);
        assert_eq!(started(&mut lanes), [2]);
        lanes.ended(1);
        lanes.ended(2);
        assert!(lanes.is_idle());
    }
}
