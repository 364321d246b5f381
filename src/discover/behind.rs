//! The article behind a proposal's rows: whether its page can be read, and by which rules.

use url::Url;

use crate::{
    config::{Config, SourceConfig},
    extract::{Document, digest},
    model::CanonicalUrl,
    normalise::html::strip_tags,
    poll::listing::{self, Page},
};

/// The fields that are told.
const FIELDS: [&str; 5] = ["title", "published", "origin", "content_html", "enclosures"];

/// What an article gave, each field with the rule that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadArticle {
    /// Its address.
    pub url: Url,
    /// Fields, with their rules.
    pub fields: Vec<(String, String)>,
    /// Length of its text in characters, white space apart.
    pub n_chars: usize,
    /// Stories, when it is a digest.
    pub n_stories: usize,
}

/// Reads an article as the source would.
pub(super) fn read(
    source: &SourceConfig,
    config: &Config,
    document: &Document,
) -> Result<ReadArticle, String> {
    let url = document.url.clone();
    let page = listing::read_article(source, config, document).map_err(|error| error.to_string())?;
    let article = match page {
        Page::Digest(stories) => {
            return Ok(ReadArticle { url, fields: Vec::new(), n_chars: 0, n_stories: stories.len() });
        }
        Page::Article(article) => article,
    };
    if let Some(reason) = article.not_news {
        return Err(format!("`{url}` is taken for no news: {reason}"));
    }
    let rule = |name: &&str| article.entry.fields.get(*name).map(|rule| ((*name).to_owned(), rule.clone()));
    Ok(ReadArticle {
        fields: FIELDS.iter().filter_map(rule).collect(),
        n_chars: n_chars(article.entry.content_html.as_deref().unwrap_or_default()),
        n_stories: digest::from_article(&article.entry, &url, &config.bureaus)
            .map_or(0, |stories| stories.len()),
        url,
    })
}

/// The length of a body's text in characters, white space apart.
pub(super) fn n_chars(body: &str) -> usize {
    strip_tags(body).chars().filter(|c| !c.is_whitespace()).count()
}

/// Whether two addresses are of one page.
pub(super) fn is_same_page(a: &Url, b: &Url) -> bool {
    CanonicalUrl::of(a) == CanonicalUrl::of(b)
}
