//! Writing HTML: tags of parsed elements, text escaped, plain text as paragraphs.

use scraper::ElementRef;

use super::collapse;

/// Adds a text to HTML, so that it reads the same in content and in a quoted attribute.
pub(crate) fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

/// Makes HTML of a plain text, a paragraph of every line that is not empty.
pub(crate) fn paragraphs(text: &str) -> String {
    let mut html = String::new();
    for line in text.lines().map(collapse).filter(|line| !line.is_empty()) {
        html.push_str("<p>");
        escape_into(&mut html, &line);
        html.push_str("</p>\n");
    }
    html
}

/// Writes the start tag of an element.
pub(crate) fn open_tag(html: &mut String, element: ElementRef<'_>) {
    html.push('<');
    html.push_str(element.value().name());
    for (name, value) in element.value().attrs() {
        html.push(' ');
        html.push_str(name);
        html.push_str("=\"");
        escape_into(html, value);
        html.push('"');
    }
    html.push('>');
}

/// Writes the end tag of an element, if it has one.
pub(crate) fn close_tag(html: &mut String, element: ElementRef<'_>) {
    let name = element.value().name();
    let is_void = matches!(
        name,
        "area"
            | "br"
            | "col"
            | "hr"
            | "img"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "basefont"
            | "bgsound"
            | "frame"
            | "keygen"
    );
    if !is_void {
        html.push_str("</");
        html.push_str(name);
        html.push('>');
    }
}
