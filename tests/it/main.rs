//! Integration tests: one binary.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::format_collect,
    clippy::format_push_string,
    reason = "tests may panic, print and take it easy"
)]

mod changes;
mod daemon;
mod documents;
mod faults;
mod health;
mod scan;
mod seed;
mod shapes;
mod support;
mod tidy;
mod world;
