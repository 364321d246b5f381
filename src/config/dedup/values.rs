//! Values of `[dedup]`, checked where they are read: shares, roles, names of rules and vetoes, phrases of tables.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    config::value::{Period, Written, written},
    dedup::{RoleOrder, Rule, VetoKind},
    model::Role,
};

/// A share, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub(super) f64);

/// A weight, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight(pub(super) f64);

/// A number within bounds.
macro_rules! number {
    ($type:ident, $most:literal, $expected:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = f64::deserialize(deserializer)?;
                if (0.0..=$most).contains(&number) {
                    return Ok(Self(number));
                }
                Err(de::Error::custom(format_args!("{number} is not {}", $expected)))
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.0)
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "number", "minimum": 0, "maximum": $most, "description": $expected })
            }
            fn inline_schema() -> bool {
                true
            }
        }
    };
}

number!(Share, 1.0, "a share; expected a number from 0 to 1, such as 0.68");
number!(Weight, 100.0, "a weight; expected a number from 0 to 100, such as 1.6");

/// The roles in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(pub(super) RoleOrder);

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let roles = Vec::<Role>::deserialize(deserializer)?;
        let order = <[Role; 4]>::try_from(roles).ok().and_then(RoleOrder::new);
        let expected = "expected primary, national, paper and platform, each once, the best first";
        order
            .map(Self)
            .ok_or_else(|| de::Error::custom(format_args!("not all roles are here once; {expected}")))
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.roles().serialize(serializer)
    }
}

impl JsonSchema for Roles {
    fn schema_name() -> Cow<'static, str> {
        "Roles".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let role = generator.subschema_for::<Role>();
        json_schema!({ "type": "array", "items": role, "minItems": 4, "maxItems": 4, "uniqueItems": true })
    }
    fn inline_schema() -> bool {
        true
    }
}

/// A phrase of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase(pub(super) String);

/// A phrase that has shingles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongPhrase(pub(super) String);

/// Words for one thing; all become the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonyms(pub(super) Vec<String>);

/// The name of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleName(pub(super) Rule);

/// The name of a veto.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VetoName(pub(super) VetoKind);

written!(Phrase, LongPhrase, Synonyms, RuleName, VetoName);

/// Longest phrase, in characters.
const MAX_PHRASE_CHARS: usize = 200;

/// A phrase with at least so many characters, of which one is a letter or a digit: a shorter one stands in every text.
fn phrase(text: &str, least: usize) -> Option<String> {
    let n_chars = text.chars().filter(|c| !c.is_whitespace()).count();
    let is_phrase = (least..=MAX_PHRASE_CHARS).contains(&n_chars)
        && text.chars().any(char::is_alphanumeric)
        && !text.chars().any(char::is_control);
    is_phrase.then(|| text.to_owned())
}

impl Written for Phrase {
    const EXPECTED: &'static str =
        "a phrase of a table; expected 2 to 200 characters on one line, letters among them";

    fn read(text: &str) -> Option<Self> {
        phrase(text, 2).map(Self)
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl Written for LongPhrase {
    const EXPECTED: &'static str =
        "a phrase to be left out; expected 5 to 200 characters on one line, letters among them";

    fn read(text: &str) -> Option<Self> {
        phrase(text, crate::dedup::SHINGLE_CHARS).map(Self)
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl Written for Synonyms {
    const EXPECTED: &'static str = "a row of synonyms; expected at least two words with a space between them, such as \"快递进村 村村通快递\"";

    fn read(text: &str) -> Option<Self> {
        let words: Option<Vec<String>> = text.split_whitespace().map(|word| phrase(word, 2)).collect();
        words.filter(|words| words.len() > 1).map(Self)
    }

    fn write(&self) -> String {
        self.0.join(" ")
    }
}

impl Written for RuleName {
    const EXPECTED: &'static str = "a rule; expected same-address, same-body, same-title, body, body-title, title-lead, figures or event";

    fn read(text: &str) -> Option<Self> {
        Rule::JOINING.into_iter().find(|rule| rule.as_str() == text).map(Self)
    }

    fn write(&self) -> String {
        self.0.as_str().to_owned()
    }
}

impl Written for VetoName {
    const EXPECTED: &'static str = "a veto that can be left out; expected period, place, order, number, figures, date, round-up, publisher, works, \
        company, official, state, announcement or frame";

    fn read(text: &str) -> Option<Self> {
        // Different provinces are never one story, and the window is what is compared at all.
        let fixed = [VetoKind::Province, VetoKind::Window];
        let free = VetoKind::ALL.into_iter().filter(|kind| !fixed.contains(kind));
        free.into_iter().find(|kind| kind.as_str() == text).map(Self)
    }

    fn write(&self) -> String {
        self.0.as_str().to_owned()
    }
}

/// A value of a layer as a threshold.
pub(super) trait Limit {
    type Of;
    fn limit(self) -> Self::Of;
}

impl Limit for Share {
    type Of = f64;
    fn limit(self) -> f64 {
        self.0
    }
}

impl Limit for Weight {
    type Of = f64;
    fn limit(self) -> f64 {
        self.0
    }
}

impl Limit for usize {
    type Of = Self;
    fn limit(self) -> Self {
        self
    }
}

impl Limit for Period {
    type Of = f64;
    /// Days.
    fn limit(self) -> f64 {
        self.0.as_secs_f64() / 86_400.0
    }
}
