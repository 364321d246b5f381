//! A slice: which stories a feed or a page holds, and the one address under which it stands.
//!
//! Of one key, values are alternatives; different keys all have to hold. Keys that are not ours are ignored, values are
//! sorted and bounded, so that no choice of parameters makes two slices of one.

use std::borrow::Cow;

use url::form_urlencoded;

use super::{Place, page::Lang};
use crate::{
    model::{Bureaus, Region, SourceKey, Topics},
    search::{MAX_QUERY_CHARS, Query},
};

/// Longest query, in bytes as sent.
pub const MAX_QUERY_BYTES: usize = 2_000;
/// Values of one key at most.
pub const MAX_VALUES: usize = 40;
/// Longest key of a topic, in bytes.
const MAX_TOPIC_BYTES: usize = 64;

/// What a slice is cut by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Facet {
    /// Provinces.
    Region,
    /// Sources.
    Source,
    /// Topics.
    Topic,
}

impl Facet {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 3] = [Self::Region, Self::Source, Self::Topic];

    /// Its key in queries, and the first part of its labels.
    pub fn key(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Source => "source",
            Self::Topic => "topic",
        }
    }

    /// Its folder in paths.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Region => "regions",
            Self::Source => "sources",
            Self::Topic => "topics",
        }
    }

    /// The facet of a folder.
    pub fn of_folder(folder: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|facet| facet.folder() == folder)
    }

    fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|facet| facet.key() == key)
    }
}

/// Why a query names no slice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SliceError {
    /// The query as a whole.
    #[error("the query has {n_bytes} bytes; at most {MAX_QUERY_BYTES} are read")]
    QueryTooLong {
        /// Its bytes.
        n_bytes: usize,
    },
    /// The search text.
    #[error("`q` has {n_chars} characters; at most {MAX_QUERY_CHARS} are searched for")]
    WordsTooLong {
        /// Its characters.
        n_chars: usize,
    },
    /// One key.
    #[error("`{key}` has more than {MAX_VALUES} values")]
    TooMany {
        /// The key.
        key: &'static str,
    },
    /// One value.
    #[error("`{key}` does not take `{value}`; expected {expected}")]
    Invalid {
        /// The key.
        key: &'static str,
        /// What was given.
        value: String,
        /// What it should look like.
        expected: &'static str,
    },
}

/// Which stories are wanted; without anything set, all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice {
    /// Any of these provinces.
    pub regions: Vec<Region>,
    /// Any of these sources.
    pub sources: Vec<SourceKey>,
    /// Any of these topics.
    pub topics: Vec<String>,
    /// Words to be found, in the one spelling of the search; empty for none.
    pub words: String,
}

impl Slice {
    /// Reads a query, without its `?`. The values of a path come first; for its key the query is not asked.
    ///
    /// # Errors
    /// When it is too long, or a value cannot be one.
    pub fn parse(path: Option<(Facet, &str)>, query: &str) -> Result<Self, SliceError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(SliceError::QueryTooLong { n_bytes: query.len() });
        }
        let mut slice = Self::default();
        if let Some((facet, values)) = path {
            slice.add(facet, values)?;
        }
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match Facet::of_key(&key) {
                Some(facet) if path.is_some_and(|(named, _)| named == facet) => {}
                Some(facet) => slice.add(facet, &value)?,
                None if key == "q" => slice.add_words(&value)?,
                None => {}
            }
        }
        slice.sort()?;
        Ok(slice)
    }

    fn add(&mut self, facet: Facet, values: &str) -> Result<(), SliceError> {
        for value in values.split(',').map(str::trim).filter(|value| !value.is_empty()) {
            let invalid =
                |expected| SliceError::Invalid { key: facet.key(), value: shortened(value), expected };
            match facet {
                Facet::Region => {
                    let region = Region::parse(&value.to_ascii_uppercase());
                    self.regions.push(region.ok_or_else(|| invalid("a code of ISO 3166-2 such as `CN-GD`"))?);
                }
                Facet::Source => {
                    let source = SourceKey::parse(value);
                    self.sources.push(source.map_err(|_| invalid("the key of a source"))?);
                }
                Facet::Topic if is_topic_key(value) => self.topics.push(value.to_owned()),
                Facet::Topic => return Err(invalid("the key of a topic such as `safety`")),
            }
        }
        Ok(())
    }

    fn add_words(&mut self, value: &str) -> Result<(), SliceError> {
        let words = value.split_whitespace();
        let given = std::iter::once(self.words.as_str()).filter(|words| !words.is_empty());
        let all = given.chain(words).collect::<Vec<_>>().join(" ");
        let n_chars = all.chars().count();
        if n_chars > MAX_QUERY_CHARS {
            return Err(SliceError::WordsTooLong { n_chars });
        }
        if all.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            let expected = "text in UTF-8, percent-encoded";
            return Err(SliceError::Invalid { key: "q", value: shortened(&all), expected });
        }
        // In one spelling, whatever was typed.
        self.words = Query::parse(&all).to_string();
        Ok(())
    }

    fn sort(&mut self) -> Result<(), SliceError> {
        self.regions.sort_unstable();
        self.regions.dedup();
        self.sources.sort_unstable();
        self.sources.dedup();
        self.topics.sort_unstable();
        self.topics.dedup();
        for facet in Facet::ALL {
            if self.values(facet).len() > MAX_VALUES {
                return Err(SliceError::TooMany { key: facet.key() });
            }
        }
        Ok(())
    }

    /// The slice of one value.
    pub fn of(facet: Facet, value: &str) -> Result<Self, SliceError> {
        Self::parse(Some((facet, value)), "")
    }

    /// Whether it holds everything: the merged feed.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Its values of a facet, sorted.
    pub fn values(&self, facet: Facet) -> Vec<&str> {
        match facet {
            Facet::Region => self.regions.iter().map(Region::as_str).collect(),
            Facet::Source => self.sources.iter().map(SourceKey::as_str).collect(),
            Facet::Topic => self.topics.iter().map(String::as_str).collect(),
        }
    }

    /// The labels of which a story has at least one of each group.
    pub fn label_groups(&self) -> Vec<Vec<String>> {
        let group = |facet: Facet| -> Vec<String> {
            self.values(facet).iter().map(|value| format!("{}:{value}", facet.key())).collect()
        };
        Facet::ALL.into_iter().map(group).filter(|group| !group.is_empty()).collect()
    }

    /// What is searched for.
    pub fn search(&self) -> Query {
        Query::parse(&self.words)
    }

    /// Whether a story with these labels is in it, its words aside.
    pub fn holds(&self, labels: &[String]) -> bool {
        self.label_groups().iter().all(|group| group.iter().any(|label| labels.contains(label)))
    }

    /// The one value that it consists of.
    fn single(&self) -> Option<(Facet, &str)> {
        if !self.words.is_empty() {
            return None;
        }
        let mut all = Facet::ALL
            .into_iter()
            .flat_map(|facet| self.values(facet).into_iter().map(move |value| (facet, value)));
        all.next().filter(|_| all.next().is_none())
    }

    /// Where its feed stands: `feed`, `regions/CN-GD/feed`, or `feed?q=…&region=…`.
    pub fn place(&self) -> Place {
        match self.single() {
            Some((facet, value)) => Place::new(format!("{}/{value}/feed", facet.folder())),
            None => Place { stem: "feed".into(), query: self.query() },
        }
    }

    /// Path and query of its page for people, without leading `/`; empty for the home page.
    pub fn page(&self) -> String {
        match self.single() {
            Some((facet, value)) => format!("{}/{value}", facet.folder()),
            None if self.is_all() => String::new(),
            None => format!("search{}", self.query()),
        }
    }

    /// The query with its `?`, keys and values in order; empty when it holds everything.
    pub fn query(&self) -> String {
        let words = (!self.words.is_empty()).then(|| {
            let encoded: String = form_urlencoded::byte_serialize(self.words.as_bytes()).collect();
            format!("q={encoded}")
        });
        let lists = Facet::ALL.into_iter().filter_map(|facet| {
            let values = self.values(facet);
            (!values.is_empty()).then(|| format!("{}={}", facet.key(), values.join(",")))
        });
        let parts: Vec<String> = words.into_iter().chain(lists).collect();
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    /// The Atom id of its feed: that of the merged feed, or one made from it, so that it is the same after a restart and
    /// under another address.
    pub fn atom_id<'a>(&self, feed_atom_id: &'a str) -> Cow<'a, str> {
        if self.is_all() {
            return Cow::Borrowed(feed_atom_id);
        }
        let feed = uuid::Uuid::parse_str(feed_atom_id.trim_start_matches("urn:uuid:"));
        let space =
            feed.unwrap_or_else(|_| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, feed_atom_id.as_bytes()));
        let place = self.place();
        let name = format!("{}{}", place.stem, place.query);
        Cow::Owned(uuid::Uuid::new_v5(&space, name.as_bytes()).urn().to_string())
    }

    /// The title of its feed: that of the merged feed, and what it is cut by.
    pub fn title<'a>(&self, feed_title: &'a str, names: &Names) -> Cow<'a, str> {
        if self.is_all() {
            return Cow::Borrowed(feed_title);
        }
        Cow::Owned(format!("{feed_title} · {}", self.name(names)))
    }

    /// What it is cut by, for people.
    pub fn name(&self, names: &Names) -> String {
        let words = (!self.words.is_empty()).then(|| format!("“{}”", self.words));
        let lists = Facet::ALL.into_iter().filter_map(|facet| {
            let shown: Vec<Cow<str>> =
                self.values(facet).iter().map(|value| names.of(facet, value)).collect();
            (!shown.is_empty()).then(|| shown.join("、"))
        });
        lists.chain(words).collect::<Vec<_>>().join(" · ")
    }
}

/// What regions, topics and sources are called.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The regions.
    pub bureaus: &'a Bureaus,
    /// The topics.
    pub topics: &'a Topics,
    /// The sources: key and name.
    pub sources: &'a [(String, String)],
    /// The language in which regions and topics are named.
    pub lang: Lang,
}

impl Names<'_> {
    /// The name of a value, or the value where it has none.
    pub fn of<'a>(&self, facet: Facet, value: &'a str) -> Cow<'a, str> {
        let named = |name: &str| Cow::Owned(name.to_owned());
        let either =
            |zh: &str, en: &str| named(if self.lang == Lang::En && !en.is_empty() { en } else { zh });
        let known = match facet {
            Facet::Region => {
                let row = Region::parse(value).and_then(|region| self.bureaus.row(&region));
                row.map(|row| either(&row.name, &row.en))
            }
            Facet::Source => self.sources.iter().find(|(key, _)| key == value).map(|(_, name)| named(name)),
            Facet::Topic => self.topics.row(value).map(|topic| either(&topic.zh, &topic.en)),
        };
        known.unwrap_or(Cow::Borrowed(value))
    }
}

fn is_topic_key(text: &str) -> bool {
    text.len() <= MAX_TOPIC_BYTES
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

/// The beginning of what a client sent, for a message.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(path: Option<(Facet, &str)>, query: &str) -> Slice {
        Slice::parse(path, query).unwrap()
    }

    #[test]
    fn every_way_to_ask_for_a_slice_leads_to_its_one_address() {
        let check = |path: Option<(Facet, &str)>, query: &str, expected: &str| {
            let place = slice(path, query).place();
            assert_eq!(format!("{}.atom{}", place.stem, place.query), expected, "{path:?} {query}");
        };
        check(None, "", "feed.atom");
        check(None, "utm_source=x&q=&region=,", "feed.atom");
        check(None, "region=CN-JX", "regions/CN-JX/feed.atom");
        check(None, "region=cn-jx&x=1", "regions/CN-JX/feed.atom");
        check(Some((Facet::Region, "CN-JX")), "", "regions/CN-JX/feed.atom");
        check(Some((Facet::Region, "CN-JX")), "region=CN-GD", "regions/CN-JX/feed.atom");
        check(Some((Facet::Topic, "safety")), "region=CN-JX", "feed.atom?region=CN-JX&topic=safety");
        check(None, "topic=safety&region=CN-JX,CN-GD", "feed.atom?region=CN-GD,CN-JX&topic=safety");
        check(
            None,
            "region=CN-GD&region=CN-JX&region=CN-GD&topic=safety",
            "feed.atom?region=CN-GD,CN-JX&topic=safety",
        );
        check(None, "q=+a%20%20b+", "feed.atom?q=a+b");
        check(None, "q=%E5%BF%AB&source=jx", "feed.atom?q=%E5%BF%AB&source=jx");
        check(None, "source=jx", "sources/jx/feed.atom");
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let check = |query: &str, expected: &str| {
            let error = Slice::parse(None, query).unwrap_err().to_string();
            assert!(error.contains(expected), "{query}: {error}");
        };
        check("region=JX", "`region` does not take `JX`");
        check("topic=A", "`topic` does not take `A`");
        check("source=../x", "`source` does not take `../x`");
        check("q=%ff%fe", "UTF-8");
        check("q=%00", "UTF-8");
        check(&format!("q={}", "a".repeat(MAX_QUERY_CHARS + 1)), "at most 200");
        check(&"a".repeat(MAX_QUERY_BYTES + 1), "at most 2000");
        let many: Vec<String> = (0..=MAX_VALUES).map(|i| format!("s{i}")).collect();
        check(&format!("source={}", many.join(",")), "more than 40");
    }

    #[test]
    fn a_comma_is_or_and_different_keys_are_and() {
        let both = slice(None, "region=CN-GD,CN-JX&topic=safety");
        let labels = |list: &[&str]| list.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
        assert!(both.holds(&labels(&["region:CN-JX", "topic:safety", "source:x"])));
        assert!(!both.holds(&labels(&["region:CN-JX"])));
        assert!(!both.holds(&labels(&["region:CN-ZJ", "topic:safety"])));
        assert!(slice(None, "").holds(&[]));
    }

    #[test]
    fn ids_of_slices_differ_and_stay() {
        let feed = "urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8";
        let jx = slice(None, "region=CN-JX");
        assert_eq!(slice(None, "").atom_id(feed), feed);
        assert_eq!(jx.atom_id(feed), "urn:uuid:6dc8104a-4faa-5d40-b441-ed46fecedf00");
        assert_ne!(jx.atom_id(feed), slice(None, "region=CN-GD").atom_id(feed));
        assert_eq!(jx.atom_id(feed), slice(Some((Facet::Region, "cn-jx")), "x=y").atom_id(feed));
    }

    proptest::proptest! {
        #[test]
        fn an_address_read_again_gives_the_same_slice(query in "(q|region|topic|source|x)=[a-zA-Z0-9快 ,%+-]{0,12}(&(q|region|topic|source|x)=[a-zA-Z0-9快 ,%+-]{0,12}){0,3}") {
            if let Ok(slice) = Slice::parse(None, &query) {
                let again = slice.query();
                proptest::prop_assert_eq!(Slice::parse(None, again.trim_start_matches('?')).unwrap(), slice);
            }
        }
    }
}
