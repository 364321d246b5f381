//! Why entries are one story: what was seen when each arrived, what spoke against others, and what was ruled.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
};

use serde::Deserialize;

use crate::{
    config::Config,
    dedup::{Reason, Rule},
    model::{Precision, Published, Timestamp},
    poll::ingest,
    store::{EntryAccount, EntryName, Store, StoreError, StoryAccount, Telling},
};

/// A comparison as it was seen at an entry's arrival and kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The entry that it was compared with.
    pub with: i64,
    /// The rule that was satisfied, vetoes aside.
    pub rule: Option<String>,
    /// Containment: the share of the smaller text that stands in the larger.
    pub c: f64,
    /// Shared shingles of all.
    pub j: f64,
    /// Likeness of the titles.
    pub t: f64,
    /// Days between them.
    pub days: f64,
    /// Shared figures.
    pub figures: usize,
    /// What spoke against it: `period 2025/2026`.
    pub vetoes: Vec<String>,
    /// Of an old story told again: which of `address`, `title` and `text` are the same.
    pub same: Vec<String>,
}

impl Seen {
    /// The scores in words.
    pub fn words(&self) -> String {
        if !self.same.is_empty() {
            return format!("the same {}", self.same.join(" and "));
        }
        let share = (self.c * 100.0).round();
        let title = (self.t * 100.0).round();
        let mut words =
            format!("{share} % of the shorter text stands in the longer, titles are alike by {title} %");
        if self.days >= 1.0 {
            let _ = write!(words, ", {:.0} days apart", self.days);
        }
        if self.figures > 0 {
            let _ = write!(words, ", {} figures shared", self.figures);
        }
        words
    }
}

/// A comparison with the name of the other entry; none when that was let go of.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What was seen.
    pub seen: Seen,
    /// The other entry.
    pub other: Option<EntryName>,
}

/// An entry of a story and how it came there.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// The entry.
    pub entry: EntryAccount,
    /// Why readers get it, if they do.
    pub shown: Option<Reason>,
    /// What joined it.
    pub rule: Option<Rule>,
    /// The entry that it was matched with at its arrival.
    pub matched: Option<Compared>,
    /// Entries of other stories that came near, the nearest first.
    pub near: Vec<Compared>,
}

/// A story and how it came together.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// What is stored of it.
    pub story: StoryAccount,
    /// Its entries, the one that readers get first, then the oldest.
    pub copies: Vec<Copy>,
}

/// Explains a story; `None` when there is none under this row.
pub async fn explain(
    store: &Store,
    config: &Config,
    story_id: i64,
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    let Some(account) = store.account(story_id).await? else { return Ok(None) };
    let seen: Vec<Vec<Seen>> = account.entries.iter().map(evidence).collect();
    let others: BTreeSet<i64> = seen.iter().flatten().map(|seen| seen.with).collect();
    let names = store.entry_names(&others.into_iter().collect::<Vec<_>>()).await?;
    let names: HashMap<i64, EntryName> = names.into_iter().map(|name| (name.id, name)).collect();
    let reason = ingest::reason(
        &account.entries.iter().map(telling).collect::<Vec<_>>(),
        account.canonical_id,
        config,
        now,
    );
    let mut copies: Vec<Copy> = account
        .entries
        .iter()
        .zip(seen)
        .map(|(entry, seen)| {
            let shown = (entry.id == account.canonical_id).then_some(reason);
            copy(entry, seen, shown, &account, &names)
        })
        .collect();
    copies.sort_by_key(|copy| (copy.shown.is_none(), copy.entry.id));
    Ok(Some(Account { story: account, copies }))
}

fn copy(
    entry: &EntryAccount,
    seen: Vec<Seen>,
    shown: Option<Reason>,
    story: &StoryAccount,
    names: &HashMap<i64, EntryName>,
) -> Copy {
    let is_match = |seen: &Seen| {
        let by_rule = seen.rule.as_deref() == Some(entry.rule.as_str());
        seen.vetoes.is_empty()
            && (by_rule || (entry.rule == Rule::Correction.as_str() && seen.rule.is_some()))
    };
    let matched = seen.iter().position(is_match);
    let with_name = |seen: Seen| Compared { other: names.get(&seen.with).cloned(), seen };
    let mut near = Vec::new();
    let mut found = None;
    for (i, seen) in seen.into_iter().enumerate() {
        if Some(i) == matched {
            found = Some(with_name(seen));
        } else if !story.entries.iter().any(|own| own.id == seen.with) {
            near.push(with_name(seen));
        }
    }
    Copy { entry: entry.clone(), shown, rule: Rule::from_name(&entry.rule), matched: found, near }
}

/// What was seen at an entry's arrival; what cannot be read is as if nothing had been kept.
fn evidence(entry: &EntryAccount) -> Vec<Seen> {
    let kept = entry.evidence.as_deref().map(serde_json::from_str::<Vec<Seen>>);
    kept.and_then(Result::ok).unwrap_or_default()
}

fn telling(entry: &EntryAccount) -> Telling {
    let unknown = Published { at: entry.seen_at, precision: Precision::Seen };
    Telling {
        entry_id: entry.id,
        role: entry.role,
        bureau: entry.bureau.clone(),
        is_correction: entry.rule == Rule::Correction.as_str(),
        n_chars: entry.n_chars,
        seen_at: entry.seen_at,
        published: entry.published.unwrap_or(unknown),
        gone_at: entry.gone_at,
        is_again: entry.rule == Rule::Again.as_str(),
    }
}
