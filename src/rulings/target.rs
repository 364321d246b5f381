//! What the operator names: a story, an entry, or an address.

use crate::store::{EntryPlace, OldStory, Store, StoreError};

/// Digits of an entry's number, at most; a story's short name has more.
const MAX_NUMBER_DIGITS: usize = 12;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A story, under the name that it was given by.
    Story {
        /// The story that goes on.
        story_id: i64,
        /// The story that was named; another one if that was merged since.
        named_id: i64,
    },
    /// Entries: one by its number, or those at an address.
    Entries(Vec<EntryPlace>),
}

/// Why a name cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Nothing has it.
    #[error("{0}")]
    Unknown(String),
    /// What was asked cannot be done with it.
    #[error("{0}")]
    Unfit(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Target {
    /// What a name stands for: a story's Atom id or short name, an entry's number (`#12`), or the address of any copy.
    pub async fn find(store: &Store, name: &str) -> Result<Self, TargetError> {
        let name = name.trim();
        if let Some(number) = number(name) {
            let place = store.entry_place(number).await?;
            return place.map(|place| Self::Entries(vec![place])).ok_or_else(|| unknown(name));
        }
        // An upstream's own id may be an address; as an address it names the same.
        if let Some(found) = store.story_by(short_of(name)).await? {
            return Ok(Self::Story { story_id: found.lives_as(), named_id: found.id });
        }
        let places = store.entries_at(name).await?;
        if !places.is_empty() {
            return Ok(Self::Entries(places));
        }
        let old = match store.old_story(short_of(name)).await? {
            Some(old) => Some(old),
            None => store.old_stories_at(name).await?.into_iter().next(),
        };
        Err(old.map_or_else(|| unknown(name), |old| expired(name, &old)))
    }

    /// The stories that it touches, each once, in the order of their entries.
    pub fn stories(&self) -> Vec<i64> {
        match self {
            Self::Story { story_id, .. } => vec![*story_id],
            Self::Entries(places) => {
                let mut stories: Vec<i64> = Vec::new();
                for place in places {
                    if !stories.contains(&place.story_id) {
                        stories.push(place.story_id);
                    }
                }
                stories
            }
        }
    }

    /// The one story that it touches.
    pub fn story(&self, name: &str) -> Result<i64, TargetError> {
        match self.stories().as_slice() {
            [story] => Ok(*story),
            several => Err(TargetError::Unfit(format!(
                "`{name}` is the address of copies in {} stories; name an entry by its number (`dibao explain {name}` shows them)",
                several.len()
            ))),
        }
    }
}

/// A story's page (`…/stories/ID`) names the story by its short name.
fn short_of(name: &str) -> &str {
    let page = name.split(['?', '#']).next().unwrap_or(name).trim_end_matches('/');
    page.rsplit_once("/stories/").map_or(name, |(_, short)| short)
}

fn number(name: &str) -> Option<i64> {
    let digits = name.strip_prefix('#').unwrap_or(name);
    let is_number = digits.len() <= MAX_NUMBER_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// Nothing can be shown or ruled of a story whose texts have left.
fn expired(name: &str, old: &OldStory) -> TargetError {
    let title = old.title.as_deref().unwrap_or("without a title");
    TargetError::Unfit(format!(
        "`{name}` is an old story (「{title}」, {}): its texts have been let go of (`retention.entries`), and it is kept only \
        so that it is not announced again",
        old.atom_id.0
    ))
}

fn unknown(name: &str) -> TargetError {
    TargetError::Unknown(format!(
        "nothing stored is called `{name}`; expected the id of a story (its Atom id, or the last part of its page's address), \
        the number of an entry (`#12`), or the address of an article that was read"
    ))
}
