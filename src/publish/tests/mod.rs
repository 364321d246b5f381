//! What we publish, read back by others and by ourselves.

mod editions;
mod formats;
mod pages;
mod sizes;

use jiff::tz::Offset;
use url::Url;

use super::*;
use crate::model::{
    AtomId, Bureau, Bureaus, Copy, Enclosure, Entry, Precision, Published, Region, RegionRow, Role,
    SourceKey, Story, Topic, Topics,
};

const HOUR_MS: i64 = 3_600_000;
/// 2026-11-24T10:00:00+08:00.
const TEN: i64 = 1_795_485_600_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

fn bureaus() -> Bureaus {
    Bureaus::new(vec![RegionRow {
        region: Region::parse("CN-JX").unwrap(),
        name: "江西省".into(),
        short: "江西".into(),
        bureau: "江西省邮政管理局".into(),
        en: "Jiangxi".into(),
    }])
}

fn copy(source: &str, title: &str, html: &str, body: u8) -> Copy {
    let region = Region::parse("CN-JX");
    Copy {
        entry: Entry {
            source: SourceKey::parse(source).unwrap(),
            source_entry_id: "1".into(),
            url: format!("https://{source}.example/1"),
            canonical_url: None,
            title: title.into(),
            published: None,
            updated_at: None,
            bureau: Some(Bureau { name: "江西省邮政管理局".into(), region: region.clone() }),
            region,
            role: Role::Primary,
            content_html: html.into(),
            content_text: "text".into(),
            summary: None,
            enclosures: vec![Enclosure {
                url: "https://jx.example/a.pdf".into(),
                media_type: "application/pdf".into(),
                length_bytes: Some(12),
            }],
            language: "zh-CN".into(),
            topics: Vec::new(),
            upstream_id: None,
        },
        body_hash: Some(vec![body]),
        source_name: format!("来源 {source}"),
        source_url: format!("https://{source}.example/"),
        source_atom_id: format!("urn:uuid:{source}"),
        source_updated_at: at(TEN),
        seen_at: at(TEN),
    }
}

fn story(id: &str, copies: Vec<Copy>) -> Story {
    Story {
        atom_id: AtomId(id.into()),
        copies,
        published: Published { at: at(TEN), precision: Precision::Minute },
        updated_at: at(TEN + HOUR_MS),
        first_at: at(TEN),
        seq: 1,
        related: Vec::new(),
    }
}

/// What a feed's facts borrow from.
struct Ground {
    base_url: Url,
    bureaus: Bureaus,
    topics: Topics,
    place: Place,
}

impl Ground {
    fn new() -> Self {
        let topic = Topic { key: "safety".into(), zh: "安全".into(), en: "Safety".into() };
        Self {
            base_url: Url::parse("https://feeds.example/").unwrap(),
            bureaus: bureaus(),
            topics: Topics::new(vec![topic]),
            place: Place::new("feed"),
        }
    }

    fn meta(&self) -> FeedMeta<'_> {
        FeedMeta {
            atom_id: "urn:uuid:feed",
            title: "邸报 & <测试>",
            subtitle: "",
            updated_at: at(TEN + 2 * HOUR_MS),
            zone: Offset::from_hours(8).unwrap(),
            language: "zh-CN",
            base_url: &self.base_url,
            place: &self.place,
            page: "",
            hubs: &[],
            archive: Archive::None,
            bureaus: &self.bureaus,
            topics: &self.topics,
        }
    }
}

fn render(stories: &[Story]) -> String {
    let ground = Ground::new();
    let document = Document { meta: &ground.meta(), stories, tombstones: &[] };
    String::from_utf8(atom::feed(&document)).unwrap()
}

#[test]
fn what_we_publish_feed_rs_reads_back() {
    let copies = vec![
        copy("jx", "标题 A & B", "<p>正文 <b>粗</b></p>", 1),
        copy("spb", "标题", "", 1),
        copy("paper", "标题", "", 2),
    ];
    let text = render(&[story("urn:uuid:1", copies)]);
    let read = feed_rs::parser::parse(text.as_bytes()).unwrap();
    assert_eq!(read.title.unwrap().content, "邸报 & <测试>");
    assert_eq!(read.language.as_deref(), Some("zh-CN"));
    let entry = &read.entries[0];
    assert_eq!(entry.id, "urn:uuid:1");
    assert_eq!(entry.title.as_ref().unwrap().content, "标题 A & B");
    assert_eq!(entry.content.as_ref().unwrap().body.as_deref(), Some("<p>正文 <b>粗</b></p>"));
    assert_eq!(entry.authors[0].name.as_deref(), Some("江西省邮政管理局"));
    assert_eq!(entry.categories[0].term, "CN-JX");
    assert_eq!(entry.categories[0].label.as_deref(), Some("江西省"));
    assert_eq!(entry.published.unwrap().timestamp_millis(), TEN);
    assert_eq!(entry.updated.unwrap().timestamp_millis(), TEN + HOUR_MS);
    let links: Vec<(Option<&str>, &str)> =
        entry.links.iter().map(|link| (link.rel.as_deref(), link.href.as_str())).collect();
    assert_eq!(
        links,
        [
            (Some("alternate"), "https://jx.example/1"),
            (Some("via"), "https://spb.example/1"),
            (Some("related"), "https://paper.example/1"),
            (Some("enclosure"), "https://jx.example/a.pdf"),
        ]
    );
}

#[test]
fn times_and_origin_are_written_as_readers_need_them() {
    let text = render(&[story("urn:uuid:1", vec![copy("jx", "标题", "<p>x</p>", 1)])]);
    for part in [
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"zh-CN\">",
        "<published>2026-11-24T10:00:00+08:00</published>",
        "<updated>2026-11-24T12:00:00+08:00</updated>",
        "<source><title>来源 jx</title><id>urn:uuid:jx</id>",
        "rel=\"self\"",
        "https://feeds.example/feed.atom",
        "length=\"12\"",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("<author></author>"));
}

#[test]
fn an_empty_feed_is_a_valid_document() {
    let text = render(&[]);
    assert!(check_xml(text.as_bytes()).is_ok());
    assert!(feed_rs::parser::parse(text.as_bytes()).unwrap().entries.is_empty());
}

#[test]
fn characters_that_xml_cannot_carry_are_left_out() {
    let nasty = "坏\u{b}字\u{fffe}符 ]]> &nbsp; <script>";
    let text = render(&[story("urn:uuid:1", vec![copy("jx", nasty, "<p>\u{8}x ]]></p>", 1)])]);
    check_xml(text.as_bytes()).unwrap();
    let read = feed_rs::parser::parse(text.as_bytes()).unwrap();
    assert_eq!(read.entries[0].title.as_ref().unwrap().content, "坏字符 ]]> &nbsp; <script>");
    assert!(!text.contains('\u{b}') && !text.contains('\u{fffe}') && !text.contains('\u{8}'));
}

#[test]
fn broken_xml_is_seen_before_it_is_served() {
    assert!(check_xml(b"<feed><entry></feed>").is_err());
    assert!(check_xml(b"<feed>&</feed").is_err());
}

#[test]
fn the_feeds_time_moves_a_second_or_more_with_each_change() {
    let check = |before: i64, now: i64, expected: i64| {
        assert_eq!(next_change_time(at(before), at(now)), at(expected), "{before} {now}");
    };
    check(10_000, 60_500, 60_000);
    check(10_000, 10_400, 11_000);
    check(10_000, 9_000, 11_000);
}

#[test]
fn the_page_escapes_what_it_shows() {
    let ground = Ground::new();
    let meta = ground.meta();
    let view =
        page::View { meta: &meta, site: "<b>", lang: page::Lang::Zh, path: "", venue: page::Venue::Server };
    let html =
        page::home(&view, &[story("urn:uuid:1", vec![copy("jx", "<script>alert(1)</script>", "", 1)])], None);
    let html = String::from_utf8(html).unwrap();
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
    assert!(html.contains("2026-11-24 10:00") && html.contains("https://feeds.example/feed.atom"), "{html}");
}

#[test]
fn alerts_are_a_feed_and_the_health_page_shows_what_is_broken_first() {
    let ground = Ground::new();
    let meta = ground.meta();
    let alert = alerts::AlertEntry {
        id: 7,
        source_key: "jx".into(),
        source_name: "江西局".into(),
        source_url: "https://jx.example/".into(),
        at: at(TEN + HOUR_MS),
        recovered: false,
        state: "no-rows".into(),
        since: at(TEN),
        message: "it gave no rows <b>".into(),
    };
    let bytes = alerts::feed(&meta, &[alert]);
    check_xml(&bytes).unwrap();
    let feed = feed_rs::parser::parse(&*bytes).unwrap();
    assert_eq!(feed.entries[0].id, "urn:uuid:feed#alerts-7");
    assert!(feed.entries[0].summary.as_ref().unwrap().content.contains("since 2026-11-24T10:00:00+08:00"));

    let source = |key: &str, state: &str, verified: bool| status::SourceHealth {
        key: key.into(),
        name: format!("<{key}>"),
        state: state.into(),
        verified,
        enabled: true,
        ..status::SourceHealth::default()
    };
    let sources =
        vec![source("fine", "ok", true), source("unknown", "dns", false), source("broken", "no-rows", true)];
    let health = status::Health { sources, ..status::Health::default() };
    let html = String::from_utf8(status::page(&health, meta.zone)).unwrap();
    let place = |key: &str| html.find(&format!("&lt;{key}&gt;")).unwrap();
    assert!(place("broken") < place("fine") && place("fine") < place("unknown"), "{html}");
    assert!(html.contains("1 of 3 sources need a look"), "{html}");
}

#[test]
fn a_summary_is_told_only_where_it_adds_to_the_text() {
    let check = |summary: &str, expected: bool| {
        let mut one = copy("jx", "会议", "<p>会议</p>", 1);
        one.entry.content_text = "会议要求落实责任，保障旺季安全。".into();
        one.entry.summary = Some(summary.into());
        let document = render(&[story("urn:uuid:1", vec![one])]);
        assert_eq!(document.contains("<summary"), expected, "{summary}");
    };
    check("全省会议在南昌召开", true);
    for cut in ["会议要求落实责任", "会议要求落实责任……", "会议要求落实责任......", "......", " "]
    {
        check(cut, false);
    }
}
