//! Tests of rows, shape by shape.

use std::fmt::Write as _;

use proptest::prelude::*;
use regex::Regex;

use super::*;
use crate::extract::{RawEntry, RawTime};

const PAGE: &str = "https://ju.example.cn/xw/dongtai/common_list.shtml";
const HEX: &str = "0123456789abcdef0123456789abcdef";

fn address() -> Url {
    Url::parse(PAGE).unwrap()
}

fn rules(rows: &[&str]) -> ListRules {
    let rows = rows.iter().map(|pick| Pick::parse(pick).unwrap()).collect();
    ListRules { rows, ..ListRules::default() }
}

fn with_address(mut rules: ListRules, pattern: &str) -> ListRules {
    rules.article_url = Some(Regex::new(pattern).unwrap());
    rules
}

fn date(entry: &RawEntry) -> Option<&str> {
    match &entry.published.first()?.time {
        RawTime::Text(text) => Some(text),
        RawTime::EpochMs(_) => None,
    }
}

fn shown(found: &Extracted) -> Vec<(&str, &str, Option<&str>)> {
    fn row(entry: &RawEntry) -> (&str, &str, Option<&str>) {
        (&entry.title, entry.url.as_ref().map_or("", Url::path), date(entry))
    }
    found.entries.iter().map(row).collect()
}

fn read(html: &str, rules: &ListRules) -> Extracted {
    from_text(html, &address(), rules).unwrap()
}

#[test]
fn every_shape_of_row_gives_its_link_title_and_date() {
    let check = |row: &str, expected: (&str, &str, Option<&str>)| {
        let html = format!("<ul class=news>{row}</ul>");
        let found = read(&html, &rules(&["ul.news > li"]));
        assert_eq!(shown(&found), [expected], "{row}");
        assert_eq!(found.rule, "profile rows \"ul.news > li\"");
    };
    check(
        "<li><a href='/xw/202512/1.shtml'><img src=d.png><p>全省快递工作会召开</p><span>2025-12-08</span></a></li>",
        ("全省快递工作会召开", "/xw/202512/1.shtml", Some("2025-12-08")),
    );
    check(
        "<li><a href='./202512/t1.html' title='关于做好寄递安全工作的通知'>关于做好寄递…</a><span class=date>[11-20]</span></li>",
        ("关于做好寄递安全工作的通知", "/xw/dongtai/202512/t1.html", Some("11-20")),
    );
    check(
        "<li><span>[2020-10-16]</span><a href='../202010/t2.html' title='局长调研末端网点'></a></li>",
        ("局长调研末端网点", "/xw/202010/t2.html", Some("2020-10-16")),
    );
    check(
        "<li><a href=/a.html>快递进村见成效</a>昨天 18:20</li>",
        ("快递进村见成效", "/a.html", Some("昨天 18:20")),
    );
    check(
        "<li><a href=/a.html>快递进村见成效 [2025-12-08]</a></li>",
        ("快递进村见成效", "/a.html", Some("2025-12-08")),
    );
    check(
        "<li><a href=/a.html>快递进村见成效[<i>12-08</i>]</a></li>",
        ("快递进村见成效", "/a.html", Some("12-08")),
    );
    check(
        "<li><a href=/a.html><span>招聘公示...</span><i>2026-09-10</i></a></li>",
        ("招聘公示...", "/a.html", Some("2026-09-10")),
    );
    check(
        "<li><a href=/a.html title='标题：安全生产月启动 发布时间：2025-06-01'>安全生产...</a></li>",
        ("安全生产月启动", "/a.html", None),
    );
    check("<li><a href=/a.html title=点击查看全文内容>安全</a></li>", ("安全", "/a.html", None));
    check(
        "<li><a href=/a.html>旺季服务保障</a><time datetime='2025-11-11T08:00:00+08:00'>周二</time></li>",
        ("旺季服务保障", "/a.html", Some("2025-11-11T08:00:00+08:00")),
    );
    check(
        "<li><a href=#>置顶</a><a href='javascript:go()'>分享</a><a href=/a.html><img></a><a href=/a.html>绿色包装</a>\
         <p>2019年1月1日以来，全省各地持续推进邮件快件包装绿色转型，取得明显成效，回收网点覆盖全部县城。</p><em>发布日期：2025/12/08</em></li>",
        ("绿色包装", "/a.html", Some("2025/12/08")),
    );
}

#[test]
fn a_date_in_two_pieces_is_one_date() {
    let check = |row: &str, expected: (&str, &str, Option<&str>)| {
        let html = format!("<ul class=news>{row}</ul>");
        assert_eq!(shown(&read(&html, &rules(&["ul.news > li"]))), [expected], "{row}");
        let mut with_dates = rules(&["ul.news > li"]);
        with_dates.date = ["a > span", "span", ".date"].map(|pick| Pick::parse(pick).unwrap()).into();
        assert_eq!(shown(&read(&html, &with_dates)), [expected], "{row}");
    };
    let expected = |title| (title, "/a.html", Some("2025-12-08"));
    check("<li><b>08</b><span>2025-12</span><a href=/a.html>快递进村</a></li>", expected("快递进村"));
    check(
        "<li><div class=date><p>8</p>\n<span>2025.12</span></div><a href=/a.html>快递进村</a></li>",
        expected("快递进村"),
    );
    check(
        "<li><a href=/a.html><div class=date><p>08</p><span>2025年12月</span></div><h4>快递进村</h4></a></li>",
        expected("快递进村"),
    );
    check("<li><a href=/a.html>快递进村</a><i>2025/12</i> <em>08日</em></li>", expected("快递进村"));
    check(
        "<li><div class=date><b>12-08</b><i>2025</i></div><a href=/a.html>快递进村</a></li>",
        expected("快递进村"),
    );
    // Numbers that are no date stay where they are.
    let check = |row: &str, title: &str, date: Option<&str>| {
        let html = format!("<ul class=news><li>{row}</li></ul>");
        assert_eq!(shown(&read(&html, &rules(&["ul.news > li"]))), [(title, "/a.html", date)], "{row}");
    };
    check("<i>12</i><a href=/a.html>快递进村</a><span>2025-12-08</span>", "快递进村", Some("2025-12-08"));
    check("<a href=/a.html><b>12</b>家企业获表彰</a>", "12家企业获表彰", None);
    check("<a href=/a.html>关于<b>2025</b>年度的通报</a>", "关于2025年度的通报", None);
    check("<i>32</i><i>2025-12</i><a href=/a.html>快递进村</a>", "快递进村", None);
}

#[test]
fn rows_may_be_table_rows_or_links() {
    let table = "<table><tr><th>标题<th>日期</tr><tr><td>1<td><a href=/1.html>一季度运行情况</a><td>2025年4月8日</tr></table>";
    assert_eq!(
        shown(&read(table, &rules(&["table tr"]))),
        [("一季度运行情况", "/1.html", Some("2025年4月8日"))]
    );
    let links = "<div class=box><a href=/1.html><b>二季度运行情况</b> <i>07-08</i></a></div>";
    assert_eq!(shown(&read(links, &rules(&[".box > a"]))), [("二季度运行情况", "/1.html", Some("07-08"))]);
}

#[test]
fn picks_of_the_profile_come_before_what_a_row_usually_looks_like() {
    let html = "<div class=row data-url=/x.html><h4>标题在此</h4><a href=/y.html>查看</a><b>2024-01-01</b><u>2025-02-02</u></div>";
    let mut rules = rules(&["p.none", ".row"]);
    rules.link = vec![Pick::parse("@data-url").unwrap()];
    rules.title = vec![Pick::parse("h5").unwrap(), Pick::parse("h4").unwrap()];
    rules.date = vec![Pick::parse("u").unwrap()];
    let found = read(html, &rules);
    assert_eq!(shown(&found), [("标题在此", "/x.html", Some("2025-02-02"))]);
    let fields: Vec<(&str, &str)> = found.entries[0].fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(fields, [("published", "u"), ("title", "h4"), ("url", "@data-url")]);
}

#[test]
fn only_addresses_of_articles_are_rows() {
    let html = format!(
        "<ul><li><a href=/index.shtml>首页</a></li><li><a href=/xw/c1/202512/{HEX}.shtml>快递业务量创新高</a></li></ul>\
         <footer><ul><li><a href=/about.shtml>关于我们</a></li></ul></footer>"
    );
    let rules = with_address(rules(&["li"]), r"/\d{6}/[0-9a-f]{32}\.shtml$");
    assert_eq!(read(&html, &rules).entries.len(), 1);
    assert_eq!(shown(&links(&html::parse(&html, &address()).unwrap(), &address(), &rules)).len(), 1);
}

#[test]
fn an_address_is_one_row_with_the_best_of_its_links() {
    let html = "<p><a href=/a.html>快递</a></p><p><a href=/a.html#c>快递进村</a> 2025-12-08</p><p><a href=/b.html>安全检查</a></p>";
    let found = read(html, &rules(&["p"]));
    assert_eq!(shown(&found), [("快递进村", "/a.html", Some("2025-12-08")), ("安全检查", "/b.html", None)]);
}

#[test]
fn titles_that_are_never_news_are_left_out_and_told() {
    let html = "<ul><li><a href=/a.html>机构职责</a></li><li><a href=/b.html>邮政普遍服务监督</a></li></ul>";
    let mut rules = rules(&["li"]);
    rules.skip_title = Some(Regex::new("^机构职责$").unwrap());
    let found = read(html, &rules);
    assert_eq!(shown(&found), [("邮政普遍服务监督", "/b.html", None)]);
    assert_eq!(found.notes, ["1 rows left out, their titles are never news (`机构职责`)"]);
}

#[test]
fn hanweb_records_are_rows() {
    let records = "<datastore><nextgroup><![CDATA[<a href='/x'></a>]]></nextgroup><recordset>\n\
        <record><![CDATA[<li><a href=\"/art/2026/9/8/art_1_2.html\" title=\"快递市场监管座谈会召开\">快递市场...</a><b>2026-9-8 10:00</b></li>]]></record>\
        <record> <![CDATA[<a href=\"/art/2026/9/7/art_1_1.html\">绿色网点验收</a><span>2026-09-07</span>]]></record>\
        <record><![CDATA[<tr><td><a href=\"/art/3.html\">行业运行情况</a></td><td>2026-09-06</td></tr>]]></record></recordset></datastore>";
    let expected = [
        ("快递市场监管座谈会召开", "/art/2026/9/8/art_1_2.html", Some("2026-9-8 10:00")),
        ("绿色网点验收", "/art/2026/9/7/art_1_1.html", Some("2026-09-07")),
        ("行业运行情况", "/art/3.html", Some("2026-09-06")),
    ];
    let page = format!(
        "<html><body><ul class=nav><li><a href=/>首页</a></ul><script type=\"text/xml\">{records}</script></html>"
    );
    for text in [records.to_owned(), page] {
        let found = read(&text, &rules(&["div.list li"]));
        assert_eq!(shown(&found), expected);
        assert_eq!(found.rule, "hanweb records");
    }
    for none in ["", "<record>", "<record><![CDATA[", "<record>x</record>", "<ul><li>x</ul>"] {
        assert_eq!(unwrap_records(none), None, "{none}");
    }
}

#[test]
fn a_profile_that_matches_nothing_falls_back_to_addresses_of_articles() {
    let html = "<div class=n><div><a href=/t/202512/t1_1.html>甲县局检查网点</a></div><div>2025-12-08</div></div>\
        <div class=m><a href=/t/202512/t1_2.html>乙县局走访企业</a><a href=/t/202512/t1_3.html>丙县局开展培训</a>2025-12-07</div>\
        <a href=/about.html>关于</a>";
    let found = read(html, &with_address(rules(&["ul.news > li"]), r"/t\d+_\d+\.html"));
    assert_eq!(
        shown(&found),
        [
            ("甲县局检查网点", "/t/202512/t1_1.html", Some("2025-12-08")),
            ("乙县局走访企业", "/t/202512/t1_2.html", None),
            ("丙县局开展培训", "/t/202512/t1_3.html", None),
        ]
    );
    assert_eq!(found.rule, "article-address pattern");
    assert_eq!(found.notes, ["rows \"ul.news > li\" matched nothing in 1 kB"]);
}

#[test]
fn rows_are_learned_from_what_repeats_with_dates() {
    let mut html = String::from("<header><ul>");
    for i in 0..9 {
        write!(html, "<li><a href=/h{i}.html>栏目名称第{i}号长</a>2025-01-01</li>").unwrap();
    }
    html.push_str("</ul></header><ul class=menu>");
    for i in 0..12 {
        write!(html, "<li><a href=/m{i}.html>左侧菜单栏目{i}</a></li>").unwrap();
    }
    html.push_str("</ul><div class='list main'>");
    for i in 0..20 {
        let class = if i % 5 == 4 { "row last" } else { "row" };
        write!(html, "<div class='{class}'><div><a href=/n{i}.html>全市邮政快递业新闻第{i}条</a></div>")
            .unwrap();
        write!(html, "<em>2025-12-{:02}</em></div>", 28 - i).unwrap();
    }
    html.push_str("<div class=pages><a href=?p=1>1</a><a href=?p=2>2</a></div></div>");
    let found = read(&html, &rules(&["ul.gone > li"]));
    assert_eq!(found.rule, "learned rows \"div.list > div\" (20 of 20 with dates)");
    assert_eq!(shown(&found)[19], ("全市邮政快递业新闻第19条", "/n19.html", Some("2025-12-09")));
    assert_eq!(found.notes, ["rows \"ul.gone > li\" matched nothing in 4 kB"]);
    let found = read(&html, &with_address(rules(&[]), r"\.shtml$"));
    assert_eq!((found.entries.len(), found.notes.len()), (20, 1));
}

#[test]
fn two_rows_or_rows_without_dates_are_not_learned() {
    for html in [
        "<ul><li><a href=/1.html>快递业务量创新高</a>2025-12-08<li><a href=/2.html>快递业务量又创新高</a>2025-12-07</ul>",
        "<ul><li><a href=/1.html>快递业务量一<li><a href=/2.html>快递业务量二<li><a href=/3.html>快递业务量三</ul>",
    ] {
        assert_eq!(shown(&read(html, &rules(&[]))), [], "{html}");
    }
}

#[test]
fn an_empty_list_says_why() {
    let check = |html: &str, expected: &str| {
        let found = read(html, &with_address(rules(&["#list > li"]), r"\d{6}/"));
        assert!(found.entries.is_empty(), "{html}");
        let notes = found.notes.join("\n");
        assert!(notes.contains(expected), "{notes}");
    };
    let shell = format!(
        "<meta name=ColumnName content=通知公告><div><a href='/c1/tz.shtml?channelid=ffff{}'>介绍</a>\
         <a href='/c2/list.shtml?channelId={HEX}&code=c2'>通知公告</a></div><ul id=list class=x> </ul>",
        &HEX[4..]
    );
    check(
        &shell,
        &format!(
            "page is a shell: `#list` is empty; its rows come from JSON, channelId {HEX}; set kind = \"json\""
        ),
    );
    check(&shell, "rows \"#list > li\" matched nothing in 1 kB");
    check(&shell, "none of the page's 2 links looks like an article (`\\d{6}/`)");
    check("<ul class=news></ul><script src=x.js></script>", "`ul.news` is empty; a script fills it");
    check("<script>var a=1</script><p>载入中", "page holds only script");
    check("", "page is empty");
    check("<meta http-equiv=Refresh content='0;url=/'><p>请稍候", "elsewhere");
    check("{\"data\":{}}", "set kind = \"json\"");
    check("<div id=list><li>无链接</li></div>", "matched 1 elements, none with an article's link");
}

#[test]
fn channels_are_found_the_surest_first() {
    let ids: Vec<String> = (0..4).map(|i| format!("{i}{}", &HEX[1..])).collect();
    let html = format!(
        "<meta name=columnname content=要闻><a href='/a?channelid={}'>其他</a><a href='/a?channelId={}'>要闻</a>\
         <a class=listmore href='/m?channelId={}&code=c'>更多</a><meta name=channelid content={}><a href='/a?channelid=12'>x</a>",
        ids[3], ids[2], ids[1], ids[0]
    );
    assert_eq!(json_channels(&html::parse(&html, &address()).unwrap()), ids);
}

#[test]
fn a_channel_in_the_address_comes_first() {
    let page = html::parse(&format!("<meta name=channelid content={HEX}>"), &address()).unwrap();
    let other = format!("f{}", &HEX[1..]);
    let url = address().join(&format!("more.shtml?channelId={other}&code=c1")).unwrap();
    assert_eq!(channel_of(&page, &url), Some(other));
    assert_eq!(channel_of(&page, &address()).as_deref(), Some(HEX));
    assert_eq!(channel_of(&html::parse("", &address()).unwrap(), &address()), None);
}

#[test]
fn the_next_page_is_linked_or_follows_a_pattern() {
    let next = |html: &str, rules: &ListRules, number: usize| {
        let page = html::parse(html, &address()).unwrap();
        next_page(&page, &address(), rules, number).map(|url| url[url::Position::BeforePath..].to_owned())
    };
    let check = |html: &str, expected: Option<&str>| {
        assert_eq!(next(html, &ListRules::default(), 2).as_deref(), expected, "{html}");
    };
    check("<a href=p2.html>下一页</a>", Some("/xw/dongtai/p2.html"));
    check(
        "<a href=p1.html>上一页</a><a href='?page=2'> 下一页 &gt;&gt; </a>",
        Some("/xw/dongtai/common_list.shtml?page=2"),
    );
    check("<a href=p2.html title=下一页><img src=r.png></a>", Some("/xw/dongtai/p2.html"));
    check("<a class='page next' href=p2.html>2</a>", Some("/xw/dongtai/p2.html"));
    check("<link rel=next href=/p2.html>", Some("/p2.html"));
    check("<a href=p2.html>Next ›</a>", Some("/xw/dongtai/p2.html"));
    check("<a href='javascript:go(2)'>下一页</a>", None);
    check("<a href=common_list.shtml>下一页</a>", None);
    check("<a href=//other.example.cn/p2.html>下一页</a>", None);
    check("<a href=p2.html>下一页说明了什么</a>", None);
    check("<a href=p2.html>2</a>", None);
    let page = Some("index_{page}.html".to_owned());
    let rules = ListRules { page: page.clone(), second_page: Some(1), ..ListRules::default() };
    assert_eq!(next("", &rules, 2).as_deref(), Some("/xw/dongtai/index_1.html"));
    assert_eq!(next("", &rules, 4).as_deref(), Some("/xw/dongtai/index_3.html"));
    assert_eq!(next("<a href=p2.html>下一页</a>", &rules, 2).as_deref(), Some("/xw/dongtai/p2.html"));
    let rules = ListRules { page, ..ListRules::default() };
    assert_eq!(next("", &rules, 2).as_deref(), Some("/xw/dongtai/index_2.html"));
}

#[test]
fn rows_in_a_text_of_json_are_read() {
    let rows = "<ul><li><a href=/a.html>快递进村见成效</a><span>2025-12-08</span></li></ul>";
    let document = serde_json::json!({"code": 1, "data": {"page": 1, "pages": ["<li>x</li>"], "html": rows}});
    let found = read(&document.to_string(), &rules(&["li"]));
    assert_eq!(shown(&found), [("快递进村见成效", "/a.html", Some("2025-12-08"))]);
    assert_eq!(found.rule, "profile rows \"li\" in JSON \"$.data.html\"");
}

#[test]
fn a_base_element_and_foreign_hosts_are_respected() {
    let html = "<base href='http://old.example.cn/xw/'><ul><li><a href=./a.html>甲</a><li><a href=//mp.example.com/s/1>乙</a></ul>";
    let found = read(html, &rules(&["li"]));
    let urls: Vec<&str> = found.entries.iter().map(|e| e.url.as_ref().unwrap().as_str()).collect();
    assert_eq!(urls, ["http://old.example.cn/xw/a.html", "http://mp.example.com/s/1"]);
}

#[test]
fn a_huge_list_is_cut_and_told() {
    let mut html = String::from("<ul>");
    for i in 0..200_000 {
        write!(html, "<li><a href=/n{i}.html>新闻{i}</a><span>2025-12-08</span></li>").unwrap();
    }
    let found = read(&html, &rules(&["ul > li"]));
    assert_eq!(
        found.notes,
        [
            "the page has more than 2000 rows; the rest was left out",
            "the page has more than 250000 elements; the rest was not read",
        ]
    );
    let page = html::parse_beginning(&html, &address()).unwrap().page;
    for rules in [rules(&["ul > li"]), rules(&["ol > li"]), with_address(rules(&[]), "/n")] {
        let found = list(&page, &address(), &rules);
        assert_eq!(found.entries.len(), MAX_ROWS, "{}", found.rule);
    }
}

#[test]
fn a_deeply_nested_page_is_refused() {
    let html = "<div>".repeat(5000);
    assert!(matches!(from_text(&html, &address(), &rules(&["li"])), Err(ExtractError::TooDeep { .. })));
    let records = format!("<record><![CDATA[{html}]]></record>");
    assert!(matches!(from_text(&records, &address(), &rules(&["li"])), Err(ExtractError::TooDeep { .. })));
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(<[a-z/]{1,5}( href=[a-z.]{1,4}| title=[a-z]{1,4})?>|2025-12-0[0-9]|[邮政局]{1,3}|<record><!\\[CDATA\\[|\\]\\]>|.){0,60}") {
        let rules = with_address(rules(&["li", "tr", "a"]), "[a-m]");
        if let Ok(found) = from_text(&text, &address(), &rules) {
            prop_assert!(found.entries.iter().all(|entry| entry.url.is_some() && !entry.title.is_empty()));
        }
        let _ = from_text(&text, &address(), &ListRules::default());
    }
}
