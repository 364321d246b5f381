//! What reprocessing a source came to.

use crate::{
    model::{SourceKey, Timestamp},
    observe::Fault,
    poll::listing::Listing,
    reprocess::Difference,
    store::StoredDocument,
};

/// What reprocessing a source came to.
#[derive(Debug)]
pub struct Report {
    /// The source.
    pub source: SourceKey,
    /// Documents read.
    pub n_documents: usize,
    /// Pages of which nothing was kept, then or now.
    pub n_unused: usize,
    /// Entries made again and compared.
    pub n_compared: usize,
    /// Entries left as they are, since no document of theirs is stored.
    pub n_without_document: usize,
    /// Entries that differ.
    pub findings: Vec<Finding>,
    /// The newest list page by today's rules.
    pub list: Option<ListPage>,
    /// Titles of rows in it that are not known: their articles come with the next poll.
    pub new_rows: Vec<String>,
    /// Documents that cannot be read.
    pub unread: Vec<Unread>,
    /// Entries written.
    pub n_written: usize,
}

/// An entry that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its id at the source.
    pub id: String,
    /// Its title as stored, or for a new one by today's rules.
    pub title: String,
    /// Its address.
    pub url: String,
    /// How it differs.
    pub outcome: Outcome,
}

/// How an entry differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Readers would see something else.
    Changed {
        /// The fields.
        differences: Vec<Difference>,
    },
    /// It would come in.
    New,
    /// It would be withheld today; what is published stays.
    Withheld {
        /// Why.
        reason: String,
    },
}

/// A list page by today's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// Which rule gave its rows.
    pub rule: String,
    /// How many.
    pub n_rows: usize,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// A document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its address.
    pub url: String,
    /// Why not.
    pub reason: String,
}

impl Report {
    pub(super) fn new(source: SourceKey) -> Self {
        Self {
            source,
            n_documents: 0,
            n_unused: 0,
            n_compared: 0,
            n_without_document: 0,
            findings: Vec::new(),
            list: None,
            new_rows: Vec::new(),
            unread: Vec::new(),
            n_written: 0,
        }
    }

    /// How many findings have such an outcome.
    pub fn count(&self, is_such: impl Fn(&Outcome) -> bool) -> usize {
        self.findings.iter().filter(|finding| is_such(&finding.outcome)).count()
    }
}

impl ListPage {
    pub(super) fn of(listing: &Listing, fetched_at: Timestamp) -> Self {
        let extracted = &listing.extracted;
        let (rule, notes) = (extracted.rule.clone(), extracted.notes.clone());
        Self { fetched_at, rule, n_rows: extracted.entries.len(), notes }
    }
}

pub(super) fn unread(stored: &StoredDocument, fault: &Fault) -> Unread {
    Unread { url: stored.url.clone(), reason: fault.sentence.clone() }
}
