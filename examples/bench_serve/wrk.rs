//! `wrk`, and what it says.

use std::process::{Child, Command, Stdio};

use super::{
    Result,
    server::{ASKING, Server, pinned},
};

/// Connections that ask all the time.
const CONNECTIONS: &str = "16";
/// Longer than any import, in seconds.
const FOR_EVER: u64 = 3_600;

/// What came of asking for a while.
#[derive(Clone, Copy, Default)]
pub(super) struct Load {
    pub(super) per_second: f64,
    pub(super) cpu_us: f64,
    pub(super) p99_ms: f64,
    pub(super) longest_ms: f64,
}

/// Asks for the feed for some seconds.
pub(super) fn load(server: &Server, headers: &[String], seconds: u64) -> Result<Load> {
    let before = server.cpu()?;
    let output = command(server, headers, seconds).output()?;
    read(&String::from_utf8(output.stdout)?, server.cpu()? - before)
}

/// Asks for the feed until another program has ended.
pub(super) fn load_while(server: &Server, headers: &[String], mut other: Child) -> Result<Load> {
    let before = server.cpu()?;
    let asking = command(server, headers, FOR_EVER).stdout(Stdio::piped()).spawn()?;
    let ended = other.wait()?;
    Command::new("kill").args(["-INT", &asking.id().to_string()]).status()?;
    let output = asking.wait_with_output()?;
    if !ended.success() {
        return Err(format!("the import ended with {ended}").into());
    }
    read(&String::from_utf8(output.stdout)?, server.cpu()? - before)
}

/// The one in the middle, by CPU.
pub(super) fn middle(loads: &[Load]) -> Load {
    let mut loads = loads.to_vec();
    loads.sort_by(|a, b| a.cpu_us.total_cmp(&b.cpu_us));
    loads.get(loads.len() / 2).copied().unwrap_or_default()
}

fn command(server: &Server, headers: &[String], seconds: u64) -> Command {
    let mut command = pinned(ASKING, server.place);
    command.args(["wrk", "--threads", "1", "--connections", CONNECTIONS, "--latency"]);
    command.arg("--duration").arg(format!("{seconds}s"));
    for header in headers {
        command.arg("--header").arg(header);
    }
    command.arg(format!("http://127.0.0.1:{}/feed.atom", server.port));
    command
}

fn read(text: &str, cpu_seconds: f64) -> Result<Load> {
    if let Some(line) = text.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors")) {
        return Err(line.trim().into());
    }
    let words = |start: &str| {
        let line = text.lines().map(str::trim).find(|line| line.starts_with(start));
        line.map(|line| line.split_whitespace().collect::<Vec<_>>()).ok_or(format!("no `{start}` in {text}"))
    };
    let word = |start: &str, at: usize| words(start)?.get(at).copied().ok_or(format!("short `{start}`"));
    let asked = text.lines().find(|line| line.contains(" requests in ")).ok_or("no count of requests")?;
    let n_asked: f64 = asked.split_whitespace().next().ok_or("no count of requests")?.parse()?;
    Ok(Load {
        per_second: word("Requests/sec:", 1)?.parse()?,
        cpu_us: cpu_seconds * 1e6 / n_asked,
        p99_ms: milliseconds(word("99%", 1)?)?,
        longest_ms: milliseconds(word("Latency", 3)?)?,
    })
}

fn milliseconds(text: &str) -> Result<f64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or("a time without its unit")?;
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 6e4,
        other => return Err(format!("unknown unit {other}").into()),
    };
    Ok(number.parse::<f64>()? * factor)
}
