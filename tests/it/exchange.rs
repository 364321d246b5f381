//! `dibao import` and `dibao export`, run as a user runs them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use dibao::{
    clock,
    model::Timestamp,
    store::{Limits, Progress, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::house::House;

/// A folder with a configuration and a store of its own.
pub(crate) struct Desk {
    folder: TempDir,
    config: String,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new(sources: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!("defaults = false\n{sources}");
        fs::write(folder.path().join("dibao.toml"), &config).unwrap();
        Self { folder, config }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dibao"))
            .args(arguments)
            .args(["--config", "dibao.toml"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("DIBAO_STORE_URL", format!("sqlite:{}", self.path("test.db").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = command.stdin.take().unwrap();
        let input = input.to_vec();
        // A command that does not read to the end closes the pipe.
        let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let done = command.wait_with_output().unwrap();
        writing.join().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Imports from standard input; the counts of new, revised, unchanged and bad lines.
    fn import(&self, lines: impl AsRef<[u8]>) -> (Done, [u64; 4]) {
        let done = self.run(&["import", "-", "--kind", "jsonl", "--json"], lines.as_ref());
        let counts: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{done:?}"));
        let counts = ["new", "revised", "unchanged", "bad"].map(|name| counts[name].as_u64().unwrap());
        (done, counts)
    }

    fn export(&self) -> String {
        let done = self.run(&["export"], b"");
        assert_eq!(done.code, 0, "{done:?}");
        done.out
    }

    pub(crate) fn exported(&self) -> Vec<Value> {
        self.export().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The ids of entries, story by story.
    fn stories(&self) -> BTreeSet<BTreeSet<String>> {
        let mut stories: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in self.exported() {
            let id = entry["id"].as_str().unwrap().to_owned();
            stories.entry(entry["story"].as_str().unwrap().to_owned()).or_default().insert(id);
        }
        stories.into_values().collect()
    }

    pub(crate) async fn house(&self) -> House {
        House::open(&self.folder, &self.config).await
    }
}

fn ids(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A line with a body that is like no other number's.
fn line(source: &str, id: &str, n: usize, at: &str) -> Value {
    json!({
        "source": source, "id": id, "url": format!("https://{source}.example/{id}"), "title": title(n), "published": at,
        "content_text": body(n),
    })
}

pub(crate) fn title(n: usize) -> String {
    let things =
        ["安全检查", "末端共配", "冷链寄递", "乡村站点", "绿色包装", "职业技能竞赛", "用户申诉", "机要通信"];
    format!("某地{}工作第{n}次取得进展", things[n % things.len()])
}

/// Sentences of letters that depend on the number alone.
pub(crate) fn body(n: usize) -> String {
    let letters: Vec<char> = ('\u{4e00}'..'\u{6e00}').collect();
    let mut state = n as u64 * 7_919 + 13;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        letters[usize::try_from(state >> 33).unwrap() % letters.len()]
    };
    let sentence = |letter: &mut dyn FnMut() -> char| (0..40).map(|_| letter()).collect::<String>() + "。";
    (0..5).map(|_| sentence(&mut letter)).collect::<Vec<_>>().join("\n\n")
}

pub(crate) fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn lines_are_taken_in_their_order_and_bad_ones_are_named() {
    let desk = Desk::new("");
    let good =
        [line("b", "1", 1, "2026-11-02T10:00:00+08:00"), line("a", "2", 2, "2026-11-01T10:00:00+08:00")];
    let lines = format!("{}\nnonsense\n\n{{\"source\":\"a\"}}\n{}\n", good[0], good[1]);
    fs::write(desk.path("news.jsonl"), lines).unwrap();
    let done = desk.run(&["import", "news.jsonl"], b"");
    assert_eq!(done.code, 1, "{done:?}");
    assert_eq!(done.out, "news.jsonl: 4 lines: 2 new, 0 revised, 0 unchanged, 2 bad\n");
    assert!(done.err.contains("news.jsonl:2: column 2 is no JSON"), "{done:?}");
    assert!(done.err.contains("news.jsonl:4: `url` is missing; expected"), "{done:?}");
    // Exported by first sight, which is the time of publication where the line tells none.
    let found: Vec<Value> = desk.exported();
    let order: Vec<&str> = found.iter().map(|it| it["source"].as_str().unwrap()).collect();
    assert_eq!(order, ["a", "b"]);
    for (found, given) in found.iter().rev().zip(&good) {
        for field in ["source", "id", "url", "title", "published", "content_text"] {
            assert_eq!(found[field], given[field], "{field}");
        }
        assert_eq!((&found["rule"], &found["role"]), (&json!("first"), &json!("platform")));
        assert_eq!(found["seen"], given["published"]);
        assert!(found["story"].as_str().unwrap().starts_with("urn:uuid:"), "{found}");
    }
}

#[test]
fn a_known_id_with_another_text_is_a_revision_under_the_same_story() {
    let desk = Desk::new("");
    let first = line("a", "1", 1, "2026-11-01T10:00:00+08:00");
    let mut second = first.clone();
    second["content_text"] = json!(body(2));
    let (done, counts) = desk.import(text(&[first.clone(), second.clone(), second.clone()]));
    assert_eq!((done.code, counts), (0, [1, 1, 1, 0]), "{done:?}");
    let found = desk.exported();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["content_text"], second["content_text"]);
    let story = found[0]["story"].clone();
    // The same file once more: back to the first text, and on to the second.
    let (_, counts) = desk.import(text(&[first, second]));
    assert_eq!(counts, [0, 2, 0, 0]);
    assert_eq!(desk.exported()[0]["story"], story);
}

#[test]
fn what_editors_and_machines_do_to_lines_is_read() {
    let desk = Desk::new("");
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    let mut odd = line("a", "1", 1, "2026-11-01T10:00:00+08:00");
    odd["unknown"] = json!({ "deep": [[["x"]]] });
    odd["title"] = json!("题\u{0}目");
    bytes.extend(format!("{odd}\r\n\r\n").bytes());
    bytes.extend(b"{\"source\":\"a\",\"id\":\"raw\x00nul\"}\n");
    bytes.extend(std::iter::repeat_n(b'x', 10_000_000));
    bytes.extend(b"\n{\"source\":\"a\",\"title\":\"\xff\"}\n");
    bytes.extend(format!("{}", line("a", "2", 2, "2026-11-02T10:00:00+08:00")).bytes());
    let (done, counts) = desk.import(bytes);
    assert_eq!((done.code, counts), (1, [2, 0, 0, 3]), "{done:?}");
    for told in
        ["-:3: column", "-:4: the line is longer than 8388608 bytes", "-:5: byte 24 of the line is no UTF-8"]
    {
        assert!(done.err.contains(told), "{told}: {}", done.err);
    }
    assert_eq!(desk.exported()[0]["title"], "题目");
}

#[test]
fn wrong_usage_is_2_and_a_store_that_cannot_be_is_3() {
    let desk = Desk::new("");
    fs::write(desk.path("good.jsonl"), text(&[line("a", "1", 1, "2026-11-01")])).unwrap();
    fs::write(desk.path("page.html"), "<html><body><h1>t</h1></body></html>").unwrap();
    let usage = |arguments: &[&str], expected: &str| {
        let done = desk.run(arguments, b"");
        assert_eq!(done.code, 2, "{arguments:?}: {done:?}");
        assert!(done.err.contains(expected), "{arguments:?}: {done:?}");
        assert!(!desk.path("test.db").exists(), "nothing is stored before all is known: {arguments:?}");
    };
    usage(&["import"], "FILE");
    usage(&["import", "good.jsonl", "none.jsonl"], "`none.jsonl` cannot be read");
    usage(&["import", "."], "`.` cannot be read");
    usage(&["import", "good.jsonl", "page.html"], "--source KEY");
    usage(&["import", "page.html", "--source", "A B"], "no source key");
    usage(&["import", "page.html", "--source", "a", "--seen", "soon"], "--seen soon");
    let done = desk.run(&["export"], b"");
    assert!(done.code == 3 && done.err.contains("nothing to export"), "{done:?}");
    fs::create_dir(desk.path("test.db")).unwrap();
    let done = desk.run(&["import", "good.jsonl"], b"");
    assert!(done.code == 3 && done.err.contains("cannot be opened"), "{done:?}");
}

#[test]
fn an_empty_file_is_no_failure() {
    let desk = Desk::new("");
    let (done, counts) = desk.import("");
    assert_eq!((done.code, counts), (0, [0; 4]), "{done:?}");
    assert_eq!(desk.export(), "");
}

#[test]
fn entries_are_compared_in_their_own_time() {
    let desk = Desk::new("");
    let at = |id: &str, n: usize, seen: &str| {
        let mut line = line("a", id, n, seen);
        line["source"] = json!(format!("s{id}"));
        line["seen"] = line["published"].take();
        line
    };
    let shortened = |mut line: Value| {
        let text = line["content_text"].as_str().unwrap().rsplit_once("\n\n").unwrap().0.to_owned();
        line["content_text"] = json!(text);
        line
    };
    // Years ago: two tell the same within days; the third comes a year later, outside the window, and so does the fifth,
    // which is the old text letter for letter.
    let lines = [
        at("1", 1, "2021-03-01T10:00:00+08:00"),
        shortened(at("2", 1, "2021-03-04T10:00:00+08:00")),
        shortened(shortened(at("3", 1, "2022-03-04T10:00:00+08:00"))),
        at("4", 2, "2021-03-04T10:00:00+08:00"),
        at("5", 1, "2022-03-05T10:00:00+08:00"),
    ];
    let lines = [&lines[..2], &lines[3..], &lines[2..3]].concat();
    let (_, counts) = desk.import(text(&lines));
    assert_eq!(counts, [5, 0, 0, 0]);
    assert_eq!(desk.stories(), [ids(&["1", "2", "5"]), ids(&["3"]), ids(&["4"])].into());
    let found = desk.exported();
    assert_eq!(found.iter().find(|it| it["id"] == "5").unwrap()["rule"], "again");
    assert!(found.iter().all(|it| it["published"] == it["seen"] && it["published_precision"] == "seen"));
}

#[tokio::test]
async fn what_was_imported_of_old_stays_as_long_as_what_was_polled_today() {
    let desk = Desk::new("");
    desk.import(text(&[line("a", "1", 1, "2021-03-01T10:00:00+08:00")]));
    let now = clock::now();
    let store = Store::open(&desk.path("test.db"), now).await.unwrap();
    let before = now.checked_sub(Duration::from_hours(1)).unwrap();
    store.purge(&Limits::all(before), &mut Progress::default(), now).await.unwrap();
    store.close().await;
    desk.import(text(&[line("b", "2", 1, "2021-03-02T10:00:00+08:00")]));
    assert_eq!(
        desk.stories(),
        [ids(&["1", "2"])].into(),
        "neither the entry nor what is compared of it is gone"
    );
}

/// Lines of some stories in several tellings, with all that a line can say.
fn many() -> Vec<Value> {
    let mut lines = Vec::new();
    for n in 0..40 {
        let day = n % 28 + 1;
        let mut one = line("jx", &format!("o{n}"), n, &format!("2026-09-{day:02}T10:00:00+08:00"));
        one["bureau"] = json!("江西局");
        one["role"] = json!("primary");
        one["enclosures"] =
            json!([{ "url": format!("https://jx.example/{n}.pdf"), "type": "application/pdf", "length": n }]);
        one["summary"] = json!("摘要");
        lines.push(one);
        if n % 2 == 0 {
            let mut copy = line("paper", &format!("c{n}"), n, &format!("2026-09-{day:02}T18:00:00+08:00"));
            copy["published_precision"] = json!("day");
            copy["role"] = json!("paper");
            copy["seen"] = json!(format!("2026-09-{day:02}T18:30:00.125+08:00"));
            lines.push(copy);
        }
        if n % 10 == 0 {
            let mut gone = line("net", &format!("g{n}"), n, &format!("2026-09-{day:02}T20:00:00+08:00"));
            gone["gone"] = json!(format!("2026-10-{day:02}T20:00:00+08:00"));
            gone["source_name"] = json!("某门户");
            gone["language"] = json!("zh-TW");
            lines.push(gone);
        }
    }
    lines
}

#[test]
fn an_export_taken_into_another_store_is_exported_again_byte_for_byte() {
    let (one, other) = (Desk::new(""), Desk::new(""));
    let (done, counts) = one.import(text(&many()));
    assert_eq!((done.code, counts), (0, [64, 0, 0, 0]), "{done:?}");
    let exported = one.export();
    assert_eq!(one.stories().len(), 40);
    let (done, counts) = other.import(&exported);
    assert_eq!((done.code, counts), (0, [64, 0, 0, 0]), "{done:?}");
    assert_eq!(other.export(), exported);
    // And into the store that it came from: nothing changes.
    let (_, counts) = one.import(&exported);
    assert_eq!(counts, [0, 0, 64, 0]);
    assert_eq!(one.export(), exported);
}

#[test]
fn what_the_file_tells_apart_or_joins_is_kept_in_another_store() {
    let desk = Desk::new("");
    // Two tellings that the rules would join, and two that they would not.
    let mut lines = vec![
        line("a", "1", 1, "2026-09-01T10:00:00+08:00"),
        line("b", "2", 1, "2026-09-01T11:00:00+08:00"),
        line("a", "3", 3, "2026-09-02T10:00:00+08:00"),
        line("b", "4", 4, "2026-09-02T11:00:00+08:00"),
    ];
    for (line, story) in
        lines.iter_mut().zip(["urn:x-test:1", "urn:x-test:2", "urn:x-test:3", "urn:x-test:3"])
    {
        line["story"] = json!(story);
        line["rule"] = json!("ruling");
    }
    desk.import(text(&lines));
    assert_eq!(desk.stories(), [ids(&["1"]), ids(&["2"]), ids(&["3", "4"])].into());
    let found: BTreeSet<String> =
        desk.exported().iter().map(|it| it["story"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|story| story.starts_with("urn:x-test:")), "{found:?}");
    // What comes from elsewhere afterwards is judged as always, whatever its line calls its story.
    let mut elsewhere = line("c", "5", 3, "2026-09-02T12:00:00+08:00");
    elsewhere["story"] = json!("urn:x-other:9");
    desk.import(text(&[elsewhere]));
    assert!(desk.stories().contains(&ids(&["3", "4", "5"])), "{:?}", desk.stories());
}

#[test]
fn an_id_that_a_file_gave_away_is_minted_for_no_other_story() {
    let (one, other) = (Desk::new(""), Desk::new(""));
    one.import(text(&[line("a", "1", 1, "2026-09-01T10:00:00+08:00")]));
    let story = one.exported()[0]["story"].clone();
    let mut thief = line("b", "9", 9, "2026-09-01T10:00:00+08:00");
    thief["story"] = story.clone();
    other.import(text(&[thief]));
    let (done, counts) = other.import(text(&[line("a", "1", 1, "2026-09-01T10:00:00+08:00")]));
    assert_eq!((done.code, counts), (0, [1, 0, 0, 0]), "{done:?}");
    assert_eq!(other.stories().len(), 2);
}

#[test]
fn an_export_can_be_narrowed_to_a_source_and_a_time() {
    let desk = Desk::new("");
    desk.import(text(&many()));
    let count = |arguments: &[&str]| {
        let done = desk.run(&[&["export"], arguments].concat(), b"");
        assert_eq!(done.code, 0, "{done:?}");
        done.out.lines().count()
    };
    assert_eq!(count(&["--source", "paper"]), 20);
    assert_eq!(count(&["--source", "nobody"]), 0);
    assert_eq!(count(&["--since", "2026-01-01"]), 64);
    let tomorrow = clock::now().checked_add(Duration::from_hours(20)).unwrap().to_string();
    assert_eq!(count(&["--since", &tomorrow]), 0);
    assert_eq!(desk.run(&["export", "--since", "never"], b"").code, 2);
}

#[tokio::test]
async fn imports_show_in_the_feed_under_their_source_and_in_their_time() {
    let desk = Desk::new("");
    let now = clock::now();
    let hour_ago = now.checked_sub(Duration::from_hours(1)).unwrap().to_string();
    let mut recent = line("some-site", "1", 1, &hour_ago);
    recent["source_name"] = json!("某站");
    desk.import(text(&[recent, line("some-site", "2", 2, "2021-03-01T10:00:00+08:00")]));
    let house = desk.house().await;
    let (feed, _) = house.feed(now).await;
    let titles: Vec<&str> =
        feed.entries.iter().map(|entry| entry.title.as_ref().unwrap().content.as_str()).collect();
    assert_eq!(titles, [title(1), title(2)]);
    let oldest = &feed.entries[1];
    assert_eq!(oldest.published.unwrap().timestamp(), at("2021-03-01T10:00:00+08:00").as_second());
    assert_eq!(oldest.updated.unwrap().timestamp(), oldest.published.unwrap().timestamp());
    house.close().await;
    // It is polled by nobody, and needs no configuration.
    assert_eq!(desk.exported()[1]["source_name"], "某站");
}

#[tokio::test]
async fn an_import_beside_a_running_daemon_is_taken_and_noticed() {
    let desk = Desk::new("");
    let house = desk.house().await;
    let _lease = house.poller.store.lease().unwrap();
    let now = clock::now();
    assert_eq!(house.feed(now).await.0.entries.len(), 0);
    let lines = text(&[line("a", "1", 1, "2026-11-01T10:00:00+08:00")]);
    let (done, counts) = desk.import(lines);
    assert_eq!((done.code, counts), (0, [1, 0, 0, 0]), "{done:?}");
    assert_eq!(house.feed(now).await.0.entries.len(), 1);
    house.close().await;
}

#[test]
fn a_list_of_feeds_becomes_sources_that_are_valid_and_keep_their_keys() {
    let desk =
        Desk::new("[[source]]\nkey = \"taken\"\nkind = \"feed\"\nurl = \"https://own.example/feed\"\n");
    let list = "<?xml version='1.0'?><OPML version='1.1'><head><title>t</title></head><BODY>\
        <outline text='邮政'><outline TEXT='江西局' TYPE='rss' XMLURL='https://jx.example/feed.xml?a=1&b=2'/>\
        <outline title='The &amp; News' xmlUrl='https://news.example/rss' language='en'/></outline>\
        <outline xmlUrl='https://untitled.example/atom'/>\
        <outline text='Taken' xmlUrl='https://other.example/feed'/><outline text='own' xmlUrl='http://own.example/feed'/>\
        <outline text='The News' xmlUrl='https://news2.example/rss'/>\
        <outline text='bad' xmlUrl='ftp://bad.example/'/><outline text='empty group'/></BODY></OPML>";
    fs::write(desk.path("feeds.opml"), list).unwrap();
    let done = desk.run(&["import", "feeds.opml"], b"");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.err.contains("`ftp://bad.example/` is no address"), "{done:?}");
    assert!(done.out.contains("# 邮政\n") && done.out.contains("is there already, as `taken`"), "{done:?}");
    let read = |text: &str| -> BTreeMap<String, String> {
        let table: toml::Table = text.parse().unwrap();
        let sources = table["source"].as_array().unwrap().iter();
        let field = |source: &toml::Value, name: &str| source[name].as_str().unwrap().to_owned();
        sources.map(|source| (field(source, "url"), field(source, "key"))).collect()
    };
    let keys = read(&done.out);
    let distinct: BTreeSet<&String> = keys.values().collect();
    assert_eq!((keys.len(), distinct.len()), (5, 5), "{keys:?}");
    assert_eq!(keys["https://jx.example/feed.xml?a=1&b=2"], "jx-example-feed-xml");
    assert_eq!(keys["https://untitled.example/atom"], "untitled-example");
    assert!(keys["https://other.example/feed"].starts_with("taken-"), "{keys:?}");
    // In another order and with another feed, the keys are the same.
    let other = "<opml><body><outline xmlUrl='https://untitled.example/atom'/><outline text='new' xmlUrl='https://new.example/'/>\
        <outline text='江西局' xmlUrl='https://jx.example/feed.xml?a=1&amp;b=2'/></body></opml>";
    let done = desk.run(&["import", "-"], other.as_bytes());
    let again = read(&done.out);
    for url in ["https://untitled.example/atom", "https://jx.example/feed.xml?a=1&b=2"] {
        assert_eq!(again[url], keys[url]);
    }
    let done = desk.run(&["import", "feeds.opml", "--output", "feeds.toml"], b"");
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{done:?}");
    let config = format!("sources = [\"feeds.toml\"]\n{}", desk.config);
    fs::write(desk.path("dibao.toml"), config).unwrap();
    let done = desk.run(&["config", "check"], b"");
    assert!(done.code == 0 && done.out.contains("6 sources"), "{done:?}");
    assert_eq!(
        desk.run(&["import", "feeds.opml", "--output", "feeds.toml"], b"").code,
        2,
        "no file is overwritten"
    );
    assert_eq!(desk.run(&["import", "-", "--kind", "opml"], b"<rss/>").code, 2);
    assert!(!desk.path("test.db").exists(), "sources are printed, not stored");
}

#[test]
fn a_saved_page_is_read_by_the_rules_of_its_source() {
    let desk = Desk::new(
        "[[source]]\nkey = \"jx\"\nname = \"江西省邮政管理局\"\nkind = \"list\"\nurl = \"https://jx.example/list/\"\n\
        bureau = \"CN-JX\"\nrole = \"primary\"\n[source.article]\ntitle = \".headline\"\nbody = \".words\"\ndate = \".when\"\n",
    );
    let page = "<html><body><h1>某网站</h1><p class=headline>江西局部署寄递安全工作</p><p class=when>时间：2026-11-03 09:30</p>\
        <div class=words><p>近日，江西省邮政管理局部署寄递安全工作，要求各企业落实收寄验视、实名收寄、过机安检三项制度。</p></div></body></html>";
    fs::write(desk.path("page.html"), page).unwrap();
    let saved = ["import", "page.html", "--source", "jx", "--seen", "2026-11-03T10:00:00+08:00"];
    let done = desk.run(&saved, b"");
    assert!(done.code == 2 && done.err.contains("--url"), "{done:?}");
    let done = desk.run(&[&saved[..], &["--url", "https://jx.example/art/1.html"]].concat(), b"");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.err.contains("read as article"), "{done:?}");
    let found = desk.exported().pop().unwrap();
    for (field, expected) in [
        ("title", "江西局部署寄递安全工作"),
        ("published", "2026-11-03T09:30:00+08:00"),
        ("published_precision", "minute"),
        ("seen", "2026-11-03T10:00:00+08:00"),
        ("url", "https://jx.example/art/1.html"),
        ("bureau", "江西省邮政管理局"),
        ("role", "primary"),
        ("source_name", "江西省邮政管理局"),
    ] {
        assert_eq!(found[field], expected, "{field}");
    }
    let rows: String = (1..9)
        .map(|n| format!("<li><a href=\"/art/{n}.html\">江西局部署第{n}项寄递安全工作</a><span>2026-11-0{n}</span></li>"))
        .collect();
    let list = format!("<html><body><ul>{rows}</ul></body></html>");
    let saved = ["import", "-", "--source", "jx", "--url", "https://jx.example/list/"];
    let done = desk.run(&saved, list.as_bytes());
    assert!(done.code == 2 && done.err.contains("a list of 8 articles"), "{done:?}");
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
