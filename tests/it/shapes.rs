//! The fixture world: every shape of list, article, digest, JSON answer, home page and feed, read to the entries that
//! stand beside it. All of them are found, and none is invented.

use std::{collections::HashMap, path::Path};

use dibao::{
    clock,
    model::{Entry, Timestamp},
    normalise::time::rfc3339,
    poll::PollReport,
};
use jiff::tz::Offset;
use regex::Regex;

use crate::{
    scan::root,
    support::{
        fixture::{Case, Expected, folders},
        house::{House, all_stories, settings},
    },
};

/// The folders of `tests/fixtures`. Cases in `pending` are known to be read wrongly, and wait.
const KINDS: [&str; 6] = ["articles", "digests", "feeds", "homes", "json", "lists"];
const PENDING: &str = "pending";
/// Least similarity of a body to the one expected.
const MIN_SIMILARITY: f64 = 0.98;
/// Set to write what was found as what is expected, to be checked by eye.
const BLESS: &str = "DIBAO_BLESS";
/// Ten minutes into a year, in the pages' zone: days without a year are of the year before.
const NEW_YEAR: &str = "2027-01-01T00:10:00+08:00";

async fn check(kind: &str, now: Timestamp) {
    let mut complaints = Vec::new();
    for folder in folders(kind) {
        complaints.extend(complaints_of(&folder, now).await);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Polls a case once, and says what is wrong with what came of it.
async fn complaints_of(folder: &Path, now: Timestamp) -> Option<String> {
    let case = Case::serve(folder, now).await;
    let store = tempfile::tempdir().unwrap();
    let house = House::open(&store, &settings(&case.source())).await;
    let report = house.poll("case", now).await;
    let stories = all_stories(&house.poller.store).await;
    let found: Vec<Expected> =
        stories.iter().map(|story| shown(&story.canonical().unwrap().entry, &case)).collect();
    let (feed, _) = house.feed(now).await;
    house.close().await;
    if std::env::var_os(BLESS).is_some() {
        case.bless(&found, |expected, found| of_entry(expected, found).is_empty());
    }
    let mut complaints = of_report(&report, &case);
    complaints.extend(of_entries(&case.expected(), &found));
    if feed.entries.len() != found.len() {
        complaints.push(format!("{} entries in the feed, {} in the store", feed.entries.len(), found.len()));
    }
    let name = folder.strip_prefix(root()).unwrap().display();
    let notes: Vec<String> = report.notes.iter().map(|note| format!("note: {note}")).collect();
    (!complaints.is_empty())
        .then(|| format!("{name}: {}\n  {}\n  {}", case.about(), complaints.join("\n  "), notes.join("\n  ")))
}

/// An entry as `expected.json` would have it.
fn shown(entry: &Entry, case: &Case) -> Expected {
    let zone = Offset::from_hours(8).unwrap();
    let pictures = Regex::new(r#"<img src="([^"]*)""#).unwrap();
    let pictures = pictures.captures_iter(&entry.content_html).map(|found| found[1].replace("&amp;", "&"));
    Expected {
        title: entry.title.clone(),
        published: entry.published.map(|published| rfc3339(published.at, zone)),
        precision: entry.published.map(|published| published.precision.as_str().to_owned()),
        bureau: entry.bureau.as_ref().map(|bureau| bureau.name.clone()),
        region: entry.region.as_ref().map(|region| region.as_str().to_owned()),
        url: readable(&case.short(&entry.url)),
        text: entry.content_text.split("\n\n").filter(|text| !text.is_empty()).map(str::to_owned).collect(),
        enclosures: entry.enclosures.iter().map(|file| case.short(&file.url)).collect(),
        pictures: pictures.map(|url| case.short(&url)).collect(),
    }
}

/// An address with the text of its text fragment readable.
fn readable(url: &str) -> String {
    let Some((page, text)) = url.split_once("#:~:text=") else { return url.to_owned() };
    let text = format!("x={text}");
    let text = url::form_urlencoded::parse(text.as_bytes()).next().unwrap().1.into_owned();
    format!("{page}#:~:text={text}")
}

fn of_report(report: &PollReport, case: &Case) -> Vec<String> {
    let mut complaints = Vec::new();
    if !report.is_ok() {
        complaints.push(format!("the poll failed: {:?}", report.outcome));
    }
    if !report.rule.starts_with(case.rule()) {
        complaints.push(format!("rows by `{}`, expected `{}`", report.rule, case.rule()));
    }
    for words in case.notes() {
        if !report.notes.iter().any(|note| note.contains(words)) {
            complaints.push(format!("no note says `{words}`"));
        }
    }
    complaints
}

fn of_entries(expected: &[Expected], found: &[Expected]) -> Vec<String> {
    let by_title: HashMap<&str, &Expected> =
        found.iter().map(|entry| (entry.title.as_str(), entry)).collect();
    let mut complaints = Vec::new();
    for entry in found.iter().filter(|entry| expected.iter().all(|other| other.title != entry.title)) {
        complaints.push(format!("invented `{}` {:?} {}", entry.title, entry.published, entry.url));
    }
    for entry in expected {
        match by_title.get(entry.title.as_str()) {
            None => complaints.push(format!("missing `{}`", entry.title)),
            Some(found) => complaints.extend(of_entry(entry, found)),
        }
    }
    if found.len() != by_title.len() {
        complaints.push("a title came out more than once".to_owned());
    }
    complaints
}

fn of_entry(expected: &Expected, found: &Expected) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut same = |name: &str, expected: String, found: String| {
        if expected != found {
            complaints.push(format!("{name}\n      expected {expected}\n      found    {found}"));
        }
    };
    let time = |entry: &Expected| format!("{:?} {:?}", entry.published, entry.precision);
    same("time", time(expected), time(found));
    let bureau = |entry: &Expected| format!("{:?} {:?}", entry.bureau, entry.region);
    same("bureau", bureau(expected), bureau(found));
    same("address", expected.url.clone(), found.url.clone());
    same("attachments", expected.enclosures.join(" "), found.enclosures.join(" "));
    same("pictures", expected.pictures.join(" "), found.pictures.join(" "));
    let similarity = similarity(&expected.text.concat(), &found.text.concat());
    if similarity < MIN_SIMILARITY {
        let (expected, found) = (expected.text.join(" ¶ "), found.text.join(" ¶ "));
        same(&format!("body, similar to {similarity:.3}"), expected, found);
    }
    complaints.iter().map(|complaint| format!("`{}`: {complaint}", expected.title)).collect()
}

/// The Dice coefficient of the pairs of characters of two texts, white space left out.
fn similarity(one: &str, other: &str) -> f64 {
    let (one, other) = (squeezed(one), squeezed(other));
    if one == other {
        return 1.0;
    }
    let mut pairs: HashMap<&[char], u32> = HashMap::new();
    for pair in one.windows(2) {
        *pairs.entry(pair).or_default() += 1;
    }
    let mut n_shared = 0_u32;
    for pair in other.windows(2) {
        if let Some(left) = pairs.get_mut(pair).filter(|left| **left > 0) {
            *left -= 1;
            n_shared += 1;
        }
    }
    let n_pairs = one.len().saturating_sub(1) + other.len().saturating_sub(1);
    2.0 * f64::from(n_shared) / f64::from(u32::try_from(n_pairs).unwrap().max(1))
}

fn squeezed(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[tokio::test]
async fn every_list_gives_the_rows_that_stand_on_it() {
    check("lists", clock::now()).await;
}

#[tokio::test]
async fn every_article_gives_its_title_time_text_pictures_and_attachments() {
    check("articles", clock::now()).await;
}

#[tokio::test]
async fn every_digest_gives_its_stories_with_their_bureaus_and_no_other_page_is_cut() {
    check("digests", clock::now()).await;
}

#[tokio::test]
async fn every_json_answer_gives_its_items() {
    check("json", clock::now()).await;
}

#[tokio::test]
async fn every_home_page_gives_its_news_and_no_institution() {
    check("homes", clock::now()).await;
}

#[tokio::test]
async fn every_feed_gives_its_entries() {
    check("feeds", clock::now()).await;
}

#[tokio::test]
async fn what_is_pending_is_still_read_wrongly() {
    // Without cases the folder is not there.
    if !root().join("tests/fixtures").join(PENDING).exists() {
        return;
    }
    for folder in folders(PENDING) {
        let complaints = complaints_of(&folder, clock::now()).await;
        let name = folder.strip_prefix(root()).unwrap().display();
        assert!(complaints.is_some(), "`{name}` is read rightly now; move it to the folder of its kind");
    }
}

#[tokio::test]
async fn the_world_reads_the_same_in_the_first_minutes_of_a_year() {
    if std::env::var_os(BLESS).is_none() {
        for kind in KINDS {
            check(kind, NEW_YEAR.parse().unwrap()).await;
        }
    }
}

#[test]
fn every_folder_of_fixtures_is_read() {
    let entries = std::fs::read_dir(root().join("tests/fixtures")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != PENDING);
    names.sort();
    assert_eq!(names, KINDS);
}

#[test]
fn similarity_is_of_pairs_of_characters() {
    for (one, other, expected) in
        [("", "", 1.0), ("甲乙丙", "甲 乙\n丙", 1.0), ("甲乙丙", "丙乙甲", 0.0), ("甲乙丙丁", "甲乙丙", 0.8)]
    {
        assert!((similarity(one, other) - expected).abs() < 1e-9, "{one} {other}");
    }
}
