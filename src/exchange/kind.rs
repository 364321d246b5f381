//! What a file is, by its content.

use crate::extract::{charset, feed::looks_like_feed};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Entries as JSON lines.
    Lines,
    /// A list of feeds.
    Opml,
    /// A page, a feed, a JSON list, or a text, as it was saved.
    Document,
}

/// Tells by the beginning of a file, and where that says nothing by its name.
pub fn file_kind(head: &[u8], name: &str) -> FileKind {
    let text = charset::decode(head, None).text;
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let is_named = |names: &[&str]| extension.as_deref().is_some_and(|name| names.contains(&name));
    if text.starts_with('<') {
        return if is_opml(text) || is_named(&["opml"]) { FileKind::Opml } else { FileKind::Document };
    }
    if text.starts_with('{') && looks_like_feed(text) {
        return FileKind::Document;
    }
    // The first lines may be the bad ones.
    let has_objects = text.lines().any(|line| line.trim_start().starts_with('{'));
    if text.is_empty() || is_named(&["jsonl", "ndjson"]) || (has_objects && !text.starts_with('[')) {
        return FileKind::Lines;
    }
    FileKind::Document
}

fn is_opml(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        rest = tag;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        return name.eq_ignore_ascii_case("opml");
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_what_they_hold() {
        let check = |head: &str, name: &str, expected: FileKind| {
            assert_eq!(file_kind(head.as_bytes(), name), expected, "{name}: {head}");
        };
        check("", "-", FileKind::Lines);
        check("{\"source\":\"jx\"}\n", "-", FileKind::Lines);
        check("\u{feff}{\"source\":\"jx\"}\r\n", "a.txt", FileKind::Lines);
        check("this is none\n{\"source\":\"jx\"}\n", "-", FileKind::Lines);
        check("this is none\n", "a.JSONL", FileKind::Lines);
        check("{broken\n", "-", FileKind::Lines);
        check("江西局召开会议\n近日,…", "digest.txt", FileKind::Document);
        check("[{\"a\":1}]", "list.json", FileKind::Document);
        check("{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[]}", "-", FileKind::Document);
        check("<?xml version=\"1.0\"?><!-- a --><opml version=\"2.0\">", "-", FileKind::Opml);
        check("<OPML>", "feeds.xml", FileKind::Opml);
        check("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel>", "feeds.xml", FileKind::Document);
        check("<html><body><p>&lt;opml></p>", "page.html", FileKind::Document);
    }

    #[test]
    fn other_charsets_are_told_too() {
        let utf16: Vec<u8> = "\u{feff}<opml>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(file_kind(&utf16, "-"), FileKind::Opml);
    }
}
