//! One request at a time per host and port, with a pause between two.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::OwnedMutexGuard, time::Instant};
use url::Url;

/// The pause varies by this share either way, so that visits do not fall into step.
const JITTER: f64 = 0.2;

/// The hosts that were visited, each with the earliest time of its next request.
#[derive(Debug)]
pub(super) struct Gates {
    pause: Duration,
    hosts: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Instant>>>>>,
}

/// A host's turn; when it is dropped, the pause begins.
#[derive(Debug)]
pub(super) struct Turn {
    ready_at: OwnedMutexGuard<Option<Instant>>,
    pause: Duration,
}

impl Gates {
    pub(super) fn new(pause: Duration) -> Self {
        Self { pause, hosts: Mutex::default() }
    }

    /// Notes that a host was visited a while ago, by an earlier process.
    pub(super) fn recall(&self, url: &Url, ago: Duration) {
        let Some(left) = self.pause.checked_sub(ago) else { return };
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = Arc::new(tokio::sync::Mutex::new(Some(Instant::now() + left)));
        hosts.entry(host_key(url)).or_insert(gate);
    }

    /// Waits for the host's turn and for the end of its pause; `asked` is a pause that the site asks for.
    pub(super) async fn enter(&self, url: &Url, asked: Option<Duration>) -> Turn {
        let gate = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hosts.entry(host_key(url)).or_default())
        };
        let ready_at = gate.lock_owned().await;
        if let Some(at) = *ready_at {
            tokio::time::sleep_until(at).await;
        }
        let jitter = 1.0 + JITTER * (2.0 * fastrand::f64() - 1.0);
        Turn { ready_at, pause: self.pause.mul_f64(jitter).max(asked.unwrap_or_default()) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.ready_at = Some(Instant::now() + self.pause);
    }
}

fn host_key(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_gets_one_request_at_a_time_and_a_pause() {
        let gates = Gates::new(Duration::from_secs(2));
        let (a, b) = (Url::parse("http://a.cn/1").unwrap(), Url::parse("http://b.cn/1").unwrap());
        let start = Instant::now();
        let turn = gates.enter(&a, None).await;
        drop(gates.enter(&b, None).await);
        assert!(start.elapsed() < Duration::from_millis(1), "another host waits for nothing");
        let second = tokio::time::timeout(Duration::from_mins(1), gates.enter(&a, None)).await;
        assert!(second.is_err(), "a second request to the same host waits for the first to end");
        drop(turn);
        let ended = Instant::now();
        drop(gates.enter(&a, None).await);
        let waited = ended.elapsed();
        assert!(
            waited >= Duration::from_millis(1_600) && waited <= Duration::from_millis(2_401),
            "{waited:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_visit_by_an_earlier_process_counts() {
        let gates = Gates::new(Duration::from_secs(10));
        let url = Url::parse("https://a.cn/").unwrap();
        gates.recall(&url, Duration::from_secs(4));
        let start = Instant::now();
        drop(gates.enter(&url, None).await);
        assert_eq!(start.elapsed().as_secs(), 6);
        gates.recall(&Url::parse("https://b.cn/").unwrap(), Duration::from_secs(11));
        let start = Instant::now();
        drop(gates.enter(&Url::parse("https://b.cn/").unwrap(), None).await);
        assert_eq!(start.elapsed().as_secs(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_pause_that_the_site_asks_for_is_kept() {
        let gates = Gates::new(Duration::ZERO);
        let url = Url::parse("https://a.cn/").unwrap();
        drop(gates.enter(&url, Some(Duration::from_secs(10))).await);
        let start = Instant::now();
        drop(gates.enter(&url, None).await);
        assert!(start.elapsed() >= Duration::from_secs(10));
    }
}
