//! What is joined and what stays apart, and that neither depends on chance.

use std::collections::HashSet;

use super::*;
use crate::model::{CanonicalUrl, Region, Role, Timestamp};

mod words;

use words::{LONG, OTHER, PIECES};

const DAY: i64 = 86_400_000;

/// One entry, as the tests write it.
#[derive(Debug, Clone)]
struct Told<'a> {
    source: &'a str,
    role: Role,
    url: &'a str,
    title: &'a str,
    text: &'a str,
    region: &'a str,
    at_ms: i64,
}

const BASE: Told = Told {
    source: "jx",
    role: Role::Primary,
    url: "http://jx.cn/1",
    title: "江西局召开寄递安全会议",
    text: LONG,
    region: "CN-JX",
    at_ms: 0,
};

impl Told<'_> {
    fn features(&self) -> Features {
        let url = CanonicalUrl::parse(self.url);
        let region = Region::parse(self.region);
        let parts = Parts {
            source_key: self.source,
            source_entry_id: self.url,
            role: self.role,
            canonical_url: url.as_ref(),
            title: self.title,
            text: self.text,
            region: region.as_ref(),
            published_at: Timestamp::from_millisecond(self.at_ms).unwrap(),
        };
        Features::of(&parts, Tables::shipped())
    }
}

fn copy<'a>() -> Told<'a> {
    Told { source: "spb", role: Role::National, url: "http://spb.cn/9", ..BASE }
}

/// Compares both ways round; gives the rule and the kinds of veto.
fn seen(a: &Told, b: &Told) -> (Option<Rule>, Vec<VetoKind>) {
    let (a, b) = (a.features(), b.features());
    let settings = Settings::default();
    let (there, back) = (compare(&a, &b, &settings), compare(&b, &a, &settings));
    let kinds = |c: &Comparison| c.vetoes.iter().map(|v| v.kind).collect::<Vec<_>>();
    assert_eq!((there.rule, there.scores, kinds(&there)), (back.rule, back.scores, kinds(&back)));
    (there.rule, kinds(&there))
}

fn check_joined(a: &Told, b: &Told, expected: Rule) {
    assert_eq!(seen(a, b), (Some(expected), vec![]), "{a:?}\n{b:?}");
}

fn check_apart(a: &Told, b: &Told, expected: VetoKind) {
    let (rule, vetoes) = seen(a, b);
    assert!(vetoes.contains(&expected), "{rule:?} {vetoes:?}\n{a:?}\n{b:?}");
}

#[test]
fn the_shipped_tables_can_be_read() {
    let tables = Tables::parse(&SHIPPED).unwrap();
    assert!(tables.common_words().len() > 300);
    assert_eq!(Tables::shipped().common_words(), tables.common_words());
    assert!(matches!(
        Tables::parse(&TableTexts { places: "x = [", ..SHIPPED }),
        Err(TablesError::Toml { table: "places", .. })
    ));
}

#[test]
fn each_rule_joins_what_it_is_for() {
    let half: String = LONG.chars().take(70).collect();
    let third: String = LONG.chars().skip(20).take(36).collect();
    check_joined(
        &BASE,
        &Told { url: "https://www.jx.cn/1?spm=9", title: "别的标题也许更长", ..copy() },
        Rule::SameAddress,
    );
    check_joined(&BASE, &Told { title: "各地召开寄递安全会议", at_ms: 9 * DAY, ..copy() }, Rule::SameBody);
    check_joined(&BASE, &Told { text: &half, title: "寄递安全会议开到网点", ..copy() }, Rule::Body);
    check_joined(&BASE, &Told { text: "", at_ms: 2 * DAY, ..copy() }, Rule::SameTitle);
    check_joined(&BASE, &Told { text: &third, at_ms: 2 * DAY, ..copy() }, Rule::SameTitle);
    let mixed = format!(
        "{}{}",
        LONG.chars().take(40).collect::<String>(),
        OTHER.chars().take(50).collect::<String>()
    );
    check_joined(&BASE, &Told { text: &mixed, ..copy() }, Rule::BodyTitle);
    let begun = format!("{}{}", LONG.chars().take(27).collect::<String>(), OTHER);
    check_joined(&BASE, &Told { text: &begun, ..copy() }, Rule::TitleLead);
}

#[test]
fn a_city_s_own_words_are_known_by_place_and_figures() {
    let province = Told {
        title: "全省首条客货邮专线在九江投运",
        text: "近日，全省首条客货邮专线在九江投入运营。专线全长128公里，途经6个乡镇、83个行政村，投入客货兼载公交12辆，年节约运费76万元。",
        ..BASE
    };
    let city = Told {
        source: "jj",
        url: "http://jj.cn/3",
        title: "坐公交的快递：九江83个村当天收到包裹",
        text: "前头坐人后头拉货，谁也不碍谁。这条专线全长128公里，串起6个乡镇，12辆车轮着跑，原先隔天才到的东西晚饭前就能取，一年省下76万元。",
        at_ms: -DAY,
        ..BASE
    };
    check_joined(&province, &city, Rule::Event);
    let keys: HashSet<u32> = province.features().index_keys().into_iter().collect();
    assert!(city.features().index_keys().iter().filter(|key| keys.contains(key)).count() >= 3);
    let elsewhere = Told { title: "坐公交的快递：赣州83个村当天收到包裹", ..city };
    assert_eq!(seen(&province, &elsewhere).0, None);
}

#[test]
fn what_only_looks_alike_stays_apart() {
    check_apart(&BASE, &Told { source: "ha", region: "CN-HA", ..copy() }, VetoKind::Province);
    check_apart(&BASE, &Told { at_ms: 46 * DAY, ..copy() }, VetoKind::Window);
    let reused = Told { title: "换成另一件事的标题", text: OTHER, source: "jx2", ..BASE };
    assert_eq!(seen(&BASE, &reused).0, None);
    assert_eq!(seen(&BASE, &Told { text: OTHER, ..copy() }).0, None);
    let half: String = LONG.chars().take(36).collect();
    check_apart(&BASE, &Told { url: "http://jx.cn/2", text: &half, ..BASE }, VetoKind::Publisher);
    let late = Told { at_ms: 3 * DAY, ..BASE };
    let noisy = format!("{half}又加了一句原文没有的话");
    check_apart(&late, &Told { text: &noisy, ..copy() }, VetoKind::Order);
}

/// Texts that differ by one thing; each pair is two stories.
#[test]
fn what_differs_outweighs_the_frame() {
    let frame = |from: &str, to: &str, expected: VetoKind| {
        let title = "某局举办邮政行业统计业务培训班".to_owned() + from;
        let text = words::FRAME.replace("〇", from);
        let (other_title, other_text) = (title.replace(from, to), words::FRAME.replace("〇", to));
        let a = Told { title: &title, text: &text, region: "", ..BASE };
        let b = Told { title: &other_title, text: &other_text, region: "", at_ms: DAY, ..copy() };
        check_apart(&a, &b, expected);
    };
    frame("2025年", "2024年", VetoKind::Period);
    frame("3月", "4月", VetoKind::Period);
    frame("第一季度", "第二季度", VetoKind::Period);
    frame("第三次", "第四次", VetoKind::Period);
    frame("3月5日", "3月6日", VetoKind::Date);
    frame("九江", "赣州", VetoKind::Place);
    frame("江西省", "河南省", VetoKind::Province);
    frame("《快递条例》", "《邮政法》", VetoKind::Works);
    frame("飞燕有限公司", "驰达有限公司", VetoKind::Company);
    frame("副省长周立群", "副省长林国安", VetoKind::Official);
    frame("赣邮管〔2025〕12号", "赣邮管〔2025〕13号", VetoKind::Number);
    frame("开班", "结业", VetoKind::State);
    frame("将举行", "", VetoKind::Announcement);
    frame("西班牙", "泰国", VetoKind::Frame);
    frame("12.5万", "13.8万", VetoKind::Frame);
    frame("佛教协会", "道教协会", VetoKind::Frame);
}

#[test]
fn a_correction_and_an_editor_s_words_keep_a_story_together() {
    let figures = "全省揽收包裹3.25亿件，增长8.1%，投递2.98亿件，涉及企业46家、网点1203处，用户满意率96.4%，处理申诉318件，均按时办结并逐一回访，未发生重大安全事故。";
    let corrected = figures.replace("46家", "48家");
    check_joined(
        &Told { text: figures, ..BASE },
        &Told { url: "http://jx.cn/2", text: &corrected, ..BASE },
        Rule::Body,
    );
    let edited = LONG.replace("召开", "举行").replace("部署", "安排").replace("督促", "指导");
    assert_eq!(seen(&BASE, &Told { text: &edited, ..copy() }).1, vec![]);
}

#[test]
fn a_round_up_is_no_copy() {
    let text = format!(
        "江西局召开会议，{}河南局开展排查。浙江局部署旺季。",
        LONG.chars().take(70).collect::<String>()
    );
    let round_up = Told { title: "赣豫浙3省局推进重点工作", text: &text, region: "", ..copy() };
    check_apart(&BASE, &round_up, VetoKind::RoundUp);
}

#[test]
fn place_names_have_boundaries() {
    let found = |text: &str| Tables::shipped().places.find(text);
    assert!(found("天山南北好风光").cities.is_empty());
    assert!(found("朝阳群众").cities.is_empty());
    assert_eq!(found("朝阳市局").cities.len(), 1);
    assert_eq!(found("浙陕冀湘4省局").provinces.len(), 4);
    assert_eq!(found("九江、赣州等地").provinces.len(), 1);
    assert!(found("新增一处网点").provinces.is_empty());
}

#[test]
fn readers_get_the_copy_nearest_to_the_bureau() {
    let order = RoleOrder::default();
    let rank = |entry_id, role, is_province, n_chars, seen| Rank {
        entry_id,
        standing: order.standing(role),
        is_province,
        is_correction: false,
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

mod judging;
mod texts;
