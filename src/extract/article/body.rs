//! The body of an article: which element it is, and its HTML without what is never body.

use std::collections::{HashMap, HashSet};

use scraper::{ElementRef, Html};

use super::super::html::{self, Key, Next, Step, key};
use super::super::rules::{ArticleRules, Pick};

/// Where bodies usually stand, the surest first.
const WELL_KNOWN: [&str; 15] = [
    ".TRS_Editor",
    ".TRS_UEDITOR",
    ".trs_editor_view",
    "#UCAP-CONTENT",
    "#zoom",
    "#zoomcon",
    "#js_content",
    ".post_body",
    ".article-content",
    "#article-content",
    ".detail-news",
    ".content-body",
    ".notice_content",
    ".bt_content",
    ".xl_content",
];
/// Fewest characters of text that make the densest block a body.
const MIN_BLOCK_CHARS: usize = 60;
/// Fewest characters of text of a body that a library found: it finds one on any page.
const MIN_ALONE_CHARS: usize = 20;
/// Most elements of one selector that are compared.
const MAX_CANDIDATES: usize = 1000;

/// The body that was found.
pub(super) struct Body<'a> {
    pub(super) element: ElementRef<'a>,
    pub(super) rule: String,
    /// Whether the profile's own rule found it.
    pub(super) is_by_profile: bool,
    dropped: HashSet<Key>,
}

impl<'a> Body<'a> {
    /// Finds the body of a page.
    pub(super) fn find(root: ElementRef<'a>, rules: &ArticleRules) -> Option<Self> {
        let dropped = dropped(root, rules);
        let by_profile = rules.body.iter().find_map(|pick| longest(root, pick, &dropped));
        let is_by_profile = by_profile.is_some();
        let (element, rule) = by_profile.or_else(|| {
            let mut picks = WELL_KNOWN.iter().filter_map(|selector| Pick::parse(selector).ok());
            picks.find_map(|pick| longest(root, &pick, &dropped))
        })?;
        Some(Self { element, rule, is_by_profile, dropped })
    }

    /// A body that stands alone on a page of its own; `None` when it says next to nothing.
    pub(super) fn alone(page: &'a Html) -> Option<Self> {
        let body = Self {
            element: page.root_element(),
            rule: "readability".to_owned(),
            is_by_profile: false,
            dropped: HashSet::new(),
        };
        (body.n_chars() >= MIN_ALONE_CHARS).then_some(body)
    }

    /// The body of a page of which nothing is known.
    pub(super) fn densest(root: ElementRef<'a>, rules: &ArticleRules) -> Option<Self> {
        let dropped = dropped(root, rules);
        let article = Pick::parse("article").ok().and_then(|pick| longest(root, &pick, &dropped));
        let (element, rule) =
            article.or_else(|| Some((densest(root, &dropped)?, "densest block".to_owned())))?;
        Some(Self { element, rule, is_by_profile: false, dropped })
    }

    /// The inner HTML, dropped elements left out.
    pub(super) fn html(&self) -> String {
        let mut inner = String::new();
        html::walk(self.element, |step| {
            match step {
                Step::Open(element) if element == self.element => {}
                Step::Open(element) if self.is_dropped(element) => return Next::Over,
                Step::Open(element) => html::open_tag(&mut inner, element),
                Step::Close(element) if element == self.element || self.is_dropped(element) => {}
                Step::Close(element) => html::close_tag(&mut inner, element),
                Step::Text(text) => html::escape_into(&mut inner, text),
            }
            Next::Into
        });
        inner.trim().to_owned()
    }

    /// How many characters of text it holds, white space not counted.
    pub(super) fn n_chars(&self) -> usize {
        let size = sizes(self.element, &HashSet::from([key(self.element)]), &self.dropped);
        size.get(&key(self.element)).map_or(0, |size| size.n_chars)
    }

    /// Whether most of the letters are Chinese characters.
    pub(super) fn is_mostly_han(&self) -> bool {
        const MAX_CHARS: usize = 2000;
        let (mut n_han, mut n_letters) = (0_usize, 0_usize);
        for c in html::text(self.element).chars().take(MAX_CHARS).filter(|c| c.is_alphabetic()) {
            n_letters += 1;
            n_han += usize::from(matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'));
        }
        n_han * 2 > n_letters
    }

    fn is_dropped(&self, element: ElementRef<'_>) -> bool {
        self.dropped.contains(&key(element)) || is_never_body(element)
    }
}

fn is_never_body(element: ElementRef<'_>) -> bool {
    matches!(
        element.value().name(),
        "script"
            | "style"
            | "noscript"
            | "template"
            | "form"
            | "button"
            | "input"
            | "select"
            | "textarea"
            | "iframe"
            | "object"
            | "embed"
            | "link"
            | "meta"
            | "base"
            | "title"
    )
}

pub(super) fn dropped(root: ElementRef<'_>, rules: &ArticleRules) -> HashSet<Key> {
    rules.drop.iter().flat_map(|pick| root.select(&pick.selector)).map(key).collect()
}

/// Of the elements that a pick selects, the one with the longest text; one with a picture if none has text.
fn longest<'a>(
    root: ElementRef<'a>,
    pick: &Pick,
    dropped: &HashSet<Key>,
) -> Option<(ElementRef<'a>, String)> {
    let candidates: Vec<ElementRef<'a>> = html::matching(root, pick).take(MAX_CANDIDATES).collect();
    let wanted: HashSet<Key> = candidates.iter().copied().map(key).collect();
    let sizes = if wanted.is_empty() { HashMap::new() } else { sizes(root, &wanted, dropped) };
    let mut best: Option<(ElementRef<'a>, Size)> = None;
    for element in candidates {
        let size = sizes.get(&key(element)).copied().unwrap_or_default();
        if size > best.map_or(Size::default(), |(_, size)| size) {
            best = Some((element, size));
        }
    }
    best.map(|(element, _)| (element, pick.source.clone()))
}

/// How much an element holds; text counts before pictures.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Size {
    n_chars: usize,
    n_pictures: usize,
}

/// How much each of the wanted elements holds, found in one walk however they nest.
fn sizes(root: ElementRef<'_>, wanted: &HashSet<Key>, dropped: &HashSet<Key>) -> HashMap<Key, Size> {
    let mut sizes = HashMap::new();
    let mut so_far = Size::default();
    html::walk(root, |step| {
        match step {
            Step::Open(element) => {
                if wanted.contains(&key(element)) {
                    sizes.insert(key(element), so_far);
                }
                if is_never_body(element) || dropped.contains(&key(element)) {
                    return Next::Over;
                }
                so_far.n_pictures += usize::from(element.value().name() == "img");
            }
            Step::Close(element) => {
                if let Some(size) = sizes.get_mut(&key(element)) {
                    size.n_chars = so_far.n_chars - size.n_chars;
                    size.n_pictures = so_far.n_pictures - size.n_pictures;
                }
            }
            Step::Text(text) => so_far.n_chars += text.chars().filter(|c| !c.is_whitespace()).count(),
        }
        Next::Into
    });
    sizes
}

/// The element with the most text of its own and of its paragraphs, links not counted.
fn densest<'a>(root: ElementRef<'a>, dropped: &HashSet<Key>) -> Option<ElementRef<'a>> {
    let mut scores: HashMap<Key, usize> = HashMap::new();
    let mut order: Vec<ElementRef<'a>> = Vec::new();
    // The innermost open block that is no paragraph owns the text.
    let mut owners: Vec<ElementRef<'a>> = Vec::new();
    html::walk(root, |step| {
        match step {
            Step::Open(element) if is_around(element) || dropped.contains(&key(element)) => {
                return Next::Over;
            }
            Step::Open(element) if is_block(element) => owners.push(element),
            Step::Close(element) if owners.last() == Some(&element) => {
                owners.pop();
            }
            Step::Text(text) => {
                let n_chars = text.chars().filter(|c| !c.is_whitespace()).count();
                if let (Some(owner), true) = (owners.last(), n_chars > 0) {
                    let score = scores.entry(key(*owner)).or_insert_with(|| {
                        order.push(*owner);
                        0
                    });
                    *score += n_chars;
                }
            }
            Step::Open(_) | Step::Close(_) => {}
        }
        Next::Into
    });
    let score = |element: &ElementRef<'_>| scores.get(&key(*element)).copied().unwrap_or_default();
    let mut best: Option<ElementRef<'a>> = None;
    for element in order {
        if score(&element) > best.as_ref().map_or(MIN_BLOCK_CHARS - 1, score) {
            best = Some(element);
        }
    }
    best
}

fn is_around(element: ElementRef<'_>) -> bool {
    is_never_body(element)
        || matches!(
            element.value().name(),
            "a" | "nav" | "footer" | "header" | "aside" | "head" | "ul" | "ol"
        )
}

fn is_block(element: ElementRef<'_>) -> bool {
    matches!(element.value().name(), "div" | "td" | "section" | "article" | "main" | "body" | "center")
}
