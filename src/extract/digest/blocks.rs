//! An article as a sequence of blocks: what a reader sees as one paragraph or heading.

use scraper::{ElementRef, Html, Node};

use crate::normalise::html::collapse;

/// Blocks read from one page, at most.
const MAX_BLOCKS: usize = 5_000;

/// One paragraph or heading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// Its text, white space collapsed.
    pub text: String,
    /// The same as HTML, inline markup kept.
    pub html: String,
    /// Whether all its text is set bold, or it is a heading.
    pub strong: bool,
}

/// The blocks of plain text: its lines.
pub fn of_text(text: &str) -> Vec<Block> {
    let block = |line: &str| {
        let text = collapse(line);
        Block { html: escape(&text), text, strong: false }
    };
    text.lines().map(block).filter(|block| !block.text.is_empty()).take(MAX_BLOCKS).collect()
}

/// The blocks of a page or fragment.
pub fn of_html(page: &Html) -> Vec<Block> {
    let mut reader = Reader::default();
    reader.walk(page.root_element());
    reader.flush();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: String,
    html: String,
    /// Characters of text seen in the open block, and those of them set bold.
    n_text: usize,
    n_strong: usize,
}

/// A node of the parsed tree.
type NodeRef<'a> = <ElementRef<'a> as std::ops::Deref>::Target;

/// What to do next while walking the tree without recursion.
enum Step<'a> {
    Enter(NodeRef<'a>),
    Close(&'static str),
    EndBlock,
    EndStrong,
}

impl Reader {
    fn walk(&mut self, root: ElementRef) {
        let mut depth_strong = 0usize;
        let mut steps: Vec<Step> = vec![Step::Enter(*root)];
        while let Some(step) = steps.pop() {
            if self.blocks.len() >= MAX_BLOCKS {
                return;
            }
            match step {
                Step::Close(tag) => {
                    self.push(&["</", tag, ">"]);
                }
                Step::EndBlock => self.flush(),
                Step::EndStrong => depth_strong = depth_strong.saturating_sub(1),
                Step::Enter(node) => match node.value() {
                    Node::Text(text) => self.text(text, depth_strong > 0),
                    Node::Element(element) => {
                        let kind = Kind::of(element.name());
                        if matches!(kind, Kind::Skip) {
                            continue;
                        }
                        self.enter(&kind, element, &mut steps, &mut depth_strong);
                        steps.extend(node.children().rev().map(Step::Enter));
                    }
                    _ => steps.extend(node.children().rev().map(Step::Enter)),
                },
            }
        }
    }

    fn enter(
        &mut self,
        kind: &Kind,
        element: &scraper::node::Element,
        steps: &mut Vec<Step>,
        depth_strong: &mut usize,
    ) {
        match kind {
            Kind::Block | Kind::Heading => {
                self.flush();
                steps.push(Step::EndBlock);
                if matches!(kind, Kind::Heading) {
                    *depth_strong += 1;
                    steps.push(Step::EndStrong);
                }
            }
            Kind::Break => self.flush(),
            Kind::Strong(tag) => {
                *depth_strong += 1;
                steps.push(Step::EndStrong);
                self.push(&["<", tag, ">"]);
                steps.push(Step::Close(tag));
            }
            Kind::Link => {
                if let Some(href) = element.attr("href") {
                    self.push(&["<a href=\"", &escape(href), "\">"]);
                    steps.push(Step::Close("a"));
                }
            }
            Kind::Image => self.image(element),
            Kind::Other | Kind::Skip => {}
        }
    }

    fn image(&mut self, element: &scraper::node::Element) {
        let source = ["data-src", "data-original", "src"].iter().find_map(|name| element.attr(name));
        if let Some(source) = source {
            self.push(&["<img src=\"", &escape(source), "\">"]);
        }
    }

    fn push(&mut self, html: &[&str]) {
        self.html.extend(html.iter().copied());
    }

    fn text(&mut self, text: &str, strong: bool) {
        let n = text.chars().filter(|c| !c.is_whitespace()).count();
        self.n_text += n;
        self.n_strong += if strong { n } else { 0 };
        self.text.push_str(text);
        self.html.push_str(&escape(text));
    }

    fn flush(&mut self) {
        let text = collapse(&std::mem::take(&mut self.text));
        let html = std::mem::take(&mut self.html);
        let strong = self.n_text > 0 && self.n_strong == self.n_text;
        (self.n_text, self.n_strong) = (0, 0);
        if !text.is_empty() || html.contains("<img") {
            self.blocks.push(Block { text, html: html.trim().to_owned(), strong });
        }
    }
}

/// How an element bears on blocks.
enum Kind {
    Block,
    Heading,
    Break,
    Strong(&'static str),
    Link,
    Image,
    Skip,
    Other,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "p" | "div" | "section" | "article" | "li" | "ul" | "ol" | "tr" | "table" | "td" | "th"
            | "dd" | "dt" | "dl" | "blockquote" | "figure" | "figcaption" | "body" | "center" | "pre" => {
                Self::Block
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Self::Heading,
            "br" | "hr" => Self::Break,
            "strong" => Self::Strong("strong"),
            "b" => Self::Strong("b"),
            "a" => Self::Link,
            "img" => Self::Image,
            "script" | "style" | "noscript" | "head" | "iframe" | "template" => Self::Skip,
            _ => Self::Other,
        }
    }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
