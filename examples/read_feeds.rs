//! Reads every file of a folder of feeds and prints what it gives as JSON lines: for comparing with another reader.
//!
//! `cargo run --example read_feeds -- FOLDER`
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::path::{Path, PathBuf};

use dibao::extract::{Document, RawEntry, RawTime, feed};
use url::Url;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("name a folder")?;
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    for file in files {
        let document = Document {
            url: Url::parse("http://127.0.0.1:8097/feed.xml")?,
            content_type: None,
            body: std::fs::read(&file)?,
        };
        let line = match std::panic::catch_unwind(|| feed::feed(&document)) {
            Err(_) => serde_json::json!({ "file": file, "panic": true }),
            Ok(Err(error)) => serde_json::json!({ "file": file, "error": error.to_string() }),
            Ok(Ok(read)) => serde_json::json!({
                "file": file, "rule": read.rule, "title": read.feed_title,
                "entries": read.entries.iter().map(entry).collect::<Vec<_>>(),
            }),
        };
        println!("{line}");
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for found in std::fs::read_dir(folder)? {
        let path = found?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|kind| kind == "xml" || kind == "json") {
            files.push(path);
        }
    }
    Ok(())
}

fn entry(entry: &RawEntry) -> serde_json::Value {
    let time = |found: &dibao::extract::FoundTime| match &found.time {
        RawTime::Text(text) => text.clone(),
        RawTime::EpochMs(ms) => ms.to_string(),
    };
    serde_json::json!({
        "id": entry.id, "url": entry.url, "title": entry.title.trim(),
        "published": entry.published.first().map(time), "updated": entry.updated.as_ref().map(time),
    })
}
