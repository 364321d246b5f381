//! Who said it.

use super::Context;
use crate::{
    extract::RawEntry,
    model::{Bureau, Bureaus, Region, Role},
};

/// Finds whose an item is, with the rule that told.
///
/// What the text itself names at its end is most to be trusted, then the source's own bureau when it is a bureau's
/// site, then 来源 and the title's beginning when the source only retells.
pub(super) fn bureau_of(raw: &RawEntry, title: &str, context: &Context) -> Option<(Bureau, &'static str)> {
    let (source, bureaus) = (context.source, context.bureaus);
    if let Some(bureau) = raw.attribution.as_deref().and_then(|name| bureaus.resolve(name)) {
        return Some((bureau, "attribution at the item's end"));
    }
    let origin = raw.origin.as_deref().and_then(|origin| bureau_in(origin, bureaus));
    if source.role == Role::Primary {
        let own = source.bureau.clone().map(|bureau| (bureau, "source's bureau"));
        return origin
            .and_then(|city| of_this_province(city, source.region.as_ref()))
            .map(|bureau| (bureau, "来源: a city's bureau"))
            .or(own);
    }
    let is_province = |bureau: &Bureau| bureau.region.as_ref().is_some_and(|region| !region.is_national());
    origin
        .clone()
        .filter(is_province)
        .map(|bureau| (bureau, "来源"))
        .or_else(|| bureaus.leading(title).filter(is_province).map(|bureau| (bureau, "title's beginning")))
        .or_else(|| source.bureau.clone().map(|bureau| (bureau, "source's bureau")))
        .or_else(|| origin.map(|bureau| (bureau, "来源")))
        .or_else(|| bureaus.leading_place(title).map(|bureau| (bureau, "province at the title's beginning")))
}

/// The bureau that a line of origin names: the whole line, or its first word.
fn bureau_in(origin: &str, bureaus: &Bureaus) -> Option<Bureau> {
    let first = origin.split([' ', '　', '/', '、', '|', '，']).find(|word| !word.is_empty())?;
    bureaus.resolve(origin).or_else(|| bureaus.resolve(first))
}

/// A city's bureau that a provincial site names as the origin: of the same province, or of none that is known.
fn of_this_province(mut city: Bureau, region: Option<&Region>) -> Option<Bureau> {
    let is_city =
        city.region.is_none() || city.name.matches('省').count() + city.name.matches('市').count() > 1;
    if !is_city || city.region.as_ref().is_some_and(|found| Some(found) != region) {
        return None;
    }
    city.region = region.cloned();
    Some(city)
}
