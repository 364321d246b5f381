//! WebSub: our hub, which sends our feeds to whoever subscribes; pings to other hubs; and our own subscriptions at the
//! hubs that sources offer (<https://www.w3.org/TR/websub/>).
//!
//! Decisions are pure (`request`, `timing`, `lanes`, `signature`); the store, `fetch::Courier` and the published
//! documents stand at the ends. Nothing here starts a task or reads the clock: `daemon` does.
//!
//! **Invariants:** a subscriber gets what it did not acknowledge again, across kills and restarts, until its lease ends;
//! no callback is connected to at a private address that `push.allow_private` does not name; a slow or failing
//! subscriber takes no place of one that answers.

pub mod hints;
pub mod hub;
pub mod lanes;
mod ping;
pub mod request;
pub mod signature;
pub mod timing;
mod topics;
pub mod upstream;

pub use hub::{Hub, Refused};
pub use ping::Pinger;
pub use topics::{Reading, Topics};
pub use upstream::Upstreams;

/// Where our hub is, below the public address.
pub const HUB_PATH: &str = "hub";

/// Bytes that nobody can guess, in hexadecimal.
///
/// `None` only when the system gives no random bytes; what needs them is then left undone.
fn unguessable() -> Option<String> {
    let mut bytes = [0; 24];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).ok()?;
    Some(signature::hex(&bytes))
}
