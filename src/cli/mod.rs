//! The command line. Data goes to stdout, logs to stderr; with `main`, this alone may print.
#![expect(clippy::print_stderr, reason = "printing is what a command line is for")]

/// Prints a line of data.
macro_rules! say {
    ($($what:tt)*) => { $crate::cli::say(format_args!($($what)*)) };
}

mod check;
mod config;
mod demo;
mod discover;
mod explain;
mod export;
mod fetch;
mod import;
mod logs;
mod migrate;
mod overrule;
mod preview;
mod reprocess;
mod serve;

use std::{io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError, Origins, SourceConfig},
    daemon::DaemonError,
    poll::ingest,
    store::{Store, StoreError},
};

/// Reads official sites, recognises each story once, and republishes one dependable feed.
#[derive(Debug, Parser)]
#[command(
    name = "dibao",
    version,
    about = "Reads official sites, recognises each story once, and republishes one dependable feed.",
    after_help = "Exit codes: 0 done, 1 some source failed, 2 usage or configuration, 3 cannot run (port, store).\n\
        Try it without network: dibao demo"
)]
struct Cli {
    /// The operator's configuration file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "Configuration file; without it $DIBAO_CONFIG, else the built-in defaults"
    )]
    config: Option<PathBuf>,
    /// How logs are written to stderr
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: logs::Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: poll sources, serve the feed
    Serve(serve::Args),
    /// See it work without network: replica sites on this machine, read and republished
    Demo(demo::Args),
    /// Poll sources once and exit, for cron
    Fetch(fetch::Args),
    /// Look at sources without storing: what they give, and what is wrong
    Check(check::Args),
    /// Look at an unknown site and propose sources for it
    Discover(discover::Args),
    /// Read one document and print its entries as JSON lines
    Preview(preview::Args),
    /// Say why entries are one story, and what stayed apart from it
    Explain(explain::Args),
    /// Rule that entries are another story than the rest of theirs
    Split(overrule::SplitArgs),
    /// Rule that two stories are one
    Join(overrule::JoinArgs),
    /// Run today's rules over stored documents and show what they would change
    Reprocess(reprocess::Args),
    /// Take in entries as JSON lines, lists of feeds (OPML), saved pages and digests
    Import(import::Args),
    /// Write what is stored for other programs
    Export(export::Args),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Create the store or bring its schema up to date
    Migrate(migrate::Args),
}

/// Why a command did not do what it was asked, with its exit code.
#[derive(Debug)]
struct Failure {
    code: u8,
    error: anyhow::Error,
}

/// Some source failed.
const SOME_FAILED: u8 = 1;
/// Wrong usage or configuration.
const USAGE: u8 = 2;
/// The daemon cannot run here.
const CANNOT_RUN: u8 = 3;
/// Threads for name look-ups and reading documents; a slow name server may hold several.
const MAX_BLOCKING_THREADS: usize = 32;

impl Failure {
    fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self { code, error: error.into() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(USAGE, error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(CANNOT_RUN, error)
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        // The client is made of settings alone: starting again would not help.
        let code = if matches!(error, DaemonError::Client(_)) { USAGE } else { CANNOT_RUN };
        Self::new(code, error)
    }
}

/// What every command starts from.
#[derive(Debug)]
struct Start {
    config: Option<PathBuf>,
    log_format: logs::Format,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let start = Start { config: cli.config, log_format: cli.log_format };
    let done = match cli.command {
        Command::Serve(args) => serve::run(&start, args),
        Command::Demo(args) => demo::run(&start, &args),
        Command::Fetch(args) => fetch::run(&start, &args),
        Command::Check(args) => check::run(&start, &args),
        Command::Discover(args) => discover::run(&start, &args),
        Command::Preview(args) => preview::run(&start, &args),
        Command::Explain(args) => explain::run(&start, &args),
        Command::Split(args) => overrule::split(&start, &args),
        Command::Join(args) => overrule::join(&start, &args),
        Command::Reprocess(args) => reprocess::run(&start, &args),
        Command::Import(args) => import::run(&start, &args),
        Command::Export(args) => export::run(&start, &args),
        Command::Config(command) => config::run(&start, &command),
        Command::Migrate(args) => migrate::run(&start, &args),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("dibao: {:#}", failure.error);
            ExitCode::from(failure.code)
        }
    }
}

impl Start {
    /// Reads the configuration; `flags` are keys that flags set, as their variables.
    fn config(&self, flags: Vec<(&str, String)>) -> Result<Arc<Config>, ConfigError> {
        let named = self.config.clone().or_else(|| std::env::var_os("DIBAO_CONFIG").map(PathBuf::from));
        // Variables that are not Unicode can be none of ours.
        let variables = std::env::vars_os();
        let mut env: Vec<(String, String)> = variables
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        env.extend(flags.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let file = named.filter(|path| !path.as_os_str().is_empty());
        Config::load(&Origins { file, text: None, env }).map(Arc::new)
    }

    fn logs(&self, default: &str) {
        logs::init(self.log_format, default);
    }
}

/// Writes a line to stdout. Whoever closed it has enough: `dibao config show | head` is no failure.
fn say(line: std::fmt::Arguments) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        let enough = error.kind() == std::io::ErrorKind::BrokenPipe;
        std::process::exit(if enough { 0 } else { i32::from(CANNOT_RUN) });
    }
}

/// Prints what is not wrong but not right either, to whoever wants sources to be polled.
fn warn(config: &Config) {
    warn_of_settings(config);
    if let Some(warning) = config.polling_warning() {
        eprintln!("warning: {warning}");
    }
}

/// The same for commands that poll nothing.
fn warn_of_settings(config: &Config) {
    for warning in &config.warnings {
        eprintln!("warning: {warning}");
    }
}

/// Brings what is stored under other rules up to date, before anything is compared with it.
async fn renew(store: &Store, config: &Config) -> Result<(), StoreError> {
    if let Some(told) = ingest::renew(store, config).await?.told() {
        eprintln!("note: {told}");
    }
    Ok(())
}

/// The sources with these keys; all enabled ones without keys.
fn chosen(config: &Config, keys: &[String]) -> Result<Vec<Arc<SourceConfig>>, Failure> {
    if keys.is_empty() {
        return Ok(config.sources.iter().filter(|source| source.enabled).cloned().collect());
    }
    let find = |key: &String| {
        config.source(key).cloned().ok_or_else(|| {
            let known: Vec<&str> = config.sources.iter().map(|source| source.source.key.as_str()).collect();
            let error = anyhow::anyhow!("there is no source `{key}`; expected one of {}", known.join(", "));
            Failure::new(USAGE, error)
        })
    };
    keys.iter().map(find).collect()
}

/// The runtime of a command.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .build()
        .map_err(|error| Failure::new(CANNOT_RUN, error))
}

/// A token that SIGTERM and Ctrl-C cancel; a second signal ends the process at once.
fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let signalled = stop.clone();
    tokio::spawn(async move {
        signal().await;
        signalled.cancel();
        signal().await;
        std::process::exit(i32::from(CANNOT_RUN));
    });
    stop
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without signals there is nothing to wait for but Ctrl-C.
    let _ = tokio::signal::ctrl_c().await;
}
