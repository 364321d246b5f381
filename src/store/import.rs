//! What taking in entries from files asks of the store beside the ordinary way of an entry.

use sqlx::Row;

use super::{Batch, Doing, Store, StoreError, from_ms};
use crate::model::{AtomId, Timestamp};

/// All of them, for the test that has the database check each.
#[cfg(test)]
pub(super) const ALL: &[(&str, &str)] = &[
    ("SOURCE_KNOWN", SOURCE_KNOWN),
    ("STORY_UNDER", STORY_UNDER),
    ("STORY_IMPORT", STORY_IMPORT),
    ("STORY_IMPORTED", STORY_IMPORTED),
    ("STORY_PLACE", STORY_PLACE),
];

const SOURCE_KNOWN: &str = "SELECT name, url FROM source WHERE key = $1";
/// A story that turned out to be an older one answers with that.
const STORY_UNDER: &str = "WITH RECURSIVE up (id, older) AS (SELECT id, merged_into FROM story WHERE atom_id = $1 \
    UNION SELECT s.id, s.merged_into FROM up JOIN story s ON s.id = up.older) SELECT id FROM up WHERE older IS NULL";
const STORY_IMPORT: &str = "SELECT import_ms FROM story WHERE id = $1";
const STORY_IMPORTED: &str = "UPDATE story SET import_ms = $2 WHERE id = $1";
const STORY_PLACE: &str = "SELECT changed_ms FROM story WHERE id = $1";

impl Store {
    /// Name and address of a source that has entries here.
    pub async fn source_known(&self, key: &str) -> Result<Option<(String, String)>, StoreError> {
        sqlx::query_as(SOURCE_KNOWN).bind(key).fetch_optional(&self.readers).await.doing("look up a source")
    }
}

impl Batch {
    /// The story that an Atom id names, or the older one that it became.
    pub async fn story_under(&mut self, id: &AtomId) -> Result<Option<i64>, StoreError> {
        let found = sqlx::query_scalar(STORY_UNDER).bind(&id.0).fetch_optional(self.seeing().await?).await;
        found.doing("look up a story")
    }

    /// A story's place in the feed's window.
    pub async fn place_of(&mut self, story_id: i64) -> Result<Timestamp, StoreError> {
        let place = sqlx::query_scalar(STORY_PLACE).bind(story_id).fetch_one(self.seeing().await?).await;
        Ok(from_ms(place.doing("read a story's place")?))
    }

    /// When the import began that gave a story its id; `None` for stories of our own making.
    pub async fn import_of(&mut self, story_id: i64) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(STORY_IMPORT).bind(story_id).fetch_optional(self.seeing().await?).await;
        let began = row.and_then(|row| row.map_or(Ok(None), |row| row.try_get::<Option<i64>, _>(0)));
        Ok(began.doing("read where a story comes from")?.map(from_ms))
    }

    /// Notes which import gave a story its id, by the time when it began.
    pub async fn keep_import(&mut self, story_id: i64, began_at: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query(STORY_IMPORTED).bind(story_id).bind(began_at.as_millisecond());
        self.run(query, "note where a story comes from").await
    }
}
