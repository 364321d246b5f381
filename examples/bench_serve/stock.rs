//! A store to serve from: lines of entries, taken in by `dibao import`.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use dibao::{clock, model::Timestamp};

use super::{
    PORTS, Result,
    server::{Place, SERVING, pinned},
};

/// Time between two stories.
const PACE: Duration = Duration::from_mins(20);
/// Time between two that are imported while others read: all of them are news of the last two days.
const QUICK_PACE: Duration = Duration::from_secs(17);
/// Sentences of a text, and words of each.
const N_SENTENCES: usize = 30;
const N_WORDS: usize = 7;
const WORDS: &str = "快递 邮政 安全 企业 服务 管理 工作 会议 寄递 检查 全省 行业 发展 要求 部署 组织 开展 农村 物流 生产 绿色 包装 监管 执法 \
    网点 从业 人员 培训 旺季 保障 学习 精神 消费者 申诉 处理 时限 无人机 自动化 分拣 中心 投递 末端 驿站 合作社 柑橘 茶叶 冷链 跨境 国际 航空 铁路 口岸";
const REGIONS: &str =
    "BJ TJ HE SX NM LN JL HL SH JS ZJ AH FJ JX SD HA HB HN GD GX HI CQ SC GZ YN XZ SN GS QH NX XJ";
const TOPICS: &str = "safety rural-delivery universal-service service-quality rights party-building green technology enforcement \
    market statistics peak-season emergency network cross-border integration policy people";

/// Makes the configuration and a store with so many stories.
pub(super) fn fill(folder: &Path, dibao: &Path, n_stories: usize) -> Result<()> {
    let config = format!(
        "defaults = false\n[server]\nlisten = \"127.0.0.1:{}\"\nrenderings_per_minute = 0\n\
        [admin]\nlisten = \"127.0.0.1:{}\"\n[store]\nurl = \"sqlite:bench.db\"\n\
        [[source]]\nkey = \"bench\"\nkind = \"feed\"\nenabled = false\nurl = \"https://bench.example/feed\"\n",
        PORTS[0], PORTS[1]
    );
    std::fs::write(folder.join("dibao.toml"), config)?;
    write_lines(&folder.join("first.jsonl"), 0, n_stories, PACE)?;
    let started = std::time::Instant::now();
    let ended = import(Command::new(dibao), folder, "first.jsonl")?.wait()?;
    println!("{n_stories} entries imported in {:.0} s: {ended}", started.elapsed().as_secs_f64());
    if ended.success() { Ok(()) } else { Err("the import failed".into()) }
}

/// Starts to import further entries, on the core that serves.
pub(super) fn import_more(folder: &Path, dibao: &Path, n_stories: usize) -> Result<Child> {
    write_lines(&folder.join("more.jsonl"), 1_000_000, n_stories, QUICK_PACE)?;
    let mut command = pinned(SERVING, Place::Equal);
    command.arg(dibao);
    import(command, folder, "more.jsonl")
}

fn import(mut command: Command, folder: &Path, file: &str) -> Result<Child> {
    command.args(["import", file, "--config", "dibao.toml"]).current_dir(folder);
    Ok(command.stdout(Stdio::null()).spawn()?)
}

fn write_lines(path: &Path, first: usize, n_stories: usize, pace: Duration) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut random = fastrand::Rng::with_seed(u64::try_from(first)?);
    let now = clock::now();
    for n in 0..n_stories {
        let age = pace * u32::try_from(n_stories - n)?;
        let line = line(first + n, now.checked_sub(age)?, &mut random);
        writeln!(file, "{line}")?;
    }
    Ok(file.flush()?)
}

fn line(n: usize, at: Timestamp, random: &mut fastrand::Rng) -> serde_json::Value {
    let regions: Vec<&str> = REGIONS.split(' ').collect();
    let topics: Vec<&str> = TOPICS.split_whitespace().collect();
    let region = format!("CN-{}", regions[random.usize(..regions.len())]);
    let topic = topics[random.usize(..topics.len())];
    let text: Vec<String> = (0..N_SENTENCES).map(|_| sentence(random)).collect();
    serde_json::json!({
        "source": "bench", "id": n.to_string(), "url": format!("https://bench.example/{n}"),
        "title": format!("{}{n}号", sentence(random)), "content_text": format!("{}。", text.join("，")),
        "published": at.to_string(), "region": region, "topics": [topic], "role": "primary",
    })
}

fn sentence(random: &mut fastrand::Rng) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    (0..N_WORDS).map(|_| words[random.usize(..words.len())]).collect()
}

/// Addresses of so many slices: of each region, each topic, then of both.
pub(super) fn slices(n: usize) -> Vec<String> {
    let regions = || REGIONS.split(' ');
    let topics = || TOPICS.split_whitespace();
    let of_regions = regions().map(|region| format!("/regions/CN-{region}/feed.atom"));
    let of_topics = topics().map(|topic| format!("/topics/{topic}/feed.atom"));
    let of_both = topics().flat_map(|topic| {
        regions().map(move |region| format!("/feed.atom?region=CN-{region}&topic={topic}"))
    });
    of_regions.chain(of_topics).chain(of_both).take(n).collect()
}

/// Addresses of so many searches for two words.
pub(super) fn searches(n: usize) -> Vec<String> {
    let words = || WORDS.split_whitespace();
    let pairs = words().flat_map(|one| words().map(move |other| format!("{one} {other}")));
    let encoded = |text: String| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    pairs.map(|text| format!("/api/v1/stories?limit=20&order=best&q={}", encoded(text))).take(n).collect()
}
