//! `dibao serve`.

use std::net::SocketAddr;

use super::{Failure, Start, runtime, stop_on_signal, warn};
use crate::daemon::Daemon;

/// Flags of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port of the public feed (server.listen)
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Address and port of probes and status (admin.listen)
    #[arg(long, value_name = "ADDR:PORT")]
    admin_listen: Option<SocketAddr>,
    /// Where entries are kept (store.url)
    #[arg(long, value_name = "sqlite:PATH")]
    store: Option<String>,
}

pub(super) fn run(start: &Start, args: Args) -> Result<u8, Failure> {
    start.logs("info,sqlx=warn");
    let mut flags = Vec::new();
    flags.extend(args.listen.map(|at| ("DIBAO_SERVER_LISTEN", at.to_string())));
    flags.extend(args.admin_listen.map(|at| ("DIBAO_ADMIN_LISTEN", at.to_string())));
    flags.extend(args.store.map(|url| ("DIBAO_STORE_URL", url)));
    let config = start.config(flags)?;
    warn(&config);
    runtime()?.block_on(async {
        let stop = stop_on_signal();
        let daemon = Daemon::start(config, stop).await?;
        let admin = daemon.admin_address().map(|at| at.to_string()).unwrap_or_default();
        tracing::info!(feed = %format!("{}feed.atom", daemon.base_url()), admin, "serving");
        daemon.run().await;
        tracing::info!("stopped");
        Ok(0)
    })
}
