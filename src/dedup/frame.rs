//! Whether what differs between two texts is what they are about: figures, dates, ordinals and names outweigh the
//! frame around them, unless one text corrects the other.

use std::collections::{HashMap, HashSet};

use super::{Features, Settings, VetoLimits, compare::Scores, diff::Replaced};

/// Longest name, in letters.
const MAX_NAME_LETTERS: usize = 10;
/// Longest common word, in letters.
const MAX_WORD_LETTERS: usize = 6;

/// What is replaced that tells the texts apart, `a/b`; `None` when nothing is.
pub(super) fn verdict(
    a: &Features,
    b: &Features,
    scores: &Scores,
    replaced: &[Replaced],
    settings: &Settings,
) -> Option<String> {
    let words = |r: &Replaced| format!("{}/{}", r.a, r.b);
    let replaced: Vec<&Replaced> = replaced.iter().filter(|r| !is_inserted(r)).collect();
    if let Some(ordinal) = replaced.iter().find(|r| is_ordinal(r)) {
        return Some(words(ordinal));
    }
    if let Some(name) = names(a, b, &replaced, settings.common_words()) {
        return Some(words(name));
    }
    let numbers: Vec<&Replaced> = replaced.into_iter().filter(|r| is_number(r)).collect();
    let first = numbers.first()?;
    (!corrects(a, b, scores, &numbers, &settings.vetoes)).then(|| words(first))
}

/// Whether the one may correct the other: few figures are replaced, most stand, no date is another.
fn corrects(a: &Features, b: &Features, scores: &Scores, numbers: &[&Replaced], limits: &VetoLimits) -> bool {
    if a.anchors.is_correction || b.anchors.is_correction {
        return true;
    }
    let most_stand = scores.figures > 0 && scores.figures_share() >= limits.frame_corrected_share;
    // The only figure of a text is replaced in its correction too, but all else stands and it comes soon.
    let only_one = numbers.len() == 1
        && scores.days <= limits.frame_only_within
        && scores.title >= limits.frame_only_title
        && scores.containment >= limits.frame_only_containment;
    numbers.len() <= limits.frame_corrected && (most_stand || only_one) && !numbers.iter().any(|r| is_date(r))
}

/// Something was put in or left out beside what both have.
fn is_inserted(r: &Replaced) -> bool {
    let within = |long: &str, short: &str| long.ends_with(short) || long.starts_with(short);
    within(&r.a, &r.b) || within(&r.b, &r.a)
}

/// Whether an editor put common words for others; the stretches may lack a letter that both words share.
fn is_edited(r: &Replaced, common: &HashSet<String>) -> bool {
    let (before, after) = (r.before.chars().last(), r.after.chars().next());
    let forms = [(None, None), (before, None), (None, after), (before, after)];
    let word = |text: &str, (b, a): (Option<char>, Option<char>)| -> Vec<char> {
        b.into_iter().chain(text.chars()).chain(a).collect()
    };
    forms.into_iter().any(|form| are_common(&word(&r.a, form), &word(&r.b, form), common))
}

/// Whether two stretches are made of common words, but for what they share.
fn are_common(a: &[char], b: &[char], common: &HashSet<String>) -> bool {
    if (a.is_empty() || is_common(a, common)) && (b.is_empty() || is_common(b, common)) {
        return true;
    }
    let Some((at_a, at_b, n)) = longest_shared(a, b) else { return false };
    let split = |text: &[char], at: usize| -> (Vec<char>, Vec<char>) {
        (text.get(..at).unwrap_or_default().to_vec(), text.get(at + n..).unwrap_or_default().to_vec())
    };
    let ((before_a, after_a), (before_b, after_b)) = (split(a, at_a), split(b, at_b));
    are_common(&before_a, &before_b, common) && are_common(&after_a, &after_b, common)
}

/// Where the longest run of at least two letters begins that both have, and its length.
fn longest_shared(a: &[char], b: &[char]) -> Option<(usize, usize, usize)> {
    let mut best = None;
    for at_a in 0..a.len() {
        for at_b in 0..b.len() {
            let (rest_a, rest_b) = (a.get(at_a..)?, b.get(at_b..)?);
            let n = rest_a.iter().zip(rest_b).take_while(|(x, y)| x == y).count();
            if n >= 2 && best.is_none_or(|(_, _, most)| n > most) {
                best = Some((at_a, at_b, n));
            }
        }
    }
    best
}

/// Whether a stretch is made of common words only.
fn is_common(letters: &[char], common: &HashSet<String>) -> bool {
    if letters.len() > MAX_NAME_LETTERS + 2 {
        return false;
    }
    let mut reached = vec![true];
    for end in 1..=letters.len() {
        let ends = (1..=MAX_WORD_LETTERS.min(end)).any(|n| {
            let start = end - n;
            let word = letters.get(start..end).map(|word| word.iter().collect::<String>());
            reached.get(start) == Some(&true) && word.is_some_and(|word| common.contains(&word))
        });
        reached.push(ends);
    }
    reached.last() == Some(&true)
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

fn is_number(r: &Replaced) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    has_digit(&r.a) && has_digit(&r.b) && digits(&r.a) != digits(&r.b)
}

fn is_date(r: &Replaced) -> bool {
    let unit = |text: &str| text.contains(['年', '月', '日']);
    is_number(r) && (unit(&r.a) || unit(&r.b) || r.after.starts_with(['年', '月', '日', '时']))
}

/// 第一次 and 第二次.
fn is_ordinal(r: &Replaced) -> bool {
    let numeral = |text: &str| {
        !text.is_empty() && text.chars().all(|c| "一二三四五六七八九十百零0123456789".contains(c))
    };
    numeral(&r.a)
        && numeral(&r.b)
        && (r.before.ends_with('第') || r.after.starts_with(['次', '届', '批', '期', '轮', '场', '季']))
}

/// A name in the place of another: each stands in its own title, or the one stands for the other again and again.
fn names<'a>(
    a: &Features,
    b: &Features,
    replaced: &[&'a Replaced],
    common: &HashSet<String>,
) -> Option<&'a Replaced> {
    let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
    let fits = |text: &str| !has_digit(text) && text.chars().count() <= MAX_NAME_LETTERS;
    let mut fitting = replaced.iter().filter(|r| fits(&r.a) && fits(&r.b) && !is_edited(r, common));
    fitting
        .find(|r| {
            let n = seen.entry((&r.a, &r.b)).or_default();
            *n += 1;
            let own = !b.text.contains(&r.a) && !a.text.contains(&r.b);
            let titled = a.title_key.contains(&r.a)
                && b.title_key.contains(&r.b)
                && !a.title_key.contains(&r.b)
                && !b.title_key.contains(&r.a);
            titled || (own && *n > 1)
        })
        .copied()
}
