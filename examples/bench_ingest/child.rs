//! Child processes: this program with another task, and `dibao serve`, with what the system says of their memory.

use std::{
    ffi::OsStr,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Result, site::Site, store};

/// How often the program is started.
const STARTS: usize = 3;
/// How long it is idle before its memory is read.
const IDLE: Duration = Duration::from_secs(10);
/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// What serving costs.
pub struct Served {
    /// From the start of the process to the feed's first byte, the slowest of some.
    pub first_byte: Duration,
    pub idle_mib: f64,
    pub peak_mib: f64,
}

/// The program beside this one in the target folder, or the one named by `DIBAO`.
pub fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("DIBAO") {
        return Ok(named.into());
    }
    let own = std::env::current_exe()?;
    let beside = own.parent().and_then(Path::parent).ok_or("no target folder")?.join("dibao");
    if beside.exists() { Ok(beside) } else { Err(format!("build `{}` first", beside.display()).into()) }
}

/// Runs this program with other arguments; gives the JSON that it prints.
pub fn own(arguments: &[&OsStr]) -> Result<serde_json::Value> {
    let output = Command::new(std::env::current_exe()?).args(arguments).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{arguments:?} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Starts `dibao serve` some times over a store whose sources have something new the first time.
pub async fn serve(dibao: &Path, folder: &Path, site: &Site) -> Result<Served> {
    let (public, admin) = (free_port()?, free_port()?);
    let config = format!(
        "defaults = false\n[server]\nlisten = \"{public}\"\n[admin]\nlisten = \"{admin}\"\n[store]\nurl = \"sqlite:{}\"\n\
        [fetch]\nproxy = \"none\"\nper_host_interval = \"0s\"\nallow_private = [\"127.0.0.1\"]\n{}",
        store::path(folder).display(),
        site.sources
    );
    std::fs::write(folder.join("dibao.toml"), config)?;
    let mut served = Served { first_byte: Duration::ZERO, idle_mib: 0.0, peak_mib: 0.0 };
    for _ in 0..STARTS {
        let began = Instant::now();
        let mut child = start(dibao, folder)?;
        let first_byte = first_byte(public, began);
        tokio::time::sleep(IDLE).await;
        let id = child.id().to_string();
        served.idle_mib = memory(&id, "VmRSS:")?;
        served.peak_mib = memory(&id, "VmHWM:")?;
        stop(&mut child)?;
        served.first_byte = served.first_byte.max(first_byte?);
    }
    Ok(served)
}

fn start(dibao: &Path, folder: &Path) -> Result<Child> {
    let log = std::fs::File::create(folder.join("log"))?;
    let config = folder.join("dibao.toml");
    let mut command = Command::new(dibao);
    command.args(["serve", "--config"]).arg(config).stdout(Stdio::null()).stderr(log);
    Ok(command.spawn()?)
}

fn stop(child: &mut Child) -> Result<()> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    child.wait()?;
    Ok(())
}

/// Asks for the feed until a byte of it comes.
fn first_byte(at: SocketAddr, began: Instant) -> Result<Duration> {
    while began.elapsed() < PATIENCE {
        if let Ok(mut stream) = TcpStream::connect(at) {
            stream.write_all(b"GET /feed.atom HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer)?;
            return if answer.ends_with(b"200") {
                Ok(began.elapsed())
            } else {
                Err("no feed is served".into())
            };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err("nothing is served".into())
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A process's memory by one of the names in `/proc/ID/status`, in MiB.
pub fn memory(process: &str, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line of status")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
