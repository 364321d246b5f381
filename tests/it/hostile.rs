//! Sites that mean harm: what they send is refused or cut with a plain word, costs no more than it may, and nothing
//! of it runs in a reader.

use dibao::{clock, poll::Outcome};
use tempfile::TempDir;

use crate::support::{
    house::{House, settings},
    upstream::{Answer, Upstream},
};

fn source(key: &str, upstream: &Upstream, more: &str) -> String {
    let url = upstream.url(&format!("/{key}/common_list.shtml"));
    format!(
        "[[source]]\nkey = \"{key}\"\nkind = \"list\"\nurl = \"{url}\"\nprofile = \"kaipuyun\"\n\
         list.article_url = '/n/'\n{more}\n"
    )
}

fn rows(n: usize) -> String {
    (0..n).map(|i| format!("<li><a href=/n/{i}.html>第{i}次会议</a><span>{}</span></li>", today())).collect()
}

/// A day that a first visit takes.
fn today() -> String {
    clock::now().to_string()[..10].to_owned()
}

/// List pages made to cost or to break.
fn lists() -> [(&'static str, String, &'static str); 6] {
    let attributes: String = (0..40_000).map(|i| format!(" a{i}=1")).collect();
    let formatting: String = (0..200).map(|i| format!("<b id={i}>")).collect();
    [
        ("deep", "<div>".repeat(5_000) + &rows(3), "too-deep"),
        ("flood", format!("<ul{attributes}>{}</ul>", rows(3)), "too-complex"),
        ("endless-tag", format!("{}<p{attributes}", rows(3)), "too-complex"),
        ("formatting", format!("<p>{formatting}{}{}", "<p>x".repeat(60_000), rows(3)), "too-complex"),
        ("stray", format!("{}{}", "<i>".repeat(900), "</x>".repeat(200_000)), "too-complex"),
        ("controls", "\u{1}\u{0}<\u{8}>&#0;&#x110000;".repeat(10_000), "no-rows"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_made_to_cost_are_refused_by_name_and_hold_up_nobody() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    let mut text = String::new();
    for (key, page, _) in lists() {
        upstream.set(&format!("/{key}/common_list.shtml"), Answer::html(page));
        text.push_str(&source(key, &upstream, "article.fetch = false"));
    }
    upstream.set("/good/common_list.shtml", Answer::html(format!("<ul>{}</ul>", rows(3))));
    text.push_str(&source("good", &upstream, "article.fetch = false"));
    let house = House::open(&folder, &settings(&text)).await;
    let sources = house.poller.config.sources.clone();
    let reports = dibao::daemon::pass(&house.poller, sources, |_| {}).await.unwrap();
    let report = |key: &str| reports.iter().find(|report| report.source.as_str() == key).unwrap();
    for (key, _, name) in lists() {
        let Outcome::Fault(fault) = &report(key).outcome else { panic!("{key}: {:?}", report(key)) };
        assert_eq!(fault.name, name, "{key}: {fault:?}");
    }
    assert_eq!((report("good").n_rows, report("good").n_new), (3, 3));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_200_000_rows_gives_2_000() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    upstream.set("/huge/common_list.shtml", Answer::html(format!("<ul>{}</ul>", rows(200_000))));
    let text = settings(&source("huge", &upstream, "article.fetch = false"))
        .replace("timeout = \"20s\"", "timeout = \"60s\"\nmax_body = \"32MiB\"");
    let house = House::open(&folder, &text).await;
    let report = house.poll("huge", clock::now()).await;
    assert_eq!((report.n_rows, report.n_new), (2_000, 2_000), "{:?}", report.outcome);
    assert!(report.notes.iter().any(|note| note.contains("more than 2000 rows")), "{:?}", report.notes);
    house.close().await;
}

/// What a page may try to run in a reader.
const ATTACKS: [&str; 14] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>一</a>",
    "<a href=' java&#x09;script:alert(1)'>二</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>三</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action='javascript:alert(1)'><button formaction='javascript:alert(1)'>四</button></form>",
    "<p style='background:url(javascript:alert(1))' onclick=alert(1)>五</p>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='javascript:alert(1)//'>",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">",
];

/// A sentence that no other number gives, so that no two stories are taken for one.
fn sentence(n: usize) -> String {
    (0..30)
        .filter_map(|i| char::from_u32(0x4e00 + u32::try_from((n * 997 + i * 61) % 20_000).unwrap()))
        .collect()
}

/// Fails when an element or attribute could run something.
fn assert_inert(html: &str) {
    const ACTIVE: [&str; 10] =
        ["script", "style", "iframe", "form", "button", "svg", "math", "meta", "base", "object"];
    let page = scraper::Html::parse_fragment(html);
    for element in page.select(&scraper::Selector::parse("*").unwrap()) {
        let element = element.value();
        assert!(!ACTIVE.contains(&element.name()), "{} in {html}", element.name());
        for (name, value) in element.attrs() {
            let scheme = value.split_once(':').map(|(scheme, _)| scheme.trim().to_ascii_lowercase());
            let is_web = matches!(scheme.as_deref(), Some("http" | "https" | "mailto"));
            let is_inert = !name.starts_with("on") && name != "style";
            assert!(is_inert && (is_web || !matches!(name, "href" | "src")), "{name}={value} in {html}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_page_tries_to_run_reaches_readers() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    let mut list = String::from("<ul>");
    for (i, attack) in ATTACKS.iter().enumerate() {
        let attribute = attack.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let title = format!("{}{attribute}", sentence(i + 100));
        list.push_str(&format!(
            "<li><a href=/n/{i}.html title=\"{title}\">{}…</a><span>{}</span></li>",
            &sentence(i + 100)[..9],
            today()
        ));
        let text = format!("<p>{}主体责任</p>", sentence(i));
        let article = format!(
            "<meta name=ArticleTitle content=\"{title}\"><meta name=ContentSource content=\"{attribute}\">\
             <div class=content><div class=detail-news>{text}{attack}{text}</div></div>"
        );
        upstream.set(&format!("/n/{i}.html"), Answer::html(article));
    }
    upstream.set("/evil/common_list.shtml", Answer::html(list));
    let house = House::open(&folder, &settings(&source("evil", &upstream, ""))).await;
    let now = clock::now();
    let report = house.poll("evil", now).await;
    assert_eq!(report.n_new, ATTACKS.len(), "{report:?}");
    let (feed, _) = house.feed(now).await;
    assert_eq!(feed.entries.len(), ATTACKS.len());
    for entry in &feed.entries {
        let html = entry.content.as_ref().and_then(|content| content.body.as_deref()).unwrap();
        assert_inert(html);
        assert!(html.contains("主体责任"), "{html}");
        let title = entry.title.as_ref().unwrap();
        assert_eq!(title.content_type.to_string(), "text/plain", "{title:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn articles_made_to_cost_fail_alone() {
    let (folder, upstream) = (TempDir::new().unwrap(), Upstream::start().await);
    upstream.set("/some/common_list.shtml", Answer::html(format!("<ul>{}</ul>", rows(4))));
    let attributes: String = (0..40_000).map(|i| format!(" a{i}=1")).collect();
    let body = "<div class=detail-news><p>会议要求落实责任。</p>";
    upstream.set("/n/0.html", Answer::html(format!("{body}{}", "<div>".repeat(5_000))));
    upstream.set("/n/1.html", Answer::html(format!("{body}<p{attributes}>")));
    upstream.set("/n/2.html", Answer::html(format!("{body}{}", "<i>x</i>".repeat(250_000))));
    upstream.set("/n/3.html", Answer::html(body));
    let house = House::open(&folder, &settings(&source("some", &upstream, ""))).await;
    let report = house.poll("some", clock::now()).await;
    assert_eq!((report.n_rows, report.n_new, report.n_pending), (4, 1, 3), "{report:?}");
    let told = report.notes.join("\n");
    for words in ["nests elements deeper than 1000", "would take minutes", "more than 250000 elements"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    house.close().await;
}
