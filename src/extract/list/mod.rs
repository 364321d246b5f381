//! Rows of list pages and home pages.
//!
//! The profile's own rule comes first. When it matches nothing the page is read without it, by the shape of
//! article addresses and then by what repeats on the page, and a note says so: a site was redesigned.
//!
//! **Invariant:** rows come out in document order, and an address comes out once.

mod collect;
mod diagnosis;
mod learned;
mod paging;
mod records;
mod rows;
mod title;

#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;

use scraper::{ElementRef, Html};
use url::Url;

use super::rules::{ListRules, Pick};
use super::{ExtractError, Extracted, html, json};
use collect::Collector;
use rows::Reader;

pub use diagnosis::{channel_of, json_channels};
pub use paging::next_page;
pub use records::unwrap_records;

/// Most rows taken from one page.
pub const MAX_ROWS: usize = 2000;
/// Most elements looked at for being rows, of those that one selector matches.
const MAX_CANDIDATES: usize = 50_000;
/// How the rule begins that says that the profile's own selector gave the rows.
pub const PROFILE_ROWS: &str = "profile rows ";
/// How the rule begins that says that the rows were found by what repeats.
const LEARNED_ROWS: &str = "learned rows ";
/// What is recorded for rows out of Hanweb's records.
pub const RECORDS: &str = "hanweb records";
/// The rows of a document made by [`unwrap_records`].
const RECORD_ROWS: &str = "ul.records > li";

/// Reads the rows of a list document: HTML, or Hanweb's records inside HTML or XML.
///
/// # Errors
/// As [`html::parse`], but for pages that are only long: of those the beginning is read.
pub fn from_text(text: &str, url: &Url, rules: &ListRules) -> Result<Extracted, ExtractError> {
    if let Some(records) = unwrap_records(text) {
        let page = html::parse(&records, url)?;
        let reader = Reader::new(&page, url, rules);
        let found = Pick::parse(RECORD_ROWS).ok().and_then(|pick| profile_rows(&page, &reader, &pick));
        if let Some(found) = found {
            return Ok(found.finish(RECORDS.to_owned()));
        }
    }
    if text.trim_start().starts_with(['{', '[']) {
        return inside_json(text, url, rules);
    }
    let html::Parsed { page, is_cut } = html::parse_beginning(text, url)?;
    let mut found = read(&page, url, rules, Some(text.len()));
    if is_cut {
        found
            .notes
            .push(format!("the page has more than {} elements; the rest was not read", html::MAX_NODES));
    }
    Ok(found)
}

/// Reads the rows of HTML that stands in a text of JSON.
fn inside_json(text: &str, url: &Url, rules: &ListRules) -> Result<Extracted, ExtractError> {
    let Some((path, markup)) = json::longest_html(text, url) else {
        let notes = vec!["the document looks like JSON; set kind = \"json\"".to_owned()];
        return Ok(Extracted { notes, ..Extracted::default() });
    };
    let page = html::parse(&markup, url)?;
    let mut found = read(&page, url, rules, Some(markup.len()));
    found.rule = format!("{} in JSON \"{path}\"", found.rule);
    Ok(found)
}

/// Reads the rows of a parsed list page.
pub fn list(page: &Html, url: &Url, rules: &ListRules) -> Extracted {
    read(page, url, rules, None)
}

/// Reads every link on a page whose address looks like an article's.
pub fn links(page: &Html, url: &Url, rules: &ListRules) -> Extracted {
    let reader = Reader::new(page, url, rules);
    let Some(pattern) = &rules.article_url else {
        let notes = vec!["no `article_url` is set, so no link can be told to be an article".to_owned()];
        return Extracted { rule: "article-address pattern".to_owned(), notes, ..Extracted::default() };
    };
    let mut found = learned::article_links(page, &reader).finish("article-address pattern".to_owned());
    if found.entries.is_empty() {
        found.notes.push(diagnosis::no_links(page, pattern));
        found.notes.extend(diagnosis::empty_page(page, url));
    }
    found
}

fn read(page: &Html, url: &Url, rules: &ListRules, length_bytes: Option<usize>) -> Extracted {
    let reader = Reader::new(page, url, rules);
    let mut complaints = Vec::new();
    for pick in &rules.rows {
        if let Some(found) = profile_rows(page, &reader, pick) {
            return found.finish(format!("{PROFILE_ROWS}\"{}\"", pick.source));
        }
        complaints.push(complaint(page, pick, length_bytes));
    }
    let mut found = without_profile(page, &reader);
    if found.entries.is_empty() {
        complaints.extend(rules.article_url.as_ref().map(|pattern| diagnosis::no_links(page, pattern)));
        complaints.extend(diagnosis::empty_page(page, url));
    }
    complaints.append(&mut found.notes);
    found.notes = complaints;
    found
}

/// The rows that one selector of the profile finds, if any of them can be used.
fn profile_rows<'r>(page: &Html, reader: &Reader<'r>, pick: &Pick) -> Option<Collector<'r>> {
    let mut found = Collector::new(reader.rules);
    for row in page.root_element().select(&pick.selector).take(MAX_CANDIDATES) {
        if found.is_full() {
            break;
        }
        found.extend(reader.row(row));
    }
    found.has_any().then_some(found)
}

/// Reads the page by the shape of article addresses, else by what repeats on it.
fn without_profile(page: &Html, reader: &Reader<'_>) -> Extracted {
    if reader.article_url.is_some() {
        let found = learned::article_links(page, reader);
        if found.has_any() {
            return found.finish("article-address pattern".to_owned());
        }
    }
    let Some((found, rule)) = learned::rows(page, &reader.with_any_address()) else {
        return Extracted::default();
    };
    let mut found = found.finish(rule);
    if let Some(pattern) = reader.article_url {
        found.notes.push(format!("no link looks like an article of this profile (`{pattern}`)"));
    }
    found
}

/// The selector of rows that were found by what repeats, out of the rule that says so.
pub fn learned_selector(rule: &str) -> Option<&str> {
    rule.strip_prefix(LEARNED_ROWS)?.strip_prefix('"')?.split_once('"').map(|(selector, _)| selector)
}

fn complaint(page: &Html, pick: &Pick, length_bytes: Option<usize>) -> String {
    const BYTES_PER_KB: usize = 1000;
    let n_matched = page.root_element().select(&pick.selector).take(MAX_CANDIDATES).count();
    if n_matched > 0 {
        return format!("rows \"{}\" matched {n_matched} elements, none with an article's link", pick.source);
    }
    let size =
        length_bytes.map_or_else(String::new, |bytes| format!(" in {} kB", bytes.div_ceil(BYTES_PER_KB)));
    format!("rows \"{}\" matched nothing{size}", pick.source)
}

/// Whether an element is a link, and where it leads as written.
fn href(element: ElementRef<'_>) -> Option<&str> {
    (element.value().name() == "a").then(|| element.attr("href")).flatten()
}
