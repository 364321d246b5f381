//! Characters, references and plain text: the parts of XML and HTML that concern no element.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::pieces::{Piece, name_of, pieces};
use super::repair::{BARE_AMPERSANDS, BARE_ANGLES, ILLEGAL_CHARACTERS};

/// Different named references looked up in one document; HTML has some 2 200 names.
const MAX_NAMES: usize = 1_000;

/// The longest reference that is recognised, in bytes without `&` and `;`.
const MAX_REFERENCE_BYTES: usize = 32;

/// The references that XML itself defines.
const PREDEFINED: [(&str, char); 5] = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];

/// Elements that begin a new line in plain text.
const BLOCKS: [&str; 14] =
    ["p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "blockquote", "section"];

/// Elements whose inside is neither text nor markup.
const RAW: [&str; 2] = ["script", "style"];

/// HTML's named references, looked up once a document.
#[derive(Debug, Default)]
pub(super) struct Entities {
    known: HashMap<String, Option<String>>,
}

/// What stands at an ampersand, and how many bytes it takes.
enum Reference {
    /// A reference that XML knows, standing for this character.
    Xml(char, usize),
    /// A reference that only HTML knows.
    Html(String, usize),
    /// A reference to a character that XML forbids.
    Illegal(usize),
    /// No reference.
    Bare,
}

impl Entities {
    fn named(&mut self, name: &str) -> Option<String> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        if self.known.len() >= MAX_NAMES || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let reference = format!("&{name};");
        let html = scraper::Html::parse_fragment(&reference);
        let text: String = html.root_element().text().collect();
        let found = (!text.is_empty() && !text.contains(';')).then_some(text);
        self.known.insert(name.to_owned(), found.clone());
        found
    }

    /// Reads the reference at the beginning of `text`, which is an ampersand.
    fn reference(&mut self, text: &str) -> Reference {
        let bytes = text.as_bytes();
        let Some(len) = bytes.iter().skip(1).take(MAX_REFERENCE_BYTES + 1).position(|byte| *byte == b';')
        else {
            return Reference::Bare;
        };
        let (name, used) = (&text[1..=len], len + 2);
        if let Some(number) = name.strip_prefix('#') {
            return match code_point(number).map(char::from_u32) {
                Some(Some(letter)) if is_xml_char(letter) => Reference::Xml(letter, used),
                Some(_) => Reference::Illegal(used),
                None => Reference::Bare,
            };
        }
        if let Some((_, letter)) = PREDEFINED.iter().find(|(known, _)| *known == name) {
            return Reference::Xml(*letter, used);
        }
        self.named(name).map_or(Reference::Bare, |text| Reference::Html(text, used))
    }

    /// Adds `raw` to `out` as well-formed character data: forbidden characters dropped, bare `&` and `<` escaped,
    /// HTML's references replaced by what they stand for.
    pub(super) fn push_clean(&mut self, out: &mut String, raw: &str, repairs: &mut BTreeSet<&'static str>) {
        let mut rest = raw;
        while let Some(at) = rest.find(|letter| matches!(letter, '&' | '<') || !is_xml_char(letter)) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let used = match rest.chars().next() {
                Some('&') => self.push_reference(out, rest, repairs),
                Some('<') => {
                    repairs.insert(BARE_ANGLES);
                    out.push_str("&lt;");
                    1
                }
                other => {
                    repairs.insert(ILLEGAL_CHARACTERS);
                    other.map_or(rest.len(), char::len_utf8)
                }
            };
            rest = &rest[used..];
        }
        out.push_str(rest);
    }

    fn push_reference(
        &mut self,
        out: &mut String,
        text: &str,
        repairs: &mut BTreeSet<&'static str>,
    ) -> usize {
        match self.reference(text) {
            Reference::Xml(_, used) => {
                out.push_str(&text[..used]);
                used
            }
            Reference::Html(letters, used) => {
                out.push_str(&escape(&letters));
                used
            }
            Reference::Illegal(used) => {
                repairs.insert(ILLEGAL_CHARACTERS);
                used
            }
            Reference::Bare => {
                repairs.insert(BARE_AMPERSANDS);
                out.push_str("&amp;");
                1
            }
        }
    }

    /// Decodes references once.
    fn push_decoded(&mut self, out: &mut String, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let used = match self.reference(rest) {
                Reference::Xml(letter, used) => {
                    out.push(letter);
                    used
                }
                Reference::Html(letters, used) => {
                    out.push_str(&letters);
                    used
                }
                Reference::Illegal(used) => used,
                Reference::Bare => {
                    out.push('&');
                    1
                }
            };
            rest = &rest[used..];
        }
        out.push_str(rest);
    }

    /// The text of an HTML fragment: tags taken off, references decoded once, blocks on lines of their own.
    pub(super) fn plain(&mut self, html: &str) -> String {
        if !html.contains(['<', '&']) {
            return html.to_owned();
        }
        let mut out = String::with_capacity(html.len());
        let mut rest = pieces(html);
        while let Some(piece) = rest.next() {
            match piece {
                Piece::Start(tag) | Piece::End(tag) => {
                    let name = name_of(tag);
                    if BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block)) {
                        out.push('\n');
                    }
                    let is_raw = RAW.iter().any(|raw| name.eq_ignore_ascii_case(raw));
                    if is_raw && !tag.starts_with("</") {
                        rest.skip_to_end_tag(name);
                    }
                }
                // A tag that the publisher's own excerpt cut in two is no text; a lone `<b` in a title is.
                Piece::Cut(text) if text.contains(['=', '!']) => {}
                Piece::Text(text) | Piece::CData(text) | Piece::Cut(text) => {
                    self.push_decoded(&mut out, text);
                }
                Piece::Aside => {}
            }
        }
        out
    }
}

fn code_point(number: &str) -> Option<u32> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_number.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// Whether XML 1.0 (§2.2) allows a character.
fn is_xml_char(letter: char) -> bool {
    !matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Drops the characters that XML forbids.
pub(super) fn legal(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|letter| is_xml_char(*letter)).collect())
}

/// Escapes text for an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}

/// Makes HTML of text, a paragraph of each line.
pub(super) fn paragraphs(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.fold(String::with_capacity(text.len() + 8), |out, line| out + "<p>" + &escape(line) + "</p>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_tags_and_references_decoded_once() {
        let check = |html: &str, expected: &str| {
            assert_eq!(Entities::default().plain(html), expected, "{html}");
        };
        check("邮政&nbsp;&ldquo;快递&rdquo; &#38; &#x4e2d;", "邮政\u{a0}“快递” & 中");
        check("&lt;b&gt; &amp;lt; &foo; & &;", "<b> &lt; &foo; & &;");
        check("<p>一</p><SCRIPT>if (a<b) {}</script>二<!-- x --><br/>三", "\n一\n二\n三");
        check("1 < 2 and <b>3</b>", "1 < 2 and 3");
        check("增长<5% <a href=\"htt", "增长<5% ");
    }

    #[test]
    fn character_data_becomes_well_formed() {
        let check = |raw: &str, expected: &str, repair: Option<&str>| {
            let (mut out, mut repairs) = (String::new(), BTreeSet::new());
            Entities::default().push_clean(&mut out, raw, &mut repairs);
            assert_eq!((out.as_str(), repairs.first().copied()), (expected, repair), "{raw}");
        };
        check("a &amp; b &#20013; &apos;", "a &amp; b &#20013; &apos;", None);
        check("a&b=1&copy;2 &AMP;", "a&amp;b=1©2 &amp;", Some(BARE_AMPERSANDS));
        check("a\u{b}b&#11;&#xFFFE;&#99999999;c", "abc", Some(ILLEGAL_CHARACTERS));
        check("a < b", "a &lt; b", Some(BARE_ANGLES));
    }
}
