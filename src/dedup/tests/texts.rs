//! Texts as they come: any text makes features, and the same features however it is written.

use proptest::prelude::*;

use super::{super::*, BASE, LONG, PIECES, Told};

fn cleaned(title: &str, text: &str) -> Cleaned {
    clean(title, text, Tables::shipped())
}

#[test]
fn what_stands_around_an_article_does_not_count() {
    let check = |text: &str| {
        let features = Told { text, ..BASE }.features();
        assert_eq!(features.body_hash, BASE.features().body_hash, "{text}");
        assert_eq!(features.shingles, BASE.features().shingles, "{text}");
    };
    check(&format!("日期：2025-03-05\n\n来源：某报　字号：大 中 小\n\n{LONG}"));
    check(&format!(
        "{LONG}（江西省邮政管理局）\n\n特别声明：以上内容(如有图片或视频亦包括在内)为用户上传\n\nNotice: x"
    ));
    check(&format!("近日，{LONG}"));
    check(&format!("新华社南昌3月5日电（记者王强）{LONG}"));
    check(&LONG.replace('，', "， ").replace("会议", "会\u{200b}议"));
    check(&LONG.replace('业', "業(yè)").replace('会', "會").replace('责', "責"));
    check(&format!("{LONG}\n\nhttps://www.example.cn/a/b.html?from=x"));
}

#[test]
fn names_of_bureaus_and_officers_read_alike() {
    let check = |a: &str, b: &str| {
        let letters =
            |text: &str| names::letters_of(text, &Tables::shipped().names).into_iter().collect::<String>();
        assert_eq!(letters(a), letters(b));
    };
    check("江西省邮政管理局召开会议", "江西局召开会议");
    check("省局召开会议", "江西邮政管理局举行会议");
    check("江西局党组书记、局长周慧明主持会议", "省局主要负责人主持会议");
    check("副局长王强出席", "负责人出席");
    check("九江市邮政管理局", "九江局");
}

#[test]
fn a_province_is_told_by_signature_title_or_text() {
    let region = |title: &str, text: &str| {
        Told { title, text, region: "CN", ..BASE }.features().region.map(|r| r.as_str().to_owned())
    };
    assert_eq!(region("工作动态", &format!("{LONG}(宁夏回族自治区邮政管理局)")).as_deref(), Some("CN-NX"));
    assert_eq!(region("浙江局召开会议", LONG).as_deref(), Some("CN-ZJ"));
    assert_eq!(region("工作动态", &format!("近日，九江市{LONG}")).as_deref(), Some("CN-JX"));
    assert_eq!(region("浙陕冀湘4省局在行动", LONG).as_deref(), Some("CN"));
    assert_eq!(region("工作动态", LONG).as_deref(), Some("CN"));
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = BASE.features().encode();
    assert_eq!(Features::decode(&bytes), Ok(BASE.features()));
    for end in 0..bytes.len() {
        assert!(Features::decode(&bytes[..end]).is_err(), "{end}");
    }
    let mut other = bytes;
    other[0] = 99;
    assert_eq!(Features::decode(&other), Err(DecodeError::Version(99)));
}

fn prose() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_makes_features_that_keep(title in ".{0,40}", text in "(?s).{0,400}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let features = Told { title: &title, text: &text, ..BASE }.features();
        prop_assert_eq!(Features::decode(&features.encode()), Ok(features.clone()));
        let _ = Features::decode(&bytes);
        let _ = compare(&features, &BASE.features(), &Settings::default());
    }

    #[test]
    fn normalising_again_changes_nothing(title in prose(), text in prose()) {
        let once = cleaned(&title, &text);
        prop_assert_eq!(&cleaned(&once.title, &once.text), &once);
        let (raw, again) = (Told { title: &title, text: &text, ..BASE }, Told { title: &once.title, text: &once.text, ..BASE });
        prop_assert_eq!(raw.features(), again.features());
    }

    #[test]
    fn comparing_is_the_same_both_ways(a in prose(), b in prose(), c in prose(), days in -50i64..50) {
        let a = Told { title: &b, text: &a, ..BASE };
        let b = Told { source: "spb", role: crate::model::Role::National, title: &b, text: &c, at_ms: days * super::DAY, ..BASE };
        super::seen(&a, &b);
    }

    #[test]
    fn equal_bodies_of_one_bureau_share_a_story(text in prose(), one in prose(), two in prose(), days in 0i64..45) {
        prop_assume!(Told { text: &text, ..BASE }.features().body_hash.is_some());
        let first = Told { title: &one, text: &text, url: "http://a.cn/1", ..BASE }.features();
        let second = Told { title: &two, text: &text, url: "http://b.cn/2", at_ms: days * super::DAY, source: "spb", ..BASE };
        let candidate = |is_head| [Candidate { entry_id: 1, story_id: 7, is_head, features: first.clone().into() }];
        for is_head in [true, false] {
            let verdict = judge(&second.features(), &candidate(is_head), &Settings::default()).verdict;
            prop_assert_eq!(verdict, Verdict::Join { story_id: 7, entry_id: 1, rule: Rule::SameBody });
        }
    }
}
