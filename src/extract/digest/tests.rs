use scraper::Html;

use super::*;
use crate::model::{Bureaus, Region, RegionRow};

fn bureaus() -> Bureaus {
    let row = |code: &str, name: &str, short: &str| RegionRow {
        region: Region::parse(code).unwrap(),
        name: name.into(),
        short: short.into(),
        bureau: format!("{name}邮政管理局"),
        en: String::new(),
    };
    Bureaus::new(vec![
        row("CN-JX", "江西省", "江西"),
        row("CN-NX", "宁夏回族自治区", "宁夏"),
        row("CN-CQ", "重庆市", "重庆"),
        row("CN-HB", "湖北省", "湖北"),
    ])
}

/// What is expected of a story: title, attribution, number of paragraphs.
type Expected<'a> = (&'a str, Option<&'a str>, usize);

fn check(blocks: &[Block], expected: &[Expected]) {
    let stories = split(blocks, &bureaus()).unwrap_or_default();
    let found: Vec<Expected> = stories
        .iter()
        .map(|story| (story.title.as_str(), story.attribution.as_deref(), story.paragraphs.len()))
        .collect();
    assert_eq!(found, expected);
}

const TEXT: &str = "\
![]()
江西局部署旺季寄递服务保障
近日,江西局召开全省视频会(扩大)会议,部署旺季服务保障工作。
会议要求,各市局要盯紧末端网点,确保不积压。(江西省邮政管理局)
快递小哥食堂在渝中区开张
近日，重庆市首家面向快递员的暖心食堂开张，午餐每份十元。
开张当天有两百余名快递员前来就餐。（重庆市邮政管理局）
宁夏局开展“2026年度”用户满意度回访
回访覆盖五个地市（含宁东基地）。
共发现问题十七件，均已督促整改。（宁夏回族自治区邮政管理局）
特别声明：以上内容由用户上传。
Notice: The content above is uploaded by a user.";

#[test]
fn plain_text_is_split_where_a_bureau_closes_an_item() {
    check(
        &of_text(TEXT),
        &[
            ("江西局部署旺季寄递服务保障", Some("江西省邮政管理局"), 2),
            ("快递小哥食堂在渝中区开张", Some("重庆市邮政管理局"), 2),
            ("宁夏局开展“2026年度”用户满意度回访", Some("宁夏回族自治区邮政管理局"), 2),
        ],
    );
}

#[test]
fn bodies_hold_neither_attribution_nor_boilerplate() {
    let stories = split(&of_text(TEXT), &bureaus()).unwrap();
    let all: String = stories.iter().flat_map(|story| &story.paragraphs).cloned().collect();
    for absent in ["邮政管理局)", "邮政管理局）", "特别声明", "Notice", "![]"] {
        assert!(!all.contains(absent), "{absent} in {all}");
    }
    assert!(all.contains("(扩大)") && all.contains("（含宁东基地）"), "{all}");
}

#[test]
fn html_is_split_whether_titles_are_bold_numbered_headings_or_plain() {
    let page = |title: fn(&str) -> String| {
        let item = |name: &str, bureau: &str| {
            format!(
                "{}<p>近日，相关工作推进会召开，部署下一步任务。</p><p>会议提出三点要求，<b>压实责任</b>。（{bureau}）</p>",
                title(name)
            )
        };
        let body = format!(
            "<div><p>一周动态</p>{}{}</div>",
            item("江西局推进快递进村", "江西省邮政管理局"),
            item("湖北快递业招聘会举办", "湖北局")
        );
        of_html(&Html::parse_document(&body))
    };
    let expected: [Expected; 2] =
        [("江西局推进快递进村", Some("江西省邮政管理局"), 2), ("湖北快递业招聘会举办", Some("湖北局"), 2)];
    check(&page(|name| format!("<p>{name}</p>")), &expected);
    check(&page(|name| format!("<p><strong>{name}</strong></p>")), &expected);
    check(&page(|name| format!("<h3>一、{name}</h3>")), &expected);
    check(&page(|name| format!("<p>1.{name}</p>")), &expected);
    check(&page(|name| format!("<p>■ <b>{name}</b></p>")), &expected);
    check(&page(|name| format!("{name}<br>")), &expected);
}

#[test]
fn an_attribution_of_its_own_line_or_with_words_around_it_closes_an_item() {
    let text = "江西局检查分拨中心\n检查组查看了安检机运行情况。\n（江西局供稿）\n重庆局约谈三家企业\n约谈指出了投诉率高的问题。\n来源：重庆市邮政管理局";
    check(
        &of_text(text),
        &[("江西局检查分拨中心", Some("江西局"), 1), ("重庆局约谈三家企业", Some("重庆市邮政管理局"), 1)],
    );
}

#[test]
fn without_attributions_items_begin_at_titles_that_name_their_bureau() {
    let text = "各地动态\n江西局启动绿色包装检查\n检查为期一个月，覆盖所有品牌。\n检查结果将通报。\n湖北局开展消防演练\n演练模拟了分拨中心起火场景。";
    check(&of_text(text), &[("江西局启动绿色包装检查", None, 2), ("湖北局开展消防演练", None, 1)]);
}

#[test]
fn a_title_that_names_its_bureau_also_ends_an_item_whose_attribution_is_missing() {
    let text = "江西局启动绿色包装检查\n检查为期一个月，覆盖所有品牌。\n湖北局开展消防演练\n演练模拟了起火场景。（湖北省邮政管理局）\n重庆局发布提示\n提示消费者先验后签。（重庆局）";
    check(
        &of_text(text),
        &[
            ("江西局启动绿色包装检查", None, 1),
            ("湖北局开展消防演练", Some("湖北省邮政管理局"), 1),
            ("重庆局发布提示", Some("重庆局"), 1),
        ],
    );
}

#[test]
fn headings_inside_an_item_do_not_cut_it() {
    let text = "江西局总结上半年工作\n上半年各项工作平稳推进。\n主要做法\n一是抓安全，二是抓服务。（江西局）\n重庆局发布提示\n提示消费者先验后签。（重庆局）";
    check(
        &of_text(text),
        &[("江西局总结上半年工作", Some("江西局"), 3), ("重庆局发布提示", Some("重庆局"), 1)],
    );
}

#[test]
fn one_paragraph_an_item_takes_its_title_from_the_text() {
    let text = "【江西启动满意度调查】江西局日前启动快递服务满意度调查，样本覆盖十一个设区市。（江西局）\n近日，重庆首条无人机邮路开通。航程二十公里，单程十五分钟。（重庆市邮政管理局）";
    check(
        &of_text(text),
        &[("江西启动满意度调查", Some("江西局"), 1), ("重庆首条无人机邮路开通", Some("重庆市邮政管理局"), 1)],
    );
}

#[test]
fn what_is_no_digest_is_not_cut() {
    let single = "江西局召开会议\n会议学习了文件。\n会议强调安全。（江西省邮政管理局）";
    let sections = "关于做好旺季保障的通知\n总体要求\n各单位要提高认识。\n工作安排\n分三个阶段推进。（扩大）\n联系人：张某（综合处）";
    let prose = "第一段讲述一件事。\n第二段继续讲述。\n第三段结束。";
    for text in [single, sections, prose, ""] {
        assert_eq!(split(&of_text(text), &bureaus()), None, "{text}");
    }
}

#[test]
fn entries_link_to_their_place_and_keep_their_id_when_the_page_is_reordered() {
    let url = Url::parse("https://www.163.com/dy/article/K1.html?spm=9").unwrap();
    let entries = from_text(TEXT, &url, &bureaus()).unwrap();
    let first = entries.first().unwrap();
    assert!(
        first
            .url
            .as_ref()
            .unwrap()
            .as_str()
            .starts_with("https://www.163.com/dy/article/K1.html?spm=9#:~:text=%E6%B1%9F")
    );
    assert!(first.id.as_ref().unwrap().starts_with("163.com/dy/article/K1.html#"), "{:?}", first.id);
    let mut lines: Vec<&str> = TEXT.lines().skip(1).collect();
    lines.rotate_left(3);
    let moved =
        from_text(&lines.join("\n"), &Url::parse("http://163.com/dy/article/K1.html").unwrap(), &bureaus())
            .unwrap();
    let mut ids =
        [entries, moved].map(|entries| entries.into_iter().filter_map(|entry| entry.id).collect::<Vec<_>>());
    for ids in &mut ids {
        ids.sort();
    }
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn inline_markup_and_pictures_survive() {
    let body = "<p>江西局推进快递进村</p><p>会议<b>强调</b>安全，见<a href='/a.pdf'>附件</a>。</p><p><img data-src='x.jpg'></p><p>要求落实。（<span>江西局</span>）</p>\
        <p>重庆局发布提示</p><p>提示先验后签。（重庆局）</p>";
    let stories = split(&of_html(&Html::parse_document(body)), &bureaus()).unwrap();
    let html = stories[0].paragraphs.join("\n");
    assert!(
        html.contains("<b>强调</b>")
            && html.contains("<a href=\"/a.pdf\">")
            && html.contains("<img src=\"x.jpg\">"),
        "{html}"
    );
    assert!(html.ends_with("要求落实。"), "{html}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_splitting_panic(text in "(\\PC|\n|（江西局）|江西局|【|】|1\\.|一、){0,300}") {
        let _ = split(&of_text(&text), &bureaus());
        let _ = split(&of_html(&Html::parse_document(&text)), &bureaus());
    }
}
