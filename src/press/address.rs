//! What stands at a path: every document that we publish has one address.

use jiff::civil::Date;

use super::{Key, Leaf, MAX_SEARCH_PAGES, Order, SearchRequest, month::Month};
use crate::publish::{
    Format,
    page::{Lang, STYLE_PATH},
    slice::{Facet, MAX_QUERY_BYTES, Slice, SliceError},
};

/// Length of a story's short name.
const SHORT_CHARS: usize = 16;

/// Paths that people and readers guess, and where that is.
const GUESSED: [(&str, &str); 8] = [
    ("feed", "feed.atom"),
    ("atom", "feed.atom"),
    ("atom.xml", "feed.atom"),
    ("rss", "feed.rss"),
    ("rss.xml", "feed.rss"),
    ("feed.xml", "feed.atom"),
    ("index.html", ""),
    ("opml.xml", "opml"),
];

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A document.
    Is(Key),
    /// Another path, with its query, without leading `/`.
    Moved(String),
    /// Nothing that could ever be there.
    Nothing,
}

/// Reads a path without its leading `/`, and a query without its `?`.
///
/// # Errors
/// When the query cannot be understood.
pub fn read(path: &str, query: &str) -> Result<Address, SliceError> {
    if let Some((_, there)) = GUESSED.iter().find(|(guessed, _)| *guessed == path) {
        return Ok(Address::Moved(with_query(there, query)));
    }
    if let Some(stripped) = path.strip_suffix('/') {
        // One slash too many; a path of nothing but slashes is nothing.
        let is_plain = !stripped.is_empty() && !stripped.ends_with('/');
        return Ok(if is_plain { Address::Moved(with_query(stripped, query)) } else { Address::Nothing });
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [""] if lang(query) == Lang::Zh => Ok(Address::Is(Key::Home)),
        [""] => Ok(page(Leaf::Front, query)),
        [STYLE_PATH] => Ok(Address::Is(Key::Style)),
        ["opml"] => Ok(Address::Is(Key::Opml)),
        ["daily.atom"] => Ok(Address::Is(Key::DailyFeed)),
        ["daily"] => Ok(page(Leaf::Days, query)),
        ["daily", day] => Ok(edition(day, query)),
        ["stories", short] if is_short_id(short) => Ok(page(Leaf::Story((*short).to_owned()), query)),
        ["search"] => search(query),
        [file] => match (Facet::of_folder(file), format(file, "feed")) {
            (Some(facet), _) => Ok(page(Leaf::Overview(facet), query)),
            (None, Some(format)) => Ok(Address::Is(Key::feed(Slice::parse(None, query)?, format))),
            (None, None) => Ok(Address::Nothing),
        },
        [folder, value] => match Facet::of_folder(folder) {
            Some(facet) => slice(facet, value, query, None),
            None => Ok(Address::Nothing),
        },
        [folder, value, file] => match (Facet::of_folder(folder), format(file, "feed")) {
            (Some(facet), Some(format)) => slice(facet, value, query, Some(format)),
            _ => Ok(archive(&parts)),
        },
        _ => Ok(Address::Nothing),
    }
}

fn page(leaf: Leaf, query: &str) -> Address {
    Address::Is(Key::Page { leaf, lang: lang(query) })
}

/// The language that a query asks for.
fn lang(query: &str) -> Lang {
    value_of("lang", query).map_or(Lang::Zh, |value| Lang::from_query(&value))
}

/// The first value of a key in a query.
fn value_of(key: &str, query: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.get(..MAX_QUERY_BYTES).unwrap_or(query).as_bytes());
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

/// `daily/2026-11-24`, or its plain text.
fn edition(day: &str, query: &str) -> Address {
    let (name, is_text) = day.strip_suffix(".txt").map_or((day, false), |name| (name, true));
    match read_day(name) {
        Some(day) if is_text => Address::Is(Key::DailyText(day)),
        Some(day) => page(Leaf::Day(day), query),
        None => Address::Nothing,
    }
}

/// A day as `2026-11-24`, in that one spelling.
fn read_day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}

fn is_short_id(text: &str) -> bool {
    text.len() == SHORT_CHARS && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn search(query: &str) -> Result<Address, SliceError> {
    let day = |key: &'static str| match value_of(key, query).filter(|value| !value.trim().is_empty()) {
        None => Ok(None),
        Some(value) => match read_day(value.trim()) {
            Some(day) => Ok(Some(day)),
            None => Err(SliceError::Invalid { key, value, expected: "a day such as `2026-11-24`" }),
        },
    };
    let slice = Slice::parse(None, query)?;
    let usual = SearchRequest::usual(&slice);
    let order = match value_of("order", query).as_deref().map(str::trim) {
        Some("newest") => Order::Newest,
        // Where nothing is searched for, nothing fits better.
        None | Some("" | "best") => usual,
        Some(value) => {
            return Err(SliceError::Invalid {
                key: "order",
                value: value.to_owned(),
                expected: "`best` or `newest`",
            });
        }
    };
    let (since, until) = (day("since")?, day("until")?);
    let number = search_page(query)?;
    Ok(page(Leaf::Search(SearchRequest { slice, since, until, order, page: number }), query))
}

/// Which page of a search is asked for.
fn search_page(query: &str) -> Result<u32, SliceError> {
    let Some(value) = value_of("page", query).filter(|value| !value.trim().is_empty()) else { return Ok(1) };
    let number = value.trim().parse().ok().filter(|number| (1..=MAX_SEARCH_PAGES).contains(number));
    number.ok_or(SliceError::Invalid { key: "page", value, expected: "a number from 1 to 40" })
}

/// The format of a file with this stem.
fn format(file: &str, stem: &str) -> Option<Format> {
    let (name, extension) = file.rsplit_once('.')?;
    Format::from_extension(extension).filter(|_| name == stem)
}

/// A feed or page of one facet. In a path, a value that cannot be one is an address where nothing is.
fn slice(facet: Facet, value: &str, query: &str, format: Option<Format>) -> Result<Address, SliceError> {
    if Slice::of(facet, value).is_ok_and(|slice| !slice.is_all()) {
        let slice = Slice::parse(Some((facet, value)), query)?;
        let upper = value.to_ascii_uppercase();
        if facet == Facet::Region && upper != value {
            let file = format.map(|format| format!("/feed.{}", format.extension())).unwrap_or_default();
            let there = format!("{}/{upper}{file}", facet.folder());
            return Ok(Address::Moved(with_query(&there, query)));
        }
        return Ok(match format {
            Some(format) => Address::Is(Key::feed(slice, format)),
            None => page(Leaf::Slice(slice), query),
        });
    }
    Ok(Address::Nothing)
}

/// `archive/2026/11.atom`, or a further part of a full month: `archive/2026/11-2.atom`.
fn archive(parts: &[&str]) -> Address {
    let read = || {
        let ["archive", year, file] = parts else { return None };
        let (name, extension) = file.rsplit_once('.')?;
        let (month, part) = name.split_once('-').map_or((name, None), |(month, part)| (month, Some(part)));
        let part = match part {
            None => 0,
            // The first part has no number; numbers are written in one way.
            Some(part) if !part.starts_with('0') && part.len() <= 4 => {
                part.parse::<usize>().ok().filter(|n| *n > 1)? - 1
            }
            Some(_) => return None,
        };
        Some(Key::Archive {
            month: Month::parse(year, month)?,
            part,
            format: Format::from_extension(extension)?,
        })
    };
    read().map_or(Address::Nothing, Address::Is)
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, query: &str, expected: &str) {
        let found = match read(path, query) {
            Ok(Address::Is(key)) => key.path(),
            Ok(Address::Moved(there)) => format!("-> {there}"),
            Ok(Address::Nothing) => "nothing".into(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{path}?{query}");
    }

    #[test]
    fn a_search_has_one_address() {
        check("search", "until=2026-11-24&q=a&lang=en&since=", "search?q=a&until=2026-11-24&lang=en");
        check("search", "q=a&order=newest&page=2&lang=en", "search?q=a&order=newest&page=2&lang=en");
        // What goes without saying is not said, so that one document has one address.
        check("search", "q=a&order=best&page=1", "search?q=a");
        check("search", "region=CN-JX&order=newest", "search?region=CN-JX");
        check("search", "region=CN-JX&order=best", "search?region=CN-JX");
        check("search", "order=x", "`order` does not take `x`; expected `best` or `newest`");
        check("search", "page=0", "`page` does not take `0`; expected a number from 1 to 40");
        check("search", "page=41", "`page` does not take `41`; expected a number from 1 to 40");
        check("search", "until=x", "`until` does not take `x`; expected a day such as `2026-11-24`");
    }

    #[test]
    fn every_document_has_an_address_and_every_other_path_has_none() {
        check("", "", "");
        check("", "utm_source=x", "");
        check("feed.atom", "x=1", "feed.atom");
        check("feed.rss", "region=CN-JX,CN-GD", "feed.rss?region=CN-GD,CN-JX");
        check("feed.json", "region=CN-JX", "regions/CN-JX/feed.json");
        check(
            "feed.atom",
            "region=x",
            "`region` does not take `x`; expected a code of ISO 3166-2 such as `CN-GD`",
        );
        check("regions/CN-JX/feed.atom", "", "regions/CN-JX/feed.atom");
        check("regions/cn-jx/feed.atom", "topic=a", "-> regions/CN-JX/feed.atom?topic=a");
        check("topics/safety/feed.rss", "region=CN-JX", "feed.rss?region=CN-JX&topic=safety");
        check("sources/jx/feed.json", "", "sources/jx/feed.json");
        check("archive/2026/11.atom", "until=2026-11-24", "archive/2026/11.atom");
        check("archive/2026/11-2.rss", "", "archive/2026/11-2.rss");
        check("", "lang=en", "?lang=en");
        check("opml", "x=y", "opml");
        check("regions", "", "regions");
        check("topics/safety", "lang=en", "topics/safety?lang=en");
        check("regions/cn-jx", "", "-> regions/CN-JX");
        check("regions/CN-JX", "topic=safety", "search?region=CN-JX&topic=safety");
        check("stories/0123456789abcdef", "x=1", "stories/0123456789abcdef");
        check("daily.atom", "", "daily.atom");
        check("daily/2026-11-24", "", "daily/2026-11-24");
        check("daily/2026-11-24.txt", "lang=en", "daily/2026-11-24.txt");
        check("feed", "region=CN-JX", "-> feed.atom?region=CN-JX");
        check("feed.atom/", "", "-> feed.atom");
        for nothing in [
            "feed.xyz",
            "feed.atom/x",
            "/",
            "//",
            "regions/x/feed.atom",
            "regions//feed.atom",
            "regions/,/feed.atom",
            "words/a/feed.atom",
            "archive/2026/11",
            "archive/2026/13.atom",
            "archive/2026/11-1.atom",
            "archive/2026/11-02.atom",
            "archive/2026/11-.atom",
            "archive/26/11.atom",
            "..",
            "regions/CN-JX/x/feed.atom",
            "stories/0123",
            "stories/0123456789ABCDEF",
            "daily/2026-13-24",
            "daily/20261124",
            "daily.rss",
        ] {
            check(nothing, "", "nothing");
        }
    }
}
