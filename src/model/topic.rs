//! Topics: what a story is about, under keys that never change and names for people.
//!
//! The names are data (`config/topics.toml`), and so are the words by which `normalise` finds them.

/// A subject, and its names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topic {
    /// Its key in addresses and feeds: lower-case letters, digits and `-`.
    pub key: String,
    /// Its Chinese name.
    pub zh: String,
    /// Its English name.
    pub en: String,
}

/// All subjects, in the order in which people see them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics(Vec<Topic>);

impl Topics {
    /// Makes a table of subjects.
    pub fn new(rows: Vec<Topic>) -> Self {
        Self(rows)
    }

    /// All of them, in order.
    pub fn rows(&self) -> &[Topic] {
        &self.0
    }

    /// The subject with a key.
    pub fn row(&self, key: &str) -> Option<&Topic> {
        self.0.iter().find(|topic| topic.key == key)
    }
}
