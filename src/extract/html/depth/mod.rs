//! Tells from a page's text whether parsing it would take the parser more than a moment.
//!
//! The parser's time grows with the square of the nesting depth, with the square of the attributes of one
//! tag, and with formatting elements left open, all of which every new paragraph opens again. This scan
//! follows the tree construction rules (HTML, section 13.2.6) closely enough not to be misled by what old
//! pages leave out (`</li>`, `</p>`, `</td>`), and where it cannot know it counts too much, never too little.

mod tags;

use tags::Kind;

/// Most attributes of one tag: the parser compares each with all before it.
const MAX_ATTRIBUTES: usize = 1000;
/// Most formatting elements (`b`, `font`) left open at once and opened again by every paragraph.
const MAX_PENDING: usize = 100;
/// Most elements that the parser makes of its own accord to open such formatting again.
const MAX_REOPENED: usize = 1_000_000;
/// Most open elements looked at to find which one a tag closes.
const MAX_STEPS: usize = 100_000_000;
/// How many formatting elements with the same tag are kept open (the "Noah's Ark clause").
const ARK: usize = 3;

/// Whether elements nest deeper than `limit`, or the page is made to cost as much as if they did.
pub(super) fn exceeds(text: &str, limit: usize) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut scan = Scan { text, lower: &lower, ..Scan::default() };
    let mut at = 0;
    while let Some(offset) = lower[at..].find('<') {
        if !lower[at..at + offset].trim_ascii().is_empty() {
            scan.reopen();
        }
        at = scan.markup(at + offset);
        if scan.depth() > limit || scan.is_costly() {
            return true;
        }
    }
    false
}

/// An open element.
#[derive(Clone, Copy)]
struct Open<'a> {
    name: &'a str,
    /// The whole tag, which tells formatting elements apart.
    tag: &'a str,
    kind: Kind,
}

#[derive(Default)]
struct Scan<'a> {
    text: &'a str,
    lower: &'a str,
    stack: Vec<Open<'a>>,
    /// Formatting elements closed by the end of their block, to be opened again in the next.
    pending: Vec<Open<'a>>,
    /// Tags in text that may or may not be markup, counted as if all of them nested.
    uncertain: usize,
    reopened: usize,
    steps: usize,
    /// Open `svg` and `math` elements.
    n_foreign: usize,
    /// Open tables.
    n_tables: usize,
    /// Open templates.
    n_templates: usize,
    too_many_attributes: bool,
    /// The tag of the form that the next `</form>` ends, which need not be the innermost one.
    form: Option<&'a str>,
    /// An `object` was closed by something else than its own end tag, which hides older links from new ones.
    has_stale_marker: bool,
}

impl<'a> Scan<'a> {
    fn depth(&self) -> usize {
        self.stack.len() + self.pending.len() + self.uncertain
    }

    fn is_costly(&self) -> bool {
        self.too_many_attributes
            || self.pending.len() > MAX_PENDING
            || self.reopened > MAX_REOPENED
            || self.steps > MAX_STEPS
    }

    /// Reads what begins with the `<` at `at`; returns where it ends.
    fn markup(&mut self, at: usize) -> usize {
        let rest = &self.lower[at + 1..];
        let first = rest.bytes().next();
        if rest.starts_with("!--") {
            return comment_end(self.lower, at);
        }
        if rest.starts_with("![cdata[") && self.is_foreign() {
            let end = self.lower[at..].find("]]>").map_or(self.lower.len(), |end| at + end + 3);
            self.uncertain += count_tags(&self.lower[at..end]);
            return end;
        }
        match first {
            Some(b'!' | b'?') => self.lower[at..].find('>').map_or(self.lower.len(), |end| at + end + 1),
            Some(b'/') if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) => {
                let tag = tags::read(self.lower, at + 2);
                self.close(tag.name);
                tag.end
            }
            Some(b'/') => self.lower[at..].find('>').map_or(self.lower.len(), |end| at + end + 1),
            Some(first) if first.is_ascii_alphabetic() => self.start(at),
            _ => at + 1,
        }
    }

    /// Reads the start tag at `at`; returns where it, or the text that it begins, ends.
    fn start(&mut self, at: usize) -> usize {
        let tag = tags::read(self.lower, at + 1);
        self.too_many_attributes |= tag.n_attributes > MAX_ATTRIBUTES;
        self.break_out(tag.name);
        let foreign = self.is_foreign();
        let kind = match tags::kind(tag.name) {
            kind @ (Kind::Foreign | Kind::Raw) if foreign => kind,
            Kind::Foreign => Kind::Other,
            // Names of HTML mean nothing special in a drawing.
            kind => {
                if foreign {
                    Kind::Other
                } else {
                    kind
                }
            }
        };
        if kind == Kind::Raw {
            let (end, is_certain) = raw_end(self.lower, tag.end, tag.name);
            if foreign || !is_certain {
                self.uncertain += count_tags(&self.lower[tag.end..end]);
            }
            return end;
        }
        let whole = &self.text[at..tag.end];
        if !foreign {
            if self.is_ignored(tag.name, whole, kind) {
                return tag.end;
            }
            self.close_implied(tag.name, kind);
        }
        if !matches!(kind, Kind::Block | Kind::Heading | Kind::Cell) {
            self.reopen();
        }
        if kind != Kind::Void {
            self.push(Open { name: tag.name, tag: whole, kind });
        }
        tag.end
    }

    /// Ends the drawings and formulae in which an element of HTML may not stand.
    fn break_out(&mut self, name: &str) {
        while self.n_foreign > 0
            && tags::is_breakout(name)
            && let Some(index) = self.find(|open| is_foreign(open.name), |open| open.kind == Kind::Foreign)
        {
            self.truncate(index);
        }
    }

    /// Whether the parser passes over a start tag where it stands.
    fn is_ignored(&mut self, name: &str, tag: &'a str, kind: Kind) -> bool {
        match name {
            // A form in a form is none.
            "form" if self.n_templates == 0 => self.form.replace(self.form.unwrap_or(tag)).is_some(),
            // The start tag of a second select only ends the first.
            "select" => self.close_block("select"),
            _ if tags::is_table_part(name) => self.n_tables == 0 && self.n_templates == 0,
            _ => kind == Kind::Ignored,
        }
    }

    /// Whether what comes stands in a drawing or formula, not in HTML inside one.
    fn is_foreign(&mut self) -> bool {
        self.n_foreign > 0
            && self.find(|open| is_foreign(open.name), |open| open.kind == Kind::Foreign).is_some()
    }

    fn push(&mut self, open: Open<'a>) {
        self.n_foreign += usize::from(is_foreign(open.name));
        self.n_tables += usize::from(open.name == "table");
        self.n_templates += usize::from(open.name == "template");
        self.stack.push(open);
    }

    /// Closes what the specification closes without being told, when `name` begins.
    fn close_implied(&mut self, name: &str, kind: Kind) {
        let in_table = tags::is_table_part(name);
        let closed: &[&str] = match name {
            "li" => &["li"],
            "dd" | "dt" => &["dd", "dt"],
            "option" => &["option"],
            "button" => &["button"],
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => &["h1", "h2", "h3", "h4", "h5", "h6"],
            "td" | "th" => &["td", "th"],
            "tr" => &["tr"],
            "tbody" | "thead" | "tfoot" => &["tbody", "thead", "tfoot"],
            "a" if !self.has_stale_marker => return self.close_formatting("a"),
            _ => &[],
        };
        if !closed.is_empty() && (!in_table || self.n_tables > 0) {
            let barrier = |open: &Open<'_>| match name {
                "button" => is_scope(open),
                "option" => true,
                _ if kind == Kind::Heading => true,
                _ if in_table => matches!(open.name, "table" | "template"),
                _ => open.kind.is_special() && !matches!(open.name, "address" | "div" | "p"),
            };
            if let Some(index) = self.find(|open| closed.contains(&open.name), barrier) {
                self.truncate(index);
            }
        }
        if matches!(kind, Kind::Block | Kind::Heading)
            && let Some(index) = self.find(|open| open.name == "p", is_button_scope)
        {
            self.truncate(index);
        }
    }

    /// Applies an end tag.
    fn close(&mut self, name: &str) {
        if matches!(name, "p" | "br") {
            self.break_out(name);
        }
        match tags::kind(name) {
            _ if name == "form" => self.close_form(),
            Kind::Formatting => self.close_formatting(name),
            Kind::Heading => {
                if let Some(index) = self.find(|open| open.kind == Kind::Heading, is_scope) {
                    self.truncate(index);
                }
            }
            Kind::Other | Kind::Foreign => {
                if let Some(index) = self.find(|open| open.name == name, |open| open.kind.is_special()) {
                    self.truncate(index);
                }
            }
            _ => {
                self.close_block(name);
            }
        }
    }

    /// Closes an element that has an end tag of its own; whether one was open.
    fn close_block(&mut self, name: &str) -> bool {
        let in_table = name == "table" || tags::is_table_part(name);
        if in_table && self.n_tables == 0 {
            return false;
        }
        let barrier = |open: &Open<'_>| match name {
            "li" => is_scope(open) || matches!(open.name, "ul" | "ol"),
            "p" => is_button_scope(open),
            _ if in_table => matches!(open.name, "table" | "template"),
            _ => is_scope(open),
        };
        let Some(index) = self.find(|open| open.name == name, barrier) else { return false };
        self.truncate(index);
        true
    }

    /// Takes the form off the stack; what stands in it stays open.
    fn close_form(&mut self) {
        let Some(form) = self.form.take() else { return };
        if let Some(index) = self.find(|open| std::ptr::eq(open.tag, form), is_scope) {
            self.stack.remove(index);
        }
    }

    /// Takes a formatting element off the stack; blocks inside it stay open (the "adoption agency").
    fn close_formatting(&mut self, name: &str) {
        if let Some(index) = self.pending.iter().rposition(|open| open.name == name) {
            self.pending.remove(index);
            return;
        }
        let Some(index) = self.find(|open| open.name == name, is_scope) else { return };
        let holds_block = self.stack[index + 1..].iter().any(|open| open.kind.is_special());
        self.stack.remove(index);
        if !holds_block {
            self.truncate(index);
        }
    }

    /// The innermost open element that is wanted, unless a barrier stands before it.
    fn find(
        &mut self,
        wanted: impl Fn(&Open<'_>) -> bool,
        barrier: impl Fn(&Open<'_>) -> bool,
    ) -> Option<usize> {
        for (index, open) in self.stack.iter().enumerate().rev() {
            self.steps += 1;
            if wanted(open) {
                return Some(index);
            }
            if barrier(open) {
                return None;
            }
        }
        None
    }

    /// Closes the element at `index` and all in it; formatting among them waits to be opened again.
    fn truncate(&mut self, index: usize) {
        let mut past_cell = false;
        for position in index..self.stack.len() {
            let open = self.stack[position];
            self.n_foreign -= usize::from(is_foreign(open.name));
            self.n_tables -= usize::from(open.name == "table");
            self.n_templates -= usize::from(open.name == "template");
            past_cell |= open.kind == Kind::Cell;
            self.has_stale_marker |= position > index && matches!(open.name, "object" | "applet" | "marquee");
            let is_kept = !past_cell
                && open.kind == Kind::Formatting
                && self.pending.len() <= MAX_PENDING
                && self.pending.iter().filter(|other| other.tag == open.tag).count() < ARK;
            if is_kept {
                self.pending.push(open);
            }
        }
        self.stack.truncate(index);
    }

    /// Opens pending formatting again, as the parser does before text and inline elements.
    fn reopen(&mut self) {
        self.reopened += self.pending.len();
        self.stack.append(&mut self.pending);
    }
}

fn is_foreign(name: &str) -> bool {
    matches!(name, "svg" | "math")
}

/// Whether an element ends the search for "an element in scope".
fn is_scope(open: &Open<'_>) -> bool {
    matches!(open.kind, Kind::Cell | Kind::Foreign) || matches!(open.name, "table" | "select")
}

/// Whether an element ends the search for "an element in button scope".
fn is_button_scope(open: &Open<'_>) -> bool {
    is_scope(open) || open.name == "button"
}

/// Where the comment that begins at `at` ends: at `-->` or `--!>`, of which `<!-->` is the shortest.
fn comment_end(lower: &str, at: usize) -> usize {
    let mut from = at + 2;
    while let Some(offset) = lower[from..].find("--") {
        let dashes = from + offset;
        let rest = &lower[dashes + 2..];
        if rest.starts_with('>') {
            return dashes + 3;
        }
        if rest.starts_with("!>") && dashes >= at + 4 {
            return dashes + 4;
        }
        from = dashes + 1;
    }
    lower.len()
}

/// Where the text begun by a raw text element ends, its end tag included, and whether that is certain.
fn raw_end(lower: &str, from: usize, name: &str) -> (usize, bool) {
    if name == "plaintext" {
        return (lower.len(), true);
    }
    let Some(end) = end_tag(lower, from, name) else { return (lower.len(), true) };
    let content = &lower[from..end];
    let is_escaped = name == "script"
        && content.find("<!--").is_some_and(|comment| content[comment..].contains("<script"));
    if is_escaped {
        // Inside `<!-- <script>` the first end tag is text.
        let end = end_tag(lower, end, name).unwrap_or(lower.len());
        return (end, false);
    }
    (end, true)
}

/// Where the end tag `</name` ends.
fn end_tag(lower: &str, from: usize, name: &str) -> Option<usize> {
    let mut at = from;
    while let Some(offset) = lower[at..].find("</") {
        at += offset + 2;
        let Some(rest) = lower[at..].strip_prefix(name) else { continue };
        if rest.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')) {
            return Some(tags::read(lower, at).end);
        }
    }
    None
}

fn count_tags(lower: &str) -> usize {
    let bytes = lower.as_bytes();
    bytes.windows(2).filter(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic()).count()
}
