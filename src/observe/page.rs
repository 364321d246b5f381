//! What a page is that answers 200 and yet shows nothing: a script, a wall, a form to log in.

use std::sync::LazyLock;

use regex::Regex;

use super::Fault;

/// Bytes of a page that are looked at.
const MAX_LOOKED_AT: usize = 200_000;
/// Text of a page below which its scripts are what matters, in characters.
const LITTLE_TEXT: usize = 200;

static SCRIPTS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?is)<script\b.*?</script\s*>").ok());
static TAGS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?is)<style\b.*?</style\s*>|<!--.*?-->|<[^>]*>").ok());
static LOGIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)<input[^>]+type\s*=\s*["']?password"#).ok());

/// Says what a page without rows is, when it is no page of the site at all.
pub fn hidden(url: &str, body: &[u8]) -> Option<Fault> {
    let text = String::from_utf8_lossy(body.get(..MAX_LOOKED_AT).unwrap_or(body));
    if LOGIN.as_ref().is_some_and(|login| login.is_match(&text)) {
        return Some(Fault {
            name: "login-page",
            sentence: format!("`{url}` asks visitors to log in"),
            next_step: "choose a page of the site that is public",
        });
    }
    let without_scripts = SCRIPTS.as_ref()?.replace_all(&text, " ");
    let has_script = without_scripts.len() < text.len();
    let shown = TAGS.as_ref()?.replace_all(&without_scripts, " ");
    let n_chars = shown.chars().filter(|c| !c.is_whitespace()).count();
    (has_script && n_chars < LITTLE_TEXT).then(|| Fault {
        name: "script-only",
        sentence: format!("`{url}` sends a script instead of a page"),
        next_step: "the site builds the page in the browser or keeps programs out; look for its JSON list with `dibao discover`",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walls_and_forms_are_told_from_pages() {
        let check = |body: &str, expected: Option<&str>| {
            assert_eq!(hidden("http://a.cn/", body.as_bytes()).map(|fault| fault.name), expected, "{body}");
        };
        check(
            "<html><script>var a=1;setTimeout('x()',9)</script><body onload=x()></body></html>",
            Some("script-only"),
        );
        check("<html><form><input name=u><input type='password' name=p></form></html>", Some("login-page"));
        check(&format!("<html><script>1</script><p>{}</p></html>", "公告".repeat(200)), None);
        check("<html><ul id=list></ul></html>", None);
        check("", None);
    }
}
