//! What the operator rules, and what explains it: remembered, respected by what arrives later, taken back.

use dibao::{
    clock,
    model::Timestamp,
    reprocess::regroup::{apply, regroup},
    rulings::{Account, Done, Overruler, Target, TargetError, explain},
    store::{RulingKind, Standing},
};

use crate::support::{
    desk::{Desk, Telling, hours_before},
    house::after,
};

const ORIGINAL: &str = "为推动农村寄递物流体系建设走深走实，省邮政管理局近日派出三个督导组，赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导。\
    督导组随机走访村级寄递物流综合服务站一百二十六个，现场查看快件到站时间、取件登记和收费公示情况，与村干部、站点经营者和取件村民逐一交谈。\
    从走访情况看，多数站点做到每日一频次以上投递，但仍有十一个站点存在公示不全、代收点夜间无人值守等问题，督导组当场下达整改建议。\
    省局要求，各市局要建立问题台账，十二月底前完成整改，并将整改结果纳入年度考核。";
const DIGEST: &str = "近日,省邮政管理局派出三个督导组,赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导,随机走访村级寄递物流综合服务站一百二十六个,现场查看快件到站时间、取件登记和收费公示情况。\
    省局要求,各市局要建立问题台账,十二月底前完成整改,并将整改结果纳入年度考核。";
const OTHER: &str = "针对近期部分分拨中心消防设施维护不到位的情况，江西省邮政管理局与省消防救援总队联合约谈五家寄递企业省级总部负责人。\
    约谈会通报了十月份联合检查发现的六十三项火灾隐患，其中电气线路敷设不规范二十一项，安全出口堵塞九项。";

fn original(now: Timestamp) -> Telling {
    let title = "江西省邮政管理局组织开展农村寄递物流服务质量专项督导";
    Telling::new("jx", "original", title, ORIGINAL, hours_before(now, 30))
}

fn digest(now: Timestamp) -> Telling {
    Telling::new("paper", "digest", "江西局督导农村寄递物流服务质量", DIGEST, hours_before(now, 2))
}

fn other(now: Timestamp) -> Telling {
    Telling::new("jx", "other", "江西局联合约谈寄递企业", OTHER, hours_before(now, 20))
}

/// A desk where the original and its digest are one story.
async fn retold(folder: &tempfile::TempDir, now: Timestamp) -> Desk {
    let desk = Desk::open(folder, "").await;
    desk.put(&original(now), now).await;
    desk.put(&digest(now), after(now, 60)).await;
    assert_eq!(desk.stories().await.len(), 1);
    desk
}

fn overruler(desk: &Desk, now: Timestamp) -> Overruler<'_> {
    Overruler { store: &desk.store, config: &desk.config, now }
}

async fn account(desk: &Desk, name: &str, now: Timestamp) -> Account {
    let target = Target::find(&desk.store, name).await.unwrap();
    let story = target.story(name).unwrap();
    explain(&desk.store, &desk.config, story, now).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_explanation_names_the_rule_the_match_and_why_readers_get_a_copy() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = retold(&folder, now).await;
    let story = desk.stories().await.remove(0);
    let page = format!("https://feeds.example/stories/{}", story.atom_id.short());
    let copy = digest(now).url().replace("https://", "http://www.");
    for name in [story.atom_id.0.clone(), story.atom_id.short(), page, copy, "#2".into(), "1".into()] {
        let account = account(&desk, &name, now).await;
        assert_eq!(account.story.atom_id, story.atom_id, "{name}");
        let [first, second] = account.copies.as_slice() else { panic!("{account:?}") };
        assert_eq!((first.entry.source_key.as_str(), second.entry.source_key.as_str()), ("jx", "paper"));
        assert_eq!(first.shown.unwrap().words(), "the role of its source comes before the others'");
        let matched = second.matched.as_ref().unwrap();
        assert_eq!(
            (matched.other.as_ref().unwrap().id, second.entry.rule.as_str()),
            (first.entry.id, "body")
        );
        assert!(matched.seen.c > 0.68 && matched.seen.words().contains("of the shorter text"), "{matched:?}");
    }
    for name in ["#77", "0123456789abcdef", "https://nowhere.example/", "what"] {
        let error = Target::find(&desk.store, name).await.unwrap_err();
        assert!(error.to_string().contains(name) && error.to_string().contains("expected"), "{error}");
    }
}

#[tokio::test]
async fn what_stayed_apart_is_explained_by_its_vetoes() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = Desk::open(&folder, "").await;
    let bulletin = |id: &str, year: u32, volume: &str, at| {
        let text = format!(
            "{year}年10月，全省邮政行业寄递业务量累计完成{volume}亿件，同比增长12.5%，其中快递业务量完成1.9亿件；\
            全省邮政行业业务收入累计完成21.5亿元，同比增长8.1%，其中快递业务收入完成13.6亿元，农村地区揽投件量占比上升。"
        );
        Telling::new("jx", id, &format!("江西省{year}年10月邮政行业运行情况"), &text, at)
    };
    desk.put(&bulletin("a", 2025, "2.31", hours_before(now, 300)), now).await;
    desk.put(&bulletin("b", 2026, "2.44", hours_before(now, 3)), after(now, 60)).await;
    assert_eq!(desk.stories().await.len(), 2);
    let account = account(&desk, "#2", now).await;
    let near = &account.copies[0].near;
    let words: Vec<&str> = near.iter().flat_map(|near| near.seen.vetoes.iter().map(String::as_str)).collect();
    assert!(words.iter().any(|veto| veto.starts_with("period") && veto.contains("2026")), "{near:?}");
}

#[tokio::test]
async fn a_split_is_remembered_and_no_later_arrival_joins_the_two_again() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = retold(&folder, now).await;
    let before = desk.stories().await.remove(0);
    let done = overruler(&desk, after(now, 600)).split(&["#2".into()], Some("two campaigns")).await.unwrap();
    assert_eq!(done.n_moved, 1);
    let (kept, own) = (desk.story_with(&original(now)).await, desk.story_with(&digest(now)).await);
    assert_eq!(kept.atom_id, before.atom_id, "what stays keeps its id");
    assert_ne!(own.atom_id, before.atom_id);
    assert_eq!((kept.copies.len(), own.copies.len()), (1, 1));
    assert!(kept.updated_at > before.updated_at && own.updated_at >= after(now, 600));

    // The same again, and copies of both: each goes to its own.
    for (i, telling) in [original(now), digest(now)].iter().enumerate() {
        desk.put(telling, after(now, 700)).await;
        let copy = Telling { source: "portal", id: format!("copy{i}"), ..telling.clone() };
        desk.put(&copy, after(now, 800)).await;
        let wanted = desk.story_with(telling).await.atom_id;
        assert_eq!(desk.story_with(&copy).await.atom_id, wanted);
    }
    assert_eq!(desk.stories().await.len(), 2);
    let account = account(&desk, "#2", now).await;
    assert_eq!(account.story.rulings[0].ruling.why.as_deref(), Some("two campaigns"));
    assert_eq!(account.story.rulings[0].ruling.kind, RulingKind::Split);
}

#[tokio::test]
async fn without_a_ruling_an_arrival_that_matches_two_stories_merges_them_and_with_one_it_does_not() {
    let now = clock::now();
    // A bridge that has both texts whole: the two stories that it matches have nothing against each other.
    let half = |from: usize, n: usize| ORIGINAL.chars().skip(from).take(n).collect::<String>();
    let first = Telling::new("spb", "first", "江西局督导农村寄递物流", &half(0, 120), hours_before(now, 9));
    let second =
        Telling::new("paper", "second", "江西局督导农村寄递物流服务", &half(110, 140), hours_before(now, 8));
    let bridge = Telling { id: "bridge".into(), ..original(now) };
    for parted in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(&folder, "").await;
        desk.put(&first, now).await;
        desk.put(&second, after(now, 1)).await;
        assert_eq!(desk.stories().await.len(), 2, "they share too little");
        if parted {
            overruler(&desk, after(now, 2)).join("#1", "#2", None).await.unwrap();
            overruler(&desk, after(now, 3)).split(&["#2".into()], None).await.unwrap();
        }
        let ids: Vec<_> = desk.stories().await.into_iter().map(|story| story.atom_id).collect();
        desk.put(&bridge, after(now, 4)).await;
        let stories = desk.stories().await;
        assert_eq!(stories.len(), if parted { 2 } else { 1 }, "{stories:#?}");
        for id in &ids {
            let found = desk.store.story_by(&id.short()).await.unwrap().unwrap();
            let merged =
                matches!(&found.standing, Standing::Merged { atom_id, .. } if *atom_id == stories[0].atom_id);
            assert!(found.standing == Standing::Live || (merged && !parted), "{found:?}");
        }
        if !parted {
            let account = account(&desk, "#1", now).await;
            let moved = &account.story.moves[0];
            assert_eq!((moved.cause.as_str(), moved.by_entry), ("arrival", Some(3)));
            assert_eq!(account.story.aliases.len(), 1);
        }
    }
}

#[tokio::test]
async fn stories_that_are_joined_share_the_older_id_and_split_again_get_theirs_back() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = Desk::open(&folder, "").await;
    desk.put(&other(now), now).await;
    desk.put(&original(now), after(now, 1)).await;
    let ids = (desk.story_with(&other(now)).await.atom_id, desk.story_with(&original(now)).await.atom_id);
    let ruled = overruler(&desk, after(now, 600));
    let done = ruled.join(&ids.1.short(), &other(now).url(), Some("one campaign")).await.unwrap();
    assert_eq!(done.n_moved, 1);
    let one = desk.stories().await;
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].atom_id, ids.0, "the older id goes on");
    let found = desk.store.story_by(&ids.1.0).await.unwrap().unwrap();
    assert!(matches!(found.standing, Standing::Merged { ref atom_id, .. } if *atom_id == ids.0));
    assert_eq!(account(&desk, &ids.1.short(), now).await.story.atom_id, ids.0, "the old name leads there");

    let again = ruled.join("#1", "#2", None).await.unwrap();
    assert_eq!((again.other, again.n_moved), (None, 0));
    overruler(&desk, after(now, 700)).split(&["#2".into()], None).await.unwrap();
    assert_eq!(desk.story_with(&original(now)).await.atom_id, ids.1, "its own id comes back");
    assert_eq!(desk.story_with(&other(now)).await.atom_id, ids.0);
    // Whichever of the two is named.
    overruler(&desk, after(now, 800)).join("#1", "#2", None).await.unwrap();
    overruler(&desk, after(now, 900)).split(&["#1".into()], None).await.unwrap();
    assert_eq!(desk.story_with(&original(now)).await.atom_id, ids.1);
    assert_eq!(desk.story_with(&other(now)).await.atom_id, ids.0);
    let rulings = account(&desk, "#2", now).await.story.rulings;
    let in_force: Vec<_> = rulings.iter().filter(|it| it.ruling.undone_at.is_none()).collect();
    assert_eq!(in_force.len(), 1, "the join is over: {rulings:?}");
    assert_eq!(in_force[0].ruling.kind, RulingKind::Split);
}

#[tokio::test]
async fn rulings_can_be_taken_back() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = retold(&folder, now).await;
    desk.put(&other(now), after(now, 100)).await;
    let before: Vec<_> =
        desk.stories().await.iter().map(|story| (story.atom_id.clone(), story.copies.len())).collect();
    let shape = async || -> Vec<_> {
        desk.stories().await.iter().map(|story| (story.atom_id.clone(), story.copies.len())).collect()
    };
    let at = |seconds| overruler(&desk, after(now, seconds));
    at(200).split(&["#2".into()], None).await.unwrap();
    assert_eq!(shape().await.len(), 3);
    at(300).undo_split(&["#2".into()]).await.unwrap();
    assert_eq!(shape().await, before);
    let error = at(310).undo_split(&["#2".into()]).await.unwrap_err();
    assert!(matches!(&error, TargetError::Unfit(words) if words.contains("no split")), "{error}");

    at(400).join("#1", "#3", None).await.unwrap();
    assert_eq!(shape().await.len(), 1);
    at(500).undo_join("#1", "#3").await.unwrap();
    assert_eq!(shape().await, before);
    // Split off a second time it gets the same id as the first time.
    let own = |done: Done| done.other;
    let first = own(at(600).split(&["#2".into()], None).await.unwrap());
    at(700).join("#1", "#2", None).await.unwrap();
    assert_eq!(shape().await, before);
    assert_eq!(own(at(800).split(&["#2".into()], None).await.unwrap()), first);
}

#[tokio::test]
async fn what_cannot_be_ruled_is_refused_in_words() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = retold(&folder, now).await;
    desk.put(&other(now), after(now, 100)).await;
    let ruled = overruler(&desk, after(now, 200));
    let check = |result: Result<Done, TargetError>, words: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let story = desk.story_with(&other(now)).await.atom_id.short();
    check(ruled.split(&["#3".into()], None).await, "nothing of the story would be left");
    check(ruled.split(&["#1".into(), "#2".into()], None).await, "nothing of the story would be left");
    check(ruled.split(&["#1".into(), "#3".into()], None).await, "several stories");
    check(ruled.split(&[story], None).await, "is a story");
    check(ruled.join("#1", "#1", None).await, "are the same");
    check(ruled.join("#1", "#9", None).await, "expected");
    check(ruled.undo_join("#1", "#2").await, "no join");
    check(ruled.undo_join("#1", "#3").await, "two stories");
    assert_eq!(desk.stories().await.len(), 2, "nothing has happened");
}

#[tokio::test]
async fn a_near_story_is_named_beside_the_younger_and_not_joined() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = Desk::open(&folder, "").await;
    let bulletin = |id: &str, month: u32, volume: &str, at| {
        let text = format!(
            "2026年{month}月，全省邮政行业寄递业务量完成{volume}亿件，同比增长12.5%，其中快递业务量完成1.9亿件；\
            全省邮政行业业务收入完成21.5亿元，同比增长8.1%，其中快递业务收入完成13.6亿元，农村地区揽投件量占比上升。"
        );
        Telling::new("jx", id, &format!("江西省2026年{month}月邮政行业运行情况"), &text, at)
    };
    let (older, younger) =
        (bulletin("a", 9, "2.31", hours_before(now, 700)), bulletin("b", 10, "2.44", hours_before(now, 3)));
    desk.put(&older, now).await;
    let before = desk.story_with(&older).await;
    desk.put(&younger, after(now, 60)).await;
    let (one, two) = (desk.story_with(&older).await, desk.story_with(&younger).await);
    assert_ne!(one.atom_id, two.atom_id);
    let [related] = two.related.as_slice() else { panic!("{:?}", two.related) };
    assert_eq!((&related.atom_id, &related.title, &related.url), (&one.atom_id, &older.title, &older.url()));
    assert_eq!((one.related.len(), one.seq), (0, before.seq), "the older story has not changed");
    let account = account(&desk, "#1", now).await;
    assert_eq!(account.story.related[0].atom_id, two.atom_id, "explained from either side");
    // Once the two are one, nothing is beside it.
    overruler(&desk, after(now, 100)).join("#1", "#2", None).await.unwrap();
    assert_eq!(desk.stories().await[0].related, []);
}

#[tokio::test]
async fn a_correction_under_another_address_takes_the_place_of_what_it_corrects() {
    let now = clock::now();
    let check = async |text: &str, title: &str, source: &'static str, replaces: bool| {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(&folder, "").await;
        desk.put(&original(now), now).await;
        let before = desk.stories().await.remove(0);
        let newer = Telling::new(source, "newer", title, text, hours_before(now, 1));
        desk.put(&newer, after(now, 600)).await;
        let stories = desk.stories().await;
        assert_eq!(stories.len(), 1, "{title}");
        assert_eq!(stories[0].atom_id, before.atom_id);
        let shown = &stories[0].canonical().unwrap().entry;
        assert_eq!(shown.source_entry_id == "newer", replaces, "{title} {source}");
        assert_eq!(stories[0].updated_at > before.updated_at, replaces);
    };
    let title = "江西省邮政管理局组织开展农村寄递物流服务质量专项督导";
    let corrected = ORIGINAL.replace("一百二十六个", "一百一十六个").replace("逐一交谈", "交谈");
    check(&corrected, &format!("{title}（更正）"), "jx", true).await;
    check(&corrected, title, "jx", true).await;
    // An excerpt is no correction, and neither is what another publisher makes of it.
    check(DIGEST, title, "paper", false).await;
    check(&ORIGINAL.chars().take(190).collect::<String>(), title, "jx", false).await;
    check(&corrected, title, "portal", false).await;
}

#[tokio::test]
async fn a_replay_finds_nothing_to_change_unless_rules_do_and_keeps_to_rulings() {
    let (folder, now) = (tempfile::tempdir().unwrap(), clock::now());
    let desk = retold(&folder, now).await;
    desk.put(&other(now), after(now, 90)).await;
    let shape = async || -> Vec<_> {
        desk.stories().await.iter().map(|story| (story.atom_id.clone(), story.copies.len())).collect()
    };
    let later = after(now, 1_000);
    let found = regroup(&desk.store, &desk.config, later).await.unwrap();
    assert_eq!((found.n_entries, found.n_stories, found.changes.len()), (3, (2, 2), 0), "{found:?}");

    // What was ruled is no difference.
    overruler(&desk, after(now, 100)).split(&["#2".into()], None).await.unwrap();
    overruler(&desk, after(now, 101)).join("#1", "#3", None).await.unwrap();
    assert_eq!(regroup(&desk.store, &desk.config, later).await.unwrap().changes, []);
    overruler(&desk, after(now, 102)).undo_join("#1", "#3").await.unwrap();
    overruler(&desk, after(now, 103)).undo_split(&["#2".into()]).await.unwrap();
    let before = shape().await;

    // Under a shorter window the digest is another story; it gets an id of its own, and comes back with the window.
    let mut strict = (*desk.config).clone();
    strict.dedup.settings.window = std::time::Duration::from_hours(20);
    let found = regroup(&desk.store, &strict, later).await.unwrap();
    let [change] = found.changes.as_slice() else { panic!("{found:?}") };
    assert_eq!((change.story, change.comes.as_slice(), change.ends.len()), (None, [2].as_slice(), 0));
    assert_eq!(shape().await, before, "nothing is written before it is asked for");
    apply(&desk.store, &strict, &found, later).await.unwrap();
    assert_eq!(shape().await.len(), 3);
    assert_eq!(regroup(&desk.store, &strict, later).await.unwrap().changes, []);
    let split = desk.story_with(&digest(now)).await.atom_id;

    let found = regroup(&desk.store, &desk.config, after(now, 2_000)).await.unwrap();
    apply(&desk.store, &desk.config, &found, after(now, 2_000)).await.unwrap();
    assert_eq!(shape().await, before, "{found:?}");
    let standing = desk.store.story_by(&split.0).await.unwrap().unwrap().standing;
    assert!(
        matches!(standing, Standing::Merged { .. }),
        "the id that it had leads to the story that goes on"
    );
}
