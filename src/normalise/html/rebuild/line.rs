//! The line that is being written: text, pictures and inline elements.

use super::super::address::{self, Attributes};
use super::super::elements::holds_paragraphs;
use super::{Frame, Writer, write_start};

/// Width of leading space that marks a new paragraph, in halves of a Chinese character: two characters.
const INDENT_WIDTH: usize = 4;
/// Line breaks in a row that make a paragraph.
const BREAKS_OF_PARAGRAPH: usize = 2;

pub(super) struct Inline {
    pub(super) tag: &'static str,
    attributes: String,
}

/// The line that is being written.
#[derive(Default)]
pub(super) struct Line {
    /// The element that holds it, when that is not the container itself.
    pub(super) leaf: Option<&'static str>,
    is_leaf_written: bool,
    pub(super) is_filled: bool,
    /// What stands between the line's text so far and the next.
    has_space: bool,
    pub(super) n_breaks: usize,
    indent: usize,
    /// The same inside `pre`, verbatim.
    pub(super) verbatim: String,
}

impl Writer<'_> {
    pub(super) fn open_inline(&mut self, tag: &'static str, given: &Attributes<'_>) -> Frame {
        let attributes = if tag == "a" { address::link(given, self.base) } else { Some(String::new()) };
        let is_open = self.inlines.iter().any(|inline| inline.tag == tag);
        match attributes {
            Some(attributes) if !is_open => {
                self.inlines.push(Inline { tag, attributes });
                Frame::Inline
            }
            _ => Frame::Ignored,
        }
    }

    pub(super) fn close_inline(&mut self) {
        if let Some(inline) = self.inlines.pop()
            && self.n_inlines_written > self.inlines.len()
        {
            self.n_inlines_written = self.inlines.len();
            self.write_end(inline.tag);
        }
    }

    pub(super) fn picture(&mut self, given: &Attributes<'_>) {
        if let Some(attributes) = address::picture(given, self.base) {
            self.prepare();
            self.n_images += 1;
            write_start(&mut self.out, "img", &attributes);
        }
    }

    pub(super) fn line_break(&mut self) {
        if self.line.leaf == Some("pre") {
            self.line.verbatim.push('\n');
        } else {
            self.line.n_breaks += 1;
            self.line.indent = 0;
        }
    }

    /// Writes all that must stand before a word or picture.
    fn prepare(&mut self) {
        let is_new_paragraph = self.line.n_breaks >= BREAKS_OF_PARAGRAPH
            || (self.line.n_breaks > 0 && self.line.indent >= INDENT_WIDTH);
        if is_new_paragraph && self.line.leaf == Some("p") {
            self.end_line();
        }
        if self.line.leaf.is_none() {
            self.imply_children();
            if holds_paragraphs(self.top()) {
                self.line.leaf = Some("p");
            }
        }
        self.write_containers();
        if let Some(leaf) = self.line.leaf.filter(|_| !self.line.is_leaf_written) {
            write_start(&mut self.out, leaf, "");
            self.line.is_leaf_written = true;
        }
        self.write_gap();
        for inline in &self.inlines[self.n_inlines_written..] {
            write_start(&mut self.out, inline.tag, &inline.attributes);
        }
        self.n_inlines_written = self.inlines.len();
        self.line.is_filled = true;
        self.n_shown += 1;
    }

    fn write_gap(&mut self) {
        let line = &mut self.line;
        if line.leaf == Some("pre") {
            // A parser drops the first line end of `pre`.
            let from = if line.is_filled { 0 } else { line.verbatim.rfind('\n').map_or(0, |at| at + 1) };
            self.out.push_str(&line.verbatim[from..]);
        } else if line.is_filled && line.n_breaks > 0 {
            self.out.push_str("<br>");
        } else if line.is_filled && line.has_space {
            self.out.push(' ');
        }
        line.verbatim.clear();
        (line.has_space, line.n_breaks, line.indent) = (false, 0, 0);
    }

    /// Takes in escaped text, word by word.
    pub(super) fn text(&mut self, escaped: &str) {
        let mut rest = escaped;
        while !rest.is_empty() {
            let (space, after) = split_space(rest);
            self.space(space);
            let word = &after[..word_length(after)];
            if !word.is_empty() {
                self.prepare();
                self.out.push_str(word);
            }
            rest = &after[word.len()..];
        }
    }

    fn space(&mut self, space: &str) {
        if space.is_empty() {
            return;
        }
        self.line.has_space = true;
        if self.line.leaf == Some("pre") {
            self.line.verbatim.push_str(&space.replace("&nbsp;", " ").replace('\r', ""));
        } else {
            self.line.indent += space.replace("&nbsp;", "\u{a0}").chars().map(indent_width).sum::<usize>();
        }
    }

    pub(super) fn end_line(&mut self) {
        self.close_written_inlines();
        let line = std::mem::take(&mut self.line);
        if let Some(leaf) = line.leaf.filter(|_| line.is_leaf_written) {
            self.write_end(leaf);
        }
    }

    /// Ends the inline elements in the output; those still open in the source begin again with the next text.
    fn close_written_inlines(&mut self) {
        while self.n_inlines_written > 0 {
            self.n_inlines_written -= 1;
            let tag = self.inlines[self.n_inlines_written].tag;
            self.write_end(tag);
        }
    }
}

/// Splits off white space at the start, non-breaking spaces included.
fn split_space(escaped: &str) -> (&str, &str) {
    let mut after = escaped;
    loop {
        let trimmed = after.trim_start();
        after = trimmed.strip_prefix("&nbsp;").unwrap_or(trimmed);
        if after.len() == trimmed.len() {
            return escaped.split_at(escaped.len() - after.len());
        }
    }
}

fn word_length(escaped: &str) -> usize {
    escaped
        .char_indices()
        .find(|(at, c)| c.is_whitespace() || (*c == '&' && escaped[*at..].starts_with("&nbsp;")))
        .map_or(escaped.len(), |(at, _)| at)
}

/// The width of a space, in halves of a Chinese character; spaces of the source's own layout have none.
fn indent_width(space: char) -> usize {
    match space {
        '\u{3000}' | '\u{2003}' => 2,
        '\u{a0}' | '\u{2002}' => 1,
        _ => 0,
    }
}
