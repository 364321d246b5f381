//! Stub.
use crate::extract::FoundTime;
use crate::model::{Published, Timestamp};
use jiff::tz::Offset;
pub fn choose(_: &[FoundTime], _: Offset, _: Timestamp) -> (Option<(Published, String)>, Vec<String>) {
    (None, vec![])
}
pub fn shown_at(_: Option<Published>, s: Timestamp, _: Offset) -> Published {
    Published { at: s, precision: crate::model::Precision::Seen }
}
pub fn rfc3339(_: Timestamp, _: Offset) -> String {
    String::new()
}
