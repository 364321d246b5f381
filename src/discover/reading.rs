//! What one document of a site is, and how a source would read it.

use std::sync::Arc;

use url::{Position, Url};

use super::{
    behind::n_chars,
    learn::{self, ListOverrides},
    page::Page,
};
use crate::{
    config::Config,
    extract::{Document, ExtractError, Extracted, article, digest, feed, html, json, list, rules::Rules},
    model::Kind,
};

/// Fewest rows that make a page a list.
const MIN_ROWS: usize = 3;
/// Text that makes a page an article, in characters.
const MIN_ARTICLE_CHARS: usize = 80;
/// Rows without which a page with an article's text is no list.
const MIN_ROWS_BESIDE_TEXT: usize = 6;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// RSS, Atom or JSON Feed.
    Feed,
    /// A JSON list.
    Json,
    /// A page that lists articles.
    List,
    /// The home page of a site.
    Home,
    /// A page that retells several bureaus' news.
    Digest,
    /// One article.
    Article,
    /// None of these.
    Nothing,
}

impl What {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Feed => "a feed",
            Self::Json => "a JSON list",
            Self::List => "a list of articles",
            Self::Home => "a home page with links to articles",
            Self::Digest => "a digest",
            Self::Article => "an article",
            Self::Nothing => "no list by itself",
        }
    }
}

/// A document that was fetched.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    pub document: Document,
    /// The same as text.
    pub text: String,
    /// The channel's name, as the link that led there said.
    pub name: Option<String>,
    pub page: Option<Arc<Page>>,
}

/// How a source would read a document.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub kind: Kind,
    pub url: Url,
    pub profile: Option<String>,
    pub list: ListOverrides,
}

/// What a document is.
#[derive(Debug)]
pub(super) struct Reading {
    pub what: What,
    /// `None` where no source can be made of it.
    pub draft: Option<Draft>,
    /// Why not, as far as that is known.
    pub notes: Vec<String>,
}

/// Reads documents of one site.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub config: &'a Config,
    /// The profile of the site's CMS.
    pub profile: Option<&'a str>,
    /// The profile whose rules read JSON lists of which nothing else is known.
    pub json_profile: Option<&'a str>,
}

impl Reader<'_> {
    /// Says what a document is.
    pub(super) fn read(&self, fetched: &Fetched) -> Reading {
        if feed::looks_like_feed(&fetched.text) {
            return self.feed(fetched);
        }
        if fetched.text.trim_start().starts_with(['{', '[']) {
            return self.json(fetched);
        }
        self.html(fetched).unwrap_or_else(|error| Reading::nothing(vec![error.to_string()]))
    }

    /// The rules by which the site's pages are read.
    pub(super) fn rules(&self) -> Rules {
        self.profile.and_then(|name| self.config.profile_rules(name)).unwrap_or_default()
    }

    fn feed(&self, fetched: &Fetched) -> Reading {
        match feed::feed(&fetched.document) {
            Err(error) => Reading::nothing(vec![error.to_string()]),
            Ok(read) => Reading {
                what: What::Feed,
                draft: Some(self.draft(Kind::Feed, fetched).without_profile()),
                notes: read.notes,
            },
        }
    }

    fn json(&self, fetched: &Fetched) -> Reading {
        let known = self.profile.into_iter().chain(self.json_profile);
        let mut notes = Vec::new();
        for name in known {
            let Some(rules) = self.config.profile_rules(name).filter(|rules| rules.json.items.is_some())
            else {
                continue;
            };
            match json::read(&fetched.text, &fetched.document.url, &rules) {
                Err(error) => notes.push(error.to_string()),
                Ok(read) if read.entries.is_empty() => notes.extend(read.notes),
                Ok(read) => {
                    let draft = Draft { profile: Some(name.to_owned()), ..self.draft(Kind::Json, fetched) };
                    return Reading { what: What::Json, draft: Some(draft), notes: read.notes };
                }
            }
        }
        Reading::nothing(notes)
    }

    fn html(&self, fetched: &Fetched) -> Result<Reading, ExtractError> {
        let (text, url) = (fetched.text.as_str(), &fetched.document.url);
        let page = html::parse(text, url)?;
        let rules = self.rules();
        let host = url.host_str().unwrap_or_default();
        let for_host = self.config.host_rules.iter().find(|rules| rules.matches(host));
        let article_rules = for_host.map_or(&rules.article, |host| &host.article);
        let read = match article::article(&page, url, article_rules) {
            Ok(read) => read,
            Err(error) => return Ok(Reading::nothing(vec![error.to_string()])),
        };
        if digest::from_article(&read.entry, url, &self.config.bureaus).is_some() {
            return Ok(self.found(What::Digest, Kind::Digest, fetched));
        }
        let is_article = rules
            .list
            .article_url
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(&url[Position::BeforePath..Position::AfterQuery]));
        if is_article {
            return Ok(Reading { what: What::Article, draft: None, notes: Vec::new() });
        }
        if is_home(url) && list::links(&page, url, &rules.list).entries.len() >= MIN_ROWS {
            return Ok(self.found(What::Home, Kind::Site, fetched));
        }
        let found = list::from_text(text, url, &rules.list)?;
        let n_chars = text_chars(&read);
        if is_list(&found) && (n_chars < MIN_ARTICLE_CHARS || found.entries.len() >= MIN_ROWS_BESIDE_TEXT) {
            return Ok(self.list(fetched, &found, &rules));
        }
        let what = if n_chars >= MIN_ARTICLE_CHARS { What::Article } else { What::Nothing };
        Ok(Reading { what, draft: None, notes: found.notes })
    }

    /// A list: by the profile's rules where they fit, else by rules learned from the page.
    fn list(&self, fetched: &Fetched, found: &Extracted, rules: &Rules) -> Reading {
        let mut reading = self.found(What::List, Kind::List, fetched);
        if found.rule.starts_with(list::PROFILE_ROWS) || found.rule == list::RECORDS {
            return reading;
        }
        let learned = learn::learn(&fetched.text, &fetched.document.url, &rules.list);
        if let (Some(draft), Some(learned)) = (&mut reading.draft, learned) {
            draft.list = learned;
        }
        reading
    }

    fn found(&self, what: What, kind: Kind, fetched: &Fetched) -> Reading {
        Reading { what, draft: Some(self.draft(kind, fetched)), notes: Vec::new() }
    }

    fn draft(&self, kind: Kind, fetched: &Fetched) -> Draft {
        let mut url = fetched.document.url.clone();
        url.set_fragment(None);
        Draft { kind, url, profile: self.profile.map(str::to_owned), list: ListOverrides::default() }
    }
}

impl Draft {
    fn without_profile(self) -> Self {
        Self { profile: None, ..self }
    }
}

impl Reading {
    fn nothing(notes: Vec<String>) -> Self {
        Self { what: What::Nothing, draft: None, notes }
    }
}

/// Whether an address is that of a site as a whole.
pub(super) fn is_home(url: &Url) -> bool {
    let path = url.path().trim_start_matches('/');
    url.query().is_none() && (path.is_empty() || path.starts_with("index.") && !path.contains('/'))
}

fn is_list(found: &Extracted) -> bool {
    let n_dated = found.entries.iter().filter(|row| !row.published.is_empty()).count();
    let is_sure = found.rule.starts_with(list::PROFILE_ROWS) || found.rule == list::RECORDS;
    // Rows by the profile's own rule are few only where the channel is.
    (is_sure && n_dated > 0)
        || (found.entries.len() >= MIN_ROWS && (is_sure || n_dated * 2 >= found.entries.len()))
}

/// The length of an article's text where a rule found it, in characters.
fn text_chars(read: &article::Article) -> usize {
    let by_rule = read.entry.fields.get("content_html").is_some_and(|rule| !rule.contains("densest"));
    let body = read.entry.content_html.as_deref().filter(|_| by_rule).unwrap_or_default();
    n_chars(body)
}
