//! Reads the text out of HTML that [`super::rebuild`] wrote.

use super::tokens::{Token, tokens, unescape};

/// What stands between two pieces of text, the stronger the greater.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

#[derive(Default)]
struct Text {
    out: String,
    gap: Gap,
    /// Cells of a row since the last text.
    n_cells: usize,
    in_cell: bool,
    n_lists: usize,
}

/// The text of cleaned HTML: paragraphs separated by a blank line, items and rows one a line, cells by a tab.
pub(super) fn text_of(html: &str) -> String {
    let mut text = Text::default();
    for token in tokens(html) {
        match token {
            Token::Open { name, .. } => text.open(name),
            Token::Close { name } => text.close(name),
            Token::Text(piece) => text.push(&unescape(piece)),
        }
    }
    text.out
}

impl Text {
    fn open(&mut self, name: &str) {
        self.widen(self.gap_around(name));
        match name {
            "ul" | "ol" | "dl" => self.n_lists += 1,
            "td" | "th" => self.in_cell = true,
            "tr" => self.n_cells = 0,
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "ul" | "ol" | "dl" => self.n_lists = self.n_lists.saturating_sub(1),
            "td" | "th" => {
                self.in_cell = false;
                self.n_cells += 1;
            }
            _ => {}
        }
        self.widen(self.gap_around(name));
    }

    /// The gap before and after an element. Inside a list a list only begins a line.
    fn gap_around(&self, name: &str) -> Gap {
        let gap = match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "blockquote" | "table" | "figure"
            | "hr" => Gap::Paragraph,
            "ul" | "ol" | "dl" if self.n_lists == 0 => Gap::Paragraph,
            "ul" | "ol" | "dl" | "li" | "dt" | "dd" | "tr" | "caption" | "figcaption" | "br" => Gap::Line,
            _ => Gap::None,
        };
        if self.in_cell { gap.min(Gap::Space) } else { gap }
    }

    fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn push(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        if !self.out.is_empty() {
            match self.gap {
                Gap::Paragraph => self.out.push_str("\n\n"),
                Gap::Line => self.out.push('\n'),
                Gap::None | Gap::Space if self.n_cells > 0 => {
                    self.out.extend(std::iter::repeat_n('\t', self.n_cells));
                }
                Gap::Space => self.out.push(' '),
                Gap::None => {}
            }
        }
        self.gap = Gap::None;
        self.n_cells = 0;
        self.out.push_str(piece);
    }
}
