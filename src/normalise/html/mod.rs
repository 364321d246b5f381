//! Markup as found becomes markup that is safe to republish, and the text that people read in it.
//!
//! The way of a body: `lex` cuts it at its tags and leaves out what is never shown (scripts, comments);
//! what would take minutes to parse is refused; ammonia parses the rest and keeps an allow-list; `rebuild` writes
//! the tree that is left in the few shapes that `elements` knows; `text` reads that.
//!
//! **Invariant:** what is written consists of the elements and attributes of that allow-list only, whatever came
//! in, and cleaning it again changes nothing. No network, no clock.

mod address;
mod elements;
mod lex;
mod plain;
mod rebuild;
mod text;
mod tokens;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use url::Url;

use crate::extract::html::is_parsed;

pub use plain::{collapse, strip_tags, text_to_html, xml_text};

/// Longest body that is read, in bytes; what follows is left out.
const MAX_HTML_BYTES: usize = 8 * 1024 * 1024;

/// A body, cleaned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clean {
    /// Sanitised HTML with absolute addresses: a fragment of blocks, without classes, styles and scripts.
    pub html: String,
    /// The same as text: paragraphs separated by a blank line, one list item or table row a line, table cells
    /// separated by a tab.
    pub text: String,
    /// How many pictures the HTML holds.
    pub images: usize,
}

/// Cleans the HTML of a body; its links and pictures resolve against `base`.
///
/// HTML that nests too deep to be parsed in time becomes one paragraph of text.
pub fn clean(html: &str, base: &Url) -> Clean {
    let html = &html[..html.floor_char_boundary(MAX_HTML_BYTES)];
    let shown = lex::shown_part(html);
    if !is_parsed(&shown) {
        return Clean::of(text_to_html(&strip_tags(html)), 0);
    }
    let safe = SANITISER.clean(&shown).to_string();
    let safe = xml_text(&safe);
    let (html, images) = rebuild::rebuild(&safe, base);
    Clean::of(html, images)
}

impl Clean {
    /// The text is a function of the HTML alone, so the same HTML always gives the same text.
    fn of(html: String, images: usize) -> Self {
        Self { text: text::text_of(&html), html, images }
    }
}

/// Parses, and keeps the elements and attributes that [`rebuild`] looks at: no style, class, id or handler, no
/// address but http, https and mailto.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tag_attributes: HashMap<&str, HashSet<&str>> = elements::ATTRIBUTES_READ
        .iter()
        .map(|(tag, names)| (*tag, names.iter().copied().collect()))
        .collect();
    let mut builder = Builder::empty();
    builder
        .tags(elements::ELEMENTS.iter().map(|(name, _)| *name).collect())
        .tag_attributes(tag_attributes)
        .generic_attributes(HashSet::new())
        .url_schemes(address::SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None);
    builder
});

/// Escapes text as a serialiser does between tags.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '\u{a0}']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{a0}' => escaped.push_str("&nbsp;"),
            _ => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests;
