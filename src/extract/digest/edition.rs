//! A day's edition that `publish::daily` wrote, read back story by story.
//!
//! Its head says how many stories follow, and each stands by itself: in the text between empty lines, in the page as an
//! element. So nothing has to be guessed; a document whose number is not what its head says is no edition, and is read
//! as any other digest.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::{RawEntry, Story, blocks::escape};
use crate::{
    extract::{FoundTime, RawTime},
    model::CanonicalUrl,
    normalise::html::collapse,
};

/// Stories of one edition at most.
pub const MAX_EDITION_STORIES: usize = 1_000;
/// What a line of a paragraph begins with that is not its first.
pub const CONTINUED: &str = "  ";
/// What a source is called by that is no bureau.
pub const SOURCE_MARK: &str = "来源：";
/// Class of the element that holds an edition's stories, and the attribute that says how many there are.
pub const EDITION_CLASS: &str = "edition";
/// See [`EDITION_CLASS`].
pub const COUNT_ATTRIBUTE: &str = "data-stories";
/// Class of a story's content.
pub const CONTENT_CLASS: &str = "content";
/// Class of the line that names the bureau.
pub const BUREAU_CLASS: &str = "bureau";

/// The head of the text: anything, then the day and the number of stories in brackets.
static HEAD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[^\n]*（\d{4}-\d{2}-\d{2}，共(\d{1,4})条）[ \r]*$").ok());

static EDITION: LazyLock<Option<Selector>> = LazyLock::new(|| Selector::parse("section.edition").ok());

/// Reads an edition's text; `None` when it is none.
pub fn from_text(text: &str, url: &Url) -> Option<Vec<RawEntry>> {
    let (head, rest) = text.trim_start_matches('\u{feff}').split_once('\n')?;
    let n_stories: usize = HEAD.as_ref()?.captures(head)?.get(1)?.as_str().parse().ok()?;
    let lines: Vec<&str> = rest.lines().map(str::trim_end).collect();
    let blocks = lines.split(|line| line.is_empty()).filter(|block| !block.is_empty());
    let stories: Vec<Story> = blocks.take(MAX_EDITION_STORIES + 1).map(story).collect::<Option<_>>()?;
    (stories.len() == n_stories && n_stories > 0).then(|| entries(url, stories))
}

/// Entries as of any digest, but for two stories of one title: both are there, told apart by their bureau.
fn entries(url: &Url, stories: Vec<Story>) -> Vec<RawEntry> {
    let page_id = CanonicalUrl::of(url);
    let mut ids = HashSet::new();
    let entry = |story: Story| {
        let title = crate::normalise::title_key(&story.title);
        let mut id = super::story_id(&page_id, &title);
        while !ids.insert(id.clone()) {
            let bureau = story.attribution.as_deref().unwrap_or_default();
            id = super::story_id(&page_id, &format!("{id} {bureau}"));
        }
        super::entry(&RawEntry::default(), url, story, id)
    };
    stories.into_iter().map(entry).collect()
}

/// A story of a block of lines; `None` when its last line names nobody.
fn story(block: &[&str]) -> Option<Story> {
    let (title, rest) = block.split_first()?;
    let (last, whole) = rest.split_last()?;
    let (text, name) = last.strip_suffix('）')?.rsplit_once('（')?;
    let mut lines = whole.to_vec();
    lines.extend((!text.is_empty()).then_some(text));
    Some(Story {
        title: (*title).to_owned(),
        attribution: (!name.starts_with(SOURCE_MARK)).then(|| name.to_owned()),
        paragraphs: paragraphs(&lines),
    })
}

/// The paragraphs of lines, as HTML. Cells of a table are parted by tabs.
fn paragraphs(lines: &[&str]) -> Vec<String> {
    let mut paragraphs: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        match (line.strip_prefix(CONTINUED), paragraphs.last_mut()) {
            (Some(line), Some(paragraph)) => paragraph.push(line),
            (continued, _) => paragraphs.push(vec![continued.unwrap_or(line)]),
        }
    }
    paragraphs.iter().map(|lines| paragraph(lines)).collect()
}

fn paragraph(lines: &[&str]) -> String {
    if lines.iter().all(|line| !line.contains('\t')) {
        return lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("<br>");
    }
    let cell = |cell: &str| format!("<td>{}</td>", escape(cell));
    let row = |line: &&str| format!("<tr>{}</tr>", line.split('\t').map(cell).collect::<String>());
    format!("<table>{}</table>", lines.iter().map(row).collect::<String>())
}

/// Reads an edition's page; `None` when it is none.
pub fn from_html(page: &Html, url: &Url) -> Option<Vec<RawEntry>> {
    let edition = page.select(EDITION.as_ref()?).next()?;
    let n_stories: usize = edition.attr(COUNT_ATTRIBUTE)?.parse().ok()?;
    let articles = edition.child_elements().filter(|child| child.value().name() == "article");
    let entries: Vec<RawEntry> =
        articles.take(MAX_EDITION_STORIES + 1).map(|article| entry(article, url)).collect::<Option<_>>()?;
    (entries.len() == n_stories && n_stories > 0).then_some(entries)
}

fn entry(article: ElementRef, url: &Url) -> Option<RawEntry> {
    let child = |name: &str, class: Option<&str>| {
        article.child_elements().find(|child| {
            let element = child.value();
            element.name() == name && class.is_none_or(|class| element.attr("class") == Some(class))
        })
    };
    let text = |element: ElementRef| collapse(&element.text().collect::<String>());
    let title = child("h2", None)?;
    let bureau = text(child("p", Some(BUREAU_CLASS))?);
    let (_, bureau) = bureau.strip_suffix('）')?.rsplit_once('（')?;
    let link = title.child_elements().find_map(|link| url.join(link.attr("href")?).ok());
    let mut found = RawEntry {
        id: article.attr("data-id").map(ToOwned::to_owned),
        title: text(title),
        attribution: (!bureau.starts_with(SOURCE_MARK)).then(|| bureau.to_owned()),
        content_html: child("div", Some(CONTENT_CLASS)).map(|content| content.inner_html()),
        url: link,
        base: Some(url.clone()),
        ..RawEntry::default()
    };
    let time = article.descendent_elements().find(|element| element.value().name() == "time");
    if let Some(time) = time.and_then(|time| time.attr("datetime")) {
        found.published.push(FoundTime { time: RawTime::Text(time.into()), rule: "edition".into() });
    }
    for name in ["title", "content_html", "url", "bureau", "id"] {
        found.fields.insert(name, "edition".into());
    }
    Some(found)
}
