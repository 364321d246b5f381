//! Tests of JSON lists.

use proptest::prelude::*;

use super::*;

const ENDPOINT: &str = "https://ju.example.cn/common/search/0123?_isJson=true";
/// The known CMS writes its epoch times 8 hours early.
const EIGHT_HOURS_MS: i64 = 8 * 3600 * 1000;

fn paths(paths: &[&str]) -> Vec<JsonPath> {
    paths.iter().map(|path| JsonPath::parse(path).unwrap()).collect()
}

fn rules() -> JsonRules {
    JsonRules {
        items: Some(JsonPath::parse("$.data.results[*]").unwrap()),
        id: paths(&["$.manuscriptId"]),
        title: paths(&["$.title", "$.subTitle"]),
        url: paths(&["$.url"]),
        date: paths(&["$.publishedTimeStr", "$.publishedTime"]),
        epoch_offset_ms: EIGHT_HOURS_MS,
        origin: paths(&["$.domainMetaList[*].resultList[?@.key == 'source' || @.key == 'author'].value"]),
        content_text: paths(&["$.content"]),
        content_html: paths(&["$.contentHtml"]),
        summary: paths(&["$.memo"]),
        enclosures: paths(&["$.resList[?@.ispublished == true].filePath"]),
        ..JsonRules::default()
    }
}

fn read(text: &str) -> Extracted {
    list(text, &Url::parse(ENDPOINT).unwrap(), &rules()).unwrap()
}

/// Reads a list of one item.
fn item(item: &str) -> RawEntry {
    let found = read(&format!(r#"{{"data":{{"results":[{item}]}}}}"#));
    found.entries.into_iter().next().unwrap()
}

#[test]
fn an_item_gives_all_its_fields() {
    let entry = item(
        r#"{"manuscriptId":7652321,"title":" 全省&nbsp;快递\u3000进村 ","subTitle":"x","url":"http://ju.example.cn/a/1.shtml",
        "publishedTime":1775755803000,"publishedTimeStr":"2026-04-10 09:30:03","memo":"摘要&ensp;一","content":"第一段 &lt;1&gt;\n\n　第二段 <2>",
        "resList":[{"filePath":"/f/a.pdf","ispublished":true},{"filePath":"/f/b.pdf","ispublished":false},{"filePath":"/f/a.pdf","ispublished":true}],
        "domainMetaList":[{"resultList":[{"key":"author","value":"null"},{"key":"source","value":" "},{"key":"source","value":"某省局"}]}]}"#,
    );
    assert_eq!(entry.id.as_deref(), Some("7652321"));
    assert_eq!(entry.title, "全省 快递 进村");
    assert_eq!(entry.url.as_ref().map(Url::as_str), Some("http://ju.example.cn/a/1.shtml"));
    let times: Vec<(RawTime, &str)> =
        entry.published.iter().map(|found| (found.time.clone(), found.rule.as_str())).collect();
    assert_eq!(
        times,
        [
            (RawTime::Text("2026-04-10 09:30:03".to_owned()), "$.publishedTimeStr"),
            (RawTime::EpochMs(1_775_755_803_000 + EIGHT_HOURS_MS), "$.publishedTime"),
        ]
    );
    assert_eq!(entry.origin.as_deref(), Some("某省局"));
    assert_eq!(entry.summary.as_deref(), Some("摘要 一"));
    assert_eq!(entry.content_html.as_deref(), Some("<p>第一段 &lt;1&gt;</p>\n<p>第二段 &lt;2&gt;</p>\n"));
    let files: Vec<&str> = entry.enclosures.iter().map(|file| file.url.as_str()).collect();
    assert_eq!(files, ["https://ju.example.cn/f/a.pdf"]);
    assert_eq!(entry.enclosures[0].media_type.as_deref(), Some("application/pdf"));
    assert_eq!(entry.fields["title"], "$.title");
    assert_eq!(entry.fields["content_html"], "$.content");
}

#[test]
fn texts_that_say_nothing_are_passed_over() {
    for unusable in ["\"\"", "\" \"", "\"null\"", "\"&nbsp;\"", "null", "{}", "[]", "true"] {
        let entry = item(&format!(r#"{{"title":{unusable},"subTitle":"副题"}}"#));
        assert_eq!(entry.title, "副题", "{unusable}");
    }
    assert_eq!(item(r#"{"title":20251208}"#).title, "20251208");
    assert_eq!(item(r#"{"title":"甲 < 乙 &amp; 丙"}"#).title, "甲 < 乙 & 丙");
}

#[test]
fn addresses_resolve_against_the_endpoint() {
    let check = |address: &str, expected: Option<&str>| {
        let entry = item(&format!(r#"{{"title":"题","url":"{address}"}}"#));
        assert_eq!(entry.url.as_ref().map(Url::as_str), expected, "{address}");
    };
    check("/a/1.shtml", Some("https://ju.example.cn/a/1.shtml"));
    check("//www.example.cn/a", Some("https://www.example.cn/a"));
    check("http://www.example.cn/a", Some("http://www.example.cn/a"));
    check("javascript:void(0)", None);
    check("null", None);
}

#[test]
fn times_are_texts_or_epochs() {
    let check = |value: &str, expected: Option<RawTime>| {
        let entry = item(&format!(r#"{{"title":"题","publishedTime":{value}}}"#));
        assert_eq!(entry.published.into_iter().next().map(|found| found.time), expected, "{value}");
    };
    let text = |text: &str| Some(RawTime::Text(text.to_owned()));
    check("1775755803", Some(RawTime::EpochMs(1_775_755_803_000 + EIGHT_HOURS_MS)));
    check("\"1775755803000\"", Some(RawTime::EpochMs(1_775_755_803_000 + EIGHT_HOURS_MS)));
    check("\"2026-04-10\"", text("2026-04-10"));
    check("20251208", text("20251208"));
    check("\"20251208153000\"", text("20251208153000"));
    check("1.5", None);
    check("99999999999999999999999", None);
    check("0", None);
    check("-5", None);
    check("null", None);
}

#[test]
fn html_comes_before_text_and_deep_html_not_at_all() {
    let entry = item(r#"{"title":"题","content":"文","contentHtml":"<p>文</p>"}"#);
    assert_eq!(entry.content_html.as_deref(), Some("<p>文</p>"));
    let deep = "<div>".repeat(5000);
    let entry = item(&format!(r#"{{"title":"题","content":"文","contentHtml":"{deep}"}}"#));
    assert_eq!(entry.content_html.as_deref(), Some("<p>文</p>\n"));
}

#[test]
fn jsonp_is_json_in_a_call() {
    let json = r#"{"data":{"results":[{"title":"甲(乙)"}]}}"#;
    for text in [
        format!("callback({json});"),
        format!("/**/jQuery_1.cb ( {json} )"),
        format!("\u{feff}  {json}\n"),
        format!("window[\"cb\"]({json})"),
    ] {
        assert_eq!(read(&text).entries.len(), 1, "{text}");
    }
    let url = Url::parse(ENDPOINT).unwrap();
    for text in ["", "<html>(1)</html>", "cb(", "cb)(", "{", "(", &"[".repeat(100_000), "cb({\"a\":)"] {
        assert!(matches!(list(text, &url, &rules()), Err(ExtractError::NotJson { .. })), "{text:.20}");
    }
}

#[test]
fn a_list_without_items_says_what_it_has() {
    let check = |text: &str, note: &str| {
        let found = read(text);
        assert!(found.entries.is_empty(), "{text}");
        assert_eq!(found.notes, [note], "{text}");
    };
    check(
        r#"{"code":0,"rows":[]}"#,
        "`$.data.results[*]` matched nothing; the document has the keys `code`, `rows`",
    );
    check("[1,2]", "`$.data.results[*]` matched nothing; the document is an array of 2");
    check("7", "`$.data.results[*]` matched nothing; the document is a single value");
    check(
        r#"{"data":{"results":[{"x":1},{"title":"null"}]}}"#,
        "2 of 2 items left out: neither title nor address",
    );
}

#[test]
fn items_may_be_named_as_the_array_or_its_members() {
    let url = Url::parse(ENDPOINT).unwrap();
    let text = r#"{"list":[{"title":"甲"},{"title":"乙"}],"none":[]}"#;
    let count = |path: Option<&str>, text: &str| {
        let items = path.map(|path| JsonPath::parse(path).unwrap());
        let found = list(text, &url, &JsonRules { items, ..rules() }).unwrap();
        (found.entries.len(), found.notes.len())
    };
    assert_eq!(count(Some("$.list"), text), (2, 0));
    assert_eq!(count(Some("$.list[*]"), text), (2, 0));
    assert_eq!(count(Some("$.none"), text), (0, 1));
    assert_eq!(count(None, text), (0, 1));
    assert_eq!(count(None, r#"[{"title":"甲"}]"#), (1, 0));
}

#[test]
fn rows_in_a_text_are_read_by_the_rules_for_pages() {
    use crate::extract::rules::{ListRules, Pick, Rules};
    let rows = vec![Pick::parse("li").unwrap()];
    let html = Some(JsonPath::parse("$.data.html").unwrap());
    let rules = Rules {
        list: ListRules { rows, ..ListRules::default() },
        json: JsonRules { html, ..JsonRules::default() },
        ..Rules::default()
    };
    let url = Url::parse(ENDPOINT).unwrap();
    let text = r#"cb({"data":{"html":"<li><a href='\/a.html'>快递进村<\/a><span>2025-12-08<\/span><\/li>","other":"<li>"}})"#;
    let found = super::read(text, &url, &rules).unwrap();
    assert_eq!((found.entries.len(), found.entries[0].title.as_str()), (1, "快递进村"));
    assert_eq!(found.entries[0].url.as_ref().map(Url::path), Some("/a.html"));
    assert_eq!(found.rule, "profile rows \"li\" in JSON \"$.data.html\"");
    let found = super::read(r#"{"msg":"none"}"#, &url, &rules).unwrap();
    assert!(found.entries.is_empty());
    assert_eq!(found.notes, ["`$.data.html` gave no text; the document has the keys `msg`"]);
}

#[test]
fn a_channel_has_its_list_on_the_same_host() {
    let list = Url::parse("https://ju.example.cn/xw/c1/common_list.shtml").unwrap();
    let check = |template: Option<&str>, expected: Option<&str>| {
        let rules = JsonRules { endpoint: template.map(str::to_owned), ..JsonRules::default() };
        let found = endpoint(&rules, &list, "abc");
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{template:?}");
    };
    check(
        Some("/search/{channel}?_pageSize={size}&page={page}"),
        Some("https://ju.example.cn/search/abc?_pageSize=20&page=1"),
    );
    check(Some("https://other.example.cn/{channel}?page={page}"), None);
    check(None, None);
}

#[test]
fn pages_are_counted_from_where_the_address_begins() {
    let check = |parameter: Option<&str>, first: &str, number: usize, expected: Option<&str>| {
        let rules = JsonRules { page: parameter.map(str::to_owned), ..JsonRules::default() };
        let found = page_address(&rules, &Url::parse(first).unwrap(), number);
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{first} {number}");
    };
    check(None, "https://a.cn/s?x=1&page=1", 2, Some("https://a.cn/s?x=1&page=2"));
    check(None, "https://a.cn/s?page=0&x=1", 3, Some("https://a.cn/s?x=1&page=2"));
    check(None, "https://a.cn/s?x=1", 2, None);
    check(None, "https://a.cn/s?page=all", 2, None);
    check(Some("pageNo"), "https://a.cn/s?page=5", 2, Some("https://a.cn/s?page=5&pageNo=2"));
    check(None, "https://a.cn/s?page=18446744073709551615", 2, None);
}

#[test]
fn a_huge_list_is_cut_and_told() {
    let items = r#"{"title":"题","url":"/a"},"#.repeat(100_000);
    let found = read(&format!(r#"{{"data":{{"results":[{items}{{}}]}}}}"#));
    assert_eq!(found.entries.len(), MAX_ROWS);
    assert_eq!(found.notes, ["the list has 100001 items; those after 2000 were left out"]);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([a-z]{1,3}\\(|\\)|\\{\"data\":|\\{\"results\":\\[|\\{\"title\":|\"url\":|[\\[\\]{},:\"&;]|null|1[0-9]{0,20}|\"[a-z邮&;<>/]{0,9}\"|.){0,30}") {
        let _ = list(&text, &Url::parse(ENDPOINT).unwrap(), &rules());
    }

    #[test]
    fn any_item_is_read(title in ".{0,20}", url in ".{0,20}", time in any::<i64>(), content in ".{0,40}") {
        let item = serde_json::json!({
            "title": title, "url": url, "publishedTime": time, "content": content, "contentHtml": content,
        });
        let document = serde_json::json!({ "data": { "results": [item] } });
        read(&document.to_string());
    }
}
