//! The published documents as a subscriber would get them: asked of the public routes themselves, so that what is
//! delivered is what is served, byte for byte.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{Request, StatusCode, header},
};
use tower::ServiceExt;

/// Largest document delivered, in bytes; our feeds are made to stay below it.
const MAX_CONTENT_BYTES: usize = 4 << 20;

/// The public routes.
#[derive(Debug, Clone)]
pub struct Topics {
    routes: Router,
}

/// A document as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its media type.
    pub content_type: String,
    /// Its `ETag`, by which it is told from earlier ones.
    pub etag: String,
    /// Its bytes.
    pub body: Bytes,
}

impl Topics {
    /// Topics are what these routes serve.
    pub fn new(routes: Router) -> Self {
        Self { routes }
    }

    /// Reads the feed at a path below the public address; `None` when there is none, or none yet.
    pub async fn read(&self, path: &str) -> Option<Reading> {
        if !is_feed(path) {
            return None;
        }
        let request = Request::get(format!("/{path}")).body(Body::empty()).ok()?;
        let response = self.routes.clone().oneshot(request).await.ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let (head, body) = response.into_parts();
        let body = to_bytes(body, MAX_CONTENT_BYTES).await.ok()?;
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (content_type, etag) = (text(header::CONTENT_TYPE)?, text(header::ETAG)?);
        Some(Reading { content_type, etag, body })
    }
}

/// Whether a path is named like a feed; what else is served has no subscribers.
fn is_feed(path: &str) -> bool {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    [".atom", ".rss", ".json"].iter().any(|end| path.ends_with(end)) && !path.starts_with("api/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_told_by_their_names() {
        let check = |path: &str, expected: bool| assert_eq!(is_feed(path), expected, "{path}");
        check("feed.atom", true);
        check("regions/CN-JX/feed.rss", true);
        check("feed.json?q=a.b", true);
        check("", false);
        check("stories/0123", false);
        check("opml?x=.atom", false);
        check("api/openapi.json", false);
    }
}
