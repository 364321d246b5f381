//! Cuts raw HTML at its tags the way a browser does (HTML Standard §13.2.5), without building a tree.
//!
//! Comments and the elements of [`NEVER_SHOWN`] are left out. Since none of the elements whose content has a
//! syntax of its own remains, what is given out means the same to the parser as to this module.

/// Elements that are left out with all they hold: their content is no text of the article, or has a syntax of
/// its own. Those marked `true` swallow the rest of the document when they are not closed, as in a browser.
const NEVER_SHOWN: &[(&str, bool)] = &[
    ("script", true),
    ("style", true),
    ("noscript", false),
    ("iframe", false),
    ("textarea", false),
    ("title", false),
    ("xmp", false),
    ("noembed", false),
    ("noframes", false),
    ("plaintext", false),
    ("template", false),
    ("select", false),
    ("button", false),
    ("svg", false),
    ("math", false),
    ("object", false),
    ("video", false),
    ("audio", false),
    ("canvas", false),
];

/// A part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text, character references not decoded.
    Text(&'a str),
    /// A start tag, from `<` to `>`.
    Start { name: &'a str, raw: &'a str },
    /// An end tag.
    End { name: &'a str, raw: &'a str },
    /// A tag that the end of the document cuts, to the end.
    Cut(&'a str),
}

/// Cuts a document into pieces. Linear in its length.
pub(super) fn pieces(html: &str) -> Pieces<'_> {
    Pieces { html, at: 0, never_closed: [false; NEVER_SHOWN.len()] }
}

/// The document without what is never shown.
pub(super) fn shown_part(html: &str) -> String {
    let parts = pieces(html).map(|piece| match piece {
        Piece::Text(raw) | Piece::Start { raw, .. } | Piece::End { raw, .. } => raw,
        Piece::Cut(_) => "",
    });
    parts.collect()
}

pub(super) struct Pieces<'a> {
    html: &'a str,
    at: usize,
    /// Which of [`NEVER_SHOWN`] have no end tag in what is left, so that it is looked for only once.
    never_closed: [bool; NEVER_SHOWN.len()],
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = &self.html[self.at..];
            if rest.is_empty() {
                return None;
            }
            match markup_at(rest) {
                Markup::Text(length) => return Some(Piece::Text(self.take(length))),
                Markup::Comment(length) => self.at += length,
                Markup::Tag => {
                    if let Some(piece) = self.tag() {
                        return Some(piece);
                    }
                }
            }
        }
    }
}

impl<'a> Pieces<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let start = self.at;
        self.at += length;
        &self.html[start..self.at]
    }

    /// Takes the tag that begins here; `None` when it is left out.
    fn tag(&mut self) -> Option<Piece<'a>> {
        let Some(tag) = Tag::at_start_of(&self.html[self.at..]) else {
            let rest = self.take(self.html.len() - self.at);
            return Some(Piece::Cut(rest));
        };
        let raw = self.take(tag.length);
        let known = NEVER_SHOWN.iter().position(|(name, _)| name.eq_ignore_ascii_case(tag.name));
        match (known, tag.is_end) {
            (None, true) => Some(Piece::End { name: tag.name, raw }),
            (None, false) => Some(Piece::Start { name: tag.name, raw }),
            (Some(_), true) => None,
            (Some(known), false) => {
                // `<svg/>` is an element without content; `<script/>` is not.
                let is_empty = raw.ends_with("/>") && matches!(NEVER_SHOWN[known].0, "svg" | "math");
                if !is_empty {
                    self.skip_content(known);
                }
                None
            }
        }
    }

    /// Moves to the end tag of an element that is never shown.
    fn skip_content(&mut self, known: usize) {
        let (name, swallows) = NEVER_SHOWN[known];
        if !self.never_closed[known] {
            if let Some(length) = find_end_tag(&self.html[self.at..], name) {
                self.at += length;
                return;
            }
            self.never_closed[known] = true;
        }
        if swallows {
            self.at = self.html.len();
        }
    }
}

enum Markup {
    /// Text of so many bytes.
    Text(usize),
    /// A comment, declaration or processing instruction of so many bytes.
    Comment(usize),
    /// A start or end tag.
    Tag,
}

fn markup_at(rest: &str) -> Markup {
    let bytes = rest.as_bytes();
    match (bytes.first(), bytes.get(1), bytes.get(2)) {
        (Some(b'<'), Some(b'!'), _) if rest.starts_with("<!--") => Markup::Comment(comment_length(rest)),
        (Some(b'<'), Some(b'/'), Some(c)) if c.is_ascii_alphabetic() => Markup::Tag,
        (Some(b'<'), Some(b'/'), Some(_)) | (Some(b'<'), Some(b'!' | b'?'), _) => {
            Markup::Comment(rest.find('>').map_or(rest.len(), |end| end + 1))
        }
        (Some(b'<'), Some(c), _) if c.is_ascii_alphabetic() => Markup::Tag,
        (first, ..) => {
            let skip = usize::from(first == Some(&b'<'));
            Markup::Text(rest[skip..].find('<').map_or(rest.len(), |at| at + skip))
        }
    }
}

fn comment_length(rest: &str) -> usize {
    for short in ["<!-->", "<!--->"] {
        if rest.starts_with(short) {
            return short.len();
        }
    }
    let mut at = 4;
    while let Some(found) = rest[at..].find("--") {
        at += found + 2;
        for end in [">", "!>"] {
            if rest[at..].starts_with(end) {
                return at + end.len();
            }
        }
        at -= 1;
    }
    rest.len()
}

/// The length of what comes before the end of `</name …>`.
fn find_end_tag(html: &str, name: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = html[at..].find("</") {
        let start = at + found + 2;
        let after = html.as_bytes().get(start + name.len());
        let is_it = html.as_bytes()[start..].get(..name.len())?.eq_ignore_ascii_case(name.as_bytes());
        if is_it && after.is_none_or(|c| matches!(c, b'>' | b'/') || c.is_ascii_whitespace()) {
            let end = html[start..].find('>').map_or(html.len(), |end| start + end + 1);
            return Some(end);
        }
        at = start;
    }
    None
}

/// A tag, by its parts.
struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    length: usize,
}

impl<'a> Tag<'a> {
    /// Reads `<name …>` or `</name …>`; `None` when the document ends inside it.
    fn at_start_of(html: &'a str) -> Option<Self> {
        let bytes = html.as_bytes();
        let is_end = bytes.get(1) == Some(&b'/');
        let start = 1 + usize::from(is_end);
        let mut at = start + run(&bytes[start..], |c| !c.is_ascii_whitespace() && !matches!(c, b'/' | b'>'));
        let name = &html[start..at];
        loop {
            at += run(bytes.get(at..)?, |c| c.is_ascii_whitespace() || c == b'/');
            match bytes.get(at)? {
                b'>' => return Some(Self { name, is_end, length: at + 1 }),
                _ => at = skip_attribute(bytes, at)?,
            }
        }
    }
}

/// Where the attribute that starts at `at` ends.
fn skip_attribute(bytes: &[u8], at: usize) -> Option<usize> {
    let is_space = |c: u8| c.is_ascii_whitespace();
    // An attribute's name may begin with `=`.
    let mut at = at + 1;
    at += run(bytes.get(at..)?, |c| !is_space(c) && !matches!(c, b'/' | b'>' | b'='));
    let after_name = at + run(bytes.get(at..)?, is_space);
    if bytes.get(after_name) != Some(&b'=') {
        return Some(at);
    }
    at = after_name + 1;
    at += run(bytes.get(at..)?, is_space);
    match *bytes.get(at)? {
        quote @ (b'"' | b'\'') => {
            let length = bytes[at + 1..].iter().position(|c| *c == quote)?;
            Some(at + length + 2)
        }
        _ => Some(at + run(&bytes[at..], |c| !is_space(c) && c != b'>')),
    }
}

/// How many bytes at the start are of a kind.
fn run(bytes: &[u8], is_kind: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|c| !is_kind(*c)).unwrap_or(bytes.len())
}
