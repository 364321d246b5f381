//! The day's edition: a digest in the shape that newspapers use, as a page, as plain text, and as a feed with one
//! entry a day.
//!
//! A story is its title, its paragraphs, and the bureau in full-width brackets at its end. The head says how many there
//! are and each stands by itself, so that [`crate::extract::digest::edition`] reads back what was written, whatever a title or a paragraph looks
//! like.

use std::{borrow::Cow, fmt::Write};

use atom_syndication::{Content, Entry, Feed, Generator, Link, Person, Text};
use jiff::civil::Date;
use uuid::Uuid;

use super::{
    FeedMeta, Format, atom,
    escape::{href, html, xml},
    fit::{self, MAX_FEED_BYTES},
    item::Item,
    page::{self, View},
};
use crate::{
    extract::digest::edition::{
        BUREAU_CLASS, CONTENT_CLASS, CONTINUED, COUNT_ATTRIBUTE, EDITION_CLASS, MAX_EDITION_STORIES,
        SOURCE_MARK,
    },
    model::{Story, Timestamp},
};

/// Media type of the plain text.
pub const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// Bytes allowed for a story of an edition beside its texts.
const FRAME_BYTES: usize = 500;

/// The stories of one day.
#[derive(Debug, Clone, Copy)]
pub struct Edition<'a> {
    /// The day, in the feed's zone.
    pub day: Date,
    /// Its stories, in the order in which they are read.
    pub stories: &'a [Story],
    /// The day of the edition before.
    pub previous: Option<Date>,
    /// The day of the edition after.
    pub next: Option<Date>,
}

impl Edition<'_> {
    /// Path of a day's page, without leading `/`.
    pub fn path(day: Date) -> String {
        format!("daily/{day}")
    }

    /// Path of a day's plain text, without leading `/`.
    pub fn text_path(day: Date) -> String {
        format!("daily/{day}.txt")
    }

    /// When what readers see of it last changed; `None` without stories.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.stories.iter().map(|story| story.updated_at.max(story.first_at)).max()
    }

    /// What it holds, bounded in number; where that exceeds so many bytes, the longest in short.
    fn items(&self, max_bytes: usize) -> Vec<Item<'_>> {
        let stories = self.stories.get(..MAX_EDITION_STORIES).unwrap_or(self.stories);
        fit::all(stories, FRAME_BYTES, max_bytes)
    }
}

/// The head of an edition, `邸报（2026-11-24，共8条）`, by which a reader knows it and checks what it read.
fn headline(site: &str, day: Date, n_stories: usize) -> String {
    format!("{}（{day}，共{n_stories}条）", one_line(site))
}

/// Who said it, as it stands at the end of a story: `（江西省邮政管理局）`, or the source where no bureau is known.
fn signature(item: &Item) -> String {
    match &item.entry.bureau {
        Some(bureau) => format!("（{}）", one_line(&bureau.name)),
        None => format!("（{SOURCE_MARK}{}）", one_line(&item.copy.source_name)),
    }
}

/// On one line, without the brackets that close a story.
fn one_line(text: &str) -> String {
    let text = xml(text).replace('（', "(").replace('）', ")");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Renders an edition as plain text.
///
/// A story is a block of lines between empty ones: its title, a line a paragraph, and the bureau at the end of the last.
/// A paragraph of several lines, such as a list or a table, has all but the first begin with [`CONTINUED`].
pub fn text(site: &str, edition: &Edition) -> Vec<u8> {
    let items = edition.items(MAX_FEED_BYTES);
    let mut text = headline(site, edition.day, items.len());
    text.push('\n');
    for item in &items {
        text.push('\n');
        push_text(&mut text, item);
    }
    text.into_bytes()
}

fn push_text(out: &mut String, item: &Item) {
    out.push_str(xml(&item.entry.title).trim());
    out.push('\n');
    let mut is_continued = false;
    let mut last = "";
    let lead = (!item.is_whole).then(|| item.lead()).flatten();
    for line in xml(lead.as_deref().unwrap_or(&item.entry.content_text)).lines().map(str::trim_end) {
        if line.is_empty() {
            is_continued = false;
            continue;
        }
        let _ = write!(
            out,
            "{last}{}{}",
            if is_continued { CONTINUED } else { "" },
            line.trim_start_matches(' ')
        );
        last = "\n";
        is_continued = true;
    }
    // A row of a table would take the bureau for its cell.
    let own_line =
        out.rsplit('\n').next().is_some_and(|line| line.contains('\t') || line.starts_with(CONTINUED));
    let _ = writeln!(out, "{}{}", if own_line { "\n" } else { "" }, signature(item));
}

/// Renders an edition as a page.
pub fn page(view: &View, edition: &Edition) -> Vec<u8> {
    let items = edition.items(MAX_FEED_BYTES);
    let mut stories = String::new();
    for item in &items {
        push_html(&mut stories, view, item);
    }
    let head = headline(view.site, edition.day, items.len());
    let main = format!(
        "<h1>{}</h1>\n{}<section class=\"{EDITION_CLASS}\" data-day=\"{}\" {COUNT_ATTRIBUTE}=\"{}\" lang=\"{}\">\n\
        {stories}</section>\n",
        html(&head),
        page::edition_ways(view, edition),
        edition.day,
        items.len(),
        html(view.meta.language),
    );
    page::copied(view, &head, &main)
}

fn push_html(out: &mut String, view: &View, item: &Item) {
    let own = item.entry;
    let _ = writeln!(
        out,
        "<article data-id=\"{}\">\n<h2><a href=\"{}\">{}</a></h2>\n<div class=\"{CONTENT_CLASS}\">\n{}\n</div>\n\
        <p class=\"{BUREAU_CLASS}\">{}</p>\n{}</article>",
        html(&item.story.atom_id.0),
        html(&href(&own.url)),
        html(&own.title),
        body(item),
        html(&signature(item)),
        page::edition_time(view, item.story),
    );
}

/// The text of a story as HTML.
fn body<'a>(item: &Item<'a>) -> Cow<'a, str> {
    match item.lead().filter(|_| !item.is_whole) {
        Some(lead) => Cow::Owned(format!("<p>{}</p>", html(&lead))),
        None => Cow::Borrowed(item.content()),
    }
}

/// Renders the feed of editions, newest first as given: one entry a day. `meta` is that of the merged feed.
pub fn atom(meta: &FeedMeta, editions: &[Edition]) -> Vec<u8> {
    let told: Vec<&Edition> = editions.iter().filter(|edition| !edition.stories.is_empty()).collect();
    // Each has its share, so that a day with much to tell takes none from the others.
    let share = MAX_FEED_BYTES / told.len().max(1);
    let entries = told.iter().map(|edition| entry(meta, edition, &edition.items(share))).collect();
    let updated = editions.iter().filter_map(Edition::updated_at).max();
    let link = |rel: &str, address: &str, media_type: &str| Link {
        rel: rel.into(),
        href: href(address),
        mime_type: Some(media_type.into()),
        ..Link::default()
    };
    let mut links = vec![
        link("self", &meta.address("daily.atom"), Format::Atom.link_type()),
        link("alternate", &meta.address("daily"), "text/html"),
    ];
    let hub = |hub: &String| Link { rel: "hub".into(), href: href(hub), ..Link::default() };
    links.extend(meta.hubs.iter().map(hub));
    atom::write(&Feed {
        title: plain(&format!("{} · 每日", meta.title)),
        id: id_of(meta.atom_id, "daily"),
        updated: atom::time(updated.unwrap_or(meta.updated_at), meta.zone),
        lang: Some(meta.language.to_owned()),
        authors: vec![Person { name: xml(meta.title), ..Person::default() }],
        links,
        generator: Some(Generator { value: "dibao".into(), ..Generator::default() }),
        entries,
        ..Feed::default()
    })
}

fn entry(meta: &FeedMeta, edition: &Edition, items: &[Item]) -> Entry {
    let start = edition.day.to_datetime(jiff::civil::Time::midnight());
    let start = meta.zone.to_timestamp(start).unwrap_or(meta.updated_at);
    Entry {
        id: id_of(meta.atom_id, &format!("daily/{}", edition.day)),
        title: plain(&headline(meta.title, edition.day, items.len())),
        updated: atom::time(edition.updated_at().unwrap_or(start), meta.zone),
        published: Some(atom::time(start, meta.zone)),
        authors: vec![Person { name: xml(meta.title), ..Person::default() }],
        links: vec![Link {
            rel: "alternate".into(),
            href: href(&meta.address(&Edition::path(edition.day))),
            mime_type: Some("text/html".into()),
            ..Link::default()
        }],
        content: Some(Content {
            content_type: Some("html".into()),
            value: Some(content(items)),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

fn content(items: &[Item]) -> String {
    let mut content = String::new();
    for item in items {
        let _ = writeln!(
            content,
            "<h2><a href=\"{}\">{}</a></h2>\n{}\n<p>{}</p>",
            html(&href(&item.entry.url)),
            html(&item.entry.title),
            xml(&body(item)),
            html(&signature(item)),
        );
    }
    content
}

/// An id made of the feed's own, the same for ever (RFC 9562 §5.5).
fn id_of(feed_id: &str, name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{feed_id} {name}").as_bytes()).urn().to_string()
}

fn plain(text: &str) -> Text {
    Text { value: xml(text), ..Text::default() }
}
