//! The table that is printed: a line for each store, times in milliseconds.
//!
//! A decision; an entry written, with that and its commit; a bare row. Opening the store; the first decision, which loads the
//! index of candidates; memory after all of that. The slowest tidying while the store was made. From the start of `dibao
//! serve` to the first byte of the feed, and its memory when nothing happens.

use serde_json::Value;

use crate::child::Served;

const COLUMNS: [&str; 15] = [
    "decision", "p99", "entry", "p99", "bare row", "p99", "open", "load", "RSS MiB", "peak", "tidy",
    "disk MiB", "start", "idle MiB", "peak",
];

pub fn head() {
    print!("{:<16}", "times in ms");
    for column in COLUMNS {
        print!(" {column:>8}");
    }
    println!();
}

/// What making a store, adding to it and serving it came to.
pub fn row(name: &str, made: &Value, ingested: &Value, served: &Served) {
    let number = |of: &Value, name: &str| of[name].as_f64().unwrap_or_default();
    let time = |name: &str, at: usize| ingested[name][at].as_f64().unwrap_or_default();
    print!("{name:<16}");
    for name in ["decision", "whole", "bare"] {
        print!(" {:>8.2} {:>8.2}", time(name, 0), time(name, 1));
    }
    for name in ["opened_ms", "first_ms", "rss_mib", "peak_mib"] {
        print!(" {:>8.0}", number(ingested, name));
    }
    print!(" {:>8.0} {:>8.0}", number(made, "slowest_tidy_ms"), number(made, "disk_mib"));
    println!(
        " {:>8.0} {:>8.1} {:>8.1}",
        served.first_byte.as_secs_f64() * 1e3,
        served.idle_mib,
        served.peak_mib
    );
}
