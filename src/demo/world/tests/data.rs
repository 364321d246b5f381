//! What the data promises and what is expected of it.

use std::collections::BTreeSet;

use super::*;

#[tokio::test]
async fn expectations_grow_by_the_stories_that_come_out() {
    let start = fixed_start();
    let world = World::start(start).await.unwrap();
    let titles_at = |seconds| world.expected(after(start, seconds)).len();
    let first = titles_at(0);
    assert_eq!(first, 52);
    assert_eq!(titles_at(19), first);
    assert_eq!([20, 30, 40, 50, 59, 60].map(titles_at), [1, 2, 3, 4, 4, 5].map(|n| first + n));
}

#[tokio::test]
async fn a_story_is_expected_once_from_its_bureau_with_all_its_sources() {
    let world = World::start(fixed_start()).await.unwrap();
    let all = world.expected(after(fixed_start(), ALL_OUT_S));
    let check = |title: &str, bureau: &str, region: &str, sources: &[&str], published: &str, precision| {
        let it = find(&all, title);
        assert_eq!((it.bureau.as_str(), it.region.as_str()), (bureau, region), "{title}");
        assert_eq!(it.sources, sources, "{title}");
        assert_eq!((it.published.as_str(), it.precision), (published, precision), "{title}");
        assert_eq!(it.url.port(), world.site(sources[0]).unwrap().base.port(), "{title}");
    };
    check(
        "江西局部署快递员工会驿站建设工作",
        "江西省邮政管理局",
        "CN-JX",
        &["jx", "spb", "digest"],
        "2026-12-30T09:32:00+08:00",
        Precision::Minute,
    );
    check(
        "宁夏局召开全区寄递渠道禁毒工作推进会",
        "宁夏回族自治区邮政管理局",
        "CN-NX",
        &["nx", "spb"],
        "2026-12-31T17:42:08+08:00",
        Precision::Second,
    );
    check(
        "江西局在吉安组织寄递渠道应急演练",
        "江西省邮政管理局",
        "CN-JX",
        &["jx"],
        "2026-12-20T00:00:00+08:00",
        Precision::Day,
    );
    check(
        "江西局启动冬季旺季寄递安全专项检查",
        "江西省邮政管理局",
        "CN-JX",
        &["jx", "spb"],
        "2027-01-02T00:00:00+08:00",
        Precision::Minute,
    );
    check(
        "天津局走访慰问坚守岗位快递员",
        "天津市邮政管理局",
        "CN-TJ",
        &["digest"],
        "2027-01-01T18:30:12+08:00",
        Precision::Second,
    );
    check(
        "关于发布三项邮政行业标准的公告",
        "国家邮政局",
        "CN",
        &["spb"],
        "2026-12-23T16:10:00+08:00",
        Precision::Minute,
    );
    assert_eq!(find(&all, "聚焦末端服务 宁夏局组织网点互查互学").sources, ["nx"]);
}

#[tokio::test]
async fn equal_titles_that_must_stay_apart_stay_apart() {
    let world = World::start(fixed_start()).await.unwrap();
    let all = world.expected(fixed_start());
    let days = |title: &str| -> Vec<(&str, &str)> {
        let same = all.iter().filter(|it| it.title == title);
        same.map(|it| (it.region.as_str(), &it.published[..10])).collect()
    };
    assert_eq!(days("省局召开党组理论学习中心组学习会"), [("CN-JX", "2026-12-29"), ("CN-HA", "2026-12-29")]);
    assert_eq!(days("天津局开展寄递安全夜查行动"), [("CN-TJ", "2026-12-30"), ("CN-TJ", "2026-12-23")]);
    let titles: BTreeSet<&str> = all.iter().map(|it| it.title.as_str()).collect();
    assert_eq!(titles.len(), all.len() - 2);
}

#[test]
fn the_data_keeps_to_what_real_articles_are_like() {
    let start = fixed_start();
    let all = articles(start).unwrap();
    for it in &all {
        let chars: usize = it.paragraphs.iter().map(|text| text.chars().count()).sum();
        assert!((100..=500).contains(&chars), "{}: {chars} characters", it.story);
        assert!((2..=5).contains(&it.paragraphs.len()), "{}", it.story);
        assert!(it.paragraphs.iter().all(|text| text.ends_with('。')), "{}", it.story);
        assert!(it.published.at <= it.visible_at && it.visible_at <= after(start, ALL_OUT_S), "{}", it.story);
        let age = start.duration_since(it.published.at);
        assert!(age < SignedDuration::from_hours(20 * 24), "{}", it.story);
        assert!(it.bureau.ends_with("局") && it.region.starts_with("CN"), "{}", it.story);
        let count = |of: &dyn Fn(&Article) -> bool| all.iter().filter(|other| of(other)).count();
        assert_eq!(count(&|other| other.story == it.story && other.site == it.site), 1, "{}", it.story);
        assert_eq!(count(&|other| other.number == it.number), 1, "{}", it.story);
    }
    for spec in &SPECS {
        let n_stories = all.iter().filter(|it| it.site == spec.key).count();
        assert!((4..=9).contains(&n_stories), "{}: {n_stories}", spec.key);
    }
}

#[test]
fn retellings_have_the_title_and_only_sentences_of_the_original() {
    let all = articles(fixed_start()).unwrap();
    let mut word_for_word = Vec::new();
    for copy in all.iter().filter(|it| it.story.starts_with("spb-") || it.story.starts_with("digest-")) {
        assert!(all.iter().all(|other| other.story != copy.story || other.site == copy.site));
    }
    for copy in &all {
        let original = all.iter().find(|it| it.story == copy.story).unwrap();
        if original.site == copy.site {
            continue;
        }
        assert_eq!(copy.title, original.title);
        let late = copy.published.at.duration_since(original.published.at);
        assert!(SignedDuration::ZERO <= late && late < SignedDuration::from_hours(72), "{}", copy.story);
        if copy.paragraphs == original.paragraphs {
            word_for_word.push(copy.story.as_str());
        }
        let original: String = original.paragraphs.concat();
        for sentence in copy.paragraphs.iter().flat_map(|text| text.split_inclusive('。')) {
            assert!(original.replace('，', ",").contains(&sentence.replace('，', ",")), "{sentence}");
        }
    }
    assert_eq!(word_for_word, ["jx-union-station", "zj-green", "cq-drone", "jx-winter-check"]);
}

#[test]
fn the_digest_is_eight_stories_of_one_moment_in_plain_punctuation() {
    let all = articles(fixed_start()).unwrap();
    let digest: Vec<&Article> = all.iter().filter(|it| it.site == "digest").collect();
    let bureaus: BTreeSet<&str> = digest.iter().map(|it| it.bureau.as_str()).collect();
    assert_eq!((digest.len(), bureaus.len()), (8, 8));
    for it in &digest {
        assert_eq!(it.published, digest[0].published);
        assert_eq!(it.paragraphs.len(), 2, "{}", it.story);
        assert!((13..=27).contains(&it.title.chars().count()), "{}", it.title);
        assert!(
            !it.title.contains(['。', '，', ',']) && !it.paragraphs.concat().contains(['，', '（', '）'])
        );
    }
    assert!(digest.iter().any(|it| it.paragraphs[0].contains("(扩大)")));
}
