//! A list of feeds as OPML (1.0, 1.1, 2.0) becomes sources of a configuration.
//!
//! What others write is read generously: elements and attributes in any case, groups however deep, outlines without
//! `text` or `type`, a `&` that is not escaped.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write,
};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use url::Url;

use crate::{
    extract::charset,
    model::CanonicalUrl,
    normalise::html::{collapse, xml_text},
};

/// Feeds taken from one list, at most.
const MAX_FEEDS: usize = 10_000;
/// Depth of groups that is told; deeper ones count as the last of these.
const MAX_DEPTH: usize = 16;
/// Longest beginning of a key, in characters; leaves room for what tells two apart.
const MAX_STEM_CHARS: usize = 40;
/// Characters of the hash that tells two alike keys apart.
const HASH_CHARS: usize = 6;
/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 100;

/// A feed that a list names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Its name for people.
    pub name: String,
    /// Its address.
    pub url: Url,
    /// Its language (BCP 47).
    pub language: Option<String>,
    /// The groups that it stands in, the outermost first.
    pub groups: Vec<String>,
}

/// What a list gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// Its feeds, each address once, in their order.
    pub outlines: Vec<Outline>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpmlError {
    /// It is something else.
    #[error("it is no OPML: {0}; expected `<opml>` with `<outline xmlUrl=\"…\">`")]
    NotOpml(String),
}

/// Reads a list.
pub fn opml(bytes: &[u8]) -> Result<Subscriptions, OpmlError> {
    let decoded = charset::decode(bytes, None);
    let mut reader = Reader::from_str(&decoded.text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut list = List::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => list.open(&tag, true),
            Ok(Event::Empty(tag)) => list.open(&tag, false),
            Ok(Event::End(tag)) if tag.local_name().as_ref().eq_ignore_ascii_case("outline") => list.close(),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) if list.is_opml => {
                list.found.notes.push(format!("the rest cannot be read: {error}"));
                break;
            }
            Err(error) => return Err(OpmlError::NotOpml(error.to_string())),
        }
    }
    if !list.is_opml {
        return Err(OpmlError::NotOpml("it has no element `opml`".into()));
    }
    Ok(list.found)
}

#[derive(Debug, Default)]
struct List {
    is_opml: bool,
    /// Of each open outline: its name when it is a group.
    open: Vec<Option<String>>,
    seen: HashSet<Url>,
    found: Subscriptions,
}

impl List {
    fn open(&mut self, tag: &BytesStart<'_>, stays_open: bool) {
        let name = tag.local_name();
        self.is_opml |= name.as_ref().eq_ignore_ascii_case("opml");
        if !name.as_ref().eq_ignore_ascii_case("outline") {
            return;
        }
        let attributes = attributes(tag);
        let text = |name: &str| attributes.get(name).map(|text| label(text)).filter(|text| !text.is_empty());
        let title = text("text").or_else(|| text("title"));
        match attributes.get("xmlurl").map(|url| url.trim()).filter(|url| !url.is_empty()) {
            Some(url) => self.feed(url, title.clone(), text("language")),
            None if attributes.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("include")) => {
                let name = title.clone().unwrap_or_default();
                self.found.notes.push(format!("`{name}` names another list, which is not fetched"));
            }
            None => {}
        }
        if stays_open {
            let is_group = !attributes.contains_key("xmlurl") && self.open.len() < MAX_DEPTH;
            self.open.push(title.filter(|_| is_group));
        }
    }

    fn close(&mut self) {
        self.open.pop();
    }

    fn feed(&mut self, address: &str, title: Option<String>, language: Option<String>) {
        let notes = &mut self.found.notes;
        // `feed:` is how some programs subscribe.
        let address = address.strip_prefix("feed://").map_or_else(
            || address.strip_prefix("feed:").unwrap_or(address).to_owned(),
            |rest| format!("https://{rest}"),
        );
        let url = Url::parse(&address).ok();
        let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) else {
            notes.push(format!("`{address}` is no address that can be polled; it was left out"));
            return;
        };
        if self.found.outlines.len() >= MAX_FEEDS {
            if self.seen.insert(url) && notes.last().is_none_or(|note| !note.starts_with("more than")) {
                notes.push(format!("more than {MAX_FEEDS} feeds; the others were left out"));
            }
            return;
        }
        if !self.seen.insert(url.clone()) {
            return;
        }
        let name = title.unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned());
        let groups = self.open.iter().flatten().cloned().collect();
        self.found.outlines.push(Outline { name, url, language: language.filter(|it| is_tag(it)), groups });
    }
}

/// Attributes under their names in lower case; what cannot be unescaped stays as it is.
fn attributes(tag: &BytesStart<'_>) -> HashMap<String, String> {
    let mut attributes = HashMap::new();
    for attribute in tag.html_attributes().with_checks(false).flatten() {
        let name = attribute.key.local_name().as_ref().to_ascii_lowercase();
        let raw = attribute.value.into_owned();
        let value = match quick_xml::escape::unescape(&raw) {
            Ok(value) => value.into_owned(),
            Err(_) => raw.replace("&amp;", "&"),
        };
        attributes.entry(name).or_insert(value);
    }
    attributes
}

fn label(text: &str) -> String {
    collapse(&xml_text(text)).chars().take(MAX_NAME_CHARS).collect()
}

fn is_tag(language: &str) -> bool {
    language.len() <= 35 && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Writes feeds as `[[source]]` tables under keys that are neither alike nor those of `known` sources (key and
/// address). Feeds that are known are named in a comment only.
///
/// A key is made of the feed's name and address alone, so that it stays when others come and go; only where two would be
/// alike, or one is taken, some digits of the address's hash follow.
pub fn sources(outlines: &[Outline], known: &[(&str, &Url)]) -> String {
    let addresses: HashMap<CanonicalUrl, &str> =
        known.iter().map(|(key, url)| (CanonicalUrl::of(url), *key)).collect();
    let taken: HashSet<&str> = known.iter().map(|(key, _)| *key).collect();
    let mut n_stems: BTreeMap<String, usize> = BTreeMap::new();
    for outline in outlines {
        *n_stems.entry(stem(outline)).or_default() += 1;
    }
    let mut text = String::new();
    for outline in outlines {
        let stem = stem(outline);
        let is_free = !taken.contains(stem.as_str()) && n_stems.get(&stem) == Some(&1);
        // Writing to a string cannot fail.
        let _ = if let Some(key) = addresses.get(&CanonicalUrl::of(&outline.url)) {
            writeln!(text, "# {} is there already, as `{key}`\n", outline.url)
        } else if is_free {
            text.write_str(&block(outline, &stem))
        } else {
            text.write_str(&block(outline, &format!("{stem}-{}", hash(&outline.url))))
        };
    }
    text
}

fn block(outline: &Outline, key: &str) -> String {
    let mut block = String::new();
    if !outline.groups.is_empty() {
        let _ = writeln!(block, "# {}", outline.groups.join(" / "));
    }
    block.push_str("[[source]]\n");
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(block, "{name} = {}", toml::Value::String(value.to_owned()));
    };
    line("key", key);
    line("name", &outline.name);
    line("kind", "feed");
    line("url", outline.url.as_str());
    if let Some(language) = &outline.language {
        line("language", language);
    }
    block.push('\n');
    block
}

/// The beginning of a key: the name where it is written in letters of ASCII, else the host and path.
fn stem(outline: &Outline) -> String {
    let named = slug(&outline.name);
    let is_told = outline.name.chars().all(|c| c.is_ascii() || !c.is_alphabetic());
    if is_told && named.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return named;
    }
    let host = outline.url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let by_address = slug(&format!("{host} {}", outline.url.path()));
    if by_address.is_empty() { "feed".to_owned() } else { by_address }
}

fn slug(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let letters: String = letters.collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    let slug: String = words.join("-").chars().take(MAX_STEM_CHARS).collect();
    slug.trim_matches('-').to_owned()
}

fn hash(url: &Url) -> String {
    let hash = blake3::hash(CanonicalUrl::of(url).as_str().as_bytes()).to_hex();
    hash.get(..HASH_CHARS).unwrap_or_default().to_owned()
}
