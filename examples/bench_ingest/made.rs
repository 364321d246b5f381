//! Made-up entries: news of which no two tell the same, notices that differ by a place, a month or a figure only, and copies
//! of both. The same number gives the same entry on every machine.

use std::time::Duration;

use dibao::model::{Bureau, CanonicalUrl, Entry, Precision, Published, Region, Role, SourceKey, Timestamp};
use fastrand::Rng;

use crate::{
    setting::{BRANDS, NAMES, ORDINALS, Province, Setting, WORKS, fill, provinces},
    versions::{self, Text},
};

/// Notices and reports with places for what differs.
const FRAMES: [&str; 3] = [
    include_str!("../dedup_eval/texts/notices.txt"),
    include_str!("../dedup_eval/texts/stats.txt"),
    include_str!("../dedup_eval/texts/meetings.txt"),
];
/// Where stock phrases and the characters of words are taken from.
const PROSE: [&str; 3] = [
    include_str!("../dedup_eval/texts/events.txt"),
    include_str!("../dedup_eval/texts/features.txt"),
    include_str!("../dedup_eval/texts/more.txt"),
];
/// Of twenty entries so many are copies, and so many notices; the others are news.
const COPIES: u64 = 3;
const NOTICES: u64 = 6;
/// A copy is of one of so many entries before it.
const COPIED_FROM: u64 = 400;
/// Words that texts are made of; the first are the most frequent.
const N_WORDS: usize = 6_000;
/// One sentence in so many is a stock phrase.
const STOCK: u32 = 5;
/// Where copies of a bureau's news appear.
const OTHERS: [(&str, Role); 4] =
    [("spb", Role::National), ("paper", Role::Paper), ("portal", Role::Platform), ("mirror", Role::Platform)];

/// Makes entries by their number.
pub struct Maker {
    calendar: Calendar,
    provinces: Vec<Province>,
    frames: Vec<&'static str>,
    stock: Vec<&'static str>,
    words: Vec<String>,
}

impl Maker {
    pub fn new(calendar: Calendar) -> Self {
        let blocks = FRAMES.iter().flat_map(|text| text.split("\n## "));
        let frames =
            blocks.filter_map(|block| block.split("\n### ").next()?.split_once('\n')).map(|(_, main)| main);
        let sentences = PROSE.iter().flat_map(|text| text.split(['。', '\n', '，']));
        let is_stock = |text: &&str| text.chars().count() >= 6 && !text.contains(['{', '#']);
        let characters: Vec<char> =
            PROSE.concat().chars().filter(|c| *c >= '\u{4e00}' && *c <= '\u{9fff}').collect();
        let mut random = Rng::with_seed(1);
        let mut word = || (0..2).filter_map(|_| random.choice(&characters)).collect();
        Self {
            calendar,
            provinces: provinces(),
            frames: frames.collect(),
            stock: sentences.filter(is_stock).collect(),
            words: (0..N_WORDS).map(|_| word()).collect(),
        }
    }

    /// The keys of all sources, each with its role.
    pub fn sources(&self) -> Vec<(String, Role)> {
        let bureaus =
            self.provinces.iter().map(|place| (place.region.as_str().to_ascii_lowercase(), Role::Primary));
        bureaus.chain(OTHERS.map(|(key, role)| (key.to_owned(), role))).collect()
    }

    /// The entry of a number.
    pub fn entry(&self, number: u64) -> Entry {
        let mut random = Rng::with_seed(number);
        let at = self.calendar.at(number);
        let (text, told_by) = self.telling(number);
        let place = &self.provinces[told_by];
        let (source, role) = if is_copy(number) {
            OTHERS[random.usize(0..OTHERS.len())]
        } else {
            (place.region.as_str(), Role::Primary)
        };
        let source = source.to_ascii_lowercase();
        let url = format!("https://{source}.example.cn/{}/{number}.html", at.strftime("%Y%m%d"));
        let html = format!("<p>{}</p>", text.paragraphs.join("</p><p>"));
        let region = Some(place.region.clone()).filter(|_| role == Role::Primary);
        Entry {
            source_entry_id: number.to_string(),
            canonical_url: CanonicalUrl::parse(&url),
            url,
            content_text: text.body(),
            title: text.title,
            published: Some(Published { at, precision: Precision::Second }),
            updated_at: None,
            bureau: region.clone().map(|region| bureau(place, region)),
            source: SourceKey::parse(&source).unwrap_or_else(|_| unreachable!("a valid key")),
            region,
            role,
            topics: vec!["safety".to_owned()],
            content_html: html,
            summary: None,
            enclosures: Vec::new(),
            language: "zh-CN".into(),
            upstream_id: None,
        }
    }

    /// What is told under a number, and of which province.
    fn telling(&self, number: u64) -> (Text, usize) {
        let mut random = Rng::with_seed(number ^ 0x5eed);
        if is_copy(number) {
            let before = number - 1 - random.u64(0..COPIED_FROM.min(number));
            let original = before - u64::from(is_copy(before)) * (before % 20 + 1).min(before);
            let (text, place) = self.telling(original);
            return (copied(&text, &mut random), place);
        }
        let setting = self.setting(&mut random, self.calendar.at(number));
        let text = if number % 20 < COPIES + NOTICES {
            fill(self.frames[random.usize(0..self.frames.len())], &setting, &self.provinces)
        } else {
            self.news(&setting, &mut random)
        };
        (text, setting.province)
    }

    fn setting(&self, random: &mut Rng, at: Timestamp) -> Setting {
        let province = random.usize(0..self.provinces.len());
        let n_cities = self.provinces[province].cities.len();
        let first = random.usize(0..n_cities);
        let date = jiff::tz::Offset::UTC.to_datetime(at).date();
        Setting {
            province,
            cities: (first, (first + random.usize(1..n_cities)) % n_cities),
            name: random.usize(0..NAMES.len()),
            work: random.usize(0..WORKS.len()),
            company: random.usize(0..BRANDS.len()),
            ordinal: random.usize(0..ORDINALS.len()),
            year: date.year().into(),
            month: date.month().into(),
            day: date.day().into(),
            numbers: random.u64(..),
            document: random.u32(10..2000),
            at_day: 0,
        }
    }

    fn news(&self, setting: &Setting, random: &mut Rng) -> Text {
        let place = &self.provinces[setting.province];
        let city = &place.cities[setting.cities.0];
        let title = format!("{city}{}", self.phrase(random, 8));
        let lead = format!(
            "{}月{}日，{}邮政管理局{}。",
            setting.month,
            setting.day,
            place.full,
            self.phrase(random, 8)
        );
        let mut paragraphs = vec![lead];
        for _ in 0..random.usize(2..9) {
            paragraphs.push((0..random.usize(2..7)).map(|_| self.sentence(random)).collect());
        }
        Text { title, paragraphs }
    }

    fn sentence(&self, random: &mut Rng) -> String {
        match random.u32(0..STOCK) {
            0 => format!("{}。", self.stock[random.usize(0..self.stock.len())]),
            1 => format!(
                "{}{}件，{}。",
                self.phrase(random, 5),
                random.u32(100..90_000),
                self.phrase(random, 6)
            ),
            _ => format!("{}，{}。", self.phrase(random, 7), self.phrase(random, 8)),
        }
    }

    /// Words one after another, the frequent ones more often: as common as 1/rank.
    fn phrase(&self, random: &mut Rng, n_words: usize) -> String {
        (0..random.usize(3..=n_words)).map(|_| self.words[rank(self.words.len(), random)].as_str()).collect()
    }
}

fn is_copy(number: u64) -> bool {
    number > 0 && number % 20 < COPIES
}

fn copied(text: &Text, random: &mut Rng) -> Text {
    match random.u32(0..10) {
        0..=3 => text.clone(),
        4..=5 => versions::national(text, random),
        6 => versions::clipped(text, random),
        7 => versions::paraphrase(text, random),
        _ => versions::digest(text, random),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a small number of at least 1"
)]
fn rank(n: usize, random: &mut Rng) -> usize {
    ((n as f64).powf(random.f64()) as usize - 1).min(n - 1)
}

fn bureau(place: &Province, region: Region) -> Bureau {
    Bureau { name: format!("{}邮政管理局", place.full), region: Some(region) }
}

/// How the entries of a store lie in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// So many a day, however many there are.
    Daily,
    /// All within the window of same-story decisions.
    Window,
}

impl Spread {
    pub const MS_OF_DAY: u64 = 86_400_000;
    /// Entries of a day, when they are daily: twenty thousand lie within the window.
    pub const A_DAY: u64 = 450;
    /// What all are published within, when they lie in the window, some days shorter than that.
    const DAYS_OF_WINDOW: u64 = 40;

    pub fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Window => "window",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Daily, Self::Window].into_iter().find(|spread| spread.name() == name)
    }
}

/// When entries are published: so many of them, the last at a time.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    pub spread: Spread,
    pub of: u64,
    pub last: Timestamp,
}

impl Calendar {
    /// When the entry of a number was published.
    pub fn at(&self, number: u64) -> Timestamp {
        let from_end = self.of.saturating_sub(number);
        let age_ms = match self.spread {
            Spread::Daily => from_end * Spread::MS_OF_DAY / Spread::A_DAY,
            Spread::Window => from_end * Spread::MS_OF_DAY * Spread::DAYS_OF_WINDOW / self.of,
        };
        self.last.checked_sub(Duration::from_millis(age_ms)).unwrap_or(self.last)
    }
}
