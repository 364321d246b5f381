//! The address guard: where a request may go (against server-side request forgery).
//!
//! Names are checked when they are resolved for a connection, so that an answer that changes between check and use
//! (DNS rebinding) is checked too; literal addresses, which no resolver sees, are checked in the URL.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchError;
use crate::config::Network;

/// What may be visited.
#[derive(Debug)]
pub(super) struct Guard {
    allowed: Vec<Network>,
    /// Names of the configured proxies, which may stand in the private network.
    exempt: BTreeSet<String>,
}

/// A name that leads into a private network.
#[derive(Debug, thiserror::Error)]
#[error("{address}, {kind}")]
pub(super) struct PrivateAddress {
    address: IpAddr,
    kind: &'static str,
}

#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
struct NoAddress;

impl Guard {
    pub(super) fn new(allowed: Vec<Network>, exempt: BTreeSet<String>) -> Self {
        Self { allowed, exempt }
    }

    /// Checks scheme and literal address.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchError> {
        let (true, Some(host)) = (matches!(url.scheme(), "http" | "https"), url.host()) else {
            return Err(FetchError::Scheme { url: url.clone() });
        };
        let address = match host {
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
            Host::Domain(_) => return Ok(()),
        };
        let port = url.port_or_known_default().unwrap_or_default();
        match self.refuse(address, Some(port)) {
            None => Ok(()),
            Some(kind) => Err(FetchError::Private { url: url.clone(), what: format!("{address}, {kind}") }),
        }
    }

    /// Says what kind of private address it is, unless it is public or allowed.
    fn refuse(&self, address: IpAddr, port: Option<u16>) -> Option<&'static str> {
        let kind = private_kind(address)?;
        let allowed = self.allowed.iter().any(|network| {
            network.net.contains(&address) && network.port.is_none_or(|only| port == Some(only))
        });
        (!allowed).then_some(kind)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let exempt = self.exempt.contains(name.as_str());
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let guard = Self::new(allowed, BTreeSet::new());
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let (public, private): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|at| exempt || guard.refuse(at.ip(), None).is_none());
            if !public.is_empty() {
                return Ok(Box::new(public.into_iter()) as Addrs);
            }
            match private.first() {
                Some(at) => {
                    let kind = private_kind(at.ip()).unwrap_or("a private address");
                    Err(Box::new(PrivateAddress { address: at.ip(), kind }) as _)
                }
                None => Err(Box::new(NoAddress) as _),
            }
        })
    }
}

/// Says what kind of address it is that no public site has, or `None`.
fn private_kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            match (a, b, c) {
                (127, ..) => Some("an address of this machine"),
                (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("an address of a private network"),
                (169, 254, _) => Some("a link-local address"),
                (100, 64..=127, _) => Some("a carrier's internal address"),
                (0 | 224.., ..) | (192, 0, 0) | (198, 18..=19, _) => {
                    Some("an address reserved for other uses")
                }
                (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("an address for documentation"),
                _ => None,
            }
        }
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(
            || private_v6(v6),
            |v4| {
                private_kind(IpAddr::V4(v4))
                    .or_else(|| v6.to_ipv4_mapped().is_none().then_some("a translated address"))
            },
        ),
    }
}

fn private_v6(v6: Ipv6Addr) -> Option<&'static str> {
    let first = v6.segments()[0];
    if v6.is_unspecified() || v6.is_loopback() {
        Some("an address of this machine")
    } else if first & 0xfe00 == 0xfc00 {
        Some("an address of a private network")
    } else if first & 0xffc0 == 0xfe80 {
        Some("a link-local address")
    } else if first & 0xff00 == 0xff00 || (first == 0x2001 && v6.segments()[1] == 0xdb8) {
        Some("an address reserved for other uses")
    } else {
        None
    }
}

/// The IPv4 address inside a mapped, translated (`64:ff9b::/96`) or 6to4 (`2002::/16`) address.
fn embedded_v4(v6: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let v4 = |high: u16, low: u16| std::net::Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => v6.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let check = |text: &str, passes: bool| {
            assert_eq!(private_kind(text.parse().unwrap()).is_none(), passes, "{text}");
        };
        for public in ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2400:3200::1", "::ffff:1.1.1.1"]
        {
            check(public, true);
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            check(private, false);
        }
    }

    #[test]
    fn literal_addresses_in_any_spelling_are_checked_with_their_port() {
        let network = Network { net: "127.0.0.1/32".parse().unwrap(), port: Some(8080) };
        let guard = Guard::new(vec![network], BTreeSet::new());
        let passes = |text: &str| guard.check(&Url::parse(text).unwrap()).is_ok();
        assert!(passes("http://127.0.0.1:8080/"));
        for refused in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]:8080/",
            "ftp://1.1.1.1/",
            "file:///etc/passwd",
        ] {
            assert!(!passes(refused), "{refused}");
        }
    }
}
