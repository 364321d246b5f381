//! HTML inside JSON: some systems answer with a list's rows as markup in a text.

use serde_json::Value;
use url::Url;

/// What such a text must hold: links.
const LINK: &str = "href";
/// What it must hold besides: a row's element.
const ROWS: [&str; 4] = ["<li", "<tr", "<dd", "<a "];

/// The longest text in a JSON document that is HTML with links, and the path to it; `None` for what is no JSON.
pub(in crate::extract) fn longest_html(text: &str, url: &Url) -> Option<(String, String)> {
    let document = super::document(text, url).ok()?;
    let mut longest = None;
    search(&document, &mut vec!["$".to_owned()], &mut longest);
    longest
}

/// Looks at a value and all in it. The parser reads at most 128 levels, so this is how deep it calls itself.
fn search(value: &Value, path: &mut Vec<String>, longest: &mut Option<(String, String)>) {
    match value {
        Value::String(text) => {
            let is_longer = longest.as_ref().is_none_or(|(_, known)| known.len() < text.len());
            if is_longer && text.contains(LINK) && ROWS.iter().any(|row| text.contains(row)) {
                *longest = Some((path.concat(), text.clone()));
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate().filter(|(_, item)| may_hold(item)) {
                path.push(format!("[{i}]"));
                search(item, path, longest);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(_, member)| may_hold(member)) {
                path.push(format!(".{name}"));
                search(member, path, longest);
                path.pop();
            }
        }
        _ => {}
    }
}

fn may_hold(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_))
}
