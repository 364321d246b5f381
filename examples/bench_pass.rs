//! Times one pass of `dibao fetch` over sites that this program serves: CPU, wall time and peak memory of the child
//! process, for 200 feeds and for 200 list pages of 20 entries each, 199 of them shared between neighbours.
//!
//! `cargo build --release && cargo run --release --example bench_pass`
#![expect(clippy::print_stdout, clippy::format_collect, reason = "an example prints, and takes it easy")]

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use dibao::store::Store;
use std::{collections::HashMap, sync::Arc};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const N_SITES: usize = 200;
const N_ENTRIES: usize = 20;
/// Clock ticks a second in /proc (`getconf CLK_TCK`), 100 on every Linux in use.
const TICKS: f64 = 100.0;

fn main() -> Result<()> {
    let dibao = program()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (pages, base) = runtime.block_on(serve())?;
    println!("{:<22} {:>7} {:>7} {:>9} {:>8}  stories", "pass", "cpu_s", "wall_s", "peak_MiB", "entries");
    for kind in ["feeds", "pages"] {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("dibao.toml"), config(kind, &base))?;
        for step in ["first", "again"] {
            let run = run(&dibao, folder.path())?;
            println!(
                "{:<22} {:>7.2} {:>7.2} {:>9.1} {:>8}  {}",
                format!("{kind}, {step}"),
                run.cpu,
                run.wall.as_secs_f64(),
                run.peak_mib,
                run.new,
                runtime.block_on(n_stories(folder.path()))?
            );
        }
    }
    drop(pages);
    Ok(())
}

/// The program beside this one in the target folder, or the one named by `DIBAO`.
fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("DIBAO") {
        return Ok(named.into());
    }
    let own = std::env::current_exe()?;
    let beside = own.parent().and_then(Path::parent).ok_or("no target folder")?.join("dibao");
    if beside.exists() { Ok(beside) } else { Err(format!("build `{}` first", beside.display()).into()) }
}

struct Run {
    cpu: f64,
    wall: Duration,
    peak_mib: f64,
    new: u64,
}

fn run(dibao: &Path, folder: &Path) -> Result<Run> {
    let before = children_ticks()?;
    let started = Instant::now();
    let mut child = Command::new(dibao)
        .args(["fetch", "--json", "--config", "dibao.toml"])
        .current_dir(folder)
        .stdout(std::fs::File::create(folder.join("out"))?)
        .spawn()?;
    let mut peak = 0.0_f64;
    let status = loop {
        if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", child.id())) {
            let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = high.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
            peak = peak.max(kib.unwrap_or(0.0) / 1024.0);
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = started.elapsed();
    if !status.success() {
        return Err(format!("dibao fetch ended with {status}").into());
    }
    let out = std::fs::read_to_string(folder.join("out"))?;
    let new = out.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let new = new.filter_map(|line| line["new"].as_u64()).sum();
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let cpu = (children_ticks()? - before) as f64 / TICKS;
    Ok(Run { cpu, wall, peak_mib: peak, new })
}

/// Stories that readers can see.
async fn n_stories(folder: &Path) -> Result<i64> {
    let store = Store::open(&folder.join("bench.db"), dibao::clock::now()).await?;
    let n_stories = store.counts().await?.stories;
    store.close().await;
    Ok(n_stories)
}

/// User and system time of ended children, in clock ticks (proc(5), fields 16 and 17 of stat).
fn children_ticks() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').ok_or("stat")?.1.split_whitespace().collect();
    let field = |i: usize| fields.get(i).and_then(|text| text.parse::<u64>().ok()).ok_or("stat");
    Ok(field(13)? + field(14)?)
}

fn config(kind: &str, base: &str) -> String {
    let mut text = String::from(
        "defaults = false\n[store]\nurl = \"sqlite:bench.db\"\n[fetch]\nper_host_interval = \"0s\"\nproxy = \"none\"\n\
        allow_private = [\"127.0.0.1\"]\n",
    );
    for i in 0..N_SITES {
        let more = match kind {
            "feeds" => format!("kind = \"feed\"\nurl = \"{base}/feeds/{i}\"\n"),
            _ => format!(
                "kind = \"list\"\nurl = \"{base}/pages/{i}\"\nlist = {{ rows = \"ul.news > li\", date = \"span.date\" }}\n\
                article = {{ fetch = false }}\n"
            ),
        };
        let _ = write!(text, "[[source]]\nkey = \"s{i}\"\n{more}");
    }
    text
}

type Pages = Arc<HashMap<String, (String, String)>>;

async fn serve() -> Result<(Pages, String)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let mut pages = HashMap::new();
    for i in 0..N_SITES {
        let etag = |body: &str| format!("\"{}\"", blake3::hash(body.as_bytes()).to_hex());
        for (path, body) in [(format!("/feeds/{i}"), feed(i, &base)), (format!("/pages/{i}"), page(i))] {
            pages.insert(path, (etag(&body), body));
        }
    }
    let pages = Arc::new(pages);
    let router = Router::new().fallback(answer).with_state(Arc::clone(&pages));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((pages, base))
}

async fn answer(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let Some((etag, body)) = pages.get(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    if headers.get(header::IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag.clone())]).into_response();
    }
    let media =
        if uri.path().starts_with("/feeds") { "application/atom+xml" } else { "text/html; charset=utf-8" };
    ([(header::ETAG, etag.clone()), (header::CONTENT_TYPE, media.to_owned())], body.clone()).into_response()
}

/// The article behind entry `k` of site `i`: the first of a site is the second of the one before.
fn article(i: usize, k: usize) -> (usize, usize) {
    if k == 0 && i > 0 { article(i - 1, 1) } else { (i, k) }
}

/// Text made of words by a small generator (Marsaglia's xorshift), the same on every machine.
fn words(seed: usize, n: usize) -> String {
    const WORDS: [&str; 24] = [
        "快递",
        "邮政",
        "管理局",
        "通知",
        "公告",
        "市场",
        "监管",
        "服务",
        "质量",
        "提升",
        "企业",
        "座谈会",
        "安全",
        "生产",
        "检查",
        "绿色",
        "包装",
        "乡村",
        "振兴",
        "末端",
        "网点",
        "寄递",
        "渠道",
        "保障",
    ];
    let mut state = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut text = String::new();
    for _ in 0..n {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(WORDS[usize::try_from(state % 24).unwrap_or(0)]);
    }
    text
}

fn title(owner: (usize, usize)) -> String {
    format!("{}（{}-{}）", words(owner.0 * 1_000 + owner.1, 9), owner.0, owner.1)
}

fn day(k: usize) -> String {
    format!("2026-11-{:02}", 20 - k.min(19))
}

fn feed(i: usize, base: &str) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>tag:bench.example,2026:{i}</id>\
        <title>局 {i}</title><updated>2026-11-20T00:00:00Z</updated>"
    );
    for k in 0..N_ENTRIES {
        let owner = article(i, k);
        let tracking = if owner.0 == i { String::new() } else { format!("?utm_source={i}") };
        let body: String = (0..5)
            .map(|p| {
                format!(
                    "&lt;p&gt;{}。&lt;a href=\"/doc/{p}.pdf\"&gt;附件&lt;/a&gt;&lt;/p&gt;",
                    words(owner.0 * 7_919 + owner.1 * 31 + p, 55)
                )
            })
            .collect();
        let _ = write!(
            text,
            "<entry><id>tag:bench.example,2026:{i}/{}-{}</id><title>{}</title><link href=\"{base}/art/{}/{}.html{tracking}\"/>\
            <published>{}T08:00:00+08:00</published><updated>{}T08:00:00+08:00</updated><content type=\"html\">{body}</content></entry>",
            owner.0,
            owner.1,
            title(owner),
            owner.0,
            owner.1,
            day(k),
            day(k)
        );
    }
    text + "</feed>"
}

fn page(i: usize) -> String {
    let nav: String =
        (0..60).map(|n| format!("<li class=\"nav-{n}\"><a href=\"/c/{n}/\">栏目{n}</a></li>")).collect();
    let rows: String = (0..N_ENTRIES)
        .map(|k| {
            let owner = article(i, k);
            let title = title(owner);
            format!("<li><a href=\"/art/{}/{}.html\" title=\"{title}\">{title}</a><span class=\"date\">{}</span></li>", owner.0, owner.1, day(k))
        })
        .collect();
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>局 {i}</title></head><body><ul id=\"nav\">{nav}</ul>\
        <ul class=\"news\">{rows}</ul><div id=\"foot\">{}</div></body></html>",
        "<span>版权所有</span>".repeat(40)
    )
}
