//! Pages for people: whatever a source says, they are whole HTML that runs nothing and leads where it should.

use super::*;
use crate::model::Tombstone;

const EVIL: &str = "\"><script>alert(1)</script>'<img src=x onerror=y>&";

fn view<'a>(meta: &'a FeedMeta<'a>, lang: page::Lang, path: &'a str) -> page::View<'a> {
    page::View { meta, site: "邸报", lang, path, venue: page::Venue::Server }
}

fn evil() -> Story {
    let mut first = copy("jx", EVIL, "<p>正文</p>", 1);
    first.entry.summary = Some(EVIL.into());
    first.entry.topics = vec!["safety".into()];
    first.entry.url = format!("https://jx.example/{EVIL}");
    first.entry.bureau = Some(Bureau { name: EVIL.into(), region: None });
    first.source_name = EVIL.into();
    story("urn:uuid:1", vec![first, copy("spb", EVIL, "", 2)])
}

/// Every kind of page with hostile input, in a language.
fn pages(lang: page::Lang) -> Vec<(&'static str, String)> {
    let ground = Ground::new();
    let meta = ground.meta();
    let at_path = |path| view(&meta, lang, path);
    let story = evil();
    let stories = [story.clone()];
    let piece = |text: &str, is_hit| crate::search::Piece { text: text.into(), is_hit };
    let (title, snippet) = (vec![piece("<b>", false), piece("命中", true)], vec![piece(EVIL, true)]);
    let hits = [page::Hit { story: &story, title, snippet }];
    let search = page::SearchPage {
        query: EVIL,
        region: "CN-JX",
        topic: "safety",
        since: EVIL,
        until: "",
        hits: &hits,
        previous: Some("search?q=1".into()),
        next: Some("search?q=1&page=3".into()),
        is_best_first: true,
        other_order: Some("search?q=1&order=newest".into()),
    };
    let row = page::OverviewRow {
        name: EVIL.into(),
        path: "regions/CN-JX".into(),
        feed: Some(Place::new("regions/CN-JX/feed")),
        n_stories: 3,
        newest: Some(at(TEN)),
    };
    let tombstone = Tombstone {
        atom_id: story.atom_id.clone(),
        when: at(TEN),
        by: Some(EVIL.into()),
        comment: Some(EVIL.into()),
        merged_into: Some(AtomId("urn:uuid:2".into())),
    };
    let rules = ["first".to_owned(), "same-title".to_owned()];
    let edition = daily::Edition {
        day: jiff::civil::date(2026, 11, 24),
        stories: &stories,
        previous: None,
        next: None,
    };
    let all = vec![
        ("home", page::home(&at_path(""), &stories, Some("search?page=2"))),
        (
            "slice",
            page::slice(
                &at_path("regions/CN-JX"),
                &page::SlicePage { title: EVIL, stories: &stories, older: Some("x?a=1&b=2") },
            ),
        ),
        (
            "story",
            page::story(&at_path("stories/1"), &page::StoryPage { story: &story, rules: &rules }).unwrap(),
        ),
        ("gone", page::gone(&at_path("stories/1"), &tombstone)),
        ("overview", page::overview(&at_path("regions"), EVIL, &[row])),
        ("search", page::search(&at_path("search?q=1"), &search)),
        ("problem", page::problem(&at_path("x"), EVIL, EVIL)),
        ("daily", daily::page(&at_path("daily/2026-11-24"), &edition)),
    ];
    all.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}

#[test]
fn no_page_runs_or_loads_what_a_source_says() {
    for lang in [page::Lang::Zh, page::Lang::En] {
        for (name, page) in pages(lang) {
            let parsed = scraper::Html::parse_document(&page);
            for wrong in ["script", "iframe", "img", "[onerror]", "[onclick]", "[style]", "style", "base"] {
                let selector = scraper::Selector::parse(wrong).unwrap();
                assert_eq!(parsed.select(&selector).count(), 0, "{name}: {wrong} in {page}");
            }
            let selector = scraper::Selector::parse("link[rel=alternate]").unwrap();
            let feeds: Vec<&str> = parsed.select(&selector).filter_map(|link| link.attr("type")).collect();
            assert_eq!(feeds, Format::ALL.map(Format::link_type), "{name}");
            let selector = scraper::Selector::parse("html[lang] main h1").unwrap();
            assert_eq!(parsed.select(&selector).count(), 1, "{name}: one heading\n{page}");
        }
    }
}

#[test]
fn pages_speak_one_language_and_lead_to_the_other() {
    let of = |lang, name| pages(lang).into_iter().find(|(found, _)| *found == name).unwrap().1;
    let zh = of(page::Lang::Zh, "slice");
    assert!(zh.contains("<html lang=\"zh-CN\">") && zh.contains("regions/CN-JX?lang=en\""), "{zh}");
    let en = of(page::Lang::En, "slice");
    assert!(en.contains("<html lang=\"en\">") && en.contains("Jiangxi") && en.contains("Safety"), "{en}");
    assert!(en.contains("href=\"https://feeds.example/regions/CN-JX\" lang=\"zh-CN\""), "{en}");
    assert!(en.contains("x?a=1&amp;b=2&amp;lang=en"), "{en}");
}

#[test]
fn a_storys_page_names_its_original_and_every_copy() {
    let page = pages(page::Lang::Zh).into_iter().find(|(name, _)| *name == "story").unwrap().1;
    assert!(page.contains("<meta name=\"robots\" content=\"noindex\">"), "{page}");
    assert!(page.contains("<link rel=\"canonical\" href=\"https://jx.example/%22%3E%3Cscript%3E"), "{page}");
    assert!(page.contains("https://spb.example/1") && page.contains("标题相同"), "{page}");
    assert!(page.contains("<p>正文</p>") && page.contains("a.pdf"), "{page}");
}
