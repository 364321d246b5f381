//! The bytes of a line become its fields, or are told what is wrong with them.

use serde_json::Value;

use super::{EntryLine, LineError};
use crate::model::SourceKey;

/// Characters of a source's name that go into its key.
const MAX_STEM_CHARS: usize = 40;
/// Characters of the hash that tells apart names which look alike as keys.
const HASH_CHARS: usize = 8;

/// Reads the fields of a line.
pub fn parse(bytes: &[u8]) -> Result<EntryLine, LineError> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| LineError::NotText { at: error.valid_up_to() + 1 })?;
    // The one parse that nearly every line takes; what is wrong is found out afterwards.
    serde_json::from_str(text).map_err(|_| wrong(text))
}

/// What is wrong with a line that is no entry.
fn wrong(text: &str) -> LineError {
    let not_json = |error: &serde_json::Error| {
        let told = error.to_string();
        let problem = told.rsplit_once(" at line ").map_or(told.as_str(), |(problem, _)| problem);
        LineError::NotJson { column: error.column(), problem: problem.to_owned() }
    };
    let fields = match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields,
        Ok(other) => return LineError::NotAnObject { found: kind_of(&other) },
        Err(error) => return not_json(&error),
    };
    for (name, value) in fields {
        let shown = value.to_string();
        let one = Value::Object([(name.clone(), value)].into_iter().collect());
        if let Err(error) = serde_json::from_value::<EntryLine>(one) {
            return LineError::unusable(&name, &shown, error.to_string());
        }
    }
    // Each field can be read, but not all together: one stands twice.
    match serde_json::from_str::<EntryLine>(text) {
        Err(error) => not_json(&error),
        Ok(_) => LineError::Empty,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The key of the source that a line names, and the name itself where it is no key: `WWW.Example.org` becomes
/// `www-example-org-` with some digits that no other name leads to.
pub fn source_key(line: &EntryLine) -> Result<(SourceKey, Option<String>), LineError> {
    let missing = LineError::Missing { field: "source", expected: "the key of its source, such as `jx`" };
    let Some(name) = line.source.as_deref().map(str::trim).filter(|name| !name.is_empty()) else {
        return Err(missing);
    };
    if let Ok(key) = SourceKey::parse(name) {
        return Ok((key, None));
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let letters = name.chars().take(MAX_STEM_CHARS).map(|c| c.to_ascii_lowercase());
    let stem: String = letters.map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = stem.split('-').filter(|word| !word.is_empty()).collect();
    let stem = if words.is_empty() { "source".to_owned() } else { words.join("-") };
    let key = format!("{stem}-{}", hash.get(..HASH_CHARS).unwrap_or_default());
    let key =
        SourceKey::parse(&key).map_err(|error| LineError::unusable("source", name, error.to_string()))?;
    Ok((key, Some(name.to_owned())))
}
