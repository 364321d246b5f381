//! Where, when and how many: what a base text is filled with.

use dibao::model::Region;
use fastrand::Rng;

use crate::versions::Text;

pub const WORKS: [&str; 10] = [
    "快递末端服务管理规定",
    "村级寄递站点运营指引",
    "智能信包箱建设标准",
    "邮件快件包装管理办法",
    "驿道春秋",
    "江河胜迹",
    "百年邮路",
    "古镇风物",
    "寄递数据安全规范",
    "邮政营业场所设置办法",
];
pub const BRANDS: [&str; 8] =
    ["飞燕速运", "驰达物流", "云栈供应链", "迅雷鸟快递", "大道通运", "同乡配送", "海鲸国际货运", "青骡快运"];
pub const NAMES: [&str; 16] = [
    "周立群",
    "林国安",
    "陈晓东",
    "黄建民",
    "吴海燕",
    "徐文涛",
    "马春生",
    "高志远",
    "何秀兰",
    "罗永强",
    "梁卫东",
    "宋佳音",
    "唐书航",
    "冯玉成",
    "董小满",
    "潘石生",
];
pub const ORDINALS: [&str; 9] = ["二", "三", "四", "五", "六", "七", "八", "十一", "十二"];
/// Where, when and how many.
#[derive(Debug, Clone)]
pub struct Setting {
    pub province: usize,
    pub cities: (usize, usize),
    pub name: usize,
    pub work: usize,
    pub company: usize,
    pub ordinal: usize,
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub numbers: u64,
    pub document: u32,
    pub at_day: i64,
}

pub struct Province {
    pub region: Region,
    pub name: String,
    pub full: String,
    pub abbr: String,
    pub cities: Vec<String>,
}

pub fn provinces() -> Vec<Province> {
    let table: toml::Table = toml::from_str(dibao::dedup::SHIPPED.places).unwrap();
    let rows = table["province"].as_array().unwrap();
    let field = |row: &toml::Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| Province {
            region: Region::parse(&field(row, "region")).unwrap(),
            name: field(row, "name"),
            full: field(row, "full"),
            abbr: field(row, "abbr"),
            cities: field(row, "cities").split_whitespace().map(str::to_owned).collect(),
        })
        .filter(|p| p.cities.len() >= 4)
        .collect()
}

/// A template's text in a setting.
pub fn fill(template: &str, s: &Setting, provinces: &[Province]) -> Text {
    let p = &provinces[s.province];
    let unit = p.full.chars().last().unwrap().to_string();
    let city = |at: usize| p.cities[at % p.cities.len()].clone();
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, after) = after.split_once('}').unwrap();
        filled.push_str(before);
        let value = match key {
            "S" => p.name.clone(),
            "B" => format!("{}邮政管理局", p.full),
            "U" => unit.clone(),
            "Z" => p.abbr.clone(),
            "C" => city(s.cities.0),
            "G" => city(s.cities.1),
            "H" => city(s.cities.1 + 1),
            "N" => NAMES[s.name].to_owned(),
            "W" => WORKS[s.work].to_owned(),
            "K" => format!("{}{}有限公司", city(s.cities.0), BRANDS[s.company]),
            "o" => ORDINALS[s.ordinal].to_owned(),
            "Y" => s.year.to_string(),
            "M" => s.month.to_string(),
            "D" => s.day.to_string(),
            "E" => (s.day + 2).to_string(),
            "j" => {
                if template.contains("〔{Y}〕{j}") {
                    s.document.to_string()
                } else {
                    number(key, s.numbers)
                }
            }
            "h" => format!("{:04}A", s.document),
            other => number(other, s.numbers),
        };
        filled.push_str(&value);
        rest = after;
    }
    filled.push_str(rest);
    let mut lines = filled.lines().map(str::to_owned).filter(|l| !l.is_empty());
    Text { title: lines.next().unwrap(), paragraphs: lines.collect() }
}

/// The number that a letter stands for: whole or with a decimal, by the letter.
fn number(key: &str, seed: u64) -> String {
    let letter = key.bytes().next().unwrap_or(b'a');
    let mut rng = Rng::with_seed(seed ^ u64::from(letter).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    match letter {
        b'a' | b'b' | b'c' | b'y' | b'x' => format!("{}.{}", rng.u32(3..90), rng.u32(1..10)),
        b'p' | b'q' | b'e' => format!("{}.{}", rng.u32(2..30), rng.u32(1..10)),
        b'r' | b's' => format!("{}.{}", rng.u32(50..99), rng.u32(1..10)),
        b'd' => rng.u32(120..3000).to_string(),
        b'g' => rng.u32(40..900).to_string(),
        b'k' => rng.u32(3..13).to_string(),
        _ => rng.u32(14..110).to_string(),
    }
}
