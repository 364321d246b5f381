//! The page of one story: its text, where it came from, and every copy with the reason why it is one.

use std::fmt::Write;

use super::{
    super::{
        escape::{href, html},
        item::Item,
    },
    View, exact,
    lists::by_line,
    shell::{Head, Robots, page},
    time_element,
};
use crate::model::{Copy, Published, RelatedStory, Story, Timestamp, Tombstone};

/// A story with what the page says beside it.
#[derive(Debug, Clone, Copy)]
pub struct StoryPage<'a> {
    /// The story.
    pub story: &'a Story,
    /// What joined each copy, in the order of `story.copies`; may be shorter.
    pub rules: &'a [String],
}

/// What joins a copy, for people: stored name, Chinese, English.
const RULES: [(&str, &str, &str); 10] = [
    ("first", "最先收到", "first seen"),
    ("same-address", "同一网址", "same address"),
    ("same-body", "正文相同", "same text"),
    ("same-title", "标题相同", "same title"),
    ("body", "正文大体相同", "most of the text is the same"),
    ("body-title", "标题相近，正文过半相同", "like titles, half of the text is the same"),
    ("title-lead", "标题和开头相同", "same title and beginning"),
    ("figures", "数据相同", "same figures"),
    ("event", "同一事件", "same event"),
    ("again", "旧闻重现", "told again later"),
];

/// Renders the page of a story.
pub fn story(view: &View, it: &StoryPage) -> Option<Vec<u8>> {
    let item = Item::of(it.story)?;
    let own = item.entry;
    let mut main = format!(
        "<article lang=\"{}\">\n<h1>{}</h1>\n{}{}",
        html(&own.language),
        html(&own.title),
        by_line(view, &item),
        original(view, &item),
    );
    if let Some(summary) = item.summary() {
        // Writing into a text cannot fail.
        let _ = writeln!(main, "<p><strong>{}</strong></p>", html(&summary));
    }
    let _ = writeln!(main, "<div class=\"content\">\n{}\n</div>\n</article>", own.content_html);
    main.push_str(&enclosures(view, &item));
    main.push_str(&copies(view, it));
    main.push_str(&related(view, &it.story.related));
    let head = Head { title: &own.title, robots: Robots::NoIndex, canonical: Some(&own.url) };
    Some(page(view, &head, &main))
}

/// The way to the original, and when it was changed.
fn original(view: &View, item: &Item) -> String {
    let story = item.story;
    let mut line = format!(
        "<a href=\"{}\" rel=\"noopener noreferrer\">{}</a> · {}",
        html(&href(&item.entry.url)),
        view.say("阅读原文", "Read the original"),
        html(&item.copy.source_name),
    );
    if story.updated_at > story.published.at && story.updated_at != story.first_at {
        let words = view.say("更新于", "changed");
        let _ = write!(line, " · {words} {}", exact(story.updated_at, view.meta.zone));
    }
    format!("<p class=\"soft\" lang=\"{}\">{line}</p>\n", view.lang.tag())
}

fn enclosures(view: &View, item: &Item) -> String {
    if item.entry.enclosures.is_empty() {
        return String::new();
    }
    let file = |file: &crate::model::Enclosure| {
        let name = file.url.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&file.url);
        format!(
            "<li><a href=\"{}\">{}</a> ({})</li>\n",
            html(&href(&file.url)),
            html(name),
            html(&file.media_type)
        )
    };
    let files: String = item.entry.enclosures.iter().map(file).collect();
    format!("<h2>{}</h2>\n<ul>\n{files}</ul>\n", view.say("附件", "Attachments"))
}

fn copies(view: &View, it: &StoryPage) -> String {
    let copies: String = it
        .story
        .copies
        .iter()
        .enumerate()
        .map(|(at, copy)| listed(view, copy, it.rules.get(at).map(String::as_str)))
        .collect();
    format!("<h2>{}</h2>\n<ul>\n{copies}</ul>\n", view.say("同一消息的各个来源", "Where this was told"))
}

fn listed(view: &View, copy: &Copy, rule: Option<&str>) -> String {
    let entry = &copy.entry;
    let published =
        entry.published.unwrap_or(Published { at: copy.seen_at, precision: crate::model::Precision::Seen });
    let why = rule.map(|rule| format!(" · {}", why(view, rule))).unwrap_or_default();
    format!(
        "<li><a href=\"{}\" rel=\"noopener noreferrer\">{}</a><br><span class=\"soft\">\
        <a href=\"{}\">{}</a> · {}{why}</span></li>\n",
        html(&href(&entry.url)),
        html(&entry.title),
        view.link(&format!("sources/{}", entry.source.as_str())),
        html(&copy.source_name),
        time_element(published, view.meta.zone),
    )
}

fn why(view: &View, rule: &str) -> String {
    let known = RULES.iter().find(|(name, ..)| *name == rule);
    known.map_or_else(|| html(rule), |(_, zh, en)| view.say(zh, en).to_owned())
}

fn related(view: &View, related: &[RelatedStory]) -> String {
    if related.is_empty() {
        return String::new();
    }
    let one = |other: &RelatedStory| {
        format!(
            "<li><a href=\"{}\">{}</a></li>\n",
            view.link(&format!("stories/{}", other.atom_id.short())),
            html(&other.title)
        )
    };
    let list: String = related.iter().map(one).collect();
    format!("<h2>{}</h2>\n<ul>\n{list}</ul>\n", view.say("相关消息", "Related"))
}

/// A story whose texts are no longer kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The title that readers got, as text.
    pub title: Option<String>,
    /// Where people read it.
    pub url: Option<String>,
    /// Its time of publication.
    pub published_at: Timestamp,
}

/// Renders what stands where a story was whose texts are no longer kept: what it was, and the way to the original.
pub fn expired(view: &View, old: &Expired) -> Vec<u8> {
    let gone = view.say(
        "这条消息已过保存期，这里不再保留全文",
        "This story is past its time; its text is no longer kept here",
    );
    let title = old.title.as_deref().unwrap_or(gone);
    let zone = view.meta.zone;
    let mut notice = format!(
        "{gone}{} {} {}",
        view.say("。", "."),
        view.say("发布于", "Published"),
        exact(old.published_at, zone),
    );
    if let Some(url) = &old.url {
        let words = view.say("阅读原文", "Read the original");
        let address = html(&href(url));
        let _ = write!(notice, " · <a href=\"{address}\" rel=\"noopener noreferrer\">{words}</a>");
    }
    let main = format!("<h1>{}</h1>\n<div class=\"notice\"><p>{notice}</p>\n</div>\n", html(title));
    page(view, &Head { title, robots: Robots::NoIndex, canonical: old.url.as_deref() }, &main)
}

/// Renders what stands where a story was: that it was withdrawn, or which story tells it now.
pub fn gone(view: &View, tombstone: &Tombstone) -> Vec<u8> {
    let when = exact(tombstone.when, view.meta.zone);
    let (title, notice) = match &tombstone.merged_into {
        Some(survivor) => {
            let link = format!(
                "<a href=\"{}\">{}</a>",
                view.link(&format!("stories/{}", survivor.short())),
                view.say("查看合并后的消息", "the story that tells it now"),
            );
            (
                view.say("这条消息已并入另一条", "This story was merged into another"),
                format!("{} {when} · {link}", view.say("合并于", "Merged")),
            )
        }
        None => (
            view.say("这条消息已撤回", "This story was withdrawn"),
            format!("{} {when}", view.say("撤回于", "Withdrawn")),
        ),
    };
    let mut main = format!("<h1>{title}</h1>\n<div class=\"notice\"><p>{notice}</p>\n");
    for text in [&tombstone.by, &tombstone.comment].into_iter().flatten() {
        let _ = writeln!(main, "<p>{}</p>", html(text));
    }
    main.push_str("</div>\n");
    page(view, &Head { title, robots: Robots::NoIndex, canonical: None }, &main)
}
