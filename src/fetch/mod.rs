//! Stage 2: the only HTTP client. It asks politely and trusts nothing that comes back.
//!
//! Politely: one request at a time per host with a pause, robots.txt (RFC 9309), conditional requests, `Retry-After`,
//! an honest User-Agent. Trusting nothing: redirects are followed here, one by one, so that each hop passes the
//! address guard, robots.txt and the pace of its own host; bodies are read in pieces up to a limit that counts
//! decompressed bytes.
//!
//! **Invariant:** no connection is made to a private address that the operator did not allow.

mod courier;
mod error;
mod gate;
mod guard;
mod proxy;
pub mod robots;
mod robots_cache;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use courier::{Courier, Parcel, Sent};
pub use error::FetchError;

use self::{gate::Gates, guard::Guard, robots_cache::RobotsCache};
use crate::{
    config::{self, Route},
    extract::Document,
    model::Timestamp,
    store::Validators,
};

/// Redirects followed in one request.
const MAX_REDIRECTS: usize = 5;
/// Idle connections kept per host; we never have two at once.
const MAX_IDLE_PER_HOST: usize = 1;
/// Longest pause that a server can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);
/// `Link` headers kept of an answer.
const MAX_LINK_HEADERS: usize = 8;
/// What we read.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/atom+xml,application/rss+xml,\
    application/feed+json,application/json;q=0.9,application/xml;q=0.9,*/*;q=0.5";
const ACCEPT_LANGUAGE: &str = "zh-CN,zh;q=0.9,en;q=0.3";

/// The client; one for the process.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    /// Those of sources that are reached in a way of their own, made when first needed.
    others: Mutex<HashMap<Route, reqwest::Client>>,
    settings: config::Fetch,
    guard: Arc<Guard>,
    gates: Gates,
    robots: RobotsCache,
    slots: Semaphore,
    stop: CancellationToken,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The address.
    pub url: &'a Url,
    /// Validators known for addresses, by address: each hop is asked with its own.
    pub validators: &'a HashMap<String, Validators>,
    /// Whether robots.txt is followed for this source.
    pub robots: bool,
    /// How the site is reached.
    pub route: &'a Route,
    /// The present, for dates in `Retry-After`.
    pub now: Timestamp,
}

/// What is sent beyond a plain GET.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'a> {
    /// Headers; sent only to the origin that is asked first, so that a redirect elsewhere does not carry them away.
    pub headers: Option<&'a BTreeMap<String, String>>,
    /// What is posted. Such a request is never conditional.
    pub post: Option<Post<'a>>,
}

/// What is posted.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// The body.
    pub body: &'a str,
    /// Its media type.
    pub content_type: &'a str,
}

/// What came back.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and moved on at once")]
pub enum Fetched {
    /// Nothing changed at the final address since its validators were sent; how long the server says that stays so.
    NotModified(Option<Duration>),
    /// A document, with the validators to ask with the next time, and what the server says beside it.
    Document(Document, Validators, Said),
}

/// What a server says beside a document.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// How long it stays fresh.
    pub fresh_for: Option<Duration>,
    /// Its `Link` headers (RFC 8288).
    pub links: Vec<String>,
}

impl Client {
    /// Makes the client; requests under way end with [`FetchError::Stopped`] when `stop` is cancelled.
    pub fn new(settings: &config::Fetch, stop: CancellationToken) -> Result<Self, FetchError> {
        let guard = Arc::new(Guard::new(settings.allow_private.clone(), proxy::hosts(&settings.proxy)));
        Ok(Self {
            http: http_client(settings, &guard, false)?,
            others: Mutex::default(),
            settings: settings.clone(),
            guard,
            gates: Gates::new(settings.per_host_interval),
            robots: RobotsCache::default(),
            slots: Semaphore::new(settings.concurrency),
            stop,
        })
    }

    /// Notes when a site was last visited by an earlier process, so that the pause holds across a restart.
    pub fn recall_visit(&self, url: &Url, ended_at: Timestamp, now: Timestamp) {
        self.gates.recall(url, Duration::try_from(now.duration_since(ended_at)).unwrap_or_default());
    }

    /// Gets a document, following redirects.
    pub async fn get(&self, request: Request<'_>) -> Result<Fetched, FetchError> {
        self.ask(request, Extras::default()).await
    }

    /// Asks for a document with more than its address, following redirects.
    pub async fn ask(&self, request: Request<'_>, extras: Extras<'_>) -> Result<Fetched, FetchError> {
        let stopped = || FetchError::Stopped { url: request.url.clone() };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(stopped()),
            fetched = self.follow(request, extras) => fetched,
        }
    }

    async fn follow(&self, request: Request<'_>, mut extras: Extras<'_>) -> Result<Fetched, FetchError> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let delay = self.permitted(&url, request).await?;
            let validators = request.validators.get(url.as_str());
            let asked = Asked { validators, extras, route: request.route, now: request.now };
            match self.hop(&url, asked, delay).await? {
                Hop::Done(fetched) => return Ok(fetched),
                Hop::Redirect(next, keeps_method) => {
                    extras.headers = extras.headers.filter(|_| next.origin() == request.url.origin());
                    extras.post =
                        extras.post.filter(|_| keeps_method && next.origin() == request.url.origin());
                    url = next;
                }
            }
        }
        Err(FetchError::TooManyRedirects { url: request.url.clone(), limit: MAX_REDIRECTS })
    }

    /// Checks that an address may be visited; returns the pause that its robots.txt asks for.
    async fn permitted(&self, url: &Url, request: Request<'_>) -> Result<Option<Duration>, FetchError> {
        self.guard.check(url)?;
        if !(self.settings.robots && request.robots) {
            return Ok(None);
        }
        let rules = self.robots_of(url, request).await?;
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        if rules.allows(&path) {
            Ok(rules.crawl_delay())
        } else {
            Err(FetchError::Robots { url: url.clone() })
        }
    }

    /// The HTTP client for a route.
    fn http(&self, route: &Route) -> Result<reqwest::Client, FetchError> {
        if *route == Route::default() {
            return Ok(self.http.clone());
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = others.get(route) {
            return Ok(known.clone());
        }
        let mut settings = self.settings.clone();
        settings.proxy = route.proxy.clone().unwrap_or(settings.proxy);
        settings.extra_ca = route.extra_ca.clone().or(settings.extra_ca);
        let guard = Arc::new(Guard::new(settings.allow_private.clone(), proxy::hosts(&settings.proxy)));
        let made = http_client(&settings, &guard, route.legacy_tls)?;
        others.insert(route.clone(), made.clone());
        Ok(made)
    }

    async fn hop(&self, url: &Url, asked: Asked<'_>, delay: Option<Duration>) -> Result<Hop, FetchError> {
        let _turn = self.gates.enter(url, delay).await;
        let _slot = self.slots.acquire().await.map_err(|_| FetchError::Stopped { url: url.clone() })?;
        let http = self.http(asked.route)?;
        let validators = asked.validators.filter(|_| asked.extras.post.is_none());
        let builder = match asked.extras.post {
            None => http.get(url.clone()),
            Some(post) => http
                .post(url.clone())
                .header(header::CONTENT_TYPE, post.content_type)
                .body(post.body.to_owned()),
        };
        let own = asked.extras.headers.into_iter().flatten();
        let builder = own.fold(builder, |builder, (name, value)| builder.header(name, value));
        let exchange = async {
            let response =
                builder.headers(conditions(validators)).send().await.map_err(|e| FetchError::of(e, url))?;
            self.answer(url, response, validators, asked.now).await
        };
        // reqwest's own total limit starts anew for the body in some versions; this one covers all.
        let limited = tokio::time::timeout(self.settings.timeout, exchange).await;
        limited.unwrap_or_else(|_| Err(FetchError::Timeout { url: url.clone(), stage: "to answer in full" }))
    }

    async fn answer(
        &self,
        url: &Url,
        response: reqwest::Response,
        validators: Option<&Validators>,
        now: Timestamp,
    ) -> Result<Hop, FetchError> {
        let status = response.status();
        let fresh_for = fresh_for(response.headers());
        if status == StatusCode::NOT_MODIFIED {
            // A 304 to a question without validators is no answer.
            let known = validators.is_some();
            return if known {
                Ok(Hop::Done(Fetched::NotModified(fresh_for)))
            } else {
                Err(refusal(url, &response, now))
            };
        }
        if status.is_redirection() {
            let keeps_method =
                matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
            return target(url, &response).map(|next| Hop::Redirect(next, keeps_method));
        }
        if status != StatusCode::OK && status != StatusCode::NON_AUTHORITATIVE_INFORMATION {
            return Err(refusal(url, &response, now));
        }
        let text =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, last_modified) = (text(header::ETAG), text(header::LAST_MODIFIED));
        let content_type = text(header::CONTENT_TYPE);
        let links = response.headers().get_all(header::LINK).iter().take(MAX_LINK_HEADERS);
        let links = links.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
        let body = self.body(url, response).await?;
        let body_hash = *blake3::hash(&body).as_bytes();
        // Some servers send 200 with the same bytes.
        if validators.is_some_and(|known| known.body_hash == body_hash) {
            return Ok(Hop::Done(Fetched::NotModified(fresh_for)));
        }
        let document = Document { url: url.clone(), content_type, body };
        let validators = Validators { etag, last_modified, body_hash };
        Ok(Hop::Done(Fetched::Document(document, validators, Said { fresh_for, links })))
    }

    async fn body(&self, url: &Url, mut response: reqwest::Response) -> Result<Vec<u8>, FetchError> {
        let limit_bytes = self.settings.max_body_bytes;
        let too_large = || FetchError::TooLarge { url: url.clone(), limit_bytes };
        if response.content_length().is_some_and(|length| length > limit_bytes) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|e| FetchError::of(e, url))? {
            if (body.len() + piece.len()) as u64 > limit_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// What one request of a chain of redirects came to.
enum Hop {
    Done(Fetched),
    /// Where to ask next, and whether what was posted is posted again (RFC 9110 §15.4).
    Redirect(Url, bool),
}

/// What one request of a chain is made of beside its address.
#[derive(Clone, Copy)]
struct Asked<'a> {
    validators: Option<&'a Validators>,
    extras: Extras<'a>,
    route: &'a Route,
    now: Timestamp,
}

impl<'a> Asked<'a> {
    /// A plain GET on the way of a request.
    fn plain(request: Request<'a>) -> Self {
        Self { validators: None, extras: Extras::default(), route: request.route, now: request.now }
    }
}

fn http_client(
    settings: &config::Fetch,
    guard: &Arc<Guard>,
    legacy_tls: bool,
) -> Result<reqwest::Client, FetchError> {
    // Only the first call in a process takes effect, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT));
    headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(ACCEPT_LANGUAGE));
    let mut builder = reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .timeout(settings.timeout)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .dns_resolver(Arc::clone(guard));
    builder = match &settings.proxy {
        config::ProxyChoice::Env => builder,
        config::ProxyChoice::None => builder.no_proxy(),
        config::ProxyChoice::Fixed(url) => {
            let proxy = reqwest::Proxy::all(url.clone()).map_err(|source| FetchError::Setup { source })?;
            builder.proxy(proxy)
        }
    };
    if let Some(path) = &settings.extra_ca {
        let pem = std::fs::read(path)
            .map_err(|source| FetchError::ExtraCa { path: path.display().to_string(), source })?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|source| FetchError::Setup { source })?;
        builder = builder.tls_certs_merge(certificates);
    }
    // Said in so many words: a build with both libraries would take OpenSSL for all.
    builder = if legacy_tls { outdated(builder) } else { builder.tls_backend_rustls() };
    builder.build().map_err(|source| FetchError::Setup { source })
}

/// Accepts outdated encryption, through OpenSSL: the library used otherwise refuses RSA key exchange and CBC suites.
#[cfg(feature = "legacy-tls")]
fn outdated(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.tls_backend_native().tls_version_min(reqwest::tls::Version::TLS_1_0)
}

/// Configuration refuses the setting in a build without the feature.
#[cfg(not(feature = "legacy-tls"))]
fn outdated(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}

fn conditions(validators: Option<&Validators>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(validators) = validators else { return headers };
    let pairs =
        [(header::IF_NONE_MATCH, &validators.etag), (header::IF_MODIFIED_SINCE, &validators.last_modified)];
    for (name, value) in pairs {
        if let Some(value) = value.as_ref().and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

fn target(url: &Url, response: &reqwest::Response) -> Result<Url, FetchError> {
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok());
    next.ok_or_else(|| FetchError::BadRedirect { url: url.clone(), status: response.status().as_u16() })
}

fn refusal(url: &Url, response: &reqwest::Response, now: Timestamp) -> FetchError {
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| retry_after(text, now));
    FetchError::Status { url: url.clone(), status: response.status().as_u16(), retry_after }
}

/// How long an answer stays fresh: `Cache-Control: max-age` (RFC 9111 §5.2.2.1), unless it is not to be kept.
fn fresh_for(headers: &HeaderMap) -> Option<Duration> {
    let fields = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<String> =
        fields.flat_map(|value| value.split(',')).map(|part| part.trim().to_ascii_lowercase()).collect();
    if directives.iter().any(|part| matches!(part.as_str(), "no-cache" | "no-store")) {
        return None;
    }
    let age = directives.iter().find_map(|part| part.strip_prefix("max-age="))?;
    let seconds = age.trim_matches('"').parse::<u64>().ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds))
}

/// Reads `Retry-After`: seconds or a date (RFC 9110 §10.2.3), at most a day.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let asked = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Duration::try_from(at.duration_since(now)).ok()?
    };
    Some(asked.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_fresh_as_long_as_its_server_says() {
        let check = |value: &str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_str(value).unwrap());
            assert_eq!(fresh_for(&headers), expected.map(Duration::from_secs), "{value}");
        };
        check("public, max-age=600", Some(600));
        check("Max-Age=\"60\"", Some(60));
        check("no-cache, max-age=600", None);
        check("max-age=0", None);
        check("max-age=x", None);
        assert_eq!(fresh_for(&HeaderMap::new()), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_a_day() {
        let now: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(retry_after(text, now), expected.map(Duration::from_secs), "{text}");
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Tue, 24 Nov 2026 02:01:00 GMT", Some(60));
        check("Tue, 24 Nov 2026 01:00:00 GMT", None);
        check("999999999", Some(86_400));
        check("soon", None);
    }
}
