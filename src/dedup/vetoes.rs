//! What speaks against one story, however alike the words are.

use std::fmt;

use super::{
    Features, Settings, VetoLimits, compare::Scores, diff, features::provinces_differ, periods::Period,
    shingles::n_shared,
};
use crate::model::Role;

/// Kinds of veto.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VetoKind {
    /// Too far apart in time.
    Window,
    /// Two provinces.
    Province,
    /// Two years, months, quarters, sessions or batches.
    Period,
    /// No city in common.
    Place,
    /// The bureau's own text is younger than its supposed copy.
    Order,
    /// Two numbers of documents or licences.
    Number,
    /// Too few figures in common.
    Figures,
    /// Two dates.
    Date,
    /// One tells of many provinces.
    RoundUp,
    /// One publisher, which repeats itself word for word or tells another story.
    Publisher,
    /// Two books, films or documents in 《》.
    Works,
    /// Two companies.
    Company,
    /// Two holders of offices.
    Official,
    /// Opening and closing, and the like.
    State,
    /// An announcement and the event.
    Announcement,
    /// The same frame around other figures, dates, ordinals or names.
    Frame,
}

impl VetoKind {
    /// All of them, for tables.
    pub const ALL: [Self; 16] = [
        Self::Window,
        Self::Province,
        Self::Period,
        Self::Place,
        Self::Order,
        Self::Number,
        Self::Figures,
        Self::Date,
        Self::RoundUp,
        Self::Publisher,
        Self::Works,
        Self::Company,
        Self::Official,
        Self::State,
        Self::Announcement,
        Self::Frame,
    ];

    /// The name that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Province => "province",
            Self::Period => "period",
            Self::Place => "place",
            Self::Order => "order",
            Self::Number => "number",
            Self::Figures => "figures",
            Self::Date => "date",
            Self::RoundUp => "round-up",
            Self::Publisher => "publisher",
            Self::Works => "works",
            Self::Company => "company",
            Self::Official => "official",
            Self::State => "state",
            Self::Announcement => "announcement",
            Self::Frame => "frame",
        }
    }
}

/// One veto, with what it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veto {
    /// Which.
    pub kind: VetoKind,
    /// Both sides, the first entry's first: `2025/2026`.
    pub seen: String,
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.seen)
    }
}

/// Looks for one kind of veto; gives what it saw.
type Check = fn(&Features, &Features, &Scores, &VetoLimits) -> Option<String>;

/// Every veto that holds, all but the frame's, which is dear.
pub(super) fn vetoes(a: &Features, b: &Features, scores: &Scores, limits: &VetoLimits) -> Vec<Veto> {
    let checks: [(VetoKind, Check); 14] = [
        (VetoKind::Province, province),
        (VetoKind::Period, period),
        (VetoKind::Place, place),
        (VetoKind::Order, order),
        (VetoKind::Number, number),
        (VetoKind::Figures, figures),
        (VetoKind::Date, date),
        (VetoKind::RoundUp, round_up),
        (VetoKind::Publisher, publisher),
        (VetoKind::Works, works),
        (VetoKind::Company, company),
        (VetoKind::Official, official),
        (VetoKind::State, state),
        (VetoKind::Announcement, announcement),
    ];
    let seen = |(kind, check): &(VetoKind, Check)| {
        check(a, b, scores, limits).map(|seen| Veto { kind: *kind, seen })
    };
    checks.iter().filter_map(seen).collect()
}

fn province(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    let name = |f: &Features| f.region.as_ref().map_or("", |r| r.as_str()).to_owned();
    provinces_differ(a, b).then(|| format!("{}/{}", name(a), name(b)))
}

fn period(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    let (a, b) = (&a.anchors, &b.anchors);
    let all = |x: &[Period], y: &[Period]| [x, y].concat();
    other_period(&a.title_periods, &b.title_periods).or_else(|| {
        other_period(&all(&a.title_periods, &a.lead_periods), &all(&b.title_periods, &b.lead_periods))
    })
}

/// A kind of period that both have and none of which they share.
fn other_period(a: &[Period], b: &[Period]) -> Option<String> {
    let class = |p: &Period| (p.kind, p.kind.class(p.value));
    let of_class = |list: &[Period], c| list.iter().filter(|p| class(p) == c).copied().collect::<Vec<_>>();
    a.iter().find_map(|first| {
        let (ours, theirs) = (of_class(a, class(first)), of_class(b, class(first)));
        let differs = !theirs.is_empty() && !ours.iter().any(|p| theirs.contains(p));
        differs.then(|| format!("{first}/{}", theirs.first().map(ToString::to_string).unwrap_or_default()))
    })
}

fn disjoint<T: Ord>(a: &[T], b: &[T]) -> bool {
    !a.is_empty() && !b.is_empty() && n_shared(a, b) == 0
}

fn place(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    let (a, b) = (&a.anchors, &b.anchors);
    if disjoint(&a.provinces, &b.provinces) {
        return Some("other provinces".to_owned());
    }
    disjoint(&a.cities, &b.cities).then(|| "other cities".to_owned())
}

fn order(a: &Features, b: &Features, scores: &Scores, limits: &VetoLimits) -> Option<String> {
    let late = |original: &Features, copy: &Features| {
        let days = original.published_at.duration_since(copy.published_at).as_secs_f64() / 86_400.0;
        original.role == Role::Primary && copy.role != Role::Primary && days >= limits.order_within
    };
    (scores.containment < limits.order_unless && (late(a, b) || late(b, a)))
        .then(|| format!("original {:.0} days later", scores.days))
}

fn number(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    disjoint(&a.anchors.numbers, &b.anchors.numbers).then(|| "other document".to_owned())
}

fn figures(_: &Features, _: &Features, scores: &Scores, limits: &VetoLimits) -> Option<String> {
    let is_alike = scores.containment >= limits.figures_alike;
    let least = if is_alike { limits.figures_share_alike } else { limits.figures_share };
    (scores.figures_of >= limits.figures_least && scores.figures_share() < least)
        .then(|| format!("{} of {}", scores.figures, scores.figures_of))
}

fn date(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    let name = |dates: &[u16]| dates.first().map(|d| format!("{}-{}", d / 100, d % 100)).unwrap_or_default();
    let (a, b) = (&a.anchors.dates, &b.anchors.dates);
    disjoint(a, b).then(|| format!("{}/{}", name(a), name(b)))
}

fn round_up(a: &Features, b: &Features, scores: &Scores, limits: &VetoLimits) -> Option<String> {
    let (n, m) = (a.anchors.provinces.len(), b.anchors.provinces.len());
    if n.max(m) < limits.round_up_provinces || n.min(m) > 1 {
        return None;
    }
    let (many, one) = if n > m { (a, b) } else { (b, a) };
    // An abridgement names no province that its original does not; a bureau's own text is no excerpt of a round-up.
    let is_round_up = many.n_letters <= one.n_letters || one.role == Role::Primary;
    (is_round_up || scores.containment < limits.round_up_unless).then(|| format!("of {} provinces", n.max(m)))
}

fn publisher(a: &Features, b: &Features, scores: &Scores, limits: &VetoLimits) -> Option<String> {
    (a.publisher == b.publisher && scores.jaccard < limits.publisher)
        .then(|| format!("the same, texts alike by {:.2}", scores.jaccard))
}

fn works(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    disjoint(&a.anchors.title_works, &b.anchors.title_works).then(|| "other title in 《》".to_owned())
}

fn company(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    disjoint(&a.anchors.companies, &b.anchors.companies).then(|| "other company".to_owned())
}

fn official(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    disjoint(&a.anchors.officials, &b.anchors.officials).then(|| "other person".to_owned())
}

fn state(a: &Features, b: &Features, scores: &Scores, limits: &VetoLimits) -> Option<String> {
    if a.anchors.about != b.anchors.about && scores.containment < limits.about_unless {
        return Some("story/about it".to_owned());
    }
    let (a, b) = (&a.anchors.states, &b.anchors.states);
    let group = |list: &[(u8, u8)], of: u8| list.iter().filter(|s| s.0 == of).copied().collect::<Vec<_>>();
    let differs = a.iter().any(|first| disjoint(&group(a, first.0), &group(b, first.0)));
    differs.then(|| "beginning/end".to_owned())
}

fn announcement(a: &Features, b: &Features, _: &Scores, _: &VetoLimits) -> Option<String> {
    (a.anchors.is_future != b.anchors.is_future).then(|| "to come/has come".to_owned())
}

/// The frame's veto: what is replaced are figures, dates, ordinals or names.
pub(super) fn frame(a: &Features, b: &Features, scores: &Scores, settings: &Settings) -> Option<Veto> {
    let replaced = diff::replaced(&a.text, &b.text);
    let seen = super::frame::verdict(a, b, scores, &replaced, settings)?;
    Some(Veto { kind: VetoKind::Frame, seen })
}
