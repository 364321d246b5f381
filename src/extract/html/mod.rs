//! Reading HTML pages: parsing within bounds, the text of elements, what a [`Pick`] selects, addresses.
//!
//! **Invariant:** a page is never changed, and nothing here recurses with its nesting.

pub(crate) mod date;
mod parse;
mod walk;
mod write;

#[cfg(test)]
mod tests;

use regex::Regex;
use scraper::{ElementRef, Html};
use url::Url;

use super::ExtractError;
use super::rules::Pick;

use parse::Excess;
pub(crate) use parse::{MAX_DEPTH, MAX_NODES, Parsed};
pub(crate) use walk::{Key, Next, Step, key, walk};
pub(crate) use write::{close_tag, escape_into, open_tag, paragraphs};

/// Longest address accepted, in bytes.
const MAX_ADDRESS_BYTES: usize = 8192;

/// Parses a page, refusing those that would take minutes or hundreds of megabytes.
///
/// # Errors
/// [`ExtractError::TooDeep`], [`ExtractError::TooLarge`] or [`ExtractError::TooComplex`].
pub fn parse(text: &str, url: &Url) -> Result<Html, ExtractError> {
    let parsed = parse_beginning(text, url)?;
    if parsed.is_cut { Err(refusal(Excess::Nodes, url)) } else { Ok(parsed.page) }
}

/// Parses a page, or of one with more than [`MAX_NODES`] nodes the beginning.
///
/// # Errors
/// [`ExtractError::TooDeep`] or [`ExtractError::TooComplex`].
pub(crate) fn parse_beginning(text: &str, url: &Url) -> Result<Parsed, ExtractError> {
    parse::document(text).map_err(|excess| refusal(excess, url))
}

/// Parses part of a page; `None` for what [`parse`] would refuse.
pub(crate) fn fragment(text: &str) -> Option<Html> {
    parse::fragment(text).ok().filter(|parsed| !parsed.is_cut).map(|parsed| parsed.page)
}

/// Whether part of a page is one that would be parsed.
pub(crate) fn is_parsed(text: &str) -> bool {
    fragment(text).is_some()
}

fn refusal(excess: Excess, url: &Url) -> ExtractError {
    let url = url.clone();
    match excess {
        Excess::Depth => ExtractError::TooDeep { url, limit: MAX_DEPTH },
        Excess::Nodes => ExtractError::TooLarge { url, limit: MAX_NODES },
        Excess::Work => ExtractError::TooComplex { url },
    }
}

/// The text people see of an element: scripts, styles and comments left out, white space of any kind
/// collapsed to single spaces, blocks and line breaks kept apart by one.
pub fn text(element: ElementRef<'_>) -> String {
    short_text(element, usize::MAX).unwrap_or_default()
}

/// The same text, unless it is longer than so many bytes.
pub(crate) fn short_text(element: ElementRef<'_>, max_bytes: usize) -> Option<String> {
    let mut text = Collapsed::default();
    walk(element, |step| {
        match step {
            Step::Open(element) if is_unread(element) => return Next::Over,
            Step::Open(element) | Step::Close(element) => text.boundary(element),
            Step::Text(part) => text.push(part),
        }
        if text.as_str().len() > max_bytes { Next::Stop } else { Next::Into }
    });
    let text = text.finish();
    (text.len() <= max_bytes).then_some(text)
}

/// Collapses white space of any kind to single spaces and takes it off the ends.
pub(crate) fn collapse(text: &str) -> String {
    let mut collapsed = Collapsed::default();
    collapsed.push(text);
    collapsed.finish()
}

/// A text being put together with its white space collapsed.
#[derive(Default)]
pub(crate) struct Collapsed {
    text: String,
    space: bool,
}

impl Collapsed {
    /// Adds text.
    pub(crate) fn push(&mut self, part: &str) {
        for c in part.chars() {
            if c.is_whitespace() {
                self.space = true;
            } else if !matches!(c, '\u{200b}' | '\u{feff}') {
                if self.space && !self.text.is_empty() {
                    self.text.push(' ');
                }
                self.space = false;
                self.text.push(c);
            }
        }
    }

    /// Keeps what comes apart from what was, if the element stands on lines of its own.
    pub(crate) fn boundary(&mut self, element: ElementRef<'_>) {
        self.space |= is_block(element);
    }

    /// Takes off what was added after it was this long, in bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.text.truncate(length);
    }

    /// The text so far.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// Whether an element holds no text that people see.
pub(crate) fn is_unread(element: ElementRef<'_>) -> bool {
    matches!(element.value().name(), "script" | "style" | "noscript" | "template")
}

fn is_block(element: ElementRef<'_>) -> bool {
    matches!(
        element.value().name(),
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "br"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// The elements that a pick selects: those inside `scope` in document order, then `scope` itself.
pub(crate) fn matching<'a, 'p>(
    scope: ElementRef<'a>,
    pick: &'p Pick,
) -> impl Iterator<Item = ElementRef<'a>> + use<'a, 'p> {
    let itself = Some(scope).filter(|scope| pick.selector.matches_with_scope(scope, Some(*scope)));
    scope.select(&pick.selector).chain(itself)
}

/// What a pick takes of an element it selected: its attribute or its text, or part of that; `None` when it is empty.
pub(crate) fn value(element: ElementRef<'_>, pick: &Pick) -> Option<String> {
    let value = match (&pick.attribute, &pick.pattern) {
        (Some(name), None) => collapse(element.attr(name)?),
        (Some(name), Some(pattern)) => collapse(matched(pattern, element.attr(name)?)?),
        (None, None) => text(element),
        // A script is no text that people see, but its pick asks for it.
        (None, Some(pattern)) if is_unread(element) => {
            collapse(matched(pattern, &element.text().collect::<String>())?)
        }
        (None, Some(pattern)) => collapse(matched(pattern, &text(element))?),
    };
    (!value.is_empty()).then_some(value)
}

/// The first group of a pattern's first match, or all of it where there are no groups.
fn matched<'t>(pattern: &Regex, text: &'t str) -> Option<&'t str> {
    let captures = pattern.captures(text)?;
    captures.get(1).or_else(|| captures.get(0)).map(|found| found.as_str())
}

/// The first text that a pick finds in `scope` and that is not empty.
pub fn pick_text(scope: ElementRef<'_>, pick: &Pick) -> Option<String> {
    matching(scope, pick).find_map(|element| value(element, pick))
}

/// All texts that a pick finds in `scope` and that are not empty.
pub fn pick_all(scope: ElementRef<'_>, pick: &Pick) -> Vec<String> {
    matching(scope, pick).filter_map(|element| value(element, pick)).collect()
}

/// Makes a link's address absolute; `None` unless it leads to another http(s) page.
pub fn resolve(base: &Url, href: &str) -> Option<Url> {
    let href = href.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'));
    if href.is_empty() || href.starts_with('#') || href.len() > MAX_ADDRESS_BYTES {
        return None;
    }
    let url = base.join(href).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// The address against which a page's links resolve: that of its first `<base href>`, else its own.
pub fn base_url(page: &Html, url: &Url) -> Url {
    let mut base = None;
    walk(page.root_element(), |step| match step {
        Step::Open(element) if element.value().name() == "base" && element.attr("href").is_some() => {
            base = element.attr("href").and_then(|href| resolve(url, href));
            Next::Stop
        }
        _ => Next::Into,
    });
    base.unwrap_or_else(|| url.clone())
}
