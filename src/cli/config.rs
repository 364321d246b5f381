//! `dibao config`.

use clap::Subcommand;

use super::{Failure, Start, warn};
use crate::config::Config;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether it is valid, and how many sources it holds
    Check {
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the merged result of defaults, files and environment as TOML
    Show {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of a configuration file
    Schema,
}

pub(super) fn run(start: &Start, command: &Command) -> Result<u8, Failure> {
    if matches!(command, Command::Schema) {
        say!("{:#}", Config::schema());
        return Ok(0);
    }
    let config = start.config(Vec::new())?;
    warn(&config);
    match command {
        Command::Check { json } => check(&config, *json),
        Command::Show { json: true } => {
            say!("{}", serde_json::to_string_pretty(&config.merged).unwrap_or_default());
        }
        _ => say!("{}", config.to_toml().trim_end()),
    }
    Ok(0)
}

fn check(config: &Config, json: bool) {
    let n_sources = config.sources.len();
    let n_enabled = config.sources.iter().filter(|source| source.enabled).count();
    let n_unverified = config.sources.iter().filter(|source| source.enabled && !source.verified).count();
    if json {
        let warnings: Vec<&str> =
            config.warnings.iter().map(String::as_str).chain(config.polling_warning()).collect();
        let value = serde_json::json!({
            "valid": true, "sources": n_sources, "enabled": n_enabled, "unverified": n_unverified,
            "warnings": warnings,
        });
        say!("{value}");
    } else {
        say!(
            "valid: {n_sources} sources, {n_enabled} enabled, of which {n_unverified} have addresses not verified yet"
        );
    }
}
