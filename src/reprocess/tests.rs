use std::sync::Arc;

use super::{
    again::{Again, Kept, Taken},
    *,
};
use crate::{
    config::Origins,
    model::{Enclosure, Entry, Precision, Published, Role, SourceKey},
    store::KnownEntry,
};

const PAGE: &str = "<html><body><div class='content'><h2>江西局召开安全会议</h2><div class='info'><p class='fl'>日期：2026-11-20 10:30     \
    来源：江西省邮政管理局</p></div><div class='detail-news'><p>会议通报了检查情况，部署了下一步工作。</p></div></div></body></html>";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn config() -> Arc<Config> {
    let text = "defaults = false\n[[source]]\nkey = \"jx\"\nkind = \"list\"\nurl = \"https://jx.example.cn/list\"\n\
        profile = \"kaipuyun\"\nbureau = \"CN-JX\"\nrole = \"primary\"\n";
    Arc::new(Config::load(&Origins { text: Some(("t".into(), text.into())), ..Origins::default() }).unwrap())
}

fn held(row: Option<&str>) -> Held {
    Held {
        known: KnownEntry {
            id: 1,
            source_entry_id: "manuscript-7".into(),
            story_id: 1,
            url: "https://jx.example.cn/a".into(),
            fingerprint: "1:x".into(),
            row_hash: Some(vec![7; 32]),
            row: row.map(str::to_owned),
            seen_at: at("2026-11-20T04:00:00Z"),
            gone_at: None,
            former_url: None,
            is_old: false,
        },
        entry: Entry {
            source: SourceKey::parse("jx").unwrap(),
            source_entry_id: "manuscript-7".into(),
            url: "https://jx.example.cn/a".into(),
            canonical_url: None,
            title: "江西局召开全省安全会议".into(),
            published: Some(Published { at: at("2026-11-19T16:00:00Z"), precision: Precision::Day }),
            updated_at: None,
            bureau: None,
            region: None,
            role: Role::Primary,
            content_html: String::new(),
            content_text: String::new(),
            summary: Some("摘要".into()),
            enclosures: vec![Enclosure {
                url: "https://jx.example.cn/a.pdf".into(),
                media_type: "application/pdf".into(),
                length_bytes: None,
            }],
            language: "zh-CN".into(),
            topics: Vec::new(),
            upstream_id: None,
        },
    }
}

fn made(kept: Kept) -> again::Made {
    let config = config();
    let source = Arc::clone(&config.sources[0]);
    let document = Document {
        url: "https://jx.example.cn/a".parse().unwrap(),
        content_type: Some("text/html; charset=utf-8".into()),
        body: PAGE.as_bytes().to_vec(),
    };
    let again = Again { source, config, at: at("2026-11-20T04:00:00Z") };
    match again.article(&document, kept) {
        Ok(Taken::Entry(made)) => *made,
        _ => panic!("no entry"),
    }
}

#[test]
fn an_entry_without_its_row_keeps_its_id_its_title_and_what_only_the_row_told() {
    let made = made(Kept { row: None, held: Some(held(None)), aside: None });
    let entry = &made.entry;
    assert_eq!(
        (entry.source_entry_id.as_str(), entry.title.as_str()),
        ("manuscript-7", "江西局召开全省安全会议")
    );
    assert_eq!(entry.published.unwrap().at, at("2026-11-20T02:30:00Z"), "the article tells its time");
    assert!(entry.content_text.contains("部署了下一步工作"));
    assert_eq!((entry.summary.as_deref(), entry.enclosures.len()), (Some("摘要"), 1));
    assert_eq!((made.row, made.row_hash), (None, Some([7; 32])), "it is not visited again");
}

#[test]
fn an_entry_with_its_row_is_made_of_row_and_article_as_a_poll_makes_it() {
    let row = "{\"id\":\"manuscript-7\",\"url\":\"https://jx.example.cn/a\",\"title\":\"江西局开会\",\"published\":\
        [{\"time\":{\"Text\":\"2026-11-18\"},\"rule\":\"list\"}],\"updated\":null,\"origin\":null,\"attribution\":null,\
        \"summary\":null,\"content_html\":null,\"base\":null,\"enclosures\":[],\"language\":null}";
    let made = made(Kept { row: None, held: Some(held(Some(row))), aside: None });
    assert_eq!(made.entry.title, "江西局开会");
    assert_eq!(
        made.entry.published.unwrap().at,
        at("2026-11-17T16:00:00Z"),
        "the list is trusted before the article"
    );
    assert_eq!((made.entry.summary.as_deref(), made.entry.enclosures.len()), (None, 0));
    assert!(made.row.is_some());
}

#[test]
fn a_row_is_taken_as_the_version_showed_it_from_which_the_entry_came() {
    let row = |title: &str, hash: u8| Row {
        id: "a".into(),
        raw: crate::extract::RawEntry { title: title.into(), ..crate::extract::RawEntry::default() },
        hash: Some([hash; 32]),
    };
    let mut versions = Versions::default();
    for (title, hash, time) in [("新", 9, 30), ("旧", 7, 20), ("旧 初", 7, 10)] {
        versions.add(row(title, hash), Timestamp::from_second(time).unwrap());
    }
    let title = |held: Option<&Held>| versions.for_entry(held).map(|(row, _)| row.raw.title.clone());
    assert_eq!(title(Some(&held(None))).as_deref(), Some("旧 初"));
    assert_eq!(title(None).as_deref(), Some("新"));
}
