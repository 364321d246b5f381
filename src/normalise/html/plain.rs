//! Text without markup.

use std::borrow::Cow;

use scraper::Html;

use super::escape;
use super::lex::{Piece, pieces};

/// Elements that stand inside a line, so that nothing comes in the place of their tags.
const IN_LINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "kbd", "mark", "q", "s",
    "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
];

/// Makes HTML of text: a paragraph of each line, empty lines left out.
pub fn text_to_html(text: &str) -> String {
    let text = xml_text(text);
    let mut html = String::with_capacity(text.len() + 16);
    for line in text.split(['\n', '\r']).map(collapse).filter(|line| !line.is_empty()) {
        html.push_str("<p>");
        html.push_str(&escape(&line));
        html.push_str("</p>");
    }
    html
}

/// Takes the tags out of a title, decodes its character references once, and collapses white space.
///
/// What only looks like a tag (`A<B`, `a < b`) stays.
pub fn strip_tags(s: &str) -> String {
    let mut text = String::with_capacity(s.len());
    for piece in pieces(s) {
        match piece {
            Piece::Text(piece) | Piece::Cut(piece) => text.push_str(piece),
            Piece::Start { name, raw } | Piece::End { name, raw } if !is_name(name) => text.push_str(raw),
            Piece::Start { name, .. } | Piece::End { name, .. } => {
                if !IN_LINE.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                    text.push(' ');
                }
            }
        }
    }
    collapse(&xml_text(&decode(&text)))
}

/// Whether a name is one that elements have (`h1`, `o:p`), rather than text after a lone `<`.
fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_'))
}

/// Decodes character references, once.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let fragment = Html::parse_fragment(&text.replace('<', "&lt;"));
    Cow::Owned(fragment.root_element().text().collect())
}

/// Makes one space of every run of white space, non-breaking and full-width spaces included, and trims.
pub fn collapse(s: &str) -> String {
    let mut collapsed = String::with_capacity(s.len());
    for word in s.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// Leaves out what XML 1.0 cannot hold (§2.2), and what its note advises against: C1 controls, U+FEFF,
/// noncharacters, and bidirectional overrides that are not ended.
pub fn xml_text(s: &str) -> Cow<'_, str> {
    let text = if s.chars().all(is_xml_char) {
        Cow::Borrowed(s)
    } else {
        s.chars().filter(|c| is_xml_char(*c)).collect()
    };
    if text.chars().any(is_bidi_mark) { Cow::Owned(without_lone_overrides(&text)) } else { text }
}

fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{feff}')
        && !matches!(c, '\u{fdd0}'..='\u{fdef}')
        && u32::from(c) & 0xfffe != 0xfffe
}

/// Embeddings and overrides, and the mark that ends them.
fn is_bidi_mark(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}')
}

fn without_lone_overrides(text: &str) -> String {
    const END: char = '\u{202c}';
    let mut open = Vec::new();
    let mut is_paired = Vec::new();
    for c in text.chars().filter(|c| is_bidi_mark(*c)) {
        let n_marks = is_paired.len();
        is_paired.push(false);
        if c != END {
            open.push(n_marks);
        } else if let Some(start) = open.pop() {
            is_paired[start] = true;
            is_paired[n_marks] = true;
        }
    }
    let mut marks = is_paired.into_iter();
    text.chars().filter(|c| !is_bidi_mark(*c) || marks.next() == Some(true)).collect()
}
