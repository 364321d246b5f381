//! Stub.
use super::rules::*;
use super::*;
pub fn list(_: &str, _: &Url, _: &JsonRules) -> Result<Extracted, ExtractError> {
    Ok(Extracted::default())
}
