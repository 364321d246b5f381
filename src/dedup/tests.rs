use super::*;

const LONG: &str = "省邮政管理局召开全省寄递安全工作会议，传达国家邮政局会议精神，通报上半年检查情况，部署下一步重点工作，\
    要求各市局落实属地责任，督促企业严格执行实名收寄、收寄验视、过机安检三项制度。";
const OTHER: &str = "市快递协会组织志愿者走进社区，为老年用户讲解防范电信诈骗知识，发放宣传手册，并现场解答消费者提出的\
    投诉处理、赔偿标准、隐私面单等问题，受到居民欢迎。";
const DAY: i64 = 86_400_000;

fn features(source: &str, url: &str, title: &str, text: &str, region: &str, at_ms: i64) -> Features {
    Features {
        source_key: source.into(),
        source_entry_id: url.into(),
        canonical_url: CanonicalUrl::parse(url),
        title_key: title.into(),
        body_hash: body_hash(text),
        region: Region::parse(region),
        published_at: Timestamp::from_millisecond(at_ms).unwrap(),
        content_text: text.into(),
    }
}

fn check(a: &Features, b: &Features, expected: Option<Rule>) {
    let window = Duration::from_hours(1080);
    assert_eq!(compare(a, b, window), expected, "{a:?}\n{b:?}");
    assert_eq!(compare(b, a, window), expected, "the other way round: {a:?}\n{b:?}");
}

#[test]
fn each_rule_joins_what_it_is_for() {
    let a = features("jx", "http://jx.cn/1", "江西局召开寄递安全会议", LONG, "CN-JX", 0);
    check(
        &a,
        &features("jx2", "https://www.jx.cn/1?spm=9", "别的标题也许更长", LONG, "CN-JX", DAY),
        Some(Rule::SameAddress),
    );
    check(
        &a,
        &features("spb", "http://spb.cn/9", "各地召开寄递安全会议", LONG, "", 9 * DAY),
        Some(Rule::SameBody),
    );
    let cut = LONG.chars().take(60).collect::<String>();
    check(
        &a,
        &features("spb", "http://spb.cn/9", "江西局召开寄递安全会议", &cut, "CN-JX", 2 * DAY),
        Some(Rule::SameTitle),
    );
    check(
        &a,
        &features("spb", "http://spb.cn/9", "江西局召开寄递安全会议", "", "CN-JX", 2 * DAY),
        Some(Rule::SameTitle),
    );
}

#[test]
fn what_only_looks_alike_stays_apart() {
    let a = features("jx", "http://jx.cn/1", "省局召开党组会议学习", LONG, "CN-JX", 0);
    let differs = |source: &str, title: &str, text: &str, region: &str, at: i64| {
        check(&a, &features(source, "http://b.cn/2", title, text, region, at), None);
    };
    differs("ha", "省局召开党组会议学习", LONG, "CN-HA", 0);
    differs("spb", "省局召开党组会议学习", LONG.get(..90).unwrap(), "CN-JX", 4 * DAY);
    differs("jx", "省局召开党组会议学习", LONG.get(..90).unwrap(), "CN-JX", DAY);
    differs("spb", "省局召开党组会议学习", OTHER, "CN-JX", DAY);
    differs("spb", "另一个标题在此处", LONG, "CN-JX", 46 * DAY);
    let reused = features("jx", "http://jx.cn/1", "换成另一件事的标题", OTHER, "CN-JX", DAY);
    check(&a, &reused, None);
}

#[test]
fn of_several_matches_the_strongest_rule_wins() {
    let entry = features("spb", "http://jx.cn/1", "江西局召开寄递安全会议", LONG, "CN-JX", 0);
    let candidate = |id, features| Candidate { entry_id: id, story_id: id * 10, features };
    let candidates = [
        candidate(1, features("ha", "http://x.cn/7", "江西局召开寄递安全会议", "", "CN-JX", 0)),
        candidate(2, features("jx", "http://jx.cn/1", "江西局召开寄递安全会议", LONG, "CN-JX", 0)),
        candidate(3, features("jx", "http://jx.cn/1", "江西局召开寄递安全会议", LONG, "CN-JX", 0)),
    ];
    let verdict = judge(&entry, &candidates, Duration::from_hours(24));
    assert_eq!(verdict, Verdict::Join { story_id: 20, entry_id: 2, rule: Rule::SameAddress });
    assert_eq!(judge(&entry, &[], Duration::from_hours(24)), Verdict::New);
}

#[test]
fn readers_get_the_copy_nearest_to_the_bureau() {
    let rank = |entry_id, role, is_province, n_chars, seen| Rank {
        entry_id,
        role,
        is_province,
        n_chars,
        seen_at: Timestamp::from_millisecond(seen).unwrap(),
    };
    let best = |ranks: &[Rank]| canonical(ranks).map(|rank| rank.entry_id);
    let primary = rank(4, Role::Primary, true, 10, 9);
    assert_eq!(
        best(&[rank(1, Role::Paper, true, 900, 1), rank(2, Role::National, true, 500, 2), primary.clone()]),
        Some(4)
    );
    assert_eq!(best(&[rank(1, Role::Primary, false, 900, 1), primary.clone()]), Some(4));
    assert_eq!(best(&[rank(1, Role::Primary, true, 10, 8), primary.clone()]), Some(1));
    assert_eq!(best(&[rank(1, Role::Primary, true, 9, 8), primary]), Some(4));
    assert_eq!(best(&[]), None);
}

#[test]
fn a_body_is_compared_by_its_letters() {
    assert_eq!(body_hash(LONG), body_hash(&LONG.replace('，', "， ")));
    assert_ne!(body_hash(LONG), body_hash(OTHER));
    assert_eq!(body_hash("太短"), None);
    let half = LONG.chars().take(50).collect::<String>();
    assert!((Shingles::of(LONG).containment(&Shingles::of(&half)) - 1.0).abs() < f64::EPSILON);
    assert!(Shingles::of(LONG).containment(&Shingles::of(OTHER)) < 0.05);
    assert!(Shingles::of("").containment(&Shingles::of("")) < f64::EPSILON);
}
