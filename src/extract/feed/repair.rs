//! Makes a well-formed feed of what a site sends, in one pass, and says what had to be mended.
//!
//! **Invariant:** the result is well-formed, nests at most [`MAX_DEPTH`] elements and is in a [`Dialect`] that
//! feed-rs reads; a document that needs no repair comes out saying the same.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::MAX_ENTRIES;
use super::dialect::{Dialect, Family, Holds, MAX_BASE_BYTES, undeclared};
use super::pieces::{Piece, attributes, name_of, pieces};
use super::text::{Entities, escape, legal};

/// The deepest nesting of elements that is read; feeds need some ten, bodies in XHTML some thirty.
pub(super) const MAX_DEPTH: usize = 256;

/// Namespace declarations in force at one place; each is compared with every element below it.
const MAX_NAMESPACES: usize = 64;

/// Different prefixes looked at, of which those without a declaration get one.
const MAX_PREFIXES: usize = 64;

/// Tags looked at for the root element, for feeds that come after a server's error messages.
const MAX_TAGS_BEFORE_ROOT: usize = 64;

pub(super) const BARE_AMPERSANDS: &str = "bare ampersands escaped";
pub(super) const BARE_ANGLES: &str = "bare angle brackets escaped";
pub(super) const ILLEGAL_CHARACTERS: &str = "illegal characters removed";
const VERSION: &str = "root version set";
const JUNK: &str = "text before the root element dropped";
const MISMATCH: &str = "mismatched tags closed";
const UNESCAPED: &str = "unescaped markup kept as text";
const CUT: &str = "cut after the last complete entry";
const UNCLOSED: &str = "open elements closed";

/// Stands for `@` inside a person's name: feed-rs slices such text at bytes and panics beside full-width
/// brackets, as in `新闻处（news@example.cn）`. A private character, so that no other text is touched.
pub(super) const MASKED_AT: char = '\u{f8f5}';

/// A well-formed feed.
#[derive(Debug)]
pub(super) struct Mended {
    /// The document, without XML declaration.
    pub text: String,
    /// What it is written in.
    pub dialect: Dialect,
    /// The address of the site, as an RSS channel gives it.
    pub channel_link: Option<String>,
    /// The `xml:base` of the root element.
    pub base: Option<String>,
    /// What was mended, for people.
    pub repairs: BTreeSet<&'static str>,
    /// Whether entries past [`MAX_ENTRIES`] were left out.
    pub is_full: bool,
}

/// Why no feed can be made of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It nests deeper than [`MAX_DEPTH`].
    TooDeep,
    /// It is something else, for people.
    NoFeed(String),
}

/// An open element.
struct Level<'a> {
    /// Its name in the source.
    source: &'a str,
    /// Its name in the result; `None` when only its children are there.
    emitted: Option<Cow<'a, str>>,
    holds: Holds,
    n_namespaces: usize,
}

struct Mender<'a, 'e> {
    out: String,
    dialect: Dialect,
    entities: &'e mut Entities,
    repairs: BTreeSet<&'static str>,
    stack: Vec<Level<'a>>,
    /// Where the open entry begins in `out`, and its level.
    item: Option<(usize, usize)>,
    n_items: usize,
    /// Whether there are more entries than are taken.
    is_full: bool,
    n_namespaces: usize,
    prefixes: BTreeSet<&'a str>,
    declared: BTreeSet<&'a str>,
    channel_link: Option<String>,
}

/// Mends a decoded document.
pub(super) fn mend(text: &str, entities: &mut Entities) -> Result<Mended, Unfit> {
    let mut rest = pieces(text);
    let (root, dialect, has_junk) = find_root(&mut rest)?;
    let attributes = attributes(root);
    let base = attributes.iter().find(|it| it.name == "xml:base" && it.value.len() <= MAX_BASE_BYTES);
    let base = base.map(|it| it.value.to_owned());
    let mut mender = Mender {
        out: String::with_capacity(text.len() + text.len() / 16),
        dialect,
        entities,
        repairs: has_junk.then_some(JUNK).into_iter().collect(),
        stack: Vec::new(),
        item: None,
        n_items: 0,
        is_full: false,
        n_namespaces: 0,
        prefixes: BTreeSet::new(),
        declared: BTreeSet::new(),
        channel_link: None,
    };
    mender.start(root)?;
    for piece in rest {
        if mender.stack.is_empty() || mender.is_full {
            break;
        }
        match piece {
            Piece::Start(tag) => mender.start(tag)?,
            Piece::End(tag) => mender.end(tag),
            Piece::Text(text) => mender.text(text, false),
            Piece::CData(text) => mender.text(text, true),
            Piece::Aside => {}
            Piece::Cut(_) => break,
        }
    }
    Ok(mender.finish(base))
}

/// The root element's tag, its dialect, and whether anything but white space stands before it.
fn find_root<'a>(rest: &mut impl Iterator<Item = Piece<'a>>) -> Result<(&'a str, Dialect, bool), Unfit> {
    let (mut has_junk, mut first, mut n_tags) = (false, None, 0);
    for piece in rest {
        match piece {
            Piece::Start(tag) => {
                if let Some(dialect) = Dialect::of_root(tag, &attributes(tag)) {
                    return Ok((tag, dialect, has_junk || first.is_some()));
                }
                first.get_or_insert(name_of(tag));
                if name_of(tag).eq_ignore_ascii_case("html") {
                    return Err(Unfit::NoFeed("it is an HTML page".to_owned()));
                }
                n_tags += 1;
                if n_tags >= MAX_TAGS_BEFORE_ROOT {
                    break;
                }
            }
            Piece::Text(text) | Piece::CData(text) | Piece::End(text) => has_junk |= !text.trim().is_empty(),
            Piece::Aside => {}
            Piece::Cut(_) => break,
        }
    }
    Err(Unfit::NoFeed(match first {
        Some(name) => format!("its first element is `{name}`"),
        None => "it is neither XML nor JSON".to_owned(),
    }))
}

impl<'a> Mender<'a, '_> {
    fn start(&mut self, tag: &'a str) -> Result<(), Unfit> {
        let name = name_of(tag);
        let is_item = self.dialect.is_item(name) && (self.item.is_some() || self.stack.len() <= 2);
        if !is_item && self.is_in_markup() {
            self.unescaped(tag);
            return Ok(());
        }
        if let (true, Some((_, level))) = (is_item, self.item) {
            self.repairs.insert(MISMATCH);
            self.close_to(level);
        }
        if is_item && self.n_items == MAX_ENTRIES {
            self.is_full = true;
            return Ok(());
        }
        let found = attributes(tag);
        let is_root = self.stack.is_empty();
        let element = if is_root { self.dialect.root(&found) } else { self.dialect.element(name, &found) };
        if is_item {
            self.n_items += 1;
            self.item = Some((self.out.len(), self.stack.len()));
        }
        let is_empty = tag.ends_with("/>");
        let n_namespaces = self.open(element.name.as_deref(), &element.attributes, is_empty);
        self.note_prefixes(name, &found);
        if is_root && self.dialect.family == Family::Atom {
            self.declared.extend(name.split_once(':').map(|(prefix, _)| prefix));
        }
        if is_empty {
            self.item = self.item.filter(|_| !is_item);
            return Ok(());
        }
        self.n_namespaces += n_namespaces;
        self.stack.push(Level { source: name, emitted: element.name, holds: element.holds, n_namespaces });
        if self.stack.len() > MAX_DEPTH { Err(Unfit::TooDeep) } else { Ok(()) }
    }

    /// Writes a start tag and returns how many namespaces it declares.
    fn open(&mut self, name: Option<&str>, attributes: &[(Cow<str>, Cow<str>)], is_empty: bool) -> usize {
        let Some(name) = name else { return 0 };
        let mut n_namespaces = 0;
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            if name.starts_with("xmlns") {
                if self.n_namespaces + n_namespaces >= MAX_NAMESPACES {
                    continue;
                }
                n_namespaces += 1;
            }
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.entities.push_clean(&mut self.out, &value.replace('"', "&quot;"), &mut self.repairs);
            self.out.push('"');
        }
        self.out.push_str(if is_empty { "/>" } else { ">" });
        n_namespaces
    }

    fn note_prefixes(&mut self, name: &'a str, attributes: &[super::pieces::Attribute<'a>]) {
        for it in attributes {
            if let Some(prefix) = it.name.strip_prefix("xmlns:") {
                self.declared.insert(prefix);
            }
        }
        if let Some((prefix, _)) = name.split_once(':')
            && self.prefixes.len() < MAX_PREFIXES
        {
            self.prefixes.insert(prefix);
        }
    }

    fn end(&mut self, tag: &'a str) {
        let name = name_of(tag);
        let is_top = self.stack.last().is_some_and(|level| level.source == name);
        let closes_item = self.item.is_some() && self.dialect.is_item(name);
        if !is_top && !closes_item && self.is_in_markup() {
            self.unescaped(tag);
            return;
        }
        let Some(level) = self.stack.iter().rposition(|level| level.source == name) else {
            self.repairs.insert(MISMATCH);
            return;
        };
        if !is_top {
            self.repairs.insert(MISMATCH);
        }
        self.close_to(level);
    }

    /// Closes the open elements down to a level.
    fn close_to(&mut self, level: usize) {
        while self.stack.len() > level {
            let Some(top) = self.stack.pop() else { break };
            self.n_namespaces -= top.n_namespaces;
            if let Some(name) = top.emitted {
                self.out.push_str("</");
                self.out.push_str(&name);
                self.out.push('>');
            }
        }
        self.item = self.item.filter(|(_, item)| *item < level);
    }

    fn is_in_markup(&self) -> bool {
        self.stack.last().is_some_and(|level| level.holds == Holds::Markup)
    }

    /// Writes a tag that was meant as text.
    fn unescaped(&mut self, tag: &str) {
        self.repairs.insert(UNESCAPED);
        self.entities.push_clean(&mut self.out, &tag.replace('<', "&lt;"), &mut self.repairs);
    }

    fn text(&mut self, raw: &'a str, is_cdata: bool) {
        let mut text = legal(raw);
        if text.len() != raw.len() {
            self.repairs.insert(ILLEGAL_CHARACTERS);
        }
        if self.stack.last().is_some_and(|level| level.holds == Holds::Person) && text.contains('@') {
            text = text.replace('@', MASKED_AT.encode_utf8(&mut [0; 4])).into();
        }
        if self.is_channel_link() && self.channel_link.is_none() {
            let link = text.trim();
            self.channel_link = (1..=MAX_BASE_BYTES).contains(&link.len()).then(|| link.to_owned());
        }
        if text.trim().is_empty() && self.stack.last().is_some_and(|level| level.source == "link") {
            // It would resolve to the feed's own address.
            return;
        }
        if is_cdata {
            self.out.push_str("<![CDATA[");
            // What was taken out may have parted what ends a section.
            self.out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
            self.out.push_str("]]>");
        } else {
            self.entities.push_clean(&mut self.out, &text, &mut self.repairs);
        }
    }

    fn is_channel_link(&self) -> bool {
        let is_rss = self.dialect.family != Family::Atom;
        is_rss && self.stack.len() == 3 && self.stack[1].source == "channel" && self.stack[2].source == "link"
    }

    fn finish(mut self, base: Option<String>) -> Mended {
        if let Some((start, level)) = self.item {
            self.repairs.insert(CUT);
            self.out.truncate(start);
            self.stack.truncate(level);
            self.item = None;
        } else if !self.stack.is_empty() && !self.is_full {
            self.repairs.insert(UNCLOSED);
        }
        self.close_to(0);
        self.declare_prefixes();
        if self.dialect.is_version_mended {
            self.repairs.insert(VERSION);
        }
        let Self { out: text, dialect, channel_link, repairs, is_full, .. } = self;
        Mended { text, dialect, channel_link, base, repairs, is_full }
    }

    /// Declares the prefixes that the document uses without a declaration, in its root element.
    fn declare_prefixes(&mut self) {
        let missing =
            self.prefixes.difference(&self.declared).filter(|prefix| !matches!(**prefix, "xml" | "xmlns"));
        let mut declarations = String::new();
        for prefix in missing {
            let _ = write!(declarations, " xmlns:{}=\"{}\"", escape(prefix), undeclared(prefix));
        }
        let at = 1 + name_of(&self.out).len();
        self.out.insert_str(at, &declarations);
    }
}
