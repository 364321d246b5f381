//! The stories as data, and the articles in which the sites tell them, with their times worked out.

use jiff::civil::Time;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan as _};

use super::spec::{SPECS, Shape, Spec};
use crate::model::{Precision, Published};

/// The zone of all sites, UTC+08:00.
pub(super) const ZONE: Offset = Offset::constant(8);

/// Why the data makes no world.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoryError {
    #[error("the stories of `{site}` cannot be read")]
    Data { site: &'static str, source: toml::de::Error },
    #[error("`{site}` retells `{story}`, which no site before it tells")]
    NoOriginal { site: &'static str, story: String },
    #[error("`{story}` has a time that does not exist")]
    Time { story: String, source: jiff::Error },
}

/// The stories of one site, as written.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoryFile {
    #[serde(default)]
    story: Vec<Story>,
    #[serde(default)]
    retelling: Vec<Retelling>,
}

/// A story in its first telling.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    /// Names it in this world.
    id: String,
    title: String,
    /// Whole days before the start; left out for a story that comes out while the world runs.
    days_ago: Option<u16>,
    /// Time of day, UTC+08:00.
    time: Option<Time>,
    /// Seconds after the start from which it is out.
    #[serde(default)]
    visible_from_s: u32,
    /// Whether its article tells the day only.
    #[serde(default)]
    day_only: bool,
    /// Whether its feed item writes the time without a zone.
    #[serde(default)]
    zoneless: bool,
    /// Who said it, where that is not the site's bureau.
    bureau: Option<String>,
    region: Option<String>,
    paragraphs: Vec<String>,
    #[serde(default)]
    table: Vec<Vec<String>>,
    /// Caption of a picture.
    picture: Option<String>,
    attachment: Option<Attachment>,
}

/// The same story on another site, under the same title.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Retelling {
    of: String,
    days_ago: Option<u16>,
    time: Option<Time>,
    #[serde(default)]
    visible_from_s: u32,
    /// The paragraphs, each as the numbers of the original's sentences, counted from 0 through the whole
    /// text; left out for a text that is word for word the same.
    keep: Option<Vec<Vec<usize>>>,
}

/// A linked file.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attachment {
    /// File name.
    pub file: String,
    /// Text of the link.
    pub label: String,
}

/// A story as one site tells it.
#[derive(Debug, Clone)]
pub(super) struct Article {
    /// Which story it tells.
    pub story: String,
    /// The key of the site that tells it.
    pub site: &'static str,
    pub title: String,
    /// Official name of the bureau that said it.
    pub bureau: String,
    pub region: String,
    pub paragraphs: Vec<String>,
    pub table: Vec<Vec<String>>,
    pub picture: Option<String>,
    pub attachment: Option<Attachment>,
    /// The time its page tells.
    pub published: Published,
    pub zoneless: bool,
    /// When it comes out.
    pub visible_at: Timestamp,
    /// Its address, from the site's root.
    pub path: String,
    /// Seven digits, as CMSs number their articles.
    pub number: u32,
}

/// When something is published and comes out, relative to the start.
#[derive(Clone, Copy)]
struct When {
    days_ago: Option<u16>,
    time: Option<Time>,
    visible_from_s: u32,
    precision: Precision,
}

/// Makes the articles of all sites, in the order of the sites and their data.
pub(super) fn articles(started_at: Timestamp) -> Result<Vec<Article>, StoryError> {
    let mut articles: Vec<Article> = Vec::new();
    for spec in &SPECS {
        let file: StoryFile =
            toml::from_str(spec.stories).map_err(|source| StoryError::Data { site: spec.key, source })?;
        for story in file.story {
            articles.push(first_telling(spec, story, started_at)?);
        }
        for retelling in file.retelling {
            let original = articles.iter().find(|article| article.story == retelling.of);
            let original = original
                .ok_or_else(|| StoryError::NoOriginal { site: spec.key, story: retelling.of.clone() })?;
            articles.push(retold(spec, original, &retelling, started_at)?);
        }
    }
    Ok(articles)
}

fn first_telling(spec: &Spec, story: Story, started_at: Timestamp) -> Result<Article, StoryError> {
    let when = When {
        days_ago: story.days_ago,
        time: story.time,
        visible_from_s: story.visible_from_s,
        precision: if story.day_only { Precision::Day } else { spec.precision },
    };
    let (published, visible_at) =
        when.resolve(started_at).map_err(|source| StoryError::Time { story: story.id.clone(), source })?;
    let bureau = story.bureau.unwrap_or_else(|| spec.bureau.unwrap_or_default().to_owned());
    let region = story.region.unwrap_or_else(|| spec.region.unwrap_or_default().to_owned());
    Ok(Article {
        site: spec.key,
        title: as_printed(spec, &story.title),
        bureau,
        region,
        paragraphs: story.paragraphs.iter().map(|text| as_printed(spec, text)).collect(),
        table: story.table,
        picture: story.picture,
        attachment: story.attachment,
        zoneless: story.zoneless,
        published,
        visible_at,
        path: path(spec, &story.id, published.at),
        number: number(&story.id),
        story: story.id,
    })
}

fn retold(
    spec: &Spec,
    original: &Article,
    retelling: &Retelling,
    started_at: Timestamp,
) -> Result<Article, StoryError> {
    let when = When {
        days_ago: retelling.days_ago,
        time: retelling.time,
        visible_from_s: retelling.visible_from_s,
        precision: spec.precision,
    };
    let (published, visible_at) = when
        .resolve(started_at)
        .map_err(|source| StoryError::Time { story: original.story.clone(), source })?;
    let paragraphs = match &retelling.keep {
        None => original.paragraphs.clone(),
        Some(keep) => kept(&original.paragraphs, keep),
    };
    let id = format!("{} on {}", original.story, spec.key);
    Ok(Article {
        site: spec.key,
        title: as_printed(spec, &original.title),
        paragraphs: paragraphs.iter().map(|text| as_printed(spec, text)).collect(),
        table: Vec::new(),
        picture: None,
        attachment: None,
        zoneless: false,
        published,
        visible_at,
        path: path(spec, &id, published.at),
        number: number(&id),
        ..original.clone()
    })
}

impl When {
    /// The time of publication, and when the story comes out.
    fn resolve(self, started_at: Timestamp) -> Result<(Published, Timestamp), jiff::Error> {
        let visible_at = started_at.checked_add(i64::from(self.visible_from_s).seconds())?;
        let at = match self.days_ago {
            None => ZONE.to_datetime(visible_at),
            Some(days) => ZONE
                .to_datetime(started_at)
                .date()
                .checked_sub(i64::from(days).days())?
                .to_datetime(self.time.unwrap_or_default()),
        };
        let time = at.time();
        let time = match self.precision {
            Precision::Day | Precision::Seen => Time::midnight(),
            Precision::Minute => Time::new(time.hour(), time.minute(), 0, 0)?,
            Precision::Second => Time::new(time.hour(), time.minute(), time.second(), 0)?,
        };
        let at = ZONE.to_timestamp(at.date().to_datetime(time))?;
        Ok((Published { at, precision: self.precision }, visible_at))
    }
}

/// The address of an article, from the root.
fn path(spec: &Spec, id: &str, published: Timestamp) -> String {
    let root = spec.root;
    let date = ZONE.to_datetime(published).date();
    let number = number(id);
    match spec.shape {
        Shape::Kaipuyun(_) => format!("{root}{}/{}.shtml", date.strftime("%Y%m"), hex(id)),
        Shape::Hanweb => {
            // This CMS files by the day of drafting, which is not the day it shows.
            let day = date.yesterday().unwrap_or(date);
            format!("{root}{}/{}/{}/art_78506_{number}.html", day.year(), day.month(), day.day())
        }
        Shape::Trs => {
            format!("{root}{}/t{}_{number}.html", date.strftime("%Y%m"), date.strftime("%Y%m%d"))
        }
        Shape::Rss => format!("{root}{}/{number}.html", date.strftime("%Y%m%d")),
        Shape::NetEase => spec.list.to_owned(),
    }
}

/// The text in the newspaper's punctuation where the site is the newspaper.
fn as_printed(spec: &Spec, text: &str) -> String {
    if spec.shape != Shape::NetEase {
        return text.to_owned();
    }
    text.replace('，', ",").replace('（', "(").replace('）', ")")
}

fn kept(paragraphs: &[String], keep: &[Vec<usize>]) -> Vec<String> {
    let sentences: Vec<&str> = paragraphs.iter().flat_map(|text| text.split_inclusive('。')).collect();
    keep.iter()
        .map(|numbers| numbers.iter().filter_map(|&number| sentences.get(number).copied()).collect())
        .collect()
}

/// The 32 lower-case hexadecimal digits by which 开普云 names an article.
pub(super) fn hex(id: &str) -> String {
    blake3::hash(id.as_bytes()).to_hex().chars().take(32).collect()
}

fn number(id: &str) -> u32 {
    let [a, b, c, d, ..] = *blake3::hash(id.as_bytes()).as_bytes();
    1_000_000 + u32::from_le_bytes([a, b, c, d]) % 9_000_000
}
