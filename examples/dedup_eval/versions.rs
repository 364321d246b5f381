//! The versions in which a story comes back: edited, abridged, clipped, in traditional characters, with chrome.

use std::collections::HashMap;

use fastrand::Rng;

/// A story's text.
#[derive(Debug, Clone)]
pub struct Text {
    pub title: String,
    pub paragraphs: Vec<String>,
}

impl Text {
    pub fn body(&self) -> String {
        self.paragraphs.join("\n\n")
    }

    fn sentences(&self) -> Vec<String> {
        self.paragraphs
            .iter()
            .flat_map(|p| p.split_inclusive(['。', '；', '！', '？']))
            .map(str::to_owned)
            .collect()
    }
}

/// Words that editors put for each other; not the list that the program knows.
const WORDS: &[(&str, &str)] = &[
    ("召开", "举行"),
    ("强调", "指出"),
    ("要求", "强调"),
    ("近日", "日前"),
    ("出席会议", "参加会议"),
    ("部署", "安排"),
    ("推动", "推进"),
    ("开展", "组织开展"),
    ("进一步", "不断"),
    ("加强", "强化"),
    ("确保", "保障"),
    ("深入", "扎实"),
    ("积极", "主动"),
    ("有效", "切实"),
    ("提升", "提高"),
    ("围绕", "聚焦"),
    ("同时", "此外"),
    ("目前", "截至目前"),
    ("据了解", "据介绍"),
    ("共有", "共"),
    ("达到", "达"),
    ("认为", "表示"),
    ("表示", "说"),
    ("全面", "全方位"),
    ("持续", "不断"),
    ("完成", "实现"),
    ("重要", "重大"),
    ("介绍", "讲解"),
    ("参观", "考察"),
    ("调研", "走访"),
    ("现场", "实地"),
    ("随后", "之后"),
    ("先后", "依次"),
    ("群众", "居民"),
    ("企业", "公司"),
    ("检查", "督查"),
];

const SPAM: &[&str] = &["（点击领取优惠）", "88娱乐城官方", "加微信了解更多", "【广告】", "彩票app下载"];

fn swap_words(text: &str, rate: f64, rng: &mut Rng) -> String {
    let mut text = text.to_owned();
    for (from, to) in WORDS {
        if rng.f64() < rate {
            text = text.replace(from, to);
        }
    }
    text
}

fn split_paragraphs(sentences: &[String]) -> Vec<String> {
    sentences.chunks(3).map(<[std::string::String]>::concat).collect()
}

/// A title with another beginning, or one of its halves.
pub fn retitled(title: &str, rng: &mut Rng) -> String {
    let plain = title.rsplit('】').next().unwrap_or(title);
    let parts: Vec<&str> = plain.split([' ', '　', '：', '，']).filter(|p| p.chars().count() >= 6).collect();
    match (parts.len(), rng.u8(0..4)) {
        (2.., 0 | 1) => parts[rng.usize(0..parts.len())].to_owned(),
        (_, 2) => swap_words(plain, 0.9, rng),
        _ => plain.to_owned(),
    }
}

pub fn national(text: &Text, rng: &mut Rng) -> Text {
    let mut paragraphs: Vec<String> = text.paragraphs.iter().map(|p| swap_words(p, 0.15, rng)).collect();
    if paragraphs.len() > 2 {
        paragraphs.pop();
    }
    Text { title: swap_words(&text.title, 0.2, rng), paragraphs }
}

/// A third of it: the first sentence and some of the rest, in order.
pub fn digest(text: &Text, rng: &mut Rng) -> Text {
    let sentences = text.sentences();
    let total: usize = sentences.iter().map(|s| s.chars().count()).sum();
    let mut kept = Vec::new();
    let mut n = 0;
    for (at, sentence) in sentences.iter().enumerate() {
        if at == 0 || (n < total / 3 && rng.u8(0..3) > 0) {
            n += sentence.chars().count();
            kept.push(swap_words(sentence, 0.1, rng));
        }
    }
    Text { title: retitled(&text.title, rng), paragraphs: split_paragraphs(&kept) }
}

pub fn reposted(text: &Text, signature: &str) -> Text {
    let mut paragraphs = vec!["来源：中国邮政快递报".to_owned(), "字号：大 中 小　浏览量：2381".to_owned()];
    paragraphs.extend(text.paragraphs.clone());
    if let Some(last) = paragraphs.last_mut() {
        last.push_str(signature);
    }
    paragraphs.push("特别声明：以上内容(如有图片或视频亦包括在内)为自媒体平台“网易号”用户上传并发布，本平台仅提供信息存储服务。".into());
    paragraphs.push("Notice: The content above is uploaded and posted by a user.".into());
    Text { title: text.title.clone(), paragraphs }
}

pub fn clipped(text: &Text, rng: &mut Rng) -> Text {
    let body: String = text.paragraphs.concat();
    let n = rng.usize(110..200);
    let title: String = if text.title.chars().count() > 18 && rng.bool() {
        text.title.chars().take(15).chain("...".chars()).collect()
    } else {
        text.title.clone()
    };
    Text { title, paragraphs: vec![body.chars().take(n).chain("...".chars()).collect()] }
}

pub fn paraphrase(text: &Text, rng: &mut Rng) -> Text {
    let mut sentences = text.sentences();
    if sentences.len() > 3 {
        let at = rng.usize(1..sentences.len() - 1);
        let moved = sentences.remove(at);
        sentences.push(moved);
        let last = sentences.len() - 2;
        sentences.swap(1, last);
    }
    let sentences: Vec<String> = sentences.iter().map(|s| swap_words(s, 0.6, rng)).collect();
    Text { title: swap_words(&text.title, 0.6, rng), paragraphs: split_paragraphs(&sentences) }
}

/// A city's own telling: its beginning and end, some of the sentences, most words others.
pub fn told_by_city(text: &Text, rng: &mut Rng) -> Text {
    const BEGINNINGS: [&str; 4] = [
        "记者从现场获悉，这项工作又有新进展。",
        "一大早，现场就忙碌起来。",
        "这是我市邮政管理工作的又一件大事。",
        "按照省局统一安排，我市有关企业全程参与。",
    ];
    const ENDS: [&str; 4] = [
        "市局将对照要求逐项抓落实。",
        "下一步，我市将把好做法固定下来。",
        "现场群众纷纷点赞。",
        "有关企业负责人表示，将尽快拿出具体方案。",
    ];
    let mut sentences = text.sentences();
    if sentences.len() > 3 {
        sentences.remove(rng.usize(1..sentences.len()));
    }
    let mut told = vec![BEGINNINGS[rng.usize(0..4)].to_owned()];
    told.extend(sentences.iter().map(|s| swap_words(s, 0.8, rng)));
    told.push(ENDS[rng.usize(0..4)].to_owned());
    Text { title: swap_words(&text.title, 0.9, rng), paragraphs: split_paragraphs(&told) }
}

pub fn noisy(text: &Text, rng: &mut Rng) -> Text {
    let paragraphs = text
        .paragraphs
        .iter()
        .map(|p| {
            let chars: Vec<char> = p.chars().collect();
            let at = rng.usize(0..chars.len().max(1));
            let (head, tail) = chars.split_at(at);
            format!(
                "{}{}{}",
                head.iter().collect::<String>(),
                SPAM[rng.usize(0..SPAM.len())],
                tail.iter().collect::<String>()
            )
        })
        .collect();
    Text { title: text.title.clone(), paragraphs }
}

/// One figure changed; `None` when there is none.
pub fn correction(text: &Text, rng: &mut Rng) -> Option<Text> {
    let body = text.body();
    let spots: Vec<usize> = body
        .char_indices()
        .zip(body.chars().skip(1))
        .filter(|((_, c), next)| c.is_ascii_digit() && "件个人万亿家次%％处名项".contains(*next))
        .map(|((at, _), _)| at)
        .collect();
    let at = *spots.get(rng.usize(0..spots.len().max(1)))?;
    let digit = body[at..].chars().next()?.to_digit(10)?;
    let changed = format!("{}{}{}", &body[..at], (digit + 1 + rng.u32(0..8)) % 10, &body[at + 1..]);
    let title = if rng.bool() { format!("{}（更正）", text.title) } else { text.title.clone() };
    Some(Text { title, paragraphs: changed.split("\n\n").map(str::to_owned).collect() })
}

/// Traditional characters, half of the time with readings in brackets.
pub struct Traditional(HashMap<char, char>);

impl Traditional {
    pub fn new(table: &str) -> Self {
        let mut map = HashMap::new();
        for word in table.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace) {
            let mut chars = word.chars();
            if let (Some(from), Some(to)) = (chars.next(), chars.next()) {
                map.entry(to).or_insert(from);
            }
        }
        Self(map)
    }

    pub fn of(&self, text: &Text, rng: &mut Rng) -> Text {
        let readings = rng.bool();
        let turn = |text: &str| -> String {
            text.chars()
                .flat_map(|c| match self.0.get(&c) {
                    Some(t) if readings => vec![*t, '(', 'y', 'è', ')'],
                    Some(t) => vec![*t],
                    None => vec![c],
                })
                .collect()
        };
        Text {
            title: turn(&text.title).replace("(yè)", ""),
            paragraphs: text.paragraphs.iter().map(|p| turn(p)).collect(),
        }
    }
}
