//! Where a list goes on: the link to its next page, or the pattern of its pages' addresses.

use scraper::{ElementRef, Html};
use url::Url;

use super::super::html::{self, Next, Step};
use super::super::rules::ListRules;

/// What links to the next page are called, without arrows.
const NAMES: [&str; 6] = ["下一页", "下页", "后一页", "下一頁", "next", "next page"];
/// Arrows that stand beside the name.
const ARROWS: &[char] = &['>', '›', '»', '→', '▶', '<', '[', ']'];
/// The number of the second page, where nothing else is said.
const SECOND_PAGE: usize = 2;

/// The address of the page after this one; `number` is 2 for the second.
pub fn next_page(page: &Html, url: &Url, rules: &ListRules, number: usize) -> Option<Url> {
    let base = html::base_url(page, url);
    let mut by_link = None;
    html::walk(page.root_element(), |step| {
        if let Step::Open(element) = step
            && is_next(element)
        {
            let target = element.attr("href").and_then(|href| html::resolve(&base, href));
            by_link = target.filter(|target| target.origin() == url.origin() && target != url);
        }
        if by_link.is_some() { Next::Stop } else { Next::Into }
    });
    by_link.or_else(|| by_pattern(url, rules, number))
}

fn by_pattern(url: &Url, rules: &ListRules, number: usize) -> Option<Url> {
    let number = (rules.second_page.unwrap_or(SECOND_PAGE) + number).checked_sub(SECOND_PAGE)?;
    html::resolve(url, &rules.page.as_deref()?.replace("{page}", &number.to_string()))
}

/// Whether an element is a link that says it leads to the next page.
fn is_next(element: ElementRef<'_>) -> bool {
    let name = element.value().name();
    if !matches!(name, "a" | "link") || element.attr("href").is_none() {
        return false;
    }
    let is_called = |attribute: &str, word: &str| {
        let words = element.attr(attribute).unwrap_or_default().split_whitespace();
        words.into_iter().any(|found| found.eq_ignore_ascii_case(word))
    };
    is_called("rel", "next") || name == "a" && (is_called("class", "next") || is_named(element))
}

fn is_named(element: ElementRef<'_>) -> bool {
    let is_name = |text: &str| {
        let text = text.trim_matches(|c: char| c.is_whitespace() || ARROWS.contains(&c)).to_lowercase();
        NAMES.contains(&text.as_str())
    };
    let mut texts = element.text().filter(|text| !text.trim().is_empty());
    element.attr("title").is_some_and(is_name) || texts.next().is_some_and(is_name) && texts.next().is_none()
}
