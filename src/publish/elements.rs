//! XML documents that no crate of ours writes as their readers like it: RSS and OPML.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::escape::xml;

/// A document being written. Text is escaped by number, which RSS readers of every age understand.
pub(super) struct Elements {
    writer: Writer<Vec<u8>>,
}

/// Attributes of an element; their values are escaped when written.
pub(super) type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Elements {
    /// Begins a document in UTF-8.
    pub(super) fn new() -> Self {
        let mut elements = Self { writer: Writer::new(Vec::new()) };
        elements.event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
        elements.line();
        elements
    }

    /// Opens an element.
    pub(super) fn open(&mut self, name: &str, attributes: Attributes) {
        self.event(Event::Start(start(name, attributes)));
    }

    /// Closes an element and ends the line.
    pub(super) fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
        self.line();
    }

    /// Writes an element that holds text; none for an empty text.
    pub(super) fn text(&mut self, name: &str, attributes: Attributes, text: &str) {
        let text = xml(text);
        if text.is_empty() {
            return;
        }
        self.open(name, attributes);
        self.event(Event::Text(BytesText::from_escaped(by_number(&text))));
        self.close(name);
    }

    /// Writes an element that holds nothing.
    pub(super) fn empty(&mut self, name: &str, attributes: Attributes) {
        self.event(Event::Empty(start(name, attributes)));
        self.line();
    }

    /// The document.
    pub(super) fn finish(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    fn line(&mut self) {
        self.event(Event::Text(BytesText::from_escaped("\n")));
    }

    fn event(&mut self, event: Event) {
        // Writing into memory fails only when memory does.
        let written = self.writer.write_event(event);
        debug_assert!(written.is_ok());
    }
}

fn start<'a>(name: &'a str, attributes: Attributes) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, xml(value).replace(['\t', '\n', '\r'], " ").as_str()));
    }
    start
}

fn by_number(text: &str) -> String {
    // A carriage return would be read back as a line feed (XML 1.0 §2.11).
    text.replace('&', "&#x26;").replace('<', "&#x3C;").replace('>', "&#x3E;").replace('\r', "&#xD;")
}
