//! A day's edition, read back by `preview`: the same stories, whatever they look like.

use super::{super::daily::*, *};
use crate::{
    config::{Config, Origins},
    extract::Document as Read,
    normalise::html::clean,
    preview::{Hints, no_address, preview},
};

/// What is compared: title, text, bureau.
type Told = (String, String, Option<String>);

fn day() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 24)
}

fn config() -> Config {
    Config::load(&Origins::default()).unwrap()
}

fn told(title: &str, html: &str, bureau: Option<&str>) -> Story {
    let body = clean(html, &Url::parse("https://jx.example/1").unwrap());
    let title = crate::normalise::html::collapse(&crate::normalise::html::xml_text(title));
    let mut copy = copy("jx", &title, &body.html, 1);
    copy.entry.content_text = body.text;
    copy.entry.bureau = bureau.map(|name| Bureau { name: name.into(), region: None });
    story(&format!("urn:uuid:{}", blake3::hash(title.as_bytes()).to_hex()), vec![copy])
}

fn expected(stories: &[Story]) -> Vec<Told> {
    let told = stories.iter().map(|story| {
        let own = &story.canonical().unwrap().entry;
        (own.title.clone(), plain(&own.content_text), own.bureau.as_ref().map(|bureau| bureau.name.clone()))
    });
    told.collect()
}

/// Without what only `pre` keeps: white space in a row, empty lines in a row.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let cells: Vec<String> = line
            .split('\t')
            .map(|cell| cell.split([' ', '\r']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
            .collect();
        cells.join("\t").trim().to_owned()
    });
    let mut plain = String::new();
    for line in lines {
        if !(line.is_empty() && (plain.is_empty() || plain.ends_with("\n\n"))) {
            plain.push_str(&line);
            plain.push('\n');
        }
    }
    plain.trim_end().to_owned()
}

fn read(config: &Config, body: Vec<u8>) -> (Vec<Told>, String) {
    let document = Read { url: no_address().unwrap(), content_type: None, body };
    let found = preview(config, document, &Hints::default(), at(TEN)).unwrap();
    let told = found.entries.into_iter().map(|found| {
        let own = found.entry;
        (own.title, plain(&own.content_text), own.bureau.map(|bureau| bureau.name))
    });
    (told.collect(), found.rule)
}

fn edition(stories: &[Story]) -> Edition<'_> {
    Edition { day: day(), stories, previous: None, next: None }
}

fn page_of(stories: &[Story]) -> Vec<u8> {
    let ground = Ground::new();
    let meta = ground.meta();
    let view = page::View {
        meta: &meta,
        site: "[邸报] <p>",
        lang: page::Lang::Zh,
        path: "daily/2026-11-24",
        venue: page::Venue::Server,
    };
    page(&view, &edition(stories))
}

fn check(config: &Config, stories: &[Story]) {
    let written = text("[邸报] <p>", &edition(stories));
    let shown = String::from_utf8(written.clone()).unwrap();
    assert_eq!(read(config, written), (expected(stories), "edition".into()), "\n{shown}");
    let written = page_of(stories);
    let shown = String::from_utf8(written.clone()).unwrap();
    assert_eq!(read(config, written), (expected(stories), "edition".into()), "\n{shown}");
}

const JX: Option<&str> = Some("江西省邮政管理局");
const CQ: Option<&str> = Some("重庆市邮政管理局");

fn ordinary() -> Vec<Story> {
    vec![
        told(
            "江西快递行业党建现场推进会召开",
            "<p>近日，会议召开。</p><p>会议强调，要落实（含市局）。</p>",
            JX,
        ),
        told("快递小哥食堂在渝中区开张", "<p>近日，食堂开张，午餐每份十元。</p>", CQ),
        told(
            "宁夏局召开隐患排查整治会",
            "<p>近日，宁夏局召开会议。</p><p>会议要求，一是抓安全。</p>",
            Some("宁夏回族自治区邮政管理局"),
        ),
    ]
}

#[test]
fn an_edition_gives_its_stories_back() {
    check(&config(), &ordinary());
}

#[test]
fn an_edition_gives_nasty_stories_back() {
    let long = "很长的标题".repeat(60);
    let stories = vec![
        told(
            "一、标题带编号。而且是两句；还有分号：",
            "<p>江西局部署旺季保障</p><p>像标题的一段</p><p>正文。（重庆市邮政管理局）</p><p>后面还有。</p>",
            JX,
        ),
        told("短", "<p>（扩大）</p>", CQ),
        told(&long, "<p>责任编辑：张某</p><p>———</p><p>特别声明：以上</p>", JX),
        told("<p>标题里的 & 标记 <script>alert(1)</script>", "<p>&lt;p&gt;不是标记 &amp;amp; ]]&gt;</p>", JX),
        told("没有正文", "", CQ),
        told("没有单位", "<p>谁说的不知道。</p>", None),
        told("同名", "<p>甲。</p>", JX),
        told("同名", "<p>乙。</p>", CQ),
        told(
            "表格",
            "<table><tr><td>地区</td><td></td><td>件数</td></tr><tr><td>江西</td><td>1</td><td>2</td></tr></table>",
            JX,
        ),
        told(
            "列表",
            "<p>要点：</p><ul><li>一</li><li>二<ul><li>三</li></ul></li></ul><p>首行<br>次行<br><br>末行</p>",
            JX,
        ),
        told(
            "\u{202e}翻转 𠮷 👩‍👩‍👧 e\u{301}",
            "<p>\u{202e}abc　全角　空格\u{a0}不断行</p><pre>a\n  b\n\n\n c</pre>",
            JX,
        ),
        told("（2026-11-24，共3条）", "<p>邸报（2026-11-24，共3条）</p>", JX),
        told("末段是表格", "<table><tr><td>a</td><td>（江西局）</td></tr></table>", CQ),
        told(
            "- [ ] # *",
            "<blockquote><p>引文</p></blockquote><h2>小标题</h2><p>http://a.example/?x=1&amp;y=2</p>",
            JX,
        ),
    ];
    check(&config(), &stories);
}

#[test]
fn an_edition_is_also_a_digest_to_those_who_do_not_know_it() {
    let written = String::from_utf8(text("邸报", &edition(&ordinary()))).unwrap();
    let without_head = written.lines().skip(1).collect::<Vec<_>>().join("\n");
    let (told, rule) = read(&config(), without_head.into_bytes());
    assert_eq!(rule, "digest, plain text");
    assert_eq!(told, expected(&ordinary()));
}

#[test]
fn an_edition_that_was_cut_is_not_taken_for_whole() {
    let written = String::from_utf8(text("邸报", &edition(&ordinary()))).unwrap();
    let cut = written.rsplit_once("\n\n").unwrap().0;
    let (told, rule) = read(&config(), cut.as_bytes().to_vec());
    assert_eq!((told.len(), rule.as_str()), (2, "digest, plain text"));
}

#[test]
fn the_feed_of_editions_has_one_entry_a_day_whose_id_stays() {
    let (today, before) = (ordinary(), ordinary());
    let ground = Ground::new();
    let editions = [edition(&today), Edition { day: jiff::civil::date(2026, 11, 23), ..edition(&before) }];
    let read = |editions: &[Edition]| {
        let bytes = atom(&ground.meta(), editions);
        check_xml(&bytes).unwrap();
        feed_rs::parser::parse(&*bytes).unwrap()
    };
    let feed = read(&editions);
    assert_eq!(feed.entries.len(), 2);
    assert_eq!(feed.entries[0].title.as_ref().unwrap().content, "邸报 & <测试>（2026-11-24，共3条）");
    assert_eq!(feed.entries[0].links[0].href, "https://feeds.example/daily/2026-11-24");
    assert_eq!(feed.entries[0].published.unwrap().timestamp_millis(), TEN - 10 * HOUR_MS);
    let content = feed.entries[0].content.as_ref().unwrap().body.as_ref().unwrap();
    assert!(content.contains("午餐每份十元") && content.contains("（重庆市邮政管理局）"), "{content}");
    let fewer = [Edition { stories: &today[..1], ..editions[0] }];
    assert_eq!(read(&fewer).entries[0].id, feed.entries[0].id);
    assert_ne!(feed.entries[1].id, feed.entries[0].id);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_told_an_edition_gives_it_back(
        titles in proptest::collection::vec("\\PC{1,40}|[（）一二、。1-9. <p>&]{1,20}", 1..5),
        html in "(<p>|</p>|<br>|<li>|<ul>|</ul>|<table>|<tr>|<td>|</table>|<b>|（江西局）|（|）|一、|\\PC{0,12}|\n| ){0,40}",
    ) {
        let config = config();
        let stories: Vec<Story> = titles
            .iter()
            .map(|title| crate::normalise::html::xml_text(title).into_owned())
            .filter(|title| !title.trim().is_empty())
            .map(|title| told(&title, &html, JX))
            .collect();
        if !stories.is_empty() {
            check(&config, &stories);
        }
    }
}
