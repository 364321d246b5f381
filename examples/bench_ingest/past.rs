//! The past of a large store: what lies long before the window is never decided upon again, so it is not made entry by entry.
//! The rows of a first block stand there again and again, with other numbers, times, ids, addresses, titles and texts as they
//! are known by. They have no features, as if tidied; the search knows nothing of them.

use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};

use crate::{Result, made::Spread, store};

/// Entries of the first block.
pub const BLOCK: u64 = 20_000;

/// `$1`: how often a block was repeated; `$2`, `$3`: the numbers of its entries and stories; `$4`: its days in milliseconds;
/// `$5`: the changes counted in it.
const STORIES: &str = "INSERT INTO story (id, atom_id, canonical_id, published_ms, precision, updated_ms, changed_ms, first_ms, \
    withdrawn_ms, merged_into, seq, short_id, region, topics, opened_by) \
    SELECT id + $1 * $3, atom_id || '-' || $1, canonical_id + $1 * $2, published_ms + $1 * $4, precision, updated_ms + $1 * $4, \
    changed_ms + $1 * $4, first_ms + $1 * $4, withdrawn_ms + $1 * $4, merged_into + $1 * $3, seq + $1 * $5, \
    lower(hex(randomblob(8))), region, topics, opened_by + $1 * $2 FROM story WHERE id <= $3";
const ENTRIES: &str = "INSERT INTO entry (id, source_key, source_entry_id, story_id, rule, role, url, canonical_url, title, title_key, \
    bureau, region, claimed_ms, claimed_precision, published_ms, language, content_html, content_text, enclosures, body_hash, \
    evidence, fingerprint, seen_ms, changed_ms, topics) \
    SELECT id + $1 * $2, source_key, source_entry_id || '-' || $1, story_id + $1 * $3, rule, role, url || '?' || $1, \
    canonical_url || '?' || $1, title, title_key || $1, bureau, region, claimed_ms + $1 * $4, claimed_precision, published_ms + $1 * $4, \
    language, content_html, content_text, enclosures, iif(body_hash IS NULL, NULL, randomblob(32)), evidence, fingerprint, \
    seen_ms + $1 * $4, changed_ms + $1 * $4, topics FROM entry WHERE id <= $2";
const LABELS: &str = "INSERT INTO label (label, changed_ms, story_id) \
    SELECT label, changed_ms + $1 * $4, story_id + $1 * $3 FROM label WHERE story_id <= $3";
const FEED: &str = "UPDATE feed SET change_seq = $5 * ($1 + 1) WHERE id = 1";
const SEARCH: &str = "UPDATE search SET seq = $5 * ($1 + 1) WHERE id = 1";
const BLOCK_OF: &str =
    "SELECT (SELECT max(id) FROM entry), (SELECT max(id) FROM story), (SELECT change_seq FROM feed)";

/// Repeats the first block of a store until it holds so many entries.
pub async fn repeat(folder: &std::path::Path, n_entries: u64) -> Result<()> {
    let url = format!("sqlite:{}", store::path(folder).display());
    let pool: SqlitePool = SqlitePoolOptions::new().max_connections(1).connect(&url).await?;
    let (entries, stories, changes): (i64, i64, i64) = sqlx::query_as(BLOCK_OF).fetch_one(&pool).await?;
    let days_ms = i64::try_from(BLOCK * Spread::MS_OF_DAY / Spread::A_DAY)?;
    for n in 1..i64::try_from(n_entries / BLOCK)? {
        let mut tx = pool.begin().await?;
        for statement in [STORIES, ENTRIES, LABELS, FEED, SEARCH] {
            let query =
                sqlx::query(statement).bind(n).bind(entries).bind(stories).bind(days_ms).bind(changes);
            query.execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    pool.close().await;
    Ok(())
}
