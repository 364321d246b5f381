//! A line becomes an entry that is ready to be taken in: by the same normalising as for what is polled, then with what
//! the line itself says for certain.

use url::Url;

use super::{EntryLine, LineError};
use crate::{
    config::{Config, SourceConfig},
    extract::{RawEnclosure, RawEntry},
    model::{AtomId, Bureau, Bureaus, Entry, Kind, Precision, Published, Region, Role, Timestamp},
    normalise::{
        Context,
        html::text_to_html,
        is_absolute_iri, normalise,
        time::{self, EARLIEST, MAX_AHEAD},
    },
};

/// What a time should look like.
const A_TIME: &str = "expected RFC 3339, such as 2026-11-24T10:00:00+08:00";
/// Longest name of a rule or a topic, in bytes.
const MAX_NAME_BYTES: usize = 40;

/// An entry that arrives from outside, in its own time.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The entry.
    pub entry: Entry,
    /// Its clock: first sight, else publication, else now.
    pub seen_at: Timestamp,
    /// Where it stood in the store that it comes from.
    pub given: Option<Given>,
    /// Since when its source says that it no longer exists.
    pub gone_at: Option<Timestamp>,
    /// When its story was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// What was left out of its line.
    pub notes: Vec<Note>,
}

impl Arrival {
    /// An entry that was first seen at a time.
    pub fn seen(entry: Entry, seen_at: Timestamp) -> Self {
        Self { entry, seen_at, given: None, gone_at: None, withdrawn_at: None, notes: Vec::new() }
    }
}

/// Where an entry stood in another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its story.
    pub story: AtomId,
    /// What joined it to its story.
    pub rule: Option<String>,
}

/// Something that was left out of a line that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// Its `bureau` names none.
    UnknownBureau,
    /// Its `story` cannot be an Atom id.
    NoAtomId,
    /// Its `topics` are no keys.
    NoTopics,
}

impl Note {
    /// In plain words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownBureau => {
                "`bureau` names no bureau; it was left out; expected an official name or a code such as CN-JX"
            }
            Self::NoAtomId => {
                "`story` is no absolute IRI; it was left out, and the story gets an id of its own"
            }
            Self::NoTopics => "`topics` are no keys such as `safety`; they were left out",
        }
    }
}

/// Makes an entry of a line of a source; its zone is that of times without one.
pub fn arrival(
    line: EntryLine,
    source: &SourceConfig,
    config: &Config,
    now: Timestamp,
) -> Result<Arrival, LineError> {
    let mut notes = Vec::new();
    let clock = Clock::of(&line, source, now)?;
    let whose = Whose::of(&line, &config.bureaus, &mut notes)?;
    let given = given(&line, &mut notes);
    let topics = topics(&line, &mut notes);
    let address = address(&line)?;
    if address.is_none() && config.source(source.source.key.as_str()).is_none() {
        return Err(LineError::Missing { field: "url", expected: "the address at which people read it" });
    }
    let mut own = source.source.clone();
    own.role = role(&line)?.unwrap_or(own.role);
    let context = Context {
        source: &own,
        bureaus: &config.bureaus,
        topics: &config.topics,
        zone: source.zone,
        now: clock.seen_at,
        keeps_ids: source.kind == Kind::Feed && line.id.is_some(),
    };
    let has_address = address.is_some();
    let mut entry = normalise(raw(line, address, &whose)?, &context).ok_or(LineError::Empty)?.entry;
    if clock.is_told {
        entry.published = clock.claim;
    }
    entry.updated_at = clock.updated_at;
    // The address of the source is no address of the entry.
    entry.canonical_url = entry.canonical_url.filter(|_| has_address);
    whose.set(&mut entry);
    if !topics.is_empty() {
        entry.topics = topics;
    }
    let Clock { seen_at, gone_at, withdrawn_at, .. } = clock;
    Ok(Arrival { entry, seen_at, given, gone_at, withdrawn_at, notes })
}

/// The times of a line.
struct Clock {
    seen_at: Timestamp,
    /// The publisher's claim.
    claim: Option<Published>,
    /// Whether the line says when, or that nobody knows.
    is_told: bool,
    updated_at: Option<Timestamp>,
    gone_at: Option<Timestamp>,
    withdrawn_at: Option<Timestamp>,
}

impl Clock {
    fn of(line: &EntryLine, source: &SourceConfig, now: Timestamp) -> Result<Self, LineError> {
        let read = |field: &'static str, text: &Option<String>| {
            let found = text.as_deref().map(|text| moment(field, text, source, now)).transpose()?;
            Ok::<_, LineError>(found)
        };
        let at = |found: Option<Published>| found.map(|found| found.at);
        let published = read("published", &line.published)?;
        let precision = line.published_precision.as_deref().map(precision).transpose()?;
        let claim = published.filter(|_| precision != Some(Precision::Seen));
        Ok(Self {
            seen_at: at(read("seen", &line.seen)?).or(at(published)).unwrap_or(now),
            claim: claim.map(|claim| coarsened(claim, precision, source)),
            is_told: published.is_some() || precision == Some(Precision::Seen),
            updated_at: at(read("updated", &line.updated)?),
            gone_at: at(read("gone", &line.gone)?),
            withdrawn_at: at(read("withdrawn", &line.withdrawn)?),
        })
    }
}

/// Reads a time: RFC 3339 exactly, other writing as sites write it.
fn moment(field: &str, text: &str, source: &SourceConfig, now: Timestamp) -> Result<Published, LineError> {
    let unusable = |problem: String| LineError::unusable(field, text, format!("{problem}; {A_TIME}"));
    let Ok(at) = text.trim().parse::<Timestamp>() else {
        return time::parse(text, source.zone, now).map_err(|error| unusable(error.to_string()));
    };
    if at < EARLIEST {
        return Err(unusable(time::TimeError::TooOld.to_string()));
    }
    if at.duration_since(now) > MAX_AHEAD {
        return Err(unusable(time::TimeError::TooFarAhead.to_string()));
    }
    Ok(Published { at, precision: Precision::Second })
}

fn precision(text: &str) -> Result<Precision, LineError> {
    let known = [Precision::Second, Precision::Minute, Precision::Day, Precision::Seen];
    known.into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
        LineError::unusable("published_precision", text, "expected second, minute, day or seen")
    })
}

/// A claim is as exact as it is written, or less so when the line says that.
fn coarsened(claim: Published, said: Option<Precision>, source: &SourceConfig) -> Published {
    let precision = said.map_or(claim.precision, |said| said.max(claim.precision));
    let day = || {
        let start = source.zone.to_datetime(claim.at).date().to_datetime(jiff::civil::Time::midnight());
        source.zone.to_timestamp(start).ok()
    };
    let at = if precision == Precision::Day { day().unwrap_or(claim.at) } else { claim.at };
    Published { at, precision }
}

/// Whose a line says that it is.
struct Whose {
    bureau: Option<Bureau>,
    region: Option<Region>,
}

impl Whose {
    fn of(line: &EntryLine, bureaus: &Bureaus, notes: &mut Vec<Note>) -> Result<Self, LineError> {
        let region = match line.region.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
            None => None,
            Some(code) => Some(
                Region::parse(&code.to_ascii_uppercase())
                    .filter(|region| bureaus.row(region).is_some())
                    .ok_or_else(|| LineError::unusable("region", code, "expected a code such as CN-JX"))?,
            ),
        };
        let named = line.bureau.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let bureau = named.and_then(|name| bureau(name, bureaus));
        if named.is_some() && bureau.is_none() {
            notes.push(Note::UnknownBureau);
        }
        Ok(Self { bureau, region })
    }

    fn set(self, entry: &mut Entry) {
        let Self { bureau, region } = self;
        if let Some(bureau) = bureau {
            entry.region = region.clone().or(bureau.region.clone()).or(entry.region.take());
            entry.bureau = Some(bureau);
        }
        if region.is_some() {
            entry.region = region;
        }
        if let Some(bureau) = &mut entry.bureau {
            bureau.region.clone_from(&entry.region);
        }
    }
}

/// The bureau of a name; also of a province's name alone, and of an office within a bureau.
fn bureau(name: &str, bureaus: &Bureaus) -> Option<Bureau> {
    let of_province = || {
        let row = bureaus.rows().iter().find(|row| row.short == name || row.name == name)?;
        bureaus.resolve(&row.bureau)
    };
    let code = || bureaus.resolve(&name.to_ascii_uppercase());
    bureaus.resolve(name).or_else(code).or_else(of_province).or_else(|| bureaus.leading(name))
}

fn given(line: &EntryLine, notes: &mut Vec<Note>) -> Option<Given> {
    let story = line.story.clone().filter(|story| !story.is_empty())?;
    if !is_absolute_iri(&story) {
        notes.push(Note::NoAtomId);
        return None;
    }
    Some(Given { story: AtomId(story), rule: line.rule.clone().filter(|rule| is_name(rule)) })
}

fn topics(line: &EntryLine, notes: &mut Vec<Note>) -> Vec<String> {
    if !line.topics.iter().all(|topic| is_name(topic)) {
        notes.push(Note::NoTopics);
        return Vec::new();
    }
    let mut topics = line.topics.clone();
    topics.sort();
    topics.dedup();
    topics
}

/// Whether a text can be the name of a rule or the key of a topic.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(is_part)
}

fn role(line: &EntryLine) -> Result<Option<Role>, LineError> {
    let Some(text) = line.role.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
    let role = Role::from_name(text);
    if role.as_str() == text {
        return Ok(Some(role));
    }
    Err(LineError::unusable("role", text, "expected primary, national, paper or platform"))
}

/// Where people read it: the line's `url`, or its `id` where that is an address.
fn address(line: &EntryLine) -> Result<Option<Url>, LineError> {
    let parsed = |text: &str| {
        let url = Url::parse(text.trim()).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    };
    let Some(text) = line.url.as_deref().filter(|text| !text.trim().is_empty()) else {
        return Ok(line.id.as_deref().and_then(parsed));
    };
    let wrong = || {
        LineError::unusable("url", text, "expected an absolute address such as https://example.org/1.html")
    };
    parsed(text).map(Some).ok_or_else(wrong)
}

/// The line as a source would have given it.
fn raw(line: EntryLine, url: Option<Url>, whose: &Whose) -> Result<RawEntry, LineError> {
    let id = line.id.filter(|id| !id.trim().is_empty());
    if id.is_none() && url.is_none() {
        return Err(LineError::Missing { field: "id", expected: "the source's own id, or `url`" });
    }
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let html =
        filled(line.content_html).or_else(|| filled(line.content_text).map(|text| text_to_html(&text)));
    let enclosure = |file: crate::model::Enclosure| {
        let url = Url::parse(&file.url).map_err(|_| {
            LineError::unusable("enclosures", &file.url, "expected objects with an absolute `url`")
        })?;
        Ok(RawEnclosure { url, media_type: Some(file.media_type), length_bytes: file.length_bytes })
    };
    Ok(RawEntry {
        id,
        url,
        title: line.title.unwrap_or_default(),
        attribution: whose.bureau.as_ref().map(|bureau| bureau.name.clone()),
        summary: line.summary,
        content_html: html,
        enclosures: line.enclosures.into_iter().map(enclosure).collect::<Result<_, _>>()?,
        language: line.language,
        ..RawEntry::default()
    })
}
