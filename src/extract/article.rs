//! Stub.
use super::rules::*;
use super::*;
use scraper::Html;
#[derive(Debug)]
pub struct Article {
    pub entry: RawEntry,
    pub not_news: Option<String>,
    pub notes: Vec<String>,
}
pub fn article(_: &Html, _: &Url, _: &ArticleRules) -> Result<Article, ExtractError> {
    Ok(Article { entry: RawEntry::default(), not_news: None, notes: vec![] })
}
