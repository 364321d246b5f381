//! A WebSub subscriber on loopback whose manners a test sets, and which keeps what it was sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use tokio::task::JoinHandle;

/// What it does with what it gets.
#[derive(Debug, Clone, Default)]
pub(crate) enum Manner {
    /// It means its requests, and takes what is delivered.
    #[default]
    Good,
    /// It means its requests, and answers deliveries with a status.
    Status(u16),
    /// It means its requests, and sends deliveries elsewhere.
    Redirect(String),
    /// It means its requests, and never answers a delivery.
    Silent,
    /// It means its requests, and answers deliveries without end.
    Endless,
    /// It takes back what was asked for it: 404.
    Denies,
    /// It answers with another challenge.
    Mistaken,
    /// It answers the challenge with more behind it.
    Talkative,
    /// It sends the challenge's asker elsewhere.
    Evasive(String),
}

/// What was delivered.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Debug, Default)]
struct Book {
    manners: BTreeMap<String, Manner>,
    questions: Vec<(String, BTreeMap<String, String>)>,
    contents: Vec<Content>,
}

/// The subscriber; it ends with the test.
pub(crate) struct Subscriber {
    book: Arc<Mutex<Book>>,
    pub(crate) address: std::net::SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Subscriber {
    pub(crate) async fn start() -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&book));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { book, address, task }
    }

    /// The address of a callback.
    pub(crate) fn callback(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn set(&self, path: &str, manner: Manner) {
        self.book.lock().unwrap().manners.insert(path.to_owned(), manner);
    }

    /// What a callback was asked whether it means it.
    pub(crate) fn questions(&self, path: &str) -> Vec<BTreeMap<String, String>> {
        let book = self.book.lock().unwrap();
        book.questions.iter().filter(|(asked, _)| asked == path).map(|(_, query)| query.clone()).collect()
    }

    /// What was delivered to a callback, taken or not.
    pub(crate) fn contents(&self, path: &str) -> Vec<Content> {
        let book = self.book.lock().unwrap();
        book.contents.iter().filter(|content| content.path == path).cloned().collect()
    }

    /// Waits until a callback was delivered `n` documents.
    pub(crate) async fn delivered(&self, path: &str, n: usize) -> Vec<Content> {
        let started = Instant::now();
        loop {
            let contents = self.contents(path);
            if contents.len() >= n {
                return contents;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "{path}: {} of {n}", contents.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn answer(
    State(book): State<Arc<Mutex<Book>>>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = uri.path().to_owned();
    let manner = {
        let mut book = book.lock().unwrap();
        let manner = book.manners.get(&path).cloned().unwrap_or_default();
        if method == Method::GET {
            book.questions.push((path, query.clone()));
        } else {
            book.contents.push(Content { path, headers, body });
        }
        manner
    };
    let status = |code: u16| Response::builder().status(StatusCode::from_u16(code).unwrap());
    if method == Method::GET {
        let challenge = query.get("hub.challenge").cloned().unwrap_or_default();
        return match manner {
            Manner::Denies => status(404).body(Body::from("no")).unwrap(),
            Manner::Mistaken => status(200).body(Body::from("0")).unwrap(),
            Manner::Talkative => status(200).body(Body::from(format!("{challenge}\n"))).unwrap(),
            Manner::Evasive(to) => status(302).header(header::LOCATION, to).body(Body::empty()).unwrap(),
            _ => status(200).body(Body::from(challenge)).unwrap(),
        };
    }
    match manner {
        Manner::Status(code) => status(code).body(Body::from("no")).unwrap(),
        Manner::Redirect(to) => status(307).header(header::LOCATION, to).body(Body::empty()).unwrap(),
        Manner::Silent => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            status(200).body(Body::empty()).unwrap()
        }
        Manner::Endless => {
            let pieces = Body::from_stream(super::upstream::Pieces { left: usize::MAX, fails: false });
            status(500).body(pieces).unwrap()
        }
        _ => status(204).body(Body::empty()).unwrap(),
    }
}
