//! What a site's `robots.txt` asks of us (RFC 9309), read and answered without touching the network.
//!
//! Who fetches the file and what a missing one means (§2.3) is not decided here; see [`Robots::allow_all`]
//! and [`Robots::deny_all`] for the two answers.
//!
//! **Invariant:** no input makes matching slower than linear in rules times the length of the path.

use std::time::Duration;

/// Bytes that are read; the rest is ignored (RFC 9309 §2.5).
pub const MAX_BODY_BYTES: usize = 500 * 1024;
/// Longest `Crawl-delay` that is honoured; more would starve a host's other sources.
pub const MAX_CRAWL_DELAY: Duration = Duration::from_mins(1);
/// Bytes of an address that are compared; no real rule is longer.
const MAX_PATH_BYTES: usize = 8 * 1024;
/// The one path that rules cannot forbid (RFC 9309 §2.2.2).
const ROBOTS_PATH: &str = "/robots.txt";

/// The rules of one site for one crawler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Robots {
    /// Answers that everything may be visited: no file, or one without rules.
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// Answers that nothing may be visited: the server could not say (RFC 9309 §2.3.1.4).
    pub fn deny_all() -> Self {
        Self { rules: vec![Rule::new(false, "/")], crawl_delay: None }
    }

    /// Reads the groups that name `product_token`, merged, else the groups for `*` (RFC 9309 §2.2.1).
    ///
    /// Only the letters, `-` and `_` at the start of a token count, on both sides: `Dibao/1.0` is `dibao`.
    /// What is no robots file, such as an HTML page, has no rules and allows everything.
    pub fn parse(body: &[u8], product_token: &str) -> Self {
        let text = String::from_utf8_lossy(first_lines(body));
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = Reader { product: product(product_token), ..Reader::default() };
        for line in text.split(['\r', '\n']) {
            reader.read(line);
        }
        if reader.names_us { reader.ours.robots } else { reader.everyones.robots }
    }

    /// Whether an address may be visited. The longest matching rule decides, and of two equally long ones the
    /// one that allows (RFC 9309 §2.2.2).
    pub fn allows(&self, path_and_query: &str) -> bool {
        let bytes = path_and_query.as_bytes();
        let path = normal_form(bytes.get(..MAX_PATH_BYTES).unwrap_or(bytes));
        let path = if path.is_empty() { "/" } else { &path };
        if path.split('?').next() == Some(ROBOTS_PATH) {
            return true;
        }
        self.rules
            .iter()
            .filter(|rule| rule.matches(path))
            .max_by_key(|rule| (rule.length, rule.allow))
            .is_none_or(|rule| rule.allow)
    }

    /// The pause between two visits that the site asks for, at most [`MAX_CRAWL_DELAY`].
    ///
    /// `Crawl-delay` is not part of RFC 9309, but many sites state it.
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }
}

/// The part of the body that is read. A line that the limit cuts is left out, since half a path forbids more.
fn first_lines(body: &[u8]) -> &[u8] {
    let Some(head) = body.get(..MAX_BODY_BYTES) else { return body };
    if body.len() == MAX_BODY_BYTES {
        return head;
    }
    let end = head.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    &head[..end]
}

/// The product token that a user agent begins with.
fn product(agent: &str) -> &str {
    let end = agent.bytes().position(|b| !(b.is_ascii_alphabetic() || b == b'-' || b == b'_'));
    &agent[..end.unwrap_or(agent.len())]
}

/// Reads lines into the groups that may concern us.
#[derive(Default)]
struct Reader<'a> {
    product: &'a str,
    ours: Merged,
    everyones: Merged,
    names_us: bool,
    /// Whether the present group has a rule, so that the next `user-agent` begins another group.
    has_rule: bool,
}

/// Groups for one user agent, merged.
#[derive(Default)]
struct Merged {
    robots: Robots,
    /// Whether the present group is one of them.
    open: bool,
}

impl Reader<'_> {
    /// Takes in one line. Lines of other kinds, `Crawl-delay` among them, do not end the list of user agents:
    /// other records must not change how these are read (RFC 9309 §2.2.4).
    fn read(&mut self, line: &str) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else { return };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        match key.as_str() {
            "user-agent" => self.enter_group(value),
            "allow" => self.add_rule(true, value),
            "disallow" => self.add_rule(false, value),
            "crawl-delay" => self.add_delay(value),
            _ => {}
        }
    }

    fn enter_group(&mut self, agent: &str) {
        if self.has_rule {
            (self.ours.open, self.everyones.open, self.has_rule) = (false, false, false);
        }
        self.everyones.open |= agent == "*";
        if !self.product.is_empty() && product(agent).eq_ignore_ascii_case(self.product) {
            self.ours.open = true;
            self.names_us = true;
        }
    }

    fn add_rule(&mut self, allow: bool, pattern: &str) {
        self.has_rule = true;
        // An empty pattern matches nothing: `Disallow:` is the old way to allow everything.
        if pattern.is_empty() || pattern.len() > MAX_PATH_BYTES {
            return;
        }
        for robots in self.groups() {
            robots.rules.push(Rule::new(allow, pattern));
        }
    }

    fn add_delay(&mut self, value: &str) {
        let Some(seconds) = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0) else { return };
        let delay = Duration::from_secs_f64(seconds.min(MAX_CRAWL_DELAY.as_secs_f64()));
        for robots in self.groups() {
            robots.crawl_delay = robots.crawl_delay.max(Some(delay));
        }
    }

    /// The rules that the present group adds to; none before the first group.
    fn groups(&mut self) -> impl Iterator<Item = &mut Robots> {
        [&mut self.ours, &mut self.everyones]
            .into_iter()
            .filter(|group| group.open)
            .map(|group| &mut group.robots)
    }
}

/// One `Allow` or `Disallow`, its path in normal form and cut at the wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// What stands between the `*`s; never empty. The first part begins the path.
    parts: Vec<String>,
    /// Whether the path must end where the pattern does (`$`).
    anchored: bool,
    /// How specific the rule is, in octets of the pattern.
    length: usize,
}

impl Rule {
    fn new(allow: bool, pattern: &str) -> Self {
        let (body, anchored) = match pattern.strip_suffix('$') {
            Some(body) => (body, true),
            None => (pattern, false),
        };
        let parts: Vec<String> = body.split('*').map(|part| normal_form(part.as_bytes())).collect();
        let length = parts.iter().map(String::len).sum::<usize>() + parts.len() - 1 + usize::from(anchored);
        Self { allow, parts, anchored, length }
    }

    /// Takes each part at its first place after the one before. That finds a match if there is one: a later
    /// place would only leave less for the parts that follow.
    fn matches(&self, path: &str) -> bool {
        let Some((first, others)) = self.parts.split_first() else { return false };
        let Some(mut rest) = path.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = others.split_last() else { return !self.anchored || rest.is_empty() };
        for part in middle {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        if self.anchored { rest.ends_with(last.as_str()) } else { rest.contains(last.as_str()) }
    }
}

/// Writes a path so that two spellings of one path are equal (RFC 9309 §2.2.2): what can be printed stands for
/// itself, all else as `%XX`, and so do `%`, `*` and `$`, which mean something in a pattern.
fn normal_form(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        let escaped = (byte == b'%').then(|| path.get(at + 1..at + 3).and_then(hex_pair)).flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        push_octet(&mut text, escaped.unwrap_or(byte));
    }
    text
}

fn hex_pair(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(*digits.first()?)? * 16 + digit(*digits.get(1)?)?;
    u8::try_from(value).ok()
}

fn push_octet(text: &mut String, octet: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    if octet.is_ascii_graphic() && !matches!(octet, b'%' | b'*' | b'$') {
        text.push(char::from(octet));
    } else {
        text.push('%');
        text.push(char::from(HEX[usize::from(octet >> 4)]));
        text.push(char::from(HEX[usize::from(octet & 15)]));
    }
}

#[cfg(test)]
mod tests;
