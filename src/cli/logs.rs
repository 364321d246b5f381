//! Logs: structured, on stderr.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// Sets up logging; `DIBAO_LOG` overrides the default level (`info`, `dibao=debug`).
pub(super) fn init(format: Format, default: &str) {
    let filter = EnvFilter::try_from_env("DIBAO_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A second call in one process changes nothing, which is what is wanted.
    let _ = match format {
        Format::Text => {
            registry.with(layer.with_ansi(std::io::stderr().is_terminal()).with_target(false)).try_init()
        }
        Format::Json => registry.with(layer.json()).try_init(),
    };
}
