//! Pages from stories: which page an address means, and what all shapes share. Pure.

mod hanweb;
mod home;
mod json;
mod kaipuyun;
mod listing;
mod netease;
mod rss;
mod trs;

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::spec::{Listing, Shape, Spec};
use super::story::{Article, ZONE};
use crate::model::Precision;

/// A site and everything it will ever tell.
#[derive(Debug)]
pub(super) struct Replica {
    pub spec: &'static Spec,
    pub base: Url,
    /// Those of all sites.
    pub articles: Arc<Vec<Article>>,
    pub started_at: Timestamp,
}

/// A site as it stands at one moment.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub spec: &'static Spec,
    pub base: &'a Url,
    /// Those of this site that are out, the newest first.
    pub articles: Vec<&'a Article>,
    /// When the newest of them came out, or the site started.
    pub changed_at: Timestamp,
    pub started_at: Timestamp,
}

/// A page with what its headers need.
#[derive(Debug)]
pub(super) struct Page {
    pub content_type: &'static str,
    pub body: Vec<u8>,
    /// When it last changed.
    pub changed_at: Timestamp,
}

const HTML: &str = "text/html; charset=utf-8";

/// A picture of one grey point.
const PNG: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\
    \x08\x00\x00\x00\x00\x3a\x7e\x9b\x55\x00\x00\x00\x0a\x49\x44\x41\x54\x78\xda\x63\x68\x00\x00\x00\
    \x82\x00\x81\xda\x45\x08\x3b\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";
/// An empty archive, which is also what office documents are made of.
const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const PDF: &[u8] =
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n\
trailer<</Root 1 0 R>>\n%%EOF\n";

impl<'a> View<'a> {
    /// The site as it stands at `now`.
    pub(super) fn new(replica: &'a Replica, now: Timestamp) -> Self {
        let Replica { spec, base, articles, started_at } = replica;
        let (spec, started_at) = (*spec, *started_at);
        let out = articles.iter().filter(|it| it.site == spec.key && it.visible_at <= now);
        let mut articles: Vec<&Article> = out.collect();
        if spec.shape != Shape::NetEase {
            articles.sort_by_key(|article| std::cmp::Reverse(article.published.at));
        }
        let changed_at = articles.iter().map(|it| it.visible_at).max().unwrap_or(started_at);
        Self { spec, base, articles, changed_at, started_at }
    }

    fn html(&self, body: String) -> Page {
        Page { content_type: HTML, body: body.into_bytes(), changed_at: self.changed_at }
    }

    /// Name of the site for people.
    fn name(&self) -> &'static str {
        self.spec.bureau.unwrap_or(self.spec.name)
    }
}

/// The page of a path without its leading slash; `None` where the site has none.
pub(super) fn page(view: &View, path: &str, query: &str) -> Option<Page> {
    if path == "robots.txt" {
        return Some(fixed("text/plain; charset=utf-8", view.spec.robots?.as_bytes(), view));
    }
    if let Some(file) = file(view, path) {
        return Some(file);
    }
    if let Some(article) = view.articles.iter().find(|article| article.path == path) {
        return Some(article_page(view, article));
    }
    shape_page(view, path, query).or_else(|| path.is_empty().then(|| home::index(view)))
}

fn article_page(view: &View, article: &Article) -> Page {
    let mut page = match view.spec.shape {
        Shape::Kaipuyun(_) => view.html(kaipuyun::article(view, article)),
        Shape::Hanweb => view.html(hanweb::article(view, article)),
        Shape::Trs => trs::page(view, &trs::article(view, article)),
        Shape::Rss => view.html(rss::article(view, article)),
        Shape::NetEase => view.html(netease::digest(view)),
    };
    page.changed_at = article.visible_at;
    page
}

/// Lists, and pages that are no articles.
fn shape_page(view: &View, path: &str, query: &str) -> Option<Page> {
    let at_list = view.spec.list.split('?').next() == Some(path);
    match view.spec.shape {
        Shape::Kaipuyun(Listing::Rows) if at_list => Some(view.html(listing::rows(view))),
        Shape::Kaipuyun(Listing::Dated) if at_list => Some(view.html(listing::dated(view))),
        Shape::Kaipuyun(Listing::Table) if at_list => Some(view.html(listing::table(view))),
        Shape::Kaipuyun(Listing::Home) if at_list => Some(view.html(home::blocks(view))),
        Shape::Kaipuyun(Listing::Home) => home::institution(view, path).map(|html| view.html(html)),
        Shape::Kaipuyun(Listing::Json) if at_list => Some(json::search(view, query)),
        Shape::Kaipuyun(Listing::Json) if path == json::shell_path(view) => {
            Some(view.html(listing::shell(view)))
        }
        Shape::Hanweb if at_list => Some(view.html(hanweb::list(view))),
        Shape::Trs if at_list || path == format!("{}index.html", view.spec.list) => {
            Some(trs::page(view, &trs::list(view)))
        }
        Shape::Rss if at_list => Some(rss::feed(view)),
        _ => None,
    }
}

/// The pictures and attachments that the articles which are out link to, and the guide on the home page.
fn file(view: &View, path: &str) -> Option<Page> {
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    let linked = view.articles.iter().any(|article| {
        article.attachment.as_ref().is_some_and(|it| it.file == name) || picture_name(article) == name
    });
    if !linked && path != home::GUIDE_PDF {
        return None;
    }
    let (content_type, body) = match name.rsplit_once('.')?.1 {
        "png" => ("image/png", PNG),
        "pdf" => ("application/pdf", PDF),
        "zip" => ("application/zip", ZIP),
        "docx" | "xlsx" => (office_type(name), ZIP),
        _ => return None,
    };
    Some(fixed(content_type, body, view))
}

fn fixed(content_type: &'static str, body: &[u8], view: &View) -> Page {
    Page { content_type, body: body.to_vec(), changed_at: view.started_at }
}

fn office_type(name: &str) -> &'static str {
    if name.ends_with("docx") {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    } else {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    }
}

/// Text for HTML and XML, in content and in quoted attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A title as narrow columns show it: the first 14 characters, with dots where something is cut off.
fn cut(title: &str) -> String {
    const SHOWN_CHARS: usize = 14;
    if title.chars().count() <= SHOWN_CHARS {
        return title.to_owned();
    }
    title.chars().take(SHOWN_CHARS).chain("...".chars()).collect()
}

/// Formats an instant in the sites' zone.
fn stamp(at: Timestamp, format: &str) -> String {
    ZONE.to_datetime(at).strftime(format).to_string()
}

/// The time an article tells, as exactly as it tells it.
fn told_time(article: &Article) -> String {
    let format = match article.published.precision {
        Precision::Second => "%Y-%m-%d %H:%M:%S",
        Precision::Minute => "%Y-%m-%d %H:%M",
        Precision::Day | Precision::Seen => "%Y-%m-%d",
    };
    stamp(article.published.at, format)
}

/// The file name of an article's picture, as TRS names pictures.
fn picture_name(article: &Article) -> String {
    let day = stamp(article.published.at, "%Y%m%d");
    format!("W0{day}{}.png", article.number)
}

/// The body: each paragraph through `paragraph`, then the table and the picture, where there are any.
fn body(article: &Article, pictures: &str, paragraph: impl Fn(usize, &str) -> String) -> String {
    let mut html: Vec<String> =
        article.paragraphs.iter().enumerate().map(|(n, text)| paragraph(n, &escape(text))).collect();
    if !article.table.is_empty() {
        // Where the text says "see below": before the last paragraph.
        html.insert(html.len().saturating_sub(1), table(&article.table));
    }
    if let Some(caption) = &article.picture {
        let name = picture_name(article);
        html.insert(
            1,
            format!(
                "<p style=\"text-align: center;\"><img src=\"{pictures}{name}\" alt=\"{caption}\" /></p>",
                caption = escape(caption)
            ),
        );
    }
    html.join("\n")
}

fn table(rows: &[Vec<String>]) -> String {
    let cell = |cell: &String| format!("<td style=\"width: 120px;\"><p>{}</p></td>", escape(cell));
    let row = |row: &Vec<String>| format!("<tr>{}</tr>", row.iter().map(cell).collect::<Vec<_>>().concat());
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("<table border=\"1\" cellspacing=\"0\"><tbody>\n{}\n</tbody></table>", rows.join("\n"))
}

/// The link to an article's attachment, relative to its page.
fn attachment_link(article: &Article) -> Option<String> {
    let attachment = article.attachment.as_ref()?;
    Some(format!("<a href=\"files/{}\">{}</a>", escape(&attachment.file), escape(&attachment.label)))
}
