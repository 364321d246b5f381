//! What sites get wrong, and what hostile ones may try.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;

use super::repair::{MAX_DEPTH, mend};
use super::tests::{document, read, rss_entry, times};
use super::text::Entities;
use super::*;
use crate::clock::Effort;

const NOTICE: &str = "关于加强快递包装治理的通知，各省邮政管理局";

/// The longest that reading a hostile document of a few hundred kilobytes may take in a debug build.
const PATIENCE: Duration = Duration::from_secs(8);

fn rss(items: &str) -> String {
    format!("<rss version='2.0'><channel><title>t</title>{items}</channel></rss>")
}

#[test]
fn broken_feeds_are_mended_and_say_so() {
    let check = |body: &str, titles: &[&str], repairs: &str| {
        let found = read(body);
        let found_titles: Vec<_> = found.entries.iter().map(|entry| entry.title.as_str()).collect();
        assert_eq!(found_titles, titles, "{body}");
        let (label, found_repairs) = found.rule.split_once(", repaired: ").unwrap_or((&found.rule, ""));
        assert_eq!((label, found_repairs), ("feed rss 2.0", repairs), "{body}");
        let note = format!("the feed is not well-formed: {repairs}");
        assert_eq!(found.notes, if repairs.is_empty() { vec![] } else { vec![note] }, "{body}");
    };
    let item = |title: &str| format!("<item><title>{title}</title></item>");
    let one = item("一");
    check(&rss(&item("A & B &amp; C &nbsp;d")), &["A & B & C \u{a0}d"], "bare ampersands escaped");
    check(
        &rss("<item><title>t</title><link>http://e.cn/?a=1&b=2</link></item>"),
        &["t"],
        "bare ampersands escaped",
    );
    check(&rss(&item("增长<5% 与 <三成")), &["增长<5% 与 <三成"], "bare angle brackets escaped");
    check(&rss(&item("a\u{b}b&#11;c")), &["abc"], "illegal characters removed");
    check(&rss(&item("<![CDATA[a\u{b}b]]>")), &["ab"], "illegal characters removed");
    check(&rss(&item("<![CDATA[a]\u{b}]>b<title>c</title>]]>")), &["a]]>bc"], "illegal characters removed");
    let root = |root: &str| rss(&one).replace("<rss version='2.0'>", root);
    check(&root("<rss>"), &["一"], "root version set");
    check(&root("<rss version='2.0.1'>").replace("2.0.1", ""), &["一"], "root version set");
    check(&root("<RSS version='2.0'>").replace("</rss>", "</RSS>"), &["一"], "");
    check(&format!("<br/><b>Warning</b>: x\n{}", rss(&one)), &["一"], "text before the root element dropped");
    check(&format!("\n \n{}\n<!-- 3 ms --><junk", rss(&one)), &["一"], "");

    let cut = "cut after the last complete entry";
    check(&format!("<rss version='2.0'><channel>{one}<item><title>二</ti"), &["一"], cut);
    check(&format!("<rss version='2.0'><channel>{one}<item><title><![CDATA[二"), &["一"], cut);
    check(&format!("<rss version='2.0'><channel>{one}{one}<item>"), &["一", "一"], cut);
    check("<rss version='2.0'><channel><item><title>二", &[], cut);
    check(&format!("<rss version='2.0'><channel>{one}"), &["一"], "open elements closed");
    check(&format!("<rss version='2.0'><channel>{one}<ite"), &["一"], "open elements closed");

    let mismatched = "mismatched tags closed";
    check(&rss(&format!("<item><title>一</title>{}", item("二"))), &["一", "二"], mismatched);
    check(&rss(&format!("<item><title>一</item>{}", item("二"))), &["一", "二"], mismatched);
    check(&rss(&format!("{one}</b>{}", item("二"))), &["一", "二"], mismatched);
}

#[test]
fn markup_that_should_have_been_escaped_is_kept() {
    let entry = rss_entry(
        "<title>a <b>b</b></title><description>一<br>二<a href='x'>三</a></description><guid>g</guid>",
    );
    assert_eq!(entry.title, "a b");
    assert_eq!(entry.content_html.as_deref(), Some("一<br>二<a href='x'>三</a>"));
    assert_eq!(entry.id.as_deref(), Some("g"));
}

#[test]
fn charsets_are_found_out() {
    let check = |body: Vec<u8>, content_type: Option<&str>| {
        let document = Document { content_type: content_type.map(str::to_owned), ..document(body) };
        assert_eq!(feed(&document).unwrap().entries[0].title, NOTICE, "{content_type:?}");
    };
    let body = |declared: &str| {
        format!(
            "<?xml version='1.0' encoding='{declared}'?>{}",
            rss(&format!("<item><title>{NOTICE}</title></item>"))
        )
    };
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    check(gbk(&body("gb2312")), None);
    check(gbk(&body("utf-8")), Some("text/xml"));
    check(gbk(&body("x").replace(" encoding='x'", "")), None);
    check(body("gb2312").into_bytes(), Some("text/xml"));
    check(body("iso-8859-1").into_bytes(), None);
    check(body("utf-16").encode_utf16().flat_map(u16::to_be_bytes).collect(), None);
    check(format!("\u{feff}{}", body("utf-16")).encode_utf16().flat_map(u16::to_le_bytes).collect(), None);
}

#[test]
fn times_stay_as_they_are_written() {
    let check = |text: &str| assert_eq!(times(&rss_entry(&format!("<pubDate>{text}</pubDate>"))).0, [text]);
    check("Tue, 24 Nov 2026 10:00:00 CST");
    check("2026-11-24");
    check("2026年11月24日 10:00");
    check("昨天");
    let entry = rss_entry(&format!("<pubDate>{}</pubDate>", "9".repeat(101)));
    assert_eq!(times(&entry), (vec![], None));
}

#[test]
fn ids_are_given_only_if_they_identify() {
    let item = |id: &str| format!("<item>{id}<title>t</title></item>");
    let ids = [
        "<guid>a</guid>",
        "",
        "<guid> a </guid>",
        "<guid/>",
        "<guid>b</guid>",
        "<guid> </guid>",
        "<guid>a</guid>",
    ];
    let found = read(&rss(&ids.map(item).concat()));
    let found_ids: Vec<_> = found.entries.iter().map(|entry| entry.id.as_deref()).collect();
    assert_eq!(found_ids, [Some("a"), None, None, None, Some("b"), None, None]);
    assert_eq!(found.notes, ["2 entries repeat the id of another; they go by their addresses"]);
    assert!(!found.entries[2].fields.contains_key("id"));
}

#[test]
fn names_come_without_addresses() {
    let check = |author: &str, expected: Option<&str>| {
        assert_eq!(rss_entry(&format!("<author>{author}</author>")).origin.as_deref(), expected, "{author}");
    };
    check("新闻处（news@e.cn）", Some("新闻处"));
    check("news@e.cn（新闻处）", Some("新闻处"));
    check("news@e.cn (Li Si)", Some("Li Si"));
    check("<![CDATA[张三 <z@e.cn>]]>", Some("张三"));
    check("z@e.cn", None);
    check(" 国家邮政局 ", Some("国家邮政局"));
    let entry = rss_entry("<dc:creator>处（n@e.cn）</dc:creator>");
    assert_eq!(entry.origin.as_deref(), Some("处"));
}

#[test]
fn prefixes_need_not_be_declared() {
    let entry = rss_entry(
        "<title>一</title><media:title>二</media:title><itunes:title>三</itunes:title><dc:date>4</dc:date>\
                           <itunes:duration>99999999999999999999999</itunes:duration><foo:link>http://x/</foo:link>",
    );
    assert_eq!((entry.title.as_str(), &times(&entry).0[..]), ("一", &["4".to_owned()][..]));
    assert_eq!(entry.url, None);
}

#[test]
fn what_is_no_feed_says_what_it_is() {
    let check = |body: &str, reason: &str| {
        let error = feed(&document(body)).unwrap_err().to_string();
        assert!(error.ends_with(reason), "{body}: {error}");
    };
    check("", "it is empty");
    check(" \r\n\0", "it is empty");
    check("<!DOCTYPE html><html><body>404</body></html>", "it is an HTML page");
    check("<opml version='2.0'/>", "its first element is `opml`");
    check("404 not found", "it is neither XML nor JSON");
    check("{\"items\": []}", "it is JSON, but no JSON Feed");
    check("[1]", "it is JSON, but no JSON Feed");
    check("{\"items\": [", "it begins like JSON, but: EOF while parsing a list at line 1 column 11");
    check("<rss version='2.0'/>", "no root element");
}

#[test]
fn a_long_feed_is_read_in_part() {
    let check = |body: &str, n_entries: usize, notes: &[&str]| {
        let found = read(body);
        assert_eq!(found.entries.len(), n_entries);
        assert_eq!(found.notes, notes);
    };
    let xml = |n_entries: usize| rss(&"<item><title>t</title></item>".repeat(n_entries));
    let json = |n_entries: usize| {
        let items = vec!["{}"; n_entries].join(",");
        format!("{{\"version\": \"https://jsonfeed.org/version/1\", \"items\": [{items}]}}")
    };
    let note = "holds more than 2000 entries; only the first are read";
    check(&xml(MAX_ENTRIES), MAX_ENTRIES, &[]);
    check(&xml(MAX_ENTRIES + 1), MAX_ENTRIES, &[note]);
    check(&json(MAX_ENTRIES), MAX_ENTRIES, &[]);
    check(&json(MAX_ENTRIES + 1), MAX_ENTRIES, &[note]);
}

#[test]
fn deep_nesting_is_refused() {
    let nested = |depth: usize| rss(&format!("<item>{}{}</item>", "<a>".repeat(depth), "</a>".repeat(depth)));
    assert_eq!(read(&nested(MAX_DEPTH - 3)).entries.len(), 1);
    let refused = |body: String| assert!(matches!(feed(&document(body)), Err(ExtractError::TooDeep { .. })));
    refused(nested(MAX_DEPTH - 2));
    refused(rss(&"<a>".repeat(100_000)));
    let json = format!("{{\"items\": {}", "[".repeat(100_000));
    assert!(matches!(feed(&document(json)), Err(ExtractError::NotAFeed { .. })));
}

#[test]
fn hostile_documents_take_no_long_time() {
    let check = |name: &str, body: String| {
        let start = Effort::start();
        let _ = feed(&document(body));
        assert!(start.spent() < PATIENCE, "{name}: {:?}", start.spent());
    };
    let numbered = |form: fn(usize) -> String| (0..20_000).map(form).collect::<String>();
    check("bare angles", rss(&"<".repeat(300_000)));
    check("open tags", rss(&"<a ".repeat(100_000)));
    check("open quotes", rss(&"<a b='".repeat(60_001)));
    check("stray ends", rss(&"</a>".repeat(70_000)));
    check("open items", rss(&"<item>".repeat(50_000)));
    check("ampersands", rss(&format!("<title>{}</title>", "&".repeat(300_000))));
    check("references", rss(&numbered(|number| format!("&a{number};"))));
    check("attributes", rss(&format!("<a {}/>", numbered(|number| format!("b{number}='' ")))));
    let namespaces = numbered(|number| format!(" xmlns:b{number}='c'"));
    check("namespaces", rss(&format!("<a{namespaces}>{}</a>", "<d:e/>".repeat(50_000))));
    let bases = format!("<a xml:base='{}/'>", "b".repeat(1_000)).repeat(200);
    check("bases", rss(&format!("{bases}{}", "<item/>".repeat(20_000))));
    check(
        "long base",
        format!("<feed xml:base='http://a/{}'>{}</feed>", "b".repeat(300_000), "<entry/>".repeat(20_000)),
    );
    check(
        "cut summary",
        rss(&format!(
            "<item><content:encoded>x</content:encoded><description>{}</description></item>",
            "&lt;a ".repeat(50_000)
        )),
    );
    let authors = format!("<author><name>{}</name></author>", "b".repeat(300_000));
    check("long author", format!("<feed>{authors}{}</feed>", "<entry/>".repeat(20_000)));
    let link = format!("<link>http://a/{}</link>", "b".repeat(300_000));
    check("long link", rss(&format!("{link}{}", "<item><link>a</link></item>".repeat(20_000))));
    check("same ids", rss(&"<item><guid>a</guid><enclosure url='http://a/'/></item>".repeat(5_000)));
}

/// Fragments that markup is made of, for feeds that are nearly right.
fn markup() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "</?(item|title|description|link|guid|author|dc:creator|media:content|media:group|content:encoded|a:b:c|enclosure|entry|content|channel)( [a-z:]{1,8}=(\"[^\"]{0,9}\"|'[^']{0,9}'|[a-z]{0,3})){0,2} ?/?>",
        "[ a-z<>&;#@（）\u{b}\u{4e00}-\u{4e20}0-9\\[\\]!?'\"/=-]{0,12}",
        Just("<![CDATA[".to_owned()),
        Just("]]>".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("<content type='xhtml'><div>".to_owned()),
        Just("<itunes:duration xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>9".to_owned()),
    ];
    proptest::collection::vec(part, 0..25).prop_map(|parts| parts.concat())
}

/// How feed-rs sees a mended document, without the net that catches its panics.
fn parsed_plainly(text: &str) -> Result<(), String> {
    let mended = mend(text, &mut Entities::default()).map_err(|unfit| format!("{unfit:?}"))?;
    let parser = feed_rs::parser::Builder::new().base_uri(Some("http://e.cn/")).build();
    parser.parse(mended.text.as_bytes()).map(drop).map_err(|error| {
        let mut complaint = error.to_string();
        let _ = write!(complaint, " in {}", mended.text);
        complaint
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = feed(&document(body));
    }

    #[test]
    fn any_markup_in_a_channel_can_be_mended(inside in markup()) {
        prop_assert_eq!(parsed_plainly(&format!("<rss><channel>{inside}")), Ok(()));
        prop_assert_eq!(parsed_plainly(&format!("<rss><channel><item>{inside}</item></channel></rss>")), Ok(()));
    }

    #[test]
    fn any_markup_in_an_atom_feed_can_be_mended(inside in markup()) {
        prop_assert_eq!(parsed_plainly(&format!("<feed>{inside}")), Ok(()));
        prop_assert_eq!(parsed_plainly(&format!("<feed><entry>{inside}</entry></feed>")), Ok(()));
        prop_assert_eq!(parsed_plainly(&format!("<a:feed version='0.3'><a:entry>{inside}")), Ok(()));
    }

    #[test]
    fn mending_twice_is_mending_once(inside in markup()) {
        let once = mend(&format!("<rss><channel><item>{inside}</item></channel></rss>"), &mut Entities::default()).unwrap();
        let twice = mend(&once.text, &mut Entities::default()).unwrap();
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert_eq!(twice.repairs.len(), 0);
    }

    #[test]
    fn any_json_item_is_read(item in "[\\[\\]{}\":,a-z0-9 ]{0,40}") {
        let _ = feed(&document(format!("{{\"version\": \"https://jsonfeed.org/version/1\", \"items\": [{item}]}}")));
    }
}
