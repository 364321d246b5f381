//! Rows found without a rule: by the shape of article addresses, or by what repeats on a page.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use scraper::{ElementRef, Html};
use url::Position;

use super::super::RawEntry;
use super::super::html::{self, Key, Next, Step, key};
use super::collect::Collector;
use super::rows::{Link, Reader};
use super::{LEARNED_ROWS, href};

/// Fewest rows that make a list.
const MIN_ROWS: usize = 3;
/// Half of the titles are at least and at most so long, in characters.
const TITLE_CHARS: std::ops::RangeInclusive<usize> = 6..=80;
/// How many elements around a link may be its row.
const MAX_LEVELS: usize = 6;
/// How many links to one article are looked around for a date.
const MAX_LINKS_LOOKED_AROUND: usize = 8;
/// Longest class or id shown in a rule, in characters.
const MAX_NAME_CHARS: usize = 40;

/// Which articles an element leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leads {
    Nowhere,
    /// To one article, by its number.
    One(usize),
    Many,
}

impl Leads {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nowhere, other) => other,
            (this, Self::Nowhere) => this,
            (this, other) => {
                if this == other {
                    this
                } else {
                    Self::Many
                }
            }
        }
    }
}

/// The links of a page, and the elements that hold just one.
#[derive(Default)]
struct Survey<'a> {
    links: Vec<Link<'a>>,
    /// The elements that lead to just one article, and how deep they stand.
    singles: HashMap<Key, usize>,
    /// The same in the order of the page.
    order: Vec<ElementRef<'a>>,
}

/// Every link on the page whose address looks like an article's.
pub(super) fn article_links<'r>(page: &Html, reader: &Reader<'r>) -> Collector<'r> {
    let survey = survey(page, reader, |_| false);
    let mut found = Collector::new(reader.rules);
    let mut n_links: HashMap<&str, usize> = HashMap::new();
    for link in &survey.links {
        if found.is_full() {
            break;
        }
        let n_links = n_links.entry(&link.url[..Position::AfterQuery]).or_default();
        *n_links += 1;
        let is_looked_around = *n_links <= MAX_LINKS_LOOKED_AROUND;
        let entry = if is_looked_around { linked_entry(reader, &survey, link) } else { None };
        found.extend(entry);
    }
    found
}

/// An article with the date that stands in the link, or in the smallest element around it that has one.
fn linked_entry(reader: &Reader<'_>, survey: &Survey<'_>, link: &Link<'_>) -> Option<RawEntry> {
    let entry = reader.entry(link.element, link)?;
    if !entry.published.is_empty() {
        return Some(entry);
    }
    let around = link.element.ancestors().filter_map(ElementRef::wrap).take(MAX_LEVELS);
    let dated = around
        .take_while(|element| survey.singles.contains_key(&key(*element)))
        .filter(|element| {
            matches!(element.value().name(), "li" | "tr" | "dd" | "dl" | "div" | "p" | "article" | "section")
        })
        .filter_map(|element| reader.entry(element, link))
        .find(|entry| !entry.published.is_empty());
    Some(dated.unwrap_or(entry))
}

/// The rows that repeat on the page, with a link and a date each, and how they were told.
pub(super) fn rows<'r>(page: &Html, reader: &Reader<'r>) -> Option<(Collector<'r>, String)> {
    let is_around = |element: ElementRef<'_>| {
        matches!(element.value().name(), "nav" | "footer" | "header" | "aside" | "form" | "select")
    };
    let survey = survey(page, reader, is_around);
    let mut best: Option<Group> = None;
    for members in groups(&survey) {
        let Some(group) = Group::read(reader, &survey, &members) else { continue };
        let score = |group: &Group| (group.n_dated, std::cmp::Reverse(group.depth));
        if best.as_ref().is_none_or(|best| score(&group) > score(best)) {
            best = Some(group);
        }
    }
    let best = best?;
    let rule = format!(
        "{LEARNED_ROWS}\"{}\" ({} of {} with dates)",
        best.selector,
        best.n_dated,
        best.entries.len()
    );
    let mut found = Collector::new(reader.rules);
    for entry in best.entries {
        found.extend(Some(entry));
    }
    found.has_any().then_some((found, rule))
}

/// Elements of the same kind that stand side by side, or in lists of the same kind that do.
fn groups<'a>(survey: &Survey<'a>) -> Vec<Vec<ElementRef<'a>>> {
    let mut places: HashMap<_, usize> = HashMap::new();
    let mut groups: Vec<Vec<ElementRef<'a>>> = Vec::new();
    for &element in &survey.order {
        let Some(parent) = element.parent().and_then(ElementRef::wrap) else { continue };
        let grandparent = parent.parent().and_then(ElementRef::wrap).map(key);
        let place = (grandparent, parent.value().name(), parent.attr("class"), element.value().name());
        match places.entry(place) {
            Slot::Occupied(known) => groups[*known.get()].push(element),
            Slot::Vacant(slot) => {
                slot.insert(groups.len());
                groups.push(vec![element]);
            }
        }
    }
    groups.retain(|members| members.len() >= MIN_ROWS);
    groups
}

/// Rows that may be the page's list.
struct Group {
    entries: Vec<RawEntry>,
    n_dated: usize,
    depth: usize,
    selector: String,
}

impl Group {
    /// Reads a group; `None` when its rows do not look like news.
    fn read(reader: &Reader<'_>, survey: &Survey<'_>, members: &[ElementRef<'_>]) -> Option<Self> {
        let members = &members[..members.len().min(super::MAX_ROWS)];
        let entries: Vec<RawEntry> = members.iter().filter_map(|row| reader.row(*row)).collect();
        let n_dated = entries.iter().filter(|entry| !entry.published.is_empty()).count();
        if entries.len() < MIN_ROWS || n_dated * 2 < entries.len() {
            return None;
        }
        let mut lengths: Vec<usize> = entries.iter().map(|entry| entry.title.chars().count()).collect();
        lengths.sort_unstable();
        if !TITLE_CHARS.contains(&lengths[lengths.len() / 2]) {
            return None;
        }
        let first = members.first()?;
        let depth = survey.singles.get(&key(*first)).copied().unwrap_or_default();
        Some(Self { entries, n_dated, depth, selector: selector(*first) })
    }
}

/// How a person would select the element: `ul.news > li`.
fn selector(element: ElementRef<'_>) -> String {
    let Some(parent) = element.parent().and_then(ElementRef::wrap) else {
        return element.value().name().to_owned();
    };
    let class = parent.attr("class").and_then(|class| class.split_whitespace().next());
    let name = match (class, parent.attr("id").map(str::trim)) {
        (Some(class), _) => format!(".{class}"),
        (None, Some(id)) if !id.is_empty() => format!("#{id}"),
        _ => String::new(),
    };
    let name: String = name.chars().take(MAX_NAME_CHARS).collect();
    format!("{}{name} > {}", parent.value().name(), element.value().name())
}

/// Walks the page once, telling for every element which articles it leads to.
fn survey<'a>(
    page: &'a Html,
    reader: &Reader<'_>,
    is_passed_over: impl Fn(ElementRef<'a>) -> bool,
) -> Survey<'a> {
    let mut survey = Survey::default();
    let mut numbers = HashMap::new();
    let mut open: Vec<Leads> = Vec::new();
    html::walk(page.root_element(), |step| {
        match step {
            Step::Open(element) => {
                let passed = is_passed_over(element);
                let link = if passed { None } else { href(element).and_then(|href| reader.article(href)) };
                open.push(link.map_or(Leads::Nowhere, |url| {
                    let next = numbers.len();
                    let number = *numbers.entry(url[..Position::AfterQuery].to_owned()).or_insert(next);
                    survey.links.push(Link::new(element, url));
                    Leads::One(number)
                }));
                if passed {
                    return Next::Over;
                }
                survey.order.push(element);
            }
            Step::Close(element) => {
                let leads = open.pop().unwrap_or(Leads::Nowhere);
                if matches!(leads, Leads::One(_)) {
                    survey.singles.insert(key(element), open.len());
                }
                if let Some(around) = open.last_mut() {
                    *around = around.and(leads);
                }
            }
            Step::Text(_) => {}
        }
        Next::Into
    });
    let singles = &survey.singles;
    survey.order.retain(|element| singles.contains_key(&key(*element)));
    survey
}
