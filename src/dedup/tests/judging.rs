//! Which of several stories an entry tells.

use super::{super::*, BASE, DAY, LONG, OTHER, Told, copy};

fn candidate(id: i64, story: i64, is_head: bool, told: &Told) -> Candidate {
    Candidate { entry_id: id, story_id: story, is_head, features: told.features().into() }
}

fn judged(entry: &Told, candidates: &[Candidate]) -> Judgement {
    judge(&entry.features(), candidates, &Settings::default())
}

#[test]
fn of_several_matches_the_strongest_rule_then_the_oldest_wins() {
    let half: String = LONG.chars().take(70).collect();
    let candidates = [
        candidate(1, 10, true, &Told { source: "ha", url: "http://x.cn/7", text: &half, ..BASE }),
        candidate(2, 20, true, &BASE),
        candidate(3, 30, true, &BASE),
    ];
    let verdict = judged(&copy(), &candidates).verdict;
    assert_eq!(verdict, Verdict::Join { story_id: 20, entry_id: 2, rule: Rule::SameBody });
    let address = Told { url: BASE.url, ..copy() };
    let expected = Verdict::Join { story_id: 20, entry_id: 2, rule: Rule::SameAddress };
    assert_eq!(judged(&address, &candidates).verdict, expected);
    assert_eq!(judged(&copy(), &[]).verdict, Verdict::New);
}

#[test]
fn only_the_head_is_compared_word_for_word() {
    let half: String = LONG.chars().take(70).collect();
    let clipped =
        Told { source: "wx", url: "http://w.cn/1", text: &half, title: "会议开到网点里", ..BASE };
    let head = Told { title: "另一件事", text: OTHER, ..BASE };
    let story = [candidate(1, 10, true, &head), candidate(2, 10, false, &clipped)];
    assert_eq!(judged(&copy(), &story).verdict, Verdict::New);
    let story = [candidate(2, 10, true, &clipped)];
    assert!(matches!(judged(&copy(), &story).verdict, Verdict::Join { rule: Rule::Body, .. }));
}

#[test]
fn two_stories_that_turn_out_to_be_one_are_merged_unless_a_veto_holds_between_them() {
    let (first, second): (String, String) =
        (LONG.chars().take(70).collect(), LONG.chars().skip(20).collect());
    let digest =
        Told { source: "paper", role: crate::model::Role::Paper, url: "http://p.cn/1", text: &first, ..BASE };
    let told = Told {
        source: "wx",
        role: crate::model::Role::Platform,
        url: "http://w.cn/1",
        text: &second,
        ..BASE
    };
    let original = Told { text: LONG, at_ms: DAY, ..BASE };
    let judgement = judged(&original, &[candidate(1, 10, true, &digest), candidate(2, 20, true, &told)]);
    assert!(matches!(judgement.verdict, Verdict::Join { story_id: 10, .. }), "{judgement:?}");
    assert_eq!(judgement.merges, [20]);
    let told = Told { region: "CN-HA", ..told };
    let judgement = judged(&original, &[candidate(1, 10, true, &digest), candidate(2, 20, true, &told)]);
    assert_eq!(judgement.merges, [0; 0]);
}

#[test]
fn what_is_near_and_another_story_is_related_with_its_veto() {
    let title = "江西局召开2025年度寄递安全会议";
    let last_year =
        Told {
            title: "江西局召开2024年度寄递安全会议", url: "http://jx.cn/0", at_ms: -9 * DAY, ..BASE
        };
    let text = format!("{LONG}会后还看了现场。");
    let judgement = judged(&Told { title, text: &text, ..copy() }, &[candidate(1, 10, true, &last_year)]);
    assert_eq!((judgement.verdict, judgement.related), (Verdict::New, vec![10]));
    assert_eq!(judgement.seen[0].comparison.vetoes[0].to_string(), "period 2025/2024");
}
