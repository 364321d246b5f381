//! Times the search over 100,000 stories: taking them into the index, and what a request takes, by kind of query.
//!
//! `cargo run --release --example bench_search [FILE [STORIES]]`; FILE is filled once and used again.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{body::Body, http::Request};
use dibao::{
    clock,
    config::{Config, Origins},
    model::{Bureau, Entry, Precision, Published, Region, Role, Timestamp},
    poll::ingest::{self, Item, Step},
    search::Query,
    serve::api::{Api, routes},
    store::{Search, Store},
};
use tower::ServiceExt;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Stories, unless another number is given.
const N_STORIES: usize = 100_000;
/// Entries of one transaction, as when polling.
const BATCH: usize = 20;
/// Times that each query is asked.
const ROUNDS: usize = 200;
/// Words of which titles and texts are made; the first are the most frequent.
const WORDS: &str = "快递 邮政 安全 企业 服务 管理 工作 会议 寄递 检查 全省 行业 发展 要求 部署 组织 开展 农村 物流 生产 绿色 包装 监管 执法 \
    进村 网点 从业 人员 培训 旺季 保障 党建 学习 贯彻 精神 消费者 申诉 投诉 处理 时限 无人机 自动化 分拣 中心 投递 末端 驿站 合作社 特产 柑橘 茶叶 \
    生鲜 冷链 跨境 国际 航空 铁路 高铁 口岸 保税 电商 直播 数据 隐私 面单 实名 收寄 验视 过机 安检 禁寄 危险 化学品 消防 隐患 整改 约谈 处罚 许可 备案 \
    统计 增长 同比 业务量 收入 亿件 万件 标准 规范 试点 示范 评选 表彰 工会 权益 保险 住房 子女 入学 体检 慰问 高温 台风 暴雨 冰雪 应急 演练 预案 邮票 集邮 \
    机要 普遍 乡镇 建制村 雨林 藏区 草原 海岛 边防 湿地 古驿 长城";
/// Sentences of a text.
const N_SENTENCES: usize = 30;
/// Words of a sentence, at most.
const SENTENCE_WORDS: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir()?;
    let path = arguments.next().map_or_else(|| folder.path().join("search.db"), PathBuf::from);
    let n_stories = arguments.next().map_or(Ok(N_STORIES), |n| n.parse())?;
    let config = config(&path)?;
    let store = Store::open(&path, clock::now()).await?;
    fill(&store, &config, n_stories).await?;
    index(&store, &path).await?;
    println!("\n{:<26} {:>7} {:>9} {:>9} {:>9}", "query, ms", "found", "median", "p99", "max");
    for (text, label) in [
        ("快递", None),
        ("湿地", None),
        ("村", None),
        ("快递进村", None),
        ("\"安全生产\"", None),
        ("快递 安全 企业", None),
        ("快递 -邮政", None),
        ("企业快递邮政安全", None),
        ("长城 湿地 古驿", None),
        ("快递", Some("region:CN-JX")),
        ("从未出现的词语", None),
    ] {
        time_store(&store, text, label).await?;
    }
    let (_count, counted) = tokio::sync::watch::channel(0);
    let router = routes(Api::new(config, store.clone(), url::Url::parse("https://feeds.example/")?, counted));
    println!("\n{:<26} {:>7} {:>9} {:>9} {:>9}", "request, ms", "kB", "median", "p99", "max");
    for path in [
        "/api/v1/stories?limit=20&q=快递",
        "/api/v1/stories?limit=20&order=best&q=快递",
        "/api/v1/stories?limit=20&order=best&q=快递进村",
        "/api/v1/stories?limit=20&region=CN-JX&q=安全",
        "/api/v1/stories?limit=20",
        "/api/v1/entries?limit=100",
        "/api/v1/entries?limit=100&q=湿地",
        "/api/v1/sources",
    ] {
        let mut n_bytes = 0;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let request = Request::get(encoded(path)).body(Body::empty())?;
            let started = Instant::now();
            let response = router.clone().oneshot(request).await?;
            assert!(response.status().is_success(), "{path}: {}", response.status());
            n_bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await?.len();
            times.push(started.elapsed());
        }
        print_times(path.trim_start_matches("/api/v1/"), n_bytes / 1_000, times);
    }
    store.close().await;
    Ok(())
}

fn config(path: &Path) -> Result<Arc<Config>> {
    let text =
        "defaults = false\n[[source]]\nkey = \"jx\"\nkind = \"feed\"\nurl = \"https://jx.example.cn/feed\"\n";
    let env = vec![("DIBAO_STORE_URL".to_owned(), format!("sqlite:{}", path.display()))];
    let origins = Origins { file: None, text: Some(("bench".into(), text.into())), env };
    Ok(Arc::new(Config::load(&origins)?))
}

/// Writes stories of which no two tell the same, by the way that every entry goes.
async fn fill(store: &Store, config: &Config, n_stories: usize) -> Result<()> {
    let held = usize::try_from(store.counts().await?.entries)?;
    let source = config.source("jx").ok_or("no source")?;
    let started = Instant::now();
    let now = clock::now();
    let mut random = fastrand::Rng::with_seed(u64::try_from(held)?);
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    for first in (held..n_stories).step_by(BATCH) {
        let steps = (first..(first + BATCH).min(n_stories))
            .map(|n| Step::Entry(Box::new(item(n, n_stories, &words, &mut random, now))))
            .collect();
        ingest::write(store, config, source, steps, now).await?;
    }
    println!(
        "{} entries, {} more in {:.0} s",
        n_stories,
        n_stories.saturating_sub(held),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

fn item(n: usize, of: usize, words: &[&str], random: &mut fastrand::Rng, now: Timestamp) -> Item {
    let title = sentence(words, random);
    let text: Vec<String> = (0..N_SENTENCES).map(|_| sentence(words, random)).collect();
    let text = format!("{n}号。{}。", text.join("，"));
    let age = Duration::from_mins(u64::try_from(of - n).unwrap_or_default() * 5);
    let code = ["CN-JX", "CN-ZJ", "CN-GD", "CN-SX", "CN-HB", "CN-CQ"][n % 6];
    let region = Region::parse(code);
    let entry = Entry {
        source: dibao::model::SourceKey::parse("jx").unwrap_or_else(|_| unreachable!("a valid key")),
        source_entry_id: n.to_string(),
        url: format!("https://jx.example.cn/{n}"),
        canonical_url: None,
        title,
        published: Some(Published { at: now.checked_sub(age).unwrap_or(now), precision: Precision::Second }),
        updated_at: None,
        bureau: region
            .clone()
            .map(|region| Bureau { name: format!("{code}邮政管理局"), region: Some(region) }),
        region,
        role: Role::Primary,
        topics: vec![["safety", "rural-delivery", "party-building"][n % 3].to_owned()],
        content_html: format!("<p>{text}</p>"),
        content_text: text,
        summary: None,
        enclosures: Vec::new(),
        language: "zh-CN".into(),
        upstream_id: None,
    };
    Item { entry, row_hash: None, row: None, is_backlog: true, ends_pending: false }
}

/// Words one after another, the frequent ones more often: as common as 1/rank.
fn sentence(words: &[&str], random: &mut fastrand::Rng) -> String {
    let n_words = random.usize(4..=SENTENCE_WORDS);
    (0..n_words)
        .map(|_| {
            let skewed = f64::from(u32::try_from(words.len()).unwrap_or(1)).powf(random.f64());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small number of at least 1"
            )]
            let rank = skewed as usize - 1;
            words.get(rank).copied().unwrap_or_default()
        })
        .collect()
}

async fn index(store: &Store, path: &Path) -> Result<()> {
    let before = size(path);
    let mut slowest = Duration::ZERO;
    let (started, mut n_stories) = (Instant::now(), 0);
    loop {
        let step = Instant::now();
        let n = store.index_next(50).await?;
        slowest = slowest.max(step.elapsed());
        n_stories += n;
        if n == 0 {
            break;
        }
    }
    let took = started.elapsed().as_secs_f64();
    println!(
        "{n_stories} taken into the index in {took:.1} s, the slowest 50 in {} ms; file {:.0} MB, {:.0} MB before",
        slowest.as_millis(),
        megabytes(size(path)),
        megabytes(before)
    );
    Ok(())
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn megabytes(n_bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let megabytes = n_bytes as f64 / 1e6;
    megabytes
}

/// A page of the newest, and the best.
async fn time_store(store: &Store, text: &str, label: Option<&str>) -> Result<()> {
    let labels = label.into_iter().map(|label| vec![label.to_owned()]).collect();
    let search = Search { query: Query::parse(text), labels, ..Search::default() };
    for is_best in [false, true] {
        let (mut times, mut n_found) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let found = if is_best {
                store.search_best(&search).await?
            } else {
                store.search(&search, None, 20).await?
            };
            times.push(started.elapsed());
            n_found = found.len();
        }
        let order = if is_best { "best" } else { "newest" };
        print_times(&format!("{text} {} {order}", label.unwrap_or_default()), n_found, times);
    }
    Ok(())
}

fn print_times(name: &str, n: usize, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |at: usize| times.get(at.min(times.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    println!(
        "{name:<26} {n:>7} {:>9.2} {:>9.2} {:>9.2}",
        ms(times.len() / 2),
        ms(times.len() * 99 / 100),
        ms(times.len())
    );
}

/// Characters beyond ASCII, percent-encoded.
fn encoded(path: &str) -> String {
    let byte = |b: u8| if b.is_ascii() { char::from(b).to_string() } else { format!("%{b:02X}") };
    path.bytes().map(byte).collect::<Vec<_>>().concat()
}
