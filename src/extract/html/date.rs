//! Where a date stands in a text. Finding only: what it means, and whether it exists, is decided later.

/// Characters that stand around a date: `[2025-12-08]`, `（12-08）`.
const BRACKETS: &[char] = &['[', ']', '(', ')', '（', '）', '【', '】', '〔', '〕', '［', '］', '|', '·'];
/// Words that stand before a date.
const LABELS: [&str; 10] = [
    "发布时间",
    "发布日期",
    "发文日期",
    "成文日期",
    "公开日期",
    "更新时间",
    "更新日期",
    "时间",
    "日期",
    "发布于",
];
/// Days named from today.
const RELATIVE_DAYS: [&str; 4] = ["今天", "昨天", "前天", "刚刚"];
/// Units of `N小时前`.
const RELATIVE_UNITS: [&str; 6] = ["秒前", "分钟前", "小时前", "天前", "周前", "个月前"];

/// Parts of the day that stand before a time of day.
const PARTS_OF_DAY: [&str; 9] = ["上午", "凌晨", "清晨", "早上", "早晨", "中午", "下午", "傍晚", "晚上"];
/// The same in English: days named from today, and units of `3 hours ago`.
const ENGLISH_DAYS: [&str; 3] = ["today", "yesterday", "just now"];
const ENGLISH_UNITS: [&str; 9] = ["second", "sec", "minute", "min", "hour", "hr", "day", "week", "month"];

/// A text that is nothing but a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole<'a> {
    /// With its year.
    Full(&'a str),
    /// Without a year (`12-08`), or counted from now (`昨天`, `3小时前`).
    Short(&'a str),
}

impl<'a> Whole<'a> {
    /// The date as written, without brackets and label.
    pub(crate) fn text(self) -> &'a str {
        match self {
            Self::Full(text) | Self::Short(text) => text,
        }
    }
}

/// The first date with a year in a text, with its time of day where one follows.
pub(crate) fn find(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit()))
        .find_map(|at| full(&text[at..]))
}

/// Reads a text that is a date and nothing else, brackets and a label (`日期：`) apart.
pub(crate) fn whole(text: &str) -> Option<Whole<'_>> {
    let text = bare(text);
    if let Some(found) = full(text) {
        return (found.len() == text.len()).then_some(Whole::Full(found));
    }
    (is_short(text) || is_relative(text)).then_some(Whole::Short(text))
}

/// Splits a title that begins or ends with a date: the date, and the title without it.
pub(crate) fn split_off(title: &str) -> Option<(&str, &str)> {
    let end = title.trim_end_matches(|c: char| c.is_whitespace() || BRACKETS.contains(&c));
    let start = title.trim_start_matches(|c: char| c.is_whitespace() || BRACKETS.contains(&c));
    if let Some(date) = full(start) {
        let rest =
            start[date.len()..].trim_start_matches(|c: char| c.is_whitespace() || BRACKETS.contains(&c));
        return (!rest.is_empty()).then_some((date, rest));
    }
    let date = find(end).filter(|date| end.ends_with(date))?;
    let rest = end[..end.len() - date.len()]
        .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '[' | '(' | '（' | '【' | '|' | '·'));
    (!rest.is_empty()).then_some((date, rest))
}

/// A piece of a date that a page writes in two: the day large, year and month small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Day(u32),
    YearMonth(u32, u32),
    MonthDay(u32, u32),
    Year(u32),
}

impl Part {
    fn of(text: &str) -> Option<Self> {
        let text = bare(text);
        let mut cursor = Cursor(text);
        let year = cursor.number(4, 4).filter(|year| (1900..=2100).contains(year));
        let part = if let Some(year) = year {
            match cursor.mark(&['-', '.', '/', '年']) {
                Some(_) if !cursor.0.is_empty() => Self::YearMonth(year, cursor.month()?),
                _ => Self::Year(year),
            }
        } else {
            let first = cursor.number(1, 2)?;
            match cursor.mark(&['-', '/', '月']) {
                Some(_) if (1..=12).contains(&first) => Self::MonthDay(first, cursor.day()?),
                None if (1..=31).contains(&first) => Self::Day(first),
                _ => return None,
            }
        };
        let rest = cursor.0.trim_start_matches(['月', '日', '号', '年']);
        rest.trim().is_empty().then_some(part)
    }
}

/// Whether a text may be a piece of a date.
pub(crate) fn is_part(text: &str) -> bool {
    Part::of(text).is_some()
}

/// The date that two neighbouring texts make together, such as `08` and `2025-12`, or `12-08` and `2025`.
pub(crate) fn joined(one: &str, other: &str) -> Option<String> {
    let (one, other) = (Part::of(one)?, Part::of(other)?);
    let (year, month, day) = together(one, other).or_else(|| together(other, one))?;
    Some(format!("{year}-{month:02}-{day:02}"))
}

fn together(one: Part, other: Part) -> Option<(u32, u32, u32)> {
    match (one, other) {
        (Part::YearMonth(year, month), Part::Day(day)) | (Part::Year(year), Part::MonthDay(month, day)) => {
            Some((year, month, day))
        }
        _ => None,
    }
}

/// The date in a text that is two pieces of one and nothing else: `08 2025-12`.
pub(crate) fn boxed(text: &str) -> Option<String> {
    let (one, other) = text.trim().split_once(char::is_whitespace)?;
    joined(one, other.trim())
}

fn bare(text: &str) -> &str {
    let around = |c: char| c.is_whitespace() || BRACKETS.contains(&c);
    let text = text.trim_matches(around);
    for label in LABELS {
        if let Some(rest) = text.strip_prefix(label) {
            return rest.trim_start_matches(|c: char| around(c) || c == '：' || c == ':');
        }
    }
    text
}

/// The date that a text begins with.
fn full(text: &str) -> Option<&str> {
    let mut cursor = Cursor(text);
    cursor.number(4, 4).filter(|year| (1900..=2100).contains(year))?;
    cursor.mark(&['-', '.', '/', '年', '－'])?;
    cursor.month()?;
    cursor.mark(&['-', '.', '/', '月', '－'])?;
    cursor.day()?;
    let mut end = cursor;
    if cursor.mark(&['日', '号']).is_some() {
        end = cursor;
    }
    if let Some(after) = clock(end) {
        end = after;
    }
    Some(&text[..text.len() - end.0.len()])
}

/// A time of day: what follows it.
fn clock(mut cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let iso = cursor.0.starts_with('T');
    if iso {
        cursor.0 = &cursor.0[1..];
    } else if let Some(rest) = cursor.0.strip_prefix('-') {
        // `2026-11-24-18:10:07`
        cursor.0 = rest;
    } else {
        cursor.spaces();
        let part = PARTS_OF_DAY.iter().find_map(|part| cursor.0.strip_prefix(part));
        cursor.0 = part.unwrap_or(cursor.0).trim_start();
    }
    cursor.number(1, 2).filter(|hour| *hour <= 24)?;
    cursor.mark(&[':', '：', '时'])?;
    cursor.number(2, 2).filter(|minute| *minute <= 59)?;
    let mut end = cursor;
    if cursor.mark(&[':', '：', '分']).is_some() {
        end = cursor;
        if cursor.number(2, 2).is_some() {
            end = cursor;
            if cursor.mark(&['.']).is_some() && cursor.number(1, 9).is_some() {
                end = cursor;
            }
        }
    }
    Some(zone(end, iso).unwrap_or(end))
}

/// An offset from UTC: what follows it. A minus is one only after `T`, since `10:00-12:00` is a span.
fn zone(mut cursor: Cursor<'_>, iso: bool) -> Option<Cursor<'_>> {
    if let Some(rest) = cursor.0.strip_prefix('Z') {
        return Some(Cursor(rest));
    }
    cursor.mark(if iso { &['+', '-'] } else { &['+'] })?;
    let digits = cursor.0.bytes().take_while(u8::is_ascii_digit).count();
    cursor.number(2, 4)?;
    if digits == 2 && cursor.mark(&[':']).is_some() {
        cursor.number(2, 2)?;
    }
    Some(cursor)
}

fn is_short(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut cursor = Cursor(text);
    let parts = (|| {
        cursor.month()?;
        let mark = cursor.mark(&['-', '/', '月'])?;
        let day_digits = cursor.0.bytes().take_while(u8::is_ascii_digit).count();
        cursor.day()?;
        // `1/5` is a page number and `3-1` a score; only `03-01` and `3月1日` are dates.
        (mark == '月' || (digits == 2 && day_digits == 2)).then_some(())
    })();
    if parts.is_none() {
        return false;
    }
    let mut rest = cursor;
    if rest.mark(&['日', '号']).is_none() {
        rest = cursor;
    }
    rest.0.trim().is_empty() || clock(rest).is_some_and(|after| after.0.trim().is_empty())
}

fn is_relative(text: &str) -> bool {
    if let Some(rest) = RELATIVE_DAYS.iter().find_map(|day| text.strip_prefix(day)) {
        return rest.trim().is_empty() || clock(Cursor(rest)).is_some_and(|after| after.0.trim().is_empty());
    }
    if text.is_ascii() {
        return is_relative_in_english(&text.to_ascii_lowercase());
    }
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && text.len() - unit.len() <= 4 && RELATIVE_UNITS.contains(&unit.trim())
}

/// `3 hours ago`, `an hour ago`, `yesterday 10:30`.
fn is_relative_in_english(text: &str) -> bool {
    if let Some(rest) = ENGLISH_DAYS.iter().find_map(|day| text.strip_prefix(day)) {
        let rest = rest.trim_start_matches([',', ' ']);
        let rest = rest.strip_prefix("at ").unwrap_or(rest);
        return rest.is_empty() || clock(Cursor(rest)).is_some_and(|after| after.0.trim().is_empty());
    }
    let mut words = text.split_whitespace();
    let (count, unit, ago) = (words.next(), words.next(), words.next());
    let is_count = |count: &str| {
        matches!(count, "a" | "an" | "one")
            || (1..=4).contains(&count.len()) && count.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_unit = |unit: &str| ENGLISH_UNITS.contains(&unit.strip_suffix('s').unwrap_or(unit));
    count.is_some_and(is_count) && unit.is_some_and(is_unit) && ago == Some("ago") && words.next().is_none()
}

/// What is left of a text being read.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn spaces(&mut self) {
        self.0 = self.0.trim_start();
    }

    /// Reads a number of so many digits, no more and no fewer.
    fn number(&mut self, min: usize, max: usize) -> Option<u32> {
        let digits = self.0.bytes().take(max + 1).take_while(u8::is_ascii_digit).count();
        if digits < min || digits > max {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok()
    }

    fn month(&mut self) -> Option<u32> {
        self.number(1, 2).filter(|month| (1..=12).contains(month))
    }

    fn day(&mut self) -> Option<u32> {
        self.number(1, 2).filter(|day| (1..=31).contains(day))
    }

    /// Reads one of the given characters, with space around it.
    fn mark(&mut self, marks: &[char]) -> Option<char> {
        let text = self.0.trim_start();
        let found = text.chars().next().filter(|c| marks.contains(c))?;
        self.0 = &text[found.len_utf8()..];
        // The space after `日` belongs to what follows; after a hyphen it is part of the date.
        if !matches!(found, '日' | '号' | '分' | '+') {
            self.spaces();
        }
        Some(found)
    }
}
