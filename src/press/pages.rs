//! Pages for people, the list of our feeds, and editions: sheets become bytes.

use jiff::civil::Date;

use super::{
    Key, Leaf, Order, PressError, Print, Purpose, SearchRequest,
    key::DAILY_FEED,
    render::{Rendering, links},
    sheet::Aside,
};
use crate::{
    model::Story,
    publish::{
        FeedMeta, Format, Place,
        body::Body,
        daily::{self, Edition},
        opml,
        page::{self, Hit, Lang, OverviewRow, SearchPage, SlicePage, StoryPage, View},
        slice::{Facet, Slice},
    },
    search::{self, Query},
};

impl Rendering<'_> {
    /// The list of our feeds.
    pub(super) fn opml(&self, meta: &FeedMeta) -> Print {
        let sources: &[(String, String)] = match &self.sheet.aside {
            Aside::Sources(sources) => sources,
            _ => &[],
        };
        let bytes = opml::feeds(meta, &opml::groups(meta, sources));
        self.plain(opml::MEDIA_TYPE, bytes, Purpose::Feed)
    }

    /// The feed of editions, one entry a day.
    pub(super) fn daily_feed(&self, meta: &FeedMeta) -> Print {
        let zone = meta.zone;
        let day_of = |story: &Story| zone.to_datetime(story.published.at).date();
        let editions = self.stories.chunk_by(|a, b| day_of(a) == day_of(b)).filter_map(|stories| {
            let day = day_of(stories.first()?);
            Some(Edition { day, stories, previous: None, next: None })
        });
        let editions: Vec<Edition> = editions.collect();
        let bytes = daily::atom(meta, &editions);
        let body = Body::new(Format::Atom.media_type(), bytes, self.sheet.modified_at);
        let links = links(&meta.address(DAILY_FEED), Format::Atom, meta.hubs);
        Print::new(body, Purpose::Feed, self.imprint.lifetime, &links)
    }

    /// A day's edition as plain text.
    pub(super) fn daily_text(&self, day: Date) -> Print {
        let site = &self.imprint.config.feed.title;
        self.plain(daily::TEXT_TYPE, daily::text(site, &self.edition(day)), Purpose::Copy)
    }

    fn edition(&self, day: Date) -> Edition<'_> {
        let (previous, next) = match &self.sheet.aside {
            Aside::Days(previous, next) => (*previous, *next),
            _ => (None, None),
        };
        Edition { day, stories: self.stories, previous, next }
    }

    /// A page.
    pub(super) fn page(&self, key: &Key, leaf: &Leaf, lang: Lang) -> Result<Print, PressError> {
        let slice = match leaf {
            Leaf::Slice(slice) | Leaf::Search(SearchRequest { slice, .. }) => slice.clone(),
            _ => Slice::default(),
        };
        let names = self.names(lang);
        let (site, path) = (&self.imprint.config.feed.title, leaf.path());
        let title = slice.title(site, &names);
        let (atom_id, place) = (slice.atom_id(&self.state.atom_id), slice.place());
        let meta = self.meta(&atom_id, &title, &place, &path);
        let view = View { meta: &meta, site, lang, path: &path, venue: self.imprint.venue };
        let bytes = match leaf {
            Leaf::Front => page::home(&view, self.stories, self.older(&slice).as_deref()),
            Leaf::Slice(slice) => {
                let title = slice.name(&names);
                let older = self.older(slice);
                page::slice(
                    &view,
                    &SlicePage { title: &title, stories: self.stories, older: older.as_deref() },
                )
            }
            Leaf::Overview(facet) => {
                page::overview(&view, overview_title(*facet, lang), &self.rows(*facet, lang))
            }
            Leaf::Days => page::overview(&view, say(lang, "每日", "Daily"), &self.days()),
            Leaf::Day(day) => daily::page(&view, &self.edition(*day)),
            Leaf::Story(_) => self.story(&view).ok_or(PressError::NoStory)?,
            Leaf::Search(request) => self.hits(&view, request),
        };
        let purpose = match (leaf, &self.sheet.aside) {
            (_, Aside::Gone(_) | Aside::Old(_)) => Purpose::Gone,
            (Leaf::Story(_) | Leaf::Day(_) | Leaf::Search(_), _) => Purpose::Copy,
            _ => Purpose::Page,
        };
        debug_assert_eq!(key, &Key::Page { leaf: leaf.clone(), lang });
        Ok(self.plain(page::MEDIA_TYPE, bytes, purpose))
    }

    fn story(&self, view: &View) -> Option<Vec<u8>> {
        if let Aside::Gone(tombstone) = &self.sheet.aside {
            return Some(page::gone(view, tombstone));
        }
        if let Aside::Old(old) = &self.sheet.aside {
            return Some(page::expired(view, old));
        }
        let rules: &[String] = match &self.sheet.aside {
            Aside::Account(rules) => rules,
            _ => &[],
        };
        page::story(view, &StoryPage { story: self.stories.first()?, rules })
    }

    fn rows(&self, facet: Facet, lang: Lang) -> Vec<OverviewRow> {
        let Aside::Counts(counts) = &self.sheet.aside else { return Vec::new() };
        let names = self.names(lang);
        let row = |(value, n_stories, newest): &(String, u64, Option<_>)| OverviewRow {
            name: names.of(facet, value).into_owned(),
            path: format!("{}/{value}", facet.folder()),
            feed: Some(Place::new(format!("{}/{value}/feed", facet.folder()))),
            n_stories: *n_stories,
            newest: *newest,
        };
        counts.iter().map(row).collect()
    }

    fn days(&self) -> Vec<OverviewRow> {
        let Aside::Counts(counts) = &self.sheet.aside else { return Vec::new() };
        let row = |(day, n_stories, _): &(String, u64, Option<_>)| OverviewRow {
            name: day.clone(),
            path: format!("daily/{day}"),
            feed: None,
            n_stories: *n_stories,
            newest: None,
        };
        counts.iter().map(row).collect()
    }

    /// What comes after the stories that a page shows: the same slice, searched.
    pub(super) fn older(&self, slice: &Slice) -> Option<String> {
        if self.imprint.venue == page::Venue::Files {
            // Files are not searched; the days lead back as far.
            return slice.is_all().then(|| "daily".to_owned());
        }
        let (slice, order) = (slice.clone(), Order::Newest);
        let request = SearchRequest { slice, since: None, until: None, order, page: 2 };
        (self.stories.len() > page::MAX_STORIES).then(|| request.path())
    }

    fn hits(&self, view: &View, request: &SearchRequest) -> Vec<u8> {
        let slice = &request.slice;
        let query = slice.search();
        let hits: Vec<Hit> = self.stories.iter().filter_map(|story| hit(story, &query)).collect();
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let is_more = matches!(self.sheet.aside, Aside::Found { is_more: true });
        let at = |page: u32| SearchRequest { page, ..request.clone() }.path();
        let in_order = |order: Order| SearchRequest { page: 1, order, ..request.clone() }.path();
        let page = SearchPage {
            query: &slice.words,
            region: slice.values(Facet::Region).first().copied().unwrap_or_default(),
            topic: slice.values(Facet::Topic).first().copied().unwrap_or_default(),
            since: &day(request.since),
            until: &day(request.until),
            hits: &hits,
            previous: (request.page > 1).then(|| at(request.page - 1)),
            next: is_more.then(|| at(request.page + 1)),
            is_best_first: request.order == Order::Best,
            // Without words nothing fits better.
            other_order: (!slice.words.is_empty())
                .then(|| in_order(if request.order == Order::Best { Order::Newest } else { Order::Best })),
        };
        page::search(view, &page)
    }

    fn plain(&self, media_type: &'static str, bytes: Vec<u8>, purpose: Purpose) -> Print {
        let body = Body::new(media_type, bytes, self.sheet.modified_at);
        Print::new(body, purpose, self.imprint.lifetime, &[])
    }
}

/// A story with what was found in it.
fn hit<'a>(story: &'a Story, query: &Query) -> Option<Hit<'a>> {
    let entry = &story.canonical()?.entry;
    let (title, snippet) = (search::marked(&entry.title, query), search::snippet(&entry.content_text, query));
    Some(Hit { story, title, snippet })
}

fn overview_title(facet: Facet, lang: Lang) -> &'static str {
    match facet {
        Facet::Region => say(lang, "地区", "Regions"),
        Facet::Topic => say(lang, "专题", "Topics"),
        Facet::Source => say(lang, "来源", "Sources"),
    }
}

fn say(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}
