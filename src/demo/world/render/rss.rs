//! A feed in RSS 2.0 with whole articles, and the pages it links to.

use jiff::ZonedDateTime;
use jiff::tz::TimeZone;

use super::{Page, View, body, escape, office_type, stamp, told_time};
use crate::demo::world::story::{Article, Attachment, ZONE};

/// The feed.
pub(super) fn feed(view: &View) -> Page {
    let (name, base, list) = (view.name(), view.base, view.spec.list);
    let items: Vec<String> = view.articles.iter().map(|article| item(view, article)).collect();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n\
         <title>{name}－工作动态</title>\n<link>{base}</link>\n<description>{name}政务信息</description>\n\
         <language>zh-cn</language>\n<lastBuildDate>{built}</lastBuildDate>\n\
         <atom:link href=\"{base}{list}\" rel=\"self\" type=\"application/rss+xml\"/>\n{items}\n</channel>\n</rss>\n",
        built = pub_date(view.changed_at),
        items = items.join("\n"),
    );
    Page {
        content_type: "application/rss+xml; charset=utf-8",
        body: xml.into_bytes(),
        changed_at: view.changed_at,
    }
}

fn item(view: &View, article: &Article) -> String {
    let url = format!("{}{}", view.base, article.path);
    let guid = if article.number.is_multiple_of(2) {
        format!("<guid isPermaLink=\"false\">{}</guid>", article.number)
    } else {
        format!("<guid>{url}</guid>")
    };
    let date = if article.zoneless {
        stamp(article.published.at, "%Y-%m-%d %H:%M:%S")
    } else {
        pub_date(article.published.at)
    };
    let lead: String = article.paragraphs.iter().flat_map(|text| text.chars()).take(50).collect();
    let enclosure = article.attachment.as_ref().map(|it| enclosure(&url, it)).unwrap_or_default();
    format!(
        "<item>\n<title><![CDATA[{title}]]></title>\n<link>{url}</link>\n{guid}\n<pubDate>{date}</pubDate>\n\
         <dc:creator>{origin}</dc:creator>\n<description>{lead}……</description>\n\
         <content:encoded><![CDATA[{html}]]></content:encoded>\n{enclosure}</item>",
        title = article.title,
        origin = escape(&article.bureau),
        lead = escape(&lead),
        html = text(article),
    )
}

/// The text of an article; its links are relative to its page.
fn text(article: &Article) -> String {
    let text = body(article, "../../images/", |_, text| format!("<p>{text}</p>"));
    format!("{text}\n<p>更多信息见<a href=\"/xwzx/\">新闻中心</a>。</p>")
}

fn enclosure(url: &str, attachment: &Attachment) -> String {
    let (directory, _) = url.rsplit_once('/').unwrap_or_default();
    let file = &attachment.file;
    let (media_type, length_bytes) = match file.rsplit_once('.') {
        Some((_, "pdf")) => ("application/pdf", super::PDF.len()),
        _ => (office_type(file), super::ZIP.len()),
    };
    format!("<enclosure url=\"{directory}/files/{file}\" length=\"{length_bytes}\" type=\"{media_type}\"/>\n")
}

fn pub_date(at: jiff::Timestamp) -> String {
    ZonedDateTime::new(at, TimeZone::fixed(ZONE)).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// The page of an article.
pub(super) fn article(view: &View, article: &Article) -> String {
    let (title, site) = (escape(&article.title), view.name());
    let (told, origin, text) = (told_time(article), &article.bureau, text(article));
    format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"UTF-8\"><title>{title}_{site}</title></head><body>\n\
         <h1>{title}</h1>\n<div class=\"info\">日期：{told} 来源：{origin}</div>\n<div class=\"article-content\">\n{text}\n</div>\n\
         </body></html>\n"
    )
}
