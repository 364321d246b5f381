//! robots.txt of each site, fetched once a day (RFC 9309 §2.4).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use url::Url;

use super::{
    Asked, Client, FetchError, Fetched, Hop, MAX_REDIRECTS, Request,
    robots::{MAX_BODY_BYTES, Robots},
};
use crate::model::Timestamp;

/// How long a copy is used.
const FRESH_FOR: Duration = Duration::from_hours(24);
/// How long an older copy stands in for one that cannot be had.
const STALE_FOR: Duration = Duration::from_hours(720);

/// The rules of each origin, with the time they were fetched.
#[derive(Debug, Default)]
pub(super) struct RobotsCache {
    sites: Mutex<HashMap<String, (Arc<Robots>, Timestamp)>>,
    /// Those fetched since they were last asked for: origin, body, time.
    fresh: Mutex<Vec<Site>>,
}

/// The robots.txt of a site: origin, body, time of fetching.
pub(super) type Site = (String, Vec<u8>, Timestamp);

impl RobotsCache {
    fn find(&self, origin: &str, now: Timestamp, age: Duration) -> Option<Arc<Robots>> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let (rules, at) = sites.get(origin)?;
        (now.duration_since(*at).unsigned_abs() < age).then(|| Arc::clone(rules))
    }

    fn keep(&self, (origin, body, at): Site, token: &str) -> Arc<Robots> {
        let rules = Arc::new(Robots::parse(&body, token));
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.insert(origin, (Arc::clone(&rules), at));
        rules
    }
}

impl Client {
    /// The rules of the site of an address.
    pub(super) async fn robots_of(&self, url: &Url, request: Request<'_>) -> Result<Arc<Robots>, FetchError> {
        let now = request.now;
        let origin = url.origin().ascii_serialization();
        if let Some(rules) = self.robots.find(&origin, now, FRESH_FOR) {
            return Ok(rules);
        }
        match self.fetch_robots(url, request).await {
            Ok(body) => {
                let site = (origin, body, now);
                self.robots.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(site.clone());
                Ok(self.robots.keep(site, self.product_token()))
            }
            Err(error) => self.robots.find(&origin, now, STALE_FOR).ok_or(error),
        }
    }

    /// Takes over what an earlier process learned.
    pub fn recall_robots(&self, sites: Vec<(String, Vec<u8>, Timestamp)>) {
        for site in sites {
            self.robots.keep(site, self.product_token());
        }
    }

    /// The robots.txt fetched since this was last asked.
    pub fn fresh_robots(&self) -> Vec<(String, Vec<u8>, Timestamp)> {
        std::mem::take(&mut *self.robots.fresh.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The body of a robots.txt; an empty one allows everything.
    async fn fetch_robots(&self, url: &Url, request: Request<'_>) -> Result<Vec<u8>, FetchError> {
        let mut at = url.clone();
        at.set_path("/robots.txt");
        at.set_query(None);
        at.set_fragment(None);
        for _ in 0..=MAX_REDIRECTS {
            self.guard.check(&at)?;
            match self.hop(&at, Asked::plain(request), None).await {
                Ok(Hop::Redirect(next, _)) => at = next,
                Ok(Hop::Done(Fetched::Document(document, ..))) => {
                    let mut body = document.body;
                    body.truncate(MAX_BODY_BYTES);
                    return Ok(body);
                }
                Err(FetchError::Status { status, .. }) if (400..500).contains(&status) && status != 429 => {
                    return Ok(Vec::new());
                }
                Err(FetchError::Status { status, .. }) => {
                    return Err(FetchError::RobotsUnreachable { url: url.clone(), status });
                }
                // A robots.txt beyond any limit says nothing that can be relied on.
                Ok(Hop::Done(Fetched::NotModified(_))) | Err(FetchError::TooLarge { .. }) => {
                    return Ok(Vec::new());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Vec::new())
    }

    /// The name by which robots.txt addresses us: the User-Agent up to its first character that no token has.
    fn product_token(&self) -> &str {
        let agent = &self.settings.user_agent;
        let end = agent.find(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_'));
        agent.get(..end.unwrap_or(agent.len())).unwrap_or_default()
    }
}
