//! `dibao reprocess`.

use std::{collections::HashMap, sync::Arc};

use super::{CANNOT_RUN, Failure, SOME_FAILED, Start, USAGE, chosen, renew, runtime, warn_of_settings};
use crate::{
    clock,
    config::{Config, SourceConfig},
    model::AtomId,
    normalise::time::rfc3339,
    reprocess::{
        Counts, Difference, Finding, Mode, Outcome, Report, Reprocessor, Values,
        regroup::{self, RegroupError, Regrouped, Regrouping, Reshown},
    },
    store::{Lease, Store, StoreError},
};

/// Titles of new rows that are named.
const SHOWN_ROWS: usize = 5;
/// Stories whose ids are read at once.
const STORIES: usize = 200;
/// Longest value shown, in characters.
const SHOWN_CHARS: usize = 80;

/// Flags of `reprocess`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keys of the sources; all without one
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Write the differences; without it they are only shown
    #[arg(long)]
    apply: bool,
    /// Put stored entries into stories anew, by today's rules and rulings
    #[arg(long, conflicts_with = "sources")]
    dedup: bool,
    /// Print one JSON object a source
    #[arg(long)]
    json: bool,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("error");
    let config = start.config(Vec::new())?;
    warn_of_settings(&config);
    let sources = chosen(&config, &args.sources)?;
    if !config.store_path.exists() {
        let path = config.store_path.display();
        let error = anyhow::anyhow!(
            "store `{path}` does not exist; there is nothing to reprocess before the first poll"
        );
        return Err(Failure::new(CANNOT_RUN, error));
    }
    runtime()?.block_on(async {
        let store = Store::open(&config.store_path, clock::now()).await?;
        let mode = if args.apply { Mode::Apply } else { Mode::Show };
        let _lease = lease(&store, mode)?;
        if mode == Mode::Apply {
            renew(&store, &config).await?;
        }
        if args.dedup {
            regrouped(&store, &config, mode, args.json).await?;
            store.close().await;
            return Ok(0);
        }
        let reprocessor = Reprocessor { config: Arc::clone(&config), store: store.clone(), mode };
        let mut failed = false;
        for source in &sources {
            let report = reprocessor.source(source, clock::now()).await?;
            failed |= !report.unread.is_empty();
            if args.json {
                print_json(&config, &report, mode);
            } else {
                print(&config, source, &report, mode);
            }
        }
        store.close().await;
        Ok(if failed { SOME_FAILED } else { 0 })
    })
}

/// Shows which stories today's rules would put together or show otherwise, and writes it on demand.
async fn regrouped(store: &Store, config: &Config, mode: Mode, json: bool) -> Result<(), Failure> {
    let found = match regroup::regroup(store, config, clock::now()).await {
        Ok(found) => found,
        Err(RegroupError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(Failure::new(CANNOT_RUN, error)),
    };
    for changes in found.changes.chunks(STORIES) {
        let stories: Vec<i64> =
            changes.iter().flat_map(|change| change.story.iter().chain(&change.ends)).copied().collect();
        let ids = store.atom_ids(&stories).await?;
        for change in changes {
            print_change(&ids, change, json);
        }
    }
    for reshown in found.reshown.chunks(STORIES) {
        let stories: Vec<i64> = reshown.iter().map(|reshown| reshown.story).collect();
        let ids = store.atom_ids(&stories).await?;
        for reshown in reshown {
            print_reshown(&ids, reshown, json);
        }
    }
    if mode == Mode::Apply {
        regroup::apply(store, config, &found, clock::now()).await?;
    }
    print_regrouping(&found, mode, json);
    Ok(())
}

fn print_regrouping(found: &Regrouping, mode: Mode, json: bool) {
    let (n_changes, n_reshown, (before, after)) = (found.changes.len(), found.reshown.len(), found.n_stories);
    if json {
        let value = serde_json::json!({
            "entries": found.n_entries, "stories": before, "stories_by_rules": after, "changes": n_changes,
            "shown_otherwise": n_reshown, "applied": mode == Mode::Apply,
        });
        say!("{value}");
        return;
    }
    let written = match mode {
        _ if n_changes + n_reshown == 0 => "",
        Mode::Apply => "; written",
        Mode::Show => "; nothing written, --apply writes it",
    };
    say!(
        "{} entries compared: {before} stories, {after} under today's rules, {n_changes} put together otherwise, \
        {n_reshown} shown otherwise{written}",
        found.n_entries
    );
}

/// Ids of stories by their rows.
type AtomIds = HashMap<i64, AtomId>;

fn print_change(ids: &AtomIds, change: &Regrouped, json: bool) {
    let id = |story: &i64| ids.get(story).map_or("", |id| id.0.as_str());
    let goes_on = change.story.as_ref().map(id);
    if json {
        let entries = change.entries.iter().map(|(number, rule, title)| {
            serde_json::json!({ "number": number, "rule": rule, "title": title, "comes": change.comes.contains(number) })
        });
        let ends: Vec<&str> = change.ends.iter().map(id).collect();
        let value =
            serde_json::json!({ "story": goes_on, "ends": ends, "entries": entries.collect::<Vec<_>>() });
        say!("{value}");
        return;
    }
    match goes_on {
        Some(id) => say!("story {id}"),
        None => say!("a story of its own"),
    }
    for ended in &change.ends {
        say!("  ends in it {}", id(ended));
    }
    for (number, rule, title) in &change.entries {
        let sign = if change.comes.contains(number) { "comes" } else { "" };
        say!("  {sign:<10} #{number} 「{}」 ({rule})", short(title));
    }
}

fn print_reshown(ids: &AtomIds, reshown: &Reshown, json: bool) {
    let id = ids.get(&reshown.story).map_or("", |id| id.0.as_str());
    let ((before, title_before), (after, title_after)) = (&reshown.before, &reshown.after);
    if json {
        let value = serde_json::json!({
            "story": id, "shows": { "number": after, "title": title_after },
            "instead_of": { "number": before, "title": title_before },
        });
        say!("{value}");
        return;
    }
    say!("story {id}");
    say!("  shows      #{after} 「{}」", short(title_after));
    say!("  instead of #{before} 「{}」", short(title_before));
}

/// Writing needs the right to poll: two processes would judge by different rules.
fn lease(store: &Store, mode: Mode) -> Result<Option<Lease>, Failure> {
    if mode == Mode::Show {
        return Ok(None);
    }
    store.lease().map(Some).map_err(|error| match error {
        StoreError::Leased { .. } => Failure::new(USAGE, error),
        error => Failure::new(CANNOT_RUN, error),
    })
}

fn print(config: &Config, source: &SourceConfig, report: &Report, mode: Mode) {
    say!("{} {}", source.source.key, source.source.name);
    if let Some(list) = &report.list {
        let at = rfc3339(list.fetched_at, config.feed.zone);
        say!("  list      {} rows in the page of {at}, by {}", list.n_rows, list.rule);
        if list.n_rows == 0 {
            for note in &list.notes {
                say!("            {note}");
            }
        }
    }
    for finding in &report.findings {
        print_finding(finding);
    }
    for title in report.new_rows.iter().take(SHOWN_ROWS) {
        say!("  row       {} (not known; its article comes with a poll)", short(title));
    }
    if report.new_rows.len() > SHOWN_ROWS {
        say!("  row       … and {} more", report.new_rows.len() - SHOWN_ROWS);
    }
    for unread in &report.unread {
        say!("  unread    {}: {}", unread.url, unread.reason);
    }
    say!("  {}", summary(report, mode));
}

fn print_finding(finding: &Finding) {
    match &finding.outcome {
        Outcome::New => say!("  new       {} ({})", short(&finding.title), finding.url),
        Outcome::Withheld { reason } => {
            say!("  withheld  {}: {reason}; it stays published", short(&finding.title));
        }
        Outcome::Changed { differences } => {
            say!("  changed   {} ({})", short(&finding.title), finding.url);
            for difference in differences {
                say!("            {}", words(difference));
            }
        }
    }
}

fn words(difference: &Difference) -> String {
    let values = |name: &str, Values { before, after }: &Values| {
        let shown = |value: &Option<String>| {
            value.as_deref().map_or("none".to_owned(), |text| format!("`{}`", short(text)))
        };
        format!("{name:<10} {} → {}", shown(before), shown(after))
    };
    let counts = |name: &str, Counts { added, removed }: &Counts| {
        format!("{name:<10} {added} characters added, {removed} removed")
    };
    match difference {
        Difference::Title(it) => values("title", it),
        Difference::Url(it) => values("url", it),
        Difference::Time(it) => values("time", it),
        Difference::Updated(it) => values("updated", it),
        Difference::Bureau(it) => values("bureau", it),
        Difference::Region(it) => values("region", it),
        Difference::Summary(it) => counts("summary", it),
        Difference::Text(it) => counts("text", it),
        Difference::Markup => format!("{:<10} other tags around the same text", "markup"),
        Difference::Enclosures { added, removed } => {
            let mut text = format!("{:<10}", "enclosures");
            for (sign, file) in
                added.iter().map(|file| ('+', file)).chain(removed.iter().map(|file| ('-', file)))
            {
                text.extend([" ", &sign.to_string(), file]);
            }
            text
        }
    }
}

fn summary(report: &Report, mode: Mode) -> String {
    let n_changed = report.count(|outcome| matches!(outcome, Outcome::Changed { .. }));
    let n_new = report.count(|outcome| matches!(outcome, Outcome::New));
    let n_withheld = report.count(|outcome| matches!(outcome, Outcome::Withheld { .. }));
    let left = match report.n_without_document {
        0 => String::new(),
        n => format!("; {n} have no stored document and stay as they are"),
    };
    let written = match mode {
        Mode::Apply => format!("; {} written", report.n_written),
        Mode::Show if n_changed + n_new > 0 => "; nothing written, --apply writes them".to_owned(),
        Mode::Show => String::new(),
    };
    let (n_documents, n_compared) = (report.n_documents, report.n_compared);
    format!(
        "{n_documents} documents, {n_compared} entries compared: {n_changed} changed, {n_new} new, {n_withheld} withheld\
        {left}{written}"
    )
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn print_json(config: &Config, report: &Report, mode: Mode) {
    let findings = report.findings.iter().map(|finding| {
        let (outcome, differences, reason) = match &finding.outcome {
            Outcome::New => ("new", None, None),
            Outcome::Changed { differences } => ("changed", Some(differences), None),
            Outcome::Withheld { reason } => ("withheld", None, Some(reason)),
        };
        serde_json::json!({
            "id": finding.id, "title": finding.title, "url": finding.url, "outcome": outcome,
            "differences": differences, "reason": reason,
        })
    });
    let list = report.list.as_ref().map(|list| {
        serde_json::json!({
            "fetched": rfc3339(list.fetched_at, config.feed.zone), "rows": list.n_rows, "rule": list.rule, "notes": list.notes,
        })
    });
    let unread = report.unread.iter().map(|it| serde_json::json!({ "url": it.url, "reason": it.reason }));
    let value = serde_json::json!({
        "source": report.source.as_str(), "documents": report.n_documents, "compared": report.n_compared,
        "without_document": report.n_without_document, "list": list, "findings": findings.collect::<Vec<_>>(),
        "new_rows": report.new_rows, "unread": unread.collect::<Vec<_>>(), "applied": mode == Mode::Apply,
        "written": report.n_written,
    });
    say!("{value}");
}
