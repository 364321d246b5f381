//! Tests of parsing within bounds, and of what picks and addresses give.

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn page(text: &str) -> Html {
    parse(text, &address("https://ju.example.cn/dongtai/index.html")).unwrap()
}

#[test]
fn text_is_what_people_see() {
    let check = |html: &str, expected: &str| {
        assert_eq!(text(page(html).root_element()), expected, "{html}");
    };
    check("<body>  快递\u{a0}\u{3000}进村 \n\t工程 ", "快递 进村 工程");
    check("<p>一</p><p>二<br>三</p><span>四</span><b>五</b>", "一 二 三 四五");
    check("<p>正<script>var x='文';</script><style>p{}</style><!-- 注 -->文</p>", "正文");
    check("<noscript><p>请启用脚本</p></noscript><p>好</p>", "好");
    check("<p>零\u{200b}宽\u{feff}</p>", "零宽");
    check("", "");
}

#[test]
fn addresses_are_absolute_and_lead_to_pages() {
    let base = address("https://ju.example.cn/a/b/index.html");
    let check = |href: &str, expected: Option<&str>| {
        let found = resolve(&base, href);
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{href}");
    };
    check(" ./202512/t1.html\n", Some("https://ju.example.cn/a/b/202512/t1.html"));
    check("../c.html", Some("https://ju.example.cn/a/c.html"));
    check("//cdn.example.cn/x", Some("https://cdn.example.cn/x"));
    check("/x?y=1#z", Some("https://ju.example.cn/x?y=1#z"));
    check("HTTP://Other.example.cn", Some("http://other.example.cn/"));
    for refused in
        ["", "#", "#top", "javascript:void(0)", "mailto:a@example.cn", "tel:1", "data:text/html,x", "http://"]
    {
        check(refused, None);
    }
    check(&format!("/{}", "x".repeat(MAX_ADDRESS_BYTES)), None);
}

#[test]
fn picks_take_parts_of_what_they_select() {
    let page =
        page("<p class=i data-t='a 2025-12-08 b'>日期：2025-12-08 来源：某局</p><style>x{y:1}</style>");
    let check = |pick: &str, expected: Option<&str>| {
        let pick = Pick::parse(pick).unwrap();
        assert_eq!(pick_text(page.root_element(), &pick).as_deref(), expected, "{}", pick.source);
    };
    check("p.i~/来源：(\\S+)/", Some("某局"));
    check("p.i~/\\d{4}-\\d\\d/", Some("2025-12"));
    check("p.i@data-t~/(\\S+) b/", Some("2025-12-08"));
    check("style~/y:(\\d)/", Some("1"));
    check("p.i~/责编：(\\S+)/", None);
    check("p.i~/(责编)?日期/", Some("日期"));
    assert!(Pick::parse("p~/(/").is_err());
    assert!(Pick::parse("p ~ b").is_ok());
}

#[test]
fn a_base_element_moves_links() {
    let check = |html: &str, expected: &str| {
        let url = address("https://ju.example.cn/a/");
        assert_eq!(base_url(&page(html), &url).as_str(), expected, "{html}");
    };
    check("<base href='/b/'><base href='/c/'>", "https://ju.example.cn/b/");
    check("<base target=_blank><p>", "https://ju.example.cn/a/");
    check("<base href='javascript:1'>", "https://ju.example.cn/a/");
}

#[test]
fn picks_take_texts_attributes_and_the_scope_itself() {
    let html = page("<html data-time='2025-12-08'><div id=row title=' 行 '><p></p><p>一</p><p>二</p></div>");
    let row = html.select(&scraper::Selector::parse("#row").unwrap()).next().unwrap();
    let check = |scope, pick: &str, expected: Option<&str>| {
        assert_eq!(pick_text(scope, &Pick::parse(pick).unwrap()).as_deref(), expected, "{pick}");
    };
    check(row, "p", Some("一"));
    check(row, "@title", Some("行"));
    check(row, ":scope > p:last-child", Some("二"));
    check(row, "p@class", None);
    check(html.root_element(), "html@data-time", Some("2025-12-08"));
    assert_eq!(pick_all(row, &Pick::parse("p").unwrap()), ["一", "二"]);
}

#[test]
fn dates_are_found_where_they_stand() {
    let check = |text: &str, expected: Option<&str>| assert_eq!(date::find(text), expected, "{text}");
    check("日期：2026-02-03     来源：某局", Some("2026-02-03"));
    check("于2025年12月8日 印发", Some("2025年12月8日"));
    check("2026-9-8 10:00", Some("2026-9-8 10:00"));
    check("x 2025.03.05 15:30:20 y", Some("2025.03.05 15:30:20"));
    check("2025-12-08T18:30:00.5+08:00", Some("2025-12-08T18:30:00.5+08:00"));
    check("2025-12-08T10:30:00Z", Some("2025-12-08T10:30:00Z"));
    check("2025-12-08 10:00-12:00", Some("2025-12-08 10:00"));
    check("2026-08-14 8时30分", Some("2026-08-14 8时30分"));
    check("2026-08-14 下午3:20 某局", Some("2026-08-14 下午3:20"));
    check("2026年8月14日上午 10:05", Some("2026年8月14日上午 10:05"));
    check("2026-08-14-18:10:07", Some("2026-08-14-18:10:07"));
    check("2026-08-14-1", Some("2026-08-14"));
    check("2026-08-14 下午会议", Some("2026-08-14"));
    for none in ["", "12025-12-08", "2025-13-01", "2025-1", "1-7月", "2025年", "电话 0755-25918145"] {
        check(none, None);
    }
}

#[test]
fn a_text_that_is_only_a_date_is_told_from_one_that_holds_one() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(date::whole(text).map(date::Whole::text), expected, "{text}");
    };
    check("[2020-10-16]", Some("2020-10-16"));
    check(" （11-20） ", Some("11-20"));
    check("发布时间：2025-12-08 09:00", Some("2025-12-08 09:00"));
    check("12月8日", Some("12月8日"));
    check("03-01 10:20", Some("03-01 10:20"));
    check("昨天", Some("昨天"));
    check("昨天 18:20", Some("昨天 18:20"));
    check("3小时前", Some("3小时前"));
    check("昨天 下午3:20", Some("昨天 下午3:20"));
    for english in
        ["3 hours ago", "An hour ago", "yesterday", "Yesterday at 10:30", "just now", "2 Weeks ago"]
    {
        check(english, Some(english));
    }
    for none in ["3 parcels ago", "hours ago", "yesterday once more", "3 hours ago today"] {
        check(none, None);
    }
    for none in ["2025-12-08 会议", "1/5", "3-1", "1.5", "小时前", "", "[]", "昨天的会议"] {
        check(none, None);
    }
    assert_eq!(date::split_off("全省会议召开 [2025-12-08]"), Some(("2025-12-08", "全省会议召开")));
    assert_eq!(date::split_off("【2025-12-08】全省会议"), Some(("2025-12-08", "全省会议")));
    assert_eq!(date::split_off("关于2025-12-08会议的通知"), None);
    assert_eq!(date::split_off("2025-12-08"), None);
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "[<>/a-z!\\-= \"'\\[\\]邮\\u{a0}&;#]{0,200}") {
        if let Ok(html) = parse(&text, &address("https://ju.example.cn/")) {
            super::text(html.root_element());
        }
        let _ = (date::find(&text), date::whole(&text), date::split_off(&text));
    }

    #[test]
    fn any_text_is_searched_for_dates(text in "[0-9年月日:：\\-/. T\\[\\]昨天小时前]{0,40}") {
        let _ = (date::find(&text), date::whole(&text), date::split_off(&text));
    }
}
