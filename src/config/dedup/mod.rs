//! `[dedup]`: thresholds of the rules and vetoes, the order of roles, and rows added to the shipped tables.

mod layers;
mod values;

use std::{collections::BTreeMap, sync::Arc};

pub(super) use layers::{DedupLayer, TablesFile};

use self::{
    layers::{ChromeLayer, Cities, NamesLayer, PlacesLayer, RulesLayer, VetoesLayer},
    values::{Limit, Phrase},
};
use super::{ConfigError, build::setting, value::Many};
use crate::{
    dedup::{Additions, RoleOrder, RuleLimits, Settings, Tables, VetoLimits},
    model::{Bureaus, Region},
};

/// Same-story detection.
#[derive(Debug, Clone)]
pub struct Dedup {
    /// Thresholds, and the order of roles.
    pub settings: Settings,
    /// The name of the tables, by which features made by others are found.
    pub tables_revision: String,
    /// Tables with the operator's additions; `None` for the shipped ones.
    own_tables: Option<Arc<Tables>>,
}

impl Dedup {
    /// The tables by which features are made.
    pub fn tables(&self) -> &Tables {
        self.own_tables.as_deref().unwrap_or_else(|| Tables::shipped())
    }
}

/// Thresholds out of a layer, all of which must be set.
macro_rules! limits {
    ($layer:expr, $section:literal, $type:ident { $($field:ident),* $(,)? }) => {
        $type {
            $($field: {
                let unset = || setting(concat!($section, ".", stringify!($field)), "is not set");
                $layer.$field.ok_or_else(unset)?.limit()
            },)*
        }
    };
}

/// Checks what is set of `[dedup]`.
pub(super) fn dedup(layer: Option<DedupLayer>, bureaus: &Bureaus) -> Result<Dedup, ConfigError> {
    let layer = layer.unwrap_or_default();
    let (rules, vetoes) = (layer.rules.unwrap_or_default(), layer.vetoes.unwrap_or_default());
    let window = layer.window.ok_or_else(|| setting("dedup.window", "is not set"))?.0;
    if window.is_zero() {
        return Err(setting(
            "dedup.window",
            "is 0; expected how far apart one story is told, such as \"45d\"",
        ));
    }
    let additions = additions(
        layer.chrome.unwrap_or_default(),
        layer.names.unwrap_or_default(),
        layer.places.unwrap_or_default(),
        bureaus,
    )?;
    let own_tables = if additions == Additions::default() {
        None
    } else {
        let cannot = |error| setting("dedup.tables", format!("cannot be used: {error}"));
        Some(Arc::new(Tables::shipped_with(&additions).map_err(cannot)?))
    };
    let settings = Settings {
        window,
        roles: layer.roles.map_or_else(RoleOrder::default, |roles| roles.0),
        rules: rule_limits(&rules)?,
        vetoes: veto_limits(&vetoes)?,
        common_words: own_tables.as_ref().map(|tables| Arc::clone(tables.common_words())),
        without_rules: rules.without.into_iter().flat_map(|many| many.0).map(|name| name.0).collect(),
        without_vetoes: vetoes.without.into_iter().flat_map(|many| many.0).map(|name| name.0).collect(),
    };
    Ok(Dedup { settings, tables_revision: Tables::revision(&additions), own_tables })
}

fn rule_limits(rules: &RulesLayer) -> Result<RuleLimits, ConfigError> {
    Ok(limits!(
        rules,
        "dedup.rules",
        RuleLimits {
            same_address,
            same_address_title,
            same_title_within,
            same_title_letters,
            body,
            body_letters,
            body_title,
            body_title_title,
            body_title_within,
            title_lead,
            title_lead_title,
            title_lead_within,
            figures,
            figures_shared,
            figures_share,
            figures_within,
            event,
            event_title,
            event_evidence,
            event_within,
            retold,
            retold_share,
            retold_weight,
            retold_within,
            correction_length,
            related,
            merge,
        }
    ))
}

fn veto_limits(vetoes: &VetoesLayer) -> Result<VetoLimits, ConfigError> {
    Ok(limits!(
        vetoes,
        "dedup.vetoes",
        VetoLimits {
            order_within,
            order_unless,
            figures_least,
            figures_share,
            figures_share_alike,
            figures_alike,
            round_up_provinces,
            round_up_unless,
            publisher,
            about_unless,
            frame,
            frame_corrected,
            frame_corrected_share,
            frame_only_within,
            frame_only_title,
            frame_only_containment,
        }
    ))
}

fn phrases(many: Option<Many<Phrase>>) -> Vec<String> {
    many.into_iter().flat_map(|many| many.0).map(|phrase| phrase.0).collect()
}

fn additions(
    chrome: ChromeLayer,
    names: NamesLayer,
    places: PlacesLayer,
    bureaus: &Bureaus,
) -> Result<Additions, ConfigError> {
    Ok(Additions {
        line_starts: phrases(chrome.line_starts),
        tail_starts: phrases(chrome.tail_starts),
        cut: phrases(chrome.cut),
        lead_starts: phrases(chrome.lead_starts),
        fillers: phrases(chrome.fillers),
        signatures: phrases(chrome.signatures),
        boilerplate: chrome.boilerplate.into_iter().flat_map(|many| many.0).map(|phrase| phrase.0).collect(),
        bureau: phrases(names.bureau),
        chief: phrases(names.chief),
        deputy: phrases(names.deputy),
        offices: phrases(names.offices),
        future: phrases(names.future),
        correction: phrases(names.correction),
        about: phrases(names.about),
        synonyms: names.synonyms.into_iter().flat_map(|many| many.0).map(|row| row.0).collect(),
        common: phrases(names.common),
        not_places: phrases(places.not_places),
        cities: cities("dedup.places.cities", places.cities, bureaus)?,
        marked: cities("dedup.places.marked", places.marked, bureaus)?,
    })
}

fn cities(
    key: &str,
    cities: Option<Cities>,
    bureaus: &Bureaus,
) -> Result<BTreeMap<String, Vec<String>>, ConfigError> {
    let mut checked = BTreeMap::new();
    for (code, names) in cities.unwrap_or_default() {
        let is_province = |region: &Region| !region.is_national() && bureaus.row(region).is_some();
        let Some(region) = Region::parse(&code).filter(is_province) else {
            return Err(setting(key, format!("has the province `{code}`; expected a code such as CN-JX")));
        };
        checked.insert(region.as_str().to_owned(), phrases(Some(names)));
    }
    Ok(checked)
}
