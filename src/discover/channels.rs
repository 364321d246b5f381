//! Which links of a page may lead to lists of news, the likeliest first.

use std::collections::{HashMap, HashSet};

use regex::Regex;
use url::{Position, Url};

use super::{
    page::{Link, Page},
    tables::{Channels, System},
};

/// What an unnamed link is worth that says `更多`.
const UNNAMED_MORE: i32 = 40;
/// Fewest points of a link that only its address speaks for.
const MIN_BY_ADDRESS: i32 = 20;
/// What a feed is worth that a page declares, and one that it only links to.
const DECLARED_FEED: i32 = 105;
const LINKED_FEED: i32 = 100;
/// What the list is worth that the addresses of articles tell of, beside a point for each of them.
const LIST_OF_ARTICLES: i32 = 50;
const MAX_ARTICLE_POINTS: i32 = 10;
/// Most lists that are told from addresses of articles.
const MAX_LISTS_OF_ARTICLES: usize = 3;
/// What the JSON list of a page is worth whose rows come from there, and of one that has rows itself.
const JSON_OF_SHELL: i32 = 140;
const JSON_OF_LIST: i32 = 75;

/// What a candidate is believed to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Guess {
    Page,
    Feed,
    /// The JSON list of this channel.
    Json(String),
}

/// An address that may be a list.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub url: Url,
    /// The channel's name, where one is known.
    pub name: Option<String>,
    pub guess: Guess,
    pub points: i32,
}

/// What ranking needs to know.
#[derive(Clone, Copy)]
pub(super) struct Ranking<'a> {
    pub channels: &'a Channels,
    /// What articles' addresses look like at this CMS.
    pub article_url: Option<&'a Regex>,
    /// The CMS, for the addresses of its JSON lists.
    pub system: Option<&'a System>,
    /// The page itself.
    pub url: &'a Url,
    pub page: &'a Page,
}

impl Candidate {
    /// What it is believed to be, for people.
    pub(super) fn words(&self) -> Option<String> {
        match (&self.guess, &self.name) {
            (Guess::Json(id), _) => Some(format!("JSON list of channelId {id}")),
            (Guess::Feed, _) => Some("feed".to_owned()),
            (Guess::Page, name) => name.clone(),
        }
    }
}

impl Ranking<'_> {
    /// The candidates that the page names, each address once, the likeliest first.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = self.page.links.iter().filter_map(|link| self.list(link)).collect();
        found.extend(self.page.feeds.iter().map(|feed| Candidate {
            url: feed.url.clone(),
            name: self.channels.named(&feed.title).map(|named| named.name.to_owned()),
            guess: Guess::Feed,
            points: if feed.is_declared { DECLARED_FEED } else { LINKED_FEED },
        }));
        found.extend(self.json_lists());
        found.extend(self.lists_of_articles());
        found.sort_by_key(|candidate| std::cmp::Reverse(candidate.points));
        let mut seen = HashSet::new();
        found.retain(|candidate| seen.insert(address_key(&candidate.url)));
        found
    }

    fn list(&self, link: &Link) -> Option<Candidate> {
        let address = &link.url[..Position::AfterQuery];
        let is_own = address_key(&link.url) == address_key(self.url);
        if is_own || !is_same_site(&link.url, self.url) || self.channels.is_skipped(&link.text) {
            return None;
        }
        let by_address = self.channels.address_weight(address)?;
        let named = self.channels.named(link.under.as_deref().unwrap_or(&link.text));
        let is_more = self.channels.is_more(&link.text);
        if !is_more && self.is_article(&link.url) {
            return None;
        }
        let by_name = named.map(|named| named.weight).or(is_more.then_some(UNNAMED_MORE));
        let points = match by_name {
            Some(weight) => weight + by_address,
            None if by_address >= MIN_BY_ADDRESS => by_address,
            None => return None,
        };
        let name = named.map(|named| named.name.to_owned());
        Some(Candidate { url: link.url.clone(), name, guess: Guess::Page, points })
    }

    /// The JSON lists of the page's own channel, in the ways in which its CMS may serve it.
    fn json_lists(&self) -> Vec<Candidate> {
        let (Some(system), Some(id)) = (self.system, self.page.channel_ids.first()) else {
            return Vec::new();
        };
        let has_rows = self.page.links.iter().any(|link| self.is_article(&link.url));
        let name = self.page.meta("ColumnName").and_then(|name| self.channels.named(name));
        let mut points = if has_rows { JSON_OF_LIST } else { JSON_OF_SHELL };
        let mut candidates = Vec::new();
        // Of a list that shows its rows one address is tried: it can be read without.
        for path in system.json.iter().take(if has_rows { 1 } else { usize::MAX }) {
            let Ok(url) = self.url.join(&path.replace("{channel}", id)) else { continue };
            let name = name.map(|named| named.name.to_owned());
            candidates.push(Candidate { url, name, guess: Guess::Json(id.clone()), points });
            points -= 1;
        }
        candidates
    }

    /// The lists in which the articles stand that the page links to, as the shape of their addresses tells.
    fn lists_of_articles(&self) -> Vec<Candidate> {
        let Some(list_of) = self.system.and_then(|system| system.list_of.as_ref()) else { return Vec::new() };
        let mut counts: HashMap<String, i32> = HashMap::new();
        let own = self.page.links.iter().filter(|link| is_same_site(&link.url, self.url));
        for path in own.filter_map(|link| list_of.path_for(link.url.path())) {
            *counts.entry(path).or_default() += 1;
        }
        let mut counted: Vec<(String, i32)> = counts.into_iter().collect();
        counted.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        let lists = counted.into_iter().take(MAX_LISTS_OF_ARTICLES).filter_map(|(path, n)| {
            let url = self.url.join(&path).ok().filter(|url| address_key(url) != address_key(self.url))?;
            let points = LIST_OF_ARTICLES + n.min(MAX_ARTICLE_POINTS);
            Some(Candidate { url, name: None, guess: Guess::Page, points })
        });
        lists.collect()
    }

    fn is_article(&self, url: &Url) -> bool {
        let address = &url[Position::BeforePath..Position::AfterQuery];
        self.article_url.is_some_and(|pattern| pattern.is_match(address))
    }
}

/// Addresses with the same key are the same list: the scheme, the fragment, and the channel's id that some links of a
/// list carry do not tell lists apart.
pub(super) fn address_key(url: &Url) -> String {
    let with_channel = url.query().is_some_and(|query| query.to_ascii_lowercase().contains("channelid="));
    let end = if with_channel { Position::AfterPath } else { Position::AfterQuery };
    url[Position::BeforeHost..end].to_owned()
}

/// Whether an address is of the same site: the same host and port, `www.` apart.
pub(super) fn is_same_site(a: &Url, b: &Url) -> bool {
    let host = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    };
    host(a) == host(b) && a.port() == b.port()
}
