//! Thresholds of the rules and vetoes, and the order of roles. Defaults are what the labelled set was measured with.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{Rule, Tables, VetoKind};
use crate::model::Role;

/// What the rules ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Two entries further apart than this are never one story.
    pub window: Duration,
    /// Which role readers get a copy of rather than another.
    pub roles: RoleOrder,
    /// What the rules ask for.
    pub rules: RuleLimits,
    /// What the vetoes look at.
    pub vetoes: VetoLimits,
    /// Words that are no names: where one stands for another, an editor was at work. Those of the shipped tables when
    /// not set.
    pub common_words: Option<Arc<HashSet<String>>>,
    /// Rules that are left out.
    pub without_rules: Vec<Rule>,
    /// Vetoes that are left out.
    pub without_vetoes: Vec<VetoKind>,
}

/// 45 days: monthly bulletins meet one another, yearly ones do not.
pub const WINDOW: Duration = Duration::from_hours(45 * 24);

/// The roles, the one first whose copies readers get rather than those of others; each exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleOrder([Role; 4]);

impl RoleOrder {
    /// An order of all roles; `None` when one is missing.
    pub fn new(roles: [Role; 4]) -> Option<Self> {
        Role::ALL.iter().all(|role| roles.contains(role)).then_some(Self(roles))
    }

    /// The roles in their order.
    pub fn roles(&self) -> &[Role] {
        &self.0
    }

    /// The place of a role, from 0 for the best.
    pub fn standing(&self, role: Role) -> u8 {
        let before = self.0.iter().take_while(|other| **other != role).count();
        u8::try_from(before).unwrap_or(u8::MAX)
    }
}

impl Default for RoleOrder {
    fn default() -> Self {
        Self(Role::ALL)
    }
}

/// Defines thresholds with their defaults.
macro_rules! limits {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[$fmeta])* pub $field: $type,)*
        }
        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

limits! {
    /// What the rules ask for. Shares are 0 to 1: containment is the share of the shorter text that stands in the
    /// longer, `title` the likeness of the titles; times are days.
    RuleLimits {
        /// Same address: least containment, or
        same_address: f64 = 0.30,
        /// least likeness of titles; with less of both, the page was reused.
        same_address_title: f64 = 0.60,
        /// Same title: days apart, at most.
        same_title_within: f64 = 3.0,
        /// Same title: letters of the title, at least.
        same_title_letters: usize = 8,
        /// Body: least containment.
        body: f64 = 0.68,
        /// Body: letters of the shorter text, at least.
        body_letters: usize = 60,
        /// Body and title: least containment.
        body_title: f64 = 0.50,
        /// Body and title: least likeness of titles.
        body_title_title: f64 = 0.45,
        /// Body and title: days apart, at most.
        body_title_within: f64 = 21.0,
        /// Title and lead: least containment.
        title_lead: f64 = 0.30,
        /// Title and lead: least likeness of titles.
        title_lead_title: f64 = 0.90,
        /// Title and lead: days apart, at most.
        title_lead_within: f64 = 10.0,
        /// Figures: least containment.
        figures: f64 = 0.30,
        /// Figures: shared figures, at least.
        figures_shared: usize = 3,
        /// Figures: least share of the shorter's figures.
        figures_share: f64 = 0.60,
        /// Figures: days apart, at most.
        figures_within: f64 = 10.0,
        /// Event: least containment.
        event: f64 = 0.18,
        /// Event: least likeness of titles.
        event_title: f64 = 0.40,
        /// Event: pieces of evidence (city, date, name, document, figures), at least.
        event_evidence: usize = 2,
        /// Event: days apart, at most.
        event_within: f64 = 7.0,
        /// Event in other words: least containment.
        retold: f64 = 0.02,
        /// Event in other words: least share of the shorter's figures.
        retold_share: f64 = 0.60,
        /// Event in other words: least weight of shared figures, 1 for each of three digits or more.
        retold_weight: f64 = 1.6,
        /// Event in other words: days apart, at most.
        retold_within: f64 = 5.0,
        /// Correction: least share of the earlier text's length; an excerpt is no correction.
        correction_length: f64 = 0.90,
        /// Least containment at which a story that stays apart is called related.
        related: f64 = 0.30,
        /// Least containment at which a second story is merged with the first.
        merge: f64 = 0.75,
    }
}

limits! {
    /// What the vetoes look at; shares and days as in [`RuleLimits`].
    VetoLimits {
        /// Order: an original follows its copy by fewer days than this,
        order_within: f64 = 2.0,
        /// unless so much of the one stands in the other.
        order_unless: f64 = 0.92,
        /// Figures: those of the shorter text count from this number on.
        figures_least: usize = 3,
        /// Figures: least share of them that the longer has.
        figures_share: f64 = 0.40,
        /// Figures: the same for texts of which
        figures_share_alike: f64 = 0.30,
        /// this much is the same.
        figures_alike: f64 = 0.80,
        /// Round-up: provinces that make one.
        round_up_provinces: usize = 3,
        /// Round-up: containment from which on a shorter text is an excerpt of it.
        round_up_unless: f64 = 0.68,
        /// Publisher: least likeness of two texts of one publisher (shared shingles of all).
        publisher: f64 = 0.60,
        /// State: a text about a story that holds this much of it is the story under another title.
        about_unless: f64 = 0.85,
        /// Frame: containment from which on two texts have a frame in common.
        frame: f64 = 0.30,
        /// Frame: figures that a correction changes, at most.
        frame_corrected: usize = 2,
        /// Frame: least share of figures that a correction leaves alone.
        frame_corrected_share: f64 = 0.60,
        /// Frame: days until a text's only figure is corrected, at most;
        frame_only_within: f64 = 7.0,
        /// least likeness of titles then;
        frame_only_title: f64 = 0.70,
        /// least containment then.
        frame_only_containment: f64 = 0.85,
    }
}

impl RuleLimits {
    /// The least containment that any rule asks for that needs like words.
    pub(super) fn least(&self) -> f64 {
        [self.body, self.body_title, self.title_lead, self.figures, self.event, self.related]
            .into_iter()
            .fold(f64::INFINITY, f64::min)
    }
}

impl Settings {
    /// Words that are no names.
    pub(super) fn common_words(&self) -> &HashSet<String> {
        self.common_words.as_deref().unwrap_or_else(|| Tables::shipped().common_words().as_ref())
    }

    /// Names these settings: others have another name. What is stored was judged by the settings of one name.
    pub fn revision(&self) -> String {
        let Self { window, roles, rules, vetoes, without_rules, without_vetoes, common_words: _ } = self;
        let text = format!("{window:?}{roles:?}{rules:?}{vetoes:?}{without_rules:?}{without_vetoes:?}");
        blake3::hash(text.as_bytes()).to_hex().chars().take(REVISION_CHARS).collect()
    }
}

/// Characters of a revision's name: 64 bits.
pub(super) const REVISION_CHARS: usize = 16;

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: WINDOW,
            roles: RoleOrder::default(),
            rules: RuleLimits::default(),
            vetoes: VetoLimits::default(),
            common_words: None,
            without_rules: Vec::new(),
            without_vetoes: Vec::new(),
        }
    }
}
