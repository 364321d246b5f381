//! Today's rules over what the demo's world left in the store.

use std::{collections::HashMap, sync::Arc};

use dibao::{
    clock,
    config::{Config, Origins},
    demo::{settings, world::World},
    fetch::Client,
    poll::Poller,
    reprocess::{Difference, Mode, Outcome, Report, Reprocessor},
    store::Store,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::{
    house::{House, after, settings as house_settings},
    upstream::{Answer, Upstream},
};

fn config(world: &World, folder: &TempDir, more: &str) -> Arc<Config> {
    let text = settings::config_toml(world, "127.0.0.1:0".parse().unwrap(), folder.path());
    let env = vec![("DIBAO_FETCH_PER_HOST_INTERVAL".to_owned(), "0s".to_owned())];
    let text = format!("{text}\n{more}");
    Arc::new(Config::load(&Origins { file: None, text: Some(("demo".into(), text)), env }).unwrap())
}

async fn house(config: Arc<Config>) -> House {
    let store = Store::open(&config.store_path, clock::now()).await.unwrap();
    let stop = CancellationToken::new();
    let client = Arc::new(Client::new(&config.fetch, stop.clone()).unwrap());
    let base = Url::parse("https://feeds.example/").unwrap();
    let press = Arc::new(dibao::press::Press::new(Arc::clone(&config), store.clone(), base));
    let (publisher, shelf) = (dibao::daemon::Publisher::new(Arc::clone(&press)), Arc::clone(press.shelf()));
    House { poller: Poller { config, client, store }, publisher, press, shelf, stop }
}

async fn poll_all(house: &House) {
    let sources = house.poller.config.sources.clone();
    for report in dibao::daemon::pass(&house.poller, sources, |_| {}).await.unwrap() {
        assert!(report.is_ok(), "{report:?}");
    }
}

/// All sources under a configuration; reports by key.
async fn reprocessed(house: &House, config: &Arc<Config>, mode: Mode) -> HashMap<String, Report> {
    let reprocessor = Reprocessor { config: Arc::clone(config), store: house.poller.store.clone(), mode };
    let mut reports = HashMap::new();
    for source in &config.sources {
        let report = reprocessor.source(source, clock::now()).await.unwrap();
        assert_eq!(report.unread, [], "{}", report.source);
        reports.insert(report.source.to_string(), report);
    }
    reports
}

fn all(reports: &HashMap<String, Report>) -> Vec<String> {
    let mut lines: Vec<String> = reports
        .iter()
        .flat_map(|(key, report)| report.findings.iter().map(move |finding| format!("{key}: {finding:?}")))
        .collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_have_not_changed_show_no_difference() {
    let world = World::start(clock::now()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Among them a page without rows, in whose stead its channel's JSON list is read and kept.
    let shell = world.site("nx").unwrap().base.join("nxyzglj/c100071/c100072/common_list.shtml").unwrap();
    let shell = format!(
        "[[source]]\nkey = \"shell\"\nkind = \"list\"\nurl = \"{shell}\"\nprofile = \"kaipuyun\"\nbureau = \"CN-NX\"\n\
        role = \"primary\"\n"
    );
    let config = config(&world, &folder, &shell);
    let house = house(Arc::clone(&config)).await;
    poll_all(&house).await;
    let reports = reprocessed(&house, &config, Mode::Show).await;
    assert_eq!(all(&reports), Vec::<String>::new());
    let n_entries = house.poller.store.counts().await.unwrap().entries;
    let n_compared: usize = reports.values().map(|report| report.n_compared).sum();
    assert_eq!(i64::try_from(n_compared).unwrap(), n_entries, "every entry has its document");
    assert!(reports.values().all(|report| report.n_without_document == 0 && report.new_rows.is_empty()));
    let list = reports["shell"].list.as_ref().unwrap();
    assert!(list.n_rows >= 5 && list.rule.starts_with("JSON items"), "{list:?}");
    house.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rule_shows_exactly_the_entries_that_change_and_applies_once() {
    let world = World::start(clock::now()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let before = config(&world, &folder, "");
    let house = house(Arc::clone(&before)).await;
    poll_all(&house).await;
    let (feed, etag) = house.feed(clock::now()).await;

    // The first paragraph of every article of this kind of site drops out; other kinds are untouched.
    let changed = "[profile.hanweb.article]\ndrop = [\"#zoom > p:first-of-type\"]\n";
    let today = config(&world, &folder, changed);
    let shown = reprocessed(&house, &today, Mode::Show).await;
    let n_hb = shown["hb"].n_compared;
    assert!(n_hb >= 5);
    assert_eq!(shown["hb"].findings.len(), n_hb);
    assert_eq!(all(&shown).len(), n_hb, "{:#?}", all(&shown));
    for finding in &shown["hb"].findings {
        let Outcome::Changed { differences } = &finding.outcome else { panic!("{finding:?}") };
        let [Difference::Text(counts)] = differences.as_slice() else { panic!("{finding:?}") };
        assert!(counts.added == 0 && counts.removed > 10, "{counts:?}");
    }
    assert_eq!(house.poller.store.counts().await.unwrap().revisions, 0, "nothing is written");
    assert_eq!(house.feed(clock::now()).await.1, etag);

    let applied = reprocessed(&house, &today, Mode::Apply).await;
    assert_eq!(applied["hb"].n_written, n_hb);
    let revisions = house.poller.store.counts().await.unwrap().revisions;
    assert_eq!(usize::try_from(revisions).unwrap(), n_hb);
    let (revised, _) = house.feed(clock::now()).await;
    let ids = |feed: &feed_rs::model::Feed| {
        let mut ids: Vec<String> = feed.entries.iter().map(|entry| entry.id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&revised), ids(&feed), "ids never change");
    let old: HashMap<&str, _> = feed.entries.iter().map(|entry| (entry.id.as_str(), entry)).collect();
    for entry in &revised.entries {
        let was = old[entry.id.as_str()];
        let is_revised = entry.content.as_ref().map(|it| &it.body) != was.content.as_ref().map(|it| &it.body);
        assert_eq!(entry.updated != was.updated, is_revised, "{:?}", entry.title);
    }
    assert_eq!(all(&reprocessed(&house, &today, Mode::Apply).await), Vec::<String>::new(), "a second time");
    house.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_news_and_what_is_none_are_told_apart() {
    let world = World::start(clock::now()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let house = house(config(&world, &folder, "")).await;
    poll_all(&house).await;
    let counts = house.poller.store.counts().await.unwrap();

    // A list's title by another pick; a column that is news today; a title that is none today.
    let more = "[profile.hanweb.list]\ntitle = [\"a\"]\n[profile.kaipuyun.article]\nskip_column = '机构职[责能]|领导介绍'\n";
    let today = config(&world, &folder, more);
    let shown = reprocessed(&house, &today, Mode::Show).await;
    let titles = &shown["hb"].findings;
    assert!(!titles.is_empty());
    for finding in titles {
        let Outcome::Changed { differences } = &finding.outcome else { panic!("{finding:?}") };
        assert!(differences.iter().all(|it| matches!(it, Difference::Title(_))), "{finding:?}");
    }
    let news: Vec<&str> = shown["ha"].findings.iter().map(|finding| finding.title.as_str()).collect();
    assert_eq!(news, ["智能快件箱备案如何办理"], "{:#?}", all(&shown));
    assert_eq!(shown["ha"].findings[0].outcome, Outcome::New);
    assert_eq!(house.poller.store.counts().await.unwrap(), counts);

    let applied = reprocessed(&house, &today, Mode::Apply).await;
    assert_eq!(applied["ha"].n_written, 1);
    assert_eq!(all(&reprocessed(&house, &today, Mode::Show).await), Vec::<String>::new());

    // Back again: what is published stays, and is told.
    let back = config(&world, &folder, "");
    let shown = reprocessed(&house, &back, Mode::Apply).await;
    let withheld = &shown["ha"].findings[0];
    assert!(
        matches!(&withheld.outcome, Outcome::Withheld { reason } if reason.contains("办事指南")),
        "{withheld:?}"
    );
    let now = house.poller.store.counts().await.unwrap();
    assert_eq!(now.entries, counts.entries + 1);
    house.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_writes_and_fails_where_documents_cannot_be_read() {
    let world = World::start(clock::now()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let house = house(config(&world, &folder, "")).await;
    poll_all(&house).await;
    house.close().await;
    let settings = settings::config_toml(&world, "127.0.0.1:0".parse().unwrap(), folder.path());
    world.stop().await;
    let run = |more: &str, arguments: &[&str]| {
        let file = folder.path().join("own.toml");
        std::fs::write(&file, format!("{settings}\n{more}")).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dibao"));
        let done = command.arg("--config").arg(&file).arg("reprocess").args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code().unwrap(), text(&done.stdout) + &text(&done.stderr))
    };
    let (code, text) = run("", &[]);
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("changed  ") && text.contains("0 changed, 0 new, 0 withheld"), "{text}");
    let drop = "[profile.hanweb.article]\ndrop = [\"#zoom > p:first-of-type\"]\n";
    let (code, text) = run(drop, &["hb"]);
    assert!(code == 0 && text.contains("characters added") && text.contains("nothing written"), "{text}");
    let (code, json) = run(drop, &["hb", "--apply", "--json"]);
    let value: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
    assert_eq!((code, &value["findings"][0]["outcome"]), (0, &"changed".into()), "{value}");
    assert_eq!(value["written"].as_u64(), value["findings"].as_array().map(|it| it.len() as u64));
    let (_, text) = run(drop, &["hb"]);
    assert!(text.contains("0 changed"), "{text}");
    // A page by which nothing can be told any more: every document is named, and the exit code says so.
    let (code, text) = run("[profile.hanweb.article]\nmissing = [\"body\"]\n", &["hb"]);
    assert!(code == 1 && text.contains("unread") && text.contains("does not exist"), "{text}");
    let (code, text) = run("", &["nobody"]);
    assert!(code == 2 && text.contains("no source `nobody`"), "{text}");
}

const A: &str = "/jx/202611/0123456789abcdef0123456789abcdef.shtml";
const B: &str = "/jx/202611/fedcba9876543210fedcba9876543210.shtml";

/// The day so many days ago, as pages write it.
fn day(ago: u64) -> String {
    let at = clock::now().checked_sub(std::time::Duration::from_secs(ago * 86_400)).unwrap();
    dibao::normalise::time::rfc3339(at, jiff::tz::Offset::from_hours(8).unwrap())[..10].to_owned()
}

fn list(rows: &[(&str, &str, &str)]) -> Answer {
    let row = |(path, title, date): &(&str, &str, &str)| {
        format!("<li><a href=\"{path}\">{title}</a><span>{date}</span></li>")
    };
    Answer::html(format!("<ul>{}</ul>", rows.iter().map(row).collect::<String>()))
}

fn article(date: &str) -> Answer {
    Answer::html(format!(
        "<div class=\"content\"><h2>会议</h2><div class=\"info\"><p class=\"fl\">日期：{date}</p></div>\
        <div class=\"detail-news\"><p>会议通报了检查情况，部署了下一步工作。</p></div></div>"
    ))
}

#[tokio::test]
async fn what_the_first_visit_left_out_for_its_age_stays_out_and_further_rows_come_with_the_next_poll() {
    let upstream = Upstream::start().await;
    let item = |n: u32, date: &str| {
        format!(
            "<item><title>消息{n}</title><guid>urn:x:{n}</guid><pubDate>{date} 08:00:00</pubDate><description>正文</description></item>"
        )
    };
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>x</title>{}{}</channel></rss>",
        item(1, &day(2)),
        item(2, &day(90))
    );
    upstream.set("/rss.xml", Answer::page("application/rss+xml", feed));
    upstream.set("/list", list(&[(A, "江西局召开会议", "近日"), (B, "江西局召开座谈会", &day(1))]));
    upstream.set(A, article(&day(90)));
    upstream.set(B, article(&day(1)));
    let sources = |more: &str| {
        house_settings(&format!(
            "[[source]]\nkey = \"feed\"\nkind = \"feed\"\nurl = \"{}\"\n[[source]]\nkey = \"jx\"\nkind = \"list\"\nurl = \"{}\"\n\
            profile = \"kaipuyun\"\nbureau = \"CN-JX\"\nrole = \"primary\"\n{more}",
            upstream.url("/rss.xml"),
            upstream.url("/list")
        ))
    };
    let folder = tempfile::tempdir().unwrap();
    let strict = "list = { skip_title = '座谈' }\n";
    let house = House::open(&folder, &sources(strict)).await;
    assert_eq!(house.poll("feed", clock::now()).await.n_new, 1);
    assert_eq!(house.poll("jx", clock::now()).await.n_new, 0);
    let today = house.poller.config.clone();
    assert_eq!(all(&reprocessed(&house, &today, Mode::Show).await), Vec::<String>::new());
    // Not stored: the list gave nothing new. What it shows next is.
    upstream.set(
        "/list",
        list(&[
            (A, "江西局召开会议", "近日"),
            (B, "江西局召开座谈会", &day(1)),
            (&B.replace("fed", "aaa"), "江西局召开例会", &day(1)),
        ]),
    );
    upstream.set(&B.replace("fed", "aaa"), article(&day(1)));
    assert_eq!(house.poll("jx", after(clock::now(), 600)).await.n_new, 1);

    // Now titles with 座谈 are news: the row is known from the stored list, its article is not.
    let today = crate::support::house::config(&folder, &sources(""));
    let applied = reprocessed(&house, &today, Mode::Apply).await;
    assert_eq!(
        (all(&applied).len(), applied["jx"].new_rows.as_slice()),
        (0, ["江西局召开座谈会".to_owned()].as_slice())
    );
    let poller = Poller { config: Arc::clone(&today), ..house.poller.clone() };
    let report = poller.once(today.source("jx").unwrap(), after(clock::now(), 1_200)).await.unwrap();
    assert_eq!(report.n_new, 1, "the list is read again though it has not changed: {report:?}");
    house.close().await;
}
