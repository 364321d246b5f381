//! Merged layers become the checked [`Config`].

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde::Deserialize;

use super::{
    Ask, Config, ConfigError, Feed, Fetch, Place, Push, Retention, Route, Schedule, Server, SourceConfig,
    Tls, dedup,
    layer::{ArticleLayer, FileLayer, JsonLayer, Layer, ListLayer, ProfileLayer, SourceLayer},
    load::{Merged, REGIONS},
    value::{Many, PathText, Pattern, Period, PickText},
};
use crate::{
    extract::rules::{ArticleRules, HostRules, JsonRules, ListRules, Pick, Rules},
    model::{Bureau, Bureaus, Kind, Region, RegionRow, Source, SourceKey, Topic},
    normalise::topics::{TopicRule, TopicRules},
};

/// Product token and version of our User-Agent.
const PRODUCT: &str = concat!("dibao/", env!("CARGO_PKG_VERSION"));

pub(super) fn config(merged: Merged) -> Result<Config, ConfigError> {
    let Merged { layer, places, warnings, .. } = merged;
    let bureaus = Arc::new(bureaus()?);
    let feed = feed(&layer)?;
    let mut sources = Vec::with_capacity(layer.source.len());
    for source in &layer.source {
        sources.push(Arc::new(
            SourceBuilder { layer: &layer, places: &places, bureaus: &bureaus, feed: &feed }
                .source(source)?,
        ));
    }
    let config = Config {
        server: server(&layer)?,
        admin_listen: need("admin.listen", layer.admin.as_ref().and_then(|admin| admin.listen))?,
        store_path: need("store.url", layer.store.as_ref().and_then(|store| store.url.clone()))?.0,
        fetch: fetch(&layer)?,
        schedule: schedule(&layer)?,
        dedup: dedup::dedup(layer.dedup.clone(), &bureaus)?,
        retention: retention(&layer)?,
        push: push(&layer)?,
        host_rules: Arc::new(host_rules(&layer)),
        bureaus,
        topics: Arc::new(topics(&layer)?),
        feed,
        sources,
        warnings,
        merged: layer,
    };
    Ok(config)
}

fn need<T>(key: &str, value: Option<T>) -> Result<T, ConfigError> {
    value.ok_or_else(|| setting(key, "is not set"))
}

fn period(key: &str, value: Option<Period>) -> Result<std::time::Duration, ConfigError> {
    need(key, value).map(|period| period.0)
}

fn positive(key: &str, value: Option<usize>) -> Result<usize, ConfigError> {
    let value = need(key, value)?;
    if value == 0 { Err(setting(key, "is 0; expected at least 1")) } else { Ok(value) }
}

pub(super) fn setting(key: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Setting { key: key.to_owned(), file: None, problem: problem.into() }
}

fn server(layer: &FileLayer) -> Result<Server, ConfigError> {
    let server = layer.server.clone().unwrap_or_default();
    let mut public_url = server.public_url.and_then(|url| url.0).map(|url| url.0);
    if let Some(url) = &mut public_url
        && !url.path().ends_with('/')
    {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(Server {
        listen: need("server.listen", server.listen)?,
        public_url,
        max_connections: positive("server.max_connections", server.max_connections)?,
        max_connections_per_address: positive(
            "server.max_connections_per_address",
            server.max_connections_per_address,
        )?,
        header_timeout: period("server.header_timeout", server.header_timeout)?,
        send_timeout: period("server.send_timeout", server.send_timeout)?,
        renderings_per_minute: need("server.renderings_per_minute", server.renderings_per_minute)?,
        trusted_proxies: server.trusted_proxies.map(|many| many.0).unwrap_or_default(),
    })
}

fn feed(layer: &FileLayer) -> Result<Feed, ConfigError> {
    let feed = layer.feed.clone().unwrap_or_default();
    Ok(Feed {
        title: need("feed.title", feed.title)?,
        subtitle: need("feed.subtitle", feed.subtitle)?,
        window: positive("feed.window", feed.window)?,
        window_age: period("feed.window_age", feed.window_age)?,
        authority: feed.authority.and_then(|domain| domain.0).map(|domain| domain.0),
        zone: need("feed.timezone", feed.timezone)?.0,
        language: need("feed.language", feed.language)?,
    })
}

fn fetch(layer: &FileLayer) -> Result<Fetch, ConfigError> {
    let fetch = layer.fetch.clone().unwrap_or_default();
    let contact = fetch.contact.unwrap_or_default();
    let user_agent = match fetch.user_agent.filter(|agent| !agent.is_empty()) {
        Some(agent) => agent,
        None if contact.is_empty() => PRODUCT.to_owned(),
        None => format!("{PRODUCT} (+{contact})"),
    };
    if !user_agent.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(setting(
            "fetch.user_agent",
            "holds characters that a header cannot carry; expected ASCII",
        ));
    }
    Ok(Fetch {
        user_agent,
        concurrency: positive("fetch.concurrency", fetch.concurrency)?,
        per_host_interval: period("fetch.per_host_interval", fetch.per_host_interval)?,
        connect_timeout: period("fetch.connect_timeout", fetch.connect_timeout)?,
        read_timeout: period("fetch.read_timeout", fetch.read_timeout)?,
        timeout: period("fetch.timeout", fetch.timeout)?,
        max_body_bytes: need("fetch.max_body", fetch.max_body)?.0,
        allow_private: fetch.allow_private.map(|many| many.0).unwrap_or_default(),
        proxy: need("fetch.proxy", fetch.proxy)?,
        extra_ca: fetch.extra_ca.filter(|path| !path.is_empty()).map(PathBuf::from),
        robots: fetch.robots.unwrap_or(true),
    })
}

fn schedule(layer: &FileLayer) -> Result<Schedule, ConfigError> {
    let schedule = layer.schedule.clone().unwrap_or_default();
    let checked = Schedule {
        interval: period("schedule.interval", schedule.interval)?,
        adaptive: schedule.adaptive.unwrap_or(true),
        min_interval: period("schedule.min_interval", schedule.min_interval)?,
        max_interval: period("schedule.max_interval", schedule.max_interval)?,
        first_poll_age: period("schedule.first_poll_age", schedule.first_poll_age)?,
        max_articles: positive("schedule.max_articles", schedule.max_articles)?,
    };
    if checked.min_interval > checked.max_interval {
        return Err(setting("schedule.min_interval", "is longer than `schedule.max_interval`"));
    }
    Ok(checked)
}

fn retention(layer: &FileLayer) -> Result<Retention, ConfigError> {
    let retention = layer.retention.clone().unwrap_or_default();
    Ok(Retention {
        entries: period("retention.entries", retention.entries)?,
        documents: period("retention.documents", retention.documents)?,
    })
}

fn push(layer: &FileLayer) -> Result<Push, ConfigError> {
    let push = layer.push.clone().unwrap_or_default();
    let checked = Push {
        hub: push.hub.unwrap_or(true),
        hubs: push.hubs.map(|many| many.0.into_iter().map(|url| url.0).collect()).unwrap_or_default(),
        subscribe: push.subscribe.unwrap_or(true),
        lease: period("push.lease", push.lease)?,
        max_lease: period("push.max_lease", push.max_lease)?,
        max_subscriptions: positive("push.max_subscriptions", push.max_subscriptions)?,
        max_per_topic: positive("push.max_per_topic", push.max_per_topic)?,
        max_per_host: positive("push.max_per_host", push.max_per_host)?,
        requests_per_minute: positive("push.requests_per_minute", push.requests_per_minute)?,
        timeout: period("push.timeout", push.timeout)?,
        concurrency: positive("push.concurrency", push.concurrency)?,
        allow_private: push.allow_private.map(|many| many.0).unwrap_or_default(),
    };
    if checked.lease > checked.max_lease {
        return Err(setting("push.lease", "is longer than `push.max_lease`"));
    }
    if checked.timeout.is_zero() {
        return Err(setting("push.timeout", "is 0; expected the time that a subscriber has to answer"));
    }
    let has_address = layer
        .server
        .as_ref()
        .and_then(|server| server.public_url.as_ref())
        .is_some_and(|url| url.0.is_some());
    if !checked.hubs.is_empty() && !has_address {
        return Err(setting("push.hubs", "needs `server.public_url`: a hub fetches the feed from there"));
    }
    Ok(checked)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionFile {
    region: Vec<RegionText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionText {
    code: String,
    name: String,
    short: String,
    en: String,
    bureau: Option<String>,
}

fn bureaus() -> Result<Bureaus, ConfigError> {
    let file = "config/regions.toml";
    let table: RegionFile = toml::from_str(REGIONS)
        .map_err(|source| ConfigError::Toml { file: file.into(), source: Box::new(source) })?;
    let rows = table.region.into_iter().map(|row| {
        let region = Region::parse(&row.code)
            .ok_or_else(|| setting("region.code", format!("`{}` is no ISO 3166-2 code", row.code)))?;
        let bureau = row.bureau.unwrap_or_else(|| format!("{}邮政管理局", row.name));
        Ok(RegionRow { region, name: row.name, short: row.short, bureau, en: row.en })
    });
    rows.collect::<Result<_, _>>().map(Bureaus::new)
}

/// Longest key of a topic, in bytes.
const MAX_TOPIC_KEY_BYTES: usize = 64;

fn topics(layer: &FileLayer) -> Result<TopicRules, ConfigError> {
    let enabled = layer.topic.iter().filter(|topic| topic.enabled != Some(false));
    let rules = enabled.map(|topic| {
        let Some(key) = topic.key.clone() else {
            return Err(setting("topic.key", "is not set; expected a short name such as \"safety\""));
        };
        let is_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if key.is_empty() || key.len() > MAX_TOPIC_KEY_BYTES || !key.bytes().all(is_key) {
            return Err(setting(
                "topic.key",
                format!("`{key}` is no key of a topic; use 1 to 64 lower-case letters, digits or `-`"),
            ));
        }
        let list = |words: &Option<Many<String>>| words.clone().map(|words| words.0).unwrap_or_default();
        if list(&topic.words).is_empty() && list(&topic.weak).is_empty() {
            return Err(setting("topic.words", format!("topic `{key}` has no words by which it is found")));
        }
        let zh = topic.label_zh.clone().unwrap_or_else(|| key.clone());
        Ok(TopicRule {
            words: list(&topic.words),
            weak: list(&topic.weak),
            unless: list(&topic.unless),
            topic: Topic { en: topic.label_en.clone().unwrap_or_else(|| zh.clone()), zh, key },
        })
    });
    TopicRules::new(rules.collect::<Result<_, _>>()?)
        .map_err(|error| setting("topic.words", format!("cannot be searched for: {error}")))
}

fn host_rules(layer: &FileLayer) -> Vec<HostRules> {
    let with_hosts = layer.profile.values().filter_map(|profile| {
        let hosts = profile.hosts.clone()?.0;
        Some(HostRules { hosts, article: rules_of(profile).article })
    });
    with_hosts.collect()
}

/// Compiles the rules of a profile.
pub(super) fn rules_of(profile: &ProfileLayer) -> Rules {
    Rules {
        list: list_rules(profile.list.clone().unwrap_or_default()),
        json: json_rules(profile.json.clone().unwrap_or_default()),
        article: article_rules(profile.article.clone().unwrap_or_default()),
    }
}

fn picks(many: Option<Many<PickText>>) -> Vec<Pick> {
    many.map(|many| many.0.into_iter().map(|pick| pick.0).collect()).unwrap_or_default()
}

fn paths(many: Option<Many<PathText>>) -> Vec<serde_json_path::JsonPath> {
    many.map(|many| many.0.into_iter().map(|path| path.0).collect()).unwrap_or_default()
}

fn pattern(text: Option<Pattern>) -> Option<regex::Regex> {
    text.map(|pattern| pattern.0)
}

fn list_rules(list: ListLayer) -> ListRules {
    ListRules {
        rows: picks(list.rows),
        link: picks(list.link),
        title: picks(list.title),
        date: picks(list.date),
        article_url: pattern(list.article_url),
        skip_title: pattern(list.skip_title),
        page: list.page.map(|template| template.0),
        second_page: list.second_page,
    }
}

fn json_rules(json: JsonLayer) -> JsonRules {
    JsonRules {
        items: json.items.map(|path| path.0),
        id: paths(json.id),
        title: paths(json.title),
        url: paths(json.url),
        date: paths(json.date),
        epoch_offset_ms: json
            .epoch_offset
            .map_or(0, |period| i64::try_from(period.0.as_millis()).unwrap_or(i64::MAX)),
        origin: paths(json.origin),
        content_text: paths(json.content_text),
        content_html: paths(json.content_html),
        summary: paths(json.summary),
        enclosures: paths(json.enclosures),
        html: json.html.map(|path| path.0),
        endpoint: json.endpoint.map(|template| template.0),
        page: json.page,
    }
}

fn article_rules(article: ArticleLayer) -> ArticleRules {
    ArticleRules {
        title: picks(article.title),
        date: picks(article.date),
        origin: picks(article.origin),
        body: picks(article.body),
        attachments: picks(article.attachments),
        drop: picks(article.drop),
        skip_column: pattern(article.skip_column),
        column: picks(article.column),
        missing: picks(article.missing),
    }
}

/// What checking one source needs to know of the rest.
struct SourceBuilder<'a> {
    layer: &'a FileLayer,
    places: &'a BTreeMap<String, Place>,
    bureaus: &'a Bureaus,
    feed: &'a Feed,
}

impl SourceBuilder<'_> {
    fn source(&self, raw: &SourceLayer) -> Result<SourceConfig, ConfigError> {
        let key = raw.key.as_ref().map(|key| key.get_ref().clone()).unwrap_or_default();
        let place = self.places.get(&key).cloned().unwrap_or(Place { file: "environment".into(), line: 0 });
        self.checked(raw, &key, &place).map_err(|problem| ConfigError::Source {
            file: place.file.clone(),
            line: place.line,
            key,
            problem,
        })
    }

    fn checked(&self, raw: &SourceLayer, key: &str, place: &Place) -> Result<SourceConfig, String> {
        let url = raw.url.clone().ok_or("has no `url`; expected the address to poll")?.0;
        let kind = raw.kind.ok_or("has no `kind`; expected one of site, list, json, feed, digest")?;
        let profile = self.profile(raw)?;
        let (bureau, region) = self.whose(raw)?;
        if raw.robots == Some(false)
            && raw.robots_reason.as_ref().is_none_or(|reason| reason.trim().is_empty())
        {
            return Err("sets `robots = false` without saying why in `robots_reason`".into());
        }
        let merged = ProfileLayer {
            hosts: None,
            list: raw.list.clone().over(profile.list.clone()),
            json: raw.json.clone().over(profile.json.clone()),
            article: raw.article.clone().over(profile.article.clone()),
        };
        let rules = rules_of(&merged);
        if kind == Kind::Json && rules.json.items.is_none() && rules.json.html.is_none() {
            return Err(
                "is of kind `json`, but neither it nor its profile sets `json.items` or `json.html`".into()
            );
        }
        if kind == Kind::Site && rules.list.article_url.is_none() {
            return Err("is of kind `site`, but neither it nor its profile sets `list.article_url`".into());
        }
        let legacy_tls = raw.tls == Some(Tls::Legacy);
        if legacy_tls && !cfg!(feature = "legacy-tls") {
            return Err("sets `tls = \"legacy\"`, which needs a build with the feature `legacy-tls`".into());
        }
        let fetch_articles = merged.article.as_ref().and_then(|article| article.fetch);
        Ok(SourceConfig {
            source: Source {
                key: SourceKey::parse(key).map_err(|e| format!("is not well named: {e}"))?,
                name: raw.name.clone().unwrap_or_else(|| key.to_owned()),
                role: raw.role.unwrap_or_default(),
                bureau,
                region,
                url,
                language: raw.language.clone().unwrap_or_else(|| self.feed.language.clone()),
            },
            kind,
            rules: Arc::new(rules),
            profile: raw.profile.clone(),
            interval: raw.interval.map(|period| period.0),
            enabled: raw.enabled.unwrap_or(true),
            verified: raw.verified.unwrap_or(true),
            fetch_articles: fetch_articles.unwrap_or(kind != Kind::Feed),
            zone: raw.timezone.map_or(self.feed.zone, |zone| zone.0),
            robots: raw.robots.unwrap_or(true),
            mirrors: raw
                .mirrors
                .clone()
                .map(|many| many.0.into_iter().map(|url| url.0).collect())
                .unwrap_or_default(),
            route: Route {
                proxy: raw.proxy.clone(),
                extra_ca: raw.extra_ca.clone().filter(|path| !path.is_empty()).map(PathBuf::from),
                legacy_tls,
            },
            ask: Ask::of(raw)?,
            pages: raw.pages.unwrap_or(1).max(1),
            place: place.clone(),
        })
    }

    fn profile(&self, raw: &SourceLayer) -> Result<ProfileLayer, String> {
        let Some(name) = &raw.profile else { return Ok(ProfileLayer::default()) };
        let names = || self.layer.profile.keys().cloned().collect::<Vec<_>>().join(", ");
        let found = self.layer.profile.get(name).cloned();
        found.ok_or_else(|| {
            format!("names the profile `{name}`, which does not exist; expected one of {}", names())
        })
    }

    fn whose(&self, raw: &SourceLayer) -> Result<(Option<Bureau>, Option<Region>), String> {
        let mut bureau = match &raw.bureau {
            None => None,
            Some(text) => Some(self.bureaus.resolve(text).ok_or_else(|| {
                format!("has the bureau `{text}`, which is none; expected 江西省邮政管理局, 江西局 or CN-JX")
            })?),
        };
        let region = match &raw.region {
            None => bureau.as_ref().and_then(|bureau| bureau.region.clone()),
            Some(code) => {
                let region = Region::parse(code).filter(|region| self.bureaus.row(region).is_some());
                Some(
                    region
                        .ok_or_else(|| format!("has the region `{code}`; expected a code such as CN-JX"))?,
                )
            }
        };
        if let Some(bureau) = &mut bureau {
            bureau.region.clone_from(&region);
        }
        Ok((bureau, region))
    }
}
