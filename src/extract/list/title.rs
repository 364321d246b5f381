//! Which of the texts of a link is its title.

/// How texts begin that tell what a click does rather than what comes.
const CLICK_HINTS: [&str; 6] = ["点击", "打开", "查看", "在新窗口", "新窗口", "链接到"];
/// Labels before the title in a `title` attribute that holds more than the title.
const TITLE_LABELS: [&str; 4] = ["文章标题：", "标题：", "文章标题:", "标题:"];
/// Labels that end the title there.
const OTHER_LABELS: [&str; 8] =
    [" 发布时间", " 发布日期", " 更新时间", " 更新日期", " 点击数", " 作者", " 日期", " 时间"];

/// Whether a list shows only the beginning of a text.
pub(super) fn is_cut(text: &str) -> bool {
    uncut(text).len() < text.trim_end().len()
}

/// Whether the link's `title` attribute tells more than the text that is shown.
pub(super) fn is_better(attribute: &str, shown: &str) -> bool {
    if attribute.is_empty() || shown.is_empty() {
        return shown.is_empty() && !attribute.is_empty();
    }
    let is_hint = CLICK_HINTS.iter().any(|hint| attribute.starts_with(hint));
    !is_hint && attribute != shown && attribute.chars().count() >= uncut(shown).chars().count()
}

/// The title in a `title` attribute whose white space is collapsed.
pub(super) fn of_attribute(attribute: &str) -> &str {
    let Some(title) = TITLE_LABELS.iter().find_map(|label| attribute.strip_prefix(label)) else {
        return attribute;
    };
    let end = OTHER_LABELS.iter().filter_map(|label| title.find(label)).min();
    title[..end.unwrap_or(title.len())].trim()
}

/// Takes off empty brackets, left where a date stood in them.
pub(super) fn without_empty_brackets(title: &str) -> &str {
    let mut title = title.trim();
    for brackets in ["[]", "()", "（）", "【】", "[ ]", "( )", "（ ）", "【 】"] {
        title = title.strip_suffix(brackets).unwrap_or(title);
        title = title.strip_prefix(brackets).unwrap_or(title).trim();
    }
    title
}

fn uncut(text: &str) -> &str {
    let text = text.trim_end();
    let stem = text.trim_end_matches(['…', '.', '⋯']);
    // One full stop ends a sentence; two or more, or an ellipsis, end a cut text.
    if text.len() - stem.len() > 1 { stem } else { text }
}
