//! The parameters of requests: what each takes, for reading and for the description alike.
//!
//! **Invariant:** an endpoint reads only parameters that it names; what is wrong with any of them is a problem that names it.

use std::{collections::BTreeMap, time::Duration};

use jiff::{civil::Date, tz::Offset};
use url::form_urlencoded;

use super::{
    items::ParameterProblem,
    problem::{Kind as ProblemKind, Problem},
};
use crate::{
    model::{Region, SourceKey, Timestamp},
    search::{MAX_QUERY_CHARS, Query},
};

/// Longest query, in bytes as sent.
const MAX_QUERY_BYTES: usize = 4_000;
/// Values of one parameter, at most.
pub(super) const MAX_VALUES: usize = 40;
/// Longest key of a topic, in bytes.
const MAX_TOPIC_BYTES: usize = 64;
/// Longest wait for a change.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);

/// A parameter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Param {
    pub(super) name: &'static str,
    /// Whether it is a part of the path.
    pub(super) in_path: bool,
    pub(super) takes: Takes,
    pub(super) about: &'static str,
    pub(super) example: &'static str,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Any text up to a number of characters.
    Text(usize),
    /// A whole number.
    Number { least: usize, most: usize, default: usize },
    /// Region codes, one of which must hold.
    Regions,
    /// Keys of topics, one of which must hold.
    Topics,
    /// Keys of sources, one of which must hold.
    Sources,
    /// An instant, or the beginning of a day.
    Time,
    /// One of some words; the first is meant without it.
    Choice(&'static [&'static str]),
}

pub(super) static AFTER: Param = Param {
    name: "after",
    in_path: false,
    takes: Takes::Text(64),
    about: "Where to go on: `next` of the answer before. Without it, from the beginning; `now` skips what is there.",
    example: "9f3c2a1b00d4e5f6-1234",
};
pub(super) static PAGE: Param = Param {
    name: "after",
    in_path: false,
    takes: Takes::Text(64),
    about: "Where to go on: `next` of the page before. Without it, from the newest.",
    example: "t1795400000000-77",
};
pub(super) static LIMIT: Param = Param {
    name: "limit",
    in_path: false,
    takes: Takes::Number { least: 1, most: 500, default: 100 },
    about: "Items of a page, at most. A page ends early when it grows too large.",
    example: "100",
};
pub(super) static WAIT: Param = Param {
    name: "wait",
    in_path: false,
    takes: Takes::Number { least: 0, most: 30, default: 0 },
    about: "Seconds to wait for a change when there is none yet.",
    example: "30",
};
pub(super) static REGION: Param = Param {
    name: "region",
    in_path: false,
    takes: Takes::Regions,
    about: "Only stories of one of these regions (ISO 3166-2), with commas between.",
    example: "CN-JX,CN-ZJ",
};
pub(super) static TOPIC: Param = Param {
    name: "topic",
    in_path: false,
    takes: Takes::Topics,
    about: "Only stories with one of these topics, with commas between.",
    example: "safety",
};
pub(super) static SOURCE: Param = Param {
    name: "source",
    in_path: false,
    takes: Takes::Sources,
    about: "Only stories that one of these sources tells, with commas between.",
    example: "jx",
};
pub(super) static WORDS: Param = Param {
    name: "q",
    in_path: false,
    takes: Takes::Text(MAX_QUERY_CHARS),
    about: "Only stories that hold these words, all of them: \"quotation marks\" keep words together, -minus excludes. \
        Any text is a search.",
    example: "快递进村 -试点",
};
pub(super) static SINCE: Param = Param {
    name: "since",
    in_path: false,
    takes: Takes::Time,
    about: "Only stories published at this time or later: RFC 3339, or a day, which begins in the feed's zone.",
    example: "2026-11-01",
};
pub(super) static UNTIL: Param = Param {
    name: "until",
    in_path: false,
    takes: Takes::Time,
    about: "Only stories published before this time.",
    example: "2026-12-01T00:00:00+08:00",
};
pub(super) static ORDER: Param = Param {
    name: "order",
    in_path: false,
    takes: Takes::Choice(&["newest", "best"]),
    about: "With `q`: the newest first, or those that fit best among the newest.",
    example: "best",
};
pub(super) static STORY: Param = Param {
    name: "id",
    in_path: true,
    takes: Takes::Text(2_000),
    about: "The story's Atom id, percent-encoded, or its short id.",
    example: "0f1e2d3c4b5a6978",
};
pub(super) static PROBLEM: Param = Param {
    name: "name",
    in_path: true,
    takes: Takes::Text(64),
    about: "The problem's name.",
    example: "cursor-unknown",
};

impl Param {
    /// The problem that it has.
    pub(super) fn problem(&self, detail: &str) -> Problem {
        Problem::parameters(vec![ParameterProblem { name: self.name, detail: detail.to_owned() }])
    }
}

/// The parameters of a request, checked.
#[derive(Debug)]
pub(super) struct Asked {
    given: BTreeMap<&'static str, String>,
    zone: Offset,
    known: &'static [&'static Param],
}

impl Asked {
    /// Reads the parameters that an endpoint has; others are ignored. An empty one is none.
    pub(super) fn parse(
        known: &'static [&'static Param],
        query: &str,
        path: Option<String>,
        zone: Offset,
    ) -> Result<Self, Problem> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(Problem::new(ProblemKind::QueryTooLong));
        }
        let mut asked = Self { given: BTreeMap::new(), zone, known };
        let mut wrong = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let param = known.iter().find(|param| param.name == name && !param.in_path);
            let Some(param) = param.filter(|_| !value.trim().is_empty()) else { continue };
            asked.give(param, value.into_owned(), &mut wrong);
        }
        if let Some((param, value)) = known.iter().find(|param| param.in_path).zip(path) {
            asked.give(param, value, &mut wrong);
        }
        for param in known {
            if let Err(detail) = asked.check(param) {
                wrong.push(ParameterProblem { name: param.name, detail });
            }
        }
        if wrong.is_empty() { Ok(asked) } else { Err(Problem::parameters(wrong)) }
    }

    fn give(&mut self, param: &'static Param, value: String, wrong: &mut Vec<ParameterProblem>) {
        let Some(before) = self.given.get_mut(param.name) else {
            self.given.insert(param.name, value);
            return;
        };
        if param.takes.is_list() {
            before.push(',');
            before.push_str(&value);
        } else if *before != value {
            wrong.push(ParameterProblem { name: param.name, detail: "is given twice".into() });
        }
    }

    fn check(&self, param: &Param) -> Result<(), String> {
        let Some(text) = self.given.get(param.name) else { return Ok(()) };
        match param.takes {
            Takes::Text(most) => {
                let n_chars = text.chars().count();
                let detail = || format!("has {n_chars} characters; at most {most} are read");
                if n_chars <= most { Ok(()) } else { Err(detail()) }
            }
            Takes::Number { least, most, .. } => {
                let number = text.trim().parse::<usize>().ok().filter(|n| (least..=most).contains(n));
                number.map(drop).ok_or_else(|| format!("takes a whole number from {least} to {most}"))
            }
            Takes::Regions => {
                values(text, "a region's code such as `CN-JX`", |key| Region::parse(key).is_some())
            }
            Takes::Topics => values(text, "a topic's key such as `safety`", is_topic),
            Takes::Sources => {
                values(text, "a source's key such as `jx`", |key| SourceKey::parse(key).is_ok())
            }
            Takes::Time => time(text, self.zone).map(drop).ok_or_else(|| {
                "takes a time such as `2026-11-24T10:00:00+08:00`, or a day such as `2026-11-24`".into()
            }),
            Takes::Choice(words) => {
                if words.contains(&text.trim()) {
                    Ok(())
                } else {
                    Err(format!("takes one of `{}`", words.join("`, `")))
                }
            }
        }
    }

    fn value(&self, param: &'static Param) -> Option<&str> {
        debug_assert!(
            self.known.iter().any(|known| std::ptr::eq(*known, param)),
            "`{}` is not described",
            param.name
        );
        self.given.get(param.name).map(|value| value.trim())
    }

    /// A text; `None` when it is not given.
    pub(super) fn text(&self, param: &'static Param) -> Option<&str> {
        self.value(param)
    }

    /// A number, or the one that is meant without it.
    pub(super) fn number(&self, param: &'static Param) -> usize {
        let Takes::Number { default, .. } = param.takes else { return 0 };
        self.value(param).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// The chosen word.
    pub(super) fn choice(&self, param: &'static Param) -> &str {
        let Takes::Choice(words) = param.takes else { return "" };
        self.value(param).or(words.first().copied()).unwrap_or_default()
    }

    /// A time.
    pub(super) fn time(&self, param: &'static Param) -> Option<Timestamp> {
        self.value(param).and_then(|text| time(text, self.zone))
    }

    /// What is searched for; `None` without one.
    pub(super) fn words(&self) -> Option<Query> {
        self.value(&WORDS).map(Query::parse)
    }

    /// The labels that are asked for: one of each group.
    pub(super) fn labels(&self) -> Vec<Vec<String>> {
        let groups = [(&REGION, "region"), (&TOPIC, "topic"), (&SOURCE, "source")];
        let group = |(param, kind): (&'static Param, &str)| {
            let keys = split(self.value(param)?);
            let mut labels: Vec<String> = keys.map(|key| format!("{kind}:{key}")).collect();
            labels.sort_unstable();
            labels.dedup();
            (!labels.is_empty()).then_some(labels)
        };
        groups.into_iter().filter_map(group).collect()
    }
}

impl Takes {
    /// Whether values with commas between are alternatives.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Regions | Self::Topics | Self::Sources)
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|value| !value.is_empty())
}

fn values(text: &str, expected: &str, is_one: impl Fn(&str) -> bool) -> Result<(), String> {
    if split(text).count() > MAX_VALUES {
        return Err(format!("takes at most {MAX_VALUES} values"));
    }
    match split(text).find(|value| !is_one(value)) {
        Some(_) => Err(format!("takes {expected}, or several with commas between")),
        None => Ok(()),
    }
}

fn is_topic(key: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    key.len() <= MAX_TOPIC_BYTES && key.bytes().all(plain)
}

fn time(text: &str, zone: Offset) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(day) =
        text.parse::<Date>().map_err(drop).and_then(|day| if text.len() == 10 { Ok(day) } else { Err(()) })
    {
        return zone.to_timestamp(day.at(0, 0, 0, 0)).ok();
    }
    // A plus sign that was not encoded arrives as a space.
    text.replace(' ', "+").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    static ALL: [&Param; 9] = [&AFTER, &LIMIT, &REGION, &TOPIC, &SOURCE, &WORDS, &SINCE, &UNTIL, &ORDER];

    fn parse(query: &str) -> Result<Asked, Problem> {
        Asked::parse(&ALL, query, None, Offset::from_hours(8).unwrap())
    }

    #[test]
    fn values_are_alternatives_and_keys_are_all_asked_for() {
        let asked = parse("region=CN-ZJ,CN-JX&topic=safety&region=CN-JX&q=&x=1&limit=%205").unwrap();
        assert_eq!(asked.labels(), [vec!["region:CN-JX", "region:CN-ZJ"], vec!["topic:safety"]]);
        assert_eq!((asked.number(&LIMIT), asked.words(), asked.choice(&ORDER)), (5, None, "newest"));
    }

    #[test]
    fn times_are_instants_or_days_of_the_feeds_zone() {
        let check = |text: &str, expected: Option<&str>| {
            let asked = parse(&format!("since={text}"));
            let at = asked.ok().and_then(|asked| asked.time(&SINCE)).map(|at| at.to_string());
            assert_eq!(at.as_deref(), expected, "{text}");
        };
        check("2026-11-24", Some("2026-11-23T16:00:00Z"));
        check("2026-11-24T10:00:00%2B08:00", Some("2026-11-24T02:00:00Z"));
        check("2026-11-24T10:00:00+08:00", Some("2026-11-24T02:00:00Z"));
        check("2026-11-24T02:00:00Z", Some("2026-11-24T02:00:00Z"));
        for wrong in ["2026", "20261124", "2026-11-24T10:00", "gestern", "2026-13-01"] {
            assert!(parse(&format!("since={wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |query: &str, names: &[&str]| {
            let problem = parse(query).unwrap_err();
            let found: Vec<&str> = problem.named().collect();
            assert_eq!(found, names, "{query}");
        };
        check("limit=0", &["limit"]);
        check("limit=501&order=oldest", &["limit", "order"]);
        check("limit=1&limit=2", &["limit"]);
        check("region=JX", &["region"]);
        check("topic=A", &["topic"]);
        check("source=%2F", &["source"]);
        check(&format!("topic={}", "a,".repeat(41)), &["topic"]);
        check(&format!("q={}", "a".repeat(201)), &["q"]);
        assert_eq!(parse(&"a".repeat(4_001)).unwrap_err().kind, ProblemKind::QueryTooLong);
    }
}
