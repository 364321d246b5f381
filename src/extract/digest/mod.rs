//! A digest: one article that retells many bureaus' news, split into its stories.
//!
//! Two shapes are told apart by what the page itself shows. Where items close with the bureau that sent them
//! (`…全面过硬。（江西省邮政管理局）`), an item ends there and nowhere else, so that headings inside an item
//! do not cut it. Where no item names its bureau at the end, an item begins at a title that begins with a bureau
//! (`江西局召开…`).
//!
//! **Invariant:** a page that shows neither shape at least twice is no digest and is not cut.

mod blocks;
pub mod edition;
mod lines;
#[cfg(test)]
mod tests;

pub use blocks::{Block, of_html, of_text};

use url::Url;

use self::lines::Line;
use super::{RawEntry, html};
use crate::model::{Bureaus, CanonicalUrl};

/// Stories taken from one page, at most.
pub const MAX_STORIES: usize = 200;

/// A page is a digest only when at least this many of its items name their bureau.
const MIN_ATTRIBUTED: usize = 2;

/// Of all items, at least this share must name their bureau, in per cent.
const MIN_ATTRIBUTED_PERCENT: usize = 60;

/// Characters of the title that go into a text fragment; enough to be unique on a page.
const FRAGMENT_CHARS: usize = 60;

/// One story of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Its title, numbering removed.
    pub title: String,
    /// The bureau named at its end, as written.
    pub attribution: Option<String>,
    /// Its paragraphs as HTML, without title and attribution.
    pub paragraphs: Vec<String>,
}

/// Splits the blocks of an article into stories; `None` when it is no digest.
pub fn split(blocks: &[Block], bureaus: &Bureaus) -> Option<Vec<Story>> {
    let lines: Vec<Line> = blocks.iter().filter_map(|block| Line::of(block, bureaus)).collect();
    let n_attributions = lines.iter().filter(|line| line.attribution.is_some()).count();
    let stories = if n_attributions >= MIN_ATTRIBUTED {
        close_at_attributions(&lines)
    } else {
        open_at_bureau_titles(&lines)
    };
    is_digest(&stories, bureaus).then(|| {
        let mut stories = stories;
        stories.truncate(MAX_STORIES);
        stories
    })
}

fn is_digest(stories: &[Story], bureaus: &Bureaus) -> bool {
    let named = |story: &&Story| story.attribution.is_some() || bureaus.leading(&story.title).is_some();
    let n_named = stories.iter().filter(named).count();
    stories.len() >= MIN_ATTRIBUTED
        && n_named >= MIN_ATTRIBUTED
        && n_named * 100 >= stories.len() * MIN_ATTRIBUTED_PERCENT
}

/// Items end where a bureau is named. A title that itself begins with a bureau also ends the item before it,
/// whose own attribution is then missing.
fn close_at_attributions(lines: &[Line]) -> Vec<Story> {
    let mut stories = Vec::new();
    let mut open = Open::default();
    for (i, line) in lines.iter().enumerate() {
        let starts = line.can_be_title && lines.get(i + 1).is_some_and(|next| !next.can_be_title);
        if starts && (open.paragraphs.is_empty() || line.names_bureau || line.marked) {
            stories.extend(open.close(None));
            open.title = Some(line.title.clone());
        } else if line.can_be_title && open.paragraphs.is_empty() {
            // A heading over several items, or a title that a later line replaces.
            open.title = Some(line.title.clone());
        } else {
            open.add(line);
        }
        if line.attribution.is_some() {
            stories.extend(open.close(line.attribution.clone()));
        }
    }
    stories.extend(open.close(None));
    stories
}

/// Items begin at titles that begin with a bureau, and run to the next such title.
fn open_at_bureau_titles(lines: &[Line]) -> Vec<Story> {
    let mut stories = Vec::new();
    let mut open = Open::default();
    for (i, line) in lines.iter().enumerate() {
        let followed = lines.get(i + 1).is_some_and(|next| !next.can_be_title);
        if line.can_be_title && line.names_bureau && followed {
            stories.extend(open.close(None));
            open.title = Some(line.title.clone());
        } else if open.title.is_some() {
            open.add(line);
        }
    }
    stories.extend(open.close(None));
    stories
}

/// The item being read.
#[derive(Default)]
struct Open {
    title: Option<String>,
    paragraphs: Vec<String>,
}

impl Open {
    fn add(&mut self, line: &Line) {
        if self.title.is_none() {
            // Prose outside any item: only a paragraph that names its bureau is an item by itself.
            let Some((title, rest)) = line.attribution.as_ref().and_then(|_| line.title_from_prose()) else {
                return;
            };
            self.title = Some(title);
            self.paragraphs.push(rest);
        } else if !line.html.is_empty() {
            self.paragraphs.push(line.html.clone());
        }
    }

    /// Ends the item; what has no title or no text is none.
    fn close(&mut self, attribution: Option<String>) -> Option<Story> {
        let open = std::mem::take(self);
        let title = open.title.filter(|_| !open.paragraphs.is_empty())?;
        Some(Story { title, attribution, paragraphs: open.paragraphs })
    }
}

/// Makes entries of the stories of the page `page`, which carry its address, times and origin.
///
/// Each links to its place in the page by a text fragment, and is identified by the page and a hash of its
/// normalised title, so that reordering the page changes nothing.
pub fn entries(page: &RawEntry, url: &Url, stories: Vec<Story>) -> Vec<RawEntry> {
    let page_id = CanonicalUrl::of(url);
    let mut entries: Vec<RawEntry> = Vec::with_capacity(stories.len());
    for story in stories {
        let id = story_id(&page_id, &crate::normalise::title_key(&story.title));
        if entries.iter().any(|known| known.id.as_deref() == Some(&id)) {
            continue;
        }
        entries.push(entry(page, url, story, id));
    }
    entries
}

fn story_id(page_id: &CanonicalUrl, title: &str) -> String {
    let hash = blake3::hash(title.as_bytes()).to_hex();
    format!("{}#{}", page_id.as_str(), hash.get(..16).unwrap_or_default())
}

fn entry(page: &RawEntry, url: &Url, story: Story, id: String) -> RawEntry {
    let mut entry = RawEntry {
        id: Some(id),
        url: Some(place_in_page(url, &story.title)),
        published: page.published.clone(),
        origin: page.origin.clone(),
        content_html: Some(format!("<p>{}</p>\n", story.paragraphs.join("</p>\n<p>"))),
        base: page.base.clone().or_else(|| Some(url.clone())),
        language: page.language.clone(),
        ..RawEntry::default()
    };
    for name in ["published", "origin"] {
        if let Some(rule) = page.fields.get(name) {
            entry.fields.insert(name, rule.clone());
        }
    }
    entry.fields.insert("id", "page's address and title".into());
    entry.fields.insert("url", "place of the title in the page".into());
    entry.fields.insert("title", "digest item".into());
    entry.fields.insert("content_html", "digest item".into());
    if story.attribution.is_some() {
        entry.fields.insert("bureau", "attribution at the item's end".into());
    }
    entry.title = story.title;
    entry.attribution = story.attribution;
    entry
}

/// The page's address with a text fragment (`#:~:text=`, WICG Scroll to Text Fragment) for the title.
fn place_in_page(url: &Url, title: &str) -> Url {
    let start: String = title.chars().take(FRAGMENT_CHARS).collect();
    // `-` and `,` separate the directive's parts, so they are encoded where they are text.
    let encoded: String = url::form_urlencoded::byte_serialize(start.as_bytes()).collect();
    let encoded = encoded.replace('+', "%20").replace('-', "%2D");
    let mut place = url.clone();
    place.set_fragment(Some(&format!(":~:text={encoded}")));
    place
}

/// Splits the body of an article page; `None` when it is no digest.
pub fn from_article(page: &RawEntry, url: &Url, bureaus: &Bureaus) -> Option<Vec<RawEntry>> {
    let body = page.content_html.as_deref()?;
    let body = html::parse(body, url).ok()?;
    let stories = split(&of_html(&body), bureaus)?;
    Some(entries(page, url, stories))
}

/// Splits a digest that is plain text, one paragraph a line.
pub fn from_text(text: &str, url: &Url, bureaus: &Bureaus) -> Option<Vec<RawEntry>> {
    let stories = split(&of_text(text), bureaus)?;
    Some(entries(&RawEntry::default(), url, stories))
}
