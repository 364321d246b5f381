//! Measures what is served beside nginx serving the same bytes, and beside hyper alone, which is the ceiling of both:
//! requests a second and CPU per request for 304, gzip and identity; then p99 and the longest stall while entries are
//! imported; then what slices and searches take that nobody asked for before.
//!
//! One core serves, one asks, by the same `wrk` settings; the servers take turns. Linux with `nginx`, `wrk` and `taskset`;
//! where `chrt` is allowed, both sides go before whatever else the machine does.
//!
//! `cargo build --release && cargo run --release --example bench_serve [-- STORIES [SECONDS]]`
#![expect(clippy::print_stdout, reason = "an example prints")]

mod bare;
mod client;
mod server;
mod stock;
mod wrk;

use std::path::{Path, PathBuf};

use server::{Place, Server};
use wrk::Load;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Stories in the store, unless another number is given.
const N_STORIES: usize = 2_000;
/// How long each measurement takes, unless another number is given.
const SECONDS: u64 = 1;
/// Times that the servers take turns; the middle of their figures counts.
const ROUNDS: usize = 7;
/// Entries that are imported beside the serving.
const N_IMPORTED: usize = 10_000;
/// Slices, and searches, asked for that nobody asked for before.
const N_ASKED: usize = 200;
/// What every reader says of codings.
const GZIP: &str = "Accept-Encoding: gzip";
/// Ports of the program, its probes, nginx and hyper alone.
const PORTS: [u16; 4] = [9_850, 9_851, 9_852, 9_853];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, port, folder] = arguments.as_slice()
        && mode == "bare"
    {
        return bare::serve(port.parse()?, Path::new(folder));
    }
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<u64>()).transpose();
    let n_stories = number(0)?.map_or(Ok(N_STORIES), usize::try_from)?;
    let seconds = number(1)?.unwrap_or(SECONDS);
    let folder = tempfile::tempdir()?;
    let dibao = program()?;
    stock::fill(folder.path(), &dibao, n_stories)?;
    beside_nginx(folder.path(), &dibao, seconds)?;
    beside_an_import(folder.path(), &dibao)?;
    // Last, since this program takes its place on a core for it.
    slices_and_searches(folder.path(), &dibao)
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

fn beside_nginx(folder: &Path, dibao: &Path, seconds: u64) -> Result<()> {
    let ours = Server::dibao(folder, dibao, Place::First)?;
    save(folder)?;
    let servers = [ours, Server::nginx(folder)?, Server::bare(folder)?];
    println!(
        "{:<13} {:>9} {:>9} {:>9} {:>6} {:>8} {:>8} {:>8} {:>6}",
        "request", "dibao/s", "nginx/s", "hyper/s", "ratio", "dibao µs", "nginx µs", "hyper µs", "ratio"
    );
    for request in [Request::Known, Request::Gzip, Request::Identity] {
        let mut loads: [Vec<Load>; 3] = Default::default();
        for _ in 0..ROUNDS {
            for (server, loads) in servers.iter().zip(&mut loads) {
                loads.push(wrk::load(server, &request.headers(server)?, seconds)?);
            }
        }
        print_row(request.name(), loads.map(|loads| wrk::middle(&loads)));
    }
    Ok(())
}

/// What is asked for, always `/feed.atom`.
#[derive(Clone, Copy)]
enum Request {
    /// What the client has already.
    Known,
    Gzip,
    Identity,
}

impl Request {
    fn name(self) -> &'static str {
        match self {
            Self::Known => "304",
            Self::Gzip => "200 gzip",
            Self::Identity => "200 identity",
        }
    }

    fn headers(self, server: &Server) -> Result<Vec<String>> {
        Ok(match self {
            Self::Identity => Vec::new(),
            Self::Gzip => vec![GZIP.into()],
            Self::Known => {
                let etag = client::get(server.port, "/feed.atom", &[GZIP])?.header("etag");
                vec![GZIP.into(), format!("If-None-Match: {etag}")]
            }
        })
    }
}

fn print_row(name: &str, [ours, nginx, bare]: [Load; 3]) {
    println!(
        "{name:<13} {:>9.0} {:>9.0} {:>9.0} {:>6.2} {:>8.2} {:>8.2} {:>8.2} {:>6.2}",
        ours.per_second,
        nginx.per_second,
        bare.per_second,
        ours.per_second / nginx.per_second,
        ours.cpu_us,
        nginx.cpu_us,
        bare.cpu_us,
        nginx.cpu_us / ours.cpu_us,
    );
}

/// Writes what the program answers as files, for the others to serve.
fn save(folder: &Path) -> Result<()> {
    let web = folder.join("web");
    std::fs::create_dir_all(&web)?;
    let plain = client::get(PORTS[0], "/feed.atom", &[])?;
    let gzip = client::get(PORTS[0], "/feed.atom", &[GZIP])?;
    println!("/feed.atom: {} bytes, {} as gzip", plain.body.len(), gzip.body.len());
    std::fs::write(web.join("headers"), &gzip.head)?;
    std::fs::write(web.join("feed.atom"), plain.body)?;
    std::fs::write(web.join("feed.atom.gz"), gzip.body)?;
    Ok(())
}

/// The import runs on the serving core, at the same priority.
fn beside_an_import(folder: &Path, dibao: &Path) -> Result<()> {
    let ours = Server::dibao(folder, dibao, Place::Equal)?;
    let headers = [GZIP.to_owned()];
    println!("\n{:<24} {:>9} {:>9} {:>10}", "200 gzip, ms", "requests/s", "p99", "longest");
    let print = |name: &str, load: &Load| {
        println!("{name:<24} {:>9.0} {:>9.2} {:>10.2}", load.per_second, load.p99_ms, load.longest_ms);
    };
    print("nothing beside it", &wrk::load(&ours, &headers, 5)?);
    let started = std::time::Instant::now();
    let import = stock::import_more(folder, dibao, N_IMPORTED)?;
    let load = wrk::load_while(&ours, &headers, import)?;
    print(&format!("import of {N_IMPORTED}, {:.0} s", started.elapsed().as_secs_f64()), &load);
    Ok(())
}

/// Each slice twice: when it has to be rendered and compressed, and from memory right after that. Then searches.
fn slices_and_searches(folder: &Path, dibao: &Path) -> Result<()> {
    let ours = Server::dibao(folder, dibao, Place::First)?;
    server::take_the_asking_core()?;
    let (mut first, mut again, mut searched) = (Vec::new(), Vec::new(), Vec::new());
    for path in stock::slices(N_ASKED) {
        first.push(time(&ours, &path)?);
        again.push(time(&ours, &path)?);
    }
    for path in stock::searches(N_ASKED) {
        searched.push(time(&ours, &path)?);
    }
    println!("\n{:<24} {:>9} {:>9} {:>10}", "one after another, ms", "median", "p99", "longest");
    for (name, mut times) in [("slice", first), ("slice, again", again), ("search, best first", searched)] {
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get((times.len() - 1) * part / 100).copied().unwrap_or_default();
        println!("{name:<24} {:>9.2} {:>9.2} {:>10.2}", at(50), at(99), at(100));
    }
    Ok(())
}

/// How long an answer takes, in milliseconds.
fn time(server: &Server, path: &str) -> Result<f64> {
    let started = std::time::Instant::now();
    let answer = client::get(server.port, path, &[GZIP])?;
    let took = started.elapsed();
    let is_good = answer.head.starts_with("HTTP/1.1 200");
    if is_good { Ok(took.as_secs_f64() * 1e3) } else { Err(format!("{path}: {}", answer.head).into()) }
}
