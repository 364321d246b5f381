//! What the document behind a source's address gives: rows that lead to articles, or whole entries.

use url::{Position, Url};

use crate::{
    config::{Config, Post, SourceConfig},
    extract::{
        Document, ExtractError, Extracted, RawEntry, article, charset, digest, feed, html, json, list,
    },
    model::Kind,
};

/// A document, read.
#[derive(Debug, Default)]
pub struct Listing {
    /// What it holds.
    pub extracted: Extracted,
    /// Whether its entries are whole: no article need be fetched.
    pub is_complete: bool,
    /// The JSON list that is to be read in its stead: the page is a shell that a script fills from there.
    pub instead: Option<Url>,
}

/// Which document of a source is read.
#[derive(Debug, Clone)]
pub struct Part {
    /// The number of the page, from 1.
    pub number: usize,
    /// The address of the first page.
    pub first: Url,
    /// Whether it is JSON read in the stead of a page.
    pub is_instead: bool,
}

impl Part {
    /// The document at the source's own address.
    pub fn first(source: &SourceConfig) -> Self {
        Self { number: 1, first: source.source.url.clone(), is_instead: false }
    }
}

/// What the page behind a row gives.
#[derive(Debug)]
pub enum Page {
    /// One article.
    Article(Box<article::Article>),
    /// A digest's stories.
    Digest(Vec<RawEntry>),
}

/// Reads the document of a source. Synchronous, and possibly long: run it off the asynchronous threads.
pub fn read(source: &SourceConfig, config: &Config, document: &Document) -> Result<Listing, ExtractError> {
    read_part(source, config, document, &Part::first(source))
}

/// Reads one of the documents of a source.
pub fn read_part(
    source: &SourceConfig,
    config: &Config,
    document: &Document,
    part: &Part,
) -> Result<Listing, ExtractError> {
    let rows = |extracted| Listing { extracted, is_complete: !source.fetch_articles, ..Listing::default() };
    if source.kind == Kind::Feed {
        return feed::feed(document).map(rows);
    }
    let decoded = charset::decode(&document.body, document.content_type.as_deref());
    let rules = &source.rules;
    let mut listing = match source.kind {
        _ if part.is_instead => rows(json::list(&decoded.text, &document.url, &rules.json)?),
        Kind::Json => rows(json::read(&decoded.text, &document.url, rules)?),
        Kind::List => {
            let found = list::from_text(&decoded.text, &document.url, &rules.list)?;
            Listing { instead: instead(source, document, &decoded.text, &found), ..rows(found) }
        }
        Kind::Site => {
            let page = html::parse(&decoded.text, &document.url)?;
            rows(list::links(&page, &document.url, &rules.list))
        }
        Kind::Digest | Kind::Feed => read_digest(source, config, document, &decoded.text)?,
    };
    listing.extracted.notes.extend(decoded.note);
    Ok(listing)
}

/// The JSON list of the channel whose page this is, if the page has no rows and names its channel.
fn instead(source: &SourceConfig, document: &Document, text: &str, found: &Extracted) -> Option<Url> {
    // A list that leads to the home page is blocked or gone, whatever channels that page names.
    let is_elsewhere = document.url.path() == "/" && source.source.url.path() != "/";
    let rules = &source.rules.json;
    if !found.entries.is_empty() || is_elsewhere || rules.items.is_none() || rules.endpoint.is_none() {
        return None;
    }
    let page = html::parse(text, &document.url).ok()?;
    json::endpoint(rules, &document.url, &list::channel_of(&page, &document.url)?)
}

/// The address of the page after a part of a list.
pub fn next(source: &SourceConfig, document: &Document, part: &Part) -> Option<Url> {
    let (number, rules) = (part.number + 1, &source.rules);
    match source.kind {
        _ if part.is_instead => json::page_address(&rules.json, &part.first, number),
        Kind::Site | Kind::Digest | Kind::Feed => None,
        _ if source.ask.post.is_some() => {
            let has_pages = source.ask.post.as_ref().is_some_and(Post::has_pages);
            has_pages.then(|| part.first.clone())
        }
        Kind::Json => json::page_address(&rules.json, &part.first, number),
        Kind::List => {
            let decoded = charset::decode(&document.body, document.content_type.as_deref());
            let page = html::parse(&decoded.text, &document.url).ok()?;
            let next = list::next_page(&page, &document.url, &rules.list, number)?;
            (next.origin() == document.url.origin()).then_some(next)
        }
    }
}

/// One article that is a digest, a list of such articles, or an article that is none after all.
fn read_digest(
    source: &SourceConfig,
    config: &Config,
    document: &Document,
    text: &str,
) -> Result<Listing, ExtractError> {
    match read_page(source, config, document, text)? {
        Page::Digest(entries) => {
            let rule = format!("digest of {} stories", entries.len());
            let extracted = Extracted { entries, rule, ..Extracted::default() };
            Ok(Listing { extracted, is_complete: true, ..Listing::default() })
        }
        Page::Article(article) if is_article(source, &document.url) && article.not_news.is_none() => {
            Ok(one_article(*article, document))
        }
        Page::Article(_) => {
            let mut extracted = list::from_text(text, &document.url, &source.rules.list)?;
            if extracted.entries.is_empty() {
                extracted.notes.insert(0, "the page is neither a digest nor a list of articles".into());
            }
            Ok(Listing { extracted, is_complete: false, ..Listing::default() })
        }
    }
}

/// Whether an address looks like an article's, so that what it links to is no list.
fn is_article(source: &SourceConfig, url: &Url) -> bool {
    let pattern = source.rules.list.article_url.as_ref();
    pattern.is_some_and(|pattern| pattern.is_match(&url[Position::BeforePath..Position::AfterQuery]))
}

/// The source's own page as the one entry that it is.
fn one_article(article: article::Article, document: &Document) -> Listing {
    let entry = RawEntry { url: Some(document.url.clone()), ..article.entry };
    let mut notes = article.notes;
    notes.push("the page is no digest; it is taken as one article".into());
    let extracted =
        Extracted { entries: vec![entry], rule: "one article".into(), notes, ..Extracted::default() };
    Listing { extracted, is_complete: true, ..Listing::default() }
}

/// Reads the page behind a row, by the rules for its host or else those of the source.
pub fn read_article(
    source: &SourceConfig,
    config: &Config,
    document: &Document,
) -> Result<Page, ExtractError> {
    let decoded = charset::decode(&document.body, document.content_type.as_deref());
    let mut page = read_page(source, config, document, &decoded.text)?;
    if let (Page::Article(article), Some(note)) = (&mut page, decoded.note) {
        article.notes.push(note);
    }
    Ok(page)
}

fn read_page(
    source: &SourceConfig,
    config: &Config,
    document: &Document,
    text: &str,
) -> Result<Page, ExtractError> {
    let host = document.url.host_str().unwrap_or_default();
    let for_host = config.host_rules.iter().find(|rules| rules.matches(host));
    let rules = for_host.map_or(&source.rules.article, |rules| &rules.article);
    let page = html::parse(text, &document.url)?;
    let article = article::article(&page, &document.url, rules)?;
    if source.kind == Kind::Digest
        && let Some(entries) = digest::from_article(&article.entry, &document.url, &config.bureaus)
    {
        return Ok(Page::Digest(entries));
    }
    Ok(Page::Article(Box::new(article)))
}
