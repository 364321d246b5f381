//! A proposal as a `[[source]]` table of configuration.

use std::{collections::BTreeSet, fmt::Write};

use url::Url;

use super::{learn::ListOverrides, reading::Draft, whose::Owner};
use crate::model::{Bureaus, Kind, Role};

/// Longest beginning of a key, in characters; leaves room for a channel and a number.
const MAX_STEM_CHARS: usize = 48;
/// Keys tried before giving up.
const MAX_SAME_KEYS: usize = 100;

/// What a block is made of.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub owner: &'a Owner,
    pub bureaus: &'a Bureaus,
    pub draft: &'a Draft,
    /// The channel's name, and its part of the key.
    pub channel: Option<(&'a str, Option<&'a str>)>,
}

impl Block<'_> {
    /// A key that is not among those taken.
    pub(super) fn key(&self, taken: &BTreeSet<String>) -> String {
        let stem = stem(self.owner, &self.draft.url);
        let stem = match (self.channel, self.draft.kind) {
            (_, Kind::Digest) => format!("{stem}-digest"),
            (Some((_, Some(slug))), _) => format!("{stem}-{slug}"),
            _ => stem,
        };
        let numbered = (2..MAX_SAME_KEYS).map(|n| format!("{stem}-{n}"));
        std::iter::once(stem.clone()).chain(numbered).find(|key| !taken.contains(key)).unwrap_or(stem)
    }

    /// The table under a key.
    pub(super) fn toml(&self, key: &str) -> String {
        let (draft, owner) = (self.draft, self.owner);
        let name = match self.channel {
            Some((channel, _)) => format!("{} {channel}", owner.name),
            None => owner.name.clone(),
        };
        let bureau = owner.bureau.as_ref().map(|(bureau, _)| bureau);
        // The region of a province's own bureau follows from its name.
        let region = bureau.and_then(|bureau| {
            let region = bureau.region.as_ref()?;
            let is_own = self.bureaus.row(region).is_some_and(|row| row.bureau == bureau.name);
            (!is_own).then(|| region.as_str())
        });
        let strings = [
            ("key", Some(key)),
            ("name", Some(name.as_str())),
            ("kind", Some(draft.kind.as_str())),
            ("url", Some(draft.url.as_str())),
            ("profile", draft.profile.as_deref()),
            ("bureau", bureau.map(|bureau| bureau.name.as_str())),
            ("region", region),
            ("role", Some(self.role().as_str())),
        ];
        let mut toml = String::from("[[source]]\n");
        for (key, value) in strings {
            if let Some(value) = value {
                // Writing to a string cannot fail.
                let _ = writeln!(toml, "{key} = {}", quoted(value));
            }
        }
        toml.push_str("verified = true\n");
        toml.push_str(&rules(&draft.list));
        toml
    }

    fn role(&self) -> Role {
        match (self.draft.kind, self.owner.role()) {
            (Kind::Digest, Role::Platform) => Role::Paper,
            (_, role) => role,
        }
    }
}

fn rules(list: &ListOverrides) -> String {
    let many = |key: &str, value: &Option<String>| Some(format!("{key} = [{}]", quoted(value.as_deref()?)));
    let one = |key: &str, value: &Option<String>| Some(format!("{key} = {}", quoted(value.as_deref()?)));
    let rules = [
        many("rows", &list.rows),
        many("title", &list.title),
        many("date", &list.date),
        one("article_url", &list.article_url),
    ];
    let rules: Vec<String> = rules.into_iter().flatten().collect();
    if rules.is_empty() { String::new() } else { format!("list = {{ {} }}\n", rules.join(", ")) }
}

/// The beginning of a key: the province's letters, else the host's name.
fn stem(owner: &Owner, url: &Url) -> String {
    let region = owner.bureau.as_ref().and_then(|(bureau, _)| bureau.region.as_ref());
    if let Some(region) = region {
        let letters = region.as_str().strip_prefix("CN-").unwrap_or("spb");
        return letters.to_ascii_lowercase();
    }
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase();
    let letters = host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let stem: String = letters.take(MAX_STEM_CHARS).collect();
    let stem = stem.trim_matches('-');
    if stem.is_empty() { "site".to_owned() } else { stem.to_owned() }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
