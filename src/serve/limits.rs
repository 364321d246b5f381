//! How often one address may ask for what costs something: so much at once, and then evenly.
//!
//! What is in memory costs nothing and is never refused.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::{config::Network, press::PressError};

/// Addresses remembered; past that, those that are not known share one allowance.
const MAX_ADDRESSES: usize = 4_096;
/// The allowance that the unknown share.
const SHARED: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
/// How often those are looked for at most whose allowance is whole again, so that a flood of addresses costs no more
/// than the asking.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);
/// What may be rendered or read at once is this part of a minute's worth.
const BURST_PART: u32 = 3;

/// Who asks: the address of a connection, or that which a trusted proxy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Who stands behind a connection: the last address of `X-Forwarded-For` that is not a trusted proxy's own, as long
    /// as trusted proxies say so.
    pub(super) fn of(connected: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let is_trusted =
            |address: IpAddr| proxies.iter().any(|network| network.net.contains(&address.to_canonical()));
        let mut peer = connected;
        let named = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
        for name in named.into_iter().rev() {
            if !is_trusted(peer) {
                break;
            }
            let Ok(address) = name.parse() else { break };
            peer = address;
        }
        Self(peer)
    }

    /// What counts as one: an IPv4 address, or the network of 64 bits that one IPv6 client has to itself.
    fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => {
                let bits = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
            address @ IpAddr::V4(_) => address,
        }
    }
}

/// Who asked for too much, and when it may ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSoon {
    pub(super) after: Duration,
}

impl From<TooSoon> for PressError {
    fn from(TooSoon { after }: TooSoon) -> Self {
        Self::TooMany { after }
    }
}

/// A value of `Retry-After`: whole seconds, never too few (RFC 9110 §10.2.3).
pub(super) fn retry_after(after: Duration) -> HeaderValue {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}

/// The allowances of all addresses (GCRA: of each only the time is kept at which its allowance is whole again).
#[derive(Debug)]
pub(super) struct Limits {
    /// What is asked for once takes so long to be allowed again; zero: there is no limit.
    cost: Duration,
    /// How far an address may be ahead: the cost of what it may ask for at once.
    ahead: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    whole_at: HashMap<IpAddr, Instant>,
    swept_at: Option<Instant>,
}

impl Limits {
    /// Each address may ask so often in a minute, and `at_once` times without a pause; 0 a minute sets no limit.
    pub(super) fn new(per_minute: u32, at_once: u32) -> Self {
        let cost = Duration::from_mins(1).checked_div(per_minute).unwrap_or_default();
        Self { cost, ahead: cost.saturating_mul(at_once.max(1)), known: Mutex::default() }
    }

    /// Each address may have so many documents rendered or pages read in a minute, a third of that at once.
    pub(super) fn of_work(per_minute: u32) -> Self {
        Self::new(per_minute, per_minute / BURST_PART)
    }

    /// Takes one from an address's allowance, or says when there will be one. What the house asks itself is free.
    pub(super) fn pay(&self, peer: Option<Peer>) -> Result<(), TooSoon> {
        peer.map_or(Ok(()), |peer| self.pay_at(peer, Instant::now()))
    }

    fn pay_at(&self, peer: Peer, now: Instant) -> Result<(), TooSoon> {
        if self.cost.is_zero() {
            return Ok(());
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_at = known.of(peer.network(), now);
        let next = (*whole_at).max(now) + self.cost;
        let after = (next - now).saturating_sub(self.ahead);
        if !after.is_zero() {
            return Err(TooSoon { after });
        }
        *whole_at = next;
        Ok(())
    }
}

impl Known {
    /// When the allowance of an address is whole again: its own while there is room to remember it.
    fn of(&mut self, address: IpAddr, now: Instant) -> &mut Instant {
        let has_room = self.whole_at.contains_key(&address) || self.has_room(now);
        self.whole_at.entry(if has_room { address } else { SHARED }).or_insert(now)
    }

    fn has_room(&mut self, now: Instant) -> bool {
        let is_full = self.whole_at.len() >= MAX_ADDRESSES;
        if is_full && self.swept_at.is_none_or(|at| now.duration_since(at) >= SWEEP_PAUSE) {
            self.swept_at = Some(now);
            self.whole_at.retain(|_, whole_at| *whole_at > now);
        }
        self.whole_at.len() < MAX_ADDRESSES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer(text.parse().unwrap())
    }

    /// How many of `n` requests are allowed.
    fn allowed(limits: &Limits, address: &str, at: Instant, n: usize) -> usize {
        (0..n).filter(|_| limits.pay_at(peer(address), at).is_ok()).count()
    }

    #[test]
    fn an_address_gets_its_burst_then_its_rate_and_others_are_not_held_back() {
        let limits = Limits::of_work(60);
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        assert_eq!(allowed(&limits, "192.0.2.1", start, 1_000), 20);
        assert_eq!(
            limits.pay_at(peer("192.0.2.1"), at(0.25)),
            Err(TooSoon { after: Duration::from_millis(750) })
        );
        assert_eq!(allowed(&limits, "192.0.2.2", start, 1), 1);
        assert_eq!(allowed(&limits, "192.0.2.1", at(1.0), 9), 1);
        assert_eq!(allowed(&limits, "192.0.2.1", at(6.5), 9), 5);
        assert_eq!(allowed(&limits, "192.0.2.1", at(9_999.0), 99), 20, "no more than a burst is saved up");
        assert_eq!(allowed(&Limits::of_work(0), "192.0.2.1", start, 1_000), 1_000);
        assert_eq!(allowed(&Limits::of_work(1), "192.0.2.1", start, 9), 1, "a burst is one at least");
    }

    #[test]
    fn one_ipv6_network_counts_as_one_and_a_mapped_address_as_itself() {
        let check = |a: &str, b: &str, same: bool| {
            assert_eq!(peer(a).network() == peer(b).network(), same, "{a} {b}");
        };
        check("2001:db8::1", "2001:db8::ffff:1", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
        check("::ffff:192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
    }

    #[test]
    fn countless_addresses_share_one_allowance_and_leave_the_known_theirs() {
        let limits = Limits::new(2, 2);
        let now = Instant::now();
        assert_eq!(allowed(&limits, "192.0.2.1", now, 1), 1);
        let flood = |i: u32| Peer(IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + i)));
        let n = (0..100_000).filter(|i| limits.pay_at(flood(*i), now).is_ok()).count();
        assert!(n < MAX_ADDRESSES + 2, "{n}");
        assert!(limits.known.lock().unwrap().whole_at.len() <= MAX_ADDRESSES + 1);
        assert_eq!(allowed(&limits, "192.0.2.1", now, 5), 1, "it was known before");
        let later = now + Duration::from_mins(2);
        assert_eq!(allowed(&limits, "192.0.2.9", later, 5), 2, "the others are forgotten in time");
    }

    #[test]
    fn retry_after_is_never_too_early() {
        let check = |millis: u64, seconds: &str| {
            assert_eq!(retry_after(Duration::from_millis(millis)), seconds, "{millis}");
        };
        check(0, "1");
        check(1_000, "1");
        check(1_001, "2");
    }
}
