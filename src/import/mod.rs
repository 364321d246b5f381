//! Entries from files into the store, through the same normalising, judging and writing as what is polled.
//!
//! **Invariants:** no network request is made; no more than one batch of lines is in memory; a bad line is told by its
//! number and skipped, and the rest is taken in.

mod documents;
mod sources;

pub use documents::{DocumentError, SavedAs};

use std::{
    collections::BTreeMap,
    io::{self, BufRead},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use self::sources::Sources;
use crate::{
    config::{Config, SourceConfig},
    exchange::{self, EntryLine, Line, LineError, Lines, Note},
    model::{SourceKey, Timestamp},
    poll::{
        ingest::{Arriving, Tally, take_in},
        offload::offload,
    },
    store::{Store, StoreError},
};

/// Lines written in one transaction, at most.
const BATCH_LINES: usize = 200;
/// Bytes of lines held at once, beside one that may be long.
const BATCH_BYTES: usize = 2 << 20;
/// How long the store is left to a daemon that polls into it, after each batch.
const PAUSE: Duration = Duration::from_millis(5);

/// Why an import ends before its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be read on.
    #[error("it cannot be read on after line {after}")]
    Read {
        /// The last line read.
        after: u64,
        /// The system's complaint.
        source: io::Error,
    },
}

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that are not empty, or entries of a document.
    pub n_lines: usize,
    /// New entries.
    pub n_new: usize,
    /// Known entries with another content.
    pub n_revised: usize,
    /// Known entries.
    pub n_unchanged: usize,
    /// Lines skipped.
    pub n_bad: usize,
    /// What was left out of lines that were taken: of how many, and of which first.
    pub notes: BTreeMap<Note, (usize, u64)>,
}

impl Counts {
    /// Adds those of another file.
    pub fn add(&mut self, other: &Self) {
        self.n_lines += other.n_lines;
        self.n_new += other.n_new;
        self.n_revised += other.n_revised;
        self.n_unchanged += other.n_unchanged;
        self.n_bad += other.n_bad;
    }

    fn take(&mut self, tally: Tally) {
        self.n_new += tally.n_new;
        self.n_revised += tally.n_updated;
        self.n_unchanged += tally.n_unchanged;
    }
}

/// What is told while a file is read.
#[derive(Debug)]
pub enum Told<'a> {
    /// A line is skipped.
    Bad {
        /// Its number.
        line: u64,
        /// What is wrong with it.
        error: &'a LineError,
    },
    /// Everything up to here is stored.
    Stored {
        /// Bytes read so far.
        n_bytes: u64,
        /// Lines read so far.
        n_lines: usize,
    },
}

/// Takes files into a store.
#[derive(Debug)]
pub struct Importer {
    config: Arc<Config>,
    store: Store,
    began_at: Timestamp,
    sources: Sources,
    pause: Option<Duration>,
}

impl Importer {
    /// Begins an import; it may run beside a daemon, to which it leaves the store between its batches.
    pub fn new(config: Arc<Config>, store: Store, began_at: Timestamp) -> Self {
        let is_polled = matches!(store.lease(), Err(StoreError::Leased { .. }));
        let sources = Sources::new(Arc::clone(&config), store.clone());
        Self { config, store, began_at, sources, pause: is_polled.then_some(PAUSE) }
    }

    /// Takes in JSON lines, in their order.
    pub async fn lines(
        &mut self,
        input: impl BufRead,
        mut tell: impl FnMut(Told<'_>),
    ) -> Result<Counts, ImportError> {
        let mut lines = Lines::of(input);
        let (mut counts, mut last) = (Counts::default(), 0);
        loop {
            let batch = next_batch(&mut lines).map_err(|source| ImportError::Read { after: last, source })?;
            let Some(end) = batch.last() else { return Ok(counts) };
            last = end.number;
            counts.n_lines += batch.len();
            let mut arriving = Vec::with_capacity(batch.len());
            for (number, made) in self.made(batch).await? {
                match made {
                    Ok(made) => {
                        for note in &made.arrival.notes {
                            counts.notes.entry(*note).or_insert((0, number)).0 += 1;
                        }
                        arriving.push(made);
                    }
                    Err(error) => {
                        counts.n_bad += 1;
                        tell(Told::Bad { line: number, error: &error });
                    }
                }
            }
            counts.take(self.write(arriving).await?);
            tell(Told::Stored { n_bytes: lines.n_bytes(), n_lines: counts.n_lines });
        }
    }

    async fn write(&self, arriving: Vec<Arriving>) -> Result<Tally, StoreError> {
        let tally = take_in(&self.store, &self.config, arriving, self.began_at).await?;
        if let Some(pause) = self.pause {
            tokio::time::sleep(pause).await;
        }
        Ok(tally)
    }

    /// Makes arrivals of lines: parsing and cleaning off the asynchronous threads, sources looked up between.
    async fn made(&mut self, batch: Vec<Line>) -> Result<Vec<(u64, Made)>, StoreError> {
        let numbers: Vec<u64> = batch.iter().map(|line| line.number).collect();
        let read = offload(move || batch.into_iter().map(read).collect::<Vec<_>>()).await;
        let mut found = Vec::with_capacity(numbers.len());
        for read in read.unwrap_or_default() {
            found.push(match read {
                Ok(named) => Ok((self.sources.of(&named).await?, named.line)),
                Err(error) => Err(error),
            });
        }
        let (config, now) = (Arc::clone(&self.config), self.began_at);
        let arrive = move |found: Result<(Arc<SourceConfig>, EntryLine), LineError>| {
            let (source, line) = found?;
            let arrival = guarded(|| exchange::arrival(line, &source, &config, now))?;
            Ok(Arriving { source, arrival })
        };
        let made = offload(move || found.into_iter().map(arrive).collect::<Vec<Made>>()).await;
        Ok(numbers.into_iter().zip(made.unwrap_or_default()).collect())
    }
}

type Made = Result<Arriving, LineError>;

/// A line with the source that it names.
#[derive(Debug)]
pub(crate) struct Named {
    line: EntryLine,
    key: SourceKey,
    /// The name as written, where it is no key.
    name: Option<String>,
}

fn read(line: Line) -> Result<Named, LineError> {
    let bytes = line.bytes?;
    guarded(|| {
        let line = exchange::parse(&bytes)?;
        let (key, name) = exchange::source_key(&line)?;
        Ok(Named { line, key, name })
    })
}

/// A defect in reading one line is no reason to lose the others.
fn guarded<T>(work: impl FnOnce() -> Result<T, LineError>) -> Result<T, LineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let told = panic.downcast_ref::<String>().cloned();
        let told = told.or_else(|| panic.downcast_ref::<&str>().map(|told| (*told).to_owned()));
        Err(LineError::Defect { problem: told.unwrap_or_default() })
    })
}

fn next_batch(lines: &mut Lines<impl BufRead>) -> io::Result<Vec<Line>> {
    let (mut batch, mut n_bytes) = (Vec::new(), 0);
    while batch.len() < BATCH_LINES && n_bytes < BATCH_BYTES {
        let Some(line) = lines.read()? else { break };
        n_bytes += line.bytes.as_ref().map_or(0, Vec::len);
        batch.push(line);
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn batches(text: &str) -> Vec<usize> {
        let mut lines = Lines::of(Cursor::new(text));
        std::iter::from_fn(|| Some(next_batch(&mut lines).unwrap().len()).filter(|n| *n > 0)).collect()
    }

    #[test]
    fn no_more_than_a_batch_is_held() {
        assert_eq!(batches(""), [0; 0]);
        assert_eq!(batches(&"x\n".repeat(BATCH_LINES * 2 + 1)), [BATCH_LINES, BATCH_LINES, 1]);
        let long = format!("{}\n", "x".repeat(BATCH_BYTES / 2 - 1));
        assert_eq!(batches(&long.repeat(5)), [3, 2]);
    }

    #[test]
    fn a_panic_is_a_bad_line() {
        let error = guarded(|| -> Result<u8, LineError> { panic!("torn line") }).unwrap_err();
        assert!(error.to_string().contains("torn line"), "{error}");
    }
}
