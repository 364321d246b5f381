//! What is held of a source as a whole: its documents, its entries with all they say, its rows kept aside.

use std::io::Read;

use sqlx::{Row, sqlite::SqliteRow};
use url::Url;

use super::{
    Doing, KnownEntry, PendingRow, Store, StoreError,
    batch::known_entry,
    from_ms, json_list,
    read::{entry, pending},
    sql,
};
use crate::{
    extract::Document,
    model::{Entry, Timestamp},
    observe::Before,
};

/// Latest entries of a source from which is told what it usually gives.
const USUAL_ENTRIES: i64 = 50;
/// Largest document unpacked, in bytes; more than can be fetched by any sane setting.
const MAX_DOCUMENT_BYTES: u64 = 256 << 20;

/// A stored document, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its row.
    pub id: i64,
    /// Its effective address.
    pub url: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

/// An entry with all that the store knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Its row, fingerprint and so on.
    pub known: KnownEntry,
    /// What it says.
    pub entry: Entry,
}

impl Store {
    /// The documents of a source, every version of each, the newest first, at most `limit`.
    pub async fn documents_of(
        &self,
        source_key: &str,
        limit: usize,
    ) -> Result<Vec<StoredDocument>, StoreError> {
        let document = |row: SqliteRow| -> Result<StoredDocument, sqlx::Error> {
            Ok(StoredDocument {
                id: row.try_get(0)?,
                url: row.try_get(1)?,
                fetched_at: from_ms(row.try_get(2)?),
            })
        };
        sqlx::query(sql::DOCUMENTS_OF)
            .bind(source_key)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .try_map(document)
            .fetch_all(&self.readers)
            .await
            .doing("list documents")
    }

    /// A document with its body; [`StoreError::Corrupt`] when it is damaged, `None` when it has been let go of.
    pub async fn document(&self, id: i64) -> Result<Option<Document>, StoreError> {
        let row = sqlx::query(sql::DOCUMENT_BODY)
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .doing("read a document")?;
        let Some(row) = row else { return Ok(None) };
        let read = || -> Result<(String, Option<String>, Vec<u8>), sqlx::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        let (url, content_type, packed) = read().doing("read a document")?;
        let corrupt = || StoreError::Corrupt { what: "document", value: url.clone() };
        let address = Url::parse(&url).map_err(|_| corrupt())?;
        let body = unpacked(&packed).ok_or_else(corrupt)?;
        Ok(Some(Document { url: address, content_type, body }))
    }

    /// Entries of a source by their ids there.
    pub async fn held(&self, source_key: &str, ids: &[&str]) -> Result<Vec<Held>, StoreError> {
        let query = sqlx::query(sql::HELD_BY_ID).bind(source_key).bind(json_list(ids.iter().copied()));
        self.held_rows(query).await
    }

    /// Entries of a source by their address for comparing.
    pub async fn held_at(&self, source_key: &str, canonical_url: &str) -> Result<Vec<Held>, StoreError> {
        self.held_rows(sqlx::query(sql::HELD_AT).bind(source_key).bind(canonical_url)).await
    }

    /// The stories of a digest's page: entries whose ids are the page's address with a hash behind it.
    pub async fn held_of_page(&self, source_key: &str, canonical_url: &str) -> Result<Vec<Held>, StoreError> {
        // `$` is the character after `#`.
        let (from, to) = (format!("{canonical_url}#"), format!("{canonical_url}$"));
        self.held_rows(sqlx::query(sql::HELD_BETWEEN).bind(source_key).bind(from).bind(to)).await
    }

    /// How many entries of a source are held.
    pub async fn count_entries(&self, source_key: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar(sql::HELD_COUNT)
            .bind(source_key)
            .fetch_one(&self.readers)
            .await
            .doing("count a source's entries")
    }

    /// What a source's latest entries usually have; `None` when there are none.
    pub async fn usual(&self, source_key: &str) -> Result<Option<Before>, StoreError> {
        let row = sqlx::query(sql::ENTRIES_BEFORE)
            .bind(source_key)
            .bind(USUAL_ENTRIES)
            .fetch_one(&self.readers)
            .await
            .doing("read what a source usually gives")?;
        let count = |i: usize| -> Result<usize, sqlx::Error> {
            Ok(usize::try_from(row.try_get::<i64, _>(i)?).unwrap_or(0))
        };
        let before = || -> Result<Before, sqlx::Error> {
            Ok(Before {
                n_entries: count(0)?,
                n_timed: count(1)?,
                n_bureau: count(2)?,
                n_text: count(3)?,
                newest: row.try_get::<Option<i64>, _>(4)?.map(from_ms),
            })
        };
        before()
            .map(|before| (before.n_entries > 0).then_some(before))
            .doing("read what a source usually gives")
    }

    /// The rows of a source that are kept aside, the newest first, at most `limit`.
    pub async fn aside(&self, source_key: &str, limit: usize) -> Result<Vec<PendingRow>, StoreError> {
        let rows = sqlx::query(sql::PENDING_OF)
            .bind(source_key)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .doing("read rows kept aside")?;
        rows.iter().map(pending).collect()
    }

    async fn held_rows(
        &self,
        query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<Held>, StoreError> {
        let rows = query.fetch_all(&self.readers).await.doing("read entries")?;
        let held = |row| Ok(Held { known: known_entry(row)?, entry: entry(row).doing("read an entry")? });
        rows.iter().map(held).collect()
    }
}

/// Unpacks a document's body; `None` when it is damaged or larger than any that is stored.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let unpacking = zstd::stream::read::Decoder::with_buffer(packed).ok()?;
    let n_bytes = unpacking.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut body).ok()?;
    (n_bytes as u64 <= MAX_DOCUMENT_BYTES).then_some(body)
}
