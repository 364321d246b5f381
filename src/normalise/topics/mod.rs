//! Which subjects a text is about, by words.
//!
//! A subject is told by what is said of it in the title first of all, and by how often the text comes back to it; of all
//! that are told, the strongest few are kept. Precision goes first: a subject that a report only touches is left out.
//!
//! **Invariant:** the same title and text give the same subjects under the same rules, and their keys are sorted. They
//! are no part of the fingerprint, so that other rules change no entry.

#[cfg(test)]
mod tests;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{
    dedup::Tables,
    model::{Topic, Topics},
};

/// Version of how words are counted; a change of it makes stored entries be looked at again.
const VERSION: &str = "1";
/// Topics of one entry at most.
pub const MAX_TOPICS: usize = 4;
/// Bytes of a text that are looked at: the matter of a report stands at its beginning.
const MAX_TEXT_BYTES: usize = 6_000;
/// Points from which a topic is told.
const ENOUGH: u32 = 6;
/// A topic is left out that has less than this part of the strongest one's points, in per cent.
const MIN_PART_PERCENT: u32 = 25;
/// Points of a word in the title, of its first place in the text, and of each place after it.
const WORD: Points = Points { title: 6, first: 2, again: 1, most: 4 };
/// The same of a word that many texts hold.
const WEAK: Points = Points { title: 3, first: 1, again: 0, most: 1 };

/// What a word is worth.
#[derive(Debug, Clone, Copy)]
struct Points {
    title: u32,
    first: u32,
    again: u32,
    /// Of the text, all places together.
    most: u32,
}

/// A subject with the words by which it is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicRule {
    /// Its key and names.
    pub topic: Topic,
    /// Words that tell it by themselves.
    pub words: Vec<String>,
    /// Words that need others beside them.
    pub weak: Vec<String>,
    /// Phrases that hold such a word and mean something else.
    pub unless: Vec<String>,
}

/// The subjects, and the words by which they are found.
#[derive(Debug, Clone, Default)]
pub struct TopicRules {
    table: Topics,
    /// Finds all words of all subjects in one pass; `None` where there are none.
    finder: Option<AhoCorasick>,
    /// For each word of the finder: what it means to which subjects.
    meanings: Vec<Vec<Meaning>>,
    revision: String,
}

/// What a word means to a subject.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    /// Place of the subject in the table.
    topic: usize,
    /// What it is worth; `None` for a phrase that means something else.
    points: Option<Points>,
}

impl TopicRules {
    /// Makes rules; their order is the order in which people see the subjects.
    ///
    /// # Errors
    /// When the words are too many to be searched for.
    pub fn new(rules: Vec<TopicRule>) -> Result<Self, aho_corasick::BuildError> {
        let mut words: Vec<String> = Vec::new();
        let mut meanings: Vec<Vec<Meaning>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (topic, rule) in rules.iter().enumerate() {
            let lists = [(&rule.words, Some(WORD)), (&rule.weak, Some(WEAK)), (&rule.unless, None)];
            let all =
                lists.into_iter().flat_map(|(list, points)| list.iter().map(move |word| (word, points)));
            for (word, points) in all {
                let word = fold(word);
                if word.is_empty() {
                    continue;
                }
                let at = *places.entry(word.clone()).or_insert_with(|| {
                    words.push(word);
                    meanings.push(Vec::new());
                    words.len() - 1
                });
                if let Some(meanings) = meanings.get_mut(at) {
                    meanings.push(Meaning { topic, points });
                }
            }
        }
        // Overlapping finds need every match, whichever is longer.
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words)?;
        let revision = revision(&rules);
        let table = Topics::new(rules.into_iter().map(|rule| rule.topic).collect());
        Ok(Self { table, finder: (!words.is_empty()).then_some(finder), meanings, revision })
    }

    /// The subjects and their names.
    pub fn table(&self) -> &Topics {
        &self.table
    }

    /// Names these rules: other rules have another.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The keys of what a title and its text are about, sorted, at most [`MAX_TOPICS`].
    pub fn of(&self, title: &str, text: &str) -> Vec<String> {
        let mut points = vec![0; self.table.rows().len()];
        self.count(&fold(title), true, &mut points);
        let text = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text);
        self.count(&fold(text), false, &mut points);
        let mut told: Vec<(u32, &str)> = points
            .into_iter()
            .zip(self.table.rows())
            .filter(|(points, _)| *points >= ENOUGH)
            .map(|(points, topic)| (points, topic.key.as_str()))
            .collect();
        told.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
        let least = told.first().map_or(0, |(points, _)| points * MIN_PART_PERCENT / 100);
        let strongest = told.into_iter().filter(|(points, _)| *points >= least).take(MAX_TOPICS);
        let mut keys: Vec<String> = strongest.map(|(_, key)| key.to_owned()).collect();
        keys.sort();
        keys
    }

    /// Adds the points of the words that stand in a folded text.
    fn count(&self, text: &str, is_title: bool, points: &mut [u32]) {
        let Some(finder) = &self.finder else { return };
        let mut found: Vec<Found> = Vec::new();
        for hit in finder.find_overlapping_iter(text) {
            let word = hit.pattern().as_usize();
            let meanings = self.meanings.get(word).map(Vec::as_slice).unwrap_or_default();
            found.extend(meanings.iter().map(|meaning| Found {
                topic: meaning.topic,
                points: meaning.points,
                word,
                start: hit.start(),
                end: hit.end(),
            }));
        }
        // Within a subject from left to right, of those that begin together the longest first.
        found.sort_by_key(|found| (found.topic, found.start, std::cmp::Reverse(found.end)));
        for of_topic in found.chunk_by(|a, b| a.topic == b.topic) {
            if let Some(points) = of_topic.first().and_then(|first| points.get_mut(first.topic)) {
                *points += sum(of_topic, is_title);
            }
        }
    }
}

/// A word at its place.
#[derive(Debug, Clone, Copy)]
struct Found {
    topic: usize,
    points: Option<Points>,
    word: usize,
    start: usize,
    end: usize,
}

/// The points of one subject's words; a word inside a longer one, or inside a phrase that means something else, is none.
fn sum(found: &[Found], is_title: bool) -> u32 {
    let mut counted: Vec<(usize, u32, Points)> = Vec::new();
    let mut covered = 0;
    for hit in found {
        if hit.end <= covered {
            continue;
        }
        covered = hit.end;
        let Some(points) = hit.points else { continue };
        match counted.iter_mut().find(|(word, ..)| *word == hit.word) {
            Some((_, n, _)) => *n += 1,
            None => counted.push((hit.word, 1, points)),
        }
    }
    let worth = counted.into_iter().map(|(_, n, points)| {
        if is_title { points.title } else { (points.first + (n - 1) * points.again).min(points.most) }
    });
    worth.sum()
}

fn revision(rules: &[TopicRule]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut field = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for rule in rules {
        field(&rule.topic.key);
        for list in [&rule.words, &rule.weak, &rule.unless] {
            field(&list.len().to_string());
            for word in list {
                field(word);
            }
        }
    }
    let hash = hasher.finalize().to_hex();
    format!("{VERSION}:{}", hash.get(..16).unwrap_or_default())
}

/// One width, lower case, simplified characters, no spaces but between words of letters. Lines stay apart.
fn fold(text: &str) -> String {
    let tables = Tables::shipped();
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    let mut push = |c: char| {
        if c == '\n' {
            folded.push('\n');
            gap = false;
        } else if c.is_whitespace() {
            gap = true;
        } else {
            let is_word = |c: char| c.is_ascii_alphanumeric();
            if std::mem::take(&mut gap) && is_word(c) && folded.ends_with(is_word) {
                folded.push(' ');
            }
            folded.push(c);
        }
    };
    for c in text.chars() {
        match c {
            '\0'..='\u{7f}' => push(c.to_ascii_lowercase()),
            '\u{4e00}'..='\u{9fff}' => push(tables.simplified(c)),
            _ => unicode_normalization::UnicodeNormalization::nfkc(std::iter::once(c))
                .flat_map(char::to_lowercase)
                .for_each(|c| push(tables.simplified(c))),
        }
    }
    folded
}
