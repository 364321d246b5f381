//! The published documents as files, for any web server or CDN: each under the path that it has on the server, with its
//! compressed forms beside it.
//!
//! A site is made in a folder beside the former one and takes its place whole. What did not change is the same file as
//! before, so that neither its time nor its bytes move; of that, most is not even rendered again.
//!
//! **Invariant:** a reader never sees half a site, and no folder is touched that an export did not write.

mod folder;

use std::path::{Path, PathBuf};

use self::folder::{File, Folder};
use crate::{
    model::Timestamp,
    press::{Key, Leaf, Press, PressError, Print, Purpose},
    publish::{
        body::Coding,
        page::{ENGLISH_FOLDER, Lang, STYLE_PATH},
    },
    store::{FeedState, StoreError, StoryName},
};

/// Name of the page for addresses where nothing is, as most web servers expect it.
const NOTHING_HERE: &str = "404.html";
/// Name of a folder's page.
const INDEX: &str = "index.html";
/// A compressed form that saves less than this share of a document, in percent, is not worth a file.
const LEAST_SAVING_PERCENT: usize = 5;
/// How often new sources are looked for while others write into the store.
const MAX_ROUNDS: usize = 8;

/// Why there is no site.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder belongs to something else.
    #[error("`{path}` holds what no export wrote; name a folder that is new or empty, nothing was changed")]
    NotOurs {
        /// The folder.
        path: String,
    },
    /// There is a file of that name.
    #[error("`{path}` is not a folder")]
    NotAFolder {
        /// The file.
        path: String,
    },
    /// A folder without a name of its own.
    #[error("`{path}` cannot be replaced; name a folder within another")]
    NoName {
        /// What was named.
        path: String,
    },
    /// Another export is at work.
    #[error("another export writes to `{path}`; wait until it has ended")]
    Busy {
        /// The folder.
        path: String,
    },
    /// The system refused.
    #[error("could not {what} `{path}`; the site is as it was")]
    Io {
        /// What was being done.
        what: &'static str,
        /// With what.
        path: String,
        /// The system's complaint.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document.
    #[error("`{path}` cannot be rendered; the site is as it was")]
    Document {
        /// Its path.
        path: String,
        /// Why.
        source: PressError,
    },
}

/// What an export came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Documents in the site, each counted once whatever its forms.
    pub n_documents: usize,
    /// Of them, those that are new or have other bytes than before.
    pub n_changed: usize,
    /// Documents of the former site that are gone.
    pub n_removed: usize,
    /// Files that were found in the folder, are none of ours, and are still there.
    pub n_foreign: usize,
}

/// Writes a site into a folder, which is made if there is none.
pub async fn export(press: &Press, folder: &Path, now: Timestamp) -> Result<Report, SiteError> {
    let state = press.settled(now).await?;
    let folder = Folder::begin(folder, &press.imprint_stamp(&state))?;
    let mut site = Site { press, state: &state, folder };
    for key in press.standing_keys(&state).await? {
        site.put(&key).await?;
    }
    let mut known = std::collections::HashSet::new();
    let mut last_story = i64::MIN;
    for _ in 0..MAX_ROUNDS {
        let mut n_new = 0;
        for (source, keys) in press.source_keys(&state).await? {
            if known.insert(source) {
                n_new += 1;
                for key in keys {
                    site.put(&key).await?;
                }
            }
        }
        let before = last_story;
        last_story = site.put_stories(last_story).await?;
        if n_new == 0 && last_story == before {
            break;
        }
    }
    site.put_print(NOTHING_HERE, String::new(), &press.nothing_here(&state))?;
    site.folder.finish()
}

/// A site that is being made.
struct Site<'a> {
    press: &'a Press,
    state: &'a FeedState,
    folder: Folder,
}

impl Site<'_> {
    /// Puts a document in its place.
    async fn put(&mut self, key: &Key) -> Result<(), SiteError> {
        let path = path_of(key);
        let known = self.folder.stamp(&path).map(str::to_owned);
        let fresh = match self.press.fresh(key, self.state, known.as_deref()).await {
            Ok(None) if self.folder.keep(&path)? => return Ok(()),
            // The former site lost it.
            Ok(None) => self.press.fresh(key, self.state, None).await,
            fresh => fresh,
        };
        match fresh {
            Ok(Some(fresh)) => self.put_print(&path, fresh.stamp, &fresh.print),
            // It was let go of meanwhile.
            Ok(None) | Err(PressError::NoStory | PressError::NoEdition | PressError::NoArchive) => Ok(()),
            Err(PressError::Store(error)) => Err(error.into()),
            Err(source) => Err(SiteError::Document { path, source }),
        }
    }

    /// Puts the pages of all stories after one in their places; the last story.
    async fn put_stories(&mut self, after: i64) -> Result<i64, SiteError> {
        let mut last = after;
        loop {
            let stories = self.press.store().story_names(last).await?;
            let Some(newest) = stories.last() else { return Ok(last) };
            last = newest.id;
            for story in &stories {
                self.put_story(story).await?;
            }
        }
    }

    /// A story's page follows from the story alone, so that its last change tells whether it is as before.
    async fn put_story(&mut self, story: &StoryName) -> Result<(), SiteError> {
        let is_settled = story.seq <= self.state.change_seq;
        let stamp = if is_settled { format!("{}.{}", story.id, story.seq) } else { String::new() };
        for key in Press::story_keys(&story.short) {
            let path = path_of(&key);
            if is_settled && self.folder.stamp(&path) == Some(&stamp) && self.folder.keep(&path)? {
                continue;
            }
            match self.press.fresh(&key, self.state, None).await {
                Ok(Some(fresh)) => self.put_print(&path, stamp.clone(), &fresh.print)?,
                Ok(None) | Err(PressError::NoStory) => {}
                Err(PressError::Store(error)) => return Err(error.into()),
                Err(source) => return Err(SiteError::Document { path, source }),
            }
        }
        Ok(())
    }

    fn put_print(&mut self, path: &str, stamp: String, print: &Print) -> Result<(), SiteError> {
        let forms = codings(print.purpose()).iter().filter_map(|coding| form(print, *coding));
        let forms: Vec<(&'static str, &[u8])> = forms.collect();
        self.folder.put(&File { path, stamp, forms: &forms, modified: print.last_modified })
    }
}

/// The forms of a document: programs ask for feeds again and again in any coding, pages are read by people.
fn codings(purpose: Purpose) -> &'static [Coding] {
    match purpose {
        Purpose::Feed | Purpose::Archive => &Coding::ALL,
        Purpose::Page | Purpose::Copy | Purpose::Gone => &[Coding::Identity, Coding::Gzip],
    }
}

/// A form's suffix and bytes, when it is worth a file.
fn form(print: &Print, coding: Coding) -> Option<(&'static str, &[u8])> {
    let bytes = print.coded(coding);
    let most = print.identity.len() * (100 - LEAST_SAVING_PERCENT) / 100;
    let is_worth_it = coding == Coding::Identity || (!bytes.is_empty() && bytes.len() < most);
    is_worth_it.then_some((suffix(coding), bytes.as_ref()))
}

/// What web servers look for beside a file.
fn suffix(coding: Coding) -> &'static str {
    match coding {
        Coding::Identity => "",
        Coding::Gzip => ".gz",
        Coding::Brotli => ".br",
        Coding::Zstd => ".zst",
    }
}

/// Where a document stands in the folder: at the path that it has on the server; a page is the index of its folder.
fn path_of(key: &Key) -> String {
    let page = |folder: &str| {
        let path = PathBuf::from(folder).join(INDEX);
        path.to_string_lossy().into_owned()
    };
    match key {
        Key::Home | Key::Page { leaf: Leaf::Front, lang: Lang::Zh } => INDEX.into(),
        Key::Style => STYLE_PATH.into(),
        Key::Page { leaf, lang: Lang::Zh } => page(&leaf.path()),
        Key::Page { leaf, lang: Lang::En } => page(&format!("{ENGLISH_FOLDER}/{}", leaf.path())),
        Key::Opml
        | Key::DailyFeed
        | Key::DailyText(_)
        | Key::Feed { .. }
        | Key::Delta { .. }
        | Key::Archive { .. } => key.path(),
    }
}
