//! Problem details (RFC 9457): every error under `/api` is one.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use url::Url;

use super::items::{DeletedItem, ParameterProblem, ProblemBody, ProblemItem};
use crate::serve::limits::{TooSoon, retry_after};

/// The media type of a problem (RFC 9457 §6.1).
pub(super) const MEDIA_TYPE: &str = "application/problem+json";
/// When a busy server may be asked again.
const BUSY_FOR: Duration = Duration::from_secs(2);

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    InvalidParameter,
    QueryTooLong,
    NoSuchAddress,
    NoSuchStory,
    NoSuchProblem,
    StoryWithdrawn,
    StoryExpired,
    CursorUnknown,
    CursorExpired,
    MethodNotAllowed,
    NotAcceptable,
    PreconditionFailed,
    TooManyRequests,
    Busy,
    Internal,
}

/// What they mean.
static KINDS: [(Kind, ProblemItem); Kind::ALL.len()] = [
    kind(
        Kind::InvalidParameter,
        "invalid-parameter",
        400,
        "a parameter has a value that it cannot have",
        "correct the parameters that are named; the description at `/api/openapi.json` says what each takes",
    ),
    kind(
        Kind::QueryTooLong,
        "query-too-long",
        414,
        "the query is too long",
        "ask for fewer values, or in several requests",
    ),
    kind(
        Kind::NoSuchAddress,
        "no-such-address",
        404,
        "there is nothing at this address",
        "the description at `/api/openapi.json` names all addresses",
    ),
    kind(
        Kind::NoSuchStory,
        "no-such-story",
        404,
        "no story has this id",
        "use the Atom id, or the short id, as another answer gave it",
    ),
    kind(
        Kind::NoSuchProblem,
        "no-such-problem",
        404,
        "no problem has this name",
        "`/api/problems` names all of them",
    ),
    kind(
        Kind::StoryWithdrawn,
        "story-withdrawn",
        410,
        "the story was withdrawn by its sources",
        "remove it, or mark it; should it return, it is among the changes again",
    ),
    kind(
        Kind::StoryExpired,
        "story-expired",
        410,
        "the story's texts have been let go of for their age",
        "nothing was taken back: keep what you hold; the id stays this story's",
    ),
    kind(
        Kind::CursorUnknown,
        "cursor-unknown",
        410,
        "the cursor is not of this store's past: the store was restored from a copy, or is another one",
        "read from the beginning, without `after`, and remove what you hold that does not come again",
    ),
    kind(
        Kind::CursorExpired,
        "cursor-expired",
        410,
        "stories that changed after this cursor have been let go of for their age",
        "read from the beginning, without `after`, and remove what you hold that does not come again",
    ),
    kind(
        Kind::MethodNotAllowed,
        "method-not-allowed",
        405,
        "only GET, HEAD and OPTIONS are answered here",
        "this API only reads",
    ),
    kind(
        Kind::NotAcceptable,
        "not-acceptable",
        406,
        "the request takes none of the codings that can be sent",
        "accept `gzip` or `identity`",
    ),
    kind(
        Kind::PreconditionFailed,
        "precondition-failed",
        412,
        "the answer is not, or no longer, what `If-Match` or `If-Unmodified-Since` names",
        "ask without these headers; to save bytes, use `If-None-Match`",
    ),
    kind(
        Kind::TooManyRequests,
        "too-many-requests",
        429,
        "too many requests from this address",
        "wait as `Retry-After` says",
    ),
    kind(
        Kind::Busy,
        "busy",
        503,
        "too much is being asked at once, or the store does not answer in time",
        "ask again in some seconds, as `Retry-After` says",
    ),
    kind(
        Kind::Internal,
        "internal",
        500,
        "something went wrong here",
        "the operator's log says what; the request may work later",
    ),
];

const fn kind(
    kind: Kind,
    name: &'static str,
    status: u16,
    title: &'static str,
    advice: &'static str,
) -> (Kind, ProblemItem) {
    (kind, ProblemItem { name, title, status, advice })
}

impl Kind {
    pub(super) const ALL: [Self; 15] = [
        Self::InvalidParameter,
        Self::QueryTooLong,
        Self::NoSuchAddress,
        Self::NoSuchStory,
        Self::NoSuchProblem,
        Self::StoryWithdrawn,
        Self::StoryExpired,
        Self::CursorUnknown,
        Self::CursorExpired,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::PreconditionFailed,
        Self::TooManyRequests,
        Self::Busy,
        Self::Internal,
    ];

    /// What it means.
    pub(super) fn item(self) -> ProblemItem {
        let found = KINDS.iter().find(|(kind, _)| *kind == self);
        // A test holds that each kind has its row.
        let [first, ..] = &KINDS;
        found.unwrap_or(first).1
    }

    /// Whether the same request is answered later, after the seconds of `Retry-After`.
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::Busy | Self::TooManyRequests)
    }

    /// The kind that stands for a status that something else answered.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            404 => Self::NoSuchAddress,
            405 | 501 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            412 => Self::PreconditionFailed,
            414 => Self::QueryTooLong,
            429 => Self::TooManyRequests,
            408 | 503 | 504 => Self::Busy,
            400..=499 => Self::InvalidParameter,
            _ => Self::Internal,
        }
    }
}

/// A problem that a request has.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    detail: Option<String>,
    parameters: Vec<ParameterProblem>,
    story: Option<Box<DeletedItem>>,
    /// When the same may be asked again.
    retry_after: Option<Duration>,
}

impl From<TooSoon> for Problem {
    fn from(TooSoon { after }: TooSoon) -> Self {
        Self { retry_after: Some(after), ..Self::new(Kind::TooManyRequests) }
    }
}

impl Problem {
    pub(super) fn new(kind: Kind) -> Self {
        let retry_after = kind.passes().then_some(BUSY_FOR);
        Self { kind, detail: None, parameters: Vec::new(), story: None, retry_after }
    }

    /// Parameters that are wrong.
    pub(super) fn parameters(parameters: Vec<ParameterProblem>) -> Self {
        let names: Vec<String> =
            parameters.iter().map(|parameter| format!("`{}` {}", parameter.name, parameter.detail)).collect();
        Self { detail: Some(names.join("; ")), parameters, ..Self::new(Kind::InvalidParameter) }
    }

    /// The names of the parameters that are wrong.
    #[cfg(test)]
    pub(super) fn named(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().map(|parameter| parameter.name)
    }

    /// A story that readers no longer see.
    pub(super) fn withdrawn(story: DeletedItem) -> Self {
        Self { story: Some(Box::new(story)), ..Self::new(Kind::StoryWithdrawn) }
    }

    /// A story of which the texts are no longer kept.
    pub(super) fn expired(story: DeletedItem) -> Self {
        Self { story: Some(Box::new(story)), ..Self::new(Kind::StoryExpired) }
    }

    /// As it is answered.
    pub(super) fn answer(self, base_url: &Url) -> Response<Body> {
        let item = self.kind.item();
        let body = ProblemBody {
            kind: format!("{base_url}api/problems/{}", item.name),
            title: item.title.into(),
            status: item.status,
            detail: self.detail.unwrap_or_else(|| item.advice.to_owned()),
            parameters: self.parameters,
            story: self.story.map(|story| *story),
        };
        let mut response = Response::new(Body::from(serde_json::to_vec(&body).unwrap_or_default()));
        *response.status_mut() =
            StatusCode::from_u16(item.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let set = response.headers_mut();
        set.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        // What is wrong now may be right in a moment, and is never another reader's answer.
        set.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            set.insert(header::RETRY_AFTER, retry_after(after));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_row() {
        assert_eq!(KINDS.each_ref().map(|(kind, _)| *kind), Kind::ALL);
        for (kind, item) in &KINDS {
            let status = StatusCode::from_u16(item.status).unwrap();
            assert_eq!(
                Kind::of_status(status).item().status,
                if item.status == 410 { 400 } else { item.status },
                "{kind:?}"
            );
        }
    }
}
