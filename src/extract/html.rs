//! Stub.
use super::ExtractError;
use url::Url;
pub fn parse(text: &str, _url: &Url) -> Result<scraper::Html, ExtractError> {
    Ok(scraper::Html::parse_document(text))
}
