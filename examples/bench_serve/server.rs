//! The programs that serve, each held to one core.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::{PORTS, Result, client};

/// The core that serves, and the one that asks.
pub(super) const SERVING: &str = "0";
pub(super) const ASKING: &str = "1";
/// Clock ticks a second in /proc (`getconf CLK_TCK`), 100 on every Linux in use.
const TICKS: f64 = 100.0;
/// CPU of a second in which a server does nothing, in seconds; and how many such seconds are rest.
const AT_REST: f64 = 0.03;
const QUIET_SECONDS: usize = 3;
/// How long a server may take until it answers, in tenths of a second.
const PATIENCE: usize = 600;

/// How a program stands to the others of its core.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before them, where that is allowed.
    First,
    /// As one of them.
    Equal,
}

/// A server that ends with this value.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    pub(super) place: Place,
}

impl Server {
    pub(super) fn dibao(folder: &Path, dibao: &Path, place: Place) -> Result<Self> {
        let mut command = pinned(SERVING, place);
        command.arg(dibao).args(["serve", "--config", "dibao.toml"]);
        let server = Self::start(command.current_dir(folder), PORTS[0], place)?;
        server.settle()?;
        Ok(server)
    }

    /// Waits until it has nothing left to do: after an import its search follows for a while.
    fn settle(&self) -> Result<()> {
        let (mut before, mut n_quiet) = (self.cpu()?, 0);
        while n_quiet < QUIET_SECONDS {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.cpu()?;
            n_quiet = if now - before < AT_REST { n_quiet + 1 } else { 0 };
            before = now;
        }
        Ok(())
    }

    /// One process, without a log, with what is compressed beforehand.
    pub(super) fn nginx(folder: &Path) -> Result<Self> {
        let text = format!(
            "daemon off; master_process off; pid {0}/nginx.pid; error_log {0}/nginx.log;\n\
            events {{ worker_connections 1024; }}\n\
            http {{ access_log off; types {{ application/atom+xml atom; }} sendfile on; tcp_nopush on;\n\
            keepalive_requests 1000000000; gzip_static on; etag on;\n\
            server {{ listen 127.0.0.1:{1}; root {0}/web; }} }}\n",
            folder.display(),
            PORTS[2]
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, text)?;
        let mut command = pinned(SERVING, Place::First);
        Self::start(command.arg("nginx").arg("-c").arg(path), PORTS[2], Place::First)
    }

    /// hyper, with the same bytes and headers, and nothing to decide.
    pub(super) fn bare(folder: &Path) -> Result<Self> {
        let mut command = pinned(SERVING, Place::First);
        command.arg(std::env::current_exe()?).arg("bare").arg(PORTS[3].to_string()).arg(folder.join("web"));
        Self::start(&mut command, PORTS[3], Place::First)
    }

    fn start(command: &mut Command, port: u16, place: Place) -> Result<Self> {
        let server =
            Self { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?, port, place };
        for _ in 0..PATIENCE {
            std::thread::sleep(Duration::from_millis(100));
            if client::get(port, "/feed.atom", &[])
                .is_ok_and(|answer| answer.head.starts_with("HTTP/1.1 200"))
            {
                return Ok(server);
            }
        }
        Err(format!("nothing answers at port {port}").into())
    }

    /// CPU that it took so far, in seconds (proc(5), fields 14 and 15 of stat).
    pub(super) fn cpu(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit_once(')').ok_or("stat")?.1.split_whitespace().collect();
        let field = |i: usize| fields.get(i).and_then(|text| text.parse::<f64>().ok()).ok_or("stat");
        Ok((field(11)? + field(12)?) / TICKS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// What runs a program on one core; its arguments follow.
pub(super) fn pinned(core: &str, place: Place) -> Command {
    let words = ["chrt", "--fifo", "5", "taskset", "--cpu-list", core];
    let words = if place == Place::First && may_go_first() { &words[..] } else { &words[3..] };
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// Has this program ask as `wrk` would.
pub(super) fn take_the_asking_core() -> Result<()> {
    let own = std::process::id().to_string();
    if may_go_first() {
        Command::new("chrt").args(["--fifo", "--pid", "5", &own]).status()?;
    }
    Command::new("taskset").args(["--pid", "--cpu-list", ASKING, &own]).stdout(Stdio::null()).status()?;
    Ok(())
}

fn may_go_first() -> bool {
    let tried = Command::new("chrt").args(["--fifo", "5", "true"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}
