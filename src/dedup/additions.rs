//! Rows that an operator adds to the shipped tables: chrome, names, places.
//!
//! **Invariant:** they are folded as texts are, so that a word is found however its characters are written.

use std::collections::BTreeMap;

use super::{hanzi::Hanzi, normalise::fold};

/// Rows to be added to the shipped tables; the lists are named as in `config/chrome.toml`, `names.toml`, `places.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Additions {
    /// Chrome: short lines that begin so are dropped.
    pub line_starts: Vec<String>,
    /// Chrome: a line that begins so ends the article.
    pub tail_starts: Vec<String>,
    /// Chrome: cut wherever they stand.
    pub cut: Vec<String>,
    /// Chrome: what begins so stands before the text proper.
    pub lead_starts: Vec<String>,
    /// Chrome: words for «these days».
    pub fillers: Vec<String>,
    /// Chrome: a bracket at an article's end with one of these is a signature.
    pub signatures: Vec<String>,
    /// Chrome: what every story says and none is known by.
    pub boilerplate: Vec<String>,
    /// Names: what a bureau calls itself.
    pub bureau: Vec<String>,
    /// Names: titles of whoever leads it.
    pub chief: Vec<String>,
    /// Names: titles of the others who lead it.
    pub deputy: Vec<String>,
    /// Names: offices whose holder a story is about.
    pub offices: Vec<String>,
    /// Names: words of announcements.
    pub future: Vec<String>,
    /// Names: words by which a correction says so.
    pub correction: Vec<String>,
    /// Names: words of titles of texts about a story.
    pub about: Vec<String>,
    /// Names: rows of words for one thing; each becomes the first of its row.
    pub synonyms: Vec<Vec<String>>,
    /// Names: words that are no names.
    pub common: Vec<String>,
    /// Places: phrases in which a place's name is none.
    pub not_places: Vec<String>,
    /// Places: names by code of their province.
    pub cities: BTreeMap<String, Vec<String>>,
    /// Places: names that count only before 市, 州, 盟, 地区 or 局, by code of their province.
    pub marked: BTreeMap<String, Vec<String>>,
}

impl Additions {
    /// Each list of words.
    pub fn lists_mut(&mut self) -> impl Iterator<Item = &mut Vec<String>> {
        [
            &mut self.line_starts,
            &mut self.tail_starts,
            &mut self.cut,
            &mut self.lead_starts,
            &mut self.fillers,
            &mut self.signatures,
            &mut self.boilerplate,
            &mut self.bureau,
            &mut self.chief,
            &mut self.deputy,
            &mut self.offices,
            &mut self.future,
            &mut self.correction,
            &mut self.about,
            &mut self.common,
            &mut self.not_places,
        ]
        .into_iter()
        .chain(&mut self.synonyms)
        .chain(self.cities.values_mut())
        .chain(self.marked.values_mut())
    }

    /// The same as they read in a text that is compared.
    pub(super) fn folded(&self, hanzi: &Hanzi) -> Self {
        let mut folded = self.clone();
        for list in folded.lists_mut() {
            for word in list.iter_mut() {
                *word = fold(word, hanzi);
            }
            list.retain(|word| !word.is_empty());
        }
        folded
    }
}
