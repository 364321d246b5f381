//! One layer of configuration as written: every key optional, unknown keys refused, layers laid over each other.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{
    dedup::DedupLayer,
    value::{
        Domain, Many, Maybe, Network, PathText, Pattern, Period, PickText, ProxyChoice, Size, StoreUrl,
        Template, WebUrl, Zone,
    },
};
use crate::model::{Kind, Role};

/// Which encryption a source is asked with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Today's.
    #[default]
    Modern,
    /// Also what is outdated, through OpenSSL; needs a build with the feature `legacy-tls`.
    Legacy,
}

/// Something of which a nearer layer can lie over a farther one.
pub(crate) trait Layer {
    /// What `self` sets wins; what it leaves out comes from `below`.
    fn over(self, below: Self) -> Self;
}

impl<T: Layer> Layer for Option<T> {
    fn over(self, below: Self) -> Self {
        match (self, below) {
            (Some(mine), Some(below)) => Some(mine.over(below)),
            (mine, below) => mine.or(below),
        }
    }
}

/// Defines a table whose keys are all optional; those after `tables` are tables themselves and merge key by key.
macro_rules! layer {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$fmeta:meta])* $field:ident: $type:ty,)*
        $(; tables $($(#[$tmeta:meta])* $table:ident: $ttype:ty,)*)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$fmeta])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
            $($($(#[$tmeta])* #[serde(skip_serializing_if = "Option::is_none")] pub $table: Option<$ttype>,)*)?
        }
        impl Layer for $name {
            fn over(self, below: Self) -> Self {
                Self {
                    $($field: self.$field.or(below.$field),)*
                    $($($table: self.$table.over(below.$table),)*)?
                }
            }
        }
    };
}

pub(super) use layer;

layer! {
    /// `[server]`: the public listener.
    ServerLayer {
        /// Address and port of the public feed and pages.
        listen: std::net::SocketAddr,
        /// The address that readers see when a proxy or CDN stands in front.
        public_url: Maybe<WebUrl>,
        /// Connections served at once.
        max_connections: usize,
        /// Connections of one address at once.
        max_connections_per_address: usize,
        /// Time within which a client must send its request's headers.
        header_timeout: Period,
        /// Time within which a client must take something of an answer.
        send_timeout: Period,
        /// Documents rendered for one address in a minute; 0 sets no limit.
        renderings_per_minute: u32,
        /// Proxies whose `X-Forwarded-For` is believed.
        trusted_proxies: Many<Network>,
    }
}

layer! {
    /// `[admin]`: the operator's listener.
    AdminLayer {
        /// Address and port of probes and status.
        listen: std::net::SocketAddr,
    }
}

layer! {
    /// `[store]`.
    StoreLayer {
        /// Where entries are kept: `sqlite:PATH`.
        url: StoreUrl,
    }
}

layer! {
    /// `[feed]`: the merged feed.
    FeedLayer {
        /// Its title.
        title: String,
        /// Its subtitle.
        subtitle: String,
        /// It holds the newest N stories.
        window: usize,
        /// And all that changed within this time.
        window_age: Period,
        /// A domain owned by the operator, for tag URIs.
        authority: Maybe<Domain>,
        /// Zone of times without one, and of the times published.
        timezone: Zone,
        /// Language (BCP 47).
        language: String,
    }
}

layer! {
    /// `[fetch]`: the HTTP client.
    FetchLayer {
        /// User-Agent.
        user_agent: String,
        /// How site owners reach the operator.
        contact: String,
        /// Requests at once, over all hosts.
        concurrency: usize,
        /// Pause between two requests to one host and port.
        per_host_interval: Period,
        /// Longest time to connect.
        connect_timeout: Period,
        /// Longest time between two pieces of a body.
        read_timeout: Period,
        /// Longest time of a request in all.
        timeout: Period,
        /// Largest body, decompressed.
        max_body: Size,
        /// Private networks that may be visited.
        allow_private: Many<Network>,
        /// `env`, `none` or a proxy's address.
        proxy: ProxyChoice,
        /// PEM file with further certificate authorities.
        extra_ca: String,
        /// Whether robots.txt is followed.
        robots: bool,
    }
}

layer! {
    /// `[schedule]`.
    ScheduleLayer {
        /// How often a source is polled.
        interval: Period,
        /// Whether the interval follows how often a source publishes.
        adaptive: bool,
        /// Never more often than this.
        min_interval: Period,
        /// Never more rarely than this.
        max_interval: Period,
        /// The first visit takes items at most this old.
        first_poll_age: Period,
        /// Articles fetched in one visit, at most.
        max_articles: usize,
    }
}

layer! {
    /// `[retention]`.
    RetentionLayer {
        /// Age at which entries leave the store.
        entries: Period,
        /// Age at which fetched documents and poll history leave the store.
        documents: Period,
    }
}

layer! {
    /// How rows are found in a list page.
    ListLayer {
        /// Row elements; the first selector that yields rows wins.
        rows: Many<PickText>,
        /// The link inside a row.
        link: Many<PickText>,
        /// The title inside a row.
        title: Many<PickText>,
        /// The date inside a row.
        date: Many<PickText>,
        /// What the path and query of an article's address look like.
        article_url: Pattern,
        /// Titles that are never news.
        skip_title: Pattern,
        /// Addresses of further pages, relative to the list's, with `{page}` for their number.
        page: Template,
        /// The number of the second page.
        second_page: usize,
    }
}

layer! {
    /// How a JSON list is read; all paths but `items` start at the item.
    JsonLayer {
        /// The items.
        items: PathText,
        /// Id.
        id: Many<PathText>,
        /// Title.
        title: Many<PathText>,
        /// Address.
        url: Many<PathText>,
        /// Time, the most trusted first.
        date: Many<PathText>,
        /// Added to times given as epoch numbers.
        epoch_offset: Period,
        /// 来源.
        origin: Many<PathText>,
        /// Body as text.
        content_text: Many<PathText>,
        /// Body as HTML.
        content_html: Many<PathText>,
        /// Summary.
        summary: Many<PathText>,
        /// Addresses of attachments.
        enclosures: Many<PathText>,
        /// Where the rows stand as HTML in a text; they are then read by the rules for list pages.
        html: PathText,
        /// Address of a channel's list, relative to its list page, with `{channel}`, `{size}` and `{page}`.
        endpoint: Template,
        /// The parameter of the address that names the page.
        page: String,
    }
}

layer! {
    /// How an article page is read.
    ArticleLayer {
        /// Whether the page behind each row is fetched (default: true, but for feeds).
        fetch: bool,
        /// Title.
        title: Many<PickText>,
        /// Time of publication, the most trusted first.
        date: Many<PickText>,
        /// 来源.
        origin: Many<PickText>,
        /// Body.
        body: Many<PickText>,
        /// Links to attachments outside the body.
        attachments: Many<PickText>,
        /// Elements taken out of the body.
        drop: Many<PickText>,
        /// Where the name of the column stands.
        column: Many<PickText>,
        /// Columns that are never news.
        skip_column: Pattern,
        /// Shown where an article no longer exists.
        missing: Many<PickText>,
    }
}

layer! {
    /// `[profile.NAME]`: how one kind of site is read.
    ProfileLayer {
        /// Hosts whose articles are read by this profile, whoever links to them.
        hosts: Many<String>,
        ; tables
        /// Its list pages.
        list: ListLayer,
        /// Its JSON lists.
        json: JsonLayer,
        /// Its articles.
        article: ArticleLayer,
    }
}

layer! {
    /// `[push]`: WebSub.
    PushLayer {
        /// Whether there is a hub of our own at `/hub`.
        hub: bool,
        /// Other hubs, which are told of each change.
        hubs: Many<WebUrl>,
        /// Whether sources that offer a hub are subscribed to.
        subscribe: bool,
        /// How long a subscription lasts that does not say.
        lease: Period,
        /// How long a subscription lasts at most.
        max_lease: Period,
        /// Subscriptions in all.
        max_subscriptions: usize,
        /// Subscriptions to one feed.
        max_per_topic: usize,
        /// Subscriptions of the callbacks of one host.
        max_per_host: usize,
        /// Requests to the hub from one address in a minute.
        requests_per_minute: usize,
        /// Longest time of a delivery.
        timeout: Period,
        /// Deliveries at once.
        concurrency: usize,
        /// Private networks in which callbacks may be.
        allow_private: Many<Network>,
    }
}

/// How an address is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// By its address alone.
    Get,
    /// With a body.
    Post,
}

layer! {
    /// `[[source]]`: something polled.
    SourceLayer {
        /// Short stable name: lower-case letters, digits, `-`, `_`.
        #[schemars(with = "Option<String>")]
        key: Spanned<String>,
        /// Name for people.
        name: String,
        /// What kind of document its address gives.
        kind: Kind,
        /// The address that is polled.
        url: WebUrl,
        /// The profile by which it is read.
        profile: String,
        /// The bureau it belongs to: official name, short form or region code.
        bureau: String,
        /// Region code, where the source has no bureau or the bureau's name does not tell.
        region: String,
        /// How close it stands to the bureau.
        role: Role,
        /// How often it is polled.
        interval: Period,
        /// false: known, but not polled.
        enabled: bool,
        /// false: not known to exist; no alarm until it has answered once.
        verified: bool,
        /// Zone of times that it writes without one.
        timezone: Zone,
        /// Language of what it says (BCP 47).
        language: String,
        /// false: robots.txt of this source's site is not followed; needs a reason in `robots_reason`.
        robots: bool,
        /// Why robots.txt is not followed.
        robots_reason: String,
        /// Other addresses of the same page, asked in turn when the first cannot be read.
        mirrors: Many<WebUrl>,
        /// A proxy for this source alone: `env`, `none` or an address.
        proxy: ProxyChoice,
        /// PEM file with further certificate authorities for this source alone.
        extra_ca: String,
        /// `legacy` for servers that offer only outdated encryption.
        tls: Tls,
        /// How its address is asked: "GET" or "POST".
        method: Method,
        /// What a POST sends; `{page}` stands for the number of the page, from 1.
        body: String,
        /// Media type of the body (default: application/x-www-form-urlencoded).
        content_type: String,
        /// Headers sent with each request to the host of its address; a cookie, say.
        headers: BTreeMap<String, String>,
        /// How many pages of its list the first visit reads (default: 1).
        pages: usize,
        ; tables
        /// Overrides of the profile's rules for list pages.
        list: ListLayer,
        /// Overrides of the profile's rules for JSON lists.
        json: JsonLayer,
        /// Overrides of the profile's rules for articles.
        article: ArticleLayer,
    }
}

layer! {
    /// `[[topic]]`: what stories are about, and the words by which that is found.
    TopicLayer {
        /// Short stable name: lower-case letters, digits, `-`.
        key: String,
        /// Chinese name.
        label_zh: String,
        /// English name.
        label_en: String,
        /// Words that tell it by themselves.
        words: Many<String>,
        /// Words that need others beside them.
        weak: Many<String>,
        /// Phrases that hold such a word and mean something else.
        unless: Many<String>,
        /// false leaves it out.
        enabled: bool,
    }
}

/// A whole configuration file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dibao configuration")]
pub struct FileLayer {
    /// Files with further sources and profiles; globs, relative to this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Many<String>>,
    /// false leaves the shipped sources out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<bool>,
    /// The public listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerLayer>,
    /// The operator's listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<AdminLayer>,
    /// The store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreLayer>,
    /// The merged feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedLayer>,
    /// The HTTP client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetch: Option<FetchLayer>,
    /// When sources are polled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleLayer>,
    /// Same-story detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup: Option<DedupLayer>,
    /// How long things are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionLayer>,
    /// WebSub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<PushLayer>,
    /// Kinds of site, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profile: BTreeMap<String, ProfileLayer>,
    /// Sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<SourceLayer>,
    /// What stories are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topic: Vec<TopicLayer>,
}

impl Layer for FileLayer {
    /// Sources and topics with the same key merge field by field, in the place where the key first stood.
    fn over(self, below: Self) -> Self {
        let mut profile = below.profile;
        for (name, mine) in self.profile {
            let under = profile.remove(&name).unwrap_or_default();
            profile.insert(name, mine.over(under));
        }
        Self {
            sources: self.sources.or(below.sources),
            defaults: self.defaults.or(below.defaults),
            server: self.server.over(below.server),
            admin: self.admin.over(below.admin),
            store: self.store.over(below.store),
            feed: self.feed.over(below.feed),
            fetch: self.fetch.over(below.fetch),
            schedule: self.schedule.over(below.schedule),
            dedup: self.dedup.over(below.dedup),
            retention: self.retention.over(below.retention),
            push: self.push.over(below.push),
            profile,
            source: merge(self.source, below.source),
            topic: merge(self.topic, below.topic),
        }
    }
}

/// A layer with a name, of which a file has many.
trait Named: Layer + Default {
    fn name(&self) -> Option<String>;
}

impl Named for SourceLayer {
    fn name(&self) -> Option<String> {
        self.key.as_ref().map(|key| key.get_ref().clone())
    }
}

impl Named for TopicLayer {
    fn name(&self) -> Option<String> {
        self.key.clone()
    }
}

fn merge<T: Named>(mine: Vec<T>, mut all: Vec<T>) -> Vec<T> {
    let mut places: BTreeMap<String, usize> =
        all.iter().enumerate().filter_map(|(i, one)| one.name().map(|key| (key, i))).collect();
    for one in mine {
        let known = one.name().and_then(|key| places.get(&key).copied());
        if let Some(below) = known.and_then(|i| all.get_mut(i)) {
            *below = one.over(std::mem::take(below));
        } else {
            if let Some(key) = one.name() {
                places.insert(key, all.len());
            }
            all.push(one);
        }
    }
    all
}
