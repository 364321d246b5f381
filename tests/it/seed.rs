//! The first real input: a digest page of eight stories of eight bureaus.

use std::{path::PathBuf, sync::Arc};

use dibao::{
    clock,
    config::{Config, Origins},
    exchange::EntryLine,
    extract::Document,
    preview::{Hints, no_address, preview},
};

/// What the seed's stories are about: the fifth is a report on everything.
const TOPICS: [&[&str]; 8] = [
    &["party-building", "rights"],
    &["rights"],
    &["safety"],
    &["party-building"],
    &["rural-delivery", "safety", "service-quality", "technology"],
    &["technology"],
    &["party-building", "people"],
    &["party-building", "policy"],
];
const REGIONS: [&str; 8] = ["CN-JX", "CN-HA", "CN-NX", "CN-ZJ", "CN-HB", "CN-CQ", "CN-GD", "CN-TJ"];

fn config() -> Arc<Config> {
    Arc::new(Config::load(&Origins::default()).unwrap())
}

/// The seed's text, where it is at hand: it is no part of the project.
fn seed() -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/digest.txt");
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("not checked: the seed digest is not at {}", path.display());
    }
    text
}

fn read(text: &str) -> Vec<EntryLine> {
    let config = config();
    let document =
        Document { url: no_address().unwrap(), content_type: None, body: text.as_bytes().to_vec() };
    let preview = preview(&config, document, &Hints::default(), clock::now()).unwrap();
    preview.entries.iter().map(|made| EntryLine::of(made, config.feed.zone)).collect()
}

/// What the seed's own lines say: title, two paragraphs without the closing bracket, the bureau in it.
fn expected(text: &str) -> Vec<(String, String, String)> {
    let lines: Vec<&str> = text.lines().map(str::trim).skip(1).take(24).collect();
    let item = |lines: &[&str]| {
        let (body, bureau) = lines[2].strip_suffix(')').unwrap().rsplit_once('(').unwrap();
        (lines[0].to_owned(), format!("{}\n\n{body}", lines[1]), bureau.to_owned())
    };
    lines.chunks(3).map(item).collect()
}

fn check(entries: &[EntryLine], text: &str) {
    let found: Vec<(String, String, String)> = entries
        .iter()
        .map(|entry| {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            (text(&entry.title), text(&entry.content_text), text(&entry.bureau))
        })
        .collect();
    assert_eq!(found, expected(text));
    let regions: Vec<&str> = entries.iter().filter_map(|entry| entry.region.as_deref()).collect();
    assert_eq!(regions, REGIONS);
    let all = format!("{entries:?}");
    assert!(!all.contains("特别声明") && !all.contains("Notice"), "boilerplate is left: {all}");
}

fn in_netease_page(text: &str) -> String {
    let paragraphs: String =
        text.lines().skip(1).take(24).map(|line| format!("    <p>{line}</p>\n")).collect();
    let boilerplate: String = text.lines().skip(25).map(|line| format!("{line}<br>")).collect();
    format!(
        "<html id=\"ne_wrap\" data-publishtime=\"2025-12-08 18:30:00\"><head>\
        <link rel=\"canonical\" href=\"https://www.163.com/dy/article/KSEED0000000001.html\"></head><body>\
        <div class=\"post_main\"><h1 class=\"post_title\">各地动态</h1>\
        <div class=\"post_info\">2025-12-08 18:30:00　来源: <a href=\"#\">某号</a></div>\
        <div id=\"content\"><div class=\"post_body\"><p class=\"f_center\"><img src=\"https://nimg.ws.126.net/?url=http%3A%2F%2Fx.cn%2Fa.jpg\"></p>\n\
        {paragraphs}</div></div><div class=\"post_statement\">{boilerplate}</div></div></body></html>"
    )
}

#[test]
fn the_seed_gives_its_eight_stories_exactly() {
    let Some(text) = seed() else { return };
    let entries = read(&text);
    check(&entries, &text);
    let topics: Vec<Vec<&str>> =
        entries.iter().map(|entry| entry.topics.iter().map(String::as_str).collect()).collect();
    assert_eq!(topics, TOPICS);
}

#[test]
fn the_same_text_in_a_page_gives_the_same_stories_with_the_pages_time() {
    let Some(text) = seed() else { return };
    let entries = read(&in_netease_page(&text));
    check(&entries, &text);
    for entry in entries {
        assert_eq!(entry.published.as_deref(), Some("2025-12-08T18:30:00+08:00"));
        assert!(
            entry.url.unwrap().starts_with("https://www.163.com/dy/article/KSEED0000000001.html#:~:text=")
        );
    }
}

/// The same shape in words of our own, always at hand.
fn own_digest() -> String {
    let names = ["江西省", "河南省", "宁夏回族自治区", "浙江省", "湖北省", "重庆市", "广东省", "天津市"];
    let shorts = ["江西", "河南", "宁夏", "浙江", "湖北", "重庆", "广东", "天津"];
    let mut text = String::from("![]()\n");
    for (name, short) in names.iter().zip(shorts) {
        let title = if short == "河南" {
            "河南快递员体检进网点活动启动".to_owned()
        } else {
            format!("{short}局部署快件安检工作")
        };
        text.push_str(&format!(
            "{title}\n近日,{name}邮政管理局召开专题(扩大)会议,部署{short}快件安检工作,传达上级要求。\n\
            会议要求,一是压实责任；二是加强检查。各市局要在2026年度内完成整改。({name}邮政管理局)\n"
        ));
    }
    text.push_str(
        "特别声明:以上内容为用户上传,平台仅提供存储。\nNotice: The content above is uploaded by a user.",
    );
    text
}

#[test]
fn a_digest_of_our_own_gives_its_stories_as_text_and_in_a_page() {
    let text = own_digest();
    check(&read(&text), &text);
    check(&read(&in_netease_page(&text)), &text);
}
