//! Looking at an unknown site: which CMS made it, where its lists are, and the sources by which they are read.
//!
//! A [`Discovery`] says which page it wants next and is given what came of fetching it; in the end it tells its
//! [`Findings`]. Pure: pages in, findings out. The asking is `cli::discover`'s.
//!
//! **Invariants:** no more than [`MAX_REQUESTS`] pages are wanted; every proposal was read by the very source that it
//! proposes, so what is shown is what a poll would take.

mod behind;
mod block;
mod channels;
mod cms;
mod learn;
mod page;
mod propose;
mod reading;
mod tables;
#[cfg(test)]
mod tests;
mod whose;

use std::{collections::HashSet, sync::Arc};

use url::{Position, Url};

pub use behind::ReadArticle;
pub use cms::Cms;
pub use propose::{Proposal, Row};
pub use reading::What;
pub use tables::{TableError, Tables};
pub use whose::Owner;

use self::{
    channels::{Candidate, Guess, Ranking, address_key},
    cms::{Marks, Seen},
    page::Page,
    propose::Proposer,
    reading::{Fetched, Reader, Reading},
    tables::System,
};
use crate::{
    config::Config,
    extract::{Document, charset, feed, html},
    model::Timestamp,
    observe::Fault,
};

/// Pages wanted of one site, at most; robots.txt comes beside.
pub const MAX_REQUESTS: usize = 8;
/// Candidates looked at, at most: lists, feeds and JSON lists together.
const MAX_CANDIDATES: usize = 6;
/// HTML lists among them, at most.
const MAX_LISTS: usize = 5;
/// What candidates lose that only a candidate names.
const SECOND_HAND: i32 = 30;
/// Notes kept on one page.
const MAX_NOTES: usize = 3;

/// A look at a site under way.
#[derive(Debug)]
pub struct Discovery {
    config: Arc<Config>,
    tables: Arc<Tables>,
    asked: Url,
    now: Timestamp,
    marks: Marks,
    fetched: Vec<Fetched>,
    failed: Vec<Failed>,
    waiting: Vec<Candidate>,
    /// Keys of addresses that were wanted.
    wanted: HashSet<String>,
    n_requests: usize,
    n_candidates: usize,
    n_lists: usize,
    under_way: Option<Wish>,
    /// What the pages were found to be, once all lists are there.
    readings: Option<Vec<Reading>>,
    article: Option<Document>,
}

/// A page that could not be had.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Its address.
    pub url: Url,
    /// What it was believed to be, where that is known.
    pub expected: Option<String>,
    /// Why not.
    pub fault: Fault,
}

/// What a look at a site came to.
#[derive(Debug)]
pub struct Findings {
    /// The address that was given.
    pub url: Url,
    /// What the page there is.
    pub what: What,
    /// Whose the site is.
    pub owner: Owner,
    /// The systems that may have made it, the likeliest first.
    pub systems: Vec<Cms>,
    /// Sources, the best first.
    pub proposals: Vec<Proposal>,
    /// Pages that could not be had.
    pub failed: Vec<Failed>,
    /// What else a person should know.
    pub notes: Vec<String>,
    /// Why there is no proposal, and what to try.
    pub advice: Option<String>,
    /// How many pages were asked for.
    pub n_requests: usize,
}

#[derive(Debug, Clone)]
enum Wish {
    Start,
    Candidate(Candidate),
    Article(Url),
}

impl Discovery {
    /// Begins with an address.
    pub fn new(config: Arc<Config>, tables: Arc<Tables>, url: Url, now: Timestamp) -> Self {
        Self {
            config,
            tables,
            asked: url,
            now,
            marks: Marks::default(),
            fetched: Vec::new(),
            failed: Vec::new(),
            waiting: Vec::new(),
            wanted: HashSet::new(),
            n_requests: 0,
            n_candidates: 0,
            n_lists: 0,
            under_way: None,
            readings: None,
            article: None,
        }
    }

    /// The page that is wanted next; `None` when enough is known.
    pub fn wish(&mut self) -> Option<Url> {
        let wish = if self.n_requests == 0 { Some(Wish::Start) } else { self.next_candidate() };
        let wish = wish.or_else(|| self.article_to_read().map(Wish::Article))?;
        let url = match &wish {
            Wish::Start => self.asked.clone(),
            Wish::Candidate(candidate) => candidate.url.clone(),
            Wish::Article(url) => url.clone(),
        };
        self.wanted.insert(address_key(&url));
        self.n_requests += 1;
        self.under_way = Some(wish);
        Some(url)
    }

    /// Takes what came of fetching the page that was wanted. Hostile pages may take long.
    pub fn take(&mut self, came: Result<Document, Fault>) {
        let Some(wish) = self.under_way.take() else { return };
        let (url, name) = match &wish {
            Wish::Start => (self.asked.clone(), None),
            Wish::Candidate(candidate) => (candidate.url.clone(), candidate.name.clone()),
            Wish::Article(url) => (url.clone(), None),
        };
        match (came, wish) {
            (Err(fault), Wish::Candidate(candidate)) => {
                self.failed.push(Failed { url, expected: candidate.words(), fault });
            }
            (Err(fault), _) => self.failed.push(Failed { url, expected: None, fault }),
            (Ok(document), Wish::Article(_)) => self.article = Some(document),
            (Ok(document), wish) => self.look(document, name, &wish),
        }
    }

    /// What was found. Hostile pages may take long.
    pub fn findings(mut self) -> Findings {
        let readings = self.readings.take().unwrap_or_else(|| self.read_all());
        let owner = self.owner();
        let systems = self.marks.ranked(&self.tables);
        let what = readings.first().map_or(What::Nothing, |reading| reading.what);
        let proposer = Proposer {
            config: &self.config,
            tables: &self.tables,
            owner: &owner,
            now: self.now,
            system: self.system(),
        };
        let mut notes = Vec::new();
        let article = self.article.as_ref();
        let proposals = proposer.propose(&self.fetched, &readings, article, &mut notes);
        let advice = proposals.is_empty().then(|| self.advice(&readings));
        Findings {
            url: self.asked,
            what,
            owner,
            systems,
            proposals,
            failed: self.failed,
            notes,
            advice,
            n_requests: self.n_requests,
        }
    }

    fn next_candidate(&mut self) -> Option<Wish> {
        // One request is left for an article.
        while self.n_candidates < MAX_CANDIDATES && self.n_requests + 1 < MAX_REQUESTS {
            let best = (0..self.waiting.len()).rev().max_by_key(|i| self.waiting[*i].points)?;
            let candidate = self.waiting.swap_remove(best);
            let is_known = self.wanted.contains(&address_key(&candidate.url));
            let is_page = candidate.guess == Guess::Page;
            if is_known || (is_page && self.n_lists >= MAX_LISTS) || self.has_channel(&candidate.guess) {
                continue;
            }
            self.n_candidates += 1;
            self.n_lists += usize::from(is_page);
            return Some(Wish::Candidate(candidate));
        }
        None
    }

    /// Whether the JSON list of a channel was had already, by another address.
    fn has_channel(&self, guess: &Guess) -> bool {
        let Guess::Json(id) = guess else { return false };
        self.fetched.iter().any(|it| it.page.is_none() && it.document.url.as_str().contains(id.as_str()))
    }

    fn look(&mut self, document: Document, name: Option<String>, wish: &Wish) {
        let text = charset::decode(&document.body, document.content_type.as_deref()).text;
        let is_start = matches!(wish, Wish::Start);
        self.wanted.insert(address_key(&document.url));
        let is_html = text.trim_start().starts_with('<') && !feed::looks_like_feed(&text);
        let parsed = if is_html { html::parse(&text, &document.url).ok() } else { None };
        let page = parsed.as_ref().map(|html| Page::of(html, &document.url, &self.tables.channels));
        let seen = Seen { url: &document.url, text: &text, html: parsed.as_ref().zip(page.as_ref()) };
        self.marks.add(&seen, &self.tables, &self.config);
        if let Some(page) = &page {
            let candidates = self.candidates(page, &document.url);
            self.waiting.extend(candidates.into_iter().map(|candidate| Candidate {
                points: candidate.points - if is_start { 0 } else { SECOND_HAND },
                ..candidate
            }));
        }
        self.fetched.push(Fetched { document, text, name, page: page.map(Arc::new) });
    }

    fn candidates(&self, page: &Page, url: &Url) -> Vec<Candidate> {
        let rules = self.reader().rules();
        let ranking = Ranking {
            channels: &self.tables.channels,
            article_url: rules.list.article_url.as_ref(),
            system: self.system().or_else(|| self.system_with_json()),
            url,
            page,
        };
        ranking.candidates()
    }

    /// The likeliest CMS.
    fn system(&self) -> Option<&System> {
        let best = self.marks.ranked(&self.tables).into_iter().next()?;
        self.tables.systems.iter().find(|system| system.name == best.name)
    }

    /// The CMS whose JSON lists are tried where the site's own is not known.
    fn system_with_json(&self) -> Option<&System> {
        self.tables.systems.iter().find(|system| !system.json.is_empty())
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            config: &self.config,
            profile: self.system().and_then(|system| system.profile.as_deref()),
            json_profile: self.system_with_json().and_then(|system| system.profile.as_deref()),
        }
    }

    fn read_all(&self) -> Vec<Reading> {
        let reader = self.reader();
        self.fetched.iter().map(|fetched| reader.read(fetched)).collect()
    }

    fn owner(&self) -> Owner {
        let url = self.fetched.first().map_or(&self.asked, |first| &first.document.url);
        let pages: Vec<&Page> = self.fetched.iter().filter_map(|fetched| fetched.page.as_deref()).collect();
        let titles: Vec<String> = self.fetched.iter().filter_map(propose::feed_title).collect();
        whose::owner(url, &pages, &titles, &self.config, &self.tables)
    }

    /// An article of the best list, or of the first page: whether its pages can be read is part of the answer.
    fn article_to_read(&mut self) -> Option<Url> {
        if self.readings.is_some() || self.fetched.is_empty() || self.n_requests >= MAX_REQUESTS {
            return None;
        }
        let readings = self.read_all();
        let owner = self.owner();
        let proposer = Proposer {
            config: &self.config,
            tables: &self.tables,
            owner: &owner,
            now: self.now,
            system: self.system(),
        };
        let proposals = proposer.propose(&self.fetched, &readings, None, &mut Vec::new());
        let listed = proposals.iter().find_map(Proposal::article_url);
        let linked = || {
            let pattern = self.reader().rules().list.article_url?;
            let page = self.fetched.first()?.page.as_deref()?;
            let mut links = page.links.iter().map(|link| &link.url);
            links.find(|url| pattern.is_match(&url[Position::BeforePath..Position::AfterQuery])).cloned()
        };
        let url = if proposals.is_empty() { linked() } else { listed };
        self.readings = Some(readings);
        url.filter(|url| !self.wanted.contains(&address_key(url)))
    }

    /// Why nothing is proposed, in one sentence, and what to try.
    fn advice(&self, readings: &[Reading]) -> String {
        if let (true, Some(failed)) = (self.fetched.is_empty(), self.failed.first()) {
            return failed.fault.told();
        }
        let reading = readings.first();
        let why = reading.and_then(|reading| reading.notes.iter().find(|note| note.starts_with("page ")));
        let asked = &self.asked;
        match (reading.map(|reading| reading.what), why) {
            (Some(What::Article), _) => format!(
                "`{asked}` is one article, and no list that it links to could be read; give the page that lists such articles"
            ),
            (_, Some(why)) => format!(
                "`{asked}` shows no list: {why}; look in a browser's network panel for the address from which the rows come, \
                 and give that"
            ),
            _ => format!(
                "`{asked}` shows neither rows with links and dates nor links to such a list; give the page of one channel \
                 (工作动态, 通知公告), or see what `dibao preview --kind list {asked}` says"
            ),
        }
    }
}
