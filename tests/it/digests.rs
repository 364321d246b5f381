//! A saved digest and its originals through the commands: each story once, from its bureau.

use std::{collections::BTreeSet, fs, path::PathBuf};

use dibao::clock;
use serde_json::{Value, json};

use crate::exchange::{Desk, body, text, title};

/// A story of a digest: its bureau, its title there, its paragraphs.
type Told = (String, String, Vec<String>);

/// Bureau, title and text of a digest's stories, in the shape that the newspaper uses.
fn digest() -> Vec<Told> {
    let names = ["江西省", "河南省", "宁夏回族自治区", "浙江省", "湖北省", "重庆市", "广东省", "天津市"];
    let shorts = ["江西", "河南", "宁夏", "浙江", "湖北", "重庆", "广东", "天津"];
    let stories = names.iter().zip(shorts).enumerate().map(|(n, (name, short))| {
        let paragraphs = vec![
            format!("近日,{name}邮政管理局召开专题会议。{}", body(n + 100).replace("\n\n", "")),
            format!("会议要求,一是压实责任;二是加强检查。{}", body(n + 200).replace("\n\n", "")),
        ];
        (format!("{name}邮政管理局"), format!("{short}局部署{}", title(n)), paragraphs)
    });
    stories.collect()
}

/// The seed's stories, where it is at hand: it is no part of the project.
fn seed() -> Option<(String, Vec<Told>)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/digest.txt");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("not checked: the seed digest is not at {}", path.display());
        return None;
    };
    let lines: Vec<String> = text.lines().map(|line| line.trim().to_owned()).skip(1).take(24).collect();
    let story = |lines: &[String]| {
        let (last, bureau) = lines[2].strip_suffix(')').unwrap().rsplit_once('(').unwrap();
        (bureau.to_owned(), lines[0].clone(), vec![lines[1].clone(), last.to_owned()])
    };
    Some((text.clone(), lines.chunks(3).map(story).collect()))
}

fn as_text(stories: &[Told]) -> String {
    let story =
        |(bureau, title, paragraphs): &Told| format!("{title}\n{}({bureau})\n", paragraphs.join("\n"));
    format!("![]()\n{}", stories.iter().map(story).collect::<String>())
}

/// An original says all that a digest does, and as much again, under a title of its own.
fn originals(stories: &[Told]) -> Vec<Value> {
    let more = "与会人员围绕年度重点任务逐项交流了推进情况、存在的困难和下一步打算，有关处室负责人分别作了说明。\
        会前，参会代表还实地察看了两处作业现场，听取了企业负责人关于设备更新和人员培训的介绍，并就如何巩固成果提出意见。\
        据了解，此项工作自年初启动以来，已在全省范围内分三批推开，覆盖主要品牌企业及其末端网点。";
    let original = |(n, (bureau, title, paragraphs)): (usize, &Told)| {
        let title: String = title.chars().skip(2).take(12).collect();
        json!({
            "source": format!("bureau{n}"), "url": format!("https://bureau{n}.example/original/1.html"),
            "title": format!("{bureau}关于“{title}”的工作动态"), "published": "2025-12-07T09:00:00+08:00", "bureau": bureau,
            "role": "primary", "content_text": format!("{}\n\n{more}\n\n{}", paragraphs[0].trim_start_matches("近日,"), paragraphs[1]),
        })
    };
    stories.iter().enumerate().map(original).collect()
}

async fn check_digest(digest: &str, stories: &[Told]) {
    for digest_first in [true, false] {
        let desk = Desk::new(
            "[[source]]\nkey = \"paper\"\nkind = \"digest\"\nurl = \"https://paper.example/\"\nrole = \"paper\"\n",
        );
        fs::write(desk.path("digest.txt"), digest).unwrap();
        fs::write(desk.path("originals.jsonl"), text(&originals(stories))).unwrap();
        let saved = [
            "import",
            "digest.txt",
            "--source",
            "paper",
            "--url",
            "https://paper.example/1.html",
            "--seen",
            "2025-12-08T18:30:00+08:00",
        ];
        let mut commands: Vec<&[&str]> = vec![&saved, &["import", "originals.jsonl"]];
        if !digest_first {
            commands.reverse();
        }
        let mut before: Option<BTreeSet<String>> = None;
        for command in commands {
            let done = desk.run(command, b"");
            assert!(done.code == 0 && done.out.contains("8 new"), "{done:?}");
            let found = desk.exported().iter().map(|it| it["story"].as_str().unwrap().to_owned()).collect();
            assert!(before.is_none_or(|before| before == found), "the second adds no story");
            before = Some(found);
        }
        assert_eq!(desk.exported().len(), 16);
        let house = desk.house().await;
        let (feed, _) = house.feed(clock::now()).await;
        assert_eq!(feed.entries.len(), 8, "digest first: {digest_first}");
        let authors: BTreeSet<&str> =
            feed.entries.iter().map(|entry| entry.authors[0].name.as_deref().unwrap_or_default()).collect();
        assert_eq!(authors, stories.iter().map(|(bureau, ..)| bureau.as_str()).collect());
        for entry in &feed.entries {
            let alternate = entry.links.iter().find(|link| link.rel.as_deref() == Some("alternate")).unwrap();
            assert!(alternate.href.contains("/original/"), "readers get the bureau's own: {alternate:?}");
        }
        house.close().await;
    }
}

#[tokio::test]
async fn a_saved_digest_and_its_originals_are_eight_stories_in_either_order() {
    let stories = digest();
    check_digest(&as_text(&stories), &stories).await;
}

#[tokio::test]
async fn the_seed_digest_and_its_originals_are_eight_stories_in_either_order() {
    if let Some((text, stories)) = seed() {
        check_digest(&text, &stories).await;
    }
}
