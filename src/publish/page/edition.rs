//! What the page of a day's edition has beside its stories.

use super::{
    super::daily::Edition,
    View,
    shell::{Head, Robots, page},
    time_element,
};
use crate::model::Story;

/// The way to the editions before and after, and to the plain text.
pub(in super::super) fn edition_ways(view: &View, edition: &Edition) -> String {
    let mut ways = Vec::new();
    if let Some(day) = edition.previous {
        ways.push(format!("<a rel=\"prev\" href=\"{}\">← {day}</a>", view.link(&Edition::path(day))));
    }
    let text = view.meta.address(&Edition::text_path(edition.day));
    ways.push(format!("<a href=\"{}\">{}</a>", super::html(&text), view.say("纯文本", "Plain text")));
    if let Some(day) = edition.next {
        ways.push(format!("<a rel=\"next\" href=\"{}\">{day} →</a>", view.link(&Edition::path(day))));
    }
    format!("<nav class=\"pages\">{}</nav>\n", ways.join("\n"))
}

/// When a story of an edition was published.
pub(in super::super) fn edition_time(view: &View, story: &Story) -> String {
    format!("<p class=\"by\">{}</p>\n", time_element(story.published, view.meta.zone))
}

/// A page that holds what others published.
pub(in super::super) fn copied(view: &View, title: &str, main: &str) -> Vec<u8> {
    page(view, &Head { title, robots: Robots::NoIndex, canonical: None }, main)
}
