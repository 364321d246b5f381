//! Measures article extraction on Mozilla Readability's test pages.
//!
//! ```text
//! cargo run --example readability_f1 -- readability/test/test-pages
//! ```
//!
//! Each folder holds a page (`source.html`) and the article in it as people judged it (`expected.html`). Printed
//! are the F1 of our body's text and of the whole page's text against that article's text, each text taken as a bag
//! of tokens: words, and pairs of neighbouring Chinese characters. Pages are read without any profile.

#![expect(clippy::cast_precision_loss, reason = "counts of tokens are far below 2^52")]

use std::{
    collections::HashMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use dibao::extract::{article, charset, html, rules::ArticleRules};
use url::Url;

/// The article's text is Chinese when at least this share of its letters is.
const MIN_HAN_SHARE: f64 = 0.5;

/// What one page came to.
struct Score {
    name: String,
    rule: String,
    is_chinese: bool,
    article: f64,
    whole_page: f64,
}

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("give the folder of test pages")?;
    let mut pages: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("`{folder}` cannot be read"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    pages.sort();
    let mut scores = Vec::new();
    for page in pages.iter().filter(|page| page.join("source.html").is_file()) {
        scores.push(score(page)?);
    }
    print(&scores).context("the table cannot be written")
}

fn score(page: &Path) -> anyhow::Result<Score> {
    let url = Url::parse("http://fakehost/test/page.html")?;
    let source = std::fs::read(page.join("source.html"))?;
    let source = html::parse(&charset::decode(&source, None).text, &url)?;
    let expected = std::fs::read_to_string(page.join("expected.html"))?;
    let expected = html::text(html::parse(&expected, &url)?.root_element());
    let entry = article::article(&source, &url, &ArticleRules::default())?.entry;
    let body = html::parse(entry.content_html.as_deref().unwrap_or_default(), &url)?;
    let f1 = |text: &str| f1(&bag(text), &bag(&expected));
    Ok(Score {
        name: page.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        rule: entry.fields.get("content_html").cloned().unwrap_or_default(),
        is_chinese: han_share(&expected) >= MIN_HAN_SHARE,
        article: f1(&html::text(body.root_element())),
        whole_page: f1(&html::text(source.root_element())),
    })
}

fn print(scores: &[Score]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<42} {:>7} {:>7}  rule", "page", "article", "whole")?;
    for score in scores {
        let name = format!("{}{}", if score.is_chinese { "zh " } else { "" }, score.name);
        writeln!(out, "{name:<42} {:>7.3} {:>7.3}  {}", score.article, score.whole_page, score.rule)?;
    }
    for (name, chinese_only) in [("mean of the Chinese pages", true), ("mean of all pages", false)] {
        let scores: Vec<&Score> = scores.iter().filter(|score| score.is_chinese || !chinese_only).collect();
        let mean = |of: fn(&Score) -> f64| {
            scores.iter().map(|score| of(score)).sum::<f64>() / scores.len().max(1) as f64
        };
        let (article, whole) = (mean(|score| score.article), mean(|score| score.whole_page));
        writeln!(out, "{name:<42} {article:>7.3} {whole:>7.3}  {} pages", scores.len())?;
    }
    Ok(())
}

/// The harmonic mean of how much of the text found is right and how much of the right text is found.
fn f1(found: &HashMap<String, usize>, right: &HashMap<String, usize>) -> f64 {
    let n_common: usize =
        found.iter().map(|(token, n)| (*n).min(right.get(token).copied().unwrap_or_default())).sum();
    let n_both = found.values().sum::<usize>() + right.values().sum::<usize>();
    if n_both == 0 { 1.0 } else { 2.0 * n_common as f64 / n_both as f64 }
}

/// How often each token is in a text.
fn bag(text: &str) -> HashMap<String, usize> {
    let mut bag = HashMap::new();
    let mut add = |token: &str| {
        if !token.is_empty() {
            *bag.entry(token.to_lowercase()).or_insert(0) += 1;
        }
    };
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c| is_han(c) != is_han(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            rest = after;
            let chars: Vec<char> = run.chars().collect();
            if is_han(first) && chars.len() > 1 {
                chars.windows(2).for_each(|pair| add(&pair.iter().collect::<String>()));
            } else {
                add(run);
            }
        }
    }
    bag
}

fn han_share(text: &str) -> f64 {
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    text.chars().filter(|c| is_han(*c)).count() as f64 / n_letters.max(1) as f64
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}
