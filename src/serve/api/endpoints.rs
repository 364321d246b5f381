//! The addresses of the API: the one table from which requests are routed, read, and described.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{
    items::{Change, Page, ProblemItem, RegionItem, SourceItem, StoryItem, TopicItem},
    params::{
        AFTER, LIMIT, ORDER, PAGE, PROBLEM, Param, REGION, SINCE, SOURCE, STORY, TOPIC, UNTIL, WAIT, WORDS,
    },
    problem::Kind,
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Entries,
    Stories,
    Story,
    Sources,
    Regions,
    Topics,
    Problems,
    Problem,
    Description,
}

impl Endpoint {
    /// Whether answering costs a look into the store.
    pub(super) fn reads_the_store(self) -> bool {
        !matches!(self, Self::Problems | Self::Problem | Self::Description)
    }
}

/// An endpoint, described.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) endpoint: Endpoint,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
    pub(super) says: &'static str,
    pub(super) params: &'static [&'static Param],
    pub(super) media_type: &'static str,
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    /// When it answers with a redirect.
    pub(super) moved: Option<&'static str>,
    /// What it answers beside what every endpoint may.
    pub(super) problems: &'static [Kind],
}

const JSON: &str = "application/json";

/// All of them.
pub(super) static ENDPOINTS: [Described; 9] = [
    Described {
        endpoint: Endpoint::Entries,
        path: "/api/v1/entries",
        id: "readChanges",
        summary: "Stories in order of change, deletions included",
        about: "For programs that keep a copy. Each story stands once, at its latest change. With filters, a story that \
            changed and is none of those asked for comes as `deleted` with the reason `unmatched`, since the reader may \
            hold it; the cursor moves past what is not asked for, so that a page may be empty and `more` true.",
        says: "Changes after the cursor, the oldest first.",
        params: &[&AFTER, &LIMIT, &WAIT, &REGION, &TOPIC, &SOURCE, &WORDS, &SINCE, &UNTIL],
        media_type: JSON,
        schema: of::<Page<Change>>,
        moved: None,
        problems: &[Kind::InvalidParameter, Kind::QueryTooLong, Kind::CursorUnknown, Kind::CursorExpired],
    },
    Described {
        endpoint: Endpoint::Stories,
        path: "/api/v1/stories",
        id: "listStories",
        summary: "Stories by time of publication, the newest first; and the search",
        about: "For looking around. Filters and `q` are answered from the search, which follows changes within some \
            seconds. `order=best` gives up to 200 of the newest, those first that say it in their title, often, or lately.",
        says: "Stories that readers can see.",
        params: &[&PAGE, &LIMIT, &REGION, &TOPIC, &SOURCE, &WORDS, &SINCE, &UNTIL, &ORDER],
        media_type: JSON,
        schema: of::<Page<StoryItem>>,
        moved: None,
        problems: &[Kind::InvalidParameter, Kind::QueryTooLong],
    },
    Described {
        endpoint: Endpoint::Story,
        path: "/api/v1/stories/{id}",
        id: "readStory",
        summary: "One story",
        about: "By the Atom id that the feed gives it, or by its short id.",
        says: "The story.",
        params: &[&STORY],
        media_type: JSON,
        schema: of::<StoryItem>,
        moved: Some("The story turned out to be another one, which is there."),
        problems: &[Kind::InvalidParameter, Kind::NoSuchStory, Kind::StoryWithdrawn],
    },
    Described {
        endpoint: Endpoint::Sources,
        path: "/api/v1/sources",
        id: "listSources",
        summary: "The sources, and how they are",
        about: "All that are configured. Counts and states are at most some seconds old.",
        says: "All sources.",
        params: &[],
        media_type: JSON,
        schema: of::<Page<SourceItem>>,
        moved: None,
        problems: &[],
    },
    Described {
        endpoint: Endpoint::Regions,
        path: "/api/v1/regions",
        id: "listRegions",
        summary: "The regions, their bureaus, and how many stories each has",
        about: "All that are configured.",
        says: "All regions.",
        params: &[],
        media_type: JSON,
        schema: of::<Page<RegionItem>>,
        moved: None,
        problems: &[],
    },
    Described {
        endpoint: Endpoint::Topics,
        path: "/api/v1/topics",
        id: "listTopics",
        summary: "The topics, and how many stories each has",
        about: "All that are configured, and those of stories that are no longer.",
        says: "All topics.",
        params: &[],
        media_type: JSON,
        schema: of::<Page<TopicItem>>,
        moved: None,
        problems: &[],
    },
    Described {
        endpoint: Endpoint::Problems,
        path: "/api/problems",
        id: "listProblems",
        summary: "What problems mean",
        about: "The kinds of problem details (RFC 9457) that this API answers with.",
        says: "All kinds.",
        params: &[],
        media_type: JSON,
        schema: of::<Page<ProblemItem>>,
        moved: None,
        problems: &[],
    },
    Described {
        endpoint: Endpoint::Problem,
        path: "/api/problems/{name}",
        id: "readProblem",
        summary: "What one kind of problem means",
        about: "Where the `type` of a problem leads.",
        says: "What it means and what to do.",
        params: &[&PROBLEM],
        media_type: JSON,
        schema: of::<ProblemItem>,
        moved: None,
        problems: &[Kind::InvalidParameter, Kind::NoSuchProblem],
    },
    Described {
        endpoint: Endpoint::Description,
        path: "/api/openapi.json",
        id: "describe",
        summary: "This description",
        about: "OpenAPI 3.1.",
        says: "The description.",
        params: &[],
        media_type: JSON,
        schema: any_object,
        moved: None,
        problems: &[],
    },
];

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn any_object(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object" })
}
