//! Stub.
use super::rules::*;
use super::*;
use scraper::Html;
pub fn from_text(_: &str, _: &Url, _: &ListRules) -> Result<Extracted, ExtractError> {
    Ok(Extracted::default())
}
pub fn links(_: &Html, _: &Url, _: &ListRules) -> Extracted {
    Extracted::default()
}
