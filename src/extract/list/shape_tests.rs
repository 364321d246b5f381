//! Properties of finding rows: whatever shape a list has and whatever stands around it, all its rows are found and
//! nothing else.

#![expect(clippy::format_collect, reason = "what tests put together is short")]

use proptest::prelude::*;
use url::Url;

use super::*;
use crate::extract::RawTime;

const PAGE: &str = "https://ju.example.cn/xw/index.html";

/// Rows as sites write them; `#` stands for the address, `T` for the title and `D` for the date.
const SHAPES: [&str; 10] = [
    "<li><a href='#'><img src=d.png><p>T</p><span>D</span></a></li>",
    "<li><a href='#' title='T'>T</a><span class=date>[D]</span></li>",
    "<li><span>D</span><a href='#'>T</a></li>",
    "<li><em>D</em><i></i><a target=_blank href='#'><b>T</b></a>",
    "<div class=row><div><a href='#'>T</a></div><div>D</div></div>",
    "<tr><td>·</td><td><a href='#'>T</a></td><td>D</td></tr>",
    "<dd><a href='#'>T</a> 发布时间：D</dd>",
    "<p><a href='#'><font color=black>T</font></a>（D）</p>",
    "<li><a href='#'><h4>T</h4></a><p>业务量稳步增长，服务能力持续提升。</p><time datetime='D'>周二</time></li>",
    "<li><a href='#'>T</a><a href='#'>详情</a><span>D</span></li>",
];

#[derive(Debug, Clone)]
struct Story {
    title: String,
    date: String,
}

fn story() -> impl Strategy<Value = Story> {
    let title = "[全省邮政快递业务安全会议召开检查]{8,24}";
    let date = (2015..2027, 1..13, 1..29).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"));
    (title, date).prop_map(|(title, date)| Story { title, date })
}

/// A page with a list of stories, in a shape, between what stands around lists.
fn page(stories: &[Story], shape: usize, n_links: usize) -> String {
    let rows = stories.iter().enumerate().map(|(i, story)| {
        SHAPES[shape]
            .replace('#', &format!("/n/{i}.html"))
            .replace('T', &story.title)
            .replace('D', &story.date)
    });
    let rows: String = rows.collect();
    let list = match &SHAPES[shape][..3] {
        "<li" => format!("<ul class=list>{rows}</ul>"),
        "<tr" => format!("<table class=list>{rows}</table>"),
        "<dd" => format!("<dl class=list>{rows}</dl>"),
        _ => format!("<div class=list>{rows}</div>"),
    };
    let links: String =
        (0..n_links).map(|i| format!("<li><a href=/c{i}/>栏目名称第{i}号长一些</a></li>")).collect();
    format!(
        "<header><ul>{links}</ul></header><div><ul class=menu>{links}</ul></div><div class=main>{list}\
         <div class=pages><a href=index_1.html>下一页</a></div></div><footer>{links}2020-01-01</footer>"
    )
}

fn found(html: &str, rules: &ListRules) -> Vec<(String, String, String)> {
    let found = from_text(html, &Url::parse(PAGE).unwrap(), rules).unwrap();
    let row = |entry: &crate::extract::RawEntry| {
        let date = entry.published.first().map(|found| match &found.time {
            RawTime::Text(text) => text.clone(),
            RawTime::EpochMs(ms) => ms.to_string(),
        });
        (entry.url.as_ref().map_or("", Url::path).to_owned(), entry.title.clone(), date.unwrap_or_default())
    };
    found.entries.iter().map(row).collect()
}

fn expected(stories: &[Story]) -> Vec<(String, String, String)> {
    let row = |(i, story): (usize, &Story)| (format!("/n/{i}.html"), story.title.clone(), story.date.clone());
    stories.iter().enumerate().map(row).collect()
}

proptest! {
    #[test]
    fn a_list_of_any_shape_is_found_by_itself(
        stories in prop::collection::vec(story(), 3..25),
        shape in 0..SHAPES.len(),
        n_links in 0_usize..12,
    ) {
        let html = page(&stories, shape, n_links);
        prop_assert_eq!(found(&html, &ListRules::default()), expected(&stories), "{}", html);
    }

    #[test]
    fn a_list_of_any_shape_is_found_by_its_addresses(
        stories in prop::collection::vec(story(), 1..12),
        shape in 0..SHAPES.len(),
        n_links in 0_usize..12,
    ) {
        let article_url = Some(regex::Regex::new(r"^/n/\d+\.html$").unwrap());
        let rules = ListRules { article_url, ..ListRules::default() };
        let html = page(&stories, shape, n_links);
        prop_assert_eq!(found(&html, &rules), expected(&stories), "{}", html);
    }
}

#[test]
fn many_links_to_one_article_are_not_looked_around_again_and_again() {
    let links = "<a href=/n/1.html>同一篇报道</a>".repeat(900);
    let html = format!("<div><div><div><div><div>{links}</div></div></div></div></div>").repeat(60);
    let article_url = Some(regex::Regex::new("/n/").unwrap());
    let rules = ListRules { article_url, ..ListRules::default() };
    assert_eq!(found(&html, &rules).len(), 1);
}

#[test]
fn rows_in_rows_are_read_within_bounds() {
    let rule = |pick: &str| ListRules { rows: vec![Pick::parse(pick).unwrap()], ..ListRules::default() };
    let nested: String = (0..400).map(|i| format!("<li><a href=/n/{i}.html>第{i}次会议</a><ul>")).collect();
    assert_eq!(found(&nested, &rule("li")).len(), 400);
    assert_eq!(found(&nested, &rule("li:has(a[href])")).len(), 400);
    let wide = format!("<ul>{}</ul>", "<li><a href=/n/1.html>题</a></li>".repeat(60_000));
    assert_eq!(found(&wide, &rule("li")).len(), 1);
}
