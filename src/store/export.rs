//! What is held, entry by entry in the order of first sight, as one moment shows it.
//!
//! **Invariant:** however much is held, no more than [`PAGE`] entries are in memory.

use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::{Doing, Store, StoreError, from_ms, read::entry};
use crate::{
    exchange::Provenance,
    model::{AtomId, Entry, Timestamp},
};

/// Entries read at once.
const PAGE: i64 = 50;

/// All of them, for the test that has the database check each.
#[cfg(test)]
pub(super) const ALL: &[(&str, &str)] = &[("EXPORT", EXPORT)];

/// After a place in the order, of a source when one is named, and first seen or changed since a time.
const EXPORT: &str = "SELECT e.id, e.source_key, e.source_entry_id, e.role, e.url, e.title, e.bureau, e.region, e.claimed_ms, \
    e.claimed_precision, e.published_ms, e.publisher_updated_ms, e.language, e.summary, e.content_html, e.content_text, \
    e.enclosures, e.topics, e.rule, e.seen_ms, e.gone_ms, s.atom_id, s.withdrawn_ms, o.name AS source_name, o.url AS source_url \
    FROM entry e JOIN story s ON s.id = e.story_id LEFT JOIN source o ON o.key = e.source_key \
    WHERE (e.seen_ms, e.id) > ($1, $2) AND ($3 IS NULL OR e.source_key = $3) AND e.changed_ms >= $4 \
    ORDER BY e.seen_ms, e.id LIMIT $5 + 0";

/// Which entries are exported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportQuery {
    /// Those of one source.
    pub source_key: Option<String>,
    /// Those that came or changed here since a time.
    pub since: Option<Timestamp>,
}

/// Reads entries page by page, all of one moment: what is written meanwhile is not seen.
#[derive(Debug)]
pub struct Export {
    tx: Transaction<'static, Sqlite>,
    query: ExportQuery,
    /// First sight and row of the last entry read.
    after: (i64, i64),
}

impl Store {
    /// Begins to export.
    pub async fn export(&self, query: ExportQuery) -> Result<Export, StoreError> {
        let tx = self.readers.begin().await.doing("begin to read")?;
        Ok(Export { tx, query, after: (i64::MIN, 0) })
    }
}

impl Export {
    /// The next entries, in the order of first sight; none after the last.
    pub async fn next(&mut self) -> Result<Vec<(Entry, Provenance)>, StoreError> {
        let since = self.query.since.map_or(i64::MIN, Timestamp::as_millisecond);
        let rows = sqlx::query(EXPORT)
            .bind(self.after.0)
            .bind(self.after.1)
            .bind(&self.query.source_key)
            .bind(since)
            .bind(PAGE)
            .fetch_all(&mut *self.tx)
            .await
            .doing("read entries")?;
        if let Some(last) = rows.last() {
            let place = || Ok((last.try_get("seen_ms")?, last.try_get("id")?));
            self.after = place().doing("read an entry")?;
        }
        rows.iter().map(exported).collect::<Result<_, _>>().doing("read an entry")
    }
}

fn exported(row: &SqliteRow) -> Result<(Entry, Provenance), sqlx::Error> {
    let time = |name: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(name)?.map(from_ms));
    let provenance = Provenance {
        story: AtomId(row.try_get("atom_id")?),
        rule: row.try_get("rule")?,
        seen_at: from_ms(row.try_get("seen_ms")?),
        shown_at: from_ms(row.try_get("published_ms")?),
        gone_at: time("gone_ms")?,
        withdrawn_at: time("withdrawn_ms")?,
        source_name: row.try_get("source_name")?,
        source_url: row.try_get("source_url")?,
    };
    Ok((entry(row)?, provenance))
}
