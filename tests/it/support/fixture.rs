//! A case of the fixture world: the pages of a tiny site, the source that reads it, and what must come of it.
//!
//! Pages and expectations hold days as placeholders, so that they are always recent; [`Words`] fills them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use dibao::{model::Timestamp, normalise::time::rfc3339};
use jiff::{SignedDuration, civil::Date, tz::Offset};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::upstream::{Answer, Upstream};
use crate::scan::root;

/// A placeholder: a name, how many days ago, and a time of day.
const PLACEHOLDER: &str = r"\{([a-z]+[0-9]?)(?:-(\d+))?(?: (\d\d):(\d\d)(?::(\d\d))?)?\}";

/// `site.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Site {
    /// The shape that the case is about, for people.
    about: String,
    /// How the rule begins that must give the rows.
    rule: String,
    /// Words that must stand in the notes of the poll.
    #[serde(default)]
    notes: Vec<String>,
    /// The `[[source]]` block, without key and name, its address a path.
    source: toml::Table,
    /// What is served, by path and query.
    pages: BTreeMap<String, Page>,
}

/// A file of the case, and how it is sent.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Page {
    /// As UTF-8, with the type that its extension tells.
    File(String),
    /// In another encoding, or with another `Content-Type`.
    Sent {
        file: String,
        #[serde(rename = "type")]
        media_type: Option<String>,
        charset: Option<String>,
    },
}

/// An entry of `expected.json`. Addresses that begin with `/` are of the case's own site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) title: String,
    /// RFC 3339; `None` when the pages do not say.
    pub(crate) published: Option<String>,
    pub(crate) precision: Option<String>,
    pub(crate) bureau: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) url: String,
    /// The body's paragraphs.
    pub(crate) text: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) enclosures: Vec<String>,
    /// The pictures in the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pictures: Vec<String>,
}

/// A case whose site is being served.
pub(crate) struct Case {
    folder: PathBuf,
    site: Site,
    words: Words,
    _upstream: Upstream,
}

/// The folders of a kind of cases.
pub(crate) fn folders(kind: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/fixtures").join(kind);
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

impl Case {
    /// Serves a case as its site would be at `now`.
    pub(crate) async fn serve(folder: &Path, now: Timestamp) -> Self {
        let upstream = Upstream::start().await;
        let words = Words::new(upstream.url("/").trim_end_matches('/'), now);
        let text = words.fill(&read(&folder.join("site.toml")));
        let site: Site =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for (path, page) in &site.pages {
            upstream.set(path, page.answer(folder, &words));
        }
        Self { folder: folder.to_owned(), site, words, _upstream: upstream }
    }

    /// The shape that the case is about.
    pub(crate) fn about(&self) -> &str {
        &self.site.about
    }

    /// How the rule begins that must give the rows.
    pub(crate) fn rule(&self) -> &str {
        &self.site.rule
    }

    /// Words that must stand in the notes of the poll.
    pub(crate) fn notes(&self) -> &[String] {
        &self.site.notes
    }

    /// The `[[source]]` block, its key `case`.
    pub(crate) fn source(&self) -> String {
        let mut source = self.site.source.clone();
        let path = source["url"].as_str().unwrap();
        let url = format!("{}{path}", self.words.base);
        for (key, value) in [("key", "case"), ("name", "某站"), ("url", &url)] {
            source.insert(key.to_owned(), value.into());
        }
        let sources = toml::Value::Array(vec![source.into()]);
        toml::to_string(&toml::Table::from_iter([("source".to_owned(), sources)])).unwrap()
    }

    /// What must come of it.
    pub(crate) fn expected(&self) -> Vec<Expected> {
        let text = self.words.fill(&read(&self.folder.join("expected.json")));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.folder.display()))
    }

    /// The same address as it stands in `expected.json`.
    pub(crate) fn short(&self, url: &str) -> String {
        url.strip_prefix(&self.words.base).unwrap_or(url).to_owned()
    }

    /// Writes what came of it as what must come of it; entries that are as expected stay as they are written.
    pub(crate) fn bless(&self, found: &[Expected], is_same: impl Fn(&Expected, &Expected) -> bool) {
        let path = self.folder.join("expected.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|_| "[]".to_owned());
        let written: Vec<Expected> = serde_json::from_str(&text).unwrap();
        let filled: Vec<Expected> = serde_json::from_str(&self.words.fill(&text)).unwrap();
        let mut left: Vec<&Expected> = found.iter().collect();
        let mut blessed = Vec::new();
        for (written, filled) in written.into_iter().zip(&filled) {
            let Some(at) = left.iter().position(|entry| entry.title == filled.title) else { continue };
            let entry = left.remove(at);
            blessed.push(if is_same(filled, entry) { written } else { self.emptied(entry) });
        }
        blessed.extend(left.into_iter().map(|entry| self.emptied(entry)));
        fs::write(path, format!("{}\n", serde_json::to_string_pretty(&blessed).unwrap())).unwrap();
    }

    /// An entry with the paths of the site and the days of the last weeks as placeholders.
    fn emptied(&self, entry: &Expected) -> Expected {
        let site: Site = toml::from_str(&read(&self.folder.join("site.toml"))).unwrap();
        let text = serde_json::to_string(entry).unwrap();
        let path = |text: String, path: &String| text.replace(&self.words.fill(path), path);
        serde_json::from_str(&self.words.emptied(&site.pages.keys().rev().fold(text, path))).unwrap()
    }
}

impl Page {
    fn answer(&self, folder: &Path, words: &Words) -> Answer {
        let (file, media_type, charset) = match self {
            Self::File(file) => (file, None, None),
            Self::Sent { file, media_type, charset } => (file, media_type.clone(), charset.as_deref()),
        };
        let text = words.fill(&read(&folder.join(file)));
        let media_type = media_type.unwrap_or_else(|| default_type(file).to_owned());
        Answer::page(media_type.leak(), encoded(&text, charset))
    }
}

fn default_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html" | "shtml") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("xml") => "text/xml",
        other => panic!("`{file}`: no type is known for {other:?}; set `type`"),
    }
}

fn encoded(text: &str, charset: Option<&str>) -> Vec<u8> {
    match charset {
        None => text.as_bytes().to_vec(),
        Some("utf-16") => {
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        }
        Some(label) => {
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, is_lossy) = encoding.encode(text);
            assert!(!is_lossy, "the text has characters that `{label}` has not");
            bytes.into_owned()
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
}

/// What placeholders stand for.
///
/// `{base}` is the site's address without a slash at the end. `{day-3}` is the day three days ago; see [`written`]
/// for the other ways to write it. `{ms-3 09:30}` and `{s-3 09:30}` are an epoch time, `{ago-3}` the whole minute three
/// hours ago.
pub(crate) struct Words {
    base: String,
    now: Timestamp,
    zone: Offset,
    pattern: Regex,
}

impl Words {
    fn new(base: &str, now: Timestamp) -> Self {
        let zone = Offset::from_hours(8).unwrap();
        Self { base: base.to_owned(), now, zone, pattern: Regex::new(PLACEHOLDER).unwrap() }
    }

    fn fill(&self, text: &str) -> String {
        self.pattern.replace_all(text, |found: &Captures| self.word(found)).into_owned()
    }

    fn word(&self, found: &Captures) -> String {
        let number = |at| found.get(at).map_or(0, |digits| digits.as_str().parse::<i64>().unwrap());
        let name = &found[1];
        if found.get(2).is_none() {
            // A quantifier or something else in braces stays.
            return if name == "base" { self.base.clone() } else { found[0].to_owned() };
        }
        let seconds = number(3) * 3_600 + number(4) * 60 + number(5);
        let epoch = || {
            let start = self.day(number(2)).to_datetime(jiff::civil::Time::midnight());
            self.zone.to_timestamp(start).unwrap().as_second() + seconds
        };
        match name {
            "ms" => (epoch() * 1_000).to_string(),
            "s" => epoch().to_string(),
            "ago" => {
                let then = (self.now - SignedDuration::from_hours(number(2))).as_second();
                rfc3339(Timestamp::from_second(then - then.rem_euclid(60)).unwrap(), self.zone)
            }
            _ => written(name, self.day(number(2)))
                .unwrap_or_else(|| panic!("`{}` is no placeholder", &found[0])),
        }
    }

    fn day(&self, ago: i64) -> Date {
        self.zone.to_datetime(self.now - SignedDuration::from_hours(24 * ago)).date()
    }

    /// The text with days of the last weeks as placeholders.
    fn emptied(&self, text: &str) -> String {
        const DAYS: i64 = 40;
        (0..DAYS).fold(text.to_owned(), |text, ago| {
            let day = |text: String, name: &str| {
                text.replace(&written(name, self.day(ago)).unwrap(), &format!("{{{name}-{ago}}}"))
            };
            ["day", "path", "slash", "dot", "cn", "ymd"].into_iter().fold(text, day)
        })
    }
}

/// The ways to write a day.
fn written(name: &str, date: Date) -> Option<String> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    Some(match name {
        "day" => format!("{year}-{month:02}-{day:02}"),
        "slash" => format!("{year}/{month:02}/{day:02}"),
        "dot" => format!("{year}.{month:02}.{day:02}"),
        "loose" => format!("{year}-{month}-{day}"),
        "path" => format!("{year}/{month}/{day}"),
        "cn" => format!("{year}年{month}月{day}日"),
        "cnmd" => format!("{month}月{day}日"),
        "md" => format!("{month:02}-{day:02}"),
        "ym" => format!("{year}{month:02}"),
        "ymd" => format!("{year}{month:02}{day:02}"),
        "rfc" => date.strftime("%a, %d %b %Y").to_string(),
        "us" => date.strftime("%a %b %d").to_string(),
        "y" => year.to_string(),
        _ => return None,
    })
}
