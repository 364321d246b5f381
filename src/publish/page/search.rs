//! The search page: its form, and what was found.

use std::fmt::Write;

use super::{
    super::{escape::html, item::Item},
    View,
    lists::{by_line, story_address},
    shell::{Head, Robots, feeds, page},
};
use crate::{model::Story, search::Piece};

/// A story that was found.
#[derive(Debug, Clone)]
pub struct Hit<'a> {
    /// The story.
    pub story: &'a Story,
    /// Its title in pieces; empty when nothing stands out in it.
    pub title: Vec<Piece>,
    /// Where it was found in its text, in pieces; empty for its beginning.
    pub snippet: Vec<Piece>,
}

/// What was asked, and what was found.
#[derive(Debug, Clone)]
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
    /// Path and query of the page before, without leading `/`.
    pub previous: Option<String>,
    /// Path and query of the next page, without leading `/`.
    pub next: Option<String>,
    /// What fits best stands first; else the newest.
    pub is_best_first: bool,
    /// Path and query of the same search in the other order, where there is one.
    pub other_order: Option<String>,
}

/// Renders the search page; before anything is asked, the newest of all.
pub fn search(view: &View, it: &SearchPage) -> Vec<u8> {
    let words = view.say("搜索", "Search");
    let title = if it.query.is_empty() { words.to_owned() } else { format!("{words}: {}", it.query) };
    let mut main = format!("<h1>{words}</h1>\n{}", form(view, it));
    if it.hits.is_empty() && !it.query.is_empty() {
        // Writing into a text cannot fail.
        let _ = writeln!(main, "<p>{}</p>", view.say("没有找到。", "Nothing was found."));
    }
    if !it.query.is_empty() {
        main.push_str(&feeds(view));
    }
    if !it.hits.is_empty() {
        main.push_str(&orders(view, it));
    }
    let hits: String = it.hits.iter().filter_map(|hit| listed(view, hit)).collect();
    if !hits.is_empty() {
        let _ = writeln!(main, "<ol class=\"stories\">\n{hits}</ol>");
    }
    main.push_str(&ways(view, it));
    page(view, &Head { title: &title, robots: Robots::NoIndex, canonical: None }, &main)
}

/// In which order it is shown, and the way to the other.
fn orders(view: &View, it: &SearchPage) -> String {
    let Some(other) = &it.other_order else { return String::new() };
    let (best, newest) = (view.say("最相关", "Best first"), view.say("最新", "Newest first"));
    let (shown, offered) = if it.is_best_first { (best, newest) } else { (newest, best) };
    let offered = format!("<a href=\"{}\">{offered}</a>", view.link(other));
    let shown = format!("<strong>{shown}</strong>");
    let (first, second) = if it.is_best_first { (shown, offered) } else { (offered, shown) };
    format!("<p class=\"meta\">{first} · {second}</p>\n")
}

/// The ways to the pages before and after.
fn ways(view: &View, it: &SearchPage) -> String {
    let way = |rel: &str, words: &str, path: &Option<String>| match path {
        Some(path) => format!("<a rel=\"{rel}\" href=\"{}\">{words}</a>", view.link(path)),
        // The other way keeps its side.
        None => "<span></span>".to_owned(),
    };
    if it.previous.is_none() && it.next.is_none() {
        return String::new();
    }
    format!(
        "<nav class=\"pages\">{}{}</nav>\n",
        way("prev", view.say("← 上一页", "← Back"), &it.previous),
        way("next", view.say("下一页 →", "Next →"), &it.next),
    )
}

fn form(view: &View, it: &SearchPage) -> String {
    let lang = if view.lang == super::Lang::En {
        "<input type=\"hidden\" name=\"lang\" value=\"en\">\n"
    } else {
        ""
    };
    // What was chosen stays chosen; the other is what a search begins with.
    let order = if it.is_best_first || it.query.is_empty() {
        ""
    } else {
        "<input type=\"hidden\" name=\"order\" value=\"newest\">\n"
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
        "<form class=\"search\" role=\"search\" action=\"{action}\" method=\"get\">\n{lang}{order}\
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
    let title = if hit.title.is_empty() { html(&item.entry.title) } else { marked(&hit.title) };
    let text = match hit.snippet.as_slice() {
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
