//! How much one address may have rendered: a bucket of tokens that fills again.
//!
//! What is in memory costs nothing and is never refused.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::http::HeaderMap;
use tokio::time::Instant;

use crate::{config::Network, press::PressError};

/// Addresses remembered at most; those that were quiet longest are forgotten, which only fills their buckets.
const MAX_ADDRESSES: usize = 4_096;
/// A bucket holds this part of a minute's renderings.
const BURST_PART: f64 = 1.0 / 3.0;

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

/// The buckets of all addresses.
#[derive(Debug)]
pub(super) struct Limits {
    /// 0: there is no limit.
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Limits {
    /// Each address may have so many documents rendered in a minute; 0 sets no limit.
    pub(super) fn new(per_minute: u32) -> Self {
        let per_minute = f64::from(per_minute);
        Self {
            per_second: per_minute / 60.0,
            burst: (per_minute * BURST_PART).max(1.0),
            buckets: Mutex::default(),
        }
    }

    /// Takes a token, or says when there will be one. What the house asks itself is free.
    pub(super) fn pay(&self, peer: Option<Peer>) -> Result<(), PressError> {
        peer.map_or(Ok(()), |peer| self.pay_at(peer, Instant::now()))
    }

    fn pay_at(&self, peer: Peer, now: Instant) -> Result<(), PressError> {
        if self.per_second <= 0.0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_ADDRESSES {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(peer.network()).or_insert(Bucket { tokens: self.burst, at: now });
        let filled = bucket.tokens + now.duration_since(bucket.at).as_secs_f64() * self.per_second;
        *bucket = Bucket { tokens: filled.min(self.burst), at: now };
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(PressError::TooMany { after: Duration::from_secs_f64((1.0 - bucket.tokens) / self.per_second) })
    }

    /// Lets go of full buckets, and when that is not enough of the half that is fullest.
    fn forget(&self, buckets: &mut HashMap<IpAddr, Bucket>, now: Instant) {
        let level =
            |bucket: &Bucket| bucket.tokens + now.duration_since(bucket.at).as_secs_f64() * self.per_second;
        buckets.retain(|_, bucket| level(bucket) < self.burst);
        if buckets.len() >= MAX_ADDRESSES {
            let mut levels: Vec<f64> = buckets.values().map(level).collect();
            levels.sort_by(f64::total_cmp);
            let middle = levels.get(levels.len() / 2).copied().unwrap_or_default();
            buckets.retain(|_, bucket| level(bucket) < middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer(text.parse().unwrap())
    }

    #[test]
    fn an_address_gets_its_burst_then_its_rate_and_others_are_not_held_back() {
        let limits = Limits::new(60);
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        for _ in 0..20 {
            assert!(limits.pay_at(peer("192.0.2.1"), start).is_ok());
        }
        let Err(PressError::TooMany { after }) = limits.pay_at(peer("192.0.2.1"), start) else {
            panic!("the bucket is empty")
        };
        assert!(after <= Duration::from_secs(1) && after > Duration::from_millis(900), "{after:?}");
        assert!(limits.pay_at(peer("192.0.2.2"), start).is_ok());
        assert!(limits.pay_at(peer("192.0.2.1"), at(1.01)).is_ok());
        assert!(limits.pay_at(peer("192.0.2.1"), at(1.02)).is_err());
        assert!(Limits::new(0).pay_at(peer("192.0.2.1"), start).is_ok());
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
    fn a_flood_of_addresses_takes_no_more_room() {
        let limits = Limits::new(3);
        let now = Instant::now();
        for i in 0..10_000_u32 {
            let _ = limits.pay_at(Peer(IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + i))), now);
            assert!(limits.buckets.lock().unwrap().len() <= MAX_ADDRESSES);
        }
    }
}
