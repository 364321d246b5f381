//! How a source stands after a poll: its state, since when, and whether the operator is to be told. Pure.

use super::{Outcome, PollReport};
use crate::{
    model::Timestamp,
    observe::{Alert, Fault, IDS_CHANGED, Numbers, Standing, alert, concern},
    store::PollRow,
};

/// The state of a source that gives what it should.
const OK: &str = "ok";

/// What judging needs to know beside the poll itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past<'a> {
    /// The poll before.
    pub previous: Option<&'a PollRow>,
    /// Earlier polls that read the source, newest first.
    pub read: &'a [PollRow],
    /// Whether rows are expected by the profile's own rule, not by their addresses.
    pub expects_rows_by_rule: bool,
    /// Whether the operator was told of a break, and of no recovery since.
    pub told_broken: bool,
    /// Whether the source is known to exist.
    pub is_known: bool,
    /// Rows held back since it changed its ids.
    pub n_held: usize,
}

/// How a source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stands {
    /// `ok`, or the name of what is wrong.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// In plain words.
    pub message: String,
    /// Polls in a row that were not `ok`.
    pub n_bad: i64,
    /// What the operator is to be told.
    pub alert: Option<Alert>,
}

/// Judges a poll that began at `at`.
pub(super) fn stands(report: &PollReport, at: Timestamp, past: Past) -> Stands {
    let wrong = wrong(report, past);
    let state = wrong.as_ref().map_or(OK, |(name, _)| name.as_str()).to_owned();
    let since =
        past.previous.filter(|previous| previous.state == state).map_or(at, |previous| previous.since);
    let n_bad = if state == OK { 0 } else { past.previous.map_or(0, |previous| previous.n_bad) + 1 };
    let standing = Standing {
        state: &state,
        n_bad: usize::try_from(n_bad).unwrap_or(0),
        told_broken: past.told_broken,
        is_known: past.is_known,
    };
    let alert = alert(standing);
    Stands { since, message: wrong.map(|(_, message)| message).unwrap_or_default(), n_bad, alert, state }
}

/// The name and the words of what is wrong.
fn wrong(report: &PollReport, past: Past) -> Option<(String, String)> {
    let told = |fault: &Fault| (fault.name.to_owned(), fault.told());
    match &report.outcome {
        Outcome::Fault(fault) => Some(told(fault)),
        _ if report.reid.is_some() => {
            report.reid.map(|found| told(&Fault::of_reid(report.source.as_str(), found)))
        }
        _ if past.n_held > 0 => Some(told(&Fault::of_held(report.source.as_str(), past.n_held))),
        _ if report.mirrored.is_some() => report.mirrored.as_ref().map(told),
        Outcome::Ok => {
            let before: Vec<Numbers> = past.read.iter().map(numbers).collect();
            concern(report.numbers, &before, &report.rule, past.expects_rows_by_rule).as_ref().map(told)
        }
        // The same page as before: what was wrong with what it says still is. A fault on the way to it is over.
        Outcome::Unchanged => {
            let read = past.read.first().filter(|read| read.state != OK && read.state != IDS_CHANGED)?;
            Some((read.state.clone(), read.message.clone()))
        }
    }
}

/// What a kept poll gave, in numbers.
pub(super) fn numbers(poll: &PollRow) -> Numbers {
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    Numbers {
        n_rows: count(poll.n_rows),
        n_dated: count(poll.n_dated),
        n_taken: count(poll.n_new + poll.n_updated),
        n_empty: count(poll.n_empty),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::SourceKey;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn report(outcome: Outcome, n_rows: usize) -> PollReport {
        PollReport {
            source: SourceKey::parse("jx").unwrap(),
            outcome,
            rule: "profile rows".into(),
            notes: Vec::new(),
            n_rows,
            n_new: 0,
            n_updated: 0,
            n_unchanged: 0,
            n_pending: 0,
            numbers: Numbers { n_rows, n_dated: n_rows, n_taken: 0, n_empty: 0 },
            mirrored: None,
            reid: None,
            took: Duration::ZERO,
            next_poll_at: at(0),
        }
    }

    fn fault(name: &'static str) -> Outcome {
        Outcome::Fault(Fault { name, sentence: "it broke".into(), next_step: "" })
    }

    /// Polls one after the other, as they would be stored; what the operator is told of each.
    fn told(outcomes: &[(Outcome, usize)]) -> Vec<(String, i64, Option<Alert>)> {
        let mut rows: Vec<PollRow> = Vec::new();
        let mut told_broken = false;
        let mut told = Vec::new();
        for (i, (outcome, n_rows)) in outcomes.iter().enumerate() {
            let begun = at(i64::try_from(i).unwrap() * 60);
            let read: Vec<PollRow> = rows.iter().rev().filter(|row| row.outcome == "ok").cloned().collect();
            let past = Past {
                previous: rows.last(),
                read: &read,
                expects_rows_by_rule: true,
                told_broken,
                is_known: true,
                n_held: 0,
            };
            let report = report(outcome.clone(), *n_rows);
            let stands = stands(&report, begun, past);
            match stands.alert {
                Some(Alert::Broke) => told_broken = true,
                Some(Alert::Recovered) => told_broken = false,
                None => {}
            }
            told.push((stands.state.clone(), stands.since.as_second(), stands.alert));
            rows.push(report.row(begun, 0, &stands));
        }
        told
    }

    #[test]
    fn a_break_is_told_once_with_its_beginning_and_so_is_the_recovery() {
        let ok = |n| (Outcome::Ok, n);
        let states = told(&[
            ok(20),
            (fault("timeout"), 0),
            (fault("timeout"), 0),
            (fault("timeout"), 0),
            (fault("timeout"), 0),
            (Outcome::Unchanged, 0),
            (Outcome::Unchanged, 0),
        ]);
        let expected = [
            ("ok", 0, None),
            ("timeout", 60, None),
            ("timeout", 60, None),
            ("timeout", 60, Some(Alert::Broke)),
            ("timeout", 60, None),
            ("ok", 300, Some(Alert::Recovered)),
            ("ok", 300, None),
        ];
        assert_eq!(states, expected.map(|(state, since, alert)| (state.to_owned(), since, alert)));
    }

    #[test]
    fn a_shrunken_list_stays_a_concern_while_the_page_does_not_change() {
        let ok = |n| (Outcome::Ok, n);
        let states = told(&[ok(20), ok(20), ok(20), ok(4), (Outcome::Unchanged, 0), ok(20)]);
        let names: Vec<&str> = states.iter().map(|(state, ..)| state.as_str()).collect();
        assert_eq!(names, ["ok", "ok", "ok", "rows-lost", "rows-lost", "ok"]);
        assert_eq!((states[4].2, states[5].2), (Some(Alert::Broke), Some(Alert::Recovered)));
    }

    #[test]
    fn changed_ids_are_told_at_once_and_over_when_nothing_is_held_back() {
        let (read, previous) = ([], None);
        let past = |n_held| Past {
            previous,
            read: &read,
            expects_rows_by_rule: true,
            told_broken: false,
            is_known: true,
            n_held,
        };
        let found = crate::observe::Reid { n_rows: 20, n_known: 17, n_new: 0, n_held: 3 };
        let changed = PollReport { reid: Some(found), ..report(Outcome::Ok, 20) };
        let stands = |report: &PollReport, n_held| super::stands(report, at(0), past(n_held));
        assert_eq!(
            (stands(&changed, 3).state.as_str(), stands(&changed, 3).alert),
            (IDS_CHANGED, Some(Alert::Broke))
        );
        assert_eq!(stands(&report(Outcome::Unchanged, 0), 3).state, IDS_CHANGED);
        assert_eq!(stands(&report(Outcome::Unchanged, 0), 0).state, "ok");
    }
}
