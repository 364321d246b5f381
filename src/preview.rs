//! Reading one document outside any source: what it is, and the entries it holds.
//!
//! Pure: bytes in, entries out.

use url::Url;

use crate::{
    config::Config,
    extract::{
        Document, ExtractError, RawEntry, article, charset, digest, feed, html, json, list, rules::Rules,
    },
    model::{Kind, Role, Source, SourceKey, SourceKeyError, Timestamp},
    normalise::{Context, Normalised, html::text_to_html, normalise},
};

/// Address of a document that came without one.
const NO_ADDRESS: &str = "https://preview.invalid/";
/// Rows that make a page a list rather than an article.
const MIN_ROWS: usize = 4;
/// Text that makes a page an article rather than a list, in characters.
const MIN_ARTICLE_CHARS: usize = 120;

/// What is known of the document beforehand.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Its address, when it is not the one it came from.
    pub url: Option<Url>,
    /// The profile to read it by.
    pub profile: Option<String>,
    /// What it is.
    pub kind: Option<Kind>,
}

/// Why a document cannot be previewed.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The profile does not exist.
    #[error("there is no profile `{name}`; expected one of {known}")]
    NoProfile {
        /// The name given.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// Our own name for it is not accepted; a defect.
    #[error(transparent)]
    Key(#[from] SourceKeyError),
}

/// What a document holds.
#[derive(Debug)]
pub struct Preview {
    /// Its entries.
    pub entries: Vec<Normalised>,
    /// What it was taken for, and by which rule.
    pub rule: String,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Reads a document.
pub fn preview(
    config: &Config,
    mut document: Document,
    hints: &Hints,
    now: Timestamp,
) -> Result<Preview, PreviewError> {
    let decoded = charset::decode(&document.body, document.content_type.as_deref());
    let looks_html = looks_like_html(&decoded.text);
    if let Some(url) = hints.url.clone().or_else(|| canonical_of(&document, &decoded.text, looks_html)) {
        document.url = url;
    }
    let rules = rules(config, hints, &document.url)?;
    let reader = Reader { config, rules: &rules, document: &document, text: &decoded.text };
    // First of all what says itself what it is: its stories may look like anything.
    let edition =
        matches!(hints.kind, None | Some(Kind::Digest)).then(|| reader.edition(looks_html)).flatten();
    let (raw, rule, mut notes) = match hints.kind {
        _ if let Some(entries) = edition => (entries, "edition".to_owned(), Vec::new()),
        Some(Kind::Feed) => reader.feed()?,
        Some(Kind::Json) => reader.json()?,
        Some(Kind::List) => reader.list()?,
        Some(Kind::Site) => reader.site()?,
        Some(Kind::Digest) if looks_html => reader.digest()?,
        None if feed::looks_like_feed(&decoded.text) => reader.feed()?,
        None if decoded.text.trim_start().starts_with(['{', '[']) => reader.json()?,
        None if looks_html => reader.page()?,
        Some(Kind::Digest) | None => reader.plain(),
    };
    notes.extend(decoded.note);
    let source = source(&document.url, config)?;
    let context =
        Context { source: &source, bureaus: &config.bureaus, zone: config.feed.zone, now, keeps_ids: true };
    let entries: Vec<Normalised> = raw.into_iter().filter_map(|raw| normalise(raw, &context)).collect();
    Ok(Preview { entries, rule, notes })
}

/// The address of a document that came from a file.
pub fn no_address() -> Option<Url> {
    Url::parse(NO_ADDRESS).ok()
}

fn looks_like_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(2_000).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || ["<html", "<body", "<head", "<div", "<p>", "<p ", "<ul", "<li"]
            .iter()
            .any(|tag| start.contains(tag))
}

/// A saved page says itself where it came from.
fn canonical_of(document: &Document, text: &str, looks_html: bool) -> Option<Url> {
    if !looks_html || document.url.as_str() != NO_ADDRESS {
        return None;
    }
    let page = html::parse(text, &document.url).ok()?;
    let selector = scraper::Selector::parse("link[rel=canonical][href]").ok()?;
    let href = page.select(&selector).next()?.attr("href")?;
    Url::parse(href).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

fn rules(config: &Config, hints: &Hints, url: &Url) -> Result<Rules, PreviewError> {
    let mut rules = match &hints.profile {
        None => Rules::default(),
        Some(name) => config.profile_rules(name).ok_or_else(|| PreviewError::NoProfile {
            name: name.clone(),
            known: config.merged.profile.keys().cloned().collect::<Vec<_>>().join(", "),
        })?,
    };
    let host = url.host_str().unwrap_or_default();
    match config.host_rules.iter().find(|rules| rules.matches(host)) {
        Some(for_host) if hints.profile.is_none() => rules.article = for_host.article.clone(),
        _ => {}
    }
    Ok(rules)
}

type Read = (Vec<RawEntry>, String, Vec<String>);

struct Reader<'a> {
    config: &'a Config,
    rules: &'a Rules,
    document: &'a Document,
    text: &'a str,
}

impl Reader<'_> {
    fn feed(&self) -> Result<Read, ExtractError> {
        let read = feed::feed(self.document)?;
        Ok((read.entries, read.rule, read.notes))
    }

    fn json(&self) -> Result<Read, PreviewError> {
        let is_known = self.rules.json.items.is_some() || self.rules.json.html.is_some();
        let known = self.config.profile_rules("kaipuyun").filter(|_| !is_known);
        let read = json::read(self.text, &self.document.url, known.as_ref().unwrap_or(self.rules))?;
        Ok((read.entries, read.rule, read.notes))
    }

    fn list(&self) -> Result<Read, ExtractError> {
        let read = list::from_text(self.text, &self.document.url, &self.rules.list)?;
        Ok((read.entries, read.rule, read.notes))
    }

    fn site(&self) -> Result<Read, ExtractError> {
        let page = html::parse(self.text, &self.document.url)?;
        let read = list::links(&page, &self.document.url, &self.rules.list);
        Ok((read.entries, read.rule, read.notes))
    }

    fn article(&self) -> Result<article::Article, ExtractError> {
        let page = html::parse(self.text, &self.document.url)?;
        let mut article = article::article(&page, &self.document.url, &self.rules.article)?;
        article.entry.url = Some(self.document.url.clone());
        Ok(article)
    }

    /// The stories of a day's edition of ours.
    fn edition(&self, looks_html: bool) -> Option<Vec<RawEntry>> {
        if !looks_html || !self.text.contains(digest::edition::COUNT_ATTRIBUTE) {
            return digest::edition::from_text(self.text, &self.document.url);
        }
        let page = html::parse(self.text, &self.document.url).ok()?;
        digest::edition::from_html(&page, &self.document.url)
    }

    fn digest(&self) -> Result<Read, ExtractError> {
        let article = self.article()?;
        let stories = digest::from_article(&article.entry, &self.document.url, &self.config.bureaus);
        Ok(match stories {
            Some(stories) => (stories, "digest".into(), article.notes),
            None => (
                Vec::new(),
                "digest".into(),
                vec!["the page does not hold several stories of bureaus".into()],
            ),
        })
    }

    /// A page of unknown kind: a digest, else a list if it holds rows and little text, else an article.
    fn page(&self) -> Result<Read, ExtractError> {
        let article = self.article()?;
        if let Some(stories) = digest::from_article(&article.entry, &self.document.url, &self.config.bureaus)
        {
            return Ok((stories, "digest".into(), article.notes));
        }
        let body = article.entry.content_html.as_deref().unwrap_or_default();
        let n_chars = crate::normalise::html::strip_tags(body).chars().count();
        let by_rule = article.entry.fields.get("content_html").is_some_and(|rule| !rule.contains("densest"));
        if !by_rule || n_chars < MIN_ARTICLE_CHARS {
            let (rows, rule, notes) = self.list()?;
            let dated = rows.iter().filter(|row| !row.published.is_empty()).count();
            if rows.len() >= MIN_ROWS && dated * 2 >= rows.len() {
                return Ok((rows, rule, notes));
            }
        }
        let mut notes = article.notes;
        notes.extend(article.not_news.map(|reason| format!("no news: {reason}")));
        Ok((vec![article.entry], "article".into(), notes))
    }

    /// Plain text: a digest, else one entry whose title is the first line.
    fn plain(&self) -> Read {
        if let Some(stories) = digest::from_text(self.text, &self.document.url, &self.config.bureaus) {
            return (stories, "digest, plain text".into(), Vec::new());
        }
        let text = self.text.trim();
        let (title, body) = text.split_once('\n').unwrap_or((text, ""));
        if title.is_empty() {
            return (Vec::new(), "plain text".into(), vec!["the document is empty".into()]);
        }
        let entry = RawEntry {
            title: title.to_owned(),
            url: Some(self.document.url.clone()),
            content_html: Some(text_to_html(body)),
            ..RawEntry::default()
        };
        (vec![entry], "plain text".into(), Vec::new())
    }
}

fn source(url: &Url, config: &Config) -> Result<Source, SourceKeyError> {
    Ok(Source {
        key: SourceKey::parse("preview")?,
        name: "preview".into(),
        role: Role::default(),
        bureau: None,
        region: None,
        url: url.clone(),
        language: config.feed.language.clone(),
    })
}
