//! What is done with each element: the allow-list, as data.

use Class::{Boundary, Break, Container, Image, Inline, Leaf, Rule};

/// What an element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Holds text inside a line; written under this name.
    Inline(&'static str),
    /// Holds one line or paragraph of text and inline elements.
    Leaf(&'static str),
    /// Holds blocks.
    Container(&'static str),
    /// Ends the line before it and after it, and is not written itself.
    Boundary,
    /// A line break.
    Break,
    /// A picture.
    Image,
    /// A horizontal rule.
    Rule,
}

/// Every element that is looked at. The tags of others are dropped, their content stays where it is.
pub(super) const ELEMENTS: &[(&str, Class)] = &[
    ("p", Leaf("p")),
    ("br", Break),
    ("img", Image),
    ("a", Inline("a")),
    ("strong", Inline("strong")),
    ("b", Inline("b")),
    ("em", Inline("em")),
    ("i", Inline("i")),
    ("u", Inline("u")),
    ("s", Inline("s")),
    ("strike", Inline("s")),
    ("del", Inline("s")),
    ("sub", Inline("sub")),
    ("sup", Inline("sup")),
    ("code", Inline("code")),
    ("div", Boundary),
    ("section", Boundary),
    ("article", Boundary),
    ("center", Boundary),
    ("header", Boundary),
    ("footer", Boundary),
    ("main", Boundary),
    ("aside", Boundary),
    ("nav", Boundary),
    ("address", Boundary),
    ("form", Boundary),
    ("fieldset", Boundary),
    ("details", Boundary),
    ("summary", Boundary),
    ("h1", Leaf("h1")),
    ("h2", Leaf("h2")),
    ("h3", Leaf("h3")),
    ("h4", Leaf("h4")),
    ("h5", Leaf("h5")),
    ("h6", Leaf("h6")),
    ("pre", Leaf("pre")),
    ("dt", Leaf("dt")),
    ("caption", Leaf("caption")),
    ("figcaption", Leaf("figcaption")),
    ("blockquote", Container("blockquote")),
    ("ul", Container("ul")),
    ("ol", Container("ol")),
    ("li", Container("li")),
    ("dl", Container("dl")),
    ("dd", Container("dd")),
    ("table", Container("table")),
    ("thead", Container("thead")),
    ("tbody", Container("tbody")),
    ("tfoot", Container("tfoot")),
    ("tr", Container("tr")),
    ("td", Container("td")),
    ("th", Container("th")),
    ("figure", Container("figure")),
    ("hr", Rule),
];

/// Attributes that are read. Of a picture's, only `src`, `alt`, `width` and `height` are written.
pub(super) const ATTRIBUTES_READ: &[(&str, &[&str])] = &[
    ("a", &["href", "title"]),
    ("img", &["src", "alt", "width", "height", "style", "data-src", "data-original", "_src", "oldsrc"]),
    ("td", &["colspan", "rowspan", "align"]),
    ("th", &["colspan", "rowspan", "align"]),
];

/// The class of an element by its name in lower case.
pub(super) fn class_of(name: &str) -> Option<Class> {
    ELEMENTS.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
}

/// The element that stands between a container and text directly in it, where one must.
pub(super) fn implied_child(container: &str) -> Option<&'static str> {
    Some(match container {
        "ul" | "ol" => "li",
        "dl" => "dd",
        "table" => "tbody",
        "thead" | "tbody" | "tfoot" => "tr",
        "tr" => "td",
        _ => return None,
    })
}

/// The containers in which alone an element may stand; empty when it may stand in any that holds blocks.
pub(super) fn parents_of(tag: &str) -> &'static [&'static str] {
    match tag {
        "li" => &["ul", "ol"],
        "dd" | "dt" => &["dl"],
        "thead" | "tbody" | "tfoot" | "caption" => &["table"],
        "tr" => &["thead", "tbody", "tfoot"],
        "td" | "th" => &["tr"],
        "figcaption" => &["figure"],
        _ => &[],
    }
}

/// Whether loose text in a container becomes paragraphs, rather than lines of the container itself.
/// The root is named by an empty string.
pub(super) fn holds_paragraphs(container: &str) -> bool {
    matches!(container, "" | "blockquote")
}

/// Whether a container may hold another one that is not tied to certain parents.
pub(super) fn may_hold(container: &str, child: &str) -> bool {
    match container {
        "" | "blockquote" => true,
        "li" | "dd" => child != "figure",
        "figure" => !matches!(child, "figure" | "pre"),
        "td" | "th" => matches!(child, "ul" | "ol" | "dl" | "pre"),
        _ => false,
    }
}
