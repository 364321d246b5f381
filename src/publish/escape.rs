//! Text and addresses made fit for what they are written into.

use std::fmt::Write;

use crate::normalise::html::xml_text;

/// Without characters that XML cannot carry, and that no format of ours should; writers would let them through.
pub(super) fn xml(value: &str) -> String {
    xml_text(value).into_owned()
}

/// Escapes text for HTML, attributes included, and leaves out what [`xml`] does.
pub(super) fn html(text: &str) -> String {
    let text = xml_text(text);
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// An address as a URI (RFC 3986): whatever may not stand in one is percent-encoded, what is encoded stays.
pub(super) fn href(address: &str) -> String {
    let address = address.trim();
    let path_at = address.find("://").map_or(0, |at| at + 3);
    let path_at = address.get(path_at..).and_then(|rest| rest.find(['/', '?', '#'])).map(|at| path_at + at);
    let fragment_at = address.find('#');
    let mut uri = String::with_capacity(address.len());
    for (at, c) in address.char_indices() {
        let allowed = match c {
            '%' => starts_with_hex(address.get(at + 1..).unwrap_or_default()),
            '#' => fragment_at == Some(at),
            // Brackets belong to an IPv6 host and to nothing after it.
            '[' | ']' => path_at.is_none_or(|path_at| at < path_at),
            _ => c.is_ascii_alphanumeric() || "-._~:/?@!$&'()*+,;=".contains(c),
        };
        if allowed {
            uri.push(c);
        } else {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                // Writing into a text cannot fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

fn starts_with_hex(rest: &str) -> bool {
    rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_uris_and_stay_what_they_are() {
        let check = |address: &str, expected: &str| {
            assert_eq!(href(address), expected);
            assert_eq!(href(expected), expected, "twice is once");
        };
        check("https://a.example/1?x=1&y=2#f", "https://a.example/1?x=1&y=2#f");
        check("https://a.example/新闻 1.html", "https://a.example/%E6%96%B0%E9%97%BB%201.html");
        check("https://a.example/%E6%96%B0?q=50%", "https://a.example/%E6%96%B0?q=50%25");
        check("https://[::1]:80/a[1]|b", "https://[::1]:80/a%5B1%5D%7Cb");
        check("https://a.example/#:~:text=江西#2", "https://a.example/#:~:text=%E6%B1%9F%E8%A5%BF%232");
        check("https://a.example/\"><script>", "https://a.example/%22%3E%3Cscript%3E");
        check("https://[::1]", "https://[::1]");
        check("", "");
    }

    #[test]
    fn text_closes_no_attribute_and_opens_no_tag() {
        assert_eq!(
            html("<a href='x' title=\"y\">&\u{b}"),
            "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;"
        );
    }
}
