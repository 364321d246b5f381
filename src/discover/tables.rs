//! What discovery knows beforehand, as data: names of channels, shapes of addresses, marks of CMSs.

use regex::Regex;
use scraper::Selector;
use serde::{Deserialize, Deserializer, de};
use serde_json_path::JsonPath;

const CHANNELS: &str = include_str!("../../config/channels.toml");
const SYSTEMS: &str = include_str!("../../config/cms.toml");

/// Longest text of a link that may contain a channel's name rather than be it, in characters.
const MAX_NAME_CHARS: usize = 12;
/// Points taken off where a text only contains a channel's name.
const PART_OF_TEXT: i32 = 6;

/// Why the built-in tables cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("built-in table `{file}` is not valid")]
pub struct TableError {
    file: &'static str,
    source: Box<toml::de::Error>,
}

/// Everything known beforehand.
#[derive(Debug)]
pub struct Tables {
    pub(super) channels: Channels,
    pub(super) systems: Vec<System>,
}

/// `config/channels.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channels {
    skip: Vec<String>,
    more: Vec<String>,
    channel: Vec<Channel>,
    address: Vec<Address>,
    host: Vec<Host>,
}

/// A channel under the names that sites give it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    pub slug: String,
    pub weight: i32,
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    #[serde(deserialize_with = "regex")]
    like: Regex,
    weight: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    #[serde(deserialize_with = "regex")]
    like: Regex,
    region: String,
}

/// A CMS, and by what it is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct System {
    pub name: String,
    pub profile: Option<String>,
    #[serde(default)]
    pub json: Vec<String>,
    #[serde(default, deserialize_with = "paths")]
    pub channel_name: Vec<JsonPath>,
    pub list_of: Option<ListOf>,
    #[serde(default, rename = "sign")]
    pub signs: Vec<Sign>,
}

/// Where the list of an article stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListOf {
    #[serde(deserialize_with = "regex")]
    like: Regex,
    path: String,
}

/// One mark of a CMS.
#[derive(Debug)]
pub(super) struct Sign {
    pub mark: Mark,
    pub points: u32,
    pub says: String,
}

/// Where a mark is looked for, and what it looks like.
#[derive(Debug)]
pub(super) enum Mark {
    Meta(Regex),
    Script(Regex),
    Link(Regex),
    Address(Regex),
    Text(Regex),
    Element(Selector),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemFile {
    cms: Vec<System>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignText {
    r#in: String,
    like: String,
    points: u32,
    says: String,
}

/// What a text says as the name of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'t> {
    /// The name as the table has it.
    pub name: &'t str,
    pub slug: &'t str,
    pub weight: i32,
}

impl Tables {
    /// Reads the tables that are compiled in.
    ///
    /// # Errors
    /// [`TableError`] when one is damaged, which a test rules out.
    pub fn built_in() -> Result<Self, TableError> {
        let error = |file| move |source| TableError { file, source: Box::new(source) };
        let channels = toml::from_str(CHANNELS).map_err(error("config/channels.toml"))?;
        let file: SystemFile = toml::from_str(SYSTEMS).map_err(error("config/cms.toml"))?;
        Ok(Self { channels, systems: file.cms })
    }
}

impl ListOf {
    /// The path of the list that an article with this path belongs to.
    pub(super) fn path_for(&self, article: &str) -> Option<String> {
        let found = self.like.captures(article)?;
        let mut path = String::new();
        found.expand(&self.path, &mut path);
        Some(path)
    }
}

impl Channels {
    /// Which channel a text names: as a whole, else as a part of it where it is short.
    pub(super) fn named(&self, text: &str) -> Option<Named<'_>> {
        let text = bare(text);
        self.exactly(text).or_else(|| {
            if text.chars().count() > MAX_NAME_CHARS || self.is_skipped(text) {
                return None;
            }
            let parts =
                self.all().filter(|named| named.name.chars().count() > 2 && text.contains(named.name));
            let best = parts.max_by_key(|named| (named.name.len(), named.weight))?;
            Some(Named { weight: best.weight - PART_OF_TEXT, ..best })
        })
    }

    /// The channel whose name a text is.
    pub(super) fn exactly(&self, text: &str) -> Option<Named<'_>> {
        let text = bare(text);
        self.all().find(|named| named.name == text)
    }

    /// Whether a link with this text is never a list of news.
    pub(super) fn is_skipped(&self, text: &str) -> bool {
        let text = bare(text);
        self.skip.iter().any(|name| name.eq_ignore_ascii_case(text))
    }

    /// Whether a link with this text leads on to the list that a heading names.
    pub(super) fn is_more(&self, text: &str) -> bool {
        let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        self.more.iter().any(|name| name.eq_ignore_ascii_case(&squeezed))
            || self.more.iter().any(|name| name.eq_ignore_ascii_case(bare(text)))
    }

    /// What an address is worth as that of a list; `None` when it is never one.
    pub(super) fn address_weight(&self, address: &str) -> Option<i32> {
        let weights = || self.address.iter().filter(|row| row.like.is_match(address)).map(|row| row.weight);
        if weights().any(|weight| weight < 0) {
            return None;
        }
        Some(weights().max().unwrap_or(0))
    }

    /// The code of the region that a host's name tells.
    pub(super) fn region_of_host(&self, host: &str) -> Option<String> {
        self.host.iter().find_map(|row| {
            let found = row.like.captures(host)?;
            let mut code = String::new();
            found.expand(&row.region, &mut code);
            Some(code.to_ascii_uppercase())
        })
    }

    fn all(&self) -> impl Iterator<Item = Named<'_>> {
        self.channel.iter().flat_map(|channel| {
            let named = |name| Named { name, slug: &channel.slug, weight: channel.weight };
            channel.names.iter().map(move |name| named(name.as_str()))
        })
    }
}

/// A text without the arrows and brackets that sites put around the names of channels.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || "·•>»›<«【】[]（）()|:：■◆▶→".contains(c))
}

fn regex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Regex, D::Error> {
    let text = String::deserialize(deserializer)?;
    Regex::new(&text).map_err(de::Error::custom)
}

fn paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<JsonPath>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| JsonPath::parse(text).map_err(de::Error::custom)).collect()
}

impl<'de> Deserialize<'de> for Sign {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SignText { r#in, like, points, says } = SignText::deserialize(deserializer)?;
        let regex = || Regex::new(&like).map_err(de::Error::custom);
        let mark = match r#in.as_str() {
            "meta" => Mark::Meta(regex()?),
            "script" => Mark::Script(regex()?),
            "link" => Mark::Link(regex()?),
            "address" => Mark::Address(regex()?),
            "text" => Mark::Text(regex()?),
            "selector" => Mark::Element(Selector::parse(&like).map_err(de::Error::custom)?),
            other => return Err(de::Error::custom(format!("`{other}` is no place to look for a mark"))),
        };
        Ok(Self { mark, points, says })
    }
}
