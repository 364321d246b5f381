//! The description of the API (OpenAPI 3.1), from the same tables and types that answer.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    endpoints::{Described, ENDPOINTS},
    items::ProblemBody,
    params::{Param, Takes},
    problem::{self, Kind},
};

/// The version of OpenAPI whose words are used; its schemas are JSON Schema 2020-12.
const OPENAPI: &str = "3.1.1";

/// The whole description.
pub(super) fn document(title: &str, base_url: &str) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<ProblemBody>().to_value();
    let paths: Map<String, Value> = ENDPOINTS
        .iter()
        .map(|endpoint| (endpoint.path.to_owned(), json!({ "get": operation(endpoint, &mut generator) })))
        .collect();
    let responses: Map<String, Value> = Kind::ALL
        .into_iter()
        .map(|kind| (kind.item().name.to_owned(), problem_response(kind, &problem)))
        .collect();
    json!({
        "openapi": OPENAPI,
        "info": {
            "title": title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": base_url.trim_end_matches('/') }],
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true), "responses": responses },
    })
}

/// What a reader of the description should know first.
const ABOUT: &str = "Stories, in order of change or of time. An item of `/api/v1/entries` is a story as it now stands: \
    the entry that stands closest to the bureau, and the copies that tell the same. A program that reads all pages from the \
    beginning, applies each item (a story replaces the one with the same `story`; `deleted` removes it) and keeps `next` \
    together with what it applied has every change exactly once, however often it is interrupted. A story that changes \
    several times between two readings comes once, as it then stands. Every answer has an `ETag`; errors are problem details \
    (RFC 9457). A cursor answers 410 when the store was restored from an older copy, or after what was let go of for its age.";

fn operation(endpoint: &Described, generator: &mut SchemaGenerator) -> Value {
    let content = json!({ endpoint.media_type: { "schema": (endpoint.schema)(generator).to_value() } });
    let mut responses = Map::new();
    responses.insert(
        "200".into(),
        json!({ "description": endpoint.says, "headers": headers(), "content": content }),
    );
    responses.insert(
        "304".into(),
        json!({ "description": "What the request's `If-None-Match` names is still what there is." }),
    );
    if let Some(moved) = endpoint.moved {
        responses.insert("308".into(), json!({ "description": moved, "headers": { "Location": { "schema": { "type": "string", "format": "uri" } } } }));
    }
    for (status, kinds) in by_status(endpoint.problems) {
        responses.insert(status.to_string(), response(&kinds));
    }
    json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "description": endpoint.about,
        "parameters": endpoint.params.iter().map(|param| parameter(param)).collect::<Vec<_>>(),
        "responses": responses,
    })
}

fn headers() -> Value {
    json!({
        "ETag": { "description": "Names these bytes, for `If-None-Match`.", "schema": { "type": "string" } },
        "Link": { "description": "`rel=next`: the next page.", "schema": { "type": "string" } },
    })
}

fn by_status(kinds: &[Kind]) -> Vec<(u16, Vec<Kind>)> {
    let mut found: Vec<(u16, Vec<Kind>)> = Vec::new();
    // Every request can meet these.
    let always =
        [Kind::MethodNotAllowed, Kind::NotAcceptable, Kind::TooManyRequests, Kind::Internal, Kind::Busy];
    for kind in kinds.iter().copied().chain(always) {
        let status = kind.item().status;
        match found.iter_mut().find(|(known, _)| *known == status) {
            Some((_, kinds)) => kinds.push(kind),
            None => found.push((status, vec![kind])),
        }
    }
    found
}

fn response(kinds: &[Kind]) -> Value {
    if let [kind] = kinds {
        return json!({ "$ref": format!("#/components/responses/{}", kind.item().name) });
    }
    let titles: Vec<&str> = kinds.iter().map(|kind| kind.item().title).collect();
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": format!("{}.", titles.join("; or ")), "content": { problem::MEDIA_TYPE: { "schema": schema } } })
}

fn problem_response(kind: Kind, schema: &Value) -> Value {
    let item = kind.item();
    let mut response = json!({
        "description": format!("{}: {}.", item.title, item.advice),
        "content": { problem::MEDIA_TYPE: { "schema": schema } },
    });
    if let (Value::Object(map), true) = (&mut response, kind.passes()) {
        let seconds = json!({ "type": "integer", "minimum": 1 });
        map.insert(
            "headers".into(),
            json!({ "Retry-After": { "description": "Seconds after which to ask again.", "schema": seconds } }),
        );
    }
    response
}

fn parameter(param: &Param) -> Value {
    let mut described = json!({
        "name": param.name,
        "in": if param.in_path { "path" } else { "query" },
        "required": param.in_path,
        "description": param.about,
        "schema": schema(param.takes),
    });
    let example = match param.takes {
        Takes::Number { .. } => param.example.parse::<usize>().map_or(Value::Null, Value::from),
        takes if takes.is_list() => param.example.split(',').collect(),
        _ => param.example.into(),
    };
    if let Value::Object(map) = &mut described {
        map.insert("example".into(), example);
        if param.takes.is_list() {
            map.insert("style".into(), "form".into());
            map.insert("explode".into(), false.into());
        }
    }
    described
}

fn schema(takes: Takes) -> Value {
    let list = |pattern: &str| json!({ "type": "array", "items": { "type": "string", "pattern": pattern }, "maxItems": super::params::MAX_VALUES });
    match takes {
        Takes::Text(most) => json!({ "type": "string", "maxLength": most }),
        Takes::Number { least, most, default } => {
            json!({ "type": "integer", "minimum": least, "maximum": most, "default": default })
        }
        Takes::Regions => list("^CN(-[A-Z0-9]{2})?$"),
        Takes::Topics => list("^[a-z0-9-]+$"),
        Takes::Sources => list("^[a-z0-9_-]+$"),
        Takes::Time => {
            json!({ "type": "string", "anyOf": [{ "format": "date-time" }, { "format": "date" }] })
        }
        Takes::Choice(words) => json!({ "type": "string", "enum": words, "default": words.first() }),
    }
}
