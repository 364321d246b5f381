//! `dibao export --format site`, run as a user runs it, and read as a web server and a browser read it.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use crate::exchange::{Desk, Done};

/// Where the site will be served, below a path of its own.
const BASE: &str = "https://news.example/post/";

const BUREAUS: [(&str, &str); 3] =
    [("jx", "江西省邮政管理局"), ("gd", "广东省邮政管理局"), ("zj", "浙江省邮政管理局")];

/// Subjects that have nothing in common, so that each is a story.
const SUBJECTS: [&str; 6] = [
    "快递进村服务站点覆盖全部建制村",
    "检查分拨中心消防通道与用电安全",
    "开展党纪学习教育主题党日活动",
    "推广可循环包装箱回收旧纸盒",
    "立案查处末端网点未按址投递案件",
    "公布前三季度业务量与收入统计",
];

/// A line of import; `day` of November, at `hour`.
fn line(bureau: usize, subject: usize, day: usize, hour: usize) -> String {
    let (source, name) = BUREAUS[bureau];
    let id = format!("{source}-{subject}-{day}");
    let title = format!("{name}{}（第{day}期）", SUBJECTS[subject]);
    let at = format!("2026-{:02}-{:02}T{hour:02}:00:00+08:00", 9 + day / 28, 1 + day % 28);
    let body = format!(
        "<p>{}，编号{id}。</p><p>{}</p>",
        SUBJECTS[subject],
        SUBJECTS[subject].repeat(2 + (day + bureau) % 5)
    );
    let line = json!({
        "source": source, "id": id, "url": format!("https://{source}.example/{id}.html"), "title": title,
        "published": at, "seen": at, "bureau": name, "content_html": body,
    });
    format!("{line}\n")
}

/// Some weeks of three bureaus.
fn weeks() -> String {
    let all = (0..BUREAUS.len()).flat_map(|bureau| {
        (0..SUBJECTS.len()).map(move |subject| line(bureau, subject, 9 * subject + 3 * bureau, 8 + bureau))
    });
    all.collect()
}

struct Site {
    desk: Desk,
    folder: PathBuf,
}

impl Site {
    fn new() -> Self {
        let desk = Desk::new("");
        let folder = desk.path("www").join("site");
        let site = Self { desk, folder };
        site.import(&weeks());
        site
    }

    fn import(&self, lines: &str) {
        let done = self.desk.run(&["import", "-", "--kind", "jsonl"], lines.as_bytes());
        assert_eq!(done.code, 0, "{done:?}");
    }

    fn run(&self) -> Done {
        let folder = self.folder.to_str().unwrap();
        self.desk.run(&["export", "--format", "site", folder, "--base-url", BASE, "--json"], b"")
    }

    /// Exports; documents, changed, removed and foreign.
    fn export(&self) -> [u64; 4] {
        let done = self.run();
        assert_eq!(done.code, 0, "{done:?}");
        let told: Value = serde_json::from_str(&done.out).unwrap();
        ["documents", "changed", "removed", "foreign"].map(|name| told[name].as_u64().unwrap())
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What a web server finds at a path: a file, or the index of a folder.
    fn found(&self, path: &str) -> Option<PathBuf> {
        let whole = self.folder.join(path);
        [whole.clone(), whole.join("index.html")].into_iter().find(|path| path.is_file())
    }

    /// All files, as paths below the folder.
    fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        walk(&self.folder, &mut |path| {
            files.insert(path.strip_prefix(&self.folder).unwrap().to_str().unwrap().to_owned());
        });
        files
    }

    /// What identifies a file to whoever copies or caches it.
    fn mark(&self, path: &str) -> (u64, i64) {
        let found = fs::metadata(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        (found.ino(), found.mtime())
    }

    /// Follows every link of every file; how many there were, and how many files were packed.
    fn crawl(&self) -> (usize, usize) {
        let (mut n_links, mut n_packed) = (0, 0);
        for file in self.files() {
            if let Some((plain, suffix)) =
                file.rsplit_once('.').filter(|(_, it)| ["gz", "br", "zst"].contains(it))
            {
                let path = self.folder.join(&file);
                assert_eq!(unpacked(&path, suffix), fs::read(self.folder.join(plain)).unwrap(), "{file}");
                n_packed += 1;
                continue;
            }
            n_links += self.follow(&file);
        }
        (n_links, n_packed)
    }

    /// Follows the links of a file, and sees that they lead to files by themselves: no query, nothing relative.
    fn follow(&self, file: &str) -> usize {
        let text = self.read(file);
        let links = links(&text);
        for link in &links {
            // A scheme of topics is a name, and stands for their list.
            let there = link.split('?').next().unwrap();
            assert!(self.found(there).is_some(), "{file} links to {link}");
            let asks = link.split_once('?').map_or("", |(_, query)| query);
            assert!(asks.is_empty() || asks.starts_with("until="), "{file} asks a file: {link}");
        }
        let relative = addresses(&text).find(|it| !it.contains("://") && !it.starts_with('#'));
        assert_eq!(relative, None, "{file} links to what depends on where it stands");
        for dynamic in ["search", "hub", "api/"] {
            assert!(!text.contains(&format!("{BASE}{dynamic}")), "{file} names {dynamic}");
        }
        links.len()
    }

    /// What lies beside the folder.
    fn beside(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.parent().unwrap()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn walk(folder: &Path, seen: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, seen) } else { seen(&path) }
    }
}

/// The addresses of ours that a document names.
fn links(text: &str) -> BTreeSet<String> {
    let text = text.replace("&amp;", "&");
    let rest = text.split(BASE).skip(1);
    let link = |rest: &str| {
        let end =
            rest.find(|c: char| "\"<>'\\".contains(c) || c.is_whitespace() || c == '#').unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    rest.map(link).collect()
}

/// Where the elements of a document lead, and what they show.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let after = |attribute: &'static str| text.split(attribute).skip(1);
    let values =
        [" href=\"", " src=\"", " action=\"", " xmlUrl=\"", " htmlUrl=\""].into_iter().flat_map(after);
    values.filter_map(|rest| rest.split('"').next())
}

fn unpacked(path: &Path, suffix: &str) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let mut plain = Vec::new();
    match suffix {
        "gz" => _ = flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut plain).unwrap(),
        "br" => _ = brotli::Decompressor::new(&*bytes, 4096).read_to_end(&mut plain).unwrap(),
        _ => plain = zstd::decode_all(&*bytes).unwrap(),
    }
    plain
}

#[test]
fn every_link_of_a_site_leads_to_one_of_its_files() {
    let site = Site::new();
    // More of one bureau than its page shows: what is older is found by its day.
    let more = (0..SUBJECTS.len()).flat_map(|subject| (50..60).map(move |day| line(0, subject, day, 8)));
    site.import(&more.collect::<String>());
    let [documents, changed, removed, foreign] = site.export();
    assert_eq!((documents, removed, foreign), (changed, 0, 0));
    let is_told = |page: &str| site.read(page).contains("快递进村服务站点覆盖全部建制村（第0期）");
    assert!(!is_told("sources/jx/index.html") && is_told("daily/2026-09-01/index.html"));
    let (n_links, n_packed) = site.crawl();
    assert!(n_links > 1_000 && n_packed > 200, "{n_links} links, {n_packed} packed");
    for path in [
        "",
        "en",
        "regions/CN-JX",
        "topics/safety",
        "sources/jx",
        "daily",
        "daily/2026-09-01",
        "opml",
        "404.html",
    ] {
        assert!(site.found(path).is_some(), "{path}");
    }
    assert!(site.read("en/index.html").contains("lang=\"en\""));
    assert!(site.read("index.html").contains(&format!("href=\"{BASE}en/\"")));
}

#[test]
fn the_feeds_of_a_site_hold_every_story_and_lead_through_their_history() {
    let site = Site::new();
    site.export();
    let mut titles = BTreeSet::new();
    let mut next = Some("feed.atom".to_owned());
    let mut n_documents = 0;
    while let Some(path) = next {
        let text = site.read(&path);
        let feed = feed_rs::parser::parse(text.as_bytes()).unwrap();
        let own = feed.links.iter().find(|link| link.rel.as_deref() == Some("self")).unwrap();
        assert_eq!(own.href, format!("{BASE}{path}"));
        assert!(!feed.links.iter().any(|link| link.rel.as_deref() == Some("hub")));
        titles.extend(feed.entries.into_iter().map(|entry| entry.title.unwrap().content));
        let before = feed.links.iter().find(|link| link.rel.as_deref() == Some("prev-archive"));
        next = before.map(|link| link.href.strip_prefix(BASE).unwrap().split('?').next().unwrap().to_owned());
        n_documents += 1;
    }
    assert_eq!(n_documents, 3, "the feed and two months");
    assert_eq!(titles.len(), BUREAUS.len() * SUBJECTS.len());
    for path in ["feed.rss", "feed.json", "regions/CN-GD/feed.rss", "sources/zj/feed.json", "daily.atom"] {
        assert!(!feed_rs::parser::parse(site.read(path).as_bytes()).unwrap().entries.is_empty(), "{path}");
    }
}

#[test]
fn what_did_not_change_is_the_same_file_and_what_did_is_later() {
    let site = Site::new();
    site.export();
    let files = site.files();
    let marks = |files: &BTreeSet<String>| {
        let ours = files.iter().filter(|path| !path.starts_with('.'));
        ours.map(|path| (path.clone(), site.mark(path))).collect::<Vec<_>>()
    };
    let before = marks(&files);
    assert_eq!(site.export()[1..], [0, 0, 0]);
    assert_eq!(marks(&site.files()), before);

    site.import(&line(0, 1, 27, 12).replace("jx-1-27", "jx-new").replace("检查分拨中心", "抽查转运车间"));
    let [_, changed, removed, _] = site.export();
    assert!(changed > 5 && changed < 60 && removed == 0, "{changed} changed, {removed} removed");
    let after: Vec<_> = marks(&files);
    let moved: Vec<&str> =
        before.iter().zip(&after).filter(|(a, b)| a != b).map(|((path, _), _)| path.as_str()).collect();
    for path in ["feed.atom", "feed.atom.gz", "index.html", "regions/CN-JX/feed.json", "archive/2026/09.rss"]
    {
        assert!(moved.contains(&path), "{path} is as before");
    }
    for path in ["regions/CN-GD/feed.atom", "archive/2026/10.atom", "style.css", "opml"] {
        assert!(!moved.contains(&path), "{path} was written again");
    }
    for ((path, (_, before)), (_, (_, after))) in before.iter().zip(&after) {
        assert!(!moved.contains(&path.as_str()) || after > before, "{path} changed under its old time");
    }
}

#[test]
fn a_folder_that_is_not_ours_is_refused_and_left_alone() {
    let site = Site::new();
    let check = |folder: &str, base: &[&str], words: &str| {
        let folder = site.desk.path(folder);
        let mut arguments = vec!["export", "--format", "site", folder.to_str().unwrap()];
        arguments.extend(base);
        let done = site.desk.run(&arguments, b"");
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.err.contains(words), "{words}: {}", done.err);
    };
    let base = ["--base-url", BASE];
    fs::create_dir(site.desk.path("photos")).unwrap();
    fs::write(site.desk.path("photos/a.jpg"), b"mine").unwrap();
    check("photos", &base, "what no export wrote");
    assert_eq!(fs::read(site.desk.path("photos/a.jpg")).unwrap(), b"mine");
    check("dibao.toml", &base, "not a folder");
    check("new", &[], "server.public_url");
    check("new", &["--base-url", "news.example"], "not an http or https address");
    let done = site.desk.run(&["export", "--format", "site"], b"");
    assert!(done.code == 2 && done.err.contains("DIR"), "{done:?}");
    let done = site.desk.run(&["export", "some/where"], b"");
    assert!(done.code == 2 && done.err.contains("--format site"), "{done:?}");
    // An empty folder can be no one's.
    fs::create_dir_all(&site.folder).unwrap();
    site.export();
}

#[test]
fn what_a_killed_export_left_is_removed_and_what_others_put_there_stays() {
    let site = Site::new();
    site.export();
    fs::create_dir_all(site.folder.join(".well-known")).unwrap();
    fs::write(site.folder.join(".well-known/proof"), b"certificate").unwrap();
    fs::write(site.folder.join("feed.atom.txt"), b"theirs").unwrap();
    for left in [".site.dibao-new/stories/x", ".site.dibao-old/y"] {
        let left = site.folder.parent().unwrap().join(left);
        fs::create_dir_all(left.parent().unwrap()).unwrap();
        fs::write(left, b"half").unwrap();
    }
    assert_eq!(site.export()[3], 2);
    assert_eq!(site.export()[3], 2);
    assert_eq!(site.read(".well-known/proof"), "certificate");
    assert_eq!(site.beside(), BTreeSet::from(["site".to_owned(), ".site.dibao-lock".to_owned()]));

    // A file that someone removed is written again; one that was spoiled too, once its story changes or all is new.
    fs::remove_file(site.folder.join("regions/CN-GD/feed.atom")).unwrap();
    assert_eq!(site.export()[1], 1);
    assert!(site.found("regions/CN-GD/feed.atom").is_some());

    // While one is at work another one waits for no one.
    let lock = fs::File::options().write(true).open(site.folder.parent().unwrap().join(".site.dibao-lock"));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    let done = site.run();
    assert!(done.code == 3 && done.err.contains("another export"), "{done:?}");
}

#[test]
fn a_reader_never_sees_half_a_site() {
    let site = Site::new();
    site.export();
    let stop = AtomicBool::new(false);
    let n_seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut n_seen = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                // A page, a feed, and what the page leads to.
                let story = links(&site.read("index.html")).into_iter().find(|it| it.starts_with("stories/"));
                assert!(site.found(&story.unwrap()).is_some());
                assert!(site.read("feed.atom").ends_with("</feed>\n"));
                n_seen += 1;
            }
            n_seen
        });
        for i in 0..3 {
            site.import(&line(1, 2, 40 + i, 9).replace("开展", ["举办", "组织", "召开"][i]));
            site.export();
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(n_seen > 20, "{n_seen}");
}

#[test]
fn the_page_of_a_story_that_joined_another_says_where_it_is_told_now() {
    let site = Site::new();
    site.export();
    let stories: BTreeSet<String> =
        links(&site.read("index.html")).into_iter().filter(|it| it.starts_with("stories/")).collect();
    let mut stories = stories.iter().map(|path| path.strip_prefix("stories/").unwrap());
    let (one, other) = (stories.next().unwrap(), stories.next().unwrap());
    let done = site.desk.run(&["join", one, other], b"");
    assert_eq!(done.code, 0, "{done:?}");
    site.export();
    let pages = [one, other].map(|it| site.read(&format!("stories/{it}/index.html")));
    let merged = pages.iter().zip([other, one]).find(|(page, _)| page.contains("已并入"));
    let (page, survivor) = merged.expect("one of them joined the other");
    assert!(links(page).contains(&format!("stories/{survivor}")), "{page}");
    site.crawl();
}
