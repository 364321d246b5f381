//! What is kept of old stories for ever, and how a new entry is known to tell one of them again.
//!
//! Of a story whose texts were let go of stay its id and what its entries are known by ([`KnownBy`]). A story that is
//! outside the window but still whole is found by the same: address and text as wholes, by index.
//!
//! **Invariant:** an id that was given once stays taken.

use std::collections::HashMap;

use sqlx::{Row, Sqlite, SqliteExecutor, sqlite::SqliteRow};

use super::{
    Absence, Absent, Attached, Batch, Doing, KnownEntry, Store, StoreError, from_ms, json_list,
    sql::statements,
};
use crate::{
    dedup::{Features, Former, KnownBy, address_of, name_of, story_of},
    model::{AtomId, CanonicalUrl, Entry, Published, Region, Timestamp},
};

/// Stored entries of one address or one text that are looked at for a new one: pages that many entries share tell nothing.
const MAX_SHARING: i64 = 40;
/// Hexadecimal digits of a short name.
const SHORT_DIGITS: usize = 16;

statements! {
    OLD_KNOWN = "SELECT k.key, o.id, o.story_id, o.url, o.seen_ms FROM json_each($1) k JOIN old_entry o ON o.name = k.value \
        WHERE o.source_key = $2";
    // $1: of each new entry its address `u` and `a`, its title `t` and `h`, its body `b` and `l`, as text and as 64 bits.
    FORMERS = "SELECT k.key, e.id, e.story_id, 0 AS is_old, coalesce(e.canonical_url = k.value ->> 'u', 0) AS same_address, \
        coalesce(e.title_key = k.value ->> 't', 0) AS same_title, coalesce(e.body_hash = unhex(k.value ->> 'b'), 0) AS same_body, \
        e.region FROM json_each($1) k JOIN entry e ON e.id IN ( \
        SELECT id FROM (SELECT id FROM entry WHERE canonical_url = k.value ->> 'u' ORDER BY id DESC LIMIT $3 + 0) UNION \
        SELECT id FROM (SELECT id FROM entry WHERE body_hash = unhex(k.value ->> 'b') ORDER BY id DESC LIMIT $3 + 0)) \
        WHERE e.seen_ms <= $2 \
        UNION ALL SELECT k.key, o.id, o.story_id, 1, coalesce(o.address = k.value ->> 'a', 0), \
        coalesce(o.title_hash = k.value ->> 'h', 0), coalesce(o.body = k.value ->> 'l', 0), o.region \
        FROM json_each($1) k JOIN old_entry o ON o.id IN ( \
        SELECT id FROM (SELECT id FROM old_entry WHERE address = k.value ->> 'a' ORDER BY id DESC LIMIT $3 + 0) UNION \
        SELECT id FROM (SELECT id FROM old_entry WHERE body = k.value ->> 'l' ORDER BY id DESC LIMIT $3 + 0)) \
        WHERE o.seen_ms <= $2";
    OLD_ENTRY_KEEP = "INSERT INTO old_entry (id, story_id, source_key, name, url, address, title, title_hash, body, region, \
        claimed_ms, seen_ms) SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
        value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11 FROM json_each($1)";
    // Another id and address of one.
    OLD_ENTRY_ALIAS = "INSERT INTO old_entry (id, story_id, source_key, name, url, address, title, title_hash, body, region, \
        claimed_ms, seen_ms) SELECT $2, story_id, source_key, $3, $4, $5, title, title_hash, body, region, claimed_ms, seen_ms \
        FROM old_entry WHERE id = $1";
    OLD_SOURCE = "SELECT source_key FROM old_entry WHERE id = $1";
    OLD_IDS = "SELECT id, atom_id FROM old_story WHERE short IN (SELECT value FROM json_each($1))";
    // A story that had turned out to be another answers with that one's title and address.
    OLD_STORY = "WITH RECURSIVE up (id, older) AS (SELECT id, merged_into FROM old_story WHERE id = $1 \
        UNION SELECT s.id, s.merged_into FROM up JOIN old_story s ON s.id = up.older) \
        SELECT s.atom_id, s.published_ms, s.emptied_ms, e.title, e.url FROM up JOIN old_story s ON s.id = up.id \
        LEFT JOIN old_entry e ON e.id = s.canonical_id ORDER BY up.id LIMIT 1";
    OLD_AT = "SELECT DISTINCT story_id FROM old_entry WHERE address = $1 ORDER BY story_id LIMIT $2 + 0";
    // The latest entries of all sources are looked through for those of one.
    OLD_FAMILIAR = "SELECT id, title, url, address, claimed_ms FROM old_entry \
        WHERE id > (SELECT coalesce(max(id), 0) FROM old_entry) - $2 AND source_key = $1 ORDER BY id DESC LIMIT $3 + 0";
}

/// A story whose texts were let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldStory {
    /// Its id.
    pub atom_id: AtomId,
    /// Its time of publication.
    pub published_at: Timestamp,
    /// When its texts left.
    pub emptied_at: Timestamp,
    /// The title that readers got.
    pub title: Option<String>,
    /// Where people read it.
    pub url: Option<String>,
}

impl From<OldStory> for Absent {
    fn from(old: OldStory) -> Self {
        Self { atom_id: old.atom_id, why: Absence::Expired, at: old.emptied_at, merged_into: None }
    }
}

/// What is kept of an entry, as it is written.
pub(super) struct OldEntry<'a> {
    pub(super) id: i64,
    pub(super) story_id: i64,
    pub(super) source_key: &'a str,
    pub(super) known_by: KnownBy,
    pub(super) url: &'a str,
    pub(super) title: &'a str,
    pub(super) region: Option<&'a str>,
    pub(super) claimed_ms: Option<i64>,
    pub(super) seen_ms: i64,
}

impl OldEntry<'_> {
    pub(super) fn row(&self) -> serde_json::Value {
        let KnownBy { name, address, title, body } = self.known_by;
        serde_json::json!([
            self.id,
            self.story_id,
            self.source_key,
            name,
            self.url,
            address,
            self.title,
            title,
            body,
            self.region,
            self.claimed_ms,
            self.seen_ms
        ])
    }
}

impl Batch {
    /// Stored tellings that have address or text of each of these entries and were seen by a time.
    pub async fn formers(
        &mut self,
        entries: &[&Features],
        seen_by: Timestamp,
    ) -> Result<Vec<Vec<Former>>, StoreError> {
        let mut found = vec![Vec::new(); entries.len()];
        let keys = entries.iter().map(|entry| {
            let known_by = KnownBy::of(entry);
            serde_json::json!({
                "u": entry.canonical_url.as_ref().map(CanonicalUrl::as_str), "a": known_by.address,
                "t": Some(&entry.title_key).filter(|key| !key.is_empty()), "h": known_by.title,
                "b": entry.body_hash.map(|hash| blake3::Hash::from_bytes(hash).to_hex().to_string()), "l": known_by.body,
            })
        });
        let query =
            sqlx::query(FORMERS).bind(json_list(keys)).bind(seen_by.as_millisecond()).bind(MAX_SHARING);
        let rows = query.fetch_all(self.seeing().await?).await.doing("look for old stories")?;
        for row in &rows {
            let (n, former) = former(row).doing("read an old story's entry")?;
            if let Some(of_entry) = usize::try_from(n).ok().and_then(|n| found.get_mut(n)) {
                of_entry.push(former);
            }
        }
        Ok(found)
    }

    /// Keeps what an entry is known by that tells an old story again; nobody sees it.
    pub async fn keep_old(
        &mut self,
        entry: &Entry,
        features: &Features,
        story_id: i64,
        seen_at: Timestamp,
    ) -> Result<(), StoreError> {
        let id = self.next_entry().await?;
        let old = OldEntry {
            id,
            story_id,
            source_key: entry.source.as_str(),
            known_by: KnownBy::of(features),
            url: &entry.url,
            title: &entry.title,
            region: entry.region.as_ref().map(Region::as_str),
            claimed_ms: entry.published.map(|claim: Published| claim.at.as_millisecond()),
            seen_ms: seen_at.as_millisecond(),
        };
        self.keep_old_entries(&[old]).await
    }

    pub(super) async fn keep_old_entries(&mut self, entries: &[OldEntry<'_>]) -> Result<(), StoreError> {
        self.near.notes_old();
        let rows = json_list(entries.iter().map(OldEntry::row));
        self.run(sqlx::query(OLD_ENTRY_KEEP).bind(rows), "keep what an entry is known by").await
    }

    /// Gives an entry of an old story a further id, and the address under which its source has it now.
    pub(super) async fn attach_old(&mut self, attached: &Attached) -> Result<(), StoreError> {
        let source: String = sqlx::query_scalar(OLD_SOURCE)
            .bind(attached.entry_id)
            .fetch_one(&mut *self.tx)
            .await
            .doing("read an old entry")?;
        let id = self.next_entry().await?;
        let name = name_of(&source, &attached.source_entry_id);
        let address = attached.canonical_url.as_ref().map(|url| address_of(url.as_str()));
        let query = sqlx::query(OLD_ENTRY_ALIAS).bind(attached.entry_id).bind(id).bind(name);
        self.run(query.bind(&attached.url).bind(address), "give an old entry a further id").await
    }

    /// The story of an id of which only what it is known by is left.
    pub async fn old_story_under(&mut self, id: &AtomId) -> Result<Option<i64>, StoreError> {
        let named = self.old_under(std::slice::from_ref(&id.0)).await?;
        Ok(named.into_iter().next().map(|(story_id, _)| story_id))
    }

    /// Which of these ids old stories have.
    pub(super) async fn old_under(&mut self, ids: &[String]) -> Result<Vec<(i64, String)>, StoreError> {
        if !self.has_old().await? {
            return Ok(Vec::new());
        }
        let mut found = old_under(&mut *self.tx, ids).await?;
        found.retain(|(_, atom_id)| ids.contains(atom_id));
        Ok(found)
    }

    /// Adds those of a source's ids that only old entries have.
    pub(super) async fn add_old(
        &mut self,
        source_key: &str,
        ids: &[&str],
        known: &mut HashMap<String, KnownEntry>,
    ) -> Result<(), StoreError> {
        let unknown: Vec<&str> = ids.iter().copied().filter(|id| !known.contains_key(*id)).collect();
        if !unknown.is_empty() && self.has_old().await? {
            known.extend(old_known(&mut *self.tx, source_key, &unknown).await?);
        }
        Ok(())
    }
}

impl Store {
    /// A story whose texts were let go of, by its short name or its id.
    pub async fn old_story(&self, name: &str) -> Result<Option<OldStory>, StoreError> {
        // As in addresses: 64 bits, the highest of which is a sign here.
        let by_short = u64::from_str_radix(name, 16).ok().filter(|_| name.len() == SHORT_DIGITS);
        let short = by_short.map_or_else(|| story_of(&AtomId(name.to_owned())), u64::cast_signed);
        let query = sqlx::query_as(OLD_IDS).bind(json_list([short]));
        let found: Vec<(i64, String)> = query.fetch_all(&self.readers).await.doing("look up an old story")?;
        let named = |(_, id): &&(i64, String)| id == name || AtomId(id.clone()).short() == name;
        let Some((id, _)) = found.iter().find(named) else { return Ok(None) };
        self.old_story_at(*id).await
    }

    async fn old_story_at(&self, id: i64) -> Result<Option<OldStory>, StoreError> {
        let row = sqlx::query(OLD_STORY).bind(id).fetch_optional(&self.readers).await;
        let row = row.doing("read an old story")?;
        let story = |row: &SqliteRow| -> Result<OldStory, sqlx::Error> {
            Ok(OldStory {
                atom_id: AtomId(row.try_get(0)?),
                published_at: from_ms(row.try_get(1)?),
                emptied_at: from_ms(row.try_get(2)?),
                title: row.try_get(3)?,
                url: row.try_get(4)?,
            })
        };
        row.as_ref().map(story).transpose().doing("read an old story")
    }

    /// Stories whose texts were let go of with an entry at an address, the oldest first.
    pub async fn old_stories_at(&self, url: &str) -> Result<Vec<OldStory>, StoreError> {
        let Some(canonical) = CanonicalUrl::parse(url) else { return Ok(Vec::new()) };
        let query = sqlx::query_scalar(OLD_AT).bind(address_of(canonical.as_str())).bind(MAX_SHARING);
        let ids: Vec<i64> = query.fetch_all(&self.readers).await.doing("look up an address")?;
        let mut stories = Vec::new();
        for id in ids {
            stories.extend(self.old_story_at(id).await?);
        }
        Ok(stories)
    }

    /// Adds those of a source's ids that only old entries have.
    pub(super) async fn add_old(
        &self,
        source_key: &str,
        ids: &[&str],
        known: &mut HashMap<String, KnownEntry>,
    ) -> Result<(), StoreError> {
        let unknown: Vec<&str> = ids.iter().copied().filter(|id| !known.contains_key(*id)).collect();
        if !unknown.is_empty() {
            known.extend(old_known(&self.readers, source_key, &unknown).await?);
        }
        Ok(())
    }
}

async fn old_under(
    connection: impl SqliteExecutor<'_>,
    ids: &[String],
) -> Result<Vec<(i64, String)>, StoreError> {
    let shorts = json_list(ids.iter().map(|id| story_of(&AtomId(id.clone()))));
    sqlx::query_as::<Sqlite, _>(OLD_IDS).bind(shorts).fetch_all(connection).await.doing("look up old ids")
}

async fn old_known(
    connection: impl SqliteExecutor<'_>,
    source_key: &str,
    ids: &[&str],
) -> Result<HashMap<String, KnownEntry>, StoreError> {
    let names = json_list(ids.iter().map(|id| name_of(source_key, id)));
    let rows = sqlx::query(OLD_KNOWN).bind(names).bind(source_key).fetch_all(connection).await;
    let rows = rows.doing("look up old entries")?;
    let known = |row: &SqliteRow| -> Result<Option<KnownEntry>, sqlx::Error> {
        let n = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
        let Some(id) = ids.get(n) else { return Ok(None) };
        Ok(Some(KnownEntry {
            id: row.try_get(1)?,
            source_entry_id: (*id).to_owned(),
            story_id: row.try_get(2)?,
            url: row.try_get(3)?,
            fingerprint: String::new(),
            row_hash: None,
            row: None,
            seen_at: from_ms(row.try_get(4)?),
            gone_at: None,
            former_url: None,
            is_old: true,
        }))
    };
    let known: Vec<Option<KnownEntry>> =
        rows.iter().map(known).collect::<Result<_, _>>().doing("read an old entry")?;
    Ok(known.into_iter().flatten().map(|known| (known.source_entry_id.clone(), known)).collect())
}

fn former(row: &SqliteRow) -> Result<(i64, Former), sqlx::Error> {
    let former = Former {
        entry_id: row.try_get(1)?,
        story_id: row.try_get(2)?,
        is_old: row.try_get(3)?,
        same_address: row.try_get(4)?,
        same_title: row.try_get(5)?,
        same_body: row.try_get(6)?,
        region: row.try_get::<Option<&str>, _>(7)?.and_then(Region::parse),
    };
    Ok((row.try_get(0)?, former))
}
