//! What is wrong with a line, and what was expected.

use super::lines::MAX_LINE_BYTES;

/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 60;

/// Why a line is skipped.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is longer than any article.
    #[error("the line is longer than {MAX_LINE_BYTES} bytes; expected one entry")]
    TooLong,
    /// It is no UTF-8.
    #[error("byte {at} of the line is no UTF-8; expected JSON, which is UTF-8")]
    NotText {
        /// Where, from 1.
        at: usize,
    },
    /// It is no JSON.
    #[error(
        "column {column} is no JSON: {problem}; expected an object such as {{\"source\":\"jx\",\"url\":\"https://…\",\"title\":\"…\"}}"
    )]
    NotJson {
        /// Where, from 1.
        column: usize,
        /// The parser's complaint.
        problem: String,
    },
    /// It is JSON of another shape.
    #[error(
        "the line is {found}; expected an object such as {{\"source\":\"jx\",\"url\":\"https://…\",\"title\":\"…\"}}"
    )]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A field that is needed is not there.
    #[error("`{field}` is missing; expected {expected}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field has a value that cannot be used.
    #[error("`{field}` is `{value}`: {problem}")]
    Unusable {
        /// The field.
        field: String,
        /// The beginning of its value.
        value: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// There is nothing to read in it.
    #[error("there is neither title nor text; expected `title`, and `content_html` or `content_text`")]
    Empty,
    /// Reading it failed in a way that is our fault.
    #[error("reading the line failed by a defect of this program: {problem}")]
    Defect {
        /// The complaint.
        problem: String,
    },
}

impl LineError {
    pub(super) fn unusable(field: &str, value: &str, problem: impl Into<String>) -> Self {
        let value = match value.char_indices().nth(SHOWN_CHARS) {
            Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
            None => value.to_owned(),
        };
        Self::Unusable { field: field.to_owned(), value, problem: problem.into() }
    }
}
