//! What a subscriber asks of our hub (WebSub §5.1), from the fields of its form. Pure.

use std::{fmt, time::Duration};

use url::{Host, Url, form_urlencoded};

use super::timing;

/// Largest request, in bytes: three addresses and a secret.
pub const MAX_REQUEST_BYTES: usize = 16 << 10;
/// Fields of a request at most; further ones are refused, so that nobody makes us read thousands.
const MAX_FIELDS: usize = 32;
/// Longest address taken.
const MAX_URL_BYTES: usize = 2_000;
/// A secret has fewer bytes than this (WebSub §5.1).
const MAX_SECRET_BYTES: usize = 200;
/// From this port on no service of the system is found that would mistake a request for something else.
const FIRST_FREE_PORT: u16 = 1_024;

/// What the hub grants.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The lease when none is asked for.
    pub lease: Duration,
    /// The longest lease.
    pub max_lease: Duration,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To get a feed.
    Subscribe,
    /// To get it no longer.
    Unsubscribe,
}

impl Mode {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    /// The mode of a stored word.
    pub fn from_name(name: &str) -> Self {
        if name == "unsubscribe" { Self::Unsubscribe } else { Self::Subscribe }
    }
}

/// A request that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub mode: Mode,
    /// The feed's address, byte for byte as it was asked for.
    pub topic: String,
    /// Path and query of the feed below the public address, without leading `/`.
    pub path: String,
    /// Where it is to be delivered.
    pub callback: Url,
    /// The lease that is granted.
    pub lease: Duration,
    /// What deliveries are signed with.
    pub secret: Option<String>,
}

/// Why a request is not followed, in words for the subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fields of `hub.` that are understood; each may stand once.
#[derive(Debug, Default)]
struct Fields {
    mode: Option<String>,
    topic: Option<String>,
    callback: Option<String>,
    lease: Option<String>,
    secret: Option<String>,
}

/// Reads a form. `base` is the address under which our feeds are, ending in `/`.
pub fn parse(form: &[u8], base: &Url, terms: &Terms) -> Result<Request, Refusal> {
    let fields = fields(form)?;
    let mode = match fields.mode.as_deref() {
        Some("subscribe") => Mode::Subscribe,
        Some("unsubscribe") => Mode::Unsubscribe,
        Some("publish") => {
            return refused("`hub.mode=publish`: this hub knows by itself when its publisher's feeds change");
        }
        Some(_) => return refused("`hub.mode` is neither `subscribe` nor `unsubscribe`"),
        None => return refused("`hub.mode` is missing; expected `subscribe` or `unsubscribe`"),
    };
    let topic =
        fields.topic.ok_or_else(|| Refusal("`hub.topic` is missing; expected a feed's address".into()))?;
    let path = path_below(base, &topic).ok_or_else(|| {
        Refusal(format!("`hub.topic` is none of the feeds of this hub, such as {base}feed.atom"))
    })?;
    let callback = fields.callback.ok_or_else(|| Refusal("`hub.callback` is missing".into()))?;
    let callback = callback_of(&callback, base)?;
    let asked = match fields.lease.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(text) => Some(seconds(text)?),
    };
    let secret = fields.secret.filter(|secret| !secret.is_empty());
    if secret.as_ref().is_some_and(|secret| secret.len() >= MAX_SECRET_BYTES) {
        return refused("`hub.secret` is too long; expected fewer than 200 bytes");
    }
    let lease = timing::lease(asked, terms.lease, terms.max_lease);
    Ok(Request { mode, topic, path, callback, lease, secret })
}

fn refused<T>(reason: &str) -> Result<T, Refusal> {
    Err(Refusal(reason.to_owned()))
}

fn fields(form: &[u8]) -> Result<Fields, Refusal> {
    let mut fields = Fields::default();
    for (n, (name, value)) in form_urlencoded::parse(form).enumerate() {
        if n >= MAX_FIELDS {
            return refused("the form has too many fields");
        }
        let place = match &*name {
            "hub.mode" => &mut fields.mode,
            "hub.topic" => &mut fields.topic,
            "hub.callback" => &mut fields.callback,
            "hub.lease_seconds" => &mut fields.lease,
            "hub.secret" => &mut fields.secret,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return Err(Refusal(format!("`{name}` stands twice")));
        }
    }
    Ok(fields)
}

/// A number of seconds; more than can be counted is as much as can be.
fn seconds(text: &str) -> Result<u64, Refusal> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return refused("`hub.lease_seconds` is no number of seconds");
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// Path and query of an address below another, without leading `/`; `None` when it is elsewhere.
pub fn path_below(base: &Url, topic: &str) -> Option<String> {
    if topic.len() > MAX_URL_BYTES {
        return None;
    }
    let url = Url::parse(topic).ok()?;
    if url.origin() != base.origin() || has_credentials(&url) || url.fragment().is_some() {
        return None;
    }
    let path = url.path().strip_prefix(base.path())?;
    Some(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

/// A callback is any http(s) address that is not ours; whether it leads into a private network is the courier's to say.
fn callback_of(text: &str, base: &Url) -> Result<Url, Refusal> {
    let wrong = |what: &str| Err(Refusal(format!("`hub.callback` {what}")));
    if text.len() > MAX_URL_BYTES {
        return wrong("is too long");
    }
    let Ok(url) = Url::parse(text) else { return wrong("is no absolute address") };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return wrong("is neither http nor https");
    }
    if has_credentials(&url) {
        return wrong("holds a user name; put what is secret into its path");
    }
    if url.fragment().is_some() {
        return wrong("has a fragment, which is never sent");
    }
    if url.origin() == base.origin() && url.path().starts_with(base.path()) {
        return wrong("is an address of this hub itself");
    }
    match url.port_or_known_default() {
        Some(port) if port >= FIRST_FREE_PORT || matches!(port, 80 | 443) => Ok(url),
        _ => wrong("has a port that is used for other things than HTTP"),
    }
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// What callbacks are counted by: a host by its registered end (`a.b.example.org` is `example.org`), an address by
/// itself, an IPv6 address by its network. One who has a domain has any number of names in it.
pub fn host_of(callback: &Url) -> String {
    match callback.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let labels: Vec<&str> = name.rsplit('.').collect();
            // `com.cn`, `co.uk`: below a country's end, a short second label is part of what names are registered under.
            let is_short = |i: usize, n: usize| labels.get(i).is_some_and(|label| label.len() <= n);
            let kept = if is_short(0, 2) && is_short(1, 3) { 3 } else { 2 };
            labels.iter().take(kept).rev().copied().collect::<Vec<_>>().join(".")
        }
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://feeds.example.org/post/";

    fn terms() -> Terms {
        Terms { lease: Duration::from_hours(240), max_lease: Duration::from_hours(720) }
    }

    fn read(fields: &[(&str, &str)]) -> Result<Request, Refusal> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        parse(form.as_bytes(), &Url::parse(BASE).unwrap(), &terms())
    }

    /// A whole request with one field changed; an empty value leaves it out.
    fn with(name: &str, value: &str) -> Result<Request, Refusal> {
        let whole = [
            ("hub.mode", "subscribe"),
            ("hub.topic", "https://feeds.example.org/post/feed.atom"),
            ("hub.callback", "https://reader.example.net/cb?x=1"),
        ];
        let mut fields: Vec<(&str, &str)> = whole.into_iter().filter(|(known, _)| *known != name).collect();
        if !value.is_empty() {
            fields.push((name, value));
        }
        read(&fields)
    }

    #[test]
    fn a_whole_request_is_read() {
        let request = with("hub.secret", "s3cret").unwrap();
        assert_eq!(request.mode, Mode::Subscribe);
        assert_eq!(request.path, "feed.atom");
        assert_eq!(request.callback.as_str(), "https://reader.example.net/cb?x=1");
        assert_eq!(request.lease, Duration::from_hours(240));
        assert_eq!(request.secret.as_deref(), Some("s3cret"));
        assert_eq!(with("hub.mode", "unsubscribe").unwrap().mode, Mode::Unsubscribe);
        assert_eq!(with("hub.lease_seconds", "3600").unwrap().lease, Duration::from_hours(1));
        let slice =
            with("hub.topic", "https://feeds.example.org/post/regions/CN-JX/feed.rss?q=%E5%BF%AB").unwrap();
        assert_eq!(slice.path, "regions/CN-JX/feed.rss?q=%E5%BF%AB");
    }

    #[test]
    fn what_cannot_be_followed_is_refused_with_the_reason() {
        let check = |name: &str, value: &str, reason: &str| {
            let refusal = with(name, value).expect_err(value).0;
            assert!(refusal.contains(reason), "{name}={value}: {refusal}");
        };
        check("hub.mode", "", "`hub.mode` is missing");
        check("hub.mode", "publish", "knows by itself");
        check("hub.mode", "Subscribe", "neither");
        check("hub.topic", "", "`hub.topic` is missing");
        check("hub.topic", "https://other.example.org/post/feed.atom", "none of the feeds");
        check("hub.topic", "http://feeds.example.org/post/feed.atom", "none of the feeds");
        check("hub.topic", "https://feeds.example.org/feed.atom", "none of the feeds");
        check("hub.topic", "https://feeds.example.org/post/../feed.atom", "none of the feeds");
        check("hub.topic", "feed.atom", "none of the feeds");
        check("hub.callback", "", "`hub.callback` is missing");
        check("hub.callback", "/cb", "no absolute address");
        check("hub.callback", "ftp://reader.example.net/", "neither http nor https");
        check("hub.callback", "file:///etc/passwd", "neither http nor https");
        check("hub.callback", "https://a:b@reader.example.net/", "user name");
        check("hub.callback", "https://reader.example.net/#a", "fragment");
        check("hub.callback", "https://feeds.example.org/post/push/x", "this hub itself");
        check("hub.callback", "http://reader.example.net:25/", "port");
        check("hub.callback", &format!("https://a.example/{}", "x".repeat(2_000)), "too long");
        check("hub.lease_seconds", "soon", "no number");
        check("hub.lease_seconds", "-1", "no number");
        check("hub.secret", &"x".repeat(200), "too long");
        assert!(with("hub.secret", &"x".repeat(199)).is_ok());
    }

    #[test]
    fn doubled_and_countless_fields_are_refused() {
        let twice = read(&[("hub.mode", "subscribe"), ("hub.mode", "unsubscribe")]).unwrap_err();
        assert!(twice.0.contains("twice"), "{twice}");
        let many = vec![("a", "b"); MAX_FIELDS + 1];
        assert!(read(&many).unwrap_err().0.contains("too many"));
        assert!(parse(b"\xff\xfe%zz&&&==", &Url::parse(BASE).unwrap(), &terms()).is_err());
    }

    #[test]
    fn callbacks_are_counted_by_who_owns_the_host() {
        let check = |url: &str, expected: &str| {
            assert_eq!(host_of(&Url::parse(url).unwrap()), expected, "{url}");
        };
        check("https://a.b.example.org/x", "example.org");
        check("https://EXAMPLE.org:8443/x", "example.org");
        check("https://a.example.com.cn/x", "example.com.cn");
        check("https://b.example.co.uk/x", "example.co.uk");
        check("https://a.b.abc.com/x", "abc.com");
        check("http://localhost/x", "localhost");
        check("http://192.0.2.7:81/x", "192.0.2.7");
        check("http://[2001:db8:1:2:3::4]/x", "2001:db8:1:2::/64");
    }
}
