//! Writes sanitised HTML again in few shapes: blocks that hold lines, lines that hold inline elements.
//!
//! Nothing is written before there is something to show in it, so empty paragraphs, links and lists vanish by
//! themselves, and what is written parses back into the same tree.

mod line;

use url::Url;

use self::line::{Inline, Line};
use super::address;
use super::elements::{Class, class_of, holds_paragraphs, implied_child, may_hold, parents_of};
use super::tokens::{Token, attributes, tokens};

/// Containers inside each other that are kept; deeper ones only end lines.
const MAX_CONTAINERS: usize = 64;
/// Rewrites HTML that ammonia wrote; returns it with the number of pictures.
pub(super) fn rebuild(safe: &str, base: &Url) -> (String, usize) {
    let mut writer = Writer {
        layout_tables: layout_tables(safe),
        out: String::with_capacity(safe.len()),
        ..Writer::new(base)
    };
    for token in tokens(safe) {
        match token {
            Token::Open { name, attributes: written } => writer.open(name, written),
            Token::Close { name } => writer.close(name),
            Token::Text(text) => writer.text(text),
        }
    }
    writer.end_line();
    while !writer.containers.is_empty() {
        writer.pop_container();
    }
    (writer.out, writer.n_images)
}

/// Which tables, in document order, only lay out the page: those of one cell, and those that hold tables.
fn layout_tables(safe: &str) -> Vec<bool> {
    let mut n_cells: Vec<usize> = Vec::new();
    let mut is_layout: Vec<bool> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for token in tokens(safe) {
        match token {
            Token::Open { name: "table", .. } => {
                if let Some(outer) = open.last() {
                    is_layout[*outer] = true;
                }
                open.push(n_cells.len());
                n_cells.push(0);
                is_layout.push(false);
            }
            Token::Open { name: "td" | "th", .. } => {
                if let Some(table) = open.last() {
                    n_cells[*table] += 1;
                }
            }
            Token::Close { name: "table" } => {
                open.pop();
            }
            _ => {}
        }
    }
    is_layout.iter().zip(n_cells).map(|(nested, n_cells)| *nested || n_cells <= 1).collect()
}

/// What closing an element of the source does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Ignored,
    Boundary,
    Leaf,
    Container,
    Inline,
}

struct Container {
    tag: &'static str,
    attributes: String,
    /// Whether it was put in because its parent cannot hold text.
    is_implied: bool,
    /// Where in the output it begins, and how much had been shown before; meaningful once written.
    start: usize,
    n_shown: usize,
}

struct Writer<'a> {
    base: &'a Url,
    layout_tables: Vec<bool>,
    out: String,
    n_tables: usize,
    /// Of each open table, whether it is one of layout.
    tables: Vec<bool>,
    n_images: usize,
    /// How many words, pictures and rules are written.
    n_shown: usize,
    frames: Vec<Frame>,
    containers: Vec<Container>,
    n_containers_written: usize,
    line: Line,
    inlines: Vec<Inline>,
    n_inlines_written: usize,
}

impl<'a> Writer<'a> {
    fn new(base: &'a Url) -> Self {
        Self {
            base,
            layout_tables: Vec::new(),
            out: String::new(),
            n_tables: 0,
            tables: Vec::new(),
            n_images: 0,
            n_shown: 0,
            frames: Vec::new(),
            containers: Vec::new(),
            n_containers_written: 0,
            line: Line::default(),
            inlines: Vec::new(),
            n_inlines_written: 0,
        }
    }

    fn open(&mut self, name: &str, written: &str) {
        let frame = match class_of(name) {
            Some(Class::Break) => return self.line_break(),
            Some(Class::Image) => return self.picture(&attributes(written).collect()),
            Some(Class::Rule) => return self.rule(),
            Some(Class::Inline(tag)) => self.open_inline(tag, &attributes(written).collect()),
            Some(Class::Leaf(tag)) => self.open_leaf(tag),
            Some(Class::Container(tag)) => self.open_container(tag, written),
            Some(Class::Boundary) => self.boundary(),
            None => Frame::Ignored,
        };
        self.frames.push(frame);
    }

    fn close(&mut self, name: &str) {
        if name == "table" {
            self.tables.pop();
        }
        match self.frames.pop() {
            Some(Frame::Boundary) => {
                self.boundary();
            }
            Some(Frame::Leaf) => self.end_line(),
            Some(Frame::Container) => self.end_container(),
            Some(Frame::Inline) => self.close_inline(),
            Some(Frame::Ignored) | None => {}
        }
    }

    /// The innermost container; an empty string at the root.
    fn top(&self) -> &'static str {
        self.containers.last().map_or("", |container| container.tag)
    }

    /// Ends the paragraph, or begins a new line where there is none to end.
    fn boundary(&mut self) -> Frame {
        match self.line.leaf {
            Some("pre") => self.line.verbatim.push('\n'),
            Some("p") => self.end_line(),
            None if holds_paragraphs(self.top()) => self.end_line(),
            _ if self.line.is_filled => self.line.n_breaks = self.line.n_breaks.max(1),
            _ => {}
        }
        Frame::Boundary
    }

    fn open_leaf(&mut self, tag: &'static str) -> Frame {
        let parents = parents_of(tag);
        if !parents.is_empty() {
            return if self.enter_parent(parents) { self.begin_leaf(tag) } else { self.boundary() };
        }
        let is_inside_other = self.line.leaf.is_some_and(|leaf| leaf != "p");
        let fits = if tag == "pre" { self.may_hold(tag) } else { holds_paragraphs(self.top()) };
        if is_inside_other || !fits { self.boundary() } else { self.begin_leaf(tag) }
    }

    fn begin_leaf(&mut self, tag: &'static str) -> Frame {
        self.end_line();
        self.line.leaf = Some(tag);
        Frame::Leaf
    }

    fn open_container(&mut self, tag: &'static str, written: &str) -> Frame {
        if tag == "table" {
            self.tables.push(self.layout_tables.get(self.n_tables).copied().unwrap_or(true));
            self.n_tables += 1;
        }
        let parents = parents_of(tag);
        let is_table_part = tag == "table" || (!parents.is_empty() && !matches!(tag, "li" | "dd"));
        if self.containers.len() >= MAX_CONTAINERS || (is_table_part && self.tables.last() == Some(&true)) {
            return self.boundary();
        }
        let fits = if parents.is_empty() { self.may_hold(tag) } else { self.enter_parent(parents) };
        if !fits {
            return self.boundary();
        }
        self.end_line();
        let is_cell = matches!(tag, "td" | "th");
        let attributes = if is_cell { address::cell(&attributes(written).collect()) } else { String::new() };
        self.push_container(tag, attributes, false);
        Frame::Container
    }

    /// Whether the innermost container may hold a block, which it is given an implied child for if it must.
    fn may_hold(&mut self, tag: &str) -> bool {
        if implied_child(self.top()).is_some() {
            self.end_line();
            self.imply_children();
        }
        may_hold(self.top(), tag)
    }

    /// Leaves implied containers until the innermost one is among `parents`.
    fn enter_parent(&mut self, parents: &[&str]) -> bool {
        let n_implied = self.containers.iter().rev().take_while(|container| container.is_implied).count();
        let n_left = (0..=n_implied).find(|n| {
            let at = self.containers.len().checked_sub(n + 1);
            at.is_some_and(|at| parents.contains(&self.containers[at].tag))
        });
        let Some(n_left) = n_left else { return false };
        for _ in 0..n_left {
            self.end_line();
            self.pop_container();
        }
        true
    }

    fn imply_children(&mut self) {
        while let Some(child) = implied_child(self.top()) {
            self.push_container(child, String::new(), true);
        }
    }

    fn push_container(&mut self, tag: &'static str, attributes: String, is_implied: bool) {
        self.containers.push(Container { tag, attributes, is_implied, start: 0, n_shown: 0 });
    }

    /// Closes the innermost container that is not implied, with the implied ones in it.
    fn end_container(&mut self) {
        self.end_line();
        while self.containers.last().is_some_and(|container| container.is_implied) {
            self.pop_container();
        }
        self.pop_container();
    }

    fn pop_container(&mut self) {
        // An empty cell still has its place in the row.
        if matches!(self.top(), "td" | "th") {
            self.write_containers();
        }
        let is_written = self.n_containers_written == self.containers.len();
        let Some(container) = self.containers.pop() else { return };
        if !is_written {
            return;
        }
        self.n_containers_written = self.containers.len();
        let is_table_part = matches!(container.tag, "thead" | "tbody" | "tfoot" | "tr" | "td" | "th");
        if container.n_shown == self.n_shown && !is_table_part {
            self.out.truncate(container.start);
        } else {
            self.write_end(container.tag);
        }
    }

    fn write_containers(&mut self) {
        for container in &mut self.containers[self.n_containers_written..] {
            container.start = self.out.len();
            container.n_shown = self.n_shown;
            write_start(&mut self.out, container.tag, &container.attributes);
        }
        self.n_containers_written = self.containers.len();
    }

    fn rule(&mut self) {
        if !holds_paragraphs(self.top()) || self.line.leaf.is_some_and(|leaf| leaf != "p") {
            self.boundary();
            return;
        }
        self.end_line();
        self.write_containers();
        self.n_shown += 1;
        write_start(&mut self.out, "hr", "");
    }

    fn write_end(&mut self, tag: &str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }
}

fn write_start(out: &mut String, tag: &str, attributes: &str) {
    out.push('<');
    out.push_str(tag);
    out.push_str(attributes);
    out.push('>');
}
