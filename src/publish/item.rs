//! What every format says of a story, each in its own words.

use std::{borrow::Cow, collections::HashSet};

use super::FeedMeta;
use crate::model::{Copy, Entry, RelatedStory, Story};

/// Scheme of the region category: ISO 3166-2 as a URN (RFC 5141).
pub const REGION_SCHEME: &str = "urn:iso:std:iso:3166:-2";
/// Characters of the text that stand in for a summary where a format wants one.
const LEAD_CHARS: usize = 200;

/// A story as readers get it.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub story: &'a Story,
    /// The copy readers get.
    pub copy: &'a Copy,
    pub entry: &'a Entry,
    /// Whether it is told with its content; else its summary and the way to it have to do.
    pub is_whole: bool,
}

/// A category: a term of a scheme, with its name for people.
pub(super) struct Label {
    pub scheme: String,
    pub term: String,
    pub name: Option<String>,
}

/// How another copy stands to the one that readers get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It has the same text.
    Via,
    /// It tells the same otherwise.
    Related,
}

impl Relation {
    /// The link relation (RFC 4287 §4.2.7.2).
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Via => "via",
            Self::Related => "related",
        }
    }
}

impl<'a> Item<'a> {
    pub(super) fn of(story: &'a Story) -> Option<Self> {
        let copy = story.canonical()?;
        Some(Self { story, copy, entry: &copy.entry, is_whole: true })
    }

    /// Who said it: the bureau, else the source.
    pub(super) fn author(&self) -> &'a str {
        self.entry.bureau.as_ref().map_or(self.copy.source_name.as_str(), |bureau| &bureau.name)
    }

    /// The other copies, each address once, and never the one that readers are sent to anyway.
    pub(super) fn others(&self) -> Vec<(Relation, &'a Copy)> {
        let mut named = HashSet::from([self.entry.url.as_str()]);
        let others = self.story.copies.iter().skip(1).filter(|copy| named.insert(copy.entry.url.as_str()));
        others.map(|copy| (self.relation(copy), copy)).collect()
    }

    /// Other stories near to it, but for those at an address that its own copies have.
    pub(super) fn near(&self) -> impl Iterator<Item = &'a RelatedStory> {
        let own: HashSet<&str> = self.story.copies.iter().map(|copy| copy.entry.url.as_str()).collect();
        self.story.related.iter().filter(move |story| !own.contains(story.url.as_str()))
    }

    fn relation(&self, copy: &Copy) -> Relation {
        let same_text = self.copy.body_hash.is_some() && self.copy.body_hash == copy.body_hash;
        if same_text { Relation::Via } else { Relation::Related }
    }

    /// Its content as HTML; empty when it has none, or is told in short.
    pub(super) fn content(&self) -> &'a str {
        if self.is_whole { &self.entry.content_html } else { "" }
    }

    /// Its content as text; empty when it has none, or is told in short.
    pub(super) fn text(&self) -> &'a str {
        if self.is_whole { self.entry.content_text.trim() } else { "" }
    }

    /// What is said of it beside its content: of one that is told whole, what adds to that.
    pub(super) fn summary(&self) -> Option<Cow<'a, str>> {
        if self.is_whole { self.addition().map(Cow::Borrowed) } else { self.lead().map(Cow::Owned) }
    }

    /// Its own summary, where that adds to the text; the text's own beginning, cut short by dots, does not.
    fn addition(&self) -> Option<&'a str> {
        let summary = self.entry.summary.as_deref().map(str::trim).filter(|summary| !summary.is_empty())?;
        let told = summary.trim_end_matches(['.', '…', '⋯', '。']).trim_end();
        (!self.entry.content_text.contains(told)).then_some(summary)
    }

    /// Its own summary, else how its text begins; `None` when there is neither.
    pub(super) fn lead(&self) -> Option<String> {
        let summary = self.entry.summary.as_deref().map(str::trim).filter(|summary| !summary.is_empty());
        let text = summary.unwrap_or_else(|| self.entry.content_text.trim());
        let lead = match text.char_indices().nth(LEAD_CHARS) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
            None => text.to_owned(),
        };
        (!lead.is_empty()).then(|| lead.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Its region, then its topics.
    pub(super) fn labels(&self, meta: &FeedMeta) -> Vec<Label> {
        let region = self.entry.region.as_ref().map(|region| Label {
            scheme: REGION_SCHEME.to_owned(),
            term: region.as_str().to_owned(),
            name: meta.bureaus.row(region).map(|row| row.name.clone()),
        });
        let topics = self.entry.topics.iter().map(|key| Label {
            scheme: meta.topic_scheme(),
            term: key.clone(),
            name: meta.topics.row(key).map(|topic| topic.zh.clone()),
        });
        region.into_iter().chain(topics).collect()
    }
}

/// Bytes of a text once escaped for XML or JSON, at most.
pub(super) fn escaped_bytes(text: &str) -> usize {
    // Brackets become four bytes each, `&` and quotes six at most.
    text.bytes().map(|b| if matches!(b, b'<' | b'>' | b'&' | b'"' | b'\'') { 6 } else { 1 }).sum()
}
