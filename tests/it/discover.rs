//! `dibao discover` on each of the demo's replica sites: what it proposes gives what the site tells.

use std::{collections::BTreeSet, process::Command, sync::Arc};

use dibao::{clock, demo::world::World, model::Timestamp};
use tempfile::TempDir;

use crate::support::house::{House, settings};

fn run(folder: &TempDir, arguments: &[&str]) -> (i32, String) {
    let file = folder.path().join("own.toml");
    if !file.exists() {
        std::fs::write(&file, settings("")).unwrap();
    }
    let done = Command::new(env!("CARGO_BIN_EXE_dibao"))
        .arg("--config")
        .arg(&file)
        .args(arguments)
        .env_remove("DIBAO_CONFIG")
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    (done.status.code().unwrap(), String::from_utf8(done.stdout).unwrap())
}

async fn discovered(folder: &Arc<TempDir>, url: &str) -> (i32, String) {
    let (folder, url) = (Arc::clone(folder), url.to_owned());
    tokio::task::spawn_blocking(move || run(&folder, &["discover", &url])).await.unwrap()
}

/// The titles that a source of the world must give, a digest's in its own punctuation.
fn titles(world: &World, key: &str, now: Timestamp) -> BTreeSet<String> {
    let stories = world.expected(now).into_iter().filter(|story| story.sources.contains(&key));
    stories.map(|story| story.title.replace(['，', ','], "")).collect()
}

/// Polls the best proposal and compares.
async fn check(world: &World, key: &str, start: &str, kind: &str, url: &str) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let (code, text) = discovered(&folder, start).await;
    assert_eq!(code, 0, "{text}");
    let house = House::open(&folder, &settings(&text)).await;
    let best = Arc::clone(&house.poller.config.sources[0]);
    assert_eq!((best.kind.as_str(), best.source.url.as_str()), (kind, url), "{key} from {start}:\n{text}");
    assert!(best.verified && best.source.name.chars().count() > 2);
    let bureau = best.source.bureau.as_ref().map(|bureau| bureau.name.clone());
    let before = titles(world, key, clock::now());
    let report = house.poller.once(&best, clock::now()).await.unwrap();
    assert!(report.is_ok(), "{key}: {report:?}");
    let (feed, _) = house.feed(clock::now()).await;
    let found: BTreeSet<String> = feed
        .entries
        .iter()
        .map(|entry| entry.title.as_ref().unwrap().content.replace(['，', ','], ""))
        .collect();
    let after = titles(world, key, clock::now());
    assert!(found.is_superset(&before) && found.is_subset(&after), "{key}: {found:#?} {before:#?}");
    for entry in &feed.entries {
        let author = entry.authors.first().and_then(|author| author.name.clone());
        assert!(author.is_some(), "{key}: {:?}", entry.title);
        if best.source.role == dibao::model::Role::Primary {
            assert_eq!(author, bureau, "{key}");
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_replica_site_is_found_from_its_home_page_and_from_its_list() {
    let world = World::start(clock::now()).await.unwrap();
    let kinds = [
        ("jx", "list"),
        ("ha", "site"),
        ("nx", "json"),
        ("zj", "list"),
        ("hb", "list"),
        ("cq", "list"),
        ("gd", "feed"),
        ("tj", "list"),
        ("spb", "list"),
        ("digest", "digest"),
    ];
    for (key, kind) in kinds {
        let site = world.site(key).unwrap().clone();
        for start in [site.base.as_str(), site.source_url.as_str()] {
            check(&world, key, start, kind, site.source_url.as_str()).await;
        }
    }
    // The shell whose rows a script fetches leads to the channel's JSON list.
    let nx = world.site("nx").unwrap();
    let shell = nx.base.join("nxyzglj/c100071/c100072/common_list.shtml").unwrap();
    check(&world, "nx", shell.as_str(), "json", nx.source_url.as_str()).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_leads_to_its_list_and_nothing_is_said_in_words() {
    let world = World::start(clock::now()).await.unwrap();
    let site = world.site("jx").unwrap();
    let story = world.expected(clock::now()).into_iter().find(|story| story.sources[0] == "jx").unwrap();
    check(&world, "jx", story.url.as_str(), "list", site.source_url.as_str()).await;

    let folder = Arc::new(tempfile::tempdir().unwrap());
    let (code, text) = discovered(&folder, site.base.join("nowhere.html").unwrap().as_str()).await;
    assert_eq!(code, 1);
    assert!(text.contains("# nothing found: ") && text.contains("status 404"), "{text}");
    assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    let folder = Arc::clone(&folder);
    let (code, json) =
        tokio::task::spawn_blocking(move || run(&folder, &["discover", "http://10.1.2.3/", "--json"]))
            .await
            .unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, value["failed"][0]["name"].as_str()), (1, Some("private-address")), "{value}");
    world.stop().await;
}
