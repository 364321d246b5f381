//! Which of what was found comes first: what says it in its title, what says it often, what is new.

use super::{fold::Folded, query::Query};

/// What a title that holds all that was asked for is worth, beside a text that does.
const TITLE_WORTH: f64 = 3.0;
/// What a title that is little else is worth on top.
const TITLE_SHARE_WORTH: f64 = 1.0;
/// Places in the text of which half count.
const HALF_PLACES: f64 = 3.0;
/// Places looked at.
const MAX_PLACES: usize = 20;
/// After this many days, newness is worth half.
const HALF_LIFE_DAYS: f64 = 60.0;
/// What newness is worth at most.
const NEW_WORTH: f64 = 3.0;
/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// Something found.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Title.
    pub title: &'a str,
    /// Text, or its beginning.
    pub text: &'a str,
    /// When it was published, in seconds of the Unix epoch.
    pub published_s: i64,
}

/// The order in which candidates are shown: their numbers, the best first. Age counts from the newest of them, so that
/// the same stories stand in the same order at any time.
pub fn rank(candidates: &[Candidate<'_>], query: &Query) -> Vec<usize> {
    let newest = candidates.iter().map(|candidate| candidate.published_s).max().unwrap_or(0);
    let mut ranked: Vec<(f64, i64, usize)> = candidates
        .iter()
        .enumerate()
        .map(|(n, candidate)| (worth(candidate, query, newest), candidate.published_s, n))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
    ranked.into_iter().map(|(_, _, n)| n).collect()
}

fn worth(candidate: &Candidate<'_>, query: &Query, newest_s: i64) -> f64 {
    let wanted = query.wanted();
    let title = Folded::of(candidate.title);
    let text = Folded::of(candidate.text);
    let n_wanted = ratio(wanted.len().max(1), 1);
    let in_title = wanted.iter().filter(|phrase| title.contains(phrase.as_str()));
    let n_chars: usize = in_title.clone().map(|phrase| phrase.as_str().chars().count()).sum();
    let share = ratio(n_chars, title.as_str().chars().count().max(1)).min(1.0);
    let places = wanted.iter().map(|phrase| {
        let n = ratio(text.find(phrase.as_str(), MAX_PLACES).len(), 1);
        n / (n + HALF_PLACES)
    });
    let said = TITLE_WORTH * ratio(in_title.count(), 1) / n_wanted
        + TITLE_SHARE_WORTH * share
        + places.sum::<f64>() / n_wanted;
    said + NEW_WORTH * newness(newest_s.saturating_sub(candidate.published_s))
}

fn newness(age_s: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an age to the day")]
    let days = age_s.max(0) as f64 / DAY_S;
    (-days / HALF_LIFE_DAYS).exp2()
}

fn ratio(n: usize, of: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "numbers of words and characters")]
    let ratio = n as f64 / of as f64;
    ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn check(query: &str, candidates: &[(&str, &str, i64)], expected: &[usize]) {
        let candidates: Vec<Candidate> = candidates
            .iter()
            .map(|&(title, text, days)| Candidate { title, text, published_s: 1_800_000_000 - days * DAY })
            .collect();
        assert_eq!(rank(&candidates, &Query::parse(query)), expected, "{query}");
    }

    #[test]
    fn titles_weigh_more_than_texts_and_news_more_than_old() {
        let said = "会议部署快递进村。";
        check("快递进村", &[("会议", said, 1), ("快递进村", said, 1)], &[1, 0]);
        check("快递进村", &[("快递进村", said, 9), ("快递进村", said, 1)], &[1, 0]);
        // Old news in the title come behind new ones in the text, when they are old enough.
        check("快递进村", &[("快递进村", said, 900), ("会议", said, 0)], &[0, 1]);
        check("快递进村", &[("某地快递进村及其他工作", "", 400), ("会议", &said.repeat(20), 0)], &[1, 0]);
    }

    #[test]
    fn saying_it_often_and_saying_all_of_it_counts() {
        check("安全", &[("甲", "安全", 1), ("乙", "安全，安全，安全，安全", 1)], &[1, 0]);
        check("安全 快递", &[("安全生产", "快递", 1), ("快递安全", "快递", 1)], &[1, 0]);
    }

    #[test]
    fn equals_stand_in_the_order_of_their_time_and_then_as_they_came() {
        check("安全", &[("安全", "", 1), ("安全", "", 1), ("安全", "", 0)], &[2, 0, 1]);
        check("", &[("甲", "", 2), ("乙", "", 1)], &[1, 0]);
    }
}
