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
    /// WebSub.
    pub push: PushHealth,
}

/// WebSub: who subscribes here, which hubs are told, and where we subscribe.
#[derive(Debug, Clone, Default)]
pub struct PushHealth {
    /// Subscriptions to our hub.
    pub n_subscriptions: i64,
    /// Feeds that are subscribed to.
    pub n_topics: i64,
    /// Subscriptions whose last delivery failed.
    pub n_failing: i64,
    /// Requests that wait for their callback's word.
    pub n_waiting: i64,
    /// The last delivery that was taken.
    pub delivered_at: Option<Timestamp>,
    /// What needs a look, or is worth one.
    pub lines: Vec<PushLine>,
}

/// A failing subscription, another hub, or a subscription of ours.
#[derive(Debug, Clone)]
pub struct PushLine {
    /// What it is: `subscriber`, `hub` or `source`.
    pub what: &'static str,
    /// Its name: a subscriber's host, a hub's address, a source's key.
    pub name: String,
    /// What it is about: a feed, or a hub.
    pub about: String,
    /// `ok`, `failing`, or the state of our subscription.
    pub state: String,
    /// In plain words.
    pub message: String,
    /// Failures in a row.
    pub n_failures: i64,
    /// The last time that something was told.
    pub last: Option<Timestamp>,
    /// The next try or renewal.
    pub next: Option<Timestamp>,
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
    page.push_str("</table>\n");
    push_section(&mut page, &health.push, zone);
    page.push_str("</body></html>\n");
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

/// A time as people read it, to the minute.
fn minute(at: Option<Timestamp>, zone: Offset) -> String {
    let text = at.map(|at| rfc3339(at, zone)).unwrap_or_default();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// Who subscribes here and where we subscribe.
fn push_section(page: &mut String, push: &PushHealth, zone: Offset) {
    // Writing into a text cannot fail.
    let _ = writeln!(
        page,
        "<h2>WebSub</h2><p>{} subscriptions to {} feeds, {} of them failing; {} requests wait for their callback; last delivery {}</p>",
        push.n_subscriptions,
        push.n_topics,
        push.n_failing,
        push.n_waiting,
        push.delivered_at.map_or_else(|| "never".to_owned(), |at| minute(Some(at), zone)),
    );
    if push.lines.is_empty() {
        return;
    }
    page.push_str("<table><tr><th>what</th><th>state</th><th>about</th><th>last</th><th>next</th></tr>\n");
    for line in &push.lines {
        let class = match line.state.as_str() {
            "ok" | "active" => "good",
            "offered" | "asked" => "idle",
            _ => "bad",
        };
        let _ = writeln!(
            page,
            "<tr class=\"{class}\"><td>{name}<small>{what}</small></td><td>{state}<small>{message}</small></td>\
            <td>{about}</td><td>{last}</td><td>{next}</td></tr>",
            name = escape(&line.name),
            what = line.what,
            state = escape(&line.state),
            message = escape(&line.message),
            about = escape(&line.about),
            last = minute(line.last, zone),
            next = minute(line.next, zone),
        );
    }
    page.push_str("</table>\n");
}

fn push(page: &mut String, source: &SourceHealth, zone: Offset) {
    let time = |at: Option<Timestamp>| minute(at, zone);
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
