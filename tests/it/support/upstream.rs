//! A server on loopback whose answers a test sets, and which counts what it was asked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use tokio::task::JoinHandle;
use url::Url;

/// What a path answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A document with a strong `ETag`; 304 to who has it.
    Page { media_type: &'static str, body: Bytes },
    /// A document that is sent compressed by gzip.
    Gzip(Bytes),
    /// A status without a document.
    Status(u16, Vec<(&'static str, &'static str)>),
    /// Another address (302, as most sites send it).
    Redirect(String),
    /// Nothing, for ever.
    Hang,
    /// Zeros without end.
    Endless,
    /// The beginning of a document, then the end of the connection.
    BreakOff,
}

impl Answer {
    pub(crate) fn html(body: impl Into<String>) -> Self {
        Self::Page { media_type: "text/html; charset=utf-8", body: body.into().into() }
    }

    pub(crate) fn page(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::Page { media_type, body: body.into() }
    }
}

#[derive(Default)]
struct Script {
    answers: BTreeMap<String, Answer>,
    asked: Vec<(String, HeaderMap)>,
}

/// The server; it ends with the test.
pub(crate) struct Upstream {
    script: Arc<Mutex<Script>>,
    base: Url,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { script, base, task }
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        self.base.join(path).unwrap().to_string()
    }

    pub(crate) fn set(&self, path: &str, answer: Answer) {
        self.script.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// Paths asked so far, but for robots.txt.
    pub(crate) fn asked(&self) -> Vec<String> {
        let script = self.script.lock().unwrap();
        script.asked.iter().map(|(path, _)| path.clone()).filter(|path| path != "/robots.txt").collect()
    }

    /// The headers of the last request for a path.
    pub(crate) fn last_headers(&self, path: &str) -> Option<HeaderMap> {
        let script = self.script.lock().unwrap();
        script.asked.iter().rev().find(|(asked, _)| asked == path).map(|(_, headers)| headers.clone())
    }
}

/// What is posted stands behind the path: `POST /list page=1`.
async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let path = if method == Method::POST { format!("POST {path} {body}") } else { path };
    let answer = {
        let mut script = script.lock().unwrap();
        script.asked.push((path.clone(), headers.clone()));
        script.answers.get(&path).cloned()
    };
    let status = |code: u16| Response::builder().status(StatusCode::from_u16(code).unwrap());
    match answer {
        None => status(404).body(Body::from("not here")).unwrap(),
        Some(Answer::Page { media_type, body }) => {
            let etag = format!("\"{}\"", blake3::hash(&body).to_hex());
            if headers.get(header::IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == etag.as_bytes()) {
                return status(304).header(header::ETAG, etag).body(Body::empty()).unwrap();
            }
            let response = status(200).header(header::CONTENT_TYPE, media_type).header(header::ETAG, etag);
            response.body(Body::from(body)).unwrap()
        }
        Some(Answer::Gzip(body)) => {
            let response = status(200).header(header::CONTENT_TYPE, "text/html");
            response.header(header::CONTENT_ENCODING, "gzip").body(Body::from(body)).unwrap()
        }
        Some(Answer::Status(code, extra)) => {
            let response =
                extra.iter().fold(status(code), |response, (name, value)| response.header(*name, *value));
            response.body(Body::from("no")).unwrap()
        }
        Some(Answer::Redirect(to)) => status(302).header(header::LOCATION, to).body(Body::empty()).unwrap(),
        Some(Answer::Hang) => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            status(200).body(Body::empty()).unwrap()
        }
        Some(Answer::Endless) => {
            let pieces = Body::from_stream(Pieces { left: usize::MAX, fails: false });
            status(200).header(header::CONTENT_TYPE, "text/html").body(pieces).unwrap()
        }
        Some(Answer::BreakOff) => {
            let response = status(200).header(header::CONTENT_LENGTH, "1000000");
            response.body(Body::from_stream(Pieces { left: 1, fails: true })).unwrap()
        }
    }
}

/// Pieces of zeros, and perhaps an error at the end.
pub(crate) struct Pieces {
    pub(crate) left: usize,
    pub(crate) fails: bool,
}

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        use std::task::Poll;
        if self.left == 0 {
            return Poll::Ready(self.fails.then(|| Err(std::io::Error::other("broken off"))));
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Bytes::from(vec![b'0'; 65_536]))))
    }
}
