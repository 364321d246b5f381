//! RSS and Atom: what feed-rs found becomes raw entries.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use feed_rs::model;
use feed_rs::parser::Builder;
use url::Url;

use super::dialect::Family;
use super::offer;
use super::repair::{MASKED_AT, MAX_DEPTH, Mended, Unfit, mend};
use super::text::{Entities, paragraphs};
use super::{
    MAX_ENCLOSURES, MAX_TIME_BYTES, Ruled, filled, language, not_a_feed, short_name, too_many_entries,
    web_address,
};
use crate::extract::{Document, ExtractError, Extracted, FoundTime, RawEnclosure, RawEntry, RawTime};

/// The rules' names, by field.
struct Rules {
    id: &'static str,
    link: &'static str,
    title: &'static str,
    published: &'static str,
    updated: &'static str,
    content: &'static str,
    summary: &'static str,
    author: &'static str,
    enclosure: &'static str,
    language: &'static str,
}

const RSS_RULES: Rules = Rules {
    id: "rss guid",
    link: "rss link",
    title: "rss title",
    published: "rss pubDate",
    updated: "rss updated",
    content: "rss content:encoded",
    summary: "rss description",
    author: "rss author",
    enclosure: "rss enclosure",
    language: "rss language",
};

const RDF_RULES: Rules =
    Rules { published: "rss dc:date", author: "rss dc:creator", language: "rss dc:language", ..RSS_RULES };

const ATOM_RULES: Rules = Rules {
    id: "atom id",
    link: "atom link",
    title: "atom title",
    published: "atom published",
    updated: "atom updated",
    content: "atom content",
    summary: "atom summary",
    author: "atom author",
    enclosure: "atom enclosure",
    language: "atom xml:lang",
};

/// Carries the text of times past feed-rs, which keeps only instants: each text is handed in as an instant that is
/// its number here.
#[derive(Debug, Clone, Default)]
struct Times(Arc<Mutex<Vec<String>>>);

impl Times {
    fn intern(&self, text: &str) -> Option<DateTime<Utc>> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_TIME_BYTES {
            return None;
        }
        let mut texts = self.0.lock().ok()?;
        let number = i64::try_from(texts.len()).ok()?;
        texts.push(text.to_owned());
        DateTime::from_timestamp(number, 0)
    }

    fn text(&self, time: Option<DateTime<Utc>>) -> Option<String> {
        let number = usize::try_from(time?.timestamp()).ok()?;
        self.0.lock().ok()?.get(number).cloned()
    }
}

/// What holds for all entries of a feed.
struct Reader<'a> {
    family: Family,
    rules: &'static Rules,
    /// The address against which links resolve.
    base: Url,
    /// The address against which the bodies' links resolve, if the feed states one.
    body_base: Option<Url>,
    times: Times,
    entities: &'a mut Entities,
    language: Option<String>,
    author: Option<String>,
}

/// Reads an RSS or Atom document.
pub(super) fn read(document: &Document, text: &str) -> Result<Extracted, ExtractError> {
    let mut entities = Entities::default();
    let mended = mend(text, &mut entities).map_err(|unfit| match unfit {
        Unfit::TooDeep => ExtractError::TooDeep { url: document.url.clone(), limit: MAX_DEPTH },
        Unfit::NoFeed(reason) => not_a_feed(document, reason),
    })?;
    let base = mended.channel_link.as_ref().and_then(|link| web_address(link, &document.url));
    let base = base.unwrap_or_else(|| document.url.clone());
    let times = Times::default();
    let feed = parse(&mended.text, &base, &times).map_err(|complaint| not_a_feed(document, complaint))?;
    let family = mended.dialect.family;
    let links = feed.links.iter().filter_map(|link| Some((link.rel.as_deref()?, link.href.as_str())));
    let offer = offer::of_links(links, &document.url);
    let mut reader = Reader {
        family,
        rules: match family {
            Family::Rss => &RSS_RULES,
            Family::Rdf => &RDF_RULES,
            Family::Atom => &ATOM_RULES,
        },
        body_base: mended.base.as_ref().and_then(|root| web_address(root, &document.url)),
        base,
        times,
        entities: &mut entities,
        language: language(feed.language),
        author: feed.authors.first().and_then(person).filter(|_| family == Family::Atom),
    };
    let feed_title = feed.title.and_then(|title| filled(Some(reader.title(title))));
    let entries = feed.entries.into_iter().map(|entry| reader.entry(entry)).collect();
    let (rule, notes) = report(&mended);
    Ok(Extracted { entries, rule, notes, feed_title, ttl_minutes: feed.ttl, offer })
}

/// The rule that gave the entries, and a note if something was mended.
fn report(mended: &Mended) -> (String, Vec<String>) {
    let label = &mended.dialect.label;
    let mut notes: Vec<_> = mended.is_full.then(too_many_entries).into_iter().collect();
    if mended.repairs.is_empty() {
        return (format!("feed {label}"), notes);
    }
    let repairs = mended.repairs.iter().copied().collect::<Vec<_>>().join(", ");
    notes.push(format!("the feed is not well-formed: {repairs}"));
    (format!("feed {label}, repaired: {repairs}"), notes)
}

fn parse(text: &str, base: &Url, times: &Times) -> Result<model::Feed, String> {
    let times = times.clone();
    let parser = Builder::new()
        .base_uri(Some(base.as_str()))
        .sanitize_content(false)
        // feed-rs makes ids up, at random in the end; an empty one says that there was none.
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(move |text| times.intern(text))
        .build();
    // What is known to make feed-rs 3.0 panic is mended before; this is for what is not known.
    match catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes()))) {
        Ok(parsed) => parsed.map_err(|error| error.to_string()),
        Err(_) => Err("the parser gave up on it".to_owned()),
    }
}

impl Reader<'_> {
    fn entry(&mut self, entry: model::Entry) -> RawEntry {
        let rules = self.rules;
        let mut raw = RawEntry { id: filled(Some(entry.id.trim().to_owned())), ..RawEntry::default() };
        raw.ruled("id", raw.id.is_some(), rules.id);
        raw.title = entry.title.map(|title| self.title(title)).unwrap_or_default();
        raw.ruled("title", !raw.title.is_empty(), rules.title);
        self.address(&mut raw, &entry.links);
        self.time(&mut raw, entry.published, entry.updated);
        raw.origin = entry.authors.iter().find_map(person).or_else(|| self.author.clone());
        raw.ruled("origin", raw.origin.is_some(), rules.author);
        raw.language = language(entry.language).or_else(|| self.language.clone());
        raw.ruled("language", raw.language.is_some(), rules.language);
        raw.base = self.body_base(entry.base.as_deref(), entry.content.as_ref());
        self.body(&mut raw, entry.content, entry.summary);
        raw.enclosures = self.enclosures(&entry.links, &entry.media);
        raw.ruled("enclosures", !raw.enclosures.is_empty(), rules.enclosure);
        raw
    }

    /// A title as text. RSS does not say whether its titles are markup, and they are; Atom does.
    fn title(&mut self, title: model::Text) -> String {
        if self.is_text(title.content_type.as_ref()) {
            title.content
        } else {
            self.entities.plain(&title.content)
        }
    }

    fn is_text(&self, media_type: &str) -> bool {
        self.family == Family::Atom && media_type == "text/plain"
    }

    fn address(&self, raw: &mut RawEntry, links: &[model::Link]) {
        let is_of = |link: &&model::Link, rel| link.target.is_none() && link.rel.as_deref() == rel;
        let is_html =
            |link: &&model::Link| link.media_type.as_deref().is_none_or(|media| media.contains("html"));
        let absolute = |link: &model::Link| web_address(&link.href, &self.base);
        let rel = if self.family == Family::Atom { Some("alternate") } else { None };
        let found = links.iter().filter(|link| is_of(link, rel));
        let linked =
            found.clone().filter(is_html).find_map(absolute).or_else(|| found.clone().find_map(absolute));
        // An Atom entry whose content is elsewhere needs no other link (RFC 4287 §4.1.2).
        let elsewhere = || links.iter().filter(|link| is_of(link, Some("content"))).find_map(absolute);
        // A guid is an address by default (RSS 2.0); one that is none does not begin like one.
        let permanent =
            || raw.id.as_deref().filter(|id| id.starts_with("http")).and_then(|id| Url::parse(id).ok());
        // An Atom id that is an address leads to the entry more often than not.
        let permanent = || permanent().filter(|url| matches!(url.scheme(), "http" | "https"));
        let (url, rule) = match (linked, self.family) {
            (Some(url), _) => (Some(url), self.rules.link),
            (None, Family::Atom) => match elsewhere() {
                Some(url) => (Some(url), "atom content src"),
                None => (permanent(), self.rules.id),
            },
            (None, _) => (permanent(), self.rules.id),
        };
        raw.url = url;
        raw.ruled("url", raw.url.is_some(), rule);
    }

    /// Takes the times as text. feed-rs copies `published` to `updated` in RSS, and publishers do so in Atom.
    fn time(&self, raw: &mut RawEntry, published: Option<DateTime<Utc>>, updated: Option<DateTime<Utc>>) {
        let found = |text: String, rule: &str| FoundTime { time: RawTime::Text(text), rule: rule.to_owned() };
        let published = self.times.text(published);
        let updated = self.times.text(updated).filter(|updated| published.as_ref() != Some(updated));
        raw.updated = updated.map(|text| found(text, self.rules.updated));
        raw.ruled("updated", raw.updated.is_some(), self.rules.updated);
        match published {
            Some(text) => raw.published.push(found(text, self.rules.published)),
            // Atom demands only `updated`, so it is often the time of publication as well.
            None => raw.published.extend(raw.updated.clone()),
        }
        if let Some(rule) = raw.published.first().map(|time| time.rule.clone()) {
            raw.ruled("published", true, &rule);
        }
    }

    fn body_base(&self, stated: Option<&str>, content: Option<&model::Content>) -> Option<Url> {
        if self.family == Family::Atom {
            let outer = self.body_base.as_ref().unwrap_or(&self.base);
            return stated.and_then(|base| web_address(base, outer)).or_else(|| self.body_base.clone());
        }
        // feed-rs puts the `xml:base` in force here; without any it is the one it was started with.
        let base = content
            .and_then(|content| content.src.as_ref())
            .and_then(|src| web_address(&src.href, &self.base));
        base.filter(|base| *base != self.base)
    }

    /// The body is the content, or else the summary; beside a content the summary stays one.
    fn body(&mut self, raw: &mut RawEntry, content: Option<model::Content>, summary: Option<model::Text>) {
        let content = content.and_then(|content| {
            let is_text = self.is_text(content.content_type.as_ref());
            filled(content.body).map(|body| if is_text { paragraphs(&body) } else { body })
        });
        let summary = summary.and_then(|summary| {
            let is_text = self.is_text(summary.content_type.as_ref());
            filled(Some(summary.content)).map(|text| (text, is_text))
        });
        match (content, summary) {
            (Some(content), summary) => {
                raw.content_html = Some(content);
                raw.ruled("content_html", true, self.rules.content);
                raw.summary = filled(summary.map(|(text, is_text)| {
                    if is_text { text } else { self.entities.plain(&text).trim().to_owned() }
                }));
                raw.ruled("summary", raw.summary.is_some(), self.rules.summary);
            }
            (None, Some((text, is_text))) => {
                raw.content_html = Some(if is_text { paragraphs(&text) } else { text });
                raw.ruled("content_html", true, self.rules.summary);
            }
            (None, None) => {}
        }
    }

    fn enclosures(&self, links: &[model::Link], media: &[model::MediaObject]) -> Vec<RawEnclosure> {
        let links = links.iter().filter(|link| link.rel.as_deref() == Some("enclosure")).filter_map(|link| {
            let url = web_address(&link.href, &self.base)?;
            Some(RawEnclosure { url, media_type: link.media_type.clone(), length_bytes: link.length })
        });
        let media = media.iter().flat_map(|object| &object.content).filter_map(|content| {
            let url = web_address(content.url.as_ref()?.as_str(), &self.base)?;
            let media_type = content.content_type.as_ref().map(ToString::to_string);
            Some(RawEnclosure { url, media_type, length_bytes: content.size })
        });
        let mut found: Vec<RawEnclosure> = Vec::new();
        for mut enclosure in links.chain(media) {
            enclosure.media_type = filled(enclosure.media_type);
            // Publishers who do not know the length write 0.
            enclosure.length_bytes = enclosure.length_bytes.filter(|length| *length > 0);
            if found.len() < MAX_ENCLOSURES && found.iter().all(|known| known.url != enclosure.url) {
                found.push(enclosure);
            }
        }
        found
    }
}

/// The name of a person. RSS gives addresses, with the name in brackets if at all.
fn person(person: &model::Person) -> Option<String> {
    let name = person.name.as_ref()?.replace(MASKED_AT, "@");
    if !name.contains('@') {
        return short_name(&name);
    }
    let is_between =
        |letter: char| letter.is_whitespace() || matches!(letter, '(' | ')' | '<' | '>' | '（' | '）');
    let words = name.split(is_between).filter(|word| !word.is_empty() && !word.contains('@'));
    short_name(&words.collect::<Vec<_>>().join(" "))
}
