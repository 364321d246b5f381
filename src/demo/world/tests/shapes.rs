//! The pages of each kind of site.

use std::collections::BTreeSet;

use super::*;

#[tokio::test]
async fn every_article_is_served_and_holds_what_is_expected_of_it() {
    let world = World::start(long_ago()).await.unwrap();
    for article in world.articles.iter() {
        let spec = SPECS.iter().find(|spec| spec.key == article.site).unwrap();
        let url = world.site(article.site).unwrap().base.join(&article.path).unwrap();
        let answer = get(&url, &[]).await;
        assert_eq!(answer.status, 200, "{url}");
        let text = unescaped(&decoded(spec.shape, &answer.body));
        for part in article.paragraphs.iter().chain([&article.title]) {
            assert!(text.contains(part.as_str()), "{url} lacks {part}");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn every_source_lists_every_article_of_its_site() {
    let world = World::start(long_ago()).await.unwrap();
    for (spec, site) in SPECS.iter().zip(world.sites()) {
        let answer = get(&site.source_url, &[]).await;
        assert_eq!(answer.status, 200, "{}", site.source_url);
        let text = decoded(spec.shape, &answer.body);
        for article in world.articles.iter().filter(|it| it.site == site.key) {
            let shown = match spec.shape {
                Shape::Trs => article.path.trim_start_matches(spec.root),
                Shape::NetEase => article.title.as_str(),
                _ => article.path.as_str(),
            };
            assert!(text.contains(shown), "{} lacks {shown}", site.source_url);
        }
        let index = get(&site.base, &[]).await;
        assert_eq!(index.status, 200, "{}", site.base);
        assert_eq!(get(&site.base.join("gone/x.html").unwrap(), &[]).await.status, 404);
    }
}

#[tokio::test]
async fn the_digest_page_closes_each_story_with_its_bureau_and_ends_in_boilerplate() {
    let world = World::start(long_ago()).await.unwrap();
    let page = get(&world.site("digest").unwrap().source_url, &[]).await.text();
    assert_eq!(page.matches("邮政管理局)</p>").count(), 8);
    let date =
        world.expected(long_ago()).iter().find(|it| it.sources == ["digest"]).unwrap().published.clone();
    let date = date.replace('T', " ").replace("+08:00", "");
    assert!(page.contains(&format!("data-publishtime=\"{date}\"")), "{date}");
    let end = page.rfind("邮政管理局)</p>").unwrap();
    assert!(page[end..].contains("特别声明") && page[end..].contains("Notice:"));
}

#[tokio::test]
async fn old_pages_are_gbk_and_only_the_page_says_so() {
    let world = World::start(long_ago()).await.unwrap();
    let site = world.site("cq").unwrap();
    for article in world.articles.iter().filter(|it| it.site == "cq") {
        let answer = get(&site.base.join(&article.path).unwrap(), &[]).await;
        assert_eq!(answer.header("content-type"), Some("text/html"));
        assert!(String::from_utf8(answer.body.clone()).is_err());
        let text = decoded(Shape::Trs, &answer.body);
        assert!(text.contains("charset=gb2312") && !text.contains("&#"), "{}", article.title);
    }
    let index = get(&site.source_url.join("index.html").unwrap(), &[]).await;
    assert!(decoded(Shape::Trs, &index.body).contains("[20"));
}

#[tokio::test]
async fn the_feed_can_be_read() {
    let world = World::start(long_ago()).await.unwrap();
    let answer = get(&world.site("gd").unwrap().source_url, &[]).await;
    let feed = feed_rs::parser::parse(answer.body.as_slice()).unwrap();
    let articles: Vec<&Article> = world.articles.iter().filter(|it| it.site == "gd").collect();
    assert_eq!(feed.entries.len(), articles.len());
    for entry in &feed.entries {
        let title = &entry.title.as_ref().unwrap().content;
        let article = articles.iter().find(|it| it.title == *title).unwrap();
        let body = entry.content.as_ref().unwrap().body.as_ref().unwrap();
        assert!(article.paragraphs.iter().all(|text| body.contains(text.as_str())), "{title}");
        if !article.zoneless {
            let second = entry.published.unwrap().timestamp();
            assert_eq!(second, article.published.at.as_second(), "{title}");
        }
    }
    let text = answer.text();
    assert!(text.contains(" 10:05:00</pubDate>") && text.contains("<enclosure "));
    assert!(text.contains("isPermaLink=\"false\"") && text.contains("<guid>http"));
}

#[tokio::test]
async fn the_json_list_is_early_by_eight_hours_and_its_string_is_right() {
    let world = World::start(long_ago()).await.unwrap();
    let site = world.site("nx").unwrap();
    let answer = get(&site.source_url, &[]).await;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let rows = json["data"]["results"].as_array().unwrap();
    let articles: Vec<&Article> = world.articles.iter().filter(|it| it.site == "nx").collect();
    assert_eq!(rows.len(), articles.len());
    for row in rows {
        let url = site.source_url.join(row["url"].as_str().unwrap()).unwrap();
        let article = articles.iter().find(|it| url.path().trim_start_matches('/') == it.path).unwrap();
        assert_eq!(url.port(), site.base.port());
        let early = article.published.at.as_millisecond() - row["publishedTime"].as_i64().unwrap();
        assert_eq!(early, 8 * 3600 * 1000);
        let text = row["publishedTimeStr"].as_str().unwrap().replace(' ', "T");
        assert_eq!(format!("{text}+08:00").parse::<Timestamp>().unwrap(), article.published.at);
    }
    let forms =
        ["http://127", "//127", "/nx"].map(|form| answer.text().contains(&format!("\"url\":\"{form}")));
    assert_eq!(forms, [true; 3]);
    assert!(answer.text().contains("&nbsp;") && answer.text().contains("\"null\""));
    let second = Url::parse(&site.source_url.as_str().replace("page=1", "page=2")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&get(&second, &[]).await.body).unwrap();
    assert_eq!(json["data"]["results"].as_array().unwrap().len(), 0);
    let shell = get(&site.base.join("nxyzglj/c100071/c100072/common_list.shtml").unwrap(), &[]).await;
    assert!(shell.text().contains("<ul id=\"list\"") && !shell.text().contains(&articles[0].title));
}

#[tokio::test]
async fn pages_that_are_no_news_have_the_addresses_of_articles() {
    let world = World::start(long_ago()).await.unwrap();
    let site = world.site("ha").unwrap();
    let page = get(&site.source_url, &[]).await.text();
    let form = regex::Regex::new(r#"href="(/[^"]*/\d{6}/[0-9a-f]{32}\.shtml)""#).unwrap();
    let links: Vec<&str> = form.captures_iter(&page).map(|found| found.extract::<1>().1[0]).collect();
    let distinct: BTreeSet<&str> = links.iter().copied().collect();
    let n_articles = world.articles.iter().filter(|it| it.site == "ha").count();
    assert_eq!(distinct.len(), n_articles + 4);
    assert!(links.len() > distinct.len());
    let columns = ["机构职责", "领导介绍", "办事指南"];
    let mut n_institutions = 0;
    for link in distinct {
        let text = get(&site.base.join(link).unwrap(), &[]).await.text();
        let column = |name: &str| text.contains(&format!("<meta name=\"ColumnName\" content=\"{name}\""));
        n_institutions += usize::from(columns.iter().any(|name| column(name)));
    }
    assert_eq!(n_institutions, 4);
    assert!(page.contains("https://zwfw.example.com/") && page.contains("guide.pdf"));
    assert_eq!(get(&site.base.join("hasyzglj/xhtml/files/guide.pdf").unwrap(), &[]).await.status, 200);
}

#[tokio::test]
async fn a_list_in_a_script_mixes_three_forms_of_rows() {
    let world = World::start(long_ago()).await.unwrap();
    let page = get(&world.site("hb").unwrap().source_url, &[]).await.text();
    let forms = ["</a><span>20", "</a><b>20", "</span><i>20"].map(|form| page.contains(form));
    assert_eq!(forms, [true; 3]);
}

#[test]
fn rows_and_items_are_written_alike_before_and_after_new_ones() {
    let start = fixed_start();
    let articles = Arc::new(articles(start).unwrap());
    for spec in SPECS.iter().filter(|spec| matches!(spec.key, "jx" | "hb" | "gd")) {
        let base = Url::parse("http://127.0.0.1:9/").unwrap();
        let replica = render::Replica { spec, base, articles: Arc::clone(&articles), started_at: start };
        let list = |seconds| {
            let view = render::View::new(&replica, after(start, seconds));
            String::from_utf8(render::page(&view, spec.list, "").unwrap().body).unwrap()
        };
        let later = list(ALL_OUT_S);
        let of_the_page = ["页面生成时间", "<lastBuildDate>"];
        for line in list(0).lines().filter(|line| !of_the_page.iter().any(|mark| line.contains(mark))) {
            assert!(later.contains(line), "{}: {line}", spec.key);
        }
    }
}
