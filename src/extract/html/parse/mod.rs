//! Parsing within bounds: what building the tree costs is counted while it is built, and a page made to cost too
//! much is given up at the tag that does.
//!
//! The parser's time is not that of the page's length: it asks every open element at most tags, opens formatting
//! elements left open (`b`, `font`) again in every paragraph, and compares the attributes of a tag with each other
//! (HTML, section 13.2). The text is therefore handed to it in pieces that hold one tag at most, and after each the
//! questions it asked, the elements it made and those it keeps open are counted.

mod sink;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{Tracer, TreeBuilder, TreeBuilderOpts};
use html5ever::{QualName, TokenizerResult, local_name, ns};
use scraper::Html;

use sink::{Handle, Sink, Watch};

/// How deep elements may nest. Browsers stop at 512.
pub(crate) const MAX_DEPTH: usize = 1000;
/// Most elements and texts of a page: a node takes some 300 bytes of memory.
pub(crate) const MAX_NODES: usize = 250_000;
/// Most steps of the parser: questions about open elements, comparisons of attributes, elements moved. Large real
/// pages take one or two millions; one of [`MAX_NODES`] plain rows takes twenty.
const MAX_STEPS: usize = 40_000_000;
/// Most bytes that a pass reads which reads, for every element, all that it holds: what a selector may ask for.
const MAX_NESTED_BYTES: usize = 150_000_000;
/// What an element costs in such a pass, in bytes of text.
const ELEMENT_BYTES: usize = 32;
/// Longest piece handed to the parser at once, in bytes.
const MAX_PIECE_BYTES: usize = 4096;
/// Most characters of one tag between which an attribute may begin: the parser compares each with all before it.
const MAX_SEPARATORS: usize = 20_000;

/// What a page has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Elements in elements.
    Depth,
    /// Elements and texts.
    Nodes,
    /// Anything else that makes the parser work.
    Work,
}

/// A page, or as much of its beginning as is not too much.
pub(crate) struct Parsed {
    /// The page.
    pub(crate) page: Html,
    /// Whether it goes on after [`MAX_NODES`].
    pub(crate) is_cut: bool,
}

/// Parses a page.
pub(super) fn document(text: &str) -> Result<Parsed, Excess> {
    let builder = TreeBuilder::new(Sink::new(Html::new_document()), TreeBuilderOpts::default());
    run(builder, TokenizerOpts::default(), text)
}

/// Parses part of a page, counting also what a sanitiser's tree of it will cost.
pub(super) fn fragment(text: &str) -> Result<Parsed, Excess> {
    use html5ever::tree_builder::create_element;
    let sink = Sink::new(Html::new_fragment()).searching_siblings();
    let context = create_element(&sink, QualName::new(None, ns!(html), local_name!("body")), Vec::new());
    let builder = TreeBuilder::new_for_fragment(sink, context, None, TreeBuilderOpts::default());
    let initial_state = Some(builder.tokenizer_state_for_context_elem(false));
    run(builder, TokenizerOpts { initial_state, ..TokenizerOpts::default() }, text)
}

fn run(builder: TreeBuilder<Handle, Sink>, options: TokenizerOpts, text: &str) -> Result<Parsed, Excess> {
    let tokenizer = Tokenizer::new(Watch::new(builder), options);
    let mut parser = Parser { tokenizer, input: BufferQueue::default(), tag: None, n_handles: 0, n_nodes: 0 };
    let mut pieces = Pieces { text, at: 0 };
    let fed = pieces.try_for_each(|piece| parser.feed(piece));
    let is_cut = match fed {
        Ok(()) => false,
        Err(Excess::Nodes) => true,
        Err(excess) => return Err(excess),
    };
    parser.tokenizer.end();
    let page = parser.tokenizer.sink.builder.sink.into_page();
    nesting(&page)?;
    Ok(Parsed { page, is_cut })
}

struct Parser {
    tokenizer: Tokenizer<Watch>,
    input: BufferQueue,
    /// Inside a tag, how many characters were met in it that may stand between two attributes.
    tag: Option<usize>,
    /// Open elements and formatting elements that the parser keeps.
    n_handles: usize,
    n_nodes: usize,
}

impl Parser {
    fn feed(&mut self, piece: &str) -> Result<(), Excess> {
        let watch = &self.tokenizer.sink;
        if watch.has_token.replace(false) {
            self.tag = begins_tag(piece).then_some(0);
        }
        if let Some(n_separators) = &mut self.tag {
            *n_separators += piece.bytes().filter(|b| is_separator(*b)).count();
            if *n_separators > MAX_SEPARATORS {
                return Err(Excess::Work);
            }
        }
        self.input.push_back(StrTendril::from_slice(piece));
        while !matches!(self.tokenizer.feed(&self.input), TokenizerResult::Done) {}
        self.check()
    }

    fn check(&mut self) -> Result<(), Excess> {
        let watch = &self.tokenizer.sink;
        let sink = &watch.builder.sink;
        if sink.n_nodes.get() > self.n_nodes {
            self.n_nodes = sink.n_nodes.get();
            self.n_handles = handles(&watch.builder);
        }
        sink.step(watch.n_attributes.take() * self.n_handles);
        match () {
            () if self.n_handles > 2 * MAX_DEPTH => Err(Excess::Depth),
            () if sink.n_steps.get() > MAX_STEPS => Err(Excess::Work),
            () if self.n_nodes > MAX_NODES => Err(Excess::Nodes),
            () => Ok(()),
        }
    }
}

/// How many elements the parser keeps: open ones, and formatting ones that it may open again.
fn handles(builder: &TreeBuilder<Handle, Sink>) -> usize {
    struct Count(Cell<usize>);
    impl Tracer for Count {
        type Handle = Handle;
        fn trace_handle(&self, _: &Handle) {
            self.0.set(self.0.get() + 1);
        }
    }
    let count = Count(Cell::new(0));
    builder.trace_handles(&count);
    count.0.get()
}

/// Whether a finished page is nested within bounds, the contents of templates included.
fn nesting(page: &Html) -> Result<(), Excess> {
    let (mut node, mut depth, mut n_bytes) = (page.tree.root(), 0_usize, 0_usize);
    loop {
        let size = node.value().as_text().map_or(ELEMENT_BYTES, |text| text.len());
        n_bytes += depth * size;
        if depth > MAX_DEPTH {
            return Err(Excess::Depth);
        }
        if n_bytes > MAX_NESTED_BYTES {
            return Err(Excess::Work);
        }
        if let Some(child) = node.first_child() {
            node = child;
            depth += 1;
            continue;
        }
        node = loop {
            if let Some(sibling) = node.next_sibling() {
                break sibling;
            }
            let Some(parent) = node.parent() else { return Ok(()) };
            node = parent;
            depth -= 1;
        };
    }
}

fn begins_tag(piece: &str) -> bool {
    let after = piece.strip_prefix('<').map(|rest| rest.strip_prefix('/').unwrap_or(rest));
    after.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'')
}

/// A text in pieces: each ends where a tag may begin, after its name, or where it has become long.
///
/// Whether a tag does begin is known once its name was read: in a script, `a<b ` is then text already.
struct Pieces<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let limit = rest.floor_char_boundary(MAX_PIECE_BYTES);
        let bytes = &rest.as_bytes()[..limit];
        let end = if may_begin(bytes) {
            let is_name = |b: &u8| !(b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
            // The name stands after `<` or `</`; the byte after it shows that it is over.
            let name_end = bytes.iter().skip(2).take_while(|b| is_name(b)).count() + 2;
            (name_end + 1).min(limit)
        } else {
            (1..limit).find(|&at| bytes[at] == b'<' && may_begin(&bytes[at..])).unwrap_or(limit)
        };
        let end = rest.floor_char_boundary(end);
        self.at += end;
        Some(&rest[..end])
    }
}

/// Whether a tag, comment or the like may begin here; at the end of a piece, whether it may go on so.
fn may_begin(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'<')
        && bytes.get(1).is_none_or(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'?'))
}
