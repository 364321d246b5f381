//! A text as it is compared: one width, one script, no spaces, nothing that stands around an article.
//!
//! **Invariant:** normalising what is normalised changes nothing, for what sites write.

use unicode_normalization::UnicodeNormalization;

use super::{
    hanzi::Hanzi,
    tables::{Chrome, Tables},
};

/// Bytes of a text that are looked at.
const MAX_BYTES: usize = 120_000;
/// Letters of an injected reading, at most (`zhuang`).
const MAX_PINYIN_CHARS: usize = 6;
/// Rounds of taking fillers off a beginning, or signatures off an end.
const MAX_ROUNDS: usize = 4;

/// Title and paragraphs, normalised, with the punctuation that names and figures are told by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// The title.
    pub title: String,
    /// The text, one line a paragraph.
    pub text: String,
}

/// Normalises title and text.
pub fn clean(title: &str, text: &str, tables: &Tables) -> Cleaned {
    let chrome = &tables.chrome;
    let title = cut_end(&fold(bounded(title), &tables.hanzi).replace('\n', ""));
    let mut body = fold(&without_addresses(bounded(text)), &tables.hanzi);
    for phrase in &chrome.cut {
        if body.contains(phrase.as_str()) {
            body = body.replace(phrase.as_str(), "\n");
        }
    }
    Cleaned { title, text: article_lines(&body, chrome).join("\n") }
}

/// The article's own words: without signature and without what comes before them. Gives the signature too.
pub(super) fn own_words<'a>(text: &'a str, chrome: &Chrome) -> (&'a str, Option<&'a str>) {
    let (rest, signature) = without_signature(text, chrome);
    (without_lead(rest, chrome), signature)
}

fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text)
}

/// Titles cut short end in dots.
fn cut_end(title: &str) -> String {
    title.trim_end_matches(['.', '…', '·']).to_owned()
}

/// NFKC, lower case, no invisible characters, no readings in brackets, simplified, no spaces but between Latin words.
pub(super) fn fold(text: &str, hanzi: &Hanzi) -> String {
    let plain = |c: char| matches!(c, ' '..='~' | '\n' | '\u{4e00}'..='\u{9fff}' | '、'..='】' | '“' | '”' | '—' | '·');
    let narrow: String = if text.chars().all(|c| plain(c) || full_width(c).is_some()) {
        text.chars().map(|c| full_width(c).unwrap_or(c)).collect()
    } else {
        text.nfkc().collect()
    };
    let visible: Vec<char> =
        narrow.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    let mut folded = String::with_capacity(narrow.len());
    let mut at = 0;
    let mut before = '\n';
    while let Some(&c) = visible.get(at) {
        let simple = hanzi.simplified(c);
        let after = visible.get(at + 1).copied().unwrap_or('\n');
        at += 1;
        if c == '\n' || c == '\r' || c == '\u{2028}' || c == '\u{2029}' {
            if before != '\n' {
                folded.push('\n');
            }
            before = '\n';
            continue;
        }
        if c.is_whitespace() {
            if is_latin(before) && is_latin(after) {
                folded.push(' ');
            }
            continue;
        }
        folded.push(simple);
        before = simple;
        if after == '(' && is_han(c) {
            at += pinyin_after(visible.get(at..).unwrap_or_default(), simple != c);
        }
    }
    folded
}

/// The text without web addresses, which name copies, not stories.
fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("http") {
        let (before, address) = rest.split_at(at);
        let is_address = address.starts_with("http://") || address.starts_with("https://");
        let end = address.find(|c: char| !c.is_ascii_graphic()).unwrap_or(address.len());
        kept.push_str(before);
        kept.push(' ');
        let end = if is_address { end } else { "http".len() };
        if !is_address {
            kept.push_str("http");
        }
        rest = address.get(end..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

fn full_width(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{3000}' | '\u{a0}' | '\t' => Some(' '),
        _ => None,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{202a}'..='\u{202e}' | '\u{feff}' | '\u{ad}' | '\u{180e}' | '\u{fe00}'..='\u{fe0f}')
        || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}

/// Characters of a reading in brackets that begins here (`(yè)`), brackets included; 0 when it is none. A reading
/// without tones only counts after a traditional character, since rehosts only put them there.
fn pinyin_after(text: &[char], is_traditional: bool) -> usize {
    let inside = text.iter().skip(1).take(MAX_PINYIN_CHARS + 1);
    let Some(n) = inside.clone().position(|c| *c == ')').filter(|n| *n > 0) else { return 0 };
    let reading = || inside.clone().take(n);
    let tone = |c: &char| "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿ".contains(*c);
    let all = reading().all(|c| c.is_ascii_lowercase() || tone(c));
    let told = is_traditional || reading().any(tone);
    if all && told { n + 2 } else { 0 }
}

/// The lines of the article itself.
fn article_lines<'a>(body: &'a str, chrome: &Chrome) -> Vec<&'a str> {
    let mut lines = Vec::new();
    let mut n_letters = 0;
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let begins = |words: &[String]| words.iter().any(|word| line.starts_with(word.as_str()));
        if n_letters >= chrome.tail_after_letters && begins(&chrome.tail_starts) {
            break;
        }
        if begins(&chrome.line_starts) && line.chars().count() <= chrome.line_chars {
            continue;
        }
        n_letters += line.chars().count();
        lines.push(line);
    }
    lines
}

/// Takes brackets off the end that say who wrote it; gives a bureau's words, or the last one's.
fn without_signature<'a>(text: &'a str, chrome: &Chrome) -> (&'a str, Option<&'a str>) {
    let (mut rest, mut found) = (text, None);
    for _ in 0..MAX_ROUNDS {
        let Some((start, words)) = signature(rest, chrome) else { break };
        if words.ends_with('局') || found.is_none() {
            found = Some(words);
        }
        rest = rest.get(..start).unwrap_or_default().trim_end();
    }
    (rest, found)
}

fn signature<'a>(line: &'a str, chrome: &Chrome) -> Option<(usize, &'a str)> {
    let inner = line.strip_suffix(')')?;
    let start = inner.rfind('(')?;
    let words = inner.get(start + 1..)?;
    let whole = line.get(start..)?;
    let told = chrome.signatures.iter().any(|word| whole.contains(word.as_str()));
    (told && words.chars().count() <= chrome.signature_chars).then_some((start, words))
}

/// The text without what comes before it: agency, reporter, «these days», a date.
fn without_lead<'a>(line: &'a str, chrome: &Chrome) -> &'a str {
    let mut rest = line;
    for _ in 0..MAX_ROUNDS {
        let shorter = without_filler(without_agency(rest, chrome), chrome);
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    rest
}

fn without_agency<'a>(line: &'a str, chrome: &Chrome) -> &'a str {
    if !chrome.lead_starts.iter().any(|word| line.starts_with(word.as_str())) {
        return line;
    }
    if let Some((_, rest)) = line
        .split_once(')')
        .filter(|(inside, _)| line.starts_with('(') && inside.len() < 3 * chrome.lead_chars)
    {
        return rest.trim_start_matches([':', ',']);
    }
    let reach = line.char_indices().nth(chrome.lead_chars).map_or(line.len(), |(at, _)| at);
    let head = line.get(..reach).unwrap_or(line);
    let cut = chrome.lead_ends.iter().find_map(|end| head.find(end.as_str()).map(|at| at + end.len()));
    let rest = cut.and_then(|at| line.get(at..)).unwrap_or(line);
    rest.trim_start_matches([':', ')', '|', ' ', ','])
}

fn without_filler<'a>(line: &'a str, chrome: &Chrome) -> &'a str {
    let word =
        chrome.fillers.iter().filter(|word| line.starts_with(word.as_str())).max_by_key(|word| word.len());
    let rest = match word {
        Some(word) => line.get(word.len()..).unwrap_or(line),
        None => line.get(date_length(line)..).unwrap_or(line),
    };
    let rest = rest
        .strip_prefix('(')
        .and_then(|rest| {
            let n = date_length(rest);
            rest.get(n..).filter(|_| n > 0)?.strip_prefix(')')
        })
        .unwrap_or(rest);
    if rest.len() == line.len() { line } else { rest.trim_start_matches([',', '、', ':']) }
}

/// Bytes of a date at the beginning: `2025年12月3日`, `12月3日`, `3日`, `12月3日至5日`.
pub(super) fn date_length(text: &str) -> usize {
    let mut at = 0;
    let mut end = 0;
    let mut digits = 0;
    for c in text.chars().take(24) {
        at += c.len_utf8();
        match c {
            '0'..='9' => digits += 1,
            '年' | '月' if digits > 0 => digits = 0,
            '日' if digits > 0 => {
                digits = 0;
                end = at;
            }
            '至' | '-' | '—' | '~' => {}
            _ => break,
        }
    }
    end
}
