use std::io::Read;

use axum::{
    body::{Body as HttpBody, to_bytes},
    http::{Method, Request},
};
use tower::ServiceExt;

use super::*;
use crate::model::Timestamp;

const DOCUMENT: &str = "<feed>邸报 邸报 邸报 邸报 邸报 邸报 邸报 邸报 邸报 邸报 邸报 邸报</feed>";
const CHANGED: i64 = 1_795_485_600;

fn router() -> (Router, Body) {
    let changed = Timestamp::from_second(CHANGED).unwrap();
    let atom = Body::new(crate::publish::atom::MEDIA_TYPE, DOCUMENT.into(), changed);
    let home = Body::new(crate::publish::page::MEDIA_TYPE, "<html></html>".into(), changed);
    let shelf = Shelf::default();
    shelf.store(Some(Arc::new(Published { atom: atom.clone(), home })));
    (public(shelf), atom)
}

async fn ask(method: Method, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router().0.oneshot(request.body(HttpBody::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, 1 << 20).await.unwrap().to_vec())
}

fn unpacked(coding: Option<&str>, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        None => plain.extend_from_slice(body),
        Some("gzip") => {
            flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap();
        }
        Some("br") => {
            brotli::Decompressor::new(body, 4096).read_to_end(&mut plain).unwrap();
        }
        Some(other) => panic!("unknown coding {other}"),
    }
    plain
}

#[tokio::test]
async fn each_client_gets_the_coding_that_it_takes() {
    let check = async |accepts: Option<&str>, expected: Option<&str>| {
        let headers: Vec<_> = accepts.map(|value| ("accept-encoding", value)).into_iter().collect();
        let (status, headers, body) = ask(Method::GET, "/feed.atom", &headers).await;
        assert_eq!(status, StatusCode::OK);
        let coding = headers.get("content-encoding").map(|value| value.to_str().unwrap());
        assert_eq!(coding, expected, "{accepts:?}");
        assert_eq!(unpacked(coding, &body), DOCUMENT.as_bytes());
        assert_eq!(headers["vary"], "Accept-Encoding");
        assert_eq!(headers["content-length"], body.len().to_string().as_str());
        assert_eq!(headers["content-type"], "application/atom+xml; charset=utf-8");
    };
    check(None, None).await;
    check(Some("gzip"), Some("gzip")).await;
    check(Some("gzip, deflate, br"), Some("br")).await;
    check(Some("br;q=0.5, gzip;q=0.8"), Some("gzip")).await;
    check(Some("gzip;q=0, br;q=0"), None).await;
    check(Some("*"), Some("br")).await;
    check(Some("*;q=0"), None).await;
    check(Some("identity;q=0, gzip"), Some("gzip")).await;
    check(Some("identity, gzip;q=0.5"), None).await;
    check(Some("zstd"), None).await;
}

#[tokio::test]
async fn each_coding_has_its_own_strong_etag() {
    let etag = async |accepts: &str| {
        let (_, headers, _) = ask(Method::GET, "/feed.atom", &[("accept-encoding", accepts)]).await;
        headers["etag"].to_str().unwrap().to_owned()
    };
    let tags = [etag("identity").await, etag("gzip").await, etag("br").await];
    assert!(tags.iter().all(|tag| tag.starts_with('"')), "{tags:?}");
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
}

#[tokio::test]
async fn a_304_is_given_for_either_validator_and_carries_what_the_200_would() {
    let (_, atom) = router();
    let tag = format!("\"{}\"", atom.etag);
    let weak = format!("W/{tag}");
    let other_coding = format!("\"{}-gz\"", atom.etag);
    let list = format!("\"x\", {tag}");
    let check = async |method: Method, headers: &[(&str, &str)], expected: u16| {
        let (status, answered, body) = ask(method.clone(), "/feed.atom", headers).await;
        assert_eq!(status.as_u16(), expected, "{method} {headers:?}");
        for name in ["etag", "vary", "cache-control", "last-modified"] {
            assert!(answered.contains_key(name), "{name} is missing for {headers:?}");
        }
        if expected == 304 {
            assert!(body.is_empty());
            assert!(!answered.contains_key("content-encoding"));
        }
    };
    for method in [Method::GET, Method::HEAD] {
        for value in [&tag, &weak, &other_coding, &list, "*"] {
            check(method.clone(), &[("if-none-match", value)], 304).await;
            check(method.clone(), &[("if-none-match", value), ("accept-encoding", "br")], 304).await;
        }
        check(method.clone(), &[("if-none-match", "\"stale\"")], 200).await;
        check(method.clone(), &[("if-modified-since", "Tue, 24 Nov 2026 02:00:00 GMT")], 304).await;
        check(method.clone(), &[("if-modified-since", "Tue, 24 Nov 2026 09:00:00 GMT")], 304).await;
        check(method.clone(), &[("if-modified-since", "Tue, 24 Nov 2026 01:59:59 GMT")], 200).await;
        check(method.clone(), &[("if-modified-since", "yesterday")], 200).await;
        let both = [("if-none-match", "\"stale\""), ("if-modified-since", "Tue, 24 Nov 2026 02:00:00 GMT")];
        check(method.clone(), &both, 200).await;
    }
}

#[tokio::test]
async fn head_says_what_get_would() {
    let (_, get, _) = ask(Method::GET, "/feed.atom", &[("accept-encoding", "gzip")]).await;
    let (status, head, body) = ask(Method::HEAD, "/feed.atom", &[("accept-encoding", "gzip")]).await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    assert_eq!(get, head);
}

#[tokio::test]
async fn other_methods_and_paths_are_refused_plainly() {
    let (status, headers, _) = ask(Method::POST, "/feed.atom", &[]).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers["allow"], "GET,HEAD");
    assert_eq!(ask(Method::GET, "/nothing", &[]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(Method::GET, "/feed.atom?utm_source=x", &[]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn before_the_first_rendering_clients_are_asked_to_come_back() {
    let request = Request::get("/feed.atom").body(HttpBody::empty()).unwrap();
    let response = public(Shelf::default()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
}

/// A listener of ours that serves a router with two places and short patience.
async fn listening()
-> (std::net::SocketAddr, tokio_util::sync::CancellationToken, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let patience = std::time::Duration::from_millis(400);
    let serving = tokio::spawn(serve(listener, router().0, 2, patience, stop.clone()));
    (address, stop, serving)
}

/// Whether the server ends a connection on which this was sent, within some seconds.
async fn is_ended(address: std::net::SocketAddr, sent: &[u8]) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    let limit = std::time::Duration::from_secs(10);
    tokio::time::timeout(limit, stream.read_to_end(&mut answer)).await.is_ok()
}

#[tokio::test]
async fn who_sends_nothing_or_half_a_request_is_let_go() {
    let (address, _stop, _serving) = listening().await;
    assert!(is_ended(address, b"").await, "a silent client");
    assert!(is_ended(address, b"GET /feed.atom HTTP/1.1\r\nHost: x\r\n").await, "half a request");
}

#[tokio::test]
async fn idle_clients_do_not_keep_others_out_for_ever_and_a_stop_is_quick() {
    let (address, stop, serving) = listening().await;
    let _idle = [
        tokio::net::TcpStream::connect(address).await.unwrap(),
        tokio::net::TcpStream::connect(address).await.unwrap(),
    ];
    assert!(is_ended(address, b"GET /feed.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await);
    stop.cancel();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(8), serving).await;
    assert!(ended.is_ok());
}
