//! The body of a page that no rule knows, found by a port of Mozilla's Readability (feature `readability`).
//!
//! The library's work grows with the depth at which text and elements stand, each of its passes reading them again
//! for every element around them. So that work is counted first, and what is too much is not asked for.

use std::collections::HashSet;

use dom_smoothie::{Config, Readability};
use scraper::{ElementRef, Html};

use super::super::html::{self, Key, Next, Step, key};

/// Most elements of a page that the library is given.
const MAX_ELEMENTS: usize = 20_000;
/// Deepest nesting that it is given: parts of it recurse.
const MAX_DEPTH: usize = 200;
/// Most bytes of text that one pass over all elements reads, text counted once for every element around it.
const MAX_WORK_BYTES: usize = 20_000_000;
/// What an element costs in such a pass, in bytes of text.
const ELEMENT_BYTES: usize = 32;

/// The article's own HTML as a page; `None` when there is none to be told from the rest.
pub(super) fn page(root: ElementRef<'_>, dropped: &HashSet<Key>) -> Option<Html> {
    let markup = markup(root, dropped)?;
    let config = Config { max_elements_to_parse: MAX_ELEMENTS, disable_json_ld: true, ..Config::default() };
    // The library is not ours: should a page make it panic, only its result is lost. It shares nothing with us.
    let read = std::panic::catch_unwind(|| {
        Readability::new(markup, None, Some(config))
            .ok()?
            .parse()
            .ok()
            .map(|article| article.content.to_string())
    });
    html::fragment(&read.ok().flatten()?)
}

/// The page without dropped elements and scripts; `None` when reading it would be too much work.
fn markup(root: ElementRef<'_>, dropped: &HashSet<Key>) -> Option<String> {
    let mut markup = String::new();
    let (mut n_elements, mut depth, mut work) = (0, 0, 0_usize);
    let is_left_out = |element: ElementRef<'_>| {
        dropped.contains(&key(element))
            || matches!(
                element.value().name(),
                "script" | "style" | "noscript" | "template" | "iframe" | "object"
            )
    };
    html::walk(root, |step| {
        match step {
            Step::Open(element) if is_left_out(element) => return Next::Over,
            Step::Close(element) if is_left_out(element) => {}
            Step::Open(element) => {
                n_elements += 1;
                depth += 1;
                work += depth * ELEMENT_BYTES;
                html::open_tag(&mut markup, element);
            }
            Step::Close(element) => {
                depth -= 1;
                html::close_tag(&mut markup, element);
            }
            Step::Text(text) => {
                work += depth * text.len();
                html::escape_into(&mut markup, text);
            }
        }
        if n_elements > MAX_ELEMENTS || depth > MAX_DEPTH || work > MAX_WORK_BYTES {
            Next::Stop
        } else {
            Next::Into
        }
    });
    (n_elements <= MAX_ELEMENTS && depth <= MAX_DEPTH && work <= MAX_WORK_BYTES).then_some(markup)
}
