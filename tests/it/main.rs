//! Integration tests: one binary.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "tests may panic, print and take it easy"
)]

mod api;
mod changes;
mod check;
mod connections;
mod cursor;
mod daemon;
mod digests;
mod discover;
mod documents;
mod exchange;
mod faults;
mod health;
mod held;
mod history;
mod hostile;
mod lists;
mod public;
mod push;
mod readers;
mod reid;
mod reprocess;
mod retention;
mod retold;
mod rulings;
mod scan;
mod search;
mod seed;
mod serving;
mod shapes;
mod site;
mod stories;
mod support;
mod tidy;
mod topics;
mod tuning;
mod world;
