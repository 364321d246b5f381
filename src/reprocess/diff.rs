//! What readers would see differently of an entry. Pure.

use std::collections::HashMap;

use jiff::tz::Offset;
use serde::Serialize;

use crate::{
    model::{Entry, Published},
    normalise::time::rfc3339,
};

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "field", rename_all = "lowercase")]
pub enum Difference {
    /// The title.
    Title(Values),
    /// The address.
    Url(Values),
    /// The time of publication, with its precision.
    Time(Values),
    /// The publisher's own last change.
    Updated(Values),
    /// The bureau.
    Bureau(Values),
    /// The region.
    Region(Values),
    /// The summary.
    Summary(Counts),
    /// The text.
    Text(Counts),
    /// The markup, where the text is the same.
    Markup,
    /// The linked files.
    Enclosures {
        /// Addresses that come in.
        added: Vec<String>,
        /// Addresses that drop out.
        removed: Vec<String>,
    },
}

/// A short value before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Values {
    /// As stored.
    pub before: Option<String>,
    /// By today's rules.
    pub after: Option<String>,
}

/// How much of a text differs, in characters, white space apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Characters that come in.
    pub added: usize,
    /// Characters that drop out.
    pub removed: usize,
}

/// What makes a difference of a short value.
type Field = fn(Values) -> Difference;

/// The differences between an entry as stored and by today's rules; none where readers see the same.
pub fn between(before: &Entry, after: &Entry, zone: Offset) -> Vec<Difference> {
    let mut found = Vec::new();
    let text = |text: &str| Some(text.to_owned());
    let time = |claim: Option<Published>| {
        claim.map(|claim| format!("{} ({})", rfc3339(claim.at, zone), claim.precision.as_str()))
    };
    let name = |entry: &Entry| entry.bureau.as_ref().map(|bureau| bureau.name.clone());
    let region = |entry: &Entry| entry.region.as_ref().map(|region| region.as_str().to_owned());
    let updated = |entry: &Entry| entry.updated_at.map(|at| rfc3339(at, zone));
    let values: [(Field, Option<String>, Option<String>); 6] = [
        (Difference::Title, text(&before.title), text(&after.title)),
        (Difference::Url, text(&before.url), text(&after.url)),
        (Difference::Time, time(before.published), time(after.published)),
        (Difference::Updated, updated(before), updated(after)),
        (Difference::Bureau, name(before), name(after)),
        (Difference::Region, region(before), region(after)),
    ];
    for (field, before, after) in values {
        if before != after {
            found.push(field(Values { before, after }));
        }
    }
    let summary = |entry: &Entry| entry.summary.clone().unwrap_or_default();
    if summary(before) != summary(after) {
        found.push(Difference::Summary(counts(&summary(before), &summary(after))));
    }
    if before.content_text != after.content_text {
        found.push(Difference::Text(counts(&before.content_text, &after.content_text)));
    } else if before.content_html != after.content_html {
        found.push(Difference::Markup);
    }
    found.extend(enclosures(before, after));
    found
}

fn enclosures(before: &Entry, after: &Entry) -> Option<Difference> {
    let only = |these: &Entry, those: &Entry| -> Vec<String> {
        let unlike = |file: &&crate::model::Enclosure| {
            those.enclosures.iter().all(|other| other.url != file.url || other.media_type != file.media_type)
        };
        these.enclosures.iter().filter(unlike).map(|file| file.url.clone()).collect()
    };
    let (added, removed) = (only(after, before), only(before, after));
    let is_reordered = before.enclosures.len() != after.enclosures.len();
    (is_reordered || !added.is_empty() || !removed.is_empty())
        .then_some(Difference::Enclosures { added, removed })
}

/// Counts the characters that differ between two texts: whole paragraphs by what they say, wherever they stand; of the
/// others, which are taken in pairs, what lies between the same beginning and the same end.
pub fn counts(before: &str, after: &str) -> Counts {
    let (before, after) = (paragraphs(before), paragraphs(after));
    let mut balance: HashMap<&str, i64> = HashMap::new();
    for paragraph in &before {
        *balance.entry(paragraph).or_default() += 1;
    }
    for paragraph in &after {
        *balance.entry(paragraph).or_default() -= 1;
    }
    let mut left = balance.clone();
    let removed = before.iter().filter(|paragraph| take(&mut left, paragraph, 1));
    let removed: Vec<&String> = removed.collect();
    let added = after.iter().filter(|paragraph| take(&mut balance, paragraph, -1));
    let added: Vec<&String> = added.collect();
    let n_pairs = removed.len().min(added.len());
    let mut counts = Counts::default();
    for (old, new) in removed.iter().zip(&added) {
        let (n_old, n_new) = unlike(old, new);
        counts.removed += n_old;
        counts.added += n_new;
    }
    let n_chars = |rest: &[&String]| rest.iter().map(|paragraph| paragraph.chars().count()).sum::<usize>();
    counts.removed += n_chars(&removed[n_pairs..]);
    counts.added += n_chars(&added[n_pairs..]);
    counts
}

/// Takes one paragraph out of those that only one side has.
fn take(balance: &mut HashMap<&str, i64>, paragraph: &str, sign: i64) -> bool {
    match balance.get_mut(paragraph) {
        Some(n) if *n * sign > 0 => {
            *n -= sign;
            true
        }
        _ => false,
    }
}

/// The paragraphs of a text without their white space.
fn paragraphs(text: &str) -> Vec<String> {
    let squeezed = text.lines().map(|line| line.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    squeezed.filter(|line| !line.is_empty()).collect()
}

/// How many characters of two texts lie between the same beginning and the same end.
fn unlike(before: &str, after: &str) -> (usize, usize) {
    let (before, after): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let shorter = before.len().min(after.len());
    let n_begin = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let ends = before.iter().rev().zip(after.iter().rev()).take(shorter - n_begin);
    let n_end = ends.take_while(|(a, b)| a == b).count();
    (before.len() - n_begin - n_end, after.len() - n_begin - n_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_characters_that_differ_are_counted() {
        let check = |before: &str, after: &str, added: usize, removed: usize| {
            assert_eq!(counts(before, after), Counts { added, removed }, "{before:?} {after:?}");
        };
        check("", "", 0, 0);
        check("甲乙丙", "甲乙丙", 0, 0);
        check("甲乙丙\n\n丁戊", "甲乙丙", 0, 2);
        check("甲乙丙", "甲乙丙\n\n丁 戊", 2, 0);
        check("甲乙丙丁", "甲乙戊己庚丁", 3, 1);
        check("一段\n二段\n三段", "三段\n一段\n二段", 0, 0);
        check("同\n同\n同", "同", 0, 2);
        check("甲甲", "甲甲甲", 1, 0);
        check("扫一扫\n正文", "正文\n附注", 2, 3);
    }
}
