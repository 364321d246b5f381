//! The labelled set as JSON lines that `dibao import` takes, with the label beside; `export` shows what became of it.

use dibao::{exchange::EntryLine, model::Timestamp};

use crate::item::Item;

/// Prints one line an entry, in the order of arrival.
pub fn print(items: &[Item]) {
    for item in items {
        let at = Timestamp::from_millisecond(item.at_ms).unwrap().to_string();
        let line = EntryLine {
            source: Some(item.source.clone()),
            url: Some(item.url.clone()),
            title: Some(item.text.title.clone()),
            published: Some(at),
            region: item.region.as_ref().map(|region| region.as_str().to_owned()),
            role: Some(item.role.as_str().to_owned()),
            content_text: Some(item.text.body()),
            ..EntryLine::default()
        };
        let mut line = serde_json::to_value(line).unwrap();
        line["label"] = item.label.into();
        println!("{line}");
    }
}
