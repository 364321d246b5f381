//! When an article was published and where it came from, as its byline says.

use scraper::ElementRef;

use super::super::html::{self, Next, Step, date};
use super::super::rules::{ArticleRules, Pick};
use super::super::{FoundTime, RawTime};
use super::Found;
use super::facts::{Facts, is_usable};

/// Where bylines usually stand.
const INFO: &str = ".info, .article-info, .article-meta, .detail-info, .news-info, .post_info, .post-info, \
     .xl-info, .pubtime, .pub-time, .publish-date, .publish-time, .time-source, .source-time, .sub-title, \
     .subtitle, .property, .art-info, .content-info, .time";
/// Most elements looked at for a byline.
const MAX_INFO_ELEMENTS: usize = 50;
/// Longest byline, in bytes.
const MAX_INFO_BYTES: usize = 1000;
/// Longest text taken for a time that is not recognised as one here, in characters.
const MAX_TIME_CHARS: usize = 100;
/// Longest name of an origin, in characters.
const MAX_ORIGIN_CHARS: usize = 60;
/// Labels before the time of publication, the surest first.
const TIME_LABELS: [&str; 7] = ["发布时间", "发布日期", "发表时间", "发文日期", "公开日期", "日期", "时间"];
/// Words that make of a time something else than that of publication.
const OTHER_TIMES: [&str; 4] = ["更新", "生成", "截止", "访问"];
/// Labels that may follow the origin, each with a colon after it.
const ORIGIN_ENDS: [&str; 18] = [
    "作者",
    "编辑",
    "责编",
    "责任编辑",
    "审核",
    "字号",
    "字体",
    "日期",
    "时间",
    "发布时间",
    "发布日期",
    "浏览次数",
    "浏览量",
    "点击数",
    "点击量",
    "阅读次数",
    "阅读量",
    "分享到",
];
/// Stands in a byline's text where an element begins or ends.
const EDGE: char = '\u{1f}';

/// The times of publication, the most trusted first.
pub(super) fn published(root: ElementRef<'_>, rules: &ArticleRules, facts: &Facts) -> Vec<FoundTime> {
    let mut found: Vec<FoundTime> = Vec::new();
    let mut add = |text: String, rule: &str| {
        if found.iter().all(|known| known.time != RawTime::Text(text.clone())) {
            found.push(FoundTime { time: RawTime::Text(text), rule: rule.to_owned() });
        }
    };
    for pick in &rules.date {
        if let Some(text) = html::matching(root, pick).find_map(|element| picked_time(element, pick)) {
            add(text, &pick.source);
        }
    }
    if let Some(text) = visible_time(root) {
        add(text, "visible date");
    }
    for name in ["article:published_time", "datePublished"] {
        if let Some(text) = facts.meta(name) {
            add(text, &format!("meta {name}"));
        }
    }
    if let Some(text) = facts.linked_text(&["datePublished", "pubDate"]) {
        add(text, "JSON-LD datePublished");
    }
    // The known CMS writes here when the page was last generated, which may be years later.
    if let Some(text) = facts.meta("PubDate") {
        add(text, "meta PubDate");
    }
    found
}

/// The time in what a pick selected. What has no digits and no day's name is none.
fn picked_time(element: ElementRef<'_>, pick: &Pick) -> Option<String> {
    let text = html::value(element, pick)?;
    if let Some(found) = labelled_time(&text).or_else(|| date::find(&text)) {
        return Some(found.to_owned());
    }
    let is_time = date::whole(&text).is_some() || text.bytes().any(|b| b.is_ascii_digit());
    is_time.then(|| text.chars().take(MAX_TIME_CHARS).collect())
}

/// The date after the surest of the labels in a text.
fn labelled_time(text: &str) -> Option<&str> {
    TIME_LABELS.iter().find_map(|label| {
        text.match_indices(label).find_map(|(at, _)| {
            let after = text[at + label.len()..].trim_start_matches([' ', ':', '：', '】', ']']);
            let is_other = OTHER_TIMES.iter().any(|word| text[..at].trim_end().ends_with(word));
            date::find(after).filter(|found| !is_other && after.starts_with(found))
        })
    })
}

fn visible_time(root: ElementRef<'_>) -> Option<String> {
    let info = Pick::parse(INFO).ok()?;
    html::matching(root, &info).take(MAX_INFO_ELEMENTS).find_map(|element| {
        let text = html::short_text(element, MAX_INFO_BYTES)?;
        let leading = date::find(&text).filter(|found| text.starts_with(found));
        labelled_time(&text).or(leading).map(str::to_owned)
    })
}

/// Where the article came from.
pub(super) fn origin(root: ElementRef<'_>, rules: &ArticleRules, facts: &Facts) -> Option<Found> {
    let by_rule = rules.origin.iter().find_map(|pick| {
        let origin = html::matching(root, pick).find_map(|element| picked_origin(element, pick))?;
        Some((origin, pick.source.clone()))
    });
    by_rule
        .or_else(|| facts.meta("ContentSource").map(|origin| (origin, "meta ContentSource".to_owned())))
        .or_else(|| facts.linked_author().map(|origin| (origin, "JSON-LD author".to_owned())))
        .filter(|(origin, _)| origin.chars().count() <= MAX_ORIGIN_CHARS)
}

/// The origin in what a pick selected: what follows its label, or a short text without label and date.
fn picked_origin(element: ElementRef<'_>, pick: &Pick) -> Option<String> {
    let text = match &pick.attribute {
        _ if pick.pattern.is_some() => return html::value(element, pick).filter(|text| is_usable(text)),
        Some(name) => element.attr(name)?.to_owned(),
        None => text_with_edges(element),
    };
    if let Some(origin) = labelled_origin(&text) {
        return is_usable(&origin).then_some(origin);
    }
    let bare = html::collapse(&text.replace(EDGE, ""));
    let is_name = is_usable(&bare)
        && bare.chars().count() <= MAX_ORIGIN_CHARS
        && date::find(&bare).is_none()
        && !text.contains("来源");
    is_name.then_some(bare)
}

/// What follows `来源：`, up to a wide space, the end of the line, or another label.
fn labelled_origin(text: &str) -> Option<String> {
    let after = text.match_indices("来源").find_map(|(at, label)| {
        let after = text[at + label.len()..].trim_start_matches(|c: char| c.is_whitespace() || c == EDGE);
        after.strip_prefix(['：', ':'])
    })?;
    let after = after.trim_start_matches(|c: char| c.is_whitespace() || c == EDGE);
    let label = ORIGIN_ENDS.iter().filter_map(|label| label_at(after, label)).min();
    let end = label.into_iter().chain(gap(after)).min().unwrap_or(after.len());
    Some(html::collapse(&after[..end].replace(EDGE, "")))
}

/// Where a label stands that has its colon.
fn label_at(text: &str, label: &str) -> Option<usize> {
    let mut places = text.match_indices(label).map(|(at, _)| at);
    places.find(|at| text[at + label.len()..].trim_start().starts_with(['：', ':']))
}

/// Where a name ends without a label: at a wide space, a line's end, a bracket, or the next element.
fn gap(text: &str) -> Option<usize> {
    let mut start = 0;
    let (mut n_spaces, mut n_edges) = (0, 0);
    for (at, c) in text.char_indices() {
        if matches!(c, '\n' | '\r' | '\u{3000}' | '【' | '[' | '|' | '丨') {
            return Some(at);
        }
        if c != EDGE && !c.is_whitespace() {
            (n_spaces, n_edges) = (0, 0);
            continue;
        }
        if n_spaces + n_edges == 0 {
            start = at;
        }
        n_edges += usize::from(c == EDGE);
        n_spaces += usize::from(c != EDGE);
        // One space may stand in a name, and one edge in its markup; more is a gap.
        if n_spaces + n_edges > 1 {
            return Some(start);
        }
    }
    None
}

/// The text of an element with a mark where elements begin and end, and a line's end at breaks.
fn text_with_edges(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    html::walk(element, |step| {
        match step {
            _ if text.len() > MAX_INFO_BYTES => return Next::Stop,
            Step::Open(inner) if html::is_unread(inner) => return Next::Over,
            Step::Open(inner) | Step::Close(inner) if inner != element => {
                text.push(if inner.value().name() == "br" { '\n' } else { EDGE });
            }
            Step::Open(_) | Step::Close(_) => {}
            Step::Text(part) => text.push_str(part),
        }
        Next::Into
    });
    text
}
