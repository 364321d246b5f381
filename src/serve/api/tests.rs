use std::sync::Arc;

use axum::{body::Body, http::Request};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::{config::Origins, serve::Peer};

const STORIES: &str = "/api/v1/stories";

async fn api(folder: &TempDir, per_minute: u32) -> Api {
    let text = format!("defaults = false\n[server]\nrenderings_per_minute = {per_minute}\n");
    let origins = Origins { file: None, text: Some(("test".into(), text)), env: Vec::new() };
    let config = Arc::new(Config::load(&origins).unwrap());
    let store = Store::open(&folder.path().join("test.db"), crate::model::Timestamp::UNIX_EPOCH).await;
    let base_url = Url::parse("https://feeds.example/").unwrap();
    Api::new(config, store.unwrap(), base_url, watch::channel(0).1)
}

/// Status, `Retry-After` and the name of the problem that an address is answered.
async fn asked(api: &Api, path: &str, address: &str) -> (u16, Option<u64>, String) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(address.parse().unwrap()));
    let response = routes(api.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().parse().unwrap());
    let bytes = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    let kind = body["type"].as_str().unwrap_or_default();
    (status, retry_after, kind.rsplit('/').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn who_asks_too_much_of_the_store_is_told_when_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let api = api(&folder, 6).await;
    for _ in 0..2 {
        assert_eq!(asked(&api, STORIES, "192.0.2.1").await.0, 200);
    }
    for path in [STORIES, "/api/v1/entries", "/api/v1/stories/0123456789abcdef", "/api/v1/sources"] {
        let (status, retry_after, problem) = asked(&api, path, "192.0.2.1").await;
        assert_eq!((status, problem.as_str()), (429, "too-many-requests"), "{path}");
        assert!((1..=10).contains(&retry_after.unwrap()), "{path}: {retry_after:?}");
    }
    assert_eq!(asked(&api, STORIES, "192.0.2.2").await.0, 200, "another address");
    for path in ["/api/openapi.json", "/api/problems", "/api/problems/busy"] {
        assert_eq!(asked(&api, path, "192.0.2.1").await.0, 200, "{path} costs nothing");
    }
    assert_eq!(asked(&api, "/api/v1/stories?limit=x", "192.0.2.1").await.0, 400, "nothing was read");
}

#[tokio::test]
async fn who_finds_all_places_taken_is_asked_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let api = api(&folder, 0).await;
    let busy = (503, Some(2), "busy".to_owned());
    let queue = api.0.queue.acquire_many(IN_QUEUE.try_into().unwrap()).await.unwrap();
    assert_eq!(asked(&api, STORIES, "192.0.2.1").await, busy, "nobody else may wait");
    drop(queue);
    let reading = api.0.reading.acquire_many(READING_AT_ONCE.try_into().unwrap()).await.unwrap();
    let start = std::time::Instant::now();
    assert_eq!(asked(&api, STORIES, "192.0.2.1").await, busy, "nobody has done reading in time");
    assert!(start.elapsed() >= TURN_WITHIN);
    drop(reading);
    assert_eq!(asked(&api, STORIES, "192.0.2.1").await.0, 200);
}
