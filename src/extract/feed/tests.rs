//! Each version of each format, and what the parts of an entry become.

use atom_syndication as atom;
use proptest::prelude::*;

use super::*;
use crate::extract::{FoundTime, RawTime};

pub(super) const ADDRESS: &str = "http://news.example.cn/rss/feed.xml";

pub(super) fn document(body: impl Into<Vec<u8>>) -> Document {
    Document { url: Url::parse(ADDRESS).unwrap(), content_type: None, body: body.into() }
}

pub(super) fn read(body: &str) -> Extracted {
    feed(&document(body)).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// The only entry of an RSS 2.0 channel.
pub(super) fn rss_entry(item: &str) -> RawEntry {
    let mut found =
        read(&format!(r#"<rss version="2.0"><channel><title>站</title><item>{item}</item></channel></rss>"#));
    assert_eq!(found.entries.len(), 1, "{found:?}");
    found.entries.remove(0)
}

/// The only entry of an Atom 1.0 feed.
pub(super) fn atom_entry(attributes: &str, entry: &str) -> RawEntry {
    let body =
        format!(r#"<feed xmlns="http://www.w3.org/2005/Atom"{attributes}><entry>{entry}</entry></feed>"#);
    read(&body).entries.remove(0)
}

pub(super) fn times(entry: &RawEntry) -> (Vec<String>, Option<String>) {
    let text = |found: &FoundTime| match &found.time {
        RawTime::Text(text) => text.clone(),
        RawTime::EpochMs(ms) => ms.to_string(),
    };
    (entry.published.iter().map(text).collect(), entry.updated.as_ref().map(text))
}

#[test]
fn every_version_gives_its_entry() {
    let check = |body: &str, rule: &str| {
        let found = read(body);
        assert_eq!(found.rule, rule);
        assert_eq!(found.feed_title.as_deref(), Some("邮政"), "{rule}");
        assert_eq!(found.entries.len(), 1, "{rule}");
        let entry = &found.entries[0];
        assert_eq!(entry.title, "快递进村", "{rule}");
        assert_eq!(entry.url.as_ref().map(Url::as_str), Some("http://news.example.cn/1.html"), "{rule}");
        assert_eq!(times(entry).0, ["2026-11-24T10:00:00"], "{rule}");
        assert_eq!(entry.content_html.as_deref(), Some("<p>正文</p>"), "{rule}");
        assert_eq!(found.notes, Vec::<String>::new(), "{rule}");
    };
    let rss = |root: &str| {
        format!(
            "<?xml version='1.0'?><{root}><channel><title>邮政</title><link>http://news.example.cn/</link><item>\
             <title>快递进村</title><link>http://news.example.cn/1.html</link><pubDate>2026-11-24T10:00:00</pubDate>\
             <description>&lt;p&gt;正文&lt;/p&gt;</description></item></channel></rss>"
        )
    };
    check(&rss("!DOCTYPE rss SYSTEM 'rss-0.91.dtd'><rss version='0.91'"), "feed rss 0.91");
    check(&rss("rss version='0.92'"), "feed rss 0.92");
    check(&rss("rss version=\"2.0\""), "feed rss 2.0");
    check(&rss("rss version='2.0' xmlns='http://backend.userland.com/rss2'"), "feed rss 2.0");
    let rdf = |namespace: &str| {
        format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='{namespace}' \
             xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><title>邮政</title></channel>\
             <item rdf:about='http://x'><title>快递进村</title><link>http://news.example.cn/1.html</link>\
             <dc:date>2026-11-24T10:00:00</dc:date><description>&lt;p&gt;正文&lt;/p&gt;</description></item></rdf:RDF>"
        )
    };
    check(&rdf("http://purl.org/rss/1.0/"), "feed rss 1.0");
    check(&rdf("http://my.netscape.com/rdf/simple/0.9/"), "feed rss 0.90");
    let atom = |root: &str, published: &str| {
        format!(
            "<feed {root}><title>邮政</title><entry><title>快递进村</title><link href='http://news.example.cn/1.html'/>\
             <{published}>2026-11-24T10:00:00</{published}>\
             <content type='text/html' mode='escaped'>&lt;p&gt;正文&lt;/p&gt;</content></entry></feed>"
        )
    };
    check(&atom("xmlns='http://www.w3.org/2005/Atom'", "published"), "feed atom 1.0");
    check(&atom("", "published"), "feed atom 1.0");
    check(&atom("version='0.3' xmlns='http://purl.org/atom/ns#'", "issued"), "feed atom 0.3");
    let prefixed = atom("", "published").replace('<', "<a:").replace("<a:/", "</a:");
    check(&prefixed.replace("<a:feed", "<a:feed xmlns:a='http://www.w3.org/2005/Atom'"), "feed atom 1.0");
    let json = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "邮政", "items": [{"title": "快递进村",
        "url": "http://news.example.cn/1.html", "date_published": "2026-11-24T10:00:00", "content_html": "<p>正文</p>"}]}"#;
    check(json, "feed json 1.1");
}

#[test]
fn an_rss_item_fills_the_fields_and_names_the_rules() {
    let body = r#"<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
        <title>A &amp;amp; B</title><language>zh-CN</language><ttl>30</ttl>
        <item><guid isPermaLink="false"> n-1 </guid><title>一</title><link> http://e.cn/1 </link>
        <author>news@e.cn (张三)</author><pubDate>Tue, 24 Nov 2026 10:00:00 CST</pubDate>
        <description>&lt;b&gt;摘要&lt;/b&gt;</description><content:encoded><![CDATA[<p>全文</p>]]></content:encoded>
        <enclosure url="/f/1.pdf" type="application/pdf" length="1024"/></item></channel></rss>"#;
    let found = read(body);
    assert_eq!((found.feed_title.as_deref(), found.ttl_minutes), (Some("A & B"), Some(30)));
    let entry = &found.entries[0];
    assert_eq!(entry.id.as_deref(), Some("n-1"));
    assert_eq!(entry.url.as_ref().map(Url::as_str), Some("http://e.cn/1"));
    assert_eq!(entry.origin.as_deref(), Some("张三"));
    assert_eq!(entry.summary.as_deref(), Some("摘要"));
    assert_eq!(entry.content_html.as_deref(), Some("<p>全文</p>"));
    assert_eq!(entry.language.as_deref(), Some("zh-cn"));
    assert_eq!(times(entry), (vec!["Tue, 24 Nov 2026 10:00:00 CST".to_owned()], None));
    assert_eq!(entry.enclosures[0].url.as_str(), "http://news.example.cn/f/1.pdf");
    assert_eq!(entry.enclosures[0].media_type.as_deref(), Some("application/pdf"));
    assert_eq!(entry.enclosures[0].length_bytes, Some(1024));
    let rules: Vec<_> = entry.fields.iter().map(|(field, rule)| format!("{field}={rule}")).collect();
    let expected = "content_html=rss content:encoded, enclosures=rss enclosure, id=rss guid, language=rss language, \
                    origin=rss author, published=rss pubDate, summary=rss description, title=rss title, url=rss link";
    assert_eq!(rules.join(", "), expected);
}

#[test]
fn an_atom_entry_without_published_is_published_when_it_was_updated() {
    let check = |entry: &str, published: &str, updated: Option<&str>, rule: &str| {
        let entry = atom_entry("", entry);
        assert_eq!(times(&entry), (vec![published.to_owned()], updated.map(str::to_owned)));
        assert_eq!(entry.fields["published"], rule);
    };
    check("<updated>1</updated>", "1", Some("1"), "atom updated");
    check("<updated>1</updated><published>1</published>", "1", None, "atom published");
    check("<updated>2</updated><published>1</published>", "1", Some("2"), "atom published");
    check("<published> 1\n</published>", "1", None, "atom published");
}

#[test]
fn titles_become_text_by_their_type() {
    let rss = |title: &str, expected: &str| {
        assert_eq!(rss_entry(&format!("<title>{title}</title>")).title, expected);
    };
    rss("A&amp;B", "A&B");
    rss("&amp;lt;b&amp;gt;", "<b>");
    rss("&lt;b&gt;红&lt;/b&gt;字", "红字");
    rss("<![CDATA[<b>红</b>字&nbsp;1]]>", "红字\u{a0}1");
    rss("增长&nbsp;5&ldquo;点&rdquo;", "增长\u{a0}5“点”");
    rss("5 &lt; 6", "5 < 6");
    rss("", "");
    let atom = |title: &str, expected: &str| assert_eq!(atom_entry("", title).title, expected);
    atom("<title>&lt;b&gt; &amp;amp;</title>", "<b> &amp;");
    atom("<title type='text'>a&nbsp;b</title>", "a\u{a0}b");
    atom("<title type='html'>&lt;b&gt;x&lt;/b&gt; &amp;lt;y&amp;gt;</title>", "x <y>");
    atom("<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x <b>y</b></div></title>", "x y");
    atom("<title type='text/plain'>&lt;b&gt;</title>", "<b>");
    atom("<title type='nonsense'>x</title>", "x");
}

#[test]
fn bodies_are_the_content_or_else_the_summary() {
    let check = |entry: RawEntry, body: Option<&str>, summary: Option<&str>, rule: Option<&str>| {
        assert_eq!(entry.content_html.as_deref(), body);
        assert_eq!(entry.summary.as_deref(), summary);
        assert_eq!(entry.fields.get("content_html").map(String::as_str), rule);
    };
    let atom = |entry| atom_entry("", entry);
    check(atom("<summary>a &lt; b</summary>"), Some("<p>a &lt; b</p>"), None, Some("atom summary"));
    check(atom("<content>一\n二</content>"), Some("<p>一</p><p>二</p>"), None, Some("atom content"));
    let both = "<summary type='html'>&lt;i>a&lt;/i></summary><content type='html'>b</content>";
    check(atom(both), Some("b"), Some("a"), Some("atom content"));
    check(
        atom("<content type='image/png'/><summary type='html'>b</summary>"),
        Some("b"),
        None,
        Some("atom summary"),
    );
    check(atom("<content type='image/svg+xml'><svg/></content>"), None, None, None);
    check(rss_entry("<description/><title>x</title>"), None, None, None);
    let xhtml = "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>x</p></div></content>";
    check(atom(xhtml), Some("<p>x</p>"), None, Some("atom content"));
}

#[test]
fn addresses_resolve_and_only_the_web_is_linked() {
    let url = |entry: RawEntry, expected: Option<&str>| {
        assert_eq!(entry.url.as_ref().map(Url::as_str), expected);
    };
    url(rss_entry("<link>../art/1.html</link>"), Some("http://news.example.cn/art/1.html"));
    url(rss_entry("<link>//e.cn/1</link>"), Some("http://e.cn/1"));
    url(rss_entry("<link>javascript:alert(1)</link>"), None);
    url(rss_entry("<link/><guid>https://e.cn/g</guid>"), Some("https://e.cn/g"));
    url(rss_entry("<link> \n</link>"), None);
    url(atom_entry("", "<link href=''/>"), None);
    url(rss_entry("<guid>g</guid><comments>http://e.cn/c</comments>"), None);
    url(atom_entry("", "<link href='a'/>"), Some("http://news.example.cn/rss/a"));
    url(atom_entry(" xml:base='/b/'", "<link href='a'/>"), Some("http://news.example.cn/b/a"));
    url(
        atom_entry(
            "",
            "<link rel='self' href='s'/><link type='a/pdf' href='p'/><link type='text/html' href='h'/>",
        ),
        Some("http://news.example.cn/rss/h"),
    );
    url(atom_entry("", "<link rel='self' href='s'/><id>http://e.cn/1</id>"), Some("http://e.cn/1"));
    url(atom_entry("", "<content type='text/html' src='c'/>"), Some("http://news.example.cn/rss/c"));
    let base = |entry: RawEntry, expected: Option<&str>| {
        assert_eq!(entry.base.as_ref().map(Url::as_str), expected);
    };
    base(
        atom_entry(" xml:base='/b/'", "<content xml:base='c/'>x</content>"),
        Some("http://news.example.cn/b/c/"),
    );
    base(atom_entry(" xml:base='/b/'", "<content>x</content>"), Some("http://news.example.cn/b/"));
    base(atom_entry("", "<content>x</content>"), None);
    base(rss_entry("<content:encoded xml:base='http://e.cn/b/'>x</content:encoded>"), Some("http://e.cn/b/"));
    base(rss_entry("<content:encoded>x</content:encoded>"), None);
}

#[test]
fn rss_links_resolve_against_the_channels_link() {
    let found = read(
        "<rss version='2.0'><channel><link><![CDATA[ http://www.e.cn/xw/ ]]></link>\
         <item><link>1.html</link><enclosure url='2.pdf'/></item></channel></rss>",
    );
    let entry = &found.entries[0];
    assert_eq!(entry.url.as_ref().map(Url::as_str), Some("http://www.e.cn/xw/1.html"));
    assert_eq!(entry.enclosures[0].url.as_str(), "http://www.e.cn/xw/2.pdf");
}

#[test]
fn attachments_come_from_enclosures_links_and_media() {
    let check = |entry: RawEntry, expected: &[(&str, Option<&str>, Option<u64>)]| {
        let found =
            entry.enclosures.iter().map(|it| (it.url.as_str(), it.media_type.as_deref(), it.length_bytes));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    };
    let one = ("http://e.cn/1.pdf", Some("application/pdf"), None);
    let two = ("http://e.cn/2.jpg", Some("image/jpeg"), Some(7));
    check(rss_entry("<enclosure url='http://e.cn/1.pdf' type='application/pdf' length='0'/>"), &[one]);
    let media = "<media:content url='http://e.cn/2.jpg' type='image/jpeg' fileSize='7'><media:title type='x'>t\
                 </media:title></media:content>";
    let pdf = "<enclosure url='http://e.cn/1.pdf' type='application/pdf'/>";
    check(rss_entry(&format!("{pdf}<media:group>{media}</media:group>{pdf}")), &[one, two]);
    let link = "<link rel='enclosure' href='http://e.cn/1.pdf' type='application/pdf'/>";
    check(atom_entry("", &format!("{link}{media}")), &[one, two]);
    check(rss_entry("<enclosure url='ftp://e.cn/1'/><enclosure url=''/>"), &[]);
}

#[test]
fn a_json_feed_is_read_as_it_is_written() {
    let found = read(
        r#"{"items": [
            {"id": 42, "url": "/1", "date_published": 1795500000, "date_modified": 1795500000123},
            {"id": " a ", "external_url": "http://e.cn/x", "content_text": "a\nb", "summary": "s", "title": null,
             "authors": [{"name": ""}, {"name": "张三"}], "language": "zh",
             "attachments": [{"url": "f.pdf", "mime_type": "application/pdf", "size_in_bytes": "9"}, 1]},
            {"id": true, "author": "李四", "summary": "s", "title": ["x"]},
            7
        ], "home_page_url": "http://h.cn/n/", "version": "https:\/\/jsonfeed.org\/version\/1", "title": 5}"#,
    );
    assert_eq!(found.rule, "feed json 1");
    assert_eq!(found.notes, ["1 items are no objects; they are left out"]);
    let [first, second, third] = &found.entries[..] else { panic!("{found:?}") };
    assert_eq!(
        (first.id.as_deref(), first.url.as_ref().map(Url::as_str)),
        (Some("42"), Some("http://h.cn/1"))
    );
    assert_eq!(times(first), (vec!["1795500000000".to_owned()], Some("1795500000123".to_owned())));
    assert_eq!((second.id.as_deref(), second.title.as_str()), (Some("a"), ""));
    assert_eq!(second.fields["url"], "json external_url");
    assert_eq!(
        (second.content_html.as_deref(), second.summary.as_deref()),
        (Some("<p>a</p><p>b</p>"), Some("s"))
    );
    assert_eq!((second.origin.as_deref(), second.language.as_deref()), (Some("张三"), Some("zh")));
    assert_eq!(second.enclosures[0].url.as_str(), "http://h.cn/n/f.pdf");
    assert_eq!(second.enclosures[0].length_bytes, Some(9));
    assert_eq!((third.id.as_deref(), third.origin.as_deref()), (None, Some("李四")));
    assert_eq!((third.content_html.as_deref(), third.summary.as_deref()), (Some("<p>s</p>"), None));
}

#[test]
fn a_feed_is_recognised_by_its_beginning() {
    let check = |text: &str, expected: bool| assert_eq!(looks_like_feed(text), expected, "{text}");
    check("\u{feff} <?xml version='1.0'?><!-- <html> --><rss version='2.0'>", true);
    check("<feed xmlns='http://www.w3.org/2005/Atom'>", true);
    check("<a:feed>", true);
    check("<rdf:RDF xmlns", true);
    check(r#"{"version": "https:\/\/jsonfeed.org\/version\/1""#, true);
    check(r#"{"version": 1}"#, false);
    check("<!DOCTYPE html><html><rss>", false);
    check("<feedback>", false);
    check("", false);
    check(&"中".repeat(2_000), false);
}

/// Letters that XML allows, markup among them.
fn words() -> impl Strategy<Value = String> {
    "[a-z<>&'\"\\[\\]; \u{4e00}-\u{4e20}]{1,20}".prop_filter("not blank", |text| !text.trim().is_empty())
}

proptest! {
    #[test]
    fn what_atom_syndication_writes_is_read_back(entries in proptest::collection::vec((words(), words()), 0..6)) {
        let written = entries.iter().enumerate().map(|(number, (id, title))| atom::Entry {
            id: format!("{number} {id}"),
            title: atom::Text::plain(title.clone()),
            links: vec![atom::Link { href: format!("http://e.cn/{number}"), ..atom::Link::default() }],
            ..atom::Entry::default()
        });
        let body = atom::Feed { entries: written.collect(), ..atom::Feed::default() }.to_string();
        let found = read(&body);
        prop_assert_eq!(&found.rule, "feed atom 1.0");
        prop_assert_eq!(found.entries.len(), entries.len());
        for (number, (found, (id, title))) in found.entries.iter().zip(&entries).enumerate() {
            let id = format!("{number} {id}");
            prop_assert_eq!(found.id.as_deref(), Some(id.trim()));
            prop_assert_eq!(found.title.trim(), title.trim());
            let url = found.url.as_ref().map(ToString::to_string);
            prop_assert_eq!(url, Some(format!("http://e.cn/{number}")));
        }
    }
}
