//! Measures same-story recognition on a labelled set: `cargo run --release --example dedup_eval -- --seed 1`.
//!
//! `--rounds N` makes a larger set, `--show N` prints errors, `--tables` leaves rules and vetoes out one at a time,
//! `--bench` measures time, `--jsonl` prints the set for `dibao import`, `--prose FILE` takes real prose (JSON lines of `date`, `title`, `text`).

#![expect(
    unreachable_pub,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a tool for people: it prints, and what is wrong with its own data should stop it"
)]

mod baselines;
mod bench;
mod item;
mod labelled;
mod lines;
mod metrics;
mod prose;
mod report;
mod setting;
mod shelf;
mod versions;

use dibao::dedup::{Settings, Tables};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1)).cloned();
    let number = |name: &str, default: usize| value(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let seed = number("--seed", 1) as u64;
    let items = match value("--prose") {
        Some(path) => prose::items(
            &path,
            seed,
            number("--skip", 0),
            number("--take", 3000),
            number("--hosts", 8) as u32,
        ),
        None => labelled::items(seed, number("--rounds", 3)),
    };
    let tables = Tables::shipped();
    if args.iter().any(|a| a == "--jsonl") {
        return lines::print(&items);
    }
    if args.iter().any(|a| a == "--bench") {
        return bench::run(&items, tables);
    }
    report::print(&items, &report::run(&items, tables, &Settings::default()), number("--show", 0));
    if args.iter().any(|a| a == "--tables") {
        report::tables(&items, tables);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seeds that no rule was tuned on.
    #[test]
    fn stories_are_told_apart_and_together() {
        for seed in [7, 11] {
            let items = labelled::items(seed, 1);
            let n_stories = items.iter().map(|item| item.label).max().unwrap_or_default() + 1;
            assert!(n_stories >= 240, "{n_stories} stories");
            let metrics = report::run(&items, Tables::shipped(), &Settings::default()).metrics;
            assert!(metrics.precision >= 0.99, "seed {seed}: {metrics}");
            assert!(metrics.f1 >= 0.985, "seed {seed}: {metrics}");
            assert!(metrics.b3_f1 >= 0.985, "seed {seed}: {metrics}");
        }
    }
}
