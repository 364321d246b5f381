//! The tree being built and the builder, watched: what they are asked for is counted and passed on.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeSink};
use html5ever::{Attribute, QualName};
use scraper::{Html, HtmlTreeSink};

/// What the parser knows a node by.
pub(super) type Handle = <HtmlTreeSink as TreeSink>::Handle;

/// What making a node costs, in steps.
const NODE_STEPS: usize = 10;
/// What comparing the attributes of two tags costs for each attribute, in steps: they are copied and sorted.
const ATTRIBUTE_STEPS: usize = 10;

/// How many siblings are passed over in a step.
const SIBLINGS_PER_STEP: usize = 4;

/// The tree being built.
pub(super) struct Sink {
    tree: HtmlTreeSink,
    /// Nodes made.
    pub(super) n_nodes: Cell<usize>,
    /// Steps made by the parser.
    pub(super) n_steps: Cell<usize>,
    /// Whether a tree is meant in which a node's place among its siblings must be searched for.
    searches_siblings: bool,
}

impl Sink {
    /// Begins with an empty page.
    pub(super) fn new(page: Html) -> Self {
        let tree = HtmlTreeSink(RefCell::new(page));
        Self { tree, n_nodes: Cell::new(0), n_steps: Cell::new(0), searches_siblings: false }
    }

    /// Counts also what building a tree costs in which siblings are searched, as a sanitiser's is.
    pub(super) fn searching_siblings(self) -> Self {
        Self { searches_siblings: true, ..self }
    }

    /// The tree as far as it was built.
    pub(super) fn into_page(self) -> Html {
        self.tree.finish()
    }

    /// Counts steps.
    pub(super) fn step(&self, n_steps: usize) {
        self.n_steps.set(self.n_steps.get().saturating_add(n_steps));
    }

    fn make_node(&self) {
        self.n_nodes.set(self.n_nodes.get() + 1);
        self.step(NODE_STEPS);
    }

    /// A node is put in or taken out amidst its siblings, which may be all there are.
    fn find_sibling(&self) {
        if self.searches_siblings {
            self.step(self.n_nodes.get() / SIBLINGS_PER_STEP);
        }
    }

    fn make_text(&self, child: &NodeOrText<Handle>) {
        if matches!(child, NodeOrText::AppendText(_)) {
            self.make_node();
        }
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Self;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Self {
        self
    }

    // Pages are full of errors, and nobody reads them.
    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        self.tree.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> Ref<'a, QualName> {
        self.step(1);
        self.tree.elem_name(target)
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> Handle {
        self.make_node();
        self.tree.create_element(name, attrs, flags)
    }

    fn create_comment(&self, text: StrTendril) -> Handle {
        self.make_node();
        self.tree.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> Handle {
        self.make_node();
        self.tree.create_pi(target, data)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.make_text(&child);
        self.tree.append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        self.find_sibling();
        self.make_text(&child);
        self.tree.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        self.tree.append_doctype_to_document(name, public_id, system_id);
    }

    fn get_template_contents(&self, target: &Handle) -> Handle {
        self.tree.get_template_contents(target)
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        self.step(1);
        self.tree.same_node(one, other)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.tree.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &Handle, node: NodeOrText<Handle>) {
        self.find_sibling();
        self.make_text(&node);
        self.tree.append_before_sibling(sibling, node);
    }

    fn add_attrs_if_missing(&self, target: &Handle, attrs: Vec<Attribute>) {
        self.tree.add_attrs_if_missing(target, attrs);
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.find_sibling();
        self.tree.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &Handle, parent: &Handle) {
        let n_children = self.tree.0.borrow().tree.get(*node).map_or(0, |node| node.children().count());
        self.step(n_children);
        self.tree.reparent_children(node, parent);
    }
}

/// The builder, between it and the tokeniser.
pub(super) struct Watch {
    pub(super) builder: TreeBuilder<Handle, Sink>,
    /// Whether a token came since this was last looked at: what it ended is behind the tokeniser.
    pub(super) has_token: Cell<bool>,
    /// Attributes of start tags, in steps, to be multiplied by what each may be compared with.
    pub(super) n_attributes: Cell<usize>,
    /// Elements whose marks in the builder's list of formatting elements may outlive them.
    n_marks: Cell<usize>,
}

impl Watch {
    pub(super) fn new(builder: TreeBuilder<Handle, Sink>) -> Self {
        // Before the first piece nothing is begun, as after a token.
        Self { builder, has_token: Cell::new(true), n_attributes: Cell::new(0), n_marks: Cell::new(0) }
    }
}

impl TokenSink for Watch {
    type Handle = Handle;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<Handle> {
        if let Token::TagToken(tag) = &token {
            let n_attributes = tag.attrs.len();
            self.builder.sink.step(n_attributes * n_attributes + self.n_marks.get());
            self.n_attributes.set(self.n_attributes.get() + n_attributes * ATTRIBUTE_STEPS);
            let is_mark = matches!(&*tag.name, "applet" | "marquee" | "object");
            self.n_marks.set(self.n_marks.get() + usize::from(is_mark));
        }
        self.has_token.set(self.has_token.get() | !matches!(token, Token::ParseError(_)));
        self.builder.process_token(token, line_number)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
