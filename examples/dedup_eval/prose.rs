//! Real prose from a file of JSON lines (`date`, `title`, `text`): every item is a story of its own; every third also
//! comes in derived versions. Says how many stories are merged that should not be, and which.

use dibao::model::Role;
use fastrand::Rng;

use crate::{
    item::{DAY, Item},
    versions::{self, Text, Traditional},
};

/// Reads the file and derives versions.
pub fn items(path: &str, seed: u64, skip: usize, take: usize, hosts: u32) -> Vec<Item> {
    let mut rng = Rng::with_seed(seed);
    let lines = std::fs::read_to_string(path).unwrap();
    let traditional = Traditional::new(dibao::dedup::SHIPPED.hanzi);
    let mut items = Vec::new();
    for (label, line) in (0u32..).zip(lines.lines().skip(skip).take(take)) {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let date: jiff::civil::Date =
            jiff::fmt::strtime::parse("%Y%m%d", field("date")).unwrap().to_date().unwrap();
        let day = jiff::tz::Offset::UTC.to_timestamp(date.at(4, 0, 0, 0)).unwrap().as_millisecond();
        let text = Text {
            title: field("title"),
            paragraphs: field("text").split("\n\n").map(str::to_owned).collect(),
        };
        let host = rng.u32(0..hosts);
        let mut push = |version, source: String, role, text: Text, days: i64, rng: &mut Rng| {
            items.push(Item {
                label,
                version,
                url: format!("https://{source}.example.cn/{label}/{}.html", rng.u32(..)),
                source,
                role,
                text,
                region: None,
                at_ms: day + days * DAY + i64::from(rng.u32(0..3_600_000)),
            });
        };
        push("original", format!("site{host}"), Role::National, text.clone(), 0, &mut rng);
        if label % 3 != 0 {
            continue;
        }
        let (a, b, c) = (rng.i64(0..3), rng.i64(1..5), rng.i64(0..2));
        let v = versions::national(&text, &mut rng);
        push("national", format!("nat{host}"), Role::National, v, a, &mut rng);
        let v = versions::digest(&text, &mut rng);
        push("digest", "paper".into(), Role::Paper, v.clone(), b, &mut rng);
        push("repost", "netease".into(), Role::Platform, versions::reposted(&v, "（新华社）"), b, &mut rng);
        let v = traditional.of(&text, &mut rng);
        push("traditional", "hk".into(), Role::Platform, v, c, &mut rng);
        let v = versions::clipped(&text, &mut rng);
        push("clipped", "clip".into(), Role::Platform, v, c, &mut rng);
        let v = versions::paraphrase(&text, &mut rng);
        push("paraphrase", "para".into(), Role::Platform, v, a, &mut rng);
        let v = versions::noisy(&text, &mut rng);
        push("noisy", "noise".into(), Role::Platform, v, c, &mut rng);
        if let Some(v) = versions::correction(&text, &mut rng) {
            push("correction", format!("site{host}"), Role::National, v, 0, &mut rng);
        }
    }
    items.sort_by_key(|item| item.at_ms);
    items
}
