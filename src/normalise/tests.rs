use url::Url;

use super::*;
use crate::{
    extract::{FoundTime, RawTime},
    model::{Bureau, Region, RegionRow, Role, SourceKey},
};

const NOW: &str = "2026-11-24T04:00:00Z";

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
        row("CN-JX", "江西省", "江西", "江西省邮政管理局"),
        row("CN-HB", "湖北省", "湖北", "湖北省邮政管理局"),
        row("CN-HA", "河南省", "河南", "河南省邮政管理局"),
    ])
}

fn source(role: Role, whose: Option<&str>) -> Source {
    let bureau = whose.and_then(|name| bureaus().resolve(name));
    Source {
        key: SourceKey::parse("x").unwrap(),
        name: "x".into(),
        role,
        region: bureau.as_ref().and_then(|bureau| bureau.region.clone()),
        bureau,
        url: Url::parse("https://x.example/").unwrap(),
        language: "zh-CN".into(),
    }
}

fn made(raw: RawEntry, source: &Source) -> Normalised {
    let bureaus = bureaus();
    let zone = Offset::from_hours(8).unwrap();
    let context = Context {
        source,
        bureaus: &bureaus,
        topics: &TopicRules::default(),
        zone,
        now: NOW.parse().unwrap(),
        keeps_ids: true,
    };
    normalise(raw, &context).unwrap()
}

fn raw(title: &str) -> RawEntry {
    RawEntry {
        title: title.into(),
        url: Some(Url::parse("http://x.example/a?spm=1").unwrap()),
        content_html: Some("<p>正文。</p>".into()),
        ..RawEntry::default()
    }
}

#[test]
fn the_bureau_is_whoever_said_it() {
    let check = |role,
                 whose,
                 title: &str,
                 origin: Option<&str>,
                 attribution: Option<&str>,
                 expected: Option<(&str, &str)>| {
        let raw = RawEntry {
            origin: origin.map(str::to_owned),
            attribution: attribution.map(str::to_owned),
            ..raw(title)
        };
        let entry = made(raw, &source(role, whose)).entry;
        let region = entry.region.as_ref().map_or("", Region::as_str).to_owned();
        let found = entry.bureau.map(|Bureau { name, .. }| (name, region));
        assert_eq!(
            found,
            expected.map(|(name, region)| (name.to_owned(), region.to_owned())),
            "{title} {origin:?}"
        );
    };
    let jx = Some(("江西省邮政管理局", "CN-JX"));
    check(Role::Primary, Some("CN-JX"), "召开会议", None, None, jx);
    check(Role::Primary, Some("CN-JX"), "转发通知", Some("国家邮政局"), None, jx);
    check(
        Role::Primary,
        Some("CN-HB"),
        "荆州动态",
        Some("荆州市邮政管理局"),
        None,
        Some(("荆州市邮政管理局", "CN-HB")),
    );
    check(
        Role::Primary,
        Some("CN-HB"),
        "转载",
        Some("江西省邮政管理局"),
        None,
        Some(("湖北省邮政管理局", "CN-HB")),
    );
    check(Role::National, Some("CN"), "江西局召开会议", None, None, jx);
    check(Role::National, Some("CN"), "行业发展", Some("江西省邮政管理局"), None, jx);
    check(
        Role::National,
        Some("CN"),
        "国家邮政局召开会议",
        Some("国家邮政局"),
        None,
        Some(("国家邮政局", "CN")),
    );
    check(Role::National, Some("CN"), "河南快递业发展", None, None, Some(("国家邮政局", "CN")));
    check(Role::Paper, None, "河南快递业发展", None, None, Some(("河南省邮政管理局", "CN-HA")));
    check(Role::Paper, None, "河南快递业发展", None, Some("江西局"), jx);
    check(Role::Platform, None, "普通新闻", Some("某号"), None, None);
}

#[test]
fn entries_are_identified_by_id_then_address_then_title() {
    let source = source(Role::Platform, None);
    let id = |raw: RawEntry| made(raw, &source).entry.source_entry_id;
    assert_eq!(id(RawEntry { id: Some(" 77 ".into()), ..raw("t") }), "77");
    assert_eq!(id(raw("t")), "x.example/a");
    let https = RawEntry { url: Some(Url::parse("https://www.x.example/a").unwrap()), ..raw("other title") };
    assert_eq!(id(https), "x.example/a", "scheme, www and tracking do not count");
    let untraceable = |title: &str| id(RawEntry { url: None, ..raw(title) });
    assert_eq!(untraceable("同一标题"), untraceable(" 同一 标题！"));
    assert_ne!(untraceable("同一标题"), untraceable("另一标题"));
}

#[test]
fn upstream_ids_are_kept_only_when_they_can_be_atom_ids() {
    let check = |id: &str, expected: bool| assert_eq!(is_absolute_iri(id), expected, "{id}");
    for kept in [
        "http://a.cn/1",
        "https://a.cn/邮政",
        "tag:a.cn,2026:x/1",
        "tag:a.cn,2026-11-24:1",
        "urn:uuid:1-2",
        "urn:isbn:1",
        "ftp://a.cn/1",
    ] {
        check(kept, true);
    }
    for minted in [
        "",
        "1",
        "abc",
        "a b",
        "http://",
        "http://a.cn/a b",
        "tag:a.cn:x",
        "tag:a.cn,20:x",
        "tag:,2026:x",
        "urn:x",
        "a.cn:80/x",
        "C:\\x",
        "javascript:1",
        "163.com/dy#1",
    ] {
        check(minted, false);
    }
}

#[test]
fn minted_ids_depend_on_source_and_id_alone() {
    let key = |name: &str| SourceKey::parse(name).unwrap();
    let seen = NOW.parse().unwrap();
    let id = minted_id(&key("jx"), "1", None, seen);
    assert!(id.0.starts_with("urn:uuid:") && is_absolute_iri(&id.0), "{id:?}");
    assert_eq!(id, minted_id(&key("jx"), "1", None, "2020-01-01T00:00:00Z".parse().unwrap()));
    assert_ne!(id, minted_id(&key("jx"), "2", None, seen));
    assert_ne!(id, minted_id(&key("ha"), "1", None, seen));
    let tag = minted_id(&key("jx"), "1", Some("feeds.example.org"), seen).0;
    assert!(tag.starts_with("tag:feeds.example.org,2026-11-24:jx/") && is_absolute_iri(&tag), "{tag}");
}

#[test]
fn titles_are_one_line_and_never_missing() {
    let source = source(Role::Platform, None);
    let title = |raw: RawEntry| made(raw, &source).entry.title;
    assert_eq!(title(raw(" 江西局\n\t召开　会议\u{b} ")), "江西局 召开 会议");
    assert_eq!(
        title(RawEntry { content_html: Some("<p>只有正文的一条。</p>".into()), ..raw("  ") }),
        "只有正文的一条。"
    );
    assert_eq!(title(raw(&"长".repeat(500))).chars().count(), 301);
    let empty = RawEntry { content_html: None, ..raw("") };
    let (bureaus, zone) = (bureaus(), Offset::UTC);
    let context = Context {
        source: &source,
        bureaus: &bureaus,
        topics: &TopicRules::default(),
        zone,
        now: NOW.parse().unwrap(),
        keeps_ids: false,
    };
    assert!(normalise(empty, &context).is_none());
}

#[test]
fn what_readers_see_decides_whether_an_entry_has_changed() {
    let source = source(Role::Primary, Some("CN-JX"));
    let entry = made(raw("标题"), &source).entry;
    let same = made(raw("标题"), &source).entry;
    assert_eq!(fingerprint(&entry), fingerprint(&same));
    let changed = |change: fn(&mut RawEntry)| {
        let mut raw = raw("标题");
        change(&mut raw);
        fingerprint(&made(raw, &source).entry)
    };
    let edits: [fn(&mut RawEntry); 4] = [
        |raw| raw.title = "标题（更正）".into(),
        |raw| raw.content_html = Some("<p>正文，已改。</p>".into()),
        |raw| raw.summary = Some("摘要".into()),
        |raw| raw.published = vec![FoundTime { time: RawTime::Text("2026-11-23".into()), rule: "x".into() }],
    ];
    for edit in edits {
        assert_ne!(changed(edit), fingerprint(&entry));
    }
}

#[test]
fn a_day_that_only_the_address_tells_is_taken() {
    let source = source(Role::Primary, Some("CN-JX"));
    let check = |address: &str, claims: &[&str], expected: Option<(&str, &str)>| {
        let url = Some(Url::parse(address).unwrap());
        let published = claims.iter().map(|text| time(text, "row")).collect();
        let made = made(RawEntry { url, published, ..raw("标题") }, &source);
        let found = made.entry.published.map(|claim| claim.at.to_string());
        let expected_at = expected.map(|(at, _)| at.to_owned());
        assert_eq!(found, expected_at, "{address}");
        assert_eq!(made.fields.get("published").map(String::as_str), expected.map(|(_, rule)| rule));
    };
    let by_address = Some(("2026-09-09T16:00:00Z", "day in the address"));
    check("http://x.example/art/2026/9/10/art_1_2.html", &[], by_address);
    check("http://x.example/202609/t20260910_1.html", &["没有"], by_address);
    check("http://x.example/202609/t20260910_1.html", &["2026-09-08"], Some(("2026-09-07T16:00:00Z", "row")));
    check("http://x.example/art/2126/9/10/art_1_2.html", &[], None);
    check("http://x.example/202609/a.html", &[], None);
}

#[test]
fn a_page_made_for_us_has_not_changed() {
    let (source, bureaus) = (source(Role::Primary, Some("CN-JX")), bureaus());
    let now: Timestamp = NOW.parse().unwrap();
    let check = |seconds_ago: i64, keeps_ids: bool, expected: bool| {
        let at = now.checked_sub(SignedDuration::from_secs(seconds_ago)).unwrap();
        let raw = RawEntry { updated: Some(time(&at.to_string(), "meta")), ..raw("标题") };
        let context = Context {
            source: &source,
            bureaus: &bureaus,
            topics: &TopicRules::default(),
            zone: Offset::UTC,
            now,
            keeps_ids,
        };
        let made = normalise(raw, &context).unwrap();
        assert_eq!(made.entry.updated_at.is_some(), expected, "{seconds_ago} {keeps_ids}");
        assert_eq!(made.fields.contains_key("updated"), expected);
    };
    check(2, false, false);
    check(2, true, true);
    check(3600, false, true);
}

#[test]
fn a_storys_place_in_a_digest_is_no_address_of_its_own() {
    let source = source(Role::Paper, None);
    let url = Url::parse("https://www.163.com/dy/article/K.html#:~:text=x").unwrap();
    let entry = made(RawEntry { url: Some(url), id: Some("k#1".into()), ..raw("t") }, &source).entry;
    assert_eq!((entry.canonical_url, entry.upstream_id), (None, None));
}

#[test]
fn the_day_in_an_address_stands_in_only_where_nothing_else_says_when() {
    let check = |address: &str, said: Option<&str>, expected: Option<&str>| {
        let found = |text: &str| FoundTime { time: RawTime::Text(text.into()), rule: "span".into() };
        let url = Url::parse(address).unwrap();
        let raw =
            RawEntry {
                url: Some(url), published: said.map(found).into_iter().collect(), ..raw("召开会议")
            };
        let made = made(raw, &source(Role::Primary, None));
        let zone = Offset::from_hours(8).unwrap();
        let day = made.entry.published.map(|published| time::rfc3339(published.at, zone)[..10].to_owned());
        assert_eq!(day.as_deref(), expected, "{address} {said:?}");
        let by_address = made.fields.get("published").is_some_and(|rule| rule == "day in the address");
        assert_eq!(by_address, said.is_none() && expected.is_some(), "{address} {said:?}");
    };
    check("http://x.example/art/2026/9/10/art_1_2.html", None, Some("2026-09-10"));
    check("http://x.example/art/2026/9/10/art_1_2.html", Some("2026-09-12"), Some("2026-09-12"));
    check("http://x.example/202611/t20261120_1.html", None, Some("2026-11-20"));
    check("http://x.example/202611/5da542159e14.shtml", None, None);
}

fn time(text: &str, rule: &str) -> FoundTime {
    FoundTime { time: RawTime::Text(text.into()), rule: rule.into() }
}

#[test]
fn every_field_says_which_rule_gave_it_and_empty_ones_say_nothing() {
    let rules =
        |raw: RawEntry| made(raw, &source(Role::Platform, None)).fields.into_iter().collect::<Vec<_>>();
    let found = RawEntry {
        title: "  ".into(),
        content_html: Some("<p>江西局召开会议</p>".into()),
        published: vec![time("2026-11-20", "list"), time("2026-11-20 08:30", ".info"), time("x", "meta")],
        updated: Some(time("2026-11-21 09:00", "meta updated")),
        ..RawEntry::default()
    };
    let expected = [
        ("bureau", "title's beginning"),
        ("id", "title"),
        ("published", "list, refined by .info"),
        ("region", "bureau's region"),
        ("title", "beginning of the text"),
        ("updated", "meta updated"),
        ("url", "source's address"),
    ];
    let expected: Vec<(&str, String)> =
        expected.iter().map(|(name, rule)| (*name, (*rule).to_owned())).collect();
    assert_eq!(rules(found), expected);

    let fields = BTreeMap::from([
        ("published", "list".to_owned()),
        ("bureau", "attribution at the item's end".to_owned()),
    ]);
    let refused = RawEntry {
        title: "一条消息".into(),
        published: vec![time("2099-01-01", "list")],
        attribution: Some("扩大".into()),
        fields,
        ..RawEntry::default()
    };
    let names: Vec<&str> = rules(refused).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["id", "url"]);
}
