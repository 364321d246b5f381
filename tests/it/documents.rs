//! What the documents say is what the program does, and what the shipped configuration promises is in it.

use std::{
    collections::BTreeSet,
    io::Write,
    path::{Component, Path, PathBuf},
    process::{Command, Output},
};

use crate::scan::{files, files_with, read, root};

/// Columns of the help in `README.md`; clap's own width without a terminal.
const HELP_COLUMNS: &str = "100";
/// Longest map, in lines.
const MAX_MAP_LINES: usize = 120;

/// The provinces with a bureau (ISO 3166-2).
const PROVINCES: [&str; 31] = [
    "CN-AH", "CN-BJ", "CN-CQ", "CN-FJ", "CN-GD", "CN-GS", "CN-GX", "CN-GZ", "CN-HA", "CN-HB", "CN-HE",
    "CN-HI", "CN-HL", "CN-HN", "CN-JL", "CN-JS", "CN-JX", "CN-LN", "CN-NM", "CN-NX", "CN-QH", "CN-SC",
    "CN-SD", "CN-SH", "CN-SN", "CN-SX", "CN-TJ", "CN-XJ", "CN-XZ", "CN-YN", "CN-ZJ",
];

/// Provinces whose bureau's host follows from the others' but was never seen.
const INFERRED: [&str; 18] = [
    "CN-GX", "CN-GZ", "CN-HA", "CN-HI", "CN-HL", "CN-HN", "CN-JL", "CN-JS", "CN-LN", "CN-NM", "CN-NX",
    "CN-QH", "CN-SC", "CN-SD", "CN-SN", "CN-SX", "CN-XJ", "CN-YN",
];

/// Runs the program with nothing of the tester's environment.
fn dibao(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dibao"));
    command.args(arguments).env_clear().env("COLUMNS", HELP_COLUMNS).current_dir(root()).output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = dibao(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// Checks a configuration given as text; returns its file's name with the answer.
fn check_text(text: &str) -> (String, Output) {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let name = file.path().to_str().unwrap().to_owned();
    let output = dibao(&["config", "check", "--config", &name]);
    (name, output)
}

/// The fenced blocks of a document: language and text.
fn blocks(markdown: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let inside = lines.by_ref().take_while(|line| !line.trim_start().starts_with("```"));
        found.push((language.trim(), inside.collect::<Vec<_>>().join("\n")));
    }
    found
}

fn blocks_in(markdown: &str, language: &str) -> Vec<String> {
    blocks(markdown).into_iter().filter(|(found, _)| *found == language).map(|(_, text)| text).collect()
}

/// The targets of a document's links, without those to the web and within the document.
fn local_links(markdown: &str) -> Vec<String> {
    let mut is_prose = true;
    let prose = markdown.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_prose ^= is_fence;
        is_prose && !is_fence
    });
    let targets = prose.flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    let paths = targets.filter_map(|target| target.split('#').next());
    paths.filter(|path| !path.is_empty() && !path.contains(':')).map(str::to_owned).collect()
}

/// Each `section.key` of a configuration's tables; arrays of tables are left out.
fn keys(table: &toml::Table) -> BTreeSet<String> {
    let of = |(name, value): (&String, &toml::Value)| match value {
        toml::Value::Table(section) => section.keys().map(|key| format!("{name}.{key}")).collect(),
        _ => vec![name.clone()],
    };
    table.iter().flat_map(of).collect()
}

/// Each `[[source]]` of the merged configuration.
fn sources() -> Vec<serde_json::Value> {
    let shown: serde_json::Value = serde_json::from_str(&stdout(&["config", "show", "--json"])).unwrap();
    shown["source"].as_array().unwrap().clone()
}

fn text<'a>(source: &'a serde_json::Value, key: &str) -> &'a str {
    source[key].as_str().unwrap_or_default()
}

fn trimmed(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readers_of_documents_see_blocks_and_links() {
    let markdown =
        "[a](b.md#c) [w](https://x.y)\n```sh\nrun [no](no.md)\n```\n[d](#here), [e](f/g.md)\n```\nx\n```";
    assert_eq!(local_links(markdown), ["b.md", "f/g.md"]);
    assert_eq!(blocks(markdown), [("sh", "run [no](no.md)".to_owned()), ("", "x".to_owned())]);
}

#[test]
fn readme_shows_the_help_that_the_program_prints() {
    let shown = blocks_in(&read("README.md"), "text").into_iter().find(|text| text.contains("Usage: dibao"));
    let shown = shown.expect("README.md has a ```text block with the output of `dibao --help`");
    let printed = stdout(&["--help"]);
    assert_eq!(trimmed(&shown), trimmed(&printed), "put the output of `dibao --help` into README.md");
}

#[test]
fn readme_begins_with_the_demo_and_the_tests_and_ci_ends_with_those_tests() {
    let all = blocks(&read("README.md")).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(all.first().map(String::as_str), Some("cargo run --release -- demo"));
    assert_eq!(all.get(1).map(String::as_str), Some("cargo test --locked"));
    let ci = read(".ci/run");
    assert_eq!(
        ci.lines().next_back(),
        all.get(1).map(String::as_str),
        "`.ci/run` ends with README's test command"
    );
}

#[test]
fn readme_names_every_command_and_exit_code() {
    let readme = read("README.md");
    for command in
        ["serve", "demo", "fetch", "check", "discover", "preview", "reprocess", "config", "migrate"]
    {
        assert!(readme.contains(&format!("dibao {command}")), "README.md does not show `dibao {command}`");
    }
    for code in 0..=3 {
        assert!(readme.contains(&format!("| {code} |")), "README.md does not explain exit code {code}");
    }
}

#[test]
fn every_default_is_shown() {
    let written = keys(&read("config/dibao.toml").parse().unwrap());
    let shown = keys(&stdout(&["config", "show"]).parse().unwrap());
    assert!(written.len() > 30, "{written:?}");
    let missing: Vec<_> = written.difference(&shown).collect();
    assert!(missing.is_empty(), "`dibao config show` leaves out {missing:?}");
}

#[test]
fn the_shipped_configuration_is_valid() {
    let told: serde_json::Value = serde_json::from_str(&stdout(&["config", "check", "--json"])).unwrap();
    assert_eq!(told["valid"], true);
    assert_eq!(told["warnings"], serde_json::json!([]));
    assert_eq!(told["sources"], sources().len());
}

#[test]
fn a_wrong_configuration_is_refused_with_file_line_and_key() {
    let check = |wrong: &str, line: usize, words: &[&str]| {
        let (file, output) = check_text(wrong);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {told}");
        let place = format!("line {line}");
        for word in words.iter().copied().chain([file.as_str(), place.as_str()]) {
            assert!(told.contains(word), "`{word}` is not in: {told}");
        }
    };
    check("[server]\nlistn = \"127.0.0.1:1\"\n", 2, &["listn", "expected", "`listen`"]);
    check("[fetch]\n\ntimeout = \"60\"\n", 3, &["timeout", "a length of time", "column"]);
    check("[[source]]\nkey = \"a\"\nurl = \"ftp://a/\"\n", 3, &["url", "http"]);
    check("\n[[source]]\nkey = \"a\"\nurl = \"http://a.cn/\"\n", 3, &["`a`", "kind"]);
    check(
        "[[source]]\nkey = \"a\"\nurl = \"http://a.cn/\"\nkind = \"feed\"\nprofile = \"b\"\n",
        2,
        &["`b`", "kaipuyun"],
    );
}

#[test]
fn a_missing_file_is_a_matter_of_usage() {
    let output = dibao(&["config", "check", "--config", "no/such/file.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no/such/file.toml"));
}

#[test]
fn the_schema_is_json_and_names_every_section() {
    let schema: serde_json::Value = serde_json::from_str(&stdout(&["config", "schema"])).unwrap();
    let written: toml::Table = read("config/dibao.toml").parse().unwrap();
    for section in written.keys() {
        assert!(schema["properties"].get(section).is_some(), "the schema does not name `{section}`");
    }
}

#[test]
fn configuration_in_documents_is_valid() {
    let documents = files_with("", "md").into_iter();
    let examples = documents.flat_map(|path| blocks_in(&read(&path), "toml"));
    let examples: Vec<String> = examples.chain([read("deploy/dibao.toml")]).collect();
    assert!(examples.len() >= 3, "README.md shows a configuration and a source as ```toml");
    for example in examples {
        let (_, output) = check_text(&uncommented(&example));
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{example}\n{told}");
        assert!(!told.contains("warning"), "{example}\n{told}");
    }
}

/// The text with the settings that stand behind a `#` without a space; files that an example names do not exist.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    let settings = lines.filter(|line| !line.starts_with(' ') && !line.starts_with("sources ="));
    settings.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_unit_restarts_on_exit_3_only_and_starts_what_the_documents_say() {
    let unit = read("deploy/dibao.service");
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    // `on-abnormal` means signals and time-outs, no exit code.
    assert_eq!(value("Restart"), Some("on-abnormal"));
    assert_eq!(value("RestartForceExitStatus"), Some("3"));
    assert_eq!(value("ExecStart"), Some("/usr/local/bin/dibao serve --config /etc/dibao/dibao.toml"));
    assert!(read("README.md").contains("/etc/dibao/dibao.toml"));
    let folder = value("StateDirectory").map(|name| format!("sqlite:/var/lib/{name}/")).unwrap();
    assert!(read("deploy/dibao.toml").contains(&folder), "the store stands outside {folder}");
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let documents = files_with("", "md");
    assert!(documents.iter().any(|path| path == "README.md"), "{documents:?}");
    for document in documents {
        let folder = Path::new(&document).parent().unwrap();
        for link in local_links(&read(&document)) {
            let target = root().join(plain(&folder.join(&link)));
            assert!(target.exists(), "{document} links to `{link}`, which does not exist");
        }
    }
}

/// A path without `.` and `..`, so that leaving a folder that is not there counts as it does on the web.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn the_map_is_short_and_names_every_module() {
    let map = read("ARCHITECTURE.md");
    assert!(map.lines().count() <= MAX_MAP_LINES, "ARCHITECTURE.md has more than {MAX_MAP_LINES} lines");
    let modules = files("src").into_iter().filter_map(|path| {
        let (name, rest) =
            path.strip_prefix("src/")?.split_once('/').unwrap_or((path.strip_prefix("src/")?, ""));
        Some(if rest.is_empty() { name.to_owned() } else { format!("{name}/") })
    });
    let unnamed: BTreeSet<String> = modules.filter(|name| !map.contains(name.as_str())).collect();
    assert!(unnamed.is_empty(), "ARCHITECTURE.md does not say what these are: {unnamed:?}");
}

#[test]
fn every_decision_has_its_four_parts() {
    let decisions = files("docs/decisions");
    assert!(decisions.len() >= 5, "{decisions:?}");
    for path in decisions {
        let decision = read(&path);
        for part in ["## Context", "## Decision", "## Consequence", "## Revisit when"] {
            assert!(decision.contains(part), "{path} has no `{part}`");
        }
    }
}

#[test]
fn every_bureau_and_the_national_one_are_among_the_sources() {
    let sources = sources();
    let of = |role: &str| -> BTreeSet<String> {
        let theirs = sources.iter().filter(|source| text(source, "role") == role);
        theirs.map(|source| text(source, "bureau").to_owned()).collect()
    };
    assert_eq!(of("primary"), PROVINCES.map(str::to_owned).into());
    assert_eq!(of("national"), ["CN".to_owned()].into());
    for source in &sources {
        assert_eq!(text(source, "profile"), "kaipuyun", "{source}");
        assert!(!text(source, "name").is_empty(), "{source}");
    }
}

#[test]
fn what_is_not_evidenced_is_marked() {
    let sources = sources();
    let marked = sources.iter().filter(|source| source["verified"] == false);
    let hosts: BTreeSet<(String, String)> = marked
        .map(|source| {
            let url: url::Url = text(source, "url").parse().unwrap();
            (text(source, "bureau").to_owned(), url.host_str().unwrap().to_owned())
        })
        .collect();
    let expected = INFERRED.map(|code| {
        let letters = code.trim_start_matches("CN-").to_ascii_lowercase();
        (code.to_owned(), format!("{letters}.spb.gov.cn"))
    });
    assert_eq!(hosts, expected.into());
}
