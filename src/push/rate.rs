//! How often an address may ask. Pure: the present is a parameter.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

use crate::model::Timestamp;

/// Addresses remembered; past that, those that are not known share one allowance.
const MAX_ADDRESSES: usize = 4_096;
/// The allowance that the unknown share.
const SHARED: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Allowances by address: each refills evenly up to a minute's worth.
#[derive(Debug)]
pub struct Rates {
    per_minute: f64,
    left: HashMap<IpAddr, (f64, Timestamp)>,
    /// When those were last forgotten whose allowance is whole again.
    swept_at: Option<Timestamp>,
}

impl Rates {
    /// Each address may ask so often in a minute.
    pub fn new(per_minute: usize) -> Self {
        let per_minute = f64::from(u32::try_from(per_minute).unwrap_or(u32::MAX));
        Self { per_minute, left: HashMap::new(), swept_at: None }
    }

    /// Whether an address may ask now; if so, that counts.
    pub fn permit(&mut self, address: IpAddr, now: Timestamp) -> bool {
        let key = self.key(network(address), now);
        let per_minute = self.per_minute;
        let (left, at) = self.left.entry(key).or_insert((per_minute, now));
        *left = refilled(*left, *at, now, per_minute);
        *at = now;
        let permitted = *left >= 1.0;
        if permitted {
            *left -= 1.0;
        }
        permitted
    }

    /// The address itself while there is room to remember it.
    fn key(&mut self, address: IpAddr, now: Timestamp) -> IpAddr {
        if self.left.contains_key(&address) || self.left.len() < MAX_ADDRESSES {
            return address;
        }
        // Once a second at most, so that a flood of addresses costs no more than the asking.
        if self.swept_at.is_some_and(|at| now.duration_since(at).abs() < jiff::SignedDuration::from_secs(1)) {
            return SHARED;
        }
        self.swept_at = Some(now);
        let per_minute = self.per_minute;
        self.left.retain(|_, (left, at)| refilled(*left, *at, now, per_minute) < per_minute);
        if self.left.len() < MAX_ADDRESSES { address } else { SHARED }
    }
}

fn refilled(left: f64, at: Timestamp, now: Timestamp, per_minute: f64) -> f64 {
    // A clock that was set back refills nothing.
    let minutes = now.duration_since(at).as_secs_f64().max(0.0) / 60.0;
    (left + minutes * per_minute).min(per_minute)
}

/// An IPv4 address by itself, an IPv6 address by the network that one customer has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn permitted(rates: &mut Rates, address: &str, seconds: i64, n: usize) -> usize {
        (0..n).filter(|_| rates.permit(address.parse().unwrap(), at(seconds))).count()
    }

    #[test]
    fn an_allowance_is_used_up_and_refills() {
        let mut rates = Rates::new(30);
        assert_eq!(permitted(&mut rates, "192.0.2.1", 0, 1_000), 30);
        assert_eq!(permitted(&mut rates, "192.0.2.1", 1, 10), 0);
        assert_eq!(permitted(&mut rates, "192.0.2.1", 10, 10), 5);
        assert_eq!(permitted(&mut rates, "192.0.2.2", 10, 40), 30, "another address has its own");
        assert_eq!(permitted(&mut rates, "::ffff:192.0.2.2", 10, 1), 0, "the same in another spelling");
        assert_eq!(permitted(&mut rates, "192.0.2.1", 5, 10), 0, "a clock set back refills nothing");
        assert_eq!(permitted(&mut rates, "192.0.2.1", 9_999, 99), 30);
    }

    #[test]
    fn who_has_a_network_has_one_allowance() {
        let mut rates = Rates::new(3);
        let n = (0..100).map(|i| permitted(&mut rates, &format!("2001:db8:0:1::{i:x}"), 0, 1)).sum::<usize>();
        assert_eq!(n, 3);
    }

    #[test]
    fn countless_addresses_share_one_allowance_and_leave_the_known_theirs() {
        let mut rates = Rates::new(2);
        assert_eq!(permitted(&mut rates, "192.0.2.1", 0, 1), 1);
        let address = |i: u32| IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000 + i));
        let n = (0..100_000).filter(|i| rates.permit(address(*i), at(0))).count();
        assert!(n < MAX_ADDRESSES + 3, "{n}");
        assert!(rates.left.len() <= MAX_ADDRESSES + 1);
        assert_eq!(permitted(&mut rates, "192.0.2.1", 0, 5), 1, "it was known before");
        assert_eq!(permitted(&mut rates, "192.0.2.9", 120, 5), 2, "the others are forgotten in time");
    }
}
