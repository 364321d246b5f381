//! What is old leaves, and is known for ever: nothing of it is shown, and nothing of it is announced again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use dibao::{
    daemon::{Publisher, tidy},
    dedup::Rule,
    model::{AtomId, CanonicalUrl, Entry, Precision, Published, Region, Role, SourceKey, Timestamp},
    poll::ingest::{self, Item, Step, Tally},
    press::Press,
    rulings::{Target, explain},
    serve,
    store::{Progress, Standing, Store},
};
use sqlx::sqlite::SqlitePool;
use tempfile::TempDir;
use tower::ServiceExt;
use url::Url;

use crate::support::{
    client::Client,
    house::{config, settings},
    stock::{Stock, at},
};

const SPRING: &str = "2026-03-02T02:00:00Z";
const NOW: &str = "2026-11-24T02:00:00Z";
/// Texts of different events.
const TEXTS: [&str; 4] = [
    "全省建制村快递服务覆盖率达到九成，农村电商与末端站点网络同步延伸，办公会议部署旺季安全与运力保障，要求各市州月底前完成自查并上报整改清单。",
    "会议通报十起寄递安全事故，要求企业落实主体责任，三十日内完成整改，逾期未改的依法从重处罚并向社会公开曝光，接受群众监督。",
    "新标准对快递包装的重金属含量作出限制，二〇二七年一月起施行，生产企业应当建立台账，监管部门每季度抽检一次并公布结果。",
    "党支部书记领学全会精神，党员代表作交流发言，并就快递行业党建、快递员权益保障和职业技能培训提出七条具体意见建议。",
];

/// An entry, by what it is known by.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    source: &'a str,
    id: &'a str,
    url: &'a str,
    title: &'a str,
    text: &'a str,
    region: &'a str,
    upstream_id: Option<&'a str>,
    at: &'a str,
}

const OLD: Said<'static> = Said {
    source: "jx",
    id: "1",
    url: "https://jx.example.cn/1",
    title: "江西快递进村覆盖率达到九成",
    text: TEXTS[0],
    region: "CN-JX",
    upstream_id: None,
    at: SPRING,
};
const NEW: Said<'static> = Said {
    source: "sx",
    id: "1",
    url: "https://sx.example.cn/1",
    title: "山西召开安全生产视频会议",
    text: TEXTS[1],
    region: "CN-SX",
    upstream_id: None,
    at: NOW,
};

fn entry(said: &Said) -> Entry {
    Entry {
        source: SourceKey::parse(said.source).unwrap(),
        source_entry_id: said.id.into(),
        url: said.url.into(),
        canonical_url: CanonicalUrl::parse(said.url),
        title: said.title.into(),
        published: Some(Published { at: at(said.at), precision: Precision::Second }),
        updated_at: None,
        bureau: None,
        region: Region::parse(said.region),
        role: Role::Primary,
        topics: Vec::new(),
        content_html: format!("<p>{}</p>", said.text),
        content_text: said.text.into(),
        summary: None,
        enclosures: Vec::new(),
        language: "zh-CN".into(),
        upstream_id: said.upstream_id.map(Into::into),
    }
}

/// A store whose feed holds one story, and whose texts are kept for a while.
struct Shelf {
    stock: Stock,
    progress: Progress,
}

impl Shelf {
    async fn open(folder: &TempDir, retention: &str) -> Self {
        let sources: String = ["jx", "sx", "net"]
            .map(|key| {
                format!(
                    "[[source]]\nkey = \"{key}\"\nkind = \"feed\"\nurl = \"https://{key}.example.cn/feed\"\n"
                )
            })
            .concat();
        let more =
            format!("[feed]\nwindow = 1\nwindow_age = \"1h\"\n[retention]\nentries = \"{retention}\"\n");
        let config = config(folder, &settings(&format!("{more}{sources}")));
        let store = Store::open(&config.store_path, at(SPRING)).await.unwrap();
        Self { stock: Stock { config, store }, progress: Progress::default() }
    }

    /// A store with an old story and a new one, tidied today.
    async fn tidied(folder: &TempDir, retention: &str) -> Self {
        let mut shelf = Self::open(folder, retention).await;
        shelf.say(&[OLD], at(SPRING)).await;
        shelf.say(&[NEW], at(NOW)).await;
        shelf.stock.index().await;
        shelf.tidy(at(NOW)).await;
        shelf
    }

    async fn say(&self, said: &[Said<'_>], now: Timestamp) -> Tally {
        let source = self.stock.config.source(said[0].source).unwrap();
        let item = |said: &Said| Item {
            entry: entry(said),
            row_hash: None,
            row: None,
            is_backlog: false,
            ends_pending: false,
        };
        let steps = said.iter().map(|said| Step::Entry(Box::new(item(said)))).collect();
        ingest::write(&self.stock.store, &self.stock.config, source, steps, now).await.unwrap()
    }

    async fn tidy(&mut self, now: Timestamp) {
        tidy(&self.stock.config, &self.stock.store, &mut self.progress, now).await.unwrap();
    }

    /// What is served after a restart.
    async fn served(&self) -> Router {
        let base = Url::parse("https://feeds.example/").unwrap();
        let press = Arc::new(Press::new(Arc::clone(&self.stock.config), self.stock.store.clone(), base));
        Publisher::new(Arc::clone(&press)).render_if_changed(at(NOW)).await.unwrap();
        serve::public(press)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(serve::Peer("192.0.2.1".parse().unwrap()));
        let answer = self.served().await.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 24).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// The feeds and the state of the store, as far as readers can tell.
    async fn seen(&self) -> (i64, Vec<String>) {
        let mut bodies = Vec::new();
        for path in
            ["/feed.atom", "/feed.rss", "/feed.json", "/sources/net/feed.atom", "/regions/CN-JX/feed.atom"]
        {
            bodies.push(self.get(path).await.1);
        }
        self.stock.index().await;
        bodies.push(format!("{:?}", Client::of(&self.stock).json("/api/v1/stories").await["items"]));
        (self.stock.store.feed_state().await.unwrap().change_seq, bodies)
    }

    /// Rows of the database.
    async fn ask<T>(&self, query: &'static str) -> Vec<T>
    where
        T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>,
    {
        let path = format!("sqlite:{}", self.stock.store.path().display());
        let pool = SqlitePool::connect(&path).await.unwrap();
        let rows = sqlx::query_as(query).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows
    }

    async fn number(&self, query: &'static str) -> i64 {
        self.ask::<(i64,)>(query).await[0].0
    }

    async fn n_stories(&self) -> i64 {
        self.number("SELECT (SELECT count(*) FROM story) + (SELECT count(*) FROM old_story)").await
    }

    async fn story_of(&self, said: &Said<'_>) -> String {
        let client = Client::of(&self.stock);
        let items = client.json("/api/v1/stories?limit=100").await["items"].clone();
        let items = items.as_array().unwrap();
        let found = items.iter().find(|item| item["title"] == said.title).unwrap();
        found["story"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn an_old_story_is_shown_nowhere_and_its_page_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = Shelf::tidied(&folder, "10y").await;
    let short = AtomId(shelf.story_of(&OLD).await).short();
    let page = format!("/stories/{short}");
    for path in [page.as_str(), "/archive/2026/03.atom", "/daily/2026-03-02", "/sources/jx/feed.atom"] {
        let (status, text) = shelf.get(path).await;
        assert!(status == 200 && text.contains(OLD.title), "{path}: {status} {text}");
    }
    let client = Client::of(&shelf.stock);
    let (_, cursor) = client.changes("", None).await;
    let feed = shelf.get("/feed.atom").await;
    let before = shelf.stock.store.feed_state().await.unwrap();

    let stock = shelf.stock;
    stock.store.close().await;
    shelf = Shelf::open(&folder, "90d").await;
    shelf.tidy(at(NOW)).await;
    let client = Client::of(&shelf.stock);
    assert_eq!(shelf.get("/feed.atom").await, feed, "who left by age is no change");
    assert_eq!(shelf.stock.store.feed_state().await.unwrap(), before);
    for path in ["/archive/2026/03.atom", "/daily/2026-03-02"] {
        assert_eq!(shelf.get(path).await.0, 404, "{path}");
    }
    for path in
        ["/sources/jx/feed.atom", "/regions/CN-JX/feed.rss", "/search?q=%E8%BF%9B%E6%9D%91", "/daily", "/"]
    {
        let (status, text) = shelf.get(path).await;
        assert!(status == 200 && !text.contains(OLD.title), "{path}: {status} {text}");
    }
    assert!(!shelf.get("/archive/2026/11.atom").await.1.contains("prev-archive"));
    let (status, text) = shelf.get(&page).await;
    assert_eq!(status, 410);
    for part in ["已过保存期", OLD.title, "href=\"https://jx.example.cn/1\"", "2026-03-02T10:00:00+08:00"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, english) = shelf.get(&format!("{page}?lang=en")).await;
    assert!(english.contains("no longer kept here"), "{english}");

    let one = client.get(&format!("/api/v1/stories/{short}")).await;
    assert_eq!((one.status.as_u16(), one.problem().as_str()), (410, "story-expired"));
    assert_eq!(one.json()["story"]["reason"], "expired");
    for query in ["", "?q=进村", "?region=CN-JX", "?source=jx"] {
        let items = client.json(&format!("/api/v1/stories{query}")).await["items"].clone();
        assert!(items.as_array().unwrap().iter().all(|item| item["title"] != OLD.title), "{query}");
    }
    let (items, _) = client.changes("", Some(&cursor)).await;
    assert_eq!(items, [serde_json::Value::Null; 0], "leaving by age is no deletion");
    assert_eq!(client.changes("", None).await.0.len(), 1);
    let refused = Target::find(&shelf.stock.store, OLD.url).await.unwrap_err().to_string();
    assert!(refused.contains(OLD.title) && refused.contains("retention.entries"), "{refused}");
}

#[tokio::test]
async fn what_the_feed_holds_stays_whole_however_old_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = Shelf::open(&folder, "1d").await;
    shelf.say(&[OLD], at(SPRING)).await;
    shelf.tidy(at(NOW)).await;
    assert!(shelf.get("/feed.atom").await.1.contains(OLD.title));
    assert_eq!(shelf.number("SELECT count(*) FROM old_story").await, 0);
}

/// Ways in which an old story comes again.
fn ways() -> Vec<(&'static str, Said<'static>)> {
    let other_text = TEXTS[2];
    vec![
        ("under its id, unchanged", OLD),
        ("at its source and address under another id", Said { id: "uuid-9", at: NOW, ..OLD }),
        (
            "under http and www",
            Said { id: "2", url: "http://www.jx.example.cn/1?utm_source=x", at: NOW, ..OLD },
        ),
        (
            "from another source, its address, title, other words",
            Said { source: "net", id: "7", text: other_text, region: "", at: NOW, ..OLD },
        ),
        (
            "from another source, its address, text, another title",
            Said {
                source: "net", id: "8", title: "快递进村覆盖九成建制村", region: "", at: NOW, ..OLD
            },
        ),
        (
            "from another source, its text and title",
            Said { source: "net", id: "9", url: "https://net.example.cn/9", region: "", at: NOW, ..OLD },
        ),
        ("with its own date", Said { source: "net", id: "10", url: "https://net.example.cn/10", ..OLD }),
    ]
}

#[tokio::test]
async fn an_old_story_that_comes_again_in_any_way_is_no_news() {
    for (kept, is_whole) in [("10y", true), ("90d", false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::tidied(&folder, kept).await;
        assert_eq!(shelf.number("SELECT count(*) FROM old_story").await, i64::from(!is_whole));
        assert_eq!(shelf.number("SELECT count(*) FROM feature").await, 1, "what is compared has left");
        let before = shelf.seen().await;
        let later = at("2026-11-24T03:00:00Z");
        for (way, said) in ways() {
            shelf.say(&[said], later).await;
            assert!(shelf.seen().await == before, "{way}, {kept}");
            assert_eq!(shelf.n_stories().await, 2, "{way}, {kept}");
            // It is known now.
            let tally = shelf.say(&[said], later).await;
            assert_eq!((tally.n_new, tally.n_unchanged), (0, 1), "{way}, {kept}");
        }
        // All at once, and after another run.
        shelf.tidy(later).await;
        let together: Vec<Said> =
            ways().into_iter().filter(|(_, said)| said.source == "net").map(|(_, said)| said).collect();
        let again: Vec<String> = (0..together.len()).map(|n| format!("n{n}")).collect();
        let together: Vec<Said> =
            together.iter().zip(&again).map(|(said, id)| Said { id, ..*said }).collect();
        shelf.say(&together, later).await;
        assert!(shelf.seen().await == before && shelf.n_stories().await == 2, "{kept}");
    }
}

#[tokio::test]
async fn an_old_story_that_is_corrected_at_its_source_is_no_news_once_it_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::tidied(&folder, "90d").await;
    let before = shelf.seen().await;
    let tally = shelf.say(&[Said { text: TEXTS[3], title: "更正", ..OLD }], at(NOW)).await;
    assert_eq!((tally.n_updated, tally.n_unchanged), (0, 1));
    assert!(shelf.seen().await == before);
}

#[tokio::test]
async fn what_shares_one_thing_with_an_old_story_is_news() {
    for kept in ["10y", "90d"] {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::tidied(&folder, kept).await;
        let check = async |why: &str, said: Said<'_>| {
            let before = shelf.n_stories().await;
            shelf.say(&[said], at(NOW)).await;
            assert_eq!(shelf.n_stories().await, before + 1, "{why}, {kept}");
        };
        let far = Said { source: "net", url: "https://net.example.cn/9", at: NOW, region: "", ..OLD };
        check("a weekly notice has the title of the last", Said { id: "1", text: TEXTS[3], ..far }).await;
        check(
            "a page used again has another article",
            Said { id: "2", url: OLD.url, title: "新标准发布", text: TEXTS[2], ..far },
        )
        .await;
        check(
            "another province's same notice",
            Said { id: "3", region: "CN-HB", url: "https://net.example.cn/3", ..far },
        )
        .await;
    }
}

#[tokio::test]
async fn a_late_copy_is_explained_and_shown_when_no_other_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::tidied(&folder, "10y").await;
    let (_, said) = ways().remove(5);
    shelf.say(&[said], at(NOW)).await;
    let store = &shelf.stock.store;
    let found = Target::find(store, said.url).await.unwrap().story(said.url).unwrap();
    let account = explain(store, &shelf.stock.config, found, at(NOW)).await.unwrap().unwrap();
    let copy = account.copies.iter().find(|copy| copy.entry.url == said.url).unwrap();
    assert_eq!((copy.rule, copy.shown), (Some(Rule::Again), None));
    assert_eq!(copy.matched.as_ref().unwrap().seen.words(), "the same title and text");
    let of_story = || async {
        Client::of(&shelf.stock).json(&format!("/api/v1/stories/{}", account.story.atom_id.short())).await
    };
    assert_eq!(of_story().await["copies"].as_array().unwrap().len(), 0);
    shelf.stock.withdraw("jx", &["1"], at(NOW)).await;
    let shown = of_story().await;
    assert_eq!((shown["url"].as_str().unwrap(), shown["rule"].as_str().unwrap()), (said.url, "again"));
}

#[tokio::test]
async fn being_told_again_keeps_no_story() {
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = Shelf::tidied(&folder, "10y").await;
    shelf.say(&[ways().remove(5).1], at(NOW)).await;
    shelf.stock.store.close().await;
    shelf = Shelf::open(&folder, "90d").await;
    shelf.tidy(at(NOW)).await;
    assert_eq!(shelf.number("SELECT count(*) FROM old_entry").await, 2);
    assert_eq!(shelf.number("SELECT count(*) FROM old_story").await, 1);
}

#[tokio::test]
async fn a_story_within_the_window_is_known_by_its_words_when_its_text_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = Shelf::open(&folder, "5d").await;
    let told = Said { at: "2026-11-14T02:00:00Z", ..OLD };
    shelf.say(&[told], at("2026-11-14T02:00:00Z")).await;
    shelf.say(&[NEW], at(NOW)).await;
    shelf.tidy(at(NOW)).await;
    assert_eq!(shelf.number("SELECT count(*) FROM old_story").await, 1);
    let before = shelf.seen().await;
    let shortened = &told.text[..told.text.len() * 3 / 4 / 3 * 3];
    let retold =
        Said { source: "net", id: "4", url: "https://net.example.cn/4", text: shortened, region: "", ..told };
    shelf.say(&[retold], at(NOW)).await;
    assert!(shelf.seen().await == before && shelf.n_stories().await == 2);
    assert_eq!(shelf.number("SELECT count(*) FROM old_entry").await, 2);
}

#[tokio::test]
async fn an_id_stays_taken_and_old_links_lead_to_what_is_said_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = Shelf::open(&folder, "90d").await;
    let named = Said { upstream_id: Some("urn:x-test:one"), ..OLD };
    shelf.say(&[named], at(SPRING)).await;
    let other =
        Said {
            id: "2", url: "https://jx.example.cn/2", title: "另一件事情的报道", text: TEXTS[2], ..OLD
        };
    shelf.say(&[other], at(SPRING)).await;
    let (one, two) = (shelf.story_of(&named).await, shelf.story_of(&other).await);
    let ruler =
        dibao::rulings::Overruler { store: &shelf.stock.store, config: &shelf.stock.config, now: at(SPRING) };
    ruler.join(&one, &two, None).await.unwrap();
    shelf.say(&[NEW], at(NOW)).await;
    shelf.tidy(at(NOW)).await;
    assert_eq!(shelf.number("SELECT count(*) FROM old_story").await, 2);
    for id in [&one, &two] {
        let (status, text) = shelf.get(&format!("/stories/{}", AtomId(id.clone()).short())).await;
        assert!(status == 410 && text.contains(named.title), "{status} {text}");
        assert!(shelf.stock.store.old_story(id).await.unwrap().is_some());
    }
    // Another article under the upstream's id.
    let wrong = Said {
        source: "net",
        text: TEXTS[3],
        title: "快递行业党建意见",
        url: "https://net.example.cn/1",
        at: NOW,
        ..named
    };
    shelf.say(&[wrong], at(NOW)).await;
    assert_ne!(shelf.story_of(&wrong).await, "urn:x-test:one");
}

#[tokio::test]
async fn what_a_source_gave_before_it_changed_its_ids_is_known_after_it_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::tidied(&folder, "90d").await;
    let store = &shelf.stock.store;
    let familiar = store.familiar("jx").await.unwrap();
    assert_eq!(familiar.len(), 1);
    assert_eq!(familiar[0].title_key, OLD.title);
    assert_eq!(familiar[0].canonical_url, CanonicalUrl::parse(OLD.url));
    let before = shelf.seen().await;
    let attached = dibao::store::Attached {
        entry_id: familiar[0].what,
        source_entry_id: "new-id".into(),
        url: "https://new.example.cn/1".into(),
        canonical_url: CanonicalUrl::parse("https://new.example.cn/1"),
        row_hash: None,
        row: None,
    };
    let source = shelf.stock.config.source("jx").unwrap();
    ingest::write(store, &shelf.stock.config, source, vec![Step::Attached(attached)], at(NOW)).await.unwrap();
    for id in ["1", "new-id"] {
        let (known, _) = store.known_rows("jx", &[id]).await.unwrap();
        assert!(known[id].is_old, "{id}");
    }
    assert!(shelf.seen().await == before);
}

/// Whatever happens, an id that was given once is there, is given to no other story, and its rows are whole.
#[tokio::test]
async fn no_story_ever_loses_its_id() {
    for seed in 0..4 {
        let mut random = fastrand::Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::open(&folder, "20d").await;
        let mut now = at(SPRING);
        let mut known: BTreeMap<i64, String> = BTreeMap::new();
        for _ in 0..60 {
            now = now.checked_add(Duration::from_hours(random.u64(1..200))).unwrap();
            let date = now.to_string();
            let (n, other) = (random.usize(0..12), random.usize(0..4));
            let (id, url) = (n.to_string(), format!("https://x.example.cn/{}", random.usize(0..12)));
            let title = format!("第{n}件事情的公开报道");
            let said = Said {
                source: ["jx", "sx", "net"][random.usize(0..3)],
                id: &id,
                url: &url,
                title: &title,
                text: TEXTS[other],
                region: "",
                upstream_id: Some("urn:x-test:same").filter(|_| random.usize(0..5) == 0),
                at: &date,
            };
            match random.usize(0..8) {
                0 | 1 => shelf.tidy(now).await,
                2 => shelf.stock.withdraw(said.source, &[said.id], now).await,
                _ => {
                    shelf.say(&[said], now).await;
                }
            }
            let stories: Vec<(i64, String)> =
                shelf.ask("SELECT id, atom_id FROM story UNION ALL SELECT id, atom_id FROM old_story").await;
            let ids: BTreeSet<&String> = stories.iter().map(|(_, atom_id)| atom_id).collect();
            assert_eq!(ids.len(), stories.len(), "seed {seed}: an id stands twice");
            let stories: BTreeMap<i64, String> = stories.into_iter().collect();
            assert_eq!(stories.len(), ids_of(&stories), "seed {seed}: a number stands twice");
            for (id, atom_id) in &known {
                assert_eq!(stories.get(id), Some(atom_id), "seed {seed}");
            }
            known = stories;
            let lost = "SELECT (SELECT count(*) FROM entry WHERE story_id NOT IN (SELECT id FROM story)) \
                + (SELECT count(*) FROM old_entry WHERE story_id NOT IN (SELECT id FROM old_story)) \
                + (SELECT count(*) FROM story WHERE merged_into IS NULL AND canonical_id NOT IN (SELECT id FROM entry)) \
                + (SELECT count(*) FROM entry WHERE id IN (SELECT id FROM old_entry))";
            assert_eq!(shelf.number(lost).await, 0, "seed {seed}");
        }
        assert!(shelf.number("SELECT count(*) FROM old_story").await > 0, "seed {seed}");
        for atom_id in known.values() {
            let store = &shelf.stock.store;
            let is_there = match store.story_by(atom_id).await.unwrap() {
                Some(found) => matches!(
                    found.standing,
                    Standing::Live | Standing::Merged { .. } | Standing::Withdrawn { .. }
                ),
                None => store.old_story(atom_id).await.unwrap().is_some(),
            };
            assert!(is_there, "seed {seed}: {atom_id}");
        }
    }
}

fn ids_of(stories: &BTreeMap<i64, String>) -> usize {
    stories.values().collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn what_leaves_takes_little_room_and_leaves_it_to_others() {
    const N: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let mut shelf = Shelf::open(&folder, "90d").await;
    let long = TEXTS.concat().repeat(4);
    let fill = async |shelf: &Shelf, from: usize, now: &str| {
        for chunk in 0..N / 20 {
            let told: Vec<[String; 4]> = (0..20)
                .map(|n| {
                    let n = from + chunk * 20 + n;
                    let id = format!("gjyzj/c100015c100016/202603/{n:032x}.shtml");
                    let text = format!("{}{long}", format!("第{n}号通报").repeat(30));
                    [
                        id.clone(),
                        format!("https://www.example.gov.cn/{id}"),
                        format!("某省邮政管理局部署第{n}项重点工作任务"),
                        text,
                    ]
                })
                .collect();
            let said: Vec<Said> = told
                .iter()
                .map(|[id, url, title, text]| Said { id, url, title, text, at: now, ..OLD })
                .collect();
            shelf.say(&said, at(now)).await;
        }
    };
    fill(&shelf, 0, SPRING).await;
    shelf.say(&[NEW], at(NOW)).await;
    let pages = shelf.number("SELECT page_count FROM pragma_page_count").await;
    shelf.tidy(at(NOW)).await;
    let (entries, stories) = (
        shelf.number("SELECT count(*) FROM old_entry").await,
        shelf.number("SELECT count(*) FROM old_story").await,
    );
    assert_eq!(entries, i64::try_from(N).unwrap());
    let of_entries =
        shelf.number("SELECT sum(payload) FROM dbstat WHERE name LIKE 'old_entry%'").await / entries;
    let of_stories =
        shelf.number("SELECT sum(payload) FROM dbstat WHERE name LIKE 'old_story%'").await / stories;
    println!("{of_entries} bytes an entry, {of_stories} bytes a story, {stories} stories");
    assert!(of_entries < 350 && of_stories < 150, "{of_entries} {of_stories}");
    // Other texts take the room.
    fill(&shelf, N, NOW).await;
    let again = shelf.number("SELECT page_count FROM pragma_page_count").await;
    assert!(again < pages + pages / 5, "{pages} pages, then {again}");
}
