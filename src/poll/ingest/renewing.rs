//! What is stored under other tables or thresholds than those of today: features are made anew, stories are left as they
//! are, and the operator is told.

use std::sync::Arc;

use super::judging;
use crate::{
    config::Config,
    store::{Batch, Store, StoreError},
};

/// Entries of one transaction: it holds the writer for some hundredths of a second.
const STEP: usize = 100;

/// What was found to be of other rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Entries of which what is compared was made anew, since the operator's tables are others.
    pub n_entries: usize,
    /// Whether thresholds or the order of roles are others than before.
    pub has_other_rules: bool,
}

impl Renewed {
    /// What the operator should know; `None` when nothing has changed.
    pub fn told(self) -> Option<String> {
        let next =
            "stories stay as they are; `dibao reprocess --dedup` shows what would be put together otherwise";
        match self {
            Self { n_entries: 0, has_other_rules: false } => None,
            Self { n_entries: 0, .. } => Some(format!("the rules of [dedup] are others than before: {next}")),
            Self { n_entries, .. } => Some(format!(
                "the tables of [dedup] are others than before: what is compared of {n_entries} entries was made anew; {next}"
            )),
        }
    }
}

/// Makes anew what is compared of entries where other tables made it, and notes the thresholds of today; called before
/// anything is compared.
///
/// # Errors
/// When the store fails; the next call goes on where this one ended.
pub async fn renew(store: &Store, config: &Config) -> Result<Renewed, StoreError> {
    let known = store.compared_by().await?;
    let (rules, tables) = (config.dedup.settings.revision(), &config.dedup.tables_revision);
    let mut renewed =
        Renewed { n_entries: 0, has_other_rules: !known.rules.is_empty() && known.rules != rules };
    if known.rules != rules {
        let mut batch = store.begin().await?;
        batch.keep_dedup_rules(&rules).await?;
        batch.commit().await?;
    }
    // What an earlier version made is made anew too, but no rule of the operator's is another.
    let is_told = !known.tables.is_empty();
    let mut below = known.below;
    if known.tables != *tables {
        let mut batch = store.begin().await?;
        batch.begin_remaking(tables).await?;
        batch.commit().await?;
        below = store.compared_by().await?.below;
    }
    while let Some(number) = below {
        let mut batch = store.begin().await?;
        let n_entries;
        (n_entries, below) = step(&mut batch, config, number).await?;
        batch.commit().await?;
        renewed.n_entries += if is_told { n_entries } else { 0 };
    }
    Ok(renewed)
}

/// Makes some anew; says how many, and down to where all is done, if anything is left.
async fn step(batch: &mut Batch, config: &Config, below: i64) -> Result<(usize, Option<i64>), StoreError> {
    let entries = batch.next_to_remake(below, STEP).await?;
    for (id, entry) in &entries {
        batch.remake(*id, &Arc::new(judging::features_of_stored(entry, config))).await?;
    }
    let below = entries.last().map(|(id, _)| *id);
    batch.remade_down_to(&config.dedup.tables_revision, below).await?;
    Ok((entries.len(), below))
}
