//! The rules by which a kind of site is read, compiled: what a profile or source says, ready to use.
//!
//! Rules are data. `config` makes them from TOML; the extractors only apply them.

use regex::Regex;
use scraper::Selector;
use serde_json_path::JsonPath;

/// A CSS selector, with the attribute to take where the text is not wanted (`meta[name=PubDate]@content`), or with
/// what to take out of a text that holds more (`script~/ct = "(\d+)"/`).
#[derive(Debug, Clone)]
pub struct Pick {
    /// The selector.
    pub selector: Selector,
    /// The attribute whose value is taken; `None` takes the text.
    pub attribute: Option<String>,
    /// What is taken of that: the first group of the first match, or all of the match where there are no groups.
    pub pattern: Option<Regex>,
    /// As written, for messages and for [`RawEntry::fields`](super::RawEntry::fields).
    pub source: String,
}

/// Why a text is no [`Pick`].
#[derive(Debug, thiserror::Error)]
#[error(
    "`{text}` is no CSS selector: {reason}; expected a selector, with `@attribute` to take an attribute or `~/regex/` \
     to take part of the text"
)]
pub struct PickError {
    text: String,
    reason: String,
}

impl Pick {
    /// Parses `selector`, `selector@attribute`, `selector~/regex/` or `selector@attribute~/regex/`. An empty selector
    /// (`@href`) means the row itself.
    pub fn parse(text: &str) -> Result<Self, PickError> {
        let refused = |reason: String| PickError { text: text.to_owned(), reason };
        let (rest, pattern) = match text.trim_end().strip_suffix('/').and_then(|rest| rest.split_once("~/")) {
            Some((rest, pattern)) => (rest, Some(Regex::new(pattern).map_err(|e| refused(e.to_string()))?)),
            None => (text, None),
        };
        let (selector, attribute) = match rest.rsplit_once('@') {
            Some((selector, name)) if is_attribute_name(name) => (selector.trim(), Some(name.to_owned())),
            _ => (rest.trim(), None),
        };
        let css = if selector.is_empty() { ":scope" } else { selector };
        let selector = Selector::parse(css).map_err(|e| refused(e.to_string()))?;
        Ok(Self { selector, attribute, pattern, source: text.to_owned() })
    }
}

fn is_attribute_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b':' || b == b'_')
}

/// All rules of one source.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// How its list pages are read.
    pub list: ListRules,
    /// How its JSON lists are read.
    pub json: JsonRules,
    /// How the pages behind its rows are read.
    pub article: ArticleRules,
}

/// How rows are found in an HTML list page or home page.
#[derive(Debug, Clone, Default)]
pub struct ListRules {
    /// Row elements; the first selector that yields a row with a usable link wins.
    pub rows: Vec<Pick>,
    /// The link inside a row; the first `a[href]` (or the row itself) when empty.
    pub link: Vec<Pick>,
    /// The title inside a row; the link's `title` attribute, then its text, when empty or without result.
    pub title: Vec<Pick>,
    /// The date inside a row.
    pub date: Vec<Pick>,
    /// What the path and query of an article's address look like; other links are not rows.
    pub article_url: Option<Regex>,
    /// Titles that are never news (`机构职责`, `办事指南`).
    pub skip_title: Option<Regex>,
    /// The addresses of further pages, relative to the list's, with `{page}` for their number; used where the page
    /// itself has no link to the next.
    pub page: Option<String>,
    /// The number of the second page; 2 when it is not set.
    pub second_page: Option<usize>,
}

/// How a JSON list is read. Paths are RFC 9535; all but `items` start at the item.
#[derive(Debug, Clone, Default)]
pub struct JsonRules {
    /// The items.
    pub items: Option<JsonPath>,
    /// Id; like all the following, the first path that gives a usable text wins.
    pub id: Vec<JsonPath>,
    /// Title.
    pub title: Vec<JsonPath>,
    /// Address, absolute, protocol-relative or root-relative.
    pub url: Vec<JsonPath>,
    /// Time as text, or as epoch seconds or milliseconds, the most trusted first.
    pub date: Vec<JsonPath>,
    /// Added to an epoch time, in milliseconds: the known CMS writes it 8 hours early.
    pub epoch_offset_ms: i64,
    /// 来源.
    pub origin: Vec<JsonPath>,
    /// Body as text.
    pub content_text: Vec<JsonPath>,
    /// Body as HTML.
    pub content_html: Vec<JsonPath>,
    /// Summary.
    pub summary: Vec<JsonPath>,
    /// Attachments' addresses.
    pub enclosures: Vec<JsonPath>,
    /// Where the rows stand as HTML in a text; the rules for list pages then apply to that, and not those above.
    pub html: Option<JsonPath>,
    /// The address of a channel's list, relative to its list page, with `{channel}`, `{size}` and `{page}`.
    pub endpoint: Option<String>,
    /// The parameter of the address that names the page; `page` when it is not set and the address has that.
    pub page: Option<String>,
}

/// How an article page is read.
#[derive(Debug, Clone, Default)]
pub struct ArticleRules {
    /// Title.
    pub title: Vec<Pick>,
    /// Time of publication, the most trusted first.
    pub date: Vec<Pick>,
    /// 来源: text such as `日期：2026-02-03     来源：某局`, of which the part after `来源` is taken.
    pub origin: Vec<Pick>,
    /// Body: the longest text among the elements that the first matching pick selects.
    pub body: Vec<Pick>,
    /// Links to attachments outside the body.
    pub attachments: Vec<Pick>,
    /// Elements taken out of the body: share bars, print buttons, QR codes.
    pub drop: Vec<Pick>,
    /// The names of the column that the page stands in, and titles, that are never news.
    pub skip_column: Option<Regex>,
    /// Where the column's name stands.
    pub column: Vec<Pick>,
    /// Shown by pages that stand where an article no longer exists.
    pub missing: Vec<Pick>,
}

/// Rules that apply to the pages of certain hosts, whoever links to them.
#[derive(Debug, Clone)]
pub struct HostRules {
    /// Hosts, without port; a leading dot matches subdomains (`.gov.cn`).
    pub hosts: Vec<String>,
    /// How their articles are read.
    pub article: ArticleRules,
}

impl HostRules {
    /// Whether these rules are for a host.
    pub fn matches(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| match pattern.strip_prefix('.') {
            Some(domain) => host == domain || host.ends_with(pattern.as_str()),
            None => host == pattern,
        })
    }
}
