//! Validates values against the part of JSON Schema 2020-12 that our descriptions use.
//!
//! A keyword that is not known here fails: nothing is passed over in silence. Objects are closed: a property that is not
//! described is refused, which keeps descriptions whole.

use serde_json::Value;

/// What says something of a value without a limit to it.
const NOTES: [&str; 4] = ["description", "title", "default", "$schema"];

/// What is wrong with a value, each with its place; `root` holds what references lead to.
pub(crate) fn faults(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(root, schema, value, "$", &mut faults);
    faults
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let keywords = schema.as_object().unwrap_or_else(|| panic!("{schema} at {at} is no schema"));
    for (keyword, says) in keywords {
        let is_held = match keyword.as_str() {
            "$ref" => {
                let pointer = says.as_str().unwrap().strip_prefix('#').unwrap();
                let referred = root.pointer(pointer).unwrap_or_else(|| panic!("`{pointer}` leads nowhere"));
                check(root, referred, value, at, faults);
                true
            }
            "type" => types(says).any(|name| is_of(name, value)),
            "const" => value == says,
            "enum" => says.as_array().unwrap().contains(value),
            "anyOf" | "oneOf" => {
                let fitting =
                    says.as_array().unwrap().iter().filter(|one| faults_of(root, one, value, at).is_empty());
                let n = fitting.count();
                if keyword == "oneOf" { n == 1 } else { n > 0 }
            }
            "required" => {
                says.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    match says.get(name) {
                        Some(schema) => check(root, schema, inner, &format!("{at}.{name}"), faults),
                        None => faults.push(format!("{at}.{name} is not described")),
                    }
                }
                true
            }
            "items" => {
                for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, says, inner, &format!("{at}[{n}]"), faults);
                }
                true
            }
            "minimum" => value.as_i64().is_none_or(|n| n >= says.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|n| n <= says.as_i64().unwrap()),
            "format" => value.as_str().is_none_or(|text| is_formatted(says.as_str().unwrap(), text)),
            note if NOTES.contains(&note) => true,
            other => panic!("`{other}` at {at} is a keyword that this test does not know"),
        };
        if !is_held {
            faults.push(format!("{at}: {value} breaks `{keyword}: {says}`"));
        }
    }
}

fn faults_of(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut faults = Vec::new();
    check(root, schema, value, at, &mut faults);
    faults
}

fn types(says: &Value) -> impl Iterator<Item = &str> {
    let one = says.as_str();
    let several = says.as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
    one.into_iter().chain(several)
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type"),
    }
}

fn is_formatted(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "uri" => url::Url::parse(text).is_ok(),
        "uint16" | "uint64" | "int64" => true,
        other => panic!("`{other}` is a format that this test does not know"),
    }
}

#[test]
fn what_is_wrong_is_found() {
    use serde_json::json;
    let root = json!({ "s": { "type": "object", "required": ["a"], "properties": { "a": { "type": ["string", "null"] } } } });
    let check = |schema: Value, value: Value, n: usize| {
        let found = faults(&root, &schema, &value);
        assert_eq!(found.len(), n, "{schema} {value}: {found:?}");
    };
    let schema = json!({ "$ref": "#/s" });
    check(schema.clone(), json!({ "a": null }), 0);
    check(schema.clone(), json!({ "a": 1 }), 1);
    check(schema.clone(), json!({}), 1);
    check(schema.clone(), json!({ "a": "x", "b": 1 }), 1);
    check(schema, json!([]), 2);
    check(json!({ "items": { "const": 1 } }), json!([1, 2, 3]), 2);
    check(json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }), json!(true), 1);
    check(json!({ "format": "date-time" }), json!("2026-11-24"), 1);
    check(json!({ "minimum": 0, "enum": [-1] }), json!(-1), 1);
}
