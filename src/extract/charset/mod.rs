//! From bytes to text: which charset a document is in, whatever it claims.
//!
//! The order is that of the WHATWG encoding sniffing (byte order mark, HTTP header, the document's own
//! declaration, detection), with one more rule that old sites make necessary: a claim which the bytes refute is
//! not believed, and [`Decoded::note`] says so.
//!
//! **Invariant:** every sequence of bytes decodes; nothing here fails.

mod declared;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes looked at when a charset has to be guessed; the detector reads only some 8 MB a second.
const DETECT_BYTES: usize = 16 * 1024;

/// The country whose charsets a guess prefers.
const DETECT_TLD: &[u8] = b"cn";

/// Bytes looked at to see whether a document can be UTF-16 at all.
const UTF16_SNIFF_BYTES: usize = 64;

/// Valid multi-byte characters for each invalid sequence from which a text counts as damaged UTF-8, not as
/// another charset. About one in seven GBK characters is valid UTF-8 by chance.
const UTF8_GOOD_PER_BAD: usize = 4;

/// Characters beyond ASCII from which valid UTF-8 is no accident of another charset.
const UTF8_CERTAIN_CHARS: usize = 4;

/// A document as text, and how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without byte order mark; undecodable bytes are U+FFFD.
    pub text: String,
    /// The WHATWG name of the charset that was used (`GBK` stands for all of GB18030).
    pub charset: &'static str,
    /// What a person should know: that the declaration was wrong, missing or not followed.
    pub note: Option<String>,
}

/// Decodes a document by its byte order mark, its `Content-Type`, its own declaration, or by looking at it.
pub fn decode(body: &[u8], content_type: Option<&str>) -> Decoded {
    if let Some((encoding, bom_bytes)) = Encoding::for_bom(body) {
        return plainly(encoding, &body[bom_bytes..], None);
    }
    if let Some(encoding) = sniff_utf16(body) {
        return plainly(encoding, body, None);
    }
    let header = content_type.and_then(declared::in_header).filter(|found| is_possible(found, body));
    let inside = declared::in_document(body).filter(|found| is_possible(found, body));
    // Servers send Latin-1 by default, knowing nothing of the document: then its own word counts for more.
    match header.filter(|found| *found != WINDOWS_1252).or(inside) {
        Some(encoding) => as_declared(encoding, body),
        None => detect(body),
    }
}

/// UTF-16 without byte order mark shows in a zero byte beside the first `<` or `{`.
fn sniff_utf16(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        [0, b'<' | b'{', 0, ..] => Some(UTF_16BE),
        [0, b'<' | b'{', _, low, ..] if *low != 0 => Some(UTF_16BE),
        [b'<' | b'{', 0, ..] => Some(UTF_16LE),
        _ => None,
    }
}

/// Whether the bytes can be in this charset at all: an ASCII declaration of UTF-16 refutes itself, and labels
/// such as `hz-gb-2312` stand for the replacement encoding, which decodes nothing.
fn is_possible(encoding: &'static Encoding, body: &[u8]) -> bool {
    let is_utf16 = encoding == UTF_16LE || encoding == UTF_16BE;
    let has_zeros = body.iter().take(UTF16_SNIFF_BYTES).any(|byte| *byte == 0);
    encoding != REPLACEMENT && (!is_utf16 || has_zeros)
}

fn as_declared(declared: &'static Encoding, body: &[u8]) -> Decoded {
    if declared == UTF_8 {
        return as_declared_utf8(body);
    }
    let shape = Utf8Shape::of(body);
    if shape.is_valid() && shape.n_good >= UTF8_CERTAIN_CHARS {
        return plainly(UTF_8, body, Some(wrong_claim(declared, UTF_8)));
    }
    let (text, had_errors) = declared.decode_without_bom_handling(body);
    if had_errors && shape.is_valid() {
        return plainly(UTF_8, body, Some(wrong_claim(declared, UTF_8)));
    }
    decoded(declared, text, damage_note(declared, had_errors))
}

fn as_declared_utf8(body: &[u8]) -> Decoded {
    let shape = Utf8Shape::of(body);
    if !shape.is_valid()
        && !shape.is_damaged_utf8()
        && let Some(text) = GBK.decode_without_bom_handling_and_without_replacement(body)
    {
        return decoded(GBK, text, Some(wrong_claim(UTF_8, GBK)));
    }
    plainly(UTF_8, body, None)
}

/// Nothing is declared, or nothing that can be believed.
fn detect(body: &[u8]) -> Decoded {
    let shape = Utf8Shape::of(body);
    if shape.is_valid() || shape.is_damaged_utf8() {
        return plainly(UTF_8, body, None);
    }
    let start = body.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let sample = &body[start..body.len().min(start + DETECT_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, start + sample.len() == body.len());
    let guess = detector.guess(Some(DETECT_TLD), Utf8Detection::Deny);
    plainly(guess, body, Some(format!("no charset is declared; read as `{}` from its bytes", guess.name())))
}

fn plainly(encoding: &'static Encoding, body: &[u8], note: Option<String>) -> Decoded {
    let (text, had_errors) = encoding.decode_without_bom_handling(body);
    decoded(encoding, text, note.or_else(|| damage_note(encoding, had_errors)))
}

fn decoded(encoding: &'static Encoding, text: Cow<'_, str>, note: Option<String>) -> Decoded {
    Decoded { text: text.into_owned(), charset: encoding.name(), note }
}

fn wrong_claim(declared: &'static Encoding, used: &'static Encoding) -> String {
    format!("declares `{}` but its bytes are `{}`", declared.name(), used.name())
}

fn damage_note(encoding: &'static Encoding, had_errors: bool) -> Option<String> {
    had_errors.then(|| format!("some bytes are no `{}` and became U+FFFD", encoding.name()))
}

/// How much of a text is UTF-8: characters beyond ASCII, and sequences that are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Utf8Shape {
    n_good: usize,
    n_bad: usize,
}

impl Utf8Shape {
    /// Counts; a character that the end of the bytes cuts in two is neither good nor bad.
    fn of(body: &[u8]) -> Self {
        let mut shape = Self { n_good: 0, n_bad: 0 };
        let mut chunks = body.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            shape.n_good += n_beyond_ascii(chunk.valid());
            let is_cut_end = chunks.peek().is_none() && is_char_beginning(chunk.invalid());
            shape.n_bad += usize::from(!chunk.invalid().is_empty() && !is_cut_end);
        }
        shape
    }

    fn is_valid(self) -> bool {
        self.n_bad == 0
    }

    /// UTF-8 in which some characters were cut, rather than another charset.
    fn is_damaged_utf8(self) -> bool {
        self.n_bad > 0 && self.n_good >= self.n_bad.saturating_mul(UTF8_GOOD_PER_BAD)
    }
}

fn n_beyond_ascii(text: &str) -> usize {
    if text.is_ascii() { 0 } else { text.chars().filter(|letter| !letter.is_ascii()).count() }
}

fn is_char_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// The charset of a label, with the names that old Chinese software writes and WHATWG does not list.
fn for_label(label: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_label(label).or_else(|| {
        let label = label.trim_ascii().to_ascii_lowercase();
        match label.as_slice() {
            b"cp936" | b"ms936" | b"windows-936" | b"gb-2312" | b"gb2312-80" | b"euc-cn" | b"gbk2312" => {
                Some(GBK)
            }
            b"gb-18030" | b"gb18030-2000" | b"gb18030-2005" | b"gb18030-2022" => Some(GB18030),
            b"utf_8" | b"utf8mb4" => Some(UTF_8),
            _ => None,
        }
    })
}
