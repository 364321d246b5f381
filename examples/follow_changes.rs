//! A program that reads `/api/v1/entries` while 10,000 changes happen, killed and restarted at random, the daemon too: it must
//! see each change exactly once. Three processes: this one writes into the store, `dibao serve` serves it, and this program
//! again, as `follow_changes read ADDRESS FILE`, reads.
//!
//! `cargo build --release && cargo run --release --example follow_changes [CHANGES]`
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{
    collections::{HashMap, HashSet},
    fs::{self, OpenOptions},
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use dibao::{
    clock,
    config::{Config, Origins},
    model::{Entry, Precision, Published, Role, SourceKey},
    poll::ingest::{self, Item, Step},
    store::Store,
};
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Changes, unless another number is given.
const N_CHANGES: usize = 10_000;
/// Entries of one transaction, at most.
const BATCH: usize = 20;
/// Of ten changes, so many are of stories that are there already.
const REVISIONS_OF_TEN: usize = 2;
/// Longest life of a reader.
const READER_MS: u64 = 400;
/// Longest life of a daemon.
const DAEMON_MS: u64 = 4_000;
/// Time for all of it.
const WITHIN: Duration = Duration::from_mins(8);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, address, file] = arguments.as_slice()
        && command == "read"
    {
        return read(address, Path::new(file));
    }
    let n_changes = arguments.get(1).map_or(Ok(N_CHANGES), |n| n.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(watch(n_changes))
}

/// Reads for ever: applies each page and keeps its cursor in one write, so that a kill leaves both or none.
fn read(address: &str, file: &Path) -> Result<()> {
    loop {
        let kept = fs::read_to_string(file).unwrap_or_default();
        // A line that was cut off by a kill was not kept.
        let whole = kept.rfind('\n').map_or("", |end| kept.get(..=end).unwrap_or_default());
        let cursor =
            whole.lines().last().and_then(|line| line.split_once('\t')).map(|(cursor, _)| cursor.to_owned());
        let mut log = OpenOptions::new().create(true).append(true).open(file)?;
        if whole.len() < kept.len() {
            log.set_len(u64::try_from(whole.len())?)?;
        }
        follow(address, cursor, &mut log);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Follows until something fails.
fn follow(address: &str, mut cursor: Option<String>, log: &mut fs::File) {
    loop {
        let after = cursor.as_ref().map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        let limit = fastrand::usize(1..=200);
        let path = format!("/api/v1/entries?limit={limit}&wait=1{after}");
        let Some(page) = get(address, &path) else { return };
        let (Some(items), Some(next)) = (page["items"].as_array(), page["next"].as_str()) else { return };
        let told: Vec<String> = items
            .iter()
            .map(|item| {
                format!(
                    "{}={}",
                    item["id"].as_str().unwrap_or_default(),
                    item["title"].as_str().unwrap_or_default()
                )
            })
            .collect();
        let line = format!("{next}\t{}\n", told.join(" "));
        if log.write_all(line.as_bytes()).is_err() {
            return;
        }
        cursor = Some(next.to_owned());
    }
}

fn get(address: &str, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    // A body that was cut off is no JSON.
    head.starts_with("HTTP/1.1 200").then(|| serde_json::from_str(body).ok()).flatten()
}

async fn watch(n_changes: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let text = format!(
        "defaults = false\n[server]\nlisten = \"{address}\"\n[admin]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:test.db\"\n\
        [[source]]\nkey = \"s\"\nkind = \"feed\"\nurl = \"http://127.0.0.1:9/feed\"\nenabled = false\n"
    );
    let file = folder.path().join("dibao.toml");
    fs::write(&file, text)?;
    let config = Config::load(&Origins { file: Some(file.clone()), text: None, env: Vec::new() })?;
    let store = Store::open(&config.store_path, clock::now()).await?;
    let (serve, read) = (daemon(&file)?, folder.path().join("kept"));
    let program = std::env::current_exe()?;
    let mut lives = Lives::new(vec![
        (Box::new(serve), DAEMON_MS),
        (
            Box::new(move || {
                let mut command = Command::new(&program);
                command.args(["read", &address, &read.display().to_string()]);
                command
            }),
            READER_MS,
        ),
    ])?;
    let started = Instant::now();
    let expected = write_changes(&store, &config, n_changes, &mut lives).await?;
    let kept = folder.path().join("kept");
    let seen = loop {
        lives.turn()?;
        let seen = seen(&kept);
        if last(&seen) == last(&expected) || started.elapsed() > WITHIN {
            break seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let took = started.elapsed().as_secs_f64();
    println!(
        "{n_changes} changes in {took:.1} s; reader killed {} times, daemon {} times",
        lives.kills(1),
        lives.kills(0)
    );
    drop(lives);
    store.close().await;
    judge(&expected, &seen)
}

/// Writes stories and changes of some; gives each state that a story had.
async fn write_changes(
    store: &Store,
    config: &Config,
    n_changes: usize,
    lives: &mut Lives,
) -> Result<Vec<(String, String)>> {
    let source = config.source("s").ok_or("no source")?;
    let mut states: Vec<(String, String)> = Vec::new();
    let mut n_stories = 0;
    let mut n_written = 0;
    while n_written < n_changes {
        let mut steps = Vec::new();
        let mut in_batch = HashSet::new();
        for _ in 0..fastrand::usize(1..=BATCH).min(n_changes - n_written) {
            let is_revision = n_stories > 0 && fastrand::usize(..10) < REVISIONS_OF_TEN;
            let id = if is_revision { fastrand::usize(..n_stories) } else { n_stories };
            if !in_batch.insert(id) {
                continue;
            }
            n_stories += usize::from(!is_revision);
            let title = format!("{:016x}", fastrand::u64(..));
            steps.push(Step::Entry(Box::new(item(id, &title))));
            states.push((id.to_string(), title));
            n_written += 1;
        }
        ingest::write(store, config, source, steps, clock::now()).await?;
        lives.turn()?;
    }
    Ok(states)
}

fn item(id: usize, title: &str) -> Item {
    let entry = Entry {
        source: SourceKey::parse("s").unwrap_or_else(|_| unreachable!("a valid key")),
        source_entry_id: id.to_string(),
        url: format!("https://a.example.cn/{id}"),
        canonical_url: None,
        title: title.to_owned(),
        published: Some(Published { at: clock::now(), precision: Precision::Second }),
        updated_at: None,
        bureau: None,
        region: None,
        role: Role::Primary,
        topics: Vec::new(),
        content_html: String::new(),
        content_text: String::new(),
        summary: None,
        enclosures: Vec::new(),
        language: "zh-CN".into(),
        upstream_id: None,
    };
    Item { entry, row_hash: None, row: None, is_backlog: false, ends_pending: false }
}

/// The states that the reader kept, in its order.
fn seen(kept: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(kept).unwrap_or_default();
    let items = text.lines().filter_map(|line| line.split_once('\t')).flat_map(|(_, items)| items.split(' '));
    items
        .filter_map(|item| item.split_once('='))
        .map(|(id, title)| (id.to_owned(), title.to_owned()))
        .collect()
}

/// Each state at most once, each story's last state always, and none that never was. A state that a later one replaced before
/// it was read is no longer to be had.
fn judge(expected: &[(String, String)], seen: &[(String, String)]) -> Result<()> {
    let distinct: HashSet<_> = seen.iter().collect();
    let known: HashSet<_> = expected.iter().collect();
    let n_repeated = seen.len() - distinct.len();
    let n_invented = distinct.iter().filter(|state| !known.contains(*state)).count();
    let replaced = expected.len() - distinct.len();
    let (wanted, got) = (last(expected), last(seen));
    let n_missed = wanted.iter().filter(|(id, title)| got.get(*id) != Some(*title)).count();
    println!(
        "{} states seen, {n_repeated} twice, {n_invented} invented, {n_missed} of {} stories not in their last state; \
        {replaced} states were replaced before they were read",
        seen.len(),
        wanted.len()
    );
    if n_repeated + n_invented + n_missed == 0 {
        Ok(())
    } else {
        Err("the reader did not see each change once".into())
    }
}

/// The last state of each story.
fn last(states: &[(String, String)]) -> HashMap<&str, &str> {
    states.iter().map(|(id, title)| (id.as_str(), title.as_str())).collect()
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The program beside this one in the target folder, or the one named by `DIBAO`.
fn daemon(config: &Path) -> Result<impl Fn() -> Command + use<>> {
    let beside =
        std::env::current_exe()?.parent().and_then(Path::parent).ok_or("no target folder")?.join("dibao");
    let program = std::env::var_os("DIBAO").map_or(beside, PathBuf::from);
    let config = config.to_owned();
    Ok(move || {
        let mut command = Command::new(&program);
        command.args(["serve", "--config"]).arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        command
    })
}

/// A process that is killed at random and started again.
struct Life {
    start: Box<dyn Fn() -> Command>,
    longest_ms: u64,
    child: Child,
    until: Instant,
    n_kills: usize,
}

struct Lives(Vec<Life>);

impl Lives {
    fn new(starts: Vec<(Box<dyn Fn() -> Command>, u64)>) -> Result<Self> {
        let life = |(start, longest_ms): (Box<dyn Fn() -> Command>, u64)| -> Result<Life> {
            let child = start().spawn()?;
            Ok(Life { start, longest_ms, child, until: soon(longest_ms), n_kills: 0 })
        };
        Ok(Self(starts.into_iter().map(life).collect::<Result<_>>()?))
    }

    /// Kills those whose time has come (SIGKILL), and starts them again.
    fn turn(&mut self) -> Result<()> {
        for life in self.0.iter_mut().filter(|life| life.until <= Instant::now()) {
            life.child.kill()?;
            life.child.wait()?;
            life.n_kills += 1;
            life.child = (life.start)().spawn()?;
            life.until = soon(life.longest_ms);
        }
        Ok(())
    }

    fn kills(&self, n: usize) -> usize {
        self.0.get(n).map_or(0, |life| life.n_kills)
    }
}

impl Drop for Lives {
    fn drop(&mut self) {
        for life in &mut self.0 {
            let _ = life.child.kill();
            let _ = life.child.wait();
        }
    }
}

fn soon(longest_ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(fastrand::u64(longest_ms / 10..longest_ms))
}
