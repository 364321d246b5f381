//! Why a page gave no rows, told so that an operator knows what to change.

use regex::Regex;
use scraper::{ElementRef, Html};
use url::Url;

use super::super::html::{self, Next, Step};
use super::href;

/// Length of a channel id, in hexadecimal digits.
const CHANNEL_ID_DIGITS: usize = 32;
/// Most channel ids told.
const MAX_CHANNELS: usize = 20;
/// A page with scripts and less text than this, in characters, is made by its scripts.
const MIN_PAGE_CHARS: usize = 200;
/// Words before a channel id in an address, in lower case.
const CHANNEL_KEYS: [&str; 2] = ["channelid=", "/search/"];

/// What a page holds, as far as it explains why no rows were found.
#[derive(Default)]
struct Contents {
    n_links: usize,
    n_scripts: usize,
    /// The first list element that is empty.
    empty_list: Option<String>,
    has_refresh: bool,
}

/// The id of the JSON channel whose list a page is: named in its address, else in the page.
pub fn channel_of(page: &Html, url: &Url) -> Option<String> {
    id_in_address(url.as_str()).or_else(|| json_channels(page).into_iter().next())
}

/// The ids of the JSON channels that a page names, the one that is most likely its own first.
pub fn json_channels(page: &Html) -> Vec<String> {
    let mut column = String::new();
    let mut ranked: Vec<(u8, String)> = Vec::new();
    html::walk(page.root_element(), |step| {
        let Step::Open(element) = step else { return Next::Into };
        if let Some((name, content)) = meta(element) {
            match name.as_str() {
                "columnname" => column = html::collapse(content),
                "channelid" => ranked.extend(channel_id(content).map(|id| (0, id))),
                _ => {}
            }
        }
        let id = href(element).and_then(id_in_address);
        if let Some(id) = id {
            let is_more = element.value().classes().any(|class| class.eq_ignore_ascii_case("listmore"));
            let is_own = !column.is_empty() && html::text(element) == column;
            ranked.push((
                if is_more {
                    1
                } else if is_own {
                    2
                } else {
                    3
                },
                id,
            ));
        }
        Next::Into
    });
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut ids: Vec<String> = Vec::new();
    for (_, id) in ranked {
        if ids.len() < MAX_CHANNELS && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Says that no link looks like an article.
pub(super) fn no_links(page: &Html, pattern: &Regex) -> String {
    let n_links = contents(page).n_links;
    format!("none of the page's {n_links} links looks like an article (`{pattern}`)")
}

/// Says why the page is empty, as far as that can be told.
pub(super) fn empty_page(page: &Html, url: &Url) -> Option<String> {
    let contents = contents(page);
    let channel = channel_of(page, url);
    match (contents.empty_list, channel) {
        (Some(list), Some(id)) => {
            return Some(format!(
                "page is a shell: `{list}` is empty; its rows come from JSON, channelId {id}; set kind = \"json\""
            ));
        }
        (Some(list), None) if contents.n_scripts > 0 => {
            return Some(format!("page is a shell: `{list}` is empty; a script fills it"));
        }
        _ => {}
    }
    let n_chars = html::text(page.root_element()).chars().count();
    if n_chars < MIN_PAGE_CHARS && contents.n_scripts > 0 {
        return Some("page holds only script".to_owned());
    }
    if contents.has_refresh {
        return Some("page sends its reader elsewhere (`meta http-equiv=refresh`)".to_owned());
    }
    (n_chars == 0).then(|| "page is empty".to_owned())
}

fn contents(page: &Html) -> Contents {
    let mut contents = Contents::default();
    html::walk(page.root_element(), |step| {
        let Step::Open(element) = step else { return Next::Into };
        contents.n_links += usize::from(href(element).is_some());
        match element.value().name() {
            "script" => contents.n_scripts += 1,
            "meta" => {
                let kind = element.attr("http-equiv").unwrap_or_default();
                contents.has_refresh |= kind.eq_ignore_ascii_case("refresh");
            }
            name => {
                let is_list = matches!(name, "ul" | "ol" | "tbody") || element.attr("id") == Some("list");
                if is_list && contents.empty_list.is_none() && element.child_elements().next().is_none() {
                    contents.empty_list = Some(shown(element));
                }
            }
        }
        Next::Into
    });
    contents
}

/// An element as a person would select it.
fn shown(element: ElementRef<'_>) -> String {
    let class = element.attr("class").and_then(|class| class.split_whitespace().next());
    match (element.attr("id"), class) {
        (Some(id), _) => format!("#{}", id.trim()),
        (None, Some(class)) => format!("{}.{class}", element.value().name()),
        (None, None) => element.value().name().to_owned(),
    }
}

/// The name in lower case and the content of a `meta` element.
fn meta(element: ElementRef<'_>) -> Option<(String, &str)> {
    let name = element.attr("name").filter(|_| element.value().name() == "meta")?;
    Some((name.trim().to_ascii_lowercase(), element.attr("content")?))
}

fn id_in_address(address: &str) -> Option<String> {
    let lower = address.to_ascii_lowercase();
    CHANNEL_KEYS.iter().find_map(|key| {
        let at = lower.find(key)? + key.len();
        channel_id(lower[at..].split(['&', '?', '#', '/']).next()?)
    })
}

fn channel_id(text: &str) -> Option<String> {
    let text = text.trim();
    let is_id = text.len() == CHANNEL_ID_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_id.then(|| text.to_ascii_lowercase())
}
