//! Broken told apart from quiet: what a poll gave, judged against what the source gave before.
//!
//! A source that has nothing new is quiet. One whose list shrank, whose dates no longer parse or whose articles come
//! out empty still answers, but something is wrong: that is a concern, which has a name, a sentence and a next step as
//! a fault has.

use super::Fault;

/// What a poll gave, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Rows found.
    pub n_rows: usize,
    /// Rows whose date was understood.
    pub n_dated: usize,
    /// Entries made.
    pub n_taken: usize,
    /// Entries made that have no text.
    pub n_empty: usize,
}

/// Earlier polls needed before numbers are compared.
const MIN_HISTORY: usize = 3;
/// A list shorter than this says nothing by getting shorter.
const MIN_ROWS: usize = 6;
/// Fewer dates than this say nothing.
const MIN_DATES: usize = 3;
/// Entries needed before their lack of text says something.
const MIN_TAKEN: usize = 2;

/// How the rule is called that is used only when the profile's own rows match nothing.
const FALLBACK_RULES: [&str; 3] = ["learned rows", "article-address pattern", "in the page's stead"];

/// Says what is wrong with a source that could be read; `before` are earlier polls that read it, newest first.
pub fn concern(now: Numbers, before: &[Numbers], rule: &str, expects_rows_by_rule: bool) -> Option<Fault> {
    rows_lost(now, before)
        .or_else(|| dates_lost(now, before))
        .or_else(|| texts_lost(now, before))
        .or_else(|| fallback(rule, expects_rows_by_rule))
}

fn rows_lost(now: Numbers, before: &[Numbers]) -> Option<Fault> {
    let usual = median(before, |numbers| numbers.n_rows)?;
    (usual >= MIN_ROWS && now.n_rows * 2 < usual).then(|| Fault {
        name: "rows-lost",
        sentence: format!("the list gave {} rows where it usually gives {usual}", now.n_rows),
        next_step: "look at the page: part of it may be built differently now; `dibao preview` shows what the rules find",
    })
}

fn dates_lost(now: Numbers, before: &[Numbers]) -> Option<Fault> {
    let usual = median(before, |numbers| percent(numbers.n_dated, numbers.n_rows))?;
    let share = percent(now.n_dated, now.n_rows);
    (usual >= 80 && share < 20 && now.n_rows >= MIN_DATES).then(|| Fault {
        name: "dates-lost",
        sentence: format!(
            "dates of {} of {} rows were understood, where it is usually {usual} %",
            now.n_dated, now.n_rows
        ),
        next_step: "look at how the page writes dates now, and set `list.date` for the source",
    })
}

fn texts_lost(now: Numbers, before: &[Numbers]) -> Option<Fault> {
    let (taken, empty) = before
        .iter()
        .fold((0, 0), |(taken, empty), numbers| (taken + numbers.n_taken, empty + numbers.n_empty));
    let was_full = taken >= MIN_HISTORY && percent(empty, taken) < 30;
    (was_full && now.n_taken >= MIN_TAKEN && now.n_empty == now.n_taken).then(|| Fault {
        name: "texts-empty",
        sentence: format!(
            "none of {} new articles has a text, where {} of {taken} had before",
            now.n_taken,
            taken - empty
        ),
        next_step: "look at an article: its body may stand elsewhere now; set `article.body` for the source",
    })
}

fn fallback(rule: &str, expects_rows_by_rule: bool) -> Option<Fault> {
    let used = expects_rows_by_rule && FALLBACK_RULES.iter().any(|name| rule.contains(name));
    used.then(|| Fault {
        name: "fallback-rule",
        sentence: format!("the profile's own rows match nothing; the rows come from a fallback: {rule}"),
        next_step: "check that the rows are right, and set `list.rows` for the source",
    })
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(0)
}

fn median(before: &[Numbers], of: impl Fn(&Numbers) -> usize) -> Option<usize> {
    let mut values: Vec<usize> = before.iter().filter(|numbers| numbers.n_rows > 0).map(of).collect();
    values.sort_unstable();
    (values.len() >= MIN_HISTORY).then(|| values.get(values.len() / 2).copied())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n_rows: usize, n_dated: usize, n_taken: usize, n_empty: usize) -> Numbers {
        Numbers { n_rows, n_dated, n_taken, n_empty }
    }

    fn check(now: Numbers, before: &[Numbers], rule: &str, expected: Option<&str>) {
        assert_eq!(
            concern(now, before, rule, true).map(|fault| fault.name),
            expected,
            "{now:?} {before:?} {rule}"
        );
    }

    #[test]
    fn a_source_is_judged_by_its_own_history() {
        let usual =
            [numbers(20, 20, 2, 0), numbers(20, 19, 1, 0), numbers(19, 19, 1, 0), numbers(20, 20, 0, 0)];
        let rule = "profile rows \"li\"";
        check(numbers(20, 20, 1, 0), &usual, rule, None);
        check(numbers(9, 9, 0, 0), &usual, rule, Some("rows-lost"));
        check(numbers(11, 11, 0, 0), &usual, rule, None);
        check(numbers(20, 1, 0, 0), &usual, rule, Some("dates-lost"));
        check(numbers(20, 12, 0, 0), &usual, rule, None);
        check(numbers(20, 20, 2, 2), &usual, rule, Some("texts-empty"));
        check(numbers(20, 20, 2, 1), &usual, rule, None);
        check(
            numbers(20, 20, 1, 0),
            &usual,
            "learned rows \"div\" (20 of 20 with dates)",
            Some("fallback-rule"),
        );
    }

    #[test]
    fn without_history_nothing_is_lost() {
        check(numbers(2, 0, 2, 2), &[], "x", None);
        check(numbers(2, 0, 2, 2), &[numbers(20, 20, 2, 0)], "x", None);
        let never_dated = [numbers(20, 0, 0, 0); 5];
        check(numbers(20, 0, 0, 0), &never_dated, "x", None);
        let short = [numbers(4, 4, 0, 0); 5];
        check(numbers(1, 1, 0, 0), &short, "x", None);
    }

    #[test]
    fn a_home_page_is_read_by_addresses_as_a_matter_of_course() {
        assert_eq!(concern(numbers(5, 0, 0, 0), &[], "article-address pattern", false), None);
    }
}
