//! Reading one document outside any source: what it is, and the entries it holds.
//!
//! Pure: bytes in, entries out.

use url::Url;

use crate::{
    config::{Config, SourceConfig},
    extract::{
        Document, ExtractError, Extracted, RawEntry, article, charset, digest, feed, html, json, list,
        rules::Rules,
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

/// What kind of thing a document turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Whole entries: a feed, a JSON list, or plain text.
    Entries,
    /// Rows that lead to articles.
    Rows,
    /// One article.
    Article,
    /// An article that is no news.
    NoNews,
    /// Several bureaus' stories.
    Digest,
}

/// What a document holds.
#[derive(Debug)]
pub struct Preview {
    /// Its entries.
    pub entries: Vec<Normalised>,
    /// What kind of thing it is.
    pub shape: Shape,
    /// What it was taken for, and by which rule.
    pub rule: String,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Reads a document.
pub fn preview(
    config: &Config,
    document: Document,
    hints: &Hints,
    now: Timestamp,
) -> Result<Preview, PreviewError> {
    let url = address(&document, hints);
    let rules = rules(config, hints, &url)?;
    let source = SourceConfig::unpolled(source(&url, config)?, config.feed.zone);
    read(config, &Document { url, ..document }, hints.kind, &source, &rules, now)
}

/// Reads a document as one of a source: by its rules, and by those for the host that the document is from.
pub fn preview_of(
    config: &Config,
    source: &SourceConfig,
    document: Document,
    hints: &Hints,
    now: Timestamp,
) -> Result<Preview, PreviewError> {
    let url = address(&document, hints);
    let is_ruled = hints.profile.is_none() && config.source(source.source.key.as_str()).is_some();
    let rules =
        if is_ruled { with_host(config, (*source.rules).clone(), &url) } else { rules(config, hints, &url)? };
    read(config, &Document { url, ..document }, hints.kind, source, &rules, now)
}

fn read(
    config: &Config,
    document: &Document,
    kind: Option<Kind>,
    source: &SourceConfig,
    rules: &Rules,
    now: Timestamp,
) -> Result<Preview, PreviewError> {
    let decoded = charset::decode(&document.body, document.content_type.as_deref());
    let looks_html = looks_like_html(&decoded.text);
    // Only digests are split: a bureau's own article may close with the names of several.
    let splits = source.kind == Kind::Digest || config.source(source.source.key.as_str()).is_none();
    let reader = Reader { config, rules, document, text: &decoded.text, splits };
    // First of all what says itself what it is: its stories may look like anything.
    let edition = matches!(kind, None | Some(Kind::Digest)).then(|| reader.edition(looks_html)).flatten();
    let Read { entries, shape, rule, mut notes } = match kind {
        _ if let Some(entries) = edition => Read::edition(entries),
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
    let context = Context {
        source: &source.source,
        bureaus: &config.bureaus,
        topics: &config.topics,
        zone: source.zone,
        now,
        keeps_ids: source.kind == Kind::Feed,
    };
    let entries: Vec<Normalised> = entries.into_iter().filter_map(|raw| normalise(raw, &context)).collect();
    Ok(Preview { entries, shape, rule, notes })
}

/// The document's address: as told, else as the page says itself.
fn address(document: &Document, hints: &Hints) -> Url {
    let own = || {
        let decoded = charset::decode(&document.body, document.content_type.as_deref());
        canonical_of(document, &decoded.text, looks_like_html(&decoded.text))
    };
    hints.url.clone().or_else(own).unwrap_or_else(|| document.url.clone())
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
    let rules = match &hints.profile {
        None => Rules::default(),
        Some(name) => config.profile_rules(name).ok_or_else(|| PreviewError::NoProfile {
            name: name.clone(),
            known: config.merged.profile.keys().cloned().collect::<Vec<_>>().join(", "),
        })?,
    };
    Ok(if hints.profile.is_none() { with_host(config, rules, url) } else { rules })
}

/// The rules for articles of a host, whoever links to them.
fn with_host(config: &Config, rules: Rules, url: &Url) -> Rules {
    let host = url.host_str().unwrap_or_default();
    match config.host_rules.iter().find(|rules| rules.matches(host)) {
        Some(for_host) => Rules { article: for_host.article.clone(), ..rules },
        None => rules,
    }
}

struct Read {
    entries: Vec<RawEntry>,
    shape: Shape,
    rule: String,
    notes: Vec<String>,
}

impl Read {
    fn of(shape: Shape, read: Extracted) -> Self {
        Self { entries: read.entries, shape, rule: read.rule, notes: read.notes }
    }

    fn edition(entries: Vec<RawEntry>) -> Self {
        Self { entries, shape: Shape::Digest, rule: "edition".into(), notes: Vec::new() }
    }
}

struct Reader<'a> {
    config: &'a Config,
    rules: &'a Rules,
    document: &'a Document,
    text: &'a str,
    /// Whether a page that retells several bureaus is split.
    splits: bool,
}

impl Reader<'_> {
    fn feed(&self) -> Result<Read, ExtractError> {
        feed::feed(self.document).map(|read| Read::of(Shape::Entries, read))
    }

    fn json(&self) -> Result<Read, PreviewError> {
        let is_known = self.rules.json.items.is_some() || self.rules.json.html.is_some();
        let known = self.config.profile_rules("kaipuyun").filter(|_| !is_known);
        let read = json::read(self.text, &self.document.url, known.as_ref().unwrap_or(self.rules))?;
        Ok(Read::of(Shape::Entries, read))
    }

    fn list(&self) -> Result<Read, ExtractError> {
        let read = list::from_text(self.text, &self.document.url, &self.rules.list)?;
        Ok(Read::of(Shape::Rows, read))
    }

    fn site(&self) -> Result<Read, ExtractError> {
        let page = html::parse(self.text, &self.document.url)?;
        Ok(Read::of(Shape::Rows, list::links(&page, &self.document.url, &self.rules.list)))
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
        let none = || vec!["the page does not hold several stories of bureaus".into()];
        let notes = if stories.is_some() { article.notes } else { none() };
        let entries = stories.unwrap_or_default();
        Ok(Read { entries, shape: Shape::Digest, rule: "digest".into(), notes })
    }

    /// A page of unknown kind: a digest, else a list if it holds rows and little text, else an article.
    fn page(&self) -> Result<Read, ExtractError> {
        let article = self.article()?;
        if self.splits
            && let Some(entries) =
                digest::from_article(&article.entry, &self.document.url, &self.config.bureaus)
        {
            return Ok(Read { entries, shape: Shape::Digest, rule: "digest".into(), notes: article.notes });
        }
        let body = article.entry.content_html.as_deref().unwrap_or_default();
        let n_chars = crate::normalise::html::strip_tags(body).chars().count();
        let by_rule = article.entry.fields.get("content_html").is_some_and(|rule| !rule.contains("densest"));
        if !by_rule || n_chars < MIN_ARTICLE_CHARS {
            let read = self.list()?;
            let dated = read.entries.iter().filter(|row| !row.published.is_empty()).count();
            if read.entries.len() >= MIN_ROWS && dated * 2 >= read.entries.len() {
                return Ok(read);
            }
        }
        let shape = if article.not_news.is_some() { Shape::NoNews } else { Shape::Article };
        let mut notes = article.notes;
        notes.extend(article.not_news.map(|reason| format!("no news: {reason}")));
        Ok(Read { entries: vec![article.entry], shape, rule: "article".into(), notes })
    }

    /// Plain text: a digest, else one entry whose title is the first line.
    fn plain(&self) -> Read {
        let read = |entries, shape, rule: &str| Read { entries, shape, rule: rule.into(), notes: Vec::new() };
        if let Some(stories) = digest::from_text(self.text, &self.document.url, &self.config.bureaus) {
            return read(stories, Shape::Digest, "digest, plain text");
        }
        let text = self.text.trim();
        let (title, body) = text.split_once('\n').unwrap_or((text, ""));
        if title.is_empty() {
            let notes = vec!["the document is empty".into()];
            return Read { notes, ..read(Vec::new(), Shape::Entries, "plain text") };
        }
        let entry = RawEntry {
            title: title.to_owned(),
            url: Some(self.document.url.clone()),
            content_html: Some(text_to_html(body)),
            ..RawEntry::default()
        };
        read(vec![entry], Shape::Entries, "plain text")
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
