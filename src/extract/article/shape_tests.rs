//! Properties of reading articles: whatever the page looks like, all of the text is found and nothing around it.

#![expect(clippy::format_collect, reason = "what tests put together is short")]

use proptest::prelude::*;

use super::*;

const PAGE: &str = "https://ju.example.cn/xw/202612/1.html";

/// Bodies as sites wrap them; `B` stands for the paragraphs. The first of each pair is what a profile picks.
const SHAPES: [(&str, &str); 6] = [
    (".detail-news", "<div class=detail-news>B</div>"),
    (".TRS_Editor", "<div class=content><div class=TRS_Editor><style>p{color:red}</style>B</div></div>"),
    ("#zoom", "<td id=zoom><font size=3>B</font></td>"),
    (
        ".post_body",
        "<div class=post_main><div class=post_body>B</div><div class=post_statement>特别声明</div></div>",
    ),
    ("#js_content", "<div id=js_content><section><section>B</section></section></div>"),
    (".nr", "<div class=nr>B<div class=share>分享到：微信</div></div>"),
];

/// Paragraphs as editors write them; `T` stands for the text.
const PARAGRAPHS: [&str; 4] =
    ["<p style='text-indent:2em'>T</p>", "<p><span>T</span></p>\n", "<div>T</div>", "T<br><br>"];

fn paragraph() -> impl Strategy<Value = String> {
    "[全省邮政快递业务安全会议召开检查要求落实主体责任]{20,60}，[抓好旺季服务保障工作]{10,30}。"
}

fn page(title: &str, paragraphs: &[String], shape: usize, style: usize, n_links: usize) -> String {
    let body: String = paragraphs.iter().map(|text| PARAGRAPHS[style].replace('T', text)).collect();
    let links: String =
        (0..n_links).map(|i| format!("<li><a href=/c{i}/>栏目名称第{i}号</a></li>")).collect();
    format!(
        "<title>{title}_某局</title><ul class=nav>{links}</ul><table><tr><td>首页</td></tr><tr>\
         <div class=wrap><h1>{title}</h1><div class=info>发布时间：2026-12-08 10:20 来源：某局</div>{}</div></tr></table>\
         <footer><ul>{links}</ul><p>主办单位：某局 备案号：0</p></footer>",
        SHAPES[shape].1.replace('B', &body)
    )
}

fn read(html: &str, rules: &ArticleRules) -> RawEntry {
    let url = Url::parse(PAGE).unwrap();
    article(&html::parse(html, &url).unwrap(), &url, rules).unwrap().entry
}

fn body_text(entry: &RawEntry) -> String {
    let html = entry.content_html.as_deref().unwrap_or_default();
    let page = html::fragment(html).unwrap();
    html::text(page.root_element()).chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_profile_gives_the_text_and_nothing_else(
        title in "[全省邮政快递会议召开]{8,20}",
        paragraphs in prop::collection::vec(paragraph(), 1..12),
        shape in 0..SHAPES.len(),
        style in 0..PARAGRAPHS.len(),
        n_links in 0_usize..20,
    ) {
        let rules = ArticleRules {
            body: vec![Pick::parse(SHAPES[shape].0).unwrap()],
            drop: vec![Pick::parse(".share").unwrap()],
            ..ArticleRules::default()
        };
        let entry = read(&page(&title, &paragraphs, shape, style, n_links), &rules);
        prop_assert_eq!(&entry.title, &title);
        prop_assert_eq!(body_text(&entry), paragraphs.concat());
        prop_assert_eq!(entry.published.len(), 1);
    }

    // The densest block alone is misled by paragraphs that are `div`s.
    #[cfg(feature = "readability")]
    #[test]
    fn without_a_profile_all_of_the_text_is_found(
        title in "[全省邮政快递会议召开]{8,20}",
        paragraphs in prop::collection::vec(paragraph(), 3..12),
        shape in 0..SHAPES.len(),
        style in 0..PARAGRAPHS.len(),
        n_links in 0_usize..20,
    ) {
        let entry = read(&page(&title, &paragraphs, shape, style, n_links), &ArticleRules::default());
        let text = body_text(&entry);
        prop_assert!(text.contains(&paragraphs.concat()), "{text}");
        prop_assert!(!text.contains("栏目名称") && !text.contains("备案号"), "{text}");
    }
}

/// Pages that would be much work, if what is read of them were not bounded.
#[test]
fn pages_of_many_bylines_bodies_and_files_are_read_within_bounds() {
    let text = "全省快递业务量同比增长。".repeat(50);
    let nested: String = "<div class='info detail-news article-content'>".repeat(300);
    let infos = format!("{nested}{text}");
    let bodies = format!("<div class=detail-news>{text}</div>").repeat(2000);
    let files: String = (0..20_000).map(|i| format!("<a href=f{i}.pdf>文件{i}</a>")).collect();
    let metas = "<meta name=ContentSource content=某局><h1></h1>".repeat(20_000);
    let linked = "<script type='application/ld+json'>[{},{},{}]</script>".repeat(5_000);
    for html in [infos, bodies, metas, linked] {
        let _ = read(&html, &ArticleRules::default());
    }
    let entry = read(&format!("<div class=detail-news>{text}{files}</div>"), &ArticleRules::default());
    assert_eq!(entry.enclosures.len(), 200);
}

#[test]
fn scripts_never_become_text() {
    let attacks = [
        "<script>alert(1)</script>",
        "<style>@import 'x'</style>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<template><img src=x onerror=alert(1)></template>",
        "<object data=x><embed src=x></object>",
        "<noscript><p title='</noscript><script>alert(1)</script>'></noscript>",
    ];
    for attack in attacks {
        let text = "近日，全省邮政快递业安全生产会议在省城召开，会议要求企业落实主体责任。";
        let known = format!("<div class=detail-news><p>{text}</p>{attack}<p>{text}</p></div>");
        let unknown = format!("<div class=x><p>{text}</p>{attack}<p>{text}</p></div>");
        for html in [known, unknown] {
            let entry = read(&html, &ArticleRules::default());
            let body = entry.content_html.unwrap();
            for word in ["<script", "@import", "<iframe", "<template", "<object", "<embed"] {
                assert!(!body.contains(word), "{word} in {body}");
            }
        }
    }
}
