//! Provinces and cities that a text names.

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::{
    additions::Additions,
    tables::{TablesError, matcher},
};
use crate::model::Region;

/// What may follow a place whose bare name is a common word.
const MARKS: [&str; 6] = ["市", "州", "盟", "地区", "局", "自治州"];
/// A row of this many one-character names of provinces is a list of provinces.
const MIN_ABBREVIATIONS: usize = 3;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    not_places: Vec<String>,
    province: Vec<Province>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Province {
    region: String,
    name: String,
    full: String,
    abbr: char,
    cities: String,
    marked: String,
}

/// What a found name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Province(u8),
    City { province: u8, number: u16, needs_mark: bool },
}

/// The gazetteer.
#[derive(Debug)]
pub(super) struct Places {
    matcher: AhoCorasick,
    kinds: Vec<Place>,
    regions: Vec<Region>,
    names: Vec<(String, String)>,
    cities: Vec<String>,
    abbreviations: Vec<char>,
}

/// The places that a text names: numbers of provinces and cities, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Provinces named themselves or by a city.
    pub(super) provinces: Vec<u8>,
    /// Cities.
    pub(super) cities: Vec<u16>,
    /// The province of the first place of all, with the byte that it stands at.
    pub(super) first: Option<(u8, usize)>,
}

impl Places {
    /// Reads `config/places.toml`, and further places of its provinces.
    pub(super) fn parse(text: &str, more: &Additions) -> Result<Self, TablesError> {
        let file: File =
            toml::from_str(text).map_err(|source| TablesError::Toml { table: "places", source })?;
        let mut words = file.not_places;
        words.extend(more.not_places.iter().cloned());
        let mut places = vec![Place::Nowhere; words.len()];
        let (mut regions, mut names, mut abbreviations) = (Vec::new(), Vec::new(), Vec::new());
        let mut cities = Vec::new();
        for row in file.province {
            let Some(region) = Region::parse(&row.region) else { continue };
            let Ok(province) = u8::try_from(regions.len()) else { break };
            words.push(row.name.clone());
            places.push(Place::Province(province));
            for (list, more, needs_mark) in
                [(&row.cities, &more.cities, false), (&row.marked, &more.marked, true)]
            {
                let more = more.get(region.as_str()).into_iter().flatten().map(String::as_str);
                for city in list.split_whitespace().chain(more) {
                    let Ok(number) = u16::try_from(words.len()) else { break };
                    words.push(city.to_owned());
                    cities.push(city.to_owned());
                    places.push(Place::City { province, number, needs_mark });
                }
            }
            regions.push(region);
            names.push((row.name, row.full));
            abbreviations.push(row.abbr);
        }
        // A province of a city's name (吉林, 海南) is found first; the city of that name never is.
        Ok(Self { matcher: matcher(&words, "places")?, kinds: places, regions, names, cities, abbreviations })
    }

    /// Short and full names of the provinces.
    pub(super) fn province_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.iter().map(|(short, full)| (short.as_str(), full.as_str()))
    }

    /// Names of the cities.
    pub(super) fn city_names(&self) -> impl Iterator<Item = &str> {
        self.cities.iter().map(String::as_str)
    }

    /// The code of a province.
    pub(super) fn region(&self, province: u8) -> Option<&Region> {
        self.regions.get(usize::from(province))
    }

    /// The places that a text names.
    pub(super) fn find(&self, text: &str) -> Found {
        let mut found = Found::default();
        for hit in self.matcher.find_iter(text) {
            let place = self.kinds.get(hit.pattern().as_usize()).copied().unwrap_or(Place::Nowhere);
            let rest = text.get(hit.end()..).unwrap_or_default();
            let province = match place {
                Place::Nowhere => continue,
                Place::City { needs_mark: true, .. } if !MARKS.iter().any(|mark| rest.starts_with(mark)) => {
                    continue;
                }
                Place::Province(province) => {
                    found.provinces.push(province);
                    province
                }
                Place::City { province, number, .. } => {
                    found.cities.push(number);
                    found.provinces.push(province);
                    province
                }
            };
            found.first.get_or_insert((province, hit.start()));
        }
        self.find_abbreviations(text, &mut found.provinces);
        found.provinces.sort_unstable();
        found.provinces.dedup();
        found.cities.sort_unstable();
        found.cities.dedup();
        found
    }

    /// Rows of one-character names: 浙陕冀湘4省局.
    fn find_abbreviations(&self, text: &str, provinces: &mut Vec<u8>) {
        let mut row = Vec::new();
        for c in text.chars().chain(['\0']) {
            let province = self.abbreviations.iter().position(|abbr| *abbr == c);
            match province.and_then(|at| u8::try_from(at).ok()) {
                Some(province) => row.push(province),
                None if c == '、' && !row.is_empty() => {}
                None => {
                    if row.len() >= MIN_ABBREVIATIONS {
                        provinces.append(&mut row);
                    }
                    row.clear();
                }
            }
        }
    }
}
