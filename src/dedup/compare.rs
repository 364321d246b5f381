//! Two entries against each other: how alike they are, which rule that satisfies, what speaks against it.

use std::cmp::Ordering;

use super::{
    Features, Rule, RuleLimits, Settings,
    features::MIN_BODY_LETTERS,
    figures,
    shingles::{n_shared, ratio, shared},
    vetoes::{self, Veto, VetoKind},
};

/// Below these, two entries have nothing to do with each other, unless a rule asks for less.
const NOTHING: (f64, f64) = (0.15, 0.5);

/// How alike two entries are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scores {
    /// The share of the smaller body that the larger holds, 0 to 1.
    pub containment: f64,
    /// Shared shingles of all, 0 to 1.
    pub jaccard: f64,
    /// Likeness of the titles (Dice, of pairs of letters), 0 to 1.
    pub title: f64,
    /// Days between them.
    pub days: f64,
    /// Shared figures.
    pub figures: usize,
    /// Figures of the shorter text.
    pub figures_of: usize,
}

impl Scores {
    /// The share of the shorter's figures that the longer has; 0 when it has none.
    pub fn figures_share(&self) -> f64 {
        ratio(self.figures, self.figures_of)
    }

    /// What the best of several is chosen by.
    pub fn rank(&self) -> f64 {
        self.containment + 0.3 * self.title
    }
}

/// What comparing two entries gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The strongest rule that is satisfied, vetoes aside.
    pub rule: Option<Rule>,
    /// How alike they are.
    pub scores: Scores,
    /// What speaks against it.
    pub vetoes: Vec<Veto>,
}

impl Comparison {
    /// The rule by which they are one story.
    pub fn joined(&self) -> Option<Rule> {
        self.rule.filter(|_| self.vetoes.is_empty())
    }

    /// Whether they are near each other and yet two stories.
    pub fn is_related(&self, settings: &Settings) -> bool {
        let outside = self.vetoes.iter().any(|veto| veto.kind == VetoKind::Window);
        self.joined().is_none() && !outside && self.scores.containment >= settings.rules.related
    }
}

/// Compares two entries; the order does not matter, but for the words of vetoes.
pub fn compare(a: &Features, b: &Features, settings: &Settings) -> Comparison {
    let days = a.published_at.duration_since(b.published_at).unsigned_abs();
    if days > settings.window {
        let scores = Scores { days: days.as_secs_f64() / 86_400.0, ..Scores::default() };
        let seen = format!("{:.0} days apart", scores.days);
        return Comparison { rule: None, scores, vetoes: vec![Veto { kind: VetoKind::Window, seen }] };
    }
    let scores = scores(a, b);
    let rule =
        exact_rule(a, b, &scores, &settings.rules).filter(|rule| !settings.without_rules.contains(rule));
    if let Some(exact) = rule {
        return Comparison { rule, scores, vetoes: exact_vetoes(exact, a, b, &scores, settings) };
    }
    let unlike = scores.containment < NOTHING.0.min(settings.rules.least());
    if unlike && scores.title < NOTHING.1 && !is_retold(a, b, &scores, &settings.rules) {
        return Comparison { rule: None, scores, vetoes: Vec::new() };
    }
    let rule = fuzzy_rule(a, b, &scores, settings);
    let vetoes = all_vetoes(a, b, &scores, settings);
    Comparison { rule, scores, vetoes }
}

/// Whether an entry corrects an earlier one that it is one story with: its publisher's own later text, most of it the
/// same and not much shorter.
pub fn corrects(entry: &Features, earlier: &Features, scores: &Scores, settings: &Settings) -> bool {
    entry.publisher == earlier.publisher
        && entry.source_entry_id != earlier.source_entry_id
        && scores.jaccard >= settings.vetoes.publisher
        && entry.published_at >= earlier.published_at
        && ratio(entry.n_letters, earlier.n_letters) >= settings.rules.correction_length
}

/// What speaks against two entries being one story, whether or not their words are alike.
pub(super) fn vetoes_between(a: &Features, b: &Features, settings: &Settings) -> Vec<Veto> {
    all_vetoes(a, b, &scores(a, b), settings)
}

/// Every veto that is not left out; the frame's only where no other holds and there is a frame.
fn all_vetoes(a: &Features, b: &Features, scores: &Scores, settings: &Settings) -> Vec<Veto> {
    let counts = |kind: VetoKind| !settings.without_vetoes.contains(&kind);
    let mut vetoes = vetoes::vetoes(a, b, scores, &settings.vetoes);
    vetoes.retain(|veto| counts(veto.kind));
    if vetoes.is_empty() && scores.containment >= settings.vetoes.frame && counts(VetoKind::Frame) {
        vetoes.extend(vetoes::frame(a, b, scores, settings));
    }
    vetoes
}

fn scores(a: &Features, b: &Features) -> Scores {
    let overlap = a.shingles.overlap(&b.shingles);
    let titles = n_shared(&a.title_bigrams, &b.title_bigrams);
    let (of_a, of_b) = (&a.anchors.figures, &b.anchors.figures);
    let shorter = match a.n_letters.cmp(&b.n_letters) {
        Ordering::Less => of_a.len(),
        Ordering::Equal => of_a.len().min(of_b.len()),
        Ordering::Greater => of_b.len(),
    };
    let days = a.published_at.duration_since(b.published_at).unsigned_abs();
    Scores {
        containment: overlap.containment,
        jaccard: overlap.jaccard,
        title: ratio(2 * titles, a.title_bigrams.len() + b.title_bigrams.len()),
        days: days.as_secs_f64() / 86_400.0,
        figures: n_shared(of_a, of_b),
        figures_of: shorter,
    }
}

fn same_title(a: &Features, b: &Features, rules: &RuleLimits) -> bool {
    a.title_key == b.title_key && a.title_key.chars().count() >= rules.same_title_letters
}

/// The rules that any copy of a story can satisfy.
fn exact_rule(a: &Features, b: &Features, scores: &Scores, rules: &RuleLimits) -> Option<Rule> {
    if a.canonical_url.is_some() && a.canonical_url == b.canonical_url {
        let same = same_title(a, b, rules)
            || scores.containment > rules.same_address
            || scores.title > rules.same_address_title;
        return same.then_some(Rule::SameAddress);
    }
    if a.body_hash.is_some() && a.body_hash == b.body_hash {
        return Some(Rule::SameBody);
    }
    // A body too short to tell contradicts nothing.
    let silent = a.n_letters < MIN_BODY_LETTERS || b.n_letters < MIN_BODY_LETTERS;
    let close = a.source_key != b.source_key && scores.days <= rules.same_title_within;
    (silent && close && same_title(a, b, rules)).then_some(Rule::SameTitle)
}

fn exact_vetoes(rule: Rule, a: &Features, b: &Features, scores: &Scores, settings: &Settings) -> Vec<Veto> {
    let mut vetoes = vetoes::vetoes(a, b, scores, &settings.vetoes);
    if rule != Rule::SameTitle {
        // One text or one page is one story whatever is read out of it, but for the province.
        vetoes.retain(|veto| veto.kind == VetoKind::Province);
    }
    vetoes.retain(|veto| !settings.without_vetoes.contains(&veto.kind));
    vetoes
}

fn fuzzy_rule(a: &Features, b: &Features, scores: &Scores, settings: &Settings) -> Option<Rule> {
    let Scores { containment, title, days, .. } = *scores;
    let letters = a.n_letters.min(b.n_letters);
    let limits = &settings.rules;
    let same_province = a.region.is_some() && a.region == b.region;
    let rules = [
        (Rule::Body, containment >= limits.body && letters >= limits.body_letters),
        (
            Rule::BodyTitle,
            containment >= limits.body_title
                && title >= limits.body_title_title
                && days <= limits.body_title_within,
        ),
        (
            Rule::TitleLead,
            containment >= limits.title_lead
                && title >= limits.title_lead_title
                && days <= limits.title_lead_within
                && same_province,
        ),
        (
            Rule::Figures,
            containment >= limits.figures
                && scores.figures >= limits.figures_shared
                && scores.figures_share() >= limits.figures_share
                && days <= limits.figures_within,
        ),
        (Rule::Event, (same_province && is_event(a, b, scores, limits)) || is_retold(a, b, scores, limits)),
    ];
    let satisfied =
        |(rule, holds): (Rule, bool)| (holds && !settings.without_rules.contains(&rule)).then_some(rule);
    rules.into_iter().find_map(satisfied)
}

/// Whether like titles, some of the words and place, date, figures or names speak of one event.
fn is_event(a: &Features, b: &Features, scores: &Scores, rules: &RuleLimits) -> bool {
    scores.containment >= rules.event
        && scores.title >= rules.event_title
        && scores.days <= rules.event_within
        && evidence(a, b, scores) >= rules.event_evidence
}

/// Whether one city and its figures are told of within days, in whatever words.
fn is_retold(a: &Features, b: &Features, scores: &Scores, rules: &RuleLimits) -> bool {
    let (x, y) = (&a.anchors, &b.anchors);
    scores.days <= rules.retold_within
        && scores.containment >= rules.retold
        && scores.figures_share() >= rules.retold_share
        && n_shared(&x.cities, &y.cities) > 0
        && figures::weight(shared(&x.figures, &y.figures)) >= rules.retold_weight
}

/// Pieces of evidence that two texts tell of one event.
fn evidence(a: &Features, b: &Features, scores: &Scores) -> usize {
    let (ours, theirs) = (&a.anchors, &b.anchors);
    let both = |shared: usize| usize::from(shared > 0);
    both(n_shared(&ours.cities, &theirs.cities))
        + both(n_shared(&ours.dates, &theirs.dates))
        + both(n_shared(&ours.works, &theirs.works))
        + both(n_shared(&ours.officials, &theirs.officials))
        + 2 * both(n_shared(&ours.numbers, &theirs.numbers))
        + usize::from(scores.figures >= 2)
        + usize::from(scores.figures >= 4)
}
