//! A source that changed all its ids: what became of its items, and what waits for the operator.

use super::Fault;

/// The name of this concern.
pub const IDS_CHANGED: &str = "ids-changed";

/// What became of the items of a source that changed its ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reid {
    /// Rows that it gave.
    pub n_rows: usize,
    /// Those that are known under other ids.
    pub n_known: usize,
    /// Those that are newer than all that was known.
    pub n_new: usize,
    /// Those held back.
    pub n_held: usize,
}

impl Fault {
    /// A source that changed its ids just now.
    pub fn of_reid(key: &str, found: Reid) -> Self {
        let Reid { n_rows, n_known, n_new, n_held } = found;
        let n_strange = n_known + n_new + n_held;
        Self::new(
            IDS_CHANGED,
            format!(
                "`{key}` gave {n_strange} of {n_rows} rows under ids that were not known: {n_known} were recognised and stay what they are, \
                {n_new} are newer than all before and are published, {n_held} are held back"
            ),
            next_step(n_held),
        )
    }

    /// A source of which rows are still held back.
    pub fn of_held(key: &str, n_held: usize) -> Self {
        Self::new(
            IDS_CHANGED,
            format!(
                "{n_held} rows of `{key}` are held back since it changed its ids: neither known nor newer than what was"
            ),
            next_step(n_held),
        )
    }
}

fn next_step(n_held: usize) -> &'static str {
    if n_held == 0 {
        "nothing need be done; if its addresses changed, look whether the source's `url` still is the right one"
    } else {
        "look at its page; `dibao fetch SOURCE --accept` publishes what is held back"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_back_is_said_with_what_to_do() {
        let held = Fault::of_reid("jx", Reid { n_rows: 20, n_known: 14, n_new: 2, n_held: 3 });
        assert!(held.told().contains("19 of 20") && held.told().contains("--accept"), "{}", held.told());
        let none = Fault::of_reid("jx", Reid { n_rows: 20, n_known: 20, ..Reid::default() });
        assert!(!none.told().contains("--accept") && none.name == IDS_CHANGED, "{}", none.told());
        assert!(Fault::of_held("jx", 3).told().contains("3 rows of `jx`"));
    }
}
