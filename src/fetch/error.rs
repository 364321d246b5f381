//! Why a document could not be had.

use std::{error::Error, time::Duration};

use url::Url;

use super::guard::PrivateAddress;

/// Why a document could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The client cannot be made.
    #[error("the HTTP client cannot be set up")]
    Setup {
        /// The complaint.
        source: reqwest::Error,
    },
    /// The file of further authorities cannot be read.
    #[error("`fetch.extra_ca`: `{path}` cannot be read")]
    ExtraCa {
        /// The file.
        path: String,
        /// The system's complaint.
        source: std::io::Error,
    },
    /// We are shutting down.
    #[error("`{url}` was not asked to the end, since dibao is stopping")]
    Stopped {
        /// The address.
        url: Url,
    },
    /// Neither http nor https, or no host.
    #[error("`{url}` cannot be visited; only http and https addresses can")]
    Scheme {
        /// The address.
        url: Url,
    },
    /// The name or address leads into a private network.
    #[error("`{url}` leads to {what}; if that is meant, add the network to `fetch.allow_private`")]
    Private {
        /// The address.
        url: Url,
        /// The address found, and what kind it is.
        what: String,
    },
    /// The site asks not to be visited there.
    #[error("`{url}` may not be visited according to the site's robots.txt")]
    Robots {
        /// The address.
        url: Url,
    },
    /// Whether the site allows visits cannot be known, which counts as no (RFC 9309 §2.3.1.4).
    #[error("`{url}` is not visited, since the site's robots.txt answers with status {status}")]
    RobotsUnreachable {
        /// The address that was wanted.
        url: Url,
        /// The status.
        status: u16,
    },
    /// The name does not resolve.
    #[error("the name in `{url}` cannot be resolved")]
    Dns {
        /// The address.
        url: Url,
        /// The resolver's complaint.
        source: reqwest::Error,
    },
    /// No connection.
    #[error("no connection to `{url}`: {reason}")]
    Connect {
        /// The address.
        url: Url,
        /// The system's complaint, short.
        reason: String,
    },
    /// The certificate is not to be trusted.
    #[error("the certificate of `{url}` is not to be trusted: {reason}")]
    Certificate {
        /// The address.
        url: Url,
        /// What is wrong with it.
        reason: String,
    },
    /// The server speaks no TLS that we do.
    #[error("no secure connection to `{url}`: {reason}")]
    Tls {
        /// The address.
        url: Url,
        /// The complaint.
        reason: String,
    },
    /// Too slow.
    #[error("`{url}` took too long {stage}")]
    Timeout {
        /// The address.
        url: Url,
        /// What it took too long to do.
        stage: &'static str,
    },
    /// The connection broke while the answer came.
    #[error("`{url}` broke off its answer: {reason}")]
    Broken {
        /// The address.
        url: Url,
        /// The complaint.
        reason: String,
    },
    /// More bytes than allowed, decompressed.
    #[error("`{url}` sent more than {limit_bytes} bytes; raise `fetch.max_body` if it is to be read")]
    TooLarge {
        /// The address.
        url: Url,
        /// The limit in force.
        limit_bytes: u64,
    },
    /// A circle, or a chain too long.
    #[error("`{url}` redirects more than {limit} times")]
    TooManyRedirects {
        /// The address asked first.
        url: Url,
        /// The limit in force.
        limit: usize,
    },
    /// A redirect to nowhere.
    #[error("`{url}` answers with status {status} but says not where to go")]
    BadRedirect {
        /// The address.
        url: Url,
        /// The status.
        status: u16,
    },
    /// Any other answer than a document.
    #[error("`{url}` answers with status {status}")]
    Status {
        /// The address.
        url: Url,
        /// The status.
        status: u16,
        /// How long the server asks to be left alone.
        retry_after: Option<Duration>,
    },
}

impl FetchError {
    /// Sorts a complaint of the HTTP library by its causes.
    pub(super) fn of(error: reqwest::Error, url: &Url) -> Self {
        let url = url.clone();
        if let Some(private) = find::<PrivateAddress>(&error) {
            return Self::Private { url, what: private.to_string() };
        }
        if let Some(tls) = find::<rustls::Error>(&error) {
            let reason = tls.to_string();
            return match tls {
                rustls::Error::InvalidCertificate(why) => {
                    Self::Certificate { url, reason: format!("{why}").trim().to_owned() }
                }
                _ => Self::Tls { url, reason },
            };
        }
        if error.is_timeout() {
            let stage = if error.is_connect() { "to connect" } else { "to answer" };
            return Self::Timeout { url, stage };
        }
        if error.is_connect() {
            return if chain(&error).any(|cause| cause.to_string().contains("dns error")) {
                Self::Dns { url, source: error.without_url() }
            } else {
                Self::Connect { url, reason: root(&error) }
            };
        }
        Self::Broken { url, reason: root(&error) }
    }

    /// Whether the same request may succeed later with no change of configuration; drives back-off.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::Stopped { .. }
            | Self::RobotsUnreachable { .. } => true,
            _ => false,
        }
    }

    /// Whether the site says that the document no longer exists.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. })
    }

    /// How long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// An error and all its causes, those hidden inside I/O errors included.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inside.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|cause| cause.downcast_ref::<T>())
}

fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}
