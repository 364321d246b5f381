//! A program that reads the API, without a socket in between.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use dibao::serve::api::{Api, routes};
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt;
use url::Url;

use super::stock::Stock;

/// The address under which the API believes to be.
pub(crate) const BASE: &str = "https://feeds.example/";

pub(crate) struct Client {
    router: Router,
    pub(crate) count: watch::Sender<i64>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Client {
    pub(crate) fn of(stock: &Stock) -> Self {
        let (count, counted) = watch::channel(0);
        let api = Api::new(stock.config.clone(), stock.store.clone(), Url::parse(BASE).unwrap(), counted);
        Self { router: routes(api), count }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: head.status, headers: head.headers, bytes }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    /// The value of an answer that must be 200.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// Reads all changes after a cursor; gives them with the next cursor.
    pub(crate) async fn changes(&self, query: &str, after: Option<&str>) -> (Vec<Value>, String) {
        let mut after = after.map(str::to_owned);
        let mut items = Vec::new();
        loop {
            let cursor = after.as_ref().map(|after| format!("&after={after}")).unwrap_or_default();
            let page = self.json(&format!("/api/v1/entries?{query}{cursor}")).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            let next = page["next"].as_str().unwrap().to_owned();
            if page["more"] == false {
                return (items, next);
            }
            after = Some(next);
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The last part of the `type` of a problem, which the answer must be.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        let kind = body["type"].as_str().unwrap();
        kind.strip_prefix(&format!("{BASE}api/problems/")).unwrap().to_owned()
    }
}
