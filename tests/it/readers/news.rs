//! Three days of news at three bureaus, and of those who retell them; what each site shows at an hour.

use std::time::Duration;

use dibao::model::Timestamp;

use crate::support::{
    house::after,
    upstream::{Answer, Upstream},
};

/// Hours that pass.
pub(super) const HOURS: u64 = 72;
/// Hours between two subjects of a bureau.
const EVERY: u64 = 6;
/// Hours until the paper tells it in short, under another title.
const RETOLD_AFTER: u64 = 5;
/// Hours until the portal has it word for word, at another address.
const COPIED_AFTER: u64 = 3;
/// Hours until a bureau corrects a title.
const CORRECTED_AFTER: u64 = 8;
/// When a bureau's site is rebuilt, so that all its ids and addresses are others.
const REBUILT_AT: u64 = 36;
/// When another bureau's site is out of order.
const DOWN: std::ops::Range<u64> = 20..26;
/// What a site shows.
const SHOWN: usize = 8;

/// Key, region, name as it stands in a title, and a city.
const BUREAUS: [(&str, &str, &str, &str); 3] = [
    ("jx", "CN-JX", "江西省邮政管理局", "赣州市"),
    ("hb", "CN-HB", "湖北省邮政管理局", "襄阳市"),
    ("gd", "CN-GD", "广东省邮政管理局", "惠州市"),
];

/// Title, the paper's title, what both tell, what only the bureau tells. `{b}` is the bureau, `{c}` a city, `{n}` a number
/// that no other has.
const SUBJECTS: [[&str; 4]; 12] = [
    [
        "{b}督导{c}农村寄递站点服务质量",
        "{c}村级站点接受服务督导",
        "督导组在{c}走访村级寄递物流综合服务站{n}个，查看快件到站时间、取件登记和收费公示，要求各县局建立问题台账，年底前完成整改。",
        "走访中发现少数站点夜间无人值守，督导组与站点经营者逐一谈话，并把整改结果纳入年度考核。",
    ],
    [
        "{b}约谈{c}寄递企业负责人",
        "{c}五家企业因消防隐患被约谈",
        "约谈会通报了在{c}分拨中心检查发现的火灾隐患{n}项，其中安全出口堵塞最多，企业当场作出书面承诺，三十日内整改到位。",
        "会议强调，总部对下属场所负有统一管理责任，不能以加盟为由推卸；逾期不改的将依法从重处罚。",
    ],
    [
        "{b}在{c}举办快递员职业技能竞赛",
        "{c}快递员同台比拼分拣投递",
        "来自{c}各品牌企业的{n}名快递员参加了收寄验视、分拣和投递路线规划三个项目的角逐，前三名获授技术能手称号。",
        "赛前组织了两轮培训，裁判由院校教师和一线班组长共同担任，成绩全程公开。",
    ],
    [
        "{b}推进{c}快递包装绿色转型",
        "{c}投放可循环快递箱",
        "截至目前，{c}已投放可循环快递箱{n}只，回收再利用纸箱的网点覆盖率继续提高，过度包装投诉明显下降。",
        "下一步将开展塑料包装专项抽检，并把结果向社会公布，引导商户和消费者选择简约包装。",
    ],
    [
        "{b}公布{c}用户申诉处理情况",
        "{c}申诉处理满意率上升",
        "上月共受理涉及{c}的用户申诉{n}件，主要反映投递延误和快件丢失短少，为消费者挽回经济损失，处理满意率有所上升。",
        "通报点名了延误率偏高的品牌，要求其在两周内提交改进方案，并接受社会监督。",
    ],
    [
        "{b}赴{c}宣讲行业党建工作",
        "{c}快递小哥走进党群服务中心",
        "宣讲小分队在{c}的{n}个快递网点讲解党的创新理论，并现场帮助新就业群体党员转接组织关系。",
        "活动还为骑手送去防寒手套和体检卡，征集了关于休息驿站建设的意见。",
    ],
    [
        "{b}检查{c}旺季服务保障准备",
        "{c}备战业务高峰",
        "检查组在{c}了解到，各企业新增临时人员和车辆，预计高峰期日处理量可达{n}万件，安检设备全部完成检修。",
        "检查组提醒企业合理排班，防止疲劳作业，严禁野蛮分拣和随意抛扔。",
    ],
    [
        "{b}启用{c}寄递安全监控平台",
        "{c}智能平台上线识别违禁品",
        "新平台接入{c}安检机图像通道{n}路，可自动识别疑似违禁物品并推送复核，平均响应时间缩短一半以上。",
        "平台由省级数据中心统一运维，数据保存九十天，访问须经双人授权。",
    ],
    [
        "{b}对{c}未按规定验视案件作出处罚",
        "{c}一网点因收寄验视不严被罚",
        "执法人员在{c}暗访时交寄打火机未被拦截，调查后认定该网点当日有{n}票快件未登记实名信息，依法罚款并责令停业整顿。",
        "案件材料已抄告其品牌总部，负责人被要求参加法规学习并通过考试后方可恢复营业。",
    ],
    [
        "{b}与{c}共建快递人才实训基地",
        "{c}实训基地揭牌",
        "基地设在{c}职业技术学院，首批开设物流无人机操控等课程，计划每年培训学员{n}人，学费由行业发展资金补贴。",
        "揭牌仪式后召开了校企座谈会，就订单班和教师挂职达成意向。",
    ],
    [
        "{b}协调{c}开通生鲜寄递专线",
        "{c}脐橙搭上快递专列",
        "专线由{c}直达长三角，全程冷链运输，首日发出鲜果{n}吨，比原先节省一天半时间，损耗率降至百分之二以内。",
        "为方便果农寄递，产地预处理中心增设了免费检测窗口和纸箱平价供应点。",
    ],
    [
        "{b}组织{c}开展反诈禁毒进网点宣传",
        "{c}网点张贴反诈提示",
        "民警与行业管理人员走进{c}网点，讲解电信诈骗寄递链条的识别方法，发放手册{n}册，签订承诺书。",
        "宣传还设置了有奖问答，许多取件的老人现场学会了怎样辨认冒充客服的来电。",
    ],
];

/// Something that happened at a bureau.
pub(super) struct Event {
    bureau: usize,
    subject: usize,
    /// When it is out, in hours.
    pub(super) out: u64,
}

impl Event {
    fn text(&self, template: &str) -> String {
        let (_, _, name, city) = BUREAUS[self.bureau];
        let number = 113 + 61 * self.subject + 17 * self.bureau;
        template.replace("{b}", name).replace("{c}", city).replace("{n}", &number.to_string())
    }

    fn is_corrected(&self) -> bool {
        self.subject % 4 == 1
    }

    /// What readers are to see as its title in the end.
    pub(super) fn title(&self, hour: u64) -> String {
        let is_corrected = self.is_corrected() && hour >= self.out + CORRECTED_AFTER;
        self.text(SUBJECTS[self.subject][0]) + if is_corrected { "（更正）" } else { "" }
    }

    /// The last hour at which a reader may still miss it.
    pub(super) fn is_due(&self) -> u64 {
        let is_down = BUREAUS[self.bureau].0 == "hb" && DOWN.contains(&self.out);
        // The paper and the portal do not wait for a site that is out of order.
        if is_down { DOWN.end.min(self.out + COPIED_AFTER) } else { self.out }
    }

    /// When it was published.
    pub(super) fn published(&self, start: Timestamp) -> Timestamp {
        after(start, self.out * 3_600 - 600)
    }

    /// The time that the portal has put to it.
    pub(super) fn copied(&self, start: Timestamp) -> Timestamp {
        after(self.published(start), 3_600 * COPIED_AFTER)
    }

    fn whole(&self) -> String {
        let [_, _, told, more] = SUBJECTS[self.subject];
        format!("<p>{}</p><p>{}</p>", self.text(told), self.text(more))
    }

    fn in_short(&self) -> String {
        let (_, _, name, _) = BUREAUS[self.bureau];
        let [_, _, told, more] = SUBJECTS[self.subject].map(|text| self.text(text));
        let more = more.split_once('，').map_or("", |(first, _)| first);
        format!("<p>近日，{name}消息，{told}{more}。</p>")
    }
}

/// All that happens, in the order in which it does.
pub(super) fn events() -> Vec<Event> {
    let event = |n: usize| {
        let (subject, bureau) = (n / BUREAUS.len(), n % BUREAUS.len());
        let out = 1 + EVERY * u64::try_from(subject).unwrap() + 2 * u64::try_from(bureau).unwrap();
        Event { bureau, subject, out }
    };
    (0..SUBJECTS.len() * BUREAUS.len()).map(event).collect()
}

/// The sources that read the sites.
pub(super) fn sources(upstream: &Upstream) -> String {
    let source = |key: &str, more: &str| {
        format!(
            "[[source]]\nkey = \"{key}\"\nkind = \"feed\"\nurl = \"{}\"\n{more}\n",
            upstream.url(&format!("/{key}"))
        )
    };
    let bureau = |(key, region, _, _): &(&str, &str, &str, &str)| {
        source(key, &format!("bureau = \"{region}\"\nrole = \"primary\""))
    };
    let bureaus: String = BUREAUS.iter().map(bureau).collect();
    bureaus + &source("paper", "role = \"paper\"") + &source("portal", "role = \"platform\"")
}

pub(super) const KEYS: [&str; 5] = ["jx", "hb", "gd", "paper", "portal"];

/// Sets what each site shows at an hour.
pub(super) fn show(upstream: &Upstream, events: &[Event], start: Timestamp, hour: u64) {
    for (i, (key, ..)) in BUREAUS.iter().enumerate() {
        let is_rebuilt = *key == "jx" && hour >= REBUILT_AT;
        let base =
            if is_rebuilt { "https://www.jx.example/art/" } else { &format!("http://{key}.example/n/") };
        let of_bureau = events.iter().filter(|event| event.bureau == i && event.out <= hour);
        let items = of_bureau.map(|event| Item {
            title: event.title(hour),
            url: format!("{base}{}", event.subject),
            at: event.published(start),
            html: event.whole(),
        });
        let answer = if *key == "hb" && DOWN.contains(&hour) {
            Answer::Status(503, Vec::new())
        } else {
            rss(&items.collect::<Vec<_>>())
        };
        upstream.set(&format!("/{key}"), answer);
    }
    let retold = events.iter().filter(|event| event.out + RETOLD_AFTER <= hour);
    let paper = retold.map(|event| Item {
        title: event.text(SUBJECTS[event.subject][1]),
        url: format!("https://paper.example/{}/{}", event.bureau, event.subject),
        at: after(event.published(start), 3_600 * RETOLD_AFTER),
        html: event.in_short(),
    });
    upstream.set("/paper", rss(&paper.collect::<Vec<_>>()));
    let copied = events.iter().filter(|event| event.out + COPIED_AFTER <= hour);
    let portal = copied.map(|event| Item {
        title: event.title(event.out),
        url: format!("https://portal.example/dy/{}{}.html", event.bureau, event.subject),
        at: event.copied(start),
        html: event.whole(),
    });
    upstream.set("/portal", rss(&portal.collect::<Vec<_>>()));
}

struct Item {
    title: String,
    url: String,
    at: Timestamp,
    html: String,
}

/// The newest of the items, as a feed.
fn rss(items: &[Item]) -> Answer {
    let item = |item: &Item| {
        let at = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_string(&item.at).unwrap();
        format!(
            "<item><title>{}</title><link>{1}</link><guid>{1}</guid><pubDate>{at}</pubDate>\
            <description><![CDATA[{2}]]></description></item>",
            item.title, item.url, item.html
        )
    };
    let shown: String = items.iter().rev().take(SHOWN).map(item).collect();
    Answer::page(
        "application/rss+xml",
        format!(
            "<rss version=\"2.0\"><channel><title>t</title><link>https://t.example/</link>{shown}</channel></rss>"
        ),
    )
}

/// How long the three days are.
pub(super) fn length() -> Duration {
    Duration::from_hours(HOURS)
}
