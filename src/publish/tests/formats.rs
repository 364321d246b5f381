//! All formats of all kinds of document: against the schema of Atom, the rules of JSON Feed, and read back by feed-rs.
//!
//! The documents are left in `target/published`, for other validators.

use std::{path::PathBuf, process::Command};

use super::*;
use crate::{
    model::{RelatedStory, Tombstone},
    normalise::html::{clean, collapse, xml_text},
};

/// Titles and bodies that broke other publishers.
fn nasty() -> Vec<Story> {
    let long = "很长的标题".repeat(60);
    let told = [
        (
            "控制字符 \u{0}\u{8}\u{b}\u{18}\u{1f}\u{7f}\u{85}\u{9f} 与 \u{fffe}\u{feff}",
            "<p>a\u{b}b\u{fffe}</p>",
        ),
        ("]]> <![CDATA[ 与 &amp; &nbsp; &#0; %s {} \\", "<p>]]&gt; &amp;amp; <b>粗</b></p>"),
        (
            "<b>标题里的</b> <script>alert(1)</script>",
            "<script>alert(1)</script><p onclick='x()'>正文<style>p{}</style></p>",
        ),
        ("𠮷野家 👩‍👩‍👧‍👦 🇨🇳 e\u{301}", "<p>𠮷 👩‍👩‍👧‍👦</p>"),
        ("\u{202e}翻转 \u{202a}嵌套\u{202c} \u{2066}隔离", "<p>\u{202e}翻转</p>"),
        (long.as_str(), "<table><tr><td>一</td><td>二</td></tr></table>"),
        ("没有正文", ""),
        (
            "\"引号\" 'apostrophe' a<b>c&d",
            "<p><a href=\"https://例子.中国/路径 空格?问=答&amp;b=\">链接</a><img src='图/片.jpg'></p>",
        ),
        ("多行\n标题\t和\r\n空白", "<ul><li>一<ul><li>二</li></ul></li></ul><pre>a\n\n  b</pre>"),
    ];
    let stories = told.into_iter().zip(0_i64..).map(|((title, html), n)| {
        let body = clean(html, &Url::parse("https://jx.example/新闻/").unwrap());
        let mut first = copy("jx", &collapse(&xml_text(title)), &body.html, 1);
        first.entry.content_text = body.text;
        first.entry.url = format!("https://jx.example/新闻/{n}?题=“{n}”");
        first.entry.topics = vec!["safety".into()];
        first.entry.enclosures.push(Enclosure {
            url: "https://jx.example/附件 1.doc".into(),
            media_type: "application/msword".into(),
            length_bytes: None,
        });
        first.entry.summary = (n % 2 == 0).then(|| "摘要 <i>& 更多</i>".into());
        let mut story = story(
            &format!("urn:uuid:00000000-0000-5000-8000-{n:012}"),
            vec![first, copy("spb", "标题", "", 1), copy("paper", "标题", "", 2)],
        );
        for (copy, n) in story.copies.iter_mut().zip(1..) {
            copy.source_atom_id = format!("urn:uuid:11111111-0000-5000-8000-{n:012}");
        }
        story.published.at = at(TEN - n * HOUR_MS - n * 1_000);
        story.updated_at = at(TEN - n * HOUR_MS);
        story.related = vec![RelatedStory {
            atom_id: AtomId("urn:uuid:1".into()),
            title: "近的 & 消息".into(),
            url: "https://other.example/近".into(),
        }];
        story
    });
    stories.collect()
}

fn tombstones() -> Vec<Tombstone> {
    let withdrawn = Tombstone {
        atom_id: AtomId("https://old.example/1?a=1&b=\"2\"".into()),
        when: at(TEN),
        by: Some("江西 & 局".into()),
        comment: Some("原文 <已> 删除".into()),
        merged_into: None,
    };
    let merged = Tombstone {
        atom_id: AtomId("urn:uuid:00000000-0000-5000-8000-000000000099".into()),
        by: None,
        merged_into: Some(AtomId("urn:uuid:00000000-0000-5000-8000-000000000001".into())),
        ..withdrawn.clone()
    };
    vec![withdrawn, merged]
}

/// A kind of document: name, place, archive, stories, tombstones.
type Kind = (&'static str, Place, Archive, Vec<Story>, Vec<Tombstone>);

fn documents() -> Vec<Kind> {
    let month = |month: &str| Place::new(format!("archive/2026/{month}"));
    let search = Place { stem: "feed".into(), query: "?q=%E5%BF%AB%E9%80%92&region=CN-JX,CN-GD".into() };
    let archive =
        Archive::Month { prev: Some(month("09")), next: Some(month("11")), current: Place::new("feed") };
    let newest = Archive::Subscription { prev: Some(month("11")) };
    vec![
        ("merged", Place::new("feed"), newest.clone(), nasty(), tombstones()),
        ("empty", Place::new("feed"), Archive::Subscription { prev: None }, Vec::new(), Vec::new()),
        ("region", Place::new("regions/CN-JX/feed"), Archive::None, nasty(), Vec::new()),
        ("topic", Place::new("topics/safety/feed"), Archive::None, nasty(), tombstones()),
        ("source", Place::new("sources/jx/feed"), Archive::None, nasty(), Vec::new()),
        ("search", search, Archive::None, nasty(), Vec::new()),
        ("archive", month("10"), archive, nasty(), tombstones()),
    ]
}

fn rendered(format: Format) -> Vec<(String, Vec<u8>)> {
    let documents = documents().into_iter().map(|(name, place, archive, stories, tombstones)| {
        let ground = Ground { place, ..Ground::new() };
        let atom_id = "urn:uuid:00000000-0000-4000-8000-000000000000";
        let hubs = ["https://feeds.example/hub", "https://hub.example.net/?a=1&b=2"].map(str::to_owned);
        let meta = FeedMeta { atom_id, archive, hubs: &hubs, ..ground.meta() };
        let document = Document { meta: &meta, stories: &stories, tombstones: &tombstones };
        (format!("{name}.{}", format.extension()), format.render(&document))
    });
    documents.collect()
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/published");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What a validator says against documents; `None` where it is not installed, which CI does not accept.
fn complaints(paths: &[PathBuf]) -> Option<String> {
    let schema = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/schema/atom.rng");
    let output =
        Command::new("xmllint").args(["--nonet", "--noout", "--relaxng"]).arg(schema).args(paths).output();
    let Ok(output) = output else {
        assert!(std::env::var_os("CI").is_none(), "`xmllint` is missing: apt-get install libxml2-utils");
        println!("not checked against the schema of Atom: `xmllint` (libxml2-utils) is not installed");
        return None;
    };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { String::new() } else { format!("it failed\n{told}") })
}

#[test]
fn atom_is_valid_by_its_schema() {
    let mut paths: Vec<PathBuf> =
        rendered(Format::Atom).iter().map(|(name, bytes)| keep(name, bytes)).collect();
    let stories = nasty();
    let ground = Ground::new();
    let edition = daily::Edition {
        day: jiff::civil::date(2026, 11, 24),
        stories: &stories,
        previous: None,
        next: None,
    };
    paths.push(keep("daily.atom", &daily::atom(&ground.meta(), &[edition])));
    assert_eq!(complaints(&paths).unwrap_or_default(), "");
}

#[test]
fn the_schema_refuses_what_is_no_atom() {
    let good = String::from_utf8(rendered(Format::Atom).remove(0).1).unwrap();
    for (name, from, to) in [
        ("id", "<id>urn:uuid:00000000-0000-4000-8000-000000000000</id>", ""),
        ("time", "<published>2026-11-24T10:00:00+08:00", "<published>2026-11-24 10:00"),
        ("author", "<author><name>江西省邮政管理局</name></author>", ""),
        ("foreign", "</feed>", "<x xmlns=\"urn:x\"/></feed>"),
        ("when", " when=\"", " at=\""),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{name}");
        if let Some(told) = complaints(&[keep(&format!("bad-{name}.xml"), bad.as_bytes())]) {
            assert_ne!(told, "", "{name} is missing, and the schema does not mind");
        }
    }
}

/// What readers get of an entry: id, title, published, updated where the format has it.
type Read = (String, String, i64, Option<i64>);

fn read(bytes: &[u8]) -> Vec<Read> {
    let feed = feed_rs::parser::parse(bytes).unwrap();
    let entries = feed.entries.into_iter().map(|entry| {
        let ms = |at: chrono::DateTime<chrono::Utc>| at.timestamp_millis();
        let title = entry.title.map(|title| title.content).unwrap_or_default();
        (entry.id, title, entry.published.map(ms).unwrap_or_default(), entry.updated.map(ms))
    });
    entries.collect()
}

fn expected(stories: &[Story], format: Format) -> Vec<Read> {
    let second = |at: Timestamp| at.as_second() * 1_000;
    let told = stories.iter().map(|story| {
        let title = story.canonical().unwrap().entry.title.clone();
        let updated = second(story.updated_at);
        // RSS has no time of a change; feed-rs takes the other.
        let updated = if format == Format::Rss { None } else { Some(updated) };
        (story.atom_id.0.clone(), title, second(story.published.at), updated)
    });
    told.collect()
}

fn check_read(stories: &[Story]) {
    let ground = Ground::new();
    for format in Format::ALL {
        let bytes = format.render(&Document { meta: &ground.meta(), stories, tombstones: &[] });
        let mut found = read(&bytes);
        if format == Format::Rss {
            for read in &mut found {
                read.3 = None;
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(found, expected(stories, format), "{format:?}\n{text}");
    }
}

#[test]
fn nasty_entries_are_read_back_in_every_format() {
    check_read(&nasty());
}

#[test]
fn every_format_says_where_it_stands_and_where_its_history_is() {
    for (format, rss) in [(Format::Atom, ""), (Format::Rss, "atom:")] {
        let archive = rendered(format).into_iter().find(|(name, _)| name.starts_with("archive")).unwrap().1;
        let text = String::from_utf8(archive).unwrap();
        let ext = format.extension();
        for (rel, address) in [
            ("self", format!("https://feeds.example/archive/2026/10.{ext}")),
            ("prev-archive", format!("https://feeds.example/archive/2026/09.{ext}")),
            ("next-archive", format!("https://feeds.example/archive/2026/11.{ext}")),
            ("current", format!("https://feeds.example/feed.{ext}")),
            ("hub", "https://feeds.example/hub".into()),
        ] {
            let link = text.match_indices(&format!("<{rss}link ")).any(|(at, _)| {
                let end = text[at..].find('>').unwrap();
                let link = &text[at..at + end];
                link.contains(&format!("rel=\"{rel}\"")) && link.contains(&format!("href=\"{address}\""))
            });
            assert!(link, "{rel} {address} is missing in {text}");
        }
        assert!(text.contains("<fh:archive"), "{text}");
    }
}

#[test]
fn tombstones_name_what_is_gone_and_lead_to_what_tells_it_now() {
    let text = String::from_utf8(rendered(Format::Atom).remove(0).1).unwrap();
    let survivor = AtomId("urn:uuid:00000000-0000-5000-8000-000000000001".into()).short();
    for part in [
        "ref=\"https://old.example/1?a=1&amp;b=&quot;2&quot;\"".to_owned(),
        "when=\"2026-11-24T10:00:00+08:00\"".to_owned(),
        "<at:comment>原文 &lt;已&gt; 删除</at:comment>".to_owned(),
        format!("https://feeds.example/stories/{survivor}"),
    ] {
        assert!(text.contains(&part), "{part} is missing in {text}");
    }
}

#[test]
fn rss_keeps_to_its_profile() {
    let (_, bytes) = rendered(Format::Rss).remove(0);
    for (name, bytes) in rendered(Format::Rss) {
        check_xml(&bytes).unwrap();
        keep(&name, &bytes);
    }
    let text = String::from_utf8(bytes).unwrap();
    for part in [
        "<guid isPermaLink=\"false\">urn:uuid:00000000-0000-5000-8000-000000000001</guid>",
        "<pubDate>Tue, 24 Nov 2026 10:00:00 +0800</pubDate>",
        "<dc:creator>江西省邮政管理局</dc:creator>",
        "<source url=\"https://jx.example/\">来源 jx</source>",
        "<enclosure url=\"https://jx.example/a.pdf\" length=\"12\" type=\"application/pdf\"/>",
        "&#x3C;b>标题里的",
    ] {
        let part = part.replace("b>标", "b&#x3E;标");
        assert!(text.contains(&part), "{part} is missing in {text}");
    }
    for item in text.split("<item>").skip(1) {
        assert!(item.matches("<enclosure ").count() <= 1);
        let (lead, whole) = (item.find("<description>"), item.find("<content:encoded>"));
        assert!(lead.is_none() || whole.is_none() || lead < whole, "{item}");
    }
}

/// What is wrong with a JSON Feed 1.1.
fn json_complaints(bytes: &[u8]) -> Vec<String> {
    let mut wrong = Vec::new();
    let feed: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let mut need = |holds: bool, what: &str| wrong.extend((!holds).then(|| what.to_owned()));
    need(!bytes.starts_with(b"\xef\xbb\xbf"), "BOM");
    need(feed["version"] == "https://jsonfeed.org/version/1.1", "version");
    need(feed["title"].is_string(), "title");
    need(feed["next_url"] != feed["feed_url"], "next_url");
    for name in ["home_page_url", "feed_url"] {
        need(feed[name].as_str().is_some_and(|url| Url::parse(url).is_ok() && url.is_ascii()), name);
    }
    let known = [
        "version",
        "title",
        "home_page_url",
        "feed_url",
        "description",
        "next_url",
        "language",
        "hubs",
        "items",
    ];
    need(
        feed.as_object().unwrap().keys().all(|key| known.contains(&key.as_str()) || key.starts_with('_')),
        "feed's keys",
    );
    let known = [
        "id",
        "url",
        "title",
        "content_html",
        "content_text",
        "summary",
        "date_published",
        "date_modified",
        "authors",
        "tags",
        "language",
        "attachments",
    ];
    let mut ids = std::collections::HashSet::new();
    let Some(items) = feed["items"].as_array() else { return vec!["items".into()] };
    for item in items {
        need(item["id"].as_str().is_some_and(|id| !id.is_empty() && ids.insert(id)), "id");
        need(item["content_html"].is_string() || item["content_text"].is_string(), "content");
        need(item["url"].as_str().is_some_and(|url| Url::parse(url).is_ok() && url.is_ascii()), "url");
        for name in ["date_published", "date_modified"] {
            need(item[name].as_str().is_some_and(|at| at.parse::<Timestamp>().is_ok()), name);
        }
        need(
            item["authors"].as_array().is_some_and(|all| all.iter().all(|author| author["name"].is_string())),
            "authors",
        );
        let files = item["attachments"].as_array().cloned().unwrap_or_default();
        need(
            files.iter().all(|file| file["url"].is_string() && file["mime_type"].is_string()),
            "attachments",
        );
        let keys = item.as_object().unwrap();
        need(keys.keys().all(|key| known.contains(&key.as_str()) || key.starts_with('_')), "item's keys");
        need(
            keys.iter().all(|(key, value)| !key.starts_with('_') || value.is_object()),
            "extensions are objects",
        );
    }
    wrong
}

#[test]
fn json_feed_keeps_to_its_version() {
    for (name, bytes) in rendered(Format::Json) {
        assert_eq!(json_complaints(&bytes), [""; 0], "{name}");
        keep(&name, &bytes);
    }
    let (_, bytes) = rendered(Format::Json).remove(0);
    let bad = String::from_utf8(bytes).unwrap().replace("\"id\":\"urn", "\"guid\":\"urn");
    assert!(json_complaints(bad.as_bytes()).contains(&"id".to_owned()));
}

#[test]
fn opml_lists_every_feed_in_groups() {
    let ground = Ground::new();
    let meta = ground.meta();
    let sources = [("jx".to_owned(), "江西 & <局>".to_owned())];
    let bytes = opml::feeds(&meta, &opml::groups(&meta, &sources));
    check_xml(&bytes).unwrap();
    keep("feeds.opml", &bytes);
    let text = String::from_utf8(bytes).unwrap();
    for path in ["feed", "daily", "regions/CN-JX/feed", "topics/safety/feed", "sources/jx/feed"] {
        let address = format!("xmlUrl=\"https://feeds.example/{path}.atom\"");
        assert!(text.contains(&address), "{address} is missing in {text}");
    }
    assert!(text.contains("text=\"江西 &amp; &lt;局&gt;\""), "{text}");
}

proptest::proptest! {
    #[test]
    fn whatever_is_told_every_format_gives_it_back(
        told in proptest::collection::vec(("(?s).{0,60}", "(?s).{0,200}", 0_i64..4_000_000_000), 0..4),
    ) {
        let stories = told.iter().zip(0..).filter_map(|((title, html, second), n)| {
            let title = collapse(&xml_text(title));
            let body = clean(html, &Url::parse("https://jx.example/").unwrap());
            let mut copy = copy("jx", &title, &body.html, 1);
            copy.entry.content_text = body.text;
            let mut story = story(&format!("urn:uuid:{n}"), vec![copy]);
            story.published.at = at(second * 1_000);
            story.updated_at = at(second * 1_000 + 5_000);
            (!title.is_empty()).then_some(story)
        });
        check_read(&stories.collect::<Vec<_>>());
    }
}
