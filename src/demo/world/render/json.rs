//! The JSON list of 开普云.

use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Page, View, stamp};
use crate::demo::world::spec::JSON_CHANNEL;
use crate::demo::world::story::Article;

/// How much too early `publishedTime` is, in milliseconds: this CMS takes Beijing time for UTC, backwards.
const EPOCH_ERROR_MS: i64 = 8 * 3600 * 1000;
/// Rows on a page when nobody asks otherwise.
const DEFAULT_PAGE_SIZE: usize = 20;

/// The path of the HTML list that these rows belong to.
pub(super) fn shell_path(view: &View) -> String {
    format!("{}common_list.shtml", view.spec.root)
}

/// The answer of the endpoint.
pub(super) fn search(view: &View, query: &str) -> Page {
    let page = number(query, "page").unwrap_or(1).max(1);
    let size = number(query, "_pageSize").unwrap_or(DEFAULT_PAGE_SIZE);
    let results: Vec<Value> = view
        .articles
        .iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .map(|article| row(view, article))
        .collect();
    let body = json!({
        "data": {
            "page": page,
            "rows": size,
            "channelId": JSON_CHANNEL,
            "total": view.articles.len(),
            "relateSubChannels": "false",
            "results": results,
        },
        "channelName": "工作动态",
    });
    Page {
        content_type: "application/json;charset=UTF-8",
        body: body.to_string().into_bytes(),
        changed_at: view.changed_at,
    }
}

fn number(query: &str, key: &str) -> Option<usize> {
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key)?.1.parse().ok()
}

fn row(view: &View, article: &Article) -> Value {
    let title = article.title.replace(' ', "&nbsp;");
    let lead = article.paragraphs.first().map(String::as_str).unwrap_or_default();
    json!({
        "manuscriptId": article.number.to_string(),
        "title": format!(" {title}　"),
        "subTitle": title,
        "url": address(view, article),
        "publishedTime": early_ms(article.published.at),
        "publishedTimeStr": stamp(article.published.at, "%Y-%m-%d %H:%M:%S"),
        "content": format!("&ensp;&ensp;{lead}"),
        "channelName": "工作动态",
        "channelCodeName": "c100072",
        "channelId": JSON_CHANNEL,
        "resList": files(article),
        "domainMetaList": [
            { "domainMetadataCode": "publicInfo", "resultList": [
                { "name": "文号", "key": "wh", "value": "" },
                { "name": "索引号", "key": "syh", "value": "null" },
            ]},
            { "domainMetadataCode": "basic", "resultList": [
                { "name": "来源", "key": "source", "value": article.bureau },
                { "name": "作者", "key": "author", "value": "null" },
            ]},
        ],
    })
}

/// The three ways in which this CMS writes an address.
fn address(view: &View, article: &Article) -> String {
    let path = &article.path;
    match article.number / 10 % 3 {
        0 => format!("{}{path}", view.base),
        1 => format!("{}{path}", view.base.as_str().trim_start_matches("http:")),
        _ => format!("/{path}"),
    }
}

fn early_ms(at: Timestamp) -> i64 {
    at.as_millisecond() - EPOCH_ERROR_MS
}

/// The attachment, and a file that was taken back before it was published.
fn files(article: &Article) -> Vec<Value> {
    let Some(attachment) = &article.attachment else { return Vec::new() };
    let (directory, _) = article.path.rsplit_once('/').unwrap_or_default();
    let path = format!("/{directory}/files/{}", attachment.file);
    vec![
        json!({ "title": attachment.label, "fileName": attachment.file, "filePath": path, "filePathNew": path,
                "ispublished": true }),
        json!({ "title": "审核底稿", "fileName": "draft.docx",
                "filePath": format!("/{directory}/files/draft.docx"), "filePathNew": "", "ispublished": false }),
    ]
}
