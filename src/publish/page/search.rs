//! The search page: its form, and what was found.

use std::fmt::Write;

use super::{
    super::{escape::html, item::Item},
    View,
    lists::{by_line, story_address},
    shell::{Head, Robots, feeds, page},
};
use crate::model::Story;

/// A piece of a text in which something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it is what was searched for.
    pub is_hit: bool,
}

/// A story that was found.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The story.
    pub story: &'a Story,
    /// Its title in pieces; empty when nothing stands out in it.
    pub title: &'a [Piece],
    /// Where it was found in its text, in pieces; empty for its beginning.
    pub snippet: &'a [Piece],
}

/// What was asked, and what was found.
#[derive(Debug, Clone, Copy)]
pub struct SearchPage<'a> {
    /// The words, as typed.
    pub query: &'a str,
    /// Code of the region searched in, or empty.
    pub region: &'a str,
    /// Key of the topic searched in, or empty.
    pub topic: &'a str,
    /// First day searched, `2026-11-24`, or empty.
    pub since: &'a str,
    /// Last day searched, or empty.
    pub until: &'a str,
    /// What was found, in order.
    pub hits: &'a [Hit<'a>],
    /// Path and query of the next page, without leading `/`.
    pub next: Option<&'a str>,
    /// What is wrong with the words, in the language of the page.
    pub problem: Option<&'a str>,
}

/// Renders the search page; before anything is asked, its form alone.
pub fn search(view: &View, it: &SearchPage) -> Vec<u8> {
    let words = view.say("搜索", "Search");
    let title = if it.query.is_empty() { words.to_owned() } else { format!("{words}: {}", it.query) };
    let mut main = format!("<h1>{words}</h1>\n{}", form(view, it));
    if let Some(problem) = it.problem {
        // Writing into a text cannot fail.
        let _ = writeln!(main, "<p class=\"notice\">{}</p>", html(problem));
    } else if it.hits.is_empty() && !it.query.is_empty() {
        let _ = writeln!(main, "<p>{}</p>", view.say("没有找到。", "Nothing was found."));
    }
    if !it.query.is_empty() {
        main.push_str(&feeds(view));
    }
    let hits: String = it.hits.iter().filter_map(|hit| listed(view, hit)).collect();
    if !hits.is_empty() {
        let _ = writeln!(main, "<ol class=\"stories\">\n{hits}</ol>");
    }
    if let Some(next) = it.next {
        let words = view.say("下一页 →", "Next →");
        let _ = writeln!(
            main,
            "<nav class=\"pages\"><a rel=\"next\" href=\"{}\">{words}</a></nav>",
            view.link(next)
        );
    }
    page(view, &Head { title: &title, robots: Robots::NoIndex, canonical: None }, &main)
}

fn form(view: &View, it: &SearchPage) -> String {
    let lang = if view.lang == super::Lang::En {
        "<input type=\"hidden\" name=\"lang\" value=\"en\">\n"
    } else {
        ""
    };
    let regions = view.meta.bureaus.rows().iter().map(|row| {
        let code = row.region.as_str();
        option(code, &view.region_name(&row.region), code == it.region)
    });
    let topics = view
        .meta
        .topics
        .rows()
        .iter()
        .map(|topic| option(&topic.key, &view.topic_name(&topic.key), topic.key == it.topic));
    let mut regions: Vec<String> = regions.collect();
    regions.sort();
    format!(
        "<form class=\"search\" role=\"search\" action=\"{action}\" method=\"get\">\n{lang}\
        <input type=\"search\" name=\"q\" value=\"{query}\" maxlength=\"100\" aria-label=\"{words}\" placeholder=\"{words}\">\n\
        <select name=\"region\" aria-label=\"{region}\">\n{any_region}{regions}</select>\n\
        <select name=\"topic\" aria-label=\"{topic}\">\n{any_topic}{topics}</select>\n\
        <input type=\"date\" name=\"since\" value=\"{since}\" aria-label=\"{from}\">\n\
        <input type=\"date\" name=\"until\" value=\"{until}\" aria-label=\"{to}\">\n\
        <button type=\"submit\">{submit}</button>\n</form>\n",
        action = html(&view.meta.address("search")),
        query = html(it.query),
        words = view.say("词语、“短语”、-排除", "words, &quot;phrases&quot;, -without"),
        region = view.say("地区", "Region"),
        any_region = option("", view.say("所有地区", "All regions"), it.region.is_empty()),
        regions = regions.concat(),
        topic = view.say("专题", "Topic"),
        any_topic = option("", view.say("所有专题", "All topics"), it.topic.is_empty()),
        topics = topics.collect::<String>(),
        since = html(it.since),
        from = view.say("从", "From"),
        until = html(it.until),
        to = view.say("到", "To"),
        submit = view.say("搜索", "Search"),
    )
}

/// A choice; its name is escaped already.
fn option(value: &str, name: &str, chosen: bool) -> String {
    let selected = if chosen { " selected" } else { "" };
    format!("<option value=\"{}\"{selected}>{name}</option>\n", html(value))
}

fn listed(view: &View, hit: &Hit) -> Option<String> {
    let item = Item::of(hit.story)?;
    let title = if hit.title.is_empty() { html(&item.entry.title) } else { marked(hit.title) };
    let text = match hit.snippet {
        [] => item.lead().map(|lead| html(&lead)).unwrap_or_default(),
        pieces => marked(pieces),
    };
    Some(format!(
        "<li><article lang=\"{}\">\n<h2><a href=\"{}\">{title}</a></h2>\n{}<p>{text}</p>\n</article></li>\n",
        html(&item.entry.language),
        story_address(view, &item),
        by_line(view, &item),
    ))
}

fn marked(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| {
        let text = html(&piece.text);
        if piece.is_hit { format!("<mark>{text}</mark>") } else { text }
    };
    pieces.iter().map(piece).collect()
}
