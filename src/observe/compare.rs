//! What a source gives now against the entries that are stored of it: the faults that only this comparison shows.

use super::Fault;
use crate::{model::Timestamp, normalise::time};

/// Fewest rows before of which losing most is a fault.
const MIN_ROWS_BEFORE: usize = 6;
/// Rows now, of those before, that are too few, in per cent.
const FEW_ROWS_PERCENT: usize = 40;
/// Entries before, at least, from which shares are told.
const MIN_ENTRIES_BEFORE: usize = 5;
/// The share of entries that had a field before from which its absence is a fault, in per cent.
const USUAL_PERCENT: usize = 80;
/// How much older than what was read before the newest row may be, in hours: sites take items back.
const MAX_OLDER_HOURS: i64 = 24 * 7;

/// What a source gave before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Before {
    /// Its latest entries, as many as are counted here.
    pub n_entries: usize,
    /// Those of them with a time of publication.
    pub n_timed: usize,
    /// Those with a bureau.
    pub n_bureau: usize,
    /// Those with a text.
    pub n_text: usize,
    /// The newest time of publication.
    pub newest: Option<Timestamp>,
}

/// What a source gives now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// Rows.
    pub n_rows: usize,
    /// Rows with a time.
    pub n_timed_rows: usize,
    /// Entries read whole as samples.
    pub n_samples: usize,
    /// Those of them with a time.
    pub n_timed: usize,
    /// Those with a bureau.
    pub n_bureau: usize,
    /// Those with a text.
    pub n_text: usize,
    /// The newest time among rows and samples.
    pub newest: Option<Timestamp>,
}

impl Now {
    /// What is worse than before, the worst first; `rows_before` are the most rows that the source gave lately.
    pub fn worse_than(&self, rows_before: Option<usize>, before: Option<&Before>) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.rows_lost(rows_before).into_iter().collect();
        if let Some(before) = before.filter(|before| before.n_entries >= MIN_ENTRIES_BEFORE) {
            faults.extend(self.dates_lost(before));
            faults.extend(self.texts_empty(before));
            faults.extend(self.bureaus_lost(before));
            faults.extend(self.older(before));
        }
        faults
    }

    fn rows_lost(&self, rows_before: Option<usize>) -> Option<Fault> {
        let before = rows_before.filter(|n| *n >= MIN_ROWS_BEFORE)?;
        let n = self.n_rows;
        (n > 0 && n * 100 < before * FEW_ROWS_PERCENT).then(|| Fault {
            name: "rows-lost",
            sentence: format!("the list gives {n} rows where it gave up to {before} before"),
            next_step: "look at the page: if it shows more, its rules fit only some; `dibao discover` proposes new ones",
        })
    }

    fn dates_lost(&self, before: &Before) -> Option<Fault> {
        let none_now = self.n_rows > 0 && self.n_timed_rows == 0 && self.n_timed == 0;
        (before.is_usual(before.n_timed) && none_now).then(|| Fault {
            name: "dates-lost",
            sentence: format!(
                "none of {} rows has a time that can be read, where {} of the last {} entries had one",
                self.n_rows, before.n_timed, before.n_entries
            ),
            next_step: "compare `list.date` and `article.date` with the page; `dibao preview` names what was refused",
        })
    }

    fn texts_empty(&self, before: &Before) -> Option<Fault> {
        self.samples_without("text", (before.n_text, self.n_text), before).map(|sentence| Fault {
            name: "texts-empty",
            sentence,
            next_step: "compare `article.body` with an article's page; `dibao preview URL` shows what rules find there",
        })
    }

    fn bureaus_lost(&self, before: &Before) -> Option<Fault> {
        self.samples_without("bureau", (before.n_bureau, self.n_bureau), before).map(|sentence| Fault {
            name: "bureaus-lost",
            sentence,
            next_step: "set the source's `bureau`, or compare `article.origin` with an article's page",
        })
    }

    /// Says that no sample has what most entries had.
    fn samples_without(&self, what: &str, (was, is): (usize, usize), before: &Before) -> Option<String> {
        let (n_samples, n_entries) = (self.n_samples, before.n_entries);
        (n_samples > 0 && is == 0 && before.is_usual(was)).then(|| {
            format!("none of {n_samples} samples has a {what}, where {was} of the last {n_entries} entries had one")
        })
    }

    /// A list whose newest row is older than what was read from it: an old copy, or another channel.
    fn older(&self, before: &Before) -> Option<Fault> {
        let (was, is) = (before.newest?, self.newest?);
        if was.duration_since(is).as_hours() <= MAX_OLDER_HOURS {
            return None;
        }
        let day =
            |at| time::rfc3339(at, jiff::tz::Offset::constant(8)).get(..10).unwrap_or_default().to_owned();
        Some(Fault {
            name: "older",
            sentence: format!(
                "its newest row is of {}, where entries up to {} were read before",
                day(is),
                day(was)
            ),
            next_step: "the site may serve an old copy, or the list may have moved; look for it with `dibao discover`",
        })
    }
}

impl Before {
    fn is_usual(&self, n: usize) -> bool {
        n * 100 >= self.n_entries * USUAL_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Option<Timestamp> {
        format!("{day}T00:00:00Z").parse().ok()
    }

    #[test]
    fn what_is_worse_than_before_is_named_and_what_is_not_is_not() {
        let before =
            Before { n_entries: 20, n_timed: 20, n_bureau: 19, n_text: 18, newest: at("2026-11-20") };
        let now = Now {
            n_rows: 20,
            n_timed_rows: 20,
            n_samples: 2,
            n_timed: 2,
            n_bureau: 2,
            n_text: 2,
            newest: at("2026-11-21"),
        };
        let check = |rows_before: usize, before: Before, now: Now, expected: &[&str]| {
            let faults = now.worse_than(Some(rows_before), Some(&before));
            let names: Vec<&str> = faults.iter().map(|fault| fault.name).collect();
            assert_eq!(names, expected, "{faults:?}");
            assert!(faults.iter().all(|fault| !fault.next_step.is_empty()));
        };
        let rows = |n| Now { n_rows: n, n_timed_rows: n, ..now };
        check(20, before, now, &[]);
        check(20, before, rows(7), &["rows-lost"]);
        check(20, before, rows(8), &[]);
        check(4, before, rows(1), &[]);
        check(20, before, Now { n_timed_rows: 0, n_timed: 0, ..now }, &["dates-lost"]);
        check(20, before, Now { n_timed_rows: 0, ..now }, &[]);
        check(20, before, Now { n_text: 0, ..now }, &["texts-empty"]);
        check(20, before, Now { n_text: 1, n_bureau: 0, ..now }, &["bureaus-lost"]);
        check(20, before, Now { n_samples: 0, n_text: 0, n_bureau: 0, ..now }, &[]);
        check(20, before, Now { newest: at("2026-11-14"), ..now }, &[]);
        check(20, before, Now { newest: at("2026-11-01"), ..now }, &["older"]);
        check(20, Before { n_text: 3, ..before }, Now { n_text: 0, ..now }, &[]);
        check(20, Before { n_entries: 3, n_text: 3, ..before }, Now { n_text: 0, ..now }, &[]);
        let all = Now { n_text: 0, n_rows: 5, n_timed_rows: 0, n_timed: 0, ..now };
        check(20, before, all, &["rows-lost", "dates-lost", "texts-empty"]);
        assert_eq!(now.worse_than(None, None), []);
    }
}
