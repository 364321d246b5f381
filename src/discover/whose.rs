//! Whose site it is: by its host, by what its pages say of themselves, by what is configured already.

use url::Url;

use super::{page::Page, tables::Tables};
use crate::{
    config::Config,
    model::{Bureau, Region, Role},
};

/// What stands between the parts of a page's title.
const SEPARATORS: [char; 13] = ['_', '-', '–', '—', '－', '|', '｜', '丨', '·', ':', '：', '»', '>'];

/// Whose a site is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// Its name for people.
    pub name: String,
    /// The bureau, and what told it.
    pub bureau: Option<(Bureau, String)>,
}

impl Owner {
    /// How close it stands to the bureaus.
    pub fn role(&self) -> Role {
        match self.bureau.as_ref().map(|(bureau, _)| bureau) {
            None => Role::Platform,
            Some(bureau) if bureau.region.as_ref().is_some_and(Region::is_national) => Role::National,
            Some(_) => Role::Primary,
        }
    }
}

/// Tells the owner from the site's pages, of which the first counts most, and from titles of its feeds.
pub(super) fn owner(
    url: &Url,
    pages: &[&Page],
    feed_titles: &[String],
    config: &Config,
    tables: &Tables,
) -> Owner {
    let host = url.host_str().unwrap_or_default();
    let by_host = tables.channels.region_of_host(host).and_then(|code| {
        let bureau = config.bureaus.resolve(&code)?;
        Some((bureau, format!("host {host}")))
    });
    let by_page = || pages.iter().find_map(|page| bureau_of(page, config));
    let by_feed = || {
        let mut parts = feed_titles.iter().flat_map(|title| title.split(SEPARATORS));
        parts.find_map(|part| Some((config.bureaus.resolve(part.trim())?, "the feed's title".to_owned())))
    };
    let by_config = || {
        let known = config.sources.iter().find(|it| it.source.url.host_str() == Some(host))?;
        Some((known.source.bureau.clone()?, format!("source `{}` of the same host", known.source.key)))
    };
    let bureau = by_host.or_else(by_page).or_else(by_feed).or_else(by_config);
    let said = pages.iter().find_map(|page| page.meta("SiteName").or_else(|| page.meta("og:site_name")));
    let titled = || pages.iter().map(|page| last_part(&page.title)).find(|part| !part.is_empty());
    let name = match (&bureau, said) {
        (Some((bureau, _)), _) => bureau.name.clone(),
        (None, Some(said)) => said.to_owned(),
        (None, None) => titled().unwrap_or(host).to_owned(),
    };
    Owner { name, bureau }
}

fn bureau_of(page: &Page, config: &Config) -> Option<(Bureau, String)> {
    let resolve = |text: &str, rule: &str| Some((config.bureaus.resolve(text.trim())?, rule.to_owned()));
    let by_meta = page.meta("SiteName").and_then(|name| resolve(name, "meta SiteName"));
    let titled = || page.title.rsplit(SEPARATORS).find_map(|part| resolve(part, "the page's title"));
    by_meta.or_else(titled).or_else(|| resolve(&page.heading, "the page's heading"))
}

fn last_part(title: &str) -> &str {
    title.rsplit(SEPARATORS).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default()
}
