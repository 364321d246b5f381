//! Times the whole way of an article page to an entry beside parsing the same bytes alone, in one run: the ratio is
//! what counts.
//!
//! `cargo run --release --example bench_article`
#![expect(clippy::print_stdout, clippy::format_collect, reason = "an example prints, and takes it easy")]

use std::time::{Duration, Instant};

use dibao::{
    clock,
    config::{Config, Origins},
    extract::{RawEntry, article, charset, html},
    normalise::{Context, fingerprint, normalise},
};
use url::Url;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Pages of each size.
const ROUNDS: usize = 300;

fn main() -> Result<()> {
    let config = Config::load(&Origins::default())?;
    println!("{:>8} {:>12} {:>12} {:>7}", "page_kB", "parse_us", "pipeline_us", "ratio");
    for n_paragraphs in [6, 30, 120] {
        let page = page(n_paragraphs);
        let (mut parse, mut whole) = (Vec::new(), Vec::new());
        // In turn, so that both see the same machine.
        for _ in 0..ROUNDS {
            parse.push(timed(|| Ok(scraper::Html::parse_document(&page).tree.nodes().count()))?);
            whole.push(timed(|| pipeline(&config, page.as_bytes()))?);
        }
        let (parse, whole) = (median(parse), median(whole));
        println!(
            "{:>8} {:>12.0} {:>12.0} {:>7.2}",
            page.len() / 1_000,
            parse.as_secs_f64() * 1e6,
            whole.as_secs_f64() * 1e6,
            whole.as_secs_f64() / parse.as_secs_f64()
        );
    }
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<usize>) -> Result<Duration> {
    let started = Instant::now();
    let made = work()?;
    let took = started.elapsed();
    if made == 0 { Err("nothing was made of the page".into()) } else { Ok(took) }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Bytes to a fingerprinted entry: charset, depth guard, parsing, rules, cleaning, times, bureau.
fn pipeline(config: &Config, bytes: &[u8]) -> Result<usize> {
    let source = config.source("jx").ok_or("no source")?;
    let url =
        Url::parse("https://jx.spb.gov.cn/jxsyzglj/c100057/202611/0123456789abcdef0123456789abcdef.shtml")?;
    let decoded = charset::decode(bytes, Some("text/html; charset=utf-8"));
    let page = html::parse(&decoded.text, &url)?;
    let article = article::article(&page, &url, &source.rules.article)?;
    let row = RawEntry { title: "标题".into(), url: Some(url), ..RawEntry::default() };
    let context = Context {
        source: &source.source,
        topics: &config.topics,
        bureaus: &config.bureaus,
        zone: source.zone,
        now: clock::now(),
        keeps_ids: false,
    };
    let made = normalise(row.completed_by(article.entry), &context).ok_or("no entry")?;
    Ok(fingerprint(&made.entry).0.len() + made.entry.content_text.len())
}

fn page(n_paragraphs: usize) -> String {
    let nav: String = (0..60).map(|i| format!("<li><a href=\"/c{i}/\">栏目{i}</a></li>")).collect();
    let body: String = (0..n_paragraphs)
        .map(|i| {
            format!(
                "<p style=\"text-indent: 2em;\"><span style=\"font-size: 16px;\">第{i}段：省邮政管理局召开寄递安全工作会议，通报检查情况，\
                部署下一步重点工作，要求各市局落实属地责任，督促企业严格执行三项制度，<strong>守牢安全底线</strong>。</span></p>"
            )
        })
        .collect();
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"UTF-8\"><meta name=\"ArticleTitle\" content=\"标题\">\
        <meta name=\"PubDate\" content=\"2026-11-23 18:00:00\"><title>标题</title></head><body><ul class=\"nav\">{nav}</ul>\
        <div class=\"content\"><h2>标题</h2><div class=\"info\"><p class=\"fl\">日期：2026-11-20 10:30     来源：江西省邮政管理局</p>\
        <div class=\"share\"><a>微信</a></div></div><div class=\"detail-news\">{body}<p><img src=\"./a.jpg\"></p></div>\
        <div class=\"fujian\"><a href=\"files/a.docx\">附件</a></div></div><div class=\"foot\">{nav}</div></body></html>"
    )
}
