//! A story retold: another title, a third of the length, another site, and in either order one story.

use std::{path::PathBuf, time::Duration};

use dibao::{clock, model::Timestamp};

use crate::support::{
    house::{House, after, settings},
    upstream::{Answer, Upstream},
};

/// A bureau's original: region, title, sentences of the original; and how the digest tells it.
struct Told {
    region: &'static str,
    bureau: &'static str,
    title: &'static str,
    original: &'static str,
    digest_title: &'static str,
    digest: &'static str,
}

const TOLD: [Told; 3] = [
    Told {
        region: "CN-JX",
        bureau: "江西省邮政管理局",
        title: "江西省邮政管理局组织开展农村寄递物流服务质量专项督导",
        original: "为推动农村寄递物流体系建设走深走实，省邮政管理局近日派出三个督导组，赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导。\
            督导组随机走访村级寄递物流综合服务站一百二十六个，现场查看快件到站时间、取件登记和收费公示情况，与村干部、站点经营者和取件村民逐一交谈。\
            从走访情况看，多数站点做到每日一频次以上投递，但仍有十一个站点存在公示不全、代收点夜间无人值守等问题，督导组当场下达整改建议。\
            省局要求，各市局要建立问题台账，十二月底前完成整改，并将整改结果纳入年度考核。",
        digest_title: "江西局督导农村寄递物流服务质量",
        digest: "近日,省邮政管理局派出三个督导组,赴赣州、上饶、抚州等地的四十二个乡镇开展专项督导,随机走访村级寄递物流综合服务站一百二十六个,现场查看快件到站时间、取件登记和收费公示情况。\
            省局要求,各市局要建立问题台账,十二月底前完成整改,并将整改结果纳入年度考核。",
    },
    Told {
        region: "CN-HB",
        bureau: "湖北省邮政管理局",
        title: "湖北省局与省消防救援总队联合约谈五家寄递企业省级总部",
        original: "针对近期部分分拨中心消防设施维护不到位的情况，湖北省邮政管理局与省消防救援总队联合约谈五家寄递企业省级总部负责人。\
            约谈会通报了十月份联合检查发现的六十三项火灾隐患，其中电气线路敷设不规范二十一项，安全出口堵塞九项。\
            省局负责人指出，企业总部对下属场所负有统一管理责任，不能以加盟为由推卸主体责任。\
            五家企业现场作出书面承诺，将在三十日内完成全部隐患整改，并为每个分拨中心配齐专职消防管理人员。",
        digest_title: "湖北局联合约谈寄递企业",
        digest: "近日,湖北省邮政管理局与省消防救援总队联合约谈五家寄递企业省级总部负责人。约谈会通报了十月份联合检查发现的六十三项火灾隐患,其中电气线路敷设不规范二十一项,安全出口堵塞九项。\
            五家企业现场作出书面承诺,将在三十日内完成全部隐患整改。",
    },
    Told {
        region: "CN-GD",
        bureau: "广东省邮政管理局",
        title: "广东：跨境寄递数据合规培训班在深圳开班",
        original: "十一月二十日，由广东省邮政管理局主办的跨境寄递数据合规培训班在深圳开班，来自二十六家国际快递企业的九十名数据安全负责人参加培训。\
            培训围绕个人信息出境标准合同、运单数据最小化采集、应急处置演练三个专题展开，邀请高校和企业专家授课。\
            学员还分组参观了深圳一家国际快件监管中心，实地了解面单脱敏打印和数据留存期限管理的做法。\
            下一步，省局将组织企业开展自查，并对重点企业数据处理活动进行抽查。",
        digest_title: "广东局培训跨境寄递企业数据安全负责人",
        digest: "由广东省邮政管理局主办的跨境寄递数据合规培训班在深圳开班,来自二十六家国际快递企业的九十名数据安全负责人参加培训。培训围绕个人信息出境标准合同、运单数据最小化采集、应急处置演练三个专题展开,邀请高校和企业专家授课。\
            下一步,省局将组织企业开展自查,并对重点企业数据处理活动进行抽查。",
    },
];

fn zoned(now: Timestamp, hours_ago: u64) -> String {
    let at = now.checked_sub(Duration::from_secs(hours_ago * 3_600)).unwrap();
    dibao::normalise::time::rfc3339(at, jiff::tz::Offset::from_hours(8).unwrap())
}

fn rss(items: &[(String, String, String)], base: &str) -> Answer {
    let item = |(title, time, text): &(String, String, String)| {
        let id = blake3::hash(title.as_bytes()).to_hex();
        format!(
            "<item><title>{title}</title><link>{base}{id}</link><guid isPermaLink=\"false\">{id}</guid>\
            <pubDate>{time}</pubDate><description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    Answer::page(
        "application/rss+xml",
        format!("<rss version=\"2.0\"><channel><title>t</title><link>{base}</link>{items}</channel></rss>"),
    )
}

pub(crate) fn digest_page(items: &[(String, Vec<String>, String)], time: &str) -> Answer {
    let item = |(title, paragraphs, bureau): &(String, Vec<String>, String)| {
        let (last, rest) = paragraphs.split_last().unwrap();
        let rest: String = rest.iter().map(|text| format!("<p>{text}</p>")).collect();
        format!("<p>{title}</p>{rest}<p>{last}({bureau})</p>")
    };
    let body: String = items.iter().map(item).collect();
    Answer::html(format!(
        "<html id=\"ne_wrap\" data-publishtime=\"{}\"><body><h1 class=\"post_title\">各地动态</h1>\
        <div class=\"post_body\">{body}</div></body></html>",
        time.get(..19).unwrap().replace('T', " ")
    ))
}

/// A house with a feed for each region and a digest page.
async fn house(upstream: &Upstream, folder: &tempfile::TempDir, regions: &[&str]) -> House {
    let mut text = String::new();
    for region in regions {
        let key = region.to_lowercase();
        text.push_str(&format!(
            "[[source]]\nkey = \"{key}\"\nkind = \"feed\"\nurl = \"{}\"\nbureau = \"{region}\"\nrole = \"primary\"\n",
            upstream.url(&format!("/{key}"))
        ));
    }
    text.push_str(&format!(
        "[[source]]\nkey = \"digest\"\nkind = \"digest\"\nurl = \"{}\"\nprofile = \"netease\"\nrole = \"paper\"\n",
        upstream.url("/digest.html")
    ));
    House::open(folder, &settings(&text)).await
}

/// Polls in one order or the other; the feed must hold each story once, from its bureau.
async fn check(upstream: &Upstream, regions: &[&str], digest_first: bool, now: Timestamp) {
    let folder = tempfile::tempdir().unwrap();
    let house = house(upstream, &folder, regions).await;
    let mut order: Vec<String> = regions.iter().map(|region| region.to_lowercase()).collect();
    order.insert(if digest_first { 0 } else { order.len() }, "digest".into());
    let mut ids = Vec::new();
    for (i, key) in order.iter().enumerate() {
        let at = after(now, 60 * u64::try_from(i).unwrap());
        let report = house.poll(key, at).await;
        assert!(report.is_ok(), "{report:?}");
        let (feed, _) = house.feed(at).await;
        let seen: Vec<String> = feed.entries.iter().map(|entry| entry.id.clone()).collect();
        assert!(ids.iter().all(|id| seen.contains(id)), "ids stay while copies arrive");
        ids = seen;
    }
    let (feed, _) = house.feed(after(now, 6_000)).await;
    let titles: Vec<String> =
        feed.entries.iter().map(|entry| entry.title.as_ref().unwrap().content.clone()).collect();
    assert_eq!(feed.entries.len(), regions.len(), "digest first: {digest_first}: {titles:#?}");
    for entry in &feed.entries {
        // Other bureaus' originals may be named as near; the copy in the digest is named once.
        let is_copy = |link: &&feed_rs::model::Link| {
            matches!(link.rel.as_deref(), Some("related" | "via")) && link.href.contains("/digest.html")
        };
        let alternate = entry.links.iter().find(|link| link.rel.as_deref() == Some("alternate")).unwrap();
        assert!(alternate.href.contains("/original/"), "readers get the bureau's own: {alternate:?}");
        assert_eq!(entry.links.iter().filter(is_copy).count(), 1, "{:?}", entry.links);
    }
}

#[tokio::test]
async fn a_digest_of_a_third_of_the_length_and_another_title_joins_its_originals_in_either_order() {
    let (upstream, now) = (Upstream::start().await, clock::now());
    for told in &TOLD {
        let item = (told.title.to_owned(), zoned(now, 30), told.original.to_owned());
        let base = upstream.url(&format!("/original/{}/", told.region));
        upstream.set(&format!("/{}", told.region.to_lowercase()), rss(&[item], &base));
    }
    let items: Vec<(String, Vec<String>, String)> = TOLD
        .iter()
        .map(|told| (told.digest_title.to_owned(), vec![told.digest.to_owned()], told.bureau.to_owned()))
        .collect();
    upstream.set("/digest.html", digest_page(&items, &zoned(now, 2)));
    let regions: Vec<&str> = TOLD.iter().map(|told| told.region).collect();
    for digest_first in [true, false] {
        check(&upstream, &regions, digest_first, now).await;
    }
}

#[tokio::test]
async fn the_seed_digest_joins_full_originals_of_its_stories_in_either_order() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/digest.txt");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("not checked: the seed digest is not at {}", path.display());
        return;
    };
    let regions = ["CN-JX", "CN-HA", "CN-NX", "CN-ZJ", "CN-HB", "CN-CQ", "CN-GD", "CN-TJ"];
    let (upstream, now) = (Upstream::start().await, clock::now());
    let lines: Vec<&str> = text.lines().map(str::trim).skip(1).take(24).collect();
    let mut items = Vec::new();
    for (lines, region) in lines.chunks(3).zip(regions) {
        let (last, bureau) = lines[2].strip_suffix(')').unwrap().rsplit_once('(').unwrap();
        let bureau = bureau.to_owned();
        items.push((lines[0].to_owned(), vec![lines[1].to_owned(), last.to_owned()], bureau.clone()));
        // An original says all that, its opening in full, and as much again.
        let title =
            format!("{bureau}关于“{}”的工作动态", lines[0].chars().skip(2).take(12).collect::<String>());
        let more = "与会人员围绕年度重点任务逐项交流了推进情况、存在的困难和下一步打算，有关处室负责人分别作了说明。\
            会前，参会代表还实地察看了两处作业现场，听取了企业负责人关于设备更新和人员培训的介绍，并就如何巩固成果提出意见。\
            据了解，此项工作自年初启动以来，已在全省范围内分三批推开，覆盖主要品牌企业及其末端网点。";
        let opening = lines[1].trim_start_matches("近日,");
        let body = format!("{opening}{more}{last}");
        let base = upstream.url(&format!("/original/{region}/"));
        upstream.set(&format!("/{}", region.to_lowercase()), rss(&[(title, zoned(now, 30), body)], &base));
    }
    upstream.set("/digest.html", digest_page(&items, &zoned(now, 2)));
    for digest_first in [true, false] {
        check(&upstream, &regions, digest_first, now).await;
    }
}
