//! `[dedup]` in the configuration, run as an operator runs it: what is set changes what becomes one story.

use std::fs;

use serde_json::{Value, json};

use dibao::clock;

use crate::{
    exchange::{Desk, Done, text},
    support::desk::hours_before,
};

const TEXT: &str = "为推动农村寄递物流体系建设走深走实，省邮政管理局近日派出三个督导组，赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导。\
    督导组随机走访村级寄递物流综合服务站一百二十六个，现场查看快件到站时间、取件登记和收费公示情况，与村干部、站点经营者和取件村民逐一交谈。\
    从走访情况看，多数站点做到每日一频次以上投递，但仍有十一个站点存在公示不全、代收点夜间无人值守等问题，督导组当场下达整改建议。\
    省局要求，各市局要建立问题台账，十二月底前完成整改，并将整改结果纳入年度考核。";
const DIGEST: &str = "近日,省邮政管理局派出三个督导组,赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导,随机走访村级寄递物流综合服务站一百二十六个,现场查看快件到站时间、取件登记和收费公示情况。\
    省局要求,各市局要建立问题台账,十二月底前完成整改,并将整改结果纳入年度考核。";

/// A copy on a site that has its own words around each article, longer than the articles.
const AROUND: [&str; 2] = [
    "掌上邮驿提示您本站内容均来自互联网整理如需转载请联系客服热线工作日九点至十八点值班编辑将第一时间为您答疑解惑感谢一路同行",
    "驿站头条温馨提醒下载客户端即可参与每日签到抽奖更有新人礼包等你来拿活动规则最终解释权归本平台所有快邀请好友一起加入吧",
];

/// A line, published some hours after this time yesterday.
fn line(source: &str, role: &str, title: &str, text: &str, hour: u64) -> Value {
    let published = hours_before(clock::now(), 24 - hour).to_string();
    json!({
        "source": source, "id": format!("{source}-{hour}"), "url": format!("https://{source}.example/{hour}.html"),
        "title": title, "published": published, "role": role, "region": "CN-JX",
        "content_text": text,
    })
}

fn original() -> Value {
    line("jx", "primary", "江西省邮政管理局组织开展农村寄递物流服务质量专项督导", TEXT, 8)
}

fn digest() -> Value {
    line("paper", "paper", "江西局督导农村寄递物流服务质量", DIGEST, 10)
}

/// Two copies of one short text on sites that put it between much else, under titles of their own.
fn surrounded() -> [Value; 2] {
    let news = "省邮政管理局在赣南召开旺季服务保障现场会，部署末端网点延时服务、应急运力调度和消费申诉快速处理等三方面工作，明确专人逐日调度并公布监督电话。";
    let told = |source: &str, title: &str, around: &str, hour| {
        line(source, "platform", title, &format!("{news}\n{around}\n{around}本文由{source}整理发布"), hour)
    };
    [told("one", "赣南开了一场会", AROUND[0], 8), told("two", "末端服务又有新动作", AROUND[1], 9)]
}

fn import(desk: &Desk, lines: &[Value]) -> Done {
    let done = desk.run(&["import", "-", "--kind", "jsonl", "--json"], text(lines).as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
    done
}

fn n_stories(desk: &Desk) -> usize {
    let ids: std::collections::BTreeSet<String> =
        desk.exported().iter().map(|entry| entry["story"].as_str().unwrap().to_owned()).collect();
    ids.len()
}

/// The entry that readers get, with why.
fn canonical(desk: &Desk, name: &str) -> (String, String) {
    let done = desk.run(&["explain", name, "--json"], b"");
    let story: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{done:?}"));
    let shown = story["entries"].as_array().unwrap().iter().find(|entry| entry["canonical"] == true).unwrap();
    (shown["source"].as_str().unwrap().to_owned(), shown["why_canonical"].as_str().unwrap().to_owned())
}

#[test]
fn a_threshold_in_the_configuration_changes_what_becomes_one_story() {
    let check = |more: &str, expected: usize| {
        let desk = Desk::new(more);
        import(&desk, &[original(), digest()]);
        assert_eq!(n_stories(&desk), expected, "{more}");
    };
    check("", 1);
    check(
        "[dedup.rules]\nbody = 0.97\nwithout = [\"body-title\", \"title-lead\", \"figures\", \"event\"]\n",
        2,
    );
    check(
        "[dedup.rules]\nbody = 0.97\nbody_title = 0.97\nfigures = 0.97\nevent = 0.97\nretold_weight = 90\n",
        2,
    );
    check("[dedup]\nwindow = \"1h\"\n", 2);
    check("[dedup]\nwindow = \"3h\"\n", 1);
}

#[test]
fn the_order_of_roles_says_whose_copy_readers_get() {
    let desk = Desk::new("");
    import(&desk, &[original(), digest()]);
    assert_eq!(canonical(&desk, "#2").0, "jx");
    let desk = Desk::new("[dedup]\nroles = [\"paper\", \"primary\", \"national\", \"platform\"]\n");
    import(&desk, &[original(), digest()]);
    let (source, why) = canonical(&desk, "#1");
    assert_eq!(source, "paper");
    assert!(why.contains("role"), "{why}");
}

#[test]
fn chrome_of_the_operator_s_makes_a_copy_known_again() {
    let rows = format!(
        "[dedup.chrome]\ntail_starts = [\"掌上邮驿提示您\"]\ncut = [\"本文由 one 整理发布\", \"{}\"]\n",
        AROUND[1]
    );
    let desk = Desk::new("");
    import(&desk, &surrounded());
    assert_eq!(n_stories(&desk), 2, "nobody knows these words yet");
    let desk = Desk::new(&rows);
    import(&desk, &surrounded());
    assert_eq!(n_stories(&desk), 1);
    // The same rows in a file beside the configuration.
    let desk = Desk::new("[dedup]\ntables = \"rows.toml\"\n");
    fs::write(desk.path("rows.toml"), rows.replace("[dedup.chrome]", "[chrome]")).unwrap();
    import(&desk, &surrounded());
    assert_eq!(n_stories(&desk), 1);
}

#[test]
fn places_and_names_of_the_operator_s_tell_stories_apart_and_together() {
    let told = |source: &str, place: &str, hour| {
        let text = TEXT.replace("赣州、上饶、抚州等地", place);
        line(source, "platform", &format!("{place}督导农村寄递物流服务质量"), &text, hour)
    };
    let lines = [told("one", "云梦泽镇", 8), told("two", "烟雨楼镇", 9)];
    let check = |more: &str, expected: usize| {
        let desk = Desk::new(more);
        import(&desk, &lines);
        assert_eq!(n_stories(&desk), expected, "{more}");
    };
    // Two places of other provinces: what is replaced is a name already, so that the frame alone tells them apart too.
    check("[dedup.vetoes]\nwithout = [\"frame\"]\n", 1);
    check(
        "[dedup.vetoes]\nwithout = [\"frame\"]\n[dedup.places.cities]\nCN-HB = [\"云梦泽镇\"]\nCN-ZJ = [\"烟雨楼镇\"]\n",
        2,
    );
    check("[dedup.names]\nsynonyms = \"云梦泽镇 烟雨楼镇\"\n", 1);
}

/// The answer of a replay: what differs, and the last line.
fn replayed(desk: &Desk, arguments: &[&str]) -> (Vec<Value>, Value) {
    let done = desk.run(&[&["reprocess", "--dedup", "--json"], arguments].concat(), b"");
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{done:?}");
    let mut lines: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.pop().unwrap();
    (lines, last)
}

#[test]
fn what_is_stored_is_compared_by_new_tables_and_the_operator_is_told_once() {
    let desk = Desk::new("");
    let [first, second] = surrounded();
    assert_eq!(import(&desk, &[first]).err, "");
    let rows = format!(
        "defaults = false\n[dedup.chrome]\ncut = [\"{}\", \"{}\", \"本文由 two 整理发布\", \"本文由 one 整理发布\"]\n",
        AROUND[0], AROUND[1]
    );
    fs::write(desk.path("dibao.toml"), rows).unwrap();
    let done = import(&desk, &[second]);
    assert!(done.err.contains("tables of [dedup]") && done.err.contains("of 1 entries"), "{}", done.err);
    assert!(done.err.contains("dibao reprocess --dedup"), "{}", done.err);
    assert_eq!(n_stories(&desk), 1);
    assert_eq!(import(&desk, &[original()]).err, "", "said once");
}

#[test]
fn a_replay_under_changed_rules_shows_the_difference_and_writes_it_when_asked() {
    let strict = "defaults = false\n[dedup.rules]\nbody = 0.97\nbody_title = 0.97\nfigures = 0.97\nevent = 0.97\nretold_weight = 90\n";
    let desk = Desk::new("");
    import(&desk, &[original(), digest()]);
    let id = desk.exported()[0]["story"].clone();
    assert_eq!(replayed(&desk, &[]).1["changes"], 0);

    // Stricter rules part them, and the operator hears of it where something is taken in.
    fs::write(desk.path("dibao.toml"), strict).unwrap();
    let done = desk.run(&["import", "-", "--kind", "jsonl"], b"");
    assert!(done.err.contains("rules of [dedup]"), "{done:?}");
    let (changes, told) = replayed(&desk, &[]);
    assert_eq!(
        (&told["entries"], &told["stories"], &told["stories_by_rules"]),
        (&json!(2), &json!(1), &json!(2))
    );
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((&change["story"], &change["entries"][0]["rule"]), (&Value::Null, &json!("first")));
    assert_eq!(n_stories(&desk), 1, "nothing is written before it is asked for");
    assert_eq!(replayed(&desk, &["--apply"]).1["applied"], true);
    assert_eq!(n_stories(&desk), 2);
    assert_eq!(desk.exported()[1]["rule"], "first");
    assert_eq!(replayed(&desk, &[]).1["changes"], 0);

    // The shipped rules again: one story, under its first id.
    fs::write(desk.path("dibao.toml"), "defaults = false\n").unwrap();
    let done = desk.run(&["reprocess", "--dedup", "--apply"], b"");
    assert!(
        done.err.contains("rules of [dedup]") && done.out.contains("1 put together otherwise"),
        "{done:?}"
    );
    assert_eq!(n_stories(&desk), 1);
    assert_eq!(desk.exported()[0]["story"], id);
}

#[test]
fn a_replay_shows_whose_copy_readers_get_under_another_order_of_roles() {
    let desk = Desk::new("");
    import(&desk, &[original(), digest()]);
    let id = desk.exported()[0]["story"].clone();
    fs::write(
        desk.path("dibao.toml"),
        "defaults = false\n[dedup]\nroles = [\"paper\", \"primary\", \"national\", \"platform\"]\n",
    )
    .unwrap();
    let (changes, told) = replayed(&desk, &[]);
    assert_eq!((&told["changes"], &told["shown_otherwise"]), (&json!(0), &json!(1)));
    assert_eq!((&changes[0]["story"], &changes[0]["shows"]["number"]), (&id, &json!(2)));
    assert_eq!(canonical(&desk, "#1").1, "it was chosen under other settings; today another would be");
    let done = desk.run(&["reprocess", "--dedup", "--apply"], b"");
    assert!(
        done.out.contains("shows      #2") && done.out.contains("1 shown otherwise; written"),
        "{done:?}"
    );
    assert_eq!(canonical(&desk, "#1").0, "paper");
    assert_eq!(desk.exported()[0]["story"], id);
    assert_eq!(replayed(&desk, &[]).1["shown_otherwise"], 0);
}

#[test]
fn what_cannot_be_used_ends_with_file_and_line_before_anything_is_stored() {
    let check = |more: &str, parts: &[&str]| {
        let desk = Desk::new(more);
        let done = desk.run(&["import", "-", "--kind", "jsonl"], text(&[original()]).as_bytes());
        assert_eq!(done.code, 2, "{done:?}");
        for part in parts {
            assert!(done.err.contains(part), "{part} is missing in {}", done.err);
        }
        assert!(!desk.path("test.db").exists());
    };
    check("[dedup.rules]\nbody = 68\n", &["dibao.toml", "line 3, column 8", "from 0 to 1"]);
    check("[dedup.rules]\nboddy = 0.68\n", &["dibao.toml", "line 3", "boddy"]);
    check("[dedup.chrome]\ncut = [\"。\"]\n", &["dibao.toml", "line 3", "`。`", "2 to 200"]);
    check("[dedup]\ntables = [\"none.toml\"]\n", &["none.toml", "names no file"]);
}

#[test]
fn commands_that_poll_nothing_do_not_warn_that_no_source_is_enabled() {
    let desk = Desk::new("");
    let told = [
        import(&desk, &[original()]).err,
        desk.run(&["export"], b"").err,
        desk.run(&["reprocess"], b"").err,
        desk.run(&["reprocess", "--dedup"], b"").err,
    ];
    assert_eq!(told, [""; 4]);
    assert!(desk.run(&["config", "check"], b"").err.contains("no source is enabled"));
    assert!(desk.run(&["fetch"], b"").err.contains("no source is enabled"));
}
