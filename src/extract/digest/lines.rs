//! What one block of a digest can be: a title, a paragraph, the bureau's name, or nothing of the article.

use std::sync::LazyLock;

use regex::Regex;

use super::Block;
use crate::model::Bureaus;

/// Titles are this long, in characters.
const TITLE_CHARS: std::ops::RangeInclusive<usize> = 5..=60;

/// Longest title taken from the beginning of a paragraph that has none of its own, in characters.
const MAX_LEAD_CHARS: usize = 45;

/// What publishers put around a text; a block that matches is not of the article.
static CHROME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?:!\[[^\]]*\]\([^)]*\)|特别声明[:：].*|Notice: ?The content above.*|免责声明[:：].*|版权声明[:：].*|[\[【(（]?(?:责任编辑|责编|编辑|审核|校对|监制|编审|初审|复审|终审|来稿|供图|图片来源|值班编辑|统筹)[:：丨|/].*|(?:点击|长按|扫一扫|扫码|识别).{0,30}(?:关注|二维码|订阅).*|(?:上一篇|下一篇|返回搜狐|打开网易新闻|阅读原文|相关阅读|推荐阅读).*|[\s—_*·.…=-]+)$",
    )
    .ok()
});

/// Numbering and ornaments before a title.
static NUMBERING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^\s*(?:[■●◆▲▶►★☆◎○□◇※•·]\s*|(?:第?[一二三四五六七八九十]{1,3}[、.．]|[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}(?:[、．]|\.(?:\D|$))|[①-⑳]|0\d\s)\s*)",
    )
    .ok()
});

/// A bracket at the end of a paragraph.
static LAST_BRACKET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[（(【\[]([^（）()【】\[\]]{2,40})[)）】\]]\s*[。.]?\s*$").ok());

/// A line that holds nothing but who sent the item.
static SENDER_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:—+|-{2,}|来源[:：]|供稿[:：]|供稿单位[:：]|信息来源[:：])\s*(\S{2,40})$").ok()
});

/// A title in a bracket at the beginning of a paragraph.
static BRACKET_TITLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^【([^】]{4,60})】\s*").ok());

/// A block with what it can be.
#[derive(Debug)]
pub(super) struct Line {
    /// The text without numbering: the title, if it is one.
    pub title: String,
    /// The HTML without the attribution at its end.
    pub html: String,
    /// The bureau named at its end, as written.
    pub attribution: Option<String>,
    /// Short, and no sentence.
    pub can_be_title: bool,
    /// Begins with a bureau's name.
    pub names_bureau: bool,
    /// Set off from prose: bold or numbered.
    pub marked: bool,
    text: String,
}

impl Line {
    /// `None` for what is not of the article.
    pub(super) fn of(block: &Block, bureaus: &Bureaus) -> Option<Self> {
        if CHROME.as_ref().is_some_and(|chrome| chrome.is_match(&block.text)) {
            return None;
        }
        let sender = SENDER_LINE.as_ref().and_then(|line| line.captures(&block.text));
        if let Some(name) = sender.and_then(|found| found.get(1)).and_then(|m| sender_of(m.as_str(), bureaus))
        {
            return Some(Self::attribution_only(name));
        }
        let (text, html, attribution) = take_attribution(block, bureaus);
        let title = without_numbering(&text);
        let n_chars = title.chars().count();
        let numbered = title.len() < text.trim_start().len();
        let is_sentence = title.contains(['。', '；', ';']) || title.ends_with(['，', ',', '：', ':', '、']);
        Some(Self {
            can_be_title: attribution.is_none() && TITLE_CHARS.contains(&n_chars) && !is_sentence,
            names_bureau: bureaus.leading(&title).is_some(),
            marked: block.strong || (numbered && !is_sentence),
            title,
            html,
            attribution,
            text,
        })
    }

    fn attribution_only(name: String) -> Self {
        Self {
            title: String::new(),
            html: String::new(),
            attribution: Some(name),
            can_be_title: false,
            names_bureau: false,
            marked: false,
            text: String::new(),
        }
    }

    /// Splits a paragraph that is an item by itself into its title and its text: a title in 【】, else the
    /// first sentence when it is short (and then stays in the text), else its first clause.
    pub(super) fn title_from_prose(&self) -> Option<(String, String)> {
        let text = without_numbering(&self.text);
        if let Some(found) = BRACKET_TITLE.as_ref().and_then(|bracket| bracket.captures(&text)) {
            let title = found.get(1)?.as_str().to_owned();
            let rest = text.get(found.get(0)?.end()..)?.trim();
            return (!rest.is_empty()).then(|| (title, rest.to_owned()));
        }
        let end = text.find(['。', '，', ',', '；', '：'])?;
        let sentence = text.get(..text.find('。').unwrap_or(end))?;
        let lead = if sentence.chars().count() <= MAX_LEAD_CHARS { sentence } else { text.get(..end)? };
        let lead = lead.trim_start_matches("近日").trim_start_matches([',', '，']).trim();
        (lead.chars().count() >= *TITLE_CHARS.start()).then(|| (lead.to_owned(), self.html.clone()))
    }
}

fn without_numbering(text: &str) -> String {
    let text = text.trim();
    let Some(numbering) = NUMBERING.as_ref() else { return text.to_owned() };
    match numbering.find(text) {
        // `1.x` matches one character too many, which belongs to the title.
        Some(found) if found.as_str().contains('.') => {
            let dot = text.find('.').map_or(0, |at| at + 1);
            text.get(dot..).unwrap_or(text).trim_start().to_owned()
        }
        Some(found) => text.get(found.end()..).unwrap_or(text).trim_start().to_owned(),
        None => text.to_owned(),
    }
}

/// The bureau that a bracket names; other brackets (`（扩大）`, `（记者 王某）`) name none.
fn sender_of(text: &str, bureaus: &Bureaus) -> Option<String> {
    let text = text.trim();
    let name = ["来源：", "来源:", "供稿：", "供稿:", "供稿单位：", "据", "——", "—"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let name = ["供稿", "报道", "消息", "提供"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
        .trim();
    let first = name.split(['、', '/', ' ', '　', ',', '，']).next().unwrap_or(name);
    [name, first].iter().find(|name| bureaus.resolve(name).is_some()).map(|name| (*name).to_owned())
}

/// Takes `（江西省邮政管理局）` off the end of a block's text and HTML.
fn take_attribution(block: &Block, bureaus: &Bureaus) -> (String, String, Option<String>) {
    let whole = || (block.text.clone(), block.html.clone(), None);
    let Some(bracket) = LAST_BRACKET.as_ref() else { return whole() };
    let Some(found) = bracket.captures(&block.text) else { return whole() };
    let (Some(all), Some(inner)) = (found.get(0), found.get(1)) else { return whole() };
    let Some(name) = sender_of(inner.as_str(), bureaus) else { return whole() };
    let text = block.text.get(..all.start()).unwrap_or_default().trim_end().to_owned();
    (text, cut_html_end(&block.html, inner.as_str()), Some(name))
}

/// Removes the last bracket around `inner` from HTML, and inline tags left empty by that.
fn cut_html_end(html: &str, inner: &str) -> String {
    let Some(at) = html.rfind(inner) else { return html.to_owned() };
    let before = html.get(..at).unwrap_or_default();
    let open = before.trim_end().trim_end_matches(['（', '(', '【', '[']);
    let after = html.get(at + inner.len()..).unwrap_or_default();
    let after = after.trim_start().trim_start_matches([')', '）', '】', ']']).trim_start_matches(['。', '.']);
    format!("{}{after}", open.trim_end()).trim_end().to_owned()
}
