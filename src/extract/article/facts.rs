//! What a page says of itself: its `meta` elements, its title, and its JSON-LD.

use scraper::{ElementRef, Html};
use serde_json::Value;

use super::super::html::{self, Next, Step};

/// Most `meta` elements kept.
const MAX_METAS: usize = 200;
/// Most JSON-LD scripts read.
const MAX_SCRIPTS: usize = 10;
/// Largest JSON-LD script read, in bytes.
const MAX_SCRIPT_BYTES: usize = 1 << 20;
/// Most objects of JSON-LD kept.
const MAX_OBJECTS: usize = 100;
/// The types of objects that describe an article.
const ARTICLE_TYPES: [&str; 6] =
    ["Article", "NewsArticle", "BlogPosting", "Report", "WebPage", "SocialMediaPosting"];

/// What a page says of itself.
#[derive(Default)]
pub(super) struct Facts {
    /// Names in lower case, with their contents.
    metas: Vec<(String, String)>,
    /// The objects of JSON-LD that describe the article.
    linked: Vec<Value>,
    /// The text of `<title>`.
    pub(super) title: Option<String>,
    /// The text of the first `h1` that has any.
    pub(super) heading: Option<String>,
    /// The `lang` of the page.
    pub(super) language: Option<String>,
}

impl Facts {
    /// Reads them in one walk.
    pub(super) fn of(page: &Html) -> Self {
        let mut facts =
            Self { language: page.root_element().attr("lang").map(str::to_owned), ..Self::default() };
        let mut n_scripts = 0;
        html::walk(page.root_element(), |step| {
            let Step::Open(element) = step else { return Next::Into };
            match element.value().name() {
                "meta" => facts.add_meta(element),
                "title" => {
                    facts.title.get_or_insert_with(|| html::text(element));
                }
                "h1" if facts.heading.is_none() => {
                    facts.heading = Some(html::text(element)).filter(|heading| !heading.is_empty());
                }
                "script" if n_scripts < MAX_SCRIPTS && is_linked_data(element) => {
                    n_scripts += 1;
                    facts.add_linked(element);
                }
                _ => {}
            }
            Next::Into
        });
        facts
    }

    /// The first usable content of the `meta` elements with this name or property.
    pub(super) fn meta(&self, name: &str) -> Option<String> {
        let named = self.metas.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, content)| content).find(|content| is_usable(content)).cloned()
    }

    /// The first usable text that the JSON-LD gives for any of these keys.
    pub(super) fn linked_text(&self, keys: &[&str]) -> Option<String> {
        let values = keys.iter().flat_map(|key| self.linked.iter().filter_map(move |object| object.get(key)));
        values.filter_map(Value::as_str).map(str::trim).find(|text| is_usable(text)).map(str::to_owned)
    }

    /// The name of the first author that the JSON-LD gives.
    pub(super) fn linked_author(&self) -> Option<String> {
        let mut authors = self.linked.iter().filter_map(|object| object.get("author"));
        authors.find_map(|author| {
            let author = author.as_array().map_or(Some(author), |authors| authors.first())?;
            let name = author.as_str().or_else(|| author.get("name")?.as_str())?.trim();
            is_usable(name).then(|| name.to_owned())
        })
    }

    fn add_meta(&mut self, element: ElementRef<'_>) {
        let name =
            element.attr("name").or_else(|| element.attr("property")).or_else(|| element.attr("itemprop"));
        let (Some(name), Some(content)) = (name, element.attr("content")) else { return };
        if self.metas.len() < MAX_METAS {
            self.metas.push((name.trim().to_ascii_lowercase(), html::collapse(content)));
        }
    }

    fn add_linked(&mut self, script: ElementRef<'_>) {
        let text: String = script.text().collect();
        if text.len() > MAX_SCRIPT_BYTES {
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(text.trim()) else { return };
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Array(values) => waiting.extend(values.into_iter().rev().take(MAX_OBJECTS)),
                Value::Object(mut object) => {
                    waiting.extend(object.remove("@graph"));
                    let value = Value::Object(object);
                    if self.linked.len() < MAX_OBJECTS && is_article(&value) {
                        self.linked.push(value);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a text says anything: the known CMS writes `null` where it has nothing.
pub(super) fn is_usable(text: &str) -> bool {
    !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.eq_ignore_ascii_case("undefined")
}

fn is_linked_data(element: ElementRef<'_>) -> bool {
    element.attr("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/ld+json"))
}

/// Whether an object describes an article; one that does not say what it is may.
fn is_article(object: &Value) -> bool {
    match object.get("@type") {
        Some(Value::String(kind)) => ARTICLE_TYPES.contains(&kind.as_str()),
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).any(|kind| ARTICLE_TYPES.contains(&kind))
        }
        _ => true,
    }
}
