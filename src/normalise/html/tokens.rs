//! Cuts HTML that a serialiser wrote, where every tag is whole and every value quoted.

use std::borrow::Cow;

/// A part of serialised HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A start tag with its attributes as written.
    Open { name: &'a str, attributes: &'a str },
    /// An end tag.
    Close { name: &'a str },
    /// Text, still escaped.
    Text(&'a str),
}

/// Cuts serialised HTML into tokens.
pub(super) fn tokens(html: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(tag) = rest.strip_prefix('<') else {
            let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            rest = after;
            return Some(Token::Text(text));
        };
        let (inside, after) = tag.split_at(tag_end(tag));
        rest = after.strip_prefix('>').unwrap_or(after);
        if let Some(name) = inside.strip_prefix('/') {
            return Some(Token::Close { name });
        }
        let (name, attributes) = inside.split_at(inside.find(' ').unwrap_or(inside.len()));
        Some(Token::Open { name, attributes })
    })
}

/// Where the `>` stands that ends a tag; `>` is escaped inside values.
fn tag_end(tag: &str) -> usize {
    tag.find('>').unwrap_or(tag.len())
}

/// The attributes of a start tag, values decoded.
pub(super) fn attributes(written: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = written;
    std::iter::from_fn(move || {
        let (name, after) = rest.trim_start().split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        Some((name, unescape(value)))
    })
}

/// Decodes the references that a serialiser writes.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    const REFERENCES: &[(&str, char)] =
        &[("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&nbsp;", '\u{a0}')];
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = REFERENCES.iter().find(|(written, _)| rest.starts_with(written));
        let (length, c) = known.map_or((1, '&'), |(written, c)| (written.len(), *c));
        plain.push(c);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}
