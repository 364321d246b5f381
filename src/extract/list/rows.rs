//! One row: its link, its title and its date.

use std::collections::BTreeMap;

use regex::Regex;
use scraper::{ElementRef, Html};
use url::{Position, Url};

use super::super::html::date::{self, Whole};
use super::super::html::{self, Collapsed, Next, Step};
use super::super::rules::{ListRules, Pick};
use super::super::{FoundTime, RawEntry, RawTime};
use super::{href, title};

/// Most nodes of a row that are looked at. More is no row, and rows may nest.
const MAX_ROW_NODES: usize = 2000;
/// Longest text, in bytes, in which a date is the row's date and not part of a summary.
const MAX_DATED_TEXT_BYTES: usize = 120;
/// What is recorded for a date that no selector named.
const DATE_RULE: &str = "date in the row";

/// Reads rows of one page.
pub(super) struct Reader<'r> {
    pub(super) rules: &'r ListRules,
    /// What an article's address looks like, if links are to be told by it.
    pub(super) article_url: Option<&'r Regex>,
    base: Url,
    page_url: Url,
}

/// A link that leads to an article.
pub(super) struct Link<'a> {
    pub(super) element: ElementRef<'a>,
    pub(super) url: Url,
    rule: String,
}

impl<'a> Link<'a> {
    /// A link that was found by its address.
    pub(super) fn new(element: ElementRef<'a>, url: Url) -> Self {
        Self { element, url, rule: "a@href".to_owned() }
    }
}

/// The texts of a row.
#[derive(Default)]
struct Texts<'a> {
    /// The link's text, whole dates left out.
    title: Collapsed,
    /// The first text in the link that is a date and nothing else.
    date_in_link: Option<Whole<'a>>,
    /// Texts outside the link.
    beside: Vec<&'a str>,
    /// The first `time[datetime]`.
    datetime: Option<&'a str>,
    /// The last text when it may be a piece of a date, and how long the title was before it; whether in the link.
    piece: Option<(&'a str, usize, bool)>,
    /// The first date written in two pieces.
    boxed: Option<String>,
}

impl<'r> Reader<'r> {
    /// Makes a reader of a page's rows.
    pub(super) fn new(page: &Html, url: &Url, rules: &'r ListRules) -> Self {
        let base = html::base_url(page, url);
        Self { rules, article_url: rules.article_url.as_ref(), base, page_url: url.clone() }
    }

    /// The same reader, for which any link may be an article.
    pub(super) fn with_any_address(&self) -> Self {
        Self {
            rules: self.rules,
            article_url: None,
            base: self.base.clone(),
            page_url: self.page_url.clone(),
        }
    }

    /// Where a link leads, if that may be an article.
    pub(super) fn article(&self, href: &str) -> Option<Url> {
        let url = html::resolve(&self.base, href)?;
        let is_article = match self.article_url {
            Some(pattern) => pattern.is_match(&url[Position::BeforePath..Position::AfterQuery]),
            None => url[..Position::AfterQuery] != self.page_url[..Position::AfterQuery],
        };
        is_article.then_some(url)
    }

    /// Reads a row; `None` when it has no link to an article or no title.
    pub(super) fn row(&self, row: ElementRef<'_>) -> Option<RawEntry> {
        let link = self.link(row)?;
        self.entry(row, &link)
    }

    /// Reads a row whose link is known.
    pub(super) fn entry(&self, row: ElementRef<'_>, link: &Link<'_>) -> Option<RawEntry> {
        let texts = texts(row, link.element);
        let (title, title_rule) = self.title(row, link, &texts)?;
        let published = self.published(row, &title, &texts);
        let (title, published) = match date::split_off(&title) {
            Some((date, rest)) if published.is_none() && title_rule == "a" => {
                (rest.to_owned(), Some((date.to_owned(), DATE_RULE.to_owned())))
            }
            _ => (title, published),
        };
        let mut fields = BTreeMap::from([("title", title_rule), ("url", link.rule.clone())]);
        let published = published.map(|(text, rule)| {
            fields.insert("published", rule.clone());
            FoundTime { time: RawTime::Text(text), rule }
        });
        Some(RawEntry {
            url: Some(link.url.clone()),
            title,
            published: published.into_iter().collect(),
            fields,
            ..RawEntry::default()
        })
    }

    /// The first link to an article that has a title, else the first link to an article.
    fn link<'a>(&self, row: ElementRef<'a>) -> Option<Link<'a>> {
        let mut untitled = None;
        let anchors = within(row).filter_map(|element| Some((element, href(element)?, "a@href")));
        let itself = Some(row).and_then(|row| Some((row, href(row)?, "@href")));
        if self.rules.link.is_empty() {
            return self.first_titled(anchors.chain(itself), &mut untitled).or(untitled);
        }
        for pick in &self.rules.link {
            let name = pick.attribute.as_deref().unwrap_or("href");
            let picked = matching(row, pick)
                .filter_map(|element| Some((element, element.attr(name)?, pick.source.as_str())));
            if let Some(link) = self.first_titled(picked, &mut untitled) {
                return Some(link);
            }
        }
        untitled
    }

    fn first_titled<'a, 's>(
        &self,
        candidates: impl Iterator<Item = (ElementRef<'a>, &'a str, &'s str)>,
        untitled: &mut Option<Link<'a>>,
    ) -> Option<Link<'a>> {
        for (element, address, rule) in candidates {
            let Some(url) = self.article(address) else { continue };
            let link = Link { element, url, rule: rule.to_owned() };
            let is_titled = element.attr("title").is_some_and(|title| !title.trim().is_empty())
                || element.text().any(|text| !text.trim().is_empty());
            if is_titled {
                return Some(link);
            }
            untitled.get_or_insert(link);
        }
        None
    }

    /// The title, and what gave it.
    fn title(&self, row: ElementRef<'_>, link: &Link<'_>, texts: &Texts<'_>) -> Option<(String, String)> {
        let attribute = html::collapse(link.element.attr("title").unwrap_or_default());
        let attribute = title::of_attribute(&attribute);
        for pick in &self.rules.title {
            let Some(picked) = matching(row, pick).find_map(|element| html::value(element, pick)) else {
                continue;
            };
            if title::is_cut(&picked) && title::is_better(attribute, &picked) {
                break;
            }
            return Some((picked, pick.source.clone()));
        }
        let shown = title::without_empty_brackets(texts.title.as_str());
        if title::is_better(attribute, shown) {
            return Some((attribute.to_owned(), "a@title".to_owned()));
        }
        (!shown.is_empty()).then(|| (shown.to_owned(), "a".to_owned()))
    }

    /// The date as found, and what gave it.
    fn published(&self, row: ElementRef<'_>, title: &str, texts: &Texts<'_>) -> Option<(String, String)> {
        for pick in &self.rules.date {
            if let Some(picked) = matching(row, pick).find_map(|element| html::value(element, pick)) {
                let in_box = texts.boxed.clone().filter(|_| date::find(&picked).is_none());
                return Some((date::boxed(&picked).or(in_box).unwrap_or(picked), pick.source.clone()));
            }
        }
        let found = texts.datetime.map(html::collapse).or_else(|| texts.date_beside(title))?;
        Some((found, DATE_RULE.to_owned()))
    }
}

impl<'a> Texts<'a> {
    /// The date in the row: alone and with its year before all others, in the midst of other text last.
    fn date_beside(&self, title: &str) -> Option<String> {
        let alone: Vec<Whole<'a>> = self.beside.iter().filter_map(|text| date::whole(text)).collect();
        let full = alone.iter().copied().find(|date| matches!(date, Whole::Full(_)));
        let short = alone.first().copied();
        let whole = full.or(self.date_in_link).map(|date| date.text().to_owned());
        whole.or_else(|| self.boxed.clone()).or_else(|| {
            let texts = self.beside.iter().filter(|text| text.len() <= MAX_DATED_TEXT_BYTES);
            let mut texts = texts.filter(|text| !title.contains(text.trim()));
            texts.find_map(|text| date::find(text)).or(short.map(Whole::text)).map(html::collapse)
        })
    }

    /// Adds a text that stands in the link or beside it.
    fn push(&mut self, text: &'a str, in_link: bool) {
        if text.trim().is_empty() {
            if in_link {
                self.title.push(text);
            }
            return;
        }
        let before = self.piece.take().filter(|(_, _, before)| *before == in_link);
        let joined = before.and_then(|(before, length, _)| Some((date::joined(before, text)?, length)));
        if let Some((date, length)) = joined {
            if in_link {
                self.title.truncate(length);
            }
            self.boxed.get_or_insert(date);
            return;
        }
        self.piece = date::is_part(text).then(|| (text, self.title.as_str().len(), in_link));
        match date::whole(text) {
            Some(date) if in_link && self.date_in_link.is_none() => self.date_in_link = Some(date),
            _ if in_link => self.title.push(text),
            _ => self.beside.push(text),
        }
    }
}

fn texts<'a>(row: ElementRef<'a>, link: ElementRef<'a>) -> Texts<'a> {
    let mut texts = Texts::default();
    let mut n_nodes = 0_usize;
    let mut in_link = false;
    html::walk(row, |step| {
        n_nodes += 1;
        match step {
            _ if n_nodes > MAX_ROW_NODES => return Next::Stop,
            Step::Open(element) if html::is_unread(element) => return Next::Over,
            Step::Open(element) | Step::Close(element) => {
                if element == link {
                    in_link = matches!(step, Step::Open(_));
                }
                if in_link {
                    texts.title.boundary(element);
                }
                let datetime = element.attr("datetime").filter(|_| element.value().name() == "time");
                texts.datetime = texts.datetime.or(datetime.filter(|text| date::find(text).is_some()));
            }
            Step::Text(text) => texts.push(text, in_link),
        }
        Next::Into
    });
    texts
}

/// The elements inside a row, as far as a row reaches.
fn within(row: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    row.descendants().skip(1).take(MAX_ROW_NODES).filter_map(ElementRef::wrap)
}

/// The elements of a row that a pick selects, then the row itself.
fn matching<'a, 'p>(
    row: ElementRef<'a>,
    pick: &'p Pick,
) -> impl Iterator<Item = ElementRef<'a>> + use<'a, 'p> {
    within(row)
        .chain(std::iter::once(row))
        .filter(move |element| pick.selector.matches_with_scope(element, Some(row)))
}
