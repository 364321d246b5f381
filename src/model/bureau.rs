//! Bureaus and regions: who said it, and for which province.
//!
//! The names themselves are data (`config/regions.toml`); this module only knows how official names are
//! built: `<full name of the province>邮政管理局`, with `<short name>局` as its short form.

use std::fmt;

/// An ISO 3166-2 code of a province (`CN-JX`), or `CN` for the whole country.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(String);

impl Region {
    /// Accepts `CN` and `CN-XX` with two letters or digits in upper case.
    pub fn parse(code: &str) -> Option<Self> {
        let valid = code == "CN"
            || code.strip_prefix("CN-").is_some_and(|rest| {
                rest.len() == 2 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            });
        valid.then(|| Self(code.to_owned()))
    }

    /// Returns the code as written in feeds and addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the whole country rather than a province.
    pub fn is_national(&self) -> bool {
        self.0 == "CN"
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The body that said something: its full official name, and its province where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bureau {
    /// Full official name, city bureaus included.
    pub name: String,
    /// The province; `None` when a city bureau's province cannot be told from its name.
    pub region: Option<Region>,
}

/// One row of the table of regions.
#[derive(Debug, Clone)]
pub struct RegionRow {
    /// ISO 3166-2 code.
    pub region: Region,
    /// Full name of the province.
    pub name: String,
    /// Short name, as used in `<short>局`.
    pub short: String,
    /// Full official name of the bureau.
    pub bureau: String,
    /// English name of the province.
    pub en: String,
}

/// The table of provincial bureaus, and what can be recognised with it.
#[derive(Debug, Clone, Default)]
pub struct Bureaus {
    rows: Vec<RegionRow>,
}

/// How every official name ends.
const OFFICIAL_SUFFIX: &str = "邮政管理局";
/// Longest name accepted as a bureau's, in characters; longer brackets are prose.
const MAX_NAME_CHARS: usize = 30;

impl Bureaus {
    /// Makes a table. Longer short names are tried first, so that no name hides a longer one.
    pub fn new(mut rows: Vec<RegionRow>) -> Self {
        rows.sort_by_key(|row| std::cmp::Reverse(row.short.chars().count()));
        Self { rows }
    }

    /// All rows of the table.
    pub fn rows(&self) -> &[RegionRow] {
        &self.rows
    }

    /// The row of a region code.
    pub fn row(&self, region: &Region) -> Option<&RegionRow> {
        self.rows.iter().find(|row| row.region == *region)
    }

    /// Resolves a whole string that names a bureau: official name, short form (`江西局`), the name without
    /// its nationality (`宁夏邮政管理局`), a city bureau's official name, or a region code.
    ///
    /// Returns `None` when the string names no bureau, so `扩大` or `记者 王某` are not mistaken for one.
    pub fn resolve(&self, text: &str) -> Option<Bureau> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if text.is_empty() || text.chars().count() > MAX_NAME_CHARS {
            return None;
        }
        if let Some(row) = self.rows.iter().find(|row| row.names(&text)) {
            return Some(row.bureau());
        }
        let stem = text.strip_suffix(OFFICIAL_SUFFIX)?;
        if stem.is_empty() || !stem.chars().all(is_name_char) {
            return None;
        }
        Some(Bureau { region: self.region_of_place(stem), name: text.clone() })
    }

    /// Finds the bureau a title or line begins with, as in `宁夏局召开…`.
    pub fn leading(&self, text: &str) -> Option<Bureau> {
        let text = text.trim_start();
        self.rows
            .iter()
            .find(|row| {
                let short = format!("{}局", row.short);
                text.starts_with(&row.bureau) || text.starts_with(&short)
            })
            .map(RegionRow::bureau)
    }

    /// Finds the province a title begins with, as in `河南快递…` or `江西省快递…`: weaker than [`Self::leading`].
    pub fn leading_place(&self, text: &str) -> Option<Bureau> {
        let text = text.trim_start();
        self.rows
            .iter()
            .filter(|row| !row.region.is_national())
            .find(|row| text.starts_with(&row.name) || text.starts_with(&row.short))
            .map(RegionRow::bureau)
    }

    /// The province whose full name, or short name, the place begins with.
    fn region_of_place(&self, place: &str) -> Option<Region> {
        let rows = || self.rows.iter().filter(|row| !row.region.is_national());
        rows()
            .find(|row| place.starts_with(&row.name))
            .or_else(|| rows().find(|row| place == row.short))
            .map(|row| row.region.clone())
    }
}

impl RegionRow {
    fn bureau(&self) -> Bureau {
        Bureau { name: self.bureau.clone(), region: Some(self.region.clone()) }
    }

    fn names(&self, text: &str) -> bool {
        text == self.bureau
            || text == self.region.as_str()
            || text.strip_suffix('局') == Some(&self.short)
            || text.strip_suffix(OFFICIAL_SUFFIX).is_some_and(|stem| stem == self.short || stem == self.name)
    }
}

/// Whether a character can stand in the name of a place.
fn is_name_char(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '·')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bureaus() -> Bureaus {
        let row = |code: &str, name: &str, short: &str, bureau: &str| RegionRow {
            region: Region::parse(code).unwrap(),
            name: name.into(),
            short: short.into(),
            bureau: bureau.into(),
            en: String::new(),
        };
        Bureaus::new(vec![
            row("CN", "中国", "国家", "国家邮政局"),
            row("CN-JL", "吉林省", "吉林", "吉林省邮政管理局"),
            row("CN-NX", "宁夏回族自治区", "宁夏", "宁夏回族自治区邮政管理局"),
            row("CN-SX", "山西省", "山西", "山西省邮政管理局"),
        ])
    }

    #[test]
    fn names_of_a_bureau_resolve_to_its_official_name() {
        let check = |text: &str, expected: Option<(&str, Option<&str>)>| {
            let found = bureaus().resolve(text);
            let found = found.as_ref().map(|b| (b.name.as_str(), b.region.as_ref().map(Region::as_str)));
            assert_eq!(found, expected, "{text}");
        };
        check("宁夏回族自治区邮政管理局", Some(("宁夏回族自治区邮政管理局", Some("CN-NX"))));
        check("宁夏邮政管理局", Some(("宁夏回族自治区邮政管理局", Some("CN-NX"))));
        check("宁夏局", Some(("宁夏回族自治区邮政管理局", Some("CN-NX"))));
        check("CN-SX", Some(("山西省邮政管理局", Some("CN-SX"))));
        check("国家邮政局", Some(("国家邮政局", Some("CN"))));
        check("吉林市邮政管理局", Some(("吉林市邮政管理局", None)));
        check("吉林省四平市邮政管理局", Some(("吉林省四平市邮政管理局", Some("CN-JL"))));
        check("扩大", None);
        check("陕西局", None);
        check("市局", None);
        check("", None);
    }

    #[test]
    fn a_title_names_its_bureau_only_at_its_beginning() {
        let name = |text: &str| bureaus().leading(text).map(|b| b.name);
        assert_eq!(name("宁夏局召开会议").as_deref(), Some("宁夏回族自治区邮政管理局"));
        assert_eq!(name("赴宁夏局调研"), None);
        assert_eq!(name("吉林市局召开会议"), None);
        assert_eq!(
            bureaus().leading_place("山西快递行业…").map(|b| b.name).as_deref(),
            Some("山西省邮政管理局")
        );
    }
}
