//! Where a story or a copy of one is found, and all that is known of how its entries came together.

use std::collections::HashMap;

use sqlx::{Row, sqlite::SqliteRow};

use super::{Doing, Ruling, Store, StoreError, from_ms, json_list, rulings::ruling, sql::statements};
use crate::model::{AtomId, CanonicalUrl, Precision, Published, RelatedStory, Role, Timestamp};

/// Merges followed from a story to the one that goes on. Each leads to an older story, so that there is no circle.
const MAX_MERGES: usize = 64;
/// Hits of one address, at most.
const MAX_HITS: i64 = 50;
/// Other stories named beside one, at most.
const MAX_RELATED: i64 = 16;

statements! {
    STORY_BY_NAME = "SELECT id, atom_id, withdrawn_ms, merged_into FROM story WHERE atom_id = $1 OR short_id = $1 \
        ORDER BY atom_id <> $1, id LIMIT 1";
    STORY_BY_ID = "SELECT id, atom_id, withdrawn_ms, merged_into FROM story WHERE id = $1";
    ENTRY_BY_ID = "SELECT id, story_id FROM entry WHERE id = $1";
    ENTRIES_AT = "SELECT id, story_id FROM entry WHERE canonical_url = $1 ORDER BY id LIMIT $2 + 0";
    // The stories of a digest's page: ids that are the page's address with a hash behind it.
    ENTRIES_OF_PAGE = "SELECT id, story_id, url FROM entry WHERE source_key IN (SELECT key FROM source) \
        AND source_entry_id >= $1 AND source_entry_id < $2 ORDER BY id LIMIT $3 + 0";
    ACCOUNT_STORY = "SELECT atom_id, canonical_id, published_ms, precision, updated_ms, first_ms, withdrawn_ms FROM story WHERE id = $1";
    ACCOUNT_ENTRIES = "SELECT e.id, e.source_key, o.name AS source_name, e.source_entry_id, e.role, e.title, e.url, e.bureau, \
        e.region, e.claimed_ms, e.claimed_precision, length(e.content_text) AS n_chars, e.seen_ms, e.gone_ms, e.rule, e.evidence \
        FROM entry e LEFT JOIN source o ON o.key = e.source_key WHERE e.story_id = $1 ORDER BY e.id";
    ACCOUNT_MOVED = "SELECT m.entry_id, f.atom_id, m.cause, m.by_entry, m.ruling_id, m.at_ms FROM moved m \
        JOIN entry e ON e.id = m.entry_id JOIN story f ON f.id = m.from_story \
        WHERE e.story_id = $1 AND m.into_story = $1 ORDER BY m.id";
    // Other names: stories that ended in this one, directly or through others.
    ACCOUNT_ALIASES = "WITH RECURSIVE ended(id, depth) AS (SELECT id, 1 FROM story WHERE merged_into = $1 \
        UNION SELECT s.id, depth + 1 FROM ended e JOIN story s ON s.merged_into = e.id WHERE depth < 64) \
        SELECT atom_id, withdrawn_ms FROM story WHERE id IN (SELECT id FROM ended) ORDER BY id";
    ACCOUNT_RULINGS = "SELECT DISTINCT r.id, r.kind, r.from_story, r.into_story, r.why, r.at_ms, r.undone_ms, \
        f.atom_id, i.atom_id FROM ruling r LEFT JOIN story f ON f.id = r.from_story LEFT JOIN story i ON i.id = r.into_story \
        WHERE r.from_story = $1 OR r.into_story = $1 OR r.id IN (SELECT p.ruling_id FROM entry e JOIN ruled p \
        ON p.entry_a = e.id OR p.entry_b = e.id WHERE e.story_id = $1) ORDER BY r.id";
    ACCOUNT_RELATED = "SELECT s.atom_id, e.title, e.url, r.likeness FROM (SELECT other_id AS id, likeness FROM related \
        WHERE story_id = $1 UNION SELECT story_id, likeness FROM related WHERE other_id = $1) r \
        JOIN story s ON s.id = r.id JOIN entry e ON e.id = s.canonical_id WHERE s.withdrawn_ms IS NULL \
        ORDER BY r.likeness DESC, s.id LIMIT $2 + 0";
    RELATED_OF = "SELECT r.story_id, s.atom_id, e.title, e.url FROM related r JOIN story s ON s.id = r.other_id \
        JOIN entry e ON e.id = s.canonical_id WHERE r.story_id IN (SELECT value FROM json_each($1)) \
        AND s.withdrawn_ms IS NULL ORDER BY r.story_id, r.likeness DESC, s.id";
    ENTRIES_NAMED = "SELECT e.id, e.source_key, e.title, e.url, s.atom_id FROM entry e JOIN story s ON s.id = e.story_id \
        WHERE e.id IN (SELECT value FROM json_each($1))";
}

/// What has become of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Readers can see it.
    Live,
    /// It turned out to be an older story, which goes on.
    Merged {
        /// That story's row.
        into: i64,
        /// Its id.
        atom_id: AtomId,
        /// Whether that story was withdrawn.
        is_withdrawn: bool,
    },
    /// It was withdrawn.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

/// A story that was asked for by a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundStory {
    /// Its row.
    pub id: i64,
    /// Its id.
    pub atom_id: AtomId,
    /// What has become of it.
    pub standing: Standing,
}

impl FoundStory {
    /// The row of the story that goes on under this name.
    pub fn lives_as(&self) -> i64 {
        match self.standing {
            Standing::Merged { into, .. } => into,
            Standing::Live | Standing::Withdrawn { .. } => self.id,
        }
    }
}

/// An entry and its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPlace {
    /// The entry.
    pub entry_id: i64,
    /// Its story.
    pub story_id: i64,
}

/// An entry by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryName {
    /// Its row.
    pub id: i64,
    /// Key of its source.
    pub source_key: String,
    /// Title.
    pub title: String,
    /// Where people read it.
    pub url: String,
    /// Its story.
    pub atom_id: AtomId,
}

/// An entry of a story, with what speaks for and against its place there.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryAccount {
    /// Its row.
    pub id: i64,
    /// Key of its source.
    pub source_key: String,
    /// Name of its source.
    pub source_name: String,
    /// Its id there.
    pub source_entry_id: String,
    /// How close the source stands to the bureau.
    pub role: Role,
    /// Title.
    pub title: String,
    /// Where people read it.
    pub url: String,
    /// Who said it.
    pub bureau: Option<String>,
    /// ISO 3166-2 code.
    pub region: Option<String>,
    /// The publisher's time.
    pub published: Option<Published>,
    /// Length of its text in characters.
    pub n_chars: i64,
    /// First sight.
    pub seen_at: Timestamp,
    /// Since when its source says that it no longer exists.
    pub gone_at: Option<Timestamp>,
    /// What joined it to its story.
    pub rule: String,
    /// What was seen at its arrival, as JSON.
    pub evidence: Option<String>,
}

/// An entry that came here from another story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveAccount {
    /// The entry.
    pub entry_id: i64,
    /// The story in which it stood.
    pub from: AtomId,
    /// `arrival`, `ruling` or `replay`.
    pub cause: String,
    /// The entry whose arrival showed that the two stories are one.
    pub by_entry: Option<i64>,
    /// The ruling.
    pub ruling_id: Option<i64>,
    /// When.
    pub at: Timestamp,
}

/// A ruling with the names of its stories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulingAccount {
    /// The ruling.
    pub ruling: Ruling,
    /// The story that was left, or that ended.
    pub from: Option<AtomId>,
    /// The story that was opened, or that goes on.
    pub into: Option<AtomId>,
}

/// A story that is near and yet another.
#[derive(Debug, Clone, PartialEq)]
pub struct RelatedAccount {
    /// Its id.
    pub atom_id: AtomId,
    /// Its title.
    pub title: String,
    /// Where people read it.
    pub url: String,
    /// Containment, 0 to 1.
    pub likeness: f64,
}

/// All that is known of how a story's entries came together.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryAccount {
    /// Its row.
    pub id: i64,
    /// Its id.
    pub atom_id: AtomId,
    /// The entry that readers get.
    pub canonical_id: i64,
    /// Its time as shown.
    pub published: Published,
    /// When what readers see last changed.
    pub updated_at: Timestamp,
    /// When it was first published here.
    pub first_at: Timestamp,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// Its entries, the oldest first.
    pub entries: Vec<EntryAccount>,
    /// Those that came from other stories, in the order in which they came.
    pub moves: Vec<MoveAccount>,
    /// Ids of stories that ended in this one, and when.
    pub aliases: Vec<(AtomId, Option<Timestamp>)>,
    /// Rulings about it, those taken back included.
    pub rulings: Vec<RulingAccount>,
    /// Stories near to it.
    pub related: Vec<RelatedAccount>,
}

impl Store {
    /// The story with an Atom id or a short name; a merged one with the story that goes on.
    pub async fn story_by(&self, name: &str) -> Result<Option<FoundStory>, StoreError> {
        let row = sqlx::query(STORY_BY_NAME).bind(name).fetch_optional(&self.readers).await;
        let Some(row) = row.doing("look up a story")? else { return Ok(None) };
        let (id, atom_id, withdrawn_at, mut merged_into) = named(&row).doing("read a story")?;
        let mut standing = withdrawn_at.map_or(Standing::Live, |at| Standing::Withdrawn { at });
        for _ in 0..MAX_MERGES {
            let Some(into) = merged_into else { break };
            let row = sqlx::query(STORY_BY_ID).bind(into).fetch_optional(&self.readers).await;
            let Some(row) = row.doing("look up a story")? else { break };
            let (into, atom_id, withdrawn_at, next) = named(&row).doing("read a story")?;
            standing = Standing::Merged { into, atom_id, is_withdrawn: withdrawn_at.is_some() };
            merged_into = next;
        }
        Ok(Some(FoundStory { id, atom_id, standing }))
    }

    /// The story that goes on under the row of one that may have been merged.
    pub async fn survivor(&self, story_id: i64) -> Result<i64, StoreError> {
        let mut story = story_id;
        for _ in 0..MAX_MERGES {
            let row = sqlx::query(STORY_BY_ID).bind(story).fetch_optional(&self.readers).await;
            let Some(row) = row.doing("look up a story")? else { break };
            match named(&row).doing("read a story")? {
                (.., Some(into)) => story = into,
                (.., None) => break,
            }
        }
        Ok(story)
    }

    /// An entry by its number.
    pub async fn entry_place(&self, entry_id: i64) -> Result<Option<EntryPlace>, StoreError> {
        let row = sqlx::query(ENTRY_BY_ID).bind(entry_id).fetch_optional(&self.readers).await;
        row.doing("look up an entry")?.as_ref().map(place).transpose().doing("read an entry")
    }

    /// The entries at an address, compared canonically. Of a digest's page all its stories, unless the address names
    /// one of them.
    pub async fn entries_at(&self, url: &str) -> Result<Vec<EntryPlace>, StoreError> {
        let Some(canonical) = CanonicalUrl::parse(url) else { return Ok(Vec::new()) };
        let canonical = canonical.as_str();
        let rows = sqlx::query(ENTRIES_AT).bind(canonical).bind(MAX_HITS).fetch_all(&self.readers).await;
        let rows = rows.doing("look up an address")?;
        let mut found: Vec<EntryPlace> =
            rows.iter().map(place).collect::<Result<_, _>>().doing("read an entry")?;
        // `$` is the character after `#`.
        let query = sqlx::query(ENTRIES_OF_PAGE).bind(format!("{canonical}#")).bind(format!("{canonical}$"));
        let rows = query.bind(MAX_HITS).fetch_all(&self.readers).await.doing("look up a digest's page")?;
        let is_named = |row: &&SqliteRow| row.try_get::<&str, _>(2).is_ok_and(|known| known == url);
        let one = rows.iter().find(is_named);
        let of_page: Vec<&SqliteRow> = one.map_or_else(|| rows.iter().collect(), |row| vec![row]);
        let of_page: Vec<EntryPlace> =
            of_page.into_iter().map(place).collect::<Result<_, _>>().doing("read an entry")?;
        found.extend(of_page);
        Ok(found)
    }

    /// The names of entries, in no order; those let go of are left out.
    pub async fn entry_names(&self, ids: &[i64]) -> Result<Vec<EntryName>, StoreError> {
        let query = sqlx::query(ENTRIES_NAMED).bind(json_list(ids.iter().copied()));
        let rows = query.fetch_all(&self.readers).await.doing("read entries")?;
        let name = |row: &SqliteRow| -> Result<EntryName, sqlx::Error> {
            Ok(EntryName {
                id: row.try_get(0)?,
                source_key: row.try_get(1)?,
                title: row.try_get(2)?,
                url: row.try_get(3)?,
                atom_id: AtomId(row.try_get(4)?),
            })
        };
        rows.iter().map(name).collect::<Result<_, _>>().doing("read an entry")
    }

    /// The older stories near to each of these, the nearest first.
    pub(super) async fn related(&self, ids: &[i64]) -> Result<HashMap<i64, Vec<RelatedStory>>, StoreError> {
        let query = sqlx::query(RELATED_OF).bind(json_list(ids.iter().copied()));
        let rows = query.fetch_all(&self.readers).await.doing("read related stories")?;
        let mut related: HashMap<i64, Vec<RelatedStory>> = HashMap::new();
        let near = |row: &SqliteRow| -> Result<(i64, RelatedStory), sqlx::Error> {
            let (atom_id, title, url) = (AtomId(row.try_get(1)?), row.try_get(2)?, row.try_get(3)?);
            Ok((row.try_get(0)?, RelatedStory { atom_id, title, url }))
        };
        for row in &rows {
            let (id, other) = near(row).doing("read a related story")?;
            related.entry(id).or_default().push(other);
        }
        Ok(related)
    }

    /// All that is known of how a story's entries came together.
    pub async fn account(&self, story_id: i64) -> Result<Option<StoryAccount>, StoreError> {
        let row = sqlx::query(ACCOUNT_STORY).bind(story_id).fetch_optional(&self.readers).await;
        let Some(row) = row.doing("read a story")? else { return Ok(None) };
        let mut account = story(story_id, &row).doing("read a story")?;
        account.entries = self.rows(ACCOUNT_ENTRIES, story_id, entry).await?;
        account.moves = self.rows(ACCOUNT_MOVED, story_id, moved).await?;
        account.aliases = self.rows(ACCOUNT_ALIASES, story_id, alias).await?;
        account.rulings = self.rows(ACCOUNT_RULINGS, story_id, ruled).await?;
        let related = sqlx::query(ACCOUNT_RELATED).bind(story_id).bind(MAX_RELATED);
        let related = related.try_map(|row| near(&row)).fetch_all(&self.readers).await;
        account.related = related.doing("read related stories")?;
        Ok(Some(account))
    }

    async fn rows<T: Send + Unpin>(
        &self,
        statement: &'static str,
        story_id: i64,
        read: fn(&SqliteRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let query = sqlx::query(statement).bind(story_id).try_map(|row| read(&row));
        query.fetch_all(&self.readers).await.doing("read what is known of a story")
    }
}

type Named = (i64, AtomId, Option<Timestamp>, Option<i64>);

fn named(row: &SqliteRow) -> Result<Named, sqlx::Error> {
    let withdrawn_at = row.try_get::<Option<i64>, _>(2)?.map(from_ms);
    Ok((row.try_get(0)?, AtomId(row.try_get(1)?), withdrawn_at, row.try_get(3)?))
}

fn place(row: &SqliteRow) -> Result<EntryPlace, sqlx::Error> {
    Ok(EntryPlace { entry_id: row.try_get(0)?, story_id: row.try_get(1)? })
}

fn story(id: i64, row: &SqliteRow) -> Result<StoryAccount, sqlx::Error> {
    Ok(StoryAccount {
        id,
        atom_id: AtomId(row.try_get(0)?),
        canonical_id: row.try_get(1)?,
        published: Published {
            at: from_ms(row.try_get(2)?),
            precision: Precision::from_name(row.try_get(3)?),
        },
        updated_at: from_ms(row.try_get(4)?),
        first_at: from_ms(row.try_get(5)?),
        withdrawn_at: row.try_get::<Option<i64>, _>(6)?.map(from_ms),
        entries: Vec::new(),
        moves: Vec::new(),
        aliases: Vec::new(),
        rulings: Vec::new(),
        related: Vec::new(),
    })
}

fn entry(row: &SqliteRow) -> Result<EntryAccount, sqlx::Error> {
    let source_key: String = row.try_get("source_key")?;
    let claimed: Option<i64> = row.try_get("claimed_ms")?;
    let precision: Option<String> = row.try_get("claimed_precision")?;
    let precision = Precision::from_name(precision.as_deref().unwrap_or_default());
    Ok(EntryAccount {
        id: row.try_get("id")?,
        source_name: row.try_get::<Option<String>, _>("source_name")?.unwrap_or_else(|| source_key.clone()),
        source_key,
        source_entry_id: row.try_get("source_entry_id")?,
        role: Role::from_name(row.try_get("role")?),
        title: row.try_get("title")?,
        url: row.try_get("url")?,
        bureau: row.try_get("bureau")?,
        region: row.try_get("region")?,
        published: claimed.map(|ms| Published { at: from_ms(ms), precision }),
        n_chars: row.try_get("n_chars")?,
        seen_at: from_ms(row.try_get("seen_ms")?),
        gone_at: row.try_get::<Option<i64>, _>("gone_ms")?.map(from_ms),
        rule: row.try_get("rule")?,
        evidence: row.try_get("evidence")?,
    })
}

fn moved(row: &SqliteRow) -> Result<MoveAccount, sqlx::Error> {
    Ok(MoveAccount {
        entry_id: row.try_get(0)?,
        from: AtomId(row.try_get(1)?),
        cause: row.try_get(2)?,
        by_entry: row.try_get(3)?,
        ruling_id: row.try_get(4)?,
        at: from_ms(row.try_get(5)?),
    })
}

fn alias(row: &SqliteRow) -> Result<(AtomId, Option<Timestamp>), sqlx::Error> {
    Ok((AtomId(row.try_get(0)?), row.try_get::<Option<i64>, _>(1)?.map(from_ms)))
}

fn ruled(row: &SqliteRow) -> Result<RulingAccount, sqlx::Error> {
    let name = |column| -> Result<Option<AtomId>, sqlx::Error> {
        Ok(row.try_get::<Option<String>, _>(column)?.map(AtomId))
    };
    Ok(RulingAccount { ruling: ruling(row)?, from: name(7)?, into: name(8)? })
}

fn near(row: &SqliteRow) -> Result<RelatedAccount, sqlx::Error> {
    Ok(RelatedAccount {
        atom_id: AtomId(row.try_get(0)?),
        title: row.try_get(1)?,
        url: row.try_get(2)?,
        likeness: row.try_get(3)?,
    })
}
