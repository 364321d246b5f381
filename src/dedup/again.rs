//! An old story that is told again, when nothing of it is compared any more but address, title and text as wholes.
//!
//! Pure. **Invariant:** a title alone never joins, since weekly notices repeat theirs; nor does an address alone, since
//! pages are used again.

use super::{Features, Tables, normalise, shingles};
use crate::model::{AtomId, CanonicalUrl, Region};

/// What an entry is known by for ever: 64 bits of BLAKE3 of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownBy {
    /// Of the source's key and the entry's id there.
    pub name: i64,
    /// Of its address for comparing; `None` for a digest's stories.
    pub address: Option<i64>,
    /// Of its title's letters; `None` when there are none.
    pub title: Option<i64>,
    /// Of its body's letters; `None` when there are too few to tell anything.
    pub body: Option<i64>,
}

impl KnownBy {
    /// What an entry is known by.
    pub fn of(entry: &Features) -> Self {
        let name = (entry.source_key.as_str(), entry.source_entry_id.as_str());
        Self::of_parts(name, entry.canonical_url.as_ref(), &entry.title_key, entry.body_hash)
    }

    /// What is known by a source's key and an id there, an address, the letters of a title, and the hash of a body.
    pub fn of_parts(
        (source_key, source_entry_id): (&str, &str),
        address: Option<&CanonicalUrl>,
        title_key: &str,
        body_hash: Option<[u8; 32]>,
    ) -> Self {
        Self {
            name: name_of(source_key, source_entry_id),
            address: address.map(|url| address_of(url.as_str())),
            title: (!title_key.is_empty()).then(|| hash_of(&[title_key])),
            body: body_hash.as_ref().map(first_bits),
        }
    }
}

/// A stored telling that has address or text of a new entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not the states of one thing")]
pub struct Former {
    /// Its row.
    pub entry_id: i64,
    /// Its story.
    pub story_id: i64,
    /// Whether only what it is known by is left of its story.
    pub is_old: bool,
    /// Whether it stands at the same address.
    pub same_address: bool,
    /// Whether it has the same title.
    pub same_title: bool,
    /// Whether it has the same body.
    pub same_body: bool,
    /// Its province.
    pub region: Option<Region>,
}

/// The telling whose story an entry tells again: two of address, title and body must agree, and no province differ.
///
/// The oldest counts, since its story was announced first.
pub fn again<'a>(formers: &'a [Former], region: Option<&Region>) -> Option<&'a Former> {
    let agrees = |it: &&Former| {
        let n_same = [it.same_address, it.same_title, it.same_body].into_iter().filter(|same| *same).count();
        n_same >= 2 && !are_apart(it.region.as_ref(), region)
    };
    formers.iter().filter(agrees).min_by_key(|it| it.entry_id)
}

fn are_apart(one: Option<&Region>, other: Option<&Region>) -> bool {
    let province = |region: Option<&Region>| region.filter(|region| !region.is_national()).cloned();
    matches!((province(one), province(other)), (Some(one), Some(other)) if one != other)
}

/// The hash of a source's key and an entry's id there.
pub fn name_of(source_key: &str, source_entry_id: &str) -> i64 {
    hash_of(&[source_key, source_entry_id])
}

/// The letters of a title, as they are compared.
pub fn title_key_of(title: &str) -> String {
    let cleaned = normalise::clean(title, "", Tables::shipped());
    shingles::letters(&cleaned.title).into_iter().collect()
}

/// The hash of an address for comparing.
pub fn address_of(canonical_url: &str) -> i64 {
    hash_of(&[canonical_url])
}

/// The hash of a story's id: its short name as a number.
pub fn story_of(atom_id: &AtomId) -> i64 {
    hash_of(&[&atom_id.0])
}

/// The first 64 bits of BLAKE3 of some texts, a line each.
fn hash_of(texts: &[&str]) -> i64 {
    let mut hasher = blake3::Hasher::new();
    for (i, text) in texts.iter().enumerate() {
        if i > 0 {
            hasher.update(b"\n");
        }
        hasher.update(text.as_bytes());
    }
    first_bits(hasher.finalize().as_bytes())
}

/// The first 64 bits of a hash.
fn first_bits(hash: &[u8; 32]) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn former(entry_id: i64, same: (bool, bool, bool), region: &str) -> Former {
        Former {
            entry_id,
            story_id: entry_id,
            is_old: false,
            same_address: same.0,
            same_title: same.1,
            same_body: same.2,
            region: Region::parse(region),
        }
    }

    #[test]
    fn an_old_story_is_known_by_two_of_address_title_and_body() {
        let check = |same: (bool, bool, bool), theirs: &str, ours: &str, expected: bool| {
            let formers = [former(7, same, theirs)];
            let found = again(&formers, Region::parse(ours).as_ref()).map(|it| it.entry_id);
            assert_eq!(found, expected.then_some(7), "{same:?} {theirs} {ours}");
        };
        check((true, true, false), "CN-JX", "CN-JX", true);
        check((true, false, true), "", "CN-JX", true);
        check((false, true, true), "CN", "CN-JX", true);
        check((true, true, true), "CN-JX", "", true);
        check((true, false, false), "CN-JX", "CN-JX", false);
        check((false, true, false), "CN-JX", "CN-JX", false);
        check((false, false, true), "CN-JX", "CN-JX", false);
        check((false, true, true), "CN-JX", "CN-HB", false);
        check((true, true, true), "CN-JX", "CN-HB", false);
    }

    #[test]
    fn the_oldest_of_several_is_the_one() {
        let same = (false, true, true);
        let formers = [former(9, same, ""), former(3, same, "CN-HB"), former(5, same, "CN-JX")];
        let found = |region: &str| again(&formers, Region::parse(region).as_ref()).map(|it| it.entry_id);
        assert_eq!((found("CN-JX"), found("CN-HB"), found("")), (Some(5), Some(3), Some(3)));
    }

    #[test]
    fn the_hash_of_a_story_is_its_short_name() {
        let id = AtomId("urn:uuid:0".into());
        assert_eq!(format!("{:016x}", story_of(&id)), id.short());
        assert_ne!(name_of("a", "bc"), name_of("ab", "c"));
        assert_eq!(KnownBy::of_parts(("a", "1"), None, "", None).title, None);
    }
}
