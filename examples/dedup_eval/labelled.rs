//! A labelled set: base texts of our own, set in provinces, cities, months and years that differ by one thing at a
//! time, each story in the versions in which stories come back.

use std::collections::HashSet;

use dibao::model::{Region, Role};
use fastrand::Rng;

use crate::{
    item::{DAY, Item},
    setting::{BRANDS, NAMES, ORDINALS, Province, Setting, WORKS, fill, provinces},
    versions::{self, Text, Traditional},
};

const TEXTS: [&str; 7] = [
    include_str!("texts/meetings.txt"),
    include_str!("texts/stats.txt"),
    include_str!("texts/events.txt"),
    include_str!("texts/pairs.txt"),
    include_str!("texts/notices.txt"),
    include_str!("texts/features.txt"),
    include_str!("texts/cities.txt"),
];
const MORE: &str = include_str!("texts/more.txt");
/// 1 March 2025, as milliseconds: the set's beginning.
const START_MS: i64 = 1_740_787_200_000;
/// Days over which the stories are spread.
const SPREAD_DAYS: i64 = 240;

struct Base {
    vary: Vec<char>,
    main: &'static str,
    city: Option<&'static str>,
    other: Option<&'static str>,
}

fn bases() -> Vec<Base> {
    let blocks =
        TEXTS.iter().chain([&MORE]).flat_map(|text| text.split("\n## ").map(|b| b.trim_start_matches("## ")));
    blocks
        .map(|block| {
            let (flags, rest) = block.split_once('\n').unwrap();
            let mut parts = rest.split("\n### ");
            let main = parts.next().unwrap();
            let mut base = Base {
                vary: flags.split_whitespace().filter_map(|f| f.chars().next()).collect(),
                main,
                city: None,
                other: None,
            };
            for part in parts {
                let (kind, text) = part.split_once('\n').unwrap();
                if kind == "city" { base.city = Some(text) } else { base.other = Some(text) }
            }
            base
        })
        .collect()
}

/// Makes the items of a set, in the order of their publication.
pub fn items(seed: u64, n_rounds: usize) -> Vec<Item> {
    let mut maker = Maker {
        rng: Rng::with_seed(seed),
        provinces: provinces(),
        traditional: Traditional::new(dibao::dedup::SHIPPED.hanzi),
        items: Vec::new(),
        label: 0,
        titles: HashSet::new(),
    };
    for _ in 0..n_rounds {
        for base in bases() {
            maker.base(&base);
        }
    }
    maker.items.sort_by_key(|item| item.at_ms);
    maker.items
}

struct Maker {
    rng: Rng,
    provinces: Vec<Province>,
    traditional: Traditional,
    items: Vec<Item>,
    label: u32,
    /// Provinces and titles that stories have.
    titles: HashSet<String>,
}

impl Maker {
    fn base(&mut self, base: &Base) {
        let mut setting = self.setting();
        while !self.titles.insert(format!(
            "{}{}",
            setting.province,
            fill(base.main, &setting, &self.provinces).title
        )) {
            setting = self.setting();
        }
        self.story(base.main, base.city, &setting);
        let mut round_up = vec![fill(base.main, &setting, &self.provinces)];
        if let Some(other) = base.other {
            let days = self.rng.i64(0..4);
            let setting = Setting { at_day: setting.at_day + days, ..setting.clone() };
            self.story(other, None, &setting);
        }
        for flag in &base.vary {
            let n = if *flag == 'D' { 6 } else { 1 + usize::from(*flag == 'P') };
            let mut varied = setting.clone();
            for _ in 0..n {
                varied = self.varied(&varied, *flag);
                // Two notices of one title and one province would be one story to anyone.
                while "PWK".contains(*flag)
                    && !self.titles.insert(format!(
                        "{}{}",
                        varied.province,
                        fill(base.main, &varied, &self.provinces).title
                    ))
                {
                    varied = self.varied(&varied, *flag);
                }
                self.story(base.main, base.city, &varied);
                if *flag == 'P' {
                    round_up.push(fill(base.main, &varied, &self.provinces));
                }
            }
        }
        if round_up.len() >= 3 && self.rng.bool() {
            self.round_up(&round_up, setting.at_day + 3);
        }
    }

    fn setting(&mut self) -> Setting {
        let province = self.rng.usize(0..self.provinces.len());
        let at_day = self.rng.i64(0..SPREAD_DAYS);
        Setting {
            province,
            cities: self.cities(province),
            name: self.rng.usize(0..NAMES.len()),
            work: self.rng.usize(0..WORKS.len()),
            company: self.rng.usize(0..BRANDS.len()),
            ordinal: self.rng.usize(0..ORDINALS.len() - 1),
            year: 2025,
            month: 3 + at_day / 31,
            day: 1 + at_day % 27,
            numbers: self.rng.u64(..),
            document: self.rng.u32(10..200),
            at_day,
        }
    }

    fn cities(&mut self, province: usize) -> (usize, usize) {
        let n = self.provinces[province].cities.len();
        let first = self.rng.usize(0..n);
        (first, (first + 1 + self.rng.usize(0..n - 1)) % n)
    }

    /// The same with one thing changed, and what follows from it.
    fn varied(&mut self, from: &Setting, flag: char) -> Setting {
        let mut to = from.clone();
        let fresh_numbers = |rng: &mut Rng, to: &mut Setting| {
            to.numbers = rng.u64(..);
        };
        match flag {
            'P' => {
                to.province = (from.province + 1 + self.rng.usize(0..8)) % self.provinces.len();
                to.cities = self.cities(to.province);
                to.name = self.rng.usize(0..NAMES.len());
                to.at_day += self.rng.i64(-3..4);
                if self.rng.bool() {
                    fresh_numbers(&mut self.rng, &mut to);
                }
            }
            'Y' => {
                to.year -= 1;
                to.at_day -= self.rng.i64(1..30);
                fresh_numbers(&mut self.rng, &mut to);
            }
            'M' => {
                to.month = if from.month > 1 { from.month - 1 } else { 12 };
                to.at_day -= self.rng.i64(26..34);
                fresh_numbers(&mut self.rng, &mut to);
            }
            'D' => {
                to.day = from.day % 28 + 1;
                to.at_day += 1;
                fresh_numbers(&mut self.rng, &mut to);
            }
            'C' => {
                to.cities = (from.cities.1, from.cities.0);
                to.at_day += self.rng.i64(-3..4);
                to.day = (from.day + 26) % 28 + 1;
                fresh_numbers(&mut self.rng, &mut to);
            }
            'o' | 'q' => {
                to.ordinal += 1;
                to.at_day += self.rng.i64(7..30);
                to.day = self.rng.i64(1..28);
                fresh_numbers(&mut self.rng, &mut to);
            }
            'W' => {
                to.work = (from.work + 1 + self.rng.usize(0..WORKS.len() - 1)) % WORKS.len();
                to.at_day += self.rng.i64(0..6);
                fresh_numbers(&mut self.rng, &mut to);
            }
            'K' => {
                to.company = (from.company + 1 + self.rng.usize(0..BRANDS.len() - 1)) % BRANDS.len();
                to.document += 1;
                to.at_day += self.rng.i64(0..4);
                fresh_numbers(&mut self.rng, &mut to);
            }
            _ => {
                to.document += 1;
                to.at_day += self.rng.i64(1..9);
                fresh_numbers(&mut self.rng, &mut to);
            }
        }
        to
    }

    fn story(&mut self, template: &str, city: Option<&str>, s: &Setting) {
        let label = self.label;
        self.label += 1;
        let text = fill(template, s, &self.provinces);
        let (region, abbr, full, short) = {
            let p = &self.provinces[s.province];
            (p.region.clone(), format!("p{}", s.province), p.full.clone(), p.name.clone())
        };
        let signature = format!("（{full}邮政管理局）");
        let late = self.rng.u8(0..20) == 0;
        let at = s.at_day + if late { 3 } else { 0 };
        let own = Place { label, source: abbr.clone(), role: Role::Primary, region: Some(region.clone()) };
        let url = self.push("original", &own, text.clone(), at, None);
        if late {
            self.items.last_mut().unwrap().version = "late";
        }
        let national = Place { label, source: "spb".into(), role: Role::National, region: None };
        let edited = self.edited(&text, s, &short);
        if self.rng.u8(0..10) < 7 {
            let text = versions::national(&edited, &mut self.rng);
            let days = s.at_day + self.rng.i64(0..3);
            self.push("national", &national, text, days, None);
        }
        let paper = Place { label, source: "paper".into(), role: Role::Paper, region: None };
        if self.rng.u8(0..10) < 7 {
            let mut text = versions::digest(&edited, &mut self.rng);
            let days = s.at_day + self.rng.i64(1..7);
            text.paragraphs.last_mut().unwrap().push_str(&signature);
            self.push("digest", &paper, text.clone(), days, None);
            if self.rng.bool() {
                let source = Place { label, source: "netease".into(), role: Role::Platform, region: None };
                self.push("repost", &source, versions::reposted(&text, ""), days, None);
            }
        }
        self.telling(&text, city, s, label, &region);
        self.copies(&text, s, label, &own, &url);
    }

    /// The city's telling: in its own words where we have them, else cut up and put in other words.
    fn telling(&mut self, text: &Text, city: Option<&str>, s: &Setting, label: u32, region: &Region) {
        let source = format!("city{}-{}", s.province, s.cities.0);
        let place = Place { label, source, role: Role::Primary, region: Some(region.clone()) };
        let days = s.at_day - self.rng.i64(0..2);
        if let Some(city) = city {
            let told = fill(city, s, &self.provinces);
            self.push("city-own", &place, told, days, None);
        } else if self.rng.u8(0..10) < 3 {
            let told = versions::told_by_city(text, &mut self.rng);
            self.push("city", &place, told, days, None);
        }
    }

    fn copies(&mut self, text: &Text, s: &Setting, label: u32, own: &Place, url: &str) {
        let platform =
            |source: &str| Place { label, source: source.into(), role: Role::Platform, region: None };
        let day = |rng: &mut Rng| s.at_day + rng.i64(0..4);
        let chance = |rng: &mut Rng, of_ten: u8| rng.u8(0..10) < of_ten;
        if chance(&mut self.rng, 3) {
            let copy = self.traditional.of(text, &mut self.rng);
            let at = day(&mut self.rng);
            self.push("traditional", &platform("hk"), copy, at, None);
        }
        if chance(&mut self.rng, 4) {
            let copy = versions::clipped(text, &mut self.rng);
            let at = day(&mut self.rng);
            self.push("clipped", &platform("wechat"), copy, at, None);
        }
        if chance(&mut self.rng, 4) {
            let copy = versions::paraphrase(text, &mut self.rng);
            let at = day(&mut self.rng);
            self.push("paraphrase", &platform("rewriter"), copy, at, None);
        }
        if chance(&mut self.rng, 2) {
            let copy = versions::noisy(text, &mut self.rng);
            let at = day(&mut self.rng);
            self.push("noisy", &platform("spammy"), copy, at, None);
        }
        if chance(&mut self.rng, 3) {
            let at = day(&mut self.rng);
            let address = format!("{}?utm_source=x&spm=a.{at}", url.replace("https://", "http://m."));
            self.push("address", &platform("mirror"), text.clone(), at, Some(address));
        }
        if chance(&mut self.rng, 2)
            && let Some(copy) = versions::correction(text, &mut self.rng)
        {
            let at = s.at_day + self.rng.i64(0..2);
            self.push("correction", own, copy, at, None);
        }
    }

    /// What the national column makes of it: no names, the bureau's short name, «these days» for the date.
    fn edited(&mut self, text: &Text, s: &Setting, short: &str) -> Text {
        let p = &self.provinces[s.province];
        let name = NAMES[s.name];
        let date = format!("{}月{}日，", s.month, s.day);
        let turn = |line: &str| {
            let mut line = line.replace(&format!("党组书记、局长{name}"), "主要负责人");
            line = line
                .replace(&format!("副局长{name}"), "负责人")
                .replace(&format!("局长{name}"), "主要负责人");
            line = line.replace(&format!("{}邮政管理局", p.full), &format!("{short}局"));
            match line.strip_prefix(&date) {
                Some(rest) => format!("近日，{rest}"),
                None => line,
            }
        };
        Text { title: turn(&text.title), paragraphs: text.paragraphs.iter().map(|l| turn(l)).collect() }
    }

    /// One paragraph over several provinces: a story of its own.
    fn round_up(&mut self, texts: &[Text], day: i64) {
        let label = self.label;
        self.label += 1;
        let first = |t: &Text| t.paragraphs[0].split_inclusive('。').next().unwrap_or_default().to_owned();
        let paragraphs = vec![texts.iter().map(first).collect::<String>()];
        let title = format!(
            "各地动态：{}等{}省局推进重点工作",
            texts[0].title.chars().take(2).collect::<String>(),
            texts.len()
        );
        let place = Place { label, source: "spb".into(), role: Role::National, region: None };
        self.push("round-up", &place, Text { title, paragraphs }, day, None);
    }

    fn push(
        &mut self,
        version: &'static str,
        place: &Place,
        text: Text,
        day: i64,
        url: Option<String>,
    ) -> String {
        let url = url.unwrap_or_else(|| {
            format!("https://{}.example.cn/{}/{}.html", place.source, place.label, self.rng.u32(..))
        });
        self.items.push(Item {
            label: place.label,
            version,
            source: place.source.clone(),
            role: place.role,
            url: url.clone(),
            text,
            region: place.region.clone(),
            at_ms: START_MS + day * DAY + i64::from(self.rng.u32(0..36_000_000)),
        });
        url
    }
}

struct Place {
    label: u32,
    source: String,
    role: Role,
    region: Option<Region>,
}
