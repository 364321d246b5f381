//! `dibao demo`.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use super::{CANNOT_RUN, Failure, Start, runtime, stop_on_signal};
use crate::{
    clock,
    config::{Config, Origins},
    daemon::Daemon,
    demo::{settings, world::World},
};

/// Flags of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Port of the feed; without it 8750 if free, else any
    #[arg(long)]
    port: Option<u16>,
}

pub(super) fn run(start: &Start, args: &Args) -> Result<u8, Failure> {
    start.logs("warn");
    let folder = tempfile::Builder::new()
        .prefix("dibao-demo-")
        .tempdir()
        .map_err(|error| Failure::new(CANNOT_RUN, error))?;
    runtime()?.block_on(async {
        let stop = stop_on_signal();
        let world = World::start(clock::now()).await.map_err(|error| Failure::new(CANNOT_RUN, error))?;
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port.unwrap_or_else(settings::free_port)));
        let text = settings::config_toml(&world, listen, folder.path());
        let origins = Origins { file: None, text: Some(("demo".into(), text)), env: Vec::new() };
        let config = Arc::new(Config::load(&origins)?);
        let daemon = Daemon::start(Arc::clone(&config), stop).await?;
        introduce(&daemon, &config);
        daemon.run().await;
        world.stop().await;
        Ok::<(), Failure>(())
    })?;
    say!("stopped; nothing is left behind");
    Ok(0)
}

fn introduce(daemon: &Daemon, config: &Config) {
    let base = daemon.base_url();
    say!("feed: {base}feed.atom");
    say!("page: {base}");
    if let Some(admin) = daemon.admin_address() {
        say!("sources: http://{admin}/status");
    }
    say!("");
    say!("{} replica sites on this machine are being read:", config.sources.len());
    for source in &config.sources {
        say!(
            "  {:<8} {:<7} {} {}",
            source.source.key,
            source.kind.as_str(),
            source.source.url,
            source.source.name
        );
    }
    say!("");
    say!("Open the page or subscribe to the feed; new items appear from second 20 on. Ctrl-C ends it.");
}
