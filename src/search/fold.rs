//! A text as it is searched: one width, one case, one script, runs of Han characters and words with one space between.
//!
//! Runs are what the index and queries have in common: a word or a number is found whole, Han text by any part of it.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::dedup::Tables;

/// Longest word of letters and digits, in characters; what follows is left out of the index and of queries alike.
const MAX_WORD_CHARS: usize = 64;

/// What a character is to a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Written without spaces between words.
    Han,
    /// Of a word or number.
    Word,
    /// Ends a run.
    Break,
    /// As if it were not there.
    Nothing,
}

/// A folded text with the way back to where each of its characters stood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// Runs with one space between.
    text: String,
    /// For each character: its place in `text`, and the start and end of what it was made of, in bytes.
    places: Vec<(usize, usize, usize)>,
}

impl Folded {
    /// Folds a text.
    pub fn of(text: &str) -> Self {
        let tables = Tables::shipped();
        let mut folded =
            Self { text: String::with_capacity(text.len()), places: Vec::with_capacity(text.len() / 2) };
        let mut run = Run { class: Class::Break, n_chars: 0 };
        for (at, c) in text.char_indices() {
            let span = (at, at + c.len_utf8());
            if c.is_ascii() {
                folded.push(c.to_ascii_lowercase(), span, &mut run);
            } else if matches!(c, '\u{4e00}'..='\u{9fff}') {
                folded.push(tables.simplified(c), span, &mut run);
            } else {
                for part in std::iter::once(c).nfkd().flat_map(char::to_lowercase) {
                    folded.push(tables.simplified(part), span, &mut run);
                }
            }
        }
        folded
    }

    /// The runs.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn push(&mut self, c: char, (start, end): (usize, usize), run: &mut Run) {
        let class = class(c);
        match class {
            Class::Nothing => return,
            Class::Break => {
                run.class = Class::Break;
                return;
            }
            Class::Han | Class::Word => {}
        }
        if run.class != class {
            if !self.text.is_empty() {
                self.places.push((self.text.len(), start, start));
                self.text.push(' ');
            }
            *run = Run { class, n_chars: 0 };
        }
        run.n_chars += 1;
        if class == Class::Word && run.n_chars > MAX_WORD_CHARS {
            return;
        }
        self.places.push((self.text.len(), start, end));
        self.text.push(c);
    }

    /// Where a folded phrase stands in the text that was folded, as byte ranges in order, `limit` at most.
    pub fn find(&self, phrase: &str, limit: usize) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut from = 0;
        while found.len() < limit {
            let Some(at) = next(&self.text, phrase, from) else { break };
            let end = at + phrase.len();
            found.push((self.start_of(at), self.end_before(end)));
            from = end;
        }
        found
    }

    /// Whether a folded phrase stands in it.
    pub fn contains(&self, phrase: &str) -> bool {
        next(&self.text, phrase, 0).is_some()
    }

    fn start_of(&self, at: usize) -> usize {
        let i = self.places.partition_point(|place| place.0 < at);
        self.places.get(i).map_or(0, |place| place.1)
    }

    fn end_before(&self, end: usize) -> usize {
        let i = self.places.partition_point(|place| place.0 < end);
        i.checked_sub(1).and_then(|last| self.places.get(last)).map_or(0, |place| place.2)
    }
}

struct Run {
    class: Class,
    n_chars: usize,
}

/// The next place of a phrase: Han text anywhere, words whole.
fn next(text: &str, phrase: &str, from: usize) -> Option<usize> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c != ' ' && class(c) == Class::Word);
    let (first, last) = (phrase.chars().next()?, phrase.chars().next_back());
    let (whole_start, whole_end) = (is_word(Some(first)), is_word(last));
    let mut from = from;
    loop {
        let at = from + text.get(from..)?.find(phrase)?;
        let end = at + phrase.len();
        let begins = !whole_start || !is_word(text.get(..at)?.chars().next_back());
        let ends = !whole_end || !is_word(text.get(end..)?.chars().next());
        if begins && ends {
            return Some(at);
        }
        from = at + first.len_utf8();
    }
}

fn class(c: char) -> Class {
    match c {
        '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{20000}'..='\u{323af}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '々'
        | '〇' => Class::Han,
        '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{ad}'
        | '\u{fe00}'..='\u{fe0f}' => Class::Nothing,
        c if is_combining_mark(c) => Class::Nothing,
        c if c.is_alphanumeric() => Class::Word,
        _ => Class::Break,
    }
}

/// Whether a run is of Han characters.
pub(super) fn is_han_run(run: &str) -> bool {
    run.chars().next().is_some_and(|c| class(c) == Class::Han)
}

/// The terms of folded text, for the index: of Han text every character with the one after it, and the last of a run
/// alone; words as they are.
pub fn terms(folded: &str) -> String {
    let mut terms = String::with_capacity(folded.len() * 3);
    for run in folded.split(' ').filter(|run| !run.is_empty()) {
        if !is_han_run(run) {
            separate(&mut terms);
            terms.push_str(run);
            continue;
        }
        let mut chars = run.chars().peekable();
        while let Some(c) = chars.next() {
            separate(&mut terms);
            terms.push(c);
            terms.extend(chars.peek());
        }
    }
    terms
}

fn separate(terms: &mut String) {
    if !terms.is_empty() {
        terms.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_folds_into_runs() {
        let check = |text: &str, expected: &str| assert_eq!(Folded::of(text).as_str(), expected, "{text}");
        check("快递进村", "快递进村");
        check("快遞進村", "快递进村");
        check("ＥＭＳ２０２６年", "ems2026 年");
        check("  《快递，进村》!", "快递 进村");
        check("Café\u{301} é", "cafe e");
        check("快\u{200b}递", "快递");
        check("covid-19", "covid 19");
        check("㈱", "株");
        check("", "");
        check("！？。", "");
        check(&"a".repeat(100), &"a".repeat(64));
    }

    #[test]
    fn han_terms_overlap_and_words_stay_whole() {
        let check = |folded: &str, expected: &str| assert_eq!(terms(folded), expected, "{folded}");
        check("快递进村", "快递 递进 进村 村");
        check("ems 2026 年", "ems 2026 年");
        check("快递 进村", "快递 递 进村 村");
        check("", "");
    }

    #[test]
    fn phrases_are_found_where_they_stood() {
        let check = |text: &str, phrase: &str, expected: &[&str]| {
            let folded = Folded::of(text);
            let found: Vec<&str> =
                folded.find(phrase, 9).into_iter().map(|(start, end)| &text[start..end]).collect();
            assert_eq!(found, expected, "{phrase} in {text}");
            assert_eq!(folded.contains(phrase), !expected.is_empty());
        };
        check("江西：快遞進村，快递。", "快递", &["快遞", "快递"]);
        check("快递，进村", "快递 进村", &["快递，进村"]);
        check("快递进村", "快递 进村", &[]);
        check("ＥＭＳ EMSX xems ems", "ems", &["ＥＭＳ", "ems"]);
        check("5G网络", "5g 网", &["5G网"]);
        check("村村通", "村", &["村", "村"]);
        check("aaaa", "aa", &[]);
        check("x", "", &[]);
    }
}
