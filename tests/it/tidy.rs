//! The layering of `src/` and what else a reader of the code relies on, held by reading it.

use crate::scan::{Part, files, files_with, lines_with, only, read, root, test_ranges, without};

/// Longest file, in lines; most are far shorter.
const MAX_LINES: usize = 600;

/// Stages that decide or read: no clock, no network, no waiting.
const PURE: &[&str] = &[
    "src/extract/",
    "src/normalise/",
    "src/dedup/",
    "src/search/",
    "src/publish/",
    "src/observe/",
    "src/model/",
    "src/config/",
    "src/schedule.rs",
    "src/push/request.rs",
    "src/push/timing.rs",
    "src/push/signature.rs",
    "src/preview.rs",
    "src/exchange/",
];

/// Words that may stand in some places only. Tests are free.
struct Rule {
    part: Part,
    words: &'static [&'static str],
    places: Places,
    advice: &'static str,
}

/// Files, or folders with a `/` at the end.
enum Places {
    OnlyIn(&'static [&'static str]),
    NeverIn(&'static [&'static str]),
}

const SQL: Rule = Rule {
    part: Part::Code,
    words: &["sqlx"],
    places: Places::OnlyIn(&["src/store/"]),
    advice: "SQL stays in `src/store`: give `Store` or `Batch` a method and call that",
};

const HTTP_CLIENT: Rule = Rule {
    part: Part::Code,
    words: &["reqwest"],
    places: Places::OnlyIn(&["src/fetch/"]),
    advice: "requests go through `fetch::Client`, which holds the guard, robots.txt and the pace",
};

const WAITING: Rule = Rule {
    part: Part::Code,
    words: &[".await", "async"],
    places: Places::NeverIn(PURE),
    advice: "this stage is pure: take what you wait for as an argument; `poll` or `daemon` waits",
};

const INPUT_AND_OUTPUT: Rule = Rule {
    part: Part::Code,
    words: &["store::", "poll::", "serve::", "daemon::", "cli::", "std::net::TcpStream", "tokio::"],
    places: Places::NeverIn(PURE),
    advice: "a pure stage knows no stage that does I/O: pass values in, and let `poll` connect the two",
};

const PRINTING: Rule = Rule {
    part: Part::Code,
    words: &["println!", "eprintln!", "print!", "eprint!"],
    places: Places::OnlyIn(&["src/cli/", "src/main.rs"]),
    advice: "only the command line prints: return a value, or log with `tracing`",
};

const TASKS: Rule = Rule {
    part: Part::Code,
    words: &["tokio::spawn", "task::spawn", "spawn_local", "JoinSet", "thread::spawn"],
    places: Places::OnlyIn(&["src/daemon/", "src/serve/accept.rs", "src/cli/", "src/demo/"]),
    advice: "tasks are started where they are waited for: be an async function and let the daemon spawn it",
};

const CLOCK: Rule = Rule {
    part: Part::Code,
    words: &["clock::now", "clock::*"],
    places: Places::OnlyIn(&["src/daemon/", "src/cli/", "src/demo/"]),
    advice: "time is a parameter: take `now: Timestamp`",
};

const COMMAND_LINE: Rule = Rule {
    part: Part::Code,
    words: &["clap", "anyhow", "indicatif", "std::env::args"],
    places: Places::OnlyIn(&["src/cli/", "src/main.rs"]),
    advice: "flags and `anyhow` travel no further than `src/cli`; use typed errors and plain arguments",
};

const HOSTS: Rule = Rule {
    part: Part::Literal,
    words: &["spb.gov.cn", "gov.cn", "163.com", "weixin.qq.com", "邮政管理局", "国家邮政局"],
    // Names of bureaus are put together from the table of regions; an example stands in an error message.
    places: Places::OnlyIn(&["src/demo/", "src/config/", "src/model/bureau.rs", "src/extract/digest/"]),
    advice: "what one site does is data: a key in `config/profiles` or `config/sources`, or a row in a table",
};

impl Rule {
    fn binds(&self, path: &str) -> bool {
        let among = |places: &[&str]| {
            places.iter().any(|place| path == *place || place.ends_with('/') && path.starts_with(place))
        };
        match self.places {
            Places::OnlyIn(places) => !among(places),
            Places::NeverIn(places) => among(places),
        }
    }

    fn breaches(&self, path: &str, text: &str) -> Vec<String> {
        if is_test(path) || !self.binds(path) {
            return Vec::new();
        }
        let tests = test_ranges(&only(text, Part::Code));
        let text = without(&only(text, self.part), &tests);
        let hits =
            self.words.iter().flat_map(|word| lines_with(&text, word).into_iter().map(move |n| (n, word)));
        hits.map(|(line, word)| format!("{path}:{line}: `{word}`: {}", self.advice)).collect()
    }

    /// Holds the rule for all of `src/`.
    fn hold(&self) {
        none(files_with("src", "rs").iter().flat_map(|path| self.breaches(path, &read(path))));
    }

    /// Shows that the rule can fail: `text` is refused in one place and taken in another.
    fn check(&self, text: &str, refused_in: &str, taken_in: &str) {
        assert!(!self.breaches(refused_in, text).is_empty(), "{text} in {refused_in}");
        assert!(self.breaches(taken_in, text).is_empty(), "{text} in {taken_in}");
        let as_test = format!("#[cfg(test)]\nmod tests {{ {text} }}");
        assert!(self.breaches(refused_in, &as_test).is_empty(), "{as_test}");
    }
}

/// Whether a file holds nothing but tests.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("tests.rs")
}

/// Fails with all breaches, one a line.
fn none(breaches: impl Iterator<Item = String>) {
    let breaches: Vec<String> = breaches.collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

fn rust_files() -> Vec<String> {
    ["src", "tests", "benches"].into_iter().flat_map(|folder| files_with(folder, "rs")).collect()
}

#[test]
fn only_the_store_speaks_sql() {
    SQL.hold();
    SQL.check("use sqlx::Row;", "src/poll/mod.rs", "src/store/read.rs");
    SQL.check("fn a() -> sqlx::Error { b }", "src/serve/mod.rs", "src/store/mod.rs");
    assert!(SQL.breaches("src/cli/serve.rs", "a(\"info,sqlx=warn\"); // sqlx").is_empty());
}

#[test]
fn only_fetch_speaks_to_other_sites() {
    HTTP_CLIENT.hold();
    HTTP_CLIENT.check("reqwest::get(url)", "src/poll/look.rs", "src/fetch/mod.rs");
}

#[test]
fn pure_stages_wait_for_nothing() {
    WAITING.hold();
    WAITING.check("pub async fn a() {}", "src/dedup/mod.rs", "src/poll/mod.rs");
    WAITING.check("let a = b().await;", "src/schedule.rs", "src/store/read.rs");
}

#[test]
fn pure_stages_know_no_stage_that_does_io() {
    INPUT_AND_OUTPUT.hold();
    INPUT_AND_OUTPUT.check("use crate::{model::A, store::Store};", "src/publish/atom.rs", "src/poll/mod.rs");
    INPUT_AND_OUTPUT.check("tokio::time::sleep(a)", "src/extract/mod.rs", "src/fetch/gate.rs");
}

#[test]
fn only_the_command_line_prints() {
    PRINTING.hold();
    PRINTING.check("println!(\"x\");", "src/daemon/mod.rs", "src/cli/check.rs");
}

#[test]
fn tasks_are_started_where_they_are_waited_for() {
    TASKS.hold();
    TASKS.check("tokio::spawn(a);", "src/poll/mod.rs", "src/serve/accept.rs");
    TASKS.check("use tokio::task::JoinSet;", "src/serve/mod.rs", "src/daemon/pass.rs");
    assert!(TASKS.breaches("src/poll/mod.rs", "tokio::task::spawn_blocking(a)").is_empty());
}

#[test]
fn time_is_a_parameter() {
    CLOCK.hold();
    CLOCK.check("let now = clock::now();", "src/poll/mod.rs", "src/daemon/mod.rs");
}

#[test]
fn flags_travel_no_further_than_the_command_line() {
    COMMAND_LINE.hold();
    COMMAND_LINE.check("#[derive(clap::Args)]", "src/poll/mod.rs", "src/cli/mod.rs");
}

#[test]
fn site_quirks_are_data() {
    HOSTS.hold();
    HOSTS.check("if host == \"www.163.com\" {}", "src/extract/article/mod.rs", "src/demo/world/mod.rs");
    assert!(HOSTS.breaches("src/extract/mod.rs", "/// as on `www.163.com`\nfn a() {}").is_empty());
}

#[test]
fn the_code_knows_no_province() {
    let table: toml::Table = read("config/regions.toml").parse().unwrap();
    let rows = table.get("region").and_then(toml::Value::as_array).unwrap();
    let names = rows.iter().filter_map(|row| row.get("short").and_then(toml::Value::as_str));
    let names: Vec<&str> = names.filter(|name| *name != "全国").collect();
    assert!(names.len() >= 31, "{names:?}");
    let breaches = |path: &str, text: &str| -> Vec<String> {
        let tests = test_ranges(&only(text, Part::Code));
        let literals = without(&only(text, Part::Literal), &tests);
        let known = names.iter().filter(|name| literals.contains(**name));
        known.map(|name| format!("{path}: `{name}`: provinces are rows of `config/regions.toml`")).collect()
    };
    assert_eq!(breaches("a.rs", "// 江西\nlet a = \"江西局\";").len(), 1);
    // An example in an error message, and the invented world of the demo.
    let excepted =
        |path: &str| path == "src/config/build.rs" || path.starts_with("src/demo/") || is_test(path);
    let bound = files_with("src", "rs").into_iter().filter(|path| !excepted(path));
    none(bound.flat_map(|path| breaches(&path, &read(&path))));
}

#[test]
fn files_are_short_enough_to_read() {
    let long = |path: &str, text: &str| {
        let n_lines = text.lines().count();
        (n_lines > MAX_LINES)
            .then(|| format!("{path}: {n_lines} lines, more than {MAX_LINES}: make it a folder with parts"))
    };
    assert!(long("a.rs", &"\n".repeat(MAX_LINES + 1)).is_some());
    assert!(long("a.rs", &"\n".repeat(MAX_LINES)).is_none());
    none(rust_files().iter().filter_map(|path| long(path, &read(path))));
}

#[test]
fn nothing_is_left_unfinished() {
    // Put together here, so that this file does not hold them itself.
    let words =
        [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("TO", "DO"), concat!("FIX", "ME")];
    let breaches = |path: &str, text: &str| -> Vec<String> {
        let lines = words.iter().flat_map(|word| lines_with(text, word).into_iter().map(move |n| (n, word)));
        lines
            .map(|(n, word)| format!("{path}:{n}: `{word}`: finish it, or write an issue and remove it"))
            .collect()
    };
    assert_eq!(breaches("a.rs", &format!("// {}: later\n{}()", words[2], words[0])).len(), 2);
    let written = ["config", "deploy", "docs", "migrations"].into_iter().flat_map(files);
    none(rust_files().into_iter().chain(written).flat_map(|path| breaches(&path, &read(&path))));
}

#[test]
fn no_test_is_switched_off() {
    let breaches = |path: &str, text: &str| -> Vec<String> {
        let lines = lines_with(&only(text, Part::Code), "#[ignore");
        lines.into_iter().map(|n| format!("{path}:{n}: make the test pass, or remove it")).collect()
    };
    assert_eq!(
        breaches("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}"),
        ["a.rs:2: make the test pass, or remove it"]
    );
    assert!(breaches("a.rs", "#[ignored] // #[ignore]").is_empty());
    none(rust_files().iter().flat_map(|path| breaches(path, &read(path))));
}

#[test]
fn every_module_says_what_it_does() {
    let bare = |path: &str, text: &str| {
        let says = text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 12);
        (!says).then(|| format!("{path}: begin with `//! …`: what it does, what it never does, which spec"))
    };
    assert!(bare("a.rs", "use std::fmt;\n//! Late.").is_some());
    assert!(bare("a.rs", "//! Stub.\n").is_some());
    assert!(bare("a.rs", "//! What a robots.txt asks of us.\n").is_none());
    // A file beside its module that holds its tests is named by what it tests.
    let modules = rust_files().into_iter().filter(|path| !path.ends_with("tests.rs"));
    none(modules.filter_map(|path| bare(&path, &read(&path))));
}

#[test]
fn folder_modules_are_named_mod_rs() {
    let twice = |path: &String| root().join(path.trim_end_matches(".rs")).is_dir();
    none(
        rust_files()
            .into_iter()
            .filter(twice)
            .map(|path| format!("{path}: move it to `mod.rs` in its folder")),
    );
}
