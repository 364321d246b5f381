//! The API: what it answers is what it describes, and every error is a problem.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    schema::faults,
    stock::{Stock, Told, at, told},
};

const NOW: &str = "2026-11-24T02:00:00Z";

async fn stock(folder: &tempfile::TempDir) -> Stock {
    let stock = Stock::open(folder, &["jx", "sx"], at(NOW)).await;
    stock.tell(&told(), at(NOW)).await;
    stock.index().await;
    stock
}

fn operations(description: &Value) -> Vec<(String, Value)> {
    let paths = description["paths"].as_object().unwrap();
    paths.iter().map(|(path, item)| (path.clone(), item["get"].clone())).collect()
}

fn query_parameters(operation: &Value) -> Vec<Value> {
    let parameters = operation["parameters"].as_array().unwrap();
    parameters.iter().filter(|parameter| parameter["in"] == "query").cloned().collect()
}

/// A path of the description with its parameter filled in.
fn filled(path: &str, short_id: &str) -> String {
    path.replace("{id}", short_id).replace("{name}", "busy")
}

#[tokio::test]
async fn answers_are_as_the_description_says() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    stock.withdraw("sx", &["1"], at("2026-11-24T04:00:00Z")).await;
    let client = Client::of(&stock);
    let description = client.json("/api/openapi.json").await;
    let short_id = client.json("/api/v1/stories").await["items"][0]["short_id"].as_str().unwrap().to_owned();
    let operations = operations(&description);
    assert!(operations.len() >= 9);
    for (path, operation) in operations {
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let queries = match path.as_str() {
            "/api/v1/entries" => vec!["", "?limit=1", "?region=CN-SX&q=安全&since=2026-01-01"],
            "/api/v1/stories" => vec!["", "?q=快递", "?q=快递&order=best", "?topic=safety"],
            _ => vec![""],
        };
        for query in queries {
            let answer = client.json(&format!("{}{query}", filled(&path, &short_id))).await;
            let faults = faults(&description, schema, &answer);
            assert!(
                faults.is_empty(),
                "{path}{query}: {faults:?}
{answer:#}"
            );
            if let Some(items) = answer.get("items") {
                let is_empty = items.as_array().unwrap().is_empty();
                assert!(!is_empty, "{path}{query} shows nothing of its items");
            }
        }
    }
}

#[tokio::test]
async fn parameters_are_those_of_the_description() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::of(&stock(&folder).await);
    let description = client.json("/api/openapi.json").await;
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    let operations = operations(&description);
    let all: Vec<String> = operations
        .iter()
        .flat_map(|(_, operation)| query_parameters(operation))
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect();
    // No parameter takes this, whatever it takes.
    let wrong = "%00".repeat(300);
    for (path, operation) in operations {
        let path = filled(&path, "0123456789abcdef");
        let named: Vec<Value> = query_parameters(&operation);
        for parameter in &named {
            let name = parameter["name"].as_str().unwrap();
            let answer = client.get(&format!("{path}?{name}={wrong}")).await;
            assert_eq!(answer.problem(), "invalid-parameter", "{path} does not read `{name}`");
            assert_eq!(answer.json()["parameters"][0]["name"], name);
            assert_eq!(faults(&description, &problem, &answer.json()), [""; 0]);
            let example = match &parameter["example"] {
                Value::Array(values) => {
                    values.iter().map(|value| value.as_str().unwrap()).collect::<Vec<_>>().join(",")
                }
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let query: String =
                url::form_urlencoded::Serializer::new(String::new()).append_pair(name, &example).finish();
            let taken = client.get(&format!("{path}?{query}")).await;
            let is_taken = taken.status == StatusCode::OK || name == "after" || name == "wait";
            assert!(is_taken, "{path} refuses the example of `{name}`: {}", taken.text());
        }
        for other in
            all.iter().filter(|name| named.iter().all(|parameter| parameter["name"] != name.as_str()))
        {
            let answer = client.get(&format!("{path}?{other}={wrong}")).await;
            assert!(
                answer.status != StatusCode::BAD_REQUEST,
                "{path} reads `{other}`, which is not described"
            );
        }
    }
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::of(&stock(&folder).await);
    for (method, path, status, kind) in [
        ("GET", "/api", 404, "no-such-address"),
        ("GET", "/api/v2/entries", 404, "no-such-address"),
        ("GET", "/api/v1/entries/", 404, "no-such-address"),
        ("POST", "/api/v1/entries", 405, "method-not-allowed"),
        ("BREW", "/api/openapi.json", 405, "method-not-allowed"),
        ("GET", "/api/v1/stories/nothing", 404, "no-such-story"),
        ("GET", "/api/v1/stories/%FF", 404, "no-such-story"),
        ("GET", "/api/problems/nothing", 404, "no-such-problem"),
        ("GET", "/api/v1/entries?limit=0", 400, "invalid-parameter"),
        ("GET", "/api/v1/entries?after=x", 400, "invalid-parameter"),
        ("GET", "/api/v1/stories?after=x", 400, "invalid-parameter"),
        ("GET", "/api/v1/stories?after=f1", 400, "invalid-parameter"),
        ("GET", "/api/v1/entries?after=00ff-1", 410, "cursor-unknown"),
    ] {
        let answer = client.ask(Method::from_bytes(method.as_bytes()).unwrap(), path, &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.problem(), kind, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("cache-control"), "no-store");
        if status == 405 {
            assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
        }
    }
    let other = client.ask(Method::GET, "/api/v1/regions", &[("if-match", "\"x\"")]).await;
    assert_eq!((other.status.as_u16(), other.problem().as_str()), (412, "precondition-failed"));
    let bare = client.ask(Method::GET, "/api/v1/regions", &[("accept-encoding", "*;q=0")]).await;
    assert_eq!((bare.status.as_u16(), bare.problem().as_str()), (406, "not-acceptable"));
    let long = client.get(&format!("/api/v1/entries?x={}", "x".repeat(5_000))).await;
    assert_eq!((long.status.as_u16(), long.problem().as_str()), (414, "query-too-long"));
    let two = client.get("/api/v1/entries?limit=x&region=jiangxi&since=gestern").await.json();
    let names: Vec<&Value> =
        two["parameters"].as_array().unwrap().iter().map(|parameter| &parameter["name"]).collect();
    assert_eq!(names, ["limit", "region", "since"]);
}

#[tokio::test]
async fn every_kind_of_problem_has_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::of(&stock(&folder).await);
    let kinds = client.json("/api/problems").await;
    let responses = client.json("/api/openapi.json").await["components"]["responses"].clone();
    for kind in kinds["items"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        let passes = responses[name]["headers"].get("Retry-After").is_some();
        assert_eq!(passes, ["busy", "too-many-requests"].contains(&name), "{name}");
        assert_eq!(client.json(&format!("/api/problems/{name}")).await, *kind);
    }
}

#[tokio::test]
async fn answers_are_conditional_and_open_to_browsers() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::of(&stock(&folder).await);
    for path in [
        "/api/v1/entries",
        "/api/v1/stories?q=快递",
        "/api/v1/sources",
        "/api/v1/regions",
        "/api/openapi.json",
    ] {
        let path = path.replace("快递", "%E5%BF%AB%E9%80%92");
        let first = client.get(&path).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() > 10, "{path}: {etag}");
        assert_eq!(first.header("vary"), "Accept-Encoding");
        assert_eq!(first.header("access-control-allow-origin"), "*");
        assert!(first.header("access-control-expose-headers").contains("ETag"));
        for (method, headers, status) in [
            (Method::GET, vec![("if-none-match", etag.as_str())], 304),
            (Method::HEAD, vec![("if-none-match", etag.as_str())], 304),
            (Method::GET, vec![("if-none-match", "\"other\"")], 200),
            (Method::HEAD, vec![], 200),
            (Method::GET, vec![("accept-encoding", "gzip"), ("if-none-match", etag.as_str())], 304),
        ] {
            let answer = client.ask(method.clone(), &path, &headers).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path} {headers:?}");
            assert_eq!(answer.header("cache-control"), first.header("cache-control"));
            assert_eq!(answer.header("vary"), "Accept-Encoding");
            let is_bare = status == 304 || method == Method::HEAD;
            assert_eq!(answer.bytes.is_empty(), is_bare, "{method} {path} {headers:?}");
        }
        let packed = client.ask(Method::GET, &path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert_ne!(packed.header("etag"), etag, "a strong ETag names bytes");
        let preflight = client
            .ask(
                Method::OPTIONS,
                &path,
                &[("origin", "https://a.example"), ("access-control-request-method", "GET")],
            )
            .await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT);
        assert!(preflight.header("access-control-allow-methods").contains("GET"));
        assert!(preflight.header("access-control-allow-headers").contains("If-None-Match"));
    }
}

#[tokio::test]
async fn a_change_moves_the_etag_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let client = Client::of(&stock);
    let etag = async || client.get("/api/v1/entries").await.header("etag").to_owned();
    let before = etag().await;
    stock.tell(&told(), at("2026-11-24T03:00:00Z")).await;
    assert_eq!(etag().await, before, "telling the same again changes nothing");
    stock.tell(&[Told { title: "更正", ..told()[0].clone() }], at("2026-11-24T03:00:00Z")).await;
    assert_ne!(etag().await, before);
}

#[tokio::test]
async fn stories_are_listed_in_pages_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::of(&stock(&folder).await);
    for query in ["", "q=快递&", "q=快递&order=best&", "topic=safety,party-building&", "since=2026-11-01&"]
    {
        let all = client.json(&format!("/api/v1/stories?{query}")).await;
        let all: Vec<Value> = all["items"].as_array().unwrap().clone();
        assert!(all.len() >= 3, "{query}");
        if !query.contains("best") {
            assert!(all.is_sorted_by(|a, b| a["published"].as_str() >= b["published"].as_str()), "{query}");
        }
        let mut path = format!("/api/v1/stories?{query}limit=1");
        let mut paged = Vec::new();
        loop {
            let answer = client.get(&path).await;
            let page = answer.json();
            paged.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else {
                assert_eq!(page["more"], false);
                break;
            };
            let link = answer
                .headers
                .get_all("link")
                .iter()
                .find(|link| link.to_str().unwrap().contains("rel=\"next\""));
            let link = link.unwrap().to_str().unwrap();
            let address = link.strip_prefix("<https://feeds.example").unwrap().split_once('>').unwrap().0;
            assert!(address.ends_with(&format!("after={next}")), "{address}");
            path = address.to_owned();
        }
        assert_eq!(paged, all, "{query}");
    }
}

#[tokio::test]
async fn what_was_found_is_marked_as_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    let stock = Stock::open(&folder, &["jx"], at(NOW)).await;
    let odd = Told {
        source: "jx",
        id: "1",
        title: "<b>快遞</b>進村",
        text: "报道：“快递&进村”。",
        ..Told::default()
    };
    stock.tell(&[odd], at(NOW)).await;
    stock.index().await;
    let page = Client::of(&stock).json("/api/v1/stories?q=快递").await;
    let piece = |text: &str, hit: bool| json!({ "text": text, "hit": hit });
    let found = &page["items"][0]["found"];
    assert_eq!(found["title"], json!([piece("<b>", false), piece("快遞", true), piece("</b>進村", false)]));
    assert_eq!(
        found["text"],
        json!([piece("报道：“", false), piece("快递", true), piece("&进村”。", false)])
    );
}

#[tokio::test]
async fn a_story_is_found_by_either_of_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let client = Client::of(&stock);
    let story = client.json("/api/v1/stories?region=CN-SX&topic=green").await["items"][0].clone();
    let atom_id: String =
        url::form_urlencoded::byte_serialize(story["story"].as_str().unwrap().as_bytes()).collect();
    assert_eq!(client.json(&format!("/api/v1/stories/{atom_id}")).await, story);
    let short = format!("/api/v1/stories/{}", story["short_id"].as_str().unwrap());
    assert_eq!(client.json(&short).await, story);
    stock.withdraw("sx", &["2"], at("2026-11-24T04:00:00Z")).await;
    let gone = client.get(&short).await;
    assert_eq!((gone.status.as_u16(), gone.problem().as_str()), (410, "story-withdrawn"));
    assert_eq!(gone.json()["story"]["story"], story["story"]);
    assert_eq!(gone.json()["story"]["reason"], "withdrawn");
}

#[tokio::test]
async fn sources_regions_and_topics_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let client = Client::of(&stock);
    let of = async |path: &str, key: &str| {
        let page = client.json(path).await;
        let items = page["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["key"] == key).unwrap()
    };
    let source = of("/api/v1/sources", "jx").await;
    assert_eq!(
        (&source["entries"], &source["stories"], &source["state"]),
        (&json!(2), &json!(2), &json!("never polled"))
    );
    assert_eq!(source["feed"], "https://feeds.example/sources/jx/feed.atom");
    let region = of("/api/v1/regions", "CN-JX").await;
    assert_eq!((&region["stories"], &region["name"]), (&json!(2), &json!("江西省")));
    let topic = of("/api/v1/topics", "safety").await;
    assert_eq!(topic["stories"], 2);
    let named = stock.config.topics.table().row("safety").map(|topic| topic.zh.as_str());
    assert_eq!(topic["label_zh"].as_str(), named);
}

#[tokio::test]
async fn copies_and_related_stories_stand_with_a_story() {
    let folder = tempfile::tempdir().unwrap();
    let stock = stock(&folder).await;
    let copy = Told { source: "sx", id: "copy", ..told()[0].clone() };
    stock.tell(&[copy], at("2026-11-24T03:00:00Z")).await;
    let found = stock.store.search(&dibao::store::Search::default(), None, 9).await.unwrap();
    let mut batch = stock.store.begin().await.unwrap();
    batch
        .keep_related(found[2].story_id, &[(found[0].story_id, 0.2), (found[1].story_id, 0.4)], 9)
        .await
        .unwrap();
    batch.commit().await.unwrap();
    let items = Client::of(&stock).json("/api/v1/stories").await["items"].clone();
    let story = &items[2];
    assert_eq!(story["rule"], "first");
    assert_eq!(story["related"], json!([items[1]["story"], items[0]["story"]]));
    let copy = &story["copies"][0];
    assert_eq!(
        (&copy["source"], &copy["id"], &copy["title"]),
        (&json!("sx"), &json!("copy"), &story["title"])
    );
    assert!(copy["rule"].as_str().unwrap().starts_with("same"), "{copy}");
}
