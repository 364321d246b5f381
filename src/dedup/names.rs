//! Names of bureaus and their officers in one form, and names that tell stories apart.

use super::{
    shingles::{hash, letters},
    tables::{Canonical, Names},
};

/// Letters of a company's name that are compared, before its legal form.
const COMPANY_CHARS: usize = 8;
/// How companies' names end.
const COMPANY_ENDS: [&str; 3] = ["有限责任公司", "有限公司", "股份公司"];
/// Characters that end what stands before a company's name.
const BEFORE_COMPANY: &str = "对向给与和将由了,、。:;《》()“”于关为准予发";

/// A text's letters with the names of bureaus and officers in one form.
pub(super) fn letters_of(text: &str, names: &Names) -> Vec<char> {
    let mut rewritten = String::with_capacity(text.len());
    let mut from = 0;
    for hit in names.canonical.find_iter(text) {
        if hit.start() < from {
            continue;
        }
        rewritten.push_str(text.get(from..hit.start()).unwrap_or_default());
        let kind = names.becomes.get(hit.pattern().as_usize()).copied().unwrap_or(Canonical::Bureau);
        let after = text.get(hit.end()..).unwrap_or_default();
        let (word, skipped) = match kind {
            Canonical::Bureau => ("省局", 0),
            Canonical::Word(row) => (names.synonyms.get(row).map_or("", String::as_str), 0),
            Canonical::Chief => ("主要负责人", person(after, names).map_or(0, str::len)),
            Canonical::Deputy => ("负责人", person(after, names).map_or(0, str::len)),
        };
        // 江西省邮政管理局局长: one office, not a bureau's name twice.
        if !(kind == Canonical::Bureau && rewritten.ends_with(word)) {
            rewritten.push_str(word);
        }
        from = hit.end() + skipped;
    }
    rewritten.push_str(text.get(from..).unwrap_or_default());
    letters(&rewritten)
}

/// The person's name that a text begins with: a surname and one or two characters.
fn person<'a>(text: &'a str, names: &Names) -> Option<&'a str> {
    let mut chars = text.char_indices();
    let (_, surname) = chars.next()?;
    let is_han = |c: char| matches!(c, '\u{4e00}'..='\u{9fff}');
    if !names.surnames.contains(&surname) {
        return None;
    }
    let (_, given) = chars.next()?;
    if !is_han(given) {
        return None;
    }
    let end = match chars.next() {
        Some((_, second)) if is_han(second) && !names.after_name.contains(&second) => {
            chars.next().map_or(text.len(), |(at, _)| at)
        }
        Some((at, _)) => at,
        None => text.len(),
    };
    text.get(..end)
}

/// Holders of offices: hashes of surname and first given character, since where a name ends is a guess; sorted.
pub(super) fn officials(text: &str, names: &Names) -> Vec<u32> {
    let hits = names.offices.find_iter(text);
    let mut found: Vec<u32> = hits
        .filter_map(|hit| person(text.get(hit.end()..)?, names))
        .map(|name| hash(&name.chars().take(2).collect::<Vec<_>>()))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Companies: hashes of the letters before the legal form; sorted.
pub(super) fn companies(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for end in COMPANY_ENDS {
        for (at, _) in text.match_indices(end) {
            let before = text.get(..at).unwrap_or_default();
            let mut name: Vec<char> = before
                .chars()
                .rev()
                .take_while(|c| !BEFORE_COMPANY.contains(*c))
                .take(COMPANY_CHARS)
                .collect();
            name.reverse();
            if name.len() >= 2 {
                found.push(hash(&name));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What stands in 《》: hashes, sorted.
pub(super) fn works(text: &str) -> Vec<u32> {
    let inside = text.split('《').skip(1).filter_map(|rest| rest.split_once('》')).map(|(name, _)| name);
    let mut found: Vec<u32> =
        inside.map(letters).filter(|name| !name.is_empty()).map(|name| hash(&name)).collect();
    found.sort_unstable();
    found.dedup();
    found
}
