//! The configuration of the demo: its replica sites and nothing else, in haste, on loopback.

use std::{
    fmt::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
};

use super::world::World;

/// The port that the feed takes when it is free, as the daemon does.
const USUAL_PORT: u16 = 8750;

/// 8750 when it is free, else 0: any.
pub fn free_port() -> u16 {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, USUAL_PORT)).is_ok();
    if free { USUAL_PORT } else { 0 }
}

/// The demo's configuration, as TOML; the store stands in `folder`.
pub fn config_toml(world: &World, listen: SocketAddr, folder: &Path) -> String {
    let store = folder.join("demo.db").display().to_string();
    let allowed = world.sites().iter().map(|site| {
        let port = site.base.port_or_known_default().unwrap_or_default();
        format!("\"127.0.0.1/32:{port}\"")
    });
    let mut text = String::from("defaults = false\n");
    // Writing into a text cannot fail.
    let _ = write!(
        text,
        "[server]\nlisten = \"{listen}\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = {store}\n\
        [feed]\ntitle = \"邸报演示：邮政管理局动态\"\n\
        [fetch]\nper_host_interval = \"50ms\"\nproxy = \"none\"\nallow_private = [{allowed}]\n\
        [schedule]\nmin_interval = \"5s\"\n{sources}",
        store = toml::Value::String(format!("sqlite:{store}")),
        allowed = allowed.collect::<Vec<_>>().join(", "),
        sources = world.config_toml(),
    );
    text
}
