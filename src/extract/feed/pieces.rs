//! Splits markup into tags and what stands between them, forgiving and in one pass.
//!
//! It cuts where quick-xml cuts, so that what is judged here is what is parsed later, but it never fails: what
//! is no markup is text, and what does not end is [`Piece::Cut`].

/// A run of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text with its references, possibly with a bare `<`.
    Text(&'a str),
    /// The inside of a CDATA section.
    CData(&'a str),
    /// A start tag or empty-element tag, from `<` to `>`.
    Start(&'a str),
    /// An end tag, from `</` to `>`.
    End(&'a str),
    /// A comment, a processing instruction, a declaration or a document type.
    Aside,
    /// Markup that the end of the text cuts off.
    Cut(&'a str),
}

/// Iterates over the pieces of a text.
#[derive(Debug, Clone)]
pub(super) struct Pieces<'a> {
    rest: &'a str,
}

/// An attribute with a quoted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    /// The name with its prefix.
    pub name: &'a str,
    /// The value with its references.
    pub value: &'a str,
}

/// Splits `text`.
pub(super) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if !is_markup(self.rest) {
            let end = text_end(self.rest);
            return Some(Piece::Text(self.take(end)));
        }
        let rest = self.rest;
        if rest.starts_with("<!--") {
            return Some(self.take_until(4, "-->", |_| Piece::Aside));
        }
        if rest.starts_with("<![CDATA[") {
            return Some(self.take_until(9, "]]>", |all| Piece::CData(&all[9..all.len() - 3])));
        }
        if rest.starts_with("<?") {
            return Some(self.take_until(2, "?>", |_| Piece::Aside));
        }
        if rest.starts_with("</") {
            return Some(self.take_until(2, ">", Piece::End));
        }
        let is_aside = rest.starts_with("<!");
        let Some(end) = (if is_aside { doctype_end(rest) } else { tag_end(rest) }) else {
            return Some(Piece::Cut(self.take(rest.len())));
        };
        let tag = self.take(end);
        Some(if is_aside { Piece::Aside } else { Piece::Start(tag) })
    }
}

impl<'a> Pieces<'a> {
    fn take(&mut self, end: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Skips what stands before the next `</name`.
    pub(super) fn skip_to_end_tag(&mut self, name: &str) {
        let is_end = |rest: &[u8]| rest.starts_with(b"</") && rest[2..].eq_ignore_ascii_case(name.as_bytes());
        let at = self.rest.as_bytes().windows(name.len() + 2).position(is_end);
        self.take(at.unwrap_or(self.rest.len()));
    }

    fn take_until(&mut self, from: usize, end: &str, piece: impl Fn(&'a str) -> Piece<'a>) -> Piece<'a> {
        match self.rest[from..].find(end) {
            Some(at) => piece(self.take(from + at + end.len())),
            None => Piece::Cut(self.take(self.rest.len())),
        }
    }
}

/// Whether `text` begins with something other than character data.
fn is_markup(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next() == Some('<')
        && letters.next().is_some_and(|second| matches!(second, '!' | '?' | '/') || is_name_start(second))
}

/// Where the text at the beginning ends.
fn text_end(text: &str) -> usize {
    let marks = text.match_indices('<').map(|(at, _)| at);
    marks.into_iter().find(|at| is_markup(&text[*at..])).unwrap_or(text.len())
}

/// The end of a tag: the first `>` outside quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The end of a document type, whose internal subset stands in brackets.
fn doctype_end(text: &str) -> Option<usize> {
    let mut in_subset = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => in_subset = true,
            b']' => in_subset = false,
            b'>' if !in_subset => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Names beyond ASCII occur in no feed, but `增长<三成` does.
fn is_name_start(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_'
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '-' | '.') || !letter.is_ascii()
}

/// The name in a tag, with its prefix.
pub(super) fn name_of(tag: &str) -> &str {
    let inside = tag.trim_start_matches(['<', '/']);
    let end = inside.find(|letter| !is_name(letter)).unwrap_or(inside.len());
    inside[..end].trim_matches(':')
}

/// The attributes of a start tag; those without a quoted value are left out.
pub(super) fn attributes(tag: &str) -> Vec<Attribute<'_>> {
    let inside = tag.trim_start_matches('<').trim_end_matches(['>', '/']);
    let mut rest = &inside[inside.find(|letter| !is_name(letter)).unwrap_or(inside.len())..];
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|letter| !is_name_start(letter));
        if rest.is_empty() {
            return found;
        }
        let (name, after) = rest.split_at(rest.find(|letter| !is_name(letter)).unwrap_or(rest.len()));
        rest = after;
        let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else { continue };
        let Some(quote) = value.chars().next().filter(|letter| matches!(letter, '"' | '\'')) else {
            rest = value.trim_start_matches(|letter: char| !letter.is_whitespace());
            continue;
        };
        let Some((value, after)) = value[1..].split_once(quote) else { return found };
        found.push(Attribute { name, value });
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_splits_into_its_pieces() {
        let check = |text: &str, expected: &[Piece]| {
            assert_eq!(pieces(text).collect::<Vec<_>>(), expected, "{text}");
        };
        check("a < b<c d='>'/>", &[Piece::Text("a < b"), Piece::Start("<c d='>'/>")]);
        check("<![CDATA[<a>]]></b >", &[Piece::CData("<a>"), Piece::End("</b >")]);
        check("<?xml?><!DOCTYPE r [<!ENTITY a 'b'>]><!-- > -->", &[Piece::Aside; 3]);
        check("<a><b", &[Piece::Start("<a>"), Piece::Cut("<b")]);
        check("<![CDATA[a", &[Piece::Cut("<![CDATA[a")]);
        check("", &[]);
    }

    #[test]
    fn attributes_are_those_with_quoted_values() {
        let check = |tag: &str, expected: &[(&str, &str)]| {
            let found: Vec<_> = attributes(tag).iter().map(|it| (it.name, it.value)).collect();
            assert_eq!(found, expected, "{tag}");
        };
        check("<a b = 'c>\"' d:e=\"\"/>", &[("b", "c>\""), ("d:e", "")]);
        check("<a b c=d e='f' g='", &[("e", "f")]);
        check("<a/>", &[]);
        check("<a b='/'/>", &[("b", "/")]);
    }
}
