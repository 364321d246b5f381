//! What is read of a line though it was written otherwise.

use serde::{Deserialize, Deserializer};

/// `null` where nothing is meant.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

/// Ids are numbers at many a source.
pub(super) fn text_or_number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a whole number")]
    enum Id {
        Text(String),
        Number(i64),
        Large(u64),
    }
    Ok(Option::deserialize(input)?.map(|id| match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
        Id::Large(number) => number.to_string(),
    }))
}
