//! Answers, validators, start and stop.

use super::*;

#[tokio::test]
async fn attachments_are_served() {
    let world = World::start(long_ago()).await.unwrap();
    let expected = world.expected(crate::clock::now());
    let attachments: Vec<&Url> = expected.iter().flat_map(|it| &it.attachments).collect();
    assert!(attachments.len() >= 8);
    for url in attachments {
        assert_eq!(get(url, &[]).await.status, 200, "{url}");
    }
    let draft = world.site("nx").unwrap().base.join("nxyzglj/files/draft.docx").unwrap();
    assert_eq!(get(&draft, &[]).await.status, 404);
}

#[tokio::test]
async fn unchanged_pages_answer_304_to_their_own_validators() {
    let world = World::start(crate::clock::now()).await.unwrap();
    for (spec, site) in SPECS.iter().zip(world.sites()) {
        let url = &site.source_url;
        let first = get(url, &[]).await;
        assert_eq!(first.header("etag").is_some(), spec.validators, "{url}");
        let (Some(etag), Some(date)) = (first.header("etag"), first.header("last-modified")) else {
            assert_eq!(first.header("last-modified"), None);
            continue;
        };
        assert!(etag.starts_with('"') && date.ends_with(" GMT"), "{etag} {date}");
        let check = async |name: &str, value: &str, expected: u16| {
            let answer = get(url, &[(name, value)]).await;
            assert_eq!(answer.status, expected, "{url} {name}: {value}");
            assert_eq!(answer.body.is_empty(), expected == 304);
            assert_eq!(answer.header("etag"), Some(etag));
        };
        check("If-None-Match", etag, 304).await;
        check("If-None-Match", &format!("\"x\", W/{etag}"), 304).await;
        check("If-None-Match", "\"x\"", 200).await;
        check("If-Modified-Since", date, 304).await;
        check("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT", 200).await;
        check("If-Modified-Since", "yesterday", 200).await;
        let both = get(url, &[("If-None-Match", "\"x\""), ("If-Modified-Since", date)]).await;
        assert_eq!(both.status, 200, "{url}");
    }
}

#[tokio::test]
async fn new_stories_come_out_while_the_world_runs_and_change_the_validators() {
    let young = World::start(crate::clock::now()).await.unwrap();
    let grown = World::start(long_ago()).await.unwrap();
    let fresh = young.articles.iter().filter(|it| it.visible_at > young.started_at());
    let sites: Vec<&str> = fresh.clone().map(|it| it.site).collect();
    assert_eq!(sites, ["jx", "ha", "nx", "hb", "gd", "spb"]);
    for article in fresh {
        let url = |world: &World| world.site(article.site).unwrap().base.join(&article.path).unwrap();
        assert_eq!(get(&url(&young), &[]).await.status, 404, "{}", article.title);
        let list = |world: &World| world.site(article.site).unwrap().source_url.clone();
        let (before, after) = (get(&list(&young), &[]).await, get(&list(&grown), &[]).await);
        assert_ne!(before.header("etag"), after.header("etag"));
        assert!(!before.text().contains(&article.title) && after.text().contains(&article.title));
    }
}

#[tokio::test]
async fn new_stories_leave_the_pages_of_old_ones_as_they_are() {
    let start = crate::clock::now();
    let world = World::start(start).await.unwrap();
    for (spec, site) in SPECS.iter().zip(world.sites()) {
        let articles = Arc::clone(&world.articles);
        let replica = render::Replica { spec, base: site.base.clone(), articles, started_at: start };
        let at = |seconds| render::View::new(&replica, after(start, seconds));
        for article in at(0).articles {
            let page = |seconds| render::page(&at(seconds), &article.path, "").unwrap();
            let (old, new) = (page(0), page(ALL_OUT_S));
            assert_eq!((old.body, old.changed_at), (new.body, new.changed_at), "{}", article.title);
        }
    }
}

#[tokio::test]
async fn robots_rules_are_served_or_missing() {
    let world = World::start(long_ago()).await.unwrap();
    let check = async |key: &str, status: u16, holds: &str| {
        let url = world.site(key).unwrap().base.join("robots.txt").unwrap();
        let answer = get(&url, &[]).await;
        assert_eq!(answer.status, status, "{key}");
        assert!(answer.text().contains(holds), "{key}");
    };
    check("jx", 200, "Crawl-delay: 0\nDisallow: /manage/\n").await;
    check("nx", 200, "Allow: /\n").await;
    check("cq", 404, "").await;
}

#[tokio::test]
async fn the_configuration_names_every_site() {
    let world = World::start(fixed_start()).await.unwrap();
    let config: toml::Table = toml::from_str(&world.config_toml()).unwrap();
    let sources = config["source"].as_array().unwrap();
    assert_eq!(sources.len(), world.sites().len());
    for (source, site) in sources.iter().zip(world.sites()) {
        assert_eq!(source["key"].as_str(), Some(site.key));
        assert_eq!(source["url"].as_str(), Some(site.source_url.as_str()));
        assert_eq!(source["verified"].as_bool(), Some(true));
    }
    let source = |key: &str| sources.iter().find(|it| it["key"].as_str() == Some(key)).unwrap();
    assert_eq!(source("tj")["list"]["rows"][0].as_str(), Some("table.news tr"));
    assert_eq!(source("digest").get("bureau"), None);
    assert_eq!(source("gd").get("profile"), None);
    assert_eq!(source("spb")["role"].as_str(), Some("national"));
}

#[tokio::test]
async fn a_stopped_world_answers_no_more() {
    let world = World::start(long_ago()).await.unwrap();
    let bases: Vec<Url> = world.sites().iter().map(|site| site.base.clone()).collect();
    // A client that never finishes its request must not keep the world from stopping.
    let mut idle = TcpStream::connect(("127.0.0.1", bases[0].port().unwrap())).await.unwrap();
    idle.write_all(b"GET / HT").await.unwrap();
    world.stop().await;
    for base in bases {
        assert!(TcpStream::connect(("127.0.0.1", base.port().unwrap())).await.is_err(), "{base}");
    }
}

#[tokio::test]
async fn a_dropped_world_answers_no_more() {
    const TRIES: usize = 200;
    let world = World::start(long_ago()).await.unwrap();
    let port = world.sites()[0].base.port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    drop(world);
    for _ in 0..TRIES {
        if TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("port {port} still answers");
}
