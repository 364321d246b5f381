//! What stands around every page: its head, the way to the others, the feeds.

use std::fmt::Write;

use super::{
    super::{
        Format,
        escape::{href, html},
    },
    Lang, STYLE_PATH, Venue, View,
};

/// Whether search engines may keep a page: never a copy of what another published.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Robots {
    Index,
    NoIndex,
}

/// The head of a page.
pub(super) struct Head<'a> {
    /// Title, as text.
    pub title: &'a str,
    pub robots: Robots,
    /// Address of the original (RFC 6596).
    pub canonical: Option<&'a str>,
}

/// Path of the search.
const SEARCH: &str = "search";
/// The list of feeds is in no language.
const OPML: &str = "opml";

/// The way to the other pages: path, Chinese, English.
const WAYS: [(&str, &str, &str); 6] = [
    ("regions", "地区", "Regions"),
    ("topics", "专题", "Topics"),
    ("sources", "来源", "Sources"),
    ("daily", "每日", "Daily"),
    (SEARCH, "搜索", "Search"),
    (OPML, "OPML", "OPML"),
];

/// A whole page around its main part.
pub(super) fn page(view: &View, head: &Head, main: &str) -> Vec<u8> {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n",
        view.lang.tag(),
        title(view, head),
    );
    if head.robots == Robots::NoIndex {
        page.push_str("<meta name=\"robots\" content=\"noindex\">\n");
    }
    if let Some(address) = head.canonical {
        // Writing into a text cannot fail.
        let _ = writeln!(page, "<link rel=\"canonical\" href=\"{}\">", html(&href(address)));
    }
    for format in Format::ALL {
        page.push_str(&feed_link(view, format));
    }
    let _ = writeln!(
        page,
        "<link rel=\"stylesheet\" href=\"{}\">\n</head>\n<body>\n{}<main id=\"main\">\n{main}</main>\n{}</body>\n</html>",
        html(&view.meta.address(STYLE_PATH)),
        header(view),
        footer(view),
    );
    page.into_bytes()
}

fn title(view: &View, head: &Head) -> String {
    if head.title == view.site { html(view.site) } else { html(&format!("{} · {}", head.title, view.site)) }
}

/// A link by which readers find the feed.
fn feed_link(view: &View, format: Format) -> String {
    format!(
        "<link rel=\"alternate\" type=\"{}\" title=\"{} ({})\" href=\"{}\">\n",
        format.link_type(),
        html(view.meta.title),
        format.name(),
        html(&href(&view.meta.self_address(format))),
    )
}

fn header(view: &View) -> String {
    let way = |(path, zh, en): (&str, &str, &str)| {
        let here = view.path.split(['/', '?']).next() == Some(path);
        let current = if here { " aria-current=\"true\"" } else { "" };
        let lang = if path == OPML { Lang::Zh } else { view.lang };
        format!("<a href=\"{}\"{current}>{}</a>\n", view.link_in(path, lang), view.say(zh, en))
    };
    let ways = WAYS.into_iter().filter(|(path, ..)| view.venue == Venue::Server || *path != SEARCH);
    let other = view.lang.other();
    let switch = format!(
        "<a href=\"{}\" lang=\"{}\" hreflang=\"{}\">{}</a>\n",
        view.link_in(view.path, other),
        other.tag(),
        other.tag(),
        match other {
            Lang::Zh => "中文",
            Lang::En => "English",
        },
    );
    format!(
        "<a class=\"skip\" href=\"#main\">{}</a>\n<header class=\"site\">\n<a href=\"{}\">{}</a>\n\
        <nav aria-label=\"{}\">\n{}{switch}</nav>\n</header>\n",
        view.say("跳到正文", "Skip to content"),
        view.link(""),
        html(view.site),
        view.say("主导航", "Main"),
        ways.map(way).collect::<String>(),
    )
}

fn footer(view: &View) -> String {
    format!(
        "<footer class=\"site\"><p>{}</p></footer>\n",
        view.say(
            "内容归原发布机构所有，以原文为准。",
            "Contents belong to those who published them; the originals prevail."
        ),
    )
}

/// The addresses of the page's feed, to be copied into a reader.
pub(super) fn feeds(view: &View) -> String {
    let link = |format: Format| {
        format!("<a href=\"{}\">{}</a>", html(&href(&view.meta.self_address(format))), format.name())
    };
    format!(
        "<p class=\"feeds\">{} {}</p>\n",
        view.say("订阅：", "Subscribe:"),
        Format::ALL.map(link).join(" · ")
    )
}

/// A page that says what is wrong, with a way on.
pub fn problem(view: &View, title: &str, message: &str) -> Vec<u8> {
    let main = format!(
        "<h1>{}</h1>\n<p>{}</p>\n<p><a href=\"{}\">{}</a></p>\n",
        html(title),
        html(message),
        view.link(""),
        view.say("回到首页", "Back to the front page"),
    );
    page(view, &Head { title, robots: Robots::NoIndex, canonical: None }, &main)
}
