//! A source: something polled.

use std::fmt;

use super::{Bureau, Region};

/// The short, stable name of a source: lower-case letters, digits, `-` and `_`.
///
/// It is part of the identity of every entry, so it never changes once entries exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey(String);

/// Why a text is no source key.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no source key; use 1 to 64 lower-case letters, digits, `-` or `_`")]
pub struct SourceKeyError(String);

/// Longest key, in characters: it becomes part of addresses and identifiers.
const MAX_KEY_CHARS: usize = 64;

impl SourceKey {
    /// Checks a key.
    pub fn parse(text: &str) -> Result<Self, SourceKeyError> {
        let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > MAX_KEY_CHARS || !text.bytes().all(ok) {
            return Err(SourceKeyError(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What kind of document a source's address gives.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A home page: the links that look like articles of its CMS are followed.
    Site,
    /// An HTML list page and the article behind each row.
    List,
    /// A JSON list endpoint.
    Json,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// One article that holds many stories, or a list of such articles.
    Digest,
}

impl Kind {
    /// The name used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::List => "list",
            Self::Json => "json",
            Self::Feed => "feed",
            Self::Digest => "digest",
        }
    }
}

/// How close a source stands to the bureau that said it; decides whose copy readers get.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The bureau itself.
    Primary,
    /// The national bureau, when it retells a province.
    National,
    /// A newspaper.
    Paper,
    /// Anybody else: a portal, a reposter.
    #[default]
    Platform,
}

impl Role {
    /// All of them, the closest to the bureau first.
    pub const ALL: [Self; 4] = [Self::Primary, Self::National, Self::Paper, Self::Platform];

    /// The name used in configuration and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::National => "national",
            Self::Paper => "paper",
            Self::Platform => "platform",
        }
    }

    /// The role of a stored name; unknown names are the weakest role.
    pub fn from_name(name: &str) -> Self {
        match name {
            "primary" => Self::Primary,
            "national" => Self::National,
            "paper" => Self::Paper,
            _ => Self::Platform,
        }
    }
}

/// What the pure stages need to know of a source.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its key.
    pub key: SourceKey,
    /// Its name for people.
    pub name: String,
    /// How close it stands to the bureau.
    pub role: Role,
    /// Whose it is, when it belongs to one bureau.
    pub bureau: Option<Bureau>,
    /// Its province, also when it has no bureau.
    pub region: Option<Region>,
    /// The address that is polled.
    pub url: url::Url,
    /// BCP 47 language of what it says.
    pub language: String,
}
