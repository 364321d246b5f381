//! Stage 6: the only SQL. One writer, many readers, small transactions.
//!
//! The store is told what to keep; it does not judge. Everything that one step of a poll decides is written in one
//! [`Batch`], which is one transaction: after a kill it is there whole or not at all.
//!
//! A second backend becomes an enum over two sets of the same methods; the statements in `sql` use `$1`
//! placeholders so that both can share them.

mod account;
mod batch;
mod catalogue;
mod changes;
mod export;
mod held;
mod hub;
mod import;
mod old;
mod open;
mod read;
mod reid;
mod remake;
mod replay;
mod retention;
mod rows;
mod rulings;
mod search;
mod similar;
mod slices;
mod sql;
mod stories;
#[cfg(test)]
mod tests;
mod topics;
mod upstream;
mod visit;

pub use account::{
    EntryAccount, EntryName, EntryPlace, FoundStory, MoveAccount, RelatedAccount, RulingAccount, Standing,
    StoryAccount,
};
pub use batch::{Batch, KnownEntry, NewEntry, Shown, Telling};
pub use catalogue::StoryName;
pub use changes::{Absence, Absent, Change, Changes, ChangesQuery, Lost, NewestQuery, Place, ReadFrom, Told};
pub use export::{Export, ExportQuery};
pub use held::{Held, StoredDocument};
pub use hub::{Delivered, Delivery, Failing, HubCounts, HubRequest, HubStatus, Ping, Verdict};
pub use old::OldStory;
pub use open::{Lease, Store};
pub use read::{Counts, FeedState, WindowQuery};
pub use reid::Attached;
pub use remake::ComparedBy;
pub use replay::{ReplayEntry, ReplayPlace};
pub use retention::{Limits, Progress};
pub use rulings::{Cause, Origin, Ruling, RulingKind};
pub use search::{Found, IndexState, Search};
pub use slices::{Listed, SliceQuery, Withdrawn};
pub use topics::Labelled;
pub use upstream::Upstream;
pub use visit::{AfterVisit, BeforeVisit};

use crate::model::Timestamp;

/// Why the store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or created.
    #[error("store `{path}` cannot be opened; check that the folder exists and is writable")]
    Open {
        /// The file.
        path: String,
        /// The database's complaint.
        source: sqlx::Error,
    },
    /// Its schema cannot be brought up to date.
    #[error("store `{path}` cannot be migrated; it may have been written by a newer version")]
    Migrate {
        /// The file.
        path: String,
        /// The migrator's complaint.
        source: sqlx::migrate::MigrateError,
    },
    /// Another process polls into it.
    #[error(
        "store `{path}` is being polled by another `dibao` process; stop it first, or let it do the polling"
    )]
    Leased {
        /// The file.
        path: String,
    },
    /// The lock file cannot be made.
    #[error("lock file `{path}` cannot be used")]
    Lock {
        /// The file.
        path: String,
        /// The system's complaint.
        source: std::io::Error,
    },
    /// A statement failed: a full disk, a locked or damaged file.
    #[error("the store could not {what}")]
    Query {
        /// What was being done.
        what: &'static str,
        /// The database's complaint.
        source: sqlx::Error,
    },
    /// A stored value cannot be understood.
    #[error("the store holds a {what} that cannot be read: {value}")]
    Corrupt {
        /// What it is.
        what: &'static str,
        /// What stands there.
        value: String,
    },
}

/// Gives a database error the words for what was being done.
trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Query { what, source })
    }
}

/// What one visit to a source came to, as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRow {
    /// The source.
    pub source_key: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// `ok`, `unchanged`, or the name of a fault.
    pub outcome: String,
    /// `ok`, or the name of the fault or concern.
    pub state: String,
    /// Since when the source has been in that state.
    pub since: Timestamp,
    /// The fault or concern in plain words.
    pub message: String,
    /// Which rule gave the rows.
    pub rule: String,
    /// Rows found.
    pub n_rows: i64,
    /// New entries.
    pub n_new: i64,
    /// Changed entries.
    pub n_updated: i64,
    /// Known, unchanged entries.
    pub n_unchanged: i64,
    /// Rows still waiting for their article.
    pub n_pending: i64,
    /// Rows whose date was understood.
    pub n_dated: i64,
    /// Entries made that have no text.
    pub n_empty: i64,
    /// Polls in a row whose state was not `ok`, this one included.
    pub n_bad: i64,
    /// Failures in a row, this one included.
    pub n_failures: i64,
    /// Earliest time of the next visit.
    pub next_poll_at: Timestamp,
}

/// Something that the operator was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Its number.
    pub id: i64,
    /// The source.
    pub source_key: String,
    /// When it was told.
    pub at: Timestamp,
    /// `broke` or `recovered`.
    pub kind: String,
    /// What was wrong.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// In plain words.
    pub message: String,
}

/// The validators that an address sent with its last good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, byte for byte.
    pub etag: Option<String>,
    /// `Last-Modified`, byte for byte.
    pub last_modified: Option<String>,
    /// Hash of the body, for servers that send 200 with the same bytes.
    pub body_hash: [u8; 32],
}

/// Why a row of a list is kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingState {
    /// Its article could not be had yet.
    Retry,
    /// It is published with title and summary; its article is still wanted.
    Filling,
    /// It is no news, or too old; it is not visited again.
    Withheld,
    /// It is a digest's page, whose stories are entries of their own.
    Split,
    /// Its source changed all ids, and it is neither known nor newer than what was; it waits for the operator.
    Held,
    /// The operator let it in; it is taken at the next visit.
    Accepted,
}

impl PendingState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Filling => "filling",
            Self::Withheld => "withheld",
            Self::Split => "split",
            Self::Held => "held",
            Self::Accepted => "accepted",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "retry" => Self::Retry,
            "filling" => Self::Filling,
            "split" => Self::Split,
            "held" => Self::Held,
            "accepted" => Self::Accepted,
            _ => Self::Withheld,
        }
    }
}

/// A row of a list that is kept aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRow {
    /// The id that its entry has or would have.
    pub source_entry_id: String,
    /// The row as found.
    pub row: crate::extract::RawEntry,
    /// Why it is kept aside.
    pub state: PendingState,
    /// The same in plain words.
    pub reason: String,
    /// How often its article failed.
    pub n_failures: i64,
    /// Earliest time of the next try.
    pub next_try_at: Timestamp,
    /// First sight.
    pub seen_at: Timestamp,
}

/// A time as stored; out-of-range values become the epoch, which no source can have claimed.
fn from_ms(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Statements on lists take them as one JSON text.
fn json_list(values: impl IntoIterator<Item: Into<serde_json::Value>>) -> String {
    serde_json::Value::Array(values.into_iter().map(Into::into).collect()).to_string()
}
