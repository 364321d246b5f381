//! The page of source health, for the operator.

use std::fmt::Write;

use jiff::tz::Offset;

use super::escape::html as escape;
use crate::{model::Timestamp, normalise::time::rfc3339};

/// One source, as the page shows it.
#[derive(Debug, Clone, Default)]
pub struct SourceHealth {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// What its address gives.
    pub kind: String,
    /// Whether it is known to exist.
    pub verified: bool,
    /// Whether it is polled.
    pub enabled: bool,
    /// `ok`, the name of a fault or concern, or `never polled`.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// In plain words.
    pub message: String,
    /// Which rule gave the rows.
    pub rule: String,
    /// The last poll.
    pub last_poll: Option<Timestamp>,
    /// The next, at the earliest.
    pub next_poll: Option<Timestamp>,
    /// Failures in a row.
    pub n_failures: i64,
    /// Rows of the last poll that read it.
    pub n_rows: i64,
    /// Rows waiting for their article.
    pub n_pending: i64,
}

/// What the store holds, and every source.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Stories.
    pub stories: i64,
    /// Entries.
    pub entries: i64,
    /// Earlier contents of changed entries.
    pub revisions: i64,
    /// Sources, as configured.
    pub sources: Vec<SourceHealth>,
}

const STYLE: &str = "body{font:15px/1.5 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;margin:1.5rem;color:#222}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #e5e5e0;vertical-align:top}\
    th{font-weight:600;color:#555}.bad td:nth-child(2){color:#a11;font-weight:600}.idle td{color:#888}\
    .good td:nth-child(2){color:#186a2f}small{color:#666;display:block}";

/// Renders the page: what is broken first, then what works, then what is not known to exist.
pub fn page(health: &Health, zone: Offset) -> Vec<u8> {
    let mut sources: Vec<&SourceHealth> = health.sources.iter().collect();
    sources.sort_by_key(|source| rank(source));
    let n_bad = sources.iter().filter(|source| rank(source) == 0).count();
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>dibao: {n_bad} of {} sources need a look</title>\
        <style>{STYLE}</style></head><body><h1>{n_bad} of {} sources need a look</h1>\
        <p>{} stories of {} entries, {} revisions. <a href=\"/alerts.atom\">alerts</a> · <a href=\"/status.json\">JSON</a></p>\n\
        <table><tr><th>source</th><th>state</th><th>since</th><th>rows</th><th>last poll</th><th>next poll</th></tr>\n",
        sources.len(),
        sources.len(),
        health.stories,
        health.entries,
        health.revisions,
    );
    for source in sources {
        push(&mut page, source, zone);
    }
    page.push_str("</table></body></html>\n");
    page.into_bytes()
}

/// 0 needs a look, 1 works, 2 is not polled yet or not known to exist.
fn rank(source: &SourceHealth) -> u8 {
    match source.state.as_str() {
        "ok" => 1,
        "never polled" => 2,
        _ if source.enabled && source.verified => 0,
        _ => 2,
    }
}

fn push(page: &mut String, source: &SourceHealth, zone: Offset) {
    let time = |at: Option<Timestamp>| {
        let text = at.map(|at| rfc3339(at, zone)).unwrap_or_default();
        text.get(..16).unwrap_or(&text).replace('T', " ")
    };
    let class = ["bad", "good", "idle"].get(usize::from(rank(source))).copied().unwrap_or_default();
    let unverified = if source.verified { "" } else { " (address not verified)" };
    let pending = match source.n_pending {
        0 => String::new(),
        n => format!("<small>{n} pending</small>"),
    };
    // Writing into a text cannot fail.
    let _ = writeln!(
        page,
        "<tr class=\"{class}\"><td><a href=\"{url}\">{name}</a><small>{key}, {kind}{unverified}</small></td>\
        <td>{state}<small>{message}</small></td><td>{since}</td><td>{rows}{pending}<small>{rule}</small></td>\
        <td>{last}</td><td>{next}</td></tr>",
        url = escape(&source.url),
        name = escape(&source.name),
        key = escape(&source.key),
        kind = escape(&source.kind),
        state = escape(&source.state),
        message = escape(&source.message),
        since = time(source.since),
        rows = source.n_rows,
        rule = escape(&source.rule),
        last = time(source.last_poll),
        next = time(source.next_poll),
    );
}
