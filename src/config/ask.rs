//! How a source's address is asked, where that is more than a plain GET.

use std::collections::BTreeMap;

use super::layer::{Method, SourceLayer};

/// Media type of forms, which most list endpoints take.
const FORM: &str = "application/x-www-form-urlencoded";
/// Headers that are ours to set, or that belong to the connection.
const OURS: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// How a source's address is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Headers for requests to the host of the source's address.
    pub headers: BTreeMap<String, String>,
    /// What is posted; `None` for a GET.
    pub post: Option<Post>,
}

/// What is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The body, `{page}` standing for the number of a page.
    pub body: String,
    /// Its media type.
    pub content_type: String,
}

impl Ask {
    /// Reads the keys of a source.
    pub(super) fn of(source: &SourceLayer) -> Result<Self, String> {
        let headers = source.headers.clone().unwrap_or_default();
        for (name, value) in &headers {
            header(name, value)?;
        }
        let is_post = source.method == Some(Method::Post);
        if !is_post && (source.body.is_some() || source.content_type.is_some()) {
            return Err("sets `body` or `content_type` without `method = \"POST\"`".into());
        }
        let content_type = source.content_type.clone().unwrap_or_else(|| FORM.to_owned());
        header("content_type", &content_type)?;
        let post = is_post.then(|| Post { body: source.body.clone().unwrap_or_default(), content_type });
        Ok(Self { headers, post })
    }
}

impl Post {
    /// The body that asks for a page.
    pub fn body_of(&self, page: usize) -> String {
        self.body.replace("{page}", &page.to_string())
    }

    /// Whether pages can be asked for.
    pub fn has_pages(&self) -> bool {
        self.body.contains("{page}")
    }
}

fn header(name: &str, value: &str) -> Result<(), String> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty()
        || !name.bytes().all(is_name)
        || OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))
    {
        return Err(format!("sets the header `{name}`, which is no name of a header that a source may set"));
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(format!("gives the header `{name}` characters that it cannot carry; expected ASCII"));
    }
    Ok(())
}
