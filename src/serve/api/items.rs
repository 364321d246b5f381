//! What the API says, as types: the answers are written from them, and so is their description.
//!
//! **Invariant:** fields are added, never renamed, nor given another meaning, as long as the path says `v1`.

use std::borrow::Cow;

use jiff::tz::Offset;
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::{
    model::{Copy, Timestamp},
    normalise::time::rfc3339,
    search,
    store::{Absence, Absent, Told},
};

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Page<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// Where the next page begins: the value of `after`. `null` where there is none to come, ever.
    pub(super) next: Option<String>,
    /// Whether the next page has items already.
    pub(super) more: bool,
}

/// A change: a story as it now is, or that readers no longer see it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Change {
    /// The story is there.
    Story(Box<StoryItem>),
    /// The story is not.
    Deleted(DeletedItem),
}

/// A story: what several sources tell, as the entry tells it that stands closest to the bureau.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Story")]
pub(super) struct StoryItem {
    /// `false`.
    #[schemars(extend("const" = false))]
    pub(super) deleted: bool,
    /// Its Atom id: given at first sight, never changed.
    pub(super) story: String,
    /// A short name for addresses.
    pub(super) short_id: String,
    /// Its page here.
    pub(super) page: String,
    /// Key of the source whose telling this is.
    pub(super) source: String,
    /// That source's own id of it.
    pub(super) id: String,
    /// Where people read it at its source.
    pub(super) url: String,
    /// Title, one line of text.
    pub(super) title: String,
    /// Time of publication (RFC 3339, in the feed's zone). Where only the day is known and the story was first seen on
    /// that day, or nothing is known, that of first sight.
    #[schemars(extend("format" = "date-time"))]
    pub(super) published: String,
    /// How exactly that is known: `second`, `minute`, `day`, or `seen`: not at all.
    #[schemars(extend("enum" = ["second", "minute", "day", "seen"]))]
    pub(super) published_precision: &'static str,
    /// The publisher's own last change, where it gives one.
    #[schemars(extend("format" = "date-time"))]
    pub(super) updated: Option<String>,
    /// Full official name of the bureau that says it.
    pub(super) bureau: Option<String>,
    /// Its province (ISO 3166-2, `CN-JX`), or `CN`.
    pub(super) region: Option<String>,
    /// How close the source stands to the bureau.
    #[schemars(extend("enum" = ["primary", "national", "paper", "platform"]))]
    pub(super) role: &'static str,
    /// Keys of its topics.
    pub(super) topics: Vec<String>,
    /// The source's own summary, as text.
    pub(super) summary: Option<String>,
    /// Language (BCP 47).
    pub(super) language: String,
    /// Body as HTML: no scripts, absolute addresses.
    pub(super) content_html: String,
    /// Body as text, paragraphs separated by a blank line.
    pub(super) content_text: String,
    /// Attachments.
    pub(super) enclosures: Vec<EnclosureItem>,
    /// What joined this telling to the story: `first` when the story began with it.
    pub(super) rule: String,
    /// The other entries that tell it.
    pub(super) copies: Vec<CopyItem>,
    /// Atom ids of older stories that are near to it and yet not the same, the nearest first.
    pub(super) related: Vec<String>,
    /// When it was first published here.
    #[schemars(extend("format" = "date-time"))]
    pub(super) first_seen: String,
    /// When what readers see of it last changed: `updated` of its entry in the feed.
    #[schemars(extend("format" = "date-time"))]
    pub(super) changed: String,
    /// What a search found in it; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<FoundItem>,
}

/// An attachment.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Enclosure")]
pub(super) struct EnclosureItem {
    /// Absolute address.
    pub(super) url: String,
    /// Media type.
    #[serde(rename = "type")]
    pub(super) media_type: String,
    /// Size in bytes, where the source says it.
    pub(super) length: Option<u64>,
}

/// Another entry of a story.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Copy")]
pub(super) struct CopyItem {
    /// Key of its source.
    pub(super) source: String,
    /// Name of its source.
    pub(super) source_name: String,
    /// The source's own id.
    pub(super) id: String,
    /// Where people read it.
    pub(super) url: String,
    /// Its title.
    pub(super) title: String,
    /// Its time of publication, where the source gives one.
    #[schemars(extend("format" = "date-time"))]
    pub(super) published: Option<String>,
    /// What joined it to the story: `first` when the story began with it.
    pub(super) rule: String,
    /// Who says it there.
    pub(super) bureau: Option<String>,
    /// How close its source stands to the bureau.
    #[schemars(extend("enum" = ["primary", "national", "paper", "platform"]))]
    pub(super) role: &'static str,
}

/// A story that readers no longer see. May name one that this reader never got.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Deleted")]
pub(super) struct DeletedItem {
    /// `true`.
    #[schemars(extend("const" = true))]
    pub(super) deleted: bool,
    /// Its Atom id.
    pub(super) story: String,
    /// A short name for addresses.
    pub(super) short_id: String,
    /// Why: its sources took it back (`withdrawn`); it turned out to be another story (`merged`); it is none of those
    /// asked for, or no longer (`unmatched`); only when one story is asked for: its texts are no longer kept (`expired`).
    #[schemars(extend("enum" = ["withdrawn", "merged", "unmatched", "expired"]))]
    pub(super) reason: &'static str,
    /// Since when.
    #[schemars(extend("format" = "date-time"))]
    pub(super) changed: String,
    /// The Atom id of the story that it turned out to be.
    pub(super) merged_into: Option<String>,
}

/// What a search found in a story.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Found")]
pub(super) struct FoundItem {
    /// The title, in pieces.
    pub(super) title: Vec<PieceItem>,
    /// The part of the text that holds most of what was found, in pieces.
    pub(super) text: Vec<PieceItem>,
}

/// A piece of plain text.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Piece")]
pub(super) struct PieceItem {
    /// The text; whoever shows it in HTML escapes it.
    pub(super) text: String,
    /// Whether it is what was searched for.
    pub(super) hit: bool,
}

/// A source that is polled.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Source")]
pub(super) struct SourceItem {
    /// Its key.
    pub(super) key: String,
    /// Its name.
    pub(super) name: String,
    /// The address that is polled.
    pub(super) url: String,
    /// What that address gives.
    #[schemars(extend("enum" = ["site", "list", "json", "feed", "digest"]))]
    pub(super) kind: &'static str,
    /// Full official name of its bureau.
    pub(super) bureau: Option<String>,
    /// Its province.
    pub(super) region: Option<String>,
    /// How close it stands to the bureau.
    #[schemars(extend("enum" = ["primary", "national", "paper", "platform"]))]
    pub(super) role: &'static str,
    /// Whether it is polled.
    pub(super) enabled: bool,
    /// Whether it is known to exist.
    pub(super) verified: bool,
    /// Entries held of it.
    pub(super) entries: i64,
    /// Stories that one of them tells.
    pub(super) stories: i64,
    /// When its newest entry was first seen.
    #[schemars(extend("format" = "date-time"))]
    pub(super) newest: Option<String>,
    /// `ok`, the name of what is wrong, or `never polled`.
    pub(super) state: String,
    /// Since when it is in that state.
    #[schemars(extend("format" = "date-time"))]
    pub(super) since: Option<String>,
    /// When it was last polled.
    #[schemars(extend("format" = "date-time"))]
    pub(super) last_poll: Option<String>,
    /// When it was last polled with success.
    #[schemars(extend("format" = "date-time"))]
    pub(super) last_success: Option<String>,
    /// The feed of its stories.
    pub(super) feed: String,
}

/// A region, and its bureau.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Region")]
pub(super) struct RegionItem {
    /// ISO 3166-2 code, or `CN` for the whole country.
    pub(super) key: String,
    /// Full name.
    pub(super) name: String,
    /// Short name.
    pub(super) short: String,
    /// Full official name of its bureau.
    pub(super) bureau: String,
    /// Stories that readers can see.
    pub(super) stories: i64,
    /// The feed of its stories.
    pub(super) feed: String,
}

/// A topic.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Topic")]
pub(super) struct TopicItem {
    /// Its key.
    pub(super) key: String,
    /// Its name in Chinese; `null` when it is no longer configured.
    pub(super) label_zh: Option<String>,
    /// Its name in English.
    pub(super) label_en: Option<String>,
    /// Stories that readers can see.
    pub(super) stories: i64,
    /// The feed of its stories.
    pub(super) feed: String,
}

/// What a problem means (RFC 9457).
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "ProblemType")]
pub(super) struct ProblemItem {
    /// The last part of its address.
    pub(super) name: &'static str,
    /// What is wrong.
    pub(super) title: &'static str,
    /// The HTTP status that it comes with.
    pub(super) status: u16,
    /// What to do about it.
    pub(super) advice: &'static str,
}

/// How texts and addresses are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style<'a> {
    pub(super) zone: Offset,
    pub(super) base_url: &'a Url,
}

impl Style<'_> {
    pub(super) fn time(&self, at: Timestamp) -> String {
        rfc3339(at, self.zone)
    }

    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// A story; `None` of one without entries.
    pub(super) fn story(&self, told: &Told, query: Option<&search::Query>) -> Option<StoryItem> {
        let Told { story, rules, related } = told;
        let rule = |n: usize| rules.get(n).cloned().unwrap_or_default();
        let entry = &story.canonical()?.entry;
        let found = query.map(|query| FoundItem {
            title: pieces(search::marked(&entry.title, query)),
            text: pieces(search::snippet(&entry.content_text, query)),
        });
        let short_id = story.atom_id.short();
        Some(StoryItem {
            deleted: false,
            story: story.atom_id.0.clone(),
            page: self.address(&format!("stories/{short_id}")),
            short_id,
            source: entry.source.to_string(),
            id: entry.source_entry_id.clone(),
            url: entry.url.clone(),
            title: entry.title.clone(),
            published: self.time(story.published.at),
            published_precision: story.published.precision.as_str(),
            updated: entry.updated_at.map(|at| self.time(at)),
            bureau: entry.bureau.as_ref().map(|bureau| bureau.name.clone()),
            region: entry.region.as_ref().map(|region| region.as_str().to_owned()),
            role: entry.role.as_str(),
            topics: entry.topics.clone(),
            summary: entry.summary.clone(),
            language: entry.language.clone(),
            content_html: entry.content_html.clone(),
            content_text: entry.content_text.clone(),
            enclosures: entry.enclosures.iter().map(enclosure).collect(),
            rule: rule(0),
            copies: story
                .copies
                .iter()
                .enumerate()
                .skip(1)
                .map(|(n, copy)| self.copy(copy, rule(n)))
                .collect(),
            related: related.iter().map(|related| related.0.clone()).collect(),
            first_seen: self.time(story.first_at),
            changed: self.time(story.updated_at),
            found,
        })
    }

    fn copy(&self, copy: &Copy, rule: String) -> CopyItem {
        let entry = &copy.entry;
        CopyItem {
            source: entry.source.to_string(),
            source_name: copy.source_name.clone(),
            id: entry.source_entry_id.clone(),
            url: entry.url.clone(),
            title: entry.title.clone(),
            published: entry.published.map(|claim| self.time(claim.at)),
            rule,
            bureau: entry.bureau.as_ref().map(|bureau| bureau.name.clone()),
            role: entry.role.as_str(),
        }
    }

    pub(super) fn deleted(&self, absent: &Absent) -> DeletedItem {
        DeletedItem {
            deleted: true,
            story: absent.atom_id.0.clone(),
            short_id: absent.atom_id.short(),
            reason: match absent.why {
                Absence::Withdrawn => "withdrawn",
                Absence::Merged => "merged",
                Absence::Unmatched => "unmatched",
                Absence::Expired => "expired",
            },
            changed: self.time(absent.at),
            merged_into: absent.merged_into.as_ref().map(|into| into.0.clone()),
        }
    }
}

fn enclosure(enclosure: &crate::model::Enclosure) -> EnclosureItem {
    EnclosureItem {
        url: enclosure.url.clone(),
        media_type: enclosure.media_type.clone(),
        length: enclosure.length_bytes,
    }
}

fn pieces(pieces: Vec<search::Piece>) -> Vec<PieceItem> {
    pieces.into_iter().map(|piece| PieceItem { text: piece.text, hit: piece.is_hit }).collect()
}

/// What went wrong (RFC 9457), as written.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemBody {
    /// Names the kind of problem; its address says more.
    #[serde(rename = "type")]
    #[schemars(extend("format" = "uri"))]
    pub(super) kind: String,
    /// What is wrong, the same for all of its kind.
    pub(super) title: Cow<'static, str>,
    /// The HTTP status.
    pub(super) status: u16,
    /// What is wrong this time, and what to do.
    pub(super) detail: String,
    /// The parameters that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<ParameterProblem>,
    /// The story that readers no longer see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) story: Option<DeletedItem>,
}

/// A parameter that is wrong.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ParameterProblem {
    /// Its name.
    pub(super) name: &'static str,
    /// What is wrong with it, and what was expected.
    pub(super) detail: String,
}
