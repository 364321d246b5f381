use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;

use super::tokens::{Token, attributes, tokens};
use super::*;
use crate::clock::Effort;

fn base() -> Url {
    Url::parse("https://jx.example.cn/site/c1/202611/page.shtml").unwrap()
}

fn check(html: &str, expected: &str) {
    assert_eq!(clean(html, &base()).html, expected, "{html}");
}

fn check_text(html: &str, expected: &str) {
    assert_eq!(clean(html, &base()).text, expected, "{html}");
}

#[test]
fn blocks_become_paragraphs() {
    check(
        "一<div>二</div><section>三<section>四</section></section>五",
        "<p>一</p><p>二</p><p>三</p><p>四</p><p>五</p>",
    );
    check("<p>一<p>二", "<p>一</p><p>二</p>");
    check("<center><font size=2><span style='x'>甲</span>乙</font></center>", "<p>甲乙</p>");
    check(
        "<h2>题</h2><blockquote>引<p>文</p></blockquote><hr>",
        "<h2>题</h2><blockquote><p>引</p><p>文</p></blockquote><hr>",
    );
    check("<h2><div>题</div><div>目</div></h2>", "<h2>题<br>目</h2>");
    check("<b>粗<p>段</p></b><p>细</p>", "<p><b>粗</b></p><p><b>段</b></p><p>细</p>");
    check("<b>甲<b>乙</b>丙</b>", "<p><b>甲乙丙</b></p>");
    check("<pre>\n\n  a\n\tb &lt;\n</pre>", "<pre>  a\n\tb &lt;</pre>");
    check(
        "<figure><img src=a.jpg><figcaption>图</figcaption></figure>",
        "<figure><img src=\"https://jx.example.cn/site/c1/202611/a.jpg\"><figcaption>图</figcaption></figure>",
    );
    check("<figcaption>无图</figcaption>", "<p>无图</p>");
}

#[test]
fn white_space_and_line_breaks_are_brought_into_order() {
    check("<p>　　一月，&nbsp;&ensp;二月\n　</p>", "<p>一月， 二月</p>");
    check("<p>甲<br>乙<br><br/>&nbsp;<br>丙<br></p>", "<p>甲<br>乙</p><p>丙</p>");
    check("<p>　　甲<br>　　乙<br>丙</p>", "<p>甲</p><p>乙<br>丙</p>");
    check("<p><b>甲<br><br>乙</b></p>", "<p><b>甲</b></p><p><b>乙</b></p>");
    check("<p>a <b> b </b> c</p>", "<p>a <b>b</b> c</p>");
    check("<p>\u{1}甲&#xFFFE;\u{b}&#x1;\u{202e}乙</p>", "<p>甲乙</p>");
}

#[test]
fn what_is_empty_vanishes() {
    for html in [
        "",
        " ",
        "<p></p>",
        "<p>&nbsp;</p>",
        "<p>　<o:p></o:p></p>",
        "<p><br></p>",
        "<ul><li> </li></ul>",
        "<a href=/x></a>",
        "<table><tr><td></td><td> </td></tr></table>",
        "<blockquote><p></p></blockquote>",
        "<!-- x -->",
        "<h2><b></b></h2>",
        "<img>",
        "<img src=''>",
        "<ul><li><table><tr><td><td></table></ul>",
        "<div><script>x</script></div>",
    ] {
        check(html, "");
    }
}

#[test]
fn lists_and_tables_keep_their_shape() {
    check(
        "<ul><li>一<li><p>二</p><p>三</p><ol><li>四</ol></ul>",
        "<ul><li>一</li><li>二<br>三<ol><li>四</li></ol></li></ul>",
    );
    check(
        "<ul>散<li>一</li><ul><li>二</li></ul></ul>",
        "<ul><li>散</li><li>一</li><li><ul><li>二</li></ul></li></ul>",
    );
    check("<dl><dt>词<dd>义</dl>", "<dl><dt>词</dt><dd>义</dd></dl>");
    check("<li>孤", "<p>孤</p>");
    check(
        "<table border=1 class=x><caption>表</caption><tr><th colspan=2 style=x>甲<td align=CENTER><p>乙</p><p>丙</p><tr><td><td>丁<td></table>",
        "<table><caption>表</caption><tbody><tr><th colspan=\"2\">甲</th><td align=\"center\">乙<br>丙</td></tr>\
         <tr><td></td><td>丁</td><td></td></tr></tbody></table>",
    );
}

#[test]
fn tables_that_only_lay_out_the_page_are_unwrapped() {
    check("<table><tr><td><p>甲</p><p>乙</p></td></tr></table>", "<p>甲</p><p>乙</p>");
    check(
        "<table><tr><td>左</td><td><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>",
        "<p>左</p><table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
    );
}

#[test]
fn links_are_absolute_or_gone() {
    let rel = "rel=\"noopener noreferrer\"";
    let check = |attributes: &str, address: &str| {
        check(&format!("<a {attributes}>x</a>"), &format!("<p><a href=\"{address}\" {rel}>x</a></p>"));
    };
    check("href=../a.html onclick=x() target=_blank", "https://jx.example.cn/site/c1/a.html");
    check("href='//b.example/é?a=1&amp;b=\"'", "https://b.example/%C3%A9?a=1&amp;b=%22");
    check("href=mailto:a@example.cn", "mailto:a@example.cn");
    for gone in [
        "href=javascript:alert(1)",
        "href=' java\tscript:alert(1)'",
        "href=data:text/html,x",
        "href=''",
        "name=top",
        "href=http://[",
        "href=ftp://a/b",
        "href='/common/preview_resource.action?id=1&type=pdf'",
    ] {
        super::tests::check(&format!("<a {gone}>附件</a>"), "<p>附件</p>");
    }
}

#[test]
fn pictures_show_what_was_meant() {
    let check = |attributes: &str, expected: Option<&str>| {
        let cleaned = clean(&format!("<img {attributes}>"), &base());
        let expected = expected.map_or(String::new(), |written| format!("<p><img src=\"{written}></p>"));
        assert_eq!(cleaned.html, expected, "{attributes}");
        assert_eq!(cleaned.images, usize::from(!expected.is_empty()), "{attributes}");
    };
    check(
        "src=/a.png alt=' 图 ' width=20 height=100% onerror=x",
        Some("https://jx.example.cn/a.png\" alt=\"图\" width=\"20\""),
    );
    check("src=loading.gif data-src=//b.example/a.png", Some("https://b.example/a.png\""));
    check(
        "src=data:image/gif;base64,R0 data-original=http://b.example/a.png",
        Some("http://b.example/a.png\""),
    );
    check("oldsrc=W020.jpg", Some("https://jx.example.cn/site/c1/202611/W020.jpg\""));
    check("_src=http://b.example/a.png src=http://b.example/b.png", Some("http://b.example/b.png\""));
    check(
        "src='https://nimg.ws.126.net/?url=http%3A%2F%2Fb.example%2Fa.jpg&amp;thumbnail=660x2&amp;type=jpg'",
        Some("http://b.example/a.jpg\""),
    );
    for gone in [
        "src=t.gif width=1 height=1",
        "src=t.gif style='width:1px;height:1px'",
        "src=t.gif style='display: none'",
        "src=javascript:x",
        "src=data:image/png;base64,AA",
        "src=mailto:a@b",
        "data-src=data:,x",
        "src='http://nimg.ws.126.net/?url=javascript:x'",
        "src='common/preview_resource.action?id=1&type=gif'",
        "alt=x",
    ] {
        check(gone, None);
    }
}

#[test]
fn text_has_paragraphs_lines_and_cells() {
    check_text("<h1>题</h1><p>一&amp;二</p><p>甲<br>乙</p>", "题\n\n一&二\n\n甲\n乙");
    check_text("<p>前</p><ul><li>一<ul><li>二</ul><li><b>三</b>点</ul><p>后</p>", "前\n\n一\n二\n三点\n\n后");
    check_text(
        "<table><tr><td>甲</td><td></td><td>乙<br>丙</td></tr><tr><td>丁</td><td></td></tr></table>尾",
        "甲\t\t乙 丙\n丁\n\n尾",
    );
    check_text("<p>办公地址：&ensp;某路&nbsp;5 号</p>", "办公地址： 某路 5 号");
    check_text("<pre>a\n  b</pre>c", "a\n  b\n\nc");
}

#[test]
fn titles_lose_their_tags_and_keep_the_rest() {
    let check = |title: &str, expected: &str| assert_eq!(strip_tags(title), expected, "{title}");
    check("<b>江西局</b>召开&nbsp;&ldquo;会&rdquo;\n　", "江西局召开 “会”");
    check("A<B对比，C>D", "A<B对比，C>D");
    check("1 < 2 &amp;lt; 3", "1 < 2 &lt; 3");
    check("&lt;b&gt;字面&lt;/b&gt;", "<b>字面</b>");
    check("上<br/>下<script>alert('x')</script><!-- 注 -->", "上 下");
    check("未完<a href='x", "未完<a href='x");
    check("\u{feff}\u{0}题\u{9f}", "题");
}

#[test]
fn text_becomes_paragraphs_that_read_back() {
    assert_eq!(text_to_html("一 & <二>\n\n\r\n　　三\n"), "<p>一 &amp; &lt;二&gt;</p><p>三</p>");
    assert_eq!(clean(&text_to_html("甲\n乙"), &base()).text, "甲\n\n乙");
    assert_eq!(text_to_html(" \n"), "");
}

#[test]
fn only_what_xml_can_hold_is_kept() {
    assert!(matches!(xml_text("邮政\t\r\n😀"), Cow::Borrowed("邮政\t\r\n😀")));
    assert_eq!(xml_text("\0\u{b}\u{1f}\u{7f}\u{85}\u{feff}\u{fffe}\u{ffff}\u{1ffff}a"), "a");
    assert_eq!(xml_text("a\u{202e}b"), "ab");
    assert_eq!(xml_text("a\u{202d}b\u{202c}c\u{202c}"), "a\u{202d}b\u{202c}c");
    assert_eq!(collapse("\u{a0} a\u{3000}\n b\t"), "a b");
}

/// Inputs that have run scripts in one browser or sanitiser or another, in our own words.
const NASTY: &[&str] = &[
    "<script>go()</script>",
    "<SCRIPT SRC=//x.example/a.js>",
    "<scr<script>ipt>go()</scr</script>ipt>",
    "<script/x>go()</script>",
    "<img src=x onerror=go()>",
    "<img/src/onerror=go()>",
    "<img src='x'onerror='go()'>",
    "<IMG SRC=JaVaScRiPt:go()>",
    "<img src=\"jav&#x09;ascript:go()\">",
    "<img src=\"&#14; javascript:go()\">",
    "<a href=\"&#106;avascript:go()\">x</a>",
    "<a href=\"javascript&colon;go()\">x</a>",
    "<a href='\u{1}javascript:go()'>x</a>",
    "<a href='vbscript:go()'>x</a>",
    "<svg onload=go()>",
    "<svg><script>go()</script></svg>",
    "<svg><a xlink:href='javascript:go()'><text>x</text></a></svg>",
    "<svg><style><img src=x onerror=go()></style></svg>",
    "<math><mi xlink:href='javascript:go()'>x</mi></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=go()&gt;\">",
    "<noscript><p title=\"</noscript><img src=x onerror=go()>\">",
    "<iframe src=javascript:go()></iframe>",
    "<iframe srcdoc='<script>go()</script>'>",
    "<object data=javascript:go()>",
    "<embed src=javascript:go()>",
    "<form action=javascript:go()><button formaction=javascript:go()>x</button></form>",
    "<body onload=go()>x",
    "<p style='background:url(javascript:go())'>x</p>",
    "<style>@import 'javascript:go()';</style>",
    "<base href='javascript:go()//'>",
    "<link rel=stylesheet href=javascript:go()>",
    "<meta http-equiv=refresh content='0;url=javascript:go()'>",
    "<template><script>go()</script></template>",
    "<textarea><img src=x onerror=go()></textarea>",
    "<title><script>go()</script></title>",
    "<xmp><script>go()</script></xmp>",
    "<plaintext><script>go()</script>",
    "<!--><script>go()</script>-->",
    "<!--[if IE]><script>go()</script><![endif]-->",
    "<![CDATA[<script>go()</script>]]>",
    "<?xml version='1'?><script>go()</script>",
    "<p title='\"><img src=x onerror=go()>'>x</p>",
    "<a title='\" onmouseover=\"go()' href=/x>x</a>",
    "<img alt='\"><script>go()</script>' src=x>",
    "<details open ontoggle=go()>x</details>",
    "<video><source onerror=go()></video>",
    "<select><style></select><img src=x onerror=go()>",
    "<table background=javascript:go()><tr><td background=javascript:go()>x<td>y</table>",
    "<a data-src=javascript:go() href=/>x</a>",
    "<img data-src=javascript:go()>",
    "<img _src='java&#10;script:go()'>",
    "<input onfocus=go() autofocus>",
    "<x onclick=go()>x</x>",
    "<script><!--<script></script>x<b c=\"</script><img src=x onerror=go()>\">",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
];

/// Fails unless the HTML holds allowed elements and attributes only, and ammonia and we have nothing to change.
fn assert_safe(cleaned: &Clean, source: &str) {
    for token in tokens(&cleaned.html) {
        if let Token::Open { name, attributes: written } = token {
            assert!(elements::class_of(name).is_some(), "<{name}> from {source:?}");
            for (attribute, value) in attributes(written) {
                let allowed =
                    ["href", "src", "title", "alt", "width", "height", "rel", "colspan", "rowspan", "align"];
                assert!(allowed.contains(&attribute), "{attribute} from {source:?}");
                let is_address = ["href", "src"].contains(&attribute);
                let has_scheme = SCHEME_PREFIXES.iter().any(|prefix| value.starts_with(prefix));
                assert!(!is_address || has_scheme, "{value} from {source:?}");
            }
        }
    }
    let strict = Builder::default().clean(&cleaned.html).to_string();
    assert_eq!(strict, cleaned.html, "ammonia's own defaults change what came from {source:?}");
    assert_eq!(clean(&cleaned.html, &base()), *cleaned, "from {source:?}");
}

const SCHEME_PREFIXES: &[&str] = &["http://", "https://", "mailto:"];

#[test]
fn nothing_that_runs_comes_through() {
    for source in NASTY {
        let cleaned = clean(source, &base());
        assert_safe(&cleaned, source);
        let html = cleaned.html.to_ascii_lowercase();
        for forbidden in ["<script", "javascript:", "<style", "<svg", "<iframe", "srcdoc"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html} from {source:?}");
        }
        assert!(!cleaned.text.contains("<p>"), "{} from {source:?}", cleaned.text);
    }
}

#[test]
fn html_that_would_take_minutes_becomes_text_at_once() {
    let deep = "<div>".repeat(200_000) + "底";
    let hidden_ends = "<div><object></div></object>".repeat(50_000) + "底";
    let scoped_ends = "<div><table></div>".repeat(50_000) + "底";
    let mut reopened = String::new();
    for n in 0..900 {
        let _ = write!(reopened, "<div><b id={n}></div>");
    }
    reopened.push_str(&"<p>底".repeat(50_000));
    let attributes = format!("<p{}>底", " a=1 b".repeat(50_000));
    let comments = "<!--".repeat(200_000) + "底";
    for (html, is_text) in [
        (&deep, true),
        (&hidden_ends, true),
        (&scoped_ends, true),
        (&reopened, true),
        (&attributes, true),
        (&comments, false),
    ] {
        let started = Effort::start();
        let cleaned = clean(html, &base());
        assert!(started.spent() < Duration::from_secs(5), "{}", &html[..60]);
        assert_eq!(cleaned.text.ends_with('底'), is_text, "{}", &html[..60]);
    }
    let unclosed = "<svg>".repeat(100_000) + &"</".repeat(100_000);
    clean(&unclosed, &base());
}

#[test]
fn old_pages_with_many_unclosed_elements_are_still_parsed() {
    let rows = "<tr><td><font color=red>甲<td><b>乙<p>丙".repeat(2_000);
    let cleaned = clean(&format!("<table>{rows}</table>{}", "<p><b>段<li>点".repeat(2_000)), &base());
    assert!(cleaned.html.contains("<td>"), "{}", &cleaned.html[..200]);
}

#[test]
fn a_long_article_takes_little_time() {
    let html =
        "<p style='text-indent:2em'><span>　　江西局到赣州调研，强调要做好服务。</span></p>\n".repeat(1_000);
    let started = Effort::start();
    let cleaned = clean(&html, &base());
    assert!(started.spent() < Duration::from_secs(2), "{:?}", started.spent());
    assert_eq!(cleaned.text.split("\n\n").count(), 1_000);
}

/// Pieces that hostile and careless pages are made of.
fn soup() -> impl Strategy<Value = String> {
    let names = "p|div|b|i|a|ul|ol|li|dl|dt|dd|table|caption|thead|tr|td|th|pre|h2|blockquote|figure|figcaption|section|font|code|\
                 form|object|marquee|script|style|svg|title|select|option|template|strike|sup|center|nobr|o:p|math|mi|button";
    let attributes = "( href='/x\\?a=1&b'| href=javascript:x| title='\"<p>'| colspan=3| align=left| id=[0-9]| data-src=y| src=z.png| src=//e.example/q)?";
    let like = |regex: &str| prop::string::string_regex(regex).unwrap();
    prop_oneof![
        4 => like(&format!("<({names}){attributes}>")),
        4 => like(&format!("</({names})>")),
        3 => like("(<br>|<hr>|<img src=a.png>|<img src=\\?url=x width=[12]>|<!--|-->|<|>|'|\"|&nbsp;|&lt;p&gt;|&amp;|&#x1;|\n|　　|\r)"),
        4 => like("[a-z邮政　 ]{0,6}"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_comes_in_is_safe_and_stays_as_it_is(pieces in prop::collection::vec(soup(), 0..24)) {
        let source = pieces.concat();
        assert_safe(&clean(&source, &base()), &source);
    }

    #[test]
    fn no_text_makes_it_panic(source in "\\PC*") {
        strip_tags(&source);
        assert_safe(&clean(&source, &base()), &source);
        prop_assert_eq!(collapse(&collapse(&source)), collapse(&source));
        let once = xml_text(&source).into_owned();
        prop_assert_eq!(xml_text(&once), once.as_str());
        let html = text_to_html(&source);
        prop_assert_eq!(&clean(&html, &base()).html, &html);
    }
}
