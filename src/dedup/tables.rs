//! The data that features are told by: chrome, places, names, characters. Read once, from text.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::{additions::Additions, hanzi::Hanzi, places::Places, settings::REVISION_CHARS, shingles};

/// What the tables are read from.
#[derive(Debug, Clone, Copy)]
pub struct TableTexts<'a> {
    /// `config/chrome.toml`.
    pub chrome: &'a str,
    /// `config/places.toml`.
    pub places: &'a str,
    /// `config/names.toml`.
    pub names: &'a str,
    /// `config/hanzi.txt`.
    pub hanzi: &'a str,
}

/// The tables as they are shipped.
pub const SHIPPED: TableTexts<'static> = TableTexts {
    chrome: include_str!("../../config/chrome.toml"),
    places: include_str!("../../config/places.toml"),
    names: include_str!("../../config/names.toml"),
    hanzi: include_str!("../../config/hanzi.txt"),
};

/// Why tables cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// A table is no TOML of its shape.
    #[error("`{table}` cannot be read")]
    Toml {
        /// Which.
        table: &'static str,
        /// Why.
        source: toml::de::Error,
    },
    /// The words of a table make no matcher.
    #[error("the words of `{table}` cannot be searched for")]
    Words {
        /// Which.
        table: &'static str,
        /// Why.
        source: aho_corasick::BuildError,
    },
}

/// Chrome, places, names and characters, ready for use.
#[derive(Debug)]
pub struct Tables {
    pub(super) chrome: Chrome,
    pub(super) places: Places,
    pub(super) names: Names,
    pub(super) hanzi: Hanzi,
    /// Shingles of what every story says, sorted.
    pub(super) boilerplate: Vec<u32>,
}

/// `config/chrome.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chrome {
    pub(super) line_chars: usize,
    pub(super) line_starts: Vec<String>,
    pub(super) tail_after_letters: usize,
    pub(super) tail_starts: Vec<String>,
    pub(super) cut: Vec<String>,
    pub(super) lead_chars: usize,
    pub(super) lead_starts: Vec<String>,
    pub(super) lead_ends: Vec<String>,
    pub(super) fillers: Vec<String>,
    pub(super) signature_chars: usize,
    pub(super) signatures: Vec<String>,
    pub(super) boilerplate: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesFile {
    province_ends: Vec<String>,
    city_ends: Vec<String>,
    bureau: Vec<String>,
    chief: Vec<String>,
    deputy: Vec<String>,
    offices: Vec<String>,
    surnames: String,
    after_name: String,
    states: Vec<StatesFile>,
    future: Vec<String>,
    correction: Vec<String>,
    about: Vec<String>,
    synonyms: Vec<String>,
    common: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatesFile {
    words: Vec<Vec<String>>,
}

/// What a name or title of office becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Canonical {
    Bureau,
    Chief,
    Deputy,
    /// The first word of a row of synonyms.
    Word(usize),
}

/// Names and telling words, ready for use.
#[derive(Debug)]
pub(super) struct Names {
    /// Bureaus' and offices' names; the pattern's number gives what it becomes.
    pub(super) canonical: AhoCorasick,
    pub(super) becomes: Vec<Canonical>,
    pub(super) offices: AhoCorasick,
    pub(super) surnames: Vec<char>,
    pub(super) after_name: Vec<char>,
    /// Words of states; the pattern's number gives group and state.
    pub(super) states: AhoCorasick,
    pub(super) state_of: Vec<(u8, u8)>,
    pub(super) future: AhoCorasick,
    pub(super) correction: AhoCorasick,
    pub(super) about: AhoCorasick,
    /// The word that each row of synonyms becomes.
    pub(super) synonyms: Vec<String>,
    /// Words that are no names.
    pub(super) common: Arc<HashSet<String>>,
}

impl Tables {
    /// Reads tables.
    pub fn parse(texts: &TableTexts) -> Result<Self, TablesError> {
        Self::with(texts, &Additions::default())
    }

    /// The shipped tables with further rows.
    pub fn shipped_with(more: &Additions) -> Result<Self, TablesError> {
        Self::with(&SHIPPED, more)
    }

    fn with(texts: &TableTexts, more: &Additions) -> Result<Self, TablesError> {
        let toml = |table, source| TablesError::Toml { table, source };
        let hanzi = Hanzi::parse(texts.hanzi);
        let more = more.folded(&hanzi);
        let mut chrome: Chrome = toml::from_str(texts.chrome).map_err(|e| toml("chrome", e))?;
        chrome.extend(&more);
        let places = Places::parse(texts.places, &more)?;
        let mut names: NamesFile = toml::from_str(texts.names).map_err(|e| toml("names", e))?;
        names.extend(&more);
        let names = Names::new(names, &places)?;
        let mut boilerplate = Vec::new();
        for phrase in &chrome.boilerplate {
            boilerplate.extend(shingles::hashes(&super::names::letters_of(phrase, &names)));
        }
        boilerplate.sort_unstable();
        Ok(Self { chrome, places, names, hanzi, boilerplate })
    }

    /// The shipped tables; a test holds that they can be read.
    pub fn shipped() -> &'static Self {
        static SHIPPED_TABLES: LazyLock<Option<Tables>> = LazyLock::new(|| Tables::parse(&SHIPPED).ok());
        static NONE: LazyLock<Tables> = LazyLock::new(Tables::empty);
        SHIPPED_TABLES.as_ref().unwrap_or_else(|| &NONE)
    }

    /// Words that are no names, for [`super::Settings`].
    pub fn common_words(&self) -> &Arc<HashSet<String>> {
        &self.names.common
    }

    /// Names the tables that these additions make, and the way in which features are made of them: features that others
    /// made have another name and are made anew.
    pub fn revision(more: &Additions) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&MADE_AS.to_le_bytes());
        for text in [SHIPPED.chrome, SHIPPED.places, SHIPPED.names, SHIPPED.hanzi] {
            hasher.update(text.as_bytes());
        }
        hasher.update(format!("{more:?}").as_bytes());
        hasher.finalize().to_hex().chars().take(REVISION_CHARS).collect()
    }

    /// The simplified form of a character; its own where it has none.
    pub fn simplified(&self, c: char) -> char {
        self.hanzi.simplified(c)
    }

    fn empty() -> Self {
        let texts = TableTexts { chrome: EMPTY_CHROME, places: "", names: EMPTY_NAMES, hanzi: "" };
        match Self::parse(&texts) {
            Ok(tables) => tables,
            // Constants, read by a test.
            Err(error) => unreachable!("the empty tables can be read: {error}"),
        }
    }
}

/// How features are made of a text and its tables; to be raised when the same ones give others.
const MADE_AS: u32 = 1;

/// Tables without rows.
const EMPTY_CHROME: &str = "line_chars=0\nline_starts=[]\ntail_after_letters=0\ntail_starts=[]\ncut=[]\nlead_chars=0\n\
    lead_starts=[]\nlead_ends=[]\nfillers=[]\nsignature_chars=0\nsignatures=[]\nboilerplate=[]";
const EMPTY_NAMES: &str = "province_ends=[]\ncity_ends=[]\nbureau=[]\nchief=[]\ndeputy=[]\noffices=[]\nsurnames=''\nafter_name=''\nstates=[]\nfuture=[]\n\
    correction=[]\nabout=[]\nsynonyms=[]\ncommon=''";

impl Chrome {
    fn extend(&mut self, more: &Additions) {
        let lists = [
            (&mut self.line_starts, &more.line_starts),
            (&mut self.tail_starts, &more.tail_starts),
            (&mut self.cut, &more.cut),
            (&mut self.lead_starts, &more.lead_starts),
            (&mut self.fillers, &more.fillers),
            (&mut self.signatures, &more.signatures),
            (&mut self.boilerplate, &more.boilerplate),
        ];
        for (list, words) in lists {
            list.extend(words.iter().cloned());
        }
    }
}

impl NamesFile {
    fn extend(&mut self, more: &Additions) {
        let lists = [
            (&mut self.bureau, &more.bureau),
            (&mut self.chief, &more.chief),
            (&mut self.deputy, &more.deputy),
            (&mut self.offices, &more.offices),
            (&mut self.future, &more.future),
            (&mut self.correction, &more.correction),
            (&mut self.about, &more.about),
        ];
        for (list, words) in lists {
            list.extend(words.iter().cloned());
        }
        self.synonyms.extend(more.synonyms.iter().map(|row| row.join(" ")));
        for word in &more.common {
            self.common.push(' ');
            self.common.push_str(word);
        }
    }
}

/// Kinds of words before the rows of synonyms: bureaus, chiefs, deputies.
const BUREAU_KINDS: usize = 3;

impl Names {
    fn new(file: NamesFile, places: &Places) -> Result<Self, TablesError> {
        let mut bureaus = file.bureau;
        for (short, full) in places.province_names() {
            let with_ends =
                |name: &str| file.province_ends.iter().map(|end| format!("{name}{end}")).collect::<Vec<_>>();
            bureaus.extend(with_ends(short));
            bureaus.extend(with_ends(full));
        }
        let words = |row: &str| row.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut kinds = vec![
            (bureaus, Canonical::Bureau),
            (file.chief, Canonical::Chief),
            (file.deputy, Canonical::Deputy),
        ];
        kinds.extend(file.synonyms.iter().enumerate().map(|(row, text)| (words(text), Canonical::Word(row))));
        for city in places.city_names() {
            let row = kinds.len() - BUREAU_KINDS;
            let spellings = file.city_ends.iter().map(|end| format!("{city}{end}")).collect();
            kinds.push((spellings, Canonical::Word(row)));
        }
        let own = file.synonyms.iter().map(|row| words(row).into_iter().next().unwrap_or_default());
        let synonyms = own.chain(places.city_names().map(|city| format!("{city}局"))).collect();
        let (words, becomes): (Vec<String>, Vec<Canonical>) = kinds
            .into_iter()
            .flat_map(|(words, kind)| words.into_iter().map(move |word| (word, kind)))
            .unzip();
        let mut state_words = Vec::new();
        let mut state_of = Vec::new();
        for (group, states) in (0u8..).zip(file.states) {
            for (state, words) in (0u8..).zip(states.words) {
                state_of.extend(words.iter().map(|_| (group, state)));
                state_words.extend(words);
            }
        }
        let table = "names";
        Ok(Self {
            canonical: matcher(&words, table)?,
            becomes,
            offices: matcher(&file.offices, table)?,
            surnames: file.surnames.chars().collect(),
            after_name: file.after_name.chars().collect(),
            states: matcher(&state_words, table)?,
            state_of,
            future: matcher(&file.future, table)?,
            correction: matcher(&file.correction, table)?,
            about: matcher(&file.about, table)?,
            synonyms,
            common: Arc::new(file.common.split_whitespace().map(str::to_owned).collect()),
        })
    }
}

/// Finds the leftmost words, the longest of those that begin at one place.
pub(super) fn matcher(words: &[String], table: &'static str) -> Result<AhoCorasick, TablesError> {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(words)
        .map_err(|source| TablesError::Words { table, source })
}
