//! robots.txt of each site, fetched once a day (RFC 9309 §2.4).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use url::Url;

use super::{Asked, Client, FetchError, Fetched, Hop, MAX_REDIRECTS, robots::Robots};
use crate::model::Timestamp;

/// How long a copy is used.
const FRESH_FOR: Duration = Duration::from_hours(24);
/// How long an older copy stands in for one that cannot be had.
const STALE_FOR: Duration = Duration::from_hours(720);

/// The rules of each origin, with the time they were fetched.
#[derive(Debug, Default)]
pub(super) struct RobotsCache {
    sites: Mutex<HashMap<String, (Arc<Robots>, Timestamp)>>,
}

impl RobotsCache {
    fn find(&self, origin: &str, now: Timestamp, age: Duration) -> Option<Arc<Robots>> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let (rules, at) = sites.get(origin)?;
        (now.duration_since(*at).unsigned_abs() < age).then(|| Arc::clone(rules))
    }

    fn keep(&self, origin: String, rules: &Arc<Robots>, now: Timestamp) {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.insert(origin, (Arc::clone(rules), now));
    }
}

impl Client {
    /// The rules of the site of an address.
    pub(super) async fn robots_of(&self, url: &Url, now: Timestamp) -> Result<Arc<Robots>, FetchError> {
        let origin = url.origin().ascii_serialization();
        if let Some(rules) = self.robots.find(&origin, now, FRESH_FOR) {
            return Ok(rules);
        }
        match self.fetch_robots(url, now).await {
            Ok(rules) => {
                let rules = Arc::new(rules);
                self.robots.keep(origin, &rules, now);
                Ok(rules)
            }
            Err(error) => self.robots.find(&origin, now, STALE_FOR).ok_or(error),
        }
    }

    async fn fetch_robots(&self, url: &Url, now: Timestamp) -> Result<Robots, FetchError> {
        let mut at = url.clone();
        at.set_path("/robots.txt");
        at.set_query(None);
        at.set_fragment(None);
        for _ in 0..=MAX_REDIRECTS {
            self.guard.check(&at)?;
            match self.hop(&at, Asked::plain(now), None).await {
                Ok(Hop::Redirect(next, _)) => at = next,
                Ok(Hop::Done(Fetched::Document(document, _))) => {
                    return Ok(Robots::parse(&document.body, self.product_token()));
                }
                Err(FetchError::Status { status, .. }) if (400..500).contains(&status) && status != 429 => {
                    return Ok(Robots::allow_all());
                }
                Err(FetchError::Status { status, .. }) => {
                    return Err(FetchError::RobotsUnreachable { url: url.clone(), status });
                }
                // A robots.txt beyond any limit says nothing that can be relied on.
                Ok(Hop::Done(Fetched::NotModified)) | Err(FetchError::TooLarge { .. }) => {
                    return Ok(Robots::allow_all());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Robots::allow_all())
    }

    /// The name by which robots.txt addresses us: the User-Agent up to its first character that no token has.
    fn product_token(&self) -> &str {
        let end = self.user_agent.find(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_'));
        self.user_agent.get(..end.unwrap_or(self.user_agent.len())).unwrap_or_default()
    }
}
