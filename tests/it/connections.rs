//! Connections to the public port, as clients and proxies make them.

use std::sync::Arc;

use axum::http::Version;
use dibao::serve::{self, Bounds, Front};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::serving::Stand;

/// Proxies speak HTTP/2 without TLS by prior knowledge (RFC 9113 §3.3).
#[tokio::test(flavor = "multi_thread")]
async fn http_2_is_spoken_without_tls_and_says_what_http_1_says() {
    let stand = Stand::filled().await;
    let press = Arc::clone(&stand.house.press);
    let (listener, stop) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), CancellationToken::new());
    let base = format!("http://{}", listener.local_addr().unwrap());
    let bounds = Bounds::new(&press.config().server);
    let front = Front::with_documents(serve::public(Arc::clone(&press)), press);
    let serving = tokio::spawn(serve::serve(listener, front, bounds, stop.clone()));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let first = Client::builder().no_proxy().http1_only().build().unwrap();
    let second = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    // In memory, to be rendered, and not there.
    for path in ["/feed.atom", "/regions/CN-JX/feed.atom", "/nothing"] {
        let url = format!("{base}{path}");
        let old = first.get(&url).send().await.unwrap();
        let new = second.get(&url).send().await.unwrap();
        assert_eq!((old.version(), new.version()), (Version::HTTP_11, Version::HTTP_2), "{path}");
        assert_eq!(old.status(), new.status(), "{path}");
        for name in ["etag", "content-length", "content-type", "vary", "cache-control"] {
            assert_eq!(old.headers().get(name), new.headers().get(name), "{name} of {path}");
        }
        assert_eq!(old.bytes().await.unwrap(), new.bytes().await.unwrap(), "{path}");
    }
    for method in [reqwest::Method::GET, reqwest::Method::HEAD] {
        let url = format!("{base}/feed.atom");
        let same = second.request(method.clone(), url).header("if-none-match", "*").send().await.unwrap();
        assert_eq!(same.status(), 304, "{method}");
        // Only the length of a 200 may stand there (RFC 9110 §8.6).
        assert_eq!(same.headers().get("content-length"), None, "{method}");
    }
    drop((first, second));
    stop.cancel();
    serving.await.unwrap();
}
