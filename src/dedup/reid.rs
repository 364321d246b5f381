//! A source that suddenly gives all it has under other ids: what of it was known before, what is new, what is neither.
//!
//! Pure. Nothing old may be announced as new because a site changed its addresses; and nothing new may be held back
//! because a site published much at once.

use std::collections::{HashMap, HashSet};

use crate::model::{CanonicalUrl, Timestamp};

/// Fewest unknown rows that can be a change of ids.
const MIN_STRANGERS: usize = 4;
/// Fewest entries that must be known of a source.
const MIN_HISTORY: usize = 5;
/// Share of a listing's rows that must be unknown, in per cent.
const STRANGERS_PERCENT: usize = 80;
/// Share of the unknown rows that must be known under other ids, or clearly old, in per cent.
const EVIDENCE_PERCENT: usize = 50;
/// So much before the newest known item, a row is clearly old, in hours: days are often all that a list gives.
const OLD_HOURS: i64 = 24;
/// Under one title, times further apart than this are two items, in hours.
const SAME_TIME_HOURS: i64 = 24;
/// Fewest letters of a title that can name an item.
const MIN_TITLE_LETTERS: usize = 8;

/// A row under an id that is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stranger {
    /// Its title for comparing.
    pub title_key: String,
    /// Whether its title was cut short, as lists do.
    pub is_cut: bool,
    /// Its address for comparing; `None` where several items share it.
    pub canonical_url: Option<CanonicalUrl>,
    /// Hash of its body, where the row has one.
    pub body_hash: Option<[u8; 32]>,
    /// The publisher's time.
    pub published: Option<Timestamp>,
}

/// An item that the source gave before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Familiar<T> {
    /// What it is.
    pub what: T,
    /// Its title for comparing.
    pub title_key: String,
    /// Its address for comparing.
    pub canonical_url: Option<CanonicalUrl>,
    /// Hash of its body.
    pub body_hash: Option<[u8; 32]>,
    /// The publisher's time.
    pub published: Option<Timestamp>,
}

/// What becomes of an unknown row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<T> {
    /// It is known under another id.
    Known(T),
    /// It is newer than all that was known.
    New,
    /// It is held back until the operator says.
    Held,
}

/// Whether a listing of so many unknown and known rows is worth a second look.
pub fn is_suspicious(n_strangers: usize, n_known: usize) -> bool {
    n_strangers >= MIN_STRANGERS && n_strangers * 100 >= STRANGERS_PERCENT * (n_strangers + n_known)
}

/// The fate of each unknown row when the source has changed its ids; `None` when it has not.
pub fn reid<T: Copy + Eq + std::hash::Hash>(
    strangers: &[Stranger],
    n_known: usize,
    familiar: &[Familiar<T>],
) -> Option<Vec<Fate<T>>> {
    if !is_suspicious(strangers.len(), n_known) || familiar.len() < MIN_HISTORY {
        return None;
    }
    let newest = familiar.iter().filter_map(|item| item.published).max();
    let names = Names::of(familiar);
    let mut taken = HashSet::new();
    let known: Vec<Option<T>> = strangers
        .iter()
        .map(|stranger| {
            let found = names.find(stranger, familiar, &taken)?;
            taken.insert(found);
            familiar.get(found).map(|item| item.what)
        })
        .collect();
    let is_old = |stranger: &Stranger| {
        let before = |(at, newest): (Timestamp, Timestamp)| newest.duration_since(at).as_hours() >= OLD_HOURS;
        stranger.published.zip(newest).is_some_and(before)
    };
    let n_evidence =
        known.iter().zip(strangers).filter(|(known, stranger)| known.is_some() || is_old(stranger)).count();
    if n_evidence * 100 < EVIDENCE_PERCENT * strangers.len() {
        return None;
    }
    let is_newer = |stranger: &Stranger| match (stranger.published, newest) {
        (Some(at), Some(newest)) => at > newest,
        _ => false,
    };
    let fate = |(known, stranger): (Option<T>, &Stranger)| match known {
        Some(what) => Fate::Known(what),
        None if is_newer(stranger) => Fate::New,
        None => Fate::Held,
    };
    Some(known.into_iter().zip(strangers).map(fate).collect())
}

/// Known items by what names them.
struct Names<'a> {
    by_url: HashMap<&'a CanonicalUrl, Vec<usize>>,
    by_body: HashMap<&'a [u8; 32], Vec<usize>>,
    by_title: HashMap<&'a str, Vec<usize>>,
    /// Titles in order, for those that were cut short.
    titles: Vec<(&'a str, usize)>,
}

impl<'a> Names<'a> {
    fn of<T>(familiar: &'a [Familiar<T>]) -> Self {
        let mut names = Self {
            by_url: HashMap::new(),
            by_body: HashMap::new(),
            by_title: HashMap::new(),
            titles: Vec::new(),
        };
        for (i, item) in familiar.iter().enumerate() {
            if let Some(url) = &item.canonical_url {
                names.by_url.entry(url).or_default().push(i);
            }
            if let Some(hash) = &item.body_hash {
                names.by_body.entry(hash).or_default().push(i);
            }
            if item.title_key.chars().count() >= MIN_TITLE_LETTERS {
                names.by_title.entry(&item.title_key).or_default().push(i);
                names.titles.push((&item.title_key, i));
            }
        }
        names.titles.sort_unstable();
        names
    }

    /// The known item that a row is, if no other row is that already: by its address, its body, or its title and time.
    fn find<T>(
        &self,
        stranger: &Stranger,
        familiar: &[Familiar<T>],
        taken: &HashSet<usize>,
    ) -> Option<usize> {
        let free = |found: Option<&Vec<usize>>| {
            found.into_iter().flatten().copied().find(|item| !taken.contains(item))
        };
        let by_url = stranger.canonical_url.as_ref().and_then(|url| free(self.by_url.get(url)));
        let by_body = || stranger.body_hash.as_ref().and_then(|hash| free(self.by_body.get(hash)));
        by_url.or_else(by_body).or_else(|| self.by_title(stranger, familiar, taken))
    }

    fn by_title<T>(
        &self,
        stranger: &Stranger,
        familiar: &[Familiar<T>],
        taken: &HashSet<usize>,
    ) -> Option<usize> {
        let key = stranger.title_key.as_str();
        let same = self.by_title.get(key).map(Vec::as_slice).unwrap_or_default();
        let cut = || {
            let from = self.titles.partition_point(|(title, _)| *title < key);
            let starts = |(title, _): &&(&str, usize)| title.starts_with(key);
            self.titles.iter().skip(from).take_while(starts).map(|(_, item)| *item).collect::<Vec<_>>()
        };
        let found: Vec<usize> = match same {
            [] if stranger.is_cut && key.chars().count() >= MIN_TITLE_LETTERS => cut(),
            same => same.to_vec(),
        };
        let apart = |item: usize| {
            let known = familiar.get(item).and_then(|item| item.published);
            known.zip(stranger.published).map(|(a, b)| a.duration_since(b).unsigned_abs())
        };
        let limit = std::time::Duration::from_secs(SAME_TIME_HOURS.unsigned_abs() * 3_600);
        let near = |item: &usize| apart(*item).map_or(found.len() == 1, |apart| apart <= limit);
        let fits = found.iter().copied().filter(|item| !taken.contains(item)).filter(near);
        fits.min_by_key(|item| (apart(*item), *item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Option<Timestamp> {
        Timestamp::from_second(1_790_000_000 + day * 86_400).ok()
    }

    fn title(n: i64) -> String {
        format!("省局部署第{n}项重点工作任务")
    }

    /// Twenty items, one a day.
    fn history() -> Vec<Familiar<i64>> {
        let item = |n: i64| Familiar {
            what: n,
            title_key: title(n),
            canonical_url: CanonicalUrl::parse(&format!("https://a.cn/{n}")),
            body_hash: None,
            published: at(n),
        };
        (0..20).map(item).collect()
    }

    fn stranger(n: i64, title: &str) -> Stranger {
        Stranger { title_key: title.to_owned(), published: at(n), ..Stranger::default() }
    }

    fn check(strangers: &[Stranger], n_known: usize, expected: Option<(usize, usize, usize)>, what: &str) {
        let fates = reid(strangers, n_known, &history());
        let count = |fates: &[Fate<i64>], kind: fn(&Fate<i64>) -> bool| {
            fates.iter().filter(|fate| kind(fate)).count()
        };
        let counts = fates.map(|fates| {
            (
                count(&fates, |fate| matches!(fate, Fate::Known(_))),
                count(&fates, |fate| matches!(fate, Fate::New)),
                count(&fates, |fate| matches!(fate, Fate::Held)),
            )
        });
        assert_eq!(counts, expected, "{what}");
    }

    #[test]
    fn a_change_of_ids_is_told_from_a_burst_of_news() {
        let renamed: Vec<Stranger> = (0..20).map(|n| stranger(n, &title(n))).collect();
        check(&renamed, 0, Some((20, 0, 0)), "all under the same titles");
        let burst: Vec<Stranger> =
            (0..20).map(|n| stranger(20 + n / 10, &format!("全新的动态之{n}号消息"))).collect();
        check(&burst, 0, None, "twenty new ones");
        check(&burst, 4, None, "twenty new ones among known ones");
        let same_day: Vec<Stranger> =
            (0..20).map(|n| stranger(19, &format!("全新的动态之{n}号消息"))).collect();
        check(&same_day, 0, None, "twenty on the day of the last");
        let mut mixed: Vec<Stranger> = (8..20).map(|n| stranger(n, &title(n))).collect();
        mixed.extend([
            stranger(21, "全新的动态之一号消息"),
            stranger(3, "改了标题的旧消息一则"),
            Stranger::default(),
        ]);
        check(&mixed, 1, Some((12, 1, 2)), "known, newer, old and undated");
        check(&mixed, 8, None, "many are known by their ids");
        check(&renamed[..3], 0, None, "three rows say nothing");
        let retold: Vec<Stranger> =
            (0..20).map(|n| stranger(n, &format!("改了标题的旧消息第{n}则"))).collect();
        check(&retold, 0, Some((0, 0, 20)), "old ones under other titles");
    }

    #[test]
    fn an_item_is_known_by_address_body_or_title_and_only_once() {
        let mut familiar = history();
        familiar[3].body_hash = Some([3; 32]);
        let bare = |n: i64| Stranger { published: at(n), ..Stranger::default() };
        let strangers = [
            Stranger { canonical_url: CanonicalUrl::parse("http://www.a.cn/7"), ..bare(7) },
            Stranger { body_hash: Some([3; 32]), ..bare(3) },
            Stranger { title_key: title(5), ..bare(5) },
            Stranger { title_key: title(5), ..bare(5) },
            Stranger { title_key: "省局部署第12项重点".into(), is_cut: true, ..bare(12) },
            // Weekly meetings repeat their titles.
            Stranger { title_key: title(9), ..bare(2) },
        ];
        let fates = reid(&strangers, 0, &familiar).unwrap();
        let expected =
            [Fate::Known(7), Fate::Known(3), Fate::Known(5), Fate::Held, Fate::Known(12), Fate::Held];
        assert_eq!(fates, expected);
    }
}
