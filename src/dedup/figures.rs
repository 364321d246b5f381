//! Figures with their units, dates, and the numbers of documents and licences.

use super::{periods::number, shingles::hash};

/// Fewest characters of a licence number.
const MIN_LICENCE_CHARS: usize = 8;
/// Figures kept of one text.
const MAX_FIGURES: usize = 64;
/// Dates kept of one text.
const MAX_DATES: usize = 8;

/// Numbers with what they count: hashes, sorted; dates, times and counts of the 第 kind are no figures.
pub(super) fn figures(text: &str) -> Vec<u32> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() && found.len() < MAX_FIGURES {
        if !chars.get(at).is_some_and(char::is_ascii_digit) {
            at += 1;
            continue;
        }
        let n = figure_length(chars.get(at..).unwrap_or_default());
        let unit = chars.get(at + n).copied().unwrap_or(' ');
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or(' ');
        let is_time = matches!(unit, '年' | '月' | '日' | '时' | '分' | '号' | ':' | '-' | '—')
            || matches!(before, '第' | ':' | '-' | '—');
        let is_name = before.is_ascii_alphabetic() || unit.is_ascii_alphabetic();
        if !is_time && !is_name {
            found.push(figure(chars.get(at..at + n).unwrap_or_default(), unit));
        }
        at += n.max(1);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A figure's hash, with its digits (3 for more) in the two lowest bits: what counts is how much it tells. The unit
/// belongs to small figures only; larger ones are told by themselves, whatever an editor made of the unit.
fn figure(number: &[char], unit: char) -> u32 {
    let mut number: Vec<char> = number.iter().copied().filter(|c| *c != ',').collect();
    let n_digits = number.iter().filter(|c| c.is_ascii_digit()).count().min(3);
    if n_digits < 3 {
        number.push(unit);
    }
    hash(&number) & !3 | u32::try_from(n_digits).unwrap_or_default()
}

/// How much figures tell together: one for each of three digits or more, a third for each of one digit.
pub(super) fn weight(figures: impl Iterator<Item = u32>) -> f64 {
    figures.map(|figure| f64::from(figure & 3) / 3.0).sum()
}

fn figure_length(text: &[char]) -> usize {
    let mut n = 0;
    while let Some(c) = text.get(n) {
        let inner = matches!(c, '.' | ',') && text.get(n + 1).is_some_and(char::is_ascii_digit);
        if !c.is_ascii_digit() && !inner {
            break;
        }
        n += 1;
    }
    n
}

/// Days of the year that a text names, month × 100 + day, in the text's order.
pub(super) fn dates(text: &str) -> Vec<u16> {
    let chars: Vec<char> = text.chars().collect();
    let mut found: Vec<u16> = Vec::new();
    for (at, c) in chars.iter().enumerate() {
        if *c != '月' || found.len() >= MAX_DATES {
            continue;
        }
        let n = chars
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take(2)
            .take_while(|c| c.is_ascii_digit())
            .count();
        let (month, _) = number(chars.get(at - n..at).unwrap_or_default());
        let (day, m) = number(chars.get(at + 1..).unwrap_or_default());
        let is_day = matches!(chars.get(at + 1 + m), Some('日' | '至' | '-' | '—' | '~'));
        if (1..=12).contains(&month) && (1..=31).contains(&day) && is_day {
            found.extend(u16::try_from(month * 100 + day));
        }
    }
    found
}

/// Numbers of documents (`〔2025〕12号`) and licences: hashes, sorted.
pub(super) fn numbers(text: &str) -> Vec<u32> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for (at, c) in chars.iter().enumerate() {
        if matches!(c, '〔' | '[' | '【') {
            found.extend(document(chars.get(at + 1..).unwrap_or_default()));
        }
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_licence =
        |word: &&str| word.len() >= MIN_LICENCE_CHARS && word.bytes().filter(u8::is_ascii_digit).count() >= 6;
    found.extend(words.filter(is_licence).map(|word| hash(&word.chars().collect::<Vec<_>>())));
    found.sort_unstable();
    found.dedup();
    found
}

fn document(text: &[char]) -> Option<u32> {
    let (year, n) = number(text);
    if n != 4 || !matches!(text.get(n), Some('〕' | ']' | '】')) {
        return None;
    }
    let rest = text.get(n + 1..)?;
    let rest = rest.strip_prefix(&['第']).unwrap_or(rest);
    let (number, n) = number(rest);
    (n > 0 && rest.get(n) == Some(&'号')).then(|| year.wrapping_mul(100_000).wrapping_add(number))
}
