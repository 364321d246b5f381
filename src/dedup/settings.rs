//! Thresholds of the rules. Defaults are what the labelled set was measured with.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{Rule, Tables, VetoKind};

/// What the rules ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Two entries further apart than this are never one story.
    pub window: Duration,
    /// Least containment for the rule of the body.
    pub body: f64,
    /// Least containment and title likeness for the rule of body and title.
    pub body_title: (f64, f64),
    /// Least containment and title likeness for the rule of title and lead.
    pub title_lead: (f64, f64),
    /// Least containment for the rules of figures and of the event.
    pub figures: f64,
    /// Least containment for the rule of the event.
    pub event: f64,
    /// Least containment at which a story that stays apart is called related.
    pub related: f64,
    /// Least containment at which a second story is merged with the first.
    pub merge: f64,
    /// Words that are no names: where one stands for another, an editor was at work.
    pub common_words: Arc<HashSet<String>>,
    /// Rules that are left out; for measuring.
    pub without_rules: Vec<Rule>,
    /// Vetoes that are left out; for measuring.
    pub without_vetoes: Vec<VetoKind>,
}

/// 45 days: monthly bulletins meet one another, yearly ones do not.
pub const WINDOW: Duration = Duration::from_hours(45 * 24);

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: WINDOW,
            body: 0.68,
            body_title: (0.50, 0.45),
            title_lead: (0.30, 0.90),
            figures: 0.30,
            event: 0.18,
            related: 0.30,
            merge: 0.75,
            common_words: Tables::shipped().common_words(),
            without_rules: Vec::new(),
            without_vetoes: Vec::new(),
        }
    }
}
