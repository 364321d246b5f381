//! Sites on loopback that the program polls while it is idle: a feed of one new entry each.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use dibao::model::Entry;

use crate::{Result, made::Maker, store};

/// Entries of these numbers are in no store.
const FIRST: u64 = 1 << 40;

/// Feeds that are served until the runtime ends.
pub struct Site {
    /// The sources that read them.
    pub sources: String,
}

impl Site {
    pub async fn serve(maker: &Maker) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let sources = maker.sources();
        let feeds =
            (FIRST..).zip(&sources).map(|(number, (key, _))| (format!("/{key}"), feed(&maker.entry(number))));
        let feeds: Arc<HashMap<String, String>> = Arc::new(feeds.collect());
        let router = Router::new().fallback(answer).with_state(feeds);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { sources: store::sources(maker, &base) })
    }
}

async fn answer(State(feeds): State<Arc<HashMap<String, String>>>, uri: Uri) -> Response {
    match feeds.get(uri.path()) {
        Some(feed) => ([(header::CONTENT_TYPE, "application/atom+xml")], feed.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn feed(entry: &Entry) -> String {
    let Entry { url, title, content_html, .. } = entry;
    let html = content_html.replace('<', "&lt;").replace('>', "&gt;");
    let at = entry.published.map_or_else(String::new, |it| it.at.to_string());
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{url}#feed</id><title>局</title>\
        <updated>{at}</updated><entry><id>{url}</id><title>{title}</title><link href=\"{url}\"/><published>{at}</published>\
        <updated>{at}</updated><content type=\"html\">{html}</content></entry></feed>"
    )
}
