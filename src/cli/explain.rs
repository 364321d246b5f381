//! `dibao explain`.

use jiff::tz::Offset;

use super::{Failure, SOME_FAILED, Start, overrule::open, runtime};
use crate::{
    clock,
    config::Config,
    dedup::{Reason, Rule},
    model::{AtomId, Precision, Published},
    normalise::time::rfc3339,
    rulings::{Account, Compared, Copy, Target, TargetError, explain},
    store::{MoveAccount, RulingAccount},
};

/// Near misses shown for one entry.
const SHOWN_NEAR: usize = 3;

/// Flags of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A story's id (its Atom id, or the last part of its page's address), an entry's number, or the address of any copy
    #[arg(value_name = "STORY|URL")]
    name: String,
    /// Print one JSON object a story
    #[arg(long)]
    json: bool,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("error");
    let config = start.config(Vec::new())?;
    runtime()?.block_on(async {
        let store = open(&config).await?;
        let target = match Target::find(&store, &args.name).await {
            Ok(target) => target,
            Err(TargetError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::new(SOME_FAILED, error)),
        };
        for (i, story) in target.stories().into_iter().enumerate() {
            let Some(account) = explain(&store, &config, story, clock::now()).await? else { continue };
            if args.json {
                say!("{}", json(&account, config.feed.zone));
            } else {
                if i > 0 {
                    say!("");
                }
                print(&account, &config);
            }
        }
        store.close().await;
        Ok(0)
    })
}

fn print(account: &Account, config: &Config) {
    let zone = config.feed.zone;
    let story = &account.story;
    let title = account.copies.first().map_or("", |copy| copy.entry.title.as_str());
    say!("{title}");
    say!("  story    {} ({})", story.atom_id.0, story.atom_id.short());
    let at = |at| rfc3339(at, zone);
    say!(
        "  times    published {}, first here {}, updated {}",
        published(Some(story.published), zone),
        at(story.first_at),
        at(story.updated_at)
    );
    if let Some(withdrawn) = story.withdrawn_at {
        say!("  gone     withdrawn {}", at(withdrawn));
    }
    for (alias, ended) in &story.aliases {
        let ended = ended.map(|ended| format!(", until {}", at(ended))).unwrap_or_default();
        say!("  also     {} ({}){ended}", alias.0, alias.short());
    }
    for copy in &account.copies {
        print_copy(copy, &story.moves, zone);
    }
    for ruling in &story.rulings {
        say!("  ruling   {}", ruling_words(ruling, zone));
    }
    for related in &story.related {
        say!(
            "  related  「{}」 {} ({}), {:.0} % of the text",
            related.title,
            related.atom_id.0,
            related.url,
            related.likeness * 100.0
        );
    }
}

fn print_copy(copy: &Copy, moves: &[MoveAccount], zone: Offset) {
    let entry = &copy.entry;
    let bureau = entry.bureau.as_ref().map(|bureau| format!(", {bureau}")).unwrap_or_default();
    say!("  entry    #{} {} ({}{bureau})", entry.id, entry.source_name, entry.role.as_str());
    say!("           「{}」", entry.title);
    say!("           {}", entry.url);
    let gone = entry.gone_at.map(|at| format!(", gone since {}", rfc3339(at, zone))).unwrap_or_default();
    say!(
        "           published {}, seen {}, {} characters{gone}",
        published(entry.published, zone),
        rfc3339(entry.seen_at, zone),
        entry.n_chars
    );
    if let Some(reason) = copy.shown {
        say!("           readers get this copy: {}", reason.words());
    }
    let rule = copy.rule.map_or("a rule of an earlier version", |rule| rule.words());
    match &copy.matched {
        None => say!("           {}: {rule}", entry.rule),
        Some(matched) => {
            say!("           {}: {rule}", entry.rule);
            say!("           matched {}: {}", other(matched), matched.seen.words());
        }
    }
    for moved in moves.iter().filter(|moved| moved.entry_id == entry.id) {
        say!("           {}", move_words(moved, zone));
    }
    for near in copy.near.iter().take(SHOWN_NEAR) {
        say!("           near {}: {}", other(near), near.seen.words());
        let against = if near.seen.vetoes.is_empty() {
            "too little in common for any rule".to_owned()
        } else {
            near.seen.vetoes.join(", ")
        };
        say!("             stays apart: {against}");
    }
}

fn other(compared: &Compared) -> String {
    match &compared.other {
        Some(other) => format!("#{} {} 「{}」", other.id, other.source_key, other.title),
        None => format!("#{}, which was let go of", compared.seen.with),
    }
}

fn move_words(moved: &MoveAccount, zone: Offset) -> String {
    let why = match (moved.cause.as_str(), moved.by_entry, moved.ruling_id) {
        ("arrival", Some(entry), _) => format!("the arrival of #{entry} showed that both are one"),
        ("ruling", _, Some(ruling)) => format!("by ruling {ruling}"),
        _ => "today's rules were applied to all entries".to_owned(),
    };
    format!("came from {} on {}: {why}", moved.from.0, rfc3339(moved.at, zone))
}

fn ruling_words(account: &RulingAccount, zone: Offset) -> String {
    let ruling = &account.ruling;
    let name = |id: &Option<AtomId>| id.as_ref().map_or("a story let go of", |id| id.0.as_str()).to_owned();
    let why = ruling.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let undone =
        ruling.undone_at.map(|at| format!(" (taken back {})", rfc3339(at, zone))).unwrap_or_default();
    format!(
        "{} {} on {}, {} and {}{why}{undone}",
        ruling.id,
        ruling.kind.as_str(),
        rfc3339(ruling.at, zone),
        name(&account.from),
        name(&account.into)
    )
}

fn published(time: Option<Published>, zone: Offset) -> String {
    match time {
        None => "at a time that it does not say".to_owned(),
        Some(time) if time.precision == Precision::Day => {
            rfc3339(time.at, zone).get(..10).unwrap_or_default().to_owned()
        }
        Some(time) => rfc3339(time.at, zone),
    }
}

fn json(account: &Account, zone: Offset) -> serde_json::Value {
    let story = &account.story;
    let at = |at| rfc3339(at, zone);
    let copies = account.copies.iter().map(|copy| copy_json(copy, &story.moves, zone));
    let aliases = story
        .aliases
        .iter()
        .map(|(id, ended)| serde_json::json!({ "id": id.0, "short": id.short(), "until": ended.map(at) }));
    let rulings = story.rulings.iter().map(|ruled| {
        let ruling = &ruled.ruling;
        serde_json::json!({
            "number": ruling.id, "kind": ruling.kind.as_str(), "why": ruling.why, "at": at(ruling.at),
            "undone": ruling.undone_at.map(at), "from": ruled.from.as_ref().map(|id| &id.0),
            "into": ruled.into.as_ref().map(|id| &id.0),
        })
    });
    let related = story.related.iter().map(|related| {
        serde_json::json!({
            "story": related.atom_id.0, "title": related.title, "url": related.url, "c": related.likeness,
        })
    });
    serde_json::json!({
        "story": story.atom_id.0, "short": story.atom_id.short(),
        "published": at(story.published.at), "published_precision": story.published.precision.as_str(),
        "first": at(story.first_at), "updated": at(story.updated_at), "withdrawn": story.withdrawn_at.map(at),
        "aliases": aliases.collect::<Vec<_>>(), "entries": copies.collect::<Vec<_>>(),
        "rulings": rulings.collect::<Vec<_>>(), "related": related.collect::<Vec<_>>(),
    })
}

fn copy_json(copy: &Copy, moves: &[MoveAccount], zone: Offset) -> serde_json::Value {
    let entry = &copy.entry;
    let at = |at| rfc3339(at, zone);
    let moves = moves.iter().filter(|moved| moved.entry_id == entry.id).map(|moved| {
        serde_json::json!({
            "from": moved.from.0, "cause": moved.cause, "by_entry": moved.by_entry, "ruling": moved.ruling_id,
            "at": at(moved.at),
        })
    });
    serde_json::json!({
        "number": entry.id, "source": entry.source_key, "source_name": entry.source_name,
        "id": entry.source_entry_id, "role": entry.role.as_str(), "title": entry.title, "url": entry.url,
        "bureau": entry.bureau, "region": entry.region, "published": entry.published.map(|time| at(time.at)),
        "published_precision": entry.published.map(|time| time.precision.as_str()), "seen": at(entry.seen_at),
        "gone": entry.gone_at.map(at), "characters": entry.n_chars, "canonical": copy.shown.is_some(),
        "why_canonical": copy.shown.map(Reason::words), "rule": entry.rule,
        "why": copy.rule.map(Rule::words), "matched": copy.matched.as_ref().map(compared_json),
        "near": copy.near.iter().map(compared_json).collect::<Vec<_>>(), "moves": moves.collect::<Vec<_>>(),
    })
}

fn compared_json(compared: &Compared) -> serde_json::Value {
    let seen = &compared.seen;
    let other = compared.other.as_ref();
    serde_json::json!({
        "number": seen.with, "source": other.map(|other| &other.source_key), "title": other.map(|other| &other.title),
        "url": other.map(|other| &other.url), "story": other.map(|other| &other.atom_id.0), "rule": seen.rule,
        "scores": { "c": seen.c, "j": seen.j, "t": seen.t, "days": seen.days, "figures": seen.figures },
        "vetoes": seen.vetoes, "same": seen.same,
    })
}
