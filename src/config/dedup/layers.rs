//! `[dedup]` as it is written, and files with rows for its tables.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{LongPhrase, Phrase, Roles, RuleName, Share, Synonyms, VetoName, Weight};
use crate::config::{
    layer::{Layer, layer},
    value::{Many, Period},
};

layer! {
    /// `[dedup]`: which entries are one story.
    DedupLayer {
        /// Entries further apart are never one story.
        window: Period,
        /// The roles, the one first whose copies readers get.
        roles: Roles,
        /// Files with rows for chrome, names and places; globs, relative to this file.
        tables: Many<String>,
        ; tables
        /// What the rules ask for.
        rules: RulesLayer,
        /// What the vetoes look at.
        vetoes: VetoesLayer,
        /// Rows added to the shipped chrome.
        chrome: ChromeLayer,
        /// Rows added to the shipped names.
        names: NamesLayer,
        /// Rows added to the shipped places.
        places: PlacesLayer,
    }
}

layer! {
    /// `[dedup.rules]`. Shares are 0 to 1: a key named as its rule is the least containment, the share of the shorter
    /// text that stands in the longer; `_title` is the least likeness of titles.
    RulesLayer {
        /// Same address: least containment; with less, and titles less alike, the page was reused.
        same_address: Share,
        /// Same address: least likeness of titles.
        same_address_title: Share,
        /// Same title: time apart, at most.
        same_title_within: Period,
        /// Same title: letters of the title, at least.
        same_title_letters: usize,
        /// Body: least containment.
        body: Share,
        /// Body: letters of the shorter text, at least.
        body_letters: usize,
        /// Body and title: least containment.
        body_title: Share,
        /// Body and title: least likeness of titles.
        body_title_title: Share,
        /// Body and title: time apart, at most.
        body_title_within: Period,
        /// Title and lead: least containment.
        title_lead: Share,
        /// Title and lead: least likeness of titles.
        title_lead_title: Share,
        /// Title and lead: time apart, at most.
        title_lead_within: Period,
        /// Figures: least containment.
        figures: Share,
        /// Figures: shared figures, at least.
        figures_shared: usize,
        /// Figures: least share of the shorter's figures.
        figures_share: Share,
        /// Figures: time apart, at most.
        figures_within: Period,
        /// Event: least containment.
        event: Share,
        /// Event: least likeness of titles.
        event_title: Share,
        /// Event: pieces of evidence, at least.
        event_evidence: usize,
        /// Event: time apart, at most.
        event_within: Period,
        /// Event in other words: least containment.
        retold: Share,
        /// Event in other words: least share of the shorter's figures.
        retold_share: Share,
        /// Event in other words: least weight of shared figures, 1 for each of three digits or more.
        retold_weight: Weight,
        /// Event in other words: time apart, at most.
        retold_within: Period,
        /// Correction: least share of the earlier text's length.
        correction_length: Share,
        /// Least containment at which a story that stays apart is called related.
        related: Share,
        /// Least containment at which a second story is merged with the first.
        merge: Share,
        /// Rules that are left out.
        without: Many<RuleName>,
    }
}

layer! {
    /// `[dedup.vetoes]`. Shares are 0 to 1.
    VetoesLayer {
        /// Order: an original follows its copy by less than this.
        order_within: Period,
        /// Order: unless so much of the one stands in the other.
        order_unless: Share,
        /// Figures: those of the shorter text count from this number on.
        figures_least: usize,
        /// Figures: least share of them that the longer has.
        figures_share: Share,
        /// Figures: the same for texts that are alike.
        figures_share_alike: Share,
        /// Figures: containment from which on texts are alike.
        figures_alike: Share,
        /// Round-up: provinces that make one.
        round_up_provinces: usize,
        /// Round-up: containment from which on a shorter text is an excerpt of it.
        round_up_unless: Share,
        /// Publisher: least likeness of two texts of one publisher.
        publisher: Share,
        /// State: containment from which on a text about a story is the story itself.
        about_unless: Share,
        /// Frame: containment from which on two texts have a frame in common.
        frame: Share,
        /// Frame: figures that a correction changes, at most.
        frame_corrected: usize,
        /// Frame: least share of figures that a correction leaves alone.
        frame_corrected_share: Share,
        /// Frame: time until a text's only figure is corrected, at most.
        frame_only_within: Period,
        /// Frame: least likeness of titles then.
        frame_only_title: Share,
        /// Frame: least containment then.
        frame_only_containment: Share,
        /// Vetoes that are left out.
        without: Many<VetoName>,
    }
}

/// A layer of lists that are put behind one another.
macro_rules! lists {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty,)* }) => {
        layer! { $(#[$meta])* $name { $($(#[$fmeta])* $field: $type,)* } }
        impl $name {
            fn append(&mut self, more: Self) {
                $(append(&mut self.$field, more.$field);)*
            }
        }
    };
}

lists! {
    /// Chrome: what stands around an article and is not part of it.
    ChromeLayer {
        /// Short lines that begin so are dropped.
        line_starts: Many<Phrase>,
        /// A line that begins so ends the article.
        tail_starts: Many<Phrase>,
        /// Cut wherever they stand.
        cut: Many<Phrase>,
        /// What begins so stands before the text proper.
        lead_starts: Many<Phrase>,
        /// Words for «these days».
        fillers: Many<Phrase>,
        /// A bracket at an article's end with one of these is a signature.
        signatures: Many<Phrase>,
        /// What every story says and none is known by.
        boilerplate: Many<LongPhrase>,
    }
}

lists! {
    /// Names of offices and people, and words that tell two stories apart.
    NamesLayer {
        /// What a bureau calls itself.
        bureau: Many<Phrase>,
        /// Titles of whoever leads it.
        chief: Many<Phrase>,
        /// Titles of the others who lead it.
        deputy: Many<Phrase>,
        /// Offices whose holder a story is about.
        offices: Many<Phrase>,
        /// Words of announcements.
        future: Many<Phrase>,
        /// Words by which a correction says so.
        correction: Many<Phrase>,
        /// Words of titles of texts about a story.
        about: Many<Phrase>,
        /// Rows of words for one thing, with spaces between them.
        synonyms: Many<Synonyms>,
        /// Words that are no names.
        common: Many<Phrase>,
    }
}

lists! {
    /// Places below the provinces.
    PlacesLayer {
        /// Phrases in which a place's name is none.
        not_places: Many<Phrase>,
        /// Names by code of their province, without 市, 州, 盟, 地区.
        cities: Cities,
        /// Names that count only before 市, 州, 盟, 地区 or 局, by code of their province.
        marked: Cities,
    }
}

/// Places by code of their province.
pub(super) type Cities = BTreeMap<String, Many<Phrase>>;

/// Puts the rows of one list behind another's.
trait Append {
    fn append(&mut self, more: Self);
}

impl<T> Append for Many<T> {
    fn append(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

impl Append for Cities {
    fn append(&mut self, more: Self) {
        for (region, cities) in more {
            match self.get_mut(&region) {
                Some(known) => known.append(cities),
                None => drop(self.insert(region, cities)),
            }
        }
    }
}

fn append<T: Append>(list: &mut Option<T>, more: Option<T>) {
    match (list.as_mut(), more) {
        (Some(list), Some(more)) => list.append(more),
        (None, more) => *list = more,
        (Some(_), None) => {}
    }
}

/// A file named in `dedup.tables`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct TablesFile {
    chrome: ChromeLayer,
    names: NamesLayer,
    places: PlacesLayer,
}

impl DedupLayer {
    /// Puts the rows of a file behind those that are written here.
    pub(in crate::config) fn append(&mut self, file: TablesFile) {
        self.chrome.get_or_insert_default().append(file.chrome);
        self.names.get_or_insert_default().append(file.names);
        self.places.get_or_insert_default().append(file.places);
    }
}
