//! What a person typed into a search, as phrases that must or must not stand in a story.
//!
//! **Invariant:** any text is a query; nothing of it is an error, and nothing of it reaches the database as syntax.

use std::fmt;

use super::fold::{Folded, is_han_run};

/// Characters of a query that are read.
pub const MAX_QUERY_CHARS: usize = 200;
/// Phrases of a query that count.
const MAX_PHRASES: usize = 16;
/// Marks that open a quotation, each with the one that closes it.
const QUOTES: [(char, char); 8] =
    [('"', '"'), ('＂', '＂'), ('“', '”'), ('„', '”'), ('「', '」'), ('『', '』'), ('«', '»'), ('《', '》')];
/// Marks that exclude what follows.
const MINUS: [char; 4] = ['-', '－', '−', '–'];

/// A run, or several that stand one after another, folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phrase(String);

/// What the index is asked for a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Terms, one after another.
    pub terms: Vec<String>,
    /// Whether the last of them may go on.
    pub is_open: bool,
}

/// Words that must stand in a story, all of them, and words that must not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    wanted: Vec<Phrase>,
    unwanted: Vec<Phrase>,
}

impl Phrase {
    fn of(text: &str) -> Option<Self> {
        let folded = Folded::of(text);
        (!folded.as_str().is_empty()).then(|| Self(folded.as_str().to_owned()))
    }

    /// Its runs.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the index is asked. The last character of Han text may be followed by more, so that it counts only where it
    /// stands alone, and then as the beginning of a pair.
    pub fn sought(&self) -> Sought {
        let terms = super::fold::terms(&self.0);
        let mut terms: Vec<String> = terms.split(' ').map(str::to_owned).collect();
        let last_run = self.0.rsplit(' ').next().unwrap_or_default();
        let is_han = is_han_run(last_run);
        let is_alone = last_run.chars().nth(1).is_none();
        if is_han && !is_alone {
            terms.pop();
        }
        Sought { terms, is_open: is_han && is_alone }
    }
}

impl Query {
    /// Reads what was typed: words are looked for together, quotation marks keep words in their order, a minus excludes.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let text: Vec<char> = text.chars().take(MAX_QUERY_CHARS).collect();
        let mut rest = text.as_slice();
        while let Some((&c, after)) = rest.split_first() {
            if c.is_whitespace() {
                rest = after;
                continue;
            }
            let excludes = MINUS.contains(&c);
            let from = if excludes { after } else { rest };
            let (piece, left) = piece(from);
            rest = left;
            query.add(&piece, excludes);
        }
        query
    }

    fn add(&mut self, piece: &str, excludes: bool) {
        if self.wanted.len() + self.unwanted.len() >= MAX_PHRASES {
            return;
        }
        let Some(phrase) = Phrase::of(piece) else { return };
        let phrases = if excludes { &mut self.unwanted } else { &mut self.wanted };
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// What must stand in a story.
    pub fn wanted(&self) -> &[Phrase] {
        &self.wanted
    }

    /// What must not.
    pub fn unwanted(&self) -> &[Phrase] {
        &self.unwanted
    }

    /// Whether a story is found by it: `parts` are its title, its text and the like. The same as the index would say.
    pub fn matches(&self, parts: &[Folded]) -> bool {
        let stands = |phrase: &Phrase| parts.iter().any(|part| part.contains(&phrase.0));
        self.wanted.iter().all(stands) && !self.unwanted.iter().any(stands)
    }
}

/// The query in one spelling, whatever was typed: the name of what it finds, for caches and titles of feeds.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = |sign: &'static str, phrases: &[Phrase]| -> Vec<String> {
            let quoted = |phrase: &Phrase| {
                let mark = if phrase.0.contains(' ') { "\"" } else { "" };
                format!("{sign}{mark}{}{mark}", phrase.0)
            };
            phrases.iter().map(quoted).collect()
        };
        let mut words = signed("", &self.wanted);
        words.extend(signed("-", &self.unwanted));
        f.write_str(&words.join(" "))
    }
}

/// The word or quotation that a text begins with, and what follows it. An open quotation ends with the text.
fn piece(text: &[char]) -> (String, &[char]) {
    let opened = text.first().and_then(|c| QUOTES.iter().find(|(open, _)| open == c));
    if let Some((_, close)) = opened {
        let inside = text.get(1..).unwrap_or_default();
        let n = inside.iter().position(|c| c == close).unwrap_or(inside.len());
        let (quoted, rest) = inside.split_at(n);
        return (quoted.iter().collect(), rest.get(1..).unwrap_or_default());
    }
    let ends = |c: &char| c.is_whitespace() || QUOTES.iter().any(|(open, _)| open == c);
    let n = text.iter().position(ends).unwrap_or(text.len());
    let (word, rest) = text.split_at(n);
    (word.iter().collect(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_becomes_phrases() {
        let check =
            |text: &str, expected: &str| assert_eq!(Query::parse(text).to_string(), expected, "{text}");
        check("快递进村", "快递进村");
        check("  快递　進村 ", "快递 进村");
        check("\"快递 进村\"", "\"快递 进村\"");
        check("“快递进村” -江西", "快递进村 -江西");
        check("快递－进村", "\"快递 进村\"");
        check("-快递 邮政", "邮政 -快递");
        check("- 快递", "快递");
        check("--快递", "-快递");
        check("\"快递", "快递");
        check("快递\"进村", "快递 进村");
        check("快递 快递 快遞", "快递");
        check("-「安全 生产」EMS", "ems -\"安全 生产\"");
        check("title:快递 OR * NEAR(a b)", "\"title 快递\" or \"near a\" b");
        for nothing in ["", " ", "-", "\"", "\"\"", "!?", "-\"-\"", "()*^:"] {
            assert!(Query::parse(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn long_queries_are_cut() {
        assert_eq!(Query::parse(&"快".repeat(5_000)).wanted[0].0.chars().count(), MAX_QUERY_CHARS);
        let words: Vec<String> = (0..99).map(|n| n.to_string()).collect();
        assert_eq!(Query::parse(&words.join(" ")).wanted.len(), MAX_PHRASES);
    }

    #[test]
    fn the_index_is_asked_for_pairs() {
        let check = |text: &str, terms: &[&str], is_open: bool| {
            let query = Query::parse(text);
            assert_eq!(
                query.wanted[0].sought(),
                Sought { terms: terms.iter().map(|&t| t.into()).collect(), is_open }
            );
        };
        check("快递进村", &["快递", "递进", "进村"], false);
        check("办公", &["办公"], false);
        check("村", &["村"], true);
        check("2026年", &["2026", "年"], true);
        check("快递EMS", &["快递", "递", "ems"], false);
        check("\"快递 进村\"", &["快递", "递", "进村"], false);
    }

    #[test]
    fn a_query_says_of_a_text_what_the_index_would() {
        let parts = [Folded::of("快递进村"), Folded::of("江西省邮政管理局 EMS 2026")];
        let check = |text: &str, expected: bool| {
            assert_eq!(Query::parse(text).matches(&parts), expected, "{text}");
        };
        for found in ["快递", "進村", "江西 快递", "-安全", "邮", "ems", "\"管理局 ems\"", "快递 -山西", ""]
        {
            check(found, true);
        }
        for missed in ["快递 -江西", "em", "进村 江", "\"进村 江西\"", "202", "递快"] {
            check(missed, missed == "进村 江");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_query_and_reading_it_again_changes_nothing(text in ".{0,300}") {
            let query = Query::parse(&text);
            let again = Query::parse(&query.to_string());
            // A long query may be cut anew, since its one spelling has quotation marks of its own.
            if query.to_string().chars().count() <= MAX_QUERY_CHARS {
                proptest::prop_assert_eq!(query, again);
            }
        }
    }
}
