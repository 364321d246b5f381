//! Rules of their own for pages that no profile reads: what repeats becomes selectors, kept only when reading by
//! them gives the same rows.

use std::collections::{BTreeMap, HashSet};

use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use url::{Position, Url};

use crate::extract::{
    Extracted, RawEntry, RawTime,
    html::{self, date},
    list,
    rules::{ListRules, Pick},
};

/// Rows in which the date's place is looked for.
const MAX_ROWS: usize = 50;
/// Elements of a row in which it is looked for.
const MAX_ROW_ELEMENTS: usize = 60;
/// How far around the rows a name is looked for that tells their list from others.
const MAX_LEVELS: usize = 4;
/// Longest class or id used in a selector, in bytes.
const MAX_NAME_BYTES: usize = 40;

/// Rules for a list page, as they are written in configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ListOverrides {
    pub rows: Option<String>,
    pub title: Option<String>,
    pub date: Option<String>,
    pub article_url: Option<String>,
}

/// Learns rules by which a page's rows are read; `rules` are those of its profile, which they are laid over.
pub(super) fn learn(text: &str, url: &Url, rules: &ListRules) -> Option<ListOverrides> {
    let text = list::unwrap_records(text).unwrap_or_else(|| text.to_owned());
    let page = html::parse(&text, url).ok()?;
    let found =
        list::list(&page, url, &ListRules { skip_title: rules.skip_title.clone(), ..ListRules::default() });
    let learned = list::learned_selector(&found.rule)?.to_owned();
    let article_url = article_url(&found, rules);
    let date = date_selector(&page, &learned);
    let titles = [Some("a".to_owned()), None];
    let dates = [date.clone(), None];
    let mut best: Option<ListOverrides> = None;
    for rows in selectors(&page, &learned) {
        for title in &titles {
            for date in dates.iter().take(if date.is_some() { 2 } else { 1 }) {
                let overrides = ListOverrides {
                    rows: Some(rows.clone()),
                    title: title.clone(),
                    date: date.clone(),
                    article_url: article_url.clone(),
                };
                let Some(laid) = overrides.over(rules) else { continue };
                let read = list::list(&page, url, &laid);
                if is_same(&read, &found) {
                    return Some(overrides);
                }
                if best.is_none() && holds_all(&read, &found) {
                    best = Some(overrides);
                }
            }
        }
    }
    best
}

impl ListOverrides {
    /// The rules with these laid over them; `None` when one cannot be compiled.
    fn over(&self, rules: &ListRules) -> Option<ListRules> {
        let picks = |own: &Option<String>, below: &[Pick]| match own {
            None => Some(below.to_vec()),
            Some(text) => Pick::parse(text).ok().map(|pick| vec![pick]),
        };
        Some(ListRules {
            rows: picks(&self.rows, &rules.rows)?,
            title: picks(&self.title, &rules.title)?,
            date: picks(&self.date, &rules.date)?,
            article_url: match &self.article_url {
                Some(text) => Some(Regex::new(text).ok()?),
                None => rules.article_url.clone(),
            },
            ..rules.clone()
        })
    }
}

type Told<'a> = (Option<&'a str>, &'a str, Option<&'a str>);

/// Address, title and date of a row.
fn told(entry: &RawEntry) -> Told<'_> {
    let time = entry.published.first().and_then(|found| match &found.time {
        RawTime::Text(text) => Some(text.as_str()),
        RawTime::EpochMs(_) => None,
    });
    (entry.url.as_ref().map(Url::as_str), entry.title.as_str(), time)
}

fn is_same(read: &Extracted, found: &Extracted) -> bool {
    read.rule.starts_with(list::PROFILE_ROWS)
        && read.entries.len() == found.entries.len()
        && read.entries.iter().zip(&found.entries).all(|(a, b)| told(a) == told(b))
}

/// Whether rows read hold all that were found, and few others.
fn holds_all(read: &Extracted, found: &Extracted) -> bool {
    let known: HashSet<Told<'_>> = read.entries.iter().map(told).collect();
    read.rule.starts_with(list::PROFILE_ROWS)
        && read.entries.len() <= found.entries.len() + found.entries.len() / 4
        && found.entries.iter().all(|entry| known.contains(&told(entry)))
}

/// Selectors of the rows: as learned, and narrowed by the names of elements around them; first those with a name.
fn selectors(page: &Html, learned: &str) -> Vec<String> {
    let Ok(selector) = Selector::parse(learned) else { return Vec::new() };
    let Some(first) = page.select(&selector).next() else { return Vec::new() };
    let parent = first.parent().and_then(ElementRef::wrap);
    let around = parent.into_iter().flat_map(|parent| parent.ancestors().filter_map(ElementRef::wrap));
    let named = around.take(MAX_LEVELS).filter_map(|element| {
        let name = name_of(element)?;
        let narrowed = match (element.value().name(), learned) {
            ("table", "tbody > tr") => format!("table{name} tr"),
            (tag, learned) => format!("{tag}{name} {learned}"),
        };
        Some(narrowed)
    });
    let mut selectors: Vec<String> = named.collect();
    let has_name = learned.contains(['.', '#']);
    selectors.insert(if has_name { 0 } else { selectors.len() }, learned.to_owned());
    selectors
}

/// `.class` or `#id` of an element, where it has one that a selector can name.
fn name_of(element: ElementRef<'_>) -> Option<String> {
    let usable = |name: &&str| {
        name.len() <= MAX_NAME_BYTES
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let class = element.attr("class").and_then(|class| class.split_whitespace().find(usable));
    let id = || element.attr("id").map(str::trim).filter(usable);
    class.map(|class| format!(".{class}")).or_else(|| id().map(|id| format!("#{id}")))
}

/// The selector of the elements that hold the rows' dates and nothing else.
fn date_selector(page: &Html, rows: &str) -> Option<String> {
    let rows = Selector::parse(rows).ok()?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in page.select(&rows).take(MAX_ROWS) {
        let elements = row.descendants().skip(1).take(MAX_ROW_ELEMENTS).filter_map(ElementRef::wrap);
        let dated = elements.filter(|element| date::whole(&html::text(*element)).is_some()).last();
        if let Some(selector) = dated.map(|element| selector_in(row, element)) {
            *counts.entry(selector).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, n)| *n).map(|(selector, _)| selector)
}

/// How an element is told from the others of its row.
fn selector_in(row: ElementRef<'_>, element: ElementRef<'_>) -> String {
    let tag = element.value().name();
    if let Some(name) = name_of(element).filter(|name| name.starts_with('.')) {
        return format!("{tag}{name}");
    }
    let others = row.descendants().skip(1).take(MAX_ROW_ELEMENTS).filter_map(ElementRef::wrap);
    let n_same = others.filter(|other| other.value().name() == tag).count();
    let is_last = element.next_siblings().all(|sibling| !sibling.value().is_element());
    let n_before = element.prev_siblings().filter(|sibling| sibling.value().is_element()).count();
    match (n_same, is_last) {
        (..=1, _) => tag.to_owned(),
        (_, true) => format!("{tag}:last-child"),
        (_, false) => format!("{tag}:nth-child({})", n_before + 1),
    }
}

/// What the addresses of the rows look like, where the profile's pattern does not fit them.
fn article_url(found: &Extracted, rules: &ListRules) -> Option<String> {
    let pattern = rules.article_url.as_ref()?;
    let addresses = || found.entries.iter().filter_map(|entry| entry.url.as_ref()).map(address);
    if addresses().all(|address| pattern.is_match(address)) {
        return None;
    }
    let shape = addresses().next().map(shape_of).unwrap_or_default();
    let fits = |shape: &Regex| addresses().all(|address| shape.is_match(address));
    let fitting = Regex::new(&shape).ok().filter(fits).map(|_| shape);
    Some(fitting.unwrap_or_else(|| ".".to_owned()))
}

fn address(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

/// A pattern for addresses like one: its last two parts, with runs of digits and long hexadecimal names left open.
fn shape_of(address: &str) -> String {
    let mut parts: Vec<&str> = address.rsplit('/').take(2).collect();
    parts.reverse();
    let mut shape = String::new();
    for part in parts {
        shape.push('/');
        let mut rest = part;
        while let Some(c) = rest.chars().next() {
            let n_hex = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
            let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (n_taken, like) = match (n_hex, n_digits) {
                (32, _) => (32, "[0-9a-f]{32}".to_owned()),
                (_, 1..) => (n_digits, r"\d+".to_owned()),
                _ => (c.len_utf8(), regex::escape(&c.to_string())),
            };
            shape.push_str(&like);
            rest = rest.get(n_taken..).unwrap_or_default();
        }
    }
    format!("{shape}$")
}
