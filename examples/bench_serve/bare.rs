//! hyper alone: bytes and headers that are there, chosen by two lookups.

use std::{convert::Infallible, net::Ipv4Addr, path::Path, sync::Arc};

use axum::body::{Body, Bytes};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::Result;

struct Site {
    headers: HeaderMap,
    plain: Bytes,
    gzip: Bytes,
}

#[tokio::main]
pub(super) async fn serve(port: u16, folder: &Path) -> Result<()> {
    let read = |name: &str| std::fs::read(folder.join(name));
    let headers = headers(&String::from_utf8(read("headers")?)?);
    let site = Site { headers, plain: read("feed.atom")?.into(), gzip: read("feed.atom.gz")?.into() };
    let site = Arc::new(site);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let site = Arc::clone(&site);
        let service = service_fn(move |request: Request<Incoming>| {
            std::future::ready(Ok::<_, Infallible>(answer(&site, request.headers())))
        });
        tokio::spawn(
            http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service),
        );
    }
}

fn answer(site: &Site, request: &HeaderMap) -> Response<Body> {
    let is_gzip = request.contains_key(header::ACCEPT_ENCODING);
    let is_known = request.contains_key(header::IF_NONE_MATCH);
    let body = match (is_known, is_gzip) {
        (true, _) => Body::empty(),
        (false, true) => Body::from(site.gzip.clone()),
        (false, false) => Body::from(site.plain.clone()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    *response.headers_mut() = site.headers.clone();
    response
}

/// Those of an answer, without what hyper writes itself.
fn headers(head: &str) -> HeaderMap {
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.parse().ok()?;
        let own = [header::CONTENT_LENGTH, header::DATE, header::CONNECTION].contains(&name);
        Some((name, HeaderValue::from_str(value.trim()).ok()?)).filter(|_| !own)
    };
    head.lines().filter_map(field).collect()
}
