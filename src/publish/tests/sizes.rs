//! Documents that would outgrow their readers: what is left out of them, and what only told in short.

use super::*;

/// A body of so many bytes, escaped about twice as many.
fn body(n_bytes: usize) -> String {
    "<p>大水大水大水大水</p>".repeat(n_bytes / 31)
}

/// Stories with bodies of these lengths; the last of them changed last, and stands at the end.
fn stories(n_bytes: &[usize]) -> Vec<Story> {
    let told = n_bytes.iter().zip(1..).map(|(n, seq)| {
        let mut one = copy("jx", "标题", &body(*n), 1);
        one.entry.content_text = format!("第{seq}条的开头。{}", "后面的话".repeat(100));
        Story { seq, ..story(&format!("urn:uuid:{seq}"), vec![one]) }
    });
    told.collect()
}

/// What a document in a format says: of each story its number, and whether it is told whole.
fn told(format: Format, archive: &Archive, stories: &[Story]) -> Vec<(usize, bool)> {
    let ground = Ground::new();
    let meta = FeedMeta { archive: archive.clone(), ..ground.meta() };
    let bytes = format.render(&Document { meta: &meta, stories, tombstones: &[] });
    assert!(bytes.len() <= MAX_FEED_BYTES + 10_000, "{format:?} has {} bytes", bytes.len());
    let feed = feed_rs::parser::parse(&*bytes).unwrap();
    let told = feed.entries.into_iter().map(|entry| {
        let number: usize = entry.id.rsplit(':').next().unwrap().parse().unwrap();
        let body = entry.content.and_then(|content| content.body).unwrap_or_default();
        let is_whole = body.contains("大水");
        let summary = entry.summary.map(|summary| summary.content).unwrap_or_default();
        assert!(is_whole || summary.starts_with(&format!("第{number}条的开头")), "{format:?}: {summary}");
        assert!(entry.links.iter().any(|link| link.href == "https://jx.example/1"), "{format:?} {number}");
        (number, is_whole)
    });
    told.collect()
}

fn month() -> Archive {
    Archive::Month { prev: None, next: None, current: Place::new("feed") }
}

#[test]
fn an_archive_holds_every_story_and_tells_the_longest_in_short() {
    let mut lengths = [30_000; 60];
    (lengths[7], lengths[41]) = (1_700_000, 1_900_000);
    let stories = stories(&lengths);
    for format in Format::ALL {
        let told = told(format, &month(), &stories);
        assert_eq!(told.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
        let short: Vec<usize> = told.iter().filter(|(_, whole)| !whole).map(|(number, _)| *number).collect();
        assert!(short == [42] || short == [8, 42], "{format:?}: {short:?}");
    }
}

#[test]
fn an_archive_of_long_stories_alone_holds_every_one() {
    let stories = stories(&[60_000; 200]);
    for format in Format::ALL {
        let told = told(format, &month(), &stories);
        assert_eq!(told.len(), 200);
        assert!(told.iter().filter(|(_, whole)| *whole).count() > 2, "{format:?} tells too little");
    }
}

#[test]
fn what_is_subscribed_to_keeps_what_changed_last() {
    let stories = stories(&[200_000; 30]);
    for format in Format::ALL {
        for archive in [Archive::None, Archive::Subscription { prev: None }] {
            let told = told(format, &archive, &stories);
            let last = (31 - told.len()..=30).map(|number| (number, true)).collect::<Vec<_>>();
            assert!((3..20).contains(&told.len()), "{format:?} tells {}", told.len());
            assert_eq!(told, last, "{format:?}");
        }
    }
}

#[test]
fn a_story_of_any_length_pushes_no_other_out() {
    let mut lengths = [1_000; 150];
    lengths[149] = 4_500_000;
    let stories = stories(&lengths);
    for format in Format::ALL {
        for archive in [Archive::None, month()] {
            let expected: Vec<(usize, bool)> = (1..=150).map(|number| (number, number != 150)).collect();
            assert_eq!(told(format, &archive, &stories), expected, "{format:?}");
        }
    }
}

#[test]
fn an_edition_tells_every_story_of_its_day_and_takes_no_room_from_others() {
    let ground = Ground::new();
    let (full, small) = (stories(&[100_000; 40]), stories(&[1_000; 3]));
    let edition = |day: i8, stories| daily::Edition {
        day: jiff::civil::date(2026, 11, day),
        stories,
        previous: None,
        next: None,
    };
    let bytes = daily::atom(&ground.meta(), &[edition(24, &full), edition(23, &small)]);
    assert!(bytes.len() <= MAX_FEED_BYTES + 10_000, "{}", bytes.len());
    let feed = feed_rs::parser::parse(&*bytes).unwrap();
    let n_told = |content: &str| content.matches("<h2>").count();
    let told =
        feed.entries.iter().map(|entry| n_told(entry.content.as_ref().unwrap().body.as_ref().unwrap()));
    assert_eq!(told.collect::<Vec<_>>(), [40, 3]);
    let text = String::from_utf8(daily::text("邸报", &edition(24, &full))).unwrap();
    assert!(text.starts_with("邸报（2026-11-24，共40条）"), "{}", text.lines().next().unwrap());
    assert!(text.contains("第1条的开头"));
}
