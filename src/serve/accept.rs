//! The accept loop: connections are counted, must say something soon, must take what they asked for, and end in peace.
//!
//! axum's own loop has no time limit for a request's headers, so that a client that sends half a request would be
//! held for ever.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

use super::{front::Front, sending::Sending};
use crate::config::{Network, Server};

/// How long connections may take to end after the stop.
const GRACE: Duration = Duration::from_secs(3);
/// Pause after a failed accept: out of file descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Headers of one request at most.
const MAX_HEADERS: usize = 64;
/// What is read of a request ahead, headers included, in bytes.
const MAX_REQUEST_BYTES: usize = 32 << 10;
/// Requests at once in one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;

/// What connections may take.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Connections at once.
    pub connections: usize,
    /// Of them, from one address.
    pub per_address: usize,
    /// Time within which headers must arrive.
    pub header_timeout: Duration,
    /// Time within which a client must take something of an answer.
    pub send_timeout: Duration,
    /// Addresses that stand for many clients.
    pub proxies: Vec<Network>,
}

impl Bounds {
    /// As configured.
    pub fn new(server: &Server) -> Self {
        Self {
            connections: server.max_connections,
            per_address: server.max_connections_per_address,
            header_timeout: server.header_timeout,
            send_timeout: server.send_timeout,
            proxies: server.trusted_proxies.clone(),
        }
    }
}

/// Serves until the stop, then lets the requests under way end.
pub async fn serve(listener: TcpListener, front: Front, bounds: Bounds, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let guests = Arc::new(Guests::default());
    let builder = builder(&bounds);
    let (front, bounds) = (Arc::new(front), Arc::new(bounds));
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
        let Ok((stream, address)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let address = address.ip().to_canonical();
        let limit = if is_proxy(&bounds, address) { usize::MAX } else { bounds.per_address };
        let Some(guest) = guests.admit(address, limit) else { continue };
        let held = (slot, guest);
        let (front, known) = (Arc::clone(&front), Arc::clone(&bounds));
        let service = service_fn(move |request| front.answer(request, address, &known.proxies));
        let (watcher, builder) = (graceful.watcher(), builder.clone());
        let (header_timeout, send_timeout) = (bounds.header_timeout, bounds.send_timeout);
        tokio::spawn(async move {
            let _held: (OwnedSemaphorePermit, Guest) = held;
            if !speaks(&stream, header_timeout).await {
                return;
            }
            let _ = stream.set_nodelay(true);
            let stream = TokioIo::new(Sending::new(stream, send_timeout));
            // Clients hang up all the time; that is no event.
            let _ = watcher.watch(builder.serve_connection(stream, service).into_owned()).await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

fn builder(bounds: &Bounds) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_REQUEST_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_REQUEST_BYTES).unwrap_or(u32::MAX));
    builder
}

fn is_proxy(bounds: &Bounds, address: IpAddr) -> bool {
    bounds.proxies.iter().any(|network| network.net.contains(&address))
}

/// Whether the client sends anything in time.
async fn speaks(stream: &TcpStream, limit: Duration) -> bool {
    let mut first = [0];
    let peeked = tokio::time::timeout(limit, stream.peek(&mut first)).await;
    matches!(peeked, Ok(Ok(n)) if n > 0)
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Guests(Mutex<HashMap<IpAddr, usize>>);

/// A connection that counts for its address until it is dropped.
#[derive(Debug)]
struct Guest {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    /// Counts a connection, unless its address has as many as it may have.
    fn admit(self: &Arc<Self>, address: IpAddr, limit: usize) -> Option<Guest> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Guest { guests: Arc::clone(self), address })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.guests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
