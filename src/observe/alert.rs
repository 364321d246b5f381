//! What the operator is told, and when: breaks and recoveries, once each.

/// Something worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// The source no longer gives what it should.
    Broke,
    /// It does again.
    Recovered,
}

impl Alert {
    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broke => "broke",
            Self::Recovered => "recovered",
        }
    }
}

/// Faults that come and go by themselves: told only when they stay.
const PASSING: [&str; 7] =
    ["timeout", "dns", "unreachable", "broken-off", "server-error", "robots-unreachable", "too-often"];
/// Polls in a row with a passing fault before it is told.
const PATIENCE_PASSING: usize = 3;
/// Polls in a row with any other.
const PATIENCE: usize = 2;
/// What is seen once and told at once: the next poll finds it settled.
const AT_ONCE: [&str; 1] = [super::IDS_CHANGED];

/// What is known of a source when one more poll has ended.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// `ok`, or the name of what is wrong.
    pub state: &'a str,
    /// Polls in a row that were not `ok`, this one included.
    pub n_bad: usize,
    /// Whether a break was told and no recovery since.
    pub told_broken: bool,
    /// Whether the source is known to exist: verified, or once read.
    pub is_known: bool,
}

/// Decides what to tell.
pub fn alert(standing: Standing) -> Option<Alert> {
    if standing.state == "ok" {
        return standing.told_broken.then_some(Alert::Recovered);
    }
    let patience = match standing.state {
        state if PASSING.contains(&state) => PATIENCE_PASSING,
        state if AT_ONCE.contains(&state) => 1,
        _ => PATIENCE,
    };
    let tells = standing.is_known && !standing.told_broken && standing.n_bad >= patience;
    tells.then_some(Alert::Broke)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_and_recoveries_are_told_once() {
        let check = |state: &str,
                     n_bad: usize,
                     told_broken: bool,
                     is_known: bool,
                     expected: Option<Alert>| {
            assert_eq!(alert(Standing { state, n_bad, told_broken, is_known }), expected, "{state} {n_bad}");
        };
        check("ok", 0, false, true, None);
        check("no-rows", 1, false, true, None);
        check("no-rows", 2, false, true, Some(Alert::Broke));
        check("no-rows", 3, true, true, None);
        check("timeout", 2, false, true, None);
        check("timeout", 3, false, true, Some(Alert::Broke));
        check("ids-changed", 1, false, true, Some(Alert::Broke));
        check("ok", 0, true, true, Some(Alert::Recovered));
        check("dns", 9, false, false, None);
    }
}
