//! Sources that misbehave: each is named in a plain sentence, and holds up nobody.

use std::{io::Write, sync::Arc, time::Duration};

use dibao::{
    clock,
    poll::{Looker, Outcome},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::support::{
    house::{House, settings},
    upstream::{Answer, Upstream},
};

/// A server whose certificate nobody has vouched for; its address, and the certificate as PEM.
async fn distrusted() -> (String, String) {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read(&mut [0; 4_096]).await;
                    let _ = stream
                        .write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                        .await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    (format!("https://{address}/feed.xml"), key.cert.pem())
}

fn feed(title: &str) -> Answer {
    let now = clock::now();
    Answer::page(
        "application/rss+xml",
        format!(
            "<rss version=\"2.0\"><channel><title>t</title><link>https://a.example/</link><item><title>{title}</title>\
            <link>https://a.example/{title}</link><guid>https://a.example/{title}</guid><pubDate>{now}</pubDate>\
            <description>text</description></item></channel></rss>"
        ),
    )
}

fn source(key: &str, kind: &str, url: &str) -> String {
    let profile = if kind == "feed" { "" } else { "profile = \"kaipuyun\"\n" };
    format!("[[source]]\nkey = \"{key}\"\nname = \"{key}\"\nkind = \"{kind}\"\nurl = \"{url}\"\n{profile}")
}

/// The upstreams of a bad day: each on its own server, as sites are.
struct BadDay {
    upstreams: Vec<Upstream>,
    text: String,
}

const FAULTS: [(&str, &str, &str); 11] = [
    ("bomb", "too-large", "more than 2097152 bytes"),
    ("hangs", "timeout", "took too long"),
    ("endless", "too-large", "more than 2097152 bytes"),
    ("distrusted", "certificate", "certificate of"),
    ("empty", "no-rows", "gave no rows"),
    ("breaks", "broken-off", "broke off"),
    ("refuses", "refused", "status 403"),
    ("challenges", "challenge", "run a script"),
    ("homeward", "redirected-home", "leads to the home page"),
    ("circles", "redirects", "redirects more than"),
    ("inward", "private-address", "leads to 10.0.0.1"),
];

/// 30 MB of spaces in 30 kB.
fn bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..30 {
        encoder.write_all(&vec![b' '; 1_000_000]).unwrap();
    }
    encoder.finish().unwrap()
}

async fn bad_day() -> BadDay {
    let mut day = BadDay { upstreams: Vec::new(), text: String::new() };
    let answers = [
        ("hangs", "feed", Answer::Hang),
        ("endless", "list", Answer::Endless),
        ("bomb", "list", Answer::Gzip(bomb().into())),
        ("empty", "list", Answer::html("<html><body><ul id=\"list\"></ul></body></html>")),
        ("breaks", "feed", Answer::BreakOff),
        ("refuses", "feed", Answer::Status(403, vec![])),
        ("challenges", "list", Answer::Status(412, vec![])),
        ("homeward", "list", Answer::Redirect("/".into())),
        ("circles", "feed", Answer::Redirect("/source".into())),
        ("inward", "feed", Answer::Redirect("http://10.0.0.1/".into())),
        ("good", "feed", feed("good")),
        ("fine", "feed", feed("fine")),
    ];
    for (key, kind, answer) in answers {
        let upstream = Upstream::start().await;
        upstream.set("/source", answer);
        upstream.set("/", Answer::html("<html>home</html>"));
        day.text.push_str(&source(key, kind, &upstream.url("/source")));
        day.upstreams.push(upstream);
    }
    day.text.push_str(&source("distrusted", "feed", &distrusted().await.0));
    day.text = settings(&day.text).replace("timeout = \"20s\"", "timeout = \"2s\"\nmax_body = \"2MiB\"");
    day
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_named_and_the_others_are_polled_and_served() {
    let day = bad_day().await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &day.text).await;
    let mut order = Vec::new();
    let sources = house.poller.config.sources.clone();
    let reports = dibao::daemon::pass(&house.poller, sources, |report| order.push(report.source.to_string()))
        .await
        .unwrap();
    for (key, name, words) in FAULTS {
        let report = reports.iter().find(|report| report.source.as_str() == key).unwrap();
        let Outcome::Fault(fault) = &report.outcome else { panic!("{key} did not fail: {report:?}") };
        assert_eq!(fault.name, name, "{fault:?}");
        assert!(fault.told().contains(words), "{key}: {}", fault.told());
    }
    let place = |key: &str| order.iter().position(|done| done == key).unwrap();
    assert!(place("good") < place("hangs") && place("fine") < place("hangs"), "{order:?}");
    let (feed, _) = house.feed(clock::now()).await;
    assert_eq!(feed.entries.len(), 2);
    assert_eq!(day.upstreams.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_the_same_without_storing() {
    let day = bad_day().await;
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &day.text).await;
    let looker = Looker::from(&house.poller);
    for (key, name, words) in FAULTS {
        let source = Arc::clone(house.poller.config.source(key).unwrap());
        let look = looker.look(Some(&house.poller.store), &source, 1, clock::now()).await.unwrap();
        let fault = look.fault.unwrap_or_else(|| panic!("{key} shows no fault"));
        assert!(fault.name == name && fault.told().contains(words), "{key}: {fault:?}");
    }
    let source = Arc::clone(house.poller.config.source("good").unwrap());
    let look = looker.look(None, &source, 1, clock::now()).await.unwrap();
    assert!(look.fault.is_none() && look.n_rows == 1 && look.samples.len() == 1, "{look:?}");
    assert!(house.poller.store.polls_of("good", 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_stop_ends_what_hangs_at_once_and_leaves_no_poll_row() {
    let upstream = Upstream::start().await;
    upstream.set("/source", Answer::Hang);
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &settings(&source("hangs", "feed", &upstream.url("/source")))).await;
    let stop = house.stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.cancel();
    });
    let limit = Duration::from_secs(10);
    let report = tokio::time::timeout(limit, house.poll("hangs", clock::now())).await.unwrap();
    assert!(matches!(&report.outcome, Outcome::Fault(fault) if fault.name == "stopped"), "{report:?}");
    assert!(house.poller.store.polls_of("hangs", 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn robots_and_retry_after_are_obeyed() {
    let upstream = Upstream::start().await;
    upstream.set("/robots.txt", Answer::page("text/plain", "User-agent: *\nDisallow: /private/\n"));
    upstream.set("/private/feed", feed("private"));
    upstream.set("/busy", Answer::Status(429, vec![("retry-after", "7200")]));
    let text = format!(
        "{}{}",
        source("closed", "feed", &upstream.url("/private/feed")),
        source("busy", "feed", &upstream.url("/busy"))
    );
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(&folder, &settings(&text)).await;
    let now = clock::now();
    let closed = house.poll("closed", now).await;
    assert!(matches!(&closed.outcome, Outcome::Fault(fault) if fault.name == "robots"), "{closed:?}");
    assert!(!upstream.asked().contains(&"/private/feed".to_owned()), "it was not even asked for");
    let busy = house.poll("busy", now).await;
    assert!(matches!(&busy.outcome, Outcome::Fault(fault) if fault.name == "too-often"), "{busy:?}");
    let wait = busy.next_poll_at.duration_since(now).as_secs();
    assert!((6_400..8_000).contains(&wait), "{wait}");
    let agent = upstream.last_headers("/busy").unwrap();
    assert!(agent["user-agent"].to_str().unwrap().starts_with("dibao/"));
}

/// The state that `dibao fetch --json` tells of the one source of a configuration, with more in its environment.
async fn fetched(text: &str, env: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dibao.toml"), text).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_dibao"));
    command.args(["fetch", "--json", "--config", "dibao.toml"]).current_dir(folder.path()).env_clear();
    command.envs(env.iter().copied());
    let output = command.output().await.unwrap();
    let line: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    line["state"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_configuration_or_the_environment_is_used_and_names_are_left_to_it() {
    let proxy = Upstream::start().await;
    proxy.set("/source", feed("through"));
    let address = proxy.url("");
    let of = |setting: &str| {
        settings(&source("far", "feed", "http://site.invalid/source")).replace("proxy = \"none\"", setting)
    };
    assert_eq!(fetched(&of("proxy = \"none\""), &[("HTTP_PROXY", &address)]).await, "dns");
    assert_eq!(fetched(&of(&format!("proxy = \"{address}\"")), &[]).await, "ok");
    assert_eq!(fetched(&of("proxy = \"env\""), &[("HTTP_PROXY", &address)]).await, "ok");
    assert_eq!(fetched(&of("proxy = \"env\""), &[("http_proxy", &address)]).await, "ok");
    let both = [("HTTP_PROXY", address.as_str()), ("NO_PROXY", "site.invalid")];
    assert_eq!(fetched(&of("proxy = \"env\""), &both).await, "dns");
    assert!(proxy.last_headers("/source").unwrap()["host"].to_str().unwrap().starts_with("site.invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_authority_is_trusted_from_the_configuration_or_the_environment() {
    let (address, pem) = distrusted().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, pem).unwrap();
    let file = file.display().to_string();
    let text = settings(&source("own", "feed", &address));
    assert_eq!(fetched(&text, &[]).await, "certificate");
    // The server answers 503 to whoever gets as far as asking it.
    let with = text.replace("[fetch]", &format!("[fetch]\nextra_ca = \"{file}\""));
    assert_eq!(fetched(&with, &[]).await, "robots-unreachable");
    assert_eq!(fetched(&text, &[("SSL_CERT_FILE", &file)]).await, "robots-unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_has_mirrors_a_proxy_and_authorities_of_its_own() {
    let (first, second, proxy) = (Upstream::start().await, Upstream::start().await, Upstream::start().await);
    first.set("/source", Answer::Status(403, vec![]));
    second.set("/source", feed("mirrored"));
    proxy.set("/far", feed("proxied"));
    let (address, pem) = distrusted().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
    let text = format!(
        "{}mirrors = [\"{}\", \"{}\"]\n{}proxy = \"{}\"\n{}extra_ca = \"{}\"\n{}",
        source("mirrored", "feed", &first.url("/source")),
        first.url("/nothing"),
        second.url("/source"),
        source("proxied", "feed", "http://site.invalid/far"),
        proxy.url(""),
        source("vouched", "feed", &address),
        folder.path().join("ca.pem").display(),
        source("plain", "feed", &address),
    );
    let house = House::open(&folder, &settings(&text)).await;
    let now = clock::now();
    let mirrored = house.poll("mirrored", now).await;
    assert!(mirrored.is_ok() && mirrored.n_new == 1, "{mirrored:?}");
    let why = mirrored.mirrored.as_ref().map(dibao::observe::Fault::told).unwrap_or_default();
    assert!(why.contains("mirror") && why.contains("status 403"), "{why}");
    assert_eq!(house.poller.store.polls_of("mirrored", 1).await.unwrap()[0].state, "mirrored");
    assert_eq!(house.poll("proxied", now).await.n_new, 1);
    let name = |outcome: Outcome| match outcome {
        Outcome::Fault(fault) => fault.name,
        _ => "ok",
    };
    assert_eq!(name(house.poll("vouched", now).await.outcome), "robots-unreachable");
    assert_eq!(name(house.poll("plain", now).await.outcome), "certificate");
}
