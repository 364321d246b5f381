use std::time::Duration;

use axum::body::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Network;

/// More than what the buffers of both ends hold.
const LARGE_BYTES: usize = 32 << 20;
/// How long the servers of these tests wait for their clients.
const PATIENCE: Duration = Duration::from_millis(400);

fn bounds(connections: usize, per_address: usize) -> Bounds {
    Bounds { connections, per_address, header_timeout: PATIENCE, send_timeout: PATIENCE, proxies: Vec::new() }
}

/// A listener of ours.
async fn listening(bounds: Bounds) -> (std::net::SocketAddr, CancellationToken, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let large = Bytes::from(vec![b'x'; LARGE_BYTES]);
    let router =
        Router::new().route("/small", get(|| async { "ok" })).route("/large", get(move || async { large }));
    let serving = tokio::spawn(serve(listener, Front::new(router), bounds, stop.clone()));
    (address, stop, serving)
}

/// What the server sends before it ends a connection on which this was sent; `None` when it does not within some seconds.
async fn answered(address: std::net::SocketAddr, sent: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    // A reset ends it as well as an end.
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    read.ok().map(|_| answer)
}

const WHOLE: &[u8] = b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn who_sends_nothing_or_half_a_request_is_let_go() {
    let (address, _stop, _serving) = listening(bounds(2, 2)).await;
    assert!(answered(address, b"").await.is_some(), "a silent client");
    assert!(answered(address, b"GET /small HTTP/1.1\r\nHost: x\r\n").await.is_some(), "half a request");
}

#[tokio::test]
async fn idle_clients_do_not_keep_others_out_for_ever_and_a_stop_is_quick() {
    let (address, stop, serving) = listening(bounds(2, 2)).await;
    let _idle = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    // Refused at first, since the idle ones have all the connections of their address.
    tokio::time::sleep(2 * PATIENCE).await;
    assert!(answered(address, WHOLE).await.unwrap().ends_with(b"ok"));
    stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(8), serving).await;
    assert!(ended.is_ok());
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_let_go_and_who_takes_it_slowly_is_not() {
    let (address, stop, serving) = listening(bounds(4, 4)).await;
    let ask = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled.write_all(ask).await.unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(ask).await.unwrap();
    // Each step is shorter than the patience, all together are longer.
    let mut taken = Vec::new();
    for _ in 0..8 {
        tokio::time::sleep(PATIENCE / 4).await;
        let mut piece = vec![0; 1 << 20];
        let n = slow.read(&mut piece).await.unwrap();
        taken.extend_from_slice(&piece[..n]);
    }
    slow.read_to_end(&mut taken).await.unwrap();
    assert!(taken.len() > LARGE_BYTES / 2, "{} bytes", taken.len());
    // The stalled one was cut off meanwhile: what had been sent is less than the whole.
    let mut rest = Vec::new();
    let _ = stalled.read_to_end(&mut rest).await;
    assert!(rest.len() < LARGE_BYTES, "{} bytes", rest.len());
    stop.cancel();
    assert!(tokio::time::timeout(Duration::from_secs(8), serving).await.is_ok());
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_a_proxy_all() {
    let check = async |proxies: Vec<Network>, expected: bool| {
        let (address, stop, _serving) = listening(Bounds { proxies, ..bounds(8, 1) }).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(b"GET /small HTTP/1.1\r\n").await.unwrap();
        tokio::time::sleep(PATIENCE / 8).await;
        let answer = answered(address, WHOLE).await.unwrap();
        assert_eq!(answer.ends_with(b"ok"), expected);
        stop.cancel();
    };
    check(Vec::new(), false).await;
    check(vec![Network { net: "127.0.0.0/8".parse().unwrap(), port: None }], true).await;
}

#[tokio::test]
async fn a_request_with_endless_headers_is_refused() {
    let (address, _stop, _serving) = listening(bounds(4, 4)).await;
    let many = "x-y: z\r\n".repeat(100);
    let answer =
        answered(address, format!("GET /small HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    let long = "y".repeat(64 << 10);
    let answer = answered(address, format!("GET /small HTTP/1.1\r\nHost: x\r\nx: {long}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    assert!(!answer.ends_with(b"ok"), "{}", String::from_utf8_lossy(&answer));
}
