//! Every story that ever was, one after the other: what a whole site is made of.

use sqlx::{Row, sqlite::SqliteRow};

use super::{Doing, Store, StoreError, sql::statements};

/// Stories read at once.
const PAGE: i64 = 1_000;

statements! {
    STORY_NAMES = "SELECT id, seq, short_id FROM story WHERE id > $1 ORDER BY id LIMIT $2 + 0";
}

/// A story's name, and when it last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryName {
    /// The story.
    pub id: i64,
    /// The feed's count of changes when readers last saw it change.
    pub seq: i64,
    /// Its short name.
    pub short: String,
}

impl Store {
    /// The next stories after one, withdrawn ones counted, in the order of their arrival; none after the last.
    pub async fn story_names(&self, after: i64) -> Result<Vec<StoryName>, StoreError> {
        let name = |row: SqliteRow| {
            Ok(StoryName {
                id: row.try_get("id")?,
                seq: row.try_get("seq")?,
                short: row.try_get("short_id")?,
            })
        };
        let names = sqlx::query(STORY_NAMES).bind(after).bind(PAGE).try_map(name);
        names.fetch_all(&self.readers).await.doing("list the stories")
    }
}
