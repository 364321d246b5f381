//! Pages that list slices: all regions, all topics, all sources, the archive's months, the daily editions.

use std::fmt::Write;

use super::{
    super::{
        Format, Place,
        escape::{href, html},
    },
    View, exact,
    shell::{Head, Robots, page},
};
use crate::model::Timestamp;

/// A slice in an overview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverviewRow {
    /// Its name, in the language of the page.
    pub name: String,
    /// Path of its page, without leading `/`.
    pub path: String,
    /// Its feed, where it has one.
    pub feed: Option<Place>,
    /// Stories in it.
    pub n_stories: u64,
    /// When the newest was published.
    pub newest: Option<Timestamp>,
}

/// Renders an overview, in the order given.
pub fn overview(view: &View, title: &str, rows: &[OverviewRow]) -> Vec<u8> {
    let body: String = rows.iter().map(|row| line(view, row)).collect();
    let mut main = format!("<h1>{}</h1>\n", html(title));
    if rows.is_empty() {
        // Writing into a text cannot fail.
        let _ = writeln!(main, "<p>{}</p>", view.say("还没有内容。", "There is nothing here yet."));
    } else {
        let _ = writeln!(
            main,
            "<table class=\"overview\">\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
            <th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>\n{body}</tbody>\n</table>",
            view.say("名称", "Name"),
            view.say("条数", "Stories"),
            view.say("最新", "Newest"),
            view.say("订阅", "Feeds"),
        );
    }
    page(view, &Head { title, robots: Robots::Index, canonical: None }, &main)
}

fn line(view: &View, row: &OverviewRow) -> String {
    let feed = |place: &Place| {
        let link = |format: Format| {
            let address = html(&href(&view.meta.feed_address(place, format)));
            format!("<a href=\"{address}\" title=\"{}\">{}</a>", html(&row.name), format.name())
        };
        Format::ALL.map(link).join(" ")
    };
    format!(
        "<tr><td><a href=\"{}\">{}</a></td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>\n",
        view.link(&row.path),
        html(&row.name),
        row.n_stories,
        row.newest.map(|at| exact(at, view.meta.zone)).unwrap_or_default(),
        row.feed.as_ref().map(feed).unwrap_or_default(),
    )
}
