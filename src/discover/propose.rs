//! Sources out of what was read: written as configuration, loaded again, and read by, before they are shown.

use std::collections::{BTreeSet, HashSet};

use url::Url;

use super::{
    MAX_NOTES,
    behind::{self, ReadArticle},
    block::Block,
    reading::{Draft, Fetched, Reading},
    tables::{System, Tables},
    whose::Owner,
};
use crate::{
    config::{Config, SourceConfig},
    extract::{Document, feed},
    model::{Kind, Timestamp},
    normalise::time,
    poll::listing::{self, Listing},
};

/// Rows shown of a proposal.
const SHOWN_ROWS: usize = 5;
/// Of the rows of a proposal, the share that makes it the same list as another, in per cent.
const SAME_LIST_PERCENT: usize = 80;
/// What a list of no known channel is worth.
const UNNAMED: i32 = 40;
/// Points by kind: what gives exact times and many rows first.
const KIND_POINTS: [(Kind, i32); 5] =
    [(Kind::Json, 45), (Kind::Feed, 45), (Kind::List, 30), (Kind::Digest, 30), (Kind::Site, 0)];
/// Points when all rows are dated, and for each row.
const DATED_POINTS: i32 = 30;
const MAX_ROW_POINTS: i32 = 10;
/// Points taken off where no rule of the proposal gave the rows.
const FALLBACK_POINTS: i32 = 20;

/// A source that reads the site.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Its key.
    pub key: String,
    /// What its address gives.
    pub kind: Kind,
    /// The address.
    pub url: Url,
    /// The channel's name.
    pub channel: Option<String>,
    /// The `[[source]]` table, ready to be put into a configuration file.
    pub toml: String,
    /// Which rule gave the rows.
    pub rule: String,
    /// How many rows it gave.
    pub n_rows: usize,
    /// How many of them have a time.
    pub n_dated: usize,
    /// The first rows.
    pub rows: Vec<Row>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Other addresses that give the same rows.
    pub same: Vec<Url>,
    /// What the article behind its first row gave, when it was read.
    pub article: Option<Result<ReadArticle, String>>,
    points: i32,
    addresses: HashSet<String>,
    is_complete: bool,
}

/// A row as it would be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Title.
    pub title: String,
    /// Time, RFC 3339; of a day its date.
    pub published: Option<String>,
    /// Where it leads.
    pub url: Option<Url>,
}

impl Proposal {
    /// The article to read for seeing whether its pages can be read.
    pub(super) fn article_url(&self) -> Option<Url> {
        if self.is_complete {
            return None;
        }
        self.rows.iter().find_map(|row| row.url.clone())
    }

    fn holds(&self, other: &Self) -> bool {
        let n_common = other.addresses.iter().filter(|address| self.addresses.contains(*address)).count();
        !other.addresses.is_empty() && n_common * 100 >= other.addresses.len() * SAME_LIST_PERCENT
    }
}

/// What proposing needs to know of the site.
pub(super) struct Proposer<'a> {
    pub config: &'a Config,
    pub tables: &'a Tables,
    pub owner: &'a Owner,
    pub now: Timestamp,
    pub system: Option<&'a System>,
}

impl Proposer<'_> {
    /// Proposals for what was read, the best first.
    pub(super) fn propose(
        &self,
        fetched: &[Fetched],
        readings: &[Reading],
        article: Option<&Document>,
        notes: &mut Vec<String>,
    ) -> Vec<Proposal> {
        let mut keys: BTreeSet<String> =
            self.config.sources.iter().map(|source| source.source.key.as_str().to_owned()).collect();
        let mut found = Vec::new();
        for (fetched, reading) in fetched.iter().zip(readings) {
            let Some(draft) = &reading.draft else { continue };
            match self.proposal(fetched, reading, draft, article, &mut keys) {
                Ok(proposal) => found.extend(proposal),
                Err(note) => notes.push(note),
            }
        }
        if found.is_empty() {
            found.extend(article.and_then(|article| self.lone_digest(article, &mut keys)));
        }
        self.known_already(&found, notes);
        without_same(found)
    }

    fn proposal(
        &self,
        fetched: &Fetched,
        reading: &Reading,
        draft: &Draft,
        article: Option<&Document>,
        keys: &mut BTreeSet<String>,
    ) -> Result<Option<Proposal>, String> {
        let channel = self.channel(fetched).filter(|_| draft.kind != Kind::Digest);
        let block = self.block(draft, channel.as_deref());
        let key = block.key(keys);
        let toml = block.toml(&key);
        let (config, source) = self.load(&key, &toml)?;
        let read = listing::read(&source, &config, &fetched.document).map_err(|error| error.to_string())?;
        if read.extracted.entries.is_empty() {
            return Ok(None);
        }
        keys.insert(key.clone());
        let mut proposal = self.shown(draft, key, toml, &source, &read);
        proposal.notes.extend(reading.notes.iter().take(MAX_NOTES).cloned());
        proposal.points += channel.as_deref().map_or(UNNAMED, |name| self.weight(name));
        proposal.channel = channel;
        let of_this = article.filter(|article| {
            proposal
                .rows
                .iter()
                .filter_map(|row| row.url.as_ref())
                .any(|url| behind::is_same_page(url, &article.url))
        });
        proposal.article = of_this.map(|article| behind::read(&source, &config, article));
        if let Some(Ok(ReadArticle { n_stories: n @ 1.., .. })) = &proposal.article {
            proposal.notes.push(format!(
                "its first article is a digest of {n} stories; with kind = \"digest\" each becomes an entry of its own"
            ));
        }
        Ok(Some(proposal))
    }

    /// The digest that the only article found turned out to be.
    fn lone_digest(&self, article: &Document, keys: &mut BTreeSet<String>) -> Option<Proposal> {
        let draft = Draft {
            kind: Kind::Digest,
            url: article.url.clone(),
            profile: self.system.and_then(|system| system.profile.clone()),
            list: super::learn::ListOverrides::default(),
        };
        let block = self.block(&draft, None);
        let key = block.key(keys);
        let toml = block.toml(&key);
        let (config, source) = self.load(&key, &toml).ok()?;
        let read = listing::read(&source, &config, article).ok().filter(|read| read.is_complete)?;
        Some(self.shown(&draft, key, toml, &source, &read))
    }

    fn load(&self, key: &str, toml: &str) -> Result<(Config, SourceConfig), String> {
        let wrong =
            |problem: &dyn std::fmt::Display| format!("the source `{key}` would not be valid: {problem}");
        let config = self.config.with_sources("proposal", toml).map_err(|error| wrong(&error))?;
        let source = config.source(key).ok_or_else(|| wrong(&"it is missing"))?.as_ref().clone();
        Ok((config, source))
    }

    fn shown(
        &self,
        draft: &Draft,
        key: String,
        toml: String,
        source: &SourceConfig,
        read: &Listing,
    ) -> Proposal {
        let entries = &read.extracted.entries;
        let times: Vec<Option<String>> = entries.iter().map(|row| self.time(row, source)).collect();
        let n_dated = times.iter().flatten().count();
        let rows = entries.iter().zip(&times).take(SHOWN_ROWS).map(|(row, time)| Row {
            title: row.title.split_whitespace().collect::<Vec<_>>().join(" "),
            published: time.clone(),
            url: row.url.clone(),
        });
        let is_fallback = draft.kind == Kind::List && is_fallback(&read.extracted.rule);
        let mut notes: Vec<String> = read.extracted.notes.iter().take(MAX_NOTES).cloned().collect();
        if is_fallback {
            notes.insert(
                0,
                "no rule fits these rows; they are found anew by what repeats at each poll".into(),
            );
        }
        Proposal {
            kind: draft.kind,
            url: draft.url.clone(),
            channel: None,
            rule: read.extracted.rule.clone(),
            n_rows: entries.len(),
            n_dated,
            rows: rows.collect(),
            notes,
            same: Vec::new(),
            article: None,
            points: points(draft.kind, entries.len(), n_dated)
                - if is_fallback { FALLBACK_POINTS } else { 0 },
            addresses: entries.iter().filter_map(|row| row.url.as_ref().map(super::address_key)).collect(),
            is_complete: read.is_complete,
            key,
            toml,
        }
    }

    fn time(&self, row: &crate::extract::RawEntry, source: &SourceConfig) -> Option<String> {
        let (claim, _) = time::choose(&row.published, source.zone, self.now);
        let (claim, _) = claim?;
        let text = time::rfc3339(claim.at, source.zone);
        let is_day = claim.precision == crate::model::Precision::Day;
        Some(if is_day { text.get(..10).unwrap_or_default().to_owned() } else { text })
    }

    /// The name of the channel: what the link said, else what the page says of itself.
    fn channel(&self, fetched: &Fetched) -> Option<String> {
        let channels = &self.tables.channels;
        let named = |text: &str| channels.named(text).map(|named| named.name.to_owned());
        if let Some(name) = fetched.name.as_deref().and_then(named) {
            return Some(name);
        }
        if let Some(page) = &fetched.page {
            let column = page.meta("ColumnName").or_else(|| page.meta("ColumnType")).and_then(named);
            let first = page.title.split(['_', '-', '|', '－', '—']).next().and_then(named);
            return column.or(first).or_else(|| named(&page.heading));
        }
        let json = || {
            let value: serde_json::Value = serde_json::from_str(&fetched.text).ok()?;
            let mut paths = self.tables.systems.iter().flat_map(|system| &system.channel_name);
            paths.find_map(|path| {
                path.query(&value).iter().find_map(|value| value.as_str().map(str::to_owned))
            })
        };
        let title = feed_title(fetched);
        let feed = || title.as_deref()?.split(['_', '-', '|', '－', '—']).find_map(named);
        json().filter(|name| !name.trim().is_empty()).or_else(feed)
    }

    fn weight(&self, channel: &str) -> i32 {
        self.tables.channels.named(channel).map_or(UNNAMED, |named| named.weight)
    }

    fn block<'b>(&'b self, draft: &'b Draft, channel: Option<&'b str>) -> Block<'b> {
        let slug = |name| self.tables.channels.named(name).map(|named| named.slug);
        Block {
            owner: self.owner,
            bureaus: &self.config.bureaus,
            draft,
            channel: channel.map(|name| (name, slug(name))),
        }
    }

    fn known_already(&self, found: &[Proposal], notes: &mut Vec<String>) {
        for source in &self.config.sources {
            let url = super::address_key(&source.source.url);
            if found.iter().any(|proposal| super::address_key(&proposal.url) == url) {
                notes.push(format!(
                    "`{}` is configured already, as source `{}`",
                    source.source.url, source.source.key
                ));
            }
        }
    }
}

/// The best first; of those that give the same rows only the best.
fn without_same(mut found: Vec<Proposal>) -> Vec<Proposal> {
    found.sort_by_key(|proposal| std::cmp::Reverse(proposal.points));
    let mut kept: Vec<Proposal> = Vec::new();
    for proposal in found {
        match kept.iter_mut().find(|better| better.holds(&proposal)) {
            Some(better) => better.same.push(proposal.url),
            None => kept.push(proposal),
        }
    }
    kept
}

fn points(kind: Kind, n_rows: usize, n_dated: usize) -> i32 {
    let by_kind = KIND_POINTS.iter().find(|(known, _)| *known == kind).map_or(0, |(_, points)| *points);
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let dated = count(n_dated).saturating_mul(DATED_POINTS) / count(n_rows).max(1);
    by_kind + dated + count(n_rows).min(MAX_ROW_POINTS)
}

fn is_fallback(rule: &str) -> bool {
    use crate::extract::list::{PROFILE_ROWS, RECORDS};
    !rule.starts_with(PROFILE_ROWS) && rule != RECORDS
}

/// The title of a feed.
pub(super) fn feed_title(fetched: &Fetched) -> Option<String> {
    if fetched.page.is_some() || !feed::looks_like_feed(&fetched.text) {
        return None;
    }
    feed::feed(&fetched.document).ok()?.feed_title
}
