//! The addresses of JSON lists: a channel's, and those of further pages.

use url::Url;

use super::super::html;
use super::super::rules::JsonRules;

/// Rows asked for at once.
const PAGE_SIZE: usize = 20;
/// The parameter that names the page in most addresses.
const PAGE: &str = "page";

/// The address of a channel's list on the host of its list page.
pub fn endpoint(rules: &JsonRules, list: &Url, channel: &str) -> Option<Url> {
    let template = rules.endpoint.as_deref()?;
    let address = template
        .replace("{channel}", channel)
        .replace("{size}", &PAGE_SIZE.to_string())
        .replace("{page}", "1");
    html::resolve(list, &address).filter(|url| url.origin() == list.origin())
}

/// The address of a further page of a list; `number` is 2 for the second.
///
/// An address may begin to count pages at 0 or 1. `None` when it names no page.
pub fn page_address(rules: &JsonRules, first: &Url, number: usize) -> Option<Url> {
    let parameter = rules.page.as_deref().unwrap_or(PAGE);
    let named =
        first.query_pairs().find(|(name, _)| name == parameter).map(|(_, value)| value.parse::<usize>());
    let begin = match named {
        Some(value) => value.ok()?,
        None if rules.page.is_some() => 1,
        None => return None,
    };
    let number = begin.checked_add(number)?.checked_sub(1)?.to_string();
    let mut url = first.clone();
    let others = first.query_pairs().filter(|(name, _)| name != parameter);
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(parameter, &number);
    Some(url)
}
