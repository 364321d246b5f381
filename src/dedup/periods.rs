//! Which time a text is about: years, months, quarters, and the how-manieth of a kind.

/// Words that a count stands before: 第3批, 第十一次.
const COUNTED: [char; 12] = ['次', '批', '届', '期', '号', '轮', '场', '季', '组', '站', '集', '日'];
/// The largest month.
const MONTHS: u32 = 12;

/// One period; `kind` says what is compared with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Period {
    pub(super) kind: Kind,
    pub(super) value: u32,
}

/// What a period counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Year,
    /// Months of a range: first × 100 + last.
    Months,
    /// A quarter, or a half year as 11 and 12.
    Quarter,
    /// 第N…: the unit's number × 10,000 + N.
    Ordinal,
}

impl Kind {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        [Self::Year, Self::Months, Self::Quarter, Self::Ordinal].get(usize::try_from(number).ok()?).copied()
    }

    /// The unit apart from the value: 第3批 and 第3次 are not compared.
    pub(super) fn class(self, value: u32) -> u32 {
        if self == Self::Ordinal { value / 10_000 } else { 0 }
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Year => write!(f, "{}", self.value),
            Kind::Months if self.value / 100 == self.value % 100 => write!(f, "{}月", self.value % 100),
            Kind::Months => write!(f, "{}-{}月", self.value / 100, self.value % 100),
            Kind::Quarter if self.value > 10 => write!(f, "H{}", self.value - 10),
            Kind::Quarter => write!(f, "Q{}", self.value),
            Kind::Ordinal => {
                let unit = usize::try_from(self.value / 10_000).ok().and_then(|at| COUNTED.get(at));
                write!(f, "第{}{}", self.value % 10_000, unit.unwrap_or(&'?'))
            }
        }
    }
}

/// The periods of a text, sorted.
pub(super) fn periods(text: &str) -> Vec<Period> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or(' ');
        let length = match c {
            '0'..='9' => numbered(rest, &mut found),
            '第' => ordinal(rest, &mut found),
            '一' | '二' | '三' | '四' if before != '十' => quarter(rest, c, &mut found),
            '上' | '下' => half(rest, &mut found),
            _ => 0,
        };
        at += length.max(1);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// `2025年`, `3月`, `1-3月`; gives the length.
fn numbered(text: &[char], found: &mut Vec<Period>) -> usize {
    let (first, n) = number(text);
    let unit = text.get(n).copied().unwrap_or(' ');
    let is_year = (1990..=2099).contains(&first) && n == 4;
    if is_year && (unit == '年' || (unit == '度')) {
        found.push(Period { kind: Kind::Year, value: first });
        return n + 1;
    }
    if unit == '月' && (1..=MONTHS).contains(&first) {
        // A day makes it a date, which is compared as such.
        let (_, day) = number(text.get(n + 1..).unwrap_or_default());
        if day == 0 || text.get(n + 1 + day) != Some(&'日') {
            found.push(Period { kind: Kind::Months, value: first * 100 + first });
        }
        return n + 1;
    }
    let dash = matches!(unit, '-' | '—' | '至' | '~' | '到');
    let skip =
        n + text.get(n..).unwrap_or_default().iter().take_while(|c| **c == '—' || **c == unit).count().min(2);
    if dash && (1..=MONTHS).contains(&first) {
        let (last, m) = number(text.get(skip..).unwrap_or_default());
        if text.get(skip + m) == Some(&'月') && (1..=MONTHS).contains(&last) {
            found.push(Period { kind: Kind::Months, value: first * 100 + last });
            return skip + m + 1;
        }
    }
    n
}

fn ordinal(text: &[char], found: &mut Vec<Period>) -> usize {
    let rest = text.get(1..).unwrap_or_default();
    let (value, n) = match number(rest) {
        (_, 0) => han_number(rest),
        arabic => arabic,
    };
    if n == 0 || value == 0 || value >= 10_000 {
        return 1;
    }
    let unit = rest.get(n).copied().unwrap_or(' ');
    if unit == '季' && rest.get(n + 1) == Some(&'度') {
        found.push(Period { kind: Kind::Quarter, value });
    } else if let Some(class) = COUNTED.iter().position(|known| *known == unit) {
        let class = u32::try_from(class).unwrap_or_default();
        found.push(Period { kind: Kind::Ordinal, value: class * 10_000 + value });
    }
    n + 2
}

fn quarter(text: &[char], c: char, found: &mut Vec<Period>) -> usize {
    if text.get(1) != Some(&'季') || text.get(2) != Some(&'度') {
        return 0;
    }
    let value =
        u32::try_from("一二三四".chars().position(|q| q == c).unwrap_or_default()).unwrap_or_default();
    found.push(Period { kind: Kind::Quarter, value: value + 1 });
    3
}

fn half(text: &[char], found: &mut Vec<Period>) -> usize {
    match text {
        ['上', '半', '年', ..] => found.push(Period { kind: Kind::Quarter, value: 11 }),
        ['下', '半', '年', ..] => found.push(Period { kind: Kind::Quarter, value: 12 }),
        _ => return 0,
    }
    3
}

/// An Arabic number and its digits; 0 digits when there is none or it is too long.
pub(super) fn number(text: &[char]) -> (u32, usize) {
    let n = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let digits: String = text.iter().take(n).collect();
    digits.parse().map_or((0, n), |value| (value, n))
}

/// A number up to 九百九十九 in characters, and how many.
pub(super) fn han_number(text: &[char]) -> (u32, usize) {
    let (mut total, mut digit, mut n) = (0, 0, 0);
    for c in text.iter().take(7) {
        match c {
            '十' => total += digit.max(1) * 10,
            '百' => total += digit.max(1) * 100,
            '零' | '〇' => {}
            '两' => digit = 2,
            _ => match "一二三四五六七八九".chars().position(|d| d == *c) {
                Some(at) => digit = u32::try_from(at).unwrap_or_default() + 1,
                None => break,
            },
        }
        if matches!(c, '十' | '百') {
            digit = 0;
        }
        n += 1;
    }
    (total + digit, n)
}
