//! What a page shows at first sight: whose it is, where its links lead, which feeds and channels it names.

use scraper::{ElementRef, Html};
use url::Url;

use super::tables::Channels;
use crate::extract::{
    html::{self, Next, Step},
    list,
};

/// Most links looked at.
const MAX_LINKS: usize = 5_000;
/// Most metas, scripts and feeds kept, each.
const MAX_MARKS: usize = 300;
/// Links between a heading and the `更多` that belongs to it, at most.
const MAX_LINKS_UNDER_HEADING: usize = 30;
/// Longest text of a heading that names a channel, in bytes.
const MAX_HEADING_BYTES: usize = 60;
/// Media types of feeds, as `link rel=alternate` states them.
const FEED_TYPES: [&str; 5] = [
    "application/atom+xml",
    "application/rss+xml",
    "application/rdf+xml",
    "application/feed+json",
    "application/xml+rss",
];
/// How paths of feeds end.
const FEED_ENDS: [&str; 4] = [".xml", ".rss", ".atom", ".rdf"];

/// A page at first sight.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The text of `<title>`.
    pub title: String,
    /// The text of the first `h1`.
    pub heading: String,
    /// `name=content` of each meta.
    pub metas: Vec<String>,
    /// Addresses of scripts and style sheets, as written.
    pub scripts: Vec<String>,
    pub links: Vec<Link>,
    pub feeds: Vec<Feed>,
    /// Ids of JSON channels, the page's own first.
    pub channel_ids: Vec<String>,
}

/// A link to another page.
#[derive(Debug)]
pub(super) struct Link {
    pub url: Url,
    pub text: String,
    /// The name of the channel under which it stands, as far as that can be told.
    pub under: Option<String>,
}

/// A link to a feed.
#[derive(Debug)]
pub(super) struct Feed {
    pub url: Url,
    pub title: String,
    /// Whether the page declares it (`link rel=alternate`) rather than just links to what looks like one.
    pub is_declared: bool,
}

impl Page {
    /// Looks at a page.
    pub(super) fn of(page: &Html, url: &Url, channels: &Channels) -> Self {
        let mut look = Look {
            base: html::base_url(page, url),
            channels,
            heading: None,
            page: Self { channel_ids: list::json_channels(page), ..Self::default() },
        };
        html::walk(page.root_element(), |step| look.step(&step));
        look.page
    }

    /// The content of the first meta with this name that says anything.
    pub(super) fn meta(&self, name: &str) -> Option<&str> {
        let contents = self.metas.iter().filter_map(|meta| meta.split_once('='));
        let named = contents.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, content)| content).find(|content| !content.is_empty() && *content != "null")
    }
}

/// A look under way.
struct Look<'a> {
    base: Url,
    channels: &'a Channels,
    /// The last text that was a channel's name, and how many links came before it.
    heading: Option<(String, usize)>,
    page: Page,
}

impl Look<'_> {
    fn step(&mut self, step: &Step<'_>) -> Next {
        match step {
            Step::Text(text) => self.text(text),
            Step::Close(_) => {}
            Step::Open(element) => match element.value().name() {
                "meta" => self.meta(*element),
                "title" if self.page.title.is_empty() => self.page.title = html::text(*element),
                "h1" if self.page.heading.is_empty() => self.page.heading = html::text(*element),
                "script" => self.script(element.attr("src")),
                "link" => self.link_element(*element),
                "a" => self.anchor(*element),
                "style" | "noscript" | "template" => return Next::Over,
                _ => {}
            },
        }
        Next::Into
    }

    fn text(&mut self, text: &str) {
        if text.len() <= MAX_HEADING_BYTES
            && let Some(named) = self.channels.exactly(text)
        {
            self.heading = Some((named.name.to_owned(), self.page.links.len()));
        }
    }

    fn meta(&mut self, element: ElementRef<'_>) {
        let name = element.attr("name").or_else(|| element.attr("property"));
        if let (Some(name), Some(content)) = (name, element.attr("content"))
            && self.page.metas.len() < MAX_MARKS
        {
            self.page.metas.push(format!("{}={}", name.trim(), html::collapse(content)));
        }
    }

    fn script(&mut self, address: Option<&str>) {
        if let Some(address) = address.filter(|_| self.page.scripts.len() < MAX_MARKS) {
            self.page.scripts.push(address.to_owned());
        }
    }

    fn link_element(&mut self, element: ElementRef<'_>) {
        let has_rel = |word: &str| {
            element
                .attr("rel")
                .is_some_and(|rel| rel.split_whitespace().any(|it| it.eq_ignore_ascii_case(word)))
        };
        let kind = element.attr("type").unwrap_or_default().trim().to_ascii_lowercase();
        if has_rel("stylesheet") {
            self.script(element.attr("href"));
        } else if has_rel("alternate") && FEED_TYPES.contains(&kind.as_str()) {
            self.feed(element.attr("href"), html::collapse(element.attr("title").unwrap_or_default()), true);
        }
    }

    fn anchor(&mut self, element: ElementRef<'_>) {
        let Some(url) = element.attr("href").and_then(|href| html::resolve(&self.base, href)) else { return };
        let mut text = html::text(element);
        let attribute = html::collapse(element.attr("title").unwrap_or_default());
        let path = url.path().to_ascii_lowercase();
        if FEED_ENDS.iter().any(|end| path.ends_with(end))
            && self.channels.address_weight(url.as_str()).is_some()
        {
            self.feed(element.attr("href"), text.clone(), false);
        }
        if self.page.links.len() >= MAX_LINKS {
            return;
        }
        let under = if self.channels.is_more(&text) || text.is_empty() {
            self.channels.named(&attribute).map(|named| named.name.to_owned()).or_else(|| self.last_heading())
        } else {
            None
        };
        if text.is_empty() {
            text = attribute;
        }
        self.page.links.push(Link { url, text, under });
    }

    fn last_heading(&self) -> Option<String> {
        let (name, n_links) = self.heading.as_ref()?;
        (self.page.links.len() - n_links <= MAX_LINKS_UNDER_HEADING).then(|| name.clone())
    }

    fn feed(&mut self, href: Option<&str>, title: String, is_declared: bool) {
        let Some(url) = href.and_then(|href| html::resolve(&self.base, href)) else { return };
        let known = self.page.feeds.iter().any(|feed| feed.url == url);
        if !known && self.page.feeds.len() < MAX_MARKS {
            self.page.feeds.push(Feed { url, title, is_declared });
        }
    }
}
