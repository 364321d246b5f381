//! What stands before the router: documents in memory are answered there and then.
//!
//! Most requests are for the same few documents, and what routing costs is more than their answers do.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    http::{Request, StatusCode, header},
    response::Response,
};
use tower::Service;

use super::{documents, limits::Peer};
use crate::{config::Network, press::Press};

/// What answers the requests of a listener.
#[derive(Debug, Clone)]
pub struct Front {
    router: Router,
    press: Option<Arc<Press>>,
}

impl Front {
    /// A router alone.
    pub fn new(router: Router) -> Self {
        Self { router, press: None }
    }

    /// A router, and before it the documents of the press from which it serves.
    pub fn with_documents(router: Router, press: Arc<Press>) -> Self {
        Self { router, press: Some(press) }
    }

    /// Answers a request of a connection from an address; `proxies` are trusted to tell who asks.
    pub fn answer<B>(
        &self,
        request: Request<B>,
        connected: IpAddr,
        proxies: &[Network],
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<B>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let ready = self.press.as_ref().and_then(|press| documents::at_once(press, &request));
        let answer = ready.ok_or_else(|| self.routed(request, connected, proxies));
        async move {
            match answer {
                Ok(ready) => Ok(ready),
                Err(routed) => routed.await.map(without_false_length),
            }
        }
    }

    /// The router's answer, told who asks.
    fn routed<B>(
        &self,
        request: Request<B>,
        connected: IpAddr,
        proxies: &[Network],
    ) -> <Router as Service<Request<Body>>>::Future
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let mut request = request.map(Body::new);
        let peer = Peer::of(connected, request.headers(), proxies);
        request.extensions_mut().insert(peer);
        self.router.clone().call(request)
    }
}

/// axum gives a 304 the length of its empty body, where only that of a 200 may stand (RFC 9110 §8.6).
fn without_false_length(mut response: Response) -> Response {
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}
