//! Opening: the file, its pools, its migrations, and the lease that lets one process poll.

use std::{
    borrow::Cow,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use sqlx::{
    SqlStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Batch, Doing, StoreError, similar::Remembered, sql};
use crate::model::{AtomId, Timestamp};

/// Readers at once.
const MAX_READERS: u32 = 4;
/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Page cache of a connection, in KiB (negative: KiB instead of pages).
const CACHE_KIB: &str = "-8000";
/// The write-ahead log is cut back to this size after a checkpoint, in bytes.
const JOURNAL_LIMIT_BYTES: &str = "67108864";

/// Schema versions, in order; never edited once released.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../migrations/sqlite/0001_initial.sql")),
    (2, "stream", include_str!("../../migrations/sqlite/0002_stream.sql")),
    (3, "rulings", include_str!("../../migrations/sqlite/0003_rulings.sql")),
    (4, "search", include_str!("../../migrations/sqlite/0004_search.sql")),
    (5, "hub", include_str!("../../migrations/sqlite/0005_hub.sql")),
    (6, "ingest", include_str!("../../migrations/sqlite/0006_ingest.sql")),
    (7, "serving", include_str!("../../migrations/sqlite/0007_serving.sql")),
    (8, "topics", include_str!("../../migrations/sqlite/0008_topics.sql")),
    (9, "exchange", include_str!("../../migrations/sqlite/0009_exchange.sql")),
    (10, "retention", include_str!("../../migrations/sqlite/0010_retention.sql")),
    (11, "tables", include_str!("../../migrations/sqlite/0011_tables.sql")),
    (12, "emptied", include_str!("../../migrations/sqlite/0012_emptied.sql")),
];

/// Where entries are kept.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    path: PathBuf,
    /// What is remembered of the entries that may be told again.
    pub(super) remembered: Arc<Mutex<Remembered>>,
}

/// The right to poll into a store; given back when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lease {
    _file: File,
}

impl Store {
    /// Opens a store, makes it if it does not exist, and brings its schema up to date.
    pub async fn open(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let options = options(path);
        let open = |source| StoreError::Open { path: name.clone(), source };
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone().create_if_missing(true).optimize_on_close(true, None))
            .await
            .map_err(open)?;
        migrator().run(&writer).await.map_err(|source| StoreError::Migrate { path: name.clone(), source })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(MAX_READERS)
            .connect_with(options.read_only(true))
            .await
            .map_err(open)?;
        let store = Self { writer, readers, path: path.to_owned(), remembered: Arc::default() };
        store.create_feed(now).await?;
        store.begin_stretch().await?;
        Ok(store)
    }

    async fn create_feed(&self, now: Timestamp) -> Result<(), StoreError> {
        let random = uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid();
        sqlx::query(sql::FEED_CREATE)
            .bind(random.urn().to_string())
            .bind(now.as_millisecond())
            .execute(&self.writer)
            .await
            .doing("create the feed's state")?;
        let epoch = format!("{:016x}", fastrand::u64(..));
        sqlx::query(sql::FEED_EPOCH)
            .bind(epoch)
            .execute(&self.writer)
            .await
            .doing("name the feed's changes")?;
        self.name_stories().await
    }

    /// Gives stories kept by an older version their short names.
    async fn name_stories(&self) -> Result<(), StoreError> {
        const STEP: i64 = 1_000;
        loop {
            let unnamed: Vec<(i64, String)> = sqlx::query_as(sql::STORIES_UNNAMED)
                .bind(STEP)
                .fetch_all(&self.writer)
                .await
                .doing("read stories without a short name")?;
            if unnamed.is_empty() {
                return Ok(());
            }
            let mut batch = self.begin().await?;
            for (id, atom_id) in unnamed {
                let query = sqlx::query(sql::STORY_NAME).bind(id).bind(AtomId(atom_id).short());
                batch.run(query, "name a story").await?;
            }
            batch.commit().await?;
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a transaction; only one is open at a time.
    pub async fn begin(&self) -> Result<Batch, StoreError> {
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await.doing("begin a transaction")?;
        Ok(Batch::new(tx, Arc::clone(&self.remembered)))
    }

    /// Takes the right to poll, which one process at a time can hold.
    pub fn lease(&self) -> Result<Lease, StoreError> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let name = PathBuf::from(&path).display().to_string();
        let lock = |source| StoreError::Lock { path: name.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(lock)?;
        match file.try_lock() {
            Ok(()) => Ok(Lease { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(StoreError::Leased { path: self.path.display().to_string() })
            }
            Err(TryLockError::Error(source)) => Err(StoreError::Lock { path: name, source }),
        }
    }

    /// Closes all connections, after what is being written.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: what was committed, and perhaps already published, survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("cache_size", CACHE_KIB)
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", JOURNAL_LIMIT_BYTES)
}

fn migrator() -> Migrator {
    let migration = |&(version, description, text): &(i64, &'static str, &'static str)| {
        Migration::new(
            version,
            Cow::Borrowed(description),
            MigrationType::Simple,
            SqlStr::from_static(text),
            false,
        )
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}
