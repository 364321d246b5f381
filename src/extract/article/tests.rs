//! Tests of articles, one kind of page after the other.

use proptest::prelude::*;
use regex::Regex;

use super::*;
use crate::extract::{FoundTime, RawTime};

const PAGE: &str = "https://sj.example.cn/xw/c1/c2/202602/0123.shtml";

fn picks(picks: &[&str]) -> Vec<Pick> {
    picks.iter().map(|pick| Pick::parse(pick).unwrap()).collect()
}

/// The rules of the CMS that most bureaus use.
fn rules() -> ArticleRules {
    ArticleRules {
        title: picks(&["meta[name=ArticleTitle]@content", ".content h2"]),
        date: picks(&[".content .info p.fl"]),
        origin: picks(&[".content .info p.fl"]),
        body: picks(&[".detail-news", ".content-body"]),
        attachments: picks(&[".fujian a", "#fujian a"]),
        drop: picks(&[".fujian", ".ewm", ".share", "#QRCode", ".changeSize"]),
        skip_column: Some(Regex::new("^(机构职责|领导介绍)$").unwrap()),
        column: picks(&["meta[name=ColumnName]@content"]),
        missing: picks(&[".error404"]),
    }
}

fn read_with(html: &str, rules: &ArticleRules) -> Article {
    let url = Url::parse(PAGE).unwrap();
    article(&html::parse(html, &url).unwrap(), &url, rules).unwrap()
}

fn read(html: &str) -> Article {
    read_with(html, &rules())
}

fn unruled(html: &str) -> RawEntry {
    read_with(html, &ArticleRules::default()).entry
}

fn times(entry: &RawEntry) -> Vec<(&str, &str)> {
    fn time(found: &FoundTime) -> (&str, &str) {
        let RawTime::Text(text) = &found.time else { panic!("{found:?}") };
        (text, &found.rule)
    }
    entry.published.iter().map(time).collect()
}

const COMMON: &str = r#"<!DOCTYPE html><html lang="en"><head>
<meta name="ContentSource" content="null"><meta name="ColumnName" content="行业要闻"/>
<meta name="ArticleTitle" content="全省邮政快递业安全生产会议召开"/>
<meta name="PubDate" content="2026-10-12 22:19:15"/><meta name="ContentSource" content="某省局"/>
<title>全省邮政快递业安全生产会议召开_行业要闻</title></head><body>
<div class="nav"><a href="/a.pdf">导航</a></div>
<div class="content"><h2>全省邮政快递业安全生产会议召开</h2>
<div class="info"><p class="fl">日期：2026-02-03     来源：某省邮政管理局</p>
<div class="share" id="share"><a title="微信"></a></div><p class="fr changeSize">【字号：<span>大</span>】</p></div>
<div class="detail-news"><p style="text-indent: 2em;">近日，会议在省城召开&ensp;&lt;视频&gt;。</p>
<p align="center"><img src="./W02.png" alt="会场 &quot;一&quot;"/></p><script>track("<p>")</script><style>p{}</style>
<div class="share"><p>分享到：微博</p></div><p>会议要求<b>落实</b>责任<br>确保安全。</p><form><input value=1><button>打印</button></form>
<div class="fujian"><p>附件：</p><a href="files/名单.DOCX">名单</a><a href="/preview?id=9">预览</a></div>
<p><a href="/interpretation.shtml">解读</a><a href="files/表.xls#p2">表</a><a href="files/表.xls">表</a></p></div>
</div>< img src ="" /></body></html>"#;

#[test]
fn a_common_page_gives_all_its_fields() {
    let Article { entry, not_news, notes } = read(COMMON);
    assert_eq!(entry.title, "全省邮政快递业安全生产会议召开");
    assert_eq!(
        times(&entry),
        [("2026-02-03", ".content .info p.fl"), ("2026-10-12 22:19:15", "meta PubDate")]
    );
    assert_eq!(entry.origin.as_deref(), Some("某省邮政管理局"));
    assert_eq!(entry.base.as_ref().map(Url::as_str), Some(PAGE));
    assert_eq!((entry.language, entry.url, not_news), (None, None, None));
    assert_eq!(notes, Vec::<String>::new());
    let fields: Vec<(&str, &str)> = entry.fields.iter().map(|(name, rule)| (*name, rule.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("content_html", ".detail-news"),
            ("enclosures", ".fujian a"),
            ("origin", ".content .info p.fl"),
            ("published", ".content .info p.fl"),
            ("title", "meta[name=ArticleTitle]@content"),
        ]
    );
}

#[test]
fn a_body_is_the_page_without_what_is_dropped() {
    let entry = read(COMMON).entry;
    let expected = concat!(
        "<p style=\"text-indent: 2em;\">近日，会议在省城召开\u{2002}&lt;视频&gt;。</p>\n",
        "<p align=\"center\"><img alt=\"会场 &quot;一&quot;\" src=\"./W02.png\"></p>\n",
        "<p>会议要求<b>落实</b>责任<br>确保安全。</p>\n\n",
        "<p><a href=\"/interpretation.shtml\">解读</a><a href=\"files/表.xls#p2\">表</a><a href=\"files/表.xls\">表</a></p>",
    );
    assert_eq!(entry.content_html.as_deref(), Some(expected));
}

#[test]
fn attachments_are_found_even_where_the_body_drops_them() {
    let entry = read(COMMON).entry;
    let found: Vec<(&str, Option<&str>)> =
        entry.enclosures.iter().map(|file| (file.url.path(), file.media_type.as_deref())).collect();
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    assert_eq!(
        found,
        [
            ("/xw/c1/c2/202602/files/%E5%90%8D%E5%8D%95.DOCX", Some(docx)),
            ("/preview", None),
            ("/xw/c1/c2/202602/files/%E8%A1%A8.xls", Some("application/vnd.ms-excel")),
        ]
    );
}

#[test]
fn a_disclosure_page_is_read_by_the_second_pick() {
    let entry = read(
        "<div class=content-head><ul><li>索 引 号：</li><li>000/2026-1</li></ul></div>\
         <div class=content-body><h3>某项规划</h3><div class=fujian><a href='files/p.pdf'>正文.pdf</a></div></div>",
    )
    .entry;
    assert_eq!(entry.content_html.as_deref(), Some("<h3>某项规划</h3>"));
    assert_eq!(entry.fields["content_html"], ".content-body");
    assert_eq!(entry.enclosures[0].media_type.as_deref(), Some("application/pdf"));
    assert_eq!(entry.title, "");
}

#[test]
fn the_longest_of_the_elements_is_the_body() {
    let nested = "<div class=detail-news>短</div><div class=detail-news>略长一些<div class=share>很长很长很长很长</div></div>\
        <div class=detail-news><img src=a.png></div>";
    assert_eq!(read(nested).entry.content_html.as_deref(), Some("略长一些"));
    let picture = "<div class=detail-news> </div><div class=detail-news><img src=a.png></div>";
    assert_eq!(read(picture).entry.content_html.as_deref(), Some("<img src=\"a.png\">"));
}

#[test]
fn origins_end_where_another_field_begins() {
    let check = |info: &str, expected: Option<&str>| {
        let html = format!("<div class=content><div class=info><p class=fl>{info}</p></div></div>");
        assert_eq!(read(&html).entry.origin.as_deref(), expected, "{info}");
    };
    check("日期：2026-02-03     来源：某局", Some("某局"));
    check("来源：江西发布 作者：张三 2026-01-01", Some("江西发布"));
    check("2026-01-01　来源:某省局　浏览次数：12", Some("某省局"));
    check("信息来源： <span>某省局</span><span>字号：大</span>", Some("某省局"));
    check("2026-01-01 来源: <a href=x>某号</a> <img src=y>北京", Some("某号"));
    check("来源：<b>某</b>省局<br>下一行", Some("某省局"));
    check("来源：Postal News  Daily", Some("Postal News"));
    check("来源：某报 【字号：大】", Some("某报"));
    check("来源：  作者：李四", None);
    check("来源：null", None);
    check("日期：2026-02-03", None);
    check("某省邮政管理局", Some("某省邮政管理局"));
    check(&format!("来源：{}", "长".repeat(200)), None);
}

#[test]
fn origins_and_titles_fall_back_to_what_the_page_says_of_itself() {
    let entry = unruled(
        r#"<title>1-7月运行情况-邮政-某部</title><meta name=contentsource content=""><meta name=ContentSource content="某省局">"#,
    );
    assert_eq!((entry.title.as_str(), entry.origin.as_deref()), ("1-7月运行情况", Some("某省局")));
    let entry = unruled(
        r#"<script type="application/ld+json">{"@graph":[{"@type":"WebSite","headline":"站名"},
        {"@type":"NewsArticle","headline":"快递进村","author":[{"name":"某社"}],"datePublished":"2025-12-08T10:00:00Z",
        "articleBody":"第一段 <1>\n\n第二段"}]}</script><h1>别的</h1>"#,
    );
    assert_eq!((entry.title.as_str(), entry.origin.as_deref()), ("快递进村", Some("某社")));
    assert_eq!(entry.content_html.as_deref(), Some("<p>第一段 &lt;1&gt;</p>\n<p>第二段</p>\n"));
    assert_eq!(times(&entry), [("2025-12-08T10:00:00Z", "JSON-LD datePublished")]);
    let check = |html: &str, expected: &str| assert_eq!(unruled(html).title, expected, "{html}");
    check("<title>站</title><h1> </h1><h1>正题</h1>", "正题");
    check("<title>快递进村 - 某站</title>", "快递进村");
    check("<title>5G-A——新机遇_某站</title>", "5G-A——新机遇");
    check("<meta property='og:title' content='题'><h1>正题</h1>", "题");
    check("<title>_</title>", "");
    check("<script type='application/ld+json'>{oops</script><h1>正题</h1>", "正题");
}

#[test]
fn times_come_in_the_order_of_trust() {
    let entry = unruled(
        "<meta name=PubDate content='2026-10-12'><meta property='article:published_time' content='2025-12-08T18:30:00+08:00'>\
         <div class=info>更新时间：2026-03-01 发布时间：2025-12-08 18:30</div><div class=time>2024-01-01</div>",
    );
    assert_eq!(
        times(&entry),
        [
            ("2025-12-08 18:30", "visible date"),
            ("2025-12-08T18:30:00+08:00", "meta article:published_time"),
            ("2026-10-12", "meta PubDate"),
        ]
    );
    let check = |info: &str, expected: &[&str]| {
        let html = format!("<div class=content><div class=info><p class=fl>{info}</p></div></div>");
        let entry =
            read_with(&html, &ArticleRules { date: picks(&[".fl"]), ..ArticleRules::default() }).entry;
        let texts: Vec<&str> = times(&entry).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, expected, "{info}");
    };
    check("昨天 10:20", &["昨天 10:20"]);
    check("来源：某局", &[]);
    check("20251208", &["20251208"]);
    check("生成时间：2026-01-01 发布日期：2025年12月8日", &["2025年12月8日"]);
}

#[test]
fn pages_of_other_kinds_are_read_without_rules() {
    let check = |html: &str, rule: &str, body: &str| {
        let entry = unruled(html);
        assert_eq!(entry.fields.get("content_html").map(String::as_str), Some(rule), "{html}");
        assert_eq!(entry.content_html.as_deref(), Some(body));
    };
    check(
        "<div class=post_main><div class=post_body><p><strong>题</strong></p><p>文</p></div><div class=post_statement>声明</div></div>",
        ".post_body",
        "<p><strong>题</strong></p><p>文</p>",
    );
    check(
        "<div id=js_content style='visibility: hidden'><section>文</section><img data-src=//x.example.cn/a></div>",
        "#js_content",
        "<section>文</section><img data-src=\"//x.example.cn/a\">",
    );
    check(
        "<div class=article-content><div class='view TRS_UEDITOR x'><p>文</p></div></div>",
        ".TRS_UEDITOR",
        "<p>文</p>",
    );
    let none = read_with("<p>短", &ArticleRules { body: picks(&[".a", ".b"]), ..ArticleRules::default() });
    assert_eq!(none.entry.content_html, None);
    assert_eq!(none.notes, ["no body found: neither by `.a`, `.b` nor by how such pages usually look"]);
}

/// A page of an unknown kind: the text stands between a longer menu and a longer footer.
fn unknown_page() -> String {
    let text = "全省快递业务量同比增长，农村寄递物流体系建设稳步推进，末端服务能力持续提升。";
    format!(
        "<title>题目</title><div class=side><ul><li><a href=/x>{text}{text}{text}{text}</a></li></ul></div>\
         <div class=x><h1>题</h1><p>{text}</p><p>{text}<a href=f/a.pdf>附件</a></p></div><footer>{text}{text}{text}</footer>"
    )
}

#[test]
fn the_densest_block_is_the_body_when_all_else_fails() {
    let url = Url::parse(PAGE).unwrap();
    let page = html::parse(&unknown_page(), &url).unwrap();
    let body = Body::densest(page.root_element(), &ArticleRules::default()).unwrap();
    assert_eq!(body.rule, "densest block");
    assert!(body.html().starts_with("<h1>题</h1><p>全省") && body.html().ends_with("附件</a></p>"));
    let page = html::parse("<div>短</div>", &url).unwrap();
    assert!(Body::densest(page.root_element(), &ArticleRules::default()).is_none());
}

#[cfg(feature = "readability")]
#[test]
fn a_page_of_an_unknown_kind_is_read_by_the_library() {
    let entry = unruled(&unknown_page());
    assert_eq!(entry.fields["content_html"], "readability");
    let html = entry.content_html.unwrap();
    assert_eq!(html.matches("全省快递业务量").count(), 2, "{html}");
    assert_eq!(entry.enclosures[0].url.path(), "/xw/c1/c2/202602/f/a.pdf");
    let rules = ArticleRules { drop: picks(&["p:first-of-type"]), ..ArticleRules::default() };
    let html = read_with(&unknown_page(), &rules).entry.content_html.unwrap();
    assert_eq!(html.matches("全省快递业务量").count(), 1, "{html}");
}

#[cfg(feature = "readability")]
#[test]
fn the_library_is_not_asked_for_what_would_be_too_much_work() {
    let read = |text: &str| {
        let page = Html::parse_document(text);
        readable::page(page.root_element(), &std::collections::HashSet::new()).is_some()
    };
    let text = "<p>快递，业务，增长，稳步，推进，提升。</p>";
    assert!(read(&text.repeat(100)));
    assert!(read(&format!("{}{}", "<div>".repeat(100), text.repeat(100))));
    assert!(!read(&format!("{}{}", "<div>".repeat(300), text.repeat(100))), "deep");
    assert!(!read(&text.repeat(21_000)), "many elements");
    assert!(!read(&format!("{}{}", "<div>".repeat(150), text.repeat(10_000))), "much text at depth");
}

#[test]
fn a_body_that_is_cut_in_the_linked_data_is_taken_from_the_page() {
    let page = |linked: &str| {
        let body = "<p>第一段，农村寄递物流体系建设稳步推进。</p><p>第二段</p>";
        format!(
            "<script type='application/ld+json'>{{\"@type\":\"Article\",\"articleBody\":\"{linked}\"}}</script>\
             <div class=TRS_Editor>{body}</div>"
        )
    };
    let rule = |linked: &str| unruled(&page(linked)).fields["content_html"].clone();
    assert_eq!(rule("第一段，农村寄递物流体系建设稳步推进。第二段"), "JSON-LD articleBody");
    assert_eq!(rule("第一段，农村…"), ".TRS_Editor");
}

#[test]
fn a_summary_is_taken_where_it_says_more_than_the_text_begins_with() {
    let text = "近日，全省邮政快递业安全生产会议在省城召开，会议要求企业落实主体责任，抓好旺季服务保障。";
    let check = |description: &str, expected: Option<&str>| {
        let html = format!(
            "<meta name=ArticleTitle content=安全生产会议召开><meta name=Description content='{description}'>\
             <div class=detail-news><p>来源：某局</p><p>{text}</p></div>"
        );
        let entry = read(&html).entry;
        assert_eq!(entry.summary.as_deref(), expected, "{description}");
        assert_eq!(entry.fields.contains_key("summary"), expected.is_some());
    };
    let summary = "安全生产会议要求邮政快递业企业落实主体责任，做好旺季保障";
    check(summary, Some(summary));
    check("近日，全省邮政快递业安全生产会议在省城召开，会议要求企业落实…", None);
    check("安全生产会议召开 近日，全省邮政快递业安全生产会议在省城召开...", None);
    check("安全生产会议召开", None);
    check("null", None);
    check("某某省人民政府门户网站由某某省大数据中心承办，提供政务公开和互动交流", None);
}

#[test]
fn the_time_of_the_last_change_is_taken_from_what_the_page_says_of_itself() {
    let updated = |html: &str| unruled(html).updated.map(|found| (found.time, found.rule));
    let text = |text: &str, rule: &str| Some((RawTime::Text(text.to_owned()), rule.to_owned()));
    assert_eq!(
        updated("<meta property='article:modified_time' content='2026-02-04T10:00:00+08:00'>"),
        text("2026-02-04T10:00:00+08:00", "meta article:modified_time")
    );
    assert_eq!(
        updated("<script type='application/ld+json'>{\"dateModified\":\"2026-02-04 10:00\"}</script>"),
        text("2026-02-04 10:00", "JSON-LD dateModified")
    );
    assert_eq!(updated("<meta name=PubDate content='2026-02-04'>"), None);
}

#[test]
fn a_pick_takes_part_of_a_script() {
    let html = "<em id=publish_time></em><script>var oct=1,ct='x';</script><script>var svr_time = \"1700000001\", ct = \"1700000000\";</script>";
    let rules = ArticleRules {
        date: picks(&[r#"script~/\bct\s*=\s*"(\d{10})"/"#, "#publish_time"]),
        origin: picks(&["script~/svr_(\\w+)/"]),
        ..ArticleRules::default()
    };
    let entry = read_with(html, &rules).entry;
    assert_eq!(times(&entry), [("1700000000", r#"script~/\bct\s*=\s*"(\d{10})"/"#)]);
    assert_eq!(entry.origin.as_deref(), Some("time"));
}

#[test]
fn pages_that_are_no_news_say_why() {
    let column = "<meta name=ColumnName content=机构职责><div class=detail-news>负责</div>";
    assert_eq!(read(column).not_news.as_deref(), Some("column `机构职责`"));
    let title = "<meta name=ArticleTitle content=领导介绍><div class=detail-news>某某</div>";
    assert_eq!(read(title).not_news.as_deref(), Some("title `领导介绍`"));
    let url = Url::parse(PAGE).unwrap();
    let page = html::parse("<body class='x error404'><div class=detail-news>抱歉</div>", &url).unwrap();
    assert!(matches!(article(&page, &url, &rules()), Err(ExtractError::Missing { .. })));
}

#[test]
fn a_language_is_kept_when_the_text_bears_it_out() {
    let check = |lang: &str, text: &str, expected: Option<&str>| {
        let html = format!("<html lang='{lang}'><div class=detail-news>{text}</div>");
        assert_eq!(read(&html).entry.language.as_deref(), expected, "{lang} {text}");
    };
    check("zh-CN", "全省快递", Some("zh-CN"));
    check("en", "全省快递 EMS", None);
    check("en", "The parcel volume of EMS 邮政", Some("en"));
    check("", "全省快递", None);
    check("中文", "全省快递", None);
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(<[a-z/]{1,6}( class=(info|share|detail-news)| href=[a-z.]{1,5}| name=PubDate)?>|来源：|日期：|作者:|2025-12-0[0-9]|[邮政局 \u{3000}]{1,4}|.){0,50}") {
        let url = Url::parse(PAGE).unwrap();
        if let Ok(page) = html::parse(&text, &url) {
            let mut rules = rules();
            rules.origin = picks(&["*"]);
            rules.date = picks(&["*"]);
            let _ = article(&page, &url, &rules);
            let _ = article(&page, &url, &ArticleRules::default());
        }
    }
}
