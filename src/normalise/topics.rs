//! Which subjects a text is about, by words.

use crate::model::Topics;

/// The subjects, and the words by which they are found.
#[derive(Debug, Clone, Default)]
pub struct TopicRules {
    table: Topics,
}

impl TopicRules {
    /// The subjects and their names.
    pub fn table(&self) -> &Topics {
        &self.table
    }
}
