//! The program as its operator runs it: started, killed, started again, stopped.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use feed_rs::model::Feed;

use crate::support::{
    house::settings,
    upstream::{Answer, Upstream},
};

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    child: Child,
    port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn dibao() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dibao"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// Starts `dibao serve` in a folder, and waits until it accepts.
fn serve(folder: &Path, port: u16) -> Running {
    let child = dibao()
        .args(["serve", "--config", "dibao.toml", "--listen", &format!("127.0.0.1:{port}")])
        .args(["--admin-listen", "127.0.0.1:0"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running { child, port };
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < PATIENCE, "it does not accept connections");
        std::thread::sleep(Duration::from_millis(20));
    }
    running
}

/// A plain GET; status line and headers, body.
fn get(port: u16, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    (head, body)
}

fn feed(port: u16) -> (Feed, Vec<u8>) {
    let (head, body) = get(port, "/feed.atom");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    (feed_rs::parser::parse(&*body).unwrap(), body)
}

fn ids(feed: &Feed) -> Vec<String> {
    let mut ids: Vec<String> = feed.entries.iter().map(|entry| entry.id.clone()).collect();
    ids.sort();
    ids
}

/// Waits until the feed holds `n` entries.
fn feed_of(port: u16, n: usize) -> (Feed, Vec<u8>) {
    let started = Instant::now();
    loop {
        let (feed, body) = feed(port);
        if feed.entries.len() == n {
            return (feed, body);
        }
        assert!(started.elapsed() < PATIENCE, "{} entries instead of {n}", feed.entries.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn rss(n: usize) -> Answer {
    let item = |i: usize| {
        format!(
            "<item><title>第{i}条动态</title><link>https://a.example/{i}</link><guid isPermaLink=\"false\">{i}</guid>\
            <pubDate>2026-11-{:02}T08:00:00+08:00</pubDate><description>第{i}条的内容。</description></item>",
            i % 20 + 1
        )
    };
    let items: String = (1..=n).rev().map(item).collect();
    Answer::page(
        "application/rss+xml",
        format!(
            "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link>{items}</channel></rss>"
        ),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_nothing_is_lost_and_nothing_is_told_twice() {
    let upstream = Upstream::start().await;
    upstream.set("/rss", rss(45));
    let source = format!(
        "[schedule]\nmin_interval = \"1s\"\n[[source]]\nkey = \"a\"\nkind = \"feed\"\nurl = \"{}\"\ninterval = \"1s\"\n",
        upstream.url("/rss")
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dibao.toml"), settings(&source)).unwrap();
    let port = free_port();
    let path = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        // Killed at once, in the midst of its first poll or just after: whatever it had stored is whole.
        drop(serve(&path, port));
        let mut first = serve(&path, port);
        let (before, bytes) = feed_of(port, 45);
        first.child.kill().unwrap();
        first.child.wait().unwrap();

        let second = serve(&path, port);
        let (after, same_bytes) = feed(second.port);
        assert_eq!(ids(&after), ids(&before), "the first answer after the restart is whole");
        assert_eq!(same_bytes, bytes, "and byte for byte what it was");
        upstream.set("/rss", rss(47));
        let (more, _) = feed_of(port, 47);
        let (old, new) = (ids(&before), ids(&more));
        assert!(old.iter().all(|id| new.contains(id)), "ids stay");
        let mut unique = new.clone();
        unique.dedup();
        assert_eq!(unique.len(), 47);
    })
    .await
    .unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_within_seconds_though_a_source_hangs() {
    let upstream = Upstream::start().await;
    upstream.set("/rss", Answer::Hang);
    let source = format!("[[source]]\nkey = \"a\"\nkind = \"feed\"\nurl = \"{}\"\n", upstream.url("/rss"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dibao.toml"), settings(&source)).unwrap();
    let path = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut running = serve(&path, free_port());
        let (empty, _) = feed(running.port);
        assert!(empty.entries.is_empty(), "before the first poll the feed is empty and valid");
        let fetching = dibao().args(["fetch", "--config", "dibao.toml"]).current_dir(&path).output().unwrap();
        assert_eq!(fetching.status.code(), Some(2), "the daemon holds the lease: {fetching:?}");
        let asked = Instant::now();
        Command::new("kill").arg(running.child.id().to_string()).status().unwrap();
        let status = running.child.wait().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        assert_eq!(status.code(), Some(0));
    })
    .await
    .unwrap();
}

#[test]
fn a_port_in_use_and_a_wrong_configuration_have_their_own_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    std::fs::write(folder.path().join("good.toml"), "defaults = false\n").unwrap();
    std::fs::write(folder.path().join("bad.toml"), "[server]\nlissten = \"127.0.0.1:1\"\n").unwrap();
    let run = |arguments: &[&str]| dibao().args(arguments).current_dir(folder.path()).output().unwrap();
    let busy =
        run(&["serve", "--config", "good.toml", "--listen", &address, "--admin-listen", "127.0.0.1:0"]);
    assert_eq!(busy.status.code(), Some(3), "{busy:?}");
    assert!(String::from_utf8_lossy(&busy.stderr).contains(&address), "{busy:?}");
    let wrong = run(&["serve", "--config", "bad.toml"]);
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(wrong.status.code(), Some(2), "{told}");
    for part in ["bad.toml", "line 2", "lissten", "listen"] {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
}

#[test]
fn preview_prints_json_lines_and_says_when_a_document_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "江西局召开会议\n会议部署了工作。\n").unwrap();
    let run =
        |argument: &str| dibao().args(["preview", argument]).current_dir(folder.path()).output().unwrap();
    let read = run("a.txt");
    assert_eq!(read.status.code(), Some(0));
    let line: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(
        (line["title"].as_str(), line["content_text"].as_str()),
        (Some("江西局召开会议"), Some("会议部署了工作。"))
    );
    assert_eq!(run("missing.txt").status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruling_from_the_command_line_reaches_readers_of_a_running_daemon() {
    let upstream = Upstream::start().await;
    upstream.set("/rss", rss(3));
    let source = format!("[[source]]\nkey = \"a\"\nkind = \"feed\"\nurl = \"{}\"\n", upstream.url("/rss"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dibao.toml"), settings(&source)).unwrap();
    let path = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let running = serve(&path, free_port());
        let before = ids(&feed_of(running.port, 3).0);
        let run = |arguments: &[&str]| {
            dibao().args(arguments).args(["--config", "dibao.toml"]).current_dir(&path).output().unwrap()
        };
        let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
        let joined = run(&["join", "https://a.example/1", "http://www.a.example/2", "--why", "one event"]);
        assert!(joined.status.success() && told(&joined).starts_with("one story now"), "{joined:?}");
        let left = ids(&feed_of(running.port, 2).0);
        assert!(left.iter().all(|id| before.contains(id)));
        let explained = run(&["explain", "https://a.example/2"]);
        assert!(
            told(&explained).contains("one event") && told(&explained).contains("by ruling 1"),
            "{explained:?}"
        );
        let line: serde_json::Value =
            serde_json::from_slice(&run(&["explain", "https://a.example/2", "--json"]).stdout).unwrap();
        assert_eq!(line["entries"].as_array().unwrap().len(), 2, "{line}");
        assert!(before.contains(&line["aliases"][0]["id"].as_str().unwrap().to_owned()), "{line}");
        assert!(run(&["split", "https://a.example/2"]).status.success());
        assert_eq!(ids(&feed_of(running.port, 3).0), before, "each has its own id again");
        let nothing = run(&["explain", "https://nowhere.example/"]);
        assert_eq!(nothing.status.code(), Some(1));
        assert!(
            String::from_utf8_lossy(&nothing.stderr).contains("expected the id of a story"),
            "{nothing:?}"
        );
    })
    .await
    .unwrap();
}
