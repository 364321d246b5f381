//! The shipped topics on titles and leads in the manner of this trade, all made up.

use super::*;
use crate::config::{Config, Origins};

fn shipped() -> TopicRules {
    (*Config::load(&Origins::default()).unwrap().topics).clone()
}

/// Title, beginning of the text, topics: those that must be told, and after `|` those that may be.
const TOLD: &[(&str, &str, &str)] = &[
    ("江西局开展寄递安全专项检查", "检查组查看了安检机运行和实名收寄落实情况。", "safety|enforcement"),
    ("某市局召开冬季消防安全工作会", "会议通报了近期火灾，要求排查隐患。", "safety"),
    ("全省邮政快递业安全生产治本攻坚三年行动推进", "要求企业落实主体责任。", "safety"),
    ("快递网点收寄验视不到位被罚", "执法人员依法作出行政处罚，罚款五千元。", "enforcement safety"),
    ("联合公安、禁毒部门开展寄递渠道禁毒检查", "", "safety"),
    ("快递进村服务覆盖九成建制村", "今年以来，农村寄递物流体系加快建设。", "rural-delivery"),
    ("“邮快合作”让山里的脐橙当天发车", "村民把农产品交到村级服务站。", "rural-delivery"),
    ("客货邮融合发展样板县公布", "", "rural-delivery"),
    (
        "农村地区领取邮件快件违规收费清理整顿",
        "对乡镇网点逐一排查，畅通投诉渠道。",
        "rural-delivery service-quality|enforcement",
    ),
    ("省局主要负责人赴县区调研农村寄递物流", "走访了县级共配中心和村邮站。", "rural-delivery|network"),
    ("快递行业党建工作推进会召开", "会议强调，要抓好两个覆盖。", "party-building"),
    ("党组理论学习中心组开展专题学习研讨", "", "party-building"),
    ("机关党支部开展主题党日活动", "党员重温入党誓词。", "party-building"),
    ("召开党风廉政建设和反腐败工作会议", "", "party-building"),
    ("全面从严治党暨警示教育大会召开", "通报典型案例，用身边事教育身边人。", "party-building"),
    ("快递员优先参加工伤保险工作部署", "各品牌企业要为基层网点快递员参保。", "rights"),
    ("全省首家快递小哥食堂开业", "午餐每份十元。", "rights"),
    ("快递行业工会联合会成立", "维护职工权益，建好工会驿站。", "rights"),
    ("为快递员送清凉", "高温天里，慰问组送去防暑用品。", "rights"),
    ("签订行业集体合同 明确派费标准", "集体协商会议召开。", "rights"),
    ("三季度快递服务满意度调查结果公布", "全程时限缩短，72小时准时率提高。", "service-quality"),
    ("11月邮政业用户申诉情况通告", "共处理申诉六百件。", "service-quality"),
    ("消费提示：收快递请先验后签", "消费者发现破损应当场拒收。", "service-quality"),
    ("治理快递不按址投递", "对虚假签收问题开展约谈。", "service-quality|enforcement"),
    ("推进快递包装绿色转型现场会召开", "会议要求推广循环箱，治理过度包装。", "green"),
    ("检查快件塑料包装使用情况", "未发现使用不可降解塑料袋的行为。", "green"),
    ("新能源汽车在快递干线投入运营", "", "green"),
    ("省局印发生态环保工作要点", "", "green|policy"),
    ("首条无人机邮路开通", "单程二十公里，十五分钟送达。", "technology|universal-service"),
    ("座谈人工智能在邮政快递领域应用", "参会企业介绍了大模型客服和智能分拣。", "technology"),
    ("无人车配送上路测试", "", "technology"),
    ("行业科技创新中心揭牌", "聚焦新质生产力。", "technology"),
    ("对两家企业未经许可经营快递业务立案调查", "", "enforcement|market"),
    ("开展“双随机、一公开”检查", "抽查网点二十处，责令整改三处。", "enforcement"),
    ("行政执法案卷评查会召开", "", "enforcement"),
    ("约谈三家快递企业负责人", "指出末端服务投诉多的问题。", "enforcement|service-quality"),
    ("部署整治行业内卷式竞争", "反对低价竞争和以罚代管。", "market"),
    ("快递业务经营许可年度报告开始填报", "", "market"),
    ("规范快递市场秩序座谈会召开", "", "market"),
    ("10月份全省邮政行业运行情况", "快递业务量累计完成十亿件，同比增长百分之十二。", "statistics"),
    ("前三季度快递业务收入突破百亿元", "", "statistics"),
    ("中国快递发展指数报告发布", "发展规模指数同比提升。", "statistics"),
    ("部署旺季寄递服务保障工作", "双11期间日均处理量预计增长。", "peak-season"),
    ("春节不打烊 年货寄递忙", "", "peak-season"),
    ("国庆中秋假期寄递服务平稳有序", "", "peak-season"),
    ("全力应对台风 保障人员和邮件安全", "启动应急响应，停运三条邮路。", "emergency|safety universal-service"),
    ("低温雨雪天气防范应对视频会召开", "要求完善应急预案。", "emergency"),
    ("快递分拨中心投产", "日处理能力百万件，全自动分拣。", "network|technology"),
    ("快递产业园项目开工", "", "network"),
    ("智能快件箱进小区", "新增格口两千个。", "network"),
    ("快递电动三轮车统一编号便捷通行", "", "network"),
    ("国际快递枢纽开通货运航线", "", "cross-border network"),
    ("跨境寄递服务政策宣讲会举行", "介绍海外仓和口岸通关。", "cross-border"),
    ("快递进厂服务先进制造业典型项目公布", "供应链深度融合。", "integration"),
    ("“一市一品”金牌项目带动产值", "", "integration|rural-delivery"),
    ("“十五五”邮政业发展规划编制座谈会召开", "", "policy"),
    ("快递条例修订草案征求意见", "", "policy"),
    ("宪法宣传周普法活动走进网点", "", "policy"),
    ("2027年度公务员招录面试公告", "", "people"),
    ("全省邮政行业职业技能竞赛落幕", "四十名选手比拼快递员、快件处理员两个工种。", "people|rights"),
    ("干部能力提升培训班开班", "", "people"),
    ("邮政普遍服务满意度调查结果公布", "", "universal-service service-quality"),
    ("邮政营业场所撤销许可听证", "", "universal-service|market"),
    ("党报党刊投递质量检查", "", "universal-service|enforcement"),
    ("規範快遞市場秩序，整治內捲式競爭", "", "market"),
    ("ＡＩ＋快递：人 工 智 能客服上岗", "", "technology"),
    // What tells no topic, although it holds words of one.
    ("省局召开2026年度工作务虚会议", "学习贯彻新时代思想，总结工作，谋划思路，为高质量发展凝聚共识。", ""),
    ("局领导调研基层", "听取汇报，看望干部职工，要求增强获得感、幸福感、安全感。", ""),
    ("会见某集团负责人", "双方就深化合作交换意见。", ""),
    ("出席青年论坛并致辞", "来自科技大学的学生提问。", ""),
    ("开通绿色通道", "为急件提供便利。", ""),
    ("", "", ""),
];

#[test]
fn titles_and_leads_are_about_what_a_reader_says_they_are() {
    assert!(TOLD.len() >= 60);
    let rules = shipped();
    let wrong: Vec<String> = TOLD.iter().filter_map(|row| complaint(&rules, row)).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What is wrong with a row: a topic that is missing, or one that is too many.
fn complaint(rules: &TopicRules, (title, text, expected): &(&str, &str, &str)) -> Option<String> {
    let (must, may) = expected.split_once('|').unwrap_or((expected, ""));
    let told = rules.of(title, text);
    let known = |key: &str| rules.table().row(key).is_some();
    let must: Vec<&str> = must.split_whitespace().inspect(|key| assert!(known(key), "{key}")).collect();
    let may: Vec<&str> = may.split_whitespace().inspect(|key| assert!(known(key), "{key}")).collect();
    let fits = must.iter().all(|key| told.iter().any(|told| told == key))
        && told.iter().all(|told| must.contains(&told.as_str()) || may.contains(&told.as_str()));
    (!fits).then(|| format!("{title} / {text}: expected {expected}, told {}", told.join(" ")))
}

#[test]
fn the_list_can_fail() {
    let rules = shipped();
    assert!(complaint(&rules, &("召开寄递安全会", "", "green")).is_some());
    assert!(complaint(&rules, &("召开寄递安全会", "", "")).is_some());
}

fn rule(key: &str, words: &[&str], weak: &[&str], unless: &[&str]) -> TopicRule {
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    TopicRule {
        topic: Topic { key: key.into(), ..Topic::default() },
        words: list(words),
        weak: list(weak),
        unless: list(unless),
    }
}

#[test]
fn a_title_tells_more_than_a_text_and_a_weak_word_needs_others() {
    let rules = TopicRules::new(vec![rule("a", &["快递进村", "村站"], &["农村"], &["农村人口"])]).unwrap();
    let check = |title: &str, text: &str, told: bool| {
        assert_eq!(!rules.of(title, text).is_empty(), told, "{title} / {text}");
    };
    check("快递进村", "", true);
    check("农村", "", false);
    check("农村", "快递进村和村站", true);
    check("农村人口", "快递进村和村站", false);
    check("", "快递进村", false);
    check("", "快递进村，快递进村，快递进村，村站", true);
    check("快 递\u{3000}进村", "", true);
    check("快递", "进村", false);
    check("快递\n进村", "", false);
}

#[test]
fn the_strongest_few_are_kept_in_a_fixed_order() {
    let keys = ["f", "e", "d", "c", "b", "a"];
    let rules = TopicRules::new(keys.iter().map(|key| rule(key, &[key], &[], &[])).collect()).unwrap();
    assert_eq!(rules.of("a b c d e f", "a a b c d"), ["a", "b", "c", "d"]);
    assert!(TopicRules::default().of("a", "b").is_empty());
}

#[test]
fn a_revision_names_the_words_and_not_the_names() {
    let revision = |rules: Vec<TopicRule>| TopicRules::new(rules).unwrap().revision().to_owned();
    let one = revision(vec![rule("a", &["x"], &["y"], &[])]);
    assert_ne!(one, revision(vec![rule("a", &["x", "y"], &[], &[])]));
    assert_ne!(one, revision(vec![rule("b", &["x"], &["y"], &[])]));
    let mut named = rule("a", &["x"], &["y"], &[]);
    named.topic.zh = "名".into();
    assert_eq!(one, revision(vec![named]));
}

#[test]
fn an_operator_adds_changes_and_removes_topics_by_key() {
    let load = |text: &str| {
        Config::load(&Origins { text: Some(("own.toml".into(), text.into())), ..Origins::default() })
    };
    let config = load(
        "[[topic]]\nkey = \"safety\"\nlabel_en = \"Security\"\n[[topic]]\nkey = \"green\"\nenabled = false\n\
        [[topic]]\nkey = \"pets\"\nlabel_zh = \"宠物\"\nwords = [\"活体宠物\"]\n",
    )
    .unwrap();
    let table = config.topics.table();
    assert_eq!(table.row("safety").map(|topic| topic.en.as_str()), Some("Security"));
    assert_eq!(table.row("safety").map(|topic| topic.zh.as_str()), Some("寄递安全"));
    assert_eq!(table.row("green"), None);
    assert_eq!(config.topics.of("禁止寄递活体宠物", ""), ["pets"]);
    assert_eq!(config.topics.of("开展寄递安全检查", ""), ["safety"]);
    for (text, expected) in [
        ("[[topic]]\nkey = \"Bad Key\"\nwords = [\"x\"]\n", "Bad Key"),
        ("[[topic]]\nkey = \"empty\"\n", "no words"),
        ("[[topic]]\nwords = [\"x\"]\n", "topic.key"),
        ("[[topic]]\nkey = \"a\"\ncolour = \"x\"\n", "colour"),
    ] {
        let error = load(text).unwrap_err();
        let told = format!("{error} {:?}", std::error::Error::source(&error));
        assert!(told.contains(expected), "{told}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_labelling_panic(title in "\\PC{0,40}", text in "(\\PC|\n|安全|快递员){0,200}") {
        let rules = shipped_once();
        let told = rules.of(&title, &text);
        assert!(told.len() <= MAX_TOPICS && told.is_sorted());
    }
}

fn shipped_once() -> &'static TopicRules {
    static RULES: std::sync::LazyLock<TopicRules> = std::sync::LazyLock::new(shipped);
    &RULES
}
