//! The page for people: where the feed is, and the latest titles.

use std::fmt::Write;

use super::{FeedMeta, escape::html as escape};
use crate::{model::Story, normalise::time::rfc3339};

/// Media type of a page.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";
/// Titles shown.
const MAX_TITLES: usize = 50;

const STYLE: &str = "body{font:16px/1.7 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;max-width:48rem;\
    margin:2rem auto;padding:0 1rem;color:#222;background:#fdfdfb}h1{font-size:1.5rem;margin-bottom:0}\
    .sub{color:#666;margin-top:.2rem}.feed{background:#f1efe6;padding:.6rem .9rem;border-radius:.4rem;word-break:break-all}\
    ol{list-style:none;padding:0}li{padding:.5rem 0;border-bottom:1px solid #e8e6de}li a{color:#1a4b7a;text-decoration:none}\
    li a:hover{text-decoration:underline}.by{color:#777;font-size:.85rem;display:block}";

/// Renders the page of the newest stories.
pub fn home(meta: &FeedMeta, stories: &[Story]) -> Vec<u8> {
    let feed = escape(&meta.address("feed.atom"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>{title}</title>\n\
        <link rel=\"alternate\" type=\"application/atom+xml\" title=\"{title}\" href=\"{feed}\">\n\
        <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p class=\"sub\">{subtitle}</p>\n\
        <p class=\"feed\">订阅地址 / feed: <a href=\"{feed}\">{feed}</a></p>\n",
        lang = escape(meta.language),
        title = escape(meta.title),
        subtitle = escape(meta.subtitle),
    );
    if stories.is_empty() {
        page.push_str("<p>还没有内容；来源读取之后会出现在这里。</p>\n");
    }
    page.push_str("<ol>\n");
    for story in stories.iter().take(MAX_TITLES) {
        push_story(&mut page, meta, story);
    }
    page.push_str("</ol>\n</body>\n</html>\n");
    page.into_bytes()
}

fn push_story(page: &mut String, meta: &FeedMeta, story: &Story) {
    let Some(copy) = story.canonical() else { return };
    let time = rfc3339(story.published.at, meta.zone);
    let shown = time.get(..16).unwrap_or(&time).replace('T', " ");
    let by = copy.entry.bureau.as_ref().map_or(copy.source_name.as_str(), |bureau| &bureau.name);
    // Writing into a text cannot fail.
    let _ = writeln!(
        page,
        "<li><a href=\"{}\" rel=\"noopener noreferrer\">{}</a><span class=\"by\">{} · <time datetime=\"{time}\">{shown}</time></span></li>",
        escape(&copy.entry.url),
        escape(&copy.entry.title),
        escape(by),
    );
}
