//! Walking a parsed page without recursion, so that no nesting can exhaust the stack.

use scraper::node::Element;
use scraper::{ElementRef, Node};

/// What the walk meets.
pub(crate) enum Step<'a> {
    /// An element begins.
    Open(ElementRef<'a>),
    /// Text of the element last opened and not yet closed.
    Text(&'a str),
    /// An element ends; also sent when its content was passed over.
    Close(ElementRef<'a>),
}

/// How the walk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// With what the element holds.
    Into,
    /// With what follows the element.
    Over,
    /// Not at all.
    Stop,
}

/// What tells one element of a page from another, for sets and maps.
pub(crate) type Key = *const Element;

/// The key of an element, valid as long as its page.
pub(crate) fn key(element: ElementRef<'_>) -> Key {
    std::ptr::from_ref(element.value())
}

/// Visits an element and everything in it, in document order.
pub(crate) fn walk<'a>(root: ElementRef<'a>, mut visit: impl FnMut(Step<'a>) -> Next) {
    let mut node = *root;
    loop {
        let next = match (ElementRef::wrap(node), node.value()) {
            (Some(element), _) => visit(Step::Open(element)),
            (None, Node::Text(text)) => visit(Step::Text(text)),
            _ => Next::Over,
        };
        let child = match next {
            Next::Into => node.first_child(),
            Next::Over => None,
            Next::Stop => return,
        };
        if let Some(child) = child {
            node = child;
            continue;
        }
        loop {
            if ElementRef::wrap(node).is_some_and(|element| visit(Step::Close(element)) == Next::Stop)
                || node == *root
            {
                return;
            }
            if let Some(sibling) = node.next_sibling() {
                node = sibling;
                break;
            }
            let Some(parent) = node.parent() else { return };
            node = parent;
        }
    }
}
