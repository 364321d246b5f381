//! What is needed when a source changes all its ids: what it gave before, further ids of an entry, rows held back.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Batch, Doing, Store, StoreError, from_ms, old::OLD_FAMILIAR, sql::statements};
use crate::{
    dedup::{Familiar, title_key_of},
    model::{CanonicalUrl, Timestamp},
};

/// Entries of a source among which its rows are looked for, the latest; the index has them by their first sight.
const MAX_FAMILIAR: i64 = 5_000;
/// Old entries, of whatever source, that are looked through for its own when it has fewer than that.
const MAX_OLD: i64 = 200_000;

statements! {
    FAMILIAR = "SELECT id, title_key, canonical_url, body_hash, claimed_ms FROM entry WHERE source_key = $1 \
        ORDER BY seen_ms DESC, id DESC LIMIT $2 + 0";
    ALIAS_KEEP = "INSERT INTO alias (source_key, source_entry_id, entry_id, former_url, at_ms) \
        SELECT source_key, $2, id, url, $3 FROM entry WHERE id = $1 ON CONFLICT DO NOTHING";
    ENTRY_READDRESS = "UPDATE entry SET url = $2, canonical_url = $3, row_hash = $4, \
        row = CASE WHEN row IS NULL THEN NULL ELSE $5 END, gone_ms = NULL WHERE id = $1 \
        RETURNING story_id";
    HELD_COUNT = "SELECT count(*) FROM pending WHERE source_key = $1 AND state = 'held'";
    HELD_ACCEPT = "UPDATE pending SET state = 'accepted', next_try_ms = $2 WHERE source_key = $1 AND state = 'held'";
}

/// A further id of an entry, with where it stands under that.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The entry.
    pub entry_id: i64,
    /// The id that its source gives it now.
    pub source_entry_id: String,
    /// Where people read it now.
    pub url: String,
    /// The same for comparing; `None` where several items share an address.
    pub canonical_url: Option<CanonicalUrl>,
    /// Hash of its row.
    pub row_hash: Option<[u8; 32]>,
    /// Its row as JSON, for visiting its article again.
    pub row: Option<String>,
}

impl Store {
    /// The latest entries of a source with what they can be known by, the newest first; each with its story.
    pub async fn familiar(&self, source_key: &str) -> Result<Vec<Familiar<i64>>, StoreError> {
        let rows = sqlx::query(FAMILIAR).bind(source_key).bind(MAX_FAMILIAR).fetch_all(&self.readers).await;
        let rows = rows.doing("read what a source gave before")?;
        let item = |row: &SqliteRow| -> Result<Familiar<i64>, sqlx::Error> {
            let hash: Option<Vec<u8>> = row.try_get(3)?;
            Ok(Familiar {
                what: row.try_get(0)?,
                title_key: row.try_get(1)?,
                canonical_url: row.try_get::<Option<String>, _>(2)?.map(CanonicalUrl::from_stored),
                body_hash: hash.and_then(|hash| hash.try_into().ok()),
                published: row.try_get::<Option<i64>, _>(4)?.map(from_ms),
            })
        };
        let mut found: Vec<Familiar<i64>> =
            rows.iter().map(item).collect::<Result<_, _>>().doing("read what a source gave before")?;
        let left = MAX_FAMILIAR.saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        let query = sqlx::query(OLD_FAMILIAR).bind(source_key).bind(MAX_OLD).bind(left);
        let rows = query.fetch_all(&self.readers).await.doing("read what a source gave long before")?;
        let old: Vec<Familiar<i64>> =
            rows.iter().map(old_familiar).collect::<Result<_, _>>().doing("read an old entry")?;
        found.extend(old);
        Ok(found)
    }

    /// How many rows of a source are held back.
    pub async fn count_held(&self, source_key: &str) -> Result<usize, StoreError> {
        let query = sqlx::query_scalar(HELD_COUNT).bind(source_key);
        let n: i64 = query.fetch_one(&self.readers).await.doing("count rows held back")?;
        Ok(usize::try_from(n).unwrap_or(0))
    }

    /// Lets the rows of a source in that are held back; they are taken at its next visit. Says how many they are.
    pub async fn accept_held(&self, source_key: &str, now: Timestamp) -> Result<u64, StoreError> {
        let query = sqlx::query(HELD_ACCEPT).bind(source_key).bind(now.as_millisecond());
        Ok(query.execute(&self.writer).await.doing("accept rows held back")?.rows_affected())
    }
}

/// An entry of an old story. Its body is no longer known as a whole, and its title's letters are made again.
fn old_familiar(row: &SqliteRow) -> Result<Familiar<i64>, sqlx::Error> {
    let has_address = row.try_get::<Option<i64>, _>("address")?.is_some();
    let url: &str = row.try_get("url")?;
    Ok(Familiar {
        what: row.try_get("id")?,
        title_key: title_key_of(row.try_get("title")?),
        canonical_url: Some(url).filter(|_| has_address).and_then(CanonicalUrl::parse),
        body_hash: None,
        published: row.try_get::<Option<i64>, _>("claimed_ms")?.map(from_ms),
    })
}

impl Batch {
    /// Gives an entry a further id and the address under which its source has it now. Readers see another link, and
    /// nothing that would be news.
    pub async fn attach(&mut self, attached: &Attached, at: Timestamp) -> Result<(), StoreError> {
        let alias = sqlx::query(ALIAS_KEEP)
            .bind(attached.entry_id)
            .bind(&attached.source_entry_id)
            .bind(at.as_millisecond());
        self.run(alias, "give an entry a further id").await?;
        let story: Option<i64> = sqlx::query_scalar(ENTRY_READDRESS)
            .bind(attached.entry_id)
            .bind(&attached.url)
            .bind(attached.canonical_url.as_ref().map(CanonicalUrl::as_str))
            .bind(attached.row_hash.as_ref().map(<[u8; 32]>::as_slice))
            .bind(&attached.row)
            .fetch_optional(&mut *self.tx)
            .await
            .doing("give an entry its new address")?;
        match story {
            Some(story) => self.visible(story),
            // Of an old story readers see nothing.
            None => self.attach_old(attached).await?,
        }
        Ok(())
    }
}
