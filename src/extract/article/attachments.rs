//! Files that an article links to.

use std::collections::HashSet;

use scraper::ElementRef;
use url::Url;

use super::super::RawEnclosure;
use super::super::html;
use super::super::rules::ArticleRules;
use super::body::Body;

/// Most attachments of one article.
const MAX_ATTACHMENTS: usize = 200;
/// What a file's extension says of its media type.
const MEDIA_TYPES: [(&str, &str); 16] = [
    ("pdf", "application/pdf"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("wps", "application/wps-office.wps"),
    ("et", "application/wps-office.et"),
    ("zip", "application/zip"),
    ("rar", "application/vnd.rar"),
    ("7z", "application/x-7z-compressed"),
    ("ofd", "application/ofd"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("rtf", "application/rtf"),
];

/// The media type that an address's extension tells.
pub(in crate::extract) fn media_type(url: &Url) -> Option<&'static str> {
    let (_, extension) = url.path().rsplit('/').next()?.rsplit_once('.')?;
    let found = MEDIA_TYPES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    found.map(|(_, media_type)| *media_type)
}

/// The attachments, each address once, and the rule that gave the first.
pub(super) fn find(
    root: ElementRef<'_>,
    base: &Url,
    body: Option<&Body<'_>>,
    rules: &ArticleRules,
) -> (Vec<RawEnclosure>, Option<String>) {
    let mut found = Attachments::default();
    for pick in &rules.attachments {
        let name = pick.attribute.as_deref().unwrap_or("href");
        for element in html::matching(root, pick) {
            let url = element.attr(name).and_then(|href| html::resolve(base, href));
            found.add(url, &pick.source);
        }
    }
    // Attachments in a part of the body that is dropped from it are attachments all the same.
    let links = body.into_iter().flat_map(|body| body.element.descendants()).filter_map(ElementRef::wrap);
    for link in links.filter(|element| element.value().name() == "a") {
        let url = link.attr("href").and_then(|href| html::resolve(base, href));
        found.add(url.filter(|url| media_type(url).is_some()), "links of the body");
    }
    (found.enclosures, found.rule)
}

#[derive(Default)]
struct Attachments {
    enclosures: Vec<RawEnclosure>,
    seen: HashSet<String>,
    rule: Option<String>,
}

impl Attachments {
    fn add(&mut self, url: Option<Url>, rule: &str) {
        let Some(mut url) = url else { return };
        url.set_fragment(None);
        if self.enclosures.len() >= MAX_ATTACHMENTS || !self.seen.insert(url.as_str().to_owned()) {
            return;
        }
        self.rule.get_or_insert_with(|| rule.to_owned());
        let media_type = media_type(&url).map(str::to_owned);
        self.enclosures.push(RawEnclosure { url, media_type, length_bytes: None });
    }
}
