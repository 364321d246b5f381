//! Pages that list stories: the newest of all, and those of a slice.

use std::fmt::Write;

use super::{
    super::{escape::html, item::Item},
    View, exact,
    shell::{Head, Robots, feeds, page},
    time_element,
};
use crate::model::Story;

/// Stories on a page at most.
pub const MAX_STORIES: usize = 50;

/// A page of the stories of one region, topic, source, or any combination.
#[derive(Debug, Clone, Copy)]
pub struct SlicePage<'a> {
    /// What the slice is, in the language of the page.
    pub title: &'a str,
    /// Its stories, newest first.
    pub stories: &'a [Story],
    /// Path and query of the page with what came before, without leading `/`.
    pub older: Option<&'a str>,
}

/// Renders the front page: the newest stories, and the way to what came before.
pub fn home(view: &View, stories: &[Story], older: Option<&str>) -> Vec<u8> {
    let meta = view.meta;
    let mut main = format!("<h1>{}</h1>\n", html(view.site));
    if !meta.subtitle.is_empty() {
        // Writing into a text cannot fail.
        let _ = writeln!(main, "<p class=\"soft\">{}</p>", html(meta.subtitle));
    }
    main.push_str(&feeds(view));
    main.push_str(&list(view, stories));
    main.push_str(&pages(view, older));
    page(view, &Head { title: view.site, robots: Robots::Index, canonical: None }, &main)
}

/// Renders the page of a slice.
pub fn slice(view: &View, slice: &SlicePage) -> Vec<u8> {
    let mut main = format!("<h1>{}</h1>\n{}", html(slice.title), feeds(view));
    main.push_str(&list(view, slice.stories));
    main.push_str(&pages(view, slice.older));
    page(view, &Head { title: slice.title, robots: Robots::Index, canonical: None }, &main)
}

fn list(view: &View, stories: &[Story]) -> String {
    if stories.is_empty() {
        let empty = view.say("还没有内容。", "There is nothing here yet.");
        return format!("<p>{empty}</p>\n");
    }
    let items = stories.iter().take(MAX_STORIES).filter_map(Item::of);
    let items: String = items.map(|item| listed(view, &item)).collect();
    let changed = exact(view.meta.updated_at, view.meta.zone);
    format!(
        "<ol class=\"stories\">\n{items}</ol>\n<p class=\"soft\">{} {changed}</p>\n",
        view.say("最近更新：", "Last change:"),
    )
}

fn listed(view: &View, item: &Item) -> String {
    let lead = item.lead().map(|lead| format!("<p>{}</p>\n", html(&lead))).unwrap_or_default();
    format!(
        "<li><article lang=\"{}\">\n<h2><a href=\"{}\">{}</a></h2>\n{}{lead}</article></li>\n",
        html(&item.entry.language),
        story_address(view, item),
        html(&item.entry.title),
        by_line(view, item),
    )
}

/// The address of a story's page.
pub(super) fn story_address(view: &View, item: &Item) -> String {
    view.link(&format!("stories/{}", item.story.atom_id.short()))
}

/// Who said it, when, and what it is about.
pub(super) fn by_line(view: &View, item: &Item) -> String {
    let mut parts = vec![html(item.author()), time_element(item.story.published, view.meta.zone)];
    if let Some(region) = &item.entry.region {
        let path = format!("regions/{}", region.as_str());
        parts.push(format!("<a href=\"{}\">{}</a>", view.link(&path), view.region_name(region)));
    }
    let topic = |key: &String| {
        let path = format!("topics/{key}");
        format!("<a class=\"tag\" href=\"{}\">{}</a>", view.link(&path), view.topic_name(key))
    };
    let topics: Vec<String> = item.entry.topics.iter().map(topic).collect();
    parts.extend((!topics.is_empty()).then(|| topics.join(" ")));
    format!("<p class=\"by\" lang=\"{}\">{}</p>\n", view.lang.tag(), parts.join(" · "))
}

/// The way to what came before.
fn pages(view: &View, older: Option<&str>) -> String {
    let Some(path) = older else { return String::new() };
    let words = view.say("更早的 →", "Older →");
    format!("<nav class=\"pages\"><a rel=\"next\" href=\"{}\">{words}</a></nav>\n", view.link(path))
}
