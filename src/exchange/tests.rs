use std::sync::{Arc, LazyLock};

use jiff::tz::Offset;

use super::*;
use crate::{
    config::{Config, Origins, SourceConfig},
    model::{Role, Source, SourceKey},
};

static CONFIG: LazyLock<Config> = LazyLock::new(|| Config::load(&Origins::default()).unwrap());
const BEIJING: Offset = Offset::constant(8);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-24T10:00:00+08:00")
}

fn unknown() -> Arc<SourceConfig> {
    let source = Source {
        key: SourceKey::parse("some").unwrap(),
        name: "some".into(),
        role: Role::default(),
        bureau: None,
        region: None,
        url: "https://some.example/".parse().unwrap(),
        language: "zh-CN".into(),
    };
    Arc::new(SourceConfig::unpolled(source, BEIJING))
}

fn read(text: &str) -> Result<Arrival, LineError> {
    arrival(parse(text.as_bytes())?, &unknown(), &CONFIG, now())
}

/// A line with a title and an address, and these fields beside.
fn with(fields: &str) -> Result<Arrival, LineError> {
    read(&format!("{{\"source\":\"some\",\"url\":\"https://some.example/1\",\"title\":\"标题\",{fields}}}"))
}

#[test]
fn a_bad_line_is_told_what_is_wrong_and_what_was_expected() {
    let check = |text: &str, expected: &[&str]| {
        let told = read(text).unwrap_err().to_string();
        assert!(expected.iter().all(|part| told.contains(part)), "{text}: {told}");
    };
    check("none", &["column 2", "no JSON", "expected an object"]);
    check("{\"source\":\"some\",", &["column 17", "EOF"]);
    check("[1]", &["a list", "expected an object"]);
    check("\"a\"", &["a text"]);
    check("\u{0}", &["no JSON"]);
    check("{\"title\":\"a\u{0}b\"}", &["no JSON", "control character"]);
    check("{\"source\":\"some\",\"title\":[\"a\"]}", &["`title`", "[\"a\"]", "expected a string"]);
    check("{\"source\":\"some\",\"id\":1.5,\"title\":\"t\"}", &["`id`", "1.5", "whole number"]);
    check("{\"source\":\"some\",\"title\":\"a\",\"title\":\"b\"}", &["duplicate field `title`"]);
    check("{\"source\":\"some\",\"title\":\"a\"}", &["`url` is missing", "address"]);
    check(
        "{\"source\":\"some\",\"url\":\"https://a.example/\"}",
        &["neither title nor text", "content_html"],
    );
    check("{\"source\":\"some\",\"url\":\"/1\",\"title\":\"a\"}", &["`url` is `/1`", "absolute"]);
    check("{\"source\":\"some\",\"url\":\"javascript:1\",\"title\":\"a\"}", &["`url`", "absolute"]);
    let bad = |fields: &str, expected: &[&str]| {
        let told = with(fields).unwrap_err().to_string();
        assert!(expected.iter().all(|part| told.contains(part)), "{fields}: {told}");
    };
    bad("\"published\":\"soon\"", &["`published` is `soon`", "RFC 3339"]);
    bad("\"published\":\"2027-01-01T00:00:00Z\"", &["`published`", "24 h ahead"]);
    bad("\"seen\":\"1970-01-01T00:00:00Z\"", &["`seen`", "before 1990"]);
    bad("\"published_precision\":\"hour\"", &["`published_precision`", "second, minute, day or seen"]);
    bad("\"role\":\"boss\"", &["`role` is `boss`", "primary, national, paper or platform"]);
    bad("\"region\":\"CN-QQ\"", &["`region`", "CN-JX"]);
    bad("\"enclosures\":[{\"url\":\"a.pdf\"}]", &["`enclosures` is `a.pdf`", "absolute"]);
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let error = parse(b"{\"title\":\"\xff\"}").unwrap_err();
    assert_eq!(error.to_string(), "byte 11 of the line is no UTF-8; expected JSON, which is UTF-8");
}

#[test]
fn every_field_finds_its_place() {
    let it = with(
        "\"id\":7,\"published\":\"2026-11-20T10:00:00+08:00\",\"updated\":\"2026-11-21T10:00:00+08:00\",\"bureau\":\"江西局\",\
        \"role\":\"primary\",\"summary\":\"摘要\",\"content_text\":\"甲。\\n\\n乙。\",\"topics\":[\"safety\",\"rural-delivery\"],\
        \"enclosures\":[{\"url\":\"https://some.example/a.pdf\"}],\"seen\":\"2026-11-20T11:00:00.250+08:00\",\
        \"story\":\"urn:uuid:1\",\"rule\":\"body-title\",\"nobody\":{\"knows\":[1]}",
    );
    let it = it.unwrap();
    let entry = &it.entry;
    assert_eq!(entry.source_entry_id, "7");
    assert_eq!(entry.bureau.as_ref().unwrap().name, "江西省邮政管理局");
    assert_eq!(entry.region.as_ref().unwrap().as_str(), "CN-JX");
    assert_eq!(entry.role, Role::Primary);
    assert_eq!(entry.content_html, "<p>甲。</p><p>乙。</p>");
    assert_eq!(entry.topics, ["rural-delivery", "safety"]);
    assert_eq!(entry.enclosures[0].media_type, "application/octet-stream");
    assert_eq!(entry.updated_at, Some(at("2026-11-21T10:00:00+08:00")));
    assert_eq!(it.seen_at, at("2026-11-20T11:00:00.250+08:00"));
    let given = it.given.unwrap();
    assert_eq!((given.story.0.as_str(), given.rule.as_deref()), ("urn:uuid:1", Some("body-title")));
    assert_eq!(it.notes, []);
}

#[test]
fn missing_fields_are_null_and_null_is_missing() {
    let it = with(
        "\"id\":null,\"published\":null,\"bureau\":null,\"role\":null,\"topics\":null,\"enclosures\":null,\"seen\":null,\"fields\":null",
    );
    assert_eq!(it.unwrap(), with("\"bureau\":\"\"").unwrap());
    let it = with("\"bureau\":\"\"").unwrap();
    assert_eq!((it.entry.source_entry_id.as_str(), it.entry.role), ("some.example/1", Role::Platform));
    assert_eq!((it.entry.published, it.seen_at), (None, now()));
}

#[test]
fn bureaus_go_by_their_names_and_codes() {
    let check = |name: &str, expected: Option<&str>, n_notes: usize| {
        let it = with(&format!("\"bureau\":\"{name}\"")).unwrap();
        assert_eq!(it.entry.bureau.as_ref().map(|bureau| bureau.name.as_str()), expected, "{name}");
        assert_eq!(it.notes.len(), n_notes, "{name}");
    };
    for name in ["江西局", "CN-JX", "cn-jx", "江西", "江西省", "江西省邮政管理局", "江西省邮政管理局办公室"]
    {
        check(name, Some("江西省邮政管理局"), 0);
    }
    check("南昌市邮政管理局", Some("南昌市邮政管理局"), 0);
    check("国家邮政局", Some("国家邮政局"), 0);
    check("某报", None, 1);
    let it = with("\"bureau\":\"南昌市邮政管理局\",\"region\":\"CN-JX\"").unwrap();
    assert_eq!(it.entry.bureau.unwrap().region, it.entry.region);
    assert_eq!(it.entry.region.unwrap().as_str(), "CN-JX");
}

#[test]
fn a_time_is_as_exact_as_it_is_told() {
    let check = |fields: &str, expected: Option<(&str, Precision)>| {
        let it = with(fields).unwrap();
        let expected = expected.map(|(time, precision)| (at(time), precision));
        assert_eq!(it.entry.published.map(|claim| (claim.at, claim.precision)), expected, "{fields}");
    };
    let ten = "2026-11-20T10:00:00+08:00";
    check("\"published\":\"2026-11-20T10:00:00+08:00\"", Some((ten, Precision::Second)));
    check("\"published\":\"2026-11-20T02:00:00Z\"", Some((ten, Precision::Second)));
    check("\"published\":\"2026-11-20 10:00\"", Some((ten, Precision::Minute)));
    check("\"published\":\"2026-11-20\"", Some(("2026-11-20T00:00:00+08:00", Precision::Day)));
    check(
        "\"published\":\"2026-11-20T10:00:00+08:00\",\"published_precision\":\"day\"",
        Some(("2026-11-20T00:00:00+08:00", Precision::Day)),
    );
    check("\"published\":\"2026-11-20T10:00:00+08:00\",\"published_precision\":\"seen\"", None);
    let it = with("\"published\":\"2026-11-20T10:00:00+08:00\",\"published_precision\":\"seen\"").unwrap();
    assert_eq!(it.seen_at, at(ten));
    // First sight long before a corrected time of publication is no contradiction.
    check(
        "\"published\":\"2026-11-20T10:00:00+08:00\",\"seen\":\"2026-11-01T10:00:00+08:00\"",
        Some((ten, Precision::Second)),
    );
}

#[test]
fn a_story_that_is_no_atom_id_is_left_out() {
    let it = with("\"story\":\"S12\"").unwrap();
    assert_eq!((it.given, it.notes), (None, vec![Note::NoAtomId]));
    let it = with("\"story\":\"urn:uuid:1\",\"rule\":\"Drop Table\"").unwrap();
    assert_eq!(it.given.unwrap().rule, None);
}

#[test]
fn names_of_sources_become_keys_that_no_other_name_leads_to() {
    let check = |name: &str, expected: &str| {
        let line = EntryLine { source: Some(name.into()), ..EntryLine::default() };
        let (key, named) = source_key(&line).unwrap();
        assert!(key.as_str().starts_with(expected), "{name}: {key}");
        assert_eq!(named.is_none(), key.as_str() == name, "{name}");
        key
    };
    check("jx", "jx");
    let dots = check("www.example.org", "www-example-org-");
    let dashes = check("www-example.org", "www-example-org-");
    assert_ne!(dots, dashes);
    check("江西省邮政管理局", "source-");
    check(&"长x".repeat(200), "x-x-");
    assert!(source_key(&EntryLine::default()).is_err());
}

#[test]
fn a_line_comes_back_as_it_was() {
    let made = with(
        "\"published\":\"2026-11-20T10:00:00.125+08:00\",\"content_html\":\"<p>甲 <b>乙</b></p>\",\"bureau\":\"CN-JX\"",
    );
    let made = made.unwrap();
    let provenance = Provenance {
        story: AtomId("urn:uuid:1".into()),
        rule: "first".into(),
        seen_at: made.seen_at,
        shown_at: made.seen_at,
        gone_at: None,
        withdrawn_at: None,
        source_name: None,
        source_url: None,
    };
    let line = EntryLine::stored(&made.entry, &provenance, BEIJING, "zh-CN");
    assert_eq!(line.published.as_deref(), Some("2026-11-20T10:00:00.125+08:00"));
    let again = read(&serde_json::to_string(&line).unwrap()).unwrap();
    let given = Some(Given { story: provenance.story.clone(), rule: Some("first".into()) });
    assert_eq!(again, Arrival { given, ..made });
}
