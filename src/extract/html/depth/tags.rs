//! Reading single tags, and what the parser does with elements of each name.

/// What the parser does with an element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nests as written.
    Other,
    /// Is opened again after the block it stands in (`b`, `font`).
    Formatting,
    /// Closes an open paragraph (`div`, `ul`).
    Block,
    /// Like a block, and closed by any heading's end tag.
    Heading,
    /// Stops the search for what an end tag closes (`td`, `object`).
    Cell,
    /// Is no paragraph's end, but stops the search for an inline element (`table`, `tr`, `select`).
    Special,
    /// Stops that search where it stands in a drawing or formula.
    Foreign,
    /// Never holds anything.
    Void,
    /// Holds text, whatever it looks like.
    Raw,
    /// Adds nothing to the tree when it is repeated.
    Ignored,
}

impl Kind {
    /// Whether the specification's category "special" holds the element.
    pub(super) fn is_special(self) -> bool {
        !matches!(self, Self::Other | Self::Formatting)
    }
}

/// What the parser does with elements of this name, which is in lower case.
pub(super) fn kind(name: &str) -> Kind {
    match name {
        "html" | "head" | "body" => Kind::Ignored,
        "script" | "style" | "title" | "textarea" | "xmp" | "iframe" | "noembed" | "noframes"
        | "noscript" | "plaintext" => Kind::Raw,
        "area" | "base" | "basefont" | "bgsound" | "br" | "col" | "embed" | "frame" | "hr" | "image"
        | "img" | "input" | "keygen" | "link" | "meta" | "param" | "source" | "track" | "wbr" => Kind::Void,
        "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong"
        | "tt" | "u" => Kind::Formatting,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Kind::Heading,
        "td" | "th" | "caption" | "object" | "applet" | "marquee" | "template" => Kind::Cell,
        "address" | "article" | "aside" | "blockquote" | "center" | "dd" | "details" | "dialog" | "dir"
        | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "header"
        | "hgroup" | "li" | "listing" | "main" | "menu" | "nav" | "ol" | "p" | "pre" | "search"
        | "section" | "summary" | "ul" => Kind::Block,
        "button" | "colgroup" | "frameset" | "select" | "table" | "tbody" | "tfoot" | "thead" | "tr" => {
            Kind::Special
        }
        "foreignobject" | "desc" | "annotation-xml" | "mi" | "mo" | "mn" | "ms" | "mtext" => Kind::Foreign,
        _ => Kind::Other,
    }
}

/// Whether the parser ignores an element outside a table.
pub(super) fn is_table_part(name: &str) -> bool {
    matches!(name, "caption" | "colgroup" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr")
}

/// Whether an element ends the drawing or formula it is written in.
pub(super) fn is_breakout(name: &str) -> bool {
    matches!(
        name,
        "b" | "big"
            | "blockquote"
            | "body"
            | "br"
            | "center"
            | "code"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "embed"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "listing"
            | "menu"
            | "meta"
            | "nobr"
            | "ol"
            | "p"
            | "pre"
            | "ruby"
            | "s"
            | "small"
            | "span"
            | "strong"
            | "strike"
            | "sub"
            | "sup"
            | "table"
            | "tt"
            | "u"
            | "ul"
            | "var"
    )
}

/// A tag as written.
pub(super) struct Tag<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Where it ends; the end of the text when it is not closed.
    pub(super) end: usize,
    /// How many attributes it has.
    pub(super) n_attributes: usize,
}

/// Where in a tag the reader stands (HTML, sections 13.2.5.32 to 13.2.5.39).
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Unquoted,
    Quoted(u8),
}

/// Reads the tag whose name begins at `at`. A `>` in a quoted value does not end it.
pub(super) fn read(lower: &str, at: usize) -> Tag<'_> {
    let bytes = lower.as_bytes();
    let is_name_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    let name_end = bytes[at..].iter().position(is_name_end).map_or(bytes.len(), |end| at + end);
    let mut tag = Tag { name: &lower[at..name_end], end: bytes.len(), n_attributes: 0 };
    let mut state = State::BeforeName;
    for (index, &byte) in bytes.iter().enumerate().skip(name_end) {
        if byte == b'>' && !matches!(state, State::Quoted(_)) {
            tag.end = index + 1;
            break;
        }
        let next = step(state, byte);
        tag.n_attributes += usize::from(next == State::Name && state != State::Name);
        state = next;
    }
    tag
}

fn step(state: State, byte: u8) -> State {
    let after_space = |there, otherwise| if byte.is_ascii_whitespace() { there } else { otherwise };
    match (state, byte) {
        (State::Quoted(quote), _) => {
            if byte == quote {
                State::BeforeName
            } else {
                state
            }
        }
        (State::BeforeName | State::Name | State::AfterName, b'/') => State::BeforeName,
        (State::Name | State::AfterName, b'=') => State::BeforeValue,
        (State::BeforeName, _) => after_space(State::BeforeName, State::Name),
        (State::Name | State::AfterName, _) => after_space(State::AfterName, State::Name),
        (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
        (State::BeforeValue, _) => after_space(State::BeforeValue, State::Unquoted),
        (State::Unquoted, _) => after_space(State::BeforeName, State::Unquoted),
    }
}
