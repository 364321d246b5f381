use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;

const BEIJING: Offset = Offset::constant(8);

/// Tuesday, 24 November 2026, 10:00:30 in Beijing.
fn now() -> Timestamp {
    at("2026-11-24T10:00:30+08:00")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn check(text: &str, expected: &str, precision: Precision) {
    let found = parse(text, BEIJING, now());
    let found = found.map(|published| (rfc3339(published.at, BEIJING), published.precision));
    assert_eq!(found, Ok((format!("{expected}+08:00"), precision)), "{text}");
}

fn day(text: &str, expected: &str) {
    check(text, &format!("{expected}T00:00:00"), Precision::Day);
}

fn minute(text: &str, expected: &str) {
    check(text, &format!("{expected}:00"), Precision::Minute);
}

fn second(text: &str, expected: &str) {
    check(text, expected, Precision::Second);
}

fn refused(text: &str, expected: TimeError) {
    assert_eq!(parse(text, BEIJING, now()), Err(expected), "{text}");
}

#[test]
fn days_are_found_in_every_shape() {
    for text in [
        "2025-12-08",
        "[2025-12-08]",
        "（2025-12-08）",
        "2025/12/8",
        "2025.12.08",
        "2025年12月8日",
        "2025 年 12 月 08 日",
        "２０２５－１２－０８",
        "2025—12—08",
        "日期：2025-12-08     来源：某局",
        "发布时间： 2025-12-08",
        "时间:2025.12.08 阅读 15",
        "20251208",
        "日期：20251208",
        "8 Dec 2025",
        "Dec 8, 2025",
        "December 8th, 2025",
        "Mon, 8 Dec. 2025",
        "2025-12-08 星期一",
        "某局 2025-12-08 15点击",
        "索引号：A1-2 2025年12月8日 第2版",
        "2025-12-08。",
    ] {
        day(text, "2025-12-08");
    }
}

#[test]
fn times_of_day_are_found_after_the_day() {
    for text in [
        "2025-12-08 15:30",
        "2025/12/08 15:30",
        "2025年12月8日15:30",
        "2025年12月08日 15时30分",
        "2025-12-8　下午3:30",
        "2025-12-08 下午 15:30",
        "2025-12-08（星期一）15:30",
        "Dec 8, 2025 3:30 PM",
        "2025-12-08 15：30  来源: 某号",
        "2025-12-08T15:30",
        "8 Dec 2025 15:30 +0800",
        "2025-12-08 15:30-17:00",
        "2025-12-08 07:30 GMT",
        "周一 2025-12-08 周一 15:30",
        "202512081530",
    ] {
        minute(text, "2025-12-08T15:30");
    }
    minute("2025-12-08 08:30-11:30", "2025-12-08T08:30");
    minute("2025-12-08 中午1:05", "2025-12-08T13:05");
    minute("2025-12-08 中午11:05", "2025-12-08T11:05");
    minute("2025-12-08 凌晨12:05", "2025-12-08T00:05");
    minute("2025-12-08 11:05 pm", "2025-12-08T23:05");
    minute("2025-12-08 10点", "2025-12-08T10:00");
    minute("2025-12-08 0:00", "2025-12-08T00:00");
    second("2026-11-23-18:10:07", "2026-11-23T18:10:07");
    second("2025-12-08 18:30:00　来源: 某号", "2025-12-08T18:30:00");
    second("2026-9-8 10:00:01", "2026-09-08T10:00:01");
    second("2026年11月24日 10时05分09秒", "2026-11-24T10:05:09");
    second("20261124100509", "2026-11-24T10:05:09");
}

#[test]
fn zones_are_honoured_where_they_are_plain() {
    for text in [
        "2026-11-24T10:00:00+08:00",
        "2026-11-24T02:00:00Z",
        "2026-11-24T02:00:00.000Z",
        "2026-11-24 02:00:00 UTC",
        "2026-11-24T10:00:00",
        "Tue, 24 Nov 2026 10:00:00 +0800",
        "Mon, 24 Nov 2026 02:00:00 GMT",
        "24 Nov 2026 02:00:00 UT",
        "Tue, 24 Nov 2026 10:00:00 CST",
        "Tue, 24 Nov 2026 10:00:00 EST",
        "Tue, 24-Nov-26 02:00:00 GMT",
        "Tue Nov 24 10:00:00 CST 2026",
        "Tue Nov 24 10:00:00 2026",
        "Tue Nov 24 2026 10:00:00 GMT+0800 (中国标准时间)",
        "2026-11-23T21:00:00-05:00",
        "2026-11-23 16:00:00 GMT -1000",
        "2026-11-24T10:00:00+08:00[Asia/Shanghai]",
        "2026-11-24 10:00:00 +08",
    ] {
        second(text, "2026-11-24T10:00:00");
    }
    second("2016-12-31T23:59:60Z", "2017-01-01T07:59:59");
}

#[test]
fn a_midnight_to_the_second_is_a_day_unless_a_zone_is_stated() {
    day("2026-02-03 00:00:00", "2026-02-03");
    day("2026-02-03T00:00:00.000", "2026-02-03");
    day("2026-02-03 00:00:00 CST", "2026-02-03");
    second("2026-02-03T00:00:00+08:00", "2026-02-03T00:00:00");
    second("Tue, 03 Feb 2026 00:00:00 GMT", "2026-02-03T08:00:00");
}

#[test]
fn a_missing_year_is_the_latest_that_can_be_meant() {
    day("(11-24)", "2026-11-24");
    day("[11-25]", "2026-11-25");
    day("11-26", "2025-11-26");
    day("日期：12/08", "2025-12-08");
    day("发布于12月8日", "2025-12-08");
    day("2月29日", "2024-02-29");
    minute("11-24 09:05", "2026-11-24T09:05");
    minute("11月24日 上午9:05", "2026-11-24T09:05");
    let new_year = at("2026-12-31T20:00:00+08:00");
    let found = parse("01-01", BEIJING, new_year).unwrap();
    assert_eq!(rfc3339(found.at, BEIJING), "2027-01-01T00:00:00+08:00");
    refused("2月30日", TimeError::Impossible);
    refused("13-45", TimeError::Impossible);
    refused("第3-4期", TimeError::NotADate);
    refused("13年12月8日", TimeError::NotADate);
}

#[test]
fn distances_from_now_are_counted_back() {
    minute("刚刚", "2026-11-24T10:00");
    minute("3分钟前", "2026-11-24T09:57");
    minute("发布时间：11 小时前", "2026-11-23T23:00");
    day("2天前", "2026-11-22");
    day("昨天", "2026-11-23");
    day("[今天]", "2026-11-24");
    minute("昨天 10:30", "2026-11-23T10:30");
    minute("时间：前天 上午8:05", "2026-11-22T08:05");
    minute("just now", "2026-11-24T10:00");
    minute("3 minutes ago", "2026-11-24T09:57");
    minute("1 min ago", "2026-11-24T09:59");
    minute("An hour ago", "2026-11-24T09:00");
    minute("Posted: 11 Hours Ago", "2026-11-23T23:00");
    day("2 days ago", "2026-11-22");
    day("1 week ago", "2026-11-17");
    day("Yesterday", "2026-11-23");
    minute("yesterday at 10:30", "2026-11-23T10:30");
    minute("Yesterday, 10:30 PM", "2026-11-23T22:30");
    day("today", "2026-11-24");
    refused("Yesterday once more", TimeError::NotADate);
    refused("3 hours later", TimeError::NotADate);
    refused("3 parcels ago", TimeError::NotADate);
    day("今日快递 2026-11-20", "2026-11-20");
    refused("今日快递", TimeError::NotADate);
    refused("3小时后", TimeError::NotADate);
    refused("999999天前", TimeError::TooOld);
}

#[test]
fn numbers_that_are_no_dates_are_left_alone() {
    for text in [
        "",
        "来源：某局",
        "国邮发〔2026〕2号",
        "电话：0791-20261124",
        "0791-2026-11-24",
        "2026-11-24-1",
        "12026-11-24",
        "2026-11",
        "2026年11月",
        "2026",
        "1.2026.11.24",
        "2026-11-245",
        "13912345678",
        "第20261124号",
        "24/11/2026",
        "5-4-3",
        "v2.11.24",
        "Mayor 5 2026",
    ] {
        refused(text, TimeError::NotADate);
    }
    refused(&format!("{}2026-11-24", "长".repeat(200)), TimeError::NotADate);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    refused("2026-02-30", TimeError::Impossible);
    refused("2026-13-01", TimeError::Impossible);
    refused("2026-11-24 25:61", TimeError::Impossible);
    refused("2026-11-24 24:00:00", TimeError::Impossible);
    refused("30 Feb 2026", TimeError::Impossible);
    refused("20260230", TimeError::Impossible);
    refused("2026-11-26", TimeError::TooFarAhead);
    refused("2026-11-25 10:00:31", TimeError::TooFarAhead);
    second("2026-11-25 10:00:30", "2026-11-25T10:00:30");
    refused("1989-12-31", TimeError::TooOld);
    refused("0001-01-01", TimeError::TooOld);
}

#[test]
fn epoch_times_are_seconds_or_milliseconds() {
    second("1786672239", "2026-08-14T09:50:39");
    second("时间：1786672239000", "2026-08-14T09:50:39");
    let published = from_epoch_ms(1_786_672_239_000, now()).unwrap();
    assert_eq!(rfc3339(published.at, BEIJING), "2026-08-14T09:50:39+08:00");
    for (ms, error) in [
        (i64::MAX, TimeError::Impossible),
        (i64::MIN, TimeError::Impossible),
        (0, TimeError::TooOld),
        (4_000_000_000_000, TimeError::TooFarAhead),
    ] {
        assert_eq!(from_epoch_ms(ms, now()), Err(error), "{ms}");
    }
}

#[test]
fn a_day_is_shown_at_first_sight_or_at_its_beginning() {
    let day = |text: &str| parse(text, BEIJING, now()).unwrap();
    let seen = now();
    assert_eq!(shown_at(None, seen, BEIJING), Published { at: seen, precision: Precision::Seen });
    assert_eq!(
        shown_at(Some(day("2026-11-24")), seen, BEIJING),
        Published { at: seen, precision: Precision::Day }
    );
    assert_eq!(shown_at(Some(day("2026-11-23")), seen, BEIJING), day("2026-11-23"));
    assert_eq!(shown_at(Some(day("2026-11-24 08:00")), seen, BEIJING), day("2026-11-24 08:00"));
    // Half past midnight in Beijing is still the day before in UTC.
    let early = at("2026-11-24T00:30:00+08:00");
    assert_eq!(shown_at(Some(day("2026-11-24")), early, BEIJING).at, early);
}

#[test]
fn addresses_name_days() {
    let check = |path: &str, expected: Option<&str>| {
        let found = from_url(path, BEIJING, now());
        let found = found.map(|published| rfc3339(published.at, BEIJING)[..10].to_owned());
        assert_eq!(found.as_deref(), expected, "{path}");
    };
    check("/art/2026/9/10/art_78506_1.html", Some("2026-09-10"));
    check("/xw/202512/t20251208_1.html", Some("2025-12-08"));
    check("/2025-12/08/content_1.htm", Some("2025-12-08"));
    check("/202512/08/1.html", Some("2025-12-08"));
    check("/news/2025-12-08/1.html", Some("2025-12-08"));
    check("/20251208/1.html", Some("2025-12-08"));
    check("/c1/202512/0f12.shtml", None);
    check("/2026/13/45/a.html", None);
    check("/2027/1/1/a.html", None);
    check("/a/98765432/1.html", None);
    check("/W020160902634006505750.jpg", None);
    check("/a?d=/2026/9/10/", None);
    check("", None);
}

#[test]
fn the_most_trusted_time_is_chosen_and_refined() {
    let found = |text: &str, rule: &str| FoundTime { time: RawTime::Text(text.into()), rule: rule.into() };
    let check = |times: &[FoundTime], expected: Option<(&str, &str)>, n_notes: usize| {
        let (chosen, notes) = choose(times, BEIJING, now());
        let chosen = chosen.map(|(published, rule)| (rfc3339(published.at, BEIJING), rule));
        let expected = expected.map(|(time, rule)| (format!("{time}+08:00"), rule.to_owned()));
        assert_eq!((chosen, notes.len()), (expected, n_notes), "{times:?} {notes:?}");
    };
    let (list, info, meta) = (
        found("2026-11-23", "list"),
        found("2026-11-23 09:05", "info"),
        found("2026-11-23 09:05:07", "meta"),
    );
    let regenerated = found("2026-11-24 09:00:00", "PubDate");
    check(&[], None, 0);
    check(&[list.clone(), regenerated.clone()], Some(("2026-11-23T00:00:00", "list")), 0);
    check(
        &[list.clone(), regenerated, info.clone()],
        Some(("2026-11-23T09:05:00", "list, refined by info")),
        0,
    );
    let midnight = FoundTime { time: RawTime::EpochMs(1_795_363_200_000), rule: "epoch".into() };
    check(&[list.clone(), midnight], Some(("2026-11-23T00:00:00", "list")), 0);
    check(&[info.clone(), list.clone()], Some(("2026-11-23T09:05:00", "info")), 0);
    check(&[info.clone(), meta.clone()], Some(("2026-11-23T09:05:07", "info, refined by meta")), 0);
    check(&[meta.clone(), list.clone()], Some(("2026-11-23T09:05:07", "meta")), 0);
    check(&[info, found("2026-11-23 18:00:00", "meta")], Some(("2026-11-23T09:05:00", "info")), 0);
    check(
        &[found("2026-02-30", "list"), found("即将", "info"), meta],
        Some(("2026-11-23T09:05:07", "meta")),
        2,
    );
    let epoch = FoundTime { time: RawTime::EpochMs(0), rule: "json".into() };
    let (_, notes) = choose(&[epoch], BEIJING, now());
    assert_eq!(notes, ["time `0 ms` of rule `json` is refused: it is before 1990"]);
}

#[test]
fn rfc_3339_is_written_to_the_second_with_the_offset() {
    assert_eq!(rfc3339(at("2026-11-24T02:00:00.999Z"), BEIJING), "2026-11-24T10:00:00+08:00");
    let newfoundland = Offset::from_seconds(-12_600).unwrap();
    assert_eq!(rfc3339(at("2026-01-02T00:00:00Z"), newfoundland), "2026-01-01T20:30:00-03:30");
    assert_eq!(rfc3339(at("2026-01-02T00:00:00Z"), Offset::UTC), "2026-01-02T00:00:00+00:00");
}

/// Shapes to the second, each with the zone that it is read in.
const FORMATS: &[&str] = &[
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
    "%Y年%m月%d日 %H时%M分%S秒",
    "%d %b %Y %H:%M:%S",
    "%B %d, %Y %I:%M:%S %p",
    "%a, %d %b %Y %H:%M:%S +0800",
    "%a %b %d %H:%M:%S CST %Y",
    "%Y%m%d%H%M%S",
    "发布时间：%Y-%m-%d %H:%M:%S　来源：某局",
    "%Y-%m-%dT%H:%M:%S+08:00",
    "（%Y-%m-%d %H:%M:%S）",
];

proptest! {
    #[test]
    // From the second day of 1990: the day around the earliest time begins before it.
    fn every_time_comes_back_from_every_shape(second_of_epoch in 631_238_400_i64..1_790_000_000) {
        let expected = Timestamp::from_second(second_of_epoch).unwrap();
        let local: DateTime = BEIJING.to_datetime(expected);
        for format in FORMATS {
            let text = local.strftime(format).to_string();
            let found = parse(&text, BEIJING, now());
            prop_assert_eq!(found.map(|published| published.at), Ok(expected), "{}", text);
        }
        let text = local.strftime("[%Y-%m-%d]").to_string();
        let found = parse(&text, BEIJING, now()).unwrap();
        prop_assert_eq!(BEIJING.to_datetime(found.at).date(), local.date());
        prop_assert_eq!(found.precision, Precision::Day);
    }

    #[test]
    fn no_text_makes_it_panic(text in "([0-9]{1,5}|[-/.:年月日时分秒前 ]|Nov|[TZ+,]|昨天|下午|PM|\\PC){0,20}", zone in -14_i8..14, ms: i64) {
        let zone = Offset::constant(zone);
        let limit = now().checked_add(MAX_AHEAD).unwrap();
        for found in [parse(&text, zone, now()), from_epoch_ms(ms, now())].into_iter().flatten() {
            prop_assert!(found.at >= EARLIEST && found.at <= limit);
        }
        from_url(&text, zone, now());
        parse(&text, zone, Timestamp::MIN).ok();
        parse(&text, zone, Timestamp::MAX).ok();
    }

    #[test]
    fn no_path_makes_it_panic(path in "(/|[0-9]{1,8}|-|_|t|\\PC){0,12}") {
        from_url(&path, BEIJING, now());
    }
}
