//! `dibao discover`.

use std::{collections::HashMap, io::IsTerminal, sync::Arc};

use url::{Position, Url};

use super::{CANNOT_RUN, Failure, SOME_FAILED, Start, USAGE, runtime, stop_on_signal};
use crate::{
    clock,
    config::{Config, Route},
    discover::{Discovery, Findings, MAX_REQUESTS, Proposal, Row, Tables},
    fetch::{Client, Fetched, Request},
    observe::Fault,
};

/// Flags of `discover`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A page of the site: its home page, a list of articles, an article or a feed
    #[arg(value_name = "URL")]
    url: String,
    /// Print the findings as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("error");
    let config = start.config(Vec::new())?;
    let url = address(&args.url)?;
    let tables = Tables::built_in().map_err(|error| Failure::new(CANNOT_RUN, error))?;
    let findings = runtime()?.block_on(look(&config, tables, url))?;
    if args.json {
        print_json(&findings);
    } else {
        print(&findings);
    }
    Ok(if findings.proposals.is_empty() { SOME_FAILED } else { 0 })
}

/// An address as people type it: without a scheme it is https.
fn address(text: &str) -> Result<Url, Failure> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&with_scheme)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        Failure::new(
            USAGE,
            anyhow::anyhow!("`{text}` is no address; expected one such as https://www.example.org/"),
        )
    })
}

async fn look(config: &Arc<Config>, tables: Tables, url: Url) -> Result<Findings, Failure> {
    let client = Client::new(&config.fetch, stop_on_signal()).map_err(|error| Failure::new(USAGE, error))?;
    let now = clock::now();
    let mut discovery = Discovery::new(Arc::clone(config), Arc::new(tables), url, now);
    let validators = HashMap::new();
    loop {
        let (back, wish) = off_thread(move || {
            let mut discovery = discovery;
            let wish = discovery.wish();
            (discovery, wish)
        })
        .await?;
        discovery = back;
        let Some(url) = wish else { break };
        if std::io::stderr().is_terminal() {
            // Pauses between requests are long, and people wait.
            eprintln!("reading {url}");
        }
        let came = match client
            .get(Request { url: &url, validators: &validators, robots: true, route: &Route::default(), now })
            .await
        {
            Ok(Fetched::Document(document, ..)) => Ok(document),
            Ok(Fetched::NotModified(_)) => Err(Fault::of_nothing(url.as_str())),
            Err(error) => Err(Fault::of_fetch(&error)),
        };
        discovery = off_thread(move || {
            let mut discovery = discovery;
            discovery.take(came);
            discovery
        })
        .await?;
    }
    off_thread(move || discovery.findings()).await
}

/// Reading hostile pages may take long; it is kept off the threads that answer signals.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::new(CANNOT_RUN, error))
}

/// Everything but the sources is a comment, so that the whole is a configuration file.
fn print(findings: &Findings) {
    say!("# {}: {}", findings.url, findings.what.words());
    let owner = &findings.owner;
    let told = owner.bureau.as_ref().map(|(_, rule)| format!(" (bureau, by {rule})")).unwrap_or_default();
    say!("# site      {}{told}", comment(&owner.name));
    match findings.systems.split_first() {
        None => say!("# cms       not known"),
        Some((best, others)) => {
            let profile =
                best.profile.as_ref().map_or("no profile".to_owned(), |name| format!("profile {name}"));
            let evidence: Vec<&str> = best.evidence.iter().map(|(says, _)| says.as_str()).collect();
            say!("# cms       {}, {profile}: {}", best.name, evidence.join("; "));
            for other in others {
                say!("#           or {} ({} points against {})", other.name, other.points(), best.points());
            }
        }
    }
    say!("# requests  {} of at most {MAX_REQUESTS}", findings.n_requests);
    for failed in &findings.failed {
        let expected = failed.expected.as_ref().map(|expected| format!("{expected}: ")).unwrap_or_default();
        say!("# failed    {}", comment(&format!("{expected}{}", failed.fault.sentence)));
    }
    for note in &findings.notes {
        say!("# note      {}", comment(note));
    }
    for proposal in &findings.proposals {
        print_proposal(proposal);
    }
    if let Some(advice) = &findings.advice {
        say!("# nothing found: {}", comment(advice));
    }
}

fn print_proposal(proposal: &Proposal) {
    say!("\n{}", proposal.toml.trim_end());
    say!("# {} rows, {} with a time, by {}", proposal.n_rows, proposal.n_dated, comment(&proposal.rule));
    for Row { title, published, url } in &proposal.rows {
        // The fragment that points out a digest's story is long, and tells no more than its title.
        let url = url.as_ref().map_or("", |url| &url[..Position::AfterQuery]);
        say!("#   {} | {} | {url}", published.as_deref().unwrap_or("no time"), comment(title));
    }
    match &proposal.article {
        None => {}
        Some(Err(reason)) => say!("# its first article cannot be read: {}", comment(reason)),
        Some(Ok(article)) => {
            let fields: Vec<String> =
                article.fields.iter().map(|(name, rule)| format!("{name} by {rule}")).collect();
            say!("# its first article: {} characters; {}", article.n_chars, comment(&fields.join("; ")));
        }
    }
    for url in &proposal.same {
        say!("# the same rows stand at {url}");
    }
    for note in &proposal.notes {
        say!("# note: {}", comment(note));
    }
}

/// A text that stays within its comment, whatever a page brings.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

fn print_json(findings: &Findings) {
    let systems = findings.systems.iter().map(|cms| {
        let evidence = cms.evidence.iter().map(|(says, points)| serde_json::json!({ "says": says, "points": points }));
        serde_json::json!({
            "name": cms.name, "profile": cms.profile, "points": cms.points(), "evidence": evidence.collect::<Vec<_>>(),
        })
    });
    let failed = findings.failed.iter().map(|failed| {
        serde_json::json!({
            "url": failed.url.as_str(), "expected": failed.expected, "name": failed.fault.name, "sentence": failed.fault.sentence,
            "next_step": failed.fault.next_step,
        })
    });
    let value = serde_json::json!({
        "url": findings.url.as_str(), "what": findings.what.words(), "site": findings.owner.name,
        "bureau": findings.owner.bureau.as_ref().map(|(bureau, _)| &bureau.name),
        "bureau_by": findings.owner.bureau.as_ref().map(|(_, rule)| rule),
        "cms": systems.collect::<Vec<_>>(), "requests": findings.n_requests,
        "proposals": findings.proposals.iter().map(proposal_json).collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(), "notes": findings.notes, "advice": findings.advice,
    });
    say!("{value}");
}

fn proposal_json(proposal: &Proposal) -> serde_json::Value {
    let rows = proposal.rows.iter().map(|row| {
        serde_json::json!({
            "title": row.title, "published": row.published, "url": row.url.as_ref().map(Url::as_str),
        })
    });
    let article = proposal.article.as_ref().map(|article| match article {
        Err(reason) => serde_json::json!({ "reason": reason }),
        Ok(article) => serde_json::json!({
            "url": article.url.as_str(), "characters": article.n_chars, "stories": article.n_stories,
            "fields": article.fields.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        }),
    });
    serde_json::json!({
        "key": proposal.key, "kind": proposal.kind.as_str(), "url": proposal.url.as_str(), "channel": proposal.channel,
        "toml": proposal.toml, "rule": proposal.rule, "rows": proposal.n_rows, "dated": proposal.n_dated,
        "sample": rows.collect::<Vec<_>>(), "article": article,
        "same": proposal.same.iter().map(Url::as_str).collect::<Vec<_>>(), "notes": proposal.notes,
    })
}
