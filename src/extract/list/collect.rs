//! Rows put together: each address once, those that are never news left out.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use url::Position;

use super::super::rules::ListRules;
use super::super::{Extracted, RawEntry};
use super::MAX_ROWS;

/// The rows found so far.
pub(super) struct Collector<'r> {
    rules: &'r ListRules,
    entries: Vec<RawEntry>,
    /// Where in `entries` each address is.
    seen: HashMap<String, usize>,
    /// Titles that are never news: how many, and the first of them.
    skipped: (usize, Option<String>),
    is_full: bool,
}

impl<'r> Collector<'r> {
    /// Begins with no rows.
    pub(super) fn new(rules: &'r ListRules) -> Self {
        Self { rules, entries: Vec::new(), seen: HashMap::new(), skipped: (0, None), is_full: false }
    }

    /// Whether rows are being left out because there are too many.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether any row could be read, even one that is no news.
    pub(super) fn has_any(&self) -> bool {
        !self.entries.is_empty() || self.skipped.0 > 0
    }

    /// Adds a row; one whose address is known adds what the known one lacks.
    pub(super) fn extend(&mut self, row: Option<RawEntry>) {
        let Some((row, url)) = row.and_then(|row| row.url.clone().map(|url| (row, url))) else { return };
        if self.rules.skip_title.as_ref().is_some_and(|skip| skip.is_match(&row.title)) {
            self.skipped.0 += 1;
            self.skipped.1.get_or_insert(row.title);
            return;
        }
        let is_full = self.entries.len() >= MAX_ROWS;
        match self.seen.entry(url[..Position::AfterQuery].to_owned()) {
            Slot::Occupied(known) => complete(&mut self.entries[*known.get()], row),
            Slot::Vacant(_) if is_full => self.is_full = true,
            Slot::Vacant(slot) => {
                slot.insert(self.entries.len());
                self.entries.push(row);
            }
        }
    }

    /// Ends with what was found.
    pub(super) fn finish(self, rule: String) -> Extracted {
        let mut notes = Vec::new();
        if let (n_skipped, Some(title)) = &self.skipped {
            notes.push(format!("{n_skipped} rows left out, their titles are never news (`{title}`)"));
        }
        if self.is_full {
            notes.push(format!("the page has more than {MAX_ROWS} rows; the rest was left out"));
        }
        Extracted { entries: self.entries, rule, notes, ..Extracted::default() }
    }
}

fn complete(known: &mut RawEntry, row: RawEntry) {
    if row.title.chars().count() > known.title.chars().count() {
        known.title = row.title;
        if let Some(rule) = row.fields.get("title") {
            known.fields.insert("title", rule.clone());
        }
    }
    if known.published.is_empty() && !row.published.is_empty() {
        known.published = row.published;
        if let Some(rule) = row.fields.get("published") {
            known.fields.insert("published", rule.clone());
        }
    }
}
