//! The accept loop: connections are counted, must say something soon, and end in peace.
//!
//! axum's own loop has no time limit for a request's headers, so that a client that sends half a request would be
//! held for ever.

use std::{sync::Arc, time::Duration};

use axum::{Router, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;

use super::Peer;

/// How long connections may take to end after the stop.
const GRACE: Duration = Duration::from_secs(3);
/// Pause after a failed accept: out of file descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves a router until the stop, then lets the requests under way end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    max_connections: usize,
    header_timeout: Duration,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(max_connections));
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = next => accepted,
        };
        let Some((slot, accepted)) = accepted else { break };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(from_peer(&router, Peer(peer.ip())));
        let watcher = graceful.watcher();
        let builder = builder.clone();
        tokio::spawn(async move {
            if !speaks(&stream, header_timeout).await {
                return;
            }
            let _ = stream.set_nodelay(true);
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            // Clients hang up all the time; that is no event.
            let _ = watcher.watch(connection).await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// The routes for one connection: each request knows who sent it.
fn from_peer(
    router: &Router,
    peer: Peer,
) -> MapRequest<Router, impl FnMut(Request<Incoming>) -> Request<Incoming> + Clone + use<>> {
    MapRequest::new(router.clone(), move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    })
}

/// Whether the client sends anything in time.
async fn speaks(stream: &TcpStream, limit: Duration) -> bool {
    let mut first = [0];
    let peeked = tokio::time::timeout(limit, stream.peek(&mut first)).await;
    matches!(peeked, Ok(Ok(n)) if n > 0)
}
