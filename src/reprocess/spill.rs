//! What a replay compares, in a file beside the store that has no name and is gone with the process; what was looked at
//! lately stays in memory.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use crate::dedup::{Features, Shelf};

/// Entries whose features stay in memory, twice so many at most, about 8 KB each.
const MAX_RECENT: usize = 2_000;

/// Features in a file.
#[derive(Debug)]
pub(super) struct Spill {
    file: File,
    /// Where the features of each entry begin, and behind the last where the next will.
    starts: Vec<u64>,
    /// Whether the file stands at its end.
    at_end: bool,
    newer: HashMap<usize, Arc<Features>>,
    older: HashMap<usize, Arc<Features>>,
}

impl Spill {
    /// Begins a file in the folder of a store: where there is room for the one, there is for the other.
    pub(super) fn beside(store: &Path) -> io::Result<Self> {
        let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self { file, starts: vec![0], at_end: true, newer: HashMap::new(), older: HashMap::new() })
    }

    fn remember(&mut self, number: usize, features: &Arc<Features>) {
        if self.newer.len() >= MAX_RECENT {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(number, Arc::clone(features));
    }

    fn read(&mut self, number: usize) -> io::Result<Features> {
        let place = self.starts.get(number).zip(self.starts.get(number + 1));
        let (start, end) = place.ok_or_else(|| io::Error::other("no such entry"))?;
        let n_bytes = usize::try_from(end - start).map_err(io::Error::other)?;
        self.file.seek(SeekFrom::Start(*start))?;
        self.at_end = false;
        let mut bytes = vec![0; n_bytes];
        self.file.read_exact(&mut bytes)?;
        Features::decode(&bytes).map_err(io::Error::other)
    }
}

impl Shelf for Spill {
    type Error = io::Error;

    fn put(&mut self, features: &Arc<Features>) -> io::Result<()> {
        if !self.at_end {
            self.file.seek(SeekFrom::End(0))?;
            self.at_end = true;
        }
        let bytes = features.encode();
        self.file.write_all(&bytes)?;
        let number = self.starts.len() - 1;
        let start = self.starts.last().copied().unwrap_or_default();
        self.starts.push(start + bytes.len() as u64);
        self.remember(number, features);
        Ok(())
    }

    fn find(&mut self, number: usize) -> io::Result<Arc<Features>> {
        if let Some(features) = self.newer.get(&number) {
            return Ok(Arc::clone(features));
        }
        let features = match self.older.remove(&number) {
            Some(features) => features,
            None => Arc::new(self.read(number)?),
        };
        self.remember(number, &features);
        Ok(features)
    }
}
