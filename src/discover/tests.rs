use std::collections::BTreeMap;

use super::*;
use crate::{
    config::Origins,
    model::{Kind, Role},
};

const BASE: &str = "https://xw.example.cn";

/// Pages by address; what is not among them answers 404.
type Site<'a> = &'a [(&'a str, &'a str, String)];

fn config() -> Arc<Config> {
    Arc::new(
        Config::load(&Origins {
            text: Some(("test".into(), "defaults = false".into())),
            ..Origins::default()
        })
        .unwrap(),
    )
}

fn found(config: &Arc<Config>, start: &str, site: Site<'_>) -> (Findings, Vec<String>) {
    let now = "2026-11-24T02:00:00Z".parse().unwrap();
    let pages: BTreeMap<&str, (&str, &String)> =
        site.iter().map(|(at, kind, body)| (*at, (*kind, body))).collect();
    let tables = Arc::new(Tables::built_in().unwrap());
    let mut discovery = Discovery::new(Arc::clone(config), tables, Url::parse(start).unwrap(), now);
    let mut asked = Vec::new();
    while let Some(url) = discovery.wish() {
        asked.push(url.to_string());
        discovery.take(match pages.get(url.as_str()) {
            Some((kind, body)) => Ok(Document {
                url: url.clone(),
                content_type: Some(format!("{kind}; charset=utf-8")),
                body: body.as_bytes().to_vec(),
            }),
            None => Err(Fault::of_fetch(&crate::fetch::FetchError::Status {
                url,
                status: 404,
                retry_after: None,
            })),
        });
    }
    (discovery.findings(), asked)
}

fn at(path: &str) -> String {
    format!("{BASE}{path}")
}

/// A page of a system that nobody knows, with rows of its own shape.
fn list_page(title: &str, rows: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>{title}_云上日报</title></head><body><ul class=nav><li><a href='/'>首页</a></li>\
         <li><a href='/about.html'>关于我们</a></li></ul><div class='box news-box'>{rows}</div></body></html>"
    )
}

fn rows() -> String {
    let row = |i: u32| {
        format!(
            "<dl><dt><a href='/a/{i}-{}.htm'><b>第{i}号消息说明快递网点整改情况</b></a></dt><dd class='x'>阅读{i}</dd>\
             <dd class='day'>2026/11/{:02}</dd></dl>",
            i * 7,
            24 - i
        )
    };
    (1..9).map(row).collect()
}

const ARTICLE: &str = "<html><head><title>第1号消息说明快递网点整改情况_云上日报</title></head><body><h1>第1号消息说明快递网点整改情况</h1>\
    <div class='info'>发布时间：2026-11-23 09:00 来源：云上日报</div><article><p>网点负责人介绍，整改分三步进行，先查台账，再查安检机，\
    最后逐一核对从业人员的登记，全部完成后由主管部门验收。</p><p>验收不合格的网点，暂停收寄，直到复查通过为止，其间已收的快件改由邻近网点投递。</p></article></body></html>";

#[test]
fn a_system_that_nobody_knows_gets_rules_learned_from_its_rows() {
    let site = [
        (at("/"), list_page("首页", "<h3>新闻动态</h3><a href='/xw/'>更多</a><p>今日天气晴</p>")),
        (at("/xw/"), list_page("新闻动态", &rows())),
        (at("/a/1-7.htm"), ARTICLE.to_owned()),
    ];
    let pages: Vec<(&str, &str, String)> =
        site.iter().map(|(url, body)| (url.as_str(), "text/html", body.clone())).collect();
    let (findings, asked) = found(&config(), &at("/"), &pages);
    assert_eq!(asked, [at("/"), at("/xw/"), at("/a/1-7.htm")]);
    assert!(findings.systems.is_empty(), "{:?}", findings.systems);
    assert_eq!(findings.owner.name, "云上日报");
    let [proposal] = findings.proposals.as_slice() else { panic!("{:#?}", findings.proposals) };
    assert_eq!((proposal.kind, proposal.channel.as_deref()), (Kind::List, Some("新闻动态")));
    assert!(proposal.rule.starts_with("profile rows"), "{}", proposal.rule);
    assert_eq!((proposal.n_rows, proposal.n_dated), (8, 8));
    assert_eq!(proposal.rows[0].title, "第1号消息说明快递网点整改情况");
    assert_eq!(proposal.rows[0].published.as_deref(), Some("2026-11-23"));
    assert!(proposal.toml.contains("date = [\"dd.day\"]"), "{}", proposal.toml);
    let article = proposal.article.as_ref().unwrap().as_ref().unwrap();
    assert!(
        article.n_chars > 60 && article.fields.iter().any(|(name, _)| name == "published"),
        "{article:?}"
    );
}

#[test]
fn a_feed_is_found_where_the_page_declares_it_and_by_its_own_address() {
    let home = "<html><head><title>云上日报</title><link rel='alternate' type='application/atom+xml' href='/feed.atom' title='要闻'>\
        </head><body><a href=/comments/feed/x.xml>评论</a></body></html>";
    let feed = "<feed xmlns='http://www.w3.org/2005/Atom'><title>重庆市邮政管理局－要闻</title><id>urn:x</id>\
        <updated>2026-11-23T00:00:00Z</updated><entry><title>消息一</title><id>urn:1</id><link href='/1.html'/>\
        <updated>2026-11-23T00:00:00Z</updated><content>正文</content></entry></feed>";
    let (home_url, feed_url) = (at("/"), at("/feed.atom"));
    let pages: Vec<(&str, &str, String)> =
        vec![(&home_url, "text/html", home.to_owned()), (&feed_url, "application/atom+xml", feed.to_owned())];
    for start in [&home_url, &feed_url] {
        let (findings, asked) = found(&config(), start, &pages);
        let [proposal] = findings.proposals.as_slice() else { panic!("{findings:#?}") };
        assert_eq!((proposal.kind, proposal.url.as_str()), (Kind::Feed, feed_url.as_str()));
        assert_eq!(proposal.key, "cq-headlines", "{}", proposal.toml);
        assert_eq!(findings.owner.role(), Role::Primary);
        assert!(asked.iter().all(|url| !url.contains("comments")), "{asked:?}");
    }
}

#[test]
fn never_more_pages_are_wanted_than_allowed_and_skipped_links_never() {
    let names = [
        "工作动态",
        "省局动态",
        "市局动态",
        "通知公告",
        "行业要闻",
        "政策法规",
        "图片新闻",
        "党建工作",
        "统计信息",
    ];
    let links: String = names
        .iter()
        .enumerate()
        .map(|(i, name)| format!("<a href='/c{i}/'>{name}</a>"))
        .collect::<Vec<_>>()
        .concat();
    let home = list_page(
        "首页",
        &format!("{links}<a href=/lx.html>联系我们</a><a href=//other.example.cn/gz/>工作动态</a>"),
    );
    let (findings, asked) = found(&config(), &at("/"), &[(&at("/"), "text/html", home)]);
    let tail: Vec<&str> = asked.iter().skip(1).map(|url| url.strip_prefix(BASE).unwrap()).collect();
    assert_eq!(tail, ["/c0/", "/c1/", "/c2/", "/c4/", "/c3/"], "the best five");
    assert_eq!(findings.failed.len(), 5);
    assert_eq!(findings.failed[0].expected.as_deref(), Some("工作动态"));
    assert!(findings.n_requests <= MAX_REQUESTS);
    assert!(findings.advice.unwrap().contains("dibao preview --kind list"));
}

#[test]
fn what_cannot_be_read_is_said_in_one_sentence() {
    let check = |body: Option<&str>, words: &str| {
        let pages: Vec<(String, String)> =
            body.iter().map(|body| (at("/x.html"), (*body).to_owned())).collect();
        let pages: Vec<(&str, &str, String)> =
            pages.iter().map(|(url, body)| (url.as_str(), "text/html", body.clone())).collect();
        let (findings, _) = found(&config(), &at("/x.html"), &pages);
        let advice = findings.advice.unwrap();
        assert!(findings.proposals.is_empty() && advice.contains(words), "{advice}");
    };
    check(None, "answers with status 404");
    check(Some("<html><script>go()</script><body>载入中"), "page holds only script");
    check(Some(ARTICLE), "is one article");
    check(Some("<html><ul id=list></ul><script src=a.js></script><p>工作动态</p>"), "`#list` is empty");
    check(Some("<html><p>没有</p><p>什么都没有</p></html>"), "neither rows with links and dates");
    check(Some("{\"a\":1}"), "neither rows");
}

#[test]
fn an_empty_shell_leads_to_its_json_list_by_whichever_address_answers() {
    const ID: &str = "0f0e0d0c0b0a09080706050403020100";
    let shell = format!(
        "<html><head><meta name=SiteName content=青海省邮政管理局><meta name=channelid content={ID}>\
         <meta name=ColumnName content=通知公告></head><body><ul id=list></ul><script src=/x.js></script></body></html>"
    );
    let json = "{\"data\":{\"results\":[{\"manuscriptId\":\"1\",\"title\":\"通知一\",\"url\":\"/t/1.html\",\
        \"publishedTimeStr\":\"2026-11-20 08:00:00\"}]}}";
    let (start, list) =
        (at("/qh/common_list.shtml"), at(&format!("/searchList/{ID}?_isJson=true&_pageSize=20&page=1")));
    let pages: Vec<(&str, &str, String)> =
        vec![(&start, "text/html", shell), (&list, "application/json", json.to_owned())];
    let (findings, asked) = found(&config(), &start, &pages);
    let [proposal] = findings.proposals.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((proposal.kind, proposal.key.as_str()), (Kind::Json, "qh-notices"));
    assert_eq!(proposal.rows[0].published.as_deref(), Some("2026-11-20T08:00:00+08:00"));
    assert!(!asked.iter().any(|url| url.contains("/search/") && !url.contains("/common/")), "{asked:?}");
    assert_eq!(findings.failed[0].expected.as_deref(), Some(format!("JSON list of channelId {ID}").as_str()));
}

#[test]
fn keys_that_are_taken_are_not_given_again_and_known_addresses_are_told() {
    let feed = "<rss version='2.0'><channel><title>青海局</title><item><title>一</title><link>https://xw.example.cn/1</link>\
        </item></channel></rss>";
    let url = at("/rss.xml");
    let text = format!("defaults = false\n[[source]]\nkey = \"qh\"\nkind = \"feed\"\nurl = \"{url}\"\n");
    let config =
        Arc::new(Config::load(&Origins { text: Some(("t".into(), text)), ..Origins::default() }).unwrap());
    let (findings, _) = found(&config, &url, &[(&url, "text/xml", feed.to_owned())]);
    assert_eq!(findings.proposals[0].key, "qh-2");
    assert!(findings.notes.iter().any(|note| note.contains("as source `qh`")), "{:?}", findings.notes);
}

#[test]
fn hosts_tell_whose_they_are() {
    let tables = Tables::built_in().unwrap();
    let check = |host: &str, expected: Option<&str>| {
        assert_eq!(tables.channels.region_of_host(host).as_deref(), expected, "{host}");
    };
    check("jx.spb.gov.cn", Some("CN-JX"));
    check("www.spb.gov.cn", Some("CN"));
    check("jx.spb.gov.cn.example.com", None);
    check("zfgk.spb.gov.cn", None);
}

#[test]
fn texts_name_channels_as_a_whole_or_as_a_part_of_few_words() {
    let tables = Tables::built_in().unwrap();
    let slug = |text: &str| tables.channels.named(text).map(|named| named.slug.to_owned());
    let check = |text: &str, expected: Option<&str>| assert_eq!(slug(text).as_deref(), expected, "{text}");
    check("工作动态", Some("news"));
    check("【市局动态】", Some("cities"));
    check("  通知公告 >>", Some("notices"));
    check("江西邮政工作动态", Some("news"));
    check("关于做好旺季服务通知公告工作的若干意见", None);
    check("联系我们", None);
    assert!(tables.channels.is_more("更多 >>") && tables.channels.is_more("MORE"));
    assert!(!tables.channels.is_more("更多人参加"));
}

#[test]
fn every_profile_that_a_system_names_exists() {
    let (tables, config) = (Tables::built_in().unwrap(), config());
    for system in &tables.systems {
        if let Some(profile) = &system.profile {
            assert!(config.profile_rules(profile).is_some(), "{}", system.name);
        }
    }
}

#[test]
fn hostile_pages_are_read_within_bounds() {
    let many = "<li><a href=/list/1.shtml?x=".to_owned()
        + &"<li><a href=/xw/a.html>更多</a><li>工作动态".repeat(20_000);
    let deep = "<div>".repeat(20_000);
    let quotes = list_page("\"\"\"\n'''\\ \u{1b}]0;x\u{7}", &rows().replace("第", "\"\\第"));
    for body in [many, deep, quotes, "\u{0}<".repeat(1000)] {
        let started = crate::clock::Effort::start();
        let (findings, _) = found(&config(), &at("/l/"), &[(&at("/l/"), "text/html", body)]);
        assert!(findings.n_requests <= MAX_REQUESTS);
        // Some seconds of an unoptimised build; what grows with the square would take minutes.
        assert!(started.spent().as_secs() < 40, "{:?}", started.spent());
    }
}
