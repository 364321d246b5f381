//! What a reader must make of the world.

use jiff::Timestamp;
use url::Url;

use super::Site;
use super::story::{Article, ZONE};
use crate::model::Precision;

/// One story as a reader must get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The title of the primary copy: one line, `&nbsp;` as a space.
    pub title: String,
    /// Official name of the bureau that said it; never the newspaper, nor the national bureau for what it
    /// only retells.
    pub bureau: String,
    /// ISO 3166-2 code.
    pub region: String,
    /// RFC 3339 with `+08:00`; the start of the day where only the day is told.
    pub published: String,
    /// How exactly the publisher tells it.
    pub precision: Precision,
    /// The paragraphs of the primary copy, each of which occurs in the text, in this order. Captions, cells
    /// of tables and links may stand between and after them; a digest's closing bracket is left out, and
    /// its commas and brackets are ASCII, as on the page.
    pub paragraphs: Vec<String>,
    /// Address of the primary copy; for a story that only the digest tells, the digest's page.
    pub url: Url,
    /// Addresses of the attachments of the primary copy.
    pub attachments: Vec<Url>,
    /// Keys of the sources that carry it, the primary copy's first.
    pub sources: Vec<&'static str>,
}

/// The stories that are out at `now`, the newest first.
pub(super) fn expected(articles: &[Article], sites: &[Site], now: Timestamp) -> Vec<Expected> {
    let visible: Vec<&Article> = articles.iter().filter(|article| article.visible_at <= now).collect();
    let mut primaries: Vec<&Article> = Vec::new();
    for article in &visible {
        // Articles come in the order of the sites, those nearest to the bureaus first.
        if primaries.iter().all(|primary| primary.story != article.story) {
            primaries.push(article);
        }
    }
    primaries.sort_by_key(|article| std::cmp::Reverse(article.published.at));
    primaries.into_iter().filter_map(|primary| expectation(primary, &visible, sites)).collect()
}

fn expectation(primary: &Article, visible: &[&Article], sites: &[Site]) -> Option<Expected> {
    let site = sites.iter().find(|site| site.key == primary.site)?;
    let url = site.base.join(&primary.path).ok()?;
    let attachment = primary.attachment.as_ref();
    let attachment = attachment.and_then(|it| url.join(&format!("files/{}", it.file)).ok());
    let sources =
        visible.iter().filter(|article| article.story == primary.story).map(|article| article.site).collect();
    Some(Expected {
        title: primary.title.clone(),
        bureau: primary.bureau.clone(),
        region: primary.region.clone(),
        published: primary.published.at.display_with_offset(ZONE).to_string(),
        precision: primary.published.precision,
        paragraphs: primary.paragraphs.clone(),
        url,
        attachments: attachment.into_iter().collect(),
        sources,
    })
}
