//! The page behind a row: its title, times, origin, body and attachments.
//!
//! Each field is taken from the profile's own rule, else from what the page says of itself, else from what
//! pages of this kind usually look like; which one it was is recorded.
//!
//! **Invariant:** nothing is cleaned here. The body is what stands in the page but for what is never body.

mod attachments;
mod body;
mod byline;
mod claims;
mod facts;
#[cfg(feature = "readability")]
mod readable;

#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use scraper::{ElementRef, Html};
use url::Url;

use super::html;
use super::rules::{ArticleRules, Pick};
use super::{ExtractError, RawEntry};
use body::Body;
use facts::Facts;

pub(super) use attachments::media_type;

/// What an article's page gave.
#[derive(Debug, Clone)]
pub struct Article {
    /// The article; its `url` is left to the caller, who knows by which address the page was reached.
    pub entry: RawEntry,
    /// Why the page is no news, when it is an institutional or guide page.
    pub not_news: Option<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// A text, and the rule that gave it.
type Found = (String, String);
/// The rule that gave each field.
type Fields = BTreeMap<&'static str, String>;

/// Reads an article's page.
///
/// # Errors
/// [`ExtractError::Missing`] when the page says that there is no such article.
pub fn article(page: &Html, url: &Url, rules: &ArticleRules) -> Result<Article, ExtractError> {
    let root = page.root_element();
    if rules.missing.iter().any(|pick| html::matching(root, pick).next().is_some()) {
        return Err(ExtractError::Missing { url: url.clone() });
    }
    let base = html::base_url(page, url);
    let facts = Facts::of(page);
    let by_rule = Body::find(root, rules);
    let readable = if by_rule.is_none() { readable(root, rules) } else { None };
    let body =
        by_rule.or_else(|| readable.as_ref().and_then(Body::alone)).or_else(|| Body::densest(root, rules));
    let mut fields = Fields::new();
    let title = kept(&mut fields, "title", title(root, rules, &facts)).unwrap_or_default();
    let origin = kept(&mut fields, "origin", byline::origin(root, rules, &facts));
    let published = byline::published(root, rules, &facts);
    fields.extend(published.first().map(|found| ("published", found.rule.clone())));
    let content_html = kept(&mut fields, "content_html", content(body.as_ref(), &facts));
    let (enclosures, rule) = attachments::find(root, &base, body.as_ref(), rules);
    fields.extend(rule.map(|rule| ("enclosures", rule)));
    let language = language(&facts, body.as_ref());
    let text = body.as_ref().map(|body| html::text(body.element)).unwrap_or_default();
    let summary = kept(&mut fields, "summary", claims::summary(&facts, &title, &text));
    let notes = content_html.is_none().then(|| missing_body(rules)).into_iter().collect();
    let not_news = not_news(root, rules, &title);
    let entry = RawEntry {
        title,
        published,
        updated: claims::updated(&facts),
        origin,
        summary,
        content_html,
        base: Some(base),
        enclosures,
        language,
        fields,
        ..RawEntry::default()
    };
    Ok(Article { entry, not_news, notes })
}

/// What a readability library takes for the article.
#[cfg(feature = "readability")]
fn readable(root: ElementRef<'_>, rules: &ArticleRules) -> Option<Html> {
    readable::page(root, &body::dropped(root, rules))
}

/// Without the library there is nothing it takes for the article.
#[cfg(not(feature = "readability"))]
fn readable(_: ElementRef<'_>, _: &ArticleRules) -> Option<Html> {
    None
}

fn kept(fields: &mut Fields, name: &'static str, found: Option<Found>) -> Option<String> {
    found.map(|(value, rule)| {
        fields.insert(name, rule);
        value
    })
}

/// The first text that any of the picks finds, with the pick as written.
fn picked(root: ElementRef<'_>, picks: &[Pick]) -> Option<Found> {
    picks.iter().find_map(|pick| Some((html::pick_text(root, pick)?, pick.source.clone())))
}

fn title(root: ElementRef<'_>, rules: &ArticleRules, facts: &Facts) -> Option<Found> {
    picked(root, &rules.title)
        .or_else(|| facts.meta("ArticleTitle").map(|title| (title, "meta ArticleTitle".to_owned())))
        .or_else(|| facts.meta("og:title").map(|title| (title, "meta og:title".to_owned())))
        .or_else(|| {
            facts.linked_text(&["headline", "title"]).map(|title| (title, "JSON-LD headline".to_owned()))
        })
        .or_else(|| facts.heading.clone().map(|title| (title, "h1".to_owned())))
        .or_else(|| Some((before_site_name(facts.title.as_deref()?)?.to_owned(), "title".to_owned())))
}

/// What stands in `<title>` before the name of the column or site.
///
/// A hyphen between letters or digits (`1-7月` has none before `月`, but `1-7` does) separates nothing.
fn before_site_name(title: &str) -> Option<&str> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let end = title.char_indices().find(|&(at, c)| match c {
        '_' | '|' | '｜' => true,
        '-' | '–' | '—' => {
            let before = title[..at].chars().next_back();
            let after = title[at + c.len_utf8()..].chars().next();
            !(is_word(before) && is_word(after)) && before != Some('—') && after != Some('—')
        }
        _ => false,
    });
    let title = title[..end.map_or(title.len(), |(at, _)| at)].trim();
    (!title.is_empty()).then_some(title)
}

/// The body: by the profile's rule, else what the page says it is, unless that is only its beginning, else as found.
fn content(body: Option<&Body<'_>>, facts: &Facts) -> Option<Found> {
    let found = || body.map(|body| (body.html(), body.rule.clone()));
    if body.is_some_and(|body| body.is_by_profile) {
        return found();
    }
    let n_chars = body.map_or(0, Body::n_chars);
    let linked = facts.linked_text(&["articleBody"]).filter(|text| text.chars().count() * 2 >= n_chars);
    linked.map(|text| (html::paragraphs(&text), "JSON-LD articleBody".to_owned())).or_else(found)
}

fn missing_body(rules: &ArticleRules) -> String {
    let picks: Vec<&str> = rules.body.iter().map(|pick| pick.source.as_str()).collect();
    format!("no body found: neither by `{}` nor by how such pages usually look", picks.join("`, `"))
}

fn not_news(root: ElementRef<'_>, rules: &ArticleRules, title: &str) -> Option<String> {
    let skip = rules.skip_column.as_ref()?;
    let columns = rules.column.iter().flat_map(|pick| html::pick_all(root, pick));
    columns
        .into_iter()
        .find(|column| skip.is_match(column))
        .map(|column| format!("column `{column}`"))
        .or_else(|| skip.is_match(title).then(|| format!("title `{title}`")))
}

/// The language the page states, unless its text shows that a template left it wrong.
fn language(facts: &Facts, body: Option<&Body<'_>>) -> Option<String> {
    const MAX_TAG_CHARS: usize = 35;
    let tag = facts.language.as_deref()?.trim();
    let mut parts = tag.split('-');
    let primary = parts.next()?.to_ascii_lowercase();
    let is_tag = (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && tag.len() <= MAX_TAG_CHARS;
    let writes_han = matches!(primary.as_str(), "zh" | "ja" | "ko");
    let is_wrong = !writes_han && body.is_some_and(Body::is_mostly_han);
    (is_tag && !is_wrong).then(|| tag.to_owned())
}
