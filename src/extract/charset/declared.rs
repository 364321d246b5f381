//! Where a charset may be declared: the HTTP header, the XML declaration, a `meta` element.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::for_label;

/// Bytes of the document searched for a declaration. HTML says 1024; sites put comments and scripts before it.
const DECLARATION_BYTES: usize = 4096;

/// The longest label that is looked up.
const MAX_LABEL_BYTES: usize = 40;

/// The charset parameter of a `Content-Type` header.
pub(super) fn in_header(content_type: &str) -> Option<&'static Encoding> {
    charset_parameter(content_type.to_ascii_lowercase().as_bytes())
}

/// The charset that the document itself declares.
pub(super) fn in_document(body: &[u8]) -> Option<&'static Encoding> {
    let head = body[..body.len().min(DECLARATION_BYTES)].to_ascii_lowercase();
    let found = in_xml_declaration(&head).or_else(|| in_meta(&head))?;
    // The declaration was read byte by byte, so the document is no UTF-16 (HTML §13.2.3.2 says the same).
    Some(if found == UTF_16LE || found == UTF_16BE { UTF_8 } else { found })
}

fn in_xml_declaration(head: &[u8]) -> Option<&'static Encoding> {
    let inside = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let inside = &inside[..find(inside, b"?>")?];
    let value = &inside[find(inside, b"encoding")? + b"encoding".len()..];
    value_of(value).and_then(for_label)
}

fn in_meta(head: &[u8]) -> Option<&'static Encoding> {
    let mut rest = head;
    loop {
        let start = find(rest, b"<")?;
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix(b"<!--") {
            rest = &comment[find(comment, b"-->")?..];
        } else if let Some(tag) = rest.strip_prefix(b"<meta") {
            let end = find(tag, b">").unwrap_or(tag.len());
            if let Some(found) = charset_parameter(&tag[..end]) {
                return Some(found);
            }
            rest = &tag[end..];
        } else {
            rest = &rest[1..];
        }
    }
}

/// Finds `charset = label`, as a parameter of a header, of a `content` attribute or as an attribute itself.
fn charset_parameter(mut text: &[u8]) -> Option<&'static Encoding> {
    loop {
        text = &text[find(text, b"charset")? + b"charset".len()..];
        if let Some(found) = value_of(text).and_then(for_label) {
            return Some(found);
        }
    }
}

/// The value after `=`, quoted or not.
fn value_of(text: &[u8]) -> Option<&[u8]> {
    let value = text.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let ends =
        |byte: &u8| matches!(byte, b'"' | b'\'' | b';' | b',' | b'>' | b'/') || byte.is_ascii_whitespace();
    let value = &value[..value.iter().position(ends).unwrap_or(value.len())];
    (!value.is_empty() && value.len() <= MAX_LABEL_BYTES).then_some(value)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
