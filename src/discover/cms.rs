//! Which CMS made a site: marks on its pages and the shapes of its articles' addresses, weighed together.

use std::collections::{BTreeMap, HashSet};

use scraper::Html;
use url::{Position, Url};

use super::{
    page::Page,
    tables::{Mark, System, Tables},
};
use crate::config::Config;

/// Fewest points with which a CMS is named.
const MIN_POINTS: u32 = 3;
/// Length of a page's source in which marks are looked for, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// How many links that look like articles are worth how many points, the most first.
const LINK_POINTS: [(usize, u32); 3] = [(10, 6), (3, 4), (1, 2)];

/// A CMS, with what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cms {
    /// Its name for people.
    pub name: String,
    /// The profile that reads it; `None` where there are no rules for it.
    pub profile: Option<String>,
    /// What speaks for it, the strongest first, each with its points.
    pub evidence: Vec<(String, u32)>,
}

/// The marks seen on the pages of a site.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// By number of the system and the sign in the tables.
    signs: HashSet<(usize, usize)>,
    /// By number of the system, the most links of one page that look like its articles, of how many.
    articles: BTreeMap<usize, (usize, usize)>,
}

/// A page on which marks are looked for.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub url: &'a Url,
    /// Its source.
    pub text: &'a str,
    /// Both are `None` of what is no HTML.
    pub html: Option<(&'a Html, &'a Page)>,
}

impl Marks {
    /// Adds what a page shows.
    pub(super) fn add(&mut self, seen: &Seen<'_>, tables: &Tables, config: &Config) {
        for (i, system) in tables.systems.iter().enumerate() {
            for (j, sign) in system.signs.iter().enumerate() {
                if shows(seen, &sign.mark) {
                    self.signs.insert((i, j));
                }
            }
            let Some((n_articles, n_links)) = seen.html.and_then(|(_, page)| articles(page, system, config))
            else {
                continue;
            };
            let most = self.articles.entry(i).or_default();
            *most = (*most).max((n_articles, n_links));
        }
    }

    /// The systems that the marks speak for, the likeliest first.
    pub(super) fn ranked(&self, tables: &Tables) -> Vec<Cms> {
        let found = tables.systems.iter().enumerate().map(|(i, system)| self.cms(i, system));
        let mut ranked: Vec<Cms> = found.filter(|cms| cms.points() >= MIN_POINTS).collect();
        ranked.sort_by_key(|cms| std::cmp::Reverse(cms.points()));
        ranked
    }

    fn cms(&self, i: usize, system: &System) -> Cms {
        let signs = system.signs.iter().enumerate().filter(|(j, _)| self.signs.contains(&(i, *j)));
        let mut evidence: Vec<(String, u32)> =
            signs.map(|(_, sign)| (sign.says.clone(), sign.points)).collect();
        if let Some((n_articles, n_links)) = self.articles.get(&i).copied() {
            let points =
                LINK_POINTS.iter().find(|(least, _)| n_articles >= *least).map(|(_, points)| *points);
            let says = format!("{n_articles} of {n_links} links look like its articles");
            evidence.extend(points.map(|points| (says, points)));
        }
        evidence.sort_by_key(|(_, points)| std::cmp::Reverse(*points));
        Cms { name: system.name.clone(), profile: system.profile.clone(), evidence }
    }
}

impl Cms {
    /// How much speaks for it.
    pub fn points(&self) -> u32 {
        self.evidence.iter().map(|(_, points)| points).sum()
    }
}

fn shows(seen: &Seen<'_>, mark: &Mark) -> bool {
    let page = seen.html.map(|(_, page)| page);
    match mark {
        Mark::Address(like) => like.is_match(seen.url.as_str()),
        Mark::Text(like) => {
            let end = seen.text.floor_char_boundary(MAX_TEXT_BYTES);
            page.is_some() && like.is_match(seen.text.get(..end).unwrap_or_default())
        }
        Mark::Meta(like) => page.is_some_and(|page| page.metas.iter().any(|meta| like.is_match(meta))),
        Mark::Script(like) => {
            page.is_some_and(|page| page.scripts.iter().any(|address| like.is_match(address)))
        }
        Mark::Link(like) => {
            page.is_some_and(|page| page.links.iter().any(|link| like.is_match(link.url.as_str())))
        }
        Mark::Element(selector) => seen.html.is_some_and(|(html, _)| html.select(selector).next().is_some()),
    }
}

/// How many of a page's addresses look like articles of a system, of how many.
fn articles(page: &Page, system: &System, config: &Config) -> Option<(usize, usize)> {
    let pattern = config.profile_rules(system.profile.as_deref()?)?.list.article_url?;
    let addresses: HashSet<&str> =
        page.links.iter().map(|link| &link.url[Position::BeforePath..Position::AfterQuery]).collect();
    let n_articles = addresses.iter().filter(|address| pattern.is_match(address)).count();
    (n_articles > 0).then_some((n_articles, addresses.len()))
}
