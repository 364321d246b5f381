//! What is compared of an entry.

use super::{
    figures, names, normalise,
    periods::{Period, periods},
    shingles::{self, Shingles},
    tables::Tables,
};
use crate::model::{CanonicalUrl, Region, Role, Timestamp};

/// Bodies shorter than this, in letters and digits, tell nothing by being equal.
pub const MIN_BODY_LETTERS: usize = 40;
/// Letters kept for looking at what differs.
const MAX_KEPT_LETTERS: usize = 1_500;
/// Letters of the text's beginning that say what it is about.
const LEAD_CHARS: usize = 90;
/// Shingles that must be left when those that every story has are taken out.
const MIN_OWN_SHINGLES: usize = 40;
/// A province named within so many bytes of the lead's beginning is the story's.
const LEAD_PLACE_BYTES: usize = 24;

/// Digits from which on a figure is put into the index, and how many are, with how many cities.
const TELLING_DIGITS: u32 = 2;
const MAX_KEYED_FIGURES: usize = 16;
const MAX_KEYED_CITIES: usize = 2;
/// Titles shorter than this, in bytes of their letters, are every second one's.
const MIN_TITLE_BYTES: usize = 20;

/// Up to so many sampled shingles, those that are multiples of this are put into the index; of still more, of
/// [`SPARSEST`].
const EVERY: [(usize, u32); 2] = [(40, 4), (100, 8)];
const SPARSEST: u32 = 16;

/// What features are made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Key of the source.
    pub source_key: &'a str,
    /// The entry's id there.
    pub source_entry_id: &'a str,
    /// How close the source stands to the bureau.
    pub role: Role,
    /// The comparing form of its address; `None` for a digest's stories.
    pub canonical_url: Option<&'a CanonicalUrl>,
    /// Its title as published.
    pub title: &'a str,
    /// Its text as published.
    pub text: &'a str,
    /// The province that the entry, its bureau or its source names.
    pub region: Option<&'a Region>,
    /// When it was published, or first seen.
    pub published_at: Timestamp,
}

/// What is compared of an entry; made once, kept as bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Key of the source.
    pub source_key: String,
    /// The entry's id there.
    pub source_entry_id: String,
    /// Who publishes it: host and source; a publisher repeats itself word for word or tells another story.
    pub publisher: String,
    /// How close the source stands to the bureau.
    pub role: Role,
    /// The comparing form of its address.
    pub canonical_url: Option<CanonicalUrl>,
    /// When it was published, or first seen.
    pub published_at: Timestamp,
    /// Whose province it is about; `None` or `CN` when that is not known or the whole country.
    pub region: Option<Region>,
    /// Letters of its title.
    pub title_key: String,
    /// Hash of its body's letters; `None` when there are too few to tell anything.
    pub body_hash: Option<[u8; 32]>,
    /// Letters and digits of its body.
    pub n_letters: usize,
    /// The body's shingles.
    pub shingles: Shingles,
    /// Pairs of neighbouring letters of the title, names in one form; sorted.
    pub(super) title_bigrams: Vec<u32>,
    /// The body's first letters, names in one form.
    pub(super) text: String,
    /// What tells stories apart.
    pub(super) anchors: Anchors,
}

/// What tells stories apart; all lists sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Anchors {
    /// Cities of title and lead.
    pub(super) cities: Vec<u16>,
    /// Provinces of title and text.
    pub(super) provinces: Vec<u8>,
    /// Periods of the title.
    pub(super) title_periods: Vec<Period>,
    /// Periods of the lead.
    pub(super) lead_periods: Vec<Period>,
    /// Numbers of documents and licences.
    pub(super) numbers: Vec<u32>,
    /// What the title has in 《》.
    pub(super) title_works: Vec<u32>,
    /// What the text has in 《》.
    pub(super) works: Vec<u32>,
    /// Companies of the title.
    pub(super) companies: Vec<u32>,
    /// Holders of offices in title and lead.
    pub(super) officials: Vec<u32>,
    /// Figures with units.
    pub(super) figures: Vec<u32>,
    /// Days of the year in title and lead, month × 100 + day.
    pub(super) dates: Vec<u16>,
    /// States of title (group, state).
    pub(super) states: Vec<(u8, u8)>,
    /// What kind of text about a story its title says it is: numbers of words.
    pub(super) about: Vec<u32>,
    /// Whether it announces what is to come.
    pub(super) is_future: bool,
    /// Whether it says that it corrects.
    pub(super) is_correction: bool,
}

impl Features {
    /// What the index of candidates holds of an entry, sorted.
    ///
    /// First a sample of its shingles, all multiples of [`super::SAMPLED`]. Then, odd, each telling figure together with
    /// the city: by these a city's own telling is found that shares hardly a sentence. Last, two more than such a
    /// multiple, address, body and title as wholes.
    pub fn index_keys(&self) -> Vec<u32> {
        let mut keys: Vec<u32> = self.shingles.sampled().collect();
        // Of a long text fewer are enough, and all of them are among those of a short one that it holds.
        let (_, every) = EVERY.iter().find(|(most, _)| keys.len() <= *most).unwrap_or(&(0, SPARSEST));
        keys.retain(|key| key % every == 0);
        let telling = self.anchors.figures.iter().filter(|figure| *figure & 3 >= TELLING_DIGITS);
        for figure in telling.take(MAX_KEYED_FIGURES) {
            let cities = self.anchors.cities.iter().take(MAX_KEYED_CITIES);
            let mixed =
                |city: &u16| figure.wrapping_mul(0x9e37_79b1) ^ u32::from(*city).wrapping_mul(0x85eb_ca6b);
            keys.extend(cities.map(|city| mixed(city) | 1));
        }
        keys.extend(self.exact_keys());
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn exact_keys(&self) -> impl Iterator<Item = u32> {
        let url = self.canonical_url.as_ref().map(|url| (b'u', url.as_str().as_bytes()));
        let body = self.body_hash.as_ref().map(|hash| (b'b', hash.as_slice()));
        let title = Some((b't', self.title_key.as_bytes())).filter(|(_, key)| key.len() >= MIN_TITLE_BYTES);
        let whole = |(kind, bytes): (u8, &[u8])| shingles::hash_of_bytes(kind, bytes) & !3 | 2;
        [url, body, title].into_iter().flatten().map(whole)
    }

    /// Makes the features of an entry. Any text is taken; what is too long is cut.
    pub fn of(parts: &Parts, tables: &Tables) -> Self {
        let cleaned = normalise::clean(parts.title, parts.text, tables);
        let (body, signature) = normalise::own_words(&cleaned.text, &tables.chrome);
        let plain = shingles::letters(body);
        let letters = names::letters_of(body, &tables.names);
        let title = names::letters_of(&cleaned.title, &tables.names);
        let title_places = tables.places.find(&cleaned.title);
        let lead = lead(&cleaned.text);
        let anchors = anchors(&cleaned.title, lead, body, tables);
        let region = parts
            .region
            .filter(|region| !region.is_national())
            .cloned()
            .or_else(|| region_in(&title_places, signature, lead, tables))
            .or_else(|| only_region(&anchors, tables))
            .or_else(|| parts.region.cloned());
        Self {
            source_key: parts.source_key.to_owned(),
            source_entry_id: parts.source_entry_id.to_owned(),
            publisher: publisher(parts),
            role: parts.role,
            canonical_url: parts.canonical_url.cloned(),
            published_at: parts.published_at,
            region,
            title_key: shingles::letters(&cleaned.title).into_iter().collect(),
            body_hash: hash_of(&plain),
            n_letters: plain.len(),
            shingles: own_shingles(&letters, tables),
            title_bigrams: Shingles::new(title.windows(2).map(shingles::hash).collect()).hashes().to_vec(),
            text: letters.iter().take(MAX_KEPT_LETTERS).collect(),
            anchors,
        }
    }
}

fn anchors(title: &str, lead: &str, body: &str, tables: &Tables) -> Anchors {
    let head = format!("{title}\n{lead}");
    let mut dates = figures::dates(&head);
    dates.sort_unstable();
    dates.dedup();
    let mut states: Vec<(u8, u8)> = tables
        .names
        .states
        .find_iter(title)
        .filter_map(|hit| tables.names.state_of.get(hit.pattern().as_usize()).copied())
        .collect();
    states.sort_unstable();
    states.dedup();
    Anchors {
        cities: tables.places.find(&head).cities,
        provinces: tables.places.find(&format!("{title}\n{body}")).provinces,
        title_periods: periods(title),
        lead_periods: periods(lead),
        numbers: figures::numbers(&format!("{title}\n{body}")),
        title_works: names::works(title),
        works: names::works(body),
        companies: names::companies(title),
        officials: names::officials(&head, &tables.names),
        figures: figures::figures(body),
        dates,
        states,
        about: Shingles::new(tables.names.about.find_iter(title).map(|hit| hit.pattern().as_u32()).collect())
            .hashes()
            .to_vec(),
        is_future: tables.names.future.is_match(&head),
        is_correction: tables.names.correction.is_match(&head),
    }
}

/// The text's first sentence.
fn lead(text: &str) -> &str {
    let reach = text.char_indices().nth(LEAD_CHARS).map_or(text.len(), |(at, _)| at);
    let line = text.split('\n').next().unwrap_or_default();
    let line = line.get(..reach.min(line.len())).unwrap_or_default();
    line.split_inclusive('。').next().unwrap_or_default()
}

/// The province that signature, title or lead names.
fn region_in(
    title: &super::places::Found,
    signature: Option<&str>,
    lead: &str,
    tables: &Tables,
) -> Option<Region> {
    let first = |found: super::places::Found, within: usize| {
        found
            .first
            .filter(|(_, at)| *at <= within)
            .and_then(|(province, _)| tables.places.region(province).cloned())
    };
    let signed =
        signature.filter(|words| words.ends_with('局')).and_then(|words| first(tables.places.find(words), 0));
    let titled = || if title.provinces.len() > 1 { None } else { first(title.clone(), LEAD_PLACE_BYTES) };
    signed.or_else(titled).or_else(|| {
        let start = lead.get(normalise::date_length(lead)..).unwrap_or_default().trim_start_matches(',');
        first(tables.places.find(start), LEAD_PLACE_BYTES)
    })
}

/// The province of all places that title and text name.
fn only_region(anchors: &Anchors, tables: &Tables) -> Option<Region> {
    match anchors.provinces.as_slice() {
        [province] => tables.places.region(*province).cloned(),
        _ => None,
    }
}

fn publisher(parts: &Parts) -> String {
    let host = parts.canonical_url.map(CanonicalUrl::as_str).unwrap_or_default();
    let host = host.split('/').next().unwrap_or_default();
    format!("{host} {}", parts.source_key)
}

/// The text's shingles without those that every story has, where enough are left.
fn own_shingles(letters: &[char], tables: &Tables) -> Shingles {
    let all: Vec<u32> = shingles::hashes(letters).collect();
    let own: Vec<u32> =
        all.iter().copied().filter(|hash| tables.boilerplate.binary_search(hash).is_err()).collect();
    Shingles::new(if own.len() >= MIN_OWN_SHINGLES { own } else { all })
}

/// Hash of a body's letters and digits; `None` when there are too few to tell anything.
fn hash_of(letters: &[char]) -> Option<[u8; 32]> {
    if letters.len() < MIN_BODY_LETTERS {
        return None;
    }
    let text: String = letters.iter().collect();
    Some(*blake3::hash(text.as_bytes()).as_bytes())
}

/// Whether two entries name different provinces.
pub(super) fn provinces_differ(a: &Features, b: &Features) -> bool {
    let province = |features: &Features| features.region.clone().filter(|region| !region.is_national());
    matches!((province(a), province(b)), (Some(a), Some(b)) if a != b)
}
