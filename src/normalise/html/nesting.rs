//! Refuses HTML that would take minutes to parse.
//!
//! An HTML parser is quadratic in the depth of nesting, and opens unclosed formatting elements again in every
//! later paragraph (HTML Standard §13.2.4.3), so that 100 KB can ask for millions of elements. Both are
//! counted here by a sketch of what the parser does; where they differ, the sketch counts more.

use super::lex::{Piece, pieces};

/// Deepest nesting that is parsed, in elements.
const MAX_DEPTH: usize = 1_000;
/// Most attributes in one tag: the parser compares each with all before it.
const MAX_ATTRIBUTES: usize = 1_000;
/// Formatting elements that may be opened again for each start tag, on average: more than can be nested with
/// sense, and so never reached by what [`super::rebuild`] writes.
const MAX_REOPENED_PER_TAG: usize = 16;
/// Formatting elements that may be opened again in any document.
const MAX_REOPENED: usize = 100_000;
/// How many equal formatting elements the parser keeps.
const MAX_EQUAL_FORMATS: usize = 3;

/// Elements without content.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "keygen", "frame", "basefont", "bgsound",
];
/// Elements that the next of their kind closes, or that the parser ignores here; they nest only inside others
/// that are counted.
const SELF_LIMITING: &[&str] = &[
    "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "caption", "colgroup", "option",
    "optgroup", "rt", "rp", "html", "head", "body", "frameset",
];
/// Elements that stay in force after their parent's end, until they are closed.
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements that no end tag inside can close anything outside of.
const SCOPES: &[&str] = &["table", "marquee", "applet"];
/// Elements at whose start or end the formatting of a table cell ends.
const CELL_EDGES: &[&str] = &["td", "th", "tr", "caption", "tbody", "thead", "tfoot", "table"];

/// Returns the document without what is never shown; `None` when parsing it would take too long.
pub(super) fn shown_part(html: &str) -> Option<String> {
    let mut shown = String::with_capacity(html.len());
    let mut nesting = Nesting::default();
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) => shown.push_str(text),
            Piece::Start { name, raw, n_attributes } => {
                nesting.start(name, raw);
                if n_attributes > MAX_ATTRIBUTES || nesting.is_excessive() {
                    return None;
                }
                shown.push_str(raw);
            }
            Piece::End { name, raw } => {
                nesting.end(name);
                shown.push_str(raw);
            }
            Piece::Cut(_) => {}
        }
    }
    Some(shown)
}

#[derive(Default)]
struct Nesting<'a> {
    /// Open elements, but for formatting and self-limiting ones.
    open: Vec<&'a str>,
    formats: Vec<Format<'a>>,
    n_starts: usize,
    n_reopened: usize,
}

/// A formatting element in force, or a mark (`raw` empty) that ends the reach of end tags.
struct Format<'a> {
    name: &'a str,
    raw: &'a str,
    /// How many elements were open around it.
    level: usize,
}

impl<'a> Nesting<'a> {
    fn is_excessive(&self) -> bool {
        self.open.len() + self.formats.len() > MAX_DEPTH
            || self.n_reopened > MAX_REOPENED + MAX_REOPENED_PER_TAG * self.n_starts
    }

    fn start(&mut self, name: &'a str, raw: &'a str) {
        self.n_starts += 1;
        if is_in(VOID, name) {
            // Nothing opens.
        } else if is_in(FORMATTING, name) {
            if is_in(&["a", "nobr"], name) {
                self.end_format(name);
            }
            self.start_format(name, raw);
        } else if is_in(SELF_LIMITING, name) {
            self.cross_cell_edge(name);
            if is_in(&["td", "th", "caption"], name) && self.open.iter().any(|open| is_in(SCOPES, open)) {
                self.mark();
            }
        } else {
            self.open.push(name);
            if is_in(&["marquee", "applet"], name) {
                self.mark();
            }
        }
        self.n_reopened += self.formats.len();
    }

    fn end(&mut self, name: &str) {
        self.cross_cell_edge(name);
        if is_in(FORMATTING, name) {
            self.end_format(name);
        } else if !is_in(SELF_LIMITING, name) && !is_in(VOID, name) {
            self.close(name);
        }
    }

    /// Closes the innermost open element of a name, with all inside it, unless a scope stands between.
    fn close(&mut self, name: &str) {
        for at in (0..self.open.len()).rev() {
            if self.open[at].eq_ignore_ascii_case(name) {
                self.open.truncate(at);
                break;
            }
            if is_in(SCOPES, self.open[at]) {
                return;
            }
        }
        if is_in(&["marquee", "applet"], name) {
            self.pop_to_mark();
        }
        let level = self.open.len();
        for format in self.formats.iter_mut().rev().take_while(|format| format.level > level) {
            format.level = level;
        }
    }

    fn mark(&mut self) {
        self.formats.push(Format { name: "", raw: "", level: self.open.len() });
    }

    fn start_format(&mut self, name: &'a str, raw: &'a str) {
        let within = self.formats.iter().rposition(|format| format.raw.is_empty()).map_or(0, |mark| mark + 1);
        let equal = || (within..self.formats.len()).filter(|at| self.formats[*at].raw == raw);
        if equal().count() >= MAX_EQUAL_FORMATS
            && let Some(earliest) = equal().next()
        {
            self.formats.remove(earliest);
        }
        self.formats.push(Format { name, raw, level: self.open.len() });
    }

    fn end_format(&mut self, name: &str) {
        let found = self
            .formats
            .iter()
            .rposition(|format| format.raw.is_empty() || format.name.eq_ignore_ascii_case(name))
            .filter(|at| !self.formats[*at].raw.is_empty());
        if let Some(at) = found {
            let inside = self.open.get(self.formats[at].level..).unwrap_or_default();
            if !inside.iter().any(|open| is_in(SCOPES, open)) {
                self.formats.remove(at);
            }
        }
    }

    /// At the edge of a table cell, forgets the formatting elements of the cell that ends.
    fn cross_cell_edge(&mut self, name: &str) {
        if !is_in(CELL_EDGES, name) {
            return;
        }
        let table = self.open.iter().rposition(|open| is_in(SCOPES, open));
        let mark = self.formats.iter().rposition(|format| format.raw.is_empty());
        if let (Some(table), Some(mark)) = (table, mark)
            && self.formats[mark].level > table
        {
            self.formats.truncate(mark);
        }
    }

    fn pop_to_mark(&mut self) {
        let mark = self.formats.iter().rposition(|format| format.raw.is_empty());
        self.formats.truncate(mark.unwrap_or(0));
    }
}

fn is_in(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
