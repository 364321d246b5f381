//! What a page claims of its article beside title, time and origin: a summary, and when it was last changed.

use std::collections::HashSet;

use super::super::{FoundTime, RawTime};
use super::Found;
use super::facts::Facts;

/// Where summaries stand, the surest first.
const DESCRIPTIONS: [&str; 3] = ["description", "og:description", "twitter:description"];
/// Fewest characters of a summary that says something.
const MIN_SUMMARY_CHARS: usize = 20;
/// Most characters of a summary, and of the text it is compared with.
const MAX_CHARS: usize = 100_000;
/// A summary's neighbouring characters are found in its article in at least so many of ten; a site's own
/// description, the same on all its pages, has far fewer.
const MIN_SHARED_TENTHS: usize = 5;

/// The page's own summary, unless it says nothing of this article or nothing that the text does not begin with.
pub(super) fn summary(facts: &Facts, title: &str, text: &str) -> Option<Found> {
    let by_meta = DESCRIPTIONS.iter().filter_map(|name| Some((facts.meta(name)?, format!("meta {name}"))));
    let linked = facts.linked_text(&["description"]);
    let linked = linked.map(|summary| (summary, "JSON-LD description".to_owned()));
    by_meta.chain(linked).find(|(summary, _)| is_summary(summary, title, text))
}

/// When the page says that it was last changed.
pub(super) fn updated(facts: &Facts) -> Option<FoundTime> {
    let by_meta = ["article:modified_time", "dateModified"].iter().find_map(|name| {
        let text = facts.meta(name)?;
        Some(FoundTime { time: RawTime::Text(text), rule: format!("meta {name}") })
    });
    by_meta.or_else(|| {
        let text = facts.linked_text(&["dateModified"])?;
        Some(FoundTime { time: RawTime::Text(text), rule: "JSON-LD dateModified".to_owned() })
    })
}

fn is_summary(summary: &str, title: &str, text: &str) -> bool {
    let (summary, title, text) = (letters(summary), letters(title), letters(text));
    if summary.chars().count() < MIN_SUMMARY_CHARS || title.contains(&summary) {
        return false;
    }
    // Generated ones are the beginning of the text, with or without the title before it.
    if text.contains(summary.strip_prefix(&title).unwrap_or(&summary)) {
        return false;
    }
    let known: HashSet<(char, char)> = pairs(&text).chain(pairs(&title)).collect();
    let own: HashSet<(char, char)> = pairs(&summary).collect();
    own.intersection(&known).count() * 10 >= own.len() * MIN_SHARED_TENTHS
}

/// Each letter with the next.
fn pairs(letters: &str) -> impl Iterator<Item = (char, char)> {
    letters.chars().zip(letters.chars().skip(1))
}

/// The letters and digits of a text.
fn letters(text: &str) -> String {
    text.chars().take(MAX_CHARS).filter(|c| c.is_alphanumeric()).collect()
}
