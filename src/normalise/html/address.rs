//! Where links and pictures lead.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use url::Url;

use super::escape;

/// The schemes that links may have; pictures only the first two.
pub(super) const SCHEMES: &[&str] = &["http", "https", "mailto"];
/// Attributes that hold a lazily loaded picture's address while `src` holds a placeholder.
const LAZY: &[&str] = &["data-src", "data-original"];
/// Attributes in which editors keep the address when `src` is missing.
const EDITORS: &[&str] = &["_src", "oldsrc"];
/// Hosts that hand on the picture whose address stands in a parameter of the query.
const IMAGE_PROXIES: &[(&str, &str)] = &[("nimg.ws.126.net", "url")];
/// Proxies in a row that are looked through.
const MAX_PROXIES: usize = 4;
/// Parts of addresses that work only inside a site's own editor.
const BROKEN: &[&str] = &["common/preview_resource.action?"];
/// The widest and highest a picture can be and still be there only to be counted, in pixels.
const TRACKER_PIXELS: u32 = 1;
/// Longest address that is kept, in bytes.
const MAX_ADDRESS_BYTES: usize = 4_096;

/// The attributes of a tag by name.
pub(super) type Attributes<'a> = HashMap<&'a str, Cow<'a, str>>;

/// The attributes of a link as written; `None` when it leads nowhere.
pub(super) fn link(attributes: &Attributes<'_>, base: &Url) -> Option<String> {
    let href = resolve(attributes.get("href")?, base)?;
    let mut written = format!(" href=\"{}\"", quote(href.as_str()));
    push_text(&mut written, "title", attributes);
    written.push_str(" rel=\"noopener noreferrer\"");
    Some(written)
}

/// The attributes of a picture as written; `None` when it has no address or is a tracker.
pub(super) fn picture(attributes: &Attributes<'_>, base: &Url) -> Option<String> {
    if is_tracker(attributes) {
        return None;
    }
    let src = LAZY
        .iter()
        .chain(&["src"])
        .chain(EDITORS)
        .filter_map(|name| attributes.get(name))
        .find_map(|address| picture_address(address, base))?;
    let mut written = format!(" src=\"{}\"", quote(src.as_str()));
    push_text(&mut written, "alt", attributes);
    for name in ["width", "height"] {
        if let Some(pixels) = attributes.get(name).and_then(|value| value.trim().parse::<u16>().ok()) {
            let _ = write!(written, " {name}=\"{pixels}\"");
        }
    }
    Some(written)
}

/// The attributes of a table cell as written.
pub(super) fn cell(attributes: &Attributes<'_>) -> String {
    let mut written = String::new();
    for name in ["colspan", "rowspan"] {
        let span = attributes.get(name).and_then(|value| value.trim().parse::<u16>().ok());
        if let Some(span) = span.filter(|span| (2..=1_000).contains(span)) {
            let _ = write!(written, " {name}=\"{span}\"");
        }
    }
    let align = attributes.get("align").map(|value| value.trim().to_ascii_lowercase());
    if let Some(align) =
        align.filter(|align| ["left", "center", "right", "justify"].contains(&align.as_str()))
    {
        let _ = write!(written, " align=\"{align}\"");
    }
    written
}

/// Escapes text as a serialiser does in a quoted value.
fn quote(text: &str) -> String {
    escape(text).replace('"', "&quot;")
}

fn push_text(written: &mut String, name: &str, attributes: &Attributes<'_>) {
    if let Some(text) = attributes.get(name) {
        let text = super::collapse(text);
        if !text.is_empty() {
            let _ = write!(written, " {name}=\"{}\"", quote(&text));
        }
    }
}

/// Makes an address absolute; `None` when it is none, or none that may be published.
fn resolve(address: &str, base: &Url) -> Option<Url> {
    let address = address.trim();
    if address.is_empty() || BROKEN.iter().any(|part| address.contains(part)) {
        return None;
    }
    let url = base.join(address).ok()?;
    (SCHEMES.contains(&url.scheme()) && url.as_str().len() <= MAX_ADDRESS_BYTES).then_some(url)
}

fn picture_address(address: &str, base: &Url) -> Option<Url> {
    let is_picture = |url: &Url| url.scheme() != "mailto";
    let mut url = resolve(address, base).filter(is_picture)?;
    for _ in 0..MAX_PROXIES {
        match behind_proxy(&url) {
            Some(inner) => url = resolve(&inner, &url).filter(is_picture)?,
            None => return Some(url),
        }
    }
    None
}

/// The address that an image proxy's query names.
fn behind_proxy(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let (_, parameter) = IMAGE_PROXIES.iter().find(|(proxy, _)| *proxy == host)?;
    url.query_pairs().find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned())
}

/// Whether a picture is there to be counted, not to be seen.
fn is_tracker(attributes: &Attributes<'_>) -> bool {
    let sized = ["width", "height"].iter().filter_map(|name| attributes.get(name)).any(|size| is_tiny(size));
    let style = attributes.get("style").map(|style| style.to_ascii_lowercase());
    let styled = style.iter().flat_map(|style| style.split(';')).filter_map(|rule| rule.split_once(':')).any(
        |(name, value)| match name.trim() {
            "width" | "height" => is_tiny(value),
            "display" => value.trim() == "none",
            _ => false,
        },
    );
    sized || styled
}

fn is_tiny(size: &str) -> bool {
    let size = size.trim();
    size.strip_suffix("px").unwrap_or(size).trim().parse::<u32>().is_ok_and(|pixels| pixels <= TRACKER_PIXELS)
}
